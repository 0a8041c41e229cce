"""The family of retention: customers whose leaving is seen, as in subscriptions. A survivor in, all predictions out.

A model writes log S(tenure + ahead)/S(tenure), exact where it is small and where it is large, with its derivatives;
the likelihood of whole periods, of exact durations, of censoring and of late entry follows, and so does every
prediction.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Literal, Self, TypeAlias

import numpy as np

from custvalue._columns import check_rows
from custvalue._typing import Array, ArrayLike
from custvalue.discounting.rate import Rate, as_rate
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.distinct import distinct
from custvalue.evidence.tenures import Tenures
from custvalue.inference.fit import Fit
from custvalue.inference.fitting import Problem, maximize
from custvalue.models._model import Limits, TimedModel, duration, whole
from custvalue.models._residual import discounted_stay, discounted_sum
from custvalue.units import DAYS, Unit

Due: TypeAlias = Literal["now", "next", "continuous"]
"""When a relationship pays: at each renewal, the next being due now or one period from now; or all the time."""

_MANY = 1024
"""From so many tenures on, equal ones are worked on once."""


class RetentionModel(TimedModel[Tenures]):
    """How long customers stay, where leaving is seen: predictions from the tenure reached.

    Tenures and times are numbers in the model's unit; in discrete time they are whole numbers of renewals. A
    `Tenures` is taken for its durations, and refused where its unit is not the model's. Arguments broadcast.
    """

    _limits: ClassVar[Limits]
    _in_time: ClassVar[tuple[str, ...]] = ()
    """Parameters that scale with the unit of time; those that scale with its inverse have a minus sign before."""

    @classmethod
    @abstractmethod
    def guess(cls, tenures: Tenures) -> Self:
        """A start for the search, from simple sums of the data."""

    @abstractmethod
    def _log_stay(self, tenure: Array, ahead: Array) -> Array:
        """log S(tenure + ahead)/S(tenure), elementwise and of real arguments, to full relative precision."""

    @abstractmethod
    def _log_stay_slopes(self, tenure: Array, ahead: Array) -> Array:
        """Derivatives of `_log_stay` in the parameters: shape (parameters, ...)."""

    @property
    @abstractmethod
    def _tail(self) -> Array:
        """The power of time with which S falls at last: S(t) ~ t^-tail; inf where it falls faster."""

    @abstractmethod
    def _draw_lifetimes(self, size: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Lifetimes; in discrete time the renewal, from 1, at which the customer leaves."""

    @abstractmethod
    def _moment(self, name: str, value: ArrayLike | Tenures) -> Array:
        """Times as an array, checked: whole in discrete time."""

    @abstractmethod
    def _score(self, rows: tuple[Array, ...], *, by_period: bool) -> tuple[Array, Array]:
        """Log-likelihood of rows (duration, ended, entry), and its derivatives: shape (parameters, rows)."""

    @classmethod
    @abstractmethod
    def _check(cls, tenures: Tenures) -> None:
        """DataError where the durations are none of the model's."""

    @classmethod
    def fit(cls, tenures: Tenures) -> Fit[Self]:
        leavers(tenures)
        cls._check(tenures)
        rows, start = tenures.distinct(), cls.guess(tenures)
        time = float((tenures.weights * tenures.duration).sum() / tenures.weights.sum())
        scales = {name.removeprefix("-"): time ** (-1 if name[0] == "-" else 1) for name in cls._in_time}

        def build(found: Array) -> Any:  # noqa: ANN401 (Self, which a function inside cannot say)
            return cls(*found.tolist(), unit=tenures.unit)  # type: ignore[call-arg]

        def score(found: Array, *columns: Array) -> tuple[Array, Array]:
            return build(found)._score(columns, by_period=tenures.by_period)  # type: ignore[no-any-return]  # noqa: SLF001

        names = tuple(start.parameters)
        return maximize(
            Problem(
                build=build,
                score=score,
                columns=rows.columns,
                names=names,
                start=np.array([start.parameters[name] for name in names]),
                scale=np.array([scales.get(name, 1.0) for name in names]),
                counts=rows.counts,
                limits=cls._limits,
            )
        )

    def log_likelihood(self, tenures: Tenures) -> Array:
        self._unit_of(tenures)
        self._check(tenures)
        rows = tenures.distinct()
        return np.take(self._score(rows.columns, by_period=tenures.by_period)[0], rows.index, axis=-1)

    def survival(self, t: ArrayLike) -> Array:
        """P(still a customer at time t since the start); in discrete time after t renewals."""
        return np.exp(self._each(self._log_stay, np.zeros(()), self._moment("t", t)))

    def retention_rate(self, t: ArrayLike) -> Array:
        """S(t)/S(t-1), t >= 1: the share retained in the t-th period, of those there at its start."""
        end = self._moment("t", t)
        if not np.all(end >= 1):
            raise ParameterError(f"t must be >= 1: the first period ends at 1; got {end[~(end >= 1)].ravel()[0]}")
        return np.exp(self._each(self._log_stay, end - 1, np.ones(())))

    def churn_probability(self, tenure: ArrayLike | Tenures, within: ArrayLike) -> Array:
        """P(leaves within a time | has stayed for `tenure`): 1 - S(tenure + within)/S(tenure), exact where small."""
        ahead = self._moment("within", within)
        return -np.expm1(self._each(self._log_stay, self._moment("tenure", tenure), ahead))

    @abstractmethod
    def expected_residual_lifetime(self, tenure: ArrayLike | Tenures, horizon: ArrayLike | None = None) -> Array:
        """E[time still to stay | has stayed for `tenure`], up to `horizon`; infinite where the tail is that heavy.

        In discrete time the current period counts: the sum of S(tenure + j)/S(tenure) over j = 0, 1, ..., the
        expected time from renewal `tenure` to the renewal that is not made. In continuous time the integral.
        """

    def expected_lifetime(self, horizon: ArrayLike | None = None) -> Array:
        """E[lifetime] of a customer just won, up to `horizon`: `expected_residual_lifetime` at tenure 0."""
        return self.expected_residual_lifetime(0.0, horizon)

    def discounted_expected_residual_lifetime(
        self,
        tenure: ArrayLike | Tenures,
        rate: Rate,
        due: Due,
        horizon: ArrayLike | None = None,
        *,
        period: Unit | None = None,
    ) -> Array:
        """Present value of 1 paid per period by a customer who has stayed for `tenure` (DERL).

        Parameters
        ----------
        tenure : array_like or Tenures
            Renewals made so far, or in continuous time the time since the start.
        rate : Rate
            Converted to the unit by itself.
        due : {"now", "next", "continuous"}
            ``"now"``: the next renewal is due now, its payment, if made, undiscounted: the sum of S(tenure +
            j)/S(tenure) (1 + d)^-(j-1) over j >= 1 (Fader & Hardie 2010). ``"next"``: one period from now, all
            payments discounted by one period more. ``"continuous"``, in continuous time alone: 1 per unit of time, as
            it flows, the integral of exp(-δ u) S(tenure + u)/S(tenure).
        horizon : array_like, optional
            So many renewals, or in continuous time so long; None (the default) or inf is forever.
        period : str, optional
            The unit of time of a model that does not know its own; then years by default.

        Returns
        -------
        array
            Infinite where the sum is: at rate 0 with a tail that heavy, or at a negative rate.

        Raises
        ------
        ParameterError
            `rate` is a bare number, `due` none of its choices, or a time is negative (not whole in discrete time).
        """
        force = as_rate(rate).force(self._period(period))
        return self._worth(self._moment("tenure", tenure), force, self._payments(due), self._horizon(horizon))

    def discounted_expected_lifetime(
        self, rate: Rate, due: Due, horizon: ArrayLike | None = None, *, period: Unit | None = None
    ) -> Array:
        """Present value of 1 paid per period by a customer just won, the first payment certain (DEL).

        ``due="now"``: the first payment is made now: the sum of S(j) (1 + d)^-j over j >= 0; ``"next"``: one period
        from now; ``"continuous"``: as it flows. `horizon` counts the payments, the first included. The rest is as in
        `discounted_expected_residual_lifetime`.
        """
        force = np.asarray(as_rate(rate).force(self._period(period)))
        end, zero = self._horizon(horizon), np.zeros(())
        if self._payments(due) == "continuous":
            return self._worth(zero, force, due, end)
        renewals = self._worth(zero, force, "next", np.maximum(end - 1, 0.0))
        paid = np.where(end >= 1, 1.0, 0.0) + renewals
        return np.asarray(paid * (np.exp(-force) if due == "next" else 1.0))

    def retention_elasticity(
        self,
        tenure: ArrayLike | Tenures,
        rate: Rate,
        due: Due,
        horizon: ArrayLike | None = None,
        *,
        period: Unit | None = None,
    ) -> Array:
        """Percent by which the discounted residual lifetime grows where each retention rate grows by 1 percent.

        All of the customer's rates S(tenure + j)/S(tenure + j - 1) by the same factor; it is the mean number of
        renewals made by the time of each payment, weighted by the payments' present values. With a constant
        rate r it is (1 + d)/(1 + d - r) (Gupta, Lehmann & Stuart 2004; Fader & Hardie 2010 on heterogeneous customers).
        """
        force = as_rate(rate).force(self._period(period))
        arguments = self._moment("tenure", tenure), force, self._payments(due), self._horizon(horizon)
        worth, slope = self._worth(*arguments), self._worth(*arguments, power=1)
        endless = np.isinf(slope)
        return np.where(endless, np.inf, np.where(endless, 1.0, slope) / np.where(np.isinf(worth), 1.0, worth))

    def simulate(
        self, age: ArrayLike, *, rng: np.random.Generator, unit: Unit | None = None, entry: ArrayLike = 0.0
    ) -> Tenures:
        """Draw one customer for each time observed since the start: who left, and when.

        `entry` draws customers known to have stayed so long; unlucky draws are repeated. `unit` is the unit of `age`,
        needed only where the model does not know its own.
        """
        observed, since = np.broadcast_arrays(self._moment("age", age), self._moment("entry", entry))
        lifetime = self._draw_lifetimes(observed.shape, rng)
        again = np.flatnonzero(lifetime.ravel() <= since.ravel())
        while len(again):
            lifetime.flat[again] = self._draw_lifetimes(again.shape, rng)
            again = again[lifetime.flat[again] <= since.flat[again]]
        ended = lifetime <= observed
        known = self.known_unit(unit)
        return Tenures(np.minimum(lifetime, observed), ended, entry=since, unit=known, by_period=self._by_period)

    _by_period: ClassVar[bool]

    @abstractmethod
    def _payments(self, due: Due) -> Due:
        """`due`, where the model knows it; ParameterError otherwise."""

    def _worth(self, tenure: Array, force: ArrayLike, due: Due, horizon: Array, power: int = 0) -> Array:
        """Σ_{j=1}^{horizon} j^power e^{-δj} S(tenure+j)/S(tenure), times e^δ where due now; or the integral."""
        delta = np.asarray(force, dtype=np.float64)
        engine = discounted_stay if due == "continuous" else discounted_sum

        def each(tenure: Array, delta: Array, horizon: Array) -> Array:
            return engine(self._log_stay, tenure, delta, horizon, power=power, tail=self._tail)

        sums = self._each(each, tenure, delta, horizon)
        return np.asarray(sums * np.exp(delta)) if due == "now" else sums

    def _horizon(self, horizon: ArrayLike | None) -> Array:
        end = duration("horizon", np.inf if horizon is None else horizon)
        self._moment("horizon", np.where(np.isinf(end), 0.0, end))
        return end

    def _period(self, period: Unit | None) -> Unit:
        return "year" if self.unit is None and period is None else self.known_unit(period)

    def _each(self, f: Callable[..., Array], tenure: Array, *more: Array) -> Array:
        """f(tenure, *more), once for equal tenures where they are many."""
        alike = [*self.parameters.values(), *more]
        if tenure.ndim != 1 or tenure.size < _MANY or any(np.ndim(v) and np.shape(v)[-1] != 1 for v in alike):
            return f(tenure, *more)
        each = distinct(tenure, ticks=DAYS[self.unit or "year"])
        return np.take(f(each.columns[0], *more), each.index, axis=-1)


