"""Dwyer's ledgers against the values they must add up to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from custvalue.discounting.rate import Rate
from custvalue.errors import ParameterError
from custvalue.reproductions.papers.dwyer import always_a_share, lost_for_good
from custvalue.value.formulas.constant_retention import retention_path_value

RATE = Rate.annual(0.20)


@pytest.mark.parametrize("timing", ["now", "next", "end", "middle", "continuous"])
def test_lost_for_good_adds_up(timing: Any) -> None:
    margins, stays = [[100, 120, 140], [50, 40, 30]], [0.7, 0.8, 0.9]
    book = lost_for_good(margins, stays, rate=RATE, timing=timing, costs=[10, 20, 30], cost_timing="end", unit="year")
    earned = retention_path_value(margins, stays, rate=RATE, timing=timing, unit="year")
    spent = retention_path_value([10, 20, 30], stays, rate=RATE, timing="end", unit="year")
    np.testing.assert_allclose(book.value, earned - spent, rtol=1e-14)
    np.testing.assert_allclose(book.cumulative[..., -1], book.value, rtol=1e-14)
    np.testing.assert_allclose(book.active, [1, 0.7, 0.56])
    np.testing.assert_allclose(book.buyers, [0.7, 0.56, 0.504] if timing == "next" else [1, 0.7, 0.56])
    np.testing.assert_allclose(book.margin, np.array(margins) * book.buyers)
    np.testing.assert_allclose(book.cost, np.array([10, 20, 30]) * book.active * np.ones((2, 1)))


def test_costs_are_paid_like_margins_unless_said() -> None:
    book = lost_for_good([100, 100], 0.5, rate=RATE, timing="middle", costs=20, unit="year")
    assert book.value == pytest.approx(
        retention_path_value([80, 80], 0.5, rate=RATE, timing="middle", unit="year"), rel=1e-14
    )


def test_one_margin_stands_for_all_periods_of_costs() -> None:
    book = lost_for_good(100, 0.5, rate=RATE, timing="now", costs=[1, 2, 3], unit="year")
    each = lost_for_good([100] * 3, 0.5, rate=RATE, timing="now", costs=[1, 2, 3], unit="year")
    np.testing.assert_array_equal(book.present_value, each.present_value)
    np.testing.assert_array_equal(book.buyers, [1, 0.5, 0.25])


def test_always_a_share_by_hand() -> None:
    """Half buy again a period later, a fifth of the others the period after; then they are given up."""
    book = always_a_share(100, [0.5, 0.2], rate=RATE, horizon=3, contact_cost=10, cost_timing="now", unit="year")
    np.testing.assert_allclose(book.buyers, [1, 0.5, 0.25 + 0.1, 0.175 + 0.05])
    np.testing.assert_allclose(book.active, [0, 1, 1, 0.35 + 0.25])
    v = 1.2 ** -np.arange(4.0)
    np.testing.assert_allclose(book.value, 100 * (book.buyers * v).sum() - 10 * (1 + v[1] + 0.6 * v[2]))
    end = always_a_share(100, [0.5, 0.2], rate=RATE, horizon=3, contact_cost=10, cost_timing="end", unit="year")
    np.testing.assert_allclose(end.value, 100 * (book.buyers * v).sum() - 10 * (v[1] + v[2] + 0.6 * v[3]))


def test_always_a_share_without_pauses_is_lost_for_good() -> None:
    """One chance only: who does not buy at once is gone."""
    share = always_a_share(100, [0.7], rate=RATE, horizon=5, cost_timing="end", unit="year")
    gone = lost_for_good([100] * 6, 0.7, rate=RATE, timing="now", unit="year")
    np.testing.assert_allclose(share.present_value, gone.present_value, rtol=1e-14)


def test_segments_and_rates_broadcast() -> None:
    book = always_a_share(
        [100, 200],
        [[0.5, 0.2], [0.9, 0.0]],
        rate=Rate.annual([0.1, 0.2]),
        horizon=4,
        contact_cost=1,
        cost_timing="middle",
        unit="year",
    )
    second = always_a_share(200, [0.9, 0.0], rate=RATE, horizon=4, contact_cost=1, cost_timing="middle", unit="year")
    assert book.present_value.shape == (2, 5)
    np.testing.assert_allclose(book.present_value[1], second.present_value, rtol=1e-15)


def test_what_is_refused() -> None:
    with pytest.raises(ParameterError, match="cost_timing must be 'now', 'middle' or 'end'"):
        always_a_share(1, [0.5], rate=RATE, horizon=2, cost_timing="next", unit="year")
    with pytest.raises(ParameterError, match="costs must be >= 0"):
        lost_for_good([1, 1], 0.5, rate=RATE, timing="now", costs=-1, unit="year")
    with pytest.raises(ParameterError, match="must broadcast"):
        lost_for_good([1, 1], 0.5, rate=RATE, timing="now", costs=[1, 2, 3], unit="year")
