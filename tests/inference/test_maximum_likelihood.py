"""Fits end at the maximum from anywhere and in any unit, or say why there is none; never NaN, never without end."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest
from attrs import evolve
from retention_strategies import RETENTION_MODELS
from strategies import FITTED, MODELS, SPEND_MODELS, Entry

from custvalue.errors import ConvergenceError, DataError, ParameterError
from custvalue.evidence.rfm import RFM
from custvalue.evidence.tenures import Tenures
from custvalue.inference import maximum_likelihood as fitting
from custvalue.inference.fit import Fit
from custvalue.models.buying.beta_geo_nbd import BetaGeoNBD
from custvalue.models.buying.periodic_death import PeriodicDeathOpportunity
from custvalue.models.retention.geometric import Geometric
from custvalue.models.retention.split_population import SplitPopulation
from custvalue.models.retention.weibull_gamma import WeibullGamma
from custvalue.models.spend.gamma_gamma import GammaGamma

QUICK = {name: entry for name, entry in FITTED.items() if name != "Weibull-gamma/NBD"}
"""All but the slowest, which is searched in the same way."""
every_model = pytest.mark.parametrize("entry", QUICK.values(), ids=QUICK.keys())
ROUNDS = 60
"""More rounds than any fit here needs."""


def customers(model: Any, number: int, seed: int = 0) -> RFM:
    """Customers of the model, observed for 20 to 60 weeks."""
    rng = np.random.default_rng(seed)
    return model.simulate(rng.uniform(20, 60, number), rng=rng)


def values(model: Any) -> np.ndarray:
    return np.array(list(model.parameters.values()))


@every_model
def test_every_start_leads_to_the_same_maximum(entry: Entry) -> None:
    rfm = customers(entry.typical, 3000)
    best = entry.fit(rfm)
    problem = entry.problem(rfm)
    rng = np.random.default_rng(1)
    for _ in range(6):
        start = values(best.model) * np.exp(rng.normal(0, 1.0, len(values(best.model))))
        fit = fitting.maximize(attrs.evolve(problem, start=start))
        assert values(fit.model) == pytest.approx(values(best.model), rel=1e-6)
        assert fit.log_likelihood == pytest.approx(best.log_likelihood, rel=1e-12)
        assert fit.iterations < ROUNDS


@every_model
def test_the_gradient_is_0_at_the_maximum_and_the_covariance_its_curvature(entry: Entry) -> None:
    """Against differences of the log-likelihood itself, not of its gradient."""
    rfm = customers(entry.typical, 2000)
    fit = entry.fit(rfm)
    size = len(values(fit.model))
    step = 1e-3

    def at(logs: np.ndarray) -> float:
        moved = dict(zip(fit.model.parameters, values(fit.model) * np.exp(logs), strict=True))
        return float(attrs.evolve(fit.model, **moved).log_likelihood(rfm).sum())

    assert at(np.zeros(size)) == pytest.approx(fit.log_likelihood, rel=1e-12)
    information = np.empty((size, size))
    for i, one in enumerate(step * np.eye(size)):
        assert abs(at(one) - at(-one)) / (2 * step) < 1e-2 * fit.standard_errors[list(fit.model.parameters)[i]] ** -1
        for j, other in enumerate(step * np.eye(size)):
            corners = at(one + other) - at(one - other) - at(other - one) + at(-one - other)
            information[i, j] = -corners / (4 * step**2)
    covariance = np.linalg.inv(information) * np.outer(values(fit.model), values(fit.model))
    assert np.allclose(fit.covariance, covariance, rtol=1e-2, atol=1e-3 * np.abs(covariance).max(axis=0))


@every_model
def test_customers_count_as_often_as_they_are_in_any_order(entry: Entry) -> None:
    rfm = customers(entry.typical, 800)
    thrice = rfm[np.tile(np.arange(800)[::-1], 3)]
    one, three = entry.fit(rfm), entry.fit(thrice)
    assert values(three.model) == pytest.approx(values(one.model), rel=1e-6)
    assert three.log_likelihood == pytest.approx(3 * one.log_likelihood, rel=1e-11)
    assert three.covariance * 3 == pytest.approx(one.covariance, rel=1e-4)
    assert three.customers == 3 * one.customers == 2400


@every_model
@pytest.mark.parametrize("number", [20, 50, 100, 300])
def test_small_samples_give_a_fit_or_the_reason_why_not(entry: Entry, number: int) -> None:
    fitted = 0
    for seed in range(12):
        try:
            fit = entry.fit(customers(entry.typical, number, seed))
        except ConvergenceError as error:
            assert_explained(error)
            continue
        except DataError as error:
            assert "x = 0 in all" in str(error)  # noqa: PT017 (which error it is depends on the sample)
            continue
        fitted += 1
        assert_sensible(fit)
    assert number < 300 or fitted >= 8


def assert_explained(error: ConvergenceError) -> None:
    """The error says where the likelihood rises to and what to do, and carries the point reached."""
    assert "no interior maximum" in str(error) or "flat in" in str(error)
    assert "runs to" in str(error) or "flat in" in str(error)
    assert "se more customers or a longer period" in str(error)
    assert np.all(np.isfinite(values(error.fit.model)))
    assert np.isfinite(error.fit.log_likelihood)
    assert np.all(np.isfinite(error.fit.covariance))


def assert_sensible(fit: Fit[Any]) -> None:
    """Finite, positive variances, a search of reasonable length, and a warning wherever a parameter is unknown."""
    assert np.all(np.isfinite(values(fit.model)))
    assert np.isfinite(fit.log_likelihood)
    assert np.all(np.linalg.eigvalsh(fit.covariance) > 0)
    assert fit.iterations < ROUNDS
    unknown = [name for name, error in fit.standard_errors.items() if error > fit.model.parameters[name]]
    warned = [warning.split()[0] for warning in fit.warnings if "weakly identified" in warning]
    assert warned == unknown
    assert all(low > 0 for low, _ in fit.confidence_intervals().values())


def no_drop_out() -> RFM:
    """Of the NBD: customers of different rates who all stay."""
    rng = np.random.default_rng(6)
    T = rng.uniform(20, 39, 2000)
    x = rng.poisson(rng.gamma(0.5, 1 / 5, 2000) * T)
    return RFM(x, np.where(x > 0, T * rng.beta(np.maximum(x, 1), 1), 0), T, unit="week")


def rows(x: Any, t_x: Any, T: Any) -> RFM:
    return RFM(np.asarray(x, dtype=float), t_x, T, unit="week")


RNG = np.random.default_rng(3)
NO_MAXIMUM = {
    "one customer": rows([2], [3], [4]),
    "one purchase each": rows(np.ones(100), RNG.uniform(5, 39, 100), 39),
    "three purchases each": rows(np.full(100, 3), RNG.uniform(5, 39, 100), 39),
    "one history": rows(np.full(100, 3), 20, 39),
    "all bought just now": rows(RNG.poisson(3, 100) + 1, 39, 39),
    "nobody leaves": no_drop_out(),
    "four customers": rows([0, 0, 1, 2], [0, 0, 1, 3], [0, 1, 2, 3]),
}


@every_model
@pytest.mark.parametrize("rfm", NO_MAXIMUM.values(), ids=NO_MAXIMUM.keys())
def test_data_without_a_maximum_say_so(entry: Entry, rfm: RFM) -> None:
    try:
        fit = entry.fit(rfm)
    except ConvergenceError as error:
        assert_explained(error)
    else:  # some models find a maximum where others have none
        assert_sensible(fit)
        assert fit.warnings or not entry.leaves


@pytest.mark.parametrize(
    ("truth", "direction"),
    [
        (BetaGeoNBD(r=1e4, alpha=1e5, a=0.8, b=2.4, unit="week"), "all customers buy at the same rate"),
        (BetaGeoNBD(r=0.5, alpha=5, a=8e3, b=2.4e4, unit="week"), "all customers leave with the same probability"),
        (BetaGeoNBD(r=0.5, alpha=5, a=1e-2, b=1e4, unit="week"), "hardly anyone ever leaves: NBD would do"),
    ],
    ids=["homogeneous rates", "homogeneous drop-out", "no drop-out"],
)
def test_bg_nbd_names_the_direction(truth: BetaGeoNBD, direction: str) -> None:
    """Or the sample has a maximum of its own far out, with a warning."""
    told = []
    for seed in range(4):
        try:
            fit = BetaGeoNBD.fit(customers(truth, 1000, seed))
        except ConvergenceError as error:
            assert_explained(error)
            told.append(str(error))
        else:
            assert_sensible(fit)
    assert any(direction in message for message in told)


@every_model
def test_heavy_buyers(entry: Entry) -> None:
    """Purchases by the thousand: alpha a thousandth of a week."""
    heavy = attrs.evolve(entry.typical, r=2.0, alpha=0.02)
    rfm = customers(heavy, 1000)
    assert rfm.x.max() > 2000 / (entry.k or 1)
    fit = entry.fit(rfm)
    assert_sensible(fit)
    for name, error in fit.standard_errors.items():
        assert abs(fit.model.parameters[name] - heavy.parameters[name]) < 4 * error


@every_model
@pytest.mark.parametrize(
    ("rfm", "message"),
    [
        (RFM([], [], [], unit="year"), "the RFM has none"),
        (RFM([0, 0, 0], 0, [10, 20, 30], unit="year"), r"no customer has bought again: x = 0 in all 3 rows.*observe"),
        (RFM([0, 0], 0, 0, unit="year"), "no customer has bought again"),
    ],
    ids=["no customers", "one-time buyers", "no time"],
)
def test_data_that_tell_nothing_are_refused(entry: Entry, rfm: RFM, message: str) -> None:
    with pytest.raises(DataError, match=message):
        entry.fit(rfm)


def spenders(x: Any, m: Any) -> RFM:
    x = np.asarray(x, dtype=float)
    return RFM(x, np.minimum(x, 1), 2, m=m, unit="year")


def test_gamma_gamma_of_single_purchases_is_identified_by_the_shape_alone() -> None:
    m = SPEND_MODELS["Gamma-Gamma"].typical.simulate(np.ones(3000), rng=np.random.default_rng(1))
    fit = GammaGamma.fit(spenders(np.ones(3000), m))
    assert_sensible(fit)
    assert fit.standard_errors["p"] > 0.1


@pytest.mark.parametrize(
    ("rfm", "direction"),
    [
        (spenders([1, 2, 3, 4], 20.0), "each customer always spends the same amount"),
        (spenders([3], [20.0]), "each customer always spends the same amount"),
        (spenders([3, 2], [20.0, 30.0]), "runs to"),
    ],
    ids=["constant spend", "one customer", "two customers"],
)
def test_gamma_gamma_without_a_maximum_says_so(rfm: RFM, direction: str) -> None:
    with pytest.raises(ConvergenceError, match=direction) as caught:
        GammaGamma.fit(rfm)
    assert_explained(caught.value)


@pytest.mark.parametrize("number", [20, 50, 300])
def test_gamma_gamma_of_small_samples(number: int) -> None:
    for seed in range(12):
        rng = np.random.default_rng(seed)
        x = rng.poisson(2.0, number)
        try:
            fit = GammaGamma.fit(spenders(x, SPEND_MODELS["Gamma-Gamma"].typical.simulate(x, rng=rng)))
        except ConvergenceError as error:
            assert_explained(error)
        else:
            assert_sensible(fit)


@pytest.mark.parametrize(("p", "q"), [(0.05, 3.0), (5e3, 3.0), (6.0, 0.8), (1.0, 1.0)])
def test_gamma_gamma_of_unusual_spend(p: float, q: float) -> None:
    x = np.random.default_rng(2).poisson(2.0, 2000)
    truth = GammaGamma(p=p, q=q, v=20.0)
    try:
        fit = GammaGamma.fit(spenders(x, truth.simulate(x, rng=np.random.default_rng(3))))
    except ConvergenceError as error:
        assert_explained(error)
    else:
        assert_sensible(fit)
        assert abs(np.log(fit.model.q / q)) < 5 * fit.standard_errors["q"] / fit.model.q


def test_a_flat_but_attained_maximum_comes_with_warnings() -> None:
    """Forty-nine customers of CDNOW's kind: a maximum, known to within a factor only."""
    flat = [fit for fit in (attempt(seed) for seed in range(12)) if fit is not None]
    assert any(fit.warnings for fit in flat)
    for fit in flat:
        for warning in fit.warnings:
            assert "is weakly identified: its standard error is" in warning
            assert "use more customers or a longer period" in warning
            assert warning in repr(fit)


