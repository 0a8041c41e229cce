"""Customers who move between states: Markov migration models."""
