"""Customer equity, what winning a customer may cost, and what drives value; referral chains."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.discounting.rate import Rate
from custvalue.errors import DataError, ParameterError
from custvalue.value.base.customer_equity import (
    acquisition_payback,
    allowable_acquisition_cost,
    customer_equity,
    driver_elasticities,
)
from custvalue.value.formulas.constant_retention import constant_retention_value
from custvalue.value.formulas.referrals import referral_value
from custvalue.value.formulas.sensitivity import value_elasticities

TEN = Rate.annual(0.10)


def test_static_and_dynamic_equity_by_hand() -> None:
    plan, worth, cost = np.array([10.0, 20.0, 0.0, 5.0]), 60.0, np.array([20.0, 25.0, 30.0, 35.0])
    for timing, first in {"now": 0.0, "next": 1.0, "end": 1.0, "middle": 0.5}.items():
        firm = customer_equity(1000, plan, worth, cost, TEN, timing=timing)  # type: ignore[arg-type]
        by_hand = sum(n * (worth - c) * 1.1 ** -(t + first) for t, (n, c) in enumerate(zip(plan, cost, strict=True)))
        assert firm.future == pytest.approx(by_hand, rel=1e-13)
        assert firm.total == pytest.approx(1000 + by_hand, rel=1e-13)
    flowing = customer_equity(0, plan, worth, cost, TEN, timing="continuous")
    late, soon = (customer_equity(0, plan, worth, cost, TEN, timing=t).future for t in ("end", "now"))
    assert late < flowing.future < soon


def test_scenarios_broadcast() -> None:
    firm = customer_equity([0.0, 100.0], np.full((2, 3), 5.0), 10.0, 4.0, Rate.annual([0.1, 0.2]), timing="end")
    assert firm.total.shape == (2,)
    assert firm.total[1] == pytest.approx(100 + 30 * (1.2**-1 + 1.2**-2 + 1.2**-3))


@given(
    cost=st.floats(0, 1e4), margin=st.floats(0.1, 1e3), stays=st.floats(0, 1), rate=st.floats(0, 1),
    timing=st.sampled_from(["now", "next", "end", "middle"]),
)  # fmt: skip
def test_payback_is_where_the_sum_reaches_the_cost(
    cost: float, margin: float, stays: float, rate: float, timing: str
) -> None:
    annual = Rate.annual(rate)
    n = float(acquisition_payback(cost, margin, stays, timing=timing, rate=annual))  # type: ignore[arg-type]

    def sums(count: float) -> float:
        return float(constant_retention_value(margin, stays, annual, timing=timing, horizon=count))  # type: ignore[arg-type]

    if n == math.inf:
        assert sums(10_000.0) < cost * (1 + 1e-9)
    else:
        assert sums(n) >= cost * (1 - 1e-7)
        assert n == 0 or sums(n - 1) <= cost * (1 + 1e-7)


def test_payback_at_rates_near_zero_and_of_huge_costs() -> None:
    rates = Rate.continuous([0, 1e-17, 1e-16, 2e-16, 1e-15, 1e-9])
    assert acquisition_payback(250, 100, timing="now", rate=rates).tolist() == [3] * 6
    assert acquisition_payback([100, 101], 100, 0, timing="now").tolist() == [1, np.inf]
    assert acquisition_payback(1e300, 1e-300, timing="now") == np.inf
    assert acquisition_payback(1e300, 1, timing="now") == 1e300


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(ParameterError, match=r"one shape; got current \(3,\), acquisitions \(2,\)"):
        customer_equity([1, 2, 3], [[1, 2], [3, 4]], 1, 1, TEN, timing="now")


def test_what_winning_may_cost() -> None:
    assert allowable_acquisition_cost([100, -5], return_on_cost=[0.25, 0.0]).tolist() == [80, 0]
    with pytest.raises(ParameterError, match="return_on_cost must be > -1"):
        allowable_acquisition_cost(1, return_on_cost=-1)
    with pytest.raises(ParameterError, match="payments are counted"):
        acquisition_payback(1, 1, timing="continuous")


def test_elasticities_are_those_of_the_closed_form() -> None:
    closed = value_elasticities(100, 0.8, Rate.annual(0.12), timing="next", acquisition_cost=50)

    def worth(margin: float, retention: float, cost: float) -> np.ndarray:
        return constant_retention_value(margin, retention, Rate.annual(0.12), timing="next", acquisition_cost=cost)

    drivers = {"margin": 100.0, "retention": 0.8, "cost": 50.0}
    found = driver_elasticities(worth, drivers)
    assert found["margin"] == pytest.approx(closed.margin, rel=1e-7)
    assert found["retention"] == pytest.approx(closed.retention, rel=1e-7)
    assert found["cost"] == pytest.approx(closed.acquisition_cost, rel=1e-7)
    groups = driver_elasticities(worth, drivers, {"margin": "value", "cost": "value", "retention": "retention"})
    assert groups["value"] == pytest.approx(found["margin"] + found["cost"], rel=1e-7)
    assert groups["retention"] == pytest.approx(found["retention"])
    with pytest.raises(ParameterError, match="missing: cost"):
        driver_elasticities(worth, drivers, {"margin": "value", "retention": "retention"})
    with pytest.raises(DataError, match="finite and not 0"):
        driver_elasticities(lambda a: a, {"a": 0.0})


@given(
    n=st.floats(0, 3), decay=st.floats(0, 1) | st.just(1.0), delay=st.floats(0, 5), rate=st.floats(-0.2, 1),
    generations=st.integers(0, 12),
)  # fmt: skip
def test_referrals_are_a_sum_over_generations(
    n: float, decay: float, delay: float, rate: float, generations: int
) -> None:
    annual = Rate.annual(rate)
    found = referral_value(
        100.0, n, annual, delay=delay, decay=decay, referred_value=80.0, saved_cost=5.0, generations=generations
    )
    counts = [n**g * decay ** (g * (g - 1) / 2) for g in range(1, generations + 1)]
    worth = sum(85 * count * (1 + rate) ** (-g * delay) for g, count in enumerate(counts, start=1))
    assert found.customers == pytest.approx(sum(counts), rel=1e-10, abs=1e-250)
    assert found.referred == pytest.approx(worth, rel=1e-10, abs=1e-250)
    assert found.total == pytest.approx(100 + worth, rel=1e-10)


def test_endless_chains() -> None:
    assert referral_value(1.0, 0.5, Rate.zero(), delay=1).referred == pytest.approx(1.0)
    assert referral_value(1.0, 1.0, Rate.zero(), delay=1).referred == np.inf
    assert referral_value(1.0, 1.0, TEN, delay=1).referred == pytest.approx(10.0)
    assert referral_value(0.0, 2.0, TEN, delay=1).referred == 0
    falling = referral_value(1.0, 2.0, TEN, delay=1, decay=0.5).referred
    assert falling == pytest.approx(sum(2**g * 0.5 ** (g * (g - 1) / 2) / 1.1**g for g in range(1, 60)), rel=1e-13)
    assert referral_value(1.0, 1e3, Rate.zero(), delay=0, decay=1 - 1e-6).referred == np.inf
    slow = referral_value(1.0, 1.0, Rate.zero(), delay=0, decay=1 - 1e-10).referred
    assert slow == pytest.approx(math.sqrt(math.pi / 2e-10), rel=1e-4)  # a Gaussian's half
    assert referral_value(1e300, 1e10, TEN, delay=1, decay=0.5).referred == np.inf


def test_referrals_that_are_refused() -> None:
    with pytest.raises(ParameterError, match="decay must lie between 0 and 1"):
        referral_value(1.0, 1.0, TEN, delay=1, decay=1.5)
    with pytest.raises(ParameterError, match="referrals must be >= 0"):
        referral_value(1.0, -1.0, TEN, delay=1)
    with pytest.raises(ParameterError, match="rate must be a Rate"):
        referral_value(1.0, 1.0, 0.1, delay=1)  # type: ignore[arg-type]
