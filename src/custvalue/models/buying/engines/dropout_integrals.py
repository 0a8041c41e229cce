"""Expectations over a customer's unknown drop-out probability p ~ Beta(a, b): the engine of the BG kinds.

After a purchase the customer leaves with probability p. For buying rates that are gamma (shape R, rate A) the
expected purchases in a time t = hA ahead, the chance to stay, and their discounted sums are

    E[(1 - (1 + p h)^-R) / p],    E[(1 + p h)^-R],    E[R ∫_0^h e^{-θv} (1 + p v)^-(R+1) dv],    p ~ Beta(a, b).

All three are integrals of positive, smooth functions of y = log(p / (1 - p)), so the trapezoidal rule in a variable
that turns both tails of y into double exponentials (Takahasi & Mori 1974) converges geometrically: no 2F1, no
cancellation, and nothing special at a = 1.

In an interval that begins later, staying comes first. Who buys at a rate λ ~ Gamma(R, A) stays for a time fA with
probability e^{-λpfA}. Of those who stayed λ ~ Gamma(R, A (1 + p f)), so that in the time hA from then on, with
u = h / (1 + p f),

    purchases         E[(1 + p f)^-R (1 - (1 + p u)^-R) / p],
    P(a purchase)     E[(1 + p f)^-R (1 - (1 + u)^-R)],
    P(n purchases)    E[(1 + p f)^-R {(1 - p)^n P(N = n) + p (1 - p)^(n-1) P(N >= n)}],

N negative binomial, P(N >= n) = I(n, R) at u / (1 + u). The product of (1 + p f)^-R and P(N = n) is again a power of
1 + p f / (1 + h), the other terms are integrals of their own over y = log(p / (1 - p)). Where such an integrand has its
mode is known but for what P(N >= n), or 1/p, adds to the slope: the rule spans both ends of that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from custvalue._typing import Array, Bools, Ints, Parameter
from custvalue.evidence.distinct import distinct
from custvalue.numerics.special import at_least, log_nbd_pmf, log_rising

Expectation: TypeAlias = Callable[[Parameter, Parameter, Parameter, Parameter], Array]
"""A function of (R, a, b, h)."""

_STEP = 0.25
_DEAD = 40.0
"""exp(-40) is below what a double can add to one."""
_BLOCK = 1 << 16
"""Elements worked on at once: temporaries stay in the cache."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_TINY = 1e-290
"""Below it, floats lose digits."""
_PANEL = 3.0
"""Longest panel in log time: 16 nodes then leave errors of 1e-13."""


def expected_purchases(R: Parameter, a: Parameter, b: Parameter, h: Parameter) -> Array:
    """E[(1 - (1 + p h)^-R) / p]: purchases in h before dropping out; infinite only for h = inf and a <= 1."""
    R, a, b, h = rows_of(R, a, b, h)
    finite = np.isfinite(h)

    def integrand(p: Array, R: Array, h: Array) -> Array:
        return bought(p, R, h)

    inside = expectation(integrand, a, b, (R + 1) * h, R, h, where=finite)
    return np.where(finite, inside, lifetime(a, b))


def bought(p: Array, R: Array, h: Array) -> Array:
    """(1 - (1 + p h)^-R) / p, also where p h is too small for a float."""
    share = p * h
    tiny = share < _TINY
    return np.where(tiny, R * h, -np.expm1(-R * np.log1p(share)) / np.where(tiny, 1.0, p))


def leave(R: Parameter, a: Parameter, b: Parameter, h: Parameter) -> Array:
    """E[1 - (1 + p h)^-R]: the probability to drop out within h."""
    R, a, b, h = rows_of(R, a, b, h)

    def integrand(p: Array, R: Array, h: Array) -> Array:
        return np.asarray(-np.expm1(-R * np.log1p(p * h)))

    finite = np.isfinite(h)
    return np.where(finite, expectation(integrand, a, b, (R + 1) * h, R, h, where=finite), 1.0)


def stay(R: Parameter, a: Parameter, b: Parameter, h: Parameter) -> Array:
    """E[(1 + p h)^-R]: the probability not to drop out within h, exact however small."""
    R, a, b, h = rows_of(R, a, b, h)
    shape = h.shape
    R, a, b, h = R.ravel(), a.ravel(), b.ravel(), h.ravel()
    result = np.zeros(h.shape)
    for rows in blocks(np.flatnonzero(np.isfinite(h)), EXTENT):
        Ri, ai, bi, hi = R[rows], a[rows], b[rows], h[rows]
        result[rows] = np.exp(log_integral(Ri, ai, bi, hi) - log_integral(0 * Ri, ai, bi, 0 * hi))
    return result.reshape(shape)


