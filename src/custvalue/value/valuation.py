"""The one call: a transaction log in, what each customer and all of them are worth out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from attrs import evolve, field, frozen

from custvalue._columns import numbers
from custvalue._typing import Array, ArrayLike
from custvalue.discounting.rate import Rate, as_rate
from custvalue.errors import DataError, ParameterError
from custvalue.evaluation.comparison import Choice, choose
from custvalue.evaluation.holdout import Holdout, evaluate
from custvalue.evidence.log import Summary, summarize
from custvalue.evidence.readers import to_same_kind
from custvalue.evidence.rfm import RFM
from custvalue.evidence.split import Split, split
from custvalue.inference.fit import Fit
from custvalue.models._base import TransactionModel
from custvalue.models.beta_geo_nbd import BetaGeoNBD
from custvalue.models.gamma_gamma import GammaGamma
from custvalue.units import per_year
from custvalue.value.checks import Checks, class_spend, correlation
from custvalue.value.clv import clv_new, earned


@frozen(kw_only=True, eq=False, repr=False)
class Valuation:
    """What the customers of a log are worth: per customer, in total, and how sure that is.

    Attributes
    ----------
    summary : Summary
        The log, reduced: rows, first and last day, end of observation, the customers' columns.
    rfm : RFM
        The customers' histories; the arrays below are aligned with its rows.
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
    buying: Fit[TransactionModel]
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
    _log: Any = field(alias="log")
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
            self._customer: self.summary.ids,
            "x": self.rfm.x,
            "t_x": self.rfm.t_x,
            "T": self.rfm.T,
            "mean_spend": np.asarray(self.rfm.m),
            "p_alive": self.p_alive,
            "expected_purchases": self.expected_purchases,
            "expected_spend": self.expected_spend,
            "clv": self.clv,
        }
        return to_same_kind(self._log, columns)

    def top_share(self, share: float = 0.1) -> float:
        """Share of the total that the most valuable `share` of customers hold; nan where the total is 0 or infinite.

        Raises
        ------
        ParameterError
            `share` is not between 0 and 1.
        """
        if not 0 <= share <= 1:
            raise ParameterError(f"share must lie between 0 and 1, such as 0.1; got {share!r}")
        if not self.total or not np.isfinite(self.total):
            return float("nan")
        many = round(share * len(self.clv))
        return float(np.sort(self.clv)[len(self.clv) - many :].sum() / self.total)

    def __repr__(self) -> str:
        span = "forever" if self.years is None else f"{self.years:g} years"
        lines = [
            f"Valuation of {len(self.rfm):,} customers, {span} ahead of {self.summary.observed_until}",
            f"  total {self.total:,.2f}, mean {self.clv.mean():,.2f}, a new customer {self.new_customer:,.2f}",
            f"  {self.p_alive.mean():.1%} alive, top tenth holds {self.top_share():.1%} of the total",
        ]
        return "\n".join([*lines, *(f"  note: {note}" for note in self.checks.notes)])


def value_customers(
    log: Any,  # noqa: ANN401 (any dataframe, path or mapping)
    *,
    rate: Rate,
    years: float | None,
    margin: ArrayLike | Mapping[Any, float] = 1.0,
    model: type[TransactionModel] | Literal["auto"] = BetaGeoNBD,
    customer: str = "customer_id",
    date: str = "date",
    amount: str = "amount",
    holdout: Any = None,  # noqa: ANN401 (any date)
    **options: Any,  # noqa: ANN401 (the options of RFM.from_transactions, each with its own type)
) -> Valuation:
    """Value every customer of a transaction log: fit when they buy and what they spend, discount the margin ahead.

    Parameters
    ----------
    log
        A pandas, polars (eager or lazy) or pyarrow frame, a DuckDB relation, a path to a CSV or Parquet file, or a
        mapping of arrays: one row per purchase.
    rate : Rate
        Of discount, such as `Rate.annual(0.10)`.
    years : float or None
        Horizon in years; None is forever.
    margin : float, array or mapping
        Share of spend that is profit: for all; per customer in the order of their ids; or by customer id. The
        default, 1, values revenue.
    model : class or "auto"
        Of buying: any TransactionModel, such as `ParetoNBD`; spend is Gamma-Gamma. "auto" fits BG/NBD, MBG/NBD,
        Pareto/NBD and NBD, and takes the one with the smallest error on the holdout, or else the lowest AIC.
    customer, date, amount : str
        The log's columns.
    holdout : date, optional
        Also forecast what came after this day from what came until then, and report the errors in `checks.holdout`.
    **options
        Passed to `RFM.from_transactions`: unit, observed_until, collapse, refunds, first_purchase_in_spend,
        first_purchase_from, timezone.

    Returns
    -------
    Valuation

    Raises
    ------
    DataError
        The log breaks a rule; the message names the column, the rows and the remedy.
    ConvergenceError
        The data do not identify a model; the message names the direction and the remedy.
    ParameterError
        `rate` is a bare number, or margins do not fit the customers.

    Examples
    --------
    >>> from custvalue import datasets
    >>> valuation = value_customers(datasets.cdnow(), rate=Rate.annual(0.10), years=3, margin=0.30)
    >>> f"{valuation.total:,.0f}"
    '48,156'
    """
    as_rate(rate)
    columns = {"customer": customer, "date": date, "amount": amount}
    summary = summarize(log, **{**options, **columns})
    rfm = summary.rfm
    share = _margin(margin, rfm)
    parts = None if holdout is None else _halves(log, holdout, columns, options)
    spend, spending = _spend(rfm)
    choice = choose(rfm, holdout=parts) if model == "auto" else None
    buying = choice.best if choice else _fit(model, rfm)
    horizon = np.inf if years is None else years * per_year(rfm.unit)
    purchases = buying.model.discounted_expected_purchases(rfm, rate, horizon)
    expected_spend = spend.model.expected_spend(spending)
    worth = earned(expected_spend, purchases, share)
    p_alive = buying.model.p_alive(rfm)
    tested = None if parts is None else _tested(type(buying.model), parts)
    return Valuation(
        summary=summary,
        rfm=rfm,
        buying=buying,
        spend=spend,
        rate=rate,
        years=years,
        margin=share,
        p_alive=p_alive,
        expected_purchases=buying.model.expected_purchases(rfm, horizon),
        expected_spend=expected_spend,
        clv=worth,
        checks=_checks(spending, p_alive, worth, purchases * share, tested),
        choice=choice,
        log=log,
        customer=customer,
    )


