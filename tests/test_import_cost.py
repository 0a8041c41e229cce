"""`import custvalue` is cheap: no heavy library comes with it, and it takes little processor time."""

from __future__ import annotations

import json
import os
import subprocess
import sys

HEAVY = {
    "cyclopts",
    "duckdb",
    "matplotlib",
    "narwhals",
    "pandas",
    "polars",
    "pyarrow",
    "rich",
    "scipy.interpolate",
    "scipy.optimize",
    "scipy.stats",
}
"""What `import custvalue` must not import."""

CPU_BUDGET = 0.4
"""Seconds of processor time that `import custvalue` may take beyond `import numpy`."""

IMPORT = """
import json, sys, time
import numpy
start = time.process_time()
import custvalue
print(json.dumps([time.process_time() - start, sorted(sys.modules)]))
"""


def measured() -> tuple[float, list[str]]:
    """Processor time and modules of one import, in a process of its own that no coverage tool traces."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("COV")}
    command = [sys.executable, "-c", IMPORT]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=own)  # noqa: S603 (the interpreter)
    seconds, modules = json.loads(done.stdout)
    return seconds, modules


def test_no_heavy_library_is_imported() -> None:
    _, modules = measured()
    assert "custvalue.datasets" in modules
    assert HEAVY.isdisjoint(modules)


def test_the_time_is_within_the_budget() -> None:
    seconds = [measured()[0] for _ in range(5)]  # the least is the import's own time; the rest is the machine's noise
    assert min(seconds) <= CPU_BUDGET
