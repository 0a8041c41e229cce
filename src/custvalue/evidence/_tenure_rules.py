"""What can be a tenure: the columns of `Tenures`, converted and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from custvalue._columns import check_rows, numbers
from custvalue._typing import Array, ArrayLike, Bools, NDArray

if TYPE_CHECKING:
    from custvalue.evidence.tenures import Tenures


def as_duration(values: ArrayLike) -> Array:
    return numbers("duration", values)


def as_ended(values: ArrayLike) -> Bools:
    ended = numbers("ended", values)
    check_rows(
        (ended == 0) | (ended == 1),
        "ended must be 0 or 1 (False or True)",
        "1 where the customer has left, 0 where the relationship still runs.",
        ended=ended,
    )
    return np.asarray(ended == 1)


def as_entry(values: ArrayLike | None) -> Array:
    return numbers("entry", 0.0 if values is None else values)


def as_weights(values: ArrayLike | None) -> Array:
    return numbers("weights", 1.0 if values is None else values)


def as_ids(values: ArrayLike | None) -> NDArray[Any] | None:
    return None if values is None else np.atleast_1d(np.asarray(values))


def as_flag(value: bool) -> bool:
    return bool(value)


def as_count(value: int) -> int:
    return int(value)


def described(tenures: Tenures) -> str:
    """What `repr` shows."""
    span = f"{tenures.unit}s" + (", by period" if tenures.by_period else "")
    total, left = tenures.weights.sum(), tenures.weights[tenures.ended].sum()
    longest = f", up to {tenures.duration.max():g}" if len(tenures) else ""
    before = f"; {tenures.left_out:,} left out" if tenures.left_out else ""
    return (
        f"Tenures of {total:,.10g} customers in {span}: {left:,.10g} ended, "
        f"{total - left:,.10g} still running{longest}{before}"
    )


def check(
    duration: Array, ended: Bools, entry: Array, weights: Array, *, by_period: bool, ids: NDArray[Any] | None
) -> None:
    """Raise DataError unless the columns are possible tenures in every row."""
    check_rows(
        np.isfinite(duration) & (duration >= 0),
        "duration must be finite and >= 0",
        "It is the time from the start to the end, or to the end of observation: check for swapped dates, and give "
        "relationships that still run the end of observation with ended = 0.",
        ids=ids,
        duration=duration,
    )
    later = duration - (ended & by_period)
    check_rows(
        (entry >= 0) & ((entry <= later) | (entry == 0)),
        "0 <= entry <= duration must hold" + (", and entry < duration for those who left" if by_period else ""),
        "entry is the tenure at which observation began; those who had left before are not in the data.",
        ids=ids,
        duration=duration,
        entry=entry,
    )
    check_rows(
        np.isfinite(weights) & (weights >= 0),
        "weights must be finite and >= 0",
        "They say how many customers a row stands for.",
        ids=ids,
        weights=weights,
    )
    if by_period:
        check_rows(
            (duration == np.floor(duration)) & (entry == np.floor(entry)),
            "durations by period must be whole numbers",
            "Count periods begun for those who left and periods completed for those who still run, as "
            "Tenures.from_table(..., period=...) does from dates.",
            ids=ids,
            duration=duration,
        )
        check_rows(
            ~ended | (duration >= 1),
            "who left by period did so at 1 or later",
            "A customer who left within the first period has duration 1.",
            ids=ids,
            duration=duration,
        )
