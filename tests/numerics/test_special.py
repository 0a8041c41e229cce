import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.numerics.special import (
    at_least,
    beta_ratio_slopes,
    by_count,
    end_of,
    fewer,
    growth_slope,
    log_beta_ratio,
    log_grown,
    log_growth,
    log_nbd_chance,
    log_nbd_pmf,
    log_rising,
    powers,
    psi_gap,
    psi_rising,
    stirling_error,
)

SIZES = st.sampled_from([1e-6, 0.5, 1.0, 15.999, 16.0, 1e4, 1e9]) | st.floats(1e-6, 1e9)
COUNTS = st.integers(0, 10_000) | st.sampled_from([0, 1, 10**6])


def column(*values):
    return np.array(values, dtype=np.float64)


@given(SIZES, COUNTS)
def test_rising_factorials_and_their_slopes(z, n):
    with mp.workdps(50):
        exact = mp.loggamma(mp.mpf(z) + n) - mp.loggamma(z)
        slope = mp.digamma(mp.mpf(z) + n) - mp.digamma(z)
    # one element, an array of z beside it, and the table of one z
    for found in (log_rising(z, column(n)), log_rising(column(z, z), column(n, n)), log_rising(z, column(n, 0))):
        assert found[0] == pytest.approx(float(exact), rel=1e-11, abs=1e-13)
    assert psi_rising(z, column(n, 0))[0] == pytest.approx(float(slope), rel=1e-11, abs=1e-13)
    assert psi_gap(column(z), float(n))[0] == pytest.approx(float(slope), rel=3e-14)


@given(SIZES)
def test_stirlings_error(z):
    with mp.workdps(50):
        big = mp.mpf(z)
        exact = mp.loggamma(big) - ((big - 0.5) * mp.log(big) - big + mp.log(2 * mp.pi) / 2)
    assert stirling_error(column(z))[0] == pytest.approx(float(exact), rel=1e-12, abs=2e-14)


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6), st.floats(0, 1e6))
def test_log_beta_ratios_keep_their_digits_however_small(a, x, y):
    with mp.workdps(80):
        a_, x_, y_ = map(mp.mpf, (a, x, y))
        exact = mp.loggamma(x_) - mp.loggamma(a_ + x_) - mp.loggamma(x_ + y_) + mp.loggamma(a_ + x_ + y_)
        slopes = [
            mp.digamma(a_ + x_ + y_) - mp.digamma(a_ + x_),
            mp.digamma(x_) - mp.digamma(a_ + x_) - mp.digamma(x_ + y_) + mp.digamma(a_ + x_ + y_),
            mp.digamma(a_ + x_ + y_) - mp.digamma(x_ + y_),
        ]
    assert log_beta_ratio(a, column(x), column(y))[0] == pytest.approx(float(exact), rel=1e-13)
    found = [slope[0] for slope in beta_ratio_slopes(a, column(x), column(y))]
    size = [1, abs(float(slopes[2])) + 1, 1]
    for got, wanted, scale in zip(found, slopes, size, strict=True):
        assert got == pytest.approx(float(wanted), rel=1e-12, abs=1e-14 * scale)


@given(st.integers(0, 2000), st.floats(1e-3, 1e4), st.floats(1e-6, 1e6))
def test_chances_of_counts(n, R, h):
    with mp.workdps(50):
        r, t = mp.mpf(R), mp.mpf(h)
        size = mp.loggamma(r + n) - mp.loggamma(r) - mp.loggamma(n + 1)
        exact = float(size + n * mp.log(t / (1 + t)) - r * mp.log1p(t))
    assert log_nbd_pmf(column(n), R, column(h))[0] == pytest.approx(exact, rel=1e-11, abs=1e-9)
    assert log_nbd_chance(column(n), R, h)[0] == pytest.approx(exact, rel=1e-12, abs=1e-12)


@given(st.integers(1, 60), st.floats(0.01, 100), st.floats(1e-6, 1e6))
def test_tails_of_counts_are_tails(m, R, h):
    with mp.workdps(50):
        z = mp.mpf(h) / (1 + mp.mpf(h))
        below = mp.fsum(mp.binomial(R + n - 1, n) * z**n * (1 - z) ** R for n in range(m))
        above = mp.betainc(m, R, 0, z, regularized=True)
    assert fewer(m, R, h) == pytest.approx(float(below), rel=1e-11)
    assert at_least(m, R, h) == pytest.approx(float(above), rel=1e-11)


def test_functions_of_counts_are_computed_once_per_count():
    seen = []

    def f(x):
        seen.append(len(x))
        return x * x

    x = column(5, 3, 5, 3, 4, 5)
    assert by_count(f, x).tolist() == (x * x).tolist()
    assert by_count(f, x, np.ones((2, 1))).tolist() == (x * x).tolist()
    assert by_count(f, x, np.ones(6)).tolist() == (x * x).tolist()
    assert by_count(f, column(0, 1000)).tolist() == [0, 1e6]
    assert seen == [3, 3, 6, 2]


@given(st.floats(0, 1e6) | st.just(0.0), st.floats(1e-9, 1e6), st.floats(0.05, 8))
def test_growth_of_powers_of_time(start, ahead, c):
    with mp.workdps(60):
        before, after = mp.mpf(start), mp.mpf(start) + mp.mpf(ahead)
        rise = after**c - before**c
        slope = (after**c * mp.log(after) - (before**c * mp.log(before) if start else 0)) / rise
    assert log_growth(column(start), column(ahead), c)[0] == pytest.approx(float(mp.log(rise)), rel=1e-12, abs=1e-12)
    assert growth_slope(column(start), column(ahead), c)[0] == pytest.approx(float(slope), rel=1e-10, abs=1e-10)
    power, more = powers(column(start), column(ahead), c, most=700.0)
    assert power[0] == pytest.approx(float(before**c), rel=1e-12)
    assert more[0] == pytest.approx(float(rise), rel=1e-11)
    assert end_of(power, more, c, column(start))[0] == pytest.approx(start + ahead, rel=1e-9)


def test_growth_beyond_floats():
    with np.errstate(all="raise", under="ignore"):
        assert log_grown(column(0.5), column(1000.0))[0] == pytest.approx(1000 + np.log(0.5), rel=1e-15)
    assert log_grown(column(0.5), column(2.0))[0] == pytest.approx(np.log1p(0.5 * np.expm1(2)), rel=1e-15)
    assert log_growth(column(3.0), column(0.0), 1.5)[0] == -np.inf
