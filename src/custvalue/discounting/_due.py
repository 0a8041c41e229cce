"""When the first of equally spaced payments falls."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

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
