"""Curves that stand still between the times at which customers left, and estimates with an interval."""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import cmp_using, field, frozen

from custvalue._columns import numbers, read_only
from custvalue._typing import Array, ArrayLike
from custvalue.errors import ParameterError

same = cmp_using(eq=np.array_equal)


def as_column(values: ArrayLike) -> Array:
    """A read-only float64 array: the converter of results' columns."""
    return read_only(np.asarray(values, dtype=np.float64))


def as_value(value: ArrayLike) -> Any:  # noqa: ANN401 (a float, or an array of many)
    """A float, or a read-only array."""
    return float(np.asarray(value)) if np.ndim(value) == 0 else as_column(value)


@frozen(repr=False)
class Estimate:
    """An estimate with its confidence interval; ``float(estimate)`` is the number alone.

    Attributes
    ----------
    value, lower, upper : float or array
        The estimate and its interval.
    standard_error : float or None
        None where the interval does not come from one.
    level : float
        The interval's level of confidence.
    """

    value: Any = field(converter=as_value, eq=same)
    lower: Any = field(converter=as_value, eq=same)
    upper: Any = field(converter=as_value, eq=same)
    standard_error: float | None = field(default=None, kw_only=True)
    level: float = field(default=0.95, kw_only=True)

    def __float__(self) -> float:
        return float(self.value)

    def __repr__(self) -> str:
        level = f"{100 * self.level:g} %"
        if isinstance(self.value, float):
            return f"{self.value:.6g} ({level}: {self.lower:.6g} to {self.upper:.6g})"
        value, lower, upper = (np.array_str(each, precision=6) for each in (self.value, self.lower, self.upper))
        return f"{value} ({level}: {lower} to {upper})"


def moment(name: str, value: ArrayLike, until: float, *, known_after: bool) -> Array:
    """Times at least 0 and, unless the curve is known after it, not beyond the longest duration observed."""
    time = numbers(name, value)
    ok = (time >= 0) & ((time <= until) | known_after)
    if not ok.all():
        wrong = time[~ok].ravel()[0]
        if not wrong >= 0:
            raise ParameterError(f"{name} must be >= 0; got {wrong}")
        raise ParameterError(
            f"nobody was observed beyond a duration of {until:g}; {name} = {wrong:g} asks for later. "
            "Ask for earlier times, or fit a model, which extrapolates"
        )
    return time


def shown(rows: int) -> list[int]:
    """The rows of a table to print; -1 stands for those left out."""
    return list(range(rows)) if rows <= 24 else [*range(12), -1, *range(rows - 6, rows)]


def step(time: Array, values: Array, before: float, at: Array) -> Array:
    """A right-continuous step function: values[i] on [time[i], time[i + 1])."""
    return np.concatenate([[before], values])[np.searchsorted(time, at, side="right")]
