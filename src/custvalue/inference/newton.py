"""Newton's method for log-likelihoods that are concave: regressions of hazards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from attrs import frozen

from custvalue._typing import Array
from custvalue.errors import ConvergenceError, DataError

Objective: TypeAlias = Callable[[Array], tuple[float, Array, Array]]
"""Log-likelihood, gradient and observed information at coefficients."""

_ROUNDS = 200
_END = 1e-16
"""The search ends before a step that promises so little, relative to the log-likelihood."""
_VANISHED = 1e-8
"""Information that fell to this share of what it was at the start: the likelihood rises for ever."""
_DEPENDENT = 1e-11
_BLOCK = 1 << 13


@frozen(eq=False)
class Peak:
    """The maximum, and what was known at the start."""

    coefficients: Array
    value: float
    information: Array
    covariance: Array
    start_value: float
    start_gradient: Array
    start_information: Array


def climb(objective: Objective, start: Array, names: Sequence[str]) -> Peak:
    """Maximize by Newton steps, halved where they lose.

    Raises
    ------
    DataError
        The covariates are linearly dependent.
    ConvergenceError
        The likelihood has no maximum: coefficients run to infinity.
    """
    first = objective(start)
    _check_independent(first[2], names)
    theta, (value, gradient, information) = start, first
    for _ in range(_ROUNDS):
        if _vanished(information, first[2]) is not None:
            break
        step = _solve(information, gradient)
        if 0.5 * float(gradient @ step) <= _END * max(1.0, abs(value)):
            theta = theta + step
            value, gradient, information = objective(theta)
            break
        theta, (value, gradient, information) = _along(objective, theta, value, step)
    away = _vanished(information, first[2])
    if away is not None:
        raise ConvergenceError(_no_maximum(away, names))
    covariance = _solve(information, np.eye(len(theta)))
    return Peak(theta, value, information, (covariance + covariance.T) / 2, *first)


def _along(objective: Objective, theta: Array, value: float, step: Array) -> tuple[Array, tuple[float, Array, Array]]:
    """The first point on the step, halved as needed, that does not lose."""
    for halvings in range(60):
        to = theta + step * 0.5**halvings
        reached = objective(to)
        if reached[0] >= value - 1e-13 * max(1.0, abs(value)) and np.isfinite(reached[2]).all():
            return to, reached
    raise ConvergenceError("the search for the maximum did not end: covariates of such a size lose all precision")


def _solve(information: Array, right: Array) -> Array:
    """information⁻¹ right, with the coefficients measured by their own curvature."""
    scale = 1 / np.sqrt(np.diag(information))
    scaled = scale if right.ndim == 1 else scale[:, None]
    return np.asarray(scaled * np.linalg.solve(information * np.outer(scale, scale), scaled * right))


def _check_independent(information: Array, names: Sequence[str]) -> None:
    scale = 1 / np.sqrt(np.maximum(np.diag(information), 1e-300))
    values, vectors = np.linalg.eigh(information * np.outer(scale, scale))
    if values[0] < _DEPENDENT:
        shown = _large(vectors[:, 0], names)
        if len(shown) == 1:
            raise DataError(f"{shown[0]} does not differ between customers at risk together. Leave it out.")
        raise DataError(f"these determine each other: {', '.join(shown)}. Leave one of them out.")


def _vanished(information: Array, start: Array) -> Array | None:
    """The direction, in units of the start's curvature, in which hardly any information is left."""
    scale = 1 / np.sqrt(np.diag(start))
    values, vectors = np.linalg.eigh(start * np.outer(scale, scale))
    whiten = scale[:, None] * vectors / np.sqrt(values)
    left, along = np.linalg.eigh(whiten.T @ information @ whiten)
    return (whiten @ along[:, 0]) / scale if left[0] < _VANISHED else None


def _no_maximum(away: Array, names: Sequence[str]) -> str:
    return (
        f"the likelihood rises for ever as the coefficients of {', '.join(_large(away, names))} grow: they separate "
        "those who leave from those who stay without error. Leave them out, join rare values, or use more customers"
    )


def _large(direction: Array, names: Sequence[str]) -> list[str]:
    size = np.abs(direction)
    return [name for name, part in zip(names, size, strict=True) if part > 0.3 * size.max()]


def gram(columns: Array, weights: Array) -> Array:
    """Σ weight · x x' over customers, `columns` of shape (covariates, customers): in blocks, without BLAS's threads."""
    total = np.zeros((len(columns), len(columns)))
    for start in range(0, columns.shape[1], _BLOCK):
        some = slice(start, start + _BLOCK)
        total += np.einsum("in,jn->ij", columns[:, some] * weights[some], columns[:, some])
    return total
