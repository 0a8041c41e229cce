"""Maximum likelihood: the one optimizer all models share, in log-parameters and the data's own scale."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Generic, TypeVar

import numpy as np
from attrs import evolve, frozen

from custvalue._typing import Array, Ints
from custvalue.errors import ConvergenceError
from custvalue.inference.fit import Fit, Parametric

M = TypeVar("M", bound=Parametric)

_BOX = np.log(1e6)
"""Log-parameters are searched this far to both sides of the data's own scale; a maximum there is none."""
_GAIN = 1e-13
"""The search ends when a Newton step can raise the log-likelihood by less than this."""
_SAME = 1e-6
"""A Hessian still holds after a step shorter than this in all log-parameters."""
_LONGEST = 2.0
"""Longest step in any log-parameter."""
_LOOSE = 10.0
"""So many times its own size may the standard error of a parameter be that lies near the end of the search's range."""
_ROUNDS = 200
_SAMPLE = 1 << 12
"""The search begins on a sample of about so many rows where there are four times as many."""
_BLOCK = 1 << 15
"""Rows worked on at once."""
_PATIENCE = 25
"""Rounds of quasi-Newton steps; those after them are Newton's, for curved and flat ridges."""


@frozen(eq=False)
class Problem(Generic[M]):
    """What a model hands to `maximize`: its likelihood on distinct rows, a start and its boundaries.

    `score(parameters, *columns)` gives the log-likelihood of each row of the columns and its derivatives, shape
    (parameters, rows), in the natural parameters. It is asked for blocks of rows, each row of `columns` counting as
    often as `counts` says. `scale` is what a parameter is measured by: the data's time or money scale, or 1.
    `limits` says for each parameter what it means that it runs to 0 or to infinity.
    """

    build: Callable[[Array], M]
    score: Callable[..., tuple[Array, Array]]
    columns: tuple[Array, ...]
    names: tuple[str, ...]
    start: Array
    scale: Array
    counts: Array
    limits: Mapping[str, tuple[str, str]]


def maximize(problem: Problem[M]) -> Fit[M]:
    """Fit by quasi-Newton from the start, preconditioned by the scores, finished by Newton steps.

    Raises
    ------
    ConvergenceError
        The likelihood rises to the boundary of the parameters, is flat, or the search did not end. The message
        names the direction and the remedy, and `error.fit` says where the search ended.
    """
    theta, value, information, rounds = _climb(problem, *_start(problem))
    return _finish(problem, theta, value, information, rounds)


def _start(problem: Problem[M]) -> tuple[Array, Array]:
    """A point and the curvature there: the maximum in a sample of the rows where they are many, else the guess."""
    if len(problem.counts) >= 4 * _SAMPLE:
        rows, counts = _sample(problem.counts)
        sample = evolve(problem, columns=tuple(column[rows] for column in problem.columns), counts=counts)
        with suppress(ConvergenceError):
            theta, _, information, _ = _climb(sample, *_start(sample))
            if np.abs(theta).max() < _BOX / 2:
                return theta, information
    theta = np.log(problem.start / problem.scale)
    return theta, _Search(problem).outer(theta)


def _sample(counts: Array) -> tuple[Ints, Array]:
    """Rows drawn evenly, each as likely as it counts for customers up to certainty, and what they then count for."""
    each = counts.sum()
    while (least := np.minimum(counts, each).sum() / _SAMPLE) < 0.9 * each:
        each = least
    drawn = np.flatnonzero(np.diff(np.floor(np.cumsum(np.minimum(counts / each, 1.0))), prepend=0.0))
    return drawn, np.maximum(counts, each)[drawn]


