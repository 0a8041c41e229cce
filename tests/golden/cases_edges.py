"""Figures of what is many, long, extreme, empty, or comes from a dataframe; the ordinary cases stand beside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from golden import at_maximum, estimated, outcome

from custvalue.churn.maximum_profit import empc
from custvalue.churn.targeting import select_customers
from custvalue.datasets import cdnow
from custvalue.discounting import profitability_index
from custvalue.discounting.cash_flow_batch import CashFlowBatch
from custvalue.discounting.irr import internal_rates, irr
from custvalue.discounting.payback import break_even_time, discounted_payback, payback
from custvalue.discounting.present_value import future_value, present_value
from custvalue.discounting.rate import Rate
from custvalue.evidence.opportunities import Opportunities
from custvalue.evidence.tenures import Tenures
from custvalue.models.buying.beta_geo_beta_binom import BetaGeoBetaBinom
from custvalue.models.buying.beta_geo_cnbd import BetaGeoCNBD
from custvalue.models.buying.pareto_nbd import ParetoNBD
from custvalue.models.retention.geometric import Geometric
from custvalue.records.cash_flow import CashFlows
from custvalue.relationships.portfolio import Portfolio
from custvalue.relationships.relationships import RelationshipTable
from custvalue.relationships.satisfaction import LogisticLink, ThresholdLink
from custvalue.survival.concordance import concordance
from custvalue.survival.cox import cox
from custvalue.survival.discrete_hazard import discrete_hazard
from custvalue.survival.kaplan_meier import kaplan_meier
from custvalue.survival.log_rank import log_rank
from custvalue.value.base.contract_book import contract_value
from custvalue.value.formulas.sensitivity import sensitivity
from custvalue.value.formulas.shapley import shapley_change
from custvalue.value.migration.chain import MigrationModel
from custvalue.value.migration.transition_counts import TransitionCounts
from custvalue.value.value_customers import value_customers

CASES: dict[str, Callable[[], Any]] = {}

TEN = Rate.annual(0.10)
I = np.arange(3000)


def case(run: Callable[[], Any]) -> Callable[[], Any]:
    CASES[f"edges: {run.__name__.replace('_', ' ')}"] = run
    return run


@case
def cash_flows_of_many() -> Any:
    size = 9000
    count = 3 + np.arange(size) * 7 % 11
    starts = np.append(0, np.cumsum(count))
    place = np.arange(starts[-1]) - np.repeat(starts[:-1], count)
    owner = np.repeat(np.arange(size), count)
    amounts = np.where(place == 0, -100.0 - owner % 37, 15.0 + (owner * 13 + place * 5) % 41)
    batch = CashFlowBatch(CashFlows(amounts, place / 4 + (owner % 3) / 10), starts)
    return {
        "present": present_value(TEN, batch),
        "present by own rates": present_value(Rate.annual(0.01 * (np.arange(size) % 20)), batch),
        "future": future_value(TEN, batch, at=2.0),
        "rates": irr(batch, above=Rate.continuous(-5.0)).effective(),
        "how many rates": internal_rates(batch).count,
        "payback": payback(batch),
        "discounted payback": discounted_payback(TEN, batch, interpolate=True),
        "break even": break_even_time(TEN, batch),
        "index": profitability_index(TEN, batch),
    }


@case
def cash_flows_at_the_edges_of_floats() -> Any:
    far = CashFlows([-1e-200, 3e250], [0.0, 40.0])
    late = CashFlowBatch(CashFlows([1.0, 2.0, -1.0, 1.5], [0, 1e5, 5000, 5001]), [0, 2, 4])
    found = internal_rates([1e150, -3e150, 1e140, -1e-150, 2e-150, 1.0, 2.0], offsets=[0, 3, 5, 7], unit="year")
    return {
        "rates of large amounts": [found.count, found.roots.continuous_value],
        "no change of sign": internal_rates([1e150, 2e150], unit="year").count,
        "one rate": irr(far).continuous_value,
        "present value": present_value(Rate.annual(0.5), far),
        "far away": present_value(Rate.annual(0.2), late),
        "rates far away": outcome(lambda: irr(late[1]).effective()),
        "payback of large amounts": [
            payback([-1e300, 1e300, 1e300], unit="year"),
            break_even_time(TEN, [-1e300, 1e300, 1e300], unit="year"),
        ],
        "high rate": discounted_payback(Rate.continuous(500.0), [-1.0, 1e100, 1e300], unit="year"),
        "series of nothing": len(CashFlowBatch.from_series([[], []]).flows),
        "keys of two kinds": outcome(lambda: CashFlowBatch.grouped(CashFlows([1, 2], 0), np.array(["a", 1], object))),
        "key missing": outcome(lambda: CashFlowBatch.grouped(CashFlows([1, 2], 0), [1.0, np.nan])),
    }


@case
def many_tenures() -> Any:
    duration = 1.0 + np.floor(I * np.sqrt(3) % 1 * 36)
    ended = (I * np.sqrt(7) % 1 < 0.6) & (duration < 36)
    price = np.round(I * np.sqrt(11) % 1 * 50) + 20 - duration / 3
    rows = Tenures(duration, ended, unit="month", by_period=True)
    fit = cox(rows, {"price": price, "even": I % 2})
    steps = discrete_hazard(rows, {"price": price}, baseline=2)
    curve = kaplan_meier(rows)
    return {
        "survival": curve.survival,
        "median": [curve.median().value, curve.median().lower, curve.median().upper],
        "cox": estimated(fit.estimates),
        "cox errors": estimated(list(fit.standard_errors.values())),
        "cox log-likelihood": at_maximum(fit.log_likelihood),
        "hazard": estimated(steps.estimates),
        "hazard log-likelihood": at_maximum(steps.log_likelihood),
        "concordance": concordance(rows, price),
        "log-rank": log_rank(rows, I % 5, strata=I % 3).statistic,
    }


@case
def covariates_in_any_form() -> Any:
    n = 120
    rows = Tenures(1 + I[:n] * 47 % 83, I[:n] * 31 % 10 < 7, unit="month")
    columns = {"price": 5 + I[:n] * 17 % 40, "plus": I[:n] * 13 % 7 < 3}
    forms = {
        "mapping": columns,
        "pandas": pd.DataFrame(columns),
        "polars": pl.DataFrame(columns),
        "categories": pd.DataFrame({"price": pd.Categorical(columns["price"]), "plus": columns["plus"]}),
    }
    found: dict[str, Any] = {}
    for name, table in forms.items():
        fit = cox(rows, table)
        found[name] = {
            "estimates": estimated(fit.estimates),
            "risk": estimated(fit.log_risk(table)),
            "names": fit.names,
        }
    alone = cox(rows, np.asarray(columns["price"])[:, None])
    column = np.array([[6.0], [7.0]])
    return found | {
        "one column": estimated([alone.log_risk(column), alone.log_risk([6.0, 7.0, 9.0]), alone.log_risk(6.0)]),
        "text": outcome(lambda: cox(rows, {"plan": ["a", "b"] * 60})),
        "rows of another number": outcome(lambda: cox(rows, {"a": [1, 2]})),
        "too large": outcome(lambda: cox(rows, {"a": I[:n] * 1e200})),
        "groups of two kinds": log_rank(rows, np.array([1, "a", "b"] * 40, dtype=object)).statistic,
        "groups missing": outcome(lambda: log_rank(rows, [None, "a"] * 60)),
        "weights beyond": outcome(lambda: kaplan_meier(Tenures([1, 2], 1, weights=[1e-300, 1], unit="year"))),
    }


@case
def campaigns_at_the_edges() -> Any:
    n = 60
    cost = np.append(np.arange(1.0, n), 0.0)
    one_by_one = {"clv": np.append(np.full(n - 1, 50.0), 90.0), "contact_cost": cost, "incentive": 0.0}
    best = empc(np.ones(n), np.arange(n)[::-1], **one_by_one)
    many = empc(I % 7 == 0, I * np.sqrt(5) % 1, clv=20 + I % 90)
    some = select_customers([100.0, 90, 80, 5, 4, 3, 2], cost=[10.0, 9.5, 60, 2, 3, 2.5, 8], budget=27.0)
    wide = select_customers(1 + I % 97, cost=1 + I * 7 % 31, budget=5000.0)
    return {
        "corners one by one": [best.profit, best.fraction],
        "many": [many.profit, many.fraction],
        "those further down": [some.chosen, some.profit, some.cost, some.bound, some.exact],
        "many within a budget": [wide.chosen.sum(), wide.profit, wide.cost, wide.bound],
    }


@case
def chains_and_books_at_the_edges() -> Any:
    frame = pd.DataFrame([[0.6, 0.4], [0.1, 0.9]], index=["in", "out"], columns=["in", "out"])
    chain = MigrationModel.from_recency([0.3, 0.2], margin=40, contact_cost=4, unit="year")
    mixed = TransitionCounts.from_sequences([[1, "a", 1], ["a", "a"]], unit="year")
    nobody = Tenures([], [], unit="year", by_period=True)
    given: dict[str, Any] = {"rate": TEN, "margin": 1.0, "timing": "now"}
    points = sensitivity(contract_value, Geometric(0.2), nobody, **given).of_points()
    return {
        "dataframe": MigrationModel(frame, [10, 0], unit="year").value(rate=TEN, timing="now"),
        "dataframe in another order": outcome(lambda: MigrationModel(frame[["out", "in"]], [10, 0], unit="year")),
        "long horizon": chain.variance(rate=TEN, timing="middle", horizon=5000),
        "states of two kinds": [[str(state) for state in mixed.states], mixed.counts],
        "empty book": contract_value(Geometric(0.2), nobody, **given),
        "a point of an empty book": points.gain,
    }


@case
def what_models_need_of_a_log() -> Any:
    rows = value_customers(cdnow(), rate=TEN, years=1, model=BetaGeoBetaBinom).rows
    contradicted = outcome(
        lambda: value_customers(cdnow(), rate=TEN, years=1, model=BetaGeoBetaBinom, collapse="month")
    )
    return {
        "in discrete time": [m.evidence is Opportunities for m in (BetaGeoBetaBinom, ParetoNBD, BetaGeoCNBD)],
        "contradicted": contradicted,
        "evidence": [rows.x, rows.t_x, rows.n],
    }


@case
def relationships_of_dataframes() -> Any:
    columns = {
        "id": ["b", "a", "c"],
        "since": pd.to_datetime(["2020-01-01", "2019-06-01", "2021-01-01"]),
        "until": pd.to_datetime([None, "2022-01-01", None]),
        "kind": pd.Categorical(["customer", "supplier", "customer"]),
        "trust": [4.0, np.nan, 1.0],
    }
    paid = {"id": ["c", "a", "a"], "amount": [5.0, -2.0, 3.0], "when": pd.to_datetime(["2021-02-01"] * 3)}
    named: dict[str, Any] = {"id": "id", "start": "since", "end": "until", "traits": {"trust": (1, 5)}}
    frame = pd.DataFrame(columns)
    found = {}
    for name, table, flows in (
        ("pandas", frame, pd.DataFrame(paid)),
        ("polars", pl.from_pandas(frame), pl.from_pandas(pd.DataFrame(paid))),
    ):
        rows = RelationshipTable.from_table(table, party="kind", flows=flows, **named)
        found[name] = {
            "start": rows.start,
            "end": rows.end,
            "party": [str(party) for party in rows.party],
            "trust": rows.traits["trust"].normalized,
            "flows": [rows.flows.flows.amounts, rows.flows.offsets],
            "age": rows.age("2022-06-30"),
            "columns": list(rows.table(value=[1, 2, 3]).columns),
        }
    mixed = {"id": [1, "x"], "since": [-1.0, -2.0]}
    own = RelationshipTable.from_table(
        mixed, id="id", start="since", flows={"id": ["x", 1, "x"], "amount": [1, 2, 3], "when": [0, 0, 0]}
    )
    twice = {"id": ["a", "a"], "since": [-1.0, -2.0]}
    stray = {"id": ["z"], "amount": [1.0], "when": [0.0]}
    return found | {
        "ids of two kinds": [own.flows.flows.amounts, own.flows.offsets],
        "id twice": outcome(lambda: RelationshipTable.from_table(twice, id="id", start="since", flows=stray)),
        "flow of nobody": outcome(lambda: RelationshipTable.from_table(mixed, id="id", start="since", flows=stray)),
    }


@case
def relationships_at_the_edges() -> Any:
    n = 600
    s = I[:n] * np.sqrt(2) % 1
    stayed = (I[:n] * np.sqrt(13) % 1 < np.where(s < 0.4, 0.2, np.where(s < 0.8, 0.5, 0.9))).astype(float)
    threshold, logistic = ThresholdLink.fit(s, stayed), LogisticLink.fit(s, stayed)
    empty = Portfolio([], duration=[])
    return {
        "thresholds among many levels": estimated(threshold.model.parameters),
        "their log-likelihood": at_maximum(threshold.log_likelihood),
        "logistic of many levels": estimated(logistic.model.parameters),
        "empty portfolio": [empty.total, len(empty), empty.quadrants()],
        "not finite": outcome(lambda: shapley_change(lambda a: 1 / np.asarray(a), {"a": [1.0]}, {"a": [np.inf * 0]})),
    }
