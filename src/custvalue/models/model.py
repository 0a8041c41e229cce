"""What all models share: parameters as the object, one statement of their estimation, JSON, the unit of time."""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, cast

import attrs
import numpy as np
from attrs import field, frozen

from custvalue._arguments import number
from custvalue._columns import read_only
from custvalue._typing import Array, ArrayLike, Bools, Parameter
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.opportunities import Opportunities
from custvalue.evidence.rfm import RFM
from custvalue.evidence.tenures import Tenures
from custvalue.inference.fit import Fit
from custvalue.inference.maximum_likelihood import Problem, maximize
from custvalue.inference.transform import Log, Transform
from custvalue.units import Unit, as_unit

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    Evidence = TypeVar("Evidence", bound=RFM | Opportunities | Tenures, default=RFM)
else:
    from typing import TypeVar

    Evidence = TypeVar("Evidence")

Limits = Mapping[str, tuple[str, str]]
"""For each parameter, what a maximum at its lower end (0) and at its upper end (infinity; of a share 1) means."""


@frozen
class Card:
    """What the rest of the library needs to know of a model: its line in the registry.

    Attributes
    ----------
    title : str
        As the literature has it: "BG/NBD".
    name : str
        On the command line, and where a model is chosen by name: "bg-nbd".
    interpurchase : bool
        Whether its fit needs the times between purchases (`log_interpurchase` of an `RFM`).
    boundary, interior : mapping of str to str
        Models nested in this one, by class name, and where: on the boundary of the parameter space, where the
        likelihood ratio is not chi-square distributed, or inside it, where it is.
    """

    title: str
    name: str
    interpurchase: bool = False
    boundary: Mapping[str, str] = field(factory=dict)
    interior: Mapping[str, str] = field(factory=dict)


