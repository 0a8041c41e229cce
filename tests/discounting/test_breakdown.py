import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.discounting.breakdown import present_value_by
from custvalue.discounting.present_value import present_value
from custvalue.discounting.rate import Rate
from custvalue.errors import DataError, ParameterError
from custvalue.records.cash_flow import KINDS, CashFlow, CashFlows
from custvalue.records.customer import Customer
from custvalue.records.relationship import Relationship

FLOWS = st.lists(st.builds(CashFlow, st.floats(-1e6, 1e6), st.floats(-5, 20), st.sampled_from([*KINDS])), max_size=6)
RELATIONSHIPS = st.lists(FLOWS, max_size=3).map(
    lambda lists: [Relationship(i, 0, cash_flows=flows) for i, flows in enumerate(lists)]
)
CUSTOMERS = st.lists(RELATIONSHIPS, max_size=4).map(lambda lists: [Customer(f"c{i}", r) for i, r in enumerate(lists)])
RATE = Rate.annual(0.1)

ANN = Customer(
    "ann",
    [
        Relationship("shop", 0, cash_flows=[CashFlow(-100, 0, "acquisition"), CashFlow(60, 1), CashFlow(60, 2)]),
        Relationship("web", 0, cash_flows=[CashFlow(50, 1), CashFlow(-5, 1, "service"), CashFlow(9, 2, "referral")]),
    ],
)
BOB = Customer("bob", [Relationship("shop", 0)])


@given(CUSTOMERS, st.sampled_from(["customer", "relationship", "kind"]))
def test_the_parts_sum_to_the_whole(customers, by):
    records = [flow for customer in customers for flow in customer.cash_flows]
    size = present_value(RATE, [CashFlow(abs(flow.amount), flow.when) for flow in records])
    parts = present_value_by(RATE, customers, by=by)
    assert sum(parts.values()) == pytest.approx(present_value(RATE, records), rel=0, abs=1e-13 * size)


def test_by_customer_relationship_and_kind():
    assert present_value_by(RATE, [ANN, BOB], by="customer") == {
        "ann": pytest.approx(present_value(RATE, ANN), rel=1e-14),
        "bob": 0,
    }
    assert present_value_by(RATE, [ANN, BOB], by="relationship") == {
        ("ann", "shop"): pytest.approx(60 / 1.1 + 60 / 1.21 - 100, rel=1e-13),
        ("ann", "web"): pytest.approx(45 / 1.1 + 9 / 1.21, rel=1e-14),
        ("bob", "shop"): 0,
    }
    kinds = present_value_by(RATE, ANN, by="kind")
    assert list(kinds) == ["acquisition", "purchase", "referral", "service"]
    assert kinds["service"] == pytest.approx(-5 / 1.1, rel=1e-15)
    assert present_value_by(RATE, CashFlows.from_records(ANN.cash_flows), by="kind") == kinds


def test_scenarios_give_a_value_each():
    values = present_value_by(Rate.annual([[0.1], [0.2]]), [ANN, BOB], by="customer")
    assert values["ann"].shape == (2,)
    assert values["ann"][1] == pytest.approx(present_value(Rate.annual(0.2), ANN), rel=1e-14)


def test_dated_records_need_a_day_of_value():
    eve = Customer("eve", [Relationship("shop", "2024-01-01", cash_flows=[CashFlow(110, "2024-12-31")])])
    value = present_value_by(RATE, [eve], by="customer", as_of="2024-01-01")["eve"]
    assert value == pytest.approx(100, rel=1e-14)
    with pytest.raises(ParameterError, match="dated flows need as_of"):
        present_value_by(RATE, [eve], by="kind")


def test_nobody_is_worth_nothing():
    for by in ("customer", "relationship", "kind"):
        assert present_value_by(RATE, [], by=by) == {}


def test_bad_input_is_refused():
    with pytest.raises(ParameterError, match="by must be 'customer'"):
        present_value_by(RATE, [ANN], by="month")
    with pytest.raises(ParameterError, match="does not say per what"):
        present_value_by(0.1, [ANN], by="kind")
    with pytest.raises(ParameterError, match=r"CashFlowBatch\.grouped"):
        present_value_by(RATE, CashFlows([1], [1]), by="customer")
    with pytest.raises(DataError, match="have no kinds"):
        present_value_by(RATE, CashFlows([1], [1]), by="kind")
    with pytest.raises(DataError, match="1 of 2 customers have the id of another, first: 'ann'"):
        present_value_by(RATE, [ANN, ANN], by="customer")
    with pytest.raises(DataError, match="holders must be Customer"):
        present_value_by(RATE, [1, 2], by="customer")
