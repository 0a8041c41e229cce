"""Whom to contact so that they stay: what a campaign earns, how many to contact, and whom under a budget.

One campaign underlies everything here. Contacting a customer costs `contact_cost`. A customer about to leave accepts
the incentive with the probability `acceptance`, stays, and is then worth `clv`, less the `incentive`. A customer who
would have stayed takes the incentive, too, and it is lost. With y = 1 for those about to leave, a contact earns

    acceptance y (clv - incentive) - (1 - y) incentive - contact_cost

(Neslin et al. 2006; Verbraken, Verbeke & Baesens 2013). `clv` is therefore what a customer is worth *if they stay*.
The trap: `custvalue.clv` is already multiplied by P(alive); divide it by that.
"""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
from attrs import converters, field, frozen

from custvalue._columns import read_only, same
from custvalue._results import Rows, as_column
from custvalue._typing import Array, ArrayLike, Bools, Ints
from custvalue.churn._scored import acceptances, amounts, column, labels, probabilities, rank, same_length, weights_of
from custvalue.errors import ParameterError

_ROUNDS: Final = 50
"""Times that what is left of the budget is offered to customers further down. Each time more of them no longer fit; on
200,000 customers of random profits and costs the first rounds use all of the budget but a share of 1e-5."""
_EXACT: Final = 1e-12
"""Relative rounding of sums of profits, and of a budget such as 0.3 for 3 customers who cost 0.1 each."""


def gain_and_cost(churn: Array, clv: ArrayLike, incentive: ArrayLike, contact_cost: ArrayLike) -> tuple[Array, Array]:
    """Split the profit of a contact, acceptance x gain - cost: what it gains from churners who accept, and its cost.

    `churn` is the probability of leaving, or 1 and 0 for what happened: gain = y (clv - incentive) and
    cost = contact_cost + (1 - y) incentive.
    """
    size = len(churn)
    offered = amounts("incentive", incentive, size, low=0.0)
    gain = churn * (amounts("clv", clv, size) - offered)
    cost = amounts("contact_cost", contact_cost, size, low=0.0) + (1 - churn) * offered
    return np.asarray(gain), np.asarray(cost)


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
    return np.asarray(acceptances(acceptance, len(p)) * gain - cost)


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
    offered = amounts("incentive", incentive, len(p), low=0.0)
    contact = amounts("contact_cost", contact_cost, len(p), low=0.0)
    accepted = p * acceptances(acceptance, len(p)) + (1 - p)
    return np.asarray(contact + offered * accepted)


