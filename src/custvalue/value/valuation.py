"""What the customers of a log are worth, as an object: per customer, in total, and how sure that is."""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import field, frozen

from custvalue._typing import Array
from custvalue.discounting.rate import Rate
from custvalue.evaluation.comparison import Choice
from custvalue.evidence.logs.kinds import to_kind
from custvalue.evidence.opportunities import Opportunities
from custvalue.evidence.rfm import RFM
from custvalue.evidence.summary import Summary
from custvalue.inference.fit import Fit
from custvalue.models.buying.family import TransactionModel
from custvalue.models.spend.gamma_gamma import GammaGamma
from custvalue.value.assumption_checks import Checks
from custvalue.value.clv import clv_new
from custvalue.value.concentration import top_share


@frozen(kw_only=True, eq=False, repr=False)
class Valuation:
    """What the customers of a log are worth: per customer, in total, and how sure that is.

    Attributes
    ----------
    summary : Summary
        The customers' columns (`summary.rfm`), and rows, first and last day, end of observation (`summary.facts`).
    rfm : RFM
        The customers' histories; the arrays below are aligned with its rows.
    rows : RFM or Opportunities
        What the buying model was fitted to, and predicts from: of models in continuous time, the histories.
    buying, spend : Fit
        The fitted models.
    rate, years, margin
        As given; years None is forever.
    p_alive, expected_purchases, expected_spend, clv : array, shape (n,)
        P(still a customer) at the end of observation; purchases expected within the years, undiscounted; spend per
        purchase; present value of the margin on those purchases.
    checks : Checks
        How far the assumptions carry the total.
    choice : Choice or None
        With model="auto": the models compared; `choice.reason` says why `buying` was chosen.
    """

    summary: Summary
    rfm: RFM
    rows: RFM | Opportunities
    buying: Fit[TransactionModel[Any]]
    spend: Fit[GammaGamma]
    rate: Rate
    years: float | None
    margin: float | Array
    p_alive: Array
    expected_purchases: Array
    expected_spend: Array
    clv: Array
    checks: Checks
    choice: Choice | None
    _customer: str = field(alias="customer")

    @property
    def total(self) -> float:
        """Customer equity: the sum of the customers' values."""
        return float(self.clv.sum())

    @property
    def new_customer(self) -> float:
        """Value of a customer about to be won, first purchase included: what acquisition may cost.

        At the average margin, where margins differ between customers.
        """
        margin = float(np.mean(self.margin))
        models = self.buying.model, self.spend.model
        return float(clv_new(*models, rate=self.rate, years=self.years, margin=margin))

    def table(self) -> Any:  # noqa: ANN401 (the caller's own kind of dataframe)
        """One row per customer, in the kind of dataframe that the log came in (a mapping for a mapping).

        Columns: the customer's id under the log's name for it, x, t_x, T, mean_spend, p_alive, expected_purchases,
        expected_spend, clv. A log read from a file gives the dataframe of the library that read it.
        """
        columns = {
            self._customer: np.asarray(self.rfm.ids),
            "x": self.rfm.x,
            "t_x": self.rfm.t_x,
            "T": self.rfm.T,
            "mean_spend": np.asarray(self.rfm.m),
            "p_alive": self.p_alive,
            "expected_purchases": self.expected_purchases,
            "expected_spend": self.expected_spend,
            "clv": self.clv,
        }
        return to_kind(columns, self.summary.facts.kind)

    def top_share(self, share: float = 0.1, *, whole: bool = False) -> float:
        """Share of the total that the most valuable `share` of customers hold: `concentration.top_share`.

        nan where the total is not positive, or infinite.

        Raises
        ------
        ParameterError
            `share` is not between 0 and 1.
        """
        if not 0 < self.total < np.inf:
            return float("nan")
        return top_share(self.clv, share, whole=whole)

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know before relying on the values: how the model was chosen, checks, what the fits warn of."""
        chosen = () if self.choice is None else (f"chosen {self.choice.reason}",)
        return (*chosen, *self.checks.notes, *self.buying.warnings, *self.spend.warnings)

    def __repr__(self) -> str:
        span = "forever" if self.years is None else f"{self.years:g} years"
        margin = f"{self.margin:.4g}" if isinstance(self.margin, float) else "by customer"
        rate = f"{self.rate.effective():.4g} a year" if np.ndim(self.rate.force()) == 0 else "rates by customer"
        lines = [
            f"Valuation of {len(self.rfm):,} customers, {span} ahead of {self.summary.facts.observed_until}",
            f"  {type(self.buying.model).__name__} and GammaGamma, {rate}, margin {margin}",
            f"  total {self.total:,.2f}, mean {self.clv.mean():,.2f}, a new customer {self.new_customer:,.2f}",
        ]
        top = self.top_share()
        held = f", top tenth holds {top:.1%} of the total" if np.isfinite(top) else ""
        lines.append(f"  {self.p_alive.mean():.1%} alive{held}")
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])