def discounted_purchases(R: Parameter, a: Parameter, b: Parameter, h: Parameter, theta: Parameter) -> Array:
    """E[R ∫_0^h e^{-θv} (1 + p v)^-(R+1) dv]: purchases in h, discounted at the force θ per unit of h."""
    R, a, b, h, theta = rows_of(R, a, b, h, theta)
    endless = ~np.isfinite(h)
    diverges = endless & (theta <= 0)
    limit = np.where(theta == 0, lifetime(a, b), np.inf)
    with np.errstate(divide="ignore"):
        dead = np.where(theta > 0, _DEAD / np.maximum(theta, 0.0), np.inf)
    cut = np.where(diverges, 1.0, np.minimum(h, dead))
    inside = expectation(_discounted_integrand, a, b, (R + 1) * cut, R, cut, theta, where=~diverges, inner=len(_NODES))
    return np.where(diverges, limit, inside)


def lifetime(a: Array, b: Array) -> Array:
    """E[1/p], the purchases of a whole lifetime; infinite for a <= 1."""
    more = a > 1
    return np.where(more, (a + b - 1) / np.where(more, a - 1, 1.0), np.inf)


def _discounted_integrand(p: Array, R: Array, h: Array, theta: Array) -> Array:
    """R ∫_0^h e^{-θv} (1 + p v)^-(R+1) dv by Gauss-Legendre panels in s = log(1 + ρv), ρ the decay at 0."""
    rho = np.abs(theta) + (R + 1) * p
    with np.errstate(over="ignore"):
        dead = np.expm1(_DEAD / R) / p  # what is left beyond is (1 + p v)^-R
    end = np.log1p(rho * np.minimum(h, np.where(theta >= 0, dead, h)))
    panels = max(1, int(np.ceil(end.max() / _PANEL)))
    total = np.zeros(np.broadcast_shapes(rho.shape, end.shape))
    for k in range(panels):
        for node, weight in zip(_NODES, _WEIGHTS, strict=True):
            s = end * ((2 * k + 1 + node) / (2 * panels))
            v = np.expm1(s) / rho
            total += weight * np.exp(s - theta * v - (R + 1) * np.log1p(p * v))
    return total * R * end / (2 * panels * rho)


def rows_of(*parameters: Parameter) -> tuple[Array, ...]:
    """The parameters as arrays of one shape."""
    return tuple(np.broadcast_arrays(*(np.asarray(p, dtype=np.float64) for p in parameters)))


EXTENT = 256
"""Nodes of an integral, at most, for which blocks of rows are made."""


