"""Maximum likelihood, and what came of it: `Fit`."""
