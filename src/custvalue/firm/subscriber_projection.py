"""Customers and revenue of the periods ahead: of the customers there are now, and of those still to be won.

| in the contractual kind | convention (McCarthy, Fader & Hardie 2017) |
| --- | --- |
| a customer acquired in period s | is counted at its end (age 0), and is there at the end of t with chance S(t - s) |
| lost in period t | customers at the start, plus those acquired, less those at the end |

A quarterly count misses who comes and goes within one quarter; project by month where that matters. `project` of the
leaky bucket counts customers from the start of the period in which they are acquired, one period sooner.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

import numpy as np
from attrs import field, frozen

from custvalue._arguments import not_negative, real
from custvalue._typing import Array, ArrayLike
from custvalue.errors import ParameterError
from custvalue.models.retention.family import RetentionModel
from custvalue.units import Unit
from custvalue.value.base._flows import check_model, convolved

Paying: TypeAlias = Literal["start", "average", "end"]
"""Who pays in a period: the customers at its start, those at its end, or the mean of both."""

_PAYING: Final = "'start', 'end' (customers then) or 'average' (the mean of both)"


@frozen(eq=False, repr=False)
class Projection:
    """What a firm's customers do in the periods ahead; the last axis is over periods, leading ones over draws.

    Attributes
    ----------
    unit : str
        The unit of the periods.
    adds : array
        Customers acquired in each period.
    existing_revenue, future_revenue : array
        Of the customers there are now, and of those acquired from now on.
    lost, ending : array or None
        Customers lost in, and there at the end of, each period; None where leaving is not seen.
    existing : array or None
        Of the customers there are now, how many are there at the end of each period.
    orders : array or None
        Purchases, first ones included; None where customers pay by contract.
    """

    unit: Unit = field()
    adds: Array = field()
    existing_revenue: Array = field()
    future_revenue: Array = field()
    lost: Array | None = field(default=None)
    ending: Array | None = field(default=None)
    existing: Array | None = field(default=None)
    orders: Array | None = field(default=None)

    @property
    def revenue(self) -> Array:
        """Of all customers."""
        return np.asarray(self.existing_revenue + self.future_revenue)

    @property
    def periods(self) -> int:
        """How many periods ahead."""
        return int(self.revenue.shape[-1])

    def table(self) -> dict[str, Array]:
        """The columns by name, as for a dataframe; arrays of shape (..., periods) where there are draws."""
        names = ("adds", "lost", "ending", "existing", "orders")
        counts = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return counts | {"revenue": self.revenue}

    def __repr__(self) -> str:
        revenue = self.revenue
        draws = f" in {revenue[..., 0].size} draws" if revenue.ndim > 1 else ""
        first, last = revenue[..., 0].mean(), revenue[..., -1].mean()
        return f"Projection over {self.periods} {self.unit}s{draws}: revenue {first:,.6g} at first, {last:,.6g} at last"


def project_subscribers(
    adds: ArrayLike,
    retention: RetentionModel,
    revenue: ArrayLike,
    *,
    paying: Paying,
    base: ArrayLike | None = None,
    unit: Unit | None = None,
) -> Projection:
    """Project customers who pay until they leave: planned adds, a model of retention, revenue per customer.

    Parameters
    ----------
    adds : array_like, shape (..., periods)
        Customers acquired in each period, such as `WeibullAcquisition.expected_adds`.
    retention : RetentionModel
        Its unit is the period. Fields of shape (draws, 1) are parameter draws.
    revenue : array_like
        Of a paying customer per period (ARPU): one number, or one for each period along the last axis.
    paying : {"start", "average", "end"}
        Who pays in a period: customers at its start, at its end, or the mean of both, as filings' averages are.
    base : array_like, shape (..., ages), optional
        Customers now, by whole periods since the end of the one in which they were acquired: 0, 1, 2, ...
    unit : str, optional
        The unit, needed only where the model does not know its own.

    Returns
    -------
    Projection

    Raises
    ------
    ParameterError
        A number is negative or not finite, `paying` is none of its choices, the unit is unknown or another, or shapes
        do not broadcast.

    Examples
    --------
    >>> from custvalue.models.retention.geometric import Geometric
    >>> p = project_subscribers([10, 10], Geometric(0.2), 5.0, paying="end", base=[100], unit="quarter")
    >>> p.ending, p.lost, p.revenue
    (array([90., 82.]), array([20., 18.]), array([450., 410.]))
    """
    check_model(retention)
    unit = retention.known_unit(unit)
    plan = by_period("adds", adds)
    count = plan.shape[-1]
    held = np.zeros(1) if base is None else np.atleast_1d(not_negative("base", base))
    survival = retention.survival(np.arange(float(count + held.shape[-1] + 1)))
    old, new = remaining(held, survival, count), convolved(plan, survival[..., :count])
    plan, old, new = np.broadcast_arrays(plan, old, new)
    old_paying, new_paying = (
        paying_customers(old, held.sum(axis=-1), paying),
        paying_customers(new, np.zeros(()), paying),
    )
    each = not_negative("revenue", revenue)
    if each.ndim and each.shape[-1] not in (1, count):
        raise ParameterError(f"revenue must be one number or one for each of {count} periods; got shape {each.shape}")
    ending = np.asarray(old + new)
    lost = np.maximum(_begun(ending, held.sum(axis=-1)) + plan - ending, 0.0)
    return Projection(
        unit=unit,
        adds=plan,
        existing_revenue=old_paying * each,
        future_revenue=new_paying * each,
        lost=lost,
        ending=ending,
        existing=old,
    )


def remaining(base: Array, survival: Array, periods: int) -> Array:
    """Of customers by age 0, 1, ..., how many are there after 1, ..., periods: Σ_k base_k S(k + h)/S(k).

    Where S(k) is too small for a float, customers of age k are taken as leaving at once.
    """
    shape = np.broadcast_shapes(base.shape[:-1], survival.shape[:-1])
    found = np.zeros((*shape, periods))
    for age in range(base.shape[-1]):
        now, then = survival[..., age, None], survival[..., age + 1 : age + 1 + periods]
        stays = np.divide(then, now, out=np.zeros(then.shape), where=now > 0)
        found += base[..., age, None] * stays
    return found


def _begun(ending: Array, first: Array) -> Array:
    """Customers at the start of each period."""
    start = np.broadcast_to(np.asarray(first)[..., None], (*ending.shape[:-1], 1))
    return np.concatenate([start, ending[..., :-1]], axis=-1)


def paying_customers(ending: Array, first: Array, paying: str) -> Array:
    """Customers who pay in each period, from those at its end and those before the first."""
    if paying not in get_args(Paying):
        raise ParameterError(f"paying must be {_PAYING}; got {paying!r}")
    if paying == "end":
        return ending
    begun = _begun(ending, first)
    return begun if paying == "start" else np.asarray((begun + ending) / 2)


def by_period(name: str, values: ArrayLike) -> Array:
    """Numbers >= 0, one for each of at least one period along the last axis."""
    found = not_negative(name, real(name, values))
    if not found.ndim or not found.shape[-1]:
        raise ParameterError(f"{name} must be one number for each period ahead, along the last axis")
    return found
