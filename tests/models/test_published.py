"""Published values of BG/NBD and Gamma-Gamma, with their source.

FHL2005: Fader, Hardie & Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2), 275-284.
Note 004, note 025: Hardie's spreadsheets and notes to the papers (brucehardie.com), as quoted in the tests of the
Python package lifetimes. BTYD: manual and walkthrough of the R package BTYD 2.4 (2014). CLVTools: the tests of the R
package CLVTools 0.12 (2025).
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from custvalue import datasets
from custvalue.evidence.rfm import RFM
from custvalue.inference.fit import Fit
from custvalue.models.buying.beta_geo_nbd import BetaGeoNBD
from custvalue.models.spend.gamma_gamma import GammaGamma

SEEN = "1997-09-30"
"""Calibration: the first 39 weeks of CDNOW."""
CLASSES = 8
"""Customers by repeat purchases: 0 to 6, and 7 or more."""


@pytest.fixture(scope="module")
def cdnow() -> RFM:
    log = datasets.cdnow()
    seen = log["date"] <= np.datetime64(SEEN)
    return RFM.from_transactions(
        {name: column[seen] for name, column in log.items()}, observed_until=SEEN, unit="week", amount="amount"
    )


@pytest.fixture(scope="module")
def bought_later() -> np.ndarray:
    """Days with a purchase in the 39 weeks after, by customer."""
    log = datasets.cdnow()
    later = log["date"] > np.datetime64(SEEN)
    days = np.unique(np.stack([log["customer_id"][later], log["date"][later].astype(int)]), axis=1)[0]
    return np.bincount(days, minlength=2358)[1:]


@pytest.fixture(scope="module")
def buying(cdnow: RFM) -> Fit[BetaGeoNBD]:
    return BetaGeoNBD.fit(cdnow)


@pytest.fixture(scope="module")
def spend(cdnow: RFM) -> Fit[GammaGamma]:
    return GammaGamma.fit(cdnow)


def classes(cdnow: RFM) -> np.ndarray:
    return np.minimum(cdnow.x, CLASSES - 1).astype(int)


def test_cdnow_has_the_customers_of_the_papers(cdnow: RFM, bought_later: np.ndarray) -> None:
    """FHL2005, section 4: 2,357 customers, 946 of them with repeat purchases."""
    assert (len(cdnow), cdnow.x.sum(), (cdnow.x > 0).sum()) == (2357, 2457, 946)
    assert bought_later.sum() == 1882


def test_bg_nbd_parameters(buying: Fit[BetaGeoNBD]) -> None:
    """FHL2005, table 2 (three decimals); to nine digits our own, also CLVTools' to its five."""
    model = buying.model
    assert [round(v, 3) for v in model.parameters.values()] == [0.243, 4.414, 0.793, 2.426]
    assert round(buying.log_likelihood, 1) == -9582.4
    clvtools = [0.2425945, 4.4136019, 0.7929199, 2.4258881]
    assert list(model.parameters.values()) == pytest.approx(clvtools, rel=1e-5)
    ours = [0.2425945256, 4.4136020765, 0.7929221218, 2.4259073385]
    assert list(model.parameters.values()) == pytest.approx(ours, rel=1e-6)
    assert buying.log_likelihood == pytest.approx(-9582.429206673929, rel=1e-11)
    assert model.unit == "week"
    assert buying.iterations < 30


def test_bg_nbd_parameters_from_recency_and_age_of_two_decimals() -> None:
    """The file of note 004, weeks rounded to two decimals: same to the paper's three."""
    lifetimes = find_spec("lifetimes")
    if lifetimes is None or lifetimes.origin is None:
        pytest.skip("the file is in the lifetimes package")
    path = Path(lifetimes.origin).parent / "datasets" / "cdnow_customers_summary.csv"
    _, x, t_x, T = np.loadtxt(path, delimiter=",", skiprows=1, unpack=True)
    fit = BetaGeoNBD.fit(RFM(x, t_x, T, unit="week"))
    assert list(fit.model.parameters.values()) == pytest.approx(
        [0.24259289113599, 4.41353112051993, 0.79288625542156, 2.42575395995608], rel=1e-6
    )
    assert fit.log_likelihood == pytest.approx(-9582.425560567362, rel=1e-10)


def test_bg_nbd_standard_errors(buying: Fit[BetaGeoNBD]) -> None:
    """Of lifetimes 0.11.3 (its diagonal; from automatic differentiation), on the two-decimal file."""
    errors = [0.012557, 0.378222, 0.185719, 0.705345]
    assert list(buying.standard_errors.values()) == pytest.approx(errors, rel=2e-3)
    for name, (low, high) in buying.confidence_intervals().items():
        value = buying.model.parameters[name]
        assert low * high == pytest.approx(value**2)
        assert np.log(high / value) == pytest.approx(1.959963984540054 * buying.standard_errors[name] / value)


def test_bg_nbd_repeat_purchases_by_number(buying: Fit[BetaGeoNBD], cdnow: RFM) -> None:
    """FHL2005, figure 2 and section 4: χ² = 4.82 (3 degrees of freedom)."""
    pmf = buying.model.purchase_pmf_new(np.arange(CLASSES - 1)[:, None], cdnow.T).sum(axis=1)
    expected = np.append(pmf, len(cdnow) - pmf.sum())
    seen = np.bincount(classes(cdnow))
    assert seen.tolist() == [1411, 439, 214, 100, 62, 38, 29, 64]
    ours = [1407.684340922, 460.323454164, 192.461418247, 101.164200127, 59.847081418, 38.119707130, 25.549109049]
    assert expected[:7] == pytest.approx(ours, rel=1e-6)
    assert ((seen - expected) ** 2 / expected).sum() == pytest.approx(4.82, abs=0.005)


