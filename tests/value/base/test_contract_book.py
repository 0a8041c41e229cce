import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import log_uniform

from custvalue import DataError, ParameterError, Rate
from custvalue.evidence.tenures import Tenures
from custvalue.models.retention.exponential_gamma import ExponentialGamma
from custvalue.models.retention.geometric import Geometric
from custvalue.models.retention.shifted_beta_geo import ShiftedBetaGeo
from custvalue.models.retention.split_population import SplitPopulation
from custvalue.value.base.contract_book import contract_value, value_of_retention_point
from custvalue.value.base.leaky_bucket import project_customer_base

TEN = Rate.annual(0.10)
FADER_HARDIE = [[10000, 8000, 6480, 5307, 4391], [10000, 8000, 6480, 5307], [10000, 8000, 6480], [10000, 8000]]
BOOK = Tenures([3, 0, 2, 3], [0, 0, 1, 0], weights=[2, 1, 5, 1], unit="year", by_period=True)
MODEL = ShiftedBetaGeo(0.668, 3.806)


def test_the_perils_of_ignoring_heterogeneity():
    """Fader & Hardie (2010): 34,178 customers, the cohort just won among them, expect 120,497 discounted years."""
    fitted = ShiftedBetaGeo.fit(Tenures.from_cohorts(FADER_HARDIE, unit="year")).model
    assert fitted.parameters == pytest.approx({"alpha": 3.798, "beta": 15.192}, abs=2e-3)
    book = Tenures.from_cohorts([*FADER_HARDIE, [10000]], unit="year")
    assert book.weights[~book.ended].sum() == 34_178
    years = contract_value(ShiftedBetaGeo(3.80, 15.19), book, TEN, margin=1.0, timing="now").sum()
    assert years == pytest.approx(120_496.6, abs=0.05)
    assert contract_value(fitted, book, TEN, margin=1.0, timing="now").sum() == pytest.approx(years, rel=1e-3)


def test_rows_are_worth_their_residual_lifetimes():
    worth = contract_value(MODEL, BOOK, TEN, margin=[10.0, 20, 30, 40], timing="next", horizon=5)
    ahead = MODEL.discounted_expected_residual_lifetime([3, 0, 3], TEN, "next", 5)
    np.testing.assert_allclose(worth, [20 * ahead[0], 20 * ahead[1], 0, 40 * ahead[2]], rtol=1e-14)


def test_scenarios_and_draws():
    margins = np.array([[1.0], [2.0]])
    assert contract_value(MODEL, BOOK, TEN, margin=margins, timing="now").shape == (2, 4)
    draws = ShiftedBetaGeo([[0.6], [0.7], [0.8]], 3.806)
    worth = contract_value(draws, BOOK, TEN, margin=5.0, timing="now")
    assert worth.shape == (3, 4)
    np.testing.assert_allclose(
        worth[1], contract_value(ShiftedBetaGeo(0.7, 3.806), BOOK, TEN, margin=5.0, timing="now"), rtol=1e-12
    )
    assert value_of_retention_point(draws, BOOK, TEN, margin=5.0, timing="now").shape == (3, 4)
    rates = Rate.annual([[0.05], [0.1]])
    gains = value_of_retention_point(MODEL, BOOK, rates, margin=5.0, timing="now")
    np.testing.assert_allclose(
        gains[1], value_of_retention_point(MODEL, BOOK, TEN, margin=5.0, timing="now"), rtol=1e-10
    )


def test_infinite_values():
    split = SplitPopulation(Geometric(0.2), 0.1)
    worth = contract_value(split, BOOK, Rate.zero(), margin=[1.0, 0, 1, 1], timing="now")
    assert worth.tolist() == [np.inf, 0, 0, np.inf]


def test_continuous_time():
    book = Tenures([2.5, 7], [0, 1], unit="month")
    model = ExponentialGamma(1.5, 20.0, unit="month")
    flow = contract_value(model, book, TEN, margin=30.0, timing="continuous")
    expected = 30 * model.discounted_expected_residual_lifetime(2.5, TEN, "continuous")
    assert flow.tolist() == [pytest.approx(float(expected), rel=1e-14), 0]
    gain = value_of_retention_point(model, book, TEN, margin=30.0, timing="next")
    assert gain[0] > 0
    assert gain[1] == 0


def test_a_model_without_a_unit_takes_the_book_s():
    monthly = Tenures([3], [0], unit="month", by_period=True)
    known = contract_value(ShiftedBetaGeo(0.668, 3.806, unit="month"), monthly, TEN, margin=1.0, timing="now")
    assert contract_value(MODEL, monthly, TEN, margin=1.0, timing="now") == known


def test_the_book_s_value_is_that_of_its_projection():
    """Payments of those who renew, period by period, discounted."""
    worth = contract_value(MODEL, BOOK, TEN, margin=10.0, timing="next", horizon=20).sum()
    left = project_customer_base(0, MODEL, 20, initial=BOOK).end
    assert worth == pytest.approx(float((10 * left * 1.1 ** -np.arange(1, 21)).sum()), rel=1e-12)


rates = st.floats(0.01, 0.3).map(Rate.annual)
points = st.sampled_from([0.01, 0.05, -0.01, 1e-6, 0.0])


