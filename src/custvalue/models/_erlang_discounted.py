"""Discounted purchases of those who buy at every k-th beat of a clock: to a horizon by parts, and forever.

In the notation of `_erlang.py`, with θ the force of interest in units of the clock, those of a customer in phase j are

    e^{-θh} M(h) + θ ∫_0^h e^{-θv} M(v) dv,    M(v) the purchases expected in v,

and forever, as the (ik - j)-th beat comes at a time that discounts by s^{ik - j}, s = λ / (λ + θ),

    E[s^{k - j} E[1 / (1 - (1 - p) s^k)]],    λ ~ Gamma(R + j, 1), p ~ Beta(a, b).
"""

from __future__ import annotations

import numpy as np

from custvalue._typing import Array, Parameter
from custvalue.models.buying.engines.dropout_integrals import expectation, lifetime
from custvalue.models.buying.engines.erlang_integrals import ahead
from custvalue.numerics.special import stirling_error

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_STEP = 0.25
_DEAD = 45.0
_BLOCK = 256
"""Rows worked on at once: temporaries stay in the cache."""


def discounted(k: int, R: Parameter, a: Parameter, b: Parameter, h: Parameter, theta: Parameter) -> Array:
    """Purchases in h of customers in each phase, discounted at the force θ per unit of h: shape (k, ...)."""
    parts = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in (R, a, b, h, theta)))
    shape, columns = parts[0].shape, tuple(value.ravel() for value in parts)
    R, a, b, h, theta = columns
    with np.errstate(invalid="ignore"):
        forever = (theta * h > _DEAD + 3 * k) & (theta > 0)
    endless = np.isinf(h) & ~forever
    result = np.empty((k, len(R)))
    result[:, endless] = np.where(theta == 0, lifetime(a, b), np.inf)[endless]
    for f, which in ((_forever, forever), (_by_parts, ~forever & ~endless)):
        rows = np.flatnonzero(which)
        rows = rows[np.argsort(R[rows], kind="stable")]
        for some in (rows[i : i + _BLOCK] for i in range(0, len(rows), _BLOCK)):
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
        return np.asarray(np.sqrt(2 * _DEAD / shape) + _DEAD / shape)

    center = np.log(np.maximum(R, 1.0))
    low = np.maximum(center - reach(R), np.minimum(np.log(theta), center) - reach(R + k))
    high = np.log(R + k + 10 * np.sqrt(R + k) + _DEAD)
    count = int(np.ceil(((high - low) / np.minimum(_STEP, 0.6 / np.sqrt(R + k))).max())) + 1
    return low + (high - low) * (np.arange(count)[:, None] / (count - 1)), (high - low) / (count - 1)


def _log_density(shape: Array, y: Array) -> Array:
    """Of y = log λ, λ ~ Gamma(shape, 1), without cancellation for any shape."""
    v = y - np.log(shape)
    return np.asarray(0.5 * np.log(shape / (2 * np.pi)) - stirling_error(shape) - shape * (np.expm1(v) - v))