class DiscreteRetentionModel(RetentionModel):
    """Leaving at renewals, once per period: P(T = t) = S(t-1) - S(t), t = 1, 2, ..."""

    _by_period: ClassVar[bool] = True

    def expected_residual_lifetime(self, tenure: ArrayLike | Tenures, horizon: ArrayLike | None = None) -> Array:
        end = self._horizon(horizon)
        later = self._worth(self._moment("tenure", tenure), 0.0, "next", np.maximum(end - 1, 0.0))
        return np.asarray(np.where(end >= 1, 1.0, 0.0) + later)

    def _moment(self, name: str, value: ArrayLike | Tenures) -> Array:
        return whole(name, _durations(self, value))

    def _score(self, rows: tuple[Array, ...], *, by_period: bool) -> tuple[Array, Array]:  # noqa: ARG002 (always so)
        return by_periods(self, rows)

    @classmethod
    def _check(cls, tenures: Tenures) -> None:
        t = tenures.duration
        check_rows(
            (t == np.floor(t)) & (tenures.entry == np.floor(tenures.entry)) & ((t >= 1) | ~tenures.ended),
            f"{cls.__name__} needs whole numbers of renewals, at least 1 of those who left",
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

    _by_period: ClassVar[bool] = False

    @abstractmethod
    def _log_hazard(self, t: Array) -> Array:
        """log h(t), t > 0."""

    @abstractmethod
    def _log_hazard_slopes(self, t: Array) -> Array:
        """Derivatives of `_log_hazard` in the parameters: shape (parameters, ...)."""

    def hazard(self, t: ArrayLike) -> Array:
        """h(t): the rate per unit of time at which those leave who have stayed until t > 0."""
        return np.exp(self._log_hazard(self._moment("t", t)))

    def expected_residual_lifetime(self, tenure: ArrayLike | Tenures, horizon: ArrayLike | None = None) -> Array:
        return self._worth(self._moment("tenure", tenure), 0.0, "continuous", self._horizon(horizon))

    def _moment(self, name: str, value: ArrayLike | Tenures) -> Array:
        return duration(name, _durations(self, value))

    def _score(self, rows: tuple[Array, ...], *, by_period: bool) -> tuple[Array, Array]:
        if by_period:
            return by_periods(self, rows)
        t, ended, entry = rows
        left = ended > 0
        at = np.where(left, t, 1.0)
        value = self._log_stay(entry, t - entry) + np.where(left, self._log_hazard(at), 0.0)
        slopes = self._log_stay_slopes(entry, t - entry) + np.where(left, self._log_hazard_slopes(at), 0.0)
        return np.asarray(value), np.asarray(slopes)

    @classmethod
    def _check(cls, tenures: Tenures) -> None:
        check_rows(
            (tenures.duration > 0) | ~tenures.ended,
            f"{cls.__name__} needs durations > 0 of those who left",
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


def by_periods(model: RetentionModel, rows: tuple[Array, ...]) -> tuple[Array, Array]:
    """Log-likelihood, and its derivatives, of whole periods: S(t-1) - S(t) of those who left, S(t) of the others."""
    t, ended, entry = rows
    left, before = ended > 0, t - ended
    stayed, stayed_slopes = model._log_stay(entry, before - entry), model._log_stay_slopes(entry, before - entry)  # noqa: SLF001
    one = np.ones(())
    last = np.where(left, model._log_stay(before, one), -1.0)  # noqa: SLF001
    value = stayed + np.where(left, np.log(-np.expm1(last)), 0.0)
    weight = np.where(left, -1 / np.expm1(-last), 0.0)
    slopes = stayed_slopes + weight * model._log_stay_slopes(before, one)  # noqa: SLF001
    return np.asarray(value), np.asarray(slopes)


def leavers(tenures: Tenures) -> None:
    """DataError where the rows can tell nothing of leaving."""
    if not isinstance(tenures, Tenures):
        raise DataError(
            f"a retention model is fitted to Tenures, not to a {type(tenures).__name__}; make one with "
            "Tenures(duration, ended), Tenures.from_table or Tenures.from_cohorts"
        )
    if not tenures.weights[tenures.ended].sum() > 0:
        raise DataError(
            f"nobody has left: ended = 0 in all {len(tenures)} rows, so nothing tells when customers leave; observe "
            "them for longer, or predict with a model whose parameters are known"
        )


def _durations(model: RetentionModel, value: ArrayLike | Tenures) -> ArrayLike:
    if isinstance(value, Tenures):
        model._unit_of(value)  # noqa: SLF001
        return value.duration
    return value
