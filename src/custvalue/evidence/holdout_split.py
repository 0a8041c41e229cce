"""A log cut in two at a date: the evidence that a model is fitted to, and what its customers did next."""

from __future__ import annotations

from typing import Any, Self, Unpack

from attrs import field, frozen

from custvalue._columns import same
from custvalue._typing import Array
from custvalue.evidence.logs.log import Log
from custvalue.evidence.logs.options import LogOptions, Moment, Options
from custvalue.evidence.logs.reading import open_log
from custvalue.evidence.rfm import RFM


@frozen
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
    purchases: Array = field(eq=same)
    spend: Array | None = field(eq=same)
    duration: float = field()
    new_customers: int = field()

    @classmethod
    def of(cls, opened: Log, *, at: Moment, until: Moment | None = None) -> Self:
        """Cut a log that is open; the arguments are those of `holdout_split`."""
        found = opened.split(at, until)
        return cls(**{**found, "calibration": RFM(**found["calibration"])})


def holdout_split(
    log: Any,  # noqa: ANN401 (any dataframe, path or mapping)
    *,
    at: Moment,
    until: Moment | None = None,
    **options: Unpack[LogOptions],
) -> HoldoutSplit:
    """Cut a transaction log after `at`: an RFM observed until then, and each customer's purchases after it.

    Parameters
    ----------
    log : dataframe, path or mapping
        Of any kind that `RFM.from_transactions` takes.
    at : date, datetime, datetime64 or ISO text
        Last day of the calibration (inclusive).
    until : date, datetime, datetime64 or ISO text, optional
        Last day of the holdout (inclusive; later rows are left out); by default `observed_until`, or the last date.
    **options
        unit and all others of `RFM.from_transactions`. Weeks as collapse periods are counted from `at`, in both
        directions; a calendar period that `at` divides counts on either side. Every amount counts on its own date: a
        refund in the holdout of a purchase before it reduces the spend of the holdout.

    Raises
    ------
    DataError
        As in `RFM.from_transactions`; or there is no purchase up to `at`.
    ParameterError
        The holdout is empty: `until`, or the last date in the log, is not after `at`; or one of them is no date.

    Examples
    --------
    >>> log = {"customer_id": [1, 1, 1, 2], "date": ["2024-01-01", "2024-01-08", "2024-02-05", "2024-02-06"]}
    >>> halves = holdout_split(log, at="2024-01-15", until="2024-02-12", unit="week")
    >>> halves.calibration
    RFM of 1 customers, in weeks: 1 repeat purchases, 0 with none, T from 2 to 2
    >>> halves.purchases, halves.duration, halves.new_customers
    (array([1.]), 4.0, 1)
    """
    return HoldoutSplit.of(open_log(log, Options(**options)), at=at, until=until)
