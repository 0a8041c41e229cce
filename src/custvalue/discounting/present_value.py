"""Present value: what cash flows at their own times are worth at one time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from custvalue._columns import days_since_epoch, is_dated
from custvalue._typing import Array
from custvalue.discounting.rate import Rate, as_rate
from custvalue.errors import ParameterError
from custvalue.records.cashflow import CashFlow, CashFlows, HasCashFlows, as_cash_flows
from custvalue.records.moment import DateLike

DAYS_PER_YEAR_ACT_365 = 365.0
"""Days in a year of dated cash flows, leap year or not: the convention act/365 (fixed)."""


def present_value(
    rate: Rate,
    flows: CashFlows | HasCashFlows | Iterable[CashFlow],
    *,
    as_of: DateLike | None = None,
) -> Array:
    """Sum of all flows, each carried from its own time to `as_of` at the rate.

    Parameters
    ----------
    rate : Rate
        One rate, one per flow (shape (n,)), or k scenarios (shape (k, 1) or (k, n)).
    flows : CashFlows, Customer, Relationship or iterable of CashFlow
        Dated throughout, or in years from now throughout.
    as_of : date, datetime, numpy.datetime64 or ISO string
        The day of the value: required for dated flows. Flows in years from now are valued now, without
        `as_of`.

    Returns
    -------
    float64, shape () or (k,)
        Σ amount · exp(-δ t). No flows: 0.

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
    """
    columns = as_cash_flows(flows)
    factors = _per_flow(as_rate(rate), len(columns)).discount(_years(columns, as_of))
    total: Array = (columns.amounts * factors).sum(axis=-1)
    return total


def _years(flows: CashFlows, as_of: DateLike | None) -> Array:
    """Years from `as_of` to each flow; negative for flows before it."""
    if as_of is not None and not is_dated(as_of):
        raise ParameterError(
            f"as_of must be a date; got {as_of!r}. Flows in years from now are valued now: leave as_of out."
        )
    if flows.dated and as_of is None:
        raise ParameterError("dated flows need as_of, the day of the value, such as as_of='2024-12-31'")
    if as_of is None or not len(flows):
        return flows.times
    if not flows.dated:
        raise ParameterError("as_of is for dated flows; these are in years from now: leave as_of out")
    return (flows.times - days_since_epoch(as_of)) / DAYS_PER_YEAR_ACT_365


def _per_flow(rate: Rate, n: int) -> Rate:
    """Return the rate if it is one for all flows, one per flow, or rows of these."""
    shape = np.shape(rate.continuous_value)
    if shape and shape[-1] not in {1, n}:
        raise ParameterError(
            f"an array of rates must have one rate per flow, shape ({n},), or scenarios of shape (k, 1) or "
            f"(k, {n}); got shape {shape}"
        )
    return rate
