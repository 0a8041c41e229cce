"""Tenures: how long customers stayed, and whether they left. The evidence where leaving is seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import cmp_using, evolve, field, frozen

from custvalue._columns import check_rows, numbers, read_only
from custvalue._typing import Array, ArrayLike, Bools, NDArray
from custvalue.errors import DataError
from custvalue.evidence.distinct import Distinct, distinct
from custvalue.units import DAYS, Unit, as_unit

if TYPE_CHECKING:
    from custvalue.evidence.logs.options import Moment
    from custvalue.records.customer import Customer
    from custvalue.records.relationship import Relationship
    from custvalue.records.time import MomentLike


def as_duration(values: ArrayLike) -> Array:
    return numbers("duration", values)


def as_ended(values: ArrayLike) -> Bools:
    ended = numbers("ended", values)
    check_rows(
        (ended == 0) | (ended == 1),
        "ended must be 0 or 1 (False or True)",
        "1 where the customer has left, 0 where the relationship still runs.",
        ended=ended,
    )
    return np.asarray(ended == 1)


def as_entry(values: ArrayLike | None) -> Array:
    return numbers("entry", 0.0 if values is None else values)


def as_weights(values: ArrayLike | None) -> Array:
    return numbers("weights", 1.0 if values is None else values)


def as_ids(values: ArrayLike | None) -> NDArray[Any] | None:
    return None if values is None else np.atleast_1d(np.asarray(values))


def as_flag(value: bool) -> bool:
    return bool(value)


def as_count(value: int) -> int:
    return int(value)


def described(tenures: Tenures) -> str:
    """What `repr` shows."""
    span = f"{tenures.unit}s" + (", by period" if tenures.by_period else "")
    total, left = tenures.weights.sum(), tenures.weights[tenures.ended].sum()
    longest = f", up to {tenures.duration.max():g}" if len(tenures) else ""
    before = f"; {tenures.left_out:,} left out" if tenures.left_out else ""
    return (
        f"Tenures of {total:,.10g} customers in {span}: {left:,.10g} ended, "
        f"{total - left:,.10g} still running{longest}{before}"
    )


def check(
    duration: Array, ended: Bools, entry: Array, weights: Array, *, by_period: bool, ids: NDArray[Any] | None
) -> None:
    """Raise DataError unless the columns are possible tenures in every row."""
    check_rows(
        np.isfinite(duration) & (duration >= 0),
        "duration must be finite and >= 0",
        "It is the time from the start to the end, or to the end of observation: check for swapped dates, and give "
        "relationships that still run the end of observation with ended = 0.",
        ids=ids,
        duration=duration,
    )
    later = duration - (ended & by_period)
    check_rows(
        (entry >= 0) & ((entry <= later) | (entry == 0)),
        "0 <= entry <= duration must hold" + (", and entry < duration for those who left" if by_period else ""),
        "entry is the tenure at which observation began; those who had left before are not in the data.",
        ids=ids,
        duration=duration,
        entry=entry,
    )
    check_rows(
        np.isfinite(weights) & (weights >= 0),
        "weights must be finite and >= 0",
        "They say how many customers a row stands for.",
        ids=ids,
        weights=weights,
    )
    if by_period:
        check_rows(
            (duration == np.floor(duration)) & (entry == np.floor(entry)),
            "durations by period must be whole numbers",
            "Count periods begun for those who left and periods completed for those who still run, as "
            "Tenures.from_table(..., period=...) does from dates.",
            ids=ids,
            duration=duration,
        )
        check_rows(
            ~ended | (duration >= 1),
            "who left by period did so at 1 or later",
            "A customer who left within the first period has duration 1.",
            ids=ids,
            duration=duration,
        )


_same = cmp_using(eq=np.array_equal)


@frozen(repr=False)
class Tenures:
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
    weights : array_like, optional
        How many customers a row stands for; 1 by default.
    ids : array_like, shape (rows,), optional
        The customers' names, any type; used in messages and tables.
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
        entry = duration where the customer left in whole periods; a weight is negative; or durations by period are
        not whole. The message names the first rows.

    Examples
    --------
    >>> contracts = Tenures([3, 12, 5], [1, 0, 1], unit="month", ids=["ann", "bob", "eve"])
    >>> contracts
    Tenures of 3 customers in months: 2 ended, 1 still running, up to 12
    >>> contracts[~contracts.ended].ids
    array(['bob'], dtype='<U3')
    """

    duration: Array = field(converter=as_duration, eq=_same)
    ended: Bools = field(converter=as_ended, eq=_same)
    entry: Array = field(default=None, kw_only=True, converter=as_entry, eq=_same)
    weights: Array = field(default=None, kw_only=True, converter=as_weights, eq=_same)
    ids: NDArray[Any] | None = field(default=None, kw_only=True, converter=as_ids, eq=_same)
    unit: Unit = field(default="year", kw_only=True, converter=as_unit)
    by_period: bool = field(default=False, kw_only=True, converter=as_flag)
    left_out: int = field(default=0, kw_only=True, converter=as_count, eq=False)
    _distinct: list[Distinct] = field(factory=list, init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        names = ("duration", "ended", "entry", "weights")
        try:
            columns = np.broadcast_arrays(*(getattr(self, name) for name in names))
        except ValueError:
            shapes = ", ".join(f"{name} {getattr(self, name).shape}" for name in names)
            raise DataError(f"the columns must have one length; got {shapes}") from None
        columns = tuple(np.atleast_1d(column) for column in columns)
        if self.ids is not None and self.ids.shape != columns[0].shape:
            raise DataError(f"ids must have one name per row: shape {columns[0].shape}, got {self.ids.shape}")
        check(*columns, by_period=self.by_period, ids=self.ids)
        for name, value in zip(names, columns, strict=True):
            object.__setattr__(self, name, read_only(value))

    @classmethod
    def from_relationships(
        cls,
        relationships: Iterable[Relationship] | Iterable[Customer],
        *,
        as_of: MomentLike,
        period: Unit | None = None,
        unit: Unit | None = None,
        observed_from: MomentLike | None = None,
    ) -> Tenures:
        """Take the durations of relationships that are records, one row each, in the order given.

        Parameters
        ----------
        relationships : iterable of Relationship or Customer
            Of customers every relationship is a row under the customer's id, of relationships under its own.
        as_of : date, datetime, datetime64, ISO text or float
            End of observation, inclusive: a date for dated relationships, years from now otherwise (0 is now). A
            relationship that ends later still runs.
        period, unit, observed_from
            As in `from_table`. Years from now have no calendar: months are twelfths of a year.

        Raises
        ------
        DataError, ParameterError
            As in `from_table`; or there are none, or dates and years from now are mixed.

        Examples
        --------
        >>> from custvalue import Relationship
        >>> book = [Relationship("c1", "2024-01-31", "2024-04-15"), Relationship("c2", "2024-01-31")]
        >>> tenures = Tenures.from_relationships(book, as_of="2024-05-30", period="month")
        >>> tenures.ids, tenures.duration, tenures.ended
        (array(['c1', 'c2'], dtype='<U2'), array([3., 3.]), array([ True, False]))
        """
        from custvalue.evidence.tenure_readers import read_relationships  # noqa: PLC0415 (the readers stand above)

        return cls(
            **read_relationships(relationships, as_of=as_of, observed_from=observed_from, unit=unit, period=period)
        )

    @classmethod
    def from_table(
        cls,
        table: Any,  # noqa: ANN401 (any dataframe, path or mapping)
        *,
        duration: str | None = None,
        ended: str | None = None,
        start: str | None = None,
        end: str | None = None,
        as_of: Moment | None = None,
        period: Unit | None = None,
        unit: Unit | None = None,
        observed_from: Moment | None = None,
        entry: str | None = None,
        weights: str | None = None,
        customer: str | None = None,
    ) -> Tenures:
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
        as_of : date, datetime, datetime64 or ISO text
            With dates: end of observation, inclusive; who leaves later still runs.
        period : {"month", "quarter", "year", "week", "day"}, optional
            Count whole periods, as of contracts that renew: of those who left the periods begun, of the others those
            completed. Periods end on anniversaries of the start by the calendar (31 January and a month is the end
            of February; a week is 7 days); times of day are dropped, and who leaves at once has begun one. Ends are
            those of paid periods: where customers walk out in between, churn comes out a little too high, as
            in the period in progress at `as_of` only those who left count. With durations: they are such counts.
        unit : {"month", "quarter", "year", "week", "day"}, optional
            Instead of `period`: exact time in this unit (a month is 365.25 / 12 days). With dates months by default.
        observed_from : date, datetime, datetime64 or ISO text, optional
            With dates: relationships that had ended before this day are not all in the data. They are left out
            (`left_out` counts them), with those that ended at its beginning, and those that run on have their
            tenure then as entry; by period, at the first renewal from this day on, as the period in progress was
            not seen from its beginning. A date without a time of day is the beginning of the day.

        Raises
        ------
        DataError
            A column is not found, or two could be meant; a start is missing or after `as_of` or the end; or the
            values break a rule of `Tenures`.
        ParameterError
            Neither unit nor period says what durations are in; both do; `as_of` is missing or before `observed_from`.

        Examples
        --------
        >>> table = {"id": [7, 8], "start": ["2024-01-01", "2024-01-01"], "end": ["2024-01-15", None]}
        >>> Tenures.from_table(table, as_of="2024-03-01", unit="week").duration.round(3)
        array([2.   , 8.571])
        """
        from custvalue.evidence.tenure_readers import read_tenures  # noqa: PLC0415 (the readers stand above)

        given = {"duration": duration, "ended": ended, "start": start, "end": end}
        given.update(entry=entry, weights=weights, ids=customer)
        return cls(**read_tenures(table, given, as_of=as_of, observed_from=observed_from, unit=unit, period=period))

    @classmethod
    def from_cohorts(
        cls, survivors: Mapping[Any, ArrayLike] | Iterable[ArrayLike] | ArrayLike, *, unit: Unit
    ) -> Tenures:
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
        from custvalue.evidence._cohort_rows import read_cohorts  # noqa: PLC0415 (like the other readers)

        return cls(**read_cohorts(survivors), unit=unit)

    @classmethod
    def from_transactions(
        cls,
        log: Any,  # noqa: ANN401 (any dataframe, path or mapping)
        *,
        inactive_after: float,
        unit: Unit,
        customer: str = "customer_id",
        date: str = "date",
        observed_until: Moment | None = None,
        **options: Any,  # noqa: ANN401 (as of RFM.from_transactions, each with its own type)
    ) -> Tenures:
        """Take a rule for leaving where leaving is not seen: who is silent for `inactive_after` has left.

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
        customer, date, observed_until, **options
            As in `RFM.from_transactions`, like amount, refunds, first_purchase_from, timezone.

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
        from custvalue.evidence.tenure_readers import read_inactivity  # noqa: PLC0415 (the readers stand above)

        columns = {"customer": customer, "date": date, "observed_until": observed_until}
        return cls(**read_inactivity(log, inactive_after, unit=unit, **columns, **options))

    def __len__(self) -> int:
        return len(self.duration)

    def __getitem__(self, rows: Any) -> Tenures:  # noqa: ANN401 (whatever NumPy takes)
        """Some of the rows: a boolean mask, a slice or positions, as for an array."""
        return evolve(
            self,
            duration=self.duration[rows],
            ended=self.ended[rows],
            entry=self.entry[rows],
            weights=self.weights[rows],
            ids=None if self.ids is None else self.ids[rows],
        )

    def __repr__(self) -> str:
        return described(self)

    def distinct(self) -> Distinct:
        """The distinct rows of (duration, ended, entry); `counts` are the sums of their weights. Kept."""
        if not self._distinct:
            columns = (self.duration.ravel(), self.ended.ravel().astype(np.float64), self.entry.ravel())
            each = distinct(*columns, ticks=DAYS[self.unit])
            counts = np.bincount(each.index, self.weights.ravel(), len(each.counts)).astype(np.float64)
            self._distinct.append(evolve(each, counts=counts))
        return self._distinct[0]


if TYPE_CHECKING:
    from custvalue.evidence.tenures import Tenures
