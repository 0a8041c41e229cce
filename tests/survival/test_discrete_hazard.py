"""Discrete-time regression: the saturated case, all rows written out, recovery, and covariates of any kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from survival_strategies import repeated, tenures

from custvalue.errors import ConvergenceError, CustValueError, DataError, ParameterError
from custvalue.evidence.tenures import Tenures
from custvalue.survival import _person_periods as engine
from custvalue.survival.concordance import concordance
from custvalue.survival.discrete_hazard import DiscreteHazard, discrete_hazard
from custvalue.survival.life_table import life_table

CONTRACTS = Tenures([1, 1, 2, 2, 3, 3, 3, 4], [1, 0, 1, 1, 1, 0, 0, 0], unit="month", by_period=True)
DISCOUNT = {"discount": [0, 1, 0, 1, 1, 0, 1, 1]}
links = st.sampled_from(["logit", "cloglog"])


def simulated(size: int, seed: int, link: str) -> tuple[Tenures, dict[str, Any]]:
    """Contracts that end with a chance that depends on two covariates and the period."""
    rng = np.random.default_rng(seed)
    x = {"price": rng.normal(50, 10, size), "plus": rng.integers(0, 2, size)}
    level = -2.0 + 0.04 * (x["price"] - 50) - 0.7 * x["plus"]
    duration, here, ended = np.zeros(size), np.ones(size, dtype=bool), np.zeros(size, dtype=bool)
    for period in range(1, 13):
        eta = level - 0.08 * period
        leave = here & (rng.random(size) < (1 / (1 + np.exp(-eta)) if link == "logit" else -np.expm1(-np.exp(eta))))
        duration[here], ended = period, ended | leave
        here &= ~leave
    return Tenures(duration, ended, unit="month", by_period=True), x


def written_out(rows: Tenures, x: np.ndarray[Any, Any], fit: DiscreteHazard) -> float:
    """The log-likelihood, customer by customer and period by period."""
    total = 0.0
    for duration, ended, entry, weight, own in zip(rows.duration, rows.ended, rows.entry, rows.weights, x, strict=True):
        for period in range(int(entry) + 1, int(duration) + 1):
            hazard = float(fit.hazard({"x": own}, period))
            total += weight * np.log(hazard if ended and period == duration else 1 - hazard)
    return total


@given(rows=tenures(whole=True), link=links)
def test_a_coefficient_for_each_period_is_the_share_who_leave(rows: Tenures, link: Any) -> None:
    """With customers added who leave, or stay, in every period, so that no share is 0 or 1."""
    every = np.arange(1, rows.duration.max() + 1)
    rows = Tenures(
        np.concatenate([rows.duration, every, [every[-1]]]),
        np.concatenate([rows.ended, np.ones(len(every)), [0]]),
        entry=np.concatenate([rows.entry, np.zeros(len(every) + 1)]),
        weights=np.concatenate([rows.weights, np.ones(len(every) + 1)]),
        unit="year",
    )
    shares = life_table(rows)
    fit = discrete_hazard(rows, link=link)
    np.testing.assert_allclose(fit.hazard(None, shares.period), shares.hazard, rtol=1e-9)
    np.testing.assert_allclose(fit.survival(None, shares.period), shares.survival, rtol=1e-9)
    if link == "logit":
        errors = shares.standard_error / (shares.hazard * (1 - shares.hazard))
        np.testing.assert_allclose(list(fit.standard_errors.values()), errors, rtol=1e-7)


@given(rows=tenures(whole=True, least=6), link=links, baseline=st.sampled_from([0, 1, "log", [2, 9]]))
def test_the_maximum_of_the_likelihood_written_out(rows: Tenures, link: Any, baseline: Any) -> None:
    x = np.arange(len(rows)) % 3 / 2
    try:
        fit = discrete_hazard(rows, {"x": x}, baseline=baseline, link=link)
    except CustValueError:
        reject()
    assert fit.log_likelihood == pytest.approx(written_out(rows, x, fit), rel=1e-9, abs=1e-9)
    assert fit.person_periods == (rows.weights * (rows.duration - rows.entry)).sum()
    weighted = discrete_hazard(
        repeated(rows), {"x": np.repeat(x, rows.weights.astype(int))}, baseline=baseline, link=link
    )
    np.testing.assert_allclose(weighted.estimates, fit.estimates, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("link", ["logit", "cloglog"])
def test_slope_and_information_are_derivatives(link: Any) -> None:
    rows, x = simulated(300, 5, link)
    source = engine.held(engine.patterns(rows, np.array([x["plus"], x["price"] / 50 - 1])))
    terms = np.array([np.ones(12), np.arange(12.0)])
    at, theta, step = engine.objective(source, terms, link), np.array([-1.5, -0.05, 0.3, -0.4]), 1e-5
    _, slope, information = at(theta)
    for i, unit in enumerate(np.eye(4)):
        up, down = at(theta + step * unit), at(theta - step * unit)
        assert slope[i] == pytest.approx((up[0] - down[0]) / (2 * step), rel=1e-6)
        np.testing.assert_allclose(information[i], (down[1] - up[1]) / (2 * step), rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("link", ["logit", "cloglog"])
def test_recovers_what_was_simulated(link: Any) -> None:
    rows, x = simulated(20_000, 2, link)
    fit = discrete_hazard(rows, x, baseline=1, link=link)
    true = {"intercept": -4.0, "period": -0.08, "price": 0.04, "plus": -0.7}
    for name, value in true.items():
        assert abs(fit.coefficients[name] - value) < 4 * fit.standard_errors[name]
    assert all(low < true[name] < high for name, (low, high) in fit.confidence_intervals(0.9999).items())


def test_standard_errors_are_the_spread_of_estimates() -> None:
    fits = [discrete_hazard(*simulated(400, seed, "logit"), baseline="log") for seed in range(60)]
    spread = np.std([fit.estimates for fit in fits], axis=0, ddof=1)
    told = np.mean([list(fit.standard_errors.values()) for fit in fits], axis=0)
    np.testing.assert_allclose(told, spread, rtol=0.4)


def test_one_in_a_hundred_thousand_may_be_an_empty_cell() -> None:
    """Continuous covariates, each row its own: blocks of rows give what one block gives."""
    rows, x = simulated(30_000, 8, "logit")
    fit = discrete_hazard(rows, x, baseline=1)
    rounded = {"price": np.round(x["price"] * 2) / 2, "plus": x["plus"]}
    assert fit.coefficients["price"] == pytest.approx(
        discrete_hazard(rows, rounded, baseline=1).coefficients["price"], rel=0.01
    )


def test_blocks_counted_anew_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, x = simulated(500, 4, "logit")
    whole = discrete_hazard(rows, x, baseline=1)
    monkeypatch.setattr(engine, "_CELLS", 64)
    monkeypatch.setattr(engine, "_HELD", 0)
    parts = discrete_hazard(rows, x, baseline=1)
    np.testing.assert_allclose(parts.estimates, whole.estimates, rtol=1e-10)
    np.testing.assert_allclose(parts.covariance, whole.covariance, rtol=1e-9)


def test_covariates_may_be_any_table() -> None:
    rows, x = simulated(200, 1, "logit")
    fit = discrete_hazard(rows, x, baseline=0)
    for kind in (
        pd.DataFrame(x),
        pl.DataFrame(x),
        pl.DataFrame(x).lazy(),
        pd.DataFrame(x).astype("Int64", errors="ignore"),
    ):
        same = discrete_hazard(rows, kind, baseline=0)
        np.testing.assert_allclose(same.estimates, fit.estimates, rtol=1e-12)
        np.testing.assert_allclose(same.survival(kind, 3), fit.survival(x, 3), rtol=1e-12)
    plain = discrete_hazard(rows, np.column_stack([x["price"], x["plus"]]), baseline=0)
    assert plain.names == ("intercept", "x1", "x2")
    np.testing.assert_allclose(plain.hazard([50, 1], 2), fit.hazard({"price": 50, "plus": 1}, 2), rtol=1e-12)


def test_flags_are_numbers() -> None:
    flag = np.array(DISCOUNT["discount"]) == 1
    known = discrete_hazard(CONTRACTS, DISCOUNT, baseline=0).coefficients["discount"]
    for table in ({"discount": flag}, pl.DataFrame({"discount": flag}), pd.DataFrame({"discount": flag})):
        assert discrete_hazard(CONTRACTS, table, baseline=0).coefficients["discount"] == pytest.approx(known, rel=1e-12)


def test_predictions_broadcast_and_agree() -> None:
    rows, x = simulated(500, 3, "cloglog")
    fit = discrete_hazard(rows, x, baseline="log", link="cloglog")
    grid = np.arange(0, 25)[:, None]
    survival = fit.survival(x, grid)
    assert survival.shape == (25, 500)
    np.testing.assert_allclose(survival[0], 1)
    np.testing.assert_allclose(1 - survival[4] / survival[3], fit.hazard(x, 4), rtol=1e-12)
    np.testing.assert_allclose(fit.churn_probability(x, rows, 2), fit.churn_probability(x, rows.duration, 2), rtol=0)
    np.testing.assert_allclose(fit.churn_probability(x, 3, 2), 1 - survival[5] / survival[3], rtol=1e-10)
    assert fit.churn_probability({"price": 50, "plus": 0}, 3, 0) == 0
    with pytest.raises(ParameterError, match=r"one shape; got covariates \(500,\), t \(3,\)"):
        fit.survival(x, [1, 2, 3])


def test_the_risk_is_what_covariates_add() -> None:
    fit = discrete_hazard(CONTRACTS, DISCOUNT, baseline=0)
    np.testing.assert_allclose(fit.log_risk({"discount": [0, 2]}), [0, 2 * fit.coefficients["discount"]], rtol=1e-15)
    odds = fit.hazard({"discount": [0, 2]}, 1) / (1 - fit.hazard({"discount": [0, 2]}, 1))
    assert np.log(odds[1] / odds[0]) == pytest.approx(2 * fit.coefficients["discount"], rel=1e-12)
    sign = np.sign(fit.coefficients["discount"])
    wanted = concordance(CONTRACTS, sign * np.array(DISCOUNT["discount"]))
    assert fit.concordance(CONTRACTS, DISCOUNT) == wanted


def test_small_chances_keep_their_digits() -> None:
    fit = discrete_hazard(CONTRACTS, {"x": [0.0, 1, 0, 1, 1, 0, 1, 0.5]}, baseline=0)
    slope = fit.coefficients["x"]
    eta = fit.coefficients["intercept"] - 60.0
    assert fit.churn_probability({"x": -60.0 / slope}, 2, 3) == pytest.approx(3 * np.exp(eta), rel=1e-10)


def test_steps_go_on_and_periods_do_not() -> None:
    rows, x = simulated(2_000, 6, "logit")
    fit = discrete_hazard(rows, x, baseline=[1, 3, 6])
    assert fit.names == ("period 1", "periods 2 to 3", "periods 4 to 6", "price", "plus")
    assert fit.hazard({"price": 50, "plus": 1}, 50) == fit.hazard({"price": 50, "plus": 1}, 6)
    by_period = discrete_hazard(rows, x)
    with pytest.raises(ParameterError, match="known for periods 1 to 12, one by one; got 13"):
        by_period.survival(x, 13)


def test_no_finite_maximum() -> None:
    with pytest.raises(ConvergenceError, match=r"nobody left in period 4: the estimate is not finite\. Join"):
        discrete_hazard(CONTRACTS)
    with pytest.raises(ConvergenceError, match=r"everybody left in period 2"):
        discrete_hazard(Tenures([1, 1, 2], [1, 0, 1], unit="year"))
    with pytest.raises(ConvergenceError, match=r"nobody was at risk in period 2"):
        discrete_hazard(Tenures([1, 1, 3, 3], [1, 0, 1, 0], entry=[0, 0, 2, 2], unit="year"))
    with pytest.raises(ConvergenceError, match=r"rises without bound in the coefficients of .*loyal.* which separate"):
        discrete_hazard(CONTRACTS, {"loyal": 1 - CONTRACTS.ended, "discount": DISCOUNT["discount"]}, baseline=0)
    with pytest.raises(ConvergenceError, match="everybody left in the first period: the estimate"):
        discrete_hazard(Tenures([1, 1], [1, 1], unit="year"), baseline=0)


def test_bad_covariates() -> None:
    def refused(covariates: Any, message: str) -> None:
        with pytest.raises(DataError, match=message):
            discrete_hazard(CONTRACTS, covariates, baseline=0)

    refused({"x": [1.0, np.nan, *range(6)]}, "x must be finite; broken in 1 of 8 rows, first: row 1")
    refused(pl.DataFrame({"x": [1.0, None, *range(6)]}, strict=False), "x must be finite; broken in 1 of 8 rows")
    refused(
        {"plan": ["a", "b"] * 4},
        r"plan must be numbers; got 'a'. .*give each of its values but one a column of 0 and 1",
    )
    refused({"x": np.ones(8)}, "covariates must differ between customers; constant: x")
    refused({"x": np.arange(8) * 1e-200}, "covariates must differ between customers; constant: x")
    refused({"x": np.arange(8) * 1e200}, r"x must be at most 1e\+100 in size; broken in 7 of 8 rows")
    refused({"x": [0, 1, 2]}, r"one row per row of the tenures \(8\)")
    refused({"x": np.arange(8), "y": np.arange(3)}, "columns must have one length")
    refused({"x": np.arange(8) ** 2, "y": 2 * np.arange(8) ** 2 + 1}, "linearly dependent covariates: x, y")
    refused(
        {"since": np.array(["2024-01-01"] * 8, dtype="datetime64[D]")}, "since must be numbers; got type datetime64"
    )
    refused(np.zeros((8, 2, 2)), "one row per customer and one column each")
    fit = discrete_hazard(CONTRACTS, DISCOUNT, baseline=0)
    with pytest.raises(DataError, match="discount"):
        fit.survival({"price": 3}, 1)
    both = discrete_hazard(CONTRACTS, {**DISCOUNT, "x": np.arange(8)}, baseline=0)
    with pytest.raises(DataError, match=r"covariates must have 2 columns \(discount, x\); got shape \(8,\)"):
        both.survival(np.zeros(8), 1)


def test_bad_arguments() -> None:
    fit = discrete_hazard(CONTRACTS, DISCOUNT, baseline=0)
    with pytest.raises(DataError, match="discrete_hazard needs whole numbers of periods"):
        discrete_hazard(Tenures([1.5, 2], [1, 0], unit="year"))
    with pytest.raises(DataError, match="tenure must be in the regression's unit, months; got Tenures in years"):
        fit.churn_probability(DISCOUNT, Tenures([1] * 8, [0] * 8, unit="year"), 1)
    with pytest.raises(ParameterError, match="link must be 'logit' or 'cloglog'"):
        discrete_hazard(CONTRACTS, link="probit")  # type: ignore[arg-type]
    for baseline in ("weekly", 7, -1, True, [3, 2], [1.5], [0, 3], [], None):
        with pytest.raises(ParameterError, match="baseline must be 'period', 'log'"):
            discrete_hazard(CONTRACTS, baseline=baseline)
    with pytest.raises(ParameterError, match="period must be a whole number >= 1; got 0"):
        fit.hazard(DISCOUNT, 0)
    with pytest.raises(ParameterError, match=r"within must be a whole number >= 0; got 0\.5"):
        fit.churn_probability(DISCOUNT, 1, 0.5)


def test_repr_and_criteria() -> None:
    fit = discrete_hazard(CONTRACTS, DISCOUNT, baseline=0)
    assert "discount" in repr(fit)
    assert fit.aic == pytest.approx(4 - 2 * fit.log_likelihood)
    assert fit == discrete_hazard(CONTRACTS, DISCOUNT, baseline=0)
    assert 0 < fit.p_values["discount"] < 1


def test_bic_counts_customers_and_draws_follow_the_covariance() -> None:
    fit = discrete_hazard(CONTRACTS, DISCOUNT, baseline=0)
    assert fit.bic == pytest.approx(2 * np.log(8) - 2 * fit.log_likelihood)
    np.testing.assert_allclose(np.cov(fit.draws(50_000, rng=2).T), fit.covariance, rtol=0.05)
    assert fit.table()["parameter"].tolist() == ["intercept", "discount"]


@pytest.mark.parametrize("baseline", [0, 2, "log", [2, 4]])
def test_json(baseline: Any) -> None:
    rows, x = simulated(300, 7, "cloglog")
    fit = discrete_hazard(rows, x, baseline=baseline, link="cloglog")
    again = DiscreteHazard.from_json(fit.to_json())
    assert again == fit
    assert again.survival(x, 5).tolist() == fit.survival(x, 5).tolist()
