"""Estimates of named parameters with their covariance: standard errors, intervals, tests, draws, criteria, tables.

What is fitted anywhere in the library - models, regressions of hazards, disclosures, regularity, satisfaction links -
is made of an `Estimate` and shows it in the same way (`Estimated`).
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Self

import attrs
import numpy as np
from attrs import Factory, cmp_using, field, frozen
from scipy.special import ndtr, ndtri

from custvalue._columns import names_of, read_only
from custvalue._typing import Array, NDArray
from custvalue.errors import ParameterError
from custvalue.inference.transform import Identity, Transform, from_words, to_words


def normal_width(level: float) -> float:
    """Half the width of a normal interval in standard errors.

    Raises
    ------
    ParameterError
        `level` is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ParameterError(f"level must lie between 0 and 1, such as 0.95; got {level!r}")
    return float(ndtri(0.5 + level / 2))


def _names(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)


def _column(values: Any) -> Array:  # noqa: ANN401 (whatever JSON or NumPy gives)
    return read_only(np.array(values, dtype=np.float64))


def _transforms(values: Iterable[Transform]) -> tuple[Transform, ...]:
    return tuple(values)


def _natural(estimate: Any) -> tuple[Transform, ...]:  # noqa: ANN401 (the estimate, its names alone set so far)
    return (Identity(),) * len(estimate.names)


