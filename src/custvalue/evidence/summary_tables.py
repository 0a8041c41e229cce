"""A summary table of any library: which of its columns are x, t_x, T, m, log_interpurchase and the customers' ids."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import numpy as np

from custvalue._typing import NDArray
from custvalue.errors import DataError
from custvalue.evidence.logs.columns import Column
from custvalue.evidence.logs.reading import column_names, read_columns

NAMES: Final = {
    "x": ("x", "frequency"),
    "t_x": ("t_x", "t.x", "recency"),
    "T": ("T", "T.cal"),
    "m": ("m", "zbar", "m_x", "m.x", "monetary_value"),
    "log_interpurchase": ("log_interpurchase", "litt"),
    "ids": ("customer_id", "id", "ID", "cust", "customer"),
}
"""Names that a column goes by: the papers', BTYD's, lifetimes' and pymc-marketing's."""


def read_table(
    table: Any,  # noqa: ANN401 (any dataframe)
    given: Mapping[str, str | None],
    names: Mapping[str, tuple[str, ...]] = NAMES,
    needed: tuple[str, ...] = ("x", "t_x", "T"),
) -> dict[str, Any]:
    """Find the columns of a table and read them; `given` names those that are not to be guessed."""
    wanted = found_names(column_names(table), given, names, needed)
    columns = dict(zip(wanted, read_columns(table, list(wanted.values())), strict=True))
    read: dict[str, Any] = {part: column_values(column) for part, column in columns.items()}
    if "ids" not in read:
        read["ids"] = index_values(table)
    return read


def found_names(
    present: Sequence[str],
    given: Mapping[str, str | None],
    names: Mapping[str, tuple[str, ...]],
    needed: Collection[str],
) -> dict[str, str]:
    """The column for each part of `names` that there is one for: the one given, or the one with a known name."""
    found = {part: given.get(part) or _guess(part, present, names[part]) for part in names}
    for part in needed:
        if found[part] is None:
            raise DataError(
                f"the table has no column for {part} (known names: {', '.join(names[part])}); it has "
                f"{', '.join(map(repr, present))}. Name it: from_table(..., {part}='...')."
            )
    return {part: name for part, name in found.items() if name is not None}


def _guess(part: str, present: Sequence[str], names: tuple[str, ...]) -> str | None:
    known = [name for name in names if name in present]
    if len(known) > 1:
        argument = "customer" if part == "ids" else part
        raise DataError(
            f"the table has {' and '.join(map(repr, known))}, and both can be {part}. "
            f"Name the one that is meant: from_table(..., {argument}='{known[0]}')."
        )
    return known[0] if known else None


def column_values(column: Column) -> NDArray[Any]:
    """A column in its own order; missing numbers are NaN, missing objects None."""
    if column.codes is not None:
        items = column.values.tolist()
        plain = np.array([*items, None], dtype=object) if column.absent.any() else np.array(items)
        return np.asarray(plain[column.codes])
    if column.missing is None:
        return column.values
    return np.where(column.missing, np.nan, column.values)


def index_values(table: Any) -> NDArray[Any] | None:  # noqa: ANN401 (any dataframe)
    """A pandas index that names customers."""
    index = getattr(table, "index", None)
    if not type(table).__module__.startswith("pandas") or index is None or type(index).__name__ == "RangeIndex":
        return None
    values = np.asarray(index)
    return np.array(values.tolist()) if values.dtype.kind == "O" and values.ndim == 1 else values
