"""How good scores of churn are: what they rank, and, where they are probabilities, whether these are right.

A score is any number that is higher for customers more likely to leave; from a model's P(alive) it is 1 - P(alive).
Labels `y` are 1 for customers who left and 0 for those who stayed. Customers with the same score stand and fall
together: no measure depends on the order of the rows.
"""

from __future__ import annotations

import numpy as np

from custvalue._typing import Array, ArrayLike
from custvalue.churn._calibration import Brier, Calibration, brier, calibration, log_loss
from custvalue.churn._checks import both_classes, column, labels, same_length, some_churned, weights_of
from custvalue.churn._ranking import Curve, Ranking, in_unit_interval, rank
from custvalue.errors import ParameterError

__all__ = [
    "Brier",
    "Calibration",
    "Curve",
    "average_precision",
    "brier",
    "calibration",
    "gains",
    "lift",
    "log_loss",
    "roc_auc",
    "top_decile_lift",
]


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
    y_, ranking = _ranked(y, score, weights)
    some_churned(y_, ranking.weights, "a gains curve")
    churned = ranking.total(y_)
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
    share = in_unit_interval(fraction)
    if not np.all(share > 0):
        raise ParameterError(f"fraction must be above 0: there is no lift among nobody; got {fraction!r}")
    return np.asarray(gains(y, score, weights=weights).at(share) / share)


def top_decile_lift(y: ArrayLike, score: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """Churn rate among the tenth of customers with the highest scores, over that of all: `lift` at 0.1.

    Examples
    --------
    >>> top_decile_lift([1, 0, 0, 0, 0, 0, 0, 0, 0, 1], [9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
    5.0
    """
    return float(lift(y, score, 0.1, weights=weights))


def roc_auc(y: ArrayLike, score: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """Area under the ROC curve: the probability that a churner's score is above a stayer's, ties counted half.

    Parameters
    ----------
    y, score, weights
        As for `gains`.

    Raises
    ------
    DataError
        As for `gains`; or nobody stayed.

    Examples
    --------
    >>> roc_auc([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.2])
    0.75
    """
    y_, ranking = _ranked(y, score, weights)
    both_classes(y_, ranking.weights, "the ROC curve")
    churned, stayed = ranking.total(y_), ranking.total(1 - y_)
    pairs = np.diff(stayed) * (churned[1:] + churned[:-1]) / 2
    return float(pairs.sum() / (churned[-1] * stayed[-1]))


def average_precision(y: ArrayLike, score: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """Mean, over churners, of the churn rate among customers with at least their score.

    The sum of precision times the step in recall over all thresholds, without interpolation, as in scikit-learn. The
    churn rate itself is what a score without information gets.

    Parameters
    ----------
    y, score, weights
        As for `gains`.

    Raises
    ------
    DataError
        As for `gains`.

    Examples
    --------
    >>> round(average_precision([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.2]), 4)
    0.8333
    """
    y_, ranking = _ranked(y, score, weights)
    some_churned(y_, ranking.weights, "average precision")
    churned, reached = ranking.total(y_), ranking.total(np.ones(len(y_)))
    some = reached[1:] > 0
    precision = churned[1:][some] / reached[1:][some]
    return float((np.diff(churned)[some] * precision).sum() / churned[-1])


def _ranked(y: ArrayLike, score: ArrayLike, weights: ArrayLike | None) -> tuple[Array, Ranking]:
    y_, s = labels(y), column("score", score)
    same_length(y=y_, score=s)
    return y_, rank(s, weights_of(weights, len(y_)))
