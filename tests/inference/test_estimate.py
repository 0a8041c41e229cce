"""Estimates: errors, intervals, tests and draws on the free scale; JSON; what cannot be told is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.errors import ParameterError
from custvalue.inference.estimate import Estimate
from custvalue.inference.transform import Coordinates, Identity, Log, Logit, Power, Transform

THREE = Estimate(
    names=("effect", "rate", "share"),
    values=[0.5, 2.0, 0.3],
    covariance=np.diag([0.04, 0.25, 0.01]),
    transforms=(Identity(), Log(), Logit()),
    log_likelihood=-120.0,
    n=80,
)
numbers = st.floats(-8, 8)


@pytest.mark.parametrize("transform", [Log(), Log(time=1).measured(7.0), Logit(), Identity(), Power("c")])
@given(free=numbers)
def test_transforms_are_inverse_and_their_slopes_derivatives(transform: Transform, free: float) -> None:
    value = transform.natural(free)
    assert transform.free(value) == pytest.approx(free, rel=1e-9, abs=1e-9)
    h = 1e-5
    slope = (transform.natural(free + h) - transform.natural(free - h)) / (2 * h)
    assert transform.slope(value) == pytest.approx(slope, rel=1e-6)


@given(free=st.tuples(numbers, st.floats(-1, 1), numbers))
def test_coordinates_of_a_rate_whose_unit_depends_on_a_shape(free: tuple[float, float, float]) -> None:
    """λ = f^c: there and back, with the derivatives by differences."""
    chart = Coordinates(("lam", "c", "pi"), (Power("c", time=-1).measured(5.0), Log(), Logit()))
    at = np.array(free)
    values = chart.natural(at)
    assert values[0] == pytest.approx(np.exp(values[1] * (at[0] - np.log(5.0))), rel=1e-12)
    assert chart.free(values) == pytest.approx(at, rel=1e-8, abs=1e-8)
    slopes, h = chart.jacobian(at, values), 1e-6
    for j, unit in enumerate(np.eye(3)):
        by_differences = (chart.natural(at + h * unit) - chart.natural(at - h * unit)) / (2 * h)
        assert slopes[:, j] == pytest.approx(by_differences, rel=1e-4, abs=1e-12 + 1e-6 * abs(values).max())


def test_intervals_are_symmetric_on_the_free_scale() -> None:
    z = 1.959963984540054
    intervals = THREE.confidence_intervals()
    assert intervals["effect"] == pytest.approx((0.5 - 0.2 * z, 0.5 + 0.2 * z))
    assert intervals["rate"] == pytest.approx((2 * np.exp(-0.25 * z), 2 * np.exp(0.25 * z)))
    odds, width = 0.3 / 0.7, 0.1 / (0.3 * 0.7) * z
    assert intervals["share"] == pytest.approx((1 / (1 + np.exp(width) / odds), 1 / (1 + np.exp(-width) / odds)))
    with pytest.raises(ParameterError, match="level must lie between 0 and 1"):
        THREE.confidence_intervals(95)


def test_only_what_may_have_no_effect_is_tested() -> None:
    assert THREE.p_values == {"effect": pytest.approx(0.012419330651552318)}
    assert set(THREE.table()) == {"parameter", "estimate", "std_error", "low", "high", "p_value"}
    assert np.isnan(THREE.table()["p_value"][1:]).all()


def test_draws_have_the_estimates_spread_on_the_free_scale() -> None:
    drawn = THREE.draws(40_000, rng=1)
    assert drawn.shape == (40_000, 3)
    free = np.column_stack([drawn[:, 0], np.log(drawn[:, 1]), np.log(drawn[:, 2] / (1 - drawn[:, 2]))])
    assert free.mean(axis=0) == pytest.approx([0.5, np.log(2), np.log(0.3 / 0.7)], abs=0.01)
    assert free.std(axis=0) == pytest.approx([0.2, 0.25, 0.1 / 0.21], rel=0.02)


def test_criteria_count_what_was_estimated() -> None:
    assert (THREE.aic, THREE.bic) == (246.0, pytest.approx(240 + 3 * np.log(80)))
    held = Estimate(["a", "b"], [1.0, 2.0], np.diag([0.1, 0.0]), log_likelihood=-3.0, n=10, fixed=["b"])
    assert (held.estimated, held.aic) == (1, 8.0)
    assert held.confidence_intervals()["b"] == (2.0, 2.0)
    assert "b" not in held.p_values
    with pytest.raises(ParameterError, match="AIC needs a likelihood"):
        _ = Estimate(["a"], [1.0], [[0.1]]).aic
    with pytest.raises(ParameterError, match="BIC needs the number"):
        _ = Estimate(["a"], [1.0], [[0.1]], log_likelihood=0.0).bic


def test_json_holds_all_of_it() -> None:
    mixed = Estimate(["lam", "c"], [0.1, 1.2], np.eye(2), transforms=(Power("c", time=-1), Log()), fixed=["c"], n=5.5)
    for estimate in (THREE, mixed):
        assert Estimate.from_json(estimate.to_json()) == estimate
