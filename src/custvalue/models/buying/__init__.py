"""Models of buying: one file each, their family, and the engines that several compute with."""
