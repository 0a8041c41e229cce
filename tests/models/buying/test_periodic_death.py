"""PDO: its likelihood on CDNOW, its limits NBD and Pareto/NBD, and its chances to leave.

JFH2011: Jerath, Fader & Hardie (2011), Marketing Science 30(5), 866-880. Accuracy: test_accuracy.py.
"""

from __future__ import annotations

import numpy as np
import pytest

from custvalue import datasets
from custvalue.errors import ConvergenceError, ParameterError
from custvalue.evidence.rfm import RFM
from custvalue.models.buying.nbd import NBD
from custvalue.models.buying.pareto_nbd import ParetoNBD
from custvalue.models.buying.periodic_death import PeriodicDeathOpportunity

CDNOW = PeriodicDeathOpportunity(0.5162515184, 10.2966161, 0.4567398423, 2.636392664, 3.075, unit="week")
TYPICAL = PeriodicDeathOpportunity(r=0.8, alpha=6.0, a=0.9, b=6.0, tau=4.0, unit="week")
ROWS = RFM([0, 0, 2, 26, 40], [0, 0, 30.43, 30.86, 20], [0, 39, 38.86, 31, 39], unit="week")


@pytest.fixture(scope="module")
def cdnow() -> RFM:
    log = datasets.cdnow()
    seen = log["date"] <= np.datetime64("1997-09-30")
    columns = {name: column[seen] for name, column in log.items()}
    return RFM.from_transactions(columns, observed_until="1997-09-30", unit="week")


def test_cdnow_with_tau_3_075(cdnow: RFM) -> None:
    """-9586.01976, of another program (own)."""
    assert CDNOW.log_likelihood(cdnow).sum() == pytest.approx(-9586.019761177282, rel=1e-12)
    fit = PeriodicDeathOpportunity.fit(cdnow, tau=3.075)
    assert fit.log_likelihood == pytest.approx(-9586.019761177282, abs=1e-6)
    assert list(fit.model.parameters.values()) == pytest.approx(list(CDNOW.parameters.values()), rel=1e-5)
    assert fit.standard_errors["tau"] == 0
    assert fit.warnings == ()


def test_the_likelihood_jumps_in_tau(cdnow: RFM) -> None:
    """-9597.2 at 3.0, -9586.3 at 3.005: daily data, some of them on a chance to leave."""
    at_3, above = (PeriodicDeathOpportunity.fit(cdnow, tau=tau).log_likelihood for tau in (3.0, 3.005))
    assert (round(at_3, 1), round(above, 1)) == (-9597.2, -9586.3)


def test_search_for_tau(cdnow: RFM) -> None:
    """JFH2011 find tau near 3 weeks; ours must be no worse than the grid it is told to try."""
    fit = PeriodicDeathOpportunity.fit(cdnow)
    assert 3.0 < fit.model.tau < 3.1
    assert fit.log_likelihood > -9585.5
    (warning,) = fit.warnings
    assert "is the best of those tried" in warning
    few = PeriodicDeathOpportunity.fit(cdnow, tau=[2.0, 3.075, 10.0])
    assert few.model.tau == 3.075
    assert fit.draws(3, rng=np.random.default_rng(1)).tau == pytest.approx(fit.model.tau)


def test_with_tau_beyond_every_age_it_is_nbd(cdnow: RFM) -> None:
    model, nbd = PeriodicDeathOpportunity(0.385, 12.07, 0.5, 0.5, 39.0), NBD(0.385, 12.07)
    assert model.log_likelihood(cdnow) == pytest.approx(nbd.log_likelihood(cdnow), rel=1e-13)
    best = PeriodicDeathOpportunity(0.38476613753658595, 12.07202314249028, 0.5, 0.5, 39.0)
    assert best.log_likelihood(cdnow).sum() == pytest.approx(-9763.657614672615, rel=1e-12)
    assert np.all(model.p_alive(cdnow) == 1)
    early = RFM([0, 3], [0, 5], [6, 6], unit="year")
    assert model.expected_purchases(early, 20) == pytest.approx(nbd.expected_purchases(early, 20), rel=1e-13)
    for tau in (39.0, -1.0, [3.0, 50.0], []):
        with pytest.raises(ParameterError, match="use NBD"):
            PeriodicDeathOpportunity.fit(cdnow, tau=tau)


