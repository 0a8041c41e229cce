import datetime as dt
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.datasets import cdnow
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.rfm import RFM
from custvalue.records.cash_flow import CashFlow
from custvalue.records.customer import Customer
from custvalue.records.relationship import Relationship
from custvalue.units import DAYS, DAYS_PER_YEAR

START = dt.date(2024, 1, 1)
END = dt.date(2024, 3, 31)
# whole amounts: their sums are exact in any order
AMOUNTS = st.integers(-50, 200).map(float)
# a purchase on the first day, then whatever comes within the time observed
HISTORIES = st.dictionaries(
    st.text(min_size=1).filter(lambda name: "\0" not in name and name.strip()),
    st.lists(st.tuples(st.integers(0, 90), AMOUNTS), max_size=8).map(lambda rows: [(0, 10.0), *rows]),
    min_size=1,
    max_size=5,
)
UNITS = st.sampled_from(list(DAYS))


def customer(name, *relationships):
    held = [
        Relationship(f"contract {i}", flows[0].when if flows else START, cash_flows=flows)
        for i, flows in enumerate(relationships)
    ]
    return Customer(name, held)


def day(n):
    return START + dt.timedelta(n)


def flows(rows):
    return [CashFlow(amount, day(n)) for n, amount in rows]


def log_of(histories):
    rows = [(name, day(n), amount) for name, rows in histories.items() for n, amount in rows]
    return dict(zip(("customer_id", "date", "amount"), map(list, zip(*rows, strict=True)), strict=True))


def assert_same(some, other):
    """Equal customers with equal numbers, in whatever order."""
    mine, theirs = np.argsort(some.ids), np.argsort(other.ids)
    for name in ("ids", "x", "t_x", "T", "m", "m_count"):
        np.testing.assert_array_equal(getattr(some, name)[mine], getattr(other, name)[theirs], err_msg=name)
    assert some.unit == other.unit


@given(HISTORIES, UNITS, st.sampled_from(["day", "week", "month", None]), st.booleans())
def test_records_say_the_same_as_their_log(histories, unit, collapse, first):
    people = [customer(name, flows(rows)) for name, rows in histories.items()]
    options = {"unit": unit, "collapse": collapse, "first_purchase_in_spend": first}
    rfm = RFM.from_customers(people, observed_until=END, **options)
    assert rfm.ids.tolist() == list(histories)
    assert_same(rfm, RFM.from_transactions(log_of(histories), amount="amount", observed_until=END, **options))


@given(HISTORIES, st.data())
def test_relationships_count_together(histories, data):
    whole, parted = [], []
    for name, rows in histories.items():
        cut = data.draw(st.integers(0, len(rows)))
        whole.append(customer(name, flows(rows)))
        parted.append(customer(name, flows(rows[cut:]), flows(rows[:cut])))
    assert RFM.from_customers(parted, observed_until=END, unit="week") == RFM.from_customers(
        whole, observed_until=END, unit="week"
    )


@given(HISTORIES, UNITS)
def test_years_from_now_say_the_same_as_dates(histories, unit):
    dated = [customer(name, flows(rows)) for name, rows in histories.items()]
    undated = [
        Customer(name, [Relationship(1, 0, cash_flows=[CashFlow(a, (n - 90) / DAYS_PER_YEAR) for n, a in rows])])
        for name, rows in histories.items()
    ]
    expected = RFM.from_customers(dated, observed_until=day(90), unit=unit)
    rfm = RFM.from_customers(undated, observed_until=0, unit=unit)
    assert rfm.ids.tolist() == expected.ids.tolist()
    assert rfm.x.tolist() == expected.x.tolist()
    np.testing.assert_allclose(rfm.t_x, expected.t_x, rtol=0, atol=1e-10)
    np.testing.assert_allclose(rfm.T, expected.T, rtol=0, atol=1e-10)
    np.testing.assert_allclose(rfm.m, expected.m, rtol=1e-12, atol=1e-12)


def test_the_cdnow_sample_as_records():
    log = {name: column.tolist() for name, column in cdnow().items()}
    held = {}
    for who, when, amount in zip(log["customer_id"], log["date"], log["amount"], strict=True):
        held.setdefault(who, []).append(CashFlow(amount, when))
    people = [customer(who, rows) for who, rows in held.items()]
    rfm = RFM.from_customers(people, observed_until="1997-09-30", unit="week")
    until = cdnow()["date"] <= np.datetime64("1997-09-30")
    known = {name: column[until] for name, column in cdnow().items()}
    assert_same(rfm, RFM.from_transactions(known, amount="amount", observed_until="1997-09-30", unit="week"))
    # Fader, Hardie & Lee (2005), section 4: 2,357 customers, 2,457 repeat transactions until week 39, 1,411 with none
    assert (len(rfm), rfm.x.sum(), (rfm.x == 0).sum()) == (2357, 2457, 1411)


def test_what_comes_later_is_not_known_yet():
    before = customer("ann", flows([(0, 10), (7, 20)]))
    after = customer("ann", flows([(0, 10), (7, 20), (14, 99), (14, -9)]))
    assert RFM.from_customers([after], observed_until=day(13), unit="week") == RFM.from_customers(
        [before], observed_until=day(13), unit="week"
    )
    assert RFM.from_customers([after], observed_until=day(14), unit="week").x == [2]


