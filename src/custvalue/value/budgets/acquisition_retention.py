"""Budgets for acquiring and for keeping customers: Blattberg and Deighton's, solved.

R. C. Blattberg and J. Deighton, "Manage marketing by the customer equity test", Harvard Business Review, Jul-Aug 1996;
P. E. Pfeifer, "The optimal ratio of acquisition and retention costs", Journal of Targeting, Measurement and Analysis
for Marketing 13(2), 2005 (as cited; not checked against the papers). Both search for the optimum with a spreadsheet;
here it is a closed form.
"""

from __future__ import annotations

import numpy as np
from attrs import field, frozen

from custvalue._arguments import not_negative, positive, real, require, share, together
from custvalue._columns import same
from custvalue._typing import Array, ArrayLike
from custvalue.discounting.rate import Rate
from custvalue.discounting.timing import force_of
from custvalue.units import Unit


def _as_ceiling(values: ArrayLike) -> Array:
    return share("ceiling", values)


def _as_k(values: ArrayLike) -> Array:
    return positive("k", values)


@frozen
class ResponseCurve:
    """The share of prospects won, or of customers kept, by spending: ceiling (1 - e^(-k spend)).

    Parameters
    ----------
    ceiling : float or array
        The share that no spending exceeds, 0 to 1.
    k : float or array
        How fast spending per head approaches it, per unit of money.

    Raises
    ------
    ParameterError
        A ceiling is outside [0, 1], or k is not positive.

    Examples
    --------
    >>> curve = ResponseCurve.from_point(ceiling=0.4, spend=5, share=0.125)
    >>> print(curve.k.round(6), curve.share(10).round(4))
    0.074939 0.2109
    """

    ceiling: Array = field(converter=_as_ceiling, eq=same)
    k: Array = field(converter=_as_k, eq=same)

    @classmethod
    def from_point(cls, ceiling: ArrayLike, spend: ArrayLike, share: ArrayLike) -> ResponseCurve:
        """The curve through today's spending and today's share, below a ceiling that a manager judges.

        Raises
        ------
        ParameterError
            0 < share < ceiling does not hold, or the spending is not positive.
        """
        top, spent, found = together(
            ceiling=_as_ceiling(ceiling), spend=positive("spend", spend), share=real("share", share)
        )
        require(
            (found > 0) & (found < top),
            "0 < share < ceiling must hold",
            "The ceiling is the share that no spending exceeds.",
            share=found,
            ceiling=top,
        )
        return cls(top, -np.log1p(-found / top) / spent)

    def share(self, spend: ArrayLike) -> Array:
        """Share won or kept at this spending per head."""
        return np.asarray(-self.ceiling * np.expm1(-self.k * not_negative("spend", spend)))

    def slope(self, spend: ArrayLike) -> Array:
        """Share gained by one more unit of money; its inverse is the marginal cost of a customer."""
        return np.asarray(self.ceiling * self.k * np.exp(-self.k * not_negative("spend", spend)))


@frozen(eq=False)
class AcquisitionBudget:
    """The best spending on acquisition.

    Attributes
    ----------
    spend : array
        Per prospect.
    share : array
        Of prospects won.
    value : array
        Per prospect: share x the customer's value - spend.
    marginal_cost : array
        Of one more customer: at the optimum the customer's value, or more where nothing is worth spending.
    """

    spend: Array = field()
    share: Array = field()
    value: Array = field()
    marginal_cost: Array = field()


def acquisition_budget(customer_value: ArrayLike, response: ResponseCurve) -> AcquisitionBudget:
    """The spending per prospect that maximizes a(A) V - A, at which the last customer costs what one is worth.

    A* = log(C k V)/k, or 0 where even the first costs more: C k V <= 1.

    Parameters
    ----------
    customer_value : array_like
        V, of a customer once won, before the cost of winning one.
    response : ResponseCurve
        a(A).

    Raises
    ------
    ParameterError
        A value is not finite.

    Examples
    --------
    >>> best = acquisition_budget(60, ResponseCurve.from_point(ceiling=0.4, spend=5, share=0.125))
    >>> print(best.spend.round(4), best.share.round(4), best.value.round(4), best.marginal_cost.round(4))
    7.8327 0.1776 2.8231 60.0
    """
    worth, top, k = together(
        customer_value=real("customer_value", customer_value), ceiling=response.ceiling, k=response.k
    )
    spend = np.log(np.maximum(top * k * worth, 1.0)) / k
    won = response.share(spend)
    with np.errstate(divide="ignore"):
        return AcquisitionBudget(spend, won, won * worth - spend, np.asarray(1 / response.slope(spend)))


@frozen(eq=False)
class EquityBudget:
    """The best spending on acquisition and on retention, and what it is worth.

    Attributes
    ----------
    acquisition : AcquisitionBudget
        Per prospect; its `value` is the customer equity of a prospect.
    retention_spend : array
        Per customer and period.
    retention : array
        Share of customers kept per period.
    customer_value : array
        Of a customer once won.
    marginal_retention_cost : array
        Of keeping one more customer: at an inner optimum the customer's value, as the marginal cost of acquisition is.
    """

    acquisition: AcquisitionBudget = field()
    retention_spend: Array = field()
    retention: Array = field()
    customer_value: Array = field()
    marginal_retention_cost: Array = field()

    @property
    def equity(self) -> Array:
        """Customer equity per prospect."""
        return self.acquisition.value


