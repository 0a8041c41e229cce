"""Fits and what follows from them, comparisons, holdouts, and what the customers of a log are worth."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from attrs import evolve
from golden import at_maximum, estimated, outcome

# -- What the library calls it: the only place to edit after a renaming ----------------------------------------------
from custvalue import (
    NBD,
    RFM,
    BetaDiscreteWeibull,
    BetaGeoBetaBinom,
    BetaGeoCNBD,
    BetaGeoNBD,
    Cohorts,
    Exponential,
    ExponentialGamma,
    Fit,
    GammaGamma,
    GammaGompertzNBD,
    Geometric,
    GrassiaIIGeometric,
    ModifiedBetaGeoCNBD,
    ModifiedBetaGeoNBD,
    Opportunities,
    ParetoNBD,
    PeriodicDeathOpportunity,
    Rate,
    ShiftedBetaGeo,
    SplitPopulation,
    Tenures,
    Weibull,
    WeibullGamma,
    WeibullGammaNBD,
    clv,
    clv_new,
    datasets,
    holdout_split,
    value_customers,
)
from custvalue.errors import ConvergenceError
from custvalue.evaluation.comparison import choose, likelihood_ratio
from custvalue.evaluation.scores import errors, evaluate
from custvalue.value.assumption_checks import Checks, class_spend, correlation

# ---------------------------------------------------------------------------------------------------------------------

RATE, NO_RATE = Rate.annual(0.10), Rate.zero()
UNTIL = "1998-06-30"


@cache
def calibration() -> RFM:
    """CDNOW, the first 39 weeks."""
    return holdout_split(
        datasets.cdnow(), at="1997-09-30", amount="amount", unit="week", log_interpurchase=True
    ).calibration


@cache
def all_weeks() -> RFM:
    """CDNOW, all 78 weeks."""
    return RFM.from_transactions(
        datasets.cdnow(), amount="amount", observed_until=UNTIL, unit="week", log_interpurchase=True
    )


def donors() -> Opportunities:
    return Opportunities.from_table(datasets.donations(), unit="year")


def fitted(fit: Any, rtol: float = 1e-6) -> dict[str, Any]:
    """What a fit says."""
    parameters = fit.model.parameters
    return {
        "parameters": estimated([float(value) for value in parameters.values()], rtol),
        "log-likelihood": at_maximum(fit.log_likelihood),
        "aic": at_maximum(fit.aic),
        "bic": at_maximum(fit.bic),
        "errors": estimated(list(fit.standard_errors.values()), 10 * rtol),
        "covariance": estimated(fit.covariance, 10 * rtol, 1e-12),
        "intervals": estimated([list(ends) for ends in fit.confidence_intervals(0.9).values()], 10 * rtol),
        "customers": fit.customers,
        "warnings": len(fit.warnings),
        "unit": getattr(fit.model, "unit", None),
    }


# -- Models of buying and spend --------------------------------------------------------------------------------------

BUYING: dict[str, Callable[[], Any]] = {
    "bg-nbd": lambda: BetaGeoNBD.fit(calibration()),
    "bg-nbd/all weeks": lambda: BetaGeoNBD.fit(all_weeks()),
    "mbg-nbd": lambda: ModifiedBetaGeoNBD.fit(calibration()),
    "pareto-nbd": lambda: ParetoNBD.fit(calibration()),
    "pareto-nbd/all weeks": lambda: ParetoNBD.fit(all_weeks()),
    "nbd": lambda: NBD.fit(calibration()),
    "bg-cnbd-2": lambda: BetaGeoCNBD.fit(calibration(), k=2),
    "bg-cnbd/searched": lambda: BetaGeoCNBD.fit(calibration()),
    "mbg-cnbd-3": lambda: ModifiedBetaGeoCNBD.fit(calibration(), k=3),
    "mbg-cnbd-2/without spacing": lambda: ModifiedBetaGeoCNBD.fit(evolve(calibration(), log_interpurchase=None), k=2),
    "mbg-cnbd/searched": lambda: ModifiedBetaGeoCNBD.fit(regular_customers()),
    "pdo": lambda: PeriodicDeathOpportunity.fit(calibration(), tau=3.0),
    "pdo/of two": lambda: PeriodicDeathOpportunity.fit(calibration(), tau=[3.0, 9.0]),
    "gamma-gompertz-nbd": lambda: GammaGompertzNBD.fit(
        GammaGompertzNBD(0.8, 6.0, 0.08, 1.2, 6.0, unit="week").simulate(np.full(4000, 52.0), rng=3)
    ),
    "bg-bb": lambda: BetaGeoBetaBinom.fit(donors()),
    "bg-nbd/in days": lambda: BetaGeoNBD.fit(RFM.from_transactions(datasets.cdnow(), unit="day")),
    "bg-nbd/full": lambda: BetaGeoNBD.fit(
        RFM.from_transactions(datasets.cdnow_full(), observed_until=UNTIL, unit="month")
    ),
    "bg-nbd/many rows": lambda: BetaGeoNBD.fit(
        BetaGeoNBD(0.8, 6.0, 0.8, 2.4, unit="week").simulate(np.linspace(10.0, 90.0, 40_000), rng=3)
    ),
    "gamma-gamma": lambda: GammaGamma.fit(calibration()[calibration().x > 0]),
    "gamma-gamma/with the first": lambda: GammaGamma.fit(
        spenders(RFM.from_transactions(datasets.cdnow(), amount="amount", unit="week", first_purchase_in_spend=True))
    ),
}
LOOSE: dict[str, Callable[[], Any]] = {
    "weibull-gamma-nbd": lambda: WeibullGammaNBD.fit(calibration()),
    "pdo/searched": lambda: PeriodicDeathOpportunity.fit(calibration()),
}
"""Fits that are hardly identified."""


def spenders(rows: RFM) -> RFM:
    return rows[rows.m > 0]


def regular_customers() -> RFM:
    """Customers who buy in a rhythm."""
    model = ModifiedBetaGeoCNBD(0.85, 1.45, 0.79, 2.42, k=3, unit="week")
    return model.simulate(np.full(1500, 40.0), rng=4)


# -- Models of retention ---------------------------------------------------------------------------------------------


def observed(model: Any, seed: int = 1, customers: int = 3000, *, by_period: bool = False) -> Tenures:
    """Simulated customers, seen from 6 to 24 months, every fourth from 3 months on."""
    age = 6.0 + np.arange(customers) * 7 % 19
    entry = np.where(np.arange(customers) % 4 == 0, 3.0, 0.0)
    drawn = model.simulate(age, rng=seed, entry=entry)
    if not by_period or drawn.by_period:
        return drawn
    return Tenures(np.ceil(drawn.duration), drawn.ended, entry=entry, unit="month", by_period=True)


SURVIVORS = {
    "regular": [1000, 631, 468, 382, 326, 289, 262, 241],
    "high end": [1000, 869, 743, 653, 593, 551, 517, 491],
}
"""Fader and Hardie's (2007) customers of a subscription, of each 1,000."""

