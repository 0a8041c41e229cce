"""What all models share: parameters as the object, JSON, distinct rows, and the unit of time."""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, cast

import attrs
import numpy as np
from attrs import frozen

from custvalue._columns import numbers, read_only
from custvalue._typing import Array, ArrayLike, Parameter
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.opportunities import Opportunities
from custvalue.evidence.rfm import RFM
from custvalue.evidence.tenures import Tenures
from custvalue.inference.fit import Fit
from custvalue.units import Unit, as_unit

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    Evidence = TypeVar("Evidence", bound=RFM | Opportunities | Tenures, default=RFM)
else:
    from typing import TypeVar

    Evidence = TypeVar("Evidence")

Limits = Mapping[str, tuple[str, str]]
"""For each parameter, what it means that the likelihood rises as it falls to 0, or rises to infinity."""


@attrs.frozen
class Measure:
    """How a parameter is measured: in time to a power, itself perhaps a parameter (`power`), or as a share of 1."""

    time: int = 0
    power: str | None = None
    share: bool = False


class Model(ABC, Generic[Evidence]):
    """A probability model: an immutable set of parameters that predicts at once.

    Parameters are floats or arrays. One axis over customers is a covariate model; a leading axis over draws,
    as shape (draws, 1), is uncertainty: predictions broadcast.
    """

    _measures: ClassVar[Mapping[str, Measure]] = {}
    """Of parameters that are not just positive numbers, or whose measure the fit needs."""

    @property
    def parameters(self) -> dict[str, Parameter]:
        """The parameters by name, in the papers' order; what is given by keyword (the unit, say) is none of them.

        Those of a model within this one stand in its place.
        """
        found: dict[str, Parameter] = {}
        for name, value in self._fields():
            found |= value.parameters if isinstance(value, Model) else {name: value}
        return found

    @property
    def measures(self) -> dict[str, Measure]:
        """How the parameters are measured of which that is said."""
        within = [value for _, value in self._fields() if isinstance(value, Model)]
        return dict(self._measures) | {name: measure for model in within for name, measure in model.measures.items()}

    @property
    def shares(self) -> frozenset[str]:
        """Names of the parameters that lie between 0 and 1."""
        return frozenset(name for name, measure in self.measures.items() if measure.share)

    def evolved(self, values: Mapping[str, Any]) -> Self:
        """The same model with other values of some parameters."""
        changed = {}
        for name, value in self._fields():
            if isinstance(value, Model):
                changed[name] = value.evolved({n: v for n, v in values.items() if n in value.parameters})
            elif name in values:
                changed[name] = values[name]
        return attrs.evolve(self, **changed)  # type: ignore[misc]

    def _fields(self) -> Iterator[tuple[str, Any]]:
        """Positional fields by name: parameters, and models within this one."""
        return ((f.name, getattr(self, f.name)) for f in attrs.fields(type(self)) if not f.kw_only)  # type: ignore[arg-type]

    @classmethod
    @abstractmethod
    def fit(cls, rows: Evidence, /) -> Fit[Self]:
        """Estimate the parameters by maximum likelihood.

        Raises
        ------
        ConvergenceError
            The likelihood has no interior maximum; the message names the direction and the remedy.
        """

    @abstractmethod
    def log_likelihood(self, rows: Evidence, /) -> Array:
        """Log-likelihood of each row, neither weighted nor summed; combinatorial constants dropped."""

    def to_json(self) -> str:
        """The model as JSON: its class, parameters and unit."""
        values = {
            name: json.loads(value.to_json()) if isinstance(value, Model) else np.asarray(value).tolist()
            for name, value in self._fields()
        }
        given = {f.name: getattr(self, f.name) for f in attrs.fields(type(self)) if f.kw_only}  # type: ignore[arg-type]
        return json.dumps({"model": type(self).__name__, **given, **values})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The model that `to_json` wrote.

        Raises
        ------
        ParameterError
            The text is of another model, or of none.
        """
        try:
            values = json.loads(text)
            name = values.pop("model")
        except (ValueError, KeyError, AttributeError, TypeError):
            raise ParameterError(f"the text is not a model that to_json wrote: {text[:40]!r}") from None
        if name != cls.__name__:
            raise ParameterError(f"the text describes a {name}, not a {cls.__name__}; use {name}.from_json")
        given = {field: _within(value) for field, value in values.items() if value is not None}
        try:
            return cls(**given)
        except TypeError as error:
            raise ParameterError(f"the text is not a model that to_json wrote: {error}") from None


def _within(value: Any) -> Any:  # noqa: ANN401 (whatever JSON holds)
    """A field as JSON wrote it: a model within a model is an object."""
    if not isinstance(value, dict):
        return value
    kind = _kind(str(value.get("model")))
    if kind is None:
        raise ParameterError(f"the text holds a model that is not known: {value.get('model')!r}")
    return kind.from_json(json.dumps(value))


def _kind(name: str) -> type[Model[Any]] | None:
    """The model of that name: this library's, loaded from the file that is named after it, or a user's own."""
    file = "custvalue.models." + re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    if name.isidentifier() and importlib.util.find_spec(file) is not None:
        return getattr(importlib.import_module(file), name, None)
    return next((kind for kind in _kinds(cast("Any", Model)) if kind.__name__ == name), None)


def _kinds(kind: type[Model[Any]]) -> Iterator[type[Model[Any]]]:
    for below in kind.__subclasses__():
        yield below
        yield from _kinds(below)


class TimedModel(Model[Evidence]):
    """A model of when things happen: its times are in the unit it was fitted in, and it refuses data in another."""

    unit: Unit | None
    _evidence: ClassVar[type[Any]] = Tenures

    def known_unit(self, unit: Unit | None) -> Unit:
        """The unit given or the model's own; ParameterError where neither or both and different."""
        known = self.unit if unit is None else as_unit(unit)
        if known is None:
            raise ParameterError(
                f"this {type(self).__name__} does not know its unit of time; say it, such as period='week', "
                "or construct the model with unit='week'"
            )
        if self.unit not in (None, known):
            raise ParameterError(f"the model is in {self.unit}s, not in {known}s")
        return known

    def _unit_of(self, rows: Evidence) -> Unit:
        """The data's unit, once it is sure that the model's is the same; DataError where they are other evidence."""
        if not isinstance(rows, self._evidence):
            raise DataError(
                f"a {type(self).__name__} predicts from {self._evidence.__name__}, not from a {type(rows).__name__}; "
                f"make them from a log with {self._evidence.__name__}.from_transactions"
            )
        if self.unit is not None and rows.unit != self.unit:
            raise DataError(
                f"the model was fitted in {self.unit}s and the data are in {rows.unit}s; "
                f"build the {type(rows).__name__} with unit={self.unit!r}"
            )
        unit: Unit = rows.unit
        return unit


def duration(name: str, value: ArrayLike) -> Array:
    """A span of time ahead: at least 0, inf allowed; ParameterError otherwise."""
    span = numbers(name, value)
    if not np.all(span >= 0):
        raise ParameterError(f"{name} must be >= 0; got {span[~(span >= 0)].ravel()[0]}")
    return span


def whole(name: str, value: ArrayLike) -> Array:
    """A count: whole and at least 0; ParameterError otherwise."""
    count = numbers(name, value)
    good = (count >= 0) & (count == np.floor(count)) & np.isfinite(count)
    if not np.all(good):
        raise ParameterError(f"{name} must be a whole number >= 0; got {count[~good].ravel()[0]}")
    return count


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
