"""Figures of customers as Markov chains: values, variances, visits, decisions, draws, and chances from counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from golden import estimated, outcome

from custvalue.discounting.rate import Rate
from custvalue.value.migration.chain import MigrationModel
from custvalue.value.migration.decisions import MigrationDecisions, Policy
from custvalue.value.migration.simulation import simulate_migration
from custvalue.value.migration.transition_counts import TransitionCounts

CASES: dict[str, Callable[[], Any]] = {}

TEN, FIFTH = Rate.annual(0.10), Rate.annual(0.20)
TIMINGS = ("now", "next", "end", "middle", "continuous")
HORIZONS = {"0": 0, "1": 1, "5": 5, "100": 100, "forever": None}
RECENCY = [0.3, 0.2, 0.15, 0.05]
MAIL = [[0.6, 0.4], [0.1, 0.9]]
WAIT = [[0.4, 0.6], [0.0, 1.0]]


def case(run: Callable[[], Any]) -> Callable[[], Any]:
    CASES[f"migration: {run.__name__.replace('_', ' ')}"] = run
    return run


def chains() -> dict[str, MigrationModel]:
    batch = [[[0.8, 0.2], [0.0, 1.0]], [[0.5, 0.5], [0.3, 0.7]], [[0.0, 1.0], [1.0, 0.0]]]
    classes = [[0.5, 0.3, 0.2, 0], [0, 1, 0, 0], [0, 0, 0.25, 0.75], [0, 0, 0.5, 0.5]]
    return {
        "recency": MigrationModel.from_recency(RECENCY, margin=40, contact_cost=4, unit="year"),
        "returning": MigrationModel(
            [[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.05, 0.05, 0.9]], [100, 20, 0], [5, 5, 1], unit="year"
        ),
        "two ends": MigrationModel(
            [[0.5, 0.3, 0.2], [0, 1, 0], [0, 0, 1]], [10, 0, 0], states=["in", "lost", "bought"], unit="year"
        ),
        "classes": MigrationModel(classes, [1, 0, 2, 3], unit="quarter"),
        "batch": MigrationModel(batch, [[10, -1]], [1.0, 0.5], unit="year"),
        "rows of rewards": MigrationModel(MAIL, [[40, 0], [50, 10], [0, 0]], 2.0, unit="year"),
        "one state": MigrationModel([[1.0]], [7.0], unit="year"),
    }


@case
def chains_as_made() -> Any:
    found = {
        name: {
            "transitions": chain.transitions,
            "reward": chain.reward,
            "cost": chain.cost,
            "states": list(chain.states),
            "period": chain.unit,
            "absorbing": chain.absorbing,
        }
        for name, chain in chains().items()
    }
    batch = MigrationModel.from_recency(
        [[0.3, 0.2], [0.5, 0.1]], margin=[40, 50], contact_cost=[[4.0], [1.0]], unit="month"
    )
    return found | {
        "recency of segments": [batch.transitions, batch.reward, batch.cost],
        "rows that do not sum": outcome(lambda: MigrationModel([[0.5, 0.4], [0, 1]], [1, 0], unit="year")),
        "not square": outcome(lambda: MigrationModel([[0.5, 0.5]], [1, 0], unit="year")),
        "too few rewards": outcome(lambda: MigrationModel(MAIL, [1, 2, 3], unit="year")),
        "too few names": outcome(lambda: MigrationModel(MAIL, [1, 2], states=["a"], unit="year")),
    }


@case
def values_of_chains() -> Any:
    found: dict[str, Any] = {}
    for name, chain in chains().items():
        for timing in TIMINGS:
            for span, horizon in HORIZONS.items():
                found[f"{name}, {timing}, {span}"] = chain.value(rate=TEN, timing=timing, horizon=horizon)
    return found


@case
def variances_of_chains() -> Any:
    found: dict[str, Any] = {}
    for name, chain in chains().items():
        if name in ("classes", "one state"):
            continue
        for timing in TIMINGS:
            for span, horizon in HORIZONS.items():
                if span not in ("0", "100"):
                    found[f"{name}, {timing}, {span}"] = chain.variance(rate=TEN, timing=timing, horizon=horizon)
    return estimated(found, rtol=1e-12, atol=1e-18)  # a certain value has a variance of rounding errors


@case
def costs_with_a_timing_of_their_own() -> Any:
    chain = chains()["recency"]
    found: dict[str, Any] = {}
    for cost_timing in TIMINGS:
        found[cost_timing] = {
            "value": chain.value(rate=FIFTH, timing="now", cost_timing=cost_timing),
            "variance": chain.variance(rate=FIFTH, timing="end", cost_timing=cost_timing, horizon=4),
            "after the next": chain.value(rate=FIFTH, timing="next", cost_timing=cost_timing, horizon=3),
        }
    return found | {
        "rates": chain.value(rate=Rate.annual([0.1, 0.3]), timing="now"),
        "no rate, gone in the end": chain.value(rate=Rate.zero(), timing="now"),
        "no rate, forever": chains()["one state"].value(rate=Rate.zero(), timing="now"),
        "no rate, variance": outcome(lambda: chain.variance(rate=Rate.zero(), timing="now")),
        "gains and losses without end": outcome(
            lambda: MigrationModel([[1.0]], [1.0], [1.0], unit="year").value(rate=Rate.zero(), timing="now")
        ),
        "negative rate, horizon": chain.value(rate=Rate.annual(-0.1), timing="middle", horizon=6),
        "negative rate, forever": outcome(lambda: chain.value(rate=Rate.annual(-0.1), timing="middle")),
        "bare number": outcome(lambda: chain.value(rate=0.1, timing="now")),
    }


@case
def visits_and_ends() -> Any:
    return {
        name: {
            "visits": chain.expected_visits(),
            "visits within 3": chain.expected_visits(horizon=3),
            "visits discounted": chain.expected_visits(rate=TEN),
            "visits discounted within 3": chain.expected_visits(rate=TEN, horizon=3),
            "periods": chain.expected_periods(),
            "absorption": chain.absorption(),
        }
        for name, chain in chains().items()
    }


@case
def states_ahead() -> Any:
    chain = chains()["recency"]
    counts = np.array([100.0, 20, 0, 5, 1000])
    return {
        "of one": {str(n): chain.distribution([1, 0, 0, 0, 0], n) for n in (0, 1, 4, 50)},
        "of many": chain.distribution(counts, 3),
        "of a batch": chains()["batch"].distribution([0.5, 0.5], 5),
        "back in time": outcome(lambda: chain.distribution(counts, -1)),
    }


def _policy(policy: Policy) -> dict[str, Any]:
    return {"action": policy.action, "value": policy.value, "names": policy.names, "actions": list(policy.actions)}


@case
def where_to_stop() -> Any:
    chain = chains()["recency"]
    batch = MigrationModel.from_recency(
        [RECENCY, [0.1, 0.1, 0.1, 0.1]], margin=40, contact_cost=[[4.0], [5.0]], unit="year"
    )
    return {
        timing: {
            "one": _policy(chain.best_stop(rate=FIFTH, timing=timing)),
            "costs at the end": _policy(chain.best_stop(rate=FIFTH, timing=timing, cost_timing="end")),
            "batch": _policy(batch.best_stop(rate=FIFTH, timing=timing)),
        }
        for timing in ("now", "end", "middle", "continuous")
    } | {"next": outcome(lambda: _policy(chain.best_stop(rate=FIFTH, timing="next")))}


@case
def decisions() -> Any:
    two = MigrationDecisions(
        transitions=[MAIL, WAIT], rewards=[40, 0], costs=[[4, 4], [0, 0]], actions=["mail", "wait"], unit="year"
    )
    call = [[0.9, 0.1], [0.3, 0.7]]
    three = MigrationDecisions(
        transitions=[MAIL, WAIT, call],
        rewards=[[40, 0], [40, 0], [45, 5]],
        costs=[[4, 4], [0, 0], [12, 30]],
        allowed=[[True, True], [True, True], [True, False]],
        actions=["mail", "wait", "call"],
        states=["active", "lapsed"],
        unit="quarter",
    )
    batch = MigrationDecisions(
        transitions=[[MAIL, WAIT], [WAIT, MAIL]],
        rewards=[[[40.0, 0.0]], [[5.0, 1.0]]],
        costs=[[4, 4], [0, 0]],
        unit="year",
    )
    found: dict[str, Any] = {}
    for name, choices in {"two": two, "three": three, "batch": batch}.items():
        for timing in ("now", "end", "middle", "continuous"):
            within = choices.optimal_within(rate=FIFTH, horizon=4, timing=timing, cost_timing="middle")
            found[f"{name}, {timing}"] = {
                "best": _policy(choices.optimal(rate=FIFTH, timing=timing)),
                "best, costs at the end": _policy(choices.optimal(rate=TEN, timing=timing, cost_timing="end")),
                "within 4": {"action": within.action, "value": within.value, "rounds": within.rounds},
                "always the first": choices.value([0, 0], rate=FIFTH, timing=timing),
                "one of each": choices.value([1, 0], rate=FIFTH, timing=timing, cost_timing="now"),
            }
    return found | {
        "without a rate, within 3": two.optimal_within(rate=Rate.zero(), horizon=3, timing="now").value,
        "without a rate": outcome(lambda: two.optimal(rate=Rate.zero(), timing="now")),
        "an action not allowed": outcome(lambda: three.value([2, 2], rate=FIFTH, timing="now")),
        "no action allowed": outcome(
            lambda: MigrationDecisions(
                transitions=[MAIL, WAIT], rewards=[40, 0], allowed=[[True, False], [True, False]], unit="year"
            )
        ),
    }


@case
def simulated_chains() -> Any:
    recency, returning = chains()["recency"], chains()["returning"]
    return {
        timing: {
            "recency": simulate_migration(
                recency, rate=FIFTH, start="recency 1", size=60, rng=1, timing=timing, horizon=12
            ),
            "returning": simulate_migration(
                returning, rate=TEN, start=2, size=40, rng=5, timing=timing, cost_timing="end", horizon=6
            ),
        }
        for timing in TIMINGS
    } | {
        "unknown start": outcome(
            lambda: simulate_migration(recency, rate=TEN, start="x", size=1, rng=1, timing="now", horizon=1)
        )
    }


# --- chances from counts ---


def _counts(seen: TransitionCounts) -> dict[str, Any]:
    return {"counts": seen.counts, "states": list(seen.states), "period": seen.unit}


@case
def transitions_counted() -> Any:
    sequences = [["new", "loyal", "loyal", "gone"], ["new", "gone"], ["new"]]
    log = {"customer_id": [1, 1, 2, 2, 1], "period": [0, 1, 1, 0, 2], "state": ["a", "b", "a", "a", "b"]}
    gaps = {"who": ["x", "x", "x", "y"], "when": [1, 2, 4, 7], "is": [3, 1, 1, 2]}
    named = {"customer": "who", "time": "when", "state": "is"}
    return {
        "sequences": _counts(TransitionCounts.from_sequences(sequences, unit="year")),
        "sequences in order": _counts(
            TransitionCounts.from_sequences(sequences, states=["new", "loyal", "gone", "won back"], unit="month")
        ),
        "table": _counts(TransitionCounts.from_table(log, unit="year")),
        "table with gaps": _counts(TransitionCounts.from_table(gaps, gaps="skip", unit="quarter", **named)),
        "as given": _counts(TransitionCounts([[1.5, 2], [0, 0]], ["a", "b"], unit="year")),
        "gaps": outcome(lambda: TransitionCounts.from_table(gaps, **named, unit="year")),
        "unknown state": outcome(
            lambda: TransitionCounts.from_sequences(sequences, states=["new", "gone"], unit="year")
        ),
        "negative": outcome(lambda: TransitionCounts([[-1.0]], ["a"], unit="year")),
    }


@case
def chances_from_counts() -> Any:
    seen = TransitionCounts([[60.0, 30, 10], [5, 0.5, 20], [0, 0, 0]], ["active", "lapsed", "gone"], unit="year")
    prior = np.array([[1.0, 1, 1], [0, 0.5, 1], [0, 0, 1]])
    model = seen.model([100, 10, 0], [5, 5, 0], prior=0.5, absorbing=["gone"])
    return {
        "likeliest": seen.probabilities(absorbing=["gone"]),
        "jeffreys": seen.probabilities(prior=0.5),
        "own prior": seen.probabilities(prior=prior),
        "wilson": seen.interval(),
        "wilson, 50 %": seen.interval(0.5),
        "dirichlet": seen.interval(0.9, method="dirichlet"),
        "dirichlet, own prior": seen.interval(method="dirichlet", prior=prior),
        "model": [model.transitions, model.reward, model.cost, model.value(rate=TEN, timing="now")],
        "no counts in a row": outcome(seen.probabilities),
        "unknown state": outcome(lambda: seen.probabilities(absorbing=["left"])),
        "unknown method": outcome(lambda: seen.interval(method="wald")),
    }


@case
def chances_drawn() -> Any:
    seen = TransitionCounts([[60.0, 30, 10], [5, 0.5, 20], [0, 0, 0]], ["active", "lapsed", "gone"], unit="year")
    drawn = seen.draws(6, rng=1, absorbing=["gone"])
    return {
        "draws": drawn,
        "draws with a prior": seen.draws(3, rng=np.random.default_rng(2), prior=2.0),
        "values": MigrationModel(drawn, [100, 10, 0], unit="year").value(rate=TEN, timing="now"),
    }
