"""E[f(p)] for p ~ Beta(a, b) to 25 and more digits, by a rule of its own: no 2F1 and none of the library's code.

The trapezoidal rule in u, where logit p = c + w sinh u, halved until two results agree. (mpmath's hyp2f1 is used as
a second way where parameters are moderate; for large ones it is confidently wrong, as 2F1(0.67, 4577; 12769; -5.7),
which it gives as -2.3e714.)
"""

from __future__ import annotations

import math
from collections.abc import Callable

from mpmath import mp, mpf

ZERO = mpf(0)


def expectation(f: Callable[[mpf], mpf], a: mpf, b: mpf, R: mpf = ZERO, h: mpf = ZERO, digits: int = 25) -> mpf:
    """E[f(p)], p ~ Beta(a, b); (1 + p h)^-R says how f decays where that decides where the mass is."""
    with mp.workdps(digits + 20):
        return _integral(f, a, b, R, h, digits) / _integral(lambda _p: mpf(1), a, b, mpf(0), mpf(0), digits)


def _integral(f: Callable[[mpf], mpf], a: mpf, b: mpf, R: mpf, h: mpf, digits: int) -> mpf:
    """∫ p^(a-1) (1-p)^(b-1) f(p) dp."""
    center, width = _peak(float(a), float(b), float(R), float(h))
    step = mpf(1) / 4
    total = step * _sum(f, a, b, center, width, step, mpf(0))
    for _ in range(11):
        finer = (total + step * _sum(f, a, b, center, width, step, mpf(1) / 2)) / 2
        if abs(finer - total) <= abs(finer) * mpf(10) ** -digits:
            return finer
        step, total = step / 2, finer
    raise ArithmeticError("the trapezoidal rule did not settle")


def _sum(f: Callable[[mpf], mpf], a: mpf, b: mpf, center: mpf, width: mpf, step: mpf, offset: mpf) -> mpf:
    """The integrand at u = (k + offset) step, summed over whole k until it has died on both sides."""
    total = mpf(0)
    for sign in (1, -1):
        k, most, quiet = (0 if sign == 1 else -1), mpf(0), 0
        while quiet < 12:
            u = (k + offset) * step
            y = center + width * mp.sinh(u)
            tail = mp.log1p(mp.exp(-abs(y)))
            log_p, log_q = min(y, 0) - tail, -max(y, 0) - tail
            value = mp.exp(a * log_p + b * log_q) * f(mp.exp(log_p)) * width * mp.cosh(u)
            total += value
            most = max(most, abs(value))
            quiet = quiet + 1 if abs(value) <= most * mpf(10) ** -(mp.dps + 5) else 0
            k += sign
    return total


def _peak(a: float, b: float, R: float, h: float) -> tuple[mpf, mpf]:
    """Where p^a (1-p)^b (1 + p h)^-R is largest in y = logit p, and its width there, at most 1; roughly."""

    def height(y: float) -> float:
        log_p = -math.log1p(math.exp(-y)) if y > -700 else y
        log_q = -math.log1p(math.exp(y)) if y < 700 else -y
        return a * log_p + b * log_q - R * math.log1p(h * math.exp(max(log_p, -700.0)))

    low, high = -60.0, 60.0
    for _ in range(200):
        one, two = low + 0.382 * (high - low), low + 0.618 * (high - low)
        low, high = (one, high) if height(one) < height(two) else (low, two)
    y, e = (low + high) / 2, 1e-3
    bend = -(height(y + e) - 2 * height(y) + height(y - e)) / e**2
    return mpf(y), mpf(min(1.0, bend**-0.5 if bend > 1 else 1.0))
