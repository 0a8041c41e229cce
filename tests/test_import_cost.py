"""Imports are cheap: no heavy library comes with the library, and it takes little processor time."""

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
"""What the library must not import before it is needed."""

CPU_BUDGET = 0.4
"""Seconds of processor time that the models, the values and SciPy's special functions may take beyond NumPy."""

AT_ONCE = 0.02
"""Seconds that `import custvalue` may take: names are loaded when they are asked for."""

NUMPY = 0.1
"""Seconds that `import numpy` takes on the machine of the budget; a slower machine gets proportionally more."""

IMPORT = """
import json, sys, time
start = time.process_time()
import numpy
then = time.process_time()
import custvalue
once = time.process_time() - then
custvalue.value_customers, custvalue.BetaGeoNBD, custvalue.datasets
print(json.dumps([then - start, time.process_time() - then, once, sorted(sys.modules)]))
"""

ALTERED = ("COV_", "COVERAGE", "PYTHONDONTWRITEBYTECODE", "PYTHONPROFILEIMPORTTIME")
"""Variables that slow imports down, and not for users: tracing, compiling at every import."""


def measured() -> tuple[float, float, float, list[str]]:
    """Processor time of NumPy, of the main names and of the import alone, and the modules, in a process of its own."""
    own = {key: value for key, value in os.environ.items() if not key.startswith(ALTERED)}
    command = [sys.executable, "-c", IMPORT]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=own)  # noqa: S603 (the interpreter)
    numpy, ours, once, modules = json.loads(done.stdout)
    return numpy, ours, once, modules


def test_no_heavy_library_is_imported() -> None:
    *_, modules = measured()
    assert "custvalue.datasets" in modules
    assert HEAVY.isdisjoint(modules)


def test_the_time_is_within_the_budget() -> None:
    runs = [measured() for _ in range(6)]  # the first may compile; the least is the import's own time, the rest noise
    numpy, ours, once = (min(run[i] for run in runs) for i in range(3))  # type: ignore[type-var]
    slow = max(1.0, numpy / NUMPY)
    assert ours <= CPU_BUDGET * slow
    assert once <= AT_ONCE * slow
