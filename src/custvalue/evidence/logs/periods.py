"""A log by customer and complete collapse period: what cohorts and revenue bridges are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import field, frozen

from custvalue._typing import Array, Bools, Ints, NDArray
from custvalue.evidence.logs.options import Options, Ticks
from custvalue.evidence.logs.rows import Cells


@frozen(eq=False)
class Periods:
    """Customers' periods from their first purchase's on: `first` per customer, the rest as of `Cells`.

    `last` is the last complete period, `end` its last day.
    """

    ids: NDArray[Any] = field()
    first: Ticks = field()
    owner: Ints = field()
    period: Ticks = field()
    bought: Bools = field()
    spend: Array | None = field()
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
