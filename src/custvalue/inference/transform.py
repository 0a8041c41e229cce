"""Natural parameters and their free scale: what is positive or a share there runs over all real numbers here.

A model declares one transform per parameter; the optimizer, intervals, draws and JSON ask for it, and nothing else
knows that a parameter is positive or a share.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, Self, cast, final

import numpy as np
from attrs import asdict, evolve, frozen
from scipy.special import expit, logit

from custvalue._typing import Array, ArrayLike

_LARGEST: Final = 690.0
"""Logarithms of natural parameters are kept within this: e^690 = 1e299, so that products with slopes are floats."""


class Transform(ABC):
    """A one-to-one, increasing map of one natural parameter to the real line."""

    null: ClassVar[float | None] = None
    """The natural value that stands for "no effect", where there is one: p-values are tests of it."""

    @abstractmethod
    def free(self, value: ArrayLike) -> Array:
        """The free value."""

    @abstractmethod
    def natural(self, free: ArrayLike) -> Array:
        """The natural value."""

    @abstractmethod
    def slope(self, value: ArrayLike) -> Array:
        """d natural / d free at a natural value."""

    def measured(self, time: float) -> Self:  # noqa: ARG002 (those that have no unit)
        """The transform that measures the parameter by a span of time of the data, so that no unit matters."""
        return self


@final
@frozen
class Log(Transform):
    """Positive parameters: the logarithm of value / scale; `time` is the power of time in the parameter's unit."""

    time: int = 0
    scale: float = 1.0

    def free(self, value: ArrayLike) -> Array:
        return np.log(np.asarray(value) / self.scale)

    def natural(self, free: ArrayLike) -> Array:
        with np.errstate(over="ignore"):  # a draw or limit beyond the largest float is infinite
            return np.asarray(self.scale * np.exp(free))

    def slope(self, value: ArrayLike) -> Array:
        return np.asarray(value, dtype=np.float64)

    def measured(self, time: float) -> Self:
        return evolve(self, scale=float(time**self.time))


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
    """Positive parameters whose unit is time^c, c being another parameter: a Weibull rate λ of t^c, say.

    By itself the logarithm, as for intervals and draws. A search (`Coordinates`) moves log λ^(1/c), whose unit does not
    depend on c, measured by the data's time to the power of `time`: a change of unit changes no step of the search.
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

    def free(self, values: Array) -> Array:
        """Free coordinates of natural values, shape (k,)."""
        return np.array([self._free(i, values) for i in range(len(values))], dtype=np.float64)

    def natural(self, free: Array) -> Array:
        """Natural values of free coordinates, shape (k,)."""
        values = np.array([t.natural(u) for t, u in zip(self.transforms, free, strict=True)], dtype=np.float64)
        for i, transform in enumerate(self.transforms):
            if isinstance(transform, Power):
                logs = values[self.names.index(transform.exponent)] * (free[i] + np.log(transform.scale))
                values[i] = np.exp(np.clip(logs, -_LARGEST, _LARGEST))
        return values

    def jacobian(self, free: Array, values: Array) -> Array:
        """d natural / d free, shape (k, k): diagonal but for parameters whose unit depends on another."""
        slopes = np.diag([float(t.slope(v)) for t, v in zip(self.transforms, values, strict=True)])
        for i, transform in enumerate(self.transforms):
            if isinstance(transform, Power):  # λ = f^c: dλ/d log f = c λ, dλ/d log c = c λ log f
                j = self.names.index(transform.exponent)
                slopes[i, i] = values[j] * values[i]
                slopes[i, j] = slopes[j, j] * values[i] * (free[i] + np.log(transform.scale))
        return slopes

    def _free(self, i: int, values: Array) -> Array:
        transform = self.transforms[i]
        if isinstance(transform, Power):
            c = values[self.names.index(transform.exponent)]
            return np.asarray(transform.free(values[i]) / c - np.log(transform.scale))
        return transform.free(values[i])


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
