"""All real roots x of Σ a e^{-x t}, for many series (t, a) at once: none, one or several of each.

How many there are: at most as many as the amounts, in order of time, change sign, and one where they change it once
(Descartes for powers; Laguerre 1883, Oeuvres I, for any times). Positive roots are bounded in the same way by the sums
accumulated from the first amount on, negative ones by those from the last back (Norstrom 1972, Journal of Financial and
Quantitative Analysis 7(3)); where these change sign at most once, they decide. What neither decides is isolated by
derivatives. Each root is then found by `numerics.roots` on

    h(x) = log Σ₊ |a| e^{-x t} - log Σ₋ |a| e^{-x t},

zero where amounts of one sign weigh as much as those of the other: nearly straight, without overflow or cancellation,
its slope the difference of the two groups' mean times. Accuracy: the last digits that rounding the amounts leaves.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Self, TypeAlias

import numpy as np
from attrs import define

from custvalue._typing import Array, Bools, Ints
from custvalue.numerics.ragged import Ordered, count, largest, ordered, positions, sign_changes, sums, to_offsets
from custvalue.numerics.roots import EPS, At, Brackets, solve

LARGE: Final = 1e100
"""Amounts beyond it, or below 1/it, are kept as logarithms: weight · time² must stay a float."""

SHRINK: Final = 0.6
"""Series that are done are dropped when fewer than this share is left: a copy costs about as much as a round."""

TINY: Final = 1e-300
"""In place of 0 where its logarithm is taken."""

Found: TypeAlias = tuple[Ints, Array]
"""Which series, and a root of it, per unit of time."""


def all_roots(times: Array, amounts: Array, offsets: Ints) -> tuple[Array, Ints, Bools]:
    """Roots in rising order, one series after another; their offsets; which series are 0 at any x."""
    series = ordered(times, amounts, offsets)
    changes = count(sign_changes(series.amounts > 0, series.offsets), series.offsets)
    sizes = np.abs(series.amounts)
    if sizes.max(initial=1.0) > LARGE or sizes.min(initial=1.0) < 1 / LARGE:
        found = [_isolated(series, np.flatnonzero(changes > 0))]
    else:
        single = np.flatnonzero(changes == 1)
        found = [_between(series, single, -np.inf, np.inf), *_more_changes(series, np.flatnonzero(changes > 1))]
    rows, roots = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort((roots, rows))
    return roots[order], to_offsets(np.bincount(rows, minlength=len(series))), series.counts == 0


def _more_changes(series: Ordered, more: Ints) -> list[Found]:
    """Roots of series with several changes of sign: by Norstrom's sums where they decide, else by derivatives."""
    if not len(more):
        return []
    chosen = series.select(more)
    ahead, back, decided = _accumulated_changes(chosen)
    positive = _between(chosen, np.flatnonzero(decided & (ahead == 1)), 0.0, np.inf)
    negative = _between(chosen, np.flatnonzero(decided & (back == 1)), -np.inf, 0.0)
    found = [positive, negative, _isolated(chosen, np.flatnonzero(~decided))]
    return [(more[rows], roots) for rows, roots in found]


def _accumulated_changes(series: Ordered) -> tuple[Ints, Ints, Bools]:
    """Sign changes of the sums from the first amount on and from the last back; whether they decide."""
    starts, counts = series.offsets[:-1], series.counts
    running = np.cumsum(series.amounts)
    before = np.repeat(running[starts] - series.amounts[starts], counts)
    total = np.repeat(running[series.offsets[1:] - 1], counts)
    ahead, back = running - before, total - running + series.amounts
    noise = len(running) * EPS * np.abs(running).max()  # of cumsum, which adds one by one
    clear = largest(-np.minimum(np.abs(ahead), np.abs(back)), series.offsets) < -noise
    first, last = (count(sign_changes(each > 0, series.offsets), series.offsets) for each in (ahead, back))
    return first, last, clear & (first <= 1) & (last <= 1)


# --- one root, in a known bracket ----------------------------------------------------------------------------------


