"""Pareto/NBD: published values with their source, inputs that break other libraries, and its limits.

SMC1987: Schmittlein, Morrison & Colombo (1987), Management Science 33(1). FHL2005: Fader, Hardie & Lee (2005),
Marketing Science 24(2), 275-284. RFM-CLV: Fader, Hardie & Lee (2005), RFM and CLV, Journal of Marketing Research 42(4),
415-430. BTYD: manual and walkthrough of the R package BTYD 2.4 (2014). CLVTools: tests of the R package CLVTools 0.12.
Accuracy over the whole domain: test_accuracy.py.
"""

from __future__ import annotations

import numpy as np
import pytest

from custvalue import datasets
from custvalue.discounting.rate import Rate
from custvalue.errors import ConvergenceError, DataError
from custvalue.evidence.rfm import RFM
from custvalue.inference.fit import Fit
from custvalue.models.buying.nbd import NBD
from custvalue.models.buying.pareto_nbd import ParetoNBD
from custvalue.models.spend.gamma_gamma import GammaGamma
from custvalue.value.clv import clv

CDNOW = ParetoNBD(0.5532770298491975, 10.577682838557859, 0.6062400587885617, 11.668736818072547, unit="week")
"""The fit to the first 39 weeks, to all digits."""
CDNOW78 = ParetoNBD(0.5629966, 12.559037, 0.4081095, 10.5148048, unit="week")
"""The fit to all 78 weeks (BTYD, manual of pnbd.DERT; RFM-CLV)."""


def cdnow(until: str) -> RFM:
    log = datasets.cdnow()
    seen = log["date"] <= np.datetime64(until)
    columns = {name: column[seen] for name, column in log.items()}
    return RFM.from_transactions(columns, observed_until=until, unit="week", amount="amount")


@pytest.fixture(scope="module")
def weeks39() -> RFM:
    return cdnow("1997-09-30")


@pytest.fixture(scope="module")
def fit(weeks39: RFM) -> Fit[ParetoNBD]:
    return ParetoNBD.fit(weeks39)


def test_cdnow_parameters(fit: Fit[ParetoNBD]) -> None:
    """FHL2005, table 2, to its three decimals; to ten digits our own, found with another likelihood and optimizer."""
    assert [round(value, 3) for value in fit.model.parameters.values()] == [0.553, 10.578, 0.606, 11.669]
    assert list(fit.model.parameters.values()) == pytest.approx(list(CDNOW.parameters.values()), rel=1e-5)
    assert fit.log_likelihood == pytest.approx(-9594.976178939542, rel=1e-12)
    assert fit.warnings == ()


def test_cdnow_standard_errors(fit: Fit[ParetoNBD]) -> None:
    """CLVTools: .0476, .8427, .1873, 6.2105."""
    assert list(fit.standard_errors.values()) == pytest.approx([0.0476, 0.8427, 0.1873, 6.2105], rel=2e-3)


def test_cdnow_repeat_purchases_by_number(fit: Fit[ParetoNBD], weeks39: RFM) -> None:
    """FHL2005, section 4: χ² = 11.99."""
    pmf = fit.model.purchase_pmf_new(np.arange(7)[:, None], weeks39.T).sum(axis=1)
    expected = np.append(pmf, len(weeks39) - pmf.sum())
    ours = [1434.0493064769748, 396.8779158934999, 193.49239010385375, 111.81169797407776, 69.98998739762857,
            45.85557916191891, 30.93211839358739, 73.99100459845931]  # fmt: skip
    assert expected == pytest.approx(ours, rel=1e-4)
    seen = np.bincount(np.minimum(weeks39.x, 7).astype(int))
    assert ((seen - expected) ** 2 / expected).sum() == pytest.approx(11.99, abs=0.005)


