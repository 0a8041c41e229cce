"""Mean and variance of the payments of a customer who leaves at random, put together from shorter spans.

A customer pays w^t at time t while there, and is still there at time n with the chance e^(-μ n). What matters of a span
of length n, begun by the customer, is four numbers; those of two spans one after the other follow by sums of positive
terms, so that any horizon takes as many steps as its number has digits, and no digits are lost.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from attrs import field, frozen

from custvalue._arguments import times
from custvalue._typing import Array, Bools

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