def attempt(seed: int) -> Fit[BetaGeoNBD] | None:
    try:
        return BetaGeoNBD.fit(customers(MODELS["BG/NBD"].typical, 80, seed))
    except ConvergenceError:
        return None


def test_a_search_that_does_not_end_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "_ROUNDS", 3)
    with pytest.raises(
        ConvergenceError, match=r"no maximum of the likelihood was found within 3 rounds.*use more customers"
    ) as caught:
        BetaGeoNBD.fit(customers(MODELS["BG/NBD"].typical, 500))
    assert caught.value.fit.iterations == 3


@pytest.mark.parametrize("entry", [MODELS["BG/NBD"], MODELS["Pareto/NBD"]], ids=["BG/NBD", "Pareto/NBD"])
def test_a_search_that_begins_on_a_sample_ends_at_the_same_maximum(
    entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    rfm = customers(entry.typical, 20_000)
    assert len(rfm.distinct("x", "t_x", "T").counts) >= 4 * fitting._SAMPLE
    sampled = entry.fit(rfm)
    monkeypatch.setattr(fitting, "_SAMPLE", 1 << 30)
    whole = entry.fit(rfm)
    assert sampled.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-14)
    assert values(sampled.model) == pytest.approx(values(whole.model), rel=1e-6)
    assert sampled.covariance == pytest.approx(whole.covariance, rel=1e-4)
    assert sampled.iterations < whole.iterations


