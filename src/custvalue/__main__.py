"""`python -m custvalue`: the command line."""

from __future__ import annotations

import sys

from custvalue.cli import main

if __name__ == "__main__":
    sys.exit(main())
