"""Not only the mean: how far the value of a single customer strays from it, exactly, and draws of it."""

from __future__ import annotations

from typing import Final

import numpy as np
from attrs import field, frozen

from custvalue._arguments import growth_rate, periods, real, share, times, together
from custvalue._typing import Array, ArrayLike, Bools
from custvalue.discounting.rate import Rate
from custvalue.discounting.timing import Timing, as_timing, delay, force_of
from custvalue.errors import ParameterError
from custvalue.numerics.geometric_series import Ratio, integral, total
from custvalue.units import Unit

# Mean and variance of the payments of a customer who leaves at random, put together from shorter spans.
#
# A customer pays w^t at time t while there, and is still there at time n with the chance e^(-μ n). What matters of a span
# of length n, begun by the customer, is four numbers; those of two spans one after the other follow by sums of positive
# terms, so that any horizon takes as many steps as its number has digits, and no digits are lost.

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)
NODES: Final = (_NODES + 1) / 2
WEIGHTS: Final = _WEIGHTS / 2


@frozen(eq=False)
class Span:
    """Payments over a span of time, by a customer who is there at its beginning."""

    leave: Array = field()
    """μ n: minus the log of the chance of staying to the end."""
    grow: Array = field()
    """θ n: log of the growth of a payment, discounting included, over the span."""
    mean: Array = field()
    """Expected payments."""
    short: Array = field()
    """By how much they would be more, were the customer known to stay to the end."""
    variance: Array = field()
    """Of payments."""

    def then(self, later: Span) -> Span:
        """Payments over both spans, one after the other."""
        leaves = -np.expm1(-self.leave)
        with np.errstate(over="ignore"):
            factor, kept = np.exp(self.grow), np.exp(self.grow - self.leave)
            spread = times(np.exp(2 * self.grow - self.leave), later.variance + leaves * later.mean**2)
            return Span(
                leave=self.leave + later.leave,
                grow=self.grow + later.grow,
                mean=self.mean + times(kept, later.mean),
                short=self.short + times(factor, later.short + leaves * later.mean),
                variance=self.variance + spread + 2 * times(kept, times(self.short, later.mean)),
            )

    def where(self, chosen: Bools, other: Span) -> Span:
        """One span where chosen, the other elsewhere."""
        mine = (self.leave, self.grow, self.mean, self.short, self.variance)
        its = (other.leave, other.grow, other.mean, other.short, other.variance)
        return Span(*(np.where(chosen, a, b) for a, b in zip(mine, its, strict=True)))


def of_payments(stays: Array, grow: Array, n: Array) -> Span:
    """Span of n payments, the first now; n finite and whole."""
    none = np.zeros(np.broadcast_shapes(stays.shape, grow.shape, n.shape))
    with np.errstate(divide="ignore"):
        span = Span(none - np.log(stays), none + grow, none + 1.0, none, none)
    result = Span(none, none, none, none, none)
    left = none + n
    while (left > 0).any():
        result = span.then(result).where(left % 2 == 1, result)
        left = np.floor(left / 2)
        span = span.then(span)
    return result


def of_flow(leave: Array, grow: Array, n: Array) -> Span:
    """Span of a payment of e^(θt) per period flowing over n periods; leave, grow and n finite."""
    size = np.max(np.maximum(leave, np.abs(grow)) * n, initial=0.0)
    halvings = max(0, int(np.ceil(np.log2(max(size, 1.0)))) + 1)
    h = n / 2.0**halvings
    span = _short_flow(leave, grow, h)
    for _ in range(halvings):
        span = span.then(span)
    return span


