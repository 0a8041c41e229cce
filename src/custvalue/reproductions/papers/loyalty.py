"""Why customers become more profitable with tenure: Reichheld's six components, each worth what it is worth.

F. F. Reichheld, The Loyalty Effect, 1996, and with W. E. Sasser, "Zero defections", Harvard Business Review, Sep-Oct
1990 (as cited; not checked against the sources): a customer costs something to win, brings a base profit, and in later
years spends more, costs less to serve, refers others, and pays the full price.
"""

from __future__ import annotations

import numpy as np
from attrs import field, frozen

from custvalue._arguments import not_negative, real, together
from custvalue._typing import Array, ArrayLike
from custvalue.discounting.rate import Rate
from custvalue.discounting.timing import Timing
from custvalue.units import Unit
from custvalue.value.formulas.constant_retention import retention_path_value


@frozen(eq=False)
class LoyaltyComponents:
    """Expected present values of the six components of a customer's profit.

    Attributes
    ----------
    acquisition : array
        Minus the cost of winning the customer.
    base, growth, savings, referrals, premium : array
        Base profit; profit from more purchases and higher balances; from lower costs to serve; from customers referred;
        from paying full prices.
    profit_by_tenure : array, shape (..., n)
        Expected profit of each period, of a customer who is there: the curve that rises with tenure, undiscounted.
    """

    acquisition: Array = field()
    base: Array = field()
    growth: Array = field()
    savings: Array = field()
    referrals: Array = field()
    premium: Array = field()
    profit_by_tenure: Array = field()

    @property
    def value(self) -> Array:
        """All six."""
        return np.asarray(self.acquisition + self.base + self.growth + self.savings + self.referrals + self.premium)


def loyalty_components(
    base: ArrayLike,
    retentions: ArrayLike,
    *,
    rate: Rate,
    timing: Timing,
    unit: Unit,
    growth: ArrayLike = 0.0,
    savings: ArrayLike = 0.0,
    referrals: ArrayLike = 0.0,
    premium: ArrayLike = 0.0,
    acquisition_cost: ArrayLike = 0.0,
) -> LoyaltyComponents:
    """Value of a customer by source: -A + Σ_t S_t (base + growth + savings + referrals + premium)_t, discounted.

    The profit of each period of tenure from each source, shape (..., n) or a number, is on top of the others; each is
    worth its `retention_path_value`, which has the other arguments too.

    Examples
    --------
    Credit card customers, 51 to win and 30 to 55 a year over five years (Reichheld & Sasser, 1990):

    >>> given = {"rate": Rate.annual(0.10), "timing": "end", "unit": "year"}
    >>> card = loyalty_components(30, 1.0, growth=[0, 12, 14, 19, 25], acquisition_cost=51, **given)
    >>> print(card.value.round(2), card.base.round(2), card.growth.round(2), card.profit_by_tenure)
    111.66 113.72 48.94 [30. 42. 44. 49. 55.]
    """
    parts = together(
        base=np.atleast_1d(real("base", base)),
        growth=real("growth", growth),
        savings=real("savings", savings),
        referrals=real("referrals", referrals),
        premium=real("premium", premium),
    )
    values = [retention_path_value(part, retentions, rate=rate, timing=timing, unit=unit) for part in parts]
    cost, base_, grown, saved, referred, dearer = np.broadcast_arrays(
        not_negative("acquisition_cost", acquisition_cost), *values
    )
    profit = np.asarray(np.sum(parts, axis=0))
    return LoyaltyComponents(-cost, base_, grown, saved, referred, dearer, profit)
