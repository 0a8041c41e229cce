"""InterpurchaseTimes: the times between purchases of each customer of a log, one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import cmp_using, field, frozen

from custvalue._columns import check_rows, numbers, read_only
from custvalue._typing import Array, ArrayLike
from custvalue.errors import DataError
from custvalue.evidence.logs.options import Terms
from custvalue.evidence.logs.reading import open_log
from custvalue.evidence.logs.summary import gaps
from custvalue.units import Unit, as_unit

_same = cmp_using(eq=np.array_equal)


def _positive(values: ArrayLike) -> Array:
    times = numbers("gaps", values)
    check_rows(
        np.isfinite(times) & (times > 0),
        "times between purchases must be positive and finite",
        "Several purchases at one time count as one.",
        gaps=times,
    )
    return read_only(times)


def _counts(values: ArrayLike) -> Array:
    return read_only(numbers("counts", values))


@frozen
class InterpurchaseTimes:
    """Times between purchases: all `gaps`, customer by customer and in order, `counts` of them for each.

    Parameters
    ----------
    counts : array_like, shape (customers,)
        How many times between purchases each customer has: repeat purchases x.
    gaps : array_like, shape (sum of counts,)
        The times, in `unit`.
    unit : {"year", "quarter", "month", "week", "day"}
        The unit of the times.

    Raises
    ------
    DataError
        A time is not positive and finite, or the counts do not add up to the number of times.

    Examples
    --------
    >>> log = {"customer_id": [1, 2, 1, 1], "date": ["2024-01-01", "2024-01-02", "2024-01-15", "2024-01-22"]}
    >>> InterpurchaseTimes.from_transactions(log)
    InterpurchaseTimes(counts=array([2., 0.]), gaps=array([2., 1.]), unit='week')
    """

    counts: Array = field(converter=_counts, eq=_same)
    gaps: Array = field(converter=_positive, eq=_same)
    unit: Unit = field(default="year", kw_only=True, converter=as_unit)

    def __attrs_post_init__(self) -> None:
        if self.counts.sum() != self.gaps.size:
            raise DataError(
                f"the counts must add up to the number of gaps; they add up to {self.counts.sum():g}, and there are "
                f"{self.gaps.size}. Give one count per customer, of times between purchases and not of purchases."
            )

    @classmethod
    def from_transactions(cls, log: Any, **options: Any) -> InterpurchaseTimes:  # noqa: ANN401 (any dataframe; its options)
        """Take the times from a transaction log; arguments as of `RFM.from_transactions`, which says what is raised."""
        terms = Terms(**options, log_interpurchase=True)
        opened = open_log(log, terms)
        facts = opened.facts()
        end = terms.end(terms.observed_until, facts.last, whole_days=facts.whole_days)
        if facts.last > end.last:
            opened.check_end(end, str(terms.observed_until))
        who = opened.histories(end)
        return cls(who.count - 1.0, gaps(who, terms), unit=terms.unit)
