import datetime as dt

import mpmath as mp
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.discounting.cash_flow_batch import CashFlowBatch
from custvalue.discounting.day_count import years_between
from custvalue.discounting.present_value import future_value, net_present_value, present_value, profitability_index
from custvalue.discounting.rate import Rate
from custvalue.errors import DataError, ParameterError
from custvalue.records.cash_flow import CashFlow, CashFlows
from custvalue.records.customer import Customer
from custvalue.records.relationship import Relationship

FORCES = st.sampled_from([0.0, 1e-15, -0.05]) | st.floats(-0.2, 1)
AMOUNTS = st.integers(-(10**11), 10**11).map(lambda cents: cents / 100)
YEARS = st.floats(-20, 50)
FLOWS = st.lists(st.tuples(AMOUNTS, YEARS), max_size=30)
START = dt.date(2024, 1, 1)
# Microsoft Excel documentation, example of XNPV: rate 9 %, value on the day of the first flow
XNPV = CashFlows(
    [-10_000, 2_750, 4_250, 3_250, 2_750],
    ["2008-01-01", "2008-03-01", "2008-10-30", "2009-02-15", "2009-04-01"],
)


def columns(flows):
    return CashFlows([amount for amount, _ in flows], [t for _, t in flows])


def size(rate, flows):
    """Sum of the absolute present values: what rounding errors are relative to."""
    return present_value(rate, CashFlows(abs(flows.amounts), flows.when))


def test_excel_xnpv():
    value = present_value(Rate.annual(0.09), XNPV, as_of="2008-01-01")
    assert value == pytest.approx(2086.647602, abs=1e-6)
    assert value == pytest.approx(2086.647602031535, rel=1e-13)


@given(FORCES, FLOWS)
def test_it_is_the_sum_of_the_flows_discounted(force, flows):
    rate, cash = Rate.continuous(force), columns(flows)
    with mp.workdps(40):
        expected = mp.fsum(mp.mpf(a) * mp.exp(-mp.mpf(force) * mp.mpf(t)) for a, t in flows)
    assert abs(present_value(rate, cash) - expected) <= 2e-14 * size(rate, cash)


@given(FORCES, FLOWS, FLOWS)
def test_values_add(force, some, others):
    rate = Rate.continuous(force)
    together = columns(some + others)
    parts = present_value(rate, columns(some)) + present_value(rate, columns(others))
    assert present_value(rate, together) == pytest.approx(parts, rel=0, abs=1e-14 * size(rate, together))


@given(FORCES, FLOWS, AMOUNTS)
def test_values_scale_with_the_amounts(force, flows, factor):
    rate, cash = Rate.continuous(force), columns(flows)
    scaled = CashFlows(factor * cash.amounts, cash.when)
    expected = factor * present_value(rate, cash)
    assert present_value(rate, scaled) == pytest.approx(expected, rel=0, abs=1e-14 * size(rate, scaled))


@given(FLOWS)
def test_without_discounting_it_is_the_sum(flows):
    cash = columns(flows)
    assert present_value(Rate.zero(), cash) == cash.amounts.sum()


@given(FORCES, st.lists(st.tuples(AMOUNTS, st.integers(-5000, 5000)), min_size=1), st.integers(-5000, 5000))
def test_a_later_day_of_value_adds_the_interest_of_the_days_between(force, flows, days):
    rate = Rate.continuous(force)
    cash = CashFlows([a for a, _ in flows], [START + dt.timedelta(d) for _, d in flows])
    later = present_value(rate, cash, as_of=START + dt.timedelta(days))
    expected = present_value(rate, cash, as_of=START) / rate.discount(days / 365)
    scale = present_value(rate, CashFlows(abs(cash.amounts), cash.when), as_of=START) / rate.discount(days / 365)
    assert later == pytest.approx(expected, rel=0, abs=1e-13 * scale)


@given(FORCES, st.lists(st.tuples(AMOUNTS, st.integers(-5000, 5000)), min_size=1))
def test_dated_flows_are_flows_at_days_over_365(force, flows):
    rate = Rate.continuous(force)
    amounts, days = zip(*flows, strict=True)
    dated = CashFlows(amounts, [START + dt.timedelta(d) for d in days])
    undated = CashFlows(amounts, np.array(days) / 365)
    assert present_value(rate, dated, as_of=START) == present_value(rate, undated)


