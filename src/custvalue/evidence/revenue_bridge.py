"""Revenue bridges: what became of recurring revenue from one period to another, and the rates that follow."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np
from attrs import field, frozen

from custvalue._arguments import whole_number
from custvalue._columns import check_rows, numbers, owned, same, sealed
from custvalue._typing import Array, ArrayLike, Bools, Ints, NDArray
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.logs.kinds import Kind, to_kind
from custvalue.evidence.logs.options import PeriodOptions
from custvalue.evidence.logs.reading import open_periods
from custvalue.units import Unit, as_unit

_AMOUNTS = ("opening", "new", "reactivated", "expansion", "contraction", "churned", "closing")
_COUNTS = tuple(f"{name}_customers" for name in ("opening", "new", "reactivated", "churned", "closing"))
_ROUNDING = 1e-12
"""Below this share of the largest revenue a sum of payments and refunds is 0."""


@frozen(repr=False, kw_only=True)
class RevenueBridge:
    """From the revenue of one period to that of a later one: who came, grew, shrank and left. It adds up.

    opening + new + reactivated + expansion - contraction - churned = closing, each >= 0, and likewise for customers:
    opening + new + reactivated - churned = closing. A customer is one with revenue > 0 in the period. One value per
    closing period; made by `from_transactions` or `from_revenue`.

    Attributes
    ----------
    opening, closing : array, shape (periods,)
        Revenue of the opening period, `over` periods before, and of the closing period.
    new : array
        Closing revenue of customers whose first revenue came after the opening period.
    reactivated : array
        Closing revenue of customers with none in the opening period but some before it.
    expansion, contraction : array
        By how much customers of both periods pay more, and less.
    churned : array
        Opening revenue of customers without any in the closing period.
    opening_customers, new_customers, reactivated_customers, churned_customers, closing_customers : array
        Their numbers.
    labels : array
        The closing periods: their first days, or the numbers of the columns.
    over : int
        How many periods lie between opening and closing: 1, or 12 months for rates by the year.
    unit : {"year", "quarter", "month", "week", "day"}
        The period.
    kind : str
        The kind of dataframe that `table` answers in.

    Notes
    -----
    Over several periods, who comes and goes between opening and closing appears in neither; who leaves and comes back
    is there in both. That is how yearly net revenue retention is defined; monthly ones do not multiply up to it.

    Examples
    --------
    >>> bridge = RevenueBridge.from_revenue([[100, 120], [50, 40], [30, 0], [0, 25]], unit="month")
    >>> bridge.net_revenue_retention, bridge.gross_revenue_retention, bridge.logo_churn
    (array([0.88888889]), array([0.77777778]), array([0.33333333]))
    """

    opening: Array = field(eq=same)
    new: Array = field(eq=same)
    reactivated: Array = field(eq=same)
    expansion: Array = field(eq=same)
    contraction: Array = field(eq=same)
    churned: Array = field(eq=same)
    closing: Array = field(eq=same)
    opening_customers: Array = field(eq=same)
    new_customers: Array = field(eq=same)
    reactivated_customers: Array = field(eq=same)
    churned_customers: Array = field(eq=same)
    closing_customers: Array = field(eq=same)
    labels: NDArray[Any] = field(eq=same)
    over: int
    unit: Unit = field(converter=as_unit)
    kind: Kind = field(default="dict", eq=False)

    @classmethod
    def from_transactions(
        cls,
        log: Any,  # noqa: ANN401 (any dataframe, path or mapping)
        *,
        unit: Unit,
        over: int = 1,
        **options: Unpack[PeriodOptions],
    ) -> RevenueBridge:
        """Take revenue per customer and calendar period from a log: of payments, invoices, or monthly revenue (MRR).

        Only complete periods count, as in `Cohorts.from_transactions`, whose arguments these are, but that `amount` is
        "amount" by default. Revenue is what was paid in the period: spread yearly payments over their months first, or
        use unit="year".

        Raises
        ------
        DataError, ParameterError
            As in `RFM.from_transactions`; the net revenue of a customer in a period is negative; or there are not
            more than `over` complete periods.
        """
        opened = open_periods(log, unit, {"amount": "amount", **options})
        cells = opened.periods()
        if cells.spend is None:
            raise ParameterError("amount must name the column of revenue; got None")
        spend = np.where(abs(cells.spend) <= _ROUNDING * cells.spend.max(), 0.0, cells.spend)
        wrong = np.flatnonzero(spend < 0)
        if len(wrong):
            shown = {"period": cells.first_days(cells.period[wrong]).astype(str), "revenue": spend[wrong]}
            rule = "revenue of a customer in a period must be >= 0, net of refunds"
            remedy = "Date refunds as what they refund, leave them out with refunds='drop', or use longer periods."
            check_rows(np.zeros(len(wrong), dtype=bool), rule, remedy, ids=cells.ids[cells.owner[wrong]], **shown)
        begin = int(cells.first.min())
        periods = np.arange(begin, cells.last + 1)
        rows = cells.owner, cells.period - begin, spend
        return _bridge(*rows, labels=cells.first_days(periods), over=over, unit=unit, kind=opened.kind)

    @classmethod
    def from_revenue(
        cls, revenue: ArrayLike, *, unit: Unit, over: int = 1, labels: ArrayLike | None = None
    ) -> RevenueBridge:
        """Take a matrix of revenue: one row per customer, one column per period, 0 where there is none.

        Raises
        ------
        DataError
            A revenue is negative or missing, there are not more than `over` columns, or labels are not one per column.
        """
        matrix = numbers("revenue", revenue)
        if matrix.ndim != 2:
            raise DataError(f"revenue must have a row per customer and a column per period; got shape {matrix.shape}")
        good = np.isfinite(matrix) & (matrix >= 0)
        check_rows(np.asarray(good.all(axis=1)), "revenue must be finite and >= 0", "Use 0 where there is none.")
        names = np.arange(matrix.shape[1]) if labels is None else owned(np.asarray(labels), labels)
        if names.shape != matrix.shape[1:]:
            raise DataError(f"labels must be one per column: {matrix.shape[1]}; got shape {names.shape}")
        owner, column = np.nonzero(matrix)
        return _bridge(owner, column, matrix[owner, column], labels=names, over=over, unit=unit)

    @property
    def net_revenue_retention(self) -> Array:
        """NRR: what the customers of the opening period pay in the closing one, as a share of what they paid.

        (opening + expansion - contraction - churned) / opening; new and reactivated customers do not count. NaN where
        there was no revenue to retain.
        """
        return _ratio(self.opening + self.expansion - self.contraction - self.churned, self.opening)

    @property
    def gross_revenue_retention(self) -> Array:
        """GRR: the same without expansion, (opening - contraction - churned) / opening; at most 1."""
        return _ratio(self.opening - self.contraction - self.churned, self.opening)

    @property
    def revenue_churn(self) -> Array:
        """Gross revenue churn: 1 - GRR, the share of opening revenue lost to leaving and to paying less."""
        return _ratio(self.contraction + self.churned, self.opening)

    @property
    def logo_churn(self) -> Array:
        """Share of the opening period's customers who are none in the closing one, each counting once."""
        return _ratio(self.churned_customers, self.opening_customers)

    @property
    def quick_ratio(self) -> Array:
        """Revenue won per revenue lost: (new + reactivated + expansion) / (contraction + churned).

        Infinite where some is won and none lost, NaN where neither.
        """
        won, lost = self.new + self.reactivated + self.expansion, self.contraction + self.churned
        return np.where((lost == 0) & (won > 0), np.inf, _ratio(won, lost))

    def table(self) -> Any:  # noqa: ANN401 (the caller's own kind of dataframe)
        """One row per closing period, in the kind of dataframe that the log came in (else a dict).

        Columns: period (its label), the amounts and numbers of customers, and the rates.
        """
        rates = ("net_revenue_retention", "gross_revenue_retention", "revenue_churn", "logo_churn", "quick_ratio")
        columns = {name: getattr(self, name) for name in (*_AMOUNTS, *_COUNTS, *rates)}
        return to_kind({"period": self.labels, **columns}, self.kind)

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return (
            f"RevenueBridge of {len(self)} {self.unit}s, {self.labels[0]} to {self.labels[-1]}, over {self.over}: "
            f"revenue from {self.opening[0]:,.6g} to {self.closing[-1]:,.6g}"
        )


