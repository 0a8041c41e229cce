"""Survival without a model: the share of customers still there after each duration (Kaplan & Meier 1958)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias, get_args

import numpy as np
from attrs import field, frozen
from scipy.special import expit

from custvalue import _arguments
from custvalue._columns import same
from custvalue._results import Rows, as_column, listing
from custvalue._typing import Array, ArrayLike
from custvalue.errors import ParameterError
from custvalue.evidence.tenures import Tenures
from custvalue.inference.estimate import normal_width
from custvalue.survival._risk_sets import check_tenures, counted, longest, observed_time, step
from custvalue.units import Unit

Interval: TypeAlias = Literal["log-log", "logit", "greenwood"]
"""How a standard error becomes an interval of a survival probability."""

_TIE: Final = 1e-12
"""A survival this close, relatively, to the quantile asked for equals it: products of shares, such as 3/4 · 2/3 = 1/2,
are off by a few roundings of 1e-16."""
_SMALLEST: Final = -700.0
"""e^-700 = 1e-304 is still a normal float: limits of log S are divided by it."""


def _as_value(value: ArrayLike) -> Any:  # noqa: ANN401 (a float, or an array)
    """A float, or a read-only array."""
    return float(np.asarray(value)) if np.ndim(value) == 0 else as_column(value)


@frozen(repr=False)
class PointEstimate:
    """A point estimate with its confidence interval; ``float(estimate)`` is the number alone.

    Attributes
    ----------
    value, lower, upper : float or array
        The estimate and its interval.
    standard_error : float or None
        None where the interval does not come from one.
    level : float
        Of the interval.
    """

    value: Any = field(converter=_as_value, eq=same)
    lower: Any = field(converter=_as_value, eq=same)
    upper: Any = field(converter=_as_value, eq=same)
    standard_error: float | None = field(default=None, kw_only=True)
    level: float = field(default=0.95, kw_only=True)

    def __float__(self) -> float:
        return float(self.value)

    def __repr__(self) -> str:
        level = f"{100 * self.level:g} %"
        if isinstance(self.value, float):
            return f"{self.value:.6g} ({level}: {self.lower:.6g} to {self.upper:.6g})"
        value, lower, upper = (np.array_str(each, precision=6) for each in (self.value, self.lower, self.upper))
        return f"{value} ({level}: {lower} to {upper})"


@frozen(repr=False)
class SurvivalCurve(Rows):
    """The Kaplan-Meier estimate of survival: a step down at each time at which customers left.

    Made by `kaplan_meier`. Arrays have one value for each of those times.

    Attributes
    ----------
    time : array
        The distinct durations at which customers left, ascending.
    at_risk : array
        Customers at risk at that duration, those who left then included.
    ended : array
        Customers who left then.
    survival : array
        S(time), the probability to stay longer than `time`.
    standard_error : array
        By Greenwood's formula; 0 where the survival is 0.
    lower, upper : array
        Pointwise confidence limits, within [0, 1]. Where the survival is 0 the lower limit is 0 and the upper one that
        of the time before, which is a bound still.
    observed_until : float
        The longest duration: later survival is unknown, unless it is 0 by then.
    customers : float
        Their number, weighted.
    level, interval
        Of the confidence limits.
    unit : str
        The unit of time.
    """

    time: Array = field(converter=as_column, eq=same)
    at_risk: Array = field(converter=as_column, eq=same)
    ended: Array = field(converter=as_column, eq=same)
    survival: Array = field(converter=as_column, eq=same)
    standard_error: Array = field(converter=as_column, eq=same)
    lower: Array = field(converter=as_column, eq=same)
    upper: Array = field(converter=as_column, eq=same)
    observed_until: float = field()
    customers: float = field()
    level: float = field(default=0.95)
    interval: Interval = field(default="log-log")
    unit: Unit = field(default="year")

    def at(self, t: ArrayLike) -> Array:
        """S(t): the share who stay longer than t.

        Raises
        ------
        ParameterError
            t is negative, or later than anybody was observed while some were still there.
        """
        return step(self.time, self.survival, 1.0, self._observed("t", t))

    def interval_at(self, t: ArrayLike) -> tuple[Array, Array]:
        """Pointwise confidence limits of S(t), lower and upper; both 1 before anybody left."""
        when = self._observed("t", t)
        return step(self.time, self.lower, 1.0, when), step(self.time, self.upper, 1.0, when)

    def churn_probability(self, tenure: ArrayLike, within: ArrayLike) -> Array:
        """P(leaves within `within` | has stayed for `tenure`): 1 - S(tenure + within)/S(tenure).

        Raises
        ------
        ParameterError
            A time is negative or later than observed, or nobody is estimated to stay for `tenure`.
        """
        start, ahead = self._observed("tenure", tenure), _arguments.duration("within", within)
        start, ahead = _arguments.together(tenure=start, within=ahead)
        end = self._observed("tenure + within", start + ahead)
        stayed = step(self.time, self.survival, 1.0, start)
        if not np.all(stayed > 0):
            raise ParameterError(
                f"tenure must be a time to which some are estimated to stay; got {start[stayed <= 0].ravel()[0]:g}. "
                "Ask for an earlier one."
            )
        return np.asarray(1.0 - step(self.time, self.survival, 1.0, end) / stayed)

    def quantile(self, p: ArrayLike) -> PointEstimate:
        """The duration by which a share p of the customers has left: the first time with S <= 1 - p.

        The interval is Brookmeyer & Crowley's (1982): from the first time at which the lower limit of S is at most
        1 - p to the first at which the upper limit is. What is not reached is inf.
        """
        stay = 1.0 - _arguments.share("p", p, inside=True)
        times = [self._first(curve, stay) for curve in (self.survival, self.lower, self.upper)]
        return PointEstimate(*times, level=self.level)

    def median(self) -> PointEstimate:
        """The duration by which half of the customers have left, with its interval; inf where half still stay."""
        return self.quantile(0.5)

    def restricted_mean(self, horizon: float) -> PointEstimate:
        """The mean of min(duration, horizon): the area under the curve, with the standard error from Greenwood's.

        The interval is normal, cut to [0, horizon].

        Raises
        ------
        ParameterError
            The horizon is not one positive number, or later than anybody was observed while some were still there.
        """
        end = _arguments.only("horizon", _arguments.positive("horizon", horizon))
        self._observed("horizon", end)
        before = self.time < end
        edges = np.concatenate([[0.0], self.time[before], [end]])
        areas = np.concatenate([[1.0], self.survival[before]]) * np.diff(edges)
        ahead = areas[::-1].cumsum()[::-1][1:]
        # Var = Σ (area ahead)² d/(n (n - d)) (Klein & Moeschberger 2003, section 4.5); divided by the horizon, so that
        # squares of long durations stay floats.
        spread = (ahead / end) ** 2 * _greenwood(self.at_risk[before], self.ended[before])
        error = end * float(np.sqrt(spread.sum()))
        mean, width = float(areas.sum()), normal_width(self.level) * error
        low, high = max(mean - width, 0.0), min(mean + width, end)
        return PointEstimate(mean, low, high, standard_error=error, level=self.level)

    def __repr__(self) -> str:
        left = self.ended.sum()
        head = (
            f"Kaplan-Meier survival of {self.customers:,.10g} customers in {self.unit}s: {left:,.10g} ended, "
            f"observed up to {self.observed_until:g}, median {self.median()!r}"
        )
        columns = {
            "time": (10, ".6g", self.time),
            "at risk": (12, ",.10g", self.at_risk),
            "ended": (10, ",.10g", self.ended),
            "survival": (10, ".4f", self.survival),
            "std. error": (12, ".4f", self.standard_error),
            "interval": (20, ".4f", self.lower, self.upper),
        }
        return listing(head, columns)

    def _observed(self, name: str, value: ArrayLike) -> Array:
        gone = len(self.survival) > 0 and self.survival[-1] == 0
        return observed_time(name, value, self.observed_until, known_after=bool(gone))

    def _first(self, curve: Array, share: Array) -> Array:
        """The first time at which a falling curve is at most `share`; inf where it never is."""
        reached = np.searchsorted(-np.minimum.accumulate(curve), -share * (1 + _TIE), side="left")
        return np.append(self.time, np.inf)[reached]


def kaplan_meier(tenures: Tenures, *, level: float = 0.95, interval: Interval = "log-log") -> SurvivalCurve:
    """Estimate survival from tenures, whatever its shape: S(t) = Π (1 - ended/at risk) over the times up to t.

    Customers are at risk on (entry, duration], from the start where entry is 0; those who leave do so before those
    whose observation ends at the same time. With late entry few may be at risk early: if all of them leave at once
    the estimate falls to 0 and stays there; `kaplan_meier(tenures[tenures.entry < ...])` or a later start helps.

    Parameters
    ----------
    tenures : Tenures
        Durations; weights count customers.
    level : float
        Of the pointwise confidence limits.
    interval : {"log-log", "logit", "greenwood"}
        Limits from the normal distribution of log(-log S) (Kalbfleisch & Prentice 1980), of the log-odds of S, or of
        S itself, cut to [0, 1].

    Raises
    ------
    DataError
        There is no customer, or one who left has entry = duration.
    ParameterError
        `level` is not between 0 and 1, or `interval` none of its choices.

    Notes
    -----
    Kaplan & Meier (1958); the variance is Greenwood's (1926), S² Σ d/(n (n - d)).

    Examples
    --------
    >>> curve = kaplan_meier(Tenures([1, 2, 2, 3, 4], [1, 1, 0, 1, 0], unit="month"))
    >>> curve.survival.round(3)
    array([0.8, 0.6, 0.3])
    >>> curve.median()
    3 (95 %: 1 to inf)
    >>> float(curve.at(2.5).round(3))
    0.6
    """
    check_tenures(tenures)
    _arguments.one_of("interval", interval, get_args(Interval))
    width = normal_width(level)
    time, at_risk, ended = counted(tenures)
    with np.errstate(divide="ignore"):  # log 0 = -inf: nobody is left
        log_survival = np.log1p(-ended / at_risk).cumsum()
    survival = np.exp(log_survival)
    some = slice(int(np.count_nonzero(survival)))  # from then on it is 0
    spread = np.sqrt(_greenwood(at_risk, ended).cumsum())
    error, lower, upper = np.zeros(len(time)), np.zeros(len(time)), np.ones(len(time))
    np.multiply(survival[some], spread[some], out=error[some])
    lower[some], upper[some] = _LIMITS[interval](log_survival[some], width * spread[some])
    if some.stop:
        upper[some.stop :] = upper[some.stop - 1]
    return SurvivalCurve(
        time=time,
        at_risk=at_risk,
        ended=ended,
        survival=survival,
        standard_error=error,
        lower=lower,
        upper=upper,
        observed_until=longest(tenures),
        customers=float(tenures.weights.sum()),
        level=level,
        interval=interval,
        unit=tenures.unit,
    )


def _greenwood(at_risk: Array, ended: Array) -> Array:
    """What each time adds to the variance of log S, d/(n (n - d)); 0 where all leave, as S is 0 from then on."""
    product = at_risk - ended
    product *= at_risk
    product[product <= 0] = np.inf
    return np.asarray(ended / product)


def _log_log(log_survival: Array, width: Array) -> tuple[Array, Array]:
    """S^exp(±w/log S): the delta method divides the standard error of log S by log S (Kalbfleisch & Prentice 1980)."""
    factor = width / log_survival
    np.exp(np.maximum(factor, _SMALLEST, out=factor), out=factor)
    lower, upper = log_survival / factor, log_survival * factor
    return np.exp(lower, out=lower), np.exp(upper, out=upper)


def _logit(log_survival: Array, width: Array) -> tuple[Array, Array]:
    """Log-odds log S - log(1 - S), whose derivative in log S is 1/(1 - S)."""
    gone = -np.expm1(log_survival)
    odds, spread = log_survival - np.log(gone), width / gone
    return expit(odds - spread), expit(odds + spread)


def _plain(log_survival: Array, width: Array) -> tuple[Array, Array]:
    survival = np.exp(log_survival)
    return np.maximum(survival - survival * width, 0.0), np.minimum(survival + survival * width, 1.0)


_LIMITS: Final[dict[str, Callable[[Array, Array], tuple[Array, Array]]]] = {
    "log-log": _log_log,
    "logit": _logit,
    "greenwood": _plain,
}