RETENTION: dict[str, Callable[[], Any]] = {
    "geometric": lambda: Geometric.fit(observed(Geometric(0.15, unit="month"))),
    "sbg": lambda: ShiftedBetaGeo.fit(observed(ShiftedBetaGeo(0.668, 3.806, unit="month"))),
    "bdw": lambda: BetaDiscreteWeibull.fit(observed(BetaDiscreteWeibull(0.26, 1.72, 1.58, unit="month"))),
    "g2g": lambda: GrassiaIIGeometric.fit(observed(GrassiaIIGeometric(0.67, 3.66, unit="month"))),
    "exponential": lambda: Exponential.fit(observed(Exponential(0.1, unit="month"))),
    "exponential/by period": lambda: Exponential.fit(observed(Exponential(0.1, unit="month"), by_period=True)),
    "exponential-gamma": lambda: ExponentialGamma.fit(observed(ExponentialGamma(0.9, 8.0, unit="month"))),
    "weibull": lambda: Weibull.fit(observed(Weibull(0.05, 1.3, unit="month"))),
    "weibull/by period": lambda: Weibull.fit(observed(Weibull(0.05, 1.3, unit="month"), by_period=True)),
    "weibull-gamma": lambda: WeibullGamma.fit(observed(WeibullGamma(0.9, 12.0, 1.4, unit="month"))),
    "split-sbg": lambda: SplitPopulation.fit(
        observed(SplitPopulation(ShiftedBetaGeo(2.0, 5.0, unit="month"), 0.3)), leavers=ShiftedBetaGeo
    ),
    "split-exponential": lambda: SplitPopulation.fit(
        observed(SplitPopulation(Exponential(0.1, unit="month"), 0.4)), leavers=Exponential
    ),
    **{
        f"sbg/{name}": lambda counts=counts: ShiftedBetaGeo.fit(Tenures.from_cohorts(counts, unit="year"))
        for name, counts in SURVIVORS.items()
    },
    **{
        f"bdw/{name}": lambda counts=counts: BetaDiscreteWeibull.fit(Tenures.from_cohorts(counts, unit="year"))
        for name, counts in SURVIVORS.items()
    },
    "sbg/cohorts": lambda: ShiftedBetaGeo.fit(
        Cohorts([[10000, 8000, 6480, 5307, 4391], [10000, 8000, 6480, 5307], [10000, 8000]], unit="year").tenures()
    ),
}


