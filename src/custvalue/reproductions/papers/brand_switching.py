"""Value where customers choose among brands, purchase by purchase; and where purchases and contacts are scheduled."""

from __future__ import annotations

import numpy as np

from custvalue._arguments import not_negative, only, periods, positive, real, require, share, together
from custvalue._typing import Array, ArrayLike
from custvalue.discounting.rate import Rate
from custvalue.discounting.timing import force_of
from custvalue.errors import ParameterError
from custvalue.value.migration.chain import MigrationModel


def brand_switching_value(
    switching: ArrayLike,
    *,
    rate: Rate,
    start: ArrayLike,
    contribution: ArrayLike,
    purchases_per_year: float,
    years: float | None,
) -> Array:
    """Value of a customer to each brand, who chooses at every purchase by the brand bought last; first purchase now.

    Σ_{t=0}^{T f} (1 + d)^(-t/f) v π B_t, with B_0 = start and B_t = B_0 P^t the probabilities of brands at purchase t,
    T f purchases after the one made now, and v π the contribution per purchase (R. T. Rust, K. N. Lemon and V. A.
    Zeithaml, "Return on marketing", Journal of Marketing 68(1), 2004; as cited, not checked against the paper): visits
    to the states of a `MigrationModel` whose period lies between purchases.

    Parameters
    ----------
    switching : array_like, shape (..., brands, brands)
        P: row i, the probabilities of the next brand after brand i. Leading axes: customers or segments.
    rate : Rate
        Of discount; broadcasts with the leading axes.
    start : array_like, shape (..., brands)
        Probabilities of each brand at the purchase now.
    contribution : array_like, shape (..., brands) or a number
        v π: volume x margin of one purchase, by brand.
    purchases_per_year : float
        f.
    years : float or None
        T; purchases within it count, the last one at T included. None is forever, at a positive rate.

    Examples
    --------
    >>> given = {"rate": Rate.annual(0.10), "start": [1, 0], "purchases_per_year": 2, "years": 3}
    >>> print(brand_switching_value([[0.7, 0.3], [0.4, 0.6]], contribution=50, **given).round(4))
    [204.1542 100.6   ]
    """
    f = only("purchases_per_year", positive("purchases_per_year", purchases_per_year))
    span, force = only("years", periods("years", years, whole=False)), force_of(rate, "year")
    require(np.isfinite(span) | (force > 0), "the rate must be positive for a value forever", "Give years.", rate=force)
    # years of n/f x f may fall short of n by a last bit, 2.2e-16
    count = None if np.isinf(span) else np.floor(span * f * (1 + 4e-16)) + 1
    chain = MigrationModel(switching, 0.0, unit="year")
    visits = chain.expected_visits(rate=Rate.continuous(force / f), horizon=count)
    first = np.atleast_1d(share("start", start))
    total = first.sum(axis=-1)
    require(np.abs(total - 1) < 1e-9, "start must sum to 1", "Divide it by its sum.", sum=total)
    each, first, _ = together(contribution=real("contribution", contribution), start=first, switching=visits[..., 0, :])
    return np.asarray((first[..., None, :] @ visits)[..., 0, :] * each)


def contact_value(
    margins: ArrayLike,
    *,
    rate: Rate,
    purchases_per_year: ArrayLike,
    contacts: ArrayLike,
    cost_per_contact: ArrayLike,
) -> Array:
    """Value of scheduled purchases less contacts: purchase y after y/f years, contacts at the beginning of years.

    Σ_{y=1}^{n} CM_y/(1 + d)^(y/f) - Σ_{l=1}^{L} Σ_m c_m x_ml/(1 + d)^(l-1) (R. Venkatesan and V. Kumar, "A customer
    lifetime value framework for customer selection and resource allocation strategy", Journal of Marketing 68(4), 2004;
    as cited, not checked against the paper). Margins CM have shape (..., n), contacts x (..., L, channels), costs c
    (channels,); rate and frequency f broadcast with the leading axes.

    >>> yearly = [[4, 1]] * 3  # four mailings and one visit in each of three years
    >>> given = {"rate": Rate.annual(0.12), "purchases_per_year": 4}
    >>> print(contact_value([40] * 12, contacts=yearly, cost_per_contact=[3, 10], **given).round(4))
    341.9969
    """
    earned, sent = np.atleast_1d(real("margins", margins)), not_negative("contacts", contacts)
    if sent.ndim < 2:
        raise ParameterError(f"contacts must have the shape (years, channels); got shape {sent.shape}")
    force, f = force_of(rate, "year")[..., None], positive("purchases_per_year", purchases_per_year)[..., None]
    came = (earned * np.exp(-force * np.arange(1.0, earned.shape[-1] + 1) / f)).sum(axis=-1)
    spent = (not_negative("cost_per_contact", cost_per_contact) * sent).sum(axis=-1)
    went = (spent * np.exp(-force * np.arange(sent.shape[-2]))).sum(axis=-1)
    came, went = together(margins=np.asarray(came), contacts=np.asarray(went))
    return np.asarray(came - went)
