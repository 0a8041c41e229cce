"""Relationships: many relationships as columns, from records or tables and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Any, Final, TypeAlias

import numpy as np
from attrs import field, frozen

from custvalue._columns import check_rows, days_since_epoch, is_dated, moments, names_of, numbers, read_only
from custvalue._typing import Array, ArrayLike, Bools, Ints, NDArray
from custvalue.discounting.cash_flow_batch import CashFlowBatch
from custvalue.errors import ParameterError
from custvalue.evidence.logs.reading import to_same_kind
from custvalue.records.cash_flow import CashFlows
from custvalue.records.customer import Customer
from custvalue.records.relationship import Relationship
from custvalue.records.time import DateLike
from custvalue.records.trait import Trait
from custvalue.relationships._records import (
    Measured,
    check_same,
    flow_records,
    measured,
    members_of,
    number_of,
)
from custvalue.relationships._table import read_flows, read_rows
from custvalue.units import DAYS_PER_YEAR

_VALENCE: Final = {"positive": 1.0, "negative": -1.0, None: 0.0}
_EPOCH: Final = np.datetime64("1970-01-01")


@frozen(eq=False, repr=False)
class Relationships:
    """Many relationships as columns, a row each.

    Attributes
    ----------
    ids : array
        Names of the relationships.
    start, end : array of float64
        Days since 1970-01-01 where `dated`, years from now otherwise; end is NaN where it still runs.
    dated : bool
        Whether times are calendar dates.
    party, type : array of str
        The kind of party, and what the relationship is like ("" where not said).
    contractual : array of float64
        1, 0, or NaN where not known.
    valence : array of float64
        1 positive, -1 negative, 0 not known.
    traits : mapping of str to Measured
        What was measured.
    flows : CashFlowBatch
        The cash flows, a series per relationship, in the order of the rows.

    Notes
    -----
    Made by `from_records` or `from_table`. Columns are read-only.

    Examples
    --------
    >>> shop = Relationship("shop", "2024-01-05", traits=[Trait("trust", 4, low=1, high=5)])
    >>> Relationships.from_records([shop, Relationship("steel", "2020-03-01", party="supplier")])
    2 relationships: 1 customer, 1 supplier; 0 cash flows
    """

    ids: NDArray[Any]
    start: Array
    end: Array
    dated: bool
    party: NDArray[np.str_]
    contractual: Array
    valence: Array
    type: NDArray[np.str_]
    traits: Mapping[str, Measured]
    flows: CashFlowBatch
    _like: Any = field(default=None, alias="like")

    def __attrs_post_init__(self) -> None:
        check_rows(
            np.isfinite(self.start) & ~(self.end < self.start),
            "start must be known and start <= end must hold",
            "Leave end empty where the relationship still runs.",
            ids=self.ids,
            start=self.start,
            end=self.end,
        )
        for name in ("ids", "start", "end", "party", "contractual", "valence", "type"):
            object.__setattr__(self, name, read_only(getattr(self, name)))

    @classmethod
    def from_records(cls, records: Iterable[Relationship | Customer]) -> Relationships:
        """Turn records into columns, in their order; a customer stands for all their relationships.

        Raises
        ------
        DataError
            Some are dated and others in years from now, or an item is neither a `Relationship` nor a `Customer`.
        """
        members = members_of(records)
        starts, dated = moments("the starts of relationships", [r.start for r in members])
        running = [number_of(r.end) for r in members]
        names = dict.fromkeys(trait.name for r in members for trait in r.traits)
        flows = CashFlows.from_records([flow for r in members for flow in r.cash_flows])
        check_same(flows, dated)
        ids = names_of([r.id for r in members])
        return cls(
            ids=ids,
            start=starts,
            end=np.array(running, dtype=np.float64),
            dated=dated,
            party=np.array([r.party for r in members], dtype=np.str_),
            contractual=np.array([np.nan if r.contractual is None else r.contractual for r in members], np.float64),
            valence=np.array([_VALENCE[r.valence] for r in members], dtype=np.float64),
            type=np.array([r.type or "" for r in members], dtype=np.str_),
            traits={name: measured([r.trait(name) for r in members]) for name in names},
            flows=CashFlowBatch(flows, list(accumulate((len(r.cash_flows) for r in members), initial=0)), ids),
        )

    @classmethod
    def from_table(
        cls,
        table: Any,  # noqa: ANN401 (any dataframe or mapping)
        *,
        start: str,
        id: str | None = None,  # noqa: A002 (the record's own name)
        end: str | None = None,
        party: str | None = None,
        contractual: str | None = None,
        valence: str | None = None,
        type: str | None = None,  # noqa: A002
        traits: Mapping[str, tuple[float, float]] | None = None,
        flows: Any = None,  # noqa: ANN401
        flow_id: str = "id",
        flow_amount: str = "amount",
        flow_when: str = "when",
        flow_kind: str | None = None,
    ) -> Relationships:
        """Read relationships from a table with a row each, and their cash flows from another.

        Parameters
        ----------
        table : dataframe or mapping
            Of pandas, polars, pyarrow, DuckDB, or a mapping of columns.
        start, id, end, party, contractual, valence, type : str
            Names of its columns; those not named are not read: all parties are customers then. Starts and ends are
            dates or years from now; a missing end still runs. Valences are "positive" and "negative".
        traits : mapping of str to (low, high), optional
            Columns that hold traits, with the scale of each.
        flows : dataframe or mapping, optional
            The cash flows, a row each, with columns `flow_id` (of the relationship), `flow_amount`, `flow_when` and
            `flow_kind`.

        Raises
        ------
        DataError
            A column is not there, a value breaks a rule, or a cash flow is of no relationship in the table.

        Examples
        --------
        >>> table = {"id": ["a", "b"], "start": ["2020-01-01", "2021-06-01"], "satisfaction": [5, 3]}
        >>> paid = {"id": ["b", "a", "a"], "amount": [10, 20, 30], "when": ["2022-01-01"] * 3}
        >>> rows = Relationships.from_table(table, start="start", id="id", traits={"satisfaction": (1, 5)}, flows=paid)
        >>> rows.traits["satisfaction"].normalized, rows.flows[0].amounts
        (array([1. , 0.5]), array([20., 30.]))
        """
        named = {"id": id, "start": start, "end": end, "party": party, "contractual": contractual}
        columns = read_rows(table, {**named, "valence": valence, "type": type}, traits or {})
        named_flows = {"id": flow_id, "amount": flow_amount, "when": flow_when, "kind": flow_kind}
        return cls(**columns, flows=read_flows(flows, named_flows, columns["ids"], dated=columns["dated"]), like=table)

    def records(self) -> list[Relationship]:
        """The relationships as records, in their order."""
        ends = [None if np.isnan(end) else self._moment(end) for end in self.end.tolist()]
        valences = {value: name for name, value in _VALENCE.items()}
        return [
            Relationship(
                id=self.ids[i].item() if hasattr(self.ids[i], "item") else self.ids[i],
                start=self._moment(float(self.start[i])),
                end=ends[i],
                cash_flows=flow_records(self.flows[i]),
                party=str(self.party[i]),
                contractual=None if np.isnan(self.contractual[i]) else bool(self.contractual[i]),
                valence=valences[float(self.valence[i])],
                type=str(self.type[i]) or None,
                traits=[
                    Trait(name, float(trait.value[i]), low=float(trait.low[i]), high=float(trait.high[i]))
                    for name, trait in self.traits.items()
                    if not np.isnan(trait.value[i])
                ],
            )
            for i in range(len(self))
        ]

    def table(self, **columns: ArrayLike) -> Any:  # noqa: ANN401 (the caller's own kind of dataframe)
        """One row per relationship in the kind of dataframe that it came in (a mapping for records).

        Columns: id, party, start, end, contractual, valence, type, the traits, and those given by name.
        """
        valences = np.array(["negative", "", "positive"])[self.valence.astype(np.intp) + 1]
        times = {"start": self.start, "end": self.end}
        whens = {name: self._dates(value) if self.dated else value for name, value in times.items()}
        known = {"id": self.ids, "party": self.party, **whens, "contractual": self.contractual, "valence": valences}
        values = {name: trait.value for name, trait in self.traits.items()}
        more = {name: np.asarray(column) for name, column in columns.items()}
        return to_same_kind({} if self._like is None else self._like, {**known, "type": self.type, **values, **more})

    def age(self, as_of: DateLike | None = None) -> Array:
        """Years from each start to the end, or to `as_of` where it runs on; 0 before the start.

        `as_of` is required for dated relationships, and left out for those in years from now.
        """
        now = self.at(as_of)
        until = np.where(np.isnan(self.end), now, np.minimum(self.end, now))
        return np.maximum(until - self.start, 0.0) / (DAYS_PER_YEAR if self.dated else 1.0)

    def running(self, as_of: DateLike | None = None) -> Bools:
        """Which relationships have begun and not ended by `as_of`."""
        now = self.at(as_of)
        return np.asarray((self.start <= now) & ~(self.end <= now))

    def at(self, as_of: DateLike | None) -> float:
        """`as_of` in the columns' own measure: days since 1970-01-01, or 0, now."""
        if not self.dated:
            if as_of is not None:
                raise ParameterError("as_of is for dated relationships; these are in years from now: leave as_of out")
            return 0.0
        if as_of is None or not is_dated(as_of):
            raise ParameterError(f"dated relationships need as_of, a date such as '2024-12-31'; got {as_of!r}")
        return days_since_epoch(as_of)

    def flow_sums(self, values: ArrayLike, where: ArrayLike = True) -> Array:
        """Sum, over each relationship's cash flows, of one value per flow, where wanted."""
        each = np.where(np.broadcast_to(np.asarray(where), len(self.flows.flows)), numbers("values", values), 0.0)
        return np.bincount(self.flow_rows, weights=each, minlength=len(self)).astype(np.float64)

    @property
    def flow_rows(self) -> Ints:
        """The row that each cash flow belongs to."""
        return np.repeat(np.arange(len(self)), np.diff(self.flows.offsets))

    def __len__(self) -> int:
        return len(self.start)

    def __repr__(self) -> str:
        parties, counts = np.unique(self.party, return_counts=True)
        kinds = ", ".join(f"{count:,} {party}" for party, count in zip(parties.tolist(), counts.tolist(), strict=True))
        return f"{len(self):,} relationships: {kinds or 'none'}; {len(self.flows.flows):,} cash flows"

    def _moment(self, value: float) -> Any:  # noqa: ANN401 (a date or a float)
        return self._dates(np.array(value)).item() if self.dated else value

    def _dates(self, days: Array) -> NDArray[Any]:
        whole = bool(np.all(np.isnan(days) | (days == np.floor(days))))
        unit, factor = ("D", 1.0) if whole else ("us", 86_400_000_000.0)
        known = np.where(np.isnan(days), 0.0, days) * factor
        dates = _EPOCH.astype(f"datetime64[{unit}]") + np.rint(known).astype(f"timedelta64[{unit}]")
        return np.where(np.isnan(days), np.datetime64("NaT"), dates)


RelationshipsLike: TypeAlias = Relationships | Iterable[Relationship | Customer]
"""Relationships as columns, or as records, of customers or alone."""


def as_relationships(value: RelationshipsLike) -> Relationships:
    """Return columns as they are, and records as columns."""
    return value if isinstance(value, Relationships) else Relationships.from_records(value)
