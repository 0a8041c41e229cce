"""Regularity: whether customers buy at random or in a rhythm, estimated from the times between purchases.

Times between a customer's purchases are taken as gamma distributed, with one shape k for all and a rate of each
customer's own. k = 1 is buying at random (a Poisson process), k > 1 is regular, k < 1 comes in bursts; the
coefficient of variation of a customer's times is k^-0.5. All three estimates stand on times relative to their sum
alone, which do not depend on the customer's rate, nor on how long the customer was observed.

| method | stands on | source |
| --- | --- | --- |
| "mle" | all times given their sum, a Dirichlet distribution: the conditional likelihood | Andersen (1970) |
| "wheat" | the first of the first two times as a share of both, Beta(k, k) | Wheat & Morrison (1990) |
| "cv" | the squares of times as shares of their sum: the coefficient of variation | method of moments |

Wheat, R. D. & Morrison, D. G. (1990). Estimating purchase regularity with two interpurchase times. Journal of Marketing
Research 27(1), 87-93. Andersen, E. B. (1970). Asymptotic properties of conditional maximum-likelihood estimators.
Journal of the Royal Statistical Society B 32(2), 283-301.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal, Self, get_args

import numpy as np
from attrs import field, frozen
from scipy.special import polygamma, psi

from custvalue._arguments import one_of
from custvalue._typing import Array
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.interpurchase_times import InterpurchaseTimes
from custvalue.evidence.rfm import RFM
from custvalue.inference.estimate import Estimate, Estimated
from custvalue.inference.transform import Log

Method = Literal["mle", "wheat", "cv"]
_WIDEST = np.log(1e6)
"""k is sought between 1e-6 and 1e6; more is as good as infinite."""


@frozen
class Regularity(Estimated):
    """How regularly customers buy: the shape k of their times between purchases.

    Attributes
    ----------
    estimate : Estimate
        Of k alone, whose free scale is its logarithm.
    customers : float
        With at least two times between purchases, weights counted: the others say nothing about regularity.
    method : str
        "mle", "wheat" or "cv".
    """

    estimate: Estimate = field()  # pyright: ignore[reportIncompatibleMethodOverride] (a field is the property)
    customers: float = field()
    method: Method = field()

    @classmethod
    def of(cls, k: float, standard_error: float, customers: float, method: Method) -> Self:
        """An estimate of k; its standard error, for many customers, is nan where k is inf."""
        known = Estimate(names=["k"], values=[k], covariance=[[standard_error**2]], transforms=[Log()], n=customers)
        return cls(known, customers, method)

    @property
    def k(self) -> float:
        """1: at random; more: regular; less: in bursts; inf where all times of a customer are equal."""
        return float(self.estimate.values[0])

    def to_json(self) -> str:
        """The estimate as JSON."""
        return json.dumps({"estimate": self.estimate.as_dict(), "customers": self.customers, "method": self.method})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The estimate that `to_json` wrote."""
        known = json.loads(text)
        return cls(Estimate.from_dict(known.pop("estimate")), **known)


def estimate_regularity(data: Any, *, method: Method = "mle", **options: Any) -> Regularity:  # noqa: ANN401 (any log)
    """Estimate how regularly customers buy: the gamma shape k of the times between purchases, one for all.

    Parameters
    ----------
    data : dataframe, path, mapping, InterpurchaseTimes or RFM
        A transaction log of any kind that `RFM.from_transactions` takes, the times themselves, or, for "mle", an RFM
        with log_interpurchase.
    method : {"mle", "wheat", "cv"}
        "mle" (the default) uses all times and is the most precise. "wheat" uses two of each customer, "cv" their
        variation: where they differ much from "mle", times are not gamma, or k differs between customers.
    **options
        As of `RFM.from_transactions`, where data is a log. Times are what lies between the purchases that `collapse`
        leaves. Whole days make frequent buyers look more regular than they are, as no two purchases are on one day.

    Raises
    ------
    DataError
        No customer has three purchases (with "wheat", fewer than two have); an RFM has no log_interpurchase; or the log
        is broken, as in `RFM.from_transactions`.
    ParameterError
        The method is not one of the three, or needs more than an RFM holds.

    Examples
    --------
    Customers who buy every 30 days or so, and others every 10:

    >>> days = np.cumsum([[0, 31, 28, 30, 33], [5, 9, 11, 10, 8]], axis=1)
    >>> log = {"customer_id": [1] * 5 + [2] * 5, "date": np.datetime64("2024-01-01") + days.ravel()}
    >>> found = estimate_regularity(log)
    >>> round(found.k, 1), found.customers
    (85.8, 2.0)
    """
    one_of("method", method, get_args(Method))
    if isinstance(data, RFM):
        return _of_rfm(data, method)
    given: dict[str, Any] = {"unit": "day", **options}
    spacings = data if isinstance(data, InterpurchaseTimes) else InterpurchaseTimes.from_transactions(data, **given)
    counts, gaps = _useful(spacings)
    return {"mle": _by_likelihood, "wheat": _by_pairs, "cv": _by_variation}[method](counts, gaps)


