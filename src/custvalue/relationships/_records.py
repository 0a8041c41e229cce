"""Records of relationships as columns, and back: what each field becomes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from attrs import frozen

from custvalue._columns import days_since_epoch, is_dated
from custvalue._typing import Array
from custvalue.errors import DataError
from custvalue.records.cash_flow import CashFlow, CashFlows
from custvalue.records.customer import Customer
from custvalue.records.relationship import Relationship
from custvalue.records.trait import Trait


@frozen(eq=False)
class Measured:
    """One trait of many relationships: values on scales from low to high, NaN where it was not measured."""

    value: Array
    low: Array
    high: Array

    @property
    def normalized(self) -> Array:
        """Places on the scale, 0 at low and 1 at high; NaN where it was not measured."""
        return (self.value - self.low) / (self.high - self.low)


def members_of(records: Iterable[Relationship | Customer]) -> list[Relationship]:
    """The relationships of records, those of customers in their order."""
    if not isinstance(records, Iterable):
        raise DataError(f"relationships must be records or a Relationships; got a {type(records).__name__}")
    members: list[Relationship] = []
    for item in records:
        if isinstance(item, Customer):
            members += item.relationships
        elif isinstance(item, Relationship):
            members.append(item)
        else:
            raise DataError(
                f"relationships must be Relationship or Customer objects; got {item!r}. Read a table with "
                "Relationships.from_table."
            )
    return members


def measured(traits: list[Trait | None]) -> Measured:
    """One trait of each relationship, None where it was not measured."""
    rows = [(np.nan, 0.0, 1.0) if t is None else (t.value, t.low, t.high) for t in traits]
    value, low, high = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    return Measured(value, low, high)


def number_of(moment: Any) -> float:  # noqa: ANN401 (a date, a float or None)
    """Days since 1970-01-01 of a date, years from now as they are, NaN for none."""
    if moment is None:
        return np.nan
    return days_since_epoch(moment) if is_dated(moment) else float(moment)


def check_same(flows: CashFlows, dated: bool) -> None:
    """Raise DataError unless relationships and cash flows have dates both, or neither."""
    if len(flows) and flows.dated is not dated:
        raise DataError("relationships and cash flows must all have dates, or all be in years from now")


def flow_records(flows: CashFlows) -> list[CashFlow]:
    """Cash flows as records, in their order."""
    kinds = ["purchase"] * len(flows) if flows.kinds is None else flows.kinds.tolist()
    whens = [_moment(when) for when in flows.when]
    return [CashFlow(*parts) for parts in zip(flows.amounts.tolist(), whens, kinds, strict=True)]


def _moment(when: Any) -> Any:  # noqa: ANN401 (a datetime64 or a number)
    """A day where it is midnight, else the time as it is."""
    if not isinstance(when, np.datetime64):
        return float(when)
    day = when.astype("datetime64[D]")
    return day.item() if day == when else when
