"""BG/NBD: customers buy at random while they stay, and after any purchase may leave for good.

Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). "Counting your customers" the easy way: an alternative to the
Pareto/NBD model. Marketing Science 24(2), 275-284.

| assumption | form |
| --- | --- |
| purchases while a customer | Poisson at rate λ |
| rates over customers | λ ~ Gamma(shape r, rate α) |
| leaving | with probability p after each repeat purchase |
| drop-out over customers | p ~ Beta(a, b), independent of λ |

The trap: who has not bought again (x = 0) has had no occasion to leave, so P(alive) is 1 by assumption.
"""

from __future__ import annotations

from typing import ClassVar, Self, final

import numpy as np
from attrs import field, frozen
from scipy.special import betainc, expit

from custvalue._typing import Array, ArrayLike, Parameter
from custvalue.evidence.rfm import RFM
from custvalue.inference.fit import Fit
from custvalue.inference.fitting import Problem, maximize
from custvalue.models import _drop_out
from custvalue.models._base import (
    Limits,
    TransactionModel,
    as_parameter,
    duration,
    histories,
    optional_unit,
    positive,
    same_parameter,
    whole,
    worth,
)
from custvalue.models._special import by_count, log_nbd_pmf, log_rising, psi_rising
from custvalue.units import Unit

_HISTORY = ("x", "t_x", "T")


def log_likelihood(x: Array, t_x: Array, T: Array, r: Parameter, alpha: Parameter, a: Parameter, b: Parameter) -> Array:
    """Log-likelihood per row (Fader, Hardie & Lee 2005, eq. 6), in the form that neither overflows nor cancels.

    log of  Γ(r+x)/Γ(r) B(a,b+x)/B(a,b) α^r (α+t_x)^-(r+x) [((α+t_x)/(α+T))^(r+x) + 1(x>0) a/(b+x-1)].
    """
    counts = by_count(lambda n: log_rising(r, n) + log_rising(b, n) - log_rising(a + b, n), x, r, a, b)
    stayed = -(r + x) * np.log1p((T - t_x) / (alpha + t_x))
    paid = counts - r * np.log1p(t_x / alpha) - x * np.log(alpha + t_x)
    return np.asarray(paid + np.logaddexp(stayed, _log_left(x, a, b)))


def gradient(x: Array, t_x: Array, T: Array, r: Parameter, alpha: Parameter, a: Parameter, b: Parameter) -> Array:
    """Derivatives of `log_likelihood` in r, α, a and b: shape (4, rows)."""
    return score(x, t_x, T, r, alpha, a, b)[1]


def score(
    x: Array, t_x: Array, T: Array, r: Parameter, alpha: Parameter, a: Parameter, b: Parameter
) -> tuple[Array, Array]:
    """`log_likelihood` and `gradient`, which share their logarithms."""

    def of_count(n: Array) -> Array:
        in_r, in_b, in_ab = (psi_rising(z, n) for z in (r, b, a + b))
        counts = log_rising(r, n) + log_rising(b, n) - log_rising(a + b, n)
        return np.stack(np.broadcast_arrays(counts, in_r, in_b - in_ab, in_ab, _log_left(n, a, b)))

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
    slopes = (in_r - waited - (1 - gone) * gap, in_alpha, gone / a - in_ab, in_b - gone / (b + np.maximum(x - 1, 0)))
    return np.asarray(value), np.stack(np.broadcast_arrays(*slopes))


