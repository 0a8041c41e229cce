"""Numerical methods with no customer in them."""
