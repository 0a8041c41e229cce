"""Customers ranked by a score, highest first; those with the same score stand and fall together."""

from __future__ import annotations

import numpy as np
from attrs import cmp_using, field, frozen

from custvalue._columns import numbers, read_only
from custvalue._typing import Array, ArrayLike, Ints
from custvalue.errors import ParameterError

_same = cmp_using(eq=np.array_equal)


@frozen
class Curve:
    """A quantity over the fraction of customers, from nobody to all, highest score first.

    Points stand where the score changes. Between them, among customers with the same score, the straight line is the
    expectation over their possible orders.

    Attributes
    ----------
    fraction : array
        Share of customers, from 0 to 1.
    value : array
        The quantity at each.
    """

    fraction: Array = field(converter=read_only, eq=_same)
    value: Array = field(converter=read_only, eq=_same)

    def at(self, fraction: ArrayLike) -> Array:
        """Value at any fraction in [0, 1], on the straight line between points."""
        return np.asarray(np.interp(in_unit_interval(fraction), self.fraction, self.value))


@frozen
class Ranking:
    """The order of customers by score, and where the score changes.

    Attributes
    ----------
    order : array of int
        Customers, highest score first.
    ends : array of int
        Number of customers with at least each distinct score, highest first.
    weights : array
        Of customers, as they were given.
    """

    order: Ints = field(eq=_same)
    ends: Ints = field(eq=_same)
    weights: Array = field(eq=_same)

    def total(self, values: Array) -> Array:
        """Weighted sums over the customers above each threshold: nobody first, everyone last."""
        sums = np.cumsum((self.weights * values)[self.order])
        return np.concatenate(([0.0], sums[self.ends - 1]))

    def fraction(self) -> Array:
        """Share of the customers above each threshold, by weight."""
        reached = self.total(np.ones(len(self.order)))
        return np.asarray(reached / reached[-1])


def rank(score: Array, weights: Array) -> Ranking:
    """Rank customers by a score."""
    order = np.argsort(-score)
    ranked = score[order]
    changes = np.flatnonzero(ranked[1:] != ranked[:-1]) + 1
    return Ranking(order, np.append(changes, len(order)), weights)


def in_unit_interval(fraction: ArrayLike) -> Array:
    """Fractions of the customers, in [0, 1]."""
    array = numbers("fraction", fraction)
    if not np.all((array >= 0) & (array <= 1)):
        raise ParameterError(f"fraction must be in [0, 1], such as 0.1 for the top tenth; got {fraction!r}")
    return array
