"""Reichheld's components: published figures, and their sum as the value of the whole profit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from custvalue.discounting.rate import Rate
from custvalue.errors import ParameterError
from custvalue.reproductions.papers.loyalty import loyalty_components
from custvalue.value.formulas.constant_retention import retention_path_value

TENTH = Rate.annual(0.10)


def test_reichheld_and_sasser_credit_card() -> None:
    """Reichheld & Sasser (1990), as in Best, fig. 1-11: -51; 30, 42, 44, 49, 55 at 10 % is 111.66; undiscounted 169."""
    card = loyalty_components(
        30, 1.0, rate=TENTH, timing="end", growth=[0, 12, 14, 19, 25], acquisition_cost=51, unit="year"
    )
    assert card.value == pytest.approx(111.65965439519155, rel=1e-13)
    np.testing.assert_array_equal(card.profit_by_tenure, [30, 42, 44, 49, 55])
    plain = loyalty_components(
        30, 1.0, rate=Rate.zero(), timing="end", growth=[0, 12, 14, 19, 25], acquisition_cost=51, unit="year"
    )
    assert plain.value == 169


def test_reichheld_and_sasser_134_300_525() -> None:
    """$134 over 5 years (20 % defect) implies 5.55 %; then 10 and 20 years give 313 and 554, not their 300 and 525."""
    rate = Rate.annual(0.05550202247699711)
    for years, wanted in ((5, 134.0), (10, 313.030288761318), (20, 553.9994326950399)):
        growth = np.minimum(np.arange(years), 4)
        profit = np.array([30, 42, 44, 49, 55])[growth]
        card = loyalty_components(profit, 1.0, rate=rate, timing="end", acquisition_cost=51, unit="year")
        assert card.value == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize("timing", ["now", "next", "end", "middle", "continuous"])
def test_components_add_up(timing: Any) -> None:
    rng = np.random.default_rng(0)
    parts = {name: rng.random((3, 1, 5)) for name in ("base", "growth", "savings", "referrals", "premium")}
    stays = rng.random((2, 5))
    found = loyalty_components(
        retentions=stays,
        rate=Rate.annual([0.1, 0.2]),
        timing=timing,
        acquisition_cost=[[1.0], [2.0], [3.0]],
        **parts,
        unit="year",
    )
    whole = sum(parts.values())
    value = retention_path_value(
        whole, stays, rate=Rate.annual([0.1, 0.2]), timing=timing, acquisition_cost=[[1.0], [2.0], [3.0]], unit="year"
    )
    np.testing.assert_allclose(found.value, value, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(found.profit_by_tenure, whole, rtol=1e-15)
    assert found.value.shape == (3, 2)


def test_one_source_alone_brings_what_it_brings() -> None:
    card = loyalty_components(
        [10, 10], 0.5, rate=TENTH, timing="now", referrals=[0, 4], acquisition_cost=[5, 6], unit="year"
    )
    np.testing.assert_allclose(card.base, [10 + 5 / 1.1] * 2)
    np.testing.assert_allclose(card.referrals, [2 / 1.1] * 2)
    np.testing.assert_allclose(card.acquisition, [-5, -6])
    np.testing.assert_array_equal(card.savings + card.premium + card.growth, 0)


def test_what_is_refused() -> None:
    with pytest.raises(ParameterError, match="acquisition_cost must be >= 0"):
        loyalty_components([1, 2], 0.5, rate=TENTH, timing="now", acquisition_cost=-5, unit="year")
    with pytest.raises(ParameterError, match="must broadcast to one shape"):
        loyalty_components([1, 2], 0.5, rate=TENTH, timing="now", savings=[1, 2, 3], unit="year")
