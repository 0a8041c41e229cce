"""Gamma-Gamma: spend per purchase, gamma distributed around a mean of each customer's own.

Fader, P. S. & Hardie, B. G. S. (2013). The Gamma-Gamma model of monetary value (note 025), after Colombo & Jiang (1999)
and Fader, Hardie & Lee (2005), "RFM and CLV", Journal of Marketing Research 42(4).

| assumption | form |
| --- | --- |
| spend of one purchase | Gamma(shape p, rate ν) |
| rates over customers | ν ~ Gamma(shape q, rate v) |
| spend and buying | independent |

The trap: with q <= 1 the population mean of spend is infinite, and so is the expectation of a customer without spend.
"""

from __future__ import annotations

from typing import ClassVar, final

import numpy as np
from attrs import evolve, field, frozen
from scipy.special import psi

from custvalue._arguments import generator, whole
from custvalue._columns import check_rows
from custvalue._typing import Array, ArrayLike, Parameter
from custvalue.errors import DataError
from custvalue.evidence.distinct import Distinct
from custvalue.evidence.rfm import RFM
from custvalue.inference.maximum_likelihood import Problem
from custvalue.inference.transform import Log
from custvalue.models.model import Card, Limits, as_parameter, positive, same_parameter
from custvalue.models.spend.family import SpendModel
from custvalue.numerics.special import by_count, stirling_error


def log_likelihood(x: Array, m: Array, p: Parameter, q: Parameter, v: Parameter) -> Array:
    """Log-density of the mean m of x purchases (Fader & Hardie 2013, eq. 1a), without cancellation.

    log of  Γ(px+q)/(Γ(px)Γ(q)) v^q m^(px-1) x^px / (v+xm)^(px+q)  as a beta density, in the manner of Loader (2000):
    with s = px and ρ = qm/(pv) it is  -s log(1 + (1/ρ-1) q/(s+q)) - q log(1 + (ρ-1) s/(s+q))  and Stirling's errors.
    """
    constant = by_count(lambda n: _constant(p * n, np.asarray(q)), x, p, q)
    s = p * x
    ratio = (m / v) * (q / p)
    excess = (ratio - 1.0) / (s + q)
    return np.asarray(constant - s * np.log1p(-q * excess / ratio) - q * np.log1p(s * excess) - np.log(m))


def gradient(x: Array, m: Array, p: Parameter, q: Parameter, v: Parameter) -> Array:
    """Derivatives of `log_likelihood` in p, q and v: shape (3, rows)."""
    return score(x, m, p, q, v)[1]


def score(x: Array, m: Array, p: Parameter, q: Parameter, v: Parameter) -> tuple[Array, Array]:
    """`log_likelihood` and `gradient`, which share their logarithms."""

    def of_count(n: Array) -> Array:
        s = p * n
        in_p, in_q = psi(s + q) - psi(s) - np.log1p(q / s), psi(s + q) - psi(q) - np.log1p(s / q)
        return np.stack(np.broadcast_arrays(_constant(s, np.asarray(q)), in_p, in_q))

    constant, in_p, in_q = by_count(of_count, x, p, q)
    s, total = p * x, x * m
    ratio = (m / v) * (q / p)
    excess = (ratio - 1.0) / (s + q)
    in_s, in_v = np.log1p(-q * excess / ratio), np.log1p(s * excess)
    value = constant - s * in_s - q * in_v - np.log(m)
    slopes = (x * (in_p - in_s), in_q - in_v, x * (q * m - v * p) / (v * (v + total)))
    return np.asarray(value), np.stack(np.broadcast_arrays(*slopes))


