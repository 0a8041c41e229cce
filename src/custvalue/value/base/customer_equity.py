"""Customer equity: the value of current and future customers together, and what acquiring one may cost."""

from __future__ import annotations

import numpy as np
from attrs import frozen

from custvalue._arguments import growth_rate, not_negative, positive, real, share, together
from custvalue._typing import Array, ArrayLike
from custvalue.discounting.rate import Rate
from custvalue.discounting.timing import Timing, as_timing, delay, force_of
from custvalue.errors import ParameterError
from custvalue.numerics.geometric_series import Ratio
from custvalue.units import Unit


@frozen(eq=False)
class CustomerEquity:
    """Value of a firm's customers, current and future.

    Attributes
    ----------
    current : array
        Customers in hand: the static customer equity.
    future : array
        Those still to be acquired, net of the cost of acquisition.
    wins : array, shape (..., periods)
        Present value of each period's new customers, net.
    """

    current: Array
    future: Array
    wins: Array

    @property
    def total(self) -> Array:
        """The dynamic customer equity: current and future."""
        return self.current + self.future


def customer_equity(
    current: ArrayLike,
    acquired: ArrayLike,
    new_customer: ArrayLike,
    acquisition_cost: ArrayLike,
    *,
    rate: Rate,
    timing: Timing,
    unit: Unit,
) -> CustomerEquity:
    """Customer equity, static and dynamic: of current and of future customers (Blattberg & Deighton 1996).

    Parameters
    ----------
    current : array_like
        Value of the customers in hand: a sum, or an array of scenarios.
    acquired : array_like, shape (..., periods)
        Customers to be acquired in each period.
    new_customer : array_like
        Value of one when acquired, before acquisition cost; one for all periods, or one per period.
    acquisition_cost : array_like
        Per customer, spent at the acquisition; one, or one per period.
    rate : Rate
        Of discount.
    timing : {"now", "next", "end", "middle", "continuous"}
        When in a period customers are acquired: at its beginning, its end ("next" and "end"), its middle, or all along.
    unit : {"year", "quarter", "month", "week", "day"}
        The period.

    Raises
    ------
    ParameterError
        `rate` is a bare number, the timing is none of these, a number is negative where it cannot be, or shapes do
        not fit.

    Examples
    --------
    >>> given = {"rate": Rate.annual(0.10), "timing": "end", "unit": "year"}
    >>> firm = customer_equity(1000.0, [10, 10, 10], 60.0, 20.0, **given)
    >>> print(firm.current, firm.future.round(2), firm.total.round(2))
    1000.0 994.74 1994.74
    """
    plan, worth, cost = together(
        acquired=not_negative("acquired", np.atleast_1d(np.asarray(acquired))),
        new_customer=real("new_customer", new_customer),
        acquisition_cost=not_negative("acquisition_cost", acquisition_cost),
    )
    held, force = real("current", current), force_of(rate, unit)
    together(current=held, rate=force, acquired=plan[..., 0] if plan.shape[-1] else plan.sum(axis=-1))
    force = force[..., None]
    begins = np.exp(-force * np.arange(plan.shape[-1]))
    wins = plan * (worth - cost) * begins * delay(as_timing(timing), force)
    return CustomerEquity(held, wins.sum(axis=-1), wins)


def allowable_acquisition_cost(value: ArrayLike, *, return_on_cost: ArrayLike = 0.0) -> Array:
    """The most that acquiring a customer may cost: value/(1 + return_on_cost), 0 where the value is negative.

    Parameters
    ----------
    value : array_like
        Of a customer when acquired, before acquisition cost; over the time in which it must be earned back, where that
        is limited.
    return_on_cost : array_like
        Wanted on what is spent: 0.25 is 25 %; > -1.

    Examples
    --------
    >>> allowable_acquisition_cost([100.0, -5.0], return_on_cost=0.25)
    array([80.,  0.])
    """
    worth, wanted = together(value=real("value", value), return_on_cost=growth_rate(return_on_cost, "return_on_cost"))
    return np.maximum(worth / (1 + wanted), 0.0)


def acquisition_payback(
    acquisition_cost: ArrayLike,
    margin: ArrayLike,
    retention: ArrayLike = 1.0,
    *,
    timing: Timing,
    unit: Unit,
    rate: Rate | None = None,
) -> Array:
    """Number of payments until a customer has earned back the cost of acquisition; infinite where never.

    Payments m, m q, m q², ..., q = retention/(1 + d), add up to the cost after log(1 - c (1 - q)/m)/log q of them,
    rounded up, c the cost in money of the first payment's time.

    Parameters
    ----------
    acquisition_cost : array_like
        Paid now.
    margin : array_like
        Of each payment, from a customer who is still there.
    retention : array_like
        Probability of staying from one period to the next, 0 to 1.
    timing : {"now", "next", "end", "middle"}
        When payments are made, as in `constant_retention_value`.
    unit : {"year", "quarter", "month", "week", "day"}
        The period between payments.
    rate : Rate, optional
        Of discount; without it the payback is undiscounted.

    Returns
    -------
    array
        Whole numbers, 0 where acquisition cost nothing; inf where even all payments do not add up to the cost.

    Examples
    --------
    >>> acquisition_payback(250, 100, [1.0, 0.8, 0.5], timing="now", unit="year")
    array([ 3.,  4., inf])
    """
    if as_timing(timing) == "continuous":
        raise ParameterError("timing must be 'now', 'next', 'end' or 'middle': payments are counted")
    cost, paid, stays, force = together(
        acquisition_cost=not_negative("acquisition_cost", acquisition_cost),
        margin=positive("margin", margin),
        retention=share("retention", retention),
        rate=force_of(Rate.zero() if rate is None else rate, unit),
    )
    first = paid * delay(timing, force) * (stays if timing == "next" else 1.0)
    ratio = Ratio.of(stays, np.zeros(()), force)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        needed = np.where(cost > 0, cost / first, 0.0)
        count = np.where(ratio.c == 0, needed, np.log1p(-needed * ratio.c) / ratio.log)
        exact = np.rint(count)
        nearly = np.abs(count - exact) <= 1e-9 * np.maximum(exact, 1.0)  # log/log of an exact payback is off by bits
        whole = np.where(nearly, exact, np.ceil(count))
        never = (cost > 0) & ((first == 0) | ((ratio.c > 0) & (needed * ratio.c >= 1)))
    once = (stays == 0) & (needed <= 1)
    return np.where(cost == 0, 0.0, np.where(once, 1.0, np.where(never, np.inf, np.maximum(whole, 1.0))))
