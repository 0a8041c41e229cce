import numpy as np
import pytest

from custvalue import DataError, ParameterError, Rate
from custvalue.evidence.tenures import Tenures
from custvalue.models.retention.exponential_gamma import ExponentialGamma
from custvalue.models.retention.geometric import Geometric
from custvalue.models.retention.shifted_beta_geo import ShiftedBetaGeo
from custvalue.models.retention.split_population import SplitPopulation
from custvalue.value.base.contract_book import contract_value
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
    years = contract_value(ShiftedBetaGeo(3.80, 15.19), book, rate=TEN, margin=1.0, timing="now").sum()
    assert years == pytest.approx(120_496.6, abs=0.05)
    assert contract_value(fitted, book, rate=TEN, margin=1.0, timing="now").sum() == pytest.approx(years, rel=1e-3)


def test_rows_are_worth_their_residual_lifetimes():
    worth = contract_value(MODEL, BOOK, rate=TEN, margin=[10.0, 20, 30, 40], timing="next", horizon=5)
    ahead = MODEL.discounted_expected_residual_lifetime([3, 0, 3], TEN, timing="next", horizon=5)
    np.testing.assert_allclose(worth, [20 * ahead[0], 20 * ahead[1], 0, 40 * ahead[2]], rtol=1e-14)


def test_scenarios_and_draws():
    margins = np.array([[1.0], [2.0]])
    assert contract_value(MODEL, BOOK, rate=TEN, margin=margins, timing="now").shape == (2, 4)
    draws = ShiftedBetaGeo([[0.6], [0.7], [0.8]], 3.806)
    worth = contract_value(draws, BOOK, rate=TEN, margin=5.0, timing="now")
    assert worth.shape == (3, 4)
    np.testing.assert_allclose(
        worth[1], contract_value(ShiftedBetaGeo(0.7, 3.806), BOOK, rate=TEN, margin=5.0, timing="now"), rtol=1e-12
    )


def test_infinite_values():
    split = SplitPopulation(Geometric(0.2), 0.1)
    worth = contract_value(split, BOOK, rate=Rate.zero(), margin=[1.0, 0, 1, 1], timing="now")
    assert worth.tolist() == [np.inf, 0, 0, np.inf]


def test_continuous_time():
    book = Tenures([2.5, 7], [0, 1], unit="month")
    model = ExponentialGamma(1.5, 20.0, unit="month")
    flow = contract_value(model, book, rate=TEN, margin=30.0, timing="continuous")
    expected = 30 * model.discounted_expected_residual_lifetime(2.5, TEN, timing="continuous")
    assert flow.tolist() == [pytest.approx(float(expected), rel=1e-14), 0]


def test_a_model_without_a_unit_takes_the_book_s():
    monthly = Tenures([3], [0], unit="month", by_period=True)
    known = contract_value(ShiftedBetaGeo(0.668, 3.806, unit="month"), monthly, rate=TEN, margin=1.0, timing="now")
    assert contract_value(MODEL, monthly, rate=TEN, margin=1.0, timing="now") == known


def test_the_book_s_value_is_that_of_its_projection():
    """Payments of those who renew, period by period, discounted."""
    worth = contract_value(MODEL, BOOK, rate=TEN, margin=10.0, timing="next", horizon=20).sum()
    left = project_customer_base(MODEL, 0, horizon=20, base=BOOK).end
    assert worth == pytest.approx(float((10 * left * 1.1 ** -np.arange(1, 21)).sum()), rel=1e-12)


def test_what_is_refused():
    with pytest.raises(ParameterError, match="rate must be a Rate"):
        contract_value(MODEL, BOOK, rate=0.1, margin=1.0, timing="now")
    with pytest.raises(ParameterError, match="timing must be"):
        contract_value(MODEL, BOOK, rate=TEN, margin=1.0, timing="continuous")
    with pytest.raises(ParameterError, match=r"one per row \(4\); got shape \(3,\)"):
        contract_value(MODEL, BOOK, rate=TEN, margin=[1.0, 2, 3], timing="now")
    with pytest.raises(ParameterError, match="margin must be finite"):
        contract_value(MODEL, BOOK, rate=TEN, margin=np.nan, timing="now")
    with pytest.raises(DataError, match="must be Tenures, not a list"):
        contract_value(MODEL, [1, 2], rate=TEN, margin=1.0, timing="now")
    with pytest.raises(ParameterError, match=r"give its model, fit\.model"):
        contract_value(
            ShiftedBetaGeo.fit(Tenures.from_cohorts(FADER_HARDIE, unit="year")),
            BOOK,
            rate=TEN,
            margin=1.0,
            timing="now",
        )
    with pytest.raises((DataError, ParameterError), match="month"):
        contract_value(ShiftedBetaGeo(1, 1, unit="month"), BOOK, rate=TEN, margin=1.0, timing="now")