# -- Fits as values --------------------------------------------------------------------------------------------------


def spread(values: list[float]) -> np.ndarray:
    """A covariance with correlations, of parameters with standard errors of a tenth and more."""
    size = len(values)
    deviations = np.array(values) * np.linspace(0.1, 0.2, size)
    return np.outer(deviations, deviations) * (0.7 * np.eye(size) + 0.3)


def made(model: Any, log_likelihood: float = -1234.5, customers: int = 100) -> Any:
    """A fit that no search has found."""
    return Fit(model, log_likelihood, spread(list(model.parameters.values())), customers, (), 7, ("careful",))


def numbers_in(value: Any) -> list[Any]:
    """Numbers of parsed JSON, at any depth."""
    if isinstance(value, dict):
        return [number for part in value.values() for number in numbers_in(part)]
    if isinstance(value, list):
        return [number for part in value for number in numbers_in(part)]
    return [] if value is None or isinstance(value, str) else [value]


MADE: dict[str, Any] = {
    "bg-nbd": BetaGeoNBD(0.243, 4.414, 0.793, 2.426, unit="week"),
    "mbg-cnbd-3": ModifiedBetaGeoCNBD(0.85, 1.45, 0.79, 2.42, k=3, unit="week"),
    "geometric": Geometric(0.15, unit="month"),
    "split-sbg": SplitPopulation(ShiftedBetaGeo(2.0, 5.0, unit="month"), 0.3),
    "gamma-gamma": GammaGamma(6.25, 3.74, 15.44),
}


def fits_as_values() -> dict[str, Any]:
    """What follows from a fit, exactly: errors, intervals, criteria, draws, JSON."""
    found: dict[str, Any] = {}
    for name, model in MADE.items():
        fit, kind = made(model), type(model)
        drawn = fit.draws(5, rng=1)
        found[name] = {
            "errors": list(fit.standard_errors.values()),
            "intervals": [list(ends) for ends in fit.confidence_intervals().values()],
            "narrow intervals": [list(ends) for ends in fit.confidence_intervals(0.5).values()],
            "aic": fit.aic,
            "bic": fit.bic,
            "draws": [values.ravel() for values in drawn.parameters.values()],
            "shape of draws": [list(np.shape(values)) for values in drawn.parameters.values()],
            "draws of a generator": [
                values.ravel() for values in fit.draws(2, rng=np.random.default_rng(3)).parameters.values()
            ],
            "json": numbers_in(json.loads(fit.to_json())),
            "there and back": Fit.from_json(fit.to_json(), kind) == fit,
            "equal": [made(model) == fit, made(model, -1.0) == fit],
            "customers": [fit.customers, fit.iterations, len(fit.warnings)],
        }
    held = PeriodicDeathOpportunity(0.516, 10.297, 0.457, 2.636, 3.0, unit="week")
    covariance = spread(list(held.parameters.values()))
    covariance[-1] = covariance[:, -1] = 0.0
    fit = Fit(held, -10.0, covariance, 0)
    drawn = fit.draws(3, rng=1)
    found["pdo"] = {
        "errors": list(fit.standard_errors.values()),
        "intervals": [list(ends) for ends in fit.confidence_intervals().values()],
        "bic": fit.bic,
        "draws": [values.ravel() for values in drawn.parameters.values()],
    }
    rows = RFM([0, 2], [0, 30.43], 38.86, unit="week")
    found["predicted from draws"] = made(MADE["bg-nbd"]).draws(4, rng=2).expected_purchases(rows, 39.0)
    found["level"] = outcome(lambda: made(MADE["bg-nbd"]).confidence_intervals(1.0))
    found["no prediction of its own"] = outcome(lambda: made(MADE["bg-nbd"]).p_alive)
    return found


