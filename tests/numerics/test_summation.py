import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.numerics.summation import between, log_live_total, log_total, runs


def test_runs_sum_polynomials_exactly():
    edges = np.array([[1.0, 2.0, 2.0, 17.0, 34.0, 1000.0, 1e6]])
    point, weight = runs(edges)
    for degree in (0, 1, 3):
        numbers = np.arange(1.0, 1e6) ** degree
        assert (weight * point**degree).sum() == pytest.approx(numbers.sum(), rel=1e-13)


def test_a_run_is_exact_to_degree_15():
    # Faulhaber's sums by mpmath's exact integers, over numbers from -1 to 1 so that no degree dominates
    point, weight = runs(np.array([[0.0, 1000.0]]))
    for degree in range(16):
        exact = sum(mp.mpf(2 * j - 999) ** degree for j in range(1000)) / mp.mpf(999) ** degree
        assert (weight * ((2 * point - 999) / 999) ** degree).sum() == pytest.approx(float(exact), rel=1e-12, abs=1e-10)


def test_edges_between_two_numbers_are_geometric():
    assert between(np.array([3.0]), np.array([17.0]), 2).tolist() == [[3.0, 7.0, 17.0]]


@given(st.floats(0.2, 3), st.integers(1, 10**7))
def test_zeta_sums(s, n):
    with mp.workdps(30):
        exact = float(mp.log(mp.zeta(s, 1) - mp.zeta(s, n + 1) if s != 1 else mp.harmonic(n)))
    low, high = np.array([1.0]), np.array([n + 1.0])
    found = log_total(lambda _, u: -s * np.log(u), np.array([0]), low, high, base=np.array([-np.inf]), whole=True)
    assert found[0] == pytest.approx(exact, rel=1e-12, abs=1e-13)


@given(st.floats(0.01, 50), st.floats(0.5, 1e4))
def test_integrals_of_rows_with_a_base(rate, end):
    rows, base = np.array([0, 1, 1]), np.array([0.0, -np.inf])
    low, high = np.array([0.0, 0.0, end]), np.array([end, end, 2 * end])
    found = np.exp(log_total(lambda _, u: -rate * u, rows, low, high, base=base, whole=False))
    exact = [1 - np.expm1(-rate * end) / rate, -np.expm1(-2 * rate * end) / rate]
    np.testing.assert_allclose(found, exact, rtol=1e-12)


@given(st.floats(1.0, 1e6), st.sampled_from([10.0, 1e3, 1e6]))
def test_terms_that_rise_and_fall(mean, scale):
    # Σ e^{-(c - m)²/2w²} over all c is w sqrt(2π) to the last digit where m and w are large (Poisson summation)
    width = max(3.0, np.sqrt(mean * scale) / 100)
    centre = mean + 8 * width

    def terms(c):
        return -0.5 * ((c - centre) / width) ** 2

    last = np.array([np.ceil(centre + 12 * width)])
    found = log_live_total(terms, terms, lambda c: c / width, last)
    lost = mp.ncdf(-(centre + 0.5) / width)
    assert found[0] == pytest.approx(np.log(width * np.sqrt(2 * np.pi) * float(1 - lost)), abs=1e-11)
