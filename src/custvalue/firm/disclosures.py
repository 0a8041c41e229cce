"""What firms disclose about their customers in total, a row per period; figures may be missing where filings are.

A subscription firm's columns (`Disclosures`) must agree with each other: customers at the start, plus those acquired,
less those lost, are those at the end. What follows from that identity, or from a churn rate, is filled in. A firm
without contracts (`BuyerDisclosures`) discloses active customers and orders.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal, TypeAlias, get_args

import numpy as np
from attrs import evolve, field, frozen

from custvalue._arguments import one_of, whole_number
from custvalue._columns import check_rows, numbers, read_only
from custvalue._typing import Array, ArrayLike, Bools, NDArray
from custvalue.errors import DataError
from custvalue.units import Unit, as_unit

ChurnOf: TypeAlias = Literal["start", "average"]
"""Denominator of a churn rate: customers at the start of the period, or the mean of start and end."""


def _as_column(values: ArrayLike | None) -> Array:
    """Figures with NaN where nothing is disclosed; empty for a column left out."""
    if values is None:
        return read_only(np.full(0, np.nan))
    found = np.asarray([np.nan if value is None else value for value in np.asarray(values, dtype=object).ravel()])
    return read_only(numbers("a disclosed figure", found).copy())


def _as_window(value: int) -> int:
    return whole_number("window", value)


def _as_periods_before(value: int) -> int:
    return whole_number("periods_before", value, least=0)


def _as_labels(values: Any) -> NDArray[Any] | None:  # noqa: ANN401 (whatever names quarters)
    return None if values is None else read_only(np.asarray(values))


def _as_churn_of(value: str) -> ChurnOf:
    return one_of("churn_of", value, get_args(ChurnOf), "It is the denominator of the churn rate.")


@frozen(kw_only=True, eq=False, repr=False)
class _Disclosed:
    """What both kinds of disclosures have: columns of one length, and messages that name periods."""

    adds: Array = field(default=None, converter=_as_column)
    revenue: Array = field(default=None, converter=_as_column)
    periods_before: int = field(default=0, converter=_as_periods_before)
    unit: Unit = field(converter=as_unit)
    labels: NDArray[Any] | None = field(default=None, converter=_as_labels)

    _shown: ClassVar[tuple[str, ...]]
    """The columns, in the order of the text."""

    def _fill_columns(self, *names: str) -> None:
        """Columns left out become missing figures; DataError where lengths differ or a figure is out of range."""
        given = {name: getattr(self, name) for name in names}
        count = max(map(len, given.values()))
        named = given if self.labels is None else {**given, "labels": self.labels}
        if any(len(column) not in {0, count} for column in named.values()):
            shown = ", ".join(f"{name} {len(column)}" for name, column in given.items())
            raise DataError(f"the columns and labels must have one length; got {shown}")
        for name, column in given.items():
            filled = column if len(column) else read_only(np.full(count, np.nan))
            object.__setattr__(self, name, filled)
            churn = name == "churn"
            most = 1.0 + 1e-12 if churn else np.inf  # 1, but for rounding
            rule = f"{name} must be {'between 0 and 1' if churn else '>= 0 and finite'}, or missing (NaN)"
            fine = np.isnan(filled) | ((filled >= 0) & (filled < most))
            self._check(fine, rule, "Check its sign and unit.", **{name: filled})

    def _check(self, fine: Bools, rule: str, remedy: str, **columns: Array) -> None:
        """Raise DataError unless all rows are fine; it names the periods, not row numbers, where there are labels."""
        try:
            check_rows(fine, rule, remedy, ids=self.labels, **columns)
        except DataError as error:
            raise DataError(str(error).replace("customer ", f"{self.unit} ")) from None

    @property
    def elapsed(self) -> int:
        """Periods since launch, up to the last row."""
        return self.periods_before + len(self)

    def since_launch(self, column: Array) -> Array:
        """A column from launch on: NaN in the periods before the first row."""
        return np.concatenate([np.full(self.periods_before, np.nan), column])

    def __len__(self) -> int:
        return len(self.adds)

    def __repr__(self) -> str:
        labels = "" if self.labels is None else f", {self.labels[0]} to {self.labels[-1]}"
        known = ", ".join(f"{name} {np.isfinite(getattr(self, name)).sum()}" for name in self._shown)
        return f"{type(self).__name__} of {len(self)} {self.unit}s{labels}: {known}"


@frozen(kw_only=True, eq=False, repr=False)
class Disclosures(_Disclosed):
    """A firm's disclosed customers and revenue, one row per period; NaN (or None) where nothing is disclosed.

    Parameters
    ----------
    adds, losses, ending : array_like, optional
        Customers acquired in, lost in, and there at the end of, each period. Columns may be left out.
    revenue : array_like, optional
        Of each period.
    churn : array_like, optional
        Losses of each period as a share of customers: fills in losses where the customers are known. Of monthly rates
        give three times their mean for a quarter.
    churn_of : {"start", "average"}
        The denominator of the churn rate.
    start : float
        Customers before the first row; NaN where unknown.
    periods_before : int
        Periods from the firm's launch to the first row. With 0 the start is 0.
    unit : {"quarter", "month", "year", "week", "day"}
        Length of a row's period.
    labels : array_like, optional
        Names of the rows, for messages.
    tolerance : float
        By how much start + adds - losses may differ from end: for rounded figures, twice the unit of rounding.

    Attributes
    ----------
    adds, losses, ending, revenue, churn : array, shape (n,)
        As given, and with what follows from the identity and from churn filled in.

    Raises
    ------
    DataError
        Columns differ in length, all are empty, a figure is negative or infinite, a churn rate is above 1, or the
        identity is broken: the message names the rows.
    ParameterError
        `churn_of`, `unit` or `periods_before` is none that is possible.

    Examples
    --------
    >>> adds, losses, ending = [100, 120, None], [0, None, 30], [100, 200, 310]
    >>> d = Disclosures(adds=adds, losses=losses, ending=ending, unit="quarter", labels=["Q1", "Q2", "Q3"])
    >>> d.adds, d.losses
    (array([100., 120., 140.]), array([ 0., 20., 30.]))
    >>> d
    Disclosures of 3 quarters, Q1 to Q3: adds 3, losses 3, ending 3, revenue 0
    """

    losses: Array = field(default=None, converter=_as_column)
    ending: Array = field(default=None, converter=_as_column)
    churn: Array = field(default=None, converter=_as_column)
    churn_of: ChurnOf = field(default="start", converter=_as_churn_of)
    start: float = field(default=np.nan, converter=float)
    tolerance: float = field(default=0.0, converter=float)

    _shown: ClassVar = ("adds", "losses", "ending", "revenue")

    def __attrs_post_init__(self) -> None:
        if not any(np.isfinite(getattr(self, name)).any() for name in ("adds", "losses", "ending", "churn")):
            raise DataError("nothing is disclosed about customers: give adds, losses or churn, or ending customers")
        self._fill_columns(*self._shown, "churn")
        if not self.periods_before:
            self._check_launch()
        self._fill()
        self._check_identity()

    def __getitem__(self, rows: slice) -> Disclosures:
        """The rows of a slice without a step, with the periods and customers before them."""
        first, stop, step = rows.indices(len(self))
        if step != 1 or stop <= first:
            raise DataError(f"a slice of disclosures must be consecutive rows, at least one; got {rows}")
        start = self.start if first == 0 else float(self.ending[first - 1])
        names = (*self._shown, "churn", *(["labels"] if self.labels is not None else []))
        cut = {name: getattr(self, name)[first:stop] for name in names}
        return evolve(self, **cut, start=start, periods_before=self.periods_before + first)

    @property
    def begun(self) -> Array:
        """Customers at the start of each period; NaN where not known."""
        return np.concatenate([[self.start], self.ending[:-1]])

    def _check_launch(self) -> None:
        if self.start > 0:
            raise DataError(
                f"customers at the start, {self.start:g}, were acquired before the first row: say how many periods "
                "earlier the firm was launched, as periods_before=12"
            )
        object.__setattr__(self, "start", 0.0)

    def _fill(self) -> None:
        """Fill in what follows from the identity and from churn, until nothing more does."""
        adds, losses, ending = (getattr(self, name).copy() for name in ("adds", "losses", "ending"))
        known = -1
        while known < (known := int(np.isfinite([adds, losses, ending]).sum())):
            begun = np.concatenate([[self.start], ending[:-1]])
            net = ending - begun
            for column, implied in (
                *((losses, lost) for lost in self._churned(begun, adds, ending)),
                (losses, adds - net),
                (adds, losses + net),
                (ending, begun + adds - losses),
                (ending, np.append((ending - adds + losses)[1:], np.nan)),
            ):
                column[:] = np.where(np.isnan(column), implied, column)
        if np.isnan(self.start):
            object.__setattr__(self, "start", float((ending - adds + losses)[0]))
        for name, column in (("adds", adds), ("losses", losses), ("ending", ending)):
            implied = np.isnan(getattr(self, name)) & (column < 0)
            fine = ~implied | (column >= -self._allowed(ending))
            remedy = "Check the rows it follows from, or raise tolerance to twice the unit the figures are rounded to."
            self._check(fine, f"{name} follow from the identity and must be >= 0", remedy, **{name: column})
            object.__setattr__(self, name, read_only(np.where(implied, 0.0, column)))

    def _churned(self, begun: Array, adds: Array, ending: Array) -> tuple[Array, ...]:
        """Losses by the churn rate, from whatever is known."""
        if self.churn_of == "start":
            return (self.churn * begun,)
        return self.churn * (begun + ending) / 2, self.churn * (2 * begun + adds) / (2 + self.churn)

    def _check_identity(self) -> None:
        fine = ~(np.abs(self.begun + self.adds - self.losses - self.ending) > self._allowed(self.ending))
        remedy = "Check these rows; of rounded figures set tolerance to twice the unit they are rounded to."
        shown = {"start": self.begun, "adds": self.adds, "losses": self.losses, "end": self.ending}
        self._check(fine, "start + adds - losses = end must hold", remedy, **shown)

    def _allowed(self, ending: Array) -> Array:
        """Tolerance, and rounding errors of sums of customers."""
        return np.asarray(self.tolerance + 1e-9 * np.nan_to_num(ending))


@frozen(kw_only=True, eq=False, repr=False)
class BuyerDisclosures(_Disclosed):
    """A firm's disclosed orders and active customers, one row per period; NaN (or None) where nothing is disclosed.

    Parameters
    ----------
    adds, active, orders, revenue : array_like, optional
        Customers acquired in each period, customers who ordered within the last `window` periods, orders, revenue.
        Columns may be left out.
    window : int
        Of activity, in periods: 4 for a trailing year of quarters.
    periods_before, unit, labels
        As for `Disclosures`.

    Raises
    ------
    DataError
        Columns differ in length, a figure is negative or infinite, more customers were acquired in a period than were
        active at its end or than there were orders, or nothing but adds and revenue is disclosed.
    ParameterError
        `window` is no whole number >= 1, or `unit` or `periods_before` is none that is possible.

    Examples
    --------
    >>> BuyerDisclosures(adds=[95, 86], active=[95, 181], orders=[119, None], window=4, unit="quarter")
    BuyerDisclosures of 2 quarters: adds 2, active 2, orders 1, revenue 0
    """

    active: Array = field(default=None, converter=_as_column)
    orders: Array = field(default=None, converter=_as_column)
    window: int = field(converter=_as_window)

    _shown: ClassVar = ("adds", "active", "orders", "revenue")

    def __attrs_post_init__(self) -> None:
        self._fill_columns(*self._shown)
        if not np.isfinite([self.active, self.orders]).any():
            raise DataError("neither active customers nor orders are disclosed: purchasing is not identified")
        for name in ("active", "orders"):
            column = getattr(self, name)
            rule = f"adds <= {name} must hold: a customer is acquired by an order"
            self._check(~(self.adds > column), rule, "Check these rows.", adds=self.adds, **{name: column})
