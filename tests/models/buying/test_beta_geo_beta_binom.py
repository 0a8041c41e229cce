"""BG/BB: published values and its laws. Accuracy: test_accuracy.py."""

from __future__ import annotations

from itertools import product
from math import comb
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from strategies import bb_parameters, chances

from custvalue.discounting.rate import Rate
from custvalue.errors import ConvergenceError, DataError, ParameterError
from custvalue.evidence.opportunities import Opportunities
from custvalue.inference.fit import Fit
from custvalue.models.buying.beta_geo_beta_binom import BetaGeoBetaBinom, gradient, log_likelihood


def test_a_later_interval_begins_and_ends_with_whole_periods() -> None:
    rows = Opportunities([0, 2, 6], [0, 4, 6], 6, unit="year")
    for t, after, opportunities in ((1.4, 1.7, (1, 2)), (1.0, 0.5, (0, 1)), (0.4, 0.5, (0, 0)), (2.5, 0.5, (0, 3))):
        begin, count = opportunities
        expected = MODEL.expected_purchases(rows, count, after=begin)
        assert np.array_equal(MODEL.expected_purchases(rows, t, after=after), expected)
    assert np.all(MODEL.expected_purchases(rows, 5, after=np.inf) == 0)
    assert np.all(MODEL.purchase_pmf(rows, 0, 5, after=np.inf) == 1)


# The donations of Fader, Hardie & Shang (2010): 11,104 people who first gave in 1995, their gifts in 1996-2001.
DONORS = np.array(
    [
        [6, 6, 1203], [5, 6, 728], [4, 6, 512], [3, 6, 357], [2, 6, 234], [1, 6, 129], [5, 5, 335], [4, 5, 284],
        [3, 5, 225], [2, 5, 173], [1, 5, 119], [4, 4, 240], [3, 4, 181], [2, 4, 155], [1, 4, 78], [3, 3, 322],
        [2, 3, 255], [1, 3, 129], [2, 2, 613], [1, 2, 277], [1, 1, 1091], [0, 0, 3464],
    ]
)  # fmt: skip
MODEL = BetaGeoBetaBinom(
    alpha=1.2035222450472134, beta=0.7497163248700567, gamma=0.6567182506467726, delta=2.7834424231208907
)
"""As fitted by the R package BTYD and Hardie's spreadsheet; printed as 1.204, 0.750, 0.657, 2.783."""


@pytest.fixture(scope="module")
def donors() -> Opportunities:
    x, t_x, weights = DONORS.T
    return Opportunities.from_table({"x": x, "t_x": t_x, "n": np.full(22, 6), "weights": weights}, unit="year")


@pytest.fixture(scope="module")
def fit(donors: Opportunities) -> Fit[BetaGeoBetaBinom]:
    return BetaGeoBetaBinom.fit(donors)


def test_published_fit(fit: Fit[BetaGeoBetaBinom]) -> None:
    """Fader, Hardie & Shang (2010), with the digits of BTYD's walkthrough."""
    assert fit.customers == 11_104
    assert fit.log_likelihood == pytest.approx(-33225.5813, abs=1e-4)
    assert fit.model.unit == "year"
    expected = [MODEL.parameters[name] for name in fit.model.parameters]
    assert list(fit.model.parameters.values()) == pytest.approx(expected, rel=1e-4)


