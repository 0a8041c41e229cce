"""Dates that arrive as text or as Python objects become ticks; each distinct value is read once."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from custvalue._typing import NDArray
from custvalue.evidence.logs import messages as say
from custvalue.evidence.logs.columns import Column
from custvalue.evidence.logs.options import Terms, Ticks

_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?"
ISO: Final = rf"^[0-9]{{4}}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([T ]{_TIME})?$"
"""ISO dates as text, with or without a time of day; no time zone. Days beyond the month's end still pass."""

_LENGTH: Final = len("2024-01-31 12:30:00.123456")
_NAT: Final = np.datetime64("NaT", "us")


def text_ticks(column: Column, terms: Terms) -> tuple[Ticks, bool]:
    """Tick of every row of a column of codes, and whether its values are dates without a time of day."""
    assert column.codes is not None  # noqa: S101 (callers pass only such columns)
    values = column.values
    if all(isinstance(value, str) for value in values):
        moments, zoned = _read_text(values), False
    else:
        read = [_moment(value, terms.timezone) for value in values]
        moments = np.array([moment for moment, _ in read], dtype="datetime64[us]")
        zoned = all(zone for _, zone in read)
    ticks = moments.astype(terms.tick_type).view(np.int64)
    say.check_positions(terms.date, say.NOT_A_DATE, np.isnat(moments)[column.codes], column)
    if terms.timezone is not None and not zoned:
        raise say.no_zone(terms.date)
    days = all(isinstance(value, dt.date) and not isinstance(value, dt.datetime) for value in values)
    return ticks[column.codes], days


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
