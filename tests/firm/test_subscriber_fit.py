"""Fitting to disclosures: exact data give exact parameters, simulated ones intervals that cover."""

from __future__ import annotations

import json

import attrs
import numpy as np
import pytest

from custvalue import Rate
from custvalue.errors import ConvergenceError, DataError, ParameterError
from custvalue.firm.acquisition import WeibullAcquisition
from custvalue.firm.cash_flow import Firm
from custvalue.firm.disclosures import Disclosures
from custvalue.firm.shareholder_value import shareholder_value
from custvalue.firm.subscriber_fit import fit_disclosures
from custvalue.firm.subscriber_model import SubscriberModel
from custvalue.models.retention.exponential_gamma import ExponentialGamma
from custvalue.models.retention.geometric import Geometric
from custvalue.models.retention.shifted_beta_geo import ShiftedBetaGeo
from custvalue.models.retention.weibull_gamma import WeibullGamma

PLACE = {"population": 5e6, "growth": 0.002, "paying": "average"}
FIRM = Firm(variable_cost=0.5, acquisition_cost=120, fixed_costs=5e5, tax=0.25, losses="refund", shares=1e6)


def a_model(retention=None, elapsed=28, unit="quarter", effects=(), **acquisition):
    won = {"rate": 4e-3, "shape": 1.6, "share": 0.3} | acquisition
    return SubscriberModel(
        acquisition=WeibullAcquisition(5e6, growth=0.002, effects=np.array(effects), **won),
        retention=retention or ExponentialGamma(1.2, 9.0),
        revenue=30.0,
        revenue_growth=0.004,
        paying="average",
        elapsed=elapsed,
        unit=unit,
    )


def exactly(model, steps=1, covariates=None, unit="quarter"):
    """The model's expectations as if they were disclosed."""
    adds, losses, ending = model.expected(covariates=covariates)
    average = (np.concatenate([[0.0], ending[:-1]]) + ending) / 2
    paid = average * model.revenue_each(model.elapsed)
    sums = {"adds": adds, "losses": losses, "revenue": paid}
    rows = {name: column.reshape(-1, steps).sum(axis=1) for name, column in sums.items()}
    return Disclosures(**rows, ending=ending[steps - 1 :: steps], unit=unit)


def worth(model):
    value = shareholder_value(FIRM, model.project(80), rate=Rate.annual(0.1), timing="middle", terminal=None)
    return value.shareholder_value


def assert_found(fit, model, rtol=1e-5):
    truth = model.parameters
    for name, value in fit.parameters.items():
        assert value == pytest.approx(float(truth[name]), rel=rtol), name


@pytest.mark.parametrize("errors", ["proportional", "equal"])
@pytest.mark.parametrize(
    "retention", [Geometric(0.07), ExponentialGamma(1.2, 9.0), ShiftedBetaGeo(0.9, 7.0)], ids=lambda m: type(m).__name__
)
def test_exact_figures_give_the_parameters(retention, errors):
    model = a_model(retention)
    fit = fit_disclosures(type(retention), exactly(model), errors=errors, **PLACE)
    assert_found(fit, model)
    assert fit.figures == 56
    assert fit.periods == 28
    assert fit.warnings == ()


def test_monthly_processes_are_found_in_quarterly_figures():
    model = a_model(ExponentialGamma(0.8, 15.0), elapsed=48, unit="month", rate=1e-3)
    fit = fit_disclosures(ExponentialGamma, exactly(model, steps=3), unit="month", **PLACE)
    assert_found(fit, model, rtol=1e-4)
    assert fit.model.unit == "month"
    assert fit.model.elapsed == 48


def test_seasons_are_found():
    seasons = np.eye(4)[np.arange(40) % 4][:, 1:]
    model = a_model(effects=[0.2, -0.1, 0.5])
    disclosed = exactly(model, covariates=seasons)
    fit = fit_disclosures(ExponentialGamma, disclosed, covariates=seasons, **PLACE)
    assert_found(fit, model)
    draws = fit.draws(7, rng=1)
    assert draws.acquisition.effects.shape == (7, 3)
    assert draws.project(12, covariates=seasons).revenue.shape == (7, 12)
    held = {"effect_1": 0.2, "effect_3": 0.5}
    partly = fit_disclosures(ExponentialGamma, disclosed, covariates=seasons, fixed=held, **PLACE)
    assert_found(partly, model)
    assert "effect_1" not in partly.names
    assert partly.draws(5, rng=1).project(12, covariates=seasons).acquired.shape == (5, 12)


