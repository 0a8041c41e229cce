"""Models of spend per purchase: one file each, and their family."""
