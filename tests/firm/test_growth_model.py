"""Firm value: the paper's form, its integral, and its elasticities."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import log_uniform

from custvalue.discounting.rate import Rate
from custvalue.errors import ParameterError
from custvalue.firm.growth_model import CustomerGrowth, firm_value

GROWTH = CustomerGrowth(alpha=100, beta=3.0, gamma=0.35)


def test_gupta_lehmann_and_stuart() -> None:
    """Gupta, Lehmann & Stuart (2004), numbers constructed in the paper's form: e^(-it) beside 1 + i - r."""
    firm = firm_value(
        GROWTH,
        6,
        0.85,
        acquisition_cost=20,
        rate=Rate.annual(0.12),
        timing="next",
        unit="year",
        entry_rate=Rate.continuous(0.12),
    )
    found = [firm.customer, firm.future, firm.current, firm.total]
    wanted = [18.88888888888888, -40.488888221212044, 89.58220489095943, 49.09331666974739]
    np.testing.assert_allclose(found, wanted, rtol=1e-9)


def test_the_retention_elasticity_exceeds_the_others() -> None:
    """Gupta, Lehmann & Stuart (2004): 1 % of retention is worth about 5 %, margin 1 %, acquisition cost 0.1 %."""
    growth = CustomerGrowth(alpha=100, beta=0.0, gamma=0.35)
    each = firm_value(
        growth, 6, 0.9, acquisition_cost=2, rate=Rate.annual(0.12), timing="next", unit="year"
    ).elasticities
    assert each["retention"] == pytest.approx(1.12 / 0.22 * float(each["margin"]), rel=1e-12)
    assert 1 < each["margin"] < 1.1
    assert -0.1 < each["acquisition_cost"] < 0


@given(st.floats(-10, 40), log_uniform(1e-6, 1e4))
def test_the_integral_of_future_customers(beta: float, s: float) -> None:
    """p q 2F1(1, 2; s + 2; q)/(s + 1), with s the force per unit of growth."""
    growth = CustomerGrowth(1.0, beta, 0.5)
    found = float(growth.discounted_acquired(rate=Rate.continuous(s * 0.5), unit="year"))
    with mp.workdps(40):
        q = 1 / (1 + mp.exp(-mp.mpf(beta)))
        wanted = (1 - q) * q * mp.hyp2f1(1, 2, mp.mpf(s) + 2, q) / (mp.mpf(s) + 1)
    assert found == pytest.approx(float(wanted), rel=1e-11)


def test_undiscounted_all_who_are_left_are_acquired() -> None:
    left = GROWTH.discounted_acquired(rate=Rate.zero(), unit="year")
    assert left == pytest.approx(100 - float(GROWTH.customers(0)), rel=1e-13)
    slope = (GROWTH.customers(2 + 1e-5) - GROWTH.customers(2 - 1e-5)) / 2e-5
    assert GROWTH.acquired(2) == pytest.approx(slope, rel=1e-8)


@pytest.mark.parametrize("timing", ["now", "next", "continuous"])
def test_elasticities_are_derivatives(timing: str) -> None:
    inputs = {"margin": 6.0, "retention": 0.85, "rate": 0.12, "acquisition_cost": 12.0}

    def total(**change: float) -> float:
        given_ = {**inputs, **change}
        entry = Rate.annual(0.12)
        at = Rate.annual(given_.pop("rate"))
        return float(firm_value(GROWTH, rate=at, timing=timing, unit="year", entry_rate=entry, **given_).total)  # type: ignore[arg-type]

    rate = Rate.annual(0.12)
    firm = firm_value(GROWTH, 6.0, 0.85, acquisition_cost=12.0, rate=rate, timing=timing, unit="year")  # type: ignore[arg-type]
    for name, at in inputs.items():
        slope = (total(**{name: at * 1.00001}) - total(**{name: at * 0.99999})) / (2e-5 * total())
        assert firm.elasticities[name] == pytest.approx(slope, rel=1e-6)


def test_scenarios_broadcast() -> None:
    given_ = {"acquisition_cost": 5, "timing": "next", "unit": "year"}
    firm = firm_value(GROWTH, 6, [[0.8], [0.9]], rate=Rate.annual([0.1, 0.12, 0.15]), **given_)
    assert firm.total.shape == firm.elasticities["retention"].shape == (2, 3)
    one = firm_value(GROWTH, 6, 0.9, rate=Rate.annual(0.15), **given_)
    assert firm.total[1, 2] == pytest.approx(float(one.total), rel=1e-15)


def test_what_is_refused() -> None:
    with pytest.raises(ParameterError, match="alpha must be > 0"):
        CustomerGrowth(0, 1, 1)
    with pytest.raises(ParameterError, match="rate must be >= 0"):
        GROWTH.discounted_acquired(rate=Rate.annual(-0.1), unit="year")
    with pytest.raises(ParameterError, match="the value must be finite"):
        firm_value(GROWTH, 6, 1.0, acquisition_cost=5, rate=Rate.zero(), timing="next", unit="year")
