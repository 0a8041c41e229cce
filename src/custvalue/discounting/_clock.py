"""How many years from the day of value each cash flow lies, block by block."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from attrs import frozen

from custvalue._columns import DAY, is_dated, moments
from custvalue._typing import Array, ArrayLike, NDArray
from custvalue.discounting.batch import CashFlowBatch
from custvalue.discounting.day_count import DayCount, as_day_count, years_between
from custvalue.errors import ParameterError
from custvalue.records.moment import DateLike

DatesLike: TypeAlias = DateLike | ArrayLike
"""One date, or one per series."""

_EPOCH = np.datetime64("1970-01-01", "us")


@frozen(eq=False)
class Clock:
    """Years from the day of value to each flow; negative for flows before it."""

    batch: CashFlowBatch
    origin: NDArray[Any] | None
    day_count: DayCount

    def years(self, rows: slice) -> Array:
        """Years to the flows of some series."""
        offsets = self.batch.offsets
        flows = slice(offsets[rows.start], offsets[rows.stop])
        if self.origin is None:
            return self.batch.flows.times[flows]
        origin = self.origin
        if origin.ndim:
            origin = np.repeat(origin[rows], np.diff(offsets[rows.start : rows.stop + 1]))
        if self.day_count == "act/365":
            return np.asarray((self.batch.flows.times[flows] - (origin - _EPOCH) / DAY) / 365.0)
        return years_between(origin, self.batch.flows.when[flows], self.day_count)


def clock(batch: CashFlowBatch, as_of: DatesLike | None, day_count: DayCount) -> Clock:
    """Return the clock of a batch, or raise ParameterError where `as_of` does not belong to its flows."""
    name = as_day_count(day_count)
    origin = None if as_of is None else dates("as_of", as_of, len(batch))
    if batch.flows.dated and origin is None:
        raise ParameterError("dated flows need as_of, the day of the value, such as as_of='2024-12-31'")
    if origin is not None and len(batch.flows) and not batch.flows.dated:
        raise ParameterError("as_of is for dated flows; these are in years from now: leave as_of out")
    return Clock(batch, origin if len(batch.flows) else None, name)


def dates(name: str, value: DatesLike, n: int) -> NDArray[Any]:
    """One date, or one per series, as microseconds; ParameterError for anything else."""
    single = is_dated(value)
    if not single and not _all_dated(value):
        raise ParameterError(
            f"{name} must be a date; got {value!r}. Flows in years from now are valued now: leave {name} out."
        )
    items: Any = [value] if single else value
    days, _ = moments(name, items)
    ticks = _EPOCH + np.rint(days * 86_400_000_000).astype("timedelta64[us]")
    if not single and ticks.shape != (n,):
        raise ParameterError(f"{name} must be one date, or one per series, shape ({n},); got shape {ticks.shape}")
    return np.asarray(ticks[0]) if single else ticks


def _all_dated(value: Any) -> bool:  # noqa: ANN401 (anything a user may give)
    if isinstance(value, np.ndarray):
        return bool(value.dtype.kind == "M")
    return isinstance(value, (list, tuple)) and all(map(is_dated, value))