def test_cdnow_78_weeks() -> None:
    """BTYD, manual of pnbd.DERT: .5629966, 12.559037, .4081095, 10.5148048."""
    rfm = cdnow("1998-06-30")
    assert ((rfm.x == 0).sum(), rfm.x.sum()) == (1218, 4339)
    fit = ParetoNBD.fit(rfm)
    assert list(fit.model.parameters.values()) == pytest.approx(list(CDNOW78.parameters.values()), rel=1e-4)
    assert fit.log_likelihood == pytest.approx(-17135.835886123925, rel=1e-11)


def test_expected_purchases_of_a_newcomer() -> None:
    """BTYD, walkthrough, page 8: 1.473434 in 52 weeks."""
    assert CDNOW.expected_purchases_new(52) == pytest.approx(1.473434, abs=1e-6)
    assert CDNOW.expected_purchases_new(52) == pytest.approx(1.4734342989605933, rel=1e-12)


def test_customer_1516() -> None:
    """BTYD, walkthrough, page 9: 25.45647 purchases in 52 weeks, P(alive) .997874 (its parameters less converged)."""
    rfm = RFM(26, 216 / 7, 31, unit="week")
    assert CDNOW.expected_purchases(rfm, 52) == pytest.approx(25.455183301620398, rel=1e-11)
    assert CDNOW.expected_purchases(rfm, 52) == pytest.approx(25.45647, rel=1e-4)
    assert CDNOW.p_alive(rfm) == pytest.approx(0.9978734045457484, rel=1e-12)


def test_increasing_frequency_paradox() -> None:
    """BTYD, walkthrough, pages 9-10: the same silence says more of those who bought more often."""
    rfm = RFM([10, 15, 20, 25], 20, 39, unit="week")
    ours = [0.7058883430848718, 0.14415072862446535, 0.022490143461835973, 0.0030900664377996345]
    assert CDNOW.expected_purchases(rfm, 52) == pytest.approx(ours, rel=1e-11)
    btyd = [0.7062289, 0.1442396, 0.02250658, 0.00309267]
    assert CDNOW.expected_purchases(rfm, 52) == pytest.approx(btyd, rel=1e-3)


def test_never_bought_again() -> None:
    """BTYD, manual of pnbd.PAlive: .2941633."""
    model = ParetoNBD(0.5533971432566355, 10.580198543474351, 0.6060624971176619, 11.656223670707698)
    assert model.p_alive(RFM(0, 0, 39, unit="year")) == pytest.approx(0.2941633357696923, rel=1e-12)


def test_discounted_expected_residual_transactions() -> None:
    """DERT by Tricomi's function, at BTYD's example and along RFM-CLV's iso-value curve."""
    one = CDNOW78.discounted_expected_purchases(RFM(7, 35, 77.86, unit="week"), weekly(0.0027))
    assert one == pytest.approx(1.8641833280713205, rel=1e-11)
    x = np.arange(15)
    dert = CDNOW78.discounted_expected_purchases(RFM(x, 35.0 * (x > 0), 77.86, unit="week"), weekly(np.log(1.15) / 52))
    ours = [2.4777687256482737, 3.4536029744186147, 3.8580759633919683, 3.728978586695354, 3.2213160602737103,
            2.5432081206638166, 1.870584995115406, 1.303250043191574, 0.8716662886480461, 0.5653840119383315,
            0.3582549302897996, 0.22292288042295233, 0.13671912165739084, 0.08286298645877102]  # fmt: skip
    assert dert[1:] == pytest.approx(ours, rel=1e-11)
    assert dert.argmax() == 3


def weekly(force: float) -> Rate:
    return Rate.continuous(force * 365.25 / 7)


