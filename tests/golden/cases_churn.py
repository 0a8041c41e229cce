"""Figures of churn without a model of tenure: rates, scores, and whom to contact."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from golden import outcome

from custvalue.churn.maximum_profit import empc, mpc
from custvalue.churn.rates import churn_rate, convert_churn, lifetime_from_churn
from custvalue.churn.scores import calibration, gains, lift, top_decile_lift
from custvalue.churn.targeting import (
    contact_outlay,
    contact_profit,
    expected_churn_loss,
    optimal_fraction,
    profit_curve,
    select_customers,
)

CASES: dict[str, Callable[[], Any]] = {}

PERIODS = ("day", "week", "month", "quarter", "year")
N = 240
I = np.arange(N)
P = (I * 37 % 101 + 0.5) / 102
"""Probabilities, each two or three times."""
SCORE = np.round(P + (I * 53 % 17) / 40, 2)
LEFT = (((I * 29) % 97) / 97 < P * 0.8 + 0.02).astype(int)
CLV = 20.0 + (I * 61 % 211) * 2.5
WEIGHTS = (I % 4) * 0.75
FEW = [1, 0, 1, 0, 0]
FEW_SCORE = [0.9, 0.8, 0.7, 0.2, 0.1]
CAMPAIGN = {"contact_cost": 1.0, "incentive": 10.0, "acceptance": 0.3}


def case(run: Callable[[], Any]) -> Callable[[], Any]:
    CASES[f"churn: {run.__name__.replace('_', ' ')}"] = run
    return run


# --- rates ---


@case
def churn_rates() -> Any:
    lost, start, won = np.array([0, 60, 100, 7]), np.array([0, 1000, 100, 50]), np.array([0, 300, 20, 0])
    found = {}
    for denominator in ("start", "average", "exposure", "all"):
        found[denominator] = {
            "won": churn_rate(lost, start, acquired=won, denominator=denominator),
            "end": outcome(lambda d=denominator: churn_rate(60, 1000, at_end=[1240, 940], denominator=d)),
            "both": churn_rate(lost, start, at_end=start + won - lost, acquired=won, denominator=denominator),
            "table": churn_rate([[1.0], [2.5]], [10, 20, 40], acquired=[0, 1, 2], denominator=denominator),
        }
    return found | {
        "lost more than there were": outcome(lambda: churn_rate(11, 10)),
        "negative": outcome(lambda: churn_rate(-1, 10)),
        "without the end": outcome(lambda: churn_rate(1, 10, denominator="average")),
        "numbers that do not add up": outcome(lambda: churn_rate(1, 10, at_end=10, acquired=5, denominator="all")),
        "unknown": outcome(lambda: churn_rate(1, 10, denominator="mean")),
    }


@case
def churn_of_other_periods() -> Any:
    churn = np.array([0.0, 1e-15, 0.001, 0.05, 0.5, 0.999, 1.0])
    return {f"{a} to {b}": convert_churn(churn, a, b) for a in PERIODS for b in PERIODS} | {
        "one": convert_churn(0.05, "month", "year"),
        "table": convert_churn([[0.1, 0.2], [0.3, 0.4]], "year", "month"),
        "above 1": outcome(lambda: convert_churn(1.1, "month", "year")),
        "unknown": outcome(lambda: convert_churn(0.1, "month", "decade")),
    }


@case
def lifetimes() -> Any:
    return {
        "several": lifetime_from_churn([0.0, 1e-300, 0.05, 0.125, 0.2, 1.0]),
        "one": lifetime_from_churn(0.04),
        "negative": outcome(lambda: lifetime_from_churn(-0.1)),
    }


# --- scores ---


@case
def gains_and_lift() -> Any:
    curve, weighted = gains(LEFT, SCORE), gains(LEFT, SCORE, weights=WEIGHTS)
    few, tied = gains(FEW, FEW_SCORE), gains([1, 0, 1, 0], [1, 1, 1, 1])
    shares = np.array([0.01, 0.1, 0.25, 1 / 3, 0.5, 0.9, 1.0])
    return {
        "fraction": curve.fraction,
        "share of churners": curve.value,
        "between points": curve.at([0.0, *shares]),
        "at a tenth": curve.at(0.1),
        "weighted fraction": weighted.fraction,
        "weighted share": weighted.value,
        "few": [few.fraction, few.value, few.at(0.5)],
        "all tied": [tied.fraction, tied.value, tied.at(0.3)],
        "lift": lift(LEFT, SCORE, shares),
        "lift of the default": lift(LEFT, SCORE),
        "lift, weighted": lift(LEFT, SCORE, shares, weights=WEIGHTS),
        "lift of few": lift(FEW, FEW_SCORE, [0.2, 0.4, 0.5, 1.0]),
        "top decile": top_decile_lift(LEFT, SCORE),
        "top decile, weighted": top_decile_lift(LEFT, SCORE, weights=WEIGHTS),
        "top decile of ten": top_decile_lift([1, 0, 0, 0, 0, 0, 0, 0, 0, 1], np.arange(10)[::-1]),
        "top decile of one in ten tied": top_decile_lift([1, *[0] * 9], [1] * 10),
        "nobody left": outcome(lambda: lift([0, 0], [1, 2])),
        "fraction of 0": outcome(lambda: lift(FEW, FEW_SCORE, 0.0)),
        "not 0 or 1": outcome(lambda: gains([2, 0], [1, 2])),
        "lengths": outcome(lambda: gains([1, 0, 1], [1, 2])),
        "score missing": outcome(lambda: gains([1, 0], [1, np.nan])),
    }


def _calibrated(**options: Any) -> dict[str, Any]:
    curve = calibration(LEFT, P, **options)
    return {
        "predicted": curve.predicted,
        "observed": curve.observed,
        "share": curve.share,
        "expected error": curve.expected_error,
        "maximum error": curve.maximum_error,
    }


@case
def calibration_curves() -> Any:
    small = calibration([0, 0, 1, 0, 1, 1], [0.1, 0.1, 0.3, 0.6, 0.7, 0.9], bins=2)
    return {
        "tenths": _calibrated(),
        "three": _calibrated(bins=3),
        "of equal width": _calibrated(method="uniform"),
        "of equal width, seven": _calibrated(bins=7, method="uniform"),
        "weighted": _calibrated(weights=WEIGHTS),
        "weighted, of equal width": _calibrated(weights=WEIGHTS, method="uniform", bins=4),
        "six customers": [small.predicted, small.observed, small.share],
        "one probability": calibration(FEW, [0.4] * 5).observed,
        "not a probability": outcome(lambda: calibration([0, 1], [0.5, 1.5])),
        "no bins": outcome(lambda: calibration(FEW, FEW_SCORE, bins=0)),
    }


@case
def profit_of_a_contact() -> Any:
    each = {"contact_cost": 1 + CLV / 500, "incentive": CLV / 25, "acceptance": 0.1 + P / 2}
    return {
        "one cost for all": contact_profit(P, CLV, **CAMPAIGN),
        "each their own": contact_profit(P, CLV, **each),
        "what happened": contact_profit(LEFT, 200.0, **CAMPAIGN),
        "outlay": contact_outlay(P, **CAMPAIGN),
        "outlay, each their own": contact_outlay(P, **each),
        "negative value": contact_profit([0.5], [-20.0], **CAMPAIGN),
        "nobody accepts": contact_profit([0.9, 0.1], 100, contact_cost=1, incentive=10, acceptance=0),
        "negative cost": outcome(lambda: contact_profit(P, CLV, **CAMPAIGN | {"contact_cost": -1})),
        "acceptance above 1": outcome(lambda: contact_outlay(P, **CAMPAIGN | {"acceptance": 1.1})),
        "lengths": outcome(lambda: contact_profit([0.1, 0.2], [1, 2, 3], **CAMPAIGN)),
    }


def _profits(**options: Any) -> dict[str, Any]:
    curve = profit_curve(P, CLV, **(CAMPAIGN | options))
    asked = {name: value for name, value in options.items() if name != "y"}
    return {
        "fraction": curve.fraction,
        "expected": curve.expected,
        "realized": curve.realized,
        "best": curve.best,
        "optimal fraction": curve.optimal_fraction,
        "maximum": curve.maximum,
        "optimal fraction alone": optimal_fraction(P, CLV, **(CAMPAIGN | asked)),
    }


@case
def profit_curves() -> Any:
    return {
        "by profit": _profits(),
        "by churn": _profits(by=P),
        "by score, with what happened": _profits(by=SCORE, y=LEFT),
        "with what happened": _profits(y=LEFT),
        "weighted": _profits(weights=WEIGHTS, y=LEFT),
        "weighted by score": _profits(weights=WEIGHTS, by=SCORE),
        "too dear": _profits(contact_cost=1e6),
        "few": profit_curve([0.9, 0.5, 0.05], [50, 200, 500], **CAMPAIGN).expected,
        "few, optimal": optimal_fraction([0.9, 0.5, 0.05, 0.0], [50, 200, 500, 900], **CAMPAIGN),
        "lengths": outcome(lambda: profit_curve(P, CLV, by=[1, 2], **CAMPAIGN)),
    }


@case
def customers_within_a_budget() -> Any:
    profit = contact_profit(P, CLV, **CAMPAIGN)
    cost = contact_outlay(P, **CAMPAIGN)
    choices = {
        "how many": select_customers(profit, budget=25),
        "no limit": select_customers(profit, budget=np.inf),
        "nothing": select_customers(profit, budget=0),
        "by cost": select_customers(profit, budget=200.0, cost=cost),
        "by cost, all": select_customers(profit, budget=1e9, cost=cost),
        "three": select_customers([60.0, 100.0, 120.0], cost=[10, 20, 30], budget=50),
        "the best alone": select_customers([1.0, 100.0], cost=[0.001, 100], budget=100),
        "free": select_customers([1.0, 2.0, -3.0], cost=[0, 5, 0], budget=4),
        "equal costs": select_customers([5.0, 9.0, -1.0, 4.0], cost=3.0, budget=7),
        "nobody brings a profit": select_customers([-1.0, 0.0], budget=5),
    }
    return {
        name: {"chosen": c.chosen, "profit": c.profit, "cost": c.cost, "bound": c.bound, "exact": c.exact}
        for name, c in choices.items()
    } | {"negative budget": outcome(lambda: select_customers([1.0], budget=-1))}


@case
def values_at_risk() -> Any:
    each, one = expected_churn_loss(P, CLV), expected_churn_loss([0.9, 0.5, 0.5], 100)
    return {
        "values": each.values,
        "total": each.total,
        "order": each.order,
        "one value for all": [one.values, one.total, one.order],
        "not a probability": outcome(lambda: expected_churn_loss([1.5], [1])),
    }


@case
def maximum_profits() -> Any:
    runs = {
        "defaults": (LEFT, SCORE, {}),
        "few": (FEW, FEW_SCORE, {}),
        "each their own value": (LEFT, SCORE, {"clv": CLV}),
        "each their own costs": (LEFT, SCORE, {"clv": CLV, "incentive": CLV / 20, "contact_cost": 0.5 + P}),
        "weighted": (LEFT, SCORE, {"weights": WEIGHTS}),
        "weighted, own values": (LEFT, SCORE, {"weights": WEIGHTS, "clv": CLV}),
        "ranked by profit": (LEFT, contact_profit(P, CLV, **CAMPAIGN), {"clv": CLV}),
        "contacts too dear": (LEFT, SCORE, {"contact_cost": 500}),
        "contacts for nothing": (LEFT, SCORE, {"contact_cost": 0, "incentive": 0}),
        "all tied": (LEFT, np.ones(N), {}),
        "perfect": (LEFT, LEFT, {}),
        "all left": ([1, 1, 1], [1, 2, 3], {}),
        "nobody left": ([0, 0, 0], [1, 2, 3], {}),
        "worst": (LEFT, -SCORE - LEFT, {"clv": CLV}),
    }
    found = {}
    for name, (y, score, options) in runs.items():
        certain = {str(a): mpc(y, score, acceptance=a, **options) for a in (0.0, 0.3, 1.0)}
        beta = {f"{a}, {b}": empc(y, score, alpha=a, beta=b, **options) for a, b in ((6, 14), (0.5, 0.5), (40, 2))}
        found[name] = {k: [m.profit, m.fraction] for k, m in (certain | beta).items()}
    own = mpc(LEFT, SCORE, acceptance=0.1 + P / 2, clv=CLV)
    return found | {
        "own acceptance": [own.profit, own.fraction],
        "negative alpha": outcome(lambda: empc(FEW, FEW_SCORE, alpha=-1)),
        "not 0 or 1": outcome(lambda: mpc([0.5, 1], [1, 2])),
    }