def test_the_past_earns_interest():
    assert present_value(Rate.annual(0.1), [CashFlow(100, -1)]) == pytest.approx(110, rel=1e-15)
    year_ago = [CashFlow(100, "2023-06-01")]
    assert present_value(Rate.annual(0.1), year_ago, as_of="2024-05-31") == pytest.approx(110, rel=1e-15)


def test_a_time_of_day_counts_as_part_of_the_day():
    noon = [CashFlow(100, "2024-01-01T12:00")]
    expected = 100 * 1.1 ** (-0.5 / 365)
    assert present_value(Rate.annual(0.1), noon, as_of="2024-01-01") == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    "as_of", ["2024-12-31", dt.date(2024, 12, 31), dt.datetime.fromisoformat("2024-12-31"), np.datetime64("2024-12-31")]
)
def test_records_columns_and_their_holders_agree(as_of):
    records = (CashFlow(30.0, "2024-01-05"), CashFlow(45.0, "2024-08-02"))
    shop = Relationship("shop", start="2024-01-05", cash_flows=records)
    ann = Customer("ann", [shop])
    expected = 30 * 1.1 ** (361 / 365) + 45 * 1.1 ** (151 / 365)
    for flows in (records, iter(records), CashFlows.from_records(records), shop, ann, ann.cash_flows):
        value = present_value(Rate.annual(0.1), flows, as_of=as_of)
        assert value == pytest.approx(expected, rel=1e-14)


def test_nothing_is_worth_nothing():
    assert present_value(Rate.annual(0.1), []) == 0
    assert present_value(Rate.annual(0.1), Customer("ann"), as_of="2024-12-31") == 0
    assert present_value(Rate.annual([[0.1], [0.2]]), []).tolist() == [0, 0]


def test_each_flow_may_have_its_own_rate():
    flows = CashFlows([100, 100], [1, 2])
    value = present_value(Rate.annual([0.05, 0.10]), flows)
    assert value == pytest.approx(100 / 1.05 + 100 / 1.21, rel=1e-14)
    assert np.shape(value) == ()


@given(st.lists(FORCES, min_size=1, max_size=4), FLOWS)
def test_scenarios_are_the_values_one_by_one(forces, flows):
    cash = columns(flows)
    values = present_value(Rate.continuous(np.reshape(forces, (-1, 1))), cash)
    assert values.shape == (len(forces),)
    for value, force in zip(values, forces, strict=True):
        rate = Rate.continuous(force)
        assert value == pytest.approx(present_value(rate, cash), rel=0, abs=1e-14 * size(rate, cash))


@pytest.mark.parametrize(("shape", "n"), [((3,), 2), ((3,), 1), ((2,), 0), ((4, 3), 2)])
def test_rates_of_another_length_are_refused(shape, n):
    with pytest.raises(ParameterError, match=r"one rate per flow, shape \(\d,\).*got shape"):
        present_value(Rate.annual(np.full(shape, 0.1)), CashFlows(np.ones(n), np.ones(n)))


def test_a_bare_number_is_no_rate():
    with pytest.raises(ParameterError, match="does not say per what"):
        present_value(0.1, [CashFlow(100, 1)])


@pytest.mark.parametrize(
    ("flows", "as_of", "says"),
    [
        (XNPV, None, "dated flows need as_of"),
        (XNPV, 1.0, "as_of must be a date; got 1.0"),
        ([CashFlow(100, 1)], "2024-01-01", "as_of is for dated flows"),
        ([CashFlow(100, 1)], 0.0, "leave as_of out"),
    ],
)
def test_the_day_of_value_belongs_to_the_flows(flows, as_of, says):
    with pytest.raises(ParameterError, match=says):
        present_value(Rate.annual(0.1), flows, as_of=as_of)


def test_dates_and_years_do_not_mix():
    with pytest.raises(DataError, match="mixes dates and years from now"):
        present_value(Rate.annual(0.1), [CashFlow(100, 1), CashFlow(100, "2024-01-01")], as_of="2024-01-01")


def test_small_flows_count_beside_large_ones():
    n = 1_000_000
    rate = Rate.annual(0.1)
    flows = CashFlows(np.append(np.full(n, 0.01), 1e6), np.append(np.full(n, 2.0), 0.0))
    assert present_value(rate, flows) == pytest.approx(1e6 + n * 0.01 / 1.21, rel=1e-15)


# --- beyond the range of floats -------------------------------------------------------------------------------------


