"""The leaky bucket: a customer base under planned acquisition, and what it takes to keep it from shrinking.

| when | what |
| --- | --- |
| start of period t | the customers left from period t - 1; then those acquired in t join |
| during period t | `active` = start + acquired; all of them pay |
| end of period t | each renews or leaves: lost; end = start + acquired - lost |

A customer acquired at the start of period s is at the first renewal at the end of s, and still there at the end of t
with probability S(t - s + 1). With joining="end", as companies count subscribers, those acquired in s join at its end:
`active` = start, and a customer is there at the end of t with probability S(t - s).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Final, Literal, TypeAlias

import numpy as np
from attrs import field, frozen

from custvalue._arguments import not_negative, one_of, times, whole_number
from custvalue._typing import Array, ArrayLike, Ints
from custvalue.errors import ParameterError
from custvalue.evidence.tenures import Tenures
from custvalue.inference.fit import Fit
from custvalue.models.model import known_unit
from custvalue.models.retention.family import RetentionModel

Joining: TypeAlias = Literal["start", "end"]
"""When in a period the customers acquired in it join."""
_AGE_AT_END: Final[dict[Joining, int]] = {"start": 1, "end": 0}
"""Periods that customers have stayed at the end of the one in which they were acquired."""


@frozen(eq=False)
class _Initial:
    """The initial base: customers by age, and the probability to leave at each renewal ahead."""

    ages: Array
    counts: Array
    """Shape (..., ages)."""
    lost: Array
    """At each distinct tenure ahead, given that it is reached."""
    index: Ints
    """Which of these, by age and period."""

    @classmethod
    def of(cls, initial: Tenures | ArrayLike | None, model: RetentionModel, periods: int) -> _Initial:
        """The initial base of a projection over `periods` periods."""
        ages, counts = _initial_base(initial, model)
        tenure = ages[:, None] + np.arange(periods)
        each, index = np.unique(tenure.ravel(), return_inverse=True)
        return cls(ages, counts, model.churn_probability(each, 1.0), index.reshape(tenure.shape))

    def flows(self) -> Iterator[tuple[Array, Array]]:
        """Period by period, by age: customers there at its end, and those who leave then.

        One period at a time, as arrays of draws x ages x periods would fill the memory.
        """
        left = self.counts
        for index in self.index.T:
            lost = self.lost[..., index]
            left, gone = left * (1 - lost), left * lost
            yield left, gone

    def totals(self) -> tuple[Array, Array]:
        """Customers there at the end of each period, and those who leave then, of all ages."""
        sums = [[each.sum(axis=-1) for each in flow] for flow in self.flows()]
        left, gone = (np.stack(each, axis=-1) for each in zip(*sums, strict=True))
        return left, gone


@frozen(eq=False, repr=False, slots=False)
class CustomerBase:
    """A customer base over the periods ahead; leading axes are scenarios and parameter draws.

    Attributes
    ----------
    acquired : array, shape (..., periods)
        In each period; they join at its start, or at its end where so projected.
    lost : array
        Left at the end of each period, those who joined at its start included.
    start, active, end : array
        At the start of the period, before acquisition; during it; at its end, when some have left and all have joined.
    initial_end : array
        Of the initial base, how many are left at the end of each period: the base without acquisition.
    joining : {"start", "end"}
        When those acquired join.
    """

    acquired: Array = field()
    lost: Array = field()
    end: Array = field()
    initial_end: Array = field()
    joining: Joining = field()
    _survival: Array = field(alias="survival")
    _initial: _Initial = field(alias="initial")

    @cached_property
    def start(self) -> Array:
        """Customers at the start of each period, before acquisition."""
        first = np.broadcast_to(self._initial.counts.sum(axis=-1)[..., None], (*self.end.shape[:-1], 1))
        return np.concatenate([first, self.end[..., :-1]], axis=-1)

    @cached_property
    def active(self) -> Array:
        """Customers during each period."""
        return np.asarray(self.start + self.acquired) if self.joining == "start" else self.start

    @property
    def churn(self) -> Array:
        """Share of those active in each period who leave at its end; NaN where there is nobody."""
        share = np.divide(self.lost, self.active, out=np.full(self.end.shape, np.nan), where=self.active > 0)
        return np.asarray(share)

    @property
    def acquired_end(self) -> Array:
        """Of all acquired so far, how many are left at the end of each period; adds up to `end` with `initial_end`."""
        first = _AGE_AT_END[self.joining]
        return convolved(self.acquired, self._survival[..., first : self.acquired.shape[-1] + first])

    @property
    def by_cohort(self) -> Array:
        """Customers at the end of period t (last axis) by the period of acquisition (the axis before it); 0 before it.

        Together with `initial_end` they add up to `end`.
        """
        periods = np.arange(self.end.shape[-1])
        since = periods - periods[:, None]
        stays = np.where(since >= 0, self._survival[..., np.maximum(since, 0) + _AGE_AT_END[self.joining]], 0.0)
        return np.asarray(self.acquired[..., :, None] * stays)

    @property
    def by_age(self) -> Array:
        """Customers at the end of each period by whole periods of tenure, 0, 1, ... (last axis); adds up to `end`."""
        periods, first = self.end.shape[-1], _AGE_AT_END[self.joining]
        ages = np.floor(self._initial.ages).astype(np.intp)
        width = periods + int(ages.max(initial=0)) + 1
        found = np.zeros((*self.end.shape, width))
        cohorts = self.by_cohort
        for t, (initial, _) in enumerate(self._initial.flows()):
            found[..., t, first : t + first + 1] = cohorts[..., t::-1, t]
            for i, age in enumerate(ages):
                found[..., t, age + t + 1] += initial[..., i]
        return found

    def __repr__(self) -> str:
        periods = self.end.shape[-1]
        scenarios = f" in {self.end[..., 0].size} scenarios" if self.end.ndim > 1 else ""
        return (
            f"CustomerBase over {periods} periods{scenarios}: on average {self.start[..., 0].mean():,.6g} at the "
            f"start, {self.acquired.sum(-1).mean():,.6g} acquired, {self.lost.sum(-1).mean():,.6g} lost, "
            f"{self.end[..., -1].mean():,.6g} at the end"
        )


def project_customer_base(
    model: RetentionModel,
    acquired: ArrayLike,
    *,
    horizon: int | None = None,
    base: Tenures | ArrayLike | None = None,
    joining: Joining = "start",
) -> CustomerBase:
    """Project a customer base under planned acquisition: customers there and lost, by cohort and age.

    Parameters
    ----------
    model : RetentionModel
        Its unit is the period. Array fields of shape (draws, 1) are parameter draws: scenarios of shape
        (scenarios, 1, periods) then give results of shape (scenarios, draws, periods).
    acquired : array_like, shape (..., periods)
        Customers to be acquired in each period; leading axes are scenarios. A single number is the plan for each of
        `horizon` periods; 0 is a base without acquisition.
    horizon : int, optional
        Periods ahead; needed where `acquired` is one number.
    base : Tenures or array_like, optional
        The base to begin with: tenures that still run, or numbers of customers by periods of tenure, 0, 1, 2, ...
        (shape (..., ages)). They are at their next renewal at the end of the first period.
    joining : {"start", "end"}
        When in a period those acquired in it join, as the table above says: at its start (the default), so that some
        leave at the end of the same period; or at its end, as companies' counts of subscribers take it.

    Raises
    ------
    ParameterError
        A number is negative or not finite, the horizon is missing or does not fit, the base is in another unit,
        or the model has parameters per customer.

    Examples
    --------
    >>> from custvalue.models.retention.shifted_beta_geo import ShiftedBetaGeo
    >>> base = project_customer_base(ShiftedBetaGeo(alpha=1.0, beta=4.0), 100, horizon=3, base=[0, 500])
    >>> base
    CustomerBase over 3 periods: on average 500 at the start, 300 acquired, 283.69 lost, 516.31 at the end
    >>> base.by_cohort.round(1)
    array([[80. , 66.7, 57.1],
           [ 0. , 80. , 66.7],
           [ 0. ,  0. , 80. ]])
    """
    check_model(model)
    first = _AGE_AT_END[one_of("joining", joining, _AGE_AT_END)]
    plan = _plan(acquired, horizon)
    count = plan.shape[-1]
    held = _Initial.of(base, model, count)
    survival = model.survival(np.arange(count + 1))
    leaving = survival[..., :-1] * model.churn_probability(np.arange(count), 1.0)
    if joining == "end":  # nobody leaves in the period of acquisition
        leaving = np.concatenate([np.zeros_like(leaving[..., :1]), leaving[..., :-1]], axis=-1)
    left, gone = held.totals()
    lost = convolved(plan, leaving) + gone
    end = convolved(plan, survival[..., first : count + first]) + left
    plan, lost, end, left = np.broadcast_arrays(plan, lost, end, left)
    return CustomerBase(plan, lost, end, left, joining, survival=survival, initial=held)


def steady_state(model: RetentionModel, acquired: ArrayLike) -> Array:
    """Size that a base comes to with constant acquisition: acquired per period x expected lifetime (Little's law).

    In discrete time this is the `active` of a projection whose customers join at the start of periods, and the `end` of
    one whose customers join at the end. In continuous time customers come evenly, and it is the size at any moment.
    Infinite where the expected lifetime is: where some never leave, or with heavy tails such as that of
    `ShiftedBetaGeo` with alpha <= 1, a base grows for ever, if ever more slowly.

    Raises
    ------
    ParameterError
        `acquired` is negative or not finite, or `model` is no retention model.

    Examples
    --------
    >>> from custvalue.models.retention.geometric import Geometric
    >>> print(steady_state(Geometric(0.05), 100).round(6))
    2000.0
    """
    check_model(model)
    return times(not_negative("acquired", acquired), model.expected_lifetime())


def replacement_acquisition(model: RetentionModel, base: Tenures | ArrayLike, *, horizon: int = 1) -> Array:
    """Customers to be acquired at the start of each period so that the base is as large at its end as it is now.

    More than the losses of the base, as some of those acquired leave at the end of the same period too: in the first
    period losses / S(1). The numbers change over time: new customers leave sooner than those they replace, and those
    who stay have stayed for longer.

    Parameters
    ----------
    model : RetentionModel
        Its unit is the period.
    base : Tenures or array_like
        As in `project_customer_base`.
    horizon : int
        Periods ahead.

    Returns
    -------
    array, shape (..., periods)

    Raises
    ------
    ParameterError
        As `project_customer_base`; or new customers stay for a period with probability 0.

    Examples
    --------
    >>> from custvalue.models.retention.geometric import Geometric
    >>> print(replacement_acquisition(Geometric(0.05), [1000.0], horizon=3).round(3))  # 50 lost, and 2.632 of the new
    [52.632 52.632 52.632]
    """
    check_model(model)
    count = whole_number("horizon", horizon)
    held = _Initial.of(base, model, count)
    left, _ = held.totals()
    survival = model.survival(np.arange(count + 1))
    if not np.all(survival[..., 1] > 0):
        raise ParameterError("model must let new customers stay for a period: no number of these makes up for losses")
    won = np.zeros((*np.broadcast_shapes(left.shape[:-1], survival.shape[:-1]), count))
    for t in range(count):
        earlier = (won[..., :t] * survival[..., t + 1 : 1 : -1]).sum(axis=-1)
        won[..., t] = (held.counts.sum(axis=-1) - left[..., t] - earlier) / survival[..., 1]
    return won


def never_churn_remainder(model: RetentionModel, base: Tenures | ArrayLike) -> Array:
    """Expected number of customers of a base who never leave: what is left of it in the end if nobody is acquired.

    0 unless the model has a cure fraction (`SplitPopulation`). For what is left after some periods see
    `project_customer_base(model, 0, horizon=n, base=base).end`.

    Arguments and errors are those of `project_customer_base`.

    Examples
    --------
    >>> from custvalue.models.retention.geometric import Geometric
    >>> from custvalue.models.retention.split_population import SplitPopulation
    >>> print(never_churn_remainder(SplitPopulation(Geometric(0.2), never_churn=0.1), [1000, 500]).round(1))
    161.0
    """
    check_model(model)
    ages, counts = _initial_base(base, model)
    return np.asarray((counts * (1 - model.churn_probability(ages, np.inf))).sum(axis=-1))


def check_retention_model(model: object) -> RetentionModel:
    """The model; ParameterError unless it is a retention model."""
    if isinstance(model, RetentionModel):
        return model
    hint = "; give its model, fit.model" if isinstance(model, Fit) else ""
    if isinstance(model, (int, float)):
        hint = "; for one churn rate per period write Geometric(theta=0.05), say"
    raise ParameterError(f"model must be a RetentionModel, not a {type(model).__name__}{hint}")


def check_model(model: object) -> None:
    """Raise ParameterError unless this is a retention model whose parameters are numbers or draws."""
    known = check_retention_model(model).parameters
    if any(np.ndim(value) and np.shape(value)[-1] != 1 for value in known.values()):
        raise ParameterError(
            "model must have parameters that are numbers, or draws of shape (draws, 1), not one per customer: "
            "customers still to come have none of their own"
        )


def convolved(plan: Array, kernel: Array) -> Array:
    """Σ_{s <= t} plan_s kernel_{t-s} along the last axis; the other axes broadcast."""
    periods = plan.shape[-1]
    found = np.zeros((*np.broadcast_shapes(plan.shape[:-1], kernel.shape[:-1]), periods))
    for lag in range(periods):
        found[..., lag:] += plan[..., : periods - lag] * kernel[..., lag, None]
    return found


def _plan(acquired: ArrayLike, horizon: int | None) -> Array:
    """Customers acquired per period along the last axis."""
    plan = not_negative("acquired", acquired)
    if plan.ndim == 0:
        if horizon is None:
            raise ParameterError("acquired is one number for each period: give the number of periods, as horizon=12")
        return np.full(whole_number("horizon", horizon), float(plan))
    if not plan.shape[-1]:
        raise ParameterError("acquired must be for at least one period")
    if horizon is not None and plan.shape[-1] != whole_number("horizon", horizon):
        raise ParameterError(f"acquired is for {plan.shape[-1]} periods, and horizon={horizon}; leave it out")
    return plan


def _initial_base(initial: Tenures | ArrayLike | None, model: RetentionModel) -> tuple[Array, Array]:
    """Ages, and how many customers there are of each: shape (..., ages)."""
    if initial is None:
        return np.zeros(0), np.zeros(0)
    if not isinstance(initial, Tenures):
        counts = np.atleast_1d(not_negative("base", initial))
        return np.arange(counts.shape[-1], dtype=np.float64), counts
    known_unit(model, initial.unit)
    running = ~initial.ended
    ages, index = np.unique(initial.duration[running], return_inverse=True)
    return ages, np.bincount(index, initial.weights[running], len(ages)).astype(np.float64)
