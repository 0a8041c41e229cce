"""Evidence: logs of every kind and their options, histories, chances, tenures, cohorts, revenue; and the data sets."""

from __future__ import annotations

import contextlib
import datetime as dt
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from attrs import evolve
from golden import outcome

# -- What the library calls it: the only place to edit after a renaming ----------------------------------------------
from custvalue import (
    RFM,
    CashFlow,
    Cohorts,
    Customer,
    InterpurchaseTimes,
    Opportunities,
    Relationship,
    RevenueBridge,
    Tenures,
    datasets,
)
from custvalue.evidence import summary
from custvalue.evidence.distinct import distinct
from custvalue.evidence.holdout_split import holdout_split
from custvalue.evidence.logs import kinds, reading


def old(function: Callable[..., Any], unit: str | None = None) -> Callable[..., Any]:
    """A function with the defaults and argument names that it had: unit, period, opportunities, as_of, log_spacing."""

    def asked(*given: Any, **options: Any) -> Any:
        for before, now in (
            ("as_of", "observed_until"),
            ("log_spacing", "log_interpurchase"),
            ("opportunities", "unit"),
        ):
            if before in options:
                options[now] = options.pop(before)
        if "period" in options:
            options["unit"] = options.pop("period")
            if function.__qualname__.startswith("Tenures"):
                options["by_period"] = True
        return function(*given, **({} if unit is None else {"unit": unit}) | options)

    return asked


def to_same_kind(log: Any, columns: Any) -> Any:
    return kinds.to_kind(columns, kinds.kind_of(log))


def summarize_arrays(ids: Any, dates: Any, amounts: Any = None, **options: Any) -> Any:
    log = {"customer_id": ids, "date": dates}
    if amounts is None:
        return summarize(log, **options)
    return summarize({**log, "amount": amounts}, amount="amount", **options)


summarize, split = old(summary.summarize, "week"), old(holdout_split, "week")
log_rfm, people_rfm = old(RFM.from_transactions, "week"), old(RFM.from_customers, "week")
chances, gaps = old(Opportunities.from_transactions, "year"), old(InterpurchaseTimes.from_transactions, "week")
stays, stays_of, idle = (
    old(Tenures.from_table, "month"),
    old(Tenures.from_relationships, "month"),
    old(Tenures.from_transactions, "week"),
)
won, won_of = old(Cohorts.from_transactions, "month"), old(Cohorts.from_tenures)
bridge, bridge_of = old(RevenueBridge.from_transactions, "month"), old(RevenueBridge.from_revenue, "month")
new_rfm, new_chances, new_stays = old(RFM, "year"), old(Opportunities, "year"), old(Tenures, "year")
new_gaps, new_cohorts, new_bridge = old(InterpurchaseTimes, "year"), old(Cohorts, "month"), old(RevenueBridge, "month")

# ---------------------------------------------------------------------------------------------------------------------

PERIODS = ("day", "week", "month", "quarter", "year")


def made_up(rows: int = 120, *, times: bool = False) -> dict[str, list[Any]]:
    """A log of some customers: many purchases on one day, refunds, free goods, times of day; no random numbers."""
    first = dt.datetime.fromisoformat("2023-11-20")
    ids, dates, amounts = [], [], []
    state = 12345
    for _ in range(rows):
        state = (1103515245 * state + 12345) % 2**31
        who, state = state // 65536 % 11, (1103515245 * state + 12345) % 2**31
        days, state = state // 65536 % 400 * (who + 1) // 11, (1103515245 * state + 12345) % 2**31
        amount = state // 65536 % 60 - 9
        moment = first + dt.timedelta(days=days, minutes=state % 1440 if times else 0)
        ids.append(f"c{who:02d}")
        dates.append(moment if times else moment.date())
        amounts.append(float(amount) if amount >= 0 else amount / 4)
    return {"customer_id": ids, "date": dates, "amount": amounts}


LOG, TIMED = made_up(), made_up(times=True)
NET = {name: [value for value, a in zip(values, LOG["amount"], strict=True) if a > 0] for name, values in LOG.items()}
END = "2024-12-31"


def rfm_columns(rows: Any) -> dict[str, Any]:
    """Columns of histories."""
    return {
        "ids": rows.ids,
        "x": rows.x,
        "t_x": rows.t_x,
        "T": rows.T,
        "m": rows.m,
        "m_count": rows.m_count,
        "log_spacing": rows.log_interpurchase,
        "unit": rows.unit,
    }


def chance_columns(rows: Any) -> dict[str, Any]:
    return {"ids": rows.ids, "x": rows.x, "t_x": rows.t_x, "n": rows.n, "unit": rows.unit}


def tenure_columns(rows: Any) -> dict[str, Any]:
    return {
        "ids": rows.ids,
        "duration": rows.duration,
        "ended": rows.ended,
        "entry": rows.entry,
        "weights": rows.weights,
        "unit": rows.unit,
        "by period": rows.by_period,
        "left out": rows.left_out,
    }


def one_by_one(rows: Any) -> Any:
    """A table of counts with a row for each customer."""
    return evolve(rows[np.repeat(np.arange(len(rows)), rows.weights.astype(int))], weights=1.0)


def cohort_columns(rows: Any) -> dict[str, Any]:
    return {"counts": rows.counts, "revenue": rows.revenue, "labels": rows.labels.astype(str), "unit": rows.unit}


def summary_columns(found: Any) -> dict[str, Any]:
    """What a log comes to as a whole, and its histories."""
    return {
        **rfm_columns(found.rfm),
        "rows": found.facts.rows,
        "first day": found.facts.first_day,
        "last day": found.facts.last_day,
        "observed until": found.facts.observed_until,
        "total": found.facts.total_spend,
        "nonpositive": found.facts.nonpositive,
        "left out": found.facts.left_out,
    }


# -- Kinds of logs ---------------------------------------------------------------------------------------------------


def arrays(columns: dict[str, list[Any]]) -> dict[str, np.ndarray]:
    """Columns as arrays, dates as such."""
    kinds = {dt.date: "datetime64[D]", dt.datetime: "datetime64[us]"}
    return {name: np.array(values, dtype=kinds.get(type(values[0]))) for name, values in columns.items()}


