"""Customer lifetime value of a million customers, and the one call on CDNOW."""

import numpy as np
import pytest
from workload import BUYING, SPEND, simulated

import custvalue as cv
from custvalue.value.clv import clv
from custvalue.value.value_customers import value_customers

RATE = cv.Rate.annual(0.10)


@pytest.mark.parametrize("years", [3, None], ids=["three_years", "forever"])
def test_clv(benchmark, years):
    data = simulated(1_000_000)
    values = benchmark(lambda: clv(BUYING, SPEND, data.rfm(), rate=RATE, years=years))
    assert np.isfinite(values).all()


def test_value_customers(benchmark):
    log = cv.datasets.cdnow()
    valuation = benchmark(lambda: value_customers(log, rate=RATE, years=3))
    assert len(valuation.clv) == 2357
