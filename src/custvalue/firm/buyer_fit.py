"""The model of a firm without contracts (McCarthy & Fader 2018) estimated from what the firm discloses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from attrs import frozen

from custvalue._arguments import real
from custvalue._typing import Array, ArrayLike, Ints
from custvalue.errors import ParameterError
from custvalue.firm.buyer_model import BuyerModel
from custvalue.firm.disclosures import BuyerDisclosures
from custvalue.firm.fit import DisclosureFit, Figures, fit_figures, starting_acquisition
from custvalue.models.buying.family import TransactionModel

_SAMPLE: Final = 20_000
"""Customers simulated for the covariance of the figures: its errors are about 1 %."""
_FEWEST: Final = 50.0
"""Of each cohort."""


@frozen(kw_only=True, eq=False)
class BuyerFigures(Figures[BuyerModel]):
    """Disclosed figures about adds (kind 0), orders (1) and active customers (2).

    Attributes
    ----------
    kind : array of int, shape (n,)
        Of each figure.
    orders : array
        Orders of each period since launch, NaN where not disclosed.
    window : int
        Of activity, in periods.
    """

    kind: Ints
    orders: Array
    window: int

    def mean(self, model: BuyerModel) -> tuple[Array, Array]:
        """Expectation of each figure, to which its variance is in proportion; draws along the first axis."""
        columns = np.stack(np.broadcast_arrays(*model.expected(self.window, covariates=self.covariates)))
        mean = np.moveaxis(columns[self.kind, ..., self.period], 0, -1)
        return mean, mean

    def log_revenue(self, model: BuyerModel) -> Array:
        """Logarithm of the expected revenue of each period that discloses one, given its orders where disclosed."""
        _, orders, _ = model.expected(self.window, covariates=self.covariates)
        known = np.where(self.orders > 0, self.orders, orders)
        return np.asarray(np.log(known * model.revenue_each(model.elapsed))[..., self.revenue_period], dtype=np.float64)

    def covariance(self, model: BuyerModel) -> Array:
        """Covariance of the figures by simulation: customers differ in their rates of ordering, and windows overlap.

        Given the customers acquired, where these are known; otherwise their number is Poisson, as that of adds is.
        """
        acquired = model.acquired_so_far(covariates=self.covariates)
        drawn = np.maximum(np.rint(_SAMPLE * acquired / acquired.sum()), _FEWEST).astype(np.intp)
        customer, period = model.simulate_orders(drawn, np.random.default_rng(0))
        orders = np.zeros((int(drawn.sum()), model.elapsed))
        np.add.at(orders, (customer, period), 1.0)
        until = np.cumsum(orders, axis=1)
        before = np.pad(until, ((0, 0), (self.window, 0)))[:, : model.elapsed]
        ordered, row = self.kind > 0, self.period[self.kind > 0]
        each = np.where(self.kind[ordered] == 1, orders[:, row], (until > before)[:, row])
        adds = model.acquisition.expected_acquired(model.elapsed, covariates=self.covariates)
        found = np.diag(np.where(ordered, 0.0, adds[self.period]))
        observed = np.zeros(len(acquired), bool) if model.acquired is None else np.isfinite(model.acquired)
        for i, own in enumerate(np.split(each, np.cumsum(drawn)[:-1])):
            off = own - own.mean(axis=0) if observed[i] else own
            found[np.ix_(ordered, ordered)] += acquired[i] / drawn[i] * off.T @ off
        return found


def fit_buyers(
    buying: TransactionModel,
    disclosures: BuyerDisclosures,
    *,
    population: float,
    growth: ArrayLike = 0.0,
    covariates: ArrayLike | None = None,
    fixed: Mapping[str, float] | None = None,
) -> DisclosureFit[BuyerModel]:
    """Estimate acquisition, buying and revenue per order from a firm's disclosures in total.

    First the acquisition process and the model of buying together, by least squares on adds, orders and active
    customers, weighted by the inverse of their expectations; orders and activity are expected from the customers
    observed to be acquired, where adds are disclosed. Then revenue per order and its growth, by least squares on the
    logarithm of revenue given the orders, fitted where they are not disclosed.

    The same customers order again and again, so that errors of all periods are correlated. The covariance of the first
    stage is therefore that of customers simulated from the fitted model (with a fixed seed), scaled up where residuals
    are larger than such customers' would be.

    Parameters
    ----------
    buying : TransactionModel
        Where the search begins; it knows its unit of time, such as ParetoNBD(0.5, 10, 0.6, 12, unit="week").
    disclosures : BuyerDisclosures
        With adds disclosed in at least some periods the parameters are far better identified.
    population, growth
        Of `WeibullAcquisition`, in the disclosed periods: known, as from a census.
    covariates : array_like, shape (at least periods since launch, k), optional
        Of the acquisition hazard.
    fixed : mapping, optional
        As for `fit_disclosures`.

    Returns
    -------
    DisclosureFit

    Raises
    ------
    ConvergenceError, DataError, ParameterError
        As for `fit_disclosures`; or the unit of the model of buying is not known.
    """
    if not isinstance(buying, TransactionModel):
        raise ParameterError(f"buying must be a model of buying to begin with; got a {type(buying).__name__}")
    rows = None if covariates is None else real("covariates", covariates)
    if np.isfinite(disclosures.adds).any():
        total = float(np.nanmean(disclosures.adds) * disclosures.elapsed)
    else:
        total = float(np.nanmax(np.concatenate([disclosures.active, disclosures.orders])))
    template = BuyerModel(
        acquisition=starting_acquisition(population, growth, total, disclosures.elapsed, rows),
        buying=buying,
        revenue=1.0,
        elapsed=disclosures.elapsed,
        acquired=disclosures.since_launch(disclosures.adds),
        unit=disclosures.unit,
    )
    return fit_figures(template, _figures(disclosures, rows), fixed, weighted=True)


def _figures(disclosures: BuyerDisclosures, covariates: Array | None) -> BuyerFigures:
    columns = np.stack([disclosures.adds, disclosures.orders, disclosures.active])
    kind, row = np.nonzero(np.isfinite(columns))
    paid, before = np.flatnonzero(disclosures.revenue > 0), disclosures.periods_before
    return BuyerFigures(
        y=columns[kind, row],
        period=row + before,
        revenue=np.log(disclosures.revenue[paid]),
        revenue_period=paid + before,
        covariates=covariates,
        kind=kind,
        orders=disclosures.since_launch(disclosures.orders),
        window=disclosures.window,
    )
