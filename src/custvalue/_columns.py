"""The one place that looks at raw input: lists, arrays and dates become checked, read-only columns."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from attrs import cmp_using

from custvalue._typing import Array, ArrayLike, Bools, Ints, NDArray
from custvalue.errors import CustValueError, DataError

DAY = np.timedelta64(1, "D")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ]|$)", re.ASCII)


def read_only(values: NDArray[Any]) -> NDArray[Any]:
    """Return the array as a view that cannot be written to."""
    view = values.view()
    view.flags.writeable = False
    return view


def _equal(one: NDArray[Any] | None, other: NDArray[Any] | None) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


same = cmp_using(eq=_equal, require_same_type=False)
"""How columns compare, as `eq` of an attrs field: by shape and elements, where NaN is NaN."""


def numbers(name: str, values: ArrayLike, error: type[CustValueError] = DataError) -> Array:
    """Turn `values` into a float64 array, or raise an error (DataError) that names the column."""
    try:
        array = np.asarray(values)
    except ValueError:
        raise error(f"{name} must be a column, or rows of equal length; got rows of different lengths") from None
    if array.dtype.kind in "OUS" or array.dtype.kind in "mM":
        bad = _first_text(array)
        if bad is not None:
            raise error(f"{name} must be numbers; got {bad} (convert the column first)")
    if array.dtype.kind == "c":
        raise error(f"{name} must be real numbers; got complex ones")
    return np.asarray(array, dtype=np.float64)


def column(name: str, values: ArrayLike) -> Array:
    """Numbers as a read-only column of one's own: copied where somebody else could still write to them."""
    return owned(numbers(name, values), values)


def owned(array: NDArray[Any], given: object) -> NDArray[Any]:
    """`array`, made of what was `given`, read-only: a copy where the giver could still write to its memory."""
    fresh = not hasattr(given, "__array__") or (isinstance(given, np.ndarray) and given.dtype != array.dtype)
    return sealed(array.copy() if _writable(array) and not fresh else array)


def sealed(array: NDArray[Any]) -> NDArray[Any]:
    """The array itself, which nobody else holds yet, made read-only."""
    array.flags.writeable = False
    return array


def _writable(array: NDArray[Any]) -> bool:
    """Whether the memory can be written to by this array or by one that it is a view of."""
    holder: Any = array
    while isinstance(holder, np.ndarray):
        if holder.flags.num & 0x400:  # WRITEABLE; to ask a result of `broadcast_arrays` by that name is a warning
            return True
        holder = holder.base
    return False


def common_shape(
    rule: str, remedy: str, error: type[CustValueError] = DataError, /, **arrays: ArrayLike
) -> tuple[int, ...]:
    """The shape that arrays have together; an error (DataError) that shows theirs where they fit in none.

    A column of shape (n, 1) beside (n,), n > 1, is refused: it is a table's column far more often than n scenarios of n
    customers, whose shapes are (n, 1) and (1, n).
    """
    shapes = {name: np.shape(array) for name, array in arrays.items() if np.ndim(array)}
    rows = {shape for shape in shapes.values() if shape > (1,)}
    column = any(shape[:1] in rows and shape[1:] == (1,) for shape in shapes.values())
    try:
        found = np.broadcast_shapes(*shapes.values())
    except ValueError:
        found = None
    if found is not None and not column:
        return found
    shown = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
    if column:
        remedy = "Ravel a table's column of shape (n, 1) to (n,); a grid of both is (n, 1) beside (1, n)."
    raise error(f"{rule}; got {shown}. {remedy}")


