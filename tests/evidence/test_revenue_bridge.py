import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs import KINDS, engine

from custvalue import DataError, ParameterError
from custvalue.evidence.revenue_bridge import RevenueBridge

revenues = st.integers(2, 7).flatmap(
    lambda periods: st.lists(
        st.lists(st.sampled_from([0, 0, 1, 5, 12, 30]), min_size=periods, max_size=periods), min_size=1, max_size=8
    )
)


def by_hand(matrix, over):
    """Amounts and numbers of customers of each kind, customer by customer."""
    kinds = ("opening", "closing", "new", "reactivated", "expansion", "contraction", "churned")
    periods = len(matrix[0]) - over
    found = {name: np.zeros(periods) for name in kinds}
    found |= {
        f"{name}_customers": np.zeros(periods) for name in ("opening", "closing", "new", "reactivated", "churned")
    }
    for row in matrix:
        for t in range(periods):
            was, now = row[t], row[t + over]
            found["opening"][t] += was
            found["closing"][t] += now
            found["opening_customers"][t] += was > 0
            found["closing_customers"][t] += now > 0
            if was and now:
                found["expansion" if now > was else "contraction"][t] += abs(now - was)
            elif now:
                kind = "reactivated" if any(row[:t]) else "new"
                found[kind][t] += now
                found[f"{kind}_customers"][t] += 1
            elif was:
                found["churned"][t] += was
                found["churned_customers"][t] += 1
    return found


@given(revenues, st.integers(1, 6))
def test_the_bridge_is_that_of_each_customer(matrix, over):
    if len(matrix[0]) <= over:
        with pytest.raises(DataError, match=f"over {over} months needs more complete months"):
            RevenueBridge.from_revenue(matrix, over=over, unit="month")
        return
    bridge = RevenueBridge.from_revenue(matrix, over=over, unit="month")
    for name, expected in by_hand(matrix, over).items():
        assert getattr(bridge, name).tolist() == expected.tolist(), name
    assert len(bridge) == len(matrix[0]) - over


@given(revenues, st.floats(0.01, 1e6), st.integers(1, 3))
def test_the_bridge_adds_up(matrix, scale, over):
    over = min(over, len(matrix[0]) - 1)
    b = RevenueBridge.from_revenue(np.array(matrix) * scale, over=over, unit="month")
    np.testing.assert_allclose(
        b.opening + b.new + b.reactivated + b.expansion - b.contraction - b.churned, b.closing, rtol=1e-12, atol=1e-9
    )
    customers = b.opening_customers + b.new_customers + b.reactivated_customers - b.churned_customers
    assert np.array_equal(customers, b.closing_customers)
    some = b.opening > 0
    assert (b.gross_revenue_retention[some] <= 1).all()
    assert (b.gross_revenue_retention[some] <= b.net_revenue_retention[some]).all()
    np.testing.assert_allclose(b.revenue_churn[some], 1 - b.gross_revenue_retention[some], atol=1e-12)
    assert np.isnan(b.net_revenue_retention[~some]).all()
    assert ((b.logo_churn[some] >= 0) & (b.logo_churn[some] <= 1)).all()


def test_rates():
    b = RevenueBridge.from_revenue([[100, 120], [50, 40], [30, 0], [0, 25]], unit="month")
    assert b.net_revenue_retention.tolist() == [160 / 180]
    assert b.gross_revenue_retention.tolist() == [140 / 180]
    assert b.logo_churn.tolist() == [1 / 3]
    assert b.quick_ratio.tolist() == [45 / 40]


def test_logo_churn_and_revenue_churn_differ():
    """One large customer and nine small ones: three of the small leave."""
    b = RevenueBridge.from_revenue([[910, 910], *[[10, 10]] * 6, *[[10, 0]] * 3], unit="month")
    assert b.logo_churn.tolist() == [0.3]
    assert b.revenue_churn.tolist() == [0.03]


def test_quick_ratios_at_the_edges():
    assert RevenueBridge.from_revenue([[1, 2]], unit="month").quick_ratio.tolist() == [np.inf]
    assert np.isnan(RevenueBridge.from_revenue([[1, 1]], unit="month").quick_ratio).all()
    assert RevenueBridge.from_revenue([[1, 0]], unit="month").quick_ratio.tolist() == [0]
    nothing = RevenueBridge.from_revenue([[0, 0, 0]], unit="month")
    assert nothing.closing.tolist() == [0, 0]
    assert np.isnan(nothing.logo_churn).all()