KINDS: dict[str, Callable[[dict[str, list[Any]]], Any]] = {
    "lists": dict,
    "arrays": arrays,
    "text dates": lambda columns: {**columns, "date": [str(day) for day in columns["date"]]},
    "pandas": pd.DataFrame,
    "pandas of arrays": lambda columns: pd.DataFrame(arrays(columns)),
    "pandas arrow": lambda columns: pa.table(columns).to_pandas(types_mapper=pd.ArrowDtype),
    "polars": pl.DataFrame,
    "polars lazy": lambda columns: pl.DataFrame(columns).lazy(),
    "polars plan": lambda columns: pl.DataFrame(columns).lazy(),
    "pyarrow": pa.table,
    "duckdb": lambda columns: duckdb.from_arrow(pa.table(columns)),
    "duckdb plan": lambda columns: duckdb.from_arrow(pa.table(columns)),
}


@contextlib.contextmanager
def planned(kind: str) -> Iterator[None]:
    """Group lazily where the kind is a plan, whatever the size of the log."""
    limit = 0 if kind.endswith("plan") else reading.IN_MEMORY
    with mock.patch.object(reading, "IN_MEMORY", limit):
        yield


@contextlib.contextmanager
def without_polars() -> Iterator[None]:
    """Files are read by DuckDB."""
    with mock.patch.object(kinds, "installed", lambda name: name != "polars"):
        yield


def held(table: Any) -> dict[str, Any]:
    """Columns of any frame as lists."""
    if isinstance(table, pl.LazyFrame):
        table = table.collect()
    if isinstance(table, duckdb.DuckDBPyRelation):
        table = table.to_arrow_table()
    if isinstance(table, pa.Table):
        return table.to_pydict()
    return {name: list(table[name]) for name in getattr(table, "columns", table)}


def plain_columns(table: Any) -> dict[str, Any]:
    """Columns of any frame: numbers as they are, the rest as text, days without their time."""
    return {
        str(name): [
            value.item() if isinstance(value, np.generic) and not isinstance(value, np.datetime64) else value
            for value in values
        ]
        if not any(isinstance(value, dt.date | np.datetime64 | pd.Timestamp) for value in values)
        else [str(value)[:10] for value in values]
        for name, values in held(table).items()
    }


def every_kind() -> dict[str, Any]:
    """Each reader's histories, chances, cohorts, bridges, spacings and splits, and whether all agree."""

    def of(log: Any) -> dict[str, Any]:
        found = summarize(log, amount="amount", log_interpurchase=True, observed_until=END)
        parts = split(log, at="2024-06-30", until=END, amount="amount", log_interpurchase=True)
        return {
            "summary": summary_columns(found),
            "halves": split_columns(parts),
            "chances": chance_columns(chances(log, opportunities="month", observed_until=END)),
            "cohorts": cohort_columns(won(log, amount="amount", observed_until=END)),
            "spacings": spacing_columns(gaps(log, observed_until=END)),
            "tenures": tenure_columns(idle(log, inactive_after=20.0, unit="week", observed_until=END)),
        }

    reference = of(arrays(LOG))
    found: dict[str, Any] = {"arrays": reference}
    for kind, build in KINDS.items():
        with planned(kind):
            found[f"same {kind}"] = alike(of(build(LOG)), reference)
            made = to_same_kind(build(LOG), {"a": np.array([1.0, 2.5]), "b": np.array(["x", "y"])})
        found[f"back {kind}"] = [plain_columns(made) == {"a": [1.0, 2.5], "b": ["x", "y"]}, type(made).__name__]
    return found


