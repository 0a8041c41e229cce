"""The satisfaction-loyalty grid (apostles, hostages, mercenaries, defectors) and inertia: satisfied, but idle."""

from __future__ import annotations

import numpy as np

from custvalue._columns import together
from custvalue._typing import Array, ArrayLike, Bools, NDArray
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
    known = together(satisfaction=on_scale(satisfaction), loyalty=on_scale(loyalty, "loyalty"))
    names = ("defector", "hostage", "mercenary", "apostle")
    return quadrants(names, known["satisfaction"], satisfied, known["loyalty"], loyal)


def quadrants(
    names: tuple[str, str, str, str], first: Array, first_cut: float | None, second: Array, second_cut: float | None
) -> NDArray[np.str_]:
    """Names by which of two cuts (by default the medians) are reached: neither, the second, the first, both."""
    if not first.size:
        return np.zeros(first.shape, dtype=np.str_)
    one = first >= (np.median(first) if first_cut is None else first_cut)
    two = second >= (np.median(second) if second_cut is None else second_cut)
    found: NDArray[np.str_] = np.array(names)[2 * one + two]
    return found


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
    known = together(satisfaction=on_scale(satisfaction), p_alive=on_scale(p_alive, "p_alive"))
    return np.asarray((known["satisfaction"] >= satisfied) & (known["p_alive"] < active))
