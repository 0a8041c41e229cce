"""The customer base as a whole: leaky bucket, contract book, customer equity."""

from custvalue.value.base.contract_book import contract_value as contract_value
from custvalue.value.base.customer_equity import CustomerEquity as CustomerEquity
from custvalue.value.base.customer_equity import acquisition_payback as acquisition_payback
from custvalue.value.base.customer_equity import allowable_acquisition_cost as allowable_acquisition_cost
from custvalue.value.base.customer_equity import customer_equity as customer_equity
from custvalue.value.base.leaky_bucket import CustomerBase as CustomerBase
from custvalue.value.base.leaky_bucket import never_churn_remainder as never_churn_remainder
from custvalue.value.base.leaky_bucket import project_customer_base as project_customer_base
from custvalue.value.base.leaky_bucket import replacement_acquisition as replacement_acquisition
from custvalue.value.base.leaky_bucket import steady_state as steady_state
