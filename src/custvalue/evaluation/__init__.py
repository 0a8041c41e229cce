"""How well models predict: holdouts and comparisons."""

from custvalue.evaluation.comparison import Choice as Choice
from custvalue.evaluation.comparison import LikelihoodRatio as LikelihoodRatio
from custvalue.evaluation.comparison import choose as choose
from custvalue.evaluation.comparison import likelihood_ratio as likelihood_ratio
from custvalue.evaluation.holdout import Errors as Errors
from custvalue.evaluation.holdout import Holdout as Holdout
from custvalue.evaluation.holdout import errors as errors
from custvalue.evaluation.holdout import evaluate as evaluate