@given(log_uniform(0.02, 0.9), rates, points, st.sampled_from(["now", "next"]), st.sampled_from([None, 1, 7]))
def test_a_point_of_constant_retention(theta, rate, points, timing, horizon):
    """Against the closed form."""
    better = min(max(theta - points, 1e-12), 1 - 1e-12)
    worth = [
        contract_value(Geometric(q), BOOK, rate, margin=7.0, timing=timing, horizon=horizon) for q in (better, theta)
    ]
    gain = value_of_retention_point(
        Geometric(theta), BOOK, rate, margin=7.0, timing=timing, points=points, horizon=horizon
    )
    if points < theta:
        np.testing.assert_allclose(gain, worth[0] - worth[1], rtol=1e-8, atol=1e-8)


@given(log_uniform(0.1, 20.0), log_uniform(0.1, 20.0), rates)
def test_a_small_point_is_the_slope(alpha, beta, rate):
    """Raising all rates by the same factor is the elasticity; by the same points, less or more of each."""
    model = ShiftedBetaGeo(alpha, beta)
    book = Tenures([4], [0], unit="year", by_period=True)
    gain = value_of_retention_point(model, book, rate, margin=1.0, timing="now", points=1e-7, horizon=30)[0] / 1e-7
    j = np.arange(1, 31)
    stays, retention = 1 - model.churn_probability(4, j), model.retention_rate(4 + j)
    expected = (stays * rate.discount(j - 1) * np.cumsum(1 / retention)).sum()
    assert gain == pytest.approx(float(expected), rel=1e-4)


def test_retention_cannot_exceed_one():
    """With every rate raised to 1 customers pay for ever."""
    gain = value_of_retention_point(Geometric(0.3), BOOK, TEN, margin=1.0, timing="next", points=1.0)
    stays = contract_value(Geometric(0.3), BOOK, TEN, margin=1.0, timing="next")
    np.testing.assert_allclose(gain + stays, [20, 10, 0, 10], rtol=1e-12)


def test_what_is_refused():
    with pytest.raises(ParameterError, match="rate must be a Rate"):
        contract_value(MODEL, BOOK, 0.1, margin=1.0, timing="now")
    with pytest.raises(ParameterError, match="timing must be"):
        contract_value(MODEL, BOOK, TEN, margin=1.0, timing="continuous")
    with pytest.raises(ParameterError, match="'now' or 'next', as retention rates are of renewals"):
        value_of_retention_point(MODEL, BOOK, TEN, margin=1.0, timing="continuous")
    with pytest.raises(ParameterError, match=r"one per row \(4\); got shape \(3,\)"):
        contract_value(MODEL, BOOK, TEN, margin=[1.0, 2, 3], timing="now")
    with pytest.raises(ParameterError, match="margin must be finite"):
        contract_value(MODEL, BOOK, TEN, margin=np.nan, timing="now")
    with pytest.raises(DataError, match="must be Tenures, not a list"):
        contract_value(MODEL, [1, 2], TEN, margin=1.0, timing="now")
    with pytest.raises(ParameterError, match=r"give its model, fit\.model"):
        contract_value(
            ShiftedBetaGeo.fit(Tenures.from_cohorts(FADER_HARDIE, unit="year")), BOOK, TEN, margin=1.0, timing="now"
        )
    with pytest.raises((DataError, ParameterError), match="month"):
        contract_value(ShiftedBetaGeo(1, 1, unit="month"), BOOK, TEN, margin=1.0, timing="now")
    with pytest.raises(ParameterError, match="give a horizon"):
        value_of_retention_point(MODEL, BOOK, Rate.zero(), margin=1.0, timing="now")
    with pytest.raises(ParameterError, match="renewals still count"):
        value_of_retention_point(MODEL, BOOK, Rate.annual(1e-5), margin=1.0, timing="now")
    with pytest.raises(ParameterError, match="horizon must be a whole number"):
        value_of_retention_point(MODEL, BOOK, TEN, margin=1.0, timing="now", horizon=1.5)
    with pytest.raises(ParameterError, match="rates must be one for all rows"):
        value_of_retention_point(MODEL, BOOK, Rate.annual([0.1, 0.2]), margin=1.0, timing="now")


def test_no_discount_with_a_horizon():
    gain = value_of_retention_point(Geometric(0.5), BOOK, Rate.zero(), margin=1.0, timing="now", horizon=2, points=0.1)
    np.testing.assert_allclose(gain, [2 * (0.6 + 0.36 - 0.75), 0.21, 0, 0.21], rtol=1e-12)


def test_a_retention_point_is_one_number_for_all():
    """Parameters per customer, or points per renewal, would be taken for those of the renewals."""
    arguments = {"margin": 1.0, "timing": "next", "horizon": 4}
    with pytest.raises(ParameterError, match="not one per customer"):
        value_of_retention_point(ShiftedBetaGeo([0.6, 0.7, 0.8, 0.9], 3.8), BOOK, TEN, **arguments)
    with pytest.raises(ParameterError, match=r"points must be one number.*\(4,\)"):
        value_of_retention_point(MODEL, BOOK, TEN, points=[0.01] * 4, **arguments)
    with pytest.raises(ParameterError, match="horizon must be a whole number"):
        value_of_retention_point(MODEL, BOOK, TEN, **{**arguments, "horizon": True})
    assert value_of_retention_point(MODEL, BOOK[:0], TEN, **arguments).shape == (0,)
