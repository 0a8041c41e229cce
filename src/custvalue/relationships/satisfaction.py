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

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self, final

import attrs
import numpy as np
from attrs import evolve, field, frozen
from scipy.special import expit, logit

from custvalue._columns import check_rows, numbers
from custvalue._typing import Array, ArrayLike, Parameter
from custvalue.errors import ConvergenceError, DataError, ParameterError
from custvalue.inference.fit import Fit
from custvalue.inference.maximum_likelihood import Problem, maximize
from custvalue.models.model import as_parameter, positive, same_parameter, share

_LEVELS = 60
"""Thresholds are tried at so many levels of satisfaction at most."""


class SatisfactionLink(ABC):
    """How likely customers of a given satisfaction are to stay."""

    _shares: ClassVar[frozenset[str]]

    @property
    def shares(self) -> frozenset[str]:
        """Names of the parameters that are probabilities."""
        return self._shares

    @property
    def parameters(self) -> dict[str, Parameter]:
        """The parameters by name."""
        return {f.name: getattr(self, f.name) for f in attrs.fields(type(self))}  # type: ignore[arg-type]

    def evolved(self, values: Mapping[str, Any]) -> Self:
        """The same link with other values of some parameters."""
        return attrs.evolve(self, **values)  # type: ignore[misc]

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
            A value is missing or out of range; all stayed, or all left; or all were equally satisfied.
        ConvergenceError
            The likelihood has no interior maximum; set the link by hand.
        """

    def to_json(self) -> str:
        """The link as JSON."""
        values = {name: np.asarray(value).tolist() for name, value in self.parameters.items()}
        return json.dumps({"link": type(self).__name__, **values})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The link that `to_json` wrote."""
        values = json.loads(text)
        if values.pop("link", None) != cls.__name__:
            raise ParameterError(f"the text is not a {cls.__name__} that to_json wrote: {text[:40]!r}")
        return cls(**values)


def on_scale(values: ArrayLike, name: str = "satisfaction") -> Array:
    """Values from 0 to 1; DataError otherwise."""
    s = numbers(name, values)
    check_rows(
        np.asarray((s >= 0) & (s <= 1)),
        f"{name} must lie between 0 and 1",
        "Put it on its scale first: (value - low) / (high - low), as Trait.normalized does; "
        "leave out who was not asked.",
        **{name: s},
    )
    return s


def observed(satisfaction: ArrayLike, retained: ArrayLike) -> tuple[Array, Array]:
    """Satisfaction and who stayed, checked: DataError where they can tell nothing."""
    s, stayed = on_scale(satisfaction).ravel(), numbers("retained", retained).ravel()
    if s.shape != stayed.shape:
        raise DataError(f"satisfaction and retained must have one value per customer; got {len(s)} and {len(stayed)}")
    check_rows(
        (stayed == 0) | (stayed == 1), "retained must be 0 or 1", "1 where the customer stayed.", retained=stayed
    )
    if not 0 < stayed.sum() < len(stayed):
        raise DataError("some customers must have stayed and some left, for a link to be estimated")
    if s.min() == s.max():
        raise DataError("all customers are equally satisfied: nothing tells what satisfaction does")
    return s, stayed


def fitted(
    cls: type[Any],
    score: Callable[..., tuple[Array, Array]],
    columns: tuple[Array, ...],
    start: Array,
    names: tuple[str, ...],
) -> Fit[Any]:
    """Maximum likelihood in the odds of `worst` and `best`; their covariance by the delta method."""

    def build(found: Array) -> Any:  # noqa: ANN401 (a link)
        return cls(*(found[:2] / (1 + found[:2])).tolist(), *found[2:].tolist())

    limits = {
        "worst": ("none of the least satisfied stay", "all of the least satisfied stay"),
        "best": ("none of the most satisfied stay", "all of the most satisfied stay"),
        "power": ("satisfaction does not matter above 0", "only the most satisfied stay for it"),
    }
    found = maximize(
        Problem(
            build=build,
            score=score,
            columns=columns,
            names=names,
            start=start,
            scale=np.ones(len(start)),
            counts=np.ones(len(columns[0])),
            limits=limits,
        )
    )
    slopes = np.array([(1 - p) ** 2 if i < 2 else 1.0 for i, p in enumerate(found.model.parameters.values())])
    return evolve(found, covariance=found.covariance * np.outer(slopes, slopes))


def levels_of(s: Array) -> Array:
    """Where thresholds may lie: at the satisfactions observed above the lowest, or their quantiles if many."""
    levels = np.unique(s)[1:]
    if len(levels) <= _LEVELS:
        return levels
    return np.unique(np.quantile(levels, np.linspace(0, 1, _LEVELS), method="nearest"))


def binomial(stayed: Array, n: Array) -> float:
    """Log-likelihood at the observed rates; -inf where a rate is 0 or 1, or a group is empty."""
    if not ((stayed > 0) & (stayed < n)).all():
        return -np.inf
    return float((stayed * np.log(stayed / n) + (n - stayed) * np.log1p(-stayed / n)).sum())


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
