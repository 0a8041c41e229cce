"""What to know before relying on a valuation: how far its assumptions carry the total."""

from __future__ import annotations

import numpy as np
from attrs import field, frozen

from custvalue._typing import Array
from custvalue.evaluation.scores import Holdout
from custvalue.evidence.rfm import RFM


@frozen
class Checks:
    """What a valuation assumes, measured on its own data.

    Attributes
    ----------
    spend_frequency_correlation : float
        Pearson correlation of x and m over customers who bought again: Gamma-Gamma assumes 0. nan for fewer than
        three of them, or without variation.
    spend_frequency_effect : float
        By how much the total would change if customers were expected to spend what their own class of x spends on
        average (x = 0 like x = 1): 0.05 is 5 % more. A size for the correlation.
    alive_by_assumption : float
        Share of customers with x = 0 whose P(alive) is 1 because the model, such as BG/NBD, lets nobody leave before
        buying again.
    without_spend : int
        Customers with repeat purchases but no positive mean spend (refunds, free goods): left out of the spend fit,
        and valued as if their mean spend were 0.
    holdout : Holdout or None
        Errors of forecasting the end of the log from its beginning, beside naive forecasts.
    untested : str
        Why there are no such errors though they were asked for.
    left_out : int
        Customers of the log whose first purchase was before `first_purchase_from`.
    nobody_leaves : bool
        Whether the model takes every customer for alive, as NBD does.
    """

    spend_frequency_correlation: float
    spend_frequency_effect: float
    alive_by_assumption: float
    without_spend: int
    holdout: Holdout | None = field(default=None)
    untested: str = field(default="")
    left_out: int = field(default=0)
    nobody_leaves: bool = field(default=False)

    @property
    def notes(self) -> tuple[str, ...]:
        """The checks that call for attention, as sentences."""
        effect, correlation = self.spend_frequency_effect, self.spend_frequency_correlation
        found = []
        if abs(effect) > 0.05:
            found.append(
                f"spend goes with frequency (correlation {correlation:+.2f}); taking it into account would change the "
                f"total by about {effect:+.0%}"
            )
        if self.nobody_leaves:
            found.append("the model takes all customers for alive, since in it nobody ever leaves")
        elif self.alive_by_assumption > 0.1:
            found.append(
                f"{self.alive_by_assumption:.0%} of customers bought once; the model takes them all for alive, since "
                "in it nobody can leave before buying again (MBG/NBD and Pareto/NBD let them)"
            )
        if self.without_spend:
            found.append(
                f"{self.without_spend:,} repeat customers have no positive mean spend; the spend model was fitted "
                "without them"
            )
        if self.left_out:
            found.append(f"{self.left_out:,} customers who first bought before first_purchase_from are left out")
        if self.holdout is not None and self.holdout.beaten_by:
            found.append(f"on the holdout the model does worse than the naive forecast {self.holdout.beaten_by!r}")
        if self.untested:
            found.append(f"the holdout could not be forecast: {self.untested}")
        return tuple(found)


def correlation(x: Array, m: Array) -> float:
    """Pearson correlation; nan for fewer than three pairs or without variation."""
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(m) == 0:
        return float("nan")
    return float(np.corrcoef(x, m)[0, 1])


def class_spend(rfm: RFM, m: Array) -> Array:
    """Mean spend per purchase of each customer's own class of x, weighted by purchases; x = 0 like x = 1.

    Classes are 1, 2, 3, 4-5, 6-8, 9-13, ... (Fibonacci bounds), so that each holds some customers; an empty one takes
    the class below, or the lowest that is not.
    """
    bounds = np.array([1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, np.inf])
    group = np.searchsorted(bounds, np.maximum(rfm.x, 1))
    purchases = np.bincount(group, rfm.m_count, minlength=len(bounds))
    money = np.bincount(group, rfm.m_count * m, minlength=len(bounds))
    filled = np.flatnonzero(purchases > 0)
    nearest = filled[np.maximum(np.searchsorted(filled, np.arange(len(bounds)), side="right") - 1, 0)]
    return np.asarray((money[nearest] / purchases[nearest])[group])
