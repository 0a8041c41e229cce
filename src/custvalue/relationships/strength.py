"""How strong relationships are: duration, recency, volume and traits as one number; and event-history activity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import numpy as np
from attrs import frozen

from custvalue._columns import check_rows, numbers
from custvalue._typing import Array, ArrayLike, NDArray
from custvalue.errors import DataError, ParameterError
from custvalue.records.time import DateLike
from custvalue.relationships.relationships import RelationshipTable, RelationshipTableLike, as_relationships
from custvalue.units import DAYS_PER_YEAR

Missing: TypeAlias = Literal["skip", "zero", "raise"]

_FROM_RECORDS: Final = ("duration", "recency", "volume")


@frozen(eq=False)
class Strength:
    """How strong each relationship is, from 0 to 1, and what that is made of.

    Attributes
    ----------
    score : array, shape (n,)
        Weighted mean of the components.
    components : dict of str to array, shape (n,)
        Each from 0 to 1; NaN where it was not measured.
    weights : dict of str to float
        As given, scaled to sum to 1.
    """

    score: Array
    components: dict[str, Array]
    weights: dict[str, float]


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
    """Weigh what is known of each relationship into one number from 0, a stranger, to 1.

    Parameters
    ----------
    relationships : RelationshipTable, or records
        Customers' records stand for all their relationships.
    weights : mapping of str to float
        What counts, and how much: "duration", "recency", "volume", and any trait that was measured, such as "trust",
        "satisfaction", "commitment", "breadth" or "share of wallet". Only their proportions matter.
    as_of : date, optional
        The day of the judgement; required for dated relationships. Cash flows after it do not count.
    duration_half, recency_half : float
        Years. Duration counts 1 - 2^(-age / duration_half): half of the most after so long. Recency counts
        2^(-silence / recency_half): half after so long without a cash flow.
    volume_half : float or mapping, optional
        Volume is money that changed hands per year, in both directions, v, and counts v / (v + volume_half); a mapping
        gives one for each kind of party. By default it is the median of the party's relationships that have any.
    missing : {"skip", "zero", "raise"}
        Of a trait that was not measured: leave it out and let the others weigh more, count it as 0, or refuse.

    Returns
    -------
    Strength

    Raises
    ------
    ParameterError
        A weight is negative or all are 0, a half is not positive, or `as_of` does not belong to the relationships.
    DataError
        No relationship was measured on a trait named; one has nothing that weights count; or, with missing="raise",
        a trait is missing.

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

    A rule of thumb of event-history analysis; the models of buying give probabilities from a likelihood instead.

    Parameters
    ----------
    purchases : array_like
        How many, the first included.
    last, observed : array_like
        When the last one was, and how long the customer has been observed, both counted from the start of
        observation, in one unit.

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
    n, at, time = np.broadcast_arrays(
        numbers("purchases", purchases), numbers("last", last), numbers("observed", observed)
    )
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
    values = np.array(list(weights.values()), dtype=np.float64)
    if not (np.isfinite(values).all() and (values >= 0).all() and values.sum() > 0):
        raise ParameterError(f"weights must be >= 0, and one of them > 0; got {dict(weights)}")
    return dict(zip(weights, (values / values.sum()).tolist(), strict=True))


def _positive(name: str, value: float) -> float:
    if not value > 0:
        raise ParameterError(f"{name} must be > 0; got {value}")
    return value


def _duration(rows: RelationshipTable, as_of: DateLike | None, half: float) -> Array:
    return np.asarray(-np.expm1(-np.log(2) / _positive("duration_half", half) * rows.age(as_of)))


def _recency(rows: RelationshipTable, as_of: DateLike | None, half: float) -> Array:
    """2^(-silence/half); 0 of those without a cash flow."""
    now, times = rows.at(as_of), rows.flows.flows.times
    last = np.full(len(rows), -np.inf)
    known = times <= now
    np.maximum.at(last, rows.flow_rows[known], times[known])
    years = (now - last) / (DAYS_PER_YEAR if rows.dated else 1.0)
    return np.asarray(np.exp2(-years / _positive("recency_half", half)))


def _volume(rows: RelationshipTable, as_of: DateLike | None, half: float | Mapping[str, float] | None) -> Array:
    """v/(v + half), v the money that changed hands per year, of at least one year."""
    flows = rows.flows.flows
    moved = rows.flow_sums(np.abs(flows.amounts), flows.times <= rows.at(as_of)) / np.maximum(rows.age(as_of), 1.0)
    halves = _halves(rows.party, moved, half)
    return np.asarray(moved / np.where(moved > 0, moved + halves, 1.0))


def _halves(party: NDArray[np.str_], moved: Array, half: float | Mapping[str, float] | None) -> Array:
    if half is not None and not isinstance(half, Mapping):
        return np.full(len(moved), _positive("volume_half", half))
    names, code = np.unique(party, return_inverse=True)
    if half is not None:
        missing = [name for name in names.tolist() if name not in half]
        if missing:
            raise ParameterError(f"volume_half must name every kind of party; missing: {', '.join(missing)}")
        return np.array([_positive("volume_half", half[name]) for name in names.tolist()])[code]
    own = [moved[(code == i) & (moved > 0)] for i in range(len(names))]
    return np.array([float(np.median(values)) if len(values) else 1.0 for values in own])[code]


def _trait(rows: RelationshipTable, name: str, missing: Missing) -> Array:
    if name not in rows.traits:
        known = ", ".join([*_FROM_RECORDS, *rows.traits])
        raise DataError(f"no relationship was measured on {name!r}; what weights can count here: {known}")
    value = rows.traits[name].normalized
    if missing == "raise":
        check_rows(
            ~np.isnan(value),
            f"{name} must be measured of every relationship",
            "Measure it, or say how to do without: missing='skip' or 'zero'.",
            ids=rows.ids,
            **{name.replace(" ", "_"): value},
        )
    elif missing not in ("skip", "zero"):
        raise ParameterError(f"missing must be 'skip', 'zero' or 'raise'; got {missing!r}")
    return np.nan_to_num(value) if missing == "zero" else value
