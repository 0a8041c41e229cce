"""The expected maximum of straight lines γ a - b over γ ~ Beta(α, β): piecewise, exactly."""

from __future__ import annotations

import numpy as np
from scipy.special import betaincc, betaln

from custvalue._typing import Array, Bools, Ints

_PASSES = 40
"""How often points above the chord of their neighbors are dropped, all at once, before going one by one."""


def corners(a: Array, b: Array) -> Ints:
    """Lines γ a - b that are highest for some γ >= 0, by growing a; the first has a = b = 0, and b never falls.

    They are the corners of the lower convex hull of the points (a, b). With one value for all customers the points
    are an affine image of the ROC curve, and these the corners of its convex hull.
    """
    highest = np.maximum.accumulate(a)
    kept = np.flatnonzero(np.concatenate(([True], a[1:] > highest[:-1])))
    for _ in range(_PASSES):
        left = kept[_convex(a[kept], b[kept])]
        if len(left) == len(kept):
            return kept
        kept = left
    return _chain(a, b, kept)


def _convex(a: Array, b: Array) -> Bools:
    """Whether each point lies below the chord of its neighbors; the others are no corners, all of them at once."""
    run, rise = np.diff(a), np.diff(b)
    inner = rise[:-1] * run[1:] < rise[1:] * run[:-1]
    return np.concatenate(([True], inner, [True]))[: len(a)]


def _chain(a: Array, b: Array, points: Ints) -> Ints:
    """Corners one by one (Andrew's monotone chain), where few points go at a time."""
    found: list[tuple[float, float, int]] = []
    for x, y, i in zip(a[points].tolist(), b[points].tolist(), points.tolist(), strict=True):
        while len(found) > 1:
            (x0, y0, _), (x1, y1, _) = found[-2:]
            if (y1 - y0) * (x - x1) < (y - y1) * (x1 - x0):
                break
            found.pop()
        found.append((x, y, i))
    return np.array([i for _, _, i in found], dtype=np.intp)


def expected_maximum(a: Array, b: Array, share: Array, alpha: float, beta: float) -> tuple[float, float]:
    """E[max_k γ a_k - b_k], and the expected share at the maximum.

    From corner to corner the maximum changes by (γ - g) Δa where γ > g = Δb/Δa, so that its expectation is a sum of
    Δa E[(γ - g)+], all of them positive: nothing cancels, however unlikely a profit is.
    """
    unit = _power_of_two(a, b)
    a, b = a / unit, b / unit
    best = corners(a, b)
    gain = np.diff(a[best])
    with np.errstate(over="ignore"):
        g = np.minimum(np.diff(b[best]) / gain, 1.0)
    above = betaincc(alpha, beta, g)
    profit = (gain * _mean_excess(g, above, alpha, beta)).sum()
    return float(profit * unit), float((np.diff(share[best]) * above).sum())


def _power_of_two(a: Array, b: Array) -> float:
    """Of the size of the numbers, so that their products neither overflow nor vanish."""
    size = max(float(np.abs(a).max()), float(np.abs(b).max()))
    return float(2.0 ** np.floor(np.log2(size))) if size > 0 else 1.0


def _mean_excess(g: Array, above: Array, alpha: float, beta: float) -> Array:
    """E[(γ - g)+] for γ ~ Beta(α, β) and g in [0, 1], where `above` is P(γ > g).

    By I_g(α + 1, β) = I_g(α, β) - g^α (1 - g)^β / (α B(α, β)).
    """
    mean = alpha / (alpha + beta)
    with np.errstate(divide="ignore"):
        log_density = alpha * np.log(g) + beta * np.log1p(-g) - betaln(alpha, beta) - np.log(alpha)
    return np.asarray(np.maximum((mean - g) * above + mean * np.exp(log_density), 0.0))
