"""Models of buying and of spend, and regularity: every prediction, from parameters that are fixed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from attrs import evolve
from golden import brief, outcome

# -- What the library calls it: the only place to edit after a renaming ----------------------------------------------
from custvalue import (
    NBD,
    RFM,
    BetaGeoBetaBinom,
    BetaGeoCNBD,
    BetaGeoNBD,
    GammaGamma,
    GammaGompertzNBD,
    InterpurchaseTimes,
    ModifiedBetaGeoCNBD,
    ModifiedBetaGeoNBD,
    Opportunities,
    ParetoNBD,
    PeriodicDeathOpportunity,
    Rate,
    WeibullGammaNBD,
    datasets,
)
from custvalue.models.buying import beta_geo_beta_binom as bb_functions
from custvalue.models.buying import nbd as nbd_functions
from custvalue.models.buying.regularity import Regularity, estimate_regularity
from custvalue.models.model import known_unit
from custvalue.models.registry import buying_models
from custvalue.models.spend import gamma_gamma as spend_functions

# ---------------------------------------------------------------------------------------------------------------------

RATE, NO_RATE = Rate.annual(0.10), Rate.zero()


class Entry(NamedTuple):
    """A model of buying: its class, what is not estimated, and sets of parameters, the typical one first."""

    kind: type[Any]
    sets: Mapping[str, Mapping[str, float]]
    fixed: Mapping[str, Any] = {}
    discrete: bool = False

    def make(self, which: str = "typical", unit: str | None = "week", **changed: Any) -> Any:
        return self.kind(**{**self.sets[which], **changed}, **self.fixed, unit=unit)


def corners(typical: Mapping[str, float], **sets: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """The typical parameters, and others: those named changed, or where all are "small" or "large"."""
    return {"typical": dict(typical)} | {name: {**typical, **changed} for name, changed in sets.items()}


def leaving(**typical: float) -> dict[str, dict[str, float]]:
    """Limits of the models with a beta-mixed probability to leave."""
    return corners(
        typical,
        one={"a": 1.0},
        near_one={"a": 1 + 1e-9},
        below_one={"a": 1 - 1e-12},
        sum_one={"a": 0.4, "b": 0.6},
        sum_below_one={"a": 0.3, "b": 0.2},
        small={"r": 1e-2, "alpha": 1e-2, "a": 1e-2, "b": 1e4},
        large={"r": 1e4, "alpha": 1e4, "a": 1e4, "b": 1e-2},
    )


PARETO = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
PDO = {"r": 0.516, "alpha": 10.297, "a": 0.457, "b": 2.636, "tau": 3.0}
BUYING = {
    "bg-nbd": Entry(BetaGeoNBD, leaving(r=0.243, alpha=4.414, a=0.793, b=2.426)),
    "mbg-nbd": Entry(ModifiedBetaGeoNBD, leaving(r=0.525, alpha=6.183, a=0.891, b=1.614)),
    "bg-cnbd-2": Entry(BetaGeoCNBD, leaving(r=0.6, alpha=3.0, a=0.8, b=2.5), {"k": 2}),
    "mbg-cnbd-3": Entry(ModifiedBetaGeoCNBD, leaving(r=0.85, alpha=1.45, a=0.79, b=2.42), {"k": 3}),
    "mbg-cnbd-1": Entry(ModifiedBetaGeoCNBD, corners({"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}), {"k": 1}),
    "pareto-nbd": Entry(
        ParetoNBD,
        corners(
            PARETO,
            one={"s": 1.0},
            near_one={"s": 1 + 1e-9},
            below_one={"s": 1 - 1e-12},
            alike={"beta": 10.578},
            nearly_alike={"beta": 10.578 * (1 + 1e-9)},
            one_alike={"s": 1.0, "beta": 10.578},
            small={"r": 1e-2, "alpha": 1e-2, "s": 1e-2, "beta": 1e4},
            large={"r": 1e4, "alpha": 1e4, "s": 1e4, "beta": 1e-2},
        ),
    ),
    "nbd": Entry(
        NBD, corners({"r": 0.385, "alpha": 12.072}, small={"r": 1e-2, "alpha": 1e4}, large={"r": 1e4, "alpha": 1e-2})
    ),
    "gamma-gompertz-nbd": Entry(
        GammaGompertzNBD,
        corners(
            {"r": 0.8, "alpha": 6.0, "b": 0.08, "s": 1.2, "beta": 6.0},
            one={"beta": 1.0},
            near_one={"beta": 1 + 1e-9},
            slow={"b": 1e-4, "s": 1e-2},
            fast={"b": 0.1, "s": 10.0, "beta": 1e-2},
        ),
    ),
    "weibull-gamma-nbd": Entry(
        WeibullGammaNBD,
        corners(
            {"r": 0.8, "alpha": 6.0, "s": 1.2, "beta": 30.0, "c": 2.0},
            one={"c": 1.0},
            near_one={"c": 1 + 1e-6},
            early={"c": 0.1},
            late={"c": 10.0},
        ),
    ),
    "pdo": Entry(
        PeriodicDeathOpportunity,
        corners(
            PDO,
            one={"a": 1.0},
            near_one={"a": 1 + 1e-9},
            often={"tau": 0.1},
            seldom={"tau": 1e4},
            small={"r": 1e-2, "alpha": 1e-2, "a": 1e-2, "b": 1e4},
        ),
    ),
    "bg-bb": Entry(
        BetaGeoBetaBinom,
        corners(
            {"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783},
            one={"gamma": 1.0},
            near_one={"gamma": 1 + 1e-9},
            small={"alpha": 1e-2, "beta": 1e4, "gamma": 1e-2, "delta": 1e4},
            large={"alpha": 1e4, "beta": 1e-2, "gamma": 1e4, "delta": 1e-2},
        ),
        discrete=True,
    ),
}

HISTORIES = (
    (0, 0.0, 0.0),
    (0, 0.0, 1e-3),
    (0, 0.0, 39.0),
    (0, 0.0, 1e6),
    (1, 39.0, 39.0),
    (1, 39e-6, 39.0),
    (2, 30.43, 38.86),
    (30, 38.0, 39.0),
    (10_000, 39 * (1 - 1e-10), 39.0),
    (10_000, 100.0, 300.0),
    (1, 1e-3, 1e-3),
    (5, 1.0, 1e6),
    (10_000, 1e6, 1e6),
)
"""x, t_x and T: nothing bought at any age from 0, just now, at once, very often; ages of 1e-3 to 1e6."""
CHANCES = (
    (0, 0, 0),
    (0, 0, 6),
    (1, 1, 1),
    (2, 4, 6),
    (6, 6, 6),
    (3, 10, 12),
    (1, 1, 1000),
    (1000, 1000, 1000),
    (0, 0, 1000),
    (500, 800, 1000),
)
SPANS = (0.0, 52.0)
"""Times ahead."""


def rows_of(entry: Entry, unit: str = "week") -> Any:
    """The corner cases as evidence."""
    if entry.discrete:
        return Opportunities(*np.array(CHANCES, dtype=float).T, unit=unit)
    return RFM(*np.array(HISTORIES).T, unit=unit)


def ages_of(entry: Entry) -> np.ndarray:
    """Ages of customers to simulate."""
    return np.arange(60.0) if entry.discrete else np.linspace(0.0, 59.5, 60)


def at(spans: Any, values: Any) -> dict[str, Any]:
    """Predictions by horizon, of horizons of shape (k, 1)."""
    return {f"t={span:g}": row for span, row in zip(spans, values, strict=True)}


def column(*spans: float) -> np.ndarray:
    """Horizons that broadcast over rows."""
    return np.array(spans)[:, None]


def predictions(model: Any, rows: Any) -> dict[str, Any]:
    """What a model predicts of rows, at a few horizons."""
    return {
        "log-likelihood": model.log_likelihood(rows),
        "alive": model.p_alive(rows),
        "alive ahead": at((13.0, 1e8), model.p_alive(rows, column(13.0, 1e8))),
        "churn": at((1e-10, 13.0), model.churn_probability(rows, column(1e-10, 13.0))),
        "purchases": at((1e-10, 13.0, 1e8), model.expected_purchases(rows, column(1e-10, 13.0, 1e8))),
        "later purchases": model.expected_purchases(rows, 13.0, after=5.0),
        "a purchase": model.probability_of_purchase(rows, 13.0),
        "a later purchase": model.probability_of_purchase(rows, 13.0, after=5.0),
        "pmf": at((0, 2), model.purchase_pmf(rows, column(0, 2), 13.0)),
        "later pmf": model.purchase_pmf(rows, 1, 13.0, after=5.0),
        "discounted": model.discounted_expected_purchases(rows, RATE, 13.0),
        "discounted forever": model.discounted_expected_purchases(rows, RATE),
        "undiscounted forever": model.discounted_expected_purchases(rows, NO_RATE),
        "rate": model.posterior_mean_purchase_rate(rows),
        "drop-out": model.posterior_mean_drop_out(rows) if _leaves(model) else None,
        "new": newcomer(model),
    }


def _leaves(model: Any) -> bool:
    return not isinstance(model, NBD)


def newcomer(model: Any) -> dict[str, Any]:
    """What a model predicts of a customer just won."""
    return {
        "purchases": model.expected_purchases_new([0.0, 1e-10, 13.0, 1e8]),
        "later purchases": model.expected_purchases_new([13.0, 1e8], after=5.0),
        "pmf": model.purchase_pmf_new([0, 1, 2, 5, 20], 13.0),
        "later pmf": model.purchase_pmf_new([0, 1, 2], 13.0, after=5.0),
        "discounted": model.discounted_expected_purchases_new(RATE, [13.0, 520.0, np.inf], unit="week"),
        "discounted forever": model.discounted_expected_purchases_new(RATE, unit="week"),
        "undiscounted forever": model.discounted_expected_purchases_new(NO_RATE, unit="week"),
    }


def more_predictions(model: Any, rows: Any) -> dict[str, Any]:
    """Every prediction at more horizons, of the typical parameters."""
    spans, some = column(*SPANS), column(3.0, 52.0)
    return {
        "alive ahead": at(SPANS, model.p_alive(rows, spans)),
        "churn": at(SPANS, model.churn_probability(rows, spans)),
        "purchases": at(SPANS, model.expected_purchases(rows, spans)),
        "later purchases": at(SPANS, model.expected_purchases(rows, 13.0, after=spans)),
        "a purchase": at(SPANS, model.probability_of_purchase(rows, spans)),
        "a later purchase": at(SPANS, model.probability_of_purchase(rows, 13.0, after=spans)),
        "pmf": {f"n={n}": at((3.0, 52.0), model.purchase_pmf(rows, n, some)) for n in (0, 1, 3, 20)},
        "later pmf": {f"n={n}": at((3.0, 52.0), model.purchase_pmf(rows, n, 13.0, after=some)) for n in (0, 2)},
        "discounted": at(SPANS, model.discounted_expected_purchases(rows, RATE, spans)),
        "undiscounted": at((52.0,), model.discounted_expected_purchases(rows, NO_RATE, column(52.0))),
        "rates of interest": model.discounted_expected_purchases(rows, Rate.annual(np.array([[0.01], [0.5]])), 52.0),
        "a negative rate": outcome(lambda: model.discounted_expected_purchases(rows, Rate.annual(-0.05), 52.0)),
        "a negative rate forever": outcome(lambda: model.discounted_expected_purchases(rows, Rate.annual(-0.05))),
        "forever": model.expected_purchases(rows, np.inf),
        "soon after": {
            "purchases": at((1e-10, 1e-3, 1e8), model.expected_purchases(rows, column(1e-10, 1e-3, 1e8), after=52.0)),
            "a purchase": at((1e-10, 1e-3), model.probability_of_purchase(rows, column(1e-10, 1e-3), after=52.0)),
            "pmf": model.purchase_pmf(rows, 1, 1e-3, after=52.0),
            "long after": model.expected_purchases(rows, 1.0, after=1e6),
        },
        "alive in the end": model.p_alive(rows, np.inf),
        "gone in the end": model.churn_probability(rows, np.inf),
        "a purchase in the end": model.probability_of_purchase(rows, np.inf),
    }


def one_row(entry: Entry) -> Any:
    """A customer without an axis."""
    return Opportunities(2, 4, 6, unit="week") if entry.discrete else RFM(2, 30.43, 38.86, unit="week")


def few_rows(entry: Entry) -> Any:
    """Three customers."""
    if entry.discrete:
        return Opportunities([0, 2, 5], [0, 4, 6], 6, unit="week")
    return RFM([0, 2, 8], [0, 30.43, 38.0], 38.86, log_interpurchase=[0.0, 5.0, 11.0], unit="week")


def shapes(entry: Entry) -> dict[str, Any]:
    """Parameters as draws, by customer and both; rows without an axis; horizons of more axes."""
    rows, one = few_rows(entry), one_row(entry)
    spread = np.array([0.8, 1.0, 1.3])
    drawn = entry.make(**{name: value * spread[:, None] for name, value in entry.sets["typical"].items()})
    own = entry.make(**{name: value * spread for name, value in entry.sets["typical"].items()})
    first = next(iter(entry.sets["typical"]))
    mixed = entry.make(**{first: entry.sets["typical"][first] * np.array([[0.9], [1.1]]) * spread})
    found: dict[str, Any] = {}
    for name, model in (("draws", drawn), ("own", own), ("draws of own", mixed)):
        found[name] = {
            "log-likelihood": model.log_likelihood(rows),
            "alive": model.p_alive(rows),
            "alive ahead": model.p_alive(rows, 13.0),
            "churn": model.churn_probability(rows, 13.0),
            "purchases": model.expected_purchases(rows, 13.0),
            "later purchases": model.expected_purchases(rows, 13.0, after=5.0),
            "a purchase": model.probability_of_purchase(rows, 13.0),
            "a later purchase": model.probability_of_purchase(rows, 13.0, after=5.0),
            "pmf": model.purchase_pmf(rows, 1, 13.0),
            "later pmf": model.purchase_pmf(rows, 1, 13.0, after=5.0),
            "discounted": model.discounted_expected_purchases(rows, RATE, 13.0),
            "discounted forever": model.discounted_expected_purchases(rows, RATE),
            "rate": model.posterior_mean_purchase_rate(rows),
            "drop-out": model.posterior_mean_drop_out(rows) if _leaves(model) else None,
            "new": model.expected_purchases_new(13.0),
            "new pmf": model.purchase_pmf_new(2, 13.0),
            "new discounted": model.discounted_expected_purchases_new(RATE, 13.0),
        }
    kept = ("log-likelihood", "purchases", "pmf", "discounted")
    found["draws of own"] = {name: found["draws of own"][name] for name in kept}
    horizons = np.array([1.0, 13.0])[:, None, None]
    found["horizons of draws"] = drawn.expected_purchases(rows, horizons)
    found["horizons of draws discounted"] = drawn.discounted_expected_purchases(rows, RATE, horizons)
    model = entry.make()
    found["one"] = {
        "alive": model.p_alive(one),
        "purchases": model.expected_purchases(one, 13.0),
        "purchases by horizon": model.expected_purchases(one, [1.0, 13.0]),
        "pmf": model.purchase_pmf(one, np.arange(8), 13.0),
        "discounted": model.discounted_expected_purchases(one, RATE),
    }
    found["units"] = {
        unit: model_in(entry, unit).discounted_expected_purchases(in_unit(entry, unit), RATE, 10.0)
        for unit in ("day", "month", "quarter", "year")
    }
    return found


def model_in(entry: Entry, unit: str) -> Any:
    return entry.make(unit=unit)


def in_unit(entry: Entry, unit: str) -> Any:
    return (
        Opportunities([0, 2], [0, 4], 6, unit=unit)
        if entry.discrete
        else RFM([0, 2], [0, 30.43], 38.86, log_interpurchase=[0.0, 5.0], unit=unit)
    )


def drawn_columns(rows: Any, ages: Any) -> dict[str, Any]:
    """Columns of simulated evidence; of the ages only whether they are those asked for."""
    age = rows.n if isinstance(rows, Opportunities) else rows.T
    spacing = getattr(rows, "log_interpurchase", None)
    return {"x": brief(rows.x), "t_x": brief(rows.t_x), "ages": np.array_equal(age, ages), "unit": rows.unit} | (
        {} if spacing is None else {"spacing": brief(spacing)}
    )


def log_columns(log: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of a simulated log."""
    found = {"names": list(log), "customers": brief(log["customer_id"]), "times": brief(log["time"])}
    return found | ({"dates": log["date"][::20]} if "date" in log else {})


