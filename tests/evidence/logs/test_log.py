"""A log is read and checked once, whatever is derived from it; what is derived holds no dataframe."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from logs import KINDS, engine

import custvalue as cv
from custvalue.evidence.cohorts import Cohorts
from custvalue.evidence.holdout_split import HoldoutSplit
from custvalue.evidence.logs import in_memory, reading
from custvalue.evidence.logs.kinds import kind_of, to_kind
from custvalue.evidence.logs.options import Options
from custvalue.evidence.logs.reading import open_log
from custvalue.evidence.revenue_bridge import RevenueBridge
from custvalue.evidence.summary import Summary

LOG = cv.datasets.cdnow()
OPTIONS = Options(unit="month", collapse="month", amount="amount", observed_until="1998-06-30")


class Counted(dict[str, Any]):
    """A mapping of arrays that counts how often each is read."""

    def __init__(self, columns: dict[str, Any]) -> None:
        super().__init__(columns)
        self.reads: list[str] = []

    def __getitem__(self, name: str) -> Any:
        self.reads.append(name)
        return super().__getitem__(name)

    def __iter__(self) -> Iterator[str]:
        return super().__iter__()


def test_all_evidence_comes_from_one_reading() -> None:
    log = Counted(LOG)
    opened = open_log(log, OPTIONS)
    rfm = cv.RFM(**opened.rfm())
    chances = cv.Opportunities(**opened.opportunities())
    parts = HoldoutSplit.of(opened, at="1997-09-30")
    times = cv.InterpurchaseTimes(**opened.interpurchase_times())
    silent = cv.Tenures(**opened.tenures(3))
    assert opened.facts().rows == len(LOG["date"])
    assert opened.periods().last == 28 * 12 + 5
    assert sorted(log.reads) == ["amount", "customer_id", "date"]
    shared = {"unit": "month", "observed_until": "1998-06-30", "amount": "amount"}
    assert rfm == cv.RFM.from_transactions(LOG, collapse="month", **shared)
    assert chances == cv.Opportunities.from_transactions(LOG, **shared)
    assert parts == cv.holdout_split(
        LOG, at="1997-09-30", until="1998-06-30", unit="month", collapse="month", amount="amount"
    )
    assert times == cv.InterpurchaseTimes.from_transactions(LOG, collapse="month", **shared)
    assert silent == cv.Tenures.from_transactions(LOG, inactive_after=3, collapse="month", **shared)


@pytest.mark.parametrize("model", [cv.BetaGeoNBD, cv.BetaGeoBetaBinom])
def test_a_valuation_reads_its_log_once(monkeypatch: pytest.MonkeyPatch, model: Any) -> None:
    """Also where it needs opportunities beside histories, or a holdout."""
    log, made = Counted(LOG), []
    monkeypatch.setattr(reading, "array_log", lambda *columns: made.append(columns) or in_memory.array_log(*columns))
    more = {"unit": "month", "observed_until": "1998-06-30"} if model is cv.BetaGeoBetaBinom else {}
    valuation = cv.value_customers(log, rate=cv.Rate.annual(0.1), years=3, model=model, holdout="1997-09-30", **more)
    assert len(made) == 1
    assert sorted(log.reads) == ["amount", "customer_id", "date"]
    assert len(valuation.rfm) == 2357


@pytest.mark.parametrize("kind", KINDS)
def test_results_answer_in_the_log_s_kind_after_pickling(kind: str) -> None:
    columns = {name: LOG[name].tolist() for name in ("customer_id", "date", "amount")}
    with engine(kind) as build:
        log = build(columns)
        results = [
            cv.value_customers(log, rate=cv.Rate.annual(0.1), years=3),
            Cohorts.from_transactions(log, unit="month"),
            RevenueBridge.from_transactions(log, unit="month"),
        ]
    for result in results:
        again = pickle.loads(pickle.dumps(result))  # noqa: S301 (its own)
        table = again.table()
        assert type(table) is type(log if kind != "mapping" else {})
        assert _names(table) == _names(result.table())


def _names(table: Any) -> list[str]:
    if isinstance(table, pl.LazyFrame):
        return table.collect_schema().names()
    if isinstance(table, dict):
        return list(table)
    return list(getattr(table, "column_names", None) or table.columns)


def test_a_valuation_of_a_relation_outlives_its_connection() -> None:
    with duckdb.connect() as own:
        own.register("log", pa.table({name: LOG[name] for name in ("customer_id", "date", "amount")}))
        valuation = cv.value_customers(own.sql("SELECT * FROM log"), rate=cv.Rate.annual(0.1), years=3)
        text = pickle.dumps(valuation)
    table = pickle.loads(text).table()  # noqa: S301 (its own)
    assert isinstance(table, duckdb.DuckDBPyRelation)
    assert table.sum("clv").fetchall()[0][0] == pytest.approx(valuation.total, rel=1e-12)


def test_the_word_for_a_kind() -> None:
    frame = pd.DataFrame({"a": [1]})
    kinds = {"pandas": frame, "polars": pl.from_pandas(frame), "pyarrow": pa.table({"a": [1]}), "dict": {"a": [1]}}
    kinds |= {"polars lazy": pl.LazyFrame({"a": [1]}), "duckdb": duckdb.sql("SELECT 1 AS a")}
    for word, table in kinds.items():
        assert kind_of(table) == word
        assert type(to_kind({"a": np.array([1])}, word)) is type(table)
    assert kind_of("log.csv") == "polars"


def test_the_summary_holds_customers_and_facts() -> None:
    found = Summary.of(open_log(LOG, OPTIONS))
    assert found.rfm == cv.RFM.from_transactions(
        LOG, unit="month", collapse="month", amount="amount", observed_until="1998-06-30"
    )
    assert (found.facts.rows, found.facts.left_out, found.facts.nonpositive, found.facts.kind) == (6919, 0, 8, "dict")
    assert found.facts.observed_until == np.datetime64("1998-06-30")
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 (its own)
