"""What a customer's value responds to: elasticities in retention, margin, rate and acquisition cost, analytic."""

from __future__ import annotations

import numpy as np
from attrs import field, frozen

from custvalue._arguments import growth_rate, periods, real, require, share, times, together
from custvalue._typing import Array, ArrayLike
from custvalue.discounting.rate import Rate
from custvalue.discounting.timing import Timing, as_timing, force_of
from custvalue.errors import ParameterError
from custvalue.numerics.geometric_series import Ratio, mean_index, mean_time
from custvalue.units import Unit
from custvalue.value.formulas.constant_retention import annuity_factor


@frozen(eq=False)
class Elasticities:
    """By how many percent a value changes when an input changes by one percent of itself.

    Attributes
    ----------
    value : array
        The value itself, acquisition cost taken off.
    retention, margin, rate, acquisition_cost : array
        d log(value) / d log(input), of the size of the value where it is negative; `rate` is in the effective rate per
        period.
    """

    value: Array = field()
    retention: Array = field()
    margin: Array = field()
    rate: Array = field()
    acquisition_cost: Array = field()


def value_elasticities(
    margin: ArrayLike,
    retention: ArrayLike,
    rate: Rate,
    *,
    timing: Timing,
    horizon: ArrayLike | None = None,
    growth: ArrayLike = 0.0,
    acquisition_cost: ArrayLike = 0.0,
    unit: Unit = "year",
) -> Elasticities:
    """Elasticities of `constant_retention_value` in each of its inputs, by exact differentiation.

    With K the mean number of periods that the discounted payments wait beyond the first, and b what the first waits
    itself (1 for "next" and "end", 1/2 for "middle", 0 for "now" and "continuous"), the elasticity of the value before
    acquisition cost in retention is K (and 1 more for "next"), in the rate -(K + b) d/(1 + d), in the margin 1. For
    "next" and forever these are Gupta and Lehmann's (1 + i)/(1 + i - r), -i/(1 + i - r) and 1. An acquisition cost A
    multiplies them by (V + A)/V and has itself the elasticity -A/V.

    Arguments are those of `constant_retention_value`.

    Raises
    ------
    ParameterError
        As there; or the value is 0 or infinite, where elasticities are not defined.

    Examples
    --------
    >>> e = value_elasticities(100, 0.8, Rate.annual(0.12), timing="next")
    >>> print(e.retention.round(3), e.margin.round(3), e.rate.round(3))
    3.5 1.0 -0.375
    """
    factor = annuity_factor(retention, rate, timing=timing, horizon=horizon, growth=growth, unit=unit)
    ahead, wait, force = _waiting(retention, rate, timing, horizon, growth, unit)
    amount, cost = real("margin", margin), real("acquisition_cost", acquisition_cost)
    amount, cost, factor = together(margin=amount, acquisition_cost=cost, retention=factor)
    gross = times(amount, factor)
    value = gross - cost
    require(
        np.isfinite(value) & (value != 0),
        "the value must be finite and not 0 to have elasticities",
        "Give a horizon where it is infinite.",
        value=value,
    )
    scale = gross / value
    return Elasticities(
        value=value,
        retention=scale * (ahead + (timing == "next")),
        margin=scale,
        rate=scale * (ahead + wait) * np.expm1(-force),
        acquisition_cost=-cost / value,
    )


def _waiting(
    retention: ArrayLike, rate: Rate, timing: Timing, horizon: ArrayLike | None, growth: ArrayLike, unit: Unit
) -> tuple[Array, float, Array]:
    """Mean periods that payments wait beyond the first, what the first waits, and the force."""
    paid = as_timing(timing)
    stays, grows, force, n = together(
        retention=share("retention", retention),
        growth=growth_rate(growth),
        rate=force_of(rate, unit),
        horizon=periods("horizon", horizon, whole=paid != "continuous"),
    )
    ratio = Ratio.of(stays, grows, force)
    if paid == "continuous":
        return mean_time(ratio, n), 0.0, force
    return mean_index(ratio, n), {"now": 0.0, "next": 1.0, "end": 1.0, "middle": 0.5}[paid], force


def retention_uplift(
    retention: ArrayLike,
    rate: Rate,
    *,
    timing: Timing,
    points: ArrayLike = 0.05,
    growth: ArrayLike = 0.0,
    horizon: ArrayLike | None = None,
    unit: Unit = "year",
) -> Array:
    """By what share a customer's value rises when retention rises by so many points: 0.05 is five points.

    The margin does not matter. Reichheld and Sasser (1990) report 25 % to 85 % for five points across industries, from
    profits that also grow with tenure; with a constant margin, timing="next" and a rate of 10 %, it is 20 % where
    retention is 60 %, 41 % where it is 90 %, and nowhere above 58 %.

    Arguments are those of `constant_retention_value`.

    Returns
    -------
    array
        0.25 is 25 % more. Infinite where the value rises from 0 (retention 0 and timing="next") or to infinity.

    Raises
    ------
    ParameterError
        As there; retention + points is above 1; or the value is infinite to begin with.

    References
    ----------
    F. F. Reichheld and W. E. Sasser, "Zero defections", Harvard Business Review, Sep-Oct 1990 (as cited; not checked
    against the paper).

    Examples
    --------
    >>> print(retention_uplift([0.6, 0.7, 0.8, 0.9], Rate.annual(0.10), timing="next").round(3))
    [0.204 0.224 0.275 0.407]
    """
    before, more = together(retention=share("retention", retention), points=real("points", points))
    after = before + more
    over = after - 1 < 1e-12
    require(
        over & (after >= 0),
        "retention + points must lie between 0 and 1",
        "Ask for fewer points.",
        retention=before,
        points=more,
    )
    old, new = (
        annuity_factor(np.minimum(r, 1.0), rate, timing=timing, horizon=horizon, growth=growth, unit=unit)
        for r in (before, after)
    )
    if np.isinf(old).any():
        raise ParameterError("the value is infinite before retention rises; give a horizon or a higher rate")
    with np.errstate(divide="ignore", over="ignore"):
        gained = np.where(old == 0, np.where(new == 0, 0.0, np.inf), (new - old) / np.where(old == 0, 1.0, old))
    return np.asarray(gained)
