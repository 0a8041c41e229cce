"""From satisfaction to retention: links that are set by hand or estimated, the loyalty grid, and inertia.

Satisfaction is a place on its scale, from 0, the worst, to 1, the best: `Trait.normalized`.

| link | retention at satisfaction s |
| --- | --- |
| `LogisticLink` | log-odds linear in s, from `worst` at 0 to `best` at 1 |
| `ConvexLink` | worst + (best - worst) s^power: with a power above 1 only the very satisfied stay for it |
| `ThresholdLink` | three steps: dissatisfied, a zone of indifference, motivated to return |

The forms are those of the service-management literature (Heskett et al. 1994; Jones & Sasser 1995; Anderson & Mittal
2000; as cited, not checked against the papers). The trap: satisfied customers leave too, and dissatisfied ones stay
where they have no choice.
"""

from __future__ import annotations

from typing import ClassVar, Self, final

import numpy as np
from attrs import field, frozen
from scipy.special import expit, logit

from custvalue._typing import Array, ArrayLike, Parameter
from custvalue.errors import ConvergenceError, ParameterError
from custvalue.inference.fit import Fit
from custvalue.models._parameters import as_parameter, positive, same_parameter, share
from custvalue.relationships._links import SatisfactionLink, binomial, fitted, levels_of, observed, on_scale

__all__ = ["ConvexLink", "LogisticLink", "SatisfactionLink", "ThresholdLink"]


@final
@frozen
class LogisticLink(SatisfactionLink):
    """Log-odds of staying that are linear in satisfaction.

    Parameters
    ----------
    worst, best : float
        P(stays) at satisfaction 0 and 1, between 0 and 1.

    Examples
    --------
    >>> LogisticLink(worst=0.2, best=0.9).retention([0.0, 0.5, 1.0]).round(3)
    array([0.2, 0.6, 0.9])
    """

    _shares: ClassVar[frozenset[str]] = frozenset({"worst", "best"})
    worst: Parameter = field(converter=as_parameter, validator=share, eq=same_parameter)
    best: Parameter = field(converter=as_parameter, validator=share, eq=same_parameter)

    def retention(self, satisfaction: ArrayLike) -> Array:
        s = on_scale(satisfaction)
        return np.asarray(expit((1 - s) * logit(self.worst) + s * logit(self.best)))

    @classmethod
    def fit(cls, satisfaction: ArrayLike, retained: ArrayLike) -> Fit[Self]:
        s, stayed = observed(satisfaction, retained)

        def score(odds: Array, s: Array, stayed: Array) -> tuple[Array, Array]:
            log_odds = (1 - s) * np.log(odds[0]) + s * np.log(odds[1])
            value = np.where(stayed > 0, -np.logaddexp(0, -log_odds), -np.logaddexp(0, log_odds))
            excess = stayed - expit(log_odds)
            return value, np.stack([excess * (1 - s) / odds[0], excess * s / odds[1]])

        return fitted(cls, score, (s, stayed), np.array([1.0, 2.0]), ("worst", "best"))


@final
@frozen
class ConvexLink(SatisfactionLink):
    """Retention that rises with a power of satisfaction.

    Parameters
    ----------
    worst, best : float
        P(stays) at satisfaction 0 and 1, between 0 and 1.
    power : float
        Above 1 retention rises most at the top (convex), below 1 at the bottom.

    Examples
    --------
    >>> ConvexLink(worst=0.2, best=0.9, power=3).retention([0.0, 0.5, 1.0])
    array([0.2   , 0.2875, 0.9   ])
    """

    _shares: ClassVar[frozenset[str]] = frozenset({"worst", "best"})
    worst: Parameter = field(converter=as_parameter, validator=share, eq=same_parameter)
    best: Parameter = field(converter=as_parameter, validator=share, eq=same_parameter)
    power: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)

    def retention(self, satisfaction: ArrayLike) -> Array:
        s = on_scale(satisfaction)
        share = s**self.power
        return np.asarray((1 - share) * self.worst + share * self.best)

    @classmethod
    def fit(cls, satisfaction: ArrayLike, retained: ArrayLike) -> Fit[Self]:
        s, stayed = observed(satisfaction, retained)

        def score(found: Array, s: Array, stayed: Array) -> tuple[Array, Array]:
            worst, best = found[:2] / (1 + found[:2])
            share = s ** found[2]
            p = (1 - share) * worst + share * best
            per_p = np.where(stayed > 0, 1 / p, -1 / (1 - p))
            log_s = np.log(np.where(s > 0, s, 1.0))
            slopes = [(1 - share) / (1 + found[0]) ** 2, share / (1 + found[1]) ** 2, (best - worst) * share * log_s]
            return np.where(stayed > 0, np.log(p), np.log1p(-p)), per_p * np.stack(slopes)

        return fitted(cls, score, (s, stayed), np.array([1.0, 3.0, 1.5]), ("worst", "best", "power"))


