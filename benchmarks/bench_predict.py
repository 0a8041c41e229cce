"""Predictions of a million customers, each with a new RFM."""

import numpy as np
import pytest
from workload import BUYING, simulated

PREDICTIONS = {
    "p_alive": BUYING.p_alive,
    "churn_probability": lambda rfm: BUYING.churn_probability(rfm, 4),
    "expected_purchases": lambda rfm: BUYING.expected_purchases(rfm, 156),
    "probability_of_purchase": lambda rfm: BUYING.probability_of_purchase(rfm, 13),
    "purchase_pmf": lambda rfm: BUYING.purchase_pmf(rfm, 2, 13),
}


@pytest.mark.parametrize("name", PREDICTIONS)
def test_predict(benchmark, name):
    data = simulated(1_000_000)
    values = benchmark(lambda: PREDICTIONS[name](data.rfm()))
    assert np.isfinite(values).all()
