"""Weighted least squares with a Jacobian by differences, all of whose points are computed at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, cast

import numpy as np
from attrs import frozen

from custvalue._typing import Array, Ints

Curve: TypeAlias = Callable[[Array], tuple[Array, Array]]
"""Points (m, k) to expectations (m, n), and what variances are in proportion to (m, n)."""

REACH = 12.0
"""So far from its start may a logarithm or log-odds be searched."""
_STEP = 6e-6
_ROUNDS = 15


def jacobian(curve: Curve, theta: Array) -> Array:
    """Derivatives of the expectations: shape (n, k)."""
    shifts = _STEP * np.eye(len(theta))
    mean, _ = curve(np.concatenate([theta + shifts, theta - shifts]))
    return np.asarray((mean[: len(theta)] - mean[len(theta) :]).T / (2 * _STEP))


def least_squares(curve: Curve, y: Array, start: Array, *, weighted: bool) -> tuple[Array, Array, bool]:
    """Where Σ w (y - mean)² is least, the weights there, and whether the search ended.

    Weighted, w is the inverse of the variance at the solution itself (iterated; a quasi-likelihood); otherwise 1 over
    the mean square of y, the same for all.
    """
    weights = np.full(len(y), 1 / max(float(np.mean(y**2)), 1e-300))
    if weighted:
        weights = _inverse(curve(start[None])[1][0])
    theta, ended = _solve(curve, y, start, start, weights)
    for _ in range(_ROUNDS if weighted else 0):
        before, weights = theta, _inverse(curve(theta[None])[1][0])
        theta, ended = _solve(curve, y, theta, start, weights)
        if np.abs(theta - start).max() >= REACH * (1 - 1e-6):
            break
        if np.abs(theta - before).max() < 1e-8 * (1 + np.abs(theta).max()):
            break
    return theta, weights, ended


def _solve(curve: Curve, y: Array, theta: Array, start: Array, weights: Array) -> tuple[Array, bool]:
    from scipy.optimize import least_squares as solve  # noqa: PLC0415 (loads only where something is fitted)

    root = np.sqrt(weights)

    def off(point: Array) -> Array:
        return np.asarray(root * (curve(point[None])[0][0] - y))

    def slopes(point: Array) -> Array:
        return np.asarray(root[:, None] * jacobian(curve, point))

    found = solve(
        off,
        theta,
        jac=cast("Any", slopes),
        bounds=(start - REACH, start + REACH),
        xtol=1e-11,
        ftol=1e-13,
        gtol=1e-11,
        max_nfev=100,
    )
    return np.asarray(found.x, dtype=np.float64), bool(found.status > 0)


def _inverse(spread: Array) -> Array:
    return np.asarray(1 / np.maximum(spread, 1e-9 * max(float(spread.max()), 1e-300)))


def scores_by_period(scores: Array, period: Ints) -> Array:
    """Rows of scores (n, k) summed within periods."""
    index = np.unique(period, return_inverse=True)[1]
    found = np.zeros((int(index.max()) + 1, scores.shape[1]))
    np.add.at(found, index, scores)
    return found


@frozen(eq=False)
class Stage:
    """An estimate, and its estimating equations: slopes of the figures, weights, what is left over."""

    theta: Array
    slopes: Array
    weights: Array
    left: Array
    ended: bool

    @property
    def scores(self) -> Array:
        """Of each figure, what is left over divided by 1 - leverage: as if it had not been fitted (HC3)."""
        half = np.linalg.lstsq(self.bread, self.slopes.T, rcond=1e-15)[0]
        leverage = np.minimum(self.weights * (self.slopes * half.T).sum(axis=1), 0.99)
        return np.asarray((self.weights * self.left / (1 - leverage))[:, None] * self.slopes)

    def meat(self, spread: Array) -> Array:
        """Covariance of the estimating equations, from one of the figures; more where more is left over than that."""
        n, k = self.slopes.shape
        left = float((self.weights * self.left**2).sum()) * n / max(n - k, 1)
        pulls = self.weights[:, None] * self.slopes
        return np.asarray(max(1.0, left / float((self.weights * np.diag(spread)).sum())) * pulls.T @ spread @ pulls)

    @property
    def bread(self) -> Array:
        return np.asarray(self.slopes.T @ (self.weights[:, None] * self.slopes))

    @property
    def deviations(self) -> Array:
        """Standard errors from the Jacobian alone: infinite where the figures tell nothing."""
        n, k = self.slopes.shape
        dispersion = float((self.weights * self.left**2).sum()) / max(n - k, 1)
        values, vectors = np.linalg.eigh(self.bread)
        sizes = np.maximum(values, 1e-15 * max(float(values[-1]), 1e-300))
        return np.asarray(np.sqrt(max(dispersion, 1e-300) * (vectors**2 / sizes).sum(axis=1)))


def stage(curve: Curve, y: Array, start: Array, *, weighted: bool) -> Stage:
    theta, weights, ended = least_squares(curve, y, start, weighted=weighted)
    return Stage(theta, jacobian(curve, theta), weights, y - curve(theta[None])[0][0], ended)


def sandwich(bread: Array, meat: Array) -> Array:
    """Covariance of an estimate from that of its estimating equations."""
    half = np.linalg.lstsq(bread, meat, rcond=1e-15)[0]
    return np.asarray(np.linalg.lstsq(bread, half.T, rcond=1e-15)[0], dtype=np.float64)
