"""A log by customer and complete calendar period: what cohorts and revenue bridges are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from attrs import evolve, field, frozen

from custvalue._columns import check_rows, numbers
from custvalue._typing import Array, Bools, Ints, NDArray
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.logs.log import Cells
from custvalue.evidence.logs.options import Collapse, End, Moment, Terms, Ticks, check_moment
from custvalue.evidence.logs.reading import open_log
from custvalue.evidence.logs.summary import reduce
from custvalue.evidence.summary_tables import read_table
from custvalue.units import DAYS

NAMES: Final = {
    "x": ("x", "frequency"),
    "t_x": ("t_x", "t.x", "recency"),
    "n": ("n", "n.cal", "periods", "n_periods"),
    "weights": ("weights", "custs", "count"),
    "ids": ("customer_id", "id", "ID", "cust", "customer"),
}
"""Names that a column goes by: the paper's, BTYD's and lifetimes'."""


def read_opportunities(
    log: Any,  # noqa: ANN401 (any dataframe, path or mapping)
    observed_until: Moment | None,
    terms: Terms,
) -> tuple[Array, Array, Array, NDArray[Any]]:
    """x, t_x, n and ids of a log's customers; the terms measure in days and collapse by the opportunity."""
    if observed_until is not None:
        check_moment("observed_until", observed_until)
    opened = open_log(log, terms)
    facts = opened.facts()
    end = terms.end(observed_until, facts.last, whole_days=facts.whole_days)
    if facts.last > end.last:
        opened.check_end(end, str(observed_until))
    day = last_complete(end.tick, terms)
    if day < facts.first:
        raise DataError(
            f"the log holds no purchase in a complete {terms.collapse}: it begins on {_date(facts.first)} and is "
            f"observed until {_date(end.tick)}. Say observed_until where that is later, or use shorter opportunities."
        )
    last = End(day, day)
    who = reduce(opened.histories(last), facts, last, terms)
    first = (day - who.T).astype(np.int64)
    start, latest = (terms.period(ticks, day) for ticks in (first, first + who.t_x.astype(np.int64)))
    now = terms.period(np.array([day]), day)
    return who.x, _floats(latest - start), _floats(now - start), who.ids


def read_weighted(table: Any, given: Mapping[str, str | None]) -> dict[str, Any]:  # noqa: ANN401 (any dataframe)
    """Columns of a table, each row repeated as often as its weight says."""
    columns = read_table(table, given, NAMES, needed=("x", "t_x", "n"))
    if "weights" not in columns:
        return columns
    weights = numbers("weights", columns.pop("weights"))
    check_rows(
        (weights >= 0) & (weights == np.floor(weights)) & np.isfinite(weights),
        "weights must be whole numbers >= 0",
        "They are how many customers a row stands for.",
        weights=weights,
    )
    times = weights.astype(np.intp)
    return {name: None if column is None else np.repeat(column, times) for name, column in columns.items()}


def last_complete(day: int, terms: Terms) -> int:
    """The last day, up to `day`, on which an opportunity's period ends."""
    if terms.collapse not in _MONTHS:
        return day
    width = _MONTHS[terms.collapse]
    following = int((np.datetime64(day, "D") + 1).astype("datetime64[M]").astype(np.int64))
    first_open = np.datetime64(following - following % width, "M")
    return int(first_open.astype("datetime64[D]").astype(np.int64)) - 1


def _date(day: int) -> np.datetime64:
    return np.datetime64(day, "D")


def _floats(periods: Ticks) -> Array:
    return periods.astype(np.float64)


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
