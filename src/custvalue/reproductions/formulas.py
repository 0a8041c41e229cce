"""Customer value from assumptions alone: closed forms, budgets, firm value, migration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from custvalue.discounting.rate import Rate
from custvalue.discounting.timing import Timing
from custvalue.firm.growth_model import CustomerGrowth, firm_value
from custvalue.reproductions.ledger import Reproduction, labelled, rows
from custvalue.reproductions.papers.berger_nasr import berger_nasr_case1, berger_nasr_case2
from custvalue.reproductions.papers.brand_switching import brand_switching_value, contact_value
from custvalue.value.budgets.acquisition_retention import (
    ResponseCurve,
    acquisition_budget,
    customer_equity_budget,
    equity_per_prospect,
)
from custvalue.value.formulas.constant_retention import constant_retention_value, margin_multiple
from custvalue.value.formulas.sensitivity import sensitivity
from custvalue.value.migration.chain import MigrationModel

_NOTE_24 = "Fader & Hardie 2012, note 024"
_BERGER_NASR = "Berger & Nasr 1998, J. Interactive Marketing 12(1)"
_PFEIFER = "Pfeifer & Carraway 2000, J. Interactive Marketing 14(2)"
_GUPTA = "Gupta & Lehmann 2003, J. Interactive Marketing 17(1)"
_DEIGHTON = "Blattberg & Deighton 1996, HBR 74(4): its form, constructed numbers"
_BY_RATE = "1.20 1.15 1.11 1.07 1.75 1.67 1.59 1.52 2.67 2.50 2.35 2.22 4.50 4.09 3.75 3.46"
_BY_GROWTH = "1.18 1.21 1.24 1.27 1.72 1.79 1.85 1.92 2.63 2.78 2.94 3.13 4.46 4.89 5.42 6.08"


def entries() -> Iterator[Reproduction]:
    """The ledger's rows of this area."""
    yield from _timing()
    yield from _berger_nasr()
    yield from _multiples()
    yield from _migration()
    yield from _budgets()
    yield from _constructed()
    yield from _uplift()


def _timing() -> Iterator[Reproduction]:
    """One set of assumptions, five values."""
    timings: tuple[Timing, ...] = ("now", "next", "end", "middle", "continuous")
    values = [
        constant_retention_value(100, 0.8, rate=Rate.annual(0.10), timing=timing, unit="year") for timing in timings
    ]
    texts = labelled("m=100 r=.8 d=.1, timing {!r}", timings, "366.67 266.67 333.33 349.60 314.02")
    yield from rows(_NOTE_24, "memory", texts, values)


def _berger_nasr() -> Iterator[Reproduction]:
    yearly = Rate.annual(0.20)
    first = berger_nasr_case1(260, 50, 0.75, rate=yearly, years=10)
    yield from rows(_BERGER_NASR, "memory", {"case 1": "568.78"}, first)
    second = berger_nasr_case2(7000, 95, 0.30, rate=yearly, years=12, cycle=3)
    yield from rows(_BERGER_NASR, "memory", {"case 2a": "8273"}, second)


def _multiples() -> Iterator[Reproduction]:
    """The margin multiple by retention and rate, and by retention and growth."""
    retentions, rates, growths = (0.6, 0.7, 0.8, 0.9), (10, 12, 14, 16), (2, 4, 6, 8)
    r = np.array(retentions)[:, None]
    texts = labelled("multiple, {}", [f"r={r} i={i} %" for r in retentions for i in rates], _BY_RATE)
    table = margin_multiple(r, rate=Rate.annual(np.array([rates]) / 100), timing="next", unit="year")
    yield from rows(_GUPTA, "memory", texts, table)
    twelve: dict[str, Any] = {"rate": Rate.annual(0.12), "timing": "next", "unit": "year"}
    texts = labelled("multiple at 12 %, {}", [f"r={r} g={g} %" for r in retentions for g in growths], _BY_GROWTH)
    table = margin_multiple(r, growth=np.array([growths]) / 100, **twelve)
    tie = "2.125 exactly and the like: a tie rounded the other way"
    yield from rows(_GUPTA, "memory", texts, table, tie)
    e = sensitivity(constant_retention_value, 1, 0.8, **twelve).elasticities
    texts = {"elasticity in retention, r=.8 i=12 %": "3.5", "in margin": "1.0", "in the rate": "-0.375"}
    yield from rows(_GUPTA, "memory", texts, [e["retention"], e["margin"], e["rate"]])


