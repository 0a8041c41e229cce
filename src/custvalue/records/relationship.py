"""Relationship: from when to when somebody was a party, and the cash flows it brought."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from attrs import field, frozen

from custvalue._columns import moments
from custvalue.errors import DataError
from custvalue.records._checks import tuple_of
from custvalue.records.cashflow import CashFlow
from custvalue.records.moment import Moment, as_moment, as_optional_moment


def _as_cash_flows(flows: Iterable[CashFlow]) -> tuple[CashFlow, ...]:
    return tuple_of(CashFlow, "cash_flows", flows)


@frozen
class Relationship:
    """One relationship with its start, its end (None: it still runs) and its cash flows.

    Parameters
    ----------
    id : hashable
        The relationship's name, such as a contract number or "shop".
    start, end : date, datetime, numpy.datetime64, ISO string or float
        Calendar dates, or years from now (a start in the past is negative); start <= end.
    cash_flows : iterable of CashFlow
        Kept as a tuple, in the order given. They may lie before the start (what winning the customer
        cost) or after the end (a late refund).

    Raises
    ------
    DataError
        The end is before the start, or the start, the end and the cash flows mix calendar dates with
        years from now.

    Examples
    --------
    >>> shop = Relationship("shop", start="2024-01-05", cash_flows=[CashFlow(30.0, "2024-01-05")])
    >>> shop.start, shop.end, len(shop.cash_flows)
    (datetime.date(2024, 1, 5), None, 1)
    """

    id: Hashable
    start: Moment = field(converter=as_moment)
    end: Moment | None = field(default=None, converter=as_optional_moment)
    cash_flows: tuple[CashFlow, ...] = field(default=(), converter=_as_cash_flows)

    def __attrs_post_init__(self) -> None:
        times, _ = moments(f"relationship {self.id!r}", self._moments())
        if self.end is not None and times[1] < times[0]:
            raise DataError(
                f"start <= end must hold; broken in relationship {self.id!r} "
                f"(start={self.start}, end={self.end}). end=None means that it still runs."
            )

    def _moments(self) -> list[Moment]:
        """Start, end if there is one, and the times of the cash flows."""
        end = [] if self.end is None else [self.end]
        return [self.start, *end, *(flow.when for flow in self.cash_flows)]
