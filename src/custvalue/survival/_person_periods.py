"""The likelihood of discrete-time hazards over customers and periods, never written out row by period.

The log-odds (or log-log) of leaving is a(t) + x'b: all that is needed of customers of equal covariates is how many are
at risk in each period and how many leave in it. These counts are made for a block of distinct covariates at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, Literal, TypeAlias

import numpy as np
from attrs import field, frozen

from custvalue._typing import Array, Ints
from custvalue.evidence.distinct import distinct
from custvalue.evidence.tenures import Tenures
from custvalue.survival._regression import Objective, gram

Link: TypeAlias = Literal["logit", "cloglog"]

_CELLS = 1 << 17
"""Distinct covariates times periods in a block: a column of them, 1 MB, stays in a second-level cache."""
_HELD = 1 << 24
"""Counts of at most this many cells (two columns, 256 MB) are kept between rounds; more are counted anew in each."""
_LARGEST = 500.0
"""e^500 = 1e217: hazards of more are no larger, and its square is a float."""


@frozen(eq=False)
class Patterns:
    """Distinct covariates (groups), by their longest duration; the distinct (group, duration, ended, entry) in them."""

    columns: Array = field()
    """Shape (covariates, groups)."""
    longest: Ints = field()
    group: Ints = field()
    duration: Ints = field()
    entry: Ints = field()
    ended: Array = field()
    counts: Array = field()


Block: TypeAlias = tuple[Array, Array, Array]
"""Covariates of some groups, shape (covariates, groups); at risk and leaving, shape (groups, periods)."""


def patterns(tenures: Tenures, columns: Array) -> Patterns:
    """Group the rows; `columns` of shape (covariates, rows)."""
    size = len(tenures)
    each = distinct(*columns) if len(columns) else distinct(np.zeros(size))
    times = tenures.duration, tenures.entry, tenures.ended.astype(np.float64)
    rows = distinct(each.index.astype(np.float64), *times)
    group, duration, entry = (column.astype(np.intp) for column in rows.columns[:3])
    longest = np.zeros(len(each.counts), dtype=np.intp)
    np.maximum.at(longest, group, duration)
    order = np.argsort(longest, kind="stable")
    place = np.empty(len(order), dtype=np.intp)
    place[order] = np.arange(len(order))
    sort = np.argsort(place[group], kind="stable")
    kept = np.array(each.columns)[:, order] if len(columns) else np.zeros((0, 1))
    counts = np.bincount(rows.index, tenures.weights, minlength=len(group))
    return Patterns(
        kept,
        longest[order],
        place[group][sort],
        duration[sort],
        entry[sort],
        rows.columns[3][sort],
        np.asarray(counts[sort], dtype=np.float64),
    )


def blocks(data: Patterns) -> Iterator[Block]:
    """Counts of some groups at a time, those of similar longest durations together."""
    start = 0
    while start < len(data.longest):
        fits = np.arange(1, len(data.longest) - start + 1) * np.maximum(data.longest[start:], 1) <= _CELLS
        stop = start + max(int(np.argmin(fits)) if not fits.all() else len(fits), 1)
        rows = slice(*np.searchsorted(data.group, [start, stop]))
        yield data.columns[:, start:stop], *_counts(data, rows, start, (stop - start, int(data.longest[stop - 1]) + 1))
        start = stop


def _counts(data: Patterns, rows: slice, start: int, shape: tuple[int, int]) -> tuple[Array, Array]:
    """At risk in (entry, duration] and leaving at the duration, by group and period from 1."""
    size = shape[0] * shape[1]
    own = (data.group[rows] - start) * shape[1]
    counts, cell = data.counts[rows], own + data.duration[rows]
    change = np.bincount(cell, counts, minlength=size)
    change -= np.bincount(own + data.entry[rows], counts, minlength=size)
    leaving = np.bincount(cell, counts * data.ended[rows], minlength=size).reshape(shape)[:, 1:]
    at_risk = change.reshape(shape)[:, :0:-1].cumsum(axis=1)[:, ::-1]
    return np.maximum(at_risk, leaving), np.asarray(leaving, dtype=np.float64)


def held(data: Patterns) -> Callable[[], Iterable[Block]]:
    """The blocks, each time they are asked for."""
    if int(data.longest.sum()) <= _HELD:
        kept = list(blocks(data))
        return lambda: kept
    return lambda: blocks(data)


def totals(source: Iterable[Block], periods: int) -> tuple[Array, Array]:
    """At risk and leaving in each period, over all groups."""
    at_risk, leaving = np.zeros(periods), np.zeros(periods)
    for _, risk, left in source:
        at_risk[: risk.shape[1]] += risk.sum(axis=0)
        leaving[: risk.shape[1]] += left.sum(axis=0)
    return at_risk, leaving


def objective(source: Callable[[], Iterable[Block]], terms: Array, link: Link) -> Objective:
    """The log-likelihood of baseline coefficients, then covariates'; `terms` of shape (baseline terms, periods)."""
    size = len(terms)

    def at(theta: Array) -> tuple[float, Array, Array]:
        baseline = (theta[:size, None] * terms).sum(axis=0)
        value, slope, bend = 0.0, np.zeros(len(theta)), np.zeros((len(theta), len(theta)))
        for columns, risk, left in source():
            last = risk.shape[1]
            shift = (theta[size:, None] * columns).sum(axis=0)
            each, first, second = LINKS[link](baseline[:last] + shift[:, None], risk, left)
            value += float(each.sum())
            own = terms[:, :last]
            slope[:size] += (own * first.sum(axis=0)).sum(axis=1)
            slope[size:] += (columns * first.sum(axis=1)).sum(axis=1)
            bend[:size, :size] += gram(own, second.sum(axis=0))
            bend[size:, size:] += gram(columns, second.sum(axis=1))
            bend[:size, size:] += np.einsum("pt,kt->pk", own, np.einsum("kg,gt->kt", columns, second))
        bend[size:, :size] = bend[:size, size:].T
        return value, slope, bend

    return at