def test_bg_nbd_customer_of_note_004(buying: Fit[BetaGeoNBD]) -> None:
    """Note 004: the customer with x = 2, t_x = 30.43, T = 38.86 is expected to buy 1.226 times in 39 weeks."""
    ann = RFM(2, 30.43, 38.86, unit="week")
    assert buying.model.expected_purchases(ann, 39) == pytest.approx(1.226, abs=5e-4)
    rounded = BetaGeoNBD(r=0.243, alpha=4.414, a=0.793, b=2.426)
    assert rounded.p_alive(ann) == pytest.approx(0.726578570080673, rel=1e-13)


def test_bg_nbd_expected_purchases_of_note_004(buying: Fit[BetaGeoNBD]) -> None:
    """Note 004, the sheet of E[X(t)]: t in weeks, four decimals."""
    t = np.array([1 / 7, 1, 3, 223 / 7, 32, 78])
    printed = [0.0078, 0.0532, 0.1506, 1.0405, 1.0437, 1.8576]
    # the last one printed differs from the formula, 1.8580, in its fourth digit
    assert buying.model.expected_purchases_new(t) == pytest.approx(printed, abs=4e-4)
    assert buying.model.expected_purchases_new(t[:5]) == pytest.approx(printed[:5], abs=5e-5)


def test_bg_nbd_probabilities_of_btyd() -> None:
    """BTYD's manual, bgnbd.pmf."""
    model = BetaGeoNBD(r=0.243, alpha=4.414, a=0.793, b=2.426)
    assert model.purchase_pmf_new(10, 2) == pytest.approx(1.07869e-07, rel=1e-5)
    assert model.purchase_pmf_new(0, 39) == pytest.approx(0.5737864, abs=5e-8)
    printed = [1.9995214, 1.5170236, 1.1633150, 0.9003148, 0.7023638, 0.5517902, 0.4361913, 0.3467171, 0.2769613]
    assert model.purchase_pmf_new(np.arange(11, 20), 30) == pytest.approx(np.array(printed) / 1000, abs=6e-11)


def test_bg_nbd_holdout_by_number_of_repeat_purchases(
    buying: Fit[BetaGeoNBD], cdnow: RFM, bought_later: np.ndarray
) -> None:
    """BTYD's walkthrough: purchases in weeks 40-78 per customer, actual and expected, by x."""
    size = np.bincount(classes(cdnow))
    actual = np.bincount(classes(cdnow), bought_later) / size
    assert actual == pytest.approx([0.237, 0.697, 1.393, 1.560, 2.532, 2.947, 3.862, 6.359], abs=5e-4)
    expected = np.bincount(classes(cdnow), buying.model.expected_purchases(cdnow, 39)) / size
    printed = [0.2250893, 0.5231364, 1.044126, 1.520256, 2.163824, 2.653789, 3.503957, 6.157036]
    assert expected == pytest.approx(printed, rel=3e-5)


def test_bg_nbd_totals(buying: Fit[BetaGeoNBD], cdnow: RFM) -> None:
    """Our own, from closed forms with 2F1."""
    assert buying.model.expected_purchases(cdnow, 39).sum() == pytest.approx(1653.4086929638, rel=1e-6)
    assert buying.model.p_alive(cdnow).mean() == pytest.approx(0.8134398305571879, rel=1e-6)
    assert buying.model.expected_purchases_new(cdnow.T).sum() == pytest.approx(2493.956928572354, rel=1e-6)


def test_gamma_gamma_parameters(spend: Fit[GammaGamma]) -> None:
    """Note 025 (two decimals); log-likelihood of CLVTools, -4055.9177; the rest our own."""
    assert [round(v, 2) for v in spend.model.parameters.values()] == [6.25, 3.74, 15.44]
    ours = [6.249571500718945, 3.744224938904844, 15.44352417694011]
    assert list(spend.model.parameters.values()) == pytest.approx(ours, rel=1e-6)
    assert spend.log_likelihood == pytest.approx(-4055.9176948018676, rel=1e-11)
    assert spend.customers == 946


def test_gamma_gamma_expected_spend_of_note_025(spend: Fit[GammaGamma]) -> None:
    """Note 025, the sheet's first ten customers, printed with the unrounded parameters of two-decimal spend."""
    x = np.array([2, 1, 0, 0, 0, 7, 1, 0, 2, 0])
    m = [22.35, 11.77, 0, 0, 0, 73.74, 11.77, 0, 25.55, 0]
    printed = [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17]
    rows = RFM(x, np.where(x > 0, 1.0, 0.0), 2.0, m=m, unit="week")
    assert spend.model.expected_spend(rows) == pytest.approx(printed, abs=0.01)
    rounded = GammaGamma(p=6.25, q=3.74, v=15.44)
    assert rounded.expected_spend(rows)[:2] == pytest.approx([24.663713910761153, 18.916852057842046], rel=1e-14)
    assert rounded.expected_spend_new() == pytest.approx(35.21897810218978, rel=1e-14)


def test_gamma_gamma_example_of_btyd() -> None:
    """BTYD's manual, spend.marginal.likelihood and spend.expected.value: p = 6, q = 4, v = 16; m = 35, x = 3."""
    model, row = GammaGamma(p=6, q=4, v=16), RFM(3, 1, 2, m=35.0, unit="year")
    assert model.expected_spend(row) == pytest.approx(34.57142857142857, rel=1e-14)
    assert np.exp(model.log_likelihood(row)) == pytest.approx(0.01628040740715713, rel=1e-13)
