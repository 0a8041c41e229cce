"""Geometric churn: every customer leaves at each renewal with the same probability. The benchmark, and its trap.

The retention model of textbook lifetime value, as in Berger, P. D. & Nasr, N. I. (1998). Customer lifetime value:
marketing models and applications. Journal of Interactive Marketing 12(1), 17-30.

| assumption | form |
| --- | --- |
| leaving at a renewal | with probability θ |
| over customers | θ is the same for all |
| over time | θ does not change |

The trap: customers differ. The observed retention rate then rises with tenure, and one rate for all undervalues those
who have stayed (Fader & Hardie 2010); compare with `ShiftedBetaGeo`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self, final

import numpy as np
from attrs import field, frozen

from custvalue._typing import Array, Parameter
from custvalue.evidence.tenures import Tenures
from custvalue.inference.transform import Logit, Transform
from custvalue.models.model import Card, Limits, as_parameter, optional_unit, same_parameter, share
from custvalue.models.retention.family import leaving_rate
from custvalue.models.retention.time import DiscreteRetentionModel
from custvalue.units import Unit


@final
@frozen
class Geometric(DiscreteRetentionModel):
    """Constant churn, S(t) = (1 - θ)^t.

    Parameters
    ----------
    theta : float or array
        θ, the probability to leave at each renewal, between 0 and 1.
    unit : str, optional
        The period between renewals; `fit` sets it.

    Examples
    --------
    >>> from custvalue import Rate
    >>> model = Geometric(theta=0.2)
    >>> model.expected_lifetime()
    array(5.)
    >>> model.discounted_expected_residual_lifetime([0, 3], Rate.annual(0.1), timing="next").round(4)  # r / (1 + d - r)
    array([2.6667, 2.6667])
    """

    theta: Parameter = field(converter=as_parameter, validator=share, eq=same_parameter)
    unit: Unit | None = field(default=None, kw_only=True, converter=optional_unit)

    card: ClassVar[Card] = Card("Geometric", "geometric")
    _transforms: ClassVar[Mapping[str, Transform]] = {"theta": Logit()}
    _limits: ClassVar[Limits] = {"theta": ("nobody leaves", "everybody leaves at the first renewal")}

    @classmethod
    def _guess(cls, tenures: Tenures) -> Self:
        return cls(float(np.clip(leaving_rate(tenures), 0.001, 0.999)), unit=tenures.unit)

    def _log_stay(self, tenure: Array, ahead: Array) -> Array:
        return np.asarray(np.log1p(-np.asarray(self.theta)) * (ahead + 0 * tenure), dtype=np.float64)

    def _log_stay_slopes(self, tenure: Array, ahead: Array) -> Array:
        return np.stack([-(ahead + 0 * tenure) / (1 - np.asarray(self.theta))])

    @property
    def _fall(self) -> tuple[Parameter, Parameter]:
        return np.asarray(-np.log1p(-np.asarray(self.theta))), 0.0

    def _draw_lifetimes(self, since: Array, rng: np.random.Generator) -> Array:
        waits = rng.exponential(size=since.shape) / -np.log1p(-np.asarray(self.theta))
        return np.asarray(since + np.maximum(np.ceil(waits), 1.0))
