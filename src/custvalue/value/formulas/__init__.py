"""Closed forms of customer value."""
