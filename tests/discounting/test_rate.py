import copy
import pickle

import attrs
import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.discounting.rate import Rate, as_rate
from custvalue.errors import DataError, ParameterError
from custvalue.units import DAYS

MAKERS = {
    "year": Rate.annual,
    "quarter": Rate.quarterly,
    "month": Rate.monthly,
    "week": Rate.weekly,
    "day": Rate.daily,
}
PERIODS_PER_YEAR = {"year": 1, "quarter": 4, "month": 12, "week": mp.mpf(1461) / 28, "day": mp.mpf(1461) / 4}
UNITS = st.sampled_from(list(DAYS))
# tiny rates of both signs, zero and the edges stand in the domain
RATES = st.one_of(
    st.floats(-0.999, 10),
    st.floats(-1e-12, 1e-12),
    st.sampled_from([0.0, 1e-18, -1e-18, 0.1, 1.0, -0.999999]),
)
FORCES = st.floats(-50, 50) | st.floats(-1e-12, 1e-12)


EPS = 2.0**-53
SUBNORMAL = 2.0**-1070  # below 2**-1022 floats lose digits one by one


def close(value, expected, ulps=8):
    return abs(value - expected) <= ulps * EPS * abs(expected) + SUBNORMAL


@given(RATES, UNITS)
def test_a_rate_is_read_as_it_was_made(rate, unit):
    # conditioning of expm1(log1p(d)): near d = -1 the last digits of 1 + d are all there is
    expected = mp.mpf(rate)
    bound = 1e-15 * max(abs(rate), abs((1 + rate) * np.log1p(rate)) * 4)
    assert abs(MAKERS[unit](rate).effective(unit) - expected) <= bound + SUBNORMAL


@pytest.mark.parametrize("unit", MAKERS)
@pytest.mark.parametrize("rate", [0.1, 1e-18, -1e-18, 1e-9, 0.0])
def test_ordinary_and_tiny_rates_round_trip_to_the_last_digits(rate, unit):
    assert MAKERS[unit](rate).effective(unit) == pytest.approx(rate, rel=1e-15, abs=0)


@given(RATES, UNITS)
def test_the_force_is_the_logarithm_of_the_growth_of_a_year(rate, unit):
    with mp.workdps(40):
        expected = mp.log1p(mp.mpf(rate)) * PERIODS_PER_YEAR[unit]
    assert close(MAKERS[unit](rate).continuous_value, expected)


@given(FORCES, UNITS)
def test_effective_is_the_growth_of_a_period(force, unit):
    with mp.workdps(40):
        exact = mp.mpf(force) / PERIODS_PER_YEAR[unit]
        expected = mp.expm1(exact)
        # the rounding of force / periods is magnified by the condition number of expm1
        slack = 4 * abs(exact * mp.exp(exact) / expected) if force else 0
    assert close(Rate.continuous(force).effective(unit), expected, ulps=4 + slack)


@given(RATES)
def test_twelve_months_and_four_quarters_make_a_year(rate):
    month = Rate.monthly(rate).force("month")
    assert close(Rate.monthly(rate).force("year"), 12 * month)
    assert close(Rate.monthly(rate).force("quarter"), 3 * month)


def test_published_effective_rates():
    # Microsoft Excel documentation, EFFECT: 5.25 % nominal, compounded quarterly, is 5.35427 % a year
    assert Rate.quarterly(0.0525 / 4).effective("year") == pytest.approx(0.0535427, abs=5e-8)
    # 1 % a month is 12.6825 % a year
    assert Rate.monthly(0.01).effective("year") == pytest.approx(1.01**12 - 1, rel=1e-14)


@given(FORCES, st.floats(-5, 5), st.floats(-5, 5))
def test_waiting_twice_discounts_twice(force, s, t):
    rate = Rate.continuous(force)
    assert rate.discount(s) * rate.discount(t) == pytest.approx(rate.discount(s + t), rel=1e-12)
    assert rate.discount(s) * rate.discount(-s) == pytest.approx(1.0, rel=1e-12)


