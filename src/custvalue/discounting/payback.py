"""Payback, discounted payback and break-even time: when receipts have made up for payments."""

from __future__ import annotations

import numpy as np
from attrs import define

from custvalue._typing import Array, ArrayLike, Ints
from custvalue.discounting._series import FlowsLike, Given, discounted, given, scenarios
from custvalue.discounting.day_count import DayCount
from custvalue.discounting.rate import Discounting, Rate, as_discounting
from custvalue.errors import ParameterError
from custvalue.numerics.ragged import ordered, relative_terms
from custvalue.units import Unit

EPS = 2.0**-52


def payback(
    flows: FlowsLike,
    *,
    interpolate: bool = False,
    offsets: ArrayLike | None = None,
    unit: Unit | None = None,
    day_count: DayCount = "act/365",
) -> Array:
    """Payback period: years from the first flow until the cumulative cash flow is first >= 0; inf where it never is.

    Parameters
    ----------
    flows, offsets, unit, day_count
        As for `internal_rates`: plain amounts one period apart, or cash flows with times, of one or many.
    interpolate : bool
        False (the default): each flow counts at its own time, so that payback is the time of a flow. True: a
        flow comes in evenly since the one before, as in many textbooks.

    Returns
    -------
    float64, shape () or (n,)
        In years from the first flow that is not 0; 0 where no payment comes first. Later losses do not matter: see
        `break_even_time`.

    Examples
    --------
    >>> flows = [-100, 40, 40, 40]
    >>> print(payback(flows, unit="year"), payback(flows, interpolate=True, unit="year"))
    3.0 2.5
    """
    rows = given(flows, offsets=offsets, unit=unit, day_count=day_count)
    return _times(Rate.zero(), rows, interpolate=interpolate, lasting=False)


def discounted_payback(
    rate: Discounting,
    flows: FlowsLike,
    *,
    interpolate: bool = False,
    offsets: ArrayLike | None = None,
    unit: Unit | None = None,
    day_count: DayCount = "act/365",
) -> Array:
    """Discounted payback period: years until the cumulative present value is first >= 0; inf where it never is.

    Parameters
    ----------
    rate : Rate or YieldCurve
        One for all series, or one per series, shape (n,). A curve counts from now; for dated flows and plain
        amounts, from the first flow.
    flows, interpolate, offsets, unit, day_count
        As for `payback`.

    Examples
    --------
    >>> print(discounted_payback(Rate.annual(0.10), [-100, 40, 40, 40, 40], unit="year"))
    4.0
    """
    rows = given(flows, offsets=offsets, unit=unit, day_count=day_count)
    return _times(as_discounting(rate), rows, interpolate=interpolate, lasting=False)


def break_even_time(
    rate: Discounting,
    flows: FlowsLike,
    *,
    interpolate: bool = False,
    offsets: ArrayLike | None = None,
    unit: Unit | None = None,
    day_count: DayCount = "act/365",
) -> Array:
    """Break-even time: years until the cumulative present value is >= 0 for good; inf where it never is.

    The break-even time of House & Price (1991), "The return map", Harvard Business Review 69(1). It differs from
    `discounted_payback`, whose parameters it shares, where later losses, such as the cost of winning a
    customer back, take the cumulative value below 0 again.

    Examples
    --------
    >>> flows = [-100, 120, -60, 50, 50]
    >>> zero = Rate.zero()
    >>> print(discounted_payback(zero, flows, unit="year"), break_even_time(zero, flows, unit="year"))
    1.0 3.0
    """
    rows = given(flows, offsets=offsets, unit=unit, day_count=day_count)
    return _times(as_discounting(rate), rows, interpolate=interpolate, lasting=True)


def _times(rate: Discounting, rows: Given, *, interpolate: bool, lasting: bool) -> Array:
    if scenarios(rate, rows.series, single=False):
        raise ParameterError("a time of payback takes one rate, or one per series; go through scenarios one by one")
    out = np.empty(len(rows))
    for block in discounted(rate, rows.series, single=False):
        worth = relative_terms(block.amounts, block.log_factors, block.offsets)
        out[block.rows] = _walk(block.years, worth, block.offsets, interpolate=interpolate, lasting=lasting)
    return out[0][()] if rows.single else out


@define(eq=False)
class _State:
    """Series on their way through their flows: the sum so far, sizes so far, the last time, when it was made up."""

    total: Array
    size: Array
    time: Array
    reached: Array


def _walk(years: Array, worth: Array, offsets: Ints, *, interpolate: bool, lasting: bool) -> Array:
    """Go through all series at once, one flow of each at a time: sums of one series do not blur another's."""
    flows = ordered(years, worth, offsets)
    n, counts = len(flows), flows.counts
    state = _State(np.zeros(n), np.zeros(n), np.zeros(n), np.where(counts == 0, 0.0, np.inf))
    for k in range(counts.max(initial=0)):
        rows = np.flatnonzero(counts > k)
        here = flows.offsets[rows] + k
        since = flows.times[here] - flows.times[flows.offsets[rows]]
        _advance(state, rows, since, flows.amounts[here], interpolate=interpolate, lasting=lasting)
    return state.reached


def _advance(state: _State, rows: Ints, since: Array, amount: Array, *, interpolate: bool, lasting: bool) -> None:
    before, total = state.total[rows], state.total[rows] + amount
    size = state.size[rows] + np.abs(amount)
    covered = total >= -8 * EPS * size  # what rounding alone leaves below 0
    pending = np.isinf(state.reached[rows])
    time = since
    if interpolate:
        share = np.clip(np.divide(-before, amount, out=np.ones_like(amount), where=amount > 0), 0.0, 1.0)
        time = state.time[rows] + (since - state.time[rows]) * share
    reached = np.where(covered & pending, time, state.reached[rows])
    state.reached[rows] = np.where(covered, reached, np.inf) if lasting else reached
    state.total[rows], state.size[rows], state.time[rows] = total, size, since
