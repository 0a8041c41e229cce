"""Cox's regression: Freireich's trial, lifelines' values, and the likelihood written out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, reject
from survival_strategies import ARM, CASES, REMISSION, at_risk, every_case, name_of, repeated, tenures, tenures_of

from custvalue.errors import ConvergenceError, CustValueError, DataError, ParameterError
from custvalue.evidence.tenures import Tenures
from custvalue.survival._risk_sets import risk_sets
from custvalue.survival.cox import Cox, cox, partial_likelihood
from custvalue.survival.log_rank import log_rank
from custvalue.survival.nelson_aalen import nelson_aalen

PLACEBO = {"placebo": np.array(ARM) == "placebo"}


def two(case: dict[str, Any]) -> dict[str, Any]:
    return {name: case["data"][name] for name in ("x1", "x2")}


def written_out(rows: Tenures, x: np.ndarray[Any, Any], beta: np.ndarray[Any, Any]) -> float:
    """Efron's log partial likelihood, from the definition; a row per customer."""
    risk, total = np.exp(x @ beta), 0.0
    for t in np.unique(rows.duration[rows.ended]):
        left = rows.ended & (rows.duration == t)
        for k in range(left.sum()):
            total -= np.log(risk[at_risk(rows, t)].sum() - k / left.sum() * risk[left].sum())
        total += (x[left] @ beta).sum()
    return float(total)


def test_freireich() -> None:
    """Freireich et al. (1963), Efron's ties: 1.572 and -85.008 in the textbooks; standard error 0.412 (R's coxph)."""
    fit = cox(REMISSION, PLACEBO)
    assert fit.coefficients["placebo"] == pytest.approx(1.57212488, abs=1e-6)
    assert fit.log_likelihood == pytest.approx(-85.00842457737184, abs=1e-11)
    assert fit.standard_errors["placebo"] == pytest.approx(0.4124, abs=5e-5)
    assert fit.likelihood_ratio_test.statistic == pytest.approx(16.35, abs=5e-3)
    assert fit.wald_test.statistic == pytest.approx(14.53, abs=5e-3)
    assert fit.score_test.statistic == pytest.approx(17.25, abs=5e-3)
    assert fit.hazard_ratios["placebo"] == pytest.approx(4.817, abs=5e-4)
    assert fit.concordance(REMISSION, PLACEBO) == pytest.approx(0.690, abs=5e-4)


def test_freireich_is_at_the_maximum() -> None:
    fit = cox(REMISSION, PLACEBO)
    columns = np.array([PLACEBO["placebo"] * 1.0])
    _, slope, information = partial_likelihood(risk_sets(REMISSION), columns, REMISSION.weights)(fit.estimates)
    assert abs(slope[0]) < 1e-13
    assert fit.covariance[0, 0] == pytest.approx(1 / information[0, 0], rel=1e-12)


@every_case
def test_agrees_with_lifelines(case: dict[str, Any]) -> None:
    """Which ends its search when a step is small: its coefficients are good to eight digits."""
    fit, known = cox(tenures_of(case), two(case)), case["cox"]
    np.testing.assert_allclose(fit.estimates, known["coefficients"], atol=3e-8)
    np.testing.assert_allclose(fit.covariance, known["covariance"], atol=1e-8)
    assert fit.log_likelihood == pytest.approx(known["log_likelihood"], rel=1e-12)
    assert fit.likelihood_ratio_test.statistic == pytest.approx(known["likelihood_ratio"], rel=1e-10)


def test_the_baseline_agrees_with_lifelines() -> None:
    """Where there are no ties, in which Breslow's steps, which lifelines takes, are not Efron's."""
    case = next(case for case in CASES if name_of(case) == "plain")
    fit, known = cox(tenures_of(case), two(case)), case["cox"]
    shift = np.exp((np.array(known["means"]) - fit.means) @ fit.estimates)
    steps = dict(zip(known["baseline_time"], known["baseline"], strict=True))
    np.testing.assert_allclose(fit.cumulative_hazard * shift, [steps[t] for t in fit.time], rtol=1e-7)


