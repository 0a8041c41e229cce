"""Laws of models as values: parameters are the object, they broadcast, and the unit of time is kept."""

from __future__ import annotations

import json
import pickle
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import CONTINUOUS, CUSTOMERS, MODELS, SPEND_MODELS, Entry, few

from custvalue.discounting.rate import Rate
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.opportunities import Opportunities
from custvalue.evidence.rfm import RFM
from custvalue.inference.fit import Fit

ALL = MODELS | SPEND_MODELS
every_model = pytest.mark.parametrize("entry", MODELS.values(), ids=MODELS.keys())
any_model = pytest.mark.parametrize("entry", ALL.values(), ids=ALL.keys())

PREDICTIONS = {
    "p_alive": lambda model, rfm, t: model.p_alive(rfm, t),
    "churn": lambda model, rfm, t: model.churn_probability(rfm, t),
    "purchases": lambda model, rfm, t: model.expected_purchases(rfm, t),
    "a purchase": lambda model, rfm, t: model.probability_of_purchase(rfm, t),
    "pmf": lambda model, rfm, t: model.purchase_pmf(rfm, 2, t),
    "later purchases": lambda model, rfm, t: model.expected_purchases(rfm, 13.0, after=t),
    "a later purchase": lambda model, rfm, t: model.probability_of_purchase(rfm, 13.0, after=t),
    "later pmf": lambda model, rfm, t: model.purchase_pmf(rfm, 1, 13.0, after=t),
    "discounted": lambda model, rfm, t: model.discounted_expected_purchases(rfm, Rate.annual(0.1), t),
    "log-likelihood": lambda model, rfm, t: model.log_likelihood(rfm) + 0 * t,
}
"""Everything that is predicted of rows at a horizon t."""
every_prediction = pytest.mark.parametrize("predict", PREDICTIONS.values(), ids=PREDICTIONS.keys())
HORIZONS = np.array([[0.0], [3.0], [52.0]])
ROWS = [0, 0, 1, 2, 30, 2], [0, 0, 5, 30.43, 38, 30.43], [0, 39, 39, 38.86, 39, 38.86]


def sample(entry: Entry, unit: str = "week") -> Any:
    """Six customers, two of them alike."""
    return entry.rows(*ROWS, unit=unit)


def each(entry: Entry, j: int) -> Any:
    """One of them, without an axis."""
    return entry.rows(*(column[j] for column in ROWS))


def close(one: Any, other: Any) -> bool:
    return bool(np.allclose(one, other, rtol=1e-11, atol=1e-14))


@any_model
@given(data=st.data())
def test_a_model_survives_every_round_trip(entry: Any, data: st.DataObject) -> None:
    model = data.draw(entry.models())
    name, value = next(iter(model.parameters.items()))
    other = attrs.evolve(model, **{name: value * 2})
    assert model == eval(repr(model), {type(model).__name__: type(model)})  # noqa: S307 (our own repr)
    assert model == attrs.evolve(other, **{name: value})
    assert model != other
    assert len({model, other, attrs.evolve(model)}) == 2
    assert model == pickle.loads(pickle.dumps(model))  # noqa: S301 (our own bytes)
    assert model == type(model).from_json(model.to_json())
    assert json.loads(model.to_json())[name] == value


@any_model
def test_a_model_with_array_parameters_survives_the_round_trips_too(entry: Any) -> None:
    name, value = next(iter(entry.typical.parameters.items()))
    model = attrs.evolve(entry.typical, **{name: [[value], [value * 2]]})
    assert model == type(model).from_json(model.to_json()) == pickle.loads(pickle.dumps(model))  # noqa: S301
    assert model != entry.typical
    with pytest.raises(ValueError, match="read-only"):
        model.parameters[name][0] = 1.0


@any_model
@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf, [1.0, -2.0]])
def test_parameters_are_positive_and_finite(entry: Any, bad: Any) -> None:
    for name in entry.typical.parameters:
        with pytest.raises(ParameterError, match=f"{name} must be positive"):
            attrs.evolve(entry.typical, **{name: bad})


@any_model
def test_json_of_another_model_is_refused(entry: Any) -> None:
    text = entry.typical.to_json().replace(f'"{type(entry.typical).__name__}"', '"Unknown"')
    with pytest.raises(ParameterError, match="Unknown"):
        type(entry.typical).from_json(text)