def _migration() -> Iterator[Reproduction]:
    chain = MigrationModel.from_recency([0.3, 0.2, 0.15, 0.05], margin=40, contact_cost=4, unit="year")
    yearly = Rate.annual(0.20)
    for title, horizon, text in (
        ("4 periods ahead", 5, "50.115 4.220 0.592 -1.980"),
        ("forever", None, "52.320 5.554 1.251 -1.820"),
    ):
        values = chain.value(rate=yearly, timing="now", horizon=horizon)[:4]
        yield from rows(_PFEIFER, "memory", labelled(f"recency {{}}, {title}", range(1, 5), text), values)
    best = chain.best_stop(rate=yearly, timing="now")
    texts = labelled("recency {}, stopping after 3", range(1, 4), "53.149 6.621 2.644")
    yield from rows(_PFEIFER, "memory", texts, best.value[:3])
    texts = labelled("expected periods in recency {}", range(1, 5), "2.2114 1.5480 1.2384 1.0526")
    yield from rows("matrix inverse", "reference", texts, chain.expected_visits()[0, :4])
    yield from rows("matrix inverse", "reference", {"periods until lost": "6.0504"}, chain.expected_periods()[0])


def _budgets() -> Iterator[Reproduction]:
    win = ResponseCurve.from_point(ceiling=0.4, spend=5, share=0.125)
    keep = ResponseCurve.from_point(ceiling=0.7, spend=10, share=0.4)
    yield from rows(_DEIGHTON, "reference", {"k of acquisition": "0.07493868988828"}, win.k)
    alone = acquisition_budget(60, win)
    texts = {"best spend on acquisition alone": "7.832654445", "value of a prospect": "2.823103729"}
    yield from rows(_DEIGHTON, "reference", texts, [alone.spend, alone.value])
    yearly = Rate.annual(0.20)
    equity = equity_per_prospect(60, win, keep, rate=yearly, acquisition_spend=5, retention_spend=10, unit="year")
    yield from rows(_DEIGHTON, "reference", {"customer equity at (5, 10)": "4.6875"}, equity)
    best = customer_equity_budget(60, win, keep, rate=yearly, unit="year")
    texts = {
        "best spend on acquisition": "12.1344",
        "best spend on retention": "18.7861",
        "customer equity": "7.650700",
    }
    computed = [best.acquisition.spend, best.retention_spend, best.equity]
    yield from rows(_DEIGHTON, "reference", texts, computed)
    condition = "Pfeifer 2005: first-order condition"
    texts = {"marginal cost of a customer": "82.8233", "value of a customer": "82.8233"}
    yield from rows(condition, "reference", texts, [best.acquisition.marginal_cost, best.customer_value])


def _constructed() -> Iterator[Reproduction]:
    """Papers whose inputs are not printed: their form on constructed numbers."""
    value = brand_switching_value(
        [[0.7, 0.3], [0.4, 0.6]], rate=Rate.annual(0.10), start=[1, 0], contribution=50, purchases_per_year=2, years=3
    )
    rust = "Rust, Lemon & Zeithaml 2004, JM 68(1): its form, constructed numbers"
    yield from rows(rust, "reference", {"brand switching value": "204.15420023"}, value[0])
    contacts = contact_value(
        [40] * 12, rate=Rate.annual(0.12), purchases_per_year=4, contacts=[[4, 1]] * 3, cost_per_contact=[3, 10]
    )
    kumar = "Venkatesan & Kumar 2004, JM 68(4): its form, constructed numbers"
    yield from rows(kumar, "reference", {"contact value": "341.99686386"}, contacts)
    growth = CustomerGrowth(alpha=100, beta=3, gamma=0.35)
    rate, entry = Rate.annual(0.12), Rate.continuous(0.12)
    firm = firm_value(growth, 6, 0.85, acquisition_cost=20, rate=rate, entry_rate=entry, timing="next", unit="year")
    stuart = "Gupta, Lehmann & Stuart 2004, JMR 41(1): its form, constructed numbers"
    texts = {"customer": "18.888888889", "current": "89.582204891", "future": "-40.48888822", "total": "49.0933167"}
    yield from rows(stuart, "reference", texts, [firm.customer, firm.current, firm.future, firm.total])


def _uplift() -> Iterator[Reproduction]:
    """+5 points of retention: how much more a customer is worth, beside Reichheld & Sasser's 25 to 85 percent."""
    retentions = np.array([0.6, 0.7, 0.8, 0.85, 0.9])
    for i, line in {0: "0.238 0.286 0.417 0.588 1.111", 10: "0.204 0.224 0.275 0.324 0.407"}.items():
        texts = labelled(f"+5 points of retention, r={{}} i={i} %", retentions.tolist(), line)
        found = sensitivity(margin_multiple, retentions, rate=Rate.annual(i / 100), timing="next", unit="year")
        yield from rows("closed form r/(1+i-r)", "reference", texts, found.of_points(0.05).relative)
