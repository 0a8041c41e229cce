"""The value of a firm from its customers: free cash flows discounted, and what is left to its shareholders.

McCarthy, D. M., Fader, P. S. & Hardie, B. G. S. (2017). Valuing subscription-based businesses using publicly disclosed
customer data. Journal of Marketing 81(1), 17-35; McCarthy, D. M. & Fader, P. S. (2018). Customer-based corporate
valuation for publicly traded noncontractual firms. Journal of Marketing Research 55(5), 617-635; Schulze, C., Skiera,
B. & Wiesel, T. (2012). Linking customer and financial metrics to shareholder value: the leverage effect in
customer-based valuation. Journal of Marketing 76(2), 17-32 (as cited; not checked against the papers).

    operating assets = Σ FCF_t (1 + WACC)^-t,    shareholder value = operating assets + non-operating assets - net debt
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

import numpy as np
from attrs import field, frozen

from custvalue._arguments import growth_rate, positive, require
from custvalue._typing import Array
from custvalue.discounting.rate import Rate, as_rate
from custvalue.errors import ParameterError
from custvalue.firm.cash_flow import Firm, FreeCashFlow, free_cash_flow
from custvalue.firm.subscriber_projection import Projection
from custvalue.models.model import whole

Cash: TypeAlias = Literal["start", "middle", "end"]
"""When in its period a free cash flow comes in."""

_LATE: Final[dict[str, float]] = {"start": 1.0, "middle": 0.5, "end": 0.0}
_NOTABLE = 0.01


@frozen(eq=False, repr=False)
class ShareholderValue:
    """What a firm is worth to its shareholders, and where that comes from; leading axes are draws.

    Attributes
    ----------
    projection : Projection
        Customers and revenue.
    cash_flow : FreeCashFlow
        By period (last axis).
    discount : array
        The factor of each period.
    remainder : array
        Present value of what comes after the last period; 0 where nothing counts.
    tail : array
        What the last season's cash flows would be worth if they went on unchanged for ever: how much depends on the
        horizon where nothing after it counts. Infinite where money is not discounted.
    firm : Firm
        As given.
    """

    projection: Projection = field()
    cash_flow: FreeCashFlow = field()
    discount: Array = field()
    remainder: Array = field()
    tail: Array = field()
    firm: Firm = field()

    @property
    def operating_assets(self) -> Array:
        """Present value of the free cash flows, the remainder included."""
        return np.asarray((self.discount * self.cash_flow.total).sum(axis=-1) + self.remainder)

    @property
    def shareholder_value(self) -> Array:
        """Operating assets plus non-operating assets less net debt."""
        return np.asarray(
            self.operating_assets + _per_draw(self.firm.non_operating_assets) - _per_draw(self.firm.net_debt)
        )

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
        """Operating assets by source, which they sum to; all after tax.

        ``existing_customers``: contribution of the customers there are now. ``future_customers``: that of those still
        to be won, less the cost of winning them. ``fixed_costs`` (negative). ``unrelieved_losses``: what it costs that
        losses bring no tax back at once; 0 with losses="refund". ``investment``: negative where money goes in.
        ``remainder``.
        """
        flow, weight = self.cash_flow, self.discount * (1 - self.cash_flow.tax_rate)
        kept = np.divide(flow.contribution, flow.revenue, out=np.zeros(flow.revenue.shape), where=flow.revenue != 0)
        won = kept * self.projection.future_revenue - flow.acquisition_cost
        unrelieved = flow.tax - flow.tax_rate * flow.operating_income
        parts = {
            "existing_customers": weight * kept * self.projection.existing_revenue,
            "future_customers": weight * won,
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
        """Present value, after tax, of customers still to be won, less the cost of winning them; within the horizon."""
        return self.breakdown["future_customers"]

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know before relying on the value: how much lies beyond the horizon."""
        whole, beyond = abs(float(self.operating_assets.mean())), float(self.tail.mean())
        if self.remainder.any():
            share = abs(float(self.remainder.mean())) / whole if whole else np.inf
            return (f"{share:.1%} of operating assets come after the last period",) if share > _NOTABLE else ()
        if abs(beyond) <= _NOTABLE * whole:
            return ()
        lost = (
            f"nothing counts after {self.projection.periods} {self.projection.unit}s, though the last cash flows, if "
            f"they went on, would be worth {beyond:,.4g}: use more periods, or terminal growth"
        )
        return (lost,)

    def table(self) -> dict[str, Array]:
        """By period: customers, revenue, the parts of the free cash flow, and its discounted value."""
        discounted = {"discounted": np.asarray(self.discount * self.cash_flow.total)}
        return self.projection.table() | self.cash_flow.table() | discounted

    def __repr__(self) -> str:
        assets, equity = self.operating_assets, self.shareholder_value
        draws = f", mean of {equity.size} draws" if equity.ndim else ""
        split = f"existing customers {self.existing_customers.mean():,.6g}, future {self.future_customers.mean():,.6g}"
        lines = [
            f"ShareholderValue over {self.projection.periods} {self.projection.unit}s{draws}: {equity.mean():,.6g}",
            f"  operating assets {assets.mean():,.6g}, of which {split}",
        ]
        if self.firm.shares is not None:
            lines.append(f"  per share {self.per_share.mean():,.6g}")
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])


