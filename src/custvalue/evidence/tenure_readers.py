"""Tables and records of relationships become tenures: of durations that are given, or of starts and ends."""

from __future__ import annotations

import contextlib
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from attrs import field, frozen

from custvalue._columns import check_rows, is_dated, moments, names_of
from custvalue._typing import Array, Bools, NDArray
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.logs import messages as say
from custvalue.evidence.logs.columns import Column, column_values
from custvalue.evidence.logs.dates import column_ticks
from custvalue.evidence.logs.kinds import library_of
from custvalue.evidence.logs.options import DAY_US, Ticks, check_moment, first_tick, is_day
from custvalue.evidence.logs.reading import column_names, read_columns, reading, scan
from custvalue.evidence.summary_tables import IDS, found_names, index_values
from custvalue.records.customer import Customer
from custvalue.records.relationship import Relationship
from custvalue.records.time import MomentLike, as_moment, as_ticks
from custvalue.units import DAYS, MONTHS, Unit


@frozen(kw_only=True)
class Window:
    """When relationships were observed, and how durations are counted: in a unit, exactly or by whole periods."""

    until: MomentLike | None = field()
    since: MomentLike | None = field()
    unit: Unit = field()
    by_period: bool = field()


@frozen(eq=False)
class Spans:
    """From when to when: ticks since 1970-01-01, `per_day` of them in a day; `end` counts where not `running`.

    Where there is no `calendar` the ticks are from now, and periods are of equal length.
    """

    start: Ticks = field()
    end: Ticks = field()
    running: Bools = field()
    ids: NDArray[Any] | None = field(default=None)
    per_day: int = field(default=DAY_US)
    calendar: bool = field(default=True)

    def in_days(self) -> Spans:
        """The same with whole days as ticks, times of day dropped."""
        if self.per_day == 1:
            return self
        return Spans(self.start // self.per_day, self.end // self.per_day, self.running, self.ids, per_day=1)

    @property
    def without_times(self) -> bool:
        """Whether no start or end has a time of day."""
        return self.calendar and not ((self.start % self.per_day).any() or (self.end % self.per_day).any())

    def tick(self, name: str, moment: Any, *, last: bool) -> int:  # noqa: ANN401 (a date, or years from now)
        """The tick of a moment; of a day without a time of day its last, or its first."""
        if not is_dated(moment):
            if self.calendar:
                check_moment(name, moment)
            return int(as_ticks(moment * DAYS["year"]).view(np.int64))
        check_moment(name, moment)
        whole_day = last and self.per_day > 1 and is_day(moment)
        return first_tick(moment, self.per_day) + (self.per_day if whole_day else 0)

    def shown(self, ticks: Ticks) -> NDArray[Any]:
        """Ticks as a message shows them."""
        if not self.calendar:
            return np.asarray(ticks / (self.per_day * DAYS["year"]))
        return ticks.view("datetime64[D]" if self.per_day == 1 else "datetime64[us]")


def measured(spans: Spans, window: Window, **columns: NDArray[Any] | None) -> dict[str, Any]:
    """The fields of `Tenures`: durations until the end or that of observation, with entry where it began at `since`.

    Who had left by `since` is left out, as nobody saw them at risk; by period so is who left before the first renewal
    from then on. The other columns are those of the relationships that are kept.
    """
    spans = spans.in_days() if window.by_period and spans.calendar else spans
    until = spans.tick("observed_until", window.until, last=True)
    since = None if window.since is None else spans.tick("observed_from", window.since, last=False)
    if since is not None and since > until:
        raise ParameterError("observed_from must not be after observed_until")
    _check(spans, until)
    ended: Bools = ~spans.running & (spans.end <= until)
    measure = _whole if window.by_period else _exact
    duration, entry, seen = measure(spans, np.where(ended, spans.end, until), since, ended, window.unit)
    kept: Any = slice(None) if seen is None or seen.all() else seen
    columns = {"duration": duration, "ended": ended, "entry": entry, "ids": spans.ids, **columns}
    fields = {name: None if each is None else each[kept] for name, each in columns.items()}
    left_out = 0 if seen is None else int((~seen).sum())
    return {**fields, "unit": window.unit, "by_period": window.by_period, "left_out": left_out}


def _exact(
    spans: Spans, until: Ticks, since: int | None, ended: Bools, unit: Unit
) -> tuple[Array, Array | None, Bools | None]:
    """Duration, entry, and who was seen at risk, in exact time."""
    per_unit = DAYS[unit] * spans.per_day
    duration = (until - spans.start) / per_unit
    if since is None:
        return duration, None, None
    entry = np.maximum(since - spans.start, 0) / per_unit
    return duration, entry, ~(ended & (spans.end <= since) & (spans.start < since))


def _whole(
    spans: Spans, until: Ticks, since: int | None, ended: Bools, unit: Unit
) -> tuple[Array, Array | None, Bools | None]:
    """Duration, entry, and who was seen at risk, by whole periods."""
    completed, begun = whole_periods(spans, until, unit)
    duration = np.where(ended, np.maximum(begun, 1), completed).astype(np.float64)
    if since is None:
        return duration, None, None
    _, entry = whole_periods(spans, np.where(spans.start < since, since, spans.start), unit)
    return duration, np.minimum(entry, duration), ~ended | (duration > entry)


def _check(spans: Spans, until: int) -> None:
    start, end = spans.shown(spans.start), spans.shown(spans.end)
    remedy = "Check for swapped columns; leave the end empty where the relationship still runs."
    good = spans.running | (spans.start <= spans.end)
    check_rows(good, "start <= end must hold", remedy, ids=spans.ids, start=start, end=end)
    rule = "no relationship may start after observed_until"
    remedy = "Leave those rows out, which were not yet customers, or choose a later observed_until."
    check_rows(spans.start <= until, rule, remedy, ids=spans.ids, start=start)


def whole_periods(spans: Spans, until: Ticks, unit: Unit) -> tuple[Ticks, Ticks]:
    """Periods completed by `until`, and periods begun: those that have an anniversary of the start as their end."""
    if spans.calendar and unit in MONTHS:
        completed, begun = _months(spans.start, until)
        width = MONTHS[unit]
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
    months, day, length = (np.take(column, days - low) for column in found)
    return months, day, length


def _calendar_of(days: Ticks) -> tuple[Ticks, Ticks, Ticks]:
    months = days.view("datetime64[D]").astype("datetime64[M]")
    first, following = (month.astype("datetime64[D]").view(np.int64) for month in (months, months + 1))
    return months.view(np.int64), days - first, following - first


_DURATION: Final = {"duration": ("duration", "tenure", "T"), "ended": ("ended", "churned", "event", "E")}
_DATES: Final = {"start": ("start", "start_date"), "end": ("end", "end_date")}
_ROWS: Final = {"weights": ("weights",), "ids": IDS}
_NUMBERS: Final = ("duration", "entry", "weights")
_FLAGS: Final = {"0": 0.0, "1": 1.0, "false": 0.0, "true": 1.0, "0.0": 0.0, "1.0": 1.0}


def read_tenures(
    table: Any,  # noqa: ANN401 (any dataframe, path or mapping)
    given: Mapping[str, str | None],
    window: Window,
) -> dict[str, Any]:
    """The fields of `Tenures`; the arguments are those of `Tenures.from_table`, `given` the names of columns."""
    dated = _by_dates(given, window)
    is_file = isinstance(table, (str, Path))
    with reading(table) if is_file else contextlib.nullcontext():
        names = _parts(column_names(scan(table) if is_file else table), given, dated)
        numeric = [names[part] for part in _NUMBERS if part in names]
        columns = _columns(scan(table, numeric) if is_file else table, names)
    more: dict[str, Any] = {part: column_values(columns[part]) for part in ("entry", "weights") if part in columns}
    ids = column_values(columns["ids"]) if "ids" in columns else index_values(table)
    if "start" not in names:
        fields = {"duration": column_values(columns["duration"]), "ended": _flags(columns["ended"]), "ids": ids}
        return {**fields, **more, "unit": window.unit, "by_period": window.by_period}
    if window.until is None:
        raise ParameterError("observed_until must say until when the relationships were seen, such as '2024-12-31'")
    return measured(_spans(columns["start"], columns["end"], names, ids), window, **more)


def _by_dates(given: Mapping[str, str | None], window: Window) -> bool | None:
    """Whether starts and ends are wanted (None: whichever the table has)."""
    observed = window.until is not None or window.since is not None
    dates = observed or any(given.get(part) is not None for part in _DATES)
    lengths = any(given.get(part) is not None for part in _DURATION)
    if dates and lengths:
        raise ParameterError("give either duration= and ended=, or start=, end= and observed_until=, not some of both")
    if dates and given.get("entry") is not None:
        raise ParameterError("entry= is of durations; with start and end, observed_from= says when observation began")
    return dates if dates or lengths else None


def _parts(present: Sequence[str], given: Mapping[str, str | None], dated: bool | None) -> dict[str, str]:
    """The columns by the part that they play."""
    if dated is None:
        lengths, dated = (bool(set(known) & set(present)) for known in (_DURATION["duration"], _DATES["start"]))
        if lengths and dated:
            raise DataError(
                "the table has durations and dates of start; name those that are meant: "
                "from_table(..., duration=, ended=) or from_table(..., start=, end=, observed_until=)."
            )
    if dated:
        return found_names(present, given, {**_DATES, **_ROWS}, tuple(_DATES))
    return found_names(present, given, {**_DURATION, "entry": ("entry",), **_ROWS}, tuple(_DURATION))


def _columns(source: Any, names: Mapping[str, str]) -> dict[str, Column]:  # noqa: ANN401 (any dataframe)
    read = read_columns(source, list(names.values()))
    say.check_lengths(names.values(), read)
    if not len(read[0]):
        raise DataError("the table is empty: it has no rows. Check the filter or the file that it comes from.")
    for name, column in zip(names.values(), read, strict=True):
        if column.zoned and library_of(source) == "duckdb":
            raise say.ambiguous_zone(name)
    return dict(zip(names, read, strict=True))


def _spans(start: Column, end: Column, names: Mapping[str, str], ids: NDArray[Any] | None) -> Spans:
    """Starts and ends in days, or in microseconds where one has a time of day."""
    first, _ = column_ticks(start, names["start"], "datetime64[us]")
    running = _missing(end)
    last = np.zeros_like(first)
    if not running.all():
        last, _ = column_ticks(_filled(end, running), names["end"], "datetime64[us]")
    spans = Spans(first, last, running, ids)
    return spans.in_days() if spans.without_times else spans


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


def read_relationships(records: Iterable[Relationship] | Iterable[Customer], window: Window) -> dict[str, Any]:
    """The fields of `Tenures`; the arguments are those of `Tenures.from_relationships`."""
    names, relationships = _relationships(records)
    ends = [relationship.end for relationship in relationships]
    start, dated = moments("the starts", [relationship.start for relationship in relationships])
    extra = [as_moment(moment) for moment in (window.until, window.since) if moment is not None]
    moments("the relationships, observed_until and observed_from", [relationships[0].start, *extra])
    running = np.array([end is None for end in ends])
    end = np.zeros(len(start))
    if not running.all():
        end[~running], _ = moments("the ends", [end for end in ends if end is not None])
    days = 1.0 if dated else DAYS["year"]  # in microseconds years from now are whole numbers, as every unit of time is
    first, last = (as_ticks(times * days).view(np.int64) for times in (start, end))
    spans = Spans(first, last, running, names_of(names), calendar=dated)
    return measured(spans.in_days() if spans.without_times else spans, window)


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
        raise DataError("relationships must hold at least one; there are none")
    return [name for name, _ in found], [relationship for _, relationship in found]
