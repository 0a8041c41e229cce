"""Opportunities: the rules of the columns, and logs and tables that become them, against plain Python."""

from __future__ import annotations

import calendar
import datetime as dt
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs import KINDS, engine

from custvalue.errors import DataError, ParameterError
from custvalue.evidence.opportunities import Opportunities

START = dt.date(2019, 11, 20)
PERIODS = ["day", "week", "month", "quarter", "year"]


def period(day: dt.date, kind: str, end: dt.date) -> int:
    """Number of the period that a day is in."""
    if kind == "day":
        return day.toordinal()
    if kind == "week":
        return -((end - day).days // 7)
    months = 12 * day.year + day.month - 1
    return months // {"month": 1, "quarter": 3, "year": 12}[kind]


def last_complete(end: dt.date, kind: str) -> dt.date:
    """The last day up to `end` that ends a period."""
    while kind in ("month", "quarter", "year"):
        months = {"month": range(1, 13), "quarter": (3, 6, 9, 12), "year": (12,)}[kind]
        if end.month in months and end.day == calendar.monthrange(end.year, end.month)[1]:
            break
        end -= dt.timedelta(days=1)
    return end


def reference(rows: list[tuple[str, dt.date]], kind: str, until: dt.date | None) -> dict[str, tuple[int, int, int]]:
    """{id: (x, t_x, n)}."""
    end = last_complete(until or max(day for _, day in rows), kind)
    found = {}
    for who in {who for who, day in rows if day <= end}:
        bought = sorted({period(day, kind, end) for other, day in rows if other == who and day <= end})
        found[who] = (len(bought) - 1, bought[-1] - bought[0], period(end, kind, end) - bought[0])
    return found


@st.composite
def logs(draw: st.DrawFn) -> tuple[list[tuple[str, dt.date]], str, dt.date | None]:
    kind = draw(st.sampled_from(PERIODS))
    span = {"day": 10, "week": 60, "month": 200, "quarter": 500, "year": 1500}[kind]
    ids = st.sampled_from(["ann", "bob", "cy"])
    rows = draw(st.lists(st.tuples(ids, st.integers(0, span)), min_size=1, max_size=15))
    dated = [(who, START + dt.timedelta(days=at)) for who, at in rows]
    last = max(day for _, day in dated)
    return dated, kind, draw(st.sampled_from([None, last, last + dt.timedelta(days=40), dt.date(2024, 12, 31)]))


@pytest.mark.parametrize("kind", KINDS)
@given(case=logs())
def test_every_backend_agrees_with_plain_python(kind: str, case: tuple) -> None:
    rows, opportunities, until = case
    expected = reference(rows, opportunities, until)
    with engine(kind) as build:
        log = build({"customer_id": [who for who, _ in rows], "date": [day for _, day in rows]})
        if not expected:
            with pytest.raises(DataError, match=f"no purchase in a complete {opportunities}"):
                Opportunities.from_transactions(log, unit=opportunities, observed_until=until)
            return
        found = Opportunities.from_transactions(log, unit=opportunities, observed_until=until)
    assert found.unit == opportunities
    assert found.ids.tolist() == sorted(expected)
    assert dict(zip(found.ids.tolist(), zip(found.x, found.t_x, found.n, strict=True), strict=True)) == expected


def test_the_last_period_counts_only_when_it_is_complete() -> None:
    log = {"customer_id": [1, 1, 2], "date": ["2020-05-01", "2022-12-29", "2022-01-01"]}
    unsaid = Opportunities.from_transactions(log, unit="year")
    assert (unsaid.ids.tolist(), unsaid.x.tolist(), unsaid.n.tolist()) == ([1], [0], [1])
    said = Opportunities.from_transactions(log, observed_until="2022-12-31", unit="year")
    assert (said.ids.tolist(), said.x.tolist(), said.t_x.tolist(), said.n.tolist()) == ([1, 2], [1, 0], [2, 0], [2, 0])
    later = Opportunities.from_transactions(log, observed_until="2024-06-30", unit="year")
    assert later.n.tolist() == [3, 1]


def test_a_refund_is_no_purchase() -> None:
    log = {
        "customer_id": [1, 1, 1],
        "date": ["2020-05-01", "2021-05-01", "2022-05-01"],
        "amount": [10.0, -5.0, 10.0],
    }
    found = Opportunities.from_transactions(log, amount="amount", observed_until="2022-12-31", unit="year")
    assert (found.x, found.t_x, found.n) == (1, 2, 2)
    with pytest.raises(DataError, match="must be greater than 0"):
        Opportunities.from_transactions(log, amount="amount", refunds="raise", unit="year")


def test_true_newcomers_only() -> None:
    log = {"customer_id": [1, 1, 2], "date": ["2020-05-01", "2022-05-01", "2021-05-01"]}
    found = Opportunities.from_transactions(
        log, first_purchase_from="2021-01-01", observed_until="2022-12-31", unit="year"
    )
    assert found.ids.tolist() == [2]


def test_options_outside_their_choices() -> None:
    log = {"customer_id": [1], "date": ["2020-05-01"]}
    for none in ("decade", None):
        with pytest.raises(ParameterError, match="unit must be one of"):
            Opportunities.from_transactions(log, unit=none)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="must not be after observed_until"):
        Opportunities.from_transactions(log, observed_until="2019-12-31", unit="year")


