"""A table of any library becomes tenures: durations that it holds, or starts and ends."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from custvalue._typing import Bools, NDArray
from custvalue.errors import DataError, ParameterError
from custvalue.evidence._tenure_spans import Spans, first_tick, in_days, last_tick, measure, measured_in
from custvalue.evidence.logs import messages as say
from custvalue.evidence.logs.columns import Column
from custvalue.evidence.logs.in_memory import column_ticks
from custvalue.evidence.logs.options import DAY_US, Moment, Terms
from custvalue.evidence.logs.reading import column_names, read_columns, reading, scan
from custvalue.evidence.summary_tables import column_values, found_names, index_values

_DURATION: Final = {"duration": ("duration", "tenure", "T"), "ended": ("ended", "churned", "event", "E")}
_DATES: Final = {"start": ("start", "start_date"), "end": ("end", "end_date")}
_ROWS: Final = {"weights": ("weights",), "ids": ("customer_id", "id", "ID", "cust", "customer")}
_NUMBERS: Final = ("duration", "entry", "weights")
_FLAGS: Final = {"0": 0.0, "1": 1.0, "false": 0.0, "true": 1.0, "0.0": 0.0, "1.0": 1.0}


def read_tenures(
    table: Any,  # noqa: ANN401 (any dataframe, path or mapping)
    given: Mapping[str, str | None],
    *,
    as_of: Moment | None,
    observed_from: Moment | None,
    unit: str | None,
    period: str | None,
) -> dict[str, Any]:
    """The fields of `Tenures`; the arguments are those of `Tenures.from_table`, `given` the names of columns."""
    dated = _by_dates(given, until=as_of is not None or observed_from is not None)
    with reading(table) if isinstance(table, (str, Path)) else contextlib.nullcontext():
        source, names = _opened(table, given, dated)
        columns = _columns(source, names)
    dated = "start" in names
    length, by_period = measured_in(unit, period, "month" if dated else None)
    more: dict[str, Any] = {part: column_values(columns[part]) for part in ("entry", "weights") if part in columns}
    ids = column_values(columns["ids"]) if "ids" in columns else index_values(table)
    if not dated:
        fields = {"duration": column_values(columns["duration"]), "ended": _flags(columns["ended"]), "ids": ids}
        return {**fields, **more, "unit": length, "by_period": by_period}
    if as_of is None:
        raise ParameterError("as_of must say until when the relationships were observed, such as '2024-12-31'")
    spans = _spans(columns["start"], columns["end"], names, ids)
    spans = in_days(spans) if by_period else spans
    since = None if observed_from is None else first_tick("observed_from", observed_from, spans.per_day)
    found = measure(spans, last_tick("as_of", as_of, spans.per_day), since, length, by_period=by_period)
    return {
        "duration": found.duration,
        "ended": found.ended,
        "entry": found.entry,
        "weights": found.of(more.get("weights")),
        "ids": found.of(ids),
        "unit": length,
        "by_period": by_period,
        "left_out": len(spans.start) - len(found.duration),
    }


def _by_dates(given: Mapping[str, str | None], *, until: bool) -> bool | None:
    """Whether starts and ends are wanted (None: whichever the table has)."""
    dates = until or any(given.get(part) is not None for part in _DATES)
    lengths = any(given.get(part) is not None for part in _DURATION)
    if dates and lengths:
        raise ParameterError("give either duration= and ended=, or start=, end= and as_of=, not some of both")
    if dates and given.get("entry") is not None:
        raise ParameterError("with start and end, observed_from= says when observation began; entry= is of durations")
    return dates if dates or lengths else None


def _opened(
    table: Any,  # noqa: ANN401 (any dataframe or path)
    given: Mapping[str, str | None],
    dated: bool | None,
) -> tuple[Any, dict[str, str]]:
    """The table, read where it is a file, and its columns by the part that they play."""
    is_file = isinstance(table, (str, Path))
    names = _parts(column_names(scan(table) if is_file else table), given, dated)
    return scan(table, [names[part] for part in _NUMBERS if part in names]) if is_file else table, names


def _parts(present: Sequence[str], given: Mapping[str, str | None], dated: bool | None) -> dict[str, str]:
    if dated is None:
        lengths, dated = (bool(set(known) & set(present)) for known in (_DURATION["duration"], _DATES["start"]))
        if lengths and dated:
            raise DataError(
                "the table has durations and dates of start; name those that are meant: "
                "from_table(..., duration=, ended=) or from_table(..., start=, end=, as_of=)."
            )
    if dated:
        return found_names(present, given, {**_DATES, **_ROWS}, tuple(_DATES))
    return found_names(present, given, {**_DURATION, "entry": ("entry",), **_ROWS}, tuple(_DURATION))


def _columns(source: Any, names: Mapping[str, str]) -> dict[str, Column]:  # noqa: ANN401 (any dataframe)
    read = read_columns(source, list(names.values()))
    if len({len(column) for column in read}) > 1:
        lengths = ", ".join(f"{name!r} has {len(column)}" for name, column in zip(names.values(), read, strict=True))
        raise DataError(f"the columns must have one length; {lengths} rows")
    if not len(read[0]):
        raise DataError("the table is empty: it has no rows. Check the filter or the file that it comes from.")
    relation = type(source).__module__.partition(".")[0].lstrip("_") == "duckdb"
    for name, column in zip(names.values(), read, strict=True):
        if column.zoned and relation:
            raise say.ambiguous_zone(name)
    return dict(zip(names, read, strict=True))


def _spans(start: Column, end: Column, names: Mapping[str, str], ids: NDArray[Any] | None) -> Spans:
    """Starts and ends in days, or in microseconds where one has a time of day."""
    first, _ = column_ticks(start, _clock(names["start"]))
    running = _missing(end)
    last = np.zeros_like(first)
    if not running.all():
        last, _ = column_ticks(_filled(end, running), _clock(names["end"]))
    spans = Spans(first, last, running, DAY_US, ids=ids)
    return spans if (first % DAY_US).any() or (last % DAY_US).any() else in_days(spans)


def _clock(name: str) -> Terms:
    """Terms on which a column of dates is read: to the microsecond."""
    return Terms(date=name, collapse=None)


def _missing(column: Column) -> Bools:
    """Rows without a value, blank text included."""
    if column.codes is None:
        return column.absent
    blank = np.array([isinstance(value, str) and not value.strip() for value in column.values] + [True], dtype=bool)
    return blank[column.codes]


def _filled(column: Column, absent: Bools) -> Column:
    """The column with some date where there is none."""
    if column.codes is not None:
        text = all(isinstance(value, str) for value in column.values)
        values = np.empty(len(column.values) + 1, dtype=object)
        values[:-1], values[-1] = column.values, "1970-01-01" if text else np.datetime64(0, "us")
        return Column(values, np.where(absent, len(column.values), column.codes))
    if column.values.dtype.kind != "M" or not absent.any():
        return Column(column.values, zoned=column.zoned)
    return Column(np.where(absent, np.zeros(1, column.values.dtype), column.values), zoned=column.zoned)


def _flags(column: Column) -> NDArray[Any]:
    """A column of 0 and 1, of truth values or, in a text file, of their names."""
    if column.codes is None or not all(str(value).lower() in _FLAGS for value in column.values):
        return column_values(column)
    flags = np.array([*(_FLAGS[str(value).lower()] for value in column.values), np.nan])
    return np.asarray(flags[column.codes])
