"""A firm without contracts since its launch as one model: acquisition, buying, revenue per order."""

from __future__ import annotations

from typing import Any, ClassVar, final

import numpy as np
from attrs import Attribute, field, frozen

from custvalue._arguments import generator, not_negative, whole_number
from custvalue._typing import Array, ArrayLike, Ints
from custvalue.firm.model import FirmModel
from custvalue.firm.projection import Projection, evenly, project_buyers, purchases_by_age
from custvalue.models.buying.family import TransactionModel
from custvalue.models.model import known_unit
from custvalue.units import DAYS
from custvalue.value.base.leaky_bucket import convolved


def _in_unit(_model: object, _attribute: Attribute[Any], value: TransactionModel) -> None:
    known_unit(value)


@final
@frozen(kw_only=True)
class BuyerModel(FirmModel):
    """Acquisition, buying and revenue per order of a firm that was launched `elapsed` periods ago.

    Customers are acquired by their first order, evenly over a period. Parameters are numbers, or draws of shape
    (draws, 1).

    Parameters
    ----------
    buying : TransactionModel
        Of orders after the first; it knows its unit of time.
    revenue : float or array
        Of an order in the last period; NaN where not known.
    acquisition, revenue_growth, elapsed, acquired, unit
        As for `SubscriberModel`.

    Raises
    ------
    ParameterError
        An argument is outside its domain, the model of buying does not know its unit, or `acquired` does not fit
        `elapsed`.

    Examples
    --------
    >>> from custvalue.firm.acquisition import WeibullAcquisition
    >>> from custvalue.models.buying.pareto_nbd import ParetoNBD
    >>> model = BuyerModel(
    ...     acquisition=WeibullAcquisition(population=1000, rate=0.1, shape=1.0),
    ...     buying=ParetoNBD(0.55, 10.6, 0.61, 11.7, unit="week"), revenue=40.0, elapsed=3, unit="quarter",
    ... )
    >>> acquired, orders, active = model.expected(window=2)
    >>> acquired.round(1), orders.round(1), active.round(1)
    (array([95.2, 86.1, 77.9]), array([122.2, 152.4, 169.7]), array([ 95.2, 181.3, 193.4]))
    """

    buying: TransactionModel = field(validator=_in_unit)

    _behavior: ClassVar[str] = "buying"

    def expected(self, window: int, *, covariates: ArrayLike | None = None) -> tuple[Array, Array, Array]:
        """Expected customers acquired, orders, and active customers, in each period since launch.

        Active are those who ordered at least once within the last `window` periods, the present one included. Orders
        and activity are of the customers observed to be acquired, where these are known.
        """
        expected = self.acquisition.expected_acquired(self.elapsed, covariates=covariates)
        acquired, orders = self.cohorts(expected), purchases_by_age(self.buying, self.elapsed, self._length)
        active = self._active_by_age(whole_number("window", window))
        return expected, convolved(acquired, orders), convolved(acquired, active)

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
        """Length of a period in the unit of the model of buying."""
        return DAYS[self.unit] / DAYS[known_unit(self.buying)]

    def project(self, horizon: int, *, covariates: ArrayLike | None = None) -> Projection:
        """Project the firm from now on: earlier cohorts, the acquisition process and revenue per order go on.

        `horizon` and `covariates` as for `SubscriberModel.project`.

        Raises
        ------
        ParameterError
            The revenue is not known, or covariates do not fit.
        """
        count = whole_number("horizon", horizon)
        expected = self.acquisition.expected_acquired(self.elapsed + count, covariates=covariates)
        return project_buyers(
            self.buying,
            expected[..., self.elapsed :],
            spend=self._revenue_ahead(count),
            base=self.cohorts(expected[..., : self.elapsed])[..., ::-1],
            unit=self.unit,
        )

    def simulate(
        self,
        *,
        window: int,
        rng: np.random.Generator | int,
        revenue_noise: float = 0.0,
        covariates: ArrayLike | None = None,
    ) -> dict[str, Array]:
        """Simulate the columns of `BuyerDisclosures` for a firm with this model, customer by customer.

        Acquisition is Poisson, each customer's orders are drawn from the model of buying; `revenue_noise` is the
        standard deviation of the logarithm of each period's revenue. `rng` may be a seed.

        Raises
        ------
        ParameterError
            The parameters are draws.
        """
        self._check_numbers()
        source, periods = generator(rng), self.elapsed
        adds = source.poisson(self.acquisition.expected_acquired(periods, covariates=covariates))
        customer, when = self.simulate_orders(adds, source)
        orders = np.bincount(when, minlength=periods).astype(np.float64)
        later = when[:, None] + np.arange(whole_number("window", window))
        seen = np.unique((customer[:, None] * np.intp(periods) + later)[later < periods])
        active = np.bincount(seen % periods, minlength=periods).astype(np.float64)
        noise = np.exp(not_negative("revenue_noise", revenue_noise) * source.standard_normal(periods))
        revenue = orders * self.revenue_each(periods) * noise
        return {"adds": adds.astype(np.float64), "active": active, "orders": orders, "revenue": revenue}

    def simulate_orders(self, acquired: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
        """Simulate the orders of customers acquired in each period elapsed: the customer and the period of each."""
        start = np.repeat(np.arange(self.elapsed), acquired) + rng.random(int(acquired.sum()))
        log = self.buying.simulate_log((self.elapsed - start) * self._length, rng=rng)
        when = start[log["customer_id"]] + log["time"] / self._length
        return log["customer_id"].astype(np.intp), np.minimum(when.astype(np.intp), self.elapsed - 1)