def equity_per_prospect(
    margin: ArrayLike,
    acquisition: ResponseCurve,
    retention: ResponseCurve,
    *,
    rate: Rate,
    acquisition_spend: ArrayLike,
    retention_spend: ArrayLike,
    unit: Unit,
) -> Array:
    """Blattberg & Deighton's customer equity of a prospect, a m - A + a (m - R/r) r'/(1 - r') with r' = r/(1 + d).

    Timing, the paper's: the first margin m when the customer is won, now, with A; later ones at the end of each period,
    by those who stay; R is paid at the end of each period for everybody who began it. As a formula in R alone,
    a (m + (m r - R)/(1 + d - r)) - A, which also holds at R = 0.

    Parameters
    ----------
    margin : array_like
        m, per customer and period.
    acquisition, retention : ResponseCurve
        a(A) and r(R).
    rate : Rate
        Of discount.
    acquisition_spend, retention_spend : array_like
        A per prospect, and R per customer and period.
    unit : {"year", "quarter", "month", "week", "day"}
        The period.

    Raises
    ------
    ParameterError
        A spending is negative, or r(R) reaches 1 + d, so that customers are worth infinitely much.

    Examples
    --------
    >>> win = ResponseCurve.from_point(ceiling=0.4, spend=5, share=0.125)
    >>> keep = ResponseCurve.from_point(ceiling=0.7, spend=10, share=0.4)
    >>> given = {"rate": Rate.annual(0.20), "unit": "year"}
    >>> print(equity_per_prospect(60, win, keep, acquisition_spend=5, retention_spend=10, **given).round(4))
    4.6875
    """
    spent = not_negative("acquisition_spend", acquisition_spend)
    worth = _worth(real("margin", margin), retention, not_negative("retention_spend", retention_spend), rate, unit)
    return np.asarray(acquisition.share(spent) * worth - spent)


def _worth(margin: Array, retention: ResponseCurve, spend: Array, rate: Rate, unit: Unit) -> Array:
    """m + (m r - R)/(1 + d - r)."""
    kept = retention.share(spend)
    gap = np.expm1(force_of(rate, unit)) + (1 - kept)
    require(
        gap > 0, "retention must stay below 1 + rate", "Lower the ceiling of retention, or raise the rate.", gap=gap
    )
    return np.asarray(margin + (margin * kept - spend) / gap)


def customer_equity_budget(
    margin: ArrayLike, acquisition: ResponseCurve, retention: ResponseCurve, *, rate: Rate, unit: Unit
) -> EquityBudget:
    """The spending on acquisition and retention that maximizes `equity_per_prospect`, in closed form.

    Retention does not depend on acquisition: a customer is worth W(R) = m + (m r - R)/(1 + d - r), greatest where
    r'(R) W = 1. With M = m (1 + d) and D = 1 + d - C that is u e^u = (D/C) e^(k M - 1) for u = k (M - R) - 1, and
    R* = log(u C/D)/k with Lambert's function (Wright's omega, which does not overflow). Then A* is `acquisition_budget`
    of W(R*). Pfeifer's condition holds at an inner optimum: the last customer won costs as much as the last one kept,
    and that is what a customer is worth.

    Arguments are those of `equity_per_prospect`.

    Raises
    ------
    ParameterError
        A margin is negative; or retention could reach 1 + d, so that no optimum exists.

    Examples
    --------
    >>> win = ResponseCurve.from_point(ceiling=0.4, spend=5, share=0.125)
    >>> keep = ResponseCurve.from_point(ceiling=0.7, spend=10, share=0.4)
    >>> best = customer_equity_budget(60, win, keep, rate=Rate.annual(0.20), unit="year")
    >>> print(best.acquisition.spend.round(4), best.retention_spend.round(4), best.equity.round(4))
    12.1344 18.7861 7.6507
    >>> costs = best.acquisition.marginal_cost, best.marginal_retention_cost
    >>> print(best.customer_value.round(4), *(cost.round(4) for cost in costs))
    82.8233 82.8233 82.8233
    """
    from scipy.special import wrightomega  # noqa: PLC0415 (loads only where it is used)

    m, force, top, k = together(
        margin=not_negative("margin", margin),
        rate=force_of(rate, unit),
        ceiling=retention.ceiling,
        k=retention.k,
    )
    gap = np.expm1(force) + (1 - top)
    require(gap > 0, "the ceiling of retention must stay below 1 + rate", "Lower it, or raise the rate.", ceiling=top)
    with np.errstate(divide="ignore"):
        odds = np.log(gap / top)
    some = top > 0
    omega = wrightomega(np.where(some, odds, 0.0) + k * m * np.exp(force) - 1)
    with np.errstate(divide="ignore"):
        inner = (np.log(np.maximum(omega, 0.0)) - np.where(some, odds, np.inf)) / k
    spend = np.maximum(inner, 0.0)
    worth = _worth(m, retention, spend, rate, unit)
    with np.errstate(divide="ignore"):
        marginal = np.asarray(1 / retention.slope(spend))
    return EquityBudget(acquisition_budget(worth, acquisition), spend, retention.share(spend), worth, marginal)
