"""Lifetime value from assumptions alone: a margin, a retention rate, a discount rate - and when payments are made.

The same assumptions give values a third apart, depending on when the first payment is made and who makes it (P. S.
Fader and B. G. S. Hardie, "Reconciling and clarifying CLV formulas", technical note 024, 2012). So `timing` has no
default anywhere in this module.

| timing | payment k = 0, 1, 2, ... is made | by a customer who | m = 100, r = .8, d = .1 |
| --- | --- | --- | --- |
| "now" | at the beginning of period k + 1 | is still there | 366.67 |
| "next" | at the end of period k + 1 | renews then | 266.67 |
| "end" | at the end of period k + 1 | began that period | 333.33 |
| "middle" | in the middle of period k + 1 | began that period | 349.60 |
| "continuous" | all the time, at a rate of m per period | is still there, leaving at any time | 314.02 |
"""

from __future__ import annotations

import numpy as np
from attrs import field, frozen

from custvalue._arguments import growth_rate, periods, real, share, times, together
from custvalue._typing import Array, ArrayLike
from custvalue.discounting.rate import Rate
from custvalue.discounting.timing import Timing, as_timing, delay, force_of
from custvalue.errors import ParameterError
from custvalue.numerics.geometric_series import Ratio, integral, total
from custvalue.units import Unit


@frozen(eq=False)
class Assumptions:
    """The assumptions of a value at constant retention, checked and of one shape."""

    timing: Timing = field()
    margin: Array = field()
    retention: Array = field()
    growth: Array = field()
    force: Array = field()
    """Force of interest per period."""
    horizon: Array = field()
    acquisition_cost: Array = field()

    @property
    def ratio(self) -> Ratio:
        """Of each payment to the one before: r (1 + g)/(1 + d)."""
        return Ratio.of(self.retention, self.growth, self.force)

    def gross(self) -> Array:
        """The value before the cost of acquisition."""
        if self.timing == "continuous":
            return times(self.margin, integral(self.ratio, self.horizon))
        first = delay(self.timing, self.force) * (self.retention if self.timing == "next" else 1.0)
        return times(self.margin, times(first, total(self.ratio, self.horizon)))


def assumptions(
    margin: ArrayLike,
    retention: ArrayLike,
    rate: Rate,
    timing: Timing,
    unit: Unit,
    horizon: ArrayLike | None = None,
    growth: ArrayLike = 0.0,
    acquisition_cost: ArrayLike = 0.0,
) -> Assumptions:
    """Check the arguments of `constant_retention_value`, which these are."""
    paid = as_timing(timing)
    columns = together(
        margin=real("margin", margin),
        retention=share("retention", retention),
        growth=growth_rate(growth),
        rate=force_of(rate, unit),
        horizon=periods("horizon", horizon, whole=paid != "continuous"),
        acquisition_cost=real("acquisition_cost", acquisition_cost),
    )
    return Assumptions(paid, *columns)


def constant_retention_value(
    margin: ArrayLike,
    retention: ArrayLike,
    *,
    rate: Rate,
    timing: Timing,
    unit: Unit,
    horizon: ArrayLike | None = None,
    growth: ArrayLike = 0.0,
    acquisition_cost: ArrayLike = 0.0,
) -> Array:
    """Expected present value of a customer who pays a margin each period and stays with the same probability.

    With the margin m, retention r, growth g, effective rate d per period, and q = r (1 + g)/(1 + d), the value of n
    payments is

    - timing="now": m (1 + q + ... + q^(n-1)), forever m (1 + d)/(1 + d - r (1 + g)): the first payment is made now;
    - timing="next": r/(1 + d) times that, forever m r/(1 + d - r (1 + g)): after one period, if the customer renews;
    - timing="end": 1/(1 + d) times it, forever m/(1 + d - r (1 + g)): at the end of each period begun;
    - timing="middle": (1 + d)^(-1/2) times it: in the middle of each period begun;
    - timing="continuous": m ∫_0^n q^t dt, forever m/-log q: paid all the time, customers leave at any time.

    All arguments broadcast.

    Parameters
    ----------
    margin : array_like
        The first payment, per period; costs to serve are already taken off. At time 0, where continuous.
    retention : array_like
        Probability of staying from one period to the next, 0 to 1.
    rate : Rate
        Of discount; an array of rates broadcasts.
    timing : {"now", "next", "end", "middle", "continuous"}
        When payments are made.
    unit : {"year", "quarter", "month", "week", "day"}
        The period of margin, retention, growth and horizon.
    horizon : array_like, optional
        Number of payments, each with its probability of being made: whole, except for "continuous", where it is a time
        in periods. None (the default) is forever.
    growth : array_like
        Of the margin per period: each payment is 1 + growth times the one before.
    acquisition_cost : array_like
        Paid now, taken off.

    Returns
    -------
    array
        Infinite where the sum is: forever, with r (1 + g) >= 1 + d.

    Raises
    ------
    ParameterError
        `rate` is a bare number, the timing is not one of the five, retention is outside [0, 1], growth is -1 or less,
        the horizon is negative or not whole, something is not finite, or the shapes do not fit.

    Notes
    -----
    Accurate to a few units in the last place for r → 1, d → 0 and r (1 + g) = 1 + d; where growth or a negative rate
    nearly offsets the rest, to as many digits as the rate itself decides.

    Examples
    --------
    >>> given = {"rate": Rate.annual(0.10), "unit": "year"}
    >>> for timing in ("now", "next", "end", "middle", "continuous"):
    ...     print(timing, constant_retention_value(100, 0.8, timing=timing, **given).round(2))
    now 366.67
    next 266.67
    end 333.33
    middle 349.6
    continuous 314.02
    >>> constant_retention_value(100, [0.7, 0.8, 0.9], timing="now", horizon=5, acquisition_cost=200, **given).round(2)
    array([ 46.3 ,  92.06, 148.34])
    """
    given = assumptions(margin, retention, rate, timing, unit, horizon, growth, acquisition_cost)
    return np.asarray(given.gross() - given.acquisition_cost)


