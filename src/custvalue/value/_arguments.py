"""Arguments of the formulas: numbers checked against their domain, rates per period, and the timing of payments."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

import numpy as np

from custvalue._columns import check_rows, numbers
from custvalue._typing import Array, ArrayLike, Bools
from custvalue.discounting.rate import Rate, as_rate
from custvalue.errors import DataError, ParameterError
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


def force_of(rate: Rate, period: Unit, name: str = "rate") -> Array:
    """Force of interest per period; ParameterError for a bare number or an unknown period."""
    if not isinstance(rate, Rate) and name != "rate":
        raise ParameterError(f"{name} must be a Rate, such as Rate.annual(0.1); got {rate!r}")
    return np.asarray(as_rate(rate).force(period), dtype=np.float64)


def require(ok: Bools, rule: str, remedy: str, **values: Array) -> None:
    """Raise ParameterError with the rule, where it is broken, and the remedy, unless `ok` everywhere."""
    try:
        check_rows(np.asarray(ok), rule, remedy, **values)
    except DataError as error:
        raise ParameterError(str(error)) from None


def real(name: str, values: ArrayLike) -> Array:
    """Finite numbers."""
    try:
        found = numbers(name, values)
    except DataError as error:
        raise ParameterError(str(error)) from None
    require(np.isfinite(found), f"{name} must be finite", "Give a number for each.", **{name: found})
    return found


def share(name: str, values: ArrayLike) -> Array:
    """Numbers from 0 to 1."""
    found = real(name, values)
    require((found >= 0) & (found <= 1), f"0 <= {name} <= 1 must hold", "Write 80 % as 0.8.", **{name: found})
    return found


def not_negative(name: str, values: ArrayLike) -> Array:
    """Finite numbers >= 0."""
    found = real(name, values)
    require(
        found >= 0,
        f"{name} must be >= 0",
        "Correct these values; costs, too, are given as positive numbers.",
        **{name: found},
    )
    return found


def positive(name: str, values: ArrayLike) -> Array:
    """Finite numbers > 0."""
    found = real(name, values)
    require(found > 0, f"{name} must be > 0", "Check its unit and sign.", **{name: found})
    return found


def growth_rate(values: ArrayLike) -> Array:
    """Numbers above -1."""
    found = real("growth", values)
    require(found > -1, "growth must be > -1", "Write 5 % a period as 0.05.", growth=found)
    return found


def periods(name: str, values: ArrayLike | None, *, whole: bool) -> Array:
    """Numbers of periods >= 0, infinity where None; whole ones where payments are."""
    if values is None:
        return np.asarray(np.inf)
    try:
        found = numbers(name, values)
    except DataError as error:
        raise ParameterError(str(error)) from None
    remedy = "None is forever."
    require(found >= 0, f"{name} must be >= 0", remedy, **{name: found})  # false for nan
    if whole:
        rule = f"{name} must be a whole number of periods, as payments come once a period"
        require(found == np.floor(found), rule, remedy, **{name: found})
    return found


def together(**arrays: Array) -> list[Array]:
    """Broadcast the arguments, or raise ParameterError with their shapes."""
    try:
        return list(np.broadcast_arrays(*arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items() if array.ndim)
        raise ParameterError(f"the arguments must broadcast to one shape; got {shapes}") from None


def times(amount: Array, factor: Array) -> Array:
    """amount x factor, where nothing is worth nothing even forever: 0 x inf = 0."""
    nothing = (amount == 0) | (factor == 0)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(np.where(nothing, 0.0, amount * factor))
