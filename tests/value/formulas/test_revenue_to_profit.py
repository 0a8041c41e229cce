"""From headline revenue to profit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.discounting.present_value import present_value
from custvalue.discounting.rate import Rate
from custvalue.errors import DataError, ParameterError
from custvalue.records.cash_flow import CashFlows
from custvalue.value.formulas.revenue_to_profit import revenue_to_profit

PIZZAS = CashFlows(800, np.arange(10) + 0.5)
RATE = Rate.annual(0.10)


def test_the_steps_of_the_pizza() -> None:
    bridge = revenue_to_profit(PIZZAS, rate=RATE, margin=0.3, retention=0.8, acquisition_cost=100, referrals=1)
    assert bridge.revenue == 8000
    assert bridge.present_value == pytest.approx(5155.581078910663, rel=1e-13)
    assert bridge.contribution == pytest.approx(1546.6743236731988, rel=1e-13)
    assert bridge.expected == pytest.approx(804.3127147976907, rel=1e-13)
    assert bridge.with_referrals == pytest.approx(2 * 804.3127147976907, rel=1e-13)
    assert bridge.net == pytest.approx(2 * 804.3127147976907 - 100, rel=1e-13)
    assert list(bridge.steps()) == [
        "headline revenue", "discounted", "times margin", "times survival", "with referrals", "net of acquisition"
    ]  # fmt: skip
    assert "8,000.00" in str(bridge)


@given(
    rate=st.floats(-0.5, 2.0),
    retention=st.floats(0.0, 1.0),
    renewal=st.floats(0.1, 20.0),
    horizon=st.floats(0.0, 30.0),
    amounts=st.lists(st.floats(0, 1e6), min_size=1, max_size=8),
)
def test_each_flow_comes_with_its_own_chance(
    rate: float, retention: float, renewal: float, horizon: float, amounts: list[float]
) -> None:
    times = np.arange(len(amounts)) * 1.7
    bridge = revenue_to_profit(
        CashFlows(amounts, times),
        rate=Rate.annual(rate),
        margin=0.25,
        retention=retention,
        acquisition_cost=3.0,
        renewal=renewal,
        horizon=horizon,
    )
    by_hand = sum(
        a * 0.25 * (1 + rate) ** -t * retention ** np.floor(t / renewal + 1e-12)
        for a, t in zip(amounts, times.tolist(), strict=True)
        if t <= horizon
    )
    assert bridge.expected == pytest.approx(by_hand, rel=1e-12, abs=1e-290)
    assert bridge.net == pytest.approx(by_hand - 3.0, rel=1e-12, abs=1e-12)


def test_arguments_broadcast() -> None:
    rates = Rate.annual(np.array([[0.05], [0.10]]))
    bridge = revenue_to_profit(
        PIZZAS, rate=rates, margin=0.3, retention=[0.7, 0.8, 0.9], acquisition_cost=[10.0, 20.0, 30.0]
    )
    assert bridge.net.shape == bridge.revenue.shape == (2, 3)
    alone = revenue_to_profit(PIZZAS, rate=RATE, margin=0.3, retention=0.9, acquisition_cost=30.0)
    assert bridge.net[1, 2] == pytest.approx(alone.net, rel=1e-14)


def test_one_who_surely_stays_is_worth_the_present_value() -> None:
    bridge = revenue_to_profit(PIZZAS, rate=RATE, margin=1.0, retention=1.0, acquisition_cost=0.0)
    assert bridge.net == pytest.approx(present_value(RATE, PIZZAS), rel=1e-14)


def test_a_renewal_on_the_date_of_a_flow_comes_first() -> None:
    flows = CashFlows([1.0, 1.0], [0.0, 3.0])
    bridge = revenue_to_profit(flows, rate=Rate.annual(0.0), margin=1, retention=0.5, acquisition_cost=0, renewal=0.25)
    assert bridge.expected == 1 + 0.5**12


def test_a_margin_for_each_kind() -> None:
    flows = CashFlows([100.0, 50.0], [0.0, 0.0], ["purchase", "service"])
    bridge = revenue_to_profit(
        flows, rate=RATE, margin={"purchase": 0.1, "service": 0.5}, retention=1, acquisition_cost=0
    )
    assert bridge.contribution == pytest.approx(35.0)
    with pytest.raises(ParameterError, match="missing: service"):
        revenue_to_profit(flows, rate=RATE, margin={"purchase": 0.1}, retention=1, acquisition_cost=0)
    with pytest.raises(ParameterError, match="needs flows with kinds"):
        revenue_to_profit(PIZZAS, rate=RATE, margin={"purchase": 0.1}, retention=1, acquisition_cost=0)


def test_what_is_refused() -> None:
    with pytest.raises(DataError, match="these have dates"):
        revenue_to_profit(CashFlows([1], ["2024-01-01"]), rate=RATE, margin=1, retention=1, acquisition_cost=0)
    with pytest.raises(DataError, match="must fall at 0 or later"):
        revenue_to_profit(CashFlows([1], [-1.0]), rate=RATE, margin=1, retention=1, acquisition_cost=0)
    with pytest.raises(ParameterError, match="retention must lie between 0 and 1"):
        revenue_to_profit(PIZZAS, rate=RATE, margin=1, retention=80, acquisition_cost=0)
    with pytest.raises(ParameterError, match="renewal must be > 0"):
        revenue_to_profit(PIZZAS, rate=RATE, margin=1, retention=1, acquisition_cost=0, renewal=0)
    for name in ("horizon", "acquisition_cost", "margin", "referrals"):
        with pytest.raises(ParameterError, match=name):
            revenue_to_profit(PIZZAS, rate=RATE, **{"margin": 1, "retention": 1, "acquisition_cost": 0, name: np.nan})
    with pytest.raises(ParameterError, match="margin must be finite"):
        revenue_to_profit(CashFlows(1, 0, "fee"), rate=RATE, margin={"fee": np.nan}, retention=1, acquisition_cost=0)
    with pytest.raises(ParameterError, match=r"one shape; got retention \(3,\), margin \(2,\)"):
        revenue_to_profit(PIZZAS, rate=RATE, margin=[0.2, 0.3], retention=[0.7, 0.8, 0.9], acquisition_cost=0)
    with pytest.raises(ParameterError, match="rate must be a Rate"):
        revenue_to_profit(PIZZAS, rate=0.1, margin=1, retention=1, acquisition_cost=0)  # type: ignore[arg-type]
