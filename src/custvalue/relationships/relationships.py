"""RelationshipTable: many relationships as columns, from records or tables and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Any, Final, TypeAlias

import numpy as np
from attrs import field, frozen

from custvalue._columns import DAY, check_rows, days_since_epoch, is_dated, moments, names_of, numbers, read_only
from custvalue._typing import Array, ArrayLike, Bools, Ints, NDArray
from custvalue.discounting.cash_flow_batch import CashFlowBatch
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.logs.columns import Column
from custvalue.evidence.logs.reading import read_columns, to_same_kind
from custvalue.evidence.summary_tables import column_values
from custvalue.records.cash_flow import CashFlow, CashFlows
from custvalue.records.customer import Customer
from custvalue.records.relationship import Relationship
from custvalue.records.time import DateLike
from custvalue.records.trait import Trait
from custvalue.units import DAYS_PER_YEAR


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


def members_of(records: Iterable[Relationship | Customer]) -> list[Relationship]:
    """The relationships of records, those of customers in their order."""
    if not isinstance(records, Iterable):
        raise DataError(f"relationships must be records or a Relationships; got a {type(records).__name__}")
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


def measured(traits: list[Trait | None]) -> Measured:
    """One trait of each relationship, None where it was not measured."""
    rows = [(np.nan, 0.0, 1.0) if t is None else (t.value, t.low, t.high) for t in traits]
    value, low, high = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    return Measured(value, low, high)


def number_of(moment: Any) -> float:  # noqa: ANN401 (a date, a float or None)
    """Days since 1970-01-01 of a date, years from now as they are, NaN for none."""
    if moment is None:
        return np.nan
    return days_since_epoch(moment) if is_dated(moment) else float(moment)


def check_same(flows: CashFlows, dated: bool) -> None:
    """Raise DataError unless relationships and cash flows have dates both, or neither."""
    if len(flows) and flows.dated is not dated:
        raise DataError("relationships and cash flows must all have dates, or all be in years from now")


def flow_records(flows: CashFlows) -> list[CashFlow]:
    """Cash flows as records, in their order."""
    kinds = ["purchase"] * len(flows) if flows.kinds is None else flows.kinds.tolist()
    whens = [_moment(when) for when in flows.when]
    return [CashFlow(*parts) for parts in zip(flows.amounts.tolist(), whens, kinds, strict=True)]


def _moment(when: Any) -> Any:  # noqa: ANN401 (a datetime64 or a number)
    """A day where it is midnight, else the time as it is."""
    if not isinstance(when, np.datetime64):
        return float(when)
    day = when.astype("datetime64[D]")
    return day.item() if day == when else when


_VALENCE: Final = {"positive": 1.0, "negative": -1.0, None: 0.0}
_EPOCH: Final = np.datetime64("1970-01-01")


@frozen(eq=False, repr=False)
class RelationshipTable:
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
    def from_records(cls, records: Iterable[Relationship | Customer]) -> RelationshipTable:
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
    ) -> RelationshipTable:
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
        >>> rows = RelationshipTable.from_table(table, start="start", id="id", traits={"satisfaction": (1, 5)}, flows=paid)
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


RelationshipTableLike: TypeAlias = RelationshipTable | Iterable[Relationship | Customer]
"""Relationships as columns, or as records, of customers or alone."""


def as_relationships(value: RelationshipTableLike) -> RelationshipTable:
    """Return columns as they are, and records as columns."""
    return value if isinstance(value, RelationshipTable) else RelationshipTable.from_records(value)


_SIGNS = {"positive": 1.0, "negative": -1.0, "": 0.0}


def read_rows(
    table: Any,  # noqa: ANN401 (any dataframe)
    named: Mapping[str, str | None],
    scales: Mapping[str, tuple[float, float]],
) -> dict[str, Any]:
    """The columns of `RelationshipTable`, without cash flows."""
    wanted = {part: name for part, name in named.items() if name is not None}
    columns = read_columns(table, [*wanted.values(), *scales])
    read = dict(zip(wanted, columns, strict=False))
    start, dated = _times("start", read["start"])
    n = len(start)
    end = np.full(n, np.nan)
    if "end" in read:
        end, ends_dated = _times("end", read["end"])
        if not np.isnan(end).all() and ends_dated is not dated:
            raise DataError("start and end must both be dates, or both years from now")
    ids = column_values(read["id"]) if "id" in read else np.arange(n)
    measured = dict(zip(scales, columns[len(wanted) :], strict=True))
    return {
        "ids": ids,
        "start": start,
        "end": end,
        "dated": dated,
        "party": _texts(read["party"], "customer") if "party" in read else np.full(n, "customer"),
        "contractual": _flags(read["contractual"]) if "contractual" in read else np.full(n, np.nan),
        "valence": _signs(read["valence"]) if "valence" in read else np.zeros(n),
        "type": _texts(read["type"], "") if "type" in read else np.full(n, ""),
        "traits": {name: _trait(name, column, scales[name], ids) for name, column in measured.items()},
    }


def read_flows(
    flows: Any,  # noqa: ANN401 (any dataframe, or None)
    named: Mapping[str, str | None],
    ids: NDArray[Any],
    *,
    dated: bool,
) -> CashFlowBatch:
    """Cash flows, a series per relationship, in the order of `ids`."""
    if flows is None:
        return CashFlowBatch(CashFlows([], []), np.zeros(len(ids) + 1, dtype=np.intp), ids)
    wanted = {part: name for part, name in named.items() if name is not None}
    read = dict(zip(wanted, read_columns(flows, list(wanted.values())), strict=True))
    rows = _rows_of(column_values(read["id"]), ids)
    when, flows_dated = _times("when", read["when"])
    if flows_dated is not dated and len(when):
        raise DataError("relationships and cash flows must all have dates, or all be in years from now")
    order = np.argsort(rows, kind="stable")
    moment: Any = (
        np.datetime64("1970-01-01", "us") + np.rint(when * 86_400e6).astype("timedelta64[us]") if dated else when
    )
    kinds = _texts(read["kind"], "purchase")[order] if "kind" in read else None
    columns = CashFlows(numbers("amount", column_values(read["amount"]))[order], moment[order], kinds)
    return CashFlowBatch(columns, np.append(0, np.cumsum(np.bincount(rows, minlength=len(ids)))), ids)


def _rows_of(keys: NDArray[Any], ids: NDArray[Any]) -> NDArray[np.intp]:
    """The row of each key among the ids."""
    if len(ids) and ids.dtype.kind == "O":
        known = {key: i for i, key in enumerate(ids.tolist())}
        rows = np.array([known.get(key, -1) for key in keys.tolist()], dtype=np.intp)
        found, twice = rows >= 0, len(known) < len(ids)
    else:
        order = np.argsort(ids, kind="stable")
        place = np.minimum(np.searchsorted(ids, keys, sorter=order), max(len(ids) - 1, 0))
        rows = order[place] if len(ids) else np.zeros(len(keys), dtype=np.intp)
        found = ids[rows] == keys if len(ids) else np.zeros(len(keys), dtype=bool)
        twice = len(ids) > 1 and bool((ids[order[1:]] == ids[order[:-1]]).any())
    if twice:
        raise DataError("every relationship must have an own id, so that cash flows find theirs; some are there twice")
    if not np.all(found):
        first = keys[~found].tolist()[0]
        raise DataError(
            f"every cash flow must be of a relationship in the table; {int((~found).sum())} of {len(keys)} are not, "
            f"first: {first!r}. Name the table's column of ids with id=, add the relationship, or leave the flow out."
        )
    return rows


def _times(name: str, column: Column) -> tuple[Array, bool]:
    """Days since 1970-01-01, or years from now; NaN where missing."""
    if column.codes is not None:
        days = np.array([days_since_epoch(value) for value in column.values], dtype=np.float64)
        return np.append(days, np.nan)[column.codes], True
    values = column.values
    if values.dtype.kind == "M":
        days = (values - np.datetime64("1970-01-01")) / DAY
        return np.where(column.absent, np.nan, days), True
    if values.dtype.kind not in "iuf":
        raise DataError(f"{name} must hold dates or years from now; got values of type {values.dtype}")
    return np.where(column.absent, np.nan, values.astype(np.float64)), False


def _texts(column: Column, default: str) -> NDArray[np.str_]:
    if column.codes is None:
        return np.array([default if value is None else str(value) for value in column_values(column).tolist()])
    names = np.array([*(str(value) for value in column.values), default], dtype=np.str_)
    return names[column.codes]


def _flags(column: Column) -> Array:
    flags = _numbers("contractual", column)
    ok = np.isnan(flags) | (flags == 0) | (flags == 1)
    check_rows(ok, "contractual must be true, false or empty", "Write 1 or 0.", contractual=flags)
    return flags


def _numbers(name: str, column: Column) -> Array:
    """Numbers, NaN where missing."""
    values = np.asarray(column_values(column))
    if values.dtype.kind == "O":
        values = np.array([np.nan if value is None else value for value in values.tolist()], dtype=object)
    return np.where(column.absent, np.nan, numbers(name, values))


def _signs(column: Column) -> Array:
    names = _texts(column, "")
    unknown = ~np.isin(names, list(_SIGNS))
    if unknown.any():
        raise DataError(
            f"valence must be 'positive', 'negative' or empty; {int(unknown.sum())} of {len(names)} are not, first: "
            f"{str(names[unknown][0])!r}"
        )
    return np.where(names == "positive", 1.0, np.where(names == "negative", -1.0, 0.0))


def _trait(name: str, column: Column, scale: tuple[float, float], ids: NDArray[Any]) -> Measured:
    low, high = float(scale[0]), float(scale[1])
    if not low < high:
        raise DataError(f"the scale of trait {name!r} must rise: low < high; got {scale}")
    value = _numbers(name, column)
    check_rows(
        np.isnan(value) | ((value >= low) & (value <= high)),
        f"{name} must lie on its scale, from {low:g} to {high:g}",
        "Correct the value, or declare the scale it was measured on.",
        ids=ids,
        **{name: value},
    )
    return Measured(value, np.full(len(value), low), np.full(len(value), high))