@given(
    st.floats(-3000, 3000),
    st.lists(st.tuples(st.floats(-1e300, 1e300), st.floats(-2, 2)), min_size=1, max_size=5),
)
def test_values_are_finite_wherever_the_sum_is(force, flows):
    with np.errstate(all="raise"):
        value = present_value(Rate.continuous(force), columns(flows))
    with mp.workdps(60):
        parts = [mp.mpf(a) * mp.exp(-mp.mpf(force) * mp.mpf(t)) for a, t in flows]
        expected, size = mp.fsum(parts), mp.fsum(map(abs, parts))
    if abs(expected) >= 1.7e308:
        assert abs(value) > 1e308
    else:
        assert abs(value - expected) <= 3e-12 * size + mp.mpf("1e-320")


def test_what_is_too_small_is_0_and_what_is_too_large_is_inf_without_a_warning():
    assert present_value(Rate.continuous(1), CashFlows([5, 0], [1e9, -1e9])) == 0
    assert present_value(Rate.continuous(1), CashFlows([-5], [-1e9])) == -np.inf
    assert present_value(Rate.continuous(1), CashFlows([5, -5, 1], [-1e9, -1e9, 0])) in {0, 1}
    assert present_value(Rate.continuous(1e300), CashFlows([5, 2], [1e300, 0])) == 2


# --- many series ----------------------------------------------------------------------------------------------------

BATCH = CashFlowBatch.from_series([CashFlows([-100, 60, 60], [0, 1, 2]), CashFlows([], []), CashFlows([50], [3])])


def test_each_series_may_have_its_own_rate():
    values = present_value(Rate.annual([0.1, 0.2, 0.3]), BATCH)
    assert values == pytest.approx([-100 + 60 / 1.1 + 60 / 1.21, 0, 50 / 1.3**3], rel=1e-14)


def test_scenarios_of_many_series():
    rates = Rate.annual([[0.1], [0.2]])
    values = present_value(rates, BATCH)
    assert values.shape == (2, 3)
    for row, rate in zip(values, (0.1, 0.2), strict=True):
        assert row.tolist() == present_value(Rate.annual(rate), BATCH).tolist()
    grid = Rate.annual([[0.1, 0.2, 0.3], [0.3, 0.2, 0.1]])
    assert present_value(grid, BATCH)[1] == pytest.approx(present_value(Rate.annual([0.3, 0.2, 0.1]), BATCH), rel=1e-14)


@pytest.mark.parametrize("shape", [(2,), (4,), (2, 2)])
def test_a_batch_takes_one_rate_per_series(shape):
    with pytest.raises(ParameterError, match=r"one rate per series, shape \(3,\)"):
        present_value(Rate.annual(np.full(shape, 0.1)), BATCH)


def test_each_series_may_have_its_own_day_of_value():
    flows = CashFlowBatch.grouped(CashFlows([100, 100], ["2025-01-01", "2026-01-01"]), by=["a", "b"])
    rate = Rate.annual(0.1)
    values = present_value(rate, flows, as_of=["2025-01-01", "2025-01-01"])
    assert values == pytest.approx([100, 100 / 1.1], rel=1e-14)
    other = present_value(rate, flows, as_of=np.array(["2025-01-01", "2026-01-01"], dtype="datetime64[D]"))
    assert other.tolist() == [100, 100]
    column = pd.Series(pd.to_datetime(["2025-01-01", "2026-01-01"]))
    assert present_value(rate, flows, as_of=column).tolist() == [100, 100]
    assert present_value(rate, flows, as_of=column.astype(object)).tolist() == [100, 100]
    with pytest.raises(ParameterError, match="one per series"):
        present_value(rate, flows, as_of=["2025-01-01"])
    with pytest.raises(ParameterError, match="as_of must be a date"):
        present_value(rate, flows, as_of=[1.0, 2.0])


def test_day_counts_are_those_of_years_between():
    flows = CashFlows([100], ["2024-03-31"])
    for name in ("act/365.25", "act/360", "act/act", "30/360", "30E/360"):
        value = present_value(Rate.continuous(0.1), flows, as_of="2020-02-29", day_count=name)
        years = years_between("2020-02-29", "2024-03-31", name)
        assert value == pytest.approx(100 * np.exp(-0.1 * years), rel=1e-14)
    with pytest.raises(ParameterError, match="day_count must be"):
        present_value(Rate.zero(), flows, as_of="2024-01-01", day_count="thirty")


