"""Options of reading a transaction log: columns, unit, collapse period, refunds, end of observation."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import Any, Final, Literal, NamedTuple, Required, TypeAlias, TypedDict, get_args

import numpy as np
from attrs import Attribute, field, frozen

from custvalue._columns import days_since_epoch, is_dated, iso_moment
from custvalue._typing import NDArray
from custvalue.errors import ParameterError
from custvalue.units import DAYS, MONTHS, Unit, as_unit

Collapse: TypeAlias = Literal["day", "week", "month", "quarter", "year"]
Refunds: TypeAlias = Literal["net", "drop", "raise"]
Moment: TypeAlias = dt.date | np.datetime64 | str
Ticks: TypeAlias = NDArray[np.int64]
"""Times as integers since 1970-01-01: whole days, or microseconds where `collapse` is None."""

DAY_US: Final = 86_400_000_000
"""Microseconds in a day."""


class End(NamedTuple):
    """The end of observation: the time that ages run to, and the last tick that a purchase may have."""

    tick: int
    last: int


class PeriodOptions(TypedDict, total=False):
    """The options of reading a log by the period; `RFM.from_transactions` says what they mean."""

    customer: str
    date: str
    amount: str | None
    observed_until: Moment | None
    refunds: Refunds
    first_purchase_from: Moment | None
    timezone: str | None


class LogOptions(PeriodOptions, total=False):
    """The options of `RFM.from_transactions`."""

    unit: Required[Unit]
    collapse: Collapse | None
    first_purchase_in_spend: bool
    log_interpurchase: bool


def _one_of(choices: tuple[Any, ...]) -> Any:  # noqa: ANN401 (an attrs validator)
    def check(_: object, attribute: Attribute[Any], value: object) -> None:
        if value not in choices:
            named = ", ".join(map(repr, choices))
            raise ParameterError(f"{attribute.name} must be one of {named}; got {value!r}")

    return check


def _zone(_: object, __: object, value: str | None) -> None:
    if value is None:
        return
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise ParameterError(f"timezone must be a name such as 'Europe/Berlin'; got {value!r}") from None


def check_moment(name: str, value: object) -> None:
    """Raise ParameterError, which names the argument, unless the value is a date in some form."""
    known = is_dated(value) and value == value  # noqa: PLR0124 (NaT is the only date unequal to itself)
    if known and isinstance(value, str):
        try:
            iso_moment(value)
        except ValueError:
            known = False
    if not known:
        raise ParameterError(f"{name} must be a date such as '1997-09-30'; got {value!r}")


def _moment(_: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None:
        check_moment(attribute.name, value)


@frozen(kw_only=True)
class Options:
    """The options of `RFM.from_transactions`, checked."""

    customer: str = field(default="customer_id")
    date: str = field(default="date")
    amount: str | None = field(default=None)
    unit: Unit = field(converter=as_unit)
    observed_until: Moment | None = field(default=None, validator=_moment)
    collapse: Collapse | None = field(default="day", validator=_one_of((*get_args(Collapse), None)))
    refunds: Refunds = field(default="net", validator=_one_of(get_args(Refunds)))
    first_purchase_in_spend: bool = field(default=False)
    first_purchase_from: Moment | None = field(default=None, validator=_moment)
    timezone: str | None = field(default=None, validator=_zone)
    log_interpurchase: bool = field(default=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that are read."""
        return (self.customer, self.date) if self.amount is None else (self.customer, self.date, self.amount)

    @property
    def per_day(self) -> int:
        """Ticks in a day."""
        return DAY_US if self.collapse is None else 1

    @property
    def per_unit(self) -> float:
        """Ticks in a unit of time."""
        return DAYS[self.unit] * self.per_day

    @property
    def tick_type(self) -> str:
        """NumPy's name for a time in ticks."""
        return "datetime64[us]" if self.collapse is None else "datetime64[D]"

    def end(self, moment: Moment | None, last: int, *, whole_days: bool) -> End:
        """End of observation, inclusive: `moment`, or the last tick of the log where it is None."""
        if moment is None:
            return End(last, last)
        tick = first_tick(moment, self.per_day)
        if self.collapse or whole_days or not is_day(moment):
            return End(tick, tick)
        return End(tick + DAY_US, tick + DAY_US - 1)

    def period(self, ticks: Ticks, end: int) -> Ticks:
        """Number of the collapse period that each tick is in; weeks are counted back from `end`."""
        if self.collapse in (None, "day"):
            return ticks
        if self.collapse == "week":
            return -((end - ticks) // 7)
        return ticks.astype("datetime64[D]").astype(calendar_type(self.collapse)).astype(np.int64)

    def first_days(self, periods: Ticks, end: int) -> NDArray[np.datetime64]:
        """The first day of each collapse period that `period` counts."""
        if self.collapse in MONTHS:
            return periods.astype(calendar_type(self.collapse)).astype("datetime64[D]")
        days = end - 6 + 7 * periods if self.collapse == "week" else periods
        return days.astype("datetime64[D]")

    def last_complete(self, day: int) -> int:
        """The last day, up to `day`, on which a collapse period ends."""
        if self.collapse not in MONTHS:
            return day
        next_day = np.datetime64(day, "D") + 1
        return int(next_day.astype(calendar_type(self.collapse)).astype("datetime64[D]").astype(np.int64)) - 1


def calendar_type(unit: str | None) -> str:
    """NumPy's name for a month, quarter or year of the calendar, which counts them from 1970 on."""
    return f"datetime64[{MONTHS[str(unit)]}M]"


def first_tick(moment: Moment, per_day: int) -> int:
    """The first tick that is on or after a moment, `per_day` of them in a day."""
    days = days_since_epoch(moment)
    return int(np.floor(days)) if per_day == 1 else round(days * per_day)


def is_day(moment: Moment) -> bool:
    """Whether a moment is a day without a time of day."""
    if isinstance(moment, str):
        return len(moment) <= len("2024-01-31")
    if isinstance(moment, np.datetime64):
        return np.datetime_data(moment.dtype)[0] in ("D", "W", "M", "Y")
    return not isinstance(moment, dt.datetime)
