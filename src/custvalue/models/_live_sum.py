"""Sums over whole numbers of positive terms that rise and then fall: only where they are not negligible.

The terms come as logarithms. Few are summed one by one. Of many, an outline says where they live: its peak is sought on
ever finer grids of log c, then the two places beyond which it is negligible. In between they are taken in runs of 16
points (`_whole.py`), as long as the terms are smooth.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from custvalue._typing import Array
from custvalue.numerics.summation import runs

Terms: TypeAlias = Callable[[Array], Array]
"""Of c, shape (rows, points)."""

_FEW = 200.0
_SINGLES = 32
_DEAD = 60.0
"""Negligible are terms that many times e below the largest."""
_GRID = np.arange(17) / 16
_ROUNDS = 6
_LONGEST = 0.7
"""Of a run, in log c."""


def log_total(terms: Terms, outline: Terms, density: Terms, last: Array) -> Array:
    """log Σ exp(terms(c)) over c = 0, 1, 2, ..., those after `last` being negligible; density is of runs per log c."""
    most = float(last.max(initial=0.0))
    if most <= _FEW:
        return _log_sum(terms(np.broadcast_to(np.arange(most + 1), (len(last), int(most) + 1))), np.ones(()))
    first = np.broadcast_to(np.arange(float(_SINGLES)), (len(last), _SINGLES))
    low, high = _alive(outline, first, np.log(np.maximum(last, _SINGLES) + 1))
    point, weight = runs(_edges(density, low, high))
    weight = np.concatenate([np.ones(first.shape), weight], axis=1)
    return _log_sum(terms(np.concatenate([first, point], axis=1)), weight)


def _log_sum(logs: Array, weight: Array) -> Array:
    top = np.maximum(logs.max(axis=1, keepdims=True), -1e300)
    with np.errstate(divide="ignore"):
        return np.asarray(top[:, 0] + np.log((weight * np.exp(logs - top)).sum(axis=1)))


def _alive(outline: Terms, first: Array, end: Array) -> tuple[Array, Array]:
    """Between which log c, from log _SINGLES to the end, the outline is not negligible."""
    begin = np.full(len(end), np.log(_SINGLES))
    left, right = begin, end
    for _ in range(_ROUNDS):
        s = left[:, None] + (right - left)[:, None] * _GRID
        best = outline(np.exp(s)).argmax(axis=1)
        left, right = _pick(s, best - 1), _pick(s, best + 1)
    peak = (left + right) / 2
    highest = np.maximum(outline(np.exp(peak)[:, None])[:, 0], outline(first).max(axis=1))
    floor = (highest - _DEAD)[:, None]
    low, high = begin, end
    left, right = begin, peak
    for _ in range(_ROUNDS // 2):
        s = left[:, None] + (right - left)[:, None] * _GRID
        i = (outline(np.exp(s)) <= floor).sum(axis=1)
        left, right = _pick(s, i - 1), _pick(s, i)
    low = left
    left, right = peak, end
    for _ in range(_ROUNDS // 2):
        s = left[:, None] + (right - left)[:, None] * _GRID
        i = (outline(np.exp(s)) > floor).sum(axis=1)
        left, right = _pick(s, i - 1), _pick(s, i)
    high = right
    return low, high


def _pick(s: Array, i: Array) -> Array:
    return np.take_along_axis(s, np.clip(i, 0, s.shape[1] - 1)[:, None].astype(np.intp), axis=1)[:, 0]


def _edges(density: Terms, low: Array, high: Array) -> Array:
    """Whole edges of runs from exp(low) to exp(high), as dense as asked for and at least one per _LONGEST."""
    s = low[:, None] + (high - low)[:, None] * np.arange(33) / 32
    runs_per_log = np.maximum(density(np.exp(s)), 1 / _LONGEST)
    each = np.maximum(runs_per_log[:, 1:], runs_per_log[:, :-1]) * (high - low)[:, None] / 32
    after = np.concatenate([np.zeros((len(low), 1)), np.cumsum(each, axis=1)], axis=1)
    count = max(1, int(np.ceil(after[:, -1].max())))
    goal = after[:, -1:] * (np.arange(1, count) / count)
    cell = np.clip((after[:, :, None] <= goal[:, None, :]).sum(axis=1) - 1, 0, 31)
    begun, step = np.take_along_axis(after, cell, axis=1), np.take_along_axis(each, cell, axis=1)
    part = (goal - begun) / np.maximum(step, 1e-300)
    inner = np.take_along_axis(s, cell, axis=1) + part * (high - low)[:, None] / 32
    edges = np.concatenate([low[:, None], inner, high[:, None]], axis=1)
    whole = np.round(np.exp(edges))
    whole[:, 0], whole[:, -1] = np.floor(np.exp(low) + 1e-9), np.ceil(np.exp(high))
    return np.maximum.accumulate(whole, axis=1)