def test_tables_with_a_row_per_kind_of_customer() -> None:
    table = pd.DataFrame({"frequency": [6, 1, 0], "recency": [6, 2, 0], "periods": 6, "weights": [2, 0, 3]})
    rows = Opportunities.from_table(table, unit="year")
    assert rows == Opportunities([6, 1, 0], [6, 2, 0], 6, weights=[2, 0, 3], unit="year")
    assert (len(rows), rows.customers, rows.ids) == (3, 5, None)
    matrix = {"x": [2], "t.x": [4], "n.cal": [6], "custs": [4]}
    assert Opportunities.from_table(matrix, unit="year").customers == 4
    shares = Opportunities.from_table(table.assign(share=0.5), unit="year", weights="share")
    assert shares.customers == 1.5
    with pytest.raises(DataError, match="weights must be finite and >= 0; broken in 3 of 3 rows"):
        Opportunities.from_table(table.assign(weights=-1), unit="year")


def test_tables_with_a_row_per_customer() -> None:
    table = {"id": ["b", "a"], "buys": [1, 0], "last": [2, 0], "T": [3, 3]}
    rows = Opportunities.from_table(table, unit="week", x="buys", t_x="last", n="T")
    assert rows.ids.tolist() == ["b", "a"]
    assert rows.unit == "week"
    with pytest.raises(DataError, match="no column for n"):
        Opportunities.from_table({"x": [1], "t_x": [1]}, unit="week")
    with pytest.raises(DataError, match="both can be t_x"):
        Opportunities.from_table({"x": [1], "t_x": [1], "recency": [1], "n": [2]}, unit="week")


BROKEN = {
    "x, t_x and n must be whole numbers": [(1.5, 2, 3), (1, 2.5, 3), (1, 2, np.nan), (1, 2, np.inf)],
    "0 <= x <= t_x <= n must hold": [(2, 1, 3), (1, 4, 3), (-1, 0, 3)],
    "t_x = 0 must hold where x = 0": [(0, 2, 3)],
}


@pytest.mark.parametrize(("rule", "columns"), [(rule, rows) for rule, cases in BROKEN.items() for rows in cases])
def test_rules_are_kept_and_named(rule: str, columns: tuple) -> None:
    with pytest.raises(DataError, match=rule):
        Opportunities(*columns, unit="year")


def test_messages_name_the_customer_and_the_values() -> None:
    with pytest.raises(DataError, match=r"broken in 1 of 2 rows, first: customer 'bob' \(x=2.0, t_x=1.0, n=3.0\)"):
        Opportunities([1, 2], [1, 1], 3, ids=["ann", "bob"], unit="year")
    with pytest.raises(DataError, match="x must be numbers"):
        Opportunities(["many"], [1], 3, unit="year")
    with pytest.raises(DataError, match="one value per row"):
        Opportunities([1, 2], [1, 2], 3, ids=["ann"], unit="year")
    with pytest.raises(ParameterError, match="unit must be one of"):
        Opportunities(1, 1, 1, unit="decade")


def test_columns_broadcast_and_are_read_only() -> None:
    rows = Opportunities([[1], [0]], [[2], [0]], [3, 4, 5], unit="year")
    assert rows.x.shape == rows.t_x.shape == rows.n.shape == (2, 3)
    assert len(rows) == 6
    with pytest.raises(ValueError, match="read-only"):
        rows.n[0] = 9


def test_rows_are_chosen_like_those_of_an_array() -> None:
    rows = Opportunities([2, 0, 1], [4, 0, 1], 6, ids=["a", "b", "c"], unit="month")
    chosen = rows[rows.x > 0]
    assert chosen == Opportunities([2, 1], [4, 1], 6, ids=["a", "c"], unit="month")
    assert chosen != rows
    assert chosen != Opportunities([2, 1], [4, 1], 6, ids=["a", "c"], unit="year")
    assert rows[0].x.shape == ()
    assert pickle.loads(pickle.dumps(rows)) == rows  # noqa: S301 (its own)


def test_distinct_rows_scatter_back() -> None:
    rows = Opportunities([2, 0, 2, 1], [4, 0, 4, 4], 6, unit="year")
    kinds = rows.distinct("x", "t_x", "n")
    assert kinds.counts.sum() == 4
    assert len(kinds.counts) == 3
    assert np.array_equal(kinds.columns[0][kinds.index], rows.x)
    assert rows.distinct("x", "t_x", "n") is kinds


def test_repr() -> None:
    assert repr(Opportunities([], [], [], unit="day")) == "Opportunities of 0 customers, daily"
    text = "Opportunities of 2 customers, weekly: 3 repeat purchases, 1 with none, n from 4 to 5"
    assert repr(Opportunities([3, 0], [3, 0], [5, 4], unit="week")) == text
