import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.errors import DataError
from custvalue.records.cash_flow import CashFlow
from custvalue.records.customer import Customer
from custvalue.records.relationship import Relationship

YEARS = st.sampled_from([-1.0, 0.0, 0.5, 2.0])
DATES = st.sampled_from([dt.date(2024, 1, 5), dt.datetime.fromisoformat("2024-01-05T12:00"), dt.date(2024, 1, 6)])


def relationships(times):
    flows = st.lists(st.builds(CashFlow, st.integers(0, 10**6), times), max_size=6)
    return st.lists(st.builds(Relationship, st.text(), times, st.none(), flows), max_size=4)


@given(relationships(YEARS) | relationships(DATES))
def test_the_view_holds_every_flow_in_order_of_time(held):
    def key(flow):
        if isinstance(flow.when, float | dt.datetime):
            return flow.when
        return dt.datetime.combine(flow.when, dt.time())

    flows = [flow for relationship in held for flow in relationship.cash_flows]
    # sorted() is stable: flows at one time keep the order of the relationships
    assert Customer("ann", held).cash_flows == tuple(sorted(flows, key=key))


def test_a_customer_may_have_no_relationship_yet():
    assert Customer("ann").cash_flows == ()
    assert Customer("ann") == Customer("ann", []) == Customer("ann", ())


def test_customers_are_equal_and_hash_by_what_they_hold():
    shop = Relationship("shop", 0, cash_flows=[CashFlow(1, 0)])
    assert {Customer("ann", [shop]), Customer("ann", iter([shop]))} == {Customer("ann", (shop,))}
    assert Customer("ann", [shop]) != Customer("bob", [shop])


def test_dates_and_years_do_not_mix_between_relationships():
    held = [Relationship("shop", 0), Relationship("web", "2024-01-05")]
    with pytest.raises(DataError, match="customer 'ann' mixes dates and years from now"):
        Customer("ann", held)


@pytest.mark.parametrize("held", [Relationship("shop", 0), [CashFlow(1, 1)], "shop", 5])
def test_relationships_are_relationships(held):
    with pytest.raises(DataError, match="Relationship"):
        Customer("ann", held)


def test_many_flows_at_one_time_keep_their_order():
    flows = [CashFlow(i, i % 3) for i in range(300)]
    expected = [i for year in range(3) for i in range(year, 300, 3)]
    assert [flow.amount for flow in Customer("ann", [Relationship("shop", 0, None, flows)]).cash_flows] == expected
