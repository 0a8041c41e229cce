import datetime as dt

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.discounting.present_value import present_value
from custvalue.discounting.rate import Rate
from custvalue.errors import DataError, ParameterError
from custvalue.records.cashflow import CashFlow, CashFlows
from custvalue.records.customer import Customer
from custvalue.records.relationship import Relationship

FORCES = st.sampled_from([0.0, 1e-15, -0.05]) | st.floats(-0.2, 1)
AMOUNTS = st.integers(-(10**11), 10**11).map(lambda cents: cents / 100)
YEARS = st.floats(-20, 50)
FLOWS = st.lists(st.tuples(AMOUNTS, YEARS), max_size=30)
START = dt.date(2024, 1, 1)
# Microsoft Excel documentation, example of XNPV: rate 9 %, value on the day of the first flow
XNPV = CashFlows(
    [-10_000, 2_750, 4_250, 3_250, 2_750],
    ["2008-01-01", "2008-03-01", "2008-10-30", "2009-02-15", "2009-04-01"],
)


def columns(flows):
    return CashFlows([amount for amount, _ in flows], [t for _, t in flows])


def size(rate, flows):
    """Sum of the absolute present values: what rounding errors are relative to."""
    return present_value(rate, CashFlows(abs(flows.amounts), flows.when))


def test_excel_xnpv():
    value = present_value(Rate.annual(0.09), XNPV, as_of="2008-01-01")
    assert value == pytest.approx(2086.647602, abs=1e-6)
    assert value == pytest.approx(2086.647602031535, rel=1e-13)


@given(FORCES, FLOWS)
def test_it_is_the_sum_of_the_flows_discounted(force, flows):
    rate, cash = Rate.continuous(force), columns(flows)
    with mp.workdps(40):
        expected = mp.fsum(mp.mpf(a) * mp.exp(-mp.mpf(force) * mp.mpf(t)) for a, t in flows)
    assert abs(present_value(rate, cash) - expected) <= 2e-14 * size(rate, cash)


@given(FORCES, FLOWS, FLOWS)
def test_values_add(force, some, others):
    rate = Rate.continuous(force)
    together = columns(some + others)
    parts = present_value(rate, columns(some)) + present_value(rate, columns(others))
    assert present_value(rate, together) == pytest.approx(parts, rel=0, abs=1e-14 * size(rate, together))


@given(FORCES, FLOWS, AMOUNTS)
def test_values_scale_with_the_amounts(force, flows, factor):
    rate, cash = Rate.continuous(force), columns(flows)
    scaled = CashFlows(factor * cash.amounts, cash.when)
    expected = factor * present_value(rate, cash)
    assert present_value(rate, scaled) == pytest.approx(expected, rel=0, abs=1e-14 * size(rate, scaled))


@given(FLOWS)
def test_without_discounting_it_is_the_sum(flows):
    cash = columns(flows)
    assert present_value(Rate.zero(), cash) == cash.amounts.sum()


@given(FORCES, st.lists(st.tuples(AMOUNTS, st.integers(-5000, 5000)), min_size=1), st.integers(-5000, 5000))
def test_a_later_day_of_value_adds_the_interest_of_the_days_between(force, flows, days):
    rate = Rate.continuous(force)
    cash = CashFlows([a for a, _ in flows], [START + dt.timedelta(d) for _, d in flows])
    later = present_value(rate, cash, as_of=START + dt.timedelta(days))
    expected = present_value(rate, cash, as_of=START) / rate.discount(days / 365)
    scale = present_value(rate, CashFlows(abs(cash.amounts), cash.when), as_of=START) / rate.discount(days / 365)
    assert later == pytest.approx(expected, rel=0, abs=1e-13 * scale)


@given(FORCES, st.lists(st.tuples(AMOUNTS, st.integers(-5000, 5000)), min_size=1))
def test_dated_flows_are_flows_at_days_over_365(force, flows):
    rate = Rate.continuous(force)
    amounts, days = zip(*flows, strict=True)
    dated = CashFlows(amounts, [START + dt.timedelta(d) for d in days])
    undated = CashFlows(amounts, np.array(days) / 365)
    assert present_value(rate, dated, as_of=START) == present_value(rate, undated)


