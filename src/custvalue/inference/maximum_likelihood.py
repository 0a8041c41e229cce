"""Maximum likelihood: one statement of an estimation, and the one optimizer, on the parameters' free scale."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, Generic, TypeVar

import numpy as np
from attrs import Factory, evolve, field, frozen

from custvalue._typing import Array, Ints
from custvalue.errors import ConvergenceError, ParameterError
from custvalue.evidence.distinct import Distinct
from custvalue.inference.fit import Fit, Parametric
from custvalue.inference.transform import Coordinates, Logit, Transform

M = TypeVar("M", bound=Parametric)

BOX: Final = float(np.log(1e6))
"""Free parameters are searched this far to both sides of the data's own scale; a maximum a million times away counts
as none."""
_GAIN: Final = 1e-13
"""The search ends when a Newton step promises to gain less log-likelihood than this, below the rounding of any sum."""
_SAME: Final = 1e-6
"""A Hessian is kept after a step shorter than this in all free parameters: its error is of the order of the step."""
_LONGEST: Final = 2.0
"""Longest step in any free parameter: a factor of e^2 = 7.4 in a positive one."""
_LOOSE: Final = 10.0
"""Near the end of the box, a standard error above this (in logarithms) says that the likelihood is flat out there."""
_ROUNDS: Final = 200
"""Most rounds of a search."""
_SAMPLE: Final = 1 << 12
"""Rows, about, of the sample on which a search begins where there are four times as many."""
_BLOCK: Final = 1 << 15
"""Rows worked on at once: ten columns of them (2.5 MB) stay in a cache."""
_PATIENCE: Final = 25
"""Rounds of quasi-Newton steps; later ones are Newton's, for curved and flat ridges."""
_STEP: Final = 1e-4
"""Step of central differences of the gradient: truncation h² = 1e-8, rounding 1e-16/h = 1e-12, both relative."""


@frozen(eq=False)
class Problem(Generic[M]):
    """The statement of an estimation: distinct rows with weights, their score, starting values and boundaries.

    Attributes
    ----------
    build : callable
        The model with these natural values, in the order of `names`.
    score : callable
        ``score(values, *columns)``: the log-likelihood of each row and its derivatives in the natural parameters,
        shape (parameters, rows), in the order of `names` without those `held`; called with blocks of rows.
    columns : tuple of array, shape (rows,)
        The distinct rows.
    weights : array, shape (rows,)
        How many customers each row stands for.
    names : tuple of str
        The parameters.
    start : array
        Starting values, in natural terms.
    transforms : tuple of Transform
        Of each parameter, in the data's own scale.
    limits : mapping
        For each parameter, what a maximum at 0 and at infinity (of a share, at 1) means.
    held : tuple of str
        Parameters in which the likelihood has no derivative: they stay at their starting values, found by a search of
        their own.
    constant : float
        A term of the log-likelihood that does not depend on the parameters searched.
    notes : tuple of str
        Warnings of the fit that come from the statement.
    """

    build: Callable[[Array], M]
    score: Callable[..., tuple[Array, Array]]
    columns: tuple[Array, ...]
    weights: Array
    names: tuple[str, ...]
    start: Array
    transforms: tuple[Transform, ...]
    limits: Mapping[str, tuple[str, str]]
    held: tuple[str, ...] = ()
    constant: float = 0.0
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        start: M,
        rows: Distinct,
        score: Callable[..., tuple[Array, Array]],
        *,
        time: float = 1.0,
        **more: Any,  # noqa: ANN401 (`held`, `constant`, `notes`)
    ) -> Problem[M]:
        """State the estimation of a model with these starting values, in the scale of a time of the data."""
        names = tuple(start.parameters)
        return cls(
            build=lambda values: start.with_parameters(dict(zip(names, values.tolist(), strict=True))),
            score=score,
            columns=rows.columns,
            weights=rows.counts,
            names=names,
            start=np.array(list(start.parameters.values()), dtype=np.float64),
            transforms=tuple(start.transforms[name].measured(time) for name in names),
            limits=start.limits,
            **more,
        )

    @property
    def first(self) -> M:
        """The model at the start."""
        return self.build(self.start)

    def beginning(self, values: Mapping[str, Any]) -> Problem[M]:
        """The same statement with other starting values of some parameters.

        Raises
        ------
        ParameterError
            A name is not a parameter, or a value is outside its domain.
        """
        if unknown := [name for name in values if name not in self.names]:
            raise ParameterError(f"{unknown[0]!r} is none of the parameters: {', '.join(self.names)}")
        changed = np.array([values.get(name, now) for name, now in zip(self.names, self.start, strict=True)])
        self.build(changed)
        return evolve(self, start=changed.astype(np.float64))


