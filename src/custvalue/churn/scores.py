"""How good scores of churn are: whom they rank first, and, where they are probabilities, whether these are right.

A score is any number that is higher for customers more likely to leave; from a model's P(alive) it is 1 - P(alive).
Labels `y` are 1 for customers who left and 0 for those who stayed. Customers with the same score stand and fall
together: no measure depends on the order of the rows. For the area under the ROC curve, average precision, the Brier
score and the log loss see scikit-learn's `sklearn.metrics`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import numpy as np
from attrs import field, frozen

from custvalue import _arguments
from custvalue._columns import same
from custvalue._results import Rows, as_column
from custvalue._typing import Array, ArrayLike, Ints
from custvalue.churn._scored import labels, labels_ranked, probabilities, same_length, weights_of
from custvalue.errors import DataError

Binning: TypeAlias = Literal["quantile", "uniform"]
"""Bins of about the same number of customers, or of the same width."""


@frozen
class Curve(Rows):
    """A quantity over the fraction of customers, from nobody to all, highest score first.

    Points stand where the score changes. Between them, among customers with the same score, the straight line is the
    expectation over their possible orders.

    Attributes
    ----------
    fraction : array
        Share of customers, from 0 to 1.
    value : array
        The quantity at each.
    """

    fraction: Array = field(converter=as_column, eq=same)
    value: Array = field(converter=as_column, eq=same)

    def at(self, fraction: ArrayLike) -> Array:
        """Value at any fraction in [0, 1], on the straight line between points."""
        return np.asarray(np.interp(_arguments.share("fraction", fraction), self.fraction, self.value))


def gains(y: ArrayLike, score: ArrayLike, *, weights: ArrayLike | None = None) -> Curve:
    """Cumulative gains: the share of all churners among the customers with the highest scores.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 for customers who left, 0 for those who stayed.
    score : array_like, shape (n,)
        Higher for those more likely to leave.
    weights : array_like, shape (n,), optional
        How much each customer counts.

    Returns
    -------
    Curve
        From (0, 0) to (1, 1); `at(0.1)` is the share of churners in the top tenth.

    Raises
    ------
    DataError
        y is not 0 or 1, a score is not finite, lengths differ, or nobody churned.

    Examples
    --------
    >>> curve = gains([1, 0, 1, 0, 0], [0.9, 0.8, 0.7, 0.2, 0.1])
    >>> print(curve.fraction, curve.value, curve.at(0.5))
    [0.  0.2 0.4 0.6 0.8 1. ] [0.  0.5 0.5 1.  1.  1. ] 0.75
    """
    left, ranking = labels_ranked(y, score, weights)
    churned = ranking.total(left)
    if not churned[-1]:
        raise DataError(
            f"a gains curve needs customers who churned; y is 0 in all {len(left)} rows. "
            "Use a longer period of observation or more customers."
        )
    return Curve(ranking.fraction(), churned / churned[-1])


def lift(y: ArrayLike, score: ArrayLike, fraction: ArrayLike = 0.1, *, weights: ArrayLike | None = None) -> Array:
    """Churn rate among the fraction of customers with the highest scores, over the churn rate of all.

    Parameters
    ----------
    y, score, weights
        As for `gains`.
    fraction : array_like
        In (0, 1]; an array gives the lift curve. Inside a group of equal scores, or between two customers, the value
        is the expectation over their possible orders.

    Raises
    ------
    DataError
        As for `gains`.
    ParameterError
        A fraction is outside (0, 1].

    Examples
    --------
    >>> print(lift([1, 0, 1, 0, 0], [0.9, 0.8, 0.7, 0.2, 0.1], [0.2, 0.4, 1.0]))
    [2.5  1.25 1.  ]
    """
    share = _arguments.share("fraction", fraction)
    _arguments.require(share > 0, "fraction must be > 0", "There is no lift among nobody.", fraction=share)
    return np.asarray(gains(y, score, weights=weights).at(share) / share)


def top_decile_lift(y: ArrayLike, score: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """Churn rate among the tenth of customers with the highest scores, over that of all: `lift` at 0.1.

    Examples
    --------
    >>> top_decile_lift([1, 0, 0, 0, 0, 0, 0, 0, 0, 1], [9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
    5.0
    """
    return float(lift(y, score, 0.1, weights=weights))


@frozen
class Calibration(Rows):
    """Predicted probabilities beside what happened, in bins of similar predictions; empty bins are left out.

    Attributes
    ----------
    predicted : array
        Mean predicted probability in each bin, lowest first.
    observed : array
        Share of its customers who left.
    share : array
        Its share of all customers.
    """

    predicted: Array = field(converter=as_column, eq=same)
    observed: Array = field(converter=as_column, eq=same)
    share: Array = field(converter=as_column, eq=same)

    @property
    def expected_error(self) -> float:
        """Expected calibration error: the mean absolute difference of predicted and observed, over customers."""
        return float((self.share * np.abs(self.predicted - self.observed)).sum())

    @property
    def maximum_error(self) -> float:
        """The largest absolute difference of predicted and observed, over bins."""
        return float(np.abs(self.predicted - self.observed).max())


def calibration(
    y: ArrayLike,
    p: ArrayLike,
    *,
    bins: int = 10,
    method: Binning = "quantile",
    weights: ArrayLike | None = None,
) -> Calibration:
    """Calibration curve: mean predicted probability and share that left, in bins of similar predictions.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 for customers who left, 0 for those who stayed.
    p : array_like, shape (n,)
        Predicted probabilities of leaving.
    bins : int
        Their number.
    method : {"quantile", "uniform"}
        Bins with about the same number of customers, or of the same width from 0 to 1. A bin contains its upper end.
        Customers with the same p are never divided, so that there may be fewer bins. A quantile that falls between two
        customers is interpolated, as in scikit-learn; with weights it is the lower one's p.
    weights : array_like, shape (n,), optional
        The weight of each customer.

    Raises
    ------
    DataError
        A probability is outside [0, 1], y is not 0 or 1, or lengths differ.
    ParameterError
        `bins` is not a positive whole number, or `method` none of its choices.

    Examples
    --------
    >>> curve = calibration([0, 0, 1, 0, 1, 1], [0.1, 0.1, 0.3, 0.6, 0.7, 0.9], bins=2)
    >>> print(curve.predicted.round(3), curve.observed.round(3), round(curve.expected_error, 3))
    [0.167 0.733] [0.333 0.667] 0.117
    """
    left, predictions = labels(y), probabilities("p", p)
    same_length(y=left, p=predictions)
    w = weights_of(weights, len(left))
    w = w / w.sum()
    group, size = _bins(predictions, bins, method, None if weights is None else w)
    observed, share = _means(group, size, w, left)
    predicted, _ = _means(group, size, w, predictions)
    filled = share > 0
    return Calibration(predicted[filled], observed[filled], share[filled])


def _means(group: Ints, size: int, w: Array, values: Array) -> tuple[Array, Array]:
    """Weighted mean of each group, 0 where it is empty, and its share of the weight."""
    share = np.asarray(np.bincount(group, w, size), dtype=np.float64)
    total = np.bincount(group, w * values, size)
    return np.divide(total, share, out=np.zeros(size), where=share > 0), share


def _bins(p: Array, bins: int, method: Binning, w: Array | None) -> tuple[Ints, int]:
    """The bin of each customer, and the number of bins."""
    bins = _arguments.whole_number("bins", bins)
    inner = np.linspace(0, 1, bins + 1)[1:-1]
    if _arguments.one_of("method", method, get_args(Binning)) == "quantile":
        inner = np.quantile(p, inner) if w is None else _weighted_quantiles(p, w, inner)
    return np.searchsorted(inner, p, side="left"), bins


def _weighted_quantiles(p: Array, w: Array, levels: Array) -> Array:
    """The smallest p below or at which there is a share of the weight."""
    order = np.argsort(p)
    reached = np.cumsum(w[order])
    at = np.searchsorted(reached, levels * reached[-1] * (1 - 1e-12))  # a sum one rounding short still reaches it
    return np.asarray(p[order[at]])
