"""Portfolio: relationships by kind, valence and value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from attrs import evolve, field, frozen
from attrs.converters import optional

from custvalue._arguments import one_of
from custvalue._columns import check_rows, numbers, read_only
from custvalue._results import Rows
from custvalue._typing import Array, ArrayLike, Ints, NDArray
from custvalue.discounting.present_value import present_value
from custvalue.discounting.rate import Rate
from custvalue.errors import DataError, ParameterError
from custvalue.records.time import DateLike
from custvalue.relationships.relationships import RelationshipTableLike, as_relationships
from custvalue.relationships.satisfaction_grid import quadrants
from custvalue.units import per_year
from custvalue.value import concentration
from custvalue.value.valuation import Valuation

STRATEGIES: Final[Mapping[str, Mapping[str, str]]] = {
    "quadrant": {
        "true friend": "keep and delight: contact steadily, not too often; reward loyalty in feeling and in deed",
        "butterfly": "enjoy while it lasts: make the sale, then stop investing once they go",
        "barnacle": "see whether the wallet or its share is small: sell more, or cut the cost to serve",
        "stranger": "make no investment: profit on every transaction, or let go",
    },
    "matrix": {
        "positive, profitable": "protect: these are the asset",
        "positive, unprofitable": "reprice, or serve at lower cost; they speak well of the firm",
        "negative, profitable": "mend before a competitor offers a way out",
        "negative, unprofitable": "mend cheaply, or end with care",
        "unknown, profitable": "ask how they see the relationship",
        "unknown, unprofitable": "find out the cause before acting",
    },
}
"""Strategy for each cell: quadrants after Reinartz & Kumar (2002, as cited, from memory), the matrix in our own words.

