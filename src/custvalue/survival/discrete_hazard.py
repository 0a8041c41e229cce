"""Regression of churn by period: the chance to leave at each renewal, given covariates and the renewals made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final, get_args

import numpy as np
from attrs import field, frozen
from scipy.special import expit, logit

from custvalue._columns import check_rows, numbers
from custvalue._typing import Array, ArrayLike
from custvalue.errors import ConvergenceError, ParameterError
from custvalue.evidence.covariates import read_covariates
from custvalue.evidence.tenures import Tenures
from custvalue.inference.newton import climb
from custvalue.survival._person_periods import Link, held, log_stay, objective, patterns, totals
from custvalue.survival._regression import Regression, as_names, standardized
from custvalue.survival._risk_sets import check_some_left, check_tenures, longest
from custvalue.survival._step_functions import as_column, same
from custvalue.units import Unit

_MOST = 6
"""Highest degree of a polynomial."""


@frozen
class Baseline:
    """Steps over periods, a polynomial of the period, or its logarithm.

    `ends` are the last periods of the steps; without them the terms are 1 and the powers of the period up to
    `degree`, or, where that is 0 and `log` is set, 1 and the log of the period.
    """

    ends: Array = field(converter=as_column, eq=same)
    degree: int = field(default=0)
    log: bool = field(default=False)
    last: bool = field(default=False)
    """Whether the hazard is unknown after the last step."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the terms."""
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
        """The coefficients with which the terms add up to 1 in every period."""
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
                f"the hazard is known for periods 1 to {self.ends[-1]:g}, one by one; got {period.max():g}. "
                "A baseline that goes on is a polynomial (baseline=1, 2, ...), 'log', or steps such as [1, 2, 3, 6, 12]"
            )


def as_baseline(value: Any, longest: int) -> Baseline:  # noqa: ANN401 (several kinds, checked here)
    """What the user asked for, as `Baseline`; ParameterError if it is none."""
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


_BLOCK = 1 << 18


