"""The firm valued from its customers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from custvalue.discounting.rate import Rate
from custvalue.firm.cash_flow import Firm
from custvalue.firm.projection import project_subscribers
from custvalue.firm.shareholder_value import shareholder_value
from custvalue.models.retention.exponential_gamma import ExponentialGamma
from custvalue.reproductions.ledger import Reproduction, rows

_MCCARTHY = "McCarthy, Fader & Hardie 2017, JM 81(1): its structure, constructed numbers"
_WAYFAIR = "McCarthy & Fader 2017 on Wayfair, by Business Insider"


def entries() -> Iterator[Reproduction]:
    """The ledger's rows of this area."""
    adds = 2 * 0.97 ** np.arange(200)
    model = ExponentialGamma(r=0.9, alpha=8.0, unit="quarter")
    firm = Firm(
        variable_cost=0.6, acquisition_cost=50.0, fixed_costs=20.0, tax=0.25, losses="refund",
        non_operating_assets=100.0, net_debt=250.0,
    )  # fmt: skip
    book = project_subscribers(model, adds, revenue=30.0, paying="end", unit="quarter")
    value = shareholder_value(firm, book, rate=Rate.annual(0.10), timing="end", terminal=None)
    texts = {"operating assets": "2642.904988449", "shareholder value": "2492.904988449"}
    yield from rows(_MCCARTHY, "reference", texts, [value.operating_assets, value.shareholder_value])
    shop = Firm(variable_cost=0.0, acquisition_cost=69.0, fixed_costs=0.0, tax=0.0, losses="refund")
    bought = project_subscribers(ExponentialGamma(1.0, 1.0), [1.0], revenue=59.0, paying="end", unit="year")
    each = shareholder_value(shop, bought, rate=Rate.zero(), timing="end", terminal=None).future_customers
    yield from rows(_WAYFAIR, "documented", {"value of a customer less the cost of winning": "-10"}, each)
