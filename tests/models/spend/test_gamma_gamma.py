"""Gamma-Gamma against 50-digit arithmetic (tests/reference/make_gamma_gamma.py), and the laws of every spend model."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from references import columns
from strategies import SPEND_MODELS, SpendEntry, log_uniform, spenders

from custvalue.errors import DataError
from custvalue.evidence.rfm import RFM
from custvalue.models.spend.gamma_gamma import GammaGamma, gradient, log_likelihood

CASES = columns("gamma_gamma")
every_model = pytest.mark.parametrize("entry", SPEND_MODELS.values(), ids=SPEND_MODELS.keys())
NODES, WEIGHTS = np.polynomial.legendre.leggauss(400)


def rows(x: Any, m: Any) -> RFM:
    x = np.asarray(x)
    return RFM(x, np.minimum(x, 1.0), 2.0, m=m, unit="year")


def test_log_likelihood() -> None:
    parameters, x, m = [CASES[name] for name in "pqv"], CASES["x"], CASES["m"]
    got = GammaGamma(*parameters).log_likelihood(rows(x, m))
    each = zip(*parameters, x, m, strict=True)
    alone = [float(GammaGamma(p, q, v).log_likelihood(rows(x, m))) for p, q, v, x, m in each]
    expected = CASES["log_likelihood"]
    for values in (got, alone):
        assert np.all(np.abs(values - expected) <= 1e-10 * np.maximum(1, np.abs(expected)))


def test_expected_spend() -> None:
    got = GammaGamma(*[CASES[name] for name in "pqv"]).expected_spend(rows(CASES["x"], CASES["m"]))
    assert np.allclose(got, CASES["expected_spend"], rtol=1e-10, atol=0)
    assert np.isinf(got).sum() == np.isinf(CASES["expected_spend"]).sum() > 0


@every_model
@given(data=st.data())
def test_spend_is_finite_or_infinite_and_never_nan(entry: SpendEntry, data: st.DataObject) -> None:
    model, customers = data.draw(entry.models()), data.draw(spenders())
    spend, logs = model.expected_spend(customers), model.log_likelihood(customers)
    assert np.all(spend > 0)
    assert np.all(np.isfinite(logs))
    none = customers.m_count == 0
    assert np.all(logs[none] == 0)
    assert np.all(spend[none] == model.expected_spend_new())
    assert np.array_equal(spend, [float(model.expected_spend(customers[i])) for i in range(len(customers))])


@every_model
@given(data=st.data(), currency=log_uniform(1e-6, 1e6))
def test_a_change_of_currency_scales_spend(entry: SpendEntry, data: st.DataObject, currency: float) -> None:
    model, customers = data.draw(entry.models()), data.draw(spenders())
    values = {name: value * currency ** entry.money.get(name, 0) for name, value in model.parameters.items()}
    other = entry.model(**values)
    exchanged = RFM(customers.x, customers.t_x, customers.T, m=customers.m * currency, unit="week")
    assert np.allclose(other.expected_spend(exchanged), model.expected_spend(customers) * currency, rtol=1e-12)
    logs = model.log_likelihood(customers)
    shifted = logs - np.where(customers.m_count > 0, np.log(currency), 0)
    # m / v is rounded differently in the two currencies: 1e4 purchases in 1e4 shapes make 1e8 of it
    assert np.allclose(other.log_likelihood(exchanged), shifted, rtol=1e-11, atol=1e-7)


@every_model
@given(data=st.data(), share=st.floats(0.0, 1.0))
def test_more_spent_is_more_expected(entry: SpendEntry, data: st.DataObject, share: float) -> None:
    model, customers = data.draw(entry.models()), data.draw(spenders())
    less = RFM(customers.x, customers.t_x, customers.T, m=customers.m * share + 1e-12, unit="week")
    more = RFM(customers.x, customers.t_x, customers.T, m=customers.m + 1e-12, unit="week")
    assert np.all(model.expected_spend(less) <= model.expected_spend(more) * (1 + 1e-12))


@every_model
@pytest.mark.parametrize("x", [1, 3, 40])
def test_density_integrates_to_1_and_spend_now_averages_to_the_population_mean(entry: SpendEntry, x: int) -> None:
    z = NODES * 25  # log of mean spend around 35
    customers = rows(np.full(len(z), x), 35 * np.exp(z))
    weight = WEIGHTS * 25 * customers.m * np.exp(entry.typical.log_likelihood(customers))
    assert weight.sum() == pytest.approx(1, rel=1e-10)
    assert weight @ entry.typical.expected_spend(customers) == pytest.approx(
        entry.typical.expected_spend_new(), rel=1e-9
    )
    assert weight @ customers.m == pytest.approx(entry.typical.expected_spend_new(), rel=1e-9)


@every_model
def test_simulated_customers_spend_as_expected(entry: SpendEntry) -> None:
    """On average they spend the population mean, and so is expected of them once their spend is known."""
    model, rng, customers = entry.typical, np.random.default_rng(25), 400_000
    m = model.simulate(np.full(customers, 3), rng=rng)
    assert abs(m.mean() - model.expected_spend_new()) < 4 * m.std() / np.sqrt(customers)
    expected = model.expected_spend(rows(np.full(customers, 3), m))
    assert abs(expected.mean() - model.expected_spend_new()) < 4 * expected.std() / np.sqrt(customers)
    assert np.array_equal(model.simulate([0, 0], rng=rng), [0, 0])


@every_model
def test_fit_recovers_the_parameters_of_simulated_customers(entry: SpendEntry) -> None:
    rng = np.random.default_rng(26)
    x = rng.poisson(2.0, 5000)
    fit = entry.model.fit(rows(x, entry.typical.simulate(x, rng=rng)))
    assert fit.customers == (x > 0).sum()
    for name, error in fit.standard_errors.items():
        assert abs(fit.model.parameters[name] - entry.typical.parameters[name]) < 4 * error


@every_model
@pytest.mark.parametrize("currency", [1e-8, 1e-3, 1e6, 1e9])
def test_fit_in_another_currency_is_the_same_fit(entry: SpendEntry, currency: float) -> None:
    rng = np.random.default_rng(27)
    x = rng.poisson(2.0, 800)
    m = entry.typical.simulate(x, rng=rng)
    one, two = entry.model.fit(rows(x, m)), entry.model.fit(rows(x, m * currency))
    for name, value in two.model.parameters.items():
        assert value / currency ** entry.money.get(name, 0) == pytest.approx(one.model.parameters[name], rel=1e-6)
    assert two.log_likelihood == pytest.approx(one.log_likelihood - (x > 0).sum() * np.log(currency), abs=1e-6)


@given(data=st.data())
def test_gradient_is_the_slope_of_the_log_likelihood(data: st.DataObject) -> None:
    """In log-parameters, against central differences of fourth order, at spend such as the model expects."""
    p, q, v = data.draw(SPEND_MODELS["Gamma-Gamma"].models()).parameters.values()
    x = np.array([1.0, 2.0, 50.0, 10_000.0])
    m = p * v / q * np.exp(data.draw(st.lists(st.floats(-2, 2), min_size=4, max_size=4)))
    values, width = np.array([p, q, v]), 1e-3
    exact = gradient(x, m, p, q, v) * values[:, None]
    level = np.abs(log_likelihood(x, m, p, q, v))
    for i, unit in enumerate(np.eye(3)):
        at = {k: log_likelihood(x, m, *(values * np.exp(k * width * unit))) for k in (-2, -1, 1, 2)}
        slope = (8 * (at[1] - at[-1]) - (at[2] - at[-2])) / (12 * width)
        steep = np.abs(exact).max(axis=0) + q + np.minimum(p * x, 1e4 * q)
        assert np.all(np.abs(slope - exact[i]) <= 1e-6 * steep + 1e-10 * level + 1e-9)


def test_spend_without_a_population_mean() -> None:
    """q <= 1: infinite for those without spend, finite for the others, exact as q falls to 1."""
    both = rows([0, 2], [0, 20.0])
    for q in (0.8, 1.0):
        model = GammaGamma(p=6.25, q=q, v=15.44)
        assert model.expected_spend_new() == np.inf
        assert model.expected_spend(both)[0] == np.inf
        assert model.expected_spend(both)[1] == pytest.approx(6.25 * (15.44 + 40) / (12.5 + q - 1), rel=1e-14)
    near = GammaGamma(p=6.25, q=1 + 2**-30, v=15.44)
    assert near.expected_spend_new() == pytest.approx(6.25 * 15.44 * 2**30, rel=1e-14)


def test_spend_counts_the_purchases_that_m_averages() -> None:
    model = GammaGamma(p=6.25, q=3.74, v=15.44)
    first_too = RFM([2, 0], [1, 0], 2, m=[20.0, 30.0], m_count=[3, 1], unit="year")
    repeats = rows([3, 1], [20.0, 30.0])
    assert np.array_equal(model.expected_spend(first_too), model.expected_spend(repeats))
    assert np.array_equal(model.log_likelihood(first_too), model.log_likelihood(repeats))


def test_array_parameters_are_a_loop_over_models() -> None:
    customers = rows([0, 1, 2, 40], [0, 30.0, 20.0, 35.0])
    draws = GammaGamma(p=[[6.0], [7.0]], q=[[3.0], [0.9]], v=15.0)
    for d, (p, q) in enumerate([(6.0, 3.0), (7.0, 0.9)]):
        single = GammaGamma(p=p, q=q, v=15.0)
        assert np.array_equal(draws.expected_spend(customers)[d], single.expected_spend(customers))
        assert np.allclose(draws.log_likelihood(customers)[d], single.log_likelihood(customers), rtol=1e-13)
    assert attrs.evolve(draws, p=6.0, q=3.0, v=[15.0] * 4).expected_spend(customers).shape == (4,)


@pytest.mark.parametrize(
    ("rfm", "message"),
    [
        (RFM([1, 0], [1, 0], 2, unit="year"), "no mean spend m"),
        (rows([1, 2], [20.0, 0.0]), r"m > 0 must hold where m_count > 0; broken in 1 of 2 rows, first: row 1"),
        (rows([1, 2, 3], [20.0, -1.0, -2.0]), "broken in 2 of 3 rows"),
        (rows([0, 0], [0, 0]), "none of 2 customers has spend"),
        (RFM([], [], [], m=[], unit="year"), "none of 0 customers has spend"),
    ],
    ids=["no m", "zero", "negative", "no repeat buyers", "empty"],
)
def test_data_that_cannot_be_fitted_are_refused(rfm: RFM, message: str) -> None:
    with pytest.raises(DataError, match=message):
        GammaGamma.fit(rfm)