def maximize(problem: Problem[M], *, fixed: Mapping[str, float] | None = None) -> Fit[M]:
    """Fit by quasi-Newton steps from the scores' outer products as curvature, finished by Newton steps.

    Parameters
    ----------
    problem : Problem
        The statement of the estimation.
    fixed : mapping, optional
        Parameters held fixed at these values; the standard errors of the others are conditional on them.

    Raises
    ------
    ConvergenceError
        The likelihood has its maximum on the boundary or is flat, or no maximum was found. The message names the
        direction and the remedy; `error.fit` is the best point found.
    ParameterError
        A name in `fixed` is not a parameter, all parameters are fixed, or a value is outside its domain.
    """
    given = dict(fixed or {})
    stated = problem.beginning(given) if given else problem
    search = _Search(stated, tuple(n for n in stated.names if n not in stated.held and n not in given))
    if not search.free:
        raise ParameterError(f"at least one parameter must be left to estimate; fixed holds {', '.join(given)}")
    return _finish(search, *_climb(search, *_start(search)), fixed=tuple(n for n in stated.names if n in given))


@frozen(eq=False)
class _Search(Generic[M]):
    """The log-likelihood as a function of the parameters searched, on their free scale."""

    problem: Problem[M]
    free: tuple[str, ...]
    _searched: Ints = field(init=False, default=Factory(lambda self: self._found(), takes_self=True))
    """Positions of the parameters searched."""
    _rows: Ints | slice = field(init=False, default=Factory(lambda self: self._scored(), takes_self=True))
    """Their derivatives' positions in the score."""
    _square: tuple[Ints, ...] = field(init=False, default=Factory(lambda self: self._block(), takes_self=True))
    """Their part of a matrix of all parameters."""
    _coordinates: Coordinates = field(init=False, default=Factory(lambda self: self._all(), takes_self=True))
    origin: Array = field(init=False, default=Factory(lambda self: self._begin(), takes_self=True))
    """Free coordinates of the start, all parameters."""

    def _found(self) -> Ints:
        return np.array([self.problem.names.index(name) for name in self.free], dtype=np.intp)

    def _scored(self) -> Ints | slice:
        scored = [name for name in self.problem.names if name not in self.problem.held]
        rows = [scored.index(name) for name in self.free]
        # a slice copies nothing; what a score has beyond the parameters scored is left out
        return slice(len(rows)) if rows == list(range(len(rows))) else np.array(rows, dtype=np.intp)

    def _block(self) -> tuple[Ints, ...]:
        return np.ix_(self._searched, self._searched)

    def _all(self) -> Coordinates:
        return Coordinates(self.problem.names, self.problem.transforms)

    def _begin(self) -> Array:
        return self._coordinates.free(self.problem.start)

    @property
    def start(self) -> Array:
        """Where the search begins."""
        return self.origin[self._searched]

    def values(self, theta: Array) -> Array:
        """Natural values of all parameters; those not searched are the start's, to the last bit."""
        found = self.problem.start.copy()
        found[self._searched] = self._coordinates.natural(self._placed(theta))[self._searched]
        return found

    def chain(self, theta: Array, values: Array) -> Array:
        """Derivatives of the natural values searched in the free ones: shape (k, k)."""
        return self._coordinates.jacobian(self._placed(theta), values)[self._square]

    def covariance(self, theta: Array, values: Array, information: Array) -> Array:
        """Covariance of all natural parameters, zero for those not searched, from the observed information."""
        eigenvalues, vectors = _eigen(information)
        covariance = np.zeros((len(values), len(values)))
        with np.errstate(over="ignore"):  # a rate of t^c may be huge
            spread = self.chain(theta, values) @ (vectors / np.sqrt(eigenvalues))
            covariance[self._square] = spread @ spread.T
        return covariance

    def at(self, theta: Array) -> tuple[float, Array]:
        """Log-likelihood and gradient."""
        values = self.values(theta)
        value, slope = 0.0, np.zeros(len(theta))
        for rows, scores, weights in self._blocks(values):
            value += float((weights * rows).sum())
            slope += (weights * scores).sum(axis=1)
        return value, self.chain(theta, values).T @ slope

    def outer(self, theta: Array) -> Array:
        """The scores' outer products, summed: a curvature that is never negative."""
        values = self.values(theta)
        products = np.zeros((len(theta), len(theta)))
        for _, scores, weights in self._blocks(values):
            products += [[(one * other).sum() for other in scores] for one in weights * scores]
        chain = self.chain(theta, values)
        return np.asarray(chain.T @ products @ chain)

    def along(self, theta: Array, value: float, gradient: Array, step: Array) -> tuple[Array, float, Array]:
        """The first point on the step, halved as needed, that satisfies Armijo's condition, 1e-4 of the linear gain."""
        room = (BOX - np.sign(step) * theta) / np.maximum(np.abs(step), 1e-300)
        step = step * min(1.0, float(room.min()))
        for halvings in range(40):
            to = np.clip(theta + step * 0.5**halvings, -BOX, BOX)
            reached, slope = self.at(to)
            if reached >= value + 1e-4 * float(gradient @ (to - theta)) - _noise(value):
                return to, reached, slope
        return theta, value, gradient

    def hessian(self, theta: Array) -> Array:
        """The observed information, by central differences of the analytic gradient."""
        units = _STEP * np.eye(len(theta))
        information = np.array([self.at(theta - unit)[1] - self.at(theta + unit)[1] for unit in units]) / (2 * _STEP)
        return np.asarray(0.5 * (information + information.T))

    def _placed(self, theta: Array) -> Array:
        placed = self.origin.copy()
        placed[self._searched] = theta
        return placed

    def _blocks(self, values: Array) -> Iterator[tuple[Array, Array, Array]]:
        """Log-likelihoods, derivatives and weights, of some rows at a time: temporaries stay in the cache."""
        problem = self.problem
        for first in range(0, len(problem.weights), _BLOCK):
            rows = slice(first, first + _BLOCK)
            value, scores = problem.score(values, *(column[rows] for column in problem.columns))
            yield value, scores[self._rows], problem.weights[rows]


