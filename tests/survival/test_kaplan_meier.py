"""Kaplan-Meier: Freireich's trial, lifelines' values, and what the estimate must do whatever the data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from survival_strategies import REMISSION, TREATED, at_risk, every_case, repeated, tenures, tenures_of

from custvalue.errors import DataError, ParameterError
from custvalue.evidence.tenures import Tenures
from custvalue.survival.kaplan_meier import kaplan_meier


def test_freireich() -> None:
    """Freireich et al. (1963), 6-MP arm; S as printed in the textbooks, here by the recursion with pencil and paper."""
    curve = kaplan_meier(TREATED)
    survival = [
        0.8571428571428572,
        0.8067226890756303,
        0.7529411764705882,
        0.6901960784313725,
        0.6274509803921569,
        0.5378151260504203,
        0.44817927170868355,
    ]
    errors = [
        0.07636035483212125,
        0.0869352851800572,
        0.09634965299432051,
        0.10681470777500983,
        0.11405386525675254,
        0.12823375169303403,
        0.13459145675576048,
    ]
    assert curve.time.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert curve.at_risk.tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert curve.ended.tolist() == [3, 1, 1, 1, 1, 1, 1]
    np.testing.assert_allclose(curve.survival, survival, rtol=1e-14)
    np.testing.assert_allclose(curve.standard_error, errors, rtol=1e-13)


def test_freireich_median() -> None:
    """Klein & Moeschberger (2003), section 4.5: 23 weeks under 6-MP; from 13 with log-log limits, and no upper end."""
    median = kaplan_meier(TREATED).median()
    assert (median.value, median.lower, median.upper) == (23, 13, np.inf)
    assert kaplan_meier(REMISSION[21:]).median().value == 8


@every_case
def test_agrees_with_lifelines(case: dict[str, Any]) -> None:
    curve, known = kaplan_meier(tenures_of(case)), case["curves"]
    alive = curve.survival > 0
    for column in ("time", "survival", "standard_error", "lower", "upper"):
        expected = np.array(known[column], dtype=float)
        np.testing.assert_allclose(getattr(curve, column)[alive], expected[alive], rtol=1e-12, atol=1e-15)
    median = curve.median()
    assert [median.value, median.lower, median.upper] == known["median"]
    area = curve.restricted_mean(known["horizon"]).value
    assert area == pytest.approx(known["restricted_mean"], rel=1e-12)


@given(rows=tenures())
def test_is_the_product_over_the_times(rows: Tenures) -> None:
    curve, product = kaplan_meier(rows), 1.0
    for time, survival in zip(curve.time, curve.survival, strict=True):
        here = at_risk(rows, time)
        left = rows.weights[here & rows.ended & (rows.duration == time)].sum()
        product *= 1 - left / rows.weights[here].sum()
        assert survival == pytest.approx(product, rel=1e-12, abs=1e-15)
    assert curve.time.tolist() == sorted(set(rows.duration[rows.ended]))


@given(rows=tenures(late=False))
def test_without_censoring_is_the_share_still_there(rows: Tenures) -> None:
    everyone = Tenures(rows.duration, np.ones(len(rows)), weights=rows.weights, unit="year")
    times = np.unique(np.concatenate([[0.0], rows.duration, rows.duration / 2]))
    share = [(rows.weights * (rows.duration > t)).sum() / rows.weights.sum() for t in times]
    np.testing.assert_allclose(kaplan_meier(everyone).at(times), share, rtol=1e-12, atol=1e-15)


@given(rows=tenures())
def test_a_weight_is_a_number_of_rows(rows: Tenures) -> None:
    weighted, one_by_one = kaplan_meier(rows), kaplan_meier(repeated(rows))
    for column in ("time", "at_risk", "ended"):
        np.testing.assert_array_equal(getattr(weighted, column), getattr(one_by_one, column))
    np.testing.assert_allclose(weighted.standard_error, one_by_one.standard_error, rtol=1e-12)


@given(rows=tenures(), share=st.floats(0.01, 3.0))
def test_weights_in_another_measure_change_no_survival(rows: Tenures, share: float) -> None:
    scaled = Tenures(rows.duration, rows.ended, entry=rows.entry, weights=rows.weights * share, unit="year")
    np.testing.assert_allclose(kaplan_meier(scaled).survival, kaplan_meier(rows).survival, rtol=1e-9, atol=1e-12)


@given(rows=tenures(), level=st.floats(0.01, 0.999), interval=st.sampled_from(["log-log", "logit", "greenwood"]))
def test_limits_are_probabilities_around_the_estimate(rows: Tenures, level: float, interval: Any) -> None:
    curve = kaplan_meier(rows, level=level, interval=interval)
    assert np.all((curve.lower >= 0) & (curve.upper <= 1))
    assert np.all(curve.lower <= curve.survival + 1e-12)
    assert np.all(curve.survival <= curve.upper + 1e-12)
    assert np.isfinite(curve.standard_error).all()


@given(rows=tenures(), share=st.floats(0.05, 1.0))
def test_the_restricted_mean_is_the_area(rows: Tenures, share: float) -> None:
    curve = kaplan_meier(rows)
    horizon = share * curve.observed_until
    grid = np.unique(np.concatenate([[0.0, horizon], curve.time[curve.time < horizon]]))
    middle = (grid[:-1] + grid[1:]) / 2
    area = (curve.at(middle) * np.diff(grid)).sum()
    mean = curve.restricted_mean(horizon)
    assert mean.value == pytest.approx(area, rel=1e-12)
    assert 0 <= mean.lower <= mean.value <= mean.upper <= horizon


def test_the_error_of_the_restricted_mean() -> None:
    """Without censoring it is the error of a mean: the standard deviation of min(duration, horizon) over √n."""
    duration = np.array([1.0, 2.0, 2.5, 4.0, 7.0, 9.0])
    mean = kaplan_meier(Tenures(duration, np.ones(6), unit="year")).restricted_mean(5.0)
    assert mean.value == pytest.approx(np.minimum(duration, 5.0).mean(), rel=1e-14)
    assert mean.standard_error == pytest.approx(np.minimum(duration, 5.0).std() / np.sqrt(6), rel=1e-12)


@given(rows=tenures(), p=st.floats(0.01, 0.99))
def test_a_quantile_is_the_first_time_reached(rows: Tenures, p: float) -> None:
    curve = kaplan_meier(rows)
    found = curve.quantile(p)
    assert found.lower <= found.value <= found.upper
    reached = curve.time[curve.survival <= (1 - p) * (1 + 1e-12)]
    assert found.value == (reached[0] if len(reached) else np.inf)


def test_a_half_reached_exactly_is_reached() -> None:
    """Products of shares such as 3/4 · 2/3 are 1/2 and no rounding above it."""
    for size in range(2, 60, 2):
        curve = kaplan_meier(Tenures(np.arange(1, size + 1), np.ones(size), unit="year"))
        assert curve.median().value == size / 2


def test_steps_are_right_continuous() -> None:
    curve = kaplan_meier(Tenures([2, 4], [1, 1], unit="year"))
    assert curve.at([0, 1.9, 2, 3.9, 4, 100]).tolist() == [1, 1, 0.5, 0.5, 0, 0]
    assert curve.at(2).shape == ()
    assert [float(limit) for limit in curve.interval_at(1)] == [1, 1]


def test_churn_probability_is_the_share_of_those_there() -> None:
    curve = kaplan_meier(TREATED)
    expected = 1 - 0.6274509803921569 / 0.8067226890756303
    assert curve.churn_probability(7, within=10) == pytest.approx(expected, rel=1e-12)
    with pytest.raises(ParameterError, match="tenure must be a time to which some are estimated to stay; got 4"):
        kaplan_meier(Tenures([2, 4], [1, 1], unit="year")).churn_probability(4, within=1)
    with pytest.raises(ParameterError, match=r"one shape; got tenure \(2,\), within \(2, 1\)"):
        curve.churn_probability([1, 2], [[3], [4]])


def test_leaving_comes_before_censoring_and_entry_after() -> None:
    curve = kaplan_meier(Tenures([2, 2, 3, 4], [1, 0, 1, 1], entry=[0, 0, 2, 2], unit="year"))
    assert curve.at_risk.tolist() == [2, 2, 1]


def test_where_all_leave_the_upper_limit_stays() -> None:
    curve = kaplan_meier(Tenures([1, 2, 3], [1, 1, 1], unit="year"))
    assert curve.survival[-1] == curve.lower[-1] == curve.standard_error[-1] == 0
    assert curve.upper[-1] == curve.upper[-2] < 1


def test_nobody_left() -> None:
    curve = kaplan_meier(Tenures([3, 5], [0, 0], unit="month"))
    assert len(curve) == 0
    assert curve.at([0, 5]).tolist() == [1, 1]
    assert curve.median().value == np.inf
    assert curve.restricted_mean(5).value == 5
    assert "2 customers in months: 0 ended" in repr(curve)


def test_rows_of_weight_0_are_nobody() -> None:
    curve = kaplan_meier(Tenures([1, 2, 9], [1, 1, 1], weights=[1, 1, 0], unit="year"))
    assert curve.time.tolist() == [1, 2]
    assert curve.observed_until == 2


def test_both_ways_of_counting_agree() -> None:
    """Rows that count once are sorted by their bits, others are summed by rank."""
    rng = np.random.default_rng(5)
    duration = np.where(rng.random(500) < 0.5, rng.exponential(size=500), rng.integers(0, 5, 500)) * rng.choice(
        [1, -0.0]
    )
    ended, late = rng.random(500) < 0.6, rng.random(500) < 0.2
    rows = Tenures(np.abs(duration), ended, entry=np.abs(duration) * late * 0.5, unit="year")
    double = Tenures(rows.duration, rows.ended, entry=rows.entry, weights=np.full(500, 2.0), unit="year")
    one, two = kaplan_meier(rows), kaplan_meier(double)
    np.testing.assert_array_equal(one.time, two.time)
    np.testing.assert_array_equal(2 * one.at_risk, two.at_risk)
    np.testing.assert_array_equal(2 * one.ended, two.ended)


def test_negative_zero_is_zero() -> None:
    assert kaplan_meier(Tenures([-0.0, 0.0, 1.0], [1, 1, 0], unit="year")).ended.tolist() == [2]


def test_nothing_is_known_later() -> None:
    curve = kaplan_meier(TREATED)
    assert curve.at(35) == curve.survival[-1]
    for ask in (curve.at, curve.interval_at, curve.restricted_mean):
        with pytest.raises(ParameterError, match="must be at most 35, the longest duration observed"):
            ask(36)
    with pytest.raises(ParameterError, match=r"t must be >= 0; broken in 1 of 2 rows, first: row 1 \(t=-1\.0\)"):
        curve.at([1, -1])


def test_who_left_at_entry_was_never_at_risk() -> None:
    rows = Tenures([3, 5], [1, 1], entry=[3, 0], ids=["ann", "bob"], unit="year")
    message = (
        r"entry < duration must hold for those who left; broken in 1 of 2 rows, first: customer 'ann' .*measure time"
    )
    with pytest.raises(DataError, match=message):
        kaplan_meier(rows)


def test_sizes_at_the_ends_of_the_floats() -> None:
    for weight in (1e-100, 1e-12, 1e12, 1e100):
        for interval in ("log-log", "logit", "greenwood"):
            curve = kaplan_meier(Tenures([1, 2, 3, 4], [1, 0, 1, 1], weights=weight, unit="year"), interval=interval)
            np.testing.assert_allclose(curve.survival, [0.75, 0.375, 0], rtol=1e-15)
            assert np.isfinite(curve.standard_error).all()
    mean = kaplan_meier(Tenures([1e-300, 1e300], [1, 1], unit="year")).restricted_mean(1e300)
    assert mean.value == pytest.approx(5e299)
    assert mean.standard_error == pytest.approx(1e300 * np.sqrt(1 / 8), rel=1e-12)
    with pytest.raises(DataError, match="weights must be 0 or from 1e-100 to 1e\\+100; broken in 1 of 2 rows"):
        kaplan_meier(Tenures([1, 2], [1, 1], weights=[1, 1e-200], unit="year"))


def test_refusals() -> None:
    with pytest.raises(DataError, match=r"one row per customer; got shape \(2, 2\)"):
        kaplan_meier(Tenures([[1, 2], [3, 4]], 1, unit="year"))
    with pytest.raises(DataError, match="tenures must hold customers; got 0 rows"):
        kaplan_meier(Tenures([], [], unit="year"))
    with pytest.raises(DataError, match="tenures must be Tenures; got a list"):
        kaplan_meier([1, 2])  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match=r"level must lie (strictly )?between 0 and 1.*; got 95"):
        kaplan_meier(TREATED, level=95)
    with pytest.raises(ParameterError, match="interval must be 'log-log', 'logit' or 'greenwood'"):
        kaplan_meier(TREATED, interval="exact")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="p must lie strictly between 0 and 1"):
        kaplan_meier(TREATED).quantile([0.5, 1])
    with pytest.raises(ParameterError, match="horizon must be > 0; got 0"):
        kaplan_meier(TREATED).restricted_mean(0)


def test_results_are_values() -> None:
    curve = kaplan_meier(TREATED)
    assert curve == kaplan_meier(TREATED)
    assert curve != kaplan_meier(REMISSION)
    with pytest.raises(ValueError, match="read-only"):
        curve.survival[0] = 1.0
    assert "23           6         1    0.4482" in repr(curve)
    assert repr(curve.quantile([0.1, 0.25])).startswith("[ 6. 13.]")
    assert float(curve.median()) == 23
    assert "..." in repr(kaplan_meier(Tenures(np.arange(1, 100), np.ones(99), unit="year")))


def test_a_million_tenures_agree_with_the_share_still_there() -> None:
    rng = np.random.default_rng(1)
    duration = rng.exponential(10.0, 1_000_000)
    curve = kaplan_meier(Tenures(duration, np.ones(len(duration)), unit="year"))
    assert curve.at(10.0) == pytest.approx((duration > 10).mean(), rel=1e-10)
