"""Figures of firms: growth of customers, acquisition, projections, free cash flow, shareholder value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
from golden import outcome

from custvalue.discounting.rate import Rate
from custvalue.evidence.rfm import RFM
from custvalue.firm.acquisition import WeibullAcquisition
from custvalue.firm.cash_flow import Firm, FreeCashFlow, free_cash_flow
from custvalue.firm.growth_model import CustomerGrowth, FirmValue, firm_value
from custvalue.firm.projection import Projection, evenly, project_buyers, project_subscribers, purchases_by_age
from custvalue.firm.shareholder_value import ShareholderValue, shareholder_value
from custvalue.models.buying.beta_geo_nbd import BetaGeoNBD
from custvalue.models.buying.pareto_nbd import ParetoNBD
from custvalue.models.retention.exponential_gamma import ExponentialGamma
from custvalue.models.retention.geometric import Geometric
from custvalue.models.retention.shifted_beta_geo import ShiftedBetaGeo
from custvalue.models.spend.gamma_gamma import GammaGamma

CASES: dict[str, Callable[[], Any]] = {}

TEN = Rate.annual(0.10)
TIMINGS = ("now", "next", "end", "middle", "continuous")
SEASONS = np.eye(4)[np.arange(40) % 4][:, 1:]
BUYING = ParetoNBD(0.55, 10.6, 0.61, 11.7, unit="week")


def case(run: Callable[[], Any]) -> Callable[[], Any]:
    CASES[f"firm: {run.__name__.replace('_', ' ')}"] = run
    return run


# --- growth along an S-curve ---


def _firm_value(firm: FirmValue) -> dict[str, Any]:
    e = firm.elasticities
    return {
        "customer": firm.customer,
        "current": firm.current,
        "future": firm.future,
        "total": firm.total,
        "elasticities": [
            np.asarray(v)[()] for v in (firm.total, e["retention"], e["margin"], e["rate"], e["acquisition_cost"])
        ],
    }


@case
def growth_of_customers() -> Any:
    growth, several = CustomerGrowth(alpha=100, beta=3, gamma=0.35), CustomerGrowth([[100, 10]], [[3.0], [-1.0]], 0.2)
    t = np.array([-1000.0, -5.0, 0.0, 3 / 0.35, 20.0, 5000.0])
    return {
        "customers": growth.customers(t),
        "won": growth.acquired(t),
        "several": [several.customers(4.0), several.acquired(4.0)],
        "discounted wins": {
            p: growth.discounted_acquired(rate=TEN, unit=p) for p in ("year", "quarter", "month", "week", "day")
        },
        "discounted wins of several": several.discounted_acquired(rate=Rate.annual([[0.02, 0.5]]), unit="year"),
        "discounted wins without a rate": outcome(lambda: growth.discounted_acquired(rate=Rate.zero(), unit="year")),
        "a market long won": CustomerGrowth(100, -60, 0.35).discounted_acquired(rate=TEN, unit="year"),
        "a market far off": CustomerGrowth(100, 60, 0.35).discounted_acquired(rate=TEN, unit="year"),
        "negative rate": outcome(lambda: growth.discounted_acquired(rate=Rate.annual(-0.05), unit="year")),
        "no market": outcome(lambda: CustomerGrowth(0, 3, 0.35)),
    }


@case
def values_of_growing_firms() -> Any:
    growth = CustomerGrowth(alpha=100, beta=3, gamma=0.35)
    several = CustomerGrowth([[100, 1000]], [[3, 5]], 0.35)
    found: dict[str, Any] = {}
    for timing in TIMINGS:
        found[timing] = {
            "one": _firm_value(
                firm_value(growth, 6, 0.85, acquisition_cost=20, rate=Rate.annual(0.12), timing=timing, unit="year")
            ),
            "several": _firm_value(
                firm_value(
                    several,
                    6,
                    [[0.7], [0.95]],
                    acquisition_cost=20,
                    rate=TEN,
                    timing=timing,
                    unit="year",
                    margin_growth=0.03,
                )
            ),
            "quarterly": _firm_value(
                firm_value(growth, 2, 0.95, acquisition_cost=10, rate=TEN, timing=timing, unit="quarter")
            ),
        }
    paper = firm_value(
        growth,
        6,
        0.85,
        acquisition_cost=20,
        rate=Rate.annual(0.12),
        timing="next",
        unit="year",
        entry_rate=Rate.continuous(0.12),
    )
    return found | {"as in the paper": _firm_value(paper)}


# --- acquisition and projections ---


@case
def customers_won_from_prospects() -> Any:
    plain = WeibullAcquisition(population=1000, rate=0.1, shape=1.0, share=0.5)
    grown = WeibullAcquisition(5e6, 4e-3, 1.6, share=0.3, growth=0.002)
    by_period = WeibullAcquisition(1000, 0.05, 0.7, growth=np.linspace(0, 0.05, 12))
    draws = WeibullAcquisition(1000, [[0.1], [0.2]], [[1.0], [0.8]], share=[[0.5], [1.0]], growth=[[0.0], [0.01]])
    seasonal = WeibullAcquisition(1000, rate=0.1, shape=1.2, growth=0.01, effects=[0.2, -0.1, 0.5])
    varied = WeibullAcquisition(1000, [[0.1], [0.2]], 1.2, effects=[[0.1, 0.2, 0.3], [0.0, 0.0, 0.0]])
    return {
        "plain": plain.expected_acquired(20),
        "plain, later": plain.expected_acquired(5, after=15),
        "all of them": plain.expected_acquired(500).sum(),
        "grown": grown.expected_acquired(28),
        "growth by period": by_period.expected_acquired(12),
        "draws": draws.expected_acquired(6, after=2),
        "seasons": seasonal.expected_acquired(12, covariates=SEASONS),
        "seasons, later": seasonal.expected_acquired(8, after=8, covariates=SEASONS),
        "draws with seasons": varied.expected_acquired(6, covariates=SEASONS),
        "prospects": [plain.prospects(3), grown.prospects(8), by_period.prospects(12), draws.prospects(4)],
        "slow and steep": WeibullAcquisition(1e9, 1e-12, 4.0).expected_acquired(6),
        "seasons missing": outcome(lambda: seasonal.expected_acquired(4)),
        "too few seasons": outcome(lambda: seasonal.expected_acquired(60, covariates=SEASONS)),
        "share above 1": outcome(lambda: WeibullAcquisition(1000, 0.1, 1.0, share=1.1)),
    }


def _projection(p: Projection) -> dict[str, Any]:
    return {
        "period": p.unit,
        "periods": p.horizon,
        "adds": p.acquired,
        "existing revenue": p.existing_revenue,
        "future revenue": p.future_revenue,
        "revenue": p.revenue,
        "lost": p.lost,
        "ending": p.ending,
        "existing": p.existing,
        "orders": p.orders,
        "columns": len(p.table()),
    }


@case
def projected_subscribers() -> Any:
    beta = ShiftedBetaGeo(1.0, 5.0, unit="quarter")
    draws = Geometric(np.array([[0.1], [0.3]]))
    found: dict[str, Any] = {}
    for paying in ("start", "average", "end"):
        found[paying] = {
            "plain": _projection(
                project_subscribers(
                    Geometric(0.2), [10, 10, 0, 5], revenue=5.0, paying=paying, base=[100], unit="quarter"
                )
            ),
            "ages": _projection(
                project_subscribers(
                    beta, [10.0] * 6, revenue=np.arange(6) + 1.0, paying=paying, base=[5, 0, 90], unit="quarter"
                )
            ),
            "draws": _projection(
                project_subscribers(draws, [10, 20], revenue=5.0, paying=paying, base=[[100.0, 3.0]], unit="month")
            ),
            "no base": _projection(
                project_subscribers(
                    ExponentialGamma(0.9, 8.0), [[10, 20], [1, 2]], revenue=3, paying=paying, unit="week"
                )
            ),
        }
    return found | {
        "no period": outcome(lambda: project_subscribers(Geometric(0.2), [1], revenue=1.0, paying="end", unit=None)),
        "unknown payers": outcome(lambda: project_subscribers(beta, [1], revenue=1.0, paying="all", unit="quarter")),
        "negative": outcome(lambda: project_subscribers(beta, [-1], revenue=1.0, paying="end", unit="quarter")),
    }


@case
def projected_buyers() -> Any:
    bg = BetaGeoNBD(r=0.243, alpha=4.414, a=0.793, b=2.426, unit="week")
    spend = GammaGamma(6.25, 3.74, 15.44)
    rows = RFM([0, 2, 11], [0, 30.4, 25.0], [20, 38.9, 30.0], m=[0, 22.35, 40], unit="week")
    draws = ParetoNBD(np.array([[0.2], [0.4]]), 10.0, 0.6, 11.0, unit="week")
    unitless = BetaGeoNBD(r=0.243, alpha=4.414, a=0.793, b=2.426)
    runs = {
        "plain": project_buyers(bg, [100, 100], spend=35.0, base=[100], unit="quarter"),
        "spend by period": project_buyers(BUYING, [100, 0, 50], spend=[30, 31, 32], base=[10, 20, 30], unit="month"),
        "spend model": project_buyers(BUYING, [100, 0, 50], spend=spend, base=[10], unit="year"),
        "histories": project_buyers(BUYING, [0, 5, 5], spend=spend, base=rows, unit="quarter"),
        "histories, fixed spend": project_buyers(BUYING, [1.0], spend=5.0, base=rows, unit="week"),
        "draws": project_buyers(draws, [10, 20], spend=spend, base=[5.0], unit="month"),
        "draws of histories": project_buyers(draws, [10.0], spend=spend, base=rows, unit="month"),
        "own unit": project_buyers(attrs.evolve(unitless, unit="day"), [10.0, 10.0], spend=1.0, unit="month"),
    }
    return {name: _projection(p) for name, p in runs.items()} | {
        "purchases by age": purchases_by_age(BUYING, 5, 13.0),
        "purchases by age, draws": purchases_by_age(draws, 3, 4.0),
        "a mean over the period": evenly(lambda age: age**2, np.array([1.0, 2.0]), 3.0),
        "no unit": outcome(lambda: project_buyers(unitless, [1.0], spend=1.0, unit="month")),
        "spend of another length": outcome(lambda: project_buyers(BUYING, [1.0], spend=[1.0, 2.0], unit="month")),
    }


# --- cash flow and value ---


def a_firm(**changed: Any) -> Firm:
    given = {"variable_cost": 0.6, "acquisition_cost": 50.0, "fixed_costs": 20.0, "tax": 0.25, "losses": "refund"}
    return Firm(**(given | changed))


def a_book(draws: Any = 8.0) -> Projection:
    adds = 2 * 0.97 ** np.arange(60)
    model = ExponentialGamma(0.9, draws)
    return project_subscribers(model, adds, revenue=30.0, paying="end", base=[4, 3, 10], unit="quarter")


FIRMS: dict[str, dict[str, Any]] = {
    "plain": {},
    "carried forward": {"losses": "carry_forward", "fixed_costs": 120.0},
    "not relieved": {"losses": "none", "fixed_costs": 120.0},
    "invests": {
        "capital_expenditure": 0.1,
        "depreciation": 0.04,
        "working_capital": 0.2,
        "last_revenue": 300.0,
        "other_investment": 2.0,
        "non_operating_assets": 100.0,
        "net_debt": 250.0,
        "shares": 40.0,
    },
    "by period": {"variable_cost": np.linspace(0.6, 0.4, 60), "fixed_costs": np.linspace(10, 80, 60), "tax": 0.0},
    "draws": {"acquisition_cost": [[40.0], [60.0]], "tax": [[0.2], [0.3]], "losses": "carry_forward", "shares": 10},
}


def _cash(flow: FreeCashFlow) -> dict[str, Any]:
    return {
        "revenue": flow.revenue,
        "contribution": flow.contribution,
        "acquisition cost": flow.acquisition_cost,
        "fixed costs": flow.fixed_costs,
        "tax rate": flow.tax_rate,
        "tax": flow.tax,
        "investment": flow.investment,
        "operating income": flow.operating_income,
        "total": flow.total,
        "columns": len(flow.table()),
    }


@case
def free_cash_flows() -> Any:
    short = project_subscribers(Geometric(0.2), [10, 10], revenue=5.0, paying="end", base=[100], unit="quarter")
    plain = Firm(variable_cost=0.4, acquisition_cost=8, fixed_costs=100, tax=0.25, losses="refund")
    return {name: _cash(free_cash_flow(a_firm(**changed), a_book())) for name, changed in FIRMS.items()} | {
        "short": _cash(free_cash_flow(plain, short)),
        "draws of customers": free_cash_flow(a_firm(), a_book(np.array([[7.0], [9.0]]))).total,
        "other length": outcome(lambda: free_cash_flow(a_firm(fixed_costs=[1.0, 2.0, 3.0]), short)),
        "working capital without revenue before": outcome(lambda: free_cash_flow(a_firm(working_capital=0.2), short)),
        "share above 1": outcome(lambda: a_firm(tax=1.5)),
        "unknown losses": outcome(lambda: a_firm(losses="kept")),
    }


def _value(value: ShareholderValue) -> dict[str, Any]:
    return {
        "operating assets": value.operating_assets,
        "shareholder value": value.shareholder_value,
        "per share": None if value.firm.shares is None else value.per_share,
        "breakdown": list(value.breakdown.values()),
        "existing": value.existing_customers,
        "future": value.future_customers,
        "remainder": value.remainder,
        "tail": value.tail,
        "notes": len(value.notes),
        "columns": len(value.table()),
    }


@case
def shareholder_values() -> Any:
    found: dict[str, Any] = {}
    for name, changed in FIRMS.items():
        for cash in ("now", "middle", "end"):
            for terminal in (None, 0.0, 0.01):
                value = shareholder_value(
                    a_firm(**changed), a_book(), rate=TEN, timing=cash, terminal=terminal, season=4
                )
                found[f"{name}, {cash.replace('now', 'start')}, {terminal}"] = {
                    "value": value.shareholder_value,
                    "tail": value.tail,
                }
        alike = shareholder_value(a_firm(**changed), a_book(), rate=TEN, timing="end", terminal=-0.02)
        found[name] = _value(alike)
    return found


@case
def shareholder_values_at_the_edges() -> Any:
    shop = Firm(variable_cost=0.0, acquisition_cost=69.0, fixed_costs=0.0, tax=0.0, losses="refund")
    bought = project_subscribers(ExponentialGamma(1.0, 1.0), [1.0], revenue=59.0, paying="end", unit="year")
    buyers = project_buyers(BUYING, [100] * 8, spend=35.0, base=[100, 50], unit="quarter")
    many, draws = a_book(np.array([[7.0], [9.0]])), a_firm(net_debt=[[1.0], [2.0]], shares=[[3.0], [4.0]])
    rates = Rate.annual([[0.08], [0.12]])
    plain = shareholder_value(a_firm(), a_book(), rate=TEN, timing="end", terminal=None)
    return {
        "no rate": _value(shareholder_value(shop, bought, rate=Rate.zero(), timing="end", terminal=None)),
        "buyers": _value(shareholder_value(a_firm(), buyers, rate=TEN, timing="middle", terminal=0.0, season=4)),
        "draws": _value(shareholder_value(draws, many, rate=TEN, timing="middle", terminal=0.0)),
        "rates": outcome(lambda: _value(shareholder_value(a_firm(), a_book(), rate=rates, timing="end", terminal=0.0))),
        "discount": plain.discount,
        "cash flow": plain.cash_flow.total,
        "customers": plain.projection.ending,
        "discounted": list(plain.table().values())[-1],
        "growth above the rate": outcome(
            lambda: shareholder_value(a_firm(), a_book(), rate=TEN, timing="end", terminal=0.2).shareholder_value
        ),
        "no shares": outcome(lambda: plain.per_share),
        "unknown time": outcome(lambda: shareholder_value(a_firm(), a_book(), rate=TEN, timing="later", terminal=None)),
    }
