"""Closed forms against published values, brute sums, 60-digit arithmetic, and each other."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import log_uniform

from custvalue.discounting.rate import Rate
from custvalue.errors import ParameterError
from custvalue.value.formulas.constant_retention import constant_retention_value, margin_multiple, retention_path_value

TIMINGS = ("now", "next", "end", "middle", "continuous")
TENTH = Rate.annual(0.10)

retentions = st.one_of(
    st.floats(0, 1),
    st.sampled_from([0.0, 1.0, 1 - 2**-53, 1 - 1e-10, 1e-300]),
    log_uniform(1e-12, 0.5).map(lambda x: 1 - x),
)
yearly = st.one_of(log_uniform(1e-16, 10.0), st.just(0.0), st.floats(0.01, 0.3))
horizons = st.one_of(st.integers(0, 40), log_uniform(1, 1e15).map(round), st.none())
timings = st.sampled_from(TIMINGS)


def exact(r: float, force: float, g: float, n: int | None, timing: str) -> Any:
    """The value of a first payment of 1, with 60 digits, of the numbers as they are."""
    with mp.workdps(60):
        stays, v = mp.mpf(r), mp.exp(-mp.mpf(force))
        q = stays * (1 + mp.mpf(g)) * v
        if timing == "continuous":
            if q == 0:
                return mp.mpf(0)
            decay = mp.log(q)
            if n is None:
                return -1 / decay if decay < 0 else mp.inf
            return mp.expm1(n * decay) / decay if decay else mp.mpf(n)
        first = {"now": mp.mpf(1), "next": stays * v, "end": v, "middle": mp.sqrt(v)}[timing]
        if n is None:
            return first / (1 - q) if q < 1 else (mp.inf if first else mp.mpf(0))
        return first * ((1 - q**n) / (1 - q) if q != 1 else n)


def close(found: Any, wanted: Any, rel: float) -> bool:
    if mp.isinf(wanted) or wanted > mp.mpf("1.7e308"):
        return bool(np.isinf(found))
    return bool(abs(mp.mpf(float(found)) - wanted) <= rel * abs(wanted) + mp.mpf("1e-300"))


def test_fader_and_hardie_2012_five_conventions() -> None:
    """Fader & Hardie, technical note 024 (2012), m = 100, r = .8, d = .1: from 267 to 367 by timing alone."""
    values = [constant_retention_value(100, 0.8, rate=TENTH, timing=timing, unit="year") for timing in TIMINGS]
    np.testing.assert_allclose(values, [1100 / 3, 800 / 3, 1000 / 3, 349.60294939005047, 314.0173602261173], rtol=1e-14)


def test_gupta_and_lehmann_margin_multiples() -> None:
    """Gupta & Lehmann (2003), the tables of r/(1+i-r) and, at i = 12 %, r/(1+i-r(1+g)); as cited."""
    r = np.array([0.6, 0.7, 0.8, 0.9])[:, None]
    table = margin_multiple(r, rate=Rate.annual([[0.10, 0.12, 0.14, 0.16]]), timing="next", unit="year")
    printed = [[1.2, 1.15, 1.11, 1.07], [1.75, 1.67, 1.59, 1.52], [2.67, 2.5, 2.35, 2.22], [4.5, 4.09, 3.75, 3.46]]
    assert np.abs(table - printed).max() <= 0.005
    grows = margin_multiple(r, rate=Rate.annual(0.12), timing="next", growth=[0, 0.02, 0.04, 0.06, 0.08], unit="year")
    printed = [
        [1.15, 1.18, 1.21, 1.24, 1.27],
        [1.67, 1.72, 1.79, 1.85, 1.92],
        [2.5, 2.63, 2.78, 2.94, 3.13],
        [4.09, 4.46, 4.89, 5.42, 6.08],
    ]
    assert np.abs(grows - printed).max() <= 0.005 + 1e-12


def test_gupta_and_lehmann_finite_horizon() -> None:
    five = margin_multiple(0.8, rate=Rate.annual(0.12), timing="next", horizon=5, unit="year")
    assert five == pytest.approx(2.0351639197953237, rel=1e-14)


@given(retentions, yearly, horizons, timings)
def test_without_growth_all_digits_are_right(r: float, d: float, n: int | None, timing: Any) -> None:
    rate = Rate.annual(d)
    value = constant_retention_value(1, r, rate=rate, timing=timing, horizon=n, unit="year")
    assert close(value, exact(r, float(rate.force()), 0.0, n, timing), 1e-14)


@given(retentions, st.floats(-0.5, 1), st.floats(-0.5, 1), st.integers(0, 2000), timings)
def test_growth_costs_only_the_digits_that_offsetting_costs(r: float, d: float, g: float, n: int, timing: Any) -> None:
    """With a ratio q near 1, rounding of d and g itself changes the value by n or 1/(1 - q) times as much."""
    rate = Rate.annual(d)
    value = constant_retention_value(1, r, rate=rate, timing=timing, horizon=n, growth=g, unit="year")
    gap = abs(1 - r * (1 + g) / (1 + d))
    condition = 1 + n * (abs(g) + abs(d)) / max(1.0, gap * n if r * (1 + g) < 1 + d else 1.0)
    assert close(value, exact(r, float(rate.force()), g, n, timing), 2e-15 * condition)


@pytest.mark.parametrize("timing", ["now", "middle", "continuous"])
@pytest.mark.parametrize("n", [1, 7, 10**6])
def test_a_ratio_of_one_is_no_singularity(timing: Any, n: int) -> None:
    """Retention 1 with growth = d, and r (1 + g) = 1 exactly: n payments are worth n first ones."""
    assert constant_retention_value(1, 1.0, rate=Rate.zero(), timing=timing, horizon=n, unit="year") == n
    assert constant_retention_value(1, 0.5, rate=Rate.zero(), timing=timing, horizon=n, growth=1.0, unit="year") == n
    first = {"now": 1.0, "middle": 1.25**-0.5, "continuous": 1.0}[timing]
    level = constant_retention_value(1, 1.0, rate=Rate.annual(0.25), timing=timing, horizon=n, growth=0.25, unit="year")
    assert level == pytest.approx(first * n, rel=1e-15 * (1 + n))


@pytest.mark.parametrize("timing", TIMINGS)
def test_what_does_not_converge_is_infinite(timing: Any) -> None:
    for r, growth, rate in [(1.0, 0.0, Rate.zero()), (0.9, 0.5, TENTH), (1.0, 0.0, Rate.annual(-0.1))]:
        found = constant_retention_value([1.0, -1.0, 0.0], r, rate=rate, timing=timing, growth=growth, unit="year")
        np.testing.assert_array_equal(found, [np.inf, -np.inf, 0.0])


@given(retentions, yearly, st.integers(0, 60), st.floats(-0.2, 0.2), timings)
def test_the_closed_form_is_the_sum_over_periods(r: float, d: float, n: int, g: float, timing: Any) -> None:
    """A path of n equal retentions and growing margins: begun, paid and discounted period by period."""
    rate = Rate.annual(d)
    closed = constant_retention_value(
        10, r, rate=rate, timing=timing, horizon=n, growth=g, acquisition_cost=3, unit="year"
    )
    if timing == "continuous":
        g = 0.0  # a path's margin is level within a period
        closed = constant_retention_value(10, r, rate=rate, timing=timing, horizon=n, acquisition_cost=3, unit="year")
    margins = 10 * (1 + g) ** np.arange(n)
    path = retention_path_value(margins, np.full(n, r), rate=rate, timing=timing, acquisition_cost=3, unit="year")
    np.testing.assert_allclose(closed, path, rtol=1e-12, atol=1e-13)


@given(retentions, yearly, timings)
def test_a_long_horizon_is_forever(r: float, d: float, timing: Any) -> None:
    forever = constant_retention_value(1, r, rate=Rate.annual(d), timing=timing, unit="year")
    long = constant_retention_value(1, r, rate=Rate.annual(d), timing=timing, horizon=2.0**80, unit="year")
    assert long <= forever * (1 + 1e-14)
    gap = 1 - r / (1 + d)
    if gap > 1e-12:
        np.testing.assert_allclose(long, forever, rtol=1e-14)


@given(st.floats(0.01, 1), yearly, horizons)
def test_timings_differ_by_waiting_and_renewal(r: float, d: float, n: int | None) -> None:
    """Payments now are the next ones (1 + d)/r times over; the end is a period and the middle half a one later."""
    rate = Rate.annual(d)
    now, later, end, mid, flow = (
        constant_retention_value(1, r, rate=rate, timing=timing, horizon=n, unit="year") for timing in TIMINGS
    )
    if np.isfinite(now):
        growth = float(np.exp(rate.force()))
        np.testing.assert_allclose([later * growth / r, end * growth, mid * growth**0.5], now, rtol=1e-14)
        assert later <= end <= mid <= now
        assert later * (1 - 1e-14) <= flow <= now * (1 + 1e-14)


def test_the_period_is_that_of_the_retention() -> None:
    """A monthly retention at an annual rate: the rate is converted, nothing else."""
    monthly = constant_retention_value(10, 0.97, rate=TENTH, timing="now", unit="month")
    d = 1.1 ** (1 / 12) - 1
    assert monthly == pytest.approx(10 * (1 + d) / (1 + d - 0.97), rel=1e-13)


def test_all_arguments_broadcast() -> None:
    r, d, m = np.array([0.5, 0.9])[:, None, None], [0.1, 0.2, 0.3], np.array([[1.0], [2.0]])
    values = constant_retention_value(
        m, r, rate=Rate.annual(d), timing="end", horizon=[2, 3, 4], acquisition_cost=m, unit="year"
    )
    assert values.shape == (2, 2, 3)
    one = constant_retention_value(
        2, 0.9, rate=Rate.annual(0.3), timing="end", horizon=4, acquisition_cost=2, unit="year"
    )
    assert values[1, 1, 2] == one
    assert one.shape == ()
    paths = retention_path_value(
        np.ones((4, 1, 3)), np.full((2, 3), 0.8), rate=Rate.annual([0.1, 0.2]), timing="middle", unit="year"
    )
    assert paths.shape == (4, 2)
    margins, stays = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]]), np.array([[0.9, 0.8], [0.5, 0.3]])
    both = retention_path_value(margins, stays, rate=TENTH, timing="end", unit="year")
    each = [
        retention_path_value(m, r, rate=TENTH, timing="end", unit="year") for m, r in zip(margins, stays, strict=True)
    ]
    assert both == pytest.approx(np.stack(each), rel=1e-14)


def test_dwyer_a_path_of_retention() -> None:
    """Lost for good: survivors 1, .6, .48, and each timing's share of the last renewal."""
    margins, stays = [100, 110, 120], [0.6, 0.8, 0.5]
    rate = Rate.annual(0.25)
    survival = np.array([1, 0.6, 0.48, 0.24])
    v = 0.8 ** np.arange(4)
    for timing, wanted in {
        "now": (margins * survival[:3] * v[:3]).sum(),
        "next": (margins * survival[1:] * v[1:]).sum(),
        "end": (margins * survival[:3] * v[1:]).sum(),
        "middle": (margins * survival[:3] * v[:3]).sum() * 0.8**0.5,
    }.items():
        assert retention_path_value(margins, stays, rate=rate, timing=timing, unit="year") == pytest.approx(
            wanted, rel=1e-14
        )
    flow = retention_path_value(margins, stays, rate=rate, timing="continuous", unit="year")
    t = np.linspace(0, 3, 300_001)[:-1] + 5e-6
    k = t.astype(int)
    survives = survival[k] * np.array(stays)[k] ** (t - k)
    assert flow == pytest.approx((np.array(margins)[k] * survives * 0.8**t).mean() * 3, rel=1e-8)


