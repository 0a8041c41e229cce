"""What all evidence shares, over RFM, Opportunities and Tenures: weights, covariates, ids, shapes and ownership."""

from __future__ import annotations

import pickle
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from attrs import evolve

from custvalue import RFM, DataError, Opportunities, ParameterError, Tenures, datasets

ROWS: dict[type[Any], dict[str, Any]] = {
    RFM: {
        "x": [2, 0, 2, 1],
        "t_x": [4, 0, 4, 3],
        "T": [9, 8, 9, 9],
        "m": [5, 0, 7, 2],
        "log_interpurchase": [1, 0, 1, np.log(3)],
    },
    Opportunities: {"x": [2, 0, 2, 1], "t_x": [4, 0, 4, 3], "n": [6, 5, 6, 6]},
    Tenures: {"duration": [4, 9, 4, 3], "ended": [1, 0, 1, 1], "entry": [1, 0, 1, 0]},
}
IDS = ["ann", "bob", "cyd", "dan"]
every = pytest.mark.parametrize("kind", ROWS, ids=lambda kind: kind.__name__)


def make(kind: type[Any], **more: Any) -> Any:
    return kind(**ROWS[kind], **{"unit": "week", **more})


def repeated(rows: Any, times: list[int]) -> Any:
    """Each row as often as its weight says."""
    return rows[np.repeat(np.arange(len(rows)), times)]


@every
def test_the_unit_is_required(kind: type[Any]) -> None:
    with pytest.raises(TypeError, match="unit"):
        kind(**ROWS[kind])
    with pytest.raises(ParameterError, match="unit must be one of"):
        make(kind, unit="fortnight")


@every
def test_counts_of_distinct_rows_are_sums_of_weights(kind: type[Any]) -> None:
    rows = make(kind, weights=[3, 4, 0.5, 2])
    assert (len(rows), rows.customers) == (4, 9.5)
    each = rows.distinct()
    assert sorted(each.counts) == [2, 3.5, 4]
    assert rows.distinct() is each
    plain = make(kind)
    assert (plain.customers, sorted(plain.distinct().counts)) == (4, [1, 1, 2])
    assert plain.weights.tolist() == [1, 1, 1, 1]


