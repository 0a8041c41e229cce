import warnings

import mpmath as mp
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from custvalue.discounting.cash_flow_batch import CashFlowBatch
from custvalue.discounting.irr import internal_rates, irr, xirr
from custvalue.discounting.present_value import net_present_value, present_value
from custvalue.discounting.rate import Rate
from custvalue.errors import DataError, ParameterError
from custvalue.records.cash_flow import CashFlow, CashFlows

CENTS = st.integers(1, 10**9).map(lambda cents: cents / 100)
GAPS = st.floats(1e-3, 5)
CONVENTIONAL = st.tuples(st.lists(CENTS, min_size=1, max_size=4), st.lists(CENTS, min_size=1, max_size=15))


def conventional(outs, ins):
    return [-a for a in outs] + ins


# --- published ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flows", "printed", "digits"),
    [
        ([-70_000, 12_000, 15_000, 18_000, 21_000], -0.021, 5e-4),
        ([-70_000, 12_000, 15_000, 18_000, 21_000, 26_000], 0.0866309480365, 5e-14),
        ([-70_000, 12_000, 15_000], -0.444, 5e-4),
    ],
)
def test_excel_irr(flows, printed, digits):
    assert irr(flows, unit="year").effective() == pytest.approx(printed, rel=0, abs=digits)


def test_excel_xirr():
    days = ["2008-01-01", "2008-03-01", "2008-10-30", "2009-02-15", "2009-04-01"]
    flows = CashFlows([-10_000, 2_750, 4_250, 3_250, 2_750], days)
    # the digits that Microsoft prints, 0.373362535, are those of an iteration that stops at 1e-8
    assert xirr(flows).effective() == pytest.approx(0.373362535, rel=0, abs=2e-9)
    assert xirr(flows).effective() == pytest.approx(0.3733625335188318, rel=1e-13)


# --- laws -----------------------------------------------------------------------------------------------------------


@given(CONVENTIONAL, st.lists(GAPS, min_size=19, max_size=19))
def test_the_rate_makes_the_flows_worth_nothing(flows, gaps):
    amounts = conventional(*flows)
    times = np.cumsum(gaps)[: len(amounts)]
    rate = irr(CashFlows(amounts, times))
    with mp.workdps(40):
        delta = mp.mpf(rate.continuous_value)
        worth = [mp.mpf(a) * mp.exp(-delta * mp.mpf(t)) for a, t in zip(amounts, times, strict=True)]
        slope = mp.fsum(-mp.mpf(t - times[0]) * w for w, t in zip(worth, times, strict=True))
        step = mp.fsum(worth) / slope  # how far a Newton step would still go
        bound = mp.mpf(1e-14) * (abs(delta) + mp.fsum(map(abs, worth)) / abs(slope))
    assert abs(step) <= bound


@given(CONVENTIONAL, st.floats(-3, 40), st.floats(1e-3, 1e3))
def test_a_rate_knows_neither_scale_nor_beginning(flows, begin, scale):
    amounts = np.array(conventional(*flows))
    times = np.arange(len(amounts)) / 4
    rate = irr(amounts, unit="quarter").continuous_value
    assert irr(CashFlows(scale * amounts, times + begin)).continuous_value == pytest.approx(rate, rel=1e-10, abs=1e-11)
    assert irr(-amounts, unit="quarter").continuous_value == pytest.approx(rate, rel=1e-13, abs=1e-15)
    assert irr(amounts, unit="year").continuous_value == pytest.approx(rate / 4, rel=1e-13, abs=1e-15)


@given(CONVENTIONAL)
def test_backward_in_time_the_rate_has_the_other_sign(flows):
    amounts = conventional(*flows)
    assert irr(amounts[::-1], unit="year").continuous_value == pytest.approx(
        -irr(amounts, unit="year").continuous_value, rel=1e-12, abs=1e-13
    )


@given(CONVENTIONAL, st.integers(0, 20_000))
def test_xirr_is_irr_where_days_are_equal(flows, start):
    amounts = conventional(*flows)
    days = np.datetime64("1990-01-01") + start + 365 * np.arange(len(amounts))
    rate = irr(amounts, unit="year").continuous_value
    assert xirr(CashFlows(amounts, days)).continuous_value == pytest.approx(rate, rel=1e-12, abs=1e-14)


