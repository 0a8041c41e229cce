"""Figures of discounting: rates, curves, day counts, annuities, present values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from golden import outcome

from custvalue.discounting.annuity import annuity, annuity_future_value, perpetuity
from custvalue.discounting.breakdown import present_value_by
from custvalue.discounting.cash_flow_batch import CashFlowBatch
from custvalue.discounting.curve import YieldCurve
from custvalue.discounting.day_count import years_between
from custvalue.discounting.present_value import future_value, net_present_value, present_value
from custvalue.discounting.rate import Rate
from custvalue.records.cash_flow import CashFlow, CashFlows
from custvalue.records.customer import Customer
from custvalue.records.relationship import Relationship

# What had the year as the unit of its periods by default:
annuity = partial(annuity, unit="year")  # _ANNUITY
annuity_future_value = partial(annuity_future_value, unit="year")
perpetuity, net_present_value = partial(perpetuity, unit="year"), partial(net_present_value, unit="year")
periodic = partial(CashFlowBatch.periodic, unit="year")

CASES: dict[str, Callable[[], Any]] = {}

PERIODS = ("day", "week", "month", "quarter", "year")
DUE = ("now", "next", "middle")
DAY_COUNTS = ("act/365", "act/365.25", "act/360", "act/act", "30/360", "30E/360")
METHODS = ("linear", "log-linear", "monotone cubic")
TEN = Rate.annual(0.10)
RATES = [-0.05, 0.0, 1e-10, 0.05, 0.12]
DAYS = ["2023-11-30", "2024-01-31", "2024-02-29", "2024-08-02", "2025-12-31"]
DATED = CashFlows([-500.0, 30.0, 45.0, 200.0, 400.0], DAYS)
AHEAD = CashFlows([-100.0, 60.0, -7.5, 60.0], [0, 1, 1.25, 2])
PAST = CashFlows([100.0, -40.0], [-2.0, -0.5])
BATCH = CashFlowBatch(CashFlows([-100, 60, 60, -50, 80, 7], [0, 1, 2, 0, 1, 3.5]), [0, 3, 5, 5, 6], list("abcd"))


def case(run: Callable[[], Any]) -> Callable[[], Any]:
    CASES[f"discounting: {run.__name__.replace('_', ' ')}"] = run
    return run


def customers() -> list[Customer]:
    shop = Relationship("shop", 0.0, cash_flows=[CashFlow(100, 0, "purchase"), CashFlow(-20, 0.5, "refund")])
    loan = Relationship("loan", -1.0, cash_flows=[CashFlow(-300, -1, "acquisition"), CashFlow(90, 2, "revenue")])
    return [Customer("ann", [shop, loan]), Customer("bob", [Relationship("shop", 1.0)])]


def dated_customer() -> Customer:
    paid = [CashFlow(30.0, "2024-01-05"), CashFlow(45.0, "2024-08-02T12:00"), CashFlow(-10.0, "2025-03-01", "refund")]
    return Customer("eve", [Relationship("web", "2024-01-01", cash_flows=paid)])


class Hyperbolic:
    """A discounting of one's own, with a factor that is no exponential."""

    def discount(self, t: Any) -> Any:
        return 1 / (1 + 0.1 * np.maximum(np.asarray(t, dtype=float), 0))


# --- rates ---


@case
def rates_made_and_read() -> Any:
    given = np.array([-0.5, -0.01, 0.0, 1e-12, 0.01, 0.1, 2.5])
    makers = {"year": Rate.annual, "quarter": Rate.quarterly, "month": Rate.monthly, "week": Rate.weekly}
    made = {period: make(given) for period, make in makers.items()} | {"continuous": Rate.continuous(given)}
    made["day"] = Rate.daily(given / 100)
    return {
        name: {
            "force": rate.continuous_value,
            "effective": {period: rate.effective(period) for period in PERIODS},
            "force per": {period: rate.force(period) for period in PERIODS},
            "nominal": {str(n): rate.nominal_rate(n) for n in (1, 2, 4, 12, 365.25, np.inf)},
        }
        for name, rate in made.items()
    }


