import datetime as dt
import itertools
import warnings

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs import KINDS

from custvalue import Customer, DataError, ParameterError, Relationship
from custvalue.evidence.tenures import Tenures
from custvalue.survival.kaplan_meier import kaplan_meier

DATES = st.dates(dt.date(1996, 1, 1), dt.date(2031, 12, 31))
MONTHS = {"month": 1, "quarter": 3, "year": 12}
DAYS = {"week": 7, "day": 1}


def anniversary(start, periods, unit):
    """The end of so many periods, counted by hand."""
    if unit in DAYS:
        return start + dt.timedelta(days=periods * DAYS[unit])
    year, month = divmod(start.year * 12 + start.month - 1 + periods * MONTHS[unit], 12)
    for day in range(start.day, 0, -1):
        try:
            return dt.date(year, month + 1, day)
        except ValueError:
            continue
    raise AssertionError


def by_hand(start, end, as_of, unit, since=None):
    """Duration, ended and entry of one relationship in whole periods; None where it is left out."""
    count = 0
    ended = end is not None and end <= as_of
    until = end if ended else as_of
    while anniversary(start, count + 1, unit) <= until:
        count += 1
    begun = count if anniversary(start, count, unit) == until else count + 1
    duration = max(begun, 1) if ended else count
    entry = 0
    while since is not None and anniversary(start, entry, unit) < since:
        entry += 1
    if ended and duration <= entry:
        return None if entry else (duration, ended, 0)
    return duration, ended, min(entry, duration)


@st.composite
def books(draw):
    """Relationships until a day: starts, ends (some None, some later than the day)."""
    as_of = draw(DATES)
    rows = []
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.dates(dt.date(1995, 1, 1), as_of))
        ends = st.one_of(st.dates(start, dt.date(2033, 1, 1)), st.dates(start, start + dt.timedelta(days=100)))
        rows.append((start, draw(st.one_of(st.none(), ends, st.just(start)))))
    return rows, as_of


def table(rows, kind="mapping"):
    columns = {"start": [start for start, _ in rows], "end": [end for _, end in rows]}
    return KINDS[kind](columns)


@given(books(), st.sampled_from([*MONTHS, *DAYS]), st.data())
def test_whole_periods_are_anniversaries(book, unit, data):
    rows, as_of = book
    since = data.draw(st.one_of(st.none(), st.dates(dt.date(1995, 1, 1), as_of)))
    expected = [by_hand(start, end, as_of, unit, since) for start, end in rows]
    kept = [row for row in expected if row is not None]
    got = Tenures.from_table(table(rows), observed_until=as_of, unit=unit, observed_from=since, by_period=True)
    assert (got.by_period, got.unit, got.left_out) == (True, unit, len(rows) - len(kept))
    assert list(zip(got.duration, got.ended, got.entry, strict=True)) == kept
    records = [Relationship(i, start, end) for i, (start, end) in enumerate(rows)]
    by_record = Tenures.from_relationships(
        records, observed_until=as_of, unit=unit, observed_from=since, by_period=True
    )
    assert np.array_equal(by_record.duration, got.duration)
    assert np.array_equal(by_record.entry, got.entry)
    assert by_record.left_out == got.left_out
    assert by_record.ids.tolist() == [i for i, row in enumerate(expected) if row is not None]


def test_the_end_of_february():
    book = {"start": ["2023-01-31"] * 4, "end": ["2023-02-28", "2023-03-01", "2023-03-31", None]}
    got = Tenures.from_table(book, observed_until="2023-04-29", unit="month", by_period=True)
    assert got.duration.tolist() == [1, 2, 2, 2]
    assert Tenures.from_table(book, observed_until="2023-04-30", unit="month", by_period=True).duration.tolist() == [
        1,
        2,
        2,
        3,
    ]


