"""What all records share: JSON text and back, and the checks of their fields."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Self, TypeVar

import attrs
import numpy as np
from attrs import frozen

from custvalue._columns import numbers
from custvalue.errors import DataError

Kind = TypeVar("Kind")

_COLUMNS = {
    "cash flows": ". Columns go into CashFlows(amounts, when), those of many customers on into CashFlowBatch.grouped"
}


@frozen
class Record:
    """A record that is written to JSON and read back equal."""

    _inside: ClassVar[Mapping[str, type[Record]]] = {}
    """Fields that hold records, and of which class."""

    def to_json(self) -> str:
        """The record and all inside it as JSON; fields at their defaults are left out.

        Raises
        ------
        DataError
            An id is neither text nor a finite number.
        """
        return json.dumps(_plain(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The record that `to_json` wrote.

        Raises
        ------
        DataError
            The text is not JSON, of another kind of record, or its values break a rule.
        """
        try:
            found = json.loads(text)
        except (TypeError, ValueError):
            found = None
        values: dict[str, Any] = found if isinstance(found, dict) else {}
        names = {field.name for field in attrs.fields(cls)}
        needed = {field.name for field in attrs.fields(cls) if field.default is attrs.NOTHING}
        lists = all(isinstance(values.get(name, []), list) for name in cls._inside)
        if not needed <= values.keys() <= names or not lists or not _is_id(values.get("id", "")):
            raise DataError(f"the text is not a {cls.__name__} that to_json wrote: {text!r:.40}")
        for name, kind in cls._inside.items():
            if name in values:
                values[name] = [kind.from_json(json.dumps(item)) for item in values[name]]
        return cls(**values)


def _is_id(value: object) -> bool:
    """Whether an id is equal to what JSON makes of it: a date would come back as text, NaN never equals itself."""
    return isinstance(value, (str, bool, int)) or (isinstance(value, float) and math.isfinite(value))


def _plain(value: Any, name: str = "") -> Any:  # noqa: ANN401 (a record, a field's value)
    if attrs.has(type(value)):
        fields = [field for field in attrs.fields(type(value)) if getattr(value, field.name) != field.default]
        return {field.name: _plain(getattr(value, field.name), field.name) for field in fields}
    if name == "id" and not _is_id(value):
        raise DataError(f"JSON needs ids that are text or numbers; got {value!r}. Name the record by str(id).")
    if isinstance(value, tuple) and all(attrs.has(type(item)) for item in value):
        return [_plain(item) for item in value]
    if isinstance(value, dt.date):
        return value.isoformat()
    return value


def finite(name: str, value: float) -> float:
    """Return one finite number as a float, or raise DataError that names it."""
    number = numbers(name, value)
    if number.ndim or not np.isfinite(number):
        raise DataError(f"{name} must be one finite number; got {value!r}. Leave the record out.")
    return float(number)


def tuple_of(kind: type[Kind], name: str, items: Iterable[Kind]) -> tuple[Kind, ...]:
    """Return the items as a tuple, or raise DataError unless each is of the kind."""
    if not isinstance(items, Iterable):
        raise DataError(f"{name} must be a list (any iterable) of {kind.__name__}; got {items!r}")
    members = tuple(items)
    for i, item in enumerate(members):
        if not isinstance(item, kind):
            raise DataError(f"{name} must be {kind.__name__} objects; item {i} is {item!r}{_COLUMNS.get(name, '')}")
    return members


def named(what: str, known: Iterable[str]) -> Callable[[Any, Any, Any], None]:
    """Check, as a validator of attrs, that a name is not empty; the message lists well-known ones."""

    def check(_: object, __: object, value: object) -> None:
        if not isinstance(value, str) or not value.strip():
            listed = ", ".join(known)
            raise DataError(
                f"{what} must be a name that is not empty; got {value!r}. Well-known: {listed}; any other is fine."
            )

    return check
