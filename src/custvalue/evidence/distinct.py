"""The same rows once: distinct (x, t_x, T) rows with their counts, so that work is done per pattern.

A million customers observed by the day are some hundred thousand patterns; models are fitted to the
patterns with counts, and predictions are computed per pattern and scattered back.
"""

from __future__ import annotations

import numpy as np
from attrs import frozen

from custvalue._typing import Array, Ints, NDArray

_CELLS = 1 << 26
"""Largest range of keys that is counted in a table rather than sorted: a table of 256 MB of int32."""


@frozen(eq=False)
class Distinct:
    """Distinct rows: `columns` hold one value per pattern, `counts` the rows that have it, or their weights' sum.

    `index` maps every original row to its pattern: `pattern_values[..., index]` scatters.
    """

    columns: tuple[Array, ...]
    counts: Array
    index: Ints


def distinct(*columns: Array, weights: Array | None = None, ticks: float = 1.0) -> Distinct:
    """Group equal rows of columns of finite floats, shape (n,), each of which counts by its weight.

    Columns of whole numbers, or of whole numbers divided by `ticks` (7 for days in weeks), are counted in a table, many
    times faster than the sort that other values need.
    """
    index, size = np.zeros(len(columns[0]), dtype=np.int64), 1
    for column in columns:
        code, n = _codes(column, ticks)
        index, size = _numbered(index * n + code, size * n)
    counts = np.bincount(index, weights, size).astype(np.float64)
    one = np.empty(size, dtype=np.intp)
    one[index] = np.arange(len(index))
    return Distinct(tuple(column[one] for column in columns), counts, index)


def _codes(column: Array, ticks: float) -> tuple[NDArray[np.int64], int]:
    """Integers that are equal where the floats are, and one more than their maximum."""
    if len(column):
        for divisor in (1.0, ticks):
            with np.errstate(over="ignore", invalid="ignore"):
                code = np.rint(column * divisor)
                low = code.min()
                span = code.max() - low
            if span < _CELLS and (code / divisor == column).all():
                code -= low
                return code.astype(np.int64), int(code.max()) + 1
    values, code = np.unique(column, return_inverse=True)
    return code.astype(np.int64), max(len(values), 1)


def _numbered(key: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], int]:
    """The rank of each key among the distinct ones, and how many there are; keys are less than `size`."""
    if size > min(_CELLS, 64 * len(key) + 1024):  # a table far larger than the keys costs more than their sort
        values, index = np.unique(key, return_inverse=True)
        return index.astype(np.int64), len(values)
    present = np.zeros(size, dtype=bool)
    present[key] = True
    known = np.flatnonzero(present)
    number = np.empty(size, dtype=np.int32)
    number[known] = np.arange(len(known), dtype=np.int32)
    return number[key].astype(np.int64), len(known)
