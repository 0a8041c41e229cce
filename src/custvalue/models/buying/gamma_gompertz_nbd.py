"""Gamma-Gompertz/NBD: customers buy at random while they stay, and leave at a rate that may rise with their age.

Bemmaor, A. C. & Glady, N. (2012). Modeling purchasing behavior with sudden "death": a flexible customer lifetime model.
Management Science 58(5), 1012-1021.

| assumption | form |
| --- | --- |
| purchases while a customer | Poisson at rate λ |
| rates over customers | λ ~ Gamma(shape r, rate α) |
| lifetime | Gompertz: leaving at rate η b e^{bu} at age u |
| drop-out over customers | η ~ Gamma(shape s, rate β), independent of λ |

The trap: b has to show in the data. Where leaving does not speed up, b and β run to 0 together and the model becomes
Pareto/NBD with Pareto's β equal to β/b (so on CDNOW): `fit` then says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self, final

import numpy as np
from attrs import field, frozen

from custvalue._typing import Array, Parameter
from custvalue.inference.transform import Log, Transform
from custvalue.models.buying.engines.attrition_integrals import Attrition, Fall, Purchases, log_left
from custvalue.models.buying.engines.latent_attrition import LatentAttritionModel
from custvalue.models.model import Card, Limits, as_parameter, optional_unit, positive, same_parameter
from custvalue.numerics.quadrature import around
from custvalue.numerics.special import log_grown
from custvalue.units import Unit

_DEAD = 40.0
"""exp(-40) is below what a double can add to one."""


@frozen(eq=False)
class GammaGompertzLifetime:
    """Gompertz lifetimes, gamma-mixed: S(u) = (β/(β+e^{bu}-1))^s, between Pareto, exponential and bell-shaped."""

    at_once: ClassVar[int] = 800

    b: Parameter
    s: Parameter
    beta: Parameter

    def log_stay(self, start: Array, u: Array) -> Array:
        """log S(start + u)/S(start)."""
        return np.asarray(-self.s * log_grown(self._share(start), self.b * u))

    def log_leave(self, start: Array, u: Array) -> Array:
        """log f(start + u)/S(start)."""
        share = self._share(start)
        return np.log(self.s * self.b * share) + self.b * u - (self.s + 1) * log_grown(share, self.b * u)

    def slopes_stay(self, u: Array) -> list[Array]:
        """Derivatives of log S(u) in b, s and β."""
        share, young = self._share(u), np.exp(-self.b * u)
        in_beta = self.s / self.beta * (1 - young) * share
        return [-self.s * u * share, -self._log_risk(u), in_beta]

    def score_leave(self, start: Array, u: Array) -> tuple[Array, list[Array]]:
        """`log_leave`, and the derivatives of log f(start + u) in b, s and β."""
        age = start + u
        share, young = self._share(age), np.exp(-self.b * age)
        in_b = 1 / self.b + age * (1 - (self.s + 1) * share)
        in_beta = share * (self.s / self.beta * (1 - young) - young)
        return self.log_leave(start, u), [in_b, 1 / self.s - self._log_risk(age), in_beta]

    def nodes(self, start: Array, length: Array, scale: Parameter, rate: Parameter) -> tuple[Array, Array]:
        """Two parts, before and after leaving is likeliest."""
        return self._around(start, length, scale / (rate + 1))

    def log_left(self, start: Array, length: Array, scale: Array, rate: Array) -> Array:
        """log ∫_0^length f(start + u)/S(start) (1 + u/scale)^-rate du."""
        return log_left(self, start, length, scale, rate)

    def fine_nodes(self, start: Array, length: Array, count: Purchases) -> tuple[Array, Array]:
        """As `nodes`, finer; an infinite length is cut where f has died, whatever count of purchases it carries."""
        dead = (self._edge(start) + (_DEAD + 4 * count.n) / self.s) / self.b
        length = np.minimum(length, dead)
        return self._around(start, length, count.scale, rise=count.rise(length), fineness=count.fineness)

    def staying(self, start: Array, length: Array, fall: Fall) -> Array:
        """∫_0^length fall(u) S(start + u)/S(start) du."""
        rise = np.maximum(-fall.rate / fall.scale, 0.0)
        slow = self.s * self.b - rise
        diverges = (slow <= 0) & np.isinf(length)
        dead = self._edge(start) / self.b + np.where(slow > 0, _DEAD / np.where(slow > 0, slow, 1.0), np.inf)
        length = np.where(diverges, 0.0, np.minimum(length, np.minimum(dead, fall.reach)))
        scale, far = fall.scale / (np.abs(fall.rate) + 1), None
        if np.any(rise):
            far = np.clip(length, 1e-300, fall.scale)
        u, du = self._around(start, length, scale, far=far)
        inside = (np.exp(self.log_stay(start, u)) * fall.at(u) * du).sum(axis=0)
        return np.where(diverges, np.inf, inside)

    def mean_drop_out(self, u: Array, more: int) -> Array:
        """E[η]: Gamma(s, β+e^{bu}-1) of those who stayed until u, Gamma(s+1, β+e^{bu}-1) of those who left then."""
        return np.asarray((self.s + more) * self._share(u) * np.exp(-self.b * u))

    def _share(self, start: Array) -> Array:
        """e^{bu}/(β+e^{bu}-1) at u = start: the rate of leaving as a share of its limit s b."""
        old = self.b * start
        return np.asarray(1 / (self.beta * np.exp(-old) - np.expm1(-old)))

    def _edge(self, start: Array) -> Array:
        """b u where S begins to fall as e^{-s b u}."""
        return np.asarray(np.maximum(-np.log(self._share(start)), 0.0))

    def _log_risk(self, u: Array) -> Array:
        """-log S(u)/s."""
        return log_grown(1 / np.asarray(self.beta), self.b * u)

    def _around(
        self,
        start: Array,
        length: Array,
        scale: Parameter,
        *,
        far: Parameter | None = None,
        rise: Parameter = 0.0,
        fineness: float = 1.0,
    ) -> tuple[Array, Array]:
        share = self._share(start)
        likeliest = -np.log(share * (self.s + 1))
        peak = np.where(likeliest > 1, likeliest, 0.0) / self.b
        near = np.minimum(scale, 1 / (self.b * (1 + (self.s + 1) * share)))
        return around(peak, length, near, 0.5 / np.asarray(self.b), far=far, rise=rise, fineness=fineness)


@final
@frozen
class GammaGompertzNBD(LatentAttritionModel):
    """Gamma-Gompertz/NBD (Bemmaor & Glady 2012): buying at random, leaving at a rate that changes with age.

    Parameters
    ----------
    r, alpha : float or array
        Shape and rate of the gamma distribution of purchase rates: the mean rate is r/alpha per unit of time.
    b : float or array
        How fast leaving speeds up, per unit of time, for one customer.
    s, beta : float or array
        Shape and rate of the gamma distribution of η, the propensity to leave: a customer of age u leaves at rate
        η b e^{bu}. With beta < 1 those who are left leave ever less, with beta > 1 ever more, with beta = 1 at rate
        s b always.
    unit : {"day", "week", "month", "quarter", "year"}, optional
        The unit of time of alpha and 1/b; `fit` fills it in. None: unchecked.

    Examples
    --------
    A cohort with a mean age at leaving of about half a year:

    >>> from custvalue.evidence.rfm import RFM
    >>> model = GammaGompertzNBD(r=0.55, alpha=10.6, b=0.1, s=0.6, beta=9.0)
    >>> print(model.p_alive(RFM(2, 30.43, 38.86, unit="week")).round(4))
    0.6108
    """

    r: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    alpha: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    b: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    s: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    beta: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    unit: Unit | None = field(default=None, kw_only=True, converter=optional_unit)

    card: ClassVar[Card] = Card(
        "Gamma-Gompertz/NBD",
        "gamma-gompertz-nbd",
        boundary={"NBD": "s -> 0", "ParetoNBD": "b -> 0 with beta/b fixed"},
    )
    _limits: ClassVar[Limits] = {
        "r": ("hardly anyone buys again", "all customers buy at the same rate"),
        "alpha": ("purchase rates are beyond measure", "all customers buy at the same rate"),
        "b": ("leaving does not speed up: use ParetoNBD", "customers leave at once or never"),
        "s": ("hardly anyone ever leaves: use NBD", "all customers leave alike"),
        "beta": ("leaving does not speed up: use ParetoNBD", "all customers leave alike"),
    }

    _transforms: ClassVar[Mapping[str, Transform]] = {"alpha": Log(time=1), "b": Log(time=-1)}

    @classmethod
    def _guess(cls, r: float, alpha: float, age: float, unit: Unit) -> Self:
        b = 0.1 / age
        return cls(r=r, alpha=alpha, b=b, s=0.7, beta=np.expm1(0.4 * b * age), unit=unit)

    @property
    def _engine(self) -> Attrition:
        return Attrition(GammaGompertzLifetime, self.r, self.alpha, (self.b, self.s, self.beta))

    def _leaving_in_words(self) -> tuple[tuple[str, str, str], ...]:
        return ()

    def _draw_lifetimes(self, size: tuple[int, ...], rng: np.random.Generator) -> Array:
        propensity = rng.gamma(self.s, 1 / np.asarray(self.beta), size)
        return np.log1p(rng.exponential(size=size) / np.maximum(propensity, 1e-300)) / self.b
