"""Discounting: rates, curves, present values and the measures that rest on them."""

from custvalue.discounting.annuity import annuity as annuity
from custvalue.discounting.annuity import annuity_future_value as annuity_future_value
from custvalue.discounting.annuity import perpetuity as perpetuity
from custvalue.discounting.breakdown import present_value_by as present_value_by
from custvalue.discounting.cash_flow_batch import CashFlowBatch as CashFlowBatch
from custvalue.discounting.curve import YieldCurve as YieldCurve
from custvalue.discounting.day_count import years_between as years_between
from custvalue.discounting.irr import InternalRates as InternalRates
from custvalue.discounting.irr import internal_rates as internal_rates
from custvalue.discounting.irr import irr as irr
from custvalue.discounting.irr import xirr as xirr
from custvalue.discounting.mirr import mirr as mirr
from custvalue.discounting.payback import break_even_time as break_even_time
from custvalue.discounting.payback import discounted_payback as discounted_payback
from custvalue.discounting.payback import payback as payback
from custvalue.discounting.present_value import future_value as future_value
from custvalue.discounting.present_value import net_present_value as net_present_value
from custvalue.discounting.present_value import present_value as present_value
from custvalue.discounting.present_value import profitability_index as profitability_index
from custvalue.discounting.rate import Rate as Rate
