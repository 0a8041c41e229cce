from custvalue import datasets as datasets
from custvalue.churn.rates import (
    churn_rate as churn_rate,
)
from custvalue.churn.rates import (
    convert_churn as convert_churn,
)
from custvalue.churn.rates import (
    lifetime_from_churn as lifetime_from_churn,
)
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
from custvalue.discounting.breakdown import present_value_by as present_value_by
from custvalue.discounting.cash_flow_batch import CashFlowBatch as CashFlowBatch
from custvalue.discounting.curve import YieldCurve as YieldCurve
from custvalue.discounting.day_count import years_between as years_between
from custvalue.discounting.irr import (
    InternalRates as InternalRates,
)
from custvalue.discounting.irr import (
    internal_rates as internal_rates,
)
from custvalue.discounting.irr import (
    irr as irr,
)
from custvalue.discounting.irr import (
    xirr as xirr,
)
from custvalue.discounting.measures import (
    convexity as convexity,
)
from custvalue.discounting.measures import (
    duration as duration,
)
from custvalue.discounting.measures import (
    profitability_index as profitability_index,
)
from custvalue.discounting.mirr import mirr as mirr
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
from custvalue.evidence.interpurchase_times import Spacings as Spacings
from custvalue.evidence.opportunities import Opportunities as Opportunities
from custvalue.evidence.revenue_bridge import RevenueBridge as RevenueBridge
from custvalue.evidence.rfm import RFM as RFM
from custvalue.evidence.split import Split as Split
from custvalue.evidence.split import split as split
from custvalue.evidence.tenures import Tenures as Tenures
from custvalue.firm.acquisition import WeibullAcquisition as WeibullAcquisition
from custvalue.firm.buyer_disclosures import BuyerDisclosures as BuyerDisclosures
from custvalue.firm.buyer_disclosures import fit_buyers as fit_buyers
from custvalue.firm.buyer_projection import project_buyers as project_buyers
from custvalue.firm.cash_flow import Firm as Firm
from custvalue.firm.disclosures import Disclosures as Disclosures
from custvalue.firm.fit import fit_disclosures as fit_disclosures
from custvalue.firm.growth_model import CustomerGrowth as CustomerGrowth
from custvalue.firm.growth_model import firm_value as firm_value
from custvalue.firm.shareholder_value import shareholder_value as shareholder_value
from custvalue.firm.subscriber_projection import project_subscribers as project_subscribers
from custvalue.inference.fit import Fit as Fit
from custvalue.models.buying.beta_geo_beta_binom import BetaGeoBetaBinom as BetaGeoBetaBinom
from custvalue.models.buying.beta_geo_erlang import BetaGeoErlang as BetaGeoErlang
from custvalue.models.buying.beta_geo_nbd import BetaGeoNBD as BetaGeoNBD
from custvalue.models.buying.gamma_gompertz_nbd import GammaGompertzNBD as GammaGompertzNBD
from custvalue.models.buying.modified_beta_geo_erlang import ModifiedBetaGeoErlang as ModifiedBetaGeoErlang
from custvalue.models.buying.modified_beta_geo_nbd import ModifiedBetaGeoNBD as ModifiedBetaGeoNBD
from custvalue.models.buying.nbd import NBD as NBD
from custvalue.models.buying.pareto_nbd import ParetoNBD as ParetoNBD
from custvalue.models.buying.periodic_death import PeriodicDeath as PeriodicDeath
from custvalue.models.buying.regularity import Regularity as Regularity
from custvalue.models.buying.regularity import regularity as regularity
from custvalue.models.buying.weibull_gamma_nbd import WeibullGammaNBD as WeibullGammaNBD
from custvalue.models.retention.beta_discrete_weibull import BetaDiscreteWeibull as BetaDiscreteWeibull
from custvalue.models.retention.exponential import Exponential as Exponential
from custvalue.models.retention.exponential_gamma import ExponentialGamma as ExponentialGamma
from custvalue.models.retention.geometric import Geometric as Geometric
from custvalue.models.retention.grassia_ii_geometric import GrassiaIIGeometric as GrassiaIIGeometric
from custvalue.models.retention.shifted_beta_geo import ShiftedBetaGeo as ShiftedBetaGeo
from custvalue.models.retention.split_population import SplitPopulation as SplitPopulation
from custvalue.models.retention.weibull import Weibull as Weibull
from custvalue.models.retention.weibull_gamma import WeibullGamma as WeibullGamma
from custvalue.models.spend.gamma_gamma import GammaGamma as GammaGamma
from custvalue.records.cash_flow import CashFlow as CashFlow
from custvalue.records.cash_flow import CashFlows as CashFlows
from custvalue.records.customer import Customer as Customer
from custvalue.records.relationship import Relationship as Relationship
from custvalue.records.trait import Trait as Trait
from custvalue.relationships.portfolio import Portfolio as Portfolio
from custvalue.relationships.relationships import Relationships as Relationships
from custvalue.relationships.strength import relationship_strength as relationship_strength
from custvalue.reproductions.papers.brand_switching import (
    brand_switching_value as brand_switching_value,
)
from custvalue.reproductions.papers.brand_switching import (
    contact_value as contact_value,
)
from custvalue.reproductions.papers.loyalty import loyalty_components as loyalty_components
from custvalue.survival.concordance import concordance as concordance
from custvalue.survival.cox import Cox as Cox
from custvalue.survival.cox import cox as cox
from custvalue.survival.discrete_hazard import DiscreteHazard as DiscreteHazard
from custvalue.survival.discrete_hazard import discrete_hazard as discrete_hazard
from custvalue.survival.kaplan_meier import SurvivalCurve as SurvivalCurve
from custvalue.survival.kaplan_meier import kaplan_meier as kaplan_meier
from custvalue.survival.life_table import HazardByPeriod as HazardByPeriod
from custvalue.survival.life_table import hazard_by_period as hazard_by_period
from custvalue.survival.log_rank import LogRank as LogRank
from custvalue.survival.log_rank import log_rank as log_rank
from custvalue.survival.nelson_aalen import CumulativeHazard as CumulativeHazard
from custvalue.survival.nelson_aalen import nelson_aalen as nelson_aalen
from custvalue.value.base.contract_book import (
    relationship_value as relationship_value,
)
from custvalue.value.base.contract_book import (
    value_of_retention_point as value_of_retention_point,
)
from custvalue.value.base.customer_equity import acquisition_payback as acquisition_payback
from custvalue.value.base.customer_equity import equity as equity
from custvalue.value.base.leaky_bucket import (
    CustomerBase as CustomerBase,
)
from custvalue.value.base.leaky_bucket import (
    acquisition_to_stand_still as acquisition_to_stand_still,
)
from custvalue.value.base.leaky_bucket import (
    captive_remainder as captive_remainder,
)
from custvalue.value.base.leaky_bucket import (
    project as project,
)
from custvalue.value.base.leaky_bucket import (
    steady_state as steady_state,
)
from custvalue.value.budgets.acquisition_retention import (
    ResponseCurve as ResponseCurve,
)
from custvalue.value.budgets.acquisition_retention import (
    acquisition_budget as acquisition_budget,
)
from custvalue.value.budgets.acquisition_retention import (
    customer_equity_budget as customer_equity_budget,
)
from custvalue.value.budgets.allocation import allocate_budget as allocate_budget
from custvalue.value.clv import clv as clv
from custvalue.value.clv import clv_new as clv_new
from custvalue.value.formulas.constant_retention import (
    constant_retention_value as constant_retention_value,
)
from custvalue.value.formulas.constant_retention import (
    margin_multiple as margin_multiple,
)
from custvalue.value.formulas.constant_retention import (
    retention_path_value as retention_path_value,
)
from custvalue.value.formulas.referrals import referral_value as referral_value
from custvalue.value.formulas.revenue_to_profit import headline_to_profit as headline_to_profit
from custvalue.value.formulas.sensitivity import retention_uplift as retention_uplift
from custvalue.value.formulas.sensitivity import value_elasticities as value_elasticities
from custvalue.value.formulas.shapley import what_if as what_if
from custvalue.value.formulas.variance import (
    constant_retention_variance as constant_retention_variance,
)
from custvalue.value.formulas.variance import (
    simulate_constant_retention as simulate_constant_retention,
)
from custvalue.value.migration.chain import MigrationModel as MigrationModel
from custvalue.value.migration.decisions import MigrationDecisions as MigrationDecisions
from custvalue.value.migration.simulation import simulate_migration as simulate_migration
from custvalue.value.migration.transition_counts import TransitionCounts as TransitionCounts
from custvalue.value.valuation import Valuation as Valuation
from custvalue.value.value_customers import value_customers as value_customers

__version__: str
