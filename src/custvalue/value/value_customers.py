"""The one call: a transaction log in, what each customer and all of them are worth out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import numpy as np
from attrs import evolve

from custvalue._arguments import common_shape, duration
from custvalue._columns import numbers
from custvalue._typing import Array, ArrayLike
from custvalue.discounting.rate import Rate, as_rate
from custvalue.errors import ConvergenceError, DataError, ParameterError
from custvalue.evaluation.comparison import Choice, choose
from custvalue.evaluation.scores import Holdout, evaluate
from custvalue.evidence.holdout_split import HoldoutSplit
from custvalue.evidence.logs.log import Log
from custvalue.evidence.logs.options import Options, check_moment
from custvalue.evidence.logs.reading import open_log
from custvalue.evidence.opportunities import Opportunities
from custvalue.evidence.rfm import RFM
from custvalue.evidence.summary import Summary
from custvalue.inference.fit import Fit
from custvalue.models.buying.beta_geo_nbd import BetaGeoNBD
from custvalue.models.buying.family import TransactionModel
from custvalue.models.spend.gamma_gamma import GammaGamma
from custvalue.units import per_year
from custvalue.value.assumption_checks import Checks, class_spend, correlation
from custvalue.value.clv import earned
from custvalue.value.valuation import Valuation

OPTIONS: Final = (
    "unit",
    "observed_until",
    "collapse",
    "refunds",
    "first_purchase_in_spend",
    "first_purchase_from",
    "timezone",
)
"""What `value_customers` passes on to the reading of the log."""


def value_customers(
    log: Any,  # noqa: ANN401 (any dataframe, path or mapping)
    *,
    rate: Rate,
    years: float | None,
    margin: ArrayLike | Mapping[Any, float] = 1.0,
    model: type[TransactionModel[Any]] | Literal["auto"] = BetaGeoNBD,
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
        Share of spend that is profit: for all; per customer in the order of their ids; or by customer id (of a CSV
        file, text). The default, 1, values revenue.
    model : class or "auto"
        Of buying: any TransactionModel, such as `ParetoNBD`; spend is Gamma-Gamma. "auto" fits BG/NBD, MBG/NBD,
        Pareto/NBD and NBD, and takes the one with the lowest AIC; what cannot be fitted is left out and named.
        `BetaGeoBetaBinom` takes one unit of time for an opportunity: all purchases in it count, and are spent, as one.
    customer, date, amount : str
        The log's columns.
    holdout : date, optional
        Also forecast what came after this day from what came until then, and report the errors in `checks.holdout`;
        it changes no value.
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
    horizon = np.inf if years is None else duration("years", years)
    unknown = options.keys() - OPTIONS
    if unknown:
        raise ParameterError(f"value_customers has no option {min(unknown)!r}; it takes {', '.join(OPTIONS)}")
    if holdout is not None:
        check_moment("holdout", holdout)
    _check_model(model)
    columns = {"customer": customer, "date": date, "amount": amount}
    opened = open_log(log, Options(**{"unit": "week", **options, **_needs(model, options), **columns}))
    summary = Summary.of(opened)
    rfm = summary.rfm
    common_shape(customers=rfm.x, rate=rate.force(), years=horizon)
    rows = _evidence(model, opened, rfm)
    share = _margin(margin, rfm)
    choice, buying = _buying(model, rows)
    spend, spending = _spend(rfm)
    ahead = horizon * per_year(rfm.unit)
    purchases = buying.model.discounted_expected_purchases(rows, rate, ahead)
    expected_spend = spend.model.expected_spend(spending)
    worth = earned(expected_spend, purchases, share)
    p_alive = buying.model.p_alive(rows)
    tested = None if holdout is None else _tested(type(buying.model), opened, holdout)
    return Valuation(
        summary=summary,
        rfm=rfm,
        rows=rows,
        buying=buying,
        spend=spend,
        rate=rate,
        years=years,
        margin=share,
        p_alive=p_alive,
        expected_purchases=buying.model.expected_purchases(rows, ahead),
        expected_spend=expected_spend,
        clv=worth,
        checks=evolve(_checks(spending, p_alive, worth, purchases * share, tested), left_out=summary.facts.left_out),
        choice=choice,
        customer=customer,
    )


def _check_model(model: object) -> None:
    if model != "auto" and not (isinstance(model, type) and issubclass(model, TransactionModel)):
        raise ParameterError(
            f"model must be a class of model, such as cv.ParetoNBD, or 'auto'; got {model!r}. "
            "With parameters that are known, call cv.clv"
        )


def _takes_opportunities(model: type[TransactionModel[Any]] | Literal["auto"]) -> bool:
    """Whether the model is in discrete time."""
    return model != "auto" and model.evidence is Opportunities


def _needs(model: type[TransactionModel[Any]] | Literal["auto"], options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of reading a log that a model asks for; ParameterError where they contradict those given."""
    if model == "auto" or not _takes_opportunities(model):
        return {"log_interpurchase": model != "auto" and model.card.interpurchase}
    unit = options.get("unit", "week")
    if options.get("collapse", unit) not in (unit, "day"):
        raise ParameterError(
            f"collapse must be left out: {model.__name__} counts the purchases of a {unit} as one. Or choose another "
            "unit"
        )
    return {"collapse": unit}


