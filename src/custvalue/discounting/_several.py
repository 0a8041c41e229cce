"""All roots of f(δ) = Σ a e^{-δt}, however many, isolated by derivatives.

e^{δτ} f(δ) has the same roots, and its derivative Σ a (τ - t) e^{-δ(t - τ)} has one change of sign less than f when τ
lies between two flows of different sign. Between neighboring roots of the derivative, e^{δτ} f rises or falls
throughout, and so has one root or none. Down to one change of sign, whose only root is found, and up again.
"""

from __future__ import annotations

import numpy as np
from attrs import evolve, frozen

from custvalue._typing import Array, Bools, Ints
from custvalue.discounting._ordered import Ordered, count
from custvalue.numerics.ragged import largest, positions, sums, to_offsets
from custvalue.numerics.roots import EPS, At, Brackets, solve

TINY = 1e-300


@frozen(eq=False)
class Level:
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
        change = np.append(False, self.positive[1:] != self.positive[:-1])
        change[self.offsets[:-1]] = False
        return change

    def derivative(self) -> Level:
        """One change of sign less where there is more than one; the same where there is one."""
        change, counts = self.changes(), np.diff(self.offsets)
        more = count(change, self.offsets) > 1
        last = np.maximum.reduceat(np.where(change, np.arange(len(change)), 0), self.offsets[:-1])
        middle = np.repeat(0.5 * (self.times[last - 1] + self.times[last]), counts)
        after = np.arange(len(change)) >= np.repeat(last, counts)
        turned = np.repeat(more, counts)
        factor = np.where(turned, np.maximum(np.abs(middle - self.times), TINY), 1.0)
        return evolve(self, positive=self.positive ^ (after & turned), logs=self.logs + np.log(factor))


def several(flows: Ordered) -> tuple[Ints, Array]:
    """Which series, and a root of it; a root where f only touches zero counts once."""
    first, last = flows.times[flows.offsets[:-1]], flows.times[flows.offsets[1:] - 1]
    span = last - first
    begin, end, whole = (np.repeat(one, flows.counts) for one in (first, last, span))
    since, remaining = (flows.times - begin) / whole, (flows.times - end) / whole
    levels = [Level(since, remaining, flows.amounts > 0, np.log(np.abs(flows.amounts)), flows.offsets)]
    changes = count(levels[0].changes(), flows.offsets)
    while len(levels) < changes.max():
        levels.append(levels[-1].derivative())
    series, points = np.zeros(0, dtype=np.intp), np.zeros(0)
    for depth in range(len(levels) - 1, -1, -1):
        series, points = _roots(levels[depth], np.flatnonzero(changes > depth), series, points)
    return series, points / span[series]


def _roots(level: Level, members: Ints, series: Ints, points: Array) -> tuple[Ints, Array]:
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
    """The root in each interval."""
    with np.errstate(invalid="ignore"):
        middle = 0.5 * low + 0.5 * high
    start = np.where(
        np.isfinite(middle), middle, np.where(np.isfinite(low), low, np.where(np.isfinite(high), high, 0.0))
    )
    brackets = Brackets(low, high, start, rising, np.ones(len(owner)))
    return solve(lambda x, which: terms(x[which], owner[which]), brackets)


@frozen(eq=False)
class Terms:
    """log Σ of the terms with the sign of the first, less that of the others; two groups per series."""

    times: Array
    remaining: Array
    logs: Array
    offsets: Ints

    @staticmethod
    def of(level: Level) -> Terms:
        n = len(level.offsets) - 1
        series = np.repeat(np.arange(n), np.diff(level.offsets))
        group = 2 * series + (level.positive != level.positive[level.offsets[:-1]][series])
        order = np.argsort(group, kind="stable")
        offsets = to_offsets(np.bincount(group, minlength=2 * n))
        return Terms(level.times[order], level.remaining[order], level.logs[order], offsets)

    def __call__(self, x: Array, series: Ints) -> At:
        """Value, slope and curvature of one function per point."""
        logs, mean, spread = self._groups(x, series)
        return At(logs[0::2] - logs[1::2], mean[1::2] - mean[0::2], spread[0::2] - spread[1::2])

    def signs(self, x: Array, series: Ints) -> Array:
        """Sign of each function at a point; 0 where rounding does not tell."""
        logs, mean, _ = self._groups(x, series)
        value = logs[0::2] - logs[1::2]
        exponents = np.abs(np.repeat(x, 2) * mean) + np.abs(logs)
        noise = 16 * EPS * (4 + np.maximum(exponents[0::2], exponents[1::2]))
        return np.where(np.abs(value) <= noise, 0.0, np.sign(value))

    def _groups(self, x: Array, series: Ints) -> tuple[Array, Array, Array]:
        """log Σ of each group, mean and variance of its times, seen from the end that counts most."""
        groups = (2 * series[:, None] + np.arange(2)).ravel()
        counts = np.diff(self.offsets)[groups]
        offsets, flows = to_offsets(counts), positions(self.offsets[groups], counts)
        point = np.repeat(np.repeat(x, 2), counts)
        times = np.where(point < 0, self.remaining[flows], self.times[flows])
        exponents = self.logs[flows] - point * times
        top = largest(exponents, offsets)
        with np.errstate(under="ignore"):
            worth = np.exp(exponents - np.repeat(top, counts))
            total = sums(worth, offsets)
            mean = sums(worth * times, offsets) / total
            spread = sums(worth * times * times, offsets) / total - mean * mean
        return top + np.log(total), mean, spread
