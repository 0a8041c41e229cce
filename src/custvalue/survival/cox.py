"""Proportional hazards (Cox 1972): covariates multiply the hazard, whose course over time stays free."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, final

import numpy as np
from attrs import field, frozen
from scipy.special import chdtrc

from custvalue import _arguments
from custvalue._columns import same
from custvalue._results import as_column
from custvalue._typing import Array, ArrayLike
from custvalue.errors import DataError
from custvalue.evidence.covariates import read_covariates
from custvalue.evidence.tenures import Tenures
from custvalue.inference.estimate import Estimate
from custvalue.survival._regression import Objective, Peak, Regression, as_estimate, climb, gram, standardized
from custvalue.survival._risk_sets import RiskSets, check_tenures, longest, observed_time, risk_sets, step
from custvalue.units import Unit

_BLOCK: Final = 1 << 20
"""Tied customers worked on at once: six columns of them are 50 MB."""
_MOST: Final = 1 << 24
"""Most customers who may leave at one time: Efron's sums have a term for each, which takes a second or two."""
_LARGEST: Final = 600.0
"""Log-risks are cut here: e^600 = 1e260 leaves room for the baseline, and beyond it nobody stays."""


@frozen
class ChiSquareTest:
    """A test with a chi-square distribution.

    Attributes
    ----------
    statistic : float
        Chi-square.
    degrees_of_freedom : int
        The number of coefficients tested.
    """

    statistic: float
    degrees_of_freedom: int

    @property
    def p_value(self) -> float:
        """Probability of a statistic at least this large if all coefficients were 0."""
        return float(chdtrc(self.degrees_of_freedom, self.statistic))


def _as_test(value: ChiSquareTest | Mapping[str, Any]) -> ChiSquareTest:
    return value if isinstance(value, ChiSquareTest) else ChiSquareTest(**value)


@final
@frozen(repr=False)
class Cox(Regression):
    """A fitted proportional-hazards regression: hazard(t) = baseline(t) · exp(Σ coefficient · covariate).

    Made by `cox`. Predictions take covariates in the form in which they were given to the fit, rows in any number, or a
    mapping of single numbers; times broadcast with the rows. They are known up to the longest duration observed.

    Attributes
    ----------
    estimate : Estimate
        The coefficients, logs of hazard ratios, and their covariance from the observed information. `coefficients`,
        `hazard_ratios`, `standard_errors`, `p_values` and `confidence_intervals()` are by covariate. BIC counts the
        customers who left (Volinsky & Raftery 2000), as R does.
    null_log_likelihood : float
        Log partial likelihood at coefficients 0.
    likelihood_ratio_test, wald_test, score_test : ChiSquareTest
        That all coefficients are 0.
    time, cumulative_hazard : array
        The times at which customers left, and the cumulative hazard then of a customer with the mean covariates.
    means : array
        Of the covariates, over customers.
    observed_until : float
        The longest duration.
    customers, ended : float
        Customers, and those who left, weighted.
    unit : str
        The unit of time.
    """

    estimate: Estimate = field(converter=as_estimate)
    null_log_likelihood: float = field()
    likelihood_ratio_test: ChiSquareTest = field(converter=_as_test)
    wald_test: ChiSquareTest = field(converter=_as_test)
    score_test: ChiSquareTest = field(converter=_as_test)
    time: Array = field(converter=as_column, eq=same)
    cumulative_hazard: Array = field(converter=as_column, eq=same)
    means: Array = field(converter=as_column, eq=same)
    observed_until: float = field()
    customers: float = field()
    ended: float = field()
    unit: Unit = field()

    @property
    def hazard_ratios(self) -> dict[str, float]:
        """exp(coefficient) by covariate: the factor on the hazard of one unit more of it."""
        return {name: float(np.exp(value)) for name, value in self.coefficients.items()}

    def log_risk(self, covariates: Any) -> Array:  # noqa: ANN401 (any table)
        """Log of the hazard of rows of covariates, relative to a customer with the mean covariates."""
        return self._linear(covariates, self.estimate.names, self.means)

    def _span(self, name: str, value: ArrayLike) -> Array:
        return _arguments.duration(name, value)

    def _known(self, name: str, time: Array) -> Array:
        return observed_time(name, time, self.observed_until)

    def _passed(self, log_risk: Array, start: Array, end: Array) -> Array:
        hazard = step(self.time, self.cumulative_hazard, 0.0, end) - step(self.time, self.cumulative_hazard, 0.0, start)
        return np.asarray(hazard * np.exp(np.minimum(log_risk, _LARGEST)))

    def __repr__(self) -> str:
        test = self.likelihood_ratio_test
        head = (
            f"Proportional hazards of {self.customers:,.10g} customers in {self.unit}s, {self.ended:,.10g} ended, "
            f"log partial likelihood {self.log_likelihood:.4f},\n"
            f"likelihood ratio {test.statistic:.4f} on {test.degrees_of_freedom} degrees of freedom, "
            f"p = {test.p_value:.2g}"
        )
        return self._text(head)


