"""A log in memory, in NumPy alone: one sort of (customer, tick) keys, then sums by customer."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from attrs import evolve, field, frozen

from custvalue._typing import Array, Bools, Ints, NDArray
from custvalue.errors import DataError
from custvalue.evidence.logs import messages as say
from custvalue.evidence.logs.columns import Column
from custvalue.evidence.logs.dates import column_ticks
from custvalue.evidence.logs.options import End, Options, Ticks
from custvalue.evidence.logs.rows import Cells, Extent, Histories, Tally

_KEYS: Final = 1 << 62
"""Largest range of (customer, tick) keys, which are 64-bit integers; beyond it ticks are ranked first."""

_TABLE: Final = 1 << 26
"""Largest range of (customer, period) keys that is summed in a table rather than sorted: a table of 512 MB."""


@frozen(eq=False)
class ArrayLog:
    """Rows of a log as integers: customer number, tick, amount. Made by `array_log`, which checks them."""

    ids: NDArray[Any] = field()
    codes: Ints = field()
    ticks: Ticks = field()
    amount: Array | None = field()
    options: Options = field()
    whole_days: bool = field()

    def extent(self) -> Extent:
        first, last = int(self.ticks.min()), int(self.ticks.max())
        if self.amount is None:
            return Extent(len(self.codes), first, last, self.whole_days)
        nonpositive = int(np.count_nonzero(self.amount <= 0))
        return Extent(len(self.codes), first, last, self.whole_days, nonpositive, float(self.amount.sum()))

    def check_end(self, end: End, named: str) -> None:
        say.check_positions(
            self.options.date, say.too_late(named), self.ticks > end.last, self.ticks.view(self.options.tick_type)
        )

    def histories(self, end: End, *, ticks: bool) -> Histories:
        rows = _up_to(self, end)
        first, last, count, when = _purchases(rows, end)
        bought = count > 0
        total = opening = None
        if rows.amount is not None:
            total, opening = _spend(rows, first, end)
            total, opening = total[bought], opening[bought]
        return Histories(
            rows.ids[bought], first[bought], last[bought], count[bought], total, opening, when if ticks else None
        )

    def cells(self, end: End) -> Cells:
        rows = _up_to(self, end)
        period = rows.options.period(rows.ticks, end.tick)
        low = int(period.min()) if len(period) else 0
        width = int(period.max()) - low + 1 if len(period) else 1
        key, bought, spend = _totals(rows.codes * width + (period - low), rows.amount, len(rows.ids) * width)
        return Cells(rows.ids, key // width, key % width + low, bought, spend)

    def tally(self, after: End, until: End) -> Tally:
        rows = _up_to(_only(self, self.ticks > after.last), until)
        _, __, count, ___ = _purchases(rows, after)
        spend = None if rows.amount is None else _sum(rows, slice(None))
        return Tally(rows.ids, count, spend)


def _totals(key: Ints, amount: Array | None, size: int) -> tuple[Ints, Bools, Array | None]:
    """The distinct keys, whether each has a purchase, and its spend; in a table of all `size` keys if it is small."""
    known: Ints | None = None
    if size > min(_TABLE, 16 * len(key) + 1024):
        known, key = np.unique(key, return_inverse=True)
        size = len(known)
    some = np.flatnonzero(np.bincount(key, minlength=size))
    bought, spend = np.ones(len(some), dtype=bool), None
    if amount is not None:
        spend = np.bincount(key, amount, size)[some].astype(np.float64, copy=False)
        if (amount < 0).any():
            bought = np.bincount(key[amount >= 0], minlength=size)[some] > 0
    return some if known is None else known, bought, spend


def _up_to(log: ArrayLog, end: End) -> ArrayLog:
    keep: Bools | None = None
    if len(log.ticks) and log.ticks.max() > end.last:
        keep = log.ticks <= end.last
    if log.amount is not None and log.options.refunds == "drop" and (log.amount <= 0).any():
        keep = log.amount > 0 if keep is None else keep & (log.amount > 0)
    return log if keep is None else _only(log, keep)


def _only(log: ArrayLog, keep: Bools) -> ArrayLog:
    amount = None if log.amount is None else log.amount[keep]
    return evolve(log, codes=log.codes[keep], ticks=log.ticks[keep], amount=amount)


def _purchases(rows: ArrayLog, end: End) -> tuple[Ticks, Ticks, NDArray[np.int64], Ticks]:
    """First and last tick and number of periods with a purchase, of every customer; and all ticks, by customer."""
    codes, ticks = rows.codes, rows.ticks
    if rows.amount is not None and rows.options.refunds == "net" and (rows.amount < 0).any():
        bought = rows.amount >= 0
        codes, ticks = codes[bought], ticks[bought]
    who, when = _distinct(codes, ticks, len(rows.ids))
    period = rows.options.period(when, end.tick)
    starts = _changes(who, period)
    who, when = who[starts], when[starts]
    heads = np.flatnonzero(_changes(who))
    tails = np.append(heads[1:], len(who)) - 1 if len(who) else heads
    first, last, count = (np.zeros(len(rows.ids), dtype=np.int64) for _ in range(3))
    first[who[heads]], last[who[heads]], count[who[heads]] = when[heads], when[tails], tails - heads + 1
    return first, last, count, when


def _distinct(codes: Ints, ticks: Ticks, customers: int) -> tuple[Ints, Ticks]:
    """The distinct (customer, tick) pairs, in order."""
    if not len(codes):
        return codes, ticks
    low, span = int(ticks.min()), int(np.ptp(ticks)) + 1
    ranked: Ticks | None = None
    if span * customers >= _KEYS:
        ranked, ticks = np.unique(ticks, return_inverse=True)
        low, span = 0, len(ranked)
    key: NDArray[Any] = np.multiply(codes, span, dtype=np.int64)
    key += ticks
    key -= low
    if span * customers < 1 << 32:  # half the bytes: sorted in less than two thirds of the time
        key = key.astype(np.uint32)
    key.sort()
    key = key[_changes(key)].astype(np.int64)
    who = key // span
    when = key - who * span  # np.divmod takes ten times as long
    return who, when + low if ranked is None else ranked[when]


def _changes(*columns: NDArray[Any]) -> Bools:
    """Where a row differs from the one before it."""
    change = np.ones(len(columns[0]), dtype=bool)
    if len(change):
        np.not_equal(columns[0][1:], columns[0][:-1], out=change[1:])
        for column in columns[1:]:
            change[1:] |= column[1:] != column[:-1]
    return change


def _spend(rows: ArrayLog, first: Ticks, end: End) -> tuple[Array, Array]:
    """Spend from the first purchase on, and spend in the period of the first purchase."""
    period = rows.options.period(rows.ticks, end.tick)
    opening = rows.options.period(first, end.tick)[rows.codes]
    refunds_before: Bools = period < opening
    total = _sum(rows, ~refunds_before if refunds_before.any() else slice(None))
    return total, _sum(rows, period == opening)


def _sum(rows: ArrayLog, which: Bools | slice) -> Array:
    assert rows.amount is not None  # noqa: S101 (callers ask only where there are amounts)
    return np.asarray(np.bincount(rows.codes[which], rows.amount[which], len(rows.ids)), dtype=np.float64)


def array_log(customer: Column, date: Column, amount: Column | None, options: Options) -> ArrayLog:
    """Check the columns and turn them into integers and floats."""
    columns = [customer, date] if amount is None else [customer, date, amount]
    say.check_lengths(options.columns, columns)
    if not len(customer):
        raise say.empty()
    ids, codes = _codes(customer, options.customer)
    ticks, whole_days = column_ticks(date, options.date, options.tick_type, options.timezone)
    return ArrayLog(ids, codes, ticks, _amounts(amount, options), options, whole_days)


def _codes(column: Column, name: str) -> tuple[NDArray[Any], Ints]:
    """Sorted ids, and the number of its id for every row."""
    blank = np.array([_is_blank(value) for value in column.values], dtype=bool) if column.codes is not None else None
    absent = column.absent if blank is None or not blank.any() else column.absent | blank[column.codes]
    say.check_positions(name, say.NO_ID, absent, column)
    if column.codes is not None:
        return _sorted_codes(column.values, column.codes, name)
    values = column.values
    if values.dtype.kind in "iu":
        low, span = int(values.min()), int(values.max()) - int(values.min()) + 1
        if span <= 4 * len(values) + 1024:
            kind = values.dtype.type
            return np.arange(span).astype(kind) + kind(low), _shifted(values, low)  # a sum that may wrap around
    ids, codes = np.unique(values, return_inverse=True)
    return ids, codes


def _is_blank(value: object) -> bool:
    return isinstance(value, (str, bytes)) and not value.strip()


def _shifted(values: NDArray[Any], low: int) -> Ints:
    """Integers of any width less their minimum, in one pass and without overflow."""
    if values.dtype.kind == "u":
        return np.asarray(values - values.dtype.type(low), dtype=np.intp)
    return np.asarray(np.subtract(values, low, dtype=np.int64), dtype=np.intp)


def _sorted_codes(values: NDArray[Any], codes: Ints, name: str) -> tuple[NDArray[Any], Ints]:
    kinds = {type(value).__name__ for value in values}
    if len(kinds) > 1:
        raise DataError(
            f"column {name!r} mixes ids of types {', '.join(sorted(kinds))}; make them all one type, for example text."
        )
    plain = np.array(values.tolist())
    if plain.ndim != 1 or plain.dtype.kind == "S":
        plain = values
    order = np.argsort(plain, kind="stable")
    number = np.empty(len(order), dtype=np.intp)
    number[order] = np.arange(len(order))
    return plain[order], number[codes]


def _amounts(column: Column | None, options: Options) -> Array | None:
    if column is None or options.amount is None:
        return None
    values = _floats(column, options.amount)
    say.check_positions(options.amount, say.NOT_AN_AMOUNT, column.absent | ~np.isfinite(values), column)
    if options.refunds == "raise":
        say.check_positions(options.amount, say.NO_REFUNDS, values <= 0, values)
    return values


def _floats(column: Column, name: str) -> Array:
    if column.codes is None and column.values.dtype.kind in "iuf":
        return column.values.astype(np.float64, copy=False)
    if column.codes is None:
        raise say.broken_rows(name, say.NOT_AN_AMOUNT, len(column), len(column), [f"type {column.values.dtype}"])
    text = np.array([isinstance(value, (str, bytes)) or not _is_number(value) for value in column.values], dtype=bool)
    if text.any():
        say.check_positions(name, say.NOT_AN_AMOUNT, column.absent | text[column.codes], column)
    values = np.append(column.values.astype(np.float64), np.nan)
    return values[column.codes]


def _is_number(value: Any) -> bool:  # noqa: ANN401 (any value of an object column)
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True
