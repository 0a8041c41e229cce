"""Exponential-gamma (EG): customers leave at any time, each at a rate of their own. Pareto of the second kind.

Morrison, D. G. & Schmittlein, D. C. (1980). Jobs, strikes, and wars: probability models for duration. Organizational
Behavior and Human Performance 25(2), 224-251; Hardie, B. G. S., Fader, P. S. & Wisniewski, M. (1998). An empirical
comparison of new product trial forecasting models. Journal of Forecasting 17, 209-229.

| assumption | form |
| --- | --- |
| leaving | at any time, at rate λ |
| over customers | λ ~ Gamma(shape r, rate α) |
| over time | λ does not change |

The trap: the hazard r/(α+t) falls with tenure, although no customer grows more loyal. With r <= 1 the mean lifetime is
infinite.
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
from custvalue.models.retention import gamma_mixture
from custvalue.models.retention.family import leaving_rate
from custvalue.models.retention.time import ContinuousRetentionModel
from custvalue.numerics.special import end_of
from custvalue.units import Unit


@final
@frozen
class ExponentialGamma(ContinuousRetentionModel):
    """EG, S(t) = (α/(α+t))^r.

    Parameters
    ----------
    r : float or array
        Shape of the gamma distribution of λ: the smaller, the more customers differ.
    alpha : float or array
        Its rate, in units of time.
    unit : str, optional
        The unit of time; `fit` sets it.

    Examples
    --------
    >>> model = ExponentialGamma(r=2, alpha=10)
    >>> model.expected_residual_lifetime(tenure=[0, 10])
    array([10., 20.])
    >>> model.hazard([1, 10]).round(3)
    array([0.182, 0.1  ])
    """

    r: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    alpha: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    unit: Unit | None = field(default=None, kw_only=True, converter=optional_unit)

    card: ClassVar[Card] = Card("EG", "eg", boundary={"Exponential": "r, alpha -> infinity with r/alpha fixed"})
    _transforms: ClassVar[Mapping[str, Transform]] = {"alpha": Log(time=1)}
    _limits: ClassVar[Limits] = {
        "r": ("customers either leave soon or never", "all customers leave alike: see Exponential"),
        "alpha": ("customers either leave soon or never", "all customers leave alike: see Exponential"),
    }

    @classmethod
    def _guess(cls, tenures: Tenures) -> Self:
        return cls(1.0, 1 / leaving_rate(tenures), unit=tenures.unit)

    def _log_stay(self, tenure: Array, ahead: Array) -> Array:
        return gamma_mixture.log_stay(self.r, self.alpha, tenure, ahead)

    def _log_stay_slopes(self, tenure: Array, ahead: Array) -> Array:
        return gamma_mixture.log_stay_slopes(self.r, self.alpha, tenure, ahead)

    def _log_hazard(self, t: Array) -> Array:
        return np.asarray(np.log(self.r) - np.log(self.alpha + t))

    def _log_hazard_slopes(self, t: Array) -> Array:
        return np.stack(np.broadcast_arrays(1 / np.asarray(self.r), -1 / (self.alpha + t)))

    @property
    def _fall(self) -> tuple[Parameter, Parameter]:
        return 0.0, self.r

    def _draw_lifetimes(self, since: Array, rng: np.random.Generator) -> Array:
        rate = rng.gamma(self.r, 1 / (self.alpha + since))
        return end_of(since, rng.exponential(size=since.shape) / rate, 1.0, since)
