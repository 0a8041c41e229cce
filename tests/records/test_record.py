"""Records as JSON text and back."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.errors import DataError
from custvalue.records.cash_flow import CashFlow
from custvalue.records.customer import Customer
from custvalue.records.relationship import PARTIES, Relationship
from custvalue.records.trait import Trait

ids = st.text(max_size=5) | st.integers(-(2**60), 2**60)
money = st.floats(-1e12, 1e12)
names = st.text("abc xyz", min_size=1, max_size=6).filter(str.strip)


def flows(times: st.SearchStrategy[object]) -> st.SearchStrategy[list[CashFlow]]:
    return st.lists(st.builds(CashFlow, money, times, names), max_size=3)


@st.composite
def relationships(draw: st.DrawFn, *, dated: bool) -> Relationship:
    times = st.dates() | st.datetimes() if dated else st.floats(-50, 50)
    traits = draw(st.lists(names, unique=True, max_size=2))
    return Relationship(
        draw(ids),
        draw(times),
        cash_flows=draw(flows(times)),
        party=draw(st.sampled_from(list(PARTIES)) | names),
        contractual=draw(st.none() | st.booleans()),
        valence=draw(st.sampled_from(["positive", "negative", None])),
        type=draw(st.none() | names),
        traits=[Trait(name, draw(st.floats(0, 1)), low=0, high=1) for name in traits],
    )


@given(st.data(), st.booleans())
def test_what_was_written_is_read(data: st.DataObject, dated: bool) -> None:
    customer = Customer(data.draw(ids), data.draw(st.lists(relationships(dated=dated), max_size=3)))
    assert Customer.from_json(customer.to_json()) == customer
    for relationship in customer.relationships:
        again = Relationship.from_json(relationship.to_json())
        assert again == relationship
        assert [type(flow.when) for flow in again.cash_flows] == [type(f.when) for f in relationship.cash_flows]


def test_defaults_are_left_out() -> None:
    assert json.loads(CashFlow(1.5, dt.date(2024, 1, 5)).to_json()) == {"amount": 1.5, "when": "2024-01-05"}
    assert json.loads(Relationship("r", 0.0).to_json()) == {"id": "r", "start": 0.0}


@pytest.mark.parametrize("text", ["", "[1]", '{"amount": 1, "when": 0, "who": 2}', '{"amount": 1}', "{"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="is not a CashFlow that to_json wrote"):
        CashFlow.from_json(text)


def test_a_broken_rule_is_named() -> None:
    with pytest.raises(DataError, match="start <= end must hold"):
        Relationship.from_json('{"id": 1, "start": 2.0, "end": 1.0}')


@pytest.mark.parametrize("text", ['{"id": [1], "start": 0}', '{"id": 1, "start": 0, "traits": 5}', None])
def test_what_is_no_relationship_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="is not a Relationship that to_json wrote"):
        Relationship.from_json(text)


@pytest.mark.parametrize("name", [dt.date(2024, 1, 1), (), float("nan"), float("inf")])
def test_ids_that_would_come_back_as_something_else_are_refused(name: object) -> None:
    with pytest.raises(DataError, match="JSON needs ids that are text or numbers"):
        Relationship(name, 0.0).to_json()


def test_an_id_must_be_text_or_a_number() -> None:
    with pytest.raises(DataError, match=r"JSON needs ids that are text or numbers; got \(1, 2\)"):
        Customer((1, 2)).to_json()
