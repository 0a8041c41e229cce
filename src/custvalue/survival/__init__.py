"""Survival analysis: curves, tests and regressions of tenures."""
