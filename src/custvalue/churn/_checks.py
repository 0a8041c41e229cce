"""Columns of labels, scores, probabilities, weights and money, checked where they come in."""

from __future__ import annotations

import numpy as np

from custvalue._columns import check_rows, numbers
from custvalue._typing import Array, ArrayLike
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
    check_rows(
        (array == 0) | (array == 1),
        "y must be 1 (churned) or 0 (stayed)",
        "Code it so, as (label == 'churned').",
        y=array,
    )
    return array


def probabilities(name: str, values: ArrayLike) -> Array:
    """Probabilities of leaving, one per customer, in [0, 1]."""
    array = column(name, values)
    check_rows(
        (array >= 0) & (array <= 1),
        f"{name} must be a probability in [0, 1]",
        "Turn scores into probabilities first (calibrate them), and percent into shares.",
        **{name: array},
    )
    return array


def weights_of(weights: ArrayLike | None, size: int) -> Array:
    """How much each customer counts: 1 unless given."""
    if weights is None:
        return np.ones(size)
    array = column("weights", weights)
    check_rows(array >= 0, "weights must not be negative", "A weight of 0 leaves the customer out.", weights=array)
    if not array.any():
        raise DataError("weights must not all be 0; give the customers that count a positive weight")
    same_length(y=np.empty(size), weights=array)
    return array


def same_length(**columns: Array) -> None:
    """Raise DataError unless the columns have equally many rows."""
    if len({len(array) for array in columns.values()}) > 1:
        counts = " and ".join(f"{len(array)} ({name})" for name, array in columns.items())
        raise DataError(
            f"{', '.join(columns)} must have the same customers in the same order; got {counts} rows. "
            "Take them from the same table."
        )


def both_classes(y: Array, weights: Array, what: str) -> None:
    """Raise DataError unless some customers left and some stayed."""
    left = float((weights * y).sum())
    if left == 0 or float((weights * (1 - y)).sum()) == 0:
        seen = "stayed" if left == 0 else "churned"
        raise DataError(
            f"{what} needs customers who churned and customers who stayed; all {len(y)} {seen} (y is the same "
            "throughout). Use a longer period of observation or more customers."
        )


def some_churned(y: Array, weights: Array, what: str) -> None:
    """Raise DataError unless some customers left."""
    if float((weights * y).sum()) == 0:
        raise DataError(
            f"{what} needs customers who churned; y is 0 in all {len(y)} rows. "
            "Use a longer period of observation or more customers."
        )


def money(name: str, values: ArrayLike, size: int, *, low: float = -np.inf) -> Array:
    """An amount for all customers or one per customer, finite and at least `low`.

    Raises
    ------
    ParameterError
        The one amount for all is out of bounds.
    DataError
        Some customer's is, or there are not as many as customers.
    """
    return _bounded(name, values, size, low, np.inf, "finite" if low == -np.inf else f"finite and at least {low:g}")


def acceptance_of(acceptance: ArrayLike, size: int) -> Array:
    """The probability that a customer about to leave accepts the incentive and stays: one for all or each their own."""
    return _bounded("acceptance", acceptance, size, 0.0, 1.0, "a probability in [0, 1]")


def _bounded(name: str, values: ArrayLike, size: int, low: float, high: float, rule: str) -> Array:
    array = numbers(name, values)
    ok = np.isfinite(array) & (array >= low) & (array <= high)
    if array.ndim == 0:
        if not ok:
            raise ParameterError(f"{name} must be {rule}; got {array.item()!r}")
        return np.broadcast_to(array, (size,))
    if array.shape != (size,):
        raise DataError(
            f"{name} must be one number or one per customer ({size}); got shape {array.shape}. "
            "Take it from the same table."
        )
    check_rows(ok, f"{name} must be {rule}", "Leave the customer out, or give a value.", **{name: array})
    return array


def positive(name: str, value: float) -> float:
    """A positive, finite parameter."""
    if not (np.ndim(value) == 0 and 0 < value < np.inf):
        raise ParameterError(f"{name} must be positive and finite; got {value!r}")
    return float(value)
