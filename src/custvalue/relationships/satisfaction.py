"""Links from satisfaction to retention, set by hand or estimated from who stayed.

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

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from itertools import combinations
from typing import ClassVar, Final, Self, TypeVar, final

import numpy as np
from attrs import field, frozen
from scipy.special import expit, log_expit, logit

from custvalue._columns import check_rows, numbers
from custvalue._typing import Array, ArrayLike, Parameter
from custvalue.errors import ConvergenceError, DataError, ParameterError
from custvalue.evidence.distinct import distinct
from custvalue.inference.fit import Fit
from custvalue.inference.maximum_likelihood import Problem, maximize
from custvalue.inference.transform import Logit, Transform
from custvalue.models.model import Parametrized, as_parameter, positive, same_parameter, share

_LEVELS = 60
"""Most levels of satisfaction that are tried as thresholds: all pairs of them, 1,770, take some 20 ms."""

_SHARES: Final[Mapping[str, Transform]] = {"worst": Logit(), "best": Logit()}
_LIMITS: Final[Mapping[str, tuple[str, str]]] = {
    "worst": ("none of the least satisfied stay", "all of the least satisfied stay"),
    "best": ("none of the most satisfied stay", "all of the most satisfied stay"),
    "power": ("satisfaction does not matter above 0", "only the most satisfied stay for it"),
}


class SatisfactionLink(Parametrized, ABC):
    """Retention as a function of satisfaction."""

    _limits: ClassVar = _LIMITS

    @abstractmethod
    def retention(self, satisfaction: ArrayLike) -> Array:
        """P(stays) at a satisfaction from 0 to 1.

        Raises
        ------
        DataError
            A satisfaction lies outside 0 to 1.
        """

    @classmethod
    @abstractmethod
    def fit(cls, satisfaction: ArrayLike, retained: ArrayLike) -> Fit[Self]:
        """Estimate the link by maximum likelihood from who stayed.

        Parameters
        ----------
        satisfaction : array_like, shape (n,)
            From 0 to 1, measured before the decision to stay.
        retained : array_like of 0/1, shape (n,)
            Whether the customer stayed.

        Raises
        ------
        DataError
            A value is missing or out of range; all stayed, or all left; or all are equally satisfied.
        ConvergenceError
            The likelihood has no interior maximum; set the link by hand.
        """


def on_scale(values: ArrayLike, name: str = "satisfaction") -> Array:
    """Values from 0 to 1; DataError otherwise."""
    s = numbers(name, values)
    remedy = "Normalize it first: (value - low) / (high - low), as Trait.normalized does; leave out missing answers."
    check_rows(np.asarray((s >= 0) & (s <= 1)), f"{name} must lie between 0 and 1", remedy, **{name: s})
    return s


def _observed(satisfaction: ArrayLike, retained: ArrayLike) -> tuple[Array, Array]:
    """Satisfaction and who stayed; DataError where they identify no link."""
    s, stayed = on_scale(satisfaction).ravel(), numbers("retained", retained).ravel()
    if s.shape != stayed.shape:
        raise DataError(f"satisfaction and retained must have one value per customer; got {len(s)} and {len(stayed)}")
    zero_or_one = (stayed == 0) | (stayed == 1)
    check_rows(zero_or_one, "retained must be 0 or 1", "1 where the customer stayed.", retained=stayed)
    if not 0 < stayed.sum() < len(stayed):
        raise DataError("some customers must have stayed and some left, for a link to be estimated")
    if s.min() == s.max():
        raise DataError("all customers are equally satisfied: the effect of satisfaction is not identified")
    return s, stayed


Link = TypeVar("Link", bound=SatisfactionLink)


def _maximized(
    start: Link, score: Callable[..., tuple[Array, Array]], satisfaction: ArrayLike, retained: ArrayLike
) -> Fit[Link]:
    """Maximum likelihood from a start; `score` as for `Problem`, of columns satisfaction and retained."""
    return maximize(Problem.of(start, distinct(*_observed(satisfaction, retained)), score))


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

    _transforms: ClassVar = _SHARES
    worst: Parameter = field(converter=as_parameter, validator=share, eq=same_parameter)
    best: Parameter = field(converter=as_parameter, validator=share, eq=same_parameter)

    def retention(self, satisfaction: ArrayLike) -> Array:
        s = on_scale(satisfaction)
        return np.asarray(expit((1 - s) * logit(self.worst) + s * logit(self.best)))

    @classmethod
    def fit(cls, satisfaction: ArrayLike, retained: ArrayLike) -> Fit[Self]:
        def score(shares: Array, s: Array, stayed: Array) -> tuple[Array, Array]:
            log_odds = (1 - s) * logit(shares[0]) + s * logit(shares[1])
            excess, slope = stayed - expit(log_odds), shares * (1 - shares)
            value = log_expit(np.where(stayed > 0, log_odds, -log_odds))
            return value, np.stack([excess * (1 - s) / slope[0], excess * s / slope[1]])

        return _maximized(cls(worst=1 / 2, best=2 / 3), score, satisfaction, retained)


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

    _transforms: ClassVar = _SHARES
    worst: Parameter = field(converter=as_parameter, validator=share, eq=same_parameter)
    best: Parameter = field(converter=as_parameter, validator=share, eq=same_parameter)
    power: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)

    def retention(self, satisfaction: ArrayLike) -> Array:
        part = on_scale(satisfaction) ** self.power
        return np.asarray((1 - part) * self.worst + part * self.best)

    @classmethod
    def fit(cls, satisfaction: ArrayLike, retained: ArrayLike) -> Fit[Self]:
        def score(values: Array, s: Array, stayed: Array) -> tuple[Array, Array]:
            worst, best, power = values
            part = s**power
            p = (1 - part) * worst + part * best
            log_s = np.log(np.where(s > 0, s, 1.0))  # at s = 0 the power does not matter: its slope is 0
            slopes = np.stack([1 - part, part, (best - worst) * part * log_s])
            return np.where(stayed > 0, np.log(p), np.log1p(-p)), np.where(stayed > 0, 1 / p, -1 / (1 - p)) * slopes

        return _maximized(cls(worst=1 / 2, best=3 / 4, power=1.5), score, satisfaction, retained)


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

    _transforms: ClassVar = {"below": Logit(), "within": Logit(), "above": Logit()}
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
        s, stayed = _observed(satisfaction, retained)
        levels = _levels(s)
        n = np.array([0, *np.searchsorted(np.sort(s), levels), len(s)])
        kept = np.append(0.0, np.cumsum(stayed[np.argsort(s, kind="stable")]))[n]
        ends = [np.array([0, i, j, -1]) for i, j in combinations(range(1, len(levels) + 1), 2)]
        likelihoods = [_binomial(np.diff(kept[at]), np.diff(n[at])) for at in ends]
        best = int(np.argmax(likelihoods)) if ends else 0
        if not ends or not np.isfinite(likelihoods[best]):
            raise ConvergenceError(
                "no two thresholds leave some who stayed and some who left in each of the three groups; use a "
                "LogisticLink, or set the steps by hand"
            )
        size = np.diff(n[ends[best]])
        rate = np.diff(kept[ends[best]]) / size
        return Fit(
            model=cls(*rate.tolist(), *levels[ends[best][1:3] - 1].tolist()),
            log_likelihood=likelihoods[best],
            covariance=np.diag([*(rate * (1 - rate) / size), 0.0, 0.0]),
            customers=len(s),
            warnings=("the thresholds are the best of the levels observed; their own uncertainty is not counted",),
        )


def _levels(s: Array) -> Array:
    """Candidate thresholds: the satisfactions observed above the lowest, or their quantiles if many."""
    levels = np.unique(s)[1:]
    if len(levels) <= _LEVELS:
        return levels
    return np.unique(np.quantile(levels, np.linspace(0, 1, _LEVELS), method="nearest"))


def _binomial(stayed: Array, n: Array) -> float:
    """Log-likelihood at the observed rates; -inf where a rate is 0 or 1, or a group is empty."""
    if not ((stayed > 0) & (stayed < n)).all():
        return -np.inf
    return float((stayed * np.log(stayed / n) + (n - stayed) * np.log1p(-stayed / n)).sum())
