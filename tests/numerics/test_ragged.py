import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.numerics import ragged
from custvalue.numerics.ragged import (
    blocks,
    count,
    exponential_sums,
    largest,
    log_exponential_sums,
    ordered,
    positions,
    relative_terms,
    sign_changes,
    sums,
    times_exp,
    to_offsets,
)

SERIES = st.lists(st.lists(st.floats(-1e6, 1e6), max_size=5), min_size=1, max_size=6)


def joined(series):
    return np.array([x for one in series for x in one]), to_offsets([len(one) for one in series])


@given(SERIES)
def test_sums_maxima_and_counts_of_each(series):
    values, offsets = joined(series)
    assert sums(values, offsets) == pytest.approx([sum(one) for one in series], abs=1e-6)
    assert largest(values, offsets).tolist() == [max(one, default=-np.inf) for one in series]
    assert count(values > 0, offsets).tolist() == [sum(x > 0 for x in one) for one in series]
    assert sums(np.stack([values, 2 * values]), offsets).shape == (2, len(series))


@given(SERIES)
def test_positions_select_series(series):
    values, offsets = joined(series)
    chosen = np.arange(len(series))[::-1]
    taken = values[positions(offsets[chosen], np.diff(offsets)[chosen])]
    assert taken.tolist() == [x for one in series[::-1] for x in one]


def test_blocks_are_runs_of_whole_series(monkeypatch):
    monkeypatch.setattr(ragged, "BLOCK", 4)
    offsets = to_offsets([1, 2, 0, 9, 1, 1, 3])
    rows = list(blocks(offsets))
    assert [row.start for row in rows[1:]] == [row.stop for row in rows[:-1]]
    assert (rows[0].start, rows[-1].stop) == (0, 7)
    assert list(blocks(to_offsets([0, 0]))) == [slice(0, 2)]


def test_exponential_sums_are_finite_whenever_the_sum_is():
    amounts, exponents, offsets = np.array([1e-300, -1.0, 2.0]), np.array([1000.0, 0, -1e4]), np.array([0, 2, 3, 3])
    with np.errstate(all="raise"):
        found = exponential_sums(amounts, exponents, offsets)
    assert found == pytest.approx([1e-300 * np.exp(500) * np.exp(500), 0, 0], rel=1e-12)
    assert log_exponential_sums(abs(amounts), exponents, offsets) == pytest.approx(
        [1000 + np.log(1e-300), np.log(2) - 1e4, -np.inf], rel=1e-13
    )
    terms = relative_terms(np.array([3.0, -1.0]), np.array([5000.0, 5000.0]), np.array([0, 2]))
    assert terms[1] / terms[0] == pytest.approx(-1 / 3, rel=1e-13)
    assert times_exp(np.array(1e-200), np.array(700.0)) == pytest.approx(1e-200 * np.exp(350) * np.exp(350), rel=1e-13)


def test_series_in_order_of_time():
    series = ordered(np.array([2.0, 1, 1, 5, 5]), np.array([3.0, 1, -1, 0.5, 0.25]), np.array([0, 3, 5]))
    assert series.times.tolist() == [2, 5]
    assert series.amounts.tolist() == [3, 0.75]
    assert series.counts.tolist() == [1, 1]
    assert series.select(np.array([False, True])).amounts.tolist() == [0.75]
    rounding = ordered(np.zeros(3), np.array([0.1, 0.2, -0.3]), np.array([0, 3]))
    assert len(rounding.amounts) == 0
    assert sign_changes(np.array([True, False, False, True]), np.array([0, 3, 4])).tolist() == [0, 1, 0, 0]
