"""Day counts: how many years lie between two dates."""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias, get_args

import numpy as np

from custvalue._arguments import one_of
from custvalue._columns import DAY, is_dated, moments
from custvalue._typing import Array, NDArray
from custvalue.errors import DataError
from custvalue.records.time import DateLike, as_ticks
from custvalue.units import DATED_DAYS_PER_YEAR, DAYS_PER_YEAR

DayCount: TypeAlias = Literal["act/365", "act/365.25", "act/360", "act/act", "30/360", "30E/360"]
"""A day count convention by its usual name."""

_DAY_COUNTS: Final[tuple[DayCount, ...]] = get_args(DayCount)

ACTUAL: Final = {"act/365": DATED_DAYS_PER_YEAR, "act/365.25": DAYS_PER_YEAR, "act/360": 360.0}
"""Days per year of the conventions that divide the actual days by a constant."""


def as_day_count(value: str) -> DayCount:
    """Return `value` if it names a day count; raise ParameterError otherwise."""
    return one_of("day_count", value, _DAY_COUNTS)


def years_between(
    start: DateLike | NDArray[Any], end: DateLike | NDArray[Any], day_count: DayCount = "act/365"
) -> Array:
    """Years from start to end by a day count; negative where the end comes first.

    Parameters
    ----------
    start, end : date, datetime, numpy.datetime64, ISO string, or arrays of datetime64
        Broadcast against each other. A time of day counts as part of a day.
    day_count : {"act/365", "act/365.25", "act/360", "act/act", "30/360", "30E/360"}
        "act/365" divides the days by 365, leap year or not, as Excel's XNPV and XIRR do. "act/act" takes
        the days in each calendar year as a share of that year (ISDA 2006, section 4.16(b)). "30/360" counts
        months of 30 days: a 31st at the start is a 30th, and so is a 31st at the end after such a start
        (ISDA 2006, 4.16(f)); in "30E/360" every 31st is a 30th (4.16(g)).

    Returns
    -------
    float64, of the shape that both broadcast to

    Raises
    ------
    ParameterError
        The day count is none of these.
    DataError
        A date is missing or no date.

    Examples
    --------
    >>> print(years_between("2024-01-31", "2024-07-31", "30/360"))
    0.5
    >>> print(years_between("2023-07-01", "2024-07-01", "act/act").round(6))
    1.001377
    """
    name = as_day_count(day_count)
    first, last = _ticks(start), _ticks(end)
    if name in ACTUAL:
        return np.asarray((last - first) / DAY / ACTUAL[name])
    if name == "act/act":
        year, part = _year_and_part(first)
        other, more = _year_and_part(last)
        return np.asarray((other - year) + (more - part))
    swap = last < first
    low, high = np.where(swap, last, first), np.where(swap, first, last)
    years = _thirties(low, high, european=name == "30E/360") / 360
    return np.where(swap, -years, years)


def _ticks(dates: DateLike | NDArray[Any]) -> NDArray[Any]:
    """Dates as microseconds."""
    if isinstance(dates, np.ndarray) and dates.dtype.kind == "M":
        moments("dates", dates)
        return dates.astype("datetime64[us]")
    single = is_dated(dates)
    items: Any = [dates] if single else dates
    days, dated = moments("dates", items)
    if not dated:
        raise DataError(f"start and end must be dates; got {dates!r}")
    ticks = as_ticks(days)
    return ticks[0] if single else ticks


def _year_and_part(ticks: NDArray[Any]) -> tuple[Array, Array]:
    """The calendar year and the share of it that is over."""
    year = ticks.astype("datetime64[Y]")
    begins, ends = year.astype("datetime64[D]"), (year + 1).astype("datetime64[D]")
    return year.astype(np.int64).astype(np.float64), (ticks - begins) / DAY / ((ends - begins) / DAY)


def _thirties(low: NDArray[Any], high: NDArray[Any], *, european: bool) -> Array:
    """Days between dates in months of 30 days."""
    first_month, first_day, first_time = _calendar(low)
    last_month, last_day, last_time = _calendar(high)
    first_day = np.minimum(first_day, 30)
    shorten = (last_day == 31) & (european | (first_day == 30))
    last_day = np.where(shorten, 30, last_day)
    days = 30 * (last_month - first_month) + (last_day - first_day)
    return np.asarray(days + (last_time - first_time))


def _calendar(ticks: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64], Array]:
    """Months since 1970, day of the month from 1, and the time of day as a share of the day."""
    month, day = ticks.astype("datetime64[M]"), ticks.astype("datetime64[D]")
    number = (day - month.astype("datetime64[D]")).astype(np.int64) + 1
    return month.astype(np.int64), number, (ticks - day) / DAY
