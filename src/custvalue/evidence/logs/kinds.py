"""Kinds of dataframes, as words: what a log came in, so that results answer in the same without keeping the log."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

from custvalue._typing import NDArray

Kind: TypeAlias = Literal["dict", "pandas", "modin", "polars", "polars lazy", "pyarrow", "duckdb"]
"""A mapping of arrays, a dataframe of a library (of polars also a lazy one), or a DuckDB relation."""

EAGER: Final = ("pandas", "pyarrow")
"""Libraries whose columns are read as they are."""


def library_of(value: object) -> str:
    """Name of the library that a value's type comes from (DuckDB's types are at home in _duckdb)."""
    return type(value).__module__.partition(".")[0].lstrip("_")


def installed(library: str) -> bool:
    """Whether a library can be imported."""
    return importlib.util.find_spec(library) is not None


def kind_of(log: object) -> Kind:
    """The word for what a log came in.

    A path answers in the library that reads files, polars if it is installed, else pyarrow; so does a frame of a
    library that cannot build one from arrays (a Spark frame without its session).
    """
    if isinstance(log, Mapping):
        return "dict"
    library = library_of(log)
    if library == "polars" and not hasattr(log, "__len__"):
        return "polars lazy"
    known: tuple[Kind, ...] = ("pandas", "modin", "polars", "pyarrow", "duckdb")
    for kind in known:
        if kind == library:
            return kind
    return "polars" if installed("polars") else "pyarrow"


def to_kind(columns: Mapping[str, NDArray[Any]], kind: Kind) -> Any:  # noqa: ANN401 (any dataframe)
    """Build what the word names from arrays; "duckdb" gives a relation of DuckDB's default connection."""
    if kind == "dict":
        return dict(columns)
    import narwhals.stable.v2 as nw  # noqa: PLC0415 (only where a dataframe is asked for)

    backends: dict[str, Any] = {"polars lazy": "polars", "duckdb": "pyarrow"}
    plain = {name: values.tolist() if values.dtype.kind in "OU" else values for name, values in columns.items()}
    frame = nw.from_dict(plain, backend=backends.get(kind, kind))
    if kind in backends:
        return frame.lazy("duckdb" if kind == "duckdb" else None).to_native()
    return frame.to_native()