def cox(tenures: Tenures, covariates: Any) -> Cox:  # noqa: ANN401 (any table)
    """Fit hazard ratios of covariates by Cox's partial likelihood, ties by Efron's method.

    Parameters
    ----------
    tenures : Tenures
        Durations; weights count customers, so that a row of weight 3 is three equal rows. At risk, ties and late entry
        as in `kaplan_meier`.
    covariates : mapping, dataframe or array
        Numbers, a row per customer, constant over time. Categories are columns of 0 and 1, all but one of them.

    Raises
    ------
    DataError
        There is no customer, nobody left, or covariates are missing, no numbers, constant, or linearly dependent.
    ConvergenceError
        The likelihood has no maximum, as covariates separate those who leave from those who stay. The message names
        them.

    Notes
    -----
    Cox (1972); ties after Efron (1977), as is the baseline's cumulative hazard. Where the weights of a tie sum to a w
    that is not whole, they are taken for ⌈w⌉ customers who count w/⌈w⌉ each.

    Examples
    --------
    >>> tenures = Tenures([3, 5, 6, 8, 9, 9, 12, 12], [1, 1, 1, 1, 1, 0, 1, 0], unit="month")
    >>> fit = cox(tenures, {"plus": [0, 0, 0, 1, 1, 1, 0, 1]})
    >>> round(fit.hazard_ratios["plus"], 4)
    0.2684
    >>> fit.churn_probability({"plus": [0, 1]}, tenure=0, within=6).round(3)
    array([0.536, 0.186])
    """
    check_tenures(tenures, some_left=True)
    names, columns = read_covariates(covariates, len(tenures))
    if not names:
        raise DataError("covariates must have at least one column; got none. kaplan_meier needs none.")
    scaled, means, spread = standardized(columns, tenures.weights)
    rows = np.argsort(tenures.duration, kind="stable")
    tenures, scaled = tenures[rows], scaled[:, rows]
    sets = risk_sets(tenures)
    _check_ties(sets, tenures.weights)
    objective = partial_likelihood(sets, scaled, tenures.weights)
    peak = climb(objective, np.zeros(len(names)), names)
    ratio, wald, score = _tests(peak)
    ended = float(tenures.weights[tenures.ended].sum())
    covariance = peak.covariance / np.outer(spread, spread)
    return Cox(
        estimate=Estimate(names, peak.coefficients / spread, covariance, log_likelihood=peak.value, n=ended),
        null_log_likelihood=peak.start_value,
        likelihood_ratio_test=ratio,
        wald_test=wald,
        score_test=score,
        time=sets.time,
        cumulative_hazard=_baseline_steps(sets, scaled, tenures.weights, peak.coefficients).cumsum(),
        means=means,
        observed_until=longest(tenures),
        customers=float(tenures.weights.sum()),
        ended=ended,
        unit=tenures.unit,
    )


def _check_ties(sets: RiskSets, weights: Array) -> None:
    """Raise DataError where more leave at one time than Efron's sums take."""
    together = sets.leaving(weights).max()
    if together > _MOST:
        raise DataError(
            f"{together:g} customers left at one time; cox, which breaks ties one by one, takes at most {_MOST:g}. "
            "Measure time more finely, divide the weights, or use discrete_hazard with link='cloglog', which is made "
            "for ties."
        )


def _tests(peak: Peak) -> tuple[ChiSquareTest, ChiSquareTest, ChiSquareTest]:
    """Likelihood ratio, Wald, score."""
    theta, slope = peak.coefficients, peak.start_gradient
    wald = float(theta @ peak.information @ theta)
    score = float(slope @ np.linalg.solve(peak.start_information, slope))
    ratio = max(2 * (peak.value - peak.start_value), 0.0)
    degrees = len(theta)
    return ChiSquareTest(ratio, degrees), ChiSquareTest(wald, degrees), ChiSquareTest(score, degrees)


