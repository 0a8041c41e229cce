"""Pareto/NBD: customers buy at random while they stay, and leave unseen at a random time.

Schmittlein, D. C., Morrison, D. G. & Colombo, R. (1987). Counting your customers: who are they and what will they do
next? Management Science 33(1), 1-24. Notation of Fader, P. S. & Hardie, B. G. S. (2005), "A note on deriving the
Pareto/NBD model and related expressions".

| assumption | form |
| --- | --- |
| purchases while a customer | Poisson at rate λ |
| rates over customers | λ ~ Gamma(shape r, rate α) |
| lifetime | exponential at rate μ |
| drop-out over customers | μ ~ Gamma(shape s, rate β), independent of λ |

The trap: with s <= 1 the mean lifetime is infinite, so that purchases forever are infinite unless discounted.
"""

from __future__ import annotations

from typing import ClassVar, Self, final

import numpy as np
from attrs import field, frozen
from scipy.special import expit

from custvalue._typing import Array, ArrayLike, Parameter
from custvalue.evidence.rfm import RFM
from custvalue.inference.fit import Fit
from custvalue.inference.fitting import Problem, maximize
from custvalue.models._attrition import Attrition
from custvalue.models._base import (
    Limits,
    TransactionModel,
    as_parameter,
    duration,
    optional_unit,
    positive,
    same_parameter,
    whole,
)
from custvalue.models._quadrature import log_panels
from custvalue.units import Unit

_HISTORY = ("x", "t_x", "T")


@frozen(eq=False)
class ParetoLifetime:
    """Exponential lifetimes at gamma-mixed rates: S(u) = (β/(β+u))^s, Pareto of the second kind."""

    s: Parameter
    beta: Parameter

    def log_stay(self, start: Array, u: Array) -> Array:
        """log S(start + u)/S(start)."""
        return np.asarray(-self.s * np.log1p(u / (self.beta + start)))

    def log_leave(self, start: Array, u: Array) -> Array:
        """log f(start + u)/S(start)."""
        now = self.beta + start
        return np.asarray(np.log(self.s / now) - (self.s + 1) * np.log1p(u / now))

    def slopes_stay(self, u: Array) -> list[Array]:
        """Derivatives of log S(u) in s and β."""
        return [-np.log1p(u / self.beta), self.s * u / (self.beta * (self.beta + u))]

    def slopes_leave(self, u: Array) -> list[Array]:
        """Derivatives of log f(u) in s and β."""
        in_beta = (self.s * u - self.beta) / (self.beta * (self.beta + u))
        return [1 / self.s - np.log1p(u / self.beta), in_beta]

    def nodes(
        self, start: Array, length: Array, scale: Parameter, rate: Parameter, fineness: float = 1.0
    ) -> tuple[Array, Array]:
        """Panels in log(c + u), c the smaller of the two scales."""
        now = self.beta + start
        smaller = np.minimum(now, scale)
        return log_panels(length, smaller, smaller * (rate / scale + self.s / now), fineness)

    def mean_stay(self, start: Array, length: Array) -> Array:
        """(β+start)/(s-1) (1 - ((β+start)/(β+start+length))^(s-1)), smooth through s = 1."""
        now = self.beta + start
        log_ratio, excess = np.log1p(length / now), self.s - 1
        endless = np.isinf(log_ratio)
        steps = np.where(endless, 0.0, excess * np.where(endless, 0.0, log_ratio))
        near = np.abs(steps) < 1e-8
        mean = np.where(near, 1 - steps / 2, -np.expm1(-steps) / np.where(near, 1.0, steps))
        with np.errstate(divide="ignore"):
            forever = np.where(excess > 0, now / np.maximum(excess, 0.0), np.inf)
        return np.where(endless, forever, now * mean * np.where(endless, 0.0, log_ratio))


