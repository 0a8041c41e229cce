"""A log by customer and complete calendar period: what cohorts and revenue bridges are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import evolve, field, frozen

from custvalue._typing import Array, Bools, Ints, NDArray
from custvalue.errors import DataError, ParameterError
from custvalue.evidence._periods import last_complete
from custvalue.evidence.logs.log import Cells
from custvalue.evidence.logs.options import Collapse, End, Moment, Terms, Ticks, check_moment
from custvalue.evidence.logs.reading import open_log
from custvalue.units import DAYS

_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@frozen(eq=False)
class History:
    """Customers' periods from their first purchase's on: `first` per customer, the rest as of `Cells`."""

    ids: NDArray[Any] = field()
    first: Ticks = field()
    owner: Ints = field()
    period: Ticks = field()
    bought: Bools = field()
    spend: Array | None = field()
    last: int = field()
    """The last complete period."""
    unit: Collapse = field()
    end: int = field()
    """The last day of it."""

    def first_days(self, periods: Ticks) -> NDArray[np.datetime64]:
        """The first day of each period."""
        if self.unit in _MONTHS:
            return (periods * _MONTHS[self.unit]).astype("datetime64[M]").astype("datetime64[D]")
        days = periods if self.unit == "day" else self.end - 6 + 7 * periods
        return days.astype("datetime64[D]")


def read_cells(log: Any, period: Collapse, observed_until: Moment | None, **options: Any) -> History:  # noqa: ANN401 (any dataframe; options of Terms)
    """Purchases of a log by customer and period, up to the last complete period."""
    if period not in DAYS:
        raise ParameterError(f"period must be one of {', '.join(map(repr, DAYS))}; got {period!r}")
    terms = Terms(unit="day", collapse=period, observed_until=observed_until, **options)
    if observed_until is not None:
        check_moment("observed_until", observed_until)
    opened = open_log(log, terms)
    facts = opened.facts()
    end = terms.end(observed_until, facts.last, whole_days=facts.whole_days)
    if facts.last > end.last:
        opened.check_end(end, str(observed_until))
    day = last_complete(end.tick, terms)
    cells = opened.cells(End(day, day)) if day >= facts.first else None
    if cells is None or not cells.bought.any():
        raise DataError(
            f"the log holds no purchase in a complete {period}: it begins on {np.datetime64(facts.first, 'D')} and is "
            f"observed until {np.datetime64(end.tick, 'D')}. Say observed_until where that is later, or use shorter "
            "periods."
        )
    return _since_first(cells, int(terms.period(np.array([day]), day)[0]), period, day)


def _since_first(cells: Cells, last: int, unit: Collapse, day: int) -> History:
    """The customers with a purchase, without refunds in periods before it."""
    none = np.iinfo(np.int64).max
    first = np.full(len(cells.ids), none)
    np.minimum.at(first, cells.owner[cells.bought], cells.period[cells.bought])
    customers = first < none
    kept = cells.period >= first[cells.owner]
    cells = evolve(
        cells,
        owner=cells.owner[kept],
        period=cells.period[kept],
        bought=cells.bought[kept],
        spend=None if cells.spend is None else cells.spend[kept],
    )
    return History(
        ids=cells.ids[customers],
        first=first[customers],
        owner=(np.cumsum(customers) - 1)[cells.owner],
        period=cells.period,
        bought=cells.bought,
        spend=cells.spend,
        last=last,
        unit=unit,
        end=day,
    )
