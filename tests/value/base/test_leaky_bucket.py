import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from strategies import log_uniform

from custvalue import BetaGeoNBD, ParameterError
from custvalue.evidence.cohorts import Cohorts
from custvalue.evidence.tenures import Tenures
from custvalue.models.retention.beta_discrete_weibull import BetaDiscreteWeibull
from custvalue.models.retention.exponential import Exponential
from custvalue.models.retention.exponential_gamma import ExponentialGamma
from custvalue.models.retention.geometric import Geometric
from custvalue.models.retention.shifted_beta_geo import ShiftedBetaGeo
from custvalue.models.retention.split_population import SplitPopulation
from custvalue.models.retention.weibull_gamma import WeibullGamma
from custvalue.value.base.leaky_bucket import (
    never_churn_remainder,
    project_customer_base,
    replacement_acquisition,
    steady_state,
)

numbers = log_uniform(0.05, 50.0)
chances = st.one_of(st.floats(0.01, 0.99), log_uniform(1e-9, 0.5))
discrete = st.one_of(
    st.builds(Geometric, chances),
    st.builds(ShiftedBetaGeo, numbers, numbers),
    st.builds(BetaDiscreteWeibull, numbers, numbers, st.floats(0.3, 3)),
)
leavers = st.one_of(
    discrete,
    st.builds(ExponentialGamma, numbers, numbers),
    st.builds(WeibullGamma, numbers, numbers, st.floats(0.3, 3)),
)
models = st.one_of(leavers, st.builds(SplitPopulation, leavers, st.floats(0.01, 0.9)))
counts = st.one_of(st.just(0.0), st.floats(0, 1e6), st.integers(0, 1000).map(float))
plans = st.lists(counts, min_size=1, max_size=8)
bases = st.one_of(st.none(), st.lists(counts, min_size=1, max_size=5))
joinings = st.sampled_from(["start", "end"])


def by_hand(plan, model, initial, joining):
    """The base at the end of each period, cohort by cohort and age by age."""
    end = np.zeros(len(plan))
    for t in range(len(plan)):
        for s in range(t + 1):
            end[t] += plan[s] * model.survival(t - s + (joining == "start"))
        for age, count in enumerate(initial or ()):
            end[t] += count * (1 - model.churn_probability(age, t + 1))
    return end


@given(plans, models, bases, joinings)
def test_the_base_is_that_of_each_cohort(plan, model, initial, joining):
    base = project_customer_base(model, plan, base=initial, joining=joining)
    size = sum(plan) + sum(initial or ()) + 1e-300
    np.testing.assert_allclose(base.end, by_hand(plan, model, initial, joining), rtol=1e-10, atol=1e-14 * size)


@given(plans, models, bases, joinings)
def test_nobody_is_lost_from_the_books(plan, model, initial, joining):
    """Start + acquired - lost = end in every period, and cohorts and ages add up to it."""
    base = project_customer_base(model, plan, base=initial, joining=joining)
    size = sum(plan) + sum(initial or ()) + 1e-300
    close = {"rtol": 1e-12, "atol": 1e-12 * size}
    np.testing.assert_allclose(base.start + base.acquired - base.lost, base.end, **close)
    later = base.acquired if joining == "end" else 0.0
    np.testing.assert_allclose(base.active - base.lost + later, base.end, **close)
    np.testing.assert_array_equal(base.start[1:], base.end[:-1])
    assert base.start[0] == pytest.approx(sum(initial or ()))
    np.testing.assert_allclose(base.by_cohort.sum(axis=0) + base.initial_end, base.end, **close)
    np.testing.assert_allclose(base.by_age.sum(axis=-1), base.end, **close)
    assert (base.lost >= 0).all()
    assert (base.initial_end <= sum(initial or ()) * (1 + 1e-12)).all()


@given(models, st.lists(counts, min_size=1, max_size=4))
def test_losses_are_exact_where_they_are_few(model, ages):
    """Without acquisition the losses are those that the model says of each age."""
    base = project_customer_base(model, 0, horizon=3, base=ages)
    expected = sum(count * model.churn_probability(age, 1) for age, count in enumerate(ages))
    assert base.lost[0] == pytest.approx(float(expected), rel=1e-12)


def test_few_losses():
    base = project_customer_base(Geometric(1e-15), [1e6, 0])
    np.testing.assert_allclose(base.lost, [1e-9, 1e-9], rtol=1e-12)


