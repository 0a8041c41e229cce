"""No heavy library comes with the library. What an import takes is measured by benchmarks/start.py."""

from __future__ import annotations

import json
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

IMPORT = """
import json, sys, custvalue
custvalue.value_customers, custvalue.BetaGeoNBD, custvalue.datasets
print(json.dumps(sorted(sys.modules)))
"""


def test_no_heavy_library_is_imported() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT], check=True, capture_output=True, text=True)  # noqa: S603
    modules = json.loads(done.stdout)
    assert "custvalue.datasets" in modules
    assert HEAVY.isdisjoint(modules)
