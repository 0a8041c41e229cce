"""What a firm makes of its customers' revenue: costs, tax, investment, and the free cash flow that is left.

FCF = (revenue (1 - VC) - FC - SAC adds)(1 - tax) - (capital expenditure - D&A) - change of working capital, as in
McCarthy, Fader & Hardie (2017), Journal of Marketing 81(1), 17-35 (as cited; not checked against the paper).
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias, get_args

import numpy as np
from attrs import Attribute, field, frozen

from custvalue._arguments import not_negative, positive, real, share, together
from custvalue._typing import Array, ArrayLike, Parameter
from custvalue.errors import ParameterError
from custvalue.firm.subscriber_projection import Projection
from custvalue.models.model import as_parameter, same_parameter

Losses: TypeAlias = Literal["refund", "carry_forward", "none"]
"""What tax does in periods with a loss."""

_LOSSES: Final = (
    "'refund' (a loss brings tax back at once, or shelters other income), 'carry_forward' (it is set against later "
    "profits, without end) or 'none' (it is lost)"
)


def _as_losses(_firm: object, _field: Attribute[Any], value: str) -> None:
    if value not in get_args(Losses):
        raise ParameterError(f"losses must be {_LOSSES}; got {value!r}")


def _as_share(_firm: object, field: Attribute[Any], value: Parameter) -> None:
    share(field.name, value)


def _as_cost(_firm: object, field: Attribute[Any], value: Parameter) -> None:
    not_negative(field.name, value)


def _as_amount(_firm: object, field: Attribute[Any], value: Parameter | None) -> None:
    if value is not None:
        real(field.name, value)


def _as_shares(_firm: object, field: Attribute[Any], value: Parameter | None) -> None:
    if value is not None:
        positive(field.name, value)


def _optional(value: ArrayLike | None) -> Parameter | None:
    return None if value is None else as_parameter(value)


@frozen(kw_only=True)
class Firm:
    """What a firm earns on revenue and spends on customers, and what it owns and owes besides.

    Each is one number, one for each period ahead along the last axis, or draws of shape (draws, 1). Money is per
    period of the projection: monthly projections need monthly fixed costs.

    Parameters
    ----------
    variable_cost : float or array
        Share of revenue.
    acquisition_cost : float or array
        Per customer acquired, in the period of acquisition.
    fixed_costs : float or array
        Per period; depreciation is part of the costs.
    tax : float or array
        Share of operating income.
    losses : {"refund", "carry_forward", "none"}
        What tax does where operating income is negative: it is paid back at once, as the formula of the paper
        implies; the loss is set against later profits, undiscounted, without end and beginning with none; or it is
        lost. Without a default: the value of a young firm depends on it.
    capital_expenditure, depreciation : float or array
        Shares of revenue; depreciation and amortization is added back.
    working_capital : float or array
        Share of a period's revenue; its change with revenue is invested.
    last_revenue : float or array, optional
        Revenue of the period before the first, needed where there is working capital.
    other_investment : float or array
        Money per period on top, which revenue does not drive: capital expenditure less depreciation, working capital.
    non_operating_assets, net_debt : float or array
        Added to, and subtracted from, the value of operating assets.
    shares : float or array, optional
        Shares outstanding, diluted.

    Raises
    ------
    ParameterError
        A share is outside [0, 1], a cost is negative, `losses` is none of its choices, or a number is not finite.
    """

    variable_cost: Parameter = field(converter=as_parameter, validator=_as_share, eq=same_parameter)
    acquisition_cost: Parameter = field(converter=as_parameter, validator=_as_cost, eq=same_parameter)
    fixed_costs: Parameter = field(converter=as_parameter, validator=_as_cost, eq=same_parameter)
    tax: Parameter = field(converter=as_parameter, validator=_as_share, eq=same_parameter)
    losses: Losses = field(validator=_as_losses)
    capital_expenditure: Parameter = field(default=0.0, converter=as_parameter, validator=_as_cost, eq=same_parameter)
    depreciation: Parameter = field(default=0.0, converter=as_parameter, validator=_as_cost, eq=same_parameter)
    working_capital: Parameter = field(default=0.0, converter=as_parameter, validator=_as_amount, eq=same_parameter)
    last_revenue: Parameter | None = field(default=None, converter=_optional, validator=_as_amount, eq=same_parameter)
    other_investment: Parameter = field(default=0.0, converter=as_parameter, validator=_as_amount, eq=same_parameter)
    non_operating_assets: Parameter = field(
        default=0.0, converter=as_parameter, validator=_as_amount, eq=same_parameter
    )
    net_debt: Parameter = field(default=0.0, converter=as_parameter, validator=_as_amount, eq=same_parameter)
    shares: Parameter | None = field(default=None, converter=_optional, validator=_as_shares, eq=same_parameter)

    def __attrs_post_init__(self) -> None:
        if self.last_revenue is None and np.any(np.asarray(self.working_capital) != 0):
            raise ParameterError(
                "with working_capital, last_revenue is needed: the revenue of the period before the first, from which "
                "its first change is counted"
            )


@frozen(eq=False)
class FreeCashFlow:
    """The free cash flow of each period ahead (last axis), and what it is made of.

    Attributes
    ----------
    revenue, contribution : array
        Contribution is revenue less variable cost.
    acquisition_cost, fixed_costs : array
        As positive numbers.
    tax_rate, tax : array
        Tax is negative where a loss brings some back.
    investment : array
        Capital expenditure less depreciation, change of working capital and other investment.
    """

    revenue: Array = field()
    contribution: Array = field()
    acquisition_cost: Array = field()
    fixed_costs: Array = field()
    tax_rate: Array = field()
    tax: Array = field()
    investment: Array = field()

    @property
    def operating_income(self) -> Array:
        """Before tax: contribution less acquisition cost and fixed costs."""
        return np.asarray(self.contribution - self.acquisition_cost - self.fixed_costs)

    @property
    def total(self) -> Array:
        """Free cash flow: operating income less tax and investment."""
        return np.asarray(self.operating_income - self.tax - self.investment)

    def table(self) -> dict[str, Array]:
        """The columns by name, revenue left out."""
        names = ("contribution", "acquisition_cost", "fixed_costs", "tax", "investment")
        return {name: getattr(self, name) for name in names} | {"free_cash_flow": self.total}


def free_cash_flow(firm: Firm, projection: Projection) -> FreeCashFlow:
    """Free cash flow of each period: (revenue (1 - VC) - FC - SAC adds)(1 - tax) - investment, losses taxed as said.

    Parameters
    ----------
    firm : Firm
        Its arrays over periods are as long as the projection.
    projection : Projection
        Of `project_subscribers` or `project_buyers`.

    Raises
    ------
    ParameterError
        The firm's arrays and the projection do not broadcast.

    Examples
    --------
    >>> from custvalue.models.retention.geometric import Geometric
    >>> from custvalue.firm.subscriber_projection import project_subscribers
    >>> p = project_subscribers([10, 10], Geometric(0.2), 5.0, paying="end", base=[100], unit="quarter")
    >>> firm = Firm(variable_cost=0.4, acquisition_cost=8, fixed_costs=100, tax=0.25, losses="refund")
    >>> free_cash_flow(firm, p).total
    array([67.5, 49.5])
    """
    revenue = projection.revenue
    names = ("variable_cost", "acquisition_cost", "fixed_costs", "tax")
    each = {name: np.asarray(getattr(firm, name)) for name in names}
    invested = _investment(firm, revenue)
    revenue, adds, invested, variable, per_add, fixed, rate = together(
        revenue=revenue, adds=projection.adds, investment=invested, **each
    )
    contribution, acquisition = np.asarray(revenue * (1 - variable)), np.asarray(adds * per_add)
    return FreeCashFlow(
        revenue=revenue,
        contribution=contribution,
        acquisition_cost=acquisition,
        fixed_costs=fixed,
        tax_rate=rate,
        tax=_tax(contribution - acquisition - fixed, rate, firm.losses),
        investment=invested,
    )


def _investment(firm: Firm, revenue: Array) -> Array:
    found = together(
        revenue=revenue,
        net=np.asarray(firm.capital_expenditure) - np.asarray(firm.depreciation),
        working_capital=np.asarray(firm.working_capital),
        other_investment=np.asarray(firm.other_investment),
        last_revenue=np.asarray(0.0 if firm.last_revenue is None else firm.last_revenue),
    )
    revenue, net, working, other, last = found
    change = np.diff(revenue, axis=-1, prepend=last[..., :1])
    return np.asarray(revenue * net + working * change + other)


def _tax(income: Array, rate: Array, losses: Losses) -> Array:
    if losses == "refund":
        return np.asarray(rate * income)
    if losses == "none":
        return np.asarray(rate * np.maximum(income, 0.0))
    taxed, carried = np.zeros(income.shape), np.zeros(income.shape[:-1])
    for t in range(income.shape[-1]):
        left = income[..., t] - carried
        taxed[..., t], carried = np.maximum(left, 0.0), np.maximum(-left, 0.0)
    return np.asarray(rate * taxed)
