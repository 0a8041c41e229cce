"""Side by side with lifetimes 0.11.3 where it is right; where it is wrong, what is right instead.

The values that are right are those of 40-digit arithmetic (tests/reference).
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from custvalue.evidence.rfm import RFM
from custvalue.models.buying.beta_geo_nbd import BetaGeoNBD
from custvalue.models.buying.pareto_nbd import ParetoNBD
from custvalue.models.spend.gamma_gamma import GammaGamma

pytestmark = pytest.mark.filterwarnings("ignore")
"""lifetimes warns of its dependencies' deprecations, and of its own overflows."""
ANN = RFM(2, 30.43, 38.86, unit="week")
NEW = RFM(0, 0, 0, unit="week")


@pytest.fixture(scope="module")
def lifetimes() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("lifetimes")


@pytest.fixture(scope="module")
def customers() -> RFM:
    """300 customers of T between 1 and 300 weeks, a tenth with t_x = T."""
    rng = np.random.default_rng(62)
    T = np.exp(rng.uniform(0, np.log(300), 300))
    x = np.floor(np.exp(rng.uniform(0, np.log(80), 300))) * (rng.random(300) < 0.7)
    t_x = np.where(x > 0, T * np.where(rng.random(300) < 0.1, 1, rng.uniform(0.05, 1, 300)), 0)
    return RFM(x, t_x, T, unit="week")


def fitter(kind: Any, model: Any, names: tuple[str, ...]) -> Any:
    """A fitter of lifetimes with our parameters."""
    theirs = kind()
    theirs.params_ = dict(zip(names, model.parameters.values(), strict=True))
    return theirs


def bg(lifetimes: Any, model: BetaGeoNBD) -> Any:
    return fitter(lifetimes.BetaGeoFitter, model, ("r", "alpha", "a", "b"))


def spenders() -> RFM:
    """The spend of 1000 customers, of whom some buy once."""
    rng = np.random.default_rng(9)
    x = rng.poisson(2.0, 1000)
    m = GammaGamma(p=6.25, q=3.74, v=15.44).simulate(x, rng=rng)
    return RFM(x, np.minimum(x, 1), 2, m=m, unit="week")


MODELS = [
    BetaGeoNBD(r=0.243, alpha=4.414, a=0.793, b=2.426),
    BetaGeoNBD(r=3.1, alpha=40.0, a=0.2, b=8.0),
    BetaGeoNBD(r=0.7, alpha=1.3, a=4.0, b=3.3),
]


@pytest.mark.parametrize("model", MODELS, ids=["CDNOW", "loyal", "fickle"])
def test_bg_nbd_predictions(lifetimes: Any, customers: RFM, model: BetaGeoNBD) -> None:
    theirs, rows = bg(lifetimes, model), (customers.x, customers.t_x, customers.T)
    assert np.allclose(model.p_alive(customers), theirs.conditional_probability_alive(*rows), rtol=1e-9)
    for t in (1.0, 39.0, 1000.0):
        expected = theirs.conditional_expected_number_of_purchases_up_to_time(t, *rows)
        assert np.allclose(model.expected_purchases(customers, t), expected, rtol=1e-7)
        assert model.expected_purchases_new(t) == pytest.approx(theirs.expected_number_of_purchases_up_to_time(t))
        for n in (0, 1, 7, 60):
            assert model.purchase_pmf_new(n, t) == pytest.approx(theirs.probability_of_n_purchases_up_to_time(t, n))


@pytest.mark.parametrize("model", MODELS, ids=["CDNOW", "loyal", "fickle"])
def test_bg_nbd_log_likelihood(lifetimes: Any, customers: RFM, model: BetaGeoNBD) -> None:
    rows = (customers.x, customers.t_x, customers.T, np.ones(len(customers)))
    logs = np.log(list(model.parameters.values()))
    mean = lifetimes.BetaGeoFitter._negative_log_likelihood(logs, *rows, 0.0)
    assert model.log_likelihood(customers).mean() == pytest.approx(-mean, rel=1e-10)