@given(plans, models, bases, st.integers(1, 7), joinings)
def test_to_project_in_two_steps_is_to_project_once(plan, model, initial, cut, joining):
    """The ages at a cut are a base to begin with."""
    cut = min(cut, len(plan) - 1)
    if not cut:
        return
    whole = project_customer_base(model, plan, base=initial, joining=joining)
    first = project_customer_base(model, plan[:cut], base=initial, joining=joining)
    second = project_customer_base(model, plan[cut:], base=first.by_age[-1], joining=joining)
    size = sum(plan) + sum(initial or ()) + 1e-300
    np.testing.assert_allclose(second.end, whole.end[cut:], rtol=1e-9, atol=1e-12 * size)
    np.testing.assert_allclose(second.lost, whole.lost[cut:], rtol=1e-9, atol=1e-12 * size)


def test_tenures_to_begin_with():
    book = Tenures([3, 0, 3, 5], [0, 0, 0, 1], weights=[10, 20, 30, 99], unit="month", by_period=True)
    model = ShiftedBetaGeo(1.0, 4.0, unit="month")
    base = project_customer_base(model, [5, 6, 7], base=book)
    np.testing.assert_allclose(base.end, project_customer_base(model, [5, 6, 7], base=[20, 0, 0, 40]).end, rtol=1e-14)
    assert base.start[0] == 60
    np.testing.assert_allclose(base.by_age[0], [0, 5 * 0.8 + 20 * 0.8, 0, 0, 40 * 7 / 8, 0, 0], rtol=1e-14)


def test_fractional_tenures():
    book = Tenures([2.5, 0.25], [0, 0], weights=[10, 20], unit="year")
    model = ExponentialGamma(1.5, 8.0, unit="year")
    base = project_customer_base(model, 0, horizon=2, base=book)
    expected = [
        10 * model.survival(2.5 + t) / model.survival(2.5) + 20 * model.survival(0.25 + t) / model.survival(0.25)
        for t in (1, 2)
    ]
    np.testing.assert_allclose(base.end, expected, rtol=1e-13)
    np.testing.assert_allclose(base.by_age.sum(axis=-1), base.end, rtol=1e-13)


def test_scenarios_and_draws():
    plan = np.array([[100.0, 100, 100], [50, 100, 200]])
    draws = ShiftedBetaGeo([[1.0], [2.0], [3.0], [0.7]], 4.0)
    base = project_customer_base(draws, plan[:, None], base=[10, 20])
    assert base.end.shape == (2, 4, 3)
    assert base.by_cohort.shape == (2, 4, 3, 3)
    assert base.by_age.shape == (2, 4, 3, 5)
    assert base.churn.shape == base.start.shape == base.active.shape == base.lost.shape == (2, 4, 3)
    for i, scenario in enumerate(plan):
        for j, alpha in enumerate(draws.alpha.ravel()):
            one = project_customer_base(ShiftedBetaGeo(alpha, 4.0), scenario, base=[10, 20])
            for name in ("start", "end", "lost", "by_cohort", "by_age", "acquired", "initial_end"):
                np.testing.assert_allclose(getattr(base, name)[i, j], getattr(one, name), rtol=1e-13, err_msg=name)
    bases_too = project_customer_base(draws, 100, horizon=2, base=np.array([[[10.0, 20]], [[0, 5]]]))
    assert bases_too.start[:, 0, 0].tolist() == [30, 5]
    split = project_customer_base(SplitPopulation(draws, 0.1), 100, horizon=2)
    assert split.end.shape == (4, 2)
    assert repr(base).startswith("CustomerBase over 3 periods in 8 scenarios: on average 30 at the start")


def test_churn_of_a_base():
    base = project_customer_base(Geometric(0.25), [100, 0])
    np.testing.assert_allclose(base.churn, 0.25, rtol=1e-14)
    assert np.isnan(project_customer_base(Geometric(0.25), 0, horizon=2).churn).all()


@given(discrete, st.floats(0.1, 1e4))
def test_steady_states(model, won):
    """As many are lost as are won where the ages are those of a steady state."""
    size = steady_state(model, won)
    if not size < won * 500:
        return
    ages = won * model.survival(np.arange(4000))
    if ages[-1] * len(ages) > 1e-6 * won:
        return
    base = project_customer_base(model, won, horizon=3, base=np.append(0, ages[1:]))
    np.testing.assert_allclose(base.active, size, rtol=1e-4)
    np.testing.assert_allclose(base.lost, won, rtol=1e-4)
    counted_at_the_end = project_customer_base(model, won, horizon=3, base=ages, joining="end")
    np.testing.assert_allclose(counted_at_the_end.end, size, rtol=1e-4)


def test_steady_states_that_are_none():
    assert steady_state(ShiftedBetaGeo(1.0, 4.0), 100) == np.inf
    assert steady_state(SplitPopulation(Geometric(0.2), 0.01), 100) == np.inf
    assert steady_state(ShiftedBetaGeo(1.0, 4.0), 0) == 0
    assert steady_state(Exponential(0.1), [100, 50]).tolist() == pytest.approx([1000, 500])
    draws = Geometric([[0.1], [0.2]])
    np.testing.assert_allclose(steady_state(draws, [[100]]), [[1000], [500]])


