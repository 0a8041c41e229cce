"""Covariates: what is known of customers beside their history, as numbers by name, from any table or array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from custvalue._columns import check_rows, numbers, owned, positions, sealed, together
from custvalue._typing import Array, NDArray
from custvalue.errors import DataError
from custvalue.evidence.logs import messages as say
from custvalue.evidence.logs.columns import Column, as_column, column_values
from custvalue.evidence.logs.reading import column_names, read_columns

_MOST: Final = 1e100
"""Largest size of a covariate, and the inverse of its smallest range: squares of both are floats."""


def covariate(name: str, values: Any) -> Array:  # noqa: ANN401 (a column of any library, or a number)
    """One covariate as a read-only column of finite numbers; DataError where it is none."""
    return owned(_checked(name, _plain(name, values)), values)


def joined(
    table: Any,  # noqa: ANN401 (any dataframe or mapping)
    ids: NDArray[Any],
    key: str,
    names: Sequence[str],
) -> dict[str, Array]:
    """The named columns of a table for the customers with these ids, each once in its column `key`."""
    names = (names,) if isinstance(names, str) else names
    found, *columns = read_columns(table, [key, *names])
    known = column_values(found)
    at, there = positions(ids, known)
    if not there.all():
        raise DataError(
            f"column {key!r} must have every customer; missing are {say.some(ids[~there])}. Add them to the table, or "
            "leave their rows out."
        )
    _, again = positions(known, ids)
    again[at] = False
    if again.any():
        raise DataError(
            f"column {key!r} must have every customer once; more than once are {say.some(known[again])}. "
            "Keep one row of each."
        )
    return {name: sealed(_numbers(name, values)[at]) for name, values in zip(names, columns, strict=True)}


def read_covariates(covariates: Any, size: int) -> tuple[tuple[str, ...], Array]:  # noqa: ANN401 (any table)
    """Names (x1, x2, ... of an array) and columns, shape (covariates, size), of what a regression is fitted to."""
    if is_table(covariates):
        names: tuple[str, ...] = tuple(column_names(covariates))
    else:
        array = numbers("covariates", covariates)
        covariates = array[:, None] if array.ndim == 1 else array
        if covariates.ndim != 2:
            raise DataError(f"covariates must have one row per customer and one column each; got {array.shape}")
        names = tuple(f"x{i}" for i in range(1, covariates.shape[1] + 1))
    columns = columns_of(covariates, names) if names else np.zeros((0, size))
    if columns.shape[1:] != (size,):
        raise DataError(
            f"covariates must have one row per row of the tenures ({size}); got {columns.shape[1:]}. "
            "Take them from the same table, in the same order."
        )
    constant = [name for name, column in zip(names, columns, strict=True) if np.ptp(column) < 1 / _MOST]
    if constant:
        raise DataError(f"covariates must differ between customers; constant: {', '.join(constant)}. Leave them out.")
    return names, columns


def columns_of(covariates: Any, names: Sequence[str]) -> Array:  # noqa: ANN401 (any table)
    """The named columns, shape (names, ...): a mapping may hold single numbers, an array has them on its last axis."""
    if not is_table(covariates):
        array = numbers("covariates", covariates)
        if len(names) == 1 and (array.ndim == 0 or array.shape[-1] != 1):
            array = array[..., None]
        if array.ndim == 0 or array.shape[-1] != len(names):
            raise DataError(f"covariates must have {len(names)} columns ({', '.join(names)}); got shape {array.shape}")
        columns = list(np.moveaxis(array, -1, 0))
    elif isinstance(covariates, Mapping):
        say.check_names(list(names), column_names(covariates))
        columns = [_plain(name, covariates[name]) for name in names]
    else:
        columns = [_numbers(name, column) for name, column in zip(names, read_columns(covariates, names), strict=True)]
    checked = {name: _checked(name, column) for name, column in zip(names, columns, strict=True)}
    return np.array(list(together(**checked).values()), dtype=np.float64)


def is_table(covariates: object) -> bool:
    """Whether the covariates have names of their own."""
    named = any(hasattr(type(covariates), name) for name in ("collect_schema", "column_names", "columns"))
    return named or isinstance(covariates, Mapping)


def _plain(name: str, values: Any) -> Array:  # noqa: ANN401 (any column, or a number)
    return numbers(name, values) if np.ndim(values) == 0 else _numbers(name, as_column(values, None))


def _numbers(name: str, column: Column) -> Array:
    """A column of numbers, missing ones NaN."""
    if column.codes is not None:
        text = next((v for v in column.values.tolist() if not isinstance(v, (bool, int, float))), None)
        if text is not None:
            raise DataError(
                f"{name} must be numbers; got {text!r}. The effects of categories come with dummy columns: give each "
                f"of its values but one a column of 0 and 1, such as table[{name!r}] == {text!r}."
            )
        return np.append(column.values.astype(np.float64), np.nan)[column.codes]
    if column.values.dtype.kind not in "biuf":
        raise DataError(f"{name} must be numbers; got type {column.values.dtype}. Turn dates into times since a date.")
    values = column.values.astype(np.float64, copy=False)
    return values if column.missing is None else np.where(column.missing, np.nan, values)


def _checked(name: str, values: Array) -> Array:
    remedy = "Fill in what is missing, or leave the row out."
    check_rows(np.isfinite(values), f"{name} must be finite", remedy, value=values)
    small = np.abs(values) <= _MOST
    check_rows(small, f"{name} must be at most {_MOST:g} in size", "Give it in another unit.", value=values)
    return values
