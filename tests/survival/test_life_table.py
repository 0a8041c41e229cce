"""Hazard by period: shares of those at the start, and what Kaplan-Meier says over the same period."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from survival_strategies import TREATED, repeated, tenures

from custvalue.errors import DataError, ParameterError
from custvalue.evidence.tenures import Tenures
from custvalue.survival.kaplan_meier import kaplan_meier
from custvalue.survival.life_table import life_table

HIGH_END = np.array([100, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1])
"""Percent of the "high end" customers still there after 0 to 7 renewals (Fader & Hardie 2007, Table 1)."""


def test_high_end_customers() -> None:
    """(S(t-1) - S(t))/S(t-1) of the printed survival."""
    weights = [*-np.diff(HIGH_END), HIGH_END[-1]]
    rows = Tenures([*range(1, 8), 7], [1] * 7 + [0], weights=weights, by_period=True, unit="year")
    known = [
        0.13099999999999995,
        0.14499424626006913,
        0.12113055181695828,
        0.09188361408882083,
        0.07082630691399656,
        0.06170598911070778,
        0.0502901353965184,
    ]
    found = life_table(rows)
    np.testing.assert_allclose(found.hazard, known, rtol=1e-12)
    np.testing.assert_allclose(found.survival, HIGH_END[1:] / 100, rtol=1e-12)


@given(rows=tenures(whole=True))
def test_is_the_share_of_those_at_risk(rows: Tenures) -> None:
    found = life_table(rows)
    for t, risk, left, hazard in zip(found.period, found.at_risk, found.ended, found.hazard, strict=True):
        here = (rows.duration >= t) & (rows.entry < t)
        assert risk == rows.weights[here].sum()
        assert left == rows.weights[here & rows.ended & (rows.duration == t)].sum()
        assert hazard == pytest.approx(left / risk if risk else 0.0, rel=1e-12)


@given(rows=tenures(), length=st.sampled_from([0.7, 3.0, 10.0]))
def test_is_the_fall_of_kaplan_meier_over_the_period(rows: Tenures, length: float) -> None:
    found, curve = life_table(rows, length=length), kaplan_meier(rows)
    for k, hazard in zip(found.period, found.hazard, strict=True):
        inside = (curve.time > (k - 1) * length * (1 + 1e-11)) & (curve.time <= k * length * (1 + 1e-11))
        stay = np.prod(1 - curve.ended[inside] / curve.at_risk[inside])
        assert hazard == pytest.approx(1 - stay, rel=1e-9, abs=1e-12)


@given(rows=tenures(), level=st.floats(0.01, 0.999))
def test_limits_are_probabilities_around_the_estimate(rows: Tenures, level: float) -> None:
    found = life_table(rows, length=2.0, level=level)
    assert np.all((found.lower >= 0) & (found.upper <= 1))
    assert np.all((found.lower <= found.hazard + 1e-12) & (found.hazard <= found.upper + 1e-12))
    assert np.isfinite(found.standard_error).all()
    np.testing.assert_allclose(found.retention, 1 - found.hazard, rtol=1e-15)


@given(rows=tenures())
def test_a_weight_is_a_number_of_rows(rows: Tenures) -> None:
    weighted, one_by_one = life_table(rows), life_table(repeated(rows))
    for column in ("at_risk", "ended", "hazard", "standard_error", "lower", "upper"):
        np.testing.assert_allclose(getattr(weighted, column), getattr(one_by_one, column), rtol=1e-9, atol=1e-12)


def test_limits_are_wilson_s() -> None:
    """Wilson (1927): 2 of 10 lie between 0.0567 and 0.5098 at 95 % (Newcombe 1998 has the formula)."""
    found = life_table(Tenures([1, 1, *[2] * 8], [1, 1, *[0] * 8], by_period=True, unit="year"))
    assert found.lower[0] == pytest.approx(0.05668, abs=1e-5)
    assert found.upper[0] == pytest.approx(0.50984, abs=1e-5)
    assert found.standard_error[0] == pytest.approx(np.sqrt(0.2 * 0.8 / 10), rel=1e-13)
    assert found.hazard[1] == found.lower[1] == 0
    assert found.upper[1] == pytest.approx(1.96**2 / (8 + 1.96**2), abs=1e-5)


def test_everybody_leaves() -> None:
    found = life_table(Tenures([1, 2, 2], [1, 1, 1], by_period=True, unit="year"))
    assert found.hazard[-1] == found.upper[-1] == 1
    assert 0 < found.lower[-1] < 1


def test_who_left_at_the_start_did_so_in_the_first_period() -> None:
    found = life_table(Tenures([0, 0.5, 1.5, 2], [1, 1, 0, 1], unit="year"))
    assert found.at_risk.tolist() == [4, 2]
    np.testing.assert_allclose(found.hazard, [0.5, 1], rtol=1e-15)


def test_lengths_that_are_no_binary_fractions_keep_whole_periods() -> None:
    found = life_table(Tenures(np.arange(1, 12) / 10, np.ones(11), unit="year"), length=0.1)
    assert found.ended.tolist() == [1] * 11
    assert found.at_risk.tolist() == list(range(11, 0, -1))


def test_a_gap_in_observation_is_unknown() -> None:
    found = life_table(Tenures([1, 5, 6], [1, 1, 0], entry=[0, 3, 3], by_period=True, unit="year"))
    assert found.at_risk.tolist() == [1, 0, 0, 2, 2, 1]
    assert (found.lower[1], found.hazard[1], found.upper[1]) == (0, 0, 1)


def test_refusals_and_repr() -> None:
    with pytest.raises(DataError, match="tenures must include customers who left"):
        life_table(Tenures([1, 2], [0, 0], unit="year"))
    with pytest.raises(ParameterError, match="length must be > 0; got 0"):
        life_table(TREATED, length=0)
    with pytest.raises(ParameterError, match=r"length = 1e-09 divides the tenures into 3\.5e\+10 periods"):
        life_table(TREATED, length=1e-9)
    with pytest.raises(ParameterError, match="level must lie"):
        life_table(TREATED, level=0)
    assert "Hazard of 5 periods of 7 weeks" in repr(life_table(TREATED, length=7))
    assert "..." in repr(life_table(TREATED))
    assert len(life_table(TREATED, length=7)) == 5
