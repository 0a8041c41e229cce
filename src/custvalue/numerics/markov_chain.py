"""Markov chains without subtraction: visits, reachability and powers, for batches of chains (leading axes).

Discounted visits are (I - v P)^-1. With v near 1, or states that are hardly ever left, that matrix is nearly singular,
and an LU decomposition loses the digits that 1 - v p_ii has lost before it begins. The elimination here takes the
off-diagonal entries and what each row loses to discounting or absorption, and only ever adds, multiplies and divides
positive numbers (W. K. Grassmann, M. I. Taksar and D. P. Heyman, "Regenerative analysis and steady state distributions
for Markov chains", Operations Research 33(5), 1985): each entry is right to a few units in its last places.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from custvalue._arguments import require, share, together
from custvalue._typing import Array, ArrayLike, Bools
from custvalue.errors import ParameterError

TOLERANCE: Final = 1e-9
"""How far from 1 the sum of a row may be: shares printed to 10 digits, and rounding."""


def as_stochastic(name: str, values: ArrayLike) -> Array:
    """Square matrices of probabilities on the last two axes, rows summing to 1; ParameterError otherwise."""
    if hasattr(values, "loc"):
        _check_labels(name, values)
    P = share(name, values)
    if P.ndim < 2 or P.shape[-1] != P.shape[-2] or not P.shape[-1]:
        raise ParameterError(f"{name} must be square: one row and one column per state; got shape {P.shape}")
    sums = P.sum(axis=-1)
    require(
        np.abs(sums - 1) <= TOLERANCE,
        f"each row of {name} must sum to 1",
        "Row i holds the chances of going from state i to each state, staying included: add the missing state (gone, "
        "say), or divide each row by its sum.",
        sum=sums,
    )
    return P


def _check_labels(name: str, table: Any) -> None:  # noqa: ANN401 (a pandas dataframe)
    rows, columns = list(table.index), list(getattr(table, "columns", ()))
    if rows != columns and set(rows) == set(columns):
        raise ParameterError(
            f"the rows and columns of {name} must be the states in the same order; got rows {rows}, columns {columns}. "
            "Write table.loc[states, states]."
        )


def reachable(P: Array) -> Bools:
    """Whether state j can follow state i, sooner or later; every state follows itself."""
    reach = (P > 0) | np.eye(P.shape[-1], dtype=bool)
    for _ in range(int(P.shape[-1]).bit_length()):  # paths of 1, 2, 4, ... steps
        reach = (reach.astype(np.float32) @ reach.astype(np.float32)) > 0
    return np.asarray(reach)


def recurrent(P: Array) -> Bools:
    """Which states are returned to for sure: those in sets of states that are never left."""
    reach = reachable(P)
    return np.asarray(~(reach & ~np.swapaxes(reach, -1, -2)).any(axis=-1))


def visits(P: Array, force: Array) -> Array:
    """Σ_t e^{-δt} P^t over t = 0, 1, ...; infinite where, undiscounted, a state is visited without end.

    P of shape (..., S, S), δ >= 0 of a shape that broadcasts with (...).
    """
    P, force = aligned(P, force)
    none = force == 0
    settled = recurrent(P) & none[..., None]
    keep = np.where(settled[..., :, None] | settled[..., None, :], 0.0, P) * np.exp(-force)[..., None, None]
    lost = np.where(settled, 1.0, -np.expm1(-force)[..., None] + (P * settled[..., None, :]).sum(axis=-1))
    inner = _inverse(keep, lost)
    if not settled.any():
        return inner
    return np.asarray(np.where(settled[..., None, :], np.where(reachable(P), np.inf, 0.0), inner))


def discounted_visits(P: Array, force: Array, n: float) -> Array:
    """Σ_t e^{-δt} P^t over t = 0..n-1; n may be infinite where δ >= 0."""
    if np.isinf(n):
        require(
            force >= 0,
            "the rate must be >= 0 for a value forever",
            "Give a horizon, or a rate that is not negative.",
            force=force,
        )
        return visits(P, force)
    P, force = aligned(P, force)
    result = np.zeros_like(P)
    power, step, left = P, 1.0, n
    ahead = np.broadcast_to(np.eye(P.shape[-1]), P.shape)
    while left:
        factor = np.exp(-force * step)[..., None, None]
        if left % 2:
            result = ahead + factor * (power @ result)
        ahead = ahead + factor * (power @ ahead)
        power = power @ power
        power = power / power.sum(axis=-1, keepdims=True)  # else rounding doubles with each squaring
        step, left = 2 * step, left // 2
    return result


def aligned(P: Array, force: Array) -> tuple[Array, Array]:
    """P with the batch's leading axes, and one force for each."""
    force, _ = together(rate=force, transitions=P[..., 0, 0])
    return np.broadcast_to(P, (*force.shape, *P.shape[-2:])), force


def _inverse(rates: Array, lost: Array) -> Array:
    """Inverse of the matrix with off-diagonal -rates and row sums `lost`, both >= 0; rates has no diagonal."""
    A, s = rates.copy(), lost.copy()
    size = A.shape[-1]
    X = np.broadcast_to(np.eye(size), A.shape).copy()
    pivots = np.empty_like(s)
    for k in range(size - 1, -1, -1):
        pivots[..., k] = s[..., k] + A[..., k, :k].sum(axis=-1)
        share_of = A[..., :k, k] / pivots[..., k, None]
        A[..., :k, :k] += share_of[..., None] * A[..., k, None, :k]
        s[..., :k] += share_of * s[..., k, None]
        X[..., :k, :] += share_of[..., None] * X[..., k, None, :]
    for k in range(size):
        X[..., k, :] += (A[..., k, :k, None] * X[..., :k, :]).sum(axis=-2)
        X[..., k, :] /= pivots[..., k, None]
    return X


def worth(visited: Array, flow: Array) -> Array:
    """Visits times what each state brings; a state that brings nothing may be visited without end.

    Raises
    ------
    ParameterError
        Infinite gains meet infinite losses.
    """
    gains = _sum(visited, np.maximum(flow, 0.0))
    losses = _sum(visited, np.maximum(-flow, 0.0))
    return difference(gains, losses)


def difference(gains: Array, losses: Array) -> Array:
    """Gains less losses; ParameterError where both are infinite."""
    require(
        ~(np.isinf(gains) & np.isinf(losses)),
        "the value must not be infinite gains less infinite losses",
        "At a rate of 0, states that are never left must bring nothing: give a rate or a horizon.",
        gains=gains,
        losses=losses,
    )
    return np.asarray(gains - losses)


def _sum(visited: Array, flow: Array) -> Array:
    each = flow[..., None, :]
    with np.errstate(invalid="ignore"):
        products = np.where(each == 0, 0.0, visited * each)
    return np.asarray(products.sum(axis=-1))