def test_the_last_retention_may_be_left_out_where_it_does_not_matter() -> None:
    for timing in ("now", "end", "middle"):
        short = retention_path_value([1, 2, 3], [0.5, 0.6], rate=TENTH, timing=timing, unit="year")
        assert short == retention_path_value([1, 2, 3], [0.5, 0.6, 0.0], rate=TENTH, timing=timing, unit="year")
    for timing in ("next", "continuous"):
        with pytest.raises(ParameterError, match=rf"one rate per period of margins \(3 with timing='{timing}'\)"):
            retention_path_value([1, 2, 3], [0.5, 0.6], rate=TENTH, timing=timing, unit="year")
    with pytest.raises(ParameterError, match=r"one rate per period of margins \(3 or 2 with timing='end'\)"):
        retention_path_value([1, 2, 3], [0.5], rate=TENTH, timing="end", unit="year")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"retention": [0.5, 1.2]}, r"retention must lie between 0 and 1; broken in 1 of 2 rows, first: row 1"),
        ({"retention": float("nan")}, "retention must be finite"),
        ({"margin": "x"}, "margin must be numbers"),
        ({"rate": 0.1}, "rate must be a Rate"),
        ({"timing": "due"}, r"timing must be 'now' \(the first payment is made now\)"),
        ({"timing": None}, "timing must be"),
        ({"horizon": 2.5}, "whole number of periods"),
        ({"horizon": -1}, "horizon must be >= 0"),
        ({"horizon": float("nan")}, "horizon must be >= 0"),
        ({"growth": -1}, "growth must be > -1"),
        ({"unit": "fortnight"}, "unit must be one of"),
        ({"margin": [1, 2], "retention": [0.1, 0.2, 0.3]}, "must broadcast to one shape"),
    ],
)
def test_what_is_refused(change: dict[str, Any], message: str) -> None:
    given_ = {"margin": 1.0, "retention": 0.8, "rate": TENTH, "timing": "now", "unit": "year", **change}
    with pytest.raises(ParameterError, match=message):
        constant_retention_value(**given_)


def test_timing_has_no_default() -> None:
    with pytest.raises(TypeError, match="timing"):
        constant_retention_value(1, 0.8, rate=TENTH, unit="year")  # type: ignore[call-arg]


def test_a_continuous_horizon_need_not_be_whole() -> None:
    half = constant_retention_value(1, 1.0, rate=Rate.zero(), timing="continuous", horizon=0.5, unit="year")
    assert half == 0.5
