"""Risk of a portfolio of segments."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.errors import DataError, ParameterError
from custvalue.relationships.risk import efficient_frontier, segment_risk


@given(st.integers(0, 10_000), st.integers(1, 6))
def test_risk_adds_up(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    returns, weights = rng.normal(0.1, 0.3, (n + 3, n)), rng.uniform(0.1, 1, n)
    risk = segment_risk(returns, weights)
    portfolio = returns @ risk.weights
    assert risk.variance == pytest.approx(portfolio.var(ddof=1))
    assert risk.expected == pytest.approx(portfolio.mean())
    assert (risk.weights * risk.beta).sum() == pytest.approx(1)
    for i in range(n):
        assert risk.beta[i] == pytest.approx(np.cov(returns[:, i], portfolio)[0, 1] / portfolio.var(ddof=1))
    assert risk.diversification >= 1 - 1e-12


def test_two_segments_by_hand() -> None:
    frontier = efficient_frontier([0.1, 0.2], [[0.04, 0.0], [0.0, 0.16]], points=3)
    np.testing.assert_allclose(frontier.weights[0], [0.8, 0.2], atol=1e-6)
    np.testing.assert_allclose(frontier.weights[-1], [0, 1], atol=1e-12)
    np.testing.assert_allclose(frontier.risk[[0, -1]], [np.sqrt(0.032), 0.4], rtol=1e-6)
    np.testing.assert_allclose(frontier.expected, [0.12, 0.16, 0.2], atol=1e-7)


@given(st.integers(0, 10_000), st.integers(2, 6))
def test_no_portfolio_beats_the_frontier(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    root = rng.normal(0, 0.2, (n, n))
    spread, mean = root @ root.T + 0.01 * np.eye(n), rng.normal(0.1, 0.1, n)
    frontier = efficient_frontier(mean, spread, points=5)
    assert (frontier.weights >= 0).all()
    np.testing.assert_allclose(frontier.weights.sum(axis=1), 1, atol=1e-8)
    assert (np.diff(frontier.risk) >= -1e-9).all()
    for weights in rng.dirichlet(np.ones(n), 200):
        below = frontier.risk[frontier.expected <= weights @ mean]
        least = below.max() if len(below) else frontier.risk[0]
        assert np.sqrt(weights @ spread @ weights) >= least * (1 - 1e-6)


@given(st.integers(0, 10_000), st.integers(2, 6))
def test_segments_of_equal_mean_share_the_most_return(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    root = rng.normal(0, 0.2, (n, n))
    spread, mean = root @ root.T + 0.01 * np.eye(n), rng.choice([0.1, 0.2, 0.3], n)
    top = efficient_frontier(mean, spread, points=3).weights[-1]
    best = np.flatnonzero(mean == mean.max())
    assert top[best].sum() == pytest.approx(1, abs=1e-8)
    for weights in rng.dirichlet(np.ones(len(best)), 100):
        other = weights @ spread[np.ix_(best, best)] @ weights
        assert top @ spread @ top <= other * (1 + 1e-6)


def test_segments_may_be_fixed() -> None:
    frontier = efficient_frontier(
        [0.1, 0.2, 0.3], np.diag([0.1, 0.2, 0.3]), points=3, most=[1, 0.2, 1], least=[0, 0.2, 0]
    )
    np.testing.assert_allclose(frontier.weights[:, 1], 0.2)
    np.testing.assert_allclose(frontier.weights[0], [0.6, 0.2, 0.2], atol=1e-6)


def test_bounds_hold() -> None:
    frontier = efficient_frontier([0.1, 0.2, 0.3], np.diag([0.1, 0.2, 0.3]), points=4, most=0.5, least=0.1)
    assert ((frontier.weights >= 0.1 - 1e-9) & (frontier.weights <= 0.5 + 1e-9)).all()
    np.testing.assert_allclose(frontier.weights[-1], [0.1, 0.4, 0.5], atol=1e-9)


def test_what_is_refused() -> None:
    with pytest.raises(DataError, match="returns must have 2 periods or more"):
        segment_risk([[0.1, 0.2]], [1, 1])
    with pytest.raises(DataError, match="returns must be finite; broken in 1 of 2"):
        segment_risk([[0.1, np.nan], [0.1, 0.2]], [1, 1])
    with pytest.raises(DataError, match="weights must be 2 numbers"):
        segment_risk([[0.1, 0.2], [0.2, 0.1]], [1, -1])
    with pytest.raises(DataError, match="there is no risk to divide"):
        segment_risk([[0.1, 0.2], [0.1, 0.2]], [1, 1])
    with pytest.raises(DataError, match="covariance must be symmetric"):
        efficient_frontier([1, 2], [[1, 0.5], [0, 1]])
    with pytest.raises(DataError, match="direction of negative variance"):
        efficient_frontier([1, 2], [[1, 2], [2, 1]])
    with pytest.raises(DataError, match="the bounds leave no portfolio"):
        efficient_frontier([1, 2], np.eye(2), most=0.4)
    with pytest.raises(ParameterError, match="points must be 2"):
        efficient_frontier([1, 2], np.eye(2), points=1)
    with pytest.raises(ParameterError, match="points must be 2"):
        efficient_frontier([1, 2], np.eye(2), points=2.5)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="there are no segments"):
        efficient_frontier([], np.zeros((0, 0)))
