"""Berger and Nasr's five cases of customer lifetime value, each with the timing the paper gives it.

P. D. Berger and N. I. Nasr, "Customer lifetime value: marketing models and applications", Journal of Interactive
Marketing 12(1), 17-30, 1998 (as cited; not checked against the paper). In all cases the first margin is received now
and later ones at the ends of periods, by customers who are still there; promotion is paid in the middle of periods, for
customers who began them. Arguments are checked by the general functions that each case calls.

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

from custvalue._arguments import only, periods, positive, require, share, together
from custvalue._typing import Array, ArrayLike
from custvalue.discounting.rate import Rate
from custvalue.discounting.timing import force_of
from custvalue.errors import ParameterError
from custvalue.value.formulas.constant_retention import constant_retention_value, retention_path_value
from custvalue.value.migration.chain import MigrationModel


def berger_nasr_case1(
    margin: ArrayLike, promotion: ArrayLike, retention: ArrayLike, *, rate: Rate, years: ArrayLike | None
) -> Array:
    """Case 1: n + 1 margins, now and at the ends of n years, and n promotions in mid-year; years=None is forever.

    GC Σ_{i=0}^{n} r^i/(1+d)^i - M Σ_{i=1}^{n} r^(i-1)/(1+d)^(i-1/2).

    >>> print(berger_nasr_case1(260, 50, 0.75, rate=Rate.annual(0.20), years=10).round(2))
    568.78
    """
    return berger_nasr_case2(margin, promotion, retention, rate=rate, years=years, cycle=1.0)


def berger_nasr_case2(
    margin: ArrayLike,
    promotion: ArrayLike,
    retention: ArrayLike,
    *,
    rate: Rate,
    years: ArrayLike | None,
    cycle: ArrayLike,
) -> Array:
    """Case 2: sales every `cycle` years, of 3 years (case 2a) or of a quarter (case 2b), promotion every mid-year.

    GC Σ_{i=0}^{n/q} r^i/(1+d)^(iq) - M Σ_{i=1}^{n} r^((i-1)/q)/(1+d)^(i-1/2), q the cycle, r the retention from one
    sale to the next; with p sales a year q is 1/p.

    >>> print(berger_nasr_case2(7000, 95, 0.30, rate=Rate.annual(0.20), years=12, cycle=3).round(2))
    8273.29
    """
    q, n = positive("cycle", cycle), np.asarray(np.inf if years is None else years, dtype=np.float64)
    sales = np.floor(n / q * (1 + 4e-16)) + 1  # 1/q sales a year, rounded down by a last bit, would lose one
    per_cycle = Rate.continuous(force_of(rate, "year") * q)
    earned = constant_retention_value(margin, retention, rate=per_cycle, timing="now", unit="year", horizon=sales)
    yearly = share("retention", retention) ** (1 / q)
    return earned - constant_retention_value(promotion, yearly, rate=rate, timing="middle", unit="year", horizon=n)


def berger_nasr_case3(margins: ArrayLike, retention: ArrayLike, *, rate: Rate) -> Array:
    """Case 3: margins that change over the years, Σ π(t) r^t/(1+d)^t, t = 0..n; the first is received now.

    `margins` have shape (..., n + 1), promotion already taken off; retention and rate broadcast with the leading axes.

    >>> print(berger_nasr_case3([100, 110, 120], 0.8, rate=Rate.annual(0.20)).round(3))
    226.667
    """
    stays = np.asarray(retention, dtype=np.float64)[..., None] * np.ones(np.atleast_1d(margins).shape[-1])
    return retention_path_value(margins, stays, rate=rate, timing="now", unit="year")


def berger_nasr_case4(
    margin: Callable[[float], ArrayLike], retention: ArrayLike, *, rate: Rate, years: float | None
) -> Array:
    """Case 4: a margin that flows all the time and changes with it, ∫_0^n π(t) r^t e^(-δt) dt.

    The integral is computed adaptively, to about 1e-10 of its size where π is smooth; customers leave at the constant
    rate -log r.

    Raises
    ------
    ParameterError
        The integral was asked for forever (years=None) with r = 1 and no positive rate, or does not converge.

    Examples
    --------
    >>> print(berger_nasr_case4(lambda t: 100 + 10 * t, 0.8, rate=Rate.annual(0.10), years=5).round(3))
    296.725
    """
    from scipy.integrate import quad_vec  # noqa: PLC0415 (loads only where it is used)

    stays, force = together(retention=share("retention", retention), rate=force_of(rate, "year"))
    n = only("years", periods("years", years, whole=False))
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
    margin: ArrayLike, promotion: ArrayLike, repurchase: ArrayLike, *, rate: Rate, years: int
) -> Array:
    """Case 5: customers who pause and come back, with probability P_j of buying j years after the last purchase.

    Of customers acquired now, C_0 = 1, the share C_i = Σ_j C_(i-j) P_j Π_(k<j) (1 - P_k) buys in year i. The value is
    GC Σ_{i=0}^{n} C_i/(1+d)^i - M Σ_{i=1}^{n} A_i/(1+d)^(i-1/2), where A_i are those still approached in year i:
    those who have not bought for as many years as there are probabilities are given up.

    >>> print(berger_nasr_case5(100, 10, [0.5, 0.2], rate=Rate.annual(0.10), years=2).round(3))
    156.178
    """
    buyers = MigrationModel.from_recency(repurchase, margin=margin, unit="year")
    approached = MigrationModel.from_recency(repurchase, margin=0.0, contact_cost=promotion, unit="year")
    earned = buyers.value(rate=rate, timing="now", horizon=years + 1)
    return np.asarray((earned + approached.value(rate=rate, timing="middle", horizon=years))[..., 0])
