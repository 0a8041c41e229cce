"""The equation that an internal rate solves: flows of one sign are worth as much as those of the other.

f(δ) = Σ a e^{-δt} is zero where h(δ) = log Σ₊ |a| e^{-δt} - log Σ₋ |a| e^{-δt} is. h is nearly straight, has neither
overflow nor cancellation, and its slope is the difference of the two groups' durations.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from attrs import define

from custvalue._typing import Array, Ints
from custvalue.discounting._ordered import Ordered
from custvalue.numerics.ragged import positions, sums, to_offsets
from custvalue.numerics.roots import At

SHRINK = 0.6
"""Series that are done are dropped when fewer than this share of them is left."""


@define(eq=False)
class Balance:
    """h of many series. Each has two groups of flows, in order of time: 2i has the sign of its first flow."""

    series: Ints
    times: Array
    weights: Array
    offsets: Ints

    @classmethod
    def of(cls, flows: Ordered) -> Self:
        """Split each series into flows of its first sign and flows of the other; it needs both."""
        n = len(flows)
        positive = flows.amounts > 0
        series = np.repeat(np.arange(n), flows.counts)
        group = 2 * series + (positive != positive[flows.offsets[:-1]][series])
        times, weights = flows.times, np.abs(flows.amounts)
        if (group[1:] < group[:-1]).any():
            order = np.argsort(group, kind="stable")
            times, weights = times[order], weights[order]
        counts = np.bincount(group, minlength=2 * n)
        offsets = to_offsets(counts)
        return cls(np.arange(n), times, weights, offsets)

    def __call__(self, x: Array, which: Ints) -> At:
        """Value, slope and curvature at `x[which]`; `which` may only shrink from call to call."""
        if len(which) < SHRINK * len(self.series):
            self._keep(which)
        at = self._all(x[self.series])
        if len(which) == len(self.series):
            return at
        here = np.searchsorted(self.series, which)
        return At(at.value[here], at.slope[here], at.curvature[here])

    def _all(self, x: Array) -> At:
        counts, both = np.diff(self.offsets), np.repeat(x, 2)
        # measured from the flow that counts most, exponents neither overflow nor lose digits
        origin = np.where(both < 0, self.times[self.offsets[1:] - 1], self.times[self.offsets[:-1]])
        since = self.times - np.repeat(origin, counts)
        with np.errstate(under="ignore"):
            worth = np.exp(np.repeat(-both, counts) * since)
            worth *= self.weights
            total = sums(worth, self.offsets)
            worth *= since
            mean = sums(worth, self.offsets) / total
            worth *= since
            spread = sums(worth, self.offsets) / total - mean * mean
        logs, center = np.log(total), origin + mean
        value = logs[0::2] - logs[1::2] - x * (origin[0::2] - origin[1::2])
        return At(value, center[1::2] - center[0::2], spread[0::2] - spread[1::2])

    def _keep(self, which: Ints) -> None:
        chosen = np.searchsorted(self.series, which)
        groups = (2 * chosen[:, None] + np.arange(2)).ravel()
        counts = np.diff(self.offsets)[groups]
        flows = positions(self.offsets[groups], counts)
        self.series, self.times, self.weights = which, self.times[flows], self.weights[flows]
        self.offsets = to_offsets(counts)
