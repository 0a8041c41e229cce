"""Columns of frames in memory as NumPy arrays: numbers and dates as they are, everything else as codes.

A time zone is resolved here, by the library that holds the column, and missing values become a mask:
pandas and NumPy keep them as NaN and NaT, pyarrow and the nullable types beside the values.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import field, frozen

from custvalue._columns import objects
from custvalue._typing import Bools, Ints, NDArray

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa


@frozen(eq=False)
class Column:
    """One column: `values` per row or, where `codes` are set, per distinct value (-1: missing)."""

    values: NDArray[Any] = field()
    codes: Ints | None = field(default=None)
    missing: Bools | None = field(default=None)
    zoned: bool = field(default=False)

    @property
    def absent(self) -> Bools:
        """Which rows have no value."""
        if self.codes is not None:
            return self.codes < 0
        if self.missing is not None:
            return self.missing
        if self.values.dtype.kind in "mM":
            return np.asarray(np.isnat(self.values))
        if self.values.dtype.kind == "f":
            return np.asarray(np.isnan(self.values))
        return np.zeros(len(self.values), dtype=bool)

    def __len__(self) -> int:
        return len(self.values if self.codes is None else self.codes)

    def __getitem__(self, row: int) -> Any:  # noqa: ANN401 (whatever the column holds)
        """The value in a row, None where it is missing."""
        if self.codes is not None:
            return None if self.codes[row] < 0 else self.values[self.codes[row]]
        if self.missing is not None and self.missing[row]:
            return None
        value = self.values[row]
        return None if value.dtype.kind == "M" and np.isnat(value) else value


def column_values(column: Column) -> NDArray[Any]:
    """A column in its own order; missing numbers are NaN, missing objects None."""
    values = column.values  # noqa: PD011 (a Column's)
    if column.codes is not None:
        items = values.tolist()
        mixed = column.absent.any() or any(isinstance(item, tuple) for item in items)
        plain = objects([*items, None]) if mixed else np.array(items)
        return np.asarray(plain[column.codes])
    return values if column.missing is None else np.where(column.missing, np.nan, values)


def as_column(values: Any, timezone: str | None) -> Column:  # noqa: ANN401 (any column of any library)
    """Turn a pandas Series, a pyarrow array, a NumPy array or a sequence into a `Column`."""
    library = type(values).__module__.partition(".")[0]
    if library == "pandas":
        return _from_pandas(values, timezone)
    if library == "pyarrow":
        return _from_arrow(values, timezone)
    if library == "polars":
        return _from_polars(values, timezone)
    array = values if isinstance(values, np.ndarray) else _array(values)
    return _from_numpy(array)


def _array(values: Iterable[Any]) -> NDArray[Any]:
    """NumPy's array of a sequence, unless NumPy would turn mixed values into text."""
    items = values if hasattr(values, "__array__") else list(values)
    array = np.asarray(items)
    return np.array(items, dtype=object) if array.dtype.kind in "USV" else array


def _from_numpy(array: NDArray[Any]) -> Column:
    if array.dtype.kind in "biufM":
        return Column(array)
    items = array.tolist()
    distinct = dict.fromkeys(items, -1)
    present = [item for item in distinct if not _is_missing(item)]
    distinct.update(zip(present, range(len(present)), strict=True))
    return Column(objects(present), np.fromiter(map(distinct.__getitem__, items), np.intp, len(items)))


def _is_missing(item: Any) -> bool:  # noqa: ANN401 (any value)
    return item is None or type(item).__name__ in ("NAType", "NaTType") or bool(item != item)  # noqa: PLR0124 (NaN)


