"""Arguments of the formulas: numbers checked against their domain, rates per period, and the timing of payments."""

from __future__ import annotations

import numpy as np

from custvalue._columns import check_rows, numbers
from custvalue._typing import Array, ArrayLike, Bools
from custvalue.errors import DataError, ParameterError


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
