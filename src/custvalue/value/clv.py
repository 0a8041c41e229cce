"""Customer lifetime value from a buying model and a spend model."""

from __future__ import annotations

import numpy as np

from custvalue._arguments import common_shape, duration
from custvalue._columns import numbers
from custvalue._typing import Array, ArrayLike
from custvalue.discounting.rate import Rate, as_rate
from custvalue.errors import ParameterError
from custvalue.evidence.rfm import RFM
from custvalue.inference.fit import Fit
from custvalue.models.buying.family import TransactionModel
from custvalue.models.model import known_unit
from custvalue.models.spend.family import SpendModel
from custvalue.units import Unit, per_year


def clv(
    buying: TransactionModel,
    spend: SpendModel,
    rfm: RFM,
    *,
    rate: Rate,
    years: ArrayLike | None = None,
    margin: ArrayLike = 1.0,
) -> Array:
    """Present value, at each customer's T, of the margin on the purchases expected in the years ahead.

    margin x E[spend per purchase] x E[discounted purchases in (T, T + years]]: purchases count when they happen, not
    at the ends of periods. What was bought before T, and what it cost to win the customer, is not in it.

    Parameters
    ----------
    buying, spend : TransactionModel, SpendModel
        Models with parameters, as `BetaGeoNBD.fit(rfm).model`.
    rfm : RFM
        Histories with mean spend m.
    rate : Rate
        Of discount; an array of rates broadcasts over customers.
    years : array_like, optional
        Horizon in years (365.25 days), whatever the unit of the data; None (the default) is forever.
    margin : array_like
        Share of spend that is profit; one for all or one per customer. The default, 1, gives revenue.

    Returns
    -------
    array
        In the money of m. Infinite where the expected spend (population mean with q <= 1) or the undiscounted
        purchases forever are.

    Raises
    ------
    ParameterError
        `rate` is a bare number, years are negative, or a margin is not finite.

    Examples
    --------
    >>> from custvalue.models.buying.beta_geo_nbd import BetaGeoNBD
    >>> from custvalue.models.spend.gamma_gamma import GammaGamma
    >>> rfm = RFM(x=[2, 0], t_x=[30.43, 0], T=38.86, m=[22.35, 0], unit="week")
    >>> buying, spend = BetaGeoNBD(0.243, 4.414, 0.793, 2.426), GammaGamma(6.25, 3.74, 15.44)
    >>> print(clv(buying, spend, rfm, rate=Rate.annual(0.10), years=3, margin=0.30).round(2))
    [23.39  5.85]
    """
    _check_models(buying, spend)
    common_shape(rows=rfm.x, rate=as_rate(rate).force(), years=0.0 if years is None else years, margin=margin)
    purchases = buying.discounted_expected_purchases(rfm, rate, _horizon(years, rfm.unit))
    return earned(spend.expected_spend(rfm), purchases, margin)


def clv_new(
    buying: TransactionModel,
    spend: SpendModel,
    *,
    rate: Rate,
    years: ArrayLike | None = None,
    margin: ArrayLike = 1.0,
    unit: Unit | None = None,
) -> Array:
    """Present value of a customer about to be won: what acquisition may cost at most.

    The first purchase, now, and all repeat purchases expected within the years, each discounted from its own time:
    margin x E[spend per purchase] x (1 + E[discounted repeat purchases]).

    Parameters
    ----------
    buying, spend, rate, years, margin
        As for `clv`.
    unit : {"day", "week", "month", "quarter", "year"}, optional
        The unit of time of `buying`, needed only where it does not know its own.

    Raises
    ------
    ParameterError
        As for `clv`; or the unit of time is not known.
    """
    _check_models(buying, spend)
    unit = known_unit(buying, unit)
    repeat = buying.discounted_expected_purchases_new(rate, _horizon(years, unit), unit=unit)
    return earned(spend.expected_spend_new(), 1.0 + repeat, margin)


def _check_models(buying: object, spend: object) -> None:
    for name, given, wanted in (("buying", buying, TransactionModel), ("spend", spend, SpendModel)):
        if not isinstance(given, wanted):
            hint = f"; give its model, {name}.model" if isinstance(given, Fit) else ""
            raise ParameterError(f"{name} must be a {wanted.__name__}, not a {type(given).__name__}{hint}")


def _horizon(years: ArrayLike | None, unit: Unit) -> Array | None:
    return None if years is None else duration("years", years) * per_year(unit)


def earned(spend: Array, purchases: Array, margin: ArrayLike) -> Array:
    """Spend x purchases x margin; where nothing is bought it is 0, however much a purchase would bring."""
    share = numbers("margin", margin)
    if not np.all(np.isfinite(share)):
        raise ParameterError("margin must be finite, such as 0.3 for 30 % of spend")
    bought = (purchases != 0) & (share != 0)
    return share * np.where(bought, spend, 0.0) * purchases
