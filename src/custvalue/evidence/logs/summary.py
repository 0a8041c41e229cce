"""A transaction log of any kind becomes one row per customer: repeat purchases, recency, age, mean spend.

Frames in memory become NumPy arrays; lazy ones are grouped where they live. Both give the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from attrs import field, frozen

from custvalue._typing import Array, ArrayLike, NDArray
from custvalue.errors import DataError
from custvalue.evidence.logs.log import Facts, Histories
from custvalue.evidence.logs.options import Collapse, End, Moment, Refunds, Terms
from custvalue.evidence.logs.reading import open_log
from custvalue.evidence.rfm import RFM
from custvalue.units import Unit


@frozen(kw_only=True, eq=False)
class Summary:
    """A transaction log, reduced: the columns of an `RFM`, and what the whole log held.

    `ids`, `x`, `t_x`, `T`, `m`, `m_count`, `log_interpurchase`, `unit` are those of `RFM`, in the order of the ids. Of the
    whole log, whatever is left out of the columns: `rows`, `first_day`, `last_day`, `total_spend` (None without
    amounts) and `nonpositive`, the number of rows with an amount of 0 or less. `left_out` is the number of customers
    whose first purchase was before `first_purchase_from`. `observed_until` is the day that observation ended (with
    collapse=None: the moment).
    """

    ids: NDArray[Any] = field()
    x: Array = field()
    t_x: Array = field()
    T: Array = field()
    m: Array | None = field()
    m_count: Array = field()
    log_interpurchase: Array | None = field()
    unit: Unit = field()
    rows: int = field()
    first_day: np.datetime64 = field()
    last_day: np.datetime64 = field()
    observed_until: np.datetime64 = field()
    total_spend: float | None = field()
    nonpositive: int = field()
    left_out: int = field(default=0)

    @property
    def rfm(self) -> RFM:
        """The customers' columns as evidence for a model."""
        more = {"m_count": self.m_count, "log_interpurchase": self.log_interpurchase, "ids": self.ids}
        return RFM(self.x, self.t_x, self.T, self.m, unit=self.unit, **more)


def summarize(
    log: Any,  # noqa: ANN401 (any dataframe, path or mapping)
    *,
    customer: str = "customer_id",
    date: str = "date",
    amount: str | None = None,
    unit: Unit = "week",
    observed_until: Moment | None = None,
    collapse: Collapse | None = "day",
    refunds: Refunds = "net",
    first_purchase_in_spend: bool = False,
    first_purchase_from: Moment | None = None,
    timezone: str | None = None,
    log_interpurchase: bool = False,
) -> Summary:
    """Reduce a transaction log to one row per customer; the arguments are those of `RFM.from_transactions`."""
    terms = Terms(
        customer=customer,
        date=date,
        amount=amount,
        unit=unit,
        observed_until=observed_until,
        collapse=collapse,
        refunds=refunds,
        first_purchase_in_spend=first_purchase_in_spend,
        first_purchase_from=first_purchase_from,
        timezone=timezone,
        log_interpurchase=log_interpurchase,
    )
    opened = open_log(log, terms)
    facts = opened.facts()
    end = terms.end(observed_until, facts.last, whole_days=facts.whole_days)
    if facts.last > end.last:
        opened.check_end(end, str(observed_until))
    return reduce(opened.histories(end), facts, end, terms)


def summarize_arrays(
    ids: ArrayLike,
    dates: ArrayLike | Iterable[Any],
    amounts: ArrayLike | None = None,
    **options: Any,  # noqa: ANN401 (the options of summarize, each with its own type)
) -> Summary:
    """Reduce purchases held in arrays or sequences of equal length, in NumPy alone.

    `dates` are datetime64, dates or ISO text; `options` are those of `summarize`, without the column names.
    """
    log = {"customer_id": ids, "date": dates}
    if amounts is None:
        return summarize(log, **options)
    return summarize({**log, "amount": amounts}, amount="amount", **options)


def reduce(who: Histories, facts: Facts, end: End, terms: Terms) -> Summary:
    """Measure the customers' histories up to `end`; the facts of the whole log go with them."""
    everyone = len(who.ids)
    who = _newcomers(who, terms)
    x = (who.count - 1).astype(np.float64)
    m, m_count = _mean_spend(who, x, terms)
    return Summary(
        ids=who.ids,
        x=x,
        t_x=(who.last - who.first) / terms.per_unit,
        T=(end.tick - who.first) / terms.per_unit,
        m=m,
        m_count=m_count,
        log_interpurchase=_log_spacing(who, terms),
        unit=terms.unit,
        rows=facts.rows,
        first_day=_day(facts.first, terms),
        last_day=_day(facts.last, terms),
        observed_until=np.int64(end.tick).view(terms.tick_type),
        total_spend=facts.total,
        nonpositive=facts.nonpositive,
        left_out=everyone - len(who.ids),
    )


def _day(tick: int, terms: Terms) -> np.datetime64:
    return np.datetime64(tick // terms.per_day, "D")


def _newcomers(who: Histories, terms: Terms) -> Histories:
    """Only the customers whose first purchase is late enough."""
    if not len(who.ids):
        raise DataError("the log holds no purchase up to the end of observation; at most refunds or later rows.")
    if terms.first_purchase_from is None:
        return who
    new = who.first >= terms.start(terms.first_purchase_from)
    if not new.any():
        raise DataError(
            f"no customer's first purchase is on or after first_purchase_from ({terms.first_purchase_from}); "
            "choose an earlier date."
        )
    total, opening = (None if column is None else column[new] for column in (who.total, who.opening))
    ticks = None if who.ticks is None else who.ticks[np.repeat(new, who.count)]
    return Histories(who.ids[new], who.first[new], who.last[new], who.count[new], total, opening, ticks)


def gaps(who: Histories, terms: Terms) -> Array:
    """Times between the purchases of each customer, in units, by customer and in order."""
    assert who.ticks is not None  # noqa: S101 (callers have asked for them)
    later = np.ones(len(who.ticks), dtype=bool)
    later[np.cumsum(who.count) - who.count] = False
    return np.asarray(np.diff(who.ticks)[later[1:]] / terms.per_unit)


def _log_spacing(who: Histories, terms: Terms) -> Array | None:
    """Sum of the logs of the times between purchases, of each customer."""
    if who.ticks is None:
        return None
    owner = np.repeat(np.arange(len(who.count)), who.count - 1)
    return np.asarray(np.bincount(owner, np.log(gaps(who, terms)), len(who.count)), dtype=np.float64)


def _mean_spend(who: Histories, x: Array, terms: Terms) -> tuple[Array | None, Array]:
    """Mean spend per purchase and the number of purchases it averages."""
    count = x + 1 if terms.first_purchase_in_spend else x
    if who.total is None or who.opening is None:
        return None, count
    spend = who.total if terms.first_purchase_in_spend else who.total - who.opening
    return np.divide(spend, count, out=np.zeros_like(x), where=count > 0), count
