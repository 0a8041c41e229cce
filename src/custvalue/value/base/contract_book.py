"""What a book of contracts is worth: the renewals still to come, of customers whose leaving is seen."""

from __future__ import annotations

import numpy as np

from custvalue._arguments import real, times
from custvalue._typing import Array, ArrayLike
from custvalue.discounting.rate import Rate, as_rate
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.tenures import Tenures
from custvalue.models.retention.family import Due, RetentionModel
from custvalue.value.base._flows import check_retention_model

_LONGEST = 100_000
"""Periods that a sum over renewals may have."""
_NEGLIGIBLE = 1e-15


def contract_value(
    model: RetentionModel,
    tenures: Tenures,
    rate: Rate,
    *,
    margin: ArrayLike,
    timing: Due,
    horizon: ArrayLike | None = None,
) -> Array:
    """Present value of the margins still to come from each row of a contract book; the sum is the book's value.

    weight x margin x discounted expected residual lifetime at the row's duration, given that the customer still
    runs; 0 for those who have left. The current period, already paid, is not in it; nor is what acquisition cost.

    Parameters
    ----------
    model : RetentionModel
        Such as `ShiftedBetaGeo.fit(tenures).model`. Array fields of shape (draws, 1) give values of shape
        (draws, rows).
    tenures : Tenures
        The book: rows that have ended may be in it.
    rate : Rate
        Of discount.
    margin : array_like
        Margin per period (the unit of the tenures), of one customer: one for all or one per row; of shape (k, 1) for
        k scenarios.
    timing : {"now", "next", "continuous"}
        When the next renewal is due and its margin comes in: now, undiscounted, or a period from now; in continuous
        time also as it flows. Within a period, as when a book is valued at the end of a year in which contracts renew
        in any month, the truth lies between "now" and "next"; they differ by the discount of one period.
    horizon : array_like, optional
        Periods ahead; None (the default) is forever.

    Returns
    -------
    array
        In the money of the margin, one value per row; infinite where a discounted lifetime is and the margin is not 0.

    Raises
    ------
    DataError
        The model was fitted in another unit, or the tenures are not whole periods and the model renews once a period.
    ParameterError
        `rate` is a bare number, the margin not finite, `timing` none of its choices, or `model` is no retention model.

    Notes
    -----
    The expected retention of those who have stayed is higher than the average: valuing a book at one average retention
    rate understates it (Fader & Hardie 2010), and valuing survivors as if they were new does too.

    Examples
    --------
    >>> from custvalue.models.retention.shifted_beta_geo import ShiftedBetaGeo
    >>> book = Tenures([7, 2, 0], [0, 1, 0], weights=[100, 50, 10], unit="year", by_period=True)
    >>> model = ShiftedBetaGeo(alpha=0.668, beta=3.806)
    >>> contract_value(model, book, Rate.annual(0.10), margin=40.0, timing="now").round(0)
    array([30120.,     0.,  2166.])
    """
    check_book(model, tenures)
    ahead = model.discounted_expected_residual_lifetime(tenures, rate, timing, horizon, unit=tenures.unit)
    return times(_running(tenures, margin), ahead)


