"""Special functions in forms that neither cancel nor overflow: gamma ratios, negative binomials, powers of time.

Elementwise; each is within a few units in the last place of its own size (tests/numerics compares with mpmath), which
differences of SciPy's gammaln, psi and betaln are not where they are small beside their parts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
from scipy.special import betainc, betaincc, gammaln, psi

from custvalue._typing import Array, Parameter

# --- ratios of gamma functions -------------------------------------------------------------------------------------

_LARGE: Final = 16.0
"""From here on Stirling's series is used: the first term left out, 1/(1188 z^9), is below 1.3e-14, two units in the
last place of log Γ(16) = 27.9."""

_STIRLING: Final = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680)
"""B_2k / (2k (2k - 1)) of z^(1 - 2k), k = 1..4: log Γ(z) = (z - 1/2) log z - z + log(2π)/2 + Σ (DLMF 5.11.1)."""

_DIGAMMA: Final = (1 / 12, -1 / 120, 1 / 252, -1 / 240)
"""B_2k / 2k of z^-2k, k = 1..4: ψ(z) = log z - 1/(2z) - Σ (DLMF 5.11.2)."""

_PLAIN: Final = 1e-2
"""Where a y is more, Stirling's errors may be subtracted: they are about 1/(12z), and the result more than 1e-2/z."""

_TABLE: Final = 1 << 20
"""Longest table of cumulated sums (8 MB); beyond it each element is computed on its own."""


def log_rising(z: Parameter, n: Array) -> Array:
    """log Γ(z + n)/Γ(z) for z > 0 and whole n >= 0, to a few units in the last place.

    One z and many n share a cumulative sum; elsewhere gammaln where z is small, and the difference of two
    Stirling series, which does not cancel, where it is large.
    """
    if _is_table(z, n):
        return _cumulated(np.log, z, n)
    z, n = np.broadcast_arrays(np.asarray(z, dtype=np.float64), n)
    small = z < _LARGE
    big = np.where(small, _LARGE, z)
    difference = _stirling_series(big + n) - _stirling_series(big)
    result = np.asarray((big - 0.5) * np.log1p(n / big) + n * (np.log(big + n) - 1.0) + difference)
    if small.any():
        result[small] = gammaln(z[small] + n[small]) - gammaln(z[small])
    return result


def psi_rising(z: Parameter, n: Array) -> Array:
    """ψ(z + n) - ψ(z), the derivative of `log_rising` in z."""
    if _is_table(z, n):
        return _cumulated(np.reciprocal, z, n)
    return np.asarray(psi(z + n) - psi(z), dtype=np.float64)


def _is_table(z: Parameter, n: Array) -> bool:
    return bool(np.ndim(z) == 0 and n.size > 1 and n.max() <= _TABLE)


def _cumulated(step: Callable[[Array], Array], z: Parameter, n: Array) -> Array:
    """Σ_{i < n} step(z + i), by a table over 0..max n."""
    table: Array = np.concatenate(([0.0], np.cumsum(step(float(z) + np.arange(n.max())))))
    return table[n.astype(np.intp)]


def stirling_error(z: Array) -> Array:
    """log Γ(z) - [(z - 1/2) log z - z + log(2π)/2], about 1/(12 z)."""
    small = np.asarray(z < _LARGE)
    result = np.asarray(_stirling_series(np.where(small, _LARGE, z)))
    if small.any():
        low = np.asarray(z)[small]
        result[small] = gammaln(low) - ((low - 0.5) * np.log(low) - low + 0.5 * np.log(2 * np.pi))
    return result


def _stirling_series(z: Array) -> Array:
    w = 1.0 / z / z  # z * z is infinite from 1e155 on
    first, second, third, fourth = _STIRLING
    return np.asarray((first + w * (second + w * (third + w * fourth))) / z, dtype=np.float64)