@pytest.mark.parametrize(
    "counts",
    [np.ones(50_000), np.append(1e7, np.ones(40_000)), np.tile([1.0, 2.0, 7.0, 500.0], 10_000)],
    ids=["alike", "one of many", "uneven"],
)
def test_a_sample_of_rows_counts_for_all(counts: np.ndarray) -> None:
    """No row counts for less than itself, and those that count much are there as they are."""
    rows, weights = fitting._sample(counts)
    assert 0.8 * fitting._SAMPLE <= len(rows) <= 1.1 * fitting._SAMPLE
    assert np.all(np.diff(rows) > 0)
    assert weights.sum() == pytest.approx(counts.sum(), rel=1e-3)
    assert np.all(weights >= counts[rows])
    sure = np.flatnonzero(counts >= weights.min())
    assert np.array_equal(weights[np.isin(rows, sure)], counts[sure])


def test_a_fit_to_less_than_half_a_customer_is_shown() -> None:
    fit = Geometric.fit(Tenures([1, 2, 3], [1, 1, 0], weights=[0.2, 0.1, 0.1], unit="year", by_period=True))
    assert fit.customers == pytest.approx(0.4)
    assert "0 customers" in repr(fit)
    assert fit.bic == -2 * fit.log_likelihood
    assert "BIC" in repr(fit)


