"""Weibull lifetimes: all customers leave alike, at a rate that rises or falls with tenure.

Weibull, W. (1951). A statistical distribution function of wide applicability. Journal of Applied Mechanics 18, 293-297.

| assumption | form |
| --- | --- |
| leaving | at any time, at the rate λ c t^(c-1) |
| over customers | λ is the same for all |
| over time | the rate rises where c > 1, falls where c < 1; c = 1 is `Exponential` |

The trap: λ is per unit of time to the power of c, so that it does not compare between values of c; the time λ^(-1/c),
by which 63 % have left, does. (Other packages call that time λ, and c k or ρ.)
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
from custvalue.models.retention.family import leaving_rate
from custvalue.models.retention.time import ContinuousRetentionModel
from custvalue.numerics.special import end_of, growth_slope, log_growth, log_time
from custvalue.units import Unit


@final
@frozen
class Weibull(ContinuousRetentionModel):
    """Weibull, S(t) = e^{-λ t^c}: the Weibull-gamma model's customers, were they all alike.

    Parameters
    ----------
    lam : float or array
        λ, per unit of time to the power of c.
    c : float or array
        Duration dependence: 1 for none.
    unit : str, optional
        The unit of time; `fit` sets it.

    Examples
    --------
    >>> Weibull(lam=0.04, c=2).survival([0, 5]).round(4)
    array([1.    , 0.3679])
    """

    lam: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    c: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    unit: Unit | None = field(default=None, kw_only=True, converter=optional_unit)

    card: ClassVar[Card] = Card("Weibull", "weibull", interior={"Exponential": "c = 1"})
    _transforms: ClassVar[Mapping[str, Transform]] = {"lam": Power("c", time=-1)}
    _limits: ClassVar[Limits] = {
        "lam": ("nobody leaves", "everybody leaves at once"),
        "c": ("customers either leave at once or never", "everybody leaves at the same tenure"),
    }

    @classmethod
    def _guess(cls, tenures: Tenures) -> Self:
        return cls(leaving_rate(tenures), 1.0, unit=tenures.unit)

    def _log_stay(self, tenure: Array, ahead: Array) -> Array:
        with np.errstate(over="ignore"):
            return -np.exp(np.log(self.lam) + log_growth(tenure, ahead, self.c))

    def _log_stay_slopes(self, tenure: Array, ahead: Array) -> Array:
        growth = np.exp(np.minimum(log_growth(tenure, ahead, self.c), 600.0))
        return -np.stack(np.broadcast_arrays(growth, self.lam * growth * growth_slope(tenure, ahead, self.c)))

    def _log_hazard(self, t: Array) -> Array:
        return np.asarray(np.log(self.lam) + np.log(self.c) + (self.c - 1) * log_time(t))

    def _log_hazard_slopes(self, t: Array) -> Array:
        return np.stack(np.broadcast_arrays(1 / np.asarray(self.lam), 1 / np.asarray(self.c) + log_time(t)))

    @property
    def _fall(self) -> tuple[Parameter, Parameter]:
        c = np.asarray(self.c)
        return np.select([c < 1, c > 1], [0.0, np.inf], self.lam), np.where(c < 1, np.inf, 0.0)

    def _draw_lifetimes(self, since: Array, rng: np.random.Generator) -> Array:
        return end_of(since**self.c, rng.exponential(size=since.shape) / self.lam, self.c, since)
