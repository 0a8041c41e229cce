"""Opportunities: what customers did at discrete chances to buy. The evidence for models in discrete time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import cmp_using, field, frozen

from custvalue._columns import check_rows, numbers, read_only
from custvalue._typing import Array, ArrayLike, NDArray
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.distinct import Distinct, distinct
from custvalue.units import DAYS, Unit, as_unit

if TYPE_CHECKING:
    from custvalue.evidence.logs.options import Collapse, Moment, Refunds

_same = cmp_using(eq=np.array_equal)


def _as_x(values: ArrayLike) -> Array:
    return numbers("x", values)


def _as_t_x(values: ArrayLike) -> Array:
    return numbers("t_x", values)


def _as_n(values: ArrayLike) -> Array:
    return numbers("n", values)


def _as_ids(values: ArrayLike | None) -> NDArray[Any] | None:
    return None if values is None else np.asarray(values)


@frozen(repr=False)
class Opportunities:
    """Repeat purchases x, the last opportunity taken t_x, and opportunities so far n, of each customer.

    An opportunity is a chance to buy that comes once per period: a yearly appeal, a weekly market, a monthly renewal.
    They are numbered 1, 2, ..., n from the customer's first purchase, which is at 0 (Fader, Hardie & Shang 2010):

    - `x`: at how many of the n opportunities the customer bought (others call it frequency);
    - `t_x`: the last of them, 0 where x = 0 (others call it recency; it is *not* the number of opportunities since);
    - `n`: how many opportunities there were, x <= t_x <= n.

    Parameters
    ----------
    x, t_x, n : array_like
        Whole numbers; broadcast to one shape, usually one-dimensional with one row per customer.
    ids : array_like, shape (rows,), optional
        The customers' names, any type; used in messages and tables.
    unit : {"year", "quarter", "month", "week", "day"}
        The period between two opportunities; rates of discount convert to it.

    Raises
    ------
    DataError
        A value is missing or not a whole number, x <= t_x <= n does not hold, or t_x is not 0 where x = 0. The message
        names the first rows.

    Examples
    --------
    >>> donors = Opportunities(x=[2, 0], t_x=[4, 0], n=6, ids=["ann", "bob"])
    >>> donors
    Opportunities of 2 customers, yearly: 2 repeat purchases, 1 with none, n from 6 to 6
    >>> donors[donors.x > 0].ids
    array(['ann'], dtype='<U3')
    """

    x: Array = field(converter=_as_x, eq=_same)
    t_x: Array = field(converter=_as_t_x, eq=_same)
    n: Array = field(converter=_as_n, eq=_same)
    ids: NDArray[Any] | None = field(default=None, kw_only=True, converter=_as_ids, eq=_same)
    unit: Unit = field(default="year", kw_only=True, converter=as_unit)
    _distinct: dict[tuple[str, ...], Distinct] = field(factory=dict, init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        x, t_x, n = np.broadcast_arrays(self.x, self.t_x, self.n)
        if self.ids is not None and self.ids.shape != x.shape:
            raise DataError(f"ids must have one name per row: shape {x.shape}, got {self.ids.shape}")
        _check(x, t_x, n, self.ids)
        for name, value in (("x", x), ("t_x", t_x), ("n", n), ("ids", self.ids)):
            object.__setattr__(self, name, None if value is None else read_only(value))

    @classmethod
    def from_transactions(
        cls,
        log: Any,  # noqa: ANN401 (any dataframe, path or mapping)
        *,
        customer: str = "customer_id",
        date: str = "date",
        opportunities: Collapse = "year",
        observed_until: Moment | None = None,
        amount: str | None = None,
        refunds: Refunds = "net",
        first_purchase_from: Moment | None = None,
        timezone: str | None = None,
    ) -> Opportunities:
        """Reduce a transaction log to one row per customer; calendar periods after the first purchase's are chances.

        A customer's first period is 0 and the later ones are opportunities 1, 2, ..., whether anything was bought in
        them or not; all purchases in one period count once. Only complete periods count: a last one that observation
        does not cover to its end is left out with its purchases, and so are customers whose first purchase is in it.

        Parameters
        ----------
        log : dataframe, path or mapping
            One row per purchase or item, of any kind that `RFM.from_transactions` takes.
        customer, date : str
            Names of the columns.
        opportunities : {"year", "quarter", "month", "week", "day"}
            The calendar periods; weeks are 7-day bins counted back from `observed_until`.
        observed_until : date, datetime, datetime64 or ISO text, optional
            End of observation, inclusive; the last date in the log by default. Say it where a period ended without
            a purchase on its last day: a log that ends on 29 December 2023 has a complete 2023 only if this says
            "2023-12-31".
        amount : str, optional
            Name of a column of amounts; it only tells refunds from purchases.
        refunds, first_purchase_from, timezone
            As in `RFM.from_transactions`.

        Returns
        -------
        Opportunities
            In the order of the ids; `unit` is the period.

        Raises
        ------
        DataError
            As in `RFM.from_transactions`; or there is no purchase in a complete period.
        ParameterError
            An option is none of its choices.

        Examples
        --------
        >>> log = {
        ...     "customer_id": ["ann", "ann", "ann", "bob"],
        ...     "date": ["2020-11-02", "2021-03-09", "2021-09-01", "2022-06-30"],
        ... }
        >>> rows = Opportunities.from_transactions(log, observed_until="2023-12-31")
        >>> rows.ids, rows.x, rows.t_x, rows.n
        (array(['ann', 'bob'], dtype='<U3'), array([1., 0.]), array([1., 0.]), array([3., 1.]))
        """
        from custvalue.evidence._calendar import read_opportunities  # noqa: PLC0415 (the readers stand above)
        from custvalue.evidence.logs.options import Terms  # noqa: PLC0415

        if opportunities not in DAYS:
            raise ParameterError(f"opportunities must be one of {', '.join(map(repr, DAYS))}; got {opportunities!r}")
        terms = Terms(
            customer=customer,
            date=date,
            amount=amount,
            unit="day",
            collapse=opportunities,
            refunds=refunds,
            first_purchase_from=first_purchase_from,
            timezone=timezone,
        )
        x, t_x, n, ids = read_opportunities(log, observed_until, terms)
        return cls(x, t_x, n, ids=ids, unit=opportunities)

    @classmethod
    def from_table(
        cls,
        table: Any,  # noqa: ANN401 (any dataframe or mapping)
        *,
        unit: Unit,
        x: str | None = None,
        t_x: str | None = None,
        n: str | None = None,
        weights: str | None = None,
        customer: str | None = None,
    ) -> Opportunities:
        """Take a summary that exists already: one row per customer, or per kind of customer with their number.

        Columns are found by the papers' names (x, t_x, n), BTYD's (x, t.x, n.cal, custs), lifetimes' (frequency,
        recency, periods or n_periods, weights), or by the names given.

        Parameters
        ----------
        table : dataframe or mapping
            Of any kind that `from_transactions` takes, paths excepted; a pandas index can hold the ids.
        unit : {"year", "quarter", "month", "week", "day"}
            The period between two opportunities; the table does not say.
        x, t_x, n, weights, customer : str, optional
            Names of the columns; weights and customer may be absent. Weights are how many customers a row stands for.

        Raises
        ------
        DataError
            A column is not found, or two could be meant; the weights are no whole numbers; or the values break a
            rule of `Opportunities`.

        Examples
        --------
        >>> table = {"frequency": [2, 0], "recency": [4, 0], "periods": [6, 6], "weights": [3, 5]}
        >>> Opportunities.from_table(table, unit="year")
        Opportunities of 8 customers, yearly: 6 repeat purchases, 5 with none, n from 6 to 6
        """
        from custvalue.evidence._calendar import read_weighted  # noqa: PLC0415 (the readers stand above)

        columns = read_weighted(table, {"x": x, "t_x": t_x, "n": n, "weights": weights, "ids": customer})
        return cls(**columns, unit=unit)

    def __len__(self) -> int:
        return self.x.size

    def __getitem__(self, rows: Any) -> Opportunities:  # noqa: ANN401 (whatever NumPy takes)
        """Some of the rows: a boolean mask, a slice or positions, as for an array."""
        ids = None if self.ids is None else self.ids[rows]
        return Opportunities(self.x[rows], self.t_x[rows], self.n[rows], ids=ids, unit=self.unit)

    def __repr__(self) -> str:
        every = "daily" if self.unit == "day" else f"{self.unit}ly"
        if not len(self):
            return f"Opportunities of 0 customers, {every}"
        return (
            f"Opportunities of {len(self):,} customers, {every}: {self.x.sum():,.0f} repeat purchases, "
            f"{int((self.x == 0).sum()):,} with none, n from {self.n.min():.0f} to {self.n.max():.0f}"
        )

    def distinct(self, *names: str) -> Distinct:
        """The distinct rows of the columns named (all of them: ``("x", "t_x", "n")``), in their order; kept."""
        known = self._distinct
        if names not in known:
            known[names] = distinct(*(getattr(self, name).ravel() for name in names))
        return known[names]


def _check(x: Array, t_x: Array, n: Array, ids: NDArray[Any] | None) -> None:
    """Raise DataError unless x, t_x and n are a possible history in every row."""
    shown = {"x": x, "t_x": t_x, "n": n}
    whole = np.isfinite(x) & np.isfinite(t_x) & np.isfinite(n)
    for column in shown.values():
        whole &= np.equal(column, np.floor(column))
    check_rows(
        whole,
        "x, t_x and n must be whole numbers",
        "They count opportunities; for purchases at any time use RFM.",
        ids=ids,
        **shown,
    )
    check_rows(
        (x >= 0) & (x <= t_x) & (t_x <= n),
        "0 <= x <= t_x <= n must hold",
        "t_x is the last opportunity with a purchase, not the number of opportunities since (n - t_x); a customer "
        "buys at most once at each.",
        ids=ids,
        **shown,
    )
    check_rows(
        (t_x == 0) | (x > 0),
        "t_x = 0 must hold where x = 0",
        "The first purchase is at 0 and not counted in x.",
        ids=ids,
        **shown,
    )
