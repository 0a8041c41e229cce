"""Interpolation of a yield curve: the force of interest accumulated from now to any time."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

import numpy as np

from custvalue._typing import Array

Method: TypeAlias = Literal["linear", "log-linear", "monotone cubic"]
METHODS: Final[tuple[Method, ...]] = get_args(Method)


def accumulated(times: Array, forces: Array, method: Method, t: Array) -> Array:
    """-log of the discount factor for 0 <= t <= times[-1]; `forces` are spot rates at `times`."""
    if method == "linear":
        return np.asarray(np.interp(t, times, forces) * t)
    knots, values = np.append(0.0, times), np.append(0.0, forces * times)
    if method == "log-linear":
        return np.asarray(np.interp(t, knots, values))
    return _hermite(knots, values, slopes(knots, values), t)


def first_force(times: Array, forces: Array, method: Method) -> float:
    """Return the limit of the spot rate at time 0."""
    if method != "monotone cubic":
        return float(forces[0])
    knots, values = np.append(0.0, times), np.append(0.0, forces * times)
    return float(slopes(knots, values)[0])


def slopes(x: Array, y: Array) -> Array:
    """Slopes at the knots with which cubics rise and fall only where the values do.

    Weighted harmonic means of the slopes beside (Fritsch & Butland 1984, SIAM J. Sci. Stat. Comput. 5, 300);
    three-point formulas at the ends, cut so that they keep the direction, as in MATLAB's and SciPy's pchip.
    """
    steps, rises = np.diff(x), np.diff(y) / np.diff(x)
    if len(rises) == 1:
        return np.repeat(rises, 2)
    before, after = 2 * steps[1:] + steps[:-1], steps[1:] + 2 * steps[:-1]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        harmonic = (before + after) / (before / rises[:-1] + after / rises[1:])
    inner = np.where(np.sign(rises[:-1]) * np.sign(rises[1:]) > 0, harmonic, 0.0)
    return np.concatenate(([_end(steps, rises)], inner, [_end(steps[::-1], rises[::-1])]))


def _end(steps: Array, rises: Array) -> float:
    slope = ((2 * steps[0] + steps[1]) * rises[0] - steps[0] * rises[1]) / (steps[0] + steps[1])
    if np.sign(slope) != np.sign(rises[0]):
        return 0.0
    if np.sign(rises[0]) != np.sign(rises[1]) and abs(slope) > 3 * abs(rises[0]):
        return float(3 * rises[0])
    return float(slope)


def _hermite(x: Array, y: Array, slope: Array, t: Array) -> Array:
    """The piecewise cubic with these values and slopes."""
    i = np.clip(np.searchsorted(x, t, side="right") - 1, 0, len(x) - 2)
    step, rise = np.diff(x), np.diff(y) / np.diff(x)
    s = t - x[i]
    quadratic = (3 * rise[i] - 2 * slope[i] - slope[i + 1]) / step[i]
    cubic = (slope[i] + slope[i + 1] - 2 * rise[i]) / step[i] ** 2
    return np.asarray(y[i] + s * (slope[i] + s * (quadratic + s * cubic)))
