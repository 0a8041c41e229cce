"""Concordance: all pairs, one by one, and lifelines' values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from survival_strategies import every_case_from_the_start, tenures, tenures_of

from custvalue.errors import DataError
from custvalue.evidence.tenures import Tenures
from custvalue.survival.concordance import concordance
from custvalue.survival.cox import cox


def pair_by_pair(rows: Tenures, risk: np.ndarray[Any, Any]) -> tuple[float, float]:
    """Concordant and all pairs, ties half."""
    agree = pairs = 0.0
    for i in np.flatnonzero(rows.ended):
        t = rows.duration[i]
        stays = ((rows.duration > t) | ((rows.duration == t) & ~rows.ended)) & ((rows.entry < t) | (rows.entry == 0))
        weight = rows.weights[i] * rows.weights[stays]
        agree += (weight * ((risk[i] > risk[stays]) + 0.5 * (risk[i] == risk[stays]))).sum()
        pairs += weight.sum()
    return agree, pairs


@given(rows=tenures(), data=st.data())
def test_counts_every_pair(rows: Tenures, data: st.DataObject) -> None:
    risk = np.array(data.draw(st.lists(st.integers(-3, 3), min_size=len(rows), max_size=len(rows))), dtype=float)
    agree, pairs = pair_by_pair(rows, risk)
    assume(pairs > 0)
    assert concordance(rows, risk) == pytest.approx(agree / pairs, rel=1e-12)
    assert concordance(rows, risk) + concordance(rows, -risk) == pytest.approx(1, rel=1e-12)
    assert concordance(rows, np.zeros(len(rows))) == 0.5


@every_case_from_the_start
def test_agrees_with_lifelines(case: dict[str, Any]) -> None:
    """Without late entry, which lifelines ignores here."""
    rows, covariates = tenures_of(case), {name: case["data"][name] for name in ("x1", "x2")}
    assert cox(rows, covariates).concordance(rows, covariates) == pytest.approx(case["cox"]["concordance"], rel=1e-12)


def test_a_perfect_order() -> None:
    rows = Tenures(np.arange(1.0, 2000), np.arange(1999) % 3 > 0, unit="year")
    assert concordance(rows, -rows.duration) == 1
    assert concordance(rows, rows.duration) == 0


def test_refusals() -> None:
    rows = Tenures([1, 2], [1, 1], unit="year")
    with pytest.raises(DataError, match=r"risk must have one value per row of the tenures \(2\)"):
        concordance(rows, [1])
    with pytest.raises(DataError, match="risk must be finite; broken in 1 of 2 rows"):
        concordance(rows, [1, np.nan])
    with pytest.raises(DataError, match="tenures must have comparable pairs"):
        concordance(Tenures([2, 2], [1, 1], unit="year"), [1, 2])
