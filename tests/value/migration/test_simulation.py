"""Draws of the value of customers of a chain: their mean and variance, their seed and start, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from custvalue.discounting.rate import Rate
from custvalue.errors import ParameterError
from custvalue.value.migration.chain import MigrationModel
from custvalue.value.migration.simulation import simulate_migration

FIFTH = Rate.annual(0.20)
MAIL = MigrationModel.from_recency([0.3, 0.2, 0.15, 0.05], margin=40, contact_cost=4, unit="year")


@pytest.mark.parametrize(("timing", "cost_timing"), [("now", None), ("next", "middle"), ("end", "next")])
def test_simulation_agrees(timing: Any, cost_timing: Any) -> None:
    when: dict[str, Any] = {"timing": timing, "cost_timing": cost_timing, "horizon": 8}
    drawn = simulate_migration(MAIL, rate=FIFTH, start="recency 1", size=40_000, rng=5, **when)
    mean, variance = MAIL.value(rate=FIFTH, **when)[0], MAIL.variance(rate=FIFTH, **when)[0]
    assert abs(drawn.mean() - mean) < 4 * np.sqrt(variance / 40_000)
    fourth = ((drawn - mean) ** 4).mean()
    assert abs(((drawn - mean) ** 2).mean() - variance) < 4 * np.sqrt(fourth / 40_000)


def test_draws_repeat_with_their_seed_and_name_the_start() -> None:
    when: dict[str, Any] = {"timing": "now", "horizon": 3, "size": 10, "rng": 2}
    one, two = (simulate_migration(MAIL, rate=FIFTH, start=start, **when) for start in ("recency 2", 1))
    np.testing.assert_array_equal(one, two)
    with pytest.raises(ParameterError, match="start must be one of"):
        simulate_migration(MAIL, rate=FIFTH, start="new", **when)
    batch = MigrationModel([[[1.0]], [[1.0]]], 1, unit="year")
    with pytest.raises(ParameterError, match="one chain"):
        simulate_migration(batch, rate=FIFTH, start=0, **when)
