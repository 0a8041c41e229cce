"""The Harvard figures: a pizza eater worth $8,000, a Cadillac owner $332,000, an aircraft buyer "literally billions".

Heskett, J. L., Jones, T. O., Loveman, G. W., Sasser, W. E. & Schlesinger, L. A. (1994). Putting the service-profit
chain to work. Harvard Business Review 72(2), 164-174: "the lifetime revenue stream from a loyal pizza eater can be
$8,000, a Cadillac owner $332,000, and a corporate purchaser of commercial aircraft literally billions of dollars".

The trap: they are revenue, undiscounted, without margin, churn or cost of acquisition; anecdotes of practitioners that
the authors relay, not the result of a study. The article states no price, frequency or horizon: each input below says
whether it is documented elsewhere, from memory, or reconstructed. Reichheld & Sasser's credit card stands beside them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias

import numpy as np
from attrs import evolve, frozen

from custvalue._typing import ArrayLike
from custvalue.discounting.irr import irr
from custvalue.discounting.present_value import present_value
from custvalue.discounting.rate import Rate
from custvalue.records.cash_flow import CashFlow, CashFlows
from custvalue.records.customer import Customer
from custvalue.records.relationship import Relationship
from custvalue.reproductions.ledger import Reproduction, labelled, rows
from custvalue.value.formulas.revenue_to_profit import Bridge, revenue_to_profit

_HBR = "Heskett et al. 1994, HBR 72(2)"
_SEWELL = "Sewell & Brown 1990, Customers for Life"
_RS = "Reichheld & Sasser 1990, HBR 68(5)"
_PETERS = "Peters 1987, The customer as appreciating asset"

Known: TypeAlias = Literal["documented", "memory", "reconstructed"]


@frozen
class Input:
    """One assumption behind a headline figure: its value, how it is known, and from where."""

    name: str
    value: float
    known: Known
    source: str


@frozen
class Headline:
    """A published lifetime revenue, the inputs that lead to it, and those that lead from it to profit.

    Attributes
    ----------
    name : str
        Who the customer is.
    claim : str
        What was published.
    customer : Customer
        The customer with the cash flows whose sum is the figure, in years from the first.
    inputs : tuple of Input
        Of the revenue.
    profit_inputs : tuple of Input
        Of the way to profit; all of them are reconstructed, as the sources state none.
    margin : float or dict
        Profit per unit of revenue, by kind of cash flow where they differ.
    """

    name: str
    claim: str
    customer: Customer
    inputs: tuple[Input, ...]
    profit_inputs: tuple[Input, ...]
    margin: float | Mapping[str, float]

    @property
    def revenue(self) -> float:
        """The headline figure: the sum of the customer's cash flows."""
        return float(sum(flow.amount for flow in self.customer.cash_flows))

    def bridge(self, **changed: ArrayLike) -> Bridge:
        """The way from revenue to profit; arguments named change the reconstructed inputs.

        Parameters
        ----------
        **changed
            Any of rate (effective per year), margin, retention, renewal, acquisition_cost, referrals and horizon (in
            years); arrays give an array of answers.
        """
        known: dict[str, Any] = {item.name: item.value for item in self.profit_inputs}
        arguments = {"margin": self.margin, **known, **changed}
        return revenue_to_profit(self.customer, rate=Rate.annual(arguments.pop("rate")), **arguments)

    def sensitivity(self) -> dict[str, list[Any]]:
        """Net value as one input changes and the others stay: a table with columns input, value and net."""
        changes: dict[str, list[float]] = {
            "rate": [0.08, 0.10, 0.12, 0.15],
            "retention": [0.7, 0.8, 0.9, 0.95, 1.0],
            "horizon": [5.0, 10.0, 20.0, 50.0],
            "referrals": [0.0, 0.5, 1.0, 2.0],
        }
        if not isinstance(self.margin, Mapping):
            changes["margin"] = [self.margin * factor for factor in (0.5, 1.0, 1.5)]
        table: dict[str, list[Any]] = {"input": [], "value": [], "net": []}
        for name, values in changes.items():
            table["input"] += [name] * len(values)
            table["value"] += values
            table["net"] += self.bridge(**{name: values}).net.tolist()
        return table


def _customer(name: str, flows: list[CashFlow]) -> Customer:
    return Customer(name, [Relationship(name, start=0.0, cash_flows=flows)])


