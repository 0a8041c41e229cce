"""Figures of survival without a model, of hazards by period, and of regressions on covariates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from golden import at_maximum, estimated, outcome

from custvalue.evidence.tenures import Tenures as Stays
from custvalue.survival.concordance import concordance
from custvalue.survival.cox import Cox, cox
from custvalue.survival.discrete_hazard import DiscreteHazard, discrete_hazard
from custvalue.survival.kaplan_meier import kaplan_meier
from custvalue.survival.life_table import life_table
from custvalue.survival.log_rank import log_rank
from custvalue.survival.nelson_aalen import nelson_aalen


def Tenures(*given: Any, **options: Any) -> Stays:
    return Stays(*given, **{"unit": "year"} | options)


CASES: dict[str, Callable[[], Any]] = {}

N = 180
I = np.arange(N)
LONG = 0.25 * (1 + I * 47 % 83 + 20 * (I % 3))
"""Durations with ties."""
ENDED = (I * 31 % 10) < 7
ENTRY = np.where(I % 5 == 0, np.floor(LONG / 3), 0.0)
WEIGHT = 1.0 + (I % 4)
PARTS = 0.4 + (I % 3) * 0.7
GROUP = np.array(["basic", "plus", "pro"])[(I * 7 + I // 5) % 3]
STRATUM = I % 2
WHOLE = 1.0 + np.floor(I * np.sqrt(2) % 1 * 12)
RENEWED = (WHOLE == 12) & (I % 4 > 0)
COVARIATES = {"price": 10 + (I * 17 % 40) / 4 - LONG / 8, "plus": ((I * 13 + I // 4) % 2).astype(float)}
ROWS = {"price": [8.0, 12.5, 20.0], "plus": [0, 1, 1]}


def case(run: Callable[[], Any]) -> Callable[[], Any]:
    CASES[f"survival: {run.__name__.replace('_', ' ')}"] = run
    return run


def samples() -> dict[str, Stays]:
    remission = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    return {
        "plain": Tenures(LONG, ENDED, unit="month"),
        "late entry": Tenures(LONG, ENDED, entry=ENTRY, unit="month"),
        "weights": Tenures(LONG, ENDED, weights=WEIGHT, unit="month"),
        "parts": Tenures(LONG, ENDED, entry=ENTRY, weights=PARTS, unit="month"),
        "whole periods": Tenures(WHOLE, ENDED & ~RENEWED, unit="month", by_period=True),
        "whole and late": Tenures(
            WHOLE + 2, ENDED, entry=np.where(I % 4 == 1, np.floor(WHOLE / 2), 0), weights=WEIGHT, by_period=True
        ),
        "ties": Tenures([1, 2, 2, 3, 4], [1, 1, 0, 1, 0], unit="month"),
        "all left": Tenures([1, 1, 2, 5], 1),
        "nobody left": Tenures([1.5, 2.5], 0),
        "one left": Tenures([3.0], 1),
        "some at once": Tenures([0.0, 1.0, 2.0], [0, 1, 0]),
        "weight 0": Tenures([1, 2, 3], [1, 1, 1], weights=[1, 0, 2]),
        "remission": Tenures(remission, [1] * 9 + [0] * 12, unit="week"),
    }


def _estimate(found: Any) -> dict[str, Any]:
    return {
        "value": found.value,
        "lower": found.lower,
        "upper": found.upper,
        "standard error": found.standard_error,
        "level": found.level,
    }


@case
def kaplan_meier_curves() -> Any:
    found = {}
    for name, rows in samples().items():
        curve = kaplan_meier(rows)
        asked = np.linspace(0, float(rows.duration.max()), 7)
        found[name] = {
            "time": curve.time,
            "at risk": curve.at_risk,
            "ended": curve.ended,
            "survival": curve.survival,
            "standard error": curve.standard_error,
            "lower": curve.lower,
            "upper": curve.upper,
            "until": curve.observed_until,
            "customers": curve.customers,
            "unit": curve.unit,
            "steps": len(curve),
            "at": curve.at(asked),
            "interval at": curve.interval_at(asked),
            "churn": outcome(lambda curve=curve, asked=asked: curve.churn_probability(asked[:3], asked[1:4])),
            "median": _estimate(curve.median()),
            "quantiles": _estimate(curve.quantile([0.05, 0.25, 0.5, 0.9])),
            "mean": outcome(lambda curve=curve, asked=asked: _estimate(curve.restricted_mean(asked[-2]))),
        }
    return found


@case
def kaplan_meier_intervals() -> Any:
    found: dict[str, Any] = {}
    for name in ("plain", "late entry", "weights", "ties", "all left"):
        for interval, level in (("log-log", 0.5), ("logit", 0.95), ("logit", 0.5), ("greenwood", 0.99)):
            curve = kaplan_meier(samples()[name], level=level, interval=interval)
            limits = {"lower": curve.lower, "upper": curve.upper, "median": _estimate(curve.median())}
            found[f"{name}, {interval}, {level}"] = limits
    return found


@case
def kaplan_meier_predictions() -> Any:
    curve = kaplan_meier(samples()["plain"])
    ended = kaplan_meier(samples()["all left"])
    return {
        "churn table": curve.churn_probability(np.array([[0.0], [5.0], [12.0]]), [[1, 3, 6]]),
        "one": curve.churn_probability(2.0, 4.0),
        "at one": curve.at(7.0),
        "means": [_estimate(curve.restricted_mean(h)) for h in (1, 10, 24.5)],
        "after everybody left": ended.at([5, 7, 1000]),
        "mean of all": _estimate(ended.restricted_mean(100)),
        "median number": float(curve.median()),
        "beyond": outcome(lambda: curve.at(1e6)),
        "before": outcome(lambda: curve.at(-1)),
        "nobody stays": outcome(lambda: ended.churn_probability(5, 1)),
        "mean beyond": outcome(lambda: curve.restricted_mean(1e6)),
        "quantile of 0": outcome(lambda: curve.quantile(0.0)),
        "no customer": outcome(lambda: kaplan_meier(Tenures([], []))),
        "unknown interval": outcome(lambda: kaplan_meier(samples()["ties"], interval="plain")),
        "level of 1": outcome(lambda: kaplan_meier(samples()["ties"], level=1)),
        "entry at the end": outcome(lambda: kaplan_meier(Tenures([2, 3], 1, entry=[2, 0]))),
    }


@case
def nelson_aalen_curves() -> Any:
    found: dict[str, Any] = {}
    for name, rows in samples().items():
        found[f"{name}, 60 %"] = {"upper": nelson_aalen(rows, level=0.6).upper[:5]}
        hazard = nelson_aalen(rows)
        found[name] = {
            "lower": hazard.lower,
            "upper": hazard.upper,
            "time": hazard.time,
            "at risk": hazard.at_risk,
            "ended": hazard.ended,
            "cumulative hazard": hazard.cumulative_hazard,
            "standard error": hazard.standard_error,
            "survival": hazard.survival,
            "until": hazard.observed_until,
            "unit": hazard.unit,
            "steps": len(hazard),
            "at": hazard.at(np.linspace(0, float(rows.duration.max()), 6)),
        }
    return found | {"beyond": outcome(lambda: nelson_aalen(samples()["ties"]).at(5))}


@case
def hazards_by_period() -> Any:
    found: dict[str, Any] = {}
    runs = {name: (rows, {}) for name, rows in samples().items() if name not in ("nobody left", "one left")}
    runs["quarters"] = (samples()["plain"], {"length": 3.0})
    runs["halves"] = (samples()["late entry"], {"length": 0.5, "level": 0.8})
    runs["whole quarters"] = (samples()["whole periods"], {"length": 3.0, "level": 0.99})
    for name, (rows, options) in runs.items():
        hazard = life_table(rows, **options)
        found[name] = {
            "period": hazard.period,
            "at risk": hazard.at_risk,
            "ended": hazard.ended,
            "hazard": hazard.hazard,
            "retention": hazard.retention,
            "survival": hazard.survival,
            "standard error": hazard.standard_error,
            "lower": hazard.lower,
            "upper": hazard.upper,
            "length": hazard.length,
            "periods": len(hazard),
        }
    return found | {
        "nobody left": outcome(lambda: life_table(Tenures([1.5, 2.5], 0)).hazard),
        "one left": outcome(lambda: life_table(Tenures([3.0], 1)).hazard),
        "no length": outcome(lambda: life_table(samples()["plain"], length=0)),
        "half a whole period": outcome(lambda: life_table(samples()["whole periods"], length=1.5).hazard),
    }


@case
def tests_of_equal_rates() -> Any:
    tests: dict[str, dict[str, Any]] = {
        name: {"weighting": name} for name in ("log-rank", "gehan", "tarone-ware", "peto", "fleming-harrington")
    }
    tests["early"] = {"weighting": "fleming-harrington", "p": 1.0}
    tests["late"] = {"weighting": "fleming-harrington", "p": 0.5, "q": 2.0}
    tests["strata"] = {"strata": STRATUM}
    tests["strata, peto"] = {"strata": np.where(STRATUM, "x", "y"), "weighting": "peto"}
    found: dict[str, Any] = {}
    for sample in ("plain", "late entry", "weights", "parts", "whole periods"):
        for name, options in tests.items():
            for groups, labels in (("three", GROUP), ("two", GROUP == "pro")):
                test = log_rank(samples()[sample], labels, **options)
                found[f"{sample}, {name}, {groups}"] = [test.statistic, test.degrees_of_freedom, test.p_value]
            sums = {"observed": test.observed, "expected": test.expected, "covariance": test.covariance}
            found[f"{sample}, {name}"] = sums
    early_late = Tenures([1, 2, 3, 4, 11, 12, 13, 14], 1, entry=[0, 0, 0, 0, 10, 10, 10, 10])
    apart = log_rank(early_late, ["a", "b", "a", "b", "c", "d", "d", "c"])
    return found | {
        "labels": [str(label) for label in log_rank(samples()["plain"], GROUP).groups],
        "kind": log_rank(samples()["plain"], GROUP, weighting="gehan").weighting,
        "never at risk together": [apart.statistic, apart.degrees_of_freedom, apart.p_value],
        "never at risk": outcome(lambda: log_rank(Tenures([1, 2, 11], 1, entry=[0, 0, 10]), [1, 1, 2])),
        "one group": outcome(lambda: log_rank(samples()["ties"], [1] * 5)),
        "nobody left": outcome(lambda: log_rank(samples()["nobody left"], [1, 2])),
        "power without its test": outcome(lambda: log_rank(samples()["ties"], [1, 2, 1, 2, 1], p=1.0)),
        "too few labels": outcome(lambda: log_rank(samples()["ties"], [1, 2])),
        "unknown": outcome(lambda: log_rank(samples()["ties"], [1, 2, 1, 2, 1], weighting="cox")),
    }


@case
def concordances() -> Any:
    risk = np.round(COVARIATES["price"])
    return {
        name: {"fine": concordance(samples()[name], COVARIATES["price"]), "tied": concordance(samples()[name], risk)}
        for name in ("plain", "late entry", "weights", "parts", "whole periods", "whole and late")
    } | {
        "four": concordance(Tenures([2, 4, 5, 7], [1, 1, 0, 1]), [0.9, 0.3, 0.5, 0.2]),
        "perfect": concordance(Tenures([1, 2, 3], 1), [3, 2, 1]),
        "equal risks": concordance(Tenures([1, 2, 3], 1), [1, 1, 1]),
        "no pair": outcome(lambda: concordance(Tenures([1, 1], 1), [1, 2])),
        "too few risks": outcome(lambda: concordance(samples()["ties"], [1, 2])),
    }


# --- regressions ---


def _regression(fit: Cox | DiscreteHazard) -> dict[str, Any]:
    return {
        "names": list(fit.names),
        "estimates": estimated(fit.estimates),
        "covariance": estimated(fit.covariance, atol=1e-12),
        "standard errors": estimated(list(fit.standard_errors.values())),
        "p": estimated(list(fit.p_values.values()), atol=1e-12),
        "intervals": estimated(np.array(list(fit.confidence_intervals().values()))),
        "log-likelihood": at_maximum(fit.log_likelihood),
        "customers": fit.customers,
        "unit": fit.unit,
    }


def _cox(rows: Stays, covariates: Any = COVARIATES) -> dict[str, Any]:
    fit = cox(rows, covariates)
    named = isinstance(covariates, dict)
    new = ROWS if named else np.array([[8.0, 0], [12.5, 1], [20.0, 1]])
    until = float(np.floor(fit.observed_until))
    tests = {"ratio": fit.likelihood_ratio_test, "wald": fit.wald_test, "score": fit.score_test}
    return _regression(fit) | {
        "hazard ratios": estimated(fit.hazard_ratios),
        "null log-likelihood": fit.null_log_likelihood,
        "tests": estimated({n: [t.statistic, t.degrees_of_freedom, t.p_value] for n, t in tests.items()}, atol=1e-12),
        "time": fit.time,
        "cumulative hazard": estimated(fit.cumulative_hazard),
        "means": fit.means,
        "until": fit.observed_until,
        "ended": fit.ended,
        "log risk": estimated(fit.log_risk(new), atol=1e-9),
        "survival": estimated(np.stack([fit.survival(new, t) for t in (0.0, until / 3, until)])),
        "churn": estimated(fit.churn_probability(new, 1.0, [1.0, 2.0, until - 1])),
        "concordance": fit.concordance(rows, covariates),
    }


@case
def proportional_hazards() -> Any:
    names = ("plain", "late entry", "weights", "parts", "whole periods")
    arm, weeks = [0] * 21 + [1] * 21, [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    treated = samples()["remission"]
    both = Tenures(np.append(treated.duration, weeks), np.append(treated.ended, [True] * 21), unit="week")
    trial = cox(both, {"placebo": arm})
    return {name: _cox(samples()[name]) for name in names} | {
        "array": _cox(samples()["plain"], np.array(list(COVARIATES.values())).T),
        "trial": _regression(trial) | {"survival": estimated(trial.survival({"placebo": [0, 1]}, 10))},
    }


@case
def proportional_hazards_at_the_edges() -> Any:
    rows = samples()["plain"]
    fit = cox(rows, COVARIATES)
    single = {"price": 10.0, "plus": 1}
    book = Tenures([2.0, 4.0, 6.0], 0, unit="month")
    return {
        "single numbers": estimated(fit.survival(single, [1.0, 5.0])),
        "a book's tenures": estimated(fit.churn_probability(ROWS, book, 3.0)),
        "book in another unit": outcome(lambda: fit.churn_probability(ROWS, Tenures([1.0] * 3, 0, unit="week"), 1)),
        "beyond": outcome(lambda: fit.survival(ROWS, 1e6)),
        "negative": outcome(lambda: fit.churn_probability(ROWS, 1.0, -1.0)),
        "constant": outcome(lambda: cox(rows, {"one": np.ones(N)})),
        "dependent": outcome(lambda: cox(rows, {"a": COVARIATES["price"], "b": 2 * COVARIATES["price"]})),
        "none": outcome(lambda: cox(rows, {})),
        "missing": outcome(lambda: cox(rows, {"a": np.where(I == 3, np.nan, I)})),
        "without error": outcome(lambda: cox(Tenures([1, 2, 3, 4], 1), {"a": [4, 3, 2, 1]})),
        "covariate missing": outcome(lambda: fit.log_risk({"price": [1.0]})),
        "nobody left": outcome(lambda: cox(samples()["nobody left"], {"a": [1, 2]})),
    }


def _discrete(rows: Stays, covariates: Any, **options: Any) -> dict[str, Any]:
    fit = discrete_hazard(rows, covariates, **options)
    new = None if covariates is None else ROWS
    last = int(rows.duration.max())
    periods = np.arange(1, last + 1)[:, None] if covariates is not None else np.arange(1, last + 1)
    return _regression(fit) | {
        "covariates": list(fit.covariates),
        "link": fit.link,
        "person periods": fit.person_periods,
        "aic": at_maximum(fit.aic),
        "hazard": estimated(fit.hazard(new, periods)),
        "survival": estimated(fit.survival(new, periods)),
        "churn": estimated(fit.churn_probability(new, 1, 3)),
    }


@case
def hazards_of_renewals() -> Any:
    baselines: dict[str, Any] = {"period": "period", "log": "log", "0": 0, "1": 1, "2": 2, "steps": [1, 2, 3, 6, 12]}
    found: dict[str, Any] = {}
    for link in ("logit", "cloglog"):
        for name, baseline in baselines.items():
            rows = samples()["whole periods"]
            found[f"{name}, {link}"] = _discrete(rows, COVARIATES, baseline=baseline, link=link)
            found[f"{name}, {link}, alone"] = _discrete(rows, None, baseline=baseline, link=link)
        found[f"whole and late, {link}"] = _discrete(samples()["whole and late"], COVARIATES, baseline=1, link=link)
    return found


@case
def hazards_of_renewals_at_the_edges() -> Any:
    rows = Tenures([1, 1, 2, 2, 3, 3, 3], [1, 0, 1, 1, 1, 0, 0], unit="month", by_period=True)
    discount = {"discount": [0, 1, 0, 1, 1, 0, 1]}
    fit = discrete_hazard(rows, discount, baseline=0)
    steps = discrete_hazard(samples()["whole periods"], COVARIATES, baseline=[2, 4])
    by_period = discrete_hazard(samples()["whole periods"], COVARIATES)
    book = Tenures([1, 2], 0, unit="month", by_period=True)
    return {
        "seven": _regression(fit),
        "by name": estimated([fit.coefficients, fit.standard_errors, fit.p_values, fit.confidence_intervals(0.99)]),
        "far ahead": estimated(steps.survival(ROWS, 40)),
        "single number": estimated(fit.hazard({"discount": 1}, [1, 2, 9])),
        "a book's tenures": estimated(fit.churn_probability({"discount": [0, 1]}, book, 2)),
        "after 0": estimated(fit.survival(discount, 0)),
        "beyond the periods": outcome(lambda: by_period.survival(ROWS, 40)),
        "half a period": outcome(lambda: fit.hazard(discount, 1.5)),
        "not whole": outcome(lambda: discrete_hazard(samples()["plain"])),
        "a period in which all left": outcome(lambda: discrete_hazard(Tenures([1, 2, 2], 1, by_period=True))),
        "separated": outcome(lambda: discrete_hazard(rows, {"a": rows.ended * 1.0}, baseline=0)),
        "unknown baseline": outcome(lambda: discrete_hazard(rows, baseline="linear")),
        "unknown link": outcome(lambda: discrete_hazard(rows, link="probit")),
    }