# log B(a, x)/B(a, x + y) is a double difference of log Γ, which cancels where a or y is small beside x. Here x is first
# raised to 16 by factors whose logarithms are all positive, Γ(x) = Γ(x + 1)/x; from there Stirling's series is
# differenced term by term, each difference in a form without subtraction.

_Jet: TypeAlias = tuple[Array, Array, Array, Array, Array]
"""f(z), f(z+a+b), f(z) - f(z+a), f(z) - f(z+b), and f(z) - f(z+a) - f(z+b) + f(z+a+b)."""


def log_beta_ratio(a: Parameter, x: Array, y: Array) -> Array:
    """log B(a, x)/B(a, x + y) >= 0 for a, x > 0 and y >= 0, all finite and below 1e100."""
    total, z = _raised(a, x, y)
    end = z + a + y
    # the double difference of (z - 1/2) log z - z
    main = a * np.log1p(y / (z + a)) + y * np.log1p(a / (z + y)) - (z - 0.5) * np.log1p((a / z) * (y / end))
    return np.asarray(total + main + _ratio_series(a, z, y))


def beta_ratio_slopes(a: Parameter, x: Array, y: Array) -> tuple[Array, Array, Array]:
    """Derivatives of `log_beta_ratio` in a, x and y."""
    at_end = psi_gap(x + y, a)
    return psi_gap(x + a, y), at_end - psi_gap(x, a), at_end


def psi_gap(x: Array, y: Parameter) -> Array:
    """ψ(x + y) - ψ(x) >= 0 for any y >= 0, without subtraction: ψ(x) = ψ(x + 1) - 1/x up to 16, then the series.

    With w = 1/z and v = 1/(z + y), w - v = y w v, and w^2k - v^2k has that factor: the rest are sums.
    """
    total, z = np.zeros(np.broadcast_shapes(np.shape(x), np.shape(y))), np.asarray(x, dtype=np.float64)
    for _ in range(int(_LARGE)):
        low = z < _LARGE
        if not low.any():
            break
        total = total + np.where(low, (y / z) / (z + y), 0.0)
        z = z + low
    w, v = 1 / z, 1 / (z + y)
    gap, w2, v2 = y * w * v, w * w, v * v
    squares = gap * (w + v)
    powers = (
        squares,
        squares * (w2 + v2),
        squares * (w2 * w2 + w2 * v2 + v2 * v2),
        squares * (w2 + v2) * (w2**2 + v2**2),
    )
    series = sum(factor * power for factor, power in zip(_DIGAMMA, powers, strict=True))
    return np.asarray(total + np.log1p(y / z) + gap / 2 + series)


def _raised(a: Parameter, x: Array, y: Array) -> tuple[Array, Array]:
    """What the factors add that raise x to z >= 16, and z."""
    excess, z = np.zeros(()), np.asarray(x, dtype=np.float64)  # of the factors' product over 1
    for _ in range(int(_LARGE)):
        low = z < _LARGE
        if not low.any():
            break
        factor = np.where(low, a / z, 0.0) * (y / (z + a + y))
        excess = excess + factor + excess * factor
        z = z + low
    return np.log1p(excess), z


def _ratio_series(a: Parameter, z: Array, b: Array) -> Array:
    """The double difference of Stirling's error: sums of odd powers of 1/z."""
    if np.min(a, initial=np.inf) * np.min(b, initial=np.inf) > _PLAIN:
        here, there = (_stirling_series(at) - _stirling_series(at + a) for at in (z, z + b))
        return np.asarray(here - there)
    w, wa, wb, end = 1 / z, 1 / (z + a), 1 / (z + b), 1 / (z + a + b)
    first, second = a * w * wa, b * w * wb
    one = (w, end, first, second, (first * wb) * (b * end) * (2 * z + a + b))
    two = _product(one, one)
    power, total = one, one[-1] * _STIRLING[0]
    for factor in _STIRLING[1:]:
        power = _product(power, two)
        total = total + factor * power[-1]
    return np.asarray(total)


