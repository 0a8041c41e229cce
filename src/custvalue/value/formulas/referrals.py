"""Referral value: the value of customers through those they refer."""

from __future__ import annotations

from typing import Final

import numpy as np
from attrs import frozen

from custvalue._arguments import not_negative, periods, real, share, times, together
from custvalue._typing import Array, ArrayLike
from custvalue.discounting.rate import Rate
from custvalue.discounting.timing import force_of
from custvalue.units import Unit

_TERMS: Final = 1 << 16
"""Terms computed at once, customers x generations: arrays of half a megabyte."""


@frozen(eq=False)
class ReferralValue:
    """A customer's own value, and that of all generations of customers referred.

    Attributes
    ----------
    own : array
        Value of the customer alone.
    referred : array
        Present value through all generations of customers brought in.
    customers : array
        How many these are in expectation.
    """

    own: Array
    referred: Array
    customers: Array

    @property
    def total(self) -> Array:
        """Own value and that through others."""
        return self.own + self.referred


def referral_value(
    value: ArrayLike,
    referrals: ArrayLike,
    *,
    rate: Rate,
    delay: ArrayLike,
    unit: Unit,
    decay: ArrayLike = 1.0,
    referred_value: ArrayLike | None = None,
    saved_cost: ArrayLike = 0.0,
    generations: ArrayLike | None = None,
) -> ReferralValue:
    """Value of a customer through a chain of referrals in which each generation refers less than the one before.

    The customers of generation g = 1, 2, ... number n^g decay^(g(g-1)/2): the first brings in n, each of these
    n decay, each of those n decay², and so on; they join g delays from now.

    Parameters
    ----------
    value : array_like
        What the customer is worth without referrals.
    referrals : array_like
        n: how many customers each brings in, of those who would not have come by themselves.
    rate : Rate
        Of discount.
    delay : array_like
        Periods between a customer's joining and that of those they bring in; their mean.
    unit : {"year", "quarter", "month", "week", "day"}
        The period of `delay`.
    decay : array_like
        How the number falls from one generation to the next, 0 to 1: 0 lets only the customer refer, 1 all alike.
    referred_value : array_like, optional
        What a customer brought in is worth when joining, without referrals; by default as much as this one.
    saved_cost : array_like
        Acquisition cost that each referral saves.
    generations : array_like, optional
        How many count; None (the default) counts all.

    Returns
    -------
    ReferralValue
        Infinite where every customer brings in another without end and without decay.

    Raises
    ------
    ParameterError
        `rate` is a bare number, referrals, delay or saved cost are negative, decay is outside [0, 1], or shapes do not
        fit.

    Notes
    -----
    After Kumar, Petersen & Leone (2007), "How valuable is word of mouth?", HBR 85(10), whose customer referral value
    counts the value of those who would not have joined otherwise and the acquisition cost saved (as cited, not checked
    against the paper); the chain and its decay are this library's.

    Examples
    --------
    >>> v = referral_value(100.0, 0.5, rate=Rate.annual(0.10), delay=1, unit="year")
    >>> print(v.referred.round(2), v.customers, v.total.round(2))
    83.33 1.0 183.33
    """
    own = real("value", value)
    each = own if referred_value is None else real("referred_value", referred_value)
    own, each, saved, n, lag, fall, force, last = together(
        value=own,
        referred_value=each,
        saved_cost=not_negative("saved_cost", saved_cost),
        referrals=not_negative("referrals", referrals),
        delay=not_negative("delay", delay),
        decay=share("decay", decay),
        rate=force_of(rate, unit),
        generations=periods("generations", generations, whole=True),
    )
    worth = _chain(n * np.exp(-force * lag), fall, last)
    return ReferralValue(own, times(each + saved, worth), _chain(n, fall, last))


def _chain(n: Array, decay: Array, last: Array) -> Array:
    """Σ_{g=1}^{last} n^g decay^(g(g-1)/2): geometric where nothing decays, else many generations at a time.

    Once terms fall they fall ever faster; the sum ends where the last one is a tenth of its rounding error, 1e-16.
    """
    level = decay == 1
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        forever = np.where(n < 1, n / np.where(n < 1, 1 - n, 1.0), np.inf)
        within = np.where(n == 1, last, n * np.expm1(last * np.log(n)) / np.where(n == 1, 1.0, n - 1))
        log_n, log_decay = np.log(n)[..., None], np.log(np.where(level, 1.0, decay))[..., None]
    steady = np.where(np.isinf(last), forever, np.where(n == 0, 0.0, within))
    total, done, many = np.zeros(n.shape), 0, max(16, _TERMS // max(n.size, 1))
    while True:
        g = done + np.arange(1.0, many + 1)
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            fallen = np.where(g > 1, g * (g - 1) / 2 * log_decay, 0.0)
            terms = np.where(g <= last[..., None], np.exp(g * log_n + fallen), 0.0)
            total = total + terms.sum(axis=-1)
            falls = log_n[..., 0] + g[-1] * log_decay[..., 0] < 0
        done += many
        going = ~level & (done < last) & np.isfinite(total) & ~(falls & (terms[..., -1] <= 1e-17 * total))
        if not going.any():
            return np.where(level, steady, total)
