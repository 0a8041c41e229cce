"""Customers and revenue of the periods ahead under contract: the customers there are now, and those to be acquired.

| when | convention (McCarthy, Fader & Hardie 2017) |
| --- | --- |
| a customer acquired in period s | joins at its end (age 0), and is there at the end of t with probability S(t - s) |
| lost in period t | customers at the start, plus those acquired, less those at the end |

It is `project_customer_base` with joining="end". A quarterly count misses customers who come and go within one quarter:
project by month where that matters.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias, get_args

import numpy as np
from attrs import field, frozen
from attrs.converters import optional

from custvalue._arguments import not_negative, one_of
from custvalue._results import Rows, as_column
from custvalue._typing import Array, ArrayLike, NDArray
from custvalue.errors import ParameterError
from custvalue.models.model import known_unit
from custvalue.models.retention.family import RetentionModel
from custvalue.units import Unit, as_unit
from custvalue.value.base.leaky_bucket import check_model, project_customer_base

Paying: TypeAlias = Literal["start", "average", "end"]
"""Who pays in a period: the customers at its start, those at its end, or the mean of both."""

_COUNTS: Final = ("acquired", "lost", "ending", "existing", "orders")


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
