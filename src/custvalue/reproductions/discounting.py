"""Spreadsheets' documented examples, annuities and perpetuities, a par curve."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from custvalue.discounting.annuity import annuity, annuity_future_value, perpetuity
from custvalue.discounting.curve import YieldCurve
from custvalue.discounting.irr import irr, xirr
from custvalue.discounting.mirr import mirr
from custvalue.discounting.present_value import future_value, net_present_value, present_value
from custvalue.discounting.rate import Rate
from custvalue.records.cash_flow import CashFlows
from custvalue.reproductions.ledger import Reproduction, labelled, rows

_DATED = CashFlows(
    [-10000, 2750, 4250, 3250, 2750], ["2008-01-01", "2008-03-01", "2008-10-30", "2009-02-15", "2009-04-01"]
)
_EXCEL = "Microsoft Excel, documentation of "


def entries() -> Iterator[Reproduction]:
    """The ledger's rows of this area."""
    yield from _values()
    yield from _returns()
    yield from _payments()
    yield from _rates()
    yield from _annuities()
    yield from _curve()


def _values() -> Iterator[Reproduction]:
    value = present_value(Rate.annual(0.09), _DATED, as_of="2008-01-01")
    yield from rows(_EXCEL + "XNPV", "documented", {"XNPV": "2086.647602"}, value)
    given: dict[str, Any] = {"timing": "next", "unit": "year"}
    first = net_present_value(Rate.annual(0.10), [-10000, 3000, 4200, 6800], **given)
    yield from rows(_EXCEL + "NPV", "memory", {"NPV, first example": "1188.44"}, first)
    shop = [8000, 9200, 10000, 12000, 14500]
    values = [net_present_value(Rate.annual(0.08), flows, outlay=40000, **given) for flows in (shop, [*shop, -9000])]
    texts = {"NPV of five years": "1922.06", "NPV with a sixth": "-3749.47"}
    yield from rows(_EXCEL + "NPV", "memory", texts, values)


def _returns() -> Iterator[Reproduction]:
    yield from rows(_EXCEL + "XIRR", "documented", {"XIRR": "0.373362535"}, xirr(_DATED).effective(),
        "the program stops its search at 1e-8; the root is 0.37336253351883",
    )  # fmt: skip
    flows = [-70000, 12000, 15000, 18000, 21000, 26000]
    computed = [irr(flows[:n], unit="year").effective() for n in (5, 6, 3)]
    texts = {"IRR after four years": "-0.021", "after five years": "0.0866309480365", "after two years": "-0.444"}
    yield from rows(_EXCEL + "IRR", "documented", texts, computed)
    flows = [-120000, 39000, 30000, 21000, 37000, 46000]
    computed = [
        mirr(flows[:years], finance=Rate.annual(0.10), reinvest=Rate.annual(reinvest), unit="year").effective()
        for years, reinvest in ((6, 0.12), (4, 0.12), (6, 0.14))
    ]
    texts = {"MIRR of five years": "0.1260941303659", "of three years": "-0.048", "reinvested at 14 %": "0.1348"}
    yield from rows(_EXCEL + "MIRR", "documented", texts, computed)


def _payments() -> Iterator[Reproduction]:
    """What comes in is positive."""
    eight, six, one = Rate.nominal(0.08, 12), Rate.nominal(0.06, 12), Rate.monthly(0.01)
    pension = annuity(eight, 500, 240, timing="next", unit="month")
    yield from rows(_EXCEL + "PV", "memory", {"PV": "59777.15"}, pension)
    saved = annuity_future_value(six, 200, 10, timing="now", unit="month") + 500 * six.discount(-10, "month")
    yield from rows(_EXCEL + "FV", "memory", {"FV": "2581.40"}, saved)
    computed = [
        -10000 / annuity(eight, 1, 10, timing="next", unit="month"),
        -10000 / annuity(eight, 1, 10, timing="now", unit="month"),
        -50000 / annuity_future_value(six, 1, 216, timing="next", unit="month"),
    ]
    texts = {"PMT": "-1037.03", "PMT, due now": "-1030.16", "PMT, to save up": "-129.08"}
    yield from rows(_EXCEL + "PMT", "memory", texts, computed)
    forever = [perpetuity(one, -100, timing=timing, unit="month") for timing in ("now", "next")]
    computed = [np.log((worth - 10000) / (worth - 1000)) / one.force("month") for worth in forever]
    texts = {"NPER, due now": "59.6738657", "NPER": "60.0821229"}
    yield from rows(_EXCEL + "NPER", "memory", texts, computed)


