"""When payments fall, and what the first of them is worth for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias, get_args

import numpy as np

from custvalue._typing import Array
from custvalue.discounting.rate import Rate, as_rate
from custvalue.errors import ParameterError
from custvalue.units import Unit

Timing: TypeAlias = Literal["now", "next", "end", "middle", "continuous"]
"""When payments, one per period, fall; each function names those of them that it takes."""

_MEANINGS: Final[dict[Timing, str]] = {
    "now": "the first payment is made now",
    "next": "one period from now; by a customer, if the customer renews",
    "end": "at the end of each period that the customer begins",
    "middle": "in the middle of each period",
    "continuous": "evenly all the time",
}

WAIT: Final[dict[Timing, float]] = {"now": 0.0, "next": 1.0, "end": 1.0, "middle": 0.5, "continuous": 0.0}
"""Periods from now to the first payment, or to the start of a continuous one."""


def as_timing(value: str, name: str = "timing", *, allowed: Sequence[Timing] = get_args(Timing)) -> Timing:
    """Return `value` if it names one of the timings allowed; otherwise ParameterError, which says what each means."""
    for timing in allowed:
        if isinstance(value, str) and value == timing:
            return timing
    listed = [f"{timing!r} ({_MEANINGS[timing]})" for timing in allowed]
    raise ParameterError(f"{name} must be {', '.join(listed[:-1])} or {listed[-1]}; got {value!r}")


def first_payment(timing: str) -> float:
    """Periods from now to the first of payments that are counted from now, from one period on, or from mid-period."""
    return WAIT[as_timing(timing, allowed=("now", "next", "middle"))]


def delay(timing: Timing, force: Array) -> Array:
    """Discount factor of the first payment against one made now, at a force per period; no survival in it.

    A continuous payment is one spread evenly over its period.
    """
    if timing == "continuous":
        return average_discount(force)
    return np.asarray(np.exp(-WAIT[timing] * force))


def average_discount(force: Array) -> Array:
    """∫_0^1 e^{-δt} dt = (1 - e^{-δ})/δ; 1 for δ = 0."""
    safe = np.where(force == 0, 1.0, force)
    return np.asarray(np.where(force == 0, 1.0, -np.expm1(-safe) / safe))


def force_of(rate: Rate, unit: Unit, name: str = "rate") -> Array:
    """Force of interest per period; ParameterError for a bare number or an unknown unit."""
    if not isinstance(rate, Rate) and name != "rate":
        raise ParameterError(f"{name} must be a Rate, such as Rate.annual(0.1); got {rate!r}")
    return np.asarray(as_rate(rate).force(unit), dtype=np.float64)
