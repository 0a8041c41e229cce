"""Nothing here is a test of pytest's: `python tests/golden/golden.py check` runs it."""

collect_ignore_glob = ["*.py"]
