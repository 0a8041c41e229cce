"""Tenures for the tests of survival without a model: ties, censoring, late entry and weights, and Freireich's trial."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from references import every, reference

from custvalue.evidence.tenures import Tenures

REMISSION = Tenures(
    [
        *(6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35),
        *(1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23),
    ],
    [1] * 9 + [0] * 12 + [1] * 21,
    unit="week",
)
"""Weeks in remission under 6-MP, then under placebo, 21 patients each (Freireich et al. 1963)."""
ARM = ["6-MP"] * 21 + ["placebo"] * 21
TREATED = REMISSION[:21]

CASES = reference("survival")["cases"]
"""lifelines' values of random tenures."""


def tenures_of(case: dict[str, Any]) -> Tenures:
    """The tenures of a case."""
    data = case["data"]
    return Tenures(data["duration"], data["ended"], entry=data["entry"], weights=data["weights"], unit="year")


def name_of(case: dict[str, Any]) -> str:
    """Which kind of case it is."""
    return "-".join(kind for kind in ("ties", "late", "weighted") if case[kind]) or "plain"


every_case = every(CASES, name_of)
every_case_from_the_start = every([case for case in CASES if not case["late"]], name_of)


@st.composite
def tenures(
    draw: st.DrawFn, *, late: bool = True, weighted: bool = True, whole: bool = False, least: int = 1, most: int = 25
) -> Tenures:
    """Some customers, one of them having left; whole durations tie often, others never but by chance."""
    size = draw(st.integers(least, most))
    if whole or draw(st.booleans()):
        duration = np.array(draw(st.lists(st.integers(1, 9), min_size=size, max_size=size)), dtype=float)
    else:
        duration = np.array(draw(st.lists(st.floats(1e-3, 100.0), min_size=size, max_size=size)))
    ended = np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size)))
    ended[draw(st.integers(0, size - 1))] = True
    shares = (
        draw(st.lists(st.sampled_from([0.0, 0.0, 0.3, 0.7]), min_size=size, max_size=size)) if late else [0.0] * size
    )
    weights = draw(st.lists(st.integers(1, 4), min_size=size, max_size=size)) if weighted else 1
    return Tenures(duration, ended, entry=np.floor(duration * shares), weights=weights, unit="month")


def repeated(rows: Tenures) -> Tenures:
    """A row per customer, of weight 1."""
    each = np.repeat(np.arange(len(rows)), rows.weights.astype(int))
    picked = rows[each]
    return Tenures(picked.duration, picked.ended, entry=picked.entry, unit=rows.unit)


def at_risk(rows: Tenures, t: float) -> np.ndarray[Any, Any]:
    """Which rows are at risk at t > 0, from the definition."""
    return (rows.duration >= t) & (rows.entry < t)
