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

from collections.abc import Mapping
from typing import ClassVar, Self, final

import numpy as np
from attrs import field, frozen

from custvalue._typing import Array, Parameter
from custvalue.inference.transform import Log, Transform
from custvalue.models.buying.engines.attrition_integrals import Attrition, Fall, Purchases
from custvalue.models.buying.engines.latent_attrition import LatentAttritionModel
from custvalue.models.buying.family import unit_in_words
from custvalue.models.model import Card, Limits, as_parameter, optional_unit, positive, same_parameter
from custvalue.numerics.quadrature import log_of_two_powers, log_panels, logistic
from custvalue.units import Unit


@frozen(eq=False)
class ParetoLifetime:
    """Exponential lifetimes at gamma-mixed rates: S(u) = (β/(β+u))^s, Pareto of the second kind."""

    at_once: ClassVar[int] = 2000

    s: Parameter
    beta: Parameter

    def log_stay(self, start: Array, u: Array) -> Array:
        """log S(start + u)/S(start)."""
        return np.asarray(-self.s * np.log1p(u / (self.beta + start)))

    def log_leave(self, start: Array, u: Array) -> Array:
        """log f(start + u)/S(start)."""
        now = self.beta + start
        leave = np.log1p(u / now)
        leave *= -(self.s + 1)
        leave += np.log(self.s / now)
        return leave

    def slopes_stay(self, u: Array) -> list[Array]:
        """Derivatives of log S(u) in s and β."""
        return [-np.log1p(u / self.beta), self.s * u / (self.beta * (self.beta + u))]

    def score_leave(self, start: Array, u: Array) -> tuple[Array, list[Array]]:
        """`log_leave`, and the derivatives of log f(start + u) in s and β."""
        now = self.beta + start
        gone = now + u
        gaps = np.log(gone / now)
        in_s = (1 / self.s - np.log1p(start / self.beta)) - gaps
        in_beta = (self.s / self.beta * u + (self.s * start / self.beta - 1)) / gone
        gaps *= self.s + 1
        return np.log(self.s / now) - gaps, [in_s, in_beta]

    def nodes(self, start: Array, length: Array, scale: Parameter, rate: Parameter) -> tuple[Array, Array]:
        """Panels in log(c + u), c the smaller of the two scales."""
        return self._panels(start, length, scale, rate, np.inf, self.s + rate)

    def log_left(self, start: Array, length: Array, scale: Array, rate: Array) -> Array:
        """log ∫_0^length f(start + u)/S(start) (1 + u/scale)^-rate du."""
        now = self.beta + start
        return np.log(self.s / now) + log_of_two_powers(length, now, self.s + 1, scale, rate)

    def fine_nodes(self, start: Array, length: Array, count: Purchases) -> tuple[Array, Array]:
        """Panels in log(c + u), c below all scales, not cut: what is integrated may peak anywhere."""
        smallest, rise = np.minimum((self.beta + start) / (self.s + 1), count.scale), count.rise(length)
        return log_panels(length, smallest, 0.0, tail=self.s + count.R, rise=rise, fineness=count.fineness)

    def staying(self, start: Array, length: Array, fall: Fall) -> Array:
        """∫_0^length fall(u) S(start + u)/S(start) du."""
        level = fall.rate == 0
        if np.all(level):
            return self._mean_stay(start, length)
        undiscounted, diverges = self._mean_stay(start, length), (fall.rate < 0) & np.isinf(length)
        length = np.where(level | diverges, 0.0, np.minimum(length, fall.reach))
        if np.any(fall.rate < 0):
            u, du = logistic(length, np.minimum((self.beta + start) / (self.s + 1), fall.scale), fall.scale)
        else:
            power = self.s + fall.power  # infinite for a discount, which falls ever faster
            u, du = self._panels(start, length, fall.scale, fall.rate, power, power + 1)
        inside = (np.exp(self.log_stay(start, u)) * fall.at(u) * du).sum(axis=0)
        return np.where(level, undiscounted, np.where(diverges, np.inf, inside))

    def mean_drop_out(self, u: Array, more: int) -> Array:
        """E[μ]: Gamma(s, β+u) of those who stayed until u, Gamma(s+1, β+u) of those who left then."""
        return np.asarray((self.s + more) / (self.beta + u))

    def _panels(
        self, start: Array, length: Array, scale: Parameter, rate: Parameter, tail: Parameter, steepest: Parameter
    ) -> tuple[Array, Array]:
        now = self.beta + start
        smaller = np.minimum(now, scale)
        decay = smaller * (rate / scale + self.s / now)
        return log_panels(length, smaller, decay, steepest=steepest, tail=tail)

    def _mean_stay(self, start: Array, length: Array) -> Array:
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
class ParetoNBD(LatentAttritionModel):
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

    card: ClassVar[Card] = Card("Pareto/NBD", "pareto-nbd", boundary={"NBD": "s -> 0"})
    _limits: ClassVar[Limits] = {
        "r": ("hardly anyone buys again", "all customers buy at the same rate"),
        "alpha": ("purchase rates are beyond measure", "all customers buy at the same rate"),
        "s": ("hardly anyone ever leaves: NBD would do", "all customers leave at the same rate"),
        "beta": ("customers leave at once or never", "hardly anyone leaves, or all at the same rate"),
    }

    _transforms: ClassVar[Mapping[str, Transform]] = {"alpha": Log(time=1), "beta": Log(time=1)}

    @classmethod
    def _guess(cls, r: float, alpha: float, age: float, unit: Unit) -> Self:
        return cls(r=r, alpha=alpha, s=0.7, beta=0.4 * age, unit=unit)

    @property
    def _engine(self) -> Attrition:
        return Attrition(ParetoLifetime, self.r, self.alpha, (self.s, self.beta))

    def _leaving_in_words(self) -> tuple[tuple[str, str, str], ...]:
        time = unit_in_words(self.unit)[0]
        return ((f"Leaving a {time}, s/beta", f"{float(self.s / self.beta):.4g}", "rate while a customer"),)

    def _draw_lifetimes(self, size: tuple[int, ...], rng: np.random.Generator) -> Array:
        rate = rng.gamma(self.s, 1 / np.asarray(self.beta), size)
        return rng.exponential(size=size) / np.maximum(rate, 1e-300)
