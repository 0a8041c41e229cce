"""The family of those who buy regularly and may leave after a purchase: BG/CNBD-k and its kin.

A customer's clock beats at random, at a rate λ ~ Gamma(r, α); every k-th beat is a purchase, so that the times between
purchases are Erlang-k. After a purchase the customer leaves for good with probability p ~ Beta(a, b). With `first` = 1
where the first purchase, at time 0, may be the last one, else 0, and R = r + kx, the likelihood is

    Γ(R)/Γ(r) B(a,b+x+first)/B(a,b) α^r (α+t_x)^-R [Σ_{j<k} P(j beats in T-t_x) + left]
    e^{(k-1) log_interpurchase}/(k-1)!^x,

left = a/(b+x-1+first) where there was a purchase after which to leave, else 0; beats after t_x are negative binomial,
λ ~ Gamma(R, α+t_x). A customer alive at T is in phase j with odds P(j beats), and then λ ~ Gamma(R+j, α+T) and
p ~ Beta(a, b+x+first); what lies ahead is in `erlang_integrals.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Self, TypeVar

import attrs
import numpy as np

from custvalue._typing import Array, ArrayLike, Ints, NDArray, Parameter
from custvalue.errors import ConvergenceError, DataError, ParameterError
from custvalue.evidence.rfm import RFM
from custvalue.inference.fit import Fit
from custvalue.inference.maximum_likelihood import Problem, maximize
from custvalue.models.buying.engines import erlang_integrals, erlang_intervals
from custvalue.models.buying.engines.dropout_after_purchase import DropOutModel, log_left
from custvalue.models.buying.engines.erlang_integrals import phases, score
from custvalue.models.buying.family import gamma_start, histories, worth
from custvalue.numerics.special import at_least, log_nbd_pmf, log_rising

M = TypeVar("M", bound="RegularModel")

_MOST = 20
"""Largest k that `fit` tries by itself."""


def whole_number(_model: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """Validate that k is a whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ParameterError(f"{attribute.name} must be a whole number >= 1; got {value!r}")


