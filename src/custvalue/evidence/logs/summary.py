"""Customers' histories become columns: of an `RFM`, of `Opportunities`, of a holdout."""

from __future__ import annotations

from typing import Any

import numpy as np

from custvalue._columns import positions, sealed
from custvalue._typing import Array, NDArray
from custvalue.errors import DataError
from custvalue.evidence.logs.options import End, Options, first_tick
from custvalue.evidence.logs.rows import Histories, Tally


def newcomers(who: Histories, options: Options) -> Histories:
    """Only the customers whose first purchase is on or after `first_purchase_from`."""
    if not len(who.ids):
        raise DataError("the log holds no purchase up to the end of observation; at most refunds or later rows.")
    if options.first_purchase_from is None:
        return who
    new = who.first >= first_tick(options.first_purchase_from, options.per_day)
    if not new.any():
        raise DataError(
            f"no customer's first purchase is on or after first_purchase_from ({options.first_purchase_from}); "
            "choose an earlier date."
        )
    total, opening = (None if column is None else column[new] for column in (who.total, who.opening))
    ticks = None if who.ticks is None else who.ticks[np.repeat(new, who.count)]
    return Histories(who.ids[new], who.first[new], who.last[new], who.count[new], total, opening, ticks)


def rfm_columns(who: Histories, end: End, options: Options) -> dict[str, Any]:
    """The fields of `RFM`, observed up to `end`."""
    x = (who.count - 1).astype(np.float64)
    m, m_count = _mean_spend(who, x, options)
    columns = {
        "x": x,
        "t_x": (who.last - who.first) / options.per_unit,
        "T": (end.tick - who.first) / options.per_unit,
        "m": m,
        "m_count": m_count,
        "log_interpurchase": None if who.ticks is None else _log_spacing(who, options),
        "ids": who.ids,
    }
    return {name: each if each is None else sealed(each) for name, each in columns.items()} | {"unit": options.unit}


def _mean_spend(who: Histories, x: Array, options: Options) -> tuple[Array | None, Array]:
    """Mean spend per purchase and the number of purchases it averages."""
    count = x + 1 if options.first_purchase_in_spend else x
    if who.total is None or who.opening is None:
        return None, count
    spend = who.total if options.first_purchase_in_spend else who.total - who.opening
    return np.divide(spend, count, out=np.zeros_like(x), where=count > 0), count


def _log_spacing(who: Histories, options: Options) -> Array:
    """Sum of the logs of the times between purchases, of each customer."""
    owner = np.repeat(np.arange(len(who.count)), who.count - 1)
    return np.bincount(owner, np.log(gaps(who, options)), len(who.count)).astype(np.float64, copy=False)


def gaps(who: Histories, options: Options) -> Array:
    """Times between the purchases of each customer, in units, by customer and in order."""
    assert who.ticks is not None  # noqa: S101 (callers have asked for them)
    later = np.ones(len(who.ticks), dtype=bool)
    later[np.cumsum(who.count) - who.count] = False
    return np.asarray(np.diff(who.ticks)[later[1:]] / options.per_unit)


def opportunity_columns(who: Histories, day: int, options: Options) -> dict[str, Any]:
    """The fields of `Opportunities`, where the collapse periods complete by a day are chances."""
    start, latest = (options.period(ticks, day) for ticks in (who.first, who.last))
    now = options.period(np.array([day]), day)
    counts = {"x": who.count - 1, "t_x": latest - start, "n": now - start}
    columns = {name: sealed(count.astype(np.float64)) for name, count in counts.items()}
    return {**columns, "ids": sealed(who.ids), "unit": options.collapse}


def holdout_columns(who: Histories, later: Tally, ids: NDArray[Any]) -> dict[str, Any]:
    """What the customers with these ids did later, and how many customers are new, of all who had bought before."""
    rows, known = positions(ids, later.ids)

    def aligned(values: NDArray[Any]) -> Array:
        """The later values in the order of the ids; 0 for customers who did nothing."""
        return sealed(np.where(known, values[rows], 0.0)) if len(values) else np.zeros(len(ids))

    bought = later.ids[later.count > 0]
    return {
        "purchases": aligned(later.count),
        "spend": None if later.spend is None else aligned(later.spend),
        "new_customers": int((~positions(bought, who.ids)[1]).sum()),
    }
