"""Series of cash flows in any form in which a user has them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
from attrs import frozen

from custvalue._columns import DAY
from custvalue._typing import Array, ArrayLike, NDArray
from custvalue.discounting._series import Clock, Series, periodic
from custvalue.discounting.cash_flow_batch import CashFlowBatch, as_batch
from custvalue.discounting.day_count import DayCount, as_day_count
from custvalue.errors import ParameterError
from custvalue.records.cash_flow import CashFlow, CashFlows, HasCashFlows
from custvalue.units import Unit

FlowsLike: TypeAlias = CashFlows | HasCashFlows | Iterable[CashFlow] | CashFlowBatch | ArrayLike
"""Cash flows with their own times, of one or of many; or plain amounts, one period apart."""


@frozen(eq=False)
class Given:
    """Series with times from their own first flow (or from now), and whether it is a single one."""

    series: Series
    single: bool
    dated: bool
    ids: NDArray[Any] | None = None

    def __len__(self) -> int:
        return len(self.series.offsets) - 1


def given(
    flows: FlowsLike, *, offsets: ArrayLike | None = None, period: Unit | None = None, day_count: DayCount = "act/365"
) -> Given:
    """Read plain amounts, which `offsets` and `period` are about, or cash flows, which need neither."""
    if not _has_times(flows):
        amounts: Any = flows
        series = periodic(amounts, offsets, due="now", period=period or "year")
        return Given(series, offsets is None and np.ndim(amounts) == 1, dated=False)
    if offsets is not None or period is not None:
        raise ParameterError(
            "offsets and period are for plain amounts; cash flows have times of their own, and a batch has offsets"
        )
    batch = as_batch(flows)  # type: ignore[arg-type]
    origin = _first_days(batch) if batch.flows.dated else None
    clock = Clock(batch, origin, as_day_count(day_count))
    return Given(clock, batch is not flows, batch.flows.dated, batch.ids)


def _has_times(flows: Any) -> bool:  # noqa: ANN401 (anything a user may give)
    if isinstance(flows, (CashFlows, CashFlowBatch)) or hasattr(flows, "cash_flows"):
        return True
    if hasattr(flows, "__array__") or not isinstance(flows, Iterable):
        return False
    return not isinstance(flows, (list, tuple)) or all(isinstance(one, CashFlow) for one in flows)


def _first_days(batch: CashFlowBatch) -> NDArray[Any]:
    """The day of the first flow of each series, as microseconds."""
    days = first_times(batch.flows.times, batch)
    return np.datetime64("1970-01-01", "us") + np.rint(days * (DAY / np.timedelta64(1, "us"))).astype("timedelta64[us]")


def first_times(times: Array, batch: CashFlowBatch) -> Array:
    """The earliest time of each series; 0 for an empty one."""
    some = np.diff(batch.offsets) > 0
    first = np.zeros(len(batch))
    if some.any():
        first[some] = np.minimum.reduceat(times, batch.offsets[:-1][some])
    return first