@final
@frozen
class BetaGeoNBD(TransactionModel):
    """BG/NBD (Fader, Hardie & Lee 2005): buying at random, leaving after a purchase.

    Parameters
    ----------
    r, alpha : float or array
        Shape and rate of the gamma distribution of purchase rates: the mean rate is r/alpha per unit of time.
    a, b : float or array
        Of the beta distribution of the drop-out probability after a purchase: its mean is a/(a+b).
    unit : {"day", "week", "month", "quarter", "year"}, optional
        The unit of time of alpha; `fit` fills it in. None: unchecked.

    Examples
    --------
    The paper's parameters for CDNOW, and its customer with x = 2, t_x = 30.43, T = 38.86 weeks:

    >>> from custvalue.evidence.rfm import RFM
    >>> model = BetaGeoNBD(r=0.243, alpha=4.414, a=0.793, b=2.426)
    >>> print(model.expected_purchases(RFM(2, 30.43, 38.86, unit="week"), 39).round(3))
    1.226
    """

    r: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    alpha: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    a: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    b: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    unit: Unit | None = field(default=None, kw_only=True, converter=optional_unit)

    _limits: ClassVar[Limits] = {
        "r": ("hardly anyone buys again", "all customers buy at the same rate"),
        "alpha": ("purchase rates are beyond measure", "all customers buy at the same rate"),
        "a": ("hardly anyone ever leaves: NBD would do", "all customers leave with the same probability"),
        "b": ("hardly anyone stays after a second purchase", "leaving is the same for all, or never"),
    }

    @classmethod
    def guess(cls, rfm: RFM) -> Self:
        """A start for the search, from the mean and variance of x; scale-free in time."""
        mean, variance, age = rfm.x.mean(), rfm.x.var(), rfm.T.mean()
        r = np.clip(mean**2 / max(variance - mean, 0.05 * mean + 1e-9), 0.05, 10.0)
        alpha = r * age / max(mean, 0.05)
        return cls(r=r, alpha=alpha, a=1.0, b=2.5, unit=rfm.unit)

    @classmethod
    def fit(cls, rfm: RFM) -> Fit[Self]:
        rows = histories(rfm)

        def each(parameters: Array, *columns: Array) -> tuple[Array, Array]:
            return score(*columns, *parameters)

        start = cls.guess(rfm)
        return maximize(
            Problem(
                build=lambda values: cls(*values, unit=rfm.unit),
                score=each,
                columns=rows.columns,
                names=tuple(start.parameters),
                start=np.array([start.r, start.alpha, start.a, start.b]),
                scale=np.array([1.0, rfm.T.mean(), 1.0, 1.0]),
                counts=rows.counts,
                limits=cls._limits,
            )
        )

    def log_likelihood(self, rfm: RFM) -> Array:
        self._unit_of(rfm)

        def rows(x: Array, t_x: Array, T: Array) -> Array:
            return log_likelihood(x, t_x, T, self.r, self.alpha, self.a, self.b)

        return self._each_row(rows, rfm, _HISTORY)

    def p_alive(self, rfm: RFM, ahead: ArrayLike = 0.0) -> Array:
        alive = self._alive(rfm)
        t = duration("ahead", ahead)
        return alive if not t.any() else alive * self._ahead(_drop_out.stay, rfm, t)

    def churn_probability(self, rfm: RFM, within: ArrayLike) -> Array:
        t = duration("within", within)
        return self._gone(rfm) + self._alive(rfm) * self._ahead(_drop_out.leave, rfm, t)

    def expected_purchases(self, rfm: RFM, t: ArrayLike) -> Array:
        return worth(self._alive(rfm), self._ahead(_drop_out.expected_purchases, rfm, duration("t", t)))

    def _discounted(self, rfm: RFM, force: ArrayLike, horizon: ArrayLike) -> Array:
        def ahead(x: Array, T: Array, force: Array, t: Array) -> Array:
            A = self.alpha + T
            return _drop_out.discounted_purchases(self.r + x, self.a, self.b + x, t / A, force * A)

        return worth(self._alive(rfm), self._each_row(ahead, rfm, ("x", "T"), force, horizon))

    def probability_of_purchase(self, rfm: RFM, t: ArrayLike) -> Array:
        def buys(x: Array, T: Array, t: Array) -> Array:
            return np.asarray(-np.expm1(-(self.r + x) * np.log1p(t / (self.alpha + T))))

        return self._alive(rfm) * self._each_row(buys, rfm, ("x", "T"), duration("t", t))

    def purchase_pmf(self, rfm: RFM, n: ArrayLike, t: ArrayLike) -> Array:
        def while_customer(x: Array, T: Array, n: Array, t: Array) -> Array:
            return _pmf(n, self.r + x, self.a, self.b + x, t / (self.alpha + T))

        count = whole("n", n)
        ahead = self._each_row(while_customer, rfm, ("x", "T"), count, duration("t", t))
        return self._alive(rfm) * ahead + np.where(count == 0, self._gone(rfm), 0.0)

    def simulate(self, T: ArrayLike, *, rng: np.random.Generator, unit: Unit | None = None) -> RFM:
        age = np.asarray(T, dtype=np.float64)
        rate = rng.gamma(self.r, 1 / np.asarray(self.alpha), age.shape)
        drop_out = np.clip(rng.beta(self.a, self.b, age.shape), 1e-300, 1 - 2**-53)
        wanted = rng.poisson(rate * age)
        last = np.ceil(rng.exponential(size=age.shape) / -np.log1p(-drop_out))
        x = np.minimum(wanted, np.maximum(last, 1.0))
        share = rng.beta(np.maximum(x, 1), wanted - x + 1)
        return RFM(x, np.where(x > 0, age * share, 0.0), age, unit=self.known_unit(unit))

    def _alive(self, rfm: RFM) -> Array:
        return np.asarray(expit(self._log_odds(rfm)))

    def _gone(self, rfm: RFM) -> Array:
        return np.asarray(expit(-self._log_odds(rfm)))

    def _log_odds(self, rfm: RFM) -> Array:
        self._unit_of(rfm)

        def odds(x: Array, t_x: Array, T: Array) -> Array:
            return _log_odds_alive(x, t_x, T, self.r, self.alpha, self.a, self.b)

        return self._each_row(odds, rfm, _HISTORY)

    def _ahead(self, expectation: _drop_out.Expectation, rfm: RFM, t: Array) -> Array:
        """An expectation over what lies ahead of a customer alive at T: λ ~ Gamma(r+x, α+T), p ~ Beta(a, b+x)."""

        def ahead(x: Array, T: Array, t: Array) -> Array:
            return expectation(self.r + x, self.a, self.b + x, t / (self.alpha + T))

        return self._each_row(ahead, rfm, ("x", "T"), t)


def _log_left(x: Array, a: Parameter, b: Parameter) -> Array:
    """log a/(b+x-1), the odds of having left at the last purchase; -inf where there was none."""
    return np.where(x > 0, np.log(a) - np.log(b + np.maximum(x - 1, 0)), -np.inf)


def _log_odds_alive(
    x: Array, t_x: Array, T: Array, r: Parameter, alpha: Parameter, a: Parameter, b: Parameter
) -> Array:
    return np.asarray(-(r + x) * np.log1p((T - t_x) / (alpha + t_x)) - _log_left(x, a, b))


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
