"""Value of a firm's current and future customers from a handful of published figures.

S. Gupta, D. R. Lehmann and J. A. Stuart, "Valuing customers", Journal of Marketing Research 41(1), 2004 (as cited; not
checked against the paper). The paper reports that one percent more retention, margin or less acquisition cost changes
the value of its five firms by about 5 %, 1 % and 0.1 %.
"""

from __future__ import annotations

import numpy as np
from attrs import field, frozen
from scipy.special import expit

from custvalue._arguments import not_negative, real, require, together
from custvalue._typing import Array, ArrayLike, Parameter
from custvalue.discounting.rate import Rate
from custvalue.discounting.timing import Timing, force_of
from custvalue.firm.cash_flow import above_zero, finite
from custvalue.models.model import as_parameter, same_parameter
from custvalue.units import Unit
from custvalue.value.formulas.constant_retention import constant_retention_value
from custvalue.value.formulas.sensitivity import sensitivity

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)


@frozen
class CustomerGrowth:
    """Customers ever acquired by time t, along an S-curve: N(t) = α/(1 + e^(β - γ t)).

    Parameters
    ----------
    alpha : float or array
        Market potential: the number of customers acquired in the end.
    beta, gamma : float or array
        Location and speed of growth; t = 0 is now, and half the market is acquired at t = β/γ.

    Raises
    ------
    ParameterError
        α or γ is not positive.

    Examples
    --------
    >>> growth = CustomerGrowth(alpha=100, beta=3, gamma=0.35)
    >>> print(growth.customers(0).round(3), growth.acquired(0).round(3))
    4.743 1.581
    """

    alpha: Parameter = field(converter=as_parameter, validator=above_zero, eq=same_parameter)
    beta: Parameter = field(converter=as_parameter, validator=finite, eq=same_parameter)
    gamma: Parameter = field(converter=as_parameter, validator=above_zero, eq=same_parameter)

    def customers(self, t: ArrayLike) -> Array:
        """N(t), t in periods from now."""
        return np.asarray(self.alpha * expit(self.gamma * real("t", t) - self.beta))

    def acquired(self, t: ArrayLike) -> Array:
        """n(t) = dN/dt: customers acquired per period at time t."""
        x = self.gamma * real("t", t) - self.beta
        return np.asarray(self.alpha * self.gamma * expit(x) * expit(-x))

    def discounted_acquired(self, *, rate: Rate, unit: Unit) -> Array:
        """Customers still to be acquired, discounted from their acquisition: ∫_0^∞ n(t) e^(-δ t) dt.

        Raises
        ------
        ParameterError
            The rate is a bare number or negative.
        """
        force = force_of(rate, unit)
        require(force >= 0, "the rate must be >= 0", "Future customers are discounted.", force=force)
        alpha, beta, gamma, force = together(
            alpha=np.asarray(self.alpha), beta=np.asarray(self.beta), gamma=np.asarray(self.gamma), rate=force
        )
        return np.asarray(alpha * _logistic_laplace(beta, force / gamma))


def _logistic_laplace(beta: Array, s: Array) -> Array:
    """∫_0^1 p q y^s/(p + q y)² dy, p = 1/(1 + e^β) acquired and q = 1 - p left now; y is e^(-γ t).

    Over u = -log y the integrand is smooth. It rises until u = β, where half are acquired, and falls like e^-u beyond,
    or from the start like e^(-s u) with s of any size: panels of one unit, halved down to 2^-40 towards 0. Beyond the
    end e^-45 = 3e-20 is lost.
    """
    end = max(float(np.max(beta, initial=0.0)), 0.0) + 45.0
    edges = np.concatenate([[0.0], 2.0 ** np.arange(-40, 0), np.linspace(1.0, end, int(np.ceil(end)))])
    width = np.diff(edges)[:, None]
    u = (edges[:-1, None] + width * (_NODES + 1) / 2).ravel()
    x = u - beta[..., None]
    dense = expit(x) * expit(-x) * np.exp(-s[..., None] * u)
    return np.asarray((dense * (width * _WEIGHTS / 2).ravel()).sum(axis=-1))


@frozen(eq=False)
class FirmValue:
    """The value of a firm's customers, before tax and fixed costs.

    Attributes
    ----------
    customer : array
        Of a customer just acquired or in hand, before acquisition cost.
    current : array
        Of the customers in hand now.
    future : array
        Of those still to be acquired, net of acquisition cost.
    elasticities : dict of str to array
        Of the total, in retention, margin, rate and acquisition_cost; that in the rate is of the value of each
        customer, not of the discount up to the acquisition of future ones.
    """

    customer: Array = field()
    current: Array = field()
    future: Array = field()
    elasticities: dict[str, Array] = field()

    @property
    def total(self) -> Array:
        """Current and future customers."""
        return np.asarray(self.current + self.future)


def firm_value(
    growth: CustomerGrowth,
    margin: ArrayLike,
    retention: ArrayLike,
    *,
    acquisition_cost: ArrayLike,
    rate: Rate,
    timing: Timing,
    unit: Unit,
    entry_rate: Rate | None = None,
    margin_growth: ArrayLike = 0.0,
) -> FirmValue:
    """Value of current and future customers: N(0) V + ∫_0^∞ n(t) (V - c) e^(-δt) dt, V that of one when acquired.

    V is `constant_retention_value` forever; timing="next" is the paper's m r/(1 + i - r).

    Parameters
    ----------
    growth : CustomerGrowth
        N(t) and n(t), t in periods from now.
    margin, retention, acquisition_cost : array_like
        m and r per period, and c per customer acquired.
    rate : Rate
        i, of discount.
    timing : {"now", "next", "end", "middle", "continuous"}
        When a customer's margins are received, counted from the acquisition (or now).
    unit : {"year", "quarter", "month", "week", "day"}
        Length of a period.
    entry_rate : Rate, optional
        Discounts the values of future customers from their acquisition; `rate` where not given. The paper writes
        e^(-i t) there, which is Rate.continuous(i), a little more than an annual rate of i.
    margin_growth : array_like
        Growth of a customer's margin per period.

    Raises
    ------
    ParameterError
        As for `constant_retention_value`; a rate for entries is negative; or a customer's value or the total is 0 or
        infinite.

    Examples
    --------
    >>> growth = CustomerGrowth(alpha=100, beta=3, gamma=0.35)
    >>> rates = {"rate": Rate.annual(0.12), "entry_rate": Rate.continuous(0.12)}
    >>> firm = firm_value(growth, 6, 0.85, acquisition_cost=20, **rates, timing="next", unit="year")
    >>> print(firm.customer.round(3), firm.current.round(3), firm.future.round(3), firm.total.round(3))
    18.889 89.582 -40.489 49.093
    """
    one = sensitivity(
        constant_retention_value, margin, retention, rate=rate, timing=timing, growth=margin_growth, unit=unit
    )
    entering = growth.discounted_acquired(rate=rate if entry_rate is None else entry_rate, unit=unit)
    value, cost, entering, held = together(
        margin=one.value,
        acquisition_cost=not_negative("acquisition_cost", acquisition_cost),
        growth=entering,
        now=growth.customers(0.0),
    )
    total = value * (held + entering) - cost * entering
    require(total != 0, "the total must not be 0 to have elasticities", "Check the acquisition cost.", total=total)
    scale = value * (held + entering) / total
    each = {name: np.asarray(scale * one.elasticities[name]) for name in ("retention", "margin", "rate")}
    each["acquisition_cost"] = np.asarray(-cost * entering / total)
    return FirmValue(customer=value, current=value * held, future=(value - cost) * entering, elasticities=each)
