"""BG/NBD in its limits. Accuracy: test_accuracy.py."""

from __future__ import annotations

import numpy as np
import pytest

from custvalue.discounting.rate import Rate
from custvalue.evidence.rfm import RFM
from custvalue.models.buying.beta_geo_nbd import BetaGeoNBD


def test_endless_intervals() -> None:
    """Forever from a later day: E[1/p] of those still there, infinite for a <= 1."""
    ann = RFM(2, 30.43, 38.86, unit="week")
    for a, later in ((0.5, np.inf), (1.0, np.inf), (1.793, 0.0)):
        model = BetaGeoNBD(r=0.243, alpha=4.414, a=a, b=2.426)
        ahead = model.expected_purchases(ann, np.inf, after=[39.0, 1e6, np.inf])
        assert np.all(np.isinf(ahead)) if a <= 1 else np.all(np.diff(ahead) < 0)
        assert ahead[2] == later
        if a > 1:
            first = model.expected_purchases(ann, 39.0)
            assert ahead[0] == pytest.approx(model.expected_purchases(ann, np.inf) - first, rel=1e-12)
        assert model.probability_of_purchase(ann, np.inf, after=39.0) == pytest.approx(
            model.p_alive(ann, 39), rel=1e-12
        )


def test_log_likelihood_by_table_and_by_row_agree() -> None:
    """Many rows share one table over x; a few do not."""
    model, rng = BetaGeoNBD(r=0.243, alpha=4.414, a=0.793, b=2.426), np.random.default_rng(1)
    x = rng.integers(1, 400, 2000).astype(float)
    rfm = RFM(x, rng.uniform(1, 39, 2000), 39.0, unit="week")
    rows = np.array([float(model.log_likelihood(rfm[i])) for i in range(2000)])
    assert np.allclose(model.log_likelihood(rfm), rows, rtol=1e-12)


def test_who_has_not_bought_again_has_not_left() -> None:
    model = BetaGeoNBD(r=0.243, alpha=4.414, a=0.793, b=2.426)
    once = RFM([0, 0, 0], 0, [0, 39, 1e6], unit="week")
    assert np.all(model.p_alive(once) == 1)
    assert model.p_alive(once, 10.0)[1] < 1


def test_no_purchase_in_39_weeks_of_a_one_time_buyer() -> None:
    """(α + T)/(α + T + t) to the power r: the drop-out term must vanish at x = 0 (pymc-marketing 0.19: .927)."""
    model, once = BetaGeoNBD(r=0.243, alpha=4.414, a=0.793, b=2.426), RFM(0, 0, 38.86, unit="week")
    none = ((4.414 + 38.86) / (4.414 + 38.86 + 39)) ** 0.243
    assert none == pytest.approx(0.85544946, abs=5e-9)
    assert 1 - model.probability_of_purchase(once, 39) == pytest.approx(none, rel=1e-14)
    assert model.purchase_pmf(once, 0, 39) == pytest.approx(none, rel=1e-14)


def test_endless_expectations() -> None:
    """Of 1/p: (a + b + x - 1)/(a - 1) times P(alive), infinite for a <= 1 and no discounting."""
    ann = RFM(2, 30.43, 38.86, unit="week")
    for a in (0.5, 1.0):
        model = BetaGeoNBD(r=0.243, alpha=4.414, a=a, b=2.426)
        assert model.expected_purchases(ann, np.inf) == np.inf
        assert model.discounted_expected_purchases(ann, Rate.zero()) == np.inf
        assert np.isfinite(model.discounted_expected_purchases(ann, Rate.annual(1e-6)))
    model = BetaGeoNBD(r=0.243, alpha=4.414, a=1.793, b=2.426)
    endless = model.p_alive(ann) * (1.793 + 4.426 - 1) / 0.793
    assert model.expected_purchases(ann, np.inf) == pytest.approx(endless, rel=1e-14)
    assert model.discounted_expected_purchases(ann, Rate.zero()) == pytest.approx(endless, rel=1e-14)
    assert model.discounted_expected_purchases(ann, Rate.annual(-0.1)) == np.inf


def test_simulated_customers_at_the_limits_of_the_domain() -> None:
    ages = np.geomspace(1e-3, 1e6, 1000)
    for r, alpha, a, b in [(1e-2,) * 4, (1e4, 1e-2, 1e-2, 1e4), (1e4,) * 4, (1e-2, 1e4, 1e4, 1e-2)]:
        rfm = BetaGeoNBD(r=r, alpha=alpha, a=a, b=b).simulate(ages, rng=np.random.default_rng(1), unit="week")
        assert len(rfm) == 1000
    assert BetaGeoNBD(r=1, alpha=1, a=1, b=1).simulate([0.0], rng=np.random.default_rng(1), unit="day").x == 0
