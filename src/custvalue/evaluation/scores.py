"""How good forecasts were: errors on a holdout period, beside those of naive forecasts from the same history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import asdict, field, frozen

from custvalue._columns import check_rows, names_of, numbers
from custvalue._results import Stored
from custvalue._typing import Array, ArrayLike, NDArray
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


def _as_errors(value: Errors | Mapping[str, float]) -> Errors:
    return value if isinstance(value, Errors) else Errors(**value)


def _as_naive(values: Mapping[str, Errors | Mapping[str, float]]) -> dict[str, Errors]:
    return {name: _as_errors(each) for name, each in values.items()}


@frozen
class Holdout(Stored):
    """A model's errors on a holdout period, beside those of naive forecasts.

    Attributes
    ----------
    customers : float
        How many customers were forecast, those of the calibration period: the sum of the rows' weights.
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

    customers: float
    duration: float
    unit: str
    model: Errors = field(converter=_as_errors)
    naive: dict[str, Errors] = field(factory=dict, converter=_as_naive)

    @property
    def beaten_by(self) -> str:
        """The naive forecast with the smallest root mean squared error, where it is smaller than the model's; or ''."""
        if not self.naive:
            return ""
        best = min(self.naive, key=lambda name: self.naive[name].root_mean_squared)
        return best if self.naive[best].root_mean_squared < self.model.root_mean_squared else ""

    def table(self) -> dict[str, NDArray[Any]]:
        """The forecasts as columns, the model's first: forecast, and the totals and errors of `Errors`."""
        rows = [asdict(each) for each in (self.model, *self.naive.values())]
        columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        return {"forecast": names_of(["model", *self.naive]), **columns}


def errors(predicted: ArrayLike, actual: ArrayLike, *, weights: ArrayLike | None = None) -> Errors:
    """Errors of a forecast, one value per customer.

    Parameters
    ----------
    predicted, actual : array_like, shape (n,)
        What was forecast for each row, and what happened.
    weights : array_like, shape (n,), optional
        How many customers each row stands for; ones by default.

    Raises
    ------
    DataError
        The columns have different shapes, or are empty, or weights are negative or all 0.

    Examples
    --------
    >>> errors([1.0, 2.0], [1, 4]).mean_absolute
    1.0
    """
    forecast, truth = numbers("predicted", predicted), numbers("actual", actual)
    count = np.ones(truth.shape) if weights is None else numbers("weights", weights)
    if forecast.shape != truth.shape or count.shape != truth.shape or not truth.size:
        raise DataError(
            "predicted and actual must have one value per customer, or per row of the weights; "
            f"got shapes {forecast.shape}, {truth.shape} and {count.shape}"
        )
    remedy = "They are numbers of customers."
    check_rows(np.isfinite(count) & (count >= 0), "weights must be finite and >= 0", remedy, weights=count)
    n = float(count.sum())
    if not n:
        raise DataError("weights must not all be 0; give the customers that count a positive weight")
    miss = forecast - truth
    return Errors(
        predicted=float((count * forecast).sum()),
        actual=float((count * truth).sum()),
        mean_absolute=float((count * np.abs(miss)).sum() / n),
        root_mean_squared=float(np.sqrt((count * miss * miss).sum() / n)),
    )


def evaluate(predicted: ArrayLike, actual: ArrayLike, calibration: RFM, duration: float) -> Holdout:
    """Errors of predicted purchases in a holdout period, and of the naive forecasts from the same history.

    Parameters
    ----------
    predicted, actual : array_like, shape (n,)
        Purchases in the holdout period, per row of `calibration`.
    calibration : RFM
        The histories from which the prediction was made; its weights count customers.
    duration : float
        Length of the holdout period, in the unit of `calibration`.

    Raises
    ------
    DataError
        `predicted` or `actual` do not have one value per row of `calibration`.
    """
    x, T, weights = calibration.x, calibration.T, calibration.weights
    own = np.divide(x, T, out=np.zeros_like(x), where=T > 0)
    observed = float((weights * T).sum())
    common = float((weights * x).sum()) / observed if observed else 0.0
    naive: dict[str, Array] = {
        "own rate": own * duration,
        "average rate": np.full_like(own, common * duration),
        "none": np.zeros_like(own),
    }
    return Holdout(
        customers=calibration.customers,
        duration=duration,
        unit=calibration.unit,
        model=errors(predicted, actual, weights=weights),
        naive={name: errors(forecast, actual, weights=weights) for name, forecast in naive.items()},
    )
