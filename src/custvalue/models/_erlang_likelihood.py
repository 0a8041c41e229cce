"""Likelihood of those who buy at every k-th beat of a clock, its derivatives, and the phases the clock may be in.

The notation is that of `_regular.py`.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from custvalue._typing import Array, Parameter
from custvalue.models.buying.engines.dropout_after_purchase import First, log_left
from custvalue.numerics.special import by_count, log_rising, psi_rising


def score(
    x: Array, t_x: Array, T: Array, r: Parameter, alpha: Parameter, a: Parameter, b: Parameter, *, k: int, first: First
) -> tuple[Array, Array]:
    """Log-likelihood per row without log_spacing, and its derivatives in r, α, a and b: shape (4, rows)."""

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