def _of_rfm(rfm: RFM, method: Method) -> Regularity:
    if method != "mle":
        raise ParameterError(f"method {method!r} needs each time between purchases: give the log, not an RFM")
    if rfm.log_interpurchase is None:
        raise DataError("regularity needs the times between purchases: build the RFM with log_interpurchase=True")
    rows = (rfm.x > 1) & (rfm.weights > 0)
    _check_customers(int(rows.sum()), 1)
    logs = rfm.log_interpurchase[rows] - rfm.x[rows] * np.log(rfm.t_x[rows])
    return _conditional(rfm.x[rows], logs, rfm.weights[rows])


def _useful(spacings: InterpurchaseTimes) -> tuple[Array, Array]:
    """Counts and times, as shares of their sum, of customers with at least two."""
    some = spacings.counts > 1
    gaps = spacings.gaps[np.repeat(some, spacings.counts.astype(np.intp))]
    counts = spacings.counts[some]
    _check_customers(len(counts), 1)
    return counts, gaps / np.repeat(np.add.reduceat(gaps, _begins(counts)), counts.astype(np.intp))


def _begins(counts: Array) -> Any:  # noqa: ANN401 (an index)
    return (np.cumsum(counts) - counts).astype(np.intp)


def _check_customers(found: int, needed: int) -> None:
    if found < needed:
        raise DataError(
            f"regularity shows in customers with at least three purchases; the data have {found}, and {needed} "
            f"{'is' if needed == 1 else 'are'} needed: observe them for longer"
        )


def _by_likelihood(counts: Array, shares: Array) -> Regularity:
    return _conditional(counts, np.add.reduceat(np.log(shares), _begins(counts)), np.ones(len(counts)))


def _conditional(n: Array, logs: Array, weights: Array) -> Regularity:
    """Maximize Σ log Γ(nk) - n log Γ(k) + (k - 1) logs, `logs` the sums of logs of shares; concave in k."""
    sizes, size = np.unique(n, return_inverse=True)
    times = np.bincount(size, weights)
    total, customers = float((weights * logs).sum()), float(weights.sum())

    def slope(k: float) -> float:
        return float((times * sizes * (psi(sizes * k) - psi(k))).sum()) + total

    k = _root(slope)
    if np.isinf(k):
        return Regularity.of(k, np.nan, customers, "mle")
    information = float((times * sizes * (polygamma(1, k) - sizes * polygamma(1, sizes * k))).sum())
    return Regularity.of(k, information**-0.5, customers, "mle")


def _by_pairs(counts: Array, shares: Array) -> Regularity:
    """k of E[(M - 1/2)²] = 1/(8k + 4), M ~ Beta(k, k) (Wheat & Morrison 1990)."""
    _check_customers(len(counts), 2)
    first = _begins(counts)
    squares = (shares[first] / (shares[first] + shares[first + 1]) - 0.5) ** 2
    mean, error = float(squares.mean()), float(squares.std(ddof=1)) / len(squares) ** 0.5
    if mean == 0:
        return Regularity.of(np.inf, np.nan, len(counts), "wheat")
    return Regularity.of((1 - 4 * mean) / (8 * mean), error / (8 * mean**2), len(counts), "wheat")


def _by_variation(counts: Array, shares: Array) -> Regularity:
    """k of Σ squares = Σ (k + 1)/(nk + 1), the expected sums of squares of n Dirichlet shares."""
    squares = np.add.reduceat(shares**2, _begins(counts))

    def excess(k: float) -> Array:
        return np.asarray((k + 1) / (counts * k + 1) - squares)

    k = _root(lambda k: float(excess(k).sum()))
    if np.isinf(k):
        return Regularity.of(k, np.nan, len(counts), "cv")
    fall = float(((counts - 1) / (counts * k + 1) ** 2).sum())
    return Regularity.of(k, float(np.sqrt((excess(k) ** 2).sum())) / fall, len(counts), "cv")


def _root(falls: Callable[[float], float]) -> float:
    """The k at which a falling function of k is zero, to rounding; inf, or the least k, where there is none between."""
    from scipy.optimize import brentq  # noqa: PLC0415 (slow to import)

    def in_log(log_k: float) -> float:
        return falls(float(np.exp(log_k)))

    if in_log(_WIDEST) > 0:
        return np.inf
    if in_log(-_WIDEST) <= 0:
        return float(np.exp(-_WIDEST))
    return float(np.exp(brentq(in_log, -_WIDEST, _WIDEST, xtol=1e-15, rtol=4 * np.finfo(float).eps)))
