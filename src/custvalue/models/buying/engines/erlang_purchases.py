"""The family of those who buy regularly and may leave after a purchase: BG/CNBD-k and its kin.

A customer's clock beats at random, at a rate λ ~ Gamma(r, α); every k-th beat is a purchase, so that the times between
purchases are Erlang-k. After a purchase the customer leaves for good with probability p ~ Beta(a, b). With `first` = 1
where the first purchase, at time 0, may be the last one, else 0, and R = r + kx, the likelihood is

    Γ(R)/Γ(r) B(a,b+x+first)/B(a,b) α^r (α+t_x)^-R [Σ_{j<k} P(j beats in T-t_x) + left] e^{(k-1) log_interpurchase}/(k-1)!^x,

left = a/(b+x-1+first) where there was a purchase after which to leave, else 0; beats after t_x are negative binomial,
λ ~ Gamma(R, α+t_x). A customer alive at T is in phase j with odds P(j beats), and then λ ~ Gamma(R+j, α+T) and
p ~ Beta(a, b+x+first); what lies ahead is in `erlang_integrals.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self, TypeVar

import attrs
import numpy as np
from scipy.special import expit

from custvalue._typing import Array, ArrayLike, Ints, Parameter
from custvalue.errors import ConvergenceError, DataError, ParameterError
from custvalue.evidence.rfm import RFM
from custvalue.inference.fit import Fit
from custvalue.inference.maximum_likelihood import Problem, maximize
from custvalue.inference.transform import Log, Transform
from custvalue.models.buying.engines import erlang_integrals as _erlang
from custvalue.models.buying.engines import erlang_intervals as _erlang_later
from custvalue.models.buying.engines.dropout_after_purchase import AfterPurchaseModel, First, log_left
from custvalue.models.buying.engines.erlang_integrals import phases, score
from custvalue.models.buying.engines.erlang_intervals import discounted
from custvalue.models.buying.family import TransactionModel, gamma_start, histories, worth
from custvalue.models.model import Limits, duration, known_unit, whole
from custvalue.numerics.special import at_least, log_nbd_pmf, log_rising
from custvalue.units import Unit

M = TypeVar("M", bound="RegularModel")

_HISTORY = ("x", "t_x", "T")
_MOST = 20
"""Largest k that `fit` tries by itself."""


def whole_number(_model: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """Validate that k is a whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ParameterError(f"{attribute.name} must be a whole number >= 1; got {value!r}")


