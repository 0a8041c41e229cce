"""How strong relationships are, and event-history activity."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.errors import DataError, ParameterError
from custvalue.records.cash_flow import CashFlow
from custvalue.records.relationship import Relationship
from custvalue.records.trait import Trait
from custvalue.relationships.strength import Strength, event_history_activity, relationship_strength

ALL = {"duration": 1, "recency": 2, "volume": 3, "trust": 4}


def relationship(
    start: float, flows: list[tuple[float, float]], trust: float | None, party: str = "customer"
) -> Relationship:
    traits = [] if trust is None else [Trait("trust", trust, low=0, high=10)]
    return Relationship(start, start, cash_flows=[CashFlow(a, t) for a, t in flows], traits=traits, party=party)


BOOK = [
    relationship(-4.0, [(100, -3.0), (-300, -1.0), (50, 1.0)], 8),
    relationship(-2.0, [(50, -2.0)], None),
    relationship(-0.5, [], 5),
]


def test_the_components_are_as_documented() -> None:
    strength = relationship_strength(BOOK, ALL, duration_half=2.0, recency_half=0.5, volume_half=100.0)
    parts = strength.components
    np.testing.assert_allclose(parts["duration"], 1 - 0.5 ** np.array([2.0, 1.0, 0.25]), rtol=1e-14)
    np.testing.assert_allclose(parts["recency"], [0.25, 0.5**4, 0.0], rtol=1e-14)
    np.testing.assert_allclose(parts["volume"], [100 / 200, 25 / 125, 0.0], rtol=1e-14)
    np.testing.assert_array_equal(parts["trust"], [0.8, np.nan, 0.5])
    assert strength.weights == {"duration": 0.1, "recency": 0.2, "volume": 0.3, "trust": 0.4}
    first = 0.1 * 0.75 + 0.2 * 0.25 + 0.3 * 0.5 + 0.4 * 0.8
    second = (0.1 * 0.5 + 0.2 * 0.5**4 + 0.3 * 0.2) / 0.6
    np.testing.assert_allclose(strength.score[:2], [first, second], rtol=1e-14)
    assert list(strength.table()) == ["score", *ALL]
    np.testing.assert_array_equal(Strength.from_json(strength.to_json()).table()["trust"], parts["trust"])


def test_what_was_not_measured_counts_as_told() -> None:
    zero = relationship_strength(BOOK, ALL, missing="zero")
    skip = relationship_strength(BOOK, ALL)
    np.testing.assert_allclose(zero.score, skip.score * [1, 0.6, 1], rtol=1e-14)
    with pytest.raises(DataError, match="trust must be measured of every relationship; broken in 1 of 3 rows"):
        relationship_strength(BOOK, ALL, missing="raise")
    with pytest.raises(DataError, match="must have something that the weights count; broken in 1 of 3"):
        relationship_strength(BOOK, {"trust": 1})


def test_volume_is_measured_within_the_kind_of_party() -> None:
    book = [relationship(-1.0, [(v, -0.5)], 5, p) for v, p in ((10, "customer"), (30, "customer"), (1e6, "supplier"))]
    np.testing.assert_allclose(relationship_strength(book, {"volume": 1}).score, [10 / 30, 30 / 50, 0.5], rtol=1e-14)
    halves = {"customer": 10.0, "supplier": 3e6}
    given_halves = relationship_strength(book, {"volume": 1}, volume_half=halves).score
    np.testing.assert_allclose(given_halves, [0.5, 0.75, 0.25], rtol=1e-14)
    with pytest.raises(ParameterError, match="missing: supplier"):
        relationship_strength(book, {"volume": 1}, volume_half={"customer": 10.0})


@given(
    st.lists(
        st.tuples(
            st.floats(0, 50),
            st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(-50, 50)), max_size=3),
            st.none() | st.floats(0, 10),
        ),
        min_size=1,
        max_size=5,
    ),
    st.floats(0.01, 100),
)
def test_it_lies_between_0_and_1_in_any_currency(rows: list, factor: float) -> None:
    book = [relationship(-age, flows, trust) for age, flows, trust in rows]
    dear = [relationship(-age, [(a * factor, t) for a, t in flows], trust) for age, flows, trust in rows]
    weights = {"duration": 1.0, "recency": 1.0, "volume": 1.0}
    score = relationship_strength(book, weights).score
    assert ((score >= 0) & (score <= 1)).all()
    np.testing.assert_allclose(relationship_strength(dear, weights).score, score, rtol=1e-9, atol=1e-300)
    older = [relationship(-age - 1, [(a, t - 1e-9) for a, t in flows], trust) for age, flows, trust in rows]
    assert (
        relationship_strength(older, {"duration": 1}).score >= relationship_strength(book, {"duration": 1}).score
    ).all()


def test_activity_by_event_history() -> None:
    """Reinartz & Kumar (2002), HBR 80(7) (from memory): 0.198 and 0.444."""
    activity = event_history_activity([4, 2], 8, 12)
    assert activity.round(3).tolist() == [0.198, 0.444]
    assert event_history_activity(1, 12, 12) == 1
    with pytest.raises(DataError, match="0 <= last <= observed"):
        event_history_activity(2, 13, 12)


@pytest.mark.parametrize(
    ("weights", "options", "error", "rule"),
    [
        ({"duration": -1}, {}, ParameterError, "weights must be >= 0"),
        ({}, {}, ParameterError, "weights must be >= 0"),
        ({"commitment": 1}, {}, DataError, r"measured on 'commitment'; .*: duration, recency, volume, trust"),
        ({"duration": 1}, {"duration_half": 0}, ParameterError, "duration_half must be > 0"),
        ({"volume": 1}, {"volume_half": -1.0}, ParameterError, "volume_half must be > 0"),
        ({"trust": 1}, {"missing": "mean"}, ParameterError, "missing must be 'skip', 'zero' or 'raise'"),
    ],
)  # fmt: skip
def test_what_is_refused(weights: dict, options: dict, error: type[Exception], rule: str) -> None:
    with pytest.raises(error, match=rule):
        relationship_strength(BOOK, weights, **options)


def test_a_relationship_of_which_nothing_counts_is_refused() -> None:
    rows = [Relationship("a", -1.0, traits=[Trait("trust", 3, low=1, high=5)]), Relationship("b", -1.0)]
    with pytest.raises(DataError, match=r"something that the weights count.*'b' \(counted=0.0\). Give duration"):
        relationship_strength(rows, {"trust": 1})