@given(books(), st.sampled_from([("day", 1), ("week", 7), ("month", 30.4375), ("year", 365.25)]), st.data())
def test_exact_time(book, unit, data):
    rows, as_of = book
    since = data.draw(st.one_of(st.none(), st.dates(dt.date(1995, 1, 1), as_of)))
    expected = []
    for start, end in rows:
        ended = end is not None and end <= as_of
        if ended and since is not None and end <= since and start < since:
            continue
        entry = 0 if since is None else max((since - start).days, 0) / unit[1]
        expected.append((((end if ended else as_of) - start).days / unit[1], ended, entry))
    got = Tenures.from_table(table(rows), observed_until=as_of, unit=unit[0], observed_from=since)
    assert list(zip(got.duration, got.ended, got.entry, strict=True)) == expected
    records = [Relationship(i, start, end) for i, (start, end) in enumerate(rows)]
    again = Tenures.from_relationships(records, observed_until=as_of, unit=unit[0], observed_from=since)
    assert np.array_equal(again.duration, got.duration)
    assert np.array_equal(again.ended, got.ended)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("times", [False, True])
def test_all_dataframes_agree(kind, times):
    rng = np.random.default_rng(3)
    first = dt.datetime.fromisoformat("2019-01-01T00:00:00")
    minute = dt.timedelta(minutes=1)
    start = [first + minute * int(m) for m in rng.integers(0, 2_000_000, 200)]
    end = [s + minute * int(m) for s, m in zip(start, rng.integers(0, 2_000_000, 200), strict=True)]
    if not times:
        start, end = ([moment.date() for moment in column] for column in (start, end))
    end = [moment if kept else None for moment, kept in zip(end, rng.random(200) < 0.6, strict=True)]
    columns = {
        "customer_id": [f"c{i}" for i in range(200)],
        "start": start,
        "end": end,
        "weights": rng.integers(1, 5, 200).tolist(),
    }
    reference = Tenures.from_relationships(
        [Relationship(*row) for row in zip(*list(columns.values())[:3], strict=True)],
        observed_until="2023-01-01",
        unit="week",
    )
    got = Tenures.from_table(KINDS[kind](columns), observed_until="2023-01-01", unit="week")
    assert np.array_equal(got.duration, reference.duration)
    assert np.array_equal(got.ended, reference.ended)
    assert 0 < got.ended.sum() < len(got)
    assert got.ids.tolist() == columns["customer_id"]
    assert got.weights.tolist() == columns["weights"]
    held = KINDS[kind]({"T": reference.duration.tolist(), "E": reference.ended.tolist()})
    again = Tenures.from_table(held, unit="week")
    assert np.array_equal(again.duration, reference.duration)
    assert np.array_equal(again.ended, reference.ended)


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet"])
@pytest.mark.parametrize("library", ["polars", "duckdb"])
def test_files(tmp_path, monkeypatch, suffix, library):
    frame = pd.DataFrame(
        {"id": ["01", "1"], "start": ["2024-01-31", "2024-02-29"], "end": ["2024-03-01", None], "n": [2.0, 3.0]}
    )
    path = tmp_path / f"book.{suffix}"
    frame.to_parquet(path) if suffix == "parquet" else frame.to_csv(path, index=False)
    if library == "duckdb":
        monkeypatch.setattr("custvalue.evidence.logs.kinds.installed", lambda name: name != "polars")
    got = Tenures.from_table(path, observed_until="2024-05-01", unit="month", weights="n", by_period=True)
    assert got.ids.tolist() == ["01", "1"]
    assert (got.duration.tolist(), got.ended.tolist(), got.weights.tolist()) == ([2, 2], [True, False], [2, 3])
    held = pd.DataFrame({"duration": [2.5, 3], "ended": [True, False]})
    held.to_parquet(path) if suffix == "parquet" else held.to_csv(path, index=False)
    assert Tenures.from_table(str(path), unit="week") == Tenures([2.5, 3], [1, 0], unit="week")


def test_a_file_that_cannot_be_read(tmp_path):
    path = tmp_path / "book.csv"
    path.write_text("duration,ended\n3,1\nlong,0\n")
    with pytest.raises(DataError, match=r"book\.csv"):
        Tenures.from_table(path, unit="week")
    with pytest.raises(DataError, match="there is no file"):
        Tenures.from_table(tmp_path / "other.csv", unit="week")


