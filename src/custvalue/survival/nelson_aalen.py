"""Cumulative hazard without a model: how many times over a customer would have left by each duration."""

from __future__ import annotations

import numpy as np
from attrs import field, frozen

from custvalue._typing import Array, ArrayLike
from custvalue.evidence.tenures import Tenures
from custvalue.survival._risk_sets import check_tenures, counted, longest, normal_width
from custvalue.survival._step_functions import as_column, moment, same, step
from custvalue.units import Unit


@frozen(repr=False)
class CumulativeHazard:
    """The Nelson-Aalen estimate of the cumulative hazard: a step up at each time at which customers left.

    Made by `nelson_aalen`. Arrays have one value for each of those times.

    Attributes
    ----------
    time, at_risk, ended : array
        The distinct durations at which customers left, how many were observed then, and how many left.
    cumulative_hazard : array
        H(time).
    standard_error : array
        Aalen's: the root of Σ ended/at_risk².
    lower, upper : array
        Confidence limits at each time, positive: those of the normal distribution of log H.
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
        return step(self.time, self.cumulative_hazard, 0.0, moment("t", t, self.observed_until, known_after=False))

    @property
    def survival(self) -> Array:
        """exp(-H) at each time (Breslow; Fleming & Harrington 1984): above Kaplan-Meier, and never 0."""
        return np.exp(-self.cumulative_hazard)

    def __len__(self) -> int:
        return len(self.time)

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
        Of the confidence limits, each time by itself.

    Raises
    ------
    DataError
        There is no customer, or one who left has entry = duration.
    ParameterError
        `level` is none.

    Notes
    -----
    Nelson (1972), Aalen (1978). Ties are not spread out, so that a step is ended/at risk.

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
    factor = np.exp(np.minimum(width * error / hazard, 690.0))
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
