"""The most that a campaign could have earned by a score: MPC, and EMPC where the acceptance is uncertain."""

from __future__ import annotations

import numpy as np
from attrs import frozen

from custvalue._typing import ArrayLike
from custvalue.churn._campaign import gain_and_cost
from custvalue.churn._checks import acceptance_of, column, labels, positive, same_length, weights_of
from custvalue.churn._envelope import expected_maximum
from custvalue.churn._ranking import rank


@frozen
class MaximumProfit:
    """The most that contacting the customers with the highest scores earns.

    Attributes
    ----------
    profit : float
        Per customer of the whole base, contacted or not, in the money of `clv`; never below 0, for contacting nobody.
    fraction : float
        The share of customers to contact for it; with uncertain acceptance its expectation.
    """

    profit: float
    fraction: float


def mpc(
    y: ArrayLike,
    score: ArrayLike,
    *,
    clv: ArrayLike = 200.0,
    incentive: ArrayLike = 10.0,
    contact_cost: ArrayLike = 1.0,
    acceptance: ArrayLike = 0.3,
    weights: ArrayLike | None = None,
) -> MaximumProfit:
    """Maximum profit of a retention campaign (MPC): over all thresholds of the score, what contacting earned at best.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 for customers who left (without a campaign), 0 for those who stayed.
    score : array_like, shape (n,)
        What customers are ranked by, highest first: a churn score or, to rank by value as well, a `contact_profit`.
    clv : array_like
        What a customer is worth if they stay: one value for all, or one per customer.
    incentive, contact_cost : array_like
        Value of the offer to the company, and cost of a contact; one for all or one per customer, not negative.
    acceptance : array_like
        Probability that a customer about to leave accepts the offer and stays. Those who would have stayed always
        accept it.
    weights : array_like, shape (n,), optional
        How much each customer counts.

    Raises
    ------
    DataError
        y is not 0 or 1, a value is missing or out of bounds, or lengths differ.
    ParameterError
        A cost for all is negative or an acceptance outside [0, 1].

    Notes
    -----
    The defaults are those of Verbraken, Verbeke & Baesens (2013): for comparing scores with published ones, not for
    planning a campaign. With one `clv` per customer it is the maximum over the customers so
    ranked of what each of them earned; with `incentive` a share of it, this is what Janssens et al. (2022) call
    EMPB, with the mean of their beta distribution as `acceptance`.

    Examples
    --------
    >>> mpc([1, 0, 1, 0, 0], [0.9, 0.8, 0.7, 0.2, 0.1])
    MaximumProfit(profit=20.2, fraction=0.6)
    >>> mpc([1, 0, 1, 0, 0], [0.9, 0.8, 0.7, 0.2, 0.1], clv=[500, 80, 20, 300, 90])
    MaximumProfit(profit=29.2, fraction=0.2)
    """
    y_, s = labels(y), column("score", score)
    same_length(y=y_, score=s)
    gain, cost = gain_and_cost(y_, clv, incentive, contact_cost)
    ranking = rank(s, weights_of(weights, len(y_)))
    profit = ranking.total(acceptance_of(acceptance, len(y_)) * gain - cost)
    best = int(np.argmax(profit))
    return MaximumProfit(float(profit[best] / ranking.weights.sum()), float(ranking.fraction()[best]))


def empc(
    y: ArrayLike,
    score: ArrayLike,
    *,
    clv: ArrayLike = 200.0,
    incentive: ArrayLike = 10.0,
    contact_cost: ArrayLike = 1.0,
    alpha: float = 6.0,
    beta: float = 14.0,
    weights: ArrayLike | None = None,
) -> MaximumProfit:
    """Expected maximum profit of a retention campaign (EMPC): the mean of `mpc` over acceptance ~ Beta(alpha, beta).

    For each acceptance the best threshold is taken, as if it were known before the campaign.

    Parameters
    ----------
    y, score, clv, incentive, contact_cost, weights
        As for `mpc`.
    alpha, beta : float
        Of the beta distribution of the acceptance, one for the whole campaign, with the mean alpha/(alpha + beta).

    Raises
    ------
    DataError, ParameterError
        As for `mpc`.

    Notes
    -----
    Verbraken, Verbeke & Baesens (2013), and their defaults, for one `clv`. For one per customer it is the same
    expectation with each customer's own value (why that matters: Óskarsdóttir, Baesens & Vanthienen 2018); the mean
    value for all gives another number wherever value and score go together. The profit at a threshold is a straight
    line in the acceptance; the maximum is the upper envelope of these lines, integrated piece by piece without
    approximation. One value for all makes its corners those of the convex hull of the ROC curve.

    Examples
    --------
    >>> found = empc([1, 0, 1, 0, 0], [0.9, 0.8, 0.7, 0.2, 0.1])
    >>> round(found.profit, 6), round(found.fraction, 6)
    (20.200316, 0.599664)
    """
    y_, s = labels(y), column("score", score)
    same_length(y=y_, score=s)
    gain, cost = gain_and_cost(y_, clv, incentive, contact_cost)
    ranking = rank(s, weights_of(weights, len(y_)))
    profit, fraction = expected_maximum(
        ranking.total(gain), ranking.total(cost), ranking.fraction(), positive("alpha", alpha), positive("beta", beta)
    )
    return MaximumProfit(float(profit / ranking.weights.sum()), fraction)
