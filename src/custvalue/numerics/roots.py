"""Roots of many equations at once: Halley's steps inside brackets that only shrink.

Halley's method triples the digits where it converges; where its step leaves the bracket, the middle of the bracket is
taken, or a place ever further out where it is open. Accuracy: the last digits that the function's own rounding leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from custvalue._typing import Array, Bools, Ints

EPS: Final = 2.0**-52
ROUNDS: Final = 400
"""At most, of which every eighth bisects: 50 halvings, after steps outward that double each round."""
BISECT_EVERY: Final = 8
"""Steps that creep along one side of a bracket end here; Halley's own need 3 to 6 rounds."""


class At(NamedTuple):
    """A function at one point per equation: value, slope, curvature."""

    value: Array
    slope: Array
    curvature: Array


Function: TypeAlias = Callable[[Array, Ints], At]
"""Takes a point for every equation, and which equations to evaluate; these may only become fewer."""


class Brackets(NamedTuple):
    """Where to look: between `low` and `high`, one or both possibly infinite, from `start`.

    `rising` says whether the function is negative at `low`; `span` bounds how far its terms lie apart in time, which
    is what its higher derivatives are bounded by.
    """

    low: Array
    high: Array
    start: Array
    rising: Bools
    span: Array


def solve(function: Function, brackets: Brackets) -> Array:
    """Return the root in each bracket, to the last digits that the function's own rounding leaves."""
    x = brackets.start.copy()
    low, high = brackets.low.copy(), brackets.high.copy()
    reach = 1.0 / brackets.span
    active = np.arange(len(x))
    for number in range(ROUNDS):
        if not len(active):
            break
        here = x[active]
        at = function(x, active)
        below = (at.value < 0) == brackets.rising[active]
        low[active] = np.where(below, here, low[active])
        high[active] = np.where(below, high[active], here)
        step, error = _step(at, brackets.span[active])
        ends = low[active], high[active]
        x[active], inside = _next(here, step, ends, reach[active], bisect=(number + 1) % BISECT_EVERY == 0)
        reach[active] *= 2.0
        exact = at.value == 0
        x[active] = np.where(exact, here, x[active])
        # a value is a difference of logarithms near 1, rounded by EPS: that moves the root by EPS / slope
        noise = np.divide(EPS, np.abs(at.slope), out=np.zeros(len(here)), where=at.slope != 0)
        close = inside & (error <= 4 * EPS * np.abs(x[active]) + noise)
        narrow = _narrow(*ends)
        active = active[~(exact | close | narrow)]
    return x


def _step(at: At, span: Array) -> tuple[Array, Array]:
    """Halley's step, and a bound for the error after it; both infinite where the slope is no guide.

    After a step d the error is about |d|^3 times the third derivative over the slope, plus (curvature / slope)^2; the
    third derivative of log Σ w e^(-x t) is a third central moment of the times, below the cube of their span.
    """
    with np.errstate(all="ignore"):
        newton = at.value / at.slope
        bend = at.curvature / at.slope
        # half to twice Newton's step: beyond that the curvature at one point is no guide
        step = -newton / np.clip(1.0 - 0.5 * newton * bend, 0.5, 2.0)
        size = np.abs(step)
        error = size**3 * (span**3 / np.abs(at.slope) + bend**2)
    usable = np.isfinite(step) & np.isfinite(error)
    return np.where(usable, step, np.inf), np.where(usable, error, np.inf)


def _next(here: Array, step: Array, ends: tuple[Array, Array], reach: Array, *, bisect: bool) -> tuple[Array, Bools]:
    """Step where that stays within the bracket, else the middle of it, or further out where it is open."""
    low, high = ends
    with np.errstate(invalid="ignore"):
        ahead = here + step
        middle = 0.5 * low + 0.5 * high
    bounded = np.isfinite(low) & np.isfinite(high)
    inside = (ahead >= low) & (ahead <= high) & np.isfinite(ahead)
    if bisect:
        inside &= ~bounded
    outward = np.where(np.isfinite(low), low + reach, np.where(np.isfinite(high), high - reach, here))
    return np.where(inside, ahead, np.where(bounded, middle, outward)), inside


def _narrow(low: Array, high: Array) -> Bools:
    """Whether a bracket has no float of any consequence inside."""
    bounded = np.isfinite(low) & np.isfinite(high)
    with np.errstate(invalid="ignore"):
        return bounded & (high - low <= 4 * EPS * np.maximum(np.abs(low), np.abs(high)))
