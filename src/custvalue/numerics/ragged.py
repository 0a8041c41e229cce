"""Series of different lengths, one after another: series i is values[offsets[i]:offsets[i+1]]."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from custvalue._typing import Array, ArrayLike, Ints

BLOCK = 1 << 15
"""Flows that are worked on at a time: their temporary arrays stay in the processor's cache."""


def sums(values: Array, offsets: Ints) -> Array:
    """Sum of each series along the last axis, pairwise; an empty series sums to 0."""
    if len(offsets) == 2:
        return np.asarray(values[..., offsets[0] : offsets[1]].sum(axis=-1, keepdims=True))
    return _reduced(np.add, values, offsets, 0.0)


def largest(values: Array, offsets: Ints) -> Array:
    """Largest value of each series along the last axis; -inf for an empty one."""
    return _reduced(np.maximum, values, offsets, -np.inf)


def _reduced(operation: np.ufunc, values: Array, offsets: Ints, empty: float) -> Array:
    starts, ends = offsets[:-1], offsets[1:]
    some = ends > starts
    if some.all() and len(starts):
        return np.asarray(operation.reduceat(values[..., : ends[-1]], starts, axis=-1))
    out = np.full((*values.shape[:-1], len(starts)), empty)
    if some.any():
        out[..., some] = operation.reduceat(values[..., : ends[-1]], starts[some], axis=-1)
    return out


def blocks(offsets: Ints) -> Iterator[slice]:
    """Runs of whole series with about `BLOCK` flows each."""
    n = len(offsets) - 1
    if offsets[-1] - offsets[0] <= BLOCK:
        yield slice(0, n)
        return
    marks = np.searchsorted(offsets, np.arange(offsets[0] + BLOCK, offsets[-1] + BLOCK, BLOCK))
    edges = np.unique(np.clip(np.append(marks, n), 1, n))
    start = 0
    for end in edges:
        yield slice(start, int(end))
        start = int(end)


def positions(starts: Ints, counts: Ints) -> Ints:
    """Positions of the flows of the series that start at `starts`, one after another."""
    ends = np.cumsum(counts)
    return np.repeat(starts - ends + counts, counts) + np.arange(ends[-1] if len(ends) else 0)


def to_offsets(counts: ArrayLike) -> Ints:
    """Offsets of series with these counts."""
    return np.concatenate(([0], np.cumsum(counts))).astype(np.intp)
