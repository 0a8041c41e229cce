"""What the regressions of hazards share: coefficients, predictions from them, and Newton's ascent to the maximum.

The likelihoods are concave, with exact gradients and information, but are no sums over rows (Cox's partial likelihood
is over risk sets): Newton's steps with step-halving are all they need. Covariates are standardized first, so that no
unit matters and singular information means covariates that are dependent.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias, cast

import numpy as np
from attrs import frozen

from custvalue import _arguments
from custvalue._columns import read_only
from custvalue._results import Stored
from custvalue._typing import Array, ArrayLike
from custvalue.errors import ConvergenceError, DataError
from custvalue.evidence.covariates import columns_of
from custvalue.evidence.tenures import Tenures
from custvalue.inference.estimate import Estimate, Estimated
from custvalue.survival.concordance import concordance
from custvalue.units import Unit

Objective: TypeAlias = Callable[[Array], tuple[float, Array, Array]]
"""Log-likelihood, gradient and observed information at coefficients."""

_ROUNDS: Final = 200
"""Newton's method takes 5 to 10 on data with a maximum; a coefficient that diverges grows by about 1 in each."""
_END: Final = 1e-16
"""The step that promises a smaller gain, relative to the log-likelihood, is the last: rounding hides a further one."""
_IDLE: Final = 3
"""Steps without a gain after which the search ends: rounding hides what the next ones promise."""
_NOISE: Final = 1e-10
"""A relative gain promised after idle steps that is within the rounding of the gradient: the maximum is reached. If it
is larger, risks differ by so many orders of magnitude that the likelihood's rounding hides it: there is no maximum."""
_LOSS: Final = 1e-13
"""A step may lose this much of the log-likelihood, relatively: rounding of its sum."""
_VANISHED: Final = 1e-8
"""Information below this share of that at the start, in any direction: the likelihood has no maximum. The information
on a coefficient that diverges falls like e^-β."""
_DEPENDENT: Final = 1e-11
"""Smallest eigenvalue of the information, scaled to a diagonal of 1; of dependent covariates rounding leaves 1e-15."""
_BLOCK: Final = 1 << 13
"""Customers worked on at once: columns of 64 kB stay in the cache."""


class Regression(Estimated, Stored):
    """Coefficients of covariates, estimated by maximum likelihood."""

    unit: Unit

    @property
    def names(self) -> tuple[str, ...]:
        """Of the coefficients."""
        return self.estimate.names

    @property
    def estimates(self) -> Array:
        """The coefficients, in the order of `names`."""
        return self.estimate.values

    @property
    def coefficients(self) -> dict[str, float]:
        """The coefficients by name."""
        return dict(zip(self.names, self.estimates.tolist(), strict=True))

    @property
    def covariance(self) -> Array:
        """Of the coefficients, from the observed information."""
        return self.estimate.covariance

    @property
    def log_likelihood(self) -> float:
        """Log-likelihood (of Cox's regression partial) at its maximum."""
        return cast("float", self.estimate.log_likelihood)

    def draws(self, n: int, *, rng: np.random.Generator | int) -> Array:
        """Draw coefficients from their normal sampling distribution: shape (n, k). `rng` may be a seed."""
        return self.estimate.draws(n, rng=rng)

    @abstractmethod
    def log_risk(self, covariates: Any) -> Array:  # noqa: ANN401 (any table)
        """What rows of covariates add to the linear term."""

    def survival(self, covariates: Any, t: ArrayLike) -> Array:  # noqa: ANN401 (any table)
        """P(still a customer after time t), of rows of covariates; errors as for `churn_probability`."""
        end = self._known("t", self._span("t", t))
        risk, end = _arguments.together(covariates=self.log_risk(covariates), t=end)
        return np.exp(-self._passed(risk, np.zeros_like(end), end))

    def churn_probability(self, covariates: Any, tenure: ArrayLike | Tenures, within: ArrayLike) -> Array:  # noqa: ANN401
        """P(leaves within `within` | has stayed for `tenure`), of rows of covariates.

        Raises
        ------
        ParameterError
            A time is negative or, in discrete time, no whole number, or tenure + within is later than what is known:
            the longest duration observed, or a baseline by period.
        DataError
            Covariates are missing, or the `Tenures` given as `tenure` are in another unit.
        """
        start, ahead = self._known("tenure", self._span("tenure", self._time(tenure))), self._span("within", within)
        risk, start, ahead = _arguments.together(covariates=self.log_risk(covariates), tenure=start, within=ahead)
        return -np.expm1(-self._passed(risk, start, self._known("tenure + within", start + ahead)))

    def concordance(self, tenures: Tenures, covariates: Any) -> float:  # noqa: ANN401 (any table)
        """Harrell's C of `log_risk`: see `custvalue.survival.concordance`."""
        return concordance(tenures, self.log_risk(covariates))

    @abstractmethod
    def _span(self, name: str, value: ArrayLike) -> Array:
        """Lengths of time, checked."""

    def _known(self, name: str, time: Array) -> Array:  # noqa: ARG002 (for those that end where observation ends)
        """Times up to which the hazard is known; ParameterError where it is not."""
        return time

    @abstractmethod
    def _passed(self, log_risk: Array, start: Array, end: Array) -> Array:
        """The cumulative hazard of rows between two times."""

    def _linear(self, covariates: Any, names: tuple[str, ...], means: Array) -> Array:  # noqa: ANN401 (any table)
        """Σ coefficient · (covariate - mean) of each row, the named covariates' coefficients being the last."""
        if not names:
            return np.zeros(())
        columns = columns_of(covariates, names)
        slopes = self.estimates[-len(names) :]
        rows = (len(names),) + (1,) * (columns.ndim - 1)
        return np.asarray(((columns - means.reshape(rows)) * slopes.reshape(rows)).sum(axis=0))

    def _time(self, value: ArrayLike | Tenures) -> ArrayLike:
        """A time, or the durations of tenures in the same unit."""
        if not isinstance(value, Tenures):
            return value
        if value.unit != self.unit:
            raise DataError(f"tenure must be in the regression's unit, {self.unit}s; got Tenures in {value.unit}s.")
        return value.duration

    def _text(self, head: str) -> str:
        width = max(16, *(len(name) + 2 for name in self.names))
        return "\n".join([head, *self.estimate.lines(width)])


