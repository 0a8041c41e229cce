"""Annuities and perpetuities: level or growing payments, for a number of periods or forever."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

import numpy as np

from custvalue._arguments import common_shape, growth_rate, number, real, require, whole
from custvalue._typing import Array, ArrayLike
from custvalue.discounting.rate import Rate
from custvalue.discounting.timing import WAIT, as_timing, force_of
from custvalue.numerics.ragged import times_exp
from custvalue.units import Unit

_NEAR: Final = 4 * 2.0**-52
"""Force of interest less force of growth, relative to both, that rounding of the two logarithms alone may leave."""
_TINY: Final = 1e-17
"""Below it, size · n changes no digit of the sum of n terms, n (1 - size n / 2 ...)."""


def annuity(
    rate: Rate,
    payment: ArrayLike,
    periods: ArrayLike,
    *,
    timing: Literal["now", "next", "middle", "continuous"],
    unit: Unit,
    growth: ArrayLike = 0.0,
) -> Array:
    """Present value of a number of payments, one per period, level or growing.

    Parameters
    ----------
    rate : Rate
        May be an array; all arguments broadcast against each other.
    payment : array_like
        The first payment, and every one where they do not grow; per period where it is continuous.
    periods : array_like
        How many payments: whole numbers; for a continuous annuity how many periods, any number. At least 0; for
        payments forever see `perpetuity`.
    timing : {"now", "next", "middle", "continuous"}
        The first payment falls now (annuity-due), one period from now (ordinary annuity), half a period
        from now (mid-period); or money flows evenly all the time.
    unit : {"day", "week", "month", "quarter", "year"}
        How far payments are apart.
    growth : array_like
        Each payment is 1 + growth times the one before; above -1. Continuous ones grow continuously, by as
        much in a period.

    Returns
    -------
    float64, of the shape that the arguments broadcast to
        Positive where payments are. Exact for rates near 0, of 0 and equal to the growth.

    Raises
    ------
    ParameterError
        The rate is a bare number, periods are negative or not whole, growth is -1 or less, `timing` is unknown, or
        the arguments do not broadcast.

    Notes
    -----
    With v = 1/(1 + i) per period, g = growth and n periods, an ordinary annuity of 1 is worth
    (1 - ((1+g) v)^n) / (i - g), an annuity-due 1 + i times that, a mid-period one (1+i)^(1/2) times that, and a
    continuous one (1 - e^{-(δ-γ) n}) / (δ - γ), with δ = log(1 + i), γ = log(1 + g). Computed with expm1.

    Examples
    --------
    >>> print(annuity(Rate.annual(0.10), 1, 10, timing="next", unit="year").round(6))
    6.144567
    >>> print(annuity(Rate.annual(0.10), 1, 10, timing="now", unit="year").round(6))
    6.759024
    >>> ten = annuity(Rate.annual(0.05), 100, 10, timing="next", unit="year", growth=0.05)
    >>> print(ten.round(6))  # 10 payments of 100 / 1.05
    952.380952
    """
    first, n = real("payment", payment), _periods(periods, timing)
    terms = _terms(rate, growth, timing, unit, payment=first, periods=n)
    count, lift = terms.worth(n)
    return _worth(first * count, lift - terms.wait)


def annuity_future_value(
    rate: Rate,
    payment: ArrayLike,
    periods: ArrayLike,
    *,
    timing: Literal["now", "next", "middle", "continuous"],
    unit: Unit,
    growth: ArrayLike = 0.0,
) -> Array:
    """Future value of payments, one per period, at the end of the last period.

    Parameters, shapes and errors are those of `annuity`. The end is `periods` periods from now, whatever `timing`:
    the last payment of an ordinary annuity earns nothing, that of an annuity-due earns one period's interest.

    Examples
    --------
    >>> saved = annuity_future_value(Rate.nominal(0.06, 12), 200, 10, timing="now", unit="month")
    >>> print((saved + 500 * 1.005**10).round(2))  # Excel's FV(0.06/12, 10, -200, -500, 1)
    2581.4
    """
    first, n = real("payment", payment), _periods(periods, timing)
    terms = _terms(rate, growth, timing, unit, payment=first, periods=n)
    count, lift = terms.worth(n)
    with np.errstate(under="ignore"):
        ahead = terms.force * n
    return _worth(first * count, lift + ahead - terms.wait)


def perpetuity(
    rate: Rate,
    payment: ArrayLike,
    *,
    timing: Literal["now", "next", "middle", "continuous"],
    unit: Unit,
    growth: ArrayLike = 0.0,
) -> Array:
    """Present value of payments forever, one per period, level or growing.

    Parameters
    ----------
    rate, payment, timing, unit, growth
        As for `annuity`.

    Returns
    -------
    float64, of the shape that the arguments broadcast to
        payment / (i - g) for an ordinary perpetuity. Infinite, with the sign of the payment, where the rate is
        not above the growth (to the rounding of the two): the sum has no end.

    Raises
    ------
    ParameterError
        As for `annuity`.

    Examples
    --------
    >>> print(perpetuity(Rate.annual(0.10), 100, timing="next", unit="year").round(6))
    1000.0
    >>> print(perpetuity(Rate.annual(0.10), 100, timing="next", unit="year", growth=0.03).round(6))
    1428.571429
    """
    first = real("payment", payment)
    terms = _terms(rate, growth, timing, unit, payment=first)
    ends = terms.net > _NEAR * (np.abs(terms.force) + np.abs(terms.force - terms.net))
    net = np.where(ends, terms.net, 1.0)
    with np.errstate(over="ignore"):
        value = _worth(first / (-np.expm1(-net) if terms.discrete else net), -terms.wait)
        return np.asarray(np.where(ends | (first == 0), value, np.copysign(np.inf, first)))


class _Terms(NamedTuple):
    """Per period: the force of interest, and less the force of growth; interest until the first payment."""

    force: Array
    net: Array
    wait: Array
    discrete: bool

    def worth(self, n: Array) -> tuple[Array, Array]:
        """Factor and exponent of what n payments are worth when the first falls: factor · e^exponent."""
        size, growing = np.abs(self.net), np.maximum(-self.net, 0.0)
        if self.discrete:
            return _quotient(size, n, -np.expm1(-size)), growing * np.maximum(n - 1, 0)
        return _quotient(size, n, size), growing * n


def _terms(rate: Rate, growth: ArrayLike, timing: str, unit: Unit, **others: Array) -> _Terms:
    paid = as_timing(timing, allowed=("now", "next", "middle", "continuous"))
    force, grows = force_of(rate, unit), growth_rate(growth)
    common_shape(rate=force, growth=grows, **others)
    with np.errstate(under="ignore"):
        return _Terms(force, force - np.log1p(grows), np.asarray(force * WAIT[paid]), paid != "continuous")


def _periods(periods: ArrayLike, timing: str) -> Array:
    n = number("periods", periods)
    rule, remedy = "periods must be finite and >= 0", "Payments forever: perpetuity."
    require(np.isfinite(n) & (n >= 0), rule, remedy, periods=n)
    return n if timing == "continuous" else whole("periods", n)


def _quotient(size: Array, n: Array, bottom: Array) -> Array:
    """(1 - e^{-size n}) / bottom, where bottom is 1 - e^{-size} (a sum) or size (an integral); n at size 0."""
    with np.errstate(under="ignore", over="ignore"):
        total = size * n
    tiny = (total < _TINY) | (bottom == 0)
    return np.where(tiny, n, -np.expm1(-total) / np.where(tiny, 1.0, bottom))


def _worth(amount: Array, exponent: Array) -> Array:
    """Amount · e^exponent; infinite only where that is above the largest float, 1.8e308 = e^709."""
    if np.all(np.abs(exponent) < 300) and np.all(np.abs(amount) < 1e100):
        return np.asarray(amount * np.exp(exponent))
    return times_exp(amount, exponent)
