"""What models of buying need of a log: regular buyers their spacing, BG/BB its opportunities."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import custvalue as cv
from custvalue import datasets
from custvalue.models.buying.family import TransactionModel
from custvalue.models.registry import buying_model, buying_models

RATE = cv.Rate.annual(0.10)


@pytest.mark.parametrize("model", [cv.BetaGeoCNBD, cv.ModifiedBetaGeoCNBD])
def test_regular_buyers_are_valued(model: Any) -> None:
    valuation = cv.value_customers(datasets.cdnow(), rate=RATE, years=3, margin=0.3, model=model)
    rfm = cv.RFM.from_transactions(datasets.cdnow(), amount="amount", unit="week", log_interpurchase=True)
    assert valuation.buying == model.fit(rfm)
    assert valuation.rows is valuation.rfm
    expected = cv.clv(valuation.buying.model, valuation.spend.model, rfm, rate=RATE, years=3, margin=0.3)
    np.testing.assert_allclose(valuation.clv, expected, rtol=1e-12)


@pytest.mark.parametrize("unit", ["week", "month"])
def test_opportunities_are_valued(unit: Any) -> None:
    log = datasets.cdnow()
    valuation = cv.value_customers(
        log, rate=RATE, years=2, margin=0.3, model=cv.BetaGeoBetaBinom, unit=unit, observed_until="1998-06-30"
    )
    rows = cv.Opportunities.from_transactions(log, unit=unit, observed_until="1998-06-30")
    assert valuation.buying == cv.BetaGeoBetaBinom.fit(rows)
    assert valuation.rows == rows
    np.testing.assert_array_equal(valuation.rfm.x, rows.x)
    ahead = {"week": 104, "month": 24}[unit]
    purchases = valuation.buying.model.discounted_expected_purchases(rows, RATE, ahead)
    np.testing.assert_allclose(valuation.clv, 0.3 * valuation.expected_spend * purchases, rtol=1e-12)
    assert valuation.rfm.m is not None
    bought = log["amount"][np.isin(log["customer_id"], valuation.rfm.ids[rows.x > 0])].sum()  # type: ignore[index]
    of_repeats = (valuation.rfm.m * valuation.rfm.m_count).sum()
    assert of_repeats < bought
    assert valuation.new_customer > 0


def test_opportunities_need_complete_periods() -> None:
    ids, days = np.repeat(np.arange(50), 4), np.random.default_rng(1).integers(0, 200, 200)
    log = {"customer_id": ids, "date": np.datetime64("2024-01-01") + days, "amount": np.full(200, 9.0)}
    with pytest.raises(cv.DataError, match=r"BetaGeoBetaBinom needs complete months, .* take unit='week'"):
        cv.value_customers(log, rate=RATE, years=1, model=cv.BetaGeoBetaBinom, unit="month")
    with pytest.raises(
        cv.ParameterError, match="collapse must be left out: BetaGeoBetaBinom counts the purchases of a week as one"
    ):
        cv.value_customers(log, rate=RATE, years=1, model=cv.BetaGeoBetaBinom, collapse="month")


def test_the_holdout_of_opportunities_is_said_to_be_missing() -> None:
    valuation = cv.value_customers(
        datasets.cdnow(), rate=RATE, years=1, model=cv.BetaGeoBetaBinom, holdout="1997-09-30"
    )
    assert valuation.checks.holdout is None
    assert valuation.notes[-1].endswith("test it on two Opportunities of your own")


def test_every_model_has_a_name() -> None:
    public = [getattr(cv, name) for name in cv.__all__]
    known = {one for one in public if isinstance(one, type) and issubclass(one, TransactionModel)}
    assert {buying_model(name) for name in buying_models()} >= known
    assert buying_model("pareto-nbd") is cv.ParetoNBD
    with pytest.raises(cv.ParameterError, match=r"model must be one of bg-bb, .*, weibull-gamma-nbd; got 'arima'"):
        buying_model("arima")
