"""Shareholder value of a firm from its customers: discounted free cash flows, other assets, less debt.

McCarthy, Fader & Hardie (2017); McCarthy & Fader (2018); Schulze, C., Skiera, B. & Wiesel, T. (2012). Linking customer
and financial metrics to shareholder value: the leverage effect in customer-based valuation. Journal of Marketing 76(2),
17-32 (as cited; not checked against the papers).

    operating assets = Σ FCF_t (1 + WACC)^-t,    shareholder value = operating assets + non-operating assets - net debt
"""

from __future__ import annotations

import json
from typing import Any, Final, Literal, Self, TypeAlias, get_args

import numpy as np
from attrs import field, frozen

from custvalue._arguments import growth_rate, require, whole_number
from custvalue._results import Rows, as_column
from custvalue._typing import Array, NDArray
from custvalue.discounting.rate import Rate
from custvalue.discounting.timing import WAIT, as_timing, force_of
from custvalue.errors import ParameterError
from custvalue.firm.cash_flow import Firm, FreeCashFlow, free_cash_flow
from custvalue.firm.projection import Projection

CashTiming: TypeAlias = Literal["now", "middle", "end"]
"""When free cash flows fall: the first now, at the start of its period; in the middle or at the end of each period."""

_NOTABLE: Final = 0.01
"""Share of the value beyond the horizon from which a note says so."""


@frozen(eq=False, repr=False)
class ShareholderValue(Rows):
    """Value of a firm to its shareholders, and its sources; leading axes are draws.

    Attributes
    ----------
    projection : Projection
        Customers and revenue.
    cash_flow : FreeCashFlow
        By period (last axis).
    discount : array
        Discount factor of each period.
    remainder : array
        Present value of cash flows after the last period; 0 where these do not count.
    tail : array
        Present value of the last season's cash flows if they went on unchanged for ever: how much depends on the
        horizon where nothing after it counts. Infinite where money is not discounted.
    firm : Firm
        As given.
    """

    projection: Projection = field()
    cash_flow: FreeCashFlow = field()
    discount: Array = field(converter=as_column)
    remainder: Array = field(converter=as_column)
    tail: Array = field(converter=as_column)
    firm: Firm = field()

    @property
    def operating_assets(self) -> Array:
        """Present value of the free cash flows, the remainder included."""
        return np.asarray((self.discount * self.cash_flow.total).sum(axis=-1) + self.remainder)

    @property
    def shareholder_value(self) -> Array:
        """Operating assets plus non-operating assets less net debt."""
        other = _per_draw(self.firm.non_operating_assets) - _per_draw(self.firm.net_debt)
        return np.asarray(self.operating_assets + other)

    @property
    def per_share(self) -> Array:
        """Shareholder value per share outstanding.

        Raises
        ------
        ParameterError
            The firm's shares are not known.
        """
        if self.firm.shares is None:
            raise ParameterError("the number of shares is not known: give Firm(..., shares=...)")
        return np.asarray(self.shareholder_value / _per_draw(self.firm.shares))

    @property
    def breakdown(self) -> dict[str, Array]:
        """Operating assets by source, after tax; the parts add up to them.

        ``existing_customers``: contribution of the customers there are now. ``future_customers``: contribution of those
        still to be acquired, less the cost of acquisition. ``fixed_costs`` (negative). ``unrelieved_losses``: the cost
        of losses that bring no tax back at once; 0 with losses="refund". ``investment``: negative where money goes in.
        ``remainder``.
        """
        flow, weight = self.cash_flow, self.discount * (1 - self.cash_flow.tax_rate)
        kept = np.divide(flow.contribution, flow.revenue, out=np.zeros(flow.revenue.shape), where=flow.revenue != 0)
        future = kept * self.projection.future_revenue - flow.acquisition_cost
        unrelieved = flow.tax - flow.tax_rate * flow.operating_income
        parts = {
            "existing_customers": weight * kept * self.projection.existing_revenue,
            "future_customers": weight * future,
            "fixed_costs": -weight * flow.fixed_costs,
            "unrelieved_losses": -self.discount * unrelieved,
            "investment": -self.discount * flow.investment,
        }
        return {name: np.asarray(part.sum(axis=-1)) for name, part in parts.items()} | {"remainder": self.remainder}

    @property
    def existing_customers(self) -> Array:
        """Present value, after tax, of the contribution of the customers there are now, within the horizon."""
        return self.breakdown["existing_customers"]

    @property
    def future_customers(self) -> Array:
        """Present value, after tax, of customers still to be acquired, less acquisition cost, within the horizon."""
        return self.breakdown["future_customers"]

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know before relying on the value: how much lies beyond the horizon."""
        assets, beyond = abs(float(self.operating_assets.mean())), float(self.tail.mean())
        if self.remainder.any():
            share = abs(float(self.remainder.mean())) / assets if assets else np.inf
            return (f"{share:.1%} of operating assets come after the last period",) if share > _NOTABLE else ()
        if abs(beyond) <= _NOTABLE * assets:
            return ()
        note = (
            f"nothing counts after {self.projection.horizon} {self.projection.unit}s, though the last cash flows, if "
            f"they went on, would be worth {beyond:,.4g}: use a longer horizon, or terminal growth"
        )
        return (note,)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The value that `to_json` wrote."""
        known = json.loads(text)
        held = {"projection": Projection, "cash_flow": FreeCashFlow, "firm": Firm}
        return cls(**known | {name: kind(**known[name]) for name, kind in held.items()})

    def table(self) -> dict[str, NDArray[Any]]:
        """One row per period: customers, revenue, the parts of the free cash flow, and its discounted value."""
        discounted = {"discounted": np.asarray(self.discount * self.cash_flow.total)}
        return self.projection.table() | self.cash_flow.table() | discounted

    def __repr__(self) -> str:
        assets, equity = self.operating_assets, self.shareholder_value
        draws = f", mean of {equity.size} draws" if equity.ndim else ""
        split = f"existing customers {self.existing_customers.mean():,.6g}, future {self.future_customers.mean():,.6g}"
        lines = [
            f"ShareholderValue over {self.projection.horizon} {self.projection.unit}s{draws}: {equity.mean():,.6g}",
            f"  operating assets {assets.mean():,.6g}, of which {split}",
        ]
        if self.firm.shares is not None:
            lines.append(f"  per share {self.per_share.mean():,.6g}")
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])