def test_ends_in_any_form_of_missing():
    starts = ["2024-01-01"] * 2
    for ends in (["", "2024-01-03"], [None, "2024-01-03"], np.array(["NaT", "2024-01-03"], "datetime64[D]")):
        got = Tenures.from_table({"start": starts, "end": ends}, observed_until="2024-01-05", unit="day")
        assert (got.duration.tolist(), got.ended.tolist()) == ([4, 2], [False, True])
    for frame in (
        pd.DataFrame({"start": pd.to_datetime(starts), "end": [None, None]}),
        pd.DataFrame({"start": pd.to_datetime(starts), "end": [np.nan, np.nan]}),
        pl.DataFrame({"start": starts, "end": [None, None]}),
        pa.table({"start": starts, "end": pa.nulls(2)}),
    ):
        assert not Tenures.from_table(frame, observed_until="2024-01-05", unit="day").ended.any()


def test_times_of_day():
    book = {
        "start": np.array(["2024-01-01T12:00", "2024-01-01T00:00"], "datetime64[m]"),
        "end": np.array(["2024-01-02T18:00", "NaT"], "datetime64[m]"),
    }
    got = Tenures.from_table(book, observed_until="2024-01-02", unit="day")
    assert (got.duration.tolist(), got.ended.tolist()) == ([1.25, 2], [True, False])
    noon = Tenures.from_table(book, observed_until="2024-01-02T12:00", unit="day")
    assert (noon.duration.tolist(), noon.ended.tolist()) == ([1, 1.5], [False, False])
    since = Tenures.from_table(book, observed_until="2024-01-02", observed_from=dt.date(2024, 1, 2), unit="day")
    assert since.entry.tolist() == [0.5, 1]
    assert Tenures.from_table(book, observed_until="2024-01-02", unit="day", by_period=True).duration.tolist() == [1, 1]


def test_a_zone_that_the_table_does_not_say():
    relation = duckdb.sql("select timestamptz '2024-01-01 23:30:00+00' as start, null::timestamptz as \"end\"")
    with pytest.raises(DataError, match="session's time zone"):
        Tenures.from_table(relation, observed_until="2024-02-01", unit="month")


CHURN = 0.15


def leaving(tenures):
    """Share leaving per period, and its standard error."""
    at_risk = (tenures.duration - tenures.entry).sum()
    rate = tenures.ended.sum() / at_risk
    return rate, np.sqrt(rate * (1 - rate) / at_risk)


def test_late_entry_leaves_no_bias():
    """Contracts that renew by the quarter, seen from a day on: churn is what it is, though survivors look loyal."""
    rng = np.random.default_rng(5)
    n = 40_000
    start = np.datetime64("2015-01-01") + rng.integers(0, 2500, n).astype("timedelta64[D]")
    month = start.astype("datetime64[M]")
    end = month + 3 * rng.geometric(CHURN, n)
    length = (end + 1).astype("datetime64[D]") - end.astype("datetime64[D]")
    end = end.astype("datetime64[D]") + np.minimum(start - month.astype("datetime64[D]"), length - 1)
    book = {"start": start, "end": end}
    for since in (None, "2019-03-10", "2021-07-01"):
        tenures = Tenures.from_table(
            book, observed_until="2023-01-01", unit="quarter", observed_from=since, by_period=True
        )
        rate, error = leaving(tenures)
        assert abs(rate - CHURN) < 3 * error
    seen = {name: column[end >= np.datetime64("2021-07-01")] for name, column in book.items()}
    assert (
        Tenures.from_table(seen, observed_until="2023-01-01", unit="quarter", observed_from=since, by_period=True)
        == tenures
    )
    assert (
        leaving(Tenures.from_table(seen, observed_until="2023-01-01", unit="quarter", by_period=True))[0] < CHURN - 0.05
    )


def test_late_entry_in_exact_time():
    rng = np.random.default_rng(6)
    start = np.datetime64("2015-01-01") + rng.integers(0, 2500, 40_000).astype("timedelta64[D]")
    end = start + np.ceil(rng.exponential(500, 40_000)).astype("timedelta64[D]")
    for since in (None, "2019-03-10"):
        tenures = Tenures.from_table(
            {"start": start, "end": end}, observed_until="2023-01-01", unit="day", observed_from=since
        )
        rate, error = leaving(tenures)
        assert abs(rate - 1 / 500.5) < 3 * error


