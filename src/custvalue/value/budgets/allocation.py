"""One budget for many segments, divided into spending on acquiring and on keeping the customers of each.

With a price on the budget the segments part, and within each the best spending on keeping does not depend on that on
winning; so the optimum is a search for one number, the price at which the budget is used up. Its dual is a bound on
what any division could be worth, and proves the optimum.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from attrs import frozen

from custvalue._arguments import duration, not_negative, require, together
from custvalue._typing import Array, ArrayLike, Bools
from custvalue.discounting.rate import Rate
from custvalue.discounting.timing import force_of
from custvalue.units import Unit
from custvalue.value.budgets.acquisition_retention import ResponseCurve

_GRID: Final = np.linspace(0, 1, 129)
"""Where the best spending on keeping is looked for, before it is refined: its worth may peak at 0 and inside."""
_HALVINGS: Final = 60
"""Of an interval: more than the 53 bits of a float."""


@frozen(eq=False)
class Allocation:
    """The division of a budget with the most customer equity.

    Attributes
    ----------
    acquisition_spend, retention_spend : array, shape (segments,)
        Per prospect, and per customer and period.
    acquisition, retention : array, shape (segments,)
        Shares of prospects won, and of customers kept.
    equity : array, shape (segments,)
        Customer equity of each segment, its customers in hand and prospects together, net of what is spent.
    spent : array, shape (segments,)
        Of this period's budget.
    marginal_return : float
        What one more unit of budget would add to total equity; 0 where the budget is not used up.
    bound : float
        No division of the budget is worth more; equal to the total, up to rounding, where that is proved to be the
        best, and above it where keeping customers in some segment pays only from some spending on.
    """

    acquisition_spend: Array
    retention_spend: Array
    acquisition: Array
    retention: Array
    equity: Array
    spent: Array
    marginal_return: float
    bound: float

    @property
    def total(self) -> float:
        """Customer equity of all segments."""
        return float(self.equity.sum())


def allocate_budget(
    budget: float,
    margin: ArrayLike,
    acquisition: ResponseCurve,
    retention: ResponseCurve,
    *,
    rate: Rate,
    prospects: ArrayLike,
    unit: Unit,
    customers: ArrayLike = 0.0,
    most_acquisition: ArrayLike = np.inf,
    most_retention: ArrayLike = np.inf,
) -> Allocation:
    """Divide a budget over segments, and within each over acquiring and keeping customers, for most customer equity.

    Equity of a segment, with the timing of `equity_per_prospect`: N (a (m + L) - A) + C L, N prospects, C customers in
    hand whose margin of this period is already earned, L = (m r - R)/(1 + d - r) what is still to come of a customer.
    Spent this period: N A + (N a + C) R.

    Parameters
    ----------
    budget : float
        For this period; inf is no limit.
    margin : array_like, shape (segments,)
        m, per customer and period.
    acquisition, retention : ResponseCurve
        a(A) and r(R) of each segment.
    rate : Rate
        Of discount.
    prospects, customers : array_like, shape (segments,)
        N and C.
    unit : {"year", "quarter", "month", "week", "day"}
        The period.
    most_acquisition, most_retention : array_like
        Limits on the spending per head.

    Returns
    -------
    Allocation
        At which the last unit of money adds as much wherever it is spent; `bound` says how far from the best it could
        be.

    Raises
    ------
    ParameterError
        A number is negative, retention can reach 1 + d, or shapes do not fit.

    Examples
    --------
    Two segments: one easier to win, one easier to keep.

    >>> win = ResponseCurve.from_point(ceiling=[0.4, 0.2], spend=5, share=[0.125, 0.05])
    >>> keep = ResponseCurve.from_point(ceiling=[0.7, 0.9], spend=10, share=[0.4, 0.7])
    >>> best = allocate_budget(10_000, 60, win, keep, rate=Rate.annual(0.20), prospects=[1000, 1000], unit="year")
    >>> print(best.spent.round(), round(best.marginal_return, 3))
    [7780. 2220.] 0.468
    """
    n, c, m, force, top, speed, kept, pull = together(
        prospects=np.atleast_1d(not_negative("prospects", prospects)),
        customers=not_negative("customers", customers),
        margin=not_negative("margin", margin),
        rate=force_of(rate, unit),
        acquisition=acquisition.ceiling,
        k=acquisition.k,
        retention=retention.ceiling,
        retention_k=retention.k,
    )
    require(kept < np.exp(force), "the ceiling of retention must stay below 1 + rate", "Lower it.", ceiling=kept)
    require(budget > 0, "budget must be > 0", "np.inf is no limit.", budget=budget)
    win, keep = ResponseCurve(top, speed), ResponseCurve(kept, pull)
    _, most_win, most_keep = together(
        prospects=n,
        most_acquisition=duration("most_acquisition", most_acquisition),
        most_retention=duration("most_retention", most_retention),
    )
    return _divided(_Segments(n, c, m, win, keep, np.exp(force), most_win, most_keep), float(budget))


@frozen(eq=False)
class _Segments:
    """The segments, and the best spending on each at a price of the budget."""

    prospects: Array
    customers: Array
    margin: Array
    win: ResponseCurve
    keep: ResponseCurve
    discount: Array
    most_win: Array
    most_keep: Array

    def later(self, R: Array) -> Array:
        """(m r - R)/(1 + d - r): what a customer in hand is worth from the end of the period on."""
        r = self.keep.share(R)
        return np.asarray((self.margin * r - R) / (self.discount - r))

    def equity(self, A: Array, R: Array) -> Array:
        later = self.later(R)
        return np.asarray(self.prospects * (self.win.share(A) * (self.margin + later) - A) + self.customers * later)

    def spent(self, A: Array, R: Array) -> Array:
        return np.asarray(self.prospects * A + (self.prospects * self.win.share(A) + self.customers) * R)

    def best(self, price: float, kept: Bools) -> tuple[Array, Array]:
        """The spends (A, R) that are worth most where money costs 1 + price; R = 0 but where `kept`."""
        R = np.where(kept, self._keeping(price), 0.0)
        worth = self.margin + self.later(R) - price * R
        gain = self.win.ceiling * self.win.k * worth / (1 + price)
        return np.clip(np.log(np.maximum(gain, 1.0)) / self.win.k, 0.0, self.most_win), R

    def _keeping(self, price: float) -> Array:
        """Where later(R) - price R is greatest: on a grid, then by bisection of its slope."""
        c, k, m, D = self.keep.ceiling, self.keep.k, self.margin, self.discount
        top = np.minimum(np.log(np.maximum(c * k * m * D / (D - c), 1.0)) / k, self.most_keep)
        grid = _GRID[:, None] * top
        at = np.argmax(self.later(grid) - price * grid, axis=0)
        low, high = (_GRID[np.clip(at + step, 0, len(_GRID) - 1)] * top for step in (-1, 1))
        for _ in range(_HALVINGS):
            R = (low + high) / 2
            left = c * np.exp(-k * R)
            gap = D - c + left
            rises = k * left * (m * D - R) > gap * (1 + price * gap)
            low, high = np.where(rises, R, low), np.where(rises, high, R)
        inner = (low + high) / 2
        values = [self.later(R) - price * R for R in (inner, 0 * inner, top)]
        return np.asarray(np.choose(np.argmax(values, axis=0), [inner, 0 * inner, top]))


def _divided(rows: _Segments, budget: float) -> Allocation:
    everywhere = np.ones(rows.margin.shape, dtype=bool)
    price, below = _price(rows, budget, everywhere)
    A, R = rows.best(price, everywhere)
    left = budget - float(rows.spent(A, R).sum()) if price > 0 else 0.0
    bound = float(rows.equity(A, R).sum()) + price * left
    choices = [(A, R, price)]
    if left > 0:
        choices.append((A, _topped_up(rows, A, R, rows.best(below, everywhere)[1], left), price))
        lower, _ = _price(rows, budget, R > 0)
        choices.append((*rows.best(lower, R > 0), lower))
    A, R, price = max(choices, key=lambda choice: float(rows.equity(choice[0], choice[1]).sum()))
    spent = rows.spent(A, R)
    return Allocation(A, R, rows.win.share(A), rows.keep.share(R), rows.equity(A, R), spent, price, bound)


def _topped_up(rows: _Segments, A: Array, R: Array, to: Array, left: float) -> Array:
    """Spend what is left on keeping in the segments that take it up only from some spending on, best ones first."""
    heads = rows.prospects * rows.win.share(A) + rows.customers
    room = np.where(heads > 0, np.minimum(to - R, left / np.where(heads > 0, heads, 1.0)), 0.0)
    gains = rows.equity(A, R + np.maximum(room, 0.0)) - rows.equity(A, R)
    for i in np.argsort(-gains).tolist():
        more = min(float(room[i]), left / float(heads[i])) if room[i] > 0 else 0.0
        tried = R.copy()
        tried[i] += more
        if rows.equity(A, tried).sum() > rows.equity(A, R).sum():
            R, left = tried, left - more * float(heads[i])
    return R


def _price(rows: _Segments, budget: float, kept: Bools) -> tuple[float, float]:
    """The lowest price at which the budget is not exceeded, and one just below it at which it is."""

    def over(price: float) -> bool:
        return float(rows.spent(*rows.best(price, kept)).sum()) > budget

    if not over(0.0):
        return 0.0, 0.0
    low, high = 0.0, 1.0
    while over(high):
        low, high = high, 2 * high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if over(middle) else (low, middle)
    return high, low
