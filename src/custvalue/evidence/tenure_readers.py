"""A table of any library becomes tenures: durations that it holds, or starts and ends."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from attrs import field, frozen

from custvalue._columns import check_rows, days_since_epoch, moments, names_of, numbers
from custvalue._typing import Array, Bools, NDArray
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.logs import messages as say
from custvalue.evidence.logs.columns import Column
from custvalue.evidence.logs.in_memory import column_ticks
from custvalue.evidence.logs.options import DAY_US, Moment, Terms, Ticks, check_moment
from custvalue.evidence.logs.reading import column_names, read_columns, reading, scan
from custvalue.evidence.logs.summary import summarize
from custvalue.evidence.summary_tables import column_values, found_names, index_values
from custvalue.records.customer import Customer
from custvalue.records.relationship import Relationship
from custvalue.records.time import MomentLike, as_moment
from custvalue.units import DAYS, Unit, as_unit

_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}


@frozen(eq=False)
class Spans:
    """From when to when: ticks since 1970-01-01, `per_day` of them in a day; `end` counts where not `running`.

    Where there is no `calendar` the ticks are years from now, and periods are of equal length.
    """

    start: Ticks = field()
    end: Ticks = field()
    running: Bools = field()
    per_day: int = field()
    calendar: bool = field(default=True)
    ids: NDArray[Any] | None = field(default=None)


@frozen(eq=False)
class Measured:
    """Columns of `Tenures`, of the rows that are `kept`."""

    duration: Array = field()
    ended: Bools = field()
    entry: Array = field()
    kept: Bools | None = field()

    def of(self, column: NDArray[Any] | None) -> NDArray[Any] | None:
        """The kept rows of another column."""
        return column if column is None or self.kept is None else column[self.kept]


def measured_in(unit: str | None, period: str | None, otherwise: Unit | None = None) -> tuple[Unit, bool]:
    """The unit of time, and whether whole periods of it are counted; ParameterError where it is not said."""
    if period is not None:
        if unit not in (None, period):
            raise ParameterError(f"durations by period={period!r} are in that unit; leave unit={unit!r} out")
        return as_unit(period), True
    if unit is None and otherwise is None:
        raise ParameterError(
            "the durations do not show their unit: give unit='month' for exact times in months, or period='month' "
            "for whole periods, as of monthly contracts"
        )
    return as_unit(unit or otherwise or ""), False


def last_tick(name: str, moment: Moment, per_day: int) -> int:
    """The tick of a moment; where ticks are finer than days, a day without a time of day lasts until its end."""
    check_moment(name, moment)
    days = days_since_epoch(moment)
    if per_day == 1:
        return int(np.floor(days))
    return round(days * per_day) + (per_day if days == np.floor(days) and _no_time(moment) else 0)


def first_tick(name: str, moment: Moment, per_day: int) -> int:
    """The tick of a moment; of a day without a time of day its beginning."""
    check_moment(name, moment)
    days = days_since_epoch(moment)
    return int(np.floor(days)) if per_day == 1 else round(days * per_day)


def _no_time(moment: Moment) -> bool:
    if isinstance(moment, str):
        return len(moment) <= len("2024-01-31")
    if isinstance(moment, np.datetime64):
        return np.datetime_data(moment.dtype)[0] in ("D", "W", "M", "Y")
    return not hasattr(moment, "hour")


def in_days(spans: Spans) -> Spans:
    """The same with whole days as ticks, times of day dropped."""
    if spans.per_day == 1:
        return spans
    start, end = spans.start // spans.per_day, spans.end // spans.per_day
    return Spans(start, end, spans.running, 1, spans.calendar, spans.ids)


def measure(spans: Spans, as_of: int, since: int | None, unit: Unit, *, by_period: bool) -> Measured:
    """Durations until the end or `as_of`, with entry where observation began at `since` only.

    Who had left by `since` is not kept, as nobody saw them at risk; by period nor is who left before the first renewal
    from then on.
    """
    if since is not None and since > as_of:
        raise ParameterError("observed_from must not be after as_of")
    _check(spans, as_of)
    ended: Bools = ~spans.running & (spans.end <= as_of)
    until = np.where(ended, spans.end, as_of)
    if not by_period:
        per_unit = DAYS[unit] * spans.per_day
        there = np.zeros(1) if since is None else np.maximum(since - spans.start, 0) / per_unit
        kept = None if since is None else ~(ended & (spans.end <= since) & (spans.start < since))
        return _kept((until - spans.start) / per_unit, ended, there, kept)
    completed, begun = whole_periods(spans, until, unit)
    duration = np.where(ended, np.maximum(begun, 1), completed)
    if since is None:
        return _kept(duration, ended, np.zeros(1), None)
    early = spans.start < since
    _, entry = whole_periods(spans, np.where(early, since, spans.start), unit)
    return _kept(duration, ended, np.minimum(entry, duration), ~ended | (duration > entry))


def _kept(duration: NDArray[Any], ended: Bools, entry: NDArray[Any], kept: Bools | None) -> Measured:
    if kept is None or kept.all():
        return Measured(np.asarray(duration, np.float64), ended, np.asarray(entry, np.float64), None)
    return Measured(duration[kept].astype(np.float64), ended[kept], entry[kept].astype(np.float64), kept)


def _check(spans: Spans, as_of: int) -> None:
    start, end = (_moments(ticks, spans) for ticks in (spans.start, spans.end))
    check_rows(
        spans.running | (spans.start <= spans.end),
        "start <= end must hold",
        "Check for swapped columns; leave the end empty where the relationship still runs.",
        ids=spans.ids,
        start=start,
        end=end,
    )
    check_rows(
        spans.start <= as_of,
        "no relationship may start after as_of",
        "Leave those rows out, which were not yet customers, or choose a later as_of.",
        ids=spans.ids,
        start=start,
    )


def _moments(ticks: Ticks, spans: Spans) -> NDArray[Any]:
    """Ticks as a message shows them."""
    if not spans.calendar:
        return np.asarray(ticks / (spans.per_day * DAYS["year"]))
    return ticks.view("datetime64[D]" if spans.per_day == 1 else "datetime64[us]")


def whole_periods(spans: Spans, until: Ticks, unit: Unit) -> tuple[Ticks, Ticks]:
    """Periods completed by `until`, and periods begun: those that have an anniversary of the start as their end."""
    if spans.calendar and unit in _MONTHS:
        completed, begun = _months(spans.start, until)
        width = _MONTHS[unit]
        return completed // width, -(-begun // width)
    length = round(DAYS[unit] * spans.per_day)
    gone = until - spans.start
    return gone // length, -(-gone // length)


def _months(start: Ticks, until: Ticks) -> tuple[Ticks, Ticks]:
    """Calendar months completed and begun between days; 31 January plus a month is the end of February."""
    first, day, _ = _calendar(start)
    last, now, length = _calendar(until)
    apart = last - first
    anniversary = np.minimum(day, length - 1)
    return apart - (now < anniversary), apart + (now > anniversary)


def _calendar(days: Ticks) -> tuple[Ticks, Ticks, Ticks]:
    """Months since January 1970, days since the first of the month, and its length; looked up for each day there is."""
    low, high = (int(days.min()), int(days.max())) if len(days) else (0, 0)
    if high - low >= len(days):
        return _calendar_of(days)
    found = _calendar_of(np.arange(low, high + 1))
    at = days - low
    months, day, length = (np.take(column, at) for column in found)
    return months, day, length


def _calendar_of(days: Ticks) -> tuple[Ticks, Ticks, Ticks]:
    months: Ticks = days.view("datetime64[D]").astype("datetime64[M]").view(np.int64)
    first = _first_day(months)
    return months, days - first, _first_day(months + 1) - first


def _first_day(months: Ticks) -> Ticks:
    return np.asarray(months.view("datetime64[M]").astype("datetime64[D]").view(np.int64))


def ticks_of(years: Array) -> Ticks:
    """Years from now as microseconds: whole numbers of them make every unit of time."""
    return np.rint(years * (DAYS["year"] * DAY_US)).astype(np.int64)


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


def read_relationships(
    records: Iterable[Relationship] | Iterable[Customer],
    *,
    as_of: MomentLike,
    observed_from: MomentLike | None,
    unit: str | None,
    period: str | None,
) -> dict[str, Any]:
    """The fields of `Tenures`; the arguments are those of `Tenures.from_relationships`."""
    length, by_period = measured_in(unit, period, "month")
    names, relationships = _relationships(records)
    spans = _record_spans(relationships, names_of(names), as_of, observed_from)
    spans = in_days(spans) if by_period and spans.calendar else spans
    since = None if observed_from is None else _tick(observed_from, spans, first="observed_from")
    found = measure(spans, _tick(as_of, spans), since, length, by_period=by_period)
    return {
        "duration": found.duration,
        "ended": found.ended,
        "entry": found.entry,
        "ids": found.of(spans.ids),
        "unit": length,
        "by_period": by_period,
        "left_out": len(relationships) - len(found.duration),
    }


def _relationships(
    records: Iterable[Relationship] | Iterable[Customer],
) -> tuple[list[Hashable], list[Relationship]]:
    """Relationships with the names that they go by: their own, or their customer's."""
    if not isinstance(records, Iterable):
        raise DataError(f"relationships must be a list (any iterable) of Relationship or Customer; got {records!r}")
    found: list[tuple[Hashable, Relationship]] = []
    for i, record in enumerate(records):
        if isinstance(record, Customer):
            found.extend((record.id, relationship) for relationship in record.relationships)
        elif isinstance(record, Relationship):
            found.append((record.id, record))
        else:
            raise DataError(f"relationships must be Relationship or Customer objects; item {i} is {record!r}")
    if not found:
        raise DataError("there are no relationships: give at least one.")
    return [name for name, _ in found], [relationship for _, relationship in found]


