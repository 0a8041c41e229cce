"""Customers who move between states: Markov migration models."""

from custvalue.value.migration.chain import MigrationModel as MigrationModel
from custvalue.value.migration.decisions import MigrationDecisions as MigrationDecisions
from custvalue.value.migration.decisions import Policy as Policy
from custvalue.value.migration.simulation import simulate_migration as simulate_migration
from custvalue.value.migration.transition_counts import TransitionCounts as TransitionCounts
