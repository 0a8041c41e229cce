"""Variance of the value of a single customer around its mean, exact, and draws from its distribution.

A customer pays w^t at time t while there, and is still there at time n with probability e^(-μ n). What matters of a
span of time n, begun by the customer, is a handful of numbers (`_Span`); those of two spans one after the other follow
from theirs by sums of positive terms. So spans are doubled until they fill the horizon, in as many steps as it has
binary digits, and no digits are lost.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from attrs import field, frozen

from custvalue._arguments import generator, times, whole_number
from custvalue._typing import Array, ArrayLike, Bools
from custvalue.discounting.rate import Rate
from custvalue.discounting.timing import Timing, delay
from custvalue.numerics.geometric_series import Ratio, integral, total
from custvalue.units import Unit
from custvalue.value.formulas.constant_retention import assumptions

_X, _W = np.polynomial.legendre.leggauss(12)
_NODES: Final = (_X + 1) / 2
_WEIGHTS: Final = _W / 2
"""Gauss-Legendre on [0, 1], exact for polynomials of degree 23: where rates times time are at most 1/2 in size, the
exponentials of `_short_flow` have converged to the last digit."""


def constant_retention_variance(
    margin: ArrayLike,
    retention: ArrayLike,
    *,
    rate: Rate,
    timing: Timing,
    unit: Unit,
    horizon: ArrayLike | None = None,
    growth: ArrayLike = 0.0,
) -> Array:
    """Variance of the present value of one customer, of which `constant_retention_value` is the mean; exact.

    Margins are certain while the customer stays; when the customer leaves is not. With w = (1 + g)/(1 + d) and the
    mean H = 1/(1 - r w), forever and per unit of margin squared:

    - "now": r (1 - r) w² H²/(1 - r w²); "end" and "middle": the same, times (1 + d)^-2 and (1 + d)^-1;
    - "next": r (1 - r) (1 + d)^-2 H²/(1 - r w²);
    - "continuous": μ/((μ - 2θ) (μ - θ)²), μ = -log r, θ = log w.

    For a base of n like customers who leave independently, the variance of the total is n times this.

    Arguments and errors are those of `constant_retention_value`; an acquisition cost, being certain, does not matter.

    Returns
    -------
    array
        In the square of the money. Infinite where it is: forever, with r < 1 and r w² >= 1, though the mean may be
        finite.

    Notes
    -----
    Horizons are put together from shorter spans by sums of positive terms: no cancellation, at any length.

    Examples
    --------
    >>> variance = constant_retention_variance(100, 0.8, rate=Rate.annual(0.10), timing="now", unit="year")
    >>> print(np.sqrt(variance).round(2))  # of a mean of 366.67
    229.05
    """
    given = assumptions(margin, retention, rate, timing, unit, horizon, growth)
    stays, n, squared = given.retention, given.horizon, given.margin**2
    theta = np.log1p(given.growth) - given.force
    if given.timing == "continuous":
        return times(squared, _flowing(stays, theta, n))
    span = _of_payments(stays, theta, np.where(np.isinf(n), 0.0, n))
    span = _forever(stays, given.ratio, theta).where(np.isinf(n), span)
    variance = span.variance
    if given.timing == "next":  # payments begin with a renewal: of a share r of customers, its variance r (1 - r)
        begun = np.where(stays < 1, span.mean, 0.0) ** 2
        variance = times(stays, variance) + times(stays * (1 - stays), begun)
    return times(squared * delay(given.timing, given.force) ** 2, variance)


def simulate_constant_retention(
    margin: ArrayLike,
    retention: ArrayLike,
    *,
    rate: Rate,
    timing: Timing,
    unit: Unit,
    size: int,
    rng: np.random.Generator | int,
    horizon: ArrayLike | None = None,
    growth: ArrayLike = 0.0,
    acquisition_cost: ArrayLike = 0.0,
) -> Array:
    """Draw present values of single customers, whose mean is `constant_retention_value`.

    Parameters
    ----------
    margin, retention, rate, timing, unit, horizon, growth, acquisition_cost
        As there.
    size : int
        Draws of each.
    rng : numpy.random.Generator or int
        Source of randomness, or its seed.

    Returns
    -------
    array, shape (size, ...)
        The draws are the first axis.

    Raises
    ------
    ParameterError
        As for `constant_retention_value`; or size is negative.

    Examples
    --------
    >>> given = {"rate": Rate.annual(0.10), "timing": "now", "unit": "year"}
    >>> drawn = simulate_constant_retention(100, 0.8, size=10_000, rng=1, **given)
    >>> print(np.quantile(drawn, [0.05, 0.5, 0.95]).round(2))
    [100.   348.69 810.34]
    """
    count = whole_number("size", size, least=0)
    given = assumptions(margin, retention, rate, timing, unit, horizon, growth, acquisition_cost)
    staying = Ratio.of(np.ones_like(given.retention), given.growth, given.force)
    with np.errstate(divide="ignore"):
        lifetime = generator(rng).exponential(size=(count, *given.margin.shape)) / -np.log(given.retention)
    if given.timing == "continuous":
        paid = times(given.margin, integral(staying, np.minimum(lifetime, given.horizon)))
    else:
        payments = np.minimum(np.floor(lifetime) + (given.timing != "next"), given.horizon)
        paid = times(given.margin * delay(given.timing, given.force), total(staying, payments))
    return np.asarray(paid - given.acquisition_cost)


@frozen(eq=False)
class _Span:
    """Payments over a span of time, by a customer who is there at its beginning."""

    leave: Array = field()
    """μ n: minus the log of the probability of staying to the end."""
    grow: Array = field()
    """θ n: log of the growth of a payment, discounting included, over the span."""
    mean: Array = field()
    """Expected payments."""
    short: Array = field()
    """How much higher they would be, were the customer known to stay to the end."""
    variance: Array = field()
    """Of payments."""

    def then(self, later: _Span) -> _Span:
        """Payments over both spans, one after the other.

        The variance is that of the first, of the second where it is begun, and twice the covariance: who stays to
        the end of the first has paid `short` more than the mean.
        """
        leaves = -np.expm1(-self.leave)
        with np.errstate(over="ignore"):
            factor, kept = np.exp(self.grow), np.exp(self.grow - self.leave)
            spread = times(np.exp(2 * self.grow - self.leave), later.variance + leaves * later.mean**2)
            return _Span(
                leave=self.leave + later.leave,
                grow=self.grow + later.grow,
                mean=self.mean + times(kept, later.mean),
                short=self.short + times(factor, later.short + leaves * later.mean),
                variance=self.variance + spread + 2 * times(kept, times(self.short, later.mean)),
            )

    def where(self, chosen: Bools, other: _Span) -> _Span:
        """One span where chosen, the other elsewhere."""
        mine = (self.leave, self.grow, self.mean, self.short, self.variance)
        its = (other.leave, other.grow, other.mean, other.short, other.variance)
        return _Span(*(np.where(chosen, a, b) for a, b in zip(mine, its, strict=True)))


def _of_payments(stays: Array, grow: Array, n: Array) -> _Span:
    """Span of n payments, the first now; n finite and whole."""
    none = np.zeros(np.broadcast_shapes(stays.shape, grow.shape, n.shape))
    with np.errstate(divide="ignore"):
        span = _Span(none - np.log(stays), none + grow, none + 1.0, none, none)
    result = _Span(none, none, none, none, none)
    left = none + n
    while (left > 0).any():
        result = span.then(result).where(left % 2 == 1, result)
        left = np.floor(left / 2)
        span = span.then(span)
    return result


def _forever(stays: Array, ratio: Ratio, theta: Array) -> _Span:
    """Payments without end: mean and variance r (1 - r) w² H²/(1 - r w²), infinite where they are."""
    mean = total(ratio, np.asarray(np.inf))
    with np.errstate(divide="ignore", over="ignore"):
        squared = np.log(stays) + 2 * theta  # log(r w²)
        bounded = np.where(squared < 0, -np.expm1(np.minimum(squared, 0.0)), 1.0)
        spread = np.where(squared < 0, np.exp(np.minimum(squared, 0.0)) / bounded, np.inf)
        variance = times(1 - stays, np.where(stays < 1, times(spread, np.where(np.isinf(mean), 1.0, mean) ** 2), 0.0))
    none = np.zeros_like(mean)
    return _Span(none, none, mean, none, np.asarray(variance))


def _flowing(stays: Array, theta: Array, n: Array) -> Array:
    """Variance of a margin of 1 that flows; forever μ/((μ - 2θ) (μ - θ)²)."""
    with np.errstate(divide="ignore"):
        leave = -np.log(stays)
    some = np.isfinite(leave)
    mu = np.where(some, leave, 1.0)
    finite = _of_flow(mu, theta, np.where(np.isinf(n), 0.0, n)).variance
    gap = mu - 2 * theta
    safe = np.where(gap > 0, gap, 1.0)
    mean = np.where(mu > theta, 1 / np.where(mu > theta, mu - theta, 1.0), 1.0)
    forever = np.where(mu == 0, 0.0, np.where(gap > 0, mu / safe * mean**2, np.inf))
    return np.where(some, np.where(np.isinf(n), forever, finite), 0.0)


def _of_flow(leave: Array, grow: Array, n: Array) -> _Span:
    """Span of a payment of e^(θt) per period flowing over n periods; leave, grow and n finite."""
    size = np.max(np.maximum(leave, np.abs(grow)) * n, initial=0.0)
    halvings = max(0, int(np.ceil(np.log2(max(size, 1.0)))) + 1)  # rates times time at most 1/2 in each part
    span = _short_flow(leave, grow, n / 2.0**halvings)
    for _ in range(halvings):
        span = span.then(span)
    return span


def _short_flow(leave: Array, grow: Array, h: Array) -> _Span:
    """The numbers by quadrature, where the rates hardly change anything over h."""
    t = _NODES * h[..., None]
    mu, theta = leave[..., None], grow[..., None]
    weights = _WEIGHTS * h[..., None]
    net = np.exp((theta - mu) * t)
    rest = _rising((grow - leave)[..., None], h[..., None] - t)  # expected after t, had those who leave then stayed
    return _Span(
        leave=leave * h,
        grow=grow * h,
        mean=(weights * net).sum(axis=-1),
        short=-(weights * np.exp(theta * t) * np.expm1(-mu * t)).sum(axis=-1),
        variance=leave * (weights * np.exp((2 * theta - mu) * t) * rest**2).sum(axis=-1),
    )


def _rising(rate: Array, t: Array) -> Array:
    """∫_0^t e^(λs) ds."""
    safe = np.where(rate == 0, 1.0, rate)
    return np.asarray(np.where(rate == 0, t, np.expm1(safe * t) / safe))
