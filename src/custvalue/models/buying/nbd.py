"""NBD: customers buy at random, each at a rate of their own, and never leave.

Ehrenberg, A. S. C. (1959). The pattern of consumer purchases. Applied Statistics 8(1), 26-41. Notation of Fader, P. S.
& Hardie, B. G. S. (2005), for comparison with Pareto/NBD and BG/NBD.

| assumption | form |
| --- | --- |
| purchases | Poisson at rate λ |
| rates over customers | λ ~ Gamma(shape r, rate α) |
| leaving | never |

The trap: nobody leaves, so t_x says nothing, P(alive) is 1, and purchases forever are infinite unless discounted. It is
the yardstick: a model with drop-out that does not beat it has seen none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self, final

import numpy as np
from attrs import field, frozen

from custvalue._typing import Array, ArrayLike, Ints, NDArray, Parameter
from custvalue.evidence.rfm import RFM
from custvalue.inference.maximum_likelihood import Problem
from custvalue.inference.transform import Log, Transform
from custvalue.models.buying.engines.attrition_integrals import Discount
from custvalue.models.buying.family import (
    TransactionModel,
    gamma_start,
    histories,
    last_of,
    mean_rate_in_words,
    scattered,
)
from custvalue.models.model import Card, Limits, as_parameter, optional_unit, positive, same_parameter
from custvalue.numerics.special import by_count, log_nbd_pmf, log_rising, psi_rising
from custvalue.units import Unit


def log_likelihood(x: Array, T: Array, r: Parameter, alpha: Parameter) -> Array:
    """Log-likelihood per row of the timing of purchases: log of Γ(r+x)/Γ(r) α^r (α+T)^-(r+x)."""
    counts = by_count(lambda n: log_rising(r, n), x, r)
    return np.asarray(counts - r * np.log1p(T / alpha) - x * np.log(alpha + T))


def gradient(x: Array, T: Array, r: Parameter, alpha: Parameter) -> Array:
    """Derivatives of `log_likelihood` in r and α: shape (2, rows)."""
    in_r = by_count(lambda n: psi_rising(r, n), x, r) - np.log1p(T / alpha)
    return np.stack(np.broadcast_arrays(in_r, (r * T / alpha - x) / (alpha + T)))


@final
@frozen
class NBD(TransactionModel):
    """NBD (Ehrenberg 1959): buying at random, never leaving; the yardstick for models with drop-out.

    Parameters
    ----------
    r, alpha : float or array
        Shape and rate of the gamma distribution of purchase rates: the mean rate is r/alpha per unit of time.
    unit : {"day", "week", "month", "quarter", "year"}, optional
        The unit of time of alpha; `fit` fills it in. None: unchecked.

    Examples
    --------
    CDNOW's parameters (Fader, Hardie & Lee 2005), and the purchases in a year of a customer with x = 2 in 39 weeks:

    >>> from custvalue.evidence.rfm import RFM
    >>> model = NBD(r=0.385, alpha=12.072)
    >>> print(model.expected_purchases(RFM(2, 30.43, 39, unit="week"), 52).round(3))
    2.428
    """

    r: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    alpha: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    unit: Unit | None = field(default=None, kw_only=True, converter=optional_unit)

    card: ClassVar[Card] = Card("NBD", "nbd")
    _limits: ClassVar[Limits] = {
        "r": ("hardly anyone buys again", "all customers buy at the same rate"),
        "alpha": ("purchase rates are beyond measure", "all customers buy at the same rate"),
    }

    _transforms: ClassVar[Mapping[str, Transform]] = {"alpha": Log(time=1)}

    @classmethod
    def problem(cls, rfm: RFM, /) -> Problem[Self]:
        def scored(parameters: Array, x: Array, _: Array, T: Array) -> tuple[Array, Array]:
            return log_likelihood(x, T, *parameters), gradient(x, T, *parameters)

        rows = histories(rfm)
        r, alpha, age = gamma_start(rows, least=0.05)
        return Problem.of(cls(r, alpha, unit=rfm.unit), rows, scored, time=age)

    def log_likelihood(self, rfm: RFM) -> Array:
        self._unit_of(rfm)

        def rows(x: Array, T: Array) -> Array:
            return log_likelihood(x, T, self.r, self.alpha)

        return self._each_row(rows, rfm, ("x", "T"))

    def _odds(self, x: Array, t_x: Array, T: Array, /) -> Array:  # noqa: ARG002 (nobody leaves, whatever the history)
        return np.full(np.broadcast_shapes(x.shape, np.shape(self.r), np.shape(self.alpha)), np.inf)

    def _stay(self, rfm: RFM, t: Array) -> Array:  # noqa: ARG002
        return np.ones(t.shape)

    def _leave(self, rfm: RFM, t: Array) -> Array:  # noqa: ARG002
        return np.zeros(t.shape)

    def _bought(self, rfm: RFM, t: Array, after: Array) -> Array:
        return self.posterior_mean_purchase_rate(rfm) * _span(t, after)

    def _discounted(self, rfm: RFM, force: ArrayLike, horizon: Array) -> Array:
        span, delta = np.broadcast_arrays(horizon, np.asarray(force, dtype=np.float64))
        endless = np.isinf(span)
        finite = Discount(delta).over(np.zeros(span.shape), np.where(endless, 0.0, span))
        forever = np.where(delta > 0, 1 / np.where(delta > 0, delta, 1.0), np.inf)
        return self.posterior_mean_purchase_rate(rfm) * np.where(endless, forever, finite)

    def _buys(self, rfm: RFM, t: Array, after: Array) -> Array:
        def buys(x: Array, T: Array, t: Array) -> Array:
            return np.asarray(-np.expm1(-(self.r + x) * np.log1p(t / (self.alpha + T))))

        return self._each_row(buys, rfm, ("x", "T"), _span(t, after))

    def _pmf(self, rfm: RFM, n: Array, t: Array, after: Array) -> Array:
        def pmf(x: Array, T: Array, n: Array, t: Array) -> Array:
            return np.exp(log_nbd_pmf(n, self.r + x, t / (self.alpha + T)))

        return self._each_row(pmf, rfm, ("x", "T"), n, _span(t, after))

    def in_words(self) -> tuple[tuple[str, str, str], ...]:
        return (mean_rate_in_words(self.r, self.alpha, self.unit),)

    def _draw_histories(self, age: Array, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        x = self._draw_counts(age, rng)
        return {"x": x, "t_x": last_of(x, age, rng), "T": age}

    def _draw_purchases(self, age: Array, rng: np.random.Generator) -> tuple[Ints, Array]:
        return scattered(self._draw_counts(age, rng), age, rng)

    def _draw_counts(self, age: Array, rng: np.random.Generator) -> Ints:
        return rng.poisson(rng.gamma(self.r, 1 / np.asarray(self.alpha), age.shape) * age)

    def posterior_mean_purchase_rate(self, rfm: RFM) -> Array:
        """E[λ | history], (r + x)/(α + T), per unit of time."""
        self._unit_of(rfm)
        return np.asarray((self.r + rfm.x) / (self.alpha + rfm.T))

    def posterior_mean_drop_out(self, rfm: RFM) -> Array:
        """0: nobody leaves."""
        return self.churn_probability(rfm, 0.0)


def _span(t: Array, after: Array) -> Array:
    """The length t, of the shape of both: as nobody leaves, it does not matter when it begins."""
    return np.broadcast_arrays(t, after)[0]
