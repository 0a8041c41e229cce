"""What is left of a relationship: discounted sums and integrals of a survivor, to infinity where asked."""