def blocks(rows: Ints, width: int) -> list[Ints]:
    """Positions of rows, cut so that a block of them times `width` nodes stays in the cache."""
    size = max(1, _BLOCK // width)
    return [rows[i : i + size] for i in range(0, len(rows), size)]


def expectation(
    f: Callable[..., Array],
    a: Array,
    b: Array,
    reach: Array,
    *arguments: Array,
    where: Bools,
    inner: int = 1,
) -> Array:
    """E[f(p, *arguments)], p ~ Beta(a, b), f varying slowly beyond p = 1/reach, at most like 1/p."""
    shape = a.shape
    a, b, reach, where = a.ravel(), b.ravel(), reach.ravel(), where.ravel()
    flat = [argument.ravel() for argument in arguments]
    result = np.zeros(a.shape)
    for rows in blocks(np.flatnonzero(where), 64 * min(inner, 4)):
        laws = distinct(a[rows], b[rows])
        farthest = np.zeros(len(laws.counts))
        np.maximum.at(farthest, laws.index, reach[rows])
        p, weight = _beta_rule(laws.columns[0], laws.columns[1], farthest)
        values = f(p[laws.index], *(argument[rows, None] for argument in flat))
        result[rows] = (weight[laws.index] * values).sum(axis=1)
    return result.reshape(shape)


def _beta_rule(a: Array, b: Array, reach: Array) -> tuple[Array, Array]:
    """Nodes p and weights, both of shape (n, nodes), of E[f(p)] under each Beta(a, b)."""
    a, b = a[:, None], b[:, None]
    y, log_dy = _nodes(a, b, reach[:, None], np.log(a / b), np.sqrt(1 / a + 1 / b))
    log_p, log_q = logs(y)
    log_w = a * log_p + b * log_q + log_dy
    weight = np.exp(log_w - log_w.max(axis=1, keepdims=True))
    return np.exp(np.maximum(log_p, -700.0)), weight / weight.sum(axis=1, keepdims=True)


def log_integral(R: Array, a: Array, b: Array, h: Array) -> Array:
    """log ∫ p^(a-1) (1-p)^(b-1) (1 + p h)^-R dp, centered on the integrand's own mode."""
    R, a, b, h = R[:, None], a[:, None], b[:, None], h[:, None]
    w = mode(R, a, b, h)
    y, log_dy = _nodes(a, b, (R + 1) * h, np.log(w), 1 / np.sqrt(curvature(w, R, a, b, h)))
    log_p, log_q = logs(y)
    g = a * log_p + b * log_q - R * np.log1p(h * np.exp(np.maximum(log_p, -700.0))) + log_dy
    top = g.max(axis=1)
    return np.asarray(top + np.log(np.exp(g - top[:, None]).sum(axis=1)))


def curvature(w: Array, R: Array, a: Array, b: Array, h: Array) -> Array:
    """Of the logarithm of that integrand in y = log w, with its sign turned."""
    far, near = (1 + h) * w / (1 + (1 + h) * w), w / (1 + w)
    return np.asarray(R * far * (1 - far) + (a + b - R) * near * (1 - near))


def mode(R: Array, a: Array, b: Array, h: Array) -> Array:
    """The one positive root w = p/(1-p) of a + (a - b + ah - Rh) w - b (1 + h) w^2 = 0."""
    half = 0.5 * (a - b + (a - R) * h)
    root = np.sqrt(half * half + a * b * (1 + h))
    return np.where(half > 0, (half + root) / (b * (1 + h)), a / np.where(half > 0, 1.0, root - half))


def logs(y: Array) -> tuple[Array, Array]:
    """log p and log(1 - p) of p = 1/(1 + e^-y)."""
    tail = np.log1p(np.exp(-np.abs(y)))
    return np.minimum(y, 0) - tail, -np.maximum(y, 0) - tail


def _nodes(a: Array, b: Array, reach: Array, center: Array, spread: Array) -> tuple[Array, Array]:
    """Values of y, and log dy, for an integrand with its mass within some spreads of the center."""
    low = np.minimum(np.minimum(center, 0.0), -np.log(np.maximum(reach, 1.0)) - 2.0)
    down, up = 9 * spread + 45 / a, 9 * spread + 45 / b
    low = np.maximum(low, center - down)
    high = np.minimum(np.maximum(center, 0.0), center + up)
    return trapezoid(center, low, high, np.minimum(1.0, spread), down, up)


def trapezoid(center: Array, low: Array, high: Array, sigma: Array, down: Array, up: Array) -> tuple[Array, Array]:
    """Values of y, and log dy, of the trapezoidal rule in s where y = center + σ (s - e^{left-s} + e^{s-right}).

    From low to high y is linear in s; it ends `down` below and `up` above.
    """
    left, right = (low - center) / sigma - 1, (high - center) / sigma + 1
    start, stop = left - np.log1p(down / sigma), right + np.log1p(up / sigma)
    count = int(np.ceil((stop - start).max() / _STEP)) + 1
    s = start + (stop - start) * (np.arange(count) / (count - 1))
    down, up = np.exp(left - s), np.exp(s - right)
    return center + sigma * (s - down + up), np.log(sigma * (1 + down + up) * (stop - start) / (count - 1))


_SMALL = 1e-12
_SHARPEST = 10.0
"""Curvature that P(N >= n) may add where the integrand is not negligible."""


def expected_purchases_later(R: Parameter, a: Parameter, b: Parameter, f: Parameter, h: Parameter) -> Array:
    """Purchases in h after f; infinite only for h = inf and a <= 1."""
    R, a, b, f, h = rows_of(R, a, b, f, h)
    endless, more = np.isinf(h), a > 1

    def log_bought(p: Array, R: Array, f: Array, h: Array) -> Array:
        return np.asarray(np.log(bought(p, R, h / (1 + p * f))))

    some = np.isfinite(f) & (h > 0) & ~endless
    found = _over(log_bought, some, R, a, b, f, (R, f, h), less=1.0, reach=(R + 1) * (f + np.where(endless, 0, h)))
    if not endless.any():
        return found
    ever = np.where(more, lifetime(a, b), 1.0) * stay(R, np.where(more, a - 1, 1.0), b, f)
    return np.where(endless, np.where(more, ever, np.inf), found)


def buys(R: Parameter, a: Parameter, b: Parameter, f: Parameter, h: Parameter) -> Array:
    """The probability of a purchase in h after f."""
    R, a, b, f, h = rows_of(R, a, b, f, h)

    def log_buys(p: Array, R: Array, f: Array, h: Array) -> Array:
        return np.asarray(np.log(-np.expm1(-R * np.log1p(h / (1 + p * f)))))

    return _over(log_buys, np.isfinite(f) & (h > 0), R, a, b, f, (R, f, h), steeper=1.0)


def pmf(n: Parameter, R: Parameter, a: Parameter, b: Parameter, f: Parameter, h: Parameter) -> Array:
    """The probability that the customer stays for f, and then buys n times in h."""
    n, R, a, b, f, h = rows_of(n, R, a, b, f, h)
    with np.errstate(invalid="ignore"):
        still = np.where(np.isinf(h), 0.0, f / (1 + h))
    log_stayed = log_nbd_pmf(n, R, h) + log_rising(b, n) - log_rising(a + b, n)
    stayed = np.exp(log_stayed) * stay(R + n, a, b + n, still)
    before = np.maximum(n - 1, 0)
    log_leaves = np.log(a) + log_rising(b, before) - log_rising(a + b, before + 1)

    def log_enough(p: Array, n: Array, R: Array, f: Array, h: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.log(at_least(n, R, h / (1 + p * f)))

    some, columns = (n > 0) & np.isfinite(f) & (h > 0), (n, R, f, h)
    left = _over(log_enough, some, R, a + 1, b + before, f, columns, steeper=n, scale=log_leaves)
    return np.asarray(stayed + left)


def _over(
    log_f: Callable[..., Array],
    where: Bools,
    R: Array,
    a: Array,
    b: Array,
    f: Array,
    columns: tuple[Array, ...],
    *,
    steeper: Parameter = 0.0,
    less: float = 0.0,
    reach: Parameter = 0.0,
    scale: Parameter = 0.0,
) -> Array:
    """E[(1 + p f)^-R F(p)] e^scale where that is asked for, else 0.

    F is at most as steep as (1 + p f)^-steeper times p^-less, and no longer so from p = 1/reach down.
    """
    each = np.broadcast_arrays(R, a, b, f, steeper, reach, scale, *columns)
    shape = each[0].shape
    flat = [column.ravel() for column in each]
    result = np.zeros(flat[0].size)
    for rows in blocks(np.flatnonzero(np.broadcast_to(where, shape)), EXTENT):
        R, a, b, f, steep, far, size, *own = (column[rows] for column in flat)
        y, log_dy = _nodes_between(R[:, None], a[:, None], b[:, None], f[:, None], steep[:, None], far[:, None], less)
        log_p, log_q = logs(y)
        p = np.exp(np.maximum(log_p, -600.0))
        g = a[:, None] * log_p + b[:, None] * log_q - R[:, None] * np.log1p(f[:, None] * p) + log_dy
        g += log_f(p, *(column[:, None] for column in own))
        top = np.maximum(g.max(axis=1), -1e300)
        total = top + np.log(np.maximum(np.exp(g - top[:, None]).sum(axis=1), 1e-300))
        result[rows] = np.exp(total - log_integral(0 * R, a, b, 0 * f) + size)
    return result.reshape(shape)


def _nodes_between(
    R: Array, a: Array, b: Array, f: Array, steep: Array, far: Array, less: float
) -> tuple[Array, Array]:
    """Nodes y, and log dy, for an integrand whose mode is between two known ones."""
    slope = np.maximum(a - less, _SMALL)
    right = mode(R, a, b, f)
    left = np.minimum(mode(R + steep, slope, b, f), right)
    bends = [np.maximum(curvature(w, R, a, b, f), 1e-4 * np.minimum(a, 1.0)) for w in (left, right)]
    added = np.minimum(np.minimum(steep, R), _SHARPEST)
    spread, sigma = 1 / np.sqrt(np.minimum(*bends)), 1 / np.sqrt(np.maximum(*bends) + added)
    left, right = np.log(left), np.log(right)
    low = np.minimum(np.minimum(left, 0.0), -np.log(np.maximum((R + 1) * f + far, 1.0)) - 2.0)
    low = np.maximum(low, left - 9 * spread - 45 / slope)
    up = 9 * spread + 45 / b
    high = np.minimum(np.maximum(right, 0.0), right + up)
    return trapezoid(right, low, high, np.minimum(1.0, sigma), 9 * spread + 45 / a, up)
