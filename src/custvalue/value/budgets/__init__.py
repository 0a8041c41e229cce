"""Budgets for acquisition, retention and marketing."""

from custvalue.value.budgets.acquisition_retention import AcquisitionBudget as AcquisitionBudget
from custvalue.value.budgets.acquisition_retention import EquityBudget as EquityBudget
from custvalue.value.budgets.acquisition_retention import ResponseCurve as ResponseCurve
from custvalue.value.budgets.acquisition_retention import acquisition_budget as acquisition_budget
from custvalue.value.budgets.acquisition_retention import customer_equity_budget as customer_equity_budget
from custvalue.value.budgets.acquisition_retention import equity_per_prospect as equity_per_prospect
from custvalue.value.budgets.allocation import Allocation as Allocation
from custvalue.value.budgets.allocation import allocate_budget as allocate_budget
