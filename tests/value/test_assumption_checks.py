"""What is said of a valuation's assumptions, just above and just below the size that calls for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from custvalue.evidence.rfm import RFM
from custvalue.value.assumption_checks import Checks, class_spend, correlation


def notes(**found: Any) -> tuple[str, ...]:
    """The notes of a valuation of which nothing else is to be said."""
    quiet = {
        "spend_frequency_correlation": 0.12,
        "spend_frequency_effect": 0.0,
        "alive_by_assumption": 0.0,
        "without_spend": 0,
    }
    return Checks(**quiet | found).notes


def test_nothing_is_said_of_what_holds() -> None:
    assert notes() == ()


@pytest.mark.parametrize("sign", [1, -1])
def test_spend_that_goes_with_frequency_is_said_above_5_percent_of_the_total(sign: int) -> None:
    assert notes(spend_frequency_effect=0.0499 * sign) == ()
    assert notes(spend_frequency_effect=0.05 * sign) == ()
    (said,) = notes(spend_frequency_effect=0.0501 * sign)
    assert "spend goes with frequency (correlation +0.12)" in said
    assert said.endswith("by about +5%" if sign > 0 else "by about -5%")


def test_customers_who_are_alive_by_assumption_are_said_above_a_tenth_of_all() -> None:
    assert notes(alive_by_assumption=0.1) == ()
    (said,) = notes(alive_by_assumption=0.1001)
    assert said.startswith("10% of customers bought once")
    (said,) = notes(alive_by_assumption=0.1001, nobody_leaves=True)
    assert said.startswith("the model takes all customers for alive")


def test_one_customer_without_spend_or_left_out_is_said() -> None:
    assert notes(without_spend=1)[0].startswith("1 repeat customers have no positive mean spend")
    assert notes(left_out=1)[0].startswith("1 customers who first bought before first_purchase_from")


def test_a_correlation_needs_three_pairs_that_vary() -> None:
    one, two = np.array([1.0, 2.0, 4.0]), np.array([3.0, 1.0, 8.0])
    assert correlation(one, two) == pytest.approx(np.corrcoef(one, two)[0, 1])
    assert np.isnan([correlation(one[:2], two[:2]), correlation(one, 0 * two), correlation(0 * one, two)]).all()


def test_classes_of_spend_end_at_fibonacci_s_numbers() -> None:
    x = np.array([0, 1, 2, 3, 4, 5, 6, 8, 9, 13])
    m = np.array([0, 10, 20, 30, 40, 50, 60, 80, 90, 130], dtype=float)
    spend = class_spend(RFM(x, np.where(x > 0, 1.0, 0.0), 2.0, m=m, unit="week"), m)
    middle = (4 * 40 + 5 * 50) / 9, (6 * 60 + 8 * 80) / 14, (9 * 90 + 13 * 130) / 22
    assert spend == pytest.approx(np.array([10, 10, 20, 30, *np.repeat(middle, 2)]))


def test_an_empty_class_of_spend_takes_the_class_below_or_the_lowest_there_is() -> None:
    x, m = np.array([0, 2, 5]), np.array([0.0, 20.0, 50.0])
    rows = RFM(x, np.where(x > 0, 1.0, 0.0), 2.0, m=m, unit="week")
    assert class_spend(rows, m) == pytest.approx(np.array([20, 20, 50]))
