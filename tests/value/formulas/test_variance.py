"""The exact variance of a customer's value against enumeration, closed forms, sums with many digits and simulation."""

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
from custvalue.value.formulas.constant_retention import constant_retention_value
from custvalue.value.formulas.variance import constant_retention_variance, simulate_constant_retention

TENTH = Rate.annual(0.10)
DISCRETE = ("now", "next", "end", "middle")


def enumerated(r: float, force: float, g: float, n: int, timing: str) -> Any:
    """Variance over all lifetimes, with 700 digits: n payments at most, of which the customer makes 0, 1, ..., n."""
    with mp.workdps(700):
        r_, v, w = mp.mpf(r), mp.exp(-mp.mpf(force)), (1 + mp.mpf(g)) * mp.exp(-mp.mpf(force))
        sure = 0 if timing == "next" else 1
        first = {"now": mp.mpf(1), "next": v, "end": v, "middle": mp.sqrt(v)}[timing]
        paid, mean, square, still = mp.mpf(0), mp.mpf(0), mp.mpf(0), mp.mpf(1)
        for k in range(n + 1):
            goes_on = 0 if k == n else (1 if k < sure else r_)
            chance = still * (1 - goes_on)
            mean, square = mean + chance * paid, square + chance * paid**2
            still *= goes_on
            paid += first * w**k
        return square - mean**2


@given(
    st.one_of(st.floats(0, 1), log_uniform(1e-15, 0.1).map(lambda x: 1 - x)),
    st.one_of(st.just(0.0), log_uniform(1e-12, 2.0)),
    st.one_of(st.just(0.0), st.floats(-0.5, 0.5)),
    st.integers(0, 70),
    st.sampled_from(DISCRETE),
)
def test_the_variance_over_all_lifetimes(r: float, d: float, g: float, n: int, timing: Any) -> None:
    rate = Rate.annual(d)
    found = float(constant_retention_variance(1, r, rate=rate, timing=timing, horizon=n, growth=g, unit="year"))
    wanted = enumerated(r, float(rate.force()), g, n, timing)
    assert abs(found - wanted) <= 1e-13 * wanted + mp.mpf("1e-300")


@pytest.mark.parametrize("timing", DISCRETE)
@pytest.mark.parametrize(("r", "d"), [(0.8, 0.1), (1 - 1e-9, 1e-7), (0.3, 0.0), (1e-12, 0.5)])
def test_forever_is_the_closed_form_and_the_limit(r: float, d: float, timing: Any) -> None:
    rate = Rate.annual(d)
    found = constant_retention_variance(7, r, rate=rate, timing=timing, unit="year")
    long = constant_retention_variance(7, r, rate=rate, timing=timing, horizon=2.0**80, unit="year")
    v = float(np.exp(-rate.force()))
    still = (d + (1 - r)) / (1 + d)  # 1 - r v
    spread = ((1 - v**2) if d > 1e-3 else -np.expm1(-2 * rate.force())) + v**2 * (1 - r)
    plain = r * (1 - r) / (spread * still**2)
    factor = {"now": v**2, "next": v**2, "end": v**4, "middle": v**3}[timing]
    np.testing.assert_allclose([found, long], 49 * factor * plain, rtol=1e-12)


@given(
    st.one_of(st.floats(1e-3, 0.999), log_uniform(1e-12, 0.1).map(lambda x: 1 - x)),
    log_uniform(1e-9, 1.0),
    st.floats(-0.3, 0.3),
    st.one_of(log_uniform(1e-3, 1e4), st.none()),
)
def test_the_variance_of_a_flow(r: float, d: float, g: float, n: float | None) -> None:
    """(E e^{2θL} - (E e^{θL})²)/θ² for a lifetime L that is exponential, cut at n; with 150 digits."""
    rate = Rate.annual(d)
    found = float(constant_retention_variance(1, r, rate=rate, timing="continuous", growth=g, horizon=n, unit="year"))
    with mp.workdps(150):
        mu, theta = -mp.log(mp.mpf(r)), mp.log1p(mp.mpf(g)) - mp.mpf(float(rate.force()))

        def moment(a: Any) -> Any:
            if n is None:
                return mu / (mu - a)
            return mu * mp.expm1((a - mu) * n) / (a - mu) + mp.exp((a - mu) * n)

        if n is None and mu <= 2 * theta:
            assert found == np.inf
            return
        wanted = (moment(2 * theta) - moment(theta) ** 2) / theta**2
        gap = abs(mu - 2 * theta) / (abs(theta) + mu)
        condition = 1 + min(1 / gap, (n or mp.inf) * abs(theta)) + ((n or 0) * abs(theta) if theta > 0 else 0)
    if wanted < 1e300:
        assert abs(found - wanted) <= 1e-12 * condition * wanted
    else:
        assert found > 1e299


def test_nothing_uncertain_and_too_uncertain() -> None:
    for timing in (*DISCRETE, "continuous"):
        kind: Any = timing
        assert constant_retention_variance(5, 1.0, rate=Rate.zero(), timing=kind, unit="year") == 0
        assert constant_retention_variance(0, 0.9, rate=Rate.zero(), timing=kind, growth=0.5, unit="year") == 0
        assert constant_retention_variance(5, 0.8, rate=Rate.zero(), timing=kind, horizon=0, unit="year") == 0
        # the mean converges, .9 x 1.08 < 1, and the square does not
        assert np.isfinite(constant_retention_value(1, 0.9, rate=Rate.zero(), timing=kind, growth=0.08, unit="year"))
        assert constant_retention_variance(1, 0.9, rate=Rate.zero(), timing=kind, growth=0.08, unit="year") == np.inf
    assert constant_retention_variance(5, 0.0, rate=TENTH, timing="next", unit="year") == 0
    assert constant_retention_variance(5, 0.0, rate=TENTH, timing="continuous", unit="year") == 0


@pytest.mark.parametrize("timing", [*DISCRETE, "continuous"])
@pytest.mark.parametrize("horizon", [None, 6])
def test_draws_have_the_mean_and_the_variance(timing: Any, horizon: int | None) -> None:
    terms: dict[str, Any] = {"timing": timing, "horizon": horizon, "growth": [[0.0, 0.02]]}
    drawn = simulate_constant_retention(
        100, [[0.5], [0.8]], rate=TENTH, size=100_000, rng=3, acquisition_cost=20, **terms, unit="year"
    )
    assert drawn.shape == (100_000, 2, 2)
    mean = constant_retention_value(100, [[0.5], [0.8]], rate=TENTH, acquisition_cost=20, **terms, unit="year")
    variance = constant_retention_variance(100, [[0.5], [0.8]], rate=TENTH, **terms, unit="year")
    assert (np.abs(drawn.mean(axis=0) - mean) < 4.5 * np.sqrt(variance / 100_000)).all()
    fourth = ((drawn - mean) ** 4).mean(axis=0)
    assert (np.abs(((drawn - mean) ** 2).mean(axis=0) - variance) < 4.5 * np.sqrt(fourth / 100_000)).all()


def test_a_seed_repeats_the_draws() -> None:
    one, two = (
        simulate_constant_retention(1, 0.8, rate=TENTH, timing="now", size=5, rng=rng, unit="year")
        for rng in (1, np.random.default_rng(1))
    )
    np.testing.assert_array_equal(one, two)
    with pytest.raises(ParameterError, match="size must be a whole number >= 0"):
        simulate_constant_retention(1, 0.8, rate=TENTH, timing="now", size=-1, rng=1, unit="year")
    assert simulate_constant_retention(1, 1.0, rate=Rate.zero(), timing="now", size=1, rng=1, unit="year") == np.inf
