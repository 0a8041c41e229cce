import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.discounting.cash_flow_batch import CashFlowBatch
from custvalue.discounting.irr import irr
from custvalue.discounting.mirr import mirr
from custvalue.discounting.rate import Rate
from custvalue.errors import DataError, ParameterError
from custvalue.records.cash_flow import CashFlows

EXCEL = [-120_000, 39_000, 30_000, 21_000, 37_000, 46_000]
BORROWED, INVESTED = Rate.annual(0.10), Rate.annual(0.12)


def test_excel_mirr():
    # Microsoft Excel documentation, MIRR: after five years, after three, and reinvested at 14 %
    five = mirr(EXCEL, finance=BORROWED, reinvest=INVESTED, unit="year")
    assert five.effective() == pytest.approx(0.1260941303659051, rel=1e-13)
    three = mirr(EXCEL[:4], finance=BORROWED, reinvest=INVESTED, unit="year")
    assert three.effective() == pytest.approx(-0.048, abs=5e-4)
    other = mirr(EXCEL, finance=BORROWED, reinvest=Rate.annual(0.14), unit="year")
    assert other.effective() == pytest.approx(0.1347591, abs=5e-8)


@given(st.lists(st.floats(1, 1e6), min_size=1, max_size=10), st.floats(1, 1e6))
def test_at_the_internal_rate_itself_it_is_the_internal_rate(receipts, outlay):
    flows = [-outlay, *receipts]
    rate = irr(flows, unit="year")
    modified = mirr(flows, finance=rate, reinvest=rate, unit="year").continuous_value
    assert modified == pytest.approx(rate.continuous_value, rel=1e-12, abs=1e-13)


def test_times_of_any_kind():
    dated = CashFlows(EXCEL, np.datetime64("2021-01-01") + 365 * np.arange(6))
    years = CashFlows(EXCEL, np.arange(6) + 7.5)
    expected = mirr(EXCEL, finance=BORROWED, reinvest=INVESTED, unit="year").continuous_value
    for flows in (dated, years):
        assert mirr(flows, finance=BORROWED, reinvest=INVESTED).continuous_value == pytest.approx(expected, rel=1e-12)
    monthly = mirr(EXCEL, finance=Rate.monthly(0.10), reinvest=Rate.monthly(0.12), unit="month")
    assert monthly.effective("month") == pytest.approx(0.1260941303659051, rel=1e-12)


def test_many_series_and_rates_of_their_own():
    flows, reinvest = [*EXCEL, *EXCEL[:4]], Rate.annual([0.14, 0.12])
    rates = mirr(flows, offsets=[0, 6, 10], finance=BORROWED, reinvest=reinvest, unit="year").effective()
    assert rates == pytest.approx([0.13475911082831482, -0.048044655249980806], rel=1e-12)


def test_rates_beyond_floats():
    rate = mirr([-1, 1, 1], finance=Rate.continuous(900), reinvest=Rate.continuous(1000), unit="year")
    assert rate.continuous_value == pytest.approx(500, rel=1e-14)


@pytest.mark.parametrize("flows", [[1, 2], [-1, -2], [], CashFlows([-1, 2], [1, 1])])
def test_a_payment_and_a_receipt_are_needed(flows):
    unit = {} if isinstance(flows, CashFlows) else {"unit": "year"}
    with pytest.raises(DataError, match="needs a payment and a receipt, at different times; broken in 1 of 1 rows"):
        mirr(flows, finance=BORROWED, reinvest=INVESTED, **unit)


def test_bad_rates_are_refused():
    with pytest.raises(ParameterError, match="does not say per what"):
        mirr(EXCEL, finance=0.1, reinvest=INVESTED, unit="year")
    with pytest.raises(ParameterError, match="one for all series, or one per series"):
        mirr(EXCEL, finance=BORROWED, reinvest=Rate.annual([[0.1], [0.2]]), unit="year")
    batch = CashFlowBatch.periodic([[-1, 2], [1, 2]], timing="now", ids=["a", "b"], unit="year")
    with pytest.raises(DataError, match="first: customer 'b'"):
        mirr(batch, finance=BORROWED, reinvest=INVESTED)