def simulated(entry: Entry) -> dict[str, Any]:
    """Simulated customers and logs, from seeds and generators."""
    model, ages, ends = entry.make(), ages_of(entry), {"observed_until": "1998-06-30"}
    generator = np.random.default_rng(5)
    own = entry.make(**{name: value * np.linspace(0.5, 2.0, 60) for name, value in entry.sets["typical"].items()})
    nameless, one = entry.make(unit=None), [39.0] if "k" in entry.fixed else 39.0
    seed = drawn_columns(model.simulate(ages, rng=1), ages)
    in_months = nameless.simulate(ages, rng=1, unit="month")
    found = {
        "seed": seed,
        "generator": drawn_columns(model.simulate(ages, rng=generator), ages),
        "generator after": float(generator.random()),
        "own": drawn_columns(own.simulate(ages, rng=2), ages),
        "one age": drawn_columns(model.simulate(one, rng=3), one),
        "many of one age": drawn_columns(model.simulate(np.full(3000, 39.0), rng=3), np.full(3000, 39.0)),
        "unit": [in_months.unit, np.array_equal(in_months.t_x, model.simulate(ages, rng=1).t_x)],
        "no unit": outcome(lambda: nameless.simulate(ages, rng=1)),
        "log": log_columns(model.simulate_log(ages, rng=1)),
        "log of a generator": log_columns(model.simulate_log(ages, rng=np.random.default_rng(6))),
        "dated log": log_columns(model.simulate_log(ages, rng=4, **ends)),
        "own log": log_columns(own.simulate_log(ages, rng=2)),
        "log in months": log_columns(nameless.simulate_log(ages, rng=4, unit="month", **ends)),
    }
    for which in list(entry.sets)[1:]:
        found[which] = outcome(lambda which=which: drawn_columns(entry.make(which).simulate(ages, rng=7), ages))
    return found


