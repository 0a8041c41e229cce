"""The family of latent attrition: a lifetime law in, every prediction out."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self, TypeVar

import numpy as np
from scipy.special import expit

from custvalue._typing import Array, ArrayLike, Ints, Parameter
from custvalue.evidence.rfm import RFM
from custvalue.inference.maximum_likelihood import Problem
from custvalue.models.buying.engines.attrition_integrals import Attrition
from custvalue.models.buying.family import TransactionModel, gamma_start, histories, scattered, worth
from custvalue.models.model import duration, known_unit, whole
from custvalue.units import Unit

L = TypeVar("L", bound="LatentAttritionModel")
_HISTORY = ("x", "t_x", "T")


class LatentAttritionModel(TransactionModel):
    """Purchases at gamma-mixed Poisson rates (r, alpha) until an unseen lifetime ends.

    A model gives its engine (the law of lifetimes), a start for the search, its parameters' transforms and how to draw
    lifetimes; all predictions follow.
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

    @classmethod
    def problem(cls, rfm: RFM, /) -> Problem[Self]:
        return stated(rfm, cls._guess(*gamma_start(histories(rfm), least=0.1), rfm.unit))

    def log_likelihood(self, rfm: RFM) -> Array:
        self._unit_of(rfm)
        return self._each_row(self._engine.log_likelihood, rfm, _HISTORY)

    def p_alive(self, rfm: RFM, ahead: ArrayLike = 0.0) -> Array:
        return expit(self._log_odds(rfm)) * np.exp(self._log_stay(rfm, duration("ahead", ahead)))

    def churn_probability(self, rfm: RFM, within: ArrayLike) -> Array:
        gone = expit(-self._log_odds(rfm))
        return np.minimum(gone - (1 - gone) * np.expm1(self._log_stay(rfm, duration("within", within))), 1.0)

    def expected_purchases(self, rfm: RFM, t: ArrayLike, *, after: ArrayLike = 0.0) -> Array:
        return self._bought(rfm, 0.0, duration("t", t), duration("after", after))

    def _discounted(self, rfm: RFM, force: ArrayLike, horizon: ArrayLike) -> Array:
        return self._bought(rfm, force, horizon, np.zeros(()))

    def _bought(self, rfm: RFM, force: ArrayLike, t: ArrayLike, after: Array) -> Array:
        def ahead(x: Array, T: Array, force: Array, t: Array, after: Array) -> Array:
            R, A = self._rate(x, T)
            return R / A * self._engine.discounted_stay(T + after, t, force)

        return worth(self.p_alive(rfm, after), self._each_row(ahead, rfm, ("x", "T"), force, t, _reached(after)))

    def probability_of_purchase(self, rfm: RFM, t: ArrayLike, *, after: ArrayLike = 0.0) -> Array:
        def ahead(x: Array, T: Array, t: Array, after: Array) -> Array:
            return self._engine.buys(T + after, t, *self._rate(x, T))

        span, since = duration("t", t), duration("after", after)
        return self.p_alive(rfm, since) * self._each_row(ahead, rfm, ("x", "T"), span, _reached(since))

    def purchase_pmf(self, rfm: RFM, n: ArrayLike, t: ArrayLike, *, after: ArrayLike = 0.0) -> Array:
        def ahead(x: Array, T: Array, n: Array, t: Array, after: Array) -> Array:
            return self._engine.pmf(n, T + after, t, *self._rate(x, T))

        count, span, since = whole("n", n), duration("t", t), duration("after", after)
        while_customer = self._each_row(ahead, rfm, ("x", "T"), count, span, _reached(since))
        gone = np.where(count == 0, self.churn_probability(rfm, since), 0.0)
        return np.minimum(self.p_alive(rfm, since) * while_customer + gone, 1.0)

    def simulate(self, T: ArrayLike, *, rng: np.random.Generator | int, unit: Unit | None = None) -> RFM:
        rng = np.random.default_rng(rng)
        age = np.asarray(T, dtype=np.float64)
        x, alive = self._draw_counts(age, rng)
        t_x = np.where(x > 0, alive * rng.beta(np.maximum(x, 1), 1.0), 0.0)
        return RFM(x, t_x, age, unit=known_unit(self, unit))

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

        return self._each_row(means, rfm, _HISTORY)

    def _rate(self, x: Array, T: Array) -> tuple[Array, Array]:
        """R and A of the gamma distribution of a customer's rate, which those alive at T keep."""
        return np.broadcast_arrays(self.r + x, self.alpha + T)  # type: ignore[return-value]

    def _log_odds(self, rfm: RFM) -> Array:
        """Log-odds that a customer is alive at T."""
        self._unit_of(rfm)

        def odds(x: Array, t_x: Array, T: Array) -> Array:
            alive, gone = self._engine.log_ways(x, t_x, T)
            return alive - gone

        return self._each_row(odds, rfm, _HISTORY)

    def _log_stay(self, rfm: RFM, t: Array) -> Array:
        return self._each_row(self._engine.log_stay, rfm, ("T",), t)


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
