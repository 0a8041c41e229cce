"""Customer equity, and what winning a customer may cost."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.discounting.rate import Rate
from custvalue.errors import ParameterError
from custvalue.value.base.customer_equity import (
    acquisition_payback,
    allowable_acquisition_cost,
    customer_equity,
)
from custvalue.value.formulas.constant_retention import constant_retention_value

TEN = Rate.annual(0.10)


def test_static_and_dynamic_equity_by_hand() -> None:
    plan, worth, cost = np.array([10.0, 20.0, 0.0, 5.0]), 60.0, np.array([20.0, 25.0, 30.0, 35.0])
    for timing, first in {"now": 0.0, "next": 1.0, "end": 1.0, "middle": 0.5}.items():
        firm = customer_equity(1000, plan, worth, cost, rate=TEN, timing=timing, unit="year")  # type: ignore[arg-type]
        by_hand = sum(n * (worth - c) * 1.1 ** -(t + first) for t, (n, c) in enumerate(zip(plan, cost, strict=True)))
        assert firm.future == pytest.approx(by_hand, rel=1e-13)
        assert firm.total == pytest.approx(1000 + by_hand, rel=1e-13)
    flowing = customer_equity(0, plan, worth, cost, rate=TEN, timing="continuous", unit="year")
    late, soon = (customer_equity(0, plan, worth, cost, rate=TEN, timing=t, unit="year").future for t in ("end", "now"))
    assert late < flowing.future < soon


def test_scenarios_broadcast() -> None:
    firm = customer_equity(
        [0.0, 100.0], np.full((2, 3), 5.0), 10.0, 4.0, rate=Rate.annual([0.1, 0.2]), timing="end", unit="year"
    )
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
    n = float(acquisition_payback(cost, margin, stays, timing=timing, rate=annual, unit="year"))  # type: ignore[arg-type]

    def sums(count: float) -> float:
        return float(constant_retention_value(margin, stays, rate=annual, timing=timing, horizon=count, unit="year"))  # type: ignore[arg-type]

    if n == math.inf:
        assert sums(10_000.0) < cost * (1 + 1e-9)
    else:
        assert sums(n) >= cost * (1 - 1e-7)
        assert n == 0 or sums(n - 1) <= cost * (1 + 1e-7)


def test_payback_at_rates_near_zero_and_of_huge_costs() -> None:
    rates = Rate.continuous([0, 1e-17, 1e-16, 2e-16, 1e-15, 1e-9])
    assert acquisition_payback(250, 100, timing="now", rate=rates, unit="year").tolist() == [3] * 6
    assert acquisition_payback([100, 101], 100, 0, timing="now", unit="year").tolist() == [1, np.inf]
    assert acquisition_payback(1e300, 1e-300, timing="now", unit="year") == np.inf
    assert acquisition_payback(1e300, 1, timing="now", unit="year") == 1e300


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(ParameterError, match=r"one shape; got current \(3,\), acquired \(2,\)"):
        customer_equity([1, 2, 3], [[1, 2], [3, 4]], 1, 1, rate=TEN, timing="now", unit="year")


def test_what_winning_may_cost() -> None:
    assert allowable_acquisition_cost([100, -5], return_on_cost=[0.25, 0.0]).tolist() == [80, 0]
    with pytest.raises(ParameterError, match="return_on_cost must be > -1"):
        allowable_acquisition_cost(1, return_on_cost=-1)
    with pytest.raises(ParameterError, match="payments are counted"):
        acquisition_payback(1, 1, timing="continuous", unit="year")
