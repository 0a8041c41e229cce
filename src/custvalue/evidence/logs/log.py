"""A log that is read and checked, and all that is derived from it: columns of evidence, never the log itself."""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import Factory, field, frozen

from custvalue._arguments import only, positive
from custvalue._columns import positions, sealed
from custvalue._typing import Array, NDArray
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.logs.kinds import Kind
from custvalue.evidence.logs.options import End, Moment, Options, check_moment, first_tick
from custvalue.evidence.logs.rows import Extent, Histories, Periods, Rows, Tally, since_first
from custvalue.units import DAYS


@frozen(kw_only=True)
class Facts:
    """What a whole log held, whatever is left out of the evidence.

    Attributes
    ----------
    rows : int
        Rows of the log.
    first_day, last_day : datetime64
        Of the log.
    observed_until : datetime64
        The day that observation ended (with collapse=None: the moment).
    total_spend : float or None
        Sum of all amounts; None without amounts.
    nonpositive : int
        Rows with an amount of 0 or less.
    left_out : int
        Customers whose first purchase was before `first_purchase_from`.
    kind : str
        The kind of dataframe that the log came in; see `to_kind`.
    """

    rows: int
    first_day: np.datetime64
    last_day: np.datetime64
    observed_until: np.datetime64
    total_spend: float | None
    nonpositive: int
    left_out: int
    kind: Kind = field(eq=False)


