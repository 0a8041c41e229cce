"""A log of a million rows to RFM columns, from every kind of frame and from a file."""

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
from workload import log_file

import custvalue as cv

CUSTOMERS = 100_000
READERS = {
    "file": lambda path: path,
    "mapping": lambda path: {name: column.to_numpy() for name, column in pl.read_parquet(path).to_dict().items()},
    "pandas": pd.read_parquet,
    "polars": pl.read_parquet,
    "polars_lazy": pl.scan_parquet,
    "pyarrow": pq.read_table,
    "duckdb": lambda path: duckdb.read_parquet(str(path)),
}


@pytest.mark.parametrize("kind", READERS)
def test_from_transactions(benchmark, kind):
    log = READERS[kind](log_file(CUSTOMERS))
    rfm = benchmark(lambda: cv.RFM.from_transactions(log, amount="amount", unit="week"))
    assert len(rfm) == CUSTOMERS
