"""Columns: what all evidence shares, a row per customer or per kind of customer in one unit of time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Final, Self, TypeVar

import numpy as np
from attrs import cmp_using, evolve, field, fields, frozen

from custvalue._columns import check_rows, column, owned, same, sealed, together
from custvalue._typing import Array, ArrayLike, Bools, NDArray
from custvalue.errors import DataError
from custvalue.evidence.covariates import covariate, joined
from custvalue.evidence.distinct import Distinct, distinct
from custvalue.units import DAYS, Unit, as_unit

T = TypeVar("T")

_DEFAULTS: Final = {"weights": 1.0, "entry": 0.0}
"""Columns that are there even where they are not given."""


def given(values: ArrayLike) -> Any:  # noqa: ANN401 (a column once all are there)
    """Values as they are given, of which `Columns` makes a column that bears the field's name."""
    return np.asarray(None) if values is None else values  # not left out, but refused by its name


def optional(values: ArrayLike | None) -> Any:  # noqa: ANN401 (a column or None once all are there)
    """The same, where there may be none."""
    return values


def as_names(values: ArrayLike | None) -> Any:  # noqa: ANN401 (an array, or None)
    """Names of any type."""
    return None if values is None else owned(np.asarray(values), values)


def _covariates(values: Mapping[str, ArrayLike] | None) -> dict[str, Array]:
    return {name: covariate(name, each) for name, each in (values or {}).items()}


def _equal(some: Mapping[str, Array], other: Mapping[str, Array]) -> bool:
    return some.keys() == other.keys() and all(np.array_equal(each, other[name]) for name, each in some.items())


class Memory:
    """The value last computed for a key, which is known by identity; a copy, also one by pickle, begins empty."""

    __slots__ = ("last",)

    def __init__(self) -> None:
        self.last: tuple[object, Any] = (self, None)

    def __reduce__(self) -> tuple[type[Memory], tuple[()]]:
        return Memory, ()


