"""The survivor of leavers and captive customers together, π + (1 - π) S(t), in logs and without subtraction."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from attrs import frozen

from custvalue._typing import Array, Parameter


@frozen(eq=False)
class Mixture:
    """A share `captive` that never leaves, and leavers with their log S(tenure + ahead)/S(tenure) and its slopes."""

    stay: Callable[[Array, Array], Array]
    slopes: Callable[[Array, Array], Array]
    captive: Parameter

    def log_leaver(self, t: Array) -> Array:
        """log P(not captive | has stayed until t)."""
        return np.asarray(-np.logaddexp(0.0, -self._odds(t)))

    def log_stay(self, tenure: Array, ahead: Array) -> Array:
        """log of captive share plus leavers' share times S(tenure + ahead)/S(tenure), the shares at `tenure`."""
        odds, stay = self._odds(tenure), self.stay(tenure, ahead)
        leaver, captive = -np.logaddexp(0.0, -odds), -np.logaddexp(0.0, odds)
        near = np.log1p(np.exp(leaver) * np.expm1(np.maximum(stay, -0.5)))
        return np.where(stay > -0.5, near, np.logaddexp(captive, leaver + stay))

    def log_stay_slopes(self, tenure: Array, ahead: Array) -> Array:
        """Derivatives in the leavers' parameters, and in `captive`."""
        zero, stay = np.zeros(()), self.stay(tenure, ahead)
        before = self.stay(zero, tenure)
        now, then = self._log_all(before), self._log_all(before + stay)
        gone = before - now - then + np.log(np.maximum(-np.expm1(stay), 1e-300))  # log (S0 - S1)/(N0 N1)
        remaining = np.exp(self.log_leaver(tenure + ahead))
        shift = -np.exp(gone) * np.asarray(self.captive) * (1 - np.asarray(self.captive))
        leavers = remaining * self.slopes(tenure, ahead) + shift * self.slopes(zero, tenure)
        return np.concatenate([leavers, np.exp(gone)[None]])

    def log_leaver_slopes(self, t: Array, hazard: Array) -> Array:
        """Derivatives of `log_leaver` plus the leavers' log hazard, whose own slopes are given."""
        zero = np.zeros(())
        captive = np.exp(-np.logaddexp(0.0, self._odds(t)))
        in_share = -np.exp(-np.log1p(-np.asarray(self.captive)) - self._log_all(self.stay(zero, t)))
        return np.concatenate([hazard + captive * self.slopes(zero, t), (in_share + 0 * t)[None]])

    def _odds(self, t: Array) -> Array:
        """log of the odds that who has stayed until t is a leaver."""
        captive = np.asarray(self.captive)
        return np.asarray(np.log1p(-captive) - np.log(captive) + self.stay(np.zeros(()), t))

    def _log_all(self, log_survivor: Array) -> Array:
        """log(π + (1 - π) S)."""
        captive = np.asarray(self.captive)
        return np.asarray(np.logaddexp(np.log(captive), np.log1p(-captive) + log_survivor))
