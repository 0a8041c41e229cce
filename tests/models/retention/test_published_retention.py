"""Published values of the retention models, with their source.

FH2007: Fader & Hardie, "How to project customer retention", Journal of Interactive Marketing 21(1), 76-90; its survival
tables as in the Python package foretell. FH2010: Fader & Hardie, "Customer-base valuation in a contractual setting: the
perils of ignoring heterogeneity", Marketing Science 29(1), 85-93. FHLDS2018: Fader, Hardie, Liu, Davin & Steenburgh,
"How to project customer retention" revisited, Journal of Interactive Marketing 43, 1-16. FH2001: Fader & Hardie's
tutorial "Applied probability models in marketing research", with the Kiwi Bubbles panel. Values to more digits than
were printed are our own, by another program.
"""

from __future__ import annotations

import numpy as np
import pytest

from custvalue.discounting.rate import Rate
from custvalue.evidence.tenures import Tenures
from custvalue.models.retention.beta_discrete_weibull import BetaDiscreteWeibull
from custvalue.models.retention.exponential import Exponential
from custvalue.models.retention.exponential_gamma import ExponentialGamma
from custvalue.models.retention.geometric import Geometric
from custvalue.models.retention.grassia_ii_geometric import GrassiaIIGeometric
from custvalue.models.retention.shifted_beta_geo import ShiftedBetaGeo
from custvalue.models.retention.split_population import SplitPopulation

HIGH_END = [100, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1, 46.8, 44.5, 42.7, 40.9, 39.4]
"""FH2007, table 1: percent who survive 0 to 12 years; 1,000 customers of each kind."""
REGULAR = [100, 63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1, 22.3, 20.7, 19.4, 18.3, 17.3]
YEARLY = Rate.annual(0.1)
TRIERS = [8, 14, 16, 32, 40, 47, 50, 52, 57, 60, 65, 67, 68, 72, 75, 81, 90, 94, 96, 96, 96, 97, 97, 101]
"""FH2001: of 1,499 households, those who had tried Kiwi Bubbles by the end of weeks 1 to 24."""


def cohort(counts: list[float]) -> Tenures:
    """Customers still there after 0, 1, ... renewals."""
    years = np.arange(1.0, len(counts))
    left = -np.diff(counts)
    return Tenures(
        np.append(years, years[-1]), np.append(np.ones(len(years)), 0), weights=np.append(left, counts[-1]), unit="year"
    )


def seen(percent: list[float], years: int) -> Tenures:
    return cohort([10.0 * value for value in percent[: years + 1]])


@pytest.fixture(scope="module")
def kiwi() -> Tenures:
    weeks = np.arange(1.0, 25.0)
    return Tenures(
        np.append(weeks, 24),
        np.append(np.ones(24), 0),
        weights=np.append(np.diff(TRIERS, prepend=0), 1499 - TRIERS[-1]),
        unit="week",
        by_period=True,
    )


@pytest.mark.parametrize(
    ("percent", "printed", "digits", "total", "later"),
    [
        (
            HIGH_END,
            [0.668, 3.806],
            [0.6680883321966716, 3.806094770034986],
            -1611.158147391156,
            [46.04396701887563, 43.57795887379272, 41.41723969374052, 39.50553425269807, 37.79990712414113],
        ),
        (
            REGULAR,
            [0.704, 1.182],
            [0.7040773066820281, 1.1820430171332996],
            -1680.2651884632867,
            [22.008496195374267, 20.44107821766342, 19.11901867128087, 17.986498824118684, 17.003744874093833],
        ),
    ],
    ids=["high end", "regular"],
)
def test_sbg_on_seven_years(
    percent: list[float], printed: list[float], digits: list[float], total: float, later: list[float]
) -> None:
    """FH2007: parameters to three decimals, log-likelihood to one, and the projection of years 8 to 12."""
    fit = ShiftedBetaGeo.fit(seen(percent, 7))
    values = list(fit.model.parameters.values())
    assert [round(value, 3) for value in values] == printed
    assert round(fit.log_likelihood, 1) == round(total, 1)
    assert values == pytest.approx(digits, rel=1e-5)
    assert fit.log_likelihood == pytest.approx(total, abs=1e-6)
    projected = 100 * fit.model.survival(np.arange(8.0, 13.0))
    assert projected == pytest.approx(later, rel=1e-5)
    assert projected == pytest.approx(percent[8:], abs=1.7)  # the papers' point: near what was then observed


