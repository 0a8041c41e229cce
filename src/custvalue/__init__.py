"""What customers are worth: lifetime value, churn probability and discounting, exact and fast.

A public name is loaded when it is first asked for, so that `import custvalue` costs next to nothing; type checkers read
them in `__init__.pyi`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

_HOMES: Final = {
    "errors": ("ConvergenceError", "CustValueError", "DataError", "ParameterError"),
    "records.cash_flow": ("CashFlow", "CashFlows"),
    "records.customer": ("Customer",),
    "records.relationship": ("Relationship",),
    "records.trait": ("Trait",),
    "discounting.rate": ("Rate",),
    "discounting.curve": ("YieldCurve",),
    "discounting.cash_flow_batch": ("CashFlowBatch",),
    "discounting.present_value": ("future_value", "net_present_value", "present_value"),
    "discounting.breakdown": ("present_value_by",),
    "discounting.irr": ("InternalRates", "internal_rates", "irr", "xirr"),
    "discounting.mirr": ("mirr",),
    "discounting.annuity": ("annuity", "annuity_future_value", "perpetuity"),
    "discounting.payback": ("break_even_time", "discounted_payback", "payback"),
    "discounting.payments": ("level_payment", "number_of_payments", "payment_rate"),
    "discounting.measures": ("convexity", "duration", "profitability_index"),
    "discounting.day_count": ("years_between",),
    "evidence.rfm": ("RFM",),
    "evidence.opportunities": ("Opportunities",),
    "evidence.tenures": ("Tenures",),
    "evidence.cohorts": ("Cohorts",),
    "evidence.revenue_bridge": ("RevenueBridge",),
    "evidence.interpurchase_times": ("Spacings",),
    "evidence.split": ("Split", "split"),
    "inference.fit": ("Fit",),
    "models.retention.beta_discrete_weibull": ("BetaDiscreteWeibull",),
    "models.buying.beta_geo_beta_binom": ("BetaGeoBetaBinom",),
    "models.buying.beta_geo_erlang": ("BetaGeoErlang",),
    "models.buying.beta_geo_nbd": ("BetaGeoNBD",),
    "models.retention.exponential": ("Exponential",),
    "models.retention.exponential_gamma": ("ExponentialGamma",),
    "models.spend.gamma_gamma": ("GammaGamma",),
    "models.buying.gamma_gompertz_nbd": ("GammaGompertzNBD",),
    "models.retention.geometric": ("Geometric",),
    "models.retention.grassia_ii_geometric": ("GrassiaIIGeometric",),
    "models.buying.modified_beta_geo_erlang": ("ModifiedBetaGeoErlang",),
    "models.buying.modified_beta_geo_nbd": ("ModifiedBetaGeoNBD",),
    "models.buying.nbd": ("NBD",),
    "models.buying.pareto_nbd": ("ParetoNBD",),
    "models.buying.periodic_death": ("PeriodicDeath",),
    "models.buying.regularity": ("Regularity", "regularity"),
    "models.retention.shifted_beta_geo": ("ShiftedBetaGeo",),
    "models.retention.split_population": ("SplitPopulation",),
    "models.retention.weibull": ("Weibull",),
    "models.retention.weibull_gamma": ("WeibullGamma",),
    "models.buying.weibull_gamma_nbd": ("WeibullGammaNBD",),
    "churn.rates": ("churn_rate", "convert_churn", "lifetime_from_churn"),
    "survival.kaplan_meier": ("SurvivalCurve", "kaplan_meier"),
    "survival.nelson_aalen": ("CumulativeHazard", "nelson_aalen"),
    "survival.log_rank": ("LogRank", "log_rank"),
    "survival.life_table": ("HazardByPeriod", "hazard_by_period"),
    "survival.discrete_hazard": ("DiscreteHazard", "discrete_hazard"),
    "survival.cox": ("Cox", "cox"),
    "survival.concordance": ("concordance",),
    "churn.targeting": ("empc", "mpc", "profit_curve", "select", "value_at_risk"),
    "value.formulas.revenue_to_profit": ("headline_to_profit",),
    "value.formulas.constant_retention": ("constant_retention_value", "margin_multiple", "retention_path_value"),
    "value.clv": ("clv", "clv_new"),
    "value.base.contract_book": ("relationship_value", "value_of_retention_point"),
    "value.base.leaky_bucket": (
        "CustomerBase",
        "acquisition_to_stand_still",
        "captive_remainder",
        "project",
        "steady_state",
    ),
    "value.value_customers": ("value_customers",),
    "value.migration.chain": ("MigrationModel",),
    "value.migration.decisions": ("MigrationDecisions",),
    "value.migration.simulation": ("simulate_migration",),
    "value.migration.transition_counts": ("TransitionCounts",),
    "value.formulas.sensitivity": ("retention_uplift", "value_elasticities"),
    "value.formulas.variance": ("constant_retention_variance", "simulate_constant_retention"),
    "reproductions.papers.loyalty": ("loyalty_components",),
    "value.budgets.acquisition_retention": ("ResponseCurve", "acquisition_budget", "customer_equity_budget"),
    "value.budgets.allocation": ("allocate_budget",),
    "reproductions.papers.brand_switching": ("brand_switching_value", "contact_value"),
    "firm.growth_model": ("CustomerGrowth", "firm_value"),
    "value.base.customer_equity": ("acquisition_payback", "equity"),
    "value.formulas.referrals": ("referral_value",),
    "value.valuation": ("Valuation",),
    "firm.acquisition": ("WeibullAcquisition",),
    "firm.subscriber_projection": ("project_subscribers",),
    "firm.buyer_projection": ("project_buyers",),
    "firm.cash_flow": ("Firm",),
    "firm.shareholder_value": ("shareholder_value",),
    "firm.disclosures": ("Disclosures",),
    "firm.fit": ("fit_disclosures",),
    "firm.buyer_disclosures": ("BuyerDisclosures", "fit_buyers"),
    "relationships.relationships": ("Relationships",),
    "relationships.portfolio": ("Portfolio",),
    "relationships.strength": ("relationship_strength",),
    "value.formulas.shapley": ("what_if",),
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
