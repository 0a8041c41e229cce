"""How good scores of churn are: what they rank, and, where they are probabilities, whether these are right.

A score is any number that is higher for customers more likely to leave; from a model's P(alive) it is 1 - P(alive).
Labels `y` are 1 for customers who left and 0 for those who stayed. Customers with the same score stand and fall
together: no measure depends on the order of the rows.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from attrs import cmp_using, field, frozen

from custvalue._columns import read_only
from custvalue._typing import Array, ArrayLike, Ints
from custvalue.churn._checks import both_classes, column, labels, probabilities, same_length, some_churned, weights_of
from custvalue.churn._ranking import Curve, Ranking, in_unit_interval, rank
from custvalue.errors import ParameterError

_same = cmp_using(eq=np.array_equal)
Binning = Literal["quantile", "uniform"]


@frozen
class Brier:
    """A Brier score and what it is made of: reliability - resolution + uncertainty + within.

    Attributes
    ----------
    score : float
        Mean of (p - y)²: 0 is perfect, lower is better.
    reliability : float
        Mean squared distance between the probabilities and the share that left among customers with the same
        probability (or bin): 0 is calibrated.
    resolution : float
        Variance of that share between the groups: higher is better.
    uncertainty : float
        Variance of y, the score of the overall churn rate as everyone's probability.
    within : float
        What binning hides: the variance of p within bins, less twice its covariance with y. 0 for distinct forecasts.
    """

    score: float
    reliability: float
    resolution: float
    uncertainty: float
    within: float

    @property
    def skill(self) -> float:
        """1 - score/uncertainty: 1 is perfect, 0 no better than the overall churn rate; nan with one class only."""
        return 1 - self.score / self.uncertainty if self.uncertainty else float("nan")


@frozen
class Calibration:
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

    predicted: Array = field(converter=read_only, eq=_same)
    observed: Array = field(converter=read_only, eq=_same)
    share: Array = field(converter=read_only, eq=_same)

    @property
    def expected_error(self) -> float:
        """Expected calibration error: mean of |predicted - observed| over customers."""
        return float((self.share * np.abs(self.predicted - self.observed)).sum())

    @property
    def maximum_error(self) -> float:
        """The largest |predicted - observed| of a bin."""
        return float(np.abs(self.predicted - self.observed).max())


def brier(
    y: ArrayLike,
    p: ArrayLike,
    *,
    bins: int | None = None,
    method: Binning = "quantile",
    weights: ArrayLike | None = None,
) -> Brier:
    """Brier score, the mean of (p - y)², decomposed so that the parts add up exactly.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 for customers who left, 0 for those who stayed.
    p : array_like, shape (n,)
        Predicted probabilities of leaving.
    bins, method
        Customers with the same p are a group unless a number of `bins` is given, which are made as for `calibration`.
        With many distinct p the groups are single customers, and reliability and resolution mean little: use bins.
    weights : array_like, shape (n,), optional
        How much each customer counts.

    Raises
    ------
    DataError
        A probability is outside [0, 1], y is not 0 or 1, or lengths differ.

    Notes
    -----
    Murphy (1973) for distinct forecasts; with bins, the two within-bin terms of Stephenson, Coelho & Jolliffe (2008,
    equation 10), here in one.

    Examples
    --------
    >>> found = brier([1, 0, 0, 1], [0.8, 0.2, 0.2, 0.2])
    >>> round(found.score, 3), round(found.reliability - found.resolution + found.uncertainty, 3)
    (0.19, 0.19)
    """
    y_, p_, w = _columns(y, p, weights)
    w = w / w.sum()
    if bins is None:
        groups, group = np.unique(p_, return_inverse=True)
        forecast, rate, share = groups, *_means(group, len(groups), w, y_)
    else:
        group, size = _bins(p_, bins, method, None if weights is None else w)
        rate, share = _means(group, size, w, y_)
        forecast, _ = _means(group, size, w, p_)
    overall = float((w * y_).sum())
    off = p_ - forecast[group]
    return Brier(
        score=float((w * (p_ - y_) ** 2).sum()),
        reliability=float((share * (forecast - rate) ** 2).sum()),
        resolution=float((share * (rate - overall) ** 2).sum()),
        uncertainty=overall * (1 - overall),
        within=float((w * off * (off - 2 * (y_ - rate[group]))).sum()),
    )


def log_loss(y: ArrayLike, p: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """Mean of -log(the probability given to what happened), in nats; infinite where that probability is 0.

    Parameters
    ----------
    y, p, weights
        As for `brier`.

    Raises
    ------
    DataError
        As for `brier`.

    Notes
    -----
    scikit-learn moves probabilities of 0 and 1 inside by 2e-16, and returns a large number in place of infinity.

    Examples
    --------
    >>> round(log_loss([1, 0, 0], [0.7, 0.2, 0.4]), 4)
    0.3635
    """
    y_, p_, w = _columns(y, p, weights)
    with np.errstate(divide="ignore"):
        lost = -np.where(y_ == 1, np.log(p_), np.log1p(-p_))
    return float((w[w > 0] * lost[w > 0]).sum() / w.sum())


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
    y, p, weights
        As for `brier`.
    bins : int
        How many.
    method : {"quantile", "uniform"}
        Bins with about the same number of customers, or of the same width from 0 to 1. A bin contains its upper end.
        Customers with the same p are never divided, so that bins may be fewer. Quantiles are between two values of p
        where they fall between customers; with weights they are the lower one.

    Raises
    ------
    DataError
        As for `brier`.
    ParameterError
        `bins` is not a positive whole number, or `method` not known.

    Examples
    --------
    >>> curve = calibration([0, 0, 1, 0, 1, 1], [0.1, 0.1, 0.3, 0.6, 0.7, 0.9], bins=2)
    >>> print(curve.predicted.round(3), curve.observed.round(3), round(curve.expected_error, 3))
    [0.167 0.733] [0.333 0.667] 0.117
    """
    y_, p_, w = _columns(y, p, weights)
    w = w / w.sum()
    group, size = _bins(p_, bins, method, None if weights is None else w)
    observed, share = _means(group, size, w, y_)
    predicted, _ = _means(group, size, w, p_)
    filled = share > 0
    return Calibration(predicted[filled], observed[filled], share[filled])