def _product(f: _Jet, g: _Jet) -> _Jet:
    """The product of two falling, convex functions, whose differences are all positive."""
    ga, gb = g[0] - g[2], g[0] - g[3]
    in_a = f[2] * ga + f[0] * g[2]
    in_b = f[3] * gb + f[0] * g[3]
    # Δab(fg) = Δab f g(z+b) ... with every value on the far side, so that all terms are positive
    f_in_a_far, f_in_b_far = f[2] - f[4], f[3] - f[4]
    both = f[4] * g[0] + f_in_a_far * g[3] + f_in_b_far * g[2] + f[1] * g[4]
    return f[0] * g[0], f[1] * g[1], in_a, in_b, both


# --- negative binomial counts --------------------------------------------------------------------------------------
#
# N events in h time, of which the rate is λ ~ Gamma(R, 1): P(N = n) = Γ(R+n)/(Γ(R) n!) h^n (1+h)^-(R+n).


def log_nbd_pmf(n: Array, R: Parameter, h: Array) -> Array:
    """log P(N = n), term by term: as accurate as its largest term, and computed once for each n where R is shared."""
    with np.errstate(divide="ignore"):
        log_z = -np.log1p(1 / np.asarray(h, dtype=np.float64))
    counts = by_count(lambda k: log_rising(R, k) - gammaln(k + 1), n, R)
    happened = np.where(n > 0, np.where(n > 0, n, 1.0) * log_z, 0.0)
    return np.asarray(counts - R * np.log1p(h) + happened)


def log_nbd_chance(n: Array, R: Parameter, h: Parameter) -> Array:
    """log P(N = n) without cancellation for any n and R: Stirling's errors, and the deviance `log_nbd_tilt`.

    After Loader (2000), "Fast and accurate computation of binomial probabilities".
    """
    n, R, h = np.broadcast_arrays(n, R, h)
    some = np.maximum(n, 1.0)
    errors = stirling_error(R + some) - stirling_error(R) - stirling_error(some)
    happened = errors + 0.5 * np.log(R / (2 * np.pi * some * (R + some))) + log_nbd_tilt(some, R, h)
    return np.where(n > 0, happened, -R * np.log1p(h))


def log_nbd_tilt(n: Array, R: Parameter, h: Parameter) -> Array:
    """How far n is from the mean Rh: the exponent of `log_nbd_chance`, at most 0."""
    n, R, h = (np.asarray(value, dtype=np.float64) for value in np.broadcast_arrays(n, R, h))
    inside = np.where((h > 0) & np.isfinite(h), h, 1.0)
    off = (n - R * inside) / (1 + inside)
    stays = _deviance(R, off / R, (R + n) / (R * (1 + inside)))
    some = np.where(n > 0, n, 1.0)
    happened = np.where(n > 0, _deviance(some, -off / some, (R + some) / some * (inside / (1 + inside))), -off)
    nothing = np.where(h > 0, -np.inf, np.where(n > 0, -np.inf, 0.0))
    return np.where(inside == h, -stays - happened, nothing)


def _deviance(x: Array, u: Array, ratio: Array) -> Array:
    """x (u - log(1 + u)), 1 + u = ratio: log1p keeps the digits of a small u, log those of a small ratio."""
    near = np.abs(u) < 0.5
    return np.asarray(x * (u - np.where(near, np.log1p(np.where(near, u, 0.0)), np.log(ratio))))


def at_least(m: Parameter, R: Parameter, h: Parameter) -> Array:
    """P(N >= m), m > 0, as a tail: to a few units in its own last place, however small."""
    return _incomplete_beta(m, R, h, betaincc, betainc)


def fewer(m: Parameter, R: Parameter, h: Parameter) -> Array:
    """P(N < m), m > 0, as a tail."""
    return _incomplete_beta(m, R, h, betainc, betaincc)