@frozen(eq=False)
class _Ties:
    """Sums over l at each time, w being S - l/d D: of log w, of 1/w and (l/d)/w, of 1/w², (l/d)/w² and (l/d)²/w²."""

    log: Array
    once: Array
    once_share: Array
    twice: Array
    twice_share: Array
    twice_square: Array


def _ties(risk: Array, own: Array, leaving: Array) -> _Ties:
    """Efron's sums; a weighted number w of customers that is not whole stands for ⌈w⌉ of weight w/⌈w⌉ each."""
    count = np.maximum(np.ceil(leaving - 1e-9), 1.0)  # rounding of a sum of weights does not add a customer
    each = leaving / count
    sums = np.zeros((6, len(risk)))
    start = 0
    ends = np.cumsum(count)
    while start < len(risk):
        base = ends[start - 1] if start else 0.0
        stop = max(int(np.searchsorted(ends, base + _BLOCK, side="right")), start + 1)
        sums[:, start:stop] = _sums(risk[start:stop], own[start:stop], count[start:stop])
        start = stop
    return _Ties(*(each * sums))


def _sums(risk: Array, own: Array, count: Array) -> Array:
    first = np.concatenate([[0.0], np.cumsum(count)[:-1]])
    many = count.astype(np.intp)
    share = (np.arange(float(many.sum())) - np.repeat(first, many)) / np.repeat(count, many)
    rest = np.repeat(risk, many) - share * np.repeat(own, many)
    once = 1 / rest
    parts = np.log(rest), once, share * once, once**2, share * once**2, (share * once) ** 2
    return np.array([np.add.reduceat(part, first.astype(np.intp)) for part in parts])


def partial_likelihood(sets: RiskSets, columns: Array, weights: Array) -> Objective:
    """Log partial likelihood of coefficients, its slope and information; `columns` of shape (covariates, rows).

    Ties are Efron's (1977): at a time at which d customers leave, whose risks e^η sum to D, the risks of all at risk
    summing to S, the likelihood is Π e^η over those who leave, over Π (S - l/d D) for l = 0, ..., d - 1. Sums over the
    customers at risk at each time become sums over customers, each times its sum over the times at which it is at
    risk: n terms, not n². The slope is Σ x over those who left less Σ x · expected; the information is Σ over times
    and l of the covariance of x under the weights e^η of those at risk, of whom those who leave count 1 - l/d.
    """
    leaving = sets.leaving(weights)
    left = np.array([(weights * sets.ended * column).sum() for column in columns])

    @np.errstate(all="ignore")  # steps may go far too far at first; they are then halved
    def at(theta: Array) -> tuple[float, Array, Array]:
        linear = (theta[:, None] * columns).sum(axis=0)
        top = linear.max()
        amount = weights * np.exp(linear - top)  # the likelihood is one of ratios of risks
        own = sets.leaving(amount)
        risk = np.maximum(sets.at_risk(amount), own)
        if not (own > 0).all():
            return -np.inf, theta, np.full((len(theta), len(theta)), np.nan)
        tie = _ties(risk, own, leaving)
        value = float((weights * sets.ended * (linear - top)).sum() - tie.log.sum())
        expected = amount * _expected_per_risk(sets, tie)
        slope = left - np.array([(expected * column).sum() for column in columns])
        whole = np.array([sets.at_risk_signed(amount * column) for column in columns])
        gone = np.array([sets.leaving(amount * column) for column in columns])
        mixed = np.einsum("in,jn->ij", whole * tie.twice_share, gone)
        bend = gram(columns, expected) - gram(whole, tie.twice) - gram(gone, tie.twice_square) + mixed + mixed.T
        return value, slope, bend

    return at


def _expected_per_risk(sets: RiskSets, tie: _Ties) -> Array:
    """Leavings expected of each row per unit of risk: the cumulative hazard over the time that it is at risk.

    Those who leave in a tie are at risk for a share of its step: 1 - l/d of each of its terms.
    """
    total = sets.cumulative(tie.once)
    total[sets.ended] -= tie.once_share[sets.last[sets.ended] - 1]
    return total


def _baseline_steps(sets: RiskSets, columns: Array, weights: Array, theta: Array) -> Array:
    """Steps of the cumulative hazard of risk 1 at each time."""
    linear = (theta[:, None] * columns).sum(axis=0)
    top = linear.max()
    with np.errstate(under="ignore"):
        amount = weights * np.exp(linear - top)
    own = sets.leaving(amount)
    tie = _ties(np.maximum(sets.at_risk(amount), own), own, sets.leaving(weights))
    return np.asarray(tie.once * np.exp(-top), dtype=np.float64)
