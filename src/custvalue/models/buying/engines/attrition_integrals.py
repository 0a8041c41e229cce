"""Latent attrition: purchases at a gamma-mixed Poisson rate until an unseen lifetime ends. One engine, many lifetimes.

While a customer stays, purchases come at a rate λ ~ Gamma(r, α); the lifetime has survivor S and density f. With
R = r + x the likelihood is

    Γ(R)/Γ(r) α^r { S(T) (α+T)^-R + ∫_{t_x}^T f(u) (α+u)^-R du }

(Schmittlein, Morrison & Colombo 1987, for the Pareto lifetime). The integrand is positive and smooth, so quadrature
gives it, its gradient and every prediction without 2F1, overflow or cancellation. A lifetime law supplies log S,
log f, their derivatives and the nodes that suit it; where customers can leave only at certain times, the nodes are
these times and f(u) du their probabilities.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Protocol

import numpy as np
from attrs import frozen

from custvalue._typing import Array, Parameter
from custvalue.numerics.quadrature import blocks
from custvalue.numerics.special import by_count, log_nbd_pmf, log_rising, psi_rising


class Fall(Protocol):
    """A positive function of u >= 0 that falls like (1 + u/scale)^-rate, or rises."""

    @property
    def scale(self) -> Array:
        """Of its change near u = 0."""
        ...

    @property
    def rate(self) -> Array:
        """At which it falls over a scale; 0 where it is constant, negative where it rises."""
        ...

    @property
    def power(self) -> Parameter:
        """In the end it falls as u^-(1 + power) where it does not fall faster."""
        ...

    @property
    def reach(self) -> Array:
        """Beyond it nothing is left."""
        ...

    def at(self, u: Array) -> Array:
        """Its value at u."""
        ...

    def over(self, u: Array, span: Array) -> Array:
        """Its integral from u to u + span."""
        ...


@frozen(eq=False)
class Discount:
    """e^{-δu}."""

    force: Array

    @property
    def scale(self) -> Array:
        return 1 / np.where(self.force == 0, 1.0, np.abs(self.force))

    @property
    def rate(self) -> Array:
        return np.sign(self.force)

    @property
    def power(self) -> Parameter:
        return np.inf

    @property
    def reach(self) -> Array:
        return np.where(self.force > 0, 40.0 * self.scale, np.inf)

    def at(self, u: Array) -> Array:
        return np.asarray(np.exp(-self.force * u))

    def over(self, u: Array, span: Array) -> Array:
        steps = self.force * span
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.where(np.abs(steps) < 1e-9, 1 - steps / 2, -np.expm1(-steps) / steps)
        return self.at(u) * mean * span


@frozen(eq=False)
class NextPurchase:
    """Density of the time to the next purchase at a rate λ ~ Gamma(R, A): (R/A) (1 + u/A)^-(R+1)."""

    R: Array
    scale: Array

    @property
    def rate(self) -> Array:
        return self.R + 1

    @property
    def power(self) -> Parameter:
        return self.R

    @property
    def reach(self) -> Array:
        return np.full_like(self.scale, np.inf)

    def at(self, u: Array) -> Array:
        return np.asarray(self.R / self.scale * np.exp(-(self.R + 1) * np.log1p(u / self.scale)))

    def over(self, u: Array, span: Array) -> Array:
        more = np.log1p(span / (self.scale + u))
        return np.asarray(-np.exp(-self.R * np.log1p(u / self.scale)) * np.expm1(-self.R * more))


@frozen(eq=False)
class Purchases:
    """P(n purchases in a time u) at a rate λ ~ Gamma(R, A): rises like u^n, falls like u^-R."""

    n: Array
    R: Array
    A: Array

    @property
    def scale(self) -> Array:
        """Of its change near u = 0."""
        return self.A / (self.R + 1)

    @property
    def fineness(self) -> float:
        """How many nodes it needs for one that others need: its peak has a width of u/sqrt(n)."""
        return 1 + float(np.sqrt(self.n.max(initial=0))) / 4

    def rise(self, u: Array) -> Array:
        """How many times e it grows as u does e times; 0 where it falls."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.maximum(self.n - (self.R + self.n) / (1 + self.A / u), 0.0))

    def log_at(self, u: Array) -> Array:
        """Its logarithm at u."""
        return log_nbd_pmf(self.n, self.R, u / self.A)