@pytest.mark.parametrize(
    ("percent", "digits", "total", "later"),
    [
        (
            HIGH_END,
            [0.2593357207818652, 1.7225513640488486, 1.5843615139020457],
            -1222.7493182408216,
            [45.66888110359143, 43.60373031742899, 41.82323391686945, 40.26697808499403, 38.89107372483926],
        ),
        (
            REGULAR,
            [0.5230292052484711, 0.8942824759238062, 1.1963988328076407],
            -1401.3830516786184,
            [21.86442983684204, 20.383907604104774, 19.137294396036655, 18.07035166863038, 17.14476447776473],
        ),
    ],
    ids=["high end", "regular"],
)
def test_bdw_on_four_years(percent: list[float], digits: list[float], total: float, later: list[float]) -> None:
    """FHLDS2018: 0.26, 1.72, c = 1.58 for the high end; four years project twelve."""
    fit = BetaDiscreteWeibull.fit(seen(percent, 4))
    assert list(fit.model.parameters.values()) == pytest.approx(digits, rel=1e-3)
    assert fit.log_likelihood == pytest.approx(total, abs=1e-6)
    assert 100 * fit.model.survival(np.arange(8.0, 13.0)) == pytest.approx(later, rel=1e-4)
    if percent is HIGH_END:
        assert [round(value, 2) for value in fit.model.parameters.values()] == [0.26, 1.72, 1.58]


def test_likelihood_at_given_parameters() -> None:
    """FH2007's spreadsheet at α = β = 1: -2.1155 per customer (in proportions)."""
    rows = seen(HIGH_END, 7)
    total = (ShiftedBetaGeo(1, 1).log_likelihood(rows) * rows.weights).sum() / 1000
    assert total == pytest.approx(-2.1155455066456055, rel=1e-12)


def test_retention_rates_rise_though_nobody_changes() -> None:
    """FH2007: (β + t - 1)/(α + β + t - 1)."""
    rates = ShiftedBetaGeo(0.668, 3.806).retention_rate(np.arange(1.0, 8.0))
    known = [0.8506928922664282, 0.8779685787358421, 0.8968180413963547, 0.9106234947819106, 0.9211706396034931]
    assert rates[:5] == pytest.approx(known, rel=1e-12)
    assert rates[5:] == pytest.approx([0.9294912391809163, 0.9362230284514036], rel=1e-12)


def test_several_cohorts_at_once() -> None:
    """FH2010, case 1: 3.80 and 15.19."""
    cohorts: list[list[float]] = [[10000, 8000, 6480, 5307, 4391][:n] for n in (5, 4, 3, 2)]
    parts = [cohort(counts) for counts in cohorts]
    rows = Tenures(
        np.concatenate([part.duration for part in parts]),
        np.concatenate([part.ended for part in parts]),
        weights=np.concatenate([part.weights for part in parts]),
        unit="year",
    )
    fit = ShiftedBetaGeo.fit(rows)
    assert [round(value, 2) for value in fit.model.parameters.values()] == [3.80, 15.19]
    assert list(fit.model.parameters.values()) == pytest.approx([3.798125266053133, 15.19190561055733], rel=1e-5)
    assert fit.log_likelihood == pytest.approx(-40255.83728074066, abs=1e-5)


def test_residual_lifetimes_of_the_high_end() -> None:
    """7.53 discounted years after 7 renewals (the formula of FH2010), 5.92 for a new customer."""
    model = ShiftedBetaGeo(0.66808833, 3.80609477)
    derl = model.discounted_expected_residual_lifetime(7, YEARLY, timing="now")
    assert derl == pytest.approx(7.5296281024864316, rel=1e-12)
    new = ShiftedBetaGeo(0.668, 3.806).discounted_expected_lifetime(YEARLY, timing="now")
    assert new == pytest.approx(5.9225964076127635, rel=1e-12)