@final
@frozen
class ParetoNBD(TransactionModel):
    """Pareto/NBD (Schmittlein, Morrison & Colombo 1987): buying at random, leaving at a random time.

    Parameters
    ----------
    r, alpha : float or array
        Shape and rate of the gamma distribution of purchase rates: the mean rate is r/alpha per unit of time.
    s, beta : float or array
        Shape and rate of the gamma distribution of drop-out rates: the mean is s/beta per unit of time.
    unit : {"day", "week", "month", "quarter", "year"}, optional
        The unit of time of alpha and beta; `fit` fills it in. None: unchecked.

    Examples
    --------
    CDNOW's parameters (Fader, Hardie & Lee 2005), and a customer with x = 26, t_x = 30.86, T = 31 weeks:

    >>> from custvalue.evidence.rfm import RFM
    >>> model = ParetoNBD(r=0.553, alpha=10.578, s=0.606, beta=11.669)
    >>> print(model.p_alive(RFM(26, 30.86, 31, unit="week")).round(4))
    0.9979
    """

    r: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    alpha: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    s: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    beta: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    unit: Unit | None = field(default=None, kw_only=True, converter=optional_unit)

    _limits: ClassVar[Limits] = {
        "r": ("hardly anyone buys again", "all customers buy at the same rate"),
        "alpha": ("purchase rates are beyond measure", "all customers buy at the same rate"),
        "s": ("hardly anyone ever leaves: NBD would do", "all customers leave at the same rate"),
        "beta": ("customers leave at once or never", "hardly anyone leaves, or all at the same rate"),
    }

    @classmethod
    def guess(cls, rfm: RFM) -> Self:
        """A start for the search, from the mean and variance of x; scale-free in time."""
        mean, variance, age = rfm.x.mean(), rfm.x.var(), rfm.T.mean()
        r = np.clip(mean**2 / max(variance - mean, 0.05 * mean + 1e-9), 0.1, 10.0)
        return cls(r=r, alpha=r * age / max(mean, 0.05), s=0.7, beta=0.4 * age, unit=rfm.unit)

    @classmethod
    def fit(cls, rfm: RFM) -> Fit[Self]:
        rows, start = rfm.distinct(*_HISTORY), cls.guess(rfm)
        return maximize(
            Problem(
                build=lambda values: cls(*values, unit=rfm.unit),
                score=lambda values: cls(*values)._engine.score(*rows.columns),
                names=tuple(start.parameters),
                start=np.array(list(start.parameters.values())),
                scale=np.array([1.0, rfm.T.mean(), 1.0, rfm.T.mean()]),
                counts=rows.counts,
                limits=cls._limits,
            )
        )

    @property
    def _engine(self) -> Attrition:
        return Attrition(ParetoLifetime, self.r, self.alpha, (self.s, self.beta))

    @property
    def _lifetime(self) -> ParetoLifetime:
        return ParetoLifetime(self.s, self.beta)

    def log_likelihood(self, rfm: RFM) -> Array:
        self._unit_of(rfm)
        return self._each_row(self._engine.log_likelihood, rfm, _HISTORY)

    def p_alive(self, rfm: RFM, ahead: ArrayLike = 0.0) -> Array:
        t = duration("ahead", ahead)
        return expit(self._log_odds(rfm)) * self._each_row(self._stays, rfm, ("T",), t)

    def churn_probability(self, rfm: RFM, within: ArrayLike) -> Array:
        odds, t = self._log_odds(rfm), duration("within", within)
        return expit(-odds) + expit(odds) * self._each_row(self._leaves, rfm, ("T",), t)

    def expected_purchases(self, rfm: RFM, t: ArrayLike) -> Array:
        def ahead(x: Array, T: Array, t: Array) -> Array:
            return (self.r + x) / (self.alpha + T) * self._lifetime.mean_stay(T, t)

        return expit(self._log_odds(rfm)) * self._each_row(ahead, rfm, ("x", "T"), duration("t", t))

    def _discounted(self, rfm: RFM, force: ArrayLike, horizon: ArrayLike) -> Array:
        def ahead(x: Array, T: Array, force: Array, t: Array) -> Array:
            return (self.r + x) / (self.alpha + T) * self._engine.discounted_stay(T, t, force)

        return expit(self._log_odds(rfm)) * self._each_row(ahead, rfm, ("x", "T"), force, horizon)

    def probability_of_purchase(self, rfm: RFM, t: ArrayLike) -> Array:
        ahead = self._each_row(self._engine.buys, rfm, ("x", "T"), duration("t", t))
        return expit(self._log_odds(rfm)) * ahead

    def purchase_pmf(self, rfm: RFM, n: ArrayLike, t: ArrayLike) -> Array:
        count, odds = whole("n", n), self._log_odds(rfm)

        def ahead(x: Array, T: Array, n: Array, t: Array) -> Array:
            return self._engine.pmf(n, x, T, t)

        while_customer = self._each_row(ahead, rfm, ("x", "T"), count, duration("t", t))
        return expit(odds) * while_customer + np.where(count == 0, expit(-odds), 0.0)

    def simulate(self, T: ArrayLike, *, rng: np.random.Generator, unit: Unit | None = None) -> RFM:
        age = np.asarray(T, dtype=np.float64)
        rate = rng.gamma(self.r, 1 / np.asarray(self.alpha), age.shape)
        leaving = rng.gamma(self.s, 1 / np.asarray(self.beta), age.shape)
        alive = np.minimum(age, rng.exponential(size=age.shape) / np.maximum(leaving, 1e-300))
        x = rng.poisson(rate * alive)
        t_x = np.where(x > 0, alive * rng.beta(np.maximum(x, 1), 1.0), 0.0)
        return RFM(x, t_x, age, unit=self.known_unit(unit))

    def _log_odds(self, rfm: RFM) -> Array:
        self._unit_of(rfm)

        def odds(x: Array, t_x: Array, T: Array) -> Array:
            alive, gone = self._engine.log_ways(x, t_x, T)
            return alive - gone

        return self._each_row(odds, rfm, _HISTORY)

    def _stays(self, T: Array, t: Array) -> Array:
        return np.exp(self._lifetime.log_stay(T, t))

    def _leaves(self, T: Array, t: Array) -> Array:
        return np.asarray(-np.expm1(self._lifetime.log_stay(T, t)))