@frozen(repr=False)
class Estimate:
    """Estimates of parameters, and how sure they are.

    Attributes
    ----------
    names : tuple of str
        The parameters' names.
    values : array, shape (k,)
        Their estimates, in natural terms.
    covariance : array, shape (k, k)
        Of the estimates; zero for those held fixed.
    transforms : tuple of Transform
        The scale on which each estimate is about normal: intervals and draws are made there. By default natural.
    log_likelihood : float, optional
        At the maximum, summed over customers; None where nothing of the kind was maximized.
    n : float, optional
        Customers, or other independent observations.
    fixed : tuple of str
        Parameters that were held fixed: the errors of the others are conditional on them, and they are not counted.
    """

    names: tuple[str, ...] = field(converter=_names)
    values: Array = field(converter=_column, eq=cmp_using(eq=np.array_equal))
    covariance: Array = field(converter=_column, eq=cmp_using(eq=np.array_equal))
    transforms: tuple[Transform, ...] = field(default=Factory(_natural, takes_self=True), converter=_transforms)
    log_likelihood: float | None = None
    n: float | None = None
    fixed: tuple[str, ...] = field(default=(), converter=_names)

    @property
    def standard_errors(self) -> dict[str, float]:
        """Standard error of each parameter, 0 where it was held fixed."""
        return dict(zip(self.names, np.sqrt(np.diag(self.covariance)).tolist(), strict=True))

    def confidence_intervals(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Normal confidence interval of each parameter, symmetric on its free scale: positive ones stay above 0.

        Raises
        ------
        ParameterError
            `level` is not between 0 and 1.
        """
        free, width = self._free, normal_width(level) * np.sqrt(np.diag(self._free_covariance))
        low, high = self._natural_of(free - width), self._natural_of(free + width)
        return {name: (float(low[i]), float(high[i])) for i, name in enumerate(self.names)}

    @property
    def p_values(self) -> dict[str, float]:
        """Two-sided Wald tests of "no effect", of the parameters for which a value means that."""
        errors = self.standard_errors
        return {
            name: 2 * float(ndtr(-abs((value - transform.null) / errors[name]))) if errors[name] else float("nan")
            for name, value, transform in zip(self.names, self.values.tolist(), self.transforms, strict=True)
            if transform.null is not None and name not in self.fixed
        }

    def draws(self, n: int, *, rng: np.random.Generator | int) -> Array:
        """Draw parameters from the normal approximation on their free scale: shape (n, k). `rng` may be a seed."""
        free = np.random.default_rng(rng).multivariate_normal(self._free, self._free_covariance, size=n, method="eigh")
        return self._natural_of(free)

    @property
    def estimated(self) -> int:
        """How many parameters were estimated, those held fixed not counted."""
        return len(self.names) - len(self.fixed)

    @property
    def aic(self) -> float:
        """Akaike's information criterion, 2k - 2 log L; lower is better."""
        return 2.0 * self.estimated - 2.0 * self._likelihood("AIC")

    @property
    def bic(self) -> float:
        """Schwarz's information criterion, k log n - 2 log L, n the number of customers, at least 1."""
        if self.n is None:
            raise ParameterError("BIC needs the number of independent observations, which this estimate does not have")
        return float(self.estimated * np.log(max(self.n, 1))) - 2.0 * self._likelihood("BIC")

    def table(self, level: float = 0.95) -> dict[str, NDArray[Any]]:
        """The estimates as columns, a row per parameter, which any dataframe library takes.

        ``parameter``, ``estimate``, ``std_error``, ``low`` and ``high`` (the confidence interval), and ``p_value``
        where a test means something.
        """
        low, high = np.array(list(self.confidence_intervals(level).values())).T
        errors = np.array(list(self.standard_errors.values()))
        columns = {"parameter": names_of(self.names), "estimate": self.values, "std_error": errors}
        columns |= {"low": low, "high": high}
        if p := self.p_values:
            columns["p_value"] = np.array([p.get(name, np.nan) for name in self.names])
        return columns

    def to_json(self) -> str:
        """The estimate as JSON."""
        return json.dumps(self.as_dict())

    def as_dict(self) -> dict[str, Any]:
        """The estimate as JSON takes it."""
        known = attrs.asdict(self, filter=attrs.filters.exclude("transforms", "values", "covariance"))
        arrays = {"values": self.values.tolist(), "covariance": self.covariance.tolist()}
        return known | arrays | {"transforms": to_words(self.transforms)}

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The estimate that `to_json` wrote."""
        return cls.from_dict(json.loads(text))

    @classmethod
    def from_dict(cls, known: dict[str, Any]) -> Self:
        """The estimate that `as_dict` wrote."""
        return cls(**{**known, "transforms": from_words(known["transforms"])})

    def lines(self, width: int = 8) -> list[str]:
        """A row of text per parameter, with a heading: estimate, standard error, 95 % interval, p where tested."""
        tested = {name: f"{p:>10.2g}" for name, p in self.p_values.items()}
        head = f"{'':<{width}}{'estimate':>12}{'std. error':>12}{'95% interval':>26}{'p':>10}"
        rows = (
            f"{name:<{width}}{value:>12}{error:>12}{interval:>26}{tested.get(name, '')}"
            for name, value, error, interval in self.cells()
        )
        return [(head if tested else head[:-10]).rstrip(), *rows]

    def cells(self) -> list[tuple[str, str, str, str]]:
        """Name, estimate, standard error and 95 % interval of each parameter as text."""
        errors, intervals = self.standard_errors, self.confidence_intervals()
        return [
            (name, f"{value:.6g}", "fixed" if name in self.fixed else f"{errors[name]:.4g}", _span(*intervals[name]))
            for name, value in zip(self.names, self.values.tolist(), strict=True)
        ]

    def __repr__(self) -> str:
        """A table to read; `names`, `values` and the rest are attributes."""
        return "\n".join([f"Estimate of {', '.join(self.names)}", *self.lines(max(8, *map(len, self.names), 0) + 1)])

    def _likelihood(self, what: str) -> float:
        if self.log_likelihood is None:
            raise ParameterError(f"{what} needs a likelihood, and this estimate maximizes none")
        return self.log_likelihood

    @property
    def _free(self) -> Array:
        return np.array([t.free(v) for t, v in zip(self.transforms, self.values, strict=True)], dtype=np.float64)

    @property
    def _free_covariance(self) -> Array:
        slopes = np.array([t.slope(v) for t, v in zip(self.transforms, self.values, strict=True)])
        return np.asarray(self.covariance / slopes / slopes[:, None])

    def _natural_of(self, free: Array) -> Array:
        """Natural values of free ones along the last axis."""
        return np.stack([t.natural(free[..., i]) for i, t in enumerate(self.transforms)], axis=-1)


def _span(low: float, high: float) -> str:
    return f"{low:.4g} to {high:.4g}"


class Estimated(ABC):
    """Anything that is made of an estimate: the same questions, asked in the same way."""

    @property
    @abstractmethod
    def estimate(self) -> Estimate:
        """The parameters' estimates and their covariance."""

    @property
    def standard_errors(self) -> dict[str, float]:
        """Standard error of each parameter, 0 where it was held fixed."""
        return self.estimate.standard_errors

    def confidence_intervals(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Normal confidence interval of each parameter, symmetric on its free scale: positive ones stay above 0.

        Raises
        ------
        ParameterError
            `level` is not between 0 and 1.
        """
        return self.estimate.confidence_intervals(level)

    @property
    def p_values(self) -> dict[str, float]:
        """Two-sided Wald tests of "no effect", of the parameters for which a value means that."""
        return self.estimate.p_values

    @property
    def aic(self) -> float:
        """Akaike's information criterion, 2k - 2 log L; lower is better."""
        return self.estimate.aic

    @property
    def bic(self) -> float:
        """Schwarz's information criterion, k log n - 2 log L, n the number of customers, at least 1."""
        return self.estimate.bic

    def table(self, level: float = 0.95) -> dict[str, NDArray[Any]]:
        """The estimates as columns, a row per parameter: see `Estimate.table`."""
        return self.estimate.table(level)
