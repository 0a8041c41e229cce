import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.discounting.cash_flow_batch import CashFlowBatch
from custvalue.discounting.curve import YieldCurve
from custvalue.discounting.measures import convexity, duration, profitability_index
from custvalue.discounting.present_value import net_present_value, present_value
from custvalue.discounting.rate import Rate
from custvalue.errors import DataError, ParameterError
from custvalue.records.cash_flow import CashFlows

FLOWS = st.lists(st.tuples(st.floats(0.01, 1e6), st.floats(0, 40)), min_size=1, max_size=12)
FORCES = st.floats(-0.2, 1)


def columns(flows):
    return CashFlows([a for a, _ in flows], [t for _, t in flows])


def test_one_flow_has_the_duration_of_its_time():
    assert duration(Rate.annual(0.1), CashFlows([7], [3])) == pytest.approx(3, rel=1e-15)
    assert convexity(Rate.annual(0.1), CashFlows([7], [3])) == pytest.approx(9, rel=1e-15)


def test_a_par_bond():
    # closed form of a bond at par with annual coupon = yield i: (1 + i)/i (1 - v^n)
    flows = CashFlows([5, 5, 105], [1, 2, 3])
    assert duration(Rate.annual(0.05), flows) == pytest.approx(1.05 / 0.05 * (1 - 1.05**-3), rel=1e-13)


@given(FORCES, FLOWS)
def test_duration_and_convexity_are_derivatives_of_the_value(force, flows):
    cash, h = columns(flows), 1e-4
    down, here, up = (present_value(Rate.continuous(force + shift), cash) for shift in (-h, 0, h))
    assert duration(Rate.continuous(force), cash) == pytest.approx(-(up - down) / (2 * h * here), rel=1e-4, abs=1e-6)
    second = (up - 2 * here + down) / h**2 / here
    assert convexity(Rate.continuous(force), cash) == pytest.approx(second, rel=1e-3, abs=1e-4)


@given(FORCES, FLOWS, st.floats(0, 10))
def test_later_flows_have_a_longer_duration(force, flows, wait):
    rate, cash = Rate.continuous(force), columns(flows)
    later = CashFlows(cash.amounts, cash.when + wait)
    assert duration(rate, later) == pytest.approx(duration(rate, cash) + wait, rel=1e-12, abs=1e-12)


def test_with_a_curve_it_is_a_parallel_shift():
    curve = YieldCurve.from_spot([1, 2, 5], Rate.annual([0.03, 0.04, 0.05]), interpolation="linear")
    flows, h = CashFlows([10, 20, 70], [0.5, 2, 4]), 1e-6
    shifted = [
        YieldCurve.from_spot([1, 2, 5], Rate.continuous(curve.forces + s), interpolation="linear") for s in (-h, h)
    ]
    down, up = (present_value(one, flows) for one in shifted)
    slope = -(up - down) / (2 * h * present_value(curve, flows))
    assert duration(curve, flows) == pytest.approx(slope, rel=1e-8)


def test_many_series_scenarios_and_dates():
    batch = CashFlowBatch.from_series([CashFlows([5, 105], [1, 2]), CashFlows([7], [3])])
    rates = Rate.annual([[0.0], [0.05]])
    values = duration(rates, batch)
    assert values.shape == (2, 2)
    assert values[0] == pytest.approx([215 / 110, 3], rel=1e-14)
    dated = CashFlows([7], ["2026-12-31"])
    assert duration(Rate.annual(0.1), dated, as_of="2024-01-01") == pytest.approx(1095 / 365, rel=1e-14)


def test_values_beyond_floats_have_durations():
    with np.errstate(all="raise"):
        assert duration(Rate.continuous(1000), CashFlows([1, 1], [-5, 5])) == -5
        assert duration(Rate.continuous(1e4), CashFlows([1, 1], [5, 6])) == 5


def test_a_value_of_nothing_has_no_duration():
    batch = CashFlowBatch(CashFlows([1, -1, 5], [1, 1, 1]), [0, 2, 3], ids=["a", "b"])
    with pytest.raises(DataError, match="not 0; broken in 1 of 2 rows, first: customer 'a'"):
        duration(Rate.zero(), batch)
    with pytest.raises(ParameterError, match="does not say per what"):
        convexity(0.1, batch)


@given(st.floats(0.01, 1e6), st.lists(st.floats(-1e6, 1e6), max_size=10), FORCES)
def test_the_profitability_index_is_one_plus_the_value_per_outlay(outlay, later, force):
    rate, flows = Rate.continuous(force), [-outlay, *later]
    value = net_present_value(rate, flows, timing="now")
    size = net_present_value(rate, np.abs(flows), timing="now")
    index = profitability_index(rate, flows)
    assert index == pytest.approx(1 + value / outlay, rel=0, abs=1e-13 * size / outlay)


def test_profitability_of_many_series():
    flows = [-100, 60, 60, -50, 40, -10]
    index = profitability_index(Rate.annual([[0.0], [0.1]]), flows, offsets=[0, 3, 6])
    assert index == pytest.approx(np.array([[1.2, 0.6], [(60 / 1.1 + 60 / 1.21) / 100, (40 / 1.1 - 10 / 1.21) / 50]]))
    dated = CashFlows([-100, 110], ["2024-01-01", "2024-12-31"])
    assert profitability_index(Rate.annual(0.1), dated) == pytest.approx(1, rel=1e-14)
    at_once = CashFlows([-60, -40, 121], [1, 1, 2])
    assert profitability_index(Rate.annual(0.1), at_once) == pytest.approx(1.1, rel=1e-14)


@pytest.mark.parametrize("flows", [[100, -60], [0, 5], [], CashFlows([-5, 5, 3], [0, 0, 1])])
def test_an_investment_must_be_a_payment(flows):
    with pytest.raises(DataError, match="must begin with a payment"):
        profitability_index(Rate.annual(0.1), flows)
