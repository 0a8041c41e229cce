"""Churn rates: what is divided by what, and the same churn per month, quarter or year.

A churn rate is customers lost over customers, and both need a definition: which of those lost count, and what they are
divided by. Retention is 1 - churn wherever churn is a share of those there at the start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

import numpy as np

from custvalue import _arguments
from custvalue._columns import check_rows, numbers
from custvalue._typing import Array, ArrayLike
from custvalue.errors import DataError, ParameterError
from custvalue.units import DAYS, Unit, as_unit

Denominator: TypeAlias = Literal["start", "average", "exposure", "all"]


def churn_rate(
    lost: ArrayLike,
    at_start: ArrayLike,
    *,
    at_end: ArrayLike | None = None,
    acquired: ArrayLike | None = None,
    denominator: Denominator = "start",
) -> Array:
    """Customers lost in a period divided by customers, of whom there are several definitions.

    Parameters
    ----------
    lost : array_like
        Customers who left in the period.
    at_start : array_like
        Customers at its start.
    at_end : array_like, optional
        Customers at its end; from the others by start + acquired = lost + end where it is needed.
    acquired : array_like, optional
        Customers won in the period; likewise.
    denominator : {"start", "average", "exposure", "all"}
        - ``"start"``: lost / start, the usual one, and the only one whose complement is retention. Then `lost` must
          not count those who were won in the period and left in it. 1 - end/start is not churn but (negative) growth.
          `at_end` and `acquired` are ignored.
        - ``"average"``: lost / ((start + end) / 2). All who leave count, won in the period or before. It estimates a
          rate per unit of time, not a probability, and can exceed 1; 1 - exp(-rate) is the share lost of a
          constant base. For quick churn and a base that grows, where "start" overstates.
        - ``"exposure"``: lost / (start + acquired / 2), the actuaries' initial exposure: those won are at risk half of
          the period on average. A probability of leaving within a period.
        - ``"all"``: lost / (start + acquired), a share of everybody who was a customer in the period; understates, as
          those won late had little time to leave.

    Returns
    -------
    array
        NaN where there was nobody.

    Raises
    ------
    DataError
        A number is negative or missing, start + acquired = lost + end does not hold where it is needed, more are lost
        than there were, or what the denominator needs is not given.
    ParameterError
        The denominator is none of these.

    Examples
    --------
    1000 customers at the start, 300 won and 60 lost in the month:

    >>> for denominator in ("start", "average", "exposure", "all"):
    ...     print(denominator, churn_rate(60, 1000, acquired=300, denominator=denominator).round(4))
    start 0.06
    average 0.0536
    exposure 0.0522
    all 0.0462
    """
    given = {"lost": lost, "at_start": at_start, "at_end": at_end, "acquired": acquired}
    _arguments.one_of("denominator", denominator, _BASES)
    known = {name: numbers(name, values) for name, values in given.items() if values is not None}
    try:
        columns = dict(zip(known, _arguments.together(**known), strict=True))
    except ParameterError as error:  # numbers of customers are data
        raise DataError(str(error)) from None
    _check(columns, denominator)
    base = np.asarray(_BASES[denominator](columns))
    return np.asarray(np.divide(columns["lost"], base, out=np.full(base.shape, np.nan), where=base > 0))


def convert_churn(churn: ArrayLike, from_: Unit, to: Unit) -> Array:
    """The same churn per another period: 1 - (1 - churn)^n, where n of the periods `from_` make one of `to`.

    Exact for tiny churn, and from a year to a month as well as back. It holds for churn that is constant over time
    and alike for all: where customers differ, those who stay are the loyal ones, and yearly churn is less than
    the first month's says; a retention model gives both.

    Parameters
    ----------
    churn : array_like
        Share lost per period `from_`, 0 to 1.
    from_, to : {"day", "week", "month", "quarter", "year"}
        A year is 365.25 days and 12 months or 4 quarters, a week 7 days.

    Raises
    ------
    ParameterError
        A churn is not between 0 and 1, or a period is none of these.

    Examples
    --------
    >>> print(convert_churn([0.01, 0.05], "month", "year").round(4))  # not 12 and 60 percent
    [0.1136 0.4596]
    """
    rate = _arguments.share("churn", churn)
    n = DAYS[as_unit(to)] / DAYS[as_unit(from_)]
    with np.errstate(divide="ignore"):  # where all are lost the logarithm is -inf, and so it should be
        return np.asarray(-np.expm1(n * np.log1p(-rate)))


def lifetime_from_churn(churn: ArrayLike) -> Array:
    """Expected lifetime in periods, 1 / churn: of customers who all have the same churn in every period.

    The period in which a customer leaves counts as a whole, as where payments are due at its start; 1/churn - 1/2 where
    customers leave evenly within periods. Infinite where churn is 0.

    It is wrong, and too short, wherever churn is an average over different customers or falls with tenure, as in nearly
    all data: half of the customers at 5 % and half at 20 % have an average churn of 12.5 % and a lifetime not of 8 but
    of (20 + 5) / 2 = 12.5 periods. Use `RetentionModel.expected_lifetime` of a fitted model. It is wrong also for a
    churn measured in a month of unusual growth or with another denominator than the customers at the start.

    Raises
    ------
    ParameterError
        A churn is not between 0 and 1.

    Examples
    --------
    >>> lifetime_from_churn([0.05, 0.2]).round(3).tolist(), float(lifetime_from_churn(0.125))
    ([20.0, 5.0], 8.0)
    """
    rate = _arguments.share("churn", churn)
    with np.errstate(divide="ignore", over="ignore"):
        return np.asarray(1.0 / rate)


def _ends(columns: Mapping[str, Array]) -> Array:
    if "at_end" in columns:
        return columns["at_end"]
    return columns["at_start"] + columns["acquired"] - columns["lost"]


def _won(columns: Mapping[str, Array]) -> Array:
    if "acquired" in columns:
        return columns["acquired"]
    return columns["at_end"] + columns["lost"] - columns["at_start"]


_BASES: Final[Mapping[Denominator, Callable[[Mapping[str, Array]], Array]]] = MappingProxyType(
    {
        "start": lambda columns: columns["at_start"],
        "average": lambda columns: (columns["at_start"] + _ends(columns)) / 2,
        "exposure": lambda columns: columns["at_start"] + _won(columns) / 2,
        "all": lambda columns: columns["at_start"] + _won(columns),
    }
)


def _check(columns: Mapping[str, Array], denominator: Denominator) -> None:
    for name, column in columns.items():
        check_rows(
            np.isfinite(column) & (column >= 0), f"{name} must be finite and >= 0", "It counts customers.", value=column
        )
    if denominator != "start" and not columns.keys() & {"at_end", "acquired"}:
        raise DataError(f"denominator={denominator!r} needs at_end= or acquired=; only lost and at_start are known")
    if denominator != "start" and columns.keys() >= {"at_end", "acquired"}:
        won, left = columns["at_start"] + columns["acquired"], columns["lost"] + columns["at_end"]
        check_rows(
            np.isclose(won, left, rtol=1e-9, atol=1e-9),
            "at_start + acquired = lost + at_end must hold",
            "Everybody who is lost or there at the end was there at the start or won in the period.",
            **columns,
        )
    some = columns.keys() & {"at_end", "acquired"}
    there = columns["at_start"] + (_won(columns) if some and denominator != "start" else 0.0)
    check_rows(
        columns["lost"] <= there,
        "lost must not exceed the customers there were",
        "With denominator='start' leave out who was won and lost in the same period, or choose another.",
        lost=columns["lost"],
        there=there,
    )