def test_the_past_earns_interest():
    assert present_value(Rate.annual(0.1), [CashFlow(100, -1)]) == pytest.approx(110, rel=1e-15)
    year_ago = [CashFlow(100, "2023-06-01")]
    assert present_value(Rate.annual(0.1), year_ago, as_of="2024-05-31") == pytest.approx(110, rel=1e-15)


def test_a_time_of_day_counts_as_part_of_the_day():
    noon = [CashFlow(100, "2024-01-01T12:00")]
    expected = 100 * 1.1 ** (-0.5 / 365)
    assert present_value(Rate.annual(0.1), noon, as_of="2024-01-01") == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    "as_of", ["2024-12-31", dt.date(2024, 12, 31), dt.datetime.fromisoformat("2024-12-31"), np.datetime64("2024-12-31")]
)
def test_records_columns_and_their_holders_agree(as_of):
    records = (CashFlow(30.0, "2024-01-05"), CashFlow(45.0, "2024-08-02"))
    shop = Relationship("shop", start="2024-01-05", cash_flows=records)
    ann = Customer("ann", [shop])
    expected = 30 * 1.1 ** (361 / 365) + 45 * 1.1 ** (151 / 365)
    for flows in (records, iter(records), CashFlows.from_records(records), shop, ann, ann.cash_flows):
        value = present_value(Rate.annual(0.1), flows, as_of=as_of)
        assert value == pytest.approx(expected, rel=1e-14)


def test_nothing_is_worth_nothing():
    assert present_value(Rate.annual(0.1), []) == 0
    assert present_value(Rate.annual(0.1), Customer("ann"), as_of="2024-12-31") == 0
    assert present_value(Rate.annual([[0.1], [0.2]]), []).tolist() == [0, 0]


def test_each_flow_may_have_its_own_rate():
    flows = CashFlows([100, 100], [1, 2])
    value = present_value(Rate.annual([0.05, 0.10]), flows)
    assert value == pytest.approx(100 / 1.05 + 100 / 1.21, rel=1e-14)
    assert np.shape(value) == ()


@given(st.lists(FORCES, min_size=1, max_size=4), FLOWS)
def test_scenarios_are_the_values_one_by_one(forces, flows):
    cash = columns(flows)
    values = present_value(Rate.continuous(np.reshape(forces, (-1, 1))), cash)
    assert values.shape == (len(forces),)
    for value, force in zip(values, forces, strict=True):
        rate = Rate.continuous(force)
        assert value == pytest.approx(present_value(rate, cash), rel=0, abs=1e-14 * size(rate, cash))


@pytest.mark.parametrize(("shape", "n"), [((3,), 2), ((3,), 1), ((2,), 0), ((4, 3), 2)])
def test_rates_of_another_length_are_refused(shape, n):
    with pytest.raises(ParameterError, match=r"one rate per flow, shape \(\d,\).*got shape"):
        present_value(Rate.annual(np.full(shape, 0.1)), CashFlows(np.ones(n), np.ones(n)))


def test_a_bare_number_is_no_rate():
    with pytest.raises(ParameterError, match="does not say per what"):
        present_value(0.1, [CashFlow(100, 1)])


@pytest.mark.parametrize(
    ("flows", "as_of", "says"),
    [
        (XNPV, None, "dated flows need as_of"),
        (XNPV, 1.0, "as_of must be a date; got 1.0"),
        ([CashFlow(100, 1)], "2024-01-01", "as_of is for dated flows"),
        ([CashFlow(100, 1)], 0.0, "leave as_of out"),
    ],
)
def test_the_day_of_value_belongs_to_the_flows(flows, as_of, says):
    with pytest.raises(ParameterError, match=says):
        present_value(Rate.annual(0.1), flows, as_of=as_of)


def test_dates_and_years_do_not_mix():
    with pytest.raises(DataError, match="mixes dates and years from now"):
        present_value(Rate.annual(0.1), [CashFlow(100, 1), CashFlow(100, "2024-01-01")], as_of="2024-01-01")


def test_small_flows_count_beside_large_ones():
    n = 1_000_000
    rate = Rate.annual(0.1)
    flows = CashFlows(np.append(np.full(n, 0.01), 1e6), np.append(np.full(n, 2.0), 0.0))
    assert present_value(rate, flows) == pytest.approx(1e6 + n * 0.01 / 1.21, rel=1e-15)
