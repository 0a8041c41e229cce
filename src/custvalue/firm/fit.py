"""Estimate how a firm's customers come and go from nothing but what it discloses in total.

McCarthy, D. M., Fader, P. S. & Hardie, B. G. S. (2017). Valuing subscription-based businesses using publicly disclosed
customer data. Journal of Marketing 81(1), 17-35, estimate the acquisition and retention processes by least squares on
quarterly adds and losses (as cited; not checked against the paper).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, Literal, TypeAlias, get_args

import numpy as np
from attrs import field, frozen
from scipy.special import ndtri

from custvalue._arguments import real
from custvalue._columns import read_only
from custvalue._typing import Array, ArrayLike, Bools
from custvalue.errors import ConvergenceError, DataError, ParameterError
from custvalue.evidence.tenures import Tenures
from custvalue.firm._layout import Layout, Observations, observe
from custvalue.firm._model import Figures, M
from custvalue.firm.acquisition import WeibullAcquisition
from custvalue.firm.disclosures import Disclosures
from custvalue.firm.subscriber_model import SubscriberModel, steps_in
from custvalue.firm.subscriber_projection import Paying
from custvalue.inference.least_squares import REACH, Curve, Stage, jacobian, sandwich, scores_by_period, stage
from custvalue.models.retention.family import RetentionModel
from custvalue.units import Unit, as_unit

_REVENUE = ("revenue", "revenue_growth")


def template_of(
    disclosures: Disclosures,
    seen: Observations,
    retention: RetentionModel | type[RetentionModel],
    population: float,
    growth: ArrayLike,
    paying: Paying,
    covariates: Array | None,
    unit: Unit,
) -> SubscriberModel:
    """Where the search begins."""
    won = float(np.nansum(disclosures.adds)) / max(int(np.isfinite(disclosures.adds).sum()), 1)
    lost, held = np.nansum(disclosures.losses), np.nansum(disclosures.begun + disclosures.ending) / 2
    churn = float(np.clip(lost / held if held else 0.1, 1e-4, 0.9)) / seen.steps
    effects = np.zeros(0 if covariates is None else covariates.shape[-1])
    total = max(won * seen.elapsed / seen.steps, float(np.nanmax(disclosures.ending, initial=1e-300)))
    share = min(0.9, 2 * total / population)
    rate = max(-np.log1p(-min(total / (share * population), 0.9)), 1e-300) / seen.elapsed
    return SubscriberModel(
        acquisition=WeibullAcquisition(population, rate, 1.0, share, growth=growth, effects=effects),
        retention=retention if isinstance(retention, RetentionModel) else _guess(retention, churn, unit),
        revenue=1.0,
        paying=paying,
        elapsed=seen.elapsed,
        customers=float(disclosures.ending[-1]),
        acquired=np.concatenate([np.full(disclosures.periods_before, np.nan), disclosures.adds]),
        unit=unit,
    )


def _guess(kind: type[RetentionModel], churn: float, unit: Unit) -> RetentionModel:
    """The kind's own guess, from tenures that end at the disclosed rate."""
    ages = np.arange(1.0, 41.0)
    stays = (1 - churn) ** ages
    duration, ended = np.append(ages, 40.0), np.append(np.ones(40, bool), False)
    weights = np.append(stays / (1 - churn) * churn, stays[-1])
    return kind.guess(Tenures(duration, ended, weights=weights, unit=unit, by_period=True))


def best_start(layout: Layout[M], seen: Figures[M], covariates: Array | None) -> Array:
    """The best of several starts: other shapes and shares, with rates that win as many."""
    guess = layout.template
    acquisition, elapsed = guess.acquisition, float(guess.elapsed)
    won = acquisition.share * -np.expm1(-acquisition.rate * elapsed)
    tried = []
    for shape in (0.7, 1.0, 1.5, 2.2):
        for share in np.clip(np.array([1.1, 2.0, 6.0]) * won, 1e-6, 0.95):
            rate = -np.log1p(-min(float(won / share), 0.95)) / elapsed**shape
            values = guess.parameters | {"shape": shape, "share": float(share), "rate": float(rate)}
            tried.append(layout.free([values[name] for name in layout.names]))  # type: ignore[misc]
    points = np.stack(tried)
    mean, spread = seen.mean(layout.model(points), covariates)
    misfit = ((seen.y - mean) ** 2 / np.maximum(spread, 1e-9 * spread.max())).sum(axis=-1)
    return np.asarray(points[np.argmin(misfit)])


