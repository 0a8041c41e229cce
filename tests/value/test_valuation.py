"""The one call, against its own steps, simulation, and logs that break it."""

from typing import Any

import numpy as np
import pytest
from attrs import evolve

import custvalue as cv
from custvalue import datasets

RATE = cv.Rate.annual(0.10)


@pytest.fixture(scope="module")
def valuation() -> cv.Valuation:
    return cv.value_customers(datasets.cdnow(), rate=RATE, years=3, margin=0.30, holdout="1997-09-30")


def test_equals_its_steps(valuation: cv.Valuation) -> None:
    rfm = cv.RFM.from_transactions(datasets.cdnow(), amount="amount", unit="week")
    buying, spend = cv.BetaGeoNBD.fit(rfm), cv.GammaGamma.fit(rfm[rfm.x > 0])
    assert valuation.buying == buying
    assert valuation.spend.model == spend.model
    expected = cv.clv(buying.model, spend.model, rfm, rate=RATE, years=3, margin=0.30)
    np.testing.assert_allclose(valuation.clv, expected, rtol=1e-12)
    assert valuation.total == pytest.approx(expected.sum(), rel=1e-12)
    np.testing.assert_allclose(valuation.p_alive, buying.model.p_alive(rfm), rtol=1e-12)
    ahead = buying.model.expected_purchases(rfm, 3 * 365.25 / 7)
    np.testing.assert_allclose(valuation.expected_purchases, ahead, rtol=1e-12)


def test_table_has_a_row_per_customer(valuation: cv.Valuation) -> None:
    table = valuation.table()
    names = ["x", "t_x", "T", "mean_spend", "p_alive", "expected_purchases", "expected_spend", "clv"]
    assert list(table) == ["customer_id", *names]
    assert {len(column) for column in table.values()} == {2357}
    np.testing.assert_array_equal(table["customer_id"], np.arange(1, 2358))


def test_new_customer_is_worth_the_first_purchase_and_the_rest(valuation: cv.Valuation) -> None:
    models = valuation.buying.model, valuation.spend.model
    assert valuation.new_customer == pytest.approx(float(cv.clv_new(*models, rate=RATE, years=3, margin=0.30)))
    now = cv.clv_new(*models, rate=RATE, years=0, margin=0.30)
    assert float(now) == pytest.approx(0.30 * float(valuation.spend.model.expected_spend_new()), rel=1e-12)


def test_margins_by_customer_array_or_mapping() -> None:
    log = datasets.cdnow()
    shares = np.linspace(0.1, 0.5, 2357)
    by_row = cv.value_customers(log, rate=RATE, years=3, margin=shares)
    by_id = cv.value_customers(log, rate=RATE, years=3, margin=dict(zip(range(1, 2358), shares, strict=True)))
    revenue = cv.value_customers(log, rate=RATE, years=3)
    np.testing.assert_array_equal(by_row.clv, by_id.clv)
    np.testing.assert_allclose(by_row.clv, revenue.clv * shares, rtol=1e-14)
    with pytest.raises(cv.ParameterError, match=r"2356 of 2357 are missing, first: \[2, 3, 4\]"):
        cv.value_customers(log, rate=RATE, years=3, margin={1: 0.3})
    with pytest.raises(cv.ParameterError, match="one per customer"):
        cv.value_customers(log, rate=RATE, years=3, margin=[0.1, 0.2])


def test_a_bare_rate_is_refused() -> None:
    with pytest.raises(cv.ParameterError, match=r"Rate.annual"):
        cv.value_customers(datasets.cdnow(), rate=0.1, years=3)  # type: ignore[arg-type]


def test_holdout_is_measured_against_naive_forecasts(valuation: cv.Valuation) -> None:
    holdout = valuation.checks.holdout
    assert holdout is not None
    assert holdout.model.actual == 1882  # BTYD vignette (2014), 39 + 39 weeks
    assert holdout.model.predicted == pytest.approx(1653.409, abs=0.01)
    assert holdout.duration == 39
    assert holdout.naive["none"].predicted == 0
    assert holdout.model.mean_absolute < min(errors.mean_absolute for errors in holdout.naive.values())


def test_checks_measure_the_assumptions(valuation: cv.Valuation) -> None:
    checks = valuation.checks
    again = valuation.rfm.x > 0
    assert valuation.rfm.m is not None
    r = np.corrcoef(valuation.rfm.x[again], valuation.rfm.m[again])[0, 1]
    assert checks.spend_frequency_correlation == pytest.approx(r)
    assert checks.alive_by_assumption == pytest.approx((~again).mean())
    assert checks.without_spend == 0
    assert any("bought once" in note for note in checks.notes)


