"""Residual lifetimes: discounted sums and integrals of a survivor, to infinity where asked.

    Σ_{j=1}^{horizon} j^p e^{-δj} S(T+j)/S(T)    and    ∫_0^{horizon} u^p e^{-δu} S(T+u)/S(T) du

Every term is positive. A sum or integral without end is cut where the rest is negligible, or where S is a power of time
to the last bit, so that the rest is known. The remainder is cut into runs that double in length; a run whose values no
polynomial of degree 15 follows is halved until one does (`numerics.summation.log_total`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
from attrs import frozen

from custvalue._typing import Array, Bools, Ints
from custvalue.numerics.summation import log_total

Stay: TypeAlias = Callable[[Array, Array], Array]
"""log S(tenure + ahead)/S(tenure), elementwise."""
Survivors: TypeAlias = Callable[[Ints], Stay]
"""The survivors of some rows, whose arguments have these rows along the first axis."""

_DEAD: Final = 48.0
"""e^-48 = 1e-21 of the whole is negligible; 40 changes the last digit, 30 has errors of 1e-13 (measured)."""
_LAST: Final = 1000
"""Times are below 2^1000 = 1e301, whose products with small factors are floats."""
_BLOCK: Final = 256
"""Rows worked on at once: temporaries stay in the cache."""
_LN2: Final = float(np.log(2.0))
_FIRST: Final = np.array([1.0, 17.0, 33.0, 49.0])
"""Runs of 16 terms, which are summed term by term; from 65 on runs double: powers of the index are smooth there."""
_PANEL: Final = 4.0
"""Width of a panel in log time before any is halved: errors of 1e-15 for any from 2 to 8 (measured)."""


def discounted_sum(
    survivors: Survivors, tenure: Array, force: Array, horizon: Array, *, power: int = 0, fall: tuple[Array, Array]
) -> Array:
    """log Σ_{j=1}^{horizon} j^power e^{-force j} S(tenure + j)/S(tenure) per row; inf where it diverges.

    `fall` is (rate, tail): S(t) falls at last as e^{-rate t} t^-tail, inf where it falls faster. All arguments are of
    one shape, (rows,).
    """
    return _each_block(survivors, (tenure, force, np.floor(horizon), *fall), power=power, whole=True)


def discounted_stay(
    survivors: Survivors, tenure: Array, force: Array, horizon: Array, *, power: int = 0, fall: tuple[Array, Array]
) -> Array:
    """log ∫_0^horizon u^power e^{-force u} S(tenure + u)/S(tenure) du per row; otherwise as `discounted_sum`."""
    return _each_block(survivors, (tenure, force, horizon, *fall), power=power, whole=False)


def _each_block(survivors: Survivors, columns: tuple[Array, ...], *, power: int, whole: bool) -> Array:
    tenure, force, horizon, rate, tail = columns
    total = np.full(len(tenure), -np.inf)
    more = force + rate
    endless = np.isinf(horizon) & ((more < 0) | ((more == 0) & (tail <= 1 + power)))
    total[endless] = np.inf
    todo = np.flatnonzero(~endless & (horizon > 0) & ~(whole & (horizon < 1)))
    for begin in range(0, len(todo), _BLOCK):
        rows = todo[begin : begin + _BLOCK]
        f = _Terms(survivors, rows, tenure[rows], force[rows], power, whole)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore", under="ignore"):
            total[rows] = _block(f, horizon[rows], more[rows], tail[rows])
    return total


@frozen(eq=False)
class _Terms:
    """log of the terms, or of the integrand in log time, of some rows."""

    survivors: Survivors
    rows: Ints
    tenure: Array
    force: Array
    power: int
    whole: bool

    def at(self, row: Ints, x: Array) -> Array:
        """Values at x, shape (rows, points): numbers j of sums, w = log u of integrals."""
        u = x if self.whole else np.exp(x)
        value = self.survivors(self.rows[row])(self.tenure[row, None], u) - self.force[row, None] * u
        degree = self.power + (not self.whole)
        return value + degree * (np.log(x) if self.whole else x) if degree else value

    def wave(self, row: Ints, w: Array) -> Array:
        """The integrand in log time at w, one per row, of sums too."""
        if not self.whole:
            return self.at(row, w[:, None])[:, 0]
        return self.at(row, np.exp(w)[:, None])[:, 0] + w

    def all(self) -> Ints:
        """Every row."""
        return np.arange(len(self.rows))


def _block(f: _Terms, horizon: Array, more: Array, tail: Array) -> Array:
    """The sums of some rows."""
    rest = np.full(len(horizon), -np.inf)
    steady = (more > 0) & np.isfinite(more)
    with np.errstate(over="ignore"):
        end = np.where(steady, _DEAD * (1 + 0.2 * f.power) / np.where(steady, more, 1.0), np.inf)
    end = np.minimum(np.maximum(end, 1.0) if f.whole else end, 2.0**_LAST)
    open_ended = np.flatnonzero(np.isinf(horizon) & ~steady)
    if len(open_ended):
        end[open_ended], rest[open_ended] = _cut(f, open_ended, (more == 0)[open_ended], tail[open_ended])
    end = np.minimum(end, horizon)
    row, low, high, start = (_runs if f.whole else _panels)(f, end)
    return log_total(f.at, row, low, high, base=np.logaddexp(rest, start), whole=f.whole)


def _runs(_: _Terms, end: Array) -> tuple[Ints, Array, Array, Array]:
    """Runs [low, high) of whole numbers from 1 to end, by row; nothing stands before them."""
    last = np.ceil(end) + 1
    doubling = 1 + 64 * 2.0 ** np.arange(max(1, int(np.ceil(np.log2(np.max(last) / 64))) + 1))
    edges = np.minimum(np.concatenate([_FIRST, doubling]), last[:, None])
    row, low, high = _nonempty(edges)
    return row, low, high, np.full(len(end), -np.inf)


def _panels(f: _Terms, end: Array) -> tuple[Ints, Array, Array, Array]:
    """Panels in log time from where nothing has happened to end, by row, and log of what stands before."""
    last, degree = np.log(end), f.power + 1
    peak = np.minimum(_peak(f, f.all(), -_LAST) * _LN2, last)
    first = np.maximum((f.wave(f.all(), peak) - _DEAD) / degree, -_LAST * _LN2)
    first = np.minimum(first, last - 1)
    count = max(1, int(np.ceil(np.max(last - first) / _PANEL)))
    edges = first[:, None] + (last - first)[:, None] * (np.arange(count + 1) / count)
    row, low, high = _nonempty(edges)
    return row, low, high, first * degree - np.log(degree)


def _nonempty(edges: Array) -> tuple[Ints, Array, Array]:
    low, high = edges[:, :-1], edges[:, 1:]
    row, piece = np.nonzero(high > low)
    return row, low[row, piece], high[row, piece]


def _peak(f: _Terms, rows: Ints, lowest: int) -> Array:
    """The power of 2 from which on the integrand in log time falls."""
    return _first(lambda k: _slope(f, rows, k) < 0, len(rows), lowest)


def _slope(f: _Terms, rows: Ints, k: Array) -> Array:
    """By how much the integrand in log time grows from 2^k to 2^(k+1)."""
    here, there = f.wave(rows, k * _LN2), f.wave(rows, (k + 1) * _LN2)
    return np.where(np.isneginf(there), -np.inf, there - here)


def _cut(f: _Terms, rows: Ints, level: Bools, tail: Array) -> tuple[Array, Array]:
    """Where the rest is nothing, or S a power of time; and log of the rest.

    The integrand in log time is concave: a power of time less a growing force to leave.
    """
    top = _peak(f, rows, 0 if f.whole else -_LAST)
    most = f.wave(rows, top * _LN2)
    heavy = level & np.isfinite(tail)
    excess = np.where(heavy, tail - 1 - f.power, 1.0)

    def over(k: Array) -> Bools:
        here, slope = f.wave(rows, k * _LN2), _slope(f, rows, k - 1)
        gone = here - np.log(-slope / _LN2) < most - _DEAD
        # a power of time to rounding: beyond 2^53 the integrand in log time falls as e^{-excess w} over a doubling
        pure = heavy & (k >= 53) & (np.abs(slope / _LN2 + excess) <= 4e-16 * (1 + np.abs(here)))
        return np.isneginf(here) | ((slope < 0) & gone) | pure

    k = _first(over, len(rows), int(top.min()), top)
    rest = np.where(heavy, f.wave(rows, k * _LN2) - np.log(excess), -np.inf)
    return 2.0**k, rest


def _first(true: Callable[[Array], Bools], rows: int, lowest: int, start: Array | None = None) -> Array:
    """The first k from `lowest` (or each row's start) to 1000 at which a condition, once met, stays met."""
    low = np.full(rows, float(lowest)) if start is None else start.copy()
    high = np.full(rows, float(_LAST))
    while np.any(low < high):
        middle = np.floor((low + high) / 2)
        met = true(middle)
        high, low = np.where(met, middle, high), np.where(met, low, np.minimum(middle + 1, high))
    return high