def with_known(template: M, known: Mapping[str, float], revenues: int) -> tuple[M, tuple[str, ...], tuple[str, ...]]:
    """The template with what is known, and the names of what is not: of customers, and of revenue."""
    every = tuple(template.parameters)
    strange = [name for name in known if name not in every]
    if strange:
        raise ParameterError(f"known names {strange[0]!r}, which is none of the parameters: {', '.join(every)}")
    free = tuple(name for name in every if name not in known)
    paid = tuple(name for name in free if name in _REVENUE)
    if len(paid) > revenues:
        nothing = {"revenue": np.nan} if "revenue" in paid else {}
        return template.evolved(dict(known) | nothing), tuple(n for n in free if n not in paid), ()
    return template.evolved(dict(known)), tuple(n for n in free if n not in paid), paid


Errors: TypeAlias = Literal["proportional", "equal"]
"""What errors are in proportion to: variance to the expectation, or the same for all figures."""

_LOOSE = 1.0
_LOST = 8.0
"""Standard errors, of logarithms and log-odds, that are warned of and that are refused."""


@frozen(eq=False, repr=False)
class DisclosureFit(Generic[M]):
    """A firm's model fitted to its disclosures.

    Attributes
    ----------
    model : SubscriberModel or BuyerModel
        The fitted model; `model.project` goes on from the last disclosed period.
    names : tuple of str
        The parameters estimated.
    covariance : array, shape (k, k)
        Of these parameters, the two stages together: a sandwich, robust to variances that are not as assumed, of
        scores summed within reported periods and corrected for leverage (HC3); of `fit_buyers` the first stage from
        customers simulated.
    periods : int
        Reported periods used.
    figures : int
        Disclosed figures about customers used.
    warnings : tuple of str
        What to know before relying on the fit.
    """

    model: M = field()
    names: tuple[str, ...] = field()
    covariance: Array = field(converter=read_only)
    periods: int = field()
    figures: int = field()
    warnings: tuple[str, ...] = field(default=())

    @property
    def standard_errors(self) -> dict[str, float]:
        """Standard error of each parameter estimated."""
        return dict(zip(self.names, np.sqrt(np.diag(self.covariance)).tolist(), strict=True))

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters estimated."""
        return {name: float(self.model.parameters[name]) for name in self.names}

    def confidence_intervals(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Confidence interval of each parameter estimated, symmetric in what `draws` draws.

        Raises
        ------
        ParameterError
            `level` is not between 0 and 1.
        """
        if not 0 < level < 1:
            raise ParameterError(f"level must lie between 0 and 1, such as 0.95; got {level!r}")
        layout = Layout(self.model, self.names)
        theta = layout.free(list(self.parameters.values()))
        width = float(ndtri(0.5 + level / 2)) * np.sqrt(np.diag(self.covariance)) / layout.steepness(theta)
        low, high = layout.natural(theta - width).tolist(), layout.natural(theta + width).tolist()
        return {name: (low[i], high[i]) for i, name in enumerate(self.names)}

    def draws(self, n: int, *, rng: np.random.Generator | int) -> M:
        """`n` models in one: parameters drawn from their sampling distribution, each of shape (n, 1).

        Normal in logarithms, in log-odds of shares, in the effects of covariates. Projections of the result, and values
        of these, have a leading axis of draws: their quantiles are intervals. `rng` may be a seed.
        """
        layout = Layout(self.model, self.names)
        theta = layout.free(list(self.parameters.values()))
        slopes = layout.steepness(theta)
        spread = self.covariance / np.outer(slopes, slopes)
        drawn = np.random.default_rng(rng).multivariate_normal(theta, spread, size=n, method="eigh")
        return layout.model(drawn)

    def __repr__(self) -> str:
        errors = self.standard_errors
        lines = [f"DisclosureFit to {self.figures} figures about customers in {self.periods} periods"]
        lines += [f"{'':<16}{'estimate':>12}{'std. error':>12}"]
        lines += [f"{name:<16}{value:>12.6g}{errors[name]:>12.4g}" for name, value in self.parameters.items()]
        return "\n".join([*lines, *(f"warning: {warning}" for warning in self.warnings)])