def dependent_log(rng: np.random.Generator, slope: float) -> dict[str, Any]:
    """A BG/NBD log of one year in which mean spend goes with the purchase rate, as rate^slope."""
    ids, days, amounts = [], [], []
    for customer in range(4000):
        rate, drop_out, time = rng.gamma(0.8, 1 / 40), rng.beta(0.9, 3.0), 0.0
        while time < 364:
            ids.append(customer)
            days.append(int(time))
            amounts.append(rng.gamma(8.0, 5.0) * (40 * rate + 0.1) ** slope)
            time += rng.exponential(1 / rate)
            if len(days) > 1 and ids[-2:] == [customer] * 2 and rng.random() < drop_out:
                break
    dates = np.datetime64("2023-01-01") + np.array(days)
    return {"customer_id": np.array(ids), "date": dates, "amount": np.array(amounts)}


def test_spend_that_goes_with_frequency_is_noticed() -> None:
    rng = np.random.default_rng(7)
    rising = cv.value_customers(dependent_log(rng, 1.0), rate=RATE, years=1)
    none = cv.value_customers(dependent_log(rng, 0.0), rate=RATE, years=1)
    assert rising.checks.spend_frequency_correlation > 0.3
    assert abs(rising.checks.spend_frequency_effect) > abs(none.checks.spend_frequency_effect)
    assert abs(none.checks.spend_frequency_effect) < 0.02


def test_refunds_and_free_goods_leave_no_hole() -> None:
    log = {name: np.array(column) for name, column in datasets.cdnow().items()}
    again = log["customer_id"] == 1
    log["amount"][again] = [10.0, -5.0, 0.0, -40.0]
    valuation = cv.value_customers(log, rate=RATE, years=3)
    assert valuation.checks.without_spend == 1
    assert np.isfinite(valuation.clv).all()
    assert valuation.clv[0] >= 0
    assert any("no positive mean spend" in note for note in valuation.checks.notes)


def test_nobody_bought_again() -> None:
    log = {"customer_id": [1, 2, 3], "date": ["2024-01-01", "2024-01-02", "2024-02-03"], "amount": [1.0, 2.0, 3.0]}
    with pytest.raises(cv.DataError, match="no customer has bought again: x = 0 in all 3 rows"):
        cv.value_customers(log, rate=RATE, years=1, first_purchase_in_spend=True)


def test_concentration(valuation: cv.Valuation) -> None:
    assert valuation.top_share(0) == 0
    assert valuation.top_share(1) == pytest.approx(1)
    assert 0.1 < valuation.top_share(0.1) < valuation.top_share(0.2) < 1
    with pytest.raises(cv.ParameterError, match="between 0 and 1"):
        valuation.top_share(10)
    nothing = cv.value_customers(datasets.cdnow(), rate=RATE, years=3, margin=0.0)
    assert np.isnan(nothing.top_share())


def test_forever_is_more_and_zero_rate_forever_is_infinite(valuation: cv.Valuation) -> None:
    forever = cv.value_customers(datasets.cdnow(), rate=RATE, years=None, margin=0.30)
    assert np.all(forever.clv > valuation.clv)
    assert np.isfinite(forever.total)
    undiscounted = cv.value_customers(datasets.cdnow(), rate=cv.Rate.zero(), years=None, margin=0.30)
    assert undiscounted.buying.model.a < 1  # some customers never leave quickly enough: E[1/p] is infinite
    assert np.isinf(undiscounted.total)


def test_repr_reads(valuation: cv.Valuation) -> None:
    text = repr(valuation)
    assert "Valuation of 2,357 customers, 3 years ahead of 1998-06-30" in text
    assert f"total {valuation.total:,.2f}" in text
    assert "BetaGeoNBD and GammaGamma, 0.1 a year, margin 0.3" in text
    endless = cv.value_customers(datasets.cdnow(), rate=cv.Rate.zero(), years=None, margin=np.full(2357, 0.5))
    assert "forever" in repr(endless)
    assert "margin by customer" in repr(endless)
    assert "nan" not in repr(endless)


def test_every_kind_of_frame_comes_back() -> None:
    pd, pl, pa = (pytest.importorskip(name) for name in ("pandas", "polars", "pyarrow"))
    log = datasets.cdnow()
    first = cv.value_customers(log, rate=RATE, years=3).table()["clv"]
    for native in (pd.DataFrame(dict(log)), pl.DataFrame(dict(log)), pa.table(dict(log))):
        table = cv.value_customers(native, rate=RATE, years=3).table()
        assert type(table) is type(native)
        np.testing.assert_array_equal(np.asarray(table["clv"]), first)
    lazy = cv.value_customers(pl.LazyFrame(dict(log)), rate=RATE, years=3).table()
    assert isinstance(lazy, pl.LazyFrame)


