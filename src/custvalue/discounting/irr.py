"""Rates of return: at which rates cash flows are worth nothing (IRR, XIRR), all of them."""

from __future__ import annotations

from typing import Any, Self, TypeAlias

import numpy as np
from attrs import define, evolve, frozen

from custvalue._columns import check_rows
from custvalue._typing import Array, ArrayLike, Bools, Ints, NDArray
from custvalue.discounting._series import FlowsLike, Given, Ordered, count, given, ordered, sign_changes
from custvalue.discounting.day_count import DayCount
from custvalue.discounting.rate import Rate, as_rate
from custvalue.errors import DataError, ParameterError
from custvalue.numerics.ragged import blocks, largest, positions, sums, to_offsets
from custvalue.numerics.roots import EPS, At, Brackets, solve
from custvalue.units import Unit

# All roots of f(δ) = Σ a e^{-δt}, however many, isolated by derivatives.
#
# e^{δτ} f(δ) has the same roots, and its derivative Σ a (τ - t) e^{-δ(t - τ)} has one change of sign less than f when τ
# lies between two flows of different sign. Between neighboring roots of the derivative, e^{δτ} f rises or falls
# throughout, and so has one root or none. Down to one change of sign, whose only root is found, and up again.

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


_RULE = "an internal rate of return must exist and be the only one"
_REMEDY = (
    "See internal_rates(flows) for what there is, leave rates out with above=Rate.zero(), or decide by present_value "
    "at a rate of your own, or by mirr."
)


@frozen(eq=False, repr=False)
class InternalRates:
    """All internal rates of return of many series: none, one or several of each.

    Attributes
    ----------
    roots : Rate
        The rates, lowest first, one series after another: those of series i are
        `roots.continuous_value[offsets[i]:offsets[i + 1]]`.
    offsets : array of int, shape (n + 1,)
    any_rate : array of bool, shape (n,)
        Where every rate is one: there is no cash flow, or they cancel at every time.
    ids : array, shape (n,), or None
        Names of the series.
    """

    roots: Rate
    offsets: Ints
    any_rate: Bools
    ids: NDArray[Any] | None = None

    @property
    def count(self) -> Ints:
        """How many rates each series has, shape (n,)."""
        return np.asarray(np.diff(self.offsets))

    @property
    def status(self) -> NDArray[np.str_]:
        """Say "one", "none", "several" or "any" of each series, shape (n,)."""
        words = np.array(["none", "one", "several"])[np.minimum(self.count, 2)]
        return np.where(self.any_rate, "any", words)

    def effective(self, unit: Unit = "year") -> Array:
        """Return the effective rate per period, shape (n,): NaN, not a number, where `status` is not "one"."""
        rates = np.full(len(self), np.nan)
        one = self.count == 1
        rates[one] = np.atleast_1d(self.roots.effective(unit))[self.offsets[:-1][one]]
        return rates

    @property
    def rate(self) -> Rate:
        """The rates, one per series.

        Raises
        ------
        DataError
            A series has none, or several.
        """
        counts = self.count.astype(np.float64)
        if len(self) == 1 and not self.count[0] == 1:
            raise DataError(f"{_RULE}; these flows have {self._found()}. {_REMEDY}")
        check_rows(self.count == 1, _RULE, _REMEDY, ids=self.ids, rates=counts)
        return self.roots

    def _found(self) -> str:
        if self.any_rate[0]:
            return "no amounts that count: they are worth 0 at any rate"
        rates = [f"{rate:.6g}" for rate in np.atleast_1d(self.roots.effective())]
        return f"{len(rates)}, effective per year {', '.join(rates)}" if rates else "none: no rate makes them worth 0"

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, i: int) -> Rate:
        """Return the rates of one series, lowest first; shape (0,) if there are none."""
        i = range(len(self))[i]
        return Rate.continuous(np.atleast_1d(self.roots.continuous_value)[self.offsets[i] : self.offsets[i + 1]])

    def __repr__(self) -> str:
        words, counts = np.unique(self.status, return_counts=True)
        tally = ", ".join(f"{word}: {n:,}" for word, n in zip(words, counts, strict=True))
        return f"internal rates of {len(self):,} series ({tally})"


