"""NBD: published values and its closed forms.

FHL2005: Fader, Hardie & Lee (2005), Marketing Science 24(2), 275-284. Billboard: exposures of 250 people in a week, of
Fader & Hardie's tutorial (2001) on probability models in marketing.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import gammaln
from scipy.stats import nbinom

from custvalue import datasets
from custvalue.discounting.rate import Rate
from custvalue.errors import ConvergenceError
from custvalue.evidence.rfm import RFM
from custvalue.models.buying.nbd import NBD

MODEL = NBD(r=0.385, alpha=12.072, unit="week")
ROWS = RFM([0, 2, 40], [0, 30.43, 38], [39, 38.86, 39], unit="week")
BILLBOARD = [48, 37, 30, 24, 20, 16, 13, 11, 9, 7, 6, 5, 5, 3, 3, 2, 2, 2, 1, 1, 2, 1, 1, 1]


def test_cdnow() -> None:
    """FHL2005, table 2: .385, 12.072, -9763.7; the other digits our own."""
    log = datasets.cdnow()
    seen = log["date"] <= np.datetime64("1997-09-30")
    columns = {name: column[seen] for name, column in log.items()}
    fit = NBD.fit(RFM.from_transactions(columns, observed_until="1997-09-30", unit="week"))
    assert [round(value, 3) for value in fit.model.parameters.values()] == [0.385, 12.072]
    assert list(fit.model.parameters.values()) == pytest.approx([0.38476613753658595, 12.07202314249028], rel=1e-5)
    assert fit.log_likelihood == pytest.approx(-9763.657614672615, rel=1e-12)


def test_billboard() -> None:
    """Tutorial: r = .969, alpha = .218, log-likelihood of the counts -649.7."""
    x = np.repeat(np.arange(24.0), BILLBOARD)
    fit = NBD.fit(RFM(x, np.minimum(x, 1), 1, unit="week"))
    assert list(fit.model.parameters.values()) == pytest.approx([0.9692594283248598, 0.21751782323879942], rel=1e-5)
    assert fit.log_likelihood - gammaln(x + 1).sum() == pytest.approx(-649.6888274836599, rel=1e-10)


def test_numbers_of_purchases_are_negative_binomial() -> None:
    n, t = np.arange(50.0)[:, None], 20.0
    expected = nbinom.pmf(n, MODEL.r + ROWS.x, (MODEL.alpha + ROWS.T) / (MODEL.alpha + ROWS.T + t))
    assert MODEL.purchase_pmf(ROWS, n, t) == pytest.approx(expected, rel=1e-10)
    assert MODEL.probability_of_purchase(ROWS, t) == pytest.approx(1 - expected[0], rel=1e-12)


def test_nobody_leaves() -> None:
    for ahead in (0.0, 10.0, np.inf):
        assert np.all(MODEL.p_alive(ROWS, ahead) == 1)
        assert np.all(MODEL.churn_probability(ROWS, ahead) == 0)
    assert np.all(MODEL.posterior_mean_drop_out(ROWS) == 0)
    draws = NBD([[0.3], [0.5]], [[10.0], [12.0]])
    assert draws.p_alive(ROWS, np.ones((4, 1, 1))).shape == (4, 2, 3)


def test_expected_purchases_grow_with_the_horizon_for_ever() -> None:
    rate = (MODEL.r + ROWS.x) / (MODEL.alpha + ROWS.T)
    assert MODEL.posterior_mean_purchase_rate(ROWS) == pytest.approx(rate)
    assert MODEL.expected_purchases(ROWS, [[1.0], [52.0]]) == pytest.approx(np.array([rate, 52 * rate]))
    assert np.all(np.isinf(MODEL.expected_purchases(ROWS, np.inf)))


def test_discounted_purchases() -> None:
    rate, annual = MODEL.posterior_mean_purchase_rate(ROWS), Rate.annual(0.1)
    force = annual.force("week")
    assert MODEL.discounted_expected_purchases(ROWS, annual) == pytest.approx(rate / force, rel=1e-14)
    for t in (1e-9, 1.0, 1e4):
        some = MODEL.discounted_expected_purchases(ROWS, annual, t)
        assert some == pytest.approx(rate * -np.expm1(-force * t) / force, rel=1e-13)
    assert np.all(np.isinf(MODEL.discounted_expected_purchases(ROWS, Rate.annual([[0.0], [-0.1]]))))
    gains = MODEL.discounted_expected_purchases(ROWS, Rate.annual(-0.1), 52)
    force = Rate.annual(-0.1).force("week")
    assert gains == pytest.approx(rate * np.expm1(-force * 52) / -force, rel=1e-13)


def test_everybody_alike_cannot_be_fitted() -> None:
    with pytest.raises(ConvergenceError, match="all customers buy at the same rate"):
        NBD.fit(RFM([5, 6, 4, 5], 9.0, 10, unit="year"))
