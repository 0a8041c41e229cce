"""What a firm's model is to those that fit it: named parameters, an acquisition process, periods since launch."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, Self, TypeVar

import numpy as np
from attrs import evolve

from custvalue._columns import read_only
from custvalue._typing import Array, ArrayLike, Ints, Parameter
from custvalue.errors import ParameterError
from custvalue.firm.acquisition import WeibullAcquisition
from custvalue.models.buying.family import TransactionModel
from custvalue.models.retention.family import RetentionModel

WON = ("share", "rate", "shape")


class FirmModel(ABC):
    """Acquisition, what customers do, and revenue per paying customer or order, since launch."""

    acquisition: WeibullAcquisition
    elapsed: int
    revenue: Parameter
    revenue_growth: Parameter

    _conduct: ClassVar[str]
    """The field that holds the model of what customers do once acquired."""

    @property
    def parameters(self) -> dict[str, Parameter]:
        """What is estimated, by name: of acquisition, of what customers do, of revenue."""
        paid: dict[str, Parameter] = {"revenue": self.revenue, "revenue_growth": self.revenue_growth}
        return acquisition_parameters(self.acquisition) | self._customers.parameters | paid

    @property
    def shares(self) -> frozenset[str]:
        """Names of the parameters that lie between 0 and 1."""
        return self._customers.shares | {"share"}

    def evolved(self, values: Mapping[str, Any]) -> Self:
        """The same model with other values of some parameters."""
        known, customers = self.parameters | dict(values), self._customers
        changed: dict[str, Any] = {
            "acquisition": evolved_acquisition(self.acquisition, known),
            self._conduct: customers.evolved({name: known[name] for name in customers.parameters}),
            "revenue": known["revenue"],
            "revenue_growth": known["revenue_growth"],
        }
        return evolve(self, **changed)  # type: ignore[misc]

    @property
    def _customers(self) -> TransactionModel | RetentionModel:
        return getattr(self, self._conduct)  # type: ignore[no-any-return]

    def _revenue_each(self, periods: int) -> Array:
        """Revenue per paying customer or order in each period since launch."""
        return np.asarray(self.revenue * (1 + self.revenue_growth) ** (np.arange(1.0, periods + 1) - self.elapsed))


M = TypeVar("M", bound=FirmModel)
N = TypeVar("N", bound=FirmModel, contravariant=True)  # noqa: PLC0105 (one letter, as everywhere in the library)


class Figures(Protocol[N]):
    """Disclosed figures, and what a model expects of them."""

    @property
    def y(self) -> Array:
        """The figures about customers."""
        ...

    @property
    def period(self) -> Ints:
        """The reported period of each."""
        ...

    @property
    def revenue(self) -> Array:
        """Logarithms of disclosed revenues."""
        ...

    @property
    def revenue_period(self) -> Ints:
        """The reported period of each."""
        ...

    def mean(self, model: N, covariates: Array | None) -> tuple[Array, Array]:
        """Expectation of each figure, and what its variance is in proportion to; draws along the first axis."""
        ...

    def spread(self, model: N, covariates: Array | None) -> Array | None:
        """Covariance of the figures if the model holds; None where errors of periods are not correlated."""
        ...

    def log_revenue(self, model: N, covariates: Array | None) -> Array:
        """Logarithm of the expected revenue of each period that discloses one."""
        ...


def acquisition_parameters(acquisition: WeibullAcquisition) -> dict[str, Parameter]:
    """What is estimated of it, by name."""
    effects = acquisition.effects
    many = effects.shape[-1]
    each = {f"effect_{i + 1}": effects[:, [i]] if effects.ndim > 1 else float(effects[i]) for i in range(many)}
    return {name: getattr(acquisition, name) for name in WON} | each


def evolved_acquisition(acquisition: WeibullAcquisition, known: Mapping[str, Any]) -> WeibullAcquisition:
    """The same process with all of its parameters as known."""
    many = acquisition.effects.shape[-1]
    changed = {name: known[name] for name in WON}
    if many:
        changed["effects"] = np.concatenate([np.atleast_1d(known[f"effect_{i + 1}"]) for i in range(many)], axis=-1)
    return evolve(acquisition, **changed)


def as_acquired(values: ArrayLike | None) -> Array | None:
    """The converter of customers really acquired, NaN where not known."""
    return None if values is None else read_only(np.array(values, dtype=np.float64))


def check_acquired(acquired: Array | None, elapsed: int) -> None:
    """ParameterError unless they are one number for each of equal spans since launch."""
    if acquired is not None and (acquired.ndim != 1 or elapsed % len(acquired)):
        raise ParameterError(
            f"acquired must be one number for each of equal spans that make {elapsed} periods; got shape "
            f"{acquired.shape}"
        )


def scaled_to(adds: Array, acquired: Array | None) -> Array:
    """Expected adds of the periods elapsed, each span scaled to those really acquired in it, where known."""
    if acquired is None:
        return adds
    spans = adds.reshape(*adds.shape[:-1], len(acquired), -1)
    total = spans.sum(axis=-1, keepdims=True)
    even = np.full(spans.shape, 1 / spans.shape[-1])
    part = np.divide(spans, total, out=even, where=total > 0)
    known = np.isfinite(acquired)[:, None]
    found = np.where(known, part * np.where(known, acquired[:, None], 0.0), spans)
    return found.reshape(adds.shape)