@given(st.permutations(list(zip([-100, 10, 20, -30, 140], [0, 0.5, 1, 1, 3], strict=True))))
def test_the_order_of_the_flows_does_not_matter(flows):
    amounts, times = zip(*flows, strict=True)
    assert irr(CashFlows(amounts, times)).continuous_value == pytest.approx(
        irr(CashFlows([-100, 10, -10, 140], [0, 0.5, 1, 3])).continuous_value, rel=1e-14
    )


ROOTS = st.lists(st.integers(-6, 15), min_size=0, max_size=4, unique=True).map(lambda r: sorted(x / 10 for x in r))
OTHERS = st.lists(st.floats(0.3, 3), max_size=3)


@given(ROOTS, OTHERS)
def test_all_rates_are_found_and_no_others(rates, others):
    # 1/(1 + rate) is a root in v = 1/(1 + rate): build the polynomial in v, lowest power first
    amounts = np.array([1.0])
    for rate in rates:
        amounts = np.convolve(amounts, [-1 / (1 + rate), 1.0])
    for other in others:
        amounts = np.convolve(amounts, [other, 1.0])
    found = internal_rates(amounts, unit="year")
    assert found[0].effective() == pytest.approx(rates, rel=1e-9, abs=1e-9)
    assert found.status.tolist() == [{0: "none", 1: "one"}.get(len(rates), "several")]


@given(st.lists(st.integers(-9, 9), min_size=2, max_size=12))
def test_the_number_of_rates_is_that_of_the_polynomial(amounts):
    found = internal_rates(np.array(amounts, dtype=float), unit="year")
    trimmed = np.trim_zeros(amounts)
    if len(trimmed) == 0:
        assert found.status.tolist() == ["any"]
        return
    with mp.workdps(30), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # mpmath is about to turn the order around
        roots = mp.polyroots([mp.mpf(a) for a in trimmed[::-1]], maxsteps=1000, extraprec=500)
        real = {round(float(-mp.log(r.real)), 6) for r in roots if abs(r.imag) < 1e-9 and r.real > 0}
    assert np.atleast_1d(found.roots.continuous_value) == pytest.approx(sorted(real), abs=2e-6)


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(0, 10)), min_size=2, max_size=8))
def test_every_rate_found_is_one(flows):
    amounts, times = map(np.array, zip(*flows, strict=True))
    assume(np.abs(amounts).max() > 0)
    found = internal_rates(CashFlows(amounts, times))
    for force in found[0].continuous_value:
        with mp.workdps(60):
            worth = [mp.mpf(a) * mp.exp(-mp.mpf(force) * mp.mpf(t)) for a, t in flows]
            change = mp.fsum(abs(mp.mpf(t) * mp.mpf(force) * w) for w, t in zip(worth, times, strict=True))
            size = mp.fsum(map(abs, worth))
            moved = 1e-12 * abs(force) * size  # flows so close in time are at one time
            assert abs(mp.fsum(worth)) <= 1e-13 * (size + change) + moved


# --- how many there are ---------------------------------------------------------------------------------------------


def test_two_rates_are_reported_and_not_guessed():
    flows = [-100, 230, -132]
    assert internal_rates(flows, unit="year")[0].effective() == pytest.approx([0.1, 0.2], rel=1e-12)
    with pytest.raises(DataError, match=r"the only one; these flows have 2, effective per year 0.1, 0.2\. See"):
        irr(flows, unit="year")
    assert irr(flows, above=Rate.annual(0.15), unit="year").effective() == pytest.approx(0.2, rel=1e-12)


def test_a_cost_at_the_end_makes_a_second_rate():
    flows = [-100, 60, 60, -5]
    rates = internal_rates(flows, unit="year")[0].effective()
    assert len(rates) == 2
    assert net_present_value(Rate.annual(rates[:, None]), flows, timing="now", unit="year") == pytest.approx(
        [0, 0], abs=1e-9
    )
    assert irr(flows, above=Rate.zero(), unit="year").effective() == rates[1]


