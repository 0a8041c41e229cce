"""Fits: a new RFM in every round, so that finding its distinct rows counts."""

import pytest
from workload import cohort

import custvalue as cv
from custvalue.models.spend.gamma_gamma import GammaGamma

SIZES = (2357, 100_000, 1_000_000)


@pytest.mark.parametrize("n", SIZES)
def test_fit_beta_geo_nbd(benchmark, n):
    data = cohort(n)
    fit = benchmark(lambda: cv.BetaGeoNBD.fit(data.rfm()))
    assert fit.customers == len(data)


@pytest.mark.parametrize("n", SIZES)
def test_fit_gamma_gamma(benchmark, n):
    data = cohort(n)
    some = data.x > 0 if n != 2357 else (data.x > 0) & (data.m > 0)
    fit = benchmark(lambda: GammaGamma.fit(data.rfm()[some]))
    assert fit.customers == some.sum()


@pytest.mark.parametrize("n", SIZES)
def test_distinct_rows(benchmark, n):
    data = cohort(n)
    rows = benchmark(lambda: data.rfm().distinct("x", "t_x", "T"))
    assert rows.counts.sum() == len(data)
