"""Columns of dates become ticks, integers since 1970-01-01; text and Python objects are read once per value."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from custvalue._typing import Ints, NDArray
from custvalue.evidence.logs import messages as say
from custvalue.evidence.logs.columns import Column
from custvalue.evidence.logs.options import Ticks

_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?"
ISO: Final = rf"^[0-9]{{4}}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([T ]{_TIME})?$"
"""ISO dates as text, with or without a time of day; no time zone. Days beyond the month's end still pass."""

_LENGTH: Final = len("2024-01-31 12:30:00.123456")
_NAT: Final = np.datetime64("NaT", "us")


def column_ticks(column: Column, name: str, tick_type: str, timezone: str | None = None) -> tuple[Ticks, bool]:
    """Tick of every row, and whether the column holds days without a time of day; DataError names the column."""
    say.check_positions(name, say.NO_DATE, column.absent, column)
    if column.codes is not None:
        return _coded_ticks(column, column.codes, name, tick_type, timezone)
    if column.values.dtype.kind != "M":
        raise say.not_dates(name, f"numbers ({column.values.dtype})")
    if timezone is not None and not column.zoned:
        raise say.no_zone(name)
    whole_days = np.datetime_data(column.values.dtype)[0] in ("D", "W", "M", "Y")
    return column.values.astype(tick_type, copy=False).view(np.int64), whole_days


def _coded_ticks(column: Column, codes: Ints, name: str, tick_type: str, timezone: str | None) -> tuple[Ticks, bool]:
    values = column.values
    if all(isinstance(value, str) for value in values):
        moments, zoned = _read_text(values), False
    else:
        read = [_moment(value, timezone) for value in values]
        moments = np.array([moment for moment, _ in read], dtype="datetime64[us]")
        zoned = all(zone for _, zone in read)
    ticks = moments.astype(tick_type).view(np.int64)
    say.check_positions(name, say.NOT_A_DATE, np.isnat(moments)[codes], column)
    if timezone is not None and not zoned:
        raise say.no_zone(name)
    days = all(isinstance(value, dt.date) and not isinstance(value, dt.datetime) for value in values)
    return ticks[codes], days


def _read_text(values: NDArray[Any]) -> NDArray[np.datetime64]:
    """Moments of ISO text; NaT where it is none."""
    fits = re.compile(ISO).fullmatch
    text = np.array([value[:_LENGTH] if fits(value) else "NaT" for value in values], dtype="U")
    try:
        return text.astype("datetime64[us]")
    except ValueError:  # a day beyond the end of its month
        return np.array([_one_text(value) for value in text], dtype="datetime64[us]")


def _one_text(value: str) -> np.datetime64:
    try:
        return np.datetime64(value[:_LENGTH], "us")
    except ValueError:
        return _NAT


def _moment(value: Any, timezone: str | None) -> tuple[np.datetime64, bool]:  # noqa: ANN401 (any object)
    """The moment on the customer's clock (NaT where it is none), and whether the value had a time zone."""
    zoned = isinstance(value, dt.datetime) and value.tzinfo is not None
    if zoned:
        local = value if timezone is None else value.astimezone(ZoneInfo(timezone))
        value = local.replace(tzinfo=None)
    if isinstance(value, dt.date):
        return np.datetime64(value, "us"), zoned
    if isinstance(value, np.datetime64):
        return value.astype("datetime64[us]"), False
    return (_one_text(value) if isinstance(value, str) and re.fullmatch(ISO, value) else _NAT), False
