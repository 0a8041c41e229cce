"""A log that stays where it is: two group-bys in the engine that holds it (polars, DuckDB, Spark, ...).

Purchases are grouped by customer and collapse period, then by customer; the spend in the first period comes
back by an inner join. Windows (`min().over`) are avoided: they are slower, and misaligned on some engines.
"""

from __future__ import annotations

from typing import Any, Final

import narwhals.stable.v2 as nw
import numpy as np
from attrs import field, frozen

from custvalue._typing import Array, NDArray
from custvalue.evidence.logs import messages as say
from custvalue.evidence.logs.lazy_times import cell, raw_problem, tick
from custvalue.evidence.logs.options import End, Options, Ticks
from custvalue.evidence.logs.rows import Cells, Extent, Histories, Tally

_WEEKS: Final = 1_000_000
"""Added to week numbers, so that engines that divide towards zero and those that floor agree."""

_ZERO: Final = {"week": _WEEKS, "month": 1970 * 12 + 1, "quarter": 1970 * 4, "year": 1970}
"""The number here of the period that `Options.period` gives the number 0."""

_TITLES: Final = {"id": "customer", "raw": "date", "money": "amount"}
"""What messages call the columns."""


@frozen(eq=False)
class LazyLog:
    """Columns id, tick, cell (what periods are made of) and money of a lazy frame. Made by `lazy_log`."""

    rows: nw.LazyFrame[Any] = field()
    options: Options = field()
    counted: dict[str, Any] = field()
    whole_days: bool = field()

    def extent(self) -> Extent:
        counted = self.counted
        first, last = (int(_ticks([counted[name]], self.options)[0]) for name in ("first", "last"))
        if self.options.amount is None:
            return Extent(counted["rows"], first, last, self.whole_days)
        return Extent(counted["rows"], first, last, self.whole_days, counted["nonpositive"], float(counted["total"]))

    def check_end(self, end: End, named: str) -> None:
        late = nw.col("tick") > _literal(end.last, self.options, self.rows)
        count = self.rows.filter(late).select(nw.len().alias("n")).collect()["n"][0]
        raise _broken(self.rows, self.options.date, say.too_late(named), late, count, self.counted["rows"])

    def histories(self, end: End, *, ticks: bool) -> Histories:
        periods = self._periods(self._until(end), end)
        bought = periods.filter(~nw.col("tick").is_null()) if self._refunds else periods
        sums = [] if self.options.amount is None else [nw.col("money").sum().alias("total")]
        who = bought.group_by("id").agg(
            nw.len().alias("count"),
            nw.col("tick").min().alias("first"),
            nw.col("tick").max().alias("last"),
            nw.col("period").min(),
            *sums,
        )
        if self.options.amount is not None:
            opening = bought.select("id", "period", nw.col("money").alias("opening"))
            who = who.join(opening, on=["id", "period"], how="inner")
        if self._refunds:
            who = _add_refunds(who, periods.filter(nw.col("tick").is_null()))
        got = who.sort("id").collect()
        first, last = (_ticks(got[name].to_numpy(), self.options) for name in ("first", "last"))
        total, first_spend = self._money(got, "total"), self._money(got, "opening")
        count = got["count"].to_numpy().astype(np.int64)
        when = self._times(bought) if ticks else None
        return Histories(_ids(got["id"]), first, last, count, total, first_spend, when)

    def cells(self, end: End) -> Cells:
        got = self._periods(self._until(end), end).sort("id", "period").collect()
        names, bought = _ids(got["id"]), ~got["tick"].is_null().to_numpy()
        period = _ticks(got["period"].to_numpy(), self.options) - _ZERO.get(str(self.options.collapse), 0)
        heads = np.append(True, names[1:] != names[:-1])
        return Cells(names[heads], np.cumsum(heads) - 1, period, bought, self._money(got, "money"))

    def tally(self, after: End, until: End) -> Tally:
        later = nw.col("tick") > _literal(after.last, self.options, self.rows)
        periods = self._periods(self._until(until).filter(later), after)
        sums = [] if self.options.amount is None else [nw.col("money").sum()]
        got = periods.group_by("id").agg(nw.col("tick").count().alias("count"), *sums).sort("id").collect()
        return Tally(_ids(got["id"]), got["count"].to_numpy().astype(np.int64), self._money(got, "money"))

    def _money(self, got: nw.DataFrame[Any], name: str) -> Array | None:
        return None if self.options.amount is None else got[name].to_numpy().astype(np.float64)

    def _times(self, bought: nw.LazyFrame[Any]) -> Ticks:
        """Ticks of all purchases, by customer; they come into memory, as no window is safe."""
        return _ticks(bought.select("id", "tick").sort("id", "tick").collect()["tick"].to_numpy(), self.options)

    @property
    def _refunds(self) -> bool:
        return self.options.refunds == "net" and bool(self.counted.get("negative"))

    def _until(self, end: End) -> nw.LazyFrame[Any]:
        rows = self.rows
        if self.extent().last > end.last:
            rows = rows.filter(nw.col("tick") <= _literal(end.last, self.options, self.rows))
        if self.options.refunds == "drop" and self.counted.get("nonpositive"):
            rows = rows.filter(nw.col("money") > 0)
        return rows

    def _periods(self, rows: nw.LazyFrame[Any], end: End) -> nw.LazyFrame[Any]:
        """One row per customer and period: first tick of a purchase (null: refunds only), and money."""
        period = nw.col("cell")
        if self.options.collapse == "week":
            period = (period - (end.tick - 6 - 7 * _WEEKS)) // 7
        when = nw.col("tick")
        if self._refunds:
            when = nw.when(nw.col("money") >= 0).then(when)
        rows = rows.with_columns(period.alias("period"), when.alias("tick"))
        sums = [] if self.options.amount is None else [nw.col("money").sum()]
        return rows.group_by("id", "period").agg(nw.col("tick").min(), *sums)


