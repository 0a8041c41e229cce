"""Weibull-gamma/NBD: customers buy at random while they stay, and leave at a rate that rises or falls with their age.

Pareto/NBD (Schmittlein, Morrison & Colombo 1987) with the lifetimes that Hardie, Fader & Wisniewski (1998; Journal of
Forecasting 17(3-4), 209-229) use for first purchases: Weibull, with gamma-mixed rates, also known as Burr XII.
Their rate (alpha) of the mixture is β^c here, so that β is a time.

| assumption | form |
| --- | --- |
| purchases while a customer | Poisson at rate λ |
| rates over customers | λ ~ Gamma(shape r, rate α) |
| lifetime | Weibull: leaving at rate θ c u^(c-1) at age u |
| drop-out over customers | θ ~ Gamma(shape s, rate β^c), independent of λ |

The trap: c = 1 is Pareto/NBD exactly, and gamma mixing makes rates fall with age by itself; c is what one customer's
rate does, and is known far less well than the other parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self, final

import numpy as np
from attrs import field, frozen
from scipy.special import log_expit

from custvalue._typing import Array, Parameter
from custvalue.inference.transform import Log, Transform
from custvalue.models.buying.engines.attrition_integrals import Attrition, Fall, Purchases, log_left
from custvalue.models.buying.engines.latent_attrition import LatentAttritionModel
from custvalue.models.model import Card, Limits, as_parameter, optional_unit, positive, same_parameter
from custvalue.numerics.quadrature import around
from custvalue.numerics.special import log_grown
from custvalue.units import Unit


@frozen(eq=False)
class WeibullGammaLifetime:
    """Weibull lifetimes, gamma-mixed: S(u) = (1 + (u/β)^c)^-s."""

    at_once: ClassVar[int] = 500

    s: Parameter
    beta: Parameter
    c: Parameter

    def log_stay(self, start: Array, u: Array) -> Array:
        """log S(start + u)/S(start)."""
        return np.asarray(-self.s * self._risen(start, u))

    def log_leave(self, start: Array, u: Array) -> Array:
        """log f(start + u)/S(start)."""
        return self._log_hazard(start + u) - self.s * self._risen(start, u)

    def slopes_stay(self, u: Array) -> list[Array]:
        """Derivatives of log S(u) in s, β and c."""
        z = self._log_ratio(u)
        share = self.s * np.exp(log_expit(z))
        return [log_expit(-z), self.c / self.beta * share, -share * np.where(u > 0, z / self.c, 0.0)]

    def score_leave(self, start: Array, u: Array) -> tuple[Array, list[Array]]:
        """`log_leave`, and the derivatives of log f(start + u) in s, β and c."""
        z = self._log_ratio(np.maximum(start + u, 1e-300))
        in_z = np.exp(log_expit(-z)) - self.s * np.exp(log_expit(z))
        slopes = [1 / self.s + log_expit(-z), -self.c / self.beta * in_z, 1 / self.c + z / self.c * in_z]
        return self.log_leave(start, u), slopes

    def nodes(self, start: Array, length: Array, scale: Parameter, rate: Parameter) -> tuple[Array, Array]:
        """Two parts, before and after leaving is likeliest."""
        return self._around(start, length, scale / (rate + 1), power=np.minimum(self.c, 1.0))

    def log_left(self, start: Array, length: Array, scale: Array, rate: Array) -> Array:
        """log ∫_0^length f(start + u)/S(start) (1 + u/scale)^-rate du."""
        return log_left(self, start, length, scale, rate)

    def fine_nodes(self, start: Array, length: Array, count: Purchases) -> tuple[Array, Array]:
        """As `nodes`, finer."""
        tail, power, rise = self.s * self.c + count.R, np.minimum(self.c, 1.0), count.rise(length)
        return self._around(start, length, count.scale, tail=tail, power=power, rise=rise, fineness=count.fineness)

    def staying(self, start: Array, length: Array, fall: Fall) -> Array:
        """∫_0^length fall(u) S(start + u)/S(start) du."""
        rises = fall.rate < 0
        diverges = np.isinf(length) & (rises | ((fall.rate == 0) & (self.s * self.c <= 1)))
        length = np.where(diverges, 0.0, np.minimum(length, fall.reach))
        tail = self.s * self.c + np.where(fall.rate > 0, fall.power, -1.0)
        scale = fall.scale / (np.abs(fall.rate) + 1)

        def integral(length: Array, far: Parameter | None) -> Array:
            u, du = self._around(start, length, scale, tail=tail, far=far, power=1.0)
            return np.asarray((np.exp(self.log_stay(start, u)) * fall.at(u) * du).sum(axis=0))

        total = integral(np.where(rises, 0.0, length), None)
        if np.any(rises):
            total += integral(np.where(rises, length, 0.0), np.clip(length, 1e-300, fall.scale))
        return np.where(diverges, np.inf, total)

    def mean_drop_out(self, u: Array, more: int) -> Array:
        """E[θ]: Gamma(s, β^c+u^c) of those who stayed until u, Gamma(s+1, β^c+u^c) of those who left then."""
        return np.asarray((self.s + more) * np.exp(log_expit(-self._log_ratio(u)) - self.c * np.log(self.beta)))

    def _log_ratio(self, u: Array) -> Array:
        """log (u/β)^c."""
        with np.errstate(divide="ignore"):
            return np.asarray(self.c * np.log(u / self.beta))

    def _log_hazard(self, u: Array) -> Array:
        late = np.maximum(u, 1e-300)
        return np.log(self.s * self.c) - np.log(late) + log_expit(self._log_ratio(late))

    def _risen(self, start: Array, u: Array) -> Array:
        """log S(start)/S(start + u) over s."""
        old = self._log_ratio(start) > -700
        since = np.where(old, start, 1.0)
        aged = log_grown(np.exp(log_expit(self._log_ratio(since))), self.c * np.log1p(u / since))
        return np.where(old, aged, -log_expit(-self._log_ratio(start + u)))

    def _around(
        self,
        start: Array,
        length: Array,
        scale: Parameter,
        *,
        tail: Parameter = np.inf,
        far: Parameter | None = None,
        power: Parameter,
        rise: Parameter = 0.0,
        fineness: float = 1.0,
    ) -> tuple[Array, Array]:
        edge = self.beta * np.exp(np.maximum(-np.log1p(self.s) / self.c, -600.0))
        sharp = np.maximum(self.c, 1.0)
        peak = np.where(start < edge, edge - start, 0.0)
        width = 0.5 * edge / sharp
        age = np.where(start > 0, start, edge)
        near = np.minimum(scale, age / sharp / (1 + self.s * np.exp(log_expit(self._log_ratio(age)))))
        return around(peak, length, near, width, tail=tail, far=far, power=power, rise=rise, fineness=fineness)


@final
@frozen
class WeibullGammaNBD(LatentAttritionModel):
    """Weibull-gamma/NBD: buying at random, leaving at a rate that changes with age; Pareto/NBD where c = 1.

    Parameters
    ----------
    r, alpha : float or array
        Shape and rate of the gamma distribution of purchase rates: the mean rate is r/alpha per unit of time.
    s, beta : float or array
        Of the gamma distribution of θ, the propensity to leave: shape s, rate beta^c, beta being a time. A customer
        of age u leaves at rate θ c u^(c-1).
    c : float or array
        Shape of one customer's lifetime: leaving speeds up with age (c > 1) or slows down (c < 1).
    unit : {"day", "week", "month", "quarter", "year"}, optional
        The unit of time of alpha and beta; `fit` fills it in. None: unchecked.

    Examples
    --------
    >>> from custvalue.evidence.rfm import RFM
    >>> model = WeibullGammaNBD(r=0.55, alpha=10.6, s=0.6, beta=12.0, c=1.5)
    >>> print(model.p_alive(RFM(2, 30.43, 38.86, unit="week")).round(4))
    0.7949
    """

    r: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    alpha: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    s: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    beta: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    c: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    unit: Unit | None = field(default=None, kw_only=True, converter=optional_unit)

    card: ClassVar[Card] = Card(
        "Weibull-gamma/NBD", "weibull-gamma-nbd", boundary={"NBD": "s -> 0"}, interior={"ParetoNBD": "c = 1"}
    )
    _limits: ClassVar[Limits] = {
        "r": ("hardly anyone buys again", "all customers buy at the same rate"),
        "alpha": ("purchase rates are beyond measure", "all customers buy at the same rate"),
        "s": ("hardly anyone ever leaves: use NBD", "all customers leave alike"),
        "beta": ("customers leave at once or never", "hardly anyone leaves, or all alike"),
        "c": ("customers leave at once or never", "all customers leave at the same age"),
    }

    _transforms: ClassVar[Mapping[str, Transform]] = {"alpha": Log(time=1), "beta": Log(time=1)}

    @classmethod
    def _guess(cls, r: float, alpha: float, age: float, unit: Unit) -> Self:
        return cls(r=r, alpha=alpha, s=0.7, beta=0.4 * age, c=1.0, unit=unit)

    @property
    def _engine(self) -> Attrition:
        return Attrition(WeibullGammaLifetime, self.r, self.alpha, (self.s, self.beta, self.c))

    def _leaving_in_words(self) -> tuple[tuple[str, str, str], ...]:
        return ()

    def _draw_lifetimes(self, size: tuple[int, ...], rng: np.random.Generator) -> Array:
        propensity = np.maximum(rng.gamma(self.s, 1.0, size), 1e-300)
        with np.errstate(over="ignore"):  # who hardly ever leaves stays for an infinite time
            return self.beta * (rng.exponential(size=size) / propensity) ** (1 / np.asarray(self.c))
