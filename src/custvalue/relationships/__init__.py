"""Relationships as a portfolio: strength, satisfaction, scores and risk."""

from custvalue.relationships.portfolio import Portfolio as Portfolio
from custvalue.relationships.relationships import RelationshipTable as RelationshipTable
from custvalue.relationships.rfm_scores import RFMScores as RFMScores
from custvalue.relationships.rfm_scores import rfm_scores as rfm_scores
from custvalue.relationships.risk import SegmentRisk as SegmentRisk
from custvalue.relationships.risk import segment_risk as segment_risk
from custvalue.relationships.satisfaction import ConvexLink as ConvexLink
from custvalue.relationships.satisfaction import LogisticLink as LogisticLink
from custvalue.relationships.satisfaction import SatisfactionLink as SatisfactionLink
from custvalue.relationships.satisfaction import ThresholdLink as ThresholdLink
from custvalue.relationships.satisfaction_grid import satisfaction_loyalty as satisfaction_loyalty
from custvalue.relationships.satisfaction_grid import satisfied_but_idle as satisfied_but_idle
from custvalue.relationships.strength import Strength as Strength
from custvalue.relationships.strength import event_history_activity as event_history_activity
from custvalue.relationships.strength import relationship_strength as relationship_strength
