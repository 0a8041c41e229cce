"""Survival analysis: curves, tests and regressions of tenures."""

from custvalue.survival.concordance import concordance as concordance
from custvalue.survival.cox import ChiSquareTest as ChiSquareTest
from custvalue.survival.cox import Cox as Cox
from custvalue.survival.cox import cox as cox
from custvalue.survival.discrete_hazard import DiscreteHazard as DiscreteHazard
from custvalue.survival.discrete_hazard import discrete_hazard as discrete_hazard
from custvalue.survival.kaplan_meier import PointEstimate as PointEstimate
from custvalue.survival.kaplan_meier import SurvivalCurve as SurvivalCurve
from custvalue.survival.kaplan_meier import kaplan_meier as kaplan_meier
from custvalue.survival.life_table import LifeTable as LifeTable
from custvalue.survival.life_table import life_table as life_table
from custvalue.survival.log_rank import LogRank as LogRank
from custvalue.survival.log_rank import log_rank as log_rank
from custvalue.survival.nelson_aalen import CumulativeHazard as CumulativeHazard
from custvalue.survival.nelson_aalen import nelson_aalen as nelson_aalen
