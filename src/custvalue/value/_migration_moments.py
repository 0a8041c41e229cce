"""Mean and variance of what a Markov chain brings, with rewards and costs each at their own time in the period."""

from __future__ import annotations

import numpy as np
from attrs import field, frozen

from custvalue._arguments import require
from custvalue._typing import Array
from custvalue.discounting.timing import Timing, as_timing, delay
from custvalue.numerics.markov_chain import aligned, difference, discounted_visits, visits, worth


@frozen(eq=False)
class Terms:
    """A chain with what each state brings; all of one batch shape (...)."""

    P: Array = field()
    force: Array = field()
    gain: Array = field()
    """Reward of a state, discounted to the beginning of its period."""
    loss: Array = field()
    gain_skips: bool = field()
    """Whether the reward of the present state does not count ("next")."""
    loss_skips: bool = field()

    def step(self, values: Array) -> Array:
        """Expected values one period ahead, discounted."""
        after = (self.P * values[..., None, :]).sum(axis=-1)
        return np.asarray(np.exp(-self.force)[..., None] * after)

    def flow(self, *, first: bool = False, last: bool = False) -> Array:
        """What a state brings in the first period, after the last one, or in between."""
        gain = 0.0 if (first and self.gain_skips) or (last and not self.gain_skips) else self.gain
        loss = 0.0 if (first and self.loss_skips) or (last and not self.loss_skips) else self.loss
        return np.asarray(np.zeros_like(self.gain) + gain - loss)


def terms(P: Array, reward: Array, cost: Array, force: Array, timing: Timing, cost_timing: Timing | None) -> Terms:
    """Discount rewards and costs to the beginning of their periods, and give all the batch's shape."""
    earned = as_timing(timing)
    spent = earned if cost_timing is None else as_timing(cost_timing, "cost_timing")
    P, force = aligned(P, force)
    gain, loss = _at_beginning(earned, force) * reward, _at_beginning(spent, force) * cost
    return Terms(P, force, gain, loss, earned == "next", spent == "next")


def _at_beginning(timing: Timing, force: Array) -> Array:
    return np.ones((*force.shape, 1)) if timing == "next" else delay(timing, force)[..., None]


def value(terms: Terms, n: float) -> Array:
    """Expected present value by state, of n periods."""
    visited = discounted_visits(terms.P, terms.force, n)
    if terms.gain_skips == terms.loss_skips:
        total = worth(visited, terms.gain - terms.loss)
        return _later(terms, total) if terms.gain_skips else total
    gains, losses = worth(visited, terms.gain), worth(visited, terms.loss)
    return difference(
        _later(terms, gains) if terms.gain_skips else gains, _later(terms, losses) if terms.loss_skips else losses
    )


def _later(terms: Terms, values: Array) -> Array:
    """Values one period ahead; what cannot follow counts nothing, even where it is infinite."""
    with np.errstate(invalid="ignore"):
        each = np.where(terms.P == 0, 0.0, terms.P * values[..., None, :])
    return np.asarray(np.exp(-terms.force)[..., None] * each.sum(axis=-1))


def variance(terms: Terms, n: float) -> Array:
    """Variance of the present value by state, of n periods."""
    if not np.isinf(n):
        return _within(terms, int(n))
    ahead = worth(discounted_visits(terms.P, terms.force, n), terms.flow())
    require(
        np.isfinite(ahead),
        "values must be finite to have a variance",
        "At a rate of 0, states that are never left must bring nothing: give a rate or a horizon.",
        value=ahead,
    )
    return worth(visits(terms.P, 2 * terms.force), _spread(terms, ahead))


def _within(terms: Terms, n: int) -> Array:
    """Backwards from the end, one period at a time."""
    spread = np.zeros_like(terms.gain)
    ahead = terms.flow(last=True)
    for _ in range(n):
        later = terms.step(spread) * np.exp(-terms.force)[..., None]
        before = spread, ahead
        spread, ahead = _spread(terms, ahead) + later, terms.flow() + terms.step(ahead)
        if np.array_equal(before, (spread, ahead)):
            break
    return spread


def _spread(terms: Terms, ahead: Array) -> Array:
    """Variance, over the next state, of the value there, discounted: v² Σ_j p_ij (W_j - mean_i)²."""
    mean = (terms.P * ahead[..., None, :]).sum(axis=-1, keepdims=True)
    each = terms.P * (ahead[..., None, :] - mean) ** 2
    return np.asarray(np.exp(-2 * terms.force)[..., None] * each.sum(axis=-1))
