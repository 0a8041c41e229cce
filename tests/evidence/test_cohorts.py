import datetime as dt
from collections import defaultdict

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs import KINDS, engine

from custvalue import DataError, ParameterError, datasets
from custvalue.evidence.cohorts import Cohorts
from custvalue.evidence.tenures import Tenures

FADER_HARDIE = [[10000, 8000, 6480, 5307, 4391], [10000, 8000, 6480, 5307], [10000, 8000, 6480], [10000, 8000]]
PERIODS = ["day", "week", "month", "quarter", "year"]


def number_of(day, period, end):
    """The period that a day is in, counted by hand."""
    if period == "day":
        return day.toordinal()
    if period == "week":
        return -((end - day).days // 7)
    months = day.year * 12 + day.month - 1
    return months // {"month": 1, "quarter": 3, "year": 12}[period]


def by_hand(rows, period, end):
    """{first period: [(customers, revenue), ...]} of rows (id, day, amount) in complete periods."""
    last = number_of(end, period, end)
    if number_of(end + dt.timedelta(days=1), period, end) == last:
        last -= 1
    cells = defaultdict(list)
    for who, day, amount in rows:
        if number_of(day, period, end) <= last:
            cells[who, number_of(day, period, end)].append(amount)
    bought = defaultdict(set)
    for (who, when), amounts in cells.items():
        if max(amounts) >= 0:
            bought[who].add(when)
    found = {}
    for born in sorted({min(times) for times in bought.values()}):
        own = {who for who, times in bought.items() if min(times) == born}
        found[born] = [
            (
                sum(when in bought[who] for who in own),
                sum(sum(cells.get((who, when), ())) for who in own),
            )
            for when in range(born, last + 1)
        ]
    return found


rows = st.tuples(st.integers(1, 4), st.integers(0, 400), st.integers(-3, 9))


@pytest.mark.parametrize("kind", ["mapping", "pandas", "polars lazy", "polars plan", "duckdb plan"])
@given(st.lists(rows, min_size=1, max_size=15), st.sampled_from(PERIODS), st.integers(0, 40))
def test_cohorts_of_a_log(kind, log, period, later):
    start = dt.date(2023, 11, 20)
    log = [(who, start + dt.timedelta(days=days), float(amount)) for who, days, amount in log]
    end = max(day for _, day, _ in log) + dt.timedelta(days=later)
    expected = by_hand(log, period, end)
    columns = dict(zip(("customer_id", "date", "amount"), map(list, zip(*log, strict=True)), strict=True))
    with engine(kind) as build:
        table = build(columns)
        if not expected:
            with pytest.raises(DataError, match="no purchase in a complete"):
                Cohorts.from_transactions(table, amount="amount", unit=period, observed_until=end)
            return
        got = Cohorts.from_transactions(table, amount="amount", unit=period, observed_until=end)
    assert len(got) == len(expected)
    for label, counts, revenue, (born, cells) in zip(
        got.labels, got.counts, got.revenue, expected.items(), strict=True
    ):
        assert counts[np.isfinite(counts)].tolist() == [customers for customers, _ in cells]
        np.testing.assert_allclose(revenue[np.isfinite(revenue)], [money for _, money in cells])
        first = label.item()
        assert number_of(first, period, end) == born
        assert number_of(first - dt.timedelta(days=1), period, end) == born - 1


@pytest.mark.parametrize("kind", KINDS)
def test_all_dataframes_agree(kind):
    log = {name: column.tolist() for name, column in datasets.cdnow().items()}
    expected = Cohorts.from_transactions(datasets.cdnow(), amount="amount", unit="month")
    with engine(kind) as build:
        got = Cohorts.from_transactions(build(log), amount="amount", unit="month")
    assert got == expected
    assert got.counts.shape == (3, 18)
    assert got.labels.astype(str).tolist() == ["1997-01-01", "1997-02-01", "1997-03-01"]
    assert got.counts[:, 0].sum() == 2357
    assert got.revenue[np.isfinite(got.revenue)].sum() == pytest.approx(datasets.cdnow()["amount"].sum())


def test_purchases_and_refunds():
    log = {
        "customer_id": ["a", "a", "a", "b", "c"],
        "date": ["2024-01-31", "2024-02-01", "2024-03-03", "2024-02-09", "2024-02-10"],
        "amount": [-5.0, 10.0, -4.0, 7.0, -1.0],
    }
    got = Cohorts.from_transactions(log, amount="amount", observed_until="2024-03-31", unit="month")
    assert (got.counts.tolist(), got.revenue.tolist()) == ([[2, 0]], [[17, -4]])
    kept = Cohorts.from_transactions(log, amount="amount", observed_until="2024-03-31", refunds="drop", unit="month")
    assert kept.revenue.tolist() == [[17, 0]]
    assert Cohorts.from_transactions(log, observed_until="2024-03-31", unit="month").revenue is None
    with pytest.raises(DataError, match="refunds='raise'"):
        Cohorts.from_transactions(log, amount="amount", refunds="raise", unit="month")


def test_an_incomplete_period_is_left_out():
    log = {"customer_id": [1, 1, 2], "date": ["2024-01-05", "2024-02-01", "2024-02-02"]}
    assert Cohorts.from_transactions(log, unit="month").counts.tolist() == [[1]]
    assert Cohorts.from_transactions(log, observed_until="2024-02-29", unit="month").counts.shape == (2, 2)
    with pytest.raises(DataError, match="no purchase in a complete year: it begins on 2024-01-05"):
        Cohorts.from_transactions(log, unit="year")
    with pytest.raises(DataError, match="must not be after observed_until"):
        Cohorts.from_transactions(log, observed_until="2024-01-31", unit="month")
    with pytest.raises(ParameterError, match="observed_until must be a date"):
        Cohorts.from_transactions(log, observed_until="January", unit="month")
    with pytest.raises(ParameterError, match="must be one of"):
        Cohorts.from_transactions(log, unit="fortnight")


def test_retention():
    cohorts = Cohorts(FADER_HARDIE, unit="year")
    of_cohort = cohorts.retention()
    assert of_cohort[0].tolist() == [1, 0.8, 0.648, 0.5307, 0.4391]
    assert np.isnan(of_cohort[3, 2:]).all()
    np.testing.assert_allclose(cohorts.retention("previous")[:, 0], 0.8)
    assert cohorts.retention("previous").shape == (4, 4)
    pooled = cohorts.retention(of="previous", pooled=True)
    np.testing.assert_allclose(pooled, [32000 / 40000, 19440 / 24000, 10614 / 12960, 4391 / 5307])
    np.testing.assert_allclose(cohorts.retention(pooled=True), [1, 0.8, 0.648, 0.5307, 0.4391])
    with pytest.raises(ParameterError, match="'cohort' or 'previous'"):
        cohorts.retention("size")


def test_retention_where_nobody_is_left():
    rates = Cohorts([[4, 0, 0], [4, 2]], unit="month").retention("previous")
    assert rates[0, 0] == 0
    assert np.isnan(rates[0, 1])
    assert rates[1, 0] == 0.5


def test_pooled_rates_are_kaplan_meier():
    """The likelihood of leaving at each renewal is highest at the pooled rates."""
    tenures = Tenures.from_cohorts(FADER_HARDIE, unit="year")
    for t, rate in enumerate(Cohorts(FADER_HARDIE, unit="month").retention("previous", pooled=True), 1):
        at_risk = tenures.weights[tenures.duration >= t].sum()
        left = tenures.weights[tenures.ended & (tenures.duration == t)].sum()
        assert rate == pytest.approx(1 - left / at_risk, rel=1e-14)


falling = st.lists(st.integers(0, 30), min_size=1, max_size=7).map(lambda drops: np.cumsum(drops)[::-1])


@given(st.lists(falling.filter(lambda counts: counts[0] > 0), min_size=1, max_size=5))
def test_tenures_and_cohorts_are_inverse(rows):
    rows = [list(row) for row in rows]
    cohorts = Cohorts(rows, labels=[f"c{i}" for i in range(len(rows))], unit="quarter")
    tenures = cohorts.tenures()
    assert Cohorts.from_tenures(tenures, tenures.ids) == cohorts
    assert tenures.weights.sum() == sum(row[0] for row in rows)


def test_cohorts_of_single_tenures():
    tenures = Tenures([3, 2, 3, 1, 2], [0, 1, 0, 1, 1], weights=[1, 2, 1, 1, 1], by_period=True, unit="month")
    got = Cohorts.from_tenures(tenures, [2024, 2024, 2024, 2025, 2025])
    assert got == Cohorts([[4, 4, 2, 2], [2, 1, 0]], labels=[2024, 2025], unit="month")
    younger = Tenures([3, 1], [0, 0], by_period=True, unit="month")
    assert Cohorts.from_tenures(younger, [1, 1]).counts.tolist() == [[2, 2]]


def test_tenures_that_are_no_cohorts():
    with pytest.raises(DataError, match="by whole periods"):
        Cohorts.from_tenures(Tenures([1.5], [1], unit="year"), ["a"])
    with pytest.raises(DataError, match="entry 0"):
        Cohorts.from_tenures(Tenures([3], [1], entry=1, by_period=True, unit="year"), ["a"])
    with pytest.raises(DataError, match="one name per row: 1"):
        Cohorts.from_tenures(Tenures([3], [1], by_period=True, unit="year"), ["a", "b"])
    with pytest.raises(DataError, match="must not grow"):
        Cohorts([[3, 2, 3]], unit="month").tenures()


def test_revenue_retention():
    cohorts = Cohorts([[2, 1], [1]], [[10, 12], [5, np.nan]], unit="month")
    assert cohorts.revenue_retention()[0].tolist() == [1, 1.2]
    with pytest.raises(DataError, match="no revenue"):
        Cohorts([[2, 1]], unit="month").revenue_retention()
    with pytest.raises(DataError, match="must have revenue in its first period"):
        Cohorts([[2, 1]], [[0, 1]], unit="month").revenue_retention()


@pytest.mark.parametrize("kind", KINDS)
def test_the_table_is_of_the_kind_that_came_in(kind):
    log = KINDS[kind](
        {"customer_id": [1, 2, 1], "date": ["2024-01-05", "2024-01-09", "2024-02-01"], "amount": [1, 2, 3]}
    )
    cohorts = Cohorts.from_transactions(log, amount="amount", observed_until="2024-02-29", unit="month")
    table = cohorts.table()
    if kind != "mapping":
        assert type(table) is type(log)
    if isinstance(table, pl.LazyFrame):
        table = table.collect()
    if kind.startswith("duckdb"):
        table = table.to_arrow_table()
    if isinstance(table, pa.Table):
        table = table.to_pydict()
    frame = pd.DataFrame(
        {name: list(table[name]) for name in ("cohort", "period", "customers", "retention", "revenue")}
    )
    assert pd.to_datetime(frame["cohort"]).dt.strftime("%Y-%m").tolist() == ["2024-01", "2024-01"]
    assert frame.iloc[:, 1:].to_numpy().tolist() == [[0, 2, 1, 3], [1, 1, 0.5, 3]]


def test_the_table_has_no_nan():
    table = Cohorts(FADER_HARDIE, labels=list("abcd"), unit="month").table()
    assert table["customers"].tolist() == [count for row in FADER_HARDIE for count in row]
    assert table["cohort"].tolist() == ["a"] * 5 + ["b"] * 4 + ["c"] * 3 + ["d"] * 2
    assert set(table) == {"cohort", "period", "customers", "retention"}


def test_some_cohorts():
    cohorts = Cohorts(FADER_HARDIE, labels=[1, 2, 3, 4], unit="month")
    assert cohorts[2:] == Cohorts(FADER_HARDIE[2:], labels=[3, 4], unit="month")
    assert cohorts[cohorts.labels == 4].counts.tolist() == [[10000, 8000]]
    assert len(cohorts[0]) == 1
    assert repr(cohorts) == "Cohorts of 40,000 customers: 4 by month, 1 to 4, observed for up to 4 months"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (([[5, 3], [0, 0]],), r"must have customers; broken in 1 of 2.*customer 1"),
        (([[5, 3]], [[1.0, np.nan]]), "revenue must be given, and finite, where counts are"),
        (([[5, 3]], [1.0, 2.0]), "in the same cells of one shape"),
        (([[5, np.nan, 3]],), "only after its end"),
        (([[5, -3]],), "finite and >= 0"),
    ],
)
def test_cohorts_that_are_refused(arguments, said):
    with pytest.raises(DataError, match=said):
        Cohorts(*arguments, unit="month")
    with pytest.raises(DataError, match="labels must be one per cohort: 1"):
        Cohorts([[5, 3]], labels=["a", "b"], unit="month")


