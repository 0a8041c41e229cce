"""The family of latent attrition: a lifetime law in, every prediction out."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self, TypeVar

import numpy as np

from custvalue._typing import Array, ArrayLike, Ints, NDArray, Parameter
from custvalue.evidence.rfm import RFM
from custvalue.inference.maximum_likelihood import Problem
from custvalue.models.buying.engines.attrition_integrals import Attrition
from custvalue.models.buying.family import (
    TransactionModel,
    gamma_start,
    histories,
    last_of,
    mean_rate_in_words,
    scattered,
    worth,
)
from custvalue.units import Unit

L = TypeVar("L", bound="LatentAttritionModel")


class LatentAttritionModel(TransactionModel):
    """Purchases at gamma-mixed Poisson rates (r, alpha) until an unseen lifetime ends.

    A model gives its engine (the law of lifetimes), a start for the search, its parameters' transforms, how to draw
    lifetimes, and what its parameters say of leaving; all predictions follow.
    """

    r: Parameter
    alpha: Parameter

    @property
    @abstractmethod
    def _engine(self) -> Attrition:
        """The law of lifetimes with these parameters, and r and alpha."""

    @classmethod
    @abstractmethod
    def _guess(cls, r: float, alpha: float, age: float, unit: Unit) -> Self:
        """A start for the search: r and α by moments of the counts, the rest scaled by the mean age."""

    @abstractmethod
    def _draw_lifetimes(self, size: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Lifetimes, counted from the first purchase."""

    @abstractmethod
    def _leaving_in_words(self) -> tuple[tuple[str, str, str], ...]:
        """The rows of `in_words` about leaving; none where no mean is simple."""

    @classmethod
    def problem(cls, rfm: RFM, /) -> Problem[Any]:
        return stated(rfm, cls._guess(*gamma_start(histories(rfm), least=0.1), rfm.unit))

    def log_likelihood(self, rfm: RFM) -> Array:
        self._unit_of(rfm)
        return self._each_row(self._engine.log_likelihood, rfm, self._history)

    def _odds(self, x: Array, t_x: Array, T: Array, /) -> Array:
        alive, gone = self._engine.log_ways(x, t_x, T)
        return alive - gone

    def _stay(self, rfm: RFM, t: Array) -> Array:
        return np.exp(self._each_row(self._engine.log_stay, rfm, ("T",), t))

    def _leave(self, rfm: RFM, t: Array) -> Array:
        return -np.expm1(self._each_row(self._engine.log_stay, rfm, ("T",), t))

    def _bought(self, rfm: RFM, t: Array, after: Array) -> Array:
        return worth(self._stay(rfm, after), self._spent_alive(rfm, 0.0, t, after))

    def _discounted(self, rfm: RFM, force: ArrayLike, horizon: Array) -> Array:
        return self._spent_alive(rfm, force, horizon, np.zeros(()))

    def _spent_alive(self, rfm: RFM, force: ArrayLike, t: Array, after: Array) -> Array:
        """Purchases in t of a customer alive at T + after, discounted to then: mean rate times time alive."""

        def ahead(x: Array, T: Array, force: Array, t: Array, after: Array) -> Array:
            R, A = self._rate(x, T)
            return R / A * self._engine.discounted_stay(T + after, t, force)

        return self._each_row(ahead, rfm, ("x", "T"), force, t, _reached(after))

    def _buys(self, rfm: RFM, t: Array, after: Array) -> Array:
        def ahead(x: Array, T: Array, t: Array, after: Array) -> Array:
            return self._engine.buys(T + after, t, *self._rate(x, T))

        return self._stay(rfm, after) * self._each_row(ahead, rfm, ("x", "T"), t, _reached(after))

    def _pmf(self, rfm: RFM, n: Array, t: Array, after: Array) -> Array:
        def ahead(x: Array, T: Array, n: Array, t: Array, after: Array) -> Array:
            return self._engine.pmf(n, T + after, t, *self._rate(x, T))

        return self._stay(rfm, after) * self._each_row(ahead, rfm, ("x", "T"), n, t, _reached(after))

    def in_words(self) -> tuple[tuple[str, str, str], ...]:
        return (mean_rate_in_words(self.r, self.alpha, self.unit), *self._leaving_in_words())

    def _draw_histories(self, age: Array, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        x, alive = self._draw_counts(age, rng)
        return {"x": x, "t_x": last_of(x, alive, rng), "T": age}

    def _draw_purchases(self, age: Array, rng: np.random.Generator) -> tuple[Ints, Array]:
        return scattered(*self._draw_counts(age, rng), rng)

    def _draw_counts(self, age: Array, rng: np.random.Generator) -> tuple[Ints, Array]:
        """How often each buys again, and until when: the age, or sooner."""
        rate = rng.gamma(self.r, 1 / np.asarray(self.alpha), age.shape)
        alive = np.minimum(age, self._draw_lifetimes(age.shape, rng))
        return rng.poisson(rate * alive), alive

    def posterior_mean_purchase_rate(self, rfm: RFM) -> Array:
        """E[λ | history], per unit of time while a customer, whether still one or not."""
        return np.asarray(self._posterior_means(rfm)[0])

    def posterior_mean_drop_out(self, rfm: RFM) -> Array:
        """E[propensity to leave | history], of those who left too: of μ, η, θ or p, as the model calls it."""
        return np.asarray(self._posterior_means(rfm)[1])

    def _posterior_means(self, rfm: RFM) -> Array:
        self._unit_of(rfm)

        def means(x: Array, t_x: Array, T: Array) -> Array:
            return np.stack(self._engine.posterior_means(x, t_x, T))

        return self._each_row(means, rfm, self._history)

    def _rate(self, x: Array, T: Array) -> tuple[Array, Array]:
        """R and A of the gamma distribution of a customer's rate, which those alive at T keep."""
        return np.broadcast_arrays(self.r + x, self.alpha + T)  # type: ignore[return-value]


def _reached(after: Array) -> Array:
    """A start that somebody may reach: at infinity, where nobody does, any other will do."""
    return np.where(np.isinf(after), 0.0, after)


def stated(rfm: RFM, start: L, **more: Any) -> Problem[L]:  # noqa: ANN401 (of Problem)
    """The statement of the estimation of a law of lifetimes that begins at a model."""

    def scored(parameters: Array, *columns: Array) -> tuple[Array, Array]:
        values = dict(zip(start.parameters, parameters.tolist(), strict=True))
        return start.with_parameters(values)._engine.score(*columns)  # noqa: SLF001 (this file's class)

    rows = histories(rfm)
    age = float((rows.counts * rows.columns[2]).sum() / rows.counts.sum())
    return Problem.of(start, rows, scored, time=age, **more)
