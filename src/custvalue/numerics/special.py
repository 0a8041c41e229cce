"""Special functions in forms that do not cancel: rising factorials, digamma differences, Stirling's error."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import betainc, betaincc, gammaln, psi

from custvalue._typing import Array, Parameter

_LARGE = 16.0
"""From here on four terms of Stirling's series are exact to the last bit."""
_TABLE = 1 << 20


def log_rising(z: Parameter, n: Array) -> Array:
    """log Γ(z + n)/Γ(z) for z > 0 and whole n >= 0, elementwise, to a few units in the last place.

    One z and many n share a cumulative sum; elsewhere gammaln where z is small, and the difference of two
    Stirling series, which does not cancel, where it is large.
    """
    if np.ndim(z) == 0 and n.size > 1 and n.max() <= _TABLE:
        steps = np.log(float(z) + np.arange(n.max()))
        table: Array = np.concatenate(([0.0], np.cumsum(steps)))[n.astype(np.intp)]
        return table
    z, n = np.broadcast_arrays(np.asarray(z, dtype=np.float64), n)
    small = z < _LARGE
    big = np.where(small, _LARGE, z)
    stirling = (big - 0.5) * np.log1p(n / big) + n * (np.log(big + n) - 1.0) + _series(big + n) - _series(big)
    result = np.asarray(stirling)
    if small.any():
        result[small] = gammaln(z[small] + n[small]) - gammaln(z[small])
    return result


def psi_rising(z: Parameter, n: Array) -> Array:
    """ψ(z + n) - ψ(z), the derivative of `log_rising` in z."""
    if np.ndim(z) == 0 and n.size > 1 and n.max() <= _TABLE:
        steps = 1.0 / (float(z) + np.arange(n.max()))
        table: Array = np.concatenate(([0.0], np.cumsum(steps)))[n.astype(np.intp)]
        return table
    return np.asarray(psi(z + n) - psi(z), dtype=np.float64)


def log_nbd_pmf(n: Array, R: Parameter, h: Array) -> Array:
    """Log-probability of n purchases in h time at a rate λ ~ Gamma(R, 1): Γ(R+n)/(Γ(R) n!) h^n (1+h)^-(R+n)."""
    with np.errstate(divide="ignore"):
        log_z = -np.log1p(1 / np.asarray(h, dtype=np.float64))
    counts = by_count(lambda k: log_rising(R, k) - gammaln(k + 1), n, R)
    bought = np.where(n > 0, np.where(n > 0, n, 1.0) * log_z, 0.0)
    return np.asarray(counts - R * np.log1p(h) + bought)


def at_least(m: Parameter, R: Parameter, h: Parameter) -> Array:
    """P(N >= m) for N purchases in h time at a rate λ ~ Gamma(R, 1), m > 0."""
    m, R, h = (np.asarray(value, dtype=np.float64) for value in np.broadcast_arrays(m, R, h))
    result, long = np.empty(h.shape), h > 1
    result[long] = betaincc(R[long], m[long], 1 / (1 + h[long]))
    short = ~long
    result[short] = betainc(m[short], R[short], h[short] / (1 + h[short]))
    return result


def fewer(m: Parameter, R: Parameter, h: Parameter) -> Array:
    """P(N < m), the same N."""
    m, R, h = (np.asarray(value, dtype=np.float64) for value in np.broadcast_arrays(m, R, h))
    result, long = np.empty(h.shape), h > 1
    result[long] = betainc(R[long], m[long], 1 / (1 + h[long]))
    short = ~long
    result[short] = betaincc(m[short], R[short], h[short] / (1 + h[short]))
    return result


def log_nbd_chance(n: Array, R: Parameter, h: Parameter) -> Array:
    """`log_nbd_pmf` without cancellation for any n and R, after Loader (2000)."""
    n, R, h = np.broadcast_arrays(n, R, h)
    some = np.maximum(n, 1.0)
    errors = stirling_error(R + some) - stirling_error(R) - stirling_error(some)
    bought = errors + 0.5 * np.log(R / (2 * np.pi * some * (R + some))) + log_nbd_tilt(some, R, h)
    return np.where(n > 0, bought, -R * np.log1p(h))


def log_nbd_tilt(n: Array, R: Parameter, h: Parameter) -> Array:
    """How far n is from the mean Rh: the exponent of `log_nbd_chance`, at most 0."""
    n, R, h = (np.asarray(value, dtype=np.float64) for value in np.broadcast_arrays(n, R, h))
    inside = np.where((h > 0) & np.isfinite(h), h, 1.0)
    off = (n - R * inside) / (1 + inside)
    stays = _deviance(R, off / R, (R + n) / (R * (1 + inside)))
    some = np.where(n > 0, n, 1.0)
    bought = np.where(n > 0, _deviance(some, -off / some, (R + some) / some * (inside / (1 + inside))), -off)
    nothing = np.where(h > 0, -np.inf, np.where(n > 0, -np.inf, 0.0))
    return np.where(inside == h, -stays - bought, nothing)


def _deviance(x: Array, u: Array, ratio: Array) -> Array:
    """x (u - log(1 + u)), 1 + u = ratio."""
    near = np.abs(u) < 0.5
    return np.asarray(x * (u - np.where(near, np.log1p(np.where(near, u, 0.0)), np.log(ratio))))


def stirling_error(z: Array) -> Array:
    """log Γ(z) - [(z - 1/2) log z - z + log(2π)/2], about 1/(12 z)."""
    small = np.asarray(z < _LARGE)
    result = np.asarray(_series(np.where(small, _LARGE, z)))
    if small.any():
        low = np.asarray(z)[small]
        result[small] = gammaln(low) - ((low - 0.5) * np.log(low) - low + 0.5 * np.log(2 * np.pi))
    return result


def _series(z: Array) -> Array:
    w = 1.0 / (z * z)
    return np.asarray((1 / 12 + w * (-1 / 360 + w * (1 / 1260 - w / 1680))) / z, dtype=np.float64)


def by_count(f: Callable[[Array], Array], x: Array, *parameters: Parameter) -> Array:
    """f(x) for whole numbers x, computed once for each number from min x to max x where that is less work.

    That needs parameters which do not vary along the customers: their last axis, if any, has length 1.
    """
    shared = all(np.ndim(p) == 0 or np.shape(p)[-1] == 1 for p in parameters)
    if not shared or x.ndim != 1 or x.size < 2:
        return f(x)
    low, high = x.min(), x.max()
    if high - low >= x.size:
        return f(x)
    table: Array = np.take(f(np.arange(low, high + 1.0)), (x - low).astype(np.intp), axis=-1)
    return table


def log_grown(share: Array, growth: Array) -> Array:
    """log(1 + k (e^y - 1)) for shares k > 0 and growth y >= 0, also where e^y overflows."""
    small = np.log1p(share * np.expm1(np.minimum(growth, 600.0)))
    if not np.any(growth > 600):
        return np.asarray(small)
    with np.errstate(divide="ignore"):
        return np.where(growth > 600, np.logaddexp(0.0, growth + np.log(share)), small)
