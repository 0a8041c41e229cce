"""The Weibull acquisition process: sums, limits, newcomers' clocks, covariates, draws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from strategies import log_uniform

from custvalue.errors import ParameterError
from custvalue.firm.acquisition import WeibullAcquisition


def directly(population, rate, shape, share, growth, hazard, periods):
    """Adds pool by pool and period by period, as the paper writes them."""
    found = np.zeros(periods)
    size = [population]
    for _ in range(periods):
        size.append(size[-1] * (1 + growth))
    pools = [population, *np.diff(size)]
    for formed in range(periods):
        cumulated = 0.0
        for t in range(formed + 1, periods + 1):
            before = cumulated
            age = t - formed
            cumulated += (age**shape - (age - 1) ** shape) * hazard[t - 1]
            found[t - 1] += pools[formed] * share * (np.exp(-rate * before) - np.exp(-rate * cumulated))
    return found


@given(
    rate=log_uniform(1e-4, 2.0),
    shape=log_uniform(0.3, 3.0),
    share=log_uniform(0.01, 1.0),
    growth=log_uniform(1e-6, 0.2),
)
def test_adds_are_those_of_every_pool(rate, shape, share, growth):
    acquisition = WeibullAcquisition(1000.0, rate, shape, share, growth=growth)
    expected = directly(1000.0, rate, shape, share, growth, np.ones(15), 15)
    np.testing.assert_allclose(acquisition.expected_acquired(15), expected, rtol=1e-9, atol=1e-9)


def test_covariates_multiply_the_hazard():
    seasons = np.eye(4)[np.arange(16) % 4][:, 1:]
    acquisition = WeibullAcquisition(500.0, 0.05, 1.4, 0.6, growth=0.01, effects=[0.3, -0.2, 0.8])
    hazard = np.exp(seasons @ [0.3, -0.2, 0.8])
    expected = directly(500.0, 0.05, 1.4, 0.6, 0.01, hazard, 16)
    np.testing.assert_allclose(acquisition.expected_acquired(16, covariates=seasons), expected, rtol=1e-12)


def test_without_growth_all_who_may_be_won_are_won_in_the_end():
    acquisition = WeibullAcquisition(1e6, 0.3, 0.9, share=0.25)
    assert acquisition.expected_acquired(400).sum() == pytest.approx(0.25e6, rel=1e-12)


def test_effects_of_zero_change_nothing():
    plain = WeibullAcquisition(500.0, 0.05, 1.4, 0.6, growth=0.01)
    covariates = np.arange(24.0).reshape(12, 2)
    same = WeibullAcquisition(500.0, 0.05, 1.4, 0.6, growth=0.01, effects=[0.0, 0.0])
    np.testing.assert_allclose(
        same.expected_acquired(12, covariates=covariates), plain.expected_acquired(12), rtol=1e-13
    )


def test_later_periods_are_the_end_of_more():
    acquisition = WeibullAcquisition(500.0, 0.05, 1.4, 0.6, growth=0.01)
    np.testing.assert_array_equal(acquisition.expected_acquired(5, after=7), acquisition.expected_acquired(12)[7:])
    assert acquisition.expected_acquired(0).shape == (0,)
    assert acquisition.expected_acquired(1).shape == (1,)


def test_growth_may_be_a_path_and_newcomers_wait_a_period():
    burst = WeibullAcquisition(100.0, 50.0, 1.0, growth=[1.0, 0.0, 0.0])
    np.testing.assert_allclose(burst.expected_acquired(3), [100.0, 100.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(burst.prospects(3), [200.0, 200.0, 200.0])
    steady = WeibullAcquisition(100.0, 0.2, 1.3, growth=0.03)
    path = WeibullAcquisition(100.0, 0.2, 1.3, growth=np.full(9, 0.03))
    np.testing.assert_allclose(path.expected_acquired(9), steady.expected_acquired(9), rtol=1e-13)


def test_draws_are_rows_of_one_by_one():
    rates, effects = np.array([[0.02], [0.1], [0.4]]), np.array([[0.1, 0.2], [0.0, 0.5], [-1.0, 1.0]])
    covariates = np.eye(3)[np.arange(10) % 3][:, 1:]
    together = WeibullAcquisition(100.0, rates, [[0.8], [1.0], [2.0]], growth=0.02, effects=effects)
    found = together.expected_acquired(10, covariates=covariates)
    for i in range(3):
        alone = WeibullAcquisition(100.0, rates[i, 0], [0.8, 1.0, 2.0][i], growth=0.02, effects=effects[i])
        np.testing.assert_allclose(found[i], alone.expected_acquired(10, covariates=covariates), rtol=1e-13)


def test_extremes_have_no_nan():
    for rate in (1e-300, 1e-8, 700.0, 1e300):
        adds = WeibullAcquisition(100.0, rate, 3.0, growth=0.01).expected_acquired(50)
        assert np.isfinite(adds).all()
        assert (adds >= 0).all()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"share": 1.2}, "0 < share <= 1"),
        ({"rate": 0.0}, "rate must be positive"),
        ({"growth": -0.1}, "growth must be >= 0"),
        ({"growth": np.nan}, "growth must be finite"),
        ({"effects": 0.5}, "one number per covariate"),
        ({"rate": [0.1, 0.2]}, r"draws of shape \(draws, 1\)"),
    ],
)
def test_what_cannot_be_is_refused(changed, message):
    with pytest.raises(ParameterError, match=message):
        WeibullAcquisition(**({"population": 100.0, "rate": 0.1, "shape": 1.0} | changed))


def test_periods_and_covariates_must_fit():
    seasonal = WeibullAcquisition(100.0, 0.1, 1.0, effects=[0.5])
    with pytest.raises(ParameterError, match="one row per period since launch, for 1 effects"):
        seasonal.expected_acquired(3)
    with pytest.raises(ParameterError, match="at least one row for each of 5"):
        seasonal.expected_acquired(3, after=2, covariates=np.ones((4, 1)))
    with pytest.raises(ParameterError, match="one column for each of 0 effects"):
        WeibullAcquisition(100.0, 0.1, 1.0).expected_acquired(2, covariates=np.ones((2, 1)))
    with pytest.raises(
        ParameterError, match="growth must be one number, or one for each of 3 periods since launch; got 2"
    ):
        WeibullAcquisition(100.0, 0.1, 1.0, growth=[0.1, 0.1]).expected_acquired(3)
    with pytest.raises(ParameterError, match="horizon must be a whole number"):
        seasonal.expected_acquired(2.5)
