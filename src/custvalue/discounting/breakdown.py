"""Present values by customer, by relationship or by kind of cash flow."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Literal, TypeAlias

import numpy as np

from custvalue._arguments import one_of
from custvalue._typing import Array
from custvalue.discounting.cash_flow_batch import CashFlowBatch
from custvalue.discounting.day_count import DayCount
from custvalue.discounting.present_value import present_value
from custvalue.discounting.rate import Discounting
from custvalue.errors import DataError, ParameterError
from custvalue.numerics.ragged import to_offsets
from custvalue.records.cash_flow import CashFlow, CashFlows, as_cash_flows
from custvalue.records.customer import Customer
from custvalue.records.record import tuple_of
from custvalue.records.time import DateLike

By: TypeAlias = Literal["customer", "relationship", "kind"]


def present_value_by(
    rate: Discounting,
    holders: CashFlows | Customer | Iterable[Customer],
    *,
    by: By,
    as_of: DateLike | None = None,
    day_count: DayCount = "act/365",
) -> dict[Hashable, Array]:
    """Present value by customer, relationship or kind of cash flow: parts that sum to the whole.

    Parameters
    ----------
    rate : Rate or YieldCurve
        One rate or curve, or k scenarios, shape (k, 1).
    holders : Customer, iterable of Customer, or CashFlows with kinds
        Columns can be taken apart by kind; for any other key see `CashFlowBatch.grouped`.
    by : {"customer", "relationship", "kind"}
        "customer": the keys are the customers' ids; "relationship": pairs of a customer's and a
        relationship's id; "kind": "acquisition", "retention", "service", "purchase", "referral", ...
    as_of, day_count
        As for `present_value`, whose timing holds: each flow counts at its own time.

    Returns
    -------
    dict
        Keys in the order given, kinds in alphabetical order; values of shape () or (k,). A holder
        without cash flows is worth 0.

    Raises
    ------
    ParameterError
        `by` is none of these, the rate is a bare number, or `as_of` does not belong to the flows.
    DataError
        Two customers, or two relationships of one customer, have one id; or the columns have no kinds.

    Examples
    --------
    >>> from custvalue.discounting.rate import Rate
    >>> flows = CashFlows([-100, 60, -5, 60, -5], [0, 1, 1, 2, 2], ["acquisition"] + 2 * ["purchase", "service"])
    >>> {kind: float(v.round(2)) for kind, v in present_value_by(Rate.annual(0.1), flows, by="kind").items()}
    {'acquisition': -100.0, 'purchase': 104.13, 'service': -8.68}
    """
    one_of("by", by, ("customer", "relationship", "kind"))
    batch = _by_kind(holders) if by == "kind" else _by_holder(holders, by)
    values = present_value(rate, batch, as_of=as_of, day_count=day_count)
    assert batch.ids is not None  # noqa: S101 (both ways name their series)
    return dict(zip(batch.ids.tolist(), np.moveaxis(values, -1, 0), strict=True))


def _by_kind(holders: CashFlows | Customer | Iterable[Customer]) -> CashFlowBatch:
    flows = holders if isinstance(holders, CashFlows) else as_cash_flows(_records(_customers(holders)))
    if flows.kinds is None:
        raise DataError("these cash flows have no kinds; give kinds= when making them")
    return CashFlowBatch.grouped(flows, flows.kinds)


def _by_holder(holders: CashFlows | Customer | Iterable[Customer], by: By) -> CashFlowBatch:
    if isinstance(holders, CashFlows):
        raise ParameterError(
            f"columns of cash flows do not say which {by} they are of: give customers as records, or the keys "
            "to CashFlowBatch.grouped, and that to present_value"
        )
    customers = _customers(holders)
    if by == "customer":
        batch = CashFlowBatch.from_customers(customers)
    else:
        pairs = [(c.id, r) for c in customers for r in c.relationships]
        flows = CashFlows.from_records([flow for _, r in pairs for flow in r.cash_flows])
        batch = CashFlowBatch(flows, to_offsets([len(r.cash_flows) for _, r in pairs]), [(i, r.id) for i, r in pairs])
    assert batch.ids is not None  # noqa: S101
    _check_different(by, batch.ids.tolist())
    return batch


def _customers(holders: Customer | Iterable[Customer]) -> tuple[Customer, ...]:
    return tuple_of(Customer, "holders", [holders] if isinstance(holders, Customer) else holders)


def _records(customers: Iterable[Customer]) -> list[CashFlow]:
    return [flow for customer in customers for flow in customer.cash_flows]


def _check_different(by: str, ids: list[Hashable]) -> None:
    seen: set[Hashable] = set()
    twice = [one for one in ids if one in seen or seen.add(one)]  # type: ignore[func-returns-value]
    if twice:
        raise DataError(
            f"ids must differ; {len(twice)} of {len(ids)} {by}s have the id of another, first: {twice[0]!r}. "
            "Put the relationships of one customer into one Customer, each with an id of its own."
        )
