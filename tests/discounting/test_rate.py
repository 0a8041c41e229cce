import copy
import pickle

import attrs
import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.discounting.rate import Rate, as_rate
from custvalue.errors import ParameterError
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
