"""Two-stage least squares: a firm's model estimated from nothing but what the firm discloses in total.

McCarthy, Fader & Hardie (2017) estimate the acquisition and retention processes by least squares on quarterly adds and
losses. The first stage estimates acquisition and customers' behavior from figures about customers, the second revenue.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar

import numpy as np
from attrs import field, frozen

from custvalue._results import as_column
from custvalue._typing import Array, ArrayLike, Bools, Ints
from custvalue.errors import ConvergenceError, DataError, ParameterError
from custvalue.firm.acquisition import WeibullAcquisition
from custvalue.firm.model import FirmModel
from custvalue.inference.estimate import Estimate, Estimated
from custvalue.inference.least_squares import Curve, LeastSquares, clustered, jacobian, least_squares, sandwich
from custvalue.inference.transform import Identity, Transform

M = TypeVar("M", bound=FirmModel)

_REVENUE: Final = ("revenue", "revenue_growth")
_LOOSE: Final = 1.0
_LOST: Final = 8.0
"""Standard errors of free parameters that are warned of and that are refused: factors of e and e^8 = 3,000."""


@frozen(eq=False, repr=False)
class DisclosureFit(Estimated, Generic[M]):
    """A firm's model fitted to its disclosures by least squares; there is no likelihood, so that AIC and BIC raise.

    Attributes
    ----------
    model : SubscriberModel or BuyerModel
        The fitted model; `model.project` goes on from the last disclosed period.
    names : tuple of str
        The parameters estimated.
    covariance : array, shape (k, k)
        Of these parameters, both stages together: a sandwich, robust to variances that are not as assumed, of scores
        summed within reported periods and corrected for leverage (HC3); of `fit_buyers` the first stage from simulated
        customers.
    periods, figures : int
        Reported periods used, and disclosed figures about customers.
    fixed : tuple of str
        Parameters held fixed: the standard errors of the others are conditional on them.
    warnings : tuple of str
        What to know before relying on the fit.
    """

    model: M = field()
    names: tuple[str, ...] = field()
    covariance: Array = field(converter=as_column)
    periods: int = field()
    figures: int = field()
    fixed: tuple[str, ...] = field(default=())
    warnings: tuple[str, ...] = field(default=())

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters estimated."""
        return {name: float(self.model.parameters[name]) for name in self.names}

    @property
    def estimate(self) -> Estimate:
        """The estimates and their covariance."""
        values, transforms = list(self.parameters.values()), [self.model.transforms[name] for name in self.names]
        return Estimate(self.names, values, self.covariance, transforms)

    def draws(self, n: int, *, rng: np.random.Generator | int) -> M:
        """`n` models in one: parameters drawn from the normal approximation on their free scale, each of shape (n, 1).

        Projections of the result, and values of these, have a leading axis of draws: their quantiles are intervals.
        `rng` may be a seed.
        """
        return _model(self.model, self.names, self.estimate.draws(n, rng=rng))

    def to_json(self) -> str:
        """The estimates and the facts about the fit as JSON, never the disclosures."""
        facts = {"periods": self.periods, "figures": self.figures, "held": self.fixed, "warnings": self.warnings}
        return json.dumps({**self.estimate.as_dict(), **facts})

    def __repr__(self) -> str:
        head = f"DisclosureFit to {self.figures} figures about customers in {self.periods} periods"
        held = [f"standard errors are conditional on {', '.join(self.fixed)}, held fixed"] if self.fixed else []
        return "\n".join([head, *self.estimate.lines(16), *held, *(f"warning: {each}" for each in self.warnings)])


@frozen(kw_only=True, eq=False)
class Figures(ABC, Generic[M]):
    """Disclosed figures, and what a model expects of them.

    Attributes
    ----------
    y : array, shape (n,)
        Figures about customers.
    period : array of int, shape (n,)
        The reported period of each, counted from launch.
    revenue, revenue_period : array
        Logarithms of disclosed revenues, and their periods.
    covariates : array or None
        Of the acquisition hazard.
    """

    y: Array
    period: Ints
    revenue: Array
    revenue_period: Ints
    covariates: Array | None

    @abstractmethod
    def mean(self, model: M) -> tuple[Array, Array]:
        """Expectation of each figure, and what its variance is in proportion to; draws along the first axis."""

    @abstractmethod
    def log_revenue(self, model: M) -> Array:
        """Logarithm of the expected revenue of each period that discloses one."""

    @abstractmethod
    def covariance(self, model: M) -> Array | None:
        """Covariance of the figures if the model holds; None where errors of periods are not correlated."""


