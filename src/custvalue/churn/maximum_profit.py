"""The most that a campaign could have earned by a score: MPC, and EMPC where the acceptance is uncertain."""

from __future__ import annotations

from typing import Final

import numpy as np
from attrs import frozen
from scipy.special import betaincc, betaln

from custvalue import _arguments
from custvalue._typing import Array, ArrayLike, Bools, Ints
from custvalue.churn._scored import acceptances, labels_ranked
from custvalue.churn.targeting import gain_and_cost

_PASSES: Final = 40
"""Passes that drop all points above the chord of their neighbors at once. Each halves the points of random data: 15 for
a million customers. A chain that only its last point brings down would take n: after these passes one at a time."""


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
    left, ranking = labels_ranked(y, score, weights)
    gain, cost = gain_and_cost(left, clv, incentive, contact_cost)
    profit = ranking.total(acceptances(acceptance, len(left)) * gain - cost)
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
    left, ranking = labels_ranked(y, score, weights)
    gain, cost = gain_and_cost(left, clv, incentive, contact_cost)
    a, b = (_arguments.only(n, _arguments.positive(n, v)) for n, v in (("alpha", alpha), ("beta", beta)))
    profit, fraction = expected_maximum(ranking.total(gain), ranking.total(cost), ranking.fraction(), a, b)
    return MaximumProfit(float(profit / ranking.weights.sum()), fraction)


def expected_maximum(a: Array, b: Array, share: Array, alpha: float, beta: float) -> tuple[float, float]:
    """E[max_k γ a_k - b_k] for γ ~ Beta(alpha, beta), and the expected share at the maximum.

    At threshold k the campaign earns γ a_k - b_k, a line in the acceptance γ. The maximum of lines is convex and
    piecewise linear, from one corner to the next: it rises by (γ - g) Δa where γ > g = Δb/Δa, at which the next line
    takes over. Its expectation is thus the sum of Δa E[(γ - g)+], and the expected share that of Δshare P(γ > g): all
    terms are positive, so that nothing cancels, however unlikely a profit is.
    """
    unit = _power_of_two(a, b)
    a, b = a / unit, b / unit
    best = corners(a, b)
    gain = np.diff(a[best])
    with np.errstate(over="ignore"):
        g = np.minimum(np.diff(b[best]) / gain, 1.0)  # no acceptance is above 1
    above = betaincc(alpha, beta, g)
    profit = (gain * _mean_excess(g, above, alpha, beta)).sum()
    return float(profit * unit), float((np.diff(share[best]) * above).sum())


def corners(a: Array, b: Array) -> Ints:
    """Lines γ a - b that are highest for some γ >= 0, in ascending a; the first has a = b = 0, and b never falls.

    They are the corners of the lower convex hull of the points (a, b), to the right of 0. With one value for all
    customers the points are an affine image of the ROC curve, and these the corners of its convex hull (Verbraken,
    Verbeke & Baesens 2013).
    """
    highest = np.maximum.accumulate(a)
    kept = np.flatnonzero(np.concatenate(([True], a[1:] > highest[:-1])))  # less gain for no less cost: never best
    for _ in range(_PASSES):
        left = kept[_convex(a[kept], b[kept])]
        if len(left) == len(kept):
            return kept
        kept = left
    return _chain(a, b, kept)


def _convex(a: Array, b: Array) -> Bools:
    """Whether each point lies below the chord of its neighbors; all that do not are no corners."""
    run, rise = np.diff(a), np.diff(b)
    inner = rise[:-1] * run[1:] < rise[1:] * run[:-1]
    return np.concatenate(([True], inner, [True]))[: len(a)]


def _chain(a: Array, b: Array, points: Ints) -> Ints:
    """Corners one by one (Andrew's monotone chain), where few points go at a time."""
    found: list[tuple[float, float, int]] = []
    for x, y, i in zip(a[points].tolist(), b[points].tolist(), points.tolist(), strict=True):
        while len(found) > 1:
            (x0, y0, _), (x1, y1, _) = found[-2:]
            if (y1 - y0) * (x - x1) < (y - y1) * (x1 - x0):
                break
            found.pop()
        found.append((x, y, i))
    return np.array([i for _, _, i in found], dtype=np.intp)


def _power_of_two(a: Array, b: Array) -> float:
    """A power of 2 of the size of the numbers: their products then neither overflow nor vanish, and digits stay."""
    size = max(float(np.abs(a).max()), float(np.abs(b).max()))
    return float(2.0 ** np.floor(np.log2(size))) if size > 0 else 1.0


def _mean_excess(g: Array, above: Array, alpha: float, beta: float) -> Array:
    """E[(γ - g)+] for γ ~ Beta(α, β) and g in [0, 1], where `above` is P(γ > g).

    E[γ; γ > g] = mean · P(γ' > g), γ' ~ Beta(α + 1, β), and I_g(α + 1, β) = I_g(α, β) - g^α (1 - g)^β / (α B(α, β))
    (Abramowitz & Stegun 26.5.16).
    """
    mean = alpha / (alpha + beta)
    with np.errstate(divide="ignore"):
        log_density = alpha * np.log(g) + beta * np.log1p(-g) - betaln(alpha, beta) - np.log(alpha)
    return np.asarray(np.maximum((mean - g) * above + mean * np.exp(log_density), 0.0))
