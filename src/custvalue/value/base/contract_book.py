"""Value of a book of contracts: the renewals still to come, of customers whose churn is observed."""

from __future__ import annotations

from typing import Final

import numpy as np

from custvalue._arguments import common_shape, only, real, require, times, whole_number
from custvalue._typing import Array, ArrayLike
from custvalue.discounting.rate import Rate, as_rate
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.tenures import Tenures
from custvalue.models.model import known_unit
from custvalue.models.retention.family import Due, RetentionModel
from custvalue.value.base.leaky_bucket import check_model, check_retention_model

_LONGEST: Final = 100_000
"""Renewals that a sum may have: at a rate of discount of about 0.05 % per period."""
_NEGLIGIBLE: Final = 1e-15
"""What renewals that are left out add at most, as a share of a perpetuity: rounding would hide more."""


def contract_value(
    model: RetentionModel,
    tenures: Tenures,
    *,
    rate: Rate,
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
        The book: rows that have ended may be in it. Its unit is the period.
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
    >>> contract_value(model, book, rate=Rate.annual(0.10), margin=40.0, timing="now").round(0)
    array([30120.,     0.,  2166.])
    """
    check_retention_model(model)
    if not isinstance(tenures, Tenures):
        raise DataError(
            f"the book must be Tenures, not a {type(tenures).__name__}: make it with Tenures(duration, ended=0) or "
            "Tenures.from_table"
        )
    ahead = model.discounted_expected_residual_lifetime(
        tenures, rate=rate, timing=timing, horizon=horizon, unit=tenures.unit
    )
    return times(_running(tenures, margin), ahead)


def gain_of_points(
    model: RetentionModel,
    tenures: Tenures,
    *,
    points: ArrayLike,
    rate: Rate,
    margin: ArrayLike,
    timing: Due,
    horizon: int | None = None,
) -> Array:
    """Gain of each row where all retention rates ahead rise by `points`; `sensitivity(contract_value, ...)` calls it.

    The sum over renewals j of what is left of customers with raised rates, less what is left without, x discount x
    margin. Raises ParameterError as `contract_value`, or where points, rates or parameters are not one for all rows,
    as they would be taken for those of the renewals.
    """
    force = force_of_book(model, tenures, rate)
    if force.ndim and force.shape[-1] != 1:
        raise ParameterError("rates must be one for all rows, or of shape (k, 1) for k scenarios")
    if timing not in {"now", "next"}:
        raise ParameterError(f"timing must be 'now' or 'next', as retention rates are of renewals; got {timing!r}")
    check_model(model)
    change = only("points", real("points", points))
    count = _renewals(force, horizon)
    discount = np.exp(-force * np.arange(timing == "next", count + (timing == "next")))
    ages, row = np.unique(tenures.duration, return_inverse=True)
    gains = np.zeros((*np.broadcast_shapes(force.shape[:-1], model.churn_probability(0.0, 1.0).shape[:-1]), len(ages)))
    for i, age in enumerate(ages):
        lost = model.churn_probability(age + np.arange(count), 1.0)
        raised = np.cumprod(np.clip(1 - lost + change, 0.0, 1.0), axis=-1)
        gains[..., i] = ((raised - np.cumprod(1 - lost, axis=-1)) * discount).sum(axis=-1)
    return times(_running(tenures, margin), gains[..., row])


def force_of_book(model: RetentionModel, tenures: Tenures, rate: Rate) -> Array:
    """Force of interest per period of the book, whose unit must be the model's."""
    return np.asarray(as_rate(rate).force(known_unit(model, tenures.unit)), dtype=np.float64)


def _running(tenures: Tenures, margin: ArrayLike) -> Array:
    """Margin per period of each row: of all the customers it stands for that still run."""
    amount = real("margin", margin)
    if amount.ndim and amount.shape[-1] not in (1, len(tenures)):
        raise ParameterError(f"margin must be one for all or one per row ({len(tenures)}); got shape {amount.shape}")
    common_shape(rows=tenures.duration, margin=amount)
    return np.asarray(amount * np.where(tenures.ended, 0.0, tenures.weights))


def _renewals(force: Array, horizon: int | None) -> int:
    """How many renewals to sum: the rest of a perpetuity, e^(-δ n)/(1 - e^(-δ)), is negligible after n."""
    if horizon is not None:
        return whole_number("horizon", horizon, least=0)
    slowest = float(force.min())
    require(slowest > 0, "without a positive rate of discount the gain has no limit", "Give a horizon.", rate=slowest)
    count = float(np.ceil(np.log(_NEGLIGIBLE * -np.expm1(-slowest)) / -slowest))
    if count > _LONGEST:
        raise ParameterError(f"at this rate of discount {count:,.0f} renewals still count; give a horizon")
    return int(count)
