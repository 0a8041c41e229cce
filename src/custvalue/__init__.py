"""What customers are worth: lifetime value, churn probability and discounting, exact and fast.

A public name is loaded when it is first asked for, so that `import custvalue` costs next to nothing; type checkers read
them in `__init__.pyi`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

_HOMES: Final = {
    "errors": ("ConvergenceError", "CustValueError", "DataError", "ParameterError"),
    "records.cashflow": ("CashFlow", "CashFlows"),
    "records.customer": ("Customer",),
    "records.relationship": ("Relationship",),
    "records.trait": ("Trait",),
    "discounting.rate": ("Rate",),
    "discounting.curve": ("YieldCurve",),
    "discounting.batch": ("CashFlowBatch",),
    "discounting.present_value": ("future_value", "net_present_value", "present_value"),
    "discounting.breakdown": ("present_value_by",),
    "discounting.returns": ("InternalRates", "internal_rates", "irr", "xirr"),
    "discounting.modified_return": ("mirr",),
    "discounting.annuity": ("annuity", "annuity_future_value", "perpetuity"),
    "discounting.payback": ("break_even_time", "discounted_payback", "payback"),
    "discounting.payments": ("level_payment", "number_of_payments", "payment_rate"),
    "discounting.measures": ("convexity", "duration", "profitability_index"),
    "discounting.day_count": ("years_between",),
    "evidence.rfm": ("RFM",),
    "evidence.opportunities": ("Opportunities",),
    "evidence.tenures": ("Tenures",),
    "evidence.cohorts": ("Cohorts",),
    "evidence.revenue": ("RevenueBridge",),
    "evidence.spacings": ("Spacings",),
    "evidence.split": ("Split", "split"),
    "inference.fit": ("Fit",),
    "models.beta_discrete_weibull": ("BetaDiscreteWeibull",),
    "models.beta_geo_beta_binom": ("BetaGeoBetaBinom",),
    "models.beta_geo_erlang": ("BetaGeoErlang",),
    "models.beta_geo_nbd": ("BetaGeoNBD",),
    "models.exponential": ("Exponential",),
    "models.exponential_gamma": ("ExponentialGamma",),
    "models.gamma_gamma": ("GammaGamma",),
    "models.gamma_gompertz_nbd": ("GammaGompertzNBD",),
    "models.geometric": ("Geometric",),
    "models.grassia_ii_geometric": ("GrassiaIIGeometric",),
    "models.modified_beta_geo_erlang": ("ModifiedBetaGeoErlang",),
    "models.modified_beta_geo_nbd": ("ModifiedBetaGeoNBD",),
    "models.nbd": ("NBD",),
    "models.pareto_nbd": ("ParetoNBD",),
    "models.periodic_death": ("PeriodicDeath",),
    "models.regularity": ("Regularity", "regularity"),
    "models.shifted_beta_geo": ("ShiftedBetaGeo",),
    "models.split_population": ("SplitPopulation",),
    "models.weibull": ("Weibull",),
    "models.weibull_gamma": ("WeibullGamma",),
    "models.weibull_gamma_nbd": ("WeibullGammaNBD",),
    "churn.rates": ("churn_rate", "convert_churn", "lifetime_from_churn"),
    "churn.survival": ("SurvivalCurve", "kaplan_meier"),
    "churn.nelson_aalen": ("CumulativeHazard", "nelson_aalen"),
    "churn.log_rank": ("LogRank", "log_rank"),
    "churn.hazard": ("HazardByPeriod", "hazard_by_period"),
    "churn.discrete_hazard": ("DiscreteHazard", "discrete_hazard"),
    "churn.cox": ("Cox", "cox"),
    "churn.concordance": ("concordance",),
    "churn.targeting": ("empc", "mpc", "profit_curve", "select", "value_at_risk"),
    "value.bridge": ("headline_to_profit",),
    "value.closed_form": ("constant_retention_value", "margin_multiple", "retention_path_value"),
    "value.clv": ("clv", "clv_new"),
    "value.contracts": ("relationship_value", "value_of_retention_point"),
    "value.customer_base": (
        "CustomerBase",
        "acquisition_to_stand_still",
        "captive_remainder",
        "project",
        "steady_state",
    ),
    "value.customers": ("value_customers",),
    "value.migration": ("MigrationModel",),
    "value.migration_decisions": ("MigrationDecisions",),
    "value.migration_simulation": ("simulate_migration",),
    "value.transition_counts": ("TransitionCounts",),
    "value.elasticity": ("retention_uplift", "value_elasticities"),
    "value.value_distribution": ("constant_retention_variance", "simulate_constant_retention"),
    "value.loyalty": ("loyalty_components",),
    "value.acquisition_budget": ("ResponseCurve", "acquisition_budget", "customer_equity_budget"),
    "value.budget_allocation": ("allocate_budget",),
    "value.brand_switching": ("brand_switching_value", "contact_value"),
    "value.firm_value": ("CustomerGrowth", "firm_value"),
    "value.equity": ("acquisition_payback", "equity"),
    "value.referrals": ("referral_value",),
    "value.valuation": ("Valuation",),
    "value.acquisition": ("WeibullAcquisition",),
    "value.projection": ("project_subscribers",),
    "value.buyers": ("project_buyers",),
    "value.firm": ("Firm",),
    "value.corporate": ("shareholder_value",),
    "value.disclosures": ("Disclosures",),
    "value.disclosure_fit": ("fit_disclosures",),
    "value.buyer_disclosures": ("BuyerDisclosures", "fit_buyers"),
    "relationships.columns": ("Relationships",),
    "relationships.portfolio": ("Portfolio",),
    "relationships.strength": ("relationship_strength",),
    "relationships.what_if": ("what_if",),
}
"""The public names by the module that each is at home in."""

_HOME: Final = {name: home for home, names in _HOMES.items() for name in names}

__version__ = "0.1.0"

__all__ = sorted([*_HOME, "__version__", "datasets"])  # noqa: PLE0605  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:  # noqa: ANN401 (any of the public names)
    if name == "datasets":
        return import_module("custvalue.datasets")
    if name not in _HOME:
        raise AttributeError(f"module 'custvalue' has no attribute {name!r}")
    value = getattr(import_module(f"custvalue.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
