"""What changes of drivers do to value, and how much is due to each."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.errors import DataError, ParameterError
from custvalue.value.formulas.shapley import shapley_change

rates = st.floats(0.0, 0.9)
amounts = st.floats(-100, 100)


def worth(margin: np.ndarray, retention: np.ndarray, count: np.ndarray, cost: np.ndarray) -> np.ndarray:
    return count * (margin * retention / (1.1 - retention) - cost)


@given(st.lists(st.tuples(amounts, rates, amounts, amounts), min_size=2, max_size=2))
def test_it_is_the_mean_over_all_orders(rows: list[tuple[float, ...]]) -> None:
    names = ("margin", "retention", "count", "cost")
    before, after = (dict(zip(names, (np.array([v, v + 0.05]) for v in row), strict=True)) for row in rows)
    change = shapley_change(worth, before, after)
    mean = dict.fromkeys(names, np.zeros(2))
    orders = list(permutations(names))
    for order in orders:
        now = dict(before)
        for name in order:
            then = {**now, name: after[name]}
            mean[name] = mean[name] + (worth(**then) - worth(**now)) / len(orders)
            now = then
    scale = 1e-9 * max(1.0, np.abs(change.before).max(), np.abs(change.after).max())
    for name in names:
        np.testing.assert_allclose(change.drivers[name], mean[name], atol=scale * 10)
    np.testing.assert_allclose(sum(change.drivers.values()), change.after - change.before, atol=scale * 10)
    assert sum(change.by_driver.values()) == pytest.approx(change.total, abs=scale * 100)


def test_what_does_not_change_adds_nothing() -> None:
    now = {"margin": np.array([10.0, 20.0]), "retention": 0.8, "count": 1.0, "cost": 0.0}
    change = shapley_change(worth, now, {"margin": now["margin"], "cost": 5.0})
    np.testing.assert_allclose(change.drivers["margin"], 0, atol=1e-13)
    np.testing.assert_allclose(change.drivers["cost"], -5)
    assert list(change.table()) == ["before", "after", "margin", "cost"]
    assert str(change).splitlines()[2].split() == ["cost", "-10.00"]


def test_mix_is_a_driver_too() -> None:
    before = {"margin": np.array([10.0, 20.0]), "retention": 0.8, "count": np.array([100.0, 50.0]), "cost": 1.0}
    change = shapley_change(worth, before, {"count": np.array([50.0, 100.0])})
    assert change.total == pytest.approx(change.by_driver["count"])
    assert change.total == pytest.approx(50 * (20 - 10) * 0.8 / 0.3)


def test_nothing_changed() -> None:
    change = shapley_change(lambda a: a, {"a": np.array([1.0])}, {})
    assert (change.total, change.drivers) == (0.0, {})


def test_what_is_refused() -> None:
    with pytest.raises(ParameterError, match="price cannot change: before has a"):
        shapley_change(lambda a: a, {"a": 1.0}, {"price": 2.0})
    with pytest.raises(DataError, match="must be finite; it is not in 1 of 1 rows with a changed"):
        shapley_change(lambda a: np.inf if a > 1 else 0.0, {"a": 1.0}, {"a": 2.0})
    many = {str(i): 1.0 for i in range(11)}
    with pytest.raises(ParameterError, match="at most 10 drivers"):
        shapley_change(lambda **_: 1.0, many, many)