@case
def nominal_rates() -> Any:
    times = np.array([1, 2, 4, 12, 52, 365.25, np.inf])
    return {
        "several compoundings": Rate.nominal(0.06, times).continuous_value,
        "negative": Rate.nominal(-0.06, times).effective(),
        "rates by compoundings": Rate.nominal([[0.0], [0.0525], [0.3]], [4, 12]).effective(),
        "one number": Rate.nominal(0.0525, 4).effective(),
        "read back": Rate.annual(0.053543).nominal_rate([4, 12, np.inf]),
    }


@case
def discount_factors_of_a_rate() -> Any:
    t = np.array([-2.0, -0.25, 0.0, 1 / 3, 1.0, 10.0, 400.0])
    several = Rate.annual([[-0.05], [0.0], [0.08]])
    return {
        "factors": {period: several.discount(t, period) for period in PERIODS},
        "logarithms": several.log_discount(t),
        "one of each": Rate.monthly(0.01).discount(7, "month"),
        "none": Rate.zero().discount(t),
        "too small": Rate.continuous(50.0).discount(100.0),
        "too large": Rate.continuous(-50.0).discount(100.0),
        "logarithm of too large": Rate.continuous(-50.0).log_discount(100.0),
        "effective beyond floats": Rate.continuous(1000.0).effective(),
        "per flow": Rate.annual([0.1, 0.2, 0.3]).discount([1, 2, 3]),
    }


@case
def rates_compared_and_refused() -> Any:
    return {
        "equal": Rate.continuous(0.2) == Rate.continuous(0.2),
        "not equal": TEN == Rate.annual(0.11),
        "arrays equal": Rate.annual([0.1, 0.2]) == Rate.annual([0.1, 0.2]),
        "not a rate": TEN == 0.1,
        "same hash": hash(Rate.continuous(0.2)) == hash(Rate.continuous(0.2)),
        "-100 %": outcome(lambda: Rate.annual(-1.0)),
        "missing": outcome(lambda: Rate.monthly(np.nan)),
        "text": outcome(lambda: Rate.annual("ten")),
        "nominal of -100 %": outcome(lambda: Rate.nominal(-12.0, 12)),
        "no compounding": outcome(lambda: Rate.nominal(0.1, 0)),
        "unknown period": outcome(lambda: TEN.effective("fortnight")),
        "time without end": outcome(lambda: TEN.discount(np.inf)),
        "bare number": outcome(lambda: annuity(0.1, 1, 3, timing="next")),
        "curve where one rate is needed": outcome(lambda: annuity(curve("linear"), 1, 3, timing="next")),
    }


# --- curves ---


def curve(method: str, extrapolate: str = "raise") -> YieldCurve:
    return YieldCurve.from_spot(
        [0.5, 1, 2, 5, 10],
        Rate.annual([-0.005, 0.01, 0.03, 0.035, 0.032]),
        interpolation=method,
        extrapolate=extrapolate,
    )


@case
def curves_between_their_times() -> Any:
    t = np.array([0.0, 0.1, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.9, 5.0, 7.5, 10.0])
    return {
        method: {
            "factors": curve(method).discount(t),
            "logarithms": curve(method).log_discount(t),
            "spot": curve(method).spot(t).continuous_value,
            "spot of one": curve(method).spot(3.0).effective("month"),
            "forward": curve(method).forward(t[:-1], t[1:]).continuous_value,
            "forward of one": curve(method).forward(1, 2).effective(),
            "times": curve(method).times,
            "forces": curve(method).forces,
        }
        for method in METHODS
    }


