"""CashFlowBatch: the cash flows of many, each a series of its own length, in one set of columns."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from itertools import accumulate
from typing import Any, Literal, Self

import numpy as np
from attrs import field, frozen

from custvalue._columns import read_only, same
from custvalue._typing import ArrayLike, Ints, NDArray
from custvalue.discounting.timing import first_payment
from custvalue.errors import DataError
from custvalue.numerics.ragged import to_offsets
from custvalue.records.cash_flow import CashFlow, CashFlows, HasCashFlows, as_cash_flows
from custvalue.records.customer import Customer
from custvalue.records.record import tuple_of
from custvalue.units import Unit, as_unit, per_year


def as_offsets(values: ArrayLike, n: int | None = None) -> Ints:
    """Return where series begin, and the end; DataError unless they rise from 0 to n."""
    offsets = np.asarray(values)
    if offsets.ndim != 1 or not len(offsets) or offsets.dtype.kind not in "iu":
        raise DataError("offsets must be whole numbers, shape (n + 1,): where each series begins, and the end")
    offsets = offsets.astype(np.intp)
    rising = bool((offsets[1:] >= offsets[:-1]).all())
    if offsets[0] != 0 or not rising or n not in {None, int(offsets[-1])}:
        raise DataError(
            f"offsets must rise from 0 to the number of flows{'' if n is None else f', {n}'}; got {offsets[0]} to "
            f"{offsets[-1]}{'' if rising else ', not rising'}. "
            "From the lengths of the series they are np.append(0, np.cumsum(lengths))."
        )
    return read_only(offsets)


def _ids(values: ArrayLike | Sequence[Hashable] | None) -> NDArray[Any] | None:
    if values is None or isinstance(values, np.ndarray):
        return values
    items: Any = list(values)  # type: ignore[arg-type]
    return read_only(np.fromiter(items, dtype=object, count=len(items)))


@frozen(repr=False)
class CashFlowBatch:
    """Cash flows of many series (customers, contracts, projects), each of its own length.

    Parameters
    ----------
    flows : CashFlows
        The flows of all series, one series after another: dated throughout, or in years from now.
    offsets : array_like of int, shape (n + 1,)
        Series i is `flows[offsets[i]:offsets[i + 1]]`; the first is 0, the last the number of flows. A
        series may be empty.
    ids : array_like, shape (n,), optional
        Names of the series, used in messages and in tables.

    Raises
    ------
    DataError
        The offsets do not rise from 0 to the number of flows, or there are not as many ids as series.

    See Also
    --------
    CashFlowBatch.grouped : from one column of keys, as in a table
    CashFlowBatch.periodic : from amounts alone, equally spaced
    CashFlowBatch.from_customers : from records

    Examples
    --------
    >>> batch = CashFlowBatch(CashFlows([-100, 60, 60, -50, 80], [0, 1, 2, 0, 1]), [0, 3, 5], ["ann", "bob"])
    >>> batch
    2 series of 5 cash flows from 0 to 2 years from now, total 50
    >>> batch[1].amounts
    array([-50.,  80.])
    """

    flows: CashFlows = field(converter=as_cash_flows)
    offsets: Ints = field(converter=as_offsets, eq=same)
    ids: NDArray[Any] | None = field(default=None, converter=_ids, eq=same)

    def __attrs_post_init__(self) -> None:
        as_offsets(self.offsets, len(self.flows))
        if self.ids is not None and self.ids.shape != (len(self),):
            raise DataError(f"ids must be one per series, shape ({len(self)},); got shape {self.ids.shape}")

    @classmethod
    def grouped(cls, flows: CashFlows, by: ArrayLike) -> Self:
        """Gather the flows that have the same key: one series per key, in the order of the keys.

        Parameters
        ----------
        flows : CashFlows
            In any order; within a series the order is kept.
        by : array_like, shape (n flows,)
            The key of each flow: a customer's id, a month, a kind.

        Examples
        --------
        >>> batch = CashFlowBatch.grouped(CashFlows([60, -50, 80], [1, 0, 1]), by=["bob", "ann", "ann"])
        >>> batch.ids, batch.offsets
        (array(['ann', 'bob'], dtype='<U3'), array([0, 2, 3]))
        """
        keys = np.asarray(by)
        if keys.shape != (len(flows),):
            raise DataError(f"by must be one key per flow, shape ({len(flows)},); got shape {keys.shape}")
        order = _order(keys)
        if order is not None:
            keys, flows = keys[order], flows[order]
        starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])) if len(keys) else np.zeros(0, np.intp)
        return cls(flows, np.append(starts, len(keys)), keys[starts])

    @classmethod
    def periodic(
        cls,
        amounts: ArrayLike,
        offsets: ArrayLike | None = None,
        *,
        timing: Literal["now", "next", "middle"],
        unit: Unit,
        ids: ArrayLike | None = None,
    ) -> Self:
        """From amounts one period apart, the first of each series now, one period from now, or half a period.

        Parameters
        ----------
        amounts : array_like
            Of shape (n, k): n series of k amounts. With `offsets`, of shape (flows,): one after another.
        offsets : array_like of int, shape (n + 1,), optional
            Where each series begins in `amounts`, and the end.
        timing : {"now", "next", "middle"}
            When the first amount of a series falls: now, one period from now, half a period from now.
        unit : {"day", "week", "month", "quarter", "year"}
            How far amounts are apart.

        Examples
        --------
        >>> CashFlowBatch.periodic([[-100, 60, 60], [-50, 40, 40]], timing="now", unit="year").flows.when
        array([0., 1., 2., 0., 1., 2.])
        """
        table = np.asarray(amounts)
        if offsets is None and table.ndim != 2:
            raise DataError(f"amounts must be of shape (series, periods), or come with offsets; got {table.shape}")
        rows = np.arange(len(table) + 1) * table.shape[-1] if offsets is None else offsets
        begins = as_offsets(rows, table.size)
        number = np.arange(table.size) - np.repeat(begins[:-1], np.diff(begins))
        return cls(CashFlows(table.ravel(), (number + first_payment(timing)) / per_year(as_unit(unit))), begins, ids)

    @classmethod
    def from_series(cls, series: Iterable[CashFlows | HasCashFlows | Iterable[CashFlow]]) -> Self:
        """From the cash flows of each, in any form: lists of `CashFlow`, columns, relationships, customers."""
        parts = [as_cash_flows(one) for one in series]
        return cls(_joined(parts), list(accumulate(map(len, parts), initial=0)))

    @classmethod
    def from_customers(cls, customers: Iterable[Customer]) -> Self:
        """From records: one series per customer, all their relationships together, in the order given."""
        members = tuple_of(Customer, "customers", customers)
        flows = [customer.cash_flows for customer in members]
        records = [flow for one in flows for flow in one]
        return cls(CashFlows.from_records(records), to_offsets([len(one) for one in flows]), [c.id for c in members])

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, i: int) -> CashFlows:
        """Return the flows of one series."""
        i = range(len(self))[i]
        return self.flows[self.offsets[i] : self.offsets[i + 1]]

    def __repr__(self) -> str:
        return f"{len(self):,} series of {self.flows!r}"


def _order(keys: NDArray[Any]) -> Ints | None:
    """Return the order that sorts the keys, None where they are sorted; DataError where they have no order."""
    missing = [key is None for key in keys] if keys.dtype == object else keys != keys  # noqa: PLR0124 (NaN, NaT)
    if np.any(missing):
        raise DataError(
            f"by must have a key for every flow; missing in {np.sum(missing)} of {len(keys)} rows, first: row "
            f"{np.argmax(missing)}. Leave those flows out, or give them a key of their own."
        )
    try:
        return np.argsort(keys, kind="stable") if (keys[1:] < keys[:-1]).any() else None
    except TypeError:
        raise DataError("by must be keys of one kind, all text or all numbers: convert the column first") from None


def _joined(parts: Sequence[CashFlows]) -> CashFlows:
    some = [part for part in parts if len(part)]
    if len({part.dated for part in some}) > 1:
        raise DataError("some series are dated and some in years from now. Use one of the two throughout.")
    if not some:
        return CashFlows([], [])
    kinds = [part.kinds for part in some if part.kinds is not None]
    return CashFlows(
        np.concatenate([part.amounts for part in some]),
        np.concatenate([part.when for part in some]),
        np.concatenate(kinds) if len(kinds) == len(some) else None,
    )


def as_batch(flows: CashFlowBatch | CashFlows | HasCashFlows | Iterable[CashFlow]) -> CashFlowBatch:
    """Return a batch as it is, and the cash flows of one as a batch of one."""
    if isinstance(flows, CashFlowBatch):
        return flows
    columns = as_cash_flows(flows)
    return CashFlowBatch(columns, [0, len(columns)])
