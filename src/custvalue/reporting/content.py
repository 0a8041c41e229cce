"""What a valuation says, as data: sections of pairs, tables and notes, for a terminal, a page or a program to show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import numpy as np
from attrs import frozen

from custvalue._typing import Array, NDArray
from custvalue.discounting.rate import Rate
from custvalue.evaluation.scores import Errors, Holdout
from custvalue.inference.fit import Fit
from custvalue.units import DAYS, Unit
from custvalue.value.valuation import Valuation

_NAIVE: Final = {"own rate": "own rate goes on", "average rate": "one rate for all", "none": "no purchases"}
"""What the naive forecasts of `Holdout` assume."""


@frozen
class Pairs:
    """Names, numbers and remarks."""

    rows: tuple[tuple[str, str, str], ...]


@frozen
class Columns:
    """Columns under their heads; the first holds names, the others numbers. A caption may stand above."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""


@frozen
class Notes:
    """Sentences, one after the other."""

    lines: tuple[str, ...]


Block: TypeAlias = Pairs | Columns | Notes


@frozen
class Section:
    """A heading and what stands below it."""

    title: str
    block: Block


def valuation_content(valuation: Valuation, *, per: Unit = "year", top: int = 10) -> Iterator[Section]:
    """The sections of a valuation: the log, values, concentration, top customers, models, holdout, notes.

    Parameters
    ----------
    valuation : Valuation
        What to tell of.
    per : {"day", "week", "month", "quarter", "year"}
        The period that the rate of discount is shown per.
    top : int
        How many of the most valuable customers to list.
    """
    yield Section("", Notes(tuple(_assumptions(valuation, per))))
    yield Section("The log", Pairs(tuple(_log(valuation))))
    yield Section("Value", Pairs(tuple(_value(valuation))))
    if 0 < valuation.total < np.inf:
        yield Section("Concentration", Pairs(tuple(_concentration(valuation))))
    if top:
        yield Section("Most valuable customers", _top(valuation, top))
    yield Section("The models in words: means over customers", Pairs(tuple(_meaning(valuation))))
    yield Section("Fitted parameters", _parameters(valuation))
    if valuation.checks.holdout is not None:
        yield Section("Forecast of the holdout period", _holdout(valuation.checks.holdout, _title(valuation.buying)))
    notes = valuation.notes or ("nothing in these data speaks against the models' assumptions",)
    yield Section("To bear in mind", Notes(notes))


def _assumptions(valuation: Valuation, per: Unit) -> Iterator[str]:
    years = valuation.years
    ahead = "forever" if years is None else "in the next year" if years == 1 else f"in the next {years:g} years"
    yield f"The margin on purchases expected {ahead}, discounted at {_rate(valuation.rate, per)}."
    if np.ndim(valuation.margin):
        yield "Margins differ between customers."
    elif valuation.margin == 1:
        yield "Margin 100% of spend: this is revenue, not profit."
    else:
        yield f"Margin {100 * float(valuation.margin):.6g}% of spend."


def _rate(rate: Rate, per: Unit) -> str:
    shown = f"{100 * float(rate.effective(per)):.6g}% a {per} (effective)"
    return shown if per == "year" else f"{shown}, {100 * float(rate.effective()):.4g}% a year"


def _log(valuation: Valuation) -> Iterator[tuple[str, str, str]]:
    log, x = valuation.summary.facts, valuation.rfm.x
    free = f"{log.nonpositive:,} with an amount of 0 or less" if log.nonpositive else ""
    yield "Customers", f"{len(x):,}", ""
    yield "One-time buyers", f"{(x == 0).sum():,}", f"{(x == 0).mean():.1%} of customers"
    yield "Rows", f"{log.rows:,}", free
    yield "Spent so far", _money(log.total_spend or 0.0), "all rows"
    yield "First day", str(log.first_day), ""
    yield "Last day", str(log.last_day), ""
    yield "Observed until", _moment(log.observed_until), "values are as of then"


def _value(valuation: Valuation) -> Iterator[tuple[str, str, str]]:
    yield "All customers", _money(valuation.total), "customer equity"
    yield "Mean per customer", _money(float(valuation.clv.mean())), ""
    yield "A new customer", _money(valuation.new_customer), "acquisition may cost this at most; first purchase included"
    yield "Still customers", f"{valuation.p_alive.mean():.1%}", "mean probability of not having left for good"
    yield "Purchases ahead", _number(float(valuation.expected_purchases.sum())), "expected of all, not discounted"