def predicted() -> dict[str, Any]:
    """Predictions from a fit, and draws of it."""
    fit, rows = BetaGeoNBD.fit(calibration()), calibration()
    retained = ShiftedBetaGeo.fit(Tenures.from_cohorts(SURVIVORS["regular"], unit="year"))
    return {
        "purchases": estimated(fit.model.expected_purchases(rows, 39.0)),
        "alive": estimated(fit.model.p_alive(rows)),
        "discounted": estimated(fit.model.discounted_expected_purchases(rows, RATE)),
        "draws": estimated(fit.draws(3, rng=1).expected_purchases(rows[:5], 39.0), 1e-5),
        "survival": estimated(retained.model.survival(np.arange(13))),
        "discounted lifetime": estimated(retained.model.discounted_expected_lifetime(RATE, timing="now")),
    }


def failure(fit: Callable[[], Any]) -> list[Any]:
    """The class of the error, and whether it says where the search ended."""
    try:
        fit()
    except ConvergenceError as error:
        return ["no convergence", getattr(error, "fit", None) is not None]
    except Exception as error:  # noqa: BLE001 (its class is what is stored)
        return [f"raises {type(error).__name__}"]
    return ["fitted"]


def failures() -> dict[str, Any]:
    """Fits that are refused, or have no maximum."""
    rng = np.random.default_rng(5)
    x = rng.poisson(rng.gamma(2.0, 0.1, 3000) * 52)
    stays = RFM(x, np.where(x > 0, 52 * rng.beta(np.maximum(x, 1), 1), 0), 52.0, unit="week")
    once = RFM([0, 0, 0], 0.0, [1.0, 2.0, 3.0], unit="week")
    same = Tenures([3.0] * 20, [1] * 20, unit="month")
    calls: dict[str, Callable[[], Any]] = {
        "nobody leaves/bg-nbd": lambda: BetaGeoNBD.fit(stays),
        "nobody leaves/pareto-nbd": lambda: ParetoNBD.fit(stays),
        "nobody leaves/nbd": lambda: NBD.fit(stays),
        "leaving does not speed up": lambda: GammaGompertzNBD.fit(calibration()),
        "nobody buys again": lambda: BetaGeoNBD.fit(once),
        "nobody": lambda: BetaGeoNBD.fit(once[:0]),
        "other evidence": lambda: BetaGeoNBD.fit(donors()),
        "other evidence bg-bb": lambda: BetaGeoBetaBinom.fit(calibration()),
        "no spacing": lambda: BetaGeoCNBD.fit(evolve(calibration(), log_interpurchase=None)),
        "tau too long": lambda: PeriodicDeathOpportunity.fit(calibration(), tau=1e4),
        "tau too short": lambda: PeriodicDeathOpportunity.fit(calibration(), tau=1e-4),
        "tau negative": lambda: PeriodicDeathOpportunity.fit(calibration(), tau=-1.0),
        "all alike": lambda: ShiftedBetaGeo.fit(same),
        "all run": lambda: Exponential.fit(Tenures([3.0, 4.0], [0, 0], unit="month")),
        "no tenures": lambda: Exponential.fit(same[:0]),
        "tenures of buying": lambda: Exponential.fit(calibration()),
        "not whole": lambda: Geometric.fit(Tenures([1.5], [1], unit="month")),
        "no leavers": lambda: SplitPopulation.fit(same, leavers=BetaGeoNBD),
        "few": lambda: GammaGamma.fit(RFM([1, 2], [1.0, 2.0], 3.0, m=[5.0, 5.0], unit="week")),
    }
    return {name: failure(call) for name, call in calls.items()}


# -- Comparisons and holdouts ----------------------------------------------------------------------------------------


def error_columns(found: Any) -> dict[str, Any]:
    return {
        "predicted": found.predicted,
        "actual": found.actual,
        "absolute": found.mean_absolute,
        "squared": found.root_mean_squared,
        "total": found.total_error,
    }


def holdout_columns(found: Any) -> dict[str, Any]:
    return {
        "customers": found.customers,
        "duration": found.duration,
        "unit": found.unit,
        "model": error_columns(found.model),
        "naive": {name: error_columns(one) for name, one in found.naive.items()},
        "beaten by": found.beaten_by,
    }


