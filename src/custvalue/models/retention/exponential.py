"""Exponential lifetimes: every customer leaves at the same rate at any time. The benchmark in continuous time.

The first timing model of Fader, P. S. & Hardie, B. G. S. (2001), "Applied probability models in marketing research", a
tutorial (brucehardie.com).

| assumption | form |
| --- | --- |
| leaving | at any time, at rate λ |
| over customers | λ is the same for all |
| over time | λ does not change |

The trap: customers differ, and those likely to leave have left; compare with `ExponentialGamma`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self, final

import numpy as np
from attrs import field, frozen

from custvalue._typing import Array, Parameter
from custvalue.evidence.tenures import Tenures
from custvalue.inference.transform import Log, Transform
from custvalue.models.model import Card, Limits, as_parameter, optional_unit, positive, same_parameter
from custvalue.models.retention.family import leaving_rate
from custvalue.models.retention.time import ContinuousRetentionModel
from custvalue.units import Unit


@final
@frozen
class Exponential(ContinuousRetentionModel):
    """A constant hazard, S(t) = e^{-λt}.

    Parameters
    ----------
    lam : float or array
        λ, the rate at which customers leave, per unit of time; the mean lifetime is 1/λ.
    unit : str, optional
        The unit of time; `fit` sets it.

    Examples
    --------
    >>> Exponential(lam=0.25).expected_residual_lifetime(tenure=[0, 10])
    array([4., 4.])
    """

    lam: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    unit: Unit | None = field(default=None, kw_only=True, converter=optional_unit)

    card: ClassVar[Card] = Card("Exponential", "exponential")
    _transforms: ClassVar[Mapping[str, Transform]] = {"lam": Log(time=-1)}
    _limits: ClassVar[Limits] = {"lam": ("nobody leaves", "everybody leaves at once")}

    @classmethod
    def _guess(cls, tenures: Tenures) -> Self:
        return cls(leaving_rate(tenures), unit=tenures.unit)

    def _log_stay(self, tenure: Array, ahead: Array) -> Array:
        return np.asarray(-self.lam * (ahead + 0 * tenure))

    def _log_stay_slopes(self, tenure: Array, ahead: Array) -> Array:
        return np.stack([-(ahead + 0 * tenure)])

    def _log_hazard(self, t: Array) -> Array:
        return np.asarray(np.log(self.lam) + 0 * t)

    def _log_hazard_slopes(self, t: Array) -> Array:
        return np.stack([1 / self.lam + 0 * t])

    @property
    def _fall(self) -> tuple[Parameter, Parameter]:
        return self.lam, 0.0

    def _draw_lifetimes(self, since: Array, rng: np.random.Generator) -> Array:
        return np.maximum(since + rng.exponential(size=since.shape) / self.lam, np.nextafter(since, np.inf))
