"""Best actions against every policy there is, and against the choices of Pfeifer and Carraway."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.discounting.rate import Rate
from custvalue.errors import ParameterError
from custvalue.value.migration.chain import MigrationModel
from custvalue.value.migration.decisions import MigrationDecisions

FIFTH = Rate.annual(0.20)
TIMINGS = ("now", "end", "middle", "continuous")


def choices(seed: int, actions: int, states: int, *batch: int) -> MigrationDecisions:
    rng = np.random.default_rng(seed)
    return MigrationDecisions(
        transitions=rng.dirichlet(np.ones(states) * 0.5, size=(*batch, actions, states)),
        rewards=rng.normal(size=(*batch, actions, states)),
        costs=rng.random((actions, states)),
        allowed=rng.random((*batch, actions, states)) < np.where(np.arange(actions) == 0, 1, 0.7)[:, None],
        unit="year",
    )


@given(st.integers(0, 10_000), st.integers(1, 3), st.integers(1, 4), st.floats(0.01, 1), st.sampled_from(TIMINGS))
def test_no_policy_is_better(seed: int, actions: int, states: int, d: float, timing: Any) -> None:
    """Every allowed policy, valued as the chain that it makes, in every state at once."""
    problem, rate = choices(seed, actions, states), Rate.annual(d)
    best = problem.optimal(rate=rate, timing=timing, cost_timing="now")
    at = np.arange(states)
    for policy in product(range(actions), repeat=states):
        if not problem.allowed[policy, at].all():
            continue
        chain = MigrationModel(
            problem.transitions[policy, at], problem.rewards[policy, at], problem.costs[policy, at], unit="year"
        )
        value = chain.value(rate=rate, timing=timing, cost_timing="now")
        assert (value <= best.value + 1e-9).all()
        np.testing.assert_allclose(problem.value(policy, rate=rate, timing=timing, cost_timing="now"), value, atol=1e-9)
    assert problem.allowed[best.action, at].all()
    reached = problem.value(best.action, rate=rate, timing=timing, cost_timing="now")
    np.testing.assert_allclose(reached, best.value, rtol=1e-12)


@given(st.integers(0, 10_000), st.integers(1, 3), st.integers(1, 3), st.integers(0, 5), st.floats(-0.2, 0.5))
def test_backward_induction_is_the_best_plan(seed: int, actions: int, states: int, n: int, d: float) -> None:
    """The plan's value is what following it brings, and no first action followed by the rest is better."""
    problem, rate = choices(seed, actions, states), Rate.annual(d)
    plan = problem.optimal_within(rate=rate, horizon=n, timing="now")
    assert plan.action.shape == (n, states)
    at, value = np.arange(states), np.zeros(states)
    flow = np.where(problem.allowed, problem.rewards - problem.costs, -np.inf)
    for t in range(n - 1, -1, -1):
        every = flow + problem.transitions @ value / (1 + d)
        value = every[plan.action[t], at]
        assert (every <= value + 1e-12).all()
    np.testing.assert_allclose(plan.value, value, rtol=1e-12, atol=1e-12)


def test_a_long_plan_begins_like_the_policy_forever() -> None:
    problem = choices(3, 3, 4)
    forever = problem.optimal(rate=FIFTH, timing="end")
    plan = problem.optimal_within(rate=FIFTH, horizon=300, timing="end")
    np.testing.assert_array_equal(plan.action[0], forever.action)
    np.testing.assert_allclose(plan.value, forever.value, rtol=1e-12)


def test_batches_are_solved_one_by_one() -> None:
    problem = choices(8, 3, 4, 5)
    rates = Rate.annual([0.05, 0.1, 0.2, 0.5, 1.0])
    best = problem.optimal(rate=rates, timing="middle")
    plan = problem.optimal_within(rate=rates, horizon=3, timing="middle")
    assert plan.action.shape == (5, 3, 4)
    for i, d in enumerate([0.05, 0.1, 0.2, 0.5, 1.0]):
        one = MigrationDecisions(
            transitions=problem.transitions[i],
            rewards=problem.rewards[i],
            costs=problem.costs[i],
            allowed=problem.allowed[i],
            unit="year",
        )
        alone = one.optimal(rate=Rate.annual(d), timing="middle")
        np.testing.assert_array_equal(best.action[i], alone.action)
        np.testing.assert_allclose(best.value[i], alone.value, rtol=1e-13)
        np.testing.assert_allclose(
            plan.value[i], one.optimal_within(rate=Rate.annual(d), horizon=3, timing="middle").value
        )


@given(st.lists(st.floats(0, 0.9), min_size=1, max_size=6), st.floats(1, 100), st.floats(0, 10), st.floats(0.05, 0.5))
def test_stopping_is_never_worse_than_contacting_forever(p: list[float], m: float, cost: float, d: float) -> None:
    chain = MigrationModel.from_recency(p, margin=m, contact_cost=cost, unit="year")
    best = chain.best_stop(rate=Rate.annual(d), timing="now")
    assert (best.value >= chain.value(rate=Rate.annual(d), timing="now") - 1e-9).all()
    for last in range(len(p) + 1):
        shorter = MigrationModel.from_recency(p[:last], margin=m, contact_cost=cost, unit="year") if last else None
        value = m if shorter is None else shorter.value(rate=Rate.annual(d), timing="now")[0]
        assert best.value[0] >= value - 1e-9


def test_a_batch_of_customers_stops_at_different_times() -> None:
    chain = MigrationModel.from_recency(
        [[0.3, 0.2, 0.15, 0.05], [0.5, 0.4, 0.3, 0.2]], margin=40, contact_cost=4, unit="year"
    )
    best = chain.best_stop(rate=FIFTH, timing="now")
    assert best.action.tolist() == [[1, 1, 1, 0, 0], [1, 1, 1, 1, 0]]


def test_names_and_values() -> None:
    problem = choices(1, 2, 2)
    assert problem.actions == ("1", "2")
    assert problem == choices(1, 2, 2)
    best = problem.optimal(rate=FIFTH, timing="now")
    assert best.names.tolist() == [problem.actions[a] for a in best.action]
    assert best == problem.optimal(rate=FIFTH, timing="now")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"transitions": [[1, 0], [0, 1]]}, r"shape \(..., actions, states, states\)"),
        ({"transitions": [[[0.5, 0.4], [0, 1]]] * 2}, "each row of transitions must sum to 1"),
        ({"rewards": [1, 2, 3]}, "rewards must broadcast"),
        ({"allowed": [[True, False], [True, False]]}, "every state must have an allowed action"),
        ({"actions": ["a"]}, "actions must be 2 different names"),
    ],
)
def test_what_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        MigrationDecisions(**{"transitions": [np.eye(2)] * 2, "rewards": 0, **change}, unit="year")


def test_what_solving_refuses() -> None:
    problem = choices(1, 2, 2)
    with pytest.raises(ParameterError, match="rate must be positive for decisions forever"):
        problem.optimal(rate=Rate.zero(), timing="now")
    with pytest.raises(ParameterError, match="got 'next'"):
        problem.optimal(rate=FIFTH, timing="next")
    for action in ([0, 2], [0.5, 1]):
        with pytest.raises(ParameterError, match="whole numbers from 0 to 1"):
            problem.value(action, rate=FIFTH, timing="now")