def leaves(text: str) -> dict[str, Any]:
    """Numbers and other values of a JSON text in their order, the names of classes left out."""
    numbers: list[Any] = []
    words: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            for key, part in value.items():
                if key != "model" or not isinstance(part, str):
                    walk(part)
        elif isinstance(value, list):
            for part in value:
                walk(part)
        elif isinstance(value, str):
            words.append(value)
        elif value is not None:
            numbers.append(value)

    walk(json.loads(text))
    return {"numbers": sorted(numbers), "words": sorted(words)}


def as_value(entry: Entry) -> dict[str, Any]:
    """A model as a value: parameters, JSON, equality, and what it refuses."""
    model = entry.make()
    values = dict(entry.sets["typical"])
    first = next(iter(values))
    drawn = entry.make(**{first: np.array([[0.5], [0.7]])})
    rows = few_rows(entry)
    found: dict[str, Any] = {
        "parameters": list(model.parameters.values()),
        "names": list(model.parameters),
        "shares": sorted(n for n, t in model.transforms.items() if type(t).__name__ == "Logit"),
        "unit": model.unit,
        "known unit": known_unit(model, "week"),
        "evolved": list(model.with_parameters({first: 0.9}).parameters.values()),
        "json": leaves(model.to_json()),
        "json of draws": leaves(drawn.to_json()),
        "json there and back": entry.kind.from_json(model.to_json()) == model,
        "draws there and back": entry.kind.from_json(drawn.to_json()) == drawn,
        "equal": [entry.make() == model, entry.make(unit=None) == model, entry.make(**{first: 0.1}) == model],
        "not json": outcome(lambda: entry.kind.from_json("nothing")),
        "other json": outcome(lambda: entry.kind.from_json('{"model": "Other", "r": 1}')),
    }
    for name in values:
        for bad in (0.0, -1.0, np.nan, np.inf, "text", [1.0, -1.0]):
            found[f"{name}={bad}"] = outcome(lambda name=name, bad=bad: bool(entry.make(**{name: bad})))
    other = Opportunities(1, 1, 2, unit="week") if not entry.discrete else RFM(1, 1.0, 2.0, unit="week")
    refused: dict[str, Callable[[], Any]] = {
        "another unit": lambda: model.p_alive(in_unit(entry, "month")),
        "other evidence": lambda: model.p_alive(other),
        "unknown unit": lambda: entry.make(unit="fortnight"),
        "no unit known": lambda: known_unit(entry.make(unit=None)),
        "another unit asked": lambda: known_unit(model, "month"),
        "negative horizon": lambda: model.expected_purchases(rows, -1.0),
        "missing horizon": lambda: model.expected_purchases(rows, np.nan),
        "negative after": lambda: model.expected_purchases(rows, 1.0, after=-1.0),
        "negative ahead": lambda: model.p_alive(rows, -1.0),
        "negative within": lambda: model.churn_probability(rows, -1.0),
        "half a purchase": lambda: model.purchase_pmf(rows, 0.5, 1.0),
        "minus one purchase": lambda: model.purchase_pmf(rows, -1, 1.0),
        "bare rate": lambda: model.discounted_expected_purchases(rows, 0.1),
        "negative span": lambda: model.discounted_expected_purchases(rows, RATE, -1.0),
        "new without unit": lambda: entry.make(unit=None).discounted_expected_purchases_new(RATE),
        "infinite age": lambda: model.simulate_log(np.inf, rng=1),
        "negative age": lambda: model.simulate(-1.0, rng=1),
        "log of draws": lambda: drawn.simulate_log([1.0], rng=1),
        "log until no date": lambda: model.simulate_log([1.0], rng=1, observed_until="soon"),
        "log without unit": lambda: entry.make(unit=None).simulate_log([1.0], rng=1, observed_until="1998-06-30"),
        "no customers": lambda: model.p_alive(rows[:0]),
    }
    return found | {name: outcome(case) for name, case in refused.items()}


