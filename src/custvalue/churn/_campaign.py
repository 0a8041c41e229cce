"""What contacting a customer brings and costs, before anyone knows how many accept."""

from __future__ import annotations

import numpy as np

from custvalue._typing import Array, ArrayLike
from custvalue.churn._checks import money


def gain_and_cost(churn: Array, clv: ArrayLike, incentive: ArrayLike, contact_cost: ArrayLike) -> tuple[Array, Array]:
    """A contact earns acceptance x gain - cost: gain from churners who accept, cost whatever they do.

    `churn` is the probability of leaving, or 1 and 0 for what happened.
    """
    size = len(churn)
    offered = money("incentive", incentive, size, low=0.0)
    gain = churn * (money("clv", clv, size) - offered)
    cost = money("contact_cost", contact_cost, size, low=0.0) + (1 - churn) * offered
    return np.asarray(gain), np.asarray(cost)
