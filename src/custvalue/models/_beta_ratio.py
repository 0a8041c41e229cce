"""log B(a, x)/B(a, x + y) and its derivatives, to full relative precision: the survivors of beta-mixed churn.

The logarithm is a double difference of log Γ, which cancels where a or y is small beside x. Here x is first raised
to 16 by factors whose logarithms are all positive; from there Stirling's series is differenced term by term, each
difference in a form without subtraction.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np

from custvalue._typing import Array, Parameter

_LARGE: Final = 16.0
"""From here on four terms of Stirling's series are exact to 1e-13."""
_SERIES: Final = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680)
_DIGAMMA: Final = (1 / 12, -1 / 120, 1 / 252, -1 / 240)
_PLAIN: Final = 1e-2
"""Where ay is more, Stirling's error may be subtracted: it is about 1/(12z), and the result more than 1e-2/z."""

_Jet: TypeAlias = tuple[Array, Array, Array, Array, Array]
"""f(z), f(z+a+b), f(z) - f(z+a), f(z) - f(z+b), and f(z) - f(z+a) - f(z+b) + f(z+a+b)."""


def log_beta_ratio(a: Parameter, x: Array, y: Array) -> Array:
    """log B(a, x)/B(a, x + y) >= 0 for a, x > 0 and y >= 0, all finite and below 1e100."""
    total, z = _raised(a, x, y)
    end = z + a + y
    # the double difference of (z - 1/2) log z - z
    main = a * np.log1p(y / (z + a)) + y * np.log1p(a / (z + y)) - (z - 0.5) * np.log1p((a / z) * (y / end))
    return np.asarray(total + main + _series(a, z, y))


def beta_ratio_slopes(a: Parameter, x: Array, y: Array) -> tuple[Array, Array, Array]:
    """Derivatives of `log_beta_ratio` in a, x and y."""
    at_end = psi_gap(x + y, a)
    return psi_gap(x + a, y), at_end - psi_gap(x, a), at_end


def psi_gap(x: Array, y: Parameter) -> Array:
    """ψ(x + y) - ψ(x) >= 0, without subtraction."""
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


def _series(a: Parameter, z: Array, b: Array) -> Array:
    """The double difference of Stirling's error: sums of odd powers of 1/z."""
    if np.min(a, initial=np.inf) * np.min(b, initial=np.inf) > _PLAIN:
        return np.asarray((_error(z) - _error(z + a)) - (_error(z + b) - _error(z + a + b)))
    w, wa, wb, end = 1 / z, 1 / (z + a), 1 / (z + b), 1 / (z + a + b)
    first, second = a * w * wa, b * w * wb
    one = (w, end, first, second, (first * wb) * (b * end) * (2 * z + a + b))
    two = _product(one, one)
    power, total = one, one[-1] * _SERIES[0]
    for factor in _SERIES[1:]:
        power = _product(power, two)
        total = total + factor * power[-1]
    return np.asarray(total)


def _error(z: Array) -> Array:
    w = 1 / z
    w2 = w * w
    first, second, third, fourth = _SERIES
    return np.asarray(w * (first + w2 * (second + w2 * (third + w2 * fourth))))


def _product(f: _Jet, g: _Jet) -> _Jet:
    """The product of two falling, convex functions, whose differences are all positive."""
    ga, gb = g[0] - g[2], g[0] - g[3]
    in_a = f[2] * ga + f[0] * g[2]
    in_b = f[3] * gb + f[0] * g[3]
    # Δab(fg) = Δab f g(z+b) ... with every value on the far side, so that all terms are positive
    f_in_a_far, f_in_b_far = f[2] - f[4], f[3] - f[4]
    both = f[4] * g[0] + f_in_a_far * g[3] + f_in_b_far * g[2] + f[1] * g[4]
    return f[0] * g[0], f[1] * g[1], in_a, in_b, both