def test_figures_missing_here_and_there_lose_no_exactness():
    model = a_model()
    full = exactly(model)
    adds, losses, ending = full.adds.copy(), full.losses.copy(), full.ending.copy()
    adds[[3, 9]], losses[[3, 4, 9, 15]], ending[[3, 4, 20]] = np.nan, np.nan, np.nan
    gaps = Disclosures(adds=adds, losses=losses, ending=ending, revenue=full.revenue, unit="quarter")
    assert np.isnan(gaps.losses).any()
    assert_found(fit_disclosures(ExponentialGamma, gaps, **PLACE), model)


def test_ending_customers_and_a_churn_rate_are_enough():
    model = a_model()
    full = exactly(model)
    churn = full.losses / np.maximum(full.begun, 1.0)
    sparse = Disclosures(ending=full.ending, churn=churn, unit="quarter")
    assert_found(fit_disclosures(ExponentialGamma, sparse, **PLACE), model)


def test_a_firm_older_than_its_disclosures():
    model = a_model()
    later = exactly(model)[10:]
    assert later.periods_before == 10
    fit = fit_disclosures(ExponentialGamma, later, **PLACE)
    assert fit.figures == 18 * 2 + 1
    assert_found(fit, model)


def test_what_is_held_fixed_is_not_estimated():
    model = a_model()
    fit = fit_disclosures(ExponentialGamma, exactly(model), fixed={"share": 0.3, "revenue_growth": 0.004}, **PLACE)
    assert fit.names == ("rate", "shape", "r", "alpha", "revenue")
    assert_found(fit, model)
    draws = fit.draws(50, rng=3)
    assert draws.acquisition.share == 0.3
    assert draws.retention.r.shape == (50, 1)
    assert "conditional on share, revenue_growth, held fixed" in repr(fit)


def test_without_revenue_it_must_be_said_later():
    model, full = a_model(), exactly(a_model())
    flows = Disclosures(adds=full.adds, losses=full.losses, unit="quarter")
    fit = fit_disclosures(ExponentialGamma, flows, **PLACE)
    assert "revenue" not in fit.names
    with pytest.raises(ParameterError, match="revenue must be known"):
        fit.model.project(4)
    paid = attrs.evolve(fit.model, revenue=30.0, revenue_growth=0.004)
    np.testing.assert_allclose(paid.project(8).revenue, model.project(8).revenue, rtol=1e-4)


def test_the_covariance_is_that_of_the_estimates_over_simulated_firms():
    model = a_model(elapsed=24)
    fits = [fit_disclosures(ExponentialGamma, model.simulate(rng=s, revenue_noise=0.01), **PLACE) for s in range(25)]
    estimates = np.array([list(fit.parameters.values()) for fit in fits])
    said = np.median([list(fit.standard_errors.values()) for fit in fits], axis=0)
    ratio = said / estimates.std(axis=0, ddof=1)
    assert ((ratio > 0.55) & (ratio < 1.8)).all(), dict(zip(fits[0].names, ratio, strict=True))
    off = (estimates.mean(axis=0) - [float(model.parameters[name]) for name in fits[0].names]) / said
    assert np.abs(off).max() < 1.0


@pytest.mark.slow
def test_intervals_of_parameters_and_value_cover_the_truth():
    model = a_model()
    covered: dict[str, list[bool]] = {}
    for seed in range(60):
        disclosed = model.simulate(rng=seed, revenue_noise=0.01)
        fit = fit_disclosures(ExponentialGamma, disclosed, **PLACE)
        draws = fit.draws(300, rng=seed)
        truth = attrs.evolve(model, customers=disclosed.ending[-1], acquired=disclosed.adds)
        found = {name: (draws.parameters[name], float(model.parameters[name])) for name in fit.names}
        found["value"] = worth(draws), float(worth(truth))
        for name, (drawn, true) in found.items():
            low, high = np.quantile(drawn, [0.05, 0.95])
            covered.setdefault(name, []).append(bool(low <= true <= high))
    shares = {name: np.mean(hits) for name, hits in covered.items()}
    assert min(shares.values()) > 0.75, shares
    assert max(shares.values()) < 1.0, shares


