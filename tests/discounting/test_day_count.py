import datetime as dt
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.discounting.day_count import DayCount, years_between
from custvalue.errors import DataError, ParameterError

DATES = st.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31))
COUNTS = get_args(DayCount)


@given(DATES, DATES)
def test_actual_counts_divide_days(start, end):
    days = (end - start).days
    for name, year in {"act/365": 365, "act/365.25": 365.25, "act/360": 360}.items():
        assert years_between(start, end, name) == days / year


def test_act_act_takes_each_calendar_year_by_its_length():
    # ISDA 2006 definitions, 4.16(b); the example of ISDA's memorandum of 1998: 1 Nov 2003 to 1 May 2004
    value = years_between("2003-11-01", "2004-05-01", "act/act")
    assert value == pytest.approx(61 / 365 + 121 / 366, rel=1e-15)
    # the same memorandum: 1 Feb 1999 to 1 Jul 1999, and to 1 Jul 2000
    assert years_between("1999-02-01", "1999-07-01", "act/act") == pytest.approx(150 / 365, rel=1e-15)
    assert years_between("1999-07-01", "2000-07-01", "act/act") == pytest.approx(184 / 365 + 182 / 366, rel=1e-15)


@pytest.mark.parametrize(
    ("start", "end", "american", "european"),
    [
        ("2007-01-15", "2007-01-30", 15, 15),
        ("2007-01-15", "2007-07-15", 180, 180),
        ("2007-09-30", "2007-10-31", 30, 30),
        ("2007-01-15", "2007-01-31", 16, 15),
        ("2007-01-31", "2007-02-28", 28, 28),
        ("2007-02-28", "2007-03-31", 33, 32),
        ("2007-12-31", "2008-12-31", 360, 360),
    ],
)
def test_months_of_thirty_days(start, end, american, european):
    # the rules of ISDA 2006, 4.16(f) and (g), by hand
    assert years_between(start, end, "30/360") == american / 360
    assert years_between(start, end, "30E/360") == european / 360


@given(DATES, DATES, st.sampled_from(COUNTS))
def test_there_and_back_is_nothing(start, end, name):
    assert years_between(start, end, name) == -years_between(end, start, name)


@given(DATES, DATES, DATES)
def test_actual_years_add_up(a, b, c):
    for name in ("act/365", "act/act"):
        whole = years_between(a, c, name)
        assert years_between(a, b, name) + years_between(b, c, name) == pytest.approx(whole, rel=0, abs=1e-13)


@given(DATES, DATES, st.sampled_from(COUNTS))
def test_conventions_agree_within_a_few_days_a_year(start, end, name):
    years = (end - start).days / 365.25
    assert years_between(start, end, name) == pytest.approx(years, rel=0.016, abs=3 / 360)


@pytest.mark.parametrize("name", COUNTS)
def test_arrays_broadcast_and_a_time_of_day_counts(name):
    ends = np.array(["2024-01-31", "2024-02-29T12:00"], dtype="datetime64[m]")
    years = years_between("2024-01-01", ends, name)
    assert years.shape == (2,)
    assert years[0] == years_between("2024-01-01", dt.date(2024, 1, 31), name)
    whole, next_day = (years_between("2024-01-01", day, name) for day in ("2024-02-29", "2024-03-01"))
    assert whole < years[1] < next_day


def test_bad_input_is_refused():
    with pytest.raises(ParameterError, match=r"day_count must be 'act/365', 'act/365\.25'"):
        years_between("2024-01-01", "2024-02-01", "actual")
    with pytest.raises(DataError, match="must be dates"):
        years_between("2024-01-01", [1.0, 2.0])
    with pytest.raises(DataError, match="NaT"):
        years_between("2024-01-01", np.array(["2024-01-01", "NaT"], dtype="datetime64[D]"))
    with pytest.raises(DataError, match="not an ISO date"):
        years_between("2024-01-01", "31.1.2024")