def alike(one: Any, other: Any) -> bool:
    """Whether nested results are equal; sums may differ by rounding with the order of rows."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(one[name], other[name]) for name in one)
    if isinstance(one, np.ndarray) and one.dtype.kind == "f":
        return one.shape == other.shape and bool(np.allclose(one, other, rtol=1e-13, atol=1e-13, equal_nan=True))
    if isinstance(one, float):
        return bool(np.isclose(one, other, rtol=1e-13, atol=1e-13, equal_nan=True))
    return bool(np.array_equal(np.asarray(one), np.asarray(other)))


def timed_kinds() -> dict[str, Any]:
    """The same of a log with times of day, moments apart."""
    options = {"amount": "amount", "collapse": None, "unit": "day", "log_spacing": True}
    reference = summary_columns(summarize(arrays(TIMED), **options))
    found: dict[str, Any] = {"arrays": reference}
    for kind, build in KINDS.items():
        with planned(kind):
            found[f"same {kind}"] = alike(summary_columns(summarize(build(TIMED), **options)), reference)
    return found


def files() -> dict[str, Any]:
    """CSV and Parquet files, by either library; ids of CSV files are text."""
    found: dict[str, Any] = {}
    odd = {"customer_id": ["01", "1", "10", "2", "1"], "date": ["2024-01-01"] * 4 + ["2024-02-01"]}
    with tempfile.TemporaryDirectory() as folder:
        frame = pl.DataFrame(LOG)
        for suffix in ("csv", "parquet", "csv.gz"):
            path = Path(folder, f"log.{suffix}")
            if suffix == "parquet":
                frame.write_parquet(path)
            else:
                pd.DataFrame(LOG).to_csv(path, index=False)
            for library in ("polars", "duckdb"):
                with without_polars() if library == "duckdb" else contextlib.nullcontext():
                    read = summary_columns(summarize(path, amount="amount", observed_until=END))
                    reference = summary_columns(summarize(arrays(LOG), amount="amount", observed_until=END))
                    found[f"{suffix} {library}"] = alike(read, reference)
                    made = to_same_kind(path, {"a": np.array([1.0])})
                    found[f"{suffix} {library} back"] = [type(made).__module__.partition(".")[0], plain_columns(made)]
        odd_path = Path(folder, "odd.csv")
        pd.DataFrame(odd).to_csv(odd_path, index=False)
        found["ids of a csv"] = rfm_columns(log_rfm(str(odd_path)))
        found["split"] = split_columns(split(odd_path, at="2024-01-15"))
        broken = Path(folder, "broken.csv")
        broken.write_text("customer_id,date,amount\n1,2024-03-04,five\n", encoding="utf-8")
        found["no number"] = outcome(lambda: summarize(broken, amount="amount"))
        broken.write_text("customer_id,date,amount\n1,03/04/2024,5\n", encoding="utf-8")
        found["no date"] = outcome(lambda: summarize(broken))
        found["no file"] = outcome(lambda: summarize(Path(folder, "none.csv")))
        broken.rename(Path(folder, "log.xls"))
        found["no kind"] = outcome(lambda: summarize(Path(folder, "log.xls")))
    found["no table"] = outcome(lambda: RFM.from_table("rows.csv", unit="week"))
    return found


# -- Options of reading a log ----------------------------------------------------------------------------------------


def options() -> dict[str, Any]:
    """Histories under every option."""
    log, timed = arrays(LOG), arrays(TIMED)
    end = {"observed_until": END}
    wanted: dict[str, dict[str, Any]] = {f"collapse {period}": {"collapse": period, **end} for period in PERIODS}
    wanted |= {f"unit {unit}": {"unit": unit, **end} for unit in PERIODS}
    wanted |= {f"refunds {how}": {"refunds": how, **end} for how in ("net", "drop")}
    wanted |= {
        "first in spend": {"first_purchase_in_spend": True, **end},
        "first in spend by the month": {"first_purchase_in_spend": True, "collapse": "month", **end},
        "drop by the week": {"refunds": "drop", "collapse": "week", **end},
        "until the last date": {},
        "until a date": {"observed_until": dt.date(2025, 2, 28)},
        "until a numpy date": {"observed_until": np.datetime64("2025-02-28")},
        "until a moment": {"observed_until": dt.datetime.fromisoformat("2025-02-28T12:00:00")},
        "newcomers": {"first_purchase_from": "2024-01-15", **end},
        "newcomers by the month": {"first_purchase_from": "2024-01-15", "collapse": "month", **end},
    }
    found = {
        name: summary_columns(summarize(log, amount="amount", log_interpurchase=True, **more))
        for name, more in wanted.items()
    }
    for name in list(found)[1:]:
        found[name] = {key: found[name][key] for key in found[name] if key not in ("ids", "rows", "first day")}
    moments: dict[str, dict[str, Any]] = {
        "all moments": {},
        "to the end of a day": {"observed_until": END},
        "to a moment": {"observed_until": "2025-01-01T06:30"},
        "newcomers at a moment": {"first_purchase_from": "2023-12-24T12:00", "observed_until": END},
    }
    for name, more in moments.items():
        read = summarize(timed, amount="amount", unit="day", collapse=None, log_interpurchase=True, **more)
        found[name] = {key: value for key, value in summary_columns(read).items() if key not in ("ids", "m_count")}
    found["without amounts"] = rfm_columns(log_rfm(log))
    renamed = {"who": log["customer_id"], "when": log["date"], "paid": log["amount"]}
    found["other names"] = log_rfm(renamed, customer="who", date="when", amount="paid") == log_rfm(log, amount="amount")
    found["from arrays"] = [
        summarize_arrays(log["customer_id"], log["date"]).rfm == log_rfm(log),
        summarize_arrays(*log.values(), unit="day").rfm == log_rfm(log, amount="amount", unit="day"),
    ]
    return found


def zones() -> dict[str, Any]:
    """Times with a zone, dated on their own clock or on one asked for."""
    moments = pd.DatetimeIndex(["2024-01-01 03:30", "2024-01-02 12:00", "2024-03-01 04:30"], tz="UTC")
    found: dict[str, Any] = {}
    for zone in ("America/New_York", "Asia/Tokyo"):
        log = pd.DataFrame({"customer_id": [1, 1, 1], "date": moments.tz_convert(zone)})
        for name, made in (("pandas", log), ("polars", pl.from_pandas(log)), ("pyarrow", pa.Table.from_pandas(log))):
            for asked in (None, "UTC", "Europe/Berlin"):
                read = summarize(made, unit="day", timezone=asked)
                found[f"{zone} {name} {asked}"] = [str(read.facts.first_day), str(read.facts.last_day), read.rfm.t_x[0]]
    found["no zone"] = outcome(lambda: summarize(arrays(LOG), timezone="Europe/Berlin"))
    found["unknown zone"] = outcome(lambda: summarize(arrays(LOG), timezone="Mars"))
    session = duckdb.sql("SELECT 1 AS customer_id, TIMESTAMPTZ '2024-01-01 12:00:00+00' AS date")
    found["zone of a session"] = outcome(lambda: summarize(session))
    return found


def broken_logs() -> dict[str, Any]:
    """What is refused, by arrays and by every other reader."""
    days = ["2024-01-01", "2024-01-08", "2024-01-08", "2024-02-29"]
    good: dict[str, Any] = {"customer_id": [2, 1, 2, 1], "date": days, "amount": [5.0, 6.0, 7.0, 8.0]}
    nan = float("nan")
    changes: dict[str, dict[str, Any]] = {
        "nothing": {},
        "null ids": {"customer_id": ["a", None, "b", "c"]},
        "blank ids": {"customer_id": ["a", "", " ", "b"]},
        "null dates": {"date": [None, *days[1:]]},
        "no such day": {"date": ["2024-01-08", "2024-02-31"] * 2},
        "no date": {"date": ["2024-01-08", "soon", "", "8/1/2024"]},
        "hour 25": {"date": ["2024-01-08 12:00", "2024-01-08 25:00"] * 2},
        "zone in text": {"date": ["2024-01-08T12:00Z"] * 4},
        "integer dates": {"date": [19970101] * 4},
        "missing amounts": {"amount": [5.0, None, 7.0, None]},
        "nan amounts": {"amount": [5.0, nan, 7.0, nan]},
        "infinite amounts": {"amount": [5.0, 6.0, float("inf"), 8.0]},
        "text amounts": {"amount": ["5.0", "6", "7", "8"]},
        "only refunds": {"amount": [-5.0, -6.0, -7.0, -8.0]},
        "integers": {"amount": [5, 6, 7, 8]},
    }
    found: dict[str, Any] = {}
    kinds: dict[str, Callable[[Any], Any]] = {
        "mapping": dict,
        "pandas": pd.DataFrame,
        "polars plan": lambda columns: pl.DataFrame(columns, strict=False).lazy(),
        "duckdb plan": lambda columns: duckdb.from_arrow(pa.table(columns)),
    }
    for name, columns in changes.items():
        for kind, build in kinds.items():
            with planned(kind):
                log = build({**good, **columns})
                found[f"{name}/{kind}"] = outcome(lambda log=log: summarize(log, amount="amount").rfm.m)
    calls: dict[str, Callable[[], Any]] = {
        "refunds refused": lambda: summarize(arrays(LOG), amount="amount", refunds="raise"),
        "after the end": lambda: summarize(good, observed_until="2024-01-31"),
        "no column": lambda: summarize({"customer_id": [1]}),
        "lengths": lambda: summarize({"customer_id": [1, 2], "date": days[:1]}),
        "empty": lambda: summarize({"customer_id": [], "date": []}),
        "no log": lambda: summarize(3),
        "mixed ids": lambda: summarize({**good, "customer_id": pd.Series([1, "a", 1, "a"], dtype=object)}),
        "no newcomer": lambda: summarize(good, first_purchase_from="2025-01-01"),
        "collapse": lambda: summarize(good, collapse="decade"),
        "unit": lambda: summarize(good, unit="decade"),
        "refunds": lambda: summarize(good, refunds="keep"),
        "until": lambda: summarize(good, observed_until="soon"),
        "newcomers from": lambda: summarize(good, first_purchase_from=3),
        "missing date": lambda: summarize(good, observed_until=np.datetime64("NaT")),
        "an option": lambda: summarize(good, colour="red"),
    }
    return found | {name: outcome(call) for name, call in calls.items()}


# -- Histories -------------------------------------------------------------------------------------------------------


def histories() -> dict[str, Any]:
    """RFM as a value: columns, rows, distinct rows, and what it refuses."""
    rows = new_rfm(
        [2, 0, 2, 1],
        [30.43, 0, 30.43, 4],
        [38.86, 38.86, 38.86, 5],
        [22.35, 9, 22.35, 1],
        ids=list("abcd"),
        unit="week",
    )
    each = rows.distinct("x", "t_x", "T")
    table = {"customer_id": ["b", "a"], "frequency": [2, 0], "recency": [30.43, 0.0], "T": 38.86}
    table = {**table, "T": [38.86, 38.86], "monetary_value": [22.35, 0.0]}
    builds: dict[str, Callable[[Any], Any]] = {
        "mapping": dict,
        "pandas": pd.DataFrame,
        "indexed": lambda columns: pd.DataFrame(columns).set_index("customer_id"),
        "polars": pl.DataFrame,
        "lazy": pl.LazyFrame,
        "pyarrow": pa.table,
    }
    found: dict[str, Any] = {
        "columns": rfm_columns(rows),
        "length": len(rows),
        "mask": rfm_columns(rows[rows.x > 0]),
        "slice": rfm_columns(rows[1:3]),
        "position": rfm_columns(rows[[3]]),
        "equal": [rows == rows[[0, 1, 2, 3]], rows == rows[:2]],
        "read only": not rows.x.flags.writeable,
        "broadcast": rfm_columns(new_rfm(2, 1.0, [3.0, 4.0])),
        "single": rfm_columns(new_rfm(2, 1.0, 3.0)),
        "with the first": rfm_columns(new_rfm([0, 2], [0, 1.0], 3.0, m=[5.0, 6.0], m_count=[1, 3])),
        "distinct": {"columns": list(each.columns), "counts": each.counts, "index": each.index},
        "table": {name: rfm_columns(RFM.from_table(build(table), unit="week")) for name, build in builds.items()},
        "papers' names": rfm_columns(
            RFM.from_table({"cust": [1], "x": [2], "t.x": [4.0], "T.cal": [9.0], "litt": [1.3]}, unit="week")
        ),
        "given names": rfm_columns(
            RFM.from_table(
                {"a": [1], "b": [2], "c": [4.0], "d": [9.0]}, unit="day", customer="a", x="b", t_x="c", T="d"
            )
        ),
    }
    refused: dict[str, Callable[[], Any]] = {
        "t_x > T": lambda: new_rfm(1, 3.0, 2.0),
        "half a purchase": lambda: new_rfm(0.5, 1.0, 2.0),
        "negative": lambda: new_rfm(-1, 0.0, 2.0),
        "t_x = 0": lambda: new_rfm(1, 0.0, 2.0),
        "t_x > 0": lambda: new_rfm(0, 1.0, 2.0),
        "missing": lambda: new_rfm(np.nan, 0.0, 2.0),
        "infinite": lambda: new_rfm(0, 0.0, np.inf),
        "text": lambda: new_rfm("one", 0.0, 2.0),
        "m missing": lambda: new_rfm(1, 1.0, 2.0, m=np.nan),
        "m_count": lambda: new_rfm(1, 1.0, 2.0, m=1.0, m_count=5),
        "ids": lambda: new_rfm([1, 1], 1.0, 2.0, ids=["a"]),
        "unit": lambda: new_rfm(1, 1.0, 2.0, unit="fortnight"),
        "lengths": lambda: new_rfm([1, 1], [1.0, 1.0, 1.0], 2.0),
        "spacing": lambda: new_rfm([2], [4.0], [9.0], log_interpurchase=[1.6]),
        "no column": lambda: RFM.from_table({"x": [1], "T": [2]}, unit="week"),
        "two columns": lambda: RFM.from_table({**table, "x": [2, 0]}, unit="week"),
        "no unit": lambda: RFM.from_table(table),
    }
    return found | {name: outcome(call) for name, call in refused.items()}


def distinct_rows() -> dict[str, Any]:
    """Patterns of rows: whole numbers, days in weeks, any floats, none."""
    whole = np.array([3.0, 1.0, 3.0, 2.0, 1.0, 3.0])
    cases = {
        "whole": (whole,),
        "two": (whole, whole[::-1]),
        "weeks": (np.array([1, 8, 1, 15, 8]) / 7,),
        "floats": (np.array([0.1, np.pi, 0.1, 1e300, -5.0]), np.array([1.0, 1.0, 1.0, 0.0, 0.0])),
        "large": (np.array([2.0**60, 0.0, 2.0**60]),),
        "none": (np.zeros(0), np.zeros(0)),
    }
    found = {}
    for name, columns in cases.items():
        each = distinct(*columns, ticks=7.0)
        found[name] = {"columns": list(each.columns), "counts": each.counts, "index": each.index}
    return found


def people() -> list[Customer]:
    """Customers with cash flows in several relationships, refunds and costs among them."""
    one = [CashFlow(30.0, "2024-01-01"), CashFlow(45.0, "2024-01-15"), CashFlow(-5.0, "2024-01-16", "refund")]
    two = [CashFlow(10.0, "2024-01-15"), CashFlow(12.0, "2024-03-01"), CashFlow(3.0, "2024-03-02", "cost")]
    bob = [CashFlow(8.0, "2024-02-01"), CashFlow(9.0, "2024-02-20"), CashFlow(-2.0, "2024-02-21")]
    return [
        Customer(
            "ann",
            [
                Relationship("shop", start="2024-01-01", cash_flows=one),
                Relationship("web", start="2024-01-15", cash_flows=two),
            ],
        ),
        Customer("bob", [Relationship("shop", start="2024-02-01", cash_flows=bob)]),
    ]


def from_records() -> dict[str, Any]:
    """Histories of customers who are records."""
    wanted: dict[str, dict[str, Any]] = {
        "plain": {"as_of": "2024-03-31"},
        "earlier": {"as_of": dt.date(2024, 2, 28), "unit": "day"},
        "by the month": {"as_of": "2024-03-31", "collapse": "month"},
        "moments": {"as_of": "2024-03-31", "collapse": None, "log_spacing": True},
        "first": {"as_of": "2024-03-31", "first_purchase_in_spend": True, "log_spacing": True},
        "kinds": {"as_of": "2024-03-31", "kinds": ("purchase", "cost")},
    }
    found = {name: rfm_columns(people_rfm(people(), **more)) for name, more in wanted.items()}
    flows = [CashFlow(5.0, -4.0), CashFlow(7.0, -2.0), CashFlow(6.0, 0.0)]
    ann = Customer("ann", [Relationship("shop", start=-4.0, cash_flows=flows)])
    found["years from now"] = rfm_columns(people_rfm([ann], as_of=0.0, unit="year", log_interpurchase=True))
    refused: dict[str, Callable[[], Any]] = {
        "too early": lambda: people_rfm(people(), as_of="2024-01-15"),
        "twice": lambda: people_rfm([*people(), people()[0]], as_of="2024-03-31"),
        "mixed": lambda: people_rfm(people(), as_of=0.0),
        "calendar": lambda: people_rfm([ann], as_of=0.0, collapse="month"),
    }
    return found | {name: outcome(call) for name, call in refused.items()}


# -- Chances ---------------------------------------------------------------------------------------------------------


def opportunities() -> dict[str, Any]:
    """Chances to buy: from logs by every period, from tables, as values."""
    log = arrays(LOG)
    found: dict[str, Any] = {
        period: chance_columns(chances(log, opportunities=period, observed_until="2025-12-31")) for period in PERIODS
    }
    for name, more in {
        "last date": {"opportunities": "month"},
        "within a month": {"opportunities": "month", "observed_until": "2025-02-15"},
        "refunds": {"opportunities": "month", "amount": "amount", "observed_until": END},
        "refunds dropped": {"opportunities": "month", "amount": "amount", "refunds": "drop", "observed_until": END},
        "newcomers": {"opportunities": "week", "first_purchase_from": "2024-02-01", "observed_until": END},
    }.items():
        found[name] = chance_columns(chances(log, **more))
    table = {"frequency": [6, 1, 0], "recency": [6, 2, 0], "periods": [6, 6, 6], "weights": [2, 0, 3]}
    rows = one_by_one(Opportunities.from_table(table, unit="year"))
    each = rows.distinct("x", "t_x", "n")
    found |= {
        "weighted table": chance_columns(rows),
        "distinct": {"columns": list(each.columns), "counts": each.counts, "index": each.index},
        "table": chance_columns(
            Opportunities.from_table(
                pd.DataFrame({"id": ["b", "a"], "buys": [1, 0], "last": [2, 0], "T": [3, 3]}),
                unit="week",
                x="buys",
                t_x="last",
                n="T",
            )
        ),
        "BTYD's names": chance_columns(
            one_by_one(Opportunities.from_table({"x": [2], "t.x": [4], "n.cal": [6], "custs": [4]}, unit="year"))
        ),
        "some": chance_columns(rows[rows.x > 0]),
        "length": len(rows),
        "equal": [rows == rows[:], rows == rows[:2]],
        "donations": chance_columns(one_by_one(Opportunities.from_table(datasets.donations(), unit="year"))),
        "cdnow": chance_columns(chances(datasets.cdnow(), opportunities="month", observed_until="1998-06-30")),
    }
    refused: dict[str, Callable[[], Any]] = {
        "halves": lambda: new_chances(1.5, 2, 3),
        "missing": lambda: new_chances(1, 2, np.nan),
        "x > t_x": lambda: new_chances(2, 1, 3),
        "t_x > n": lambda: new_chances(1, 4, 3),
        "t_x without x": lambda: new_chances(0, 2, 3),
        "ids": lambda: new_chances([1, 1], 1, 1, ids=["a"]),
        "unit": lambda: new_chances(1, 1, 1, unit="decade"),
        "period": lambda: chances(log, opportunities="decade"),
        "no complete period": lambda: chances(log, observed_until="2023-11-21"),
        "no column": lambda: Opportunities.from_table({"x": [1], "t_x": [1]}, unit="week"),
    }
    return found | {name: outcome(call) for name, call in refused.items()}


# -- Tenures ---------------------------------------------------------------------------------------------------------

BOOK: dict[str, Any] = {
    "customer_id": list("abcdefgh"),
    "start": [
        "2020-01-31",
        "2020-02-29",
        "2021-03-15",
        "2021-12-31",
        "2022-06-01",
        "2022-06-01",
        "2019-05-05",
        "2022-01-01",
    ],
    "end": ["2021-02-28", None, "2021-03-15", "2022-12-31", "2023-06-01", None, "2020-05-05", "2021-12-31"],
    "weights": [1, 2, 1, 3, 1, 1, 2, 1],
}
BOOK["end"][-1] = "2022-01-02"


def book_as_of() -> str:
    return "2023-03-31"


def tenures() -> dict[str, Any]:
    """Tenures: from dates by every period and unit, from durations, cohorts, records and silence."""
    as_of = book_as_of()
    found: dict[str, Any] = {}
    for name in PERIODS:
        found[f"periods {name}"] = tenure_columns(stays(BOOK, as_of=as_of, period=name))
        found[f"time {name}"] = tenure_columns(stays(BOOK, as_of=as_of, unit=name))
    found["default"] = tenure_columns(stays(BOOK, as_of=as_of))
    for name, more in {"late periods": {"period": "month"}, "late time": {"unit": "week"}}.items():
        found[name] = tenure_columns(stays(BOOK, as_of=as_of, observed_from="2021-06-10", **more))
    reference = stays(BOOK, as_of=as_of, period="month")
    dated = {
        **BOOK,
        **{
            name: [None if day is None else dt.date.fromisoformat(day) for day in BOOK[name]]
            for name in ("start", "end")
        },
    }
    for kind in ("pandas", "polars", "polars lazy", "pyarrow", "duckdb"):
        found[f"same {kind}"] = stays(KINDS[kind](dated), as_of=as_of, period="month") == reference
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "book.csv")
        pd.DataFrame(BOOK).to_csv(path, index=False)
        found["csv"] = alike(tenure_columns(stays(path, as_of=as_of, period="month")), tenure_columns(reference))
        pd.DataFrame(BOOK).to_parquet(path.with_suffix(".parquet"))
        found["parquet"] = stays(path.with_suffix(".parquet"), as_of=as_of, period="month") == reference
    found["times of day"] = tenure_columns(
        stays(
            {
                "start": np.array(["2024-01-01T12:00"] * 2, "M8[m]"),
                "end": np.array(["2024-01-02T18:00", "NaT"], "M8[m]"),
            },
            as_of="2024-01-02",
            unit="day",
        )
    )
    found["durations"] = tenure_columns(stays({"T": [2.5, 3.0], "E": [1, 0]}, unit="week"))
    found["counted durations"] = tenure_columns(
        stays({"tenure": [2, 3], "churned": [1, 0], "entry": [1, 0]}, period="month")
    )
    found["given names"] = tenure_columns(
        stays({"a": [2, 3], "b": [1, 0], "c": ["x", "y"]}, unit="day", duration="a", ended="b", customer="c")
    )
    found["one cohort"] = tenure_columns(Tenures.from_cohorts([10_000, 8_000, 6_480], unit="year"))
    found["cohorts"] = tenure_columns(Tenures.from_cohorts([[100, 80, 64], [100, 80]], unit="year"))
    found["cohorts matrix"] = tenure_columns(
        Tenures.from_cohorts(np.array([[100, 80, 64], [100, 80, np.nan]]), unit="month")
    )
    found["named cohorts"] = tenure_columns(Tenures.from_cohorts({"x": [100, 80], "y": [50, 50, 0]}, unit="month"))
    found["silence"] = tenure_columns(idle(arrays(LOG), inactive_after=20.0, unit="week", observed_until="2025-02-28"))
    found["silence with refunds"] = tenure_columns(
        idle(
            arrays(LOG),
            inactive_after=3.0,
            unit="month",
            amount="amount",
            refunds="drop",
            first_purchase_from="2023-12-15",
        )
    )
    found["cdnow silence"] = tenure_columns(
        idle(datasets.cdnow(), inactive_after=26.0, unit="week", observed_until="1998-06-30")
    )
    many = np.arange(3000)
    start = np.datetime64("2015-01-01") + many * 7919 % 2500
    end = np.where(many % 3 == 0, np.datetime64("NaT"), start + 1 + many * 104729 % 900)
    contracts = {"start": start, "end": end}
    for name in PERIODS:
        found[f"many contracts {name}"] = tenure_columns(
            stays(contracts, as_of="2022-06-30", period=name, observed_from="2016-02-29")
        )
    return found | tenure_records() | tenure_values()


def tenure_records() -> dict[str, Any]:
    """Tenures of relationships that are records."""
    records = [
        Relationship(who, start, end)
        for who, start, end in zip(BOOK["customer_id"], BOOK["start"], BOOK["end"], strict=True)
    ]
    reference = stays(BOOK, as_of=book_as_of(), period="month")
    read = stays_of(records, as_of=book_as_of(), period="month")
    now = [Relationship("c1", -1.5, -0.25), Relationship("c2", -0.75), Relationship("c3", -0.1, 0.5)]
    ann = Customer("ann", [Relationship("a", "2024-01-01", "2024-03-01"), Relationship("b", "2024-02-01")])
    return {
        "records": [np.array_equal(read.duration, reference.duration), np.array_equal(read.ended, reference.ended)],
        "of customers": tenure_columns(stays_of([ann], as_of="2024-04-01", period="month")),
        "years from now": tenure_columns(stays_of(now, as_of=0, unit="month")),
        "periods from now": tenure_columns(stays_of(now, as_of=0, period="quarter", observed_from=-0.5)),
        "no records": outcome(lambda: stays_of([], as_of=0.0)),
        "mixed records": outcome(lambda: stays_of([Relationship("a", "2024-01-01")], as_of=0.0)),
    }


def tenure_values() -> dict[str, Any]:
    """Tenures as values, and what they refuse."""
    rows = new_stays([3, 12, 5, 3], [1, 0, 1, 1], weights=[1, 2, 3, 4], ids=list("abcd"), unit="month", left_out=2)
    each = rows.distinct()
    as_of = book_as_of()
    found: dict[str, Any] = {
        "columns": tenure_columns(rows),
        "length": len(rows),
        "some": tenure_columns(rows[rows.ended]),
        "distinct": {"columns": list(each.columns), "counts": each.counts, "index": each.index},
        "equal": [rows == rows[:], rows == rows[:2]],
    }
    refused: dict[str, Callable[[], Any]] = {
        "negative": lambda: new_stays([-1.0], [1]),
        "missing": lambda: new_stays([np.nan], [1]),
        "ended": lambda: new_stays([1.0], [2]),
        "entry": lambda: new_stays([1.0], [1], entry=2.0),
        "entry by period": lambda: new_stays([2.0], [1], entry=2.0, by_period=True),
        "weights": lambda: new_stays([1.0], [1], weights=-1),
        "halves": lambda: new_stays([1.5], [1], by_period=True),
        "ids": lambda: new_stays([1.0, 2.0], [1, 1], ids=["a"]),
        "lengths": lambda: new_stays([1.0, 2.0], [1, 1, 0]),
        "unit": lambda: new_stays([1.0], [1], unit="decade"),
        "end before start": lambda: stays({"start": ["2024-01-01"], "end": ["2023-12-01"]}, as_of=as_of),
        "start after": lambda: stays({"start": ["2024-01-01"], "end": [None]}, as_of=as_of),
        "no as_of": lambda: stays(BOOK, period="month"),
        "from after": lambda: stays(BOOK, as_of=as_of, observed_from="2024-01-01"),
        "no column": lambda: stays({"x": [1]}, unit="month"),
        "no start": lambda: stays({"start": [None], "end": [None]}, as_of=as_of),
        "growing cohort": lambda: Tenures.from_cohorts([3, 2, 3], unit="month"),
        "empty cohort": lambda: Tenures.from_cohorts([[]], unit="month"),
        "no cohort": lambda: Tenures.from_cohorts([], unit="month"),
        "silence": lambda: idle(arrays(LOG), inactive_after=0, unit="week"),
    }
    return found | {f"refused {name}": outcome(call) for name, call in refused.items()}


# -- Cohorts, revenue, spacings, splits ------------------------------------------------------------------------------

FADER_HARDIE = [[10000, 8000, 6480, 5307, 4391], [10000, 8000, 6480, 5307], [10000, 8000, 6480], [10000, 8000]]


def cohort_rates(rows: Any) -> dict[str, Any]:
    """Everything that follows from cohorts."""
    return {
        **cohort_columns(rows),
        "of cohort": rows.retention(),
        "of previous": rows.retention("previous"),
        "pooled": rows.retention(pooled=True),
        "pooled of previous": rows.retention("previous", pooled=True),
        "of revenue": None if rows.revenue is None else outcome(rows.revenue_retention),
        "length": len(rows),
    }


def cohorts() -> dict[str, Any]:
    """Cohorts: from logs by every period, from tenures, as values; their tables."""
    found: dict[str, Any] = {
        period: cohort_rates(won(NET, amount="amount", period=period, observed_until="2025-12-31"))
        for period in ("week", "month", "quarter", "year")
    }
    for name, more in {
        "last date": {},
        "within a month": {"observed_until": "2025-02-15"},
        "refunds": {"amount": "amount", "observed_until": END},
        "refunds dropped": {"amount": "amount", "refunds": "drop", "observed_until": END},
        "days": {"period": "day", "observed_until": END},
    }.items():
        found[name] = cohort_columns(won(arrays(LOG), **more))
    cdnow = won(datasets.cdnow(), amount="amount", observed_until="1998-06-30")
    paper = new_cohorts(FADER_HARDIE, unit="year")
    contracts = new_stays([3, 2, 3, 1, 2], [0, 1, 0, 1, 1], weights=[1, 2, 1, 1, 1], by_period=True, unit="month")
    found |= {
        "cdnow": cohort_rates(cdnow),
        "paper": cohort_rates(paper),
        "paper tenures": tenure_columns(paper.tenures()),
        "gone": cohort_rates(new_cohorts([[4, 0, 0], [4, 2]])),
        "named": cohort_columns(new_cohorts({"x": [3, 2], "y": [4]})),
        "with revenue": cohort_rates(new_cohorts([[2, 1], [1]], [[10, 12], [5, np.nan]], labels=[2021, 2022])),
        "from tenures": cohort_columns(won_of(contracts, [2024, 2024, 2024, 2025, 2025])),
        "some": cohort_columns(paper[2:]),
        "one": cohort_columns(paper[0]),
        "equal": [paper == new_cohorts(FADER_HARDIE, unit="year"), paper == paper[1:]],
        "table": plain_columns(paper.table()),
    }
    tables = {}
    for kind in ("lists", "pandas", "polars", "polars lazy", "pyarrow", "duckdb"):
        made = won(KINDS[kind](NET), amount="amount", observed_until=END).table()
        tables[kind] = plain_columns(made)
        found[f"table {kind}"] = [type(made).__name__, tables[kind] == tables["lists"]]
    found["table of a log"] = tables["lists"]
    refused: dict[str, Callable[[], Any]] = {
        "empty": lambda: new_cohorts([[0, 0]]),
        "labels": lambda: new_cohorts([[2, 1]], labels=[1, 2]),
        "revenue": lambda: new_cohorts([[2, 1]], [[1.0]]),
        "no revenue": lambda: new_cohorts([[2, 1]]).revenue_retention(),
        "no first revenue": lambda: new_cohorts([[2, 1]], [[0, 1]]).revenue_retention(),
        "of": lambda: paper.retention("size"),
        "growing": lambda: new_cohorts([[3, 2, 3]]).tenures(),
        "gap": lambda: new_cohorts([[3, np.nan, 3]]),
        "tenures in time": lambda: won_of(new_stays([1.5], [1]), ["a"]),
        "late tenures": lambda: won_of(new_stays([3], [1], entry=1, by_period=True), ["a"]),
        "period": lambda: won(arrays(LOG), period="fortnight"),
        "no complete period": lambda: won(arrays(LOG), period="year", observed_until="2023-12-30"),
    }
    return found | {f"refused {name}": outcome(call) for name, call in refused.items()}


def bridge_columns(bridge: Any) -> dict[str, Any]:
    """Everything of a bridge."""
    return {
        "opening": bridge.opening,
        "new": bridge.new,
        "reactivated": bridge.reactivated,
        "expansion": bridge.expansion,
        "contraction": bridge.contraction,
        "churned": bridge.churned,
        "closing": bridge.closing,
        "opening customers": bridge.opening_customers,
        "new customers": bridge.new_customers,
        "reactivated customers": bridge.reactivated_customers,
        "churned customers": bridge.churned_customers,
        "closing customers": bridge.closing_customers,
        "net retention": bridge.net_revenue_retention,
        "gross retention": bridge.gross_revenue_retention,
        "revenue churn": bridge.revenue_churn,
        "logo churn": bridge.logo_churn,
        "quick ratio": bridge.quick_ratio,
        "labels": bridge.labels.astype(str),
        "over": bridge.over,
        "unit": bridge.unit,
        "length": len(bridge),
    }


def bridges() -> dict[str, Any]:
    """Revenue bridges: from matrices and logs; their tables."""
    matrix = [[100, 120, 0, 30], [50, 0, 40, 40], [0, 30, 0, 0], [0, 0, 25, 20], [7, 7, 7, 7]]
    found: dict[str, Any] = {f"over {over}": bridge_columns(bridge_of(matrix, over=over)) for over in (1, 2, 3)}
    found |= {
        "labels": bridge_columns(bridge_of(matrix[:2], labels=list("abcd"), unit="year")),
        "nothing": bridge_columns(bridge_of([[0, 0, 0]])),
        "only won": bridge_columns(bridge_of([[1, 2]])),
        "log": bridge_columns(bridge(NET, observed_until=END)),
        "log over 3": bridge_columns(bridge(NET, observed_until=END, over=3)),
        "log by the quarter": bridge_columns(
            bridge(arrays(LOG), period="quarter", refunds="drop", observed_until="2025-01-15")
        ),
        "cdnow": bridge_columns(bridge(datasets.cdnow(), observed_until="1998-06-30")),
    }
    tables = {}
    for kind in ("lists", "pandas", "polars", "polars lazy", "pyarrow", "duckdb"):
        made = bridge(KINDS[kind](NET), observed_until=END).table()
        tables[kind] = plain_columns(made)
        found[f"table {kind}"] = [type(made).__name__, alike(arrays_of(tables[kind]), arrays_of(tables["lists"]))]
    found["table"] = tables["lists"]
    refused: dict[str, Callable[[], Any]] = {
        "negative": lambda: bridge_of([[1, -1]]),
        "missing": lambda: bridge_of([[1, np.nan]]),
        "over": lambda: bridge_of(matrix, over=0),
        "too far": lambda: bridge_of(matrix, over=4),
        "shape": lambda: bridge_of([1, 2]),
        "labels": lambda: bridge_of(matrix, labels=[1]),
        "refunds": lambda: bridge(
            {"customer_id": [1, 1, 1], "date": ["2024-01-05", "2024-02-05", "2024-03-31"], "amount": [9.0, -9.5, 1.0]}
        ),
    }
    return found | {f"refused {name}": outcome(call) for name, call in refused.items()}


def arrays_of(columns: dict[str, Any]) -> dict[str, np.ndarray]:
    return {name: np.array(values) for name, values in columns.items()}


def spacing_columns(times: Any) -> dict[str, Any]:
    return {"counts": times.counts, "gaps": times.gaps, "unit": times.unit}


def spacings() -> dict[str, Any]:
    """Times between purchases."""
    log, timed = arrays(LOG), arrays(TIMED)
    found: dict[str, Any] = {
        "plain": spacing_columns(gaps(log)),
        "days": spacing_columns(gaps(log, unit="day", collapse="week", observed_until=END)),
        "refunds": spacing_columns(gaps(log, amount="amount", refunds="drop")),
        "moments": spacing_columns(gaps(timed, collapse=None, unit="day")),
        "newcomers": outcome(lambda: spacing_columns(gaps(log, first_purchase_from="2024-02-01"))),
        "cdnow": spacing_columns(gaps(datasets.cdnow())),
        "value": spacing_columns(new_gaps([2, 0], [2.0, 1.0], unit="week")),
    }
    refused: dict[str, Callable[[], Any]] = {
        "zero": lambda: new_gaps([1], [0.0]),
        "infinite": lambda: new_gaps([1], [np.inf]),
        "counts": lambda: new_gaps([2], [1.0]),
        "unit": lambda: new_gaps([1], [1.0], unit="decade"),
        "after the end": lambda: gaps(log, observed_until="2024-01-31"),
    }
    return found | {f"refused {name}": outcome(call) for name, call in refused.items()}


def split_columns(parts: Any) -> dict[str, Any]:
    return {
        "calibration": rfm_columns(parts.calibration),
        "purchases": parts.purchases,
        "spend": parts.spend,
        "duration": parts.duration,
        "new": parts.new_customers,
    }


def splits() -> dict[str, Any]:
    """Logs cut in two."""
    log, timed, at = arrays(LOG), arrays(TIMED), "2024-06-30"
    wanted: dict[str, dict[str, Any]] = {
        "plain": {},
        "amounts": {"amount": "amount"},
        "until": {"amount": "amount", "until": "2024-10-31"},
        "drop": {"amount": "amount", "refunds": "drop", "unit": "day"},
        "by the week": {"amount": "amount", "collapse": "week", "first_purchase_in_spend": True},
        "by the quarter": {"amount": "amount", "collapse": "quarter", "unit": "month"},
        "newcomers": {"first_purchase_from": "2024-01-15", "log_spacing": True},
    }
    found = {name: split_columns(split(log, at=at, **more)) for name, more in wanted.items()}
    found["early"] = split_columns(split(log, at="2023-11-25", amount="amount"))
    found["moments"] = split_columns(split(timed, at="2024-06-30T12:00", collapse=None, unit="day", amount="amount"))
    found["a day of moments"] = split_columns(split(timed, at=dt.date(2024, 6, 30), collapse=None, unit="day"))
    mixed = {"customer_id": [1, 1, 2, 3, 3, 4], "amount": [5.0, 6.0, 7.0, 8.0, -1.0, -2.0]}
    mixed["date"] = ["2024-01-01", "2024-03-01", "2024-03-02", "2024-03-03", "2024-03-04", "2024-03-05"]
    found["newcomers after"] = split_columns(split(mixed, at="2024-01-31", amount="amount"))
    found["cdnow"] = split_columns(split(datasets.cdnow(), at="1997-09-30", until="1998-06-30", amount="amount"))
    refused: dict[str, Callable[[], Any]] = {
        "empty": lambda: split(log, at="2030-01-01"),
        "no date": lambda: split(log, at="soon"),
        "no end": lambda: split(log, at=at, until=3),
        "too early": lambda: split(log, at="2020-01-01"),
        "until before": lambda: split(log, at=at, until="2024-06-01"),
    }
    return found | {f"refused {name}": outcome(call) for name, call in refused.items()}


# -- Data sets -------------------------------------------------------------------------------------------------------


def data_sets() -> dict[str, Any]:
    """The columns, their types and that they cannot be written to."""
    found: dict[str, Any] = {}
    for name, columns in {
        "cdnow": datasets.cdnow(),
        "cdnow full": datasets.cdnow_full(),
        "donations": datasets.donations(),
    }.items():
        found[name] = {
            "names": list(columns),
            "types": [str(column.dtype) for column in columns.values()],
            "read only": not any(column.flags.writeable for column in columns.values()),
            "columns": dict(columns),
        }
    full = log_rfm(datasets.cdnow_full(), amount="amount", observed_until="1998-06-30", log_interpurchase=True)
    found["cdnow full histories"] = rfm_columns(full)
    each = full.distinct("x", "t_x", "T")
    found["cdnow full patterns"] = [len(each.counts), float(each.counts.max())]
    found["cdnow histories"] = summary_columns(
        summarize(datasets.cdnow(), amount="amount", log_interpurchase=True, observed_until="1998-06-30")
    )
    return found


CASES: dict[str, Callable[[], Any]] = {
    "kinds of logs": every_kind,
    "kinds of logs with times": timed_kinds,
    "files": files,
    "options": options,
    "time zones": zones,
    "broken logs": broken_logs,
    "histories": histories,
    "distinct": distinct_rows,
    "records": from_records,
    "opportunities": opportunities,
    "tenures": tenures,
    "cohorts": cohorts,
    "bridges": bridges,
    "spacings": spacings,
    "splits": splits,
    "data sets": data_sets,
}