@final
@frozen
class GammaGamma(SpendModel):
    """Gamma-Gamma (Fader & Hardie 2013): spend per purchase, independent of how often customers buy.

    Parameters
    ----------
    p : float or array
        Shape of the gamma distribution of one customer's purchases: 1/sqrt(p) is their coefficient of variation.
    q, v : float or array
        Shape and rate of the gamma distribution of the customers' rates (v is the paper's γ, in money): mean spend
        per purchase over customers is p v / (q - 1), infinite for q <= 1.

    Examples
    --------
    The note's parameters for CDNOW: a customer whose two repeat purchases averaged $22.35, and one without any:

    >>> from custvalue.evidence.rfm import RFM
    >>> model = GammaGamma(p=6.25, q=3.74, v=15.44)
    >>> print(model.expected_spend(RFM([2, 0], [30.43, 0], 38.86, m=[22.35, 0], unit="week")).round(2))
    [24.66 35.22]
    """

    p: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    q: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    v: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)

    card: ClassVar[Card] = Card("Gamma-Gamma", "gamma-gamma")
    _limits: ClassVar[Limits] = {
        "p": ("the variance of one customer's spend diverges", "each customer always spends the same amount"),
        "q": ("the variance of spend between customers diverges", "all customers spend alike"),
        "v": ("mean spend does not vary as a gamma mixture", "all customers spend alike"),
    }

    @classmethod
    def problem(cls, rfm: RFM, /) -> Problem[GammaGamma]:
        """State the estimation of p, q and v from the customers with m_count > 0.

        Raises
        ------
        DataError
            There is no m, nobody has m_count > 0, or a mean spend is not positive.
        """

        def scored(parameters: Array, *columns: Array) -> tuple[Array, Array]:
            return score(*columns, *parameters)

        rows = _spenders(rfm)
        typical = (rows.counts * np.log(rows.columns[1])).sum() / rows.counts.sum()
        v = float(np.exp(typical)) * 4.0 / 5.0  # p v/q, about the median of a customer's mean spend, is the typical one
        problem = Problem.of(cls(p=5.0, q=4.0, v=v), rows, scored)
        return evolve(problem, transforms=(Log(), Log(), Log(scale=v)))  # in the data's own money

    def log_likelihood(self, rfm: RFM) -> Array:
        """Log-density of each row's mean spend; 0 where m_count = 0."""
        count, spend = rfm.m_count, _checked_spend(rfm)
        some = count > 0
        rows = log_likelihood(np.where(some, count, 1.0), np.where(some, spend, 1.0), self.p, self.q, self.v)
        return np.where(some, rows, 0.0)

    def expected_spend(self, rfm: RFM) -> Array:
        """E[spend per purchase | history] = p (v + x m) / (p x + q - 1) (Fader & Hardie 2013, eq. 5).

        x is `m_count`; the population mean where it is 0, infinite where p x + q <= 1.
        """
        return self._mean(rfm.m_count, rfm.m_count * _known_spend(rfm))

    def expected_spend_new(self) -> Array:
        return self._mean(np.array(0.0), np.array(0.0))

    def simulate(self, m_count: ArrayLike, *, rng: np.random.Generator | int) -> Array:
        rng = generator(rng)
        count = whole("m_count", m_count)
        rate = rng.gamma(self.q, 1 / np.asarray(self.v), count.shape)
        total = rng.gamma(self.p * np.maximum(count, 1)) / rate
        return np.where(count > 0, total / np.maximum(count, 1), 0.0)

    def _mean(self, count: Array, total: Array) -> Array:
        weight = self.p * count + (self.q - 1)
        finite = weight > 0
        return np.where(finite, self.p * (self.v + total) / np.where(finite, weight, 1.0), np.inf)


def _constant(s: Array, q: Array) -> Array:
    errors = stirling_error(s + q) - stirling_error(s) - stirling_error(q)
    return np.asarray(errors + 0.5 * np.log(s / (2 * np.pi) * (q / (s + q))))


def _known_spend(rfm: RFM) -> Array:
    if rfm.m is None:
        raise DataError("the RFM has no mean spend m; build it with amount=, or give RFM(..., m=...)")
    return rfm.m


def _checked_spend(rfm: RFM) -> Array:
    """The mean spend, positive where there is any."""
    m = _known_spend(rfm)
    check_rows(
        (m > 0) | (rfm.m_count == 0),
        "m > 0 must hold where m_count > 0",
        "Drop refunds and zero amounts (refunds='drop'), or leave the rows out: rfm[(rfm.m > 0) | (rfm.m_count == 0)].",
        ids=rfm.ids,
        m=m,
        m_count=rfm.m_count,
    )
    return m


def _spenders(rfm: RFM) -> Distinct:
    """m_count and m of the customers with spend, as they are: hardly two have the same mean."""
    spend, some = _checked_spend(rfm), np.flatnonzero((rfm.m_count > 0) & (rfm.weights > 0))
    if not some.size:
        raise DataError(
            f"none of {len(rfm)} customers has spend to average (m_count > 0); observe them longer, or count the "
            "first purchase (first_purchase_in_spend=True)"
        )
    return Distinct((rfm.m_count[some], spend[some]), rfm.weights[some], np.arange(len(some)))
