import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf
from strategies import log_uniform

from custvalue import DataError, ParameterError
from custvalue.churn.rates import churn_rate, convert_churn, lifetime_from_churn

UNITS = ["day", "week", "month", "quarter", "year"]
DAYS = {"day": mpf(1), "week": mpf(7), "month": mpf(365.25) / 12, "quarter": mpf(365.25) / 4, "year": mpf(365.25)}
shares = st.one_of(st.floats(0, 1), log_uniform(1e-300, 1.0), st.sampled_from([0.0, 1.0, 0.5]))


@given(shares, st.sampled_from(UNITS), st.sampled_from(UNITS))
def test_conversion_is_exact(churn, one, other):
    with mp.workdps(400):
        n = DAYS[other] / DAYS[one]
        expected = float(1 - (1 - mpf(churn)) ** n)
    assert convert_churn(churn, one, other) == pytest.approx(expected, rel=1e-13)


@given(st.one_of(st.floats(0, 0.5), log_uniform(1e-300, 0.5)), st.sampled_from(UNITS), st.sampled_from(UNITS))
def test_conversions_invert(churn, one, other):
    """Where the yearly churn is not so near 1 that a float cannot tell it from 1."""
    there = convert_churn(churn, one, other)
    if there < 0.999:
        assert convert_churn(there, other, one) == pytest.approx(churn, rel=1e-11)


@given(shares, st.sampled_from(UNITS), st.sampled_from(UNITS), st.sampled_from(UNITS))
def test_conversions_by_way_of_another_period(churn, one, other, last):
    """Where the churn on the way is not so near 1 that a float cannot tell it from 1."""
    between = convert_churn(churn, one, other)
    if between < 0.999 or churn == 1:
        direct = convert_churn(churn, one, last)
        assert float(convert_churn(between, other, last)) == pytest.approx(float(direct), rel=1e-10)


def test_conversion():
    assert convert_churn(0.01, "month", "year") == pytest.approx(1 - 0.99**12, rel=1e-14)
    assert convert_churn(1e-18, "month", "year") == pytest.approx(1.2e-17, rel=1e-14)
    assert convert_churn(1.0, "year", "month") == 1
    assert convert_churn([[0.0], [0.5]], "year", "year").tolist() == [[0.0], [0.5]]
    assert convert_churn(0.2, "year", "quarter").shape == ()


@pytest.mark.parametrize("wrong", [-0.1, 1.1, np.nan, [0.1, 5.0], "much"])
def test_no_churn(wrong):
    for function in (lambda churn: convert_churn(churn, "month", "year"), lifetime_from_churn):
        with pytest.raises(ParameterError, match="churn must"):
            function(wrong)


def test_no_period():
    with pytest.raises(ParameterError, match="unit must be one of"):
        convert_churn(0.1, "month", "decade")


def test_lifetimes():
    assert lifetime_from_churn([0.25, 1, 0]).tolist() == [4, 1, np.inf]


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 1000))
def test_denominators(start, acquired, lost):
    lost = min(lost, start)
    end = start + acquired - lost
    bases = {"start": start, "average": (start + end) / 2, "exposure": start + acquired / 2, "all": start + acquired}
    for denominator, base in bases.items():
        for known in ({"at_end": end}, {"acquired": acquired}, {"at_end": end, "acquired": acquired}):
            rate = churn_rate(lost, start, **known, denominator=denominator)
            assert np.isnan(rate) if base == 0 else rate == lost / base
    if start and acquired:
        rates = [churn_rate(lost, start, acquired=acquired, denominator=name) for name in ("start", "exposure", "all")]
        assert rates == sorted(rates, reverse=True)


def test_rates_of_several_periods():
    rates = churn_rate([10, 20], [100, 200], at_end=[110, 190], denominator="average")
    np.testing.assert_allclose(rates, [10 / 105, 20 / 195])
    assert churn_rate(5, [50, 100]).tolist() == [0.1, 0.05]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"lost": -1, "at_start": 5}, "lost must be finite and >= 0"),
        ({"lost": 1, "at_start": np.nan}, "at_start must be finite"),
        ({"lost": 6, "at_start": 5}, r"lost must not exceed.*broken in 1 of 1.*won and lost in the same period"),
        ({"lost": 6, "at_start": 5, "acquired": 2}, "lost must not exceed"),
        ({"lost": 1, "at_start": 5, "denominator": "average"}, "needs at_end= or acquired="),
        (
            {"lost": [1, 2], "at_start": 5, "at_end": 4, "acquired": 0, "denominator": "all"},
            r"must hold; broken in 1 of 2 rows.*row 1",
        ),
        ({"lost": [1, 2], "at_start": [5, 6, 7]}, r"one shape; got lost \(2,\), at_start \(3,\)"),
        ({"lost": [1, 2], "at_start": [[5], [6]]}, r"one shape; got lost \(2,\), at_start \(2, 1\)"),
        ({"lost": "few", "at_start": 5}, "lost must be numbers"),
    ],
)
def test_rates_that_are_refused(arguments, said):
    with pytest.raises(DataError, match=said):
        churn_rate(**arguments)


def test_a_denominator_that_is_none():
    with pytest.raises(ParameterError, match="denominator must be 'start', 'average', 'exposure' or 'all'; got 'end'"):
        churn_rate(1, 5, denominator="end")
    assert churn_rate(6, 5, acquired=2, denominator="all") == 6 / 7


def test_the_smallest_churn():
    assert lifetime_from_churn([0.0, 1e-320]).tolist() == [np.inf, np.inf]