@frozen(repr=False, kw_only=True)
class Columns(ABC):
    """Rows of evidence as read-only columns of one shape, which the object owns.

    Attributes
    ----------
    unit : {"year", "quarter", "month", "week", "day"}
        The unit of time.
    weights : array
        How many customers each row stands for; ones by default.
    ids : array or None
        Names of the rows, of any type.
    covariates : mapping of str to array
        What else is known of the rows: numbers by name.
    """

    unit: Unit = field(converter=as_unit)
    weights: Array = field(default=None, converter=optional, eq=same)
    ids: NDArray[Any] | None = field(default=None, converter=as_names, eq=same)
    _covariates: dict[str, Array] = field(default=None, converter=_covariates, eq=cmp_using(eq=_equal))
    _distinct: dict[tuple[str, ...], Distinct] = field(factory=dict, init=False, eq=False)

    _memory: Memory = field(factory=Memory, init=False, eq=False)

    _measured: ClassVar[tuple[str, ...]]
    """The columns that are broadcast to one shape, those of a history (`_history`) first."""
    _history: ClassVar[tuple[str, ...]]
    """The columns in which rows that are alike to a model are equal."""

    def __attrs_post_init__(self) -> None:
        held = {name: getattr(self, name) for name in (*self._measured, "weights")}
        held = {name: _DEFAULTS.get(name) if each is None else each for name, each in held.items()}
        found: dict[str, Any] = together(**{name: _column(name, v) for name, v in held.items() if v is not None})
        shape = found["weights"].shape
        found["ids"] = None if self.ids is None else _fitted("ids", self.ids, shape)
        found["_covariates"] = {name: _fitted(name, each, shape) for name, each in self._covariates.items()}
        for name, each in found.items():
            object.__setattr__(self, name, each)
        good = np.isfinite(self.weights) & (self.weights >= 0)
        remedy = "They say how many customers a row stands for."
        self._require(good, "weights must be finite and >= 0", remedy, "weights")
        for name, each in self._checked().items():
            object.__setattr__(self, name, each)

    @abstractmethod
    def _checked(self) -> Mapping[str, Array]:
        """The columns that depend on others, read-only; DataError where the rows cannot be."""

    def _require(self, ok: Bools, rule: str, remedy: str, *shown: str) -> None:
        """Raise DataError unless `ok` in all rows; the columns named are shown beside the first that are not."""
        check_rows(ok, rule, remedy, ids=self.ids, **{name: getattr(self, name) for name in shown})

    @abstractmethod
    def _described(self) -> str:
        """The evidence in a line."""

    @property
    def customers(self) -> float:
        """How many customers the rows stand for: the sum of the weights."""
        return float(self.weights.sum())

    @property
    def covariates(self) -> Mapping[str, Array]:
        """The covariates by name."""
        return MappingProxyType(self._covariates)

    def with_covariates(
        self,
        table: Any,  # noqa: ANN401 (any dataframe or mapping)
        *,
        id: str,  # noqa: A002 (the table's column of ids, as everywhere)
        columns: Sequence[str],
    ) -> Self:
        """Attach covariates from a table with a row per customer, found by their ids.

        Parameters
        ----------
        table : dataframe or mapping
            Of any kind that `from_transactions` takes, paths excepted; others than the rows' customers are ignored.
        id : str
            Its column of ids.
        columns : sequence of str
            Its columns to attach, under their names: numbers, or true and false.

        Raises
        ------
        DataError
            The rows have no ids; a customer is missing from the table or there twice; a value is missing, or a column
            holds text.

        Examples
        --------
        >>> from custvalue import RFM
        >>> people = {"customer": ["bob", "ann"], "age": [40, 31]}
        >>> rfm = RFM([2, 0], [3, 0], 9, ids=["ann", "bob"], unit="week")
        >>> rfm.with_covariates(people, id="customer", columns=["age"])
        RFM of 2 customers, in weeks: 2 repeat purchases, 1 with none, T from 9 to 9; covariates: age
        """
        if self.ids is None:
            raise DataError("covariates are joined by id, and the rows have none: give ids= when making them")
        return evolve(self, covariates={**self._covariates, **joined(table, self.ids, id, columns)})

    def distinct(self, *names: str) -> Distinct:
        """The distinct rows of the columns named, by default of all that make the history; kept once computed.

        `counts` are the customers of each: sums of the weights.
        """
        names = names or self._history
        if names not in self._distinct:
            rows = [np.asarray(getattr(self, name), np.float64).ravel() for name in names]
            weights = self.weights.ravel() if (self.weights != 1).any() else None
            self._distinct[names] = distinct(*rows, weights=weights, ticks=DAYS[self.unit])
        return self._distinct[names]

    def kept(self, key: object, compute: Callable[[], T]) -> T:
        """The value of `compute`, computed once as long as the same object asks: that of the last key is remembered."""
        last, value = self._memory.last
        if last is not key:
            value = compute()
            self._memory.last = key, value
        return value  # type: ignore[no-any-return]

    def __len__(self) -> int:
        return self.weights.size

    def __getitem__(self, rows: Any) -> Self:  # noqa: ANN401 (whatever NumPy takes)
        """Some of the rows: a boolean mask, a slice or positions, as for an array."""
        held = {f.name: getattr(self, f.name) for f in fields(type(self))}
        some = {name: _rows(each, rows) for name, each in held.items() if isinstance(each, np.ndarray)}
        return evolve(self, **some, covariates={name: _rows(each, rows) for name, each in self._covariates.items()})

    def __repr__(self) -> str:
        return self._described() + (f"; covariates: {', '.join(self._covariates)}" if self._covariates else "")


def _column(name: str, values: Any) -> NDArray[Any]:  # noqa: ANN401 (whatever NumPy takes)
    ready = isinstance(values, np.ndarray) and values.dtype == np.bool_ and not values.flags.writeable
    return values if ready else column(name, values)


def _rows(values: NDArray[Any], rows: Any) -> Any:  # noqa: ANN401 (whatever NumPy takes and gives)
    """Some rows of a column, not to be copied again."""
    some = values[rows]
    return sealed(some) if isinstance(some, np.ndarray) else some


def _fitted(name: str, values: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """A column with a value per row; one value alone may have any number of axes."""
    if values.shape != shape and not values.size == np.prod(shape) == 1:
        raise DataError(f"{name} must have one value per row: shape {shape}, got {values.shape}")
    return values if values.shape == shape else values.reshape(shape)