@frozen(eq=False)
class Log:
    """An opened log; made by `open_log`. Its methods return the fields of the classes of evidence, as columns."""

    rows: Rows = field()
    options: Options = field()
    kind: Kind = field()
    _extent: Extent = field(default=Factory(lambda self: self.rows.extent(), takes_self=True), init=False)
    _histories: dict[tuple[End, bool], Histories] = field(factory=dict, init=False)

    def facts(self) -> Facts:
        """What the log held."""
        extent, end, options = self._extent, self._end(), self.options
        who = self._who(end, ticks=options.log_interpurchase)
        return Facts(
            rows=extent.rows,
            first_day=np.datetime64(extent.first // options.per_day, "D"),
            last_day=np.datetime64(extent.last // options.per_day, "D"),
            observed_until=np.int64(end.tick).view(options.tick_type),
            total_spend=extent.total,
            nonpositive=extent.nonpositive,
            left_out=len(who.ids) - len(_newcomers(who, options).ids),
            kind=self.kind,
        )

    def rfm(self) -> dict[str, Any]:
        """The fields of `RFM`."""
        return self._rfm(self._end())

    def interpurchase_times(self) -> dict[str, Any]:
        """The fields of `InterpurchaseTimes`."""
        who = _newcomers(self._who(self._end(), ticks=True), self.options)
        return {"counts": who.count - 1.0, "gaps": _gaps(who, self.options), "unit": self.options.unit}

    def tenures(self, inactive_after: float) -> dict[str, Any]:
        """The fields of `Tenures`, where customers silent for `inactive_after` units have left."""
        options, end = self.options, self._end()
        everyone = self._who(end)
        who = _newcomers(everyone, options)
        silence = only("inactive_after", positive("inactive_after", inactive_after)) * DAYS[options.unit]
        left = (who.last - who.first) / options.per_day + silence
        age = (end.tick - who.first) / options.per_day
        return {
            "duration": np.where(left <= age, left, age) / DAYS[options.unit],
            "ended": left <= age,
            "ids": who.ids,
            "unit": options.unit,
            "left_out": len(everyone.ids) - len(who.ids),
        }

    def opportunities(self) -> dict[str, Any]:
        """The fields of `Opportunities`, where each complete collapse period is one."""
        day = self.options.last_complete(self._end().tick)
        if day < self._extent.first:
            raise self._none_complete()
        who = _newcomers(self._who(End(day, day)), self.options)
        return _opportunity_columns(who, day, self.options)

    def periods(self) -> Periods:
        """Purchases and spend by customer and complete collapse period."""
        day = self.options.last_complete(self._end().tick)
        cells = self.rows.cells(End(day, day)) if day >= self._extent.first else None
        if cells is None or not cells.bought.any():
            raise self._none_complete()
        return since_first(cells, day, self.options)

    def split(self, at: Moment, until: Moment | None = None) -> dict[str, Any]:
        """The fields of `HoldoutSplit`, those of its calibration as columns; the arguments are of `holdout_split`."""
        check_moment("at", at)
        if until is not None:
            check_moment("until", until)
        until = self.options.observed_until if until is None else until
        end, last = self._end_at(at), self._end_at(until)
        if last.tick <= end.tick:
            raise ParameterError(
                f"the holdout is empty: it would run from {at} (at) to {until or 'the last date in the log'}. "
                "Choose an earlier `at`, or a later `until`."
            )
        calibration = self._rfm(end)
        later = self.rows.tally(end, last)
        return {
            "calibration": calibration,
            "duration": (last.tick - end.tick) / self.options.per_unit,
            **_holdout_columns(self._who(end, ticks=self.options.log_interpurchase), later, calibration["ids"]),
        }

    def _rfm(self, end: End) -> dict[str, Any]:
        who = self._who(end, ticks=self.options.log_interpurchase)
        return _rfm_columns(_newcomers(who, self.options), end, self.options)

    def _who(self, end: End, *, ticks: bool = False) -> Histories:
        """Customers' histories up to `end`; kept once computed."""
        if (end, ticks) not in self._histories:
            self._histories[end, ticks] = self.rows.histories(end, ticks=ticks)
        return self._histories[end, ticks]

    def _end_at(self, moment: Moment | None) -> End:
        return self.options.end(moment, self._extent.last, whole_days=self._extent.whole_days)

    def _end(self) -> End:
        """The end of observation; DataError where purchases come after it."""
        end = self._end_at(self.options.observed_until)
        if self._extent.last > end.last:
            self.rows.check_end(end, str(self.options.observed_until))
        return end

    def _none_complete(self) -> DataError:
        begun, ended = (np.datetime64(day, "D") for day in (self._extent.first, self._end().tick))
        return DataError(
            f"the log holds no purchase in a complete {self.options.collapse}: it begins on {begun} and is observed "
            f"until {ended}. Say observed_until where that is later, or choose a shorter unit."
        )


def _newcomers(who: Histories, options: Options) -> Histories:
    """Only the customers whose first purchase is on or after `first_purchase_from`."""
    if not len(who.ids):
        raise DataError("the log holds no purchase up to the end of observation; at most refunds or later rows.")
    if options.first_purchase_from is None:
        return who
    new = who.first >= first_tick(options.first_purchase_from, options.per_day)
    if not new.any():
        raise DataError(
            f"no customer's first purchase is on or after first_purchase_from ({options.first_purchase_from}); "
            "choose an earlier date."
        )
    total, opening = (None if column is None else column[new] for column in (who.total, who.opening))
    ticks = None if who.ticks is None else who.ticks[np.repeat(new, who.count)]
    return Histories(who.ids[new], who.first[new], who.last[new], who.count[new], total, opening, ticks)


def _rfm_columns(who: Histories, end: End, options: Options) -> dict[str, Any]:
    """The fields of `RFM`, observed up to `end`."""
    x = (who.count - 1).astype(np.float64)
    m, m_count = _mean_spend(who, x, options)
    columns = {
        "x": x,
        "t_x": (who.last - who.first) / options.per_unit,
        "T": (end.tick - who.first) / options.per_unit,
        "m": m,
        "m_count": m_count,
        "log_interpurchase": None if who.ticks is None else _log_spacing(who, options),
        "ids": who.ids,
    }
    return {name: each if each is None else sealed(each) for name, each in columns.items()} | {"unit": options.unit}


def _mean_spend(who: Histories, x: Array, options: Options) -> tuple[Array | None, Array]:
    """Mean spend per purchase and the number of purchases it averages."""
    count = x + 1 if options.first_purchase_in_spend else x
    if who.total is None or who.opening is None:
        return None, count
    spend = who.total if options.first_purchase_in_spend else who.total - who.opening
    return np.divide(spend, count, out=np.zeros_like(x), where=count > 0), count


def _log_spacing(who: Histories, options: Options) -> Array:
    """Sum of the logs of the times between purchases, of each customer."""
    owner = np.repeat(np.arange(len(who.count)), who.count - 1)
    return np.bincount(owner, np.log(_gaps(who, options)), len(who.count)).astype(np.float64, copy=False)


def _gaps(who: Histories, options: Options) -> Array:
    """Times between the purchases of each customer, in units, by customer and in order."""
    assert who.ticks is not None  # noqa: S101 (callers have asked for them)
    later = np.ones(len(who.ticks), dtype=bool)
    later[np.cumsum(who.count) - who.count] = False
    return np.asarray(np.diff(who.ticks)[later[1:]] / options.per_unit)


def _opportunity_columns(who: Histories, day: int, options: Options) -> dict[str, Any]:
    """The fields of `Opportunities`, where the collapse periods complete by a day are chances."""
    start, latest = (options.period(ticks, day) for ticks in (who.first, who.last))
    now = options.period(np.array([day]), day)
    counts = {"x": who.count - 1, "t_x": latest - start, "n": now - start}
    columns = {name: sealed(count.astype(np.float64)) for name, count in counts.items()}
    return {**columns, "ids": sealed(who.ids), "unit": options.collapse}


def _holdout_columns(who: Histories, later: Tally, ids: NDArray[Any]) -> dict[str, Any]:
    """What the customers with these ids did later, and how many customers are new, of all who had bought before."""
    rows, known = positions(ids, later.ids)

    def aligned(values: NDArray[Any]) -> Array:
        """The later values in the order of the ids; 0 for customers who did nothing."""
        return sealed(np.where(known, values[rows], 0.0)) if len(values) else np.zeros(len(ids))

    bought = later.ids[later.count > 0]
    return {
        "purchases": aligned(later.count),
        "spend": None if later.spend is None else aligned(later.spend),
        "new_customers": int((~positions(bought, who.ids)[1]).sum()),
    }
