"""Transforms of natural parameters to the real line: one per parameter, declared by its model.

The optimizer, intervals, draws and JSON ask for them; nothing else knows that a parameter is positive or a share.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, Self, cast, final

import numpy as np
from attrs import Factory, asdict, evolve, field, frozen
from scipy.special import expit, logit

from custvalue._typing import Array, ArrayLike, Ints, Parameter

_LARGEST: Final = 690.0
"""Bound of the logarithm of a `Power` parameter in a search: e^690 = 1e299, whose products with slopes are floats."""


class Transform(ABC):
    """A one-to-one, increasing map of a natural parameter to the real line."""

    null: ClassVar[float | None] = None
    """The natural value that means "no effect", where there is one: p-values test it."""

    @abstractmethod
    def free(self, value: ArrayLike) -> Array:
        """The free value."""

    @abstractmethod
    def natural(self, free: ArrayLike) -> Array:
        """The natural value."""

    @abstractmethod
    def slope(self, value: ArrayLike) -> Array:
        """d natural / d free at a natural value."""

    def measured(self, time: float) -> Self:  # noqa: ARG002 (most parameters have no unit of time)
        """The transform in units of a time of the data: its free values do not depend on the data's unit."""
        return self

    def abreast(self, others: Sequence[Any]) -> Self:  # noqa: ARG002 (most transforms are all alike)
        """One transform of several parameters at once, shape (k,), in place of k of the same class."""
        return self


@final
@frozen
class Log(Transform):
    """Positive parameters: the logarithm of value / scale; `time` is the power of time in the parameter's unit."""

    time: int = 0
    scale: Parameter = 1.0

    def free(self, value: ArrayLike) -> Array:
        return np.log(np.asarray(value) / self.scale)

    def natural(self, free: ArrayLike) -> Array:
        with np.errstate(over="ignore"):  # a draw or limit beyond the largest float is infinite
            return np.asarray(self.scale * np.exp(free))

    def slope(self, value: ArrayLike) -> Array:
        return np.asarray(value, dtype=np.float64)

    def measured(self, time: float) -> Self:
        return evolve(self, scale=float(time**self.time))

    def abreast(self, others: Sequence[Any]) -> Self:
        return evolve(self, scale=np.array([other.scale for other in others]))


@final
@frozen
class Logit(Transform):
    """Shares, between 0 and 1: the log-odds."""

    def free(self, value: ArrayLike) -> Array:
        return np.asarray(logit(np.asarray(value, dtype=np.float64)))

    def natural(self, free: ArrayLike) -> Array:
        return np.asarray(expit(np.asarray(free, dtype=np.float64)))

    def slope(self, value: ArrayLike) -> Array:
        share = np.asarray(value, dtype=np.float64)
        return share * (1 - share)


@final
@frozen
class Growth(Transform):
    """Growth rates g per period, above -1: log(1 + g); 0 is no growth."""

    null: ClassVar[float | None] = 0.0

    def free(self, value: ArrayLike) -> Array:
        return np.asarray(np.log1p(value))

    def natural(self, free: ArrayLike) -> Array:
        return np.asarray(np.expm1(free))

    def slope(self, value: ArrayLike) -> Array:
        return 1 + np.asarray(value, dtype=np.float64)


@final
@frozen
class Identity(Transform):
    """Parameters of either sign, such as regression coefficients: 0 is no effect."""

    null: ClassVar[float | None] = 0.0

    def free(self, value: ArrayLike) -> Array:
        return np.asarray(value, dtype=np.float64)

    def natural(self, free: ArrayLike) -> Array:
        return np.asarray(free, dtype=np.float64)

    def slope(self, value: ArrayLike) -> Array:
        return np.ones_like(np.asarray(value, dtype=np.float64))