@pytest.mark.slow
def test_a_million_rows_in_memory_and_in_plans():
    rng = np.random.default_rng(2)
    n = 1_000_000
    day = np.datetime64("2020-01-01") + rng.integers(0, 900, n).astype("timedelta64[D]")
    log = {"customer_id": rng.integers(0, 100_000, n), "date": day, "amount": rng.integers(1, 100, n).astype(float)}
    expected = Cohorts.from_transactions(log, amount="amount", observed_until="2022-06-30", unit="month")
    for kind in ("polars plan", "duckdb plan"):
        with engine(kind):
            held = pl.DataFrame(log).lazy() if kind[0] == "p" else __import__("duckdb").from_arrow(pa.table(log))
            got = Cohorts.from_transactions(held, amount="amount", observed_until="2022-06-30", unit="month")
        assert np.array_equal(got.counts, expected.counts, equal_nan=True)
        np.testing.assert_allclose(got.revenue, expected.revenue, rtol=1e-12)


def test_cohorts_of_a_mapping_keep_their_names():
    cohorts = Cohorts({"May": [10, 8], "June": [5]}, unit="month")
    assert cohorts == Cohorts([[10, 8], [5]], labels=["May", "June"], unit="month")
    assert cohorts[1].labels.tolist() == ["June"]
    assert cohorts.tenures().ids.tolist() == ["May", "May", "June"]
    assert Cohorts({"May": [10, 8]}, labels=["first"], unit="month").labels.tolist() == ["first"]


@pytest.mark.parametrize("names", [["a", None], [1.0, np.nan], np.array(["2024-01-01", "NaT"], "datetime64[D]")])
def test_cohorts_without_a_name_are_refused(names):
    tenures = Tenures([1, 2], [1, 0], unit="month", by_period=True)
    with pytest.raises(DataError, match=r"must have the name of its cohort; broken in 1 of 2 rows, first: row 1"):
        Cohorts.from_tenures(tenures, names)
    with pytest.raises(DataError, match="tenures must hold at least one row"):
        Cohorts.from_tenures(tenures[:0], [])


@pytest.mark.parametrize("period", ["fortnight", None])
def test_periods_that_there_are_not(period):
    log = {"customer_id": [1], "date": ["2024-01-31"]}
    with pytest.raises(ParameterError, match="unit must be one of 'day', 'week', 'month', 'quarter', 'year'"):
        Cohorts.from_transactions(log, unit=period)
