"""Customers as Markov chains: published values, brute force over paths, exact arithmetic, simulation."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import mpmath as mp
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import log_uniform

from custvalue.discounting.rate import Rate
from custvalue.errors import ParameterError
from custvalue.value.formulas.constant_retention import constant_retention_value
from custvalue.value.formulas.variance import constant_retention_variance
from custvalue.value.migration.chain import MigrationModel

FIFTH = Rate.annual(0.20)
MAIL = MigrationModel.from_recency([0.3, 0.2, 0.15, 0.05], margin=40, contact_cost=4, unit="year")
TIMINGS = ("now", "next", "end", "middle", "continuous")


@st.composite
def chains(draw: st.DrawFn) -> MigrationModel:
    """Chains of 1 to 5 states, some transitions impossible, some states hardly ever left."""
    size = draw(st.integers(1, 5))
    chance = st.one_of(st.just(0.0), st.floats(0.05, 1), log_uniform(1e-12, 1e-3))
    rows = draw(st.lists(st.lists(chance, min_size=size, max_size=size), min_size=size, max_size=size))
    P = np.array(rows) + np.eye(size) * 0.01
    money = st.lists(st.floats(-100, 100).map(lambda m: round(m, 2)), min_size=size, max_size=size)
    return MigrationModel(P / P.sum(axis=1, keepdims=True), draw(money), draw(money), unit="year")


def test_pfeifer_and_carraway_values() -> None:
    """Pfeifer & Carraway (2000): printed vectors for T = 4 and forever; as cited."""
    np.testing.assert_allclose(
        MAIL.value(rate=FIFTH, timing="now", horizon=5),
        [50.11496913580247, 4.219907407407407, 0.5921103395061724, -1.9801311728395066, 0.0],
        rtol=1e-13,
    )
    forever = MAIL.value(rate=FIFTH, timing="now")
    wanted = [52.319609438567944, 5.553783563873069, 1.250772986167616, -1.8200162733930023, 0.0]
    np.testing.assert_allclose(forever, wanted, rtol=1e-13)
    assert np.abs(forever - [52.320, 5.554, 1.251, -1.820, 0]).max() < 5e-4


def test_pfeifer_and_carraway_stop_at_recency_3() -> None:
    """Pfeifer & Carraway (2000): who has not bought for three periods is not mailed; as cited."""
    best = MAIL.best_stop(rate=FIFTH, timing="now")
    assert best.names.tolist() == ["contact", "contact", "contact", "stop", "stop"]
    np.testing.assert_allclose(
        best.value[:4], [53.14942528735633, 6.6206896551724155, 2.6436781609195403, 0], rtol=1e-13
    )
    shorter = MigrationModel.from_recency([0.3, 0.2, 0.15], margin=40, contact_cost=4, unit="year")
    np.testing.assert_allclose(shorter.value(rate=FIFTH, timing="now"), best.value[:4], rtol=1e-13)


def test_pfeifer_and_carraway_visits() -> None:
    """The fundamental matrix's first row, and 6.05 periods until gone; P⁴ by row."""
    visits = MAIL.expected_visits()
    np.testing.assert_allclose(
        visits[0, :4], [2.2114108801415306, 1.5479876160990713, 1.2383900928792568, 1.0526315789473684], rtol=1e-14
    )
    assert visits[0, 4] == visits[4, 4] == np.inf
    assert visits[4, 0] == 0
    periods = [6.050420168067227, 4.621848739495798, 3.014705882352941, 1.3025210084033612, 0]
    np.testing.assert_allclose(MAIL.expected_periods(), periods, rtol=1e-14)
    fourth = MAIL.distribution([1, 0, 0, 0, 0], 4)
    np.testing.assert_allclose(fourth, [0.1397, 0.1365, 0.1288, 0.1428, 0.4522], rtol=1e-13)
    np.testing.assert_array_equal(MAIL.absorbing, [False] * 4 + [True])
    np.testing.assert_allclose(MAIL.absorption()[:, 4], 1, rtol=1e-14)


@given(chains(), st.floats(-0.2, 0.5), st.integers(0, 12), st.sampled_from(TIMINGS), st.sampled_from(TIMINGS))
def test_a_horizon_is_a_sum_of_powers(chain: MigrationModel, d: float, n: int, timing: Any, cost_timing: Any) -> None:
    rate = Rate.annual(d)
    v = 1 / (1 + d)
    average = 1.0 if d == 0 else -np.expm1(-np.log1p(d)) / np.log1p(d)
    factor = {"now": 1.0, "next": v, "end": v, "middle": v**0.5, "continuous": average}
    wanted = np.zeros(len(chain.states))
    for t in range(n):
        here = np.linalg.matrix_power(chain.transitions, t)
        for sign, amount, when in ((1, chain.reward, timing), (-1, chain.cost, cost_timing)):
            reached = here @ chain.transitions if when == "next" else here
            wanted += sign * v**t * factor[when] * (reached @ amount)
    found = chain.value(rate=rate, timing=timing, cost_timing=cost_timing, horizon=n)
    np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-9)