def _start(search: _Search[M]) -> tuple[Array, Array]:
    """A point and the curvature there: the maximum in a sample of many rows, else the starting values."""
    problem = search.problem
    if len(problem.weights) >= 4 * _SAMPLE:
        rows, weights = _sample(problem.weights)
        sample = evolve(problem, columns=tuple(column[rows] for column in problem.columns), weights=weights)
        few = _Search(sample, search.free)
        with suppress(ConvergenceError):
            theta, _, information, _ = _climb(few, *_start(few))
            if np.abs(theta).max() < BOX / 2:
                return theta, information
    theta = np.clip(search.start, -BOX, BOX)
    return theta, search.outer(theta)


def _sample(weights: Array) -> tuple[Ints, Array]:
    """A systematic sample of rows with probability proportional to weight, up to 1, and their weights for the whole."""
    each = weights.sum()
    while (least := np.minimum(weights, each).sum() / _SAMPLE) < 0.9 * each:
        each = least
    drawn = np.flatnonzero(np.diff(np.floor(np.cumsum(np.minimum(weights / each, 1.0))), prepend=0.0))
    return drawn, np.maximum(weights, each)[drawn]


def _climb(search: _Search[M], theta: Array, curvature: Array) -> tuple[Array, float, Array, int]:
    """The maximum, the log-likelihood and the observed information there, and the number of rounds."""
    value, gradient = search.at(theta)
    step, _ = _newton(curvature, gradient, theta)
    idle, exact = 0, False  # rounds in a row that gained nothing; whether the curvature is the Hessian here
    for rounds in range(1, _ROUNDS + 1):
        theta_new, value_new, gradient_new = search.along(theta, value, gradient, _short(step))
        idle = idle + 1 if value_new <= value + _noise(value) else 0
        exact = exact and bool(np.abs(theta_new - theta).max() < _SAME)
        if not exact:
            curvature = _bfgs(curvature, theta_new - theta, gradient - gradient_new)
        theta, value, gradient = theta_new, value_new, gradient_new
        step, gain = _newton(curvature, gradient, theta)
        if idle > 1 or rounds > _PATIENCE or gain < _GAIN:
            if not exact:
                curvature, exact = search.hessian(theta), True
                step, gain = _newton(curvature, gradient, theta)
            if gain < _GAIN or (idle > 2 and gain < _noise(value)):
                return theta, value, curvature, rounds
    if np.abs(theta).max() >= BOX * (1 - 1e-9):
        return theta, value, curvature, _ROUNDS
    raise ConvergenceError(
        f"no maximum of the likelihood was found within {_ROUNDS} rounds; the data hardly identify "
        f"{', '.join(search.free)}: use more customers or a longer period",
        _fit(search, theta, value, curvature, _ROUNDS, ()),
    )


