"""A subscription firm's model estimated from disclosed customers and revenue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Literal, TypeAlias, get_args

import numpy as np
from attrs import frozen

from custvalue._arguments import one_of, real
from custvalue._typing import Array, ArrayLike
from custvalue.errors import DataError
from custvalue.evidence.tenures import Tenures
from custvalue.firm.disclosures import Disclosures
from custvalue.firm.fit import DisclosureFit, Figures, fit_figures, starting_acquisition
from custvalue.firm.projection import Paying, paying_customers
from custvalue.firm.subscriber_model import SubscriberModel, steps_in
from custvalue.models.retention.family import RetentionModel
from custvalue.units import Unit, as_unit

Errors: TypeAlias = Literal["proportional", "equal"]
"""Variance of the errors: in proportion to the expectation, or the same for all figures."""

_EXPECTED, _ADDS, _LOSSES = range(3)
"""Blocks of `SubscriberFigures.sums`: expected adds, adds as observed where they are known, losses."""


@frozen(kw_only=True, eq=False)
class SubscriberFigures(Figures[SubscriberModel]):
    """Disclosed figures as sums: y = sums @ (expected adds, adds, losses) + error.

    Attributes
    ----------
    sums : array, shape (n, 3 periods since launch)
        Weights of what the model expects in each of its periods.
    is_level : array, shape (n,)
        1 where the figure is a number of customers, rather than a flow.
    steps : int
        Periods of the model in a reported one.
    """

    sums: Array
    is_level: Array
    steps: int

    def mean(self, model: SubscriberModel) -> tuple[Array, Array]:
        """Expectations; variances are in proportion to them, those of net changes to adds plus losses.

        Losses are expected from the customers observed to be acquired where adds are disclosed, so that a good quarter
        of acquisition does not pass for poor retention later on.
        """
        expected = model.acquisition.expected_acquired(model.elapsed, covariates=self.covariates)
        adds, losses, _ = model.followed(model.cohorts(expected))
        flows = np.concatenate(np.broadcast_arrays(expected, adds, losses), axis=-1)
        mean = flows @ self.sums.T
        return mean, np.where(self.is_level > 0, mean, flows @ np.abs(self.sums).T)

    def covariance(self, model: SubscriberModel) -> None:
        """None: given who was acquired, losses of different periods are hardly correlated."""

    def log_revenue(self, model: SubscriberModel) -> Array:
        """Logarithm of the expected revenue of each reported period that discloses one."""
        _, _, ending = model.followed(model.acquired_so_far(covariates=self.covariates))
        paid = paying_customers(ending, np.zeros(()), model.paying) * model.revenue_each(model.elapsed)
        reported = paid.reshape(*paid.shape[:-1], -1, self.steps).sum(axis=-1)
        return np.asarray(np.log(reported[..., self.revenue_period]), dtype=np.float64)


def fit_disclosures(
    retention: RetentionModel | type[RetentionModel],
    disclosures: Disclosures,
    *,
    population: float,
    growth: ArrayLike = 0.0,
    paying: Paying,
    covariates: ArrayLike | None = None,
    unit: Unit | None = None,
    fixed: Mapping[str, float] | None = None,
    errors: Errors = "proportional",
) -> DisclosureFit[SubscriberModel]:
    """Estimate acquisition, retention and revenue per customer from a firm's disclosures in total.

    First the acquisition process and the retention model together, by weighted least squares on adds, losses, net
    changes of customers where adds or losses are missing, and customers at the first row where they were acquired
    before it. Then revenue per customer and its growth, by least squares on the logarithm of revenue given the fitted
    customers.

    Parameters
    ----------
    retention : RetentionModel or its class
        The model of retention, in the fit's periods; an object is where the search begins.
    disclosures : Disclosures
        More figures about customers than parameters.
    population, growth
        Of `WeibullAcquisition`, in the fit's periods: known, as from a census.
    paying : {"start", "average", "end"}
        Who pays in a period.
    covariates : array_like, shape (at least periods since launch, k), optional
        Of the acquisition hazard, one row per period of the fit since launch.
    unit : str, optional
        Length of the model's periods, such as "month" for quarterly disclosures; by default that of the disclosures.
        Rates, ages and revenue per customer of the result are in it.
    fixed : mapping, optional
        Parameters held at these values, such as {"share": 1.0} or {"revenue_growth": 0.0}. The standard errors of the
        others are conditional on them.
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
        There are no more figures than parameters.
    ParameterError
        A name in `fixed` is no parameter, or an argument is outside its domain.
    """
    one_of("errors", errors, get_args(Errors), "Variances are in proportion to expectations, or the same for all.")
    length = disclosures.unit if unit is None else as_unit(unit)
    rows = None if covariates is None else real("covariates", covariates)
    steps = steps_in(disclosures.unit, length)
    elapsed, seen = steps * disclosures.elapsed, _figures(disclosures, steps, rows)
    each = float(np.nansum(disclosures.adds)) / max(int(np.isfinite(disclosures.adds).sum()), 1)
    total = max(each * disclosures.elapsed, float(np.nanmax(disclosures.ending, initial=1e-300)))
    template = SubscriberModel(
        acquisition=starting_acquisition(population, growth, total, elapsed, rows),
        retention=retention if isinstance(retention, RetentionModel) else _guess(retention, disclosures, steps, length),
        revenue=1.0,
        paying=paying,
        elapsed=elapsed,
        customers=float(disclosures.ending[-1]),
        acquired=disclosures.since_launch(disclosures.adds),
        unit=length,
    )
    return fit_figures(template, seen, fixed, weighted=errors == "proportional")


def _figures(disclosures: Disclosures, steps: int, covariates: Array | None) -> SubscriberFigures:
    """All figures that carry information, none of them twice.

    Adds and losses of every period that has both or one; where one is missing, the net change between customers
    disclosed before and after. Customers before the first period count once, as a level.
    """
    total = disclosures.elapsed
    rows = [*_flows(disclosures, total), *_levels(disclosures, total)]
    if len(rows) < 3:
        raise DataError("the disclosures hold fewer than 3 figures about customers; use more periods")
    figures, sums, levels, periods = zip(*rows, strict=True)
    paid = np.flatnonzero(disclosures.revenue > 0)
    return SubscriberFigures(
        y=np.array(figures),
        period=np.array(periods),
        revenue=np.log(disclosures.revenue[paid]),
        revenue_period=paid + disclosures.periods_before,
        covariates=covariates,
        sums=np.repeat(np.stack(sums), steps, axis=1),
        is_level=np.array(levels),
        steps=steps,
    )


def _flows(disclosures: Disclosures, total: int) -> Iterator[tuple[float, Array, float, int]]:
    """Adds and losses: the figure, its sum, 0 for no level, its period."""
    for kind, column in ((_EXPECTED, disclosures.adds), (_LOSSES, disclosures.losses)):
        for i in np.flatnonzero(np.isfinite(column)):
            at = disclosures.periods_before + int(i)
            yield float(column[i]), _span(total, kind, at, at + 1), 0.0, at


def _levels(disclosures: Disclosures, total: int) -> Iterator[tuple[float, Array, float, int]]:
    """Customers where first known, and their change over gaps in which adds or losses are missing."""
    before = disclosures.periods_before
    levels = np.concatenate([[disclosures.start], disclosures.ending])
    known = np.flatnonzero(np.isfinite(levels))
    both = np.isfinite(disclosures.adds) & np.isfinite(disclosures.losses)
    if len(known) and before + known[0]:
        end = before + int(known[0])
        yield float(levels[known[0]]), _span(total, _ADDS, 0, end) - _span(total, _LOSSES, 0, end), 1.0, end - 1
    for i, j in pairwise(known.tolist()):
        if not both[i:j].all():
            first, stop = before + i, before + j
            net = _span(total, _ADDS, first, stop) - _span(total, _LOSSES, first, stop)
            yield float(levels[j] - levels[i]), net, 0.0, stop - 1


def _span(total: int, kind: int, first: int, stop: int) -> Array:
    """The sum of one kind over reported periods first, ..., stop - 1."""
    found = np.zeros((3, total))
    found[kind, first:stop] = 1.0
    return found.ravel()


def _guess(kind: type[RetentionModel], disclosures: Disclosures, steps: int, unit: Unit) -> RetentionModel:
    """The model's own guess, from tenures that end at the disclosed rate."""
    lost, held = np.nansum(disclosures.losses), np.nansum(disclosures.begun + disclosures.ending) / 2
    churn = float(np.clip(lost / held if held else 0.1, 1e-4, 0.9)) / steps
    ages = np.arange(1.0, 41.0)
    stays = (1 - churn) ** ages
    duration, ended = np.append(ages, 40.0), np.append(np.ones(40, bool), False)
    weights = np.append(stays / (1 - churn) * churn, stays[-1])
    return kind.problem(Tenures(duration, ended, weights=weights, unit=unit, by_period=True)).first
