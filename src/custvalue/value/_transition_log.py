"""Steps from state to state, read from sequences or from a long table."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np

from custvalue._typing import Bools, Ints, NDArray
from custvalue.errors import DataError
from custvalue.evidence.logs.columns import Column, as_column
from custvalue.evidence.logs.reading import read_columns

Steps = tuple[NDArray[Any], Ints, Ints]
"""Distinct states, and the codes of each step's origin and target."""


def steps_of_sequences(sequences: Iterable[Sequence[Hashable]]) -> Steps:
    """Steps within each sequence."""
    each = [list(sequence) for sequence in sequences]
    lengths = np.array([len(one) for one in each], dtype=np.intp)
    flat = np.empty(int(lengths.sum()), dtype=object)
    flat[:] = [state for one in each for state in one]
    who = np.repeat(np.arange(len(each)), lengths)
    column = as_column(flat, None)
    if column.absent.any():
        row = int(np.argmax(column.absent))
        raise DataError(
            f"states must be present; {int(column.absent.sum())} are missing, the first in sequence {who[row]}. "
            "End the sequence before it."
        )
    names, codes = _coded(column)
    within = who[1:] == who[:-1]
    return names, codes[:-1][within], codes[1:][within]


def steps_of_table(table: Any, customer: str, time: str, state: str, *, skip: bool) -> Steps:  # noqa: ANN401 (any dataframe)
    """Steps between consecutive periods of each customer."""
    wanted = {customer, time, state}
    if len(wanted) < 3:
        raise DataError(f"customer, time and state must be three columns; got {customer!r}, {time!r}, {state!r}")
    columns = read_columns(table, [customer, time, state])
    for name, column in zip((customer, time, state), columns, strict=True):
        _present(name, column)
    ids, who = _coded(columns[0])
    when = _whole(time, columns[1])
    names, codes = _coded(columns[2])
    order = np.lexsort((when, who))
    who, when, codes = who[order], when[order], codes[order]
    same = who[1:] == who[:-1]
    step = when[1:] - when[:-1]
    _refuse(
        same & (step == 0),
        "a customer must have one row per period",
        "Keep one state per period.",
        ids[who[1:]],
        when[1:],
    )
    gap = same & (step > 1)
    if not skip:
        remedy = "Fill in the state, or leave such steps out with gaps='skip'."
        _refuse(gap, "a customer's periods must be consecutive", remedy, ids[who[1:]], when[1:])
    counted = same & (step == 1)
    return names, codes[:-1][counted], codes[1:][counted]


def _coded(column: Column) -> tuple[NDArray[Any], Ints]:
    if column.codes is not None:
        return column.values, np.asarray(column.codes, dtype=np.intp)
    names, codes = np.unique(column.values, return_inverse=True)
    return names, np.asarray(codes, dtype=np.intp).ravel()


def _present(name: str, column: Column) -> None:
    if column.absent.any():
        row = int(np.argmax(column.absent))
        raise DataError(
            f"{name} must be present; missing in {int(column.absent.sum())} of {len(column)} rows, first: row {row}. "
            "Leave those rows out."
        )


def _whole(name: str, column: Column) -> Ints:
    values = column.values if column.codes is None else column.values[column.codes]
    remedy = "Number the periods: 0, 1, 2, ... or year x 12 + month."
    if values.dtype.kind not in "iuf":
        raise DataError(f"{name} must be whole numbers; got {values[0]!r}. {remedy}")
    if values.dtype.kind == "f" and not (np.isfinite(values) & (values == np.floor(values))).all():
        row = int(np.argmin(np.isfinite(values) & (values == np.floor(values))))
        raise DataError(f"{name} must be whole numbers; row {row} has {values[row]!r}. {remedy}")
    large = np.abs(values.astype(np.float64)) > 2.0**53
    if large.any():
        row = int(np.argmax(large))
        raise DataError(f"{name} must be below 2^53; row {row} has {values[row]!r}. {remedy}")
    return values.astype(np.intp)


def _refuse(broken: Bools, rule: str, remedy: str, who: NDArray[Any], when: Ints) -> None:
    if broken.any():
        first = np.flatnonzero(broken)[:3]
        shown = "; ".join(f"customer {who[i]!s} at {when[i]}" for i in first)
        raise DataError(f"{rule}; broken {int(broken.sum())} times, first: {shown}. {remedy}")
