"""Spot rates from par rates: the curve on which every bond is worth its face value."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from custvalue._typing import Array
from custvalue.discounting._interpolation import Method, accumulated
from custvalue.errors import DataError, ParameterError

ROUNDS = 60
HALVINGS = 20
STEP = 1e-6


def coupon_dates(maturity: float, frequency: int) -> Array:
    """Times of the coupons of a bond, the first one period from now, the last at maturity."""
    if not isinstance(frequency, (int, np.integer)) or isinstance(frequency, bool) or frequency < 1:
        raise ParameterError(f"frequency must be a whole number of coupons per year, 1 or more; got {frequency!r}")
    number = round(maturity * frequency) if np.isfinite(maturity) else 0
    if number < 1 or abs(maturity * frequency - number) > 1e-9 * number:
        raise DataError(
            f"a maturity must be a whole number of coupon periods, 1/{frequency} year each; got {maturity:.6g} years. "
            "Choose another frequency, or give such times as spot rates or discount factors."
        )
    return np.arange(1, number + 1) / frequency


def bootstrap(times: Array, coupons: Array, frequency: int, method: Method) -> Array:
    """Solve for all spot forces at once by Newton's method, whatever lies between the times.

    Raises
    ------
    DataError
        No positive discount factors give the bonds their face value.
    """
    dates = [np.minimum(coupon_dates(time, frequency), times[-1]) for time in times]
    if not (coupons > -frequency).all():
        raise DataError(f"par rates must be above -{frequency} (-100 % per period); write 5 % as 0.05")
    ends, t = np.cumsum([len(one) for one in dates]), np.concatenate(dates)
    weights = np.repeat(coupons / frequency, np.diff(ends, prepend=0))
    weights[ends - 1] += 1.0

    def excess(forces: Array) -> Array:
        """What each bond is worth above its face value."""
        with np.errstate(over="ignore", under="ignore"):
            worth = weights * np.exp(-accumulated(times, forces, method, t))
        return np.asarray(np.add.reduceat(worth, np.append(0, ends[:-1])) - 1.0)

    forces = frequency * np.log1p(coupons / frequency)
    for _ in range(ROUNDS):
        better = _improved(excess, forces)
        if better is None:
            break
        forces = better
    if np.abs(excess(forces)).max() < 1e-13:
        return forces
    raise DataError(
        "no positive discount factors give every bond its face value: par rates rise too steeply for their coupons "
        "to be covered. Check that they are shares (0.05 for 5 %), in the order of the maturities."
    )


def _improved(excess: Callable[[Array], Array], forces: Array) -> Array | None:
    """A Newton step, shortened until it comes nearer; None where nothing does, because there is no more to gain."""
    here = excess(forces)
    slopes = np.column_stack([(excess(forces + STEP * one) - here) / STEP for one in np.eye(len(forces))])
    try:
        step = np.linalg.solve(slopes, -here)
    except np.linalg.LinAlgError:
        return None
    for _ in range(HALVINGS):
        if np.abs(excess(forces + step)).max() < np.abs(here).max():
            return np.asarray(forces + step)
        step = 0.5 * step
    return None
