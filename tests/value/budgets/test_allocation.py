"""One budget for many segments: proved by its dual, and against other divisions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.discounting.rate import Rate
from custvalue.errors import ParameterError
from custvalue.value.budgets.acquisition_retention import ResponseCurve, customer_equity_budget, equity_per_prospect
from custvalue.value.budgets.allocation import Allocation, allocate_budget

RATE = Rate.annual(0.15)


def segments(seed: int) -> dict:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 5))
    return {
        "margin": rng.uniform(5, 200, n),
        "acquisition": ResponseCurve(rng.uniform(0.05, 0.6, n), rng.uniform(0.01, 0.2, n)),
        "retention": ResponseCurve(rng.uniform(0.3, 0.95, n), rng.uniform(0.01, 0.3, n)),
        "rate": RATE,
        "prospects": rng.uniform(0, 2000, n),
        "customers": rng.uniform(0, 1500, n) * (rng.random() < 0.5),
    }


def equity(given_: dict, A: np.ndarray, R: np.ndarray) -> float:
    """By the formulas of one prospect and one customer."""
    a, r = given_["acquisition"].share(A), given_["retention"].share(R)
    later = (given_["margin"] * r - R) / (1.15 - r)
    return float((given_["prospects"] * (a * (given_["margin"] + later) - A) + given_["customers"] * later).sum())


def spent(given_: dict, A: np.ndarray, R: np.ndarray) -> float:
    a = given_["acquisition"].share(A)
    return float((given_["prospects"] * A + (given_["prospects"] * a + given_["customers"]) * R).sum())


@given(st.integers(0, 100_000), st.floats(2, 6))
def test_no_other_division_is_worth_more(seed: int, digits: float) -> None:
    known, budget = segments(seed), 10.0**digits
    best = allocate_budget(budget, **known, unit="year")
    assert best.spent.sum() <= budget * (1 + 1e-9)
    assert best.total == pytest.approx(equity(known, best.acquisition_spend, best.retention_spend), rel=1e-12)
    assert best.spent.sum() == pytest.approx(spent(known, best.acquisition_spend, best.retention_spend), rel=1e-12)
    assert best.total <= best.bound * (1 + 1e-9) + 1e-6
    rng, n = np.random.default_rng(seed), len(known["margin"])
    for _ in range(30):
        A, R = (
            (rng.random(n) < rng.random()) * rng.uniform(0, 100, n),
            (rng.random(n) < rng.random()) * rng.uniform(0, 100, n),
        )
        while spent(known, A, R) > budget:
            A, R = 0.8 * A, 0.8 * R
        assert equity(known, A, R) <= best.bound * (1 + 1e-9) + 1e-6
        assert equity(known, A, R) <= best.total * (1 + 1e-9) + 1e-6


def test_most_divisions_are_proved_to_be_the_best() -> None:
    found = [allocate_budget(10.0**d, **segments(seed), unit="year") for seed in range(20) for d in (3, 4)]
    assert sum(best.bound - best.total <= 1e-9 * abs(best.bound) for best in found) >= 36


def test_without_a_limit_it_is_the_optimum_of_each_segment() -> None:
    known = segments(7)
    best = allocate_budget(np.inf, **known, unit="year")
    alone = customer_equity_budget(known["margin"], known["acquisition"], known["retention"], rate=RATE, unit="year")
    np.testing.assert_allclose(best.retention_spend, alone.retention_spend, rtol=1e-6)
    np.testing.assert_allclose(best.acquisition_spend, alone.acquisition.spend, rtol=1e-6)
    assert best.marginal_return == 0


def test_the_price_is_what_one_more_unit_adds() -> None:
    known = segments(3)
    one, two = (allocate_budget(budget, **known, unit="year") for budget in (5000.0, 5001.0))
    assert two.total - one.total == pytest.approx(one.marginal_return, rel=1e-2)
    assert one.marginal_return > two.marginal_return * (1 - 1e-9)


def test_limits_on_spending_per_head_hold() -> None:
    known = segments(3)
    best = allocate_budget(1e6, **known, most_acquisition=2.0, most_retention=1.5, unit="year")
    assert (best.acquisition_spend <= 2).all()
    assert (best.retention_spend <= 1.5).all()


def test_one_segment_of_prospects_is_the_paper_s_equity() -> None:
    win, keep = (ResponseCurve.from_point(c, s, h) for c, s, h in ((0.4, 5, 0.125), (0.7, 10, 0.4)))
    best: Allocation = allocate_budget(np.inf, 60, win, keep, rate=Rate.annual(0.2), prospects=1, unit="year")
    spent = {"acquisition_spend": best.acquisition_spend, "retention_spend": best.retention_spend}
    paper = equity_per_prospect(60, win, keep, rate=Rate.annual(0.2), unit="year", **spent)
    np.testing.assert_allclose(best.equity, paper)
    assert best.total == pytest.approx(7.650700060297615, rel=1e-9)


def test_segments_may_differ_in_their_curves_alone() -> None:
    win = ResponseCurve.from_point(ceiling=0.4, spend=[2.0, 5.0, 9.0], share=0.1)
    keep = ResponseCurve.from_point(ceiling=0.8, spend=5, share=0.5)
    once = allocate_budget(1000.0, 60, win, keep, rate=Rate.annual(0.20), prospects=100, unit="year")
    each = allocate_budget(1000.0, [60] * 3, win, keep, rate=Rate.annual(0.20), prospects=[100] * 3, unit="year")
    assert once.spent.shape == (3,)
    np.testing.assert_array_equal(once.spent, each.spent)


def test_what_is_refused() -> None:
    known = segments(1)
    with pytest.raises(ParameterError, match="budget must be > 0"):
        allocate_budget(0.0, **known, unit="year")
    with pytest.raises(ParameterError, match="most_retention must be >= 0"):
        allocate_budget(10.0, **known, most_retention=-1, unit="year")
    with pytest.raises(ParameterError, match="ceiling of retention must stay below"):
        allocate_budget(10.0, **{**known, "retention": ResponseCurve(1.0, 0.1), "rate": Rate.zero()}, unit="year")
