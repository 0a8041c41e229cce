"""Split population: a share of the customers never leaves (the cure fraction), the others follow a retention model.

Schmidt, P. & Witte, A. D. (1989). Predicting criminal recidivism using "split population" survival time models.
Journal of Econometrics 40(1), 141-159. The "never triers" of Fader & Hardie's tutorial "Applied probability models in
marketing research" (2001) are the same for a first purchase: they never leave the state of not having bought.

| assumption | form |
| --- | --- |
| a customer never leaves | with probability π |
| the others | follow the leavers' model |
| whether a customer never leaves | is not observed |

The trap: where some never churn the mean lifetime is infinite, and a customer who may never churn is worth more with
every renewal. A share that "never" leaves is a claim on decades after the last observation; a heavy tail fits the same
data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self, final

import numpy as np
from attrs import Attribute, evolve, field, frozen

from custvalue._typing import Array, ArrayLike, Parameter
from custvalue.errors import ParameterError
from custvalue.evidence.tenures import Tenures
from custvalue.inference.transform import Logit, Transform
from custvalue.models.model import Card, Limits, as_parameter, same_parameter, share
from custvalue.models.retention.family import RetentionModel, hazard
from custvalue.models.retention.time import ContinuousRetentionModel
from custvalue.units import Unit


def _leaving(_model: object, _attribute: Attribute[Any], value: object) -> None:
    if not isinstance(value, RetentionModel) or isinstance(value, SplitPopulation):
        raise ParameterError(f"leavers must be a retention model such as ShiftedBetaGeo(...); got {value!r}")


@final
@frozen
class SplitPopulation(RetentionModel):
    """A share π that never churns (the cure fraction), S(t) = π + (1 - π) S_leavers(t).

    Parameters
    ----------
    leavers : RetentionModel
        The model of those who leave some day; its unit of time is this model's.
    never_churn : float or array
        π, the share of customers who never leave, between 0 and 1.

    Examples
    --------
    >>> from custvalue.models.retention.exponential import Exponential
    >>> model = SplitPopulation(Exponential(lam=0.0664), never_churn=0.9154)  # Fader & Hardie's Kiwi Bubbles
    >>> model.survival([0, 24, 1000]).round(4)
    array([1.    , 0.9326, 0.9154])
    >>> model.parameters
    {'lam': 0.0664, 'never_churn': 0.9154}
    """

    leavers: RetentionModel = field(validator=_leaving)
    never_churn: Parameter = field(converter=as_parameter, validator=share, eq=same_parameter)

    card: ClassVar[Card] = Card("Split population", "split")
    _transforms: ClassVar[Mapping[str, Transform]] = {"never_churn": Logit()}
    _limits: ClassVar[Limits] = {
        "never_churn": ("everybody churns some day: use the leavers' model", "nobody ever churns")
    }

    @property
    def unit(self) -> Unit | None:  # type: ignore[override]
        """The leavers' unit of time."""
        return self.leavers.unit

    @classmethod
    def _guess(cls, tenures: Tenures, *, leavers: type[RetentionModel] | None = None) -> Self:
        """Half of those still there never churn; the leavers' starting values are those for the others."""
        if not (isinstance(leavers, type) and issubclass(leavers, RetentionModel)) or leavers is SplitPopulation:
            raise ParameterError(
                f"leavers must be the class of a retention model, such as ShiftedBetaGeo; got {leavers!r}"
            )
        still = float(tenures.weights[~tenures.ended].sum() / tenures.weights.sum())
        halved = evolve(tenures, weights=np.where(tenures.ended, tenures.weights, tenures.weights / 2))
        return cls(leavers.problem(halved).first, min(max(still / 2, 0.01), 0.99))

    def _log_stay(self, tenure: Array, ahead: Array) -> Array:
        """log(never churn + leavers S(tenure + ahead)/S(tenure)), both shares of those who have stayed for `tenure`."""
        odds, stay = self._odds(tenure), self.leavers._log_stay(tenure, ahead)
        leaver, never_churn = -np.logaddexp(0.0, -odds), -np.logaddexp(0.0, odds)
        near = np.log1p(np.exp(leaver) * np.expm1(np.maximum(stay, -0.5)))  # few leave: 1 - leavers (1 - S ratio)
        return np.where(stay > -0.5, near, np.logaddexp(never_churn, leaver + stay))

    def _log_stay_slopes(self, tenure: Array, ahead: Array) -> Array:
        # With N = π + (1 - π) S at both times: d log(N1/N0)/dπ = (S0 - S1)/(N0 N1), without subtraction.
        zero, stay = np.zeros(()), self.leavers._log_stay(tenure, ahead)
        before = self.leavers._log_stay(zero, tenure)
        now, then = self._log_all(before), self._log_all(before + stay)
        gone = before - now - then + np.log(np.maximum(-np.expm1(stay), 1e-300))
        remaining, share = np.exp(self._log_leaver(tenure + ahead)), np.asarray(self.never_churn)
        slopes = self.leavers._log_stay_slopes
        leavers = remaining * slopes(tenure, ahead) - np.exp(gone) * share * (1 - share) * slopes(zero, tenure)
        return np.concatenate([leavers, np.exp(gone)[None]])

    def hazard(self, t: ArrayLike) -> Array:
        """h(t), those who never churn included; ParameterError where the leavers leave at renewals only."""
        return hazard(self, t)

    def _log_hazard(self, t: Array) -> Array:
        return self._log_leaver(t) + self._moving._log_hazard(t)

    def _log_hazard_slopes(self, t: Array) -> Array:
        zero = np.zeros(())
        never_churn = np.exp(-np.logaddexp(0.0, self._odds(t)))
        leavers = self._moving._log_hazard_slopes(t) + never_churn * self.leavers._log_stay_slopes(zero, t)
        all_stay = self._log_all(self.leavers._log_stay(zero, t))
        in_share = -np.exp(-np.log1p(-np.asarray(self.never_churn)) - all_stay)
        return np.concatenate([leavers, (in_share + 0 * t)[None]])

    @property
    def _moving(self) -> ContinuousRetentionModel:
        if not isinstance(self.leavers, ContinuousRetentionModel):
            raise ParameterError(
                f"{type(self.leavers).__name__} customers leave at renewals and have no hazard rate; "
                "churn_probability(tenure, within=1) is their probability to leave at the next"
            )
        return self.leavers

    @property
    def _fall(self) -> tuple[Parameter, Parameter]:
        return 0.0, 0.0

    @property
    def _by_period(self) -> bool:
        return self.leavers._by_period

    def _draw_lifetimes(self, since: Array, rng: np.random.Generator) -> Array:
        leaver = np.log(1 - rng.random(since.shape)) <= self._log_leaver(since)
        return np.where(leaver, self.leavers._draw_lifetimes(since, rng), np.inf)

    def _odds(self, t: Array) -> Array:
        """Log-odds that a customer who has stayed until t will leave some day."""
        never_churn = np.asarray(self.never_churn)
        return np.asarray(np.log1p(-never_churn) - np.log(never_churn) + self.leavers._log_stay(np.zeros(()), t))

    def _log_leaver(self, t: Array) -> Array:
        """log P(will leave some day | has stayed until t)."""
        return np.asarray(-np.logaddexp(0.0, -self._odds(t)))

    def _log_all(self, log_survivor: Array) -> Array:
        """log(π + (1 - π) S), S of the leavers."""
        never_churn = np.asarray(self.never_churn)
        return np.asarray(np.logaddexp(np.log(never_churn), np.log1p(-never_churn) + log_survivor))