def irr(
    flows: FlowsLike,
    *,
    offsets: ArrayLike | None = None,
    unit: Unit | None = None,
    above: Rate | None = None,
) -> Rate:
    """Internal rate of return: the only rate at which the flows are worth nothing.

    Parameters
    ----------
    flows : array_like, CashFlows, records or CashFlowBatch
        Plain amounts, one period apart: one series, shape (n,), a row per series, shape (series, n), or series
        of different lengths one after another, with `offsets`. Or cash flows in years from now.
    offsets : array_like of int, shape (series + 1,), optional
        Series i is `flows[offsets[i]:offsets[i + 1]]`; for plain amounts.
    unit : {"day", "week", "month", "quarter", "year"}, optional
        How far plain amounts are apart; a year if not given.
    above : Rate, optional
        Leave rates at or below this one out of consideration, such as `Rate.zero()`.

    Returns
    -------
    Rate
        One, or one per series; read it with `.effective("year")` or per any other period.

    Raises
    ------
    DataError
        A series has no such rate, or several: the message says which, and how to see them. The flows are dated.
    ParameterError
        `offsets` or `unit` is given with cash flows that have times of their own.

    Notes
    -----
    Timing: where time begins does not matter to a rate of return, only how far flows are apart. All rates above
    -100 % count: -100, 60, 60, -5 has two, 10.3 % and -92 %. Series of which some have none or several, and all of
    their rates: `internal_rates`.

    Examples
    --------
    >>> print(f"{irr([-70000, 12000, 15000, 18000, 21000, 26000]).effective():.5%}")  # Excel's IRR
    8.66309%
    """
    rows = given(flows, offsets=offsets, unit=unit)
    if rows.dated:
        raise DataError("irr is for flows in years from now, or for plain amounts; these are dated: use xirr")
    return _found(rows, above).rate


def xirr(flows: FlowsLike, *, day_count: DayCount = "act/365", above: Rate | None = None) -> Rate:
    """Internal rate of return of dated flows: the only rate at which they are worth nothing.

    Parameters
    ----------
    flows : CashFlows, records or CashFlowBatch
        Dated.
    day_count : str
        How days become years, from the first flow of each series on; see `years_between`. The default,
        "act/365", is that of Excel's XIRR.
    above : Rate, optional
        As for `irr`.

    Returns
    -------
    Rate
        One, or one per series.

    Raises
    ------
    DataError
        A series has no such rate, or several; or the flows are not dated.

    Examples
    --------
    >>> from custvalue.records.cash_flow import CashFlows
    >>> days = ["2008-01-01", "2008-03-01", "2008-10-30", "2009-02-15", "2009-04-01"]
    >>> print(f"{xirr(CashFlows([-10000, 2750, 4250, 3250, 2750], days)).effective():.6%}")  # Excel's XIRR
    37.336253%
    """
    rows = given(flows, day_count=day_count)
    if not rows.dated and len(rows.series.amounts):
        raise DataError("xirr is for dated flows; these are not: use irr")
    return _found(rows, above).rate


def internal_rates(
    flows: FlowsLike,
    *,
    offsets: ArrayLike | None = None,
    unit: Unit | None = None,
    day_count: DayCount = "act/365",
    above: Rate | None = None,
) -> InternalRates:
    """All rates at which each series is worth nothing, with a status per series: one, none, several, any.

    Parameters
    ----------
    flows, offsets, period, day_count, above
        As for `irr` and `xirr`; one series or many, dated or not.

    Examples
    --------
    >>> found = internal_rates([-100, 60, 60, -100, 230, -132, -5, -5], offsets=[0, 3, 6, 8])
    >>> found
    internal rates of 3 series (none: 1, one: 1, several: 1)
    >>> found.effective().round(4)
    array([0.1307,    nan,    nan])
    >>> found[1].effective().round(4)
    array([0.1, 0.2])
    """
    return _found(given(flows, offsets=offsets, unit=unit, day_count=day_count), above)


def _found(rows: Given, above: Rate | None) -> InternalRates:
    series = rows.series
    roots, counts, free = [np.zeros(0)], [np.zeros(0, dtype=np.intp)], [np.zeros(0, dtype=bool)]
    for block in blocks(series.offsets):
        offsets = series.offsets[block.start : block.stop + 1]
        amounts = series.amounts[offsets[0] : offsets[-1]]
        found, ends, any_rate = all_roots(series.years(block), amounts, offsets - offsets[0])
        if above is not None:
            found, ends = _above(found, ends, as_rate(above))
        roots.append(found)
        counts.append(np.diff(ends))
        free.append(any_rate)
    forces = np.concatenate(roots)
    rate = Rate.continuous(forces[0] if rows.single and len(forces) == 1 else forces)
    return InternalRates(rate, to_offsets(np.concatenate(counts)), np.concatenate(free), rows.ids)


def _above(roots: Array, offsets: Ints, rate: Rate) -> tuple[Array, Ints]:
    if np.ndim(rate.continuous_value):
        raise ParameterError("above must be one rate, not an array of rates")
    keep = roots > rate.continuous_value
    return roots[keep], np.concatenate(([0], np.cumsum(keep)))[offsets]


# All rates at which series of cash flows are worth nothing.
#
# How many there are: Σ a e^{-δt} has at most as many roots as the amounts, in order of time, change sign, and one if
# they change it once (Descartes; Laguerre 1883 for any times). Positive roots are bounded in the same way by the sums
# accumulated from the first flow on, negative ones by those from the last flow back (Norstrom 1972), and where these
# change sign at most once they decide. What neither decides is isolated by derivatives.