def shareholder_value(
    firm: Firm,
    projection: Projection,
    rate: Rate,
    *,
    cash: Cash,
    terminal: float | None,
    season: int = 1,
) -> ShareholderValue:
    """Value a firm: its projected customers' revenue, less all costs, tax and investment, discounted.

    Parameters
    ----------
    firm : Firm
        Costs, tax, investment, assets, debt, shares.
    projection : Projection
        Of `project_subscribers` or `project_buyers`.
    rate : Rate
        WACC; converted to the projection's periods by itself.
    cash : {"start", "middle", "end"}
        When in its period each free cash flow comes in: at 0, 1/2 or 1 of the first, and so on.
    terminal : float or None
        What comes after the last period. None: nothing counts; `tail` and a note say how much that may be. A number g:
        the last `season` cash flows repeat for ever, growing by g a period: closed form.
    season : int
        Periods of a year, where they differ; of quarters 4. The default is 1: all alike.

    Returns
    -------
    ShareholderValue

    Raises
    ------
    ParameterError
        `rate` is a bare number, `cash` none of its choices, the terminal growth at or above the rate, `season` not from
        1 to the number of periods, or arrays do not broadcast.

    Examples
    --------
    >>> from custvalue.models.retention.geometric import Geometric
    >>> from custvalue.firm.subscriber_projection import project_subscribers
    >>> p = project_subscribers([10] * 80, Geometric(0.2), 5.0, paying="end", base=[100], unit="quarter")
    >>> firm = Firm(variable_cost=0.4, acquisition_cost=8, fixed_costs=20, tax=0.25, losses="refund", net_debt=200)
    >>> value = shareholder_value(firm, p, Rate.annual(0.10), cash="end", terminal=0.0)
    >>> value
    ShareholderValue over 80 quarters: 1,756.72
      operating assets 1,956.72, of which existing customers 803.164, future 1,451.98
      note: 11.8% of operating assets come after the last period
    """
    if cash not in get_args(Cash):
        raise ParameterError(f"cash must be 'start', 'middle' or 'end' of the period; got {cash!r}")
    length = int(positive("season", whole("season", season)))
    if length > projection.periods:
        raise ParameterError(f"season must be at most the {projection.periods} periods projected; got {length}")
    force = np.asarray(as_rate(rate).force(projection.unit))
    when = np.arange(1.0, projection.periods + 1) - _LATE[cash]
    flow = free_cash_flow(firm, projection)
    discount = np.exp(-(force if force.ndim and force.shape[-1] == 1 else force[..., None]) * when)
    last = (discount * flow.total)[..., -length:].sum(axis=-1)
    per = _per_draw(force)
    return ShareholderValue(
        projection=projection,
        cash_flow=flow,
        discount=discount,
        remainder=np.zeros(last.shape) if terminal is None else _forever(last, per, terminal, length),
        tail=_unchanged(last, per, length),
        firm=firm,
    )


def _forever(last: Array, force: Array, growth: float, season: int) -> Array:
    """Present value of cash flows that repeat with growth, from that of the last season."""
    grown = np.log1p(growth_rate(growth)) - force
    rule = "terminal growth must be below the rate per period"
    require(grown < 0, rule, "Otherwise the firm is worth infinitely much.", excess=grown)
    return np.asarray(last * np.exp(season * grown) / -np.expm1(season * grown))


def _unchanged(last: Array, force: Array, season: int) -> Array:
    waits = np.broadcast_to(force > 0, last.shape)
    safe = np.where(force > 0, force, 1.0)
    lasting = last / np.expm1(season * safe)
    return np.where(waits, lasting, np.where(last == 0, 0.0, np.copysign(np.inf, last)))


def _per_draw(value: object) -> Array:
    """A number per draw: without the axis over periods, which has length 1."""
    found = np.asarray(value, dtype=np.float64)
    return found[..., 0] if found.ndim and found.shape[-1] == 1 else found
