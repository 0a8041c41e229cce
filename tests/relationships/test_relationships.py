"""Relationships as columns: from records and back, from tables of any library."""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.errors import DataError, ParameterError
from custvalue.records.cash_flow import CashFlow
from custvalue.records.customer import Customer
from custvalue.records.relationship import Relationship
from custvalue.records.trait import Trait
from custvalue.relationships.relationships import RelationshipTable, as_relationships

NAMES = ["ann", "steel", "press"]
TABLE: dict[str, list[Any]] = {
    "name": NAMES,
    "since": [dt.date(2020, 1, 1), dt.date(2019, 6, 1), dt.date(2021, 1, 1)],
    "until": [None, None, dt.date(2022, 1, 1)],
    "kind": ["customer", "supplier", "media"],
    "mood": ["positive", None, "negative"],
    "contract": [False, True, None],
    "trust": [4.0, None, 1.0],
}
PAID: dict[str, list[Any]] = {
    "name": ["steel", "ann", "ann"],
    "amount": [-500.0, 20.0, 30.0],
    "day": [dt.date(2020, 5, 1), dt.date(2020, 1, 1), dt.date(2021, 1, 1)],
    "what": ["purchase", "purchase", "service"],
}
MADE = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "lazy polars": lambda columns: pl.DataFrame(columns).lazy(),
    "pyarrow": pa.table,
    "mapping": dict,
}


def read(table: Any, paid: Any) -> RelationshipTable:
    return RelationshipTable.from_table(
        table,
        id="name",
        start="since",
        end="until",
        party="kind",
        valence="mood",
        contractual="contract",
        traits={"trust": (1, 5)},
        flows=paid,
        flow_id="name",
        flow_when="day",
        flow_kind="what",
    )


@st.composite
def records(draw: st.DrawFn, *, dated: bool) -> list[Relationship]:
    days = st.dates(dt.date(1990, 1, 1), dt.date(2030, 1, 1))
    times = days if dated else st.floats(-50, 50)

    def one(i: int) -> Relationship:
        start = draw(times)
        return Relationship(
            i,
            start,
            draw(st.none() | times.filter(lambda end: end >= start)),
            [CashFlow(a, draw(times), draw(st.sampled_from(["purchase", "service"]))) for a in draw(amounts)],
            party=draw(st.sampled_from(["customer", "supplier", "press"])),
            contractual=draw(st.sampled_from([None, True, False])),
            valence=draw(st.sampled_from([None, "positive", "negative"])),
            type=draw(st.sampled_from([None, "best friends"])),
            traits=[Trait(name, draw(st.floats(1, 7)), low=1, high=7) for name in draw(measured)],
        )

    amounts = st.lists(st.floats(-1e6, 1e6), max_size=3)
    measured = st.lists(st.sampled_from(["trust", "satisfaction"]), unique=True)
    return [one(i) for i in range(draw(st.integers(0, 4)))]


@given(st.data(), st.booleans())
def test_records_come_back(data: st.DataObject, dated: bool) -> None:
    members = data.draw(records(dated=dated))
    columns = RelationshipTable.from_records(members)
    again = columns.records()
    assert RelationshipTable.from_json(columns.to_json()).records() == again
    order = {name: i for i, name in enumerate(columns.traits)}
    for one, other in zip(members, again, strict=True):
        assert sorted(one.traits, key=lambda trait: order[trait.name]) == list(other.traits)
        assert (one.id, one.start, one.end, one.cash_flows) == (other.id, other.start, other.end, other.cash_flows)
        assert (one.party, one.contractual, one.valence, one.type) == (
            other.party, other.contractual, other.valence, other.type
        )  # fmt: skip


@pytest.mark.parametrize("library", MADE)
def test_tables_of_any_library_are_the_same_relationships(library: str) -> None:
    rows = read(MADE[library](TABLE), MADE[library](PAID))
    check(rows)
    table = rows.table(worth=[1.0, 2.0, 3.0])
    if library == "pandas":
        assert list(table["worth"]) == [1.0, 2.0, 3.0]
        assert isinstance(table, pd.DataFrame)
    if library == "lazy polars":
        assert isinstance(table, pl.LazyFrame)
    if library == "mapping":
        assert table["valence"].tolist() == ["positive", "", "negative"]


def test_a_duckdb_relation_is_read() -> None:
    table, paid = pa.table(TABLE), pa.table(PAID)
    with duckdb.connect() as connection:
        connection.register("rows", table)
        connection.register("paid", paid)
        check(read(connection.sql("SELECT * FROM rows"), connection.sql("SELECT * FROM paid")))


