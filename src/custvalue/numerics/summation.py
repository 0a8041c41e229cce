"""Sums over whole numbers of terms that are smooth in the index: long runs at the cost of 16 terms each.

Over a run of n whole numbers a polynomial through 16 Gauss-Legendre points of the run is summed exactly; what the sum
of a Legendre polynomial over the midpoints of n equal parts differs from its integral is Euler and Maclaurin's series,
which ends. Runs of at most 16 numbers are summed term by term.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.polynomial import legendre
from scipy.special import bernoulli, factorial

from custvalue._typing import Array

POINTS: Final = 16
"""Points of a run."""
_NODES, _WEIGHTS = legendre.leggauss(POINTS)


def _share_table() -> Array:
    """Coefficients, by powers of 1/n², of each point's share in the sum over n numbers: shape (powers, points)."""
    at_nodes = legendre.legvander(_NODES, POINTS - 1)
    table = np.zeros((POINTS // 2, POINTS))
    for degree in range(0, POINTS, 2):
        share = _WEIGHTS * (degree + 0.5) * at_nodes[:, degree]
        table[0] += share * (degree == 0)
        for power in range(1, degree // 2 + 1):
            order = 2 * power
            slope = float(legendre.legval(1.0, legendre.legder(np.eye(POINTS)[degree], order - 1)))
            error = -(1 - 2.0 ** (1 - order)) * bernoulli(order)[order] / factorial(order)
            table[power] += share * slope * error * 2.0**order
    return table


_SHARES: Final = _share_table()


def runs(edges: Array) -> tuple[Array, Array]:
    """Points and weights, both of shape (..., runs * 16), of sums over the whole numbers between whole edges.

    Run q holds the numbers from edges[..., q] up to, and without, edges[..., q + 1]; it may be empty.
    """
    begin, length, each = edges[..., :-1, None], np.diff(edges)[..., None], np.arange(float(POINTS))
    n = np.maximum(length, POINTS + 1.0)
    shares = np.polynomial.polynomial.polyval((1 / (n * n))[..., 0], _SHARES)
    short = length <= POINTS
    point = np.where(short, begin + each, begin + (n - 1) / 2 + n / 2 * _NODES)
    weight = np.where(short, each < length, n * np.moveaxis(shares, 0, -1))
    return point.reshape(*edges.shape[:-1], -1), weight.reshape(*edges.shape[:-1], -1)


def between(begin: Array, end: Array, count: int) -> Array:
    """Whole edges of `count` runs from begin to end >= begin, each edge as many times the one before."""
    steps = np.arange(count) / count
    edges = begin[..., None] * (end / begin)[..., None] ** steps
    return np.asarray(np.floor(np.concatenate([edges, end[..., None]], axis=-1)))
