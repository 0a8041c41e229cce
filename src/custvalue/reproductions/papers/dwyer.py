"""Dwyer's two kinds of customer, followed period by period: lost for good, and always a share.

F. R. Dwyer, "Customer lifetime valuation to support marketing decision making", Journal of Direct Marketing 3(4), 1989,
8-15, reprinted 11(4), 1997, 6-13 (as cited; not checked against the paper). Who is tied to one supplier and leaves is
*lost for good* (`retention_path_value`); who buys from several has *always a share* for each, and comes back after a
pause, less likely the longer it lasts (`MigrationModel.from_recency`). Both tables are laid out like a ledger: who is
there, what they bring and cost, what that is worth now.
"""

from __future__ import annotations

import numpy as np
from attrs import field, frozen

from custvalue._arguments import not_negative, one_of, real, together, whole_number
from custvalue._typing import Array, ArrayLike
from custvalue.discounting.rate import Rate
from custvalue.discounting.timing import Timing, delay, force_of
from custvalue.units import Unit
from custvalue.value.formulas.constant_retention import retention_path_value
from custvalue.value.migration.chain import MigrationModel


@frozen(eq=False)
class Ledger:
    """One customer acquired now, followed period by period; the last axis is over periods.

    Attributes
    ----------
    active : array
        Expected share of customers who are contacted in the period.
    buyers : array
        Expected share who buy; their margin counts.
    margin, cost : array
        Expected, undiscounted.
    present_value : array
        Of margin less cost, each discounted from its own time.
    """

    active: Array = field()
    buyers: Array = field()
    margin: Array = field()
    cost: Array = field()
    present_value: Array = field()

    @property
    def value(self) -> Array:
        """Sum of the present values."""
        return np.asarray(self.present_value.sum(axis=-1))

    @property
    def cumulative(self) -> Array:
        """Present value up to and with each period: it turns positive where winning the customer has paid off."""
        return np.asarray(np.cumsum(self.present_value, axis=-1))


def lost_for_good(
    margins: ArrayLike,
    retentions: ArrayLike,
    *,
    rate: Rate,
    timing: Timing,
    unit: Unit,
    costs: ArrayLike = 0.0,
    cost_timing: Timing | None = None,
) -> Ledger:
    """Ledger of customers who, once they leave, do not come back.

    Arguments are those of `retention_path_value`; one margin may stand for all periods of `costs`, shape (..., n),
    of contacting a customer in each period, which are paid at `cost_timing`, or like margins.

    >>> given = {"rate": Rate.annual(0.25), "timing": "now", "unit": "year"}
    >>> book = lost_for_good([100, 100, 100], [0.5, 0.8], costs=10, **given)
    >>> print(book.buyers, book.present_value.round(2), book.value.round(2))
    [1.  0.5 0.4] [90.   36.   23.04] 149.04
    """
    earned, spent = together(
        margins=np.atleast_1d(real("margins", margins)), costs=np.atleast_1d(not_negative("costs", costs))
    )
    n = earned.shape[-1]

    def each(amounts: Array, paid: Timing, discount: Rate) -> Array:
        """The value of each period's amount: that of a path where the others are 0."""
        paths = (amounts * alone for alone in np.eye(n))
        return np.stack(
            [retention_path_value(path, retentions, rate=discount, timing=paid, unit=unit) for path in paths], axis=-1
        )

    cost_timing = timing if cost_timing is None else cost_timing
    buyers, active = (
        each(np.ones(n), "next" if paid == "next" else "now", Rate.zero()) for paid in (timing, cost_timing)
    )
    values = each(earned, timing, rate) - each(spent, cost_timing, rate)
    return Ledger(active, buyers, earned * buyers, spent * active, values)


def always_a_share(
    margin: ArrayLike,
    repurchase: ArrayLike,
    *,
    rate: Rate,
    horizon: int,
    cost_timing: Timing,
    unit: Unit,
    contact_cost: ArrayLike = 0.0,
) -> Ledger:
    """Ledger of customers who pause and come back: `MigrationModel.from_recency`, followed over `horizon` periods.

    Period 0 is the purchase made now, which everybody makes; purchases of period j are paid at time j. Contacts in
    period j = 1, 2, ... prepare the purchase at its end: `cost_timing` is "now" (at the period's beginning, j - 1),
    "middle" (j - 1/2) or "end" (j).
    Customers who have not bought for as many periods as `repurchase` has probabilities are given up.

    >>> given = {"rate": Rate.annual(0.10), "unit": "year", "cost_timing": "middle"}
    >>> book = always_a_share(100, [0.5, 0.2], horizon=2, contact_cost=10, **given)
    >>> print(book.buyers, book.active, book.value.round(3))
    [1.   0.5  0.35] [0. 1. 1.] 156.178
    """
    paid: Timing = one_of("cost_timing", cost_timing, ("now", "middle", "end"))
    chain = MigrationModel.from_recency(repurchase, margin=margin, contact_cost=contact_cost, unit=unit)
    new = np.arange(len(chain.states)) == 0
    periods = range(whole_number("horizon", horizon, least=0) + 1)
    seen = np.stack([chain.distribution(new, t) for t in periods], axis=-2)
    buyers, contacted = seen[..., 0], seen[..., :-1, :-1].sum(axis=-1)
    active = np.concatenate([np.zeros_like(buyers[..., :1]), contacted], axis=-1)
    earned, spent = chain.reward[..., :1] * buyers, chain.cost[..., :1] * active
    time, force = np.arange(horizon + 1.0), force_of(rate, unit)[..., None]
    values = earned * np.exp(-force * time) - spent * np.exp(-force * (time - 1)) * delay(paid, force)
    return Ledger(active, buyers, earned, spent, values)
