"""Who is at risk when: customers are so on (entry, duration], those who leave before those who are censored then."""

from __future__ import annotations

import numpy as np
from attrs import field, frozen
from scipy.special import ndtri

from custvalue._columns import check_rows
from custvalue._typing import Array, Bools, Ints
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.tenures import Tenures

_SCALE = 1e-100, 1e100
"""Weights whose squares are floats."""
_ROUNDING = 1e-12
"""Customers at risk are a difference of sums; so small a share of the larger sum is nobody."""


def check_tenures(tenures: Tenures) -> None:
    """Raise DataError unless there are tenures, and those who left were seen for some time."""
    if not isinstance(tenures, Tenures):
        raise DataError(
            f"this is computed from Tenures, not from a {type(tenures).__name__}; make one with "
            "Tenures(duration, ended), Tenures.from_table or Tenures.from_relationships"
        )
    if tenures.duration.ndim != 1:
        raise DataError(f"the tenures must be one row per customer; got shape {tenures.duration.shape}. Ravel them.")
    if not tenures.weights.any():
        raise DataError(
            f"there is nobody: {len(tenures)} rows, none with a positive weight. Give at least one customer."
        )
    if not _SCALE[0] <= tenures.weights.max() <= _SCALE[1] or 0 < tenures.weights.min() < _SCALE[0]:
        check_rows(
            (tenures.weights == 0) | ((tenures.weights >= _SCALE[0]) & (tenures.weights <= _SCALE[1])),
            f"weights must be 0 or from {_SCALE[0]:g} to {_SCALE[1]:g}",
            "They say how many customers a row stands for.",
            ids=tenures.ids,
            weights=tenures.weights,
        )
    if tenures.entry.any():
        check_rows(
            ~tenures.ended | (tenures.entry < tenures.duration) | (tenures.entry == 0),
            "entry < duration must hold for those who left",
            "Customers are at risk on (entry, duration]; who left at the moment of entry was never seen at risk: "
            "measure time more finely, or leave the row out.",
            ids=tenures.ids,
            duration=tenures.duration,
            entry=tenures.entry,
        )


def check_some_left(tenures: Tenures) -> None:
    """Raise DataError unless somebody left."""
    if not (tenures.ended & (tenures.weights > 0)).any():
        raise DataError(
            f"nobody has left: ended = 0 in all {len(tenures)} rows, so nothing tells when or why customers leave; "
            "observe them for longer"
        )


def normal_width(level: float) -> float:
    """How many standard errors to both sides make an interval of the level; ParameterError outside (0, 1)."""
    if not (np.ndim(level) == 0 and 0 < level < 1):
        raise ParameterError(f"level must lie strictly between 0 and 1; got {level!r}")
    return float(ndtri(0.5 + level / 2))


def longest(tenures: Tenures) -> float:
    """The longest duration of a customer."""
    counts = tenures.weights > 0
    return float((tenures.duration if counts.all() else tenures.duration[counts]).max())


@frozen(eq=False)
class RiskSets:
    """Tenures against the distinct times at which customers left: row i is at risk at times[first[i]:last[i]]."""

    time: Array = field()
    first: Ints = field()
    last: Ints = field()
    ended: Bools = field()
    """Which rows left, at the time before `last`."""

    def at_risk(self, amounts: Array) -> Array:
        """Sum of amounts >= 0 over the rows at risk at each time."""
        return _difference(self._from(self.last, amounts), self._from(self.first, amounts))

    def at_risk_signed(self, amounts: Array) -> Array:
        """Sum of amounts of either sign over the rows at risk at each time."""
        return self._from(self.last, amounts) - self._from(self.first, amounts)

    def _from(self, place: Ints, amounts: Array) -> Array:
        """Sum of amounts over the rows whose place comes after each time; of rows that are at risk at all."""
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
    """The risk sets of rows that `check_tenures` has let pass; rows of weight 0 leave at no time."""
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
        at_risk, left = sets.at_risk(tenures.weights), sets.leaving(tenures.weights)
        return sets.time, *_settled(at_risk, left)
    time, at_risk, left = _counted_alike(tenures.duration, tenures.ended)
    late = tenures.entry[tenures.entry > 0]
    if len(late):
        at_risk = at_risk - (len(late) - np.searchsorted(np.sort(late), time, side="left"))
    return time, at_risk, left


def _counted_alike(duration: Array, ended: Bools) -> tuple[Array, Array, Array]:
    """The same of rows that count once and enter at 0, by one sort of integers.

    The bits of floats that are not negative are in the floats' order; one bit more puts those who leave first.
    """
    key = (duration + 0.0).view(np.uint64)
    key <<= np.uint64(1)
    key |= ~ended
    key.sort()
    place = np.flatnonzero((key & np.uint64(1)) == 0)
    key = key[place]
    starts = np.flatnonzero(np.concatenate([[len(key) > 0], key[1:] != key[:-1]]))
    left = np.diff(starts, append=len(key)).astype(np.float64)
    time = (key[starts] >> np.uint64(1)).view(np.float64)
    return time, len(duration) - place[starts].astype(np.float64), left


def _difference(large: Array, small: Array) -> Array:
    """large - small >= 0, without what rounding leaves of it."""
    rest = large - small
    return np.where(rest > _ROUNDING * large, rest, 0.0)


def _settled(at_risk: Array, left: Array) -> tuple[Array, Array]:
    """At risk, exactly as many as leave where rounding alone makes a difference; those leaving are all at risk."""
    return np.where(np.abs(at_risk - left) <= _ROUNDING * at_risk, left, np.maximum(at_risk, left)), left
