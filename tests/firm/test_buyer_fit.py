"""Fitting firms without contracts: exact figures give the parameters, simulated ones intervals that cover."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from custvalue.errors import ConvergenceError, DataError, ParameterError
from custvalue.firm.acquisition import WeibullAcquisition
from custvalue.firm.buyer_fit import fit_buyers
from custvalue.firm.buyer_model import BuyerModel
from custvalue.firm.disclosures import BuyerDisclosures
from custvalue.models.buying.beta_geo_nbd import BetaGeoNBD
from custvalue.models.buying.pareto_nbd import ParetoNBD

PLACE = {"population": 2e5, "growth": 0.002}
START = ParetoNBD(1.0, 10.0, 1.0, 10.0, unit="week")


def a_model(buying=None, elapsed=20, **changed):
    given = {
        "acquisition": WeibullAcquisition(2e5, 6e-3, 1.6, share=0.3, growth=0.002),
        "buying": buying or ParetoNBD(0.9, 8.0, 0.7, 15.0, unit="week"),
        "revenue": 30.0,
        "revenue_growth": 0.004,
        "elapsed": elapsed,
        "unit": "quarter",
    }
    return BuyerModel(**(given | changed))


def exactly(model, window=4):
    adds, orders, active = model.expected(window)
    revenue = orders * model.revenue_each(model.elapsed)
    return {"adds": adds, "orders": orders, "active": active, "revenue": revenue, "window": window, "unit": "quarter"}


@pytest.mark.parametrize(
    "buying", [ParetoNBD(0.9, 8.0, 0.7, 15.0, unit="week"), BetaGeoNBD(0.5, 6.0, 0.8, 2.4, unit="week")]
)
def test_exact_figures_give_the_parameters(buying):
    model = a_model(buying)
    start = buying.with_parameters({name: 1.3 * value for name, value in buying.parameters.items()})
    fit = fit_buyers(start, BuyerDisclosures(**exactly(model)), **PLACE)
    for name, value in fit.parameters.items():
        assert value == pytest.approx(float(model.parameters[name]), rel=1e-4), name
    assert fit.figures == 60


def test_gaps_and_years_before_the_first_row():
    model = a_model(elapsed=24)
    columns = {
        name: np.array(v, dtype=float)[6:] for name, v in exactly(model).items() if name not in {"window", "unit"}
    }
    columns["active"][::2], columns["orders"][3], columns["adds"][5] = np.nan, np.nan, np.nan
    fit = fit_buyers(START, BuyerDisclosures(**columns, window=4, periods_before=6, unit="quarter"), **PLACE)
    for name, value in fit.parameters.items():
        assert value == pytest.approx(float(model.parameters[name]), rel=1e-3), name


def test_expectations_are_means_of_simulations():
    model = a_model(elapsed=8)
    drawn = [model.simulate(window=3, rng=np.random.default_rng(s)) for s in range(12)]
    adds, orders, active = model.expected(3)
    for name, expected in (("adds", adds), ("orders", orders), ("active", active)):
        rows = np.array([columns[name] for columns in drawn])
        off = (rows.mean(axis=0) - expected) / (rows.std(axis=0, ddof=1) / np.sqrt(len(rows)))
        assert np.abs(off).max() < 4.5, name
        np.testing.assert_allclose(rows.mean(axis=0), expected, rtol=0.05)


def test_the_projection_goes_on_where_the_expectation_ends():
    longer, model = a_model(elapsed=14), a_model(elapsed=10)
    _, orders, _ = longer.expected(4)
    np.testing.assert_allclose(model.project(4).orders, orders[10:], rtol=1e-9)
    np.testing.assert_allclose(model.project(4).acquired, longer.expected(4)[0][10:], rtol=1e-12)
    np.testing.assert_allclose(model.project(4).revenue, orders[10:] * 30 * 1.004 ** np.arange(1, 5), rtol=1e-9)


def test_customers_really_acquired_take_the_place_of_expected_ones():
    adds, orders, active = a_model().expected(4)
    twice = attrs.evolve(a_model(), acquired=2 * adds)
    np.testing.assert_allclose(twice.expected(4)[1], 2 * orders, rtol=1e-12)
    np.testing.assert_allclose(twice.expected(4)[2], 2 * active, rtol=1e-12)
    np.testing.assert_allclose(twice.expected(4)[0], adds)


@pytest.mark.slow
def test_standard_errors_are_the_spread_of_estimates():
    place = {"population": 1e6, "growth": 0.002}
    won = WeibullAcquisition(1e6, 6e-3, 1.6, share=0.3, growth=0.002)
    model, off = a_model(ParetoNBD(0.55, 10.6, 0.61, 11.7, unit="week"), acquisition=won), []
    for seed in range(8):
        columns = model.simulate(window=4, rng=np.random.default_rng(seed), revenue_noise=0.01)
        fit = fit_buyers(START, BuyerDisclosures(**columns, window=4, unit="quarter"), **place)
        off += [(value - float(model.parameters[n])) / fit.standard_errors[n] for n, value in fit.parameters.items()]
        revenue = fit.draws(50, rng=1).project(8).revenue
        assert (revenue.std(axis=0) > 0).all()
    assert 0.75 < (np.abs(off) < 1.645).mean() < 1


def test_what_cannot_be_is_refused():
    good = {"adds": [10.0, 12.0], "active": [10.0, 22.0], "orders": [12.0, 30.0], "window": 4, "unit": "quarter"}
    for changed, message in (
        ({"adds": [11.0, 12.0]}, r"adds <= active must hold.*row 0"),
        ({"orders": [12.0, 11.0]}, r"adds <= orders must hold.*row 1"),
        ({"active": [-1.0, 2.0]}, "active must be >= 0"),
        ({"orders": [12.0]}, "one length"),
        ({"active": None, "orders": None}, "neither active customers nor orders"),
    ):
        with pytest.raises(DataError, match=message):
            BuyerDisclosures(**(good | changed))
    assert repr(BuyerDisclosures(**good)) == "BuyerDisclosures of 2 quarters: adds 2, active 2, orders 2, revenue 0"
    with pytest.raises(ParameterError, match="window must be a whole number >= 1; got 0"):
        BuyerDisclosures(**(good | {"window": 0}))
    with pytest.raises(DataError, match="6 figures about customers do not identify 7 parameters"):
        fit_buyers(START, BuyerDisclosures(**good), **PLACE)
    with pytest.raises(ParameterError, match="model of buying to begin with"):
        fit_buyers(ParetoNBD, BuyerDisclosures(**good), **PLACE)
    with pytest.raises(ParameterError, match="does not know its unit"):
        a_model(ParetoNBD(1.0, 10.0, 1.0, 10.0))
    with pytest.raises(ParameterError, match="revenue must be known"):
        a_model(revenue=np.nan).project(3)
    with pytest.raises(ParameterError, match="numbers, not draws"):
        a_model(revenue=[[1.0]]).simulate(window=4, rng=np.random.default_rng(1))


@pytest.mark.slow
def test_what_the_figures_do_not_tell_is_said():
    columns = a_model(elapsed=8).simulate(window=4, rng=np.random.default_rng(1))
    with pytest.raises(ConvergenceError, match="do not identify"):
        fit_buyers(START, BuyerDisclosures(orders=columns["orders"], window=4, unit="quarter"), **PLACE)
