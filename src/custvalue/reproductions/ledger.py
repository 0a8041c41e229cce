"""The ledger: a published number, the number that this library computes, and whether they agree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from importlib import import_module
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from attrs import evolve, frozen

from custvalue._arguments import one_of
from custvalue._typing import NDArray

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
    source : str
        Who published it: author, year, table.
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
    area : str
        Where it belongs, as `run` knows it.
    """

    source: str
    quantity: str
    published: str
    computed: float
    mark: Mark
    note: str = ""
    area: str = ""

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
    names = AREAS if area is None else (one_of("area", area, AREAS),)
    modules = {name: import_module(f"custvalue.reproductions.{name}") for name in names}
    return Ledger(tuple(evolve(row, area=name) for name, module in modules.items() for row in module.entries()))


def rows(
    source: str,
    mark: Mark,
    printed: Mapping[str, str],
    computed: Sequence[Any] | NDArray[np.float64] | float,
    note: str = "",
) -> Iterator[Reproduction]:
    """Rows of one source: what is printed, by quantity, and what is computed, in the same order.

    The note stands beside those that differ.
    """
    values = np.asarray(computed, dtype=np.float64).ravel().tolist()
    for (quantity, text), value in zip(printed.items(), values, strict=True):
        row = Reproduction(source, quantity, text, value, mark)
        yield row if row.agrees else evolve(row, note=note)


def labelled(quantity: str, keys: str | Iterable[object], printed: str) -> dict[str, str]:
    """What is printed, by quantity: `quantity` with each of the keys ("alpha, beta", or anything) in place of {}.

    >>> labelled("sBG, {}", "alpha, beta", "0.668 3.806")
    {'sBG, alpha': '0.668', 'sBG, beta': '3.806'}
    """
    names = keys.split(", ") if isinstance(keys, str) else keys
    return {quantity.format(key): text for key, text in zip(names, printed.split(), strict=True)}
