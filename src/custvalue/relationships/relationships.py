"""RelationshipTable: many relationships as columns, from records or tables and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Any, Final, TypeAlias

import numpy as np
from attrs import field, frozen

from custvalue._columns import (
    DAY,
    check_rows,
    days_since_epoch,
    is_dated,
    moments,
    names_of,
    numbers,
    positions,
    read_only,
)
from custvalue._typing import Array, ArrayLike, Bools, Ints, NDArray
from custvalue.discounting.cash_flow_batch import CashFlowBatch
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.logs.columns import Column, column_values
from custvalue.evidence.logs.kinds import Kind, kind_of, to_kind
from custvalue.evidence.logs.reading import read_columns
from custvalue.records.cash_flow import CashFlow, CashFlows
from custvalue.records.customer import Customer
from custvalue.records.relationship import Relationship
from custvalue.records.time import EPOCH, DateLike, as_ticks
from custvalue.records.trait import Trait
from custvalue.units import DAYS_PER_YEAR

Scale: TypeAlias = tuple[float, float]
"""The lowest and the highest value of a trait."""

_VALENCE: Final = {"positive": 1.0, "negative": -1.0, "": 0.0}


@frozen(eq=False)
class Measured:
    """One trait of many relationships: values on scales from low to high, NaN where it was not measured."""

    value: Array
    low: Array
    high: Array

    @property
    def normalized(self) -> Array:
        """Places on the scale, 0 at low and 1 at high; NaN where it was not measured."""
        return (self.value - self.low) / (self.high - self.low)


@frozen(eq=False, repr=False)
class RelationshipTable:
    """Many relationships as read-only columns, a row each, made by `from_records` or `from_table`.

    Attributes
    ----------
    ids : array
        Identifiers of the relationships.
    start, end : array of float64
        Days since 1970-01-01 where `dated`, years from now otherwise; end is NaN where it still runs.
    dated : bool
        Whether times are calendar dates.
    party, type : array of str
        The kind of party and of relationship ("" where not given).
    contractual : array of float64
        1, 0, or NaN where not known.
    valence : array of float64
        1 positive, -1 negative, 0 not known.
    traits : mapping of str to Measured
        The traits measured, by name.
    flows : CashFlowBatch
        The cash flows, a series per relationship, in the order of the rows.

    Examples
    --------
    >>> shop = Relationship("shop", "2024-01-05", traits=[Trait("trust", 4, low=1, high=5)])
    >>> RelationshipTable.from_records([shop, Relationship("steel", "2020-03-01", party="supplier")])
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
    _kind: Kind = field(default="dict", alias="kind")

    def __attrs_post_init__(self) -> None:
        ok = np.isfinite(self.start) & ~(self.end < self.start)
        rule, remedy = "start must be known and start <= end must hold", "Leave end empty where it still runs."
        check_rows(ok, rule, remedy, ids=self.ids, start=self.start, end=self.end)
        for name in ("ids", "start", "end", "party", "contractual", "valence", "type"):
            object.__setattr__(self, name, read_only(getattr(self, name)))

    @classmethod
    def from_records(cls, records: Iterable[Relationship | Customer]) -> RelationshipTable:
        """Turn records into columns, in their order; a customer stands for all their relationships.

        Raises
        ------
        DataError
            Some are dated and others in years from now, or an item is neither a `Relationship` nor a `Customer`.
        """
        members = _members(records)
        starts, dated = moments("the starts of relationships", [r.start for r in members])
        flows = CashFlows.from_records([flow for r in members for flow in r.cash_flows])
        _check_same(flows, dated=dated)
        ids, names = names_of([r.id for r in members]), dict.fromkeys(t.name for r in members for t in r.traits)
        return cls(
            ids=ids,
            start=starts,
            end=np.array([_number(r.end) for r in members], dtype=np.float64),
            dated=dated,
            party=np.array([r.party for r in members], dtype=np.str_),
            contractual=np.array([np.nan if r.contractual is None else r.contractual for r in members], np.float64),
            valence=np.array([_VALENCE[r.valence or ""] for r in members], dtype=np.float64),
            type=np.array([r.type or "" for r in members], dtype=np.str_),
            traits={name: _measured([r.trait(name) for r in members]) for name in names},
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
        traits: Mapping[str, Scale] | None = None,
        flows: Any = None,  # noqa: ANN401
        flow_id: str = "id",
        flow_amount: str = "amount",
        flow_when: str = "when",
        flow_kind: str | None = None,
    ) -> RelationshipTable:
        """Read relationships from a table with a row each, and their cash flows from another.

        Parameters
        ----------
        table : dataframe or mapping
            Of pandas, polars, pyarrow, DuckDB, or a mapping of columns.
        start, id, end, party, contractual, valence, type : str
            Names of its columns; without `party` all are customers. Starts and ends are dates or years from now;
            a relationship without an end still runs. Valences are "positive" and "negative".
        traits : mapping of str to (low, high), optional
            Columns that hold traits, with the scale of each.
        flows : dataframe or mapping, optional
            The cash flows, a row each, with columns named `flow_id` (of the relationship), `flow_amount`,
            `flow_when` and `flow_kind`.

        Raises
        ------
        DataError
            A column is missing, a value breaks a rule, or a cash flow is of no relationship in the table.

        Examples
        --------
        >>> table = {"id": ["a", "b"], "start": ["2020-01-01", "2021-06-01"], "satisfaction": [5, 3]}
        >>> paid = {"id": ["b", "a", "a"], "amount": [10, 20, 30], "when": ["2022-01-01"] * 3}
        >>> scale = {"satisfaction": (1, 5)}
        >>> rows = RelationshipTable.from_table(table, start="start", id="id", traits=scale, flows=paid)
        >>> rows.traits["satisfaction"].normalized, rows.flows[0].amounts
        (array([1. , 0.5]), array([20., 30.]))
        """
        named = {"id": id, "start": start, "end": end, "party": party, "contractual": contractual}
        columns = _read_rows(table, {**named, "valence": valence, "type": type}, traits or {})
        named_flows = {"id": flow_id, "amount": flow_amount, "when": flow_when, "kind": flow_kind}
        held = _read_flows(flows, named_flows, columns["ids"], dated=columns["dated"])
        return cls(**columns, flows=held, kind=kind_of(table))

    def records(self) -> list[Relationship]:
        """The relationships as records, in their order."""
        valences = {value: name or None for name, value in _VALENCE.items()}
        starts, ends = self._whens(self.start), self._whens(self.end)
        return [
            Relationship(
                id=name,
                start=_moment(starts[i]),
                end=None if np.isnan(self.end[i]) else _moment(ends[i]),
                cash_flows=_flow_records(self.flows[i]),
                party=str(self.party[i]),
                contractual=None if np.isnan(self.contractual[i]) else bool(self.contractual[i]),
                valence=valences[float(self.valence[i])],
                type=str(self.type[i]) or None,
                traits=[
                    Trait(trait, float(one.value[i]), low=float(one.low[i]), high=float(one.high[i]))
                    for trait, one in self.traits.items()
                    if not np.isnan(one.value[i])
                ],
            )
            for i, name in enumerate(self.ids.tolist())
        ]

    def table(self, **columns: ArrayLike) -> Any:  # noqa: ANN401 (the caller's own kind of dataframe)
        """One row per relationship in the kind of dataframe that it came in (a mapping for records).

        Columns: id, party, start, end, contractual, valence, type, the traits, and those given by name.
        """
        valences = np.array(["negative", "", "positive"])[self.valence.astype(np.intp) + 1]
        known = {"id": self.ids, "party": self.party, "start": self._whens(self.start), "end": self._whens(self.end)}
        known |= {"contractual": self.contractual, "valence": valences, "type": self.type}
        traits = {name: trait.value for name, trait in self.traits.items()}
        more = {name: np.asarray(column) for name, column in columns.items()}
        return to_kind({**known, **traits, **more}, self._kind)

    def to_json(self) -> str:
        """The relationships as JSON: a list of what `Relationship.to_json` writes."""
        return f"[{', '.join(record.to_json() for record in self.records())}]"

    @classmethod
    def from_json(cls, text: str) -> RelationshipTable:
        """The relationships that `to_json` wrote."""
        return cls.from_records([Relationship.from_json(json.dumps(record)) for record in json.loads(text)])

    def age(self, as_of: DateLike | None = None) -> Array:
        """Years from the start of each relationship to its end, or to `as_of` where it still runs; 0 before the start.

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
        """`as_of` in the unit of the columns: days since 1970-01-01, or 0 (now) for years from now."""
        if not self.dated:
            if as_of is not None:
                raise ParameterError("as_of must be left out: these relationships are in years from now")
            return 0.0
        if as_of is None or not is_dated(as_of):
            raise ParameterError(f"as_of must be a date such as '2024-12-31' for dated relationships; got {as_of!r}")
        return days_since_epoch(as_of)

    def flow_sums(self, values: ArrayLike, where: ArrayLike = True) -> Array:
        """Sum over each relationship's cash flows of `values`, one per flow, of those flows that `where` selects."""
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

    def _whens(self, times: Array) -> NDArray[Any]:
        """Times as dates, of whole days where all are, or as years from now."""
        if not self.dated:
            return times
        known = np.where(np.isnan(times), 0.0, times)
        dates = as_ticks(known)
        whole = dates.astype("datetime64[D]") if (known == np.floor(known)).all() else dates
        return np.where(np.isnan(times), np.datetime64("NaT"), whole)


