"""The leaky bucket: a customer base under planned acquisition, and what it takes to keep it from shrinking.

| when | what |
| --- | --- |
| start of period t | the customers left from period t - 1; then those acquired in t join |
| during period t | `active` = start + acquired; all of them pay |
| end of period t | each renews or leaves: lost; end = start + acquired - lost |

A customer acquired at the start of period s is at the first renewal at the end of s, and still there at the end of t
with probability S(t - s + 1).
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from attrs import field, frozen

from custvalue._arguments import not_negative, times
from custvalue._typing import Array, ArrayLike
from custvalue.errors import ParameterError
from custvalue.evidence.tenures import Tenures
from custvalue.models.retention.family import RetentionModel
from custvalue.value.base._flows import check_model, convolved, initial_base, initial_flows, plan_of, whole_number


@frozen(eq=False, repr=False, slots=False)
class CustomerBase:
    """A customer base over the periods ahead; leading axes are scenarios and parameter draws.

    Attributes
    ----------
    acquired : array, shape (..., periods)
        Won at the start of each period.
    lost : array
        Left at the end of each period, those won in it included.
    start, active, end : array
        Before acquisition; during the period (start + acquired); after losses (active - lost).
    initial_end : array
        Of the initial base, how many are left at the end of each period: what an open hole leaves of it.
    """

    acquired: Array = field()
    lost: Array = field()
    end: Array = field()
    initial_end: Array = field()
    _survival: Array = field(alias="survival")
    _initial: Array = field(alias="initial")
    _initial_ages: Array = field(alias="initial_ages")
    _initial_stays: Array = field(alias="initial_stays")

    @cached_property
    def start(self) -> Array:
        """Customers at the start of each period, before acquisition."""
        first = np.broadcast_to(self._initial.sum(axis=-1)[..., None], (*self.end.shape[:-1], 1))
        return np.concatenate([first, self.end[..., :-1]], axis=-1)

    @cached_property
    def active(self) -> Array:
        """Customers during each period."""
        return np.asarray(self.start + self.acquired)

    @property
    def churn(self) -> Array:
        """Share of those active in each period who leave at its end; NaN where there is nobody."""
        share = np.divide(self.lost, self.active, out=np.full(self.end.shape, np.nan), where=self.active > 0)
        return np.asarray(share)

    @property
    def by_cohort(self) -> Array:
        """Customers at the end of period t (last axis) by the period of acquisition (the axis before it); 0 before it.

        Together with `initial_end` they add up to `end`.
        """
        periods = self.end.shape[-1]
        since = np.arange(periods) - np.arange(periods)[:, None] + 1
        stays = np.where(since >= 1, self._survival[..., np.maximum(since, 0)], 0.0)
        return np.asarray(self.acquired[..., :, None] * stays)

    @property
    def by_age(self) -> Array:
        """Customers at the end of each period by whole periods of tenure, 0, 1, ... (last axis); adds up to `end`."""
        periods = self.end.shape[-1]
        ages = np.floor(self._initial_ages).astype(np.intp)
        width = periods + int(ages.max(initial=0)) + 1
        found = np.zeros((*self.end.shape, width))
        cohorts = self.by_cohort
        initial = self._initial[..., :, None] * self._initial_stays
        for t in range(periods):
            found[..., t, 1 : t + 2] = cohorts[..., t::-1, t]
            for i, age in enumerate(ages):
                found[..., t, age + t + 1] += initial[..., i, t]
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
    acquisitions: ArrayLike,
    model: RetentionModel,
    periods: int | None = None,
    *,
    initial: Tenures | ArrayLike | None = None,
) -> CustomerBase:
    """Project a customer base under planned acquisitions: who is there, who is lost, by cohort and age.

    Parameters
    ----------
    acquisitions : array_like, shape (..., periods)
        Customers to be won at the start of each period; leading axes are scenarios. A single number is the plan for
        each of `periods` periods; 0 leaves the holes open and fills nothing in.
    model : RetentionModel
        Its unit is the period. Array fields of shape (draws, 1) are parameter draws: scenarios of shape
        (scenarios, 1, periods) then give results of shape (scenarios, draws, periods).
    periods : int, optional
        Needed where acquisitions are one number.
    initial : Tenures or array_like, optional
        The base to begin with: those who still run, or numbers of customers by periods of tenure, 0, 1, 2, ...
        (shape (..., ages)). They are at their next renewal at the end of the first period.

    Raises
    ------
    ParameterError
        A number is negative or not finite, `periods` is missing or does not fit, the initial base is in another unit,
        or the model has parameters per customer.

    Examples
    --------
    >>> from custvalue.models.retention.shifted_beta_geo import ShiftedBetaGeo
    >>> base = project_customer_base(100, ShiftedBetaGeo(alpha=1.0, beta=4.0), periods=3, initial=[0, 500])
    >>> base
    CustomerBase over 3 periods: on average 500 at the start, 300 acquired, 283.69 lost, 516.31 at the end
    >>> base.by_cohort.round(1)
    array([[80. , 66.7, 57.1],
           [ 0. , 80. , 66.7],
           [ 0. ,  0. , 80. ]])
    """
    check_model(model)
    plan = plan_of(acquisitions, periods)
    count = plan.shape[-1]
    ages, counts = initial_base(initial, model)
    since = np.arange(count)
    survival = model.survival(np.arange(count + 1))
    leaving = survival[..., :-1] * model.churn_probability(since, 1.0)
    stays, leaves = initial_flows(model, ages, count)
    left = np.einsum("...a,...at->...t", counts, stays)
    lost = convolved(plan, leaving) + np.einsum("...a,...at->...t", counts, leaves)
    end = convolved(plan, survival[..., 1:]) + left
    acquired, lost, end, left = np.broadcast_arrays(plan, lost, end, left)
    return CustomerBase(
        acquired=acquired,
        lost=lost,
        end=end,
        initial_end=left,
        survival=survival,
        initial=counts,
        initial_ages=ages,
        initial_stays=stays,
    )


def steady_state(acquisitions: ArrayLike, model: RetentionModel) -> Array:
    """Size that a base comes to with constant acquisition: customers won per period x expected lifetime (Little's law).

    In discrete time it counts those active during a period, of whom those acquired in it are part; at the ends of
    periods, after losses, there are `acquisitions` fewer. In continuous time customers come evenly, and it is the size
    at any moment. Infinite where the expected lifetime is: with captive customers, or heavy tails such as that of
    `ShiftedBetaGeo` with alpha <= 1, a base grows for ever, if ever more slowly.

    Raises
    ------
    ParameterError
        Acquisitions are negative or not finite, or `model` is no retention model.

    Examples
    --------
    >>> from custvalue.models.retention.geometric import Geometric
    >>> print(steady_state(100, Geometric(0.05)).round(6))
    2000.0
    """
    check_model(model)
    return times(not_negative("acquisitions", acquisitions), model.expected_lifetime())


def replacement_acquisition(base: Tenures | ArrayLike, model: RetentionModel, periods: int = 1) -> Array:
    """Customers to be won at the start of each period so that the base is as large at its end as it is now.

    More than the losses of the base, as some of those who are won leave at the end of the same period too: in the
    first period losses / S(1). The numbers change over time: new customers leave sooner than those they replace, and
    those who stay grow loyal.

    Parameters
    ----------
    base : Tenures or array_like
        As `initial` of `project`.
    model : RetentionModel
        Its unit is the period.
    periods : int
        For how many periods ahead.

    Returns
    -------
    array, shape (..., periods)

    Raises
    ------
    ParameterError
        As `project`; or new customers stay for a period with probability 0.

    Examples
    --------
    >>> from custvalue.models.retention.geometric import Geometric
    >>> print(replacement_acquisition([1000.0], Geometric(0.05), 3).round(3))  # 50 lost, and 2.632 of the new
    [52.632 52.632 52.632]
    """
    check_model(model)
    count = whole_number("periods", periods)
    ages, counts = initial_base(base, model)
    stays, _ = initial_flows(model, ages, count)
    left = np.einsum("...a,...at->...t", counts, stays)
    survival = model.survival(np.arange(count + 1))
    if not np.all(survival[..., 1] > 0):
        raise ParameterError("nobody whom the model wins stays for a period: no number of them makes up for losses")
    shape = np.broadcast_shapes(left.shape[:-1], survival.shape[:-1])
    won = np.zeros((*shape, count))
    for t in range(count):
        earlier = (won[..., :t] * survival[..., t + 1 : 1 : -1]).sum(axis=-1)
        won[..., t] = (counts.sum(axis=-1) - left[..., t] - earlier) / survival[..., 1]
    return won


def never_churn_remainder(base: Tenures | ArrayLike, model: RetentionModel) -> Array:
    """Customers of a base who never leave, in expectation: what is left of it in the end if the holes stay open.

    0 unless the model has captive customers (`SplitPopulation`). For what is left after some periods see
    `project_customer_base(0, model, periods, initial=base).end`.

    Raises
    ------
    ParameterError
        As `project`.

    Examples
    --------
    >>> from custvalue.models.retention.geometric import Geometric
    >>> from custvalue.models.retention.split_population import SplitPopulation
    >>> print(never_churn_remainder([1000, 500], SplitPopulation(Geometric(0.2), never_churn=0.1)).round(1))
    161.0
    """
    check_model(model)
    ages, counts = initial_base(base, model)
    return np.asarray((counts * (1 - model.churn_probability(ages, np.inf))).sum(axis=-1))
