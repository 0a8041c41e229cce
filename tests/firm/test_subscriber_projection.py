"""Projections of subscribers: against the leaky bucket, who pays, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import log_uniform

from custvalue.errors import ParameterError
from custvalue.firm.subscriber_projection import Projection, project_subscribers
from custvalue.models.retention.exponential import Exponential
from custvalue.models.retention.geometric import Geometric
from custvalue.models.retention.shifted_beta_geo import ShiftedBetaGeo
from custvalue.value.base.leaky_bucket import project_customer_base


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
