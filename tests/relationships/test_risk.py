"""Risk of a portfolio of segments."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.errors import DataError
from custvalue.relationships.risk import SegmentRisk, segment_risk


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


def test_what_is_refused() -> None:
    with pytest.raises(DataError, match="returns must have 2 periods or more"):
        segment_risk([[0.1, 0.2]], [1, 1])
    with pytest.raises(DataError, match="returns must be finite; broken in 1 of 2"):
        segment_risk([[0.1, np.nan], [0.1, 0.2]], [1, 1])
    with pytest.raises(DataError, match="weights must be 2 numbers"):
        segment_risk([[0.1, 0.2], [0.2, 0.1]], [1, -1])
    with pytest.raises(DataError, match="there is no risk to divide"):
        segment_risk([[0.1, 0.2], [0.1, 0.2]], [1, 1])


def test_segments_are_rows() -> None:
    risk = segment_risk([[0.1, 0.2], [0.2, 0.1], [0.3, 0.3]], weights=[1, 3])
    table = risk.table()
    np.testing.assert_allclose(table["weight"], [0.25, 0.75])
    np.testing.assert_allclose(table["contribution"], table["weight"] * table["beta"] * risk.variance)
    np.testing.assert_allclose(table["standard_deviation"], [0.1, 0.1])
    assert SegmentRisk.from_json(risk.to_json()) == risk
