"""MPC and EMPC: published values, empulse's, integrals in 40 digits, and the laws they follow."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from references import every, reference
from strategies import log_uniform

from custvalue.churn.maximum_profit import MaximumProfit, corners, empc, mpc
from custvalue.churn.targeting import contact_profit
from custvalue.errors import DataError, ParameterError

CASES = reference("churn_scores")["cases"]
every_case = every(CASES, lambda case: case["name"])
TEN = (
    [1, 1, 0, 0, 0, 1, 1, 1, 1, 0],
    [
        *(0.6125478, 0.3642710, 0.4321361, 0.1402911, 0.3848959),
        *(0.2444155, 0.9706413, 0.8901728, 0.7817814, 0.8687518),
    ],
)


@st.composite
def campaigns(draw: st.DrawFn) -> dict[str, Any]:
    """Up to 8 customers with values of their own or one for all, at any scale of costs, with weights or without."""
    n = draw(st.integers(1, 8))
    each = st.lists(log_uniform(1, 1000), min_size=n, max_size=n).map(np.array)
    cost = st.one_of(st.just(0.0), log_uniform(0.01, 300))
    return {
        "y": np.array(draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))),
        "score": np.array(draw(st.lists(st.integers(0, 5), min_size=n, max_size=n))),
        "clv": draw(st.one_of(log_uniform(1, 1000), each)),
        "incentive": draw(st.one_of(cost, each)),
        "contact_cost": draw(st.one_of(cost, each)),
        "weights": draw(st.one_of(st.none(), st.lists(st.integers(1, 3), min_size=n, max_size=n).map(np.array))),
    }


@pytest.mark.parametrize("unit", [1e-300, 1e-170, 1e160, 1e300])
def test_money_is_in_any_unit(unit: float) -> None:
    y, score = [1, 0, 1, 0, 0], [0.9, 0.8, 0.7, 0.2, 0.1]
    wanted, found = empc(y, score), empc(y, score, clv=200 * unit, incentive=10 * unit, contact_cost=unit)
    assert found.profit / unit == pytest.approx(wanted.profit, rel=1e-12)
    assert found.fraction == pytest.approx(wanted.fraction, rel=1e-12)


shapes = st.one_of(log_uniform(0.3, 40.0), st.just(1.0))


def lines(c: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gain, cost and number of customers at each threshold, one after the other."""
    n = len(c["y"])
    w = np.ones(n) if c["weights"] is None else c["weights"]
    clv, d, f = (np.broadcast_to(c[name], n) for name in ("clv", "incentive", "contact_cost"))
    steps = [(0.0, 0.0, 0.0)]
    for threshold in sorted(set(c["score"].tolist()), reverse=True):
        on = c["score"] == threshold
        gain = (w * c["y"] * (clv - d))[on].sum()
        cost = (w * (f + (1 - c["y"]) * d))[on].sum()
        steps.append((gain, cost, w[on].sum()))
    return tuple(np.cumsum(steps, axis=0).T / w.sum())  # type: ignore[return-value]


def integral(c: dict[str, Any], alpha: float, beta: float) -> tuple[float, float]:
    """EMPC and its fraction in 40 digits: between any two crossings of lines the highest one, integrated."""
    gain, cost, share = (tuple(map(mpmath.mpf, row)) for row in lines(c))
    with mpmath.workdps(40):
        ks = range(len(gain))
        cuts = {(cost[j] - cost[i]) / (gain[j] - gain[i]) for i in ks for j in ks if gain[i] != gain[j]}
        inside = [mpmath.mpf(0), *sorted(cut for cut in cuts if 0 < cut < 1), mpmath.mpf(1)]
        profit = fraction = mpmath.mpf(0)
        for low, high in pairwise(inside):
            middle = (low + high) / 2
            best = max(ks, key=lambda k: (gain[k] * middle - cost[k], -k))
            chance = mpmath.betainc(alpha, beta, low, high, regularized=True)
            mean = mpmath.betainc(alpha + 1, beta, low, high) / mpmath.beta(alpha, beta)
            profit += gain[best] * mean - cost[best] * chance
            fraction += share[best] * chance
        return float(profit), float(fraction)


# What others computed


@pytest.mark.parametrize(
    ("changes", "value"),
    [
        ({}, 30.3003222629848),
        ({0: 0.287577520124614}, 30.3001182343737),
        ({0: 0.287577520124614, 6: 0.113703411305323}, 29.2002764792561),
    ],
)
def test_the_ten_customers_of_proflogit(changes: dict[int, float], value: float) -> None:
    """Stripling et al. (2018), test suite of proflogit, with the parameters of Verbraken et al. (2013)."""
    y, score = TEN
    score = [changes.get(i, s) for i, s in enumerate(score)]
    assert empc(y, score).profit == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(("score", "value"), [([0, 1], 28.0000000000391), ([1, 0], 22.5007912244511), ([1, 1], None)])
