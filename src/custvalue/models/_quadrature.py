"""Quadrature rules for positive, smooth integrands whose scale is known but may be anything: nodes per row."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from custvalue._typing import Array, Ints, Parameter

_GAUSS = [(12.0, *np.polynomial.legendre.leggauss(12)), (np.inf, *np.polynomial.legendre.leggauss(20))]
"""Gauss-Legendre nodes and weights, and how many times e an integrand may fall on a panel that uses them."""
_WIDTH = 3.0
"""Of one panel, in log(1 + u/scale)."""
_DEAD = 32.0
"""exp(-32) is far below the accuracy that is asked for."""
_FAR = 60.0
"""Beyond scale * exp(60) an integrand over a finite range has died, and one over an infinite range is a power of u."""
_STEP = 0.25
_BLOCK = 1 << 16
"""Elements worked on at once: temporaries stay in the cache."""


def blocks(rows: Ints, width: int) -> Iterator[Ints]:
    """The rows in runs that make `width` elements each fit the cache."""
    size = max(1, _BLOCK // width)
    return (rows[i : i + size] for i in range(0, len(rows), size))


def log_panels(
    length: Array, scale: Parameter, rate: Parameter, *, tail: Parameter = np.inf, fineness: float = 1.0
) -> tuple[Array, Array]:
    """Nodes u and weights du of ∫_0^length, Gauss-Legendre in w = log(1 + u/scale).

    For integrands that change over distances of `scale` or more and decay at least like (1 + u/scale)^-rate, rate
    not falling with u: they are cut where they have died. They never decay faster than u^-(1 + tail); where the
    length is infinite they end so, and a last node takes the rest. Arguments have a trailing axis of length 1, on which the
    nodes are; `fineness` multiplies the number of panels.
    """
    with np.errstate(divide="ignore", over="ignore"):
        cut = np.where(rate > 1.5, _DEAD / np.maximum(rate - 1, 0.5), np.inf)
        end = np.minimum(np.minimum(np.log1p(length / scale), cut), _FAR)
    panels = max(1, int(np.ceil(end.max(initial=0.0) / _WIDTH * fineness)))
    fall = float(np.max(end * (tail + 2), initial=0.0)) / panels
    _, nodes, weights = next(rule for rule in _GAUSS if fall <= rule[0])
    share = ((2 * np.arange(panels)[:, None] + 1 + nodes) / (2 * panels)).ravel()
    weight = np.tile(weights / (2 * panels), panels)
    grown = np.expm1(end * share)
    u, du = scale * grown, (scale * end) * ((grown + 1) * weight)
    if not np.isinf(length).any():
        return u, du
    rest = np.where(np.isinf(length) & (end == _FAR), scale * np.exp(_FAR) / tail, 0.0)
    last = np.broadcast_to(scale * np.expm1(_FAR), rest.shape)
    return np.concatenate([u, last], axis=-1), np.concatenate([du, rest], axis=-1)


def logistic(length: Array, near: Parameter, far: Parameter, power: Parameter = 1.0) -> tuple[Array, Array]:
    """Nodes u and weights du of ∫_0^length, trapezoidal in y = log(u / (length - u)) with double-exponential tails.

    For integrands that change over distances of `near` close to 0 and `far` close to the length, and behave like
    u^(power - 1) at 0.
    """
    left = -np.log(np.maximum(length / near, 1.0)) - 2
    right = np.log(np.maximum(length / far, 1.0)) + 2
    start, stop = left - np.log1p(40 / power), right + np.log1p(40.0)
    count = int(np.ceil((stop - start).max() / _STEP)) + 1
    s = start + (stop - start) * (np.arange(count) / (count - 1))
    down, up = np.exp(left - s), np.exp(s - right)
    y = s - down + up
    part = 1 / (1 + np.exp(-np.abs(y)))
    u = length * np.where(y < 0, np.exp(-np.abs(y)) * part, part)
    step = (stop - start) / (count - 1)
    return u, length * np.exp(-np.abs(y)) * part * part * (1 + down + up) * step
