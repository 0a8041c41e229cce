"""Orders and revenue of the periods ahead where customers leave unseen: a model of buying, one of spend, planned adds.

McCarthy, D. M. & Fader, P. S. (2018). Customer-based corporate valuation for publicly traded noncontractual firms.
Journal of Marketing Research 55(5), 617-635 (as cited; not checked against the paper): acquisition, repeat purchases
and spend, each a model of its own.

Customers are acquired by their first purchase, evenly over the period of acquisition; this purchase and the expected
repeat purchases up to the period's end count in it, then those of every later period.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from custvalue._arguments import not_negative
from custvalue._typing import Array, ArrayLike
from custvalue.errors import ParameterError
from custvalue.evidence.rfm import RFM
from custvalue.firm.subscriber_projection import Projection, by_period
from custvalue.models.buying.family import SpendModel, TransactionModel
from custvalue.units import DAYS, Unit, as_unit
from custvalue.value.base._flows import convolved

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)
_AT, _PART = (_NODES + 1) / 2, _WEIGHTS / 2
"""Moments of acquisition within a period, and the share acquired at each: Gauss-Legendre on [0, 1]."""


def project_buyers(
    adds: ArrayLike,
    buying: TransactionModel,
    spend: SpendModel | ArrayLike,
    *,
    base: RFM | ArrayLike | None = None,
    unit: Unit,
    buying_unit: Unit | None = None,
) -> Projection:
    """Project customers who buy when they like: planned adds, a model of buying, spend per purchase.

    Parameters
    ----------
    adds : array_like, shape (..., periods)
        Customers acquired in each period; leading axes as for draws.
    buying : TransactionModel
        Of repeat purchases. Fields of shape (draws, 1) are parameter draws.
    spend : SpendModel or array_like
        Its population mean, or with an RFM base the customers' own expectations; or spend per purchase, one number or
        one for each period.
    base : RFM or array_like, shape (..., ages), optional
        The customers there are now: their histories; or how many were ever acquired, by whole periods since the end of
        the one in which they were: 0, 1, 2, ... - those who have left included.
    unit : str
        How long a period is.
    buying_unit : str, optional
        The unit of time of a model that does not know its own.

    Returns
    -------
    Projection
        With `orders`; without `lost` and `ending`, as leaving is not seen.

    Raises
    ------
    ParameterError
        A number is negative or not finite, a model is none, the unit is unknown or another, or shapes do not broadcast.
    DataError
        The base is in another unit than the model.

    Examples
    --------
    >>> from custvalue.models.buying.beta_geo_nbd import BetaGeoNBD
    >>> bgnbd = BetaGeoNBD(r=0.243, alpha=4.414, a=0.793, b=2.426, unit="week")
    >>> p = project_buyers([100, 100], bgnbd, 35.0, base=[100], unit="quarter")
    >>> p.orders.round(1), p.future_revenue.round(1)
    (array([172.9, 205.7]), array([4518. , 6050.2]))
    """
    if not isinstance(buying, TransactionModel):
        raise ParameterError(f"buying must be a model of buying, such as BetaGeoNBD; got a {type(buying).__name__}")
    length = DAYS[as_unit(unit)] / DAYS[buying.known_unit(buying_unit)]
    plan = by_period("adds", adds)
    count = plan.shape[-1]
    ages = 0 if base is None or isinstance(base, RFM) else np.atleast_1d(not_negative("base", base)).shape[-1]
    kernel = purchases_by_age(buying, count + ages, length)
    each = _spend_new(spend, count)
    new = convolved(plan, kernel[..., :count])
    old, paid = _existing(base, buying, spend, kernel, count, length)
    old, new = np.broadcast_arrays(old, new)
    return Projection(
        unit=unit,
        adds=np.broadcast_to(plan, new.shape),
        existing_revenue=np.asarray(old * each) if paid is None else np.broadcast_to(paid, old.shape),
        future_revenue=np.asarray(new * each),
        orders=np.asarray(old + new),
    )


def purchases_by_age(buying: TransactionModel, periods: int, length: float) -> Array:
    """Expected purchases in the period of acquisition, the first included, and in each later one: shape (..., periods).

    The length of a period is in the model's unit. Acquisition is spread evenly over its period.
    """
    first = 1 + evenly(buying.expected_purchases_new, np.ones(1), length)
    if periods == 1:
        return first
    ages = np.arange(1.0, periods)
    later = evenly(lambda age: buying.expected_purchases_new(length, after=age), ages, length)
    return np.concatenate([first, later], axis=-1)


def evenly(f: Callable[[Array], Array], since: Array, length: float) -> Array:
    """f(age), averaged over customers acquired evenly over the first of `since` periods of this length."""
    ages = (length * (since[:, None] - _AT)).ravel()
    found = f(ages)
    return np.asarray(found.reshape(*found.shape[:-1], len(since), len(_AT)) @ _PART)


def _spend_new(spend: SpendModel | ArrayLike, count: int) -> Array:
    if isinstance(spend, SpendModel):
        mean = np.asarray(spend.expected_spend_new())
        return mean if mean.ndim else mean[None]
    each = not_negative("spend", spend)
    if each.ndim and each.shape[-1] not in (1, count):
        raise ParameterError(f"spend must be a model, one number or one for each of {count} periods; got {each.shape}")
    return each


def _existing(
    base: RFM | ArrayLike | None,
    buying: TransactionModel,
    spend: SpendModel | ArrayLike,
    kernel: Array,
    count: int,
    length: float,
) -> tuple[Array, Array | None]:
    """Orders of the customers there are now, and their revenue where it is not orders times the mean spend."""
    if base is None:
        return np.zeros(count), None
    if not isinstance(base, RFM):
        counts = np.atleast_1d(not_negative("base", base))
        each = [counts[..., age, None] * kernel[..., age + 1 : age + 1 + count] for age in range(counts.shape[-1])]
        return np.asarray(np.sum(np.broadcast_arrays(*each), axis=0)), None
    own = spend.expected_spend(base) if isinstance(spend, SpendModel) else None
    orders, paid = [], []
    for ahead in range(count):
        bought = buying.expected_purchases(base, length, after=length * ahead)
        orders.append(bought.sum(axis=-1))
        paid.append(bought.sum(axis=-1) if own is None else (bought * own).sum(axis=-1))
    return np.stack(orders, axis=-1), None if own is None else np.stack(paid, axis=-1)
