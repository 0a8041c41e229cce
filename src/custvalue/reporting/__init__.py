"""What was computed, for people to read."""
