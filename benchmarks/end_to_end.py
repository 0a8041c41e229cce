"""A log of ten million rows to each customer's value, beside DuckDB's aggregation of it; import; command line."""

from __future__ import annotations

import importlib.util
import json
import resource
import subprocess
import sys
from statistics import median

import duckdb
import numpy as np
import polars as pl
import pyarrow.parquet as pq
from against_lifetimes import RATE, YEARS
from harness import Row, Times, alternate, once
from workload import cdnow_csv, log_file

import custvalue as cv
from custvalue.evidence.summary import summarize
from custvalue.models.spend.gamma_gamma import GammaGamma
from custvalue.value.clv import clv
from custvalue.value.value_customers import value_customers

ONE_LEVEL = """
SELECT customer_id, count(*), min(date), max(date), sum(amount) FROM '{path}' GROUP BY customer_id
"""
TWO_LEVELS = """
WITH days AS (
    SELECT customer_id, date, sum(amount) AS spend FROM '{path}' GROUP BY customer_id, date
), whole AS (
    SELECT customer_id, count(*) - 1 AS x, min(date) AS first, max(date) AS last, sum(spend) AS total,
           arg_min(spend, date) AS opening
    FROM days GROUP BY customer_id
)
SELECT customer_id, x, (last - first) / 7.0 AS t_x, ((SELECT max(date) FROM '{path}') - first) / 7.0 AS T,
       CASE WHEN x > 0 THEN (total - opening) / x ELSE 0 END AS m
FROM whole ORDER BY customer_id
"""


def log_to_value(customers):
    """value_customers from the file to the table, beside both aggregations; all results end in NumPy or polars."""
    path = log_file(customers)
    size = f"{pq.read_metadata(path).num_rows:,} rows"
    ours, simple, summary = alternate(
        lambda: value(path),
        lambda: duckdb.sql(ONE_LEVEL.format(path=path)).fetchnumpy(),
        lambda: duckdb.sql(TWO_LEVELS.format(path=path)).fetchnumpy(),
    )
    rows = [
        _times_duckdb(size, ours[0], "DuckDB, one GROUP BY", simple[0], target=2.0 if customers >= 1_000_000 else None),
        _times_duckdb(size, ours[0], "DuckDB, the RFM summary", summary[0]),
    ]
    reading, polars, relation = alternate(
        lambda: summarize(path, amount="amount", unit="week").rfm,
        lambda: summarize(pl.scan_parquet(path), amount="amount", unit="week").rfm,
        lambda: summarize(duckdb.read_parquet(str(path)), amount="amount", unit="week").rfm,
    )
    note = _agreement(reading[1], summary[1])
    rows += [
        Row("file to RFM", size, reading[0], "DuckDB, the RFM summary", summary[0], note=note),
        Row("polars scan to RFM", size, polars[0], "DuckDB, the RFM summary", summary[0]),
        Row("DuckDB relation to RFM", size, relation[0], "DuckDB, the RFM summary", summary[0]),
    ]
    return [*rows, memory(path, size)]


def value(path):
    return value_customers(path, rate=RATE, years=YEARS, margin=0.30).table()


def _times_duckdb(size, ours, name, theirs, target=None):
    times = ours.cpu / theirs.cpu, ours.wall / theirs.wall
    return Row(
        "log to table of CLV",
        size,
        ours,
        name,
        theirs,
        "" if target is None else f"≤ {target:g} times its time",
        None if target is None else max(times) <= target,
        f"{times[0]:.2f} times the CPU and {times[1]:.2f} times the wall time of {name}",
    )


def _agreement(rfm, theirs):
    apart = max(float(np.abs(getattr(rfm, name) - theirs[name]).max()) for name in ("x", "t_x", "T", "m"))
    return f"largest difference of any x, t_x, T or m from DuckDB's summary {apart:.1g}"


