import pickle

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.discounting.annuity import annuity
from custvalue.discounting.cash_flow_batch import CashFlowBatch
from custvalue.discounting.curve import YieldCurve
from custvalue.discounting.present_value import future_value, net_present_value, present_value
from custvalue.discounting.rate import Rate
from custvalue.errors import DataError, ParameterError
from custvalue.records.cash_flow import CashFlows

METHODS = ("linear", "log-linear", "monotone cubic")
METHOD = st.sampled_from(METHODS)
TIMES = st.lists(st.floats(0.05, 5), min_size=1, max_size=8).map(np.cumsum)
FORCE_LISTS = st.lists(st.floats(-0.1, 0.3), min_size=8, max_size=8)


@st.composite
def curves(draw, extrapolate="flat"):
    times = draw(TIMES)
    forces = np.array(draw(FORCE_LISTS))[: len(times)]
    return YieldCurve(times=times, forces=forces, interpolation=draw(METHOD), extrapolate=extrapolate)


# --- laws -----------------------------------------------------------------------------------------------------------


@given(curves())
def test_the_curve_goes_through_its_points(curve):
    np.testing.assert_allclose(curve.spot(curve.times).continuous_value, curve.forces, rtol=1e-12, atol=1e-15)
    assert curve.discount(0) == 1


@given(curves(), st.floats(0, 50), st.floats(0.01, 20), st.floats(0.01, 20))
def test_forward_and_spot_rates_agree(curve, start, first, second):
    end, later = start + first, start + first + second
    grown = curve.forward(start, end).discount(end - start) * curve.discount(start)
    assert grown == pytest.approx(curve.discount(end), rel=1e-12)
    there = curve.forward(start, end).discount(end - start) * curve.forward(end, later).discount(later - end)
    assert curve.forward(start, later).discount(later - start) == pytest.approx(there, rel=1e-12)
    assert curve.forward(0, end).continuous_value == pytest.approx(
        curve.spot(end).continuous_value, rel=1e-12, abs=1e-14
    )


@given(st.floats(-0.1, 0.3), TIMES, METHOD, st.lists(st.floats(-5, 60), min_size=1, max_size=9))
def test_a_flat_curve_is_a_rate(force, times, method, t):
    rate = Rate.continuous(force)
    curve = YieldCurve.from_spot(
        times, Rate.continuous(np.full(len(times), force)), interpolation=method, extrapolate="flat"
    )
    np.testing.assert_allclose(curve.discount(t), rate.discount(t), rtol=1e-12)
    flows = CashFlows(np.ones(len(t)), t)
    assert present_value(curve, flows) == pytest.approx(present_value(rate, flows), rel=1e-12)


@given(TIMES, st.lists(st.floats(0, 0.5), min_size=8, max_size=8))
def test_monotone_cubic_has_no_negative_forward_rate_where_factors_fall(times, forwards):
    rates = Rate.continuous(np.array(forwards)[: len(times)])
    curve = YieldCurve.from_forwards(times, rates, interpolation="monotone cubic")
    steps = np.linspace(0, times[-1], 400)
    assert (np.diff(curve.log_discount(steps)) <= 1e-14).all()


def test_monotone_cubic_is_scipys_pchip_of_the_log_factors():
    interpolate = pytest.importorskip("scipy.interpolate")  # SciPy is always there; its module is loaded here alone
    times, forces = np.array([0.5, 1, 2, 5, 7, 30.0]), np.array([0.05, 0.03, 0.035, 0.02, 0.06, 0.055])
    curve = YieldCurve(times=times, forces=forces, interpolation="monotone cubic")
    reference = interpolate.PchipInterpolator(np.append(0, times), np.append(0, -forces * times))
    t = np.linspace(0, 30, 500)
    np.testing.assert_allclose(curve.log_discount(t), reference(t), rtol=1e-12, atol=1e-15)
    assert curve.spot(0).continuous_value == pytest.approx(-float(reference.derivative()(0)), rel=1e-13)