def _add_refunds(who: nw.LazyFrame[Any], refunds: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add the money of periods with refunds only, where they come after the customer's first purchase."""
    refunds = refunds.select("id", nw.col("period").alias("when"), nw.col("money").alias("refund"))
    later = who.select("id", "period").join(refunds, on="id", how="inner")
    later = later.filter(nw.col("when") > nw.col("period"))
    sums = later.group_by("id").agg(nw.col("refund").sum())
    who = who.join(sums, on="id", how="left")
    return who.with_columns((nw.col("total") + nw.col("refund").fill_null(0.0)).alias("total"))


def lazy_log(frame: nw.LazyFrame[Any], options: Options) -> LazyLog:
    """Check the columns with one aggregate over the log, and name them for the plan."""
    schema = frame.collect_schema()
    clock = schema[options.date]
    customer = nw.col(options.customer)
    if schema[options.customer] in (nw.Categorical, nw.Enum):
        customer = customer.cast(nw.String)
    columns = [customer.alias("id"), nw.col(options.date).alias("raw")]
    if options.amount is not None:
        if not schema[options.amount].is_numeric():
            _text_amounts(frame, options.amount)
        columns.append(nw.col(options.amount).cast(nw.Float64).alias("money"))
    rows = frame.select(*columns).with_columns(tick(clock, options).alias("tick"))
    rows = rows.with_columns(cell(clock, options).alias("cell"))
    counted = _count(rows, clock, options)
    return LazyLog(rows, options, counted, clock == nw.Date)


def _text_amounts(frame: nw.LazyFrame[Any], amount: str) -> None:
    rows = frame.select(nw.col(amount).alias("money"))
    n = rows.select(nw.len().alias("n")).collect()["n"][0]
    shown = [say.show(value) for value in rows.head(say.SHOWN).collect()["money"].to_list()]
    raise say.broken_rows(amount, say.NOT_AN_AMOUNT, n, n, shown) if n else say.empty()


def _count(rows: nw.LazyFrame[Any], clock: nw.dtypes.DType, options: Options) -> dict[str, Any]:
    """Every check of the rows in one aggregate; the rows that break one are looked up only then."""
    problems: list[tuple[str, tuple[str, str], nw.Expr]] = [
        (options.customer, say.NO_ID, _no_id(rows)),
        (options.date, say.NO_DATE, nw.col("raw").is_null()),
    ]
    if (unreadable := raw_problem(clock)) is not None:
        problems.append((options.date, say.NOT_A_DATE, unreadable))
    money = nw.col("money")
    wanted = [nw.len().alias("rows"), nw.col("tick").min().alias("first"), nw.col("tick").max().alias("last")]
    if options.amount is not None:
        problems.append((options.amount, say.NOT_AN_AMOUNT, money.is_null() | ~money.is_finite()))
        if options.refunds == "raise":
            problems.append((options.amount, say.NO_REFUNDS, money <= 0))
        wanted += [_number(money <= 0, "nonpositive"), _number(money < 0, "negative"), money.sum().alias("total")]
    wanted += [_number(broken, f"problem{i}") for i, (_, __, broken) in enumerate(problems)]
    counted = rows.select(*wanted).collect()
    found = dict(zip(counted.columns, counted.row(0), strict=True))
    if not found["rows"]:
        raise say.empty()
    for i, (column, rule, broken) in enumerate(problems):
        if found[f"problem{i}"]:
            raise _broken(rows, column, rule, broken, found[f"problem{i}"], found["rows"])
    return found


def _no_id(rows: nw.LazyFrame[Any]) -> nw.Expr:
    missing = nw.col("id").is_null()
    return missing | ~nw.col("id").str.contains(r"\S") if rows.collect_schema()["id"] == nw.String else missing


def _number(condition: nw.Expr, name: str) -> nw.Expr:
    return condition.cast(nw.Int64).sum().alias(name)


def _broken(
    rows: nw.LazyFrame[Any], column: str, rule: tuple[str, str], broken: nw.Expr, count: int, total: int
) -> Exception:
    shown = rows.filter(broken).head(say.SHOWN).collect()
    columns = [(_TITLES[name], shown[name].to_list()) for name in shown.columns if name in _TITLES]
    texts = [", ".join(f"{title} {say.show(values[i])}" for title, values in columns) for i in range(len(shown))]
    return say.broken_rows(column, rule, int(count), int(total), texts)


def _literal(value: int, options: Options, rows: nw.LazyFrame[Any]) -> Any:  # noqa: ANN401 (a date, datetime or int)
    """A tick in the type of the tick column."""
    if rows.collect_schema()["tick"].is_integer():
        return value
    return np.int64(value).view(options.tick_type).item()


def _ticks(values: Any, options: Options) -> Ticks:  # noqa: ANN401 (dates, datetimes or integers)
    array = np.asarray(values)
    if array.dtype.kind in "iu":
        return array.astype(np.int64)
    return array.astype(options.tick_type).view(np.int64)


def _ids(series: nw.Series[Any]) -> NDArray[Any]:
    values = series.to_numpy()
    return np.array(values.tolist()) if values.dtype.kind == "O" else values