def _to_profit(retention: float, renewal: float, acquisition_cost: float, why: str) -> tuple[Input, ...]:
    return (
        Input("rate", 0.10, "reconstructed", "a round cost of capital, per year"),
        Input("retention", retention, "reconstructed", why),
        Input("renewal", renewal, "reconstructed", "years between decisions to stay"),
        Input("acquisition_cost", acquisition_cost, "reconstructed", "about a twentieth of a year's revenue"),
    )


def pizza() -> Headline:
    """The loyal pizza eater: $8,000."""
    price, orders, years = 10.0, 80.0, 10
    return Headline(
        name="pizza eater",
        claim="the lifetime revenue stream from a loyal pizza eater can be $8,000",
        customer=_customer("pizza eater", [CashFlow(price * orders, t + 0.5) for t in range(years)]),
        inputs=(
            Input("price", price, "documented", "Pizza Hut, $10 x 1,000 visits (Boer 2011)"),
            Input("orders per year", orders, "reconstructed", "between 52 (Boer 2011) and 104 (Meeks, Inc. Jan 1997)"),
            Input("years", years, "documented", "term of a Domino's franchise (Grosso v. Domino's 2011)"),
        ),
        profit_inputs=_to_profit(0.8, 1.0, 40.0, "a fifth of customers move or change each year"),
        margin=0.3,
    )


def cadillac() -> Headline:
    """The Cadillac owner: $332,000."""
    cars, price, service, years = 12, 25_000.0, 32_000.0, 48
    bought = [CashFlow(price, 4.0 * i) for i in range(cars)]
    serviced = [CashFlow(service / years, t + 0.5, "parts and service") for t in range(years)]
    return Headline(
        name="Cadillac owner",
        claim="a Cadillac owner $332,000",
        customer=_customer("Cadillac owner", bought + serviced),
        inputs=(
            Input("cars", cars, "documented", "Sewell's later edition: 12 cars x $35,000 (Kruse)"),
            Input("price", price, "memory", f"{_SEWELL}; a later edition has $35,000"),
            Input("parts and service", service, "reconstructed", "what is left of $332,000; 10 % of it"),
            Input("years", years, "reconstructed", "one car every 4 years"),
        ),
        profit_inputs=_to_profit(0.7, 4.0, 350.0, "probability of buying the next car at the same dealer"),
        margin={"purchase": 0.10, "parts and service": 0.45},
    )


def aircraft() -> Headline:
    """The corporate purchaser of commercial aircraft: "literally billions"; here $1.05 billion."""
    planes, price, campaigns = 30, 35e6, 5
    orders = [CashFlow(planes / campaigns * price, 2.0 + 4.0 * i) for i in range(campaigns)]
    return Headline(
        name="aircraft buyer",
        claim="a corporate purchaser of commercial aircraft literally billions of dollars",
        customer=_customer("aircraft buyer", orders),
        inputs=(
            Input("aircraft", planes, "reconstructed", "an airline's fleet over 20 years"),
            Input("price", price, "reconstructed", "a narrow-body of about 1990"),
            Input("campaigns", campaigns, "reconstructed", "orders of 6 every 4 years, the first in year 2"),
        ),
        profit_inputs=_to_profit(0.75, 4.0, 2.6e6, "probability that the next order goes to the same maker"),
        margin=0.15,
    )


HEADLINES = (pizza, cadillac, aircraft)
"""The three, as functions."""

CREDIT_CARD = CashFlows([-51, 30, 42, 44, 49, 55], [0, 1, 2, 3, 4, 5])
"""Profit of a credit-card customer by year (Reichheld & Sasser 1990, as printed in Best, Market-Based Management)."""


def credit_card(years: int) -> CashFlows:
    """The credit-card customer over `years` years, the fifth year's profit going on."""
    amounts = [*CREDIT_CARD.amounts.tolist(), *[55.0] * years][: years + 1]
    return CashFlows(amounts, np.arange(years + 1.0))


def entries() -> Iterator[Reproduction]:
    """The ledger's rows of this area."""
    for source, make, total in ((_HBR, pizza, "8000"), (_HBR, cadillac, "332000")):
        yield from rows(source, "documented", {f"{make().name}, lifetime revenue": total}, make().revenue)
    seen = {"aircraft buyer, lifetime revenue": "2000000000"}
    why = "the article says only 'literally billions'; over one billion here, of inputs that are all reconstructed"
    yield from rows(_HBR, "reconstructed", seen, aircraft().revenue, why)
    yield from _profits()
    yield from _anecdotes()
    yield from _reichheld()


