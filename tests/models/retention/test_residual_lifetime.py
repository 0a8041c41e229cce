"""Sums and integrals of survivors, and the survivors themselves, against mpmath (tests/reference/make_retention.py)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from references import every, reference

from custvalue.discounting.rate import Rate
from custvalue.models.retention.beta_discrete_weibull import BetaDiscreteWeibull
from custvalue.models.retention.exponential import Exponential
from custvalue.models.retention.exponential_gamma import ExponentialGamma
from custvalue.models.retention.geometric import Geometric
from custvalue.models.retention.grassia_ii_geometric import GrassiaIIGeometric
from custvalue.models.retention.residual_lifetime import discounted_stay, discounted_sum
from custvalue.models.retention.shifted_beta_geo import ShiftedBetaGeo
from custvalue.models.retention.split_population import SplitPopulation
from custvalue.models.retention.weibull import Weibull
from custvalue.models.retention.weibull_gamma import WeibullGamma

REFERENCE = reference("retention")
KINDS = {
    kind.__name__: kind
    for kind in (
        *(BetaDiscreteWeibull, Exponential, ExponentialGamma, Geometric, GrassiaIIGeometric),
        *(ShiftedBetaGeo, Weibull, WeibullGamma),
    )
}


def build(name: str, values: dict[str, float]) -> Any:
    if not name.startswith("Split"):
        return KINDS[name](**values)
    leavers = {key: value for key, value in values.items() if key != "never_churn"}
    return SplitPopulation(KINDS[name.removeprefix("Split ")](**leavers), values["never_churn"])


def off(value: Any, exact: float) -> float:
    """The relative error, where floats have one."""
    return 0.0 if abs(exact) < 1e-300 else abs(float(value) / exact - 1)


@pytest.mark.parametrize("name", REFERENCE["models"])
def test_log_survival_is_exact(name: str) -> None:
    """To 1e-12 relative, however small or large: for tenures to 1e6, from the next 1e-10 to the next 1e6."""
    for case in REFERENCE["models"][name]["stays"]:
        model = build(name, case["parameters"])
        stay = model._log_stay(np.array(case["tenure"]), np.array(case["ahead"]))
        assert off(stay, case["log_stay"]) < 1e-12, case
        if case["ahead"] == np.floor(case["ahead"]) or not model._by_period:
            churn = model.churn_probability(case["tenure"], case["ahead"])
            assert off(churn, -np.expm1(case["log_stay"])) < 1e-12, case


@pytest.mark.parametrize("name", REFERENCE["models"])
def test_residual_lifetimes_are_exact(name: str) -> None:
    for case in REFERENCE["models"][name]["worths"]:
        model = build(name, case["parameters"])
        timing = "next" if model._by_period else "continuous"
        since, rate, when = (
            case["tenure"],
            Rate.continuous(case["force"]),
            {"timing": timing, "horizon": case["horizon"]},
        )
        assert off(model.discounted_expected_residual_lifetime(since, rate, **when), case["worth"]) < 1e-11, case
        assert off(model.retention_elasticity(since, rate, **when), case["elasticity"]) < 1e-11, case


@every(REFERENCE["forever"], lambda case: case["model"])
def test_sums_that_hardly_converge_are_exact(case: dict[str, Any]) -> None:
    model = build(case["model"], case["parameters"])
    timing = "next" if model._by_period else "continuous"
    worth = model.discounted_expected_residual_lifetime(case["tenure"], Rate.continuous(case["force"]), timing=timing)
    assert off(worth, case["worth"]) < 1e-11


@pytest.mark.parametrize(("alpha", "beta", "n"), [(2, 3, 5), (1 + 2.0**-30, 0.5, 0), (5, 1e4, 10**6), (1e4, 1e-2, 3)])
def test_mean_residual_lifetime_of_sbg(alpha: float, beta: float, n: int) -> None:
    """(α + β + n - 1)/(α - 1), the current period counted."""
    mean = ShiftedBetaGeo(alpha, beta).expected_residual_lifetime(n)
    assert mean == pytest.approx((alpha + beta + n - 1) / (alpha - 1), rel=1e-11)


def direct(stay: Any, force: float, horizon: float, power: int, *, fall: tuple[float, float], whole: bool) -> float:
    engine = discounted_sum if whole else discounted_stay
    one = [np.array([value]) for value in (0.0, force, horizon, *fall)]
    with np.errstate(over="ignore"):
        return float(np.exp(engine(lambda _: stay, one[0], one[1], one[2], power=power, fall=(one[3], one[4])))[0])


@pytest.mark.parametrize("rate", [1e-6, 0.01, 1.0, 50.0])
@pytest.mark.parametrize("force", [0.0, 1e-12, 0.3, -5e-7])
@pytest.mark.parametrize("power", [0, 1])
def test_constant_rates_have_closed_forms(rate: float, force: float, power: int) -> None:
    def stay(tenure: np.ndarray, ahead: np.ndarray) -> np.ndarray:
        return -rate * ahead + 0 * tenure

    total = rate + force
    q, gone = np.exp(-total), -np.expm1(-total)
    exact = q / gone if power == 0 else q / gone**2
    assert direct(stay, force, np.inf, power, fall=(rate, 0.0), whole=True) == pytest.approx(exact, rel=1e-12)
    flow = direct(stay, force, np.inf, power, fall=(rate, 0.0), whole=False)
    assert flow == pytest.approx(1 / total ** (1 + power), rel=1e-12)
    for horizon in (1.0, 2.0, 40.0, 1e3):
        part = direct(stay, force, horizon, 0, fall=(rate, 0.0), whole=True)
        assert part == pytest.approx(q * -np.expm1(-total * horizon) / gone, rel=1e-12)


@pytest.mark.parametrize("whole", [True, False])
def test_what_diverges_is_infinite_and_nothing_is_0(whole: bool) -> None:
    def heavy(tenure: np.ndarray, ahead: np.ndarray) -> np.ndarray:
        return -1.5 * np.log1p(ahead) + 0 * tenure

    assert np.isinf(direct(heavy, -1e-9, np.inf, 0, fall=(0.0, 1.5), whole=whole))
    assert np.isinf(direct(heavy, 0.0, np.inf, 1, fall=(0.0, 1.5), whole=whole))
    assert np.isfinite(direct(heavy, 0.0, np.inf, 0, fall=(0.0, 1.5), whole=whole))
    assert np.isfinite(direct(heavy, 1e-12, np.inf, 1, fall=(0.0, 1.5), whole=whole))
    assert direct(heavy, 0.1, 0.0, 0, fall=(0.0, 1.5), whole=whole) == 0
    assert np.isinf(direct(heavy, -1.0, 1e4, 0, fall=(0.0, 1.5), whole=whole))  # e^10000: beyond floats


def test_a_sudden_end_is_found() -> None:
    """Everybody leaves at 100, whichever points a rule looks at."""

    def cliff(tenure: np.ndarray, ahead: np.ndarray) -> np.ndarray:
        return np.where(ahead <= 100.25, 0.0, -np.inf) + 0 * tenure

    assert direct(cliff, 0.0, 1e9, 0, fall=(0.0, 0.0), whole=True) == pytest.approx(100, rel=1e-13)
    assert direct(cliff, 0.0, 1e9, 0, fall=(0.0, 0.0), whole=False) == pytest.approx(100.25, rel=1e-11)


def test_the_same_whatever_stands_beside_it() -> None:
    """Blocks of rows and halved runs: each row is as it is alone."""
    model, tenure = BetaDiscreteWeibull(0.3, 40.0, 3.0), np.arange(700.0)
    together = model.discounted_expected_residual_lifetime(tenure, Rate.annual(0.05), timing="now")
    alone = [
        model.discounted_expected_residual_lifetime(t, Rate.annual(0.05), timing="now") for t in (0, 255, 256, 511, 699)
    ]
    assert np.allclose(together[[0, 255, 256, 511, 699]], alone, rtol=1e-13)