def shareholder_value(
    firm: Firm,
    projection: Projection,
    *,
    rate: Rate,
    timing: CashTiming,
    terminal: float | None,
    season: int = 1,
) -> ShareholderValue:
    """Value a firm from projected revenue, less costs, tax and investment, discounted.

    Parameters
    ----------
    firm : Firm
        Costs, tax, investment, assets, debt, shares.
    projection : Projection
        Of `project_subscribers` or `project_buyers`.
    rate : Rate
        WACC; converted to the projection's periods.
    timing : {"now", "middle", "end"}
        When in its period each free cash flow falls: at 0, 1/2 or 1 period from now for the first, and so on.
    terminal : float or None
        Growth after the last period. With a number g the last `season` cash flows repeat for ever, growing by g a
        period (closed form). With None nothing after the horizon counts; `tail` and a note say how much that may be.
    season : int
        Length of the seasonal pattern in periods, such as 4 quarters. The default is 1: no seasons.

    Returns
    -------
    ShareholderValue

    Raises
    ------
    ParameterError
        `rate` is a bare number, `timing` none of its choices, terminal growth at or above the rate, `season` not from 1
        to the number of periods, or arrays do not broadcast.

    Examples
    --------
    >>> from custvalue.models.retention.geometric import Geometric
    >>> from custvalue.firm.projection import project_subscribers
    >>> p = project_subscribers(Geometric(0.2), [10] * 80, revenue=5.0, paying="end", base=[100], unit="quarter")
    >>> firm = Firm(variable_cost=0.4, acquisition_cost=8, fixed_costs=20, tax=0.25, losses="refund", net_debt=200)
    >>> value = shareholder_value(firm, p, rate=Rate.annual(0.10), timing="end", terminal=0.0)
    >>> value
    ShareholderValue over 80 quarters: 1,756.72
      operating assets 1,956.72, of which existing customers 803.164, future 1,451.98
      note: 11.8% of operating assets come after the last period
    """
    wait = WAIT[as_timing(timing, allowed=get_args(CashTiming))]
    length = whole_number("season", season)
    if length > projection.horizon:
        raise ParameterError(f"season must be at most the {projection.horizon} periods projected; got {length}")
    force = force_of(rate, projection.unit)
    flow = free_cash_flow(firm, projection)
    each = force if force.ndim and force.shape[-1] == 1 else force[..., None]
    discount = np.exp(-each * (np.arange(projection.horizon) + wait))
    last = (discount * flow.total)[..., -length:].sum(axis=-1)
    per = _per_draw(force)
    return ShareholderValue(
        projection=projection,
        cash_flow=flow,
        discount=discount,
        remainder=np.zeros(last.shape) if terminal is None else _forever(last, per, terminal, length),
        tail=_tail(last, per, length),
        firm=firm,
    )


def _forever(last: Array, force: Array, growth: float, season: int) -> Array:
    """Present value of cash flows that repeat with growth for ever, from that of the last season, geometrically."""
    grown = np.log1p(growth_rate(growth, "terminal")) - force
    rule = "terminal growth must be below the rate per period"
    require(grown < 0, rule, "Otherwise the firm is worth infinitely much.", excess=grown)
    return np.asarray(last * np.exp(season * grown) / -np.expm1(season * grown))


def _tail(last: Array, force: Array, season: int) -> Array:
    """Present value of the last season's cash flows if they repeat unchanged for ever."""
    lasting = last / np.expm1(season * np.where(force > 0, force, 1.0))
    return np.where(force > 0, lasting, np.where(last == 0, 0.0, np.copysign(np.inf, last)))


def _per_draw(value: object) -> Array:
    """One number per draw: without the axis over periods, where it has length 1."""
    found = np.asarray(value, dtype=np.float64)
    return found[..., 0] if found.ndim and found.shape[-1] == 1 else found
