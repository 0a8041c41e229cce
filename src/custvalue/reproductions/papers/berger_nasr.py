"""Berger and Nasr's five cases of customer lifetime value, each with the timing the paper gives it.

P. D. Berger and N. I. Nasr, "Customer lifetime value: marketing models and applications", Journal of Interactive
Marketing 12(1), 17-30, 1998 (as cited; not checked against the paper). In all cases the first margin is received now
and later ones at the ends of periods, by customers who are still there; promotion is paid in the middle of periods, for
customers who began them.

| case | sales | margin | customers |
| --- | --- | --- | --- |
| 1 | once a year | constant | leave for good |
| 2 | every q years: less often (2a, q > 1) or more often (2b, q < 1) than yearly | constant | leave for good |
| 3 | once a year | changes with time | leave for good |
| 4 | all the time | changes with time | leave for good |
| 5 | once a year | constant | pause and come back, by recency |
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from custvalue._arguments import periods, positive, real, require, share, times, together
from custvalue._typing import Array, ArrayLike
from custvalue.discounting.rate import Rate
from custvalue.discounting.timing import force_of
from custvalue.errors import ParameterError
from custvalue.numerics.geometric_series import Ratio, total
from custvalue.reproductions.papers.dwyer import always_a_share
from custvalue.value.formulas.constant_retention import retention_path_value


def berger_nasr_case1(
    margin: ArrayLike, promotion: ArrayLike, retention: ArrayLike, rate: Rate, *, years: ArrayLike | None
) -> Array:
    """Case 1: margins now and at the ends of n years, promotion in mid-year.

    GC Σ_{i=0}^{n} r^i/(1+d)^i - M Σ_{i=1}^{n} r^(i-1)/(1+d)^(i-1/2): n + 1 margins, n promotions. All arguments
    broadcast; years=None is forever.

    Parameters
    ----------
    margin, promotion : array_like
        GC and M: gross contribution and cost of promotion, per customer and year.
    retention : array_like
        Yearly, 0 to 1.
    rate : Rate
        Of discount.
    years : array_like or None
        n, whole.

    Raises
    ------
    ParameterError
        A rate is a bare number, retention is outside [0, 1], years are negative or not whole.

    Examples
    --------
    >>> print(berger_nasr_case1(260, 50, 0.75, Rate.annual(0.20), years=10).round(2))
    568.78
    """
    return berger_nasr_case2(margin, promotion, retention, rate, years=years, cycle=1.0)


def berger_nasr_case2(
    margin: ArrayLike,
    promotion: ArrayLike,
    retention: ArrayLike,
    rate: Rate,
    *,
    years: ArrayLike | None,
    cycle: ArrayLike,
) -> Array:
    """Case 2: sales every `cycle` years, of 3 years (case 2a) or of a quarter (case 2b), promotion every mid-year.

    GC Σ_{i=0}^{n/q} r^i/(1+d)^(iq) - M Σ_{i=1}^{n} r^((i-1)/q)/(1+d)^(i-1/2), q the cycle; with p sales a year
    it is 1/p.

    Parameters
    ----------
    margin : array_like
        GC, of one sale.
    promotion : array_like
        M, per year.
    retention : array_like
        From one sale to the next, 0 to 1.
    rate : Rate
        Of discount.
    years : array_like or None
        n, whole; the last sale is the last whole cycle within it.
    cycle : array_like
        q: years between sales, > 0.

    Raises
    ------
    ParameterError
        As for case 1; or a cycle is not positive.

    Examples
    --------
    >>> print(berger_nasr_case2(7000, 95, 0.30, Rate.annual(0.20), years=12, cycle=3).round(2))
    8273.29
    """
    amount, cost, stays, force, n, q = together(
        margin=real("margin", margin),
        promotion=real("promotion", promotion),
        retention=share("retention", retention),
        rate=force_of(rate, "year"),
        years=periods("years", years, whole=True),
        cycle=positive("cycle", cycle),
    )
    sales = np.floor(n / q * (1 + 4e-16)) + 1  # 1/q sales a year, rounded down by a last bit, would lose one
    still = np.zeros(())
    earned = times(amount, total(Ratio.of(stays, still, force * q), sales))
    yearly = Ratio.of(stays ** (1 / q), still, force)
    return np.asarray(earned - times(cost, np.exp(-force / 2) * total(yearly, n)))


def berger_nasr_case3(margins: ArrayLike, retention: ArrayLike, rate: Rate) -> Array:
    """Case 3: margins that change over the years, Σ π(t) r^t/(1+d)^t, t = 0..n; the first is received now.

    Parameters
    ----------
    margins : array_like, shape (..., n + 1)
        π(0), ..., π(n), promotion already taken off.
    retention : array_like
        Yearly, 0 to 1; broadcasts with the leading axes.
    rate : Rate
        Of discount; broadcasts with the leading axes.

    Raises
    ------
    ParameterError
        As for case 1.

    Examples
    --------
    >>> print(berger_nasr_case3([100, 110, 120], 0.8, Rate.annual(0.20)).round(3))
    226.667
    """
    amounts = np.atleast_1d(real("margins", margins))
    stays = share("retention", retention)
    path = np.broadcast_to(stays[..., None], (*stays.shape, amounts.shape[-1]))
    return retention_path_value(amounts, path, rate, timing="now")


def berger_nasr_case4(
    margin: Callable[[float], ArrayLike], retention: ArrayLike, rate: Rate, *, years: float | None
) -> Array:
    """Case 4: a margin that flows all the time and changes with it, ∫_0^n π(t) r^t e^(-δt) dt.

    The integral is computed adaptively, to about 1e-10 of its size where π is smooth.

    Parameters
    ----------
    margin : callable
        π(t), per year, t years from now: a number, or an array that broadcasts with retention and rate.
    retention : array_like
        Yearly, 0 to 1: customers leave at the constant rate -log r.
    rate : Rate
        Of discount, as the force δ.
    years : float or None
        n, of any length; None is forever, where r < 1 or δ > 0 and the integral must converge.

    Raises
    ------
    ParameterError
        As for case 1; or the integral was asked for forever with r = 1 and no positive rate, or does not converge.

    Examples
    --------
    >>> print(berger_nasr_case4(lambda t: 100 + 10 * t, 0.8, Rate.annual(0.10), years=5).round(3))
    296.725
    """
    from scipy.integrate import quad_vec  # noqa: PLC0415 (loads only where it is used)

    stays, force = together(retention=share("retention", retention), rate=force_of(rate, "year"))
    n = float(periods("years", years, whole=False))
    with np.errstate(divide="ignore"):
        decay = np.log(stays) - force
    if np.isinf(n):
        require(decay < 0, "retention < 1 or a positive rate is needed forever", "Give years.", retention=stays)

    slowest = float(-decay.max(initial=-1e300)) / 2  # forever, u = 1 - e^(-slowest t) runs from 0 to 1

    def flow(t: float) -> Array:
        return np.asarray(margin(t)) * np.exp(t * decay if t else 0 * force)

    def faded(u: float) -> Array:
        t = -np.log1p(-u) / slowest
        return np.asarray(np.asarray(margin(t)) * np.exp(t * (decay + slowest)) / slowest)

    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        f, end = (faded, 1.0) if np.isinf(n) else (flow, n)
        value, error = quad_vec(f, 0.0, end, epsabs=0.0, epsrel=1e-11, limit=2000, norm="max")
    if not error <= 1e-6 * np.max(np.abs(value)):
        raise ParameterError(
            "the integral of margin(t) r^t e^(-δt) does not converge; give years, or a smoother margin"
        )
    return np.asarray(value)


def berger_nasr_case5(
    margin: ArrayLike, promotion: ArrayLike, repurchase: ArrayLike, rate: Rate, *, years: int
) -> Array:
    """Case 5: customers who pause and come back, with a chance to buy that depends on how long ago they last did.

    Of customers won now, C_0 = 1, the share C_i buys in year i: C_i = Σ_j C_(i-j) P_j Π_(k<j) (1 - P_k). The value is
    GC Σ_{i=0}^{n} C_i/(1+d)^i - M Σ_{i=1}^{n} A_i/(1+d)^(i-1/2), where A_i are those still approached in year i: who
    has not bought for as many years as there are chances P_j is given up. `MigrationModel.from_recency` is the same
    chain, with its variance and the best moment to give up.

    Parameters
    ----------
    margin, promotion : array_like
        GC, of one sale, and M, per customer approached and year; broadcast with the leading axes of `repurchase`.
    repurchase : array_like, shape (..., k)
        P_1, ..., P_k: chance of buying 1, ..., k years after the last purchase.
    rate : Rate
        Of discount.
    years : int
        n.

    Raises
    ------
    ParameterError
        As for case 1; or a chance is outside [0, 1].

    Examples
    --------
    >>> print(berger_nasr_case5(100, 10, [0.5, 0.2], Rate.annual(0.10), years=2).round(3))
    156.178
    """
    book = always_a_share(
        margin, repurchase, rate, periods_ahead=years, contact_cost=promotion, cost_timing="middle", unit="year"
    )
    return book.value
