"""Fit: a fitted model and what is known about it. A value, not a process; the data stay outside."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

import attrs
import numpy as np
from attrs import cmp_using, field, frozen
from scipy.special import ndtri

from custvalue._columns import read_only
from custvalue._typing import Array, NDArray
from custvalue.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Parametric(Protocol):
    """What `Fit` needs of a model: named parameters, and a way to and from JSON."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The parameters by name."""
        ...

    @property
    def shares(self) -> frozenset[str]:
        """Names of the parameters that lie between 0 and 1."""
        ...

    def evolved(self, values: Mapping[str, Any]) -> Self:
        """The same model with other values of some parameters."""
        ...

    def to_json(self) -> str:
        """The model as JSON."""
        ...

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The model that `to_json` wrote."""
        ...


M = TypeVar("M", bound=Parametric, covariant=True)  # noqa: PLC0105 (one letter, as everywhere in the library)
N = TypeVar("N", bound=Parametric)


def _texts(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(values)


def _covariance(value: Any) -> Array:  # noqa: ANN401 (whatever JSON or NumPy gives)
    return read_only(np.asarray(value, dtype=np.float64))


@frozen(repr=False)
class Fit(Generic[M]):
    """A model fitted by maximum likelihood.

    Attributes
    ----------
    model
        The fitted model: all predictions are its methods.
    log_likelihood : float
        At the maximum, summed over customers; combinatorial constants dropped, as in the papers.
    covariance : array, shape (k, k)
        Of the parameters, from the observed information, in the order of `model.parameters`.
    customers : int
        How many customers the fit used.
    iterations : int
        Rounds of the search.
    warnings : tuple of str
        What to know before relying on the fit; usually empty.
    """

    model: M
    log_likelihood: float
    covariance: Array = field(converter=_covariance, eq=cmp_using(eq=np.array_equal))
    customers: int
    iterations: int = field(default=0, eq=False)
    warnings: tuple[str, ...] = field(default=(), converter=_texts)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (what is not there)
        hint = ""
        if name not in ("model", "__setstate__", "__getstate__") and hasattr(self.model, name):
            hint = f"; its model has: fit.model.{name}"
        raise AttributeError(f"a Fit has no {name!r}{hint}")

    @property
    def _parameters(self) -> Mapping[str, Any]:
        return self.model.parameters

    @property
    def standard_errors(self) -> dict[str, float]:
        """Standard error of each parameter."""
        errors = np.sqrt(np.diag(self.covariance))
        return dict(zip(self._parameters, errors.tolist(), strict=True))

    def confidence_intervals(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Confidence interval of each parameter, symmetric on the log scale, so never below zero.

        Those of probabilities are symmetric in log-odds, so never above 1.

        Raises
        ------
        ParameterError
            `level` is not between 0 and 1.
        """
        if not 0 < level < 1:
            raise ParameterError(f"level must lie between 0 and 1, such as 0.95; got {level!r}")
        width = float(ndtri(0.5 + level / 2)) * np.sqrt(np.diag(self.covariance)) * self._steepness
        logs = self._logs
        low, high = self._of_logs(logs - width).tolist(), self._of_logs(logs + width).tolist()
        return {name: (low[i], high[i]) for i, name in enumerate(self._parameters)}

    @property
    def _values(self) -> Array:
        return np.array(list(self._parameters.values()))

    @property
    def _shares(self) -> NDArray[np.bool_]:
        return np.array([name in self.model.shares for name in self._parameters], dtype=bool)

    @property
    def _logs(self) -> Array:
        """Logarithms of the parameters, log-odds of probabilities."""
        rest = np.where(self._shares, 1 - self._values, 1.0)
        return np.asarray(np.log(self._values / rest))

    def _of_logs(self, logs: Array) -> Array:
        """The parameters of which these are the logarithms, along the last axis."""
        with np.errstate(over="ignore"):
            return np.where(self._shares, 1 / (1 + np.exp(-logs)), np.exp(logs))

    @property
    def _steepness(self) -> Array:
        """Derivatives of `_logs` in the parameters."""
        rest = np.where(self._shares, 1 - self._values, 1.0)
        return np.asarray(1 / (self._values * rest))

    @property
    def aic(self) -> float:
        """Akaike's information criterion, 2k - 2 log L; lower is better."""
        return 2.0 * len(self.covariance) - 2.0 * self.log_likelihood

    @property
    def bic(self) -> float:
        """Schwarz's information criterion, k log n - 2 log L, n the number of customers, at least 1."""
        return float(len(self.covariance) * np.log(max(self.customers, 1)) - 2.0 * self.log_likelihood)

    def draws(self, n: int, *, rng: np.random.Generator | int) -> M:
        """`n` models in one: parameters drawn from their log-normal sampling distribution, each of shape (n, 1).

        Probabilities are drawn in log-odds. Predictions of the result have a leading axis of draws. `rng` may be a
        seed.
        """
        spread = self.covariance * np.outer(self._steepness, self._steepness)
        logs = np.random.default_rng(rng).multivariate_normal(self._logs, spread, size=n, method="eigh")
        drawn = self._of_logs(logs)
        return self.model.evolved({name: drawn[:, [i]] for i, name in enumerate(self._parameters)})

    def to_json(self) -> str:
        """The fit as JSON: parameters and covariance, never the customers' data."""
        known = attrs.asdict(self, filter=attrs.filters.exclude("model", "covariance"))
        model = json.loads(self.model.to_json())
        return json.dumps({"model": model, "covariance": self.covariance.tolist(), **known})

    @classmethod
    def from_json(cls, text: str, model: type[N]) -> Fit[N]:
        """The fit that `to_json` wrote, of a model of the class `model`."""
        known = json.loads(text)
        own = model.from_json(json.dumps(known.pop("model")))
        return Fit(model=own, **known)

    def __repr__(self) -> str:
        """A table to read; `model`, `log_likelihood` and the rest are attributes."""
        head = f"Fit of {type(self.model).__name__} to {self.customers:,} customers"
        lines = [head, f"{'':<8}{'estimate':>12}{'std. error':>12}{'95% interval':>26}"]
        lines += [f"{n:<8}{v:>12}{s:>12}{i:>26}" for n, v, s, i in self._table()]
        lines += [self._criteria(), *(f"warning: {warning}" for warning in self.warnings)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in ("", "estimate", "std. error", "95% interval"))
        rows = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in self._table())
        notes = "".join(f"<p><b>warning</b>: {html.escape(warning)}</p>" for warning in self.warnings)
        return (
            f"<table><caption>{type(self.model).__name__}, {self.customers:,} customers</caption>"
            f"<tr>{head}</tr>{rows}</table><p>{self._criteria()}</p>{notes}"
        )

    def _table(self) -> list[tuple[str, str, str, str]]:
        errors, intervals = self.standard_errors, self.confidence_intervals()
        return [
            (name, f"{value:.6g}", f"{errors[name]:.4g}", "{:.4g} to {:.4g}".format(*intervals[name]))
            for name, value in self._parameters.items()
        ]

    def _criteria(self) -> str:
        return f"log-likelihood {self.log_likelihood:.4f}, AIC {self.aic:.1f}, BIC {self.bic:.1f}"