class Parametrized:
    """An immutable set of parameters, each with its free scale; written as JSON and read back."""

    _transforms: ClassVar[Mapping[str, Transform]] = {}
    """Of the parameters that are not simply positive numbers without a unit of time."""
    _limits: ClassVar[Limits]

    @property
    def parameters(self) -> dict[str, Parameter]:
        """The parameters by name, in the papers' order, those of a nested model in its place.

        Keyword-only fields, such as the unit, are not parameters.
        """
        found: dict[str, Parameter] = {}
        for name, value in self._fields():
            found |= value.parameters if isinstance(value, Parametrized) else {name: value}
        return found

    @property
    def transforms(self) -> dict[str, Transform]:
        """The transform of each parameter to the free scale of searches, draws and intervals."""
        found: dict[str, Transform] = {}
        for name, value in self._fields():
            found |= value.transforms if isinstance(value, Parametrized) else {name: self._transforms.get(name, Log())}
        return found

    @property
    def limits(self) -> Limits:
        """For each parameter, what a maximum at its lower end and at its upper end means."""
        nested = [value for _, value in self._fields() if isinstance(value, Parametrized)]
        return {name: limit for model in nested for name, limit in model.limits.items()} | dict(self._limits)

    def with_parameters(self, values: Mapping[str, Any]) -> Self:
        """The same model with other values of some parameters, those of a nested model included."""
        changed = {}
        for name, value in self._fields():
            if isinstance(value, Parametrized):
                changed[name] = value.with_parameters({n: v for n, v in values.items() if n in value.parameters})
            elif name in values:
                changed[name] = values[name]
        return attrs.evolve(self, **changed)  # type: ignore[misc]

    def _fields(self) -> Iterator[tuple[str, Any]]:
        """Positional fields by name: parameters and nested models."""
        return ((f.name, getattr(self, f.name)) for f in attrs.fields(type(self)) if not f.kw_only)  # type: ignore[arg-type]

    def to_json(self) -> str:
        """The model as JSON: its class, parameters and unit."""
        values = {
            name: json.loads(value.to_json()) if isinstance(value, Parametrized) else np.asarray(value).tolist()
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
            The text is not of this model.
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


class Model(Parametrized, ABC, Generic[Evidence]):
    """A probability model: an immutable set of parameters that predicts at once.

    Parameters are floats or arrays: shape (customers,) for values of each customer's own, (draws, 1) for draws of an
    uncertain parameter. Predictions broadcast.
    """

    card: ClassVar[Card]
    _held: ClassVar[tuple[str, ...]] = ()
    """Parameters in which the likelihood jumps: options of `problem`, which searches them itself if not given."""

    @classmethod
    def fit(
        cls,
        rows: Evidence,
        /,
        *,
        fixed: Mapping[str, float] | None = None,
        start: Self | Mapping[str, float] | None = None,
        **options: Any,  # noqa: ANN401 (those of the model's own `problem`)
    ) -> Fit[Self]:
        """Estimate the parameters by maximum likelihood.

        Parameters
        ----------
        rows : RFM, Opportunities or Tenures
            The evidence. A row counts as many customers as its weight says.
        fixed : mapping of str to float, optional
            Parameters held fixed at these values, such as ``{"a": 0.8}``. The standard errors of the others are
            conditional on them.
        start : model or mapping of str to float, optional
            Starting values of all parameters or of some; by default from the data's moments.
        **options
            Of some models: see their `problem`.

        Raises
        ------
        ConvergenceError
            The likelihood has no interior maximum; the message names the direction and the remedy.
        DataError
            The rows do not inform the model (nobody bought again, nobody left), or are not the evidence that it needs.
        ParameterError
            A name in `fixed` or `start` is not a parameter of the model, or a value is outside its domain.
        """
        given = dict(fixed or {})
        problem = cls.problem(rows, **options, **{name: given[name] for name in cls._held if name in given})
        if start is not None:
            problem = problem.beginning(start.parameters if isinstance(start, Model) else start)
        return maximize(problem, fixed=given)

    @classmethod
    @abstractmethod
    def problem(cls, rows: Evidence, /) -> Problem[Any]:
        """State the estimation: distinct rows with weights, score, transforms, start, boundaries.

        Raises
        ------
        DataError
            The rows do not inform the model, or are not the evidence that it needs.
        """

    @abstractmethod
    def log_likelihood(self, rows: Evidence, /) -> Array:
        """Log-likelihood of each row, neither weighted nor summed; combinatorial constants dropped."""


def _within(value: Any) -> Any:  # noqa: ANN401 (whatever JSON holds)
    """A field from JSON, where a nested model is an object."""
    if not isinstance(value, dict):
        return value
    kind = next((kind for kind in final_models() if kind.__name__ == value.get("model")), None)
    if kind is None:
        raise ParameterError(f"the text holds a model that is not known: {value.get('model')!r}")
    return kind.from_json(json.dumps(value))


def final_models(kind: type[Model[Any]] | None = None) -> list[type[Model[Any]]]:
    """All models below a class, the library's and the user's own, in alphabetical order of their names.

    Loads every file of this package: a model is registered by being in one.
    """
    for room in ("buying", "retention", "spend"):
        package = importlib.import_module(f"custvalue.models.{room}")
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(found.name)
    below = {one for one in _below(cast("Any", Model if kind is None else kind)) if "card" in vars(one)}
    return sorted((one for one in below if _stands(one)), key=lambda one: one.__name__)


def _stands(kind: type[Model[Any]]) -> bool:
    """Whether a class is the one that its module names: attrs replaces a class by its slotted copy."""
    return getattr(sys.modules.get(kind.__module__), kind.__name__, kind) is kind


def _below(kind: type[Model[Any]]) -> Iterator[type[Model[Any]]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


class TimedModel(Model[Evidence]):
    """A model of when things happen, in a unit of time: it refuses data in another."""

    unit: Unit | None
    evidence: ClassVar[type[Any]] = Tenures

    def _unit_of(self, rows: Evidence) -> Unit:
        """The data's unit; DataError where it is not the model's, or the evidence not of its kind."""
        if not isinstance(rows, self.evidence):
            raise DataError(
                f"a {type(self).__name__} predicts from {self.evidence.__name__}, not from a {type(rows).__name__}; "
                f"make them from a log with {self.evidence.__name__}.from_transactions"
            )
        if self.unit is not None and rows.unit != self.unit:
            raise DataError(
                f"the model was fitted in {self.unit}s and the data are in {rows.unit}s; "
                f"build the {type(rows).__name__} with unit={self.unit!r}"
            )
        unit: Unit = rows.unit
        return unit


def known_unit(model: TimedModel[Any], unit: Unit | None = None) -> Unit:
    """The unit given or the model's own; ParameterError where neither is known, or both and they differ."""
    known = model.unit if unit is None else as_unit(unit)
    if known is None:
        raise ParameterError(
            f"unit must be given: this {type(model).__name__} does not know its unit of time; say unit='week', here "
            "or when constructing the model"
        )
    if model.unit not in (None, known):
        raise ParameterError(f"unit must be the model's, {model.unit!r}; got {known!r}")
    return known


@frozen(eq=False)
class _Elements:
    """An array as a key of comparison: equal where all elements are, never to a float, and without a hash."""

    values: Array

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Elements) and np.array_equal(self.values, other.values)

    __hash__ = None  # type: ignore[assignment]


def as_parameter(value: ArrayLike) -> Parameter:
    """A float, or a read-only float64 array: the converter of every parameter field."""
    array = np.array(number("a parameter", value))  # a copy, which nobody else can write to
    return float(array) if array.ndim == 0 else read_only(array)


def same_parameter(value: Parameter) -> Any:  # noqa: ANN401 (a key that compares)
    """The key by which parameters compare: floats by value (and hash), arrays element by element."""
    return _Elements(value) if isinstance(value, np.ndarray) else value


def positive(_model: object, attribute: attrs.Attribute[Any], value: Parameter) -> None:
    """Validate that a parameter is positive and finite."""
    _require(np.isfinite(value) & (np.asarray(value) > 0), attribute, value, "be positive and finite")


def share(_model: object, attribute: attrs.Attribute[Any], value: Parameter) -> None:
    """Validate that a parameter lies strictly between 0 and 1."""
    _require(
        (np.asarray(value) > 0) & (np.asarray(value) < 1), attribute, value, "lie between 0 and 1, neither included"
    )


def _require(ok: Bools, attribute: attrs.Attribute[Any], value: Parameter, rule: str) -> None:
    if not np.all(ok):
        first = np.asarray(value)[~np.asarray(ok)].ravel()[0]
        raise ParameterError(f"{attribute.name} must {rule}; got {first}")


def optional_unit(value: str | None) -> Unit | None:
    """A unit of time, or None (unchecked): the converter of a model's `unit`."""
    return None if value is None else as_unit(value)