@given(RATES, UNITS)
def test_one_period_is_discounted_by_one_plus_the_rate(rate, unit):
    assert MAKERS[unit](rate).discount(1, unit) == pytest.approx(1 / (1 + rate), rel=1e-12)


def test_discount_broadcasts_like_an_array():
    rate = Rate.annual([[0.05], [0.10]])
    assert rate.discount([0, 1, 2]).shape == (2, 3)
    np.testing.assert_allclose(rate.discount([0, 1, 2])[1], [1, 1 / 1.1, 1 / 1.21], rtol=1e-15)
    assert rate.discount(1).shape == (2, 1)
    assert np.shape(Rate.annual(0.1).discount(1)) == ()
    assert Rate.annual(0.1).discount([]).shape == (0,)


def test_no_discounting():
    assert Rate.zero().discount([0, 1, 1e6]).tolist() == [1, 1, 1]
    assert Rate.zero() == Rate.annual(0) == Rate.continuous(0)


@given(RATES | FORCES, UNITS)
def test_equality_hash_repr_and_pickle_follow_the_force(value, unit):
    rate = Rate.continuous(value)
    again = eval(repr(rate), {"Rate": Rate})  # noqa: S307 (the claim is that repr is code)
    assert again == rate
    assert hash(again) == hash(rate)
    assert pickle.loads(pickle.dumps(rate)) == copy.deepcopy(rate) == attrs.evolve(rate) == rate  # noqa: S301
    assert rate != Rate.continuous(value + 1)


@given(st.lists(FORCES, min_size=1, max_size=5))
def test_rates_of_many_survive_repr_and_pickle_but_do_not_hash(forces):
    rates = Rate.continuous(forces)
    names = {"Rate": Rate, "array": np.array}
    assert eval(repr(rates), names) == rates  # noqa: S307
    assert pickle.loads(pickle.dumps(rates)) == rates  # noqa: S301
    assert rates != Rate.continuous([*forces, 0.0])
    with pytest.raises(TypeError, match="unhashable"):
        hash(rates)


def test_a_rate_is_not_equal_to_a_number():
    assert Rate.zero() != 0.0


def test_rates_are_read_only_and_do_not_share_memory():
    forces = np.array([0.05, 0.10])
    rates = Rate.continuous(forces)
    forces[0] = 99.0
    assert rates.continuous_value.tolist() == [0.05, 0.10]
    with pytest.raises(ValueError, match="read-only"):
        rates.continuous_value[0] = 99.0


def test_one_rate_is_a_plain_float_whatever_it_was_made_from():
    for value in (0.1, np.float64(0.1), np.array(0.1)):
        rate = Rate.annual(value)
        assert {type(rate.continuous_value), type(rate.force("week")), type(rate.effective())} == {float}


@pytest.mark.parametrize("maker", [*MAKERS.values(), Rate.continuous])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, None, "0.1", [0.1, np.nan], 1j, Rate.zero()])
def test_a_rate_is_made_from_finite_numbers(maker, bad):
    with pytest.raises(ParameterError):
        maker(bad)


@pytest.mark.parametrize("maker", MAKERS.values())
@pytest.mark.parametrize("bad", [-1, -1.0, -5, [0.1, -1]])
def test_nothing_loses_more_than_everything(maker, bad):
    with pytest.raises(ParameterError, match=r"> -1 .*Write 5 % as 0.05"):
        maker(bad)


def test_an_unknown_period_is_refused():
    with pytest.raises(ParameterError, match="'year'; got 'fortnight'"):
        Rate.annual(0.1).force("fortnight")


@pytest.mark.parametrize("bare", [0.1, 1, np.float64(0.1), np.array([0.1]), "10%", None])
def test_a_bare_number_is_no_rate(bare):
    with pytest.raises(ParameterError, match=r"does not say per what.*Rate.annual\(0.1\)"):
        as_rate(bare)


def test_a_number_alone_does_not_make_a_rate():
    with pytest.raises(TypeError, match="positional"):
        Rate(0.1)


def test_a_rate_passes_as_it_is():
    rate = Rate.annual(0.1)
    assert as_rate(rate) is rate


TIMES_A_YEAR = st.sampled_from([1, 2, 4, 12, 52, 365, 0.5, np.inf])


