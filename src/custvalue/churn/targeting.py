"""Whom to contact so that they stay: what a campaign earns, how many to contact, and whom under a budget.

One campaign underlies everything here. Contacting a customer costs `contact_cost`. A customer about to leave accepts
the incentive with the probability `acceptance`, stays, and is then worth `clv`, less the `incentive`. A customer who
would have stayed takes the incentive, too, and it is lost. With y = 1 for those about to leave, a contact earns

    acceptance y (clv - incentive) - (1 - y) incentive - contact_cost

(Neslin et al. 2006; Verbraken, Verbeke & Baesens 2013). `clv` is therefore what a customer is worth *if they stay*.
The trap: `custvalue.clv` is already multiplied by P(alive); divide it by that.
"""

from __future__ import annotations

import numpy as np
from attrs import cmp_using, field, frozen

from custvalue._columns import read_only
from custvalue._typing import Array, ArrayLike, Ints
from custvalue.churn._campaign import gain_and_cost
from custvalue.churn._checks import acceptance_of, column, labels, money, probabilities, same_length, weights_of
from custvalue.churn._ranking import rank
from custvalue.churn._selection import Selection, select
from custvalue.churn.maximum_profit import MaximumProfit, empc, mpc

__all__ = [
    "MaximumProfit",
    "ProfitCurve",
    "Selection",
    "ValueAtRisk",
    "contact_outlay",
    "contact_profit",
    "empc",
    "mpc",
    "optimal_fraction",
    "profit_curve",
    "select",
    "value_at_risk",
]

_same = cmp_using(eq=np.array_equal)


def contact_profit(
    churn: ArrayLike, clv: ArrayLike, *, contact_cost: ArrayLike, incentive: ArrayLike, acceptance: ArrayLike
) -> Array:
    """Expected profit of contacting each customer, over leaving them alone.

    Parameters
    ----------
    churn : array_like, shape (n,)
        Probability that each customer is about to leave, such as 1 - P(alive); or 1 and 0, for what happened.
    clv : array_like
        What each is worth if they stay; one for all or one per customer, as the following.
    contact_cost, incentive : array_like
        Cost of a contact, and of the offer to those who take it.
    acceptance : array_like
        Probability that a customer about to leave accepts it and stays. Those who would have stayed always accept it.

    Raises
    ------
    DataError
        A probability is outside [0, 1], a value is missing, or lengths differ.
    ParameterError
        A cost for all is negative or an acceptance outside [0, 1].

    Examples
    --------
    >>> print(contact_profit([0.9, 0.5, 0.1], [50, 200, 500], contact_cost=1, incentive=10, acceptance=0.3))
    [ 8.8 22.5  4.7]
    """
    p = probabilities("churn", churn)
    gain, cost = gain_and_cost(p, clv, incentive, contact_cost)
    return np.asarray(acceptance_of(acceptance, len(p)) * gain - cost)


def contact_outlay(churn: ArrayLike, *, contact_cost: ArrayLike, incentive: ArrayLike, acceptance: ArrayLike) -> Array:
    """Money that contacting each customer is expected to take: the contact, and the incentive if it is accepted.

    `contact_profit` is acceptance x churn x clv less this.

    Parameters
    ----------
    churn, contact_cost, incentive, acceptance
        As for `contact_profit`.

    Examples
    --------
    >>> print(contact_outlay([0.9, 0.5, 0.1], contact_cost=1, incentive=10, acceptance=0.3))
    [ 4.7  7.5 10.3]
    """
    p = probabilities("churn", churn)
    offered, contact = (
        money("incentive", incentive, len(p), low=0.0),
        money("contact_cost", contact_cost, len(p), low=0.0),
    )
    accepted = p * acceptance_of(acceptance, len(p)) + (1 - p)
    return np.asarray(contact + offered * accepted)


@frozen
class ProfitCurve:
    """Profit of a campaign over the fraction of customers contacted, from nobody to all.

    Attributes
    ----------
    fraction : array
        Share of customers contacted, from 0 to 1, wherever the ranking tells customers apart.
    expected : array
        Expected profit in total.
    realized : array or None
        Profit in total with what happened in place of the probabilities, where that is known.
    """

    fraction: Array = field(converter=read_only, eq=_same)
    expected: Array = field(converter=read_only, eq=_same)
    realized: Array | None = field(default=None, eq=_same)

    @property
    def best(self) -> int:
        """Where on the curve the expected profit is highest; the first such point."""
        return int(np.argmax(self.expected))

    @property
    def optimal_fraction(self) -> float:
        """The share of customers to contact for the highest expected profit."""
        return float(self.fraction[self.best])

    @property
    def maximum(self) -> float:
        """The highest expected profit."""
        return float(self.expected[self.best])


