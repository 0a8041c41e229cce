"""Relationships that are records become tenures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np

from custvalue._columns import moments, names_of
from custvalue._typing import Array, NDArray
from custvalue.errors import DataError
from custvalue.evidence._tenure_spans import Spans, first_tick, in_days, last_tick, measure, measured_in, ticks_of
from custvalue.evidence.logs.options import DAY_US
from custvalue.records.customer import Customer
from custvalue.records.relationship import Relationship
from custvalue.records.time import MomentLike, as_moment


def read_relationships(
    records: Iterable[Relationship] | Iterable[Customer],
    *,
    as_of: MomentLike,
    observed_from: MomentLike | None,
    unit: str | None,
    period: str | None,
) -> dict[str, Any]:
    """The fields of `Tenures`; the arguments are those of `Tenures.from_relationships`."""
    length, by_period = measured_in(unit, period, "month")
    names, relationships = _relationships(records)
    spans = _spans(relationships, names_of(names), as_of, observed_from)
    spans = in_days(spans) if by_period and spans.calendar else spans
    since = None if observed_from is None else _tick(observed_from, spans, first="observed_from")
    found = measure(spans, _tick(as_of, spans), since, length, by_period=by_period)
    return {
        "duration": found.duration,
        "ended": found.ended,
        "entry": found.entry,
        "ids": found.of(spans.ids),
        "unit": length,
        "by_period": by_period,
        "left_out": len(relationships) - len(found.duration),
    }


def _relationships(
    records: Iterable[Relationship] | Iterable[Customer],
) -> tuple[list[Hashable], list[Relationship]]:
    """Relationships with the names that they go by: their own, or their customer's."""
    if not isinstance(records, Iterable):
        raise DataError(f"relationships must be a list (any iterable) of Relationship or Customer; got {records!r}")
    found: list[tuple[Hashable, Relationship]] = []
    for i, record in enumerate(records):
        if isinstance(record, Customer):
            found.extend((record.id, relationship) for relationship in record.relationships)
        elif isinstance(record, Relationship):
            found.append((record.id, record))
        else:
            raise DataError(f"relationships must be Relationship or Customer objects; item {i} is {record!r}")
    if not found:
        raise DataError("there are no relationships: give at least one.")
    return [name for name, _ in found], [relationship for _, relationship in found]


def _spans(
    relationships: list[Relationship], ids: NDArray[Any], as_of: MomentLike, observed_from: MomentLike | None
) -> Spans:
    ends = [relationship.end for relationship in relationships]
    start, dated = moments("the starts", [relationship.start for relationship in relationships])
    extra = [as_moment(moment) for moment in (as_of, observed_from) if moment is not None]
    moments("the relationships, as_of and observed_from", [relationships[0].start, *extra])
    running = np.array([end is None for end in ends])
    end = np.zeros(len(start))
    if not running.all():
        end[~running], _ = moments("the ends", [end for end in ends if end is not None])
    spans = Spans(_ticks(start, dated=dated), _ticks(end, dated=dated), running, DAY_US, calendar=dated, ids=ids)
    whole = dated and not ((spans.start % DAY_US).any() or (spans.end % DAY_US).any())
    return in_days(spans) if whole else spans


def _ticks(times: Array, *, dated: bool) -> NDArray[np.int64]:
    return np.rint(times * DAY_US).astype(np.int64) if dated else ticks_of(times)


def _tick(moment: MomentLike, spans: Spans, first: str = "") -> int:
    """The tick of as_of, or of the argument `first`, where a day counts from its beginning."""
    value = as_moment(moment)
    if not isinstance(value, dt.date):
        return int(ticks_of(np.asarray(value, dtype=np.float64)))
    return first_tick(first, value, spans.per_day) if first else last_tick("as_of", value, spans.per_day)