RelationshipTableLike: TypeAlias = RelationshipTable | Iterable[Relationship | Customer]
"""Relationships as columns, or as records, of customers or alone."""


def as_relationships(value: RelationshipTableLike) -> RelationshipTable:
    """Return columns as they are, and records as columns."""
    return value if isinstance(value, RelationshipTable) else RelationshipTable.from_records(value)


# -- Records ----------------------------------------------------------------------------------------------------------


def _members(records: Iterable[Relationship | Customer]) -> list[Relationship]:
    """The relationships of records, those of customers in their order."""
    if not isinstance(records, Iterable):
        raise DataError(f"relationships must be records or a RelationshipTable; got a {type(records).__name__}")
    members: list[Relationship] = []
    for item in records:
        if isinstance(item, Customer):
            members += item.relationships
        elif isinstance(item, Relationship):
            members.append(item)
        else:
            raise DataError(
                f"relationships must be Relationship or Customer objects; got {item!r}. Read a table with "
                "RelationshipTable.from_table."
            )
    return members


def _measured(traits: list[Trait | None]) -> Measured:
    rows = [(np.nan, 0.0, 1.0) if t is None else (t.value, t.low, t.high) for t in traits]
    return Measured(*np.array(rows, dtype=np.float64).reshape(-1, 3).T)


