"""What customers are worth: lifetime value, churn probability and discounting, exact and fast."""

from custvalue import datasets
from custvalue.discounting.present_value import present_value
from custvalue.discounting.rate import Rate
from custvalue.errors import ConvergenceError, CustValueError, DataError, ParameterError
from custvalue.evidence.opportunities import Opportunities
from custvalue.evidence.rfm import RFM
from custvalue.evidence.spacings import Spacings
from custvalue.evidence.split import Split, split
from custvalue.inference.fit import Fit
from custvalue.models.beta_geo_beta_binom import BetaGeoBetaBinom
from custvalue.models.beta_geo_erlang import BetaGeoErlang
from custvalue.models.beta_geo_nbd import BetaGeoNBD
from custvalue.models.gamma_gamma import GammaGamma
from custvalue.models.gamma_gompertz_nbd import GammaGompertzNBD
from custvalue.models.modified_beta_geo_erlang import ModifiedBetaGeoErlang
from custvalue.models.modified_beta_geo_nbd import ModifiedBetaGeoNBD
from custvalue.models.nbd import NBD
from custvalue.models.pareto_nbd import ParetoNBD
from custvalue.models.periodic_death import PeriodicDeath
from custvalue.models.regularity import Regularity, regularity
from custvalue.models.weibull_gamma_nbd import WeibullGammaNBD
from custvalue.records.cashflow import CashFlow, CashFlows
from custvalue.records.customer import Customer
from custvalue.records.relationship import Relationship
from custvalue.value.clv import clv, clv_new
from custvalue.value.customers import value_customers
from custvalue.value.valuation import Valuation

__version__ = "0.1.0"

__all__ = [
    "NBD",
    "RFM",
    "BetaGeoBetaBinom",
    "BetaGeoErlang",
    "BetaGeoNBD",
    "CashFlow",
    "CashFlows",
    "ConvergenceError",
    "CustValueError",
    "Customer",
    "DataError",
    "Fit",
    "GammaGamma",
    "GammaGompertzNBD",
    "ModifiedBetaGeoErlang",
    "ModifiedBetaGeoNBD",
    "Opportunities",
    "ParameterError",
    "ParetoNBD",
    "PeriodicDeath",
    "Rate",
    "Regularity",
    "Relationship",
    "Spacings",
    "Split",
    "Valuation",
    "WeibullGammaNBD",
    "__version__",
    "clv",
    "clv_new",
    "datasets",
    "present_value",
    "regularity",
    "split",
    "value_customers",
]