class Lifetime(Protocol):
    """A law of lifetimes, u >= 0 counted from the first purchase; its fields are its parameters.

    Rows of arrays are along the last axis, nodes along a first one.
    """

    at_once: ClassVar[int]
    """Rows worked on at once: with their nodes they fill the cache and no more."""

    def log_stay(self, start: Array, u: Array) -> Array:
        """log S(start + u)/S(start)."""
        ...

    def log_leave(self, start: Array, u: Array) -> Array:
        """log f(start + u)/S(start)."""
        ...

    def slopes_stay(self, u: Array) -> list[Array]:
        """Derivatives of log S(u) in the parameters."""
        ...

    def score_leave(self, start: Array, u: Array) -> tuple[Array, list[Array]]:
        """`log_leave`, and the derivatives of log f(start + u) in the parameters."""
        ...

    def nodes(self, start: Array, length: Array, scale: Parameter, rate: Parameter, /) -> tuple[Array, Array]:
        """Nodes u and weights of ∫_0^length of f(start + u) times (1 + u/scale)^-rate."""
        ...

    def log_left(self, start: Array, length: Array, scale: Array, rate: Array) -> Array:
        """log ∫_0^length f(start + u)/S(start) (1 + u/scale)^-rate du; -inf where the length is 0."""
        ...

    def fine_nodes(self, start: Array, length: Array, count: Purchases, /) -> tuple[Array, Array]:
        """Nodes u and weights of ∫_0^length of f(start + u) times the probability of a count; the length may be inf."""
        ...

    def staying(self, start: Array, length: Array, fall: Fall) -> Array:
        """∫_0^length fall(u) S(start + u)/S(start) du; the length may be infinite, and so may the integral."""
        ...

    def mean_drop_out(self, u: Array, more: int) -> Array:
        """Mean propensity to leave of those who stayed until u (more = 0), or left then (more = 1)."""
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
            R, since = r + x, alpha + t_x
            return [_log_silent(law, R, since, t_x, T), law.log_left(t_x, T - t_x, since, R)]

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

    def posterior_means(self, x: Array, t_x: Array, T: Array) -> list[Array]:
        """E[purchase rate | history] and E[propensity to leave | history]."""

        def both(law: Lifetime, r: Parameter, alpha: Parameter, x: Array, t_x: Array, T: Array) -> list[Array]:
            R, since = r + x, alpha + t_x
            u, du = law.nodes(t_x, T - t_x, since, R)
            exponents, silent = law.log_leave(t_x, u) - R * np.log1p(u / since), _log_silent(law, R, since, t_x, T)
            top = np.maximum(silent, _first(exponents))
            gone, alive = np.exp(exponents - top) * du, np.exp(silent - top)
            total = alive + gone.sum(axis=0)
            rate = (alive / (alpha + T) + (gone / (since + u)).sum(axis=0)) * R
            drop_out = alive * law.mean_drop_out(T, 0) + (gone * law.mean_drop_out(t_x + u, 1)).sum(axis=0)
            return [rate / total, drop_out / total]

        return self._in_blocks(both, 2, x, t_x, T)

    def discounted_stay(self, start: Array, t: Array, force: Array) -> Array:
        """∫_0^t e^{-δu} S(start+u)/S(start) du for a force of interest δ: time alive, discounted."""

        def block(law: Lifetime, _r: Parameter, _alpha: Parameter, start: Array, t: Array, force: Array) -> list[Array]:
            return [law.staying(start, t, Discount(force))]

        return self._in_blocks(block, 1, start, t, force)[0]

    def buys(self, start: Array, t: Array, R: Array, A: Array) -> Array:
        """P(a purchase in (start, start + t] | alive at the start) at a rate λ ~ Gamma(R, A)."""

        def block(law: Lifetime, _r: Parameter, _alpha: Parameter, *columns: Array) -> list[Array]:
            start, t, R, A = columns
            return [law.staying(start, t, NextPurchase(R, A))]

        return self._in_blocks(block, 1, start, t, R, A)[0]

    def pmf(self, n: Array, start: Array, t: Array, R: Array, A: Array) -> Array:
        """P(n purchases in (start, start + t] | alive at the start) at a rate λ ~ Gamma(R, A)."""

        def block(law: Lifetime, _r: Parameter, _alpha: Parameter, *columns: Array) -> list[Array]:
            n, start, t, R, A = columns
            count = Purchases(n, R, A)
            stays = np.exp(law.log_stay(start, t) + count.log_at(t))
            u, du = law.fine_nodes(start, t, count)
            leaves = np.exp(law.log_leave(start, u) + count.log_at(u)) * du
            return [stays + leaves.sum(axis=0)]

        return self._in_blocks(block, 1, n, start, t, R, A)[0]

    def _until_last(self, x: Array, t_x: Array) -> Array:
        """log Γ(R)/Γ(r) α^r (α+t_x)^-R S(t_x)."""
        counts = by_count(lambda n: log_rising(self.r, n), x, self.r)
        start = self.law(*self.own).log_stay(np.zeros_like(t_x), t_x)
        return counts - self.r * np.log1p(t_x / self.alpha) - x * np.log(self.alpha + t_x) + start

    def _in_blocks(self, f: Callable[..., list[Array]], results: int, *columns: Array) -> list[Array]:
        """f on rows of the broadcast columns and parameters, a block at a time."""
        parameters = (self.r, self.alpha, *self.own)
        shape = np.broadcast_shapes(*(np.shape(value) for value in (*columns, *parameters)))
        flat = [np.broadcast_to(column, shape).ravel() for column in columns]
        loose = [value if np.ndim(value) == 0 else np.broadcast_to(value, shape).ravel() for value in parameters]
        out = [np.empty(int(np.prod(shape))) for _ in range(results)]
        for rows in blocks(len(out[0]), self.law(*self.own).at_once):
            r, alpha, *own = (value if np.ndim(value) == 0 else np.asarray(value)[rows] for value in loose)
            values = f(self.law(*own), r, alpha, *(column[rows] for column in flat))
            for target, value in zip(out, values, strict=True):
                target[rows] = value
        return [target.reshape(shape) for target in out]