def _between(series: Ordered, rows: Ints, low: float, high: float) -> Found:
    """The only root of each of some series that lies between low and high, of which one may be 0, not both."""
    chosen = series.select(rows)
    n = len(rows)
    if not n:
        return rows, np.zeros(0)
    first, last = chosen.offsets[:-1], chosen.offsets[1:] - 1
    # h rises to +inf at x = +inf, where the first sign wins; at -inf the last amount does
    rising = np.ones(n, dtype=bool) if high else (chosen.amounts[first] > 0) != (chosen.amounts[last] > 0)
    span = chosen.times[last] - chosen.times[first]
    brackets = Brackets(np.full(n, low), np.full(n, high), np.zeros(n), rising, span)
    return rows, solve(Balance.of(chosen), brackets)


@define(eq=False)
class Balance:
    """h of many series, as weights and times. Each has two groups, in order of time: 2i has the sign of its first."""

    series: Ints
    times: Array
    weights: Array
    offsets: Ints

    @classmethod
    def of(cls, series: Ordered) -> Self:
        """Split each series into amounts of its first sign and amounts of the other; it needs both."""
        order, offsets = _groups(series.amounts > 0, series.offsets)
        return cls(np.arange(len(series)), series.times[order], np.abs(series.amounts)[order], offsets)

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
        # measured from the term that counts most, exponents neither overflow nor lose digits
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
        offsets, here = _chosen(self.offsets, np.searchsorted(self.series, which))
        self.series, self.times, self.weights, self.offsets = which, self.times[here], self.weights[here], offsets


def _groups(positive: Bools, offsets: Ints) -> tuple[Ints | slice, Ints]:
    """An order in which each series has its terms of the first one's sign, then the others; offsets of both groups."""
    n = len(offsets) - 1
    series = np.repeat(np.arange(n), np.diff(offsets))
    group = 2 * series + (positive != positive[offsets[:-1]][series])
    sorted_already = not (group[1:] < group[:-1]).any()
    order = slice(None) if sorted_already else np.argsort(group, kind="stable")
    return order, to_offsets(np.bincount(group, minlength=2 * n))


def _chosen(offsets: Ints, series: Ints) -> tuple[Ints, Ints]:
    """Offsets of the two groups of some series, and where their terms are."""
    groups = (2 * series[:, None] + np.arange(2)).ravel()
    counts = np.diff(offsets)[groups]
    return to_offsets(counts), positions(offsets[groups], counts)


# --- several roots, isolated by derivatives ------------------------------------------------------------------------
#
# e^{xτ} f(x) has the roots of f, and its derivative Σ a (τ - t) e^{-x(t - τ)} has one change of sign less than f when τ
# lies between two terms of different sign. Between neighboring roots of the derivative, e^{xτ} f rises or falls
# throughout, and so has one root or none. Down to one change of sign, whose only root is found, and up again.


def _isolated(series: Ordered, rows: Ints) -> Found:
    """All roots of some series; a root where f only touches zero counts once."""
    if not len(rows):
        return rows, np.zeros(0)
    chosen = series.select(rows)
    first, last = chosen.times[chosen.offsets[:-1]], chosen.times[chosen.offsets[1:] - 1]
    span = last - first
    begin, end, length = (np.repeat(one, chosen.counts) for one in (first, last, span))
    since, remaining = (chosen.times - begin) / length, (chosen.times - end) / length
    levels = [Derivative(since, remaining, chosen.amounts > 0, np.log(np.abs(chosen.amounts)), chosen.offsets)]
    changes = count(levels[0].changes(), chosen.offsets)
    while len(levels) < changes.max():
        levels.append(levels[-1].next())
    owner, points = np.zeros(0, dtype=np.intp), np.zeros(0)
    for depth in range(len(levels) - 1, -1, -1):
        owner, points = _roots(levels[depth], np.flatnonzero(changes > depth), owner, points)
    return rows[owner], points / span[owner]


class Derivative(NamedTuple):
    """Functions Σ ± e^{log - x u}, one per series: f itself, or one of its derivatives.

    Times u are from 0 to 1; `remaining` is u - 1, with the digits that u has lost near 1.
    """

    times: Array
    remaining: Array
    positive: Bools
    logs: Array
    offsets: Ints

    def changes(self) -> Bools:
        """Whether the sign of a term differs from that of the term before."""
        return sign_changes(self.positive, self.offsets)

    def next(self) -> Derivative:
        """One change of sign less where there is more than one; the same where there is one."""
        change, counts = self.changes(), np.diff(self.offsets)
        more = count(change, self.offsets) > 1
        last = np.maximum.reduceat(np.where(change, np.arange(len(change)), 0), self.offsets[:-1])
        middle = np.repeat(0.5 * (self.times[last - 1] + self.times[last]), counts)
        after = np.arange(len(change)) >= np.repeat(last, counts)
        turned = np.repeat(more, counts)
        factor = np.where(turned, np.maximum(np.abs(middle - self.times), TINY), 1.0)
        return self._replace(positive=self.positive ^ (after & turned), logs=self.logs + np.log(factor))


