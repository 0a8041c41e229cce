"""CashFlow, one payment to or from a party; and CashFlows, many of them as columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, Protocol, Self, TypeAlias

import numpy as np
from attrs import field, frozen

from custvalue._columns import check_rows, common_shape, moments, numbers, read_only, same
from custvalue._typing import Array, ArrayLike, NDArray
from custvalue.errors import DataError
from custvalue.records.record import Record, finite, named, tuple_of
from custvalue.records.time import Moment, MomentLike, as_moment, as_ticks

KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "purchase": "the customer buys",
        "refund": "money back to the customer",
        "acquisition": "cost of winning the customer",
        "retention": "cost of keeping the customer",
        "marketing": "advertising, mailings, discounts",
        "sales force": "visits and calls",
        "service": "support, delivery, warranty",
        "cost to serve": "everything that serving costs, in one sum",
        "revenue": "fees, subscriptions, other income that is no purchase",
        "referral": "value or cost of bringing in others",
    }
)
"""Well-known kinds of cash flow with their meaning. Any other name may be used as well."""

TimesLike: TypeAlias = ArrayLike | MomentLike | Sequence[MomentLike]
"""What becomes a column of times: dates or years from now, one or many."""

_check_kind = named("kind", KINDS)


def _as_amount(value: float) -> float:
    return finite("amount", value)


@frozen
class CashFlow(Record):
    """One amount at one time: positive when money comes in, negative when it goes out.

    Parameters
    ----------
    amount : float
        In any one currency; finite. Inflows are positive, costs and refunds to a customer negative.
    when : date, datetime, numpy.datetime64, ISO string or float
        A calendar date, or years from now (negative: ago). Kept as a date, a datetime or a float.
    kind : str
        What it is for; `KINDS` lists the well-known names, any other that is not empty is fine.

    Raises
    ------
    DataError
        The amount is not one finite number, the time is missing or unreadable, the kind is empty.

    Examples
    --------
    >>> CashFlow(30.0, "2024-01-05")
    CashFlow(amount=30.0, when=datetime.date(2024, 1, 5), kind='purchase')
    >>> CashFlow(-12, 0.5, "cost to serve")
    CashFlow(amount=-12.0, when=0.5, kind='cost to serve')
    """

    amount: float = field(converter=_as_amount)
    when: Moment = field(converter=as_moment)
    kind: str = field(default="purchase", validator=_check_kind)


def _amounts(values: ArrayLike) -> Array:
    amounts = numbers("amounts", values)
    check_rows(np.isfinite(amounts), "amounts must be finite", "Leave the flows out.", amount=amounts)
    return np.array(amounts, ndmin=1)


def _when(values: TimesLike) -> NDArray[Any]:
    """Return a column of datetime64 or of float64; a single time is a column of one."""
    items: Any = np.asarray(values) if hasattr(values, "__array__") else values
    if np.ndim(items) == 0:
        items = [items] if not isinstance(items, np.ndarray) else items.reshape(1)
    times, dated = moments("when", items)
    if not dated:
        return times.copy()
    if isinstance(items, np.ndarray) and items.dtype.kind == "M":
        return items.copy()
    return as_ticks(times)


def _kinds(values: ArrayLike | None) -> NDArray[np.str_] | None:
    if values is None:
        return None
    kinds = np.array(values, ndmin=1)
    if kinds.dtype.kind != "U":
        for kind in kinds.ravel():
            _check_kind(None, None, kind)
        return kinds.astype(np.str_)
    if (kinds == "").any():
        raise DataError("kinds must be names that are not empty")
    return kinds


@frozen(slots=False, repr=False)
class CashFlows:
    """Many cash flows as columns: amounts, when they fall, and optionally of what kind.

    Parameters
    ----------
    amounts : array_like, shape (n,)
        Finite; inflows positive.
    when : array_like, shape (n,)
        Dates (any of the forms of `CashFlow`, or a datetime64 array), or years from now; one of the two
        throughout. A single amount, time or kind stands for all.
    kinds : array_like of str, shape (n,), optional
        One name per flow, or a single name for all.

    Attributes
    ----------
    amounts : array of float64
    when : array of datetime64 where dated, of float64 (years from now) otherwise
    kinds : array of str or None
    dated : bool
        Whether the flows have calendar dates.
    times : array of float64
        Days since 1970-01-01 where dated, years from now otherwise.

    Raises
    ------
    DataError
        Dates and years from now are mixed, an amount or a time is missing, or the lengths differ.

    Notes
    -----
    The columns are read-only, in the order given; no order of time is required.

    Examples
    --------
    >>> flows = CashFlows([-100, 60, 60], [0, 1, 2], ["acquisition", "purchase", "purchase"])
    >>> flows
    3 cash flows from 0 to 2 years from now, total 20
    >>> flows.of_kind("purchase").amounts
    array([60., 60.])
    """

    amounts: Array = field(converter=_amounts, eq=same)
    when: NDArray[Any] = field(converter=_when, eq=same)
    kinds: NDArray[np.str_] | None = field(default=None, converter=_kinds, eq=same)

    def __attrs_post_init__(self) -> None:
        columns = {"amounts": self.amounts, "when": self.when}
        if self.kinds is not None:
            columns["kinds"] = self.kinds
        rule = "amounts, when and kinds must have one value per flow"
        shape = common_shape(rule, "A single one stands for all.", **columns)
        if len(shape) != 1:
            raise DataError(f"cash flows must be one column, shape (n,); got shape {shape}")
        for name, column in columns.items():
            object.__setattr__(self, name, read_only(np.broadcast_to(column, shape)))

    @classmethod
    def from_records(cls, records: Iterable[CashFlow]) -> Self:
        """Turn `CashFlow` records into columns, in their order.

        Raises
        ------
        DataError
            Some are dated and some in years from now, or an item is not a `CashFlow`.
        """
        flows = tuple_of(CashFlow, "cash flows", records)
        return cls([f.amount for f in flows], [f.when for f in flows], [f.kind for f in flows])

    def of_kind(self, *kinds: str) -> CashFlows:
        """Select the flows of these kinds; none is not an error.

        Raises
        ------
        DataError
            The flows were made without kinds.
        """
        if self.kinds is None:
            raise DataError("these cash flows have no kinds; give kinds= when making them")
        return self[np.isin(self.kinds, kinds)]

    @property
    def dated(self) -> bool:
        """Whether the flows have calendar dates (no flows: False)."""
        return self.when.dtype.kind == "M"

    @cached_property
    def times(self) -> Array:
        """Days since 1970-01-01 where dated, years from now otherwise."""
        times, _ = moments("when", self.when)
        return read_only(times)

    def __len__(self) -> int:
        return len(self.amounts)

    def __getitem__(self, rows: Any) -> CashFlows:  # noqa: ANN401 (whatever NumPy takes)
        """Select some of the flows: by a boolean mask, a slice or positions, as for an array."""
        return CashFlows(self.amounts[rows], self.when[rows], None if self.kinds is None else self.kinds[rows])

    def __repr__(self) -> str:
        count = f"{len(self):,} cash flow{'' if len(self) == 1 else 's'}"
        if not len(self):
            return count
        first, last = self.when.min(), self.when.max()
        if self.dated:
            span = f"{first.astype('datetime64[D]')} to {last.astype('datetime64[D]')}"
        else:
            span = f"{first:.6g} to {last:.6g} years from now"
        return f"{count} from {span}, total {self.amounts.sum():.6g}"


class HasCashFlows(Protocol):
    """A `Relationship`, a `Customer`: whatever has cash flows."""

    @property
    def cash_flows(self) -> tuple[CashFlow, ...]:
        """Its cash flows."""
        ...


def as_cash_flows(flows: CashFlows | HasCashFlows | Iterable[CashFlow]) -> CashFlows:
    """Turn cash flows in any form into columns: `CashFlows`, a customer, a relationship, or `CashFlow`s."""
    if isinstance(flows, CashFlows):
        return flows
    records: Any = getattr(flows, "cash_flows", flows)
    return CashFlows.from_records(records)
