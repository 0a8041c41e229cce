"""What the records' fields have in common: one finite number, a tuple of one kind of record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

import numpy as np

from custvalue._columns import numbers
from custvalue.errors import DataError

Record = TypeVar("Record")

_COLUMNS = {
    "cash flows": ". Columns go into CashFlows(amounts, when), those of many customers on into CashFlowBatch.grouped"
}


def finite(name: str, value: float) -> float:
    """Return one finite number as a float, or raise DataError that names it."""
    number = numbers(name, value)
    if number.ndim or not np.isfinite(number):
        raise DataError(f"{name} must be one finite number; got {value!r}. Leave the record out.")
    return float(number)


def tuple_of(kind: type[Record], name: str, items: Iterable[Record]) -> tuple[Record, ...]:
    """Return the items as a tuple, or raise DataError unless each is a record of the kind."""
    if not isinstance(items, Iterable):
        raise DataError(f"{name} must be a list (any iterable) of {kind.__name__}; got {items!r}")
    members = tuple(items)
    for i, item in enumerate(members):
        if not isinstance(item, kind):
            raise DataError(f"{name} must be {kind.__name__} objects; item {i} is {item!r}{_COLUMNS.get(name, '')}")
    return members


def name_of(what: str, value: str, known: Mapping[str, str]) -> str:
    """Return a name that is not empty, or raise DataError that lists the well-known ones."""
    if not isinstance(value, str) or not value.strip():
        well_known = ", ".join(known)
        raise DataError(
            f"{what} must be a name that is not empty; got {value!r}. Well-known: {well_known}; any other is fine."
        )
    return value
