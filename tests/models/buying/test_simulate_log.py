"""Simulated logs of purchases: as the models predict them, and as real logs are read."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest
from strategies import CONTINUOUS, Entry

from custvalue.errors import ParameterError
from custvalue.evidence.rfm import RFM
from custvalue.models.buying.weibull_gamma_nbd import WeibullGammaNBD

every_model = pytest.mark.parametrize("entry", CONTINUOUS.values(), ids=CONTINUOUS.keys())
AGES = np.arange(30, 60) / 7 * 10
"""Ages in weeks that are whole days."""


def rng(seed: int = 20261122) -> np.random.Generator:
    return np.random.default_rng(seed)


def summary(log: dict[str, Any], customers: int) -> tuple[np.ndarray, np.ndarray]:
    """x and t_x of each customer."""
    last = np.zeros(customers)
    np.maximum.at(last, log["customer_id"], log["time"])
    return np.bincount(log["customer_id"], minlength=customers) - 1, last


def between(log: dict[str, Any], customers: int, begin: float, end: float) -> np.ndarray:
    """How often each bought in (begin, end]."""
    inside = (log["time"] > begin) & (log["time"] <= end)
    return np.bincount(log["customer_id"][inside], minlength=customers)


@every_model
def test_a_log_is_ordered_and_begins_with_the_first_purchase(entry: Entry) -> None:
    ages = np.append(np.repeat(AGES, 50), 0.0)
    log = entry.typical.simulate_log(ages, rng=rng())
    assert list(log) == ["customer_id", "time"]
    customer, time = log["customer_id"], log["time"]
    first = np.append(True, np.diff(customer) > 0)
    assert np.array_equal(customer[first], np.arange(len(ages)))
    assert np.all(time[first] == 0)
    assert np.all((np.diff(time) > 0) | first[1:])
    assert np.all(time <= ages[customer])
    assert np.all(time[~first] > 0)


@every_model
def test_the_same_draws_give_the_same_log(entry: Entry) -> None:
    logs = [entry.typical.simulate_log(AGES, rng=rng(seed)) for seed in (1, 1, 2)]
    assert all(np.array_equal(logs[0][name], logs[1][name]) for name in logs[0])
    assert not np.array_equal(logs[0]["time"], logs[2]["time"])


@every_model
def test_logs_are_those_of_simulated_histories(entry: Entry) -> None:
    """Means and variances of x, and of t_x of those who bought again."""
    customers = 200_000
    x, t_x = summary(entry.typical.simulate_log(np.full(customers, 40.0), rng=rng(1)), customers)
    rfm = entry.typical.simulate(np.full(customers, 40.0), rng=rng(2))
    for one, other in ((x, rfm.x), (t_x[x > 0], rfm.t_x[rfm.x > 0]), (t_x[x == 1], rfm.t_x[rfm.x == 1])):
        for f in (np.asarray, lambda value: (value - other.mean()) ** 2):  # noqa: B023 (used at once)
            error = np.hypot(f(one).std() / np.sqrt(len(one)), f(other).std() / np.sqrt(len(other)))
            assert abs(f(one).mean() - f(other).mean()) < 4.5 * error


@every_model
def test_purchases_in_an_interval_are_as_often_as_predicted(entry: Entry) -> None:
    """Of newcomers, and of customers with the same x in the first 20 weeks."""
    model, customers = entry.typical, 200_000
    log = model.simulate_log(np.full(customers, 60.0), rng=rng())
    bought = between(log, customers, 30.0, 60.0)
    share = np.bincount(np.minimum(bought, 6), minlength=7) / customers
    pmf = model.purchase_pmf_new(np.arange(6), 30.0, after=30.0)
    expected = np.append(pmf, 1 - pmf.sum())
    assert ((share - expected) ** 2 / expected).sum() * customers < 27  # χ² with 6 degrees: P = 1.5e-4
    early = {name: column[log["time"] <= 20.0] for name, column in log.items()}
    x, t_x = summary(early, customers)
    rfm = RFM(x, t_x, 20.0, unit="week")
    ahead = model.expected_purchases(rfm, 30.0, after=10.0)
    buys, none = (model.probability_of_purchase(rfm, 30.0, after=10.0), model.purchase_pmf(rfm, 0, 30.0, after=10.0))
    for some in (x == 0, x == 1, (x > 1) & (t_x < 10), (x > 1) & (t_x >= 10)):
        for error in ((bought - ahead)[some], ((bought > 0) - buys)[some], ((bought == 0) - none)[some]):
            assert abs(error.mean()) < 4.5 * error.std() / np.sqrt(some.sum())


@every_model
def test_a_log_with_dates_is_read_as_it_was_drawn(entry: Entry) -> None:
    ages = np.repeat(AGES, 100)
    log = entry.typical.simulate_log(ages, rng=rng(), observed_until="2026-06-30")
    assert log["date"].max() <= np.datetime64("2026-06-30")
    columns = {"log": log, "customer": "customer_id", "date": "date", "unit": "week"}
    moments = RFM.from_transactions(**columns, observed_until="2026-06-30T00:00", collapse=None)
    x, t_x = summary(log, len(ages))
    assert moments.T == pytest.approx(ages, rel=1e-12)
    assert moments.t_x == pytest.approx(t_x, abs=1 / 604_800)
    assert np.array_equal(moments.x, x)
    days = RFM.from_transactions(**columns, observed_until="2026-06-30")
    assert days.T == pytest.approx(ages, rel=1e-12)
    assert days.t_x == pytest.approx(np.floor(t_x * 7 + 1e-5) / 7, abs=1e-9)
    each_day = np.unique([log["customer_id"], log["date"].astype("datetime64[D]").astype(int)], axis=1)
    assert np.array_equal(days.x, np.bincount(each_day[0]) - 1)


@every_model
def test_fit_recovers_the_parameters_from_a_log(entry: Entry) -> None:
    truth, ages = entry.typical, np.repeat(AGES, 250)
    log = truth.simulate_log(ages, rng=rng(4), observed_until="2026-06-30")
    rfm = RFM.from_transactions(log, observed_until="2026-06-30T00:00", collapse=None, unit="week")
    given = {name: truth.parameters[name] for name in entry.held}
    fit = truth.fit(rfm, **given, **entry.fixed)
    for name in set(truth.parameters) - set(given):
        assert abs(fit.model.parameters[name] - truth.parameters[name]) < 4 * fit.standard_errors[name]


@every_model
def test_parameters_of_each_customer_make_each_customers_log(entry: Entry) -> None:
    model, customers = entry.typical, 40_000
    factor = np.where(np.arange(customers) % 2, 1.0, 4.0)
    varied = attrs.evolve(model, alpha=model.alpha * factor)
    x, _ = summary(varied.simulate_log(np.full(customers, 40.0), rng=rng()), customers)
    for one in (1.0, 4.0):
        expected = attrs.evolve(model, alpha=model.alpha * one).expected_purchases_new(40.0)
        some = x[factor == one]
        assert abs(some.mean() - expected) < 4.5 * some.std() / np.sqrt(len(some))


@every_model
def test_nobody_makes_an_empty_log(entry: Entry) -> None:
    log = entry.typical.simulate_log([], rng=rng(), observed_until="2026-06-30")
    assert {name: len(column) for name, column in log.items()} == {"customer_id": 0, "time": 0, "date": 0}


@every_model
def test_dates_need_a_unit_and_ages_are_not_negative(entry: Entry) -> None:
    unknown = attrs.evolve(entry.typical, unit=None)
    assert list(unknown.simulate_log([1.0], rng=rng())) == ["customer_id", "time"]
    with pytest.raises(ParameterError, match="does not know its unit"):
        unknown.simulate_log([1.0], rng=rng(), observed_until="2026-06-30")
    in_days = unknown.simulate_log([10.0], rng=rng(), observed_until="2026-06-30", unit="day")
    assert in_days["date"][0] == np.datetime64("2026-06-20")
    with pytest.raises(ParameterError, match="must be >= 0"):
        entry.typical.simulate_log([-1.0], rng=rng())


@every_model
def test_logs_that_cannot_be_drawn(entry: Entry) -> None:
    model = entry.typical
    with pytest.raises(ParameterError, match="T must be finite"):
        model.simulate_log([np.inf], rng=rng())
    for wrong in ("soon", "NaT", np.datetime64("NaT"), 20260630):
        with pytest.raises(ParameterError, match="observed_until must be a date"):
            model.simulate_log([1.0], rng=rng(), observed_until=wrong)
    with pytest.raises(ParameterError, match="unit must be the model's, 'week'; got 'month'"):
        model.simulate_log([1.0], rng=rng(), unit="month")
    draws = attrs.evolve(model, r=np.array([[0.5], [0.6]]))
    with pytest.raises(ParameterError, match="not with draws"):
        draws.simulate_log([1.0, 2.0], rng=rng())


def test_lifetimes_beyond_all_floats() -> None:
    model = WeibullGammaNBD(r=1.0, alpha=0.1, s=1e-3, beta=1e-3, c=0.05, unit="week")
    assert np.isfinite(model.simulate_log(np.full(50, 100.0), rng=rng())["time"]).all()
