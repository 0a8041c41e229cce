"""Figures of relationships: columns, strength, satisfaction, portfolio, concentration, risk, what-if, RFM scores."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
from golden import at_maximum, estimated, outcome

from custvalue.datasets import cdnow
from custvalue.discounting.rate import Rate
from custvalue.evidence.rfm import RFM
from custvalue.records.cash_flow import CashFlow
from custvalue.records.customer import Customer
from custvalue.records.relationship import Relationship
from custvalue.records.trait import Trait
from custvalue.relationships.portfolio import STRATEGIES, Groups, Portfolio
from custvalue.relationships.relationships import RelationshipTable, as_relationships
from custvalue.relationships.rfm_scores import SEGMENTS, quantile_groups, rfm_scores
from custvalue.relationships.risk import segment_risk
from custvalue.relationships.satisfaction import ConvexLink, LogisticLink, SatisfactionLink, ThresholdLink
from custvalue.relationships.satisfaction_grid import satisfaction_loyalty, satisfied_but_idle
from custvalue.relationships.strength import event_history_activity, relationship_strength
from custvalue.value.concentration import gini, lorenz_curve, top_share, unprofitable, whale_curve
from custvalue.value.formulas.shapley import shapley_change
from custvalue.value.value_customers import value_customers

CASES: dict[str, Callable[[], Any]] = {}

TEN = Rate.annual(0.10)
DAY = "2022-06-30"
VALUES = np.array([120.0, -30, 60, 0, 60, 15.5, -2, 900, 41, 8])


def case(run: Callable[[], Any]) -> Callable[[], Any]:
    CASES[f"relationships: {run.__name__.replace('_', ' ')}"] = run
    return run


# --- columns ---


def in_years() -> list[Relationship]:
    trust = {"low": 1, "high": 5}
    return [
        Relationship("old", -6.0, None, [CashFlow(100, -0.5)], traits=[Trait("trust", 5, **trust)], contractual=True),
        Relationship("new", -1.0, None, [CashFlow(100, -0.5), CashFlow(-40, -0.25, "service"), CashFlow(10, 1)]),
        Relationship("gone", -9.0, -2.5, [CashFlow(5, -4), CashFlow(7, -8)], valence="negative", type="fling"),
        Relationship("steel", -3.0, 2.0, [CashFlow(-500, -1)], party="supplier", valence="positive",
                     traits=[Trait("trust", 2, **trust), Trait("breadth", 3, low=0, high=10)]),
        Relationship("press", 0.5, party="media"),
        Relationship("quiet", -2.0, party="supplier"),
    ]  # fmt: skip


def dated() -> RelationshipTable:
    table = {
        "name": ["ann", "steel", "press"],
        "since": [dt.date(2020, 1, 1), dt.date(2019, 6, 1), dt.date(2021, 1, 1)],
        "until": [None, None, dt.date(2022, 1, 1)],
        "kind": ["customer", "supplier", "media"],
        "mood": ["positive", None, "negative"],
        "contract": [False, True, None],
        "like": ["best friends", None, ""],
        "trust": [4.0, None, 1.0],
    }
    paid = {
        "name": ["steel", "ann", "ann"],
        "amount": [-500.0, 20.0, 30.0],
        "day": [dt.date(2020, 5, 1), dt.date(2020, 1, 1), dt.date(2021, 1, 1)],
        "what": ["purchase", "purchase", "service"],
    }
    return RelationshipTable.from_table(
        table, id="name", start="since", end="until", party="kind", valence="mood", contractual="contract", type="like",
        traits={"trust": (1, 5)}, flows=paid, flow_id="name", flow_when="day", flow_kind="what",
    )  # fmt: skip


def _rows(rows: RelationshipTable) -> dict[str, Any]:
    flows = rows.flows.flows
    traits = {name: [t.value, t.low, t.high, t.normalized] for name, t in rows.traits.items()}
    return {
        "ids": [str(each) for each in rows.ids],
        "start": rows.start,
        "end": rows.end,
        "dated": rows.dated,
        "party": rows.party,
        "type": rows.type,
        "contractual": rows.contractual,
        "valence": rows.valence,
        "traits": traits,
        "flows": [flows.amounts, flows.times, rows.flows.offsets, flows.kinds],
        "flow rows": rows.flow_rows,
        "rows": len(rows),
    }


def _text(value: Any) -> str | None:
    return None if value != value else str(value)  # noqa: PLR0124 (NaN and NaT)


@case
def relationships_as_columns() -> Any:
    rows, book = as_relationships(in_years()), dated()
    wide = book.table(value=[1.0, 2.0, 3.0])
    customer = Customer("eve", in_years()[:2])
    plain = RelationshipTable.from_table({"start": [-1.0, 2.0]}, start="start")
    return {
        "records": _rows(rows),
        "table": _rows(book),
        "bare table": _rows(plain),
        "customer": _rows(RelationshipTable.from_records([customer, in_years()[2]])),
        "columns of the table": {str(name): [_text(v) for v in column] for name, column in wide.items()},
        "records again": rows.records() == in_years(),
        "records of the table": [
            str(r.start) + str(r.end) + str(r.valence) + str(r.contractual) for r in book.records()
        ],
        "age": rows.age(),
        "running": rows.running(),
        "age at a day": book.age(DAY),
        "running at a day": [book.running(day) for day in (DAY, "2020-06-30", "2021-12-31", "2022-01-01")],
        "now": [rows.at(None), book.at(DAY), book.at(dt.date(1970, 1, 2))],
        "sums of flows": rows.flow_sums(rows.flows.flows.amounts),
        "sums of past flows": rows.flow_sums(rows.flows.flows.amounts, rows.flows.flows.times <= 0),
        "counts of flows": book.flow_sums(1.0),
        "no day": outcome(book.age),
        "a day too many": outcome(lambda: rows.age(DAY)),
        "mixed": outcome(lambda: RelationshipTable.from_records([in_years()[0], Relationship("x", "2020-01-01")])),
        "column missing": outcome(lambda: RelationshipTable.from_table({"a": [1]}, start="start")),
    }


# --- strength ---


@case
def strength_of_relationships() -> Any:
    weights = {"duration": 1, "recency": 1, "trust": 2}
    volume = {"volume": 3, "duration": 0.5, "breadth": 1, "trust": 1}
    paid = {"volume_half": {"customer": 50.0, "supplier": 100.0, "media": 1.0}}
    runs: dict[str, Any] = {
        "plain": relationship_strength(in_years()[:4], weights),
        "all": relationship_strength(in_years(), volume),
        "halves": relationship_strength(in_years(), {"recency": 1, "duration": 1}, duration_half=1, recency_half=0.25),
        "own volume": relationship_strength(in_years(), volume, volume_half=80.0),
        "volume by party": relationship_strength(in_years(), {"volume": 1}, **paid),
        "missing is 0": relationship_strength(in_years(), weights, missing="zero"),
        "dated": relationship_strength(dated(), {"duration": 1, "recency": 2, "volume": 1, "trust": 1}, as_of=DAY),
        "dated, early": relationship_strength(dated(), {"recency": 1, "volume": 1}, as_of="2020-03-01"),
    }
    return {name: {"score": s.score, "components": s.components, "weights": s.weights} for name, s in runs.items()} | {
        "missing": outcome(lambda: relationship_strength(in_years(), weights, missing="raise")),
        "unknown": outcome(lambda: relationship_strength(in_years(), {"colour": 1})),
        "no weights": outcome(lambda: relationship_strength(in_years(), {})),
        "no day": outcome(lambda: relationship_strength(dated(), {"duration": 1})),
    }


@case
def activity_by_a_rule_of_thumb() -> Any:
    return {
        "two": event_history_activity([4, 2], 8, 12),
        "several": event_history_activity([[1], [3], [50]], [[0, 6, 12]], 12.0),
        "last after the end": outcome(lambda: event_history_activity(2, 13, 12)),
    }


# --- satisfaction ---


def _survey(link: SatisfactionLink) -> tuple[Any, Any]:
    """Satisfaction in tenths, and who stays of 550, as many as the link says, spread evenly."""
    s = np.repeat(np.arange(11) / 10, 50)
    share = np.tile((np.arange(50) * 31 % 50 + 0.5) / 50, 11)
    return s, (share < link.retention(s)).astype(float)


LINKS: dict[str, SatisfactionLink] = {
    "logistic": LogisticLink(worst=0.2, best=0.9),
    "convex": ConvexLink(worst=0.3, best=0.95, power=3.0),
    "threshold": ThresholdLink(below=0.2, within=0.5, above=0.9, lower=0.4, upper=0.8),
}


@case
def links_from_satisfaction() -> Any:
    scale = np.linspace(0, 1, 11)
    draws = LogisticLink(worst=[[0.1], [0.2]], best=[[0.8], [0.95]])
    return {
        name: {
            "retention": link.retention(scale),
            "of one": link.retention(0.8),
            "parameters": link.parameters,
            "shares": sorted(n for n, t in link.transforms.items() if type(t).__name__ == "Logit"),
            "changed": link.with_parameters(dict.fromkeys(list(link.parameters)[:2], 0.25)).parameters,
            "back from json": type(link).from_json(link.to_json()) == link,
        }
        for name, link in LINKS.items()
    } | {
        "draws": draws.retention(scale[::5]),
        "falling": ConvexLink(worst=0.9, best=0.2, power=0.5).retention(scale),
        "off the scale": outcome(lambda: LINKS["logistic"].retention(1.1)),
        "sure": outcome(lambda: LogisticLink(worst=0.0, best=1.0)),
        "thresholds crossed": outcome(lambda: ThresholdLink(0.1, 0.2, 0.3, lower=0.8, upper=0.4)),
    }


@case
def links_fitted() -> Any:
    found: dict[str, Any] = {}
    for name, link in LINKS.items():
        for truth, seen in LINKS.items():
            s, stayed = _survey(seen)
            fit = type(link).fit(s, stayed)
            found[f"{name} to {truth}"] = {
                "parameters": estimated(fit.model.parameters, 1e-6),
                "log-likelihood": at_maximum(fit.log_likelihood),
                "covariance": estimated(fit.covariance, 1e-5, 1e-12),
                "standard errors": estimated(list(fit.standard_errors.values()), 1e-5),
                "customers": fit.customers,
                "warnings": len(fit.warnings),
            }
    return found | {
        "all stayed": outcome(lambda: LogisticLink.fit([0.1, 0.5, 0.9], [1, 1, 1])),
        "without error": outcome(lambda: LogisticLink.fit([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1])),
        "one level": outcome(lambda: ConvexLink.fit([0.5] * 4, [0, 1, 0, 1])),
    }


@case
def satisfaction_and_loyalty() -> Any:
    satisfaction, loyalty = np.array([0.9, 0.2, 0.9, 0.2, 0.6, 0.6]), np.array([0.8, 0.8, 0.1, 0.1, 0.5, 0.45])
    return {
        "cuts": satisfaction_loyalty(satisfaction, loyalty, satisfied=0.6, loyal=0.5),
        "medians": satisfaction_loyalty(satisfaction, loyalty),
        "idle": satisfied_but_idle(satisfaction, loyalty),
        "idle by own cuts": satisfied_but_idle(satisfaction, loyalty, satisfied=0.6, active=0.46),
        "off the scale": outcome(lambda: satisfaction_loyalty([5.0], [0.5])),
        "lengths": outcome(lambda: satisfied_but_idle([0.9, 0.5], [0.1])),
    }


# --- portfolio ---


def _groups(groups: Groups) -> dict[str, Any]:
    return {
        "label": groups.label,
        "count": groups.count,
        "total": groups.total,
        "mean": groups.mean,
        "share": groups.share,
        "columns": len(groups.table()),
    }


@case
def portfolios() -> Any:
    duration = [5, 4, 1, 2, 3, 8, 9, 0.5, 3, 3]
    valence = [1, 1, -1, 0, 1, -1, -1, 1, 0, 1]
    labels = {"party": list("aabbcaabcc"), "region": [1, 2, 1, 2, 1, 2, 1, 2, 1, 2]}
    book = Portfolio(VALUES, duration=duration, valence=valence, labels=labels, ids=list("klmnopqrst"))
    cut = book.quadrants(profit_cut=10, duration_cut=3)
    medians = book.quadrants()
    curve, losses = book.whale_curve(), book.unprofitable()
    return {
        "total": book.total,
        "size": len(book),
        "by party": _groups(book.by("party")),
        "by two": _groups(book.by("party", "region")),
        "by valence": _groups(book.by("valence")),
        "by profit": _groups(book.by("profit")),
        "matrix": _groups(book.matrix()),
        "quadrants": cut,
        "quadrants by medians": medians,
        "by quadrant": _groups(book.with_label("quadrant", cut).by("quadrant")),
        "whale curve": [curve.share, curve.value],
        "top share": [book.top_share(), book.top_share(0.35)],
        "unprofitable": [losses.count, losses.share, losses.cost, losses.of_profit],
        "strategies told": len(set(book.strategy())),
        "strategies by quadrant": len(set(book.strategy(cut))),
        "own strategies": book.strategy(labels["party"], {"a": "keep", "b": "drop", "c": "wait"}),
        "labels known": {name: sorted(table) for name, table in STRATEGIES.items()},
        "without duration": outcome(lambda: Portfolio(VALUES).quadrants()),
        "without valence": outcome(lambda: Portfolio(VALUES).matrix()),
        "unknown label": outcome(lambda: book.by("colour")),
        "lengths": outcome(lambda: Portfolio(VALUES, duration=[1, 2])),
        "label without a strategy": outcome(lambda: book.strategy(labels["party"])),
    }


@case
def portfolios_of_relationships() -> Any:
    books = {
        "in years": Portfolio.from_relationships(in_years(), rate=TEN),
        "own values": Portfolio.from_relationships(in_years(), value=[1, 2, 3, -4, 0, 6]),
        "dated": Portfolio.from_relationships(dated(), rate=TEN, as_of=DAY),
        "no rate": Portfolio.from_relationships(dated(), rate=Rate.zero(), as_of="2021-06-30"),
    }
    return {
        name: {
            "value": book.value,
            "duration": book.duration,
            "valence": book.valence,
            "labels": {label: [_text(v) for v in values] for label, values in book.labels.items()},
            "by party": _groups(book.by("party")),
            "matrix": _groups(book.matrix()),
        }
        for name, book in books.items()
    } | {
        "neither rate nor values": outcome(lambda: Portfolio.from_relationships(in_years())),
        "no day": outcome(lambda: Portfolio.from_relationships(dated(), rate=TEN)),
    }


@case
def portfolio_of_a_log() -> Any:
    valuation = value_customers(cdnow(), rate=TEN, years=3, margin=0.3)
    book = Portfolio.from_valuation(valuation, master=valuation.rfm.x > 1)
    return {
        "value": estimated(book.value),
        "duration": book.duration,
        "total": estimated(book.total),
        "top share": estimated(book.top_share()),
        "by label": estimated(_groups(book.by("master"))),
    }


@case
def concentration_of_value() -> Any:
    some = {
        "mixed": VALUES,
        "equal": np.ones(4),
        "one has all": np.array([0.0, 0, 0, 1]),
        "one": np.array([5.0]),
        "many": (np.arange(300) * 37 % 101) ** 2.0,
        "losses and a profit": np.array([50.0, 90, -40]),
    }
    found: dict[str, Any] = {}
    for name, values in some.items():
        whale, lost = whale_curve(values), unprofitable(values)
        found[name] = {
            "whale": [whale.share, whale.value],
            "whale at": whale.at([0.0, 0.05, 0.5, 1.0]),
            "top": [top_share(values, share) for share in (0.01, 0.1, 0.125, 0.5, 1.0)],
            "unprofitable": [lost.count, lost.share, lost.cost, lost.of_profit],
            "gini": outcome(lambda values=values: gini(values)),
            "lorenz": outcome(lambda values=values: [lorenz_curve(values).share, lorenz_curve(values).value]),
            "lorenz at": outcome(lambda values=values: lorenz_curve(values).at([0.2, 0.9])),
        }
    return found | {
        "default top": top_share(VALUES),
        "nothing": outcome(lambda: gini([0.0, 0.0])),
        "share above 1": outcome(lambda: top_share(VALUES, 1.5)),
        "total of 0": outcome(lambda: whale_curve([1.0, -1.0]).value),
        "missing": outcome(lambda: whale_curve([1.0, np.nan])),
    }


@case
def risk_of_segments() -> Any:
    returns = np.array([[0.1, 0.2, 0.02], [0.2, 0.1, 0.03], [0.3, 0.3, 0.01], [-0.1, 0.25, 0.02]])
    runs = {
        "equal": segment_risk(returns, [1, 1, 1]),
        "values": segment_risk(returns, [500, 0, 1500]),
        "two": segment_risk([[0.1, 0.2], [0.2, 0.1], [0.3, 0.3]], weights=[1, 1]),
        "together": segment_risk([[0.1, 0.2], [0.2, 0.4]], weights=[1, 3]),
        "one": segment_risk([[0.1], [0.3]], weights=[2]),
    }
    return {
        name: {
            "weights": r.weights,
            "mean": r.mean,
            "covariance": r.covariance,
            "beta": r.beta,
            "contribution": r.contribution,
            "expected": r.expected,
            "variance": r.variance,
            "diversification": r.diversification,
        }
        for name, r in runs.items()
    } | {
        "negative weight": outcome(lambda: segment_risk(returns, [1, -1, 1])),
        "one period": outcome(lambda: segment_risk(returns[:1], [1, 1, 1])),
    }


@case
def what_if_drivers_change() -> Any:
    def worth(margin: Any, retention: Any, cost: Any = 0.0, number: Any = 1.0) -> Any:
        return number * (margin * retention / (1.1 - retention) - cost)

    now = {"margin": np.array([100.0, 50.0, 10.0]), "retention": np.array([0.8, 0.6, 0.0]), "cost": 5.0, "number": 2.0}
    then = {"margin": now["margin"] * 1.1, "retention": now["retention"] + 0.05, "cost": 9.0, "number": [2.0, 3.0, 0.0]}
    runs = {
        "one driver": shapley_change(worth, now, {"margin": then["margin"]}),
        "two": shapley_change(worth, now, {"margin": then["margin"], "retention": then["retention"]}),
        "four": shapley_change(worth, now, then),
        "nothing": shapley_change(worth, now, {}),
    }
    return {
        name: {
            "before": change.before,
            "after": change.after,
            "drivers": change.drivers,
            "total": change.total,
            "by driver": change.by_driver,
            "columns": len(change.table()),
        }
        for name, change in runs.items()
    } | {"unknown driver": outcome(lambda: shapley_change(worth, now, {"colour": 1.0}))}


# --- RFM scores ---


@case
def scores_of_recency_frequency_and_money() -> Any:
    i = np.arange(60)
    T = 20.0 + i * 7 % 23
    x = i * 5 % 8
    t_x = np.where(x > 0, T * ((i * 17 % 29) + 1) / 30, 0.0)
    m = np.where(x > 0, 5.0 + i * 11 % 37, 0.0)
    rows, plain = RFM(x, t_x, T, m=m, unit="week"), RFM(x, t_x, T, unit="week")
    few = RFM(x=[4, 0, 1], t_x=[30, 0, 5], T=[32, 40, 6], m=[10, 0, 30], unit="week")
    cuts = {"recency": [5, 10, 15], "frequency": [2, 3, 6], "monetary": [10.0, 20, 30]}
    runs = {
        "fifths": rfm_scores(rows),
        "thirds": rfm_scores(rows, groups=3),
        "without money": rfm_scores(plain, groups=4),
        "cuts": rfm_scores(rows, groups=4, cuts=cuts),
        "some cuts": rfm_scores(rows, groups=4, cuts={"recency": [5, 10, 15]}),
        "three customers": rfm_scores(few, groups=3),
        "two groups": rfm_scores(rows, groups=2),
    }
    return {
        name: {
            "recency": s.recency,
            "frequency": s.frequency,
            "money": s.monetary,
            "groups": s.groups,
            "cell": s.cell,
            "segments": outcome(lambda s=s: s.segments),
        }
        for name, s in runs.items()
    } | {
        "names": sorted(SEGMENTS),
        "quantile groups": quantile_groups([1, 1, 1, 5, 9, 9, 20, 3], 4),
        "cuts of another number": outcome(lambda: rfm_scores(rows, groups=5, cuts=cuts)),
        "no groups": outcome(lambda: rfm_scores(rows, groups=0)),
    }
