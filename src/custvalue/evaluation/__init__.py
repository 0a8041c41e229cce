"""How well models predict: errors on a holdout, and comparisons of models."""

from custvalue.evaluation.comparison import Choice as Choice
from custvalue.evaluation.comparison import LikelihoodRatio as LikelihoodRatio
from custvalue.evaluation.comparison import choose as choose
from custvalue.evaluation.comparison import likelihood_ratio as likelihood_ratio
from custvalue.evaluation.scores import Errors as Errors
from custvalue.evaluation.scores import Holdout as Holdout
from custvalue.evaluation.scores import errors as errors
from custvalue.evaluation.scores import evaluate as evaluate