def profit_curve(
    churn: ArrayLike,
    clv: ArrayLike,
    *,
    contact_cost: ArrayLike,
    incentive: ArrayLike,
    acceptance: ArrayLike,
    by: ArrayLike | None = None,
    y: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> ProfitCurve:
    """Profit of contacting the first customers of a ranking, over how many are contacted.

    Parameters
    ----------
    churn, clv, contact_cost, incentive, acceptance
        As for `contact_profit`.
    by : array_like, shape (n,), optional
        What customers are ranked by, highest first, such as `churn` alone; without it, by their expected profit, which
        no other ranking surpasses at any fraction.
    y : array_like, shape (n,), optional
        1 for customers who left (without a campaign), 0 for those who stayed: adds what the same ranking would have
        earned.
    weights : array_like, shape (n,), optional
        How much each customer counts.

    Raises
    ------
    DataError, ParameterError
        As for `contact_profit`.

    Examples
    --------
    >>> campaign = {"contact_cost": 1, "incentive": 10, "acceptance": 0.3}
    >>> curve = profit_curve([0.9, 0.5, 0.05], [50, 200, 500], **campaign)
    >>> print(curve.expected.round(2), round(curve.optimal_fraction, 2))
    [ 0.   22.5  31.3  28.15] 0.67
    """
    expected = contact_profit(churn, clv, contact_cost=contact_cost, incentive=incentive, acceptance=acceptance)
    key = expected if by is None else column("by", by)
    same_length(churn=expected, by=key)
    ranking = rank(key, weights_of(weights, len(key)))
    realized = None
    if y is not None:
        left = labels(y)
        same_length(churn=expected, y=left)
        realized = contact_profit(left, clv, contact_cost=contact_cost, incentive=incentive, acceptance=acceptance)
    return ProfitCurve(
        ranking.fraction(), ranking.total(expected), None if realized is None else read_only(ranking.total(realized))
    )


def optimal_fraction(
    churn: ArrayLike,
    clv: ArrayLike,
    *,
    contact_cost: ArrayLike,
    incentive: ArrayLike,
    acceptance: ArrayLike,
    by: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> float:
    """The fraction of customers to contact for the highest expected profit: where the `profit_curve` is highest.

    Parameters
    ----------
    churn, clv, contact_cost, incentive, acceptance, by, weights
        As for `profit_curve`. Without `by`, it is the share of customers whose expected profit is above 0.

    Examples
    --------
    >>> optimal_fraction([0.9, 0.5, 0.05, 0.0], [50, 200, 500, 900], contact_cost=1, incentive=10, acceptance=0.3)
    0.5
    """
    return profit_curve(
        churn,
        clv,
        contact_cost=contact_cost,
        incentive=incentive,
        acceptance=acceptance,
        by=by,
        weights=weights,
    ).optimal_fraction


@frozen
class ValueAtRisk:
    """What is expected to be lost if nothing is done.

    Attributes
    ----------
    values : array, shape (n,)
        Of each customer: churn probability x CLV.
    total : float
        Of all.
    order : array of int, shape (n,)
        Customers, most at risk first.
    """

    values: Array = field(converter=read_only, eq=_same)
    total: float
    order: Ints = field(converter=read_only, eq=_same)


def value_at_risk(churn: ArrayLike, clv: ArrayLike) -> ValueAtRisk:
    """Churn probability x CLV of each customer, the total, and who comes first.

    What leaving customers are expected to take with them; not the quantile of losses that finance calls so.

    Parameters
    ----------
    churn : array_like, shape (n,)
        Probability that each customer is about to leave, such as 1 - P(alive).
    clv : array_like
        What each is worth if they stay; one for all or one per customer.

    Raises
    ------
    DataError
        A probability is outside [0, 1], a CLV is missing or infinite, or lengths differ.

    Examples
    --------
    >>> found = value_at_risk([0.9, 0.5, 0.1], [50, 200, 500])
    >>> print(found.values, found.total, found.order)
    [ 45. 100.  50.] 195.0 [1 2 0]
    """
    p = probabilities("churn", churn)
    values = p * money("clv", clv, len(p))
    return ValueAtRisk(values, float(values.sum()), np.argsort(-values, kind="stable"))