@pytest.mark.parametrize(
    ("as_of", "collapse", "repeats"),
    [
        ("2024-01-08", "day", 1),
        ("2024-01-08", None, 1),
        ("2024-01-08T09:00", "day", 1),
        ("2024-01-08T09:00", None, 0),
        ("2024-01-08T12:00", None, 1),
        ("2024-01-07", "day", 0),
    ],
)
def test_a_day_lasts_until_midnight(as_of, collapse, repeats):
    ann = customer("ann", [CashFlow(10, "2024-01-01T12:00"), CashFlow(20, "2024-01-08T12:00")])
    assert RFM.from_customers([ann], observed_until=as_of, collapse=collapse, unit="week").x == [repeats]


def test_refunds_reduce_spend_and_are_no_purchases():
    ann = customer(
        "ann",
        [
            CashFlow(10, day(0)),
            CashFlow(30, day(7)),
            CashFlow(50, day(14)),
            CashFlow(-8, day(15), "refund"),
            CashFlow(-12, day(16)),
        ],
    )
    rfm = RFM.from_customers([ann], observed_until=day(28), unit="week")
    assert (rfm.x, rfm.t_x, rfm.T, rfm.m) == ([2], [2], [4], [(30 + 50 - 8 - 12) / 2])


def test_other_kinds_are_left_out_unless_asked_for():
    ann = customer("ann", [CashFlow(-50, day(0), "acquisition"), CashFlow(10, day(7)), CashFlow(5, day(14), "fee")])
    assert RFM.from_customers([ann], observed_until=day(28), unit="week") == RFM(
        [0], [0], [3], [0], ids=["ann"], unit="week"
    )
    fees = RFM.from_customers([ann], observed_until=day(28), kinds=("purchase", "fee"), unit="week")
    assert fees == RFM([1], [1], [3], [5], ids=["ann"], unit="week")
    assert RFM.from_customers([ann], observed_until=day(28), kinds="fee", unit="week").T == [2]


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["bob", "ann"], "U"),
        ([20, 3], "i"),
        ([2**70, 1], "O"),
        ([("shop", 1), ("shop", 2)], "O"),
        ([UUID(int=2), UUID(int=1)], "O"),
        (["1", 1], "O"),
        ([1.5, True], "O"),
    ],
)
def test_ids_are_kept_as_they_are_in_the_order_given(names, kind):
    rfm = RFM.from_customers([customer(name, flows([(0, 10)])) for name in names], observed_until=END, unit="week")
    assert rfm.ids.tolist() == names
    assert rfm.ids.dtype.kind == kind


def test_customers_without_a_purchase_are_named():
    people = [
        customer("ann", flows([(0, 10)])),
        customer("bob", [CashFlow(-50, day(0), "acquisition"), CashFlow(30, day(1), "Purchase")]),
        Customer("carl"),
        customer("dora", flows([(50, 10)])),
        customer("eve", flows([(0, -10)])),
    ]
    with pytest.raises(DataError, match=r"broken in 4 of 5 customers, first: 'bob', 'carl', 'dora'\.") as error:
        RFM.from_customers(people, observed_until=day(10), unit="week")
    assert "kinds 'Purchase', 'acquisition', 'purchase'" in str(error.value)
    with pytest.raises(DataError, match=r"1 of 1 customers, first: 'carl'\. They have no cash flows"):
        RFM.from_customers([Customer("carl")], observed_until=END, unit="week")


def test_an_id_names_one_customer():
    people = [customer(name, flows([(0, 10)])) for name in ("ann", "bob", "ann")]
    with pytest.raises(DataError, match="1 are there more than once, first: 'ann'"):
        RFM.from_customers(people, observed_until=END, unit="week")


def test_a_refund_with_a_positive_amount_is_refused():
    ann = customer("ann", [CashFlow(10, day(0)), CashFlow(5, day(1), "refund")])
    with pytest.raises(DataError, match=r"amount <= 0; broken in 1 of 2 rows, first: customer 'ann' \(amount=5.0\)"):
        RFM.from_customers([ann], observed_until=END, unit="week")


@pytest.mark.parametrize("people", [[], [CashFlow(1, 1)], Customer("ann")])
def test_customers_are_needed(people):
    with pytest.raises(DataError, match="ustomer"):
        RFM.from_customers(people, observed_until=END, unit="week")


def test_dates_and_years_do_not_mix():
    dated, undated = customer("ann", flows([(0, 10)])), Customer("bob", [Relationship(1, 0, None, [CashFlow(1, 0)])])
    for people, as_of in (([dated, undated], END), ([dated], 1.0), ([undated], END)):
        with pytest.raises(DataError, match="mixes dates and years from now"):
            RFM.from_customers(people, observed_until=as_of, unit="week")


def test_years_from_now_have_no_calendar_to_collapse_by():
    undated = Customer("bob", [Relationship(1, 0, None, [CashFlow(1, -1)])])
    assert RFM.from_customers([undated], observed_until=0, collapse=None, unit="year").T == [1]
    with pytest.raises(ParameterError, match="collapse='month' needs a calendar"):
        RFM.from_customers([undated], observed_until=0, collapse="month", unit="week")
