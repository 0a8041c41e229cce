"""A log cut in two at a date: the evidence that a model is fitted to, and what its customers did next."""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import cmp_using, field, frozen

from custvalue._typing import Array, Bools, NDArray
from custvalue.errors import ParameterError
from custvalue.evidence.logs.log import Tally
from custvalue.evidence.logs.options import Collapse, Moment, Refunds, Terms, check_moment
from custvalue.evidence.logs.reading import open_log
from custvalue.evidence.logs.summary import reduce
from custvalue.evidence.rfm import RFM
from custvalue.units import Unit

_same = cmp_using(eq=np.array_equal)


@frozen(slots=False)
class HoldoutSplit:
    """Calibration and holdout of one log; the arrays have a row per customer of `calibration`.

    Attributes
    ----------
    calibration : RFM
        Customers with a purchase up to and including `at`, observed until then.
    purchases : array, shape (n,)
        Collapse periods with a purchase in the holdout.
    spend : array, shape (n,), or None
        Money of the holdout, refunds set off; None without amounts.
    duration : float
        Length of the holdout, in the unit of `calibration`.
    new_customers : int
        Customers whose first purchase falls in the holdout; they are in none of the arrays.
    """

    calibration: RFM = field()
    purchases: Array = field(eq=_same)
    spend: Array | None = field(eq=_same)
    duration: float = field()
    new_customers: int = field()


def holdout_split(
    log: Any,  # noqa: ANN401 (any dataframe, path or mapping)
    *,
    at: Moment,
    until: Moment | None = None,
    customer: str = "customer_id",
    date: str = "date",
    amount: str | None = None,
    unit: Unit = "week",
    collapse: Collapse | None = "day",
    refunds: Refunds = "net",
    first_purchase_in_spend: bool = False,
    first_purchase_from: Moment | None = None,
    timezone: str | None = None,
    log_interpurchase: bool = False,
) -> HoldoutSplit:
    """Cut a transaction log after `at`: an RFM observed until then, and each customer's purchases after it.

    Parameters
    ----------
    log : dataframe, path or mapping
        Of any kind that `RFM.from_transactions` takes.
    at : date, datetime, datetime64 or ISO text
        Last day of the calibration (inclusive).
    until : date, datetime, datetime64 or ISO text, optional
        Last day of the holdout (inclusive; later rows are left out); the last date in the log by default.
    customer, date, amount, unit, collapse, refunds, first_purchase_in_spend, first_purchase_from, timezone, log_interpurchase
        As in `RFM.from_transactions`. Weeks as collapse periods are counted from `at`, in both directions; a
        calendar period that `at` divides counts on either side. Every amount counts on its own date: a refund
        in the holdout of a purchase before it reduces the spend of the holdout.

    Raises
    ------
    DataError
        As in `RFM.from_transactions`; or there is no purchase up to `at`.
    ParameterError
        The holdout is empty: `until`, or the last date in the log, is not after `at`; or one of them is no date.

    Examples
    --------
    >>> log = {"customer_id": [1, 1, 1, 2], "date": ["2024-01-01", "2024-01-08", "2024-02-05", "2024-02-06"]}
    >>> halves = holdout_split(log, at="2024-01-15", until="2024-02-12")
    >>> halves.calibration
    RFM of 1 customers, in weeks: 1 repeat purchases, 0 with none, T from 2 to 2
    >>> halves.purchases, halves.duration, halves.new_customers
    (array([1.]), 4.0, 1)
    """
    terms = Terms(
        customer=customer,
        date=date,
        amount=amount,
        unit=unit,
        collapse=collapse,
        refunds=refunds,
        first_purchase_in_spend=first_purchase_in_spend,
        first_purchase_from=first_purchase_from,
        timezone=timezone,
        log_interpurchase=log_interpurchase,
    )
    return cut(log, at, until, terms)


def cut(log: Any, at: Moment, until: Moment | None, terms: Terms) -> HoldoutSplit:  # noqa: ANN401 (any dataframe)
    """Cut a log on terms that are already checked."""
    check_moment("at", at)
    if until is not None:
        check_moment("until", until)
    opened = open_log(log, terms)
    facts = opened.facts()
    end = terms.end(at, facts.last, whole_days=facts.whole_days)
    last = terms.end(until, facts.last, whole_days=facts.whole_days)
    if last.tick <= end.tick:
        raise ParameterError(
            f"the holdout is empty: it would run from {at} (at) to {until or 'the last date in the log'}. "
            "Choose an earlier `at`, or a later `until`."
        )
    who = opened.histories(end)
    calibration = reduce(who, facts, end, terms).rfm
    later = opened.tally(end, last)
    return HoldoutSplit(
        calibration=calibration,
        purchases=_aligned(later, later.count, calibration),
        spend=None if later.spend is None else _aligned(later, later.spend, calibration),
        duration=(last.tick - end.tick) / terms.per_unit,
        new_customers=_new(later, who.ids),
    )


def _aligned(later: Tally, values: NDArray[Any], calibration: RFM) -> Array:
    """The holdout's values in the calibration's rows; 0 for customers who did nothing in it."""
    assert calibration.ids is not None  # noqa: S101 (a log always has ids)
    rows, known = _find(later.ids, calibration.ids)
    aligned = np.zeros(len(known))
    aligned[known] = values[rows[known]]
    return aligned


def _new(later: Tally, known: NDArray[Any]) -> int:
    bought = later.ids[later.count > 0]
    return int((~_find(known, bought)[1]).sum())


def _find(ids: NDArray[Any], wanted: NDArray[Any]) -> tuple[NDArray[np.intp], Bools]:
    """Position of each wanted id among sorted ids, and whether it is there."""
    if not len(ids):
        return np.zeros(len(wanted), dtype=np.intp), np.zeros(len(wanted), dtype=bool)
    rows = np.searchsorted(ids, wanted).clip(max=len(ids) - 1)
    return rows, np.asarray(ids[rows] == wanted)
