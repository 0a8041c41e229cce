"""Series of cash flows, of one or of many: read from any form a user may give, and discounted in blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from attrs import frozen

from custvalue._columns import DAY, check_rows, is_dated, moments, numbers
from custvalue._typing import Array, ArrayLike, Ints, NDArray
from custvalue.discounting.cash_flow_batch import CashFlowBatch, as_batch, as_offsets
from custvalue.discounting.day_count import ACTUAL, DayCount, as_day_count, years_between
from custvalue.discounting.rate import Discounting, Rate, log_factors
from custvalue.discounting.timing import first_payment
from custvalue.errors import DataError, ParameterError
from custvalue.numerics.ragged import blocks, exponential_sums, largest
from custvalue.records.cash_flow import CashFlow, CashFlows, HasCashFlows
from custvalue.records.time import EPOCH, DateLike, as_ticks
from custvalue.units import Unit, as_unit, per_year

DatesLike: TypeAlias = DateLike | ArrayLike
"""One date, or one per series."""

FlowsLike: TypeAlias = CashFlows | HasCashFlows | Iterable[CashFlow] | CashFlowBatch | ArrayLike
"""Cash flows with their own times, of one or of many; or plain amounts, one period apart."""

Shape: TypeAlias = tuple[int, ...]


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
    """The series of a batch, seen from a day of value: one for all, or one per series; None where times are years."""

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
        if self.day_count in ACTUAL:
            return np.asarray((self.batch.flows.times[flows] - (origin - EPOCH) / DAY) / ACTUAL[self.day_count])
        return years_between(origin, self.batch.flows.when[flows], self.day_count)


class Periodic(NamedTuple):
    """Amounts one period apart; those of each series begin `first` periods from now."""

    amounts: Array
    offsets: Ints
    first: float
    periods_per_year: float

    def years(self, rows: slice) -> Array:
        offsets = self.offsets[rows.start : rows.stop + 1]
        number = np.arange(offsets[0], offsets[-1]) - np.repeat(offsets[:-1], np.diff(offsets))
        return np.asarray((number + self.first) / self.periods_per_year)


@frozen(eq=False)
class Given:
    """What a user gave: series with times from their own first flow (or from now), and whether it is a single one."""

    series: Series
    single: bool
    dated: bool
    ids: NDArray[Any] | None = None

    def __len__(self) -> int:
        return len(self.series.offsets) - 1


# --- reading -------------------------------------------------------------------------------------------------------


def given(
    flows: FlowsLike, *, offsets: ArrayLike | None = None, unit: Unit | None = None, day_count: DayCount = "act/365"
) -> Given:
    """Read plain amounts, which `offsets` and `unit` are about, or cash flows, which need neither."""
    if not has_times(flows, empty=unit is None):
        if unit is None:
            raise ParameterError("plain amounts need unit, the time between two of them, such as unit='year'")
        amounts: Any = flows
        series = periodic(amounts, offsets, timing="now", unit=unit)
        return Given(series, offsets is None and np.ndim(amounts) == 1, dated=False)
    if offsets is not None or unit is not None:
        raise ParameterError(
            "offsets and unit are for plain amounts; cash flows have times of their own, and a batch has offsets"
        )
    batch = as_batch(flows)  # type: ignore[arg-type]
    origin = as_ticks(_first_times(batch)) if batch.flows.dated else None
    return Given(Clock(batch, origin, as_day_count(day_count)), batch is not flows, batch.flows.dated, batch.ids)


def has_times(flows: Any, *, empty: bool) -> bool:  # noqa: ANN401 (anything a user may give)
    """Whether these are cash flows, and not plain amounts; `empty` is what a list of nothing is."""
    if isinstance(flows, (CashFlows, CashFlowBatch)) or hasattr(flows, "cash_flows"):
        return True
    if hasattr(flows, "__array__") or not isinstance(flows, Iterable):
        return False
    if not isinstance(flows, (list, tuple)):
        return True
    return all(isinstance(one, CashFlow) for one in flows) if flows else empty


def _first_times(batch: CashFlowBatch) -> Array:
    """The earliest time of each series; 0 for an empty one."""
    first = -largest(-batch.flows.times, batch.offsets)
    return np.where(np.diff(batch.offsets) > 0, first, 0.0)


def periodic(amounts: ArrayLike, offsets: ArrayLike | None, *, timing: str, unit: Unit) -> Periodic:
    """Check amounts one period apart: one row per series, one series, or several with offsets."""
    table = numbers("amounts", amounts)
    if table.ndim not in ({1, 2} if offsets is None else {1}):
        wanted = "(n,), or (series, n)" if offsets is None else "(flows,), with offsets"
        raise DataError(f"amounts must be of shape {wanted}; got shape {table.shape}")
    check_rows(np.isfinite(table), "amounts must be finite", "Write 0 where nothing is paid.", amount=table)
    rows = np.arange(len(np.atleast_2d(table)) + 1) * table.shape[-1] if offsets is None else offsets
    ends = as_offsets(rows, table.size)
    return Periodic(table.ravel(), ends, first_payment(timing), per_year(as_unit(unit)))


def clock(batch: CashFlowBatch, as_of: DatesLike | None, day_count: DayCount) -> Clock:
    """Return the clock of a batch, or raise ParameterError where `as_of` does not belong to its flows."""
    name = as_day_count(day_count)
    remedy = "Flows in years from now are valued now: leave as_of out."
    origin = None if as_of is None else dates("as_of", as_of, len(batch), remedy)
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
    ticks = as_ticks(moments(name, items)[0])
    if not single and ticks.shape != (n,):
        raise ParameterError(f"{name} must be one date, or one per series, shape ({n},); got shape {ticks.shape}")
    return np.asarray(ticks[0]) if single else ticks


def _all_dated(items: Any) -> bool:  # noqa: ANN401 (anything a user may give)
    if isinstance(items, np.ndarray) and items.dtype.kind != "O":
        return bool(items.dtype.kind == "M")
    return isinstance(items, (list, tuple, np.ndarray)) and all(map(is_dated, items))


# --- discounting ---------------------------------------------------------------------------------------------------


class Block(NamedTuple):
    """Some series: their flows one after another, the years to each, the logarithms of the discount factors."""

    rows: slice
    offsets: Ints
    amounts: Array
    years: Array
    log_factors: Array


def valued(rate: Discounting, series: Series, *, single: bool, at: Array | None = None) -> Array:
    """Present values of the series, or their values `at` some years from the day of value."""
    out = np.empty((*scenarios(rate, series, single=single), len(series.offsets) - 1))
    for block in discounted(rate, series, single=single, at=at):
        out[..., block.rows] = exponential_sums(block.amounts, block.log_factors, block.offsets)
    return out[..., 0][()] if single else out


def discounted(rate: Discounting, series: Series, *, single: bool, at: Array | None = None) -> Iterator[Block]:
    """Go through the series in blocks; a `single` series may have a rate per flow."""
    for rows in blocks(series.offsets):
        offsets = series.offsets[rows.start : rows.stop + 1]
        counts = np.diff(offsets)
        own = rate if single else _per_flow(rate, rows, counts)
        years = series.years(rows)
        logs = log_factors(own, years)
        if at is not None:
            logs = logs - log_factors(own, np.repeat(np.broadcast_to(at, len(series.offsets) - 1)[rows], counts))
        yield Block(rows, offsets - offsets[0], series.amounts[offsets[0] : offsets[-1]], years, logs)


def scenarios(rate: Discounting, series: Series, *, single: bool) -> Shape:
    """The leading axes of an array of rates, or ParameterError where its last axis does not fit the flows."""
    shape = np.shape(rate.continuous_value) if isinstance(rate, Rate) else ()
    n, each = (len(series.amounts), "flow") if single else (len(series.offsets) - 1, "series")
    if shape and shape[-1] not in {1, n}:
        raise ParameterError(
            f"an array of rates must have one rate per {each}, shape ({n},), or scenarios of shape (k, 1) or "
            f"(k, {n}); got shape {shape}"
        )
    return shape[:-1]


def _per_flow(rate: Discounting, rows: slice, counts: Ints) -> Discounting:
    """Rates per series become rates per flow."""
    if not isinstance(rate, Rate) or np.shape(rate.continuous_value)[-1:] in {(), (1,)}:
        return rate
    force = np.asarray(rate.continuous_value)[..., rows]
    return Rate.continuous(np.repeat(force, counts, axis=-1))
