import datetime as dt

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.errors import DataError
from custvalue.records.cash_flow import CashFlow
from custvalue.records.relationship import Relationship


def test_an_iterable_of_flows_becomes_a_tuple_in_its_order():
    flows = [CashFlow(2, 1.0), CashFlow(1, 0.5)]
    relationship = Relationship("shop", start=0, cash_flows=(flow for flow in flows))
    assert relationship.cash_flows == tuple(flows)
    assert relationship == Relationship("shop", 0.0, None, flows)
    assert hash(relationship) == hash(Relationship("shop", 0.0, None, flows))


def test_start_and_end_are_normalized_like_every_moment():
    relationship = Relationship(7, "2024-01-05", np.datetime64("2024-03-01"))
    assert (relationship.start, relationship.end) == (dt.date(2024, 1, 5), dt.date(2024, 3, 1))


def test_start_and_end_may_be_one_day():
    assert Relationship("trial", "2024-01-05", "2024-01-05").end == dt.date(2024, 1, 5)


@given(st.lists(st.dates() | st.datetimes(), min_size=2, max_size=2))
def test_a_relationship_does_not_end_before_it_starts(moments):
    def key(moment):
        return moment if isinstance(moment, dt.datetime) else dt.datetime.combine(moment, dt.time())

    early, late = sorted(moments, key=key)
    assert Relationship("shop", early, late).start == early
    if key(early) < key(late):
        with pytest.raises(DataError, match=r"start <= end must hold; broken in relationship 'shop'"):
            Relationship("shop", late, early)


@pytest.mark.parametrize(
    "fields",
    [
        {"start": "2024-01-05", "end": 1.0},
        {"start": 0, "end": "2024-01-05"},
        {"start": "2024-01-05", "cash_flows": [CashFlow(1, 1.0)]},
        {"start": 0, "cash_flows": [CashFlow(1, 1.0), CashFlow(1, "2024-01-05")]},
    ],
)
def test_dates_and_years_do_not_mix(fields):
    with pytest.raises(DataError, match="relationship 'shop' mixes dates and years from now"):
        Relationship("shop", **fields)


def test_flows_may_lie_outside_the_relationship():
    flows = [CashFlow(-50, -1.0, "acquisition"), CashFlow(-5, 3.0, "refund")]
    assert Relationship("shop", 0, 2, flows).cash_flows == tuple(flows)


@pytest.mark.parametrize("flows", [CashFlow(1, 1.0), [30.0], 5, None])
def test_cash_flows_are_cash_flows(flows):
    with pytest.raises(DataError, match="CashFlow"):
        Relationship("shop", 0, cash_flows=flows)


def test_it_cannot_be_changed_but_evolved():
    shop = Relationship("shop", "2024-01-05")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        shop.end = dt.date(2024, 3, 1)
    assert attrs.evolve(shop, end="2024-03-01") == Relationship("shop", "2024-01-05", "2024-03-01")
    with pytest.raises(DataError, match="start <= end"):
        attrs.evolve(shop, end="2023-03-01")
