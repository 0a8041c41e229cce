"""Traits: measured on a declared scale."""

from __future__ import annotations

import math

import pytest

from custvalue.errors import DataError
from custvalue.records.relationship import Relationship
from custvalue.records.trait import TRAITS, Trait


def test_its_place_on_the_scale() -> None:
    assert Trait("satisfaction", 1, low=1, high=5).normalized == 0
    assert Trait("satisfaction", 5, low=1, high=5).normalized == 1
    assert Trait("net promoter", -100, low=-100, high=100).normalized == 0
    assert "share of wallet" in TRAITS


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        (
            {"name": "trust", "value": 6, "low": 1, "high": 5},
            r"low <= value <= high must hold; broken in trait 'trust'",
        ),
        ({"name": "trust", "value": 3, "low": 5, "high": 5}, "low < high must hold"),
        ({"name": "trust", "value": math.nan, "low": 1, "high": 5}, "one finite number"),
        ({"name": "trust", "value": 3, "low": -math.inf, "high": 5}, "low, a scale's lowest value must be one finite"),
        ({"name": " ", "value": 3, "low": 1, "high": 5}, "a trait's name must be a name that is not empty"),
    ],
)
def test_what_is_refused(fields: dict[str, object], rule: str) -> None:
    with pytest.raises(DataError, match=rule):
        Trait(**fields)  # type: ignore[arg-type]


def test_a_relationship_has_each_trait_once() -> None:
    trust = Trait("trust", 3, low=1, high=5)
    relationship = Relationship("r", 0, traits=[trust, Trait("commitment", 0.5, low=0, high=1)])
    assert relationship.trait("trust") == trust
    assert relationship.trait("satisfaction") is None
    with pytest.raises(DataError, match="has each trait once; got trust, trust"):
        Relationship("r", 0, traits=[trust, Trait("trust", 4, low=1, high=5)])