def test_the_perils_of_ignoring_heterogeneity() -> None:
    """FH2010, case 1: 34,178 active customers, worth 120,496.6 discounted years; at one retention rate 12.2 % less."""
    active = np.array([4391, 5307, 6480, 8000, 10000.0])
    renewals = np.array([4, 3, 2, 1, 0])
    derl = ShiftedBetaGeo(3.80, 15.19).discounted_expected_residual_lifetime(renewals, YEARLY, timing="now")
    known = [3.840904268448484, 3.715533864280372, 3.585214913031296, 3.4496170558905215, 3.3083768049680224]
    assert derl == pytest.approx(known, rel=1e-12)
    total = (active * derl).sum()
    assert total == pytest.approx(120496.64599374041, rel=1e-12)
    retained = active[:4].sum() / (10000 + 8000 + 6480 + 5307)
    naive = Geometric(1 - retained).discounted_expected_residual_lifetime(0, YEARLY, timing="now")
    assert naive == pytest.approx(3.0969642628410385, rel=1e-12)
    assert active.sum() * naive == pytest.approx(105848.04457538102, rel=1e-12)
    assert active.sum() * naive / total - 1 == pytest.approx(-0.122, abs=5e-4)


@pytest.mark.parametrize(("theta", "d"), [(0.3, 0.0), (0.2, 0.1), (0.05, 0.12)])
def test_one_retention_rate_has_textbook_values(theta: float, d: float) -> None:
    """Gupta, Lehmann & Stuart (2004): r/(1 + d - r), with elasticity (1 + d)/(1 + d - r)."""
    model, r, rate = Geometric(theta), 1 - theta, Rate.annual(d)
    value = model.discounted_expected_residual_lifetime([0, 9], rate, timing="next")
    assert value == pytest.approx([r / (1 + d - r)] * 2, rel=1e-13)
    assert model.retention_elasticity(3, rate, timing="next") == pytest.approx((1 + d) / (1 + d - r), rel=1e-13)
    assert model.discounted_expected_lifetime(rate, timing="now") == pytest.approx((1 + d) / (1 + d - r), rel=1e-13)
    five = model.discounted_expected_residual_lifetime(0, rate, timing="next", horizon=5)
    assert five == pytest.approx(sum((r / (1 + d)) ** t for t in range(1, 6)), rel=1e-13)
    assert model.expected_lifetime() == pytest.approx(1 / theta, rel=1e-13)


def test_five_points_more_retention() -> None:
    """Reichheld & Sasser's 25 to 85 percent more value, as r/(1 + i - r) has it: 32 % at 85 %, i = 10 %."""
    before, after = (
        Geometric(1 - r).discounted_expected_residual_lifetime(0, YEARLY, timing="next") for r in (0.85, 0.90)
    )
    assert after / before - 1 == pytest.approx(0.32352941176470584, rel=1e-12)


def test_first_trial_of_kiwi_bubbles(kiwi: Tenures) -> None:
    """FH2001: exponential-gamma, r = 0.050, α = 7.973, log-likelihood -681.4."""
    fit = ExponentialGamma.fit(kiwi)
    assert [round(value, 3) for value in fit.model.parameters.values()] == [0.050, 7.973]
    assert list(fit.model.parameters.values()) == pytest.approx([0.05024568963406684, 7.973383421932661], rel=1e-5)
    assert fit.log_likelihood == pytest.approx(-681.3729499055335, abs=1e-7)
    alike = GrassiaIIGeometric.fit(kiwi)
    assert alike.log_likelihood == pytest.approx(fit.log_likelihood, abs=1e-9)


def test_never_triers_of_kiwi_bubbles(kiwi: Tenures) -> None:
    """FH2001: exponential with never triers, 8.5 % ever try, at rate 0.066; log-likelihood -680.9."""
    fit = SplitPopulation.fit(kiwi, leavers=Exponential)
    values = fit.model.parameters
    assert (round(1 - float(values["never_churn"]), 3), round(float(values["lam"]), 3)) == (0.085, 0.066)
    assert 1 - values["never_churn"] == pytest.approx(0.0845600514374224, rel=1e-4)
    assert values["lam"] == pytest.approx(0.06640046098317742, rel=1e-4)
    assert fit.log_likelihood == pytest.approx(-680.9093560499704, abs=1e-7)


def test_leukemia_remissions_at_a_constant_rate() -> None:
    """Freireich et al. (1963): 9 events in 359 weeks under 6-MP, 21 in 182 under placebo."""
    treated = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    placebo = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    under = Exponential.fit(Tenures(treated, np.arange(21) < 9, unit="week")).model
    without = Exponential.fit(Tenures(placebo, 1, unit="week")).model
    assert under.lam == pytest.approx(0.025069637883008356, rel=1e-6)
    assert without.lam == pytest.approx(0.11538461538461539, rel=1e-6)
