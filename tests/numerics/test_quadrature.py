import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.numerics.quadrature import around, blocks, log_of_two_powers, log_panels, logistic

SCALES = st.floats(1e-3, 1e6)


def test_blocks_cover_all_rows():
    assert [list(range(10))[rows] for rows in blocks(10, 4)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


@given(st.floats(0, 1e6), SCALES, st.floats(0.1, 40))
def test_panels_integrate_powers(length, scale, rate):
    u, du = log_panels(np.array([length]), scale, rate)
    exact = scale * float(mp.quad(lambda w: mp.e ** ((1 - mp.mpf(rate)) * w), [0, mp.log1p(mp.mpf(length) / scale)]))
    assert (du * (1 + u / scale) ** -rate).sum() == pytest.approx(exact, rel=1e-11)


@given(SCALES, st.floats(0.5, 30))
def test_panels_without_an_end(scale, tail):
    u, du = log_panels(np.array([np.inf]), scale, 1 + tail, tail=tail)
    assert (du * (1 + u / scale) ** -(1 + tail)).sum() == pytest.approx(scale / tail, rel=1e-11)


@given(st.floats(0.01, 1e4), SCALES, st.floats(0.1, 20), SCALES, st.floats(0.1, 20))
def test_two_powers(length, one, p, other, q):
    found = log_of_two_powers(np.array([length]), np.array([one]), p, np.array([other]), q)
    ends = [0, *sorted(x for x in (one, other) if x < length), length]
    exact = mp.log(mp.quad(lambda u: (1 + u / mp.mpf(one)) ** -p * (1 + u / mp.mpf(other)) ** -q, ends))
    assert found[0] == pytest.approx(float(exact), rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("power", [0.3, 1.0, 2.5])
def test_logistic_nodes_take_beta_integrals(power):
    u, du = logistic(np.array([2.0]), 2.0, 2.0, power=power)
    exact = 2**power * float(mp.beta(power, 3))
    assert (du * u ** (power - 1) * (1 - u / 2) ** 2).sum() == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("far", [None, 0.01])
def test_a_peak_inside(far):
    peak, width, length = 3.0, 0.01, 5.0
    u, du = around(np.array([peak]), np.array([length]), width, width, far=far)
    found = (du * np.exp(-np.abs(u - peak) / width)).sum()
    assert found == pytest.approx(2 * width, rel=1e-10)