@case
def curves_beyond_their_times() -> Any:
    far = np.array([-1.0, 0.0, 0.01, 11.0, 40.0])
    return {
        method: {
            "flat": curve(method, "flat").discount(far),
            "flat spot": curve(method, "flat").spot(far).continuous_value,
            "forward out of it": curve(method, "flat").forward(8, 20).continuous_value,
            "refused after": outcome(lambda method=method: curve(method).discount(11)),
            "refused before": outcome(lambda method=method: curve(method).discount(-1)),
        }
        for method in METHODS
    }


@case
def curves_made_in_other_ways() -> Any:
    t = np.array([0.0, 0.5, 1.0, 1.7, 2.5, 3.0])
    rates = Rate.nominal([0.02, 0.03, 0.05], 2)
    return {
        method: {
            "forwards": YieldCurve.from_forwards([1, 2, 3], rates, interpolation=method).discount(t),
            "factors": YieldCurve.from_discount_factors([1, 2, 3], [0.97, 0.98, 0.9], interpolation=method).discount(t),
            "one time": YieldCurve.from_spot([3], Rate.annual([0.04]), interpolation=method).discount(t),
            "forces": YieldCurve(times=[1, 3], forces=[0.02, -0.01], interpolation=method).discount(t),
            "two times": YieldCurve.from_spot([1, 3], Rate.annual([0.01, 0.2]), interpolation=method).discount(t),
        }
        for method in METHODS
    } | {
        "equal": curve("linear") == curve("linear"),
        "another rule": curve("linear") == curve("log-linear"),
        "times fall": outcome(lambda: YieldCurve(times=[2, 1], forces=[0.1, 0.1], interpolation="linear")),
        "factor of 0": outcome(lambda: YieldCurve.from_discount_factors([1], [0.0], interpolation="linear")),
        "unknown rule": outcome(lambda: YieldCurve(times=[1], forces=[0.1], interpolation="cubic")),
        "forward back in time": outcome(lambda: curve("linear").forward(2, 1)),
    }


@case
def years_between_dates() -> Any:
    pairs = [
        ("2024-01-31", "2024-07-31"),
        ("2024-02-29", "2025-02-28"),
        ("2023-07-01", "2024-07-01"),
        ("2023-12-31", "2024-01-01"),
        ("2024-01-30", "2024-02-29"),
        ("2024-05-05", "2024-05-05"),
        ("2026-03-15", "2019-10-31"),
        ("2024-01-05T06:00", "2024-03-31T18:30"),
        ("1999-12-31", "2100-03-01"),
    ]
    column = np.array(["2024-01-15", "2025-06-30"], dtype="datetime64[D]")
    return {
        rule: {
            "pairs": [years_between(start, end, rule) for start, end in pairs],
            "column": years_between("2020-02-29", column, rule),
            "table": years_between(column[:, None], column, rule),
            "dates": years_between(dt.date(2020, 1, 1), dt.datetime(2021, 1, 1, 12), rule),  # noqa: DTZ001
        }
        for rule in DAY_COUNTS
    } | {
        "default": years_between("2024-01-01", "2025-01-01"),
        "unknown": outcome(lambda: years_between("2024-01-01", "2025-01-01", "act/364")),
        "missing": outcome(lambda: years_between("2024-01-01", np.datetime64("NaT"))),
    }


# --- annuities ---


@case
def annuities() -> Any:
    rate, growth = Rate.annual(np.array(RATES)[:, None, None]), np.array([-0.02, 0.0, 0.05])[:, None]
    found = {}
    for due in (*DUE, "continuous"):
        counts = np.array([0, 1, 10, 300]) if due != "continuous" else np.array([0, 0.5, 7.25, 300])
        found[due] = {
            "present": annuity(rate, 100.0, counts, timing=due, growth=growth),
            "future": annuity_future_value(rate, 100.0, counts, timing=due, growth=growth),
            "forever": perpetuity(rate, 100.0, timing=due, growth=growth[:, 0]),
            "one": annuity(TEN, 1, 10, timing=due),
            "monthly": annuity(TEN, 200, 120, timing=due, growth=0.001, unit="month"),
            "monthly future": annuity_future_value(Rate.nominal(0.06, 12), 200, 10, timing=due, unit="month"),
            "weekly forever": perpetuity(TEN, -3.0, timing=due, growth=1e-4, unit="week"),
            "growth equal to the rate": annuity(Rate.annual(0.05), 100, 10, timing=due, growth=0.05),
        }
    return found