def test_lifetime_value_of_those_who_never_bought_again() -> None:
    """RFM-CLV, table 2: $4.40 with a margin of 30 % at 15 % a year (52 weeks), everything fitted to 78 weeks."""
    rfm = cdnow("1998-06-30")
    buying, spend = ParetoNBD.fit(rfm).model, GammaGamma.fit(rfm).model
    value = clv(buying, spend, rfm, rate=weekly(np.log(1.15) / 52), margin=0.30)
    assert value[rfm.x == 0].mean() == pytest.approx(4.40, abs=0.005)
    assert value.mean() == pytest.approx(44.204, rel=2e-4)
    assert value.sum() == pytest.approx(104_189, rel=2e-4)
    assert value[rfm.x == 0].sum() / value.sum() == pytest.approx(0.0514, abs=1e-4)


TYPICAL = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}


@pytest.mark.parametrize(
    ("parameters", "row", "t", "expected"),
    [
        ({}, (132, 200, 200), 10, 6.206826),  # NaN in lifetimes with SciPy >= 1.16
        ({}, (26, 30, 30), 39, 20.57386),
        ({}, (0, 0, 0), 39, 1.213003),
        ({"s": 1.0}, (2, 30.43, 38.86), 39, 1.1860522823),  # NaN in lifetimes, pymc-marketing and CLVTools
        ({"s": 1 + 1e-10}, (2, 30.43, 38.86), 39, 1.1860522822),
        ({"s": 1.606}, (2, 30.43, 38.86), np.inf, 2.98697),
    ],
)  # fmt: skip
def test_inputs_that_break_other_libraries(
    parameters: dict[str, float], row: tuple[float, float, float], t: float, expected: float
) -> None:
    model = ParetoNBD(**TYPICAL | parameters)
    digits = len(str(expected).split(".")[1])
    assert model.expected_purchases(RFM(*row, unit="year"), t) == pytest.approx(expected, abs=0.6 * 10.0**-digits)


def test_tiny_and_huge_horizons() -> None:
    model, rfm = ParetoNBD(**TYPICAL), RFM(2, 30.43, 38.86, unit="year")
    rate = model.p_alive(rfm) * (model.r + 2) / (model.alpha + 38.86)
    assert model.expected_purchases(rfm, 1e-10) == pytest.approx(1e-10 * rate, rel=1e-11)
    assert model.expected_purchases(rfm, np.inf) == np.inf
    assert model.expected_purchases(rfm, 1e300) > 1e100


def test_with_hardly_any_drop_out_it_is_nbd(weeks39: RFM) -> None:
    nbd = NBD(0.385, 12.07)
    pareto = ParetoNBD(0.385, 12.07, 1e-9, 1e9)
    assert pareto.log_likelihood(weeks39) == pytest.approx(nbd.log_likelihood(weeks39), rel=1e-10)
    assert pareto.expected_purchases(weeks39, 39) == pytest.approx(nbd.expected_purchases(weeks39, 39), rel=1e-6)


def test_customers_without_drop_out_cannot_be_fitted() -> None:
    rfm = NBD(1.0, 10.0, unit="week").simulate(np.full(1000, 30.0), rng=np.random.default_rng(2))
    with pytest.raises(ConvergenceError, match="hardly anyone"):
        ParetoNBD.fit(rfm)


def test_nobody_bought_again() -> None:
    with pytest.raises(DataError, match="no customer has bought again"):
        ParetoNBD.fit(RFM([0, 0, 0], 0, [1, 2, 3], unit="year"))


def test_the_score_is_the_log_likelihoods(weeks39: RFM) -> None:
    columns = weeks39.distinct("x", "t_x", "T").columns
    value, slopes = CDNOW._engine.score(*columns)
    assert value == pytest.approx(CDNOW._engine.log_likelihood(*columns), rel=1e-12)
    for i, name in enumerate(CDNOW.parameters):
        at = [
            ParetoNBD(**CDNOW.parameters | {name: CDNOW.parameters[name] * (1 + step)})._engine.log_likelihood(*columns)
            for step in (1e-5, -1e-5)
        ]
        assert slopes[i] == pytest.approx((at[0] - at[1]) / (2e-5 * CDNOW.parameters[name]), rel=1e-5, abs=1e-7)
