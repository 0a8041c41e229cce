"""A firm whose customers buy when they like, as one model since its launch: acquisition, buying, revenue per order."""

from __future__ import annotations

from typing import ClassVar, final

import numpy as np
from attrs import field, frozen

from custvalue._arguments import growth_rate, not_negative
from custvalue._typing import Array, ArrayLike, Ints, Parameter
from custvalue.errors import ParameterError
from custvalue.firm._model import (
    FirmModel,
    as_acquired,
    check_acquired,
    scaled_to,
)
from custvalue.firm.acquisition import WeibullAcquisition
from custvalue.firm.buyer_projection import evenly, project_buyers
from custvalue.firm.subscriber_projection import Projection
from custvalue.models.buying.family import TransactionModel
from custvalue.models.model import as_parameter, same_parameter
from custvalue.units import DAYS, Unit, as_unit
from custvalue.value.base._flows import convolved, whole_number


@final
@frozen(kw_only=True)
class BuyerModel(FirmModel):
    """Acquisition, buying and revenue per order of a firm that was launched `elapsed` periods ago.

    Customers are acquired by their first order, evenly over a period. Parameters are numbers, or draws of shape
    (draws, 1).

    Parameters
    ----------
    acquisition : WeibullAcquisition
        Its periods are the model's.
    buying : TransactionModel
        Of orders after the first; it knows its unit of time.
    revenue : float or array
        Of an order in the last period; NaN where not known.
    revenue_growth : float or array
        Of it, per period.
    elapsed : int
        Periods since launch.
    acquired : array, optional
        Customers really acquired in each period since launch, NaN where not known.
    unit : str
        The unit.

    Examples
    --------
    >>> from custvalue.models.buying.pareto_nbd import ParetoNBD
    >>> model = BuyerModel(
    ...     acquisition=WeibullAcquisition(population=1000, rate=0.1, shape=1.0),
    ...     buying=ParetoNBD(0.55, 10.6, 0.61, 11.7, unit="week"), revenue=40.0, elapsed=3, unit="quarter",
    ... )
    >>> adds, orders, active = model.expected(window=2)
    >>> adds.round(1), orders.round(1), active.round(1)
    (array([95.2, 86.1, 77.9]), array([122.2, 152.4, 169.7]), array([ 95.2, 181.3, 193.4]))
    """

    acquisition: WeibullAcquisition = field()
    buying: TransactionModel = field()
    revenue: Parameter = field(default=np.nan, converter=as_parameter, eq=same_parameter)
    revenue_growth: Parameter = field(default=0.0, converter=as_parameter, eq=same_parameter)
    elapsed: int = field(converter=int)
    acquired: Array | None = field(default=None, converter=as_acquired, eq=same_parameter)
    unit: Unit = field(converter=as_unit)

    _conduct: ClassVar[str] = "buying"

    def __attrs_post_init__(self) -> None:
        whole_number("elapsed", self.elapsed)
        self.buying.known_unit(None)
        check_acquired(self.acquired, self.elapsed)
        growth_rate(self.revenue_growth)

    def expected(self, window: int, *, covariates: ArrayLike | None = None) -> tuple[Array, Array, Array]:
        """Expected adds, orders, and customers active, in each period since launch.

        Active are those who ordered at least once within the last `window` periods, the present one included. Orders
        and activity are of the customers really acquired, where these are known.
        """
        adds = self.acquisition.expected_adds(self.elapsed, covariates=covariates)
        acquired = scaled_to(adds, self.acquired)
        orders = convolved(acquired, self._orders_by_age())
        return adds, orders, convolved(acquired, self._active_by_age(whole_number("window", window)))

    def _orders_by_age(self) -> Array:
        """Orders of a customer in the period of acquisition, the first included, and in each later one."""
        until = np.arange(1.0, self.elapsed + 1)
        cumulative = evenly(self.buying.expected_purchases_new, until, self._length)
        return np.diff(1 + cumulative, axis=-1, prepend=0.0)

    def _active_by_age(self, window: int) -> Array:
        """P(ordered in the last `window` periods), by periods since that of acquisition."""
        since = np.arange(1.0, self.elapsed - window + 1)
        first = np.ones(min(window, self.elapsed))
        if not len(since):
            return first
        span = window * self._length
        later = evenly(lambda age: 1 - self.buying.purchase_pmf_new(0, span, after=age), since, self._length)
        return np.concatenate([np.broadcast_to(first, (*later.shape[:-1], len(first))), later], axis=-1)

    @property
    def _length(self) -> float:
        """Of a period, in the unit of the model of buying."""
        return DAYS[self.unit] / DAYS[self.buying.known_unit(None)]

    def arpo(self, periods: int) -> Array:
        """Revenue of an order in each period since launch."""
        return self._revenue_each(periods)

    def project(self, periods: int, *, covariates: ArrayLike | None = None) -> Projection:
        """Project the firm from now on: earlier cohorts, the acquisition process and revenue per order go on.

        `covariates` as for `SubscriberModel.project`.

        Raises
        ------
        ParameterError
            The revenue is not known, or covariates do not fit.
        """
        count = whole_number("periods", periods)
        if np.isnan(self.revenue).any():
            raise ParameterError("the revenue per order is not known: disclose revenue, or evolve(model, revenue=...)")
        adds = self.acquisition.expected_adds(self.elapsed + count, covariates=covariates)
        past = scaled_to(adds[..., : self.elapsed], self.acquired)
        return project_buyers(
            adds[..., self.elapsed :],
            self.buying,
            self.arpo(self.elapsed + count)[..., self.elapsed :],
            base=past[..., ::-1],
            unit=self.unit,
        )

    def simulate(
        self,
        *,
        window: int,
        rng: np.random.Generator,
        revenue_noise: float = 0.0,
        covariates: ArrayLike | None = None,
    ) -> dict[str, Array]:
        """Draw what a firm with this model discloses: the columns of `BuyerDisclosures`, from customers one by one.

        Adds are Poisson, each customer's orders are drawn from the model of buying; `revenue_noise` is the standard
        deviation of the logarithm of each period's revenue.

        Raises
        ------
        ParameterError
            The parameters are draws.
        """
        if any(np.ndim(value) for value in self.parameters.values()):
            raise ParameterError("simulate needs parameters that are numbers, not draws")
        adds = rng.poisson(self.acquisition.expected_adds(self.elapsed, covariates=covariates))
        customer, unit = self.simulate_orders(adds, rng)
        orders = np.bincount(unit, minlength=self.elapsed).astype(np.float64)
        later = unit[:, None] + np.arange(whole_number("window", window))
        seen = np.unique((customer[:, None] * np.intp(self.elapsed) + later)[later < self.elapsed])
        active = np.bincount(seen % self.elapsed, minlength=self.elapsed).astype(np.float64)
        noise = np.exp(not_negative("revenue_noise", revenue_noise) * rng.standard_normal(self.elapsed))
        revenue = orders * self.arpo(self.elapsed) * noise
        return {"adds": adds.astype(np.float64), "active": active, "orders": orders, "revenue": revenue}

    def simulate_orders(self, adds: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
        """Draw the orders of so many customers acquired in each period elapsed: whose, and in which period."""
        start = np.repeat(np.arange(self.elapsed), adds) + rng.random(int(adds.sum()))
        log = self.buying.simulate_log((self.elapsed - start) * self._length, rng=rng)
        when = start[log["customer_id"]] + log["time"] / self._length
        return log["customer_id"].astype(np.intp), np.minimum(when.astype(np.intp), self.elapsed - 1)

    def acquired_so_far(self, *, covariates: ArrayLike | None = None) -> Array:
        """Customers acquired in each period elapsed: really, where that is known, else in expectation."""
        return scaled_to(self.acquisition.expected_adds(self.elapsed, covariates=covariates), self.acquired)
