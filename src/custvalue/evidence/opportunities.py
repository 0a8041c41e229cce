"""Opportunities: what customers did at discrete chances to buy. The evidence for models in discrete time."""

from __future__ import annotations

from typing import Any, ClassVar, Self, Unpack

import numpy as np
from attrs import field, frozen

from custvalue._columns import same
from custvalue._typing import Array
from custvalue.evidence.columns import Columns, given
from custvalue.evidence.logs.options import PeriodOptions
from custvalue.evidence.logs.reading import open_periods
from custvalue.evidence.summary_tables import OPPORTUNITY_NAMES, read_table
from custvalue.units import Unit


@frozen(repr=False)
class Opportunities(Columns):
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
    unit : {"year", "quarter", "month", "week", "day"}
        The period between two opportunities; rates of discount convert to it.
    weights, ids, covariates : optional
        As of `RFM`.

    Raises
    ------
    DataError
        A value is missing or not a whole number, x <= t_x <= n does not hold, t_x is not 0 where x = 0, a weight is
        negative, or the columns have different lengths. The message names the first rows.

    Examples
    --------
    >>> donors = Opportunities(x=[2, 0], t_x=[4, 0], n=6, unit="year", ids=["ann", "bob"])
    >>> donors
    Opportunities of 2 customers, yearly: 2 repeat purchases, 1 with none, n from 6 to 6
    >>> donors[donors.x > 0].ids
    array(['ann'], dtype='<U3')
    """

    x: Array = field(converter=given, eq=same)
    t_x: Array = field(converter=given, eq=same)
    n: Array = field(converter=given, eq=same)

    _measured: ClassVar = ("x", "t_x", "n")
    _history: ClassVar = ("x", "t_x", "n")

    @classmethod
    def from_transactions(
        cls,
        log: Any,  # noqa: ANN401 (any dataframe, path or mapping)
        *,
        unit: Unit,
        **options: Unpack[PeriodOptions],
    ) -> Self:
        """Reduce a transaction log to one row per customer, by id; periods after the first purchase's are chances.

        A customer's first period is 0 and the later ones are opportunities 1, 2, ..., whether anything was bought in
        them or not; all purchases in one period count once. Only complete periods count: a last one that observation
        does not cover to its end is left out with its purchases, and so are customers whose first purchase is in it.

        Parameters
        ----------
        log : dataframe, path or mapping
            One row per purchase or item, of any kind that `RFM.from_transactions` takes.
        unit : {"year", "quarter", "month", "week", "day"}
            The calendar periods; weeks are 7-day bins counted back from `observed_until`.
        **options
            customer, date, amount, observed_until, refunds, first_purchase_from and timezone as in
            `RFM.from_transactions`. Say `observed_until` where a period ended without a purchase on its last day: a log
            that ends on 29 December 2023 has a complete 2023 only if this says "2023-12-31". `amount` only tells
            refunds from purchases.

        Raises
        ------
        DataError, ParameterError
            As in `RFM.from_transactions`; or there is no purchase in a complete period.

        Examples
        --------
        >>> log = {
        ...     "customer_id": ["ann", "ann", "ann", "bob"],
        ...     "date": ["2020-11-02", "2021-03-09", "2021-09-01", "2022-06-30"],
        ... }
        >>> rows = Opportunities.from_transactions(log, unit="year", observed_until="2023-12-31")
        >>> rows.ids, rows.x, rows.t_x, rows.n
        (array(['ann', 'bob'], dtype='<U3'), array([1., 0.]), array([1., 0.]), array([3., 1.]))
        """
        return cls(**open_periods(log, unit, options).opportunities())

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
    ) -> Self:
        """Take a summary that exists already: one row per customer, or per kind of customer with their number.

        Columns are found by the papers' names (x, t_x, n), BTYD's (x, t.x, n.cal, custs), lifetimes' (frequency,
        recency, periods or n_periods, weights), or by the names given.

        Parameters
        ----------
        table : dataframe or mapping
            As of `RFM.from_table`, which says what is raised.
        unit : {"year", "quarter", "month", "week", "day"}
            The period between two opportunities; the table does not say.
        x, t_x, n, weights, customer : str, optional
            Names of the columns; weights and customer may be absent. Weights are how many customers a row stands for.

        Examples
        --------
        >>> table = {"frequency": [2, 0], "recency": [4, 0], "periods": [6, 6], "weights": [3, 5]}
        >>> Opportunities.from_table(table, unit="year")
        Opportunities of 8 customers, yearly: 6 repeat purchases, 5 with none, n from 6 to 6
        """
        named = {"x": x, "t_x": t_x, "n": n, "weights": weights, "ids": customer}
        return cls(**read_table(table, named, OPPORTUNITY_NAMES), unit=unit)

    def _checked(self) -> dict[str, Array]:
        x, t_x, n = self.x, self.t_x, self.n
        whole = np.isfinite(x) & np.isfinite(t_x) & np.isfinite(n)
        for each in (x, t_x, n):
            whole &= np.equal(each, np.floor(each))
        remedy = "They count opportunities; for purchases at any time use RFM."
        self._require(whole, "x, t_x and n must be whole numbers", remedy, *self._history)
        remedy = (
            "t_x is the last opportunity with a purchase, not the number of opportunities since (n - t_x); a customer "
            "buys at most once at each."
        )
        self._require((x >= 0) & (x <= t_x) & (t_x <= n), "0 <= x <= t_x <= n must hold", remedy, *self._history)
        remedy = "The first purchase is at 0 and not counted in x."
        self._require((t_x == 0) | (x > 0), "t_x = 0 must hold where x = 0", remedy, *self._history)
        return {}

    def _described(self) -> str:
        every = "daily" if self.unit == "day" else f"{self.unit}ly"
        if not len(self):
            return f"Opportunities of 0 customers, {every}"
        weights = self.weights
        return (
            f"Opportunities of {self.customers:,.10g} customers, {every}: {(self.x * weights).sum():,.10g} repeat "
            f"purchases, {weights[self.x == 0].sum():,.10g} with none, n from {self.n.min():.0f} to {self.n.max():.0f}"
        )
