import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.errors import ParameterError
from custvalue.numerics.markov_chain import as_stochastic, discounted_visits, reachable, recurrent, visits, worth

CHAIN = np.array([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1], [0.0, 0.0, 1.0]])


@st.composite
def chains(draw):
    size = draw(st.integers(1, 5))
    rows = np.array(
        draw(st.lists(st.lists(st.floats(0.001, 1), min_size=size, max_size=size), min_size=size, max_size=size))
    )
    return rows / rows.sum(axis=1, keepdims=True)


@given(chains(), st.floats(1e-9, 2))
def test_visits_are_the_inverse_to_the_last_digits(P, force):
    found = visits(P, np.asarray(force))
    with mp.workdps(60):
        rows = [[mp.mpf(float(p)) for p in row] for row in P]
        rows = [[p / mp.fsum(row) for p in row] for row in rows]  # the elimination takes rows as summing to 1
        exact = mp.inverse(mp.eye(len(P)) - mp.e ** -mp.mpf(force) * mp.matrix(rows))
    np.testing.assert_allclose(found, np.array(exact.tolist(), dtype=np.float64), rtol=1e-10)


@given(chains(), st.floats(-0.1, 1), st.integers(0, 20))
def test_visits_within_a_horizon(P, force, n):
    exact = sum((np.exp(-force * t) * np.linalg.matrix_power(P, t) for t in range(n)), np.zeros_like(P))
    np.testing.assert_allclose(discounted_visits(P, np.asarray(force), n), exact, rtol=1e-10, atol=1e-14)


def test_states_that_are_never_left():
    assert recurrent(CHAIN).tolist() == [False, False, True]
    assert reachable(CHAIN).tolist() == [[True, True, True], [True, True, True], [False, False, True]]
    undiscounted = visits(CHAIN, np.asarray(0.0))
    assert np.isinf(undiscounted[:, 2]).tolist() == [True, True, True]
    np.testing.assert_allclose(undiscounted[:2, :2], np.linalg.inv(np.eye(2) - CHAIN[:2, :2]), rtol=1e-14)
    values = worth(undiscounted, np.array([1.0, 2.0, 0.0]))
    assert values == pytest.approx(undiscounted[:, :2] @ [1, 2], rel=1e-14)
    assert values[2] == 0


def test_what_is_no_chain_is_refused():
    with pytest.raises(ParameterError, match="each row of transitions must sum to 1"):
        as_stochastic("transitions", [[0.5, 0.4], [0, 1]])
    with pytest.raises(ParameterError, match="must be square"):
        as_stochastic("transitions", [[0.5, 0.5]])
    with pytest.raises(ParameterError, match="infinite gains less infinite losses"):
        worth(np.full((1, 2), np.inf), np.array([1.0, -1.0]))
