"""Closed forms of customer value."""

from custvalue.value.formulas.constant_retention import constant_retention_value as constant_retention_value
from custvalue.value.formulas.constant_retention import margin_multiple as margin_multiple
from custvalue.value.formulas.constant_retention import retention_path_value as retention_path_value
from custvalue.value.formulas.referrals import ReferralValue as ReferralValue
from custvalue.value.formulas.referrals import referral_value as referral_value
from custvalue.value.formulas.revenue_to_profit import revenue_to_profit as revenue_to_profit
from custvalue.value.formulas.sensitivity import Sensitivity as Sensitivity
from custvalue.value.formulas.sensitivity import sensitivity as sensitivity
from custvalue.value.formulas.shapley import shapley_change as shapley_change
from custvalue.value.formulas.variance import constant_retention_variance as constant_retention_variance
from custvalue.value.formulas.variance import simulate_constant_retention as simulate_constant_retention
