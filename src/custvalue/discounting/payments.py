"""Level payments that balance a present and a future sum: how much, how many, at what rate.

Signs are directions, as everywhere: money that comes in is positive, money that goes out negative, and

    present + Σ payment discounted + future discounted = 0.
"""

from __future__ import annotations

import numpy as np

from custvalue._columns import check_rows, numbers
from custvalue._typing import Array, ArrayLike
from custvalue.discounting._factors import times_exp
from custvalue.discounting.cash_flow_batch import CashFlowBatch
from custvalue.discounting.irr import irr
from custvalue.discounting.rate import Rate, as_rate
from custvalue.discounting.timing import Due, check_broadcast, due_offset
from custvalue.errors import DataError, ParameterError
from custvalue.records.cash_flow import CashFlows
from custvalue.units import Unit, as_unit, per_year

EPS = 2.0**-52


def level_payment(
    rate: Rate,
    present: ArrayLike,
    periods: ArrayLike,
    *,
    due: Due,
    future: ArrayLike = 0.0,
    period: Unit = "year",
) -> Array:
    """Payment per period that balances a sum now and a sum at the end: of a loan, or to save up.

    Parameters
    ----------
    rate : Rate
        All arguments broadcast against each other.
    present, future : array_like
        What comes in (positive) or goes out (negative) now, and at the end of the last period.
    periods : array_like
        How many payments: whole numbers of at least 1.
    due : {"now", "next", "middle"}
        The first payment falls now, one period from now, or half a period from now.
    period : {"day", "week", "month", "quarter", "year"}
        How far payments are apart.

    Raises
    ------
    ParameterError
        The rate is a bare number, periods are not whole numbers of at least 1, or `due` is unknown.

    Examples
    --------
    >>> print(level_payment(Rate.nominal(0.08, 12), 10000, 10, due="next", period="month").round(2))  # Excel's PMT
    -1037.03
    """
    n = _counts(periods)
    force, shift = np.asarray(as_rate(rate).force(period)), due_offset(due)
    now, end = _money("present", present), _money("future", future)
    check_broadcast(rate=force, present=now, periods=n, future=end)
    size = np.abs(force)
    with np.errstate(under="ignore"):
        gone = np.expm1(-size * n)
        near, far = np.where(force >= 0, now, end), np.where(force >= 0, end, now)  # far is the one that shrinks
        balance = np.where(gone > -0.5, (near + far) + far * gone, near + far * np.exp(-size * n))
        step = np.expm1(-size)
        count = np.where(size * n < 1e-17, n, gone / np.where(step == 0, 1.0, step))
        lag = np.where(force >= 0, force * shift, size * (1 - shift))
    return times_exp(-balance / count, lag)


def number_of_payments(
    rate: Rate,
    present: ArrayLike,
    payment: ArrayLike,
    *,
    due: Due,
    future: ArrayLike = 0.0,
    period: Unit = "year",
) -> Array:
    """How many level payments balance a sum now and a sum at the end, in fractions of a period.

    Parameters
    ----------
    rate, present, due, future, period
        As for `level_payment`.
    payment : array_like
        Per period; positive where it comes in.

    Returns
    -------
    float64, of the shape that the arguments broadcast to
        Negative where the balance would have been so many periods ago.

    Raises
    ------
    DataError
        No number of payments balances the sums, because they do not even cover the interest.
    ParameterError
        The rate is a bare number, or `due` is unknown.

    Examples
    --------
    >>> print(number_of_payments(Rate.nominal(0.12, 12), -1000, -100, due="now", future=10000, period="month").round(7))
    59.6738657
    """
    force, shift = np.asarray(as_rate(rate).force(period)), due_offset(due)
    now, end, paid = _money("present", present), _money("future", future), _money("payment", payment)
    check_broadcast(rate=force, present=now, payment=paid, future=end)
    tiny = np.abs(force) < 1e-300
    step = np.where(tiny, 1.0, force)
    with np.errstate(under="ignore"):
        unit = np.where(tiny, 1.0, step / -np.expm1(-step)) * np.exp(-force * shift)  # δ times a perpetuity of 1
    missing = now + end
    with np.errstate(divide="ignore", invalid="ignore", under="ignore", over="ignore"):
        worth = now * force, paid * unit
        only_interest = np.abs(worth[0] + worth[1]) <= 4 * EPS * (np.abs(worth[0]) + np.abs(worth[1]))
        denominator = np.where(only_interest, 0.0, worth[0] + worth[1])
        ratio = -missing * step / denominator
        count = np.where(tiny, -missing / denominator, np.log1p(ratio) / step)
        count = np.where(missing == 0, 0.0, count)
    check_rows(
        np.isfinite(count),
        "payments must be able to balance the sums",
        "They do not cover the interest: pay more, or look at the signs (money in is positive, money out negative).",
        present=now,
        payment=paid,
        future=end,
    )
    return np.asarray(count)


def payment_rate(
    present: ArrayLike,
    payment: ArrayLike,
    periods: ArrayLike,
    *,
    due: Due,
    future: ArrayLike = 0.0,
    period: Unit = "year",
) -> Rate:
    """Rate at which level payments balance a sum now and a sum at the end.

    Parameters
    ----------
    present, payment, periods, due, future, period
        As for `level_payment` and `number_of_payments`.

    Returns
    -------
    Rate
        One, or an array of one axis if the arguments are arrays.

    Raises
    ------
    DataError
        There is no such rate, or there are several.

    Examples
    --------
    >>> rate = payment_rate(8000, -200, 48, due="next", period="month")  # Excel's RATE(48, -200, 8000)
    >>> print(f"{rate.effective('month'):.6%}")
    0.770147%
    """
    n = _counts(periods)
    now, paid, end = _money("present", present), _money("payment", payment), _money("future", future)
    check_broadcast(present=now, payment=paid, future=end, periods=n)
    now, paid, end, n = np.broadcast_arrays(now, paid, end, n)
    if now.ndim > 1:
        raise DataError(f"present, payment, periods and future must be numbers or one column; got shape {now.shape}")
    per = per_year(as_unit(period))
    columns = zip(now.flat, paid.flat, end.flat, n.flat, strict=True)
    parts = [_flows(*row, due, per) for row in columns]
    return irr(CashFlowBatch.from_series(parts) if now.ndim else parts[0])


def _flows(now: float, paid: float, end: float, n: float, due: str, per: float) -> CashFlows:
    times = np.concatenate(([0.0], np.arange(n) + due_offset(due), [n]))
    return CashFlows(np.concatenate(([now], np.full(int(n), paid), [end])), times / per)


def _money(name: str, value: ArrayLike) -> Array:
    money = numbers(name, value)
    check_rows(np.isfinite(money), f"{name} must be finite", "Leave the rows out.", **{name: money})
    return money


def _counts(periods: ArrayLike) -> Array:
    n = numbers("periods", periods)
    if not (np.isfinite(n) & (n >= 1) & (n == np.floor(n))).all():
        raise ParameterError(f"periods must be whole numbers of at least 1; got {periods!r}")
    return n
