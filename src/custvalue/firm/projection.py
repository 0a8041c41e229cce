"""Customers and revenue of the periods ahead: of the customers there are now, and of those to be acquired.

Subscribers (McCarthy, Fader & Hardie 2017): a customer acquired in period s joins at its end (age 0), and is there at
the end of t with probability S(t - s), as by `project_customer_base` with joining="end". A quarterly count misses
customers who come and go within one quarter: project by month where that matters.

Buyers without contracts (McCarthy & Fader 2018; separate models of acquisition, repeat purchases and spend) are
acquired by their first purchase, evenly over the period of acquisition; this purchase and the expected repeat purchases
up to the period's end count in it, then those of every later period.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias, get_args

import numpy as np
from attrs import field, frozen
from attrs.converters import optional

from custvalue._arguments import not_negative, one_of
from custvalue._results import Rows, as_column
from custvalue._typing import Array, ArrayLike, NDArray
from custvalue.errors import ParameterError
from custvalue.evidence.rfm import RFM
from custvalue.models.buying.family import TransactionModel
from custvalue.models.model import known_unit
from custvalue.models.retention.family import RetentionModel
from custvalue.models.spend.family import SpendModel
from custvalue.units import DAYS, Unit, as_unit
from custvalue.value.base.leaky_bucket import check_model, convolved, project_customer_base

Paying: TypeAlias = Literal["start", "average", "end"]
"""Who pays in a period: the customers at its start, those at its end, or the mean of both."""

_COUNTS: Final = ("acquired", "lost", "ending", "existing", "orders")

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)
_AT: Final = (_NODES + 1) / 2
_PART: Final = _WEIGHTS / 2
"""Times of acquisition within a period, and the share acquired at each: 8 Gauss-Legendre nodes on [0, 1], exact for
polynomials up to degree 15; expected purchases are smooth in age.
"""


@frozen(eq=False, repr=False)
class Projection(Rows):
    """Customers and revenue in the periods ahead; the last axis is over periods, leading ones over draws.

    Attributes
    ----------
    unit : str
        Length of a period.
    acquired : array
        Customers acquired in each period.
    existing_revenue, future_revenue : array
        Of the customers there are now, and of those acquired from now on.
    lost, ending : array or None
        Customers lost in, and there at the end of, each period; None where leaving is not seen.
    existing : array or None
        Of the customers there are now, those there at the end of each period.
    orders : array or None
        Purchases, first ones included; None where customers pay by contract.
    """

    unit: Unit = field(converter=as_unit)
    acquired: Array = field(converter=as_column)
    existing_revenue: Array = field(converter=as_column)
    future_revenue: Array = field(converter=as_column)
    lost: Array | None = field(default=None, converter=optional(as_column))
    ending: Array | None = field(default=None, converter=optional(as_column))
    existing: Array | None = field(default=None, converter=optional(as_column))
    orders: Array | None = field(default=None, converter=optional(as_column))

    @property
    def revenue(self) -> Array:
        """Revenue of all customers."""
        return np.asarray(self.existing_revenue + self.future_revenue)

    @property
    def horizon(self) -> int:
        """Number of periods ahead."""
        return int(self.revenue.shape[-1])

    def table(self) -> dict[str, NDArray[Any]]:
        """The columns by name, as for a dataframe; arrays of shape (..., periods) where there are draws."""
        counts = {name: getattr(self, name) for name in _COUNTS if getattr(self, name) is not None}
        return counts | {"revenue": self.revenue}

    def __len__(self) -> int:
        return self.horizon

    def __repr__(self) -> str:
        revenue = self.revenue
        draws = f" in {revenue[..., 0].size} draws" if revenue.ndim > 1 else ""
        first, last = revenue[..., 0].mean(), revenue[..., -1].mean()
        return f"Projection over {self.horizon} {self.unit}s{draws}: revenue {first:,.6g} at first, {last:,.6g} at last"


def project_subscribers(
    retention: RetentionModel,
    acquired: ArrayLike,
    *,
    revenue: ArrayLike,
    paying: Paying,
    base: ArrayLike | None = None,
    unit: Unit,
) -> Projection:
    """Project customers who pay until they leave: a model of retention, planned acquisition, revenue per customer.

    Parameters
    ----------
    retention : RetentionModel
        Fields of shape (draws, 1) are parameter draws.
    acquired : array_like, shape (..., periods)
        Customers acquired in each period, such as `WeibullAcquisition.expected_acquired`.
    revenue : array_like
        Of a paying customer per period (ARPU): one number, or one for each period along the last axis.
    paying : {"start", "average", "end"}
        Who pays in a period: customers at its start, at its end, or the mean of both, as filings' averages are.
    base : array_like, shape (..., ages), optional
        Customers now, by whole periods since the end of the one in which they were acquired: 0, 1, 2, ...
    unit : {"year", "quarter", "month", "week", "day"}
        Length of a period, which must be the model's where it knows its own.

    Returns
    -------
    Projection

    Raises
    ------
    ParameterError
        A number is negative or not finite, `paying` is none of its choices, the unit is not the model's, or shapes do
        not broadcast.

    Examples
    --------
    >>> from custvalue.models.retention.geometric import Geometric
    >>> p = project_subscribers(Geometric(0.2), [10, 10], revenue=5.0, paying="end", base=[100], unit="quarter")
    >>> p.ending, p.lost, p.revenue
    (array([90., 82.]), array([20., 18.]), array([450., 410.]))
    """
    check_model(retention)
    known_unit(retention, unit)
    plan = by_period("acquired", acquired)
    each = one_or_each("revenue", revenue, plan.shape[-1])
    held = np.zeros(1) if base is None else np.atleast_1d(not_negative("base", base))
    customers = project_customer_base(retention, plan, base=held, joining="end")
    return Projection(
        unit=unit,
        acquired=customers.acquired,
        existing_revenue=paying_customers(customers.initial_end, held.sum(axis=-1), paying) * each,
        future_revenue=paying_customers(customers.acquired_end, np.zeros(()), paying) * each,
        lost=customers.lost,
        ending=customers.end,
        existing=customers.initial_end,
    )


def paying_customers(ending: Array, first: Array, paying: str) -> Array:
    """Customers who pay in each period, from those at its end and those before the first."""
    if one_of("paying", paying, get_args(Paying), "'average' is the mean of the customers at start and end.") == "end":
        return ending
    start = np.broadcast_to(np.asarray(first)[..., None], (*ending.shape[:-1], 1))
    begun = np.concatenate([start, ending[..., :-1]], axis=-1)
    return begun if paying == "start" else np.asarray((begun + ending) / 2)


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
    acquired, unit
        As for `project_subscribers`, but that the unit need not be the model's.
    spend : SpendModel or array_like
        Its population mean, or with an RFM base the customers' own expectations; or spend per purchase, one number or
        one for each period.
    base : RFM or array_like, shape (..., ages), optional
        The customers there are now: their histories; or numbers ever acquired, by whole periods since the end of the
        one in which they were: 0, 1, 2, ... - those who have left included.

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


def by_period(name: str, values: ArrayLike) -> Array:
    """Numbers >= 0, one for each of at least one period along the last axis."""
    found = not_negative(name, values)
    if not found.ndim or not found.shape[-1]:
        raise ParameterError(f"{name} must be one number for each period ahead, along the last axis")
    return found


def one_or_each(name: str, values: ArrayLike, periods: int) -> Array:
    """Numbers >= 0, one for all periods or one for each along the last axis."""
    found = not_negative(name, values)
    if found.ndim and found.shape[-1] not in {1, periods}:
        raise ParameterError(f"{name} must be one number or one for each of {periods} periods; got shape {found.shape}")
    return found