def check(rows: RelationshipTable) -> None:
    assert rows.ids.tolist() == NAMES
    assert rows.dated
    assert rows.party.tolist() == TABLE["kind"]
    np.testing.assert_array_equal(rows.valence, [1, 0, -1])
    np.testing.assert_array_equal(rows.contractual, [0, 1, np.nan])
    np.testing.assert_array_equal(rows.traits["trust"].normalized, [0.75, np.nan, 0])
    assert rows.running("2021-06-01").tolist() == [True, True, True]
    assert rows.running("2022-01-01").tolist() == [True, True, False]
    np.testing.assert_allclose(rows.age("2023-01-01"), np.array([1096, 1310, 365]) / 365.25, rtol=1e-14)
    np.testing.assert_array_equal(rows.flow_sums(rows.flows.flows.amounts), [50, -500, 0])
    assert rows.flows[0].kinds is not None
    assert rows.flows[0].kinds.tolist() == ["purchase", "service"]
    ann = rows.records()[0]
    assert (ann.start, ann.end, ann.valence, ann.contractual) == (dt.date(2020, 1, 1), None, "positive", False)
    assert ann.cash_flows == (
        CashFlow(20.0, dt.date(2020, 1, 1)), CashFlow(30.0, dt.date(2021, 1, 1), "service")
    )  # fmt: skip


def test_a_customer_stands_for_all_their_relationships() -> None:
    web, shop = Relationship("web", -2.0, cash_flows=[CashFlow(5, -1.0)]), Relationship("shop", -1.0)
    rows = as_relationships([Customer("ann", [web, shop]), Relationship("steel", -3.0, party="supplier")])
    assert rows.ids.tolist() == ["web", "shop", "steel"]
    np.testing.assert_array_equal(rows.age(), [2, 1, 3])
    assert repr(rows) == "3 relationships: 2 customer, 1 supplier; 1 cash flows"
    assert as_relationships(rows) is rows


def test_a_million_rows_are_read_at_once() -> None:
    n = 1_000_000
    table = {"id": np.arange(n), "start": np.full(n, -1.0)}
    paid = {"id": np.arange(n)[::-1], "amount": np.arange(n, dtype=float), "when": np.zeros(n)}
    rows = RelationshipTable.from_table(table, id="id", start="start", flows=paid)
    np.testing.assert_array_equal(rows.flow_sums(rows.flows.flows.amounts), np.arange(n)[::-1])


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"trust": [6.0, None, 1.0]}, "from 1 to 5; broken in 1 of 3 rows, first: customer 'ann'"),
        ({"mood": ["good", None, None]}, "or empty; 1 of 3 are not, first: 'good'"),
        ({"until": [dt.date(2019, 1, 1), None, None]}, "start must be known and start <= end must hold"),
        ({"since": [None, dt.date(2019, 6, 1), dt.date(2021, 1, 1)]}, "start must be known"),
        ({"since": [1.0, 2.0, 3.0]}, "start and end must both be dates"),
        ({"name": ["ann", "ann", "steel"]}, "every relationship must have an own id"),
        ({"name": ["ann", "bob", "press"]}, "in the table; 1 of 3 are not, first: 'steel'. Name .*id="),
    ],
)  # fmt: skip
def test_what_is_refused(change: dict[str, list[Any]], rule: str) -> None:
    with pytest.raises(DataError, match=rule):
        read({**TABLE, **change}, PAID)


def test_records_and_moments_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError, match="must be Relationship or Customer objects; got 5"):
        RelationshipTable.from_records([5])  # type: ignore[list-item]
    with pytest.raises(DataError, match="must be records or a RelationshipTable; got a int"):
        RelationshipTable.from_records(5)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="mixes dates and years"):
        RelationshipTable.from_records([Relationship("a", 0.0), Relationship("b", "2020-01-01")])
    rows = RelationshipTable.from_records([Relationship("a", "2020-01-01")])
    with pytest.raises(ParameterError, match="as_of must be a date such as"):
        rows.age()
    with pytest.raises(ParameterError, match="as_of must be left out"):
        RelationshipTable.from_records([Relationship("a", 0.0)]).age("2020-01-01")


@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        ({"contractual": [7]}, "contractual must be true, false or empty"),
        ({"contractual": ["yes"]}, "contractual must be numbers; got 'yes'"),
        ({"trust": ["high"]}, "trust must be numbers; got 'high'"),
    ],
)
def test_columns_of_another_kind_are_refused(columns: dict[str, list[Any]], rule: str) -> None:
    table = {"id": [1], "start": [0.0], "contractual": [1], "trust": [3], **columns}
    with pytest.raises(DataError, match=rule):
        RelationshipTable.from_table(table, start="start", id="id", contractual="contractual", traits={"trust": (1, 5)})


def test_amounts_of_another_kind_are_refused() -> None:
    paid = {"id": [1], "amount": ["ten"], "when": [0.0]}
    with pytest.raises(DataError, match="amount must be numbers; got 'ten'"):
        RelationshipTable.from_table({"id": [1], "start": [0.0]}, start="start", id="id", flows=paid)