def test_another_model_or_the_best_one() -> None:
    pareto = cv.value_customers(datasets.cdnow(), rate=RATE, years=3, margin=0.30, model=cv.ParetoNBD)
    assert isinstance(pareto.buying.model, cv.ParetoNBD)
    assert pareto.choice is None
    assert pareto.checks.alive_by_assumption == 0
    assert not pareto.checks.nobody_leaves
    never = cv.value_customers(datasets.cdnow(), rate=RATE, years=3, margin=0.30, model=cv.NBD)
    assert never.checks.notes[0] == "the model takes all customers for alive, since in it nobody ever leaves"
    best = cv.value_customers(datasets.cdnow(), rate=RATE, years=3, margin=0.30, model="auto")
    assert best.choice is not None
    assert best.buying == best.choice.best
    assert isinstance(best.buying.model, cv.ModifiedBetaGeoNBD)
    assert best.choice.reason in best.notes[0]
    for wrong in ("bg/nbd", pareto.buying.model):
        with pytest.raises(cv.ParameterError, match="model must be a class of model"):
            cv.value_customers(datasets.cdnow(), rate=RATE, years=3, model=wrong)  # type: ignore[arg-type]


def steady_log(rng: np.random.Generator, customers: int = 300) -> dict[str, Any]:
    """Customers who buy at random all year and never leave."""
    count = 1 + rng.poisson(rng.gamma(2.0, 2.0, customers))
    ids = np.repeat(np.arange(customers), count)
    days = rng.integers(0, 364, len(ids))
    amounts = rng.gamma(5.0, 1.0, len(ids)) * (20.0 / rng.gamma(3.0, 1.0, customers))[ids]
    return {"customer_id": ids, "date": np.datetime64("2023-01-01") + days, "amount": amounts}


def test_what_cannot_be_fitted_is_named_with_a_way_forward() -> None:
    log = steady_log(np.random.default_rng(3))
    with pytest.raises(cv.ConvergenceError, match=r"^BetaGeoNBD cannot be fitted: .* model='auto'") as caught:
        cv.value_customers(log, rate=RATE, years=1)
    assert isinstance(caught.value.fit, cv.Fit)
    best = cv.value_customers(log, rate=RATE, years=1, model="auto")
    assert isinstance(best.buying.model, cv.NBD)
    assert "BetaGeoNBD could not be fitted" in best.notes[0]


def test_a_holdout_changes_no_value_even_where_it_cannot_be_forecast() -> None:
    plain = cv.value_customers(datasets.cdnow(), rate=RATE, years=3, model="auto")
    tested = cv.value_customers(datasets.cdnow(), rate=RATE, years=3, model="auto", holdout="1997-09-30")
    assert plain.total == tested.total
    early = cv.value_customers(datasets.cdnow(), rate=RATE, years=3, holdout="1997-01-20")
    assert early.checks.holdout is None
    assert early.checks.untested.startswith("BetaGeoNBD cannot be fitted to what came before the holdout")
    assert early.checks.untested in early.notes[-1]


def test_a_model_worse_than_naive_forecasts_is_noticed(valuation: cv.Valuation) -> None:
    holdout = valuation.checks.holdout
    assert holdout is not None
    assert holdout.beaten_by == ""
    worse = evolve(holdout, model=evolve(holdout.model, root_mean_squared=99.0))
    assert worse.beaten_by == min(worse.naive, key=lambda name: worse.naive[name].root_mean_squared)
    noted = evolve(valuation.checks, holdout=worse).notes
    assert any(worse.beaten_by in note for note in noted)


def test_customers_left_out_are_counted() -> None:
    late = cv.value_customers(datasets.cdnow(), rate=RATE, years=3, first_purchase_from="1997-02-01")
    assert late.checks.left_out == 2357 - len(late.rfm) > 0
    assert any("are left out" in note for note in late.notes)


def test_bad_options_are_named() -> None:
    with pytest.raises(cv.ParameterError, match="holdout must be a date"):
        cv.value_customers(datasets.cdnow(), rate=RATE, years=1, holdout=39)
    with pytest.raises(cv.ParameterError, match="no option 'freq'; it takes unit, observed_until"):
        cv.value_customers(datasets.cdnow(), rate=RATE, years=1, freq="W")
    with pytest.raises(cv.ParameterError, match="years must be >= 0; got -1"):
        cv.value_customers(datasets.cdnow(), rate=RATE, years=-1)
