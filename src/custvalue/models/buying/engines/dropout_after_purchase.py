"""The family of those who may leave after a purchase: BG/NBD, and its kin who may leave after the first one too.

Purchases come at rates λ ~ Gamma(r, α); after a purchase a customer leaves for good with probability p ~ Beta(a, b).
With `first` = 1 where the first purchase, at time 0, may be the last one (MBG/NBD), else 0 (BG/NBD), the likelihood is

    Γ(r+x)/Γ(r) B(a,b+x+first)/B(a,b) α^r (α+t_x)^-(r+x) [((α+t_x)/(α+T))^(r+x) + left],

left = a/(b+x-1+first) where there was a purchase after which to leave (x > 0, or first), else 0. A customer alive
at T has λ ~ Gamma(r+x, α+T) and p ~ Beta(a, b+x+first).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Literal, Self

import numpy as np
from scipy.special import betainc, expit

from custvalue._typing import Array, ArrayLike, Ints, Parameter
from custvalue.evidence.rfm import RFM
from custvalue.inference.maximum_likelihood import Problem
from custvalue.inference.transform import Log, Transform
from custvalue.models.buying.engines import dropout_integrals as _drop_out
from custvalue.models.buying.family import TransactionModel, gamma_start, histories, scattered, worth
from custvalue.models.model import Limits, duration, known_unit, whole
from custvalue.numerics.special import by_count, log_nbd_pmf, log_rising, psi_rising
from custvalue.units import Unit

_HISTORY = ("x", "t_x", "T")
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


class AfterPurchaseModel(TransactionModel):
    """Buying at random at gamma-mixed rates; leaving for good after a purchase, with a beta-mixed probability."""

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

        return self._each_row(rows, rfm, _HISTORY)

    def p_alive(self, rfm: RFM, ahead: ArrayLike = 0.0) -> Array:
        alive = self._alive(rfm)
        t = duration("ahead", ahead)
        return alive if not t.any() else alive * self._ahead(_drop_out.stay, rfm, t)

    def churn_probability(self, rfm: RFM, within: ArrayLike) -> Array:
        t = duration("within", within)
        return np.minimum(self._gone(rfm) + self._alive(rfm) * self._ahead(_drop_out.leave, rfm, t), 1.0)

    def expected_purchases(self, rfm: RFM, t: ArrayLike, *, after: ArrayLike = 0.0) -> Array:
        span, later = duration("t", t), duration("after", after)
        if not later.any():
            return worth(self._alive(rfm), self._ahead(_drop_out.expected_purchases, rfm, span))
        return worth(self._alive(rfm), self._later(_drop_out.expected_purchases_later, rfm, later, span))

    def _discounted(self, rfm: RFM, force: ArrayLike, horizon: ArrayLike) -> Array:
        def ahead(x: Array, T: Array, force: Array, t: Array) -> Array:
            A = self.alpha + T
            return _drop_out.discounted_purchases(self.r + x, self.a, self.b + x + self._first, t / A, force * A)

        return worth(self._alive(rfm), self._each_row(ahead, rfm, ("x", "T"), force, horizon))

    def probability_of_purchase(self, rfm: RFM, t: ArrayLike, *, after: ArrayLike = 0.0) -> Array:
        def buys(x: Array, T: Array, t: Array) -> Array:
            return np.asarray(-np.expm1(-(self.r + x) * np.log1p(t / (self.alpha + T))))

        span, later = duration("t", t), duration("after", after)
        if not later.any():
            return self._alive(rfm) * self._each_row(buys, rfm, ("x", "T"), span)
        return self._alive(rfm) * self._later(_drop_out.buys, rfm, later, span)

    def purchase_pmf(self, rfm: RFM, n: ArrayLike, t: ArrayLike, *, after: ArrayLike = 0.0) -> Array:
        def while_customer(x: Array, T: Array, n: Array, t: Array) -> Array:
            return _pmf(n, self.r + x, self.a, self.b + x + self._first, t / (self.alpha + T))

        count, span, later = whole("n", n), duration("t", t), duration("after", after)
        if not later.any():
            ahead, gone = self._each_row(while_customer, rfm, ("x", "T"), count, span), self._gone(rfm)
        else:
            ahead, gone = self._later(_drop_out.pmf, rfm, count, later, span), self.churn_probability(rfm, later)
        return np.minimum(self._alive(rfm) * ahead + np.where(count == 0, gone, 0.0), 1.0)

    def posterior_mean_purchase_rate(self, rfm: RFM) -> Array:
        """E[λ | history]: purchases per unit of time while a customer, also of those who have probably left."""

        def rates(x: Array, t_x: Array, T: Array) -> Array:
            return np.stack(np.broadcast_arrays((self.r + x) / (self.alpha + T), (self.r + x) / (self.alpha + t_x)))

        still, before = self._each_row(rates, rfm, _HISTORY)
        return np.asarray(self._alive(rfm) * still + self._gone(rfm) * before)

    def posterior_mean_drop_out(self, rfm: RFM) -> Array:
        """E[p | history], p the customer's probability to leave after a purchase."""
        return np.asarray((self.a + self._gone(rfm)) / (self.a + self.b + rfm.x + self._first))

    def simulate(self, T: ArrayLike, *, rng: np.random.Generator | int, unit: Unit | None = None) -> RFM:
        rng = np.random.default_rng(rng)
        age = np.asarray(T, dtype=np.float64)
        x, t_x = self._draw_histories(age, rng)
        return RFM(x, t_x, age, unit=known_unit(self, unit))

    def _draw_purchases(self, age: Array, rng: np.random.Generator) -> tuple[Ints, Array]:
        x, t_x = self._draw_histories(age, rng)
        buyers = np.flatnonzero(x)
        whose, when = scattered(np.maximum(x - 1, 0).astype(np.intp), t_x, rng)
        order = np.argsort(np.concatenate([whose, buyers]), kind="stable")
        return np.concatenate([whose, buyers])[order], np.concatenate([when, t_x[buyers]])[order]

    def _draw_histories(self, age: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """x and t_x of one customer of each age."""
        rate = rng.gamma(self.r, 1 / np.asarray(self.alpha), age.shape)
        drop_out = np.clip(rng.beta(self.a, self.b, age.shape), 1e-300, 1 - 2**-53)
        wanted = rng.poisson(rate * age)
        last = np.ceil(rng.exponential(size=age.shape) / -np.log1p(-drop_out))
        x = np.minimum(wanted, np.maximum(last, 1.0) - self._first)
        share = rng.beta(np.maximum(x, 1), wanted - x + 1)
        return x, np.where(x > 0, age * share, 0.0)

    def _alive(self, rfm: RFM) -> Array:
        return np.asarray(expit(self._log_odds(rfm)))

    def _gone(self, rfm: RFM) -> Array:
        return np.asarray(expit(-self._log_odds(rfm)))

    def _log_odds(self, rfm: RFM) -> Array:
        self._unit_of(rfm)

        def odds(x: Array, t_x: Array, T: Array) -> Array:
            stayed = -(self.r + x) * np.log1p((T - t_x) / (self.alpha + t_x))
            return stayed - log_left(x, self.a, self.b, self._first)

        return self._each_row(odds, rfm, _HISTORY)

    def _ahead(self, expectation: _drop_out.Expectation, rfm: RFM, t: Array) -> Array:
        """An expectation over what lies ahead of a customer who is alive at T."""

        def ahead(x: Array, T: Array, t: Array) -> Array:
            return expectation(self.r + x, self.a, self.b + x + self._first, t / (self.alpha + T))

        return self._each_row(ahead, rfm, ("x", "T"), t)

    def _later(self, expectation: Callable[..., Array], rfm: RFM, *arguments: Array) -> Array:
        """An expectation over an interval, `arguments` ending with how long after T it begins and how long it is."""

        def later(x: Array, T: Array, *arguments: Array) -> Array:
            *count, after, t = arguments
            A, stays = self.alpha + T, self.b + x + self._first
            return expectation(*count, self.r + x, self.a, stays, after / A, t / A)

        return self._each_row(later, rfm, ("x", "T"), *arguments)


def log_left(x: Array, a: Parameter, b: Parameter, first: First) -> Array:
    """Log-odds of having left at the last purchase against staying then; -inf where that was not possible."""
    could = x + first > 0
    return np.where(could, np.log(a) - np.log(b + np.maximum(x + first - 1, 0)), -np.inf)


def _pmf(n: Array, R: Parameter, a: Parameter, b: Parameter, h: Parameter) -> Array:
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
