"""Life table: hazard and retention by period, without a model: of those at the start of a period, who leaves in it."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
from attrs import field, frozen

from custvalue import _arguments
from custvalue._columns import same
from custvalue._results import Rows, as_column, listing
from custvalue._typing import Array
from custvalue.errors import ParameterError
from custvalue.evidence.tenures import Tenures
from custvalue.inference.estimate import normal_width
from custvalue.survival._risk_sets import check_tenures, counted, longest
from custvalue.units import Unit

_MOST: Final = 1e7
"""Most periods: ten arrays of them take 0.8 GB, and a longer table is a mistaken `length`."""
_ROUNDING: Final = 1e-12
"""A number of periods this close to a whole one, relatively, is whole: 0.7 / 0.1 is 6.999999999999999."""


@frozen(repr=False)
class LifeTable(Rows):
    """The share of customers who leave in each period of their tenure, of those there at its start.

    Made by `life_table`. Arrays have one value for each period.

    Attributes
    ----------
    period : array
        The period's number, 1, 2, ...
    at_risk : array
        Customers under observation when the period begins; for durations by period, those due for the renewal.
    ended : array
        Customers who left in the period.
    hazard, retention : array
        P(leaves in the period | there at its start), and 1 less that: S(t)/S(t - 1).
    standard_error : array
        Of either.
    lower, upper : array
        Confidence limits of the hazard, within [0, 1]; those of the retention are 1 - upper and 1 - lower.
    length : float
        Of a period, in the unit of time.
    level : float
        Of the confidence limits.
    unit : str
        The unit of time.
    """

    _columns: ClassVar = (
        *("period", "at_risk", "ended", "hazard", "standard_error", "lower", "upper"),
        *("retention", "survival"),
    )

    period: Array = field(converter=as_column, eq=same)
    at_risk: Array = field(converter=as_column, eq=same)
    ended: Array = field(converter=as_column, eq=same)
    hazard: Array = field(converter=as_column, eq=same)
    standard_error: Array = field(converter=as_column, eq=same)
    lower: Array = field(converter=as_column, eq=same)
    upper: Array = field(converter=as_column, eq=same)
    length: float = field(default=1.0)
    level: float = field(default=0.95)
    unit: Unit = field(default="year")

    @property
    def retention(self) -> Array:
        """1 - hazard: the retention rate of each period, S(t)/S(t - 1)."""
        return 1.0 - self.hazard

    @property
    def survival(self) -> Array:
        """The share still there at the end of each period: the product of the retention rates."""
        return np.asarray(np.cumprod(self.retention), dtype=np.float64)

    def __repr__(self) -> str:
        length = f"{self.unit}s" if self.length == 1 else f"periods of {self.length:g} {self.unit}s"
        columns = {
            "period": (8, "g", self.period),
            "at risk": (12, ",.10g", self.at_risk),
            "ended": (10, ",.10g", self.ended),
            "hazard": (10, ".4f", self.hazard),
            "interval": (20, ".4f", self.lower, self.upper),
            "retention": (11, ".4f", self.retention),
        }
        return listing(f"Hazard of {len(self)} {length}", columns)


def life_table(tenures: Tenures, *, length: float = 1.0, level: float = 0.95) -> LifeTable:
    """Share of customers who leave in each period (k - 1, k] · length of their tenure, of those there at its start.

    For durations in whole periods it is ended/at risk. For others it is 1 - S(end)/S(start) of the Kaplan-Meier
    estimate S, which uses those who are censored, or enter, within the period for as long as they are observed.
    The last period is the last that somebody was observed to the end of, or left in. A period at whose start nobody
    is at risk, and in which nobody leaves, has hazard 0 with an interval from 0 to 1.

    Parameters
    ----------
    tenures : Tenures
        Durations; weights count customers. Those who leave at time 0 do so in period 1.
    length : float
        Of a period, in the data's unit.
    level : float
        Of the confidence limits.

    Raises
    ------
    DataError
        There is no customer, nobody left, or one who left has entry = duration.
    ParameterError
        `length` is not positive, or `level` not between 0 and 1.

    Notes
    -----
    The limits are Wilson's (1927) for the effective number of customers, which gives Greenwood's variance (Rothman
    1978): the number at risk, where durations are whole periods. They stay within [0, 1] and have a width where nobody
    or everybody left.

    Examples
    --------
    >>> life_table(Tenures([1, 1, 2, 3, 3, 3], [1, 1, 1, 1, 0, 0], unit="month", by_period=True))
    Hazard of 3 months
      period     at risk     ended    hazard            interval  retention
           1           6         2    0.3333    0.0968 to 0.7000     0.6667
           2           4         1    0.2500    0.0456 to 0.6994     0.7500
           3           3         1    0.3333    0.0615 to 0.7923     0.6667
    """
    check_tenures(tenures, some_left=True)
    length = _arguments.only("length", _arguments.positive("length", length))
    width = normal_width(level)
    time, at_risk, ended = counted(tenures)
    periods, where = _periods(time, tenures, length)
    gone = ended >= at_risk
    hazard = 0.0 - np.expm1(_sums(where, np.log1p(-np.where(gone, 0.0, ended / at_risk)), periods))
    everyone = _sums(where, gone.astype(np.float64), periods) > 0
    hazard[everyone] = 1.0
    spread = _sums(where, ended / np.where(gone, np.inf, at_risk * (at_risk - ended)), periods)
    start = _at_start(tenures, periods, length)
    known = (hazard > 0) & ~everyone
    # Greenwood's variance (1 - h)² spread set equal to the binomial h (1 - h)/n gives the effective n (Rothman 1978).
    effective = np.where(known, hazard / np.where(known, (1 - hazard) * spread, 1.0), start)
    lower, upper = _wilson(hazard, effective, width)
    error = np.where(known, (1 - hazard) * np.sqrt(spread), 0.0)
    left = _sums(where, ended, periods)
    return LifeTable(np.arange(1.0, periods + 1), start, left, hazard, error, lower, upper, length, level, tenures.unit)


def _periods(time: Array, tenures: Tenures, length: float) -> tuple[int, Array]:
    """The number of periods observed to their end, or in which somebody left; the period (from 0) of each time."""
    where = np.maximum(_ceil(time / length), 1.0)
    seen = np.floor(longest(tenures) / length * (1 + _ROUNDING))
    periods = max(seen, where[-1])
    if periods > _MOST:
        raise ParameterError(f"length = {length:g} divides the tenures into {periods:g} periods; take a longer one")
    return int(periods), where - 1


def _ceil(count: Array) -> Array:
    """The count rounded up, but not where only rounding has raised it above a whole number."""
    return np.ceil(count * (1 - _ROUNDING))


def _sums(where: Array, values: Array, periods: int) -> Array:
    return np.asarray(np.bincount(where.astype(np.intp), values, minlength=periods), dtype=np.float64)


def _at_start(tenures: Tenures, periods: int, length: float) -> Array:
    """Customers at risk just after each period begins: entered by then, and staying longer."""
    last = np.minimum(_ceil(tenures.duration / length), periods).astype(np.intp)
    last[(tenures.duration == 0) & tenures.ended] = 1
    first = np.minimum(_ceil(tenures.entry / length), periods).astype(np.intp)
    gone = np.bincount(last, tenures.weights, minlength=periods + 1)
    come = np.bincount(first, tenures.weights, minlength=periods + 1)
    return np.asarray(np.maximum((come.cumsum() - gone.cumsum())[:periods], 0.0), dtype=np.float64)


def _wilson(share: Array, size: Array, width: float) -> tuple[Array, Array]:
    """Wilson's limits of a share of `size` customers; 0 and 1 of none."""
    total = size + width**2
    middle = (size * share + width**2 / 2) / total
    half = width * np.sqrt(size * share * (1 - share) + width**2 / 4) / total
    lower = np.where((share == 0) | (size <= 0), 0.0, np.maximum(middle - half, 0.0))
    return lower, np.where((share == 1) | (size <= 0), 1.0, np.minimum(middle + half, 1.0))
