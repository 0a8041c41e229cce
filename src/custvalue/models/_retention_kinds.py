"""Retention in discrete and in continuous time: which times and payments there are, and the likelihood of tenures."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

import numpy as np

from custvalue._columns import check_rows
from custvalue._typing import Array, ArrayLike
from custvalue.errors import ParameterError
from custvalue.evidence.tenures import Tenures
from custvalue.models._model import duration, whole
from custvalue.models._retention import Due, RetentionModel, durations, exp

_LEAST = -1e-300
"""The largest log-probability to stay of a period in which someone left: what is less than it is rounded to 0."""


class DiscreteRetentionModel(RetentionModel):
    """Leaving at renewals, once per period: P(T = t) = S(t-1) - S(t), t = 1, 2, ..."""

    @property
    def _by_period(self) -> bool:
        return True

    def _moment(self, name: str, value: ArrayLike | Tenures, *, endless: bool = False) -> Array:
        times = durations(self, value)
        if endless:
            times = duration(name, times)
            whole(name, np.where(np.isinf(times), 0.0, times))
            return times
        return whole(name, times)

    def _score(self, rows: tuple[Array, ...], *, by_period: bool) -> tuple[Array, Array]:  # noqa: ARG002 (always so)
        return by_periods(self, rows)

    def _check(self, tenures: Tenures) -> None:
        t = tenures.duration
        check_rows(
            (t == np.floor(t)) & (tenures.entry == np.floor(tenures.entry)) & ((t >= 1) | ~tenures.ended),
            f"{type(self).__name__} needs whole numbers of renewals, at least 1 of those who left",
            "Count periods: Tenures.from_table(..., period='month') does so from dates.",
            ids=tenures.ids,
            duration=t,
        )

    def _payments(self, due: Due) -> Due:
        if due not in {"now", "next"}:
            raise ParameterError(
                f"due must be 'now' (the next renewal is due now) or 'next' (one period from now) for a "
                f"{type(self).__name__}, which renews once per period; got {due!r}"
            )
        return due


class ContinuousRetentionModel(RetentionModel):
    """Leaving at any time: a density f(t) = h(t) S(t)."""

    @abstractmethod
    def _log_hazard(self, t: Array) -> Array:
        """log h(t), t > 0."""

    @abstractmethod
    def _log_hazard_slopes(self, t: Array) -> Array:
        """Derivatives of `_log_hazard` in the parameters: shape (parameters, ...)."""

    def hazard(self, t: ArrayLike) -> Array:
        """h(t): the rate per unit of time at which those leave who have stayed until t > 0."""
        return hazard(self, t)

    @property
    def _by_period(self) -> bool:
        return False

    def _moment(self, name: str, value: ArrayLike | Tenures, *, endless: bool = False) -> Array:
        times = duration(name, durations(self, value))
        if not endless and np.isinf(times).any():
            raise ParameterError(f"{name} must be finite; got inf")
        return times

    def _score(self, rows: tuple[Array, ...], *, by_period: bool) -> tuple[Array, Array]:
        return by_periods(self, rows) if by_period else by_moment(self, rows)

    def _check(self, tenures: Tenures) -> None:
        check_rows(
            (tenures.duration > 0) | ~tenures.ended,
            f"{type(self).__name__} needs durations > 0 of those who left",
            "Leave out who left at once, or count whole periods with by_period=True, where the first is 1.",
            ids=tenures.ids,
            duration=tenures.duration,
        )

    def _payments(self, due: Due) -> Due:
        if due not in {"now", "next", "continuous"}:
            raise ParameterError(
                f"due must be 'continuous' (as it flows), 'now' (the next renewal is due now) or 'next' (one period "
                f"from now); got {due!r}"
            )
        return due


class Leaving(Protocol):
    """What the likelihood of tenures needs of a model; `ContinuousRetentionModel` says what each is."""

    def _moment(self, name: str, value: ArrayLike) -> Array: ...

    def _log_stay(self, tenure: Array, ahead: Array) -> Array: ...

    def _log_stay_slopes(self, tenure: Array, ahead: Array) -> Array: ...

    def _log_hazard(self, t: Array) -> Array: ...

    def _log_hazard_slopes(self, t: Array) -> Array: ...


def hazard(model: Leaving, t: ArrayLike) -> Array:
    """h(t); ParameterError where t is not > 0."""
    times = model._moment("t", t)  # noqa: SLF001
    if not np.all(times > 0):
        raise ParameterError(f"t must be > 0; got {times[~(times > 0)].ravel()[0]}")
    return exp(model._log_hazard(times))  # noqa: SLF001


def by_moment(model: Leaving, rows: tuple[Array, ...]) -> tuple[Array, Array]:
    """Log-likelihood, and its derivatives, of exact durations: f(t) of those who left, S(t) of the others."""
    t, ended, entry = rows
    left = ended > 0
    at = np.where(left, t, 1.0)
    value = model._log_stay(entry, t - entry) + np.where(left, model._log_hazard(at), 0.0)  # noqa: SLF001
    slopes = model._log_stay_slopes(entry, t - entry) + np.where(left, model._log_hazard_slopes(at), 0.0)  # noqa: SLF001
    return np.asarray(value), np.asarray(slopes)


def by_periods(model: RetentionModel, rows: tuple[Array, ...]) -> tuple[Array, Array]:
    """Log-likelihood, and its derivatives, of whole periods: S(t-1) - S(t) of those who left, S(t) of the others."""
    t, ended, entry = rows
    left, before, one = ended > 0, t - ended, np.ones(())
    stayed, stayed_slopes = model._log_stay(entry, before - entry), model._log_stay_slopes(entry, before - entry)  # noqa: SLF001
    last = np.where(left, np.minimum(model._log_stay(before, one), _LEAST), -1.0)  # noqa: SLF001
    value = stayed + np.where(left, np.log(-np.expm1(last)), 0.0)
    weight = np.where(left, -1 / np.expm1(np.minimum(-last, 700.0)), 0.0)
    slopes = stayed_slopes + weight * model._log_stay_slopes(before, one)  # noqa: SLF001
    return np.asarray(value), np.asarray(slopes)
