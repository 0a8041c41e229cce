"""The columns of `RFM`: converted from what is given, and the rules that they keep."""

from __future__ import annotations

from typing import Any

import numpy as np

from custvalue._columns import check_rows, numbers
from custvalue._typing import Array, ArrayLike, NDArray
from custvalue.errors import DataError
from custvalue.units import Unit


def as_x(values: ArrayLike) -> Array:
    """Repeat purchases as floats."""
    return numbers("x", values)


def as_t_x(values: ArrayLike) -> Array:
    """Times of the last purchase as floats."""
    return numbers("t_x", values)


def as_T(values: ArrayLike) -> Array:
    """Ages as floats."""
    return numbers("T", values)


def as_m(values: ArrayLike | None) -> Array | None:
    """Mean spend as floats, where there is any."""
    return None if values is None else numbers("m", values)


def as_m_count(values: ArrayLike | None) -> Array:
    """Numbers of purchases that m averages; by default as many as x."""
    return _AS_X if values is None else numbers("m_count", values)


def as_log_spacing(values: ArrayLike | None) -> Array | None:
    """Sums of logs of times between purchases as floats, where they are known."""
    return None if values is None else numbers("log_spacing", values)


def as_ids(values: ArrayLike | None) -> NDArray[Any] | None:
    """Names as an array of any type."""
    return None if values is None else np.asarray(values)


_AS_X = np.array(np.nan)
"""m_count where none is given: as many as x."""


def check_times(x: Array, t_x: Array, T: Array, ids: NDArray[Any] | None) -> None:
    """Raise DataError unless x, t_x and T are a possible history in every row."""
    shown = {"x": x, "t_x": t_x, "T": T}
    finite = np.isfinite(x) & np.isfinite(t_x) & np.isfinite(T)
    check_rows(finite, "x, t_x and T must be finite", "Leave the rows out.", ids=ids, **shown)
    check_rows(
        (x >= 0) & (x == np.floor(x)),
        "x must be a whole number >= 0",
        "x counts repeat purchases (the first is not counted).",
        ids=ids,
        **shown,
    )
    check_rows(
        (t_x >= 0) & (t_x <= T),
        "0 <= t_x <= T must hold",
        "t_x is the time from the first to the last purchase, not the time since the last one (T - t_x).",
        ids=ids,
        **shown,
    )
    check_rows(
        (t_x > 0) == (x > 0),
        "t_x = 0 must hold where x = 0, and t_x > 0 where x > 0",
        "Several purchases at one time count as one (see `collapse` of RFM.from_transactions).",
        ids=ids,
        **shown,
    )


def own_ids(ids: NDArray[Any] | None, shape: tuple[int, ...]) -> NDArray[Any] | None:
    """The names, or DataError where there is not one for each row."""
    if ids is not None and ids.shape != shape:
        raise DataError(f"ids must have one name per row: shape {shape}, got {ids.shape}")
    return ids


def checked_spend(x: Array, m: Array | None, m_count: Array, ids: NDArray[Any] | None) -> tuple[Array | None, Array]:
    """Return m and m_count with the shape of x, or raise DataError; m is 0 where m_count is."""
    count = np.broadcast_to(x if m_count is _AS_X else m_count, x.shape)
    check_rows(
        (count == x) | (count == x + 1),
        "m_count must be x or x + 1",
        "It is the number of purchases that m averages, without or with the first.",
        ids=ids,
        x=x,
        m_count=count,
    )
    if m is None:
        return None, count
    spend = np.where(count > 0, np.broadcast_to(m, x.shape), 0.0)
    check_rows(
        np.isfinite(spend),
        "m must be finite where m_count > 0",
        "Leave out rows without a mean spend.",
        ids=ids,
        m=spend,
        m_count=count,
    )
    return spend, count


def checked_spacing(x: Array, t_x: Array, spacing: Array | None, ids: NDArray[Any] | None) -> Array | None:
    """Return log_spacing with the shape of x, 0 where x is 0, or raise DataError."""
    if spacing is None:
        return None
    sums = np.where(x > 0, np.broadcast_to(spacing, x.shape), 0.0)
    most = x * np.log(np.where(x > 0, t_x, 1.0) / np.maximum(x, 1))
    rounding = 0.05 * x + 1e-9 * np.abs(most)
    one = (x != 1) | (np.abs(sums - most) <= rounding)
    check_rows(
        np.isfinite(sums) & (sums <= most + rounding) & one,
        "log_spacing must be at most x log(t_x / x), which it is where all purchases are equally far apart",
        "It is the sum of the natural logs of the times between purchases, in the unit of t_x.",
        ids=ids,
        x=x,
        t_x=t_x,
        log_spacing=sums,
    )
    return sums


def described(x: Array, T: Array, m: Array | None, m_count: Array, unit: Unit) -> str:
    """An RFM in one line."""
    if not x.size:
        return f"RFM of 0 customers, in {unit}s"
    none = int((x == 0).sum())
    text = (
        f"RFM of {x.size:,} customers, in {unit}s: {x.sum():,.0f} repeat purchases, "
        f"{none:,} with none, T from {T.min():.6g} to {T.max():.6g}"
    )
    if m is None or not m_count.sum():
        return text
    return f"{text}, mean spend {(m * m_count).sum() / m_count.sum():.6g}"
