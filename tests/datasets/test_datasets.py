import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from custvalue import datasets

TYPES = {"customer_id": "int64", "date": "datetime64[D]", "amount": "float64", "quantity": "int64"}


def lifetimes_rows(name, skip):
    """Rows of a text file in the installed lifetimes, which is not imported."""
    spec = importlib.util.find_spec("lifetimes")
    text = Path(spec.submodule_search_locations[0], "datasets", name).read_text(encoding="ascii")
    return [line.split() for line in text.splitlines()[skip:] if line.strip()]


def text_columns(rows):
    *_, dates, quantities, amounts = zip(*rows, strict=True)
    return {
        "date": [f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in dates],
        "amount": [float(a) for a in amounts],
        "quantity": [int(q) for q in quantities],
    }


def test_the_sample_is_the_source_row_by_row():
    rows, log = lifetimes_rows("CDNOW_sample.txt", skip=0), datasets.cdnow()
    expected = text_columns(rows)
    assert log["master_id"].tolist() == [int(row[0]) for row in rows]
    assert log["customer_id"].tolist() == [int(row[1]) for row in rows]
    assert {name: log[name].astype(str).tolist() for name in ["date"]} == {"date": expected["date"]}
    assert log["amount"].tolist() == expected["amount"]
    assert log["quantity"].tolist() == expected["quantity"]


def test_the_full_log_is_the_source_row_by_row():
    rows, log = lifetimes_rows("CDNOW_master.txt", skip=1), datasets.cdnow_full()
    expected = text_columns(rows)
    assert log["customer_id"].tolist() == [int(row[0]) for row in rows]
    assert log["date"].astype(str).tolist() == expected["date"]
    assert log["amount"].tolist() == expected["amount"]
    assert log["quantity"].tolist() == expected["quantity"]


@pytest.mark.parametrize(
    ("load", "rows", "customers"), [(datasets.cdnow, 6_919, 2_357), (datasets.cdnow_full, 69_659, 23_570)]
)
def test_size_and_types_are_as_documented(load, rows, customers):
    log = load()
    assert {name: str(log[name].dtype) for name in TYPES} == TYPES
    assert {column.shape for column in log.values()} == {(rows,)}
    assert set(log["customer_id"].tolist()) == set(range(1, customers + 1))
    first = np.full(customers, np.datetime64("2000-01-01"))
    np.minimum.at(first, log["customer_id"] - 1, log["date"])
    assert (first.min(), first.max()) == (np.datetime64("1997-01-01"), np.datetime64("1997-03-25"))
    assert log["date"].max() == np.datetime64("1998-06-30")


def test_the_sample_is_part_of_the_full_log():
    sample, full = datasets.cdnow(), datasets.cdnow_full()
    names = ["date", "amount", "quantity"]
    mine = np.isin(full["customer_id"], sample["master_id"])
    some = sorted(zip(sample["master_id"], *(sample[name] for name in names), strict=True))
    same = sorted(zip(full["customer_id"][mine], *(full[name][mine] for name in names), strict=True))
    assert some == same


@pytest.mark.parametrize("load", [datasets.cdnow, datasets.cdnow_full])
def test_each_call_gives_a_fresh_mapping_of_read_only_arrays(load):
    log = load()
    for column in log.values():
        with pytest.raises(ValueError, match="read-only"):
            column[0] = column[1]
    log["extra"] = log["amount"]
    assert "extra" not in load()


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, pa.table])
def test_any_dataframe_library_takes_the_mapping(frame):
    table = frame(datasets.cdnow())
    assert table.shape == (6_919, 5)
    assert table["amount"].to_numpy().sum() == pytest.approx(244_091.94, abs=0.005)


def test_licence_and_provenance_stand_beside_the_data():
    here = Path(datasets.__file__).parent
    assert "MIT License" in (here / "LICENSE-lifetimes.txt").read_text(encoding="utf-8")
    provenance = (here / "PROVENANCE.md").read_text(encoding="utf-8")
    assert all(file.name in provenance for file in here.glob("*.npz"))
    assert sum(file.stat().st_size for file in here.glob("*.npz")) < 1_000_000


def test_the_donations_are_the_source_row_by_row():
    spec = importlib.util.find_spec("lifetimes")
    path = Path(spec.submodule_search_locations[0], "datasets", "donations.csv")
    expected = np.loadtxt(path, delimiter=",", skiprows=1, dtype=np.int64)
    table = datasets.donations()
    assert list(table) == ["x", "t_x", "n", "weights"]
    np.testing.assert_array_equal(np.stack(list(table.values()), axis=1), expected)
    assert not any(column.flags.writeable for column in table.values())
