"""Every kind of log that can be read: a mapping of arrays, any dataframe, a CSV or Parquet file.

What is in memory, or fits there easily, becomes NumPy arrays; larger lazy frames are grouped where they live.
"""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from custvalue._typing import NDArray
from custvalue.errors import DataError
from custvalue.evidence.logs import messages as say
from custvalue.evidence.logs.columns import Column, as_column
from custvalue.evidence.logs.in_memory import ArrayLog, array_log
from custvalue.evidence.logs.log import Log
from custvalue.evidence.logs.options import Terms

IN_MEMORY: Final = 30_000_000
"""A lazy frame of at most so many rows is read into memory: some two gigabytes at the peak."""

_EAGER: Final = ("pandas", "pyarrow")


def open_log(log: Any, terms: Terms) -> Log:  # noqa: ANN401 (any dataframe, path or mapping)
    """Check a log's columns and values and make it ready to be reduced."""
    if isinstance(log, (str, Path)):
        return _open_file(log, terms)
    if isinstance(log, Mapping):
        say.check_names(terms.columns, column_names(log))
        return _from_columns([log[name] for name in terms.columns], terms)
    if _library(log) in _EAGER and hasattr(log, "columns"):
        say.check_names(terms.columns, column_names(log))
        return _from_columns([log[name] for name in terms.columns], terms)
    return _open_frame(log, terms)


def _open_file(path: str | Path, terms: Terms) -> Log:
    with reading(path):
        return _open_frame(scan(path, () if terms.amount is None else (terms.amount,)), terms)


@contextlib.contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """Say which file it is that a library cannot read."""
    try:
        yield
    except (DataError, MemoryError):
        raise
    except Exception as error:
        said = " ".join(str(error).split("\n")[:3]).rstrip(" .")
        raise DataError(
            f"the file {str(path)!r} cannot be read: {said}. Correct the file, or read it into a dataframe first."
        ) from error


def column_names(log: Any) -> Sequence[str]:  # noqa: ANN401 (any dataframe)
    """Names of a frame's columns, as the library that holds it spells them (twice where it has them twice)."""
    if hasattr(log, "collect_schema"):
        return list(log.collect_schema().names())
    if isinstance(log, Mapping):
        return [str(name) for name in log]
    names = log.column_names if hasattr(log, "column_names") else getattr(log, "columns", None)
    if names is None:
        raise say.unknown_kind(log)
    return [str(name) for name in names]


def read_columns(table: Any, names: Sequence[str]) -> list[Column]:  # noqa: ANN401 (any dataframe)
    """Columns of any dataframe (a lazy one is collected) or mapping, as they stand."""
    say.check_names(names, column_names(table))
    if isinstance(table, Mapping) or _library(table) in _EAGER:
        return [as_column(table[name], None) for name in names]
    import narwhals.stable.v2 as nw  # noqa: PLC0415 (only where the table is such a frame)

    frame: Any = nw.from_native(table)
    held = frame.lazy().select(*names).collect()
    return [as_column(_native(held[name]), None) for name in names]


def _from_columns(columns: Sequence[Any], terms: Terms) -> ArrayLog:
    read = [as_column(column, terms.timezone) for column in columns]
    return array_log(read[0], read[1], read[2] if terms.amount is not None else None, terms)


def _open_frame(log: Any, terms: Terms) -> Log:  # noqa: ANN401 (any dataframe)
    import narwhals.stable.v2 as nw  # noqa: PLC0415 (only where the log is a dataframe)

    say.check_names(terms.columns, column_names(log))
    try:
        frame = nw.from_native(log)
    except TypeError:
        raise say.unknown_kind(log) from None
    if isinstance(frame, nw.LazyFrame):
        return _open_lazy(frame, terms)
    return _from_columns([_native(frame[name]) for name in terms.columns], terms)


def _open_lazy(frame: Any, terms: Terms) -> Log:  # noqa: ANN401 (narwhals is imported with the first frame)
    from custvalue.evidence.logs.lazy import lazy_log  # noqa: PLC0415
    from custvalue.evidence.logs.lazy_times import check_clock  # noqa: PLC0415 (imports narwhals)

    local = frame.implementation.is_polars() or frame.implementation.is_duckdb()
    check_clock(frame.collect_schema()[terms.date], terms, polars=frame.implementation.is_polars())
    if local:
        held = frame.select(*terms.columns).head(IN_MEMORY + 1).collect()
        if len(held) <= IN_MEMORY:
            return _from_columns([_native(held[name]) for name in terms.columns], terms)
        del held
    return lazy_log(frame, terms)


