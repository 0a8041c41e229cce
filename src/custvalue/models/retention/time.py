"""Retention in discrete and in continuous time."""

from __future__ import annotations

from abc import abstractmethod

from custvalue._typing import Array, ArrayLike
from custvalue.models.retention.family import RetentionModel, hazard


class DiscreteRetentionModel(RetentionModel):
    """Leaving at renewals, once per period: P(T = t) = S(t-1) - S(t), t = 1, 2, ..."""

    @property
    def _by_period(self) -> bool:
        return True


class ContinuousRetentionModel(RetentionModel):
    """Leaving at any time: a density f(t) = h(t) S(t)."""

    @abstractmethod
    def _log_hazard(self, t: Array) -> Array:
        """log h(t), t > 0."""

    @abstractmethod
    def _log_hazard_slopes(self, t: Array) -> Array:
        """Derivatives of `_log_hazard` in the parameters: shape (parameters, ...)."""

    def hazard(self, t: ArrayLike) -> Array:
        """h(t): the rate per unit of time at which customers leave who have stayed until t > 0."""
        return hazard(self, t)

    @property
    def _by_period(self) -> bool:
        return False
