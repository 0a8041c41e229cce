"""The ledger: a published number, the number that this library computes, and whether they agree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from importlib import import_module
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from attrs import evolve, frozen

from custvalue._typing import NDArray
from custvalue.errors import ParameterError

Mark: TypeAlias = Literal["documented", "memory", "reconstructed", "reference"]
"""How a published number is known.

``documented``: read in a stored source; ``memory``: as cited, not checked against the publication; ``reconstructed``:
from inputs that are in part our own; ``reference``: no publication prints it, it was computed independently of this
library (another package, or arithmetic of many digits).
"""

AREAS: Final[Mapping[str, str]] = {
    "harvard": "headline lifetime values, and what is left of them as profit",
    "formulas": "closed forms of customer value, and migration between states",
    "buying": "models of customers who buy and silently leave",
    "contracts": "retention models, and survival without a model",
    "churn": "acting on churn scores",
    "corporate": "the firm valued from its customers",
    "discounting": "spreadsheets' documented examples, annuities and yield curves",
}
"""The areas of the ledger, in its order; each is the module of that name."""


@frozen
class Reproduction:
    """One number, published and computed.

    Attributes
    ----------
    area, source : str
        Where it belongs, and who published it: author, year, table.
    quantity : str
        What it is.
    published : str
        As printed: its digits say how exact it is.
    computed : float
        By this library's public functions.
    mark : {"documented", "memory", "reconstructed", "reference"}
        How the published number is known.
    note : str
        Why they differ, where they do.
    """

    area: str
    source: str
    quantity: str
    published: str
    computed: float
    mark: Mark
    note: str = ""

    @property
    def difference(self) -> float:
        """Computed less published."""
        return self.computed - float(self.published)

    @property
    def tolerance(self) -> float:
        """Half a unit of the last digit printed."""
        exponent = Decimal(self.published).as_tuple().exponent
        return 0.5 * 10.0 ** int(exponent) * (1 + 1e-9)

    @property
    def agrees(self) -> bool:
        """Whether the computed number rounds to the published one."""
        return bool(abs(self.difference) <= self.tolerance)

    @property
    def verdict(self) -> str:
        """'agrees', or 'differs'."""
        return "agrees" if self.agrees else "differs"


@frozen
class Ledger:
    """Published numbers and their recomputation, row by row."""

    rows: tuple[Reproduction, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Reproduction]:
        return iter(self.rows)

    @property
    def differing(self) -> tuple[Reproduction, ...]:
        """The rows whose computed number does not round to the published one; each has a note that says why."""
        return tuple(row for row in self.rows if not row.agrees)

    def table(self) -> dict[str, NDArray[Any]]:
        """The ledger as columns, which any dataframe library takes."""
        names = ("area", "source", "quantity", "published", "computed", "difference", "verdict", "mark", "note")
        return {name: np.array([getattr(row, name) for row in self.rows]) for name in names}

    def __repr__(self) -> str:
        differing = len(self.differing)
        return f"Ledger of {len(self):,} published numbers: {len(self) - differing:,} agree, {differing:,} differ"


def run(area: str | None = None) -> Ledger:
    """Recompute the published numbers that this library can compute, of one area or of all.

    Parameters
    ----------
    area : str, optional
        One of `AREAS`; all of them by default.

    Raises
    ------
    ParameterError
        There is no such area.
    """
    if area is not None and area not in AREAS:
        raise ParameterError(f"area must be one of {', '.join(map(repr, AREAS))}; got {area!r}")
    names = AREAS if area is None else (area,)
    return Ledger(tuple(row for name in names for row in import_module(f"custvalue.reproductions.{name}").entries()))


def rows(
    area: str,
    source: str,
    mark: Mark,
    printed: Mapping[str, str],
    computed: Mapping[str, Any] | Sequence[Any] | NDArray[np.float64] | float,
    note: str = "",
) -> Iterable[Reproduction]:
    """Rows of one source: what is printed, by quantity, and what is computed, in the same order.

    The note stands beside those that differ.
    """
    values = (
        computed.values() if isinstance(computed, Mapping) else np.atleast_1d(np.asarray(computed)).ravel().tolist()
    )
    for (quantity, text), value in zip(printed.items(), values, strict=True):
        row = Reproduction(area, source, quantity, text, float(value), mark)
        yield row if row.agrees else evolve(row, note=note)