def test_many_series_are_valued_block_by_block():
    counts = np.random.default_rng(3).integers(0, 50, 20_000)
    batch = CashFlowBatch.periodic(
        np.arange(counts.sum()) % 7.0, np.append(0, np.cumsum(counts)), timing="next", unit="year"
    )
    values = present_value(Rate.annual(0.07), batch)
    for i in (0, 1, 1234, 9_999, 19_999):
        assert values[i] == pytest.approx(present_value(Rate.annual(0.07), batch[i]), rel=1e-14)
    assert values.sum() == pytest.approx(present_value(Rate.annual(0.07), batch.flows), rel=1e-12)


def test_a_long_series_beside_short_ones():
    batch = CashFlowBatch.periodic(np.ones(200_003), [0, 1, 200_001, 200_001, 200_003], timing="now", unit="year")
    values = present_value(Rate.annual(0.01), batch)
    assert values == pytest.approx([1, 101, 0, 1 + 1 / 1.01], rel=1e-12)


# --- anything that discounts ----------------------------------------------------------------------------------------


class Halving:
    """A discounting of somebody's own: money is worth half as much every year."""

    def discount(self, t):
        return 0.5 ** np.asarray(t)


def test_whatever_has_discount_factors_values():
    assert present_value(Halving(), CashFlows([8, 8], [1, 3])) == pytest.approx(5, rel=1e-15)
    assert present_value(Halving(), BATCH) == pytest.approx([-55, 0, 50 / 8], rel=1e-14)


@pytest.mark.parametrize("bare", [0.1, 1, np.float64(0.1), np.array([0.1]), "10%", None, Rate])
def test_bare_numbers_are_refused_everywhere(bare):
    for call in (
        lambda: present_value(bare, BATCH),
        lambda: future_value(bare, BATCH, at=1.0),
        lambda: net_present_value(bare, [1, 2], timing="now", unit="year"),
    ):
        with pytest.raises(ParameterError, match="does not say per what"):
            call()


# --- future and net present value -----------------------------------------------------------------------------------


@given(FORCES, FLOWS, st.floats(-10, 30))
def test_the_future_value_is_the_present_value_grown(force, flows, at):
    rate, cash = Rate.continuous(force), columns(flows)
    grown = present_value(rate, cash) * np.exp(force * at)
    assert future_value(rate, cash, at=at) == pytest.approx(
        grown, rel=0, abs=1e-13 * size(rate, cash) * np.exp(force * at)
    )


def test_future_values_of_dated_flows():
    flows = CashFlows([100, 50], ["2024-01-01", "2024-12-31"])
    value = future_value(Rate.annual(0.1), flows, at="2024-12-31")
    assert value == pytest.approx(160, rel=1e-15)
    assert future_value(Rate.annual(0.1), flows, at="2024-12-31", as_of="2020-05-05") == pytest.approx(160, rel=1e-13)
    batch = CashFlowBatch.grouped(flows, by=["a", "b"])
    values = future_value(Rate.annual(0.1), batch, at=["2024-12-31", "2025-12-31"])
    assert values == pytest.approx([110, 55], rel=1e-14)
    assert future_value(Rate.zero(), BATCH, at=[1.0, 2.0, 3.0]).tolist() == [20, 0, 50]


@pytest.mark.parametrize("at", [3.0, "2024-13-01", None, [1.0, 2.0]])
def test_dated_flows_grow_until_a_date(at):
    with pytest.raises((ParameterError, DataError), match="date"):
        future_value(Rate.annual(0.1), XNPV, at=at)


@pytest.mark.parametrize("at", ["2024-01-01", np.nan, [1.0, 2.0], None])
def test_flows_in_years_grow_until_a_number_of_years(at):
    with pytest.raises(ParameterError, match="at must be"):
        future_value(Rate.annual(0.1), CashFlows([1], [1]), at=at)


def test_excel_npv():
    # Microsoft Excel documentation, NPV: the first amount one period from now
    first = net_present_value(Rate.annual(0.10), [-10_000, 3_000, 4_200, 6_800], timing="next", unit="year")
    assert first == pytest.approx(1188.44, abs=0.005)
    assert first == pytest.approx(1188.4434123352216, rel=1e-13)
    five = [8_000, 9_200, 10_000, 12_000, 14_500]
    assert net_present_value(Rate.annual(0.08), five, timing="next", outlay=40_000, unit="year") == pytest.approx(
        1922.06, abs=0.005
    )
    six = net_present_value(Rate.annual(0.08), [*five, -9_000], timing="next", outlay=40_000, unit="year")
    assert six == pytest.approx(-3749.47, abs=0.005)


