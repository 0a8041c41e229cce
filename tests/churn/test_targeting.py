"""Profit curves, selection under a budget and expected loss: by hand, by brute force, and their laws."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import log_uniform

from custvalue.churn.maximum_profit import mpc
from custvalue.churn.targeting import (
    contact_outlay,
    contact_profit,
    expected_churn_loss,
    optimal_fraction,
    profit_curve,
    select_customers,
)
from custvalue.errors import DataError, ParameterError

CAMPAIGN: dict[str, Any] = {"contact_cost": 1, "incentive": 10, "acceptance": 0.3}


@st.composite
def bases(draw: st.DrawFn) -> dict[str, Any]:
    """Customers with probabilities of leaving, values, and what a campaign costs."""
    n = draw(st.integers(1, 12))
    p = st.one_of(st.integers(0, 1000).map(lambda k: k / 1000), st.sampled_from([0.0, 0.25, 0.5, 1.0]))
    cost = st.one_of(st.just(0.0), log_uniform(0.01, 100))
    return {
        "churn": np.array(draw(st.lists(p, min_size=n, max_size=n))),
        "clv": np.array(draw(st.lists(log_uniform(1, 1000), min_size=n, max_size=n))),
        "contact_cost": draw(cost),
        "incentive": draw(cost),
        "acceptance": draw(st.integers(0, 100)) / 100,
    }


@st.composite
def baskets(draw: st.DrawFn) -> dict[str, Any]:
    """Profits, costs (equal, free, too dear or any) and a budget."""
    n = draw(st.integers(1, 9))
    price = draw(st.sampled_from([st.just(0.1), st.sampled_from([0.0, 1.0, 2.0]), log_uniform(0.01, 100)]))
    return {
        "profit": np.array(draw(st.lists(st.floats(-10, 100), min_size=n, max_size=n))),
        "cost": np.array(draw(st.lists(price, min_size=n, max_size=n))),
        "budget": draw(st.one_of(st.just(0.0), log_uniform(0.01, 300), st.sampled_from([0.3, 0.7, 2.0, np.inf]))),
    }


# Profit of a contact


def test_profit_of_a_contact_by_hand() -> None:
    profit = contact_profit([1, 0, 0.5], [200, 200, 100], **CAMPAIGN)
    np.testing.assert_allclose(profit, [0.3 * 190 - 1, -11, 0.5 * (0.3 * 90) - 0.5 * 10 - 1])
    np.testing.assert_allclose(contact_outlay([1, 0, 0.5], **CAMPAIGN), [1 + 3, 11, 1 + 1.5 + 5])


@given(bases())
def test_profit_is_what_is_kept_less_the_outlay(base: dict[str, Any]) -> None:
    outlay = contact_outlay(**{name: value for name, value in base.items() if name != "clv"})
    kept = base["acceptance"] * base["churn"] * base["clv"]
    np.testing.assert_allclose(contact_profit(**base), kept - outlay, atol=1e-9)


# Profit curves


def test_a_profit_curve_by_hand() -> None:
    curve = profit_curve([0.9, 0.5, 0.05], [50, 200, 500], **CAMPAIGN, y=[1, 0, 0])
    np.testing.assert_allclose(curve.fraction, [0, 1 / 3, 2 / 3, 1])
    np.testing.assert_allclose(curve.expected, [0, 22.5, 31.3, 28.15])
    np.testing.assert_allclose(curve.realized, [0, -11, 0, -11])
    assert (curve.best, curve.optimal_fraction, curve.maximum) == (2, 2 / 3, pytest.approx(31.3))


@given(bases())
def test_ranked_by_profit_the_curve_is_concave_and_highest(base: dict[str, Any]) -> None:
    curve = profit_curve(**base)
    profit = np.sort(contact_profit(**base))[::-1]
    at = np.round(curve.fraction * len(profit)).astype(int)
    np.testing.assert_allclose(curve.expected, np.concatenate(([0], np.cumsum(profit)))[at], atol=1e-9)
    slopes = np.diff(curve.expected) / np.diff(at)
    assert np.all(np.diff(slopes) <= 1e-9)
    assert curve.maximum == pytest.approx(profit[profit > 0].sum(), abs=1e-9)
    assert optimal_fraction(**base) == pytest.approx((profit > 0).mean())
    other = profit_curve(**base, by=base["churn"])
    assert np.all(np.interp(other.fraction, curve.fraction, curve.expected) >= other.expected - 1e-9)


@given(bases(), st.randoms(use_true_random=False))
def test_what_happened_has_the_expected_profit_on_average(base: dict[str, Any], random: Any) -> None:
    base["churn"] = np.array([random.random() for _ in base["churn"][:6]])
    base["clv"] = base["clv"][:6]
    mean = 0.0
    for y in product((0, 1), repeat=len(base["churn"])):
        chance = np.prod(np.where(y, base["churn"], 1 - base["churn"]))
        mean = mean + chance * profit_curve(**base, y=y).realized
    np.testing.assert_allclose(mean, profit_curve(**base).expected, atol=1e-9)


@given(bases(), st.randoms(use_true_random=False))
def test_mpc_is_the_top_of_the_realized_curve(base: dict[str, Any], random: Any) -> None:
    y = np.array([random.randint(0, 1) for _ in base["churn"]])
    curve = profit_curve(**base, by=base["churn"], y=y)
    campaign = {name: value for name, value in base.items() if name != "churn"}
    assert curve.realized is not None
    assert mpc(y, base["churn"], **campaign).profit * len(y) == pytest.approx(curve.realized.max(), abs=1e-9)


def test_a_weight_is_a_number_of_customers() -> None:
    p, clv, w = np.array([0.9, 0.5, 0.5, 0.05]), np.array([50, 200, 200, 500]), [1, 2, 0, 3]
    once, often = (
        profit_curve(p, clv, **CAMPAIGN, weights=w),
        profit_curve(np.repeat(p, w), np.repeat(clv, w), **CAMPAIGN),
    )
    np.testing.assert_allclose(once.fraction, often.fraction)
    np.testing.assert_allclose(once.expected, often.expected)
    assert optimal_fraction(p, clv, **CAMPAIGN, weights=w) == pytest.approx(0.5)


# Selection


@given(baskets())
def test_selection_against_every_choice(basket: dict[str, Any]) -> None:
    profit, cost, budget = basket["profit"], basket["cost"], basket["budget"]
    found = select_customers(profit, cost=cost, budget=budget)
    assert found.profit == pytest.approx(profit[found.chosen].sum())
    assert found.cost == pytest.approx(cost[found.chosen].sum())
    assert found.cost <= budget * (1 + 1e-9)
    every = np.array(list(product((0, 1), repeat=len(profit))))
    possible = (every * cost).sum(axis=1) <= budget * (1 + 1e-9)
    best = (every * profit).sum(axis=1)[possible].max()
    assert best / 2 - 1e-9 <= found.profit <= best + 1e-9 <= found.bound + 2e-9
    assert found.bound - found.profit <= profit.max(initial=0) + 1e-9
    if len(set(cost[(profit > 0) & (cost <= budget)].tolist())) <= 1:
        assert found.exact
    if found.exact:
        assert found.profit == pytest.approx(best)


def test_among_equals_the_most_profitable() -> None:
    found = select_customers([5, 9, -1, 4, 9], budget=3)
    assert found.chosen.tolist() == [True, True, False, False, True]
    assert (found.profit, found.cost, found.bound, found.exact) == (23, 3, 23, True)
    assert select_customers([1.0, 1.0, 1.0], cost=0.1, budget=0.3).chosen.all()


def test_what_is_left_of_the_budget_is_used() -> None:
    found = select_customers([60, 100, 120, 1], cost=[10, 20, 30, 15], budget=50)
    assert (found.profit, found.cost, found.bound, found.exact) == (161, 45, 240, False)
    alone = select_customers([10, 100], cost=[0.5, 10], budget=10)
    assert (alone.profit, alone.chosen.tolist()) == (100, [False, True])


def test_a_large_base_is_chosen_within_a_hair_of_the_bound() -> None:
    rng = np.random.default_rng(3)
    profit, cost = rng.lognormal(2, 1, 200_000), rng.uniform(1, 10, 200_000)
    found = select_customers(profit, cost=cost, budget=100_000)
    assert found.profit > found.bound * (1 - 1e-5)
    assert 100_000 * (1 - 1e-5) < found.cost <= 100_000 * (1 + 1e-12)


def test_nobody_is_chosen_without_profit_or_budget() -> None:
    assert not select_customers([-1, 0], budget=np.inf).chosen.any()
    assert not select_customers([1, 2], cost=5, budget=4).chosen.any()
    assert select_customers([1, 2], cost=5, budget=4).exact
    assert select_customers([1, 2], cost=0, budget=0).profit == 3


# Expected loss


@given(bases())
def test_expected_loss_is_churn_times_value(base: dict[str, Any]) -> None:
    found = expected_churn_loss(base["churn"], base["clv"])
    np.testing.assert_array_equal(found.values, base["churn"] * base["clv"])
    assert found.total == pytest.approx((base["churn"] * base["clv"]).sum())
    assert sorted(found.order) == list(range(len(base["clv"])))
    assert np.all(np.diff(found.values[found.order]) <= 0)


# What is refused


@pytest.mark.parametrize(
    "function",
    [
        lambda churn, clv, **given: contact_profit(churn, clv, **CAMPAIGN | given),
        lambda churn, clv, **given: profit_curve(churn, clv, **CAMPAIGN | given),
        lambda churn, clv, **given: optimal_fraction(churn, clv, **CAMPAIGN | given),
        lambda churn, clv, **_: expected_churn_loss(churn, clv),
    ],
)
@pytest.mark.parametrize(
    ("churn", "clv", "message"),
    [
        (
            [0.5, 1.2],
            [1, 2],
            r"churn must be a probability in \[0, 1\]; broken in 1 of 2 rows, first: row 1.*calibrate",
        ),
        ([0.5, 0.2], [1, 2, 3], r"clv must be one number or one per customer \(2\); got shape \(3,\)"),
        ([0.5, 0.2], [1, np.inf], "clv must be finite; broken in 1 of 2 rows"),
    ],
)
def test_customers_are_checked(function: Any, churn: Any, clv: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        function(churn, clv)


def test_rankings_labels_and_budgets_are_checked() -> None:
    with pytest.raises(DataError, match=r"same customers.*2 \(churn\) and 1 \(by\)"):
        profit_curve([0.5, 0.2], 100, **CAMPAIGN, by=[1])
    with pytest.raises(DataError, match=r"same customers.*2 \(churn\) and 1 \(y\)"):
        profit_curve([0.5, 0.2], 100, **CAMPAIGN, y=[1])
    with pytest.raises(DataError, match=r"y must be 1 \(churned\)"):
        profit_curve([0.5, 0.2], 100, **CAMPAIGN, y=[1, 0.5])
    with pytest.raises(ParameterError, match="acceptance must be a probability"):
        contact_outlay([0.5], **CAMPAIGN | {"acceptance": -0.1})
    for budget in (-1, np.nan):
        with pytest.raises(ParameterError, match="budget must be a number and not negative"):
            select_customers([1, 2], budget=budget)
    with pytest.raises(DataError, match="cost must be finite and at least 0; broken in 1 of 2 rows"):
        select_customers([1, 2], cost=[1, -1], budget=5)
