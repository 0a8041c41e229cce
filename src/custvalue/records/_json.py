"""Records as JSON text and back: what was written is equal to what is read."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping
from typing import Any, TypeVar

import attrs

from custvalue.errors import DataError

Record = TypeVar("Record", bound=attrs.AttrsInstance)


def to_json(record: attrs.AttrsInstance) -> str:
    """The record and all inside it as JSON; what has its default value is left out.

    Raises
    ------
    DataError
        An id is neither text nor a finite number.
    """
    return json.dumps(_plain(record))


def from_json(cls: type[Record], text: str, inside: Mapping[str, type[Any]]) -> Record:
    """The record that `to_json` wrote; `inside` names the fields that hold records, and of which class.

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
    lists = all(isinstance(values.get(name, []), list) for name in inside)
    if not needed <= values.keys() <= names or not lists or not _is_id(values.get("id", "")):
        raise DataError(f"the text is not a {cls.__name__} that to_json wrote: {text!r:.40}")
    for name, kind in inside.items():
        if name in values:
            values[name] = [kind.from_json(json.dumps(item)) for item in values[name]]
    return cls(**values)


def _is_id(value: object) -> bool:
    """Whether an id is equal to what JSON makes of it: a date would come back as text, nan is equal to nothing."""
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
