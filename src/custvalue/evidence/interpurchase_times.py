"""InterpurchaseTimes: the times between purchases of each customer of a log, one by one."""

from __future__ import annotations

from typing import Any, Self, Unpack

import numpy as np
from attrs import field, frozen

from custvalue._columns import check_rows, column, same
from custvalue._typing import Array, ArrayLike
from custvalue.errors import DataError
from custvalue.evidence.logs.options import LogOptions, Options
from custvalue.evidence.logs.reading import open_log
from custvalue.units import Unit, as_unit


def _positive(values: ArrayLike) -> Array:
    times = column("gaps", values)
    rule = "times between purchases must be positive and finite"
    check_rows(np.isfinite(times) & (times > 0), rule, "Several purchases at one time count as one.", gaps=times)
    return times


def _counts(values: ArrayLike) -> Array:
    return column("counts", values)


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
    >>> InterpurchaseTimes.from_transactions(log, unit="week")
    InterpurchaseTimes(counts=array([2., 0.]), gaps=array([2., 1.]), unit='week')
    """

    counts: Array = field(converter=_counts, eq=same)
    gaps: Array = field(converter=_positive, eq=same)
    unit: Unit = field(kw_only=True, converter=as_unit)

    def __attrs_post_init__(self) -> None:
        if self.counts.sum() != self.gaps.size:
            raise DataError(
                f"counts must add up to the number of gaps; they add up to {self.counts.sum():g}, and there are "
                f"{self.gaps.size}. Give one count per customer, of times between purchases and not of purchases."
            )

    @classmethod
    def from_transactions(
        cls,
        log: Any,  # noqa: ANN401 (any dataframe, path or mapping)
        **options: Unpack[LogOptions],
    ) -> Self:
        """Take the times from a transaction log; arguments as of `RFM.from_transactions`, which says what is raised."""
        return cls(**open_log(log, Options(**options)).interpurchase_times())