def _number(moment: Any) -> float:  # noqa: ANN401 (a date, a float or None)
    """Days since 1970-01-01 of a date, years from now as they are, NaN for none."""
    if moment is None:
        return np.nan
    return days_since_epoch(moment) if is_dated(moment) else float(moment)


def _flow_records(flows: CashFlows) -> list[CashFlow]:
    kinds = ["purchase"] * len(flows) if flows.kinds is None else flows.kinds.tolist()
    return [CashFlow(*parts) for parts in zip(flows.amounts.tolist(), map(_moment, flows.when), kinds, strict=True)]


def _moment(when: Any) -> Any:  # noqa: ANN401 (a datetime64 or a number)
    """A date where it is midnight, else the time as it is."""
    if not isinstance(when, np.datetime64):
        return float(when)
    day = when.astype("datetime64[D]")
    return day.item() if day == when else when


def _check_same(flows: CashFlows, *, dated: bool) -> None:
    if len(flows) and flows.dated is not dated:
        raise DataError("relationships and cash flows must all have dates, or all be in years from now")


# -- Tables -----------------------------------------------------------------------------------------------------------


def _read_rows(table: Any, named: Mapping[str, str | None], scales: Mapping[str, Scale]) -> dict[str, Any]:  # noqa: ANN401
    """The columns of `RelationshipTable`, without cash flows."""
    wanted = {part: name for part, name in named.items() if name is not None}
    columns = read_columns(table, [*wanted.values(), *scales])
    read, traits = dict(zip(wanted, columns, strict=False)), dict(zip(scales, columns[len(wanted) :], strict=True))
    start, dated = _times("start", read["start"])
    n = len(start)
    end, ends_dated = _times("end", read["end"]) if "end" in read else (np.full(n, np.nan), dated)
    if ends_dated is not dated and not np.isnan(end).all():
        raise DataError("start and end must both be dates, or both years from now")
    ids = column_values(read["id"]) if "id" in read else np.arange(n)
    return {
        "ids": ids,
        "start": start,
        "end": end,
        "dated": dated,
        "party": _texts(read["party"], "customer") if "party" in read else np.full(n, "customer"),
        "contractual": _flags(read["contractual"]) if "contractual" in read else np.full(n, np.nan),
        "valence": _valences(read["valence"]) if "valence" in read else np.zeros(n),
        "type": _texts(read["type"], "") if "type" in read else np.full(n, ""),
        "traits": {name: _trait(name, column, scales[name], ids) for name, column in traits.items()},
    }