def margin_multiple(
    retention: ArrayLike,
    *,
    rate: Rate,
    timing: Timing,
    unit: Unit,
    horizon: ArrayLike | None = None,
    growth: ArrayLike = 0.0,
) -> Array:
    """Value of a customer in margins of one period: `constant_retention_value` of a margin of 1.

    Gupta and Lehmann's margin multiple r/(1 + i - r) is timing="next"; with growth it is r/(1 + i - r (1 + g)).
    Arguments and errors are those of `constant_retention_value`.

    References
    ----------
    S. Gupta and D. R. Lehmann, "Customers as assets", Journal of Interactive Marketing 17(1), 2003; Managing Customers
    as Investments, 2005 (as cited; the tables were not checked against the paper).

    Examples
    --------
    >>> margin_multiple([0.6, 0.7, 0.8, 0.9], rate=Rate.annual([[0.10], [0.12]]), timing="next", unit="year").round(2)
    array([[1.2 , 1.75, 2.67, 4.5 ],
           [1.15, 1.67, 2.5 , 4.09]])
    """
    return constant_retention_value(1.0, retention, rate=rate, timing=timing, unit=unit, horizon=horizon, growth=growth)


def retention_path_value(
    margins: ArrayLike,
    retentions: ArrayLike,
    *,
    rate: Rate,
    timing: Timing,
    unit: Unit,
    acquisition_cost: ArrayLike = 0.0,
) -> Array:
    """Expected present value of a customer whose margin and retention change from period to period.

    Dwyer's lost-for-good customer (F. R. Dwyer, 1989): who leaves does not come back. Period j = 0, 1, ... is begun
    with probability S_j = r_0 r_1 ... r_(j-1), and its margin m_j counts

    - timing="now": with S_j, at time j;
    - timing="next": with S_(j+1), at time j + 1;
    - timing="end": with S_j, at time j + 1;
    - timing="middle": with S_j, at time j + 1/2;
    - timing="continuous": evenly over the period, by customers leaving at a constant rate within it.

    Parameters
    ----------
    margins : array_like, shape (..., n)
        Margin of each period, the last axis.
    retentions : array_like, shape (..., n) or (..., n - 1), or a number
        Probability of staying from each period to the next. The last period's matters only for "next" and
        "continuous", and may be left out elsewhere.
    rate : Rate
        Of discount; an array of rates broadcasts with the leading axes.
    timing : {"now", "next", "end", "middle", "continuous"}
        When payments are made.
    unit : {"year", "quarter", "month", "week", "day"}
        The period of margins and retentions.
    acquisition_cost : array_like
        Paid now, taken off; broadcasts with the leading axes.

    Returns
    -------
    array, shape (...)
        The sum over the periods given.

    Raises
    ------
    ParameterError
        As for `constant_retention_value`; or margins and retentions do not belong to the same periods.

    Examples
    --------
    >>> given = {"rate": Rate.annual(0.10), "timing": "now", "unit": "year"}
    >>> path = retention_path_value([100, 110, 120], [0.6, 0.8], **given)
    >>> print(path.round(4))  # 100 + 110 x .6/1.1 + 120 x .6 x .8/1.21
    207.6033
    """
    paid = as_timing(timing)
    amounts = np.atleast_1d(real("margins", margins))
    stays = _per_period(share("retentions", retentions), amounts.shape[-1], paid)
    begun = np.cumprod(np.concatenate([np.ones((*stays.shape[:-1], 1)), stays[..., :-1]], axis=-1), axis=-1)
    due = force_of(rate, unit)
    cost, *_ = together(
        acquisition_cost=real("acquisition_cost", acquisition_cost),
        margins=np.zeros(amounts.shape[:-1]),
        retentions=np.zeros(stays.shape[:-1]),
        rate=due,
    )
    force = due[..., None]
    within = integral(Ratio.of(stays, np.zeros(()), force), np.ones(())) if paid == "continuous" else delay(paid, force)
    discount = np.exp(-force * np.arange(amounts.shape[-1])) * within
    with np.errstate(over="ignore"):
        values = (amounts * (begun * stays if paid == "next" else begun) * discount).sum(axis=-1)
    return np.asarray(values - cost)


def _per_period(stays: Array, n: int, paid: Timing) -> Array:
    """Retention of each of n periods; the last is not used, and may be missing, where payments do not depend on it."""
    needed = paid in ("next", "continuous")
    if stays.ndim == 0:
        return np.full(n, stays)
    if stays.shape[-1] == n:
        return stays
    if stays.shape[-1] == n - 1 and not needed:
        return np.concatenate([stays, np.ones((*stays.shape[:-1], 1))], axis=-1)
    wanted = f"{n}" if needed else f"{n} or {n - 1}"
    raise ParameterError(
        f"retentions must have one rate per period of margins ({wanted} with timing={paid!r}) on the last axis; "
        f"got shape {stays.shape}. retentions[j] leads from period j to period j + 1."
    )