def test_relationships_of_customers():
    ann = Customer("ann", [Relationship("a", "2024-01-01", "2024-03-01"), Relationship("b", "2024-02-01")])
    got = Tenures.from_relationships([ann], observed_until="2024-04-01", unit="month", by_period=True)
    assert got == Tenures([2, 2], [1, 0], ids=["ann", "ann"], unit="month", by_period=True)


def test_years_from_now():
    book = [Relationship("c1", -1.5, -0.25), Relationship("c2", -0.75), Relationship("c3", -0.1, 0.5)]
    got = Tenures.from_relationships(book, observed_until=0, unit="month")
    np.testing.assert_allclose(got.duration, [15, 9, 1.2], rtol=1e-12)
    assert got.ended.tolist() == [True, False, False]
    by_quarter = Tenures.from_relationships(book, observed_until=0, unit="quarter", observed_from=-0.5, by_period=True)
    assert by_quarter.duration.tolist() == [5, 3, 0]
    assert by_quarter.entry.tolist() == [4, 1, 0]


def test_relationships_that_are_refused():
    with pytest.raises(DataError, match="mixes dates and years"):
        Tenures.from_relationships([Relationship("a", "2024-01-01")], observed_until=0.0, unit="month")
    with pytest.raises(DataError, match="mixes dates and years"):
        Tenures.from_relationships(
            [Relationship("a", "2024-01-01"), Relationship("b", -1.0)], observed_until=0.0, unit="month"
        )
    with pytest.raises(DataError, match=r"no relationship may start after observed_until.*'b'.*later observed_until"):
        Tenures.from_relationships(
            [Relationship("a", -2.0), Relationship("b", -1.0)], observed_until=-1.5, unit="month"
        )
    with pytest.raises(DataError, match="at least one"):
        Tenures.from_relationships([], observed_until=0.0, unit="month")
    with pytest.raises(DataError, match="item 0 is 'ann'"):
        Tenures.from_relationships(["ann"], observed_until=0.0, unit="month")
    with pytest.raises(ParameterError, match="observed_from must not be after observed_until"):
        Tenures.from_relationships([Relationship("a", -2.0)], observed_until=-1.0, observed_from=0.0, unit="month")


def test_tables_that_are_refused():
    book = {"start": ["2024-01-01", "2024-03-01"], "end": ["2023-12-01", None]}
    with pytest.raises(DataError, match=r"start <= end must hold; broken in 1 of 2 rows.*2023, 12, 1.*swapped"):
        Tenures.from_table(book, observed_until="2024-04-01", unit="month")
    with pytest.raises(DataError, match=r"start after observed_until; broken in 1 of 2 rows.*row 1"):
        Tenures.from_table({**book, "end": [None, None]}, observed_until="2024-02-01", unit="month")
    with pytest.raises(DataError, match=r"column 'start' must have a date in every row"):
        Tenures.from_table(
            {"start": ["2024-01-01", None], "end": [None, None]}, observed_until="2024-02-01", unit="month"
        )
    with pytest.raises(DataError, match=r"column 'end' must hold dates.*row 1 \('soon'\)"):
        Tenures.from_table(
            {"start": ["2024-01-01"] * 2, "end": [None, "soon"]}, observed_until="2024-02-01", unit="month"
        )
    with pytest.raises(DataError, match="must hold dates"):
        Tenures.from_table({"start": [20240101], "end": [20240201]}, observed_until="2024-02-01", unit="month")
    with pytest.raises(DataError, match="no column for end"):
        Tenures.from_table({"start": ["2024-01-01"]}, observed_until="2024-02-01", unit="month")
    with pytest.raises(DataError, match="no column for duration"):
        Tenures.from_table({"x": [1]}, unit="month")
    with pytest.raises(DataError, match="durations and dates of start"):
        Tenures.from_table({"start": ["2024-01-01"], "duration": [3], "ended": [1]}, unit="month")
    with pytest.raises(DataError, match="one length"):
        Tenures.from_table({"duration": [1, 2], "ended": [1]}, unit="month")
    with pytest.raises(DataError, match="empty"):
        Tenures.from_table({"duration": [], "ended": []}, unit="month")
    with pytest.raises(DataError, match="ended must be 0 or 1"):
        Tenures.from_table({"duration": [1.0], "ended": [2]}, unit="month")


