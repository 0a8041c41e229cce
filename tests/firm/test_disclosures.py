"""Disclosures: what follows from the identity and from churn, and what breaks it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.errors import DataError, ParameterError
from custvalue.firm.disclosures import Disclosures

QUARTERS = ["2023Q1", "2023Q2", "2023Q3", "2023Q4"]
ADDS, LOSSES = np.array([100.0, 120.0, 80.0, 90.0]), np.array([0.0, 10.0, 30.0, 20.0])
ENDING = np.cumsum(ADDS - LOSSES)


@given(hidden=st.lists(st.sampled_from(["adds", "losses", "ending"]), min_size=4, max_size=4))
def test_one_missing_figure_a_quarter_is_filled_in(hidden):
    columns = {"adds": ADDS.copy(), "losses": LOSSES.copy(), "ending": ENDING.copy()}
    for i, name in enumerate(hidden):
        columns[name][i] = np.nan
    d = Disclosures(**columns, unit="quarter")
    np.testing.assert_allclose(d.adds, ADDS)
    np.testing.assert_allclose(d.losses, LOSSES)
    np.testing.assert_allclose(d.ending, ENDING)


def test_customers_before_the_first_row_follow_too():
    d = Disclosures(adds=[10, 10], losses=[5, 5], ending=[None, 50], periods_before=8, unit="quarter")
    assert d.start == 40
    np.testing.assert_array_equal(d.begun, [40, 45])
    unknown = Disclosures(adds=[10, None], ending=[None, 50], periods_before=8, unit="quarter")
    assert np.isnan(unknown.start)
    np.testing.assert_array_equal(np.isfinite(unknown.losses), [False, False])


def test_churn_rates_fill_in_losses():
    of_start = Disclosures(churn=[0.0, 0.1, 0.2], ending=[100, 120, 130], unit="quarter")
    np.testing.assert_allclose(of_start.losses, [0, 10, 24])
    np.testing.assert_allclose(of_start.adds, [100, 30, 34])
    average = Disclosures(churn=[0.1], churn_of="average", adds=[42], start=100, periods_before=4, unit="quarter")
    assert average.losses[0] == pytest.approx(0.1 * (100 + average.ending[0]) / 2)
    assert average.ending[0] == pytest.approx(142 - average.losses[0])


def test_rows_go_on_from_those_before_them():
    d = Disclosures(adds=ADDS, losses=LOSSES, ending=ENDING, labels=QUARTERS, revenue=[1, 2, 3, 4], unit="quarter")
    later = d[2:]
    assert (len(later), later.periods_before, later.start) == (2, 2, 210.0)
    assert list(later.labels) == QUARTERS[2:]
    assert repr(d[:1]) == "Disclosures of 1 quarters, 2023Q1 to 2023Q1: adds 1, losses 1, ending 1, revenue 1"
    with pytest.raises(DataError, match="consecutive rows"):
        _ = d[::2]


def test_a_broken_identity_names_the_quarters():
    ending = ENDING + np.array([0, 0, 7, 7])
    with pytest.raises(DataError) as caught:
        Disclosures(adds=ADDS, losses=LOSSES, ending=ending, labels=QUARTERS, unit="quarter")
    message = str(caught.value)
    assert "start + adds - losses = end must hold; broken in 1 of 4 rows, first: quarter '2023Q3'" in message
    assert "tolerance" in message
    assert len(Disclosures(adds=ADDS, losses=LOSSES, ending=ending, tolerance=7, unit="quarter")) == 4


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "nothing is disclosed"),
        ({"revenue": [1.0]}, "nothing is disclosed"),
        ({"adds": [1, 2], "losses": [1]}, "one length; got adds 2, losses 1"),
        ({"adds": [1, -2]}, "adds must be >= 0 and finite.*row 1"),
        ({"ending": [1, np.inf]}, "ending must be >= 0 and finite"),
        ({"churn": [1.5]}, "churn must be between 0 and 1"),
        ({"adds": [1], "start": 10}, "periods_before=12"),
        ({"adds": [5], "ending": [9]}, "losses follow from the identity and must be >= 0"),
        ({"adds": ["a"]}, "must be numbers"),
    ],
)
def test_what_cannot_be_is_refused(columns, message):
    with pytest.raises(DataError, match=message):
        Disclosures(**columns, unit="quarter")


def test_losses_of_nothing_but_rounding_are_0():
    d = Disclosures(adds=[5.0], ending=[6.0], tolerance=2, unit="quarter")
    assert d.losses[0] == 0


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"churn_of": "end"}, "churn_of must be 'start' or 'average'; got 'end'"),
        ({"periods_before": -1}, "periods_before must be a whole number >= 0"),
        ({"unit": "decade"}, "unit must be one of"),
    ],
)
def test_arguments_are_checked(changed, message):
    with pytest.raises(ParameterError, match=message):
        Disclosures(**({"adds": [1], "unit": "quarter"} | changed))
