"""Drivers of a change: what each of several changes adds to the change in value, whatever their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import factorial
from typing import Any, Final

import numpy as np
from attrs import frozen

from custvalue._typing import Array, ArrayLike, NDArray
from custvalue.errors import DataError, ParameterError

_MOST: Final = 10
"""Drivers at most: the value is computed for each of their 2^k combinations."""


@frozen(eq=False)
class Change:
    """The change in value from before to after, per relationship and in sum, by driver.

    Attributes
    ----------
    before, after : array, shape (n,)
        Value of each relationship.
    drivers : dict of str to array, shape (n,)
        What each driver adds; they sum to after - before in every row.
    """

    before: Array
    after: Array
    drivers: dict[str, Array]

    @property
    def gain(self) -> Array:
        """What all drivers add, without the cancellation of after - before where that is small."""
        return np.asarray(sum(self.drivers.values(), np.zeros_like(self.before)))

    @property
    def relative(self) -> Array:
        """The gain as a share of the value before: 0.25 is 25 % more; infinite where that was 0."""
        known = self.before != 0
        with np.errstate(over="ignore"):
            shares = self.gain / np.where(known, self.before, 1.0)
        return np.asarray(np.where(known, shares, np.where(self.gain == 0, 0.0, np.copysign(np.inf, self.gain))))

    @property
    def total(self) -> float:
        """Change of the total."""
        return float(self.after.sum() - self.before.sum())

    @property
    def by_driver(self) -> dict[str, float]:
        """What each driver adds to the total."""
        return {name: float(part.sum()) for name, part in self.drivers.items()}

    def table(self) -> dict[str, NDArray[Any]]:
        """One row per relationship: before, after, and what each driver adds."""
        return {"before": self.before, "after": self.after, **self.drivers}

    def __str__(self) -> str:
        lines = [("before", float(self.before.sum())), *self.by_driver.items(), ("after", float(self.after.sum()))]
        return "\n".join(f"{name:<24}{amount:>18,.2f}" for name, amount in lines)


def shapley_change(value: Callable[..., ArrayLike], before: Mapping[str, Any], after: Mapping[str, Any]) -> Change:
    """Change in value, divided exactly among the drivers that change, whatever their order (Shapley 1953).

    Parameters
    ----------
    value : callable
        ``value(**drivers)``: what each relationship is worth, shape (n,). Any function: a closed form, a model's CLV, a
        link from satisfaction to retention inside it, the number of relationships of a segment times the value of one.
    before, after : mapping of str to array_like, Rate or model
        The arguments of `value` at first, and those that change: names in `after` must be in `before`.

    Returns
    -------
    Change
        A driver's part is its mean effect over all orders in which the drivers could change, so interactions are
        shared and nothing is left over.

    Raises
    ------
    ParameterError
        A driver that changes is not in `before`, or more than 10 change.
    DataError
        The value is not finite.

    Examples
    --------
    >>> def worth(margin, retention):
    ...     return margin * retention / (1.1 - retention)
    >>> now = {"margin": np.array([100.0, 50.0]), "retention": np.array([0.8, 0.6])}
    >>> print(shapley_change(worth, now, {"margin": now["margin"] * 1.1, "retention": now["retention"] + 0.05}))
    before                              326.67
    margin                               36.94
    retention                            89.83
    after                               453.44
    """
    names = list(after)
    unknown = [name for name in names if name not in before]
    if unknown:
        raise ParameterError(f"{', '.join(unknown)} cannot change: before has {', '.join(before)}")
    if len(names) > _MOST:
        raise ParameterError(f"at most {_MOST} drivers can change at once; got {len(names)}. Group some of them.")
    values = _corners(value, before, after, names)
    drivers = {name: _shapley(values, i, len(names)) for i, name in enumerate(names)}
    return Change(values[0], values[-1], drivers)


def _corners(
    value: Callable[..., ArrayLike], before: Mapping[str, Any], after: Mapping[str, Any], names: list[str]
) -> list[Array]:
    """The value where the drivers of each subset have changed; bit i of the place says whether driver i has."""
    found = []
    for subset in range(1 << len(names)):
        changed = {name: after[name] for i, name in enumerate(names) if subset >> i & 1}
        worth = np.atleast_1d(np.asarray(value(**{**before, **changed}), dtype=np.float64))
        if not np.isfinite(worth).all():
            bad = int((~np.isfinite(worth)).sum())
            raise DataError(
                f"the value must be finite; it is not in {bad} of {worth.size} rows with "
                f"{', '.join(changed) or 'nothing'} changed. Check that retention stays below 1 + rate."
            )
        found.append(worth)
    return [np.asarray(worth) for worth in np.broadcast_arrays(*found)]


def _shapley(values: list[Array], driver: int, many: int) -> Array:
    """Σ over subsets S without the driver of |S|! (k - |S| - 1)!/k! x what the driver adds to S (Shapley 1953)."""
    part = np.zeros_like(values[0])
    for subset in range(1 << many):
        if subset >> driver & 1:
            continue
        size = subset.bit_count()
        weight = factorial(size) * factorial(many - size - 1) / factorial(many)
        part += weight * (values[subset | 1 << driver] - values[subset])
    return part