def _profits() -> Iterator[Reproduction]:
    """What is left of the headlines at 10 % a year."""
    source = "reconstruction from the headline (10 % a year)"
    steps = ("discounted revenue", "times margin", "times survival")
    for make, printed in (
        (pizza, "5155.58 1546.67 804.31"),
        (cadillac, "84974.76 10919.47 6700.40"),
    ):
        texts, bridge = labelled(f"{make().name}, {{}}", steps, printed), make().bridge()
        values = [bridge.present_value, bridge.contribution, bridge.expected]
        yield from rows(source, "reconstructed", texts, values)
    flying = {"aircraft buyer, times survival": "51492141.13"}
    yield from rows(source, "reconstructed", flying, aircraft().bridge().expected)
    level = evolve(aircraft(), customer=_customer("level", [CashFlow(52.5e6, t + 0.5) for t in range(20)])).bridge()
    texts = labelled("aircraft buyer, level revenue {}", "discounted, times margin", "468777800.33 70316670.05")
    yield from rows(source, "reconstructed", texts, [level.present_value, level.contribution])
    rates = pizza().bridge(rate=[0.08, 0.10, 0.12, 0.15]).expected
    texts = labelled("pizza eater at {} %, times survival", (8, 10, 12, 15), "846 804 766 716")
    yield from rows(source, "reconstructed", texts, rates)


def _total(amount: float, times: int) -> float:
    """The sum of equal payments."""
    return float(CashFlows(amount, np.arange(float(times))).amounts.sum())


def _anecdotes() -> Iterator[Reproduction]:
    """Other lifetime values that are plain sums."""
    club = CashFlows(1000 * 0.6, [1, 2, 3, 4])
    hart = "Hart, Heskett & Sasser 1990, HBR 68(4)"
    yield from rows(hart, "memory", {"Club Med guest, contribution": "2400"}, club.amounts.sum())
    discounted = {"Club Med guest at 10 % a year": "1901.92"}
    yield from rows(hart, "reference", discounted, present_value(Rate.annual(0.10), club))
    later = {"Cadillac owner of the later edition": "517000"}
    yield from rows("Sewell & Brown 2002", "documented", later, _total(35_000, 12) + 97_000)
    yield from rows(_PETERS, "documented", {"FedEx customer, 10 years": "180000"}, _total(1500, 120))
    weekly = {"Stew Leonard customer, 10 years": "50000"}
    yield from rows(_PETERS, "documented", weekly, _total(100, 520), "printed as 'roughly': 52 weeks make 52,000")
    surely: dict[str, Any] = {
        "rate": Rate.zero(),
        "margin": 1.0,
        "retention": 1.0,
        "acquisition_cost": 0.0,
        "referrals": 1.0,
    }
    diner, direct = (revenue_to_profit(CashFlows(own, 0.0), **surely).with_referrals for own in (75_000, 4_000))
    yield from rows(_PETERS, "documented", {"restaurant customer with one referral": "150000"}, diner)
    book = "Heskett, Sasser & Schlesinger 1997, p. 65: $4,000 without referrals"
    yield from rows(book, "reconstructed", {"Domino's customer with one referral": "8000"}, direct)
    yield from rows("Boer 2011", "documented", {"Pizza Hut customer": "10000"}, _total(10, 1000))


def _reichheld() -> Iterator[Reproduction]:
    """The credit card: what five printed years give, and what they do not."""
    best = "Best, Market-Based Management, fig. 1-11, after Reichheld & Sasser 1990"
    sums = {"credit card, 5 years undiscounted": "169", "credit card at 10 %": "111.66"}
    values = [CREDIT_CARD.amounts.sum(), present_value(Rate.annual(0.10), CREDIT_CARD)]
    yield from rows(best, "reference", sums, values)
    implied = _rate_of(134.0)
    yield from rows(_RS, "reference", {"rate at which 5 years are worth $134": "0.055502"}, implied)
    texts = {"credit card, 10 years ($300 at 10 % defection)": "300", "credit card, 20 years ($525 at 5 %)": "525"}
    worth = [present_value(Rate.annual(implied), credit_card(years)) for years in (10, 20)]
    why = "not reproducible from the five printed years: with the fifth year's profit going on it is this"
    yield from rows(_RS, "memory", texts, worth, why)
    sun = {"credit card of 1994, 5 years": "222"}
    yield from rows("Sun-Sentinel, 11 July 1994", "documented", sun, CashFlows([30, 42, 44, 50, 56], 0.0).amounts.sum())


def _rate_of(worth: float) -> float:
    """The annual rate at which the credit card's five years have this value."""
    flows = [-worth + CREDIT_CARD.amounts[0], *CREDIT_CARD.amounts[1:].tolist()]
    return float(irr(flows, unit="year").effective())
