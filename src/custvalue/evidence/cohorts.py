"""Cohorts: customers won in one period, how many of them are active and what they spend in each period after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, Self, Unpack

import numpy as np
from attrs import evolve, field, frozen

from custvalue._arguments import one_of
from custvalue._columns import check_rows, column, same, sealed
from custvalue._typing import Array, ArrayLike, Ints, NDArray
from custvalue.errors import DataError
from custvalue.evidence.cohort_counts import labels_of, parsed_cohorts
from custvalue.evidence.columns import as_names
from custvalue.evidence.logs.columns import as_column
from custvalue.evidence.logs.kinds import Kind, to_kind
from custvalue.evidence.logs.options import PeriodOptions
from custvalue.evidence.logs.reading import open_periods
from custvalue.evidence.tenures import Tenures
from custvalue.units import Unit, as_unit


def _as_counts(values: Mapping[Any, ArrayLike] | Iterable[ArrayLike] | ArrayLike) -> Array:
    _, cohorts = parsed_cohorts(values)
    matrix = np.full((len(cohorts), max(map(len, cohorts))), np.nan)
    for row, cohort in zip(matrix, cohorts, strict=True):
        row[: len(cohort)] = cohort
    return sealed(matrix)


def _as_revenue(values: ArrayLike | None) -> Array | None:
    return None if values is None else column("revenue", values)


@frozen(repr=False, init=False)
class Cohorts:
    """Customers of each cohort who are active in each period since, and their revenue.

    A row is a cohort, a column the number of periods since the one in which it was won; column 0 is its size. NaN
    means: not yet observed, and nothing else; it stands only at the ends of rows.

    Parameters
    ----------
    counts : array_like, list or mapping of such
        Rows of any lengths, or a matrix with NaN after the end of each.
    revenue : array_like, shape of counts, optional
        Revenue of the cohort in each period.
    labels : array_like, shape (cohorts,), optional
        The cohorts' names, such as the first days of their periods; by default a mapping's, else 0, 1, 2, ...
    unit : {"year", "quarter", "month", "week", "day"}
        The period.
    kind : str, optional
        The kind of dataframe that `table` answers in: "pandas", "polars", "pyarrow", ..., by default "dict".

    Raises
    ------
    DataError
        A number is missing before the end of its cohort or negative, a cohort is empty, or shapes differ.

    Notes
    -----
    From a log a customer is active in a period with a purchase in it, and may be again later: counts need not fall.
    From `Tenures`, and of subscribers, counts are survivors, and fall.

    Examples
    --------
    >>> cohorts = Cohorts([[10_000, 8_000, 6_480], [10_000, 8_000]], labels=[2021, 2022], unit="year")
    >>> cohorts.retention().tolist()
    [[1.0, 0.8, 0.648], [1.0, 0.8, nan]]
    >>> cohorts.retention(of="previous", pooled=True)
    array([0.8 , 0.81])
    """

    counts: Array = field(converter=_as_counts, eq=same)
    revenue: Array | None = field(default=None, converter=_as_revenue, eq=same)
    labels: NDArray[Any] = field(default=None, kw_only=True, converter=as_names, eq=same)
    unit: Unit = field(kw_only=True, converter=as_unit)
    kind: Kind = field(default="dict", kw_only=True, eq=False)

    def __init__(
        self,
        counts: Mapping[Any, ArrayLike] | Iterable[ArrayLike] | ArrayLike,
        revenue: ArrayLike | None = None,
        *,
        labels: ArrayLike | None = None,
        unit: Unit,
        kind: Kind = "dict",
    ) -> None:
        if labels is None and isinstance(counts, Mapping):
            labels = labels_of(list(counts))
        self.__attrs_init__(counts, revenue, labels=labels, unit=unit, kind=kind)  # pyright: ignore[reportAttributeAccessIssue]

    def __attrs_post_init__(self) -> None:
        labels = sealed(np.arange(len(self.counts))) if self.labels is None else self.labels
        if labels.shape != self.counts.shape[:1]:
            raise DataError(f"labels must be one per cohort: {len(self.counts)}; got shape {labels.shape}")
        check_rows(self.counts[:, 0] > 0, "a cohort must have customers", "Leave it out.", ids=labels)
        if self.revenue is not None and not np.array_equal(np.isfinite(self.revenue), np.isfinite(self.counts)):
            raise DataError("revenue must be given, and finite, where counts are: in the same cells of one shape")
        object.__setattr__(self, "labels", labels)

    @classmethod
    def from_transactions(
        cls,
        log: Any,  # noqa: ANN401 (any dataframe, path or mapping)
        *,
        unit: Unit,
        **options: Unpack[PeriodOptions],
    ) -> Self:
        """Take the customers of a transaction log by the period of their first purchase.

        Only complete periods count: a last one that observation does not cover to its end is left out, with its
        purchases. Customers who bought before the log begins look new in it: its first cohorts hold them too.

        Parameters
        ----------
        log : dataframe, path or mapping
            One row per purchase, of any kind that `RFM.from_transactions` takes.
        unit : {"month", "quarter", "year", "week", "day"}
            Calendar periods; weeks are 7-day bins counted back from `observed_until`. Labels are their first days.
        **options
            customer, date, amount, observed_until, refunds and timezone as in `RFM.from_transactions`. Without `amount`
            there is no revenue; with refunds="net" it is net, from the first purchase's period on.

        Raises
        ------
        DataError, ParameterError
            As in `RFM.from_transactions`; or no complete period has a purchase.

        Examples
        --------
        >>> log = {"customer_id": [1, 2, 1, 3], "date": ["2024-01-05", "2024-01-09", "2024-02-01", "2024-02-02"]}
        >>> cohorts = Cohorts.from_transactions(log, unit="month", observed_until="2024-02-29")
        >>> cohorts.labels.astype(str).tolist(), cohorts.counts.tolist()
        (['2024-01-01', '2024-02-01'], [[2.0, 1.0], [1.0, nan]])
        """
        opened = open_periods(log, unit, options)
        cells = opened.periods()
        born, row = np.unique(cells.first, return_inverse=True)
        since, cohort = cells.period - cells.first[cells.owner], row[cells.owner]
        known = np.arange(cells.last - born[0] + 1) <= (cells.last - born)[:, None]
        counts = _summed(cells.bought.astype(np.float64), cohort, since, known)
        revenue = None if cells.spend is None else _summed(cells.spend, cohort, since, known)
        return cls(counts, revenue, labels=cells.first_days(born), unit=unit, kind=opened.kind)

    @classmethod
    def from_tenures(cls, tenures: Tenures, cohorts: ArrayLike) -> Self:
        """Take tenures by whole periods, each with the name of its cohort: the inverse of `Tenures.from_cohorts`.

        A cohort is observed as long as the youngest of its relationships that still run; to its end where none does.

        Raises
        ------
        DataError
            The tenures are not by period or have entries, so that a cohort's size is not known, or names are missing.
        """
        labels = labels_of(list(cohorts)) if isinstance(cohorts, (list, tuple)) else np.asarray(cohorts)
        missing = as_column(labels.ravel(), None).absent
        check_rows(~missing, "a row must have the name of its cohort", "Leave those rows out.")
        if not tenures.by_period or tenures.entry.any():
            raise DataError(
                "cohorts need tenures by whole periods that are seen from their start (entry 0). Make them with "
                "Tenures.from_table(..., by_period=True), and leave out who started before observation began"
            )
        if labels.shape != tenures.duration.shape:
            raise DataError(f"cohorts must be one name per row: {len(tenures)}; got shape {labels.shape}")
        if not len(tenures):
            raise DataError("tenures must hold at least one row; there are none")
        names, row = np.unique(labels, return_inverse=True)
        stayed = (tenures.duration - tenures.ended).astype(np.intp)
        length = _observed(tenures, row, len(names))
        known = np.arange(length.max() + 1) <= length[:, None]
        left = _summed(tenures.weights, row, np.minimum(stayed, length[row]), known)
        counts = np.cumsum(np.nan_to_num(left)[:, ::-1], axis=1)[:, ::-1]
        return cls(np.where(known, counts, np.nan), labels=names, unit=tenures.unit)

    def retention(self, of: Literal["cohort", "previous"] = "cohort", *, pooled: bool = False) -> Array:
        """Share of each cohort that is active in each period, of its size or of the period before.

        Parameters
        ----------
        of : {"cohort", "previous"}
            "cohort": column k is counts k / counts 0; column 0 is 1. "previous": column k is counts k+1 / counts k,
            one column fewer; NaN also where nobody was there before.
        pooled : bool
            All cohorts together, as one row: sums over those that are observed in both periods. Of the previous period
            these are, of survivors, the Kaplan-Meier estimates, whatever mix of cohorts.

        Raises
        ------
        ParameterError
            `of` is none of its choices.
        """
        one_of("of", of, ("cohort", "previous"))
        above = self.counts if of == "cohort" else self.counts[:, 1:]
        below = np.broadcast_to(self.counts[:, :1], above.shape) if of == "cohort" else self.counts[:, :-1]
        if pooled:
            below, above = (np.where(np.isfinite(above), part, 0.0).sum(0) for part in (below, above))
        return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0))

    def revenue_retention(self) -> Array:
        """Revenue of each cohort in each period as a share of that in its first: above 1 where those left spend more.

        Raises
        ------
        DataError
            There is no revenue, or a cohort had none in its first period.
        """
        if self.revenue is None:
            raise DataError("these cohorts have no revenue; give amount= or revenue= when making them")
        start = self.revenue[:, :1]
        check_rows(start[:, 0] > 0, "a cohort must have revenue in its first period", "Leave it out.", ids=self.labels)
        return np.asarray(self.revenue / start)

    def tenures(self) -> Tenures:
        """The cohorts as tenures with weights, the label as id; DataError where a cohort grows."""
        known = {i: row[np.isfinite(row)] for i, row in enumerate(self.counts)}
        rows = Tenures.from_cohorts(known, unit=self.unit)
        assert rows.ids is not None  # noqa: S101 (a mapping has names)
        return evolve(rows, ids=self.labels[rows.ids])

    def table(self) -> Any:  # noqa: ANN401 (the caller's own kind of dataframe)
        """One row per cohort and observed period, in the kind of dataframe that the log came in (else a dict).

        Columns: cohort (its label), period (0, 1, ...), customers, retention (of the cohort's size), revenue.
        """
        known = np.isfinite(self.counts)
        row, period = np.nonzero(known)
        columns = {"cohort": self.labels[row], "period": period, "customers": self.counts[known]}
        columns["retention"] = self.retention()[known]
        if self.revenue is not None:
            columns["revenue"] = self.revenue[known]
        return to_kind(columns, self.kind)

    def __len__(self) -> int:
        return len(self.counts)

    def __getitem__(self, rows: Any) -> Cohorts:  # noqa: ANN401 (whatever NumPy takes)
        """Some of the cohorts: a boolean mask, a slice or positions, as for an array."""
        some = np.atleast_1d(np.arange(len(self))[rows])
        width = int(np.isfinite(self.counts[some]).sum(1).max(initial=1))
        revenue = None if self.revenue is None else self.revenue[some, :width]
        labels = self.labels[some]
        return Cohorts(self.counts[some, :width], revenue, labels=labels, unit=self.unit, kind=self.kind)

    def __repr__(self) -> str:
        names = f"{self.labels[0]} to {self.labels[-1]}" if len(self) > 1 else f"{self.labels[0]}"
        return (
            f"Cohorts of {self.counts[:, 0].sum():,.10g} customers: {len(self)} by {self.unit}, {names}, "
            f"observed for up to {self.counts.shape[1] - 1} {self.unit}s"
        )


def _summed(values: Array, row: Ints, column: Ints, known: NDArray[np.bool_]) -> Array:
    """Sums of values by cell of a matrix, NaN where a cell is not known."""
    width = known.shape[1]
    sums = np.bincount(row * width + column, values, known.size).reshape(known.shape)
    return np.where(known, sums, np.nan)


def _observed(tenures: Tenures, row: Ints, cohorts: int) -> Ints:
    """How many periods each cohort is observed."""
    length = np.full(cohorts, np.iinfo(np.intp).max)
    np.minimum.at(length, row[~tenures.ended], tenures.duration[~tenures.ended].astype(np.intp))
    longest = np.zeros(cohorts, dtype=np.intp)
    np.maximum.at(longest, row, tenures.duration.astype(np.intp))
    return np.asarray(np.minimum(length, longest))