def _native(series: Any) -> Any:  # noqa: ANN401 (narwhals is imported with the first frame)
    """A column as the library that holds it has it, where this package knows that library."""
    native = series.to_native()
    return native if _library(native) in (*_EAGER, "polars") else series.to_numpy()


def _library(value: object) -> str:
    """Name of the library that a value's type comes from (DuckDB's types are at home in _duckdb)."""
    return type(value).__module__.partition(".")[0].lstrip("_")


def _installed(library: str) -> bool:
    return importlib.util.find_spec(library) is not None


def scan(path: str | Path, numbers: Collection[str] = ()) -> Any:  # noqa: ANN401 (a frame of either library)
    """Lazy frame of a file: polars' if it is installed, else DuckDB's.

    Of a CSV file all but the columns of `numbers` is read as text: ids, so that 01 and 1 stay two customers, and
    dates, so that only ISO dates pass: 03/04/2024 has no one meaning.
    """
    name = str(path)
    if "://" not in name and "*" not in name and not Path(name).exists():
        raise DataError(f"there is no file {name!r}.")
    suffixes = "".join(Path(name).suffixes).lower().removesuffix(".gz")
    if suffixes.endswith((".parquet", ".pq")):
        kind = "parquet"
    elif suffixes.endswith(".csv"):
        kind = "csv"
    else:
        raise DataError(f"{name!r} is neither a .csv nor a .parquet file; read it into a dataframe first.")
    if _installed("polars"):
        return _scan_polars(name, kind, numbers)
    if _installed("duckdb") and _installed("pyarrow"):
        return _scan_duckdb(name, kind, numbers)
    raise DataError("reading files takes polars, or DuckDB with pyarrow: pip install 'custvalue[cli]'.")


def _scan_polars(name: str, kind: str, numbers: Collection[str]) -> Any:  # noqa: ANN401 (a polars LazyFrame)
    import polars as pl  # noqa: PLC0415 (not a requirement)

    if kind == "parquet":
        return pl.scan_parquet(name)
    text = pl.scan_csv(name, infer_schema=False)
    present = [column for column in numbers if column in text.collect_schema().names()]
    if not present:
        return text
    return pl.scan_csv(name, infer_schema=False, schema_overrides=dict.fromkeys(present, pl.Float64))


def _scan_duckdb(name: str, kind: str, numbers: Collection[str]) -> Any:  # noqa: ANN401 (a DuckDB relation)
    import duckdb  # noqa: PLC0415 (not a requirement)

    if kind == "parquet":
        return duckdb.read_parquet(name)
    present = duckdb.read_csv(name, header=True).columns
    types = {column: "DOUBLE" if column in numbers else "VARCHAR" for column in present}
    return duckdb.read_csv(name, header=True, dtype=types)


def to_same_kind(log: Any, columns: Mapping[str, NDArray[Any]]) -> Any:  # noqa: ANN401 (any dataframe)
    """Build a frame of the log's kind from arrays: lazy from lazy, a dict from a mapping.

    A path gives the frame of the library that reads it, polars if it is installed, else pyarrow; so does a
    frame of a library that cannot build one from arrays (a Spark frame without its session).
    """
    if isinstance(log, Mapping):
        return dict(columns)
    import narwhals.stable.v2 as nw  # noqa: PLC0415 (only where a dataframe is asked for)

    library: Any = _library(log)
    if library not in ("pandas", "polars", "pyarrow", "modin"):
        library = "polars" if library != "duckdb" and _installed("polars") else "pyarrow"
    plain = {name: values.tolist() if values.dtype.kind in "OU" else values for name, values in columns.items()}
    frame = nw.from_dict(plain, backend=library)
    if _library(log) == "duckdb":
        return frame.lazy("duckdb").to_native()
    if _library(log) == "polars" and not hasattr(log, "__len__"):
        return frame.lazy().to_native()
    return frame.to_native()
