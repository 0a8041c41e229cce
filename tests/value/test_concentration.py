"""Concentration of value: curves, Gini, top shares, what the unprofitable cost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.errors import DataError, ParameterError
from custvalue.value.concentration import gini, lorenz_curve, top_share, unprofitable, whale_curve

positive_values = st.lists(st.floats(0, 1e6), min_size=1, max_size=30).filter(lambda v: sum(v) > 1e-3)


@given(positive_values)
def test_gini_is_the_mean_difference(values: list[float]) -> None:
    x = np.array(values)
    by_pairs = np.abs(x[:, None] - x).mean() / (2 * x.mean())
    assert gini(values) == pytest.approx(by_pairs, abs=1e-12)
    curve = lorenz_curve(values)
    area = ((curve.value[1:] + curve.value[:-1]) / 2 * np.diff(curve.share)).sum()
    assert gini(values) == pytest.approx(1 - 2 * area, abs=1e-12)


@given(positive_values, st.floats(0, 1))
def test_the_top_holds_what_the_bottom_does_not(values: list[float], share: float) -> None:
    assert top_share(values, share) == pytest.approx(1 - lorenz_curve(values).at(1 - share), abs=1e-9)
    assert top_share(values, share) >= share - 1e-9
    assert top_share(values, 1.0) == pytest.approx(1.0)


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=20).filter(lambda v: sum(v) > 0))
def test_the_whale_curve_peaks_where_losses_begin(values: list[int]) -> None:
    curve, losing = whale_curve(values), unprofitable(values)
    gains = sum(v for v in values if v > 0)
    assert curve.value.max() == pytest.approx(gains / sum(values))
    assert curve.value[-1] == pytest.approx(1)
    assert losing.count == sum(v < 0 for v in values)
    assert gains - losing.cost == pytest.approx(sum(values))
    assert losing.of_profit == pytest.approx(losing.cost / gains)


def test_equal_values_count_by_parts() -> None:
    assert top_share([5, 5, 5, 5], 0.1) == pytest.approx(0.1)
    assert top_share([5, 5, 5, 5], 0.3, whole=True) == pytest.approx(0.25)
    assert gini([7, 7]) == 0


def test_values_near_the_largest_float() -> None:
    assert gini([1e308, 1e308, 0.0]) == pytest.approx(1 / 3)
    np.testing.assert_allclose(whale_curve([1.7e308, 1.7e308]).value, [0, 0.5, 1])
    np.testing.assert_allclose(lorenz_curve([5e-324, 5e-324]).value, [0, 0.5, 1])


def test_nothing_but_losses() -> None:
    losing = unprofitable([-1.0, -2.0])
    assert (losing.count, losing.share, losing.cost, losing.of_profit) == (2, 1.0, 3.0, np.inf)
    assert unprofitable([0.0]).of_profit == 0


def test_what_is_refused() -> None:
    with pytest.raises(DataError, match="values must be >= 0; broken in 1 of 2 rows"):
        gini([1, -1])
    with pytest.raises(DataError, match="the values sum to 0"):
        lorenz_curve([0, 0])
    with pytest.raises(DataError, match="the total must be positive"):
        whale_curve([1, -2])
    with pytest.raises(DataError, match="there are no values"):
        unprofitable([])
    with pytest.raises(DataError, match="values must be finite"):
        top_share([1, np.nan])
    with pytest.raises(ParameterError, match="share must lie between 0 and 1"):
        top_share([1, 2], 10)
