"""From starts and ends to durations: exact times, or whole periods by the calendar; censoring and late entry."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from attrs import field, frozen

from custvalue._columns import check_rows, days_since_epoch
from custvalue._typing import Array, Bools, NDArray
from custvalue.errors import ParameterError
from custvalue.evidence.logs.options import DAY_US, Moment, Ticks, check_moment
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
