"""RFM: what customers did, as a few columns. The evidence for every model of continuous buying."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import cmp_using, field, frozen

from custvalue._columns import check_rows, numbers, read_only
from custvalue._typing import Array, ArrayLike, NDArray
from custvalue.errors import DataError
from custvalue.evidence.distinct import Distinct, distinct
from custvalue.units import DAYS, Unit, as_unit

if TYPE_CHECKING:
    from custvalue.evidence.logs.options import Collapse, Moment, Refunds
    from custvalue.records.customer import Customer
    from custvalue.records.time import MomentLike


def as_x(values: ArrayLike) -> Array:
    """Repeat purchases as floats."""
    return numbers("x", values)


def as_t_x(values: ArrayLike) -> Array:
    """Times of the last purchase as floats."""
    return numbers("t_x", values)


def as_T(values: ArrayLike) -> Array:
    """Ages as floats."""
    return numbers("T", values)


def as_m(values: ArrayLike | None) -> Array | None:
    """Mean spend as floats, where there is any."""
    return None if values is None else numbers("m", values)


def as_m_count(values: ArrayLike | None) -> Array:
    """Numbers of purchases that m averages; by default as many as x."""
    return _AS_X if values is None else numbers("m_count", values)


def as_log_interpurchase(values: ArrayLike | None) -> Array | None:
    """Sums of logs of times between purchases as floats, where they are known."""
    return None if values is None else numbers("log_interpurchase", values)


def as_ids(values: ArrayLike | None) -> NDArray[Any] | None:
    """Names as an array of any type."""
    return None if values is None else np.asarray(values)


_AS_X = np.array(np.nan)
"""m_count where none is given: as many as x."""


def check_times(x: Array, t_x: Array, T: Array, ids: NDArray[Any] | None) -> None:
    """Raise DataError unless x, t_x and T are a possible history in every row."""
    shown = {"x": x, "t_x": t_x, "T": T}
    finite = np.isfinite(x) & np.isfinite(t_x) & np.isfinite(T)
    check_rows(finite, "x, t_x and T must be finite", "Leave the rows out.", ids=ids, **shown)
    check_rows(
        (x >= 0) & (x == np.floor(x)),
        "x must be a whole number >= 0",
        "x counts repeat purchases (the first is not counted).",
        ids=ids,
        **shown,
    )
    check_rows(
        (t_x >= 0) & (t_x <= T),
        "0 <= t_x <= T must hold",
        "t_x is the time from the first to the last purchase, not the time since the last one (T - t_x).",
        ids=ids,
        **shown,
    )
    check_rows(
        (t_x > 0) == (x > 0),
        "t_x = 0 must hold where x = 0, and t_x > 0 where x > 0",
        "Several purchases at one time count as one (see `collapse` of RFM.from_transactions).",
        ids=ids,
        **shown,
    )


def own_ids(ids: NDArray[Any] | None, shape: tuple[int, ...]) -> NDArray[Any] | None:
    """The names, or DataError where there is not one for each row."""
    if ids is not None and ids.shape != shape:
        raise DataError(f"ids must have one name per row: shape {shape}, got {ids.shape}")
    return ids


def checked_spend(x: Array, m: Array | None, m_count: Array, ids: NDArray[Any] | None) -> tuple[Array | None, Array]:
    """Return m and m_count with the shape of x, or raise DataError; m is 0 where m_count is."""
    count = np.broadcast_to(x if m_count is _AS_X else m_count, x.shape)
    check_rows(
        (count == x) | (count == x + 1),
        "m_count must be x or x + 1",
        "It is the number of purchases that m averages, without or with the first.",
        ids=ids,
        x=x,
        m_count=count,
    )
    if m is None:
        return None, count
    spend = np.where(count > 0, np.broadcast_to(m, x.shape), 0.0)
    check_rows(
        np.isfinite(spend),
        "m must be finite where m_count > 0",
        "Leave out rows without a mean spend.",
        ids=ids,
        m=spend,
        m_count=count,
    )
    return spend, count


def checked_spacing(x: Array, t_x: Array, spacing: Array | None, ids: NDArray[Any] | None) -> Array | None:
    """Return log_interpurchase with the shape of x, 0 where x is 0, or raise DataError."""
    if spacing is None:
        return None
    sums = np.where(x > 0, np.broadcast_to(spacing, x.shape), 0.0)
    most = x * np.log(np.where(x > 0, t_x, 1.0) / np.maximum(x, 1))
    rounding = 0.05 * x + 1e-9 * np.abs(most)
    one = (x != 1) | (np.abs(sums - most) <= rounding)
    check_rows(
        np.isfinite(sums) & (sums <= most + rounding) & one,
        "log_interpurchase must be at most x log(t_x / x), which it is where all purchases are equally far apart",
        "It is the sum of the natural logs of the times between purchases, in the unit of t_x.",
        ids=ids,
        x=x,
        t_x=t_x,
        log_interpurchase=sums,
    )
    return sums


def described(x: Array, T: Array, m: Array | None, m_count: Array, unit: Unit) -> str:
    """An RFM in one line."""
    if not x.size:
        return f"RFM of 0 customers, in {unit}s"
    none = int((x == 0).sum())
    text = (
        f"RFM of {x.size:,} customers, in {unit}s: {x.sum():,.0f} repeat purchases, "
        f"{none:,} with none, T from {T.min():.6g} to {T.max():.6g}"
    )
    if m is None or not m_count.sum():
        return text
    return f"{text}, mean spend {(m * m_count).sum() / m_count.sum():.6g}"


_same = cmp_using(eq=np.array_equal)
_COLUMNS = ("x", "t_x", "T", "m", "m_count", "log_interpurchase", "ids")


@frozen(repr=False)
class RFM:
    """Repeat purchases x, recency t_x, age T and mean spend m of each customer, in one unit of time.

    In the literature's notation (Fader & Hardie), time is counted from the customer's first purchase:

    - `x`: repeat purchases, the first not counted (others call it frequency);
    - `t_x`: time of the last purchase (others call it recency; it is *not* the time since that purchase),
      0 where x = 0;
    - `T`: age, the time from the first purchase to the end of observation, T >= t_x;
    - `m`: mean spend per purchase, over `m_count` purchases.

    Parameters
    ----------
    x, t_x, T : array_like
        Broadcast to one shape; usually one-dimensional, one row per customer.
    m : array_like, optional
        Mean spend per purchase; ignored (and stored as 0) where `m_count` is 0.
    m_count : array_like, optional
        How many purchases `m` averages: x (the default), or x + 1 where the first purchase counts.
    log_interpurchase : array_like, optional
        Sum of the natural logs of the x times between purchases, for models of regular buying; 0 where x = 0.
    ids : array_like, shape (n,), optional
        The customers' names, any type; used in messages and tables.
    unit : {"year", "quarter", "month", "week", "day"}
        The unit of t_x and T; years unless given. Always give it: the numbers do not show it, a model fitted to
        them takes it over, and discounting and horizons in years are converted by it.

    Raises
    ------
    DataError
        0 <= t_x <= T does not hold, x is not a whole number, t_x is not 0 where x = 0 (or is 0 where
        x > 0), log_interpurchase is impossible with x and t_x, or a value is missing. The message names the first rows.

    Examples
    --------
    >>> rfm = RFM(x=[2, 0], t_x=[30.43, 0], T=[38.86, 38.86], m=[22.35, 0], ids=["ann", "bob"], unit="week")
    >>> rfm
    RFM of 2 customers, in weeks: 2 repeat purchases, 1 with none, T from 38.86 to 38.86, mean spend 22.35
    >>> rfm[rfm.x > 0].ids
    array(['ann'], dtype='<U3')
    """

    x: Array = field(converter=as_x, eq=_same)
    t_x: Array = field(converter=as_t_x, eq=_same)
    T: Array = field(converter=as_T, eq=_same)
    m: Array | None = field(default=None, converter=as_m, eq=_same)
    m_count: Array = field(default=None, kw_only=True, converter=as_m_count, eq=_same)
    log_interpurchase: Array | None = field(default=None, kw_only=True, converter=as_log_interpurchase, eq=_same)
    ids: NDArray[Any] | None = field(default=None, kw_only=True, converter=as_ids, eq=_same)
    unit: Unit = field(default="year", kw_only=True, converter=as_unit)
    _distinct: dict[tuple[str, ...], Distinct] = field(factory=dict, init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        x, t_x, T = np.broadcast_arrays(self.x, self.t_x, self.T)
        ids = own_ids(self.ids, x.shape)
        check_times(x, t_x, T, ids)
        m, m_count = checked_spend(x, self.m, self.m_count, ids)
        spacing = checked_spacing(x, t_x, self.log_interpurchase, ids)
        for name, value in zip(_COLUMNS, (x, t_x, T, m, m_count, spacing, ids), strict=True):
            object.__setattr__(self, name, None if value is None else read_only(value))

    @classmethod
    def from_transactions(
        cls,
        log: Any,  # noqa: ANN401 (any dataframe, path or mapping)
        *,
        customer: str = "customer_id",
        date: str = "date",
        amount: str | None = None,
        unit: Unit = "week",
        observed_until: Moment | None = None,
        collapse: Collapse | None = "day",
        refunds: Refunds = "net",
        first_purchase_in_spend: bool = False,
        first_purchase_from: Moment | None = None,
        timezone: str | None = None,
        log_interpurchase: bool = False,
    ) -> RFM:
        """Reduce a transaction log to one row per customer, in the order of the customers' ids.

        Purchases of one customer in one collapse period count as one, dated at the first of them;
        T = (observed_until - first purchase) / unit. m is net of refunds and may be 0 or less.

        Parameters
        ----------
        log : dataframe, path or mapping
            One row per purchase or item: pandas, polars (eager or lazy), pyarrow, a DuckDB relation or another
            frame that narwhals reads; the path of a CSV or Parquet file; or a mapping of arrays. The ids of a CSV
            file are text as it stands there: 01 and 1 are two customers, and 10 comes before 2.
        customer, date, amount : str
            Names of the columns. Dates are dates, datetimes or ISO text ('2024-01-31', '2024-01-31 12:30');
            amounts any numeric type, Decimal included. Without `amount` there is no m.
        unit : {"day", "week", "month", "quarter", "year"}
            The unit of t_x and T; a week is 7 days, a year 365.25.
        observed_until : date, datetime, datetime64 or ISO text, optional
            End of observation, inclusive; the last date in the log by default.
        collapse : {"day", "week", "month", "quarter", "year"} or None
            What counts as one purchase. Weeks are 7-day bins counted back from `observed_until`, the others
            calendar periods. Times are whole days. None keeps every distinct moment: days have fractions, and
            an `observed_until` without a time of day means its end.
        refunds : {"net", "drop", "raise"}
            "net": a negative amount never adds or removes a purchase; in the period of the first purchase it
            reduces the spend of that one, later the repeat spend, before it nothing. A customer with refunds
            only is left out, an amount of 0 is a purchase. "drop" leaves rows with amounts of 0 or less out;
            "raise" refuses them.
        first_purchase_in_spend : bool
            False: m averages the x repeat purchases (Fader & Hardie's gamma-gamma). True: all x + 1.
        first_purchase_from : date, datetime, datetime64 or ISO text, optional
            Keep only customers whose first purchase in the log is on or after this date. Customers who bought
            before the log began look new in it, too young and with too few purchases; a date some typical
            times between purchases after the log's first keeps true newcomers.
        timezone : str, optional
            The zone ('Europe/Berlin') that times with a zone are dated in; by default the column's own.
        log_interpurchase : bool
            True: also the sums of the logs of the times between purchases, for models of regular buying.

        Raises
        ------
        DataError
            A column is missing or there twice, the log has no purchase, an id, date or amount is missing, a
            date cannot be read or is after `observed_until`, an amount is not a finite number, or the dates
            have no (or, in DuckDB, an ambiguous) time zone. The message names the first rows and the remedy.
        ParameterError
            An option is none of its choices, or a date among the options is none.

        Examples
        --------
        >>> log = {
        ...     "customer_id": ["ann", "ann", "bob", "ann"],
        ...     "date": ["2024-01-01", "2024-01-01", "2024-01-08", "2024-01-15"],
        ...     "amount": [20.0, 5.0, 9.0, 40.0],
        ... }
        >>> rfm = RFM.from_transactions(log, amount="amount", observed_until="2024-01-29")
        >>> rfm.ids, rfm.x, rfm.t_x, rfm.T, rfm.m
        (array(['ann', 'bob'], dtype='<U3'), array([1., 0.]), array([2., 0.]), array([4., 3.]), array([40.,  0.]))
        """
        from custvalue.evidence.logs.summary import summarize  # noqa: PLC0415 (log stands on RFM)

        return summarize(
            log,
            customer=customer,
            date=date,
            amount=amount,
            unit=unit,
            observed_until=observed_until,
            collapse=collapse,
            refunds=refunds,
            first_purchase_in_spend=first_purchase_in_spend,
            first_purchase_from=first_purchase_from,
            timezone=timezone,
            log_interpurchase=log_interpurchase,
        ).rfm

    @classmethod
    def from_customers(
        cls,
        customers: Iterable[Customer],
        *,
        as_of: MomentLike,
        unit: Unit = "week",
        collapse: Collapse | None = "day",
        kinds: Sequence[str] = ("purchase",),
        first_purchase_in_spend: bool = False,
        log_interpurchase: bool = False,
    ) -> RFM:
        """Reduce customers' cash flows to one row per customer, in the order given.

        A customer's purchases in all relationships count together. Flows of the kind "refund" and negative
        amounts of the kinds in `kinds` reduce the spend and are no purchases, as with refunds="net" of
        `from_transactions`; flows of other kinds (costs, say) are left out, as is all after `as_of`.
        T = (as_of - first purchase) / unit.

        Parameters
        ----------
        customers : iterable of Customer
            Every one with an own id and at least one purchase until `as_of`.
        as_of : date, datetime, datetime64, ISO text or float
            End of observation, inclusive: a date for dated flows, years from now otherwise (0 is now).
        unit, collapse, first_purchase_in_spend, log_interpurchase
            As in `from_transactions`. Flows in years from now have no calendar: all different times count.
        kinds : sequence of str
            The kinds of cash flow that are purchases.

        Raises
        ------
        DataError
            A customer has no purchase until `as_of`, two have one id, a refund has a positive amount, or
            dates and years from now are mixed.

        Examples
        --------
        >>> from custvalue import CashFlow, Customer, Relationship
        >>> flows = [CashFlow(30.0, "2024-01-01"), CashFlow(45.0, "2024-01-15"), CashFlow(-5.0, "2024-01-16", "refund")]
        >>> ann = Customer("ann", [Relationship("shop", start="2024-01-01", cash_flows=flows)])
        >>> rfm = RFM.from_customers([ann], as_of="2024-01-29")
        >>> rfm.ids, rfm.x, rfm.t_x, rfm.T, rfm.m
        (array(['ann'], dtype='<U3'), array([1.]), array([2.]), array([4.]), array([40.]))
        """
        from custvalue.evidence.rfm_from_customers import summarize_customers  # noqa: PLC0415 (it stands on RFM)

        return summarize_customers(
            customers,
            as_of=as_of,
            unit=unit,
            collapse=collapse,
            kinds=kinds,
            first_purchase_in_spend=first_purchase_in_spend,
            log_interpurchase=log_interpurchase,
        )

    @classmethod
    def from_table(
        cls,
        table: Any,  # noqa: ANN401 (any dataframe or mapping)
        *,
        unit: Unit,
        x: str | None = None,
        t_x: str | None = None,
        T: str | None = None,
        m: str | None = None,
        log_interpurchase: str | None = None,
        customer: str | None = None,
    ) -> RFM:
        """Take a summary that exists already: a table with one row per customer, in its own order.

        Columns are found by lifetimes' and pymc-marketing's names (frequency, recency, T, monetary_value,
        customer_id), by the papers' (x, t_x, T, m or zbar, id), BTYDplus's (x, t.x, T.cal, litt), or as given.

        Parameters
        ----------
        table : dataframe or mapping
            Of any kind that `from_transactions` takes, paths excepted; a pandas index can hold the ids.
        unit : {"day", "week", "month", "quarter", "year"}
            The unit that recency and T are in; the table does not say (lifetimes' default is days).
        x, t_x, T, m, log_interpurchase, customer : str, optional
            Names of the columns; the last three may be absent.

        Raises
        ------
        DataError
            A column is not found, or two could be meant; or the values break a rule of `RFM`.

        Examples
        --------
        >>> table = {"customer_id": [7, 8], "frequency": [2, 0], "recency": [30.43, 0], "T": [38.86, 38.86]}
        >>> RFM.from_table(table, unit="week")
        RFM of 2 customers, in weeks: 2 repeat purchases, 1 with none, T from 38.86 to 38.86
        """
        from custvalue.evidence.summary_tables import read_table  # noqa: PLC0415 (the readers stand on RFM)

        given = {"x": x, "t_x": t_x, "T": T, "m": m, "log_interpurchase": log_interpurchase, "ids": customer}
        return cls(**read_table(table, given), unit=unit)

    def __len__(self) -> int:
        return self.x.size

    def __getitem__(self, rows: Any) -> RFM:  # noqa: ANN401 (whatever NumPy takes)
        """Some of the rows: a boolean mask, a slice or positions, as for an array."""
        columns = {name: getattr(self, name) for name in _COLUMNS}
        some: dict[str, Any] = {name: None if column is None else column[rows] for name, column in columns.items()}
        return RFM(**some, unit=self.unit)

    def __repr__(self) -> str:
        return described(self.x, self.T, self.m, self.m_count, self.unit)

    def distinct(self, *names: str) -> Distinct:
        """The distinct rows of the columns named (all of x, t_x and T: ``("x", "t_x", "T")``); kept once computed."""
        known = self._distinct
        if names not in known:
            known[names] = distinct(*(getattr(self, name).ravel() for name in names), ticks=DAYS[self.unit])
        return known[names]
