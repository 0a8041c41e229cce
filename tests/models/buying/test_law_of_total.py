"""Laws of sums over everything that may happen: the likelihood is a density, and what is expected later is the mean
of what is expected now, over all histories (exactly, by quadrature, and in simulated customers).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import comb, gammaln
from strategies import FITTED, MODELS, Entry, slower

from custvalue.discounting.rate import Rate
from custvalue.evidence.rfm import RFM

every_model = pytest.mark.parametrize("entry", MODELS.values(), ids=MODELS.keys())
FITTED_TOO = {name: entry for name, entry in MODELS.items() if not entry.held}
every_fitted = pytest.mark.parametrize("entry", FITTED.values(), ids=FITTED.keys())
AGE = 30.0
_PANEL, _WEIGHT = np.polynomial.legendre.leggauss(20)
NODES = ((2 * np.arange(10)[:, None] - 9 + _PANEL) / 10).ravel()
WEIGHTS = np.tile(_WEIGHT / 10, 10)
"""Gauss-Legendre on ten panels of (-1, 1): PDO's customers may leave at every tenth of AGE."""
PURCHASES = 250
"""More purchases than this in AGE have a probability below 1e-12."""


def all_histories(entry: Entry) -> tuple[Any, np.ndarray]:
    """Every history until AGE, t_x at Gauss-Legendre nodes where time is continuous, and its probability."""
    model = entry.typical
    if entry.discrete:
        x, t_x = np.array([(x, t_x) for t_x in range(1, int(AGE) + 1) for x in range(1, t_x + 1)], dtype=float).T
        rows = entry.rows(np.append(0, x), np.append(0, t_x), AGE)
        return rows, np.append(1, comb(t_x - 1, x - 1)) * np.exp(model.log_likelihood(rows))
    x = np.repeat(np.arange(1.0, PURCHASES), len(NODES))
    t_x = np.tile((NODES + 1) / 2 * AGE, PURCHASES - 1)
    weight = np.tile(WEIGHTS / 2 * AGE, PURCHASES - 1)
    rfm = RFM(np.append(0, x), np.append(0, t_x), AGE, unit="week")
    k = getattr(model, "k", 1)
    with np.errstate(divide="ignore"):
        orders = np.append(0, (k * x - 1) * np.log(t_x) - gammaln(k * x) + x * gammaln(k))
    return rfm, np.append(1, weight) * np.exp(model.log_likelihood(rfm) + orders)


@pytest.fixture(params=MODELS.values(), ids=MODELS.keys(), scope="module")
def total(request: pytest.FixtureRequest) -> tuple[Any, Any, np.ndarray]:
    """A model, all its histories until AGE and their probabilities."""
    return request.param.typical, *all_histories(request.param)


def test_likelihood_with_its_constant_is_a_density(total: Any) -> None:
    _, _, probability = total
    assert probability.sum() == pytest.approx(1, abs=1e-10)


def test_likelihood_agrees_with_the_probability_of_each_number_of_purchases(total: Any) -> None:
    model, rfm, probability = total
    numbers = np.bincount(rfm.x.astype(int), probability, PURCHASES)
    assert np.allclose(numbers, model.purchase_pmf_new(np.arange(PURCHASES), AGE), rtol=1e-8, atol=1e-13)


def test_purchases_expected_now_average_to_those_expected_at_first(total: Any) -> None:
    model, rfm, probability = total
    later = np.array([1.0, 20.0, 400.0])
    expected = model.expected_purchases(rfm, later[:, None]) @ probability
    at_first = model.expected_purchases_new(AGE + later) - model.expected_purchases_new(AGE)
    assert np.allclose(expected, at_first, rtol=1e-9)


def test_predictions_of_a_later_interval_average_to_those_at_first(total: Any) -> None:
    model, rfm, probability = total
    for after, t in ((1.0, 20.0), (37.5, 4.0), (400.0, 52.0)):
        expected = model.expected_purchases(rfm, t, after=after) @ probability
        assert expected == pytest.approx(model.expected_purchases_new(t, after=AGE + after), rel=1e-9)
    n = np.array([0.0, 3.0])
    pmf = model.purchase_pmf(rfm, n[:, None], 4.0, after=37.5) @ probability
    assert np.allclose(pmf, model.purchase_pmf_new(n, 4.0, after=AGE + 37.5), rtol=1e-8)


def test_discounted_purchases_expected_now_average_to_those_expected_at_first(total: Any) -> None:
    model, rfm, probability = total
    rate = Rate.annual(0.15)
    expected = model.discounted_expected_purchases(rfm, rate) @ probability * rate.discount(AGE, "week")
    at_first = model.discounted_expected_purchases_new(rate) - model.discounted_expected_purchases_new(rate, AGE)
    assert expected == pytest.approx(at_first, rel=1e-9)


def test_chances_to_be_alive_average_to_the_chance_at_first(total: Any) -> None:
    model, rfm, probability = total
    newcomer = type(rfm)(0, 0, 0, unit="week")
    for ahead in (0.0, 1.0, 100.0):
        assert model.p_alive(rfm, ahead) @ probability == pytest.approx(model.p_alive(newcomer, AGE + ahead), rel=1e-9)
        assert model.churn_probability(rfm, ahead) @ probability == pytest.approx(
            model.churn_probability(newcomer, AGE + ahead), rel=1e-9
        )


