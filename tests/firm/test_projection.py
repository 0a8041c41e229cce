"""Projections: subscribers against the leaky bucket; buyers by simulation, by integrals, against `clv_new`."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from strategies import log_uniform

from custvalue import Rate
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.rfm import RFM
from custvalue.firm.cash_flow import Firm
from custvalue.firm.projection import Projection, project_buyers, project_subscribers, purchases_by_age
from custvalue.firm.shareholder_value import shareholder_value
from custvalue.models.buying.beta_geo_nbd import BetaGeoNBD
from custvalue.models.buying.pareto_nbd import ParetoNBD
from custvalue.models.retention.exponential import Exponential
from custvalue.models.retention.geometric import Geometric
from custvalue.models.retention.shifted_beta_geo import ShiftedBetaGeo
from custvalue.models.spend.gamma_gamma import GammaGamma
from custvalue.value.base.leaky_bucket import project_customer_base
from custvalue.value.clv import clv_new

BUYING = BetaGeoNBD(r=0.243, alpha=4.414, a=0.793, b=2.426, unit="week")
SPEND = GammaGamma(6.25, 3.74, 15.44)
RFMS = RFM(x=[0, 3, 7], t_x=[0.0, 20.0, 30.0], T=[39.0, 35.0, 31.0], m=[0.0, 40.0, 22.0], unit="week")


@given(alpha=log_uniform(0.1, 10.0), beta=log_uniform(0.1, 30.0), seed=st.integers(0, 99))
def test_subscribers_are_those_of_the_leaky_bucket_one_period_later(alpha, beta, seed):
    rng = np.random.default_rng(seed)
    model, adds, base = ShiftedBetaGeo(alpha, beta), rng.uniform(0, 50, 12), rng.uniform(0, 50, 5)
    p = project_subscribers(model, adds, revenue=3.0, paying="end", base=base, unit="month")
    bucket = project_customer_base(model, np.concatenate([[0.0], adds]), base=base)
    np.testing.assert_allclose(p.ending, bucket.active[1:], rtol=1e-11)
    np.testing.assert_allclose(p.lost, bucket.lost[:-1], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(p.existing, bucket.initial_end[:-1], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(p.revenue, 3 * p.ending, rtol=1e-12)


def test_who_pays():
    by = {
        paying: project_subscribers(Geometric(0.5), [10, 20], revenue=1.0, paying=paying, base=[8], unit="year")
        for paying in ("start", "average", "end")
    }
    np.testing.assert_allclose(by["end"].existing_revenue, [4, 2])
    np.testing.assert_allclose(by["end"].future_revenue, [10, 25])
    np.testing.assert_allclose(by["start"].existing_revenue, [8, 4])
    np.testing.assert_allclose(by["start"].future_revenue, [0, 10])
    np.testing.assert_allclose(by["average"].revenue, (by["start"].revenue + by["end"].revenue) / 2)


def test_customers_whose_survival_is_below_the_smallest_number_leave():
    p = project_subscribers(Exponential(1000.0), [0, 0], revenue=1.0, paying="end", base=[1.0, 1.0], unit="year")
    np.testing.assert_array_equal(p.ending, [0, 0])
    assert p.lost.sum() == 2


def test_a_projection_comes_back_from_json():
    p = project_subscribers(Geometric(0.5), [10, 20], revenue=1.0, paying="end", base=[8], unit="year")
    again = Projection.from_json(p.to_json())
    assert (again.unit, again.horizon, again.orders) == ("year", 2, None)
    for name, column in p.table().items():
        np.testing.assert_array_equal(again.table()[name], column)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"paying": "all"}, "paying must be 'start'"),
        ({"unit": "month"}, "unit must be the model's, 'year'; got 'month'"),
        ({"acquired": 5.0}, "acquired must be one number for each period ahead"),
        ({"acquired": [-1.0]}, "acquired must be >= 0"),
        ({"revenue": [1.0, 2.0, 3.0]}, "revenue must be one number or one for each of 2"),
        ({"retention": 0.8}, "model must be a RetentionModel"),
    ],
)
def test_what_cannot_be_is_refused(changed, message):
    given_ = {"retention": Geometric(0.1, unit="year"), "acquired": [1.0, 2.0], "revenue": 1.0, "paying": "end"}
    with pytest.raises(ParameterError, match=message):
        project_subscribers(**(given_ | {"unit": "year"} | changed))


def test_purchases_by_age_are_integrals_over_the_moment_of_acquisition():
    week = 365.25 / 4 / 7
    found = purchases_by_age(BUYING, 4, week)
    first = 1 + quad(lambda u: float(BUYING.expected_purchases_new(week * (1 - u))), 0, 1, epsabs=1e-12)[0]
    later = [
        quad(lambda u, j=j: float(BUYING.expected_purchases_new(week, after=week * (j - u))), 0, 1, epsabs=1e-12)[0]
        for j in (1, 2, 3)
    ]
    np.testing.assert_allclose(found, [first, *later], rtol=1e-8)
    assert purchases_by_age(BUYING, 1, week).shape == (1,)


def test_orders_are_those_of_simulated_customers():
    rng, many = np.random.default_rng(1), 40_000
    ages = 26 - rng.uniform(0, 13, many)  # acquired in the first of two quarters of 13 weeks
    log = BUYING.simulate_log(ages, rng=rng)
    when = 26 - ages[log["customer_id"]] + log["time"]
    counted = [(when <= 13).sum() / many, (when > 13).sum() / many]
    week = purchases_by_age(BUYING, 2, 13.0)
    np.testing.assert_allclose(week, counted, rtol=0.02)


def test_cohorts_add_up():
    alone = project_buyers(BUYING, [100.0, 0.0, 0.0], spend=10.0, unit="quarter").orders
    both = project_buyers(BUYING, [100.0, 50.0, 0.0], spend=10.0, unit="quarter")
    np.testing.assert_allclose(both.orders, alone + np.array([0, *alone[:-1]]) / 2)
    np.testing.assert_allclose(both.future_revenue, 10 * both.orders)
    based = project_buyers(BUYING, [0.0, 0.0], spend=10.0, base=[100.0], unit="quarter")
    np.testing.assert_allclose(based.orders, alone[1:])
    np.testing.assert_allclose(based.existing_revenue, 10 * alone[1:])
    older = project_buyers(BUYING, [0.0], spend=10.0, base=[0.0, 100.0], unit="quarter")
    np.testing.assert_allclose(older.orders, alone[2:])


def test_histories_are_the_base_with_their_own_spend():
    p = project_buyers(BUYING, np.zeros(8), spend=SPEND, base=RFMS, unit="quarter")
    week = 365.25 / 28
    bought = BUYING.expected_purchases(RFMS, 8 * week)
    assert p.orders.sum() == pytest.approx(bought.sum(), rel=1e-9)
    assert p.existing_revenue.sum() == pytest.approx((bought * SPEND.expected_spend(RFMS)).sum(), rel=1e-9)
    assert p.future_revenue.sum() == 0
    fixed = project_buyers(BUYING, np.zeros(8), spend=5.0, base=RFMS, unit="quarter")
    np.testing.assert_allclose(fixed.existing_revenue, 5 * p.orders)


def test_customers_acquired_at_their_value_add_nothing():
    """By the week the value of a cohort is that of a new customer, but for the moment of acquisition in its week."""
    rate, weeks = Rate.annual(0.15), 52 * 12
    worth = float(clv_new(BUYING, SPEND, rate=rate, years=weeks * 7 / 365.25, margin=0.3))
    firm = Firm(variable_cost=0.7, acquisition_cost=worth, fixed_costs=0, tax=0, losses="refund")
    p = project_buyers(BUYING, np.eye(1, weeks)[0], spend=SPEND, unit="week")
    value = shareholder_value(firm, p, rate=rate, timing="middle", terminal=None)
    assert abs(value.future_customers) < 0.002 * worth


def test_draws_are_rows_of_one_by_one():
    r = np.array([[0.2], [0.4]])
    many = project_buyers(
        ParetoNBD(r, 10.0, 0.6, 11.0, unit="week"), [10.0, 20.0], spend=SPEND, base=[5.0], unit="month"
    )
    assert many.revenue.shape == (2, 2)
    for i in range(2):
        model = ParetoNBD(r[i, 0], 10.0, 0.6, 11.0, unit="week")
        one = project_buyers(model, [10.0, 20.0], spend=SPEND, base=[5.0], unit="month")
        np.testing.assert_allclose(many.revenue[i], one.revenue, rtol=1e-11)
    with_rows = project_buyers(ParetoNBD(r, 10.0, 0.6, 11.0, unit="week"), [10.0], spend=SPEND, base=RFMS, unit="month")
    assert with_rows.existing_revenue.shape == (2, 1)


def test_arguments_are_checked():
    with pytest.raises(ParameterError, match="buying must be a model of buying"):
        project_buyers(SPEND, [1.0], spend=1.0, unit="month")
    with pytest.raises(ParameterError, match="does not know its unit of time"):
        project_buyers(BetaGeoNBD(0.2, 4.0, 0.8, 2.4), [1.0], spend=1.0, unit="month")
    with pytest.raises(ParameterError, match="spend must be one number or one for each of 1"):
        project_buyers(BUYING, [1.0], spend=[1.0, 2.0], unit="month")
    with pytest.raises(ParameterError, match="unit must be one of"):
        project_buyers(BUYING, [1.0], spend=1.0, unit="fortnight")
    monthly = RFM(x=[0], t_x=[0.0], T=[3.0], m=[0.0], unit="month")
    with pytest.raises(DataError, match="fitted in weeks"):
        project_buyers(BUYING, [1.0], spend=1.0, base=monthly, unit="month")
