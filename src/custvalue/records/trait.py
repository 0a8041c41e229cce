"""Trait: something measured of a relationship, such as satisfaction, on a scale that is declared."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from attrs import field, frozen

from custvalue.errors import DataError
from custvalue.records.record import Record, finite, named

TRAITS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "satisfaction": "how content the party is with what it gets",
        "trust": "whether it believes in the firm's honesty and competence",
        "commitment": "whether it wants the relationship to last",
        "breadth": "ties between the two: products held, people who know each other, channels used",
        "share of wallet": "the firm's share of what the party spends on such things",
    }
)
"""Well-known traits with their meaning. Any other name may be used as well."""


_NUMBERS: Final = {
    "value": "a trait's value",
    "low": "low, a scale's lowest value",
    "high": "high, a scale's highest value",
}


@frozen
class Trait(Record):
    """One measured trait of a relationship: its value on a scale from low to high.

    Parameters
    ----------
    name : str
        What is measured; `TRAITS` lists well-known names, any other that is not empty is fine.
    value : float
        From low to high.
    low, high : float
        The ends of the scale, such as 1 and 5 of a questionnaire, or 0 and 1 of a share; low < high.

    Raises
    ------
    DataError
        The value is missing or off the scale, or low < high does not hold.

    Examples
    --------
    >>> Trait("satisfaction", 4, low=1, high=5).normalized
    0.75
    """

    name: str = field(validator=named("a trait's name", TRAITS))
    value: float = field()
    low: float = field(kw_only=True)
    high: float = field(kw_only=True)

    def __attrs_post_init__(self) -> None:
        for name, what in _NUMBERS.items():
            object.__setattr__(self, name, finite(what, getattr(self, name)))
        if not self.low < self.high:
            raise DataError(f"low < high must hold; broken in trait {self.name!r} (low={self.low}, high={self.high})")
        if not self.low <= self.value <= self.high:
            raise DataError(
                f"low <= value <= high must hold; broken in trait {self.name!r} (value={self.value}, low={self.low}, "
                f"high={self.high}). Correct the value, or declare the scale it was measured on."
            )

    @property
    def normalized(self) -> float:
        """The value's place on the scale: 0 at low, 1 at high."""
        return (self.value - self.low) / (self.high - self.low)
