"""Risk of a portfolio of segments: variance, betas, diversification, and the efficient frontier (Markowitz 1952)."""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import frozen

from custvalue._columns import check_rows, numbers
from custvalue._typing import Array, ArrayLike
from custvalue.errors import ConvergenceError, DataError, ParameterError

_OPTIMAL = 1e-6
"""How far a frontier's weights may be from the conditions of an optimum, in units of the largest marginal variance."""


@frozen(eq=False)
class SegmentRisk:
    """How much the value of segments varies, alone and together.

    Attributes
    ----------
    weights : array, shape (segments,)
        Shares of the portfolio.
    mean, covariance : array
        Of the segments' returns per period, unbiased.
    beta : array, shape (segments,)
        Of each segment to the portfolio: covariance with its return over its variance; they average to 1.
    contribution : array, shape (segments,)
        Of each segment to the portfolio's variance; they sum to it.
    """

    weights: Array
    mean: Array
    covariance: Array
    beta: Array
    contribution: Array

    @property
    def expected(self) -> float:
        """Mean return of the portfolio per period."""
        return float((self.weights * self.mean).sum())

    @property
    def variance(self) -> float:
        """Of the portfolio's return per period."""
        return float(self.contribution.sum())

    @property
    def diversification(self) -> float:
        """Mean of the segments' standard deviations over the portfolio's: 1 where they move together, else more."""
        return float((self.weights * np.sqrt(np.diag(self.covariance))).sum() / np.sqrt(self.variance))


@frozen(eq=False)
class Frontier:
    """The least risk at each expected return.

    Attributes
    ----------
    expected, risk : array, shape (points,)
        Mean and standard deviation of the portfolio's return per period.
    weights : array, shape (points, segments)
    """

    expected: Array
    risk: Array
    weights: Array


def segment_risk(returns: ArrayLike, weights: ArrayLike) -> SegmentRisk:
    """Variance of a portfolio of customer segments, from the history of their returns.

    Parameters
    ----------
    returns : array_like, shape (periods, segments)
        Profit of each segment in each period per unit invested in it, or growth of its value; at least 2 periods.
    weights : array_like, shape (segments,)
        How the portfolio is divided; >= 0, scaled to sum to 1: values or budgets will do.

    Raises
    ------
    DataError
        There are fewer than 2 periods, a return is missing, the weights do not fit, or the portfolio never varies.

    Examples
    --------
    >>> risk = segment_risk([[0.1, 0.2], [0.2, 0.1], [0.3, 0.3]], weights=[1, 1])
    >>> risk.beta.round(3), round(risk.variance, 4), round(risk.diversification, 3)
    (array([1., 1.]), 0.0075, 1.155)
    """
    table = numbers("returns", returns)
    if table.ndim != 2 or len(table) < 2:
        raise DataError(f"returns must have 2 periods or more, shape (periods, segments); got shape {table.shape}")
    check_rows(
        np.asarray(np.isfinite(table).all(axis=1)),
        "returns must be finite",
        "Leave the period out.",
        return_=table.sum(axis=1),
    )
    shares = _shares(weights, table.shape[1])
    mean = table.mean(axis=0)
    apart = table - mean
    covariance = apart.T @ apart / (len(table) - 1)
    to_portfolio = covariance @ shares
    variance = float(shares @ to_portfolio)
    if not variance > 0:
        raise DataError("the portfolio's return is the same in all periods: there is no risk to divide")
    return SegmentRisk(shares, mean, covariance, to_portfolio / variance, shares * to_portfolio)


def efficient_frontier(
    mean: ArrayLike, covariance: ArrayLike, *, points: int = 20, most: ArrayLike = 1.0, least: ArrayLike = 0.0
) -> Frontier:
    """The portfolios of least variance at each expected return, from the least variance of all to the most return.

    Parameters
    ----------
    mean : array_like, shape (segments,)
    covariance : array_like, shape (segments, segments)
        Symmetric, without negative variance in any direction.
    points : int
        How many portfolios; at least 2.
    most, least : float or array_like, shape (segments,)
        Bounds on each segment's share: customers cannot be sold short, nor grown without end.

    Raises
    ------
    DataError
        The covariance is not one, or the bounds leave no portfolio.
    ConvergenceError
        The conditions of an optimum (Karush-Kuhn-Tucker) do not hold at a point found.
    """
    expected, spread = numbers("mean", mean), numbers("covariance", covariance)
    n = len(expected)
    low, high = (np.broadcast_to(numbers("bounds", bound), (n,)) for bound in (least, most))
    _check_frontier(expected, spread, low, high, points)
    scale = float(np.diag(spread).max()) or 1.0
    start = _least_variance(spread / scale, low, high, None, expected)
    best = _most_return(expected, low, high)
    targets = np.linspace(float(start @ expected), float(best @ expected), points)
    if len(np.unique(expected)) < n:
        best = _least_variance(spread / scale, *_freely(expected, best, low, high), None, expected)
    if targets[-1] - targets[0] <= 1e-9 * np.abs(expected).max():  # no return is to be had for more risk
        table = np.tile(start, (points, 1))
    else:
        inner = [_least_variance(spread / scale, low, high, t, expected) for t in targets[1:-1].tolist()]
        table = np.array([start, *inner, best])
    return Frontier(table @ expected, np.sqrt(np.einsum("pi,ij,pj->p", table, spread, table)), table)


