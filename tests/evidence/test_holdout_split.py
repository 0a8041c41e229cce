import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs import KINDS, engine, reference

from custvalue import RFM, Opportunities, datasets, holdout_split
from custvalue.errors import DataError, ParameterError

START = dt.datetime.fromisoformat("2024-01-01")


def test_cdnow_holdout():
    halves = holdout_split(datasets.cdnow(), at="1997-09-30", until="1998-06-30", amount="amount", unit="week")
    assert len(halves.calibration) == 2357
    assert halves.calibration.x.sum() == 2457
    assert halves.purchases.sum() == 1882
    assert halves.duration == 39.0
    assert halves.new_customers == 0
    late = datasets.cdnow()["date"] > np.datetime64("1997-09-30")
    assert halves.spend.sum() == pytest.approx(datasets.cdnow()["amount"][late].sum())
    assert halves == holdout_split(
        pd.DataFrame(datasets.cdnow()), at=dt.date(1997, 9, 30), amount="amount", unit="week"
    )


NO_DATES = [39, 9900, 20000.0, True, np.int64(9), [START], pd.NaT, np.datetime64("NaT"), "NaT", ""]
NO_DATES += ["30.9.1997", "19970930", "1997-09-31", "1997-9-30", "1997-W40-2", "1997-09-30Z", "1997-09-30T25:00"]


@pytest.mark.parametrize("value", NO_DATES, ids=repr)
def test_what_is_no_date_names_the_argument(value):
    log = {"customer_id": ["ann"], "date": ["1997-01-01"]}
    calls = {
        "at": lambda: holdout_split(log, at=value, unit="week"),
        "until": lambda: holdout_split(log, at="1997-09-30", until=value, unit="week"),
        "observed_until": lambda: RFM.from_transactions(log, observed_until=value, unit="week"),
        "first_purchase_from": lambda: holdout_split(log, at="1997-09-30", first_purchase_from=value, unit="week"),
    }
    for name, call in calls.items():
        with pytest.raises(ParameterError, match=rf"^{name} must be a date such as '1997-09-30'; got "):
            call()
    with pytest.raises(ParameterError, match=r"^observed_until must be a date such as"):
        Opportunities.from_transactions(log, observed_until=value, unit="year")
    with pytest.raises(ParameterError, match=r"^first_purchase_from must be a date such as"):
        RFM.from_transactions(log, first_purchase_from=value, unit="week")


ONE_DAY = [dt.date(1997, 9, 30), START.replace(1997, 9, 30), np.datetime64("1997-09-30"), pd.Timestamp(1997, 9, 30)]


@pytest.mark.parametrize("value", [*ONE_DAY, "1997-09-30", "1997-09-30 12:00", "1997-09-30T12:00:30.5"], ids=repr)
def test_a_date_has_many_forms(value):
    log = {"customer_id": ["ann"], "date": ["1997-09-28"]}
    assert RFM.from_transactions(log, observed_until=value, unit="day").T == 2


@st.composite
def logs(draw):
    """(rows, the cut, the end, options): up to 20 rows of few customers within 100 days."""
    amount = st.sampled_from([-10.0, 0.0, 5.0, 20.25])
    rows = [
        (who, START + dt.timedelta(days=day), money)
        for who, day, money in draw(
            st.lists(st.tuples(st.integers(1, 4), st.integers(0, 100), amount), min_size=1, max_size=20)
        )
    ]
    at = draw(st.integers(0, 99))
    until = draw(st.one_of(st.none(), st.integers(at + 1, 110)))
    options = {
        "collapse": draw(st.sampled_from(["day", "week", "month", None])),
        "refunds": draw(st.sampled_from(["net", "drop"])),
    }
    return rows, at, until, options


def _day(number):
    return None if number is None else (START + dt.timedelta(days=number)).date()


@pytest.mark.parametrize("kind", KINDS)
@given(case=logs())
def test_every_backend_agrees_with_plain_python(kind, case):
    rows, at, until, options = case
    columns = {
        "customer_id": [row[0] for row in rows],
        "date": [row[1].date() for row in rows],
        "amount": [row[2] for row in rows],
    }
    last = max(row[1] for row in rows).date()
    known = [row for row in rows if row[1].date() <= _day(at)]
    held = [row for row in rows if _day(at) < row[1].date() <= (_day(until) or last)]
    expected = known and reference(
        known, unit="week", until=_day(at), first_in_spend=False, newcomers_from=None, whole_days=True, **options
    )
    with engine(kind) as build:
        log = build(columns)
        arguments = {"at": _day(at), "until": _day(until), "amount": "amount", "unit": "week", **options}
        if (_day(until) or last) <= _day(at):
            with pytest.raises(ParameterError, match="the holdout is empty"):
                holdout_split(log, **arguments)
            return
        if not expected:
            with pytest.raises(DataError, match="no purchase up to"):
                holdout_split(log, **arguments)
            return
        found = holdout_split(log, **arguments)
    assert found.calibration.ids.tolist() == list(expected)
    np.testing.assert_array_equal(found.calibration.x, [row[0] for row in expected.values()])
    np.testing.assert_allclose(found.calibration.m, [float(row[3]) for row in expected.values()], atol=1e-12)
    if options["refunds"] == "drop":
        held = [row for row in held if row[2] > 0]
    np.testing.assert_array_equal(found.purchases, [_periods(held, who, at, options) for who in expected])
    np.testing.assert_allclose(found.spend, [sum(r[2] for r in held if r[0] == who) for who in expected], atol=1e-12)
    assert found.new_customers == len({row[0] for row in held if row[2] >= 0} - set(expected))
    assert found.duration == pytest.approx(((_day(until) or last) - _day(at)).days / 7, rel=1e-15)


def _periods(rows, who, at, options):
    """Distinct collapse periods of one customer's purchases in the holdout."""
    days = [when for other, when, amount in rows if other == who and amount >= 0]
    name = {
        "day": lambda when: when,
        None: lambda when: when,
        "month": lambda when: (when.year, when.month),
        "week": lambda when: ((when - START).days - at - 1) // 7,
    }[options["collapse"]]
    return len({name(day) for day in days})


def test_older_customers_are_not_new():
    log = {
        "customer_id": [1, 2, 1, 2, 3],
        "date": ["2024-01-01", "2024-01-10", "2024-02-01", "2024-02-01", "2024-02-02"],
    }
    halves = holdout_split(log, at="2024-01-15", first_purchase_from="2024-01-05", unit="week")
    assert halves.calibration.ids.tolist() == [2]
    assert (halves.purchases.tolist(), halves.spend, halves.new_customers) == ([1.0], None, 1)


def test_a_quiet_holdout():
    log = {"customer_id": [1, 1], "date": ["2024-01-01", "2024-06-01"], "amount": [1.0, 2.0]}
    halves = holdout_split(log, at="2024-01-15", until="2024-02-15", amount="amount", unit="day")
    assert (halves.purchases[0], halves.spend[0], halves.duration, halves.new_customers) == (0, 0, 31, 0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("write", [str, dt.date.fromisoformat, dt.datetime.fromisoformat])
def test_both_ends_are_inclusive(kind, write):
    days = ["2024-01-01", "2024-01-15", "2024-01-16", "2024-02-15", "2024-02-16"]
    with engine(kind) as build:
        log = build({"customer_id": [1] * 5, "date": [write(day) for day in days]})
        halves = holdout_split(log, at="2024-01-15", until="2024-02-15", unit="day")
    assert (halves.calibration.x[0], halves.calibration.t_x[0], halves.calibration.T[0]) == (1, 14, 14)
    assert (halves.purchases[0], halves.duration) == (2, 31)
