"""Churn: rates, scores, and whom to target at a profit."""

from custvalue.churn.maximum_profit import MaximumProfit as MaximumProfit
from custvalue.churn.maximum_profit import empc as empc
from custvalue.churn.maximum_profit import mpc as mpc
from custvalue.churn.rates import churn_rate as churn_rate
from custvalue.churn.rates import convert_churn as convert_churn
from custvalue.churn.rates import lifetime_from_churn as lifetime_from_churn
from custvalue.churn.scores import Calibration as Calibration
from custvalue.churn.scores import Curve as Curve
from custvalue.churn.scores import calibration as calibration
from custvalue.churn.scores import gains as gains
from custvalue.churn.scores import lift as lift
from custvalue.churn.scores import top_decile_lift as top_decile_lift
from custvalue.churn.targeting import ChurnLoss as ChurnLoss
from custvalue.churn.targeting import ProfitCurve as ProfitCurve
from custvalue.churn.targeting import Selection as Selection
from custvalue.churn.targeting import contact_outlay as contact_outlay
from custvalue.churn.targeting import contact_profit as contact_profit
from custvalue.churn.targeting import expected_churn_loss as expected_churn_loss
from custvalue.churn.targeting import optimal_fraction as optimal_fraction
from custvalue.churn.targeting import profit_curve as profit_curve
from custvalue.churn.targeting import select_customers as select_customers
