"""The satisfaction-loyalty grid (apostles, hostages, mercenaries, defectors) and inertia: satisfied, but idle."""

from __future__ import annotations

import numpy as np

from custvalue._arguments import together
from custvalue._typing import Array, ArrayLike, Bools, NDArray
from custvalue.errors import DataError, ParameterError
from custvalue.relationships.satisfaction import on_scale


def satisfaction_loyalty(
    satisfaction: ArrayLike, loyalty: ArrayLike, *, satisfied: float | None = None, loyal: float | None = None
) -> NDArray[np.str_]:
    """Name each customer by satisfaction and loyalty (Jones & Sasser 1995).

    Apostles are satisfied and loyal, hostages loyal without being satisfied, mercenaries satisfied without being
    loyal, defectors neither.

    Parameters
    ----------
    satisfaction, loyalty : array_like
        From 0 to 1: P(alive), or a share of wallet, can be the loyalty.
    satisfied, loyal : float, optional
        Cuts from which customers count as such; the medians by default.

    Raises
    ------
    DataError
        A value lies outside 0 to 1, or shapes do not fit.

    Examples
    --------
    >>> satisfaction_loyalty([0.9, 0.2, 0.9, 0.2], [0.8, 0.8, 0.1, 0.1], satisfied=0.6, loyal=0.5).tolist()
    ['apostle', 'hostage', 'mercenary', 'defector']
    """
    content, staying = _alike(on_scale(satisfaction), on_scale(loyalty, "loyalty"), "loyalty")
    names = np.array([["defector", "hostage"], ["mercenary", "apostle"]])
    high = content >= (_middle(content) if satisfied is None else satisfied)
    true = staying >= (_middle(staying) if loyal is None else loyal)
    return names[high.astype(np.intp), true.astype(np.intp)]


def satisfied_but_idle(
    satisfaction: ArrayLike, p_alive: ArrayLike, *, satisfied: float = 0.75, active: float = 0.5
) -> Bools:
    """Flag inert customers: satisfied, but probably no longer buying.

    Parameters
    ----------
    satisfaction : array_like, shape (n,)
        From 0 to 1.
    p_alive : array_like, shape (n,)
        As a model of buying gives it.
    satisfied, active : float
        Customers are satisfied from this satisfaction on, and idle below this P(alive).

    Raises
    ------
    DataError
        A value lies outside 0 to 1, or shapes do not fit.

    Examples
    --------
    >>> satisfied_but_idle([0.9, 0.9, 0.1], [0.2, 0.8, 0.2])
    array([ True, False, False])
    """
    content, alive = _alike(on_scale(satisfaction), on_scale(p_alive, "p_alive"), "p_alive")
    return np.asarray((content >= satisfied) & (alive < active))


def _alike(satisfaction: Array, other: Array, name: str) -> tuple[Array, Array]:
    """Both in their common shape."""
    try:
        content, second = together(satisfaction=satisfaction, **{name: other})
    except ParameterError:
        raise DataError(
            f"satisfaction and {name} must have one value per customer; got shapes {satisfaction.shape} and "
            f"{other.shape}"
        ) from None
    return content, second


def _middle(values: Array) -> float:
    """Median; 0 of nobody."""
    return float(np.median(values)) if values.size else 0.0
