"""What a firm discloses about its customers, quarter by quarter, as columns; figures may be missing where filings are.

The columns must agree with each other: customers at the start, plus those acquired, less those lost, are those at the
end. What follows from that identity, or from a churn rate, is filled in.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias, get_args

import numpy as np
from attrs import evolve, field, frozen

from custvalue._columns import check_rows, numbers, read_only
from custvalue._typing import Array, ArrayLike, NDArray
from custvalue.errors import DataError
from custvalue.units import Unit, as_unit

ChurnOf: TypeAlias = Literal["start", "average"]
"""Of whom a churn rate is a share: customers at the start of the period, or the mean of start and end."""

_COLUMNS: Final = ("adds", "losses", "ending", "revenue", "churn")


def as_column(values: ArrayLike | None) -> Array:
    """Figures with NaN where nothing is disclosed; empty for a column left out."""
    if values is None:
        return read_only(np.full(0, np.nan))
    found = np.asarray([np.nan if value is None else value for value in np.asarray(values, dtype=object).ravel()])
    return read_only(numbers("a disclosed figure", found).copy())


def as_number(value: float) -> float:
    """One number as a float."""
    return float(value)


def as_whole(value: int) -> int:
    """One number as an int."""
    return int(value)


def as_labels(values: Any) -> NDArray[Any] | None:  # noqa: ANN401 (whatever names quarters)
    """Names of rows."""
    return None if values is None else read_only(np.asarray(values))


def _as_churn_of(_disclosures: object, _field: object, value: str) -> None:
    if value not in get_args(ChurnOf):
        raise DataError(f"churn_of must be 'start' (of customers then) or 'average' (of start and end); got {value!r}")


@frozen(kw_only=True, eq=False, repr=False)
class Disclosures:
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
        What the churn rate is a share of.
    start : float
        Customers before the first row; NaN where unknown.
    periods_before : int
        Periods from the firm's launch to the first row. With 0 the start is 0.
    unit : {"quarter", "month", "year", "week", "day"}
        How long a row is.
    labels : array_like, optional
        Names of the rows, for messages.
    tolerance : float
        By how much start + adds - losses may differ from end: of figures rounded to a unit, twice that unit.

    Attributes
    ----------
    adds, losses, ending, revenue, churn : array, shape (n,)
        As given, and with what follows from the identity and from churn filled in.

    Raises
    ------
    DataError
        Columns differ in length, all are empty, a figure is negative or infinite, a churn rate is above 1, or the
        identity is broken: the message names the rows.

    Examples
    --------
    >>> d = Disclosures(adds=[100, 120, None], losses=[0, None, 30], ending=[100, 200, 310], labels=["Q1", "Q2", "Q3"])
    >>> d.adds, d.losses
    (array([100., 120., 140.]), array([ 0., 20., 30.]))
    >>> d
    Disclosures of 3 quarters, Q1 to Q3: adds 3, losses 3, ending 3, revenue 0
    """

    adds: Array = field(default=None, converter=as_column)
    losses: Array = field(default=None, converter=as_column)
    ending: Array = field(default=None, converter=as_column)
    revenue: Array = field(default=None, converter=as_column)
    churn: Array = field(default=None, converter=as_column)
    churn_of: ChurnOf = field(default="start", validator=_as_churn_of)
    start: float = field(default=np.nan, converter=as_number)
    periods_before: int = field(default=0, converter=as_whole)
    unit: Unit = field(default="quarter", converter=as_unit)
    labels: NDArray[Any] | None = field(default=None, converter=as_labels)
    tolerance: float = field(default=0.0, converter=as_number)

    def __attrs_post_init__(self) -> None:
        count = max(len(getattr(self, name)) for name in _COLUMNS)
        if not count or not any(
            np.isfinite(getattr(self, name)).any() for name in ("adds", "losses", "ending", "churn")
        ):
            raise DataError("nothing is disclosed about customers: give adds, losses or churn, or ending customers")
        for name in _COLUMNS:
            column = getattr(self, name)
            object.__setattr__(self, name, column if len(column) else read_only(np.full(count, np.nan)))
        self._check_columns(count)
        if self.periods_before < 0:
            raise DataError(f"periods_before must be >= 0: periods since launch; got {self.periods_before}")
        if not self.periods_before:
            self._check_launch()
        self._fill()
        self._check_identity()

    def __len__(self) -> int:
        return len(self.adds)

    def __getitem__(self, rows: slice) -> Disclosures:
        """The rows of a slice without a step, with the periods and customers before them."""
        first, stop, step = rows.indices(len(self))
        if step != 1 or stop <= first:
            raise DataError(f"a slice of disclosures must be consecutive rows, at least one; got {rows}")
        start = self.start if first == 0 else float(self.ending[first - 1])
        names = _COLUMNS if self.labels is None else (*_COLUMNS, "labels")
        cut = {name: getattr(self, name)[first:stop] for name in names}
        return evolve(self, **cut, start=start, periods_before=self.periods_before + first)

    @property
    def begun(self) -> Array:
        """Customers at the start of each period; NaN where not known."""
        return np.concatenate([[self.start], self.ending[:-1]])

    def _check_columns(self, count: int) -> None:
        for name in _COLUMNS:
            column = getattr(self, name)
            if len(column) != count or (self.labels is not None and len(self.labels) != count):
                lengths = ", ".join(f"{name} {len(getattr(self, name))}" for name in _COLUMNS)
                raise DataError(f"the columns and labels must have one length; got {lengths}")
            fine = np.isnan(column) | ((column >= 0) & (column < (1.0 + 1e-12 if name == "churn" else np.inf)))
            top = "between 0 and 1" if name == "churn" else ">= 0 and finite"
            self._rows(fine, f"{name} must be {top}, or missing (NaN)", "Check its sign and unit.", **{name: column})

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
            within = column >= -self._allowed(ending)
            remedy = "Check the rows it follows from, or raise tolerance to twice the unit the figures are rounded to."
            self._rows(~implied | within, f"{name} follow from the identity and must be >= 0", remedy, **{name: column})
            object.__setattr__(self, name, read_only(np.where(implied, 0.0, column)))

    def _churned(self, begun: Array, adds: Array, ending: Array) -> tuple[Array, ...]:
        """Losses by the churn rate, from whatever is known."""
        if self.churn_of == "start":
            return (self.churn * begun,)
        return self.churn * (begun + ending) / 2, self.churn * (2 * begun + adds) / (2 + self.churn)

    def _check_identity(self) -> None:
        off = self.begun + self.adds - self.losses - self.ending
        fine = ~(np.abs(off) > self._allowed(self.ending))
        self._rows(
            fine,
            "start + adds - losses = end must hold",
            "Check these rows; of rounded figures set tolerance to twice the unit they are rounded to.",
            start=self.begun,
            adds=self.adds,
            losses=self.losses,
            end=self.ending,
        )

    def _allowed(self, ending: Array) -> Array:
        return np.asarray(self.tolerance + 1e-9 * np.nan_to_num(ending))

    def _rows(self, fine: NDArray[np.bool_], rule: str, remedy: str, **columns: Array) -> None:
        """Raise DataError that names the periods, not row numbers, where there are labels."""
        try:
            check_rows(fine, rule, remedy, ids=self.labels, **columns)
        except DataError as error:
            raise DataError(str(error).replace("customer ", f"{self.unit} ")) from None

    def __repr__(self) -> str:
        labels = "" if self.labels is None else f", {self.labels[0]} to {self.labels[-1]}"
        known = ", ".join(f"{name} {np.isfinite(getattr(self, name)).sum()}" for name in _COLUMNS[:4])
        return f"Disclosures of {len(self)} {self.unit}s{labels}: {known}"
