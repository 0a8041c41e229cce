"""Rows of a log, in memory or in the engine that holds them: what either is asked for, and what it answers."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from attrs import field, frozen

from custvalue._typing import Array, Bools, Ints, NDArray
from custvalue.evidence.logs.options import End, Options, Ticks


@frozen
class Extent:
    """What all rows hold; `whole_days`: their dates have no time of day."""

    rows: int = field()
    first: int = field()
    last: int = field()
    whole_days: bool = field()
    nonpositive: int = field(default=0)
    total: float | None = field(default=None)


@frozen(eq=False)
class Histories:
    """One row per customer with a purchase: sorted ids, ticks, periods with a purchase, spend.

    `total` is the spend from the period of the first purchase on, `opening` the spend in that period, `ticks` the
    times of all purchases, by customer and in order, where they are asked for.
    """

    ids: NDArray[Any] = field()
    first: Ticks = field()
    last: Ticks = field()
    count: NDArray[np.int64] = field()
    total: Array | None = field()
    opening: Array | None = field()
    ticks: Ticks | None = field(default=None)


@frozen(eq=False)
class Tally:
    """Periods with a purchase and spend, of customers with any row (sorted ids) in a window of time."""

    ids: NDArray[Any] = field()
    count: NDArray[np.int64] = field()
    spend: Array | None = field()


@frozen(eq=False)
class Cells:
    """Customers' collapse periods with any row, by customer (a place in the sorted `ids`) and period.

    `period` counts as `Options.period` does; `bought` is False where there were refunds only.
    """

    ids: NDArray[Any] = field()
    owner: Ints = field()
    period: Ticks = field()
    bought: Bools = field()
    spend: Array | None = field()


@frozen(eq=False)
class Periods(Cells):
    """Cells from each customer's `first` period with a purchase on, up to the complete one whose last day is `end`."""

    first: Ticks = field()
    end: int = field()
    options: Options = field()

    @property
    def last(self) -> int:
        """The last complete period."""
        return int(self.options.period(np.array([self.end]), self.end)[0])

    def first_days(self, periods: Ticks) -> NDArray[np.datetime64]:
        """The first day of each period."""
        return self.options.first_days(periods, self.end)


def since_first(cells: Cells, end: int, options: Options) -> Periods:
    """The periods of customers with a purchase, without refunds in periods before it."""
    none = np.iinfo(np.int64).max
    first = np.full(len(cells.ids), none)
    np.minimum.at(first, cells.owner[cells.bought], cells.period[cells.bought])
    customers = first < none
    kept = cells.period >= first[cells.owner]
    return Periods(
        ids=cells.ids[customers],
        first=first[customers],
        owner=(np.cumsum(customers) - 1)[cells.owner[kept]],
        period=cells.period[kept],
        bought=cells.bought[kept],
        spend=None if cells.spend is None else cells.spend[kept],
        end=end,
        options=options,
    )


class Rows(Protocol):
    """Checked rows that can be reduced."""

    def extent(self) -> Extent:
        """What all rows hold."""
        ...

    def check_end(self, end: End, named: str) -> None:
        """Raise DataError where purchases come after the end of observation."""
        ...

    def histories(self, end: End, *, ticks: bool) -> Histories:
        """Purchases and spend of each customer up to `end`, in the order of their ids; all their times if asked for."""
        ...

    def cells(self, end: End) -> Cells:
        """Purchases and spend of each customer and collapse period up to `end`."""
        ...

    def tally(self, after: End, until: End) -> Tally:
        """Purchases and spend of each customer after one end and up to another; weeks are counted from the first."""
        ...
