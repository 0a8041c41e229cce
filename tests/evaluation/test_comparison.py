"""Choosing between models, and tests of nested ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from attrs import evolve
from scipy.stats import chi2

import custvalue as cv
from custvalue import datasets
from custvalue.evaluation.comparison import CANDIDATES, choose, likelihood_ratio
from custvalue.inference.fit import Fit
from custvalue.models.buying.weibull_gamma_nbd import WeibullGammaNBD
from custvalue.models.registry import buying_model


@pytest.fixture(scope="module")
def rfm() -> cv.RFM:
    return cv.RFM.from_transactions(datasets.cdnow(), unit="week", observed_until="1998-06-30")


def test_the_lowest_aic_is_chosen_and_said(rfm: cv.RFM) -> None:
    choice = choose(rfm)
    assert set(choice.fits) == {buying_model(name).__name__ for name in CANDIDATES}
    assert choice.best.aic == min(buying_model(name).fit(rfm).aic for name in CANDIDATES)
    assert choice.best.model == cv.ModifiedBetaGeoNBD.fit(rfm).model
    assert choice.reason.startswith("ModifiedBetaGeoNBD: lowest AIC (ModifiedBetaGeoNBD 34,262.7, ")
    assert choice.holdouts == choice.failures == {}
    table = choice.table()
    assert list(table) == ["model", "parameters", "log_likelihood", "aic", "bic"]
    assert table["model"].tolist() == list(choice.fits)
    assert table["aic"].tolist() == sorted(fit.aic for fit in choice.fits.values())
    np.testing.assert_allclose(table["aic"], 2 * table["parameters"] - 2 * table["log_likelihood"])


def test_the_smallest_error_on_the_holdout_is_chosen(rfm: cv.RFM) -> None:
    parts = cv.holdout_split(datasets.cdnow(), at="1997-09-30", unit="week")
    choice = choose(rfm, holdout=parts)
    found = {name: holdout.model.root_mean_squared for name, holdout in choice.holdouts.items()}
    assert list(choice.fits) == sorted(found, key=found.__getitem__)
    assert "holdout" in choice.reason
    assert choice.table()["root_mean_squared"].tolist() == sorted(found.values())
    for model in map(buying_model, CANDIDATES):
        predicted = model.fit(parts.calibration).model.expected_purchases(parts.calibration, 39.0)
        assert found[model.__name__] == pytest.approx(np.sqrt(np.mean((predicted - parts.purchases) ** 2)))


def test_what_cannot_be_fitted_is_left_out_and_said() -> None:
    """Without drop-out every model that has it runs to its boundary."""
    rng = np.random.default_rng(5)
    x = rng.poisson(rng.gamma(2.0, 0.1, 3000) * 52)
    rfm = cv.RFM(x, np.where(x > 0, 52 * rng.beta(np.maximum(x, 1), 1), 0), 52.0, unit="week")
    choice = choose(rfm)
    assert isinstance(choice.best.model, cv.NBD)
    assert "BetaGeoNBD" in choice.failures
    assert "BetaGeoNBD could not be fitted (the likelihood has no interior maximum" in choice.reason
    with pytest.raises(cv.ConvergenceError, match=r"none of the models could be fitted. BetaGeoNBD: the likelihood"):
        choose(rfm, [cv.BetaGeoNBD])


def test_likelihood_ratio_of_unrelated_or_unequal_fits_is_refused(rfm: cv.RFM) -> None:
    with pytest.raises(cv.ParameterError, match="ParetoNBD contains NBD, not BetaGeoNBD"):
        likelihood_ratio(cv.BetaGeoNBD.fit(rfm), cv.ParetoNBD.fit(rfm))


def test_likelihood_ratio_on_the_boundary_has_no_p_value(rfm: cv.RFM) -> None:
    nested, full = cv.NBD.fit(rfm), cv.ParetoNBD.fit(rfm)
    found = likelihood_ratio(nested, full)
    assert found.statistic == pytest.approx(2 * (full.log_likelihood - nested.log_likelihood))
    assert found.statistic > 300
    assert found.degrees_of_freedom == 2
    assert found.p_value is None
    assert "boundary" in found.note
    with pytest.raises(cv.ParameterError, match="lower log-likelihood"):
        likelihood_ratio(Fit(nested.model, full.log_likelihood + 1, np.eye(2), full.customers), full)
    with pytest.raises(cv.ParameterError, match="same data"):
        likelihood_ratio(Fit(nested.model, full.log_likelihood - 1, np.eye(2), 7), full)


def test_likelihood_ratio_inside_the_parameters_is_chi_square(rfm: cv.RFM) -> None:
    nested = cv.ParetoNBD.fit(rfm)
    model = WeibullGammaNBD(**nested.model.parameters, c=1.0, unit="week")
    full = Fit(model, nested.log_likelihood + 1.920729410347062, np.eye(5), nested.customers)
    found = likelihood_ratio(nested, full)
    assert found.p_value == pytest.approx(0.05, rel=1e-6)  # chi-square with 1 degree of freedom: 3.841458820694124
    with pytest.raises(cv.ParameterError, match="full must estimate more parameters than nested; got 0 more"):
        likelihood_ratio(nested, evolve(full, fixed=["c"]))


@pytest.fixture(scope="module")
def tenures() -> cv.Tenures:
    """Of 3,000 customers whose hazards differ much, and each of which falls with tenure, in whole periods up to 24."""
    rng = np.random.default_rng(8)
    lifetime = np.ceil(10 * (rng.exponential(size=3000) / rng.gamma(1.0, 1.0, 3000)) ** (1 / 0.9))
    return cv.Tenures(np.minimum(lifetime, 24), lifetime <= 24, unit="month")


@pytest.mark.parametrize(
    ("nested", "full"),
    [
        (cv.ExponentialGamma, cv.WeibullGamma),
        (cv.Exponential, cv.Weibull),
        (cv.ShiftedBetaGeo, cv.BetaDiscreteWeibull),
    ],
)
def test_likelihood_ratio_of_retention_models(nested: Any, full: Any, tenures: cv.Tenures) -> None:
    """The same as the fit of the larger model with c held at 1."""
    small, large = nested.fit(tenures), full.fit(tenures)
    found = likelihood_ratio(small, large)
    held = full.fit(tenures, fixed={"c": 1.0})
    assert found.statistic == pytest.approx(2 * (large.log_likelihood - held.log_likelihood), rel=1e-6)
    assert (found.degrees_of_freedom, found.note) == (
        1,
        f"chi-square with 1 degree of freedom: {nested.__name__} is {full.__name__} at c = 1",
    )
    assert found.p_value == pytest.approx(chi2.sf(found.statistic, 1), rel=1e-10)


def test_likelihood_ratio_of_a_retention_model_on_the_boundary(tenures: cv.Tenures) -> None:
    found = likelihood_ratio(cv.Weibull.fit(tenures), cv.WeibullGamma.fit(tenures))
    assert (found.degrees_of_freedom, found.p_value) == (1, None)
    assert "Weibull is WeibullGamma at r, alpha -> infinity with r/alpha fixed, on the boundary" in found.note
