import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.errors import DataError
from custvalue.records.time import as_moment, as_optional_moment

DAY = dt.date(2024, 1, 5)
NOON = dt.datetime.fromisoformat("2024-01-05T12:00")


@pytest.mark.parametrize(
    ("given_as", "expected"),
    [
        (DAY, DAY),
        ("2024-01-05", DAY),
        (np.datetime64("2024-01-05"), DAY),
        (np.datetime64("2024-01"), dt.date(2024, 1, 1)),
        (NOON, NOON),
        ("2024-01-05T12:00", NOON),
        ("2024-01-05 12:00", NOON),
        (np.datetime64("2024-01-05T12", "ns"), NOON),
        (pd.Timestamp("2024-01-05 12:00"), NOON),
    ],
)
def test_every_form_of_a_date_becomes_that_date(given_as, expected):
    moment = as_moment(given_as)
    assert moment == expected
    assert isinstance(moment, dt.datetime) == isinstance(expected, dt.datetime)


@given(st.dates())
def test_text_and_numpy_agree_with_the_date(day):
    assert as_moment(day.isoformat()) == as_moment(np.datetime64(day)) == as_moment(day) == day


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53))
def test_numbers_become_floats(years):
    moment = as_moment(years)
    assert moment == years
    assert type(moment) is float


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (pd.NaT, "NaT"),
        (np.datetime64("NaT", "D"), "NaT"),
        ("NaT", "not an ISO date"),
        ("5 January", "not an ISO date"),
        ("20240105", "not an ISO date"),
        ("2024-W01-5", "not an ISO date"),
        ("2024-01-05soon", "not an ISO date"),
        (np.datetime64("20000-01-01"), "years 1 to 9999"),
        (np.nan, "finite"),
        (-np.inf, "finite"),
        (None, "got None"),
        ([1.0], "one finite number"),
    ],
)
def test_what_is_no_moment_is_refused(bad, says):
    with pytest.raises(DataError, match=says):
        as_moment(bad)


def test_none_stays_none_where_it_may_be_missing():
    assert as_optional_moment(None) is None
    assert as_optional_moment("2024-01-05") == DAY
