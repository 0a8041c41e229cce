"""A million rows: some engines' faults show only above a certain size."""

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from logs import engine

from custvalue import holdout_split
from custvalue.evidence.summary import summarize

ROWS = 1_000_000
BUILD = {
    "pandas": lambda table: table.to_pandas(),
    "pandas[pyarrow]": lambda table: table.to_pandas(types_mapper=pd.ArrowDtype),
    "polars": pl.from_arrow,
    "polars lazy": lambda table: pl.from_arrow(table).lazy(),
    "polars plan": lambda table: pl.from_arrow(table).lazy(),
    "pyarrow": lambda table: table,
    "duckdb": lambda table: duckdb.from_arrow(table),  # noqa: PLW0108 (held itself, it is reported as a leak at exit)
    "duckdb plan": lambda table: duckdb.from_arrow(table),  # noqa: PLW0108 (the same)
}


@pytest.fixture(scope="module")
def log():
    """Random purchases of 100,000 customers in two years, one in fifty of them refunds."""
    rng = np.random.default_rng(1)
    days = np.datetime64("2022-01-01") + rng.integers(0, 730, ROWS).astype("timedelta64[D]")
    amounts = rng.integers(1, 10_000, ROWS) / 4 * np.where(rng.random(ROWS) < 0.02, -1, 1)
    return {"customer_id": rng.integers(0, 100_000, ROWS), "date": days, "amount": amounts}


@pytest.mark.slow
@pytest.mark.parametrize(("collapse", "text"), [("day", False), ("week", False), ("month", True)])
@pytest.mark.parametrize("kind", BUILD)
def test_every_backend_equals_numpy(log, kind, collapse, text):
    plain = summarize(log, amount="amount", collapse=collapse, unit="week")
    table = pa.table({**log, "customer_id": np.char.mod("%06d", log["customer_id"])} if text else log)
    with engine("polars plan" if kind.endswith("plan") else "polars"):
        found = summarize(BUILD[kind](table), amount="amount", collapse=collapse, unit="week")
    np.testing.assert_array_equal(found.rfm.ids.astype(int), plain.rfm.ids)
    for name in ("x", "t_x", "T", "m_count", "m"):  # amounts are quarters: their sums are exact
        np.testing.assert_array_equal(getattr(found.rfm, name), getattr(plain.rfm, name), err_msg=name)
    assert (found.facts.rows, found.facts.first_day, found.facts.last_day) == (
        plain.facts.rows,
        plain.facts.first_day,
        plain.facts.last_day,
    )
    assert (found.facts.total_spend, found.facts.nonpositive) == (plain.facts.total_spend, plain.facts.nonpositive)


@pytest.mark.slow
@pytest.mark.parametrize("kind", BUILD)
def test_every_backend_splits_alike(log, kind):
    plain = holdout_split(log, at="2023-06-30", until="2023-11-30", amount="amount", unit="week")
    with engine("polars plan" if kind.endswith("plan") else "polars"):
        found = holdout_split(
            BUILD[kind](pa.table(log)), at="2023-06-30", until="2023-11-30", amount="amount", unit="week"
        )
    assert found == plain


@pytest.mark.slow
def test_numpy_equals_a_plain_group_by_at_size(log):
    plain = summarize(log, amount="amount", unit="day")
    bought = log["amount"] > 0
    days = pd.DataFrame({name: values[bought] for name, values in log.items()})
    by = days.groupby("customer_id")["date"]
    np.testing.assert_array_equal(plain.rfm.x + 1, by.nunique())
    np.testing.assert_array_equal(plain.rfm.t_x, (by.max() - by.min()).dt.days)
    np.testing.assert_array_equal(plain.rfm.T, (days["date"].max() - by.min()).dt.days)