@given(rows=tenures(weighted=False, least=6))
def test_is_the_maximum_of_the_likelihood_written_out(rows: Tenures) -> None:
    x = np.column_stack([np.arange(len(rows)) % 2, np.sin(np.arange(len(rows)))])
    fit = fitted(rows, x)
    best = written_out(rows, x, fit.estimates)
    assert fit.log_likelihood == pytest.approx(best, rel=1e-10, abs=1e-10)
    assert fit.null_log_likelihood == pytest.approx(written_out(rows, x, np.zeros(2)), rel=1e-10, abs=1e-10)
    for step in ([1e-3, 0], [-1e-3, 0], [0, 1e-3], [0, -1e-3]):
        assert written_out(rows, x, fit.estimates + step) <= best + 1e-12


@given(rows=tenures(least=6))
def test_a_weight_is_a_number_of_rows(rows: Tenures) -> None:
    x = np.column_stack([np.arange(len(rows)) % 2, np.sin(np.arange(len(rows)))])
    fit = fitted(rows, x)
    one_by_one = cox(repeated(rows), np.repeat(x, rows.weights.astype(int), axis=0))
    np.testing.assert_allclose(one_by_one.estimates, fit.estimates, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(one_by_one.cumulative_hazard, fit.cumulative_hazard, rtol=1e-6)
    assert one_by_one.log_likelihood == pytest.approx(fit.log_likelihood, rel=1e-10)


@given(rows=tenures(least=6))
def test_other_measures_of_covariates_and_time_change_nothing_else(rows: Tenures) -> None:
    x = np.column_stack([np.arange(len(rows)) % 2, np.sin(np.arange(len(rows)))])
    fit = fitted(rows, x)
    later = Tenures(rows.duration * 4, rows.ended, entry=rows.entry * 4, weights=rows.weights, unit="year")
    other = cox(later, x * [3.0, 1e-3] + [7.0, 1e3])
    np.testing.assert_allclose(other.estimates * [3.0, 1e-3], fit.estimates, rtol=1e-5, atol=1e-5)
    assert other.log_likelihood == pytest.approx(fit.log_likelihood, rel=1e-9)
    np.testing.assert_allclose(other.cumulative_hazard, fit.cumulative_hazard, rtol=1e-5)


def fitted(rows: Tenures, x: np.ndarray[Any, Any]) -> Cox:
    """The fit, of data that have one and say something of both coefficients."""
    try:
        fit = cox(rows, x)
    except CustValueError:
        reject()
    assume(max(fit.standard_errors.values()) < 100)
    return fit


@given(rows=tenures(least=4, late=False, weighted=False))
def test_the_score_test_is_the_log_rank_test(rows: Tenures) -> None:
    """Of two groups without ties."""
    distinct = np.unique(rows.duration)
    spread = Tenures(np.arange(1.0, len(rows) + 1), rows.ended, unit="year")
    assume(len(distinct) > 0)
    group = np.arange(len(rows)) % 2
    try:
        fit = cox(spread, group)
    except CustValueError:
        reject()
    assert fit.score_test.statistic == pytest.approx(log_rank(spread, group).statistic, rel=1e-9)


def test_slope_and_information_are_derivatives() -> None:
    rng = np.random.default_rng(9)
    rows = Tenures(
        rng.integers(1, 9, 80),
        rng.random(80) < 0.7,
        entry=rng.integers(0, 2, 80) * 0.5,
        weights=rng.integers(1, 4, 80),
        unit="year",
    )
    at = partial_likelihood(risk_sets(rows), rng.normal(size=(3, 80)), rows.weights)
    theta, step = np.array([0.4, -0.3, 0.1]), 1e-5
    _, slope, information = at(theta)
    for i, unit in enumerate(np.eye(3)):
        up, down = at(theta + step * unit), at(theta - step * unit)
        assert slope[i] == pytest.approx((up[0] - down[0]) / (2 * step), rel=1e-7)
        np.testing.assert_allclose(information[i], (down[1] - up[1]) / (2 * step), rtol=1e-7, atol=1e-7)


def test_without_an_effect_the_baseline_is_nelson_aalen() -> None:
    """Each time doubled over both values of the covariate: the coefficient is 0, and Efron's step the sum of both."""
    rows = Tenures(np.repeat(np.arange(1.0, 9), 2), np.ones(16), unit="year")
    fit = cox(rows, {"x": np.tile([0, 1], 8)})
    assert fit.coefficients["x"] == pytest.approx(0, abs=1e-12)
    spread = Tenures(np.arange(1.0, 17), np.ones(16), unit="year")
    np.testing.assert_allclose(fit.cumulative_hazard, nelson_aalen(spread).cumulative_hazard[1::2], rtol=1e-12)


def test_recovers_what_was_simulated() -> None:
    rng = np.random.default_rng(4)
    x = {"price": rng.normal(50, 10, 20_000), "plus": rng.integers(0, 2, 20_000)}
    life = rng.exponential(20 * np.exp(-0.03 * (x["price"] - 50) + 0.6 * x["plus"]))
    start = rng.uniform(0, 10, 20_000)
    seen = start + rng.uniform(0, 30, 20_000)
    known = life > start
    rows = Tenures(np.minimum(life, seen)[known], (life <= seen)[known], entry=start[known], unit="month")
    fit = cox(rows, {name: column[known] for name, column in x.items()})
    for name, value in {"price": 0.03, "plus": -0.6}.items():
        assert abs(fit.coefficients[name] - value) < 4 * fit.standard_errors[name]
    assert fit.survival({"price": 50, "plus": 1}, 20) == pytest.approx(np.exp(-np.exp(-0.6)), abs=0.02)


def test_predictions_broadcast_and_agree() -> None:
    fit = cox(REMISSION, PLACEBO)
    both, grid = {"placebo": [0, 1]}, np.array([0, 5, 10, 23])[:, None]
    survival = fit.survival(both, grid)
    assert survival.shape == (4, 2)
    np.testing.assert_allclose(survival[0], 1)
    np.testing.assert_allclose(
        np.log(survival[1:, 1]) / np.log(survival[1:, 0]), fit.hazard_ratios["placebo"], rtol=1e-12
    )
    np.testing.assert_allclose(fit.churn_probability(both, 5, 5), 1 - survival[2] / survival[1], rtol=1e-12)
    few = REMISSION[[0, 21]]
    np.testing.assert_allclose(
        fit.churn_probability(both, few, 1), fit.churn_probability(both, few.duration, 1), rtol=0
    )
    assert fit.log_risk(pd.DataFrame(both))[1] == pytest.approx(fit.log_risk({"placebo": 1}), rel=1e-14)
    with pytest.raises(ParameterError, match="must be at most 35, the longest duration observed"):
        fit.survival(both, 36)
    with pytest.raises(ParameterError, match="within must be >= 0"):
        fit.churn_probability(both, 1, -1)
    with pytest.raises(ParameterError, match=r"one shape; got covariates \(2,\), t \(2, 1\)"):
        fit.survival(both, [[1], [2]])
    with pytest.raises(DataError, match="tenure must be in the regression's unit, weeks; got Tenures in years"):
        fit.churn_probability(both, Tenures([1, 2], [0, 0], unit="year"), 1)


def test_extreme_covariates_neither_overflow_nor_warn() -> None:
    fit = cox(REMISSION, PLACEBO)
    assert fit.survival({"placebo": 1e6}, 10) == 0
    assert fit.survival({"placebo": -1e6}, 10) == 1
    assert fit.survival({"placebo": 1e6}, 0) == 1


def test_no_maximum() -> None:
    rows = Tenures([1, 2, 3, 4, 5], [1, 1, 1, 0, 0], unit="year")
    with pytest.raises(ConvergenceError, match="rises without bound in the coefficients of soon, which separate"):
        cox(rows, {"soon": [1, 1, 1, 0, 0]})


def test_no_maximum_where_the_precision_is_lost_on_the_way() -> None:
    """Risks e^50 apart, and late entry: the information there is rounding, and no maximum."""
    rows = Tenures([8, 1, 2, 1, 1, 7, 7], [1, 0, 1, 0, 0, 0, 1], entry=[2, 0, 0, 0, 0, 0, 2], unit="month")
    x = np.column_stack([np.arange(7) % 2, np.sin(np.arange(7))])
    for factor in (1.0, 3.0):
        with pytest.raises(ConvergenceError, match="no maximum: it rises without bound in the coefficients of x"):
            cox(rows, x * factor)


@pytest.mark.parametrize("size", [1e-99, 1e-9, 1e9, 1e99])
def test_the_measure_of_a_covariate_may_be_any(size: float) -> None:
    fit = cox(REMISSION, {"placebo": PLACEBO["placebo"] * size})
    assert fit.coefficients["placebo"] * size == pytest.approx(
        cox(REMISSION, PLACEBO).coefficients["placebo"], rel=1e-9
    )


def test_shares_of_customers_have_the_likelihood_of_their_sum() -> None:
    """Without ties weights multiply the log-likelihood up to a constant, so that their measure changes no estimate."""
    rows = Tenures([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 0, 1], unit="year")
    small = Tenures(rows.duration, rows.ended, weights=1e-12, unit="year")
    x = [0, 1, 1, 0, 1, 0]
    assert cox(small, x).coefficients["x1"] == pytest.approx(cox(rows, x).coefficients["x1"], rel=1e-9)


def test_refusals() -> None:
    with pytest.raises(DataError, match=r"2e\+12 customers left at one time; cox, which breaks ties one by one"):
        cox(Tenures([1, 1, 2], [1, 1, 0], weights=1e12, unit="year"), [0, 1, 1])
    rows = Tenures([1, 2, 3, 9], [1, 1, 1, 1], entry=[0, 0, 0, 5], unit="year")
    with pytest.raises(DataError, match="late does not differ between customers at risk together"):
        cox(rows, {"late": [0, 0, 0, 1]})
    with pytest.raises(DataError, match="covariates must have at least one column; got none"):
        cox(rows, {})
    with pytest.raises(DataError, match="tenures must include customers who left"):
        cox(Tenures([1, 2], [0, 0], unit="year"), [0, 1])
    with pytest.raises(DataError, match="linearly dependent covariates: a, b"):
        cox(REMISSION, {"a": np.arange(42), "b": 3 - np.arange(42)})


def test_criteria_draws_and_table() -> None:
    """BIC counts those who left, as R's does of coxph."""
    fit = cox(REMISSION, PLACEBO)
    assert fit.aic == pytest.approx(2 - 2 * fit.log_likelihood)
    assert fit.bic == pytest.approx(np.log(30) - 2 * fit.log_likelihood)
    draws = fit.draws(40_000, rng=1)
    assert draws.shape == (40_000, 1)
    assert draws.mean() == pytest.approx(fit.coefficients["placebo"], abs=4 * fit.standard_errors["placebo"] / 200)
    assert draws.std() == pytest.approx(fit.standard_errors["placebo"], rel=0.02)
    table = fit.table()
    assert table["parameter"].tolist() == ["placebo"]
    assert (table["low"][0], table["high"][0]) == fit.confidence_intervals()["placebo"]
    assert table["p_value"][0] == fit.p_values["placebo"]
    assert fit.p_values["placebo"] == pytest.approx(fit.wald_test.p_value, rel=1e-9)


def test_json() -> None:
    fit = cox(REMISSION, PLACEBO)
    again = Cox.from_json(fit.to_json())
    assert again == fit
    assert again.survival(PLACEBO, 10).tolist() == fit.survival(PLACEBO, 10).tolist()


def test_repr() -> None:
    shown = repr(cox(REMISSION, PLACEBO))
    assert "42 customers in weeks, 30 ended, log partial likelihood -85.0084" in shown
    assert "1.57213" in shown
    assert cox(REMISSION, PLACEBO) == cox(REMISSION, PLACEBO)
