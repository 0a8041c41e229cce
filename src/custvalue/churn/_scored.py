"""Customers as columns - labels, scores, probabilities, amounts, weights - and their order by score."""

from __future__ import annotations

import numpy as np
from attrs import field, frozen

from custvalue._columns import check_rows, numbers, same
from custvalue._typing import Array, ArrayLike, Bools, Ints
from custvalue.errors import DataError, ParameterError


def column(name: str, values: ArrayLike) -> Array:
    """One finite number per customer.

    Raises
    ------
    DataError
        The values are not numbers, not finite, none, or have more than one axis.
    """
    array = numbers(name, values)
    if array.ndim != 1 or not array.size:
        raise DataError(
            f"{name} must have one value per customer and at least one customer; got shape {array.shape}. "
            "Give a list, a column or an array with one axis."
        )
    check_rows(np.isfinite(array), f"{name} must be finite", "Leave the customer out.", **{name: array})
    return array


def labels(y: ArrayLike) -> Array:
    """What happened: 1 for customers who left, 0 for those who stayed."""
    array = column("y", y)
    rule, remedy = "y must be 1 (churned) or 0 (stayed)", "Code it so, as (label == 'churned')."
    check_rows((array == 0) | (array == 1), rule, remedy, y=array)
    return array


def probabilities(name: str, values: ArrayLike) -> Array:
    """Probabilities of leaving, one per customer."""
    array = column(name, values)
    remedy = "Turn scores into probabilities first (calibrate them), and percent into shares."
    check_rows((array >= 0) & (array <= 1), f"{name} must be a probability in [0, 1]", remedy, **{name: array})
    return array


def amounts(name: str, values: ArrayLike, size: int, *, low: float = -np.inf) -> Array:
    """One amount for all customers or one for each, finite and at least `low`."""
    rule = "finite" if low == -np.inf else f"finite and at least {low:g}"
    return _for_all_or_each(name, values, size, low, np.inf, rule)


def acceptances(acceptance: ArrayLike, size: int) -> Array:
    """The probability that a customer about to leave accepts the offer and stays: one for all, or one for each."""
    return _for_all_or_each("acceptance", acceptance, size, 0.0, 1.0, "a probability in [0, 1]")


def _for_all_or_each(name: str, values: ArrayLike, size: int, low: float, high: float, rule: str) -> Array:
    """The values, shape (size,): a wrong one for all is a ParameterError, a customer's a DataError."""
    array = numbers(name, values)
    ok: Bools = np.isfinite(array) & (array >= low) & (array <= high)
    if array.ndim == 0 and not ok:
        raise ParameterError(f"{name} must be {rule}; got {array.item()!r}")
    if array.shape not in {(), (size,)}:
        raise DataError(
            f"{name} must be one number or one per customer ({size}); got shape {array.shape}. "
            "Take it from the same table."
        )
    check_rows(ok, f"{name} must be {rule}", "Leave the customer out, or give a value.", **{name: array})
    return np.broadcast_to(array, (size,))


def same_length(**columns: Array) -> None:
    """Raise DataError unless the columns have equally many rows."""
    if len({len(array) for array in columns.values()}) > 1:
        counts = " and ".join(f"{len(array)} ({name})" for name, array in columns.items())
        raise DataError(
            f"{', '.join(columns)} must have the same customers in the same order; got {counts} rows. "
            "Take them from the same table."
        )


def weights_of(weights: ArrayLike | None, size: int) -> Array:
    """The weight of each customer: 1 unless given."""
    if weights is None:
        return np.ones(size)
    array = column("weights", weights)
    check_rows(array >= 0, "weights must not be negative", "A weight of 0 leaves the customer out.", weights=array)
    if not array.any():
        raise DataError("weights must not all be 0; give the customers that count a positive weight")
    same_length(y=np.empty(size), weights=array)
    return array


@frozen
class Ranking:
    """The order of customers by score, and where the score changes: equal scores stand and fall together.

    Attributes
    ----------
    order : array of int
        Customers, highest score first.
    ends : array of int
        Number of customers with at least each distinct score, highest first.
    weights : array
        Of customers, as they were given.
    """

    order: Ints = field(eq=same)
    ends: Ints = field(eq=same)
    weights: Array = field(eq=same)

    def total(self, values: Array) -> Array:
        """Weighted sums over the customers above each threshold: nobody first, everyone last."""
        sums = np.cumsum((self.weights * values)[self.order])
        return np.concatenate(([0.0], sums[self.ends - 1]))

    def fraction(self) -> Array:
        """Share of the customers above each threshold, by weight."""
        reached = self.total(np.ones(len(self.order)))
        return np.asarray(reached / reached[-1])


def rank(score: Array, weights: Array) -> Ranking:
    """Rank customers by a score, highest first."""
    order = np.argsort(-score)
    ranked = score[order]
    changes = np.flatnonzero(ranked[1:] != ranked[:-1]) + 1
    return Ranking(order, np.append(changes, len(order)), weights)


def labels_ranked(y: ArrayLike, score: ArrayLike, weights: ArrayLike | None) -> tuple[Array, Ranking]:
    """Labels, and the ranking of the same customers by their scores."""
    left, by = labels(y), column("score", score)
    same_length(y=left, score=by)
    return left, rank(by, weights_of(weights, len(left)))