def holdouts() -> dict[str, Any]:
    """Errors of forecasts, from parameters that are fixed."""
    parts = holdout_split(datasets.cdnow(), at="1997-09-30", unit="week")
    rows = parts.calibration
    small = RFM([2, 0, 0], [5.0, 0, 0], [10.0, 5.0, 0.0], unit="week")
    none = RFM([0, 0], 0.0, 0.0, unit="week")
    predicted = MADE["bg-nbd"].expected_purchases(rows, parts.duration)
    return {
        "cdnow": holdout_columns(evaluate(predicted, parts.purchases, rows, parts.duration)),
        "by hand": holdout_columns(evaluate([1.0, 0.5, 0.5], [2, 0, 0], small, 5.0)),
        "beaten": holdout_columns(evaluate([9.0, 9.0, 9.0], [2, 0, 0], small, 5.0)),
        "nothing": holdout_columns(evaluate([0.0, 0.0], [0, 0], none, 5.0)),
        "errors": error_columns(errors([1.0, 2.0, 0.0], [1, 4, 1])),
        "nothing happened": error_columns(errors([1.0], [0.0])),
        "shapes": outcome(lambda: errors([1.0], [1, 2])),
        "empty": outcome(lambda: errors([], [])),
    }


def choice_columns(found: Any) -> dict[str, Any]:
    """The fits from the best on, by their criteria."""
    fits = list(found.fits.values())
    squared = [found.holdouts[name].model.root_mean_squared for name in found.fits if name in found.holdouts]
    return {
        "aic": at_maximum([fit.aic for fit in fits]),
        "number of parameters": [len(fit.covariance) for fit in fits],
        "best": estimated(list(found.best.model.parameters.values())),
        "failures": len(found.failures),
        "squared": estimated(squared),
        "said": len(found.reason) > 0,
    }


def ratio_columns(found: Any) -> dict[str, Any]:
    return {
        "statistic": estimated(found.statistic, 1e-7),
        "degrees": found.degrees_of_freedom,
        "p": estimated(found.p_value),
        "said": len(found.note) > 0,
    }


def comparisons() -> dict[str, Any]:
    """The best of several models, and tests of nested ones."""
    rows = all_weeks()
    nbd, pareto = NBD.fit(rows), ParetoNBD.fit(rows)
    exact = Fit(nbd.model, -100.0, np.eye(2), 10), Fit(pareto.model, -90.0, np.eye(4), 10)
    larger = Fit(WeibullGammaNBD(0.8, 6.0, 1.2, 30.0, 2.0, unit="week"), -88.0, np.eye(5), 10)
    return {
        "by aic": choice_columns(choose(rows)),
        "by holdout": choice_columns(
            choose(rows, holdout=holdout_split(datasets.cdnow(), at="1997-09-30", unit="week"))
        ),
        "of two": choice_columns(choose(rows, [NBD, BetaGeoNBD])),
        "on the boundary": ratio_columns(likelihood_ratio(nbd, pareto)),
        "by hand": ratio_columns(likelihood_ratio(*exact)),
        "inside": ratio_columns(likelihood_ratio(exact[1], larger)),
        "unrelated": outcome(lambda: likelihood_ratio(BetaGeoNBD.fit(rows), pareto)),
        "lower": outcome(lambda: likelihood_ratio(Fit(nbd.model, -80.0, np.eye(2), 10), exact[1])),
        "other customers": outcome(lambda: likelihood_ratio(Fit(nbd.model, -180.0, np.eye(2), 7), exact[1])),
    }


# -- Values ----------------------------------------------------------------------------------------------------------

SPEND = MADE["gamma-gamma"]
FEW = RFM([2, 0, 30, 1], [30.43, 0, 38, 38.86], 38.86, m=[22.35, 0, 50.0, 1e3], unit="week")


