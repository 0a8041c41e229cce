"""The models of buying by the names they have on the command line."""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

from custvalue.models.buying.beta_geo_beta_binom import BetaGeoBetaBinom
from custvalue.models.buying.beta_geo_cnbd import BetaGeoCNBD
from custvalue.models.buying.beta_geo_nbd import BetaGeoNBD
from custvalue.models.buying.family import TransactionModel
from custvalue.models.buying.gamma_gompertz_nbd import GammaGompertzNBD
from custvalue.models.buying.modified_beta_geo_cnbd import ModifiedBetaGeoCNBD
from custvalue.models.buying.modified_beta_geo_nbd import ModifiedBetaGeoNBD
from custvalue.models.buying.nbd import NBD
from custvalue.models.buying.pareto_nbd import ParetoNBD
from custvalue.models.buying.periodic_death import PeriodicDeathOpportunity
from custvalue.models.buying.weibull_gamma_nbd import WeibullGammaNBD

MODELS: Final[dict[str, type[TransactionModel[Any]]]] = {
    "bg-nbd": BetaGeoNBD,
    "mbg-nbd": ModifiedBetaGeoNBD,
    "bg-cnbd-k": BetaGeoCNBD,
    "mbg-cnbd-k": ModifiedBetaGeoCNBD,
    "pareto-nbd": ParetoNBD,
    "gamma-gompertz-nbd": GammaGompertzNBD,
    "weibull-gamma-nbd": WeibullGammaNBD,
    "pdo": PeriodicDeathOpportunity,
    "bg-bb": BetaGeoBetaBinom,
    "nbd": NBD,
}
"""Every model of buying."""

ModelName: TypeAlias = Literal[
    "bg-nbd",
    "mbg-nbd",
    "bg-cnbd-k",
    "mbg-cnbd-k",
    "pareto-nbd",
    "gamma-gompertz-nbd",
    "weibull-gamma-nbd",
    "pdo",
    "bg-bb",
    "nbd",
    "auto",
]
"""What they are called on the command line, and "auto" for the best of several."""
