import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.discounting.cash_flow_batch import CashFlowBatch
from custvalue.discounting.present_value import present_value
from custvalue.discounting.rate import Rate
from custvalue.errors import DataError, ParameterError
from custvalue.records.cash_flow import CashFlow, CashFlows
from custvalue.records.customer import Customer
from custvalue.records.relationship import Relationship

SERIES = st.lists(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-20, 50)), max_size=8), max_size=6)


def columns(flows):
    return CashFlows([amount for amount, _ in flows], [t for _, t in flows])


@given(SERIES)
def test_a_batch_holds_its_series(series):
    batch = CashFlowBatch.from_series([columns(flows) for flows in series])
    assert len(batch) == len(series)
    for i, flows in enumerate(series):
        assert batch[i].amounts.tolist() == [amount for amount, _ in flows]
        assert batch[i].when.tolist() == [t for _, t in flows]
    with pytest.raises(IndexError):
        batch[len(series)]


@given(SERIES, st.floats(-0.2, 1))
def test_values_are_those_of_the_series_one_by_one(series, force):
    batch = CashFlowBatch.from_series([columns(flows) for flows in series])
    rate = Rate.continuous(force)
    values = present_value(rate, batch)
    assert values.shape == (len(series),)
    for value, flows in zip(values, series, strict=True):
        size = present_value(rate, CashFlows([abs(a) for a, _ in flows], [t for _, t in flows]))
        assert value == pytest.approx(present_value(rate, columns(flows)), rel=0, abs=1e-14 * size)


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(-100, 100))))
def test_grouping_gathers_by_key(rows):
    keys, amounts = [k for k, _ in rows], [a for _, a in rows]
    batch = CashFlowBatch.grouped(CashFlows(amounts, np.arange(len(rows))), by=np.array(keys, dtype=int))
    assert batch.ids.tolist() == sorted(set(keys))
    for i, key in enumerate(batch.ids):
        assert batch[i].when.tolist() == [t for t, k in enumerate(keys) if k == key]


def test_customers_become_series():
    ann = Customer("ann", [Relationship("a", 0, cash_flows=[CashFlow(-10, 0), CashFlow(20, 1, "service")])])
    batch = CashFlowBatch.from_customers([ann, Customer("bob")])
    assert batch.ids.tolist() == ["ann", "bob"]
    assert batch.offsets.tolist() == [0, 2, 2]
    assert batch.flows.kinds.tolist() == ["purchase", "service"]
    assert present_value(Rate.zero(), batch).tolist() == [10, 0]


@pytest.mark.parametrize(("timing", "first"), [("now", 0), ("next", 0.25), ("middle", 0.125)])
def test_periodic_amounts_fall_when_they_are_due(timing, first):
    batch = CashFlowBatch.periodic([1, 2, 3, 4], [0, 1, 1, 4], timing=timing, unit="quarter", ids=["a", "b", "c"])
    assert batch.flows.when.tolist() == [first, first, first + 0.25, first + 0.5]
    assert batch[1].amounts.tolist() == []
    assert CashFlowBatch.periodic([[1, 2], [3, 4]], timing=timing, unit="quarter").flows.when[3] == first + 0.25


def test_there_is_no_default_for_the_first_payment():
    with pytest.raises(TypeError, match="timing"):
        CashFlowBatch.periodic([[1, 2]], unit="year")
    with pytest.raises(ParameterError, match=r"timing must be 'now' \(the first payment is made now\), 'next'"):
        CashFlowBatch.periodic([[1, 2]], timing="later", unit="year")


@pytest.mark.parametrize("offsets", [[0, 2], [1, 3], [0, 3, 2, 3], [0.0, 3.0], [[0, 3]], [], 3])
def test_offsets_must_rise_to_the_number_of_flows(offsets):
    with pytest.raises(DataError, match="offsets must"):
        CashFlowBatch(CashFlows([1, 2, 3], [0, 1, 2]), offsets)
    with pytest.raises(DataError, match="offsets must"):
        CashFlowBatch.periodic([1, 2, 3], offsets, timing="now", unit="year")


def test_other_shapes_are_refused():
    flows = CashFlows([1, 2, 3], [0, 1, 2])
    with pytest.raises(DataError, match="one per series"):
        CashFlowBatch(flows, [0, 3], ["a", "b"])
    with pytest.raises(DataError, match="one key per flow"):
        CashFlowBatch.grouped(flows, by=["a", "b"])
    with pytest.raises(DataError, match=r"shape \(series, periods\)"):
        CashFlowBatch.periodic([1, 2, 3], timing="now", unit="year")
    with pytest.raises(DataError, match="missing in 1 of 3 rows, first: row 1"):
        CashFlowBatch.grouped(flows, by=["a", None, "b"])
    with pytest.raises(DataError, match="missing in 1 of 3 rows, first: row 2"):
        CashFlowBatch.grouped(flows, by=[1.0, 2.0, np.nan])
    with pytest.raises(DataError, match="keys of one kind"):
        CashFlowBatch.grouped(flows, by=np.array(["a", 1, "b"], dtype=object))
    with pytest.raises(DataError, match="some series are dated"):
        CashFlowBatch.from_series([flows, [CashFlow(1, "2024-01-01")]])


def test_equality_pickle_and_repr():
    batch = CashFlowBatch(CashFlows([1, 2, 3], [0, 1, 2]), [0, 1, 3], ["a", "b"])
    assert pickle.loads(pickle.dumps(batch)) == batch  # noqa: S301
    assert batch != CashFlowBatch(batch.flows, [0, 2, 3], ["a", "b"])
    assert repr(batch) == "2 series of 3 cash flows from 0 to 2 years from now, total 6"
    with pytest.raises(ValueError, match="read-only"):
        batch.offsets[0] = 1