@case
def annuities_at_the_edges() -> Any:
    steep = Rate.continuous(-200.0)
    return {
        "payments of 0 forever": perpetuity(Rate.zero(), [0.0, 1.0, -1.0], timing="next"),
        "rate below growth": perpetuity(Rate.annual(0.02), [1.0, -1.0], timing="now", growth=0.05),
        "rate a little above growth": perpetuity(Rate.annual(0.05 + 1e-9), 1.0, timing="now", growth=0.05),
        "many payments": annuity(Rate.annual(1e-9), 1, 10**9, timing="next"),
        "beyond floats": annuity(steep, 1, 10, timing="next"),
        "tiny payments": annuity(steep, 1e-300, 3, timing="next"),
        "no payments": annuity(TEN, [1.0, 2.0], 0, timing="now"),
        "arrays": annuity(Rate.annual([[0.05, 0.1]]), [[1.0], [2.0]], [[5, 7]], timing="middle"),
        "half a payment": outcome(lambda: annuity(TEN, 1, 1.5, timing="next")),
        "negative periods": outcome(lambda: annuity(TEN, 1, -1, timing="next")),
        "growth of -100 %": outcome(lambda: annuity(TEN, 1, 1, timing="next", growth=-1)),
        "unknown due": outcome(lambda: perpetuity(TEN, 1, timing="later")),
        "payment missing": outcome(lambda: perpetuity(TEN, np.nan, timing="now")),
        "shapes": outcome(lambda: annuity(Rate.annual([0.1, 0.2]), [1, 2, 3], 4, timing="now")),
    }


# --- present values ---


@case
def present_values_of_one_series() -> Any:
    flat, scenarios = Rate.annual(0.08), Rate.annual([[0.0], [0.05], [-0.1]])
    return {
        "columns": present_value(flat, AHEAD),
        "past and future": present_value(flat, CashFlows([5, 6, 7], [-3, 0, 4])),
        "records": present_value(flat, [CashFlow(-100, 0), CashFlow(60, 1)]),
        "customer": present_value(flat, customers()[0]),
        "relationship": present_value(flat, customers()[0].relationships[1]),
        "iterator": present_value(flat, iter([CashFlow(10, 2.5)])),
        "nothing": present_value(flat, []),
        "scenarios": present_value(scenarios, AHEAD),
        "a rate per flow": present_value(Rate.annual([0.1, 0.2, 0.3, 0.4]), AHEAD),
        "curves": {method: present_value(curve(method), AHEAD) for method in METHODS},
        "own discounting": present_value(Hyperbolic(), AHEAD),
        "no discount": present_value(Rate.zero(), AHEAD),
        "beyond floats": present_value(Rate.continuous(-100.0), CashFlows([1e-300, 1e-300], [8.0, 9.0])),
        "large terms that cancel": present_value(Rate.annual(0.5), CashFlows([1e200, -1.5e200, 1], [0, 1, 2])),
        "long": present_value(Rate.monthly(0.004), CashFlows(np.arange(1.0, 2001.0), np.arange(2000) / 12)),
    }


