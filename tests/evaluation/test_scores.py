"""Errors on a holdout, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from attrs import astuple

from custvalue.errors import DataError
from custvalue.evaluation.scores import Holdout, errors, evaluate
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


def test_a_weight_is_a_number_of_customers() -> None:
    x, age, predicted, actual, weights = (
        np.array(row) for row in ([2, 0, 1], [10.0, 5.0, 0.5], [1.0, 0.5, 0.2], [2, 0, 1], [3, 1, 2])
    )
    weighted = RFM(x, age * (x > 0) / 2, age, weights=weights, unit="week")
    expanded = RFM(*(np.repeat(row, weights) for row in (x, weighted.t_x, age)), unit="week")
    once = evaluate(predicted, actual, weighted, 5.0)
    often = evaluate(np.repeat(predicted, weights), np.repeat(actual, weights), expanded, 5.0)
    assert once.customers == often.customers == 6
    for one, other in zip([once.model, *once.naive.values()], [often.model, *often.naive.values()], strict=True):
        assert astuple(one) == pytest.approx(astuple(other), rel=1e-14)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0], r"got shapes \(2,\), \(2,\) and \(1,\)"),
        ([1, -1], "weights must be finite and >= 0"),
        ([0, 0], "all be 0"),
    ],
)
def test_weights_are_checked(weights: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        errors([1.0, 2.0], [1.0, 2.0], weights=weights)


@pytest.mark.parametrize(("predicted", "actual"), [([1.0], [1, 2]), ([], [])])
def test_shapes_must_agree(predicted: list[float], actual: list[float]) -> None:
    with pytest.raises(DataError, match="one value per customer"):
        errors(predicted, actual)


def test_table_and_json() -> None:
    rfm = RFM([2, 0, 0], [5.0, 0, 0], [10.0, 5.0, 0.0], unit="week")
    found = evaluate([1.0, 0.5, 0.5], [2, 0, 0], rfm, 5.0)
    table = found.table()
    assert table["forecast"].tolist() == ["model", "own rate", "average rate", "none"]
    assert table["root_mean_squared"][0] == found.model.root_mean_squared
    assert table["predicted"].tolist() == [2.0, *(one.predicted for one in found.naive.values())]
    assert Holdout.from_json(found.to_json()) == found