def test_published_predictions(donors: Opportunities) -> None:
    """Table 6 of the paper (P(alive) at n + 1), Hardie's spreadsheets (total, in-sample), BTYD's walkthrough."""
    alive = MODEL.p_alive(Opportunities([0, 2, 6], [0, 4, 6], 6, unit="year"), ahead=1)
    assert alive == pytest.approx([0.108, 0.590, 0.930], abs=5e-4)
    assert (donors.weights * MODEL.expected_purchases(donors, 5)).sum() == pytest.approx(12884.2, abs=0.05)
    assert 11_104 * MODEL.purchase_pmf_new([0, 6], 6) == pytest.approx([3454.9, 1253.1], abs=0.05)
    assert MODEL.expected_purchases_new(10) == pytest.approx(3.179829, rel=1e-6)
    later = MODEL.expected_purchases(Opportunities([0, 4], [0, 5], 6, unit="year"), 10)
    assert later == pytest.approx([0.1302181, 3.6279676], rel=1e-6)
    ends = MODEL.expected_purchases(Opportunities([0, 6], [0, 6], 6, unit="year"), 5)
    assert ends == pytest.approx([0.07, 3.75], abs=5e-3)


def test_published_expected_purchases_by_history() -> None:
    """Expected gifts in 2002-2006, the table of the paper; more digits from its formula."""
    table = {
        (0, 0): 0.0728633416, (1, 1): 0.0856957083, (1, 2): 0.3142381145, (1, 4): 0.8393961249, (1, 6): 1.1478849296,
        (2, 2): 0.1191208785, (2, 4): 1.0576034932, (3, 3): 0.2235945739, (3, 6): 2.1897486386, (4, 5): 2.0300239578,
        (5, 5): 1.8129420908, (6, 6): 3.7525442023,
    }  # fmt: skip
    x, t_x = np.array(list(table)).T
    assert MODEL.expected_purchases(Opportunities(x, t_x, 6, unit="year"), 5) == pytest.approx(
        list(table.values()), rel=1e-8
    )


def test_published_residual_purchases() -> None:
    """The inputs of BTYD's manual for bgbb.DERT; the first opportunity ahead is discounted by one period."""
    model = BetaGeoBetaBinom(1.2, 0.75, 0.66, 2.78)
    rows = Opportunities([3, 1, 2, 3, 4, 5, 6], [4, 6, 6, 6, 6, 6, 6], 6, unit="year")
    expected = [1.621379185843, 1.802044798614, 2.621156070711, 3.440267342809]
    expected += [4.259378614906, 5.078489887004, 5.897601159101]
    assert model.discounted_expected_purchases(rows, Rate.annual(0.1)) == pytest.approx(expected, rel=1e-10)


def test_btyd_fails_at_gamma_1_and_at_1000_opportunities() -> None:
    """There, an error, and values off by 1e31. Here gamma = 1 is like its neighbors, and rows are monotone in t_x."""
    rows = Opportunities([3, 500], [4, 990], [6, 1000], unit="year")
    below, at, above = (
        BetaGeoBetaBinom(1.2, 0.75, gamma, 2.78).discounted_expected_purchases(rows, Rate.annual(0.1))
        for gamma in (1 - 1e-6, 1.0, 1 + 1e-6)
    )
    assert at == pytest.approx((below + above) / 2, rel=1e-11)
    late = Opportunities(300, [300, 600, 900, 980, 1000], 1000, unit="year")
    worth = BetaGeoBetaBinom(1.2, 0.75, 0.66, 2.78).discounted_expected_purchases(late, Rate.annual(0.1))
    assert np.all(np.diff(worth) > 0)
    assert worth[-1] < 1 / np.expm1(np.log(1.1))


def test_the_search_starts_where_there_is_a_likelihood() -> None:
    """Other libraries begin with NaN where n is not what they mean by it; whatever `Opportunities` takes has one."""
    for rows in (
        Opportunities([1, 0], [1, 0], [1, 0], unit="year"),
        Opportunities([1000, 1], [1000, 1], [1000, 1000], unit="year"),
    ):
        start = BetaGeoBetaBinom.problem(rows).first
        assert np.all(np.isfinite(start.log_likelihood(rows)))


def histories(n: int) -> list[tuple[int, ...]]:
    return list(product((0, 1), repeat=n))


