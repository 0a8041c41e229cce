"""Customers' records become RFM: their purchases and refunds, as a log."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Final

import numpy as np
from attrs import evolve

from custvalue._columns import check_rows, moments, names_of
from custvalue._typing import Array, ArrayLike, Bools, Ints, NDArray
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.logs.options import Collapse, Options
from custvalue.evidence.logs.reading import open_log
from custvalue.records.cash_flow import CashFlows
from custvalue.records.customer import Customer
from custvalue.records.record import tuple_of
from custvalue.records.time import Moment, MomentLike, as_moment, as_ticks
from custvalue.units import DAYS_PER_YEAR

REFUND: Final = "refund"
"""The kind of cash flow that reduces spend and is no purchase."""

_SHOWN: Final = 3


def read_customers(
    customers: Iterable[Customer], observed_until: MomentLike, kinds: Sequence[str], options: Options
) -> dict[str, Any]:
    """The fields of `RFM`, in the order of the customers; the arguments are those of `RFM.from_customers`."""
    people = tuple_of(Customer, "customers", customers)
    ids = _ids([person.id for person in people])
    records = [(i, flow) for i, person in enumerate(people) for flow in person.cash_flows]
    who = np.array([i for i, _ in records], dtype=np.intp)
    flows = CashFlows.from_records(flow for _, flow in records)
    labels = np.array([flow.kind for _, flow in records], dtype=np.str_)
    bought, refunded = _purchases(flows.amounts, labels, kinds, ids[who])
    end = as_moment(observed_until)
    known = _until(flows, end, options.collapse)
    _check_purchases(who, bought & known, labels, ids, end)
    kept = (bought | refunded) & known
    log = {"customer_id": who[kept], "date": _dates(flows)[kept], "amount": flows.amounts[kept]}
    options = evolve(
        options,
        amount="amount",
        observed_until=end if isinstance(end, dt.date) else _from_now(end),
        collapse=_collapse(options.collapse, dated=flows.dated),
    )
    return {**open_log(log, options).rfm(), "ids": ids}


def _ids(names: list[Hashable]) -> NDArray[Any]:
    """The customers' ids as an array; DataError where there are none, or one twice."""
    if not names:
        raise DataError("customers must hold at least one customer; there are none")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            f"every customer must have an id of its own; {len(twice)} are there more than once, first: "
            f"{_first(twice)}. Put all relationships of a customer into one Customer."
        )
    return names_of(names)


def _first(items: Sequence[Any]) -> str:
    return ", ".join(map(repr, items[:_SHOWN]))


def _purchases(
    amounts: Array, labels: NDArray[np.str_], kinds: Sequence[str], names: NDArray[Any]
) -> tuple[Bools, Bools]:
    """Which flows are purchases, and which reduce spend."""
    refund: Bools = labels == REFUND
    remedy = "Inflows are positive: write money back to a customer as a negative amount."
    check_rows(~refund | (amounts <= 0), "a refund must have an amount <= 0", remedy, ids=names, amount=amounts)
    wanted = np.isin(labels, (kinds,) if isinstance(kinds, str) else tuple(kinds)) & ~refund
    return wanted & (amounts >= 0), refund | (wanted & (amounts < 0))


def _until(flows: CashFlows, end: Moment, collapse: Collapse | None) -> Bools:
    """Which flows are not after `end`; a day, or any end where times are collapsed, lasts until midnight."""
    if not len(flows):
        return np.zeros(0, dtype=bool)
    times, dated = moments("the cash flows and observed_until", [flows.when[0], end])
    whole_day = dated and (collapse or not isinstance(end, dt.datetime))
    known: Bools = flows.times < np.floor(times[1]) + 1 if whole_day else flows.times <= times[1]
    return known


def _check_purchases(who: Ints, purchases: Bools, labels: NDArray[np.str_], ids: NDArray[Any], end: Moment) -> None:
    none = np.bincount(who[purchases], minlength=len(ids)) == 0
    if not none.any():
        return
    kinds = sorted(set(labels[none[who]].tolist()))
    found = f"They have cash flows of the kinds {', '.join(map(repr, kinds))}" if kinds else "They have no cash flows"
    raise DataError(
        f"every customer must have a purchase up to observed_until ({end}); broken in {none.sum()} of {len(ids)} "
        f"customers, first: {_first(ids[none].tolist())}. {found}. Leave these customers out, or see kinds= and "
        "observed_until=."
    )


def _dates(flows: CashFlows) -> NDArray[np.datetime64]:
    """Times as the log wants them: days where no flow has a time of day."""
    when: NDArray[np.datetime64] = flows.when if flows.dated else _from_now(flows.times)
    days: NDArray[np.datetime64] = when.astype("datetime64[D]")
    return days if (days == when).all() else when


def _from_now(years: ArrayLike) -> Any:  # noqa: ANN401 (an array for an array, one time for one)
    """Years from now on a calendar where now is 1970-01-01; only differences of these dates are used."""
    return as_ticks(np.multiply(years, DAYS_PER_YEAR))[()]


def _collapse(collapse: Collapse | None, *, dated: bool) -> Collapse | None:
    if dated:
        return collapse
    if collapse not in {None, "day"}:
        raise ParameterError(
            f"collapse={collapse!r} needs a calendar, but the cash flows are in years from now: use collapse=None."
        )
    return None
