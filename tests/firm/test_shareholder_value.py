"""Corporate valuation: the published toy, projections against the leaky bucket, tax, timing, the remainder."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue import Rate
from custvalue.errors import ParameterError
from custvalue.firm.cash_flow import Firm
from custvalue.firm.projection import Projection, project_subscribers
from custvalue.firm.shareholder_value import shareholder_value
from custvalue.models.retention.exponential_gamma import ExponentialGamma

WACC = Rate.annual(0.10)


def a_firm(**changed):
    given = {"variable_cost": 0.6, "acquisition_cost": 50.0, "fixed_costs": 20.0, "tax": 0.25, "losses": "refund"}
    return Firm(**(given | changed))


def money(revenue, adds=0.0):
    """A projection that is nothing but its revenue."""
    revenue = np.asarray(revenue, dtype=np.float64)
    return Projection("year", np.broadcast_to(adds, revenue.shape), np.zeros(revenue.shape), revenue)


TOY = project_subscribers(
    ExponentialGamma(0.9, 8.0), 2 * 0.97 ** np.arange(200), revenue=30.0, paying="end", unit="quarter"
)


def test_the_published_toy_to_the_last_digits():
    firm = a_firm(non_operating_assets=100.0, net_debt=250.0)
    value = shareholder_value(firm, TOY, rate=WACC, timing="end", terminal=None)
    assert value.operating_assets == pytest.approx(2642.904988449202, rel=1e-13)
    assert value.shareholder_value == pytest.approx(2492.904988449202, rel=1e-13)
    assert value.remainder == 0
    assert value.notes == ()


def test_wayfair_loses_10_dollars_with_every_customer_it_wins():
    """Customer won for 69, worth 59 afterwards (McCarthy & Fader 2017, from press): -10 each, whatever the number."""
    firm = Firm(variable_cost=0.0, acquisition_cost=69.0, fixed_costs=0.0, tax=0.0, losses="refund")
    value = shareholder_value(firm, money([59.0 * 7], adds=7), rate=Rate.zero(), timing="end", terminal=None)
    assert value.future_customers / 7 == pytest.approx(-10, abs=1e-12)


@given(
    losses=st.sampled_from(["refund", "carry_forward", "none"]),
    timing=st.sampled_from(["now", "middle", "end"]),
    terminal=st.sampled_from([None, 0.0, 0.01, -0.2]),
    fixed=st.sampled_from([0.0, 20.0, 300.0]),
    base=st.sampled_from([None, [5.0, 3.0]]),
)
def test_the_parts_add_up_to_operating_assets(losses, timing, terminal, fixed, base):
    firm = a_firm(losses=losses, fixed_costs=fixed, capital_expenditure=0.1, working_capital=0.2, last_revenue=10.0)
    adds, retention = 2 * 0.97 ** np.arange(60), ExponentialGamma(0.9, 8.0)
    p = project_subscribers(retention, adds, revenue=30.0, paying="average", base=base, unit="quarter")
    value = shareholder_value(firm, p, rate=WACC, timing=timing, terminal=terminal, season=4)
    total = sum(value.breakdown.values())
    np.testing.assert_allclose(total, value.operating_assets, rtol=1e-10, atol=1e-8)
    assert (value.breakdown["unrelieved_losses"] == 0) == (losses == "refund") or fixed < 300
    assert (value.existing_customers > 0) == (base is not None)
    row = value.table()
    assert {"acquired", "lost", "ending", "revenue", "contribution", "acquisition_cost", "free_cash_flow"} < set(row)
    assert row["discounted"].sum() + value.remainder == pytest.approx(float(value.operating_assets), rel=1e-12)


def test_cash_at_the_start_is_worth_a_period_more():
    end, middle, start = (
        shareholder_value(a_firm(), TOY, rate=WACC, timing=timing, terminal=0.0).operating_assets
        for timing in ("end", "middle", "now")
    )
    assert middle / end == pytest.approx(1.1**0.125, rel=1e-12)
    assert start / end == pytest.approx(1.1**0.25, rel=1e-12)


@pytest.mark.parametrize("timing", ["now", "middle", "end"])
@pytest.mark.parametrize("season", [1, 3])
def test_the_remainder_is_what_many_more_periods_bring(timing, season):
    growth, cycle = 0.01, np.array([100.0, 150.0, 130.0])
    firm = Firm(variable_cost=0.5, acquisition_cost=0, fixed_costs=0, tax=0.3, losses="refund")
    short = cycle[:season] if season > 1 else cycle[:1]
    long = np.concatenate([short * (1 + growth) ** (season * k) for k in range(2000 // season)])
    rate = Rate.annual(0.08)
    closed = shareholder_value(firm, money(short), rate=rate, timing=timing, terminal=growth, season=season)
    summed = shareholder_value(firm, money(long), rate=rate, timing=timing, terminal=None, season=season)
    assert closed.operating_assets == pytest.approx(float(summed.operating_assets), rel=1e-10)


def test_a_horizon_too_short_is_noted_and_the_tail_says_how_much():
    firm = Firm(variable_cost=0.5, acquisition_cost=0, fixed_costs=0, tax=0, losses="refund")
    value = shareholder_value(firm, money([100.0] * 5), rate=WACC, timing="end", terminal=None)
    endless = shareholder_value(firm, money([100.0] * 5), rate=WACC, timing="end", terminal=0.0)
    assert value.operating_assets + value.tail == pytest.approx(float(endless.operating_assets), rel=1e-13)
    assert endless.operating_assets == pytest.approx(500.0, rel=1e-13)
    assert "nothing counts after 5 years" in value.notes[0]
    assert "come after the last period" in endless.notes[0]
    assert "note: nothing" in repr(value)
    free = shareholder_value(firm, money([100.0] * 5), rate=Rate.zero(), timing="end", terminal=None)
    assert free.tail == np.inf
    assert free.operating_assets == 250


def test_draws_of_everything_are_rows_of_one_by_one():
    r, wacc, shares = (
        np.array([[0.7], [0.9], [1.3]]),
        np.array([[0.08], [0.1], [0.15]]),
        np.array([[1.0], [2.0], [4.0]]),
    )
    adds = np.arange(1.0, 13.0)
    firm = a_firm(losses="carry_forward", shares=shares, net_debt=[[1.0], [2.0], [3.0]])
    terms = {"revenue": 30.0, "paying": "average", "base": [4, 2], "unit": "quarter"}
    p = project_subscribers(ExponentialGamma(r, 8.0), adds, **terms)
    found = shareholder_value(firm, p, rate=Rate.annual(wacc), timing="middle", terminal=0.0)
    assert found.per_share.shape == (3,)
    for i in range(3):
        one = attrs.evolve(firm, shares=shares[i, 0], net_debt=float(i + 1))
        p = project_subscribers(ExponentialGamma(r[i, 0], 8.0), adds, **terms)
        alone = shareholder_value(one, p, rate=Rate.annual(wacc[i, 0]), timing="middle", terminal=0.0)
        np.testing.assert_allclose(found.per_share[i], alone.per_share, rtol=1e-12)
        for name, part in alone.breakdown.items():
            np.testing.assert_allclose(found.breakdown[name][i], part, rtol=1e-12)
    assert "mean of 3 draws" in repr(found)
    assert "over 12 quarters in 3 draws" in repr(found.projection)


def test_arguments_are_checked():
    firm = a_firm()
    with pytest.raises(ParameterError, match=r"timing must be 'now'.*'middle'.*'end'"):
        shareholder_value(firm, TOY, rate=WACC, timing="mid", terminal=None)
    with pytest.raises(ParameterError, match="rate must be a Rate"):
        shareholder_value(firm, TOY, rate=0.1, timing="end", terminal=None)
    with pytest.raises(ParameterError, match="terminal growth must be below the rate"):
        shareholder_value(firm, TOY, rate=WACC, timing="end", terminal=0.03)
    with pytest.raises(ParameterError, match="season must be at most the 200 periods"):
        shareholder_value(firm, TOY, rate=WACC, timing="end", terminal=0.0, season=201)
    with pytest.raises(ParameterError, match="number of shares is not known"):
        _ = shareholder_value(firm, TOY, rate=WACC, timing="end", terminal=None).per_share
    with pytest.raises(ParameterError, match="must broadcast"):
        shareholder_value(a_firm(fixed_costs=[1.0, 2.0]), TOY, rate=WACC, timing="end", terminal=None)