def test_monotone_cubic_forwards_are_continuous():
    curve = YieldCurve.from_spot([1, 2, 5, 10], Rate.annual([0.02, 0.03, 0.05, 0.04]), interpolation="monotone cubic")
    for t in (1, 2, 5):
        before, after = curve.forward(t - 1e-6, t), curve.forward(t, t + 1e-6)
        assert before.continuous_value == pytest.approx(after.continuous_value, abs=1e-6)


def test_linear_and_log_linear_between_points():
    times, rates = [1, 3], Rate.continuous([0.02, 0.04])
    linear = YieldCurve.from_spot(times, rates, interpolation="linear")
    assert linear.spot(2).continuous_value == pytest.approx(0.03, rel=1e-15)
    assert linear.spot([0, 0.5]).continuous_value.tolist() == [0.02, 0.02]
    flat_forward = YieldCurve.from_spot(times, rates, interpolation="log-linear")
    assert flat_forward.discount(2) ** 2 == pytest.approx(
        flat_forward.discount(1) * flat_forward.discount(3), rel=1e-15
    )
    assert flat_forward.forward(1, 2).continuous_value == pytest.approx(0.05, rel=1e-14)


# --- constructors ---------------------------------------------------------------------------------------------------


@given(curves(), METHOD)
def test_each_way_of_making_a_curve_gives_the_same(curve, method):
    factors = curve.discount(curve.times)
    starts = np.append(0, curve.times[:-1])
    forwards = curve.forward(starts, curve.times)
    again = [
        YieldCurve.from_spot(curve.times, Rate.continuous(curve.forces), interpolation=method),
        YieldCurve.from_discount_factors(curve.times, factors, interpolation=method),
        YieldCurve.from_forwards(curve.times, forwards, interpolation=method),
    ]
    for one in again:
        np.testing.assert_allclose(one.forces, curve.forces, rtol=1e-11, atol=1e-13)


def test_a_curve_of_discount_factors_bootstrapped_by_hand():
    # par yields of 3 %, 3.5 % and 4 %, annual coupons: D3 = (1 - 0.04 (D1 + D2)) / 1.04, ...
    factors = [1 / 1.03, 0.9333520941794475, 0.8882990045927994]
    curve = YieldCurve.from_discount_factors([1, 2, 3], factors, interpolation="linear")
    spot = curve.spot([1, 2, 3]).effective()
    np.testing.assert_allclose(spot, [0.03, 0.03508793596287241, 0.040272077508518356], rtol=1e-12)
    forwards = curve.forward([0, 1, 2], [1, 2, 3]).effective()
    np.testing.assert_allclose(forwards, [0.03, 0.04020100502512558, 0.05071838351017921], rtol=1e-12)


# --- use ------------------------------------------------------------------------------------------------------------

CURVE = YieldCurve.from_spot([1, 2, 5], Rate.annual([0.03, 0.035, 0.04]), interpolation="linear")


def test_cash_flows_are_valued_at_their_own_rates():
    flows = CashFlows([-100, 60, 60], [0, 1, 2])
    expected = -100 + 60 / 1.03 + 60 / 1.035**2
    assert present_value(CURVE, flows) == pytest.approx(expected, rel=1e-13)
    assert net_present_value(CURVE, [-100, 60, 60], timing="now", unit="year") == pytest.approx(expected, rel=1e-13)
    assert future_value(CURVE, flows, at=2) == pytest.approx(expected * 1.035**2, rel=1e-13)
    batch = CashFlowBatch.from_series([flows, flows[1:]])
    assert present_value(CURVE, batch) == pytest.approx([expected, expected + 100], rel=1e-13)
    dated = CashFlows([100], ["2026-01-01"])
    assert present_value(CURVE, dated, as_of="2024-01-02") == pytest.approx(100 / 1.035**2, rel=1e-13)
    assert future_value(CURVE, dated, at="2025-01-01", as_of="2024-01-02") == pytest.approx(
        100 / 1.035**2 / CURVE.discount(1), rel=1e-13
    )
    with pytest.raises(ParameterError, match="from which the curve counts"):
        future_value(CURVE, dated, at="2025-01-01")


