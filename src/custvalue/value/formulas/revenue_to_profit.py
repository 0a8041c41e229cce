"""From headline revenue to profit: the value of a lifetime revenue stream, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
from attrs import frozen

from custvalue._arguments import duration, not_negative, real, require, share, together
from custvalue._typing import Array, ArrayLike
from custvalue.discounting.rate import Rate, as_rate
from custvalue.errors import DataError, ParameterError
from custvalue.records.cash_flow import CashFlow, CashFlows, HasCashFlows, as_cash_flows

_JUST_DUE: Final = 1e-12
"""A flow at a renewal falls after it, also where the quotient of times is below a whole number by rounding."""


@frozen(eq=False)
class Bridge:
    """Headline revenue, and what is left of it after each step; arrays where an argument was one.

    Attributes
    ----------
    revenue
        The headline: all revenue, undiscounted, of a customer who stays for all of it.
    present_value
        The same, discounted.
    contribution
        Times the margin.
    expected
        Times the probability of still being a customer when it falls due.
    with_referrals
        With the like value of the customers brought in.
    acquisition_cost
        What winning the customer cost.
    net
        `with_referrals` less `acquisition_cost`.
    """

    revenue: Array
    present_value: Array
    contribution: Array
    expected: Array
    with_referrals: Array
    acquisition_cost: Array
    net: Array

    def steps(self) -> dict[str, Array]:
        """The amounts in order, by what they are."""
        return {
            "headline revenue": self.revenue,
            "discounted": self.present_value,
            "times margin": self.contribution,
            "times survival": self.expected,
            "with referrals": self.with_referrals,
            "net of acquisition": self.net,
        }

    def __str__(self) -> str:
        def amount(value: Array) -> str:
            return f"{value:>20,.2f}" if np.ndim(value) == 0 else str(value)

        return "\n".join(f"{name:<20}{amount(value)}" for name, value in self.steps().items())


def revenue_to_profit(
    flows: CashFlows | HasCashFlows | Iterable[CashFlow],
    *,
    rate: Rate,
    margin: ArrayLike | Mapping[str, float],
    retention: ArrayLike,
    acquisition_cost: ArrayLike,
    renewal: ArrayLike = 1.0,
    referrals: ArrayLike = 0.0,
    horizon: ArrayLike = np.inf,
) -> Bridge:
    """Take lifetime revenue down to expected profit: discounting, margin, survival, referrals, acquisition.

    Parameters
    ----------
    flows : CashFlows, Customer, Relationship or iterable of CashFlow
        Revenue of a customer who stays, in years from the moment that the customer is won.
    rate : Rate
        Of discount.
    margin : float, array or mapping
        Profit per unit of revenue; a mapping gives one for each kind of flow.
    retention : float or array
        Probability to stay at each renewal, from 0 to 1.
    acquisition_cost : float or array
        What winning the customer costs, now; there is no default.
    renewal : float or array
        Years between renewals; a flow at t comes with probability retention^floor(t / renewal): those before the
        first renewal are certain, one that falls on a renewal comes after it.
    referrals : float or array
        Customers that each customer brings in, at no cost, at once, with the same value, and without referrals of
        their own.
    horizon : float or array
        Years beyond which revenue is not counted.

    Returns
    -------
    Bridge
        Of the shape that rate, margin, retention, acquisition cost, renewal, referrals and horizon broadcast to.

    Raises
    ------
    ParameterError
        `rate` is a bare number, retention is not a probability, renewal is not positive, referrals or horizon are
        negative, a kind has no margin, something is not finite (renewal and horizon may be infinite), or shapes do not
        fit.
    DataError
        The flows are dated, or fall before time 0.

    Notes
    -----
    Timing: each flow counts at its own time; nothing is moved to a period's beginning or end.

    Examples
    --------
    >>> pizzas = CashFlows(800, [t + 0.5 for t in range(10)])
    >>> print(revenue_to_profit(pizzas, rate=Rate.annual(0.10), margin=0.3, retention=0.8, acquisition_cost=20))
    headline revenue                8,000.00
    discounted                      5,155.58
    times margin                    1,546.67
    times survival                    804.31
    with referrals                    804.31
    net of acquisition                784.31
    """
    columns = as_cash_flows(flows)
    if columns.dated:
        raise DataError("the flows must be in years from the moment that the customer is won; these have dates")
    t = columns.times
    if t.min(initial=0.0) < 0:
        raise DataError(
            f"revenue must fall at 0 or later, in years from when the customer is won; the first is at {t.min():g}. "
            "What winning costs is acquisition_cost."
        )
    profits, every = _margins(columns, margin), duration("renewal", renewal)
    require(every > 0, "renewal must be > 0 years", "np.inf is a customer who never decides anew.", renewal=every)
    given = together(
        retention=share("retention", retention),
        renewal=every,
        horizon=duration("horizon", horizon),
        acquisition_cost=real("acquisition_cost", acquisition_cost),
        referrals=not_negative("referrals", referrals),
        rate=np.asarray(as_rate(rate).force()),
        margin=profits[..., 0] if profits.shape[-1:] == (1,) else np.zeros(()),
    )
    stays, every, until, cost, brought, force, _ = (column[..., None] for column in given)
    factors = np.exp(-force * t)
    counted = np.where(t <= until, columns.amounts, 0.0)
    profit = factors * counted * profits
    expected = (profit * stays ** np.floor(t / every + _JUST_DUE)).sum(axis=-1)
    both = expected * (1 + brought[..., 0])
    steps = (counted.sum(axis=-1), (factors * counted).sum(axis=-1), profit.sum(axis=-1), expected, both, cost[..., 0])
    return Bridge(*np.broadcast_arrays(*steps, both - cost[..., 0]))


def _margins(flows: CashFlows, margin: ArrayLike | Mapping[str, float]) -> Array:
    if not isinstance(margin, Mapping):
        return real("margin", margin)[..., None]
    if flows.kinds is None:
        raise ParameterError("a margin by kind needs flows with kinds; give kinds= when making them")
    missing = sorted(set(flows.kinds.tolist()) - set(margin))
    if missing:
        raise ParameterError(f"margin must name every kind of flow; missing: {', '.join(missing)}")
    return real("margin", [margin[kind] for kind in flows.kinds.tolist()])
