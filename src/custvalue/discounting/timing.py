"""When payments fall, and what they are worth for it."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

import numpy as np

from custvalue._typing import Array
from custvalue.discounting.rate import Rate, as_rate
from custvalue.errors import ParameterError
from custvalue.units import Unit

Timing: TypeAlias = Literal["now", "next", "end", "middle", "continuous"]
"""When a payment is made; what each word means stands with `constant_retention_value`."""

_MEANINGS: Final = (
    "'now' (the first payment is made now), 'next' (after one period, if the customer renews), 'end' or 'middle' (at "
    "the end or in the middle of each period the customer begins) or 'continuous'"
)


def as_timing(value: str, name: str = "timing") -> Timing:
    """Return `value` if it names a timing; raise ParameterError, which says what each means, otherwise."""
    for timing in get_args(Timing):
        if isinstance(value, str) and value == timing:
            return timing  # type: ignore[no-any-return]
    raise ParameterError(f"{name} must be {_MEANINGS}; got {value!r}")


def delay(timing: Timing, force: Array) -> Array:
    """Discount factor of the first payment against one made now, at a force per period; no survival in it.

    A continuous payment is one spread evenly over its period.
    """
    if timing == "continuous":
        return average_discount(force)
    return np.asarray(np.exp(-{"now": 0.0, "next": 1.0, "end": 1.0, "middle": 0.5}[timing] * force))


def average_discount(force: Array) -> Array:
    """∫_0^1 e^{-δt} dt = (1 - e^{-δ})/δ; 1 for δ = 0."""
    safe = np.where(force == 0, 1.0, force)
    return np.asarray(np.where(force == 0, 1.0, -np.expm1(-safe) / safe))


def force_of(rate: Rate, unit: Unit, name: str = "rate") -> Array:
    """Force of interest per period; ParameterError for a bare number or an unknown period."""
    if not isinstance(rate, Rate) and name != "rate":
        raise ParameterError(f"{name} must be a Rate, such as Rate.annual(0.1); got {rate!r}")
    return np.asarray(as_rate(rate).force(unit), dtype=np.float64)


Due: TypeAlias = Literal["now", "next", "middle"]
"""When the first payment falls: now, one period from now, half a period from now."""

_OFFSETS: Final = {"now": 0.0, "next": 1.0, "middle": 0.5}


def due_offset(timing: str) -> float:
    """Periods from now to the first payment; ParameterError for any other name."""
    if timing in _OFFSETS:
        return _OFFSETS[timing]
    raise ParameterError(
        f"timing must be 'now' (first payment now), 'next' (one period from now) or 'middle' (half a period); got {timing!r}"
    )


def check_broadcast(**columns: Array) -> None:
    """Raise ParameterError unless the arrays broadcast against each other."""
    try:
        np.broadcast_shapes(*(column.shape for column in columns.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {column.shape}" for name, column in columns.items() if column.shape)
        raise ParameterError(
            f"arguments must be one number for all, or arrays that broadcast; got shapes {shapes}. "
            "A value per customer has shape (n,), a scenario (k, 1)."
        ) from None
