"""What customers are worth: lifetime value, churn probability and discounting, exact and fast."""
