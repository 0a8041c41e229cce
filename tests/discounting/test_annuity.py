import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.discounting.annuity import annuity, annuity_future_value, perpetuity
from custvalue.discounting.present_value import net_present_value
from custvalue.discounting.rate import Rate
from custvalue.errors import ParameterError

DUES = ("now", "next", "middle", "continuous")
DUE = st.sampled_from(DUES)
FORCES = (
    st.floats(-0.5, 3)
    | st.floats(-1e-9, 1e-9)
    | st.sampled_from([0.0, 1e-15, -1e-15, 1e-300, -1e-300, 5e-324, float(np.log1p(0.05)), 0.7])
)
GROWTHS = st.sampled_from([0.0, 0.05, 1e-15, -1e-15, -0.5]) | st.floats(-0.9, 1)
PERIODS = st.integers(0, 40) | st.sampled_from([0, 1, 360, 10_000, 10**6])


def exact(force, growth, n, timing):
    """40-digit value of n payments of 1 that grow, now; and its derivative bound for what rounding may do."""
    delta, gamma = mp.mpf(force), mp.log1p(mp.mpf(growth))
    net = delta - gamma
    if timing == "continuous":
        return mp.mpf(n) if net == 0 else -mp.expm1(-net * n) / net
    shift = {"now": 0, "next": 1, "middle": mp.mpf(1) / 2}[timing]
    count = mp.mpf(n) if net == 0 else mp.expm1(-net * n) / mp.expm1(-net)
    return mp.exp(-delta * shift) * count


def close(value, force, growth, n, timing, ahead=0):
    with mp.workdps(60):
        expected = exact(force, growth, n, timing) * mp.exp(mp.mpf(force) * ahead)
        # a rounding of the force or of the growth's force by one unit moves the value by at most its length
        condition = 8 + 2 * (n + ahead) * (abs(force) + abs(np.log1p(growth)))
    if expected > 1.79e308:
        return value > 1e308
    return abs(value - expected) <= 2.0**-52 * condition * expected + mp.mpf("1e-320")


@given(FORCES, GROWTHS, PERIODS, DUE)
def test_annuities_are_those_of_40_digits(force, growth, n, timing):
    with np.errstate(all="raise"):
        value = annuity(Rate.continuous(force), 1.0, n, timing=timing, growth=growth, unit="year")
    assert close(value, force, growth, n, timing)


@given(FORCES, GROWTHS, PERIODS, DUE)
def test_future_values_are_those_of_40_digits(force, growth, n, timing):
    with np.errstate(all="raise"):
        value = annuity_future_value(Rate.continuous(force), 1.0, n, timing=timing, growth=growth, unit="year")
    assert close(value, force, growth, n, timing, ahead=n)


@given(FORCES, GROWTHS, st.integers(0, 60), st.sampled_from(DUES[:3]), st.sampled_from(["year", "month", "week"]))
def test_an_annuity_is_the_sum_of_its_payments(force, growth, n, timing, period):
    rate = Rate.continuous(force)
    payments = 100 * (1 + growth) ** np.arange(n)
    value = annuity(rate, 100, n, timing=timing, growth=growth, unit=period)
    assert value == pytest.approx(net_present_value(rate, payments, timing=timing, unit=period), rel=1e-11, abs=1e-300)


@pytest.mark.parametrize(
    ("timing", "expected"),
    [
        ("next", 6.144567105704685),
        ("now", 6.759023816275154),
        ("middle", 6.444476348638333),
        ("continuous", 6.446915868084283),
    ],
)
def test_ten_years_at_ten_percent(timing, expected):
    assert annuity(Rate.annual(0.10), 1, 10, timing=timing, unit="year") == pytest.approx(expected, rel=1e-14)


