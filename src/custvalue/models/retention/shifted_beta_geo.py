"""Shifted-beta-geometric (sBG): each customer leaves at each renewal with a probability of their own.

Fader, P. S. & Hardie, B. G. S. (2007). How to project customer retention. Journal of Interactive Marketing 21(1),
76-90; (2010) Customer-base valuation in a contractual setting: the perils of ignoring heterogeneity. Marketing Science
29(1), 85-93.

| assumption | form |
| --- | --- |
| leaving at a renewal | with probability θ, which does not change |
| over customers | θ ~ Beta(α, β) |

The trap: the retention rate (β+t-1)/(α+β+t-1) rises with tenure, although no customer grows more loyal: those likely
to leave have left. With α <= 1 the mean lifetime is infinite.
"""

from __future__ import annotations

from typing import ClassVar, Self, final

import numpy as np
from attrs import field, frozen

from custvalue._typing import Array, Parameter
from custvalue.evidence.tenures import Tenures
from custvalue.models.model import Card, Limits, as_parameter, optional_unit, positive, same_parameter
from custvalue.models.retention.family import leaving_rate
from custvalue.models.retention.time import DiscreteRetentionModel
from custvalue.numerics.special import beta_ratio_slopes, log_beta_ratio
from custvalue.units import Unit


@final
@frozen
class ShiftedBetaGeo(DiscreteRetentionModel):
    """Shifted beta-geometric (sBG): S(t) = B(α, β+t)/B(α, β).

    Parameters
    ----------
    alpha, beta : float or array
        Shapes of the beta distribution of θ, the probability to leave at a renewal; its mean α/(α+β) is the share
        that leaves at the first.
    unit : str, optional
        The period between renewals; `fit` sets it.

    Examples
    --------
    The "High End" customers of Fader & Hardie (2007):

    >>> from custvalue import Rate
    >>> model = ShiftedBetaGeo(alpha=0.668, beta=3.806)
    >>> model.survival([1, 4, 7]).round(3)
    array([0.851, 0.61 , 0.489])
    >>> model.discounted_expected_residual_lifetime([7], Rate.annual(0.1), timing="now").round(2)
    array([7.53])
    """

    alpha: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    beta: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    unit: Unit | None = field(default=None, kw_only=True, converter=optional_unit)

    card: ClassVar[Card] = Card("sBG", "sbg", boundary={"Geometric": "alpha, beta -> infinity with alpha/beta fixed"})
    _limits: ClassVar[Limits] = {
        "alpha": ("customers either leave at the first renewal or never", "all customers leave alike: see Geometric"),
        "beta": ("customers either leave at the first renewal or never", "all customers leave alike: see Geometric"),
    }

    @classmethod
    def _guess(cls, tenures: Tenures) -> Self:
        leave = float(np.clip(leaving_rate(tenures), 1e-4, 0.99))
        return cls(1.0, (1 - leave) / leave, unit=tenures.unit)

    def _log_stay(self, tenure: Array, ahead: Array) -> Array:
        ever = np.isinf(ahead)
        return np.where(ever, -np.inf, -log_beta_ratio(self.alpha, self.beta + tenure, np.where(ever, 0.0, ahead)))

    def _log_stay_slopes(self, tenure: Array, ahead: Array) -> Array:
        in_alpha, in_beta, _ = beta_ratio_slopes(self.alpha, self.beta + tenure, ahead)
        return -np.stack(np.broadcast_arrays(in_alpha, in_beta))

    @property
    def _fall(self) -> tuple[Parameter, Parameter]:
        return 0.0, self.alpha

    def _draw_lifetimes(self, since: Array, rng: np.random.Generator) -> Array:
        theta = rng.beta(self.alpha, self.beta + since)
        waits = rng.exponential(size=since.shape) / -np.log1p(-theta)
        return since + np.maximum(np.ceil(waits), 1.0)
