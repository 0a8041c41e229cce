"""What relationships are like, and worth together: strength, satisfaction, portfolio."""
