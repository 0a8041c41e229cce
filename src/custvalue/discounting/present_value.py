"""Present value: what cash flows at their own times are worth at one time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

import numpy as np

from custvalue._arguments import number
from custvalue._columns import check_rows, numbers
from custvalue._typing import Array, ArrayLike
from custvalue.discounting._series import (
    DatesLike,
    FlowsLike,
    clock,
    dates,
    discounted,
    given,
    periodic,
    scenarios,
    valued,
)
from custvalue.discounting.cash_flow_batch import CashFlowBatch, as_batch
from custvalue.discounting.day_count import DayCount, years_between
from custvalue.discounting.rate import Discounting, Rate, as_discounting
from custvalue.errors import DataError, ParameterError
from custvalue.numerics.ragged import exponential_sums, largest
from custvalue.records.cash_flow import CashFlow, CashFlows, HasCashFlows
from custvalue.units import Unit

Flows: TypeAlias = CashFlows | HasCashFlows | Iterable[CashFlow] | CashFlowBatch
"""The cash flows of one (columns, a customer, a relationship, records), or a batch of many."""


def present_value(
    rate: Discounting,
    flows: Flows,
    *,
    as_of: DatesLike | None = None,
    day_count: DayCount = "act/365",
) -> Array:
    """Present value: the sum of all flows, each discounted from its own time to `as_of`.

    Parameters
    ----------
    rate : Rate or YieldCurve
        One rate or curve; or an array of rates: one per flow (shape (n,)), for a batch one per series
        (shape (n,)), or k scenarios (shape (k, 1) or (k, n)).
    flows : CashFlows, Customer, Relationship, iterable of CashFlow, or CashFlowBatch
        Dated throughout, or in years from now throughout.
    as_of : date, datetime, numpy.datetime64 or ISO string; for a batch also one per series
        The day of the value: required for dated flows. Flows in years from now are valued now, without
        `as_of`.
    day_count : str
        How dates become years; see `years_between`. The default, "act/365", is that of Excel's XNPV.

    Returns
    -------
    float64, shape () or (k,); of a batch (n,) or (k, n)
        Σ amount · exp(-δ t). No flows: 0. Infinite only where the value is above the largest float.

    Raises
    ------
    ParameterError
        The rate is a bare number or has another shape; `as_of` is missing or does not belong to the flows.
    DataError
        Dated flows and flows in years from now are mixed.

    Notes
    -----
    Timing: each flow counts at the time in the data, none is moved to a period's beginning or end. Dated
    flows lie t = days / 365 years from `as_of` (act/365, as in Excel's XNPV). Flows before `as_of` count
    too, with interest: their factor exp(-δ t) is above 1 when the rate is positive. For the value of what
    is still to come, leave the past out.

    Examples
    --------
    >>> flows = CashFlows([-100, 60, 60], [0, 1, 2])
    >>> print(f"{present_value(Rate.annual(0.10), flows):.4f}")
    4.1322
    >>> dated = CashFlows([30, 45], ["2024-01-05", "2024-08-02"])
    >>> print(f"{present_value(Rate.annual(0.10), dated, as_of='2024-12-31'):.4f}")
    79.7753
    >>> batch = CashFlowBatch.periodic([[-100, 60, 60], [-50, 40, 40]], timing="now", unit="year")
    >>> present_value(Rate.annual(0.10), batch).round(4)
    array([ 4.1322, 19.4215])
    """
    batch = as_batch(flows)
    return valued(as_discounting(rate), clock(batch, as_of, day_count), single=batch is not flows)


def future_value(
    rate: Discounting,
    flows: Flows,
    *,
    at: DatesLike | ArrayLike,
    as_of: DatesLike | None = None,
    day_count: DayCount = "act/365",
) -> Array:
    """Future value: the sum of all flows, each carried from its own time to `at`.

    Parameters
    ----------
    rate, flows, day_count
        As for `present_value`.
    at : float, or a date; for a batch also one per series
        Years from now, or the day, by which they have grown. Flows after it are discounted to it.
    as_of : date, optional
        For dated flows and a curve: the day from which the curve counts. A `Rate` does not need it.

    Returns
    -------
    float64, shape () or (k,); of a batch (n,) or (k, n)
        Σ amount · exp(δ (at - t)); with a curve Σ amount · D(t) / D(at).

    Raises
    ------
    ParameterError
        As for `present_value`; `at` is no date where the flows are dated, or no number where not.

    Examples
    --------
    >>> print(f"{future_value(Rate.annual(0.10), CashFlows([100, 100], [0, 1]), at=2):.2f}")
    231.00
    """
    batch, discounting = as_batch(flows), as_discounting(rate)
    if not batch.flows.dated:
        end = _finite_years(at, len(batch))
        return valued(discounting, clock(batch, as_of, day_count), single=batch is not flows, at=end)
    day = dates("at", at, len(batch), "Dated flows grow until a date, such as at='2025-12-31'.")
    if as_of is None and not isinstance(discounting, Rate):
        raise ParameterError("with a curve, dated flows need as_of, the day from which the curve counts")
    ticks = clock(batch, at if as_of is None else as_of, day_count)
    assert ticks.origin is not None  # noqa: S101 (the flows are dated)
    return valued(discounting, ticks, single=batch is not flows, at=years_between(ticks.origin, day, ticks.day_count))


def net_present_value(
    rate: Discounting,
    amounts: ArrayLike,
    *,
    timing: Literal["now", "next", "middle"],
    unit: Unit,
    outlay: ArrayLike = 0.0,
    offsets: ArrayLike | None = None,
) -> Array:
    """Net present value of equally spaced amounts, less an outlay now.

    Parameters
    ----------
    rate : Rate or YieldCurve
        An array of rates has one per series, or is k scenarios of shape (k, 1) or (k, n).
    amounts : array_like
        One period apart; inflows positive. One series, shape (n,); a row per series, shape (series, n); or,
        with `offsets`, series of different lengths one after another, shape (flows,).
    timing : {"now", "next", "middle"}
        When the first amount falls: now (as numpy-financial's npv), one period from now (as Excel's NPV), or
        half a period from now.
    unit : {"day", "week", "month", "quarter", "year"}
        How far amounts are apart.
    outlay : array_like
        Spent now, a positive number, in addition to the amounts; one for all or one per series.
    offsets : array_like of int, shape (series + 1,), optional
        Series i is `amounts[offsets[i]:offsets[i + 1]]`, as in an Arrow list array.

    Returns
    -------
    float64, shape () or (k,); of several series (series,) or (k, series)

    Raises
    ------
    ParameterError
        The rate is a bare number or has another shape, or `timing` or `unit` is unknown.
    DataError
        An amount is not finite, or the offsets do not rise from 0 to the number of amounts.

    Examples
    --------
    >>> rate = Rate.annual(0.10)
    >>> print(f"{net_present_value(rate, [-10000, 3000, 4200, 6800], timing='next', unit='year'):.2f}")
    1188.44
    >>> net_present_value(rate, [-100, 60, 60, -50, 80], timing="now", unit="year", offsets=[0, 3, 5]).round(4)
    array([ 4.1322, 22.7273])
    """
    series, spent = periodic(amounts, offsets, timing=timing, unit=unit), numbers("outlay", outlay)
    if not np.isfinite(spent).all():
        raise DataError("outlay must be finite; write 0 where nothing is spent")
    values = valued(as_discounting(rate), series, single=False)
    single = offsets is None and np.ndim(amounts) == 1
    return np.asarray((values[..., 0] if single else values) - spent)[()]


def profitability_index(
    rate: Discounting,
    flows: FlowsLike,
    *,
    offsets: ArrayLike | None = None,
    unit: Unit | None = None,
    day_count: DayCount = "act/365",
) -> Array:
    """Profitability index: present value of later flows per unit invested; above 1 where the net present value is > 0.

    Parameters
    ----------
    rate : Rate or YieldCurve
        One for all series, one per series (shape (n,)), or k scenarios (shape (k, 1) or (k, n)).
    flows, offsets, unit, day_count
        As for `internal_rates`: plain amounts one period apart, or cash flows with times. The flows at the
        first time of a series are the investment, all later ones what follows. A curve counts from now, for
        dated flows and plain amounts from the first flow.

    Returns
    -------
    float64, shape () or (k,); of many series (n,) or (k, n)
        PV of later flows / investment = 1 + NPV / investment.

    Raises
    ------
    DataError
        A series does not begin with a payment (a negative amount).

    Examples
    --------
    >>> print(f"{profitability_index(Rate.annual(0.10), [-100, 60, 60], unit='year'):.4f}")
    1.0413
    """
    rows, discounting = given(flows, offsets=offsets, unit=unit, day_count=day_count), as_discounting(rate)
    out = np.empty((*scenarios(discounting, rows.series, single=False), len(rows)))
    invested = np.empty_like(out)
    for block in discounted(discounting, rows.series, single=False):
        first = np.repeat(-largest(-block.years, block.offsets), np.diff(block.offsets))
        begins = block.years == first
        invested[..., block.rows] = -exponential_sums(block.amounts * begins, block.log_factors, block.offsets)
        out[..., block.rows] = exponential_sums(block.amounts * ~begins, block.log_factors, block.offsets)
    check_rows(
        invested > 0,
        "a series must begin with a payment, a negative amount, to have a profitability index",
        "Leave these series out, or divide the present values of your own choice of flows.",
        ids=rows.ids,
        present_value_at_first=-invested,
    )
    out = out / invested
    return out[..., 0][()] if rows.single else out


def _finite_years(at: DatesLike | ArrayLike, n: int) -> Array:
    try:
        years = number("at", at)  # type: ignore[arg-type]
    except ParameterError:
        raise ParameterError(f"at must be a number of years from now, as the flows are; got {at!r}") from None
    if not np.isfinite(years).all() or years.shape not in {(), (n,)}:
        raise ParameterError(f"at must be a finite number of years, or one per series, shape ({n},); got {at!r}")
    return years
