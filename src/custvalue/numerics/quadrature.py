"""Quadrature rules for positive, smooth integrands whose scale is known but may be anything: nodes per row.

Nodes are along a first axis, the rows of the arguments along the last. Accuracy: within 2e-12 of the integral for
integrands that change as slowly as is said, mostly far better; see the constants.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from custvalue._typing import Array, Parameter

_GAUSS: Final = [
    (fall, *np.polynomial.legendre.leggauss(n))
    for fall, n in ((0.5, 4), (1.0, 5), (2.0, 6), (4.0, 8), (8.0, 10), (12.0, 12), (20.0, 16), (np.inf, 20))
]
"""How many times e an integrand may fall on a panel, and the Gauss-Legendre nodes and weights that it then needs.

Measured on e^-x over (0, fall): 2e-12 of the integral with 4 to 6 points, 1e-13 with 8 to 12, 1e-14 with more."""
_WIDTH: Final = 3.0
"""Of one panel, in log(1 + u/scale): 1/(1 + u/scale) then falls 3 times e at most."""
_DEAD: Final = 32.0
"""Times e that an integrand has fallen where it is cut: e^-32 = 1e-14."""
_RISE: Final = 16.0
"""How many times e an integrand may rise on a panel: what 16 to 20 points take, see `_GAUSS`."""
_FAR: Final = 60.0
"""Beyond scale · e^60 an integrand over an infinite range is a power of u to the last digit: e^-60 = 9e-27."""
_STEP: Final = 0.25
"""Of the trapezoidal rule in `logistic`, in units of y: its error falls like e^(-2π d/step), d the
distance of the integrand's nearest singularity in y from the real line: 1e-14 for d = 1.3."""


def blocks(rows: int, at_once: int) -> Iterator[slice]:
    """Slices of `at_once` rows, one after another."""
    return (slice(i, i + at_once) for i in range(0, rows, at_once))


def log_panels(
    length: Array,
    scale: Parameter,
    rate: Parameter,
    *,
    steepest: Parameter = np.inf,
    tail: Parameter = np.inf,
    rise: Parameter = 0.0,
    fineness: float = 1.0,
) -> tuple[Array, Array]:
    """Nodes u and weights du of ∫_0^length, Gauss-Legendre in w = log(1 + u/scale).

    For integrands that change over distances of `scale` or more and decay at least like (1 + u/scale)^-rate, rate
    not falling with u: they are cut where they have died. Fewer nodes do if they never change faster than
    u^-(1 + steepest). Where the length is infinite they end as u^-(1 + tail), and a last node takes the rest.
    Up to the length they may rise like u^rise; `fineness` multiplies the number of panels.
    """
    endless, end = np.isinf(length), _log_end(length, scale, rate)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        grows = np.where(endless | (length == 0), 0.0, end * rise * (1 + scale / length))
    panels = max(end.max(initial=0.0) / _WIDTH * fineness, grows.max(initial=0.0) / _RISE)
    share, weight = _panels(panels, end * np.clip(steepest + 1, 2.0, 1e6))
    grown = np.expm1(end * share)
    u = scale * grown
    grown += 1
    grown *= weight[:, None]
    grown *= scale * end
    if not endless.any():
        return u, grown
    rest = np.where(endless & (end == _FAR), scale * np.exp(_FAR) / tail, 0.0)
    last = np.where(rest > 0, scale * np.expm1(_FAR), 0.0)
    return np.concatenate([u, [last]]), np.concatenate([grown, [rest]])


def log_of_two_powers(length: Array, one: Array, p: Parameter, other: Array, q: Parameter) -> Array:
    """log ∫_0^length (1 + u/one)^-p (1 + u/other)^-q du, by `log_panels` over the smaller scale.

    There one of the powers, and du, is the exponential of the nodes themselves.
    """
    first = one < other
    scale, near, far = np.where(first, one, other), np.where(first, p, q), np.where(first, q, p)
    ratio = scale / np.where(first, other, one)
    end = _log_end(length, scale, near + far * ratio)
    share, weight = _panels(end.max(initial=0.0) / _WIDTH, end * np.clip(p + q, 2.0, 1e6))
    w = end * share
    fallen = np.expm1(w)
    fallen *= ratio
    fallen = np.log1p(fallen, out=fallen)
    fallen *= far
    w *= 1 - near
    w -= fallen
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.einsum("kn,k->n", np.exp(w, out=w), weight)) + np.log(scale * end))