def values() -> dict[str, Any]:
    """Lifetime values from parameters that are fixed: of customers, and of one about to be won."""
    buying, rows = MADE["bg-nbd"], all_weeks()
    models = {
        "bg-nbd": buying,
        "mbg-cnbd-3": MADE["mbg-cnbd-3"],
        "pareto-nbd": ParetoNBD(0.553, 10.578, 0.606, 11.669, unit="week"),
        "nbd": NBD(0.385, 12.072, unit="week"),
    }
    found: dict[str, Any] = {}
    for name, model in models.items():
        found[name] = {
            "3 years": clv(model, SPEND, FEW, rate=RATE, years=3, margin=0.3),
            "forever": clv(model, SPEND, FEW, rate=RATE),
            "undiscounted forever": clv(model, SPEND, FEW, rate=NO_RATE, margin=0.3),
            "new": clv_new(model, SPEND, rate=RATE, years=3, margin=0.3),
            "new forever": clv_new(model, SPEND, rate=RATE),
            "new undiscounted forever": clv_new(model, SPEND, rate=NO_RATE),
        }
    nameless, endless = BetaGeoNBD(0.243, 4.414, 0.793, 2.426), GammaGamma(6.25, 0.5, 15.44)
    found |= {
        "cdnow": clv(buying, SPEND, rows, rate=RATE, years=3, margin=0.3),
        "margins": clv(buying, SPEND, FEW, rate=RATE, years=3, margin=[0.1, 0.2, 0.3, 0.0]),
        "rates": clv(buying, SPEND, FEW, rate=Rate.annual([0.05, 0.1, 0.15, 0.2]), years=3),
        "horizons": clv(buying, SPEND, FEW, rate=RATE, years=[[0.0], [1.0], [50.0]]),
        "loss": clv(buying, SPEND, FEW, rate=RATE, years=3, margin=-0.1),
        "draws": clv(made(buying).draws(3, rng=1), made(SPEND).draws(3, rng=2), FEW, rate=RATE, years=3),
        "draws new": clv_new(made(buying).draws(3, rng=1), made(SPEND).draws(3, rng=2), rate=RATE, years=3),
        "endless spend": clv(buying, endless, FEW, rate=RATE, years=3),
        "endless spend, none bought": clv(buying, endless, FEW, rate=RATE, years=0),
        "new horizons": clv_new(buying, SPEND, rate=RATE, years=[0.0, 1.0, 50.0]),
        "new margins": clv_new(buying, SPEND, rate=RATE, years=3, margin=[0.1, 0.3]),
        "new period": clv_new(nameless, SPEND, rate=RATE, years=3, unit="week"),
        "in months": clv(
            BetaGeoNBD(0.243, 1.0, 0.793, 2.426, unit="month"), SPEND, in_months(), rate=RATE, years=3, margin=0.3
        ),
    }
    refused: dict[str, Callable[[], Any]] = {
        "bare rate": lambda: clv(buying, SPEND, FEW, rate=0.1),
        "negative years": lambda: clv(buying, SPEND, FEW, rate=RATE, years=-1),
        "margin": lambda: clv(buying, SPEND, FEW, rate=RATE, margin=np.inf),
        "a fit": lambda: clv(made(buying), SPEND, FEW, rate=RATE),
        "a fit of spend": lambda: clv(buying, made(SPEND), FEW, rate=RATE),
        "swapped": lambda: clv(SPEND, buying, FEW, rate=RATE),
        "no period": lambda: clv_new(nameless, SPEND, rate=RATE),
        "no spend": lambda: clv(buying, SPEND, RFM(1, 1.0, 2.0, unit="week"), rate=RATE),
        "unit": lambda: clv(buying, SPEND, in_months(), rate=RATE),
    }
    return found | {name: outcome(call) for name, call in refused.items()}


def in_months() -> RFM:
    return RFM([2, 0], [7.0, 0], 9.0, m=[22.35, 0], unit="month")


def check_columns(found: Any) -> dict[str, Any]:
    return {
        "correlation": found.spend_frequency_correlation,
        "effect": estimated(found.spend_frequency_effect, 1e-6, 1e-9),
        "by assumption": found.alive_by_assumption,
        "without spend": found.without_spend,
        "holdout": None if found.holdout is None else estimated(holdout_columns(found.holdout)),
        "untested": found.untested != "",
        "left out": found.left_out,
        "nobody leaves": found.nobody_leaves,
        "notes": len(found.notes),
    }


def valuation_columns(found: Any) -> dict[str, Any]:
    """Everything of a valuation."""
    return {
        "histories": [float(found.rfm.x.sum()), float(found.rfm.T.sum()), len(found.rfm), len(found.rows)],
        "rows": [*(getattr(found.summary.facts, name) for name in ("rows", "left_out", "nonpositive", "total_spend"))],
        "until": str(found.summary.facts.observed_until),
        "buying": estimated(list(found.buying.model.parameters.values())),
        "spend": estimated(list(found.spend.model.parameters.values())),
        "years": found.years,
        "margin": found.margin,
        "alive": estimated(found.p_alive),
        "purchases": estimated(found.expected_purchases),
        "expected spend": estimated(found.expected_spend),
        "values": estimated(found.clv),
        "total": estimated(found.total),
        "new customer": estimated(found.new_customer),
        "top tenth": estimated(found.top_share(whole=True)),
        "checks": check_columns(found.checks),
        "chosen": found.choice is not None,
        "notes": len(found.notes),
    }


