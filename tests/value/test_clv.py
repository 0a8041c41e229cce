"""Customer lifetime value against simulation, hand calculation and the limits."""

import numpy as np
import pytest

import custvalue as cv

BUYING = cv.BetaGeoNBD(r=0.8, alpha=6.0, a=0.9, b=3.0, unit="week")
SPEND = cv.GammaGamma(p=6.25, q=3.74, v=15.44)
WEEKS = 365.25 / 7


def simulated_value(rng: np.random.Generator, n: int, years: float, rate: cv.Rate) -> tuple[float, float]:
    """Mean and standard error of the discounted revenue of new customers, purchase by purchase."""
    rate_of = rng.gamma(0.8, 1 / 6.0, n)
    leaves = rng.beta(0.9, 3.0, n)
    typical = rng.gamma(3.74, 1 / 15.44, n)
    value, time, alive = np.zeros(n), np.zeros(n), np.ones(n, dtype=bool)
    bought = alive.copy()
    while bought.any():
        amount = rng.gamma(6.25, 1.0, n) / typical
        value += np.where(bought, amount * rate.discount(time, "week"), 0.0)
        alive &= bought & ((time == 0) | (rng.random(n) >= leaves))
        time = time + rng.exponential(1.0, n) / rate_of
        bought = alive & (time <= years * WEEKS)
    return float(value.mean()), float(value.std() / np.sqrt(n))


@pytest.mark.parametrize(("years", "annual"), [(1.0, 0.10), (5.0, 0.25)])
def test_a_new_customer_is_worth_what_simulation_says(years: float, annual: float) -> None:
    rate = cv.Rate.annual(annual)
    mean, error = simulated_value(np.random.default_rng(11), 200_000, years, rate)
    exact = float(cv.clv_new(BUYING, SPEND, rate=rate, years=years))
    assert abs(exact - mean) < 4 * error


def test_a_purchase_is_discounted_from_its_own_time() -> None:
    """In a short span the value is margin x spend x purchases, discounted by half the span on average."""
    rfm = cv.RFM(3, 20.0, 22.0, m=30.0, unit="week")
    rate = cv.Rate.continuous(0.5)
    years = 1e-3
    undiscounted = BUYING.expected_purchases(rfm, years * WEEKS) * SPEND.expected_spend(rfm) * 0.4
    value = cv.clv(BUYING, SPEND, rfm, rate=rate, years=years, margin=0.4)
    assert float(value / undiscounted) == pytest.approx(np.exp(-0.5 * years / 2), rel=1e-6)


def test_the_margin_is_all_of_revenue_unless_said() -> None:
    rfm = cv.RFM(3, 20.0, 22.0, m=30.0, unit="week")
    terms = {"rate": cv.Rate.annual(0.1), "years": 3}
    assert cv.clv(BUYING, SPEND, rfm, **terms) == cv.clv(BUYING, SPEND, rfm, margin=1.0, **terms)
    assert cv.clv_new(BUYING, SPEND, **terms) == cv.clv_new(BUYING, SPEND, margin=1.0, **terms)


def test_units_do_not_matter() -> None:
    weeks = cv.RFM([0, 3], [0, 20.0], [22.0, 22.0], m=[0, 30.0], unit="week")
    days = cv.RFM(weeks.x, weeks.t_x * 7, weeks.T * 7, m=weeks.m, unit="day")
    in_days = cv.BetaGeoNBD(0.8, 42.0, 0.9, 3.0, unit="day")
    terms = {"rate": cv.Rate.annual(0.1), "years": 3, "margin": 0.3}
    np.testing.assert_allclose(cv.clv(BUYING, SPEND, weeks, **terms), cv.clv(in_days, SPEND, days, **terms), rtol=1e-12)
    with pytest.raises(cv.DataError, match="fitted in weeks and the data are in days"):
        cv.clv(BUYING, SPEND, days, **terms)


def test_arrays_of_rates_years_and_margins_broadcast() -> None:
    rfm = cv.RFM([0, 3, 7], [0, 20.0, 21.0], [22.0, 22.0, 25.0], m=[0, 30.0, 12.0], unit="week")
    rates, years, margins = np.array([0.05, 0.1, 0.2]), np.array([1.0, 2.0, 9.0]), np.array([0.1, 0.2, 0.3])
    together = cv.clv(BUYING, SPEND, rfm, rate=cv.Rate.annual(rates), years=years, margin=margins)
    one_by_one = [
        cv.clv(BUYING, SPEND, rfm[i], rate=cv.Rate.annual(rates[i]), years=years[i], margin=margins[i])
        for i in range(3)
    ]
    np.testing.assert_allclose(together, one_by_one, rtol=1e-12)


def test_forever_is_the_limit_of_long_horizons() -> None:
    rfm = cv.RFM([0, 3], [0, 20.0], [22.0, 22.0], m=[0, 30.0], unit="week")
    rate = cv.Rate.annual(0.1)
    forever = cv.clv(BUYING, SPEND, rfm, rate=rate)
    np.testing.assert_allclose(forever, cv.clv(BUYING, SPEND, rfm, rate=rate, years=1e4), rtol=1e-10)
    np.testing.assert_allclose(forever, cv.clv(BUYING, SPEND, rfm, rate=rate, years=np.inf), rtol=1e-15)


def test_nothing_bought_is_worth_nothing_however_dear() -> None:
    dear = cv.GammaGamma(p=2.0, q=0.9, v=1.0)
    rfm = cv.RFM([0], [0], [22.0], m=[0], unit="week")
    assert np.isinf(cv.clv(BUYING, dear, rfm, rate=cv.Rate.annual(0.1), years=1)).all()
    assert (cv.clv(BUYING, dear, rfm, rate=cv.Rate.annual(0.1), years=0) == 0).all()
    assert (cv.clv(BUYING, dear, rfm, rate=cv.Rate.annual(0.1), years=1, margin=0) == 0).all()


def test_bad_arguments_are_named() -> None:
    rfm = cv.RFM([0], [0], [22.0], m=[0], unit="week")
    with pytest.raises(cv.ParameterError, match=r"years must be >= 0; got -1"):
        cv.clv(BUYING, SPEND, rfm, rate=cv.Rate.annual(0.1), years=-1)
    with pytest.raises(cv.ParameterError, match="margin must be finite"):
        cv.clv(BUYING, SPEND, rfm, rate=cv.Rate.annual(0.1), years=1, margin=np.nan)
    unknown = cv.BetaGeoNBD(0.8, 6.0, 0.9, 3.0)
    with pytest.raises(cv.ParameterError, match="does not know its unit of time"):
        cv.clv_new(unknown, SPEND, rate=cv.Rate.annual(0.1), years=1)
    known = cv.clv_new(unknown, SPEND, rate=cv.Rate.annual(0.1), years=1, unit="week")
    assert float(known) == float(cv.clv_new(BUYING, SPEND, rate=cv.Rate.annual(0.1), years=1))


def test_fits_are_told_from_models() -> None:
    rfm = cv.RFM.from_transactions(cv.datasets.cdnow(), amount="amount", unit="week")
    buying, spend = cv.BetaGeoNBD.fit(rfm), cv.GammaGamma.fit(rfm)
    with pytest.raises(cv.ParameterError, match=r"not a Fit; give its model, buying\.model"):
        cv.clv(buying, spend.model, rfm, rate=cv.Rate.annual(0.1))  # type: ignore[arg-type]
    with pytest.raises(cv.ParameterError, match="spend must be a SpendModel, not a BetaGeoNBD"):
        cv.clv_new(buying.model, buying.model, rate=cv.Rate.annual(0.1))  # type: ignore[arg-type]
