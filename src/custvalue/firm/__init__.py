"""The firm from its disclosures: customer-based corporate valuation.

McCarthy, D. M., Fader, P. S. & Hardie, B. G. S. (2017). Valuing subscription-based businesses using publicly disclosed
customer data. Journal of Marketing 81(1), 17-35;
McCarthy, D. M. & Fader, P. S. (2018). Customer-based corporate valuation for publicly traded noncontractual firms.
Journal of Marketing Research 55(5), 617-635 (as
cited; neither was checked against the paper). The files name them by authors and year.
"""

from custvalue.firm.acquisition import WeibullAcquisition as WeibullAcquisition
from custvalue.firm.buyer_fit import fit_buyers as fit_buyers
from custvalue.firm.buyer_model import BuyerModel as BuyerModel
from custvalue.firm.cash_flow import Firm as Firm
from custvalue.firm.cash_flow import FreeCashFlow as FreeCashFlow
from custvalue.firm.cash_flow import free_cash_flow as free_cash_flow
from custvalue.firm.disclosures import BuyerDisclosures as BuyerDisclosures
from custvalue.firm.disclosures import Disclosures as Disclosures
from custvalue.firm.fit import DisclosureFit as DisclosureFit
from custvalue.firm.growth_model import CustomerGrowth as CustomerGrowth
from custvalue.firm.growth_model import FirmValue as FirmValue
from custvalue.firm.growth_model import firm_value as firm_value
from custvalue.firm.projection import Projection as Projection
from custvalue.firm.projection import project_buyers as project_buyers
from custvalue.firm.projection import project_subscribers as project_subscribers
from custvalue.firm.shareholder_value import ShareholderValue as ShareholderValue
from custvalue.firm.shareholder_value import shareholder_value as shareholder_value
from custvalue.firm.subscriber_fit import fit_disclosures as fit_disclosures
from custvalue.firm.subscriber_model import SubscriberModel as SubscriberModel
