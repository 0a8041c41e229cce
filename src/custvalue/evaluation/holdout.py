"""How good predictions were: errors on a holdout period, beside what anyone could have guessed."""

from __future__ import annotations

import numpy as np
from attrs import field, frozen

from custvalue._columns import numbers
from custvalue._typing import Array, ArrayLike
from custvalue.errors import DataError
from custvalue.evidence.rfm import RFM


@frozen
class Errors:
    """Errors of one forecast of what each customer did in a holdout period.

    Attributes
    ----------
    predicted, actual : float
        Totals over customers.
    mean_absolute, root_mean_squared : float
        Over customers, in purchases.
    """

    predicted: float
    actual: float
    mean_absolute: float
    root_mean_squared: float

    @property
    def total_error(self) -> float:
        """Predicted over actual total, less 1: -0.12 is 12 % too low; nan where nothing happened."""
        return self.predicted / self.actual - 1 if self.actual else float("nan")


@frozen
class Holdout:
    """A model's errors on a holdout period, beside those of naive forecasts.

    Attributes
    ----------
    customers : int
        How many customers were forecast: those of the calibration period.
    duration : float
        Length of the holdout period, in `unit`.
    unit : str
        The unit of time.
    model : Errors
        Of the model.
    naive : dict of str to Errors
        "own rate": each customer goes on at x/T; "average rate": all buy at the common rate Σx/ΣT; "none": no one
        buys again.
    """

    customers: int
    duration: float
    unit: str
    model: Errors
    naive: dict[str, Errors] = field(factory=dict)

    @property
    def beaten_by(self) -> str:
        """The naive forecast with the smallest root mean squared error, where it is smaller than the model's; or ''."""
        if not self.naive:
            return ""
        best = min(self.naive, key=lambda name: self.naive[name].root_mean_squared)
        return best if self.naive[best].root_mean_squared < self.model.root_mean_squared else ""


def errors(predicted: ArrayLike, actual: ArrayLike) -> Errors:
    """Errors of a forecast, one value per customer.

    Raises
    ------
    DataError
        The two have different shapes, or are empty.

    Examples
    --------
    >>> errors([1.0, 2.0], [1, 4]).mean_absolute
    1.0
    """
    forecast, truth = numbers("predicted", predicted), numbers("actual", actual)
    if forecast.shape != truth.shape or not truth.size:
        raise DataError(
            f"predicted and actual must have one value per customer; got shapes {forecast.shape} and {truth.shape}"
        )
    miss = forecast - truth
    return Errors(
        predicted=float(forecast.sum()),
        actual=float(truth.sum()),
        mean_absolute=float(np.abs(miss).mean()),
        root_mean_squared=float(np.sqrt((miss * miss).mean())),
    )


def evaluate(predicted: ArrayLike, actual: ArrayLike, calibration: RFM, duration: float) -> Holdout:
    """Errors of predicted purchases in a holdout period, and of the naive forecasts from the same history.

    Parameters
    ----------
    predicted, actual : array_like, shape (n,)
        Purchases per customer in the holdout period.
    calibration : RFM
        The histories the prediction was made from.
    duration : float
        Length of the holdout period, in the unit of `calibration`.
    """
    own = np.divide(calibration.x, calibration.T, out=np.zeros_like(calibration.x), where=calibration.T > 0)
    lived = float(calibration.T.sum())
    common = np.full_like(own, float(calibration.x.sum()) / lived if lived else 0.0)
    naive: dict[str, Array] = {
        "own rate": own * duration,
        "average rate": common * duration,
        "none": np.zeros_like(own),
    }
    return Holdout(
        customers=len(calibration),
        duration=duration,
        unit=calibration.unit,
        model=errors(predicted, actual),
        naive={name: errors(forecast, actual) for name, forecast in naive.items()},
    )
