"""Rates of interest and present values."""