@given(chains(), st.floats(0.2, 1.0), st.sampled_from(TIMINGS), st.sampled_from(TIMINGS))
def test_a_long_horizon_is_forever(chain: MigrationModel, d: float, timing: Any, cost_timing: Any) -> None:
    when: dict[str, Any] = {"timing": timing, "cost_timing": cost_timing}
    forever = chain.value(rate=Rate.annual(d), **when)
    np.testing.assert_allclose(chain.value(rate=Rate.annual(d), horizon=400, **when), forever, rtol=1e-11, atol=1e-9)
    spread = chain.variance(rate=Rate.annual(d), **when)
    np.testing.assert_allclose(chain.variance(rate=Rate.annual(d), horizon=400, **when), spread, rtol=1e-9, atol=1e-7)


@given(chains(), st.floats(0, 0.5), st.integers(0, 4), st.sampled_from(TIMINGS), st.sampled_from(TIMINGS))
def test_mean_and_variance_over_all_paths(
    chain: MigrationModel, d: float, n: int, timing: Any, cost_timing: Any
) -> None:
    """Every sequence of states, with its chance and its present value."""
    size, rate = min(len(chain.states), 3), Rate.annual(d)
    P = chain.transitions[:size, :size] / chain.transitions[:size, :size].sum(axis=1, keepdims=True)
    chain = MigrationModel(P, chain.reward[:size], chain.cost[:size], unit="year")
    v = 1 / (1 + d)
    average = 1.0 if d == 0 else -np.expm1(-np.log1p(d)) / np.log1p(d)
    factor = {"now": 1.0, "next": 1.0, "end": v, "middle": v**0.5, "continuous": average}
    for start in range(size):
        chances, values = [], []
        for path in product(range(size), repeat=n):
            states = (start, *path)
            chances.append(np.prod([P[a, b] for a, b in pairwise(states)]))
            worth = 0.0
            for sign, amount, when in ((1, chain.reward, timing), (-1, chain.cost, cost_timing)):
                later = int(when == "next")
                worth += sign * factor[when] * sum(v**t * amount[states[t]] for t in range(later, n + later))
            values.append(worth)
        mean = np.dot(chances, values)
        variance = np.dot(chances, (np.array(values) - mean) ** 2)
        found = chain.value(rate=rate, timing=timing, cost_timing=cost_timing, horizon=n)[start]
        spread = chain.variance(rate=rate, timing=timing, cost_timing=cost_timing, horizon=n)[start]
        assert found == pytest.approx(mean, rel=1e-10, abs=1e-9)
        assert spread == pytest.approx(variance, rel=1e-9, abs=1e-7)


@given(chains(), st.one_of(log_uniform(1e-14, 1.0), st.just(0.0)))
def test_visits_are_right_to_the_last_digits(chain: MigrationModel, d: float) -> None:
    """Against 60-digit elimination, with the chance of staying taken for what the others leave; d → 0 included."""
    rate, size = Rate.annual(d), len(chain.states)
    chain = MigrationModel(
        np.where(np.arange(size)[:, None] == size - 1, np.eye(size), chain.transitions), 0, unit="year"
    )
    found = chain.expected_visits(rate=rate)
    transient = np.isfinite(found).all(axis=0) if d == 0 else np.ones(size, bool)
    with mp.workdps(60):
        v = mp.exp(-mp.mpf(float(rate.force())))
        P = chain.transitions
        rows = [i for i in range(size) if transient[i]]
        if not rows:
            return
        M = mp.matrix(len(rows), len(rows))
        for a, i in enumerate(rows):
            off = [mp.mpf(float(P[i, j])) if j != i else mp.mpf(0) for j in range(size)]
            for b, j in enumerate(rows):
                M[a, b] = 1 - v * (1 - mp.fsum(off)) if i == j else -v * off[j]
        wanted = M**-1
        for a, i in enumerate(rows):
            for b, j in enumerate(rows):
                assert abs(mp.mpf(float(found[i, j])) - wanted[a, b]) <= 1e-13 * abs(wanted[a, b])


