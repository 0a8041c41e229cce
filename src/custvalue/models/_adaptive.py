"""Sums and integrals of positive functions given by their logarithms, by runs halved where one polynomial fails.

On each run the function is a polynomial through 16 Gauss-Legendre points, summed exactly (`_whole.runs`) or
integrated. Its last coefficients, and its misses at the ends of the run, tell the error: coefficients that fall to
1e-7 at degree 15 have fallen to 1e-14 at degree 32, the first that Gauss's rule does not see.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
from numpy.polynomial import legendre

from custvalue._typing import Array, Ints
from custvalue.numerics.summation import POINTS, runs

Function: TypeAlias = Callable[[Ints, Array], Array]
"""Logarithms at points, of shape (runs, points), of the runs' rows."""

_NODES, _WEIGHTS = legendre.leggauss(POINTS)
_ENDS: Final = np.array([-1.0, 1.0])
_COEFFICIENTS: Final = (legendre.legvander(_NODES, POINTS - 1) * _WEIGHTS[:, None]).T * (np.arange(POINTS) + 0.5)[
    :, None
]
_LOW, _HIGH = _COEFFICIENTS[1:5], _COEFFICIENTS[-3:]
_AT_ENDS: Final = legendre.legvander(_ENDS, POINTS - 1) @ _COEFFICIENTS
_ERROR: Final = 3e-15
"""Of the whole, that a run may be wrong by."""
_ROUNDS: Final = 60
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
    return top + np.log((weights * inside).sum(axis=-1)), np.where(certain, -np.inf, top + np.log(error * length))


def _error(inside: Array, edges: Array, numbers: Array) -> Array:
    """How far the mean over a run may be wrong, from the coefficients of the polynomial and its misses at the ends."""
    low, high = (np.abs(np.einsum("kn,in->ik", side, inside)).max(axis=-1) for side in (_LOW, _HIGH))
    missed = np.abs(np.einsum("kn,in->ik", _AT_ENDS, inside) - edges).max(axis=-1)
    high = np.maximum(high, missed)
    return np.asarray(high * high / np.maximum(np.maximum(low, high), 1e-300) + 43 * high / numbers**2)
