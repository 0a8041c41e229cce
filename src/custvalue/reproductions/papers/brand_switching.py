"""Value where customers choose among brands, purchase by purchase; and where purchases and contacts are scheduled."""

from __future__ import annotations

import numpy as np

from custvalue._arguments import not_negative, periods, positive, real, require, share, together
from custvalue._typing import Array, ArrayLike
from custvalue.discounting.rate import Rate
from custvalue.discounting.timing import force_of
from custvalue.errors import ParameterError
from custvalue.numerics.markov_chain import as_stochastic, discounted_visits


def brand_switching_value(
    switching: ArrayLike,
    rate: Rate,
    *,
    start: ArrayLike,
    contribution: ArrayLike,
    purchases_per_year: float,
    years: float | None,
) -> Array:
    """Value of a customer to each brand, who chooses at every purchase by the brand bought last; first purchase now.

    Σ_{t=0}^{T f} (1 + d)^(-t/f) v π B_t, with B_0 = start and B_t = B_0 P^t the chances of each brand at purchase t,
    T f purchases after the one made now, and v π the contribution per purchase (R. T. Rust, K. N. Lemon and V. A.
    Zeithaml, "Return on marketing", Journal of Marketing 68(1), 2004; as cited, not checked against the paper). Where
    brands earn the same, the sum over brands does not depend on switching: one's gain is another's loss.

    Parameters
    ----------
    switching : array_like, shape (..., brands, brands)
        P: row i, the chances of the next brand after brand i; rows sum to 1. Leading axes: customers or segments.
    rate : Rate
        Of discount; broadcasts with the leading axes.
    start : array_like, shape (..., brands)
        Chances of each brand at the purchase now, summing to 1.
    contribution : array_like, shape (..., brands) or a number
        v π: volume x margin of one purchase, by brand.
    purchases_per_year : float
        f.
    years : float or None
        T; purchases within it count, the last one at T included. None is forever.

    Returns
    -------
    array, shape (..., brands)
        Value to each brand.

    Raises
    ------
    ParameterError
        Rows or start do not sum to 1, a chance is outside [0, 1], `rate` is a bare number, years is None and the rate
        is not positive, or shapes do not fit.

    Examples
    --------
    >>> P = [[0.7, 0.3], [0.4, 0.6]]
    >>> print(
    ...     brand_switching_value(
    ...         P, Rate.annual(0.10), start=[1, 0], contribution=50, purchases_per_year=2, years=3
    ...     ).round(4)
    ... )
    [204.1542 100.6   ]
    """
    P = as_stochastic("switching", switching)
    first = np.atleast_1d(share("start", start))
    if first.shape[-1] != P.shape[-1]:
        raise ParameterError(f"start must have one chance per brand ({P.shape[-1]}); got shape {first.shape}")
    require(
        np.abs(first.sum(axis=-1) - 1) < 1e-9, "start must sum to 1", "Divide it by its sum.", sum=first.sum(axis=-1)
    )
    f, span = positive("purchases_per_year", purchases_per_year), periods("years", years, whole=False)
    if f.ndim or span.ndim:
        raise ParameterError("purchases_per_year and years must be one number each; segments that differ go one by one")
    force = force_of(rate, "year")
    require(np.isfinite(span) | (force > 0), "the rate must be positive for a value forever", "Give years.", rate=force)
    count = np.floor(span * f * (1 + 4e-16)) + 1  # n/f years times f may fall short of n by a last bit
    visits = discounted_visits(P, force / f, float(count))
    each, first, _ = together(contribution=real("contribution", contribution), start=first, switching=visits[..., 0, :])
    return np.asarray((first[..., None, :] @ visits)[..., 0, :] * each)


def contact_value(
    margins: ArrayLike,
    rate: Rate,
    *,
    purchases_per_year: ArrayLike,
    contacts: ArrayLike,
    cost_per_contact: ArrayLike,
) -> Array:
    """Value of scheduled purchases less contacts: purchase y after y/f years, contacts at the beginning of years.

    Σ_{y=1}^{n} CM_y/(1 + d)^(y/f) - Σ_{l=1}^{L} Σ_m c_m x_ml/(1 + d)^(l-1) (R. Venkatesan and V. Kumar, "A customer
    lifetime value framework for customer selection and resource allocation strategy", Journal of Marketing 68(4), 2004;
    as cited, not checked against the paper).

    Parameters
    ----------
    margins : array_like, shape (..., n)
        CM_y: predicted contribution margin of each purchase.
    rate : Rate
        Of discount; broadcasts with the leading axes.
    purchases_per_year : array_like
        f, predicted; broadcasts with the leading axes.
    contacts : array_like, shape (..., L, channels)
        x_ml: contacts in each year through each channel.
    cost_per_contact : array_like, shape (channels,) or a number
        c_m.

    Returns
    -------
    array, shape (...)
        The value.

    Raises
    ------
    ParameterError
        A frequency is not positive, contacts or costs are negative, or shapes do not fit.

    Examples
    --------
    >>> yearly = [[4, 1]] * 3  # four mailings and one visit in each of three years
    >>> value = contact_value(
    ...     [40] * 12, Rate.annual(0.12), purchases_per_year=4, contacts=yearly, cost_per_contact=[3, 10]
    ... )
    >>> print(value.round(4))
    341.9969
    """
    earned, number = np.atleast_1d(real("margins", margins)), not_negative("contacts", contacts)
    if number.ndim < 2:
        raise ParameterError(f"contacts must have the shape (years, channels); got shape {number.shape}")
    each, sent = together(cost_per_contact=not_negative("cost_per_contact", cost_per_contact), contacts=number)
    force = force_of(rate, "year")[..., None]
    wait = np.arange(1.0, earned.shape[-1] + 1) / positive("purchases_per_year", purchases_per_year)[..., None]
    came = (earned * np.exp(-force * wait)).sum(axis=-1)
    went = ((each * sent).sum(axis=-1) * np.exp(-force * np.arange(sent.shape[-2]))).sum(axis=-1)
    came, went = together(margins=np.asarray(came), contacts=np.asarray(went))
    return np.asarray(came - went)