def test_excel_pv_and_fv():
    # Microsoft Excel documentation: PV(0.08/12, 240, 500) and FV(0.06/12, 10, -200, -500, 1), signs turned
    value = annuity(Rate.nominal(0.08, 12), 500, 240, timing="next", unit="month")
    assert value == pytest.approx(59_777.15, abs=0.005)
    saved = annuity_future_value(Rate.nominal(0.06, 12), 200, 10, timing="now", unit="month") + 500 * 1.005**10
    assert saved == pytest.approx(2_581.40, abs=0.005)


@pytest.mark.parametrize("tiny", [0.0, 1e-15, 1e-17, 1e-300, 5e-324, -1e-15])
def test_tiny_rates_lose_nothing(tiny):
    # where numpy-financial's pv is 11 % off, at 1e-15
    for timing in DUES:
        assert annuity(Rate.annual(tiny), 1, 10, timing=timing, unit="year") == pytest.approx(10, rel=1e-13)
        assert annuity_future_value(Rate.annual(tiny), 1, 10, timing=timing, unit="year") == pytest.approx(
            10, rel=1e-13
        )


@pytest.mark.parametrize("n", [1, 10, 10**6])
def test_growth_at_the_rate_of_interest_is_exact(n):
    rate = Rate.annual(0.05)
    assert annuity(rate, 1, n, timing="now", growth=0.05, unit="year") == n
    assert annuity(rate, 1, n, timing="next", growth=0.05, unit="year") == pytest.approx(n / 1.05, rel=1e-15)
    assert annuity(rate, 1, n, timing="continuous", growth=0.05, unit="year") == n


def test_a_growing_annuity():
    value = annuity(Rate.annual(0.10), 100, 10, timing="next", growth=0.03, unit="year")
    assert value == pytest.approx(100 * (1 - (1.03 / 1.1) ** 10) / 0.07, rel=1e-14)


def test_arguments_broadcast():
    values = annuity(Rate.annual([[0.0], [0.1], [0.2]]), [1, 2], [10, 5], timing="next", unit="year")
    assert values.shape == (3, 2)
    assert values[0].tolist() == [10, 10]
    assert values[1, 1] == annuity(Rate.annual(0.1), 2, 5, timing="next", unit="year")


def test_shapes_that_do_not_broadcast_are_refused():
    with pytest.raises(ParameterError, match=r"got payment \(2,\), periods \(3,\)"):
        annuity(Rate.annual(0.1), [1, 2], [1, 2, 3], timing="next", unit="year")


def test_a_column_beside_a_row_of_its_length_is_refused():
    with pytest.raises(ParameterError, match=r"got rate \(2, 1\), payment \(2,\). Ravel"):
        annuity(Rate.annual([[0.0], [0.1]]), [1, 2], 10, timing="next", unit="year")
    grid = annuity(Rate.annual([[0.0], [0.1]]), [[1, 2]], 10, timing="next", unit="year")
    assert grid.shape == (2, 2)


def test_half_a_period_of_a_continuous_annuity():
    assert annuity(Rate.annual(0.1), 100, 0.5, timing="continuous", unit="year") == pytest.approx(
        100 * (1 - 1.1**-0.5) / np.log(1.1), rel=1e-14
    )
    assert annuity(Rate.zero(), 100, 0.5, timing="continuous", unit="year") == 50


def test_values_beyond_floats():
    with np.errstate(all="raise"):
        assert annuity(Rate.annual(-0.5), 1, 5_000, timing="next", unit="year") == np.inf
        assert annuity(Rate.continuous(2000), 1, 5, timing="next", unit="year") == 0
        assert annuity(Rate.continuous(2000), 0, 5, timing="next", unit="year") == 0
        value = annuity(Rate.continuous(-1), 1e-300, 1_000, timing="next", unit="year")
    with mp.workdps(40):
        expected = mp.mpf(1e-300) * mp.fsum(mp.exp(mp.mpf(k)) for k in range(1, 1001))
    assert value == pytest.approx(float(expected), rel=1e-12)


