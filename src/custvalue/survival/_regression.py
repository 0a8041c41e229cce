"""What regressions of hazards share: named coefficients with errors, and covariates for predictions."""

from __future__ import annotations

from abc import ABC
from typing import Any

import numpy as np
from scipy.special import ndtr

from custvalue._columns import read_only
from custvalue._typing import Array, ArrayLike
from custvalue.errors import DataError
from custvalue.evidence.covariates import columns_of
from custvalue.evidence.tenures import Tenures
from custvalue.survival._risk_sets import normal_width
from custvalue.units import Unit


class Regression(ABC):
    """Coefficients by name, with standard errors from the observed information."""

    names: tuple[str, ...]
    estimates: Array
    covariance: Array
    unit: Unit

    @property
    def coefficients(self) -> dict[str, float]:
        """The coefficients by name."""
        return dict(zip(self.names, self.estimates.tolist(), strict=True))

    @property
    def standard_errors(self) -> dict[str, float]:
        """Square roots of the diagonal of the covariance, by name."""
        return dict(zip(self.names, np.sqrt(np.diag(self.covariance)).tolist(), strict=True))

    @property
    def p_values(self) -> dict[str, float]:
        """Wald tests that each coefficient is 0, two-sided, by name."""
        return {name: 2 * float(ndtr(-abs(self.coefficients[name] / e))) for name, e in self.standard_errors.items()}

    def confidence_intervals(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Limits from the normal distribution of each coefficient, by name."""
        width, errors = normal_width(level), self.standard_errors
        return {name: (b - width * errors[name], b + width * errors[name]) for name, b in self.coefficients.items()}

    def _linear(self, covariates: Any, names: tuple[str, ...], means: Array) -> Array:  # noqa: ANN401 (any table)
        """Σ coefficient · (covariate - mean) of each row, the named covariates' coefficients being the last."""
        if not names:
            return np.zeros(())
        columns = columns_of(covariates, names)
        slopes = self.estimates[len(self.estimates) - len(names) :]
        rows = (len(names),) + (1,) * (columns.ndim - 1)
        return np.asarray(((columns - means.reshape(rows)) * slopes.reshape(rows)).sum(axis=0))

    def _time(self, value: ArrayLike | Tenures) -> ArrayLike:
        """A time, or the durations of tenures in the same unit."""
        if not isinstance(value, Tenures):
            return value
        if value.unit != self.unit:
            raise DataError(f"the regression is in {self.unit}s and the data are in {value.unit}s; use one unit")
        return value.duration

    def _table(self, head: str) -> str:
        title = f"{'':<16}{'coefficient':>14}{'std. error':>12}{'95 % interval':>26}{'p':>10}"
        errors, limits, p = self.standard_errors, self.confidence_intervals(), self.p_values
        rows = [
            f"{name:<16}{b:>14.6g}{errors[name]:>12.4g}{'{:.4g} to {:.4g}'.format(*limits[name]):>26}{p[name]:>10.2g}"
            for name, b in self.coefficients.items()
        ]
        return "\n".join([head, title, *rows])


def as_names(values: Any) -> tuple[str, ...]:  # noqa: ANN401 (any iterable of text)
    """Names as a tuple: the converter of results' names."""
    return tuple(str(value) for value in values)


def standardized(columns: Array, weights: Array) -> tuple[Array, Array, Array]:
    """Columns less their weighted means and over their standard deviations; the means; the deviations."""
    share = weights / weights.sum()
    means = np.array([(share * column).sum() for column in columns])
    centered = columns - means[:, None]
    top = np.abs(centered).max(axis=1, initial=0.0)
    top = np.where(top > 0, top, 1.0)
    scaled = centered / top[:, None]
    spread = np.array([np.sqrt((share * column**2).sum()) for column in scaled])
    spread = np.where(spread > 0, spread, 1.0)
    return scaled / spread[:, None], read_only(means), top * spread
