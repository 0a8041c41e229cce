"""Tenures: how long customers stayed, and whether they left. The evidence where leaving is seen."""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import cmp_using, evolve, field, frozen

from custvalue._columns import check_rows, numbers, read_only
from custvalue._typing import Array, ArrayLike, Bools, NDArray
from custvalue.errors import DataError
from custvalue.evidence.distinct import Distinct, distinct
from custvalue.units import DAYS, Unit, as_unit

_same = cmp_using(eq=np.array_equal)


def _as_duration(values: ArrayLike) -> Array:
    return numbers("duration", values)


def _as_ended(values: ArrayLike) -> Bools:
    ended = numbers("ended", values)
    check_rows(
        (ended == 0) | (ended == 1),
        "ended must be 0 or 1 (False or True)",
        "1 where the customer has left, 0 where the relationship still runs.",
        ended=ended,
    )
    return np.asarray(ended == 1)


def _as_entry(values: ArrayLike | None) -> Array:
    return numbers("entry", 0.0 if values is None else values)


def _as_weights(values: ArrayLike | None) -> Array:
    return numbers("weights", 1.0 if values is None else values)


def _as_ids(values: ArrayLike | None) -> NDArray[Any] | None:
    return None if values is None else np.asarray(values)


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

    duration: Array = field(converter=_as_duration, eq=_same)
    ended: Bools = field(converter=_as_ended, eq=_same)
    entry: Array = field(default=None, kw_only=True, converter=_as_entry, eq=_same)
    weights: Array = field(default=None, kw_only=True, converter=_as_weights, eq=_same)
    ids: NDArray[Any] | None = field(default=None, kw_only=True, converter=_as_ids, eq=_same)
    unit: Unit = field(default="year", kw_only=True, converter=as_unit)
    by_period: bool = field(default=False, kw_only=True, converter=bool)
    _distinct: list[Distinct] = field(factory=list, init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        names = ("duration", "ended", "entry", "weights")
        try:
            columns = np.broadcast_arrays(*(getattr(self, name) for name in names))
        except ValueError:
            shapes = ", ".join(f"{name} {getattr(self, name).shape}" for name in names)
            raise DataError(f"the columns must have one length; got {shapes}") from None
        columns = [np.atleast_1d(column) for column in columns]
        if self.ids is not None and self.ids.shape != columns[0].shape:
            raise DataError(f"ids must have one name per row: shape {columns[0].shape}, got {self.ids.shape}")
        _check(*columns, by_period=self.by_period, ids=self.ids)
        for name, value in zip(names, columns, strict=True):
            object.__setattr__(self, name, read_only(value))

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
        span = f"{self.unit}s" + (", by period" if self.by_period else "")
        total, left = self.weights.sum(), self.weights[self.ended].sum()
        longest = f", up to {self.duration.max():g}" if len(self) else ""
        return (
            f"Tenures of {total:,.10g} customers in {span}: {left:,.10g} ended, "
            f"{total - left:,.10g} still running{longest}"
        )

    def distinct(self) -> Distinct:
        """The distinct rows of (duration, ended, entry); `counts` are the sums of their weights. Kept."""
        if not self._distinct:
            columns = (self.duration.ravel(), self.ended.ravel().astype(np.float64), self.entry.ravel())
            each = distinct(*columns, ticks=DAYS[self.unit])
            counts = np.bincount(each.index, weights=self.weights.ravel(), minlength=len(each.counts))
            self._distinct.append(evolve(each, counts=counts))
        return self._distinct[0]


def _check(
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
