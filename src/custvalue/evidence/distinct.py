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


def distinct(*columns: Array, step: float = 0.0) -> Distinct:
    """Group equal rows of one-dimensional columns of equal length.

    Parameters
    ----------
    *columns : array, shape (n,)
        Finite floats; rows are equal where every column is.
    step : float
        A spacing that the values may be whole multiples of (a day in the columns' unit): then integer
        keys are counted, which is several times faster than sorting. Values off the lattice are sorted.
    """
    codes, sizes = zip(*(_codes(column, step) for column in columns), strict=True)
    key = codes[0].astype(np.int64)
    size = sizes[0]
    for code, n in zip(codes[1:], sizes[1:], strict=True):
        if size * n >= 1 << 62:
            key, size = _compact(key)
        key = key * n + code
        size *= n
    first, counts, index = _group(key, size)
    return Distinct(tuple(column[first] for column in columns), counts, index)


def _codes(column: Array, step: float) -> tuple[NDArray[np.int64], int]:
    """Integers that are equal where the floats are, and one more than their maximum."""
    for unit in (1.0, step):
        if unit and len(column):
            code = np.rint(column / unit)
            low = code.min()
            if code.max() - low < _CELLS and (code * unit == column).all():
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