@final
@frozen
class Power(Transform):
    """Positive parameters in units of time^c, c another parameter (`exponent`): a Weibull rate λ of t^c, say.

    Intervals and draws use the logarithm. A search (`Coordinates`) moves log λ^(1/c), whose unit does not depend on c,
    in units of the data's time to the power of `time`: a change of unit changes no step of the search.
    """

    exponent: str
    time: int = 1
    scale: float = 1.0

    def free(self, value: ArrayLike) -> Array:
        return np.log(np.asarray(value, dtype=np.float64))

    def natural(self, free: ArrayLike) -> Array:
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(free))

    def slope(self, value: ArrayLike) -> Array:
        return np.asarray(value, dtype=np.float64)

    def measured(self, time: float) -> Self:
        return evolve(self, scale=float(time**self.time))


@frozen(eq=False)
class Coordinates:
    """All parameters of a search: natural values to free ones and back, with the derivatives."""

    names: tuple[str, ...]
    transforms: tuple[Transform, ...]
    _alike: tuple[tuple[Ints, Transform], ...] = field(
        init=False, default=Factory(lambda self: self._grouped(), takes_self=True)
    )
    """Positions of the parameters of each class of transform, and one transform of them all: fewer calls of NumPy."""
    _powers: tuple[tuple[int, int, float], ...] = field(
        init=False, default=Factory(lambda self: self._raised(), takes_self=True)
    )
    """Of each `Power`: its position, its exponent's, and the logarithm of its scale."""

    def _grouped(self) -> tuple[tuple[Ints, Transform], ...]:
        kinds = dict.fromkeys(type(t) for t in self.transforms)
        rows = [np.flatnonzero([type(t) is kind for t in self.transforms]) for kind in kinds]
        return tuple((each, self.transforms[each[0]].abreast([self.transforms[i] for i in each])) for each in rows)

    def _raised(self) -> tuple[tuple[int, int, float], ...]:
        powers = ((i, t) for i, t in enumerate(self.transforms) if isinstance(t, Power))
        return tuple((i, self.names.index(t.exponent), float(np.log(t.scale))) for i, t in powers)

    def free(self, values: Array) -> Array:
        """Free coordinates of natural values, shape (k,)."""
        free = np.array([t.free(v) for t, v in zip(self.transforms, values, strict=True)], dtype=np.float64)
        for i, j, log_scale in self._powers:
            free[i] = free[i] / values[j] - log_scale
        return free

    def natural(self, free: Array) -> Array:
        """Natural values of free coordinates, shape (k,)."""
        values = np.empty(len(free))
        for rows, transform in self._alike:
            values[rows] = transform.natural(free[rows])
        for i, j, log_scale in self._powers:
            values[i] = np.exp(np.clip(values[j] * (free[i] + log_scale), -_LARGEST, _LARGEST))
        return values

    def jacobian(self, free: Array, values: Array) -> Array:
        """d natural / d free, shape (k, k): diagonal but for parameters whose unit depends on another."""
        each = np.empty(len(values))
        for rows, transform in self._alike:
            each[rows] = transform.slope(values[rows])
        slopes = np.diag(each)
        for i, j, log_scale in self._powers:  # λ = f^c with log f = free + log scale: dλ = λ (c dlog f + log f dc)
            slopes[i, i] = values[j] * values[i]
            slopes[i, j] = slopes[j, j] * values[i] * (free[i] + log_scale)
        return slopes


_KINDS: Final[Mapping[str, type[Transform]]] = {
    "log": Log,
    "logit": Logit,
    "growth": Growth,
    "identity": Identity,
    "power": Power,
}


def to_words(transforms: Sequence[Transform]) -> list[dict[str, Any]]:
    """Transforms as JSON takes them."""
    words: dict[type[Transform], str] = {kind: word for word, kind in _KINDS.items()}
    return [{"kind": words[type(t)], **asdict(cast("Any", t))} for t in transforms]


def from_words(words: Sequence[Mapping[str, Any]]) -> tuple[Transform, ...]:
    """Transforms that `to_words` wrote."""
    return tuple(_KINDS[w["kind"]](**{k: v for k, v in w.items() if k != "kind"}) for w in words)
