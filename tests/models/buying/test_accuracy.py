"""Predictions against arithmetic in 40 digits (tests/reference), over the whole domain.

Parameters from 1e-2 to 1e4, x to 10,000, T from 0 to 1e6, t_x = T, horizons from 1e-10 to infinity, intervals that
begin at once, late or never, negative and tiny rates, a = 1, s = 1, c = 1, beta = 1 and alpha = beta exactly and near.
The models of regular buying have theirs in test_erlang.py.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest
from references import columns

from custvalue.discounting.rate import Rate
from custvalue.evidence.opportunities import Opportunities
from custvalue.evidence.rfm import RFM
from custvalue.models.buying.beta_geo_beta_binom import BetaGeoBetaBinom
from custvalue.models.buying.beta_geo_nbd import BetaGeoNBD
from custvalue.models.buying.family import TransactionModel
from custvalue.models.buying.gamma_gompertz_nbd import GammaGompertzNBD
from custvalue.models.buying.pareto_nbd import ParetoNBD
from custvalue.models.buying.periodic_death import PeriodicDeathOpportunity
from custvalue.models.buying.weibull_gamma_nbd import WeibullGammaNBD

LATENT: dict[str, type[TransactionModel]] = {
    "pareto_nbd": ParetoNBD,
    "gamma_gompertz_nbd": GammaGompertzNBD,
    "weibull_gamma_nbd": WeibullGammaNBD,
    "periodic_death": PeriodicDeathOpportunity,
}
MODELS = {"beta_geo_nbd": BetaGeoNBD, "beta_geo_beta_binom": BetaGeoBetaBinom} | LATENT
ACCURACY = 1e-10
PREDICTIONS = {
    "log_likelihood": lambda model, rows, **_: model.log_likelihood(rows),
    "p_alive": lambda model, rows, **_: model.p_alive(rows),
    "p_alive_ahead": lambda model, rows, t, **_: model.p_alive(rows, t),
    "gone": lambda model, rows, **_: model.churn_probability(rows, 0),
    "churn_probability": lambda model, rows, t, **_: model.churn_probability(rows, t),
    "expected_purchases": lambda model, rows, t, **_: model.expected_purchases(rows, t),
    "discounted": lambda model, rows, t, rate, **_: model.discounted_expected_purchases(rows, rate, t),
    "discounted forever": lambda model, rows, rate, **_: model.discounted_expected_purchases(rows, rate),
    "probability_of_purchase": lambda model, rows, t, **_: model.probability_of_purchase(rows, t),
    "purchase_pmf": lambda model, rows, t, n, **_: model.purchase_pmf(rows, n, t),
    "expected_purchases_after": lambda model, rows, t, after, **_: model.expected_purchases(rows, t, after=after),
    "probability_of_purchase_after": lambda model, rows, t, after, **_: model.probability_of_purchase(
        rows, t, after=after
    ),
    "purchase_pmf_after": lambda model, rows, t, n, after, **_: model.purchase_pmf(rows, n, t, after=after),
    "none after": lambda model, rows, t, after, **_: model.purchase_pmf(rows, 0, t, after=after),
    "purchase_rate": lambda model, rows, **_: model.posterior_mean_purchase_rate(rows),
    "drop_out": lambda model, rows, **_: model.posterior_mean_drop_out(rows),
}


RENAMED = {
    "k": "n",
    "=later purchases": "=expected_purchases_after",
    "=later buys": "=probability_of_purchase_after",
    "=later pmf": "=purchase_pmf_after",
    "=later some": "=purchase_pmf_after",
    "=later none": "=none after",
}


class Cases:
    """Customers, each under parameters of its own, and what is true of them."""

    def __init__(self, name: str) -> None:
        self.columns = {RENAMED.get(key, key): values for key, values in columns(name).items()}
        self.model = MODELS[name]
        self.discrete = self.model is BetaGeoBetaBinom
        self.parameters = [f.name for f in attrs.fields(self.model) if f.name in self.columns]

    def __len__(self) -> int:
        return len(self.columns["x"])

    def known(self, prediction: str) -> np.ndarray:
        """The cases for which the prediction is known."""
        return np.flatnonzero(~np.isnan(self.columns.get(f"={prediction}", np.full(len(self), np.nan))))

    def predict(self, prediction: str, rows: Any) -> Any:
        """The prediction for some of the rows; "pmf 3" is the probability of 3 purchases."""
        column = {key: values[rows] for key, values in self.columns.items() if key[0] != "="}
        model = self.model(**{name: column.pop(name) for name in self.parameters})
        history = column.pop("x"), column.pop("t_x"), column.pop("T")
        kind = Opportunities if self.discrete else RFM
        name, _, count = prediction.partition("pmf ")
        column["rate"] = Rate.continuous(np.nan_to_num(column["force"]))  # per year, the unit of the rows
        ahead = {**column, "n": int(count)} if count else column
        return PREDICTIONS["purchase_pmf" if count else name](model, kind(*history, unit="year"), **ahead)

    def wrong(self, prediction: str, values: Any, rows: Any) -> list[Any]:
        """The cases in which the values are not the reference."""
        truth = self.columns[f"={prediction}"][rows]
        scale = np.maximum(np.abs(truth), 1.0 if prediction == "log_likelihood" else 1e-290)
        with np.errstate(invalid="ignore"):
            good = (values == truth) | (np.abs(values - truth) <= ACCURACY * scale)
        inputs = [{key: column[rows][i] for key, column in self.columns.items()} for i in np.flatnonzero(~good)]
        return list(zip(values[~good], truth[~good], inputs, strict=True))


ALL = {name: Cases(name) for name in MODELS}
KNOWN = [
    pytest.param(cases, name, id=f"{cases.model.__name__}-{name}")
    for cases in ALL.values()
    for name in PREDICTIONS
    if cases.known(name).size
]
every_model = pytest.mark.parametrize("cases", [pytest.param(ALL[name], id=MODELS[name].__name__) for name in MODELS])
every_latent = pytest.mark.parametrize("cases", [pytest.param(ALL[name], id=MODELS[name].__name__) for name in LATENT])


@pytest.mark.parametrize(("cases", "prediction"), KNOWN)
def test_predictions(cases: Cases, prediction: str) -> None:
    rows = cases.known(prediction)
    assert len(rows) >= 30
    assert cases.wrong(prediction, cases.predict(prediction, rows), rows) == []


@pytest.mark.parametrize(("cases", "prediction"), KNOWN)
def test_predictions_one_by_one(cases: Cases, prediction: str) -> None:
    """Scalar parameters take other ways (tables, other nodes) to the same numbers."""
    rows = cases.known(prediction)
    alone = np.array([float(cases.predict(prediction, i)) for i in rows])
    assert cases.wrong(prediction, alone, rows) == []


@every_model
def test_probabilities_of_some_counts(cases: Cases) -> None:
    counts = [name[1:] for name in cases.columns if name.startswith("=pmf ")]
    assert counts or cases.model in LATENT.values()
    for name in counts:
        rows = cases.known(name)
        assert cases.wrong(name, cases.predict(name, rows), rows) == []


@every_latent
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
