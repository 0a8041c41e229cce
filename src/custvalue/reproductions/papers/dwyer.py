"""Dwyer's two kinds of customer, followed period by period: lost for good, and always a share.

F. R. Dwyer, "Customer lifetime valuation to support marketing decision making", Journal of Direct Marketing 3(4), 1989,
8-15, reprinted 11(4), 1997, 6-13 (as cited; not checked against the paper). Who is tied to one supplier and leaves is
*lost for good*; who buys from several has *always a share* for each, and comes back after a pause, less likely the
longer it lasts. Both tables are laid out like a ledger: who is there, what they bring and cost, what that is worth now.
"""

from __future__ import annotations

import numpy as np
from attrs import field, frozen

from custvalue._arguments import not_negative, periods, real, share, together
from custvalue._typing import Array, ArrayLike
from custvalue.discounting.rate import Rate
from custvalue.discounting.timing import Timing, as_timing, delay, force_of
from custvalue.errors import ParameterError
from custvalue.units import Unit
from custvalue.value.formulas.constant_retention import path_weights


@frozen(eq=False)
class Ledger:
    """What becomes of one customer won now, period by period; the last axis is over periods.

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
    rate: Rate,
    *,
    timing: Timing,
    costs: ArrayLike = 0.0,
    cost_timing: Timing | None = None,
    unit: Unit = "year",
) -> Ledger:
    """Ledger of customers who, once they leave, do not come back.

    `retention_path_value` has the same arguments, rules and timings; costs of contact have a timing of their own.

    Parameters
    ----------
    margins, retentions, rate, timing, unit
        As for `retention_path_value`; one margin may stand for all periods of costs.
    costs : array_like, shape (..., n) or a number
        Of contacting a customer in each period.
    cost_timing : {"now", "next", "end", "middle", "continuous"}, optional
        When they are paid; like margins where not given.

    Raises
    ------
    ParameterError
        As for `retention_path_value`; or a cost is negative.

    Examples
    --------
    >>> book = lost_for_good([100, 100, 100], [0.5, 0.8], Rate.annual(0.25), timing="now", costs=10)
    >>> print(book.buyers, book.present_value.round(2), book.value.round(2))
    [1.  0.5 0.4] [90.   36.   23.04] 149.04
    """
    earned, spent = np.atleast_1d(real("margins", margins)), not_negative("costs", costs)
    n = together(margins=earned, costs=spent)[0].shape[-1]
    earned = np.broadcast_to(earned, (*earned.shape[:-1], n))
    amounts, buyers, _, weights = path_weights(earned, retentions, rate, timing=timing, unit=unit)
    _, spent = together(margins=amounts, costs=spent)
    paid = timing if cost_timing is None else as_timing(cost_timing, "cost_timing")
    _, active, _, due = path_weights(spent, retentions, rate, timing=paid, unit=unit)
    return Ledger(
        active=active,
        buyers=buyers,
        margin=amounts * buyers,
        cost=spent * active,
        present_value=np.asarray(amounts * buyers * weights - spent * active * due),
    )


def always_a_share(
    margin: ArrayLike,
    repurchase: ArrayLike,
    rate: Rate,
    *,
    periods_ahead: int,
    contact_cost: ArrayLike = 0.0,
    cost_timing: Timing,
    unit: Unit = "year",
) -> Ledger:
    """Ledger of customers who pause and come back, with a chance to buy that depends on how long ago they last did.

    Period 0 is the purchase made now, which everybody makes; purchases of period j are paid at time j. Contacts in
    period j = 1, 2, ... prepare the purchase at its end: `cost_timing` is "now" (at the period's beginning, j - 1),
    "middle" (j - 1/2) or "end" (j).

    Parameters
    ----------
    margin : array_like
        Of one purchase; broadcasts with the leading axes of `repurchase`, as contact_cost does.
    repurchase : array_like, shape (..., k)
        Chance of buying 1, ..., k periods after the last purchase; afterwards the customer is given up.
    rate : Rate
        Of discount.
    periods_ahead : int
        Periods after the first purchase.
    contact_cost : array_like
        Per customer contacted and period.
    cost_timing : {"now", "middle", "end"}
        When contacts are paid for.
    unit : {"year", "quarter", "month", "week", "day"}
        The period of the chances.

    Raises
    ------
    ParameterError
        The timing is not one of these, a chance is outside [0, 1], or `rate` is a bare number.

    See Also
    --------
    MigrationModel.from_recency : the same customers as a Markov chain: forever, with variance and best policy.

    Examples
    --------
    >>> book = always_a_share(
    ...     100, [0.5, 0.2], Rate.annual(0.10), periods_ahead=2, contact_cost=10, cost_timing="middle"
    ... )
    >>> print(book.buyers, book.active, book.value.round(3))
    [1.   0.5  0.35] [0. 1. 1.] 156.178
    """
    paid = as_timing(cost_timing, "cost_timing")
    if paid not in ("now", "middle", "end"):
        raise ParameterError(f"cost_timing must be 'now', 'middle' or 'end' of the period; got {paid!r}")
    chances = np.atleast_1d(share("repurchase", repurchase))
    n = int(periods("periods_ahead", periods_ahead, whole=True))
    active, buyers = _followed(chances, n)
    force = force_of(rate, unit)[..., None]
    earned = real("margin", margin)[..., None] * buyers
    spent = not_negative("contact_cost", contact_cost)[..., None] * active
    time = np.arange(n + 1.0)
    due = np.exp(-force * (time - 1)) * delay(paid, force)
    return Ledger(
        active=active,
        buyers=buyers,
        margin=earned,
        cost=spent,
        present_value=np.asarray(earned * np.exp(-force * time) - spent * due),
    )


def _followed(chances: Array, n: int) -> tuple[Array, Array]:
    """Shares of customers contacted, and buying, in periods 0..n."""
    state = np.zeros(chances.shape)
    state[..., 0] = 1.0
    active, buyers = [np.zeros(chances.shape[:-1])], [np.ones(chances.shape[:-1])]
    for _ in range(n):
        active.append(state.sum(axis=-1))
        buyers.append((state * chances).sum(axis=-1))
        state = np.concatenate([buyers[-1][..., None], (state * (1 - chances))[..., :-1]], axis=-1)
    return np.stack(active, axis=-1), np.stack(buyers, axis=-1)
