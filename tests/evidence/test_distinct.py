"""Patterns of equal rows against NumPy's sort of whole rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from custvalue.evidence.distinct import distinct

WHOLE = st.integers(-50, 50).map(float)
WEEKS = st.integers(-300, 300).map(lambda days: days / 7)
LARGE = st.sampled_from([-(2.0**70), -1e9, 0.0, 1e9, 2.0**53 - 1, 2.0**53, 2.0**70, 5e-324, 1e308])
ANY = st.sampled_from([0.1, 0.1 + 2**-56, 1 / 3, np.nextafter(1 / 3, 1), -0.7, 3.0]) | st.floats(-1e6, 1e6)
COLUMN = st.sampled_from([WHOLE, WEEKS, LARGE, ANY, WHOLE | WEEKS, WEEKS | ANY])


@st.composite
def tables(draw):
    """One to four columns of up to 40 rows: whole, days in weeks, far apart, anything."""
    rows = draw(st.sampled_from([1, 2, 7, 40]))
    return [draw(arrays(np.float64, rows, elements=draw(COLUMN))) for _ in range(draw(st.integers(1, 4)))]


def check(columns, ticks):
    found = distinct(*columns, ticks=ticks)
    table = np.column_stack(columns) + 0.0  # -0.0 is 0.0
    rows, counts = np.unique(table, axis=0, return_counts=True)
    patterns = np.column_stack(found.columns) + 0.0
    order = np.lexsort(patterns.T[::-1])
    np.testing.assert_array_equal(patterns[order], rows)
    np.testing.assert_array_equal(found.counts[order], counts)
    np.testing.assert_array_equal(patterns[found.index], table)
    assert found.counts.dtype == np.float64
    return found


@given(tables(), st.sampled_from([1.0, 7.0, 30.4375]))
def test_patterns_are_the_distinct_rows(columns, ticks):
    check(columns, ticks)


@pytest.mark.parametrize("ticks", [7.0, 365.25 / 12, 365.25 / 4, 365.25])
def test_every_day_in_a_unit_is_a_pattern_of_its_own(ticks):
    """Days divided by the unit's length; two divisions of one day never become two patterns."""
    days = np.arange(20_000.0)
    found = check([np.tile(days / ticks, 2)], ticks)
    np.testing.assert_array_equal(found.counts, np.full(20_000, 2.0))


def test_keys_beyond_a_table_are_sorted():
    rng = np.random.default_rng(0)
    columns = [rng.integers(-(10**6), 10**6, 500) / 7 for _ in range(4)]
    check([np.concatenate([column, column[::-1]]) for column in columns], 7.0)


def test_one_row():
    found = distinct(np.array([3.0]), np.array([-0.5]))
    assert [column.tolist() for column in found.columns] == [[3.0], [-0.5]]
    assert (found.counts.tolist(), found.index.tolist()) == ([1.0], [0])


@pytest.mark.parametrize("width", [1, 3])
def test_no_rows(width):
    found = distinct(*[np.empty(0)] * width, ticks=7.0)
    assert [len(column) for column in found.columns] == [0] * width
    assert found.counts.shape == found.index.shape == (0,)
