"""Sensitivity: analytic elasticities against published values and differences, points of retention, any function."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import log_uniform

from custvalue.discounting.rate import Rate
from custvalue.errors import ParameterError
from custvalue.evidence.tenures import Tenures
from custvalue.models.retention.exponential_gamma import ExponentialGamma
from custvalue.models.retention.geometric import Geometric
from custvalue.models.retention.shifted_beta_geo import ShiftedBetaGeo
from custvalue.value.base.contract_book import contract_value
from custvalue.value.formulas.constant_retention import constant_retention_value, margin_multiple
from custvalue.value.formulas.sensitivity import sensitivity

TEN, TWELVE = Rate.annual(0.10), Rate.annual(0.12)
BOOK = Tenures([3, 0, 2, 3], [0, 0, 1, 0], weights=[2, 1, 5, 1], unit="year", by_period=True)
MODEL = ShiftedBetaGeo(0.668, 3.806)
timings = st.sampled_from(["now", "next", "end", "middle", "continuous"])


def test_gupta_and_lehmann() -> None:
    """Gupta & Lehmann: (1+i)/(1+i-r), 1 and -i/(1+i-r) at r = .8, i = .12."""
    e = sensitivity(constant_retention_value, 100, 0.8, rate=TWELVE, timing="next", unit="year").elasticities
    wanted = {"retention": 3.5, "margin": 1.0, "rate": -0.375, "acquisition_cost": 0.0}
    assert e == pytest.approx(wanted, rel=1e-14)


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
    plain: dict[str, Any] = {"timing": timing, "horizon": n, "growth": g, "unit": "year"}
    scale = float(constant_retention_value(1, r, rate=Rate.annual(d), **plain))
    inputs = {"margin": 1.0, "retention": r, "rate": Rate.annual(d), "acquisition_cost": cost * scale}
    found = sensitivity(constant_retention_value, **inputs, **plain)

    def alike(**arguments: Any) -> Any:
        return constant_retention_value(**arguments, **plain)

    differences = sensitivity(alike, **inputs)
    for name, elasticity in differences.elasticities.items():
        assert found.elasticities[name] == pytest.approx(elasticity, rel=1e-5, abs=1e-6)
    assert found.value == pytest.approx(scale * (1 - cost), rel=1e-12)


@pytest.mark.parametrize("n", [2, 1000])
def test_near_a_ratio_of_one(n: int) -> None:
    """Level payments wait (n - 1)/2 periods on average, n/2 where they flow; and just beside it, hardly more."""
    for r in (1.0, 1 - 1e-13):
        for timing, wait in (("now", (n - 1) / 2), ("continuous", n / 2)):
            found = sensitivity(margin_multiple, r, rate=Rate.zero(), timing=timing, horizon=n, unit="year")
            assert found.elasticities["retention"] == pytest.approx(wait, rel=1e-9)


def test_no_elasticity_of_nothing_or_of_infinity() -> None:
    given = {"rate": Rate.zero(), "timing": "now", "unit": "year"}
    nothing = sensitivity(constant_retention_value, 0.0, 0.8, **given)
    with pytest.raises(ParameterError, match="the value must not be 0"):
        _ = nothing.elasticities
    with pytest.raises(ParameterError, match="the total must not be 0"):
        nothing.of_total()
    with pytest.raises(ParameterError, match="the value must be finite"):
        sensitivity(constant_retention_value, 1.0, 1.0, **given)


@pytest.mark.parametrize("timing", ["now", "next", "continuous"])
@pytest.mark.parametrize("horizon", [None, 6])
def test_a_contract_book_responds_as_its_differences_say(timing: Any, horizon: int | None) -> None:
    """Margin and rate by moving them; retention by the closed form, where all rates are alike."""
    model, book = MODEL, BOOK[~BOOK.ended]
    if timing == "continuous":
        model, book = ExponentialGamma(1.5, 8.0), Tenures([2.5, 0.25], [0, 0], weights=[10, 20], unit="month")
    given = {"model": model, "tenures": book, "timing": timing, "horizon": horizon}
    found = sensitivity(contract_value, margin=40.0, rate=TEN, **given)

    def alike(margin: Any, rate: Any, unit: str) -> Any:
        return contract_value(margin=margin, rate=rate, **given)

    moved = sensitivity(alike, margin=40.0, rate=TEN, unit=book.unit)
    assert moved.of_total() == pytest.approx({name: found.of_total()[name] for name in ("margin", "rate")}, rel=1e-6)
    if timing == "next":
        alone = sensitivity(contract_value, Geometric(0.2), book, margin=40.0, rate=TEN, timing=timing, horizon=horizon)
        closed = sensitivity(margin_multiple, 0.8, rate=TEN, timing=timing, horizon=horizon, unit="year")
        for name in ("retention", "rate"):
            np.testing.assert_allclose(alone.elasticities[name], closed.elasticities[name], rtol=1e-10)


def test_five_points_of_retention() -> None:
    """r/(1+i-r) for r → r + .05, at i = 0, 10 and 12 %: 20 % to 111 %."""
    r = np.array([0.6, 0.7, 0.8, 0.85, 0.9])[:, None]
    found = sensitivity(margin_multiple, r, rate=Rate.annual([0.0, 0.10, 0.12]), timing="next", unit="year")
    wanted = [
        [0.23809523809523836, 0.20370370370370372, 0.19858156028368823],
        [0.2857142857142858, 0.2244897959183676, 0.21621621621621645],
        [0.4166666666666674, 0.27500000000000013, 0.2592592592592595],
        [0.5882352941176476, 0.32352941176470584, 0.2994652406417113],
        [1.1111111111111138, 0.4074074074074079, 0.3660130718954251],
    ]
    np.testing.assert_allclose(found.of_points(0.05).relative, wanted, rtol=1e-12)


def test_points_at_the_edges() -> None:
    def of(r: float, points: float, rate: Rate = TEN, timing: str = "now") -> float:
        found = sensitivity(margin_multiple, r, rate=rate, timing=timing, unit="year")
        return float(found.of_points(points).relative)

    assert of(0.0, 0.05, timing="next") == np.inf
    assert of(0.0, 0.0, timing="next") == 0
    assert of(0.95, 0.05, Rate.zero()) == np.inf
    assert of(0.9, -0.05) < 0
    for r, points in ((0.97, 0.05), (0.02, -0.05)):
        with pytest.raises(ParameterError, match=r"retention \+ points must lie between 0 and 1"):
            of(r, points)
    with pytest.raises(ParameterError, match="value must be finite"):
        of(1.0, 0.0, Rate.zero())
    with pytest.raises(ParameterError, match="points are of retention"):
        sensitivity(lambda margin: 2 * margin, margin=1.0).of_points()


def worth(margin: float, retention: float, cost: float) -> Any:
    return constant_retention_value(margin, retention, rate=TWELVE, timing="next", acquisition_cost=cost, unit="year")


def test_elasticities_of_any_function_by_driver_and_group() -> None:
    closed = sensitivity(
        constant_retention_value, 100, 0.8, rate=TWELVE, timing="next", acquisition_cost=50, unit="year"
    ).of_total()
    found = sensitivity(worth, 100.0, 0.8, cost=50.0)
    assert found.of_total()["margin"] == pytest.approx(closed["margin"], rel=1e-7)
    assert found.of_total()["retention"] == pytest.approx(closed["retention"], rel=1e-7)
    assert found.of_total()["cost"] == pytest.approx(closed["acquisition_cost"], rel=1e-7)
    groups = found.of_total({"margin": "value", "cost": "value", "retention": "retention"})
    assert groups["value"] == pytest.approx(closed["margin"] + closed["acquisition_cost"], rel=1e-7)
    assert list(sensitivity(worth, 100.0, 0.8, 50.0, drivers=["cost"]).slopes) == ["cost"]
    with pytest.raises(ParameterError, match="missing: cost"):
        found.of_total({"margin": "value", "retention": "retention"})


def test_a_change_is_parted_among_its_drivers() -> None:
    change = sensitivity(worth, 100.0, np.array([0.8, 0.6]), 50.0).change(margin=110.0, cost=40.0)
    np.testing.assert_allclose(change.drivers["cost"], 10.0, rtol=1e-12)
    np.testing.assert_allclose(change.gain, change.after - change.before, rtol=1e-12)


rates = st.floats(0.01, 0.3).map(Rate.annual)
points = st.sampled_from([0.01, 0.05, -0.01, 1e-6, 0.0])


def gain_of(model: Any, book: Tenures, points: Any = 0.01, **given: Any) -> Any:
    return sensitivity(contract_value, model, book, **given).of_points(points).gain


@given(log_uniform(0.02, 0.9), rates, points, st.sampled_from(["now", "next"]), st.sampled_from([None, 1, 7]))
def test_a_point_of_constant_retention(theta: float, rate: Rate, points: float, timing: Any, horizon: Any) -> None:
    """Against the closed form."""
    if points >= theta:
        return
    given: dict[str, Any] = {"rate": rate, "margin": 7.0, "timing": timing, "horizon": horizon}
    worth = [contract_value(Geometric(q), BOOK, **given) for q in (min(max(theta - points, 1e-12), 1 - 1e-12), theta)]
    np.testing.assert_allclose(
        gain_of(Geometric(theta), BOOK, points, **given), worth[0] - worth[1], rtol=1e-8, atol=1e-8
    )


@given(log_uniform(0.1, 20.0), log_uniform(0.1, 20.0), rates)
def test_a_small_point_is_the_slope(alpha: float, beta: float, rate: Rate) -> None:
    """Raising all rates by the same factor is the elasticity; by the same points, less or more of each."""
    model = ShiftedBetaGeo(alpha, beta)
    book = Tenures([4], [0], unit="year", by_period=True)
    gain = gain_of(model, book, 1e-7, rate=rate, margin=1.0, timing="now", horizon=30)[0] / 1e-7
    j = np.arange(1, 31)
    stays, retention = 1 - model.churn_probability(4, j), model.retention_rate(4 + j)
    expected = (stays * rate.discount(j - 1) * np.cumsum(1 / retention)).sum()
    assert gain == pytest.approx(float(expected), rel=1e-4)


def test_retention_cannot_exceed_one() -> None:
    """With every rate raised to 1 customers pay for ever."""
    change = sensitivity(contract_value, Geometric(0.3), BOOK, rate=TEN, margin=1.0, timing="next").of_points(1.0)
    np.testing.assert_allclose(change.after, [20, 10, 0, 10], rtol=1e-12)


def test_points_of_scenarios_draws_and_other_books() -> None:
    draws = ShiftedBetaGeo([[0.6], [0.7], [0.8]], 3.806)
    assert gain_of(draws, BOOK, rate=TEN, margin=5.0, timing="now").shape == (3, 4)
    gains = gain_of(MODEL, BOOK, rate=Rate.annual([[0.05], [0.1]]), margin=5.0, timing="now")
    np.testing.assert_allclose(gains[1], gain_of(MODEL, BOOK, rate=TEN, margin=5.0, timing="now"), rtol=1e-10)
    undiscounted = gain_of(Geometric(0.5), BOOK, 0.1, rate=Rate.zero(), margin=1.0, timing="now", horizon=2)
    np.testing.assert_allclose(undiscounted, [2 * (0.6 + 0.36 - 0.75), 0.21, 0, 0.21], rtol=1e-12)
    assert gain_of(MODEL, BOOK[:0], rate=TEN, margin=1.0, timing="next", horizon=4).shape == (0,)
    flowing = Tenures([2.5, 7], [0, 1], unit="month")
    gain = gain_of(ExponentialGamma(1.5, 20.0, unit="month"), flowing, rate=TEN, margin=30.0, timing="next")
    assert gain[0] > 0
    assert gain[1] == 0


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"book": Tenures([2.5], [0], unit="year"), "timing": "continuous"}, "as retention rates are of renewals"),
        ({"rate": Rate.annual(1e-5)}, "renewals still count"),
        ({"rate": Rate.zero()}, "Give a horizon"),
        ({"horizon": 1.5}, "horizon must be a whole number"),
        ({"horizon": True}, "horizon must be a whole number"),
        ({"rate": Rate.annual([0.1, 0.2, 0.3, 0.4])}, "rates must be one for all rows"),
        ({"model": Geometric([0.2, 0.3, 0.4, 0.5])}, "not one per customer"),
        ({"points": [0.01] * 4}, r"points must be one number.*\(4,\)"),
    ],
)
def test_points_that_are_refused(changed: dict[str, Any], says: str) -> None:
    """Parameters per customer, or points per renewal, would be taken for those of the renewals."""
    model = ExponentialGamma(1.5, 20.0) if changed.get("timing") == "continuous" else Geometric(0.2)
    given = {"model": model, "book": BOOK, "rate": TEN, "margin": 1.0, "timing": "next"} | changed
    with pytest.raises(ParameterError, match=says):
        gain_of(**given)
