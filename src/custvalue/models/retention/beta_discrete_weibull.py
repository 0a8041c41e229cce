"""Beta-discrete-Weibull (BdW): shifted-beta-geometric, but each customer's own churn rises or falls with tenure.

Fader, P. S., Hardie, B. G. S., Liu, Y., Davin, J. & Steenburgh, T. (2018). "How to project customer retention"
revisited: the role of duration dependence. Journal of Interactive Marketing 43, 1-16.

| assumption | form |
| --- | --- |
| staying for t renewals | with probability (1-θ)^(t^c), discrete Weibull |
| over customers | θ ~ Beta(α, β) |
| over time | churn rises with tenure where c > 1, falls where c < 1; c = 1 is sBG |

The trap: c and the heterogeneity of θ explain the same curve at first; a few periods hardly identify both.
"""

from __future__ import annotations

from typing import ClassVar, Final, Self, final

import numpy as np
from attrs import field, frozen

from custvalue._typing import Array, Parameter
from custvalue.evidence.tenures import Tenures
from custvalue.models.model import Card, Limits, as_parameter, optional_unit, positive, same_parameter
from custvalue.models.retention.shifted_beta_geo import ShiftedBetaGeo
from custvalue.models.retention.time import DiscreteRetentionModel
from custvalue.numerics.special import beta_ratio_slopes, log_beta_ratio, log_time, powers
from custvalue.units import Unit

_HUGE: Final = 230.0
"""From t^c = e^230 = 1e100 on, α and β are nothing beside it: S falls as t^(-αc) to the last bit."""


@final
@frozen
class BetaDiscreteWeibull(DiscreteRetentionModel):
    """BdW, S(t) = B(α, β+t^c)/B(α, β).

    Parameters
    ----------
    alpha, beta : float or array
        Shapes of the beta distribution of θ, the probability to leave at the first renewal.
    c : float or array
        Duration dependence: 1 for none.
    unit : str, optional
        The period between renewals; `fit` sets it.

    Examples
    --------
    >>> BetaDiscreteWeibull(alpha=0.26, beta=1.72, c=1.58).retention_rate([1, 2, 3]).round(3)
    array([0.869, 0.854, 0.883])
    """

    alpha: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    beta: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    c: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    unit: Unit | None = field(default=None, kw_only=True, converter=optional_unit)

    card: ClassVar[Card] = Card("BdW", "bdw", interior={"ShiftedBetaGeo": "c = 1"})
    _limits: ClassVar[Limits] = {
        "alpha": ("customers either leave soon or never", "all customers leave alike"),
        "beta": ("customers either leave at the first renewal or never", "all customers leave alike"),
        "c": ("who stays for one period stays forever", "nobody leaves before some tenure, and everybody there"),
    }

    @classmethod
    def _guess(cls, tenures: Tenures) -> Self:
        alike = ShiftedBetaGeo.problem(tenures).first
        return cls(alike.alpha, alike.beta, 1.0, unit=tenures.unit)

    def _log_stay(self, tenure: Array, ahead: Array) -> Array:
        ever = np.isinf(ahead)
        start, more = powers(tenure, np.where(ever, 0.0, ahead), self.c, most=_HUGE)
        near = -log_beta_ratio(self.alpha, self.beta + start, more)
        far = self.c * log_time(tenure) > _HUGE
        beyond = self.c * log_time(tenure + np.where(ever, 0.0, ahead)) - _HUGE  # B falls on as a power of t^c
        near = near - self.alpha * np.where(far, 0.0, np.maximum(beyond, 0.0))
        pure = -self.alpha * self.c * np.log1p(ahead / np.where(far, tenure, 1.0))  # B(α, y) falls as y^-α
        return np.where(ever, -np.inf, np.where(far, pure, near))

    def _log_stay_slopes(self, tenure: Array, ahead: Array) -> Array:
        start, more = powers(tenure, ahead, self.c, most=_HUGE)
        in_alpha, in_beta, in_more = beta_ratio_slopes(self.alpha, self.beta + start, more)
        grown = start * log_time(tenure)
        in_c = in_beta * grown + in_more * ((start + more) * log_time(tenure + ahead) - grown)
        return -np.stack(np.broadcast_arrays(in_alpha, in_beta, in_c))

    @property
    def _fall(self) -> tuple[Parameter, Parameter]:
        return 0.0, np.asarray(self.alpha) * np.asarray(self.c)

    def _draw_lifetimes(self, since: Array, rng: np.random.Generator) -> Array:
        spent = since**self.c
        theta = rng.beta(self.alpha, self.beta + spent)
        ends = (spent + rng.exponential(size=since.shape) / -np.log1p(-theta)) ** (1 / np.asarray(self.c))
        return np.maximum(np.ceil(ends), since + 1)
