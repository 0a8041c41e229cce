"""Whom to choose when the budget does not reach for all."""

from __future__ import annotations

import numpy as np
from attrs import cmp_using, field, frozen

from custvalue._columns import read_only
from custvalue._typing import Array, ArrayLike, Bools, Ints
from custvalue.churn._checks import column, money
from custvalue.errors import ParameterError

_ROUNDS = 50
"""How often what is left of the budget is offered to the customers further down; each time more of them are passed."""


@frozen
class Selection:
    """The customers chosen under a budget.

    Attributes
    ----------
    chosen : array of bool, shape (n,)
        Whether each customer is contacted.
    profit, cost : float
        Their totals.
    bound : float
        No choice within the budget has more profit than this.
    """

    chosen: Bools = field(converter=read_only, eq=cmp_using(eq=np.array_equal))
    profit: float
    cost: float
    bound: float

    @property
    def exact(self) -> bool:
        """Whether this is known to be the best choice: the profit is the bound."""
        return self.profit >= self.bound * (1 - 1e-12)


def select(profit: ArrayLike, *, budget: float, cost: ArrayLike = 1.0) -> Selection:
    """Choose the customers with the most profit in total whose cost is within a budget.

    Parameters
    ----------
    profit : array_like, shape (n,)
        Of choosing each customer, cost already taken off, as from `contact_profit`. Nobody is chosen at a loss.
    budget : float
        What may be spent; with the `cost` of 1 for each customer, how many may be chosen. Infinite for no limit.
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
    Exact where all costs are equal, and where the budget reaches for everyone with a profit. Otherwise this is the
    0-1 knapsack problem: customers are taken by profit per cost while they fit, then those further down who still do
    (or the one best customer alone, where that is more). That is at least half of the possible profit, and at most one
    customer's profit below `bound`, the best choice if the last customer could be divided (Dantzig 1957).

    Examples
    --------
    >>> found = select([5.0, 9.0, -1.0, 4.0], budget=2)
    >>> print(found.chosen, found.profit, found.exact)
    [ True  True False False] 14.0 True
    >>> select([60.0, 100.0, 120.0], cost=[10, 20, 30], budget=50).bound
    240.0
    """
    gain = column("profit", profit)
    price = money("cost", cost, len(gain), low=0.0)
    if not (np.ndim(budget) == 0 and budget >= 0):
        raise ParameterError(f"budget must be a number and not negative; got {budget!r}")
    order = _by_return(gain, price, float(budget))
    if len(order) and price[order].min() == price[order].max():
        taken, bound = _equal(gain[order], float(price[order[0]]), float(budget))
    else:
        taken, bound = _greedy(gain[order], price[order], float(budget))
    chosen = np.zeros(len(gain), dtype=np.bool_)
    chosen[order[taken]] = True
    total = float(gain[chosen].sum())
    return Selection(chosen, total, float(price[chosen].sum()), max(bound, total))


def _by_return(gain: Array, price: Array, budget: float) -> Ints:
    """Customers with a profit whom the budget reaches for, most profit per cost first; then most profit."""
    some = np.flatnonzero((gain > 0) & (price <= budget))
    with np.errstate(divide="ignore", over="ignore"):
        per_cost = gain[some] / price[some]
    return np.asarray(some[np.lexsort((-gain[some], -per_cost))])


def _equal(gain: Array, price: float, budget: float) -> tuple[Ints, float]:
    """As many as the budget reaches for: nothing is better, so that their profit is the bound."""
    many = len(gain) if price * len(gain) <= budget else int(budget / price * (1 + 1e-12))
    return np.arange(many), float(gain[:many].sum())


def _greedy(gain: Array, price: Array, budget: float) -> tuple[Ints, float]:
    """What fits, in order; then, from what is left, those further down who fit; or the one best customer alone."""
    spent = np.cumsum(price)
    first = int(np.searchsorted(spent, budget, side="right"))
    if first == len(gain):
        return np.arange(first), float(gain.sum())
    left = budget - (spent[first - 1] if first else 0.0)
    bound = float(gain[:first].sum() + gain[first] * left / price[first])
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
    alone = int(np.argmax(gain))
    return (np.array([alone]) if gain[alone] > gain[together].sum() else together), bound