def together(**columns: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Columns in the shape that they have together (`common_shape`), by name."""
    remedy = "One number stands for all, shape (n,) is a value per row."
    shape = common_shape("the columns must have one length", remedy, **columns)
    return {name: each if each.shape == shape else np.broadcast_to(each, shape) for name, each in columns.items()}


def _first_text(array: NDArray[Any]) -> str | None:
    if array.dtype.kind in "mM":
        return f"values of type {array.dtype}"
    for value in array.ravel():
        try:
            if isinstance(value, (str, bytes)):
                return repr(value.item() if isinstance(value, np.generic) else value)
            float(value)
        except (TypeError, ValueError):
            return repr(value)
    return None


def names_of(items: Sequence[Any]) -> NDArray[Any]:
    """Ids as an array, of text or integers where all are, of objects otherwise."""
    if all(type(item) is str for item in items) or all(type(item) is int for item in items):
        array = np.array(items)
        if array.dtype.kind in "iU":
            return array
    return objects(items)


def objects(items: Sequence[Any]) -> NDArray[Any]:
    """One-dimensional array of objects of any kind, sequences included."""
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def positions(wanted: NDArray[Any], among: NDArray[Any]) -> tuple[Ints, Bools]:
    """Where each of the `wanted` values stands in `among`, and whether it is there at all."""
    if "O" in (wanted.dtype.kind, among.dtype.kind):
        known = {value: i for i, value in enumerate(among.tolist())}
        found = np.array([known.get(value, -1) for value in wanted.tolist()], dtype=np.intp)
        return found, found >= 0
    if not len(among):
        return np.zeros(len(wanted), dtype=np.intp), np.zeros(len(wanted), dtype=bool)
    order = np.argsort(among, kind="stable")
    place = np.searchsorted(among, wanted, sorter=order).clip(max=len(among) - 1)
    return order[place], np.asarray(among[order[place]] == wanted)


def check_rows(
    ok: Bools,
    rule: str,
    remedy: str,
    error: type[CustValueError] = DataError,
    /,
    *,
    ids: NDArray[Any] | None = None,
    **columns: Array,
) -> None:
    """Raise an error (DataError) unless `ok` everywhere, an array of any shape with a truth value per row.

    Its message shows the rule ("0 <= t_x <= T must hold"), the first rows by their `ids` with the values of the
    `columns` there, and the remedy: what the user can do about it.
    """
    if ok.all():
        return
    broken = np.flatnonzero(~ok.ravel())
    shown = "; ".join(_row(int(i), ids, columns, ok.shape) for i in broken[:3])
    raise error(f"{rule}; broken in {len(broken)} of {ok.size} rows, first: {shown}. {remedy}")


def _row(i: int, ids: NDArray[Any] | None, columns: Mapping[str, Array], shape: tuple[int, ...]) -> str:
    values = ", ".join(
        f"{name}={np.broadcast_to(column, shape).ravel()[i].item()!r}" for name, column in columns.items()
    )
    who = f"row {i}" if ids is None else f"customer {ids[i].item() if hasattr(ids[i], 'item') else ids[i]!r}"
    return f"{who} ({values})" if values else who


def days_since_epoch(value: dt.date | np.datetime64 | str) -> float:
    """Days from 1970-01-01 to a date, a datetime (its time of day as a fraction) or an ISO string.

    A datetime with a time zone is taken at its own local clock, as a customer would date the purchase.

    >>> days_since_epoch("1970-01-02T12:00")
    1.5
    """
    if value != value:  # noqa: PLR0124 (NaT, NumPy's and pandas', is the only date unequal to itself)
        raise DataError("a date is missing (NaT); give every date a value or leave the row out")
    if isinstance(value, str):
        try:
            value = iso_moment(value)
        except ValueError:
            raise DataError(f"{value!r} is not an ISO date such as '2024-01-31'") from None
    if isinstance(value, dt.datetime):
        value = value.replace(tzinfo=None)
    moment = value.astype("datetime64[us]") if isinstance(value, np.datetime64) else np.datetime64(value, "us")
    return float((moment - np.datetime64("1970-01-01", "us")) / DAY)


def iso_moment(text: str) -> dt.datetime:
    """Read '2024-01-31' or '2024-01-31T12:30'; any other is a ValueError, as '20240131' may be a number."""
    if _ISO.match(text) is None:
        raise ValueError(text)
    return dt.datetime.fromisoformat(text)


def is_dated(value: object) -> bool:
    """Whether a time is a calendar date (True) or a number of years from now (False)."""
    return isinstance(value, (dt.date, np.datetime64, str))


def moments(name: str, values: Iterable[Any]) -> tuple[Array, bool]:
    """Times as numbers, and whether they are dates: days since 1970-01-01 if so, else years from now; never both."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        check_rows(~np.isnat(values), f"{name} must be present, not NaT", "Leave those rows out.")
        return (values - np.datetime64("1970-01-01")) / DAY, True
    if isinstance(values, np.ndarray) and values.dtype.kind in "iuf":
        return _finite(name, values), False
    items = list(values)
    dated = [is_dated(item) for item in items]
    if any(dated) and not all(dated):
        first = items[dated.index(not dated[0])]
        raise DataError(
            f"{name} mixes dates and years from now: the first is {items[0]!r}, but another is {first!r}. "
            "Use one of the two throughout."
        )
    if items and all(dated):
        return np.array([days_since_epoch(item) for item in items], dtype=np.float64), True
    return _finite(name, items), False


def _finite(name: str, values: ArrayLike) -> Array:
    times = numbers(name, values)
    check_rows(np.isfinite(times), f"{name} must be finite", "Leave the row out.", **{name: times})
    return times
