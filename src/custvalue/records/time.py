"""When something happens: a calendar date, or a number of years from now."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final, TypeAlias

import numpy as np

from custvalue._columns import days_since_epoch
from custvalue._typing import ArrayLike, NDArray
from custvalue.errors import DataError
from custvalue.records.record import finite

Moment: TypeAlias = dt.date | float
"""A date (or a datetime, which is a date in Python), or years from now (negative: ago)."""

DateLike: TypeAlias = dt.date | np.datetime64 | str
"""A calendar date in any form: a date, a datetime, a NumPy datetime64, an ISO string."""

MomentLike: TypeAlias = DateLike | float
"""What becomes a Moment: a calendar date in any form, or years from now."""

EPOCH: Final = np.datetime64("1970-01-01", "us")
"""From which days are counted."""

_MICROSECONDS_PER_DAY: Final = 86_400_000_000
_CALENDAR_UNITS: Final = ("Y", "M", "W", "D")


def as_moment(value: MomentLike) -> Moment:
    """Turn a date, a datetime64 or an ISO string into a date (or datetime), a number into years from now.

    Raises
    ------
    DataError
        The value is none of these, is missing (NaT, NaN) or infinite, or lies outside the years 1 to 9999.

    Examples
    --------
    >>> as_moment("2024-01-05")
    datetime.date(2024, 1, 5)
    >>> as_moment(1)
    1.0
    """
    if isinstance(value, str):
        return _parsed(value)
    if isinstance(value, np.datetime64):
        return _from_numpy(value)
    if isinstance(value, dt.date):
        days_since_epoch(value)
        return value
    return finite("a time (a date, an ISO string or years from now)", value)


def as_optional_moment(value: MomentLike | None) -> Moment | None:
    """Like `as_moment`; None stays None."""
    return None if value is None else as_moment(value)


def as_ticks(days: ArrayLike) -> NDArray[Any]:
    """Days since 1970-01-01 as datetime64, to the microsecond."""
    return np.asarray(EPOCH + np.rint(np.multiply(days, _MICROSECONDS_PER_DAY)).astype("timedelta64[us]"))


def _parsed(text: str) -> Moment:
    days_since_epoch(text)
    return dt.date.fromisoformat(text) if len(text) == len("2024-01-31") else dt.datetime.fromisoformat(text)


def _from_numpy(value: np.datetime64) -> dt.date:
    days_since_epoch(value)
    whole_days = np.datetime_data(value.dtype)[0] in _CALENDAR_UNITS
    moment = value.astype("datetime64[D]" if whole_days else "datetime64[us]").item()
    if not isinstance(moment, dt.date):
        raise DataError(f"{value!r} is outside the years 1 to 9999 that a date can have")
    return moment
