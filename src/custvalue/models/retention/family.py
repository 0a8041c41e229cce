"""The family of retention: customers whose leaving is seen, as in subscriptions. A survivor in, all predictions out.

A model writes log S(tenure + ahead)/S(tenure), exact where it is small and where it is large, with its derivatives;
the likelihood of whole periods, of exact durations, of censoring and of late entry follows (`time`), and so does every
prediction.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, Literal, Self, TypeAlias

import numpy as np

from custvalue._typing import Array, ArrayLike, Ints, Parameter
from custvalue.discounting.rate import Rate, as_rate
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.distinct import distinct
from custvalue.evidence.tenures import Tenures
from custvalue.inference.maximum_likelihood import Problem
from custvalue.models.model import TimedModel, known_unit
from custvalue.models.retention.residual_lifetime import Stay, discounted_stay, discounted_sum
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

    @classmethod
    @abstractmethod
    def _guess(cls, tenures: Tenures) -> Self:
        """A start for the search, from simple sums of the data."""

    @abstractmethod
    def _log_stay(self, tenure: Array, ahead: Array) -> Array:
        """log S(tenure + ahead)/S(tenure), elementwise and of real arguments, to full relative precision."""

    @abstractmethod
    def _log_stay_slopes(self, tenure: Array, ahead: Array) -> Array:
        """Derivatives of `_log_stay` in the parameters: shape (parameters, ...)."""

    @property
    @abstractmethod
    def _fall(self) -> tuple[Parameter, Parameter]:
        """(rate, tail): S(t) falls at last as e^{-rate t} t^-tail; inf where it falls faster."""

    @abstractmethod
    def _draw_lifetimes(self, since: Array, rng: np.random.Generator) -> Array:
        """Lifetimes of customers known to have stayed so long; in discrete time the renewal at which they leave."""

    @property
    @abstractmethod
    def _by_period(self) -> bool:
        """Whether customers leave at renewals, once per period, or at any time."""

    @abstractmethod
    def _moment(self, name: str, value: ArrayLike | Tenures, *, endless: bool = False) -> Array:
        """Times as an array, checked: whole in discrete time, and finite unless `endless`."""

    @abstractmethod
    def _log_rows(self, rows: tuple[Array, ...], *, by_period: bool) -> Array:
        """Log-likelihood of rows (duration, ended, entry)."""

    @abstractmethod
    def _log_rows_slopes(self, rows: tuple[Array, ...], *, by_period: bool) -> Array:
        """Its derivatives in the parameters, which are single numbers: shape (parameters, rows)."""

    @abstractmethod
    def _check(self, tenures: Tenures) -> None:
        """DataError where the durations are none of the model's."""

    @abstractmethod
    def _payments(self, timing: Due) -> Due:
        """`timing`, where the model knows it; ParameterError otherwise."""

    @classmethod
    def problem(cls, tenures: Tenures, /, **options: Any) -> Problem[Self]:  # noqa: ANN401 (of the model's `_guess`)
        """The statement of the estimation; `SplitPopulation` asks for the class of its `leavers`."""
        some_left(tenures)
        start = cls._guess(tenures, **options)
        start._check(tenures)  # noqa: SLF001 (its own class)
        names = tuple(start.parameters)

        def scored(parameters: Array, *columns: Array) -> tuple[Array, Array]:
            model = start.with_parameters(dict(zip(names, parameters.tolist(), strict=True)))
            slopes = model._log_rows_slopes(columns, by_period=tenures.by_period)  # noqa: SLF001 (its own class)
            return model._log_rows(columns, by_period=tenures.by_period), slopes  # noqa: SLF001 (its own class)

        time = float((tenures.weights * tenures.duration).sum() / tenures.weights.sum())
        return Problem.of(start, tenures.distinct(), scored, time=time)

    def log_likelihood(self, tenures: Tenures) -> Array:
        self._unit_of(tenures)
        self._check(tenures)
        if tenures.duration.ndim != 1 or self._own(*self.parameters.values()):
            columns = (tenures.duration, tenures.ended.astype(np.float64), tenures.entry)
            return self._log_rows(columns, by_period=tenures.by_period)
        rows = tenures.distinct()
        return np.take(self._log_rows(rows.columns, by_period=tenures.by_period), rows.index, axis=-1)

    def survival(self, t: ArrayLike) -> Array:
        """P(still a customer at time t since the start); in discrete time after t renewals."""
        start = np.zeros(())
        return exp(self._each(lambda end: self._log_stay(start, end), self._moment("t", t, endless=True)))

    def retention_rate(self, t: ArrayLike) -> Array:
        """S(t)/S(t-1), t >= 1: the share retained in the t-th period, of those there at its start."""
        end = self._moment("t", t)
        if not np.all(end >= 1):
            raise ParameterError(f"t must be >= 1: the first period ends at 1; got {end[~(end >= 1)].ravel()[0]}")
        return exp(self._each(self._log_stay, end - 1, np.ones(())))

    def churn_probability(self, tenure: ArrayLike | Tenures, within: ArrayLike) -> Array:
        """P(leaves within a time | has stayed for `tenure`): 1 - S(tenure + within)/S(tenure), exact where small."""
        ahead = self._moment("within", within, endless=True)
        return np.asarray(-np.expm1(self._each(self._log_stay, self._moment("tenure", tenure), ahead)))

    def expected_residual_lifetime(self, tenure: ArrayLike | Tenures, horizon: ArrayLike | None = None) -> Array:
        """E[time still to stay | has stayed for `tenure`], up to `horizon`; infinite where the tail is that heavy.

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
        timing: Due,
        horizon: ArrayLike | None = None,
        *,
        unit: Unit | None = None,
    ) -> Array:
        """Present value of 1 paid per period by a customer who has stayed for `tenure` (DERL).

        Parameters
        ----------
        tenure : array_like or Tenures
            Renewals made so far, or in continuous time the time since the start.
        rate : Rate
            Converted to the unit by itself.
        timing : {"now", "next", "continuous"}
            ``"now"``: the next renewal is due now, its payment, if made, undiscounted: the sum of S(tenure +
            j)/S(tenure) (1 + d)^-(j-1) over j >= 1 (Fader & Hardie 2010). ``"next"``: one period from now, all
            payments discounted by one period more. ``"continuous"``, in continuous time alone: 1 per unit of time, as
            it flows, the integral of exp(-δ u) S(tenure + u)/S(tenure).
        horizon : array_like, optional
            So many renewals, or in continuous time so long; None (the default) or inf is forever.
        unit : str, optional
            The unit of time of a model that does not know its own; then years by default.

        Returns
        -------
        array
            Infinite where the sum is: at rate 0 with a tail that heavy, or at a negative rate.

        Raises
        ------
        ParameterError
            `rate` is a bare number, `timing` none of its choices, or a time is negative (not whole in discrete time).
        """
        force = as_rate(rate).force(self._period(unit))
        return self._worth(self._moment("tenure", tenure), force, self._payments(timing), self._horizon(horizon))

    def discounted_expected_lifetime(
        self, rate: Rate, timing: Due, horizon: ArrayLike | None = None, *, unit: Unit | None = None
    ) -> Array:
        """Present value of 1 paid per period by a customer just won, the first payment certain (DEL).

        ``timing="now"``: the first payment is made now: the sum of S(j) (1 + d)^-j over j >= 0; ``"next"``: one period
        from now; ``"continuous"``: as it flows. `horizon` counts the payments, the first included. The rest is as in
        `discounted_expected_residual_lifetime`.
        """
        force = np.asarray(as_rate(rate).force(self._period(unit)))
        end, zero = self._horizon(horizon), np.zeros(())
        if self._payments(timing) == "continuous":
            return self._worth(zero, force, timing, end)
        renewals = self._worth(zero, force, "next", np.maximum(end - 1, 0.0))
        paid = np.where(end >= 1, 1.0, 0.0) + renewals
        return np.asarray(paid * (np.exp(-force) if timing == "next" else 1.0))

    def retention_elasticity(
        self,
        tenure: ArrayLike | Tenures,
        rate: Rate,
        timing: Due,
        horizon: ArrayLike | None = None,
        *,
        unit: Unit | None = None,
    ) -> Array:
        """Percent by which the discounted residual lifetime grows where each retention rate grows by 1 percent.

        All of the customer's rates S(tenure + j)/S(tenure + j - 1) by the same factor; it is the mean number of
        renewals made by the time of each payment, weighted by the payments' present values. With a constant
        rate r it is (1 + d)/(1 + d - r) (Gupta, Lehmann & Stuart 2004; Fader & Hardie 2010 on heterogeneous customers).
        """
        force = as_rate(rate).force(self._period(unit))
        arguments = self._moment("tenure", tenure), force, self._payments(timing), self._horizon(horizon)
        worth, slope = self._log_worth(*arguments), self._log_worth(*arguments, power=1)
        endless, none = np.isposinf(slope), np.isneginf(worth)
        ratio = np.exp(np.where(endless | none, 0.0, slope) - np.where(endless | none, 0.0, worth))
        return np.where(endless, np.inf, np.where(none, 0.0, ratio))

    def simulate(
        self, age: ArrayLike, *, rng: np.random.Generator | int, unit: Unit | None = None, entry: ArrayLike = 0.0
    ) -> Tenures:
        """Draw one customer for each time observed since the start: who left, and when.

        `entry` draws customers known to have stayed so long when they were first seen. `unit` is the unit of `age`,
        needed only where the model does not know its own; `rng` may be a seed.
        """
        observed, since = np.broadcast_arrays(self._moment("age", age), self._moment("entry", entry))
        with np.errstate(over="ignore", divide="ignore"):  # who hardly ever leaves stays for an infinite time
            lifetime = self._draw_lifetimes(since, np.random.default_rng(rng))
        ended = lifetime <= observed
        known = known_unit(self, unit)
        return Tenures(np.minimum(lifetime, observed), ended, entry=since, unit=known, by_period=self._by_period)

    def _worth(self, tenure: Array, force: ArrayLike, timing: Due, horizon: Array) -> Array:
        """Σ_{j=1}^{horizon} e^{-δj} S(tenure+j)/S(tenure), times e^δ where due now; or the integral."""
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
        if tenure.ndim != 1 or tenure.size < _MANY or self._own(*self.parameters.values(), *more):
            return f(tenure, *more)
        each = distinct(tenure, ticks=DAYS[self.unit or "year"])
        return np.take(f(each.columns[0], *more), each.index, axis=-1)

    @staticmethod
    def _own(*values: Parameter) -> bool:
        """Whether customers have values of their own: a last axis that is longer than 1."""
        return any(np.ndim(value) > 0 and np.shape(value)[-1] != 1 for value in values)


def some_left(tenures: Tenures) -> None:
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


def leaving_rate(tenures: Tenures) -> float:
    """Leavers per customer and unit of time: where a search begins."""
    at_risk = float((tenures.weights * (tenures.duration - tenures.entry)).sum())
    left = float(tenures.weights[tenures.ended].sum())
    return left / max(at_risk, 1e-300)


def exp(logs: Array) -> Array:
    """e^logs: infinite where it is more than the largest float, an array of what is single too."""
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(logs))


def durations(model: RetentionModel, value: ArrayLike | Tenures) -> ArrayLike:
    """The durations of a `Tenures`, whose unit must be the model's; anything else as it is."""
    if isinstance(value, Tenures):
        model._unit_of(value)  # noqa: SLF001
        return value.duration
    return value