def _climb(problem: Problem[M], theta: Array, curvature: Array) -> tuple[Array, float, Array, int]:
    """The maximum, the log-likelihood and the observed information there, and the rounds it took."""
    search = _Search(problem)
    value, gradient = search.at(theta)
    idle, exact = 0, False
    for rounds in range(1, _ROUNDS + 1):
        step = _ascent(curvature, gradient, theta)
        theta_new, value_new, gradient_new = search.along(theta, value, gradient, step)
        idle = idle + 1 if value_new <= value + _noise(value) else 0
        exact = exact and bool(np.abs(theta_new - theta).max() < _SAME)
        if not exact:
            curvature = _bfgs(curvature, theta_new - theta, gradient - gradient_new)
        theta, value, gradient = theta_new, value_new, gradient_new
        if idle > 1 or rounds > _PATIENCE or _gain(curvature, gradient, theta) < _GAIN:
            curvature, exact = curvature if exact else search.hessian(theta), True
            left = _gain(curvature, gradient, theta)
            if left < _GAIN or (idle > 2 and left < _noise(value)):
                return theta, value, curvature, rounds
    if np.abs(theta).max() >= _BOX * (1 - 1e-9):
        return theta, value, curvature, _ROUNDS
    raise ConvergenceError(
        f"the search for the maximum did not end within {_ROUNDS} rounds; the data hardly identify "
        f"{', '.join(problem.names)}: use more customers or a longer period",
        _fit(problem, theta, value, curvature, _ROUNDS),
    )


@frozen(eq=False)
class _Search(Generic[M]):
    problem: Problem[M]

    def at(self, theta: Array) -> tuple[float, Array]:
        """Log-likelihood and gradient in log-parameters."""
        parameters = self.problem.scale * np.exp(theta)
        value, slope = 0.0, np.zeros(len(theta))
        for rows, scores, counts in self._blocks(parameters):
            value += float((counts * rows).sum())
            slope += (counts * scores).sum(axis=1)
        return value, slope * parameters

    def outer(self, theta: Array) -> Array:
        """The scores' outer products, summed: a curvature that is never negative."""
        parameters = self.problem.scale * np.exp(theta)
        products = np.zeros((len(theta), len(theta)))
        for _, scores, counts in self._blocks(parameters):
            products += [[(one * other).sum() for other in scores] for one in counts * scores]
        return products * np.outer(parameters, parameters)

    def _blocks(self, parameters: Array) -> Iterator[tuple[Array, Array, Array]]:
        """Log-likelihoods, their derivatives and the counts, of some rows at a time: temporaries stay in the cache."""
        problem = self.problem
        for first in range(0, len(problem.counts), _BLOCK):
            rows = slice(first, first + _BLOCK)
            yield *problem.score(parameters, *(column[rows] for column in problem.columns)), problem.counts[rows]

    def along(self, theta: Array, value: float, gradient: Array, step: Array) -> tuple[Array, float, Array]:
        """The first point on the step, halved as needed, that does not lose log-likelihood."""
        room = (_BOX - np.sign(step) * theta) / np.maximum(np.abs(step), 1e-300)
        step = step * min(1.0, float(room.min()))
        for halvings in range(40):
            to = np.clip(theta + step * 0.5**halvings, -_BOX, _BOX)
            reached, slope = self.at(to)
            if reached >= value + 1e-4 * float(gradient @ (to - theta)) - _noise(value):
                return to, reached, slope
        return theta, value, gradient

    def hessian(self, theta: Array) -> Array:
        """The observed information in log-parameters, by central differences of the analytic gradient."""
        h = 1e-4
        columns = [
            (self.at(theta - h * unit)[1] - self.at(theta + h * unit)[1]) / (2 * h) for unit in np.eye(len(theta))
        ]
        information = np.array(columns)
        return np.asarray(0.5 * (information + information.T))


def _noise(value: float) -> float:
    """What rounding may add to a log-likelihood or take from it."""
    return 1e-12 * max(1.0, abs(value))


def _eigen(curvature: Array) -> tuple[Array, Array]:
    """Eigenvalues made positive, and eigenvectors, of a curvature that may be indefinite or flat."""
    values, vectors = np.linalg.eigh(curvature)
    return np.maximum(np.abs(values), 1e-12 * max(1.0, float(np.abs(values).max()))), vectors