def test_two_customers_of_proflogit(score: list[float], value: float | None) -> None:
    """Perfect, upside down, and no scores at all: the last two are contacting everyone or nobody."""
    assert empc([0, 1], score).profit == pytest.approx(value or 22.5007912244511, rel=1e-12)


def test_the_twenty_customers() -> None:
    case = next(case for case in CASES if case["name"] == "twenty")
    found = empc(case["y"], case["p"])
    assert (found.profit, found.fraction) == pytest.approx((10.294291052225994, 0.525950196042375), rel=1e-12)
    assert mpc(case["y"], case["p"]) == MaximumProfit(pytest.approx(10.15), 0.6)  # type: ignore[arg-type]


@every_case
def test_as_empulse(case: dict[str, Any]) -> None:
    y, p = case["y"], case["p"]
    for one in case["profit"]["fixed"]:
        campaign = {
            name.removesuffix("_cost") if name == "incentive_cost" else name: value
            for name, value in one["campaign"].items()
        }
        found = empc(y, p, **campaign)
        assert found.profit == pytest.approx(one["empc"], rel=1e-9)
        assert found.fraction == pytest.approx(one["empc_fraction"], rel=1e-9, abs=1e-12)
        alpha, beta = campaign.pop("alpha", 6.0), campaign.pop("beta", 14.0)
        assert mpc(y, p, acceptance=alpha / (alpha + beta), **campaign).profit == pytest.approx(one["mpc"], abs=1e-9)


@every_case
def test_as_empulse_with_one_clv_per_customer(case: dict[str, Any]) -> None:
    clv = np.array(case["clv"])
    for one in case["profit"]["varying"]:
        incentive = one["incentive_fraction"] * clv
        found = mpc(case["y"], case["p"], clv=clv, incentive=incentive, contact_cost=one["contact_cost"])
        assert found.profit == pytest.approx(one["empb"], rel=1e-9)
        assert found.fraction == pytest.approx(one["fraction"])


# Against integrals


@given(campaigns(), shapes, shapes)
def test_empc_is_the_integral(c: dict[str, Any], alpha: float, beta: float) -> None:
    found = empc(**c, alpha=alpha, beta=beta)
    profit, fraction = integral(c, alpha, beta)
    assert found.profit == pytest.approx(profit, rel=1e-9, abs=1e-14)
    assert found.fraction == pytest.approx(fraction, rel=1e-7, abs=1e-9)


@given(campaigns(), st.floats(0, 1))
def test_mpc_is_the_maximum(c: dict[str, Any], acceptance: float) -> None:
    gain, cost, share = lines(c)
    found = mpc(**c, acceptance=acceptance)
    profits = acceptance * gain - cost
    assert found.profit == pytest.approx(profits.max(), rel=1e-12, abs=1e-12)
    at = int(np.argmin(np.abs(share - found.fraction)))
    assert profits[at] == pytest.approx(profits.max(), rel=1e-12, abs=1e-12)


def test_an_unlikely_profit_keeps_its_digits() -> None:
    c = {"y": np.array([1, 0]), "score": np.array([1, 1]), "clv": 120.0, "incentive": 100.0, "contact_cost": 3.0}
    c |= {"weights": None, "clv": 212.0}
    profit, fraction = integral(c, 6.0, 14.0)
    assert 0 < profit < 1e-12
    found = empc(**c)
    assert (found.profit, found.fraction) == pytest.approx((profit, fraction), rel=1e-9, abs=0)


# Laws


@given(campaigns(), shapes, shapes)
def test_knowing_the_acceptance_is_worth_something(c: dict[str, Any], alpha: float, beta: float) -> None:
    known, mean = empc(**c, alpha=alpha, beta=beta), mpc(**c, acceptance=alpha / (alpha + beta))
    assert known.profit >= mean.profit * (1 - 1e-12) >= 0
    assert 0 <= known.fraction <= 1 + 1e-12


@given(campaigns(), st.floats(0.05, 0.95))
def test_empc_of_a_certain_acceptance_is_mpc(c: dict[str, Any], mean: float) -> None:
    sure = empc(**c, alpha=1e8 * mean, beta=1e8 * (1 - mean))
    gain = float(np.max(np.abs(lines(c)[0])))
    assert sure.profit == pytest.approx(mpc(**c, acceptance=mean).profit, rel=1e-12, abs=1e-4 * gain)


@given(campaigns(), log_uniform(1e-6, 1e6))
def test_money_has_no_unit(c: dict[str, Any], factor: float) -> None:
    other = c | {name: c[name] * factor for name in ("clv", "incentive", "contact_cost")}
    for measure in (mpc, empc):
        assert measure(**other).profit == pytest.approx(measure(**c).profit * factor, rel=1e-9, abs=1e-12 * factor)