@pytest.mark.parametrize("n", [0, 1, 4, 9])
def test_likelihoods_of_all_histories_sum_to_1(n: int) -> None:
    rows = [(sum(bought), max((i + 1 for i in range(n) if bought[i]), default=0), n) for bought in histories(n)]
    for model in (MODEL, BetaGeoBetaBinom(1e4, 1e-2, 1.0, 1e-2)):
        likelihood = np.exp(
            model.log_likelihood(Opportunities(*np.array(rows, dtype=float).reshape(-1, 3).T, unit="year"))
        )
        assert likelihood.sum() == pytest.approx(1, abs=1e-12)


def test_pmf_of_newcomers_is_the_sum_over_their_histories() -> None:
    n = 7
    rows = [(x, t_x, n) for x in range(n + 1) for t_x in range(n + 1) if (0 < x <= t_x) or x == t_x == 0]
    orders = [comb(t_x - 1, x - 1) if x else 1 for x, t_x, _ in rows]
    chance = orders * np.exp(MODEL.log_likelihood(Opportunities(*np.array(rows).T, unit="year")))
    expected = [sum(c for c, row in zip(chance, rows, strict=True) if row[0] == x) for x in range(n + 1)]
    assert MODEL.purchase_pmf_new(np.arange(n + 1), n) == pytest.approx(expected, rel=1e-12)


def test_predictions_are_those_of_all_continued_histories() -> None:
    """Bayes: what follows a history is the ratio of likelihoods of the histories that begin with it."""
    x, t_x, n, t = 2, 3, 5, 4
    base = MODEL.log_likelihood(Opportunities(x, t_x, n, unit="year"))
    pmf, expected = np.zeros(t + 1), 0.0
    for bought in histories(t):
        last = max((n + i + 1 for i in range(t) if bought[i]), default=t_x)
        chance = np.exp(MODEL.log_likelihood(Opportunities(x + sum(bought), last, n + t, unit="year")) - base)
        pmf[sum(bought)] += chance
        expected += sum(bought) * chance
    now = Opportunities(x, t_x, n, unit="year")
    assert MODEL.purchase_pmf(now, np.arange(t + 1), t) == pytest.approx(pmf, rel=1e-12)
    assert MODEL.expected_purchases(now, t) == pytest.approx(expected, rel=1e-12)
    assert MODEL.probability_of_purchase(now, t) == pytest.approx(1 - pmf[0], rel=1e-12)


models = bb_parameters().map(lambda values: BetaGeoBetaBinom(**values))


@given(model=models, rows=chances())
def test_who_has_just_bought_is_alive_and_means_are_of_probabilities(
    model: BetaGeoBetaBinom, rows: Opportunities
) -> None:
    assert np.all(model.p_alive(rows)[rows.t_x == rows.n] == 1)
    for mean in (model.posterior_mean_purchase_rate(rows), model.posterior_mean_drop_out(rows)):
        assert np.all((mean > 0) & (mean < 1))


@given(model=models, rows=chances(most=60))
def test_gradient_is_the_slope_of_the_log_likelihood(model: BetaGeoBetaBinom, rows: Opportunities) -> None:
    columns, values, width = (rows.x, rows.t_x, rows.n), np.array(list(model.parameters.values())), 1e-3
    slopes = gradient(*columns, *values) * values[:, None]
    for i, unit in enumerate(np.eye(4)):
        at = {k: log_likelihood(*columns, *(values * np.exp(k * width * unit))) for k in (-2, -1, 1, 2)}
        numeric = (8 * (at[1] - at[-1]) - (at[2] - at[-2])) / (12 * width)
        rounding = 1e-11 * np.abs(at[1]) + 1e-9 + 1e-7 * np.abs(slopes).max(axis=0)
        assert np.all(np.abs(numeric - slopes[i]) <= rounding)