@frozen(eq=False)
class _Search(Generic[M]):
    """The named parameters of a model as free coordinates."""

    template: M
    names: tuple[str, ...]

    @property
    def transforms(self) -> list[Transform]:
        known = self.template.transforms
        return [known[name] for name in self.names]

    def free(self, values: Mapping[str, Any]) -> Array:
        """Free coordinates of natural values, by name."""
        return np.array([float(t.free(values[n])) for n, t in zip(self.names, self.transforms, strict=True)])

    def model(self, theta: Array) -> M:
        """The model of a vector of coordinates, or of rows of a matrix as draws."""
        values = np.stack([t.natural(theta[..., i]) for i, t in enumerate(self.transforms)], axis=-1)
        return _model(self.template, self.names, values)


def _model(template: M, names: tuple[str, ...], values: Array) -> M:
    """The model of natural values along the last axis; rows of a matrix are draws."""
    columns = values.tolist() if values.ndim == 1 else [values[:, [i]] for i in range(len(names))]
    return template.with_parameters(dict(zip(names, columns, strict=True)))


def starting_acquisition(
    population: float, growth: ArrayLike, total: float, elapsed: int, covariates: Array | None
) -> WeibullAcquisition:
    """Starting values of acquisition: the share ever acquired is twice that acquired so far (`total`), at most 90 %."""
    share = min(0.9, 2 * total / population)
    rate = max(-np.log1p(-min(total / (share * population), 0.9)), 1e-300) / elapsed
    effects = np.zeros(0 if covariates is None else covariates.shape[-1])
    return WeibullAcquisition(population, rate, 1.0, share, growth=growth, effects=effects)


def fit_figures(
    template: M, seen: Figures[M], fixed: Mapping[str, float] | None, *, weighted: bool
) -> DisclosureFit[M]:
    """Fit in two stages, customers and then revenue, from a template's parameters.

    Raises
    ------
    ConvergenceError
        The figures do not identify a parameter.
    DataError
        There are no more figures than parameters.
    ParameterError
        A fixed name is no parameter.
    """
    held = dict(fixed or {})
    template, names, paid = _held(template, held, len(seen.revenue))
    if len(seen.y) <= len(names):
        raise DataError(
            f"{len(seen.y)} figures about customers do not identify {len(names)} parameters: disclose more periods, "
            "or hold some with fixed={...}"
        )
    search = _Search(template, names)
    start = _best_start(search, seen)
    customers = least_squares(lambda theta: seen.mean(search.model(theta)), seen.y, start, weighted=weighted)
    model = search.model(customers.theta)
    known = None if _unidentified(customers).any() else seen.covariance(model)
    if not paid:
        covariance = _covariance(customers, None, None, seen, known)
        return _result(_Search(model, names), customers, covariance, seen, tuple(held))
    second = _Search(_with_level(model, paid, seen), paid)
    level = second.free(second.template.parameters)
    money = least_squares(_log_revenue(second, seen), seen.revenue, level, weighted=False)
    both = _Search(second.model(money.theta), (*names, *paid))
    cross = jacobian(_log_revenue(both, seen), np.concatenate([customers.theta, money.theta]))
    return _result(both, customers, _covariance(customers, money, cross, seen, known), seen, tuple(held))


def _held(template: M, held: Mapping[str, float], revenues: int) -> tuple[M, tuple[str, ...], tuple[str, ...]]:
    """The template with what is held fixed, and the names of the rest: of customers, and of revenue."""
    every = tuple(template.parameters)
    if unknown := [name for name in held if name not in every]:
        raise ParameterError(f"fixed names {unknown[0]!r}, which is none of the parameters: {', '.join(every)}")
    paid = tuple(name for name in _REVENUE if name not in held)
    names = tuple(name for name in every if name not in held and name not in _REVENUE)
    if len(paid) <= revenues:
        return template.with_parameters(held), names, paid
    nothing = {"revenue": np.nan} if "revenue" in paid else {}
    return template.with_parameters({**held, **nothing}), names, ()


