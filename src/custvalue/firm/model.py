"""What the models of a firm share: acquisition, revenue and named parameters with their free scales, since launch."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from attrs import Attribute, evolve, field, frozen

from custvalue._arguments import growth_rate, whole_number
from custvalue._columns import read_only
from custvalue._typing import Array, ArrayLike, Parameter
from custvalue.errors import ParameterError
from custvalue.firm.acquisition import WeibullAcquisition
from custvalue.inference.transform import Growth, Log, Transform
from custvalue.models.buying.family import TransactionModel
from custvalue.models.model import as_parameter, same_parameter
from custvalue.models.retention.family import RetentionModel
from custvalue.units import Unit, as_unit


def _as_elapsed(value: int) -> int:
    return whole_number("elapsed", value)


def _as_acquired(values: ArrayLike | None) -> Array | None:
    return None if values is None else read_only(np.array(values, dtype=np.float64))


def _grows(_model: object, attribute: Attribute[Any], value: Parameter) -> None:
    growth_rate(value, attribute.name)


def _spans(model: FirmModel, _attribute: Attribute[Any], value: Array | None) -> None:
    if value is not None and (value.ndim != 1 or model.elapsed % len(value)):
        raise ParameterError(
            f"acquired must be one number for each of equal spans that make {model.elapsed} periods; got shape "
            f"{value.shape}"
        )


@frozen(kw_only=True)
class FirmModel(ABC):
    """Acquisition, what customers do, and revenue per paying customer or order, since launch."""

    acquisition: WeibullAcquisition = field()
    revenue: Parameter = field(default=np.nan, converter=as_parameter, eq=same_parameter)
    revenue_growth: Parameter = field(default=0.0, converter=as_parameter, validator=_grows, eq=same_parameter)
    elapsed: int = field(converter=_as_elapsed)
    acquired: Array | None = field(default=None, converter=_as_acquired, validator=_spans, eq=same_parameter)
    unit: Unit = field(converter=as_unit)

    _behavior: ClassVar[str]
    """The field that holds the model of what customers do once acquired."""

    @property
    def parameters(self) -> dict[str, Parameter]:
        """The parameters that can be estimated, by name: of acquisition, of what customers do, of revenue."""
        paid: dict[str, Parameter] = {"revenue": self.revenue, "revenue_growth": self.revenue_growth}
        return self.acquisition.parameters | self._customers.parameters | paid

    @property
    def transforms(self) -> dict[str, Transform]:
        """The free scale of each parameter."""
        paid: dict[str, Transform] = {"revenue": Log(), "revenue_growth": Growth()}
        return self.acquisition.transforms | self._customers.transforms | paid

    def with_parameters(self, values: Mapping[str, Any]) -> Self:
        """The same model with other values of some parameters."""
        customers = self._customers
        own = {name: value for name, value in values.items() if name in customers.parameters}
        changed: dict[str, Any] = {name: values[name] for name in ("revenue", "revenue_growth") if name in values}
        changed[self._behavior] = customers.with_parameters(own)
        return evolve(self, acquisition=self.acquisition.with_parameters(values), **changed)

    def acquired_so_far(self, *, covariates: ArrayLike | None = None) -> Array:
        """Customers acquired in each period elapsed: as observed, where they are known, else in expectation."""
        return self.cohorts(self.acquisition.expected_acquired(self.elapsed, covariates=covariates))

    def cohorts(self, expected: Array) -> Array:
        """Expected numbers acquired in the periods elapsed, each span scaled to the observed number, where known."""
        if self.acquired is None:
            return expected
        spans = expected.reshape(*expected.shape[:-1], len(self.acquired), -1)
        total = spans.sum(axis=-1, keepdims=True)
        even = np.full(spans.shape, 1 / spans.shape[-1])
        part = np.divide(spans, total, out=even, where=total > 0)
        known = np.isfinite(self.acquired)[:, None]
        return np.where(known, part * np.where(known, self.acquired[:, None], 0.0), spans).reshape(expected.shape)

    @property
    def _customers(self) -> TransactionModel | RetentionModel:
        return getattr(self, self._behavior)  # type: ignore[no-any-return]

    def revenue_each(self, horizon: int) -> Array:
        """Revenue per paying customer (ARPU) or order in each of `horizon` periods since launch."""
        return np.asarray(self.revenue * (1 + self.revenue_growth) ** (np.arange(1.0, horizon + 1) - self.elapsed))

    def _revenue_ahead(self, horizon: int) -> Array:
        """Revenue per paying customer or order in each period ahead; ParameterError where it is not known."""
        if np.isnan(self.revenue).any():
            raise ParameterError("revenue must be known to be projected: disclose it, or evolve(model, revenue=...)")
        return self.revenue_each(self.elapsed + horizon)[..., self.elapsed :]

    def _check_numbers(self) -> None:
        if any(np.ndim(value) for value in self.parameters.values()):
            raise ParameterError("parameters must be numbers, not draws, for a simulation")
