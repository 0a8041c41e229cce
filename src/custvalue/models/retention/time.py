"""Retention in discrete and in continuous time: which times and payments there are, and the likelihood of tenures."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol, cast

import numpy as np

from custvalue._columns import check_rows
from custvalue._typing import Array, ArrayLike, Bools
from custvalue.errors import ParameterError
from custvalue.evidence.tenures import Tenures
from custvalue.models.model import duration, whole
from custvalue.models.retention.family import Due, RetentionModel, durations, exp

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

    def _log_rows(self, rows: tuple[Array, ...], *, by_period: bool) -> Array:  # noqa: ARG002 (always so)
        return log_rows(self, rows, exact=False)

    def _log_rows_slopes(self, rows: tuple[Array, ...], *, by_period: bool) -> Array:  # noqa: ARG002 (always so)
        return log_rows_slopes(self, rows, exact=False)

    def _check(self, tenures: Tenures) -> None:
        t = tenures.duration
        check_rows(
            (t == np.floor(t)) & (tenures.entry == np.floor(tenures.entry)) & ((t >= 1) | ~tenures.ended),
            f"{type(self).__name__} needs whole numbers of renewals, at least 1 of those who left",
            "Count periods: Tenures.from_table(..., unit='month', by_period=True) does so from dates.",
            ids=tenures.ids,
            duration=t,
        )

    def _payments(self, timing: Due) -> Due:
        if timing not in {"now", "next"}:
            raise ParameterError(
                f"timing must be 'now' (the next renewal is due now) or 'next' (one period from now) for a "
                f"{type(self).__name__}, which renews once per period; got {timing!r}"
            )
        return timing


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

    def _log_rows(self, rows: tuple[Array, ...], *, by_period: bool) -> Array:
        return log_rows(self, rows, exact=not by_period)

    def _log_rows_slopes(self, rows: tuple[Array, ...], *, by_period: bool) -> Array:
        return log_rows_slopes(self, rows, exact=not by_period)

    def _check(self, tenures: Tenures) -> None:
        check_rows(
            (tenures.duration > 0) | ~tenures.ended,
            f"{type(self).__name__} needs durations > 0 of those who left",
            "Leave out who left at once, or count whole periods with by_period=True, where the first is 1.",
            ids=tenures.ids,
            duration=tenures.duration,
        )

    def _payments(self, timing: Due) -> Due:
        if timing not in {"now", "next", "continuous"}:
            raise ParameterError(
                f"timing must be 'continuous' (as it flows), 'now' (the next renewal is due now) or 'next' (one period "
                f"from now); got {timing!r}"
            )
        return timing


class Leaving(Protocol):
    """A model in continuous time, whether a `ContinuousRetentionModel` or one that holds such a model."""

    def _moment(self, name: str, value: ArrayLike) -> Array: ...

    def _log_hazard(self, t: Array) -> Array: ...

    def _log_hazard_slopes(self, t: Array) -> Array: ...


def hazard(model: Leaving, t: ArrayLike) -> Array:
    """h(t); ParameterError where t is not > 0."""
    times = model._moment("t", t)  # noqa: SLF001
    if not np.all(times > 0):
        raise ParameterError(f"t must be > 0; got {times[~(times > 0)].ravel()[0]}")
    return exp(model._log_hazard(times))  # noqa: SLF001


def log_rows(model: RetentionModel, rows: tuple[Array, ...], *, exact: bool) -> Array:
    """Log-likelihood of rows (duration, ended, entry), S(t) of those still there.

    Of those who left the density f(t) of `exact` durations, or the probability S(t-1) - S(t) of whole periods.
    """
    t, ended, entry = rows
    left = ended > 0
    if exact:
        gone = np.where(left, _moving(model)._log_hazard(np.where(left, t, 1.0)), 0.0)  # noqa: SLF001
        return np.asarray(model._log_stay(entry, t - entry) + gone)  # noqa: SLF001
    before = t - ended
    gone = np.where(left, np.log(-np.expm1(_last(model, left, before))), 0.0)
    return np.asarray(model._log_stay(entry, before - entry) + gone)  # noqa: SLF001


def log_rows_slopes(model: RetentionModel, rows: tuple[Array, ...], *, exact: bool) -> Array:
    """Derivatives of `log_rows` in the parameters, which are single numbers: shape (parameters, rows)."""
    t, ended, entry = rows
    left = ended > 0
    if exact:
        gone = np.where(left, _moving(model)._log_hazard_slopes(np.where(left, t, 1.0)), 0.0)  # noqa: SLF001
        return np.asarray(model._log_stay_slopes(entry, t - entry) + gone)  # noqa: SLF001
    before = t - ended
    weight = np.where(left, -1 / np.expm1(np.minimum(-_last(model, left, before), 700.0)), 0.0)
    gone = weight * model._log_stay_slopes(before, np.ones(()))  # noqa: SLF001
    return np.asarray(model._log_stay_slopes(entry, before - entry) + gone)  # noqa: SLF001


def _last(model: RetentionModel, left: Bools, before: Array) -> Array:
    """log S(t)/S(t-1) of the period in which they left; -1 of those who did not."""
    return np.where(left, np.minimum(model._log_stay(before, np.ones(())), _LEAST), -1.0)  # noqa: SLF001


def _moving(model: RetentionModel) -> Leaving:
    return cast("Leaving", model)
