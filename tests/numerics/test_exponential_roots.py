import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.numerics.exponential_roots import all_roots

ROOTS = st.lists(st.integers(-8, 8), min_size=1, max_size=5, unique=True).map(lambda all_: sorted(x / 4 for x in all_))


def polynomial(roots):
    """Coefficients in z = e^-x of a polynomial with these roots x."""
    return np.polynomial.polynomial.polyfromroots(np.exp(-np.array(roots)))


@given(ROOTS, st.floats(0.2, 5), st.floats(1e-3, 1e3))
def test_all_roots_of_polynomials(roots, step, scale):
    amounts = scale * polynomial(roots)
    found, offsets, free = all_roots(step * np.arange(len(amounts)), amounts, np.array([0, len(amounts)]))
    np.testing.assert_allclose(found, np.array(roots) / step, rtol=1e-8, atol=1e-8)
    assert offsets.tolist() == [0, len(roots)]
    assert not free.any()


def test_amounts_beyond_products_of_floats():
    amounts = 1e200 * polynomial([-0.5, 1.0])
    found, _, _ = all_roots(np.arange(3.0), amounts, np.array([0, 3]))
    np.testing.assert_allclose(found, [-0.5, 1.0], rtol=1e-12)


def test_one_change_of_sign_has_one_root_and_none_has_none():
    times, amounts = np.array([0.0, 1, 0, 1, 0, 0]), np.array([-100.0, 110, 1, 1, 0.5, -0.5])
    found, offsets, free = all_roots(times, amounts, np.array([0, 2, 4, 6]))
    assert found == pytest.approx([np.log(1.1)], rel=1e-15)
    assert offsets.tolist() == [0, 1, 1, 1]
    assert free.tolist() == [False, False, True]


def test_a_root_that_only_touches_counts_once():
    amounts = np.polynomial.polynomial.polyfromroots([0.5, 0.5])
    found, _, _ = all_roots(np.arange(3.0), amounts, np.array([0, 3]))
    assert found == pytest.approx([np.log(2)], abs=1e-6)