def _columns(y: ArrayLike, p: ArrayLike, weights: ArrayLike | None) -> tuple[Array, Array, Array]:
    y_, p_ = labels(y), probabilities("p", p)
    same_length(y=y_, p=p_)
    return y_, p_, weights_of(weights, len(y_))


def _means(group: Ints, size: int, w: Array, values: Array) -> tuple[Array, Array]:
    """Weighted mean of each group, 0 where it is empty, and its share of the weight."""
    share = np.asarray(np.bincount(group, w, size), dtype=np.float64)
    total = np.bincount(group, w * values, size)
    return np.divide(total, share, out=np.zeros(size), where=share > 0), share


def _bins(p: Array, bins: int, method: Binning, w: Array | None) -> tuple[Ints, int]:
    """The bin of each customer, and how many there are."""
    if isinstance(bins, bool) or not isinstance(bins, (int, np.integer)) or bins < 1:
        raise ParameterError(f"bins must be a positive whole number; got {bins!r}")
    levels = np.linspace(0, 1, bins + 1)
    if method == "uniform":
        inner = levels[1:-1]
    elif method == "quantile":
        inner = np.quantile(p, levels[1:-1]) if w is None else _weighted_quantiles(p, w, levels[1:-1])
    else:
        raise ParameterError(f'method must be "quantile" or "uniform"; got {method!r}')
    return np.searchsorted(inner, p, side="left"), int(bins)


def _weighted_quantiles(p: Array, w: Array, levels: Array) -> Array:
    """The smallest p below or at which there is a share of the weight."""
    order = np.argsort(p)
    reached = np.cumsum(w[order])
    at = np.searchsorted(reached, levels * reached[-1] * (1 - 1e-12))  # a sum one rounding short still reaches it
    return np.asarray(p[order[at]])


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
