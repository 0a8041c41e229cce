"""Every published figure as the library recomputes it, and the headline values with what is left of them as profit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from golden import at_maximum, estimated, outcome

from custvalue.reproductions import AREAS, Reproduction, run
from custvalue.reproductions.harvard import CREDIT_CARD, HEADLINES, Headline, aircraft, cadillac, credit_card, pizza

CASES: dict[str, Callable[[], Any]] = {}

EXACT = (
    "BG/NBD P(X(",
    "Pareto/NBD x=0 T=39: P(alive)",
    "Pareto/NBD DERT at 0.0027",
    "MBG/CNBD-3 P(alive)",
    "PDO log-likelihood",
    "Gamma-Gompertz/NBD log-likelihood",
    "sBG (1, 1)",
    "sBG retention rate",
    "DERL after 7 renewals",
    "DEL of a new customer",
    "discounted years of 34,178",
    "with one retention rate",
    "Kaplan-Meier",
    "Nelson-Aalen",
    "log-rank",
)
"""How quantities begin that come from a formula, though they stand among fits."""
FITTED = ("buying", "contracts")
"""Areas most of whose figures come from a fit."""


def case(run: Callable[[], Any]) -> Callable[[], Any]:
    CASES[f"reproductions: {run.__name__.replace('_', ' ')}"] = run
    return run


def _figure(row: Reproduction) -> Any:
    if row.area not in FITTED or row.quantity.startswith(EXACT):
        return row.computed
    return at_maximum(row.computed) if "log-likelihood" in row.quantity else estimated(row.computed)


def _ledger(area: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for row in run(area):
        found[f"{row.source}: {row.quantity}"] = _figure(row)
        found[f"{row.source}: {row.quantity}, printed"] = [row.published, row.mark, row.verdict]
    return found


CASES |= {f"reproductions: {area}": lambda area=area: _ledger(area) for area in AREAS}


@case
def the_ledger_as_a_whole() -> Any:
    ledger = run()
    table, shown = ledger.table(), [row for row in ledger if row.area not in FITTED]
    return {
        "areas": list(AREAS),
        "rows": len(ledger),
        "differing": [row.quantity for row in ledger.differing],
        "columns": {name: len(column) for name, column in table.items()},
        "with a note": sum(bool(row.note) for row in ledger),
        "differences": [row.difference for row in shown[:3]],
        "tolerances": [row.tolerance for row in shown],
        "agree": sum(row.agrees for row in ledger),
        "unknown area": outcome(lambda: run("astrology")),
    }


def _headline(story: Headline) -> dict[str, Any]:
    bridge, table = story.bridge(), story.sensitivity()
    more = story.bridge(rate=[0.05, 0.1], retention=[0.5, 0.9], referrals=1.0, horizon=8.0, acquisition_cost=0)
    inputs = {item.name: [item.value, item.known] for item in (*story.inputs, *story.profit_inputs)}
    return {
        "revenue": story.revenue,
        "inputs": inputs,
        "margin": story.margin,
        "steps": list(bridge.steps().values()),
        "net with other inputs": more.net,
        "sensitivity": [table["input"], table["value"], table["net"]],
        "flows": [len(story.customer.cash_flows), [flow.when for flow in story.customer.cash_flows]],
    }


@case
def headline_values() -> Any:
    makers = {"pizza": pizza, "cadillac": cadillac, "aircraft": aircraft}
    return {name: _headline(make()) for name, make in makers.items()} | {
        "how many": len(HEADLINES),
        "card": [CREDIT_CARD.amounts, CREDIT_CARD.times],
        "card for longer": {str(years): credit_card(years).amounts for years in (1, 5, 10, 20)},
    }
