import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import law

from custvalue.discounting.annuity import annuity
from custvalue.discounting.payments import level_payment, number_of_payments, payment_rate
from custvalue.discounting.rate import Rate
from custvalue.errors import DataError, ParameterError

MONTHLY_8, MONTHLY_12 = Rate.nominal(0.08, 12), Rate.nominal(0.12, 12)
FORCES = st.floats(-0.5, 2) | st.floats(-1e-9, 1e-9) | st.sampled_from([0.0, 1e-15, -1e-15, 1e-300, 5e-324])
SUMS = st.integers(-(10**6), 10**6).map(float)
DUE = st.sampled_from(["now", "next", "middle"])
SHIFT = {"now": 0.0, "next": 1.0, "middle": 0.5}


def test_excel_pmt():
    # Microsoft Excel documentation: PMT(8%/12, 10, 10000), the same with type 1, PMT(6%/12, 18*12, 0, 50000)
    assert level_payment(MONTHLY_8, 10_000, 10, due="next", period="month") == pytest.approx(-1037.03, abs=0.005)
    assert level_payment(MONTHLY_8, 10_000, 10, due="now", period="month") == pytest.approx(-1030.16, abs=0.005)
    saving = level_payment(Rate.nominal(0.06, 12), 0, 18 * 12, due="next", future=50_000, period="month")
    assert saving == pytest.approx(-129.08, abs=0.005)


def test_saving_for_a_long_time():
    # 100 in 60 years at 50 %: the sum at the end is worth 3e-9 now, and none of its digits are lost
    value = level_payment(Rate.annual(0.5), 0, 60, due="next", future=100)
    assert value == pytest.approx(-100 * 0.5 / (1.5**60 - 1), rel=1e-13)
    deflation = level_payment(Rate.annual(-0.3), 100, 60, due="next")
    assert deflation == pytest.approx(-100 * -0.3 / (1 - 0.7**-60), rel=1e-13)


def test_excel_nper():
    # Microsoft Excel documentation: NPER(12%/12, -100, -1000, 10000, 1), without the 1, and without the 10000
    def count(due, future=0):
        return number_of_payments(MONTHLY_12, -1000, -100, due=due, future=future, period="month")

    assert count("now", 10_000) == pytest.approx(59.6738657, abs=5e-8)
    assert count("next", 10_000) == pytest.approx(60.0821229, abs=5e-8)
    assert count("next") == pytest.approx(-9.57859404, abs=5e-9)


def test_excel_rate():
    # Microsoft Excel documentation: RATE(48, -200, 8000), 0.77 % a month, 9.24 % nominal a year
    rate = payment_rate(8000, -200, 48, due="next", period="month")
    assert rate.effective("month") == pytest.approx(0.007701472488201865, rel=1e-12)
    assert rate.nominal_rate(12) == pytest.approx(0.0924, abs=5e-5)


@law
@given(FORCES, SUMS, SUMS, st.integers(1, 500), DUE)
def test_a_payment_balances_the_sums(force, present, future, n, due):
    with np.errstate(all="raise"):
        value = level_payment(Rate.continuous(force), present, n, due=due, future=future)
    with mp.workdps(50):
        delta = mp.mpf(force)
        worth = mp.fsum(mp.exp(-delta * (k + mp.mpf(SHIFT[due]))) for k in range(n))
        expected = -(present + future * mp.exp(-delta * n)) / worth
        size = (abs(present) + abs(future) * mp.exp(-delta * n)) / worth
    # present = -future is exact; otherwise rounding is relative to the sums themselves
    assert abs(value - expected) <= 2.0**-52 * (8 + 4 * n * abs(force)) * (
        abs(expected) if present == -future else size
    )


@pytest.mark.parametrize("i", [0.0, 1e-15, 1e-12, 1e-3])
def test_a_loan_that_is_paid_back_at_once_costs_its_interest(i):
    value = level_payment(Rate.annual(i), 1000, 10, due="next", future=-1000)
    assert value == pytest.approx(-1000 * i, rel=1e-14, abs=0)