def _newton(curvature: Array, gradient: Array, theta: Array) -> tuple[Array, float]:
    """The step to the top of the parabola, none of it out of the box, and the log-likelihood it promises to add."""
    free = np.ones(len(theta), dtype=bool)
    while True:
        values, vectors = _eigen(np.where(np.outer(free, free), curvature, np.eye(len(theta))))
        along = vectors.T @ np.where(free, gradient, 0.0)
        step = np.where(free, vectors @ (along / values), 0.0)
        blocked = (np.abs(theta) >= _BOX * (1 - 1e-9)) & (step * theta > 0)
        if not blocked.any():
            return step, float((along**2 / values).sum() / 2)
        free &= ~blocked


def _ascent(curvature: Array, gradient: Array, theta: Array) -> Array:
    step, _ = _newton(curvature, gradient, theta)
    return np.asarray(step * min(1.0, _LONGEST / max(float(np.abs(step).max()), 1e-300)))


def _gain(curvature: Array, gradient: Array, theta: Array) -> float:
    return _newton(curvature, gradient, theta)[1]


def _bfgs(curvature: Array, moved: Array, turned: Array) -> Array:
    """The BFGS update of the negative Hessian; skipped where the curvature along the step is not positive."""
    along = curvature @ moved
    bend, old = float(turned @ moved), float(moved @ along)
    if bend <= 1e-10 * old or old <= 0:
        return curvature
    return np.asarray(curvature + np.outer(turned, turned) / bend - np.outer(along, along) / old)


def _finish(problem: Problem[M], theta: Array, value: float, information: Array, rounds: int) -> Fit[M]:
    """The fit, or ConvergenceError where its maximum lies on the boundary or is flat."""
    fit = _fit(problem, theta, value, information, rounds)
    far = np.flatnonzero(np.abs(theta) > 0.8 * _BOX)
    unknown = np.sqrt(np.diag(fit.covariance)) > _LOOSE * problem.scale * np.exp(theta)
    if np.abs(theta).max() >= _BOX * (1 - 1e-9) or unknown[far].any():
        reasons = [_edge(problem, i, rises=theta[i] > 0) for i in far]
        raise ConvergenceError(
            f"the likelihood has no interior maximum: {'; '.join(reasons)}. "
            "Use more customers or a longer period, or a simpler model",
            fit,
        )
    values, vectors = np.linalg.eigh(information)
    if values[0] <= 1e-9 * max(values[-1], 1.0):
        flat = [name for name, part in zip(problem.names, vectors[:, 0], strict=True) if abs(part) > 0.3]
        raise ConvergenceError(
            f"the likelihood is flat in {', '.join(flat)}: the data do not identify the model; "
            "use more customers or a longer period",
            fit,
        )
    return fit


def _edge(problem: Problem[M], i: int | np.intp, *, rises: bool) -> str:
    name = problem.names[i]
    return f"{name} runs to {'infinity' if rises else '0'} ({problem.limits[name][int(rises)]})"


def _fit(problem: Problem[M], theta: Array, value: float, information: Array, rounds: int) -> Fit[M]:
    parameters = problem.scale * np.exp(theta)
    values, vectors = _eigen(information)
    spread = parameters[:, None] * vectors / np.sqrt(values)
    covariance = spread @ spread.T
    model = problem.build(parameters)
    loose = [
        f"{name} is hardly identified: {_looseness(deviation, share=name in model.shares)}; "
        "use more customers or a longer period"
        for name, deviation in zip(problem.names, np.sqrt(np.diag(covariance)) / parameters, strict=True)
        if deviation > 1
    ]
    return Fit(
        model=model,
        log_likelihood=value,
        covariance=covariance,
        customers=int(problem.counts.sum()),
        iterations=rounds,
        warnings=tuple(loose),
    )


def _looseness(deviation: float, *, share: bool) -> str:
    if share:  # fitted as odds, so that its deviation is that of the log-odds
        return f"the standard error of its log-odds is {deviation:.1f}"
    return f"its standard error is {deviation:.1f} times its value"