def test_with_tiny_tau_it_is_pareto(cdnow: RFM) -> None:
    """a = s and b = β/τ as τ → 0, an error proportional to τ."""
    pareto = ParetoNBD(0.553, 10.578, 0.606, 11.669, unit="week")
    for tau in (0.01, 0.005):
        model = PeriodicDeathOpportunity(0.553, 10.578, 0.606, 11.669 / tau, tau, unit="week")
        assert np.abs(model.log_likelihood(cdnow) - pareto.log_likelihood(cdnow)).max() < tau
        assert model.expected_purchases(ROWS, 52) == pytest.approx(pareto.expected_purchases(ROWS, 52), rel=tau)
    with pytest.raises(ParameterError, match="use ParetoNBD"):
        PeriodicDeathOpportunity.fit(cdnow, tau=1e-3)


def test_customers_leave_at_the_chances_only() -> None:
    rfm = RFM(1, 1.0, 7.9, unit="week")
    assert TYPICAL.p_alive(rfm, 0.09) == TYPICAL.p_alive(rfm)
    on_the_chance = TYPICAL.p_alive(rfm) * (6.0 + 1) / (0.9 + 6.0 + 1)
    assert TYPICAL.p_alive(rfm, 0.1) == pytest.approx(on_the_chance, rel=1e-13)
    assert TYPICAL.p_alive(RFM(1, 3.9, 3.99, unit="week")) == 1


def test_times_on_a_chance_up_to_rounding() -> None:
    """0.3 is the third chance of every 0.1, though 0.3 / 0.1 < 3 in floats: no prediction changes with the unit."""
    model = PeriodicDeathOpportunity(0.8, 6.0, 0.9, 6.0, 0.1)
    exact = PeriodicDeathOpportunity(0.8, 60.0, 0.9, 6.0, 1.0)
    assert model.p_alive(RFM(2, 0.3, 0.7, unit="year")) == pytest.approx(
        exact.p_alive(RFM(2, 3, 7, unit="year")), rel=1e-13
    )


def test_fit_recovers_the_parameters() -> None:
    ages = np.random.default_rng(3).integers(20, 80, 5000)
    rfm = TYPICAL.simulate(ages, rng=np.random.default_rng(4))
    fit = PeriodicDeathOpportunity.fit(rfm, tau=4.0)
    for name in ("r", "alpha", "a", "b"):
        assert abs(fit.model.parameters[name] - TYPICAL.parameters[name]) < 4 * fit.standard_errors[name]
    assert PeriodicDeathOpportunity.fit(rfm, tau=[2.0, 3.0, 4.0, 5.0, 8.0]).model.tau == 4.0


def test_customers_who_never_leave_cannot_be_fitted() -> None:
    rfm = NBD(1.0, 10.0, unit="week").simulate(np.full(1000, 30.0), rng=np.random.default_rng(2))
    with pytest.raises(ConvergenceError) as caught:
        PeriodicDeathOpportunity.fit(rfm, tau=3.0)
    assert caught.value.fit.standard_errors["tau"] == 0


def test_posterior_mean_drop_out_averages_to_the_population_mean() -> None:
    rfm = TYPICAL.simulate(np.full(200_000, 30.0), rng=np.random.default_rng(8))
    means = TYPICAL.posterior_mean_drop_out(rfm)
    assert abs(means.mean() - 0.9 / 6.9) < 4 * means.std() / np.sqrt(len(rfm))


def test_the_score_is_the_slope_of_the_log_likelihood(cdnow: RFM) -> None:
    for tau in (3.0, 0.05):
        columns = cdnow[::10].distinct("x", "t_x", "T").columns
        values = {"r": 0.8, "alpha": 6.0, "a": 0.9, "b": 6.0 / tau, "tau": tau}
        _, slopes = PeriodicDeathOpportunity(**values)._engine.score(*columns)
        for i, name in enumerate(("r", "alpha", "a", "b")):
            at = [
                PeriodicDeathOpportunity(**values | {name: values[name] * (1 + step)})._engine.log_likelihood(*columns)
                for step in (1e-5, -1e-5)
            ]
            assert slopes[i] == pytest.approx((at[0] - at[1]) / (2e-5 * values[name]), rel=1e-5, abs=1e-6)


def test_a_million_purchases_need_few_nodes() -> None:
    rfm = RFM([2, 0], [30.43, 0.0], [38.86, 0.0], unit="week")
    forever = TYPICAL.purchase_pmf(rfm, 1e6, np.inf)
    together = TYPICAL.purchase_pmf(rfm, 1e6, [[0.0], [26.0], [np.inf]])
    assert not together[:2].any()
    np.testing.assert_allclose(together[2], forever, rtol=1e-12)
    assert (forever > 0).all()