def _fit(model: type[TransactionModel] | str, rfm: RFM) -> Fit[TransactionModel]:
    if isinstance(model, type) and issubclass(model, TransactionModel):
        return model.fit(rfm)
    raise ParameterError(f"model must be a TransactionModel, such as cv.BetaGeoNBD, or 'auto'; got {model!r}")


def _margin(margin: ArrayLike | Mapping[Any, float], rfm: RFM) -> float | Array:
    if isinstance(margin, Mapping):
        ids = [] if rfm.ids is None else rfm.ids.tolist()
        missing = [one for one in ids if one not in margin]
        if missing:
            raise ParameterError(
                f"margin must name every customer; {len(missing)} of {len(ids)} are missing, first: {missing[:3]}. "
                "Give them a margin, or one margin for all."
            )
        margin = [margin[one] for one in ids]
    share = numbers("margin", margin)
    if share.ndim and share.shape != rfm.x.shape:
        raise ParameterError(f"margin must be one number or one per customer ({len(rfm)}); got shape {share.shape}")
    return share if share.ndim else float(share)


def _spend(rfm: RFM) -> tuple[Fit[GammaGamma], RFM]:
    """The spend fit, and the histories with mean spend below 0 taken for 0."""
    if rfm.m is None:
        raise DataError("a valuation needs amounts; name their column with amount=")
    buyers = (rfm.m_count > 0) & (rfm.m > 0)
    if not buyers.any():
        raise DataError(
            f"none of {len(rfm)} customers has spend to average: nobody bought again, or all mean spend is 0 or less. "
            "Observe them longer, or count the first purchase (first_purchase_in_spend=True)."
        )
    spending = evolve(rfm, m=np.maximum(rfm.m, 0.0)) if (rfm.m < 0).any() else rfm
    return GammaGamma.fit(rfm[buyers]), spending


def _checks(rfm: RFM, p_alive: Array, worth: Array, earning: Array, tested: Holdout | None) -> Checks:
    m = np.zeros(0) if rfm.m is None else rfm.m
    again = rfm.x > 0
    total = float(worth.sum())
    effect = float((earning * class_spend(rfm, m)).sum()) / total - 1 if np.isfinite(total) and total else np.nan
    return Checks(
        spend_frequency_correlation=correlation(rfm.x[again], m[again]),
        spend_frequency_effect=effect,
        alive_by_assumption=float((~again & (p_alive == 1) & (rfm.T > 0)).mean()),
        without_spend=int((again & (m <= 0)).sum()),
        holdout=tested,
    )


def _halves(log: Any, at: Any, columns: Mapping[str, str], options: Mapping[str, Any]) -> Split:  # noqa: ANN401
    kept = {name: value for name, value in options.items() if name != "observed_until"}
    return split(log, at=at, until=options.get("observed_until"), **{**kept, **columns})


def _tested(model: type[TransactionModel], parts: Split) -> Holdout:
    fitted = model.fit(parts.calibration).model
    predicted = fitted.expected_purchases(parts.calibration, parts.duration)
    return evaluate(predicted, parts.purchases, parts.calibration, parts.duration)
