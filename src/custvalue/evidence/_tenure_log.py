"""A transaction log becomes tenures by a rule of inactivity."""

from __future__ import annotations

from typing import Any

import numpy as np

from custvalue._columns import numbers
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.logs.summary import summarize
from custvalue.units import DAYS, as_unit


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
