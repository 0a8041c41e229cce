"""Cox's partial likelihood with Efron's ties (1977), its slope and its information, by sums over risk sets.

At a time at which d customers leave, with risks e^η summing to D, out of all at risk, with risks summing to S, the
likelihood is Π e^η over those who leave by Π (S - l/d D) over l = 0, ..., d - 1. Sums over the customers at risk at
each time turn into sums over customers of what the times at which they are at risk add up to.
"""

from __future__ import annotations

import numpy as np
from attrs import frozen

from custvalue._typing import Array
from custvalue.inference.newton import Objective, gram
from custvalue.survival._risk_sets import RiskSets

_BLOCK = 1 << 20
"""Ties worked on at once."""


@frozen(eq=False)
class Ties:
    """Sums over l at each time, S - l/d D being w: of log w, of 1/w and (l/d)/w, of 1/w², (l/d)/w² and (l/d)²/w²."""

    log: Array
    once: Array
    once_share: Array
    twice: Array
    twice_share: Array
    twice_square: Array


def ties(risk: Array, own: Array, leaving: Array) -> Ties:
    """Efron's sums; so many customers as are no whole number are the next one, each of them that much less."""
    count = np.maximum(np.ceil(leaving - 1e-9), 1.0)
    each = leaving / count
    sums = np.zeros((6, len(risk)))
    start = 0
    ends = np.cumsum(count)
    while start < len(risk):
        base = ends[start - 1] if start else 0.0
        stop = max(int(np.searchsorted(ends, base + _BLOCK, side="right")), start + 1)
        sums[:, start:stop] = _sums(risk[start:stop], own[start:stop], count[start:stop])
        start = stop
    return Ties(*(each * sums))


def _sums(risk: Array, own: Array, count: Array) -> Array:
    first = np.concatenate([[0.0], np.cumsum(count)[:-1]])
    many = count.astype(np.intp)
    share = (np.arange(float(many.sum())) - np.repeat(first, many)) / np.repeat(count, many)
    rest = np.repeat(risk, many) - share * np.repeat(own, many)
    once = 1 / rest
    parts = np.log(rest), once, share * once, once**2, share * once**2, (share * once) ** 2
    return np.array([np.add.reduceat(part, first.astype(np.intp)) for part in parts])


def partial_likelihood(sets: RiskSets, columns: Array, weights: Array) -> Objective:
    """Log partial likelihood of coefficients, its slope and information; `columns` of shape (covariates, rows)."""
    leaving = sets.leaving(weights)
    left = np.array([(weights * sets.ended * column).sum() for column in columns])

    @np.errstate(all="ignore")  # steps may go far too far at first; they are then halved
    def at(theta: Array) -> tuple[float, Array, Array]:
        linear = (theta[:, None] * columns).sum(axis=0)
        top = linear.max()
        amount = weights * np.exp(linear - top)
        own = sets.leaving(amount)
        risk = np.maximum(sets.at_risk(amount), own)
        if not (own > 0).all():
            return -np.inf, theta, np.full((len(theta), len(theta)), np.nan)
        tie = ties(risk, own, leaving)
        value = float((weights * sets.ended * (linear - top)).sum() - tie.log.sum())
        expected = amount * expected_per_risk(sets, tie)
        slope = left - np.array([(expected * column).sum() for column in columns])
        whole = np.array([sets.at_risk_signed(amount * column) for column in columns])
        gone = np.array([sets.leaving(amount * column) for column in columns])
        mixed = np.einsum("in,jn->ij", whole * tie.twice_share, gone)
        bend = gram(columns, expected) - gram(whole, tie.twice) - gram(gone, tie.twice_square) + mixed + mixed.T
        return value, slope, bend

    return at


def expected_per_risk(sets: RiskSets, tie: Ties) -> Array:
    """How many of each row's customers would be expected to leave if its risk were 1.

    The cumulative hazard while it is at risk; customers who leave together miss a share of the last step.
    """
    total = sets.cumulative(tie.once)
    total[sets.ended] -= tie.once_share[sets.last[sets.ended] - 1]
    return total


def steps(sets: RiskSets, columns: Array, weights: Array, theta: Array) -> Array:
    """What the cumulative hazard of risk 1 rises by at each time."""
    linear = (theta[:, None] * columns).sum(axis=0)
    top = linear.max()
    with np.errstate(under="ignore"):
        amount = weights * np.exp(linear - top)
    own = sets.leaving(amount)
    tie = ties(np.maximum(sets.at_risk(amount), own), own, sets.leaving(weights))
    return np.asarray(tie.once * np.exp(-top), dtype=np.float64)