@law
@given(FORCES, st.floats(1, 1e6), st.integers(1, 300), DUE)
def test_counting_payments_is_the_inverse(force, present, n, due):
    rate = Rate.continuous(force)
    payment = level_payment(rate, present, n, due=due)
    ill = np.exp(abs(force) * n)  # payments that barely cover the interest, or barely count, do not say how many
    if 1e-300 < abs(payment) and ill < 1e5:
        assert number_of_payments(rate, present, payment, due=due) == pytest.approx(n, rel=1e-14 * ill + 1e-11)


def test_counting_payments_at_no_interest():
    for tiny in (0.0, 1e-300, 1e-17, -1e-17):
        assert number_of_payments(Rate.annual(tiny), 1000, -100, due="now") == pytest.approx(10, rel=1e-14)
        assert number_of_payments(Rate.annual(tiny), 1000, -100, due="next", future=-500) == pytest.approx(5, rel=1e-14)
    assert number_of_payments(Rate.annual(0.1), 1000, -100, due="next", future=-1000) == 0


@law
@given(st.floats(-0.2, 1), st.floats(1, 1e6), st.integers(1, 120), DUE)
def test_the_rate_is_the_one_that_balances(force, present, n, due):
    payment = -present / annuity(Rate.continuous(force), 1, n, due=due)
    if due == "now" and n == 1:
        with pytest.raises(DataError, match=r"worth 0 at any rate|none"):
            payment_rate(present, payment, n, due=due)
    else:
        rate = payment_rate(present, payment, n, due=due)
        assert rate.continuous_value == pytest.approx(force, rel=1e-9, abs=1e-11)


def test_rates_of_many():
    rates = payment_rate([8000, 1000], [-200, -100], [48, 10], due="next", period="month")
    assert rates.effective("month") == pytest.approx([0.007701472488201865, 0], rel=1e-12, abs=1e-14)
    with pytest.raises(DataError, match="one column"):
        payment_rate(np.ones((2, 2)), -1, 10, due="next")


def test_no_rate_is_reported():
    with pytest.raises(DataError, match="none: no rate makes them worth 0"):
        payment_rate(1000, 100, 10, due="next")


@pytest.mark.parametrize(("payment", "rate"), [(-100, 0.1), (-50, 0.1), (0, 0.1), (0, 0.0)])
def test_payments_that_do_not_cover_the_interest_are_refused(payment, rate):
    with pytest.raises(DataError, match="do not cover the interest"):
        number_of_payments(Rate.annual(rate), 1000, payment, due="next")


def test_arguments_broadcast():
    values = level_payment(Rate.annual([[0.0], [0.1]]), [100, 200], 10, due="next")
    assert values.shape == (2, 2)
    assert values[0].tolist() == [-10, -20]
    assert number_of_payments(Rate.annual([0.0, 0.1]), 1000, [-100, -200], due="next").shape == (2,)


def test_shapes_that_do_not_broadcast_are_refused():
    for call in (level_payment, number_of_payments):
        with pytest.raises(ParameterError, match="arguments must be one number for all"):
            call(Rate.annual([0.1, 0.2]), [1, 2, 3], 10, due="next")
    with pytest.raises(ParameterError, match="arguments must be one number for all"):
        payment_rate([1, 2], [-1, -2, -3], 10, due="next")


def test_values_beyond_floats():
    with np.errstate(all="raise"):
        assert level_payment(Rate.annual(-0.9), 1000, 1000, due="next") == 0
        assert level_payment(Rate.continuous(2000), 1, 10, due="next") == -np.inf


def test_bad_arguments_are_refused():
    for bad in (0, -1, 2.5, np.inf, np.nan):
        with pytest.raises(ParameterError, match="whole numbers of at least 1"):
            level_payment(MONTHLY_8, 1, bad, due="next")
        with pytest.raises(ParameterError, match="whole numbers of at least 1"):
            payment_rate(1, -1, bad, due="next")
    for call in (level_payment, number_of_payments):
        with pytest.raises(ParameterError, match="does not say per what"):
            call(0.1, 1, 10, due="next")
        with pytest.raises(ParameterError, match="due must be 'now'"):
            call(MONTHLY_8, 1, 10, due="end")
        with pytest.raises(TypeError, match="due"):
            call(MONTHLY_8, 1, 10)
        with pytest.raises(DataError, match="present must be finite"):
            call(MONTHLY_8, np.nan, 10, due="next")
