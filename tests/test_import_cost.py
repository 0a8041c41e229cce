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

NUMPY = 0.1
"""Seconds that `import numpy` takes on the machine of the budget; a slower machine gets proportionally more."""

IMPORT = """
import json, sys, time
start = time.process_time()
import numpy
then = time.process_time()
import custvalue
print(json.dumps([then - start, time.process_time() - then, sorted(sys.modules)]))
"""

ALTERED = ("COV_", "COVERAGE", "PYTHONDONTWRITEBYTECODE", "PYTHONPROFILEIMPORTTIME")
"""Variables that slow imports down, and not for users: tracing, compiling at every import."""


def measured() -> tuple[float, float, list[str]]:
    """Processor time of NumPy and of custvalue, and the modules of one import in a process of its own."""
    own = {key: value for key, value in os.environ.items() if not key.startswith(ALTERED)}
    command = [sys.executable, "-c", IMPORT]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=own)  # noqa: S603 (the interpreter)
    numpy, ours, modules = json.loads(done.stdout)
    return numpy, ours, modules


def test_no_heavy_library_is_imported() -> None:
    *_, modules = measured()
    assert "custvalue.datasets" in modules
    assert HEAVY.isdisjoint(modules)


def test_the_time_is_within_the_budget() -> None:
    runs = [measured() for _ in range(6)]  # the first may compile; the least is the import's own time, the rest noise
    numpy, ours = (min(run[i] for run in runs) for i in range(2))
    assert ours <= CPU_BUDGET * max(1.0, numpy / NUMPY)