# --- forever --------------------------------------------------------------------------------------------------------


def test_perpetuities():
    rate = Rate.annual(0.10)
    assert perpetuity(rate, 100, timing="next", unit="year") == pytest.approx(1000, rel=1e-14)
    assert perpetuity(rate, 100, timing="next", growth=0.03, unit="year") == pytest.approx(100 / 0.07, rel=1e-14)
    assert perpetuity(rate, 100, timing="now", unit="year") == pytest.approx(1100, rel=1e-14)
    assert perpetuity(rate, 100, timing="middle", unit="year") == pytest.approx(1000 * 1.1**0.5, rel=1e-14)
    assert perpetuity(rate, 100, timing="continuous", unit="year") == pytest.approx(100 / np.log(1.1), rel=1e-14)
    assert perpetuity(Rate.annual(1e-15), 1, timing="next", unit="year") == pytest.approx(1e15, rel=1e-14)


@given(st.floats(1e-3, 3), st.floats(-0.5, 0), DUE)
def test_a_perpetuity_is_a_very_long_annuity(force, growth, timing):
    rate = Rate.continuous(force)
    long = annuity(rate, 1, 100_000, timing=timing, growth=growth, unit="year")
    assert perpetuity(rate, 1, timing=timing, growth=growth, unit="year") == pytest.approx(long, rel=1e-12)


@given(st.floats(0.01, 1), st.floats(-0.3, 0.3), st.integers(0, 50), DUE)
def test_an_annuity_is_the_difference_of_two_perpetuities(net, growth, n, timing):
    rate = Rate.continuous(np.log1p(growth) + net)
    rest = perpetuity(rate, (1 + growth) ** n, timing=timing, growth=growth, unit="year") * rate.discount(n)
    whole = perpetuity(rate, 1, timing=timing, growth=growth, unit="year")
    assert annuity(rate, 1, n, timing=timing, growth=growth, unit="year") == pytest.approx(
        whole - rest, rel=1e-11, abs=1e-12 * whole
    )


@pytest.mark.parametrize(
    ("rate", "growth", "period"),
    [
        (Rate.zero(), 0.0, "year"),
        (Rate.annual(-0.01), 0.0, "year"),
        (Rate.annual(0.05), 0.05, "year"),
        (Rate.annual(0.05), 0.06, "year"),
        (Rate.monthly(0.01), 0.01, "month"),
        (Rate.weekly(0.003), 0.003, "week"),
    ],
)
def test_a_sum_without_end_is_infinite(rate, growth, period):
    for timing in DUES:
        values = perpetuity(rate, [3, -3, 0], timing=timing, growth=growth, unit=period)
        assert values.tolist() == [np.inf, -np.inf, 0]


# --- arguments ------------------------------------------------------------------------------------------------------


def test_the_first_payment_has_no_default():
    for call in (annuity, annuity_future_value):
        with pytest.raises(TypeError, match="timing"):
            call(Rate.annual(0.1), 1, 10)
    with pytest.raises(TypeError, match="timing"):
        perpetuity(Rate.annual(0.1), 1, unit="year")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"rate": 0.1}, "does not say per what"),
        ({"timing": "end"}, "timing must be 'now'"),
        ({"periods": -1}, "periods must be finite and >= 0"),
        ({"periods": np.inf}, "Payments forever: perpetuity"),
        ({"periods": 1.5}, "periods must be a whole number"),
        ({"growth": -1}, "growth must be > -1"),
        ({"growth": np.nan}, "growth must be finite"),
        ({"payment": np.inf}, "payment must be finite"),
        ({"unit": "fortnight"}, "unit must be one of"),
    ],
)
def test_bad_arguments_are_refused(arguments, says):
    good = {"rate": Rate.annual(0.1), "payment": 1, "periods": 10, "timing": "next", "unit": "year"}
    with pytest.raises(ParameterError, match=says):
        annuity(**(good | arguments))
