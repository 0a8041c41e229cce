"""What links from satisfaction to retention share: parameters, JSON, and how they are estimated."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import attrs
import numpy as np
from attrs import evolve

from custvalue._columns import check_rows, numbers
from custvalue._typing import Array, ArrayLike, Parameter
from custvalue.errors import DataError, ParameterError
from custvalue.inference.fit import Fit
from custvalue.inference.maximum_likelihood import Problem, maximize

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
