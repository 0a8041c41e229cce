"""Likelihood and expectations of customers who buy at every k-th beat of a clock: the engine of Erlang-k models.

The clock beats at a rate λ ~ Gamma(R + j, A) for a customer in phase j = 0, ..., k - 1: the clock has beaten j times
since the last purchase. In a time t = hA it beats N times, N negative binomial, and F = floor((j + N) / k) purchases
fall due. The customer leaves after each with probability p ~ Beta(a, b), so that, with q_i = E[(1 - p)^i],

    purchases         Σ_{i >= 1} P(F >= i) q_{i-1},
    P(leaves)         Σ_{i >= 1} P(F >= i) E[p (1 - p)^{i-1}],
    P(stays)          Σ_{i >= 0} P(F = i) q_i.

All terms are positive. Where N is small they are summed beat by beat, by recursion; elsewhere they are smooth in i
and take 16 points for each doubling of i (`numerics.summation`), chances to stay, which may be tiny, only where they
are not negligible (`log_live_total`). Results have the phases on the first axis. The likelihood and its derivatives,
in the notation of `erlang_purchases.py`, follow at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Literal

import numpy as np
from scipy.special import gammaln

from custvalue._typing import Array, Ints, Parameter
from custvalue.models.buying.engines.beta_binomial_sums import log_stay
from custvalue.models.buying.engines.dropout_after_purchase import First, log_left
from custvalue.models.buying.engines.dropout_integrals import lifetime
from custvalue.numerics.special import at_least, by_count, log_nbd_chance, log_rising, psi_rising
from custvalue.numerics.summation import between, log_live_total, runs

Question = Literal["purchases", "leaves", "stays"]

_BEATS = 3000.0
"""Up to so many beats are counted one by one,"""
_SILENT = 600.0
"""where the probability of none is at least exp(-600)."""
_DEAD = 40.0
_SINGLES = 32
"""Purchases counted one by one where beats are not."""
_SHARP = 0.25
"""Relative deviation of N below which runs are cut to its size."""
_BLOCK = 1 << 14
"""Elements worked on at once: temporaries stay in the cache."""


def ahead(question: Question, k: int, R: Parameter, a: Parameter, b: Parameter, h: Parameter) -> Array:
    """The answer for customers in each phase: shape (k, ...)."""
    R, a, b, h = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in (R, a, b, h)))
    shape, columns = h.shape, tuple(value.ravel() for value in (R, a, b, h))
    result = np.empty((k, columns[0].size))
    endless = np.isinf(columns[3])
    result[:, endless] = _in_the_end(question, *(value[endless] for value in columns[1:3]))
    beats = most(columns[0] + k, np.where(endless, 0.0, columns[3]))
    few = (beats <= _BEATS) & ((columns[0] + k) * np.log1p(columns[3]) <= _SILENT)
    for rows in _blocks(np.flatnonzero(few & ~endless), beats, max(1, _BLOCK // k)):
        result[:, rows] = _beat_by_beat(question, k, *(value[rows] for value in columns))
    for rows in _blocks(np.flatnonzero(~few & ~endless), beats, max(1, _BLOCK // (k * 512))):
        result[:, rows] = _in_runs(question, k, *(value[rows] for value in columns))
    return result.reshape(k, *shape)


def _in_the_end(question: Question, a: Array, b: Array) -> Array:
    if question == "purchases":
        return lifetime(a, b)
    return np.full(a.shape, float(question == "leaves"))


def most(R: Array, h: Array) -> Array:
    """More beats than these are too rare to count."""
    mean = R * h
    return np.asarray(mean + 10 * np.sqrt(mean * (1 + h)) + _DEAD * (1 + h))


def _blocks(rows: Ints, size: Array, length: int) -> list[Ints]:
    """Rows of like size, so many at a time."""
    rows = rows[np.argsort(size[rows], kind="stable")]
    return [rows[i : i + length] for i in range(0, len(rows), length)]


def _beat_by_beat(question: Question, k: int, R: Array, a: Array, b: Array, h: Array) -> Array:
    """Σ_n P(N = n) G(floor((j + n) / k)), G what i purchases due have brought."""
    R = R + np.arange(k)[:, None]
    z = h / (1 + h)
    chance = np.exp(-R * np.log1p(h))
    total = np.zeros(chance.shape)
    brought = _brought(question, a, b)
    now, then = next(brought), next(brought)
    for n in count():
        cut = k - n % k
        total[:cut] += chance[:cut] * now
        total[cut:] += chance[cut:] * then
        if n % 8 == 7 and _counted(n, R, z, chance, then, total):
            break
        chance *= (R + n) * (z / (n + 1))
        if (n + 1) % k == 0:
            now, then = then, next(brought)
    return total


def _counted(n: int, R: Array, z: Array, chance: Array, worth: Array, total: Array) -> bool:
    """Whether the beats after the n-th no longer count: they fall at least geometrically from there."""
    slack = (n + 1 - (R + n) * z) / (n + 1)
    return bool(np.all(slack > 0) and np.all(chance * worth * 4 <= 1e-17 * slack * total))


def _brought(question: Question, a: Array, b: Array) -> Iterator[Array]:
    """What 0, 1, 2, ... purchases due bring: G_i, by recursion."""
    late = 1.0 if question == "leaves" else 0.0
    term = a / (a + b) if question == "leaves" else np.ones(a.shape)
    total = np.zeros(a.shape)
    for i in count():
        yield term if question == "stays" else total
        total = total + term
        term = term * (b + i) / (a + b + i + late)


def _in_runs(question: Question, k: int, R: Array, a: Array, b: Array, h: Array) -> Array:
    """The sums over i, the first terms one by one and the others in runs."""
    if question == "stays":
        return np.stack([np.exp(_log_stays(k, j, R + j, a, b, h)) for j in range(k)])
    last = np.ceil(most(R + k, h) / k) + _SINGLES
    i, weight = _purchases(k, R, h, last)
    a, b, h, R = a[:, None], b[:, None], h[:, None], R[:, None]
    weight = weight * np.exp(log_rising(b, a) - log_rising(b + i - 1, a))  # Γ(b+i-1) Γ(a+b) / (Γ(b) Γ(a+b+i-1))
    if question == "leaves":
        weight = weight * a / (a + b + i - 1)
    return np.stack([(weight * at_least(k * i - j, R + j, h)).sum(axis=1) for j in range(k)])


def _log_stays(k: int, j: int, R: Array, a: Array, b: Array, h: Array) -> Array:
    """log Σ P(F = i) q_i, which may be very small."""
    last = np.ceil(most(R, h) / k) + 1
    R, a, b, h = R[:, None], a[:, None], b[:, None], h[:, None]

    def due(i: Array) -> Array:
        beats = (k * i - j + each for each in range(k))
        each = [np.where(n >= 0, log_nbd_chance(np.maximum(n, 0), R, h), -np.inf) for n in beats]
        return np.asarray(log_stay(a, b, i) + np.logaddexp.reduce(each, axis=0))

    def outline(i: Array) -> Array:
        return log_stay(a, b, i) + log_nbd_chance(k * i, R, h)

    def density(i: Array) -> Array:
        return np.maximum(np.sqrt(k * i * R / (R + k * i)) / 2, a * i / (a + b + i) / 12)

    return log_live_total(due, outline, density, last)


def _purchases(k: int, R: Array, h: Array, last: Array) -> tuple[Array, Array]:
    """Points i and weights of a sum from 1 to `last` over what falls where N is expected, for the phases together."""
    begin = np.full(h.shape, _SINGLES + 1.0)
    end = np.maximum(last + 1, begin)
    wide, narrow = (np.sqrt((1 + h) / (shape * h)) for shape in (R, R + k))
    sharp = narrow < _SHARP
    low = np.where(sharp, np.clip(R * h / k * np.exp(-10 * wide), begin, end), begin)
    high = np.where(sharp, np.clip((R + k) * h / k * (1 + 10 * wide), low, end), begin)
    inside = max(1, int(np.ceil((np.log(high / low) / narrow).max() / 2)))
    edges = np.concatenate([_doubling(begin, low), between(low, high, inside), _doubling(high, end)], axis=1)
    point, weight = runs(np.maximum.accumulate(edges, axis=1))
    first = np.broadcast_to(np.arange(1.0, _SINGLES + 1), (len(h), _SINGLES))
    return np.concatenate([first, point], axis=1), np.concatenate([np.ones(first.shape), weight], axis=1)


def _doubling(begin: Array, end: Array) -> Array:
    return between(begin, end, max(1, int(np.ceil(np.log2((end / begin).max())))))


def score(
    x: Array, t_x: Array, T: Array, r: Parameter, alpha: Parameter, a: Parameter, b: Parameter, *, k: int, first: First
) -> tuple[Array, Array]:
    """Log-likelihood per row without log_interpurchase, and its derivatives in r, α, a and b: shape (4, rows)."""

    def of_count(n: Array) -> Array:
        stays, beats = n + first, k * n
        in_r, in_b, in_ab = psi_rising(r, beats), psi_rising(b, stays), psi_rising(a + b, stays)
        counts = log_rising(r, beats) + log_rising(b, stays) - log_rising(a + b, stays) - n * gammaln(k)
        return np.stack(np.broadcast_arrays(counts, in_r, in_b - in_ab, in_ab, log_left(n, a, b, first)))

    counts, in_r, in_b, in_ab, left = by_count(of_count, x, r, a, b)
    since, waited, R = alpha + t_x, np.log1p(t_x / alpha), r + k * x
    gap = np.log1p((T - t_x) / since)
    log_phase, slope = phases(x, t_x, T, r, alpha, k)
    stayed = np.logaddexp.reduce(log_phase, axis=0)
    share = np.exp(log_phase - stayed)
    odds = stayed - left
    tail = np.exp(-np.abs(odds))
    less = tail / (1 + tail)
    gone = np.where(odds > 0, less, 1 - less)
    alive = 1 - gone
    beaten = (np.arange(k).reshape(-1, *(1,) * (share.ndim - 1)) * share).sum(axis=0)
    value = counts - r * waited - k * x * np.log(since) + np.maximum(stayed, left) + np.log1p(tail)
    in_alpha = r / alpha - alive * (R + beaten) / (alpha + T) - gone * R / since
    after = b + np.maximum(x + first - 1, 0)
    slopes = (
        in_r - waited + alive * ((slope * share).sum(axis=0) - gap),
        in_alpha,
        gone / a - in_ab,
        in_b - gone / after,
    )
    return np.asarray(value), np.stack(np.broadcast_arrays(*slopes))


def phases(x: Array, t_x: Array, T: Array, r: Parameter, alpha: Parameter, k: int) -> tuple[Array, Array]:
    """Log-probability of j beats in T - t_x and the part of its derivative in r that is not -gap: (k, rows) each."""

    def of_count(n: Array) -> Array:
        R, j = r + k * n, np.arange(1.0, k)
        steps = [np.zeros(np.shape(R)), *(np.log((R + i - 1) / i) for i in j)]
        slopes = [np.zeros(np.shape(R)), *(1 / (R + i - 1) for i in j)]
        return np.concatenate([np.cumsum(steps, axis=0), np.cumsum(slopes, axis=0)])

    table = by_count(of_count, x, r)
    gap = (r + k * x) * np.log1p((T - t_x) / (alpha + t_x))
    with np.errstate(divide="ignore"):
        log_z = np.log((T - t_x) / (alpha + T))
    beats = [np.zeros(np.shape(log_z)), *(i * log_z for i in range(1, k))]
    return np.stack([table[j] + beats[j] - gap for j in range(k)]), table[k:]
