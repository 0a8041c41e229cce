"""Measures of scores: scikit-learn's values, brute force, and the laws they follow."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from references import every, reference

from custvalue.churn.scores import Curve, calibration, gains, lift, top_decile_lift
from custvalue.errors import DataError, ParameterError

CASES = reference("churn_scores")["cases"]
every_case = every(CASES, lambda case: case["name"])


@st.composite
def scored(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels of both classes, probabilities with ties, 0 and 1 among them, and whole weights with some 0."""
    n = draw(st.integers(2, 25))
    grid = st.integers(0, draw(st.sampled_from([1, 3, 10, 1000])))
    top = draw(st.integers(1, 1000))
    p = np.array(draw(st.lists(grid, min_size=n, max_size=n))) / 1000 * top
    p = p / max(1.0, p.max())
    y = np.array([1, 0, *draw(st.lists(st.integers(0, 1), min_size=n - 2, max_size=n - 2))])
    w = np.array([1, 2, *draw(st.lists(st.integers(0, 3), min_size=n - 2, max_size=n - 2))])
    return y, p, w


def auc(curve: Curve, rate: float) -> float:
    """The area under the ROC curve: that of the gains curve is rate/2 + (1 - rate) AUC, rate being the churn rate."""
    area = (np.diff(curve.fraction) * (curve.value[1:] + curve.value[:-1])).sum() / 2
    return float((area - rate / 2) / (1 - rate))


def average_precision(curve: Curve, rate: float) -> float:
    """Σ precision · Δrecall over the thresholds: recall is the gains, precision rate · gains/fraction."""
    some = curve.fraction[1:] > 0
    precision = rate * curve.value[1:][some] / curve.fraction[1:][some]
    return float((np.diff(curve.value)[some] * precision).sum())


@every_case
@pytest.mark.parametrize("weighted", [False, True])
def test_gains_have_the_area_and_the_precision_of_scikit_learn(weighted: bool, case: dict[str, Any]) -> None:
    weights, known = (case["weights"], case["weighted"]) if weighted else (None, case["ranking"])
    curve, rate = gains(case["y"], case["p"], weights=weights), float(np.average(case["y"], weights=weights))
    assert auc(curve, rate) == pytest.approx(known["roc_auc"], rel=1e-12)
    assert average_precision(curve, rate) == pytest.approx(known["average_precision"], rel=1e-12)


