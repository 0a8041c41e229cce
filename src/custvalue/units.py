"""Units of time, with exact lengths: a week is 7 days, a year 365.25, a month a twelfth of a year, a quarter a fourth.

Evidence (`RFM`) is measured in a unit, models remember it, and a `Rate` converts to it.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

from custvalue.errors import ParameterError

Unit: TypeAlias = Literal["day", "week", "month", "quarter", "year"]

DAYS_PER_YEAR: Final = 365.25
"""Of every unit, and so of every rate: the mean year of the Julian calendar, on which weeks, months and years agree."""
DATED_DAYS_PER_YEAR: Final = 365.0
"""Between the dates of cash flows, unless another day count is asked for: act/365, as in Excel's XNPV and XIRR."""
DAYS: Final[dict[Unit, float]] = {
    "day": 1.0,
    "week": 7.0,
    "month": DAYS_PER_YEAR / 12,
    "quarter": DAYS_PER_YEAR / 4,
    "year": DAYS_PER_YEAR,
}
"""Days in one unit."""

MONTHS: Final[dict[str, int]] = {"month": 1, "quarter": 3, "year": 12}
"""Calendar months in one unit, of the units that are made of them."""


def as_unit(value: str) -> Unit:
    """Return `value` if it names a unit; raise ParameterError otherwise."""
    for unit in get_args(Unit):
        if value == unit:
            return unit  # type: ignore[no-any-return]
    raise ParameterError(f"unit must be one of {', '.join(map(repr, DAYS))}; got {value!r}")


def per_year(unit: Unit) -> float:
    """Number of the unit in a year of 365.25 days: 12 months, 52.178... weeks.

    >>> per_year("month")
    12.0
    """
    return DAYS_PER_YEAR / DAYS[unit]
