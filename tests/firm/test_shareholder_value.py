"""Corporate valuation: the published toy, projections against the leaky bucket, tax, timing, the remainder."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import log_uniform

from custvalue import Rate
from custvalue.errors import ParameterError
from custvalue.firm.cash_flow import Firm, free_cash_flow
from custvalue.firm.shareholder_value import shareholder_value
from custvalue.firm.subscriber_projection import Projection, project_subscribers
from custvalue.models.retention.exponential import Exponential
from custvalue.models.retention.exponential_gamma import ExponentialGamma
from custvalue.models.retention.geometric import Geometric
from custvalue.models.retention.shifted_beta_geo import ShiftedBetaGeo
from custvalue.value.base.leaky_bucket import project_customer_base

WACC = Rate.annual(0.10)


def a_firm(**changed):
    given = {"variable_cost": 0.6, "acquisition_cost": 50.0, "fixed_costs": 20.0, "tax": 0.25, "losses": "refund"}
    return Firm(**(given | changed))


def money(revenue, adds=0.0):
    """A projection that is nothing but its revenue."""
    revenue = np.asarray(revenue, dtype=np.float64)
    return Projection("year", np.broadcast_to(adds, revenue.shape), np.zeros(revenue.shape), revenue)


TOY = project_subscribers(2 * 0.97 ** np.arange(200), ExponentialGamma(0.9, 8.0), 30.0, paying="end", unit="quarter")


def test_the_published_toy_to_the_last_digits():
    firm = a_firm(non_operating_assets=100.0, net_debt=250.0)
    value = shareholder_value(firm, TOY, WACC, cash="end", terminal=None)
    assert value.operating_assets == pytest.approx(2642.904988449202, rel=1e-13)
    assert value.shareholder_value == pytest.approx(2492.904988449202, rel=1e-13)
    assert value.remainder == 0
    assert value.notes == ()


def test_wayfair_loses_10_dollars_with_every_customer_it_wins():
    """Customer won for 69, worth 59 afterwards (McCarthy & Fader 2017, from press): -10 each, whatever the number."""
    firm = Firm(variable_cost=0.0, acquisition_cost=69.0, fixed_costs=0.0, tax=0.0, losses="refund")
    value = shareholder_value(firm, money([59.0 * 7], adds=7), Rate.zero(), cash="end", terminal=None)
    assert value.future_customers / 7 == pytest.approx(-10, abs=1e-12)


@given(alpha=log_uniform(0.1, 10.0), beta=log_uniform(0.1, 30.0), seed=st.integers(0, 99))
def test_subscribers_are_those_of_the_leaky_bucket_one_period_later(alpha, beta, seed):
    rng = np.random.default_rng(seed)
    model, adds, base = ShiftedBetaGeo(alpha, beta), rng.uniform(0, 50, 12), rng.uniform(0, 50, 5)
    p = project_subscribers(adds, model, 3.0, paying="end", base=base, unit="month")
    bucket = project_customer_base(np.concatenate([[0.0], adds]), model, initial=base)
    np.testing.assert_allclose(p.ending, bucket.active[1:], rtol=1e-11)
    np.testing.assert_allclose(p.lost, bucket.lost[:-1], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(p.existing, bucket.initial_end[:-1], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(p.revenue, 3 * p.ending, rtol=1e-12)


def test_who_pays():
    by = {
        paying: project_subscribers([10, 20], Geometric(0.5), 1.0, paying=paying, base=[8], unit="year")
        for paying in ("start", "average", "end")
    }
    np.testing.assert_allclose(by["end"].existing_revenue, [4, 2])
    np.testing.assert_allclose(by["end"].future_revenue, [10, 25])
    np.testing.assert_allclose(by["start"].existing_revenue, [8, 4])
    np.testing.assert_allclose(by["start"].future_revenue, [0, 10])
    np.testing.assert_allclose(by["average"].revenue, (by["start"].revenue + by["end"].revenue) / 2)


def test_customers_whose_survival_is_below_the_smallest_number_leave():
    p = project_subscribers([0, 0], Exponential(1000.0), 1.0, paying="end", base=[1.0, 1.0], unit="year")
    np.testing.assert_array_equal(p.ending, [0, 0])
    assert p.lost.sum() == 2


def test_free_cash_flow_is_the_formula():
    firm = a_firm(
        capital_expenditure=0.08,
        depreciation=0.05,
        working_capital=0.1,
        last_revenue=900.0,
        other_investment=[1.0, 2.0],
    )
    flow = free_cash_flow(firm, money([1000.0, 1100.0], adds=[2, 3]))
    expected = [
        (1000 * 0.4 - 20 - 100) * 0.75 - 0.03 * 1000 - 0.1 * 100 - 1,
        (1100 * 0.4 - 20 - 150) * 0.75 - 0.03 * 1100 - 0.1 * 100 - 2,
    ]
    np.testing.assert_allclose(flow.total, expected, rtol=1e-13)
    parts = flow.table()
    inflow = parts["contribution"] - parts["acquisition_cost"] - parts["fixed_costs"]
    np.testing.assert_allclose(inflow - parts["tax"] - parts["investment"], parts["free_cash_flow"])


def test_what_tax_does_with_losses():
    income = [-100.0, 30.0, 90.0, -10.0, 30.0]
    taxes = {}
    for losses in ("refund", "carry_forward", "none"):
        firm = Firm(variable_cost=0, acquisition_cost=1, fixed_costs=0, tax=0.5, losses=losses)
        taxes[losses] = free_cash_flow(firm, money(np.array(income) + 100.0, adds=100.0)).tax
    np.testing.assert_allclose(taxes["refund"], [-50, 15, 45, -5, 15])
    np.testing.assert_allclose(taxes["carry_forward"], [0, 0, 10, 0, 10])
    np.testing.assert_allclose(taxes["none"], [0, 15, 45, 0, 15])


@given(
    losses=st.sampled_from(["refund", "carry_forward", "none"]),
    cash=st.sampled_from(["start", "middle", "end"]),
    terminal=st.sampled_from([None, 0.0, 0.01, -0.2]),
    fixed=st.sampled_from([0.0, 20.0, 300.0]),
    base=st.sampled_from([None, [5.0, 3.0]]),
)
def test_the_parts_add_up_to_operating_assets(losses, cash, terminal, fixed, base):
    firm = a_firm(losses=losses, fixed_costs=fixed, capital_expenditure=0.1, working_capital=0.2, last_revenue=10.0)
    p = project_subscribers(
        2 * 0.97 ** np.arange(60), ExponentialGamma(0.9, 8.0), 30.0, paying="average", base=base, unit="quarter"
    )
    value = shareholder_value(firm, p, WACC, cash=cash, terminal=terminal, season=4)
    total = sum(value.breakdown.values())
    np.testing.assert_allclose(total, value.operating_assets, rtol=1e-10, atol=1e-8)
    assert (value.breakdown["unrelieved_losses"] == 0) == (losses == "refund") or fixed < 300
    assert (value.existing_customers > 0) == (base is not None)
    row = value.table()
    assert {"adds", "lost", "ending", "revenue", "contribution", "acquisition_cost", "free_cash_flow"} < set(row)
    assert row["discounted"].sum() + value.remainder == pytest.approx(float(value.operating_assets), rel=1e-12)


def test_cash_at_the_start_is_worth_a_period_more():
    end, middle, start = (
        shareholder_value(a_firm(), TOY, WACC, cash=cash, terminal=0.0).operating_assets
        for cash in ("end", "middle", "start")
    )
    assert middle / end == pytest.approx(1.1**0.125, rel=1e-12)
    assert start / end == pytest.approx(1.1**0.25, rel=1e-12)


@pytest.mark.parametrize("cash", ["start", "middle", "end"])
@pytest.mark.parametrize("season", [1, 3])
def test_the_remainder_is_what_many_more_periods_bring(cash, season):
    growth, cycle = 0.01, np.array([100.0, 150.0, 130.0])
    firm = Firm(variable_cost=0.5, acquisition_cost=0, fixed_costs=0, tax=0.3, losses="refund")
    short = cycle[:season] if season > 1 else cycle[:1]
    long = np.concatenate([short * (1 + growth) ** (season * k) for k in range(2000 // season)])
    rate = Rate.annual(0.08)
    closed = shareholder_value(firm, money(short), rate, cash=cash, terminal=growth, season=season)
    summed = shareholder_value(firm, money(long), rate, cash=cash, terminal=None, season=season)
    assert closed.operating_assets == pytest.approx(float(summed.operating_assets), rel=1e-10)


def test_a_horizon_too_short_is_noted_and_the_tail_says_how_much():
    firm = Firm(variable_cost=0.5, acquisition_cost=0, fixed_costs=0, tax=0, losses="refund")
    value = shareholder_value(firm, money([100.0] * 5), WACC, cash="end", terminal=None)
    endless = shareholder_value(firm, money([100.0] * 5), WACC, cash="end", terminal=0.0)
    assert value.operating_assets + value.tail == pytest.approx(float(endless.operating_assets), rel=1e-13)
    assert endless.operating_assets == pytest.approx(500.0, rel=1e-13)
    assert "nothing counts after 5 years" in value.notes[0]
    assert "come after the last period" in endless.notes[0]
    assert "note: nothing" in repr(value)
    free = shareholder_value(firm, money([100.0] * 5), Rate.zero(), cash="end", terminal=None)
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
    p = project_subscribers(adds, ExponentialGamma(r, 8.0), 30.0, paying="average", base=[4, 2], unit="quarter")
    found = shareholder_value(firm, p, Rate.annual(wacc), cash="middle", terminal=0.0)
    assert found.per_share.shape == (3,)
    for i in range(3):
        one = attrs.evolve(firm, shares=shares[i, 0], net_debt=float(i + 1))
        p = project_subscribers(
            adds, ExponentialGamma(r[i, 0], 8.0), 30.0, paying="average", base=[4, 2], unit="quarter"
        )
        alone = shareholder_value(one, p, Rate.annual(wacc[i, 0]), cash="middle", terminal=0.0)
        np.testing.assert_allclose(found.per_share[i], alone.per_share, rtol=1e-12)
        for name, part in alone.breakdown.items():
            np.testing.assert_allclose(found.breakdown[name][i], part, rtol=1e-12)
    assert "mean of 3 draws" in repr(found)
    assert "over 12 quarters in 3 draws" in repr(found.projection)


def test_a_firm_is_a_value():
    assert a_firm(tax=[0.2, 0.3]) == a_firm(tax=[0.2, 0.3])
    assert a_firm() == attrs.evolve(a_firm(tax=0.1), tax=0.25)
    assert hash(a_firm()) == hash(a_firm())


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"variable_cost": 1.4}, "variable_cost must lie between 0 and 1"),
        ({"tax": -0.1}, "tax must lie between 0 and 1"),
        ({"acquisition_cost": -1}, "acquisition_cost must be >= 0"),
        ({"fixed_costs": np.nan}, "fixed_costs must be finite"),
        ({"losses": "ignored"}, "'carry_forward'"),
        ({"working_capital": 0.1}, "last_revenue is needed"),
        ({"shares": 0}, "shares must be > 0"),
    ],
)
def test_firms_that_cannot_be(changed, message):
    with pytest.raises(ParameterError, match=message):
        a_firm(**changed)


def test_arguments_are_checked():
    firm = a_firm()
    with pytest.raises(ParameterError, match="cash must be 'start', 'middle' or 'end'"):
        shareholder_value(firm, TOY, WACC, cash="mid", terminal=None)
    with pytest.raises(ParameterError, match="rate must be a Rate"):
        shareholder_value(firm, TOY, 0.1, cash="end", terminal=None)
    with pytest.raises(ParameterError, match="terminal growth must be below the rate"):
        shareholder_value(firm, TOY, WACC, cash="end", terminal=0.03)
    with pytest.raises(ParameterError, match="season must be at most the 200 periods"):
        shareholder_value(firm, TOY, WACC, cash="end", terminal=0.0, season=201)
    with pytest.raises(ParameterError, match="number of shares is not known"):
        _ = shareholder_value(firm, TOY, WACC, cash="end", terminal=None).per_share
    with pytest.raises(ParameterError, match="must broadcast"):
        shareholder_value(a_firm(fixed_costs=[1.0, 2.0]), TOY, WACC, cash="end", terminal=None)


def test_projections_are_checked():
    model = Geometric(0.1)
    with pytest.raises(ParameterError, match="paying must be 'start'"):
        project_subscribers([1.0], model, 1.0, paying="all", unit="year")
    with pytest.raises(ParameterError, match="does not know its unit of time"):
        project_subscribers([1.0], model, 1.0, paying="end")
    with pytest.raises(ParameterError, match="one number for each period ahead"):
        project_subscribers(5.0, model, 1.0, paying="end", unit="year")
    with pytest.raises(ParameterError, match="revenue must be one number or one for each of 2"):
        project_subscribers([1.0, 2.0], model, [1.0, 2.0, 3.0], paying="end", unit="year")
    with pytest.raises(ParameterError, match="model must be a RetentionModel"):
        project_subscribers([1.0], 0.8, 1.0, paying="end", unit="year")
    with pytest.raises(ParameterError, match="adds must be >= 0"):
        project_subscribers([-1.0], model, 1.0, paying="end", unit="year")
