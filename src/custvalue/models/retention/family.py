"""The family of models of retention, where leaving is seen: from a survivor to the likelihood and every prediction.

A model writes log S(tenure + ahead)/S(tenure), to full relative precision where it is small and where it is large, and
its derivatives. The likelihood of whole periods, of exact durations, of censoring and of late entry follows, and so
does every prediction.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, Final, Literal, Protocol, Self, TypeAlias, cast, get_args

import numpy as np

from custvalue._arguments import duration, generator, require, together, whole
from custvalue._columns import check_rows
from custvalue._typing import Array, ArrayLike, Bools, Ints, Parameter
from custvalue.discounting.rate import Rate, as_rate
from custvalue.discounting.timing import as_timing
from custvalue.errors import DataError
from custvalue.evidence.distinct import distinct
from custvalue.evidence.tenures import Tenures
from custvalue.inference.maximum_likelihood import Problem
from custvalue.models.model import TimedModel, known_unit
from custvalue.models.retention.residual_lifetime import Stay, discounted_stay, discounted_sum
from custvalue.units import DAYS, Unit

Due: TypeAlias = Literal["now", "next", "continuous"]
"""The timings (`discounting.timing.Timing`) of a relationship's payments: at each renewal, the next one due now or one
period from now; or all the time."""

_MANY: Final = 1024
"""From this number of tenures on, predictions are computed once for equal tenures: below, finding them takes longer."""
_LEAST: Final = -1e-300
"""The largest log-probability to stay through a period in which someone left: less churn than that is rounded to 0."""


class RetentionModel(TimedModel[Tenures]):
    """How long customers stay, where leaving is seen: predictions from the tenure reached.

    Tenures and times are in the model's unit; in discrete time they are whole numbers of renewals. Of a `Tenures` the
    durations are taken, and its unit must be the model's. Arguments broadcast.
    """

    @classmethod
    @abstractmethod
    def _guess(cls, tenures: Tenures) -> Self:
        """Starting values from simple sums of the data."""

    @abstractmethod
    def _log_stay(self, tenure: Array, ahead: Array) -> Array:
        """log S(tenure + ahead)/S(tenure), elementwise and of real arguments, to full relative precision."""

    @abstractmethod
    def _log_stay_slopes(self, tenure: Array, ahead: Array) -> Array:
        """Derivatives of `_log_stay` in the parameters: shape (parameters, ...)."""

    @property
    @abstractmethod
    def _fall(self) -> tuple[Parameter, Parameter]:
        """(rate, tail): for large t, S(t) falls as e^{-rate t} t^-tail; inf where it falls faster."""

    @abstractmethod
    def _draw_lifetimes(self, since: Array, rng: np.random.Generator) -> Array:
        """Lifetimes of customers who have stayed until `since`; in discrete time the renewal at which they leave."""

    @property
    @abstractmethod
    def _by_period(self) -> bool:
        """Whether customers leave at renewals, once per period, or at any time."""

    @classmethod
    def problem(cls, tenures: Tenures, /, **options: Any) -> Problem[Self]:  # noqa: ANN401 (of the model's `_guess`)
        """State the estimation; `SplitPopulation` needs `leavers`, the class of the leavers' model."""
        some_left(tenures)
        start = cls._guess(tenures, **options)
        start._check(tenures)  # noqa: SLF001 (its own class)
        exact, names = start._exact(tenures), tuple(start.parameters)  # noqa: SLF001 (its own class)

        def scored(parameters: Array, *columns: Array) -> tuple[Array, Array]:
            model = start.with_parameters(dict(zip(names, parameters.tolist(), strict=True)))
            return log_rows(model, columns, exact=exact), log_rows_slopes(model, columns, exact=exact)

        time = float((tenures.weights * tenures.duration).sum() / tenures.weights.sum())
        return Problem.of(start, tenures.distinct(), scored, time=time)

    def log_likelihood(self, tenures: Tenures) -> Array:
        self._unit_of(tenures)
        self._check(tenures)
        exact = self._exact(tenures)
        if tenures.duration.ndim != 1 or _own(*self.parameters.values()):
            columns = (tenures.duration, tenures.ended.astype(np.float64), tenures.entry)
            return log_rows(self, columns, exact=exact)
        rows = tenures.distinct()
        return np.take(log_rows(self, rows.columns, exact=exact), rows.index, axis=-1)

    def survival(self, t: ArrayLike) -> Array:
        """P(still a customer at time t since the start); in discrete time after t renewals."""
        start = np.zeros(())
        return exp(self._each(lambda end: self._log_stay(start, end), self._moment("t", t, endless=True)))

    def retention_rate(self, t: ArrayLike) -> Array:
        """S(t)/S(t-1), t >= 1: the share retained in the t-th period, of those there at its start."""
        end = self._moment("t", t)
        require(end >= 1, "t must be >= 1", "The first period ends at 1.", t=end)
        return exp(self._each(self._log_stay, end - 1, np.ones(())))

    def churn_probability(self, tenure: ArrayLike | Tenures, within: ArrayLike) -> Array:
        """P(leaves within a time | has stayed for `tenure`): 1 - S(tenure + within)/S(tenure)."""
        ahead = self._moment("within", within, endless=True)
        return np.asarray(-np.expm1(self._each(self._log_stay, self._moment("tenure", tenure), ahead)))

    def expected_residual_lifetime(self, tenure: ArrayLike | Tenures, horizon: ArrayLike | None = None) -> Array:
        """E[time still to stay | has stayed for `tenure`], up to `horizon`; infinite where the tail is too heavy.

        In discrete time the current period counts: the sum of S(tenure + j)/S(tenure) over j = 0, 1, ..., the
        expected time from renewal `tenure` to the renewal that is not made. In continuous time the integral.
        """
        since, end = self._moment("tenure", tenure), self._horizon(horizon)
        if not self._by_period:
            return self._worth(since, 0.0, "continuous", end)
        return np.asarray(np.where(end >= 1, 1.0, 0.0) + self._worth(since, 0.0, "next", np.maximum(end - 1, 0.0)))

    def expected_lifetime(self, horizon: ArrayLike | None = None) -> Array:
        """E[lifetime] of a customer just won, up to `horizon`: `expected_residual_lifetime` at tenure 0."""
        return self.expected_residual_lifetime(0.0, horizon)

    def discounted_expected_residual_lifetime(
        self,
        tenure: ArrayLike | Tenures,
        rate: Rate,
        *,
        timing: Due,
        horizon: ArrayLike | None = None,
        unit: Unit | None = None,
    ) -> Array:
        """Present value of 1 paid per period by a customer who has stayed for `tenure` (DERL).

        Parameters
        ----------
        tenure : array_like or Tenures
            Renewals made so far, or in continuous time the time since the start.
        rate : Rate
            Converted to the model's unit.
        timing : {"now", "next", "continuous"}
            ``"now"``: the next renewal is due now, its payment, if made, undiscounted: the sum of S(tenure +
            j)/S(tenure) (1 + d)^-(j-1) over j >= 1 (Fader & Hardie 2010). ``"next"``: one period from now, all
            payments discounted by one period more. ``"continuous"``, in continuous time alone: 1 per unit of time, as
            it flows, the integral of exp(-δ u) S(tenure + u)/S(tenure).
        horizon : array_like, optional
            A number of renewals, or in continuous time a time; None (the default) or inf is forever.
        unit : str, optional
            The unit of time of a model that does not know its own; years by default.

        Returns
        -------
        array
            Infinite where the sum diverges: at rate 0 where the tail is too heavy, or at a negative rate.

        Raises
        ------
        ParameterError
            `rate` is a bare number, `timing` not one of its choices, or a time is negative, or in discrete time not
            whole.
        """
        force = as_rate(rate).force(self._period(unit))
        return self._worth(self._moment("tenure", tenure), force, self._timing(timing), self._horizon(horizon))

    def discounted_expected_lifetime(
        self, rate: Rate, *, timing: Due, horizon: ArrayLike | None = None, unit: Unit | None = None
    ) -> Array:
        """Present value of 1 paid per period by a customer just won, the first payment certain (DEL).

        ``timing="now"``: the first payment is made now: the sum of S(j) (1 + d)^-j over j >= 0; ``"next"``: one period
        from now; ``"continuous"``: as it flows. `horizon` counts the payments, the first included. The rest is as in
        `discounted_expected_residual_lifetime`.
        """
        force = np.asarray(as_rate(rate).force(self._period(unit)))
        end, zero = self._horizon(horizon), np.zeros(())
        if self._timing(timing) == "continuous":
            return self._worth(zero, force, timing, end)
        renewals = self._worth(zero, force, "next", np.maximum(end - 1, 0.0))
        paid = np.where(end >= 1, 1.0, 0.0) + renewals
        return np.asarray(paid * (np.exp(-force) if timing == "next" else 1.0))

    def retention_elasticity(
        self,
        tenure: ArrayLike | Tenures,
        rate: Rate,
        *,
        timing: Due,
        horizon: ArrayLike | None = None,
        unit: Unit | None = None,
    ) -> Array:
        """Elasticity of the discounted residual lifetime in the retention rates.

        All of the customer's rates S(tenure + j)/S(tenure + j - 1) change by the same factor. It is the mean number of
        renewals made by the time of each payment, weighted by the payments' present values. With a constant retention
        rate r it is (1 + d)/(1 + d - r) (Gupta, Lehmann & Stuart 2004; Fader & Hardie 2010 on heterogeneous customers).
        """
        force = as_rate(rate).force(self._period(unit))
        arguments = self._moment("tenure", tenure), force, self._timing(timing), self._horizon(horizon)
        worth, slope = self._log_worth(*arguments), self._log_worth(*arguments, power=1)
        endless, none = np.isposinf(slope), np.isneginf(worth)
        ratio = np.exp(np.where(endless | none, 0.0, slope) - np.where(endless | none, 0.0, worth))
        return np.where(endless, np.inf, np.where(none, 0.0, ratio))

    def simulate(
        self, age: ArrayLike, *, rng: np.random.Generator | int, unit: Unit | None = None, entry: ArrayLike = 0.0
    ) -> Tenures:
        """Draw customers, one for each time observed since the start: who left, and when.

        `entry` is the tenure at which customers are first seen, having stayed until then. `unit` is the unit of `age`,
        needed only where the model does not know its own; `rng` may be a seed.
        """
        observed, since = together(age=self._moment("age", age), entry=self._moment("entry", entry))
        with np.errstate(over="ignore", divide="ignore"):  # a lifetime beyond the largest float is infinite
            lifetime = self._draw_lifetimes(since, generator(rng))
        ended = lifetime <= observed
        known = known_unit(self, unit)
        return Tenures(np.minimum(lifetime, observed), ended, entry=since, unit=known, by_period=self._by_period)

    def _worth(self, tenure: Array, force: ArrayLike, timing: Due, horizon: Array) -> Array:
        """Σ_{j=1}^{horizon} e^{-δj} S(tenure+j)/S(tenure), times e^δ where the first is due now; or the integral."""
        return exp(self._log_worth(tenure, force, timing, horizon))

    def _log_worth(self, tenure: Array, force: ArrayLike, timing: Due, horizon: Array, power: int = 0) -> Array:
        """Logarithm of `_worth`, whose terms are multiplied by j^power, or u^power."""
        delta = np.asarray(force, dtype=np.float64)
        engine = discounted_stay if timing == "continuous" else discounted_sum

        def each(tenure: Array, delta: Array, horizon: Array) -> Array:
            rows = np.broadcast_arrays(tenure, delta, horizon, *self._fall)
            shape = np.broadcast_shapes(rows[0].shape, *(np.shape(value) for value in self.parameters.values()))
            since, per, end, *fall = (np.broadcast_to(row, shape).ravel() for row in rows)
            return engine(self._survivors(shape), since, per, end, power=power, fall=(fall[0], fall[1])).reshape(shape)

        logs = self._each(each, tenure, delta, horizon)
        return np.asarray(logs + delta) if timing == "now" else logs

    def _survivors(self, shape: tuple[int, ...]) -> Callable[[Ints], Stay]:
        """`_log_stay` of some rows of a shape, with these rows' parameters along the first axis."""
        values = {name: value for name, value in self.parameters.items() if np.ndim(value)}
        flat = {name: np.broadcast_to(value, shape).ravel() for name, value in values.items()}
        if not flat:
            return lambda _: self._log_stay
        return lambda rows: self.with_parameters({name: value[rows, None] for name, value in flat.items()})._log_stay  # noqa: SLF001

    def _horizon(self, horizon: ArrayLike | None) -> Array:
        return self._moment("horizon", np.inf if horizon is None else horizon, endless=True)

    def _period(self, unit: Unit | None) -> Unit:
        return "year" if self.unit is None and unit is None else known_unit(self, unit)

    def _each(self, f: Callable[..., Array], tenure: Array, *more: Array) -> Array:
        """f(tenure, *more), once for equal tenures where they are many."""
        if tenure.ndim != 1 or tenure.size < _MANY or _own(*self.parameters.values(), *more):
            return f(tenure, *more)
        each = distinct(tenure, ticks=DAYS[self.unit or "year"])
        return np.take(f(each.columns[0], *more), each.index, axis=-1)

    def _moment(self, name: str, value: ArrayLike | Tenures, *, endless: bool = False) -> Array:
        """Times as an array, checked: whole in discrete time, and finite unless `endless`."""
        if isinstance(value, Tenures):
            self._unit_of(value)
            value = value.duration
        times = duration(name, value)
        if not endless:
            require(np.isfinite(times), f"{name} must be finite", "Give the time reached.", **{name: times})
        if self._by_period:
            whole(name, np.where(np.isinf(times), 0.0, times))
        return times

    def _timing(self, timing: Due) -> Due:
        """`timing`, where the model knows it: not "continuous" of one that renews once per period."""
        known: tuple[Due, ...] = ("now", "next") if self._by_period else get_args(Due)
        return cast("Due", as_timing(timing, allowed=known))

    def _exact(self, tenures: Tenures) -> bool:
        """Whether the durations of those who left are exact times, not counts of periods."""
        return not (self._by_period or tenures.by_period)

    def _check(self, tenures: Tenures) -> None:
        """DataError where the durations are not possible in the model."""
        t, left = tenures.duration, tenures.ended
        ok, rule = (t > 0) | ~left, "durations > 0 of those who left"
        remedy = "Leave out who left at once, or count whole periods with by_period=True, where the first is 1."
        if self._by_period:
            ok = (t == np.floor(t)) & (tenures.entry == np.floor(tenures.entry)) & ((t >= 1) | ~left)
            rule = "whole numbers of renewals, at least 1 of those who left"
            remedy = "Count periods: Tenures.from_table(..., unit='month', by_period=True) does so from dates."
        check_rows(ok, f"{type(self).__name__} needs {rule}", remedy, ids=tenures.ids, duration=t)


