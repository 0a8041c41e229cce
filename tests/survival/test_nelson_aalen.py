"""Nelson-Aalen: Freireich's trial, lifelines' values, and its place beside Kaplan-Meier."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from survival_strategies import TREATED, every_case, repeated, tenures, tenures_of

from custvalue.errors import DataError, ParameterError
from custvalue.evidence.tenures import Tenures
from custvalue.survival.kaplan_meier import kaplan_meier
from custvalue.survival.nelson_aalen import nelson_aalen


def test_freireich() -> None:
    """Freireich et al. (1963), 6-MP arm, by the sum with pencil and paper."""
    hazard = [
        0.14285714285714285,
        0.20168067226890757,
        0.2683473389355742,
        0.35168067226890753,
        0.4425897631779985,
        0.5854469060351413,
        0.7521135727018079,
    ]
    found = nelson_aalen(TREATED)
    np.testing.assert_allclose(found.cumulative_hazard, hazard, rtol=1e-14)
    assert found.at([5.9, 6, 35]).tolist() == [0, hazard[0], pytest.approx(hazard[-1], rel=1e-14)]


@every_case
def test_agrees_with_lifelines(case: dict[str, Any]) -> None:
    found = nelson_aalen(tenures_of(case))
    np.testing.assert_allclose(found.cumulative_hazard, case["curves"]["cumulative_hazard"], rtol=1e-13)


@given(rows=tenures())
def test_is_below_minus_the_log_of_kaplan_meier(rows: Tenures) -> None:
    """As h <= -log(1 - h): exp(-H) never falls below the product."""
    found, curve = nelson_aalen(rows), kaplan_meier(rows)
    assert np.all(found.survival >= curve.survival - 1e-15)
    alive = curve.survival > 0
    assert np.all(found.cumulative_hazard[alive] <= -np.log(curve.survival[alive]) + 1e-14)


@given(rows=tenures())
def test_a_weight_is_a_number_of_rows(rows: Tenures) -> None:
    weighted, one_by_one = nelson_aalen(rows), nelson_aalen(repeated(rows))
    for column in ("cumulative_hazard", "standard_error", "lower", "upper"):
        np.testing.assert_allclose(getattr(weighted, column), getattr(one_by_one, column), rtol=1e-12)


def test_limits_are_positive_around_the_estimate() -> None:
    found = nelson_aalen(TREATED, level=0.9)
    assert np.all((found.lower > 0) & (found.lower < found.cumulative_hazard) & (found.upper > found.cumulative_hazard))
    np.testing.assert_allclose(found.lower * found.upper, found.cumulative_hazard**2, rtol=1e-13)
    assert found.standard_error[1] == pytest.approx(np.sqrt(3 / 21**2 + 1 / 17**2), rel=1e-14)


def test_refusals_and_repr() -> None:
    with pytest.raises(DataError, match="tenures must hold customers"):
        nelson_aalen(Tenures([1], [1], weights=0, unit="year"))
    with pytest.raises(ParameterError, match="t must be at most"):
        nelson_aalen(TREATED).at(36)
    assert repr(nelson_aalen(TREATED)).endswith("9 ended at 7 times, 0.7521 at 23, observed up to 35")
    assert len(nelson_aalen(Tenures([4], [0], unit="year"))) == 0