LARGE = 1e100

Found: TypeAlias = tuple[Ints, Array]
"""Which series, and a root of it, as a force per unit of time."""


def all_roots(times: Array, amounts: Array, offsets: Ints) -> tuple[Array, Ints, Bools]:
    """Roots in rising order, one series after another; their offsets; which series are worth nothing at any rate."""
    flows = ordered(times, amounts, offsets)
    changes = count(sign_changes(flows), flows.offsets)
    found = _in_logarithms(flows, changes) if _extreme(flows.amounts) else _by_changes(flows, changes)
    rows = np.concatenate([rows for rows, _ in found])
    roots = np.concatenate([roots for _, roots in found])
    order = np.lexsort((roots, rows))
    return roots[order], to_offsets(np.bincount(rows, minlength=len(flows))), flows.counts == 0


def _extreme(amounts: Array) -> bool:
    """Whether sums of products may leave the range of floats."""
    sizes = np.abs(amounts)
    return bool(sizes.max(initial=1.0) > LARGE or sizes.min(initial=1.0) < 1 / LARGE)


def _in_logarithms(flows: Ordered, changes: Ints) -> list[Found]:
    some = np.flatnonzero(changes > 0)
    if not len(some):
        return [(some, np.zeros(0))]
    rows, roots = several(flows.select(some))
    return [(some[rows], roots)]


def _by_changes(flows: Ordered, changes: Ints) -> list[Found]:
    single, more = np.flatnonzero(changes == 1), np.flatnonzero(changes > 1)
    found = [(single, _one_change(flows.select(single)))]
    if len(more):
        found += [(more[rows], roots) for rows, roots in _more_changes(flows.select(more))]
    return found


def _one_change(flows: Ordered) -> Array:
    """The only root of each series whose sign changes once."""
    n = len(flows)
    nowhere = np.full(n, np.inf)
    brackets = Brackets(-nowhere, nowhere, np.zeros(n), np.ones(n, dtype=bool), _spans(flows))
    return solve(Balance.of(flows), brackets)


def _spans(flows: Ordered) -> Array:
    return np.asarray(flows.times[flows.offsets[1:] - 1] - flows.times[flows.offsets[:-1]])


def _more_changes(flows: Ordered) -> list[Found]:
    ahead, back, decided = _accumulated_changes(flows)
    rest = np.flatnonzero(~decided)
    found = [
        _one_side(flows, np.flatnonzero(decided & (changes == 1)), side) for changes, side in ((ahead, 1), (back, -1))
    ]
    if len(rest):
        rows, roots = several(flows.select(rest))
        found.append((rest[rows], roots))
    return found


def _accumulated_changes(flows: Ordered) -> tuple[Ints, Ints, Bools]:
    """Sign changes of the sums from the first flow on and from the last back; whether they decide."""
    starts, counts = flows.offsets[:-1], flows.counts
    running = np.cumsum(flows.amounts)
    before = np.repeat(running[starts] - flows.amounts[starts], counts)
    total = np.repeat(running[flows.offsets[1:] - 1], counts)
    ahead, back = running - before, total - running + flows.amounts
    noise = len(running) * EPS * np.abs(running).max()
    clear = largest(-np.minimum(np.abs(ahead), np.abs(back)), flows.offsets) < -noise
    changes = [count(sign_changes(Ordered(flows.times, sums, flows.offsets)), flows.offsets) for sums in (ahead, back)]
    return changes[0], changes[1], clear & (changes[0] <= 1) & (changes[1] <= 1)


def _one_side(flows: Ordered, rows: Ints, side: int) -> Found:
    """The only positive (side 1) or negative (side -1) root of each of some series."""
    chosen = flows.select(rows)
    n = len(rows)
    if not n:
        return rows, np.zeros(0)
    end, zero = np.full(n, np.inf), np.zeros(n)
    if side > 0:
        return rows, solve(Balance.of(chosen), Brackets(zero, end, zero, np.ones(n, dtype=bool), _spans(chosen)))
    first, last = chosen.amounts[chosen.offsets[:-1]], chosen.amounts[chosen.offsets[1:] - 1]
    return rows, solve(Balance.of(chosen), Brackets(-end, zero, zero, (first > 0) != (last > 0), _spans(chosen)))


# The equation that an internal rate solves: flows of one sign are worth as much as those of the other.
#
# f(δ) = Σ a e^{-δt} is zero where h(δ) = log Σ₊ |a| e^{-δt} - log Σ₋ |a| e^{-δt} is. h is nearly straight, has neither
# overflow nor cancellation, and its slope is the difference of the two groups' durations.

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