def _short_flow(leave: Array, grow: Array, h: Array) -> Span:
    """The four numbers by quadrature, where the rates hardly change anything over h."""
    t = NODES * h[..., None]
    mu, theta = leave[..., None], grow[..., None]
    weights = WEIGHTS * h[..., None]
    net = np.exp((theta - mu) * t)
    rest = _rising((grow - leave)[..., None], h[..., None] - t)
    return Span(
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


def constant_retention_variance(
    margin: ArrayLike,
    retention: ArrayLike,
    rate: Rate,
    *,
    timing: Timing,
    horizon: ArrayLike | None = None,
    growth: ArrayLike = 0.0,
    unit: Unit = "year",
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
    >>> variance = constant_retention_variance(100, 0.8, Rate.annual(0.10), timing="now")
    >>> print(np.sqrt(variance).round(2))  # of a mean of 366.67
    229.05
    """
    paid = as_timing(timing)
    amount, stays, grows, force, n = together(
        margin=real("margin", margin),
        retention=share("retention", retention),
        growth=growth_rate(growth),
        rate=force_of(rate, unit),
        horizon=periods("horizon", horizon, whole=paid != "continuous"),
    )
    theta = np.log1p(grows) - force
    if paid == "continuous":
        return times(amount**2, _flowing(stays, theta, n))
    finite = of_payments(stays, theta, np.where(np.isinf(n), 0.0, n))
    span = _forever(stays, Ratio.of(stays, grows, force), theta).where(np.isinf(n), finite)
    return times(amount**2 * delay(paid, force) ** 2, _renewed(stays, span) if paid == "next" else span.variance)


def _renewed(stays: Array, span: Span) -> Array:
    """Variance of payments that begin only if the customer renews."""
    at_renewal = times(stays * (1 - stays), np.where(stays < 1, span.mean, 0.0) ** 2)
    return np.asarray(times(stays, span.variance) + at_renewal)


def _forever(stays: Array, ratio: Ratio, theta: Array) -> Span:
    """Payments without end: mean and variance, infinite where they are."""
    mean = total(ratio, np.asarray(np.inf))
    with np.errstate(divide="ignore", over="ignore"):
        squared = np.log(stays) + 2 * theta
        bounded = np.where(squared < 0, -np.expm1(np.minimum(squared, 0.0)), 1.0)
        spread = np.where(squared < 0, np.exp(np.minimum(squared, 0.0)) / bounded, np.inf)
        variance = times(1 - stays, np.where(stays < 1, times(spread, np.where(np.isinf(mean), 1.0, mean) ** 2), 0.0))
    none = np.zeros_like(mean)
    return Span(none, none, mean, none, np.asarray(variance))


def _flowing(stays: Array, theta: Array, n: Array) -> Array:
    """Variance of a margin of 1 that flows."""
    with np.errstate(divide="ignore"):
        leave = -np.log(stays)
    some = np.isfinite(leave)
    mu = np.where(some, leave, 1.0)
    finite = of_flow(mu, theta, np.where(np.isinf(n), 0.0, n)).variance
    gap = mu - 2 * theta
    safe = np.where(gap > 0, gap, 1.0)
    mean = np.where(mu > theta, 1 / np.where(mu > theta, mu - theta, 1.0), 1.0)
    forever = np.where(mu == 0, 0.0, np.where(gap > 0, mu / safe * mean**2, np.inf))
    return np.where(some, np.where(np.isinf(n), forever, finite), 0.0)


def simulate_constant_retention(
    margin: ArrayLike,
    retention: ArrayLike,
    rate: Rate,
    *,
    timing: Timing,
    size: int,
    rng: np.random.Generator | int,
    horizon: ArrayLike | None = None,
    growth: ArrayLike = 0.0,
    acquisition_cost: ArrayLike = 0.0,
    unit: Unit = "year",
) -> Array:
    """Draw present values of single customers, whose mean is `constant_retention_value`.

    Parameters
    ----------
    margin, retention, rate, timing, horizon, growth, acquisition_cost, unit
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
    >>> drawn = simulate_constant_retention(100, 0.8, Rate.annual(0.10), timing="now", size=10_000, rng=1)
    >>> print(np.quantile(drawn, [0.05, 0.5, 0.95]).round(2))
    [100.   348.69 810.34]
    """
    if size < 0:
        raise ParameterError(f"size must be >= 0; got {size}")
    paid = as_timing(timing)
    amount, stays, grows, force, n, cost = together(
        margin=real("margin", margin),
        retention=share("retention", retention),
        growth=growth_rate(growth),
        rate=force_of(rate, unit),
        horizon=periods("horizon", horizon, whole=paid != "continuous"),
        acquisition_cost=real("acquisition_cost", acquisition_cost),
    )
    staying = Ratio.of(np.ones_like(stays), grows, force)
    with np.errstate(divide="ignore"):
        leave = -np.log(stays)
        lifetime = np.random.default_rng(rng).exponential(size=(size, *amount.shape)) / leave
    if paid == "continuous":
        return np.asarray(times(amount, integral(staying, np.minimum(lifetime, n))) - cost)
    payments = np.floor(lifetime) + (paid != "next")
    return np.asarray(times(amount * delay(paid, force), total(staying, np.minimum(payments, n))) - cost)
