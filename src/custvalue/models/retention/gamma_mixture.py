"""Gamma mixtures of Weibull lifetimes, S(t) = (α/(α + t^c))^r: what the models EG, G2G and WG share."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from custvalue._typing import Array, Parameter
from custvalue.numerics.special import growth_slope, log_growth, log_time


def log_stay(r: Parameter, alpha: Parameter, tenure: Array, ahead: Array) -> Array:
    """log S(tenure + ahead)/S(tenure) where c = 1."""
    return np.asarray(-r * np.log1p(ahead / (alpha + tenure)))


def log_stay_slopes(r: Parameter, alpha: Parameter, tenure: Array, ahead: Array) -> Array:
    """Derivatives of `log_stay` in r and α."""
    now = alpha + tenure
    return np.stack(np.broadcast_arrays(-np.log1p(ahead / now), (r / now) * (ahead / (now + ahead))))


def log_stay_power(r: Parameter, alpha: Parameter, c: Parameter, tenure: Array, ahead: Array) -> Array:
    """log S(tenure + ahead)/S(tenure)."""
    return np.asarray(-r * np.logaddexp(0.0, _log_ratio(alpha, c, tenure, ahead)))


def log_stay_power_slopes(r: Parameter, alpha: Parameter, c: Parameter, tenure: Array, ahead: Array) -> Array:
    """Derivatives of `log_stay_power` in r, α and c."""
    ratio, now = _log_ratio(alpha, c, tenure, ahead), log_now(alpha, c, tenure)
    rising = -r * expit(ratio)
    passed = np.where(tenure == 0, 0.0, expit(c * log_time(tenure) - np.log(alpha)) * log_time(tenure))
    in_c = rising * (growth_slope(tenure, ahead, c) - passed)
    return np.stack(np.broadcast_arrays(-np.logaddexp(0.0, ratio), -rising * np.exp(-now), in_c))


def log_now(alpha: Parameter, c: Parameter, tenure: Array) -> Array:
    """log(α + tenure^c)."""
    return np.logaddexp(np.log(alpha), np.where(tenure == 0, -np.inf, c * log_time(tenure)))


def _log_ratio(alpha: Parameter, c: Parameter, tenure: Array, ahead: Array) -> Array:
    """log of ((tenure + ahead)^c - tenure^c)/(α + tenure^c)."""
    return np.asarray(log_growth(tenure, ahead, c) - log_now(alpha, c, tenure))
