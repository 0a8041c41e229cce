"""Figures of rates of return, profitability and payback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from golden import outcome

from custvalue.discounting import profitability_index
from custvalue.discounting.cash_flow_batch import CashFlowBatch
from custvalue.discounting.curve import YieldCurve
from custvalue.discounting.irr import InternalRates, internal_rates, irr, xirr
from custvalue.discounting.mirr import mirr
from custvalue.discounting.payback import break_even_time, discounted_payback, payback
from custvalue.discounting.rate import Rate
from custvalue.records.cash_flow import CashFlow, CashFlows


def yearly(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with the unit of time that plain amounts had by default: the year."""

    def asked(*given: Any, **options: Any) -> Any:
        plain = any(isinstance(each, list | tuple | np.ndarray) and np.asarray(each).dtype != object for each in given)
        return function(*given, **({"unit": "year"} if plain or not given else {}) | options)

    return asked


irr, internal_rates, mirr = yearly(irr), yearly(internal_rates), yearly(mirr)
payback, discounted_payback, break_even_time = yearly(payback), yearly(discounted_payback), yearly(break_even_time)
profitability_index = yearly(profitability_index)

CASES: dict[str, Callable[[], Any]] = {}

PERIODS = ("day", "week", "month", "quarter", "year")
DAY_COUNTS = ("act/365", "act/365.25", "act/360", "act/act", "30/360", "30E/360")
TEN = Rate.annual(0.10)
DAYS = ["2023-11-30", "2024-01-31", "2024-02-29", "2024-08-02", "2025-12-31"]
DATED = CashFlows([-500.0, 30.0, 45.0, 200.0, 400.0], DAYS)
AHEAD = CashFlows([-100.0, 60.0, -7.5, 60.0], [0, 1, 1.25, 2])
BATCH = CashFlowBatch(CashFlows([-100, 60, 60, -50, 80, 7], [0, 1, 2, 0, 1, 3.5]), [0, 3, 5, 5, 6], list("abcd"))


def case(run: Callable[[], Any]) -> Callable[[], Any]:
    CASES[f"returns: {run.__name__.replace('_', ' ')}"] = run
    return run


def curve(method: str, extrapolate: str = "raise") -> YieldCurve:
    return YieldCurve.from_spot(
        [0.5, 1, 2, 5, 10],
        Rate.annual([-0.005, 0.01, 0.03, 0.035, 0.032]),
        interpolation=method,
        extrapolate=extrapolate,
    )


# --- rates of return ---


@case
def internal_rates_of_one() -> Any:
    excel = [-70000, 12000, 15000, 18000, 21000, 26000]
    loan = CashFlows(
        [-10000, 2750, 4250, 3250, 2750], ["2008-01-01", "2008-03-01", "2008-10-30", "2009-02-15", "2009-04-01"]
    )
    return {
        "amounts": irr(excel).effective(),
        "by period": {period: irr(excel, unit=period).continuous_value for period in PERIODS},
        "rows": irr([[-100, 60, 60], [-50, 20, 20]]).effective(),
        "ragged": irr([-100, 60, 60, -50, 80], offsets=[0, 3, 5]).effective(),
        "above 0": irr([-100, 60, 60, -5], above=Rate.zero()).effective(),
        "columns": irr(AHEAD).effective(),
        "records": irr([CashFlow(-5, 0.25), CashFlow(6, 3.5)]).effective("month"),
        "batch": irr(CashFlowBatch(CashFlows([-1, 2, -1, 0.5], [0, 3, 1, 2]), [0, 2, 4])).effective(),
        "received first": irr([100, -60, -60]).effective(),
        "very negative": irr([-1e6, 0, 0, 1]).effective(),
        "very high": irr([-1, 1e9]).effective(),
        "long": irr([-1000.0, *[7.0] * 360], unit="month").effective("month"),
        "zeros between": irr([0, 0, -10, 0, 0, 12, 0]).effective(),
        "dated": {rule: xirr(loan, day_count=rule).effective() for rule in DAY_COUNTS},
        "dated batch": xirr(CashFlowBatch.from_series([loan, loan[[0, 1, 2, 3]]])).effective(),
        "dated above": xirr(loan, above=Rate.annual(0.1)).effective(),
        "none": outcome(lambda: irr([1, 2, 3])),
        "several": outcome(lambda: irr([-100, 230, -132])),
        "dated in irr": outcome(lambda: irr(loan)),
        "undated in xirr": outcome(lambda: xirr(AHEAD)),
        "period of flows with times": outcome(lambda: irr(AHEAD, unit="month")),
    }


def _rates(found: InternalRates) -> dict[str, Any]:
    return {
        "how many": found.count,
        "status": found.status,
        "all": found.roots.continuous_value,
        "starts": found.offsets,
        "any rate": found.any_rate,
        "effective": found.effective(),
        "per month": found.effective("month"),
        "each": {str(i): found[i].effective() for i in range(len(found))},
        "rate": outcome(lambda: found.rate.continuous_value),
    }


