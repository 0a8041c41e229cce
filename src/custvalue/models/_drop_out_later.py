"""What customers of the BG kinds do in a later interval: expectations over p ~ Beta(a, b) where staying comes first.

In the notation of `_drop_out.py`, who buys at a rate λ ~ Gamma(R, A) stays for a time fA with probability e^{-λpfA}. Of
those who stayed λ ~ Gamma(R, A (1 + p f)), so that in the time hA from then on, with u = h / (1 + p f),

    purchases         E[(1 + p f)^-R (1 - (1 + p u)^-R) / p],
    P(a purchase)     E[(1 + p f)^-R (1 - (1 + u)^-R)],
    P(n purchases)    E[(1 + p f)^-R {(1 - p)^n P(N = n) + p (1 - p)^(n-1) P(N >= n)}],

N negative binomial, P(N >= n) = I(n, R) at u / (1 + u). The product of (1 + p f)^-R and P(N = n) is again a power of
1 + p f / (1 + h), the other terms are integrals of their own over y = log(p / (1 - p)). Where such an integrand has its
mode is known but for what P(N >= n), or 1/p, adds to the slope: the rule spans both ends of that.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from custvalue._typing import Array, Bools, Parameter
from custvalue.models.buying.engines.dropout_integrals import (
    EXTENT,
    blocks,
    bought,
    curvature,
    lifetime,
    log_integral,
    logs,
    mode,
    rows_of,
    stay,
    trapezoid,
)
from custvalue.numerics.special import at_least, log_nbd_pmf, log_rising

_SMALL = 1e-12
_SHARPEST = 10.0
"""Curvature that P(N >= n) may add where the integrand is not negligible."""


def expected_purchases(R: Parameter, a: Parameter, b: Parameter, f: Parameter, h: Parameter) -> Array:
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
