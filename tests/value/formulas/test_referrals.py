"""Referral chains: sums over generations, endless ones, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.discounting.rate import Rate
from custvalue.errors import ParameterError
from custvalue.value.formulas.referrals import referral_value

TEN = Rate.annual(0.10)


@given(
    n=st.floats(0, 3), decay=st.floats(0, 1) | st.just(1.0), delay=st.floats(0, 5), rate=st.floats(-0.2, 1),
    generations=st.integers(0, 12),
)  # fmt: skip
def test_referrals_are_a_sum_over_generations(
    n: float, decay: float, delay: float, rate: float, generations: int
) -> None:
    annual = Rate.annual(rate)
    found = referral_value(
        100.0,
        n,
        rate=annual,
        delay=delay,
        decay=decay,
        referred_value=80.0,
        saved_cost=5.0,
        generations=generations,
        unit="year",
    )
    counts = [n**g * decay ** (g * (g - 1) / 2) for g in range(1, generations + 1)]
    worth = sum(85 * count * (1 + rate) ** (-g * delay) for g, count in enumerate(counts, start=1))
    assert found.customers == pytest.approx(sum(counts), rel=1e-10, abs=1e-250)
    assert found.referred == pytest.approx(worth, rel=1e-10, abs=1e-250)
    assert found.total == pytest.approx(100 + worth, rel=1e-10)


def test_endless_chains() -> None:
    assert referral_value(1.0, 0.5, rate=Rate.zero(), delay=1, unit="year").referred == pytest.approx(1.0)
    assert referral_value(1.0, 1.0, rate=Rate.zero(), delay=1, unit="year").referred == np.inf
    assert referral_value(1.0, 1.0, rate=TEN, delay=1, unit="year").referred == pytest.approx(10.0)
    assert referral_value(0.0, 2.0, rate=TEN, delay=1, unit="year").referred == 0
    falling = referral_value(1.0, 2.0, rate=TEN, delay=1, decay=0.5, unit="year").referred
    assert falling == pytest.approx(sum(2**g * 0.5 ** (g * (g - 1) / 2) / 1.1**g for g in range(1, 60)), rel=1e-13)
    assert referral_value(1.0, 1e3, rate=Rate.zero(), delay=0, decay=1 - 1e-6, unit="year").referred == np.inf
    slow = referral_value(1.0, 1.0, rate=Rate.zero(), delay=0, decay=1 - 1e-10, unit="year").referred
    assert slow == pytest.approx(math.sqrt(math.pi / 2e-10), rel=1e-4)  # a Gaussian's half
    assert referral_value(1e300, 1e10, rate=TEN, delay=1, decay=0.5, unit="year").referred == np.inf


def test_referrals_that_are_refused() -> None:
    with pytest.raises(ParameterError, match="decay must lie between 0 and 1"):
        referral_value(1.0, 1.0, rate=TEN, delay=1, decay=1.5, unit="year")
    with pytest.raises(ParameterError, match="referrals must be >= 0"):
        referral_value(1.0, -1.0, rate=TEN, delay=1, unit="year")
    with pytest.raises(ParameterError, match="rate must be a Rate"):
        referral_value(1.0, 1.0, rate=0.1, delay=1, unit="year")  # type: ignore[arg-type]