@every_model
def test_parameters_held_fixed_stay_there_and_the_errors_of_the_others_are_conditional(entry: Entry) -> None:
    rfm = customers(entry.typical, 2000)
    free = entry.fit(rfm)
    for name, value in free.model.parameters.items():
        held = entry.model.fit(rfm, fixed={name: value}, **entry.fixed)
        assert held.model.parameters[name] == value
        assert values(held.model) == pytest.approx(values(free.model), rel=1e-5)
        assert held.fixed == (name,)
        assert held.standard_errors[name] == 0
        others = [other for other in free.model.parameters if other != name]
        assert all(held.standard_errors[other] <= free.standard_errors[other] * (1 + 1e-6) for other in others)
        assert held.aic == pytest.approx(free.aic - 2, rel=1e-10)
        assert f"conditional on {name}, held fixed" in repr(held)


def test_conditional_errors_are_the_inverse_of_a_part_of_the_information() -> None:
    rfm = customers(MODELS["BG/NBD"].typical, 2000)
    free = BetaGeoNBD.fit(rfm)
    held = BetaGeoNBD.fit(rfm, fixed={"a": free.model.a, "b": free.model.b})
    part = np.linalg.inv(np.linalg.inv(free.covariance)[:2, :2])
    assert held.covariance[:2, :2] == pytest.approx(part, rel=1e-4)
    assert np.all(held.covariance[2:] == 0)


def test_a_model_within_a_model_and_shares_may_be_held() -> None:
    truth = SplitPopulation(WeibullGamma(0.9, 12.0, 1.4, unit="month"), 0.3)
    rows = truth.simulate(np.full(4000, 30.0), rng=np.random.default_rng(3))
    fit = SplitPopulation.fit(rows, leavers=WeibullGamma, fixed={"c": 1.4, "never_churn": 0.3})
    assert (fit.model.leavers.c, fit.model.never_churn) == (1.4, 0.3)
    assert fit.fixed == ("c", "never_churn")
    assert np.count_nonzero(np.diag(fit.covariance)) == 2
    for name in ("r", "alpha"):
        assert abs(fit.model.parameters[name] - truth.parameters[name]) < 4 * fit.standard_errors[name]


