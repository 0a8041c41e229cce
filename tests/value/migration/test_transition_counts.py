"""Counting transitions: sequences, long tables of every kind, estimates, intervals and draws."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from custvalue.discounting.rate import Rate
from custvalue.errors import DataError, ParameterError
from custvalue.value.migration.transition_counts import TransitionCounts

SEQUENCES = [["new", "loyal", "loyal", "gone"], ["new", "gone", "gone"], ["loyal"], []]
LONG = {
    "customer_id": ["b", "a", "a", "b", "a", "b", "a", "c"],
    "period": [2, 0, 2, 0, 1, 1, 3, 7],
    "state": ["gone", "new", "loyal", "new", "loyal", "gone", "gone", "loyal"],
}
WANTED = [[1, 0, 0], [1, 1, 0], [1, 1, 0]]


def test_sequences() -> None:
    seen = TransitionCounts.from_sequences(SEQUENCES, unit="month")
    assert seen.states == ("gone", "loyal", "new")
    np.testing.assert_array_equal(seen.counts, WANTED)
    ordered = TransitionCounts.from_sequences(SEQUENCES, states=["new", "loyal", "idle", "gone"], unit="year")
    np.testing.assert_array_equal(ordered.counts[0], [0, 1, 0, 1])
    np.testing.assert_array_equal(ordered.counts[2], 0)
    assert seen == TransitionCounts(WANTED, ["gone", "loyal", "new"], unit="month")


FRAMES = {
    "mapping": dict,
    "pandas": pd.DataFrame,
    "pandas categories": lambda c: pd.DataFrame(c).astype({"state": "category"}),
    "polars": pl.DataFrame,
    "lazy": pl.LazyFrame,
    "pyarrow": pa.table,
}


@pytest.mark.parametrize("kind", FRAMES)
def test_long_tables(kind: str) -> None:
    seen = TransitionCounts.from_table(FRAMES[kind](LONG), unit="year")
    assert seen.states == ("gone", "loyal", "new")
    np.testing.assert_array_equal(seen.counts, WANTED)


def test_a_table_of_duckdb() -> None:
    with duckdb.connect() as connection:
        connection.register("log", pa.table(LONG))
        seen = TransitionCounts.from_table(connection.sql("select * from log"), unit="year")
        np.testing.assert_array_equal(seen.counts, WANTED)


def test_numbers_as_states_are_in_order() -> None:
    seen = TransitionCounts.from_table(
        {"who": [1, 1, 1], "year": [2001, 2003, 2002], "stars": [10, 9, 2]},
        customer="who",
        time="year",
        state="stars",
        unit="year",
    )
    assert seen.states == ("2", "9", "10")
    np.testing.assert_array_equal(seen.counts, [[0, 1, 0], [0, 0, 0], [1, 0, 0]])


@given(
    st.lists(st.lists(st.sampled_from("abc"), max_size=6), min_size=1, max_size=8), st.randoms(use_true_random=False)
)
def test_a_table_is_its_sequences_in_any_order(sequences: list[list[str]], random: Any) -> None:
    rows = [(i, t, s) for i, sequence in enumerate(sequences) for t, s in enumerate(sequence)]
    random.shuffle(rows)
    columns = [np.array(column) for column in zip(*rows, strict=True)] if rows else [np.zeros(0, int)] * 3
    table = dict(zip(("customer_id", "period", "state"), columns, strict=True))
    one = TransitionCounts.from_sequences(sequences, states=["a", "b", "c"], unit="year")
    if rows:
        assert TransitionCounts.from_table(table, states=["a", "b", "c"], unit="year") == one
    assert one.counts.sum() == sum(max(len(sequence) - 1, 0) for sequence in sequences)


def test_estimates_are_shares_of_counts() -> None:
    seen = TransitionCounts([[8, 2, 0], [3, 6, 1], [0, 0, 0]], ["a", "b", "gone"], unit="year")
    P = seen.probabilities(absorbing=["gone"])
    np.testing.assert_allclose(P, [[0.8, 0.2, 0], [0.3, 0.6, 0.1], [0, 0, 1]])
    np.testing.assert_allclose(seen.probabilities(prior=1)[0], [9 / 13, 3 / 13, 1 / 13])
    np.testing.assert_allclose(seen.probabilities(prior=1)[2], 1 / 3)
    structural = seen.probabilities(prior=[[0, 0, 0], [0, 0, 0], [0, 0, 1]])
    np.testing.assert_allclose(structural, P)
    with pytest.raises(DataError, match=r"nothing follows \['gone'\]. Name states that are never left in absorbing="):
        seen.probabilities()
    with pytest.raises(ParameterError, match="absorbing must list states"):
        seen.probabilities(absorbing=["left"])
    with pytest.raises(ParameterError, match="absorbing must list states"):
        seen.probabilities(absorbing="gone")


@pytest.mark.parametrize("level", [0.5, 0.95])
def test_wilson_intervals(level: float) -> None:
    counts = np.array([[8, 2, 0], [30, 60, 10], [0, 0, 5]])
    low, high = TransitionCounts(counts, "abc", unit="year").interval(level)
    for i in range(3):
        for j in range(3):
            n = int(counts[i].sum())
            wanted = stats.binomtest(int(counts[i, j]), n).proportion_ci(level, method="wilson")
            assert (low[i, j], high[i, j]) == pytest.approx((wanted.low, wanted.high), abs=1e-14)


def test_dirichlet_intervals_and_draws() -> None:
    counts = np.array([[8.0, 2, 0], [30, 60, 10], [0, 0, 0]])
    seen = TransitionCounts(counts, "abc", unit="year")
    low, high = seen.interval(0.9, method="dirichlet")
    posterior = stats.beta(counts + 0.5, (counts + 0.5).sum(axis=1, keepdims=True) - counts - 0.5)
    np.testing.assert_allclose(low, posterior.ppf(0.05), rtol=1e-10)
    np.testing.assert_allclose(high, posterior.ppf(0.95), rtol=1e-10)
    draws = seen.draws(4000, rng=1)
    assert draws.shape == (4000, 3, 3)
    np.testing.assert_allclose(draws.sum(axis=-1), 1, rtol=1e-14)
    error = posterior.std() / np.sqrt(4000)
    assert (np.abs(draws.mean(axis=0) - posterior.mean()) < 4.5 * error).all()
    exact_low, exact_high = seen.interval(method="dirichlet", prior=0)
    np.testing.assert_array_equal((exact_low[0, 2], exact_high[0, 2]), (0, 0))
    np.testing.assert_array_equal((exact_low[2], exact_high[2]), ([0] * 3, [1] * 3))


def test_draws_of_a_small_prior_are_chances() -> None:
    """Gamma variables of weights this small are mostly below the smallest float; their shares are not."""
    draws = TransitionCounts([[0, 0], [1, 1]], "ab", unit="year").draws(4000, rng=1, prior=1e-3)
    np.testing.assert_allclose(draws.sum(axis=-1), 1, rtol=1e-14)
    assert draws[:, 0, 0].mean() == pytest.approx(0.5, abs=4.5 * 0.5 / np.sqrt(4000))


def test_unknown_rows_may_be_anything() -> None:
    low, high = TransitionCounts([[0, 0], [1, 1]], "ab", unit="year").interval()
    np.testing.assert_array_equal((low[0], high[0]), ([0, 0], [1, 1]))


def test_intervals_cover() -> None:
    """1000 times 40 customers: each 90 % Wilson interval holds the truth in about 90 % of cases."""
    P, rng = np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.0, 0.0, 1.0]]), np.random.default_rng(0)
    hits = np.zeros((2, 3))
    for _ in range(1000):
        counts = np.vstack([rng.multinomial(40, P[0]), rng.multinomial(40, P[1]), [0, 0, 1]])
        low, high = TransitionCounts(counts, "abc", unit="year").interval(0.9)
        hits += ((low <= P) & (P <= high))[:2]
    assert (np.abs(hits / 1000 - 0.9) < 0.05).all()


def test_a_model_and_its_uncertainty() -> None:
    seen = TransitionCounts([[80, 20], [0, 0]], ["active", "gone"], unit="month")
    model = seen.model([10, 0], absorbing=["gone"])
    assert model.states == ("active", "gone")
    assert model.unit == "month"
    value = model.value(rate=Rate.annual(0.1), timing="now")[0]
    draws = seen.draws(500, rng=3, absorbing=["gone"])
    batch = type(model)(draws, [10, 0], unit="month").value(rate=Rate.annual(0.1), timing="now")
    assert batch.shape == (500, 2)
    low, high = np.quantile(batch[:, 0], [0.05, 0.95])
    assert low < value < high


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"period": [2, 0, 2, 0, 1, 1, 4, 7]},
            r"consecutive; broken in 1 of 7 rows, first: customer 'a' \(period=4.0\). .*gaps='skip'",
        ),
        (
            {"period": [2, 0, 2, 0, 1, 1, 2, 7]},
            r"one row per period; broken in 1 of 7 rows, first: customer 'a' \(period=2.0\)",
        ),
        (
            {"period": [2.5] * 8},
            r"period must be whole numbers below 2\^53; broken in 8 of 8 rows, first: row 0 \(period=2.5\)",
        ),
        (
            {"period": [1, 1e300, 3, 4, 5, 6, 7, 8]},
            r"period must be whole numbers below 2\^53; broken in 1 of 8 rows, first: row 1",
        ),
        ({"period": ["1"] * 8}, "period must be numbers"),
        ({"state": [None, *LONG["state"][1:]]}, "state must be present; broken in 1 of 8 rows, first: row 0"),
        ({"state": None}, "state"),
    ],
)
def test_what_a_table_must_not_have(change: dict[str, Any], message: str) -> None:
    table = {name: column for name, column in {**LONG, **change}.items() if column is not None}
    with pytest.raises(DataError, match=message):
        TransitionCounts.from_table(table, unit="year")


def test_gaps_may_be_skipped() -> None:
    table = {**LONG, "period": [2, 0, 3, 0, 1, 1, 4, 7]}
    seen = TransitionCounts.from_table(table, gaps="skip", unit="year")
    np.testing.assert_array_equal(seen.counts, [[1, 0, 0], [1, 0, 0], [1, 1, 0]])
    with pytest.raises(ParameterError, match="gaps must be"):
        TransitionCounts.from_table(LONG, gaps="fill", unit="year")  # type: ignore[arg-type]


def test_what_is_refused() -> None:
    with pytest.raises(DataError, match=r"states must name every state in the data; missing: \['loyal'\]"):
        TransitionCounts.from_sequences(SEQUENCES, states=["new", "gone"], unit="year")
    with pytest.raises(DataError, match=r"first: row 2 \(sequence=1.0\)"):
        TransitionCounts.from_sequences([["a"], ["a", None]], unit="year")
    with pytest.raises(DataError, match="three columns"):
        TransitionCounts.from_table(LONG, time="state", unit="year")
    with pytest.raises(ParameterError, match="counts must be >= 0"):
        TransitionCounts([[-1]], ["a"], unit="year")
    with pytest.raises(ParameterError, match="counts must be square"):
        TransitionCounts([[1, 2]], ["a"], unit="year")
    with pytest.raises(ParameterError, match="states must be 1 different names"):
        TransitionCounts([[1]], ["a", "b"], unit="year")
    seen = TransitionCounts([[1]], ["a"], unit="year")
    with pytest.raises(ParameterError, match="level must lie strictly between"):
        seen.interval(95)
    with pytest.raises(ParameterError, match="method must be"):
        seen.interval(method="wald")  # type: ignore[arg-type]
