"""MBG/CNBD-k: customers buy regularly while they stay, and after any purchase, the first too, may leave for good.

Platzer, M. & Reutterer, T. (2016). Ticking away the moments: timing regularity helps to better predict customer
activity. Marketing Science 35(5), 779-799; Reutterer, T., Platzer, M. & Schröder, N. (2021). Leveraging purchase
regularity for predicting customer behavior the easy way. International Journal of Research in Marketing 38(1), 194-215.

| assumption | form |
| --- | --- |
| times between purchases while a customer | Erlang-k: the sum of k random times at rate λ, each 1/λ on average |
| rates over customers | λ ~ Gamma(shape r, rate α) |
| leaving | with probability p after each purchase, the first included |
| drop-out over customers | p ~ Beta(a, b), independent of λ |

The trap: at T = 0 a customer has already had one occasion to leave, so P(alive) begins at b/(a+b), not at 1.
"""

from __future__ import annotations

from typing import ClassVar, final

from attrs import field, frozen

from custvalue._typing import Parameter
from custvalue.models.buying.engines.dropout_after_purchase import First
from custvalue.models.buying.engines.erlang_purchases import RegularModel, whole_number
from custvalue.models.model import Card, as_parameter, optional_unit, positive, same_parameter
from custvalue.units import Unit


@final
@frozen
class ModifiedBetaGeoCNBD(RegularModel):
    """MBG/CNBD-k (Platzer & Reutterer 2016): regular buying, leaving after any purchase, the first too.

    Parameters
    ----------
    r, alpha : float or array
        Shape and rate of the gamma distribution of the clock's rates λ: the mean purchase rate is r/(k alpha).
    a, b : float or array
        Of the beta distribution of the drop-out probability after a purchase: its mean is a/(a+b).
    k : int
        How regular buying is: 1 is at random, the coefficient of variation of the times between purchases is k^-0.5.
    unit : {"day", "week", "month", "quarter", "year"}, optional
        The unit of time of alpha; `fit` fills it in. None: unchecked.

    Examples
    --------
    >>> from custvalue.evidence.rfm import RFM
    >>> model = ModifiedBetaGeoCNBD(r=0.85, alpha=1.45, a=0.79, b=2.42, k=3)
    >>> print(model.p_alive(RFM(3, 12, 32, unit="week")).round(8))
    0.02208681
    """

    r: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    alpha: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    a: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    b: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    k: int = field(kw_only=True, validator=whole_number)
    unit: Unit | None = field(default=None, kw_only=True, converter=optional_unit)

    card: ClassVar[Card] = Card("MBG/CNBD-k", "mbg-cnbd-k", interpurchase=True)
    _first: ClassVar[First] = 1
