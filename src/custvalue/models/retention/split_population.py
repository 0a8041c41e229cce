"""Split population: a share of the customers never leaves, the others follow any model of retention.

Schmidt, P. & Witte, A. D. (1989). Predicting criminal recidivism using "split population" survival time models.
Journal of Econometrics 40(1), 141-159. Seen from the other side, the "never triers" of Fader & Hardie's tutorial
"Applied probability models in marketing research" (2001): who never buys never leaves the state of not having bought.

| assumption | form |
| --- | --- |
| a customer never leaves | with probability π |
| the others | leave as the model of the leavers says |
| whether a customer never churns | is not seen |

The trap: where some never churn the mean lifetime is infinite, and a customer who may never churn is worth more with
every renewal. A share that "never" leaves is a claim on decades after the last observation; a heavy tail fits the same
data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self, final

import numpy as np
from attrs import Attribute, evolve, field, frozen

from custvalue._typing import Array, ArrayLike, Parameter
from custvalue.errors import ParameterError
from custvalue.evidence.tenures import Tenures
from custvalue.inference.transform import Logit, Transform
from custvalue.models.model import Card, Limits, as_parameter, same_parameter, share
from custvalue.models.retention.family import Due, RetentionModel
from custvalue.models.retention.time import ContinuousRetentionModel, hazard, log_rows, log_rows_slopes
from custvalue.units import Unit


@frozen(eq=False)
class Mixture:
    """A share `never_churn` that never leaves; leavers with their log S(tenure + ahead)/S(tenure) and its slopes."""

    stay: Callable[[Array, Array], Array]
    slopes: Callable[[Array, Array], Array]
    never_churn: Parameter

    def log_leaver(self, t: Array) -> Array:
        """log P(will churn | has stayed until t)."""
        return np.asarray(-np.logaddexp(0.0, -self._odds(t)))

    def log_stay(self, tenure: Array, ahead: Array) -> Array:
        """Log of the share that never churns plus leavers' times S(tenure + ahead)/S(tenure), shares at `tenure`."""
        odds, stay = self._odds(tenure), self.stay(tenure, ahead)
        leaver, never_churn = -np.logaddexp(0.0, -odds), -np.logaddexp(0.0, odds)
        near = np.log1p(np.exp(leaver) * np.expm1(np.maximum(stay, -0.5)))
        return np.where(stay > -0.5, near, np.logaddexp(never_churn, leaver + stay))

    def log_stay_slopes(self, tenure: Array, ahead: Array) -> Array:
        """Derivatives in the leavers' parameters, and in `never_churn`."""
        zero, stay = np.zeros(()), self.stay(tenure, ahead)
        before = self.stay(zero, tenure)
        now, then = self._log_all(before), self._log_all(before + stay)
        gone = before - now - then + np.log(np.maximum(-np.expm1(stay), 1e-300))  # log (S0 - S1)/(N0 N1)
        remaining = np.exp(self.log_leaver(tenure + ahead))
        shift = -np.exp(gone) * np.asarray(self.never_churn) * (1 - np.asarray(self.never_churn))
        leavers = remaining * self.slopes(tenure, ahead) + shift * self.slopes(zero, tenure)
        return np.concatenate([leavers, np.exp(gone)[None]])

    def log_leaver_slopes(self, t: Array, hazard: Array) -> Array:
        """Derivatives of `log_leaver` plus the leavers' log hazard, whose own slopes are given."""
        zero = np.zeros(())
        never_churn = np.exp(-np.logaddexp(0.0, self._odds(t)))
        in_share = -np.exp(-np.log1p(-np.asarray(self.never_churn)) - self._log_all(self.stay(zero, t)))
        return np.concatenate([hazard + never_churn * self.slopes(zero, t), (in_share + 0 * t)[None]])

    def _odds(self, t: Array) -> Array:
        """log of the odds that who has stayed until t is a leaver."""
        never_churn = np.asarray(self.never_churn)
        return np.asarray(np.log1p(-never_churn) - np.log(never_churn) + self.stay(np.zeros(()), t))

    def _log_all(self, log_survivor: Array) -> Array:
        """log(π + (1 - π) S)."""
        never_churn = np.asarray(self.never_churn)
        return np.asarray(np.logaddexp(np.log(never_churn), np.log1p(-never_churn) + log_survivor))


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
        The model of those who leave in the end; its unit of time is this model's.
    never_churn : float or array
        π, the share of customers who never leave, between 0 and 1.

    Examples
    --------
    >>> from custvalue.models.retention.exponential import Exponential
    >>> model = SplitPopulation(Exponential(lam=0.0664), never_churn=0.9154)  # Fader & Hardie: never triers
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
        "never_churn": ("everybody churns some day: see the leavers' model", "nobody ever churns")
    }

    @property
    def unit(self) -> Unit | None:  # type: ignore[override]
        """The leavers' unit of time."""
        return self.leavers.unit

    @classmethod
    def _guess(cls, tenures: Tenures, *, leavers: type[RetentionModel] | None = None) -> Self:
        """A start: half of those who still run never churn, and the leavers' own start for the others."""
        if not (isinstance(leavers, type) and issubclass(leavers, RetentionModel)) or leavers is SplitPopulation:
            raise ParameterError(
                f"leavers must be the class of a retention model, such as ShiftedBetaGeo; got {leavers!r}"
            )
        still = float(tenures.weights[~tenures.ended].sum() / tenures.weights.sum())
        halved = evolve(tenures, weights=np.where(tenures.ended, tenures.weights, tenures.weights / 2))
        return cls(leavers.problem(halved).first, min(max(still / 2, 0.01), 0.99))

    @property
    def _mixture(self) -> Mixture:
        return Mixture(self.leavers._log_stay, self.leavers._log_stay_slopes, self.never_churn)

    def _log_stay(self, tenure: Array, ahead: Array) -> Array:
        return self._mixture.log_stay(tenure, ahead)

    def _log_stay_slopes(self, tenure: Array, ahead: Array) -> Array:
        return self._mixture.log_stay_slopes(tenure, ahead)

    def hazard(self, t: ArrayLike) -> Array:
        """h(t), those who never churn included; ParameterError where the leavers leave at renewals only."""
        return hazard(self, t)

    def _log_hazard(self, t: Array) -> Array:
        return self._mixture.log_leaver(t) + self._moving._log_hazard(t)

    def _log_hazard_slopes(self, t: Array) -> Array:
        return self._mixture.log_leaver_slopes(t, self._moving._log_hazard_slopes(t))

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

    def _moment(self, name: str, value: ArrayLike | Tenures, *, endless: bool = False) -> Array:
        return self.leavers._moment(name, value, endless=endless)

    def _payments(self, timing: Due) -> Due:
        return self.leavers._payments(timing)

    def _check(self, tenures: Tenures) -> None:
        self.leavers._check(tenures)

    def _log_rows(self, rows: tuple[Array, ...], *, by_period: bool) -> Array:
        return log_rows(self, rows, exact=not (by_period or self._by_period))

    def _log_rows_slopes(self, rows: tuple[Array, ...], *, by_period: bool) -> Array:
        return log_rows_slopes(self, rows, exact=not (by_period or self._by_period))

    def _draw_lifetimes(self, since: Array, rng: np.random.Generator) -> Array:
        leaver = np.log(1 - rng.random(since.shape)) <= self._mixture.log_leaver(since)
        return np.where(leaver, self.leavers._draw_lifetimes(since, rng), np.inf)