def _from_pandas(series: pd.Series[Any], timezone: str | None) -> Column:
    import pandas as pd  # noqa: PLC0415 (only where the log is a pandas frame)

    dtype: Any = series.dtype
    if isinstance(dtype, pd.ArrowDtype):
        import pyarrow as pa  # noqa: PLC0415 (only where the column is pyarrow's)

        return _from_arrow(pa.chunked_array([pa.array(series)]), timezone)
    if isinstance(dtype, pd.DatetimeTZDtype):
        local: Any = series if timezone is None else series.dt.tz_convert(timezone)
        return Column(local.dt.tz_localize(None).to_numpy(), zoned=True)
    if dtype.kind in "biufM" and isinstance(dtype, np.dtype):
        return Column(series.to_numpy())
    if dtype.kind in "biuf" and pd.api.types.is_extension_array_dtype(dtype) and dtype.name[:8] != "category":
        missing = series.isna().to_numpy()
        plain = series.to_numpy(dtype=dtype.numpy_dtype, na_value=0)
        return Column(plain, missing=missing)
    codes, values = pd.factorize(series)
    return Column(np.asarray(values, dtype=object), np.asarray(codes, dtype=np.intp))


def _from_arrow(column: pa.ChunkedArray[Any] | pa.Array[Any], timezone: str | None) -> Column:
    import pyarrow as pa  # noqa: PLC0415 (only where the log is pyarrow's)
    import pyarrow.compute as pc  # noqa: PLC0415

    kind, zoned = column.type, False
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        zone = kind.tz if timezone is None else timezone
        column, zoned = pc.call_function("local_timestamp", [column.cast(pa.timestamp(kind.unit, zone))]), True
    elif pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    plain = (pa.types.is_integer, pa.types.is_floating, pa.types.is_date, pa.types.is_timestamp)
    if not any(test(kind) for test in plain) and not pa.types.is_decimal(kind):
        return _from_dictionary(column)
    missing = column.is_null().to_numpy() if column.null_count else None
    if missing is not None and not pa.types.is_temporal(column.type):
        column = column.fill_null(0)
    return Column(_numpy(column), missing=missing, zoned=zoned)


def _from_polars(series: pl.Series, timezone: str | None) -> Column:
    import polars as pl  # noqa: PLC0415 (only where the log is a polars frame)

    kind, zoned = series.dtype, False
    if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        local = series if timezone is None else series.dt.convert_time_zone(timezone)
        series, zoned = local.dt.replace_time_zone(None), True
    elif isinstance(kind, pl.Decimal):
        series = series.cast(pl.Float64)
    elif isinstance(kind, pl.Boolean):
        series, kind = series.cast(pl.Int8), pl.Int8()
    if isinstance(kind, (pl.String, pl.Categorical, pl.Enum)):
        return _from_categories(series.cast(pl.Categorical))
    if not kind.is_numeric() and not isinstance(kind, (pl.Date, pl.Datetime)):
        return _from_numpy(objects(series.to_list()))
    missing = series.is_null().to_numpy() if series.null_count() else None
    if missing is not None and kind.is_numeric():
        series = series.fill_null(0)
    return Column(series.to_numpy(), missing=missing, zoned=zoned)


def _from_categories(series: pl.Series) -> Column:
    import polars as pl  # noqa: PLC0415 (only where the log is a polars frame)

    known = series.drop_nulls().unique()
    names, physical = known.cast(pl.String).to_list(), known.to_physical().to_numpy()
    code = np.full(int(physical.max()) + 1 if len(physical) else 1, -1, dtype=np.intp)
    code[physical] = np.arange(len(physical))
    codes = code[series.to_physical().fill_null(0).to_numpy()]
    codes[series.is_null().to_numpy()] = -1
    return Column(objects(names), codes)


def _numpy(column: Any) -> NDArray[Any]:  # noqa: ANN401 (pyarrow's arrays are not typed)
    """NumPy array of a pyarrow column that is not text; chunked ones have no zero-copy argument."""
    if hasattr(column, "chunks"):
        return np.asarray(column.to_numpy())
    return np.asarray(column.to_numpy(zero_copy_only=False))


def _from_dictionary(column: Any) -> Column:  # noqa: ANN401 (pyarrow's arrays are not typed)
    import pyarrow as pa  # noqa: PLC0415 (only where the log is pyarrow's)

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string(column.type):
        column = column.cast(pa.large_string())
    if hasattr(column, "chunks"):  # one chunk is encoded five times faster than a hundred
        column = column.combine_chunks()
    encoded = column.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return Column(objects(encoded.dictionary.to_pylist()), codes.astype(np.intp))