def _incomplete_beta(m: Parameter, R: Parameter, h: Parameter, long_tail: np.ufunc, short_tail: np.ufunc) -> Array:
    """I_{h/(1+h)}(m, R) or its complement, of the smaller of h/(1+h) and 1/(1+h), which keeps its digits."""
    m, R, h = (np.asarray(value, dtype=np.float64) for value in np.broadcast_arrays(m, R, h))
    result, long = np.empty(h.shape), h > 1
    result[long] = long_tail(R[long], m[long], 1 / (1 + h[long]))
    short = ~long
    result[short] = short_tail(m[short], R[short], h[short] / (1 + h[short]))
    return result


def by_count(f: Callable[[Array], Array], x: Array, *parameters: Parameter) -> Array:
    """f(x) for whole numbers x, computed once for each number from min x to max x where that is less work.

    That needs parameters which do not vary along the rows: their last axis, if any, has length 1.
    """
    shared = all(np.ndim(p) == 0 or np.shape(p)[-1] == 1 for p in parameters)
    if not shared or x.ndim != 1 or x.size < 2:
        return f(x)
    low, high = x.min(), x.max()
    if high - low >= x.size:
        return f(x)
    table: Array = np.take(f(np.arange(low, high + 1.0)), (x - low).astype(np.intp), axis=-1)
    return table


# --- powers of time, and growth ------------------------------------------------------------------------------------

_NEVER: Final = 1e-300
"""In place of time 0 where its logarithm is taken."""

_SMALLEST_LOG: Final = -690.0
"""log 1e-300, about; what is smaller is 0 beside any time."""

_EXP_ROOM: Final = 600.0
"""e^600 = 4e260 may still be multiplied; beyond it logarithms are added instead."""


def log_grown(share: Array, growth: Array) -> Array:
    """log(1 + k (e^y - 1)) for shares k > 0 and growth y >= 0, also where e^y overflows."""
    small = np.log1p(share * np.expm1(np.minimum(growth, _EXP_ROOM)))
    if not np.any(growth > _EXP_ROOM):
        return np.asarray(small)
    with np.errstate(divide="ignore"):
        return np.where(growth > _EXP_ROOM, np.logaddexp(0.0, growth + np.log(share)), small)


def log_time(t: Array) -> Array:
    """log t, and a number far below all logarithms of times at t = 0, whose power is 0 all the same."""
    return np.log(np.maximum(t, _NEVER))


def log_growth(start: Array, ahead: Array, c: Parameter) -> Array:
    """log of ((start + ahead)^c - start^c), exact where ahead is small; -inf at ahead = 0."""
    with np.errstate(divide="ignore", over="ignore"):
        grown = c * np.log1p(ahead / np.maximum(start, _NEVER))
        # log(e^grown - 1): two forms of the same, the first without overflow, the second exact for small growth
        many = grown + np.log1p(-np.exp(-np.maximum(grown, 30.0)))
        rise = np.where(grown > 30, many, np.log(np.expm1(np.minimum(grown, 30.0))))
        return np.where(start == 0, c * np.log(ahead), c * log_time(start) + rise)


def growth_slope(start: Array, ahead: Array, c: Parameter) -> Array:
    """Derivative in c of `log_growth`."""
    with np.errstate(over="ignore"):
        grown = np.minimum(np.log1p(ahead / np.maximum(start, _NEVER)), 1e3)  # ahead/start may be inf
        share = -np.expm1(-c * np.maximum(grown, _NEVER))
    return np.where(start == 0, log_time(ahead), log_time(start) + np.maximum(grown, _NEVER) / share)


def powers(start: Array, ahead: Array, c: Parameter, *, most: float) -> tuple[Array, Array]:
    """start^c, and (start + ahead)^c - start^c, both cut at e^most."""
    power = np.where(start == 0, 0.0, np.exp(np.clip(c * log_time(start), _SMALLEST_LOG, most)))
    return power, np.exp(np.minimum(log_growth(start, ahead, c), most))


def end_of(spent: Array, more: Array, c: Parameter, since: Array) -> Array:
    """The time whose power is spent + more, after `since`."""
    return np.maximum((spent + more) ** (1 / np.asarray(c)), np.nextafter(since, np.inf))
