import copy
import datetime as dt
import pickle

import attrs
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.errors import DataError
from custvalue.records.cash_flow import KINDS, CashFlow, CashFlows, as_cash_flows
from custvalue.records.customer import Customer
from custvalue.records.relationship import Relationship

DAYS = ["2024-01-05", "2024-08-02"]
AMOUNTS = st.floats(-1e12, 1e12)
KIND_NAMES = st.sampled_from([*KINDS, "gift card", "Rückgabe"])
EPOCH, LATE = map(dt.datetime.fromisoformat, ("1970-01-01", "2200-01-01"))
TIMES = st.datetimes(EPOCH - (LATE - EPOCH), LATE)
DATED = st.builds(CashFlow, AMOUNTS, TIMES, KIND_NAMES)
UNDATED = st.builds(CashFlow, AMOUNTS, st.floats(-100, 100), KIND_NAMES)
RECORDS = st.lists(DATED, max_size=20) | st.lists(UNDATED, max_size=20)


@given(DATED | UNDATED)
def test_a_cash_flow_survives_repr_pickle_and_hash(flow):
    names = {"CashFlow": CashFlow, "datetime": dt}
    assert eval(repr(flow), names) == flow  # noqa: S307 (the claim is that repr is code)
    assert pickle.loads(pickle.dumps(flow)) == flow  # noqa: S301
    assert hash(attrs.evolve(flow)) == hash(flow)


def test_a_cash_flow_cannot_be_changed():
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        CashFlow(30.0, DAYS[0]).amount = 31.0


@pytest.mark.parametrize("amount", [np.nan, np.inf, -np.inf, None, "30", 1j, [30.0]])
def test_an_amount_is_one_finite_number(amount):
    with pytest.raises(DataError, match="amount must be"):
        CashFlow(amount, DAYS[0])


@pytest.mark.parametrize("kind", ["", "  ", None, 3])
def test_a_kind_is_a_name(kind):
    with pytest.raises(DataError, match="kind must be a name"):
        CashFlow(30.0, DAYS[0], kind)


@pytest.mark.parametrize("kind", [*KINDS, "loyalty points"])
def test_the_vocabulary_of_kinds_is_open(kind):
    assert CashFlow(30.0, 0, kind).kind == kind


@given(RECORDS)
def test_columns_hold_what_the_records_hold(records):
    flows = CashFlows.from_records(iter(records))
    assert flows.amounts.tolist() == [record.amount for record in records]
    assert flows.kinds.tolist() == [record.kind for record in records]
    assert len(flows) == len(records)
    if flows.dated:
        # exact to the microsecond of the datetime
        expected = np.array([record.when for record in records], dtype="datetime64[us]")
        assert abs((flows.when - expected).astype(np.int64)).max() <= 1
        days = [(record.when - EPOCH) / dt.timedelta(days=1) for record in records]
        np.testing.assert_allclose(flows.times, days, rtol=0, atol=2e-11)
    else:
        assert flows.times.tolist() == [record.when for record in records]


@given(st.lists(st.dates(), min_size=1))
def test_whole_days_are_exact(days):
    flows = CashFlows(np.ones(len(days)), days)
    assert flows.times.tolist() == [(day - dt.date(1970, 1, 1)).days for day in days]
    assert flows.when.astype("datetime64[D]").tolist() == days


@pytest.mark.parametrize(
    "when",
    [
        DAYS,
        tuple(map(dt.date.fromisoformat, DAYS)),
        np.array(DAYS),
        np.array(DAYS, dtype="datetime64[D]"),
        np.array(DAYS, dtype="datetime64[ns]"),
        np.array([dt.date.fromisoformat(day) for day in DAYS], dtype=object),
        pd.Series(DAYS),
        pd.Series(pd.to_datetime(DAYS)),
        pd.DatetimeIndex(DAYS),
        pd.DatetimeIndex(DAYS, tz="America/New_York"),
        pl.Series(DAYS).str.to_date(),
        pl.Series(DAYS).str.to_datetime(),
        [DAYS[0], pd.Timestamp(DAYS[1])],
    ],
    ids=lambda when: f"{type(when).__module__}-{getattr(when, 'dtype', type(when).__name__)}",
)
def test_dates_come_in_any_form(when):
    assert CashFlows([30, 45], when) == CashFlows([30.0, 45.0], DAYS)


def test_columns_are_read_only_and_do_not_share_memory():
    amounts, when, kinds = np.ones(2), np.arange(2.0), np.array(["purchase", "refund"])
    flows = CashFlows(amounts, when, kinds)
    amounts[0] = when[0] = 99.0
    kinds[0] = "gift"
    assert (flows.amounts[0], flows.when[0], flows.kinds[0]) == (1.0, 0.0, "purchase")
    for column in (flows.amounts, flows.when, flows.times, flows.kinds):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = column[1]


