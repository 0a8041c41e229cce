"""Sums and integrals of geometric series, accurate where the ratio is near or equal to 1, and forever.

A customer who stays with probability r, pays (1 + g) times as much each period and is discounted by e^-δ gives a series
with the ratio q = r (1 + g) e^-δ. Everything is written in c = 1 - q and λ = log q, neither as a difference of numbers
that nearly agree: without growth and with δ >= 0, c = (1 - e^-δ) + e^-δ (1 - r) has positive terms only.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from attrs import field, frozen
from scipy.special import bernoulli, factorial

from custvalue._typing import Array

_BERNOULLI: Final = tuple((bernoulli(18)[2::2] / factorial(np.arange(2, 19, 2))).tolist())
"""B_2k / (2k)! of x^(2k - 1), k = 1..9: 1/(1 - e^-x) = 1/x + 1/2 + Σ (DLMF 24.2.1), whose terms fall like (x/2π)^2k:
below 1e-15 of the whole at |x| = 1 from the tenth on."""


@frozen(eq=False)
class Ratio:
    """The ratio q of a geometric series, as c = 1 - q and λ = log q."""

    c: Array = field()
    log: Array = field()

    @classmethod
    def of(cls, retention: Array, growth: Array, force: Array) -> Ratio:
        """q = r (1 + g) e^-δ."""
        with np.errstate(divide="ignore", over="ignore"):
            c = -np.expm1(-force) + np.exp(-force) * ((1 - retention) - growth * retention)
            plain = np.log(retention) + np.log1p(growth) - force
            near = np.abs(c) < 0.5  # where log(1 - c) keeps the digits of c; elsewhere the logarithm keeps its own
            return cls(np.where(near, c, -np.expm1(plain)), np.where(near, np.log1p(-np.where(near, c, 0.0)), plain))

    @property
    def q(self) -> Array:
        """The ratio itself."""
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(self.log))


def total(ratio: Ratio, n: Array) -> Array:
    """1 + q + ... + q^(n-1); n may be infinite, and the sum infinite where q >= 1."""
    endless = np.isinf(n)
    exponent = _product(n, ratio.log)
    safe = np.where(ratio.c == 0, 1.0, ratio.c)
    with np.errstate(over="ignore"):
        finite = np.where(ratio.c == 0, np.where(endless, 0.0, n), -np.expm1(exponent) / safe)
        forever = np.where(ratio.c > 0, 1 / safe, np.inf)
    return np.asarray(np.where(endless, forever, finite))


def integral(ratio: Ratio, n: Array) -> Array:
    """∫_0^n q^t dt; n may be infinite, and the integral infinite where q >= 1; 0 for q = 0."""
    endless = np.isinf(n)
    exponent = _product(n, ratio.log)
    safe = np.where(ratio.log == 0, 1.0, ratio.log)
    with np.errstate(over="ignore"):
        finite = np.where(ratio.log == 0, np.where(endless, 0.0, n), np.expm1(exponent) / safe)
        forever = np.where(ratio.log < 0, -1 / safe, np.inf)
    return np.asarray(np.where(endless, forever, finite))


def mean_index(ratio: Ratio, n: Array) -> Array:
    """d log(total)/dλ: the mean of k = 0..n-1 weighted with q^k; n may be infinite where q < 1."""
    x = np.where(np.isinf(n), 0.0, _product(n, ratio.log))
    safe = np.where(ratio.c == 0, 1.0, ratio.c)
    with np.errstate(over="ignore"):
        first = ratio.q / safe
    # q/(1 - q) - n q^n/(1 - q^n) is a difference of like numbers unless q^n < 1/e; else the two series of `_excess`
    decayed = np.where(x < -1, x, -1.0)
    small = first - np.where(np.isinf(n), 0.0, n) * np.exp(decayed) / -np.expm1(decayed)
    count = np.where(np.isinf(n), 1.0, n)
    near = count * _excess(x) - _excess(np.where(np.isinf(n), 0.0, ratio.log))
    return np.asarray(np.where(np.isinf(n), first, np.where(x < -1, small, near)))


def mean_time(ratio: Ratio, n: Array) -> Array:
    """d log(integral)/dλ: the mean of t in [0, n] weighted with q^t; n may be infinite where q < 1."""
    x = np.where(np.isinf(n), 0.0, _product(n, ratio.log))
    safe = np.where(np.abs(ratio.log) < 1e-300, -1.0, ratio.log)
    return np.asarray(np.where(np.isinf(n), -1 / safe, np.where(np.isinf(n), 0.0, n) * _excess(x)))


def _product(n: Array, log: Array) -> Array:
    """n log q, 0 for n = 0 whatever q is."""
    with np.errstate(invalid="ignore"):
        return np.where(n == 0, 0.0, n * log)


def _excess(x: Array) -> Array:
    """1/(1 - e^-x) - 1/x, which rises from 0 through 1/2 at x = 0 to 1."""
    small = np.abs(x) < 1
    squared = np.where(small, x * x, 0.0)
    series = np.full_like(squared, _BERNOULLI[-1])
    for coefficient in _BERNOULLI[-2::-1]:
        series = series * squared + coefficient
    away = np.where(small, 1.0, x)
    with np.errstate(over="ignore", divide="ignore"):
        plain = -1 / np.expm1(-away) - 1 / away
    return np.asarray(np.where(small, 0.5 + np.where(small, x, 0.0) * series, plain))
