"""A valuation as text for a terminal: headings and tables that also read well without color, or in a file.

Needs rich, which comes with the `cli` extra.
"""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from custvalue._typing import Array, NDArray
from custvalue.discounting.rate import Rate
from custvalue.evaluation.holdout import Errors, Holdout
from custvalue.inference.fit import Fit
from custvalue.units import DAYS, Unit
from custvalue.value.valuation import Valuation

_WIDTH = 100
"""Columns where there is no terminal to ask."""

_NARROWEST, _WIDEST = 80, 120
"""In less, numbers would be cut off; longer lines are hard to read, however wide the terminal."""

_TITLES: Final = {
    "BetaGeoNBD": "BG/NBD",
    "ModifiedBetaGeoNBD": "MBG/NBD",
    "BetaGeoCNBD": "BG/CNBD-k",
    "ModifiedBetaGeoCNBD": "MBG/CNBD-k",
    "ParetoNBD": "Pareto/NBD",
    "GammaGompertzNBD": "Gamma-Gompertz/NBD",
    "WeibullGammaNBD": "Weibull-gamma/NBD",
    "PeriodicDeathOpportunity": "PDO",
    "BetaGeoBetaBinom": "BG/BB",
}
_NAIVE = {"own rate": "own rate goes on", "average rate": "one rate for all", "none": "no purchases"}
"""What the naive forecasts of `Holdout` assume."""


def print_valuation(valuation: Valuation, *, name: str, per: Unit = "year", top: int = 10) -> None:
    """Print a valuation on standard output: the log, values, top customers, models, checks.

    Parameters
    ----------
    valuation : Valuation
        What to print.
    name : str
        What the log is called.
    per : {"day", "week", "month", "quarter", "year"}
        The period that the rate of discount is shown per.
    top : int
        How many of the most valuable customers to list.
    """
    console = standard_output()
    for block in _blocks(valuation, name, per, top):
        console.print(block)


def standard_output() -> Console:
    """As wide as the terminal or COLUMNS; text is printed as it is, never taken for markup, nor refused."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # an id in letters that the encoding lacks is no reason to fail
    width = shutil.get_terminal_size((_WIDTH, 24)).columns
    return Console(width=min(max(width, _NARROWEST), _WIDEST), markup=False, highlight=False, emoji=False)


def _blocks(valuation: Valuation, name: str, per: Unit, top: int) -> Iterator[RenderableType]:
    yield Text(f"Customer value of {_plain(name)}", style="bold")
    yield _assumptions(valuation, per)
    yield from _section("The log", _pairs(_log(valuation)))
    yield from _section("Value", _pairs(_value(valuation)))
    if 0 < valuation.total < np.inf:
        yield from _section("Concentration", _pairs(_concentration(valuation)))
    if top:
        yield from _section("Most valuable customers", _top(valuation, top))
    yield from _section("The models in words: means over customers", _pairs(_meaning(valuation)))
    yield from _section("Fitted parameters", _parameters(valuation))
    if valuation.checks.holdout is not None:
        yield from _section(
            "Forecast of the holdout period", *_holdout(valuation.checks.holdout, _title(valuation.buying))
        )
    yield from _section("To bear in mind", *_notes(valuation))


def _section(title: str, *blocks: RenderableType) -> Iterator[RenderableType]:
    yield Text(f"\n{title}", style="bold")
    yield from (Padding.indent(block, 2) for block in blocks)


def _pairs(rows: Iterable[tuple[str, str, str]]) -> Table:
    """Names, numbers and remarks, without rules."""
    grid = Table.grid(padding=(0, 3, 0, 0))
    grid.add_column()
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(style="dim")
    for row in rows:
        grid.add_row(*row)
    return grid


def _columns(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Columns of numbers under their heads; the first holds names, which may wrap."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column(heads[0], overflow="fold", vertical="bottom")
    for head in heads[1:]:
        table.add_column(head, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def _assumptions(valuation: Valuation, per: Unit) -> Text:
    years = valuation.years
    ahead = "forever" if years is None else "in the next year" if years == 1 else f"in the next {years:g} years"
    lines = [f"The margin on purchases expected {ahead}, discounted at {_rate(valuation.rate, per)}."]
    if np.ndim(valuation.margin):
        lines.append("Margins differ between customers.")
    elif valuation.margin == 1:
        lines.append("Margin 100% of spend: this is revenue, not profit.")
    else:
        lines.append(f"Margin {100 * float(valuation.margin):.6g}% of spend.")
    return Text("\n".join(lines))


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


def _top(valuation: Valuation, top: int) -> Table:
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
    rows = (
        (
            _plain(str(name)),
            f"{rfm.x[i]:,.0f}",
            str(day),
            "" if rfm.m is None or not rfm.m_count[i] else _money(float(rfm.m[i])),
            f"{valuation.p_alive[i]:.1%}",
            _number(float(valuation.expected_purchases[i])),
            _money(float(valuation.clv[i])),
        )
        for i, name, day in zip(best, ids, last, strict=True)
    )
    return _columns(heads, rows)


def _last_days(valuation: Valuation) -> NDArray[np.datetime64]:
    """Day of each customer's last purchase; ages are floats, so to the nearest second."""
    rfm = valuation.rfm
    since: Array = np.rint((rfm.T - rfm.t_x) * DAYS[rfm.unit] * 86_400)
    return np.asarray((valuation.summary.facts.observed_until - since.astype("timedelta64[s]")).astype("datetime64[D]"))