def as_estimate(value: Estimate | Mapping[str, Any]) -> Estimate:
    """The estimate, or the one that JSON describes: the converter of `estimate` fields."""
    return value if isinstance(value, Estimate) else Estimate.from_dict(dict(value))


def standardized(columns: Array, weights: Array) -> tuple[Array, Array, Array]:
    """Columns less their weighted means, over their standard deviations; the means; the deviations."""
    share = weights / weights.sum()
    means = np.array([(share * column).sum() for column in columns])
    centered = columns - means[:, None]
    top = np.abs(centered).max(axis=1, initial=0.0)  # divided out first: squares of covariates up to 1e100 are floats
    top = np.where(top > 0, top, 1.0)
    scaled = centered / top[:, None]
    spread = np.array([np.sqrt((share * column**2).sum()) for column in scaled])
    spread = np.where(spread > 0, spread, 1.0)
    return scaled / spread[:, None], read_only(means), top * spread


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
    """Maximize by Newton's steps, halved where they lose.

    Raises
    ------
    DataError
        The covariates are linearly dependent.
    ConvergenceError
        The likelihood has no maximum: coefficients diverge.
    """
    first = objective(start)
    _check_independent(first[2], names)
    theta, (value, gradient, information), idle, away = start, first, 0, start
    for _ in range(_ROUNDS):
        left, away = _flattest(information, first[2])
        if left < _VANISHED:
            break
        step = _solve(information, gradient)
        gain = 0.5 * float(gradient @ step) / max(1.0, abs(value))
        if idle > _IDLE and gain > _NOISE:
            break
        if gain <= _END or idle > _IDLE:
            theta = theta + step
            value, gradient, information = objective(theta)
            left, away = _flattest(information, first[2])
            if left < _VANISHED:
                break
            covariance = _solve(information, np.eye(len(theta)))
            return Peak(theta, value, information, (covariance + covariance.T) / 2, *first)
        before = value
        theta, (value, gradient, information) = _along(objective, theta, value, step)
        idle = idle + 1 if value <= before else 0
    raise ConvergenceError(
        "the likelihood has no maximum: it rises without bound in the coefficients of "
        f"{', '.join(_large(away, names))}, which separate those who leave from those who stay. "
        "Leave them out, join rare values, or use more customers"
    )


def _along(objective: Objective, theta: Array, value: float, step: Array) -> tuple[Array, tuple[float, Array, Array]]:
    """The first point on the step, halved as needed, that does not lose."""
    for halvings in range(60):
        to = theta + step * 0.5**halvings
        reached = objective(to)
        if reached[0] >= value - _LOSS * max(1.0, abs(value)) and np.isfinite(reached[2]).all():
            return to, reached
    raise ConvergenceError(
        "no step raises the likelihood: covariates of this size exceed the precision of floats. Center or rescale them"
    )


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
        raise DataError(f"linearly dependent covariates: {', '.join(shown)}. Leave one of them out.")


def _flattest(information: Array, start: Array) -> tuple[float, Array]:
    """The smallest share of the start's information that is left in any direction, and that direction."""
    scale = 1 / np.sqrt(np.diag(start))
    values, vectors = np.linalg.eigh(start * np.outer(scale, scale))
    whiten = scale[:, None] * vectors / np.sqrt(values)
    left, along = np.linalg.eigh(whiten.T @ information @ whiten)
    return float(left[0]), (whiten @ along[:, 0]) / scale


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