@pytest.mark.parametrize("t", [-0.5, 5.1, 20])
def test_outside_the_curve_it_refuses_unless_told(t):
    with pytest.raises(DataError, match=r"times must be within the curve, 0 to 5 years.*flat"):
        CURVE.discount([1, t])
    flat = attrs.evolve(CURVE, extrapolate="flat")
    rate = Rate.annual(0.03 if t < 0 else 0.04)
    assert flat.discount(t) == pytest.approx(rate.discount(t), rel=1e-14)


@pytest.mark.parametrize("method", METHODS)
def test_flat_extrapolation_keeps_the_last_spot_rate(method):
    curve = YieldCurve.from_spot([1, 4], Rate.annual([0.02, 0.05]), interpolation=method, extrapolate="flat")
    assert curve.spot([4, 5, 400]).effective() == pytest.approx([0.05] * 3, rel=1e-12)


def test_one_rate_for_all_times_is_not_a_curve():
    with pytest.raises(ParameterError, match=r"the same for all times; got a YieldCurve.*curve.spot"):
        annuity(CURVE, 100, 3, timing="next", unit="year")


def test_factors_beyond_floats_come_without_a_warning():
    curve = YieldCurve.from_spot([1], Rate.continuous([100.0]), interpolation="linear", extrapolate="flat")
    with np.errstate(all="raise"):
        assert curve.discount([1e6, -1e6]).tolist() == [0, np.inf]


# --- the object -----------------------------------------------------------------------------------------------------


@given(curves())
def test_repr_is_code_and_pickle_and_equality_hold(curve):
    again = eval(repr(curve), {"YieldCurve": YieldCurve, "array": np.array})  # noqa: S307 (the claim is that repr is code)
    assert again == curve
    assert pickle.loads(pickle.dumps(curve)) == curve  # noqa: S301
    assert curve != attrs.evolve(curve, forces=curve.forces + 1)
    assert curve != attrs.evolve(curve, extrapolate="raise")


def test_columns_are_read_only_copies():
    times = np.array([1.0, 2.0])
    curve = YieldCurve(times=times, forces=[0.1, 0.2], interpolation="linear")
    times[0] = 9
    assert curve.times.tolist() == [1, 2]
    with pytest.raises(ValueError, match="read-only"):
        curve.forces[0] = 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"times": [0, 1]}, "times must be above 0 and rise"),
        ({"times": [2, 1]}, "broken in 1 of 2 rows, first: row 1 .time=1.0."),
        ({"times": [1, np.nan]}, "times must be finite"),
        ({"times": []}, "at least one value"),
        ({"times": [1, 2, 3]}, "one force per time; got 3 times and 2 forces"),
        ({"forces": [0.1, np.inf]}, "forces must be finite"),
        ({"interpolation": "cubic"}, "interpolation must be 'linear', 'log-linear' or 'monotone cubic'"),
        ({"extrapolate": "linear"}, "extrapolate must be 'raise' or 'flat'"),
    ],
)
def test_bad_curves_are_refused(arguments, says):
    good = {"times": [1, 2], "forces": [0.1, 0.2], "interpolation": "linear"}
    with pytest.raises((DataError, ParameterError), match=says):
        YieldCurve(**(good | arguments))


def test_bad_arguments_are_refused():
    with pytest.raises(ParameterError, match="does not say per what"):
        YieldCurve.from_spot([1, 2], [0.1, 0.2], interpolation="linear")
    with pytest.raises(DataError, match="discount factors must be above 0; broken in 1 of 2"):
        YieldCurve.from_discount_factors([1, 2], [0.9, 0.0], interpolation="linear")
    with pytest.raises(DataError, match="one value per time; got 2 times and 1 values"):
        YieldCurve.from_forwards([1, 2], Rate.annual([0.1]), interpolation="linear")
    with pytest.raises(ParameterError, match="start < end"):
        CURVE.forward(2, 2)
    with pytest.raises(DataError, match="times must be finite"):
        CURVE.discount([1, np.nan])
