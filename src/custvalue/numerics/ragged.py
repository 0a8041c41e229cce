"""Series of different lengths, one after another, and sums of a e^x in each: series i is [offsets[i], offsets[i+1]).

Every function takes all series at once. A series may be empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from attrs import frozen

from custvalue._typing import Array, ArrayLike, Bools, Ints

BLOCK: Final = 1 << 15
"""Values worked on at a time: ten temporary arrays of 256 kB stay in a processor's second-level cache."""

SAFE_EXPONENT: Final = 600.0
"""Below it in size, e^x is a normal float with room for amounts up to 1e47: e^600 = 4e260, of at most 1.8e308."""

SAFE_AMOUNT: Final = 1e40
"""Times e^600, and summed over 1e7 terms, still a float."""

FAR: Final = 1e15
"""An exponent beyond which e^x is 0 or infinite whatever it is multiplied with."""

APART: Final = 1e-12
"""Times no further apart (in years: 30 microseconds) are one."""

ROUNDING: Final = 2.0**-53
"""Half the distance from 1 to the next float: what one addition may be wrong by, relative to its result."""


def sums(values: Array, offsets: Ints) -> Array:
    """Sum of each series along the last axis, pairwise; an empty series sums to 0."""
    if len(offsets) == 2:
        return np.asarray(values[..., offsets[0] : offsets[1]].sum(axis=-1, keepdims=True))
    return _reduced(np.add, values, offsets, 0.0)


def largest(values: Array, offsets: Ints) -> Array:
    """Largest value of each series along the last axis; -inf for an empty one."""
    return _reduced(np.maximum, values, offsets, -np.inf)


def count(marks: Bools, offsets: Ints) -> Ints:
    """How many values of each series are marked."""
    before = np.concatenate(([0], np.cumsum(marks)))
    return np.asarray(np.diff(before[offsets]))


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
    """Runs of whole series with about `BLOCK` values each."""
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
    """Positions of the values of the series that start at `starts`, one after another."""
    ends = np.cumsum(counts)
    return np.repeat(starts - ends + counts, counts) + np.arange(ends[-1] if len(ends) else 0)


def to_offsets(counts: ArrayLike) -> Ints:
    """Offsets of series with these counts."""
    return np.concatenate(([0], np.cumsum(counts))).astype(np.intp)


# --- sums of a e^x -------------------------------------------------------------------------------------------------


def exponential_sums(amounts: Array, exponents: Array, offsets: Ints) -> Array:
    """Σ a e^x of each series, along the last axis; finite whenever the sum is, to a few units in the last place."""
    if not exponents.size or _safe(amounts, exponents):
        with np.errstate(under="ignore"):
            return sums(amounts * np.exp(exponents), offsets)
    scaled, top = _scaled(np.abs(amounts), exponents, offsets)
    return times_exp(sums(np.sign(amounts) * scaled, offsets), top)


def log_exponential_sums(amounts: Array, exponents: Array, offsets: Ints) -> Array:
    """log Σ a e^x of each series, for a >= 0; -inf where all are 0."""
    scaled, top = _scaled(amounts, exponents, offsets)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(sums(scaled, offsets)) + top)


def relative_terms(amounts: Array, exponents: Array, offsets: Ints) -> Array:
    """The terms a e^x, those of a series up to a common factor where they would not be floats."""
    if not exponents.size or _safe(amounts, exponents):
        with np.errstate(under="ignore"):
            return np.asarray(amounts * np.exp(exponents))
    return np.asarray(np.sign(amounts) * _scaled(np.abs(amounts), exponents, offsets)[0])


def times_exp(amount: Array, exponent: Array) -> Array:
    """a e^x, where e^x alone may be too large or too small for a float: in thirds, each within e^±534."""
    with np.errstate(over="ignore", under="ignore"):
        third = np.exp(np.clip(exponent, -1600.0, 1600.0) / 3)
        return np.asarray(amount * third * third * third)


def _scaled(sizes: Array, exponents: Array, offsets: Ints) -> tuple[Array, Array]:
    """Terms size · e^(x - top), at most 1, with the `top` of each series."""
    with np.errstate(divide="ignore", under="ignore"):
        logs = np.log(sizes) + np.clip(exponents, -FAR, FAR)
        top = largest(logs, offsets)
        top = np.where(np.isneginf(top), 0.0, top)
        return np.exp(logs - np.repeat(top, np.diff(offsets), axis=-1)), top


def _safe(amounts: Array, exponents: Array) -> bool:
    extreme = max(exponents.max(), -exponents.min())
    return bool(extreme <= SAFE_EXPONENT and max(amounts.max(), -amounts.min()) < SAFE_AMOUNT)


# --- series in order of time ---------------------------------------------------------------------------------------


@frozen(eq=False)
class Ordered:
    """Series whose times rise strictly and whose amounts are not zero."""

    times: Array
    amounts: Array
    offsets: Ints

    @property
    def counts(self) -> Ints:
        """How many amounts each series has."""
        return np.diff(self.offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def select(self, series: Bools | Ints) -> Ordered:
        """Return some of the series."""
        if series.dtype == bool and series.all():
            return self
        chosen = np.flatnonzero(series) if series.dtype == bool else series
        counts = self.counts[chosen]
        here = positions(self.offsets[chosen], counts)
        return Ordered(self.times[here], self.amounts[here], to_offsets(counts))


def ordered(times: Array, amounts: Array, offsets: Ints) -> Ordered:
    """Sort each series by time, add up the amounts at one time, and leave out what comes to nothing."""
    rising = times[1:] - times[:-1] > APART
    inner = offsets[1:-1]
    rising[inner[(inner > 0) & (inner < len(times))] - 1] = True
    if not rising.all():
        times, amounts, offsets = _merged(times, amounts, offsets)
    if np.all(amounts):
        return Ordered(times, amounts, offsets)
    some = amounts != 0
    before = np.concatenate(([0], np.cumsum(some)))
    return Ordered(times[some], amounts[some], before[offsets])


def _merged(times: Array, amounts: Array, offsets: Ints) -> tuple[Array, Array, Ints]:
    """One amount per time; sums that are nothing but rounding are 0."""
    series = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    order = np.lexsort((times, series))
    times, amounts = times[order], amounts[order]
    new = np.append(True, (times[1:] - times[:-1] > APART) | (series[1:] != series[:-1]))
    begins = np.flatnonzero(new)
    ends = np.append(begins, len(times))
    total, size = sums(amounts, ends), sums(np.abs(amounts), ends)
    joined = np.diff(ends)
    # n - 1 roundings at most; pairwise sums make log2 n of them, which 64 bounds for any n that fits in memory
    noise = np.minimum(joined, 64) * ROUNDING * size
    total[(joined > 1) & (np.abs(total) <= noise)] = 0.0
    return times[begins], total, np.searchsorted(begins, offsets)


def sign_changes(positive: Bools, offsets: Ints) -> Bools:
    """Whether the sign of each value differs from that of the one before it in its series."""
    change = np.append(False, positive[1:] != positive[:-1])
    starts = offsets[:-1]
    change[starts[starts < len(change)]] = False
    return change[: len(positive)]
