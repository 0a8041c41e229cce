"""Sums over opportunities: what a silence says, and what lies ahead. The engine of BG/BB.

Who buys with probability p ~ Beta(α, β) at each opportunity, and leaves before it with probability θ ~ Beta(γ, δ), is
seen through sums of products of gamma functions. Two ways to them, in positive terms alone:

- the probability of a silence follows backward in time, from the last opportunity to the last purchase;
- sums ahead have terms which are mixtures of powers (or, for a number of purchases, of negative binomial
  probabilities), smooth in the logarithm of the index, so that a Gauss rule for whole numbers (Gram's polynomials)
  takes a window of any length in 16 terms: long and endless sums cost no more than short ones.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

import numpy as np
from scipy.special import gammaln

from custvalue._typing import Array, Ints, Parameter
from custvalue.evidence.distinct import distinct
from custvalue.numerics.special import log_rising

Step = Callable[[Array, int, Array, tuple[Parameter, ...]], None]
"""Changes the state of pairs (x, n) in place, from after opportunity j + 1 to before it."""

_POINTS: Final = 16
"""Terms of the rule in one window; shorter windows are summed term by term."""
_SHARP: Final = 5.0
"""Longest window, in standard deviations of a hump."""
_STEEP: Final = 16.0
"""Largest exponent that terms may grow by in one window."""
_DEAD: Final = 45.0
"""exp(-45) is below what a double can add to one."""
_FAR: Final = 2.0**80
"""From here on the terms of an endless sum are a power of the index."""
_BLOCK: Final = 1 << 16
"""Elements worked on at once: temporaries stay in the cache."""


def silence(x: Array, n: Array, t_x: Array, *parameters: Parameter) -> tuple[Array, Array]:
    """P(silent after t_x up to n and still there), P(silent and gone), both given the history up to t_x.

    `parameters` are α, β, γ and δ. Rows of equal (x, n) that stand together are worked on together.
    """
    alive, gone = _walk_back(_until_silent, (1.0, 0.0), x, n, t_x, parameters)
    return alive, gone


def silence_slopes(x: Array, n: Array, t_x: Array, *parameters: Parameter) -> Array:
    """P(silent after t_x up to n) and its derivatives in α, β, γ and δ: shape (5, rows)."""
    return _walk_back(_until_silent_slopes, (1.0, 0.0, 0.0, 0.0, 0.0), x, n, t_x, parameters)


def _until_silent(state: Array, j: int, x: Array, parameters: tuple[Parameter, ...]) -> None:
    alpha, beta, gamma, delta = parameters
    stays = (delta + j) / (gamma + delta + j)
    state *= stays * (beta + np.maximum(j - x, 0)) / (alpha + beta + j)
    state[1] += gamma / (gamma + delta + j)


def _until_silent_slopes(state: Array, j: int, x: Array, parameters: tuple[Parameter, ...]) -> None:
    alpha, beta, gamma, delta = parameters
    chances, stayers = alpha + beta + j, gamma + delta + j
    stays, leaves = (delta + j) / stayers, gamma / stayers
    passes = (beta + np.maximum(j - x, 0)) / chances
    after = state[0].copy()
    state *= stays * passes
    state[1] -= stays * passes * after / chances
    state[2] += stays * (alpha + x) / chances * after / chances
    noticed = 1 - passes * after
    state[3] += stays * noticed / stayers
    state[4] -= leaves * noticed / stayers
    state[0] += leaves


def _walk_back(
    step: Step, start: tuple[float, ...], x: Array, n: Array, t_x: Array, parameters: tuple[Parameter, ...]
) -> Array:
    """The state of every row at t_x when it is `start` at n: shape (states, ...)."""
    own = [np.atleast_1d(np.asarray(value, dtype=np.float64)) for value in parameters]
    if x.ndim == 1 and all(value.shape[-1] == 1 for value in own):
        return _walk_pairs(step, start, (x, n, t_x), _heads(x, n), own)
    shape = np.broadcast_shapes(x.shape, *(np.shape(value) for value in parameters))
    columns = tuple(np.broadcast_to(column, shape).ravel() for column in (x, n, t_x))
    own = [np.broadcast_to(value, shape).ravel() for value in parameters]
    return _walk_pairs(step, start, columns, np.arange(len(columns[0])), own).reshape(len(start), *shape)


def _heads(x: Array, n: Array) -> Ints:
    """Positions of the rows with another (x, n) than the row before."""
    return np.flatnonzero(np.r_[True, (np.diff(x) != 0) | (np.diff(n) != 0)][: len(x)])


def _walk_pairs(
    step: Step, start: tuple[float, ...], columns: tuple[Array, ...], heads: Ints, parameters: list[Array]
) -> Array:
    """The same for rows on one axis, of which those from one head to the next share their (x, n)."""
    x, n, t_x = columns
    longest = np.argsort(-n[heads], kind="stable")
    place = np.empty(len(heads), dtype=np.intp)
    place[longest] = np.arange(len(heads))
    mine = np.repeat(place, np.diff(np.append(heads, len(x))))
    heads = heads[longest]
    own = tuple(value if value.shape[-1] == 1 else value[heads] for value in parameters)
    lead = np.broadcast_shapes(*(value.shape[:-1] for value in own))
    first = np.array(start).reshape(-1, *(1,) * (len(lead) + 1))
    state, result = (np.tile(first, (*lead, rows)) for rows in (len(heads), len(x)))
    order, last = np.argsort(t_x, kind="stable"), int(n.max(initial=0.0))
    bounds = np.searchsorted(t_x[order], np.arange(last + 1))
    running = np.searchsorted(-n[heads], -np.arange(last, dtype=np.float64))
    for j in range(last - 1, int(t_x.min(initial=last)) - 1, -1):
        some = slice(0, running[j])
        step(state[..., some], j, x[heads[some]], tuple(value[..., some] for value in own))
        rows = order[bounds[j] : bounds[j + 1]]
        result[..., rows] = state[..., mine[rows]]
    return result


@lru_cache(maxsize=4096)
def _rule(length: int) -> tuple[Array, Array]:
    """Points and weights that sum any polynomial of degree < 32 over 0, 1, ..., length - 1 (Golub & Welsch 1969)."""
    if length <= _POINTS:
        return np.arange(float(length)), np.ones(length)
    k = np.arange(1.0, _POINTS)
    size = float(length)
    beside = np.sqrt(k * k * (size * size - k * k) / (4 * (4 * k * k - 1)))
    points, vectors = np.linalg.eigh(np.diag(beside, 1) + np.diag(beside, -1))
    return points + (size - 1) / 2, size * vectors[0] ** 2


@lru_cache(maxsize=4096)
def _windows(stop: float, hump: float, widest: float) -> tuple[Array, Array]:
    """Points j and log-weights of a sum over 0 <= j < stop: windows that double, as far as the terms are so smooth.

    An endless sum ends with a point at _FAR, whose weight is still to be divided by how fast the terms fall.
    `hump`: terms may rise and fall as fast as negative binomial probabilities of so many successes.
    """
    points, weights, begin, end = [], [], 0.0, stop if stop < np.inf else _FAR
    while begin < end:
        smooth = _SHARP * np.sqrt(begin * (begin + hump) / hump) if hump else begin
        width = min(max(_POINTS, np.floor(min(begin, smooth, widest))), end - begin)
        at, weight = _rule(int(width))
        points.append(begin + at)
        weights.append(weight)
        begin += width
    if stop == np.inf:
        points.append(np.array([_FAR]))
        weights.append(np.array([_FAR]))
    return np.concatenate(points), np.log(np.concatenate(weights))


def log_stay(a: Parameter, b: Parameter, k: Parameter) -> Array:
    """log E[(1 - θ)^k], θ ~ Beta(a, b): log of Γ(b+k) Γ(a+b) / (Γ(b) Γ(a+b+k)), k whole or infinite."""
    a, b, k = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in (a, b, k)))
    endless = np.isinf(k)
    k = np.where(endless, 0.0, k)
    less, more = np.minimum(a, k), np.maximum(a, k)
    return np.where(endless, -np.inf, _log_ratio(b, less) - _log_ratio(b + more, less))


def leave(a: Parameter, b: Parameter, t: Parameter) -> Array:
    """E[1 - (1 - θ)^t], θ ~ Beta(a, b), exact however small."""
    a, b, t = np.broadcast_arrays(a, b, t)
    steps = np.where(np.isinf(t), 0.0, t)
    return np.where(np.isinf(t), 1.0, a / (a + b) * powers(a + 1, b, steps, 0.0))


def powers(a: Parameter, b: Parameter, t: Parameter, force: Parameter) -> Array:
    """E[Σ (e^-force (1 - θ))^k] over 0 <= k < t, θ ~ Beta(a, b)."""
    a, b, t, force = np.broadcast_arrays(a, b, t, force)
    with np.errstate(divide="ignore", over="ignore"):
        dead = np.exp2(np.ceil(np.log2(_DEAD / np.where(force > 0, force, 0.0))))
        widest = np.exp2(np.floor(np.log2(_STEEP / np.where(force < 0, -force, 0.0))))
    stop = np.minimum(t, dead)
    endless = np.isinf(stop)
    more = np.where(a > 1, a - 1, 1.0)
    limit = np.where((force == 0) & (a > 1), (more + b) / more, np.inf)

    def term(k: Array, a: Array, b: Array, force: Array) -> Array:
        return log_stay(a, b, k) - force * k

    inside = _log_sum(term, np.where(endless, 0.0, stop), 1.0, a, b, force, widest=widest)
    return np.where(endless, limit, np.exp(inside))


def buys(A: Parameter, B: Parameter, g: Parameter, d: Parameter, t: Array) -> Array:
    """P(a purchase at one of the next t opportunities) for p ~ Beta(A, B) and θ ~ Beta(g, d)."""

    def first(j: Array, A: Array, B: Array, g: Array, d: Array) -> Array:
        return log_stay(A, B, j) + np.log(A / (A + B + j)) + log_stay(g, d, j + 1)

    return np.exp(_log_sum(first, t, A + g, A, B, g, d))


def pmf(k: Array, A: Parameter, B: Parameter, g: Parameter, d: Parameter, t: Array) -> Array:
    """P(k purchases at the next t opportunities) for p ~ Beta(A, B) and θ ~ Beta(g, d)."""
    k, A, B, g, d, t = np.broadcast_arrays(k, A, B, g, d, t)
    silent = np.maximum(t - k, 0.0)

    def bought(j: Array, k: Array, A: Array, B: Array) -> Array:
        choices = _log_ratio(j + 1, k) - gammaln(k + 1)
        return choices + log_stay(B, A, k) + log_stay(A + k, B, j)

    def leaves(j: Array, k: Array, A: Array, B: Array, g: Array, d: Array) -> Array:
        return bought(j, k, A, B) + log_stay(g, d, j + k) + np.log(g / (g + d + j + k))

    gone = _log_sum(leaves, silent, A + g, k, A, B, g, d, hump=k)
    finite = np.isfinite(t)
    alive = np.where(finite, bought(np.where(finite, silent, 0.0), k, A, B) + log_stay(g, d, t), -np.inf)
    return np.where(t >= k, np.exp(np.logaddexp(gone, alive)), 0.0)


def _log_ratio(z: Array, shift: Array) -> Array:
    """log Γ(z + shift)/Γ(z), elementwise, the shift not necessarily whole."""
    z, shift = np.broadcast_arrays(z, shift)
    return log_rising(z.reshape(-1), shift.reshape(-1)).reshape(z.shape)


def _log_sum(
    term: Callable[..., Array],
    stop: Parameter,
    decay: Parameter,
    *columns: Parameter,
    hump: Parameter = 0.0,
    widest: Parameter = np.inf,
) -> Array:
    """log Σ exp(term(j, *columns)) over 0 <= j < stop, elementwise; terms fall at last like j^-(1 + decay)."""
    arrays = np.broadcast_arrays(stop, hump, widest, decay, *columns)
    shape = arrays[0].shape
    stop, hump, widest, *rest = (array.ravel() for array in arrays)
    kinds = distinct(*(np.where(np.isinf(key), -1.0, key) for key in (stop, hump, widest)))
    result = np.full(len(stop), -np.inf)
    order = np.argsort(kinds.index, kind="stable")
    for rows in np.split(order, np.cumsum(kinds.counts[:-1]).astype(np.intp)):
        head = rows[:1]
        if not len(head) or not stop[head].any():
            continue
        j, log_weights = _windows(*(float(key[head[0]]) for key in (stop, hump, widest)))
        for some in np.array_split(rows, len(rows) * len(j) // _BLOCK + 1):
            tail, *own = (column[some, None] for column in rest)
            logs = term(j, *own) + log_weights
            logs[:, -1:] -= np.log(tail) * np.isinf(stop[head])
            top = logs.max(axis=1, keepdims=True)
            result[some] = top[:, 0] + np.log(np.exp(logs - top).sum(axis=1))
    return result.reshape(shape)
