"""Models of regular buying: 40-digit references, published values, k = 1, and the search for k."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from references import every, reference
from scipy.special import gammaln, psi
from strategies import bg_parameters, histories, spans

from custvalue.discounting.rate import Rate
from custvalue.errors import ConvergenceError, DataError, ParameterError
from custvalue.evidence.rfm import RFM
from custvalue.models.buying.beta_geo_cnbd import BetaGeoCNBD
from custvalue.models.buying.beta_geo_nbd import BetaGeoNBD
from custvalue.models.buying.engines import erlang_integrals as _erlang
from custvalue.models.buying.engines import erlang_intervals as _erlang_later
from custvalue.models.buying.engines.erlang_intervals import discounted
from custvalue.models.buying.modified_beta_geo_cnbd import ModifiedBetaGeoCNBD
from custvalue.models.buying.modified_beta_geo_nbd import ModifiedBetaGeoNBD
from custvalue.numerics import summation as _whole

REFERENCE = reference("erlang")
MODELS = [BetaGeoCNBD, ModifiedBetaGeoCNBD]
PARAMETERS = {"r": 0.85, "alpha": 1.45, "a": 0.79, "b": 2.42, "unit": "week"}
both = pytest.mark.parametrize("model", MODELS, ids=["BG", "MBG"])


def every_case(part: str) -> pytest.MarkDecorator:
    return every(REFERENCE[part], lambda case: f"k={case['k']}")


random_too = pytest.mark.parametrize(
    ("regular", "random"), list(zip(MODELS, [BetaGeoNBD, ModifiedBetaGeoNBD], strict=True)), ids=["BG", "MBG"]
)


@every_case("ahead")
@pytest.mark.parametrize("question", ["purchases", "leaves", "stays"])
@pytest.mark.parametrize("beats", [3000.0, -1.0], ids=["as chosen", "in runs"])
def test_what_lies_ahead(case: dict[str, Any], question: Any, beats: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_erlang, "_BEATS", beats)
    found = _erlang.ahead(question, case["k"], case["R"], case["a"], case["b"], case["h"])[case["j"]]
    expected = float(case[question])
    if expected > 1e-290:
        assert found == pytest.approx(expected, rel=3e-11)


@every_case("later")
@pytest.mark.parametrize("few", [200.0, -1.0], ids=["as chosen", "in runs"])
def test_what_is_bought_later(case: dict[str, Any], few: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_whole, "_FEW", few)
    who = tuple(np.array([case[name]]) for name in ("R", "a", "b", "f", "h"))
    found = {
        "purchases": _erlang_later.purchases(case["k"], *who),
        "buys": _erlang_later.buys(case["k"], *who),
        "pmf": _erlang_later.pmf(case["k"], np.array([float(case["m"])]), *who),
    }
    for name, value in found.items():
        assert value[case["j"], 0] == pytest.approx(float(case[name]), rel=3e-11)


@every_case("discounted")
def test_discounted(case: dict[str, Any]) -> None:
    found = discounted(case["k"], case["R"], case["a"], case["b"], float(case["h"]), case["theta"])[case["j"]]
    assert found == pytest.approx(float(case["value"]), rel=3e-11)


@every_case("history")
def test_likelihood_and_p_alive(case: dict[str, Any]) -> None:
    model = MODELS[case["first"]](**{name: case[name] for name in ("r", "alpha", "a", "b", "k")})
    row, expected = RFM(case["x"], case["t_x"], case["T"], unit="year"), float(case["log_likelihood"])
    assert model.log_likelihood(row) == pytest.approx(expected, rel=1e-12, abs=1e-10)
    assert model.p_alive(row) == pytest.approx(float(case["p_alive"]), rel=1e-11, abs=1e-290)


def test_values_of_btydplus() -> None:
    """BTYDplus 1.2, mbgcnbd.PAlive of its manual, mbgcnbd.pmf and .Expectation; computed with R."""
    alive = ModifiedBetaGeoCNBD(**PARAMETERS, k=3).p_alive(RFM(3, 12, 32, unit="week"))
    assert alive == pytest.approx(0.02208680726499912, rel=1e-13)
    model = ModifiedBetaGeoCNBD(r=1.32917542, alpha=2.81255131, a=0.42470899, b=0.7900287, k=2)
    pmf = [0.3780167402, 0.1482946687, 0.08925333667, 0.06279351202, 0.04776625, 0.0380203582]
    assert model.purchase_pmf_new(np.arange(6), 52) == pytest.approx(pmf, rel=1e-7)
    # its expectation is a sum of rounded probabilities, right to about 1e-8
    assert model.expected_purchases_new([1, 26, 52]) == pytest.approx(
        [0.06955945438, 2.44614424, 4.095127758], rel=1e-7
    )


@random_too
@given(parameters=bg_parameters(), rfm=histories(), t=spans)
def test_at_random_it_is_the_model_of_random_buying(
    regular: Any, random: Any, parameters: dict[str, float], rfm: RFM, t: float
) -> None:
    one, other = regular(**parameters, k=1), random(**parameters)
    for predict in (
        lambda model: model.log_likelihood(rfm),
        lambda model: model.p_alive(rfm),
        lambda model: model.churn_probability(rfm, t),
        lambda model: model.expected_purchases(rfm, [[t], [np.inf]]),
        lambda model: model.probability_of_purchase(rfm, t),
        lambda model: model.purchase_pmf(rfm, [[0], [1], [5], [200]], t),
        lambda model: model.expected_purchases(rfm, [[t], [np.inf]], after=13.0),
        lambda model: model.probability_of_purchase(rfm, 13.0, after=t),
        lambda model: model.purchase_pmf(rfm, [[0], [1], [5]], t, after=13.0),
        lambda model: model.discounted_expected_purchases(rfm, Rate.annual(0.1)),
        lambda model: model.posterior_mean_purchase_rate(rfm),
        lambda model: model.posterior_mean_drop_out(rfm),
    ):
        assert np.allclose(predict(one), predict(other), rtol=1e-10, atol=1e-280)


@random_too
def test_at_random_the_fit_is_the_same(regular: Any, random: Any) -> None:
    rfm = regular(**PARAMETERS, k=1).simulate(np.full(3000, 40.0), rng=np.random.default_rng(5))
    one, other = regular.fit(rfm, k=1), random.fit(rfm)
    assert list(one.model.parameters.values()) == pytest.approx(list(other.model.parameters.values()), rel=1e-6)
    assert one.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-12)
    assert one.warnings == other.warnings


@both
def test_k_is_found(model: Any) -> None:
    rfm = model(**PARAMETERS, k=3).simulate(np.linspace(20, 60, 3000), rng=np.random.default_rng(6))
    fit = model.fit(rfm)
    assert fit.model.k == 3
    assert fit.warnings[-1].startswith("k = 3 has the highest log-likelihood of 1: -")
    assert ", 4: -" in fit.warnings[-1]
    assert ", 5: -" not in fit.warnings[-1]
    assert fit.log_likelihood == pytest.approx(fit.model.log_likelihood(rfm).sum(), rel=1e-12)
    assert fit.log_likelihood > model.fit(rfm, k=2).log_likelihood


@both
def test_parameters_of_a_given_k_need_no_spacing(model: Any) -> None:
    rfm = model(**PARAMETERS, k=3).simulate(np.full(2000, 40.0), rng=np.random.default_rng(7))
    bare = RFM(rfm.x, rfm.t_x, rfm.T, unit="week")
    known, unknown = model.fit(rfm, k=3), model.fit(bare, k=3)
    assert known.model == unknown.model
    assert known.log_likelihood == pytest.approx(unknown.log_likelihood + 2 * rfm.log_interpurchase.sum(), rel=1e-12)
    assert known.warnings == ()
    assert "lacks the term of log_interpurchase" in unknown.warnings[0]
    with pytest.raises(DataError, match=r"log_interpurchase=True, or give k"):
        model.fit(bare)


def test_where_no_k_fits_the_first_refusal_is_raised() -> None:
    alike = RFM(x=[5, 6, 4, 5], t_x=[9.9, 9.8, 9.7, 9.9], T=10, log_interpurchase=[3.0, 2.5, 3.2, 3.1], unit="week")
    with pytest.raises(ConvergenceError, match="no interior maximum"):
        BetaGeoCNBD.fit(alike)


@pytest.mark.parametrize("bad", [0, -1, 1.5, 2.0, True, "2", None])
def test_k_is_a_whole_number(bad: Any) -> None:
    with pytest.raises(ParameterError, match="k must be a whole number >= 1"):
        BetaGeoCNBD(**PARAMETERS, k=bad)
    assert attrs.evolve(BetaGeoCNBD(**PARAMETERS, k=2), k=3).k == 3


@both
def test_simulated_times_between_purchases(model: Any) -> None:
    """Given x and t_x, shares of t_x are Dirichlet(k, ..., k): their logs have mean ψ(k) - ψ(kx)."""
    k = 3
    rfm = model(**PARAMETERS, k=k).simulate(np.full(50_000, 40.0), rng=np.random.default_rng(8))
    for x in (1, 2, 5):
        some = rfm[rfm.x == x]
        off = some.log_interpurchase - x * np.log(some.t_x) - x * (psi(k) - psi(k * x))
        assert abs(off.mean()) <= 4 * off.std() / np.sqrt(len(some)) + 1e-12
    assert np.all(rfm.log_interpurchase[rfm.x == 0] == 0)


@both
def test_what_is_expected_of_simulated_customers_by_their_recency(model: Any) -> None:
    """E[purchases | x, t_x] against customers simulated purchase by purchase, by when their fourth and last one was."""
    regular, rng, count = model(**PARAMETERS, k=3), np.random.default_rng(9), 400_000
    age, later = 30.0, 20.0
    rate, leave = rng.gamma(regular.r, 1 / regular.alpha, count), rng.beta(regular.a, regular.b, count)
    there = np.ones(count, dtype=bool) if model is BetaGeoCNBD else rng.random(count) > leave
    time, last, seen, ahead = np.zeros((4, count))
    while there.any():
        time += rng.gamma(3.0, 1 / rate)
        there &= time < age + later
        last[there & (time < age)] = time[there & (time < age)]
        seen += there & (time < age)
        ahead += there & (time >= age)
        there &= rng.random(count) > leave
    for low, high in ((0, 20), (20, 25), (25, 30)):
        those = (seen == 4) & (last >= low) & (last < high)
        error = ahead[those] - regular.expected_purchases(RFM(4, last[those], age, unit="week"), later)
        assert abs(error.mean()) < 4 * error.std() / np.sqrt(those.sum())


@pytest.mark.parametrize("model", [BetaGeoNBD, ModifiedBetaGeoNBD, *MODELS])
def test_posterior_means_average_to_the_means(model: Any) -> None:
    """Over all histories until T = 20, t_x at Gauss-Legendre points."""
    k = 3 if model in MODELS else 1
    one = model(**PARAMETERS, **({"k": k} if k > 1 else {}))
    nodes, weights = np.polynomial.legendre.leggauss(100)
    x, t_x = np.repeat(np.arange(1.0, 500 // k), 100), np.tile((nodes + 1) * 10, 500 // k - 1)
    rfm = RFM(np.append(0, x), np.append(0, t_x), 20, unit="week")
    orders = (k * x - 1) * np.log(t_x) - gammaln(k * x) + x * gammaln(k) + np.log(np.tile(weights, 500 // k - 1) * 10)
    probability = np.exp(one.log_likelihood(rfm) + np.append(0, orders))
    assert probability.sum() == pytest.approx(1, rel=1e-10)
    assert one.posterior_mean_purchase_rate(rfm) @ probability == pytest.approx(0.85 / 1.45 / k, rel=1e-9)
    assert one.posterior_mean_drop_out(rfm) @ probability == pytest.approx(0.79 / (0.79 + 2.42), rel=1e-9)