@every_case
def test_calibration_as_scikit_learn(case: dict[str, Any]) -> None:
    for one in case["calibration"]:
        found = calibration(case["y"], case["p"], bins=one["bins"], method=one["method"])
        np.testing.assert_allclose(found.observed, one["observed"], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(found.predicted, one["predicted"], rtol=1e-12)
        assert found.share.sum() == pytest.approx(1)


@every_case
def test_lift_as_empulse_where_its_ties_do_not_matter(case: dict[str, Any]) -> None:
    for fraction, value in case.get("lift", {}).items():
        assert lift(case["y"], case["p"], float(fraction)) == pytest.approx(value, rel=1e-12)


def test_the_twenty_customers() -> None:
    case = next(case for case in CASES if case["name"] == "twenty")
    assert top_decile_lift(case["y"], case["p"]) == 2.0
    assert auc(gains(case["y"], case["p"]), 0.25) == pytest.approx(0.84)


def test_gains_inside_a_tie_are_expected_ones() -> None:
    curve = gains([1, 0, 0, 1, 0], [0.9, 0.5, 0.5, 0.5, 0.1])
    np.testing.assert_allclose(curve.fraction, [0, 0.2, 0.8, 1])
    np.testing.assert_allclose(curve.value, [0, 0.5, 1, 1])
    # of the two first, one churned for certain, and the other with the chance of 1 in 3
    assert curve.at(0.4) == pytest.approx((1 + 1 / 3) / 2)
    assert lift([1, 0, 0, 1, 0], [0.9, 0.5, 0.5, 0.5, 0.1], 0.4) == pytest.approx((1 + 1 / 3) / 2 / 0.4)


def test_scores_may_have_any_size() -> None:
    assert gains([1, 0, 1, 0], [1e308, -1e308, 5e-324, 0.0]).value.tolist() == [0, 0.5, 1, 1, 1]
    assert gains([1, 0], [0.0, -0.0]).value.tolist() == [0, 1]


def test_calibration_errors_by_hand() -> None:
    found = calibration([0, 1, 1, 1], [0.1, 0.2, 0.6, 0.8], bins=2, method="uniform")
    np.testing.assert_allclose(found.predicted, [0.15, 0.7])
    np.testing.assert_allclose(found.observed, [0.5, 1])
    assert found.expected_error == pytest.approx((0.35 + 0.3) / 2)
    assert found.maximum_error == pytest.approx(0.35)


@given(scored())
def test_the_area_of_gains_is_the_probability_of_a_right_order(sample: tuple[np.ndarray, ...]) -> None:
    y, p, w = sample
    pairs = [
        (w[i] * w[j], (p[i] > p[j]) + 0.5 * (p[i] == p[j]))
        for i, j in product(range(len(y)), repeat=2)
        if y[i] == 1 and y[j] == 0
    ]
    total, right = sum(v for v, _ in pairs), sum(v * ok for v, ok in pairs)
    rate = (w * y).sum() / w.sum()
    assert auc(gains(y, p, weights=w), rate) == pytest.approx(right / total, abs=1e-13)
    assert auc(gains(y, -p, weights=w), rate) == pytest.approx(1 - right / total, abs=1e-13)


@given(scored())
def test_gains_by_thresholds(sample: tuple[np.ndarray, ...]) -> None:
    y, p, w = sample
    curve = gains(y, p, weights=w)
    thresholds = sorted(set(p.tolist()), reverse=True)
    np.testing.assert_allclose(curve.fraction[1:], [w[p >= each].sum() / w.sum() for each in thresholds], rtol=1e-14)
    churned = [(w * y)[p >= each].sum() / (w * y).sum() for each in thresholds]
    np.testing.assert_allclose(curve.value[1:], churned, rtol=1e-14)


@given(scored(), st.sampled_from([lambda p: 3 * p - 7, np.exp, lambda p: p**3 + p, lambda p: -1 / (1 + p)]))
def test_ranking_is_all_that_counts(sample: tuple[np.ndarray, ...], transform: Any) -> None:
    y, p, w = sample
    other = transform(np.unique(p))[np.unique(p, return_inverse=True)[1]]
    if len(np.unique(other)) != len(np.unique(p)):  # numbers so near that the transform's rounding makes them one
        other = np.unique(p, return_inverse=True)[1]
    assert top_decile_lift(y, p, weights=w) == top_decile_lift(y, other, weights=w)
    assert gains(y, p, weights=w) == gains(y, other, weights=w)


@given(scored(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(sample: tuple[np.ndarray, ...], random: Any) -> None:
    y, p, w = sample
    new = list(range(len(y)))
    random.shuffle(new)
    for measure in (gains, calibration):
        once, again = measure(y, p, weights=w).table(), measure(y[new], p[new], weights=w[new]).table()
        for name, column in once.items():
            np.testing.assert_allclose(again[name], column, rtol=1e-12)


@given(scored())
def test_a_weight_is_a_number_of_customers(sample: tuple[np.ndarray, ...]) -> None:
    y, p, w = sample
    repeated = np.repeat(y, w), np.repeat(p, w)
    assert top_decile_lift(y, p, weights=w) == pytest.approx(top_decile_lift(*repeated), rel=1e-12)
    at = np.linspace(0, 1, 21)
    np.testing.assert_allclose(gains(y, p, weights=w).at(at), gains(*repeated).at(at), rtol=1e-12)
    once, often = (
        calibration(y, p, bins=4, method="uniform", weights=w),
        calibration(*repeated, bins=4, method="uniform"),
    )
    for name in ("predicted", "observed", "share"):
        np.testing.assert_allclose(getattr(once, name), getattr(often, name), rtol=1e-12, atol=1e-15)
    assert calibration(y, p, bins=4, weights=w).predicted == pytest.approx(
        calibration(*repeated, bins=4, weights=np.ones(w.sum())).predicted
    )


@given(scored())
def test_gains_rise_from_nobody_to_all(sample: tuple[np.ndarray, ...]) -> None:
    y, p, w = sample
    curve = gains(y, p, weights=w)
    assert (curve.value[0], curve.value[-1], curve.fraction[0], curve.fraction[-1]) == (0, 1, 0, 1)
    assert np.all(np.diff(curve.value) >= 0)
    assert np.all(np.diff(curve.fraction) >= 0)
    assert lift(y, p, 1.0, weights=w) == pytest.approx(1)


@given(scored())
def test_perfect_scores_gain_the_most(sample: tuple[np.ndarray, ...]) -> None:
    y, p, w = sample
    w = w + 1
    best = gains(y, y + p / 2, weights=w)
    slopes = np.diff(best.value) / np.diff(best.fraction)
    assert all(later <= earlier * (1 + 1e-9) for earlier, later in pairwise(slopes))
    at = np.linspace(0, 1, 21)
    assert np.all(best.at(at) >= gains(y, p, weights=w).at(at) - 1e-12)
    assert auc(best, (w * y).sum() / w.sum()) == pytest.approx(1, rel=1e-12)


def test_fine_bins_with_a_law_behind_them_are_calibrated() -> None:
    rng = np.random.default_rng(5)
    p = rng.beta(1, 3, 200_000)
    y = rng.uniform(size=p.size) < p
    assert calibration(y, p).expected_error < 0.005
    assert calibration(y, np.sqrt(p)).expected_error > 0.1

    def reliability(p: np.ndarray) -> float:
        found = calibration(y, p, bins=20)
        return float((found.share * (found.predicted - found.observed) ** 2).sum())

    assert reliability(p) < 1e-4 < reliability(np.sqrt(p))


# What is refused


@pytest.mark.parametrize("measure", [gains, lift, calibration])
@pytest.mark.parametrize(
    ("y", "score", "message"),
    [
        ([1, 2, 0], [0.1, 0.2, 0.3], r"y must be 1 \(churned\) or 0.*1 of 3 rows, first: row 1 \(y=2.0\).*Code it"),
        ([1, 0, 1], [0.1, 0.2], r"must have the same customers.*3 \(y\) and 2"),
        ([1, 0], [0.1, np.nan], r"must be finite.*1 of 2 rows, first: row 1"),
        (["yes", "no"], [0.1, 0.2], "y must be numbers; got 'yes'"),
        ([], [], "at least one customer"),
        ([[1, 0]], [[0.1, 0.2]], "one value per customer"),
    ],
)
def test_labels_and_scores_are_checked(measure: Any, y: Any, score: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        measure(y, score)


def test_probabilities_are_in_the_unit_interval() -> None:
    with pytest.raises(DataError, match=r"p must be a probability in \[0, 1\]; broken in 2 of 3 rows.*calibrate"):
        calibration([1, 0, 1], [0.5, -0.1, 1.5])


@pytest.mark.parametrize("measure", [gains, lift])
def test_gains_need_somebody_who_churned(measure: Any) -> None:
    with pytest.raises(DataError, match=r"needs customers who churned; y is 0 in all 2 rows"):
        measure([0, 0], [0.3, 0.4])


@pytest.mark.parametrize(
    ("weights", "message"),
    [([1, -1], "must not be negative"), ([0, 0], "must not all be 0"), ([1], "2 .* and 1"), ([1, np.inf], "finite")],
)
def test_weights_are_checked(weights: list[float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        gains([1, 0], [0.3, 0.4], weights=weights)


def test_options_are_checked() -> None:
    y, p = [1, 0], [0.3, 0.4]
    for fraction in (0, -0.1, 1.1, np.nan):
        with pytest.raises(ParameterError, match=r"fraction must (be > 0|lie between 0 and 1|be finite)"):
            lift(y, p, fraction)
    for bins in (0, 2.5, True):
        with pytest.raises(ParameterError, match="bins must be a whole number >= 1; got"):
            calibration(y, p, bins=bins)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="method must be 'quantile' or 'uniform'; got 'equal'"):
        calibration(y, p, method="equal")  # type: ignore[arg-type]


def test_results_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        gains([1, 0], [0.3, 0.4]).value[0] = 1