A table to replace: `Portfolio.strategy` takes any such mapping.
"""


def _as_numbers(values: ArrayLike) -> Array:
    return read_only(numbers("value, duration and valence", values).ravel())


def _as_column(values: ArrayLike) -> NDArray[Any]:
    return read_only(np.asarray(values))


def _as_columns(values: Mapping[str, ArrayLike]) -> dict[str, NDArray[Any]]:
    return {name: _as_column(column) for name, column in values.items()}


@frozen(eq=False)
class Groups(Rows):
    """Relationships counted and summed by label: one row per label, by falling total.

    Attributes
    ----------
    label, count, total, mean : array, shape (groups,)
        Label, number of relationships, and sum and mean of their values.
    share : array, shape (groups,)
        Of the portfolio's total; NaN where that is 0.
    """

    label: NDArray[np.str_] = field(converter=np.asarray)
    count: NDArray[np.int64] = field(converter=np.asarray)
    total: Array = field(converter=np.asarray)
    mean: Array = field(converter=np.asarray)
    share: Array = field(converter=np.asarray)

    def __str__(self) -> str:
        width = max([len(label) for label in self.label.tolist()], default=0)
        rows = zip(self.label.tolist(), self.count.tolist(), self.total.tolist(), self.share.tolist(), strict=True)
        return "\n".join(
            f"{label:<{width}}{count:>10,}{total:>18,.2f}{share:>9.1%}" for label, count, total, share in rows
        )


@frozen(eq=False, repr=False)
class Portfolio(Rows):
    """Relationships and their values, to be managed together.

    Parameters
    ----------
    value : array_like, shape (n,)
        Value of each relationship; negative where it costs more than it brings.
    duration : array_like, shape (n,), optional
        Years that each has lasted, or is expected to last.
    valence : array_like, shape (n,), optional
        1 positive, -1 negative, 0 not known.
    labels : mapping of str to array_like, optional
        Other properties of each: party, type, segment, region, ...
    ids : array_like, shape (n,), optional

    Raises
    ------
    DataError
        A value is missing, or lengths differ.

    Examples
    --------
    >>> parties = {"party": ["a", "a", "b"]}
    >>> book = Portfolio([120.0, -30.0, 60.0], duration=[5, 4, 1], valence=[1, 1, -1], labels=parties)
    >>> print(book.by("party"))
    a         2             90.00    60.0%
    b         1             60.00    40.0%
    >>> book.quadrants(profit_cut=0, duration_cut=3).tolist()
    ['true friend', 'barnacle', 'butterfly']
    """

    value: Array = field(converter=_as_numbers)
    duration: Array | None = field(default=None, converter=optional(_as_numbers), kw_only=True)
    valence: Array | None = field(default=None, converter=optional(_as_numbers), kw_only=True)
    labels: Mapping[str, NDArray[Any]] = field(factory=dict, converter=_as_columns, kw_only=True)
    ids: NDArray[Any] | None = field(default=None, converter=optional(_as_column), kw_only=True)

    def __attrs_post_init__(self) -> None:
        columns = {"duration": self.duration, "valence": self.valence, "ids": self.ids, **self.labels}
        for name, column in columns.items():
            if column is not None and column.shape != self.value.shape:
                raise DataError(f"{name} must have one value per relationship, {len(self)}; got shape {column.shape}")
        check_rows(np.isfinite(self.value), "values must be finite", "Leave the relationship out.", value=self.value)
        if self.duration is not None:
            remedy = "Leave the relationship out, or durations."
            check_rows(np.isfinite(self.duration), "durations must be finite", remedy, duration=self.duration)

    @classmethod
    def from_relationships(
        cls,
        relationships: RelationshipTableLike,
        *,
        rate: Rate | None = None,
        value: ArrayLike | None = None,
        as_of: DateLike | None = None,
    ) -> Portfolio:
        """Relationships at the present value of their cash flows, past ones compounded, or at given values.

        Parameters
        ----------
        relationships : RelationshipTable, or records
        rate : Rate, optional
            Of discount; needed unless `value` is given.
        value : array_like, shape (n,), optional
            Value of each relationship, from a model or an appraisal.
        as_of : date, optional
            Day of valuation, up to which durations run; required for dated relationships.

        Raises
        ------
        ParameterError
            Neither or both of `rate` and `value` are given.
        """
        rows = as_relationships(relationships)
        if rate is not None and value is None:
            value = present_value(rate, rows.flows, as_of=as_of if rows.flows.flows.dated else None)
        elif value is None or rate is not None:
            raise ParameterError(
                "rate, at which cash flows are valued, or value, of each relationship, must be given: one of the two"
            )
        labels = {"party": rows.party, "type": np.where(rows.type == "", "not named", rows.type)}
        return cls(value, duration=rows.age(as_of), valence=rows.valence, labels=labels, ids=rows.ids)

    @classmethod
    def from_valuation(cls, valuation: Valuation, **labels: ArrayLike) -> Portfolio:
        """The customers of a log at their customer lifetime values; duration is their age in years."""
        years = valuation.rfm.T / per_year(valuation.rfm.unit)
        named = {"party": np.full(len(years), "customer"), **{name: np.asarray(v) for name, v in labels.items()}}
        return cls(valuation.clv, duration=years, labels=named, ids=valuation.rfm.ids)

    @property
    def total(self) -> float:
        """The sum of all values."""
        return float(self.value.sum())

    def by(self, *labels: str) -> Groups:
        """Number and value of relationships by label, or by several labels; "valence" and "profit" are labels too."""
        if not labels:
            raise ParameterError(f"labels must name at least one of {', '.join(self._label_names())}")
        return self._groups(*_cells([self._label(name) for name in labels]))

    def matrix(self) -> Groups:
        """The relationships by valence and profit: positive or negative, profitable (value > 0) or not."""
        return self.by("valence", "profit")

    def quadrants(self, *, profit_cut: float | None = None, duration_cut: float | None = None) -> NDArray[np.str_]:
        """Classify relationships by profitability and duration (Reinartz & Kumar 2002).

        True friends reach both cuts, butterflies that of profit alone, barnacles that of duration alone, strangers
        neither. The medians are the default cuts.
        """
        if self.duration is None:
            raise DataError("quadrants need durations; give duration= when making the portfolio")
        names = ("stranger", "barnacle", "butterfly", "true friend")
        return quadrants(names, self.value, profit_cut, self.duration, duration_cut)

    def with_label(self, name: str, values: ArrayLike) -> Portfolio:
        """The portfolio with one more label: segments, quadrants, RFM cells."""
        return evolve(self, labels={**self.labels, name: np.asarray(values)})

    def strategy(self, labels: ArrayLike | str = "matrix", table: Mapping[str, str] | None = None) -> NDArray[np.str_]:
        """Strategy for each relationship: the table's line for its label.

        Parameters
        ----------
        labels : str or array_like
            "matrix", or the label of each, such as `quadrants` gives.
        table : mapping of str to str, optional
            Strategy by label; by default the table of `STRATEGIES` that knows all the labels.

        Raises
        ------
        ParameterError
            The table has no line for a label.
        """
        names = np.asarray(labels)
        if isinstance(labels, str):
            one_of("labels", labels, ("matrix",), "Or give the label of each relationship.")
            cells, index = _cells([self._label("valence"), self._label("profit")])
            names = cells[index]
        known = np.unique(names).tolist()
        lines = table if table is not None else next((t for t in STRATEGIES.values() if set(known) <= set(t)), {})
        missing = [name for name in known if name not in lines]
        if missing:
            raise ParameterError(
                f"table must have a line for every label; there is none for {', '.join(map(repr, missing))}"
            )
        return np.array([lines[name] for name in names.tolist()])

    def whale_curve(self) -> concentration.Curve:
        """Cumulative value, most valuable first, in shares of the total."""
        return concentration.whale_curve(self.value)

    def top_share(self, share: float = 0.1) -> float:
        """Share of the total that the most valuable `share` of relationships hold."""
        return concentration.top_share(self.value, share)

    def unprofitable(self) -> concentration.Unprofitable:
        """The relationships that cost more than they bring, and what they cost."""
        return concentration.unprofitable(self.value)

    def table(self) -> dict[str, NDArray[Any]]:
        """One row per relationship: id, value, duration and valence, where known, and the labels."""
        known = {"id": self.ids, "value": self.value, "duration": self.duration, "valence": self.valence}
        return {name: column for name, column in known.items() if column is not None} | dict(self.labels)

    def __len__(self) -> int:
        return len(self.value)

    def __repr__(self) -> str:
        losing = int((self.value < 0).sum())
        return f"Portfolio of {len(self):,} relationships worth {self.total:,.2f}; {losing:,} cost more than they bring"

    def _label_names(self) -> Sequence[str]:
        own = ["profit"] if self.valence is None else ["profit", "valence"]
        return [*self.labels, *own]

    def _label(self, name: str) -> NDArray[np.str_]:
        if name in self.labels:
            return self.labels[name] if self.labels[name].dtype.kind == "U" else self.labels[name].astype(np.str_)
        if name == "profit":
            return np.where(self.value > 0, "profitable", "unprofitable")
        if name == "valence" and self.valence is not None:
            return np.where(self.valence > 0, "positive", np.where(self.valence < 0, "negative", "unknown"))
        raise DataError(f"the portfolio has no label {name!r}; it has {', '.join(self._label_names())}")

    def _groups(self, names: NDArray[np.str_], code: Ints) -> Groups:
        count = np.bincount(code, minlength=len(names))
        total = np.bincount(code, weights=self.value, minlength=len(names)).astype(np.float64)
        order = np.argsort(-total, kind="stable")
        share = total / self.total if self.total else np.full(len(names), np.nan)
        return Groups(names[order], count[order], total[order], (total / count)[order], share[order])


def _cells(labels: Sequence[NDArray[Any]]) -> tuple[NDArray[np.str_], Ints]:
    """The combinations of labels that occur, joined by commas, and the index of each relationship's."""
    codes = [_factor(label) for label in labels]
    sizes = [len(names) for names, _ in codes]
    cell = np.ravel_multi_index(tuple(code for _, code in codes), sizes) if len(codes[0][1]) else np.zeros(0, np.intp)
    present, index = np.unique(cell, return_inverse=True)
    parts = np.unravel_index(present, sizes)
    texts = [", ".join(str(codes[k][0][parts[k][i]]) for k in range(len(codes))) for i in range(len(present))]
    return np.array(texts, dtype=np.str_), index


def _factor(labels: NDArray[Any]) -> tuple[NDArray[np.str_], Ints]:
    """The distinct labels, sorted, and the index of each relationship's: np.unique would sort all of them."""
    items = labels.tolist()
    names = sorted(dict.fromkeys(items))
    place = {name: i for i, name in enumerate(names)}
    return np.array(names, dtype=np.str_), np.fromiter(map(place.__getitem__, items), np.intp, len(items))
