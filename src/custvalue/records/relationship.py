"""Relationship: with whom, from when to when, the cash flows it brought, and what it is like."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from types import MappingProxyType
from typing import ClassVar, Final, Literal, TypeAlias

from attrs import field, frozen
from attrs.validators import optional

from custvalue._columns import moments
from custvalue.errors import DataError
from custvalue.records.cash_flow import CashFlow
from custvalue.records.record import Record, named, tuple_of
from custvalue.records.time import Moment, as_moment, as_optional_moment
from custvalue.records.trait import Trait

PARTIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "customer": "who buys, or might",
        "supplier": "who sells to the firm",
        "employee": "who works for the firm, or might: the recruitment and internal markets",
        "channel partner": "who sells the firm's goods on, or together with it",
        "referral source": "who recommends the firm: customers, professionals, agencies",
        "media": "who influences what others think of the firm: journalists, analysts, influencers",
        "government": "who regulates, taxes or subsidizes the firm",
        "investor": "who owns the firm or lends to it",
    }
)
"""Well-known kinds of party, after the markets of Christopher, Payne & Ballantyne (1991; as cited, from memory)."""

Valence: TypeAlias = Literal["positive", "negative"]

_VALENCES: Final = ("positive", "negative", None)
_TYPES: Final = ("best friends", "fleeting acquaintances")


def _as_cash_flows(flows: Iterable[CashFlow]) -> tuple[CashFlow, ...]:
    return tuple_of(CashFlow, "cash_flows", flows)


def _as_contractual(value: bool | None) -> bool | None:
    return None if value is None else bool(value)


def _as_valence(value: str | None) -> Valence | None:
    for known in _VALENCES:
        if value == known:
            return known
    raise DataError(f"valence must be 'positive', 'negative' or None (not known); got {value!r}")


def _as_traits(traits: Iterable[Trait]) -> tuple[Trait, ...]:
    members = tuple_of(Trait, "traits", traits)
    names = [trait.name for trait in members]
    if len(set(names)) < len(names):
        raise DataError(f"a relationship has each trait once; got {', '.join(names)}. Keep the latest measurement.")
    return members


@frozen
class Relationship(Record):
    """One relationship: its start, its end (None: it still runs), its cash flows, and what it is like.

    Parameters
    ----------
    id : hashable
        The relationship's name, such as a contract number or "shop".
    start, end : date, datetime, numpy.datetime64, ISO string or float
        Calendar dates, or years from now (a start in the past is negative); start <= end.
    cash_flows : iterable of CashFlow
        Kept as a tuple, in the order given. They may lie before the start (what winning the customer
        cost) or after the end (a late refund).
    party : str
        What the other side is to the firm: `PARTIES` lists well-known kinds, any other name is fine.
    contractual : bool, optional
        Whether its end is seen (a contract, a subscription) or silent; None where that is not known.
    valence : {"positive", "negative"}, optional
        Whether the party sees the relationship as good or bad, which is another thing than its profit.
    type : str, optional
        What the relationship is like to the party, in the user's vocabulary, such as "best friends" or "fleeting
        acquaintances" (Avery, Fournier & Wittenbraker 2014 name 29).
    traits : iterable of Trait
        What was measured of it: satisfaction, trust, ...; each once.

    Raises
    ------
    DataError
        The end is before the start; the start, the end and the cash flows mix calendar dates with years from
        now; the valence is none of its values; or a trait is there twice.

    Examples
    --------
    >>> shop = Relationship("shop", start="2024-01-05", cash_flows=[CashFlow(30.0, "2024-01-05")])
    >>> shop.start, shop.end, len(shop.cash_flows)
    (datetime.date(2024, 1, 5), None, 1)
    >>> steel = Relationship(
    ...     "steel", "2020-03-01", party="supplier", contractual=True, traits=[Trait("trust", 6, low=1, high=7)]
    ... )
    >>> round(steel.trait("trust").normalized, 3)
    0.833
    """

    _inside: ClassVar[Mapping[str, type[Record]]] = {"cash_flows": CashFlow, "traits": Trait}

    id: Hashable
    start: Moment = field(converter=as_moment)
    end: Moment | None = field(default=None, converter=as_optional_moment)
    cash_flows: tuple[CashFlow, ...] = field(default=(), converter=_as_cash_flows)
    party: str = field(default="customer", kw_only=True, validator=named("party", PARTIES))
    contractual: bool | None = field(default=None, kw_only=True, converter=_as_contractual)
    valence: Valence | None = field(default=None, kw_only=True, converter=_as_valence)
    type: str | None = field(default=None, kw_only=True, validator=optional(named("type", _TYPES)))
    traits: tuple[Trait, ...] = field(default=(), kw_only=True, converter=_as_traits)

    def __attrs_post_init__(self) -> None:
        times, _ = moments(f"relationship {self.id!r}", self._moments())
        if self.end is not None and times[1] < times[0]:
            raise DataError(
                f"start <= end must hold; broken in relationship {self.id!r} "
                f"(start={self.start}, end={self.end}). end=None means that it still runs."
            )

    def trait(self, name: str) -> Trait | None:
        """The trait of that name, None where it was not measured."""
        return next((trait for trait in self.traits if trait.name == name), None)

    def _moments(self) -> list[Moment]:
        """Start, end if there is one, and the times of the cash flows."""
        end = [] if self.end is None else [self.end]
        return [self.start, *end, *(flow.when for flow in self.cash_flows)]
