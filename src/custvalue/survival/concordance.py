"""Concordance: how often those who leave sooner have the higher risk (Harrell's C)."""

from __future__ import annotations

import numpy as np

from custvalue._columns import check_rows, numbers
from custvalue._typing import Array, ArrayLike, Ints, NDArray
from custvalue.errors import DataError
from custvalue.evidence.tenures import Tenures
from custvalue.survival._risk_sets import check_tenures


def concordance(tenures: Tenures, risk: ArrayLike) -> float:
    """P(of two customers the one who left first has the higher risk), equal risks counting half.

    Pairs are those of which it is known: one left at a time at which the other was at risk, and stayed longer or was
    censored then. 1/2 is chance, 1 a perfect order. `risk` is any score that rises with the hazard: for a probability
    to stay, or an expected lifetime, give its negative. Weights count customers.

    Raises
    ------
    DataError
        Risks are missing, not one per row, or no pair can be compared.

    Notes
    -----
    Harrell, Califf, Pryor, Lee & Rosati (1982). Pairs are counted in n log n steps, not n².

    Examples
    --------
    >>> concordance(Tenures([2, 4, 5, 7], [1, 1, 0, 1], unit="month"), risk=[0.9, 0.3, 0.5, 0.2])
    0.8
    """
    check_tenures(tenures, some_left=True)
    score = numbers("risk", risk)
    if score.shape != tenures.duration.shape:
        raise DataError(f"risk must have one value per row of the tenures ({len(tenures)}); got shape {score.shape}")
    check_rows(np.isfinite(score), "risk must be finite", "Leave the row out.", ids=tenures.ids, risk=score)
    rank = np.unique(score, return_inverse=True)[1]
    pairs, lower, tied = _pairs(tenures, rank, tenures.duration, ~tenures.ended, tenures.weights)
    late = tenures.entry > 0
    if late.any():
        rows, code = tenures[late], np.ones(int(late.sum()), dtype=bool)
        less = _pairs(tenures, rank, rows.entry, code, rows.weights, rank[late])
        pairs, lower, tied = pairs - less[0], lower - less[1], tied - less[2]
    if not pairs > 0:
        raise DataError(
            "tenures must have comparable pairs; got none: nobody at risk stayed when another customer left. "
            "Observe them for longer."
        )
    return (lower + tied / 2) / pairs


def _pairs(
    tenures: Tenures, rank: Ints, time: Array, holds: NDArray[np.bool_], weights: Array, of: Ints | None = None
) -> tuple[float, float, float]:
    """Over those who left, the points later in time, or equal where it `holds`: all, of less rank, of equal rank."""
    left = np.flatnonzero(tenures.ended)
    count, size = tenures.weights[left], len(left)
    when = np.concatenate([tenures.duration[left], time])
    turn = np.concatenate([np.ones(size, dtype=np.int8), np.where(holds, 0, 2).astype(np.int8)])
    order = np.lexsort((turn, -when))
    amount = np.concatenate([np.zeros(size), weights])[order]
    asked = np.concatenate([count, np.zeros(len(time))])[order]
    ranks = np.concatenate([rank[left], rank if of is None else of])[order]
    before = amount.cumsum(), _lower_before(ranks, amount), _same_before(ranks, amount)
    everyone, lower, same = (float((asked * each).sum()) for each in before)
    return everyone, lower, same


def _same_before(ranks: Ints, amount: Array) -> Array:
    """For each element, the amounts before it of equal rank."""
    order = np.argsort(ranks, kind="stable")
    total = np.concatenate([[0.0], amount[order].cumsum()])
    first = np.searchsorted(ranks[order], ranks[order], side="left")
    sums = np.empty(len(ranks))
    sums[order] = total[:-1] - total[first]
    return sums


def _lower_before(ranks: Ints, amount: Array) -> Array:
    """For each element, the amounts before it of lower rank: by the ranks' bits, from the highest.

    Elements equal in the bits so far stand together, in their order. Of two that differ first in a bit, the one without
    it is lower; then all without it move before all with it, which leaves those equal so far together.
    """
    sums, place = np.zeros(len(ranks)), np.arange(len(ranks))
    for bit in range(int(ranks.max()).bit_length() - 1, -1, -1):
        high = (ranks >> bit) & 1 == 1
        starts = np.concatenate([[0], np.flatnonzero(np.diff(ranks >> (bit + 1))) + 1])
        sizes = np.diff(np.append(starts, len(ranks)))
        total = np.concatenate([[0.0], np.where(high, 0.0, amount).cumsum()])
        sums[place[high]] += (total[:-1] - np.repeat(total[starts], sizes))[high]
        to = np.concatenate([np.flatnonzero(~high), np.flatnonzero(high)])
        ranks, amount, place = ranks[to], amount[to], place[to]
    return sums
