"""Tables that summarize customers, of any library: which column is x, t_x, T, n, m, weights or the customers' ids."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import numpy as np

from custvalue._typing import NDArray
from custvalue.errors import DataError
from custvalue.evidence.logs.columns import column_values
from custvalue.evidence.logs.kinds import library_of
from custvalue.evidence.logs.reading import column_names, read_columns

IDS: Final = ("customer_id", "id", "ID", "cust", "customer")
RFM_NAMES: Final = {
    "x": ("x", "frequency"),
    "t_x": ("t_x", "t.x", "recency"),
    "T": ("T", "T.cal"),
    "m": ("m", "zbar", "m_x", "m.x", "monetary_value"),
    "log_interpurchase": ("log_interpurchase", "litt"),
    "weights": ("weights",),
    "ids": IDS,
}
"""Names that a column goes by: the papers', BTYD's, lifetimes' and pymc-marketing's."""
OPPORTUNITY_NAMES: Final = {
    "x": ("x", "frequency"),
    "t_x": ("t_x", "t.x", "recency"),
    "n": ("n", "n.cal", "periods", "n_periods"),
    "weights": ("weights", "custs", "count"),
    "ids": IDS,
}


def read_table(
    table: Any,  # noqa: ANN401 (any dataframe)
    given: Mapping[str, str | None],
    names: Mapping[str, tuple[str, ...]],
) -> dict[str, Any]:
    """Find the columns of a table and read them; `given` names those that are not to be guessed.

    The first three of `names` must be there.
    """
    wanted = found_names(column_names(table), given, names, list(names)[:3])
    columns = dict(zip(wanted, read_columns(table, list(wanted.values())), strict=True))
    read: dict[str, Any] = {part: column_values(column) for part, column in columns.items()}
    return {"ids": index_values(table), **read}


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


def index_values(table: Any) -> NDArray[Any] | None:  # noqa: ANN401 (any dataframe)
    """A pandas index that names customers."""
    index = getattr(table, "index", None)
    if library_of(table) != "pandas" or index is None or type(index).__name__ == "RangeIndex":
        return None
    values = np.asarray(index)
    return np.array(values.tolist()) if values.dtype.kind == "O" and values.ndim == 1 else values