def fit_disclosures(
    disclosures: Disclosures,
    retention: RetentionModel | type[RetentionModel],
    *,
    population: float,
    growth: ArrayLike = 0.0,
    paying: Paying,
    covariates: ArrayLike | None = None,
    unit: Unit | None = None,
    known: Mapping[str, float] | None = None,
    errors: Errors = "proportional",
) -> DisclosureFit[SubscriberModel]:
    """Estimate acquisition, retention and revenue per customer from a firm's disclosures in total.

    First the acquisition process and the retention model together, by weighted least squares on adds, losses, net
    changes of customers where adds or losses are missing, and customers at the first row where they were won before
    it. Then revenue per customer and its growth, by least squares on the logarithm of revenue given the fitted
    customers.

    Parameters
    ----------
    disclosures : Disclosures
        At least as many figures about customers as parameters.
    retention : RetentionModel or its class
        The model of retention, in the fit's periods; an object is where the search begins.
    population, growth
        Of `WeibullAcquisition`, in the fit's periods: known, as from a census.
    paying : {"start", "average", "end"}
        Who pays in a period.
    covariates : array_like, shape (at least periods since launch, k), optional
        Of the acquisition hazard, one row per period of the fit since launch.
    unit : str, optional
        The period in which the firm is modeled, such as "month" for quarterly disclosures; by default the disclosed
        one. Rates, ages and revenue per customer of the result are in it.
    known : mapping, optional
        Parameters that are not estimated, by name, such as {"share": 1.0} or {"revenue_growth": 0.0}.
    errors : {"proportional", "equal"}
        "proportional" (the default): the variance of a figure is in proportion to its expectation, a quasi-likelihood
        (of Poisson type). "equal": plain least squares, which large figures dominate, as in the paper.

    Returns
    -------
    DisclosureFit

    Raises
    ------
    ConvergenceError
        A parameter runs to the end of its range, or the figures do not identify it; the message names it, and the
        error carries the fit.
    DataError
        There are fewer figures than parameters.
    ParameterError
        A name in `known` is no parameter, or an argument is outside its domain.
    """
    if errors not in get_args(Errors):
        raise ParameterError(f"errors must be 'proportional' (variance to expectation) or 'equal'; got {errors!r}")
    unit = disclosures.unit if unit is None else as_unit(unit)
    seen = observe(disclosures, steps_in(disclosures.unit, unit))
    rows = None if covariates is None else real("covariates", covariates)
    template = template_of(disclosures, seen, retention, population, growth, paying, rows, unit)
    template, names, paid = with_known(template, known or {}, len(seen.revenue))
    if len(seen.y) <= len(names):
        raise DataError(
            f"{len(seen.y)} figures about customers cannot tell {len(names)} parameters apart: disclose more periods, "
            "or fix some with known={...}"
        )
    return fitted(template, (names, paid), seen, rows, weighted=errors == "proportional")


def fitted(
    template: M,
    names: tuple[tuple[str, ...], tuple[str, ...]],
    seen: Figures[M],
    covariates: Array | None,
    *,
    weighted: bool,
) -> DisclosureFit[M]:
    """The fit in two stages, customers and then revenue, of a template whose named parameters are free."""
    layout = Layout(template, names[0])
    start = best_start(layout, seen, covariates)
    customers = stage(lambda theta: seen.mean(layout.model(theta), covariates), seen.y, start, weighted=weighted)
    model = layout.model(customers.theta)
    spread = None if _unknown(customers, start).any() else seen.spread(model, covariates)
    if not names[1]:
        return _result(model, names[0], customers, _covariance(customers, None, None, seen, spread), seen, start)
    paid = Layout(_with_level(model, names[1], seen, covariates), names[1])
    level = paid.free([float(paid.template.parameters[name]) for name in names[1]])
    money = stage(_revenue_curve(paid, seen, covariates), seen.revenue, level, weighted=False)
    both = Layout(paid.model(money.theta), (*names[0], *names[1]))
    cross = jacobian(_revenue_curve(both, seen, covariates), np.concatenate([customers.theta, money.theta]))
    covariance = _covariance(customers, money, cross, seen, spread)
    return _result(both.template, both.names, customers, covariance, seen, start)


