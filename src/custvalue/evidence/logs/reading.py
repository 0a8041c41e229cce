"""The one door to every kind of log: a mapping of arrays, any dataframe, a CSV or Parquet file.

What is in memory, or fits there easily, becomes NumPy arrays; larger lazy frames are grouped where they live.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from custvalue.errors import DataError
from custvalue.evidence.logs import kinds
from custvalue.evidence.logs import messages as say
from custvalue.evidence.logs.columns import Column, as_column
from custvalue.evidence.logs.in_memory import array_log
from custvalue.evidence.logs.log import Log
from custvalue.evidence.logs.options import Options, PeriodOptions
from custvalue.evidence.logs.rows import Rows
from custvalue.units import Unit, as_unit

IN_MEMORY: Final = 30_000_000
"""A lazy frame of at most this many rows is read into memory: two gigabytes at the peak, as measured."""


def open_log(log: Any, options: Options) -> Log:  # noqa: ANN401 (any dataframe, path or mapping)
    """Read and check a log once: its columns, and all its values."""
    return Log(_rows(log, options), options, kinds.kind_of(log))


def open_periods(log: Any, unit: Unit, options: PeriodOptions) -> Log:  # noqa: ANN401 (any dataframe, path or mapping)
    """Read and check a log in which all purchases in a calendar period are one."""
    return open_log(log, Options(unit=unit, collapse=as_unit(unit), **options))


def _rows(log: Any, options: Options) -> Rows:  # noqa: ANN401 (any dataframe, path or mapping)
    if isinstance(log, (str, Path)):
        with reading(log):
            return _open_frame(scan(log, () if options.amount is None else (options.amount,)), options)
    if _is_plain(log):
        say.check_names(options.columns, column_names(log))
        return _in_memory([log[name] for name in options.columns], options)
    return _open_frame(log, options)


def _is_plain(log: Any) -> bool:  # noqa: ANN401 (any dataframe or mapping)
    """Whether columns are read from the log itself, without narwhals."""
    return isinstance(log, Mapping) or (kinds.library_of(log) in kinds.EAGER and hasattr(log, "columns"))


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
    if _is_plain(table):
        return [as_column(table[name], None) for name in names]
    import narwhals.stable.v2 as nw  # noqa: PLC0415 (only where the table is such a frame)

    frame: Any = nw.from_native(table)
    held = frame.lazy().select(*names).collect()
    return [as_column(_native(held[name]), None) for name in names]


def _in_memory(columns: Sequence[Any], options: Options) -> Rows:
    customer, date, *amount = (as_column(column, options.timezone) for column in columns)
    return array_log(customer, date, amount[0] if amount else None, options)


def _open_frame(log: Any, options: Options) -> Rows:  # noqa: ANN401 (any dataframe)
    import narwhals.stable.v2 as nw  # noqa: PLC0415 (only where the log is a dataframe)

    say.check_names(options.columns, column_names(log))
    try:
        frame = nw.from_native(log)
    except TypeError:
        raise say.unknown_kind(log) from None
    if isinstance(frame, nw.LazyFrame):
        return _open_lazy(frame, options)
    return _in_memory([_native(frame[name]) for name in options.columns], options)


def _open_lazy(frame: Any, options: Options) -> Rows:  # noqa: ANN401 (narwhals is imported with the first frame)
    from custvalue.evidence.logs import lazy, lazy_times  # noqa: PLC0415 (narwhals comes with them)

    polars, duckdb = frame.implementation.is_polars(), frame.implementation.is_duckdb()
    lazy_times.check_clock(frame.collect_schema()[options.date], options, polars=polars)
    if polars or duckdb:
        held = frame.select(*options.columns).head(IN_MEMORY + 1).collect()
        if len(held) <= IN_MEMORY:
            return _in_memory([_native(held[name]) for name in options.columns], options)
        del held
    return lazy.lazy_log(frame, options)


def _native(series: Any) -> Any:  # noqa: ANN401 (narwhals is imported with the first frame)
    """A column as the library that holds it has it, where this package knows that library."""
    native = series.to_native()
    return native if kinds.library_of(native) in (*kinds.EAGER, "polars") else series.to_numpy()


def scan(path: str | Path, numbers: Collection[str] = ()) -> Any:  # noqa: ANN401 (a frame of either library)
    """Lazy frame of a file: polars' if it is installed, else DuckDB's.

    Of a CSV file all but the columns of `numbers` is read as text: ids, so that 01 and 1 stay two customers, and
    dates, so that only ISO dates pass: 03/04/2024 has no one meaning.
    """
    name = str(path)
    if "://" not in name and "*" not in name and not Path(name).exists():
        raise DataError(f"there is no file {name!r}.")
    suffixes = "".join(Path(name).suffixes).lower().removesuffix(".gz")
    if not suffixes.endswith((".parquet", ".pq", ".csv")):
        raise DataError(f"{name!r} is neither a .csv nor a .parquet file; read it into a dataframe first.")
    csv = suffixes.endswith(".csv")
    if kinds.installed("polars"):
        return _scan_polars(name, numbers, csv=csv)
    if kinds.installed("duckdb") and kinds.installed("pyarrow"):
        return _scan_duckdb(name, numbers, csv=csv)
    raise DataError("reading files takes polars, or DuckDB with pyarrow: pip install 'custvalue[cli]'.")


def _scan_polars(name: str, numbers: Collection[str], *, csv: bool) -> Any:  # noqa: ANN401 (a polars LazyFrame)
    import polars as pl  # noqa: PLC0415 (not a requirement)

    if not csv:
        return pl.scan_parquet(name)
    text = pl.scan_csv(name, infer_schema=False)
    present = [column for column in numbers if column in text.collect_schema().names()]
    if not present:
        return text
    return pl.scan_csv(name, infer_schema=False, schema_overrides=dict.fromkeys(present, pl.Float64))


def _scan_duckdb(name: str, numbers: Collection[str], *, csv: bool) -> Any:  # noqa: ANN401 (a DuckDB relation)
    import duckdb  # noqa: PLC0415 (not a requirement)

    if not csv:
        return duckdb.read_parquet(name)
    present = duckdb.read_csv(name, header=True).columns
    types = {column: "DOUBLE" if column in numbers else "VARCHAR" for column in present}
    return duckdb.read_csv(name, header=True, dtype=types)