@given(chains(), st.floats(0.01, 0.5), st.randoms(use_true_random=False))
def test_names_of_states_do_not_matter(chain: MigrationModel, d: float, random: Any) -> None:
    order = list(range(len(chain.states)))
    random.shuffle(order)
    moved = MigrationModel(chain.transitions[np.ix_(order, order)], chain.reward[order], chain.cost[order], unit="year")
    rate = Rate.annual(d)
    for name in ("value", "variance"):
        one, other = (getattr(c, name)(rate=rate, timing="middle", cost_timing="now") for c in (chain, moved))
        np.testing.assert_allclose(other, one[order], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(moved.expected_visits(rate=rate), chain.expected_visits(rate=rate)[np.ix_(order, order)])


@pytest.mark.parametrize("timing", TIMINGS)
@pytest.mark.parametrize("horizon", [None, 9])
def test_two_states_are_constant_retention(timing: Any, horizon: int | None) -> None:
    """Active and gone; a continuous reward is spread over the period here, and paid until the very exit there."""
    chain = MigrationModel([[0.8, 0.2], [0, 1]], [100, 0], unit="year")
    terms: dict[str, Any] = {"timing": timing, "horizon": horizon}
    other = {**terms, "timing": "now"} if timing == "continuous" else terms
    scale = 0.2 / 1.2 / np.log(1.2) if timing == "continuous" else 1.0
    wanted = constant_retention_value(100 * scale, 0.8, rate=FIFTH, **other, unit="year")
    spread = constant_retention_variance(100 * scale, 0.8, rate=FIFTH, **other, unit="year")
    assert chain.value(rate=FIFTH, **terms)[0] == pytest.approx(float(wanted), rel=1e-13)
    assert chain.variance(rate=FIFTH, **terms)[0] == pytest.approx(float(spread), rel=1e-12)


def test_without_discounting() -> None:
    """Absorbing states that bring nothing end the sum; those that bring something make it infinite."""
    P = [[0.5, 0.3, 0.2], [0, 1, 0], [0, 0, 1]]
    ends = MigrationModel(P, [10, 0, 0], unit="year")
    np.testing.assert_allclose(ends.value(rate=Rate.zero(), timing="now"), [20, 0, 0])
    np.testing.assert_allclose(ends.value(rate=Rate.zero(), timing="next"), [10, 0, 0])
    assert ends.variance(rate=Rate.zero(), timing="now")[0] == pytest.approx(100 * 0.5 / 0.25)
    pays = MigrationModel(P, [10, 0, 1], [0, 0, 0], unit="year")
    np.testing.assert_array_equal(pays.value(rate=Rate.zero(), timing="middle"), [np.inf, 0, np.inf])
    np.testing.assert_array_equal(pays.value(rate=Rate.zero(), timing="next"), [np.inf, 0, np.inf])
    costs = MigrationModel(P, 0, [0, 0, 1], unit="year")
    np.testing.assert_array_equal(costs.value(rate=Rate.zero(), timing="now"), [-np.inf, 0, -np.inf])
    with pytest.raises(ParameterError, match="infinite gains less infinite losses"):
        MigrationModel(P, [0, 1, -1], unit="year").value(rate=Rate.zero(), timing="now")
    with pytest.raises(ParameterError, match="finite to have a variance"):
        pays.variance(rate=Rate.zero(), timing="now")
    np.testing.assert_allclose(ends.absorption(), [[0, 0.6, 0.4], [0, 1, 0], [0, 0, 1]], rtol=1e-15)


def test_scenarios_of_rewards_are_a_batch_too() -> None:
    chain = MigrationModel.from_recency([0.3, 0.2], margin=[40, 50, 60], contact_cost=[[1], [4]], unit="year")
    assert chain.transitions.shape == (2, 3, 3, 3)
    one = MigrationModel.from_recency([0.3, 0.2], margin=50, contact_cost=4, unit="year")
    value = chain.value(rate=Rate.annual([0.1, 0.2, 0.3]), timing="now")
    np.testing.assert_allclose(value[1, 1], one.value(rate=FIFTH, timing="now"), rtol=1e-15)
    assert chain.best_stop(rate=FIFTH, timing="now").action.shape == (2, 3, 3)


def test_batches_of_chains() -> None:
    rng = np.random.default_rng(1)
    P = rng.dirichlet(np.ones(3), size=(4, 1, 3))
    P[0, 0] = np.eye(3)[[1, 2, 2]]
    reward, cost, rates = rng.random((4, 1, 3)), rng.random(3), Rate.annual([0.0, 0.1])
    batch = MigrationModel(P, reward, cost, unit="year")
    for horizon in (6, 40):
        value = batch.value(rate=rates, timing="end", cost_timing="now", horizon=horizon)
        spread = batch.variance(rate=rates, timing="end", cost_timing="now", horizon=horizon)
        assert value.shape == spread.shape == (4, 2, 3)
        one = MigrationModel(P[2, 0], reward[2, 0], cost, unit="year")
        np.testing.assert_allclose(
            value[2, 1], one.value(rate=Rate.annual(0.1), timing="end", cost_timing="now", horizon=horizon), rtol=1e-14
        )
        np.testing.assert_allclose(
            spread[2, 1],
            one.variance(rate=Rate.annual(0.1), timing="end", cost_timing="now", horizon=horizon),
            rtol=1e-12,
        )
    assert batch.expected_visits().shape == (4, 1, 3, 3)
    assert batch.expected_periods()[0, 0].tolist() == [2, 1, 0]
    assert MigrationModel(P[:, 0], 1, unit="year").value(
        rate=Rate.annual([0.1, 0.2, 0.3, 0.4]), timing="now"
    ).shape == (4, 3)


def test_who_is_hardly_ever_lost_keeps_all_digits() -> None:
    """A monthly chance of 1e-13 to leave, at 1e-13 a month: 1/(2e-13) months, not 1 - .9999... twice rounded."""
    chain = MigrationModel([[1 - 1e-13, 1e-13], [0, 1]], [1, 0], unit="month")
    rate = Rate.monthly(1e-13)
    value = chain.value(rate=rate, timing="now")[0]
    assert value == pytest.approx(1 / 2e-13, rel=1e-12)
    assert chain.expected_periods()[0] == pytest.approx(1e13, rel=1e-14)


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"transitions": [[0.5, 0.4], [0, 1]]}, r"each row of transitions must sum to 1; broken in 1 of 2 rows"),
        ({"transitions": [[0.5, 0.5, 0], [0, 1, 0]]}, "transitions must be square"),
        ({"transitions": [[1.5, -0.5], [0, 1]]}, "transitions must lie between 0 and 1"),
        ({"reward": [1, 2, 3]}, r"reward must broadcast to \(2,\), one per state"),
        ({"states": ["a", "a"]}, "states must be 2 different names"),
        ({"states": ["a"]}, "states must be 2 different names"),
        ({"cost": [[1], [2], [3]], "reward": [1, 2, 3]}, "reward must broadcast"),
        ({"unit": "eon"}, "unit must be one of"),
    ],
)
def test_what_is_refused(given_: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        MigrationModel(**{"transitions": [[0.5, 0.5], [0, 1]], "reward": [1, 0], "unit": "year", **given_})


def test_a_dataframe_must_have_its_rows_in_the_order_of_its_columns() -> None:
    chances = pd.DataFrame([[0.9, 0.1], [0.0, 1.0]], index=["here", "gone"], columns=["here", "gone"])
    assert MigrationModel(chances, [1, 0], unit="year") == MigrationModel(chances.to_numpy(), [1, 0], unit="year")
    with pytest.raises(ParameterError, match=r"states in the same order; got rows \['gone', 'here'\]"):
        MigrationModel(chances.loc[["gone", "here"]], [1, 0], unit="year")


def test_what_a_value_refuses() -> None:
    with pytest.raises(ParameterError, match="rate must be >= 0 for a value forever"):
        MAIL.value(rate=Rate.annual(-0.01), timing="now")
    with pytest.raises(ParameterError, match="cost_timing must be"):
        MAIL.value(rate=FIFTH, timing="now", cost_timing="later")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="whole number"):
        MAIL.value(rate=FIFTH, timing="now", horizon=2.5)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="got 'next'"):
        MAIL.best_stop(rate=FIFTH, timing="next")
    with pytest.raises(ParameterError, match="at least one probability"):
        MigrationModel.from_recency([], margin=1, unit="year")
    with pytest.raises(TypeError):
        MAIL.value(rate=FIFTH)  # type: ignore[call-arg]


def test_models_are_values() -> None:
    again = MigrationModel.from_recency([0.3, 0.2, 0.15, 0.05], margin=40, contact_cost=4, unit="year")
    assert again == MAIL
    assert again != MigrationModel.from_recency([0.3, 0.2, 0.15, 0.06], margin=40, contact_cost=4, unit="year")
    with pytest.raises(ValueError, match="read-only"):
        MAIL.transitions[0, 0] = 1
