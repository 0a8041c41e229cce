"""What flows through a customer base: plans of acquisition, initial customers, and convolution with a survivor."""

from __future__ import annotations

import numpy as np

from custvalue._arguments import not_negative
from custvalue._typing import Array, ArrayLike
from custvalue.errors import ParameterError
from custvalue.evidence.tenures import Tenures
from custvalue.inference.fit import Fit
from custvalue.models.retention.family import RetentionModel


def check_retention_model(model: object) -> RetentionModel:
    """The model; ParameterError unless it is a retention model."""
    if isinstance(model, RetentionModel):
        return model
    hint = "; give its model, fit.model" if isinstance(model, Fit) else ""
    if isinstance(model, (int, float)):
        hint = "; for one churn rate per period write Geometric(theta=0.05), say"
    raise ParameterError(f"model must be a RetentionModel, not a {type(model).__name__}{hint}")


def check_model(model: object) -> None:
    """Raise ParameterError unless this is a retention model whose parameters are numbers or draws."""
    known = check_retention_model(model).parameters
    if any(np.ndim(value) and np.shape(value)[-1] != 1 for value in known.values()):
        raise ParameterError(
            "the model's parameters must be numbers, or draws of shape (draws, 1): customers still to come have no "
            "parameters of their own"
        )


def whole_number(name: str, value: object) -> int:
    """A whole number >= 1."""
    if isinstance(value, bool) or not (isinstance(value, (int, np.integer)) and value >= 1):
        raise ParameterError(f"{name} must be a whole number >= 1; got {value!r}")
    return int(value)


def plan_of(acquisitions: ArrayLike, periods: int | None) -> Array:
    """Acquisitions per period along the last axis."""
    plan = not_negative("acquisitions", acquisitions)
    if plan.ndim == 0:
        if periods is None:
            raise ParameterError("acquisitions are one number for each period: say how many, as periods=12")
        return np.full(whole_number("periods", periods), float(plan))
    if periods is not None and plan.shape[-1] != whole_number("periods", periods):
        raise ParameterError(f"acquisitions are for {plan.shape[-1]} periods, and periods={periods}; leave it out")
    if not plan.shape[-1]:
        raise ParameterError("acquisitions must be for at least one period")
    return plan


def initial_base(initial: Tenures | ArrayLike | None, model: RetentionModel) -> tuple[Array, Array]:
    """Ages, and how many customers there are of each: shape (..., ages)."""
    if initial is None:
        return np.zeros(0), np.zeros(0)
    if not isinstance(initial, Tenures):
        counts = np.atleast_1d(not_negative("the initial base", initial))
        return np.arange(counts.shape[-1], dtype=np.float64), counts
    model.known_unit(initial.unit)
    running = ~initial.ended
    ages, index = np.unique(initial.duration[running], return_inverse=True)
    return ages, np.bincount(index, initial.weights[running], len(ages)).astype(np.float64)


def initial_flows(model: RetentionModel, ages: Array, periods: int) -> tuple[Array, Array]:
    """Of one customer of each age: the chances to be there at the end of each period, and to leave at it."""
    tenure = ages[:, None] + np.arange(periods)
    each, index = np.unique(tenure.ravel(), return_inverse=True)
    lost = model.churn_probability(each, 1.0)[..., index.reshape(tenure.shape)]
    stays = np.cumprod(1 - lost, axis=-1, dtype=np.float64)
    before = np.concatenate([np.ones_like(stays[..., :1]), stays[..., :-1]], axis=-1)
    return stays, before * lost


def convolved(plan: Array, kernel: Array) -> Array:
    """Σ_{s <= t} plan_s kernel_{t-s} along the last axis; the other axes broadcast."""
    periods = plan.shape[-1]
    found = np.zeros((*np.broadcast_shapes(plan.shape[:-1], kernel.shape[:-1]), periods))
    for lag in range(periods):
        found[..., lag:] += plan[..., : periods - lag] * kernel[..., lag, None]
    return found
