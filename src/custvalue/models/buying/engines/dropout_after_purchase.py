"""The family of those who may leave after a purchase: BG/NBD, and its kin who may leave after the first one too.

Purchases come at rates λ ~ Gamma(r, α); after a purchase a customer leaves for good with probability p ~ Beta(a, b).
With `first` = 1 where the first purchase, at time 0, may be the last one (MBG/NBD), else 0 (BG/NBD), the likelihood is

    Γ(r+x)/Γ(r) B(a,b+x+first)/B(a,b) α^r (α+t_x)^-(r+x) [((α+t_x)/(α+T))^(r+x) + left],

left = a/(b+x-1+first) where there was a purchase after which to leave (x > 0, or first), else 0. A customer alive
at T has λ ~ Gamma(r+x, α+T) and p ~ Beta(a, b+x+first).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, Self

import numpy as np
from scipy.special import betainc

from custvalue._typing import Array, ArrayLike, Ints, NDArray, Parameter
from custvalue.evidence.rfm import RFM
from custvalue.inference.maximum_likelihood import Problem
from custvalue.inference.transform import Log, Transform
from custvalue.models.buying.engines import dropout_integrals
from custvalue.models.buying.family import TransactionModel, gamma_start, histories, mean_rate_in_words, scattered
from custvalue.models.model import Limits
from custvalue.numerics.special import by_count, log_nbd_pmf, log_rising, psi_rising

First = Literal[0, 1]


def score(
    x: Array, t_x: Array, T: Array, r: Parameter, alpha: Parameter, a: Parameter, b: Parameter, *, first: First
) -> tuple[Array, Array]:
    """Log-likelihood per row, and its derivatives in r, α, a and b: shape (4, rows)."""

    def of_count(n: Array) -> Array:
        stays = n + first
        in_r, in_b, in_ab = psi_rising(r, n), psi_rising(b, stays), psi_rising(a + b, stays)
        counts = log_rising(r, n) + log_rising(b, stays) - log_rising(a + b, stays)
        return np.stack(np.broadcast_arrays(counts, in_r, in_b - in_ab, in_ab, log_left(n, a, b, first)))

    counts, in_r, in_b, in_ab, left = by_count(of_count, x, r, a, b)
    since, waited = alpha + t_x, np.log1p(t_x / alpha)
    gap = np.log1p((T - t_x) / since)
    stayed = -(r + x) * gap
    odds = stayed - left
    tail = np.exp(-np.abs(odds))
    less = tail / (1 + tail)
    gone = np.where(odds > 0, less, 1 - less)
    value = counts - r * waited - x * np.log(since) + np.maximum(stayed, left) + np.log1p(tail)
    in_alpha = r / alpha - (r + x) * ((1 - gone) / (alpha + T) + gone / since)
    after = b + np.maximum(x + first - 1, 0)
    slopes = (in_r - waited - (1 - gone) * gap, in_alpha, gone / a - in_ab, in_b - gone / after)
    return np.asarray(value), np.stack(np.broadcast_arrays(*slopes))


class DropOutModel(TransactionModel):
    """Leaving for good after a purchase, with a beta-mixed probability: what buying at random and in a rhythm share."""

    r: Parameter
    alpha: Parameter
    a: Parameter
    b: Parameter
    _first: ClassVar[First]
    """1 where the first purchase may be the last."""
    _transforms: ClassVar[Mapping[str, Transform]] = {"alpha": Log(time=1)}
    _limits: ClassVar[Limits] = {
        "r": ("hardly anyone buys again", "all customers buy at the same rate"),
        "alpha": ("purchase rates are beyond measure", "all customers buy at the same rate"),
        "a": ("hardly anyone ever leaves: NBD would do", "all customers leave with the same probability"),
        "b": ("hardly anyone stays after a second purchase", "leaving is the same for all, or never"),
    }

    def posterior_mean_drop_out(self, rfm: RFM) -> Array:
        """E[p | history], p the customer's probability to leave after a purchase."""
        return np.asarray((self.a + self._gone(rfm)) / (self.a + self.b + rfm.x + self._first))

    def in_words(self) -> tuple[tuple[str, str, str], ...]:
        share = f"{float(self.a / (self.a + self.b)):.1%}"
        rate = mean_rate_in_words(self.r, self.alpha, self.unit, k=getattr(self, "k", 1))
        return rate, ("Leaving, a/(a+b)", share, "chance after a purchase")

    def _stays(self, x: Array) -> Parameter:
        """The second shape of the beta distribution of p, of a customer alive at T."""
        return self.b + x + self._first

    def _draw_last(self, age: Array, rng: np.random.Generator) -> tuple[Ints, Array]:
        """Poisson events at each customer's rate until the age, and the repeat purchase after which they leave.

        The first purchase has number 0. The probability to leave is kept between 1e-300 and the largest double below 1,
        so that the geometric number of purchases is a float.
        """
        rate = rng.gamma(self.r, 1 / np.asarray(self.alpha), age.shape)
        drop_out = np.clip(rng.beta(self.a, self.b, age.shape), 1e-300, 1 - 2**-53)
        events = rng.poisson(rate * age)
        last = np.ceil(rng.exponential(size=age.shape) / -np.log1p(-drop_out))
        return events, np.maximum(last, 1.0) - self._first


