"""Modified internal rate of return (MIRR): exactly one, whatever the flows."""

from __future__ import annotations

import numpy as np

from custvalue._columns import check_rows
from custvalue._typing import Array, ArrayLike
from custvalue.discounting._series import FlowsLike, Given, discounted, given, scenarios
from custvalue.discounting.day_count import DayCount
from custvalue.discounting.rate import Rate, as_rate
from custvalue.errors import ParameterError
from custvalue.numerics.ragged import largest, log_exponential_sums
from custvalue.units import Unit


def mirr(
    flows: FlowsLike,
    *,
    finance: Rate,
    reinvest: Rate,
    offsets: ArrayLike | None = None,
    unit: Unit | None = None,
    day_count: DayCount = "act/365",
) -> Rate:
    """Modified internal rate of return: payments are financed, receipts reinvested until the last flow.

    The rate at which the present value of the payments, at the rate of finance and at the first flow, grows to the
    future value of the receipts, at the rate of reinvestment and at the last flow. There is always exactly one.

    Parameters
    ----------
    flows, offsets, unit, day_count
        As for `internal_rates`.
    finance, reinvest : Rate
        One for all series, or one per series.

    Returns
    -------
    Rate
        One, or one per series.

    Raises
    ------
    DataError
        A series has no payment, no receipt, or all of it falls at one time.

    Examples
    --------
    >>> flows = [-120000, 39000, 30000, 21000, 37000, 46000]
    >>> rate = mirr(flows, finance=Rate.annual(0.10), reinvest=Rate.annual(0.12), unit="year")
    >>> print(f"{rate.effective():.6%}")  # Excel's MIRR
    12.609413%
    """
    rows = given(flows, offsets=offsets, unit=unit, day_count=day_count)
    first, last, paid = _log_values(as_rate(finance), rows, sign=-1)
    _, _, received = _log_values(as_rate(reinvest), rows, sign=1)
    with np.errstate(under="ignore"):
        shown = {"paid": np.exp(np.minimum(paid, 700.0)), "received": np.exp(np.minimum(received, 700.0))}
    check_rows(
        np.isfinite(paid) & np.isfinite(received) & (last > first),
        "mirr needs a payment and a receipt, at different times",
        "Leave these series out.",
        ids=rows.ids,
        **shown,
    )
    start, end = np.asarray(finance.continuous_value) * first, np.asarray(reinvest.continuous_value) * last
    force = (received + end - paid - start) / (last - first)
    return Rate.continuous(force[0] if rows.single else force)


def _log_values(rate: Rate, rows: Given, *, sign: int) -> tuple[Array, Array, Array]:
    """First and last time of each series, and the logarithm of the present value of its flows of one sign."""
    out = np.empty((3, len(rows)))
    if scenarios(rate, rows.series, single=False):
        raise ParameterError("rates of finance and of reinvestment must be one for all series, or one per series")
    for block in discounted(rate, rows.series, single=False):
        amounts = np.maximum(sign * block.amounts, 0.0)
        out[:, block.rows] = (
            -largest(-block.years, block.offsets),
            largest(block.years, block.offsets),
            log_exponential_sums(amounts, block.log_factors, block.offsets),
        )
    return out[0], out[1], out[2]
