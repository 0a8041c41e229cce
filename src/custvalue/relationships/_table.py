"""A table of relationships, and one of their cash flows, as columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from custvalue._columns import DAY, check_rows, days_since_epoch, numbers
from custvalue._typing import Array, NDArray
from custvalue.discounting.cash_flow_batch import CashFlowBatch
from custvalue.errors import DataError
from custvalue.evidence.logs.columns import Column
from custvalue.evidence.logs.reading import read_columns
from custvalue.evidence.summary_tables import column_values
from custvalue.records.cash_flow import CashFlows
from custvalue.relationships._records import Measured

_SIGNS = {"positive": 1.0, "negative": -1.0, "": 0.0}


def read_rows(
    table: Any,  # noqa: ANN401 (any dataframe)
    named: Mapping[str, str | None],
    scales: Mapping[str, tuple[float, float]],
) -> dict[str, Any]:
    """The columns of `Relationships`, without cash flows."""
    wanted = {part: name for part, name in named.items() if name is not None}
    columns = read_columns(table, [*wanted.values(), *scales])
    read = dict(zip(wanted, columns, strict=False))
    start, dated = _times("start", read["start"])
    n = len(start)
    end = np.full(n, np.nan)
    if "end" in read:
        end, ends_dated = _times("end", read["end"])
        if not np.isnan(end).all() and ends_dated is not dated:
            raise DataError("start and end must both be dates, or both years from now")
    ids = column_values(read["id"]) if "id" in read else np.arange(n)
    measured = dict(zip(scales, columns[len(wanted) :], strict=True))
    return {
        "ids": ids,
        "start": start,
        "end": end,
        "dated": dated,
        "party": _texts(read["party"], "customer") if "party" in read else np.full(n, "customer"),
        "contractual": _flags(read["contractual"]) if "contractual" in read else np.full(n, np.nan),
        "valence": _signs(read["valence"]) if "valence" in read else np.zeros(n),
        "type": _texts(read["type"], "") if "type" in read else np.full(n, ""),
        "traits": {name: _trait(name, column, scales[name], ids) for name, column in measured.items()},
    }


def read_flows(
    flows: Any,  # noqa: ANN401 (any dataframe, or None)
    named: Mapping[str, str | None],
    ids: NDArray[Any],
    *,
    dated: bool,
) -> CashFlowBatch:
    """Cash flows, a series per relationship, in the order of `ids`."""
    if flows is None:
        return CashFlowBatch(CashFlows([], []), np.zeros(len(ids) + 1, dtype=np.intp), ids)
    wanted = {part: name for part, name in named.items() if name is not None}
    read = dict(zip(wanted, read_columns(flows, list(wanted.values())), strict=True))
    rows = _rows_of(column_values(read["id"]), ids)
    when, flows_dated = _times("when", read["when"])
    if flows_dated is not dated and len(when):
        raise DataError("relationships and cash flows must all have dates, or all be in years from now")
    order = np.argsort(rows, kind="stable")
    moment: Any = (
        np.datetime64("1970-01-01", "us") + np.rint(when * 86_400e6).astype("timedelta64[us]") if dated else when
    )
    kinds = _texts(read["kind"], "purchase")[order] if "kind" in read else None
    columns = CashFlows(numbers("amount", column_values(read["amount"]))[order], moment[order], kinds)
    return CashFlowBatch(columns, np.append(0, np.cumsum(np.bincount(rows, minlength=len(ids)))), ids)


def _rows_of(keys: NDArray[Any], ids: NDArray[Any]) -> NDArray[np.intp]:
    """The row of each key among the ids."""
    if len(ids) and ids.dtype.kind == "O":
        known = {key: i for i, key in enumerate(ids.tolist())}
        rows = np.array([known.get(key, -1) for key in keys.tolist()], dtype=np.intp)
        found, twice = rows >= 0, len(known) < len(ids)
    else:
        order = np.argsort(ids, kind="stable")
        place = np.minimum(np.searchsorted(ids, keys, sorter=order), max(len(ids) - 1, 0))
        rows = order[place] if len(ids) else np.zeros(len(keys), dtype=np.intp)
        found = ids[rows] == keys if len(ids) else np.zeros(len(keys), dtype=bool)
        twice = len(ids) > 1 and bool((ids[order[1:]] == ids[order[:-1]]).any())
    if twice:
        raise DataError("every relationship must have an own id, so that cash flows find theirs; some are there twice")
    if not np.all(found):
        first = keys[~found].tolist()[0]
        raise DataError(
            f"every cash flow must be of a relationship in the table; {int((~found).sum())} of {len(keys)} are not, "
            f"first: {first!r}. Name the table's column of ids with id=, add the relationship, or leave the flow out."
        )
    return rows


def _times(name: str, column: Column) -> tuple[Array, bool]:
    """Days since 1970-01-01, or years from now; NaN where missing."""
    if column.codes is not None:
        days = np.array([days_since_epoch(value) for value in column.values], dtype=np.float64)
        return np.append(days, np.nan)[column.codes], True
    values = column.values
    if values.dtype.kind == "M":
        days = (values - np.datetime64("1970-01-01")) / DAY
        return np.where(column.absent, np.nan, days), True
    if values.dtype.kind not in "iuf":
        raise DataError(f"{name} must hold dates or years from now; got values of type {values.dtype}")
    return np.where(column.absent, np.nan, values.astype(np.float64)), False


def _texts(column: Column, default: str) -> NDArray[np.str_]:
    if column.codes is None:
        return np.array([default if value is None else str(value) for value in column_values(column).tolist()])
    names = np.array([*(str(value) for value in column.values), default], dtype=np.str_)
    return names[column.codes]


def _flags(column: Column) -> Array:
    flags = _numbers("contractual", column)
    ok = np.isnan(flags) | (flags == 0) | (flags == 1)
    check_rows(ok, "contractual must be true, false or empty", "Write 1 or 0.", contractual=flags)
    return flags


def _numbers(name: str, column: Column) -> Array:
    """Numbers, NaN where missing."""
    values = np.asarray(column_values(column))
    if values.dtype.kind == "O":
        values = np.array([np.nan if value is None else value for value in values.tolist()], dtype=object)
    return np.where(column.absent, np.nan, numbers(name, values))


def _signs(column: Column) -> Array:
    names = _texts(column, "")
    unknown = ~np.isin(names, list(_SIGNS))
    if unknown.any():
        raise DataError(
            f"valence must be 'positive', 'negative' or empty; {int(unknown.sum())} of {len(names)} are not, first: "
            f"{str(names[unknown][0])!r}"
        )
    return np.where(names == "positive", 1.0, np.where(names == "negative", -1.0, 0.0))


def _trait(name: str, column: Column, scale: tuple[float, float], ids: NDArray[Any]) -> Measured:
    low, high = float(scale[0]), float(scale[1])
    if not low < high:
        raise DataError(f"the scale of trait {name!r} must rise: low < high; got {scale}")
    value = _numbers(name, column)
    check_rows(
        np.isnan(value) | ((value >= low) & (value <= high)),
        f"{name} must lie on its scale, from {low:g} to {high:g}",
        "Correct the value, or declare the scale it was measured on.",
        ids=ids,
        **{name: value},
    )
    return Measured(value, np.full(len(value), low), np.full(len(value), high))
