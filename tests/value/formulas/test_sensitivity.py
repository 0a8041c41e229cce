"""Elasticities against published values and finite differences, and what five points of retention bring."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import log_uniform

from custvalue.discounting.rate import Rate
from custvalue.errors import ParameterError
from custvalue.value.formulas.constant_retention import constant_retention_value
from custvalue.value.formulas.sensitivity import retention_uplift, value_elasticities

timings = st.sampled_from(["now", "next", "end", "middle", "continuous"])


def test_gupta_and_lehmann() -> None:
    """Gupta & Lehmann: (1+i)/(1+i-r), 1 and -i/(1+i-r) at r = .8, i = .12."""
    e = value_elasticities(100, 0.8, Rate.annual(0.12), timing="next")
    np.testing.assert_allclose([e.retention, e.margin, e.rate, e.acquisition_cost], [3.5, 1.0, -0.375, 0.0], rtol=1e-14)


@given(
    st.floats(0.05, 0.98),
    log_uniform(1e-3, 1.0),
    st.floats(-0.3, 0.3),
    st.one_of(st.integers(1, 200), st.none()),
    st.floats(0, 0.9),
    timings,
)
def test_elasticities_are_derivatives(r: float, d: float, g: float, n: int | None, cost: float, timing: Any) -> None:
    if n is None and r * (1 + g) > 0.95 * (1 + d):
        n = 50

    def log_value(m: float = 1.0, r: float = r, d: float = d, a: float = cost) -> float:
        value = constant_retention_value(
            m, r, Rate.annual(d), timing=timing, horizon=n, growth=g, acquisition_cost=a * scale
        )
        return float(np.log(value))

    scale = float(constant_retention_value(1, r, Rate.annual(d), timing=timing, horizon=n, growth=g))
    e = value_elasticities(1, r, Rate.annual(d), timing=timing, horizon=n, growth=g, acquisition_cost=cost * scale)
    up, down = np.exp(1e-5), np.exp(-1e-5)

    def slope(name: str, at: float) -> float:
        return (log_value(**{name: at * up}) - log_value(**{name: at * down})) / 2e-5

    found = [e.retention, e.margin, e.rate]
    wanted = [slope("r", r), slope("m", 1.0), slope("d", d)]
    if cost:
        found.append(e.acquisition_cost)
        wanted.append(slope("a", cost))
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
    assert e.value == pytest.approx(scale * (1 - cost), rel=1e-12)


@pytest.mark.parametrize("n", [2, 1000])
def test_near_a_ratio_of_one(n: int) -> None:
    """Level payments wait (n - 1)/2 periods on average, n/2 where they flow; and just beside it, hardly more."""
    for r in (1.0, 1 - 1e-13):
        e = value_elasticities(1, r, Rate.annual(0.0), timing="now", horizon=n)
        assert e.retention == pytest.approx((n - 1) / 2, rel=1e-9)
        flow = value_elasticities(1, r, Rate.annual(0.0), timing="continuous", horizon=n)
        assert flow.retention == pytest.approx(n / 2, rel=1e-9)


def test_no_elasticity_of_nothing_or_of_infinity() -> None:
    for margin, r in ((0.0, 0.8), (1.0, 1.0)):
        with pytest.raises(ParameterError, match="must be finite and not 0"):
            value_elasticities(margin, r, Rate.zero(), timing="now")


def test_five_points_of_retention() -> None:
    """r/(1+i-r) for r → r + .05, at i = 0, 10 and 12 %: 20 % to 111 %."""
    r = np.array([0.6, 0.7, 0.8, 0.85, 0.9])[:, None]
    found = retention_uplift(r, Rate.annual([0.0, 0.10, 0.12]), timing="next")
    wanted = [
        [0.23809523809523836, 0.20370370370370372, 0.19858156028368823],
        [0.2857142857142858, 0.2244897959183676, 0.21621621621621645],
        [0.4166666666666674, 0.27500000000000013, 0.2592592592592595],
        [0.5882352941176476, 0.32352941176470584, 0.2994652406417113],
        [1.1111111111111138, 0.4074074074074079, 0.3660130718954251],
    ]
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_uplift_at_the_edges() -> None:
    rate = Rate.annual(0.10)
    assert retention_uplift(0.0, rate, timing="next") == np.inf
    assert retention_uplift(0.0, rate, timing="next", points=0.0) == 0
    assert retention_uplift(0.95, Rate.zero(), timing="now") == np.inf
    assert retention_uplift(0.9, rate, timing="now", points=-0.05) < 0
    for r, points in ((0.97, 0.05), (0.02, -0.05)):
        with pytest.raises(ParameterError, match=r"retention \+ points must lie between 0 and 1"):
            retention_uplift(r, rate, timing="now", points=points)
    with pytest.raises(ParameterError, match="infinite before"):
        retention_uplift(1.0, Rate.zero(), timing="now", points=0.0)
