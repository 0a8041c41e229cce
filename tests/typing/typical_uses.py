"""Typical uses, as a project that depends on custvalue writes them: type checkers must accept every line.

Checked by mypy --strict and pyright; the types claimed here are the ones that users see.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

import custvalue as cv

Floats = NDArray[np.float64]


def known_cash_flows() -> Floats:
    """Records, made from plain numbers, dates and text."""
    shop = cv.Relationship(
        "shop",
        start=dt.date(2024, 1, 5),
        cash_flows=[cv.CashFlow(30, "2024-01-05"), cv.CashFlow(45.0, np.datetime64("2024-08-02"))],
    )
    ann = cv.Customer("ann", [shop])
    rate = cv.Rate.annual(0.10)
    assert_type(rate, cv.Rate)
    assert_type(cv.present_value(rate, cv.CashFlows([-100, 60, 60], [0, 1, 2])), Floats)
    return cv.present_value(rate, ann, as_of="2024-12-31")


def observed_purchases(log: dict[str, NDArray[Any]]) -> cv.RFM:
    """Evidence, from a log, from records and from columns."""
    assert_type(cv.RFM([0, 2], [0.0, 30.4], [38.9, 38.9], [0, 22.1], ids=["a", "b"], unit="week"), cv.RFM)
    assert_type(cv.RFM.from_customers([], observed_until=dt.date(2024, 12, 31), unit="week"), cv.RFM)
    return cv.RFM.from_transactions(
        log, customer="customer_id", date="date", amount="amount", unit="week", observed_until="1997-09-30"
    )


def fitted(rfm: cv.RFM) -> Floats:
    """A fit knows the model's class, predictions are arrays."""
    buying = cv.BetaGeoNBD.fit(rfm)
    assert_type(buying, cv.Fit[cv.BetaGeoNBD])
    assert_type(buying.model, cv.BetaGeoNBD)
    assert_type(buying.standard_errors, dict[str, float])
    draws = buying.draws(1000, rng=np.random.default_rng(1))
    assert_type(draws, cv.BetaGeoNBD)
    assert_type(draws.expected_purchases(rfm, 52), Floats)
    return buying.model.churn_probability(rfm, within=4)


def predicted(rfm: cv.RFM) -> Floats:
    """Published parameters are a model at once."""
    model = cv.BetaGeoNBD(r=0.243, alpha=4.414, a=0.793, b=2.426)
    assert_type(cv.BetaGeoNBD.from_json(model.to_json()), cv.BetaGeoNBD)
    assert_type(model.p_alive(rfm), Floats)
    assert_type(model.expected_purchases(rfm, [[13], [26], [52]]), Floats)
    assert_type(model.simulate([39.0, 30.0], rng=np.random.default_rng(1), unit="week"), cv.RFM)
    return model.discounted_expected_purchases(rfm, cv.Rate.annual(0.15), horizon=156)


def refused() -> cv.Fit[Any] | None:
    """Errors are ordinary ones, too."""
    try:
        cv.Rate.annual(-2)
    except cv.ConvergenceError as error:
        last: cv.Fit[Any] | None = error.fit
        return last
    except (cv.DataError, cv.ParameterError) as error:
        assert_type(str(error), str)
    except ValueError:
        return None
    return None
