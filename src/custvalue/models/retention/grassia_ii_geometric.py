"""Grassia(II)-geometric (G2G): customers leave at renewals, at rates per period that are gamma distributed.

Fader, P. S. & Hardie, B. G. S. (2020). Incorporating time-varying covariates in a simple mixture model for
discrete-time duration data (brucehardie.com); after Grassia, A. (1977). On a family of distributions with argument
between 0 and 1 obtained by transformation of the gamma and derived compound distributions. Australian Journal of
Statistics 19(2), 108-114.

| assumption | form |
| --- | --- |
| staying through a period | with probability e^-λ |
| over customers | λ ~ Gamma(shape r, rate α) |

The trap: it is `ExponentialGamma` seen by whole periods, with the same survivor; what differs is that customers leave
at renewals only, so that lifetimes count whole periods. With r <= 1 the mean lifetime is infinite.
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
from custvalue.models.retention.time import DiscreteRetentionModel
from custvalue.units import Unit


@final
@frozen
class GrassiaIIGeometric(DiscreteRetentionModel):
    """G2G, S(t) = (α/(α+t))^r at whole t.

    Parameters
    ----------
    r : float or array
        Shape of the gamma distribution of λ: the smaller, the more customers differ.
    alpha : float or array
        Its rate, in periods.
    unit : str, optional
        The period between renewals; `fit` sets it.

    Examples
    --------
    >>> GrassiaIIGeometric(r=0.5, alpha=3).survival([0, 1, 9])
    array([1.       , 0.8660254, 0.5      ])
    """

    r: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    alpha: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    unit: Unit | None = field(default=None, kw_only=True, converter=optional_unit)

    card: ClassVar[Card] = Card("G2G", "g2g", boundary={"Geometric": "r, alpha -> infinity with r/alpha fixed"})
    _transforms: ClassVar[Mapping[str, Transform]] = {"alpha": Log(time=1)}
    _limits: ClassVar[Limits] = {
        "r": ("customers either leave soon or never", "all customers leave alike: see Geometric"),
        "alpha": ("customers either leave soon or never", "all customers leave alike: see Geometric"),
    }

    @classmethod
    def _guess(cls, tenures: Tenures) -> Self:
        return cls(1.0, 1 / leaving_rate(tenures), unit=tenures.unit)

    def _log_stay(self, tenure: Array, ahead: Array) -> Array:
        return gamma_mixture.log_stay(self.r, self.alpha, tenure, ahead)

    def _log_stay_slopes(self, tenure: Array, ahead: Array) -> Array:
        return gamma_mixture.log_stay_slopes(self.r, self.alpha, tenure, ahead)

    @property
    def _fall(self) -> tuple[Parameter, Parameter]:
        return 0.0, self.r

    def _draw_lifetimes(self, since: Array, rng: np.random.Generator) -> Array:
        rate = rng.gamma(self.r, 1 / (self.alpha + since))
        return since + np.maximum(np.ceil(rng.exponential(size=since.shape) / rate), 1.0)
