"""Berger and Nasr's cases against published values and sums written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.discounting.rate import Rate
from custvalue.errors import ParameterError
from custvalue.reproductions.papers.berger_nasr import (
    berger_nasr_case1,
    berger_nasr_case2,
    berger_nasr_case3,
    berger_nasr_case4,
    berger_nasr_case5,
)
from custvalue.value.formulas.constant_retention import constant_retention_value
from custvalue.value.migration.chain import MigrationModel

FIFTH = Rate.annual(0.20)


def test_published_case1() -> None:
    """Berger & Nasr (1998), case 1: GC 260, M 50, r .75, d .2, ten years, printed 568.78; as cited."""
    value = berger_nasr_case1(260, 50, 0.75, rate=FIFTH, years=10)
    assert value == pytest.approx(568.7830674335969, rel=1e-14)
    assert round(float(value), 2) == 568.78


def test_published_case2a() -> None:
    """Berger & Nasr (1998), case 2a: GC 7000, M 95, r .3, a car every 3 years, printed about 8,273; as cited."""
    value = berger_nasr_case2(7000, 95, 0.30, rate=FIFTH, years=12, cycle=3)
    assert value == pytest.approx(8273.286927250347, rel=1e-14)


@given(st.floats(0, 1), st.floats(0, 0.5), st.integers(0, 12), st.sampled_from([1, 2, 3, 4, 6, 7, 10, 12]))
def test_case_2b_is_its_sum(r: float, d: float, n: int, p: int) -> None:
    """p sales a year: p n + 1 margins, retention between sales, promotion once a year."""
    i, j = np.arange(p * n + 1), np.arange(1, n + 1)
    wanted = 30 * (r**i / (1 + d) ** (i / p)).sum() - 4 * (r ** (p * (j - 1.0)) / (1 + d) ** (j - 0.5)).sum()
    value = berger_nasr_case2(30, 4, r, rate=Rate.annual(d), years=n, cycle=1 / p)
    assert value == pytest.approx(wanted, rel=1e-12, abs=1e-12)


def test_case_1_forever_and_at_once() -> None:
    forever = berger_nasr_case1(260, 50, [0.75, 0.5], rate=FIFTH, years=None)
    np.testing.assert_allclose(forever, berger_nasr_case1(260, 50, [0.75, 0.5], rate=FIFTH, years=500), rtol=1e-14)
    assert berger_nasr_case1(260, 50, 0.75, rate=FIFTH, years=0) == 260


def test_case_3_is_its_sum() -> None:
    t = np.arange(9)
    margins = 100 + 20 * t - t**2
    r = np.array([0.6, 0.9])
    value = berger_nasr_case3(margins, r, rate=FIFTH)
    np.testing.assert_allclose(value, (margins * r[:, None] ** t / 1.2**t).sum(axis=-1), rtol=1e-14)
    assert berger_nasr_case3(margins, 0.6, rate=FIFTH) == pytest.approx(value[0], rel=1e-15)
    assert berger_nasr_case3(margins, 1.0, rate=Rate.zero()) == margins.sum()


def test_case_4_is_the_continuous_value() -> None:
    r, rate = np.array([0.0, 0.5, 0.8]), Rate.annual(0.15)
    for years in (7.5, None):
        flow = berger_nasr_case4(lambda t: 100 * 1.03**t, r, rate=rate, years=years)
        closed = constant_retention_value(
            100, r, rate=rate, timing="continuous", horizon=years, growth=0.03, unit="year"
        )
        np.testing.assert_allclose(flow, closed, rtol=1e-9, atol=1e-12)


def test_case_4_refuses_what_does_not_converge() -> None:
    with pytest.raises(ParameterError, match="needed forever"):
        berger_nasr_case4(lambda _: 1.0, 1.0, rate=Rate.zero(), years=None)
    with pytest.raises(ParameterError, match="does not converge"):
        berger_nasr_case4(lambda t: 1 / t**2, 0.8, rate=FIFTH, years=1)


def test_case_5_follows_the_recursion_of_the_paper() -> None:
    """C_i = Σ_j C_{i-j} P_j Π_{k<j} (1 - P_k), written out, with promotion to all who are not given up."""
    p, n = np.array([0.5, 0.3, 0.1]), 8
    reach = p * np.cumprod(np.concatenate([[1], 1 - p[:-1]]))
    C = np.zeros(n + 1)
    C[0] = 1
    for i in range(1, n + 1):
        C[i] = sum(C[i - j] * reach[j - 1] for j in range(1, min(i, 3) + 1))
    still = np.cumprod(np.concatenate([[1], 1 - p[:-1]]))
    approached = [sum(C[i - j] * still[j - 1] for j in range(1, min(i, 3) + 1)) for i in range(1, n + 1)]
    v = 1.2 ** -np.arange(n + 1.0)
    wanted = 50 * (C * v).sum() - 6 * (approached * v[1:]).sum() * 1.2**0.5
    assert berger_nasr_case5(50, 6, p, rate=FIFTH, years=n) == pytest.approx(wanted, rel=1e-14)


def test_case_5_is_the_migration_of_pfeifer_and_carraway() -> None:
    """The same customers as a chain: margins now, contacts half a period later."""
    p = [[0.5, 0.3, 0.1], [0.2, 0.2, 0.2]]
    chain = MigrationModel.from_recency(p, margin=50, contact_cost=6, unit="year")
    forever = chain.value(rate=FIFTH, timing="now", cost_timing="middle")[:, 0]
    np.testing.assert_allclose(berger_nasr_case5(50, 6, p, rate=FIFTH, years=300), forever, rtol=1e-12)