def _revenue_curve(layout: Layout[M], seen: Figures[M], covariates: Array | None) -> Curve:
    def curve(theta: Array) -> tuple[Array, Array]:
        mean = seen.log_revenue(layout.model(theta), covariates)
        return mean, np.ones(mean.shape)

    return curve


def _with_level(model: M, names: tuple[str, ...], seen: Figures[M], covariates: Array | None) -> M:
    """The model with revenue per customer at about its mean."""
    if "revenue" not in names:
        return model
    off = seen.revenue - seen.log_revenue(model, covariates)
    return model.evolved({"revenue": float(model.revenue * np.exp(off.mean()))})


def _covariance(
    customers: Stage, money: Stage | None, cross: Array | None, seen: Figures[M], spread: Array | None
) -> Array:
    """The sandwich of the stacked estimating equations, in what is searched."""
    k = len(customers.theta)
    bread, scores, period = customers.bread, customers.scores, seen.period
    if money is not None and cross is not None:
        more = len(money.theta)
        bread = np.pad(bread, ((0, more), (0, more)))
        bread[k:] = cross[:, k:].T @ (money.weights[:, None] * cross)
        both = np.pad(scores, ((0, 0), (0, more))), np.pad(money.scores, ((0, 0), (k, 0)))
        scores, period = np.concatenate(both), np.concatenate([period, seen.revenue_period])
    summed = scores_by_period(scores, period)
    meat = summed.T @ summed
    if spread is not None:
        meat[:k], meat[:, :k] = 0.0, 0.0
        meat[:k, :k] = customers.meat(spread)
    return sandwich(bread, meat)


def _result(
    model: M,
    names: tuple[str, ...],
    customers: Stage,
    covariance: Array,
    seen: Figures[M],
    start: Array,
) -> DisclosureFit[M]:
    layout = Layout(model, names)
    slopes = layout.steepness(layout.free([float(model.parameters[name]) for name in names]))
    k = len(customers.theta)
    loose = [
        f"{name} is hardly identified: use more periods, or fix it with known={{{name!r}: ...}}"
        for name, deviation in zip(names[:k], customers.deviations, strict=True)
        if deviation > _LOOSE and layout.kind(name) != "plain"
    ]
    fit = DisclosureFit(
        model=model,
        names=names,
        covariance=covariance * np.outer(slopes, slopes),
        periods=len(np.unique(np.concatenate([seen.period, seen.revenue_period]))),
        figures=len(seen.y),
        warnings=tuple(loose),
    )
    _check_end(fit, customers, start)
    return fit


def _unknown(customers: Stage, start: Array) -> Bools:
    """Parameters at a side of their range, or of which the figures tell nothing."""
    return np.asarray((np.abs(customers.theta - start) >= REACH * (1 - 1e-6)) | (customers.deviations > _LOST))


def _check_end(fit: DisclosureFit[M], customers: Stage, start: Array) -> None:
    """ConvergenceError where the search ended at a side of its range, or knows nothing of a parameter."""
    lost = _unknown(customers, start)
    if not lost.any() and customers.ended:
        return
    named = [name for name, bad in zip(fit.names, lost, strict=False) if bad] or list(fit.names)
    reached = ", ".join(f"{name} at {fit.parameters[name]:.4g}" for name in named)
    raise ConvergenceError(
        f"the disclosures do not identify {reached}: use more periods, a simpler model, or fix what is "
        f"known, as known={{{named[0]!r}: ...}}",
        fit,
    )