def _record_spans(
    relationships: list[Relationship], ids: NDArray[Any], as_of: MomentLike, observed_from: MomentLike | None
) -> Spans:
    ends = [relationship.end for relationship in relationships]
    start, dated = moments("the starts", [relationship.start for relationship in relationships])
    extra = [as_moment(moment) for moment in (as_of, observed_from) if moment is not None]
    moments("the relationships, as_of and observed_from", [relationships[0].start, *extra])
    running = np.array([end is None for end in ends])
    end = np.zeros(len(start))
    if not running.all():
        end[~running], _ = moments("the ends", [end for end in ends if end is not None])
    spans = Spans(_ticks(start, dated=dated), _ticks(end, dated=dated), running, DAY_US, calendar=dated, ids=ids)
    whole = dated and not ((spans.start % DAY_US).any() or (spans.end % DAY_US).any())
    return in_days(spans) if whole else spans


def _ticks(times: Array, *, dated: bool) -> NDArray[np.int64]:
    return np.rint(times * DAY_US).astype(np.int64) if dated else ticks_of(times)


def _tick(moment: MomentLike, spans: Spans, first: str = "") -> int:
    """The tick of as_of, or of the argument `first`, where a day counts from its beginning."""
    value = as_moment(moment)
    if not isinstance(value, dt.date):
        return int(ticks_of(np.asarray(value, dtype=np.float64)))
    return first_tick(first, value, spans.per_day) if first else last_tick("as_of", value, spans.per_day)


def read_inactivity(log: Any, inactive_after: float, *, unit: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401 (any dataframe; options of summarize)
    """The fields of `Tenures`; the arguments are those of `Tenures.from_transactions`."""
    length = as_unit(unit)
    silence = _silence(inactive_after) * DAYS[length]
    days = summarize(log, unit="day", **options)
    left = days.t_x + silence
    ended = left <= days.T
    duration = np.where(ended, left, days.T) / DAYS[length]
    return {"duration": duration, "ended": ended, "ids": days.ids, "unit": length, "left_out": days.left_out}


def _silence(value: float) -> float:
    try:
        silence = numbers("inactive_after", value)
    except DataError as error:
        raise ParameterError(str(error)) from None
    if silence.ndim or not (np.isfinite(silence) and silence > 0):
        raise ParameterError(f"inactive_after must be one positive number, in the unit given; got {value!r}")
    return float(silence)
