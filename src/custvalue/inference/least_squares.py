"""Nonlinear least squares, weighted, with the parts of a sandwich covariance (White 1980; MacKinnon & White 1985, HC3).

The estimating equations are J' W (y - mean) = 0, J the Jacobian of the mean, W the weights. With bread B = J' W J and
meat M, the covariance of the equations, that of the estimate is B^-1 M B^-1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias, cast

import numpy as np
from attrs import frozen

from custvalue._typing import Array, Bools, Ints

Curve: TypeAlias = Callable[[Array], tuple[Array, Array]]
"""Points (m, k) to expectations (m, n), and what variances are in proportion to (m, n): all points at once."""

REACH: Final = 12.0
"""How far from its start a free parameter is searched: a factor of e^12 = 160,000 in a positive one."""
_STEP: Final = 6e-6
"""Step of central differences, the cube root of the rounding error 2e-16: both errors are about 1e-11."""
_ROUNDS: Final = 15
"""Rounds of reweighting: each gains about two digits, so that few are used."""
_LEAST: Final = 1e-9
"""Smallest variance as a share of the largest: an expectation of 0 does not get all the weight."""
_FLAT: Final = 1e-15
"""Smallest eigenvalue of the bread as a share of the largest: rounding alone."""
_LEVERAGE: Final = 0.99
"""Largest leverage that residuals are corrected for: a figure that is fitted exactly would count infinitely."""


@frozen(eq=False)
class LeastSquares:
    """A least-squares estimate and its estimating equations.

    Attributes
    ----------
    theta, start : array, shape (k,)
        The estimate, and where its search began.
    jacobian : array, shape (n, k)
        Of the expectations.
    weights, residuals : array, shape (n,)
        At the estimate.
    converged : bool
        Whether the optimizer says that it has converged.
    """

    theta: Array
    start: Array
    jacobian: Array
    weights: Array
    residuals: Array
    converged: bool

    @property
    def at_end(self) -> Bools:
        """Which parameters lie at the end of the range that is searched, as far as an optimizer goes there."""
        return np.asarray(np.abs(self.theta - self.start) >= REACH * (1 - 1e-6))

    @property
    def bread(self) -> Array:
        """J' W J."""
        return np.asarray(self.jacobian.T @ (self.weights[:, None] * self.jacobian))

    @property
    def scores(self) -> Array:
        """Contribution of each figure to the equations, (n, k), its residual divided by 1 - leverage (HC3)."""
        half = np.linalg.lstsq(self.bread, self.jacobian.T, rcond=_FLAT)[0]
        leverage = np.minimum(self.weights * (self.jacobian * half.T).sum(axis=1), _LEVERAGE)
        return np.asarray((self.weights * self.residuals / (1 - leverage))[:, None] * self.jacobian)

    def meat(self, covariance: Array) -> Array:
        """Covariance of the equations from one of the figures, scaled up where residuals are larger than it says."""
        n, k = self.jacobian.shape
        found = float((self.weights * self.residuals**2).sum()) * n / max(n - k, 1)
        expected = float((self.weights * np.diag(covariance)).sum())
        pulls = self.weights[:, None] * self.jacobian
        return np.asarray(max(1.0, found / expected) * pulls.T @ covariance @ pulls)

    @property
    def deviations(self) -> Array:
        """Standard errors from bread and dispersion alone; very large where a parameter is not identified."""
        n, k = self.jacobian.shape
        dispersion = float((self.weights * self.residuals**2).sum()) / max(n - k, 1)
        values, vectors = np.linalg.eigh(self.bread)
        sizes = np.maximum(values, _FLAT * max(float(values[-1]), 1e-300))
        return np.asarray(np.sqrt(max(dispersion, 1e-300) * (vectors**2 / sizes).sum(axis=1)))


def least_squares(curve: Curve, y: Array, start: Array, *, weighted: bool) -> LeastSquares:
    """Minimize Σ w (y - mean)².

    Weighted, w is the inverse of the variance at the solution itself, by iteration: a quasi-likelihood. Otherwise it is
    1 over the mean square of y, the same for all.
    """
    weights = np.full(len(y), 1 / max(float(np.mean(y**2)), 1e-300))
    if weighted:
        weights = _inverse(curve(start[None])[1][0])
    found = _solve(curve, y, start, start, weights)
    for _ in range(_ROUNDS if weighted else 0):
        before, weights = found.theta, _inverse(curve(found.theta[None])[1][0])
        found = _solve(curve, y, before, start, weights)
        if found.at_end.any() or np.abs(found.theta - before).max() < 1e-8 * (1 + np.abs(found.theta).max()):
            break
    return found


def jacobian(curve: Curve, theta: Array) -> Array:
    """Derivatives of the expectations by central differences: shape (n, k)."""
    shifts = _STEP * np.eye(len(theta))
    mean, _ = curve(np.concatenate([theta + shifts, theta - shifts]))
    return np.asarray((mean[: len(theta)] - mean[len(theta) :]).T / (2 * _STEP))


def clustered(scores: Array, cluster: Ints) -> Array:
    """Covariance of the equations from scores (n, k) that are summed within clusters: shape (k, k)."""
    index = np.unique(cluster, return_inverse=True)[1]
    summed = np.zeros((int(index.max()) + 1, scores.shape[1]))
    np.add.at(summed, index, scores)
    return np.asarray(summed.T @ summed)


def sandwich(bread: Array, meat: Array) -> Array:
    """B^-1 M B'^-1: the covariance of an estimate from that of its estimating equations."""
    half = np.linalg.lstsq(bread, meat, rcond=_FLAT)[0]
    return np.asarray(np.linalg.lstsq(bread, half.T, rcond=_FLAT)[0], dtype=np.float64)


def _solve(curve: Curve, y: Array, theta: Array, start: Array, weights: Array) -> LeastSquares:
    from scipy.optimize import least_squares as solve  # noqa: PLC0415 (loads only where something is fitted)

    root = np.sqrt(weights)

    def residuals(point: Array) -> Array:
        return np.asarray(root * (curve(point[None])[0][0] - y))

    def slopes(point: Array) -> Array:
        return np.asarray(root[:, None] * jacobian(curve, point))

    found = solve(
        residuals,
        theta,
        jac=cast("Any", slopes),
        bounds=(start - REACH, start + REACH),
        xtol=1e-11,
        ftol=1e-13,
        gtol=1e-11,
        max_nfev=100,
    )
    end = np.asarray(found.x, dtype=np.float64)
    left = y - curve(end[None])[0][0]
    return LeastSquares(end, start, jacobian(curve, end), weights, left, bool(found.status > 0))


def _inverse(variance: Array) -> Array:
    return np.asarray(1 / np.maximum(variance, _LEAST * max(float(variance.max()), 1e-300)))