@case
def all_internal_rates() -> Any:
    mixed = [-100, 60, 60, -100, 230, -132, -5, -5, 0, 0]
    named = CashFlowBatch(CashFlows([-1, 1.5, -2, 1.9], [0, 1, 0.5, 9]), [0, 2, 4], ["p", "q"])
    many = np.array([[-100 - i, 30 + i, 40, (-1) ** i * 20, 50 + 3 * i] for i in range(40)], dtype=float)
    return {
        "of each kind": _rates(internal_rates(mixed, offsets=[0, 3, 6, 8, 10])),
        "above 15 %": _rates(internal_rates(mixed, offsets=[0, 3, 6, 8, 10], above=Rate.annual(0.15))),
        "one series": _rates(internal_rates([-100, 60, 60])),
        "with names": _rates(internal_rates(named)),
        "dated": _rates(internal_rates(DATED, day_count="act/act")),
        "touching nothing": internal_rates([1.0, -2.0, 1.0]).count,
        "touching nothing more closely": internal_rates([-1.0, 4, -6, 4, -1]).count,
        "three of them": _rates(internal_rates([-1000, 3600, -4310, 1716])),
        "many": internal_rates(many, unit="quarter").effective(),
        "many, how many": internal_rates(many).count,
        "no series": internal_rates(CashFlowBatch(CashFlows([], []), [0])).count,
    }


@case
def modified_rates() -> Any:
    flows, both = [-120000, 39000, 30000, 21000, 37000, 46000], {"finance": TEN, "reinvest": Rate.annual(0.12)}
    each = {"finance": Rate.annual([0.1, 0.0]), "reinvest": Rate.annual([0.05, 0.2])}
    return {
        "amounts": mirr(flows, **both).effective(),
        "monthly": mirr(flows, unit="month", **both).effective(),
        "rows": mirr([[-100, 60, 60], [-50, 20, 80]], **each).effective(),
        "ragged": mirr([-100, 60, 60, -50, 80], offsets=[0, 3, 5], **both).effective(),
        "columns": mirr(AHEAD, **both).effective(),
        "dated": {rule: mirr(DATED, day_count=rule, **both).effective() for rule in DAY_COUNTS},
        "only payments": outcome(lambda: mirr([-1, -2], **both).effective()),
        "only receipts": outcome(lambda: mirr([1, 2], **both).effective()),
    }


@case
def profitability() -> Any:
    return {
        "amounts": profitability_index(TEN, [-100, 60, 60]),
        "rows": profitability_index(Rate.annual([0.1, 0.2]), [[-100, 60, 60], [-50, 20, 80]]),
        "ragged": profitability_index(TEN, [-100, 60, 60, -50, 80], offsets=[0, 3, 5]),
        "monthly": profitability_index(TEN, [-100, 60, 60], unit="month"),
        "scenarios": profitability_index(Rate.annual([[0.0], [0.1]]), [[-100, 60, 60], [-50, 20, 80]]),
        "columns": profitability_index(TEN, AHEAD),
        "two at first": profitability_index(TEN, CashFlows([-50, -50, 60, 60], [1, 1, 2, 3])),
        "dated": {rule: profitability_index(TEN, DATED, day_count=rule) for rule in DAY_COUNTS},
        "curve": profitability_index(curve("linear"), [-100, 60, 60]),
        "no investment": outcome(lambda: profitability_index(TEN, [100, 60])),
    }


@case
def paybacks() -> Any:
    series = {
        "plain": [-100, 40, 40, 40, 40],
        "falls back": [-100, 120, -60, 50, 50],
        "never": [-100, 1],
        "nothing out": [5, 5],
        "zeros first": [0, 0, -10, 0, 12],
        "exactly": [-0.3, 0.1, 0.1, 0.1],
    }
    found: dict[str, Any] = {}
    for name, flows in series.items():
        for smooth in (False, True):
            found[f"{name}{', evenly' if smooth else ''}"] = {
                "undiscounted": payback(flows, interpolate=smooth),
                "discounted": discounted_payback(TEN, flows, interpolate=smooth),
                "for good": break_even_time(TEN, flows, interpolate=smooth),
                "monthly": discounted_payback(TEN, flows, interpolate=smooth, unit="month"),
                "curve": break_even_time(curve("linear"), flows, interpolate=smooth),
                "no rate": break_even_time(Rate.zero(), flows, interpolate=smooth),
            }
    table = [[-100, 40, 40, 40], [-50, 80, -40, 5]]
    rates = Rate.annual([0.05, 0.3])
    return found | {
        "rows": [payback(table), discounted_payback(rates, table), break_even_time(rates, table)],
        "ragged": [payback([-1, 2, -5, 1], offsets=[0, 2, 4]), break_even_time(TEN, [-1, 2, -5, 1], offsets=[0, 2, 4])],
        "columns": [payback(AHEAD, interpolate=True), discounted_payback(TEN, AHEAD), break_even_time(TEN, AHEAD)],
        "batch": [payback(BATCH), discounted_payback(TEN, BATCH, interpolate=True), break_even_time(TEN, BATCH)],
        "dated": {rule: discounted_payback(TEN, DATED, day_count=rule, interpolate=True) for rule in DAY_COUNTS},
        "bare number": outcome(lambda: discounted_payback(0.1, [-1, 2])),
    }
