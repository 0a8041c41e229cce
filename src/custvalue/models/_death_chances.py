"""Lifetimes that end only at multiples of τ, each time with a probability p ~ Beta(a, b) of the customer's own.

What is an integral over lifetimes elsewhere is a sum over chances to leave here: few are summed one by one, many in
runs of which each takes 16 points (`_whole.py`).
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import frozen
from scipy.special import psi

from custvalue._typing import Array, Bools, Parameter
from custvalue.models._falls import Fall, Purchases
from custvalue.models.buying.engines.attrition_integrals import log_left
from custvalue.models.buying.engines.beta_binomial_sums import log_stay
from custvalue.numerics.summation import between, runs

_FEW = 512.0
"""So many chances are summed one by one."""
_FAR = 2.0**60
"""From here on the terms of an endless sum are a power of the index."""
_TABLE = 1 << 16
_NOTHING = -750.0
"""Logarithms of what is 0 as a float."""


@frozen(eq=False)
class DeathChances:
    """S(u) = B(a, b+j)/B(a, b), j = floor(u/τ) the chances to leave until u: a law of lifetimes."""

    at_once: ClassVar[int] = 800

    a: Parameter
    b: Parameter
    tau: Parameter

    def log_stay(self, start: Array, u: Array) -> Array:
        """log S(start + u)/S(start)."""
        before = self._count(start)
        return log_stay(self.a, self.b + before, self._count(start + u) - before)

    def log_leave(self, start: Array, u: Array) -> Array:
        """Log-probability to leave at the chance at start + u of those who are there at the start."""
        before, j = self._count(start), (start + u) / self.tau
        if _tabulated(self.a, self.b, np.append(j, before)):
            j = np.rint(j).astype(np.intp)
            steps = np.arange(max(j.max(initial=0), before.max(initial=0)) + 1.0) + (self.a + self.b)
            stays = np.concatenate(([0.0], np.cumsum(np.log1p(-self.a / steps))))
            leaves = stays[:-1] + np.log(self.a / steps)
            return np.asarray(leaves[j - 1] - stays[before.astype(np.intp)])
        stayed = log_stay(self.a, self.b + before, j - 1 - before)
        return np.asarray(stayed + np.log(self.a / (self.a + self.b + j - 1)))

    def slopes_stay(self, u: Array) -> list[Array]:
        """Derivatives of log S(u) in a and b; none in τ, which is not searched for by slopes."""
        j = self._count(u)
        both = _psi_rising(self.a + self.b, j)
        return [-both, _psi_rising(self.b, j) - both, np.zeros_like(j)]

    def score_leave(self, start: Array, u: Array) -> tuple[Array, list[Array]]:
        """`log_leave`, and its derivatives in a and b."""
        j = (start + u) / self.tau
        both = _psi_rising(self.a + self.b, j)
        slopes = [1 / self.a - both, _psi_rising(self.b, j - 1) - both, np.zeros_like(both)]
        return self.log_leave(start, u), slopes

    def nodes(self, start: Array, length: Array, _scale: Parameter, _rate: Parameter) -> tuple[Array, Array]:
        """The chances to leave, as times since the start, and how many each stands for."""
        return self._chances(start, self._within(start, length))

    def log_left(self, start: Array, length: Array, scale: Array, rate: Array) -> Array:
        """log ∫_0^length f(start + u)/S(start) (1 + u/scale)^-rate du."""
        return log_left(self, start, length, scale, rate)

    def fine_nodes(self, start: Array, length: Array, count: Purchases) -> tuple[Array, Array]:
        """As `nodes`, in shorter runs."""
        end = np.where(np.isfinite(length) & (length > 0), length, 1.0)
        some = (end == length) & (count.log_at(end) > _NOTHING)  # what rises until the end is largest there
        rise = float(np.max(np.where(some, count.rise(end), 0.0), initial=0.0))
        fineness = count.fineness + rise / 16
        return self._chances(start, self._within(start, length), tail=self.a + count.R, fineness=fineness)

    def staying(self, start: Array, length: Array, fall: Fall) -> Array:
        """∫_0^length fall(u) S(start + u)/S(start) du, S being constant between the chances."""
        level, rises = fall.rate == 0, fall.rate < 0
        diverges = np.isinf(length) & (rises | (level & (self.a <= 1)))
        length = np.where(diverges, 0.0, np.minimum(length, fall.reach))
        within, first = self._within(start, length), self._time(start, np.ones_like(start))
        fineness = 1 + float(np.max(np.where(rises & np.isfinite(length), length / fall.scale, 0.0), initial=0.0)) / 8
        tail = self.a + np.where(level, -1.0, fall.power)
        u, many = self._chances(start, within - 1, tail=tail, fineness=fineness)
        inside = (many * np.exp(self._log_kept(start, u)) * fall.over(u, np.full_like(u, 1.0) * self.tau)).sum(axis=0)
        inside += fall.over(np.zeros_like(first), np.minimum(first, length))
        last = np.where(np.isfinite(within), np.maximum(within, 1.0), 1.0)
        begin = np.minimum(self._time(start, last), length)
        left = np.where(np.isfinite(length), length, begin) - begin
        rest = np.exp(log_stay(self.a, self.b + self._count(start), last)) * fall.over(begin, left)
        inside += np.where((within >= 1) & np.isfinite(within), rest, 0.0)
        return np.where(diverges, np.inf, inside)

    def mean_drop_out(self, u: Array, more: int) -> Array:
        """E[p]: Beta(a, b+j) of those who stayed at j chances until u, Beta(a+1, b+j-1) of those who left at one."""
        j = u / self.tau if more else self._count(u)
        return np.asarray((self.a + more) / (self.a + self.b + j))

    def _count(self, u: Array) -> Array:
        """Chances to leave until u; times within rounding of one are on it."""
        chances = np.asarray(u / self.tau)
        near = np.rint(chances)
        with np.errstate(invalid="ignore"):
            on = np.abs(chances - near) <= 1e-12 * near
        return np.where(on, near, np.floor(chances))

    def _within(self, start: Array, length: Array) -> Array:
        return self._count(start + length) - self._count(start)

    def _time(self, start: Array, m: Array) -> Array:
        """Time from the start to its m-th chance: whole steps of τ apart also where the start is far."""
        first = (self._count(start) + 1) * self.tau - start
        return np.asarray(first + (m - 1) * self.tau)

    def _log_kept(self, start: Array, u: Array) -> Array:
        """log S(start + u)/S(start) at the chance at start + u."""
        before = self._count(start)
        return log_stay(self.a, self.b + before, (start + u) / self.tau - before)

    def _chances(
        self, start: Array, within: Array, *, tail: Parameter = np.inf, fineness: float = 1.0
    ) -> tuple[Array, Array]:
        """Times of the first `within` chances after the start, or of those that stand for them, and their weights."""
        within = np.maximum(within, 0.0)
        if within.max(initial=0.0) <= _FEW:
            m = np.arange(1.0, within.max(initial=0.0) + 1)[:, None]
            return self._time(start, m), (m <= within).astype(np.float64)
        endless = np.isinf(within)
        m, many = _runs(np.where(endless, _FAR, within), fineness)
        if endless.any():
            m = np.concatenate([m, [np.where(endless, _FAR, 1.0)]])
            many = np.concatenate([many, [np.where(endless, _FAR, 0.0) / np.where(endless, tail, 1.0)]])
        return self._time(start, m), many


def _runs(last: Array, fineness: float) -> tuple[Array, Array]:
    """Points and weights, nodes first, of sums over 1, ..., last: runs that double at most."""
    begin, end = np.minimum(17.0, last + 1), last + 1
    count = int(np.ceil(np.log2(end.max() / 16) * fineness))
    edges = np.concatenate([np.ones((len(last), 1)), between(begin, end, count)], axis=1)
    edges[:, -1] = end
    points, weights = runs(edges)
    return points.T.copy(), weights.T.copy()


def _tabulated(a: Parameter, b: Parameter, j: Array) -> bool:
    """Whether functions of the number of chances j are best taken from a table over whole numbers."""
    scalar = np.ndim(a) == 0 and np.ndim(b) == 0
    return bool(scalar and j.max(initial=0) <= _TABLE and _whole(j).all())


def _whole(j: Array) -> Bools:
    return np.asarray(np.abs(j - np.rint(j)) < 1e-6)


def _psi_rising(z: Parameter, j: Array) -> Array:
    """ψ(z + j) - ψ(z)."""
    if _tabulated(z, z, j):
        steps = np.arange(j.max(initial=0) + 1.0) + z
        table = np.concatenate(([0.0], np.cumsum(1 / steps)))
        return np.asarray(table[np.rint(j).astype(np.intp)])
    return np.asarray(psi(z + j) - psi(z))