def _roots(level: Derivative, members: Ints, series: Ints, points: Array) -> Found:
    """Roots of the functions of `members`, given points between which they rise or fall throughout."""
    terms = Terms.of(level)
    signs = terms.signs(points, series)
    first, last = level.positive[level.offsets[:-1]], level.positive[level.offsets[1:] - 1]
    ends = np.full(len(members), np.inf)
    owner = np.concatenate([members, series, members])
    place = np.concatenate([-ends, points, ends])
    sign = np.concatenate([np.where(first == last, 1.0, -1.0)[members], signs, np.ones(len(members))])
    order = np.lexsort((place, owner))
    owner, place, sign = owner[order], place[order], sign[order]
    crossing = np.flatnonzero((owner[1:] == owner[:-1]) & (sign[1:] * sign[:-1] < 0))
    touching = (sign == 0) & np.append(True, sign[:-1] != 0)
    inner = _inside(terms, owner[crossing], place[crossing], place[crossing + 1], sign[crossing] < 0)
    owner, place = np.append(owner[crossing], owner[touching]), np.append(inner, place[touching])
    order = np.lexsort((place, owner))
    return owner[order], place[order]


def _inside(terms: Terms, owner: Ints, low: Array, high: Array, rising: Bools) -> Array:
    """The root in each interval, sought from its middle, or from its finite end, or from 0."""
    with np.errstate(invalid="ignore"):
        middle = 0.5 * low + 0.5 * high
    ends = np.where(np.isfinite(low), low, np.where(np.isfinite(high), high, 0.0))
    start = np.where(np.isfinite(middle), middle, ends)
    brackets = Brackets(low, high, start, rising, np.ones(len(owner)))
    return solve(lambda x, which: terms(x[which], owner[which]), brackets)


class Terms(NamedTuple):
    """h of many series by logarithms, at any number of points of each; two groups per series, as in `Balance`."""

    times: Array
    remaining: Array
    logs: Array
    offsets: Ints

    @classmethod
    def of(cls, level: Derivative) -> Self:
        """Split each function into terms of its first sign and terms of the other."""
        order, offsets = _groups(level.positive, level.offsets)
        return cls(level.times[order], level.remaining[order], level.logs[order], offsets)

    def __call__(self, x: Array, series: Ints) -> At:
        """Value, slope and curvature of one function per point."""
        logs, mean, spread = self._moments(x, series)
        return At(logs[0::2] - logs[1::2], mean[1::2] - mean[0::2], spread[0::2] - spread[1::2])

    def signs(self, x: Array, series: Ints) -> Array:
        """Sign of each function at a point; 0 where rounding does not tell."""
        logs, mean, _ = self._moments(x, series)
        value = logs[0::2] - logs[1::2]
        # exponents are rounded in proportion to their size, and so is the logarithm of a sum
        exponents = np.abs(np.repeat(x, 2) * mean) + np.abs(logs)
        noise = 16 * EPS * (4 + np.maximum(exponents[0::2], exponents[1::2]))
        return np.where(np.abs(value) <= noise, 0.0, np.sign(value))

    def _moments(self, x: Array, series: Ints) -> tuple[Array, Array, Array]:
        """log Σ of each group, mean and variance of its times, seen from the end that counts most."""
        offsets, here = _chosen(self.offsets, series)
        counts = np.diff(offsets)
        point = np.repeat(np.repeat(x, 2), counts)
        times = np.where(point < 0, self.remaining[here], self.times[here])
        exponents = self.logs[here] - point * times
        top = largest(exponents, offsets)
        with np.errstate(under="ignore"):
            worth = np.exp(exponents - np.repeat(top, counts))
            total = sums(worth, offsets)
            mean = sums(worth * times, offsets) / total
            spread = sums(worth * times * times, offsets) / total - mean * mean
        return top + np.log(total), mean, spread
