"""Sums of many terms that are smooth in the index, at the cost of 16 terms a run; and integrals, by the same runs.

Over a run of n whole numbers a polynomial through 16 Gauss-Legendre points of the run is summed exactly (`runs`): what
the sum of a Legendre polynomial over the midpoints of n equal parts differs from its integral is Euler and Maclaurin's
series, which ends. Runs of at most 16 numbers are summed term by term.

`log_total` halves runs until the polynomial fits to 3e-15 of the whole; `log_live_total` sums terms that rise and then
fall, only where they are not negligible. Both take and return logarithms.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final, TypeAlias

import numpy as np
from numpy.polynomial import legendre
from scipy.special import bernoulli, factorial

from custvalue._typing import Array, Bools, Ints

POINTS: Final = 16
"""Points of a run; sums over them are exact to degree 15, integrals to degree 31."""
_NODES, _WEIGHTS = legendre.leggauss(POINTS)
_AT_NODES: Final = legendre.legvander(_NODES, POINTS - 1)


# --- sums over runs ------------------------------------------------------------------------------------------------


@cache
def _shares() -> Array:
    """Coefficients, by powers of 1/n², of each point's share in the sum over n numbers: shape (powers, points).

    Midpoint rule with step h = 2/n on [-1, 1]: Σ h P(x_i) = ∫P + Σ_k -(1 - 2^(1-2k)) B_2k/(2k)! h^2k [P^(2k-1)]; of
    even degrees alone, as odd ones sum to 0.
    """
    table = np.zeros((POINTS // 2, POINTS))
    for degree in range(0, POINTS, 2):
        share = _WEIGHTS * (degree + 0.5) * _AT_NODES[:, degree]
        table[0] += share * (degree == 0)
        for power in range(1, degree // 2 + 1):
            order = 2 * power
            slope = float(legendre.legval(1.0, legendre.legder(np.eye(POINTS)[degree], order - 1)))
            error = -(1 - 2.0 ** (1 - order)) * bernoulli(order)[order] / factorial(order)
            table[power] += share * slope * error * 2.0**order
    return table


def runs(edges: Array) -> tuple[Array, Array]:
    """Points and weights, both of shape (..., runs * 16), of sums over the whole numbers between whole edges.

    Run q holds the numbers from edges[..., q] up to, and without, edges[..., q + 1]; it may be empty.
    """
    begin, length, each = edges[..., :-1, None], np.diff(edges)[..., None], np.arange(float(POINTS))
    n = np.maximum(length, POINTS + 1.0)
    shares = np.polynomial.polynomial.polyval((1 / (n * n))[..., 0], _shares())
    short = length <= POINTS
    point = np.where(short, begin + each, begin + (n - 1) / 2 + n / 2 * _NODES)
    weight = np.where(short, each < length, n * np.moveaxis(shares, 0, -1))
    return point.reshape(*edges.shape[:-1], -1), weight.reshape(*edges.shape[:-1], -1)


def between(begin: Array, end: Array, count: int) -> Array:
    """Whole edges of `count` runs from begin to end >= begin, each edge as many times the one before."""
    steps = np.arange(count) / count
    edges = begin[..., None] * (end / begin)[..., None] ** steps
    return np.asarray(np.floor(np.concatenate([edges, end[..., None]], axis=-1)))


# --- sums and integrals by runs that are halved where one polynomial fails -------------------------------------------
#
# On each run the function is a polynomial through 16 Gauss-Legendre points, summed exactly or integrated. Its last
# coefficients, and its misses at the ends of the run, tell the error: coefficients that fall to 1e-7 at degree 15 have
# fallen to 1e-14 at degree 32, the first that Gauss's rule does not see.

Function: TypeAlias = Callable[[Ints, Array], Array]
"""Logarithms at points, of shape (runs, points), of the runs' rows."""

_ENDS: Final = np.array([-1.0, 1.0])
_COEFFICIENTS: Final = (_AT_NODES * _WEIGHTS[:, None]).T * (np.arange(POINTS) + 0.5)[:, None]
"""Legendre coefficients of the polynomial through the points: (k + 1/2) ∫ P_k f, exact by Gauss's rule."""
_LOW, _HIGH = _COEFFICIENTS[1:5], _COEFFICIENTS[-3:]
"""Several of each, as odd or even ones alone may vanish."""
_AT_ENDS: Final = legendre.legvander(_ENDS, POINTS - 1) @ _COEFFICIENTS
_ERROR: Final = 3e-15
"""Of the whole, that a run may be wrong by: 15 units in the last place."""
_ROUNDS: Final = 60
"""Halvings: of a run of 2^60 numbers down to one."""
_CROWD: Final = 8
"""So many times the runs at the start may be halved at once; more only rounding asks for."""