def _concentration(valuation: Valuation) -> Iterator[tuple[str, str, str]]:
    for share in (0.01, 0.10, 0.20):
        many = round(share * len(valuation.clv))
        yield f"Top {share:.0%}", f"{valuation.top_share(share):.1%}", f"of all value, with {many:,} customers"


def _top(valuation: Valuation, top: int) -> Columns:
    rfm, best = valuation.rfm, np.argsort(-valuation.clv, kind="stable")[:top]
    ids = best if rfm.ids is None else rfm.ids[best]
    last = _last_days(valuation)[best]
    heads = (
        "customer",
        "repeat\npurchases",
        "last\npurchase",
        "mean\nspend",
        "still\nthere",
        "purchases\nahead",
        "value",
    )
    rows = tuple(
        (
            str(name),
            f"{rfm.x[i]:,.0f}",
            str(day),
            "" if rfm.m is None or not rfm.m_count[i] else _money(float(rfm.m[i])),
            f"{valuation.p_alive[i]:.1%}",
            _number(float(valuation.expected_purchases[i])),
            _money(float(valuation.clv[i])),
        )
        for i, name, day in zip(best, ids, last, strict=True)
    )
    return Columns(heads, rows)


def _last_days(valuation: Valuation) -> NDArray[np.datetime64]:
    """Day of each customer's last purchase; ages are floats, so to the nearest second."""
    rfm = valuation.rfm
    since: Array = np.rint((rfm.T - rfm.t_x) * DAYS[rfm.unit] * 86_400)
    return np.asarray((valuation.summary.facts.observed_until - since.astype("timedelta64[s]")).astype("datetime64[D]"))


def _meaning(valuation: Valuation) -> Iterator[tuple[str, str, str]]:
    yield from valuation.buying.model.in_words()
    yield "Spend per purchase, p v/(q-1)", _money(float(valuation.spend.model.expected_spend_new())), ""


def _title(fit: Fit[Any]) -> str:
    """A model's name as the literature has it."""
    return str(fit.model.card.title)


def _parameters(valuation: Valuation) -> Columns:
    fits: dict[str, Fit[Any]] = {_title(fit): fit for fit in (valuation.buying, valuation.spend)}
    rows = tuple(
        ("" if i else name, "" if i else f"{fit.customers:,.0f}", *cells)
        for name, fit in fits.items()
        for i, cells in enumerate(fit.estimate.cells())
    )
    return Columns(("model", "customers", "", "estimate", "std. error", "95% interval"), rows)


def _holdout(holdout: Holdout, title: str) -> Columns:
    caption = (
        f"{holdout.duration:.4g} {holdout.unit}s, {holdout.customers:,.10g} customers known before: "
        f"{holdout.model.actual:,.0f} purchases"
    )
    forecasts = {title: holdout.model, **{_NAIVE.get(key, key): one for key, one in holdout.naive.items()}}
    heads = ("forecast", "purchases", "error of\nthe total", "mean absolute\nerror", "root mean\nsquared error")
    return Columns(heads, tuple((name, *_errors(one)) for name, one in forecasts.items()), caption)


def _errors(one: Errors) -> tuple[str, str, str, str]:
    total = f"{one.total_error:+.1%}" if np.isfinite(one.total_error) else ""
    return f"{one.predicted:,.0f}", total, f"{one.mean_absolute:.3f}", f"{one.root_mean_squared:.3f}"


def _money(value: float) -> str:
    return _number(value, 2)


def _number(value: float, digits: int = 1) -> str:
    """Thousands apart; large numbers without decimals, huge ones as powers of ten."""
    if np.isinf(value):
        return "infinite"
    size = abs(value)
    return f"{value:.6g}" if size >= 1e15 else f"{value:,.0f}" if size >= 1e8 else f"{value:,.{digits}f}"


def _moment(end: np.datetime64) -> str:
    """A day, or a moment to the second."""
    return str(end) if np.datetime_data(end.dtype)[0] == "D" else str(end.astype("datetime64[s]")).replace("T", " ")
