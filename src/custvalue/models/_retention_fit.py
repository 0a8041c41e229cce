"""Fitting models of retention: what is searched is positive and in the data's own scale, whatever the parameters are.

Probabilities are searched as odds. A rate of t^c, whose unit is time^-c, is searched as a rate of time, so that a
change of unit changes no step of the search. The covariance is carried over to the parameters at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from attrs import evolve, frozen

from custvalue._typing import Array
from custvalue.errors import ConvergenceError, DataError
from custvalue.evidence.tenures import Tenures
from custvalue.inference.fit import Fit
from custvalue.inference.maximum_likelihood import Problem, maximize
from custvalue.models.model import Limits, Measure

if TYPE_CHECKING:
    from custvalue.models.retention.family import RetentionModel

    M = TypeVar("M", bound=RetentionModel)
else:
    M = TypeVar("M")


@frozen(eq=False)
class _Chart:
    """From parameters to the positive numbers that are searched, and back."""

    names: tuple[str, ...]
    measures: Mapping[str, Measure]

    def free(self, values: Mapping[str, Any]) -> Array:
        """What is searched."""
        return np.array([self._free(name, values) for name in self.names])

    def _free(self, name: str, values: Mapping[str, Any]) -> float:
        value, measure = float(values[name]), self.measures.get(name, Measure())
        return value / (1 - value) if measure.share else value ** (1 / self._power(measure, values))

    def values(self, free: Array) -> dict[str, float]:
        """The parameters."""
        given = dict(zip(self.names, free.tolist(), strict=True))
        return {name: self._value(name, given) for name in self.names}

    def _value(self, name: str, free: Mapping[str, float]) -> float:
        value, measure = free[name], self.measures.get(name, Measure())
        if measure.share:
            return value / (1 + value)
        logs = self._power(measure, free) * np.log(value)
        return float(np.exp(np.clip(logs, -690.0, 690.0))) if measure.power else value

    def slopes(self, free: Array) -> Array:
        """Derivatives of the parameters (first axis) in what is searched."""
        given, found = dict(zip(self.names, free.tolist(), strict=True)), self.values(free)
        slopes = np.eye(len(free))
        for i, name in enumerate(self.names):
            measure = self.measures.get(name, Measure())
            if measure.share:
                slopes[i, i] = (1 - found[name]) ** 2
            elif measure.power:
                slopes[i, i] = self._power(measure, given) * found[name] / given[name]
                slopes[i, self.names.index(measure.power)] = found[name] * np.log(given[name])
        return slopes

    def scale(self, time: float) -> Array:
        """What each is measured by."""
        return np.array([time ** self.measures.get(name, Measure()).time for name in self.names])

    @staticmethod
    def _power(measure: Measure, values: Mapping[str, Any]) -> float:
        return float(values[measure.power]) if measure.power else 1.0


def fit_tenures(guess: Callable[[Tenures], M], tenures: Tenures, limits: Limits) -> Fit[M]:
    """Maximum likelihood from a guess.

    Raises
    ------
    DataError
        Nobody has left, or the durations are none of the model's.
    ConvergenceError
        The likelihood has no interior maximum.
    """
    _some_left(tenures)
    start = guess(tenures)
    start._check(tenures)  # noqa: SLF001
    chart = _Chart(tuple(start.parameters), start.measures)
    problem = _problem(start, chart, tenures, limits)
    try:
        return _in_parameters(chart, maximize(problem))
    except ConvergenceError as error:
        raise ConvergenceError(str(error), _in_parameters(chart, error.fit)) from None


def _problem(start: M, chart: _Chart, tenures: Tenures, limits: Limits) -> Problem[M]:
    def build(free: Array) -> M:
        return start.evolved(chart.values(free))

    def score(free: Array, *columns: Array) -> tuple[Array, Array]:
        model = build(free)
        slopes = model._log_rows_slopes(columns, by_period=tenures.by_period)  # noqa: SLF001
        value = model._log_rows(columns, by_period=tenures.by_period)  # noqa: SLF001
        return value, np.einsum("pf,pn->fn", chart.slopes(free), slopes)

    rows = tenures.distinct()
    time = float((tenures.weights * tenures.duration).sum() / tenures.weights.sum())
    return Problem(
        build=build,
        score=score,
        columns=rows.columns,
        names=chart.names,
        start=chart.free(start.parameters),
        scale=chart.scale(time),
        counts=rows.counts,
        limits=limits,
    )


def _in_parameters(chart: _Chart, fit: Fit[M]) -> Fit[M]:
    """The fit with the covariance of the parameters in place of that of what was searched."""
    values = np.array([fit.model.parameters[name] for name in chart.names])
    slopes = (
        chart.slopes(chart.free(fit.model.parameters)) / values[:, None]
    )  # of logarithms: a rate of t^c may be huge
    with np.errstate(over="ignore"):
        return evolve(fit, covariance=(slopes @ fit.covariance @ slopes.T) * values[:, None] * values)


def _some_left(tenures: Tenures) -> None:
    """DataError where the rows can tell nothing of leaving."""
    if not isinstance(tenures, Tenures):
        raise DataError(
            f"a retention model is fitted to Tenures, not to a {type(tenures).__name__}; make one with "
            "Tenures(duration, ended), Tenures.from_table or Tenures.from_cohorts"
        )
    if not tenures.weights[tenures.ended].sum() > 0:
        raise DataError(
            f"nobody has left: ended = 0 in all {len(tenures)} rows, so nothing tells when customers leave; observe "
            "them for longer, or predict with a model whose parameters are known"
        )


def leaving_rate(tenures: Tenures) -> float:
    """Leavers per customer and unit of time: where a search begins."""
    at_risk = float((tenures.weights * (tenures.duration - tenures.entry)).sum())
    left = float(tenures.weights[tenures.ended].sum())
    return left / max(at_risk, 1e-300)
