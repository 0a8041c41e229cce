import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.numerics.roots import At, Brackets, solve


@given(st.lists(st.floats(-30, 30), min_size=1, max_size=6), st.booleans())
def test_roots_of_sines_hyperbolic(roots, rising):
    sign, where = 1.0 if rising else -1.0, np.array(roots)

    def f(x, which):
        at = x[which] - where[which]
        return At(sign * np.sinh(at), sign * np.cosh(at), sign * np.sinh(at))

    ends, n = np.full(len(roots), np.inf), len(roots)
    found = solve(f, Brackets(-ends, ends, np.zeros(n), np.full(n, rising), np.ones(n)))
    np.testing.assert_allclose(found, where, rtol=1e-14, atol=1e-15)


def test_a_flat_function_is_bisected():
    def f(x, which):
        at = x[which] - 0.3
        return At(np.sign(at), np.zeros(len(which)), np.zeros(len(which)))

    brackets = Brackets(np.zeros(1), np.ones(1), np.full(1, 0.5), np.ones(1, dtype=bool), np.ones(1))
    assert solve(f, brackets)[0] == pytest.approx(0.3, rel=1e-14)