@frozen
class ProfitCurve(Rows):
    """Profit of a campaign over the fraction of customers contacted, from nobody to all, highest ranks first.

    Attributes
    ----------
    fraction : array
        Share of customers contacted, from 0 to 1, wherever the ranking tells customers apart.
    expected : array
        Expected profit in total.
    realized : array or None
        Profit in total with what happened in place of the probabilities, where that is known.
    """

    fraction: Array = field(converter=as_column, eq=same)
    expected: Array = field(converter=as_column, eq=same)
    realized: Array | None = field(default=None, converter=converters.optional(as_column), eq=same)

    @property
    def best(self) -> int:
        """The point of the curve at which the expected profit is highest; the first such."""
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
    """Profit of contacting the first customers of a ranking, by the fraction contacted.

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
        earned = contact_profit(left, clv, contact_cost=contact_cost, incentive=incentive, acceptance=acceptance)
        realized = ranking.total(earned)
    return ProfitCurve(ranking.fraction(), ranking.total(expected), realized)


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
    campaign = {"contact_cost": contact_cost, "incentive": incentive, "acceptance": acceptance}
    return profit_curve(churn, clv, **campaign, by=by, weights=weights).optimal_fraction


def _as_flags(values: ArrayLike) -> Bools:
    return read_only(np.asarray(values, dtype=np.bool_))


@frozen
class Selection(Rows):
    """The customers chosen under a budget.

    Attributes
    ----------
    chosen : array of bool, shape (n,)
        Whether each customer is contacted.
    profit, cost : float
        Their totals.
    bound : float
        An upper bound of the profit of any choice within the budget.
    """

    chosen: Bools = field(converter=_as_flags, eq=same)
    profit: float
    cost: float
    bound: float

    @property
    def exact(self) -> bool:
        """Whether this is known to be the best choice: the profit is the bound."""
        return self.profit >= self.bound * (1 - _EXACT)


def select_customers(profit: ArrayLike, *, budget: float, cost: ArrayLike = 1.0) -> Selection:
    """Choose the customers with the most profit in total whose cost is within a budget.

    Parameters
    ----------
    profit : array_like, shape (n,)
        Of choosing each customer, cost already taken off, as from `contact_profit`. Nobody is chosen at a loss.
    budget : float
        What may be spent; with the `cost` of 1 for each customer, the number who may be chosen. Infinite: no limit.
    cost : array_like
        Of each customer, or one for all; not negative.

    Raises
    ------
    DataError
        A profit or cost is missing, a cost negative, or lengths differ.
    ParameterError
        The budget is negative.

    Notes
    -----
    Exact where all costs are equal, and where the budget suffices for everyone with a profit. Otherwise this is the
    0-1 knapsack problem: customers are taken by profit per cost while they fit, then those further down who still do
    (or the one best customer alone, where that is more). That is at least half of the possible profit, and at most one
    customer's profit below `bound`, the optimum if the last customer could be divided (Dantzig 1957).

    Examples
    --------
    >>> found = select_customers([5.0, 9.0, -1.0, 4.0], budget=2)
    >>> print(found.chosen, found.profit, found.exact)
    [ True  True False False] 14.0 True
    >>> select_customers([60.0, 100.0, 120.0], cost=[10, 20, 30], budget=50).bound
    240.0
    """
    gain = column("profit", profit)
    price = amounts("cost", cost, len(gain), low=0.0)
    if not (np.ndim(budget) == 0 and budget >= 0):
        raise ParameterError(f"budget must be a number and not negative; got {budget!r}")
    order = _by_return(gain, price, float(budget))
    if len(order) and price[order].min() == price[order].max():
        taken, bound = _of_equal_cost(gain[order], float(price[order[0]]), float(budget))
    else:
        taken, bound = _greedy(gain[order], price[order], float(budget))
    chosen = np.zeros(len(gain), dtype=np.bool_)
    chosen[order[taken]] = True
    total = float(gain[chosen].sum())
    return Selection(chosen, total, float(price[chosen].sum()), max(bound, total))


def _by_return(gain: Array, price: Array, budget: float) -> Ints:
    """Customers with a profit who cost no more than the budget, most profit per cost first; then most profit."""
    some = np.flatnonzero((gain > 0) & (price <= budget))
    with np.errstate(divide="ignore", over="ignore"):
        per_cost = gain[some] / price[some]
    return np.asarray(some[np.lexsort((-gain[some], -per_cost))])


def _of_equal_cost(gain: Array, price: float, budget: float) -> tuple[Ints, float]:
    """The first that the budget pays for: the optimum, so that their profit is the bound."""
    many = len(gain) if price * len(gain) <= budget else int(budget / price * (1 + _EXACT))
    return np.arange(many), float(gain[:many].sum())


def _greedy(gain: Array, price: Array, budget: float) -> tuple[Ints, float]:
    """What fits, in order; then, from what is left, those further down who fit; or the one best customer alone."""
    spent = np.cumsum(price)
    first = int(np.searchsorted(spent, budget, side="right"))
    if first == len(gain):
        return np.arange(first), float(gain.sum())
    left = budget - (spent[first - 1] if first else 0.0)
    bound = float(gain[:first].sum() + gain[first] * left / price[first])  # Dantzig (1957): the first misfit divided
    taken, rest = [np.arange(first)], np.arange(first + 1, len(gain))
    for _ in range(_ROUNDS):
        rest = rest[price[rest] <= left]
        if not len(rest):
            break
        spent = np.cumsum(price[rest])
        fit = int(np.searchsorted(spent, left, side="right"))
        taken.append(rest[:fit])
        left -= spent[fit - 1]
        rest = rest[fit:]
    together = np.concatenate(taken)
    alone = int(np.argmax(gain))  # with the first misfit at most this, the better of both is half of the bound
    return (np.array([alone]) if gain[alone] > gain[together].sum() else together), bound


def _as_order(values: ArrayLike) -> Ints:
    return read_only(np.asarray(values, dtype=np.intp))


@frozen
class ChurnLoss(Rows):
    """The customer lifetime value that is expected to be lost if nothing is done.

    Attributes
    ----------
    values : array, shape (n,)
        Of each customer: churn probability x CLV.
    total : float
        Of all.
    order : array of int, shape (n,)
        Customers, largest loss first.
    """

    _columns: ClassVar = ("values",)

    values: Array = field(converter=as_column, eq=same)
    total: float
    order: Ints = field(converter=_as_order, eq=same)


def expected_churn_loss(churn: ArrayLike, clv: ArrayLike) -> ChurnLoss:
    """Expected loss of customer lifetime value to churn: churn probability x CLV of each customer, and the total.

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
    >>> found = expected_churn_loss([0.9, 0.5, 0.1], [50, 200, 500])
    >>> print(found.values, found.total, found.order)
    [ 45. 100.  50.] 195.0 [1 2 0]
    """
    p = probabilities("churn", churn)
    values = p * amounts("clv", clv, len(p))
    return ChurnLoss(values, float(values.sum()), np.argsort(-values, kind="stable"))
