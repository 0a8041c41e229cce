"""Log-rank tests: Freireich's trial, lifelines' values, and what no relabeling may change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from survival_strategies import ARM, REMISSION, at_risk, every_case_from_the_start, repeated, tenures, tenures_of

from custvalue.errors import DataError, ParameterError
from custvalue.evidence.tenures import Tenures
from custvalue.survival.log_rank import log_rank

KINDS: list[dict[str, Any]] = [
    {"weighting": "log-rank"},
    {"weighting": "gehan"},
    {"weighting": "tarone-ware"},
    {"weighting": "peto"},
    {"weighting": "fleming-harrington", "p": 1.0, "q": 0.5},
]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["weighting"])


def test_freireich() -> None:
    """Freireich et al. (1963): chi-square 16.79 in the textbooks; 9 observed and 19.25 expected under 6-MP."""
    found = log_rank(REMISSION, ARM)
    assert found.statistic == pytest.approx(16.792940989216547, rel=1e-13)
    assert found.p_value == pytest.approx(4.168809109334511e-05, rel=1e-11)
    assert found.observed.tolist() == [9, 21]
    np.testing.assert_allclose(found.expected, [19.2505, 10.7495], atol=5e-5)
    assert found.groups == ("6-MP", "placebo")


def test_freireich_by_gehan() -> None:
    """Gehan (1965): W = 271 with variance 5457.11, where ties between leaving and staying count as here."""
    found = log_rank(REMISSION, ARM, weighting="gehan")
    assert found.observed[1] - found.expected[1] == pytest.approx(271, abs=1e-9)
    assert found.statistic == pytest.approx(13.4579, abs=5e-5)


@every_case_from_the_start
@each_kind
def test_agrees_with_lifelines(case: dict[str, Any], kind: dict[str, Any]) -> None:
    found = log_rank(tenures_of(case), case["data"]["group"], **kind)
    assert found.degrees_of_freedom == 2
    assert found.statistic == pytest.approx(case["log_rank"][kind["weighting"]], rel=1e-12)


def compared(rows: Tenures) -> np.ndarray[Any, Any]:
    """Two groups, both at risk when the first customer that can tell leaves while another stays."""
    group = np.arange(len(rows)) % 2
    both = [
        len(set(group[at_risk(rows, t)])) == 2 and (at_risk(rows, t) & (rows.duration > t)).any()
        for t in rows.duration[rows.ended]
    ]
    assume(any(both))
    return group


@given(rows=tenures(least=4, weighted=False))
def test_is_the_sum_over_two_by_two_tables(rows: Tenures) -> None:
    group = compared(rows)
    difference = variance = 0.0
    for t in np.unique(rows.duration[rows.ended]):
        here = at_risk(rows, t)
        n, first, d = here.sum(), (here & (group == 0)).sum(), (here & rows.ended & (rows.duration == t)).sum()
        difference += (here & rows.ended & (rows.duration == t) & (group == 0)).sum() - d * first / n
        variance += d * first * (n - first) * (n - d) / (n**2 * (n - 1)) if n > 1 else 0.0
    assert log_rank(rows, group).statistic == pytest.approx(difference**2 / variance, rel=1e-9, abs=1e-12)


@given(rows=tenures(least=4), power=st.sampled_from([0.5, 2.0, 3.0]), kind=st.sampled_from(KINDS[:4]))
def test_only_the_order_of_times_matters(rows: Tenures, power: float, kind: dict[str, Any]) -> None:
    group = compared(rows)
    bent = Tenures(rows.duration**power, rows.ended, entry=rows.entry**power, weights=rows.weights, unit="year")
    assume(len(np.unique(bent.duration)) == len(np.unique(rows.duration)))
    found, same = log_rank(rows, group, **kind), log_rank(bent, group, **kind)
    assert found.statistic == pytest.approx(same.statistic, rel=1e-12)


@given(rows=tenures(least=4), kind=st.sampled_from(KINDS[:4]))
def test_names_do_not_matter_and_differences_add_up_to_0(rows: Tenures, kind: dict[str, Any]) -> None:
    group = compared(rows)
    found, swapped = log_rank(rows, group, **kind), log_rank(rows, np.array(["z", "a"])[group], **kind)
    assert found.statistic == pytest.approx(swapped.statistic, rel=1e-9, abs=1e-12)
    np.testing.assert_allclose(found.observed, swapped.observed[::-1], rtol=1e-12)
    np.testing.assert_allclose(found.covariance.sum(axis=1), 0, atol=1e-9 * np.abs(found.covariance).max())
    assert found.observed.sum() == pytest.approx(found.expected.sum(), rel=1e-12)


@given(rows=tenures(least=4), kind=st.sampled_from(KINDS))
def test_a_weight_is_a_number_of_rows(rows: Tenures, kind: dict[str, Any]) -> None:
    group = compared(rows)
    if kind["weighting"] == "fleming-harrington":
        kind = {"weighting": "fleming-harrington", "p": 1.0}
    each = np.repeat(group, rows.weights.astype(int))
    found, one_by_one = log_rank(rows, group, **kind), log_rank(repeated(rows), each, **kind)
    assert found.statistic == pytest.approx(one_by_one.statistic, rel=1e-9, abs=1e-12)


def test_strata_are_added_up() -> None:
    rng = np.random.default_rng(3)
    rows = Tenures(rng.integers(1, 9, 80), rng.random(80) < 0.7, unit="year")
    group, strata = rng.integers(0, 3, 80), np.where(rng.random(80) < 0.5, "north", "south")
    parts = [log_rank(rows[strata == name], group[strata == name]) for name in ("north", "south")]
    found = log_rank(rows, group, strata=strata)
    difference = sum((part.observed - part.expected)[:2] for part in parts)
    covariance = sum(part.covariance[:2, :2] for part in parts)
    assert found.statistic == pytest.approx(float(difference @ np.linalg.solve(covariance, difference)), rel=1e-12)
    assert log_rank(rows, group, strata=np.ones(80)).statistic == pytest.approx(
        log_rank(rows, group).statistic, rel=1e-14
    )


def test_is_chi_square_where_groups_are_alike() -> None:
    rng = np.random.default_rng(11)
    found = []
    for _ in range(400):
        rows = Tenures(rng.exponential(10, 60), rng.random(60) < 0.7, unit="year")
        found.append(log_rank(rows, rng.integers(0, 3, 60)).p_value)
    assert abs(np.mean(np.array(found) < 0.1) - 0.1) < 4 * np.sqrt(0.09 / 400)


def test_a_group_never_at_risk_with_others_is_not_counted() -> None:
    rows = Tenures([1, 2, 3, 4, 9, 9], [1, 1, 1, 0, 1, 0], entry=[0, 0, 0, 0, 8, 8], unit="year")
    group = ["a", "b", "a", "b", "c", "c"]
    found = log_rank(rows, group)
    assert found.degrees_of_freedom == 1
    assert found.statistic == pytest.approx(log_rank(rows[:4], group[:4]).statistic, rel=1e-12)


def test_refusals() -> None:
    with pytest.raises(DataError, match=r"groups must hold at least two labels; got 1\.0 in all 42 rows"):
        log_rank(REMISSION, np.ones(42))
    with pytest.raises(DataError, match=r"groups must be present; missing in 1 of 42 rows, first: row 41"):
        log_rank(REMISSION, [*ARM[:41], None])
    with pytest.raises(DataError, match=r"groups must have one label per row of the tenures \(42\); got 2"):
        log_rank(REMISSION, ["a", "b"])
    with pytest.raises(DataError, match=r"groups must be labels.*Put the customers of all groups into one Tenures"):
        log_rank(REMISSION, REMISSION)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="tenures must include customers who left"):
        log_rank(Tenures([1, 2], [0, 0], unit="year"), ["a", "b"])
    with pytest.raises(DataError, match="the groups cannot be compared"):
        log_rank(Tenures([1, 9], [1, 1], entry=[0, 5], unit="year"), ["a", "b"])
    with pytest.raises(ParameterError, match="p and q belong to weighting='fleming-harrington'"):
        log_rank(REMISSION, ARM, p=1)
    with pytest.raises(ParameterError, match="p and q must be finite and >= 0"):
        log_rank(REMISSION, ARM, weighting="fleming-harrington", q=-1)
    with pytest.raises(ParameterError, match=r"weighting must be 'log-rank', .*; got 'wilcoxon'"):
        log_rank(REMISSION, ARM, weighting="wilcoxon")  # type: ignore[arg-type]


def test_repr_and_labels_of_any_kind() -> None:
    found = log_rank(REMISSION, ARM, weighting="fleming-harrington", p=1)
    assert repr(found).startswith("fleming-harrington(1, 0) test: chi-square 14.457")
    assert log_rank(REMISSION, np.array([1.5] * 21 + [0.5] * 21)).groups == (0.5, 1.5)
    assert log_rank(REMISSION, [True] * 21 + ["placebo"] * 21).groups == (True, "placebo")
