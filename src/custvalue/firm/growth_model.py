"""What a firm's customers are worth, those it has and those it will win, from a handful of published figures.

S. Gupta, D. R. Lehmann and J. A. Stuart, "Valuing customers", Journal of Marketing Research 41(1), 2004 (as cited; not
checked against the paper). The paper reports that one percent more retention, margin or less acquisition cost changes
the value of its five firms by about 5 %, 1 % and 0.1 %.
"""

from __future__ import annotations

import numpy as np
from attrs import cmp_using, field, frozen

from custvalue._arguments import not_negative, positive, real, require, together
from custvalue._typing import Array, ArrayLike
from custvalue.discounting.rate import Rate
from custvalue.discounting.timing import Timing, force_of
from custvalue.units import Unit
from custvalue.value.formulas.sensitivity import Elasticities, value_elasticities

_same = cmp_using(eq=np.array_equal)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)


def _as_alpha(values: ArrayLike) -> Array:
    return positive("alpha", values)


def _as_beta(values: ArrayLike) -> Array:
    return real("beta", values)


def _as_gamma(values: ArrayLike) -> Array:
    return positive("gamma", values)


@frozen
class CustomerGrowth:
    """Customers ever won by time t, growing along an S-curve: N(t) = α/(1 + e^(β - γ t)).

    Parameters
    ----------
    alpha : float or array
        The market: how many customers will be won in all.
    beta, gamma : float or array
        Place and speed of the growth; t = 0 is now, and half the market is won at t = β/γ.

    Raises
    ------
    ParameterError
        α or γ is not positive.

    Examples
    --------
    >>> growth = CustomerGrowth(alpha=100, beta=3, gamma=0.35)
    >>> print(growth.customers(0).round(3), growth.won_per_period(0).round(3))
    4.743 1.581
    """

    alpha: Array = field(converter=_as_alpha, eq=_same)
    beta: Array = field(converter=_as_beta, eq=_same)
    gamma: Array = field(converter=_as_gamma, eq=_same)

    def customers(self, t: ArrayLike) -> Array:
        """N(t)."""
        from scipy.special import expit  # noqa: PLC0415 (loads only where it is used)

        return np.asarray(self.alpha * expit(self.gamma * real("t", t) - self.beta))

    def won_per_period(self, t: ArrayLike) -> Array:
        """n(t) = dN/dt: customers won per period at time t."""
        from scipy.special import expit  # noqa: PLC0415 (loads only where it is used)

        x = self.gamma * real("t", t) - self.beta
        return np.asarray(self.alpha * self.gamma * expit(x) * expit(-x))

    def discounted_wins(self, rate: Rate, *, unit: Unit = "year") -> Array:
        """Customers still to be won, discounted from when they are: ∫_0^∞ n(t) e^(-δ t) dt.

        Raises
        ------
        ParameterError
            The rate is a bare number or negative.
        """
        force = force_of(rate, unit)
        require(force >= 0, "the rate must be >= 0", "Future customers are discounted.", force=force)
        alpha, beta, gamma, force = together(alpha=self.alpha, beta=self.beta, gamma=self.gamma, rate=force)
        return np.asarray(alpha * _logistic_laplace(beta, force / gamma))


def _logistic_laplace(beta: Array, s: Array) -> Array:
    """∫_0^1 p q y^s/(p + q y)² dy, p = 1/(1 + e^β) won and q = 1 - p left now; y is e^(-γ t).

    Over u = -log y the integrand is smooth; it rises until u = β, where half are won, and falls like e^-u beyond, or
    from the start like e^(-s u): panels of one unit, halved again and again towards 0.
    """
    from scipy.special import expit  # noqa: PLC0415 (loads only where it is used)

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
        Of a customer just won or in hand, before acquisition cost.
    current : array
        Of the customers in hand now.
    future : array
        Of those still to be won, net of the cost of winning them.
    elasticities : Elasticities
        Of the total, in retention, margin, rate and acquisition cost; that in the rate is of the value of each
        customer, not of the discount from the time when future ones are won.
    """

    customer: Array = field()
    current: Array = field()
    future: Array = field()
    elasticities: Elasticities = field()

    @property
    def total(self) -> Array:
        """Current and future customers."""
        return np.asarray(self.current + self.future)


def firm_value(
    growth: CustomerGrowth,
    margin: ArrayLike,
    retention: ArrayLike,
    acquisition_cost: ArrayLike,
    rate: Rate,
    *,
    timing: Timing,
    entry_rate: Rate | None = None,
    margin_growth: ArrayLike = 0.0,
    unit: Unit = "year",
) -> FirmValue:
    """Value of current and future customers: N(0) V + ∫_0^∞ n(t) (V - c) e^(-δt) dt, V what one is worth when won.

    V is `constant_retention_value` forever; timing="next" is the paper's m r/(1 + i - r).

    Parameters
    ----------
    growth : CustomerGrowth
        N(t) and n(t), t in periods from now.
    margin, retention, acquisition_cost : array_like
        m and r per period, and c per customer won.
    rate : Rate
        i, of discount.
    timing : {"now", "next", "end", "middle", "continuous"}
        When a customer's margins are received, counted from when the customer is won (or now).
    entry_rate : Rate, optional
        Discounts the values of future customers from when they are won; `rate` where not given. The paper writes
        e^(-i t) there, which is Rate.continuous(i), a little more than an annual rate of i.
    margin_growth : array_like
        Of a customer's margin per period.
    unit : {"year", "quarter", "month", "week", "day"}
        The period of all these.

    Raises
    ------
    ParameterError
        As for `constant_retention_value`; a rate for entries is negative; or a customer's value or the total is 0 or
        infinite.

    Examples
    --------
    >>> growth = CustomerGrowth(alpha=100, beta=3, gamma=0.35)
    >>> firm = firm_value(growth, 6, 0.85, 20, Rate.annual(0.12), timing="next", entry_rate=Rate.continuous(0.12))
    >>> print(firm.customer.round(3), firm.current.round(3), firm.future.round(3), firm.total.round(3))
    18.889 89.582 -40.489 49.093
    """
    one = value_elasticities(margin, retention, rate, timing=timing, growth=margin_growth, unit=unit)
    wins = growth.discounted_wins(rate if entry_rate is None else entry_rate, unit=unit)
    value, cost, wins, held = together(
        margin=one.value,
        acquisition_cost=not_negative("acquisition_cost", acquisition_cost),
        growth=wins,
        now=growth.customers(0.0),
    )
    total = value * (held + wins) - cost * wins
    require(total != 0, "the total must not be 0 to have elasticities", "Check the acquisition cost.", total=total)
    scale = value * (held + wins) / total
    each = Elasticities(total, scale * one.retention, scale * one.margin, scale * one.rate, -cost * wins / total)
    return FirmValue(customer=value, current=value * held, future=(value - cost) * wins, elasticities=each)
