"""Tenures: how long customers stayed, and whether they left. The evidence where leaving is seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self, Unpack

import numpy as np
from attrs import field, frozen

from custvalue._columns import check_rows, column, numbers, same, sealed
from custvalue._typing import Array, ArrayLike, Bools
from custvalue.evidence.cohort_counts import read_cohorts
from custvalue.evidence.columns import Columns, optional
from custvalue.evidence.logs.options import LogOptions, Moment, Options
from custvalue.evidence.logs.reading import open_log
from custvalue.evidence.tenure_readers import Window, read_relationships, read_tenures
from custvalue.records.customer import Customer
from custvalue.records.relationship import Relationship
from custvalue.records.time import MomentLike
from custvalue.units import Unit, as_unit


def _duration(values: ArrayLike) -> Array:
    return np.atleast_1d(column("duration", values))


def _ended(values: ArrayLike) -> Bools:
    ended = numbers("ended", values)
    remedy = "1 where the customer has left, 0 where the relationship still runs."
    check_rows((ended == 0) | (ended == 1), "ended must be 0 or 1 (False or True)", remedy, ended=ended)
    return sealed(np.asarray(ended == 1))


@frozen(repr=False)
class Tenures(Columns):
    """Duration of each relationship, and whether it has ended or still runs (is right-censored).

    Parameters
    ----------
    duration : array_like
        Time from the start to the end, or to the end of observation where the relationship still runs. In whole
        periods, such as contract months, it counts renewals: a customer of duration 3 who has ended renewed twice and
        left at the third renewal; one who still runs has renewed three times.
    ended : array_like of bool or 0/1
        Whether the customer has left.
    entry : array_like, optional
        Tenure at which observation began (left truncation): such customers are known only because they were still
        there at that tenure. 0 (the default) where seen from the start.
    weights, ids, covariates : optional
        As of `RFM`.
    unit : {"year", "quarter", "month", "week", "day"}
        The unit of duration and entry, or the period.
    by_period : bool
        Whether durations are whole periods, in which case one that ended lies anywhere in the period before it: models
        in continuous time then use P(t - 1 < lifetime <= t), not the density at t.
    left_out : int
        How many customers of the source are not here: they had left before `observed_from`, say.

    Raises
    ------
    DataError
        A value is missing, a duration negative, or ended is not 0 or 1; 0 <= entry <= duration does not hold, or
        entry = duration where the customer left in whole periods; a weight is negative; durations by period are not
        whole; or the columns have different lengths. The message names the first rows.

    Examples
    --------
    >>> contracts = Tenures([3, 12, 5], [1, 0, 1], unit="month", ids=["ann", "bob", "eve"])
    >>> contracts
    Tenures of 3 customers in months: 2 ended, 1 still running, up to 12
    >>> contracts[~contracts.ended].ids
    array(['bob'], dtype='<U3')
    """

    duration: Array = field(converter=_duration, eq=same)
    ended: Bools = field(converter=_ended, eq=same)
    entry: Array = field(default=None, kw_only=True, converter=optional, eq=same)
    by_period: bool = field(default=False, kw_only=True, converter=bool)
    left_out: int = field(default=0, kw_only=True, converter=int, eq=False)

    _measured: ClassVar = ("duration", "ended", "entry")
    _history: ClassVar = ("duration", "ended", "entry")

    @classmethod
    def from_relationships(
        cls,
        relationships: Iterable[Relationship] | Iterable[Customer],
        *,
        observed_until: MomentLike,
        unit: Unit,
        by_period: bool = False,
        observed_from: MomentLike | None = None,
    ) -> Self:
        """Take the durations of relationships that are records, one row each, in the order given.

        Parameters
        ----------
        relationships : iterable of Relationship or Customer
            Of customers every relationship is a row under the customer's id, of relationships under its own.
        observed_until : date, datetime, datetime64, ISO text or float
            End of observation, inclusive: a date for dated relationships, years from now otherwise (0 is now). A
            relationship that ends later still runs.
        unit, by_period, observed_from
            As in `from_table`. Years from now have no calendar: months are twelfths of a year.

        Raises
        ------
        DataError, ParameterError
            As in `from_table`; or there are none, or dates and years from now are mixed.

        Examples
        --------
        >>> from custvalue import Relationship
        >>> book = [Relationship("c1", "2024-01-31", "2024-04-15"), Relationship("c2", "2024-01-31")]
        >>> tenures = Tenures.from_relationships(book, observed_until="2024-05-30", unit="month", by_period=True)
        >>> tenures.ids, tenures.duration, tenures.ended
        (array(['c1', 'c2'], dtype='<U2'), array([3., 3.]), array([ True, False]))
        """
        window = Window(until=observed_until, since=observed_from, unit=as_unit(unit), by_period=by_period)
        return cls(**read_relationships(relationships, window))

    @classmethod
    def from_table(
        cls,
        table: Any,  # noqa: ANN401 (any dataframe, path or mapping)
        *,
        duration: str | None = None,
        ended: str | None = None,
        start: str | None = None,
        end: str | None = None,
        unit: Unit,
        by_period: bool = False,
        observed_until: Moment | None = None,
        observed_from: Moment | None = None,
        entry: str | None = None,
        weights: str | None = None,
        customer: str | None = None,
    ) -> Self:
        """Take a table with one row per relationship: its duration and whether it ended, or its start and end.

        Columns are found by usual names (duration, tenure or T; ended, churned, event or E; start, start_date; end,
        end_date; entry; weights; customer_id or id), or by the names given.

        Parameters
        ----------
        table : dataframe, path or mapping
            pandas, polars, pyarrow, DuckDB or another frame that narwhals reads; a CSV or Parquet file; a mapping.
        duration, ended, start, end, entry, weights, customer : str, optional
            Names of columns. Either durations, in the unit given, with ended 0 or 1; or dates (datetimes, ISO text)
            of start and end, the end missing where the relationship runs. The last three may be absent.
        unit : {"month", "quarter", "year", "week", "day"}
            Of the durations, exact times in it (a month is 365.25 / 12 days) or whole periods.
        by_period : bool
            Whether durations are whole periods, as of contracts that renew: of those who left the periods begun, of the
            others those completed. With dates, periods end on anniversaries of the start by the calendar (31 January
            and a month is the end of February; a week is 7 days); times of day are dropped, and who leaves at once has
            begun one. Ends are those of paid periods: where customers walk out in between, churn comes out a little too
            high, as in the period in progress at `observed_until` only those who left count.
        observed_until : date, datetime, datetime64 or ISO text
            With dates: end of observation, inclusive; who leaves later still runs.
        observed_from : date, datetime, datetime64 or ISO text, optional
            With dates: relationships that had ended before this day are not all in the data. They are left out
            (`left_out` counts them), with those that ended at its beginning, and those that run on have their
            tenure then as entry; by period, at the first renewal from this day on, as the period in progress was
            not seen from its beginning. A date without a time of day is the beginning of the day.

        Raises
        ------
        DataError
            A column is not found, or two could be meant; a start is missing, or after the end or `observed_until`; or
            the values break a rule of `Tenures`.
        ParameterError
            `observed_until` is missing or before `observed_from`, or columns of durations and of dates are both named.

        Examples
        --------
        >>> table = {"id": [7, 8], "start": ["2024-01-01", "2024-01-01"], "end": ["2024-01-15", None]}
        >>> Tenures.from_table(table, observed_until="2024-03-01", unit="week").duration.round(3)
        array([2.   , 8.571])
        """
        named = {"duration": duration, "ended": ended, "start": start, "end": end}
        named.update(entry=entry, weights=weights, ids=customer)
        window = Window(until=observed_until, since=observed_from, unit=as_unit(unit), by_period=by_period)
        return cls(**read_tenures(table, named, window))

    @classmethod
    def from_cohorts(cls, survivors: Mapping[Any, ArrayLike] | Iterable[ArrayLike] | ArrayLike, *, unit: Unit) -> Self:
        """Take the numbers of customers still there after 0, 1, 2, ... periods, of one cohort or several.

        Rows have weights: how many left at each renewal, and how many still run at the end.

        Parameters
        ----------
        survivors : array_like, or a list or mapping of such
            One cohort: its size, then its survivors. Several: rows of different length, a matrix with NaN after
            the end of each (`Cohorts.counts`), or a mapping from the cohort's name, which becomes the rows' id.
        unit : {"year", "quarter", "month", "week", "day"}
            The period.

        Raises
        ------
        DataError
            A cohort grows, is empty, or has a missing number before its end.

        Examples
        --------
        >>> Tenures.from_cohorts([[10_000, 8_000, 6_480], [10_000, 8_000]], unit="year")
        Tenures of 20,000 customers in years, by period: 5,520 ended, 14,480 still running, up to 2
        """
        return cls(**read_cohorts(survivors), unit=unit)

    @classmethod
    def from_transactions(
        cls,
        log: Any,  # noqa: ANN401 (any dataframe, path or mapping)
        *,
        inactive_after: float,
        **options: Unpack[LogOptions],
    ) -> Self:
        """Infer leaving from silence where it is not seen: customers who bought nothing for `inactive_after` have left.

        This is an assumption, not an observation: a rare buyer is counted as lost. The duration of a customer who has
        left is the time to the last purchase plus `inactive_after`, when the silence became long enough (to end it at
        the purchase itself would use what only the later silence shows); the others, whose silence is shorter, still
        run at T. Who was once silent for longer and came back had not left: only the last silence is judged.

        Parameters
        ----------
        log : dataframe, path or mapping
            One row per purchase, of any kind that `RFM.from_transactions` takes.
        inactive_after : float
            In `unit`, which is that of the durations.
        **options
            unit, customer, date, amount, observed_until, ... as in `RFM.from_transactions`.

        Raises
        ------
        DataError, ParameterError
            As in `RFM.from_transactions`; or `inactive_after` is not positive.

        Examples
        --------
        >>> log = {"customer_id": ["ann", "ann", "bob"], "date": ["2024-01-01", "2024-01-15", "2024-02-26"]}
        >>> tenures = Tenures.from_transactions(log, inactive_after=4, unit="week", observed_until="2024-03-04")
        >>> tenures.ids, tenures.duration, tenures.ended
        (array(['ann', 'bob'], dtype='<U3'), array([6., 1.]), array([ True, False]))
        """
        return cls(**open_log(log, Options(**options)).tenures(inactive_after))

    def _checked(self) -> dict[str, Array]:
        duration, entry = self.duration, self.entry
        remedy = (
            "It is the time from the start to the end, or to the end of observation: check for swapped dates, and give "
            "relationships that still run the end of observation with ended = 0."
        )
        good = np.isfinite(duration) & (duration >= 0)
        self._require(good, "duration must be finite and >= 0", remedy, "duration")
        good = (entry >= 0) & ((entry <= duration - (self.ended & self.by_period)) | (entry == 0))
        rule = "0 <= entry <= duration must hold" + ", and entry < duration for those who left" * self.by_period
        remedy = "entry is the tenure at which observation began; those who had left before are not in the data."
        self._require(good, rule, remedy, "duration", "entry")
        if self.by_period:
            good = (duration == np.floor(duration)) & (entry == np.floor(entry))
            remedy = (
                "Count periods begun for those who left and periods completed for those who still run, as "
                "Tenures.from_table(..., by_period=True) does from dates."
            )
            self._require(good, "durations by period must be whole numbers", remedy, "duration")
            remedy = "A customer who left within the first period has duration 1."
            good = ~self.ended | (duration >= 1)
            self._require(good, "who left by period did so at 1 or later", remedy, "duration")
        return {}

    def _described(self) -> str:
        span = f"{self.unit}s" + (", by period" if self.by_period else "")
        left = self.weights[self.ended].sum()
        longest = f", up to {self.duration.max():g}" if len(self) else ""
        before = f"; {self.left_out:,} left out" if self.left_out else ""
        return (
            f"Tenures of {self.customers:,.10g} customers in {span}: {left:,.10g} ended, "
            f"{self.customers - left:,.10g} still running{longest}{before}"
        )