def changed_log() -> dict[str, np.ndarray]:
    """CDNOW with a customer of refunds and free goods."""
    log = {name: np.array(column) for name, column in datasets.cdnow().items()}
    log["amount"][log["customer_id"] == 1] = [10.0, -5.0, 0.0, -40.0]
    return log


VALUATIONS: dict[str, Callable[[], Any]] = {
    "bg-nbd": lambda: value_customers(datasets.cdnow(), rate=RATE, years=3, margin=0.3, holdout="1997-09-30"),
    "forever": lambda: value_customers(datasets.cdnow(), rate=RATE, years=None, observed_until=UNTIL),
    "undiscounted forever": lambda: value_customers(datasets.cdnow(), rate=NO_RATE, years=None),
    "pareto-nbd": lambda: value_customers(datasets.cdnow(), rate=RATE, years=3, model=ParetoNBD, holdout="1997-09-30"),
    "nbd": lambda: value_customers(datasets.cdnow(), rate=RATE, years=3, model=NBD),
    "bg-cnbd": lambda: value_customers(datasets.cdnow(), rate=RATE, years=3, model=BetaGeoCNBD),
    "bg-bb": lambda: value_customers(
        datasets.cdnow(), rate=RATE, years=3, model=BetaGeoBetaBinom, observed_until=UNTIL, holdout="1997-09-30"
    ),
    "auto": lambda: value_customers(datasets.cdnow(), rate=RATE, years=3, model="auto"),
    "months": lambda: value_customers(datasets.cdnow(), rate=RATE, years=1, unit="month", collapse="week"),
    "first in spend": lambda: value_customers(datasets.cdnow(), rate=RATE, years=1, first_purchase_in_spend=True),
    "newcomers": lambda: value_customers(datasets.cdnow(), rate=RATE, years=1, first_purchase_from="1997-02-01"),
    "refunds": lambda: value_customers(changed_log(), rate=RATE, years=1),
    "refunds dropped": lambda: value_customers(changed_log(), rate=RATE, years=1, refunds="drop"),
    "nothing": lambda: value_customers(datasets.cdnow(), rate=RATE, years=3, margin=0.0),
    "margins": lambda: value_customers(datasets.cdnow(), rate=RATE, years=3, margin=np.linspace(0.1, 0.5, 2357)),
}


def valued(name: str) -> Callable[[], Any]:
    return lambda: valuation_columns(VALUATIONS[name]())


