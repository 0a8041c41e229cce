"""Models of latent attrition against 40-digit arithmetic, of make_latent_attrition.py and make_periodic_death.py.

Over the whole domain: parameters from 1e-2 to 1e4, x to 10,000, T from 0 to 1e6, t_x = T, horizons from 1e-10 to
infinity, intervals that begin at once, late or never, negative and tiny rates, s = 1, c = 1, beta = 1 and alpha = beta
exactly and near.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from custvalue.discounting.rate import Rate
from custvalue.evidence.rfm import RFM
from custvalue.models.buying.engines.latent_attrition import LatentAttritionModel
from custvalue.models.buying.gamma_gompertz_nbd import GammaGompertzNBD
from custvalue.models.buying.pareto_nbd import ParetoNBD
from custvalue.models.buying.periodic_death import PeriodicDeathOpportunity
from custvalue.models.buying.weibull_gamma_nbd import WeibullGammaNBD

REFERENCE = Path(__file__).parents[2] / "reference"
MODELS = {
    "pareto_nbd": ParetoNBD,
    "gamma_gompertz_nbd": GammaGompertzNBD,
    "weibull_gamma_nbd": WeibullGammaNBD,
    "periodic_death": PeriodicDeathOpportunity,
}
ACCURACY = 1e-10
PREDICTIONS = {
    "log_likelihood": lambda model, rfm, **_: model.log_likelihood(rfm),
    "p_alive": lambda model, rfm, **_: model.p_alive(rfm),
    "p_alive_ahead": lambda model, rfm, t, **_: model.p_alive(rfm, t),
    "churn_probability": lambda model, rfm, t, **_: model.churn_probability(rfm, t),
    "expected_purchases": lambda model, rfm, t, **_: model.expected_purchases(rfm, t),
    "discounted": lambda model, rfm, t, force, **_: model.discounted_expected_purchases(rfm, Rate.continuous(force), t),
    "probability_of_purchase": lambda model, rfm, t, **_: model.probability_of_purchase(rfm, t),
    "purchase_pmf": lambda model, rfm, t, n, **_: model.purchase_pmf(rfm, n, t),
    "expected_purchases_after": lambda model, rfm, t, after, **_: model.expected_purchases(rfm, t, after=after),
    "probability_of_purchase_after": lambda model, rfm, t, after, **_: model.probability_of_purchase(
        rfm, t, after=after
    ),
    "purchase_pmf_after": lambda model, rfm, t, n, after, **_: model.purchase_pmf(rfm, n, t, after=after),
}


class Cases:
    """Customers, each under parameters of its own, and what is true of them."""

    def __init__(self, name: str) -> None:
        text = (REFERENCE / f"{name}.json").read_text(encoding="utf-8")
        self.columns = {key: np.array(values, dtype=float) for key, values in json.loads(text).items()}
        self.model: type[LatentAttritionModel] = MODELS[name]
        self.parameters = [f.name for f in attrs.fields(self.model) if f.name != "unit"]  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self.columns["x"])

    def predict(self, prediction: str, rows: Any = slice(None)) -> Any:
        """The prediction for some of the rows."""
        column = {key: values[rows] for key, values in self.columns.items()}
        model = self.model(**{name: column[name] for name in self.parameters})  # type: ignore[call-arg]
        rfm = RFM(column["x"], column["t_x"], column["T"])
        ahead = {name: column[name] for name in ("t", "n", "force", "after")}
        return PREDICTIONS[prediction](model, rfm, **ahead)

    def wrong(self, prediction: str, values: Any) -> list[Any]:
        """The cases in which the values are not the reference."""
        truth = self.columns[f"={prediction}"]
        scale = np.maximum(np.abs(truth), 1.0 if prediction == "log_likelihood" else 1e-290)
        with np.errstate(invalid="ignore"):
            good = (values == truth) | (np.abs(values - truth) <= ACCURACY * scale)
        inputs = [{key: column[i] for key, column in self.columns.items()} for i in np.flatnonzero(~good)]
        return list(zip(values[~good], truth[~good], inputs, strict=True))


@pytest.fixture(scope="module", params=MODELS)
def cases(request: pytest.FixtureRequest) -> Cases:
    return Cases(request.param)


@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_predictions(cases: Cases, prediction: str) -> None:
    assert len(cases) >= 50
    assert cases.wrong(prediction, cases.predict(prediction)) == []


@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_predictions_one_by_one(cases: Cases, prediction: str) -> None:
    """Scalar parameters take other ways (tables, other nodes) to the same numbers."""
    rows = range(0, len(cases), 3)
    alone = np.array([float(cases.predict(prediction, i)) for i in rows])
    truth = Cases.__new__(Cases)
    truth.columns = {key: column[::3] for key, column in cases.columns.items()}
    assert truth.wrong(prediction, alone) == []


def test_the_reference_holds_the_limits(cases: Cases) -> None:
    column = cases.columns
    assert column["x"].max() == 10_000
    assert (column["T"] == 0).any()
    assert ((column["t_x"] == column["T"]) & (column["x"] > 0)).any()
    assert np.isinf(column["t"]).any()
    assert (column["force"] < 0).any()
    assert (column["force"] == 1e-30).any()
    assert (column["n"] > 100).any()
    assert np.isinf(column["after"]).any()
    assert (column["after"] > 1e5 * column["t"]).any()
    assert (column["after"] < 1e-5 * column["t"]).any()
    interval = column["=expected_purchases_after"]
    assert ((interval > 0) & (interval < 1e-6)).any()


def test_posterior_means_are_those_of_simulated_customers() -> None:
    """E[E[λ | history]] = r/α and E[E[μ | history]] = s/β, and in classes of customers that look alike."""
    model, customers = ParetoNBD(2.0, 10.0, 3.0, 60.0, unit="week"), 400_000
    rng = np.random.default_rng(5)
    rate, leaving = rng.gamma(2.0, 1 / 10.0, customers), rng.gamma(3.0, 1 / 60.0, customers)
    lifetime = np.minimum(rng.exponential(size=customers) / leaving, 30.0)
    x = rng.poisson(rate * lifetime)
    t_x = np.where(x > 0, lifetime * rng.beta(np.maximum(x, 1), 1.0), 0.0)
    rfm = RFM(x, t_x, 30.0, unit="week")
    for true, posterior in (
        (rate, model.posterior_mean_purchase_rate(rfm)),
        (leaving, model.posterior_mean_drop_out(rfm)),
    ):
        for some in (x >= 0, x == 0, (x > 3) & (t_x < 20), (x > 3) & (t_x >= 20)):
            error = (true - posterior)[some]
            assert abs(error.mean()) < 4 * error.std() / np.sqrt(some.sum())


def test_a_last_purchase_just_before_leaving_is_likeliest() -> None:
    """A heavy buyer's silence is told from leaving within moments, on both sides of the edge of the lifetime law."""
    rows = [np.array([value]) for value in (1.0, 0.5, 1.0)]
    at = [
        float(WeibullGammaNBD(1e4, 1.0, np.exp(step), 1.0, 1.0)._engine.log_likelihood(*rows)[0])
        for step in (-1e-3, 0.0, 1e-3)
    ]
    assert at[1] == pytest.approx(-4055.4622112778607, rel=1e-12)  # mpmath, 50 digits
    assert (at[2] - at[0]) / 2e-3 == pytest.approx(0.594434912, rel=1e-5)
