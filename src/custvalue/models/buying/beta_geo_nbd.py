"""BG/NBD: customers buy at random while they stay, and after any purchase may leave for good.

Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). "Counting your customers" the easy way: an alternative to the
Pareto/NBD model. Marketing Science 24(2), 275-284.

| assumption | form |
| --- | --- |
| purchases while a customer | Poisson at rate λ |
| rates over customers | λ ~ Gamma(shape r, rate α) |
| leaving | with probability p after each repeat purchase |
| drop-out over customers | p ~ Beta(a, b), independent of λ |

The trap: who has not bought again (x = 0) has had no occasion to leave, so P(alive) is 1 by assumption.
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
class BetaGeoNBD(AfterPurchaseModel):
    """BG/NBD (Fader, Hardie & Lee 2005): buying at random, leaving after a purchase.

    Parameters
    ----------
    r, alpha : float or array
        Shape and rate of the gamma distribution of purchase rates: the mean rate is r/alpha per unit of time.
    a, b : float or array
        Of the beta distribution of the drop-out probability after a purchase: its mean is a/(a+b).
    unit : {"day", "week", "month", "quarter", "year"}, optional
        The unit of time of alpha; `fit` fills it in. None: unchecked.

    Examples
    --------
    The paper's parameters for CDNOW, and its customer with x = 2, t_x = 30.43, T = 38.86 weeks:

    >>> from custvalue.evidence.rfm import RFM
    >>> model = BetaGeoNBD(r=0.243, alpha=4.414, a=0.793, b=2.426)
    >>> print(model.expected_purchases(RFM(2, 30.43, 38.86, unit="week"), 39).round(3))
    1.226
    """

    r: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    alpha: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    a: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    b: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    unit: Unit | None = field(default=None, kw_only=True, converter=optional_unit)

    card: ClassVar[Card] = Card("BG/NBD", "bg-nbd", boundary={"NBD": "a -> 0"})
    _first: ClassVar[First] = 0
