"""Errors on a holdout, by hand."""

import numpy as np
import pytest

from custvalue.errors import DataError
from custvalue.evaluation.holdout import errors, evaluate
from custvalue.evidence.rfm import RFM


def test_errors_by_hand() -> None:
    found = errors([1.0, 2.0, 0.0], [1, 4, 1])
    assert (found.predicted, found.actual) == (3.0, 6.0)
    assert found.mean_absolute == pytest.approx(1.0)
    assert found.root_mean_squared == pytest.approx(np.sqrt(5 / 3))
    assert found.total_error == pytest.approx(-0.5)
    assert np.isnan(errors([1.0], [0.0]).total_error)


def test_naive_forecasts_by_hand() -> None:
    rfm = RFM([2, 0, 0], [5.0, 0, 0], [10.0, 5.0, 0.0], unit="week")
    found = evaluate([1.0, 0.5, 0.5], [2, 0, 0], rfm, 5.0)
    assert found.naive["own rate"].predicted == pytest.approx(1.0)
    assert found.naive["average rate"].predicted == pytest.approx(3 * 5 * 2 / 15)
    assert found.naive["none"].predicted == 0
    assert (found.customers, found.duration, found.unit) == (3, 5.0, "week")


@pytest.mark.parametrize(("predicted", "actual"), [([1.0], [1, 2]), ([], [])])
def test_shapes_must_agree(predicted: list[float], actual: list[float]) -> None:
    with pytest.raises(DataError, match="one value per customer"):
        errors(predicted, actual)
