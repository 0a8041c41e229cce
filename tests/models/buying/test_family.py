"""What all models of buying share: P(alive) computed once, ages that can be drawn, and parameters in words."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from attrs import evolve
from strategies import MODELS, Entry

from custvalue import RFM, Rate
from custvalue.errors import ConvergenceError, ParameterError
from custvalue.evidence.opportunities import Opportunities
from custvalue.models.buying.beta_geo_beta_binom import BetaGeoBetaBinom
from custvalue.models.buying.beta_geo_cnbd import BetaGeoCNBD
from custvalue.models.buying.beta_geo_nbd import BetaGeoNBD
from custvalue.models.buying.pareto_nbd import ParetoNBD
from custvalue.models.buying.periodic_death import PeriodicDeathOpportunity

MODELS_OF_BUYING: dict[str, Any] = {name: entry.typical for name, entry in MODELS.items()}
every_model = pytest.mark.parametrize("model", MODELS_OF_BUYING.values(), ids=MODELS_OF_BUYING)


def rows_for(model: Any) -> Any:
    if isinstance(model, BetaGeoBetaBinom):
        return Opportunities([0, 2, 3], [0, 4, 6], 6, unit="week")
    return RFM([0, 2, 3], [0, 20.0, 30.0], 39.0, unit="week")


@every_model
def test_the_odds_of_being_alive_are_computed_once_for_the_same_model_and_rows(
    model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    odds = type(model)._odds
    monkeypatch.setattr(type(model), "_odds", lambda self, *columns: calls.append(self) or odds(self, *columns))
    rows = rows_for(model)
    first = model.p_alive(rows)
    model.expected_purchases(rows, 10)
    model.discounted_expected_purchases(rows, Rate.annual(0.1), 10)
    model.churn_probability(rows, 4)
    assert len(calls) == 1
    assert np.array_equal(model.p_alive(rows), first)
    other = model.with_parameters({})
    other.p_alive(rows)  # equal, but another object
    model.p_alive(rows)  # the last key alone is remembered
    assert len(calls) == 3
    model.p_alive(rows_for(model))
    assert len(calls) == 4


@every_model
def test_what_is_kept_is_no_part_of_the_rows(model: Any) -> None:
    asked, fresh = rows_for(model), rows_for(model)
    shown = repr(fresh)
    model.p_alive(asked)
    copy = pickle.loads(pickle.dumps(asked))  # noqa: S301 (written here)
    assert asked == fresh == copy
    assert repr(asked) == shown
    assert np.array_equal(model.p_alive(copy), model.p_alive(asked))
    assert isinstance(copy.kept(model, lambda: "computed"), np.ndarray)
    assert pickle.loads(pickle.dumps(asked)).kept(model, lambda: "computed") == "computed"  # noqa: S301 (written here)


def test_draws_of_parameters_are_not_kept() -> None:
    rows = rows_for(None)
    drawn = BetaGeoNBD(r=[[0.2], [0.3]], alpha=4.4, a=0.8, b=2.4)
    assert drawn.p_alive(rows).shape == (2, 3)
    assert rows.kept(drawn, lambda: "computed") == "computed"


@every_model
def test_a_prediction_has_the_shape_of_its_arguments(model: Any) -> None:
    rows = rows_for(model)
    for ahead in ([[0.0], [0.0]], [[0.0], [5.0]]):
        assert model.p_alive(rows, ahead).shape == model.churn_probability(rows, ahead).shape == (2, 3)


@every_model
def test_one_customer_may_be_drawn_alone(model: Any) -> None:
    alone, first = model.simulate(9, rng=1, unit="week"), model.simulate([9], rng=1, unit="week")
    assert alone.x.shape == () == alone.weights.shape
    assert alone.x == first.x[0]
    assert alone.t_x == first.t_x[0]


@every_model
@pytest.mark.parametrize("age", [-1.0, np.inf, np.nan, "text"])
def test_ages_that_cannot_be_drawn_are_refused_by_name(model: Any, age: Any) -> None:
    with pytest.raises(ParameterError, match=r"^T must be"):
        model.simulate(age, rng=1, unit="week")


def test_ages_that_fit_no_parameters_are_refused() -> None:
    with pytest.raises(ParameterError, match="shape"):
        BetaGeoNBD(r=[0.2, 0.3], alpha=4.4, a=0.8, b=2.4).simulate([1, 2, 3], rng=1, unit="week")


def test_each_draw_of_the_parameters_draws_customers_of_its_own() -> None:
    drawn = ParetoNBD(r=[[0.5], [50.0]], alpha=10.0, s=0.6, beta=11.0).simulate([39.0] * 4, rng=1, unit="week")
    assert drawn.x.shape == (2, 4)
    assert drawn.x[1].sum() > drawn.x[0].sum()


def test_parameters_in_words() -> None:
    shared = {"r": 0.5, "alpha": 10.0}
    rate = ("Purchases a week, r/alpha", "0.05", "while a customer: one in 20 weeks")
    leaving = ("Leaving, a/(a+b)", "25.0%", "chance after a purchase")
    assert BetaGeoNBD(**shared, a=1, b=3, unit="week").in_words() == (rate, leaving)
    assert BetaGeoCNBD(**shared, a=1, b=3, k=2, unit="week").in_words() == (
        ("Purchases a week, r/(2 alpha)", "0.025", "while a customer: one in 40 weeks"),
        leaving,
    )
    assert ParetoNBD(**shared, s=0.6, beta=12, unit="week").in_words() == (
        rate,
        ("Leaving a week, s/beta", "0.05", "rate while a customer"),
    )
    assert PeriodicDeathOpportunity(**shared, a=1, b=3, tau=3, unit="week").in_words()[1] == (
        "Leaving, a/(a+b)",
        "25.0%",
        "chance every 3 weeks",
    )
    assert BetaGeoBetaBinom(alpha=1, beta=3, gamma=1, delta=9, unit="year").in_words() == (
        ("Buying, alpha/(alpha+beta)", "25.0%", "chance in a year, while a customer"),
        ("Leaving, gamma/(gamma+delta)", "10.0%", "chance before a year"),
    )


@every_model
def test_every_model_says_in_words_what_it_says_in_numbers(model: Any) -> None:
    rows = model.in_words()
    assert rows
    assert all(label and number for label, number, _ in rows)


def test_an_unknown_unit_has_words_too() -> None:
    assert BetaGeoNBD(r=0.5, alpha=10, a=1, b=3).in_words()[0] == (
        "Purchases a unit of time, r/alpha",
        "0.05",
        "while a customer: one in 20 units of time",
    )


@pytest.mark.parametrize("entry", MODELS.values(), ids=MODELS)
def test_a_weighted_table_is_the_expanded_one(entry: Entry) -> None:
    each = entry.typical.simulate(np.arange(20, 60), rng=4, unit="week")
    weights = np.arange(len(each)) % 4
    few, many = evolve(each, weights=weights), each[np.repeat(np.arange(len(each)), weights)]
    held = {name: float(entry.typical.parameters[name]) for name in entry.held}
    fits = []
    for rows in (few, many):
        try:
            fits.append(entry.model.fit(rows, **entry.fixed, fixed=held))
        except ConvergenceError as error:  # so few customers may have no interior maximum: then both have none
            fits.append(error.fit)
    weighted, expanded = fits
    assert weighted.customers == expanded.customers == weights.sum()
    assert weighted.log_likelihood == pytest.approx(expanded.log_likelihood, rel=1e-11)
    assert weighted.aic == pytest.approx(expanded.aic, rel=1e-11)
    if np.abs(weighted.covariance).max() < 1e6:  # flat likelihoods leave the last digits to chance
        assert list(weighted.model.parameters.values()) == pytest.approx(
            list(expanded.model.parameters.values()), rel=1e-6
        )
        assert weighted.covariance == pytest.approx(expanded.covariance, rel=1e-4, abs=1e-12)