@case
def present_values_of_dated_flows() -> Any:
    day = "2024-12-31"
    return {
        "by day count": {rule: present_value(TEN, DATED, as_of=day, day_count=rule) for rule in DAY_COUNTS},
        "before all": present_value(TEN, DATED, as_of="2020-02-29"),
        "datetime": present_value(TEN, DATED, as_of=np.datetime64("2024-12-31T18:00")),
        "scenarios": present_value(Rate.annual([[0.0], [0.2]]), DATED, as_of=day),
        "curve": present_value(curve("linear", "flat"), DATED, as_of="2023-11-30"),
        "customer": present_value(TEN, dated_customer(), as_of="2024-06-30"),
        "no day": outcome(lambda: present_value(TEN, DATED)),
        "a day too many": outcome(lambda: present_value(TEN, AHEAD, as_of=day)),
        "bare number": outcome(lambda: present_value(0.1, AHEAD)),
        "rates of another length": outcome(lambda: present_value(Rate.annual([0.1, 0.2]), AHEAD)),
        "a day after the curve": outcome(lambda: present_value(curve("linear"), DATED, as_of="2000-01-01")),
    }


@case
def present_values_of_many() -> Any:
    dated = CashFlowBatch.grouped(DATED, [2, 1, 2, 1, 3])
    each = np.array(["2024-01-01", "2025-01-01", "2024-07-01"], dtype="datetime64[D]")
    return {
        "one rate": present_value(TEN, BATCH),
        "a rate per series": present_value(Rate.annual([0.0, 0.1, 0.2, 0.3]), BATCH),
        "scenarios": present_value(Rate.annual([[0.0], [0.1]]), BATCH),
        "scenarios per series": present_value(Rate.annual(np.arange(8).reshape(2, 4) / 50), BATCH),
        "curve": present_value(curve("monotone cubic"), BATCH),
        "own discounting": present_value(Hyperbolic(), BATCH),
        "dated": present_value(TEN, dated, as_of="2024-06-30", day_count="30/360"),
        "a day per series": present_value(TEN, dated, as_of=each),
        "no series": present_value(TEN, CashFlowBatch(CashFlows([], []), [0])),
        "many": present_value(TEN, periodic(np.arange(3000.0).reshape(500, 6) % 17 - 5, timing="middle")),
    }


@case
def future_values() -> Any:
    dated = CashFlowBatch.grouped(DATED, [2, 1, 2, 1, 3])
    return {
        "at a time": future_value(TEN, AHEAD, at=2),
        "at times of scenarios": future_value(Rate.annual([[0.0], [0.1]]), AHEAD, at=1.5),
        "past": future_value(TEN, PAST, at=0),
        "before the flows": future_value(TEN, AHEAD, at=-3),
        "per series": future_value(TEN, BATCH, at=[1, 2, 3, 4]),
        "batch at one time": future_value(Rate.annual([0.0, 0.1, 0.2, 0.3]), BATCH, at=5),
        "curves": {method: future_value(curve(method), AHEAD, at=4) for method in METHODS},
        "dated": {rule: future_value(TEN, DATED, at="2026-03-31", day_count=rule) for rule in DAY_COUNTS},
        "dated with a curve": future_value(curve("linear", "flat"), DATED, at="2026-03-31", as_of="2023-11-30"),
        "dated batch": future_value(TEN, dated, at="2026-03-31"),
        "a curve without its day": outcome(lambda: future_value(curve("linear", "flat"), DATED, at="2026-03-31")),
        "years for dated flows": outcome(lambda: future_value(TEN, DATED, at=2)),
    }


@case
def net_present_values() -> Any:
    table = np.array([[-100.0, 60, 60], [-50, 80, 0]])
    ragged = [-100, 60, 60, -50, 80]
    return {
        due: {
            "one": net_present_value(TEN, [-10000, 3000, 4200, 6800], timing=due),
            "outlay": net_present_value(TEN, [3000, 4200], timing=due, outlay=10000),
            "rows": net_present_value(TEN, table, timing=due, outlay=[1, 2]),
            "ragged": net_present_value(TEN, ragged, timing=due, offsets=[0, 3, 3, 5]),
            "scenarios": net_present_value(Rate.annual([[0.05], [0.1]]), table, timing=due),
            "rates per series": net_present_value(Rate.annual([0.05, 0.1]), table, timing=due),
            "by period": {period: net_present_value(TEN, ragged, timing=due, unit=period) for period in PERIODS},
            "curve": net_present_value(curve("log-linear", "flat"), ragged, timing=due),
            "nothing": net_present_value(TEN, [], timing=due),
        }
        for due in DUE
    } | {
        "unknown due": outcome(lambda: net_present_value(TEN, ragged, timing="end")),
        "offsets that fall": outcome(lambda: net_present_value(TEN, ragged, timing="now", offsets=[0, 3, 2, 5])),
    }