def _logit(eta: Array, risk: Array, left: Array) -> tuple[Array, Array, Array]:
    """left η - risk log(1 + e^η), by e^-|η| so that nothing overflows."""
    small = np.exp(-np.abs(eta))
    total = 1.0 + small
    expected = risk * np.where(eta >= 0, 1.0, small) / total
    value = left * eta - risk * (np.maximum(eta, 0.0) + np.log1p(small))
    return value, left - expected, risk * small / total**2


def _cloglog(eta: Array, risk: Array, left: Array) -> tuple[Array, Array, Array]:
    """left log(1 - e^-λ) - (risk - left) λ, λ = e^η; where λ underflows log(1 - e^-λ) is η and its slope 1."""
    rate = np.exp(np.minimum(eta, _LARGEST))
    gone = -np.expm1(-rate)
    some = np.where(gone > 0, gone, 1.0)
    share = np.where(gone > 0, rate * np.exp(-rate) / some, 1.0)
    chance = np.where(gone > 0, np.log(some), eta)
    stayed = (risk - left) * rate
    bend = np.where(gone > 0, rate / some, 1.0) - 1.0
    return left * chance - stayed, left * share - stayed, stayed + left * share * np.maximum(bend, 0.0)


LINKS: Final[dict[str, Callable[[Array, Array, Array], tuple[Array, Array, Array]]]] = {
    "logit": _logit,
    "cloglog": _cloglog,
}
"""Log-likelihood of counts (at risk, leaving), its slope and its negative second derivative in η, the linear term."""


def log_stay(link: Link, eta: Array) -> Array:
    """Log of the probability to stay through a period."""
    return -np.logaddexp(0.0, eta) if link == "logit" else -np.exp(np.minimum(eta, _LARGEST))