# -- A real log ----------------------------------------------------------------------------------------------------


def cdnow_rows(entry: Entry) -> Any:
    """The CDNOW sample in the calibration of the papers; of discrete models, yearly donors."""
    if entry.discrete:
        rows = Opportunities.from_table(datasets.donations(), unit="week")
        return evolve(rows[np.repeat(np.arange(len(rows)), rows.weights.astype(int))], weights=1.0)
    log = datasets.cdnow()
    some = log["date"] <= np.datetime64("1997-09-30")
    return RFM.from_transactions(
        {name: values[some] for name, values in log.items()},
        amount="amount",
        observed_until="1997-09-30",
        unit="week",
        log_interpurchase=True,
    )


def on_data(entry: Entry) -> dict[str, Any]:
    """The typical parameters on a real log: rows that repeat."""
    model, rows = entry.make(), cdnow_rows(entry)
    return {
        "log-likelihood": model.log_likelihood(rows),
        "alive": model.p_alive(rows, 5.0),
        "churn": model.churn_probability(rows, 5.0),
        "purchases": model.expected_purchases(rows, 39.0),
        "later purchases": model.expected_purchases(rows, 13.0, after=26.0),
        "a purchase": model.probability_of_purchase(rows, 39.0),
        "pmf": model.purchase_pmf(rows, 2, 39.0),
        "discounted": model.discounted_expected_purchases(rows, RATE, 156.0),
        "discounted forever": model.discounted_expected_purchases(rows, RATE),
        "rate": model.posterior_mean_purchase_rate(rows),
    }