def _meaning(valuation: Valuation) -> Iterator[tuple[str, str, str]]:
    known, unit = valuation.buying.model.parameters, valuation.rfm.unit
    spend = _money(float(valuation.spend.model.expected_spend_new()))
    if {"r", "alpha"} <= known.keys():
        k = getattr(valuation.buying.model, "k", 1)
        often = float(known["r"] / known["alpha"]) / k
        name = "r/alpha" if k == 1 else f"r/({k} alpha)"
        yield f"Purchases a {unit}, {name}", f"{often:.4g}", f"while a customer: one in {1 / often:.3g} {unit}s"
    if {"alpha", "beta", "gamma", "delta"} <= known.keys():
        buys, leaves = (float(known[i] / (known[i] + known[j])) for i, j in (("alpha", "beta"), ("gamma", "delta")))
        yield "Buying, alpha/(alpha+beta)", f"{buys:.1%}", f"chance in a {unit}, while a customer"
        yield "Leaving, gamma/(gamma+delta)", f"{leaves:.1%}", f"chance before a {unit}"
    if {"a", "b"} <= known.keys():
        when = f"every {float(known['tau']):.4g} {unit}s" if "tau" in known else "after a purchase"
        yield "Leaving, a/(a+b)", f"{float(known['a'] / (known['a'] + known['b'])):.1%}", f"chance {when}"
    if known.keys() == {"r", "alpha", "s", "beta"}:
        yield f"Leaving a {unit}, s/beta", f"{float(known['s'] / known['beta']):.4g}", "rate while a customer"
    yield "Spend per purchase, p v/(q-1)", spend, ""


def _title(fit: Fit[Any]) -> str:
    """A model's name as the literature has it."""
    name = str(type(fit.model).__name__)
    return _TITLES.get(name, name)


def _parameters(valuation: Valuation) -> Table:
    fits: dict[str, Fit[Any]] = {_title(valuation.buying): valuation.buying, "Gamma-Gamma": valuation.spend}
    rows = [
        (
            "" if i else name,
            "" if i else f"{fit.customers:,}",
            parameter,
            f"{value:.5g}",
            f"{fit.standard_errors[parameter]:.3g}",
            "{:.4g} to {:.4g}".format(*fit.confidence_intervals()[parameter]),
        )
        for name, fit in fits.items()
        for i, (parameter, value) in enumerate(fit.model.parameters.items())
    ]
    return _columns(("model", "customers", "", "estimate", "std. error", "95% interval"), rows)


def _holdout(holdout: Holdout, title: str) -> Iterator[RenderableType]:
    yield Text(
        f"{holdout.duration:.4g} {holdout.unit}s, {holdout.customers:,} customers known before: "
        f"{holdout.model.actual:,.0f} purchases"
    )
    forecasts = {title: holdout.model, **{_NAIVE.get(key, key): one for key, one in holdout.naive.items()}}
    heads = ("forecast", "purchases", "error of\nthe total", "mean absolute\nerror", "root mean\nsquared error")
    yield _columns(heads, [(name, *_errors(one)) for name, one in forecasts.items()])


def _errors(one: Errors) -> tuple[str, str, str, str]:
    total = f"{one.total_error:+.1%}" if np.isfinite(one.total_error) else ""
    return f"{one.predicted:,.0f}", total, f"{one.mean_absolute:.3f}", f"{one.root_mean_squared:.3f}"


def _notes(valuation: Valuation) -> Iterator[Table]:
    for note in valuation.notes or ("nothing in these data speaks against the models' assumptions",):
        bullet = Table.grid(padding=(0, 1, 0, 0))
        bullet.add_row("-", _plain(note))
        yield bullet


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


def _plain(text: str) -> str:
    """Text without control characters, which would move the cursor or color the terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)
