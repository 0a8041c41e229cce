"""The sum of the logs of the times between purchases: by every way to an RFM, and what it may be."""

from __future__ import annotations

import numpy as np
import pytest
from attrs import evolve

from custvalue import RFM, CashFlow, Customer, Relationship, holdout_split
from custvalue.errors import DataError
from custvalue.evidence.interpurchase_times import InterpurchaseTimes

LOG = {
    "customer_id": [1, 2, 1, 1, 1, 2],
    "date": ["2024-01-29", "2024-01-01", "2024-01-01", "2024-01-15", "2024-01-15", "2024-01-02"],
}
SPACING = [2 * np.log(2), np.log(1 / 7)]
"""In weeks: customer 1 bought after two weeks and two more, customer 2 after a day."""
ROW = {"x": [2, 0], "t_x": [4, 0], "T": [9, 9], "unit": "week"}


def test_it_is_counted_between_purchases_in_the_unit_of_time() -> None:
    rfm = RFM.from_transactions(LOG, log_interpurchase=True, unit="week")
    assert rfm.log_interpurchase == pytest.approx(SPACING, rel=1e-15)
    days = RFM.from_transactions(LOG, unit="day", log_interpurchase=True)
    assert days.log_interpurchase == pytest.approx(SPACING + rfm.x * np.log(7), rel=1e-15)
    months = RFM.from_transactions(LOG, unit="day", collapse="month", log_interpurchase=True)
    assert months.log_interpurchase.tolist() == [0, 0]
    halves = holdout_split(LOG, at="2024-01-20", log_interpurchase=True, unit="week")
    assert halves.calibration.log_interpurchase == pytest.approx([np.log(2), SPACING[1]])
    assert holdout_split(LOG, at="2024-01-20", unit="week").calibration.log_interpurchase is None


def test_one_by_one_they_leave_out_who_bought_before() -> None:
    log = {
        "customer_id": [1, 1, 2, 2, 2],
        "date": ["2023-12-25", "2024-01-08", "2024-01-01", "2024-01-02", "2024-01-05"],
    }
    times = InterpurchaseTimes.from_transactions(log, unit="day", first_purchase_from="2024-01-01")
    assert times == InterpurchaseTimes([2], [1, 3], unit="day")
    assert InterpurchaseTimes.from_transactions(log, unit="day") == InterpurchaseTimes([1, 2], [14, 1, 3], unit="day")
    with pytest.raises(
        DataError, match=r"no customer's first purchase is on or after first_purchase_from \(2025-01-01\)"
    ):
        InterpurchaseTimes.from_transactions(log, unit="day", first_purchase_from="2025-01-01")


@pytest.mark.parametrize("when", [["2024-01-01", "2024-01-15", "2024-01-29"], [-4, -2, 0]], ids=["dates", "years"])
def test_of_records(when: list) -> None:
    flows = [CashFlow(5.0, day) for day in when]
    ann = Customer("ann", [Relationship("shop", start=when[0], cash_flows=flows)])
    unit = "week" if isinstance(when[0], str) else "year"
    options = {"observed_until": when[-1], "unit": unit, "collapse": "day" if unit == "week" else None}
    assert RFM.from_customers([ann], **options, log_interpurchase=True).log_interpurchase == pytest.approx(
        [2 * np.log(2)]
    )
    assert RFM.from_customers([ann], **options).log_interpurchase is None


def test_it_goes_with_the_rows() -> None:
    rfm = RFM(**ROW, log_interpurchase=[1.3, 5.0])
    assert rfm.log_interpurchase.tolist() == [1.3, 0.0]
    assert rfm[::-1].log_interpurchase.tolist() == [0.0, 1.3]
    assert rfm[[0]] == RFM([2], 4, 9, log_interpurchase=1.3, unit="week")
    assert rfm != evolve(rfm, log_interpurchase=[1.2, 0.0])
    assert rfm != RFM(**ROW)
    with pytest.raises(ValueError, match="read-only"):
        rfm.log_interpurchase[0] = 1.0


@pytest.mark.parametrize("bad", [1.6, np.nan, np.inf])
def test_it_is_at_most_that_of_equal_times(bad: float) -> None:
    assert RFM(**ROW, log_interpurchase=[2 * np.log(2), 0]).log_interpurchase[0] == 2 * np.log(2)
    with pytest.raises(DataError, match=r"x log\(t_x / x\).*1 of 2 rows.*in the unit of t_x"):
        RFM(**ROW, log_interpurchase=[bad, 0.0])


def test_of_one_repeat_purchase_it_is_the_log_of_its_time() -> None:
    assert RFM(1, 4, 9, log_interpurchase=np.log(4), unit="year").log_interpurchase == np.log(4)
    with pytest.raises(DataError, match="log_interpurchase"):
        RFM(1, 4, 9, log_interpurchase=0.0, unit="year")
