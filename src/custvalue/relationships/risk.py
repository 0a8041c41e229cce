"""Risk of a portfolio of customer segments: variance, betas, diversification (Markowitz 1952).

Portfolios of least variance are a quadratic program, which cvxpy and PyPortfolioOpt solve from `SegmentRisk.mean` and
`SegmentRisk.covariance`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import field, frozen

from custvalue._columns import check_rows, numbers, same
from custvalue._results import Rows, as_column
from custvalue._typing import Array, ArrayLike, NDArray
from custvalue.errors import DataError


@frozen
class SegmentRisk(Rows):
    """How much the returns of segments vary, alone and together.

    Attributes
    ----------
    weights : array, shape (segments,)
        Shares of the portfolio.
    mean, covariance : array, shapes (segments,) and (segments, segments)
        Of the segments' returns per period; the covariance is unbiased, with periods - 1 in the denominator.
    beta : array, shape (segments,)
        Of each segment to the portfolio: covariance with its return over its variance; their weighted mean is 1.
    contribution : array, shape (segments,)
        Of each segment to the portfolio's variance; they sum to it.
    """

    weights: Array = field(converter=as_column, eq=same)
    mean: Array = field(converter=as_column, eq=same)
    covariance: Array = field(converter=as_column, eq=same)
    beta: Array = field(converter=as_column, eq=same)
    contribution: Array = field(converter=as_column, eq=same)

    @property
    def expected(self) -> float:
        """Mean return of the portfolio per period."""
        return float((self.weights * self.mean).sum())

    @property
    def variance(self) -> float:
        """Variance of the portfolio's return per period."""
        return float(self.contribution.sum())

    @property
    def diversification(self) -> float:
        """Mean of the segments' standard deviations over the portfolio's: 1 where they move together, else more."""
        return float((self.weights * np.sqrt(np.diag(self.covariance))).sum() / np.sqrt(self.variance))

    def table(self) -> dict[str, NDArray[Any]]:
        """One row per segment: weight, mean and standard deviation of its return, beta, contribution to variance."""
        deviations = np.sqrt(np.diag(self.covariance))
        known = {"weight": self.weights, "mean": self.mean, "standard_deviation": deviations}
        return known | {"beta": self.beta, "contribution": self.contribution}


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
        There are fewer than 2 periods, a return is missing, the weights are not one number >= 0 per segment or all are
        0, or the portfolio's return never varies.

    Examples
    --------
    >>> risk = segment_risk([[0.1, 0.2], [0.2, 0.1], [0.3, 0.3]], weights=[1, 1])
    >>> risk.beta.round(3), round(risk.variance, 4), round(risk.diversification, 3)
    (array([1., 1.]), 0.0075, 1.155)
    """
    table = numbers("returns", returns)
    if table.ndim != 2 or len(table) < 2:
        raise DataError(f"returns must have 2 periods or more, shape (periods, segments); got shape {table.shape}")
    finite = np.isfinite(table).all(axis=1)
    check_rows(np.asarray(finite), "returns must be finite", "Leave the period out.", return_=table.sum(axis=1))
    shares = _shares(weights, table.shape[1])
    mean = table.mean(axis=0)
    centered = table - mean
    covariance = centered.T @ centered / (len(table) - 1)
    with_portfolio = covariance @ shares
    variance = float(shares @ with_portfolio)
    if not variance > 0:
        raise DataError("the portfolio's return is the same in all periods: there is no risk to divide")
    return SegmentRisk(shares, mean, covariance, with_portfolio / variance, shares * with_portfolio)


def _shares(weights: ArrayLike, segments: int) -> Array:
    values = numbers("weights", weights)
    if values.shape != (segments,) or not (np.isfinite(values).all() and (values >= 0).all() and values.sum() > 0):
        raise DataError(f"weights must be {segments} numbers >= 0, one per segment, not all 0; got {values.tolist()}")
    return np.asarray(values / values.sum())