@given(campaigns())
def test_only_the_ranking_counts(c: dict[str, Any]) -> None:
    other = c | {"score": np.exp(c["score"]) - 7.0}
    assert mpc(**c) == mpc(**other)
    assert empc(**c) == empc(**other)


@given(campaigns())
def test_a_weight_is_a_number_of_customers(c: dict[str, Any]) -> None:
    w = np.ones(len(c["y"]), dtype=int) if c["weights"] is None else c["weights"]
    n = len(w)
    repeated = {name: np.repeat(np.broadcast_to(value, n), w) for name, value in c.items() if name != "weights"}
    for measure in (mpc, empc):
        assert measure(**repeated).profit == pytest.approx(measure(**c).profit, rel=1e-9, abs=1e-12)


@given(campaigns())
def test_no_score_does_better_than_the_profit_itself(c: dict[str, Any]) -> None:
    campaign = {name: c[name] for name in ("clv", "incentive", "contact_cost")} | {"acceptance": 0.3}
    best = contact_profit(c["y"], **campaign)
    assert mpc(**c | {"score": best}).profit >= mpc(**c).profit - 1e-12


@given(st.lists(st.tuples(st.integers(-3, 9), st.integers(0, 9)), min_size=1, max_size=60), st.booleans())
def test_corners_are_those_of_the_lower_hull(steps: list[tuple[int, int]], convex: bool) -> None:
    if convex:  # a chain that only its last point brings down, one by one: more of them than passes over all
        steps = [(1, rise) for rise in range(100)] + [(step, 0) for step, _ in steps]
    a, b = np.concatenate(([[0, 0]], np.cumsum(steps, axis=0))).T.astype(float)
    found = corners(a, b)
    assert found[0] == 0
    assert a[found[-1]] == a.max()
    slopes = np.diff(b[found]) / np.diff(a[found])
    assert np.all(np.diff(slopes) > 0)
    ahead = a >= 0
    assert np.all(b[ahead] >= np.interp(a[ahead], a[found], b[found]) - 1e-9)


def test_nobody_about_to_leave_is_nobody_to_contact() -> None:
    assert mpc([0, 0], [0.3, 0.4]) == empc([0, 0], [0.3, 0.4]) == MaximumProfit(0.0, 0.0)
    assert mpc([1], [0.5]) == MaximumProfit(pytest.approx(56.0), 1.0)  # type: ignore[arg-type]


def test_the_mean_of_clv_is_not_enough() -> None:
    y, score = [1, 0, 0, 0, 0, 1], [6, 5, 4, 3, 2, 1]
    low_first = empc(y, score, clv=[10, 100, 100, 100, 100, 390]).profit
    high_first = empc(y, score, clv=[390, 100, 100, 100, 100, 10]).profit
    mean = empc(y, score, clv=200).profit
    assert low_first < mean < high_first


# What is refused


@pytest.mark.parametrize("measure", [mpc, empc])
@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"clv": [200, np.inf]}, DataError, "clv must be finite; broken in 1 of 2 rows, first: row 1"),
        ({"clv": [200, 100, 50]}, DataError, r"clv must be one number or one per customer \(2\)"),
        ({"clv": np.inf}, ParameterError, "clv must be finite"),
        ({"incentive": -1}, ParameterError, "incentive must be finite and at least 0"),
        ({"contact_cost": [1, -1]}, DataError, "contact_cost .*broken in 1 of 2 rows, first: row 1"),
        ({"weights": [0, 0]}, DataError, "weights must not all be 0"),
    ],
)
def test_campaigns_are_checked(measure: Any, options: dict[str, Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        measure([1, 0], [0.5, 0.4], **options)


def test_labels_scores_and_acceptance_are_checked() -> None:
    for measure in (mpc, empc):
        with pytest.raises(DataError, match=r"y must be 1 \(churned\)"):
            measure([1, 3], [0.5, 0.4])
        with pytest.raises(DataError, match="same customers"):
            measure([1, 0], [0.5])
    with pytest.raises(ParameterError, match=r"acceptance must be a probability in \[0, 1\]"):
        mpc([1, 0], [0.5, 0.4], acceptance=1.2)
    with pytest.raises(DataError, match=r"acceptance must be a probability.*1 of 2 rows"):
        mpc([1, 0], [0.5, 0.4], acceptance=[0.3, np.nan])
    for options in ({"alpha": 0.0}, {"beta": np.inf}):
        with pytest.raises(ParameterError, match=r"(alpha|beta) must be (> 0; got 0|finite; got inf)"):
            empc([1, 0], [0.5, 0.4], **options)
