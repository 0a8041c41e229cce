"""Weibull-gamma/NBD: Pareto/NBD where c = 1, and recovery. Accuracy over the whole domain: test_accuracy.py."""

from __future__ import annotations

import numpy as np
import pytest

from custvalue import datasets
from custvalue.discounting.rate import Rate
from custvalue.evidence.rfm import RFM
from custvalue.models.buying.pareto_nbd import ParetoNBD
from custvalue.models.buying.weibull_gamma_nbd import WeibullGammaNBD

PARETO = ParetoNBD(0.553, 10.578, 0.606, 11.669, unit="week")
SAME = WeibullGammaNBD(0.553, 10.578, 0.606, 11.669, 1.0, unit="week")
TYPICAL = WeibullGammaNBD(r=0.8, alpha=6.0, s=1.2, beta=30.0, c=2.0, unit="week")
ROWS = RFM([0, 0, 2, 26, 40], [0, 0, 30.43, 30.86, 20], [0, 39, 38.86, 31, 39], unit="week")


@pytest.fixture(scope="module")
def cdnow() -> RFM:
    log = datasets.cdnow()
    seen = log["date"] <= np.datetime64("1997-09-30")
    columns = {name: column[seen] for name, column in log.items()}
    return RFM.from_transactions(columns, observed_until="1997-09-30", unit="week")


def test_with_c_1_it_is_pareto(cdnow: RFM) -> None:
    assert SAME.log_likelihood(cdnow) == pytest.approx(PARETO.log_likelihood(cdnow), rel=1e-13)
    for t in (1.0, 52.0, np.inf):
        assert SAME.p_alive(ROWS, t) == pytest.approx(PARETO.p_alive(ROWS, t), rel=1e-12)
        assert SAME.churn_probability(ROWS, t) == pytest.approx(PARETO.churn_probability(ROWS, t), rel=1e-12)
        assert SAME.expected_purchases(ROWS, t) == pytest.approx(PARETO.expected_purchases(ROWS, t), rel=1e-12)
        assert SAME.probability_of_purchase(ROWS, t) == pytest.approx(
            PARETO.probability_of_purchase(ROWS, t), rel=1e-12
        )
        for n in (0, 1, 60):
            assert SAME.purchase_pmf(ROWS, n, t) == pytest.approx(PARETO.purchase_pmf(ROWS, n, t), rel=1e-11)
    rate = Rate.annual(0.1)
    ours, theirs = (model.discounted_expected_purchases(ROWS, rate) for model in (SAME, PARETO))
    assert ours == pytest.approx(theirs, rel=1e-12)
    assert SAME.posterior_mean_drop_out(ROWS) == pytest.approx(PARETO.posterior_mean_drop_out(ROWS), rel=1e-12)
    assert SAME.posterior_mean_purchase_rate(ROWS) == pytest.approx(
        PARETO.posterior_mean_purchase_rate(ROWS), rel=1e-12
    )


def test_cdnow_is_fitted_no_worse_than_by_pareto(cdnow: RFM) -> None:
    """Pareto/NBD is inside it; our own maximum, no published value known."""
    fit, pareto = WeibullGammaNBD.fit(cdnow), ParetoNBD.fit(cdnow)
    assert fit.log_likelihood > pareto.log_likelihood
    assert fit.log_likelihood == pytest.approx(-9592.245139584775, rel=1e-10)


def test_fit_recovers_the_parameters() -> None:
    ages = np.random.default_rng(3).integers(20, 80, 5000)
    fit = WeibullGammaNBD.fit(TYPICAL.simulate(ages, rng=np.random.default_rng(4)))
    for name, value in TYPICAL.parameters.items():
        assert abs(fit.model.parameters[name] - value) < 4 * fit.standard_errors[name]


def test_posterior_mean_drop_out_averages_to_the_population_mean() -> None:
    rfm = TYPICAL.simulate(np.full(200_000, 30.0), rng=np.random.default_rng(8))
    means = TYPICAL.posterior_mean_drop_out(rfm)
    assert abs(means.mean() - TYPICAL.s / TYPICAL.beta**TYPICAL.c) < 4 * means.std() / np.sqrt(len(rfm))