LOG = {
    "customer_id": ["a", "a", "b", "b", "c", "d", "d"],
    "date": ["2024-01-05", "2024-02-09", "2024-01-07", "2024-03-01", "2024-02-02", "2024-03-31", "2024-04-01"],
    "amount": [100.0, 120.0, 50.0, 40.0, 30.0, 25.0, 7.0],
}
MATRIX = [[100, 120, 0], [50, 0, 40], [0, 30, 0], [0, 0, 25]]


@pytest.mark.parametrize("kind", KINDS)
def test_a_log(kind):
    with engine(kind) as build:
        log = build(LOG)
        bridge = RevenueBridge.from_transactions(log, observed_until="2024-04-29", unit="month")
    expected = RevenueBridge.from_revenue(
        MATRIX, labels=np.array(["2024-01", "2024-02", "2024-03"], "datetime64[D]"), unit="month"
    )
    assert bridge == expected
    assert bridge.labels.astype(str).tolist() == ["2024-02-01", "2024-03-01"]
    assert bridge.reactivated.tolist() == [0, 40]
    table = bridge.table()
    if kind == "mapping":
        assert table["closing"].tolist() == [150, 65]
        assert len(table) == 18
    else:
        assert type(table) is type(log)


def test_the_table():
    table = RevenueBridge.from_transactions(pl.DataFrame(LOG), observed_until="2024-04-29", unit="month").table()
    assert table.columns[:2] == ["period", "opening"]
    assert table.schema["period"] == pl.Date
    assert table["quick_ratio"].to_list() == [50 / 50, 65 / 150]
    frame = RevenueBridge.from_transactions(pd.DataFrame(LOG), unit="quarter", over=1, observed_until="2024-06-30")
    assert frame.table()["closing"].tolist() == [7]
    assert repr(frame) == "RevenueBridge of 1 quarters, 2024-04-01 to 2024-04-01, over 1: revenue from 365 to 7"


def test_refunds():
    log = {
        "customer_id": ["a", "a", "b", "a"],
        "date": ["2024-01-05", "2024-02-09", "2024-02-07", "2024-03-30"],
        "amount": [100.0, -20.0, 50.0, 9.0],
    }
    with pytest.raises(
        DataError, match=r"must be >= 0, net of refunds.*customer 'a'.*2024-02-01.*-20.0.*refunds='drop'"
    ):
        RevenueBridge.from_transactions(log, observed_until="2024-03-31", unit="month")
    dropped = RevenueBridge.from_transactions(log, observed_until="2024-03-31", refunds="drop", unit="month")
    assert dropped.churned.tolist() == [100, 50]
    assert dropped.reactivated.tolist() == [0, 9]
    cents = {"customer_id": ["a"] * 4, "date": ["2024-01-01"] * 3 + ["2024-02-29"], "amount": [0.1, 0.2, -0.3, 5.0]}
    assert RevenueBridge.from_transactions(cents, unit="month").new.tolist() == [5]
    free = {**log, "amount": [100.0, 0.0, 50.0, 9.0]}
    assert RevenueBridge.from_transactions(free, observed_until="2024-03-31", unit="month") == dropped


def test_what_is_refused():
    with pytest.raises(DataError, match="row per customer and a column per period"):
        RevenueBridge.from_revenue([1, 2], unit="month")
    with pytest.raises(DataError, match=r"finite and >= 0; broken in 2 of 3 rows"):
        RevenueBridge.from_revenue([[1, np.nan], [1, -1], [0, 0]], unit="month")
    with pytest.raises(DataError, match="labels must be one per column: 2"):
        RevenueBridge.from_revenue([[1, 2]], labels=["a"], unit="month")
    for over in (0, -1, 1.5, "12"):
        with pytest.raises(ParameterError, match="over must be a whole number"):
            RevenueBridge.from_revenue([[1, 2]], over=over, unit="month")
    with pytest.raises(ParameterError, match="unit must be one of"):
        RevenueBridge.from_revenue([[1, 2]], unit="decade")
