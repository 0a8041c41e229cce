import datetime as dt
import importlib.util
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs import KINDS, engine, reference

from custvalue import RFM, datasets
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.summary import summarize

START = dt.datetime.fromisoformat("2023-12-20")
MINUTES = 100 * 24 * 60


@st.composite
def logs(draw):
    """(rows, form of the dates, options): up to 20 rows of few customers within 100 days."""
    minute = st.one_of(st.integers(0, MINUTES), st.integers(0, 12).map(lambda d: d * 24 * 60))
    ids = draw(st.sampled_from([[1, 2, 10], ["ann", "bob", "Zoe é"]]))
    amount = st.sampled_from([-10.0, -2.5, 0.0, 5.0, 20.25, 7.0])
    with_amount, signed = draw(st.booleans()), draw(st.booleans())
    rows = [
        (who, START + dt.timedelta(minutes=at), (money if signed else abs(money)) if with_amount else None)
        for who, at, money in draw(st.lists(st.tuples(st.sampled_from(ids), minute, amount), min_size=1, max_size=20))
    ]
    form = draw(st.sampled_from(["date", "datetime", "text date", "text datetime"]))
    if form in ("date", "text date"):
        rows = [(who, when.replace(hour=0, minute=0), money) for who, when, money in rows]
    last = max(when for _, when, _ in rows)
    ends = [None, last.date(), last.date() + dt.timedelta(days=3), last + dt.timedelta(minutes=90)]
    options = {
        "collapse": draw(st.sampled_from(["day", "week", "month", "quarter", "year", None])),
        "unit": draw(st.sampled_from(["day", "week", "month", "year"])),
        "observed_until": draw(st.sampled_from(ends)),
        "refunds": draw(st.sampled_from(["net", "drop"])),
        "first_purchase_in_spend": draw(st.booleans()),
        "first_purchase_from": draw(st.sampled_from([None, dt.date(2023, 12, 25)])),
        "log_interpurchase": draw(st.booleans()),
    }
    return rows, form, options


def columns(rows, form):
    write = {
        "date": lambda when: when.date(),
        "datetime": lambda when: when,
        "text date": lambda when: when.date().isoformat(),
        "text datetime": lambda when: when.isoformat(" "),
    }[form]
    found = {"customer_id": [row[0] for row in rows], "date": [write(row[1]) for row in rows]}
    if rows[0][2] is not None:
        found["amount"] = [row[2] for row in rows]
    return found


@pytest.mark.parametrize("kind", KINDS)
@given(case=logs())
def test_every_backend_agrees_with_plain_python(kind, case):
    rows, form, options = case
    newcomers = options["first_purchase_from"]
    expected = reference(
        rows,
        collapse=options["collapse"],
        unit=options["unit"],
        until=options["observed_until"],
        refunds=options["refunds"],
        first_in_spend=options["first_purchase_in_spend"],
        newcomers_from=newcomers and dt.datetime.combine(newcomers, dt.time()),
        whole_days=form == "date",
    )
    amount = None if rows[0][2] is None else "amount"
    with engine(kind) as build:
        log = build(columns(rows, form))
        if not expected:
            with pytest.raises(DataError, match=r"no purchase|no customer's first purchase"):
                summarize(log, amount=amount, **options)
            return
        found = summarize(log, amount=amount, **options)
    assert found.rfm.ids.tolist() == list(expected)
    if newcomers is None:
        assert found.facts.left_out == 0
    else:
        everyone = summarize(log, amount=amount, **{**options, "first_purchase_from": None})
        assert found.facts.left_out == len(everyone.rfm.ids) - len(found.rfm.ids)
    x, t_x, T, m, count, spacing = (
        list(map(float, c)) if c[0] is not None else None for c in zip(*expected.values(), strict=True)
    )
    np.testing.assert_array_equal(found.rfm.x, x)
    np.testing.assert_allclose(found.rfm.t_x, t_x, rtol=1e-14)
    np.testing.assert_allclose(found.rfm.T, T, rtol=1e-14)
    np.testing.assert_array_equal(found.rfm.m_count, count)
    if options["log_interpurchase"]:
        np.testing.assert_allclose(found.rfm.log_interpurchase, spacing, rtol=1e-13, atol=1e-12)
    else:
        assert found.rfm.log_interpurchase is None
    if m is None:
        assert found.rfm.m is None
        assert found.facts.total_spend is None
    else:
        np.testing.assert_allclose(found.rfm.m, m, rtol=1e-12, atol=1e-12)
        assert found.facts.total_spend == pytest.approx(sum(row[2] for row in rows))
        assert found.facts.nonpositive == sum(row[2] <= 0 for row in rows)
    assert found.facts.rows == len(rows)
    assert found.facts.first_day == np.datetime64(min(row[1] for row in rows), "D")
    assert found.facts.last_day == np.datetime64(max(row[1] for row in rows), "D")


def lifetimes_file(name, **options):
    folder = Path(importlib.util.find_spec("lifetimes").origin).parent / "datasets"
    frame = pd.read_csv(folder / name, sep=r"\s+", header=None, dtype={"date": str}, **options)
    return frame.assign(date=pd.to_datetime(frame["date"], format="%Y%m%d"))