def test_a_rate_at_which_the_value_only_touches_nothing():
    assert irr([100, -220, 121], unit="year").effective() == pytest.approx(0.1, rel=1e-7)
    assert internal_rates([100, -220, 121.001], unit="year").status.tolist() == ["none"]
    assert internal_rates([100, -220, 120.999], unit="year").count.tolist() == [2]


@pytest.mark.parametrize("flows", [[1, 2, 3], [-5], [-1, 0, -2], [1, -1, 1]])
def test_no_rate_is_reported(flows):
    assert internal_rates(flows, unit="year").status.tolist() == ["none"]
    with pytest.raises(DataError, match="these flows have none: no rate makes them worth 0"):
        irr(flows, unit="year")


@pytest.mark.parametrize(
    "flows", [[], [0, 0], CashFlows([0.1, 0.2, -0.3], [1, 1, 1]), CashFlows([5, -5], ["2024-01-01"] * 2)]
)
def test_any_rate_will_do_where_nothing_is_paid(flows):
    unit = {} if isinstance(flows, CashFlows) else {"unit": "year"}
    assert internal_rates(flows, **unit).status.tolist() == ["any"]
    call = xirr if isinstance(flows, CashFlows) and flows.dated else irr
    with pytest.raises(DataError, match="worth 0 at any rate"):
        call(flows, **unit)


def test_many_series_come_with_a_status():
    rows = [-100, 60, 60, -100, 230, -132, 5, 5, 0, -100, 110]
    found = internal_rates(rows, offsets=[0, 3, 6, 8, 9, 9, 11], unit="year")
    assert found.status.tolist() == ["one", "several", "none", "any", "any", "one"]
    assert found.count.tolist() == [1, 2, 0, 0, 0, 1]
    rates = found.effective()
    assert rates[[0, 5]] == pytest.approx([irr([-100, 60, 60], unit="year").effective(), 0.1], rel=1e-14)
    assert np.isnan(rates).tolist() == [False, True, True, True, True, False]
    assert repr(found) == "internal rates of 6 series (any: 2, none: 1, one: 2, several: 1)"
    assert len(found) == 6
    with pytest.raises(DataError, match=r"broken in 4 of 6 rows, first: row 1 \(rates=2.0\)"):
        _ = found.rate
    with pytest.raises(IndexError):
        found[6]


def test_messages_name_the_series():
    batch = CashFlowBatch.periodic([[-1, 2], [1, 2]], timing="now", ids=["ann", "bob"], unit="year")
    with pytest.raises(DataError, match="1 of 2 rows, first: customer 'bob'"):
        irr(batch)
    assert irr(batch[0]).effective() == pytest.approx(1, rel=1e-15)


def test_many_series_are_solved_like_one():
    rng = np.random.default_rng(5)
    counts = rng.integers(2, 40, 3000)
    offsets = np.append(0, np.cumsum(counts))
    amounts = rng.gamma(2, 10, offsets[-1])
    amounts[offsets[:-1]] *= -30
    rates = irr(amounts, offsets=offsets, unit="year")
    for i in (0, 17, 2999):
        one = irr(amounts[offsets[i] : offsets[i + 1]], unit="year")
        assert rates.continuous_value[i] == pytest.approx(one.continuous_value, rel=1e-13)
    residual = net_present_value(rates, amounts, timing="now", offsets=offsets, unit="year")
    assert np.abs(residual).max() < 1e-9


def test_many_series_with_many_rates():
    rng = np.random.default_rng(6)
    amounts = rng.normal(size=(300, 12))
    found = internal_rates(amounts, unit="year")
    assert {"none", "one", "several"} == set(found.status)
    for i in range(0, 300, 50):
        alone = np.atleast_1d(internal_rates(amounts[i], unit="year").roots.continuous_value)
        assert found[i].continuous_value == pytest.approx(alone, rel=1e-12)