@every_fitted
def test_discounting_is_the_integral_of_what_is_expected(entry: Entry) -> None:
    """D(t) = e^{-δt} E(t) + δ ∫_0^t e^{-δu} E(u) du, by parts."""
    model, rfm = entry.typical, RFM([0, 1, 5, 40], [0, 1, 25, 30], [30, 30, 30, 30.5], unit="week")
    rate, t = Rate.annual(0.5), 200.0
    u = (NODES + 1) / 2 * np.sqrt(t)
    earned = rate.discount(u**2, "week")[:, None] * model.expected_purchases(rfm, (u**2)[:, None])
    parts = ((WEIGHTS / 2 * np.sqrt(t) * 2 * u)[:, None] * earned).sum(axis=0) * rate.force("week")
    direct = model.discounted_expected_purchases(rfm, rate, t)
    assert np.allclose(direct, rate.discount(t, "week") * model.expected_purchases(rfm, t) + parts, rtol=1e-10)


@every_model
@pytest.mark.parametrize(("t", "after"), [(30.0, 0.0), (0.5, 300.0), (30.0, 4.0)])
def test_pmf_sums_to_1_and_its_mean_is_the_expected_number(entry: Entry, t: float, after: float) -> None:
    rfm = entry.rows([0, 0, 1, 1, 8, 30], [0, 0, 1, 39, 35, 38.9], [0, 39, 39, 39, 39, 39])
    n = np.arange(500.0)
    pmf = entry.typical.purchase_pmf(rfm, n[:, None], t, after=after)
    assert np.allclose(pmf.sum(axis=0), 1, rtol=0, atol=1e-11)
    assert np.allclose(n @ pmf, entry.typical.expected_purchases(rfm, t, after=after), rtol=1e-9)
    assert np.allclose(pmf[1:].sum(axis=0), entry.typical.probability_of_purchase(rfm, t, after=after), rtol=1e-9)


@every_model
def test_one_time_buyers_buy_no_more_as_often_as_simulated(entry: Entry) -> None:
    """x = 0 needs no likelihood to condition on: P(x(T+t) = 0) / P(x(T) = 0), exactly and in simulated customers."""
    model, customers = entry.typical, 200_000
    once = entry.rows(0, 0, AGE)
    never = 1 - model.probability_of_purchase(once, 39.0)
    assert never == pytest.approx(model.purchase_pmf_new(0, AGE + 39) / model.purchase_pmf_new(0, AGE), rel=1e-12)
    rng = np.random.default_rng(20050415)
    early = (model.simulate(np.full(customers, AGE), rng=rng).x == 0).mean()
    late = (model.simulate(np.full(customers, AGE + 39), rng=rng).x == 0).mean()
    error = np.hypot(np.sqrt(early * (1 - early) / customers), np.sqrt(late * (1 - late) / customers)) / early
    assert abs(late / early - never) < 4 * error


@every_model
def test_simulated_customers_buy_as_expected(entry: Entry) -> None:
    """Mean and frequencies of x, mean of t_x given x, and the tower law, in simulated customers."""
    model, customers = entry.typical, 200_000
    ages = np.where(np.arange(customers) % 2, AGE, AGE / 3)
    rfm = model.simulate(ages, rng=np.random.default_rng(7))
    for age in (AGE / 3, AGE):
        some = rfm[entry.age(rfm) == age]
        assert abs(some.x.mean() - model.expected_purchases_new(age)) < 4 * some.x.std() / np.sqrt(len(some))
        share = np.bincount(np.minimum(some.x, 8).astype(int), minlength=9) / len(some)
        pmf = model.purchase_pmf_new(np.arange(8), age)
        expected = np.append(pmf, 1 - pmf.sum())
        assert ((share - expected) ** 2 / expected).sum() * len(some) < 30  # χ² with 8 degrees: P = 2e-4
        ahead = model.expected_purchases(some, 52.0)
        mean = model.expected_purchases_new(age + 52) - model.expected_purchases_new(age)
        assert abs(ahead.mean() - mean) < 4 * ahead.std() / np.sqrt(len(some))


@pytest.mark.parametrize("entry", FITTED_TOO.values(), ids=FITTED_TOO.keys())
def test_fit_recovers_the_parameters_of_simulated_customers(entry: Entry) -> None:
    truth = entry.typical
    ages = np.random.default_rng(3).uniform(20, 80, 20_000)
    ages = np.floor(ages) if entry.discrete else ages
    fit = entry.fit(truth.simulate(ages, rng=np.random.default_rng(4)))
    errors = np.array([fit.model.parameters[name] - value for name, value in truth.parameters.items()])
    distance = errors @ np.linalg.solve(fit.covariance, errors)
    assert distance < 19  # χ² with 4 degrees: P = 8e-4
    assert all(abs(error) < 4 * se for error, se in zip(errors, fit.standard_errors.values(), strict=True))


@every_fitted
@pytest.mark.parametrize("factor", [7 / 365.25, 604_800.0], ids=["years", "seconds"])
def test_fit_in_another_unit_is_the_same_fit(entry: Entry, factor: float) -> None:
    week = entry.typical.simulate(np.linspace(20, 40, 1500), rng=np.random.default_rng(11))
    one, two = entry.fit(week), entry.fit(slower(week, factor))
    same = entry.in_unit(one.model, factor)
    for name, value in two.model.parameters.items():
        assert value == pytest.approx(same.parameters[name], rel=1e-6)
    assert two.log_likelihood == pytest.approx(one.log_likelihood - week.x.sum() * np.log(factor), abs=1e-6)
