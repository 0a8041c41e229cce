"""Fit: a fitted model and what is known about it. A value, not a process; the data stay outside."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

import attrs
import numpy as np
from attrs import cmp_using, field, frozen

from custvalue._columns import read_only
from custvalue._typing import Array
from custvalue.errors import ParameterError
from custvalue.inference.estimate import Estimate, Estimated
from custvalue.inference.transform import Transform


class Parametric(Protocol):
    """What a fit needs of a model: named parameters with their transforms, and a way to and from JSON."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The parameters by name."""
        ...

    @property
    def transforms(self) -> Mapping[str, Transform]:
        """The free scale of each parameter."""
        ...

    @property
    def limits(self) -> Mapping[str, tuple[str, str]]:
        """What it means that the likelihood rises as a parameter falls to its lower end, or rises to its upper one."""
        ...

    def with_parameters(self, values: Mapping[str, Any]) -> Self:
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
    return read_only(np.array(value, dtype=np.float64))


@frozen(repr=False)
class Fit(Estimated, Generic[M]):
    """A model fitted by maximum likelihood.

    Attributes
    ----------
    model
        The fitted model: all predictions are its methods.
    log_likelihood : float
        At the maximum, summed over customers; combinatorial constants dropped, as in the papers.
    covariance : array, shape (k, k)
        Of the parameters, from the observed information, in the order of `model.parameters`; zero for those held fixed.
    customers : float
        How many customers the fit used: the sum of the rows' weights.
    fixed : tuple of str
        Parameters held at given values: the standard errors of the others are conditional on them, and AIC and BIC do
        not count them.
    iterations : int
        Rounds of the search.
    warnings : tuple of str
        What to know before relying on the fit; usually empty.
    """

    model: M
    log_likelihood: float
    covariance: Array = field(converter=_covariance, eq=cmp_using(eq=np.array_equal))
    customers: float
    fixed: tuple[str, ...] = field(default=(), converter=_texts)
    iterations: int = field(default=0, eq=False)
    warnings: tuple[str, ...] = field(default=(), converter=_texts)

    if not TYPE_CHECKING:  # a type checker would accept any name

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (what is not there)
            hint = ""
            if name not in ("model", "__setstate__", "__getstate__") and hasattr(self.model, name):
                hint = f"; its model has: fit.model.{name}"
            raise AttributeError(f"a Fit has no {name!r}{hint}")

    @property
    def estimate(self) -> Estimate:
        """The parameters' estimates and their covariance."""
        parameters = self.model.parameters
        return Estimate(
            names=tuple(parameters),
            values=list(parameters.values()),
            covariance=self.covariance,
            transforms=[self.model.transforms[name] for name in parameters],
            log_likelihood=self.log_likelihood,
            n=self.customers,
            fixed=self.fixed,
        )

    def draws(self, n: int, *, rng: np.random.Generator | int) -> M:
        """`n` models in one: parameters drawn from the normal approximation on their free scale, each of shape (n, 1).

        Predictions of the result have a leading axis of draws. `rng` may be a seed.
        """
        drawn = self.estimate.draws(n, rng=rng)
        return self.model.with_parameters({name: drawn[:, [i]] for i, name in enumerate(self.model.parameters)})

    def to_json(self) -> str:
        """The fit as JSON: parameters and covariance, never the customers' data."""
        known = attrs.asdict(self, filter=attrs.filters.exclude("model", "covariance"))
        model = json.loads(self.model.to_json())
        return json.dumps({"model": model, "covariance": self.covariance.tolist(), **known})

    @classmethod
    def from_json(cls, text: str, model: type[N]) -> Fit[N]:
        """The fit that `to_json` wrote, of a model of the class `model`; ParameterError where the text is not one."""
        try:
            known = json.loads(text)
            own = json.dumps(known.pop("model"))
        except (json.JSONDecodeError, AttributeError, KeyError, TypeError):
            raise ParameterError(f"text must be a Fit that to_json wrote; got {text[:40]!r}") from None
        return Fit(model=model.from_json(own), **known)

    def __repr__(self) -> str:
        """A table to read; `model`, `log_likelihood` and the rest are attributes."""
        head = f"Fit of {type(self.model).__name__} to {self.customers:,.0f} customers"
        return "\n".join([head, *self.estimate.lines(), *self._notes(), *(f"warning: {w}" for w in self.warnings)])

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in ("", "estimate", "std. error", "95% interval"))
        cells = ("".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in self.estimate.cells())
        rows = "".join(f"<tr>{row}</tr>" for row in cells)
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self._notes())
        warned = "".join(f"<p><b>warning</b>: {html.escape(warning)}</p>" for warning in self.warnings)
        return (
            f"<table><caption>{type(self.model).__name__}, {self.customers:,.0f} customers</caption>"
            f"<tr>{head}</tr>{rows}</table>{notes}{warned}"
        )

    def _notes(self) -> list[str]:
        notes = [f"log-likelihood {self.log_likelihood:.4f}, AIC {self.aic:.1f}, BIC {self.bic:.1f}"]
        if self.fixed:
            notes.append(f"standard errors are conditional on {', '.join(self.fixed)}, held fixed")
        return notes
