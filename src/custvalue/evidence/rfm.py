"""RFM: what customers did, as a few columns. The evidence for every model of continuous buying."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from attrs import field, frozen

from custvalue._columns import check_rows, same, sealed
from custvalue._typing import Array
from custvalue.evidence.columns import Columns, given, optional
from custvalue.evidence.logs.options import Collapse, Moment, Options, Refunds
from custvalue.evidence.logs.reading import open_log
from custvalue.evidence.rfm_from_customers import read_customers
from custvalue.evidence.summary_tables import RFM_NAMES, read_table
from custvalue.records.customer import Customer
from custvalue.records.time import MomentLike
from custvalue.units import Unit


@frozen(repr=False)
class RFM(Columns):
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
        Broadcast to one shape; usually one-dimensional, one row per customer. An array that can still be written to is
        copied.
    m : array_like, optional
        Mean spend per purchase; ignored (and stored as 0) where `m_count` is 0.
    m_count : array_like, optional
        How many purchases `m` averages: x (the default), or x + 1 where the first purchase counts.
    log_interpurchase : array_like, optional
        Sum of the natural logs of the x times between purchases, for models of regular buying; 0 where x = 0.
    unit : {"year", "quarter", "month", "week", "day"}
        The unit of t_x and T: the numbers do not show it, a model fitted to them takes it over, and discounting and
        horizons in years are converted by it.
    weights : array_like, optional
        How many customers each row stands for; 1 by default.
    ids : array_like, shape (n,), optional
        The customers' names, any type; used in messages and tables.
    covariates : mapping of str to array_like, optional
        What else is known of the customers, as numbers; see `with_covariates`.

    Raises
    ------
    DataError
        0 <= t_x <= T does not hold, x is not a whole number, t_x is not 0 where x = 0 (or is 0 where x > 0), a weight
        is negative, log_interpurchase is impossible with x and t_x, a value is missing, or the columns have different
        lengths. The message names the first rows.

    Examples
    --------
    >>> rfm = RFM(x=[2, 0], t_x=[30.43, 0], T=[38.86, 38.86], m=[22.35, 0], ids=["ann", "bob"], unit="week")
    >>> rfm
    RFM of 2 customers, in weeks: 2 repeat purchases, 1 with none, T from 38.86 to 38.86, mean spend 22.35
    >>> rfm[rfm.x > 0].ids
    array(['ann'], dtype='<U3')
    """

    x: Array = field(converter=given, eq=same)
    t_x: Array = field(converter=given, eq=same)
    T: Array = field(converter=given, eq=same)
    m: Array | None = field(default=None, converter=optional, eq=same)
    m_count: Array = field(default=None, kw_only=True, converter=optional, eq=same)
    log_interpurchase: Array | None = field(default=None, kw_only=True, converter=optional, eq=same)

    _measured: ClassVar = ("x", "t_x", "T", "m", "m_count", "log_interpurchase")
    _history: ClassVar = ("x", "t_x", "T")

    @classmethod
    def from_transactions(
        cls,
        log: Any,  # noqa: ANN401 (any dataframe, path or mapping)
        *,
        customer: str = "customer_id",
        date: str = "date",
        amount: str | None = None,
        unit: Unit,
        observed_until: Moment | None = None,
        collapse: Collapse | None = "day",
        refunds: Refunds = "net",
        first_purchase_in_spend: bool = False,
        first_purchase_from: Moment | None = None,
        timezone: str | None = None,
        log_interpurchase: bool = False,
    ) -> Self:
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
        >>> rfm = RFM.from_transactions(log, amount="amount", unit="week", observed_until="2024-01-29")
        >>> rfm.ids, rfm.x, rfm.t_x, rfm.T, rfm.m
        (array(['ann', 'bob'], dtype='<U3'), array([1., 0.]), array([2., 0.]), array([4., 3.]), array([40.,  0.]))
        """
        options = Options(
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
        )
        return cls(**open_log(log, options).rfm())

    @classmethod
    def from_customers(
        cls,
        customers: Iterable[Customer],
        *,
        observed_until: MomentLike,
        unit: Unit,
        collapse: Collapse | None = "day",
        kinds: Sequence[str] = ("purchase",),
        first_purchase_in_spend: bool = False,
        log_interpurchase: bool = False,
    ) -> Self:
        """Reduce customers' cash flows to one row per customer, in the order given.

        A customer's purchases in all relationships count together. Flows of the kind "refund" and negative
        amounts of the kinds in `kinds` reduce the spend and are no purchases, as with refunds="net" of
        `from_transactions`; flows of other kinds (costs, say) are left out, as is all after `observed_until`.
        T = (observed_until - first purchase) / unit.

        Parameters
        ----------
        customers : iterable of Customer
            Every one with an own id and at least one purchase until `observed_until`.
        observed_until : date, datetime, datetime64, ISO text or float
            End of observation, inclusive: a date for dated flows, years from now otherwise (0 is now).
        unit, collapse, first_purchase_in_spend, log_interpurchase
            As in `from_transactions`. Flows in years from now have no calendar: all different times count.
        kinds : sequence of str
            The kinds of cash flow that are purchases.

        Raises
        ------
        DataError
            A customer has no purchase until `observed_until`, two have one id, a refund has a positive amount, or
            dates and years from now are mixed.

        Examples
        --------
        >>> from custvalue import CashFlow, Customer, Relationship
        >>> flows = [CashFlow(30.0, "2024-01-01"), CashFlow(45.0, "2024-01-15"), CashFlow(-5.0, "2024-01-16", "refund")]
        >>> ann = Customer("ann", [Relationship("shop", start="2024-01-01", cash_flows=flows)])
        >>> rfm = RFM.from_customers([ann], observed_until="2024-01-29", unit="week")
        >>> rfm.ids, rfm.x, rfm.t_x, rfm.T, rfm.m
        (array(['ann'], dtype='<U3'), array([1.]), array([2.]), array([4.]), array([40.]))
        """
        options = Options(
            unit=unit,
            collapse=collapse,
            first_purchase_in_spend=first_purchase_in_spend,
            log_interpurchase=log_interpurchase,
        )
        return cls(**read_customers(customers, observed_until, kinds, options))

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
        weights: str | None = None,
        customer: str | None = None,
    ) -> Self:
        """Take a summary that exists already: a row per customer, or per kind of customer with their number.

        The order is the table's. Columns are found by lifetimes' and pymc-marketing's names (frequency, recency, T,
        monetary_value, customer_id), by the papers' (x, t_x, T, m or zbar, id), BTYDplus's (x, t.x, T.cal, litt), or as
        given.

        Parameters
        ----------
        table : dataframe or mapping
            Of any kind that `from_transactions` takes, paths excepted; a pandas index can hold the ids.
        unit : {"day", "week", "month", "quarter", "year"}
            The unit that recency and T are in; the table does not say (lifetimes' default is days).
        x, t_x, T, m, log_interpurchase, weights, customer : str, optional
            Names of the columns; the last four may be absent. Weights are how many customers a row stands for.

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
        named = {"x": x, "t_x": t_x, "T": T, "m": m, "log_interpurchase": log_interpurchase}
        return cls(**read_table(table, {**named, "weights": weights, "ids": customer}, RFM_NAMES), unit=unit)

    def _checked(self) -> dict[str, Array]:
        self._check_times()
        found = {"m_count": self._checked_m_count()}
        if self.m is not None:
            found["m"] = self._checked_m(self.m, found["m_count"])
        if self.log_interpurchase is not None:
            found["log_interpurchase"] = self._checked_log_interpurchase(self.log_interpurchase)
        return found

    def _check_times(self) -> None:
        x, t_x, T = self.x, self.t_x, self.T
        finite = np.isfinite(x) & np.isfinite(t_x) & np.isfinite(T)
        self._require(finite, "x, t_x and T must be finite", "Leave the rows out.", *self._history)
        remedy = "x counts repeat purchases (the first is not counted)."
        self._require((x >= 0) & (x == np.floor(x)), "x must be a whole number >= 0", remedy, *self._history)
        remedy = "t_x is the time from the first to the last purchase, not the time since the last one (T - t_x)."
        self._require((t_x >= 0) & (t_x <= T), "0 <= t_x <= T must hold", remedy, *self._history)
        rule = "t_x = 0 must hold where x = 0, and t_x > 0 where x > 0"
        remedy = "Several purchases at one time count as one (see `collapse` of RFM.from_transactions)."
        self._require((t_x > 0) == (x > 0), rule, remedy, *self._history)

    def _checked_m_count(self) -> Array:
        count: Array | None = self.m_count
        if count is None:
            return self.x
        remedy = "It is the number of purchases that m averages, without or with the first."
        good = (count == self.x) | (count == self.x + 1)
        self._require(good, "m_count must be x or x + 1", remedy, "x", "m_count")
        return count

    def _checked_m(self, m: Array, count: Array) -> Array:
        """m, 0 where it averages no purchase."""
        spend = sealed(np.where(count > 0, m, 0.0))
        rule, remedy = "m must be finite where m_count > 0", "Leave out rows without a mean spend."
        check_rows(np.isfinite(spend), rule, remedy, ids=self.ids, m=spend, m_count=count)
        return spend

    def _checked_log_interpurchase(self, sums: Array) -> Array:
        """The sums of logs, 0 where there are no times to add."""
        x, t_x = self.x, self.t_x
        sums = sealed(np.where(x > 0, sums, 0.0))
        most = x * np.log(np.where(x > 0, t_x, 1.0) / np.maximum(x, 1))
        rounding = 0.05 * x + 1e-9 * np.abs(most)  # published tables give times to a digit or two
        one = (x != 1) | (np.abs(sums - most) <= rounding)
        good = np.isfinite(sums) & (sums <= most + rounding) & one
        rule = "log_interpurchase must be at most x log(t_x / x), which it is where all purchases are equally far apart"
        remedy = "It is the sum of the natural logs of the times between purchases, in the unit of t_x."
        self._require(good, rule, remedy, "x", "t_x", "log_interpurchase")
        return sums

    def _described(self) -> str:
        if not len(self):
            return f"RFM of 0 customers, in {self.unit}s"
        weights = self.weights
        text = (
            f"RFM of {self.customers:,.10g} customers, in {self.unit}s: {(self.x * weights).sum():,.10g} repeat "
            f"purchases, {weights[self.x == 0].sum():,.10g} with none, T from {self.T.min():.6g} to {self.T.max():.6g}"
        )
        bought = (self.m_count * weights).sum()
        if self.m is None or not bought:
            return text
        return f"{text}, mean spend {(self.m * self.m_count * weights).sum() / bought:.6g}"
