import datetime as dt
import decimal

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from logs import KINDS, duckdb_relation, engine, polars

from custvalue import RFM
from custvalue.errors import DataError
from custvalue.evidence.logs import kinds
from custvalue.evidence.logs.kinds import kind_of, to_kind
from custvalue.evidence.summary import summarize

DAYS = [dt.date(2024, 1, 1), dt.date(2024, 1, 8), dt.date(2024, 1, 8), dt.date(2024, 2, 29)]
LOG = {"customer_id": [2, 1, 2, 1], "date": DAYS, "amount": [5.0, 6.0, 7.0, 8.0]}
NAN = float("nan")


def changed(**columns):
    """LOG with other columns; a column given as None goes."""
    return {name: values for name, values in {**LOG, **columns}.items() if values is not None}


def check_log(found, ids=(1, 2)):
    assert found.rfm.ids.tolist() == list(ids)
    np.testing.assert_array_equal(found.rfm.x, [1, 1])
    np.testing.assert_array_equal(found.rfm.t_x, [52 / 7, 1])
    np.testing.assert_array_equal(found.rfm.T, [52 / 7, 59 / 7])
    np.testing.assert_array_equal(found.rfm.m, [8, 7])


BROKEN = {
    "null ids": (changed(customer_id=[1, None, 2, None]), r"column 'customer_id'.*2 of 4 rows.*(missing|nan).*Drop"),
    "null text ids": (changed(customer_id=["a", None, "b", "c"]), r"column 'customer_id'.*1 of 4 rows.*missing"),
    "blank ids": (
        changed(customer_id=["a", "", " \t", "b"]),
        r"column 'customer_id'.*blank.*2 of 4 rows.*' \\t'.*Drop",
    ),
    "blank and null ids": (changed(customer_id=[None, "", "a", "b"]), r"column 'customer_id'.*2 of 4 rows"),
    "null dates": (changed(date=[None, *DAYS[1:]]), r"column 'date'.*1 of 4 rows.*missing.*Drop"),
    "null datetimes": (
        changed(date=[None, dt.datetime.fromisoformat("2024-01-08 03:00")] * 2),
        r"column 'date'.*2 of 4 rows.*missing",
    ),
    "null text dates": (changed(date=["2024-01-08", None] * 2), r"column 'date'.*2 of 4 rows.*missing"),
    "31 February": (changed(date=["2024-01-08", "2024-02-31"] * 2), r"column 'date'.*2 of 4 rows.*2024-02-31"),
    "29 February": (changed(date=["2024-02-29", "2023-02-29"] * 2), r"column 'date'.*2 of 4 rows.*2023-02-29"),
    "1900 had no leap day": (changed(date=["2000-02-29", "1900-02-29"] * 2), r"column 'date'.*2 of 4.*1900-02-29"),
    "no date": (changed(date=["2024-01-08", "soon", "", "8/1/2024"]), r"column 'date'.*3 of 4 rows.*'soon'.*convert"),
    "hour 25": (changed(date=["2024-01-08 12:00", "2024-01-08 25:00"] * 2), r"column 'date'.*2 of 4.*25:00"),
    "zone in text": (changed(date=["2024-01-08T12:00Z"] * 4), r"column 'date'.*4 of 4.*12:00Z"),
    "integer dates": (changed(date=[19970101] * 4), r"column 'date'.*19970101.*to_datetime"),
    "float dates": (changed(date=[1997.5] * 4), r"column 'date'.*to_datetime"),
    "null amounts": (changed(amount=[5.0, None, 7.0, None]), r"column 'amount'.*finite.*2 of 4 rows.*(missing|nan)"),
    "NaN amounts": (changed(amount=[5.0, NAN, 7.0, NAN]), r"column 'amount'.*finite.*2 of 4 rows.*(nan|missing)"),
    "infinite amounts": (changed(amount=[5.0, 6.0, float("inf"), 8.0]), r"column 'amount'.*1 of 4 rows.*inf"),
    "text amounts": (changed(amount=["5.0", "6", "7", "8"]), r"column 'amount'.*finite.*4 of 4 rows.*'5.0'.*Convert"),
    "no amounts": (changed(amount=None), r"no column 'amount'; it has 'customer_id', 'date'"),
    "no dates": (changed(date=None, dates=DAYS), r"no column 'date'; it has .*Did you mean 'dates'"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", BROKEN)
def test_broken_logs_are_refused(kind, case):
    columns, message = BROKEN[case]
    with engine(kind) as build:
        log = build(columns)
        with pytest.raises(DataError, match=f"(?s){message}"):
            summarize(log, amount="amount", unit="week")


def test_rows_are_counted_from_0():
    with pytest.raises(DataError, match=r"first \(rows of data, counted from 0\): row 2 \(missing\)\. "):
        summarize(changed(date=[*DAYS[:2], None, DAYS[3]]), unit="week")


@pytest.mark.parametrize("kind", KINDS)
def test_dates_after_the_end_are_refused(kind):
    with (
        engine(kind) as build,
        pytest.raises(DataError, match=r"(?s)column 'date'.*\(2024-01-31\).*1 of 4.*2024.*split"),
    ):
        summarize(build(LOG), observed_until="2024-01-31", unit="week")


@pytest.mark.parametrize("kind", KINDS)
def test_refunds_can_be_refused(kind):
    with engine(kind) as build, pytest.raises(DataError, match=r"(?s)column 'amount'.*2 of 4.*-6.*refunds='net'"):
        summarize(build(changed(amount=[5.0, -6.0, 0.0, 8.0])), amount="amount", refunds="raise", unit="week")


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_log_is_refused(kind):
    with engine(kind) as build:
        log = build(LOG)
        empty = (
            {name: values[:0] for name, values in log.items()}
            if kind == "mapping"
            else log.head(0)
            if hasattr(log, "head")
            else log.limit(0)
            if hasattr(log, "limit")
            else log.slice(0, 0)
        )
        with pytest.raises(DataError, match="the log is empty"):
            summarize(empty, amount="amount", unit="week")


@pytest.mark.parametrize("kind", KINDS)
def test_only_refunds_are_no_log(kind):
    with engine(kind) as build, pytest.raises(DataError, match="no purchase"):
        summarize(build(changed(amount=[-5.0, -6.0, -7.0, -8.0])), amount="amount", unit="week")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "columns",
    [
        LOG,
        changed(amount=[5, 6, 7, 8]),
        changed(amount=[decimal.Decimal(a) for a in ("5.00", "6.00", "7.00", "8.00")]),
        changed(date=[dt.datetime.combine(day, dt.time(23, 59)) for day in DAYS]),
        changed(date=[day.isoformat() for day in DAYS]),
        changed(date=[f"{day}T23:59:59.123456789" for day in DAYS]),
    ],
    ids=["plain", "integers", "decimals", "datetimes", "text", "text with times"],
)
def test_types_of_columns(kind, columns):
    with engine(kind) as build:
        check_log(summarize(build(columns), amount="amount", unit="week"))


@pytest.mark.parametrize("kind", KINDS)
def test_text_ids_come_back_sorted(kind):
    with engine(kind) as build:
        found = summarize(build(changed(customer_id=["b", "a", "b", "a"])), amount="amount", unit="week")
    check_log(found, ["a", "b"])
    assert found.rfm.ids.dtype.kind == "U"


def test_pandas_id_types():
    frame = pd.DataFrame(LOG)
    for dtype in ("Int64", "int32", "float64", "category", "Int64[pyarrow]".lower()):
        check_log(summarize(frame.astype({"customer_id": dtype}), amount="amount", unit="week"))
    text = frame.astype({"customer_id": str}).astype({"customer_id": "category"})
    check_log(summarize(text, amount="amount", unit="week"), ["1", "2"])
    mixed = frame.assign(customer_id=pd.Series([1, "a", 1, "a"], dtype=object))
    with pytest.raises(DataError, match="mixes ids of types int, str"):
        summarize(mixed, unit="week")


@pytest.mark.parametrize("lazy", ["polars lazy", "polars plan"])
@pytest.mark.parametrize("kind", [pl.Categorical, pl.Enum(["b", "a", "c"])])
def test_polars_categories_are_sorted_by_their_text(lazy, kind):
    frame = polars(changed(customer_id=["b", "a", "b", "a"])).with_columns(pl.col("customer_id").cast(kind))
    with engine(lazy):
        check_log(summarize(frame.lazy(), amount="amount", unit="week"), ["a", "b"])


def test_sparse_and_unsigned_ids():
    ids = np.array([2**63 + 5, 7, 2**63 + 5, 7], dtype=np.uint64)
    check_log(summarize({**LOG, "customer_id": ids}, amount="amount", unit="week"), [7, 2**63 + 5])


NEW_YEAR = pd.DatetimeIndex(["2024-01-01 03:30", "2024-01-02 12:00", "2024-03-01 04:30"], tz="UTC")


@pytest.mark.parametrize("zone", ["America/New_York", "Etc/GMT+5"])
@pytest.mark.parametrize(
    "kind", ["pandas", "pandas[pyarrow]", "object", "polars", "polars lazy", "polars plan", "pyarrow"]
)
def test_zones_are_dated_on_their_own_clock_or_the_one_asked_for(kind, zone):
    frame = pd.DataFrame({"customer_id": [1, 1, 1], "date": NEW_YEAR.tz_convert(zone)})
    if kind == "object":
        log = frame.assign(date=frame["date"].astype(object))
    elif kind == "pandas":
        log = frame
    else:
        table = pa.Table.from_pandas(frame, preserve_index=False)
        log = {
            "pandas[pyarrow]": lambda: table.to_pandas(types_mapper=pd.ArrowDtype),
            "polars": lambda: pl.from_arrow(table),
            "polars lazy": lambda: pl.from_arrow(table).lazy(),
            "polars plan": lambda: pl.from_arrow(table).lazy(),
            "pyarrow": lambda: table,
        }[kind]()
    with engine("polars plan" if kind == "polars plan" else "polars"):
        own = summarize(log, unit="day")
        utc = summarize(log, unit="day", timezone="UTC")
    assert (own.facts.first_day, own.facts.last_day, own.rfm.t_x[0]) == (
        np.datetime64("2023-12-31"),
        np.datetime64("2024-02-29"),
        60,
    )
    assert (utc.facts.first_day, utc.facts.last_day, utc.rfm.t_x[0]) == (
        np.datetime64("2024-01-01"),
        np.datetime64("2024-03-01"),
        60,
    )


def test_a_zone_of_the_session_is_refused():
    log = duckdb.sql("SELECT 1 AS customer_id, TIMESTAMPTZ '2024-01-01 12:00:00+00' AS date")
    with pytest.raises(DataError, match="AT TIME ZONE"):
        summarize(log, unit="week")
    local = log.select("customer_id, date AT TIME ZONE 'Asia/Tokyo' AS date")
    assert summarize(local, unit="week").facts.first_day == np.datetime64("2024-01-01")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("date", [DAYS, [dt.datetime.fromisoformat("2024-01-01 05:00")] * 4, ["2024-01-01"] * 4])
def test_timezone_needs_a_zone_to_convert_from(kind, date):
    with engine(kind) as build, pytest.raises(DataError, match="column 'date' has no time zone"):
        summarize(build(changed(date=date)), timezone="Europe/Berlin", unit="week")


def test_columns_that_are_there_twice():
    frame = pd.DataFrame(LOG).rename(columns={"amount": "date"})
    table = pa.Table.from_arrays([[1], [DAYS[0]], [DAYS[1]]], names=["customer_id", "date", "date"])
    for log in (frame, table, duckdb.sql("SELECT 1 AS customer_id, DATE '2024-01-01' AS date, 2 AS date")):
        with pytest.raises(DataError, match="2 columns named 'date'"):
            summarize(log, unit="week")


def test_columns_of_different_lengths():
    with pytest.raises(DataError, match="'customer_id' has 2, 'date' has 1 rows"):
        summarize({"customer_id": [1, 2], "date": DAYS[:1]}, unit="week")


@pytest.mark.parametrize("log", [3, object(), [1, 2], None])
def test_what_is_no_log(log):
    with pytest.raises(DataError, match="cannot read a log of type"):
        summarize(log, unit="week")


def test_a_path_where_none_is_read():
    with pytest.raises(DataError, match=r"no file is read here: read 'rows\.csv' into a dataframe first"):
        RFM.from_table("rows.csv", unit="week")


@pytest.fixture(params=["polars", "duckdb"])
def reader(request, monkeypatch):
    """Either library that reads files; DuckDB as where polars is not installed."""
    if request.param == "duckdb":
        installed = kinds.installed
        monkeypatch.setattr(kinds, "installed", lambda library: library != "polars" and installed(library))
    return request.param


@pytest.mark.parametrize("plan", [False, True])
def test_files(reader, plan, tmp_path):
    frame = polars(LOG)
    frame.write_csv(tmp_path / "log.csv")
    frame.write_parquet(tmp_path / "log.parquet")
    with engine("polars plan" if plan else "polars"):
        check_log(summarize(tmp_path / "log.csv", amount="amount", unit="week"), ["1", "2"])
        check_log(summarize(str(tmp_path / "log.parquet"), amount="amount", unit="week"))
    made = to_kind({"x": np.array([1.0])}, kind_of(tmp_path / "log.csv"))
    assert type(made) is (pl.DataFrame if reader == "polars" else pa.Table)


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("plan", [False, True])
@pytest.mark.parametrize("amount", [None, "amount"])
def test_ids_of_a_csv_file_are_its_text(plan, amount, tmp_path):
    names = ["01", "1", "1.0", "10", "1e3", "2", "NULL", "true"]
    rows = [f"{name},2024-01-01,5" for name in reversed(names)]
    (tmp_path / "log.csv").write_text("\n".join(["customer_id,date,amount", *rows]))
    with engine("polars plan" if plan else "polars"):
        found = summarize(tmp_path / "log.csv", amount=amount, unit="week")
    assert found.rfm.ids.tolist() == names
    assert found.rfm.ids.dtype.kind == "U"


@pytest.mark.usefixtures("reader")
def test_the_first_line_of_a_csv_file_is_its_header(tmp_path):
    """Also where every column is text, so that the first line looks like the others."""
    (tmp_path / "log.csv").write_text("customer_id,date\nann,2024-01-01\n")
    assert summarize(tmp_path / "log.csv", unit="week").rfm.ids.tolist() == ["ann"]


def test_files_that_cannot_be_read(reader, tmp_path):
    with pytest.raises(DataError, match="no file"):
        summarize(tmp_path / "none.csv", unit="week")
    (tmp_path / "log.xls").write_text("x")
    with pytest.raises(DataError, match=r"neither a \.csv nor a \.parquet"):
        summarize(tmp_path / "log.xls", unit="week")
    path = tmp_path / "log.csv"
    path.write_text("customer_id,date,amount\n1,03/04/2024,5\n")
    with pytest.raises(DataError, match=r"column 'date'.*03/04/2024"):
        summarize(path, unit="week")
    path.write_text("customer_id,date,amount\n1,20240304,5\n")
    with pytest.raises(DataError, match=r"column 'date'.*20240304"):
        summarize(path, unit="week")
    path.write_text("customer_id,date,amount\n1,2024-03-04,five\n")
    with pytest.raises(DataError, match=r"log\.csv.*five.*column \W*amount|column \W*amount.*five") as refusal:
        summarize(path, amount="amount", unit="week")
    assert ".." not in str(refusal.value)
    with pytest.raises(DataError, match="no column 'money'"):
        summarize(path, amount="money", unit="week")


def test_files_need_a_reader(tmp_path, monkeypatch):
    polars(LOG).write_parquet(tmp_path / "log.parquet")
    monkeypatch.setattr(kinds, "installed", lambda _: False)
    with pytest.raises(DataError, match=r"custvalue\[cli\]"):
        summarize(tmp_path / "log.parquet", unit="week")


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_kind_comes_back(kind):
    columns = {"id": np.array(["a", "b"]), "x": np.array([1.0, 2.0]), "day": np.array(DAYS[:2], "datetime64[D]")}
    with engine(kind) as build:
        log = build(LOG)
        made = to_kind(columns, kind_of(log))
    assert type(made) is type(log)
    held = made.collect() if isinstance(made, pl.LazyFrame) else made.to_arrow_table() if kind[:4] == "duck" else made
    assert list(held["id"].to_pylist() if hasattr(held["id"], "to_pylist") else held["id"]) == ["a", "b"]
    np.testing.assert_array_equal(np.asarray(held["x"]), columns["x"])
    np.testing.assert_array_equal(np.asarray(held["day"]).astype("datetime64[D]"), columns["day"])


def test_duckdb_frames_from_a_connection_of_their_own():
    with duckdb.connect() as own:
        log = own.sql("SELECT range % 3 AS customer_id, DATE '2024-01-01' + CAST(range AS INT) AS date FROM range(9)")
        assert RFM.from_transactions(log, unit="week").x.tolist() == [2, 2, 2]
    assert duckdb_relation(LOG).columns == ["customer_id", "date", "amount"]


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint64, np.int64])
def test_ids_of_the_whole_range_of_a_type(dtype):
    """Dense ids are numbered by subtraction, sparse ones by sorting; neither may overflow."""
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    ids = np.array([high, low, high, low], dtype=dtype)
    check_log(summarize({**LOG, "customer_id": ids}, amount="amount", unit="week"), [low, high])
    near = np.array([high, high - 1, high, high - 1], dtype=dtype)
    check_log(summarize({**LOG, "customer_id": near}, amount="amount", unit="week"), [high - 1, high])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("write", [str, dt.datetime.fromisoformat])
def test_moments_to_the_microsecond(kind, write):
    moments = ["2024-01-01 06:30:15.000250", "2024-01-01 06:30:15.000500", "2024-01-01 18:30:15.250000"]
    with engine(kind) as build:
        log = build({"customer_id": [1] * 3, "date": [write(moment) for moment in moments]})
        found = summarize(log, collapse=None, unit="day")
    assert found.rfm.x[0] == 2
    assert found.rfm.t_x[0] * 86_400 == pytest.approx(43_200.24975, rel=1e-14)


@pytest.mark.parametrize("kind", KINDS)
def test_midnight_after_the_last_day_is_too_late(kind):
    midnight = dt.datetime.fromisoformat("2024-01-02")
    with engine(kind) as build:
        log = build({"customer_id": [1, 1], "date": [midnight - dt.timedelta(hours=1), midnight]})
        with pytest.raises(DataError, match=r"2024-01-01.*1 of 2 rows"):
            summarize(log, collapse=None, observed_until="2024-01-01", unit="week")
