"""A log that is read and checked, and all that is derived from it: columns of evidence, never the log itself."""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import Factory, field, frozen

from custvalue._arguments import only, positive
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.logs.kinds import Kind
from custvalue.evidence.logs.options import End, Moment, Options, check_moment
from custvalue.evidence.logs.periods import Periods, since_first
from custvalue.evidence.logs.rows import Extent, Histories, Rows
from custvalue.evidence.logs.summary import gaps, holdout_columns, newcomers, opportunity_columns, rfm_columns
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
            left_out=len(who.ids) - len(newcomers(who, options).ids),
            kind=self.kind,
        )

    def rfm(self) -> dict[str, Any]:
        """The fields of `RFM`."""
        return self._rfm(self._end())

    def interpurchase_times(self) -> dict[str, Any]:
        """The fields of `InterpurchaseTimes`, of all customers: their first purchase need not be the first ever."""
        who = self._who(self._end(), ticks=True)
        return {"counts": who.count - 1.0, "gaps": gaps(who, self.options), "unit": self.options.unit}

    def tenures(self, inactive_after: float) -> dict[str, Any]:
        """The fields of `Tenures`, where customers silent for `inactive_after` units have left."""
        options, end = self.options, self._end()
        everyone = self._who(end)
        who = newcomers(everyone, options)
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
        who = newcomers(self._who(End(day, day)), self.options)
        return opportunity_columns(who, day, self.options)

    def periods(self) -> Periods:
        """Purchases and spend by customer and complete collapse period."""
        day = self.options.last_complete(self._end().tick)
        cells = self.rows.cells(End(day, day)) if day >= self._extent.first else None
        if cells is None or not cells.bought.any():
            raise self._none_complete()
        return since_first(cells, day, self.options)

    def split(self, at: Moment, until: Moment | None = None) -> dict[str, Any]:
        """The fields of `HoldoutSplit`, those of its calibration as columns; `until` by default the end of observation.

        Raises
        ------
        ParameterError
            A moment is none, or the holdout is empty.
        DataError
            There is no purchase up to `at`.
        """
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
            **holdout_columns(self._who(end, ticks=self.options.log_interpurchase), later, calibration["ids"]),
        }

    def _rfm(self, end: End) -> dict[str, Any]:
        who = self._who(end, ticks=self.options.log_interpurchase)
        return rfm_columns(newcomers(who, self.options), end, self.options)

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