def _noise(value: float) -> float:
    """Rounding error of a log-likelihood."""
    return 1e-12 * max(1.0, abs(value))


def _eigen(curvature: Array) -> tuple[Array, Array]:
    """Eigenvalues made positive, and eigenvectors, of a curvature that may be indefinite or flat."""
    values, vectors = np.linalg.eigh(curvature)
    return np.maximum(np.abs(values), 1e-12 * max(1.0, float(np.abs(values).max()))), vectors


def _newton(curvature: Array, gradient: Array, theta: Array) -> tuple[Array, float]:
    """The Newton step within the box, and the log-likelihood that it promises to gain."""
    free = np.ones(len(theta), dtype=bool)
    while True:
        values, vectors = _eigen(np.where(np.outer(free, free), curvature, np.eye(len(theta))))
        along = vectors.T @ np.where(free, gradient, 0.0)
        step = np.where(free, vectors @ (along / values), 0.0)
        blocked = (np.abs(theta) >= BOX * (1 - 1e-9)) & (step * theta > 0)
        if not blocked.any():
            return step, float((along**2 / values).sum() / 2)
        free &= ~blocked


def _short(step: Array) -> Array:
    """The step, none of its parts longer than _LONGEST."""
    return np.asarray(step * min(1.0, _LONGEST / max(float(np.abs(step).max()), 1e-300)))


def _bfgs(curvature: Array, moved: Array, turned: Array) -> Array:
    """The BFGS update of the negative Hessian; skipped where the curvature along the step is not positive."""
    along = curvature @ moved
    bend, old = float(turned @ moved), float(moved @ along)
    if bend <= 1e-10 * old or old <= 0:
        return curvature
    return np.asarray(curvature + np.outer(turned, turned) / bend - np.outer(along, along) / old)


def _finish(
    search: _Search[M], theta: Array, value: float, information: Array, rounds: int, *, fixed: tuple[str, ...]
) -> Fit[M]:
    """The fit, or ConvergenceError where its maximum lies on the boundary or is flat."""
    fit = _fit(search, theta, value, information, rounds, fixed)
    far = np.flatnonzero(np.abs(theta) > 0.8 * BOX)
    if np.abs(theta).max() >= BOX * (1 - 1e-9) or (_deviations(information)[far] > _LOOSE).any():
        reasons = [_edge(search, i, rises=theta[i] > 0) for i in far]
        raise ConvergenceError(
            f"the likelihood has no interior maximum: {'; '.join(reasons)}. "
            "Use more customers or a longer period, or a simpler model",
            fit,
        )
    values, vectors = np.linalg.eigh(information)
    if values[0] <= 1e-9 * max(values[-1], 1.0):
        flat = [name for name, part in zip(search.free, vectors[:, 0], strict=True) if abs(part) > 0.3]
        raise ConvergenceError(
            f"the likelihood is flat in {', '.join(flat)}: the data do not identify the model; "
            "use more customers or a longer period",
            fit,
        )
    return fit


def _edge(search: _Search[M], i: int | np.intp, *, rises: bool) -> str:
    name = search.free[i]
    share = isinstance(search.problem.transforms[search.problem.names.index(name)], Logit)
    end = ("1" if share else "infinity") if rises else "0"
    return f"{name} runs to {end} ({search.problem.limits[name][int(rises)]})"


def _deviations(information: Array) -> Array:
    """Standard errors of the free parameters searched."""
    values, vectors = _eigen(information)
    return np.asarray(np.sqrt((vectors**2 / values).sum(axis=1)))


def _fit(
    search: _Search[M], theta: Array, value: float, information: Array, rounds: int, fixed: tuple[str, ...]
) -> Fit[M]:
    problem, found = search.problem, search.values(theta)
    loose = [
        f"{name} is weakly identified: {_looseness(problem, name, deviation)}; use more customers or a longer period"
        for name, deviation in zip(search.free, _deviations(information), strict=True)
        if deviation > 1
    ]
    return Fit(
        model=problem.build(found),
        log_likelihood=value + problem.constant,
        covariance=search.covariance(theta, found, information),
        customers=float(problem.weights.sum()),
        fixed=fixed,
        iterations=rounds,
        warnings=(*loose, *problem.notes),
    )


def _looseness(problem: Problem[M], name: str, deviation: float) -> str:
    if isinstance(problem.transforms[problem.names.index(name)], Logit):
        return f"the standard error of its log-odds is {deviation:.1f}"
    return f"its standard error is {deviation:.1f} times the estimate"
