"""When the first of equally spaced payments falls; and whether what is said of them has fitting shapes."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import numpy as np

from custvalue._typing import Array
from custvalue.errors import ParameterError

Due: TypeAlias = Literal["now", "next", "middle"]
"""When the first payment falls: now, one period from now, half a period from now."""

_OFFSETS: Final = {"now": 0.0, "next": 1.0, "middle": 0.5}


def due_offset(due: str) -> float:
    """Periods from now to the first payment; ParameterError for any other name."""
    if due in _OFFSETS:
        return _OFFSETS[due]
    raise ParameterError(
        f"due must be 'now' (first payment now), 'next' (one period from now) or 'middle' (half a period); got {due!r}"
    )


def check_broadcast(**columns: Array) -> None:
    """Raise ParameterError unless the arrays broadcast against each other."""
    try:
        np.broadcast_shapes(*(column.shape for column in columns.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {column.shape}" for name, column in columns.items() if column.shape)
        raise ParameterError(
            f"arguments must be one number for all, or arrays that broadcast; got shapes {shapes}. "
            "A value per customer has shape (n,), a scenario (k, 1)."
        ) from None
