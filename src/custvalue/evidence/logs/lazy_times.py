"""Times of a lazy frame as expressions: dates, datetimes and ISO text become comparable ticks.

Only arithmetic that every engine has: text is sliced into integers and counted as days since 1970-01-01
(Howard Hinnant's days_from_civil), never parsed, so that no engine's own idea of a date enters.
"""

from __future__ import annotations

import narwhals.stable.v2 as nw

from custvalue.evidence.logs import messages as say
from custvalue.evidence.logs.dates import ISO
from custvalue.evidence.logs.options import DAY_US, Options


def check_clock(kind: nw.dtypes.DType, options: Options, *, polars: bool) -> None:
    """Raise DataError where a column's type holds no dates, or a time zone that cannot be resolved."""
    if kind not in (nw.Date, nw.Datetime, nw.String, nw.Categorical, nw.Enum):
        raise say.not_dates(options.date, f"a column of type {kind}")
    zone = kind.time_zone if isinstance(kind, nw.Datetime) else None
    if zone is not None and not polars:
        raise say.ambiguous_zone(options.date)
    if zone is None and options.timezone is not None:
        raise say.no_zone(options.date)


def tick(kind: nw.dtypes.DType, options: Options) -> nw.Expr:
    """Expression for the tick of column "raw": its date, its datetime, or an integer where it is text."""
    raw = nw.col("raw")
    if not isinstance(kind, (nw.Date, nw.Datetime)):
        days = _days_of_text()
        return days if options.collapse is not None else days * DAY_US + _time_of_text()
    if isinstance(kind, nw.Datetime) and kind.time_zone is not None:
        local = raw if options.timezone is None else raw.dt.convert_time_zone(options.timezone)
        raw = local.dt.replace_time_zone(None)
    return raw.cast(nw.Date if options.collapse is not None else nw.Datetime("us"))


def cell(kind: nw.dtypes.DType, options: Options) -> nw.Expr:
    """Expression for what collapse periods are made of: the tick, a day number, or a calendar period."""
    if options.collapse in (None, "day"):
        return nw.col("tick")
    text = not isinstance(kind, (nw.Date, nw.Datetime))
    if options.collapse == "week":
        return nw.col("tick") if text else _days_of_date()
    year, month = (_part(0, 4), _part(5, 2)) if text else (_year(), nw.col("tick").dt.month().cast(nw.Int64))
    return {"month": year * 12 + month, "quarter": year * 4 + (month - 1) // 3, "year": year}[options.collapse]


def raw_problem(kind: nw.dtypes.DType) -> nw.Expr | None:
    """Expression for text that is no date; None where the column is not text."""
    if isinstance(kind, (nw.Date, nw.Datetime)):
        return None
    return nw.col("raw").is_null() != nw.col("tick").is_null()


def _year() -> nw.Expr:
    return nw.col("tick").dt.year().cast(nw.Int64)


def _days_of_date() -> nw.Expr:
    y = _year() - 1
    return y * 365 + y // 4 - y // 100 + y // 400 + nw.col("tick").dt.ordinal_day().cast(nw.Int64) - 719_163


def _text() -> nw.Expr:
    """The text where it looks like a date, else null."""
    text = nw.col("raw").cast(nw.String)
    return nw.when(text.str.contains(ISO)).then(text)


def _part(start: int, length: int) -> nw.Expr:
    return _text().str.slice(start, length).cast(nw.Int64)


def _days_of_text() -> nw.Expr:
    """The day that the text names, in years that begin in March; null where its month has no such day."""
    year, month, day = _part(0, 4), _part(5, 2), _part(8, 2)
    y = nw.when(month <= 2).then(year - 1).otherwise(year)
    m = nw.when(month <= 2).then(month + 9).otherwise(month - 3)
    # An engine's own dates would need no month lengths, but each refuses 31 April in its way: polars by an error.
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    february = nw.when(leap).then(nw.lit(29)).otherwise(nw.lit(28))
    # The lengths in words are a tenth faster than from the first days of this month and the next, as measured.
    other = nw.when(month.is_in([4, 6, 9, 11])).then(nw.lit(30)).otherwise(nw.lit(31))
    length = nw.when(month == 2).then(february).otherwise(other)
    days = y * 365 + y // 4 - y // 100 + y // 400 + (m * 153 + 2) // 5 + day - 719_469
    return nw.when(day <= length).then(days)


def _time_of_text() -> nw.Expr:
    """Microseconds since midnight: '...T12', ':30', ':15', '.25', each where there is one."""
    padded = nw.concat_str(_text(), nw.lit("")).str.slice(11, 15)
    clock = nw.when(padded.str.len_chars() > 0).then(padded).otherwise(nw.lit("00:00"))
    whole = nw.concat_str(clock, nw.when(clock.str.len_chars() == 5).then(nw.lit(":00")).otherwise(nw.lit("")))
    micro = nw.concat_str(whole.str.slice(9, 6), nw.lit("000000")).str.slice(0, 6).cast(nw.Int64)
    hour, minute, second = (whole.str.slice(at, 2).cast(nw.Int64) for at in (0, 3, 6))
    return ((hour * 60 + minute) * 60 + second) * 1_000_000 + micro
