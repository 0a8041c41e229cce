"""Discrete-time hazard regression: the probability to leave at each renewal, given covariates and tenure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast, final, get_args

import numpy as np
from attrs import field, frozen
from scipy.special import expit, logit

from custvalue import _arguments
from custvalue._columns import check_rows, same
from custvalue._results import as_column
from custvalue._typing import Array, ArrayLike
from custvalue.errors import ConvergenceError, ParameterError
from custvalue.evidence.covariates import read_covariates
from custvalue.evidence.tenures import Tenures
from custvalue.inference.estimate import Estimate
from custvalue.survival._person_periods import Link, held, log_stay, objective, patterns, totals
from custvalue.survival._regression import Regression, as_estimate, climb, standardized
from custvalue.survival._risk_sets import check_tenures, longest
from custvalue.units import Unit

_MOST: Final = 6
"""Highest degree of a polynomial: powers of higher ones of periods 1 to 100 are nearly dependent."""
_BLOCK: Final = 1 << 18
"""Rows times periods of a prediction worked on at once: 2 MB a column."""


@frozen
class Baseline:
    """The terms of a baseline: steps over periods, powers of the period, or its logarithm.

    Attributes
    ----------
    ends : array
        The last periods of the steps; without steps the terms are 1 and the powers of the period up to `degree`, or
        with `log` 1 and the log of the period.
    degree : int
    log : bool
    last : bool
        Whether the hazard is unknown after the last step; otherwise that step goes on.
    """

    ends: Array = field(converter=as_column, eq=same)
    degree: int = field(default=0)
    log: bool = field(default=False)
    last: bool = field(default=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The terms' names."""
        if not len(self.ends):
            powers = ["period", *(f"period^{k}" for k in range(2, self.degree + 1))][: self.degree]
            return ("intercept", *(["log period"] if self.log else powers))
        starts = [1, *(int(end) + 1 for end in self.ends[:-1])]
        return tuple(
            f"period {a}" if a == b else f"periods {a} to {b}"
            for a, b in zip(starts, self.ends.astype(int).tolist(), strict=True)
        )

    @property
    def constant(self) -> Array:
        """The coefficients that make the terms add up to 1 in every period."""
        return np.ones(len(self.ends)) if len(self.ends) else np.eye(1, len(self.names))[0]

    def columns(self, period: Array) -> Array:
        """The terms in each period: shape (terms, periods)."""
        if len(self.ends):
            self._known(period)
            step = np.minimum(np.searchsorted(self.ends, period, side="left"), len(self.ends) - 1)
            return np.asarray(np.eye(len(self.ends))[:, step])
        if self.log:
            return np.array([np.ones(len(period)), np.log(period)])
        return np.array([period**k for k in range(self.degree + 1)])

    def _known(self, period: Array) -> None:
        if self.last and len(period) and period.max() > self.ends[-1]:
            raise ParameterError(
                f"the hazard is known for periods 1 to {self.ends[-1]:g}, one by one; got {period.max():g}. To go "
                "beyond, fit a polynomial (baseline=1, 2, ...), 'log', or steps such as [1, 2, 3, 6, 12]"
            )


def _baseline(value: Any, longest: int) -> Baseline:  # noqa: ANN401 (several kinds, checked here)
    """The baseline that the user asked for; ParameterError if it is none."""
    if isinstance(value, str):
        if value == "period":
            return Baseline(np.arange(1.0, longest + 1), last=True)
        if value == "log":
            return Baseline(np.empty(0), log=True)
    elif isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        if 0 <= value <= _MOST:
            return Baseline(np.empty(0), degree=int(value))
    elif isinstance(value, (Sequence, np.ndarray)) and len(value):
        ends = np.asarray(value, dtype=np.float64)
        if ends.ndim == 1 and ends[0] >= 1 and (np.diff(ends) > 0).all() and (ends == np.floor(ends)).all():
            return Baseline(ends)
    raise ParameterError(
        f"baseline must be 'period', 'log', the degree of a polynomial (0 to {_MOST}), or the last periods of steps, "
        f"ascending whole numbers such as [1, 2, 3, 6, 12]; got {value!r}"
    )


def _as_baseline(value: Baseline | Mapping[str, Any]) -> Baseline:
    return value if isinstance(value, Baseline) else Baseline(**value)