def _named(parts: dict[Any, Any]) -> dict[str, Any]:
    return {"+".join(map(str, key)) if isinstance(key, tuple) else str(key): value for key, value in parts.items()}


@case
def present_values_in_parts() -> Any:
    columns = CashFlows([-100, 60, -5, 60, -5], [0, 1, 1, 2, 2], ["acquisition", *["purchase", "service"] * 2])
    return {
        "by customer": _named(present_value_by(TEN, customers(), by="customer")),
        "by relationship": _named(present_value_by(TEN, customers(), by="relationship")),
        "by kind": _named(present_value_by(TEN, customers(), by="kind")),
        "one customer by kind": _named(present_value_by(TEN, customers()[0], by="kind")),
        "columns by kind": _named(present_value_by(Rate.annual([[0.0], [0.1]]), columns, by="kind")),
        "dated by kind": _named(
            present_value_by(TEN, dated_customer(), by="kind", as_of="2024-06-30", day_count="30/360")
        ),
        "curve": _named(present_value_by(curve("linear"), columns, by="kind")),
        "no kinds": outcome(lambda: present_value_by(TEN, AHEAD, by="kind")),
        "unknown": outcome(lambda: present_value_by(TEN, customers(), by="party")),
    }


# --- batches ---


def _batch(batch: CashFlowBatch) -> dict[str, Any]:
    ids = None if batch.ids is None else [str(each) for each in batch.ids]
    flows = batch.flows
    return {"amounts": flows.amounts, "times": flows.times, "starts": batch.offsets, "ids": ids, "series": len(batch)}


@case
def batches() -> Any:
    table = [[-100, 60, 60], [-50, 40, 40]]
    return {
        "as given": _batch(BATCH),
        "a series of it": BATCH[1].amounts,
        "an empty series": len(BATCH[2]),
        "the last": BATCH[-1].times,
        "grouped by text": _batch(CashFlowBatch.grouped(CashFlows([60, -50, 80], [1, 0, 1]), by=["bob", "ann", "ann"])),
        "grouped by number": _batch(CashFlowBatch.grouped(DATED, by=[3, 1, 3, 1, 2])),
        "grouped nothing": _batch(CashFlowBatch.grouped(CashFlows([], []), by=[])),
        "periodic": {due: _batch(periodic(table, timing=due, unit="month")) for due in DUE},
        "periodic and ragged": _batch(periodic([1, 2, 3], [0, 1, 1, 3], timing="next", ids=list("xyz"))),
        "from series": _batch(CashFlowBatch.from_series([AHEAD, [CashFlow(1, 9)], customers()[0], []])),
        "from customers": _batch(CashFlowBatch.from_customers(customers())),
        "equal": BATCH == CashFlowBatch(BATCH.flows, BATCH.offsets, list("abcd")),
        "not equal": BATCH == CashFlowBatch(BATCH.flows, BATCH.offsets),
        "wrong end": outcome(lambda: CashFlowBatch(AHEAD, [0, 3])),
        "too few names": outcome(lambda: CashFlowBatch(AHEAD, [0, 4], ["a", "b"])),
        "too few keys": outcome(lambda: CashFlowBatch.grouped(AHEAD, [1, 2])),
        "dated with undated": outcome(lambda: CashFlowBatch.from_series([AHEAD, DATED])),
    }