def memory(path, size):
    """Peak resident memory of a process that does nothing but value the log."""
    code = (
        "import sys, re, time, pathlib, resource, custvalue as cv\n"
        "from custvalue.value.value_customers import value_customers\n"
        "value_customers(sys.argv[1], rate=cv.Rate.annual(0.10), years=3, margin=0.30).table()\n"
        "status = pathlib.Path('/proc/self/status')\n"
        "own = resource.getrusage(resource.RUSAGE_SELF)\n"
        "peak = int(re.search(r'VmHWM:\\s+(\\d+)', status.read_text())[1]) if status.exists() else own.ru_maxrss\n"
        "print(peak / 1e6, own.ru_utime + own.ru_stime)"
    )
    _, wall, done = once(lambda: _python("-c", code, str(path)))
    peak, cpu = map(float, done.stdout.split())
    return Row(
        "log to table of CLV, new process",
        size,
        Times(cpu, wall, 1),
        target="≤ 3 GB of memory",
        met=peak <= 3.0,
        note=f"peak memory {peak:.2f} GB; CPU time includes the imports",
    )


def stages(customers):
    """Where the time of value_customers goes: (stage, CPU, wall) of the second of two passes."""
    path = log_file(customers)
    _pass(path)
    return _pass(path)


def _pass(path):
    found = []

    def step(name, f):
        cpu, wall, result = once(f)
        found.append((name, cpu, wall))
        return result

    rfm = step("read, check, group by customer", lambda: summarize(path, amount="amount", unit="week").rfm)
    step("distinct rows (x, t_x, T)", lambda: rfm.distinct("x", "t_x", "T"))
    step("distinct rows (x, T)", lambda: rfm.distinct("x", "T"))
    buying = step("fit BG/NBD", lambda: cv.BetaGeoNBD.fit(rfm)).model
    spend = step("fit Gamma-Gamma", lambda: GammaGamma.fit(rfm[rfm.m > 0])).model
    step("P(alive)", lambda: buying.p_alive(rfm))
    step("expected purchases", lambda: buying.expected_purchases(rfm, YEARS * 365.25 / 7))
    step("CLV", lambda: clv(buying, spend, rfm, rate=RATE, years=YEARS, margin=0.30))
    whole = step("value_customers, all of it", lambda: value_customers(path, rate=RATE, years=YEARS, margin=0.30))
    step("table", whole.table)
    return f"{len(rfm):,} customers, {len(rfm.distinct('x', 't_x', 'T').counts):,} distinct (x, t_x, T)", found


def _python(*arguments):
    return subprocess.run([sys.executable, *arguments], check=True, capture_output=True, text=True)


def imports(runs=7):
    """CPU time of importing a library beyond NumPy, each in a new process, in turn."""
    code = (
        "import numpy, time; c, w = time.process_time(), time.perf_counter(); import {};"
        " print(time.process_time() - c, time.perf_counter() - w)"
    )
    names = ("custvalue", "lifetimes")
    times = {name: [] for name in names}
    for _ in range(runs + 1):
        for name in names:
            out = _python("-W", "ignore", "-c", code.format(name)).stdout
            times[name].append(tuple(map(float, out.split())))
    ours, theirs = (Times(*(median(column) for column in zip(*times[name][1:], strict=True)), runs) for name in names)
    return Row("import, beyond NumPy", "", ours, "lifetimes", theirs, "≤ 0.4 CPU s", ours.cpu <= 0.4)


def command_line(runs=5):
    """`custvalue` on CDNOW's CSV file, from start to printed result; None where there is no command line."""
    if importlib.util.find_spec("custvalue.cli") is None:
        return None
    path = str(cdnow_csv())
    command = ("-m", "custvalue", "value", path, "--rate", "0.10", "--years", "3", "--margin", "0.30")
    times = []
    for _ in range(runs + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        _, wall, _ = once(lambda: _python(*command))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall))
    own = Times(*(median(column) for column in zip(*times[1:], strict=True)), runs)
    return Row("command line, CDNOW", "6,919 rows", own, target="≤ 1.5 s", met=own.wall <= 1.5)


def as_json(rows):
    import attrs

    return json.dumps([attrs.asdict(row) for row in rows], indent=1)