@given(models, st.lists(st.floats(1, 1000), min_size=1, max_size=4), st.integers(1, 8))
def test_standing_still(model, ages, periods):
    won = replacement_acquisition(model, ages, horizon=periods)
    base = project_customer_base(model, won, base=ages) if (won >= 0).all() else None
    if base is not None:
        np.testing.assert_allclose(base.end, sum(ages), rtol=1e-10)
    lost = sum(count * model.churn_probability(age, 1) for age, count in enumerate(ages))
    assert won[0] == pytest.approx(float(lost / model.survival(1)), rel=1e-9, abs=1e-12)


def test_standing_still_in_the_long_run():
    """In the end it is the size over the expected lifetime, less the period in which one is won."""
    model = ShiftedBetaGeo(4.0, 6.0)
    won = replacement_acquisition(model, [300.0, 100, 0, 600], horizon=400)
    assert won[-1] == pytest.approx(1000 / (model.expected_lifetime() - 1), rel=1e-3)
    assert won.min() > 0
    draws = replacement_acquisition(Geometric([[0.1], [0.2]]), [100.0], horizon=2)
    np.testing.assert_allclose(draws, [[100 / 9] * 2, [25] * 2])


def test_what_is_left_of_an_open_bucket():
    model = SplitPopulation(ShiftedBetaGeo(3.0, 4.0), never_churn=0.2)
    ages = [500, 0, 300]
    left = project_customer_base(model, 0, horizon=4000, base=ages).end[-1]
    assert never_churn_remainder(model, ages) == pytest.approx(left, rel=1e-6)
    assert never_churn_remainder(model.leavers, ages) == 0
    assert never_churn_remainder(model, [100]) == pytest.approx(20)
    assert never_churn_remainder(model, Tenures([2], [0], weights=300, by_period=True, unit="year")) == pytest.approx(
        300 * 0.2 / model.survival(2)
    )
    draws = evolve(model, never_churn=np.array([[0.1], [0.5]]))
    np.testing.assert_allclose(never_churn_remainder(draws, [100]), [10, 50])


def test_the_base_of_a_book_seen_as_cohorts():
    """Cohorts projected from the model they were made with are the cohorts."""
    model = ShiftedBetaGeo(0.704, 1.182)
    survivors = 1000 * model.survival(np.arange(8))
    base = project_customer_base(model, [1000, 0, 0, 0, 0, 0, 0])
    np.testing.assert_allclose(base.end, survivors[1:])
    cohorts = Cohorts.from_tenures(Tenures.from_cohorts([survivors], unit="year"), np.zeros(8))
    np.testing.assert_allclose(cohorts.counts[0], survivors)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((Geometric(0.1), 100), "give the number of periods, as horizon=12"),
        ((Geometric(0.1), [100, 100], 3), "is for 2 periods, and horizon=3"),
        ((Geometric(0.1), 100, 0), "horizon must be a whole number >= 1; got 0"),
        ((Geometric(0.1), 100, 2.0), "whole number >= 1"),
        ((Geometric(0.1), []), "at least one period"),
        ((Geometric(0.1), [-1.0]), "acquired must be >= 0"),
        ((Geometric(0.1), [np.nan]), "acquired must be finite"),
        ((0.05, 100, 12), r"not a float; for one churn rate per period write Geometric\(theta=0\.05\)"),
        ((BetaGeoNBD(1, 1, 1, 1), [1]), "must be a RetentionModel, not a BetaGeoNBD"),
        ((Geometric([0.1, 0.2]), [1]), r"draws of shape \(draws, 1\)"),
    ],
)
def test_projections_that_are_refused(arguments, said):
    with pytest.raises(ParameterError, match=said):
        project_customer_base(*arguments[:2], horizon=(*arguments, None)[2])


def test_bases_that_are_refused():
    model = Geometric(0.1, unit="month")
    with pytest.raises(ParameterError, match="base must be >= 0"):
        project_customer_base(model, [1], base=[-1])
    with pytest.raises(ParameterError, match="unit must be the model's, 'month'; got 'year'"):
        project_customer_base(model, [1], base=Tenures([1], [0], unit="year"))
    with pytest.raises(ParameterError, match="horizon must be a whole number"):
        replacement_acquisition(model, [1], horizon=0)
    fit = Geometric.fit(Tenures([1, 2], [1, 0], unit="month", by_period=True))
    with pytest.raises(ParameterError, match=r"not a Fit; give its model, fit\.model"):
        steady_state(fit, 1)


def test_nobody_makes_up_for_losses_who_leaves_at_once():
    with pytest.raises(ParameterError, match="stay for a period"):
        replacement_acquisition(Exponential(1e3), [1000.0])
