"""Figures of customer value in closed form, its variance and elasticities, and what contracts and bases are worth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from golden import estimated, outcome

from custvalue.discounting.rate import Rate
from custvalue.evidence.tenures import Tenures
from custvalue.models.retention.exponential_gamma import ExponentialGamma
from custvalue.models.retention.geometric import Geometric
from custvalue.models.retention.shifted_beta_geo import ShiftedBetaGeo
from custvalue.models.retention.split_population import SplitPopulation
from custvalue.records.cash_flow import CashFlow, CashFlows
from custvalue.records.customer import Customer
from custvalue.records.relationship import Relationship
from custvalue.value.base.contract_book import contract_value
from custvalue.value.base.customer_equity import acquisition_payback, allowable_acquisition_cost, customer_equity
from custvalue.value.base.leaky_bucket import (
    CustomerBase,
    never_churn_remainder,
    project_customer_base,
    replacement_acquisition,
    steady_state,
)
from custvalue.value.formulas.constant_retention import constant_retention_value, margin_multiple, retention_path_value
from custvalue.value.formulas.referrals import referral_value
from custvalue.value.formulas.revenue_to_profit import revenue_to_profit
from custvalue.value.formulas.sensitivity import Sensitivity, sensitivity
from custvalue.value.formulas.variance import constant_retention_variance, simulate_constant_retention

CASES: dict[str, Callable[[], Any]] = {}

TEN = Rate.annual(0.10)
TIMINGS = ("now", "next", "end", "middle", "continuous")
PERIODS = ("day", "week", "month", "quarter", "year")
RETENTION = np.array([0.0, 1e-9, 0.4, 0.8, 0.999, 1.0])
RATES = Rate.annual(np.array([-0.05, 0.0, 1e-9, 0.1, 0.5])[:, None])
HORIZONS = {"0": 0, "1": 1, "7": 7, "400": 400, "forever": None}


def case(run: Callable[[], Any]) -> Callable[[], Any]:
    CASES[f"value: {run.__name__.replace('_', ' ')}"] = run
    return run


# --- constant retention ---


@case
def constant_retention() -> Any:
    found: dict[str, Any] = {}
    for timing in TIMINGS:
        for name, horizon in HORIZONS.items():
            found[f"{timing}, {name}"] = constant_retention_value(
                100, RETENTION, rate=RATES, timing=timing, horizon=horizon, unit="year"
            )
        found[f"{timing}, growing"] = constant_retention_value(
            100, RETENTION[None, :-1], rate=RATES, timing=timing, growth=[[[-0.03]], [[0.05]]], horizon=12, unit="year"
        )
        found[f"{timing}, growing forever"] = constant_retention_value(
            [100, -5],
            [[0.7], [0.95], [1.0]],
            rate=TEN,
            timing=timing,
            growth=0.08,
            acquisition_cost=[[[20.0]], [[0.0]]],
            unit="year",
        )
        found[f"{timing}, one"] = constant_retention_value(100, 0.8, rate=TEN, timing=timing, unit="year")
        found[f"{timing}, periods"] = [
            constant_retention_value(10, 0.9, rate=TEN, timing=timing, unit=period) for period in PERIODS
        ]
    return found | {
        "part of a period": constant_retention_value(
            100, [0.0, 0.8, 1.0], rate=TEN, timing="continuous", horizon=2.5, unit="year"
        ),
        "ratio of 1": constant_retention_value(
            1, 1.0, rate=Rate.annual(0.05), timing="now", growth=0.05, horizon=9, unit="year"
        ),
        "nothing forever": constant_retention_value([0.0, 1.0, -1.0], 1.0, rate=Rate.zero(), timing="now", unit="year"),
        "retention above 1": outcome(lambda: constant_retention_value(1, 1.1, rate=TEN, timing="now", unit="year")),
        "half a payment": outcome(
            lambda: constant_retention_value(1, 0.5, rate=TEN, timing="now", horizon=1.5, unit="year")
        ),
        "bare number": outcome(lambda: constant_retention_value(1, 0.5, rate=0.1, timing="now", unit="year")),
        "unknown timing": outcome(lambda: constant_retention_value(1, 0.5, rate=TEN, timing="later", unit="year")),
        "shapes": outcome(
            lambda: constant_retention_value([1, 2], [0.1, 0.2, 0.3], rate=TEN, timing="now", unit="year")
        ),
        "growth of -100 %": outcome(
            lambda: constant_retention_value(1, 0.5, rate=TEN, timing="now", growth=-1, unit="year")
        ),
    }


@case
def margin_multiples() -> Any:
    rates = Rate.annual([[0.10], [0.12], [0.16]])
    r = np.array([0.6, 0.7, 0.8, 0.9])
    return {
        timing: {
            "table": margin_multiple(r, rate=rates, timing=timing, unit="year"),
            "growing": margin_multiple(r, rate=rates, timing=timing, growth=0.04, unit="year"),
            "five periods": margin_multiple(r, rate=rates, timing=timing, horizon=5, unit="year"),
            "monthly": margin_multiple(0.95, rate=TEN, timing=timing, unit="month"),
        }
        for timing in TIMINGS
    }


@case
def retention_paths() -> Any:
    margins, retentions = np.array([100.0, 110, 0, 120]), np.array([0.6, 0.8, 0.0, 0.9])
    table = np.array([[0.5, 0.6, 0.7, 0.8], [1.0, 1.0, 1.0, 1.0], [0.0, 0.5, 0.5, 0.5]])
    found: dict[str, Any] = {}
    for timing in TIMINGS:
        found[timing] = {
            "one": retention_path_value(margins, retentions, rate=TEN, timing=timing, unit="year"),
            "table": retention_path_value(
                margins, table, rate=RATES, timing=timing, acquisition_cost=[5.0, 0, 1], unit="year"
            ),
            "a number": retention_path_value(margins, 0.75, rate=TEN, timing=timing, unit="year"),
            "last left out": outcome(
                lambda t=timing: retention_path_value(margins, retentions[:-1], rate=TEN, timing=t, unit="year")
            ),
            "monthly": retention_path_value(margins, retentions, rate=TEN, timing=timing, unit="month"),
            "long": retention_path_value(np.arange(120.0), 0.97, rate=TEN, timing=timing, unit="month"),
        }
    return found | {
        "lengths": outcome(lambda: retention_path_value([1, 2, 3], [0.5], rate=TEN, timing="now", unit="year")),
        "above 1": outcome(lambda: retention_path_value([1, 2], [0.5, 1.5], rate=TEN, timing="now", unit="year")),
    }


@case
def variance_with_constant_retention() -> Any:
    found: dict[str, Any] = {}
    for timing in TIMINGS:
        for name, horizon in HORIZONS.items():
            found[f"{timing}, {name}"] = constant_retention_variance(
                100, RETENTION, rate=RATES, timing=timing, horizon=horizon, unit="year"
            )
        found[f"{timing}, growing"] = constant_retention_variance(
            [[1.0], [-3.0]], [[0.5, 0.9]], rate=TEN, timing=timing, growth=0.02, horizon=6, unit="year"
        )
        found[f"{timing}, growing forever"] = constant_retention_variance(
            2.0, [0.5, 0.99], rate=TEN, timing=timing, growth=0.04, unit="quarter"
        )
    return found | {
        "part of a period": constant_retention_variance(
            100, 0.8, rate=TEN, timing="continuous", horizon=0.3, unit="year"
        ),
        "bare number": outcome(lambda: constant_retention_variance(1, 0.5, rate=0.1, timing="now", unit="year")),
    }


@case
def simulated_values() -> Any:
    found = {}
    for timing in TIMINGS:
        one = simulate_constant_retention(100, 0.8, rate=TEN, timing=timing, size=200, rng=1, unit="year")
        many = simulate_constant_retention(
            100,
            [0.5, 0.9],
            rate=TEN,
            timing=timing,
            size=50,
            rng=7,
            horizon=5,
            growth=0.02,
            acquisition_cost=10,
            unit="year",
        )
        found[timing] = {"one": one, "two": many, "mean": one.mean()}
    seed = np.random.default_rng(3)
    return found | {
        "generator": simulate_constant_retention(1, 0.9, rate=TEN, timing="now", size=5, rng=seed, unit="year"),
        "sure to stay": outcome(
            lambda: simulate_constant_retention(1, 1.0, rate=TEN, timing="now", size=2, rng=1, horizon=10, unit="year")
        ),
    }


# --- sensitivities ---


def _elasticities(found: Sensitivity) -> dict[str, Any]:
    return {
        "value": found.value,
        "retention": found.elasticities["retention"],
        "margin": found.elasticities["margin"],
        "rate": found.elasticities["rate"],
        "acquisition cost": found.elasticities["acquisition_cost"],
    }


@case
def elasticities_of_value() -> Any:
    r = np.array([0.2, 0.8, 0.95])
    found: dict[str, Any] = {}
    for timing in TIMINGS:
        found[timing] = {
            "forever": _elasticities(
                sensitivity(
                    constant_retention_value, 100, r, rate=Rate.annual([[0.02], [0.12]]), timing=timing, unit="year"
                )
            ),
            "with cost": _elasticities(
                sensitivity(
                    constant_retention_value,
                    100,
                    r,
                    rate=TEN,
                    timing=timing,
                    acquisition_cost=80,
                    growth=0.03,
                    unit="year",
                )
            ),
            "ten periods": _elasticities(
                sensitivity(constant_retention_value, 100, r, rate=TEN, timing=timing, horizon=10, unit="month")
            ),
        }
    return found | {
        "worth less than nothing": _elasticities(
            sensitivity(constant_retention_value, 10, 0.5, rate=TEN, timing="now", acquisition_cost=100, unit="year")
        ),
        "no rate": _elasticities(
            sensitivity(constant_retention_value, 10, 0.5, rate=Rate.zero(), timing="next", unit="year")
        ),
        "infinite": outcome(
            lambda: _elasticities(
                sensitivity(constant_retention_value, 10, 1.0, rate=Rate.zero(), timing="now", unit="year")
            )
        ),
    }


def uplift(retention: Any, points: Any, **given: Any) -> Any:
    return sensitivity(margin_multiple, retention, **given).of_points(points).relative


@case
def uplift_of_retention() -> Any:
    r = np.array([0.0, 0.6, 0.7, 0.8, 0.9, 0.95])
    return {
        timing: {
            "five points": uplift(r, 0.05, rate=TEN, timing=timing, unit="year"),
            "one point": uplift(r, 0.01, rate=Rate.annual([[0.05], [0.2]]), timing=timing, unit="year"),
            "fewer": uplift(r[1:], -0.05, rate=TEN, timing=timing, unit="year"),
            "growing": uplift(r, 0.05, rate=TEN, timing=timing, growth=0.03, horizon=8, unit="year"),
            "monthly": uplift([[0.9, 0.97]], [[0.01], [0.02]], rate=TEN, timing=timing, unit="month"),
        }
        for timing in TIMINGS
    } | {"above 1": outcome(lambda: uplift(0.98, 0.05, rate=TEN, timing="now", unit="year"))}


@case
def elasticities_of_drivers() -> Any:
    def worth(margin: Any, retention: Any, cost: Any = 0.0) -> Any:
        return margin * retention / (1.12 - retention) - cost

    segments = {"margin": np.array([100.0, 50.0]), "retention": np.array([0.8, 0.6]), "cost": 10.0}
    groups = {"margin": "brand", "retention": "relationship", "cost": "brand"}
    return {
        "one": estimated(sensitivity(worth, margin=100.0, retention=0.8).of_total(), 1e-9),
        "segments": estimated(sensitivity(worth, **segments).of_total(), 1e-9),
        "groups": estimated(sensitivity(worth, **segments).of_total(groups), 1e-9),
        "driver of 0": estimated(sensitivity(worth, margin=1.0, retention=0.8, cost=0.0).of_total(), 1e-9),
        "unknown group": outcome(lambda: sensitivity(worth, **segments).of_total({"colour": "brand"})),
    }


def points_of(model: Any, book: Any, points: Any = 0.01, **given: Any) -> Any:
    return sensitivity(contract_value, model, book, **given).of_points(points).gain


@case
def value_of_a_point_of_retention() -> Any:
    book = Tenures([3, 0, 12, 5], [0, 0, 0, 1], weights=[1, 10, 2, 4], unit="year", by_period=True)
    models = {"geometric": Geometric(0.2), "beta": ShiftedBetaGeo(alpha=0.668, beta=3.806)}
    found: dict[str, Any] = {}
    for name, model in models.items():
        for due in ("now", "next"):
            found[f"{name}, {due}"] = {
                "forever": points_of(model, book, rate=TEN, margin=100.0, timing=due),
                "five renewals": points_of(model, book, rate=TEN, margin=100.0, timing=due, horizon=5),
                "ten points": points_of(model, book, rate=TEN, margin=[1, 2, 3, 4], timing=due, points=0.1),
                "a loss": points_of(model, book, rate=TEN, margin=10.0, timing=due, points=-0.02, horizon=3),
            }
    free = outcome(lambda: points_of(Geometric(0.2), book, rate=Rate.zero(), margin=1, timing="now"))
    return found | {"no rate, forever": free}


# --- contracts and bases ---


@case
def books_of_contracts() -> Any:
    book = Tenures([7, 2, 0, 30], [0, 1, 0, 0], weights=[100, 50, 10, 0.5], unit="year", by_period=True)
    flowing = Tenures([7.5, 2.0, 0.0], [0, 1, 0], unit="month")
    draws = ShiftedBetaGeo(alpha=np.array([[0.6], [0.7], [1.5]]), beta=3.806)
    models = {
        "beta": ShiftedBetaGeo(alpha=0.668, beta=3.806),
        "geometric": Geometric(0.2),
        "captive": SplitPopulation(Geometric(0.3), never_churn=0.1),
        "draws": draws,
    }
    found: dict[str, Any] = {}
    for due in ("now", "next"):
        for name, model in models.items():
            found[f"{name}, {due}"] = contract_value(model, book, rate=TEN, margin=40.0, timing=due)
            found[f"{name}, {due}, 4 periods"] = contract_value(
                model, book, rate=TEN, margin=40.0, timing=due, horizon=4
            )
        own = contract_value(models["beta"], book, rate=Rate.annual([[0.05], [0.1]]), margin=[1, 2, 3, 4], timing=due)
        found[f"own margins, {due}"] = own
    continuous = ExponentialGamma(r=0.9, alpha=8.0)
    for due in ("now", "next", "continuous"):
        found[f"continuous model, {due}"] = contract_value(continuous, flowing, rate=TEN, margin=5.0, timing=due)
        found[f"continuous model, {due}, a year"] = contract_value(
            continuous, flowing, rate=TEN, margin=[[5.0], [6.0]], timing=due, horizon=12
        )
    return found | {
        "forever without a rate": contract_value(Geometric(0.2), book, rate=Rate.zero(), margin=1.0, timing="now"),
        "infinite": contract_value(
            ShiftedBetaGeo(0.5, 3.0), book, rate=Rate.zero(), margin=[1, 1, 0, -1], timing="now"
        ),
        "not a book": outcome(lambda: contract_value(Geometric(0.2), [1, 2], rate=TEN, margin=1, timing="now")),
        "flowing in discrete time": outcome(
            lambda: contract_value(Geometric(0.2), book, rate=TEN, margin=1, timing="continuous")
        ),
    }


def _base(found: CustomerBase) -> dict[str, Any]:
    return {
        "acquired": found.acquired,
        "lost": found.lost,
        "start": found.start,
        "active": found.active,
        "end": found.end,
        "initial": found.initial_end,
        "churn": found.churn,
        "by cohort": found.by_cohort,
        "by age": found.by_age,
    }


@case
def customer_bases() -> Any:
    beta, book = (
        ShiftedBetaGeo(alpha=1.0, beta=4.0),
        Tenures([0, 3, 1, 9], [0, 0, 1, 0], weights=[5, 10, 3, 2], unit="year", by_period=True),
    )
    draws = ShiftedBetaGeo(alpha=np.array([[0.5], [1.0]]), beta=4.0)
    scenarios = np.array([[100.0, 0, 50], [10, 10, 10]])
    return {
        "a constant plan": _base(project_customer_base(beta, 100, horizon=3, base=[0, 500])),
        "a plan": _base(project_customer_base(Geometric(0.2), [10, 0, 40, 20])),
        "open holes": _base(project_customer_base(beta, 0, horizon=5, base=book)),
        "scenarios": _base(project_customer_base(beta, scenarios, base=[[1.0, 2.0], [3.0, 4.0]])),
        "draws": _base(project_customer_base(draws, scenarios[:, None, :], base=[100.0, 50.0])),
        "continuous": _base(project_customer_base(ExponentialGamma(r=0.9, alpha=8.0), [5, 5, 5], base=[10])),
        "captive": _base(
            project_customer_base(SplitPopulation(Geometric(0.2), never_churn=0.1), 10, horizon=4, base=[100])
        ),
        "nobody": _base(project_customer_base(Geometric(0.2), 0, horizon=2)),
        "long": project_customer_base(beta, 10, horizon=200).end,
        "no periods": outcome(lambda: project_customer_base(beta, 100)),
        "negative": outcome(lambda: project_customer_base(beta, [-1, 2])),
    }


@case
def bases_that_stand_still() -> Any:
    beta, captive = ShiftedBetaGeo(alpha=1.5, beta=4.0), SplitPopulation(Geometric(0.2), never_churn=0.1)
    book = Tenures([0, 3, 1, 9], [0, 0, 1, 0], weights=[5, 10, 3, 2], unit="year", by_period=True)
    flowing = ExponentialGamma(r=1.5, alpha=8.0)
    return {
        "steady": [steady_state(model, 100) for model in (Geometric(0.05), beta, captive, flowing)],
        "steady for ever more": steady_state(ShiftedBetaGeo(0.9, 4.0), [100, 0]),
        "steady scenarios": steady_state(ShiftedBetaGeo(np.array([[1.5], [3.0]]), 4.0), [100, 50]),
        "replace": replacement_acquisition(Geometric(0.05), [1000.0], horizon=3),
        "replace by age": replacement_acquisition(beta, [100.0, 200, 300], horizon=6),
        "replace a book": replacement_acquisition(beta, book, horizon=4),
        "replace, captive": replacement_acquisition(captive, [[10.0], [20.0]], horizon=3),
        "replace, continuous": replacement_acquisition(flowing, [10.0, 5.0], horizon=3),
        "left for good": never_churn_remainder(captive, [1000, 500]),
        "left of a book": never_churn_remainder(captive, book),
        "nobody is captive": never_churn_remainder(beta, [1000, 500]),
    }


@case
def customer_equity_of_a_firm() -> Any:
    found: dict[str, Any] = {}
    for timing in TIMINGS:
        firm = customer_equity(1000.0, [10, 10, 10], 60.0, 20.0, rate=TEN, timing=timing, unit="year")
        many = customer_equity(
            [1.0, 2.0], [[10, 5, 0], [1, 2, 3]], [60, 61, 62], [20, 80, 10], rate=TEN, timing=timing, unit="month"
        )
        found[timing] = {
            name: {"current": f.current, "future": f.future, "total": f.total, "wins": f.wins}
            for name, f in (("one", firm), ("scenarios", many))
        }
    return found


@case
def costs_of_acquisition_that_pay() -> Any:
    found: dict[str, Any] = {}
    for timing in ("now", "next", "end", "middle"):
        r = np.array([1.0, 0.8, 0.5, 0.0])
        found[timing] = {
            "undiscounted": acquisition_payback(250, 100, r, timing=timing, unit="year"),
            "discounted": acquisition_payback(
                250, 100, r, timing=timing, rate=Rate.annual([[0.1], [0.3]]), unit="year"
            ),
            "sure to stay": acquisition_payback([0, 100, 100.1, 1e9], 100, timing=timing, unit="year"),
            "monthly": acquisition_payback(250, 20, 0.98, timing=timing, rate=TEN, unit="month"),
            "no margin": outcome(lambda t=timing: acquisition_payback(10.0, 0.0, 0.8, timing=t, unit="year")),
        }
    return found | {
        "allowable": allowable_acquisition_cost([[100.0, -5.0, 0.0]], return_on_cost=[[0.0], [0.25], [-0.5]]),
        "allowable of one": allowable_acquisition_cost(80),
        "return of -100 %": outcome(lambda: allowable_acquisition_cost(80, return_on_cost=-1)),
        "continuous": outcome(lambda: acquisition_payback(1, 1, timing="continuous", unit="year")),
    }


@case
def referrals() -> Any:
    runs: dict[str, Any] = {
        "plain": referral_value(100.0, 0.5, rate=TEN, delay=1, unit="year"),
        "decay": referral_value(
            100.0, [0.0, 0.5, 1.0, 3.0], rate=TEN, delay=2, decay=[[0.0], [0.5], [0.9]], unit="year"
        ),
        "without end": referral_value(100.0, [0.9, 1.0, 1.5], rate=Rate.zero(), delay=1, unit="year"),
        "discount saves it": referral_value(100.0, 1.05, rate=TEN, delay=1, unit="year"),
        "generations": referral_value(100.0, 0.5, rate=TEN, delay=1, generations=[0, 1, 2, 10], unit="year"),
        "other value": referral_value(100.0, 0.5, rate=TEN, delay=6, referred_value=60, saved_cost=25, unit="month"),
        "at once": referral_value([100.0, -10.0], 0.3, rate=TEN, delay=0, unit="year"),
    }
    return {
        name: {"own": v.own, "referred": v.referred, "customers": v.customers, "total": v.total}
        for name, v in runs.items()
    } | {
        "decay above 1": outcome(lambda: referral_value(1, 0.5, rate=TEN, delay=1, decay=1.5, unit="year")),
        "negative": outcome(lambda: referral_value(1, -0.5, rate=TEN, delay=1, unit="year")),
    }


@case
def from_headline_to_profit() -> Any:
    pizzas = CashFlows(800, [t + 0.5 for t in range(10)])
    cars = CashFlows([25_000, 600, 25_000, 600], [0, 1, 4, 5.5], ["purchase", "service", "purchase", "service"])
    eater = Customer("eater", [Relationship("shop", 0.0, cash_flows=[CashFlow(10, t / 4) for t in range(8)])])
    by_kind = {"purchase": 0.1, "service": 0.45}
    plain = {"margin": 0.3, "retention": 0.8, "acquisition_cost": 20}
    many = {"margin": 0.3, "retention": [0.0, 0.7, 1.0], "acquisition_cost": [[0.0], [50.0]]}
    runs: dict[str, Any] = {
        "plain": revenue_to_profit(pizzas, rate=TEN, **plain),
        "several": revenue_to_profit(pizzas, rate=TEN, renewal=2, referrals=0.5, horizon=6, **many),
        "rates": revenue_to_profit(pizzas, rate=Rate.annual([0.0, 0.1]), horizon=[5, np.inf], **plain),
        "by kind": revenue_to_profit(cars, rate=TEN, margin=by_kind, retention=0.7, acquisition_cost=350, renewal=4.0),
        "customer": revenue_to_profit(eater, rate=TEN, **plain | {"renewal": 0.25}),
        "records": revenue_to_profit([CashFlow(100, 1)], rate=Rate.zero(), **plain),
        "nothing within": revenue_to_profit(pizzas, rate=TEN, horizon=0.25, **plain),
    }
    return {
        name: {
            "revenue": b.revenue,
            "present value": b.present_value,
            "contribution": b.contribution,
            "expected": b.expected,
            "with referrals": b.with_referrals,
            "acquisition cost": b.acquisition_cost,
            "net": b.net,
            "steps": list(b.steps().values()),
        }
        for name, b in runs.items()
    } | {
        "kind without a margin": outcome(
            lambda: revenue_to_profit(cars, rate=TEN, margin={"purchase": 0.1}, retention=0.7, acquisition_cost=0)
        ),
        "dated": outcome(lambda: revenue_to_profit(CashFlows([1], ["2024-01-01"]), rate=TEN, **plain)),
    }