def test_arguments_that_are_refused():
    book = {"start": ["2024-01-01"], "end": [None]}
    with pytest.raises(ParameterError, match="observed_until must say"):
        Tenures.from_table(book, unit="month")
    with pytest.raises(ParameterError, match="observed_until must be a date"):
        Tenures.from_table(book, observed_until="soon", unit="month")
    with pytest.raises(ParameterError, match="unit must be one of"):
        Tenures.from_table(book, observed_until="2024-02-01", unit="fortnight", by_period=True)
    with pytest.raises(ParameterError, match="not some of both"):
        Tenures.from_table(book, observed_until="2024-02-01", duration="d", unit="month")
    with pytest.raises(ParameterError, match="observed_from= says"):
        Tenures.from_table(book, observed_until="2024-02-01", entry="e", unit="month")
    with pytest.raises(TypeError, match="unit"):
        Tenures.from_table({"duration": [1], "ended": [1]})  # type: ignore[call-arg]


def test_durations_of_a_table():
    held = {"T": [3, 12], "E": [1, 0], "entry": [1, 0], "weights": [5, 1], "id": ["a", "b"]}
    assert Tenures.from_table(held, unit="month", by_period=True) == Tenures(
        [3, 12], [1, 0], entry=[1, 0], weights=[5, 1], ids=["a", "b"], unit="month", by_period=True
    )
    frame = pd.DataFrame({"length": [3.5], "left": [True]}, index=["ann"])
    got = Tenures.from_table(frame, duration="length", ended="left", unit="year")
    assert got == Tenures([3.5], [1], ids=["ann"], unit="year")
    chosen = {"start": ["x"], "duration": [2], "ended": [0]}
    assert Tenures.from_table(chosen, duration="duration", unit="day").duration.tolist() == [2]


FADER_HARDIE = [[10000, 8000, 6480, 5307, 4391], [10000, 8000, 6480, 5307], [10000, 8000, 6480], [10000, 8000]]
"""Fader & Hardie (2010), "Customer-base valuation in a contractual setting: the perils of ignoring heterogeneity"."""


def test_the_cohorts_of_fader_and_hardie():
    got = Tenures.from_cohorts(FADER_HARDIE, unit="year")
    assert got.weights.sum() == 40_000
    assert got.weights[~got.ended].sum() == 24_178
    left = [got.weights[got.ended & (got.duration == t)].sum() for t in (1, 2, 3, 4)]
    assert left == [8000, 4560, 2346, 916]
    padded = np.full((4, 5), np.nan)
    for row, cohort in zip(padded, FADER_HARDIE, strict=True):
        row[: len(cohort)] = cohort
    assert Tenures.from_cohorts(padded, unit="year") == got
    assert Tenures.from_cohorts(pd.DataFrame(padded), unit="year") == got
    assert Tenures.from_cohorts(padded.tolist(), unit="year") == got
    named = Tenures.from_cohorts(dict(zip("abcd", FADER_HARDIE, strict=True)), unit="year")
    assert named[named.ids == "d"].weights.tolist() == [2000, 8000]


def test_one_cohort():
    got = Tenures.from_cohorts([1000, 869, 743], unit="year")
    expected = Tenures([1, 2, 2], [1, 1, 0], weights=[131, 126, 743], unit="year", by_period=True)
    assert got == expected
    assert Tenures.from_cohorts(np.array([1000.0, 869, 743]), unit="year") == expected
    assert Tenures.from_cohorts([1000, 869, 743, None], unit="year") == expected
    assert Tenures.from_cohorts([[1000, 869, 743]], unit="year") == expected
    assert Tenures.from_cohorts([5], unit="year") == Tenures([0], [0], weights=[5], by_period=True, unit="year")


@pytest.mark.parametrize(
    ("cohorts", "said"),
    [
        (
            [[10, 8], [10, 8, 9]],
            r"must not grow.*1 periods of cohort 1, first: 9 in period 2 after 8.*transaction model",
        ),
        ({"2023": [10, 12]}, "cohort '2023'"),
        ([10, np.nan, 8], "only after its end"),
        ([np.nan, 8], "must begin with its size"),
        ([[], [1]], "must begin with its size"),
        ({}, "no cohorts"),
        ([10, -1], r"finite and >= 0; broken in the cohort, period 1 \(-1\)"),
        (["ten", 8], "must be numbers"),
        ([[[10, 8]]], "one row of survivors"),
    ],
)
def test_cohorts_that_are_refused(cohorts, said):
    with pytest.raises(DataError, match=said):
        Tenures.from_cohorts(cohorts, unit="year")


