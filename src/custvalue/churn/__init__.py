"""Who leaves, and what to do about it: survival, hazards, scores and campaigns."""
