"""Risk sets: a customer is at risk on (entry, duration]; of a tie, those who leave come before those censored."""

from __future__ import annotations

from typing import Final

import numpy as np
from attrs import field, frozen

from custvalue import _arguments
from custvalue._columns import check_rows
from custvalue._typing import Array, ArrayLike, Bools, Ints
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.tenures import Tenures

_SCALE: Final = 1e-100, 1e100
"""Products of two such weights, as in Greenwood's n (n - d), are between 1e-200 and 1e200: no overflow or underflow."""
_ROUNDING: Final = 1e-12
"""Numbers at risk are differences of cumulative sums, whose rounding grows like √rows · 1e-16: 3e-13 for ten million
rows. A smaller share of the larger sum is 0."""


def check_tenures(tenures: Tenures, *, some_left: bool = False) -> None:
    """Raise DataError unless there are customers, who were observed for some time before they left.

    With `some_left` one of them at least must have left.
    """
    if not isinstance(tenures, Tenures):
        raise DataError(
            f"tenures must be Tenures; got a {type(tenures).__name__}. Make them with Tenures(duration, ended, unit=), "
            "Tenures.from_table or Tenures.from_relationships."
        )
    if tenures.duration.ndim != 1:
        raise DataError(f"tenures must be one row per customer; got shape {tenures.duration.shape}. Ravel them.")
    weights = tenures.weights
    if not weights.any():
        raise DataError(f"tenures must hold customers; got {len(tenures)} rows, none with a positive weight.")
    if not _SCALE[0] <= weights.max() <= _SCALE[1] or 0 < weights.min() < _SCALE[0]:
        check_rows(
            (weights == 0) | ((weights >= _SCALE[0]) & (weights <= _SCALE[1])),
            f"weights must be 0 or from {_SCALE[0]:g} to {_SCALE[1]:g}",
            "They are the numbers of customers that rows stand for.",
            ids=tenures.ids,
            weights=weights,
        )
    if tenures.entry.any():
        check_rows(
            ~tenures.ended | (tenures.entry < tenures.duration) | (tenures.entry == 0),
            "entry < duration must hold for those who left",
            "Customers are at risk on (entry, duration], so who left at the moment of entry was never seen at risk: "
            "measure time more finely, or leave the row out.",
            ids=tenures.ids,
            duration=tenures.duration,
            entry=tenures.entry,
        )
    if some_left and not (tenures.ended & (weights > 0)).any():
        raise DataError(
            f"tenures must include customers who left; got ended = 0 in all {len(tenures)} rows, so that nothing tells "
            "when or why customers leave. Observe them for longer."
        )


def longest(tenures: Tenures) -> float:
    """The longest duration of a customer."""
    counts = tenures.weights > 0
    return float((tenures.duration if counts.all() else tenures.duration[counts]).max())


def observed_time(name: str, value: ArrayLike, until: float, *, known_after: bool = False) -> Array:
    """Times >= 0 and, unless the estimate is known beyond it, up to the longest duration observed."""
    time = _arguments.duration(name, value)
    if not known_after and (late := time[time > until]).size:
        raise ParameterError(
            f"{name} must be at most {until:g}, the longest duration observed; got {late[0]:g}. "
            "Ask for earlier times, or fit a model, which extrapolates."
        )
    return time


def step(time: Array, values: Array, before: float, at: Array) -> Array:
    """A right-continuous step function: values[i] on [time[i], time[i + 1])."""
    return np.concatenate([[before], values])[np.searchsorted(time, at, side="right")]


@frozen(eq=False)
class RiskSets:
    """Tenures against the distinct times at which customers left: row i is at risk at times[first[i]:last[i]]."""

    time: Array = field()
    first: Ints = field()
    last: Ints = field()
    ended: Bools = field()
    """Which rows left, at the time before `last`."""

    def at_risk(self, amounts: Array) -> Array:
        """Sum of amounts >= 0 over the rows at risk at each time, 0 where only rounding is left of it."""
        large = self._from(self.last, amounts)
        rest = large - self._from(self.first, amounts)
        return np.where(rest > _ROUNDING * large, rest, 0.0)

    def at_risk_signed(self, amounts: Array) -> Array:
        """Sum of amounts of either sign over the rows at risk at each time."""
        return self._from(self.last, amounts) - self._from(self.first, amounts)

    def _from(self, place: Ints, amounts: Array) -> Array:
        """Sum of amounts over the rows whose place comes after each time; of rows that are ever at risk."""
        counts = (place > 0) & (self.first < self.last)
        if not counts.any():
            return np.zeros(len(self.time))
        sums = np.bincount(place[counts], amounts[counts], minlength=len(self.time) + 1)
        return np.asarray(sums[::-1].cumsum()[::-1][1:], dtype=np.float64)

    def leaving(self, amounts: Array) -> Array:
        """Sum of amounts over the rows that left at each time."""
        sums = np.bincount(self.last[self.ended] - 1, amounts[self.ended], minlength=len(self.time))
        return np.asarray(sums, dtype=np.float64)

    def cumulative(self, steps: Array) -> Array:
        """Sum of steps, one for each time, over the times at which each row is at risk."""
        total = np.concatenate([[0.0], np.cumsum(steps)])
        return np.asarray(total[self.last] - total[self.first])


def risk_sets(tenures: Tenures) -> RiskSets:
    """The risk sets of rows that passed `check_tenures`; rows of weight 0 leave at no time."""
    ended = tenures.ended & (tenures.weights > 0)
    time = np.unique(tenures.duration[ended])
    last = np.searchsorted(time, tenures.duration, side="right")
    first = np.zeros(len(last), dtype=np.intp)
    late = np.flatnonzero(tenures.entry)
    first[late] = np.searchsorted(time, tenures.entry[late], side="right")
    return RiskSets(time, np.minimum(first, last), last, ended)


def counted(tenures: Tenures) -> tuple[Array, Array, Array]:
    """Distinct times at which customers left, how many were at risk then, and how many left."""
    if (tenures.weights != 1).any():
        sets = risk_sets(tenures)
        return sets.time, *_settled(sets.at_risk(tenures.weights), sets.leaving(tenures.weights))
    time, at_risk, left = _counted_alike(tenures.duration, tenures.ended)
    late = tenures.entry[tenures.entry > 0]
    if len(late):
        at_risk = at_risk - (len(late) - np.searchsorted(np.sort(late), time, side="left"))
    return time, at_risk, left


def _counted_alike(duration: Array, ended: Bools) -> tuple[Array, Array, Array]:
    """The same of rows of weight 1 that enter at 0, by one sort of integers.

    The bits of floats >= 0, read as integers, are in the floats' order; one bit more puts those who leave first.
    """
    key = (duration + 0.0).view(np.uint64)  # -0 + 0 is 0
    key <<= np.uint64(1)
    key |= ~ended
    key.sort()
    place = np.flatnonzero((key & np.uint64(1)) == 0)
    key = key[place]
    starts = np.flatnonzero(np.concatenate([[len(key) > 0], key[1:] != key[:-1]]))
    left = np.diff(starts, append=len(key)).astype(np.float64)
    time = (key[starts] >> np.uint64(1)).view(np.float64)
    return time, len(duration) - place[starts].astype(np.float64), left


def _settled(at_risk: Array, left: Array) -> tuple[Array, Array]:
    """At risk, exactly as many as leave where rounding alone makes a difference; those leaving are all at risk."""
    return np.where(np.abs(at_risk - left) <= _ROUNDING * at_risk, left, np.maximum(at_risk, left)), left
