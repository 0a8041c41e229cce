"""Rate: what waiting costs. One inner form, the force of interest per year; every other form converts."""

from __future__ import annotations

from typing import Self

import numpy as np
from attrs import field, frozen

from custvalue._columns import numbers, read_only
from custvalue._typing import Array, ArrayLike, Parameter
from custvalue.errors import DataError, ParameterError
from custvalue.units import Unit, as_unit, per_year


def _as_force(value: ArrayLike) -> Parameter:
    force = _finite("the force of interest", value)
    return read_only(force.copy()) if force.ndim else float(force)


@frozen(eq=False, repr=False)
class Rate:
    """A discount rate, kept as the force of interest per year; made and read per any period.

    Make one with the constructor that says what the number is per: `Rate.annual(0.10)` is 10 % per year,
    `Rate.monthly(0.01)` 1 % per month, `Rate.continuous(0.0953)` a force of interest per year.
    Rates may be arrays: one per cash flow or per customer, or of shape (k, 1) for k scenarios.

    Parameters
    ----------
    continuous_value : float or array
        The force of interest δ per year: a payment in t years is worth exp(-δ t) now.

    Raises
    ------
    ParameterError
        A rate is not a finite number, or an effective rate is -1 (-100 %) or less.

    Notes
    -----
    A year is 365.25 days, a month a twelfth and a quarter a fourth of it, a week 7 days. With the
    effective rate d per period, δ = log(1 + d) × periods per year, exact also for tiny rates. Two rates
    are equal when their forces are: `Rate.annual(0.0) == Rate.zero()`.

    Examples
    --------
    >>> rate = Rate.annual(0.10)
    >>> rate
    Rate.continuous(0.09531017980432487)
    >>> print(f"{rate.effective('month'):.6f}  {rate.discount(2):.6f}")
    0.007974  0.826446
    """

    continuous_value: Parameter = field(converter=_as_force, kw_only=True)

    @classmethod
    def annual(cls, effective: ArrayLike) -> Self:
        """From the effective rate per year: 0.10 means that 100 becomes 110 in a year."""
        return cls._from_effective("annual", effective, "year")

    @classmethod
    def quarterly(cls, effective: ArrayLike) -> Self:
        """From the effective rate per quarter (four a year), not a yearly rate divided by four."""
        return cls._from_effective("quarterly", effective, "quarter")

    @classmethod
    def monthly(cls, effective: ArrayLike) -> Self:
        """From the effective rate per month (twelve a year), not a yearly rate divided by twelve."""
        return cls._from_effective("monthly", effective, "month")

    @classmethod
    def weekly(cls, effective: ArrayLike) -> Self:
        """From the effective rate per week of 7 days (365.25 / 7 a year)."""
        return cls._from_effective("weekly", effective, "week")

    @classmethod
    def daily(cls, effective: ArrayLike) -> Self:
        """From the effective rate per day (365.25 a year)."""
        return cls._from_effective("daily", effective, "day")

    @classmethod
    def continuous(cls, force: ArrayLike) -> Self:
        """From the force of interest per year, continuously compounded: e^force in a year."""
        return cls(continuous_value=force)

    @classmethod
    def zero(cls) -> Self:
        """No discounting: money later is worth as much as money now."""
        return cls(continuous_value=0.0)

    @classmethod
    def _from_effective(cls, name: str, effective: ArrayLike, period: Unit) -> Self:
        rate = _finite(f"Rate.{name}", effective)
        if not (rate > -1).all():
            raise ParameterError(
                f"Rate.{name} needs rates > -1 (-100 % per {period}); got {rate.min():.6g}. "
                "Write 5 % as 0.05, a loss of 5 % as -0.05."
            )
        return cls(continuous_value=np.log1p(rate) * per_year(period))

    def force(self, period: Unit = "year") -> Parameter:
        """Return the force of interest per period: the continuously compounded rate."""
        return self.continuous_value / per_year(as_unit(period))

    def effective(self, period: Unit = "year") -> Parameter:
        """Return the effective rate per period: what 1 earns in one period.

        >>> round(Rate.monthly(0.01).effective("year"), 6)
        0.126825
        """
        rate = np.expm1(self.force(period))
        return rate if np.ndim(rate) else float(rate)

    def discount(self, t: ArrayLike, period: Unit = "year") -> Array:
        """Return what 1 paid at time t is worth at time 0; t in periods, broadcast with the rate.

        Times before 0 accumulate interest: the factor is above 1 when the rate is positive.
        """
        return np.exp(-self.force(period) * numbers("t", t))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Rate):
            return NotImplemented
        return np.array_equal(self.continuous_value, other.continuous_value)

    def __hash__(self) -> int:
        return hash(self.continuous_value)

    def __repr__(self) -> str:
        with np.printoptions(floatmode="unique"):
            return f"Rate.continuous({self.continuous_value!r})"


def as_rate(value: Rate) -> Rate:
    """Return a `Rate` as it is, and refuse anything else: a bare number does not say per what.

    Raises
    ------
    ParameterError
        The value is not a `Rate`.
    """
    if isinstance(value, Rate):
        return value
    raise ParameterError(
        f"rate must be a Rate; got {value!r}. A bare number does not say per what, and annual rates are "
        "easily taken for monthly ones: write Rate.annual(0.1), Rate.monthly(0.01) or Rate.continuous(0.1)."
    )


def _finite(name: str, value: ArrayLike) -> Array:
    try:
        rate = numbers(name, value)
    except DataError as error:
        raise ParameterError(str(error)) from None
    if not np.isfinite(rate).all():
        raise ParameterError(f"{name} must be finite; got {value!r}")
    return rate
