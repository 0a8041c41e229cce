"""The family of models of buying: what each predicts.

A family's abstract methods are what a model's file writes; its concrete ones follow from them and are never
overridden.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from scipy.special import expit

from custvalue._arguments import common_shape, duration, generator, whole
from custvalue._columns import days_since_epoch, numbers
from custvalue._typing import Array, ArrayLike, Ints, NDArray, Parameter
from custvalue.discounting.rate import Rate, as_rate
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.distinct import Distinct
from custvalue.evidence.logs.options import check_moment
from custvalue.evidence.opportunities import Opportunities
from custvalue.evidence.rfm import RFM
from custvalue.models.model import TimedModel, known_unit
from custvalue.units import DAYS, Unit

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    History = TypeVar("History", bound=RFM | Opportunities, default=RFM)
else:
    from typing import TypeVar

    History = TypeVar("History")


class TransactionModel(TimedModel[History]):
    """When customers buy and when they silently leave: predictions per row.

    The rows are an `RFM`; of models in discrete time `Opportunities`, where n stands for T, and t periods ahead hold
    the opportunities n + 1, n + 2, ... up to n + t. Times are in the data's unit. A model that knows its unit refuses
    data in another. Arguments broadcast with the rows: a horizon of shape (k, 1) gives k rows of predictions.

    A model writes the log-odds of being alive at T (`_odds`) and what lies ahead of a customer alive then (`_stay`,
    `_leave`, `_bought`, `_discounted`, `_buys`, `_pmf`); all predictions are these, weighted by P(alive).
    """

    evidence: ClassVar[type[Any]] = RFM
    _history: ClassVar[tuple[str, ...]] = ("x", "t_x", "T")
    """The columns of a history, in the order in which `_odds` takes them."""

    @abstractmethod
    def _odds(self, x: Array, t_x: Array, T: Array, /) -> Array:
        """Log-odds of being alive at T, given the columns of `_history`: inf where customers never leave."""

    @abstractmethod
    def _stay(self, rows: History, /, t: Array) -> Array:
        """P(alive at T + t | alive at T)."""

    @abstractmethod
    def _leave(self, rows: History, /, t: Array) -> Array:
        """1 - `_stay`, exact where it is small."""

    @abstractmethod
    def _bought(self, rows: History, /, t: Array, after: Array) -> Array:
        """E[purchases in (T + after, T + after + t] | alive at T]."""

    @abstractmethod
    def _discounted(self, rows: History, /, force: ArrayLike, horizon: Array) -> Array:
        """E[Σ e^{-δu} over purchases at T + u, 0 < u <= horizon | alive at T], δ the force of interest per unit."""

    @abstractmethod
    def _buys(self, rows: History, /, t: Array, after: Array) -> Array:
        """P(at least one purchase in (T + after, T + after + t] | alive at T)."""

    @abstractmethod
    def _pmf(self, rows: History, /, n: Array, t: Array, after: Array) -> Array:
        """P(alive at T + after, and n purchases in (T + after, T + after + t] | alive at T)."""

    @abstractmethod
    def _draw_histories(self, age: Array, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        """Columns of the evidence of one customer of each age (the last of `_history` in time), by name."""

    @abstractmethod
    def _draw_purchases(self, age: Array, rng: np.random.Generator) -> tuple[Ints, Array]:
        """Repeat purchases of one customer of each age (a flat array): whose they are, ascending, and their times.

        Times count from the customer's first purchase and ascend within a customer.
        """

    @abstractmethod
    def posterior_mean_purchase_rate(self, rows: History, /) -> Array:
        """E[purchases per unit of time while a customer | history], also of those who have probably left."""

    @abstractmethod
    def posterior_mean_drop_out(self, rows: History, /) -> Array:
        """E[propensity to leave | history], of those who left too: of p, μ, η or θ, as the model calls it."""

    @abstractmethod
    def in_words(self) -> tuple[tuple[str, str, str], ...]:
        """What the parameters say, as rows of text: a mean over customers with its formula, its value, a remark."""

    def _log_odds(self, rows: History, /) -> Array:
        """Log-odds that a customer is alive at T, computed once for predictions from the same rows in a row.

        Exact where P(alive) is close to 0 or 1: P(alive) = 1/(1 + e^-odds), P(gone) = 1/(1 + e^odds).
        """
        self._unit_of(rows)

        def odds() -> Array:
            return self._each_row(self._odds, rows, self._history)

        # draws of parameters have an axis before the rows': many times the rows' size, too much to be kept
        draws = any(np.ndim(value) > 1 for value in self.parameters.values())
        return odds() if draws else rows.kept(self, odds)

    def p_alive(self, rows: History, /, ahead: ArrayLike = 0.0) -> Array:
        """P(still a customer at T + ahead | history)."""
        t = duration("ahead", ahead)
        alive = self._alive(rows)
        if not t.any():
            return np.broadcast_to(alive, np.broadcast_shapes(alive.shape, t.shape)).copy()
        return alive * self._stay(rows, t)

    def churn_probability(self, rows: History, /, within: ArrayLike) -> Array:
        """P(left by T + within | history): 1 - p_alive(rows, within), those already gone included.

        Exact where it is small. "Does not buy within t" is ``1 - probability_of_purchase(rows, t)``.
        """
        return np.minimum(self._gone(rows) + self._alive(rows) * self._leave(rows, duration("within", within)), 1.0)

    def expected_purchases(self, rows: History, /, t: ArrayLike, *, after: ArrayLike = 0.0) -> Array:
        """E[purchases in (T + after, T + after + t] | history]."""
        return worth(self._alive(rows), self._bought(rows, duration("t", t), duration("after", after)))

    def probability_of_purchase(self, rows: History, /, t: ArrayLike, *, after: ArrayLike = 0.0) -> Array:
        """P(at least one purchase in (T + after, T + after + t] | history)."""
        return self._alive(rows) * self._buys(rows, duration("t", t), duration("after", after))

    def purchase_pmf(self, rows: History, /, n: ArrayLike, t: ArrayLike, *, after: ArrayLike = 0.0) -> Array:
        """P(exactly n purchases in (T + after, T + after + t] | history), n a whole number."""
        count, begin = whole("n", n), duration("after", after)
        none = np.where(count == 0, self.churn_probability(rows, begin), 0.0)
        return np.minimum(self._alive(rows) * self._pmf(rows, count, duration("t", t), begin) + none, 1.0)

    def _alive(self, rows: History) -> Array:
        return _probability(self._log_odds(rows))

    def _gone(self, rows: History) -> Array:
        return _probability(-self._log_odds(rows))

    def simulate(self, T: ArrayLike, /, *, rng: np.random.Generator | int, unit: Unit | None = None) -> History:
        """Draw one customer of each age in T: the columns of a history, such as repeat purchases x and recency t_x.

        Parameters
        ----------
        T : array_like
            Ages: time since the first purchase, or for `Opportunities` the number of them.
        rng : numpy.random.Generator or int
            Source of the draws, or a seed.
        unit : str, optional
            The unit of T, needed only where the model does not know its own.

        Raises
        ------
        ParameterError
            An age is negative or infinite, its shape does not fit that of the parameters, or the unit is not known.
        """
        age = _finite_ages(T)
        shape = common_shape(T=age, **self.parameters)
        drawn = self._draw_histories(np.broadcast_to(age, shape or (1,)), generator(rng))
        columns = {name: column.reshape(shape) for name, column in drawn.items()}
        return self.evidence(**columns, unit=known_unit(self, unit))  # type: ignore[no-any-return]

    def simulate_log(
        self,
        T: ArrayLike,
        /,
        *,
        rng: np.random.Generator | int,
        observed_until: Any = None,  # noqa: ANN401 (whatever NumPy reads as a date)
        unit: Unit | None = None,
    ) -> dict[str, NDArray[Any]]:
        """Draw the log of purchases of one customer of each age in T, the first purchase included.

        Parameters
        ----------
        T : array_like
            Ages: time since the first purchase, in the model's unit.
        rng : numpy.random.Generator or int
            Source of the draws, or a seed.
        observed_until : date or ISO text, optional
            The day at whose start customers are T old; without it the log has no dates.
        unit : str, optional
            The unit of T, needed only for dates and where the model does not know its own.

        Returns
        -------
        dict of arrays
            Columns with a row per purchase, by customer and time: ``customer_id`` (position in T), ``time`` since the
            customer's first purchase, which is at 0, and with `observed_until` ``date`` (datetime64[s]). With dates it
            is a log that `RFM.from_transactions` reads; for the same T with ``collapse=None`` tell it that the
            observation ends at the start of the day: ``observed_until="2026-06-30T00:00"``.

        Raises
        ------
        ParameterError
            An age is negative or infinite, `observed_until` no date, the unit not known where it is needed or not the
            model's; or the model holds draws of parameters: take one.
        """
        age = _finite_ages(T).ravel()
        if any(np.ndim(value) > 1 for value in self.parameters.values()):
            raise ParameterError(
                "a log is drawn with one parameter for all customers or one for each, not with draws of parameters; "
                "take one draw, or simulate each in turn"
            )
        length = None if unit is None and observed_until is None else known_unit(self, unit)
        if observed_until is not None:
            check_moment("observed_until", observed_until)
        whose, when = self._draw_purchases(age, generator(rng))
        first = np.arange(len(age))
        order = np.argsort(np.concatenate([first, whose]), kind="stable")
        customer = np.concatenate([first, whose])[order]
        time = np.concatenate([np.zeros(len(age)), when])[order]
        log: dict[str, NDArray[Any]] = {"customer_id": customer, "time": time}
        if observed_until is not None and length is not None:
            seconds = (age[customer] - time) * DAYS[length] * 86400
            end = np.datetime64(int(np.floor(days_since_epoch(observed_until))), "D").astype("datetime64[s]")
            log["date"] = end - np.rint(seconds).astype("timedelta64[s]")
        return log

    def discounted_expected_purchases(self, rows: History, rate: Rate, horizon: ArrayLike | None = None) -> Array:
        """Expected purchases in (T, T + horizon], each discounted from its own time to T.

        Parameters
        ----------
        rows : RFM or Opportunities
            Histories.
        rate : Rate
            Converted to the data's unit by itself.
        horizon : array_like, optional
            In the data's unit; None (the default) or inf is forever.

        Returns
        -------
        array
            Infinite where the undiscounted sum is and the rate is zero (or negative, forever).

        Raises
        ------
        ParameterError
            `rate` is a bare number, or the horizon is negative.
        """
        force = as_rate(rate).force(self._unit_of(rows))
        end = duration("horizon", np.inf if horizon is None else horizon)
        return worth(self._alive(rows), self._discounted(rows, force, end))

    def expected_purchases_new(self, t: ArrayLike, *, after: ArrayLike = 0.0) -> Array:
        """E[repeat purchases in (after, after + t]] of a customer just won, whose first purchase is at time 0."""
        return self.expected_purchases(self._newcomer(), t, after=after)

    def purchase_pmf_new(self, n: ArrayLike, t: ArrayLike, *, after: ArrayLike = 0.0) -> Array:
        """P(exactly n repeat purchases in (after, after + t]) of a customer just won."""
        return self.purchase_pmf(self._newcomer(), n, t, after=after)

    def discounted_expected_purchases_new(
        self, rate: Rate, horizon: ArrayLike | None = None, *, unit: Unit | None = None
    ) -> Array:
        """Discounted expected repeat purchases of a customer just won; the first, at time 0, not counted.

        `unit` is the model's unit of time, needed only where the model does not know its own.
        """
        return self.discounted_expected_purchases(self._newcomer(known_unit(self, unit)), rate, horizon)

    def _newcomer(self, unit: Unit | None = None) -> History:
        return self.evidence(0.0, 0.0, 0.0, unit=unit or self.unit or "year")  # type: ignore[no-any-return]

    def _each_row(self, f: Callable[..., Array], rows: History, names: tuple[str, ...], *more: ArrayLike) -> Array:
        """f(columns named, *more) per row, computed once for rows that are equal in those columns."""
        extra = [numbers("an argument", argument) for argument in more]
        alike = [*self.parameters.values(), *extra]
        if rows.x.ndim != 1 or any(np.ndim(value) and np.shape(value)[-1] != 1 for value in alike):
            return f(*(getattr(rows, name) for name in names), *extra)
        each = rows.distinct(*names)
        return np.take(f(*each.columns, *extra), each.index, axis=-1)


def histories(rows: History, names: tuple[str, ...] = ("x", "t_x", "T")) -> Distinct:
    """The distinct rows to fit a model of buying to; DataError where they can tell nothing."""
    needed = Opportunities if "n" in names else RFM
    if not isinstance(rows, needed):
        kind = needed.__name__
        raise DataError(
            f"this model is fitted to {kind}, not to a {type(rows).__name__}; make them from a log with "
            f"{kind}.from_transactions, or from a summary with {kind}.from_table"
        )
    if not rows.customers:
        raise DataError(f"a model needs customers to be fitted to; the {type(rows).__name__} has none")
    if not rows.x[rows.weights > 0].any():
        raise DataError(
            f"no customer has bought again: x = 0 in all {len(rows)} rows, so nothing tells when customers buy; "
            "observe them for longer, or predict with a model whose parameters are known"
        )
    return rows.distinct(*names)


def gamma_start(rows: Distinct, *, least: float, k: int = 1) -> tuple[float, float, float]:
    """r and α of gamma-mixed rates by the moments of x, every purchase k beats of a clock; and the mean age.

    The method of moments of the NBD: with mean m and variance v of counts over a mean age T, r = m²/(v - m/k) and
    α = r T/(k m), r kept between `least` and 10, from where every search has been seen to end.
    """
    x, age = rows.columns[0], rows.columns[2]
    share = rows.counts / rows.counts.sum()
    mean, time = float((share * x).sum()), float((share * age).sum())
    variance = float((share * (x - mean) ** 2).sum())
    r = float(np.clip(mean**2 / max(variance - mean / k, 0.05 * mean + 1e-9), least, 10.0))
    return r, r * time / max(k * mean, 0.05), time


def _finite_ages(T: ArrayLike) -> Array:
    age = duration("T", T)
    if np.isinf(age).any():
        raise ParameterError("T must be finite; got inf. Nobody is observed forever")
    return age


def _probability(log_odds: Array) -> Array:
    """The probability with these log-odds, exact where it is small; with that of the opposite it sums to 1 exactly."""
    less = expit(-np.abs(log_odds))
    return np.where(log_odds < 0, less, 1 - less)


def worth(alive: Array, ahead: Array) -> Array:
    """`ahead`, what a customer alive at T is expected to bring, times the chance of being alive.

    Infinite where `ahead` is: a chance too small for a float is still not 0.
    """
    endless = np.isinf(ahead)
    return np.where(endless, ahead, alive * np.where(endless, 0.0, ahead))


def scattered(counts: Ints, spans: Array, rng: np.random.Generator) -> tuple[Ints, Array]:
    """Times of `counts` events for each customer, evenly over (0, span]: whose they are, and when, both ascending."""
    whose = np.repeat(np.arange(len(counts)), counts)
    times = spans[whose] * (1 - rng.random(len(whose)))
    return whose, times[np.lexsort((times, whose))]


def last_of(counts: Ints, spans: Array, rng: np.random.Generator) -> Array:
    """The latest of `counts` times evenly over (0, span], a Beta(counts, 1) share of it; 0 where there are none."""
    return np.where(counts > 0, spans * rng.beta(np.maximum(counts, 1), 1.0), 0.0)


def mean_rate_in_words(r: Parameter, alpha: Parameter, unit: Unit | None, *, k: int = 1) -> tuple[str, str, str]:
    """The row of `in_words` about the mean rate of purchases, r/(kα)."""
    often, time = float(r / alpha) / k, unit_in_words(unit)
    name = "r/alpha" if k == 1 else f"r/({k} alpha)"
    return f"Purchases a {time[0]}, {name}", f"{often:.4g}", f"while a customer: one in {1 / often:.3g} {time[1]}"


def unit_in_words(unit: Unit | None) -> tuple[str, str]:
    """A unit of time and its plural, also where it is not known."""
    return ("unit of time", "units of time") if unit is None else (unit, f"{unit}s")