@every_model
@every_prediction
def test_one_row_many_rows_and_a_grid_agree(entry: Entry, predict: Any) -> None:
    rows = sample(entry)
    grid = predict(entry.typical, rows, HORIZONS)
    assert grid.shape == (3, len(rows))
    for i, t in enumerate(HORIZONS[:, 0]):
        assert close(grid[i], predict(entry.typical, rows, t))
        for j in range(len(rows)):
            assert close(grid[i, j], predict(entry.typical, each(entry, j), t))
            assert np.shape(predict(entry.typical, each(entry, j), t)) == ()


@every_model
@few  # regular buyers' discounting takes long in corners
@given(data=st.data())
def test_rows_do_not_depend_on_their_neighbors(entry: Entry, data: st.DataObject) -> None:
    model, rfm = data.draw(entry.models()), data.draw(entry.customers())
    j = data.draw(st.integers(0, CUSTOMERS - 1))
    for name, predict in PREDICTIONS.items():
        together, alone = predict(model, rfm, 10.0)[j], predict(model, rfm[[j]], 10.0)[0]
        assert np.allclose(together, alone, rtol=1e-10, atol=1e-10 if name == "log-likelihood" else 1e-290)


@every_model
@every_prediction
@pytest.mark.parametrize("shape", [(4, 1), (6,), (4, 6)], ids=["draws", "customers", "both"])
def test_array_parameters_are_a_loop_over_models(entry: Entry, predict: Any, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(5)
    drawn = {name: value * np.exp(rng.normal(0, 0.3, shape)) for name, value in entry.typical.parameters.items()}
    rows = sample(entry)
    together = predict(attrs.evolve(entry.typical, **drawn), rows, 13.0)
    spread = {name: np.broadcast_to(values, (4, 6)) for name, values in drawn.items()}
    for d, j in ((0, 0), (1, 1), (2, 2), (3, 3), (0, 4), (2, 5)):  # every draw, and every customer
        single = attrs.evolve(entry.typical, **{name: values[d, j] for name, values in spread.items()})
        expected = predict(single, rows[[j]], 13.0)[0]
        assert close(np.broadcast_to(together, (4, 6))[d, j], expected)


@every_model
def test_two_dimensional_rows_are_predicted_one_by_one(entry: Entry) -> None:
    square = entry.rows(*(np.reshape(column, (2, 3)) for column in ROWS))
    expected = entry.typical.expected_purchases(sample(entry), 10.0).reshape(2, 3)
    assert close(entry.typical.expected_purchases(square, 10.0), expected)


@every_model
@every_prediction
def test_no_customers_give_no_predictions(entry: Entry, predict: Any) -> None:
    assert predict(entry.typical, entry.rows([], [], []), 1.0).shape == (0,)


@every_model
@every_prediction
def test_data_in_another_unit_are_refused(entry: Entry, predict: Any) -> None:
    days = entry.rows(2, 30, 38, unit="day")
    kind = type(days).__name__
    with pytest.raises(DataError, match=f"fitted in weeks and the data are in days; build the {kind} with unit='week'"):
        predict(entry.typical, days, 1.0)
    assert np.isfinite(predict(attrs.evolve(entry.typical, unit=None), days, 1.0))


@every_model
def test_fit_keeps_the_unit_of_its_data(entry: Entry) -> None:
    months = entry.fit(attrs.evolve(entry.typical, unit=None).simulate(np.full(500, 39.0), rng=rng(), unit="month"))
    assert months.model.unit == "month"
    with pytest.raises(ParameterError, match="does not know its unit"):
        attrs.evolve(entry.typical, unit=None).simulate([1.0], rng=rng())


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


@pytest.mark.parametrize("entry", CONTINUOUS.values(), ids=CONTINUOUS.keys())
def test_a_rate_is_converted_to_the_unit_of_the_data(entry: Entry) -> None:
    rows = sample(entry)
    weeks = entry.typical.discounted_expected_purchases(rows, Rate.annual(0.1))
    days = RFM(rows.x, rows.t_x * 7, rows.T * 7, unit="day")
    daily = attrs.evolve(entry.in_unit(attrs.evolve(entry.typical, unit=None), 7.0), unit="day")
    assert np.allclose(daily.discounted_expected_purchases(days, Rate.annual(0.1)), weeks, rtol=1e-11)
    with pytest.raises(ParameterError, match="must be a Rate"):
        entry.typical.discounted_expected_purchases(rows, 0.1)


@every_model
@pytest.mark.parametrize("t", [-1.0, np.nan, [1.0, -0.5, 1, 1, 1, 1]])
def test_horizons_are_not_negative(entry: Entry, t: Any) -> None:
    for predict in list(PREDICTIONS.values())[:-1]:
        with pytest.raises(ParameterError, match="must be >= 0"):
            predict(entry.typical, sample(entry), t)


@every_model
@pytest.mark.parametrize("n", [-1, 0.5, np.inf, np.nan])
def test_counts_are_whole(entry: Entry, n: float) -> None:
    with pytest.raises(ParameterError, match="whole number"):
        entry.typical.purchase_pmf(sample(entry), n, 1.0)


@every_model
def test_lists_and_integers_are_welcome(entry: Entry) -> None:
    listed = entry.rows([2, 0], [30, 0], [38, 38])
    assert entry.typical.expected_purchases(listed, [39, 39]).dtype == np.float64
    assert entry.typical.purchase_pmf_new([0, 1], 39).shape == (2,)


@every_model
def test_a_fit_survives_json_and_draws_models(entry: Entry) -> None:
    fit = entry.fit(entry.typical.simulate(np.full(2000, 39.0), rng=rng()))
    again = Fit.from_json(fit.to_json(), entry.model)
    assert again == fit
    assert again.iterations == fit.iterations
    assert np.array_equal(fit.covariance, fit.covariance.T)
    assert fit.aic == 2 * len(fit.covariance) - 2 * fit.log_likelihood
    assert fit.bic == pytest.approx(len(fit.covariance) * np.log(2000) - 2 * fit.log_likelihood)
    draws = fit.draws(4000, rng=rng())
    for name, (low, high) in fit.confidence_intervals(0.9).items():
        drawn = draws.parameters[name]
        assert drawn.shape == (4000, 1)
        assert np.quantile(drawn, [0.05, 0.95]) == pytest.approx([low, high], rel=0.1)
    assert draws.expected_purchases(sample(entry), 52.0).shape == (4000, 6)


@pytest.mark.parametrize("entry", MODELS.values(), ids=MODELS)
def test_a_log_is_not_a_summary(entry: Entry) -> None:
    with pytest.raises(DataError, match=r"this model is fitted to .*, not to a dict; make them from a log"):
        entry.model.fit({"customer_id": [1], "date": ["2024-01-01"]})


@pytest.mark.parametrize("text", ["hello", "{}", "[1]"])
def test_what_is_no_model_is_said_so(text: str) -> None:
    with pytest.raises(ParameterError, match="not a model that to_json wrote"):
        MODELS["BG/NBD"].model.from_json(text)


def test_other_evidence_is_refused_with_the_remedy() -> None:
    rfm, chances = RFM([2, 0], [3, 0], [5, 6], unit="week"), Opportunities([1], [1], [2], unit="year")
    buying, giving = MODELS["BG/NBD"].typical, MODELS["BG/BB"].typical
    with pytest.raises(DataError, match=r"fitted to Opportunities, not to a RFM; .*Opportunities.from_transactions"):
        type(giving).fit(rfm)
    with pytest.raises(DataError, match=r"fitted to RFM, not to a Opportunities"):
        type(buying).fit(chances)
    with pytest.raises(DataError, match=r"a BetaGeoNBD predicts from RFM, not from a Opportunities"):
        buying.expected_purchases(chances, 1)
    with pytest.raises(DataError, match=r"a BetaGeoBetaBinom predicts from Opportunities, not from a dict"):
        giving.p_alive({"x": 1})


def test_a_seed_is_a_generator() -> None:
    model = MODELS["BG/NBD"].typical
    assert model.simulate([30.0] * 9, rng=3) == model.simulate([30.0] * 9, rng=np.random.default_rng(3))
    one, other = (model.simulate_log([30.0] * 9, rng=rng) for rng in (3, np.random.default_rng(3)))
    assert one["time"].tolist() == other["time"].tolist()


def test_a_fit_says_where_predictions_are() -> None:
    fit = MODELS["NBD"].fit(RFM([2, 0, 5, 1], [3, 0, 5, 1], [5, 6, 7, 9], unit="week"))
    with pytest.raises(AttributeError, match=r"its model has: fit.model.p_alive"):
        fit.p_alive  # noqa: B018
    assert not hasattr(fit, "nothing")
    assert pickle.loads(pickle.dumps(fit)) == fit  # noqa: S301 (our own)


@pytest.mark.parametrize("entry", ALL.values(), ids=ALL)
def test_parameters_that_are_no_numbers_are_refused_in_our_words(entry: Any) -> None:
    first = next(iter(entry.typical.parameters))
    with pytest.raises(ParameterError, match="a parameter must be"):
        attrs.evolve(entry.typical, **{first: "text"})