def test_bg_nbd_fit(lifetimes: Any) -> None:
    model = MODELS[0]
    rfm = model.simulate(np.linspace(20, 50, 2000), rng=np.random.default_rng(8), unit="week")
    ours, theirs = BetaGeoNBD.fit(rfm), lifetimes.BetaGeoFitter()
    theirs.fit(rfm.x, rfm.t_x, rfm.T, tol=1e-8)
    assert list(ours.model.parameters.values()) == pytest.approx(list(theirs.params_), rel=1e-4)
    assert list(ours.standard_errors.values()) == pytest.approx(list(theirs.standard_errors_), rel=1e-3)


def test_pareto_nbd_predictions(lifetimes: Any, customers: RFM) -> None:
    model = ParetoNBD(r=0.553, alpha=10.578, s=0.606, beta=11.669)
    theirs = fitter(lifetimes.ParetoNBDFitter, model, ("r", "alpha", "s", "beta"))
    earlier = customers[customers.t_x < customers.T]  # lifetimes is NaN where t_x = T and x is large
    rows = (earlier.x, earlier.t_x, earlier.T)
    assert np.allclose(model.p_alive(earlier), theirs.conditional_probability_alive(*rows), rtol=1e-6)
    expected = theirs.conditional_expected_number_of_purchases_up_to_time(39.0, *rows)
    assert np.allclose(model.expected_purchases(earlier, 39.0), expected, rtol=1e-6)
    assert model.expected_purchases_new(39.0) == pytest.approx(theirs.expected_number_of_purchases_up_to_time(39.0))


def test_gamma_gamma_spend(lifetimes: Any) -> None:
    model, rfm = GammaGamma(p=6.25, q=3.74, v=15.44), spenders()
    theirs = fitter(lifetimes.GammaGammaFitter, model, ("p", "q", "v"))
    assert np.allclose(model.expected_spend(rfm), theirs.conditional_expected_average_profit(rfm.x, rfm.m), rtol=1e-12)


def test_gamma_gamma_fit(lifetimes: Any) -> None:
    """Our maximum is that of lifetimes' likelihood, whose own search does not end with every release of SciPy."""
    import autograd

    rfm = spenders()
    rfm = rfm[rfm.x > 0]
    fit = GammaGamma.fit(rfm)
    estimate = np.array(list(fit.model.parameters.values()))

    def theirs(logs: Any) -> Any:
        return lifetimes.GammaGammaFitter._negative_log_likelihood(logs, rfm.x, rfm.m, np.ones(len(rfm)), 0.0)

    assert fit.log_likelihood / len(rfm) == pytest.approx(-theirs(np.log(estimate)), rel=1e-12)
    slope, curvature = (f(theirs)(np.log(estimate)) for f in (autograd.grad, autograd.hessian))
    assert np.linalg.eigvalsh(curvature).min() > 0
    assert np.abs(np.linalg.solve(curvature, slope)).max() < 1e-6  # the rest of the way to their maximum, in logs
    errors = estimate * np.sqrt(np.diag(np.linalg.inv(curvature * len(rfm))))
    assert list(fit.standard_errors.values()) == pytest.approx(errors, rel=1e-4)
    for away in np.random.default_rng(3).normal(0, 0.2, (200, 3)):
        assert theirs(np.log(estimate) + away) >= theirs(np.log(estimate))


