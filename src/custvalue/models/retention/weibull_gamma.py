"""Weibull-gamma (WG): exponential-gamma, but each customer's own rate of leaving rises or falls with tenure.

Morrison, D. G. & Schmittlein, D. C. (1980). Jobs, strikes, and wars: probability models for duration. Organizational
Behavior and Human Performance 25(2), 224-251; as the retention model of McCarthy, D. M., Fader, P. S. & Hardie, B. G.
S. (2017). Valuing subscription-based businesses using publicly disclosed customer data. Journal of Marketing 81(1),
17-35. Also known as Burr's type XII.

| assumption | form |
| --- | --- |
| leaving | at any time, at the rate λ c t^(c-1) |
| over customers | λ ~ Gamma(shape r, rate α) |
| over time | the rate rises where c > 1, falls where c < 1; c = 1 is `ExponentialGamma` |

The trap: α is in units of time to the power of c, so that it does not compare between values of c; α^(1/c) does. With
rc <= 1 the mean lifetime is infinite.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self, final

import numpy as np
from attrs import field, frozen

from custvalue._typing import Array, Parameter
from custvalue.evidence.tenures import Tenures
from custvalue.inference.transform import Power, Transform
from custvalue.models.model import Card, Limits, as_parameter, optional_unit, positive, same_parameter
from custvalue.models.retention import gamma_mixture
from custvalue.models.retention.family import leaving_rate
from custvalue.models.retention.time import ContinuousRetentionModel
from custvalue.numerics.special import end_of, log_time
from custvalue.units import Unit


@final
@frozen
class WeibullGamma(ContinuousRetentionModel):
    """WG, S(t) = (α/(α+t^c))^r.

    Parameters
    ----------
    r : float or array
        Shape of the gamma distribution of λ: the smaller, the more customers differ.
    alpha : float or array
        Its rate, in units of time to the power of c.
    c : float or array
        Duration dependence: 1 for none.
    unit : str, optional
        The unit of time; `fit` sets it.

    Notes
    -----
    Undiscounted expectations to infinity are exact to 1e-12 for c >= 0.05; below, so heavy a tail extends beyond
    the largest float.

    Examples
    --------
    >>> WeibullGamma(r=1, alpha=9, c=2).survival([0, 3, 9])
    array([1. , 0.5, 0.1])
    """

    r: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    alpha: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    c: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    unit: Unit | None = field(default=None, kw_only=True, converter=optional_unit)

    card: ClassVar[Card] = Card(
        "WG",
        "wg",
        boundary={"Weibull": "r, alpha -> infinity with r/alpha fixed"},
        interior={"ExponentialGamma": "c = 1"},
    )
    _transforms: ClassVar[Mapping[str, Transform]] = {"alpha": Power("c", time=1)}
    _limits: ClassVar[Limits] = {
        "r": ("customers either leave soon or never", "all customers leave alike: see Weibull"),
        "alpha": ("customers either leave soon or never", "all customers leave alike: see Weibull"),
        "c": ("customers either leave at once or never", "everybody leaves at the same tenure"),
    }

    @classmethod
    def _guess(cls, tenures: Tenures) -> Self:
        return cls(1.0, 1 / leaving_rate(tenures), 1.0, unit=tenures.unit)

    def _log_stay(self, tenure: Array, ahead: Array) -> Array:
        return gamma_mixture.log_stay_power(self.r, self.alpha, self.c, tenure, ahead)

    def _log_stay_slopes(self, tenure: Array, ahead: Array) -> Array:
        return gamma_mixture.log_stay_power_slopes(self.r, self.alpha, self.c, tenure, ahead)

    def _log_hazard(self, t: Array) -> Array:
        rising = np.log(self.r) + np.log(self.c) + (self.c - 1) * log_time(t)
        return np.asarray(rising - gamma_mixture.log_now(self.alpha, self.c, t))

    def _log_hazard_slopes(self, t: Array) -> Array:
        now = gamma_mixture.log_now(self.alpha, self.c, t)
        rest = np.exp(np.log(self.alpha) - now)  # α/(α + t^c)
        in_c = 1 / np.asarray(self.c) + log_time(t) * rest
        return np.stack(np.broadcast_arrays(1 / np.asarray(self.r), -np.exp(-now), in_c))

    @property
    def _fall(self) -> tuple[Parameter, Parameter]:
        return 0.0, np.asarray(self.r) * np.asarray(self.c)

    def _draw_lifetimes(self, since: Array, rng: np.random.Generator) -> Array:
        spent = since**self.c
        rate = rng.gamma(self.r, 1 / (self.alpha + spent))
        return end_of(spent, rng.exponential(size=since.shape) / rate, self.c, since)