@final
@frozen
class ThresholdLink(SatisfactionLink):
    """Three steps: the dissatisfied, those in the zone of indifference, those motivated to return.

    Parameters
    ----------
    below, within, above : float
        P(stays) of the three, between 0 and 1.
    lower, upper : float
        Where the zone begins ("not dissatisfied") and ends ("motivated to return"), 0 < lower < upper <= 1; a
        customer at a threshold is beyond it.

    Examples
    --------
    >>> link = ThresholdLink(below=0.3, within=0.6, above=0.95, lower=0.4, upper=0.8)
    >>> link.retention([0.2, 0.4, 0.79, 0.8])
    array([0.3 , 0.6 , 0.6 , 0.95])
    """

    _shares: ClassVar[frozenset[str]] = frozenset({"below", "within", "above"})
    below: Parameter = field(converter=as_parameter, validator=share, eq=same_parameter)
    within: Parameter = field(converter=as_parameter, validator=share, eq=same_parameter)
    above: Parameter = field(converter=as_parameter, validator=share, eq=same_parameter)
    lower: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    upper: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)

    def __attrs_post_init__(self) -> None:
        if not np.all((np.asarray(self.lower) < self.upper) & (np.asarray(self.upper) <= 1)):
            raise ParameterError(f"lower < upper <= 1 must hold; got lower={self.lower}, upper={self.upper}")

    def retention(self, satisfaction: ArrayLike) -> Array:
        s = on_scale(satisfaction)
        return np.where(s >= self.upper, self.above, np.where(s >= self.lower, self.within, self.below))

    @classmethod
    def fit(cls, satisfaction: ArrayLike, retained: ArrayLike) -> Fit[Self]:
        """As `SatisfactionLink.fit`; the thresholds are the best of all levels observed, without standard errors."""
        s, stayed = observed(satisfaction, retained)
        levels = levels_of(s)
        counts = np.searchsorted(np.sort(s), levels)
        stays = np.append(0.0, np.cumsum(stayed[np.argsort(s, kind="stable")]))
        best, at = -np.inf, (0, 0)
        for i in range(len(levels)):
            for j in range(i + 1, len(levels)):
                ends = [0, counts[i], counts[j], len(s)]
                value = binomial(np.diff(stays[ends]), np.diff(ends))
                if value > best:
                    best, at = value, (i, j)
        if not np.isfinite(best):
            raise ConvergenceError(
                "no two thresholds leave some who stayed and some who left in each of the three groups; use a "
                "LogisticLink, or set the steps by hand"
            )
        ends = [0, counts[at[0]], counts[at[1]], len(s)]
        n, rate = np.diff(ends), np.diff(stays[ends]) / np.diff(ends)
        covariance = np.diag([*(rate * (1 - rate) / n), 0.0, 0.0])
        return Fit(
            model=cls(*rate.tolist(), *levels[list(at)].tolist()),
            log_likelihood=float(best),
            covariance=covariance,
            customers=len(s),
            warnings=("the thresholds are the best of the levels observed; their own uncertainty is not counted",),
        )