@final
@frozen(repr=False)
class DiscreteHazard(Regression):
    """A fitted regression of the chance to leave in each period; made by `discrete_hazard`.

    Predictions take covariates in the form in which they were given to the fit, rows in any number, or a mapping of
    single numbers; times broadcast with the rows.

    Attributes
    ----------
    names : tuple of str
        Of the coefficients: the baseline's terms, then the covariates.
    estimates : array
        The coefficients; `coefficients`, `standard_errors`, `p_values` and `confidence_intervals()` are by name.
    covariance : array
        From the observed information.
    log_likelihood : float
        Over all customers and periods.
    covariates : tuple of str
        Their names.
    link : {"logit", "cloglog"}
        What is linear: the log-odds of leaving, or log(-log) of staying.
    customers, person_periods : float
        How many, weighted.
    unit : str
        The period.
    """

    names: tuple[str, ...] = field(converter=as_names)
    estimates: Array = field(converter=as_column, eq=same)
    covariance: Array = field(converter=as_column, eq=same)
    log_likelihood: float = field()
    covariates: tuple[str, ...] = field(converter=as_names)
    link: Link = field()
    customers: float = field()
    person_periods: float = field()
    unit: Unit = field()
    _baseline: Baseline = field(alias="baseline")

    @property
    def aic(self) -> float:
        """Akaike's information criterion, 2k - 2 log L; lower is better."""
        return 2.0 * len(self.names) - 2.0 * self.log_likelihood

    def hazard(self, covariates: Any, period: ArrayLike) -> Array:  # noqa: ANN401 (any table)
        """P(leaves in the period | there at its start), of rows of covariates; periods count from 1."""
        when = _whole("period", period, 1)
        eta = self._baseline_at(when) + self._shift(covariates)
        return np.asarray(expit(eta) if self.link == "logit" else -np.expm1(log_stay(self.link, eta)))

    def survival(self, covariates: Any, t: ArrayLike) -> Array:  # noqa: ANN401 (any table)
        """P(still a customer after t renewals), of rows of covariates."""
        return np.exp(self._log_stay(covariates, np.zeros(()), _whole("t", t, 0)))

    def churn_probability(self, covariates: Any, tenure: ArrayLike | Tenures, within: ArrayLike) -> Array:  # noqa: ANN401
        """P(leaves within so many periods | has stayed for `tenure`), of rows of covariates.

        Raises
        ------
        ParameterError
            Times are not whole numbers >= 0, or beyond what a baseline by period knows.
        DataError
            Covariates are missing, or the `Tenures` given as `tenure` are in another unit.
        """
        start = _whole("tenure", self._time(tenure), 0)
        return -np.expm1(self._log_stay(covariates, start, _whole("within", within, 0)))

    def _shift(self, covariates: Any) -> Array:  # noqa: ANN401 (any table)
        return self._linear(covariates, self.covariates, np.zeros(len(self.covariates)))

    def _baseline_at(self, period: Array) -> Array:
        terms = self._baseline.columns(period.ravel())
        return np.asarray((self.estimates[: len(terms), None] * terms).sum(axis=0).reshape(period.shape))

    def _log_stay(self, covariates: Any, start: Array, ahead: Array) -> Array:  # noqa: ANN401 (any table)
        """Σ log(1 - hazard) over the periods start + 1 to start + ahead."""
        linear, start, ahead = np.broadcast_arrays(self._shift(covariates), start, ahead)
        end = (start + ahead).ravel()
        periods = np.arange(1.0, end.max(initial=0.0) + 1)
        baseline, sums = self._baseline_at(periods), np.empty(end.size)
        step = max(_BLOCK // max(len(periods), 1), 1)
        for first in range(0, end.size, step):
            some = slice(first, first + step)
            stay = log_stay(self.link, baseline + linear.ravel()[some, None])
            passed = (periods > start.ravel()[some, None]) & (periods <= end[some, None])
            sums[some] = np.where(passed, stay, 0.0).sum(axis=1)
        return sums.reshape(linear.shape)

    def __repr__(self) -> str:
        head = (
            f"Hazard by {self.unit} ({self.link}) of {self.customers:,.10g} customers over "
            f"{self.person_periods:,.10g} periods, log-likelihood {self.log_likelihood:.4f}, AIC {self.aic:.1f}"
        )
        return self._table(head)


def discrete_hazard(
    tenures: Tenures,
    covariates: Any = None,  # noqa: ANN401 (any table)
    *,
    baseline: Any = "period",  # noqa: ANN401 (several kinds)
    link: Link = "logit",
) -> DiscreteHazard:
    """Fit the chance to leave in each period to covariates and the duration, by maximum likelihood.

    Customers are at risk in the periods entry + 1 to duration, and leave in the last of them or stay through it.

    Parameters
    ----------
    tenures : Tenures
        Durations in whole periods; weights count customers.
    covariates : mapping, dataframe or array, optional
        Numbers, a row per customer, constant over time. Categories are columns of 0 and 1, all but one of them.
    baseline : "period", "log", int or sequence of int
        How the hazard moves with the duration: a coefficient for each period; the log of the period; a polynomial of
        that degree (0: not at all); or steps that end with the given periods, the last one going on: [1, 2, 3, 6, 12].
    link : {"logit", "cloglog"}
        ``"logit"``: covariates multiply the odds of leaving in a period. ``"cloglog"``: they multiply the hazard of
        continuous time, of which leaving is seen by period only (Prentice & Gloeckler 1978).

    Raises
    ------
    DataError
        Durations are not whole periods, nobody left, or covariates are missing, no numbers, constant, or dependent.
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
    form = as_baseline(baseline, last)
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
    back = np.diag(np.concatenate([np.ones(len(terms)), 1 / spread]))
    back[: len(terms), len(terms) :] = -np.outer(form.constant, means / spread)
    return DiscreteHazard(
        names=(*form.names, *names),
        estimates=(back * peak.coefficients).sum(axis=1),
        covariance=back @ peak.covariance @ back.T,
        log_likelihood=peak.value,
        covariates=names,
        link=link,
        customers=float(tenures.weights.sum()),
        person_periods=float(at_risk.sum()),
        unit=tenures.unit,
        baseline=form,
    )


def _check(tenures: Tenures, link: str) -> None:
    check_tenures(tenures)
    check_some_left(tenures)
    if link not in get_args(Link):
        raise ParameterError(f"link must be 'logit' or 'cloglog'; got {link!r}")
    t, entry = tenures.duration, tenures.entry
    check_rows(
        (t == np.floor(t)) & (entry == np.floor(entry)) & ((t >= 1) | ~tenures.ended),
        "discrete_hazard needs whole numbers of periods, at least 1 of those who left",
        "Count periods: Tenures.from_table(..., unit='month', by_period=True) does so from dates.",
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
                f"{why} in {', '.join(names[:5])}{', ...' if len(names) > 5 else ''}: no finite coefficient fits. Join "
                "periods into steps, such as baseline=[1, 2, 3, 6, 12], or use baseline='log' or a polynomial's degree"
            )


def _level(form: Baseline, terms: Array, at_risk: Array, leaving: Array, link: Link) -> Array:
    """Where the search starts: the share who leave in each step, or in all periods together."""
    if len(form.ends):
        share = (terms * leaving).sum(axis=1) / (terms * at_risk).sum(axis=1)
    else:
        overall = float(leaving.sum() / at_risk.sum())
        if overall >= 1:
            raise ConvergenceError("everybody left in the first period seen: no coefficient fits. Use more customers")
        share = overall * form.constant
        return np.asarray(form.constant * _linked(np.array(overall), link))
    return _linked(share, link)


def _linked(share: Array, link: Link) -> Array:
    return np.asarray(logit(share) if link == "logit" else np.log(-np.log1p(-share)))


def _whole(name: str, value: ArrayLike, least: int) -> Array:
    count = numbers(name, value)
    good = (count >= least) & (count == np.floor(count)) & np.isfinite(count)
    if not good.all():
        raise ParameterError(f"{name} must be a whole number >= {least}; got {count[~good].ravel()[0]}")
    return count