def log_total(f: Function, row: Ints, low: Array, high: Array, *, base: Array, whole: bool) -> Array:
    """Log of the sums over whole numbers low <= j < high, or the integrals, of the runs of each row, and of `base`."""
    total, most = base, _CROWD * (len(row) + 1)
    for _ in range(_ROUNDS):
        value, error = _estimates(f, row, low, high, whole=whole)
        best = _log_add(total, row, value)
        good = error <= best[row] + np.log(_ERROR)
        total = _log_add(total, row[good], value[good])
        if good.all():
            return total
        row, low, high = row[~good], low[~good], high[~good]
        if len(row) > most:
            break
        middle = np.floor((low + high) / 2) if whole else (low + high) / 2
        row = np.concatenate([row, row])
        low, high = np.concatenate([low, middle]), np.concatenate([middle, high])
    return _log_add(total, row, _estimates(f, row, low, high, whole=whole)[0])


def _log_add(base: Array, row: Ints, value: Array) -> Array:
    """log(e^base + Σ e^value), the values summed by row."""
    top = base.copy()
    np.maximum.at(top, row, value)
    finite = np.where(np.isfinite(top), top, 0.0)
    rest = np.bincount(row, weights=np.exp(value - finite[row]), minlength=len(base))
    with np.errstate(divide="ignore"):  # the log of a row that has nothing yet
        return np.asarray(np.where(np.isposinf(top), np.inf, finite + np.log(np.exp(base - finite) + rest)))


def _estimates(f: Function, row: Ints, low: Array, high: Array, *, whole: bool) -> tuple[Array, Array]:
    """Logs of each run's value and of its error."""
    length = high - low
    if whole:
        points, weights = runs(np.stack([low, high], axis=-1))
        ends = np.stack([low - 0.5, high - 0.5], axis=-1)
    else:
        points = low[:, None] + length[:, None] * (1 + _NODES) / 2
        weights = length[:, None] / 2 * _WEIGHTS
        ends = np.stack([low, high], axis=-1)
    logs = f(row, np.concatenate([points, ends], axis=-1))
    top = np.maximum(logs.max(axis=-1), -1e300)
    value = np.exp(logs - top[:, None])
    inside, edges = value[:, :POINTS], value[:, POINTS:]
    error = _error(inside, edges, np.where(whole, length, np.inf))
    noise = 4e-15 * (1 + np.abs(np.where(value > 0, logs, 0.0) * value).max(axis=-1))
    certain = (error <= noise) | (whole & (length <= POINTS))
    with np.errstate(divide="ignore"):
        logs_of_error = np.where(certain, -np.inf, top + np.log(error * length))
        return top + np.log((weights * inside).sum(axis=-1)), logs_of_error


def _error(inside: Array, edges: Array, numbers: Array) -> Array:
    """How far the mean over a run may be wrong, from the coefficients of the polynomial and its misses at the ends."""
    low, high = (np.abs(np.einsum("kn,in->ik", side, inside)).max(axis=-1) for side in (_LOW, _HIGH))
    missed = np.abs(np.einsum("kn,in->ik", _AT_ENDS, inside) - edges).max(axis=-1)
    high = np.maximum(high, missed)
    # coefficients that decay from degree 1..4 to 13..15 decay as much again until 32, the first that Gauss's rule does
    # not see; over n numbers degree k also sums to k(k + 1)/(12 n²) times its coefficient (Euler-Maclaurin's first
    # term): 23 for degree 16, 43 with room for the higher ones
    return np.asarray(high * high / np.maximum(np.maximum(low, high), 1e-300) + 43 * high / numbers**2)


# --- sums of terms that rise and then fall, where they are not negligible --------------------------------------------
#
# The terms come as logarithms. Few are summed one by one. Of many, an outline says where they live: its peak is sought
# on ever finer grids of log c, then the two places beyond which it is negligible. In between they are taken in runs.

Terms: TypeAlias = Callable[[Array], Array]
"""Of c, shape (rows, points)."""

