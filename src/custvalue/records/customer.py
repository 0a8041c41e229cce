"""Customer: a person or firm with all their relationships."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import ClassVar

import numpy as np
from attrs import field, frozen

from custvalue._columns import moments
from custvalue.records.cash_flow import CashFlow
from custvalue.records.record import Record, tuple_of
from custvalue.records.relationship import Relationship


def _as_relationships(relationships: Iterable[Relationship]) -> tuple[Relationship, ...]:
    return tuple_of(Relationship, "relationships", relationships)


@frozen
class Customer(Record):
    """A customer with all their relationships: shops, contracts, accounts.

    Parameters
    ----------
    id : hashable
        The customer's name.
    relationships : iterable of Relationship
        Kept as a tuple, in the order given.

    Raises
    ------
    DataError
        Some relationships have calendar dates and others years from now.

    Examples
    --------
    >>> shop = Relationship("shop", "2024-01-05", cash_flows=[CashFlow(30.0, "2024-08-02")])
    >>> web = Relationship("web", "2024-03-01", cash_flows=[CashFlow(45.0, "2024-03-01")])
    >>> [flow.amount for flow in Customer("ann", [shop, web]).cash_flows]
    [45.0, 30.0]
    """

    _inside: ClassVar[Mapping[str, type[Record]]] = {"relationships": Relationship}

    id: Hashable
    relationships: tuple[Relationship, ...] = field(default=(), converter=_as_relationships)

    def __attrs_post_init__(self) -> None:
        starts = [relationship.start for relationship in self.relationships]
        moments(f"the relationships of customer {self.id!r}", starts)

    @property
    def cash_flows(self) -> tuple[CashFlow, ...]:
        """The cash flows of all relationships in order of time: the 360-degree view.

        Flows at one time keep the order of the relationships.
        """
        flows = [flow for relationship in self.relationships for flow in relationship.cash_flows]
        times, _ = moments("cash flows", [flow.when for flow in flows])
        return tuple(flows[i] for i in np.argsort(times, kind="stable"))
