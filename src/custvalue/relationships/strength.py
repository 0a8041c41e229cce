"""Relationship strength from duration, recency, volume and traits as one number; and event-history activity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias, get_args

import numpy as np
from attrs import field, frozen

from custvalue._arguments import not_negative, one_of, only, positive, together
from custvalue._columns import check_rows, numbers
from custvalue._results import Rows, as_column
from custvalue._typing import Array, ArrayLike, NDArray
from custvalue.errors import DataError, ParameterError
from custvalue.records.time import DateLike
from custvalue.relationships.relationships import RelationshipTable, RelationshipTableLike, as_relationships
from custvalue.units import DAYS_PER_YEAR

Missing: TypeAlias = Literal["skip", "zero", "raise"]
"""What to do about a trait that was not measured: leave it out, count it as 0, or refuse."""

_FROM_RECORDS: Final = ("duration", "recency", "volume")


def _as_components(values: Mapping[str, ArrayLike]) -> dict[str, Array]:
    return {name: as_column(column) for name, column in values.items()}


@frozen(eq=False)
class Strength(Rows):
    """Strength of each relationship, from 0 to 1, and its components.

    Attributes
    ----------
    score : array, shape (n,)
        Weighted mean of the components.
    components : dict of str to array, shape (n,)
        Each from 0 to 1; NaN where it was not measured.
    weights : dict of str to float
        As given, scaled to sum to 1.
    """

    score: Array = field(converter=as_column)
    components: dict[str, Array] = field(converter=_as_components)
    weights: dict[str, float] = field()

    def table(self) -> dict[str, NDArray[Any]]:
        """One row per relationship: the score, and each component by name."""
        return {"score": self.score, **self.components}


def relationship_strength(
    relationships: RelationshipTableLike,
    weights: Mapping[str, float],
    *,
    as_of: DateLike | None = None,
    duration_half: float = 3.0,
    recency_half: float = 1.0,
    volume_half: float | Mapping[str, float] | None = None,
    missing: Missing = "skip",
) -> Strength:
    """Score relationships from 0 (a stranger) to 1 by a weighted mean of what is known of them.

    Parameters
    ----------
    relationships : RelationshipTable, or records
        Customers' records stand for all their relationships.
    weights : mapping of str to float
        Weights of "duration", "recency", "volume" and any trait that was measured, such as "trust", "satisfaction",
        "commitment", "breadth" or "share of wallet". Only their proportions matter.
    as_of : date, optional
        The day on which strength is judged; required for dated relationships. Later cash flows do not count.
    duration_half, recency_half : float
        Half-lives in years: duration is scored 1 - 2^(-age / duration_half), recency 2^(-t / recency_half), t the time
        since the last cash flow.
    volume_half : float or mapping, optional
        Volume, the money v that changed hands per year in either direction, is scored v / (v + volume_half); a mapping
        gives one for each kind of party. By default the median volume of the party's relationships that have any.
    missing : {"skip", "zero", "raise"}
        For a trait that was not measured: leave it out and let the others weigh more, count it as 0, or refuse.

    Returns
    -------
    Strength

    Raises
    ------
    ParameterError
        A weight is negative or all are 0, a half-life is not positive, or `as_of` is missing or superfluous.
    DataError
        No relationship was measured on a trait named; nothing that has a weight is known of a relationship; or, with
        missing="raise", a trait is missing.

    Notes
    -----
    There is no agreed scale of strength: the components are those of the relationship-marketing literature (duration,
    trust, volume, breadth, recency; Christopher, Payne & Ballantyne 1991, as cited), the normalization is this
    library's, chosen so that each rises from 0 to 1, saturates, and does not depend on currency.

    Examples
    --------
    >>> from custvalue.records.cash_flow import CashFlow
    >>> from custvalue.records.relationship import Relationship
    >>> from custvalue.records.trait import Trait
    >>> old = Relationship("old", -6.0, cash_flows=[CashFlow(100, -0.5)], traits=[Trait("trust", 5, low=1, high=5)])
    >>> new = Relationship("new", -1.0, cash_flows=[CashFlow(100, -0.5)])
    >>> relationship_strength([old, new], {"duration": 1, "recency": 1, "trust": 2}).score.round(3)
    array([0.864, 0.457])
    """
    rows = as_relationships(relationships)
    scaled = _weights(weights)
    makers = {
        "duration": lambda: _duration(rows, as_of, duration_half),
        "recency": lambda: _recency(rows, as_of, recency_half),
        "volume": lambda: _volume(rows, as_of, volume_half),
    }
    parts = {name: makers[name]() if name in makers else _trait(rows, name, missing) for name in scaled}
    shares = np.array(list(scaled.values()))[:, None]
    table = np.stack(list(parts.values()))
    known = ~np.isnan(table)
    total = (shares * known).sum(axis=0)
    check_rows(
        total > 0,
        "every relationship must have something that the weights count",
        "Give duration a weight, or take missing='zero'.",
        ids=rows.ids,
        counted=total,
    )
    return Strength((shares * np.where(known, table, 0.0)).sum(axis=0) / total, parts, scaled)


def event_history_activity(purchases: ArrayLike, last: ArrayLike, observed: ArrayLike) -> Array:
    """P(active) = τ^n: n purchases, the last one at the share τ of the time observed (Reinartz & Kumar 2002).

    A rule of thumb of event-history analysis; models of buying give P(alive) from a likelihood instead.

    Parameters
    ----------
    purchases : array_like
        Number of purchases, the first included.
    last, observed : array_like
        Time of the last purchase and length of observation, both from the start of observation, in one unit.

    Raises
    ------
    DataError
        0 <= last <= observed, observed > 0 or purchases >= 1 does not hold.

    Examples
    --------
    Two customers observed for 12 months who last bought in month 8, after 4 purchases and after 2:

    >>> event_history_activity([4, 2], 8, 12).round(3)
    array([0.198, 0.444])
    """
    columns = {"purchases": purchases, "last": last, "observed": observed}
    n, at, time = together(**{name: numbers(name, values) for name, values in columns.items()})
    check_rows(
        (n >= 1) & (at >= 0) & (at <= time) & (time > 0),
        "purchases >= 1 and 0 <= last <= observed, observed > 0, must hold",
        "Count time from the start of observation.",
        purchases=n,
        last=at,
        observed=time,
    )
    return np.asarray((at / time) ** n)


def _weights(weights: Mapping[str, float]) -> dict[str, float]:
    values = not_negative("weights", list(weights.values()))
    if not values.sum() > 0:
        raise ParameterError(f"weights must be >= 0, and one of them > 0; got {dict(weights)}")
    return dict(zip(weights, (values / values.sum()).tolist(), strict=True))


def _half(name: str, value: float) -> float:
    return only(name, positive(name, value))


def _duration(rows: RelationshipTable, as_of: DateLike | None, half: float) -> Array:
    return np.asarray(-np.expm1(-np.log(2) / _half("duration_half", half) * rows.age(as_of)))


def _recency(rows: RelationshipTable, as_of: DateLike | None, half: float) -> Array:
    """2^(-t/half), t since the last cash flow; 0 without one."""
    now, times = rows.at(as_of), rows.flows.flows.times
    last = np.full(len(rows), -np.inf)
    known = times <= now
    np.maximum.at(last, rows.flow_rows[known], times[known])
    years = (now - last) / (DAYS_PER_YEAR if rows.dated else 1.0)
    return np.asarray(np.exp2(-years / _half("recency_half", half)))


def _volume(rows: RelationshipTable, as_of: DateLike | None, half: float | Mapping[str, float] | None) -> Array:
    """v/(v + half), v the money that changed hands per year, in the first year since the start all of it."""
    flows = rows.flows.flows
    moved = rows.flow_sums(np.abs(flows.amounts), flows.times <= rows.at(as_of)) / np.maximum(rows.age(as_of), 1.0)
    halves = _halves(rows.party, moved, half)
    return np.asarray(moved / np.where(moved > 0, moved + halves, 1.0))


def _halves(party: NDArray[np.str_], moved: Array, half: float | Mapping[str, float] | None) -> Array:
    if half is not None and not isinstance(half, Mapping):
        return np.full(len(moved), _half("volume_half", half))
    names, code = np.unique(party, return_inverse=True)
    if half is not None:
        missing = [name for name in names.tolist() if name not in half]
        if missing:
            raise ParameterError(f"volume_half must name every kind of party; missing: {', '.join(missing)}")
        return np.array([_half("volume_half", half[name]) for name in names.tolist()])[code]
    own = [moved[(code == i) & (moved > 0)] for i in range(len(names))]
    return np.array([float(np.median(values)) if len(values) else 1.0 for values in own])[code]


def _trait(rows: RelationshipTable, name: str, missing: Missing) -> Array:
    if name not in rows.traits:
        known = ", ".join([*_FROM_RECORDS, *rows.traits])
        raise DataError(f"no relationship was measured on {name!r}; what weights can count here: {known}")
    value = rows.traits[name].normalized
    if one_of("missing", missing, get_args(Missing)) == "raise":
        rule, remedy = f"{name} must be measured of every relationship", "Measure it, or take missing='skip' or 'zero'."
        check_rows(~np.isnan(value), rule, remedy, ids=rows.ids, **{name.replace(" ", "_"): value})
    return np.nan_to_num(value) if missing == "zero" else value
