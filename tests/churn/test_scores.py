"""Measures of scores: scikit-learn's values, brute force, and the laws they follow."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from references import every, reference

from custvalue.churn.scores import (
    average_precision,
    brier,
    calibration,
    gains,
    lift,
    log_loss,
    roc_auc,
    top_decile_lift,
)
from custvalue.errors import DataError, ParameterError

CASES = reference("churn_scores")["cases"]
MEASURES = {
    "roc_auc": roc_auc,
    "average_precision": average_precision,
    "brier": lambda y, p, weights=None: brier(y, p, weights=weights).score,
    "log_loss": log_loss,
}
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


@every_case
@pytest.mark.parametrize("name", MEASURES)
def test_as_scikit_learn(name: str, case: dict[str, Any]) -> None:
    y, p = case["y"], case["p"]
    assert MEASURES[name](y, p) == pytest.approx(case["ranking"][name], rel=1e-12)
    assert MEASURES[name](y, p, weights=case["weights"]) == pytest.approx(case["weighted"][name], rel=1e-12)


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
    y, p = case["y"], case["p"]
    assert top_decile_lift(y, p) == 2.0
    assert roc_auc(y, p) == pytest.approx(0.84)
    assert average_precision(y, p) == pytest.approx(0.680952380952381)
    assert brier(y, p).score == pytest.approx(0.176665)
    assert log_loss(y, p) == pytest.approx(0.5276094667139501)


def test_gains_inside_a_tie_are_expected_ones() -> None:
    curve = gains([1, 0, 0, 1, 0], [0.9, 0.5, 0.5, 0.5, 0.1])
    np.testing.assert_allclose(curve.fraction, [0, 0.2, 0.8, 1])
    np.testing.assert_allclose(curve.value, [0, 0.5, 1, 1])
    # of the two first, one churned for certain, and the other with the chance of 1 in 3
    assert curve.at(0.4) == pytest.approx((1 + 1 / 3) / 2)
    assert lift([1, 0, 0, 1, 0], [0.9, 0.5, 0.5, 0.5, 0.1], 0.4) == pytest.approx((1 + 1 / 3) / 2 / 0.4)


def test_scores_may_have_any_size() -> None:
    assert roc_auc([1, 0, 1, 0], [1e308, -1e308, 5e-324, 0.0]) == 1
    assert roc_auc([1, 0], [0.0, -0.0]) == 0.5


def test_a_certain_forecast_that_is_wrong_has_lost_everything() -> None:
    assert log_loss([1, 0], [1.0, 0.0]) == 0
    assert log_loss([1, 0], [0.0, 0.0]) == np.inf
    assert log_loss([1, 0], [0.0, 0.0], weights=[0, 1]) == 0


def test_murphy_by_hand() -> None:
    found = brier([1, 1, 0, 0, 0], [0.75, 0.75, 0.75, 0.25, 0.25])
    assert found.reliability == pytest.approx(3 / 5 * (0.75 - 2 / 3) ** 2 + 2 / 5 * 0.25**2)
    assert found.resolution == pytest.approx(3 / 5 * (2 / 3 - 0.4) ** 2 + 2 / 5 * 0.4**2)
    assert found.uncertainty == pytest.approx(0.24)
    assert found.within == 0
    assert found.skill == pytest.approx(1 - found.score / 0.24)
    assert np.isnan(brier([1, 1], [0.9, 0.8]).skill)


def test_calibration_errors_by_hand() -> None:
    found = calibration([0, 1, 1, 1], [0.1, 0.2, 0.6, 0.8], bins=2, method="uniform")
    np.testing.assert_allclose(found.predicted, [0.15, 0.7])
    np.testing.assert_allclose(found.observed, [0.5, 1])
    assert found.expected_error == pytest.approx((0.35 + 0.3) / 2)
    assert found.maximum_error == pytest.approx(0.35)


@given(scored())
def test_auc_is_the_probability_of_a_right_order(sample: tuple[np.ndarray, ...]) -> None:
    y, p, w = sample
    pairs = [
        (w[i] * w[j], (p[i] > p[j]) + 0.5 * (p[i] == p[j]))
        for i, j in product(range(len(y)), repeat=2)
        if y[i] == 1 and y[j] == 0
    ]
    total, right = sum(v for v, _ in pairs), sum(v * ok for v, ok in pairs)
    assert roc_auc(y, p, weights=w) == pytest.approx(right / total, abs=1e-14)
    assert roc_auc(y, -p, weights=w) == pytest.approx(1 - right / total, abs=1e-14)


@given(scored())
def test_average_precision_by_thresholds(sample: tuple[np.ndarray, ...]) -> None:
    y, p, w = sample
    wanted, recall = 0.0, 0.0
    for threshold in sorted(set(p.tolist()), reverse=True):
        above = p >= threshold
        reached = (w * y)[above].sum() / (w * y).sum()
        if reached > recall:
            wanted += (reached - recall) * (w * y)[above].sum() / w[above].sum()
        recall = reached
    assert average_precision(y, p, weights=w) == pytest.approx(wanted, rel=1e-12)


@given(scored(), st.sampled_from([lambda p: 3 * p - 7, np.exp, lambda p: p**3 + p, lambda p: -1 / (1 + p)]))
def test_ranking_is_all_that_counts(sample: tuple[np.ndarray, ...], transform: Any) -> None:
    y, p, w = sample
    other = transform(np.unique(p))[np.unique(p, return_inverse=True)[1]]
    if len(np.unique(other)) != len(np.unique(p)):  # numbers so near that the transform's rounding makes them one
        other = np.unique(p, return_inverse=True)[1]
    for measure in (roc_auc, average_precision, top_decile_lift):
        assert measure(y, p, weights=w) == measure(y, other, weights=w)
    assert gains(y, p, weights=w) == gains(y, other, weights=w)


@given(scored(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(sample: tuple[np.ndarray, ...], random: Any) -> None:
    y, p, w = sample
    new = list(range(len(y)))
    random.shuffle(new)
    for measure in (*MEASURES.values(), top_decile_lift):
        assert measure(y, p, weights=w) == pytest.approx(measure(y[new], p[new], weights=w[new]), rel=1e-12)


@given(scored())
def test_a_weight_is_a_number_of_customers(sample: tuple[np.ndarray, ...]) -> None:
    y, p, w = sample
    repeated = np.repeat(y, w), np.repeat(p, w)
    for measure in (*MEASURES.values(), top_decile_lift):
        assert measure(y, p, weights=w) == pytest.approx(measure(*repeated), rel=1e-12)
    once, often = (
        calibration(y, p, bins=4, method="uniform", weights=w),
        calibration(*repeated, bins=4, method="uniform"),
    )
    for name in ("predicted", "observed", "share"):
        np.testing.assert_allclose(getattr(once, name), getattr(often, name), rtol=1e-12, atol=1e-15)
    assert calibration(y, p, bins=4, weights=w).predicted == pytest.approx(
        calibration(*repeated, bins=4, weights=np.ones(w.sum())).predicted
    )


@given(scored(), st.sampled_from([None, 1, 2, 5, 100]), st.sampled_from(["quantile", "uniform"]), st.booleans())
def test_the_parts_of_a_brier_score_add_up(
    sample: tuple[np.ndarray, ...], bins: int | None, method: Any, weighted: bool
) -> None:
    y, p, w = sample
    found = brier(y, p, bins=bins, method=method, weights=w if weighted else None)
    parts = found.reliability - found.resolution + found.uncertainty + found.within
    assert parts == pytest.approx(found.score, abs=1e-14)
    assert min(found.reliability, found.resolution, found.uncertainty) >= 0
    assert found.resolution <= found.uncertainty + 1e-15
    if bins is None:
        assert found.within == 0


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
    assert roc_auc(y, y + p / 2, weights=w) == 1
    assert average_precision(y, y) == 1


def test_fine_bins_with_a_law_behind_them_are_calibrated() -> None:
    rng = np.random.default_rng(5)
    p = rng.beta(1, 3, 200_000)
    y = rng.uniform(size=p.size) < p
    assert calibration(y, p).expected_error < 0.005
    assert calibration(y, np.sqrt(p)).expected_error > 0.1
    assert brier(y, p, bins=20).reliability < 1e-4 < brier(y, np.sqrt(p), bins=20).reliability


# What is refused


@pytest.mark.parametrize("measure", [roc_auc, average_precision, gains, lift, brier, log_loss, calibration])
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


@pytest.mark.parametrize("measure", [brier, log_loss, calibration])
def test_probabilities_are_in_the_unit_interval(measure: Any) -> None:
    with pytest.raises(DataError, match=r"p must be a probability in \[0, 1\]; broken in 2 of 3 rows.*calibrate"):
        measure([1, 0, 1], [0.5, -0.1, 1.5])


@pytest.mark.parametrize(
    ("measure", "y"),
    [(roc_auc, [0, 0]), (roc_auc, [1, 1]), (average_precision, [0, 0]), (gains, [0, 0]), (lift, [0, 0])],
)
def test_one_class_is_refused_where_nothing_is_defined(measure: Any, y: list[int]) -> None:
    with pytest.raises(DataError, match=r"needs customers who churned.*in all 2|all 2 (stayed|churned)"):
        measure(y, [0.3, 0.4])


@pytest.mark.parametrize(
    ("weights", "message"),
    [([1, -1], "must not be negative"), ([0, 0], "must not all be 0"), ([1], "2 .* and 1"), ([1, np.inf], "finite")],
)
def test_weights_are_checked(weights: list[float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        roc_auc([1, 0], [0.3, 0.4], weights=weights)


def test_options_are_checked() -> None:
    y, p = [1, 0], [0.3, 0.4]
    for fraction in (0, -0.1, 1.1, np.nan):
        with pytest.raises(ParameterError, match="fraction must be"):
            lift(y, p, fraction)
    for bins in (0, 2.5, True):
        with pytest.raises(ParameterError, match="bins must be a positive whole number"):
            calibration(y, p, bins=bins)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match='"quantile" or "uniform"'):
        calibration(y, p, method="equal")  # type: ignore[arg-type]


def test_results_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        gains([1, 0], [0.3, 0.4]).value[0] = 1
