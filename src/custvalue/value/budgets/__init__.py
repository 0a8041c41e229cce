"""Budgets for acquisition, retention and marketing."""