def _as_names(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(values)


@final
@frozen(repr=False)
class DiscreteHazard(Regression):
    """A fitted regression of the probability to leave in each period; made by `discrete_hazard`.

    Predictions take covariates in the form in which they were given to the fit, rows in any number, or a mapping of
    single numbers; times broadcast with the rows.

    Attributes
    ----------
    estimate : Estimate
        The coefficients of the baseline's terms, then of the covariates, and their covariance from the observed
        information. `coefficients`, `standard_errors`, `p_values` and `confidence_intervals()` are by name.
    covariates : tuple of str
        Their names.
    link : {"logit", "cloglog"}
        What is linear: the log-odds of leaving, or log(-log) of staying.
    person_periods : float
        Periods at risk, summed over customers.
    baseline : Baseline
        How the hazard moves with tenure.
    unit : str
        The period.
    """

    estimate: Estimate = field(converter=as_estimate)
    covariates: tuple[str, ...] = field(converter=_as_names)
    link: Link = field()
    person_periods: float = field()
    baseline: Baseline = field(converter=_as_baseline)
    unit: Unit = field()

    @property
    def customers(self) -> float:
        """Their number, weighted: BIC counts them."""
        return cast("float", self.estimate.n)

    def hazard(self, covariates: Any, period: ArrayLike) -> Array:  # noqa: ANN401 (any table)
        """P(leaves in the period | there at its start), of rows of covariates; periods count from 1."""
        when = _arguments.whole("period", period, least=1)
        shift, when = _arguments.together(covariates=self.log_risk(covariates), period=when)
        eta = self._baseline_at(when) + shift
        return np.asarray(expit(eta) if self.link == "logit" else -np.expm1(log_stay(self.link, eta)))

    def log_risk(self, covariates: Any) -> Array:  # noqa: ANN401 (any table)
        """What rows of covariates add to the log-odds of leaving, or to log(-log) of staying."""
        return self._linear(covariates, self.covariates, np.zeros(len(self.covariates)))

    def _span(self, name: str, value: ArrayLike) -> Array:
        return _arguments.whole(name, value)

    def _baseline_at(self, period: Array) -> Array:
        terms = self.baseline.columns(period.ravel())
        return np.asarray((self.estimates[: len(terms), None] * terms).sum(axis=0).reshape(period.shape))

    def _passed(self, log_risk: Array, start: Array, end: Array) -> Array:
        """-Σ log(1 - hazard) over the periods start + 1 to end."""
        shape, (shift, start, end) = log_risk.shape, (each.ravel() for each in (log_risk, start, end))
        periods = np.arange(1.0, end.max(initial=0.0) + 1)
        baseline, sums = self._baseline_at(periods), np.empty(end.size)
        step = max(_BLOCK // max(len(periods), 1), 1)
        for first in range(0, end.size, step):
            some = slice(first, first + step)
            stay = log_stay(self.link, baseline + shift[some, None])
            passed = (periods > start[some, None]) & (periods <= end[some, None])
            sums[some] = np.where(passed, stay, 0.0).sum(axis=1)
        return -sums.reshape(shape)

    def __repr__(self) -> str:
        head = (
            f"Hazard by {self.unit} ({self.link}) of {self.customers:,.10g} customers over "
            f"{self.person_periods:,.10g} periods, log-likelihood {self.log_likelihood:.4f}, AIC {self.aic:.1f}"
        )
        return self._text(head)


def discrete_hazard(
    tenures: Tenures,
    covariates: Any = None,  # noqa: ANN401 (any table)
    *,
    baseline: Any = "period",  # noqa: ANN401 (several kinds)
    link: Link = "logit",
) -> DiscreteHazard:
    """Regress leaving in each period on covariates and tenure, by maximum likelihood.

    Customers are at risk in the periods entry + 1 to duration, and leave in the last of them or stay through it.

    Parameters
    ----------
    tenures : Tenures
        Durations in whole periods; weights count customers.
    covariates : mapping, dataframe or array, optional
        Numbers, a row per customer, constant over time. Categories are columns of 0 and 1, all but one of them.
    baseline : "period", "log", int or sequence of int
        How the hazard moves with tenure: a coefficient for each period; the log of the period; a polynomial of that
        degree (0: constant); or steps that end with the given periods, the last one going on: [1, 2, 3, 6, 12].
    link : {"logit", "cloglog"}
        ``"logit"``: covariates multiply the odds of leaving in a period. ``"cloglog"``: they multiply the hazard in
        continuous time, where only the period of leaving is observed (Prentice & Gloeckler 1978).

    Raises
    ------
    DataError
        Durations are not whole periods, nobody left, or covariates are missing, no numbers, constant, or
        linearly dependent.
    ConvergenceError
        The likelihood has no maximum: nobody, or everybody, left in a period with a coefficient of its own, or
        covariates separate those who left from those who stayed. The message names the coefficients.
    ParameterError
        `baseline` or `link` is none of its choices.

    Notes
    -----
    Brown (1975), Allison (1982), Singer & Willett (1993). The rows of customers and periods are never written out.

    Examples
    --------
    >>> tenures = Tenures([1, 1, 2, 2, 3, 3, 3], [1, 0, 1, 1, 1, 0, 0], unit="month", by_period=True)
    >>> fit = discrete_hazard(tenures, {"discount": [0, 1, 0, 1, 1, 0, 1]}, baseline=0)
    >>> {name: round(value, 4) for name, value in fit.coefficients.items()}
    {'intercept': -0.6931, 'discount': -0.5596}
    >>> fit.churn_probability({"discount": [0, 1]}, tenure=1, within=2).round(4)
    array([0.5556, 0.3951])
    """
    _check(tenures, link)
    last = int(longest(tenures))
    form = _baseline(baseline, last)
    size = len(tenures)
    names, columns = ((), np.zeros((0, size))) if covariates is None else read_covariates(covariates, size)
    scaled, means, spread = standardized(columns, tenures.weights)
    kept = tenures.weights > 0
    source = held(patterns(tenures[kept], scaled[:, kept]))
    at_risk, leaving = totals(source(), last)
    terms = form.columns(np.arange(1.0, last + 1))
    _check_steps(form, terms, at_risk, leaving)
    start = np.concatenate([_level(form, terms, at_risk, leaving, link), np.zeros(len(names))])
    peak = climb(objective(source, terms, link), start, (*form.names, *names))
    # Back from standardized covariates z = (x - mean)/spread: b = b_z/spread, and the baseline takes -Σ b mean.
    back = np.diag(np.concatenate([np.ones(len(terms)), 1 / spread]))
    back[: len(terms), len(terms) :] = -np.outer(form.constant, means / spread)
    estimate = Estimate(
        (*form.names, *names),
        (back * peak.coefficients).sum(axis=1),
        back @ peak.covariance @ back.T,
        log_likelihood=peak.value,
        n=float(tenures.weights.sum()),
    )
    return DiscreteHazard(estimate, names, link, float(at_risk.sum()), form, tenures.unit)


def _check(tenures: Tenures, link: str) -> None:
    check_tenures(tenures, some_left=True)
    _arguments.one_of("link", link, get_args(Link))
    t, entry = tenures.duration, tenures.entry
    check_rows(
        (t == np.floor(t)) & (entry == np.floor(entry)) & ((t >= 1) | ~tenures.ended),
        "discrete_hazard needs whole numbers of periods, at least 1 of those who left",
        "Count periods: Tenures.from_table(..., unit='month', by_period=True) does from dates.",
        ids=tenures.ids,
        duration=t,
        entry=entry,
    )


def _check_steps(form: Baseline, terms: Array, at_risk: Array, leaving: Array) -> None:
    """Raise ConvergenceError where a step's hazard is 0, 1 or unknown: its coefficient has no finite estimate."""
    if not len(form.ends):
        return
    risk, left = (terms * at_risk).sum(axis=1), (terms * leaving).sum(axis=1)
    for wrong, why in ((risk == 0, "nobody was at risk"), (left == 0, "nobody left"), (left >= risk, "everybody left")):
        names = [name for name, bad in zip(form.names, wrong, strict=True) if bad]
        if names:
            raise ConvergenceError(
                f"{why} in {', '.join(names[:5])}{', ...' if len(names) > 5 else ''}: the estimate is not finite. Join "
                "periods into steps, such as baseline=[1, 2, 3, 6, 12], or use baseline='log' or a polynomial's degree"
            )


def _level(form: Baseline, terms: Array, at_risk: Array, leaving: Array, link: Link) -> Array:
    """Where the search starts: the share who leave in each step, or in all periods together."""
    if len(form.ends):
        share = (terms * leaving).sum(axis=1) / (terms * at_risk).sum(axis=1)
    else:
        overall = float(leaving.sum() / at_risk.sum())
        if overall >= 1:
            raise ConvergenceError("everybody left in the first period: the estimate is not finite. Use more customers")
        share = overall * form.constant
        return np.asarray(form.constant * _linked(np.array(overall), link))
    return _linked(share, link)


def _linked(share: Array, link: Link) -> Array:
    return np.asarray(logit(share) if link == "logit" else np.log(-np.log1p(-share)))