_FEW: Final = 200.0
"""Up to here each term is computed: fewer evaluations than the outline and the runs take."""
_SINGLES: Final = 32
"""Terms at the start that always are: powers of c are not smooth there."""
_DEAD: Final = 60.0
"""Negligible are terms that many times e below the largest: e^-60 = 9e-27, of at most 1e10 terms."""
_GRID: Final = np.arange(17) / 16
_SEARCH_ROUNDS: Final = 6
"""Each round narrows the peak to an eighth: 8^-6 = 4e-6 of the range of log c."""
_LONGEST: Final = 0.7
"""Of a run, in log c: a factor of 2, over which Legendre coefficients of powers of c fall 5.8-fold a degree."""


def log_live_total(terms: Terms, outline: Terms, density: Terms, last: Array) -> Array:
    """log Σ exp(terms(c)) over c = 0, 1, 2, ..., those after `last` being negligible; density is of runs per log c."""
    most = float(last.max(initial=0.0))
    if most <= _FEW:
        return _log_sum(terms(np.broadcast_to(np.arange(most + 1), (len(last), int(most) + 1))), np.ones(()))
    first = np.broadcast_to(np.arange(float(_SINGLES)), (len(last), _SINGLES))
    low, high = _alive(outline, first, np.log(np.maximum(last, _SINGLES) + 1))
    point, weight = runs(_edges(density, low, high))
    weight = np.concatenate([np.ones(first.shape), weight], axis=1)
    return _log_sum(terms(np.concatenate([first, point], axis=1)), weight)


def _log_sum(logs: Array, weight: Array) -> Array:
    top = np.maximum(logs.max(axis=1, keepdims=True), -1e300)
    with np.errstate(divide="ignore"):
        return np.asarray(top[:, 0] + np.log((weight * np.exp(logs - top)).sum(axis=1)))


def _alive(outline: Terms, first: Array, end: Array) -> tuple[Array, Array]:
    """Between which log c, from log _SINGLES to the end, the outline is not negligible."""
    begin = np.full(len(end), np.log(_SINGLES))
    left, right = begin, end
    for _ in range(_SEARCH_ROUNDS):
        s = _grid(left, right)
        best = outline(np.exp(s)).argmax(axis=1)
        left, right = _pick(s, best - 1), _pick(s, best + 1)
    peak = (left + right) / 2
    highest = np.maximum(outline(np.exp(peak)[:, None])[:, 0], outline(first).max(axis=1))
    floor = (highest - _DEAD)[:, None]
    low, _ = _narrowed(lambda c: outline(c) <= floor, begin, peak)
    _, high = _narrowed(lambda c: outline(c) > floor, peak, end)
    return low, high


def _narrowed(before: Callable[[Array], Bools], left: Array, right: Array) -> tuple[Array, Array]:
    """Where a condition that holds from `left` on ceases to, between two places of log c."""
    for _ in range(_SEARCH_ROUNDS // 2):
        s = _grid(left, right)
        i = before(np.exp(s)).sum(axis=1)
        left, right = _pick(s, i - 1), _pick(s, i)
    return left, right


def _grid(left: Array, right: Array) -> Array:
    return left[:, None] + (right - left)[:, None] * _GRID


def _pick(s: Array, i: Array) -> Array:
    return np.take_along_axis(s, np.clip(i, 0, s.shape[1] - 1)[:, None].astype(np.intp), axis=1)[:, 0]


def _edges(density: Terms, low: Array, high: Array) -> Array:
    """Whole edges of runs from exp(low) to exp(high), as dense as asked for and at least one per _LONGEST."""
    s = low[:, None] + (high - low)[:, None] * np.arange(33) / 32
    runs_per_log = np.maximum(density(np.exp(s)), 1 / _LONGEST)
    each = np.maximum(runs_per_log[:, 1:], runs_per_log[:, :-1]) * (high - low)[:, None] / 32
    after = np.concatenate([np.zeros((len(low), 1)), np.cumsum(each, axis=1)], axis=1)
    count = max(1, int(np.ceil(after[:, -1].max())))
    goal = after[:, -1:] * (np.arange(1, count) / count)
    cell = np.clip((after[:, :, None] <= goal[:, None, :]).sum(axis=1) - 1, 0, 31)
    begun, step = np.take_along_axis(after, cell, axis=1), np.take_along_axis(each, cell, axis=1)
    part = (goal - begun) / np.maximum(step, 1e-300)
    inner = np.take_along_axis(s, cell, axis=1) + part * (high - low)[:, None] / 32
    edges = np.concatenate([low[:, None], inner, high[:, None]], axis=1)
    whole = np.round(np.exp(edges))
    whole[:, 0], whole[:, -1] = np.floor(np.exp(low) + 1e-9), np.ceil(np.exp(high))
    return np.maximum.accumulate(whole, axis=1)
