"""Retention models as values, their fits and their simulations; test_retention_laws.py has the laws of predictions."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from typing import Any

import attrs
import numpy as np
import pytest
from retention_strategies import FITTED, RETENTION_MODELS, RetentionEntry, observed

from custvalue.discounting.rate import Rate
from custvalue.errors import ConvergenceError, DataError, ParameterError
from custvalue.evidence.tenures import Tenures
from custvalue.inference.fit import Fit
from custvalue.models.retention.beta_discrete_weibull import BetaDiscreteWeibull
from custvalue.models.retention.exponential import Exponential
from custvalue.models.retention.exponential_gamma import ExponentialGamma
from custvalue.models.retention.family import log_rows_slopes
from custvalue.models.retention.geometric import Geometric
from custvalue.models.retention.grassia_ii_geometric import GrassiaIIGeometric
from custvalue.models.retention.shifted_beta_geo import ShiftedBetaGeo
from custvalue.models.retention.split_population import SplitPopulation
from custvalue.models.retention.weibull import Weibull
from custvalue.models.retention.weibull_gamma import WeibullGamma

every_model = pytest.mark.parametrize("entry", RETENTION_MODELS.values(), ids=RETENTION_MODELS.keys())
every_fit = pytest.mark.parametrize("entry", [RETENTION_MODELS[name] for name in FITTED], ids=FITTED)
YEARLY = Rate.annual(0.1)


def continuous(entry: RetentionEntry) -> Any:
    return "next" if entry.discrete else "continuous"


@every_model
def test_models_are_values(entry: RetentionEntry) -> None:
    model = entry.typical
    names = {kind.__name__: kind for kind in (*(type(e.typical) for e in RETENTION_MODELS.values()),)}
    assert eval(repr(model), names) == model  # noqa: S307 (our own repr)
    assert hash(copy.deepcopy(model)) == hash(model)
    assert pickle.loads(pickle.dumps(model)) == model  # noqa: S301 (our own bytes)
    assert entry.model.from_json(model.to_json()) == model
    first = next(iter(model.parameters))
    changed = model.with_parameters({first: 0.5})
    assert changed != model
    assert changed.parameters == {**model.parameters, first: 0.5}
    assert changed.unit == "month"
    with pytest.raises(ParameterError, match=first):
        model.with_parameters({first: -1.0})


@every_model
def test_draws_stand_along_a_first_axis(entry: RetentionEntry) -> None:
    """Of shape (draws, 1); and one set of parameters per customer, as with covariates."""
    model, tenure = entry.typical, np.array([0.0, 1.0, 5.0, 40.0])
    factors = np.array([0.9, 1.0, 1.1])
    drawn = model.with_parameters({name: value * factors[:, None] for name, value in model.parameters.items()})
    own = model.with_parameters({name: value * np.append(factors, 1.0) for name, value in model.parameters.items()})
    each = [model.with_parameters({name: value * f for name, value in model.parameters.items()}) for f in factors]
    assert entry.model.from_json(drawn.to_json()) == drawn
    for predict in (
        lambda m, t: m.survival(t),
        lambda m, t: m.log_likelihood(Tenures(t + 1, t > 4, unit="month", by_period=True)),
        lambda m, t: m.churn_probability(t, 3),
        lambda m, t: m.expected_residual_lifetime(t, 60),
        lambda m, t: m.discounted_expected_residual_lifetime(t, YEARLY, timing=continuous(entry)),
        lambda m, t: m.retention_elasticity(t, YEARLY, timing="now"),
    ):
        rows = np.array([predict(m, tenure) for m in each])
        assert np.allclose(predict(drawn, tenure), rows, rtol=1e-13)
        diagonal = [np.ravel(predict(m, t))[0] for m, t in zip([*each, model], tenure, strict=True)]
        assert np.allclose(predict(own, tenure), diagonal, rtol=1e-13)
    rates = Rate.annual([[0.05], [0.1]])
    grid = model.discounted_expected_residual_lifetime(tenure, rates, timing="now", horizon=[[12.0], [np.inf]])
    assert grid.shape == (2, 4)
    one = model.discounted_expected_residual_lifetime(5.0, Rate.annual(0.05), timing="now", horizon=12)
    assert np.allclose(grid[0, 2], one, rtol=1e-13)
    assert one.shape == ()


@every_model
def test_many_tenures_are_worked_on_once(entry: RetentionEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    model, few = entry.typical, np.arange(37.0)
    many = np.tile(few, 50)
    rows = Tenures(many, 0, unit="month", by_period=entry.discrete)
    for predict in (
        model.survival,
        lambda t: model.retention_rate(t + 1),
        lambda t: model.expected_residual_lifetime(t, 24),
        lambda t: model.discounted_expected_residual_lifetime(t, YEARLY, timing="now"),
    ):
        assert np.array_equal(predict(many), np.tile(predict(few), 50))
    assert np.array_equal(model.churn_probability(rows, 2), np.tile(model.churn_probability(few, 2), 50))
    assert np.array_equal(model.log_likelihood(rows), np.tile(model.log_likelihood(rows[:37]), 50))


@every_model
@pytest.mark.parametrize("entry_tenure", [0.0, 3.0])
def test_simulated_customers_survive_as_they_should(entry: RetentionEntry, entry_tenure: float) -> None:
    model, customers = entry.typical, 40_000
    drawn = model.simulate(np.full(customers, 25.0), rng=np.random.default_rng(5), entry=entry_tenure)
    assert (drawn.unit, drawn.by_period) == ("month", entry.discrete)
    assert np.all(drawn.duration > entry_tenure)
    for t in (4.0, 7.0, 12.0, 24.0):
        stayed = np.mean((drawn.duration > t) | ~drawn.ended)
        expected = 1 - model.churn_probability(entry_tenure, t - entry_tenure)
        assert abs(stayed - expected) < 4.5 * np.sqrt(expected * (1 - expected) / customers)
    lasted = (drawn.duration - entry_tenure).mean()
    mean = model.expected_residual_lifetime(entry_tenure, 25 - entry_tenure)
    assert abs(lasted - mean) < 4.5 * drawn.duration.std() / np.sqrt(customers)


@every_fit
@pytest.mark.parametrize("by_period", [True, False])
def test_fits_recover_what_was_simulated(entry: RetentionEntry, by_period: bool) -> None:
    rows = observed(entry.typical, 20_000, seed=2, by_period=by_period)
    if by_period != rows.by_period:
        return
    fit = entry.fit(rows)
    errors = fit.standard_errors
    for name, value in entry.typical.parameters.items():
        assert abs(fit.model.parameters[name] - value) < 4 * errors[name]
    assert fit.model.unit == "month"
    assert fit.log_likelihood == pytest.approx(fit.model.log_likelihood(rows).sum(), rel=1e-12)
    assert fit.log_likelihood >= entry.typical.log_likelihood(rows).sum()


@every_fit
def test_the_covariance_is_that_of_the_parameters(entry: RetentionEntry) -> None:
    """The inverse of the information by differences of the score, also where odds or times were searched."""
    rows = observed(entry.typical, 3000, seed=3)
    fit = entry.fit(rows)
    names, columns, counts = list(fit.model.parameters), rows.distinct().columns, rows.distinct().counts
    at = np.array([fit.model.parameters[name] for name in names])

    def score(values: np.ndarray) -> np.ndarray:
        moved = fit.model.with_parameters(dict(zip(names, values.tolist(), strict=True)))
        return (counts * log_rows_slopes(moved, columns, exact=moved._exact(rows))).sum(axis=1)

    steps = np.diag(1e-5 * at)
    information = np.array([(score(at - h) - score(at + h)) / (2 * h.max()) for h in steps])
    assert np.allclose(fit.covariance @ information, np.eye(len(at)), atol=1e-3)
    assert np.allclose(score(at) * at, 0, atol=1e-3)


@every_fit
def test_fits_depend_on_nothing_but_the_data(entry: RetentionEntry) -> None:
    """Neither on the order and number of rows, nor on the start, nor on the unit of time."""
    rows = observed(entry.typical, 3000, seed=4)
    fit = entry.fit(rows)
    again = attrs.evolve(rows, duration=rows.duration[::-1], ended=rows.ended[::-1], entry=rows.entry[::-1])
    weighted = attrs.evolve(rows, weights=7.0)
    known = np.array(list(fit.model.parameters.values()))
    for other in (entry.fit(again), entry.fit(weighted)):
        assert np.allclose(list(other.model.parameters.values()), known, rtol=1e-5)
    assert np.allclose(entry.fit(weighted).covariance * 7, fit.covariance, rtol=1e-3)
    start = entry.typical.with_parameters(
        {n: v * (0.5 if n in entry.shares else 3) for n, v in fit.model.parameters.items()}
    )
    elsewhere = entry.model.fit(rows, start=start, **({} if entry.leavers is None else {"leavers": entry.leavers}))
    assert np.allclose(list(elsewhere.model.parameters.values()), known, rtol=1e-5)
    if entry.discrete:
        return
    slow = entry.fit(attrs.evolve(rows, duration=rows.duration * 1e-4, entry=rows.entry * 1e-4))
    expected = entry.in_unit(fit.model, 1e-4).parameters
    assert list(slow.model.parameters.values()) == pytest.approx(list(expected.values()), rel=1e-5)
    assert slow.log_likelihood == pytest.approx(fit.log_likelihood - rows.ended.sum() * np.log(1e-4), rel=1e-9)


@every_fit
def test_fits_are_values_with_draws_and_intervals(entry: RetentionEntry) -> None:
    fit = entry.fit(observed(entry.typical, 3000, seed=6))
    assert Fit.from_json(fit.to_json(), entry.model) == fit
    drawn = fit.draws(4000, rng=1)
    for name, value in fit.model.parameters.items():
        values, (low, high) = np.ravel(drawn.parameters[name]), fit.confidence_intervals()[name]
        assert 0 < low < value < high
        assert high < 1 or name not in entry.shares
        assert np.mean((values > low) & (values < high)) == pytest.approx(0.95, abs=0.02)
        assert (values.max() < 1) or name not in entry.shares
    assert drawn.survival([1, 12]).shape == (4000, 2)
    assert str(round(fit.log_likelihood, 4)) in repr(fit)


def test_limits_in_which_models_meet() -> None:
    t, v = np.arange(0.0, 60.0), YEARLY
    pairs: list[tuple[Any, Any, float]] = [
        (BetaDiscreteWeibull(0.7, 3.0, 1.0), ShiftedBetaGeo(0.7, 3.0), 1e-12),
        (WeibullGamma(0.7, 3.0, 1.0), ExponentialGamma(0.7, 3.0), 1e-12),
        (Weibull(0.3, 1.0), Exponential(0.3), 1e-12),
        (ExponentialGamma(1e9, 1e9 / 0.3), Exponential(0.3), 1e-7),
        (ShiftedBetaGeo(0.2e9, 0.8e9), Geometric(0.2), 1e-7),
        (GrassiaIIGeometric(1e9, -1e9 / np.log(0.8)), Geometric(0.2), 1e-7),
        (SplitPopulation(ShiftedBetaGeo(2.0, 3.0), 1e-14), ShiftedBetaGeo(2.0, 3.0), 1e-9),
    ]
    for one, other, tolerance in pairs:
        assert np.allclose(one.churn_probability(t, 1), other.churn_probability(t, 1), rtol=tolerance)
        for timing in ("now", "next"):
            ours, theirs = (m.discounted_expected_residual_lifetime(t, v, timing=timing) for m in (one, other))
            assert np.allclose(ours, theirs, rtol=tolerance)


def test_captive_customers_are_what_the_mixture_says() -> None:
    """π + (1 - π) S, directly; of a sure leaver among captives nothing is lost in the logarithm."""
    leavers, t = GrassiaIIGeometric(0.5, 4.0), np.arange(10.0)
    model = SplitPopulation(leavers, 0.3)
    assert np.allclose(model.survival(t), 0.3 + 0.7 * leavers.survival(t), rtol=1e-14)
    captive = 0.3 / model.survival(t)
    rest = (1 - captive) * leavers.churn_probability(t, 2)
    assert np.allclose(model.churn_probability(t, 2), rest, rtol=1e-13)
    worth = 0.3 * 10 + 0.7 * leavers.discounted_expected_residual_lifetime(
        0, YEARLY, timing="next"
    )  # 1/0.1 for captives
    assert model.discounted_expected_residual_lifetime(0, YEARLY, timing="next") == pytest.approx(worth, rel=1e-13)
    flow = SplitPopulation(Exponential(0.2), 0.3)
    assert flow.hazard(3.0) == pytest.approx(0.7 * 0.2 * np.exp(-0.6) / (0.3 + 0.7 * np.exp(-0.6)), rel=1e-14)


@every_model
def test_what_makes_no_sense_is_refused(entry: RetentionEntry) -> None:
    model = entry.typical
    derl = model.discounted_expected_residual_lifetime
    with pytest.raises(ParameterError, match="timing must be"):
        derl(1, YEARLY, timing="soon")
    with pytest.raises(ParameterError, match="rate must be a Rate"):
        derl(1, 0.1, timing="now")
    with pytest.raises(ParameterError, match="unit must be the model's, 'month'; got 'week'"):
        derl(1, YEARLY, timing="now", unit="week")
    for bad in (-1, np.nan):
        with pytest.raises(ParameterError, match="tenure must be"):
            model.churn_probability(bad, 1)
        with pytest.raises(ParameterError, match="horizon must be"):
            model.expected_lifetime(bad)
    with pytest.raises(ParameterError, match="tenure must be"):
        model.churn_probability(np.inf, 1)
    with pytest.raises(ParameterError, match="t must be >= 1"):
        model.retention_rate([1, 0])
    with pytest.raises(DataError, match="fitted in months and the data are in weeks"):
        model.churn_probability(Tenures([3], [0], unit="week"), 1)
    with pytest.raises(DataError, match="fitted in months and the data are in weeks"):
        model.log_likelihood(Tenures([3], [0], unit="week"))
    with pytest.raises(ParameterError, match="unit must be the model's, 'month'; got 'week'"):
        model.simulate(3, rng=np.random.default_rng(1), unit="week")
    if entry.discrete:
        with pytest.raises(ParameterError, match="within must be a whole number"):
            model.churn_probability(1, 0.5)
        with pytest.raises(ParameterError, match="timing must be 'now'"):
            derl(1, YEARLY, timing="continuous")
    else:
        with pytest.raises(ParameterError, match="t must be > 0"):
            model.hazard(0.0)
        assert np.all(model.churn_probability([0.5], 0.25) > 0)


@every_model
def test_tenures_that_tell_nothing_are_refused(entry: RetentionEntry) -> None:
    with pytest.raises(DataError, match="nobody has left"):
        entry.fit(Tenures([3, 4], [0, 0], unit="month"))
    with pytest.raises(DataError, match="fitted to Tenures, not to a list"):
        entry.fit([1, 2])  # type: ignore[arg-type]
    with pytest.raises(DataError, match="whole numbers of renewals" if entry.discrete else "needs durations > 0"):
        entry.fit(Tenures([0, 2.5, 3], [1, 0, 1], unit="month"))


def test_likelihoods_without_a_maximum_say_so() -> None:
    with pytest.raises(ConvergenceError, match="everybody leaves at the first renewal") as all_left:
        Geometric.fit(Tenures([1, 1], [1, 1], unit="month"))
    assert all_left.value.fit.model.theta > 0.999
    alike = observed(Geometric(0.2, unit="month"), 400, seed=8)
    growing = attrs.evolve(alike, duration=np.where(alike.ended, np.maximum(alike.duration, 5), alike.duration))
    with pytest.raises(ConvergenceError, match="see Geometric"):
        ShiftedBetaGeo.fit(growing)
    with pytest.raises(ConvergenceError, match="see Geometric"):
        GrassiaIIGeometric.fit(growing)
    with pytest.raises(ConvergenceError) as sudden:  # α, a time to the power of c, leaves the range of floats
        WeibullGamma.fit(Tenures([132, 132, 147], 1, unit="month", by_period=True))
    assert "WeibullGamma" in repr(sudden.value.fit)
    with pytest.raises(ConvergenceError, match="everybody churns some day"):
        SplitPopulation.fit(Tenures([1, 2, 3, 4, 5, 9], 1, unit="month"), leavers=Exponential)


def test_split_populations_hold_one_model() -> None:
    rows = Tenures([1, 2, 3], [1, 1, 0], unit="month")
    for bad in (SplitPopulation, Geometric(0.1), int):
        with pytest.raises(ParameterError, match="leavers must be the class of a retention model"):
            SplitPopulation.fit(rows, leavers=bad)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="leavers must be a retention model"):
        SplitPopulation(RETENTION_MODELS["split sBG"].typical, 0.1)
    for share in (0.0, 1.0, [0.5, np.nan]):
        with pytest.raises(ParameterError, match="never_churn must lie between 0 and 1"):
            SplitPopulation(Geometric(0.1), share)
    with pytest.raises(ParameterError, match="leave at renewals and have no hazard rate"):
        SplitPopulation(Geometric(0.1), 0.1).hazard(1)
    with pytest.raises(ParameterError, match="not known"):
        SplitPopulation.from_json('{"model": "SplitPopulation", "leavers": {"model": "Other"}, "never_churn": 0.5}')


@pytest.mark.parametrize("fields", ["", ', "theta": 0.2, "phi": 1.0'])
def test_json_with_other_fields_is_refused(fields: str) -> None:
    with pytest.raises(ParameterError, match="not a model that to_json wrote"):
        Geometric.from_json(f'{{"model": "Geometric"{fields}}}')


def test_a_model_within_a_model_is_found_where_nothing_is_loaded_yet() -> None:
    text = SplitPopulation(leavers=GrassiaIIGeometric(r=1.0, alpha=2.0), never_churn=0.2).to_json()
    code = f"import custvalue as cv; print(cv.SplitPopulation.from_json({text!r}).to_json())"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603
    assert done.stdout.strip() == text
    with pytest.raises(ParameterError, match="holds a model that is not known: 'Unheard'"):
        SplitPopulation.from_json(text.replace("GrassiaIIGeometric", "Unheard"))
