"""A subscription firm since its launch: what it expects, projects and discloses."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from custvalue.errors import ParameterError
from custvalue.firm.acquisition import WeibullAcquisition
from custvalue.firm.subscriber_model import SubscriberModel
from custvalue.models.retention.exponential_gamma import ExponentialGamma


def a_model(elapsed=9, unit="month", **changed):
    given = {
        "acquisition": WeibullAcquisition(5e6, 4e-3, 1.6, share=0.3, growth=0.002),
        "retention": ExponentialGamma(1.2, 9.0),
        "revenue": 30.0,
        "elapsed": elapsed,
        "unit": unit,
    }
    return SubscriberModel(**(given | changed))


def test_simulated_months_add_up_to_quarters():
    model = a_model(elapsed=9, unit="month")
    months = model.simulate(rng=4)
    quarters = model.simulate(rng=4, reported="quarter")
    np.testing.assert_allclose(quarters.adds, months.adds.reshape(3, 3).sum(axis=1))
    np.testing.assert_allclose(quarters.losses, months.losses.reshape(3, 3).sum(axis=1))
    np.testing.assert_allclose(quarters.ending, months.ending[2::3])
    np.testing.assert_allclose(quarters.revenue, months.revenue.reshape(3, 3).sum(axis=1))


def test_the_projection_goes_on_where_the_expectation_ends():
    for paying in ("start", "average", "end"):
        model = a_model(paying=paying)
        acquired, lost, ending = model.expected(14)
        ahead = model.project(5)
        np.testing.assert_allclose(ahead.acquired, acquired[9:], rtol=1e-12)
        np.testing.assert_allclose(ahead.lost, lost[9:], rtol=1e-9)
        np.testing.assert_allclose(ahead.ending, ending[9:], rtol=1e-12)
    np.testing.assert_allclose(ahead.revenue, 30 * ending[9:], rtol=1e-12)


def test_customers_observed_to_be_acquired_replace_expectations():
    plain = a_model()
    spans = attrs.evolve(plain, acquired=[1e4, np.nan, 3e4])
    found, expected = spans.acquired_so_far(), plain.acquired_so_far()
    np.testing.assert_allclose(found.reshape(3, 3).sum(axis=1)[[0, 2]], [1e4, 3e4])
    np.testing.assert_allclose(found[3:6], expected[3:6])
    np.testing.assert_allclose(found[:3] / found[0], expected[:3] / expected[0])


def test_parameters_come_back_with_others():
    model = a_model(revenue_growth=0.01, customers=5e4)
    changed = {"share": 0.5, "r": 2.0, "revenue": 5.0}
    again = model.with_parameters(changed)
    assert again.parameters == model.parameters | changed
    assert set(model.transforms) == set(model.parameters)
    assert again.with_parameters(model.parameters) == model


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"acquired": [1.0, 2.0]}, "acquired must be one number for each of equal spans"),
        ({"elapsed": 0}, "elapsed must be a whole number >= 1"),
        ({"unit": "year", "retention": ExponentialGamma(1.2, 9.0, unit="month")}, "unit must be the model's"),
        ({"paying": "all"}, "paying must be 'start'"),
        ({"revenue_growth": -1.0}, "revenue_growth must be > -1"),
    ],
)
def test_what_cannot_be_is_refused(changed, message):
    with pytest.raises(ParameterError, match=message):
        a_model(**changed)


def test_simulations_need_numbers_and_whole_reported_periods():
    with pytest.raises(ParameterError, match="elapsed must be whole quarters"):
        a_model(elapsed=10).simulate(rng=1, reported="quarter")
    with pytest.raises(ParameterError, match="numbers, not draws"):
        a_model(revenue=[[1.0]]).simulate(rng=1)
    with pytest.raises(ParameterError, match="revenue must be known"):
        a_model(revenue=np.nan).project(3)
