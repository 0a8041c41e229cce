"""Rate: what waiting costs, kept as the force of interest per year; every other form converts to it and back."""

from __future__ import annotations

from typing import Protocol, Self

import numpy as np
from attrs import field, frozen

from custvalue._arguments import common_shape, number, real, require
from custvalue._columns import numbers, read_only
from custvalue._typing import Array, ArrayLike, Parameter
from custvalue.errors import DataError, ParameterError
from custvalue.units import Unit, as_unit, per_year


def _as_force(value: ArrayLike) -> Parameter:
    force = real("the force of interest", value)
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
    effective rate d per period, δ = log(1 + d) × periods per year, exact also for tiny rates. A nominal
    rate j, compounded m times a year, is j / m per m-th of a year: δ = m log(1 + j / m); effective rates
    need `annual`, `monthly`, ... instead. Two rates are equal when their forces are:
    `Rate.annual(0.0) == Rate.zero()`.

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
    def nominal(cls, rate: ArrayLike, times_a_year: ArrayLike) -> Self:
        """From a nominal rate per year, compounded `times_a_year` times (12: monthly; inf: continuously).

        Raises
        ------
        ParameterError
            The rate is not finite, `times_a_year` is not above 0, or the rate per period is -1 or less.

        Examples
        --------
        >>> print(f"{Rate.nominal(0.0525, 4).effective():.7f}")  # Excel's EFFECT(0.0525, 4)
        0.0535427
        """
        nominal, times = real("Rate.nominal", rate), _compounding(times_a_year)
        common_shape(rate=nominal, times_a_year=times)
        per_period = nominal / times
        rule = "Rate.nominal needs rate / times_a_year > -1 (-100 % per period)"
        require(per_period > -1, rule, "Write 5 % as 0.05.", rate_per_period=per_period)
        continuous = np.isinf(times)
        compounded = np.log1p(per_period) * np.where(continuous, 1.0, times)
        return cls(continuous_value=np.where(continuous, nominal, compounded))

    @classmethod
    def zero(cls) -> Self:
        """No discounting: money later is worth as much as money now."""
        return cls(continuous_value=0.0)

    @classmethod
    def _from_effective(cls, name: str, effective: ArrayLike, unit: Unit) -> Self:
        rate = real(f"Rate.{name}", effective)
        rule, remedy = f"Rate.{name} needs rates > -1 (-100 % per {unit})", "Write 5 % as 0.05, a loss of 5 % as -0.05."
        require(rate > -1, rule, remedy, rate=rate)
        return cls(continuous_value=np.log1p(rate) * per_year(unit))

    def force(self, unit: Unit = "year") -> Parameter:
        """Return the force of interest per period: the continuously compounded rate."""
        return self.continuous_value / per_year(as_unit(unit))

    def effective(self, unit: Unit = "year") -> Parameter:
        """Return the effective rate per period: what 1 earns in one period.

        >>> round(Rate.monthly(0.01).effective("year"), 6)
        0.126825
        """
        with np.errstate(over="ignore", under="ignore"):
            rate = np.expm1(self.force(unit))
        return rate if np.ndim(rate) else float(rate)

    def nominal_rate(self, times_a_year: ArrayLike) -> Parameter:
        """Return the nominal rate per year, compounded `times_a_year` times (inf: continuously).

        >>> print(f"{Rate.annual(0.053543).nominal_rate(4):.8f}")  # Excel's NOMINAL(0.053543, 4)
        0.05250032
        """
        force, times = np.asarray(self.continuous_value), _compounding(times_a_year)
        common_shape(rate=force, times_a_year=times)
        finite = np.where(np.isinf(times), 1.0, times)
        with np.errstate(over="ignore", under="ignore"):
            rate: Array = np.where(np.isinf(times), force, np.expm1(force / finite) * finite)
        return rate if rate.ndim else float(rate)

    def log_discount(self, t: ArrayLike, unit: Unit = "year") -> Array:
        """Return the logarithm of `discount`, -δ t: finite where the factor itself is not."""
        times = numbers("t", t)
        if not np.isfinite(times).all():
            raise DataError("times must be finite; leave out what is never paid")
        try:
            with np.errstate(over="ignore", under="ignore"):
                return np.asarray(-self.force(unit) * times)
        except ValueError:
            common_shape(rate=self.continuous_value, t=times)
            raise

    def discount(self, t: ArrayLike, unit: Unit = "year") -> Array:
        """Return what 1 paid at time t is worth at time 0; t in periods, broadcast with the rate.

        Times before 0 accumulate interest: the factor is above 1 when the rate is positive. A factor below
        the smallest number is 0, one above the largest (1.8e308) is inf, neither with a warning.

        Raises
        ------
        DataError
            A time is not finite.
        """
        with np.errstate(over="ignore", under="ignore"):
            return np.exp(self.log_discount(t, unit))

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
    if callable(getattr(value, "discount", None)) and not isinstance(value, type):
        raise ParameterError(
            f"rate must be a Rate, the same for all times; got a {type(value).__name__}. Read one rate from it, such "
            "as curve.spot(5), or value cash flows, one by one, with present_value."
        )
    raise ParameterError(
        f"rate must be a Rate; got {value!r}. A bare number does not say per what, and annual rates are "
        "easily taken for monthly ones: write Rate.annual(0.1), Rate.monthly(0.01) or Rate.continuous(0.1)."
    )


class Discounting(Protocol):
    """Whatever says what 1 in t years is worth now: a `Rate`, a `YieldCurve`, a class of your own."""

    def discount(self, t: ArrayLike, /) -> Array:
        """Return the factors for times in years."""
        ...


def as_discounting(value: Discounting) -> Discounting:
    """Return a rate or a curve as it is, and refuse a bare number.

    Raises
    ------
    ParameterError
        The value has no method `discount`.
    """
    if callable(getattr(value, "discount", None)) and not isinstance(value, type):
        return value
    return as_rate(value)  # type: ignore[arg-type]  # which says what is wrong with it


def log_factors(rate: Discounting, t: Array) -> Array:
    """Logarithms of the discount factors for times in years."""
    exact = getattr(rate, "log_discount", None)
    if exact is not None:
        logs: Array = exact(t)
        return logs
    with np.errstate(divide="ignore"):
        return np.log(rate.discount(t))


def _compounding(times_a_year: ArrayLike) -> Array:
    times = number("times_a_year", times_a_year)
    require(times > 0, "times_a_year must be > 0", "Write 12 for monthly compounding.", times_a_year=times)
    return times