def guess(entry: Entry) -> list[float]:
    """Where a search begins on a real log."""
    tau = {"tau": 3.271586156736772} if "tau" in entry.sets["typical"] else {}
    return entry.kind.problem(cdnow_rows(entry), **entry.fixed, **tau).start.tolist()


# -- Spend -----------------------------------------------------------------------------------------------------------

SPENDERS = {
    "typical": (6.25, 3.74, 15.44),
    "one": (6.25, 1.0, 15.44),
    "near one": (6.25, 1 + 1e-9, 15.44),
    "below one": (6.25, 0.5, 15.44),
    "small": (1e-2, 1e-2, 1e-8),
    "large": (1e4, 1e4, 1e9),
}
SPENT = RFM(
    [0, 1, 2, 30, 10_000, 3, 1],
    [0, 5, 30.43, 38, 38, 20, 1],
    38.86,
    m=[0, 35.0, 22.35, 1e-8, 40.0, 1e9, 0.01],
    unit="week",
)
SPENT_AT_FIRST = RFM([0, 1, 2], [0, 5, 30.43], 38.86, m=[10.0, 35.0, 22.35], m_count=[1, 2, 3], unit="week")


def spending() -> dict[str, Any]:
    """Gamma-Gamma: spend expected and its likelihood, at the limits."""
    found: dict[str, Any] = {}
    for which, values in SPENDERS.items():
        model = GammaGamma(*values)
        found[which] = {
            "spend": model.expected_spend(SPENT),
            "spend with the first": model.expected_spend(SPENT_AT_FIRST),
            "new": model.expected_spend_new(),
            "log-likelihood": model.log_likelihood(SPENT),
            "log-likelihood with the first": model.log_likelihood(SPENT_AT_FIRST),
            "simulated": model.simulate([0, 1, 2, 30, 10_000], rng=1),
            "scores": spend_functions.gradient(SPENT.x[1:], SPENT.m[1:], *values),
            "score": spend_functions.score(SPENT.x[1:], SPENT.m[1:], *values)[0],
            "function": spend_functions.log_likelihood(SPENT.x[1:], SPENT.m[1:], *values),
        }
    return found