def test_values_of_draws_center_on_the_value_of_the_fit():
    model = a_model()
    fit = fit_disclosures(ExponentialGamma, model.simulate(rng=5, revenue_noise=0.01), **PLACE)
    point, drawn = float(worth(fit.model)), worth(fit.draws(400, rng=1))
    assert abs(drawn.mean() - point) < 3 * drawn.std()
    assert drawn.std() > 0
    np.testing.assert_allclose(drawn, worth(fit.draws(400, rng=1)), rtol=1e-12)  # sums may be blocked differently


def test_the_base_is_what_was_disclosed():
    model = a_model()
    disclosed = model.simulate(rng=2)
    fit = fit_disclosures(ExponentialGamma, disclosed, **PLACE)
    base = fit.model.base()
    assert base.sum() == pytest.approx(disclosed.ending[-1], rel=1e-12)
    assert base[0] == pytest.approx(disclosed.adds[-1], rel=0.02)
    assert fit.model.project(3).existing[0] < disclosed.ending[-1]


def test_what_the_figures_do_not_tell_is_said():
    young = a_model(WeibullGamma(1.2, 9.0, 1.0), elapsed=6, rate=1e-3)
    with pytest.raises(ConvergenceError, match="do not identify") as caught:
        fit_disclosures(WeibullGamma, young.simulate(rng=1), **PLACE)
    assert "fixed={" in str(caught.value)
    assert caught.value.fit.figures == 12


def test_arguments_are_checked():
    full = exactly(a_model())
    with pytest.raises(ParameterError, match=r"fixed names 'churn'.*share, rate, shape, r, alpha"):
        fit_disclosures(ExponentialGamma, full, fixed={"churn": 0.1}, **PLACE)
    with pytest.raises(ParameterError, match="errors must be 'proportional'"):
        fit_disclosures(ExponentialGamma, full, errors="poisson", **PLACE)
    with pytest.raises(DataError, match="do not identify 5 parameters"):
        fit_disclosures(ExponentialGamma, full[:2], **PLACE)
    with pytest.raises(ParameterError, match="unit must divide the reported quarter into whole periods"):
        fit_disclosures(ExponentialGamma, full, unit="year", **PLACE)


def test_a_fit_says_what_it_found():
    fit = fit_disclosures(ExponentialGamma, exactly(a_model()), **PLACE)
    assert "DisclosureFit to 56 figures about customers in 28 periods" in repr(fit)
    assert "revenue_growth" in repr(fit)
    assert set(fit.standard_errors) == set(fit.names)
    table = fit.table()
    assert table["parameter"].tolist() == list(fit.names)
    np.testing.assert_allclose(table["estimate"], list(fit.parameters.values()))
    assert list(fit.p_values) == ["revenue_growth"]
    assert json.loads(fit.to_json())["figures"] == 56
    with pytest.raises(ParameterError, match="AIC needs a likelihood"):
        _ = fit.aic


def test_intervals_of_parameters_stay_in_their_domain_and_are_those_of_draws():
    disclosed = a_model().simulate(rng=6, revenue_noise=0.01)
    fit = fit_disclosures(ExponentialGamma, disclosed, **PLACE)
    draws = fit.draws(20_000, rng=1).parameters
    for name, (low, high) in fit.confidence_intervals(0.9).items():
        assert low < fit.parameters[name] < high
        np.testing.assert_allclose(np.quantile(draws[name], [0.05, 0.95]), [low, high], rtol=0.01)
    with pytest.raises(ParameterError, match="level must lie between 0 and 1"):
        fit.confidence_intervals(95)


def test_adds_and_losses_without_a_count_of_customers():
    full = exactly(a_model())
    blind = Disclosures(adds=full.adds[8:], losses=full.losses[8:], periods_before=8, unit="quarter")
    assert np.isnan(blind.ending).all()
    assert_found(fit_disclosures(ExponentialGamma, blind, **PLACE), a_model())