class Leaving(Protocol):
    """A model with a hazard rate: in continuous time, or a split population of such."""

    def _moment(self, name: str, value: ArrayLike) -> Array: ...

    def _log_hazard(self, t: Array) -> Array: ...

    def _log_hazard_slopes(self, t: Array) -> Array: ...


def hazard(model: Leaving, t: ArrayLike) -> Array:
    """h(t), t > 0."""
    times = model._moment("t", t)  # noqa: SLF001 (this file's protocol)
    require(times > 0, "t must be > 0", "A hazard rate at 0 may be infinite.", t=times)
    return exp(model._log_hazard(times))  # noqa: SLF001 (this file's protocol)


def log_rows(model: RetentionModel, rows: tuple[Array, ...], *, exact: bool) -> Array:
    """Log-likelihood of rows (duration, ended, entry), S(t) of those still there.

    Of those who left the density f(t) of `exact` durations, or the probability S(t-1) - S(t) of whole periods.
    """
    t, ended, entry = rows
    left = ended > 0
    if exact:
        gone = np.where(left, cast("Leaving", model)._log_hazard(np.where(left, t, 1.0)), 0.0)  # noqa: SLF001
        return np.asarray(model._log_stay(entry, t - entry) + gone)  # noqa: SLF001
    before = t - ended
    gone = np.where(left, np.log(-np.expm1(_last(model, left, before))), 0.0)
    return np.asarray(model._log_stay(entry, before - entry) + gone)  # noqa: SLF001


