"""What is known of customers beside their tenures: numbers by name, from a mapping, any dataframe or an array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from custvalue._columns import check_rows, numbers
from custvalue._typing import Array
from custvalue.errors import DataError
from custvalue.evidence.logs import messages as say
from custvalue.evidence.logs.columns import Column, as_column
from custvalue.evidence.logs.reading import column_names, read_columns

_MOST = 1e100
"""Largest size of a covariate, and the inverse of its smallest range: squares are floats."""


def read_covariates(covariates: Any, size: int) -> tuple[tuple[str, ...], Array]:  # noqa: ANN401 (any table)
    """Names and columns, shape (covariates, size), of those that a regression is fitted to.

    The columns of an array are named x1, x2, ...

    Raises
    ------
    DataError
        The rows are not `size`, values are missing or no numbers, or a column is constant.
    """
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
    for name, column in zip(names, columns, strict=True):
        check_rows(
            np.isfinite(column),
            f"{name} must be finite",
            "Fill in what is missing, or leave the row out.",
            value=column,
        )
        check_rows(
            np.abs(column) <= _MOST,
            f"{name} must be at most {_MOST:g} in size",
            "Give it in another unit.",
            value=column,
        )
    try:
        return np.array(np.broadcast_arrays(*columns), dtype=np.float64).reshape(
            len(names), *np.broadcast(*columns).shape
        )
    except ValueError:
        shapes = ", ".join(f"{name} {column.shape}" for name, column in zip(names, columns, strict=True))
        raise DataError(f"covariates must have equally many rows; got {shapes}") from None


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
                f"{name} must be numbers; got {text!r}. Give each of its values but one a column of 0 and 1, "
                f"such as table[{name!r}] == {text!r}."
            )
        return np.append(column.values.astype(np.float64), np.nan)[column.codes]
    if column.values.dtype.kind not in "biuf":
        raise DataError(f"{name} must be numbers; got type {column.values.dtype}. Turn dates into times since a date.")
    values = column.values.astype(np.float64)
    return values if column.missing is None else np.where(column.missing, np.nan, values)
