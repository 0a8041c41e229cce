"""How good predictions were."""