# --- limits ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amounts", "times", "force"),
    [
        ([-1e-300, 1e300], [0, 1], 600 * np.log(10)),
        ([-1, 1e-300], [0, 1], -300 * np.log(10)),
        ([-1, 1e10], [0, 1e-9], 1e10 * np.log(10)),
        ([-1, 2], [0, 1e6], np.log(2) / 1e6),
        ([-1e300, 1e300, 1e-300], [0, 1, 2], 0.0),
        ([-1, 1e-300, 1e300], [0, 1, 10], 30 * np.log(10)),
        ([-1e-300, 2e-300], [0, 1], np.log(2)),
        ([-1e300, 3e300, -1e300, 1e299], [0, 1, 2, 3], None),
        ([-1, 1], [0, 1], 0.0),
        ([-1, 1 + 2**-40], [0, 1], np.log1p(2.0**-40)),
    ],
)
def test_extreme_rates(amounts, times, force):
    if force is None:  # the same as of ordinary amounts
        force = irr(CashFlows(np.array(amounts) / 1e300, times)).continuous_value
    with np.errstate(all="raise"):
        assert irr(CashFlows(amounts, times)).continuous_value == pytest.approx(force, rel=1e-13, abs=1e-300)


def test_a_long_loan():
    rate = irr([-1e6] + [1e3] * 100_000, unit="month")
    assert rate.effective("month") == pytest.approx(1e-3, rel=1e-12)


def test_rounding_at_one_time_makes_no_rate():
    # 0.1 + 0.2 - 0.3 is 5.6e-17 in floats: not a first receipt
    flows = CashFlows([0.1, 0.2, -0.3, -100, 110], [0, 0, 0, 1, 2])
    assert irr(flows).effective() == pytest.approx(0.1, rel=1e-14)


# --- arguments ------------------------------------------------------------------------------------------------------


def test_records_columns_and_amounts_agree():
    records = [CashFlow(-100, 0), CashFlow(60, 1), CashFlow(60, 2)]
    rates = [irr(flows) for flows in (records, CashFlows.from_records(records))]
    rates += [irr(amounts, unit="year") for amounts in ([-100, 60, 60], np.array([-100, 60, 60]))]
    assert rates[0] == rates[1] == rates[2] == rates[3]
    assert irr(CashFlowBatch.from_series([records])).continuous_value.shape == (1,)
    assert irr([[-100, 60, 60]], unit="year").continuous_value.shape == (1,)
    assert present_value(rates[0], records) == pytest.approx(0, abs=1e-12)


def test_dates_are_for_xirr_and_years_for_irr():
    dated = CashFlows([-1, 2], ["2024-01-01", "2025-01-01"])
    with pytest.raises(DataError, match="use xirr"):
        irr(dated)
    with pytest.raises(DataError, match="use irr"):
        xirr(CashFlows([-1, 2], [0, 1]))
    with pytest.raises(DataError, match="use irr"):
        xirr([-1, 2])
    assert xirr(dated, day_count="act/act").effective() == pytest.approx(1, rel=1e-14)
    assert internal_rates(dated).effective() == pytest.approx([2 ** (365 / 366) - 1], rel=1e-13)


@pytest.mark.parametrize("more", [{"offsets": [0, 2]}, {"unit": "year"}])
def test_cash_flows_have_times_and_offsets_of_their_own(more):
    with pytest.raises(ParameterError, match="are for plain amounts"):
        irr(CashFlows([-1, 2], [0, 1]), **more)


@pytest.mark.parametrize("bad", [[1, np.nan], 5.0, [[[1.0]]], ["1", "2"]])
def test_bad_amounts_are_refused(bad):
    with pytest.raises(DataError, match="amounts must be"):
        irr(bad, unit="year")


def test_plain_amounts_need_a_unit():
    with pytest.raises(ParameterError, match="plain amounts need unit"):
        irr([-1, 2])
    with pytest.raises(DataError, match="CashFlow objects"):
        irr("abc")


def test_above_is_one_rate():
    with pytest.raises(ParameterError, match="does not say per what"):
        irr([-1, 2], above=0.1, unit="year")
    with pytest.raises(ParameterError, match="above must be one number"):
        irr([-1, 2], above=Rate.annual([0.1, 0.2]), unit="year")