def _read_flows(flows: Any, named: Mapping[str, str | None], ids: NDArray[Any], *, dated: bool) -> CashFlowBatch:  # noqa: ANN401
    """Cash flows, a series per relationship, in the order of `ids`."""
    if flows is None:
        return CashFlowBatch(CashFlows([], []), np.zeros(len(ids) + 1, dtype=np.intp), ids)
    wanted = {part: name for part, name in named.items() if name is not None}
    read = dict(zip(wanted, read_columns(flows, list(wanted.values())), strict=True))
    rows = _rows_of(column_values(read["id"]), ids)
    times, flows_dated = _times("when", read["when"])
    order = np.argsort(rows, kind="stable")
    when: Any = as_ticks(times) if flows_dated else times
    kinds = _texts(read["kind"], "purchase")[order] if "kind" in read else None
    columns = CashFlows(numbers("amount", column_values(read["amount"]))[order], when[order], kinds)
    _check_same(columns, dated=dated)
    return CashFlowBatch(columns, np.append(0, np.cumsum(np.bincount(rows, minlength=len(ids)))), ids)


def _rows_of(keys: NDArray[Any], ids: NDArray[Any]) -> Ints:
    """The row of each key among the ids."""
    rows, known = positions(keys, ids)
    if len(set(ids.tolist())) < len(ids):
        raise DataError("every relationship must have an own id, so that cash flows find theirs; some are there twice")
    if (lost := ~known).any():
        raise DataError(
            f"every cash flow must be of a relationship in the table; {lost.sum()} of {len(keys)} are not, first: "
            f"{keys[lost].tolist()[0]!r}. Name the table's column of ids with id=, add the relationship, or leave the "
            "flow out."
        )
    return rows


def _times(name: str, column: Column) -> tuple[Array, bool]:
    """Days since 1970-01-01 or years from now, NaN where missing; and whether they are days."""
    if column.codes is not None:
        days = np.array([days_since_epoch(value) for value in column.values], dtype=np.float64)
        return np.append(days, np.nan)[column.codes], True
    values, dated = column.values, column.values.dtype.kind == "M"
    if not dated and values.dtype.kind not in "iuf":
        raise DataError(f"{name} must hold dates or years from now; got values of type {values.dtype}")
    times = (values - EPOCH) / DAY if dated else values.astype(np.float64)
    return np.where(column.absent, np.nan, times), dated


def _texts(column: Column, default: str) -> NDArray[np.str_]:
    if column.codes is None:
        return np.array([default if value is None else str(value) for value in column_values(column).tolist()])
    names = np.array([*(str(value) for value in column.values), default], dtype=np.str_)
    return names[column.codes]


def _numbers(name: str, column: Column) -> Array:
    """Numbers, NaN where missing."""
    values = np.asarray(column_values(column))
    if values.dtype.kind == "O":
        values = np.array([np.nan if value is None else value for value in values.tolist()], dtype=object)
    return np.where(column.absent, np.nan, numbers(name, values))


def _flags(column: Column) -> Array:
    flags = _numbers("contractual", column)
    ok = np.isnan(flags) | (flags == 0) | (flags == 1)
    check_rows(ok, "contractual must be true, false or empty", "Write 1 or 0.", contractual=flags)
    return flags


def _valences(column: Column) -> Array:
    names = _texts(column, "")
    unknown = ~np.isin(names, list(_VALENCE))
    if unknown.any():
        raise DataError(
            f"valence must be 'positive', 'negative' or empty; {unknown.sum()} of {len(names)} are not, first: "
            f"{str(names[unknown][0])!r}"
        )
    return np.select([names == name for name in _VALENCE], list(_VALENCE.values()))


def _trait(name: str, column: Column, scale: Scale, ids: NDArray[Any]) -> Measured:
    low, high = float(scale[0]), float(scale[1])
    if not low < high:
        raise DataError(f"the scale of trait {name!r} must rise: low < high; got {scale}")
    value = _numbers(name, column)
    inside = np.isnan(value) | ((value >= low) & (value <= high))
    rule, remedy = f"{name} must lie on its scale, from {low:g} to {high:g}", "Correct it, or declare its own scale."
    check_rows(inside, rule, remedy, ids=ids, **{name: value})
    return Measured(value, np.full(len(value), low), np.full(len(value), high))
