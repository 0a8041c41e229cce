"""What records hold: cash flows, relationships, customers, traits; their columns, and JSON and back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
from golden import outcome

from custvalue.records.cash_flow import KINDS, CashFlow, CashFlows, as_cash_flows
from custvalue.records.customer import Customer
from custvalue.records.relationship import PARTIES, Relationship
from custvalue.records.time import as_moment
from custvalue.records.trait import TRAITS, Trait

CASES: dict[str, Callable[[], Any]] = {}


def case(run: Callable[[], Any]) -> Callable[[], Any]:
    CASES[f"records: {run.__name__.replace('_', ' ')}"] = run
    return run


NOON = dt.datetime(2024, 1, 5, 12, 30)  # noqa: DTZ001 (a purchase is dated at the customer's own clock)
ZONED = dt.datetime(2024, 1, 5, 12, 30, tzinfo=dt.timezone(dt.timedelta(hours=2)))


def steel() -> Relationship:
    return Relationship(
        "steel",
        "2020-03-01",
        "2024-05-31",
        [CashFlow(-500, "2020-05-01", "purchase"), CashFlow(25.5, NOON, "refund")],
        party="supplier",
        contractual=True,
        valence="negative",
        type="best friends",
        traits=[Trait("trust", 6, low=1, high=7), Trait("share of wallet", 0.25, low=0, high=1)],
    )


def eve() -> Customer:
    shop = Relationship(1, "2024-01-05", cash_flows=[CashFlow(30, "2024-08-02"), CashFlow(5, "2024-01-05")])
    return Customer("eve", [shop, Relationship(2, "2024-03-01", cash_flows=[CashFlow(45, "2024-01-05")]), steel()])


def _flow(flow: CashFlow) -> dict[str, Any]:
    return {"amount": flow.amount, "when": str(flow.when), "dated": isinstance(flow.when, dt.date), "kind": flow.kind}


def _columns(flows: CashFlows) -> dict[str, Any]:
    return {
        "amounts": flows.amounts,
        "when": flows.when.astype("datetime64[s]") if flows.dated else flows.when,
        "times": flows.times,
        "dated": flows.dated,
        "kinds": flows.kinds,
        "rows": len(flows),
    }


@case
def moments() -> Any:
    given = {
        "text": "2024-01-05",
        "text with a time": "2024-01-05T12:30",
        "date": dt.date(2024, 1, 5),
        "datetime": NOON,
        "datetime with a zone": ZONED,
        "numpy day": np.datetime64("2024-01-05"),
        "numpy month": np.datetime64("2024-01"),
        "numpy seconds": np.datetime64("2024-01-05T12:30:01"),
        "whole number": 1,
        "years ago": -2.5,
        "numpy number": np.float64(0.25),
    }
    wrong = {"not a date": "soon", "digits": "20240105", "missing": np.datetime64("NaT"), "nan": np.nan, "inf": np.inf}
    found = {name: str(as_moment(value)) for name, value in given.items()}
    return found | {name: outcome(lambda value=value: as_moment(value)) for name, value in wrong.items()}


@case
def single_cash_flows() -> Any:
    return {
        "dated": _flow(CashFlow(30.0, "2024-01-05")),
        "in years": _flow(CashFlow(-12, 0.5, "cost to serve")),
        "own kind": _flow(CashFlow(np.float32(0.5), NOON, "parts and service")),
        "equal": CashFlow(1, "2024-01-05") == CashFlow(1.0, dt.date(2024, 1, 5)),
        "not equal": CashFlow(1, 0) == CashFlow(1, 0, "refund"),
        "missing amount": outcome(lambda: CashFlow(np.nan, 0)),
        "text": outcome(lambda: CashFlow("12", 0)),
        "no kind": outcome(lambda: CashFlow(1, 0, " ")),
    }


@case
def columns_of_cash_flows() -> Any:
    kinds = ["acquisition", "purchase", "purchase", "service"]
    flows = CashFlows([-100, 60, 60, -5], [0, 1, 2, 1.5], kinds)
    dates = np.array(["2024-01-05", "2023-12-31"], dtype="datetime64[D]")
    dated = CashFlows([1.5, 2.5], dates, "purchase")
    return {
        "in years": _columns(flows),
        "dated": _columns(dated),
        "dates as text": _columns(CashFlows([1, 2, 3], ["2024-02-29", "1969-12-31T06:00", "2024-01-01"])),
        "one amount": _columns(CashFlows(600.0, [1, 2, 3])),
        "one time": _columns(CashFlows([1, 2], 0.5, ["a", "b"])),
        "one of all": _columns(CashFlows(1, "2024-01-05")),
        "none": _columns(CashFlows([], [])),
        "of a kind": _columns(flows.of_kind("purchase")),
        "of two kinds": _columns(flows.of_kind("service", "acquisition")),
        "of no such kind": _columns(flows.of_kind("refund")),
        "mask": _columns(flows[flows.amounts > 0]),
        "slice": _columns(flows[1:3]),
        "positions": _columns(dated[[1, 0, 1]]),
        "from records": _columns(CashFlows.from_records([CashFlow(1, 0), CashFlow(2, 3, "refund")])),
        "of a customer": _columns(as_cash_flows(eve())),
        "of a relationship": _columns(as_cash_flows(steel())),
        "equal": flows == CashFlows([-100, 60, 60, -5], [0, 1, 2, 1.5], kinds),
        "without kinds": outcome(lambda: CashFlows([1], [0]).of_kind("purchase")),
        "mixed times": outcome(lambda: CashFlows([1, 2], ["2024-01-05", 1])),
        "lengths": outcome(lambda: CashFlows([1, 2], [1, 2, 3])),
        "missing amount": outcome(lambda: CashFlows([1, np.nan], [1, 2])),
        "missing date": outcome(lambda: CashFlows([1], np.array(["NaT"], dtype="datetime64[D]"))),
    }


@case
def relationships_and_traits() -> Any:
    held, trust = steel(), steel().trait("trust")
    plain = Relationship("r", -1.5, 0.25)
    return {
        "start": str(held.start),
        "end": str(held.end),
        "party": held.party,
        "contractual": held.contractual,
        "valence": held.valence,
        "type": held.type,
        "flows": {str(i): _flow(flow) for i, flow in enumerate(held.cash_flows)},
        "traits": {trait.name: [trait.value, trait.low, trait.high, trait.normalized] for trait in held.traits},
        "trust": None if trust is None else trust.normalized,
        "not measured": held.trait("commitment"),
        "defaults": [plain.start, plain.end, plain.party, plain.contractual, plain.valence, plain.type],
        "still runs": Relationship("r", 0.0).end,
        "ends of a scale": [Trait("x", 1, low=1, high=7).normalized, Trait("x", 7, low=1, high=7).normalized],
        "ends before": outcome(lambda: Relationship("r", 1.0, 0.5)),
        "mixed times": outcome(lambda: Relationship("r", 1.0, "2024-01-01")),
        "trait twice": outcome(lambda: Relationship("r", 0.0, traits=[trust, trust])),
        "unknown valence": outcome(lambda: Relationship("r", 0.0, valence="good")),
        "off the scale": outcome(lambda: Trait("trust", 8, low=1, high=7)),
        "no scale": outcome(lambda: Trait("trust", 1, low=1, high=1)),
    }


@case
def customers() -> Any:
    return {
        "all in order of time": {str(i): _flow(flow) for i, flow in enumerate(eve().cash_flows)},
        "relationships": [str(held.id) for held in eve().relationships],
        "nothing": len(Customer("nobody").cash_flows),
        "mixed times": outcome(lambda: Customer("x", [Relationship("a", 0.0), Relationship("b", "2024-01-01")])),
        "not relationships": outcome(lambda: Customer("x", [CashFlow(1, 0)])),
    }


@case
def json_and_back() -> Any:
    trait = Trait("trust", 6, low=1, high=7)
    return {
        "customer": Customer.from_json(eve().to_json()) == eve(),
        "relationship": Relationship.from_json(steel().to_json()) == steel(),
        "cash flow": CashFlow.from_json(CashFlow(1.5, NOON, "x").to_json()) == CashFlow(1.5, NOON, "x"),
        "trait": Trait.from_json(trait.to_json()) == trait,
        "date as id": outcome(lambda: Relationship(dt.date(2024, 1, 1), 0.0).to_json()),
        "other text": outcome(lambda: CashFlow.from_json('{"amount": 1}')),
    }


@case
def json_as_written() -> Any:
    return {
        "customer": eve().to_json(),
        "cash flow": CashFlow(1.5, "2024-01-05").to_json(),
        "in years": CashFlow(-2, 0.25, "refund").to_json(),
        "relationship": Relationship("r", 0.0).to_json(),
        "trait": Trait("trust", 6, low=1, high=7).to_json(),
    }


@case
def well_known_names() -> Any:
    return {"kinds": sorted(KINDS), "parties": sorted(PARTIES), "traits": sorted(TRAITS)}
