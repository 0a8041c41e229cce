"""Classic RFM scores and segments."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.errors import ParameterError
from custvalue.evidence.rfm import RFM
from custvalue.relationships.rfm_scores import SEGMENTS, RFMScores, quantile_groups, rfm_scores


@given(st.lists(st.integers(0, 9), min_size=1, max_size=60), st.integers(2, 6))
def test_groups_rise_with_the_values_and_keep_equals_together(values: list[int], groups: int) -> None:
    got = quantile_groups(values, groups)
    assert ((got >= 1) & (got <= groups)).all()
    order = np.argsort(values, kind="stable")
    assert (np.diff(got[order]) >= 0).all()
    for value in set(values):
        assert len(set(got[np.array(values) == value].tolist())) == 1


def test_distinct_values_make_groups_of_one_size() -> None:
    got = quantile_groups(np.random.default_rng(1).permutation(100), 5)
    assert np.bincount(got)[1:].tolist() == [20] * 5


def customers() -> RFM:
    return RFM(x=[9, 8, 0, 7, 0], t_x=[50, 49, 0, 10, 0], T=[51, 52, 1, 52, 52], m=[90, 20, 0, 50, 0], unit="week")


def test_scores_and_segments() -> None:
    scores = rfm_scores(customers())
    assert scores.recency.tolist() == [4, 3, 4, 2, 1]
    assert scores.frequency.tolist() == [5, 4, 1, 3, 1]
    assert scores.cell.tolist()[0] == "4-5-5"
    assert scores.segments.tolist() == ["champions", "loyal", "new", "at risk", "hibernating"]
    assert set(scores.segments.tolist()) <= set(SEGMENTS)
    assert list(scores.table()) == ["recency", "frequency", "monetary", "cell", "segments"]
    assert RFMScores.from_json(scores.to_json()) == scores


def test_cuts_instead_of_quantiles() -> None:
    cuts = {"recency": [5, 45], "frequency": [2, 9], "monetary": [30, 60]}
    scores = rfm_scores(customers(), groups=3, cuts=cuts)
    assert scores.recency.tolist() == [3, 3, 3, 2, 1]
    assert scores.frequency.tolist() == [3, 3, 1, 2, 1]
    assert scores.monetary.tolist() == [3, 1, 1, 2, 1]


def test_a_weight_is_a_number_of_customers() -> None:
    few, counts = customers(), np.array([3, 1, 4, 1, 5])
    many = RFM(*(np.repeat(column, counts) for column in (few.x, few.t_x, few.T, few.m)), unit="week")
    weighted = RFM(few.x, few.t_x, few.T, few.m, unit="week", weights=counts)
    np.testing.assert_array_equal(np.repeat(rfm_scores(weighted).cell, counts), rfm_scores(many).cell)


def test_without_spend_all_are_alike_in_money() -> None:
    assert set(rfm_scores(RFM([1, 2], [1, 2], [3, 3], unit="week")).monetary.tolist()) == {3}


def test_what_is_refused() -> None:
    with pytest.raises(ParameterError, match="groups must be a whole number >= 2"):
        rfm_scores(customers(), groups=1)
    with pytest.raises(ParameterError, match="cuts of recency must be 2 rising numbers for 3 groups; got"):
        rfm_scores(customers(), groups=3, cuts={"recency": [9, 5]})
    with pytest.raises(ParameterError, match="cuts of recency must be 1 rising numbers for 2 groups"):
        rfm_scores(customers(), groups=2, cuts={"recency": [float("nan")]})
    with pytest.raises(ParameterError, match="groups must be a whole number >= 2"):
        rfm_scores(customers(), groups=float("nan"))  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="cuts must be of recency, frequency or monetary; got age"):
        rfm_scores(customers(), groups=3, cuts={"age": [9, 5]})