class RegularModel(TransactionModel):
    """Buying at every k-th beat of a random clock; leaving for good after a purchase, with a beta-mixed probability."""

    r: Parameter
    alpha: Parameter
    a: Parameter
    b: Parameter
    k: int
    _first: ClassVar[First]
    """1 where the first purchase may be the last."""
    _transforms: ClassVar[Mapping[str, Transform]] = {"alpha": Log(time=1)}
    _limits: ClassVar[Limits] = AfterPurchaseModel._limits  # noqa: SLF001 (the same parameters)

    @classmethod
    def problem(cls, rfm: RFM, /, *, k: int | None = None) -> Problem[Self]:
        """The statement of the estimation for a given k, or for the k that fits best.

        Parameters
        ----------
        rfm : RFM
            With `log_interpurchase` where k is searched. Without it, the log-likelihood of a given k lacks that term, and
            is no longer comparable with that of other k or other models; parameters and predictions are the same.
        k : int, optional
            None (the default) tries 1, 2, 3, ... until the likelihood falls, at most up to 20, or until two in a row have
            no maximum; `Fit.warnings` says what was tried. AIC and BIC do not count k as a parameter.

        Raises
        ------
        ConvergenceError
            The likelihood has no interior maximum for any k tried; the message names the direction and the remedy.
        DataError
            k is None and the RFM has no log_interpurchase; or no customer has bought again.
        """
        return _stated(cls, rfm, k) if k is not None else _searched(cls, rfm)

    def log_likelihood(self, rfm: RFM) -> Array:
        """Log-likelihood of each row; without the term of `log_interpurchase` where the RFM has none."""
        self._unit_of(rfm)

        def rows(x: Array, t_x: Array, T: Array) -> Array:
            return score(x, t_x, T, self.r, self.alpha, self.a, self.b, k=self.k, first=self._first)[0]

        spacing = 0.0 if rfm.log_interpurchase is None else (self.k - 1) * rfm.log_interpurchase
        return self._each_row(rows, rfm, _HISTORY) + spacing

    def p_alive(self, rfm: RFM, ahead: ArrayLike = 0.0) -> Array:
        t = duration("ahead", ahead)
        return self._alive(rfm) if not t.any() else self._alive(rfm) * self._ahead("stays", rfm, t)

    def churn_probability(self, rfm: RFM, within: ArrayLike) -> Array:
        ahead = self._ahead("leaves", rfm, duration("within", within))
        return np.minimum(expit(-self._log_odds(rfm)) + self._alive(rfm) * ahead, 1.0)

    def expected_purchases(self, rfm: RFM, t: ArrayLike, *, after: ArrayLike = 0.0) -> Array:
        span, begin = duration("t", t), duration("after", after)
        if not begin.any():
            return worth(self._alive(rfm), self._ahead("purchases", rfm, span))
        return worth(self._alive(rfm), self._later(_erlang_later.purchases, rfm, begin, span))

    def _discounted(self, rfm: RFM, force: ArrayLike, horizon: ArrayLike) -> Array:
        def ahead(x: Array, T: Array, force: Array, t: Array) -> Array:
            A = self.alpha + T
            return discounted(self.k, self._shape(x), self.a, self._stays(x), t / A, force * A)

        phases = self._each_row(ahead, rfm, ("x", "T"), force, horizon)
        return worth(self._alive(rfm), self._over_phases(rfm, phases))

    def probability_of_purchase(self, rfm: RFM, t: ArrayLike, *, after: ArrayLike = 0.0) -> Array:
        def buys(x: Array, T: Array, t: Array) -> Array:
            h, R = t / (self.alpha + T), self._shape(x)
            return np.stack([at_least(np.asarray(self.k - j), R + j, h) for j in range(self.k)])

        span, begin = duration("t", t), duration("after", after)
        if begin.any():
            return self._alive(rfm) * self._later(_erlang_later.buys, rfm, begin, span)
        phases = self._each_row(buys, rfm, ("x", "T"), span)
        return self._alive(rfm) * self._over_phases(rfm, phases)

    def purchase_pmf(self, rfm: RFM, n: ArrayLike, t: ArrayLike, *, after: ArrayLike = 0.0) -> Array:
        def while_customer(x: Array, T: Array, n: Array, t: Array) -> Array:
            h = t / (self.alpha + T)
            return np.stack([self._pmf(j, n, self._shape(x) + j, self._stays(x), h) for j in range(self.k)])

        count, span, begin = whole("n", n), duration("t", t), duration("after", after)
        if begin.any():
            gone = np.where(count == 0, self.churn_probability(rfm, begin), 0.0)
            return np.minimum(self._alive(rfm) * self._later(_erlang_later.pmf, rfm, count, begin, span) + gone, 1.0)
        phases = self._each_row(while_customer, rfm, ("x", "T"), count, span)
        none = np.where(count == 0, expit(-self._log_odds(rfm)), 0.0)
        return np.minimum(self._alive(rfm) * self._over_phases(rfm, phases) + none, 1.0)

    def posterior_mean_purchase_rate(self, rfm: RFM) -> Array:
        """E[λ/k | history]: purchases per unit of time while a customer, also of those who have probably left."""

        def beats(x: Array, t_x: Array, T: Array) -> Array:
            R = self._shape(x)
            still = [(R + j) / (self.alpha + T) for j in range(self.k)]
            return np.stack(np.broadcast_arrays(*still, R / (self.alpha + t_x)))

        rates = self._each_row(beats, rfm, _HISTORY)
        alive = self._alive(rfm) * self._over_phases(rfm, rates)
        return np.asarray((alive + expit(-self._log_odds(rfm)) * rates[-1]) / self.k)

    def posterior_mean_drop_out(self, rfm: RFM) -> Array:
        """E[p | history], p the customer's probability to leave after a purchase."""
        gone = expit(-self._log_odds(rfm))
        return np.asarray((self.a + gone) / (self.a + self.b + rfm.x + self._first))

    def simulate(self, T: ArrayLike, *, rng: np.random.Generator | int, unit: Unit | None = None) -> RFM:
        """Draw one customer of each age in T: repeat purchases x, recency t_x and log_interpurchase."""
        rng = np.random.default_rng(rng)
        age = np.asarray(T, dtype=np.float64)
        x, whose, each, scale = self._draw_gaps(age, rng)
        logs = np.log(each * scale[whose])
        t_x, spacing = (np.bincount(whose, values, x.size) for values in (each, logs))
        x, t_x, spacing = (column.reshape(age.shape) for column in (x, np.minimum(t_x * scale, age.ravel()), spacing))
        return RFM(x, t_x, age, log_interpurchase=spacing, unit=known_unit(self, unit))

    def _draw_purchases(self, age: Array, rng: np.random.Generator) -> tuple[Ints, Array]:
        x, whose, each, scale = self._draw_gaps(age, rng)
        total = np.concatenate([[0.0], np.cumsum(each)])
        since = total[1:] - total[np.cumsum(x) - x][whose]
        return whose, np.minimum(since * scale[whose], age[whose])

    def _draw_gaps(self, age: Array, rng: np.random.Generator) -> tuple[Ints, Ints, Array, Array]:
        """x; whose each time between purchases is, and that time; what these are to be multiplied with, by customer."""
        rate = rng.gamma(self.r, 1 / np.asarray(self.alpha), age.shape)
        drop_out = np.clip(rng.beta(self.a, self.b, age.shape), 1e-300, 1 - 2**-53)
        beats = rng.poisson(rate * age)
        last = np.ceil(rng.exponential(size=age.shape) / -np.log1p(-drop_out))
        x = np.minimum(beats // self.k, np.maximum(last, 1.0) - self._first).astype(np.intp).ravel()
        # n beats at random in T are n + 1 equally distributed shares of it, those of a purchase k together
        whose = np.repeat(np.arange(x.size), x)
        each = rng.gamma(float(self.k), size=whose.size)
        whole_age = np.bincount(whose, each, x.size) + rng.gamma(beats.ravel() - self.k * x + 1.0)
        return x, whose, each, age.ravel() / whole_age

    def _shape(self, x: Array) -> Parameter:
        return self.r + self.k * x

    def _stays(self, x: Array) -> Parameter:
        return self.b + x + self._first

    def _pmf(self, j: int, n: Array, R: Parameter, b: Parameter, h: Array) -> Array:
        """P(n purchases in h | alive, in phase j)."""
        n, R, b, h = np.broadcast_arrays(n, R, b, h)
        due = self.k * n - j
        beats = [np.where(due + i >= 0, np.exp(log_nbd_pmf(np.maximum(due + i, 0), R, h)), 0.0) for i in range(self.k)]
        stayed = np.exp(log_rising(b, n) - log_rising(self.a + b, n)) * np.sum(beats, axis=0)
        before = np.maximum(n - 1, 0)
        leaves = np.exp(np.log(self.a) + log_rising(b, before) - log_rising(self.a + b, before + 1))
        return np.asarray(stayed) + np.where(n > 0, leaves * at_least(np.maximum(due, 1), R, h), 0.0)

    def _alive(self, rfm: RFM) -> Array:
        return np.asarray(expit(self._log_odds(rfm)))

    def _log_odds(self, rfm: RFM) -> Array:
        self._unit_of(rfm)

        def odds(x: Array, t_x: Array, T: Array) -> Array:
            stayed = np.logaddexp.reduce(phases(x, t_x, T, self.r, self.alpha, self.k)[0], axis=0)
            return np.asarray(stayed - log_left(x, self.a, self.b, self._first))

        return self._each_row(odds, rfm, _HISTORY)

    def _ahead(self, question: _erlang.Question, rfm: RFM, t: Array) -> Array:
        """An expectation over what lies ahead of a customer who is alive at T."""

        def ahead(x: Array, T: Array, t: Array) -> Array:
            return _erlang.ahead(question, self.k, self._shape(x), self.a, self._stays(x), t / (self.alpha + T))

        return self._over_phases(rfm, self._each_row(ahead, rfm, ("x", "T"), t))

    def _later(self, expectation: Callable[..., Array], rfm: RFM, *arguments: Array) -> Array:
        """An expectation over an interval, `arguments` ending with how long after T it begins and how long it is."""

        def later(x: Array, T: Array, *arguments: Array) -> Array:
            *count, after, t = arguments
            A = self.alpha + T
            return expectation(self.k, *count, self._shape(x), self.a, self._stays(x), after / A, t / A)

        return self._over_phases(rfm, self._each_row(later, rfm, ("x", "T"), *arguments))

    def _over_phases(self, rfm: RFM, values: Array) -> Array:
        """The mean, over the phases that a customer alive at T may be in, of values with the phases first."""

        def shares(x: Array, t_x: Array, T: Array) -> Array:
            log_phase = phases(x, t_x, T, self.r, self.alpha, self.k)[0]
            odds = np.exp(log_phase - log_phase.max(axis=0))
            return np.asarray(odds / odds.sum(axis=0))

        weights = self._each_row(shares, rfm, _HISTORY)
        return np.asarray(sum(worth(weights[j], values[j]) for j in range(self.k)))


def _stated(model: type[M], rfm: RFM, k: int) -> Problem[M]:
    """The statement of the estimation for one k."""

    def scored(parameters: Array, *columns: Array) -> tuple[Array, Array]:
        return score(*columns, *parameters, k=k, first=model._first)  # noqa: SLF001 (the family's own)

    rows = histories(rfm)
    r, alpha, age = gamma_start(rows, least=0.05, k=k)
    start = model(r, alpha, 1.0, 2.5, k=k, unit=rfm.unit)  # type: ignore[call-arg]
    found = Problem.of(start, rows, scored, time=age)
    if rfm.log_interpurchase is not None:
        spacing = (
            rfm.log_interpurchase if getattr(rfm, "weights", None) is None else rfm.weights * rfm.log_interpurchase
        )
        return attrs.evolve(found, constant=(k - 1) * float(spacing.sum()))
    lacks = (
        "the log-likelihood lacks the term of log_interpurchase: compare it neither with other k nor with other models"
    )
    return found if k == 1 else attrs.evolve(found, notes=(lacks,))


def _searched(model: type[M], rfm: RFM) -> Problem[M]:
    """The statement for the best of k = 1, 2, ..., begun where its own search ended.

    k ends where the likelihood falls, or where two in a row have no maximum.
    """
    histories(rfm)
    if rfm.log_interpurchase is None:
        raise DataError(
            "log_interpurchase is needed to find k: build the RFM with log_interpurchase=True, or give k, "
            "such as fit(rfm, k=2)"
        )
    fits: dict[int, Fit[M]] = {}
    refused: list[ConvergenceError] = []
    for k in range(1, _MOST + 1):
        try:
            fits[k] = maximize(_stated(model, rfm, k))
        except ConvergenceError as error:
            refused.append(error)
            if k > 1 and not {k, k - 1} & fits.keys():
                break
        if k - 1 in fits and k in fits and fits[k].log_likelihood < fits[k - 1].log_likelihood:
            break
    if not fits:
        raise refused[0]
    best = max(fits, key=lambda k: fits[k].log_likelihood)
    tried = ", ".join(f"{k}: {fit.log_likelihood:.2f}" for k, fit in fits.items())
    found = _stated(model, rfm, best).beginning(fits[best].model.parameters)
    return attrs.evolve(found, notes=(f"k = {best} has the highest log-likelihood of {tried}",))
