"""Latent attrition: purchases at a gamma-mixed Poisson rate until an unseen lifetime ends. One engine, many lifetimes.

While a customer stays, purchases come at a rate λ ~ Gamma(r, α); the lifetime has survivor S and density f. With
R = r + x the likelihood is

    Γ(R)/Γ(r) α^r { S(T) (α+T)^-R + ∫_{t_x}^T f(u) (α+u)^-R du }

(Schmittlein, Morrison & Colombo 1987, for the Pareto lifetime). The integrand is positive and smooth, so quadrature
gives it, its gradient and every prediction without 2F1, overflow or cancellation. A lifetime law supplies log S,
log f, their derivatives and the nodes that suit it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from attrs import frozen

from custvalue._typing import Array, Parameter
from custvalue.models._quadrature import blocks
from custvalue.models._special import by_count, log_nbd_pmf, log_rising, psi_rising

_DEAD = 40.0
"""exp(-40) is below what a double can add to one."""


class Lifetime(Protocol):
    """A law of lifetimes, u >= 0 counted from the first purchase; its fields are its parameters."""

    def log_stay(self, start: Array, u: Array) -> Array:
        """log S(start + u)/S(start)."""
        ...

    def log_leave(self, start: Array, u: Array) -> Array:
        """log f(start + u)/S(start)."""
        ...

    def slopes_stay(self, u: Array) -> list[Array]:
        """Derivatives of log S(u) in the parameters."""
        ...

    def slopes_leave(self, u: Array) -> list[Array]:
        """Derivatives of log f(u) in the parameters."""
        ...

    def nodes(
        self,
        start: Array,
        length: Array,
        scale: Parameter,
        rate: Parameter,
        *,
        power: Parameter = np.inf,
        fineness: float = 1.0,
    ) -> tuple[Array, Array]:
        """Nodes u and weights of ∫_0^length of S(start + u), or f, times what decays as (1 + u/scale)^-rate.

        An infinite length needs `power`: in the end the integrand falls as S(u) u^-(1 + power), or as f(u) u^-power.
        """
        ...

    def mean_stay(self, start: Array, length: Array) -> Array:
        """∫_0^length S(start + u)/S(start) du; the length may be infinite."""
        ...


@frozen(eq=False)
class Attrition:
    """The engine: a law of lifetimes with its parameters, and the gamma distribution of purchase rates."""

    law: Callable[..., Lifetime]
    r: Parameter
    alpha: Parameter
    own: tuple[Parameter, ...]

    def log_likelihood(self, x: Array, t_x: Array, T: Array) -> Array:
        """Log-likelihood per row, of the timing of purchases."""
        alive, gone = self.log_ways(x, t_x, T)
        return np.asarray(self._until_last(x, t_x) + np.logaddexp(alive, gone))

    def log_ways(self, x: Array, t_x: Array, T: Array) -> list[Array]:
        """Logs of the two ways a history goes on after t_x: silently alive until T, or gone before."""

        def both(law: Lifetime, r: Parameter, alpha: Parameter, x: Array, t_x: Array, T: Array) -> list[Array]:
            alive, _, _, terms = _ways(law, r, alpha, x, t_x, T)
            with np.errstate(divide="ignore"):
                return [alive[..., 0], np.log(terms.sum(axis=-1))]

        return self._in_blocks(both, 2, x, t_x, T)

    def score(self, x: Array, t_x: Array, T: Array) -> tuple[Array, Array]:
        """Log-likelihood per row and its derivatives in r, α and the law's parameters: shape (parameters, rows)."""
        count = 3 + len(self.own)
        total, waited, rates, *own = self._in_blocks(_score_block, count, x, t_x, T)
        in_r = by_count(lambda n: psi_rising(self.r, n), x, self.r) - np.log1p(t_x / self.alpha) - waited
        in_alpha = self.r / self.alpha - (self.r + x) * rates
        return self._until_last(x, t_x) + total, np.stack([in_r, in_alpha, *own])

    def log_stay(self, T: Array, t: Array) -> Array:
        """log P(alive at T + t | alive at T)."""
        return self.law(*self.own).log_stay(T, t)

    def posterior_rates(self, x: Array, t_x: Array, T: Array) -> Array:
        """E[1/(α + time alive) | history], the posterior mean purchase rate over R."""
        return self._in_blocks(_score_block, 3 + len(self.own), x, t_x, T)[2]

    def discounted_stay(self, T: Array, t: Array, force: Array) -> Array:
        """∫_0^t e^{-δu} S(T+u)/S(T) du for a force of interest δ: time alive, discounted."""

        def block(law: Lifetime, _r: Parameter, _alpha: Parameter, T: Array, t: Array, force: Array) -> list[Array]:
            undiscounted = law.mean_stay(T, t)
            rate = np.where(force == 0, 1.0, force)
            length = np.where(force > 0, np.minimum(t, _DEAD / rate), np.where(np.isfinite(t), t, 0.0))
            u, du = law.nodes(T, length, 1 / np.abs(rate), np.where(force > 0, 1.0, 0.0))
            inside = (np.exp(law.log_stay(T, u) - force * u) * du).sum(axis=-1, keepdims=True)
            endless = (force < 0) & ~np.isfinite(t)
            return [np.where(force == 0, undiscounted, np.where(endless, np.inf, inside))[..., 0]]

        return self._in_blocks(block, 1, T, t, force)[0]

    def buys(self, x: Array, T: Array, t: Array) -> Array:
        """P(a purchase in (T, T + t] | alive at T)."""

        def block(law: Lifetime, r: Parameter, alpha: Parameter, x: Array, T: Array, t: Array) -> list[Array]:
            R, A = r + x, alpha + T
            u, du = law.nodes(T, t, A, R + 1, power=R)
            density = np.exp(law.log_stay(T, u) - (R + 1) * np.log1p(u / A)) * du
            return [(R / A * density).sum(axis=-1, keepdims=True)[..., 0]]

        return self._in_blocks(block, 1, x, T, t)[0]

    def pmf(self, n: Array, x: Array, T: Array, t: Array) -> Array:
        """P(n purchases in (T, T + t] | alive at T)."""
        fineness = 1 + float(np.sqrt(np.max(n, initial=0))) / 4

        def block(law: Lifetime, r: Parameter, alpha: Parameter, n: Array, x: Array, T: Array, t: Array) -> list[Array]:
            R, A = r + x, alpha + T
            stays = np.exp(law.log_stay(T, t) + log_nbd_pmf(n, R, t / A))
            u, du = law.nodes(T, t, A, np.zeros_like(A), power=R, fineness=fineness)
            leaves = np.exp(law.log_leave(T, u) + log_nbd_pmf(n, R, u / A)) * du
            return [(stays + leaves.sum(axis=-1, keepdims=True))[..., 0]]

        return self._in_blocks(block, 1, n, x, T, t)[0]

    def _until_last(self, x: Array, t_x: Array) -> Array:
        """log Γ(R)/Γ(r) α^r (α+t_x)^-R S(t_x)."""
        counts = by_count(lambda n: log_rising(self.r, n), x, self.r)
        start = self.law(*self.own).log_stay(np.zeros_like(t_x), t_x)
        return counts - self.r * np.log1p(t_x / self.alpha) - x * np.log(self.alpha + t_x) + start

    def _in_blocks(self, f: Callable[..., list[Array]], results: int, *columns: Array) -> list[Array]:
        """f on rows of the broadcast columns and parameters, a block at a time, each with a trailing axis."""
        parameters = (self.r, self.alpha, *self.own)
        shape = np.broadcast_shapes(*(np.shape(value) for value in (*columns, *parameters)))
        flat = [np.broadcast_to(column, shape).ravel() for column in columns]
        loose = [value if np.ndim(value) == 0 else np.broadcast_to(value, shape).ravel() for value in parameters]
        out = [np.empty(int(np.prod(shape))) for _ in range(results)]
        for rows in blocks(np.arange(len(out[0])), 32):
            r, alpha, *own = (value if np.ndim(value) == 0 else np.asarray(value)[rows, None] for value in loose)
            values = f(self.law(*own), r, alpha, *(column[rows, None] for column in flat))
            for target, value in zip(out, values, strict=True):
                target[rows] = value
        return [target.reshape(shape) for target in out]


