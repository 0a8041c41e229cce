"""Free cash flow: customers' revenue less costs, tax and investment.

FCF = (revenue (1 - VC) - FC - SAC acquired)(1 - tax) - (capital expenditure - D&A) - change of working capital, as in
McCarthy, Fader & Hardie (2017).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias, get_args

import numpy as np
from attrs import Attribute, field, frozen
from attrs.converters import optional

from custvalue._arguments import not_negative, one_of, positive, real, share
from custvalue._results import Rows, as_column
from custvalue._typing import Array, ArrayLike, NDArray, Parameter
from custvalue.errors import ParameterError
from custvalue.firm.projection import Projection
from custvalue.models.model import as_parameter, same_parameter

Losses: TypeAlias = Literal["refund", "carry_forward", "none"]
"""Tax treatment of losses."""

_LOSSES: Final = (
    "By 'refund' a loss brings tax back at once, or shelters other income; by 'carry_forward' it is set against later "
    "profits, without end; by 'none' it is lost."
)


def _by(check: Callable[[str, ArrayLike], Array]) -> Callable[[object, Attribute[Any], Any], None]:
    def validate(_firm: object, attribute: Attribute[Any], value: Parameter | None) -> None:
        if value is not None:
            check(attribute.name, value)

    return validate


_SHARE, _COST, finite, above_zero = _by(share), _by(not_negative), _by(real), _by(positive)


def _as_losses(value: str) -> Losses:
    return one_of("losses", value, get_args(Losses), _LOSSES)


@frozen(kw_only=True)
class Firm:
    """Costs, tax, investment, non-operating assets, debt and shares of a firm.

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
        Tax treatment of negative operating income: tax is paid back at once, as the formula of the paper implies; the
        loss is set against later profits, at its nominal amount and without a time limit, none being carried forward at
        the start; or it is lost. There is no default: the value of a young firm depends on it.
    capital_expenditure, depreciation : float or array
        Shares of revenue; depreciation and amortization is added back.
    working_capital : float or array
        Share of a period's revenue; its change is invested.
    last_revenue : float or array, optional
        Revenue of the period before the first, needed where there is working capital.
    other_investment : float or array
        Money per period that does not depend on revenue: capital expenditure less depreciation, working capital.
    non_operating_assets, net_debt : float or array
        Added to, and subtracted from, the value of operating assets.
    shares : float or array, optional
        Shares outstanding, diluted.

    Raises
    ------
    ParameterError
        A share is outside [0, 1], a cost is negative, `losses` is none of its choices, or a number is not finite.
    """

    variable_cost: Parameter = field(converter=as_parameter, validator=_SHARE, eq=same_parameter)
    acquisition_cost: Parameter = field(converter=as_parameter, validator=_COST, eq=same_parameter)
    fixed_costs: Parameter = field(converter=as_parameter, validator=_COST, eq=same_parameter)
    tax: Parameter = field(converter=as_parameter, validator=_SHARE, eq=same_parameter)
    losses: Losses = field(converter=_as_losses)
    capital_expenditure: Parameter = field(default=0.0, converter=as_parameter, validator=_COST, eq=same_parameter)
    depreciation: Parameter = field(default=0.0, converter=as_parameter, validator=_COST, eq=same_parameter)
    working_capital: Parameter = field(default=0.0, converter=as_parameter, validator=finite, eq=same_parameter)
    last_revenue: Parameter | None = field(
        default=None, converter=optional(as_parameter), validator=finite, eq=same_parameter
    )
    other_investment: Parameter = field(default=0.0, converter=as_parameter, validator=finite, eq=same_parameter)
    non_operating_assets: Parameter = field(default=0.0, converter=as_parameter, validator=finite, eq=same_parameter)
    net_debt: Parameter = field(default=0.0, converter=as_parameter, validator=finite, eq=same_parameter)
    shares: Parameter | None = field(
        default=None, converter=optional(as_parameter), validator=above_zero, eq=same_parameter
    )

    def __attrs_post_init__(self) -> None:
        if self.last_revenue is None and np.any(np.asarray(self.working_capital) != 0):
            raise ParameterError(
                "last_revenue must be given with working_capital: the revenue of the period before the first, from "
                "which its first change is counted"
            )


@frozen(eq=False)
class FreeCashFlow(Rows):
    """Free cash flow of each period ahead (last axis) and its components.

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

    revenue: Array = field(converter=as_column)
    contribution: Array = field(converter=as_column)
    acquisition_cost: Array = field(converter=as_column)
    fixed_costs: Array = field(converter=as_column)
    tax_rate: Array = field(converter=as_column)
    tax: Array = field(converter=as_column)
    investment: Array = field(converter=as_column)

    @property
    def operating_income(self) -> Array:
        """Operating income before tax: contribution less acquisition cost and fixed costs."""
        return np.asarray(self.contribution - self.acquisition_cost - self.fixed_costs)

    @property
    def total(self) -> Array:
        """Free cash flow: operating income less tax and investment."""
        return np.asarray(self.operating_income - self.tax - self.investment)

    def table(self) -> dict[str, NDArray[Any]]:
        """The columns by name, revenue left out."""
        names = ("contribution", "acquisition_cost", "fixed_costs", "tax", "investment")
        return {name: getattr(self, name) for name in names} | {"free_cash_flow": self.total}


def free_cash_flow(firm: Firm, projection: Projection) -> FreeCashFlow:
    """Free cash flow of each period: (revenue (1 - VC) - FC - SAC acquired)(1 - tax) - investment.

    Losses are taxed as `firm.losses` says.

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
    >>> from custvalue.firm.projection import project_subscribers
    >>> p = project_subscribers(Geometric(0.2), [10, 10], revenue=5.0, paying="end", base=[100], unit="quarter")
    >>> firm = Firm(variable_cost=0.4, acquisition_cost=8, fixed_costs=100, tax=0.25, losses="refund")
    >>> free_cash_flow(firm, p).total
    array([67.5, 49.5])
    """
    names = "variable_cost", "acquisition_cost", "fixed_costs", "tax", "working_capital", "other_investment"
    given = {name: getattr(firm, name) for name in names}
    net = np.asarray(firm.capital_expenditure) - np.asarray(firm.depreciation)
    before = 0.0 if firm.last_revenue is None else firm.last_revenue
    revenue, acquired, variable, per_customer, fixed, rate, working, other, net, last = _together(
        revenue=projection.revenue, acquired=projection.acquired, **given, net=net, last_revenue=before
    )
    contribution, acquisition = np.asarray(revenue * (1 - variable)), np.asarray(acquired * per_customer)
    return FreeCashFlow(
        revenue=revenue,
        contribution=contribution,
        acquisition_cost=acquisition,
        fixed_costs=fixed,
        tax_rate=rate,
        tax=_tax(contribution - acquisition - fixed, rate, firm.losses),
        investment=revenue * net + working * np.diff(revenue, axis=-1, prepend=last[..., :1]) + other,
    )


def _together(**arrays: Parameter) -> list[Array]:
    """Arrays in their common shape over draws and periods: (draws, 1) beside (periods,) is a row for each draw."""
    try:
        return [np.asarray(array) for array in np.broadcast_arrays(*arrays.values())]
    except ValueError:
        shapes = ", ".join(f"{name} {np.shape(array)}" for name, array in arrays.items() if np.ndim(array))
        raise ParameterError(
            f"the arguments must broadcast to one shape; got {shapes}. A value per period has shape (periods,), a draw "
            "(draws, 1)."
        ) from None


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