def _evidence(model: type[TransactionModel[Any]] | Literal["auto"], opened: Log, rfm: RFM) -> RFM | Opportunities:
    """The customers of an RFM as the evidence that the model is fitted to: the RFM itself, or their opportunities."""
    if model == "auto" or not _takes_opportunities(model):
        return rfm
    rows = Opportunities(**opened.opportunities())
    if not (np.array_equal(rows.ids, rfm.ids) and np.array_equal(rows.x, rfm.x)):  # type: ignore[arg-type]
        raise DataError(
            f"{model.__name__} needs complete {rfm.unit}s, and observation ends within one: take unit='week' or "
            f"unit='day', say observed_until if it ended with a {rfm.unit}, or leave out what came after the last "
            "complete one"
        )
    return rows


def _buying(
    model: type[TransactionModel[Any]] | Literal["auto"], rows: RFM | Opportunities
) -> tuple[Choice | None, Fit[TransactionModel[Any]]]:
    if isinstance(rows, RFM) and model == "auto":
        choice = choose(rows)
        return choice, choice.best
    assert model != "auto"  # noqa: S101 (it is fitted to an RFM)
    try:
        return None, model.fit(rows)
    except ConvergenceError as error:
        remedy = "Compare several models with model='auto', which leaves out what cannot be fitted"
        raise ConvergenceError(f"{model.__name__} cannot be fitted: {error}. {remedy}", error.fit) from None


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
        raise DataError(f"none of {len(rfm)} customers has a mean spend above 0; check the sign of the amounts")
    spending = evolve(rfm, m=np.maximum(rfm.m, 0.0)) if (rfm.m < 0).any() else rfm
    try:
        return GammaGamma.fit(rfm[buyers]), spending
    except ConvergenceError as error:
        remedy = "Use more customers, or call cv.clv with a GammaGamma whose parameters you know"
        raise ConvergenceError(f"GammaGamma cannot be fitted: {error}. {remedy}", error.fit) from None


def _checks(rfm: RFM, p_alive: Array, worth: Array, earning: Array, tested: Holdout | str | None) -> Checks:
    m = np.zeros(0) if rfm.m is None else rfm.m
    again = rfm.x > 0
    silent = again & (rfm.t_x < rfm.T)
    total = float(worth.sum())
    effect = float((earning * class_spend(rfm, m)).sum()) / total - 1 if np.isfinite(total) and total else np.nan
    return Checks(
        spend_frequency_correlation=correlation(rfm.x[again], m[again]),
        spend_frequency_effect=effect,
        alive_by_assumption=float((~again & (p_alive == 1) & (rfm.T > 0)).mean()),
        without_spend=int((again & (m <= 0)).sum()),
        holdout=tested if isinstance(tested, Holdout) else None,
        untested=tested if isinstance(tested, str) else "",
        nobody_leaves=bool(silent.any() and (p_alive[silent] == 1).all()),
    )


def _tested(
    model: type[TransactionModel[Any]],
    opened: Log,
    at: Any,  # noqa: ANN401 (any date)
) -> Holdout | str:
    """Errors on the holdout, or why there are none."""
    if _takes_opportunities(model):
        return f"a log is not split into opportunities for {model.__name__}; test it on two Opportunities of your own"
    parts = HoldoutSplit.of(opened, at=at)
    try:
        fitted = model.fit(parts.calibration).model
    except ConvergenceError as error:
        return f"{model.__name__} cannot be fitted to what came before the holdout: {error}"
    predicted = fitted.expected_purchases(parts.calibration, parts.duration)
    return evaluate(predicted, parts.purchases, parts.calibration, parts.duration)