def test_limits_of_the_horizon() -> None:
    rows = Opportunities([0, 2, 6], [0, 4, 6], 6, unit="year")
    assert np.all(MODEL.churn_probability(rows, np.inf) == 1)
    assert np.all(MODEL.p_alive(rows, np.inf) == 0)
    assert np.all(MODEL.probability_of_purchase(rows, 0) == 0)
    assert np.array_equal(MODEL.purchase_pmf(rows, [[0], [1]], 0), [[1] * 3, [0] * 3])
    assert np.all(np.isinf(MODEL.expected_purchases(rows, np.inf)))
    assert np.all(np.isinf(MODEL.discounted_expected_purchases(rows, Rate.annual(-0.01))))
    total = MODEL.purchase_pmf(rows, np.arange(100)[:, None], np.inf).sum(axis=0)
    assert np.all((total > 0.5) & (total < 1))
    bought = MODEL.probability_of_purchase(rows, np.inf)
    assert MODEL.purchase_pmf(rows, 0, np.inf) == pytest.approx(1 - bought, rel=1e-12)


def test_a_fraction_of_a_period_holds_no_opportunity() -> None:
    rows = Opportunities(2, 4, 6, unit="quarter")
    assert MODEL.expected_purchases(rows, 2.9) == MODEL.expected_purchases(rows, 2)
    assert MODEL.p_alive(rows, 0.99) == MODEL.p_alive(rows)
    assert MODEL.expected_purchases(rows, 3 * (1 / 3 + 1 / 3 + 1 / 3 - 1e-16)) == MODEL.expected_purchases(rows, 3)


def test_an_endless_expectation_is_endless_for_those_hardly_alive() -> None:
    gone = Opportunities(900, 900, 1000, unit="year")
    assert BetaGeoBetaBinom(1e4, 1e-2, 0.5, 1e-2).expected_purchases(gone, np.inf) == np.inf


def test_simulation_follows_the_model() -> None:
    rng = np.random.default_rng(3)
    rows = BetaGeoBetaBinom(1.2, 0.75, 0.66, 2.78, unit="year").simulate(np.full(200_000, 6), rng=rng)
    model = BetaGeoBetaBinom(1.2, 0.75, 0.66, 2.78)
    assert rows.unit == "year"
    kinds = rows.distinct("x", "t_x", "n")
    x, t_x, _ = kinds.columns
    ways = np.array([comb(int(t) - 1, int(k) - 1) if k else 1 for k, t in zip(x, t_x, strict=True)])
    expected = 200_000 * ways * np.exp(model.log_likelihood(Opportunities(x, t_x, 6, unit="year")))
    assert len(kinds.counts) == 22
    chi_square = ((kinds.counts - expected) ** 2 / expected).sum()
    assert chi_square < 46.8  # 0.1 % of samples of 21 degrees of freedom exceed it


def test_simulation_at_the_limits() -> None:
    rng = np.random.default_rng(4)
    for model in (BetaGeoBetaBinom(1e-2, 1e-2, 1e-2, 1e-2), BetaGeoBetaBinom(1e-2, 1e4, 1e4, 1e-2)):
        rows = model.simulate(np.full(20_000, 30), rng=rng, unit="week")
        expected = float(model.expected_purchases_new(30))
        assert abs(rows.x.mean() - expected) <= 4 * rows.x.std() / 20_000**0.5 + 1e-3


def summary(log: dict[str, Any], customers: int) -> tuple[np.ndarray, np.ndarray]:
    last = np.zeros(customers)
    np.maximum.at(last, log["customer_id"], log["time"])
    return np.bincount(log["customer_id"], minlength=customers) - 1, last


