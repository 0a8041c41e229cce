"""What an investment is like: duration, convexity, profitability index."""

from __future__ import annotations

import numpy as np

from custvalue._columns import check_rows
from custvalue._typing import Array, ArrayLike
from custvalue.discounting._factors import Discounting, as_discounting, discounted_sums, relative_worth
from custvalue.discounting._series import DatesLike, FlowsLike, clock, discounted, given, scenarios
from custvalue.discounting.cash_flow_batch import as_batch
from custvalue.discounting.day_count import DayCount
from custvalue.discounting.present_value import Flows
from custvalue.numerics.ragged import largest, sums
from custvalue.units import Unit


def duration(
    rate: Discounting, flows: Flows, *, as_of: DatesLike | None = None, day_count: DayCount = "act/365"
) -> Array:
    """Mean time of the flows in years, each weighted with its present value (Macaulay 1938).

    Also how sensitive the value is: -d log PV / dδ, δ the force of interest; with a curve, of a parallel shift
    of its continuously compounded rates. Per change of the effective rate per year it is duration / (1 + rate).

    Parameters
    ----------
    rate, flows, as_of, day_count
        As for `present_value`, whose timing holds.

    Returns
    -------
    float64, shape () or (k,); of a batch (n,) or (k, n)
        Σ t · PV of the flow / Σ PV of the flow, in years.

    Raises
    ------
    DataError
        A present value is 0, so that there are no weights.

    Examples
    --------
    >>> from custvalue.discounting.rate import Rate
    >>> from custvalue.records.cash_flow import CashFlows
    >>> print(f"{duration(Rate.annual(0.05), CashFlows([5, 5, 105], [1, 2, 3])):.5f}")
    2.85941
    """
    return _moment(rate, flows, as_of, day_count, power=1)


def convexity(
    rate: Discounting, flows: Flows, *, as_of: DatesLike | None = None, day_count: DayCount = "act/365"
) -> Array:
    """Mean squared time of the flows in years², each weighted with its present value: d²PV/dδ² / PV.

    Parameters, shapes and errors are those of `duration`. A shift of the force of interest by h changes the
    value by about -duration · h + convexity · h² / 2, as a share of it.

    Examples
    --------
    >>> from custvalue.discounting.rate import Rate
    >>> from custvalue.records.cash_flow import CashFlows
    >>> print(f"{convexity(Rate.annual(0.05), CashFlows([5, 5, 105], [1, 2, 3])):.5f}")
    8.39229
    """
    return _moment(rate, flows, as_of, day_count, power=2)


def _moment(rate: Discounting, flows: Flows, as_of: DatesLike | None, day_count: DayCount, *, power: int) -> Array:
    batch, discounting = as_batch(flows), as_discounting(rate)
    series, single = clock(batch, as_of, day_count), batch is not flows
    out = np.empty((*scenarios(discounting, series, single=single), len(batch)))
    value = np.empty_like(out)
    for block in discounted(discounting, series, single=single):
        worth = relative_worth(block.amounts, block.log_factors, block.offsets)
        value[..., block.rows] = sums(worth, block.offsets)
        out[..., block.rows] = sums(worth * block.years**power, block.offsets)
    check_rows(
        value != 0,
        "a duration needs a present value that is not 0",
        "Leave these series out, or take receipts and payments apart.",
        ids=batch.ids,
        present_value=value,
    )
    out = out / value
    return out[..., 0][()] if single else out


def profitability_index(
    rate: Discounting,
    flows: FlowsLike,
    *,
    offsets: ArrayLike | None = None,
    unit: Unit | None = None,
    day_count: DayCount = "act/365",
) -> Array:
    """Present value of what follows the investment, per unit of it: above 1 where the net present value is positive.

    Parameters
    ----------
    rate : Rate or YieldCurve
        One for all series, one per series (shape (n,)), or k scenarios (shape (k, 1) or (k, n)).
    flows, offsets, period, day_count
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
    >>> from custvalue.discounting.rate import Rate
    >>> print(f"{profitability_index(Rate.annual(0.10), [-100, 60, 60]):.4f}")
    1.0413
    """
    rows, discounting = given(flows, offsets=offsets, unit=unit, day_count=day_count), as_discounting(rate)
    out = np.empty((*scenarios(discounting, rows.series, single=False), len(rows)))
    invested = np.empty_like(out)
    for block in discounted(discounting, rows.series, single=False):
        first = np.repeat(-largest(-block.years, block.offsets), np.diff(block.offsets))
        begins = block.years == first
        invested[..., block.rows] = -discounted_sums(block.amounts * begins, block.log_factors, block.offsets)
        out[..., block.rows] = discounted_sums(block.amounts * ~begins, block.log_factors, block.offsets)
    check_rows(
        invested > 0,
        "a series must begin with a payment, a negative amount, to have a profitability index",
        "Leave these series out, or divide the present values of your own choice of flows.",
        ids=rows.ids,
        present_value_at_first=-invested,
    )
    out = out / invested
    return out[..., 0][()] if rows.single else out
