"""What customers are worth: lifetime value, churn probability and discounting, exact and fast."""

from custvalue import datasets
from custvalue.discounting.present_value import present_value
from custvalue.discounting.rate import Rate
from custvalue.errors import ConvergenceError, CustValueError, DataError, ParameterError
from custvalue.evidence.rfm import RFM
from custvalue.inference.fit import Fit
from custvalue.models.beta_geo_nbd import BetaGeoNBD
from custvalue.records.cashflow import CashFlow, CashFlows
from custvalue.records.customer import Customer
from custvalue.records.relationship import Relationship

__version__ = "0.1.0"

__all__ = [
    "RFM",
    "BetaGeoNBD",
    "CashFlow",
    "CashFlows",
    "ConvergenceError",
    "CustValueError",
    "Customer",
    "DataError",
    "Fit",
    "ParameterError",
    "Rate",
    "Relationship",
    "__version__",
    "datasets",
    "present_value",
]