def value_of_retention_point(
    model: RetentionModel,
    tenures: Tenures,
    rate: Rate,
    *,
    margin: ArrayLike,
    timing: Due,
    points: float = 0.01,
    horizon: int | None = None,
) -> Array:
    """By how much each row of a contract book gains in value where every retention rate ahead is higher by a point.

    The rates S(t)/S(t-1) of all renewals ahead are raised by `points`, to 1 at most; the gain is in the present value
    that `contract_value` gives, whose arguments these are: what may be spent, now, on a lasting improvement.

    Parameters
    ----------
    points : float
        By how much: 0.01 is one percentage point. Negative for a loss.
    horizon : int, optional
        Renewals ahead; None (the default) is as many as still count at the rate of discount, which must then be
        positive.

    Returns
    -------
    array
        One gain per row; 0 for those who have left.

    Raises
    ------
    ParameterError
        As `contract_value`; or the model has parameters per customer, or the value forever is infinite or takes too
        many renewals to sum.

    Notes
    -----
    The gain is linear neither in points nor in retention: a point is worth more where retention is high, as it is for
    the customers who have stayed longest. With a constant retention rate r a point more than r, forever, makes
    margin (1 + d) (r + .01)/(1 + d - r - .01) of margin (1 + d) r/(1 + d - r).

    Examples
    --------
    >>> from custvalue.models.retention.geometric import Geometric
    >>> book = Tenures([3], [0], unit="year", by_period=True)
    >>> arguments = {"margin": 100.0, "timing": "next"}
    >>> print(value_of_retention_point(Geometric(0.2), book, Rate.annual(0.10), **arguments).round(2))
    [12.64]
    >>> low, high = (contract_value(Geometric(q), book, Rate.annual(0.10), **arguments) for q in (0.2, 0.19))
    >>> print((high - low).round(2))
    [12.64]
    """
    check_book(model, tenures)
    force = np.asarray(as_rate(rate).force(model.known_unit(tenures.unit)))
    if force.ndim and force.shape[-1] != 1:
        raise ParameterError("rates must be one for all rows, or of shape (k, 1) for k scenarios")
    if timing not in {"now", "next"}:
        raise ParameterError(f"timing must be 'now' or 'next', as retention rates are of renewals; got {timing!r}")
    change = real("points", points)
    if change.ndim:
        raise ParameterError(f"points must be one number for all renewals; got shape {change.shape}")
    if any(np.ndim(value) and np.shape(value)[-1] != 1 for value in model.parameters.values()):
        raise ParameterError(
            "the model's parameters must be numbers, or draws of shape (draws, 1), not one per customer"
        )
    count = _renewals(force, horizon)
    discount = np.exp(-force * np.arange(timing == "next", count + (timing == "next")))
    ages, index = np.unique(tenures.duration, return_inverse=True)
    if not len(ages):
        return _running(tenures, margin)
    gains = [_gain(model, age + np.arange(count), change, discount) for age in ages]
    return times(_running(tenures, margin), np.take(np.stack(gains, axis=-1), index, axis=-1))


def check_book(model: object, tenures: object) -> None:
    """Raise unless these are a retention model and tenures."""
    check_retention_model(model)
    if not isinstance(tenures, Tenures):
        raise DataError(
            f"the book must be Tenures, not a {type(tenures).__name__}: make it with Tenures(duration, ended=0) or "
            "Tenures.from_table"
        )


def _running(tenures: Tenures, margin: ArrayLike) -> Array:
    """Margin per period of each row: of all the customers it stands for that still run."""
    amount = real("margin", margin)
    try:
        return np.asarray(amount * np.where(tenures.ended, 0.0, tenures.weights))
    except ValueError:
        raise ParameterError(
            f"margin must be one for all or one per row ({len(tenures)}); got shape {amount.shape}"
        ) from None


def _renewals(force: Array, horizon: int | None) -> int:
    """How many renewals to sum."""
    if horizon is not None:
        if isinstance(horizon, bool) or not (isinstance(horizon, (int, np.integer)) and horizon >= 0):
            raise ParameterError(f"horizon must be a whole number of renewals >= 0, or None; got {horizon!r}")
        return int(horizon)
    slowest = force.min()
    if slowest <= 0:
        raise ParameterError("without a positive rate of discount the gain has no limit; give a horizon")
    count = float(np.ceil(np.log(_NEGLIGIBLE * -np.expm1(-slowest)) / -slowest))
    if count > _LONGEST:
        raise ParameterError(f"at this rate of discount {count:,.0f} renewals still count; give a horizon")
    return int(count)


def _gain(model: RetentionModel, tenure: Array, change: Array, discount: Array) -> Array:
    """Σ_j (what is left of customers at renewal j with raised rates, less what is left without) x discount."""
    lost = model.churn_probability(tenure, 1.0)
    raised = np.cumprod(np.clip(1 - lost + change, 0.0, 1.0), axis=-1)
    return np.asarray(((raised - np.cumprod(1 - lost, axis=-1)) * discount).sum(axis=-1))
