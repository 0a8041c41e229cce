"""How unevenly value is spread: Lorenz and whale curves, Gini, the share of the top, what the unprofitable cost."""

from __future__ import annotations

import numpy as np
from attrs import frozen

from custvalue._arguments import only
from custvalue._arguments import share as within
from custvalue._columns import check_rows, numbers
from custvalue._typing import Array, ArrayLike
from custvalue.errors import DataError, ParameterError


@frozen(eq=False)
class Curve:
    """A cumulative curve, from (0, 0) on: `value` of the total is held by the first `share` of the relationships.

    Between its points it is straight: relationships of equal value count by parts.
    """

    share: Array
    value: Array

    def at(self, share: ArrayLike) -> Array:
        """The value held by the first `share`, 0 to 1."""
        wanted = numbers("share", share)
        if not np.all((wanted >= 0) & (wanted <= 1)):
            raise ParameterError(f"share must lie between 0 and 1, such as 0.1; got {wanted.ravel()[:3]}")
        return np.interp(wanted, self.share, self.value)


@frozen(eq=False)
class Unprofitable:
    """The relationships that cost more than they bring."""

    count: int
    share: float
    """Of all relationships."""
    cost: float
    """What they cost in sum, a positive number."""
    of_profit: float
    """Their cost as a share of what the profitable ones bring."""


def lorenz_curve(values: ArrayLike) -> Curve:
    """Share of the total that the least valuable relationships hold (Lorenz 1905).

    Raises
    ------
    DataError
        A value is negative or not finite, or their sum is 0: a curve of profits and losses is `whale_curve`.
    """
    worth = np.sort(_scaled(_not_negative(values)))
    return _curve(worth / worth.sum())


def gini(values: ArrayLike) -> float:
    """Gini's coefficient: 0 where all are worth the same, near 1 where one holds all.

    Twice the area between the Lorenz curve and the diagonal; of n values it is at most 1 - 1/n.

    Examples
    --------
    >>> gini([1, 1, 1, 1]), gini([0, 0, 0, 1])
    (0.0, 0.75)
    """
    worth = np.sort(_scaled(_not_negative(values)))
    n = len(worth)
    rank = np.arange(1, n + 1)
    return float(((2 * rank - n - 1) * (worth / worth.sum())).sum() / n)


def whale_curve(values: ArrayLike) -> Curve:
    """Cumulative profit, most profitable relationships first, in shares of the total (Kaplan & Narayanan 2001).

    Above 1 where some relationships lose money; its peak is what would be earned without them.

    Raises
    ------
    DataError
        A value is not finite, or the total is not positive, so that shares of it mean nothing.

    Examples
    --------
    >>> curve = whale_curve([50, 90, -40])
    >>> curve.value
    array([0. , 0.9, 1.4, 1. ])
    """
    found = _finite(values)
    worth = -np.sort(-_scaled(found))
    total = worth.sum()
    if not total > 0:
        size = float(total) * float(np.abs(found).max())
        raise DataError(f"the total must be positive for shares of it; it is {size:g}. Take cumulative sums instead.")
    return _curve(worth / total)


def top_share(values: ArrayLike, share: float = 0.1, *, whole: bool = False) -> float:
    """Share of the total that the most valuable `share` of relationships hold.

    Parameters
    ----------
    values : array_like, shape (n,)
        What each relationship is worth; their total must be positive.
    share : float
        From 0 to 1.
    whole : bool
        Count whole relationships, the nearest number to share x n; by default the one at the edge counts by parts.

    Examples
    --------
    >>> top_share([4, 3, 2, 1], 0.25), top_share([4, 3, 2, 1], 0.125), top_share([4, 3, 2, 1], 0.2, whole=True)
    (0.4, 0.2, 0.4)
    """
    curve = whale_curve(values)
    n, part = len(curve.share) - 1, only("share", within("share", share))
    return float(curve.at(round(part * n) / n if whole else part))


def unprofitable(values: ArrayLike) -> Unprofitable:
    """How many relationships lose money, and how much of what the others bring.

    Examples
    --------
    >>> unprofitable([50, 90, -40, 0])
    Unprofitable(count=1, share=0.25, cost=40.0, of_profit=0.2857142857142857)
    """
    worth = _finite(values)
    losses, gains = worth[worth < 0], worth[worth > 0].sum()
    cost = float(-losses.sum())
    of_profit = 0.0 if not cost else float(cost / gains) if gains > 0 else float("inf")
    return Unprofitable(len(losses), len(losses) / len(worth), cost, of_profit)


def _curve(shares: Array) -> Curve:
    n = len(shares)
    return Curve(np.arange(n + 1) / n, np.append(0.0, np.cumsum(shares)))


def _finite(values: ArrayLike) -> Array:
    worth = numbers("values", values).ravel()
    if not len(worth):
        raise DataError("there are no values; give at least one relationship")
    check_rows(np.isfinite(worth), "values must be finite", "Leave the relationship out.", value=worth)
    return worth


def _scaled(worth: Array) -> Array:
    """Values of which the largest is 1 or -1: their sum is a float."""
    return np.asarray(worth / (float(np.abs(worth).max()) or 1.0))


def _not_negative(values: ArrayLike) -> Array:
    worth = _finite(values)
    check_rows(worth >= 0, "values must be >= 0", "Of profits and losses take whale_curve.", value=worth)
    if not worth.max() > 0:
        raise DataError("the values sum to 0: shares of nothing mean nothing")
    return worth