@every
def test_a_row_with_a_weight_is_as_many_rows(kind: type[Any]) -> None:
    times = [3, 4, 1, 2]
    weighted, single = make(kind, weights=times).distinct(), repeated(make(kind), times).distinct()
    for one, other in zip(weighted.columns, single.columns, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(weighted.counts, single.counts)
    assert repr(make(kind, weights=times)) == repr(repeated(make(kind), times))


@every
@pytest.mark.parametrize("bad", [-1, np.nan, np.inf])
def test_weights_are_numbers_of_customers(kind: type[Any], bad: float) -> None:
    with pytest.raises(DataError, match=r"weights must be finite and >= 0; broken in 1 of 4.*'cyd' \(weights="):
        make(kind, weights=[1, 1, bad, 1], ids=IDS)
    with pytest.raises(DataError, match="columns must have one length"):
        make(kind, weights=[1, 2, 3])


@every
def test_everything_goes_with_the_rows(kind: type[Any]) -> None:
    rows = make(
        kind, weights=[3, 4, 5, 2], ids=IDS, covariates={"age": [31, 40, 28, 55], "web": [True, False, True, True]}
    )
    for chosen in (rows[[2, 0]], rows[np.array([2, 0])], rows[2::-2]):
        assert chosen.ids.tolist() == ["cyd", "ann"]
        assert chosen.weights.tolist() == [5, 3]
        assert {name: each.tolist() for name, each in chosen.covariates.items()} == {"age": [28, 31], "web": [1, 1]}
    assert rows[rows.covariates["web"] == 0].ids.tolist() == ["bob"]
    assert rows[1].ids.ravel().tolist() == ["bob"]
    assert repr(rows).endswith("; covariates: age, web")


@every
def test_equality_and_pickles(kind: type[Any]) -> None:
    rows = make(kind, weights=[3, 4, 5, 2], ids=IDS, covariates={"age": [31, 40, 28, 55]})
    rows.distinct()
    assert pickle.loads(pickle.dumps(rows)) == rows  # noqa: S301 (its own)
    assert evolve(rows) == rows
    for other in (
        {"weights": [3, 4, 5, 1]},
        {"ids": IDS[::-1]},
        {"covariates": {"age": [31, 40, 28, 56]}},
        {"unit": "day"},
    ):
        assert evolve(rows, **other) != rows
    assert evolve(rows, covariates=None) != rows


@every
@pytest.mark.parametrize("hold", [np.array, lambda values: pd.Series(np.array(values)), lambda v: np.array(v)[:]])
def test_the_columns_are_the_object_s_own(kind: type[Any], hold: Any) -> None:
    given = {name: np.array(values, dtype=np.float64) for name, values in ROWS[kind].items()}
    given["weights"], ids, age = np.ones(4), np.array(IDS), np.array([31.0, 40, 28, 55])
    rows = kind(**{name: hold(values) for name, values in given.items()}, ids=ids, covariates={"age": age}, unit="week")
    same = kind(**given, ids=ids, covariates={"age": age}, unit="week")
    for array in (*given.values(), age):
        array[:] = -1
    ids[:] = "eve"
    assert rows == make(kind, ids=IDS, covariates={"age": [31, 40, 28, 55]}) == same
    for name in (*given, "ids"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(rows, name)[0] = getattr(rows, name)[1]
    with pytest.raises(ValueError, match="read-only"):
        rows.covariates["age"][0] = 1
    with pytest.raises(TypeError):
        rows.covariates["age"] = age


@every
def test_columns_that_nobody_can_write_to_are_not_copied(kind: type[Any]) -> None:
    given = {name: np.array(values, dtype=np.float64) for name, values in ROWS[kind].items() if name != "ended"}
    for array in given.values():
        array.flags.writeable = False
    rows = kind(**{**ROWS[kind], **given}, unit="week")
    for name in given.keys() - {"m", "log_interpurchase"}:
        assert getattr(rows, name) is given[name]
        assert np.may_share_memory(getattr(rows[1:], name), given[name])


@every
def test_a_table_s_column_never_becomes_a_table(kind: type[Any]) -> None:
    first, *others = ROWS[kind]
    column = np.array(ROWS[kind][first])[:, None]
    with pytest.raises(DataError, match=rf"{first} \(4, 1\), .*Ravel a table's column"):
        kind(**{**ROWS[kind], first: column}, unit="week")
    with pytest.raises(DataError, match="Ravel"):
        make(kind, weights=np.ones((4, 1)))
    with pytest.raises(DataError, match=r"one length; got .*\(3,\)"):
        kind(**{**ROWS[kind], others[0]: [1, 1, 0]}, unit="week")
    with pytest.raises(DataError, match=r"ids must have one value per row: shape \(4,\), got \(4, 1\)"):
        make(kind, ids=np.array(IDS)[:, None])


PEOPLE = {
    "who": ["eve", "dan", "cyd", "bob", "ann"],
    "age": [60, 55, 28, 40, 31],
    "web": [True, True, True, False, True],
}
TABLES = {
    "mapping": dict,
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "polars lazy": pl.LazyFrame,
    "pyarrow": pa.table,
    "duckdb": lambda people: duckdb.from_arrow(pa.table(people)),
}


@every
@pytest.mark.parametrize("table", TABLES)
def test_covariates_are_joined_by_id(kind: type[Any], table: str) -> None:
    rows = make(kind, ids=IDS).with_covariates(TABLES[table](PEOPLE), id="who", columns=["age", "web"])
    assert rows == make(kind, ids=IDS, covariates={"age": [31, 40, 28, 55], "web": [1, 0, 1, 1]})
    more = rows.with_covariates({"who": IDS, "income": [1, 2, 3, 4]}, id="who", columns=["income"])
    assert list(more.covariates) == ["age", "web", "income"]


def test_ids_of_numbers_and_of_objects_are_joined() -> None:
    rfm = RFM([1, 0], [1, 0], 2, ids=[10, 7], unit="week")
    found = rfm.with_covariates({"id": np.array([7, 8, 10]), "age": [1.0, 2.0, 3.0]}, id="id", columns=["age"])
    assert found.covariates["age"].tolist() == [3, 1]
    mixed = RFM([1, 0], [1, 0], 2, ids=np.array([("a", 1), "b"], dtype=object), unit="week")
    people = {"id": np.array(["b", ("a", 1)], dtype=object), "age": [1, 2]}
    assert mixed.with_covariates(people, id="id", columns=["age"]).covariates["age"].tolist() == [2, 1]


def test_a_customer_may_have_several_relationships() -> None:
    tenures = Tenures([3, 4, 5], 0, ids=["ann", "bob", "ann"], unit="month")
    found = tenures.with_covariates({"id": ["bob", "ann"], "age": [40, 31]}, id="id", columns=["age"])
    assert found.covariates["age"].tolist() == [31, 40, 31]


@pytest.mark.parametrize(
    ("people", "said"),
    [
        (
            {**PEOPLE, "who": ["eve", "dan", "x", "y", "ann"]},
            r"'who' must have every customer; missing are 2, first: 'bob', 'cyd'",
        ),
        (
            {**PEOPLE, "who": ["ann", "dan", "cyd", "bob", "ann"]},
            r"every customer once; more than once are 1, first: 'ann'",
        ),
        ({**PEOPLE, "who": [1, 2, 3, 4, 5]}, "missing are 4"),
        (
            {**PEOPLE, "age": ["old", "young", "young", "old", "old"]},
            r"age must be numbers; got 'old'. .*dummy columns",
        ),
        ({**PEOPLE, "age": [60, None, 28, 40, 31]}, r"age must be finite; broken in 1 of 4"),
        ({**PEOPLE, "age": np.array(["2024-01-01"] * 5, "datetime64[D]")}, "age must be numbers.*times since"),
        ({"who": IDS}, "no column 'age'"),
    ],
)
def test_covariates_that_are_refused(people: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        make(RFM, ids=IDS).with_covariates(pd.DataFrame(people), id="who", columns=["age"])


def test_covariates_need_ids_and_lengths() -> None:
    with pytest.raises(DataError, match="covariates are joined by id, and the rows have none"):
        make(RFM).with_covariates(PEOPLE, id="who", columns=["age"])
    with pytest.raises(DataError, match=r"age must have one value per row: shape \(4,\), got \(2,\)"):
        make(RFM, covariates={"age": [1, 2]})
    with pytest.raises(DataError, match="dummy columns"):
        make(RFM, covariates={"channel": pd.Series(["web", "shop", "web", "web"], dtype="category")})


def test_donors_are_22_rows_or_11104() -> None:
    table = datasets.donations()
    donors = Opportunities.from_table(table, unit="year")
    assert (len(donors), donors.customers) == (22, 11_104)
    people = repeated(evolve(donors, weights=None), table["weights"])
    assert len(people) == 11_104
    assert repr(people) == repr(donors)
    for names in (("x", "t_x", "n"), ("x", "n", "t_x"), ("n",)):
        weighted, single = donors.distinct(*names), people.distinct(*names)
        np.testing.assert_array_equal(weighted.counts, single.counts)
        np.testing.assert_array_equal(weighted.columns, single.columns)


@pytest.mark.parametrize("build", TABLES.values())
def test_tables_of_counts(build: Any) -> None:
    x, t_x, T = [2, 0], [4.0, 0.0], [9.0, 9.0]
    rfm = RFM.from_table(build({"x": x, "t_x": t_x, "T": T, "people": [3, 5]}), unit="week", weights="people")
    assert rfm == RFM(x, t_x, T, weights=[3, 5], unit="week")
    assert RFM.from_table(build({"x": x, "t_x": t_x, "T": T, "weights": [3, 5]}), unit="week") == rfm
    tenures = Tenures.from_table(build({"T": [1, 2], "E": [1, 0], "n": [3, 5]}), unit="month", weights="n")
    assert tenures == Tenures([1, 2], [1, 0], weights=[3, 5], unit="month")
    chances = Opportunities.from_table(
        build({"x": x, "t_x": [4, 0], "n": [6, 6], "people": [3, 5]}), unit="year", weights="people"
    )
    assert chances == Opportunities(x, [4, 0], 6, weights=[3, 5], unit="year")
