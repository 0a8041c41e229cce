"""Gamma-Gompertz/NBD: published values, its neighbors, and what it must refuse.

BG2012: Bemmaor & Glady (2012), Management Science 58(5), 1012-1021. Accuracy over the whole domain: test_accuracy.py.
"""

from __future__ import annotations

import numpy as np
import pytest

from custvalue import datasets
from custvalue.discounting.rate import Rate
from custvalue.errors import ConvergenceError
from custvalue.evidence.rfm import RFM
from custvalue.models.buying.gamma_gompertz_nbd import GammaGompertzNBD
from custvalue.models.buying.pareto_nbd import ParetoNBD

PARETO = ParetoNBD(0.553, 10.578, 0.606, 11.669, unit="week")
TYPICAL = GammaGompertzNBD(r=0.8, alpha=6.0, b=0.08, s=1.2, beta=6.0, unit="week")
ROWS = RFM([0, 0, 2, 26, 40], [0, 0, 30.43, 30.86, 20], [0, 39, 38.86, 31, 39], unit="week")


@pytest.fixture(scope="module")
def cdnow() -> RFM:
    log = datasets.cdnow()
    seen = log["date"] <= np.datetime64("1997-09-30")
    columns = {name: column[seen] for name, column in log.items()}
    return RFM.from_transactions(columns, observed_until="1997-09-30", unit="week")


def test_published_likelihood_on_cdnow(cdnow: RFM) -> None:
    """BG2012, table 2, prints -9594.98; at its rounded parameters our own value is -9595.771."""
    printed = GammaGompertzNBD(r=0.553, alpha=10.578, b=0.0002, s=0.603, beta=0.0026)
    assert printed.log_likelihood(cdnow).sum() == pytest.approx(-9595.771, abs=5e-4)


def test_cdnow_cannot_tell_it_from_pareto(cdnow: RFM) -> None:
    """b and β run to 0 together, β/b to Pareto's β and the likelihood to that of Pareto/NBD (BG2012: -9594.98)."""
    with pytest.raises(ConvergenceError, match=r"b runs to 0 .*use ParetoNBD") as caught:
        GammaGompertzNBD.fit(cdnow)
    reached, pareto = caught.value.fit, ParetoNBD.fit(cdnow)
    assert reached.log_likelihood == pytest.approx(pareto.log_likelihood, abs=1e-5)
    assert reached.model.beta / reached.model.b == pytest.approx(pareto.model.beta, rel=1e-3)


def test_with_tiny_b_it_is_pareto(cdnow: RFM) -> None:
    """S(u) = (β/(β+e^{bu}-1))^s tends to Pareto's with β/b as b → 0."""
    tiny = GammaGompertzNBD(PARETO.r, PARETO.alpha, 1e-9, PARETO.s, 1e-9 * PARETO.beta, unit="week")
    assert tiny.log_likelihood(cdnow) == pytest.approx(PARETO.log_likelihood(cdnow), rel=1e-7)
    assert tiny.expected_purchases(cdnow, 52) == pytest.approx(PARETO.expected_purchases(cdnow, 52), rel=1e-6)


def test_with_beta_1_lifetimes_are_exponential() -> None:
    """S(u) = e^{-s b u} then: a chance to leave that does not depend on the customer or its age."""
    model = GammaGompertzNBD(0.8, 6.0, 0.1, 0.5, 1.0, unit="week")
    assert model.p_alive(ROWS, 7.0) == pytest.approx(model.p_alive(ROWS) * np.exp(-0.35), rel=1e-13)
    rate, alive = (0.8 + ROWS.x) / (6.0 + ROWS.T), model.p_alive(ROWS)
    assert model.expected_purchases(ROWS, np.inf) == pytest.approx(alive * rate / 0.05, rel=1e-12)
    growing = model.discounted_expected_purchases(ROWS, Rate.continuous(-0.02 * 365.25 / 7))
    assert growing == pytest.approx(alive * rate / 0.03, rel=1e-10)
    too_fast = model.discounted_expected_purchases(ROWS, Rate.continuous(-0.06 * 365.25 / 7))
    assert np.all(np.isinf(too_fast))


def test_fit_recovers_the_parameters() -> None:
    ages = np.random.default_rng(3).integers(20, 80, 5000)
    fit = GammaGompertzNBD.fit(TYPICAL.simulate(ages, rng=np.random.default_rng(4)))
    for name, value in TYPICAL.parameters.items():
        assert abs(fit.model.parameters[name] - value) < 4 * fit.standard_errors[name]
    assert fit.warnings == ()


def test_posterior_mean_drop_out_averages_to_the_population_mean() -> None:
    rfm = TYPICAL.simulate(np.full(200_000, 30.0), rng=np.random.default_rng(8))
    means = TYPICAL.posterior_mean_drop_out(rfm)
    assert abs(means.mean() - TYPICAL.s / TYPICAL.beta) < 4 * means.std() / np.sqrt(len(rfm))
    rates = TYPICAL.posterior_mean_purchase_rate(rfm)
    assert abs(rates.mean() - TYPICAL.r / TYPICAL.alpha) < 4 * rates.std() / np.sqrt(len(rfm))
