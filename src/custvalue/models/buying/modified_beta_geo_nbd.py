"""MBG/NBD: customers buy at random while they stay, and after any purchase, the first one too, may leave for good.

Batislam, E. P., Denizel, M. & Filiztekin, A. (2007). Empirical validation and comparison of models for customer base
analysis. International Journal of Research in Marketing 24(3), 201-209; also Hoppe, D. & Wagner, U. (2007).

| assumption | form |
| --- | --- |
| purchases while a customer | Poisson at rate λ |
| rates over customers | λ ~ Gamma(shape r, rate α) |
| leaving | with probability p after each purchase, the first included |
| drop-out over customers | p ~ Beta(a, b), independent of λ |

The trap: at T = 0 a customer has already had one occasion to leave, so P(alive) begins at b/(a+b), not at 1.
"""

from __future__ import annotations

from typing import ClassVar, final

from attrs import field, frozen

from custvalue._typing import Parameter
from custvalue.models.buying.engines.dropout_after_purchase import AfterPurchaseModel, First
from custvalue.models.model import Card, as_parameter, optional_unit, positive, same_parameter
from custvalue.units import Unit


@final
@frozen
class ModifiedBetaGeoNBD(AfterPurchaseModel):
    """MBG/NBD (Batislam, Denizel & Filiztekin 2007): buying at random, leaving after any purchase, the first too.

    Parameters
    ----------
    r, alpha : float or array
        Shape and rate of the gamma distribution of purchase rates: the mean rate is r/alpha per unit of time.
    a, b : float or array
        Of the beta distribution of the drop-out probability after any purchase: its mean is a/(a+b).
    unit : {"day", "week", "month", "quarter", "year"}, optional
        The unit of time of alpha; `fit` fills it in. None: unchecked.

    Examples
    --------
    CDNOW's parameters (fitted), and a customer who has not bought again: P(alive) is not 1, as it is in BG/NBD.

    >>> from custvalue.evidence.rfm import RFM
    >>> model = ModifiedBetaGeoNBD(r=0.525, alpha=6.183, a=0.891, b=1.614)
    >>> print(model.p_alive(RFM(0, 0, 38.86, unit="week")).round(3))
    0.39
    """

    r: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    alpha: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    a: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    b: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    unit: Unit | None = field(default=None, kw_only=True, converter=optional_unit)

    card: ClassVar[Card] = Card("MBG/NBD", "mbg-nbd", boundary={"NBD": "a -> 0"})
    _first: ClassVar[First] = 1
