"""Parameters of models: floats or read-only arrays, positive, compared by value."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from attrs import frozen

from custvalue._columns import read_only
from custvalue._typing import Array, ArrayLike, Parameter
from custvalue.errors import ParameterError
from custvalue.units import Unit, as_unit


@frozen(eq=False)
class _Elements:
    """An array as a key: equal to another where all elements are, never to a float, without a hash."""

    values: Array

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Elements) and np.array_equal(self.values, other.values)

    __hash__ = None  # type: ignore[assignment]


def as_parameter(value: ArrayLike) -> Parameter:
    """A float, or a read-only float64 array: the converter of every parameter field."""
    array = np.array(value, dtype=np.float64)
    return float(array) if array.ndim == 0 else read_only(array)


def same_parameter(value: Parameter) -> Any:  # noqa: ANN401 (a key that compares)
    """The key by which parameters compare: floats by value (and hash), arrays element by element."""
    return _Elements(value) if isinstance(value, np.ndarray) else value


def positive(_model: object, attribute: attrs.Attribute[Any], value: Parameter) -> None:
    """Validate that a parameter is positive and finite."""
    good = np.isfinite(value) & (np.asarray(value) > 0)
    if not np.all(good):
        first = np.asarray(value)[~good].ravel()[0] if np.ndim(value) else value
        raise ParameterError(f"{attribute.name} must be positive and finite; got {first}")


def share(_model: object, attribute: attrs.Attribute[Any], value: Parameter) -> None:
    """Validate that a parameter lies between 0 and 1."""
    good = (np.asarray(value) > 0) & (np.asarray(value) < 1)
    if not np.all(good):
        first = np.asarray(value)[~good].ravel()[0] if np.ndim(value) else value
        raise ParameterError(f"{attribute.name} must lie between 0 and 1, neither included; got {first}")


def optional_unit(value: str | None) -> Unit | None:
    """The converter of a model's `unit`: a unit of time, or None for unchecked."""
    return None if value is None else as_unit(value)
