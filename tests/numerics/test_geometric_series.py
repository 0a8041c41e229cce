import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.numerics.geometric_series import Ratio, integral, mean_index, mean_time, total

FORCES = st.sampled_from([0.0, 1e-12, -1e-12, 1e-6]) | st.floats(-0.5, 3)
RETENTION = st.sampled_from([1.0, 1 - 1e-12]) | st.floats(0.01, 1)


def ratio(retention, force, growth=0.0):
    return Ratio.of(np.asarray(retention), np.asarray(growth), np.asarray(force))


@given(RETENTION, FORCES, st.integers(1, 200))
def test_sums_and_integrals_near_a_ratio_of_one(retention, force, n):
    q = ratio(retention, force)
    with mp.workdps(40):
        exact = mp.mpf(retention) * mp.e ** -mp.mpf(force)
        terms = [exact**k for k in range(n)]
        log = mp.log(exact)
        area = n if log == 0 else (exact**n - 1) / log
        index = mp.fsum(k * term for k, term in enumerate(terms)) / mp.fsum(terms)
    assert total(q, np.asarray(float(n))) == pytest.approx(float(mp.fsum(terms)), rel=1e-12)
    assert integral(q, np.asarray(float(n))) == pytest.approx(float(area), rel=1e-12)
    assert mean_index(q, np.asarray(float(n))) == pytest.approx(float(index), rel=1e-10, abs=1e-12)


@given(st.floats(0.01, 0.999), st.floats(0.001, 2))
def test_without_an_end(retention, force):
    q, forever = ratio(retention, force), np.asarray(np.inf)
    exact = retention * np.exp(-force)
    assert total(q, forever) == pytest.approx(1 / (1 - exact), rel=1e-12)
    assert integral(q, forever) == pytest.approx(-1 / np.log(exact), rel=1e-12)
    assert mean_index(q, forever) == pytest.approx(exact / (1 - exact), rel=1e-12)
    assert mean_time(q, forever) == pytest.approx(-1 / np.log(exact), rel=1e-12)


def test_what_has_no_end_and_does_not_fall_is_infinite():
    assert total(ratio(1.0, 0.0), np.asarray(np.inf)) == np.inf
    assert integral(ratio(1.0, -0.1), np.asarray(np.inf)) == np.inf
    assert ratio(0.8, 0.1, 0.05).q == pytest.approx(0.8 * 1.05 * np.exp(-0.1), rel=1e-15)