def test_dates_do_not_share_memory_either():
    when = np.array(DAYS, dtype="datetime64[D]")
    flows = CashFlows([30, 45], when)
    when[0] = "1999-01-01"
    assert flows == CashFlows([30, 45], DAYS)


def test_a_single_value_stands_for_all():
    assert CashFlows(100, [1, 2, 3], "purchase") == CashFlows([100] * 3, [1, 2, 3], ["purchase"] * 3)
    assert len(CashFlows(100, "2024-01-05")) == 1
    assert CashFlows(100, np.datetime64("2024-01-05")) == CashFlows([100], dt.date(2024, 1, 5))


@pytest.mark.parametrize("when", [["2024-01-05", 1.0], [1.0, dt.date(2024, 1, 5)]])
def test_dates_and_years_do_not_mix(when):
    with pytest.raises(DataError, match="mixes dates and years from now"):
        CashFlows([30, 45], when)
    with pytest.raises(DataError, match="mixes dates and years from now"):
        CashFlows.from_records([CashFlow(30, when[0]), CashFlow(45, when[1])])


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (([1, 2], [1, 2, 3]), r"one value per flow; got amounts \(2,\), when \(3,\)"),
        (([1, 2], [1, 2], ["purchase"] * 3), r"kinds \(3,\)"),
        (([[1, 2]], [1, 2]), "one column"),
        (([1, np.nan], [1, 2]), r"amounts must be finite; broken in 1 of 2 rows, first: row 1"),
        (([1, 2], [np.inf, 2]), "when must be finite"),
        (([1, 2], np.array(["2024-01-05", "NaT"], dtype="datetime64[D]")), "NaT"),
        (([1, 2], ["2024-01-05", "soon"]), "not an ISO date"),
        (([1, "2"], [1, 2]), "amounts must be numbers; got '1'"),
        (([[1], [2, 3]], [1, 2]), "amounts must be a column, or rows of equal length"),
        (([1, 2], [1, 2], ["purchase", ""]), "not empty"),
        (([1, 2], [1, 2], ["purchase", None]), "not empty"),
    ],
)
def test_broken_columns_are_refused(columns, says):
    with pytest.raises(DataError, match=says):
        CashFlows(*columns)


@pytest.mark.parametrize("records", [5, [5], CashFlow(1, 1), [CashFlow(1, 1), (2, 2)]])
def test_only_cash_flows_become_columns(records):
    with pytest.raises(DataError, match="CashFlow"):
        CashFlows.from_records(records)


@given(RECORDS)
def test_kinds_divide_the_flows(records):
    flows = CashFlows.from_records(records)
    parts = [flows.of_kind(kind) for kind in {record.kind for record in records}]
    assert sum(map(len, parts)) == len(flows)
    assert all(len(set(part.kinds)) == 1 for part in parts)
    assert len(flows.of_kind("nothing of the sort")) == 0
    assert flows.of_kind(*{record.kind for record in records}) == flows


def test_without_kinds_nothing_can_be_selected_by_kind():
    with pytest.raises(DataError, match="have no kinds"):
        CashFlows([1, 2], [1, 2]).of_kind("purchase")


def test_rows_are_selected_as_from_an_array():
    flows = CashFlows([1, 2, 3], [3, 2, 1], ["a", "b", "c"])
    assert flows[flows.times < 3] == CashFlows([2, 3], [2, 1], ["b", "c"])
    assert flows[::-1] == CashFlows([3, 2, 1], [1, 2, 3], ["c", "b", "a"])
    assert [len(flow) for flow in flows] == [1, 1, 1]


@given(RECORDS)
def test_columns_survive_copy_pickle_and_evolve(records):
    flows = CashFlows.from_records(records)
    assert pickle.loads(pickle.dumps(flows)) == flows  # noqa: S301
    assert copy.deepcopy(flows) == attrs.evolve(flows) == flows
    assert attrs.evolve(flows, amounts=flows.amounts).dated == flows.dated


def test_repr_says_how_many_when_and_how_much():
    assert repr(CashFlows([30, 45], DAYS)) == "2 cash flows from 2024-01-05 to 2024-08-02, total 75"
    assert repr(CashFlows(-5, 0.5)) == "1 cash flow from 0.5 to 0.5 years from now, total -5"
    assert repr(CashFlows([], [])) == "0 cash flows"


def test_flows_come_from_whatever_has_them():
    records = (CashFlow(30, DAYS[0]), CashFlow(45, DAYS[1]))
    shop = Relationship("shop", DAYS[0], cash_flows=records)
    columns = CashFlows.from_records(records)
    assert as_cash_flows(columns) is columns
    for source in (records, iter(records), shop, Customer("ann", [shop])):
        assert as_cash_flows(source) == columns