def test_a_start_may_be_a_model_or_some_of_its_parameters() -> None:
    rfm = customers(MODELS["BG/NBD"].typical, 1000)
    best = BetaGeoNBD.fit(rfm)
    again = BetaGeoNBD.fit(rfm, start=best.model)
    assert again.iterations <= 2 < best.iterations
    assert values(again.model) == pytest.approx(values(best.model), rel=1e-6)
    assert values(BetaGeoNBD.fit(rfm, start={"a": 9.0}).model) == pytest.approx(values(best.model), rel=1e-6)


def test_held_and_starting_values_are_checked() -> None:
    rfm = customers(MODELS["BG/NBD"].typical, 100)
    with pytest.raises(ParameterError, match="'q' is none of the parameters: r, alpha, a, b"):
        BetaGeoNBD.fit(rfm, fixed={"q": 1.0})
    with pytest.raises(ParameterError, match="a must be positive and finite; got -1"):
        BetaGeoNBD.fit(rfm, start={"a": -1.0})
    with pytest.raises(ParameterError, match="at least one parameter must be left to estimate"):
        BetaGeoNBD.fit(rfm, fixed={"r": 1.0, "alpha": 1.0, "a": 1.0, "b": 1.0})


@pytest.mark.parametrize("name", ["Geometric", "sBG", "G2G", "exponential", "EG", "Weibull", "split sBG"])
def test_parameters_of_retention_held_fixed_stay_there(name: str) -> None:
    entry = RETENTION_MODELS[name]
    rows = entry.typical.simulate(np.full(4000, 30.0), rng=np.random.default_rng(4))
    options = {} if entry.leavers is None else {"leavers": entry.leavers}
    free = entry.fit(rows)
    parameters = free.model.parameters
    if len(parameters) == 1:
        with pytest.raises(ParameterError, match="at least one parameter must be left to estimate"):
            entry.model.fit(rows, fixed=parameters, **options)
        return
    for held_name, value in parameters.items():
        held = entry.model.fit(rows, fixed={held_name: value}, **options)
        assert held.model.parameters[held_name] == value
        assert values(held.model) == pytest.approx(values(free.model), rel=1e-5)
        assert held.standard_errors[held_name] == 0
        others = [other for other in parameters if other != held_name]
        assert all(held.standard_errors[other] <= free.standard_errors[other] * (1 + 1e-6) for other in others)
        assert held.aic == pytest.approx(free.aic - 2, rel=1e-10)


def test_parameters_of_spend_held_fixed_stay_there() -> None:
    x = np.random.default_rng(2).poisson(2.0, 2000)
    rfm = spenders(x, SPEND_MODELS["Gamma-Gamma"].typical.simulate(x, rng=np.random.default_rng(3)))
    free = GammaGamma.fit(rfm)
    for name, value in free.model.parameters.items():
        held = GammaGamma.fit(rfm, fixed={name: value})
        assert held.model.parameters[name] == value
        assert values(held.model) == pytest.approx(values(free.model), rel=1e-5)
        assert held.standard_errors[name] == 0
        assert held.aic == pytest.approx(free.aic - 2, rel=1e-10)


def test_a_given_tau_and_a_fixed_one_are_the_same_but_for_the_count_of_parameters() -> None:
    rfm = customers(MODELS["PDO"].typical, 800)
    given, fixed = PeriodicDeathOpportunity.fit(rfm, tau=3.0), PeriodicDeathOpportunity.fit(rfm, fixed={"tau": 3.0})
    assert fixed.model == given.model
    assert fixed.log_likelihood == given.log_likelihood
    assert np.array_equal(fixed.covariance, given.covariance)
    assert fixed.aic == pytest.approx(given.aic - 2)


@every_model
def test_a_weighted_row_counts_as_that_many_customers(entry: Entry) -> None:
    rfm = customers(entry.typical, 400)
    many = 1 + np.arange(400) % 3
    weighted, expanded = (entry.fit(rows) for rows in (evolve(rfm, weights=many), rfm[np.repeat(np.arange(400), many)]))
    assert values(weighted.model) == pytest.approx(values(expanded.model), rel=1e-6)
    assert weighted.covariance == pytest.approx(expanded.covariance, rel=1e-4)
    assert weighted.aic == pytest.approx(expanded.aic, rel=1e-10)
    assert weighted.customers == many.sum()
