"""Orders and revenue of the periods ahead without contracts: a model of buying, one of spend, planned acquisition.

Separate models of acquisition, repeat purchases and spend, as in McCarthy & Fader (2018).

Customers are acquired by their first purchase, evenly over the period of acquisition; this purchase and the expected
repeat purchases up to the period's end count in it, then those of every later period.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from custvalue._arguments import not_negative
from custvalue._typing import Array, ArrayLike
from custvalue.errors import ParameterError
from custvalue.evidence.rfm import RFM
from custvalue.firm.subscriber_projection import Projection, by_period, one_or_each
from custvalue.models.buying.family import SpendModel, TransactionModel
from custvalue.models.model import known_unit
from custvalue.units import DAYS, Unit, as_unit
from custvalue.value.base.leaky_bucket import convolved

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)
_AT: Final = (_NODES + 1) / 2
_PART: Final = _WEIGHTS / 2
"""Times of acquisition within a period, and the share acquired at each: 8 Gauss-Legendre nodes on [0, 1], exact for
polynomials up to degree 15; expected purchases are smooth in age.
"""


def project_buyers(
    buying: TransactionModel,
    acquired: ArrayLike,
    *,
    spend: SpendModel | ArrayLike,
    base: RFM | ArrayLike | None = None,
    unit: Unit,
) -> Projection:
    """Project customers who buy without a contract: a model of buying, planned acquisition, spend per purchase.

    Parameters
    ----------
    buying : TransactionModel
        Of repeat purchases; it knows its unit of time. Fields of shape (draws, 1) are parameter draws.
    acquired : array_like, shape (..., periods)
        Customers acquired in each period; leading axes as for draws.
    spend : SpendModel or array_like
        Its population mean, or with an RFM base the customers' own expectations; or spend per purchase, one number or
        one for each period.
    base : RFM or array_like, shape (..., ages), optional
        The customers there are now: their histories; or numbers ever acquired, by whole periods since the end of the
        one in which they were: 0, 1, 2, ... - those who have left included.
    unit : {"year", "quarter", "month", "week", "day"}
        Length of a period; it need not be the model's.

    Returns
    -------
    Projection
        With `orders`; without `lost` and `ending`, as leaving is not seen.

    Raises
    ------
    ParameterError
        A number is negative or not finite, a model is none, a unit is unknown, or shapes do not broadcast.
    DataError
        The base is in another unit than the model.

    Examples
    --------
    >>> from custvalue.models.buying.beta_geo_nbd import BetaGeoNBD
    >>> bgnbd = BetaGeoNBD(r=0.243, alpha=4.414, a=0.793, b=2.426, unit="week")
    >>> p = project_buyers(bgnbd, [100, 100], spend=35.0, base=[100], unit="quarter")
    >>> p.orders.round(1), p.future_revenue.round(1)
    (array([172.9, 205.7]), array([4518. , 6050.2]))
    """
    if not isinstance(buying, TransactionModel):
        raise ParameterError(f"buying must be a model of buying, such as BetaGeoNBD; got a {type(buying).__name__}")
    length = DAYS[as_unit(unit)] / DAYS[known_unit(buying)]
    plan = by_period("acquired", acquired)
    count = plan.shape[-1]
    each = _spend_new(spend, count)
    if isinstance(base, RFM):
        new = convolved(plan, purchases_by_age(buying, count, length))
        old, paid = _of_histories(base, buying, spend, count, length)
    else:
        held = np.zeros(0) if base is None else np.atleast_1d(not_negative("base", base))
        kernel = purchases_by_age(buying, count + held.shape[-1], length)
        new = convolved(plan, kernel[..., :count])
        old, paid = _of_cohorts(held, kernel, count), None
    old, new = np.broadcast_arrays(old, new)
    return Projection(
        unit=unit,
        acquired=np.broadcast_to(plan, new.shape),
        existing_revenue=np.asarray(old * each) if paid is None else np.broadcast_to(paid, old.shape),
        future_revenue=np.asarray(new * each),
        orders=np.asarray(old + new),
    )


def purchases_by_age(buying: TransactionModel, periods: int, length: float) -> Array:
    """Expected purchases in the period of acquisition, the first included, and in each later one: shape (..., periods).

    `length` is that of a period in the model's unit. Acquisition is spread evenly over its period.
    """
    first = 1 + evenly(buying.expected_purchases_new, np.ones(1), length)
    if periods == 1:
        return first
    ages = np.arange(1.0, periods)
    later = evenly(lambda age: buying.expected_purchases_new(length, after=age), ages, length)
    return np.concatenate([first, later], axis=-1)


def evenly(f: Callable[[Array], Array], since: Array, length: float) -> Array:
    """Mean of f(age) over customers acquired evenly over the first of `since` periods of this length."""
    ages = (length * (since[:, None] - _AT)).ravel()
    found = f(ages)
    return np.asarray(found.reshape(*found.shape[:-1], len(since), len(_AT)) @ _PART)


def _spend_new(spend: SpendModel | ArrayLike, count: int) -> Array:
    """Mean spend per purchase of new customers, one number or one per period on the last axis."""
    if isinstance(spend, SpendModel):
        mean = np.asarray(spend.expected_spend_new())
        return mean if mean.ndim else mean[None]
    return one_or_each("spend", spend, count)


def _of_cohorts(base: Array, kernel: Array, count: int) -> Array:
    """Orders in each period ahead of customers by age, from orders by age."""
    each = [base[..., age, None] * kernel[..., age + 1 : age + 1 + count] for age in range(base.shape[-1])]
    return np.asarray(np.sum(np.broadcast_arrays(*each), axis=0)) if each else np.zeros(count)


def _of_histories(
    base: RFM, buying: TransactionModel, spend: SpendModel | ArrayLike, count: int, length: float
) -> tuple[Array, Array | None]:
    """Orders in each period ahead, and their revenue where customers spend differently, from a model of spend."""
    own = spend.expected_spend(base) if isinstance(spend, SpendModel) else None
    orders, paid = [], []
    for ahead in range(count):
        bought = buying.expected_purchases(base, length, after=length * ahead)
        orders.append(bought.sum(axis=-1))
        paid.append(None if own is None else (bought * own).sum(axis=-1))
    return np.stack(orders, axis=-1), None if own is None else np.stack(paid, axis=-1)  # type: ignore[arg-type]
