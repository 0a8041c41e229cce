"""The same rows once: distinct (x, t_x, T) rows with their counts, so that work is done per pattern.

A million customers observed by the day are some hundred thousand patterns; models are fitted to the
patterns with counts, and predictions are computed per pattern and scattered back.
"""

from __future__ import annotations

import numpy as np
from attrs import frozen

from custvalue._typing import Array, Ints, NDArray

_CELLS = 1 << 26
"""Largest key range that is counted in a table rather than sorted (256 MB of int32)."""


@frozen(eq=False)
class Distinct:
    """Distinct rows: `columns` hold one value per pattern, `counts` how many rows have it.

    `index` maps every original row to its pattern: `pattern_values[..., index]` scatters.
    """

    columns: tuple[Array, ...]
    counts: Array
    index: Ints


def distinct(*columns: Array, ticks: float = 1.0) -> Distinct:
    """Group equal rows of one-dimensional columns of equal length.

    Parameters
    ----------
    *columns : array, shape (n,)
        Finite floats; rows are equal where every column is.
    ticks : float
        Columns that are whole numbers, or whole numbers divided by `ticks` (days in a unit of 7 days), are
        counted in a table, which is many times faster than the sort that other values need.
    """
    codes, sizes = zip(*(_codes(column, ticks) for column in columns), strict=True)
    key = codes[0].astype(np.int64)
    size = sizes[0]
    for code, n in zip(codes[1:], sizes[1:], strict=True):
        if size * n >= 1 << 62:
            key, size = _compact(key)
        key = key * n + code
        size *= n
    first, counts, index = _group(key, size)
    return Distinct(tuple(column[first] for column in columns), counts, index)


def _codes(column: Array, ticks: float) -> tuple[NDArray[np.int64], int]:
    """Integers that are equal where the floats are, and one more than their maximum."""
    if len(column):
        for divisor in (1.0, ticks):
            code = np.rint(column * divisor)
            low = code.min()
            if code.max() - low < _CELLS and (code / divisor == column).all():
                code -= low
                return code.astype(np.int64), int(code.max()) + 1
    values, code = np.unique(column, return_inverse=True)
    return code.astype(np.int64), max(len(values), 1)


def _compact(key: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    values, code = np.unique(key, return_inverse=True)
    return code.astype(np.int64), max(len(values), 1)


def _group(key: NDArray[np.int64], size: int) -> tuple[Ints, Array, Ints]:
    """First row, count and index of each distinct key."""
    if size > min(_CELLS, 64 * len(key) + 1024):
        _, first, index, counts = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
        return first, counts.astype(np.float64), index
    cells = np.bincount(key, minlength=size)
    present = np.flatnonzero(cells)
    number = np.empty(size, dtype=np.intp)
    number[present] = np.arange(len(present))
    index = number[key]
    first = np.empty(len(present), dtype=np.intp)
    first[index[::-1]] = np.arange(len(key) - 1, -1, -1)
    return first, cells[present].astype(np.float64), index