def _rates() -> Iterator[Reproduction]:
    effective = Rate.nominal(0.0525, 4).effective()
    yield from rows(_EXCEL + "EFFECT", "memory", {"EFFECT": "0.0535427"}, effective)
    nominal = Rate.annual(0.053543).nominal_rate(4)
    yield from rows(_EXCEL + "NOMINAL", "memory", {"NOMINAL": "0.05250032"}, nominal)
    lent = irr(CashFlows([8000, *[-200] * 48], np.arange(49) / 12)).effective("month")
    yield from rows(_EXCEL + "RATE", "memory", {"RATE, monthly": "0.0077"}, lent)
    grows = irr(CashFlows([-10000, 11000], [0, 96])).effective()
    yield from rows(_EXCEL + "RRI", "memory", {"RRI": "0.0009933"}, grows)
    schedule = YieldCurve.from_forwards([1, 2, 3], Rate.annual([0.09, 0.11, 0.10]), interpolation="linear")
    grown = future_value(schedule, CashFlows(1.0, 0.0), at=3.0)
    yield from rows(_EXCEL + "FVSCHEDULE", "memory", {"FVSCHEDULE": "1.33089"}, grown)
    weekly = Rate.annual(0.15).force() / 52
    paper = "Fader, Hardie & Lee 2005, JMR 42(4)"
    yield from rows(paper, "documented", {"15 % a year, continuously per week": "0.0027"}, weekly)


def _annuities() -> Iterator[Reproduction]:
    ten = Rate.annual(0.10)
    computed = [annuity(ten, 1, 10, timing=due, unit="year") for due in ("next", "now", "middle", "continuous")]
    printed = "6.144567105705 6.759023816275 6.444476348638 6.446915868084"
    texts = labelled("ten payments of 1 at 10 %, {}", "after one period, now, mid-period, continuous", printed)
    yield from rows("closed form", "reference", texts, computed)
    given: dict[str, Any] = {"timing": "next", "unit": "year"}
    computed = [perpetuity(ten, 100, growth=growth, **given) for growth in (0.0, 0.03)]
    computed.append(annuity(ten, 100, 10, growth=0.03, **given))
    texts = {"perpetuity": "1000", "growing at 3 %": "1428.571428571", "ten growing payments": "688.374369128"}
    yield from rows("closed form", "reference", texts, computed)


def _curve() -> Iterator[Reproduction]:
    """A curve of par rates 3, 3.5 and 4 %: a bond at par with coupon c is worth c (D(1) + ... + D(n)) + D(n) = 1."""
    factors: list[float] = []
    for coupon in (0.03, 0.035, 0.04):
        factors.append((1 - coupon * sum(factors)) / (1 + coupon))
    curve = YieldCurve.from_discount_factors([1, 2, 3], factors, interpolation="linear")
    computed = [
        *curve.discount([1, 2, 3]),
        *np.atleast_1d(curve.spot([2, 3]).effective()),
        *np.atleast_1d(curve.forward([1, 2], [2, 3]).effective()),
    ]
    printed = "0.970873786408 0.933352094179 0.888299004593 0.035087935963 0.040272077509 0.040201005025 0.050718383510"
    names = "D(1), D(2), D(3), spot 2, spot 3, forward 1 to 2, forward 2 to 3"
    texts = labelled("par curve 3, 3.5, 4 %: {}", names, printed)
    yield from rows("bootstrapping by hand", "reference", texts, computed)