def _ways(
    law: Lifetime, r: Parameter, alpha: Parameter, x: Array, t_x: Array, T: Array
) -> tuple[Array, Array, Array, Array]:
    """log S(T)/S(t_x) ((α+t_x)/(α+T))^R; nodes u after t_x, log (α+t_x+u)/(α+t_x), the summands for those gone."""
    R, since = r + x, alpha + t_x
    alive = law.log_stay(t_x, T - t_x) - R * np.log1p((T - t_x) / since)
    u, du = law.nodes(t_x, T - t_x, since, R, power=R)
    gaps = np.log1p(u / since)
    return alive, u, gaps, np.exp(law.log_leave(t_x, u) - R * gaps) * du


def _score_block(law: Lifetime, r: Parameter, alpha: Parameter, x: Array, t_x: Array, T: Array) -> list[Array]:
    """log of both ways together; E[log (α + time alive)/(α + t_x)], E[1/(α + time alive)], and the law's slopes."""
    alive, u, gaps, terms = _ways(law, r, alpha, x, t_x, T)
    stay = np.exp(alive)
    total = stay + terms.sum(axis=-1, keepdims=True)
    p, share = stay / total, terms / total
    since = alpha + t_x
    waited = p * np.log1p((T - t_x) / since) + _total(share * gaps)
    rates = p / (alpha + T) + _total(share / (since + u))
    at_end, at_node = law.slopes_stay(T), law.slopes_leave(t_x + u)
    own = [p * end + _total(share * node) for end, node in zip(at_end, at_node, strict=True)]
    return [value[..., 0] for value in (np.log(total), waited, rates, *own)]


def _total(terms: Array) -> Array:
    return np.asarray(terms.sum(axis=-1, keepdims=True))