class AfterPurchaseModel(DropOutModel):
    """Buying at random at gamma-mixed rates; leaving for good after a purchase, with a beta-mixed probability."""

    @classmethod
    def problem(cls, rfm: RFM, /) -> Problem[Self]:
        def scored(parameters: Array, *columns: Array) -> tuple[Array, Array]:
            return score(*columns, *parameters, first=cls._first)

        rows = histories(rfm)
        r, alpha, age = gamma_start(rows, least=0.05)
        start = cls(r, alpha, 1.0, 2.5, unit=rfm.unit)  # type: ignore[call-arg]
        return Problem.of(start, rows, scored, time=age)

    def log_likelihood(self, rfm: RFM) -> Array:
        self._unit_of(rfm)

        def rows(x: Array, t_x: Array, T: Array) -> Array:
            return score(x, t_x, T, self.r, self.alpha, self.a, self.b, first=self._first)[0]

        return self._each_row(rows, rfm, self._history)

    def _odds(self, x: Array, t_x: Array, T: Array, /) -> Array:
        stayed = -(self.r + x) * np.log1p((T - t_x) / (self.alpha + t_x))
        return np.asarray(stayed - log_left(x, self.a, self.b, self._first))

    def _stay(self, rfm: RFM, t: Array) -> Array:
        return self._ahead(dropout_integrals.stay, rfm, t)

    def _leave(self, rfm: RFM, t: Array) -> Array:
        return self._ahead(dropout_integrals.leave, rfm, t)

    def _bought(self, rfm: RFM, t: Array, after: Array) -> Array:
        if not after.any():
            return self._ahead(dropout_integrals.expected_purchases, rfm, t)
        return self._ahead(dropout_integrals.expected_purchases_later, rfm, after, t)

    def _discounted(self, rfm: RFM, force: ArrayLike, horizon: Array) -> Array:
        def ahead(x: Array, T: Array, force: Array, t: Array) -> Array:
            A = self.alpha + T
            return dropout_integrals.discounted_purchases(self.r + x, self.a, self._stays(x), t / A, force * A)

        return self._each_row(ahead, rfm, ("x", "T"), force, horizon)

    def _buys(self, rfm: RFM, t: Array, after: Array) -> Array:
        def buys(R: Array, _a: Parameter, _b: Parameter, h: Array) -> Array:
            return np.asarray(-np.expm1(-R * np.log1p(h)))

        return self._ahead(dropout_integrals.buys, rfm, after, t) if after.any() else self._ahead(buys, rfm, t)

    def _pmf(self, rfm: RFM, n: Array, t: Array, after: Array) -> Array:
        def later(R: Array, a: Parameter, b: Parameter, f: Array, h: Array, n: Array) -> Array:
            return dropout_integrals.pmf(n, R, a, b, f, h)

        return self._ahead(later, rfm, after, t, n=n) if after.any() else self._ahead(_pmf, rfm, t, n=n)

    def posterior_mean_purchase_rate(self, rfm: RFM) -> Array:
        """E[λ | history]: purchases per unit of time while a customer, also of those who have probably left."""

        def rates(x: Array, t_x: Array, T: Array) -> Array:
            return np.stack(np.broadcast_arrays((self.r + x) / (self.alpha + T), (self.r + x) / (self.alpha + t_x)))

        still, before = self._each_row(rates, rfm, self._history)
        return np.asarray(self._alive(rfm) * still + self._gone(rfm) * before)

    def _draw_histories(self, age: Array, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        wanted, last = self._draw_last(age, rng)
        x = np.minimum(wanted, last)
        share = rng.beta(np.maximum(x, 1), wanted - x + 1)  # of the age: the x-th smallest of `wanted` uniform times
        return {"x": x, "t_x": np.where(x > 0, age * share, 0.0), "T": age}

    def _draw_purchases(self, age: Array, rng: np.random.Generator) -> tuple[Ints, Array]:
        x, t_x, _ = self._draw_histories(age, rng).values()
        buyers = np.flatnonzero(x)
        whose, when = scattered(np.maximum(x - 1, 0).astype(np.intp), t_x, rng)
        order = np.argsort(np.concatenate([whose, buyers]), kind="stable")
        return np.concatenate([whose, buyers])[order], np.concatenate([when, t_x[buyers]])[order]

    def _ahead(self, expectation: Callable[..., Array], rfm: RFM, *times: Array, n: Array | None = None) -> Array:
        """expectation(R, a, b, *times / A) of a customer alive at T, with a count `n` last where one is given."""
        count = () if n is None else (n,)

        def ahead(x: Array, T: Array, *more: Array) -> Array:
            spans = [t / (self.alpha + T) for t in more[: len(times)]]
            return expectation(self.r + x, self.a, self._stays(x), *spans, *more[len(times) :])

        return self._each_row(ahead, rfm, ("x", "T"), *times, *count)


def log_left(x: Array, a: Parameter, b: Parameter, first: First) -> Array:
    """Log-odds of having left at the last purchase against staying then; -inf where that was not possible."""
    could = x + first > 0
    return np.where(could, np.log(a) - np.log(b + np.maximum(x + first - 1, 0)), -np.inf)


def _pmf(R: Parameter, a: Parameter, b: Parameter, h: Parameter, n: Array) -> Array:
    """P(n purchases in h | alive) for λ ~ Gamma(R, 1) and p ~ Beta(a, b) (Fader, Hardie & Lee 2005, eq. 8)."""
    n, R, a, b, h = np.broadcast_arrays(n, R, a, b, h)
    stayed = np.exp(log_nbd_pmf(n, R, h) + log_rising(b, n) - log_rising(a + b, n))
    before = np.maximum(n - 1, 0)
    log_leaves = np.log(a) + log_rising(b, before) - log_rising(a + b, before + 1)
    enough = betainc(np.maximum(n, 1), R, _share(h))
    return stayed + np.where(n > 0, np.exp(log_leaves) * enough, 0.0)


def _share(h: Array) -> Array:
    """h/(1+h), h from 0 to infinity."""
    with np.errstate(divide="ignore"):
        return np.asarray(1 / (1 + 1 / h))
