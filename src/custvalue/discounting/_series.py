"""How many years from the day of value each cash flow lies, block by block."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

import numpy as np
from attrs import frozen

from custvalue._columns import DAY, check_rows, is_dated, moments, numbers
from custvalue._typing import Array, ArrayLike, Ints, NDArray
from custvalue.discounting._due import due_offset
from custvalue.discounting.cash_flow_batch import CashFlowBatch, as_offsets
from custvalue.discounting.day_count import DayCount, as_day_count, years_between
from custvalue.errors import DataError, ParameterError
from custvalue.records.time import DateLike
from custvalue.units import Unit, as_unit, per_year

DatesLike: TypeAlias = DateLike | ArrayLike
"""One date, or one per series."""

_LEAVE_OUT = "Flows in years from now are valued now: leave as_of out."
_EPOCH = np.datetime64("1970-01-01", "us")


class Series(Protocol):
    """Amounts of many series, one series after another, and how many years away they are."""

    @property
    def amounts(self) -> Array: ...

    @property
    def offsets(self) -> Ints: ...

    def years(self, rows: slice) -> Array:
        """Years to the flows of some series; negative for flows before the day of value."""
        ...


@frozen(eq=False)
class Clock:
    """The series of a batch, seen from a day of value: one for all, or one per series."""

    batch: CashFlowBatch
    origin: NDArray[Any] | None
    day_count: DayCount

    @property
    def amounts(self) -> Array:
        return self.batch.flows.amounts

    @property
    def offsets(self) -> Ints:
        return self.batch.offsets

    def years(self, rows: slice) -> Array:
        flows = slice(self.offsets[rows.start], self.offsets[rows.stop])
        if self.origin is None:
            return self.batch.flows.times[flows]
        origin = self.origin
        if origin.ndim:
            origin = np.repeat(origin[rows], np.diff(self.offsets[rows.start : rows.stop + 1]))
        if self.day_count == "act/365":
            return np.asarray((self.batch.flows.times[flows] - (origin - _EPOCH) / DAY) / 365.0)
        return years_between(origin, self.batch.flows.when[flows], self.day_count)


@frozen(eq=False)
class Periodic:
    """Amounts one period apart; those of each series begin `first` periods from now."""

    amounts: Array
    offsets: Ints
    first: float
    periods_per_year: float

    def years(self, rows: slice) -> Array:
        offsets = self.offsets[rows.start : rows.stop + 1]
        number = np.arange(offsets[0], offsets[-1]) - np.repeat(offsets[:-1], np.diff(offsets))
        return np.asarray((number + self.first) / self.periods_per_year)


def periodic(amounts: ArrayLike, offsets: ArrayLike | None, *, due: str, period: Unit) -> Periodic:
    """Check amounts one period apart: one row per series, one series, or several with offsets."""
    table = numbers("amounts", amounts)
    if table.ndim not in ({1, 2} if offsets is None else {1}):
        wanted = "(n,), or (series, n)" if offsets is None else "(flows,), with offsets"
        raise DataError(f"amounts must be of shape {wanted}; got shape {table.shape}")
    check_rows(np.isfinite(table), "amounts must be finite", "Write 0 where nothing is paid.", amount=table)
    rows = np.arange(len(np.atleast_2d(table)) + 1) * table.shape[-1] if offsets is None else offsets
    ends = as_offsets(rows, table.size)
    return Periodic(table.ravel(), ends, due_offset(due), per_year(as_unit(period)))


def clock(batch: CashFlowBatch, as_of: DatesLike | None, day_count: DayCount) -> Clock:
    """Return the clock of a batch, or raise ParameterError where `as_of` does not belong to its flows."""
    name = as_day_count(day_count)
    origin = None if as_of is None else dates("as_of", as_of, len(batch), _LEAVE_OUT)
    if batch.flows.dated and origin is None:
        raise ParameterError("dated flows need as_of, the day of the value, such as as_of='2024-12-31'")
    if origin is not None and len(batch.flows) and not batch.flows.dated:
        raise ParameterError("as_of is for dated flows; these are in years from now: leave as_of out")
    return Clock(batch, origin if len(batch.flows) else None, name)


def dates(name: str, value: object, n: int, remedy: str) -> NDArray[Any]:
    """One date, or one per series, as microseconds; ParameterError for anything else."""
    single = is_dated(value)
    items: Any = [value] if single else np.asarray(value) if hasattr(value, "__array__") else value
    if not single and not _all_dated(items):
        raise ParameterError(f"{name} must be a date; got {value!r}. {remedy}")
    days, _ = moments(name, items)
    ticks = _EPOCH + np.rint(days * 86_400_000_000).astype("timedelta64[us]")
    if not single and ticks.shape != (n,):
        raise ParameterError(f"{name} must be one date, or one per series, shape ({n},); got shape {ticks.shape}")
    return np.asarray(ticks[0]) if single else ticks


def _all_dated(items: Any) -> bool:  # noqa: ANN401 (anything a user may give)
    if isinstance(items, np.ndarray) and items.dtype.kind != "O":
        return bool(items.dtype.kind == "M")
    return isinstance(items, (list, tuple, np.ndarray)) and all(map(is_dated, items))
