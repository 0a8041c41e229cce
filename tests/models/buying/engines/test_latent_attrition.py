"""Latent attrition: posterior means beside simulated customers, and its edge. Accuracy: ../test_accuracy.py."""

from __future__ import annotations

import numpy as np
import pytest

from custvalue.evidence.rfm import RFM
from custvalue.models.buying.pareto_nbd import ParetoNBD
from custvalue.models.buying.weibull_gamma_nbd import WeibullGammaNBD


def test_posterior_means_are_those_of_simulated_customers() -> None:
    """E[E[λ | history]] = r/α and E[E[μ | history]] = s/β, and in classes of customers that look alike."""
    model, customers = ParetoNBD(2.0, 10.0, 3.0, 60.0, unit="week"), 400_000
    rng = np.random.default_rng(5)
    rate, leaving = rng.gamma(2.0, 1 / 10.0, customers), rng.gamma(3.0, 1 / 60.0, customers)
    lifetime = np.minimum(rng.exponential(size=customers) / leaving, 30.0)
    x = rng.poisson(rate * lifetime)
    t_x = np.where(x > 0, lifetime * rng.beta(np.maximum(x, 1), 1.0), 0.0)
    rfm = RFM(x, t_x, 30.0, unit="week")
    for true, posterior in (
        (rate, model.posterior_mean_purchase_rate(rfm)),
        (leaving, model.posterior_mean_drop_out(rfm)),
    ):
        for some in (x >= 0, x == 0, (x > 3) & (t_x < 20), (x > 3) & (t_x >= 20)):
            error = (true - posterior)[some]
            assert abs(error.mean()) < 4 * error.std() / np.sqrt(some.sum())


def test_a_last_purchase_just_before_leaving_is_likeliest() -> None:
    """A heavy buyer's silence is told from leaving within moments, on both sides of the edge of the lifetime law."""
    rows = [np.array([value]) for value in (1.0, 0.5, 1.0)]
    at = [
        float(WeibullGammaNBD(1e4, 1.0, np.exp(step), 1.0, 1.0)._engine.log_likelihood(*rows)[0])
        for step in (-1e-3, 0.0, 1e-3)
    ]
    assert at[1] == pytest.approx(-4055.4622112778607, rel=1e-12)  # mpmath, 50 digits
    assert (at[2] - at[0]) / 2e-3 == pytest.approx(0.594434912, rel=1e-5)