CDNOW = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
BELOW = BetaGeoNBD(r=0.11, alpha=2.24, a=0.31, b=0.5)
WRONG = {
    "a = 1": (BetaGeoNBD(**CDNOW | {"a": 1.0}), ANN, 39.0, np.inf, 1.1021367860399558),
    "a near 1": (BetaGeoNBD(**CDNOW | {"a": 1 + 1e-9}), ANN, 39.0, 1.1021388, 1.1021367854937252),
    "a + b < 1": (BELOW, RFM(0, 0, 1, unit="week"), 30.0, np.nan, 0.5645886155327847),
    "a + b = 1": (
        BetaGeoNBD(r=0.11, alpha=2.24, a=0.31, b=0.69),
        RFM(0, 0, 1, unit="week"),
        30.0,
        np.nan,
        0.6132843185613774,
    ),
    "endless": (BetaGeoNBD(**CDNOW | {"a": 1.793}), ANN, np.inf, np.nan, 3.5558302288973054),
}
"""Expected purchases where lifetimes is wrong: model, customer, t, what lifetimes gives, what is right."""


@pytest.mark.parametrize(("model", "row", "t", "wrong", "right"), WRONG.values(), ids=WRONG.keys())
def test_exceptions_expected_purchases(
    lifetimes: Any, model: BetaGeoNBD, row: RFM, t: float, wrong: float, right: float
) -> None:
    theirs = bg(lifetimes, model).conditional_expected_number_of_purchases_up_to_time(t, row.x, row.t_x, row.T)
    assert float(theirs) == pytest.approx(wrong, rel=1e-6, nan_ok=True)
    assert model.expected_purchases(row, t) == pytest.approx(right, rel=1e-12)
    assert float(theirs) != pytest.approx(right, rel=1e-6)


def test_exception_small_horizons(lifetimes: Any) -> None:
    """lifetimes loses three digits at t = 1e-10."""
    model, right = MODELS[0], 0.243 / 4.414 * 1e-10
    assert model.expected_purchases(NEW, 1e-10) == pytest.approx(right, rel=1e-9)
    theirs = bg(lifetimes, model).conditional_expected_number_of_purchases_up_to_time(1e-10, 0, 0, 0)
    assert abs(float(theirs) / right - 1) > 1e-5


def test_exception_many_purchases(lifetimes: Any) -> None:
    """lifetimes' gamma functions overflow from n = 171 on: 1.458e-5 for 3.7117e-5, then NaN for 3.6565e-5."""
    model, theirs = MODELS[0], bg(lifetimes, MODELS[0])
    assert model.purchase_pmf_new([171, 172], 1000) == pytest.approx([3.7117e-5, 3.6565e-5], rel=2e-5)
    assert theirs.probability_of_n_purchases_up_to_time(1000, 171) == pytest.approx(1.458e-5, rel=1e-3)
    assert np.isnan(theirs.probability_of_n_purchases_up_to_time(1000, 172))


def test_exception_no_mean_spend(lifetimes: Any) -> None:
    """With q < 1 spend has no mean over the population; lifetimes gives a negative one."""
    model, row = GammaGamma(p=6.25, q=0.8, v=15.44), RFM(0, 0, 1, m=0, unit="week")
    assert model.expected_spend(row) == np.inf
    theirs = fitter(lifetimes.GammaGammaFitter, model, ("p", "q", "v"))
    assert theirs.conditional_expected_average_profit(np.array([0]), np.array([0.0]))[0] < 0


def test_exception_covariance(lifetimes: Any) -> None:
    """lifetimes' variance matrix is not symmetric (its diagonal is right)."""
    rfm = MODELS[0].simulate(np.linspace(20, 50, 2000), rng=np.random.default_rng(8), unit="week")
    ours, theirs = BetaGeoNBD.fit(rfm), lifetimes.BetaGeoFitter().fit(rfm.x, rfm.t_x, rfm.T, tol=1e-8)
    matrix = np.asarray(theirs.variance_matrix_)
    assert np.diag(ours.covariance) == pytest.approx(np.diag(matrix), rel=2e-3)
    assert np.abs(matrix - matrix.T).max() > 0.1 * np.abs(matrix).max()
    assert np.array_equal(ours.covariance, ours.covariance.T)
