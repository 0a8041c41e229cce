"""Results: read-only columns that compare by value, tables of them, JSON, and text with the middle left out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import attrs
import numpy as np

from custvalue._columns import names_of, read_only
from custvalue._typing import Array, ArrayLike, NDArray
from custvalue.errors import ParameterError


def as_column(values: ArrayLike) -> Array:
    """A read-only float64 array: the converter of results' columns."""
    return read_only(np.asarray(values, dtype=np.float64))


class Stored:
    """A result that is written as JSON and read back, equal to what it was."""

    __slots__ = ()

    def to_json(self) -> str:
        """The result as JSON; what is infinite or missing is written as Infinity and NaN."""
        return json.dumps(_plain(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The result that `to_json` wrote; ParameterError where the text is not one."""
        try:
            return cls(**json.loads(text))
        except (TypeError, json.JSONDecodeError):
            raise ParameterError(f"text must be a {cls.__name__} that to_json wrote; got {text[:40]!r}") from None


class Rows(Stored):
    """A result that has rows: its columns are its one-dimensional arrays, unless `_columns` names others."""

    __slots__ = ()
    _columns: ClassVar[tuple[str, ...]] = ()

    def table(self) -> dict[str, NDArray[Any]]:
        """The columns by name, which any dataframe library takes."""
        if self._columns:
            return {name: _column(getattr(self, name)) for name in self._columns}
        values = {each.name: getattr(self, each.name) for each in attrs.fields(type(self))}  # type: ignore[arg-type]
        return {name: value for name, value in values.items() if isinstance(value, np.ndarray) and value.ndim == 1}

    def __len__(self) -> int:
        return len(next(iter(self.table().values())))


def _column(value: Any) -> NDArray[Any]:  # noqa: ANN401 (an array, or labels)
    return value if isinstance(value, np.ndarray) else names_of(value)


def _plain(value: Any) -> Any:  # noqa: ANN401 (whatever a result holds)
    """A value as JSON takes it, by the names under which the class takes it back."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if hasattr(value, "as_dict"):
        return value.as_dict()
    if attrs.has(type(value)):
        return {each.alias: _plain(getattr(value, each.name)) for each in attrs.fields(type(value)) if each.init}
    return value


def listing(head: str, columns: Mapping[str, tuple[Any, ...]]) -> str:
    """Text: a heading and right-aligned columns; of more than 24 rows the first 12 and the last 6.

    A column is its width, its format, such as ".4f", and its values; two arrays of values are an interval, low to high.
    """
    (first, *_), *_ = columns.values()
    size = len(next(iter(columns.values()))[2])
    rows = range(size) if size <= 24 else [*range(12), -1, *range(size - 6, size)]
    lines = [head, "".join(f"{name:>{width}}" for name, (width, *_) in columns.items())]
    for i in rows:
        cells = (f"{_cell(i, *column):>{width}}" for width, *column in columns.values())
        lines.append("".join(cells) if i >= 0 else f"{'...':>{first}}")
    return "\n".join(lines)


def _cell(i: int, form: str, *values: Any) -> str:  # noqa: ANN401 (arrays, or labels)
    return " to ".join(f"{each[i]:{form}}" for each in values)
