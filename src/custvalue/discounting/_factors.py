"""What discounts: a rate, a curve, or anything with a `discount(t)`; and sums that it makes, safe from overflow."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from custvalue._typing import Array, ArrayLike, Ints
from custvalue.discounting.rate import as_rate
from custvalue.numerics.ragged import largest, sums

SAFE_EXPONENT = 600.0
"""Below it in size, exp neither overflows nor loses digits, and leaves room for amounts up to 1e47."""

FAR = 1e15
"""An exponent beyond which a factor is 0 or infinite whatever it is multiplied with."""


class Discounting(Protocol):
    """Whatever says what 1 in t years is worth now: a `Rate`, a `YieldCurve`, a class of your own."""

    def discount(self, t: ArrayLike, /) -> Array:
        """Return the factors for times in years."""
        ...


def as_discounting(value: Discounting) -> Discounting:
    """Return a rate or a curve as it is, and refuse a bare number.

    Raises
    ------
    ParameterError
        The value has no method `discount`.
    """
    if callable(getattr(value, "discount", None)) and not isinstance(value, type):
        return value
    return as_rate(value)  # type: ignore[arg-type]  # which says what is wrong with it


def log_factors(rate: Discounting, t: Array) -> Array:
    """Logarithms of the discount factors for times in years."""
    exact = getattr(rate, "log_discount", None)
    if exact is not None:
        logs: Array = exact(t)
        return logs
    with np.errstate(divide="ignore"):
        return np.log(rate.discount(t))


def discounted_sums(amounts: Array, exponents: Array, offsets: Ints) -> Array:
    """Σ amount · exp(exponent) of each series, along the last axis; finite whenever the sum is.

    Series i is [offsets[i], offsets[i+1]). An empty series: 0.
    """
    if not exponents.size or _safe(amounts, exponents):
        with np.errstate(under="ignore"):
            return sums(amounts * np.exp(exponents), offsets)
    scaled, top = scaled_terms(np.abs(amounts), exponents, offsets)
    return times_exp(sums(np.sign(amounts) * scaled, offsets), top)


def log_sums(amounts: Array, exponents: Array, offsets: Ints) -> Array:
    """log Σ amount · exp(exponent) of each series, for amounts of at least 0; -inf where they are all 0."""
    scaled, top = scaled_terms(amounts, exponents, offsets)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(sums(scaled, offsets)) + top)


def relative_worth(amounts: Array, exponents: Array, offsets: Ints) -> Array:
    """Present values of the flows, those of a series up to a common factor where they would not be floats."""
    if not exponents.size or _safe(amounts, exponents):
        with np.errstate(under="ignore"):
            return np.asarray(amounts * np.exp(exponents))
    return np.asarray(np.sign(amounts) * scaled_terms(np.abs(amounts), exponents, offsets)[0])


def scaled_terms(sizes: Array, exponents: Array, offsets: Ints) -> tuple[Array, Array]:
    """Terms size · exp(exponent - top), at most 1, with the `top` of each series."""
    with np.errstate(divide="ignore", under="ignore"):
        logs = np.log(sizes) + np.clip(exponents, -FAR, FAR)
        top = largest(logs, offsets)
        top = np.where(np.isneginf(top), 0.0, top)
        return np.exp(logs - np.repeat(top, np.diff(offsets), axis=-1)), top


def _safe(amounts: Array, exponents: Array) -> bool:
    extreme = max(exponents.max(), -exponents.min())
    return bool(extreme <= SAFE_EXPONENT and max(amounts.max(), -amounts.min()) < 1e40)


def times_exp(amount: Array, exponent: Array) -> Array:
    """Amount · e^exponent, where e^exponent alone may be too large or too small for a float."""
    with np.errstate(over="ignore", under="ignore"):
        third = np.exp(np.clip(exponent, -1600.0, 1600.0) / 3)
        return np.asarray(amount * third * third * third)