def log_rows_slopes(model: RetentionModel, rows: tuple[Array, ...], *, exact: bool) -> Array:
    """Derivatives of `log_rows` in the parameters, which are single numbers: shape (parameters, rows)."""
    t, ended, entry = rows
    left = ended > 0
    if exact:
        gone = np.where(left, cast("Leaving", model)._log_hazard_slopes(np.where(left, t, 1.0)), 0.0)  # noqa: SLF001
        return np.asarray(model._log_stay_slopes(entry, t - entry) + gone)  # noqa: SLF001
    before = t - ended
    # d log(1 - e^s) = -ds/(e^-s - 1)
    weight = np.where(left, -1 / np.expm1(np.minimum(-_last(model, left, before), 700.0)), 0.0)
    gone = weight * model._log_stay_slopes(before, np.ones(()))  # noqa: SLF001
    return np.asarray(model._log_stay_slopes(entry, before - entry) + gone)  # noqa: SLF001


def _last(model: RetentionModel, left: Bools, before: Array) -> Array:
    """log S(t)/S(t-1) of the period in which a customer left; -1 for those who did not."""
    return np.where(left, np.minimum(model._log_stay(before, np.ones(())), _LEAST), -1.0)  # noqa: SLF001


def _own(*values: Parameter) -> bool:
    """Whether customers have values of their own: a last axis that is longer than 1."""
    return any(np.ndim(value) > 0 and np.shape(value)[-1] != 1 for value in values)


def some_left(tenures: Tenures) -> None:
    """DataError where the rows do not inform a model of retention."""
    if not isinstance(tenures, Tenures):
        raise DataError(
            f"a retention model is fitted to Tenures, not to a {type(tenures).__name__}; make one with "
            "Tenures(duration, ended), Tenures.from_table or Tenures.from_cohorts"
        )
    if not tenures.weights[tenures.ended].sum() > 0:
        raise DataError(
            f"nobody has left: ended = 0 in all {len(tenures)} rows, which do not show when customers leave; observe "
            "them for longer, or predict with a model whose parameters are known"
        )


def leaving_rate(tenures: Tenures) -> float:
    """Leavers per customer and unit of time at risk: for starting values."""
    at_risk = float((tenures.weights * (tenures.duration - tenures.entry)).sum())
    left = float(tenures.weights[tenures.ended].sum())
    return left / max(at_risk, 1e-300)


def exp(logs: Array) -> Array:
    """e^logs as an array, infinite beyond the largest float."""
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(logs))