def spending_shapes() -> dict[str, Any]:
    """Gamma-Gamma as draws and by customer, on data, and what it refuses."""
    drawn = GammaGamma(*(value * np.array([[0.8], [1.2]]) for value in SPENDERS["typical"]))
    own = GammaGamma(*(value * np.linspace(0.5, 2.0, 7) for value in SPENDERS["typical"]))
    model = GammaGamma(*SPENDERS["typical"])
    rows = cdnow_rows(BUYING["nbd"])
    bare = RFM([1], [1.0], [2.0], unit="week")
    found: dict[str, Any] = {
        "draws": drawn.expected_spend(SPENT),
        "draws new": drawn.expected_spend_new(),
        "draws log-likelihood": drawn.log_likelihood(SPENT),
        "own": own.expected_spend(SPENT),
        "own log-likelihood": own.log_likelihood(SPENT),
        "own simulated": own.simulate(SPENT.m_count, rng=2),
        "many simulated": model.simulate(np.arange(3000) % 9, rng=np.random.default_rng(3)),
        "cdnow": model.expected_spend(rows),
        "cdnow log-likelihood": model.log_likelihood(rows[rows.m > 0]),
        "guess": GammaGamma.problem(rows[rows.m > 0]).start.tolist(),
        "json": leaves(model.to_json()),
        "there and back": GammaGamma.from_json(model.to_json()) == model,
        "names": list(model.parameters),
        "one": model.expected_spend(RFM(2, 1.0, 2.0, m=22.35, unit="week")),
    }
    refused: dict[str, Callable[[], Any]] = {
        "no spend": lambda: model.expected_spend(bare),
        "no spend to fit": lambda: GammaGamma.fit(bare),
        "no spender": lambda: GammaGamma.fit(RFM([0], [0.0], [2.0], m=[0.0], unit="week")),
        "negative spend": lambda: model.log_likelihood(RFM([1], [1.0], [2.0], m=[-1.0], unit="week")),
        "zero spend": lambda: GammaGamma.fit(RFM([1], [1.0], [2.0], m=[0.0], unit="week")),
        "negative spend expected": lambda: model.expected_spend(RFM([1], [1.0], [2.0], m=[-1.0], unit="week")),
        "half a purchase": lambda: model.simulate(0.5, rng=1),
        "p = 0": lambda: GammaGamma(0.0, 1.0, 1.0),
        "v < 0": lambda: GammaGamma(1.0, 1.0, -1.0),
    }
    return found | {name: outcome(case) for name, case in refused.items()}


