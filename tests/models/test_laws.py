"""Laws that every transaction model obeys, for every customer over the whole domain of its parameters.

The laws of sums over all histories stand in test_law_of_total.py, those of models as values in test_models.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import CONTINUOUS, FITTED, MODELS, Entry, histories, log_uniform, spans

from custvalue.discounting.rate import Rate
from custvalue.evidence.rfm import RFM

ROUNDING = 1e-9
"""Relative difference allowed between two ways to the same number."""

every_model = pytest.mark.parametrize("entry", MODELS.values(), ids=MODELS.keys())
in_continuous_time = pytest.mark.parametrize("entry", CONTINUOUS.values(), ids=CONTINUOUS.keys())
rates = st.one_of(st.just(0.0), log_uniform(1e-6, 10.0)).map(Rate.continuous)


def pick(data: st.DataObject, entry: Entry) -> tuple[Any, Any]:
    """A model and some customers."""
    return data.draw(entry.models()), data.draw(entry.customers())


def at_most(small: Any, large: Any) -> bool:
    """Whether small <= large, up to rounding."""
    return bool(np.all(np.asarray(small) <= np.asarray(large) * (1 + ROUNDING) + 1e-300))


def alike(one: Any, other: Any, absolute: float = 0.0) -> bool:
    """Whether the two are equal up to rounding (and denormal numbers), infinities included."""
    return bool(np.allclose(one, other, rtol=ROUNDING, atol=max(absolute, 1e-290)))


@every_model
@given(data=st.data(), t=spans, n=st.integers(0, 300))
def test_probabilities_are_such_and_agree(entry: Entry, data: st.DataObject, t: float, n: int) -> None:
    model, rfm = pick(data, entry)
    alive, stays = model.p_alive(rfm, np.array([[0.0], [t]]))
    gone, leaves = model.churn_probability(rfm, np.array([[0.0], [t]]))
    buys, none, some = model.probability_of_purchase(rfm, t), *model.purchase_pmf(rfm, [[0], [n]], t)
    for probability in (alive, stays, gone, leaves, buys, none, some):
        assert np.all((probability >= 0) & (probability <= 1 + 1e-12))
    assert np.allclose([alive + gone, stays + leaves], 1, rtol=0, atol=2e-11)
    assert alike(1 - none, buys, absolute=1e-11)
    assert at_most(buys, alive)
    assert at_most(buys, model.expected_purchases(rfm, t))


@every_model
@given(data=st.data(), t=spans)
def test_expectations_are_finite_and_not_negative(entry: Entry, data: st.DataObject, t: float) -> None:
    model, rfm = pick(data, entry)
    assert np.all(np.isfinite(model.log_likelihood(rfm)))
    for expected in (model.expected_purchases(rfm, t), model.discounted_expected_purchases(rfm, Rate.annual(0.1))):
        assert np.all(np.isfinite(expected) & (expected >= 0))


@every_model
@given(data=st.data(), longer=log_uniform(1e-6, 1e3))
def test_the_longer_a_customer_is_silent_the_likelier_gone(entry: Entry, data: st.DataObject, longer: float) -> None:
    model, rfm = pick(data, entry)
    later = entry.older(rfm, entry.age(rfm) * longer)
    assert at_most(model.p_alive(later), model.p_alive(rfm))


@every_model
@given(data=st.data(), share=st.floats(0.01, 1.0))
def test_the_later_the_last_purchase_the_likelier_alive(entry: Entry, data: st.DataObject, share: float) -> None:
    model, rfm = pick(data, entry)
    sooner = np.maximum(rfm.t_x * share, rfm.x) if entry.discrete else rfm.t_x * share
    earlier = entry.rows(rfm.x, sooner, entry.age(rfm))
    assert at_most(model.p_alive(earlier), model.p_alive(rfm))


@every_model
@given(data=st.data(), after=spans, t=spans, n=st.integers(0, 300))
def test_later_intervals_hold_chances_and_numbers(
    entry: Entry, data: st.DataObject, after: float, t: float, n: int
) -> None:
    model, rfm = pick(data, entry)
    buys, none = (model.probability_of_purchase(rfm, t, after=after), model.purchase_pmf(rfm, 0, t, after=after))
    some, expected = model.purchase_pmf(rfm, n, t, after=after), model.expected_purchases(rfm, t, after=after)
    for probability in (buys, none, some):
        assert np.all((probability >= 0) & (probability <= 1 + 1e-12))
    assert alike(none + buys, 1, absolute=1e-11)
    assert np.all(np.isfinite(expected))
    assert at_most(buys, expected)
    assert at_most(buys, model.p_alive(rfm, after))
    assert n == 0 or at_most(n * some, expected)


@every_model
@given(data=st.data(), once=spans, later=spans)
def test_purchases_of_two_intervals_are_those_of_both(
    entry: Entry, data: st.DataObject, once: float, later: float
) -> None:
    model, rfm = pick(data, entry)
    whole = model.expected_purchases(rfm, once + later)
    rounding = 1e-14 * (once + later) * model.posterior_mean_purchase_rate(rfm)  # once + later is rounded
    parts = model.expected_purchases(rfm, once) + model.expected_purchases(rfm, later, after=once)
    assert np.all(np.abs(parts - whole) <= ROUNDING * whole + rounding + 1e-290)


@every_model
@given(data=st.data(), t=spans, n=st.integers(0, 50))
def test_an_interval_from_now_is_the_plain_prediction(entry: Entry, data: st.DataObject, t: float, n: int) -> None:
    model, rfm = pick(data, entry)
    for plain, now in (
        (model.expected_purchases(rfm, t), model.expected_purchases(rfm, t, after=[[0.0], [1e-30]])),
        (model.probability_of_purchase(rfm, t), model.probability_of_purchase(rfm, t, after=[[0.0], [1e-30]])),
        (model.purchase_pmf(rfm, n, t), model.purchase_pmf(rfm, n, t, after=[[0.0], [1e-30]])),
    ):
        assert alike(plain, now[0])
        aged = entry.age(rfm) > 0  # at age 0 customers may leave, or buy, at an infinite rate
        assert alike(plain[aged], now[1, aged])


@every_model
@given(data=st.data(), after=spans, t=spans)
def test_none_until_the_end_of_an_interval_is_none_before_and_none_in_it(
    entry: Entry, data: st.DataObject, after: float, t: float
) -> None:
    model, rfm = pick(data, entry)
    both = model.purchase_pmf(rfm, 0, after + t)
    assert at_most(both, model.purchase_pmf(rfm, 0, t, after=after))
    assert at_most(both, model.purchase_pmf(rfm, 0, after))


@every_model
@given(data=st.data(), t=spans)
def test_in_the_end_those_who_leave_buy_nothing(entry: Entry, data: st.DataObject, t: float) -> None:
    model, rfm = pick(data, entry)
    expected = model.expected_purchases(rfm, t, after=np.inf)
    buys, none = model.probability_of_purchase(rfm, t, after=np.inf), model.purchase_pmf(rfm, 0, t, after=np.inf)
    if entry.leaves:
        assert np.all(expected == 0)
        assert np.all(buys == 0)
        assert np.allclose(none, 1, rtol=0, atol=1e-12)
    else:
        assert np.all(expected > 0)
        assert alike(none + buys, 1, absolute=1e-11)


@every_model
@given(data=st.data(), t=spans, factor=st.floats(1.0, 100.0))
def test_customers_leave_and_do_not_come_back(entry: Entry, data: st.DataObject, t: float, factor: float) -> None:
    model, rfm = pick(data, entry)
    now, sooner, later = (model.p_alive(rfm, ahead) for ahead in (0.0, t, t * factor))
    assert at_most(sooner, now)
    assert at_most(later, sooner)
    assert at_most(model.churn_probability(rfm, t), model.churn_probability(rfm, t * factor))


@every_model
@given(data=st.data(), t=spans)
def test_expected_purchases_begin_at_0_and_grow_ever_slower(entry: Entry, data: st.DataObject, t: float) -> None:
    model, rfm = pick(data, entry)
    t = np.ceil(t) if entry.discrete else t
    none, once, twice = model.expected_purchases(rfm, np.array([[0.0], [t], [2 * t]]))
    assert np.all(none == 0)
    assert at_most(once, twice)
    if entry.k is None:  # regular buyers who have just bought wait
        assert at_most(twice, 2 * once)


@every_model
@given(data=st.data(), t=spans)
def test_no_purchase_is_the_same_history_grown_older(entry: Entry, data: st.DataObject, t: float) -> None:
    """P(no purchase in (T, T + t]) = L(x, t_x, T + t) / L(x, t_x, T)."""
    model, rfm = pick(data, entry)
    t = np.minimum(np.ceil(t), 500) if entry.discrete else t
    older = entry.older(rfm, t)
    silent = np.exp(model.log_likelihood(older) - model.log_likelihood(rfm))
    rounding = 1e-13 * np.abs(model.log_likelihood(rfm)).max()
    # T + t is itself rounded, which for buyers at a high rate is not nothing
    rounding += 1e-15 * ((rfm.x + 1e4) * entry.age(older) / np.maximum(rfm.t_x, 1e-2)).max()
    assert alike(1 - model.probability_of_purchase(rfm, t), silent, absolute=max(1e-12, rounding))


@every_model
@given(data=st.data(), t=spans)
def test_discounting_at_rate_0_changes_nothing(entry: Entry, data: st.DataObject, t: float) -> None:
    model, rfm = pick(data, entry)
    assert alike(model.discounted_expected_purchases(rfm, Rate.zero(), t), model.expected_purchases(rfm, t))


@every_model
@given(data=st.data(), t=spans, rate=rates)
def test_discounted_purchases_lie_between_their_bounds(entry: Entry, data: st.DataObject, t: float, rate: Rate) -> None:
    """e^{-δt} E(t) <= D(t) <= E(t), and a longer horizon adds at most the discounted rest."""
    model, rfm = pick(data, entry)
    once, twice = model.expected_purchases(rfm, np.array([[t], [2 * t]]))
    discounted, longer = model.discounted_expected_purchases(rfm, rate, np.array([[t], [2 * t]]))
    assert at_most(rate.discount(t, "week") * once, discounted)
    assert at_most(discounted, once)
    assert at_most(discounted, longer)
    assert at_most(longer - discounted, rate.discount(t, "week") * (twice - once) + 1e-9 * twice)


@in_continuous_time
@given(data=st.data(), factor=log_uniform(1e-3, 1e3), t=spans, n=st.integers(0, 50))
def test_a_change_of_unit_changes_no_prediction(
    entry: Entry, data: st.DataObject, factor: float, t: float, n: int
) -> None:
    parameters = data.draw(entry.parameters)
    rfm = data.draw(histories())
    if entry.k:  # the phase depends on T - t_x, of which rounding may leave little
        factor = 2.0 ** round(np.log2(factor))
    scaled = RFM(rfm.x, rfm.t_x * factor, rfm.T * factor, unit="week")
    try:
        model, other = entry.make(**parameters), entry.in_unit(entry.make(**parameters), factor)
    except ValueError:
        return
    force, later = 0.01, t * factor
    events = rfm.x * (entry.k or 1)  # without log_interpurchase, the likelihood is that of all beats of the clock
    assert alike(other.log_likelihood(scaled), model.log_likelihood(rfm) - events * np.log(factor), absolute=1e-7)
    for ours, theirs in (
        (model.p_alive(rfm, t), other.p_alive(scaled, later)),
        (model.expected_purchases(rfm, t), other.expected_purchases(scaled, later)),
        (model.purchase_pmf(rfm, n, t), other.purchase_pmf(scaled, n, later)),
        (
            model.discounted_expected_purchases(rfm, Rate.continuous(force), t),
            other.discounted_expected_purchases(scaled, Rate.continuous(force / factor), later),
        ),
    ):
        assert alike(ours, theirs, absolute=1e-280)


@every_model
@given(data=st.data())
def test_limits_of_the_horizon(entry: Entry, data: st.DataObject) -> None:
    model, rfm = pick(data, entry)
    assert np.all(model.probability_of_purchase(rfm, 0.0) == 0)
    if entry.leaves:
        assert np.allclose(model.churn_probability(rfm, np.inf), 1, rtol=0, atol=1e-15)
        assert np.all(model.churn_probability(rfm, np.inf) <= 1)
        assert np.all(model.purchase_pmf(rfm, 0, 1.0, after=np.inf) <= 1)
        assert np.all(model.p_alive(rfm, np.inf) == 0)
    at_once = model.purchase_pmf(rfm, [[0], [1], [2]], 0.0)
    assert np.allclose(at_once, [[1], [0], [0]], rtol=0, atol=1e-15)
    assert at_most(model.expected_purchases(rfm, 1e8), model.expected_purchases(rfm, np.inf))
    tiny = model.expected_purchases(rfm, np.array([[1e-20], [2e-20]]))
    if entry.k is None and not entry.discrete:
        aged = entry.age(rfm) > 0  # at age 0 customers may leave at an infinite rate
        assert alike(2 * tiny[0, aged], tiny[1, aged], absolute=1e-300)
    forever = model.discounted_expected_purchases(rfm, Rate.annual(0.1))
    assert alike(forever, model.discounted_expected_purchases(rfm, Rate.annual(0.1), 1e9))


@pytest.mark.parametrize("entry", FITTED.values(), ids=FITTED.keys())
@given(data=st.data())
def test_gradient_is_the_slope_of_the_log_likelihood(entry: Entry, data: st.DataObject) -> None:
    """In log-parameters, against central differences of fourth order."""
    model, rfm = pick(data, entry)
    score = score_of(entry, rfm)
    values = np.array(list(model.parameters.values()))
    value, gradient = score(values)
    width = 1e-3
    for i, unit in enumerate(np.eye(len(values))):
        at = {k: score(values * np.exp(k * width * unit))[0] for k in (-2, -1, 1, 2)}
        slope = (8 * (at[1] - at[-1]) - (at[2] - at[-2])) / (12 * width)
        steep = np.abs(gradient * values[:, None]).max(axis=0)
        rounding = 1e-11 * np.abs(value) + 1e-8 + 1e-6 * steep
        assert np.all(np.abs(slope - gradient[i] * values[i]) <= rounding)


def score_of(entry: Entry, rfm: RFM) -> Any:
    """Log-likelihood and gradient by row as functions of the parameters, as the model states them."""
    one_more = RFM(np.append(rfm.x, 1), np.append(rfm.t_x, 1), np.append(rfm.T, 2), unit="week")
    problem = entry.problem(one_more)
    return lambda values: problem.score(values, *problem.columns)
