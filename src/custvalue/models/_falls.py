"""What changes while a customer stays: a discount, not having bought yet, the number of purchases."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from attrs import frozen

from custvalue._typing import Array, Parameter
from custvalue.numerics.special import log_nbd_pmf


class Fall(Protocol):
    """A positive function of u >= 0 that falls like (1 + u/scale)^-rate, or rises."""

    @property
    def scale(self) -> Array:
        """Of its change near u = 0."""
        ...

    @property
    def rate(self) -> Array:
        """At which it falls over a scale; 0 where it is constant, negative where it rises."""
        ...

    @property
    def power(self) -> Parameter:
        """In the end it falls as u^-(1 + power) where it does not fall faster."""
        ...

    @property
    def reach(self) -> Array:
        """Beyond it nothing is left."""
        ...

    def at(self, u: Array) -> Array:
        """Its value at u."""
        ...

    def over(self, u: Array, span: Array) -> Array:
        """Its integral from u to u + span."""
        ...


@frozen(eq=False)
class Discount:
    """e^{-δu}."""

    force: Array

    @property
    def scale(self) -> Array:
        return 1 / np.where(self.force == 0, 1.0, np.abs(self.force))

    @property
    def rate(self) -> Array:
        return np.sign(self.force)

    @property
    def power(self) -> Parameter:
        return np.inf

    @property
    def reach(self) -> Array:
        return np.where(self.force > 0, 40.0 * self.scale, np.inf)

    def at(self, u: Array) -> Array:
        return np.asarray(np.exp(-self.force * u))

    def over(self, u: Array, span: Array) -> Array:
        steps = self.force * span
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.where(np.abs(steps) < 1e-9, 1 - steps / 2, -np.expm1(-steps) / steps)
        return self.at(u) * mean * span


@frozen(eq=False)
class NextPurchase:
    """Density of the time to the next purchase at a rate λ ~ Gamma(R, A): (R/A) (1 + u/A)^-(R+1)."""

    R: Array
    scale: Array

    @property
    def rate(self) -> Array:
        return self.R + 1

    @property
    def power(self) -> Parameter:
        return self.R

    @property
    def reach(self) -> Array:
        return np.full_like(self.scale, np.inf)

    def at(self, u: Array) -> Array:
        return np.asarray(self.R / self.scale * np.exp(-(self.R + 1) * np.log1p(u / self.scale)))

    def over(self, u: Array, span: Array) -> Array:
        more = np.log1p(span / (self.scale + u))
        return np.asarray(-np.exp(-self.R * np.log1p(u / self.scale)) * np.expm1(-self.R * more))


@frozen(eq=False)
class Purchases:
    """P(n purchases in a time u) at a rate λ ~ Gamma(R, A): rises like u^n, falls like u^-R."""

    n: Array
    R: Array
    A: Array

    @property
    def scale(self) -> Array:
        """Of its change near u = 0."""
        return self.A / (self.R + 1)

    @property
    def fineness(self) -> float:
        """How many nodes it needs for one that others need: its peak has a width of u/sqrt(n)."""
        return 1 + float(np.sqrt(self.n.max(initial=0))) / 4

    def rise(self, u: Array) -> Array:
        """How many times e it grows as u does e times; 0 where it falls."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.maximum(self.n - (self.R + self.n) / (1 + self.A / u), 0.0))

    def log_at(self, u: Array) -> Array:
        """Its logarithm at u."""
        return log_nbd_pmf(self.n, self.R, u / self.A)
