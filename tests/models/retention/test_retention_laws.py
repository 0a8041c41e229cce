"""Laws that every retention model obeys, over the whole domain of its parameters.

Those of models as values, of fits and of simulation stand in test_retention_models.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from retention_strategies import RETENTION_MODELS, RetentionEntry
from strategies import few, log_uniform

from custvalue.discounting.rate import Rate
from custvalue.evidence.tenures import Tenures
from custvalue.models.retention.family import log_rows, log_rows_slopes

every_model = pytest.mark.parametrize("entry", RETENTION_MODELS.values(), ids=RETENTION_MODELS.keys())
rates = log_uniform(1e-3, 2.0).map(Rate.continuous)


def alike(one: Any, other: Any, tolerance: float = 1e-11) -> bool:
    return bool(np.allclose(one, other, rtol=tolerance, atol=1e-290))


def dues(entry: RetentionEntry) -> list[str]:
    return ["now", "next"] if entry.discrete else ["now", "next", "continuous"]


@every_model
@given(data=st.data())
def test_customers_leave_and_do_not_come_back(entry: RetentionEntry, data: st.DataObject) -> None:
    model, t, more = data.draw(entry.models()), data.draw(entry.tenures), data.draw(entry.spans)
    start, sooner, later = model.survival([0.0, t, t + more])
    assert start == 1
    assert 0 <= later <= sooner * (1 + 1e-13) <= 1 + 1e-12
    soon, late = model.churn_probability(t, [more, 2 * more])
    assert 0 <= soon <= late * (1 + 1e-13) <= 1 + 1e-12
    assert alike(model.survival(np.inf), model.parameters.get("never_churn", 0.0))


@every_model
@given(data=st.data())
def test_churn_is_what_survival_loses(entry: RetentionEntry, data: st.DataObject) -> None:
    model, t, more = data.draw(entry.models()), data.draw(entry.tenures), data.draw(entry.spans)
    if t + more - t != more:
        more = t  # rounding would move the end
    left, before = model.survival(t) - model.survival(t + more), model.survival(t)
    # the difference of two survival rates knows no more than they do, 1e-12 of them where they are as small as 1e-57
    assert np.allclose(model.churn_probability(t, more) * before, left, rtol=1e-9, atol=1e-11 * before + 1e-290)
    ends = np.arange(1.0, 30.0)
    survived = np.cumprod(model.retention_rate(ends))
    assert alike(survived, model.survival(ends), 1e-10)


@every_model
@given(data=st.data())
def test_staying_twice_is_staying_through(entry: RetentionEntry, data: st.DataObject) -> None:
    """The logarithms themselves, so that what hardly ever and what nearly always happens is as exact."""
    model, t, more = data.draw(entry.models()), data.draw(entry.tenures), data.draw(entry.spans)
    if (t + more) - t != more or (t + 2 * more) - (t + more) != more:
        return
    first, second, both = (
        float(model._log_stay(np.array(start), np.array(ahead)))
        for start, ahead in ((t, more), (t + more, more), (t, 2 * more))
    )
    assert alike(first + second, both, 1e-11)


@every_model
@given(data=st.data(), entered=st.integers(0, 5), periods=st.integers(1, 40))
def test_whole_periods_have_probability_1(
    entry: RetentionEntry, data: st.DataObject, entered: int, periods: int
) -> None:
    """Over all that may be seen of a customer who entered observation with some tenure."""
    model = data.draw(entry.models())
    ends = np.append(entered + np.arange(1.0, periods + 1), entered + periods)
    ended = np.append(np.ones(periods), 0)
    rows = Tenures(ends, ended, entry=float(entered), unit="month", by_period=True)
    assert np.exp(model.log_likelihood(rows)).sum() == pytest.approx(1, abs=1e-11)


@pytest.mark.parametrize("name", [name for name, entry in RETENTION_MODELS.items() if not entry.discrete])
@pytest.mark.parametrize("entered", [0.0, 4.5])
def test_moments_have_probability_1(name: str, entered: float) -> None:
    model, end = RETENTION_MODELS[name].typical, 30.0
    node, weight = np.polynomial.legendre.leggauss(20)
    log_u = (np.arange(-60, 0)[:, None] + (1 + node) / 2).ravel() * 0.5 + np.log(end)
    u, du = np.exp(log_u), np.tile(weight / 4, 60) * np.exp(log_u)
    left = Tenures(entered + u, 1, entry=entered, unit="month")
    still = Tenures(entered + end, 0, entry=entered, unit="month")
    total = (np.exp(model.log_likelihood(left)) * du).sum() + np.exp(model.log_likelihood(still))[0]
    assert total == pytest.approx(1, abs=1e-10)
    slope = -np.diff(np.log(model.survival([10 - 1e-4, 10 + 1e-4])))[0] / 2e-4
    assert model.hazard(10.0) == pytest.approx(slope, rel=1e-8)


@every_model
@pytest.mark.parametrize("by_period", [True, False])
@few
@given(data=st.data())
def test_gradient_is_the_slope_of_the_log_likelihood(
    entry: RetentionEntry, by_period: bool, data: st.DataObject
) -> None:
    """In log-parameters, against central differences of fourth order."""
    model = data.draw(entry.models())
    if any(model.parameters[name] > 0.999 for name in entry.shares):
        return  # so near to 1 the differences are rounding
    rows = np.array([[1.0, 1, 0], [3, 1, 0], [4, 0, 0], [7, 1, 4], [9, 0, 4], [40, 1, 0], [300, 0, 2]]).T
    exact = not (by_period or model._by_period)
    value = log_rows(model, tuple(rows), exact=exact)
    slopes = log_rows_slopes(model, tuple(rows), exact=exact)
    for i, (name, at) in enumerate(model.parameters.items()):
        rest = 1 - at if name in entry.shares else 1.0
        width = 1e-3 * rest
        values = [
            log_rows(model.with_parameters({name: at * (1 + k * width)}), tuple(rows), exact=exact)
            for k in (-2, -1, 1, 2)
        ]
        slope = (8 * (values[2] - values[1]) - (values[3] - values[0])) / (12 * width)
        steep = np.abs(slopes * np.array(list(model.parameters.values()))[:, None]).max(axis=0) + np.abs(value)
        rounding = 1e-7 + 1e-5 * steep * rest + 1e-12 * np.abs(value) / width
        told = value > -680  # a row less likely than 1e-300 has that likelihood, whatever the parameters
        assert np.all((np.abs(slope - slopes[i] * at) <= rounding) | ~told)


@every_model
@few
@given(data=st.data(), factor=log_uniform(1e-3, 1e3))
def test_a_change_of_unit_changes_no_prediction(entry: RetentionEntry, data: st.DataObject, factor: float) -> None:
    if entry.discrete:
        return  # whole periods have no other unit
    model, t, more = data.draw(entry.models()), data.draw(entry.tenures), data.draw(entry.spans)
    try:
        other = entry.in_unit(model, factor)
    except ValueError:
        return
    assert alike(other.churn_probability(t * factor, more * factor), model.churn_probability(t, more), 1e-9)
    ours = model.discounted_expected_residual_lifetime(t, Rate.continuous(0.12), timing="continuous")
    theirs = other.discounted_expected_residual_lifetime(
        t * factor, Rate.continuous(0.12 / factor), timing="continuous"
    )
    assert alike(theirs, ours * factor, 1e-9)


@every_model
@few
@given(data=st.data(), horizon=st.integers(1, 300))
def test_expected_lifetimes_are_sums_of_survival(entry: RetentionEntry, data: st.DataObject, horizon: int) -> None:
    model, t = data.draw(entry.models()), data.draw(st.one_of(st.integers(0, 50)))
    if entry.discrete:
        stayed = 1 - model.churn_probability(t, np.arange(float(horizon)))
        assert alike(model.expected_residual_lifetime(t, horizon), stayed.sum(), 1e-11)
        assert alike(model.expected_lifetime(horizon), model.survival(np.arange(float(horizon))).sum())
        return
    node, weight = np.polynomial.legendre.leggauss(20)
    edges = np.log(horizon) - 80 + np.arange(0, 80.1, 0.1)
    log_u = (edges[:-1, None] + 0.05 * (1 + node)).ravel()
    du = np.exp(log_u) * np.tile(0.05 * weight, len(edges) - 1)
    stayed = np.exp(model._log_stay(np.array(float(t)), np.exp(log_u)))
    assert alike(model.expected_residual_lifetime(t, horizon), (stayed * du).sum(), 1e-10)


@every_model
@few
@given(data=st.data(), rate=rates)
def test_residual_lifetimes_follow_their_recursion(entry: RetentionEntry, data: st.DataObject, rate: Rate) -> None:
    """D(n) = r(n+1) (1 + D(n+1)/(1+d)): pay if you renew, then be one renewal older."""
    model, n = data.draw(entry.models()), data.draw(entry.tenures)
    n = np.floor(n)
    now, later = model.discounted_expected_residual_lifetime([n, n + 1], rate, timing="now")
    v = float(rate.discount(1.0, "month"))
    assert alike(now, model.retention_rate(n + 1) * (1 + v * later), 1e-10)
    following = model.discounted_expected_residual_lifetime(n, rate, timing="next")
    assert alike(following, v * now)
    new = model.discounted_expected_lifetime(rate, timing="now")
    assert alike(new, 1 + model.discounted_expected_residual_lifetime(0, rate, timing="next"))
    assert alike(model.discounted_expected_lifetime(rate, timing="next"), v * new)


@every_model
@few
@given(data=st.data(), rate=rates, split=st.integers(1, 40))
def test_horizons_add_up(entry: RetentionEntry, data: st.DataObject, rate: Rate, split: int) -> None:
    """What is paid within a horizon and what those who then stay pay later is all; nothing lasts forever."""
    model, n = data.draw(entry.models()), data.draw(st.integers(0, 50))
    for timing in dues(entry):
        whole = model.discounted_expected_residual_lifetime(n, rate, timing=timing)
        first = model.discounted_expected_residual_lifetime(n, rate, timing=timing, horizon=split)
        later = model.discounted_expected_residual_lifetime(n + split, rate, timing=timing)
        stays = np.exp(model._log_stay(np.array(float(n)), np.array(float(split))))
        assert alike(whole, first + stays * rate.discount(split, "month") * later, 1e-10)
        far = 60 / rate.force("month")
        assert alike(
            whole, model.discounted_expected_residual_lifetime(n, rate, timing=timing, horizon=np.ceil(far)), 1e-11
        )
        assert model.discounted_expected_residual_lifetime(n, rate, timing=timing, horizon=0) == 0
        assert model.retention_elasticity(n, rate, timing=timing, horizon=0) == 0


@every_model
@few
@given(data=st.data(), rate=rates)
def test_elasticity_is_that_of_all_retention_rates(entry: RetentionEntry, data: st.DataObject, rate: Rate) -> None:
    """Retention rates higher by a factor do to payments what a lower force of interest does."""
    model, n, h = data.draw(entry.models()), data.draw(entry.tenures), 1e-4
    for timing in dues(entry):
        force = rate.force("month")
        scaled = [
            model.discounted_expected_residual_lifetime(
                n, Rate.continuous(12 * (force - k * h)), timing=timing, horizon=200
            )
            * (np.exp(k * h) if timing == "now" else 1)
            for k in (-2, -1, 1, 2)
        ]
        if not scaled[0] > 1e-290:
            continue
        logs = np.log(scaled)
        slope = (8 * (logs[2] - logs[1]) - (logs[3] - logs[0])) / (12 * h)
        elasticity = model.retention_elasticity(n, rate, timing=timing, horizon=200)
        assert elasticity == pytest.approx(slope, rel=1e-5, abs=1e-8)
        assert elasticity >= (1 - 1e-12 if timing != "continuous" else 0)


@every_model
@pytest.mark.parametrize("t", [0, 7])
def test_heavy_tails_last_forever(entry: RetentionEntry, t: int) -> None:
    """At rate 0 a lifetime without mean is infinite, at a negative rate any with a tail; over a horizon none is."""
    model = entry.typical
    light = {"Geometric", "Exponential", "Weibull"}
    heavy = "never_churn" in model.parameters or (type(model).__name__ not in light and model._fall[1] <= 1)
    assert np.isinf(model.expected_residual_lifetime(t)) == heavy
    assert np.isinf(model.discounted_expected_residual_lifetime(t, Rate.zero(), timing="now")) == heavy
    falling = model.discounted_expected_residual_lifetime(t, Rate.annual(-0.01), timing="now")
    assert np.isinf(falling) == (type(model).__name__ not in light)
    assert np.isinf(model.retention_elasticity(t, Rate.zero(), timing="next")) == (type(model).__name__ not in light)
    assert np.isfinite(model.discounted_expected_residual_lifetime(t, Rate.annual(-0.01), timing="now", horizon=600))


@every_model
@pytest.mark.filterwarnings("error")
def test_survival_falls_quietly_however_far_ahead(entry: RetentionEntry) -> None:
    model = entry.typical
    ahead = model.survival([10.0, 1e30, 1e60, 1e100, 1e150, 1e200, 1e300, np.inf])
    assert np.all(np.diff(ahead) <= 0)
    assert np.all(ahead >= 0)
    assert np.all(np.isfinite(model.churn_probability([0.0, 1e30, 1e200], 1e200)))
