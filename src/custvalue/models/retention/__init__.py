"""Models of retention, where leaving is seen: one file each, and their family."""
