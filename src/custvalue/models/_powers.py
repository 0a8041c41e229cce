"""t^c and its growth, for hazards that change with tenure."""

from __future__ import annotations

import numpy as np

from custvalue._typing import Array, Parameter


def log_time(t: Array) -> Array:
    """log t, and a number far below all logarithms of times at t = 0, whose power is 0 all the same."""
    return np.log(np.maximum(t, 1e-300))


def log_growth(tenure: Array, ahead: Array, c: Parameter) -> Array:
    """log of ((tenure + ahead)^c - tenure^c), exact where ahead is small; -inf at ahead = 0."""
    with np.errstate(divide="ignore", over="ignore"):
        grown = c * np.log1p(ahead / np.maximum(tenure, 1e-300))
        rise = np.where(
            grown > 30, grown + np.log1p(-np.exp(-np.maximum(grown, 30.0))), np.log(np.expm1(np.minimum(grown, 30.0)))
        )
        return np.where(tenure == 0, c * np.log(ahead), c * log_time(tenure) + rise)


def powers(tenure: Array, ahead: Array, c: Parameter, *, most: float) -> tuple[Array, Array]:
    """tenure^c, and (tenure + ahead)^c - tenure^c, both cut at e^most."""
    start = np.where(tenure == 0, 0.0, np.exp(np.clip(c * log_time(tenure), -690.0, most)))
    return start, np.exp(np.minimum(log_growth(tenure, ahead, c), most))


def growth_slope(tenure: Array, ahead: Array, c: Parameter) -> Array:
    """Derivative in c of `log_growth`."""
    with np.errstate(over="ignore"):
        grown = np.minimum(np.log1p(ahead / np.maximum(tenure, 1e-300)), 1e3)
        share = -np.expm1(-c * np.maximum(grown, 1e-300))
    return np.where(tenure == 0, log_time(ahead), log_time(tenure) + np.maximum(grown, 1e-300) / share)


def end_of(spent: Array, more: Array, c: Parameter, since: Array) -> Array:
    """The time whose power is spent + more, after `since`."""
    return np.maximum((spent + more) ** (1 / np.asarray(c)), np.nextafter(since, np.inf))
