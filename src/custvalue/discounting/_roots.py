"""All rates at which series of cash flows are worth nothing.

How many there are: Σ a e^{-δt} has at most as many roots as the amounts, in order of time, change sign, and one if
they change it once (Descartes; Laguerre 1883 for any times). Positive roots are bounded in the same way by the sums
accumulated from the first flow on, negative ones by those from the last flow back (Norstrom 1972), and where these
change sign at most once they decide. What neither decides is isolated by derivatives (`_several`).
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from custvalue._typing import Array, Bools, Ints
from custvalue.discounting._balance import Balance
from custvalue.discounting._ordered import Ordered, count, ordered, sign_changes
from custvalue.discounting._several import several
from custvalue.numerics.ragged import largest, to_offsets
from custvalue.numerics.roots import EPS, Brackets, solve

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
