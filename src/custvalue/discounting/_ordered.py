"""Cash flows in order of time, one amount at a time and none zero; and how often their sign changes."""

from __future__ import annotations

import numpy as np
from attrs import frozen

from custvalue._typing import Array, Bools, Ints
from custvalue.numerics.ragged import positions, sums, to_offsets

APART = 1e-12
"""Years, 30 microseconds: flows that are no further apart are at one time."""


@frozen(eq=False)
class Ordered:
    """Series whose times rise strictly and whose amounts are not zero."""

    times: Array
    amounts: Array
    offsets: Ints

    @property
    def counts(self) -> Ints:
        return np.diff(self.offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def select(self, series: Bools | Ints) -> Ordered:
        """Return some of the series."""
        if series.dtype == bool and series.all():
            return self
        chosen = np.flatnonzero(series) if series.dtype == bool else series
        counts = self.counts[chosen]
        flows = positions(self.offsets[chosen], counts)
        return Ordered(self.times[flows], self.amounts[flows], to_offsets(counts))


def ordered(times: Array, amounts: Array, offsets: Ints) -> Ordered:
    """Sort the flows of each series by time, add up those at one time, and leave out what comes to nothing."""
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
    """One flow per time; sums that are nothing but rounding are 0."""
    series = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    order = np.lexsort((times, series))
    times, amounts = times[order], amounts[order]
    new = np.append(True, (times[1:] - times[:-1] > APART) | (series[1:] != series[:-1]))
    begins = np.flatnonzero(new)
    ends = np.append(begins, len(times))
    total, size = sums(amounts, ends), sums(np.abs(amounts), ends)
    together = np.diff(ends)
    noise = np.minimum(together, 64) * 2.0**-53 * size  # pairwise sums: it grows with the logarithm of their number
    total[(together > 1) & (np.abs(total) <= noise)] = 0.0
    return times[begins], total, np.searchsorted(begins, offsets)


def sign_changes(series: Ordered) -> Bools:
    """Whether the sign of each flow differs from that of the one before it in its series."""
    positive = series.amounts > 0
    change = np.append(False, positive[1:] != positive[:-1])
    starts = series.offsets[:-1]
    change[starts[starts < len(change)]] = False
    return change[: len(positive)]


def count(marks: Bools, offsets: Ints) -> Ints:
    """How many flows of each series are marked."""
    before = np.concatenate(([0], np.cumsum(marks)))
    return np.asarray(np.diff(before[offsets]))