class RegularModel(DropOutModel):
    """Buying at every k-th beat of a random clock; leaving for good after a purchase, with a beta-mixed probability."""

    k: int

    @classmethod
    def problem(cls, rfm: RFM, /, *, k: int | None = None) -> Problem[Self]:
        """The statement of the estimation for a given k, or for the k that fits best.

        Parameters
        ----------
        rfm : RFM
            With `log_interpurchase` where k is searched. Without it, the log-likelihood of a given k lacks that term,
            and does not compare with that of other k or other models; parameters and predictions are the same.
        k : int, optional
            None (the default) tries 1, 2, 3, ... until the likelihood falls, at most up to 20, or until two in a row
            have no maximum; `Fit.warnings` says what was tried. AIC and BIC do not count k as a parameter.

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
        return self._each_row(rows, rfm, self._history) + spacing

    def _odds(self, x: Array, t_x: Array, T: Array, /) -> Array:
        stayed = np.logaddexp.reduce(phases(x, t_x, T, self.r, self.alpha, self.k)[0], axis=0)
        return np.asarray(stayed - log_left(x, self.a, self.b, self._first))

    def _stay(self, rfm: RFM, t: Array) -> Array:
        return self._ahead(partial(erlang_integrals.ahead, "stays"), rfm, t)

    def _leave(self, rfm: RFM, t: Array) -> Array:
        return self._ahead(partial(erlang_integrals.ahead, "leaves"), rfm, t)

    def _bought(self, rfm: RFM, t: Array, after: Array) -> Array:
        if not after.any():
            return self._ahead(partial(erlang_integrals.ahead, "purchases"), rfm, t)
        return self._ahead(erlang_intervals.purchases, rfm, after, t)

    def _discounted(self, rfm: RFM, force: ArrayLike, horizon: Array) -> Array:
        def ahead(x: Array, T: Array, force: Array, t: Array) -> Array:
            A = self.alpha + T
            return erlang_intervals.discounted(self.k, self._shape(x), self.a, self._stays(x), t / A, force * A)

        return self._over_phases(rfm, self._each_row(ahead, rfm, ("x", "T"), force, horizon))

    def _buys(self, rfm: RFM, t: Array, after: Array) -> Array:
        def buys(k: int, R: Array, _a: Parameter, _b: Parameter, h: Array) -> Array:
            return np.stack([at_least(np.asarray(k - j), R + j, h) for j in range(k)])

        return self._ahead(erlang_intervals.buys, rfm, after, t) if after.any() else self._ahead(buys, rfm, t)

    def _pmf(self, rfm: RFM, n: Array, t: Array, after: Array) -> Array:
        def now(k: int, R: Array, a: Parameter, b: Parameter, h: Array, n: Array) -> Array:
            return np.stack([_pmf(k, j, n, R + j, a, b, h) for j in range(k)])

        def later(k: int, R: Array, a: Array, b: Array, f: Array, h: Array, n: Array) -> Array:
            return erlang_intervals.pmf(k, n, R, a, b, f, h)

        return self._ahead(later, rfm, after, t, n=n) if after.any() else self._ahead(now, rfm, t, n=n)

    def posterior_mean_purchase_rate(self, rfm: RFM) -> Array:
        """E[λ/k | history]: purchases per unit of time while a customer, also of those who have probably left."""

        def beats(x: Array, t_x: Array, T: Array) -> Array:
            R = self._shape(x)
            still = [(R + j) / (self.alpha + T) for j in range(self.k)]
            return np.stack(np.broadcast_arrays(*still, R / (self.alpha + t_x)))

        rates = self._each_row(beats, rfm, self._history)
        alive = self._alive(rfm) * self._over_phases(rfm, rates)
        return np.asarray((alive + self._gone(rfm) * rates[-1]) / self.k)

    def _draw_histories(self, age: Array, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        x, whose, each, scale = self._draw_gaps(age, rng)
        logs = np.log(each * scale[whose])
        t_x, spacing = (np.bincount(whose, values, x.size) for values in (each, logs))
        return {"x": x, "t_x": np.minimum(t_x * scale, age.ravel()), "T": age, "log_interpurchase": spacing}

    def _draw_purchases(self, age: Array, rng: np.random.Generator) -> tuple[Ints, Array]:
        x, whose, each, scale = self._draw_gaps(age, rng)
        total = np.concatenate([[0.0], np.cumsum(each)])
        since = total[1:] - total[np.cumsum(x) - x][whose]
        return whose, np.minimum(since * scale[whose], age[whose])

    def _draw_gaps(self, age: Array, rng: np.random.Generator) -> tuple[Ints, Ints, Array, Array]:
        """x; whose each time between purchases is, and that time; what these are to be multiplied with, by customer."""
        beats, last = self._draw_last(age, rng)
        x = np.minimum(beats // self.k, last).astype(np.intp).ravel()
        # n beats at random in T are n + 1 equally distributed shares of it, those of a purchase k together
        whose = np.repeat(np.arange(x.size), x)
        each = rng.gamma(float(self.k), size=whose.size)
        whole_age = np.bincount(whose, each, x.size) + rng.gamma(beats.ravel() - self.k * x + 1.0)
        return x, whose, each, age.ravel() / whole_age

    def _shape(self, x: Array) -> Parameter:
        return self.r + self.k * x

    def _ahead(self, expectation: Callable[..., Array], rfm: RFM, *times: Array, n: Array | None = None) -> Array:
        """expectation(k, R, a, b, *times / A) of a customer alive at T, with a count `n` last where one is given."""
        count = () if n is None else (n,)

        def ahead(x: Array, T: Array, *more: Array) -> Array:
            spans = [t / (self.alpha + T) for t in more[: len(times)]]
            return expectation(self.k, self._shape(x), self.a, self._stays(x), *spans, *more[len(times) :])

        return self._over_phases(rfm, self._each_row(ahead, rfm, ("x", "T"), *times, *count))

    def _over_phases(self, rfm: RFM, values: Array) -> Array:
        """The mean, over the phases that a customer alive at T may be in, of values with the phases first."""

        def shares(x: Array, t_x: Array, T: Array) -> Array:
            log_phase = phases(x, t_x, T, self.r, self.alpha, self.k)[0]
            odds = np.exp(log_phase - log_phase.max(axis=0))
            return np.asarray(odds / odds.sum(axis=0))

        weights = self._each_row(shares, rfm, self._history)
        return np.asarray(sum(worth(weights[j], values[j]) for j in range(self.k)))


def _pmf(k: int, j: int, n: Array, R: Array, a: Parameter, b: Parameter, h: Array) -> Array:
    """P(n purchases in h | alive, in phase j)."""
    n, R, a, b, h = np.broadcast_arrays(n, R, a, b, h)
    due = k * n - j
    beats = [np.where(due + i >= 0, np.exp(log_nbd_pmf(np.maximum(due + i, 0), R, h)), 0.0) for i in range(k)]
    stayed = np.exp(log_rising(b, n) - log_rising(a + b, n)) * np.sum(beats, axis=0)
    before = np.maximum(n - 1, 0)
    leaves = np.exp(np.log(a) + log_rising(b, before) - log_rising(a + b, before + 1))
    return np.asarray(stayed) + np.where(n > 0, leaves * at_least(np.maximum(due, 1), R, h), 0.0)


def _stated(model: type[M], rfm: RFM, k: int) -> Problem[M]:
    """The statement of the estimation for one k."""

    def scored(parameters: Array, *columns: Array) -> tuple[Array, Array]:
        return score(*columns, *parameters, k=k, first=model._first)  # noqa: SLF001 (the family's own)

    rows = histories(rfm)
    r, alpha, age = gamma_start(rows, least=0.05, k=k)
    start = model(r, alpha, 1.0, 2.5, k=k, unit=rfm.unit)  # type: ignore[call-arg]
    found = Problem.of(start, rows, scored, time=age)
    if rfm.log_interpurchase is not None:
        spacing = float((rfm.weights * rfm.log_interpurchase).sum())
        return attrs.evolve(found, constant=(k - 1) * spacing)
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