@pytest.mark.parametrize(
    ("name", "options", "customers"),
    [
        ("CDNOW_sample.txt", {"names": ["row", "customer_id", "date", "cds", "amount"]}, 2357),
        ("CDNOW_master.txt", {"names": ["customer_id", "date", "cds", "amount"], "skiprows": 1}, 23570),
    ],
)
@pytest.mark.parametrize("first", [False, True])
def test_cdnow_equals_lifetimes(name, options, customers, first):
    log = lifetimes_file(name, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lifetimes.utils import summary_data_from_transaction_data

        theirs = summary_data_from_transaction_data(
            log, "customer_id", "date", "amount", freq="D", freq_multiplier=7, include_first_transaction=False
        )
    ours = RFM.from_transactions(log, amount="amount", first_purchase_in_spend=first, unit="week")
    assert len(ours) == customers
    np.testing.assert_array_equal(ours.ids, theirs.index)
    np.testing.assert_array_equal(ours.x, theirs["frequency"])
    np.testing.assert_allclose(ours.t_x, theirs["recency"], rtol=1e-15)
    np.testing.assert_allclose(ours.T, theirs["T"], rtol=1e-15)
    if first:
        total = log.groupby("customer_id")["amount"].sum()
        np.testing.assert_allclose(ours.m * (ours.x + 1), total, rtol=1e-12, atol=1e-12)
    else:
        np.testing.assert_allclose(ours.m, theirs["monetary_value"], rtol=1e-12, atol=1e-12)


def test_cdnow_customer_1_has_30_43_weeks_of_recency():
    log = datasets.cdnow()
    until = log["date"] <= np.datetime64("1997-09-30")
    log = {name: values[until] for name, values in log.items()}
    rfm = RFM.from_transactions(log, amount="amount", observed_until="1997-09-30", unit="week")
    assert len(rfm) == 2357
    assert (rfm.x[0], rfm.t_x[0], rfm.T[0]) == (2, 213 / 7, 272 / 7)


def test_weeks_are_counted_back_from_the_end():
    days = np.array(["2024-01-01", "2024-01-07", "2024-01-08"], dtype="datetime64[D]")
    to_sunday = summarize(
        {"customer_id": [1, 1, 1], "date": days}, collapse="week", observed_until="2024-01-14", unit="week"
    )
    to_saturday = summarize(
        {"customer_id": [1, 1, 1], "date": days}, collapse="week", observed_until="2024-01-13", unit="week"
    )
    assert (to_sunday.rfm.x[0], to_sunday.rfm.t_x[0]) == (1, 1.0)
    assert (to_saturday.rfm.x[0], to_saturday.rfm.t_x[0]) == (1, 6 / 7)


def test_a_refund_never_moves_a_purchase():
    log = {
        "customer_id": [1, 1, 1, 1, 1, 2, 3],
        "date": ["2024-01-01", "2024-01-05", "2024-01-05", "2024-01-09", "2024-01-20", "2024-01-02", "2024-01-03"],
        "amount": [-4.0, 10.0, -3.0, -2.0, 30.0, -9.0, 5.0],
    }
    found = summarize(log, amount="amount", unit="day", observed_until="2024-01-25")
    np.testing.assert_array_equal(found.rfm.ids, [1, 3])
    np.testing.assert_array_equal(found.rfm.x, [1, 0])
    np.testing.assert_array_equal(found.rfm.t_x, [15, 0])
    np.testing.assert_array_equal(found.rfm.m, [28.0, 0])
    both = summarize(log, amount="amount", first_purchase_in_spend=True, unit="week")
    np.testing.assert_array_equal(both.rfm.m, [35.0 / 2, 5.0])


def test_without_a_time_of_day_the_last_day_counts_whole():
    moments = np.array(["2024-01-01T12:00", "2024-01-02T18:00"], dtype="datetime64[s]")
    day = summarize({"customer_id": [1, 1], "date": moments}, collapse=None, unit="day", observed_until="2024-01-02")
    moment = summarize(
        {"customer_id": [1, 1], "date": moments}, collapse=None, unit="day", observed_until="2024-01-02T18:00"
    )
    assert (day.rfm.t_x[0], day.rfm.T[0], moment.rfm.T[0]) == (1.25, 1.5, 1.25)
    with pytest.raises(DataError, match="observed_until"):
        summarize(
            {"customer_id": [1, 1], "date": moments}, collapse=None, observed_until="2024-01-02T17:59", unit="week"
        )


def test_keys_beyond_64_bits():
    rng = np.random.default_rng(0)
    ids = np.array([f"c{i}" for i in rng.integers(0, 50, 300)])
    ticks = rng.integers(0, 9 * 10**17, 300).astype("datetime64[us]")
    found = summarize({"customer_id": ids, "date": ticks}, collapse=None, unit="year")
    assert (found.rfm.x + 1).sum() == 300
    own = np.sort(ticks[ids == found.rfm.ids[0]])
    assert found.rfm.t_x[0] == pytest.approx((own[-1] - own[0]) / np.timedelta64(1, "D") / 365.25, rel=1e-12)


@pytest.mark.parametrize(
    ("option", "value"),
    [("collapse", "hour"), ("unit", "decade"), ("refunds", "keep"), ("timezone", "Mars/Olympus")],
)
def test_options_outside_their_choices(option, value):
    with pytest.raises(ParameterError, match=option):
        RFM.from_transactions({"customer_id": [1], "date": ["2024-01-01"]}, **{"unit": "week", option: value})


def test_customers_left_out_are_counted():
    """Neither those with refunds only nor the rows of those who stay are among them."""
    log = {
        "customer_id": ["ann", "ann", "bob", "cyd", "dan", "eve"],
        "date": ["2024-01-01", "2024-03-01", "2024-01-31", "2024-02-01", "2024-03-01", "2024-01-05"],
        "amount": [1.0, 1.0, 1.0, 1.0, 1.0, -1.0],
    }
    found = summarize(log, amount="amount", first_purchase_from="2024-02-01", unit="week")
    assert (found.rfm.ids.tolist(), found.facts.left_out) == (["cyd", "dan"], 2)
    assert summarize(log, amount="amount", unit="week").facts.left_out == 0