@given(st.lists(st.lists(st.integers(0, 50), min_size=1, max_size=8), min_size=1, max_size=4))
def test_cohorts_are_survivors(drops):
    cohorts = [list(itertools.accumulate(reversed(drop)))[::-1] for drop in drops]
    got = Tenures.from_cohorts(dict(enumerate(cohorts)), unit="month")
    for i, cohort in enumerate(cohorts):
        rows = got[got.ids == i]
        stayed = [
            rows.weights[(rows.duration > t) | ((rows.duration == t) & ~rows.ended)].sum() for t in range(len(cohort))
        ]
        assert stayed == cohort


LOG = {
    "customer_id": ["ann", "ann", "ann", "bob", "eve"],
    "date": ["2024-01-01", "2024-03-25", "2024-04-01", "2024-01-08", "2024-03-18"],
}


def test_silence_is_leaving_by_rule():
    got = Tenures.from_transactions(LOG, inactive_after=4, unit="week", observed_until="2024-04-28")
    assert got.ids.tolist() == ["ann", "bob", "eve"]
    assert got.duration.tolist() == [118 / 7, 4, 4]
    assert got.ended.tolist() == [False, True, True]
    assert (got.unit, got.by_period) == ("week", False)


def test_the_silence_that_ends_on_the_last_day_is_one():
    until = dt.date(2024, 4, 1) + dt.timedelta(days=13 * 7)
    got = Tenures.from_transactions(LOG, inactive_after=13, unit="week", observed_until=until)
    assert got.ended.tolist() == [True, True, True]
    assert got.duration[0] == 26
    before = Tenures.from_transactions(LOG, inactive_after=13, unit="week", observed_until=until - dt.timedelta(days=1))
    assert before.ended.tolist() == [False, True, True]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 60)), min_size=1, max_size=12), st.integers(1, 40))
def test_who_is_taken_to_have_left_depends_on_the_past_alone(rows, silence):
    """Seen from a later day, whoever had left without coming back has the same duration."""
    start = np.datetime64("2024-01-01")
    log = {"customer_id": [c for c, _ in rows], "date": [start + np.timedelta64(d, "D") for _, d in rows]}
    early = Tenures.from_transactions(log, inactive_after=silence, unit="day", observed_until="2024-03-01")
    late = Tenures.from_transactions(log, inactive_after=silence, unit="day", observed_until="2024-09-01")
    assert np.array_equal(late.duration[early.ended], early.duration[early.ended])
    assert late.ended.all()
    assert (early.duration <= late.duration).all()


def test_transactions_pass_options_on():
    log = {**LOG, "amount": [1.0, -1.0, 1.0, 1.0, 1.0]}
    got = Tenures.from_transactions(
        log, inactive_after=1, unit="month", amount="amount", first_purchase_from="2024-01-05"
    )
    assert got.ids.tolist() == ["bob", "eve"]
    assert got.left_out == 1
    for wrong in (0, -1, np.inf, np.nan, [1, 2], "long"):
        with pytest.raises(ParameterError, match="inactive_after"):
            Tenures.from_transactions(LOG, inactive_after=wrong, unit="week")


def test_columns_that_cannot_be():
    with pytest.raises(DataError, match="one value per row"):
        Tenures([1, 2], 1, ids=["a"], unit="year")
    with pytest.raises(DataError, match="one length"):
        Tenures([1, 2], [1, 0, 1], unit="year")
    with pytest.raises(DataError, match=r"duration must be finite and >= 0; broken in 1 of 2"):
        Tenures([1, -2], 1, unit="year")
    with pytest.raises(DataError, match="entry < duration for those who left"):
        Tenures([2], [1], entry=2, by_period=True, unit="year")
    with pytest.raises(DataError, match="whole numbers"):
        Tenures([2.5], [0], by_period=True, unit="year")
    with pytest.raises(DataError, match="at 1 or later"):
        Tenures([0], [1], by_period=True, unit="year")
    with pytest.raises(DataError, match="weights must be finite"):
        Tenures([1], [1], weights=-1, unit="year")


