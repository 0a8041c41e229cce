"""What it costs to begin: `import custvalue`, the main names, the command line; in processor time.

    python benchmarks/start.py

The exit status is 1 where a budget is exceeded. Each is measured in processes of their own, in turn; the least of all
runs counts, since a busy machine only ever adds. Budgets are those of a machine that imports NumPy in 0.1 s; a slower
one gets proportionally more.
"""

from __future__ import annotations

import os
import subprocess
import sys

RUNS = 7
NUMPY = 0.1
"""Seconds that `import numpy` takes on the machine of the budgets."""

BEYOND_NUMPY = "import time, numpy; start = time.process_time(); import custvalue"
TOOK = "print(time.process_time() - start)"
WORK = {
    "import numpy": (f"import time; start = time.process_time(); import numpy; {TOOK}", None),
    "import custvalue, beyond NumPy": (f"{BEYOND_NUMPY}; {TOOK}", 0.02),
    "the main names, beyond NumPy": (
        f"{BEYOND_NUMPY}; custvalue.value_customers, custvalue.BetaGeoNBD, custvalue.datasets; {TOOK}",
        0.4,
    ),
    "custvalue value --dataset cdnow, all of it": (
        "import time, custvalue.cli as c; c.main(['value', '--dataset', 'cdnow']); print(time.process_time())",
        1.5,
    ),
}
"""What is run, and the seconds of processor time it may take."""

ALTERED = ("COV_", "COVERAGE", "PYTHONDONTWRITEBYTECODE", "PYTHONPROFILEIMPORTTIME")
"""Variables that slow imports down, and not for users: tracing, compiling at every import."""


def seconds(code: str) -> float:
    """Processor seconds that the code says it took, in a process of its own."""
    own = {key: value for key, value in os.environ.items() if not key.startswith(ALTERED)}
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=own)
    return float(done.stdout.split()[-1])


def main() -> int:
    runs = [[seconds(code) for code, _ in WORK.values()] for _ in range(RUNS)]  # the first may compile
    least = dict(zip(WORK, map(min, zip(*runs, strict=True)), strict=True))
    slow = max(1.0, least["import numpy"] / NUMPY)
    exceeded = False
    for (name, took), (_, budget) in zip(least.items(), WORK.values(), strict=True):
        allowed = None if budget is None else budget * slow
        over = allowed is not None and took > allowed
        exceeded |= over
        limit = "" if allowed is None else f"of {allowed:.3f} s{', exceeded' if over else ''}"
        print(f"{name:45} {took:.3f} s  {limit}")
    return int(exceeded)


if __name__ == "__main__":
    raise SystemExit(main())