@given(st.floats(-0.4, 10) | st.floats(-1e-12, 1e-12) | st.sampled_from([0.0, 1e-18]), TIMES_A_YEAR)
def test_a_nominal_rate_is_compounded_so_often(nominal, times):
    with mp.workdps(40):
        j = mp.mpf(nominal)
        force = j if times == np.inf else mp.mpf(times) * mp.log1p(j / mp.mpf(times))
    rate = Rate.nominal(nominal, times)
    assert abs(rate.continuous_value - force) <= 8 * EPS * abs(force) + 400 * SUBNORMAL
    assert rate.nominal_rate(times) == pytest.approx(nominal, rel=1e-15 * (2 + abs(float(force))), abs=400 * SUBNORMAL)


@pytest.mark.parametrize("unit", ["year", "quarter", "month"])
@pytest.mark.parametrize("rate", [1e-15, -1e-15, 1e-12, 1e-9, 0.1, 1.0])
def test_conversions_keep_the_last_digits(rate, unit):
    times = round(float(PERIODS_PER_YEAR[unit]))
    assert Rate.nominal(rate, times).effective(unit) == pytest.approx(rate / times, rel=1e-15, abs=0)
    assert MAKERS[unit](rate).nominal_rate(times) == pytest.approx(rate * times, rel=1e-15, abs=0)


def test_excel_effect_and_nominal():
    # Microsoft Excel documentation: EFFECT(0.0525, 4) and NOMINAL(0.053543, 4)
    assert Rate.nominal(0.0525, 4).effective() == pytest.approx(0.0535427, abs=5e-8)
    assert Rate.annual(0.053543).nominal_rate(4) == pytest.approx(0.05250032, abs=5e-9)
    # RRI(96, 10000, 11000), the rate per month; PDURATION(2.5 %, 2000, 2200), in years
    growth = Rate.continuous(np.log(11000 / 10000) / 8)
    assert growth.effective("month") == pytest.approx(0.0009933, abs=5e-8)
    assert np.log(2200 / 2000) / Rate.annual(0.025).force() == pytest.approx(3.86, abs=0.005)


def test_fifteen_percent_a_year_by_weeks():
    # Fader, Hardie & Lee (2005), Marketing Science 24(2): a 15 % annual rate, 52 weeks, is 0.0027 per week
    rate = Rate.annual(0.15)
    assert rate.nominal_rate(np.inf) / 52 == pytest.approx(0.0027, abs=5e-5)
    assert rate.nominal_rate(52) / 52 == pytest.approx(0.0026913448445793353, rel=1e-13)


@pytest.mark.parametrize(
    ("nominal", "times"), [(-12, 12), (-1, 1), (np.nan, 1), (0.1, 0), (0.1, -1), (0.1, np.nan), (0.1, "m")]
)
def test_impossible_nominal_rates_are_refused(nominal, times):
    with pytest.raises(ParameterError):
        Rate.nominal(nominal, times)


def test_factors_beyond_floats_come_without_a_warning():
    with np.errstate(all="raise"):
        assert Rate.continuous(1).discount([1000, 1e300, -1000]).tolist() == [0, 0, np.inf]
        assert Rate.continuous(1e300).discount([1e300, -1e300]).tolist() == [0, np.inf]
        assert Rate.continuous(800).effective() == np.inf
        assert Rate.continuous(1e4).nominal_rate(1) == np.inf
    assert Rate.continuous(1).log_discount([1000, -1000]).tolist() == [-1000, 1000]
    assert Rate.continuous(745).discount(1) > 0


@pytest.mark.parametrize("t", [np.nan, np.inf, [0, -np.inf]])
def test_times_are_finite(t):
    with pytest.raises(DataError, match="times must be finite"):
        Rate.annual(0.1).discount(t)


def test_shapes_that_do_not_fit_are_said_in_words():
    with pytest.raises(ParameterError, match=r"must broadcast to one shape; got rate \(2,\), t \(3,\)"):
        Rate.annual([0.1, 0.2]).discount([1, 2, 3])
    assert Rate.annual([[0.1], [0.2]]).discount([1, 2]).shape == (2, 2)
