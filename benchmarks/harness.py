"""Timing side by side: alternating runs in one process, medians of CPU and wall time, a table of the results."""

from __future__ import annotations

import gc
import os
import platform
import statistics
import time
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import attrs

PACKAGES = (
    "custvalue",
    "numpy",
    "scipy",
    "pandas",
    "polars",
    "pyarrow",
    "duckdb",
    "lifetimes",
    "pyxirr",
    "numpy-financial",
)


class Budget:
    """Wall seconds that one comparison may take before it is cut to three rounds."""

    seconds = 10.0


@attrs.frozen
class Times:
    """Median CPU seconds (all threads) and wall seconds of several runs."""

    cpu: float
    wall: float
    runs: int


@attrs.frozen
class Row:
    """One comparison: what was done on how much, how long custvalue and the other took, what was to be reached."""

    work: str
    size: str
    ours: Times
    other: str = ""
    theirs: Times | None = None
    target: str = ""
    met: bool | None = None
    note: str = ""

    @property
    def cpu_ratio(self):
        return None if self.theirs is None else self.theirs.cpu / self.ours.cpu

    @property
    def wall_ratio(self):
        return None if self.theirs is None else self.theirs.wall / self.ours.wall


def once(f):
    """(CPU seconds, wall seconds, result) of one call."""
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    result = f()
    return time.process_time() - cpu, time.perf_counter() - wall, result


def alternate(*calls):
    """Time the calls in turn, A B A B ...; a warm-up round of all is left out.

    Returns (Times, last result) of each. The number of rounds, 3 to 21, is what fits the budget of wall seconds.
    """
    spent = sum(once(f)[1] for f in calls)
    rounds = max(3, min(21, int(Budget.seconds / spent)))
    runs = [[once(f) for f in calls] for _ in range(rounds)]
    return [summary([one[i] for one in runs]) for i in range(len(calls))]


def summary(runs):
    """Medians of (CPU, wall, result) runs, with the last result."""
    cpu, wall, results = zip(*runs, strict=True)
    return Times(statistics.median(cpu), statistics.median(wall), len(runs)), results[-1]


def seconds(value):
    return "" if value is None else f"{value:.2g}" if value < 1 else f"{value:.3g}"


def ratio(value):
    return "" if value is None else f"{value:.2g}" if value < 10 else f"{value:,.0f}"


HEADS = ("work", "size", "CPU s", "wall s", "beside", "its CPU s", "its wall s", "CPU ×", "wall ×", "target", "")


def cells(row):
    theirs = row.theirs or Times(None, None, 0)
    met = {True: "met", False: "**missed**", None: ""}[row.met]
    return (
        row.work,
        row.size,
        seconds(row.ours.cpu),
        seconds(row.ours.wall),
        row.other,
        seconds(theirs.cpu),
        seconds(theirs.wall),
        ratio(row.cpu_ratio),
        ratio(row.wall_ratio),
        row.target,
        met,
    )


def table(heads, rows):
    """A Markdown table that also reads well in a terminal."""
    lines = [heads, *rows]
    widths = [max(len(str(line[i])) for line in lines) for i in range(len(heads))]
    text = ["| " + " | ".join(str(c).ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in lines]
    text.insert(1, "| " + " | ".join("-" * w for w in widths) + " |")
    return "\n".join(text)


def report(rows):
    """The table of comparisons, with the notes under it."""
    notes = [f"- {row.work}, {row.size}: {row.note}" for row in rows if row.note]
    return "\n".join([table(HEADS, [cells(row) for row in rows]), "", *notes])


def machine():
    """Date, machine and versions, as a list of (name, text)."""
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return [
        ("date", datetime.now().astimezone().date().isoformat()),
        ("processor", f"{_processor()}, {os.cpu_count()} cores"),
        ("load average before the runs", load),
        ("Python", f"{platform.python_version()}, {platform.system()} {platform.machine()}"),
        ("packages", versions),
    ]


def _processor():
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
            return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown"