def log_left(law: Lifetime, start: Array, length: Array, scale: Array, rate: Array) -> Array:
    """`Lifetime.log_left` by the law's nodes."""
    u, du = law.nodes(start, length, scale, rate)
    exponents = law.log_leave(start, u)
    exponents -= rate * np.log1p(u / scale)
    top = _first(exponents)
    exponents -= top
    with np.errstate(divide="ignore"):
        return np.asarray(top + np.log(_sum(np.exp(exponents, out=exponents), du)))


def _log_silent(law: Lifetime, R: Array, since: Array, t_x: Array, T: Array) -> Array:
    """log S(T)/S(t_x) ((α+t_x)/(α+T))^R."""
    return law.log_stay(t_x, T - t_x) - R * np.log1p((T - t_x) / since)


def _score_block(law: Lifetime, r: Parameter, alpha: Parameter, x: Array, t_x: Array, T: Array) -> list[Array]:
    """log of both ways together; E[log (α + time alive)/(α + t_x)], E[1/(α + time alive)], and the law's slopes."""
    R, since = r + x, alpha + t_x
    u, terms = law.nodes(t_x, T - t_x, since, R)
    nearer = since / (since + u)
    gaps = -np.log(nearer)
    exponents, slopes = law.score_leave(t_x, u)
    exponents -= R * gaps
    silent = _log_silent(law, R, since, t_x, T)
    top = np.minimum(np.maximum(silent, _first(exponents)) + 500, 0.0)
    if top.any():
        exponents -= top
    terms *= np.exp(exponents, out=exponents)
    stay = np.exp(silent - top)
    total = stay + terms.sum(axis=0)
    terms /= total
    p = stay / total
    waited = p * np.log1p((T - t_x) / since) + _sum(terms, gaps)
    rates = p / (alpha + T) + _sum(terms, nearer) / since
    own = [p * end + _sum(terms, node) for end, node in zip(law.slopes_stay(T), slopes, strict=True)]
    return [top + np.log(total), waited, rates, *own]


def _first(exponents: Array) -> Array:
    """At the first node, about the largest: a scale in which sums do not vanish, -1e300 where there is no node."""
    return exponents[0].copy() if len(exponents) else np.full(exponents.shape[1:], -1e300)


def _sum(terms: Array, values: Array) -> Array:
    return np.asarray(np.einsum("kn,kn->n", terms, values))