def _best_start(search: _Search[M], seen: Figures[M]) -> Array:
    """The best of several starts: other shapes and shares, with rates that leave the number acquired as it is."""
    guess = search.template
    acquisition, elapsed = guess.acquisition, float(guess.elapsed)
    acquired = acquisition.share * -np.expm1(-acquisition.rate * elapsed)
    tried = []
    for shape in (0.7, 1.0, 1.5, 2.2):
        for share in np.clip(np.array([1.1, 2.0, 6.0]) * acquired, 1e-6, 0.95):
            rate = -np.log1p(-min(float(acquired / share), 0.95)) / elapsed**shape
            tried.append(search.free(guess.parameters | {"shape": shape, "share": float(share), "rate": float(rate)}))
    points = np.stack(tried)
    mean, variance = seen.mean(search.model(points))
    misfit = ((seen.y - mean) ** 2 / np.maximum(variance, 1e-9 * variance.max())).sum(axis=-1)
    return np.asarray(points[np.argmin(misfit)])


def _log_revenue(search: _Search[M], seen: Figures[M]) -> Curve:
    def curve(theta: Array) -> tuple[Array, Array]:
        mean = seen.log_revenue(search.model(theta))
        return mean, np.ones(mean.shape)

    return curve


def _with_level(model: M, names: tuple[str, ...], seen: Figures[M]) -> M:
    """The model with revenue per customer at about its mean."""
    if "revenue" not in names:
        return model
    off = seen.revenue - seen.log_revenue(model)
    return model.with_parameters({"revenue": float(model.revenue * np.exp(off.mean()))})


def _covariance(
    customers: LeastSquares, money: LeastSquares | None, cross: Array | None, seen: Figures[M], known: Array | None
) -> Array:
    """The sandwich of both stages' stacked estimating equations, on the free scale (Newey & McFadden 1994, 6.1)."""
    k = len(customers.theta)
    bread, scores, period = customers.bread, customers.scores, seen.period
    if money is not None and cross is not None:
        more = len(money.theta)
        bread = np.pad(bread, ((0, more), (0, more)))
        bread[k:] = cross[:, k:].T @ (money.weights[:, None] * cross)
        both = np.pad(scores, ((0, 0), (0, more))), np.pad(money.scores, ((0, 0), (k, 0)))
        scores, period = np.concatenate(both), np.concatenate([period, seen.revenue_period])
    meat = clustered(scores, period)
    if known is not None:
        meat[:k], meat[:, :k] = 0.0, 0.0
        meat[:k, :k] = customers.meat(known)
    return sandwich(bread, meat)


def _result(
    found: _Search[M], customers: LeastSquares, covariance: Array, seen: Figures[M], fixed: tuple[str, ...]
) -> DisclosureFit[M]:
    """The fit, or ConvergenceError where a parameter is at the end of its range or not identified."""
    values, names, transforms = found.template.parameters, found.names, found.transforms
    slopes = np.array([t.slope(values[name]) for name, t in zip(names, transforms, strict=True)])
    fit = DisclosureFit(
        model=found.template,
        names=names,
        covariance=covariance * np.outer(slopes, slopes),
        periods=len(np.unique(np.concatenate([seen.period, seen.revenue_period]))),
        figures=len(seen.y),
        fixed=fixed,
        warnings=tuple(
            f"{name} is weakly identified: use more periods, or hold it with fixed={{{name!r}: ...}}"
            for name, deviation, transform in zip(names, customers.deviations, transforms, strict=False)
            if deviation > _LOOSE and not isinstance(transform, Identity)
        ),
    )
    lost = _unidentified(customers)
    if not lost.any() and customers.converged:
        return fit
    named = [name for name, bad in zip(names, lost, strict=False) if bad] or list(names)
    reached = ", ".join(f"{name} at {fit.parameters[name]:.4g}" for name in named)
    raise ConvergenceError(
        f"the disclosures do not identify {reached}: use more periods, a simpler model, or hold what is known, as "
        f"fixed={{{named[0]!r}: ...}}",
        fit,
    )


def _unidentified(customers: LeastSquares) -> Bools:
    """Parameters at the end of their range, or with standard errors beyond any use."""
    return np.asarray(customers.at_end | (customers.deviations > _LOST))