def _log_end(length: Array, scale: Parameter, rate: Parameter) -> Array:
    """log(1 + length/scale), or where what falls like (1 + u/scale)^-rate has died."""
    with np.errstate(divide="ignore", over="ignore"):
        cut = np.where(rate > 1.5, _DEAD / np.maximum(rate - 1, 0.5), np.inf)
        return np.minimum(np.where(np.isinf(length), _FAR, np.log1p(length / scale)), cut)


def _panels(many: float, falls: Array) -> tuple[Array, Array]:
    """Gauss-Legendre nodes on (0, 1), as a column, and weights, on at least `many` panels of equal width.

    They are for integrands that fall (or rise) at most `falls` times e over (0, 1).
    """
    panels = max(1, int(np.ceil(many)))
    fall = float(falls.max(initial=0.0)) / panels
    _, nodes, weights = next(rule for rule in _GAUSS if fall <= rule[0])
    share = ((2 * np.arange(panels)[:, None] + 1 + nodes) / (2 * panels)).reshape(-1, 1)
    return share, np.tile(weights / (2 * panels), panels)


def logistic(
    length: Array, near: Parameter, far: Parameter, *, power: Parameter = 1.0, fineness: float = 1.0
) -> tuple[Array, Array]:
    """Nodes u and weights du of ∫_0^length, trapezoidal in y = log(u / (length - u)) with double-exponential tails.

    For integrands that change over distances of `near` close to 0 and `far` close to the length, and behave like
    u^(power - 1) at 0. `fineness` multiplies the number of nodes.
    """
    left = -np.log(np.maximum(length / near, 1.0)) - 2
    right = np.log(np.maximum(length / far, 1.0)) + 2
    start, stop = left - np.log1p(40 / power), right + np.log1p(40.0)
    count = int(np.ceil((stop - start).max(initial=1.0) / _STEP * fineness)) + 1
    s = start + (stop - start) * (np.arange(count)[:, None] / (count - 1))
    down, up = np.exp(left - s), np.exp(s - right)
    y = s - down + up
    tail = np.exp(-np.abs(y))
    part = 1 / (1 + tail)
    u = length * np.where(y < 0, tail * part, part)
    return u, length * tail * part * part * (1 + down + up) * ((stop - start) / (count - 1))


def around(
    peak: Array,
    length: Array,
    near: Parameter,
    width: Parameter,
    *,
    tail: Parameter = np.inf,
    far: Parameter | None = None,
    power: Parameter = 1.0,
    rise: Parameter = 0.0,
    fineness: float = 1.0,
) -> tuple[Array, Array]:
    """Nodes u and weights du of ∫_0^length for integrands with an edge or a peak inside: two parts that meet there.

    They change over distances of `near` close to 0 (behaving like u^(power - 1) there), of `width` close to the
    peak, and of `far` close to the length. `tail` and `rise` are those of `log_panels`.
    """
    first = np.minimum(peak, length)
    alive = first < 50 * near  # what falls over distances of `near` is still falling at the peak
    rest, scale = length - first, np.where(first == 0, near, np.where(alive, np.minimum(near, width), width))
    if far is None:
        later = np.minimum(rest, 1e300) / np.clip(length, 1e-300, 1e300)
        u, du = log_panels(rest, scale, 0.0, tail=tail, rise=rise * later, fineness=1.5 * fineness)
    else:
        u, du = logistic(rest, scale, far, fineness=fineness)
    if not first.any():
        return u, du
    before, weight = logistic(first, near, np.clip(first / (rise + 1), 1e-300, width), power=power, fineness=fineness)
    return np.concatenate([before, first + u]), np.concatenate([weight, du])