def valuations() -> dict[str, Any]:
    """A valuation from parameters that are fixed; tables; margins by id; what is refused."""
    log = datasets.cdnow()
    found = value_customers(log, rate=RATE, years=3, margin=0.3)
    worth = clv(MADE["bg-nbd"], SPEND, found.rfm, rate=RATE, years=3, margin=0.3)
    fixed = evolve(found, buying=made(MADE["bg-nbd"]), spend=made(SPEND), clv=worth)
    some = {name: column[:600] for name, column in log.items()}
    names = {"customer_id": "who", "date": "when", "amount": "paid"}
    renamed = {names[name]: some[name] for name in names}
    reference = value_customers(some, rate=RATE, years=1)
    by_id = {one: 0.1 + one / 1e4 for one in reference.rfm.ids.tolist()}
    shares = np.array(list(by_id.values()))
    tables: dict[str, Any] = {}
    for name, build in {"mapping": dict, "pandas": pd.DataFrame, "polars": pl.DataFrame}.items():
        table = value_customers(build(some), rate=RATE, years=1).table()
        own = {column: np.asarray(table[column], dtype=float) for column in getattr(table, "columns", table)}
        tables[name] = [
            type(table).__name__,
            list(own),
            all(np.array_equal(values, reference.table()[column]) for column, values in own.items()),
        ]
    once = {"customer_id": [1, 2, 3], "date": ["2024-01-01", "2024-01-02", "2024-02-03"], "amount": [1.0, 2.0, 3.0]}
    refused: dict[str, Callable[[], Any]] = {
        "bare rate": lambda: value_customers(log, rate=0.1, years=3),
        "negative years": lambda: value_customers(log, rate=RATE, years=-1),
        "option": lambda: value_customers(log, rate=RATE, years=1, colour="red"),
        "holdout": lambda: value_customers(log, rate=RATE, years=1, holdout="soon"),
        "model": lambda: value_customers(log, rate=RATE, years=1, model=GammaGamma),
        "model name": lambda: value_customers(log, rate=RATE, years=1, model="best"),
        "missing margins": lambda: value_customers(log, rate=RATE, years=1, margin={1: 0.3}),
        "few margins": lambda: value_customers(log, rate=RATE, years=1, margin=[0.1, 0.2]),
        "nobody again": lambda: value_customers(once, rate=RATE, years=1, first_purchase_in_spend=True),
        "no spend": lambda: value_customers({**log, "amount": -log["amount"]}, rate=RATE, years=1),
        "no amounts": lambda: value_customers(
            {name: log[name] for name in ("customer_id", "date")}, rate=RATE, years=1
        ),
        "opportunities": lambda: value_customers(
            log, rate=RATE, years=1, model=BetaGeoBetaBinom, unit="month", observed_until="1998-06-15"
        ),
        "collapse": lambda: value_customers(log, rate=RATE, years=1, model=BetaGeoBetaBinom, collapse="month"),
        "share": lambda: fixed.top_share(10),
    }
    return {
        "total": fixed.total,
        "new customer": fixed.new_customer,
        "shares": [fixed.top_share(share, whole=True) for share in (0.0, 0.01, 0.1, 0.2, 0.5, 1.0)],
        "tables": tables,
        "other names": np.array_equal(
            value_customers(renamed, rate=RATE, years=1, customer="who", date="when", amount="paid").clv, reference.clv
        ),
        "margins by id": np.array_equal(
            value_customers(some, rate=RATE, years=1, margin=by_id).clv,
            value_customers(some, rate=RATE, years=1, margin=shares).clv,
        ),
        **{f"refused {name}": outcome(call) for name, call in refused.items()},
    }


def checks() -> dict[str, Any]:
    """What calls for attention, and the measures of it."""
    rows = all_weeks()
    good = {"spend_frequency_correlation": 0.1, "spend_frequency_effect": 0.01, "alive_by_assumption": 0.0}
    beaten = evaluate([9.0, 9.0, 9.0], [2, 0, 0], RFM([2, 0, 0], [5.0, 0, 0], [10.0, 5.0, 0.0], unit="week"), 5.0)
    wanted: dict[str, dict[str, Any]] = {
        "none": {},
        "effect": {"spend_frequency_effect": -0.2},
        "assumption": {"alive_by_assumption": 0.5},
        "assumption of nobody": {"alive_by_assumption": 0.5, "nobody_leaves": True},
        "spend": {"without_spend": 3},
        "left out": {"left_out": 2},
        "beaten": {"holdout": beaten},
        "untested": {"untested": "why"},
        "missing": {"spend_frequency_effect": np.nan},
    }
    again = rows.x > 0
    return {
        "notes": {name: len(Checks(**{"without_spend": 0, **good, **more}).notes) for name, more in wanted.items()},
        "correlation": correlation(rows.x[again], rows.m[again]),
        "correlation of few": correlation(np.array([1.0, 2.0]), np.array([1.0, 2.0])),
        "correlation of equals": correlation(np.ones(5), np.arange(5.0)),
        "class spend": class_spend(rows, rows.m),
        "class spend of few": class_spend(FEW, FEW.m),
    }


def fit_of(fits: dict[str, Callable[[], Any]], name: str, rtol: float = 1e-6) -> Callable[[], Any]:
    return lambda: fitted(fits[name](), rtol)


CASES: dict[str, Callable[[], Any]] = {
    **{f"fit/{name}": fit_of(BUYING, name) for name in BUYING},
    **{f"fit/{name}": fit_of(LOOSE, name, 1e-5) for name in LOOSE},
    **{f"fit/retention/{name}": fit_of(RETENTION, name) for name in RETENTION},
    "fits as values": fits_as_values,
    "predicted from fits": predicted,
    "failures": failures,
    "holdouts": holdouts,
    "comparisons": comparisons,
    "values": values,
    **{f"valuation/{name}": valued(name) for name in VALUATIONS},
    "valuations": valuations,
    "checks": checks,
}