def _ratio(above: Array, below: Array) -> Array:
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0))


def _bridge(
    owner: Ints,
    period: Ints,
    revenue: Array,
    *,
    labels: NDArray[Any],
    over: int,
    unit: Unit,
    kind: Kind = "dict",
) -> RevenueBridge:
    """The bridge of revenue by customer and period (0 to the number of labels), in their order."""
    periods = len(labels)
    if periods <= (over := whole_number("over", over)):
        raise DataError(
            f"a bridge over {over} {unit}s needs more complete {unit}s than that; there are {periods}. Observe for "
            "longer, choose a shorter period, or a smaller over."
        )
    some = revenue > 0
    owner, period, revenue = owner[some], period[some], revenue[some]
    before, stays_on = _earlier(owner, period, revenue, over, periods)
    stayed, opens, closes = before > 0, period < periods - over, period >= over
    came = closes & ~stayed
    begun = _first(owner, period) > period - over
    of_closing = {"closing": closes, "new": came & begun, "reactivated": came & ~begun}
    of_opening = {"opening": opens, "churned": opens & ~stays_on}
    columns = {}
    for kinds, when in ((of_closing, period), (of_opening, period + over)):
        for name, rows in kinds.items():
            columns[name] = np.bincount(when[rows], revenue[rows], periods)
            columns[f"{name}_customers"] = np.bincount(when[rows], minlength=periods)
    change = np.where(stayed, revenue - before, 0.0)
    columns["expansion"] = np.bincount(period, np.maximum(change, 0.0), periods)
    columns["contraction"] = np.bincount(period, np.maximum(-change, 0.0), periods)
    found = {name: sealed(column[over:].astype(np.float64)) for name, column in columns.items()}
    return RevenueBridge(**found, labels=sealed(labels[over:]), over=over, unit=unit, kind=kind)


def _earlier(owner: Ints, period: Ints, revenue: Array, over: int, periods: int) -> tuple[Array, Bools]:
    """Each customer's revenue `over` periods before, 0 where there was none; and whether some is as long after."""
    key = owner * (periods + over) + period
    at = np.searchsorted(key, key - over)
    found: Bools = key[at] == key - over
    stays_on = np.zeros(len(key), dtype=bool)
    stays_on[at[found]] = True
    return np.where(found, revenue[at], 0.0), stays_on


def _first(owner: Ints, period: Ints) -> Ints:
    """The first period of each row's customer."""
    first = np.ones(len(owner), dtype=bool)
    first[1:] = owner[1:] != owner[:-1]
    return np.asarray(period[first][np.cumsum(first) - 1])
