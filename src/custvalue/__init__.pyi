from custvalue import datasets as datasets
from custvalue.churn.concordance import concordance as concordance
from custvalue.churn.cox import Cox as Cox
from custvalue.churn.cox import cox as cox
from custvalue.churn.discrete_hazard import DiscreteHazard as DiscreteHazard
from custvalue.churn.discrete_hazard import discrete_hazard as discrete_hazard
from custvalue.churn.hazard import HazardByPeriod as HazardByPeriod
from custvalue.churn.hazard import hazard_by_period as hazard_by_period
from custvalue.churn.log_rank import LogRank as LogRank
from custvalue.churn.log_rank import log_rank as log_rank
from custvalue.churn.nelson_aalen import CumulativeHazard as CumulativeHazard
from custvalue.churn.nelson_aalen import nelson_aalen as nelson_aalen
from custvalue.churn.rates import (
    churn_rate as churn_rate,
)
from custvalue.churn.rates import (
    convert_churn as convert_churn,
)
from custvalue.churn.rates import (
    lifetime_from_churn as lifetime_from_churn,
)
from custvalue.churn.survival import SurvivalCurve as SurvivalCurve
from custvalue.churn.survival import kaplan_meier as kaplan_meier
from custvalue.churn.targeting import (
    empc as empc,
)
from custvalue.churn.targeting import (
    mpc as mpc,
)
from custvalue.churn.targeting import (
    profit_curve as profit_curve,
)
from custvalue.churn.targeting import (
    select as select,
)
from custvalue.churn.targeting import (
    value_at_risk as value_at_risk,
)
from custvalue.discounting.annuity import (
    annuity as annuity,
)
from custvalue.discounting.annuity import (
    annuity_future_value as annuity_future_value,
)
from custvalue.discounting.annuity import (
    perpetuity as perpetuity,
)
from custvalue.discounting.batch import CashFlowBatch as CashFlowBatch
from custvalue.discounting.breakdown import present_value_by as present_value_by
from custvalue.discounting.curve import YieldCurve as YieldCurve
from custvalue.discounting.day_count import years_between as years_between
from custvalue.discounting.measures import (
    convexity as convexity,
)
from custvalue.discounting.measures import (
    duration as duration,
)
from custvalue.discounting.measures import (
    profitability_index as profitability_index,
)
from custvalue.discounting.modified_return import mirr as mirr
from custvalue.discounting.payback import (
    break_even_time as break_even_time,
)
from custvalue.discounting.payback import (
    discounted_payback as discounted_payback,
)
from custvalue.discounting.payback import (
    payback as payback,
)
from custvalue.discounting.payments import (
    level_payment as level_payment,
)
from custvalue.discounting.payments import (
    number_of_payments as number_of_payments,
)
from custvalue.discounting.payments import (
    payment_rate as payment_rate,
)
from custvalue.discounting.present_value import (
    future_value as future_value,
)
from custvalue.discounting.present_value import (
    net_present_value as net_present_value,
)
from custvalue.discounting.present_value import (
    present_value as present_value,
)
from custvalue.discounting.rate import Rate as Rate
from custvalue.discounting.returns import (
    InternalRates as InternalRates,
)
from custvalue.discounting.returns import (
    internal_rates as internal_rates,
)
from custvalue.discounting.returns import (
    irr as irr,
)
from custvalue.discounting.returns import (
    xirr as xirr,
)
from custvalue.errors import (
    ConvergenceError as ConvergenceError,
)
from custvalue.errors import (
    CustValueError as CustValueError,
)
from custvalue.errors import (
    DataError as DataError,
)
from custvalue.errors import (
    ParameterError as ParameterError,
)
from custvalue.evidence.cohorts import Cohorts as Cohorts
from custvalue.evidence.opportunities import Opportunities as Opportunities
from custvalue.evidence.revenue import RevenueBridge as RevenueBridge
from custvalue.evidence.rfm import RFM as RFM
from custvalue.evidence.spacings import Spacings as Spacings
from custvalue.evidence.split import Split as Split
from custvalue.evidence.split import split as split
from custvalue.evidence.tenures import Tenures as Tenures
from custvalue.inference.fit import Fit as Fit
from custvalue.models.beta_discrete_weibull import BetaDiscreteWeibull as BetaDiscreteWeibull
from custvalue.models.beta_geo_beta_binom import BetaGeoBetaBinom as BetaGeoBetaBinom
from custvalue.models.beta_geo_erlang import BetaGeoErlang as BetaGeoErlang
from custvalue.models.beta_geo_nbd import BetaGeoNBD as BetaGeoNBD
from custvalue.models.exponential import Exponential as Exponential
from custvalue.models.exponential_gamma import ExponentialGamma as ExponentialGamma
from custvalue.models.gamma_gamma import GammaGamma as GammaGamma
from custvalue.models.gamma_gompertz_nbd import GammaGompertzNBD as GammaGompertzNBD
from custvalue.models.geometric import Geometric as Geometric
from custvalue.models.grassia_ii_geometric import GrassiaIIGeometric as GrassiaIIGeometric
from custvalue.models.modified_beta_geo_erlang import ModifiedBetaGeoErlang as ModifiedBetaGeoErlang
from custvalue.models.modified_beta_geo_nbd import ModifiedBetaGeoNBD as ModifiedBetaGeoNBD
from custvalue.models.nbd import NBD as NBD
from custvalue.models.pareto_nbd import ParetoNBD as ParetoNBD
from custvalue.models.periodic_death import PeriodicDeath as PeriodicDeath
from custvalue.models.regularity import Regularity as Regularity
from custvalue.models.regularity import regularity as regularity
from custvalue.models.shifted_beta_geo import ShiftedBetaGeo as ShiftedBetaGeo
from custvalue.models.split_population import SplitPopulation as SplitPopulation
from custvalue.models.weibull import Weibull as Weibull
from custvalue.models.weibull_gamma import WeibullGamma as WeibullGamma
from custvalue.models.weibull_gamma_nbd import WeibullGammaNBD as WeibullGammaNBD
from custvalue.records.cashflow import CashFlow as CashFlow
from custvalue.records.cashflow import CashFlows as CashFlows
from custvalue.records.customer import Customer as Customer
from custvalue.records.relationship import Relationship as Relationship
from custvalue.records.trait import Trait as Trait
from custvalue.relationships.columns import Relationships as Relationships
from custvalue.relationships.portfolio import Portfolio as Portfolio
from custvalue.relationships.strength import relationship_strength as relationship_strength
from custvalue.relationships.what_if import what_if as what_if
from custvalue.value.acquisition import WeibullAcquisition as WeibullAcquisition
from custvalue.value.acquisition_budget import (
    ResponseCurve as ResponseCurve,
)
from custvalue.value.acquisition_budget import (
    acquisition_budget as acquisition_budget,
)
from custvalue.value.acquisition_budget import (
    customer_equity_budget as customer_equity_budget,
)
from custvalue.value.brand_switching import (
    brand_switching_value as brand_switching_value,
)
from custvalue.value.brand_switching import (
    contact_value as contact_value,
)
from custvalue.value.bridge import headline_to_profit as headline_to_profit
from custvalue.value.budget_allocation import allocate_budget as allocate_budget
from custvalue.value.buyer_disclosures import BuyerDisclosures as BuyerDisclosures
from custvalue.value.buyer_disclosures import fit_buyers as fit_buyers
from custvalue.value.buyers import project_buyers as project_buyers
from custvalue.value.closed_form import (
    constant_retention_value as constant_retention_value,
)
from custvalue.value.closed_form import (
    margin_multiple as margin_multiple,
)
from custvalue.value.closed_form import (
    retention_path_value as retention_path_value,
)
from custvalue.value.clv import clv as clv
from custvalue.value.clv import clv_new as clv_new
from custvalue.value.contracts import (
    relationship_value as relationship_value,
)
from custvalue.value.contracts import (
    value_of_retention_point as value_of_retention_point,
)
from custvalue.value.corporate import shareholder_value as shareholder_value
from custvalue.value.customer_base import (
    CustomerBase as CustomerBase,
)
from custvalue.value.customer_base import (
    acquisition_to_stand_still as acquisition_to_stand_still,
)
from custvalue.value.customer_base import (
    captive_remainder as captive_remainder,
)
from custvalue.value.customer_base import (
    project as project,
)
from custvalue.value.customer_base import (
    steady_state as steady_state,
)
from custvalue.value.customers import value_customers as value_customers
from custvalue.value.disclosure_fit import fit_disclosures as fit_disclosures
from custvalue.value.disclosures import Disclosures as Disclosures
from custvalue.value.elasticity import retention_uplift as retention_uplift
from custvalue.value.elasticity import value_elasticities as value_elasticities
from custvalue.value.equity import acquisition_payback as acquisition_payback
from custvalue.value.equity import equity as equity
from custvalue.value.firm import Firm as Firm
from custvalue.value.firm_value import CustomerGrowth as CustomerGrowth
from custvalue.value.firm_value import firm_value as firm_value
from custvalue.value.loyalty import loyalty_components as loyalty_components
from custvalue.value.migration import MigrationModel as MigrationModel
from custvalue.value.migration_decisions import MigrationDecisions as MigrationDecisions
from custvalue.value.migration_simulation import simulate_migration as simulate_migration
from custvalue.value.projection import project_subscribers as project_subscribers
from custvalue.value.referrals import referral_value as referral_value
from custvalue.value.transition_counts import TransitionCounts as TransitionCounts
from custvalue.value.valuation import Valuation as Valuation
from custvalue.value.value_distribution import (
    constant_retention_variance as constant_retention_variance,
)
from custvalue.value.value_distribution import (
    simulate_constant_retention as simulate_constant_retention,
)

__version__: str
