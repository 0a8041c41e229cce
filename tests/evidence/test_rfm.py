"""RFM: the rules of its columns, what they are completed to, and messages that name the customer."""

from __future__ import annotations

import numpy as np
import pytest

from custvalue import RFM, DataError

BROKEN = {
    "x, t_x and T must be finite": [(np.nan, 0, 2), (1, np.inf, np.inf), (0, 0, np.nan)],
    "x must be a whole number >= 0": [(1.5, 1, 2), (-1, 0, 2)],
    "0 <= t_x <= T must hold": [(1, 3, 2), (1, -1, 2)],
    "t_x = 0 must hold where x = 0, and t_x > 0 where x > 0": [(0, 1, 2), (1, 0, 2)],
}


@pytest.mark.parametrize(("rule", "columns"), [(rule, rows) for rule, cases in BROKEN.items() for rows in cases])
def test_rules_are_kept_and_named(rule: str, columns: tuple[float, float, float]) -> None:
    with pytest.raises(DataError, match=rule):
        RFM(*columns, unit="week")


def test_messages_name_the_customer_and_the_values() -> None:
    with pytest.raises(DataError, match=r"broken in 1 of 2 rows, first: customer 'bob' \(x=1.0, t_x=3.0, T=2.0\)\. "):
        RFM([1, 1], [1, 3], 2, ids=["ann", "bob"], unit="week")
    with pytest.raises(DataError, match="x must be numbers; got 'one'"):
        RFM("one", 0, 2, unit="week")


def test_spend_is_over_m_count_purchases() -> None:
    rfm = RFM([0, 2], [0, 1], 3, m=[np.nan, 6], unit="week")
    assert (rfm.m.tolist(), rfm.m_count.tolist()) == ([0, 6], [0, 2])
    with_first = RFM([0, 2], [0, 1], 3, m=[5, 6], m_count=[1, 3], unit="week")
    assert with_first.m.tolist() == [5, 6]
    assert repr(with_first).endswith("mean spend 5.75")
    with pytest.raises(DataError, match=r"m must be finite where m_count > 0; broken in 1 of 2"):
        RFM([0, 2], [0, 1], 3, m=[5, np.nan], unit="week")
    with pytest.raises(DataError, match=r"m_count must be x or x \+ 1; broken in 1 of 2"):
        RFM([0, 2], [0, 1], 3, m=[5, 6], m_count=[0, 5], unit="week")


def test_columns_broadcast_and_rows_may_be_a_grid() -> None:
    rows = RFM([[1], [0]], [[2], [0]], [3, 4, 5], unit="week")
    assert rows.x.shape == rows.t_x.shape == rows.T.shape == rows.m_count.shape == (2, 3)
    assert len(rows) == 6
    assert RFM(1, 2, 3, unit="week").x.shape == ()
    assert repr(RFM([], [], [], unit="day")) == "RFM of 0 customers, in days"


def test_totals_are_weighted() -> None:
    text = "RFM of 8 customers, in weeks: 6 repeat purchases, 5 with none, T from 9 to 9, mean spend 7"
    assert repr(RFM([2, 0], [4, 0], 9, m=[7, 0], weights=[3, 5], unit="week")) == text