@given(FORCES, st.lists(AMOUNTS, max_size=12), st.sampled_from(["now", "next", "middle"]))
def test_net_present_value_is_present_value_of_evenly_spaced_flows(force, amounts, timing):
    rate = Rate.continuous(force)
    times = (np.arange(len(amounts)) + {"now": 0, "next": 1, "middle": 0.5}[timing]) / 12
    flows = CashFlows(amounts, times)
    value = net_present_value(rate, amounts, timing=timing, unit="month", outlay=7.0)
    assert value == pytest.approx(present_value(rate, flows) - 7.0, rel=0, abs=1e-13 * (7 + size(rate, flows)))


def test_rows_and_offsets_are_series():
    rows = [[-100, 60, 60], [-50, 40, 40]]
    table = net_present_value(Rate.annual(0.1), rows, timing="now", unit="year")
    flat = net_present_value(Rate.annual(0.1), np.ravel(rows), timing="now", offsets=[0, 3, 6], unit="year")
    assert table.tolist() == flat.tolist()
    each = [net_present_value(Rate.annual(0.1), row, timing="now", unit="year") for row in rows]
    assert table == pytest.approx(each, rel=1e-14)
    one = net_present_value(Rate.annual(0.1), rows[0], timing="now", offsets=[0, 3], unit="year")
    assert one.shape == (1,)
    own = net_present_value(Rate.annual([0.1, 0.2]), rows, timing="now", outlay=[1.0, 2.0], unit="year")
    assert own[1] == pytest.approx(-50 + 40 / 1.2 + 40 / 1.44 - 2, rel=1e-14)
    assert net_present_value(Rate.annual([[0.1], [0.2]]), rows[0], timing="now", unit="year").shape == (2,)
    assert net_present_value(Rate.annual(0.1), np.zeros((0, 3)), timing="now", unit="year").shape == (0,)


@pytest.mark.parametrize("bad", [5.0, [1, np.nan], [[[1.0]]], "12"])
def test_amounts_must_be_finite_columns_or_rows(bad):
    with pytest.raises(DataError, match="amounts must be"):
        net_present_value(Rate.annual(0.1), bad, timing="now", unit="year")


def test_the_timing_of_a_net_present_value_is_required():
    with pytest.raises(TypeError, match="timing"):
        net_present_value(Rate.annual(0.1), [1, 2], unit="year")
    with pytest.raises(ParameterError, match="timing must be 'now'"):
        net_present_value(Rate.annual(0.1), [1, 2], timing="end", unit="year")
    with pytest.raises(ParameterError, match="unit must be one of"):
        net_present_value(Rate.annual(0.1), [1, 2], timing="now", unit="fortnight")
    with pytest.raises(DataError, match="outlay must be finite"):
        net_present_value(Rate.annual(0.1), [1, 2], timing="now", outlay=np.inf, unit="year")


@given(st.floats(0.01, 1e6), st.lists(st.floats(-1e6, 1e6), max_size=10), st.floats(-0.2, 1))
def test_the_profitability_index_is_one_plus_the_value_per_outlay(outlay, later, force):
    rate, flows = Rate.continuous(force), [-outlay, *later]
    value = net_present_value(rate, flows, timing="now", unit="year")
    size = net_present_value(rate, np.abs(flows), timing="now", unit="year")
    index = profitability_index(rate, flows, unit="year")
    assert index == pytest.approx(1 + value / outlay, rel=0, abs=1e-13 * size / outlay)


def test_profitability_of_many_series():
    flows = [-100, 60, 60, -50, 40, -10]
    index = profitability_index(Rate.annual([[0.0], [0.1]]), flows, offsets=[0, 3, 6], unit="year")
    assert index == pytest.approx(np.array([[1.2, 0.6], [(60 / 1.1 + 60 / 1.21) / 100, (40 / 1.1 - 10 / 1.21) / 50]]))
    dated = CashFlows([-100, 110], ["2024-01-01", "2024-12-31"])
    assert profitability_index(Rate.annual(0.1), dated) == pytest.approx(1, rel=1e-14)
    at_once = CashFlows([-60, -40, 121], [1, 1, 2])
    assert profitability_index(Rate.annual(0.1), at_once) == pytest.approx(1.1, rel=1e-14)


@pytest.mark.parametrize("amounts", [[100, -60], [0, 5], []])
def test_an_investment_must_be_a_payment(amounts):
    with pytest.raises(DataError, match="must begin with a payment"):
        profitability_index(Rate.annual(0.1), amounts, unit="year")
    with pytest.raises(DataError, match="must begin with a payment"):
        profitability_index(Rate.annual(0.1), CashFlows([-5, 5, 3], [0, 0, 1]))
