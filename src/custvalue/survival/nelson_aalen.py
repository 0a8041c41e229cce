"""Nelson-Aalen: the cumulative hazard of leaving, without a model."""

from __future__ import annotations

from typing import Final

import numpy as np
from attrs import field, frozen

from custvalue._columns import same
from custvalue._results import Rows, as_column
from custvalue._typing import Array, ArrayLike
from custvalue.evidence.tenures import Tenures
from custvalue.inference.estimate import normal_width
from custvalue.survival._risk_sets import check_tenures, counted, longest, observed_time, step
from custvalue.units import Unit

_LARGEST: Final = 690.0
"""e^690 = 1e299: limits of H, which is at least 1/n, stay floats."""


@frozen(repr=False)
class CumulativeHazard(Rows):
    """The Nelson-Aalen estimate of the cumulative hazard: a step up at each time at which customers left.

    Made by `nelson_aalen`. Arrays have one value for each of those times.

    Attributes
    ----------
    time, at_risk, ended : array
        The distinct durations at which customers left, how many were at risk then, and how many left.
    cumulative_hazard : array
        H(time).
    standard_error : array
        Aalen's: the root of Σ ended/at_risk².
    lower, upper : array
        Pointwise confidence limits, positive: normal ones of log H.
    observed_until : float
        The longest duration.
    level : float
        Of the confidence limits.
    unit : str
        The unit of time.
    """

    time: Array = field(converter=as_column, eq=same)
    at_risk: Array = field(converter=as_column, eq=same)
    ended: Array = field(converter=as_column, eq=same)
    cumulative_hazard: Array = field(converter=as_column, eq=same)
    standard_error: Array = field(converter=as_column, eq=same)
    lower: Array = field(converter=as_column, eq=same)
    upper: Array = field(converter=as_column, eq=same)
    observed_until: float = field()
    level: float = field(default=0.95)
    unit: Unit = field(default="year")

    def at(self, t: ArrayLike) -> Array:
        """H(t), the steps up to t and at t itself; ParameterError beyond the longest duration observed."""
        return step(self.time, self.cumulative_hazard, 0.0, observed_time("t", t, self.observed_until))

    @property
    def survival(self) -> Array:
        """exp(-H) at each time (Breslow; Fleming & Harrington 1984): above Kaplan-Meier, and never 0."""
        return np.exp(-self.cumulative_hazard)

    def __repr__(self) -> str:
        last = f"{self.cumulative_hazard[-1]:.4g} at {self.time[-1]:g}" if len(self) else "0"
        return (
            f"Nelson-Aalen cumulative hazard in {self.unit}s: {self.ended.sum():,.10g} ended at {len(self):,} times, "
            f"{last}, observed up to {self.observed_until:g}"
        )


def nelson_aalen(tenures: Tenures, *, level: float = 0.95) -> CumulativeHazard:
    """Estimate the cumulative hazard from tenures: H(t) = Σ ended/at risk over the times up to t.

    At risk, ties and late entry as in `kaplan_meier`. A straight line means that customers leave at a constant rate;
    one that flattens, that those who have stayed long leave more rarely.

    Parameters
    ----------
    tenures : Tenures
        Durations; weights count customers.
    level : float
        Of the pointwise confidence limits.

    Raises
    ------
    DataError
        There is no customer, or one who left has entry = duration.
    ParameterError
        `level` is not between 0 and 1.

    Notes
    -----
    Nelson (1972), Aalen (1978). Ties are not broken: a step is ended/at risk.

    Examples
    --------
    >>> hazard = nelson_aalen(Tenures([1, 2, 2, 3, 4], [1, 1, 0, 1, 0], unit="month"))
    >>> hazard.cumulative_hazard
    array([0.2 , 0.45, 0.95])
    """
    check_tenures(tenures)
    width = normal_width(level)
    time, at_risk, ended = counted(tenures)
    hazard = (ended / at_risk).cumsum()
    error = np.sqrt((ended / at_risk**2).cumsum())
    factor = np.exp(np.minimum(width * error / hazard, _LARGEST))  # the standard error of log H is that of H over H
    return CumulativeHazard(
        time=time,
        at_risk=at_risk,
        ended=ended,
        cumulative_hazard=hazard,
        standard_error=error,
        lower=hazard / factor,
        upper=hazard * factor,
        observed_until=longest(tenures),
        level=level,
        unit=tenures.unit,
    )
