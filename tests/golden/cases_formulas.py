"""Figures of budgets for acquisition and retention, and of the literature's cases one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from golden import estimated, outcome

from custvalue.discounting.rate import Rate
from custvalue.reproductions.papers.berger_nasr import (
    berger_nasr_case1,
    berger_nasr_case2,
    berger_nasr_case3,
    berger_nasr_case4,
    berger_nasr_case5,
)
from custvalue.reproductions.papers.brand_switching import brand_switching_value, contact_value
from custvalue.reproductions.papers.dwyer import Ledger, always_a_share, lost_for_good
from custvalue.reproductions.papers.loyalty import loyalty_components
from custvalue.value.budgets.acquisition_retention import (
    EquityBudget,
    ResponseCurve,
    acquisition_budget,
    customer_equity_budget,
    equity_per_prospect,
)
from custvalue.value.budgets.allocation import Allocation, allocate_budget

CASES: dict[str, Callable[[], Any]] = {}

TEN, FIFTH = Rate.annual(0.10), Rate.annual(0.20)
TIMINGS = ("now", "next", "end", "middle", "continuous")
WIN = ResponseCurve.from_point(ceiling=0.4, spend=5, share=0.125)
KEEP = ResponseCurve.from_point(ceiling=0.7, spend=10, share=0.4)


def case(run: Callable[[], Any]) -> Callable[[], Any]:
    CASES[f"formulas: {run.__name__.replace('_', ' ')}"] = run
    return run


# --- budgets ---


@case
def response_to_spending() -> Any:
    several = ResponseCurve(ceiling=[0.1, 0.4, 1.0], k=[[0.01], [2.0]])
    through = ResponseCurve.from_point([[0.4, 0.9]], 5, [[0.125], [0.3]])
    spends = np.array([0.0, 1e-6, 5.0, 10.0, 1e4])
    return {
        "k": through.k,
        "ceiling": WIN.ceiling,
        "share": WIN.share(spends),
        "slope": WIN.slope(spends),
        "several": [several.share(3.0), several.slope([1.0, 2.0, 3.0])],
        "share above the ceiling": outcome(lambda: ResponseCurve.from_point(0.4, 5, 0.4)),
        "negative spend": outcome(lambda: WIN.share(-1.0)),
        "ceiling above 1": outcome(lambda: ResponseCurve(1.1, 1.0)),
    }


def _acquisition(best: Any) -> dict[str, Any]:
    return {"spend": best.spend, "share": best.share, "value": best.value, "marginal cost": best.marginal_cost}


@case
def budgets_for_acquisition() -> Any:
    worth = np.array([-5.0, 0.0, 10.0, 33.0, 60.0, 1e6])
    return {
        "several": _acquisition(acquisition_budget(worth, WIN)),
        "table": _acquisition(acquisition_budget([[20.0], [80.0]], ResponseCurve([[0.1, 0.4]], [[0.05, 1.0]]))),
        "one": _acquisition(acquisition_budget(60, WIN)),
    }


def _budget(best: EquityBudget) -> dict[str, Any]:
    return {
        "acquisition": _acquisition(best.acquisition),
        "retention spend": best.retention_spend,
        "retention": best.retention,
        "customer value": best.customer_value,
        "marginal retention cost": best.marginal_retention_cost,
        "equity": best.equity,
    }


@case
def budgets_for_acquisition_and_retention() -> Any:
    spends = {"acquisition_spend": [0.0, 5.0, 12.0], "retention_spend": [[0.0], [10.0]]}
    margins = [1.0, 20.0, 60.0, 1e4]
    return {
        "equity at": equity_per_prospect(60, WIN, KEEP, rate=FIFTH, **spends, unit="year"),
        "equity monthly": equity_per_prospect(
            [5.0, 6.0], WIN, KEEP, rate=FIFTH, acquisition_spend=1, retention_spend=2, unit="month"
        ),
        "best": _budget(customer_equity_budget(60, WIN, KEEP, rate=FIFTH, unit="year")),
        "best of several": _budget(
            customer_equity_budget(margins, WIN, KEEP, rate=Rate.annual([[0.05], [0.3]]), unit="year")
        ),
        "best monthly": _budget(customer_equity_budget(60, WIN, ResponseCurve(0.99, 0.5), rate=FIFTH, unit="month")),
        "retention without a rate": outcome(
            lambda: _budget(customer_equity_budget(60, WIN, ResponseCurve(1.0, 0.5), rate=Rate.zero(), unit="year"))
        ),
    }


def _allocation(best: Allocation) -> dict[str, Any]:
    found = {
        "acquisition spend": best.acquisition_spend,
        "retention spend": best.retention_spend,
        "acquisition": best.acquisition,
        "retention": best.retention,
        "equity": best.equity,
        "spent": best.spent,
        "marginal return": best.marginal_return,
        "bound": best.bound,
        "total": best.total,
    }
    return {name: estimated(value, atol=1e-9) for name, value in found.items()}


@case
def budgets_divided_over_segments() -> Any:
    win = ResponseCurve.from_point(ceiling=[0.4, 0.2], spend=5, share=[0.125, 0.05])
    keep = ResponseCurve.from_point(ceiling=[0.7, 0.9], spend=10, share=[0.4, 0.7])
    known: dict[str, Any] = {"prospects": [1000, 1000]}
    many = {"prospects": [1000, 0, 300, 50], "customers": [200, 500, 0, 0], "most_retention": 12.0}
    four = (
        ResponseCurve([0.1, 0.3, 0.5, 0.2], [0.05, 0.1, 0.02, 1.0]),
        ResponseCurve([0.9, 0.5, 0.95, 0.8], [0.2, 0.01, 0.05, 0.3]),
    )
    margins = [60.0, 5.0, 120.0, 30.0]
    return {
        "two": _allocation(allocate_budget(10_000, 60, win, keep, rate=FIFTH, **known, unit="year")),
        "without limit": _allocation(allocate_budget(np.inf, 60, win, keep, rate=FIFTH, **known, unit="year")),
        "a little": _allocation(allocate_budget(0.5, 60, win, keep, rate=FIFTH, **known, unit="year")),
        "nothing": outcome(lambda: allocate_budget(0, 60, win, keep, rate=FIFTH, **known, unit="year")),
        "customers in hand": _allocation(
            allocate_budget(3000, 60, win, keep, rate=FIFTH, customers=[100, 900], **known, unit="year")
        ),
        "limits": _allocation(
            allocate_budget(
                9000, 60, win, keep, rate=FIFTH, most_acquisition=[3, 8], most_retention=5, **known, unit="year"
            )
        ),
        "four": {
            str(b): _allocation(allocate_budget(b, margins, *four, rate=TEN, **many, unit="year"))
            for b in (100, 1e4, 1e6)
        },
        "monthly": _allocation(allocate_budget(5000, 20, win, keep, rate=FIFTH, unit="month", **known)),
        "negative": outcome(lambda: allocate_budget(-1, 60, win, keep, rate=FIFTH, **known, unit="year")),
    }


# --- the literature's cases ---


@case
def berger_and_nasr_1() -> Any:
    years = [0, 1, 10, 100]
    return {
        "one": berger_nasr_case1(260, 50, 0.75, rate=FIFTH, years=10),
        "years": berger_nasr_case1(260, [[50.0], [0.0]], 0.75, rate=FIFTH, years=years),
        "forever": berger_nasr_case1(260, 50, [0.0, 0.75, 1.0], rate=FIFTH, years=None),
        "negative rate": berger_nasr_case1(260, 50, 0.75, rate=Rate.annual(-0.05), years=years),
        "no rate": berger_nasr_case1(260, 50, [0.75, 1.0], rate=Rate.zero(), years=10),
        "half a year": outcome(lambda: berger_nasr_case1(260, 50, 0.75, rate=FIFTH, years=1.5)),
    }


@case
def berger_and_nasr_2() -> Any:
    return {
        "every three years": berger_nasr_case2(7000, 95, 0.30, rate=FIFTH, years=12, cycle=3),
        "quarterly": berger_nasr_case2(50, 25, 0.75, rate=FIFTH, years=5, cycle=0.25),
        "cycles": berger_nasr_case2(50, 25, [[0.3], [1.0]], rate=FIFTH, years=[1, 7, 40], cycle=[0.5, 3, 7]),
        "forever": berger_nasr_case2(50, 25, [0.0, 0.3, 0.9], rate=FIFTH, years=None, cycle=2),
        "yearly is case 1": berger_nasr_case2(260, 50, 0.75, rate=FIFTH, years=10, cycle=1),
        "no cycle": outcome(lambda: berger_nasr_case2(50, 25, 0.3, rate=FIFTH, years=5, cycle=0)),
    }


@case
def berger_and_nasr_3() -> Any:
    return {
        "one": berger_nasr_case3([100, 110, 120], 0.8, rate=FIFTH),
        "rows": berger_nasr_case3([[100, 110, 120], [5, 0, -5]], [0.8, 0.3], rate=FIFTH),
        "rates": berger_nasr_case3([100, 110, 120], 0.8, rate=Rate.annual([0.0, 0.1, -0.1])),
        "one margin": berger_nasr_case3([100.0], [0.0, 1.0], rate=FIFTH),
    }


@case
def berger_and_nasr_4() -> Any:
    steps = [0.3, 0.8, 1.0]
    found = {
        "rising": berger_nasr_case4(lambda t: 100 + 10 * t, 0.8, rate=TEN, years=5),
        "several": berger_nasr_case4(lambda t: 100 * np.exp(-t / 9), steps, rate=TEN, years=3.5),
        "forever": berger_nasr_case4(lambda t: 50 + 2 * t, [0.5, 0.9], rate=TEN, years=None),
        "constant": berger_nasr_case4(lambda _: 10.0, 0.8, rate=TEN, years=20),
        "by segment": berger_nasr_case4(lambda t: np.array([1.0, 2.0]) * (1 + t), 0.8, rate=TEN, years=2),
        "no time": berger_nasr_case4(lambda _: 10.0, 0.8, rate=TEN, years=0),
    }
    return estimated(found, rtol=1e-9)


@case
def berger_and_nasr_5() -> Any:
    return {
        "two chances": berger_nasr_case5(100, 10, [0.5, 0.2], rate=TEN, years=2),
        "four chances": berger_nasr_case5(40, 4, [0.3, 0.2, 0.15, 0.05], rate=FIFTH, years=30),
        "batch": berger_nasr_case5([40, 50], [[4.0], [0.0]], [[0.3, 0.2], [0.0, 1.0]], rate=FIFTH, years=6),
        "now only": berger_nasr_case5(40, 4, [0.3], rate=FIFTH, years=0),
    }


def _ledger(book: Ledger) -> dict[str, Any]:
    return {
        "active": book.active,
        "buyers": book.buyers,
        "margin": book.margin,
        "cost": book.cost,
        "present value": book.present_value,
        "cumulative": book.cumulative,
        "value": book.value,
    }


@case
def dwyer_lost_for_good() -> Any:
    found: dict[str, Any] = {}
    for timing in TIMINGS:
        for cost_timing in (None, "now", "middle"):
            book = lost_for_good(
                [100, 90, 110],
                [0.5, 0.8, 0.9],
                rate=TEN,
                timing=timing,
                costs=[10, 5, 5],
                cost_timing=cost_timing,
                unit="year",
            )
            found[f"{timing}, {cost_timing}"] = _ledger(book)
    rows = lost_for_good(
        [[100, 90], [50, 60]], [[0.5, 0.5], [1.0, 0.0]], rate=Rate.annual([0.1, 0.2]), timing="end", unit="year"
    )
    return found | {
        "rows": _ledger(rows),
        "one margin": _ledger(
            lost_for_good(100, [0.5, 0.8, 1.0], rate=TEN, timing="now", costs=[3, 2, 1], unit="month")
        ),
    }


@case
def dwyer_always_a_share() -> Any:
    return {
        timing: {
            "two chances": _ledger(
                always_a_share(100, [0.5, 0.2], rate=TEN, horizon=2, contact_cost=10, cost_timing=timing, unit="year")
            ),
            "batch": _ledger(
                always_a_share(
                    [40.0, 50.0],
                    [[0.3, 0.2, 0.1], [0.0, 1.0, 0.5]],
                    rate=FIFTH,
                    horizon=7,
                    contact_cost=[4, 1],
                    cost_timing=timing,
                    unit="quarter",
                )
            ),
        }
        for timing in ("now", "middle", "end")
    } | {"unknown": outcome(lambda: always_a_share(1, [0.5], rate=TEN, horizon=1, cost_timing="later", unit="year"))}


@case
def brand_switching() -> Any:
    P = [[0.7, 0.3], [0.4, 0.6]]
    three = [[0.8, 0.1, 0.1], [0.0, 1.0, 0.0], [0.3, 0.3, 0.4]]
    batch = [P, [[1.0, 0.0], [0.0, 1.0]]]
    plain: dict[str, Any] = {"start": [1, 0], "contribution": 50, "purchases_per_year": 2}
    return {
        "three years": brand_switching_value(P, rate=TEN, years=3, **plain),
        "forever": brand_switching_value(P, rate=TEN, years=None, **plain),
        "no time": brand_switching_value(P, rate=TEN, years=0, **plain),
        "three brands": brand_switching_value(
            three, rate=FIFTH, start=[0.2, 0.5, 0.3], contribution=[10, 20, -5], purchases_per_year=1.5, years=4.9
        ),
        "batch": brand_switching_value(
            batch, rate=TEN, start=[[1, 0], [0.5, 0.5]], contribution=[[50, 60], [1, 2]], purchases_per_year=12, years=1
        ),
        "rows that do not sum": outcome(
            lambda: brand_switching_value([[0.7, 0.2], [0, 1]], rate=TEN, years=3, **plain)
        ),
        "forever without a rate": outcome(lambda: brand_switching_value(P, rate=Rate.zero(), years=None, **plain)),
    }


@case
def contacts_and_purchases() -> Any:
    yearly = [[4, 1]] * 3
    two = np.array([[[4, 1], [2, 0]], [[1, 1], [0, 0]]])
    return {
        "one": contact_value(
            [40] * 12, rate=Rate.annual(0.12), purchases_per_year=4, contacts=yearly, cost_per_contact=[3, 10]
        ),
        "batch": contact_value(
            [[40, 30, 20], [10, 0, 5]], rate=TEN, purchases_per_year=[1, 0.5], contacts=two, cost_per_contact=2.5
        ),
        "no contacts": contact_value([40, 40], rate=TEN, purchases_per_year=2, contacts=[[0]], cost_per_contact=1),
    }


@case
def sources_of_loyal_profit() -> Any:
    found: dict[str, Any] = {}
    runs: dict[str, dict[str, Any]] = {
        "card": {"base": 30, "retentions": 1.0, "growth": [0, 12, 14, 19, 25], "acquisition_cost": 51},
        "all": {
            "base": [10, 11, 12], "retentions": [0.8, 0.9, 0.95], "growth": [0, 1, 2], "savings": 0.5,
            "referrals": [0, 0, 3], "premium": 1, "acquisition_cost": [5.0, 20.0], "unit": "month",
        },
        "segments": {"base": [[10, 11], [20, 22]], "retentions": [[0.8, 0.8], [0.5, 0.5]], "premium": [0, 1]},
    }  # fmt: skip
    for name, given in runs.items():
        for timing in TIMINGS:
            c = loyalty_components(rate=TEN, timing=timing, **{"unit": "year"} | given)
            found[f"{name}, {timing}"] = {
                "acquisition": c.acquisition,
                "base": c.base,
                "growth": c.growth,
                "savings": c.savings,
                "referrals": c.referrals,
                "premium": c.premium,
                "by tenure": c.profit_by_tenure,
                "value": c.value,
            }
    return found