def _shares(weights: ArrayLike, n: int) -> Array:
    values = numbers("weights", weights)
    if values.shape != (n,) or not (np.isfinite(values).all() and (values >= 0).all() and values.sum() > 0):
        raise DataError(f"weights must be {n} numbers >= 0, one per segment, not all 0; got {values.tolist()}")
    return np.asarray(values / values.sum())


def _check_frontier(mean: Array, covariance: Array, low: Array, high: Array, points: int) -> None:
    n = len(mean)
    if points < 2 or points != int(points):
        raise ParameterError(f"points must be 2 or more; got {points}")
    if not n:
        raise DataError("there are no segments; give at least one")
    square = covariance.shape == (n, n) and np.isfinite(covariance).all() and np.isfinite(mean).all()
    if not square or not np.allclose(covariance, covariance.T, rtol=1e-9, atol=0):
        raise DataError(f"covariance must be symmetric and finite, shape ({n}, {n}); got shape {covariance.shape}")
    if np.linalg.eigvalsh(covariance)[0] < -1e-9 * max(float(np.diag(covariance).max()), 1e-300):
        raise DataError("covariance has a direction of negative variance: it is the covariance of nothing")
    if not (low <= high).all() or low.sum() > 1 or high.sum() < 1:
        raise DataError("the bounds leave no portfolio: sum of least <= 1 <= sum of most must hold, and least <= most")


def _most_return(mean: Array, low: Array, high: Array) -> Array:
    """Fill the best segments first."""
    weights, left = low.copy(), 1 - low.sum()
    for i in np.argsort(-mean, kind="stable"):
        more = min(high[i] - low[i], left)
        weights[i], left = weights[i] + more, left - more
    return weights


def _freely(mean: Array, best: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """Bounds of all portfolios with the most return: segments of equal mean may share what they have together."""
    alike = mean[:, None] == mean
    fixed = ~(alike & (best != high)).any(axis=1) | ~(alike & (best != low)).any(axis=1)
    return np.where(fixed, best, low), np.where(fixed, best, high)


def _least_variance(spread: Array, low: Array, high: Array, target: float | None, mean: Array) -> Array:
    from scipy.optimize import minimize  # noqa: PLC0415 (slow to import)

    rules: Any = [{"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like}]
    if target is not None:
        unit = max(float(np.abs(mean).max()), 1e-300)
        rules.append({"type": "eq", "fun": lambda w: (w @ mean - target) / unit, "jac": lambda _: mean / unit})
    least_at: Any = minimize
    found = least_at(
        lambda w: 0.5 * w @ spread @ w,
        low + (high - low) * (1 - low.sum()) / max(float((high - low).sum()), 1e-300),
        jac=lambda w: spread @ w,
        bounds=list(zip(low, high, strict=True)),
        constraints=rules,
        method="SLSQP",
        options={"ftol": 1e-15, "maxiter": 1000},
    )
    weights: Array = np.clip(np.asarray(found.x), low, high)
    miss = _kkt(weights, spread @ weights, low, high, None if target is None else mean)
    if miss > _OPTIMAL:
        raise ConvergenceError(f"no portfolio of least variance was found (it misses the conditions by {miss:.2g})")
    return weights


def _kkt(weights: Array, slope: Array, low: Array, high: Array, mean: Array | None) -> float:
    """How far the marginal variances are from equal (along the frontier: linear in the mean) where weights are free."""
    inside = (weights > low + 1e-7) & (weights < high - 1e-7)
    columns = np.ones((len(weights), 1)) if mean is None else np.stack([np.ones_like(mean), mean], axis=1)
    if inside.sum() <= columns.shape[1]:
        return 0.0
    prices, _, rank, _ = np.linalg.lstsq(columns[inside], slope[inside], rcond=None)
    excess = slope - columns @ prices
    if rank < columns.shape[1]:  # free segments of one mean do not tell the price of return
        return float(np.abs(excess[inside]).max())
    wrong = np.where(
        inside, np.abs(excess), np.where(weights <= low + 1e-7, np.maximum(-excess, 0), np.maximum(excess, 0))
    )
    return float(np.where(high > low, wrong, 0.0).max())
