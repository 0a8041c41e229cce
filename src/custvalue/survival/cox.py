"""Proportional hazards (Cox 1972): covariates multiply the hazard, whose course over time stays free."""

from __future__ import annotations

from typing import Any, final

import numpy as np
from attrs import field, frozen
from scipy.special import chdtrc

from custvalue._columns import numbers
from custvalue._typing import Array, ArrayLike
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.covariates import read_covariates
from custvalue.evidence.tenures import Tenures
from custvalue.inference.newton import Objective, Peak, climb, gram
from custvalue.survival._regression import Regression, as_names, standardized
from custvalue.survival._risk_sets import RiskSets, check_some_left, check_tenures, longest, risk_sets
from custvalue.survival._step_functions import as_column, moment, same, step
from custvalue.survival.concordance import concordance
from custvalue.units import Unit

# Cox's partial likelihood with Efron's ties (1977), its slope and its information, by sums over risk sets.
#
# At a time at which d customers leave, with risks e^η summing to D, out of all at risk, with risks summing to S, the
# likelihood is Π e^η over those who leave by Π (S - l/d D) over l = 0, ..., d - 1. Sums over the customers at risk at
# each time turn into sums over customers of what the times at which they are at risk add up to.

_BLOCK = 1 << 20
"""Ties worked on at once."""


@frozen(eq=False)
class Ties:
    """Sums over l at each time, S - l/d D being w: of log w, of 1/w and (l/d)/w, of 1/w², (l/d)/w² and (l/d)²/w²."""

    log: Array
    once: Array
    once_share: Array
    twice: Array
    twice_share: Array
    twice_square: Array


def ties(risk: Array, own: Array, leaving: Array) -> Ties:
    """Efron's sums; so many customers as are no whole number are the next one, each of them that much less."""
    count = np.maximum(np.ceil(leaving - 1e-9), 1.0)
    each = leaving / count
    sums = np.zeros((6, len(risk)))
    start = 0
    ends = np.cumsum(count)
    while start < len(risk):
        base = ends[start - 1] if start else 0.0
        stop = max(int(np.searchsorted(ends, base + _BLOCK, side="right")), start + 1)
        sums[:, start:stop] = _sums(risk[start:stop], own[start:stop], count[start:stop])
        start = stop
    return Ties(*(each * sums))


def _sums(risk: Array, own: Array, count: Array) -> Array:
    first = np.concatenate([[0.0], np.cumsum(count)[:-1]])
    many = count.astype(np.intp)
    share = (np.arange(float(many.sum())) - np.repeat(first, many)) / np.repeat(count, many)
    rest = np.repeat(risk, many) - share * np.repeat(own, many)
    once = 1 / rest
    parts = np.log(rest), once, share * once, once**2, share * once**2, (share * once) ** 2
    return np.array([np.add.reduceat(part, first.astype(np.intp)) for part in parts])


def partial_likelihood(sets: RiskSets, columns: Array, weights: Array) -> Objective:
    """Log partial likelihood of coefficients, its slope and information; `columns` of shape (covariates, rows)."""
    leaving = sets.leaving(weights)
    left = np.array([(weights * sets.ended * column).sum() for column in columns])

    @np.errstate(all="ignore")  # steps may go far too far at first; they are then halved
    def at(theta: Array) -> tuple[float, Array, Array]:
        linear = (theta[:, None] * columns).sum(axis=0)
        top = linear.max()
        amount = weights * np.exp(linear - top)
        own = sets.leaving(amount)
        risk = np.maximum(sets.at_risk(amount), own)
        if not (own > 0).all():
            return -np.inf, theta, np.full((len(theta), len(theta)), np.nan)
        tie = ties(risk, own, leaving)
        value = float((weights * sets.ended * (linear - top)).sum() - tie.log.sum())
        expected = amount * expected_per_risk(sets, tie)
        slope = left - np.array([(expected * column).sum() for column in columns])
        whole = np.array([sets.at_risk_signed(amount * column) for column in columns])
        gone = np.array([sets.leaving(amount * column) for column in columns])
        mixed = np.einsum("in,jn->ij", whole * tie.twice_share, gone)
        bend = gram(columns, expected) - gram(whole, tie.twice) - gram(gone, tie.twice_square) + mixed + mixed.T
        return value, slope, bend

    return at


def expected_per_risk(sets: RiskSets, tie: Ties) -> Array:
    """How many of each row's customers would be expected to leave if its risk were 1.

    The cumulative hazard while it is at risk; customers who leave together miss a share of the last step.
    """
    total = sets.cumulative(tie.once)
    total[sets.ended] -= tie.once_share[sets.last[sets.ended] - 1]
    return total


