"""What customers who buy at every k-th beat of a clock do in a later interval.

Who is in phase j at T, with λ ~ Gamma(R + j, A) and p ~ Beta(a, b), hears n - j beats in the time fA until the interval
begins. Then c = floor(n / k) purchases have been due, and who is still a customer has λ ~ Gamma(R + n, A (1 + f)),
p ~ Beta(a, b + c), and is in phase i = n - ck. With W_n = P(n - j beats), q_c = E[(1 - p)^c], and M the beats in the
interval, of length hA,

    P(a purchase)     Σ W_n q_c P(M >= k - i),
    P(m purchases)    Σ W_n {q_{c+m} P(0 <= M - mk + i < k) + (q_{c+m-1} - q_{c+m}) P(M >= mk - i)},
    purchases         Σ_c q_c P(the ((c+1)k - j)-th beat comes in the interval).

All terms are positive, smooth in c, rise and then fall. Results have the phases on the first axis.

Discounted purchases follow by parts up to a horizon h, with θ the force of interest in units of the clock and M(v) the
purchases expected in v; for a customer in phase j they are

    e^{-θh} M(h) + θ ∫_0^h e^{-θv} M(v) dv,

and forever, as the (ik - j)-th beat comes at a time that discounts by s^{ik - j}, s = λ / (λ + θ),

    E[s^{k - j} E[1 / (1 - (1 - p) s^k)]],    λ ~ Gamma(R + j, 1), p ~ Beta(a, b).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from custvalue._typing import Array, Parameter
from custvalue.models.buying.engines.beta_binomial_sums import log_stay
from custvalue.models.buying.engines.dropout_integrals import expectation, lifetime
from custvalue.models.buying.engines.erlang_integrals import ahead, most
from custvalue.numerics.special import at_least, fewer, log_nbd_chance, log_nbd_tilt, stirling_error
from custvalue.numerics.summation import Terms, log_live_total

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_CLOSE = 0.05
"""Differences of probabilities below that share of them are integrated instead."""
_LATER_BLOCK = 64
"""Rows worked on at once: temporaries stay in the cache."""


class Waiting:
    """Customers in phase j, waiting for an interval: in columns of shape (rows, 1)."""

    def __init__(self, k: int, j: int, R: Array, a: Array, b: Array, f: Array, h: Array) -> None:
        self.k, self.j = k, j
        self.R, self.a, self.b, self.f = (column[:, None] for column in (R, a, b, f))
        self.h = (h / (1 + f))[:, None]

    def log_beats(self, n: Array) -> Array:
        """log W_n."""
        beats = log_nbd_chance(np.maximum(n - self.j, 0), self.R + self.j, self.f)
        return np.where(n >= self.j, beats, -np.inf)

    def log_stayed(self, c: Array) -> Array:
        """log q_c."""
        return log_stay(self.a, self.b, c)

    def sharpness(self, c: Array) -> Array:
        """Bend in log c that the number of beats in the interval adds."""
        n = self.k * c
        return np.asarray(n / (self.R + n) * n / (1 + 1 / np.maximum(self.h, 1e-300)))

    def total(
        self,
        chance: Callable[[Array, int], Array],
        outline: Terms,
        density: Terms,
        last: Array,
        worth: Terms = np.zeros_like,
    ) -> Array:
        """log Σ W_n q_c exp(chance(n, i) + worth(c)); the outline is of both."""

        def terms(c: Array) -> Array:
            each = [self.log_beats(self.k * c + i) + chance(self.k * c + i, i) for i in range(self.k)]
            return np.asarray(np.logaddexp.reduce(each, axis=0) + self.log_stayed(c) + worth(c))

        def rough(c: Array) -> Array:
            return self.log_beats(self.k * c) + self.log_stayed(c) + outline(c)

        def dense(c: Array) -> Array:
            n, fall = self.k * c, self.a * c / (self.a + self.b + c)
            return np.maximum(np.sqrt(n * self.R / (self.R + n) + density(c)) / 2, fall / 12)

        return log_live_total(terms, rough, dense, last)

    def most(self, m: Array | float = 0.0) -> Array:
        """Purchases that may be due before the interval; more if m follow in it."""
        usual = most(self.R + self.k, self.f)
        many = most(self.R + self.k * (m + 1), self.f / (1 + self.h * (1 + self.f)))
        return np.asarray(np.ceil(np.maximum(usual, many) / self.k) + 2)[:, 0]


def purchases(k: int, R: Array, a: Array, b: Array, f: Array, h: Array) -> Array:
    """Purchases expected in h after f of customers in each phase: shape (k, ...)."""
    R, a, b, f, h = _rows(R, a, b, f, h)
    gone, endless = np.isinf(f), np.isinf(h)
    until = ahead("purchases", k, R, a, b, np.where(gone & ~endless, 0.0, f + h))
    before = ahead("purchases", k, R, a, b, np.where(gone, 0.0, f))
    known = np.isfinite(until)
    result = np.where(known & gone, 0.0, until - np.where(known, before, 0.0))
    for j in range(k):
        close = (before[j] > 0.5 * until[j]) & known[j] & ~gone & (h > 0)
        for rows, sums in ((close & ~endless, _between), (close & endless, _ever_after)):
            if rows.any():
                size = np.where(rows, R * np.minimum(f + h, 1e300), np.inf)
                logs = _by_blocks(partial(sums, k, j), size, R, a, b, f, h)
                result[j] = np.where(rows, np.exp(logs), result[j])
    return result


def buys(k: int, R: Array, a: Array, b: Array, f: Array, h: Array) -> Array:
    """P(still a customer at f, and buys in h) of customers in each phase: shape (k, ...)."""

    def found(j: int, *row: Array) -> Array:
        now = Waiting(k, j, *row)

        def chance(n: Array, i: int) -> Array:
            return _log(at_least(np.float64(k - i), now.R + n, now.h))

        return now.total(chance, lambda c: chance(k * c, k - 1), np.zeros_like, now.most())

    return np.stack([np.exp(_by_blocks(partial(found, j), R * f, R, a, b, f, h)) for j in range(k)])


def pmf(k: int, m: Array, R: Array, a: Array, b: Array, f: Array, h: Array) -> Array:
    """P(still a customer at f, and buys m times in h) of customers in each phase: shape (k, ...)."""

    def found(j: int, m: Array, *row: Array) -> Array:
        now = Waiting(k, j, *row)
        return np.logaddexp(_stayed_on(now, m[:, None]), _left_then(now, m[:, None]))

    size = (R + k * m) * f
    return np.stack([np.exp(_by_blocks(partial(found, j), size, m, R, a, b, f, h)) for j in range(k)])


def _stayed_on(now: Waiting, m: Array) -> Array:
    """The same with the customer staying after the m-th, in logs."""
    k = now.k

    def stays(c: Array) -> Array:
        return log_stay(now.a, now.b + c, m)

    def chance(n: Array, i: int) -> Array:
        due = k * m - i + np.arange(k).reshape(-1, 1, 1)
        beats = np.where(due >= 0, log_nbd_chance(np.maximum(due, 0), now.R + n, now.h), -np.inf)
        return np.asarray(np.logaddexp.reduce(beats, axis=0))

    def outline(c: Array) -> Array:
        R = now.R + k * c
        nearest = np.clip(R * np.minimum(now.h, 1e300), k * m, k * m + k - 1)
        return log_nbd_tilt(nearest, R, now.h) + stays(c)

    return now.total(chance, outline, now.sharpness, now.most(m), stays)


def _left_then(now: Waiting, m: Array) -> Array:
    """The same with the customer leaving after the m-th, in logs."""
    k, before = now.k, np.maximum(m - 1, 0)

    def leaves(c: Array) -> Array:
        return log_stay(now.a, now.b + c, before) + np.log(now.a / (now.a + now.b + c + before))

    def chance(n: Array, i: int) -> Array:
        return np.where(m > 0, _log(at_least(np.maximum(k * m - i, 1), now.R + n, now.h)), -np.inf)

    def outline(c: Array) -> Array:
        R = now.R + k * c
        due = np.maximum(k * m, R * np.minimum(now.h, 1e300))
        return np.where(m > 0, log_nbd_tilt(due, R, np.minimum(now.h, 1e300)) + leaves(c), -np.inf)

    def density(c: Array) -> Array:
        return np.where((now.R + k * c) * now.h < 4 * k * m, now.sharpness(c), 0.0)

    return now.total(chance, outline, density, now.most(m), leaves)


def _ever_after(k: int, j: int, R: Array, a: Array, b: Array, f: Array, _: Array) -> Array:
    """log Σ P(n - j beats by f) q_c E[1/p | c], a > 1."""
    now = Waiting(k, j, R, a, b, f, 0 * f)

    def worth(c: Array) -> Array:
        return np.asarray(np.log((now.a + now.b + c - 1) / (now.a - 1)))

    return now.total(lambda n, _: np.zeros_like(n), worth, np.zeros_like, now.most(), worth)


def _between(k: int, j: int, R: Array, a: Array, b: Array, f: Array, h: Array) -> Array:
    """log Σ q_c P((c+1)k - j beats come in the interval)."""
    last = np.ceil(most(R + j, f + h) / k) + 2
    R, a, b, f, h = (column[:, None] for column in (R + j, a, b, f, h))

    def terms(c: Array) -> Array:
        return log_stay(a, b, c) + _log_arrives(k * (c + 1) - j, R, f, h)

    def outline(c: Array) -> Array:
        m = k * (c + 1) - j
        early = np.where(m < R * f, log_nbd_tilt(m, R, f), 0.0)
        return log_stay(a, b, c) + early + np.where(m > R * (f + h), log_nbd_tilt(m, R, f + h), 0.0)

    def density(c: Array) -> Array:
        return np.maximum(np.sqrt(k * c * R / (R + k * c)) / 2, a * c / (a + b + c) / 12)

    return log_live_total(terms, outline, density, last)


def _log_arrives(m: Array, R: Array, f: Array, h: Array) -> Array:
    """log P(the m-th beat comes in h after f)."""
    m, R, f, h = np.broadcast_arrays(m, R, f, h)
    late = m > R * f
    large, small = np.empty(m.shape), np.empty(m.shape)
    large[late], small[late] = (at_least(m[late], R[late], end[late]) for end in (f + h, f))
    large[~late], small[~late] = (fewer(m[~late], R[~late], end[~late]) for end in (f, f + h))
    result = large - small
    near = result < _CLOSE * large
    m, R, f, h = (column[near, None] for column in (m, R, f, h))
    span = np.log1p(h / f)
    then = log_nbd_chance(m, R, f * np.exp(span * (_NODES + 1) / 2))
    result[near] = (span / 2 * m * np.exp(then) * _WEIGHTS).sum(axis=1)
    return _log(result)


def _log(chance: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.log(np.maximum(chance, 0.0))


def _rows(*columns: Array) -> tuple[Array, ...]:
    return tuple(np.broadcast_arrays(*(np.asarray(column, dtype=np.float64) for column in columns)))


def _by_blocks(found: Callable[..., Array], size: Array, *columns: Array) -> Array:
    """`found` of some rows of like size at a time; -inf where the size is not finite."""
    size, *each = _rows(size, *columns)
    sizes, flat = size.ravel(), [column.ravel() for column in each]
    result = np.full(sizes.shape, -np.inf)
    rows = np.flatnonzero(np.isfinite(sizes))
    rows = rows[np.argsort(sizes[rows], kind="stable")]
    for some in (rows[i : i + _LATER_BLOCK] for i in range(0, len(rows), _LATER_BLOCK)):
        result[some] = found(*(column[some] for column in flat))
    return result.reshape(size.shape)


_STEP = 0.25
_LAST_DISCOUNT = 45.0
_DISCOUNTED_BLOCK = 256
"""Rows worked on at once: temporaries stay in the cache."""


def discounted(k: int, R: Parameter, a: Parameter, b: Parameter, h: Parameter, theta: Parameter) -> Array:
    """Purchases in h of customers in each phase, discounted at the force θ per unit of h: shape (k, ...)."""
    parts = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in (R, a, b, h, theta)))
    shape, columns = parts[0].shape, tuple(value.ravel() for value in parts)
    R, a, b, h, theta = columns
    with np.errstate(invalid="ignore"):
        forever = (theta * h > _LAST_DISCOUNT + 3 * k) & (theta > 0)
    endless = np.isinf(h) & ~forever
    result = np.empty((k, len(R)))
    result[:, endless] = np.where(theta == 0, lifetime(a, b), np.inf)[endless]
    for f, which in ((_forever, forever), (_by_parts, ~forever & ~endless)):
        rows = np.flatnonzero(which)
        rows = rows[np.argsort(R[rows], kind="stable")]
        for some in (rows[i : i + _DISCOUNTED_BLOCK] for i in range(0, len(rows), _DISCOUNTED_BLOCK)):
            result[:, some] = f(k, *(value[some] for value in columns))
    return result.reshape(k, *shape)


def _by_parts(k: int, R: Array, a: Array, b: Array, h: Array, theta: Array) -> Array:
    at_end = np.exp(-theta * h) * ahead("purchases", k, R, a, b, h)
    if not theta.any():
        return at_end
    edges = _edges(k, R, h, theta)
    width = np.diff(edges, axis=0)[:, None]
    v = (edges[:-1, None] + width * ((_NODES + 1) / 2)[:, None]).reshape(-1, len(R))
    dv = (width * (_WEIGHTS / 2)[:, None]).reshape(-1, len(R))
    weight = theta * np.exp(-theta * v) * dv
    return np.asarray(at_end + (weight * ahead("purchases", k, R, a, b, v)).sum(axis=1))


def _edges(k: int, R: Array, h: Array, theta: Array) -> Array:
    """Of panels that are shorter than discounting takes, and than two purchases as long as those come in rhythm."""
    purchase = k / (R + k)
    edge = np.minimum(purchase, 1 / np.maximum(np.abs(theta), 1e-300))
    edges = [np.zeros(h.shape), np.minimum(edge, h)]
    while (edge < h).any():
        rhythm = edge < 1.3 * k * purchase
        edge = edge + np.where(rhythm, np.minimum(3 * edge, 2 * purchase), 3 * edge)
        edges.append(np.minimum(edge, h))
    return np.stack(edges)


def _forever(k: int, R: Array, a: Array, b: Array, _: Array, theta: Array) -> Array:
    y, step = _log_rates(k, R, theta)
    log_s = -np.log1p(theta * np.exp(-y))
    gap = -np.expm1(k * log_s)

    def lasting(p: Array, gap: Array) -> Array:
        return np.asarray(1 / (gap + p * (1 - gap)))

    worth = expectation(lasting, *np.broadcast_arrays(a, b, 1 / gap, gap), where=np.ones(gap.shape, dtype=bool)) * step
    return np.stack([(np.exp(_log_density(R + j, y) + (k - j) * log_s) * worth).sum(axis=0) for j in range(k)])


def _log_rates(k: int, R: Array, theta: Array) -> tuple[Array, Array]:
    """Nodes y = log λ of the trapezoidal rule, shape (nodes, rows), and its step."""

    def reach(shape: Array) -> Array:
        return np.asarray(np.sqrt(2 * _LAST_DISCOUNT / shape) + _LAST_DISCOUNT / shape)

    center = np.log(np.maximum(R, 1.0))
    low = np.maximum(center - reach(R), np.minimum(np.log(theta), center) - reach(R + k))
    high = np.log(R + k + 10 * np.sqrt(R + k) + _LAST_DISCOUNT)
    count = int(np.ceil(((high - low) / np.minimum(_STEP, 0.6 / np.sqrt(R + k))).max())) + 1
    return low + (high - low) * (np.arange(count)[:, None] / (count - 1)), (high - low) / (count - 1)


def _log_density(shape: Array, y: Array) -> Array:
    """Of y = log λ, λ ~ Gamma(shape, 1), without cancellation for any shape."""
    v = y - np.log(shape)
    return np.asarray(0.5 * np.log(shape / (2 * np.pi)) - stirling_error(shape) - shape * (np.expm1(v) - v))
