"""What is said about a log that breaks a rule: the column, the rule, how many rows, the first ones, the remedy."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence, Sized
from pathlib import Path
from typing import Any, Final

import numpy as np

from custvalue._typing import Bools, NDArray
from custvalue.errors import DataError

SHOWN: Final = 3
"""How many of the broken rows a message shows."""

NO_ID = "must name a customer in every row, not be missing or blank", "Drop the rows without one, or give them an id."
NO_DATE = "must have a date in every row", "Drop the rows without one, or fill it in."
NOT_A_DATE = (
    "must hold dates, or ISO text such as '2024-01-31' or '2024-01-31 12:30'",
    "Correct those rows, or convert the column to dates first (to_datetime, strptime).",
)
NOT_AN_AMOUNT = (
    "must hold finite numbers",
    "Convert text to numbers and drop or fill the rows without an amount.",
)
NO_REFUNDS = (
    "must be greater than 0 (refunds='raise')",
    "Use refunds='net' to set refunds against spend, or refunds='drop' to leave those rows out.",
)


def too_late(end: str) -> tuple[str, str]:
    """Rule and remedy for rows after the end of observation."""
    return (
        f"must not be after observed_until ({end})",
        "Filter the log, or use holdout_split(at=...) to keep the later rows as a holdout.",
    )


def broken_rows(
    column: str, rule: tuple[str, str], count: int, total: int, shown: Iterable[str], first: str = "first"
) -> DataError:
    """Return the error for `count` rows of a column that break a rule."""
    return DataError(
        f"column {column!r} {rule[0]}; broken in {count:,} of {total:,} rows, {first}: {'; '.join(shown)}. {rule[1]}"
    )


def check_positions(column: str, rule: tuple[str, str], broken: Bools, values: Sequence[Any] | Any) -> None:  # noqa: ANN401 (any column)
    """Raise the error where `broken`, with the positions of the first rows and their values."""
    if not broken.any():
        return
    first = [int(i) for i in broken.nonzero()[0][:SHOWN]]
    shown = [f"row {i} ({show(values[i])})" for i in first]
    raise broken_rows(column, rule, int(broken.sum()), len(broken), shown, first="first (rows of data, counted from 0)")


def show(value: Any) -> str:  # noqa: ANN401 (any value of a column)
    """A value as a message shows it."""
    if value is None:
        return "missing"
    if isinstance(value, np.datetime64):
        return str(value)
    return repr(value.item() if isinstance(value, np.generic) else value)


def some(values: NDArray[Any]) -> str:
    """How many, and the first few: "5, first: 'ann', 'bob', 'cyd'"."""
    return f"{len(values):,}, first: {', '.join(map(show, values[:SHOWN]))}"


def not_dates(column: str, kind: str) -> DataError:
    """Return the error for a date column of numbers."""
    return DataError(
        f"column {column!r} must hold dates, or ISO text such as '2024-01-31'; got {kind}. Numbers such as 19970101 "
        "can mean several things: convert the column first, as in pandas.to_datetime(log[column], format='%Y%m%d')."
    )


def no_zone(column: str) -> DataError:
    """Return the error for `timezone` with times that have no zone."""
    return DataError(
        f"column {column!r} has no time zone, so timezone= cannot convert it. Leave timezone out, or give the "
        "column its zone first (tz_localize, replace_time_zone)."
    )


def ambiguous_zone(column: str) -> DataError:
    """Return the error for times whose zone is the session's, not the column's."""
    return DataError(
        f"column {column!r} is dated in the session's time zone, which the log does not say. Cast it to a time "
        f"without zone first, in SQL: {column} AT TIME ZONE 'Europe/Berlin' AS {column} (with your zone)."
    )


def unknown_kind(log: object) -> DataError:
    """Return the error for a log that is no dataframe, path or mapping; for a path, where paths are not read."""
    if isinstance(log, (str, Path)):
        return DataError(f"no file is read here: read {str(log)!r} into a dataframe first, and pass that")
    return DataError(
        f"cannot read a log of type {type(log).__name__}; pass a dataframe (pandas, polars, pyarrow, DuckDB, ...), "
        "the path of a .csv or .parquet file, or a mapping of arrays."
    )


def check_names(wanted: Iterable[str], present: Sequence[str]) -> None:
    """Raise DataError where a column is missing or there twice."""
    for name in wanted:
        if name not in present:
            near = difflib.get_close_matches(name, present, 1, 0.6)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise DataError(f"the log has no column {name!r}; it has {', '.join(map(repr, present))}.{hint}")
        if present.count(name) > 1:
            raise DataError(f"the log has {Counter(present)[name]} columns named {name!r}; rename or drop one.")


def check_lengths(names: Iterable[str], columns: Sequence[Sized]) -> None:
    """Raise DataError where columns have different lengths."""
    if len({len(column) for column in columns}) > 1:
        lengths = ", ".join(f"{name!r} has {len(column)}" for name, column in zip(names, columns, strict=True))
        raise DataError(f"the columns must have one length; {lengths} rows")


def empty() -> DataError:
    """Return the error for a log without rows."""
    return DataError("the log is empty: it has no rows. Check the filter or the file that it comes from.")