def test_simulated_logs_follow_the_model() -> None:
    """Of all 22 histories of six opportunities, by χ²; and purchases in a later interval."""
    model, many = BetaGeoBetaBinom(1.2, 0.75, 0.66, 2.78, unit="year"), 200_000
    log = model.simulate_log(np.full(many, 6), rng=np.random.default_rng(6))
    x, t_x = summary(log, many)
    kinds = Opportunities(x, t_x, 6, unit="year").distinct("x", "t_x")
    ways = [comb(int(t) - 1, int(k) - 1) if k else 1 for k, t in zip(*kinds.columns, strict=True)]
    expected = many * np.array(ways) * np.exp(model.log_likelihood(Opportunities(*kinds.columns, 6, unit="year")))
    assert len(kinds.counts) == 22
    assert ((kinds.counts - expected) ** 2 / expected).sum() < 46.8
    bought = np.bincount(log["customer_id"][log["time"] > 2], minlength=many)
    share = np.bincount(bought, minlength=5) / many
    pmf = model.purchase_pmf_new(np.arange(5), 4, after=2)
    assert ((share - pmf) ** 2 / pmf).sum() * many < 23  # χ² with 4 degrees: P = 1e-4
    assert np.all(np.diff(log["time"])[np.diff(log["customer_id"]) == 0] >= 1)


@pytest.mark.parametrize(("unit", "end"), [("week", "2026-06-30"), ("day", "2026-06-30"), ("year", "2025-12-31")])
def test_a_simulated_log_is_read_as_it_was_drawn_and_fitted(unit: Any, end: str) -> None:
    truth, many = BetaGeoBetaBinom(1.2, 0.75, 0.66, 2.78, unit=unit), 20_000
    n = np.random.default_rng(7).integers(0, 12, many)
    log = truth.simulate_log(n, rng=np.random.default_rng(8), observed_until=end)
    rows = Opportunities.from_transactions(log, unit=unit, observed_until=end)
    x, t_x = summary(log, many)
    assert rows == Opportunities(x, t_x, n, ids=np.arange(many), unit=unit)
    fit = BetaGeoBetaBinom.fit(rows)
    for name, error in fit.standard_errors.items():
        assert abs(fit.model.parameters[name] - truth.parameters[name]) < 4 * error


def test_data_that_tell_nothing() -> None:
    with pytest.raises(DataError, match="the Opportunities has none"):
        BetaGeoBetaBinom.fit(Opportunities([], [], [], unit="year"))
    with pytest.raises(DataError, match="no customer has bought again"):
        BetaGeoBetaBinom.fit(Opportunities([0, 0], 0, 6, unit="year"))
    with pytest.raises(ConvergenceError, match=r"beta runs to 0 \(customers buy at every opportunity\)"):
        BetaGeoBetaBinom.fit(Opportunities([1, 2, 3, 4, 6, 6, 6], [1, 2, 3, 4, 6, 6, 6], 6, unit="year"))


def test_units_are_checked() -> None:
    model = BetaGeoBetaBinom(1.2, 0.75, 0.66, 2.78, unit="year")
    with pytest.raises(DataError, match="build the Opportunities with unit='year'"):
        model.p_alive(Opportunities(2, 4, 6, unit="week"))
    with pytest.raises(ParameterError, match="does not know its unit"):
        MODEL.simulate([6], rng=np.random.default_rng(1))
    weekly = MODEL.discounted_expected_purchases_new(Rate.weekly(0.1), 5, unit="week")
    assert weekly == pytest.approx(MODEL.discounted_expected_purchases_new(Rate.annual(0.1), 5, unit="year"))


def test_values_out_of_their_domain() -> None:
    rows = Opportunities(2, 4, 6, unit="year")
    with pytest.raises(ParameterError, match="gamma must be positive"):
        BetaGeoBetaBinom(1.2, 0.75, 0.0, 2.78)
    with pytest.raises(ParameterError, match="t must be >= 0"):
        MODEL.expected_purchases(rows, -1)
    with pytest.raises(ParameterError, match="n must be a whole number"):
        MODEL.purchase_pmf(rows, 1.5, 3)
    with pytest.raises(ParameterError, match="n must be a whole number"):
        MODEL.simulate_log([2.5], rng=np.random.default_rng(1))
    with pytest.raises(ParameterError, match="n must be a whole number"):
        MODEL.simulate([2.5], rng=np.random.default_rng(1), unit="year")