def test_some_rows_and_distinct_rows():
    all_rows = Tenures([3, 3, 5], [1, 1, 0], weights=[2, 3, 4], unit="month")
    each = all_rows.distinct()
    assert sorted(zip(*each.columns, each.counts, strict=True)) == [(3, 1, 0, 5), (5, 0, 0, 4)]
    assert all_rows.distinct() is each
    assert all_rows[all_rows.ended].distinct().counts.tolist() == [5]
    with pytest.raises(ValueError, match="read-only"):
        all_rows.duration[0] = 1


def test_no_warnings_at_the_edges():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Tenures.from_table(
            {"start": ["0001-01-01"], "end": ["9999-12-31"]}, observed_until="9999-12-31", unit="month", by_period=True
        )


def test_who_left_as_observation_began_is_not_at_risk():
    """Each estimate of the daily rate counts leavers on (entry, duration] alone, and takes what from_table makes."""
    rng = np.random.default_rng(8)
    start = np.datetime64("2023-01-01") + rng.integers(0, 300, 40_000).astype("timedelta64[D]")
    end = start + rng.geometric(0.02, 40_000).astype("timedelta64[D]")
    until = {"observed_until": "2023-11-05", "unit": "day", "observed_from": "2023-11-01"}
    tenures = Tenures.from_table({"start": start, "end": end}, **until)
    assert (tenures.entry < tenures.duration).all()
    rate, error = leaving(tenures)
    assert abs(rate - 0.02) < 3 * error
    kaplan_meier(tenures)


def test_one_row_of_tenures_with_names():
    book = Tenures([3, 12], [1, 0], ids=["ann", "bob"], unit="month")
    assert book[1] == book[1:]
    assert Tenures(3, 1, ids="ann", unit="month") == book[:1]


def test_days_at_the_limits_are_observed():
    book = {"start": ["2024-01-01"] * 3, "end": ["2024-01-31", "2024-02-01", "2024-02-02"]}
    got = Tenures.from_table(book, observed_until="2024-02-01", unit="day", observed_from="2024-02-01")
    assert (got.duration.tolist(), got.ended.tolist(), got.entry.tolist()) == ([31], [False], [31])
    assert got.left_out == 2
    assert repr(got).endswith("0 ended, 1 still running, up to 31; 2 left out")
    at_once = Tenures.from_table(
        {"start": ["2024-02-01"], "end": ["2024-02-01"]},
        observed_until="2024-02-01",
        unit="day",
        observed_from="2024-02-01",
    )
    assert (at_once.duration.tolist(), at_once.ended.tolist(), at_once.entry.tolist()) == ([0], [True], [0])
    by_month = Tenures.from_table(book, observed_until="2024-02-01", unit="month", by_period=True)
    assert (by_month.duration.tolist(), by_month.ended.tolist()) == ([1, 1, 1], [True, True, False])


@pytest.mark.slow
def test_a_million_rows():
    rng = np.random.default_rng(4)
    n = 1_000_000
    start = np.datetime64("2015-01-01") + rng.integers(0, 3000, n).astype("timedelta64[D]")
    end = start + rng.integers(0, 2000, n).astype("timedelta64[D]")
    end[rng.random(n) < 0.4] = np.datetime64("NaT")
    book = {"id": np.arange(n), "start": start, "end": end}
    frame = pl.DataFrame(book)
    until = {"observed_until": "2024-06-30", "unit": "month", "by_period": True, "observed_from": "2017-01-01"}
    expected = Tenures.from_table(book, **until)
    months = expected[::10_007]
    for i, duration in zip(months.ids, months.duration, strict=True):
        last = end[i].item()
        assert duration == by_hand(start[i].item(), last, dt.date(2024, 6, 30), "month")[0]
    assert expected.left_out + len(expected) == n
    for other in (frame, frame.lazy(), frame.to_arrow(), duckdb.from_arrow(frame.to_arrow()), frame.to_pandas()):
        assert Tenures.from_table(other, **until) == expected
