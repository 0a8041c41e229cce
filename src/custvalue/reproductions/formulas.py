"""Customer value from assumptions alone: closed forms, budgets, firm value, migration."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from custvalue.discounting.rate import Rate
from custvalue.discounting.timing import Timing
from custvalue.firm.growth_model import CustomerGrowth, firm_value
from custvalue.reproductions.ledger import Reproduction, rows
from custvalue.reproductions.papers.berger_nasr import berger_nasr_case1, berger_nasr_case2
from custvalue.reproductions.papers.brand_switching import brand_switching_value, contact_value
from custvalue.value.budgets.acquisition_retention import (
    ResponseCurve,
    acquisition_budget,
    customer_equity,
    customer_equity_budget,
)
from custvalue.value.formulas.constant_retention import constant_retention_value, margin_multiple
from custvalue.value.formulas.sensitivity import retention_uplift, value_elasticities
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
    printed: dict[Timing, str] = {
        "now": "366.67",
        "next": "266.67",
        "end": "333.33",
        "middle": "349.60",
        "continuous": "314.02",
    }
    values = [constant_retention_value(100, 0.8, Rate.annual(0.10), timing=timing) for timing in printed]
    texts = {f"m=100 r=.8 d=.1, timing {timing!r}": text for timing, text in printed.items()}
    yield from rows("formulas", _NOTE_24, "memory", texts, values)


def _berger_nasr() -> Iterator[Reproduction]:
    yearly = Rate.annual(0.20)
    first = berger_nasr_case1(260, 50, 0.75, yearly, years=10)
    yield from rows("formulas", _BERGER_NASR, "memory", {"case 1": "568.78"}, first)
    second = berger_nasr_case2(7000, 95, 0.30, yearly, years=12, cycle=3)
    yield from rows("formulas", _BERGER_NASR, "memory", {"case 2a": "8273"}, second)


def _multiples() -> Iterator[Reproduction]:
    """The margin multiple by retention and rate, and by retention and growth."""
    retentions = (0.6, 0.7, 0.8, 0.9)
    by_rate = _BY_RATE.split()
    rates = (10, 12, 14, 16)
    texts = {
        f"multiple, r={r} i={i} %": by_rate[4 * j + k] for j, r in enumerate(retentions) for k, i in enumerate(rates)
    }
    table = margin_multiple(np.array(retentions)[:, None], Rate.annual(np.array([rates]) / 100), timing="next")
    yield from rows("formulas", _GUPTA, "memory", texts, table)
    by_growth = _BY_GROWTH.split()
    growths = (2, 4, 6, 8)
    texts = {
        f"multiple at 12 %, r={r} g={g} %": by_growth[4 * j + k]
        for j, r in enumerate(retentions)
        for k, g in enumerate(growths)
    }
    rising = np.array([growths]) / 100
    table = margin_multiple(np.array(retentions)[:, None], Rate.annual(0.12), growth=rising, timing="next")
    tie = "2.125 exactly and the like: a tie rounded the other way"
    yield from rows("formulas", _GUPTA, "memory", texts, table, tie)
    e = value_elasticities(1, 0.8, Rate.annual(0.12), timing="next")
    texts = {"elasticity in retention, r=.8 i=12 %": "3.5", "in margin": "1.0", "in the rate": "-0.375"}
    yield from rows("formulas", _GUPTA, "memory", texts, [e.retention, e.margin, e.rate])


def _migration() -> Iterator[Reproduction]:
    chain = MigrationModel.from_recency([0.3, 0.2, 0.15, 0.05], margin=40, contact_cost=4)
    yearly = Rate.annual(0.20)
    within = chain.value(yearly, timing="now", horizon=5)
    forever = chain.value(yearly, timing="now")
    for title, values, text in (
        ("4 periods ahead", within, "50.115 4.220 0.592 -1.980"),
        ("forever", forever, "52.320 5.554 1.251 -1.820"),
    ):
        texts = {f"recency {i}, {title}": printed for i, printed in enumerate(text.split(), start=1)}
        yield from rows("formulas", _PFEIFER, "memory", texts, values[:4])
    best = chain.best_stop(yearly, timing="now")
    texts = {f"recency {i}, stopping after 3": text for i, text in enumerate(("53.149", "6.621", "2.644"), start=1)}
    yield from rows("formulas", _PFEIFER, "memory", texts, best.value[:3])
    visits = chain.expected_visits()[0, :4]
    texts = {
        f"expected periods in recency {i}": text
        for i, text in enumerate(["2.2114", "1.5480", "1.2384", "1.0526"], start=1)
    }
    yield from rows("formulas", "matrix inverse", "reference", texts, visits)
    yield from rows(
        "formulas", "matrix inverse", "reference", {"periods until lost": "6.0504"}, chain.expected_periods()[0]
    )


def _budgets() -> Iterator[Reproduction]:
    win = ResponseCurve.from_point(ceiling=0.4, spend=5, share=0.125)
    keep = ResponseCurve.from_point(ceiling=0.7, spend=10, share=0.4)
    yield from rows("formulas", _DEIGHTON, "reference", {"k of acquisition": "0.07493868988828"}, win.k)
    alone = acquisition_budget(60, win)
    texts = {"best spend on acquisition alone": "7.832654445", "value of a prospect": "2.823103729"}
    yield from rows("formulas", _DEIGHTON, "reference", texts, [alone.spend, alone.value])
    yearly = Rate.annual(0.20)
    equity = customer_equity(60, win, keep, yearly, acquisition_spend=5, retention_spend=10)
    yield from rows("formulas", _DEIGHTON, "reference", {"customer equity at (5, 10)": "4.6875"}, equity)
    best = customer_equity_budget(60, win, keep, yearly)
    texts = {
        "best spend on acquisition": "12.1344",
        "best spend on retention": "18.7861",
        "customer equity": "7.650700",
    }
    computed = [best.acquisition.spend, best.retention_spend, best.equity]
    yield from rows("formulas", _DEIGHTON, "reference", texts, computed)
    condition = "Pfeifer 2005: first-order condition"
    texts = {"marginal cost of a customer": "82.8233", "value of a customer": "82.8233"}
    yield from rows("formulas", condition, "reference", texts, [best.acquisition.marginal_cost, best.customer_value])


def _constructed() -> Iterator[Reproduction]:
    """Papers whose inputs are not printed: their form on constructed numbers."""
    value = brand_switching_value(
        [[0.7, 0.3], [0.4, 0.6]], Rate.annual(0.10), start=[1, 0], contribution=50, purchases_per_year=2, years=3
    )
    rust = "Rust, Lemon & Zeithaml 2004, JM 68(1): its form, constructed numbers"
    yield from rows("formulas", rust, "reference", {"brand switching value": "204.15420023"}, value[0])
    contacts = contact_value(
        [40] * 12, Rate.annual(0.12), purchases_per_year=4, contacts=[[4, 1]] * 3, cost_per_contact=[3, 10]
    )
    kumar = "Venkatesan & Kumar 2004, JM 68(4): its form, constructed numbers"
    yield from rows("formulas", kumar, "reference", {"contact value": "341.99686386"}, contacts)
    growth = CustomerGrowth(alpha=100, beta=3, gamma=0.35)
    firm = firm_value(growth, 6, 0.85, 20, Rate.annual(0.12), timing="next", entry_rate=Rate.continuous(0.12))
    stuart = "Gupta, Lehmann & Stuart 2004, JMR 41(1): its form, constructed numbers"
    texts = {"customer": "18.888888889", "current": "89.582204891", "future": "-40.48888822", "total": "49.0933167"}
    yield from rows("formulas", stuart, "reference", texts, [firm.customer, firm.current, firm.future, firm.total])


def _uplift() -> Iterator[Reproduction]:
    """+5 points of retention: how much more a customer is worth, beside Reichheld & Sasser's 25 to 85 percent."""
    texts = {
        f"+5 points of retention, r={r} i={i} %": text
        for i, line in {0: "0.238 0.286 0.417 0.588 1.111", 10: "0.204 0.224 0.275 0.324 0.407"}.items()
        for r, text in zip((0.6, 0.7, 0.8, 0.85, 0.9), line.split(), strict=True)
    }
    retentions = np.array([0.6, 0.7, 0.8, 0.85, 0.9])
    computed = [retention_uplift(retentions, Rate.annual(i), timing="next") for i in (0.0, 0.10)]
    yield from rows("formulas", "closed form r/(1+i-r)", "reference", texts, np.array(computed))