def scores() -> dict[str, Any]:
    """Log-likelihoods and their derivatives as functions of columns."""
    x, t_x, n = np.array(CHANCES[:6], dtype=float).T
    found: dict[str, Any] = {}
    for which, values in BUYING["bg-bb"].sets.items():
        found[f"bg-bb {which}"] = {
            "log-likelihood": bb_functions.log_likelihood(x, t_x, n, *values.values()),
            "gradient": bb_functions.gradient(x, t_x, n, *values.values()),
            "score": bb_functions.score(x, t_x, n, *values.values())[0],
        }
    X, _, T = np.array(HISTORIES[:10]).T
    for which, values in BUYING["nbd"].sets.items():
        found[f"nbd {which}"] = {
            "log-likelihood": nbd_functions.log_likelihood(X, T, *values.values()),
            "gradient": nbd_functions.gradient(X, T, *values.values()),
        }
    return found


# -- Regularity ------------------------------------------------------------------------------------------------------


def regular(found: Any) -> dict[str, Any]:
    """An estimate of regularity; its interval."""
    interval = found.confidence_intervals(0.9)["k"] if np.isfinite(found.k) else None
    return {"k": found.k, "error": found.standard_errors["k"], "customers": found.customers, "interval": interval}


def regularities() -> dict[str, Any]:
    """How regularly customers buy, three ways."""
    log, times = datasets.cdnow(), InterpurchaseTimes([2, 3, 0, 1], [1.0, 3.0, 3.0, 2.0, 5.0, 9.0], unit="week")
    found: dict[str, Any] = {}
    for method in ("mle", "wheat", "cv"):
        found[f"cdnow {method}"] = regular(estimate_regularity(log, method=method))
        found[f"by hand {method}"] = regular(estimate_regularity(times, method=method))
        found[f"in step {method}"] = regular(
            estimate_regularity(InterpurchaseTimes([2, 3], [5, 5, 0.1, 0.1, 0.1], unit="day"), method=method)
        )
        found[f"none {method}"] = outcome(
            lambda method=method: estimate_regularity(InterpurchaseTimes([1], [2.0], unit="day"), method=method)
        )
    found["by the week"] = regular(estimate_regularity(log, collapse="week", first_purchase_from="1997-02-01"))
    rows = RFM.from_transactions(log, unit="week", log_interpurchase=True)
    found["histories"] = regular(estimate_regularity(rows))
    found["interval"] = Regularity.of(2.0, 0.3, 10, "mle").confidence_intervals()["k"]
    refused: dict[str, Callable[[], Any]] = {
        "histories cv": lambda: estimate_regularity(rows, method="cv"),
        "histories without": lambda: estimate_regularity(RFM.from_transactions(log, unit="week")),
        "method": lambda: estimate_regularity(log, method="guess"),
        "level": lambda: Regularity.of(2.0, 0.3, 10, "mle").confidence_intervals(1.0),
        "one customer wheat": lambda: estimate_regularity(
            InterpurchaseTimes([2], [2.0, 3.0], unit="day"), method="wheat"
        ),
    }
    return found | {name: outcome(case) for name, case in refused.items()}


def named(entry_name: str, what: Callable[[Entry], Any]) -> Callable[[], Any]:
    return lambda: what(BUYING[entry_name])


def corner(entry_name: str, which: str) -> Callable[[], Any]:
    return lambda: predictions(BUYING[entry_name].make(which), rows_of(BUYING[entry_name]))


CASES: dict[str, Callable[[], Any]] = {
    "names": lambda: sorted(buying_models()),
    "gamma-gamma": spending,
    "gamma-gamma/shapes": spending_shapes,
    "regularity": regularities,
    "scores": scores,
}
for _name, _entry in BUYING.items():
    CASES |= {f"{_name}/{_which}": corner(_name, _which) for _which in _entry.sets}
    CASES[f"{_name}/more"] = named(_name, lambda entry: more_predictions(entry.make(), rows_of(entry)))
    CASES[f"{_name}/shapes"] = named(_name, shapes)
    CASES[f"{_name}/simulated"] = named(_name, simulated)
    CASES[f"{_name}/value"] = named(_name, as_value)
    CASES[f"{_name}/data"] = named(_name, on_data)
    CASES[f"{_name}/guess"] = named(_name, guess)
