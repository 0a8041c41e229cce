import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.discounting.cash_flow_batch import CashFlowBatch
from custvalue.discounting.payback import break_even_time, discounted_payback, payback
from custvalue.discounting.rate import Rate
from custvalue.errors import ParameterError
from custvalue.records.cash_flow import CashFlow, CashFlows

AMOUNTS = st.lists(st.integers(-1000, 1000), max_size=15)


def first_time(totals):
    return next((k for k, total in enumerate(totals) if total >= 0), np.inf)


@given(AMOUNTS)
def test_payback_is_the_first_time_that_nothing_is_missing(amounts):
    expected = 0 if not any(amounts) else first_time(np.cumsum(np.trim_zeros(amounts, "f")))
    assert payback(amounts, unit="year") == expected


@given(AMOUNTS)
def test_break_even_is_for_good(amounts):
    trimmed = np.trim_zeros(amounts, "f")
    totals = np.cumsum(trimmed)
    negative = np.flatnonzero(totals < 0)
    last = negative[-1] + 1 if len(negative) else 0
    expected = np.inf if len(totals) and last == len(totals) else last
    assert break_even_time(Rate.zero(), amounts, unit="year") == expected
    assert payback(amounts, unit="year") <= expected


@given(st.integers(1, 1000), st.lists(st.integers(1, 1000), min_size=1, max_size=10), st.floats(0, 1))
def test_discounting_makes_it_later(outlay, receipts, force):
    flows = [-outlay, *receipts]
    assert discounted_payback(Rate.continuous(force), flows, unit="year") >= payback(flows, unit="year")
    even = discounted_payback(Rate.continuous(force), flows, interpolate=True, unit="year")
    whole = discounted_payback(Rate.continuous(force), flows, unit="year")
    assert even == whole == np.inf or whole - 1 <= even <= whole


def test_interpolation_takes_the_last_flow_as_even():
    assert payback([-100, 40, 40, 40], interpolate=True, unit="year") == 2.5
    value = discounted_payback(Rate.annual(0.1), [-100, 60, 60], interpolate=True, unit="year")
    assert value == pytest.approx(1 + (100 - 60 / 1.1) / (60 / 1.21), rel=1e-13)
    assert break_even_time(Rate.zero(), [-100, 150, -100, 100], interpolate=True, unit="year") == 2.5


def test_rounding_does_not_postpone_it():
    assert payback([-0.3, 0.1, 0.1, 0.1], unit="year") == 3
    rate = Rate.annual(0.1)
    assert discounted_payback(rate, [-100, 110], unit="year") == 1
    assert discounted_payback(rate, [-100, 0, 121], unit="year") == 2


def test_times_are_those_of_the_data():
    flows = [CashFlow(120, "2025-06-30"), CashFlow(-100, "2024-07-01")]
    assert payback(flows) == pytest.approx(364 / 365, rel=1e-14)
    assert payback(CashFlows([-100, 60, 60], [2, 2.5, 4])) == 2
    assert payback([-100, 60, 60], unit="month") == pytest.approx(2 / 12, rel=1e-15)


def test_many_series():
    flows = [-100, 60, 60, 5, -1, 1e9, -1e9, 1e9]
    times = payback(flows, offsets=[0, 3, 3, 4, 5, 6, 8], unit="year")
    assert times.tolist() == [2, 0, 0, np.inf, 0, 1]
    rates = Rate.annual([0.0, 0.5])
    assert discounted_payback(rates, [[-100, 60, 60], [-100, 60, 60]], unit="year").tolist() == [2, np.inf]
    batch = CashFlowBatch.periodic([[-1, 2], [-1, 0.5]], timing="next", unit="year")
    assert break_even_time(Rate.zero(), batch).tolist() == [1, np.inf]


def test_a_small_series_beside_a_large_one():
    flows = np.array([[-1e15, 1e15], [-0.3, 0.3]])
    assert payback(flows, unit="year").tolist() == [1, 1]
    assert payback(flows[::-1], unit="year").tolist() == [1, 1]


def test_scenarios_and_bare_numbers_are_refused():
    with pytest.raises(ParameterError, match="one rate, or one per series"):
        discounted_payback(Rate.annual([[0.1], [0.2]]), [-1, 2], unit="year")
    with pytest.raises(ParameterError, match="does not say per what"):
        break_even_time(0.1, [-1, 2], unit="year")
