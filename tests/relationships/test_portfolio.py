"""Relationships seen together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue import datasets
from custvalue.discounting.rate import Rate
from custvalue.errors import DataError, ParameterError
from custvalue.records.cash_flow import CashFlow
from custvalue.records.relationship import Relationship
from custvalue.relationships.portfolio import STRATEGIES, Groups, Portfolio
from custvalue.relationships.relationships import RelationshipTable
from custvalue.value.value_customers import value_customers

BOOK = [
    Relationship("ann", -5.0, cash_flows=[CashFlow(110, 1.0)], valence="positive", type="best friends"),
    Relationship("bob", -1.0, cash_flows=[CashFlow(55, 1.0)], valence="negative"),
    Relationship("steel", -9.0, cash_flows=[CashFlow(-220, 1.0)], party="supplier", valence="positive"),
    Relationship("press", -2.0, party="media"),
]


def portfolio() -> Portfolio:
    return Portfolio.from_relationships(BOOK, rate=Rate.annual(0.10))


def test_values_are_present_values() -> None:
    book = portfolio()
    np.testing.assert_allclose(book.value, [100, 50, -200, 0], rtol=1e-14)
    assert book.duration is not None
    assert book.duration.tolist() == [5, 1, 9, 2]
    assert book.total == pytest.approx(-50)
    assert repr(book) == "Portfolio of 4 relationships worth -50.00; 1 cost more than they bring"
    by_hand = Portfolio.from_relationships(BOOK, value=[1, 2, 3, 4])
    assert by_hand.value.tolist() == [1, 2, 3, 4]
    with pytest.raises(ParameterError, match=r"rate, .* must be given: one of the two"):
        Portfolio.from_relationships(BOOK)


def test_by_label() -> None:
    book = portfolio()
    groups = book.by("party")
    assert groups.label.tolist() == ["customer", "media", "supplier"]
    assert groups.count.tolist() == [2, 1, 1]
    np.testing.assert_allclose(groups.total, [150, 0, -200])
    np.testing.assert_allclose(groups.share, [-3, 0, 4])
    assert list(groups.table()) == ["label", "count", "total", "mean", "share"]
    assert "supplier" in str(groups)
    assert book.by("type", "party").label.tolist()[0] == "best friends, customer"
    assert book.matrix().label.tolist() == [
        "positive, profitable", "negative, profitable", "unknown, unprofitable", "positive, unprofitable"
    ]  # fmt: skip
    with pytest.raises(DataError, match="no label 'region'; it has party, type, profit, valence"):
        book.by("region")
    assert book.with_label("region", ["n", "n", "s", "s"]).by("region").count.tolist() == [2, 2]
    with pytest.raises(ParameterError, match="labels must name at least one"):
        book.by()


@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.sampled_from("abc"), st.sampled_from("xy")), min_size=1, max_size=30)
)
def test_groups_add_up(rows: list[tuple[float, str, str]]) -> None:
    value, first, second = zip(*rows, strict=True)
    book = Portfolio(value, labels={"first": first, "second": second})
    for groups in (book.by("first"), book.by("first", "second"), book.by("profit")):
        assert groups.total.sum() == pytest.approx(book.total, abs=1e-6)
        assert groups.count.sum() == len(book)
        np.testing.assert_allclose(groups.mean * groups.count, groups.total, atol=1e-6)


def test_a_portfolio_is_rows_and_comes_back_from_json() -> None:
    book = Portfolio([5.0, -2.0], duration=[1, 2], labels={"party": ["a", "b"]}, ids=["x", "y"])
    assert list(book.table()) == ["id", "value", "duration", "party"]
    again = Portfolio.from_json(book.to_json())
    for name, column in book.table().items():
        np.testing.assert_array_equal(again.table()[name], column)
    groups = book.by("party")
    np.testing.assert_array_equal(Groups.from_json(groups.to_json()).share, groups.share)
    with pytest.raises(ParameterError, match="labels must be 'matrix'; got 'party'"):
        book.strategy("party")


def test_labels_that_read_alike_are_not_mixed_up() -> None:
    book = Portfolio([1.0, 2.0], labels={"first": ["a, b", "a"], "second": ["c", "b, c"]})
    assert book.by("first", "second").count.tolist() == [1, 1]


def test_quadrants_and_strategies() -> None:
    book = portfolio()
    names = book.quadrants(profit_cut=1, duration_cut=3)
    assert names.tolist() == ["true friend", "butterfly", "barnacle", "stranger"]
    assert book.quadrants().tolist() == ["true friend", "butterfly", "barnacle", "stranger"]
    lines = book.strategy(names)
    assert lines.tolist() == [STRATEGIES["quadrant"][name] for name in names.tolist()]
    assert book.strategy().tolist()[1] == STRATEGIES["matrix"]["negative, profitable"]
    own = dict.fromkeys(names.tolist(), "call them")
    assert set(book.strategy(names, own).tolist()) == {"call them"}
    with pytest.raises(ParameterError, match="there is none for 'butterfly'"):
        book.strategy(names, {"true friend": "", "barnacle": "", "stranger": ""})
    with pytest.raises(DataError, match="quadrants need durations"):
        Portfolio([1.0]).quadrants()


def test_customers_of_a_log() -> None:
    valuation = value_customers(datasets.cdnow(), rate=Rate.annual(0.1), years=1, margin=0.3)
    book = Portfolio.from_valuation(valuation, master=datasets.cdnow()["customer_id"][:2357] % 2)
    assert book.total == pytest.approx(valuation.total)
    assert book.top_share() == pytest.approx(valuation.top_share(), rel=1e-12)
    assert book.duration is not None
    assert book.duration.max() == pytest.approx(545 / 365.25)
    assert set(book.by("master").label.tolist()) == {"0", "1"}


def test_many_relationships_at_once() -> None:
    n, rng = 100_000, np.random.default_rng(1)
    table = {
        "id": np.arange(n),
        "start": -rng.exponential(5, n),
        "party": np.array(["customer", "supplier", "media"])[rng.integers(0, 3, n)],
    }
    flows = {"id": np.repeat(np.arange(n), 2), "amount": rng.normal(10, 30, 2 * n), "when": rng.uniform(0, 3, 2 * n)}
    rows = RelationshipTable.from_table(table, id="id", start="start", party="party", flows=flows)
    book = Portfolio.from_relationships(rows, rate=Rate.annual(0.1))
    named = book.with_label("quadrant", book.quadrants())
    groups = named.by("party", "quadrant")
    assert groups.count.sum() == n
    assert groups.total.sum() == pytest.approx(book.total)


def test_what_is_refused() -> None:
    with pytest.raises(DataError, match="values must be finite; broken in 1 of 2"):
        Portfolio([1.0, np.nan])
    with pytest.raises(DataError, match=r"duration must have one value per relationship, 2; got shape \(1,\)"):
        Portfolio([1.0, 2.0], duration=[1.0])


def test_durations_must_be_known_and_nobody_has_quadrants() -> None:
    with pytest.raises(DataError, match="durations must be finite; broken in 1 of 2 rows, first: row 0"):
        Portfolio([1, 2], duration=[np.nan, 1])
    assert Portfolio([], duration=[]).quadrants().shape == (0,)
