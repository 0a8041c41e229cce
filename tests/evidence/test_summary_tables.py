import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from custvalue import RFM
from custvalue.errors import DataError, ParameterError

LIFETIMES = {
    "customer_id": ["b", "a"],
    "frequency": [2, 0],
    "recency": [30.43, 0.0],
    "T": [38.86, 38.86],
    "monetary_value": [22.35, 0.0],
}
EXPECTED = RFM([2, 0], [30.43, 0], [38.86, 38.86], [22.35, 0], ids=np.array(["b", "a"]), unit="week")


@pytest.mark.parametrize(
    "names", [("ID", "x", "t_x", "T", "zbar"), ("cust", "x", "t.x", "T.cal", "m.x"), tuple(LIFETIMES)]
)
@pytest.mark.parametrize("build", [dict, pd.DataFrame, pl.DataFrame, pl.LazyFrame, pa.table])
def test_known_names(build, names):
    table = dict(zip(names, LIFETIMES.values(), strict=True))
    assert RFM.from_table(build(table), unit="week") == EXPECTED


def test_names_that_are_given():
    table = dict(zip("abcde", LIFETIMES.values(), strict=True))
    assert RFM.from_table(table, unit="week", customer="a", x="b", t_x="c", T="d", m="e") == EXPECTED
    assert RFM.from_table(table, unit="week", x="b", t_x="c", T="d").m is None


def test_a_pandas_index_names_the_customers():
    frame = pd.DataFrame(LIFETIMES).set_index("customer_id")
    assert RFM.from_table(frame, unit="week") == EXPECTED
    assert RFM.from_table(frame.reset_index(drop=True), unit="week").ids is None


def test_mean_spend_may_be_missing_without_purchases():
    table = pa.table({**LIFETIMES, "monetary_value": [22.35, None]})
    assert RFM.from_table(table, unit="week") == EXPECTED
    with pytest.raises(DataError, match="m must be finite"):
        RFM.from_table(pa.table({**LIFETIMES, "monetary_value": [None, 0.0]}), unit="week")


def test_numbers_with_nulls_are_refused_by_rfm():
    for build in (pd.DataFrame, pa.table, pl.DataFrame):
        with pytest.raises(DataError, match="x, t_x and T must be finite"):
            RFM.from_table(build({**LIFETIMES, "frequency": [2, None]}), unit="week")


def test_columns_that_are_not_found():
    with pytest.raises(DataError, match=r"no column for t_x \(known names: t_x, t\.x, recency\).*from_table"):
        RFM.from_table({"x": [1], "T": [2]}, unit="week")
    with pytest.raises(DataError, match=r"'x' and 'frequency', and both can be x.*x='x'"):
        RFM.from_table({**LIFETIMES, "x": [2, 0]}, unit="week")
    with pytest.raises(DataError, match=r"no column 'freq'.*Did you mean 'frequency'"):
        RFM.from_table(LIFETIMES, unit="week", x="freq")


def test_the_unit_must_be_said():
    with pytest.raises(TypeError, match="unit"):
        RFM.from_table(LIFETIMES)
    with pytest.raises(ParameterError, match="unit must be one of"):
        RFM.from_table(LIFETIMES, unit="fortnight")


def test_the_log_spacing_of_btydplus():
    table = {"cust": ["b", "a"], "x": [2, 0], "t.x": [30.43, 0.0], "T.cal": [38.86, 38.86], "litt": [4.9, 0.0]}
    rfm = RFM.from_table(table, unit="week")
    assert rfm.log_interpurchase.tolist() == [4.9, 0.0]
    assert RFM.from_table({**table, "logs": [4.9, 0.0]}, unit="week", log_interpurchase="logs") == rfm
    assert RFM.from_table({name: table[name] for name in list(table)[:-1]}, unit="week").log_interpurchase is None
