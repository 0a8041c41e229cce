"""What a firm without contracts discloses, and its model estimated from that: active customers, orders, revenue.

McCarthy, D. M. & Fader, P. S. (2018). Customer-based corporate valuation for publicly traded noncontractual firms.
Journal of Marketing Research 55(5), 617-635 (as cited; not checked against the paper).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from attrs import field, frozen

from custvalue._arguments import real
from custvalue._columns import check_rows, read_only
from custvalue._typing import Array, ArrayLike, Ints, NDArray
from custvalue.errors import DataError, ParameterError
from custvalue.firm.acquisition import WeibullAcquisition
from custvalue.firm.buyer_model import BuyerModel
from custvalue.firm.disclosures import as_column, as_labels, as_whole
from custvalue.firm.fit import DisclosureFit, fitted, with_known
from custvalue.models.buying.family import TransactionModel
from custvalue.units import Unit, as_unit

_COLUMNS: Final = ("adds", "active", "orders", "revenue")
_SAMPLE = 20_000
"""Customers simulated for the covariance of the figures."""


@frozen(kw_only=True, eq=False, repr=False)
class BuyerDisclosures:
    """A firm's disclosed orders and active customers, one row per period; NaN (or None) where nothing is disclosed.

    Parameters
    ----------
    adds, active, orders, revenue : array_like, optional
        Customers acquired in each period, customers who ordered within the last `window` periods, orders, revenue.
        Columns may be left out.
    window : int
        Of activity, in periods: 4 for a trailing year of quarters.
    periods_before : int
        Periods from the firm's launch to the first row.
    unit : {"quarter", "month", "year", "week", "day"}
        How long a row is.
    labels : array_like, optional
        Names of the rows, for messages.

    Raises
    ------
    DataError
        Columns differ in length, a figure is negative or infinite, more customers were acquired in a period than were
        active at its end or than there were orders, or nothing but adds and revenue is disclosed.

    Examples
    --------
    >>> BuyerDisclosures(adds=[95, 86], active=[95, 181], orders=[119, None], window=4)
    BuyerDisclosures of 2 quarters: adds 2, active 2, orders 1, revenue 0
    """

    adds: Array = field(default=None, converter=as_column)
    active: Array = field(default=None, converter=as_column)
    orders: Array = field(default=None, converter=as_column)
    revenue: Array = field(default=None, converter=as_column)
    window: int = field(converter=as_whole)
    periods_before: int = field(default=0, converter=as_whole)
    unit: Unit = field(default="quarter", converter=as_unit)
    labels: NDArray[Any] | None = field(default=None, converter=as_labels)

    def __attrs_post_init__(self) -> None:
        count = max(len(getattr(self, name)) for name in _COLUMNS)
        if self.window < 1 or self.periods_before < 0:
            raise DataError(f"window must be >= 1 and periods_before >= 0; got {self.window} and {self.periods_before}")
        for name in _COLUMNS:
            column = getattr(self, name)
            object.__setattr__(self, name, column if len(column) else read_only(np.full(count, np.nan)))
            if len(getattr(self, name)) != count or (self.labels is not None and len(self.labels) != count):
                raise DataError(f"the columns and labels must have one length; {name} has {len(column)} of {count}")
            fine = np.isnan(getattr(self, name)) | ((column >= 0) & (column < np.inf) if len(column) else True)
            check_rows(fine, f"{name} must be >= 0 and finite, or missing (NaN)", "Check its sign.", **{name: column})
        if not np.isfinite([self.active, self.orders]).any():
            raise DataError("neither active customers nor orders are disclosed: nothing tells how customers buy")
        for name in ("active", "orders"):
            column = getattr(self, name)
            rule = f"adds <= {name} must hold: a customer is acquired by an order"
            check_rows(~(self.adds > column), rule, "Check these rows.", adds=self.adds, **{name: column})

    def __len__(self) -> int:
        return len(self.adds)

    def __repr__(self) -> str:
        known = ", ".join(f"{name} {np.isfinite(getattr(self, name)).sum()}" for name in _COLUMNS)
        return f"BuyerDisclosures of {len(self)} {self.unit}s: {known}"


@frozen(eq=False)
class _BuyerFigures:
    """Disclosed figures about adds (kind 0), orders (1) and active customers (2)."""

    y: Array = field()
    kind: Ints = field()
    period: Ints = field()
    revenue: Array = field()
    revenue_period: Ints = field()
    orders: Array = field()
    window: int = field()

    def mean(self, model: BuyerModel, covariates: Array | None) -> tuple[Array, Array]:
        """Expectation of each figure, to which its variance is in proportion; draws along the first axis."""
        columns = np.stack(np.broadcast_arrays(*model.expected(self.window, covariates=covariates)))
        mean = np.moveaxis(columns[self.kind, ..., self.period], 0, -1)
        return mean, mean

    def log_revenue(self, model: BuyerModel, covariates: Array | None) -> Array:
        """Logarithm of the expected revenue of each period that discloses one."""
        _, orders, _ = model.expected(self.window, covariates=covariates)
        known = np.where(self.orders > 0, self.orders, orders)
        return np.asarray(np.log(known * model.arpo(model.elapsed))[..., self.revenue_period], dtype=np.float64)

    def spread(self, model: BuyerModel, covariates: Array | None) -> Array:
        """Covariance of the figures by simulated customers: who orders much goes on to, and windows overlap.

        Given the customers acquired, where these are known; otherwise their number is Poisson. So are adds.
        """
        acquired = model.acquired_so_far(covariates=covariates)
        drawn = np.maximum(np.rint(_SAMPLE * acquired / acquired.sum()), 50.0).astype(np.intp)
        customer, period = model.simulate_orders(drawn, np.random.default_rng(0))
        orders = np.zeros((int(drawn.sum()), model.elapsed))
        np.add.at(orders, (customer, period), 1.0)
        until = np.cumsum(orders, axis=1)
        before = np.pad(until, ((0, 0), (self.window, 0)))[:, : model.elapsed]
        ordered, row = self.kind > 0, self.period[self.kind > 0]
        each = np.where(self.kind[ordered] == 1, orders[:, row], (until > before)[:, row])
        found = np.diag(np.where(ordered, 0.0, model.expected(self.window, covariates=covariates)[0][self.period]))
        ends = np.cumsum(drawn)
        for i, (end, many) in enumerate(zip(ends, drawn, strict=True)):
            own = each[end - many : end]
            known = model.acquired is not None and np.isfinite(model.acquired[i])
            off = own - own.mean(axis=0) if known else own
            found[np.ix_(ordered, ordered)] += acquired[i] / many * off.T @ off
        return found


def fit_buyers(
    disclosures: BuyerDisclosures,
    buying: TransactionModel,
    *,
    population: float,
    growth: ArrayLike = 0.0,
    covariates: ArrayLike | None = None,
    known: Mapping[str, float] | None = None,
) -> DisclosureFit[BuyerModel]:
    """Estimate acquisition, buying and revenue per order from a firm's disclosures in total.

    First the acquisition process and the model of buying together, by least squares on adds, orders and active
    customers, weighted by the inverse of their expectations; orders and activity are expected from the customers really
    acquired, where adds are disclosed. Then revenue per order and its growth, by least squares on the logarithm of
    revenue given the orders, fitted where they are not disclosed.

    The same customers order again and again, so that errors of all periods are correlated. The covariance of the first
    stage is therefore that of customers simulated from the fitted model (with a fixed seed), and larger in
    proportion where the figures lie further off than such customers' would.

    Parameters
    ----------
    disclosures : BuyerDisclosures
        With adds disclosed in at least some periods the parameters are told apart far better.
    buying : TransactionModel
        Where the search begins; it knows its unit of time, such as ParetoNBD(0.5, 10, 0.6, 12, unit="week").
    population, growth
        Of `WeibullAcquisition`, in the disclosed periods: known, as from a census.
    covariates : array_like, shape (at least periods since launch, k), optional
        Of the acquisition hazard.
    known : mapping, optional
        Parameters that are not estimated, by name, such as {"share": 1.0}.

    Returns
    -------
    DisclosureFit

    Raises
    ------
    ConvergenceError
        The figures do not identify a parameter; the message names it, and the error carries the fit.
    DataError
        There are no more figures than parameters.
    ParameterError
        A name in `known` is no parameter, or the unit of the model of buying is not known.
    """
    seen = _observe(disclosures)
    rows = None if covariates is None else real("covariates", covariates)
    template = _template(disclosures, buying, population, growth, rows)
    template, names, paid = with_known(template, known or {}, len(seen.revenue))
    if len(seen.y) <= len(names):
        raise DataError(
            f"{len(seen.y)} figures about customers cannot tell {len(names)} parameters apart: disclose more periods, "
            "or fix some with known={...}"
        )
    return fitted(template, (names, paid), seen, rows, weighted=True)


def _observe(disclosures: BuyerDisclosures) -> _BuyerFigures:
    columns = np.stack([disclosures.adds, disclosures.orders, disclosures.active])
    kind, row = np.nonzero(np.isfinite(columns))
    paid = np.flatnonzero(disclosures.revenue > 0)
    return _BuyerFigures(
        y=columns[kind, row],
        kind=kind,
        period=row + disclosures.periods_before,
        revenue=np.log(disclosures.revenue[paid]),
        revenue_period=paid + disclosures.periods_before,
        orders=np.concatenate([np.full(disclosures.periods_before, np.nan), disclosures.orders]),
        window=disclosures.window,
    )


def _template(
    disclosures: BuyerDisclosures,
    buying: TransactionModel,
    population: float,
    growth: ArrayLike,
    covariates: Array | None,
) -> BuyerModel:
    if not isinstance(buying, TransactionModel):
        raise ParameterError(f"buying must be a model of buying to begin with; got a {type(buying).__name__}")
    elapsed = disclosures.periods_before + len(disclosures)
    won = np.nanmean(disclosures.adds) if np.isfinite(disclosures.adds).any() else np.nan
    seen = np.nanmax(np.concatenate([disclosures.active, disclosures.orders]))
    total = float(seen if np.isnan(won) else won * elapsed)
    share = min(0.9, 2 * total / population)
    rate = -float(np.log1p(-min(total / (share * population), 0.9))) / elapsed
    effects = np.zeros(0 if covariates is None else covariates.shape[-1])
    before = np.full(disclosures.periods_before, np.nan)
    return BuyerModel(
        acquisition=WeibullAcquisition(population, rate, 1.0, share, growth=growth, effects=effects),
        buying=buying,
        revenue=1.0,
        elapsed=elapsed,
        acquired=np.concatenate([before, disclosures.adds]),
        unit=disclosures.unit,
    )
