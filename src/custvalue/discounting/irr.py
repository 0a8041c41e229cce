"""Internal rates of return (IRR, XIRR): all rates at which the net present value is zero.

With x the force of interest these are the real roots of Σ amount · e^{-x t}, found by `numerics.exponential_roots`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from attrs import frozen

from custvalue._arguments import only
from custvalue._columns import check_rows
from custvalue._typing import Array, ArrayLike, Bools, Ints, NDArray
from custvalue.discounting._series import FlowsLike, Given, given, has_times
from custvalue.discounting.day_count import DayCount
from custvalue.discounting.rate import Rate, as_rate
from custvalue.errors import DataError
from custvalue.numerics.exponential_roots import all_roots
from custvalue.numerics.ragged import blocks, to_offsets
from custvalue.units import Unit

_RULE: Final = "an internal rate of return must exist and be the only one"
_REMEDY: Final = (
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
    """Internal rate of return: the only rate at which the net present value is zero.

    Parameters
    ----------
    flows : array_like, CashFlows, records or CashFlowBatch
        Plain amounts, one period apart: one series, shape (n,), a row per series, shape (series, n), or series
        of different lengths one after another, with `offsets`. Or cash flows in years from now.
    offsets : array_like of int, shape (series + 1,), optional
        Series i is `flows[offsets[i]:offsets[i + 1]]`; for plain amounts.
    unit : {"day", "week", "month", "quarter", "year"}
        How far plain amounts are apart; required for them, and for them alone.
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
        `unit` is missing for plain amounts; or it, or `offsets`, is given with cash flows that have times of their own.

    Notes
    -----
    Timing: where time begins does not matter to a rate of return, only how far flows are apart. All rates above
    -100 % count: -100, 60, 60, -5 has two, 10.3 % and -92 %. Series of which some have none or several, and all of
    their rates: `internal_rates`.

    Examples
    --------
    >>> rate = irr([-70000, 12000, 15000, 18000, 21000, 26000], unit="year")
    >>> print(f"{rate.effective():.5%}")  # Excel's IRR
    8.66309%
    """
    rows = given(flows, offsets=offsets, unit=unit)
    if rows.dated:
        raise DataError("irr is for flows in years from now, or for plain amounts; these are dated: use xirr")
    return _found(rows, above).rate


def xirr(flows: FlowsLike, *, day_count: DayCount = "act/365", above: Rate | None = None) -> Rate:
    """Internal rate of return of dated flows: the only rate at which their net present value is zero.

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
    rows = given(flows, day_count=day_count) if has_times(flows, empty=True) else None
    if rows is None or (len(rows.series.amounts) and not rows.dated):
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
    """All internal rates of return of each series, with a status per series: one, none, several, any.

    Parameters
    ----------
    flows, offsets, unit, day_count, above
        As for `irr` and `xirr`; one series or many, dated or not.

    Examples
    --------
    >>> found = internal_rates([-100, 60, 60, -100, 230, -132, -5, -5], offsets=[0, 3, 6, 8], unit="year")
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
    keep = roots > only("above", np.asarray(rate.continuous_value))
    return roots[keep], np.concatenate(([0], np.cumsum(keep)))[offsets]
