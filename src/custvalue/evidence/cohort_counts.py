"""Counts of cohorts: survivors per period of one cohort or several, checked, and as tenures with weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from custvalue._columns import numbers, objects
from custvalue._typing import Array, ArrayLike, NDArray
from custvalue.errors import DataError


def read_cohorts(survivors: Mapping[Any, ArrayLike] | Iterable[ArrayLike] | ArrayLike) -> dict[str, Any]:
    """The columns of `Tenures`: who left at each renewal, and who still runs, of each cohort."""
    names, cohorts = parsed_cohorts(survivors)
    for i, cohort in enumerate(cohorts):
        _check_falling(_name(names, i, len(cohorts)), cohort)
    rows = [_rows(cohort) for cohort in cohorts]
    duration, ended, weights = (np.concatenate(column) for column in zip(*rows, strict=True))
    ids = None if names is None else np.repeat(labels_of(names), [len(row[0]) for row in rows])
    return {"duration": duration, "ended": ended, "weights": weights, "ids": ids, "by_period": True}


def parsed_cohorts(survivors: Any) -> tuple[list[Any] | None, list[Array]]:  # noqa: ANN401 (one cohort, several, a mapping)
    """Names, where there are any, and each cohort's numbers per period, finite and >= 0."""
    names = list(survivors) if isinstance(survivors, Mapping) else None
    rows = _as_rows(survivors) if names is None else [survivors[name] for name in names]
    if not len(rows):
        raise DataError("survivors must hold at least one cohort; there are no cohorts")
    return names, [_cohort(_name(names, i, len(rows)), row) for i, row in enumerate(rows)]


def _as_rows(survivors: Any) -> Any:  # noqa: ANN401 (one cohort or several)
    items = np.asarray(survivors) if hasattr(survivors, "__array__") else list(survivors)
    return items if any(np.ndim(item) for item in items) else [items]


def _name(names: list[Any] | None, i: int, many: int) -> str:
    if names is not None:
        return f"cohort {names[i]!r}"
    return f"cohort {i}" if many > 1 else "the cohort"


def labels_of(names: list[Any]) -> NDArray[Any]:
    """Names as an array: text, numbers and dates as such, all else as objects."""
    labels = np.array(names)
    plain = labels.ndim == 1 and (labels.dtype.kind != "U" or all(isinstance(name, str) for name in names))
    return labels if plain else objects(names)


def _cohort(name: str, values: Any) -> Array:  # noqa: ANN401 (whatever NumPy takes)
    """One cohort's survivors, checked, without the NaN after its end."""
    plain = [np.nan if value is None else value for value in values] if isinstance(values, (list, tuple)) else values
    counts = np.atleast_1d(numbers(name, plain))
    if counts.ndim != 1:
        raise DataError(f"{name} must be one row of survivors per period; got shape {counts.shape}")
    known = ~np.isnan(counts)
    length = int(known.sum())
    if not length or not known[:length].all():
        raise DataError(
            f"{name} must begin with its size and have NaN (not yet observed) only after its end; got "
            f"{_shown(counts)}. Interpolate what is missing, or leave the later periods out."
        )
    counts = counts[:length]
    wrong = np.flatnonzero(~(np.isfinite(counts) & (counts >= 0)))
    if len(wrong):
        raise DataError(
            f"survivors must be finite and >= 0; broken in {name}, period {wrong[0]} ({counts[wrong[0]]:g}). "
            "They are numbers of customers (or shares) still there after each period."
        )
    return counts


def _check_falling(name: str, counts: Array) -> None:
    grown = np.flatnonzero(np.diff(counts) > 0)
    if len(grown):
        i = int(grown[0])
        raise DataError(
            f"survivors must not grow, as a customer who has left does not return; broken in {len(grown)} periods of "
            f"{name}, first: {counts[i + 1]:g} in period {i + 1} after {counts[i]:g}. Count only those there ever "
            "since, or, where customers merely buy or not in a period, use RFM and a transaction model."
        )


def _shown(counts: Array) -> str:
    more = ", ..." if len(counts) > 5 else ""
    return ", ".join(f"{count:g}" for count in counts[:5]) + more


def _rows(counts: Array) -> tuple[Array, Array, Array]:
    """Duration, ended and weight: one row per renewal at which some left, and one for who still runs, if none too."""
    left = -np.diff(counts)
    at = np.flatnonzero(left)
    duration = np.append(at + 1.0, len(counts) - 1.0)
    return duration, np.append(np.ones(len(at)), 0.0), np.append(left[at], counts[-1])