def steps(sets: RiskSets, columns: Array, weights: Array, theta: Array) -> Array:
    """What the cumulative hazard of risk 1 rises by at each time."""
    linear = (theta[:, None] * columns).sum(axis=0)
    top = linear.max()
    with np.errstate(under="ignore"):
        amount = weights * np.exp(linear - top)
    own = sets.leaving(amount)
    tie = ties(np.maximum(sets.at_risk(amount), own), own, sets.leaving(weights))
    return np.asarray(tie.once * np.exp(-top), dtype=np.float64)


_MOST = 1 << 24
"""Customers who leave at one time."""
_LARGEST = 600.0
"""Log-risks are cut here: beyond, nobody stays, and no float overflows."""


@frozen
class ChiSquareTest:
    """A test with a chi-square distribution.

    Attributes
    ----------
    statistic : float
        Chi-square.
    degrees_of_freedom : int
        How many coefficients are tested.
    p_value : float
        Probability of a statistic so large if all of them were 0.
    """

    statistic: float
    degrees_of_freedom: int
    p_value: float


@final
@frozen(repr=False)
class Cox(Regression):
    """A fitted proportional-hazards regression: hazard(t) = baseline(t) · exp(Σ coefficient · covariate).

    Made by `cox`. Predictions take covariates in the form in which they were given to the fit, rows in any number, or a
    mapping of single numbers; times broadcast with the rows. They are known up to the longest duration observed.

    Attributes
    ----------
    names : tuple of str
        Of the covariates.
    estimates : array
        The coefficients, logs of hazard ratios; `coefficients`, `hazard_ratios`, `standard_errors`, `p_values` and
        `confidence_intervals()` are by name.
    covariance : array
        From the observed information.
    log_likelihood, null_log_likelihood : float
        Partial, at the estimates and at coefficients 0.
    likelihood_ratio_test, wald_test, score_test : ChiSquareTest
        That all coefficients are 0.
    time, cumulative_hazard : array
        The times at which customers left, and the cumulative hazard then of a customer with the mean covariates.
    means : array
        Of the covariates, over customers.
    observed_until : float
        The longest duration.
    customers, ended : float
        How many, weighted.
    unit : str
        The unit of time.
    """

    names: tuple[str, ...] = field(converter=as_names)
    estimates: Array = field(converter=as_column, eq=same)
    covariance: Array = field(converter=as_column, eq=same)
    log_likelihood: float = field()
    null_log_likelihood: float = field()
    likelihood_ratio_test: ChiSquareTest = field()
    wald_test: ChiSquareTest = field()
    score_test: ChiSquareTest = field()
    time: Array = field(converter=as_column, eq=same)
    cumulative_hazard: Array = field(converter=as_column, eq=same)
    means: Array = field(converter=as_column, eq=same)
    observed_until: float = field()
    customers: float = field()
    ended: float = field()
    unit: Unit = field()

    @property
    def hazard_ratios(self) -> dict[str, float]:
        """exp(coefficient): what one more of a covariate multiplies the hazard by, by name."""
        return dict(zip(self.names, np.exp(self.estimates).tolist(), strict=True))

    def log_risk(self, covariates: Any) -> Array:  # noqa: ANN401 (any table)
        """Log of the hazard of rows of covariates, relative to a customer with the mean covariates."""
        return self._linear(covariates, self.names, self.means)

    def survival(self, covariates: Any, t: ArrayLike) -> Array:  # noqa: ANN401 (any table)
        """P(still a customer after time t), of rows of covariates: exp(-H(t) exp(log_risk))."""
        return np.exp(-self._passed(covariates, np.zeros(()), self._moment("t", t)))

    def churn_probability(self, covariates: Any, tenure: ArrayLike | Tenures, within: ArrayLike) -> Array:  # noqa: ANN401
        """P(leaves within a time | has stayed for `tenure`), of rows of covariates.

        Raises
        ------
        ParameterError
            A time is negative, or tenure + within later than anybody was observed.
        DataError
            Covariates are missing, or the `Tenures` given as `tenure` are in another unit.
        """
        start, ahead = self._moment("tenure", self._time(tenure)), numbers("within", within)
        if not np.all(ahead >= 0):
            raise ParameterError(f"within must be >= 0; got {ahead[~(ahead >= 0)].ravel()[0]}")
        return -np.expm1(-self._passed(covariates, start, self._moment("tenure + within", start + ahead)))

    def concordance(self, tenures: Tenures, covariates: Any) -> float:  # noqa: ANN401 (any table)
        """How often those who left sooner have the higher `log_risk`: see `custvalue.survival.concordance`."""
        return concordance(tenures, self.log_risk(covariates))

    def _passed(self, covariates: Any, start: Array, end: Array) -> Array:  # noqa: ANN401 (any table)
        """The cumulative hazard of rows between two times."""
        hazard = step(self.time, self.cumulative_hazard, 0.0, end) - step(self.time, self.cumulative_hazard, 0.0, start)
        return np.asarray(hazard * np.exp(np.minimum(self.log_risk(covariates), _LARGEST)))

    def _moment(self, name: str, value: ArrayLike) -> Array:
        return moment(name, value, self.observed_until, known_after=False)

    def __repr__(self) -> str:
        test = self.likelihood_ratio_test
        head = (
            f"Proportional hazards of {self.customers:,.10g} customers in {self.unit}s, {self.ended:,.10g} ended, "
            f"log partial likelihood {self.log_likelihood:.4f},\n"
            f"likelihood ratio {test.statistic:.4f} on {test.degrees_of_freedom} degrees of freedom, "
            f"p = {test.p_value:.2g}"
        )
        return self._table(head)


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
        There is no customer, nobody left, or covariates are missing, no numbers, constant, or dependent.
    ConvergenceError
        The likelihood has no maximum: covariates order those who leave without error. The message names them.

    Notes
    -----
    Cox (1972); ties after Efron (1977), as is the baseline's cumulative hazard. Weights that are no whole numbers and
    have ties count as so many customers, rounded up, each of them less.

    Examples
    --------
    >>> tenures = Tenures([3, 5, 6, 8, 9, 9, 12, 12], [1, 1, 1, 1, 1, 0, 1, 0], unit="month")
    >>> fit = cox(tenures, {"plus": [0, 0, 0, 1, 1, 1, 0, 1]})
    >>> round(fit.hazard_ratios["plus"], 4)
    0.2684
    >>> fit.churn_probability({"plus": [0, 1]}, tenure=0, within=6).round(3)
    array([0.536, 0.186])
    """
    check_tenures(tenures)
    check_some_left(tenures)
    names, columns = read_covariates(covariates, len(tenures))
    if not names:
        raise DataError("cox needs covariates; without any, kaplan_meier and nelson_aalen describe the tenures")
    scaled, means, spread = standardized(columns, tenures.weights)
    rows = np.argsort(tenures.duration, kind="stable")
    tenures, scaled = tenures[rows], scaled[:, rows]
    sets = risk_sets(tenures)
    _check_ties(sets, tenures.weights)
    objective = partial_likelihood(sets, scaled, tenures.weights)
    peak = climb(objective, np.zeros(len(names)), names)
    ratio, wald, score = _tests(peak)
    return Cox(
        names=names,
        estimates=peak.coefficients / spread,
        covariance=peak.covariance / np.outer(spread, spread),
        log_likelihood=peak.value,
        null_log_likelihood=peak.start_value,
        likelihood_ratio_test=ratio,
        wald_test=wald,
        score_test=score,
        time=sets.time,
        cumulative_hazard=steps(sets, scaled, tenures.weights, peak.coefficients).cumsum(),
        means=means,
        observed_until=longest(tenures),
        customers=float(tenures.weights.sum()),
        ended=float(tenures.weights[tenures.ended].sum()),
        unit=tenures.unit,
    )


def _check_ties(sets: RiskSets, weights: Array) -> None:
    """Raise DataError where too many leave at one time to be put in every order."""
    together = sets.leaving(weights).max()
    if together > _MOST:
        raise DataError(
            f"{together:g} customers left at one time; cox, which breaks ties one by one, takes up to {_MOST:g}. "
            "Measure time more finely, divide the weights, or use discrete_hazard with link='cloglog', which is made "
            "for ties."
        )


def _tests(peak: Peak) -> tuple[ChiSquareTest, ChiSquareTest, ChiSquareTest]:
    """Likelihood ratio, Wald, score."""
    theta, slope = peak.coefficients, peak.start_gradient
    wald = float(theta @ peak.information @ theta)
    score = float(slope @ np.linalg.solve(peak.start_information, slope))
    ratio = max(2 * (peak.value - peak.start_value), 0.0)
    return _test(ratio, len(theta)), _test(wald, len(theta)), _test(score, len(theta))


def _test(statistic: float, degrees: int) -> ChiSquareTest:
    return ChiSquareTest(statistic, degrees, float(chdtrc(degrees, statistic)))
