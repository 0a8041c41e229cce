"""The same transaction log in every kind of container, and a plain reference for what it comes to."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import math
from collections import defaultdict
from fractions import Fraction

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

from custvalue.evidence.logs import reading as readers

DAY = dt.timedelta(days=1)
LENGTHS = {
    "day": 1,
    "week": 7,
    "month": Fraction("30.4375"),
    "quarter": Fraction("91.3125"),
    "year": Fraction("365.25"),
}


def mapping(columns):
    return {name: _array(values) for name, values in columns.items()}


def _array(values):
    kinds = {type(value) for value in values} - {type(None)}
    if kinds == {dt.date}:
        return np.array(values, dtype="datetime64[D]")
    if kinds == {dt.datetime}:
        return np.array(values, dtype="datetime64[us]")
    if kinds == {str} or None in values:
        return np.array(values, dtype=object)
    return np.array(values)


def pandas(columns):
    frame = pd.DataFrame(columns)
    for name, values in columns.items():
        if {type(value) for value in values} == {dt.date}:
            frame[name] = frame[name].astype(object)
    return frame


def pandas_arrow(columns):
    return pa.table(columns).to_pandas(types_mapper=pd.ArrowDtype)


def polars(columns):
    return pl.DataFrame(columns, strict=False)


def polars_lazy(columns):
    return polars(columns).lazy()


def pyarrow(columns):
    return pa.table(columns)


def duckdb_relation(columns):
    return duckdb.from_arrow(pa.table(columns))


KINDS = {
    "mapping": mapping,
    "pandas": pandas,
    "pandas[pyarrow]": pandas_arrow,
    "polars": polars,
    "polars lazy": polars_lazy,
    "polars plan": polars_lazy,
    "pyarrow": pyarrow,
    "duckdb": duckdb_relation,
    "duckdb plan": duckdb_relation,
}


@contextlib.contextmanager
def engine(kind):
    """Group lazily where the kind is a plan, whatever the size of the log."""
    limit = readers.IN_MEMORY
    if kind.endswith("plan"):
        readers.IN_MEMORY = 0
    try:
        yield KINDS[kind]
    finally:
        readers.IN_MEMORY = limit


def reference(rows, *, collapse, unit, until, refunds, first_in_spend, newcomers_from, whole_days):
    """{id: (x, t_x, T, m, m_count, log_interpurchase)} of rows (id, datetime, amount or None), in fractions."""
    end, last = _end(rows, until, collapse, whole_days=whole_days)
    assert all(when <= last for _, when, _ in rows)
    if refunds == "drop":
        rows = [row for row in rows if row[2] is None or row[2] > 0]
    length = LENGTHS[unit]
    found = {}
    for who in sorted({who for who, _, _ in rows}):
        own = [(_time(when, collapse), amount) for other, when, amount in rows if other == who]
        bought = [time for time, amount in own if amount is None or amount >= 0]
        if not bought or (newcomers_from is not None and min(bought) < _time(newcomers_from, collapse)):
            continue
        starts = defaultdict(list)
        for time in bought:
            starts[_period(time, collapse, end)].append(time)
        times = sorted(min(group) for group in starts.values())
        first = _period(times[0], collapse, end)
        x = len(times) - 1
        m = None
        if own[0][1] is not None:
            spend = [Fraction(a) for t, a in own if _period(t, collapse, end) > first]
            if first_in_spend:
                spend += [Fraction(a) for t, a in own if _period(t, collapse, end) == first]
            m = sum(spend) / max(x + first_in_spend, 1) if x + first_in_spend else 0
        spacing = sum(math.log((b - a) / length) for a, b in itertools.pairwise(times))
        found[who] = (x, (times[-1] - times[0]) / length, (end - times[0]) / length, m, x + first_in_spend, spacing)
    return found


def _time(when, collapse):
    """Days since 1970-01-01: whole ones, but for collapse=None."""
    since = when - dt.datetime.fromisoformat("1970-01-01")
    return Fraction(since.days) if collapse else Fraction(since // dt.timedelta(microseconds=1), 86_400_000_000)


def _end(rows, until, collapse, *, whole_days):
    last = max(when for _, when, _ in rows)
    if until is None:
        return _time(last, collapse), last
    plain = not isinstance(until, dt.datetime)
    moment = dt.datetime.combine(until, dt.time()) if plain else until
    if collapse:
        return _time(moment, collapse), moment.replace(hour=23, minute=59, second=59, microsecond=999999)
    if plain and not whole_days:
        return _time(moment + DAY, None), moment + DAY - dt.timedelta(microseconds=1)
    return _time(moment, None), moment


def _period(time, collapse, end):
    if collapse in (None, "day"):
        return time
    if collapse == "week":
        return -int((end - time) // 7)
    day = dt.date(1970, 1, 1) + int(time) * DAY
    return {"month": (day.year, day.month), "quarter": (day.year, (day.month - 1) // 3), "year": (day.year,)}[collapse]
