"""Transaction logs: one door, `open_log`, for files, dataframes in memory and lazy engines."""
