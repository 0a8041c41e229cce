"""MBG/NBD: published values, and side by side with lifetimes."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from custvalue import datasets
from custvalue.evidence.rfm import RFM
from custvalue.inference.fit import Fit
from custvalue.models.buying.modified_beta_geo_nbd import ModifiedBetaGeoNBD


@pytest.fixture(scope="module")
def cdnow() -> RFM:
    log = datasets.cdnow()
    seen = log["date"] <= np.datetime64("1997-09-30")
    return RFM.from_transactions(
        {name: column[seen] for name, column in log.items()}, observed_until="1997-09-30", unit="week"
    )


@pytest.fixture(scope="module")
def fit(cdnow: RFM) -> Fit[ModifiedBetaGeoNBD]:
    return ModifiedBetaGeoNBD.fit(cdnow)


def test_parameters_of_cdnow(fit: Fit[ModifiedBetaGeoNBD]) -> None:
    """BTYDplus's mbgnbd.EstimateParameters, to three digits (in lifetimes' tests); to ten our own."""
    assert [round(v, 3) for v in fit.model.parameters.values()] == [0.525, 6.183, 0.891, 1.614]
    ours = [0.5248432332934, 6.1830859578261, 0.8913592568431, 1.6140017986567]
    assert list(fit.model.parameters.values()) == pytest.approx(ours, rel=1e-6)
    assert fit.log_likelihood == pytest.approx(-9582.135715553748, rel=1e-12)


def test_totals_of_cdnow(fit: Fit[ModifiedBetaGeoNBD], cdnow: RFM) -> None:
    """Our own, from closed forms with 2F1."""
    assert fit.model.expected_purchases(cdnow, 39).sum() == pytest.approx(1576.7283492331262, rel=1e-6)
    assert fit.model.p_alive(cdnow).mean() == pytest.approx(0.448721383200464, rel=1e-6)


def test_predictions_are_those_of_lifetimes(cdnow: RFM) -> None:
    lifetimes = pytest.importorskip("lifetimes")
    theirs = lifetimes.ModifiedBetaGeoFitter()
    theirs.params_ = {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}
    theirs.predict = theirs.conditional_expected_number_of_purchases_up_to_time
    ours = ModifiedBetaGeoNBD(**theirs.params_)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        alive = theirs.conditional_probability_alive(cdnow.x, cdnow.t_x, cdnow.T)
        ahead = theirs.predict(39.0, cdnow.x, cdnow.t_x, cdnow.T)
        new = theirs.expected_number_of_purchases_up_to_time(np.array([1.0, 39.0, 200.0]))
    assert ours.p_alive(cdnow) == pytest.approx(np.asarray(alive), rel=1e-10)
    assert ours.expected_purchases(cdnow, 39) == pytest.approx(np.asarray(ahead), rel=1e-9)
    assert ours.expected_purchases_new([1, 39, 200]) == pytest.approx(np.asarray(new), rel=1e-9)


def test_a_tiny_time_where_hardly_anyone_leaves() -> None:
    """Beta(0.01, b) puts a thousandth of its mass below 1e-300, where p t is no float: there purchases are λ t."""
    model, rfm = ModifiedBetaGeoNBD(r=1.0, alpha=1.0, a=0.01, b=0.495), RFM(1, 1, 1, unit="week")
    rate = model.p_alive(rfm) * (1 + 1) / (1 + 1)
    for t in (1e-10, 1e-15, 1e-20, 1e-200):
        assert model.expected_purchases(rfm, t) == pytest.approx(rate * t, rel=5e-10 if t > 1e-12 else 1e-12)
        assert model.expected_purchases(rfm, t, after=1e-300) == pytest.approx(rate * t, rel=5e-10)
