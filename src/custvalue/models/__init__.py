"""Probability models; a model is its parameters."""
