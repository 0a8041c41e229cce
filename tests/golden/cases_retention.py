"""Models of retention: every prediction, from parameters that are fixed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from golden import brief, outcome

# -- What the library calls it: the only place to edit after a renaming ----------------------------------------------
from custvalue import (
    RFM,
    BetaDiscreteWeibull,
    Exponential,
    ExponentialGamma,
    Geometric,
    GrassiaIIGeometric,
    Rate,
    ShiftedBetaGeo,
    SplitPopulation,
    Tenures,
    Weibull,
    WeibullGamma,
)

# ---------------------------------------------------------------------------------------------------------------------

RATE, NO_RATE, NEGATIVE = Rate.annual(0.10), Rate.zero(), Rate.annual(-0.05)


class Entry(NamedTuple):
    """A model of retention: a function of its parameters, and sets of these, the typical one first."""

    build: Callable[..., Any]
    sets: Mapping[str, tuple[float, ...]]
    discrete: bool = False

    def make(self, which: str = "typical", unit: str | None = "month", scale: Any = 1.0) -> Any:
        """The model; of shares the scale is taken to the power 1/4, so that they stay below 1."""
        return self.build(*(value * scale**0.25 if value < 1 else value * scale for value in self.sets[which]), unit)

    @property
    def time(self) -> str:
        return "discrete" if self.discrete else "continuous"


def plain(kind: type[Any]) -> Callable[..., Any]:
    """A model whose parameters come first, the unit last."""
    return lambda *values: kind(*values[:-1], unit=values[-1])


def holdout_split(kind: type[Any]) -> Callable[..., Any]:
    """A model of which a share is captive: the last parameter before the unit."""
    return lambda *values: SplitPopulation(kind(*values[:-2], unit=values[-1]), values[-2])


RETENTION = {
    "geometric": Entry(
        plain(Geometric),
        {"typical": (0.15,), "half": (0.5,), "hardly": (1e-9,), "nearly all": (1 - 1e-9,)},
        discrete=True,
    ),
    "sbg": Entry(
        plain(ShiftedBetaGeo),
        {
            "typical": (0.668, 3.806),
            "one": (1.0, 1.0),
            "near one": (1.0, 1 + 1e-9),
            "late": (1e-2, 1e4),
            "early": (1e4, 1e-2),
            "large": (1e4, 1e4),
        },
        discrete=True,
    ),
    "bdw": Entry(
        plain(BetaDiscreteWeibull),
        {
            "typical": (0.26, 1.72, 1.58),
            "one": (0.668, 3.806, 1.0),
            "near one": (0.668, 3.806, 1 + 1e-9),
            "falling": (0.668, 3.806, 0.1),
            "rising": (0.668, 3.806, 10.0),
            "large": (1e4, 1e4, 0.3),
        },
        discrete=True,
    ),
    "g2g": Entry(
        plain(GrassiaIIGeometric),
        {"typical": (0.67, 3.66), "one": (1.0, 1.0), "late": (1e-2, 1e4), "early": (1e4, 1e-2), "large": (1e4, 1e4)},
        discrete=True,
    ),
    "exponential": Entry(plain(Exponential), {"typical": (0.1,), "slow": (1e-2,), "fast": (1e4,)}),
    "exponential-gamma": Entry(
        plain(ExponentialGamma),
        {
            "typical": (0.9, 8.0),
            "one": (1.0, 1.0),
            "near one": (1 + 1e-9, 8.0),
            "above one": (2.5, 8.0),
            "late": (1e-2, 1e4),
            "early": (1e4, 1e-2),
        },
    ),
    "weibull": Entry(
        plain(Weibull),
        {
            "typical": (0.05, 1.3),
            "one": (0.1, 1.0),
            "near one": (0.1, 1 + 1e-9),
            "falling": (0.1, 0.1),
            "rising": (0.1, 10.0),
        },
    ),
    "weibull-gamma": Entry(
        plain(WeibullGamma),
        {
            "typical": (0.9, 12.0, 1.4),
            "one": (0.9, 8.0, 1.0),
            "near one": (0.9, 8.0, 1 - 1e-12),
            "falling": (1.0, 1.0, 0.3),
            "rising": (1e-2, 1e4, 10.0),
            "early": (1e4, 1e-2, 3.0),
        },
    ),
    "split-sbg": Entry(
        holdout_split(ShiftedBetaGeo),
        {"typical": (2.0, 5.0, 0.3), "hardly": (2.0, 5.0, 1e-9), "nearly all": (1.0, 1.0, 1 - 1e-9)},
        discrete=True,
    ),
    "split-exponential": Entry(
        holdout_split(Exponential), {"typical": (0.1, 0.4), "hardly": (0.1, 1e-9), "nearly all": (0.1, 1 - 1e-9)}
    ),
    "split-weibull-gamma": Entry(
        holdout_split(WeibullGamma), {"typical": (2.0, 20.0, 1.4, 0.2), "hardly": (0.9, 12.0, 1.4, 1e-9)}
    ),
    "split-geometric": Entry(holdout_split(Geometric), {"typical": (0.3, 0.5)}, discrete=True),
}

TIMES = {
    "discrete": np.array([0.0, 1.0, 2.0, 12.0, 50.0, 1e6]),
    "continuous": np.array([0.0, 1e-6, 0.5, 1.0, 12.0, 1e6]),
}
AHEAD = {"discrete": (1.0, 12.0, 1e6), "continuous": (1e-10, 0.5, 12.0, 1e6)}


def observed(entry: Entry, *, by_period: bool = False) -> Tenures:
    """Customers who left and who stay, late entry and weights among them."""
    duration = [1.0, 2.0, 12.0, 12.0, 50.0, 0.0, 1000.0, 7.0, 7.0]
    if not (entry.discrete or by_period):
        duration = [1e-6, 0.5, 12.25, 12.0, 50.0, 0.0, 1000.0, 7.0, 7.0]
    ended = [1, 1, 1, 0, 0, 0, 1, 1, 0]
    entries = [0, 0, 0, 0, 3, 0, 0, 3, 7]
    return Tenures(
        duration, ended, entry=entries, weights=[1, 2, 1, 5, 1, 1, 1, 0, 1], unit="month", by_period=by_period
    )


def predictions(entry: Entry, which: str) -> dict[str, Any]:
    """Everything predicted, at the limits of tenures and times."""
    model, times, ahead = entry.make(which), TIMES[entry.time], np.array(AHEAD[entry.time])[:, None]
    ways = ("now", "next") if entry.discrete else ("now", "next", "continuous")
    found: dict[str, Any] = {
        "survival": model.survival(np.append(times, np.inf)),
        "retention rate": model.retention_rate(times[times >= 1]),
        "churn": {f"t={t[0]:g}": model.churn_probability(times, t) for t in ahead},
        "churn in the end": model.churn_probability(times, np.inf),
        "residual lifetime": model.expected_residual_lifetime(times),
        "residual lifetime until": model.expected_residual_lifetime(times, 12.0),
        "residual lifetime by horizon": model.expected_residual_lifetime(5.0, [0.0, 1.0, 1e6, np.inf]),
        "lifetime": model.expected_lifetime(),
        "lifetime until": model.expected_lifetime([0.0, 1.0, 12.0]),
        "log-likelihood": model.log_likelihood(observed(entry)),
    }
    if not entry.discrete:
        found["log-likelihood by period"] = model.log_likelihood(observed(entry, by_period=True))
        found["hazard"] = model.hazard(times[1:])
    for due in ways:
        found[due] = {
            "residual": model.discounted_expected_residual_lifetime(times, RATE, timing=due),
            "residual until": model.discounted_expected_residual_lifetime(times, RATE, timing=due, horizon=12.0),
            "residual by horizon": model.discounted_expected_residual_lifetime(
                3.0, RATE, timing=due, horizon=[0.0, 1.0, 36.0]
            ),
            "undiscounted": model.discounted_expected_residual_lifetime(times, NO_RATE, timing=due),
            "new": model.discounted_expected_lifetime(RATE, timing=due),
            "new until": model.discounted_expected_lifetime(RATE, timing=due, horizon=[0.0, 1.0, 12.0]),
            "elasticity": model.retention_elasticity(times, RATE, timing=due),
            "elasticity until": model.retention_elasticity(times, RATE, timing=due, horizon=12.0),
        }
    return found


def more(entry: Entry) -> dict[str, Any]:
    """Other rates of interest, shapes, units and evidence in place of tenures."""
    model, times = entry.make(), TIMES[entry.time]
    rows, rates = observed(entry), Rate.annual(np.array([[0.01], [0.5]]))
    due = "next" if entry.discrete else "continuous"
    found: dict[str, Any] = {
        "negative rate": model.discounted_expected_residual_lifetime(times, NEGATIVE, timing=due),
        "negative rate until": model.discounted_expected_residual_lifetime(times, NEGATIVE, timing=due, horizon=12.0),
        "rates": model.discounted_expected_residual_lifetime(times, rates, timing=due),
        "rates new": model.discounted_expected_lifetime(rates, timing=due),
        "elasticity undiscounted": model.retention_elasticity(times, NO_RATE, timing=due, horizon=60.0),
        "churn of tenures": model.churn_probability(rows, 3.0),
        "residual of tenures": model.expected_residual_lifetime(rows),
        "discounted of tenures": model.discounted_expected_residual_lifetime(rows, RATE, timing=due),
        "elasticity of tenures": model.retention_elasticity(rows, RATE, timing=due, horizon=12.0),
        "far": model.survival([1e7, 5e7]),
        "far churn": model.churn_probability([1e30, 1e100], 1e60),
        "many tenures": model.churn_probability(np.arange(3000) % 40, 3.0),
        "many tenures discounted": model.discounted_expected_residual_lifetime(np.arange(3000) % 40, RATE, timing=due),
        "in years": entry.make(unit=None).discounted_expected_residual_lifetime([0.0, 5.0], RATE, timing=due),
        "in quarters": entry.make(unit=None).discounted_expected_residual_lifetime(
            [0.0, 5.0], RATE, timing=due, unit="quarter"
        ),
        "new in quarters": entry.make(unit="quarter").discounted_expected_lifetime(RATE, timing=due),
    }
    spread = np.array([0.8, 1.0, 1.3])
    for name, scale in (("draws", spread[:, None]), ("own", spread)):
        drawn, tenures = entry.make(scale=scale), np.array([0.0, 1.0, 12.0])
        found[name] = {
            "survival": drawn.survival(tenures),
            "retention rate": drawn.retention_rate(tenures + 1),
            "churn": drawn.churn_probability(tenures, 3.0),
            "residual": drawn.expected_residual_lifetime(tenures, 36.0),
            "residual forever": drawn.expected_residual_lifetime(tenures),
            "discounted": drawn.discounted_expected_residual_lifetime(tenures, RATE, timing=due),
            "new": drawn.discounted_expected_lifetime(RATE, timing=due),
            "elasticity": drawn.retention_elasticity(tenures, RATE, timing=due),
            "log-likelihood": drawn.log_likelihood(observed(entry)[[0, 2, 3]]),
        }
    return found


def tenure_columns(rows: Tenures) -> dict[str, Any]:
    """Columns of tenures that were drawn."""
    return {
        "duration": brief(rows.duration),
        "ended": brief(rows.ended),
        "entry": float(rows.entry.sum()),
        "unit": rows.unit,
        "by period": rows.by_period,
    }


def simulated(entry: Entry) -> dict[str, Any]:
    """Customers drawn from seeds and generators, late entry among them."""
    model, ages, generator = entry.make(), np.arange(1.0, 41.0), np.random.default_rng(5)
    found = {
        "seed": tenure_columns(model.simulate(ages, rng=1)),
        "generator": tenure_columns(model.simulate(ages, rng=generator)),
        "generator after": float(generator.random()),
        "late": tenure_columns(model.simulate(ages + 3, rng=2, entry=3.0)),
        "own": tenure_columns(entry.make(scale=np.linspace(0.5, 1.5, 40)).simulate(ages, rng=2)),
        "one age": tenure_columns(model.simulate(24.0, rng=3)),
        "unit": tenure_columns(entry.make(unit=None).simulate(ages, rng=1, unit="week")),
        "no unit": outcome(lambda: entry.make(unit=None).simulate(ages, rng=1)),
    }
    for which in list(entry.sets)[1:]:
        found[which] = tenure_columns(entry.make(which).simulate(ages, rng=7))
    return found


def numbers_in(value: Any) -> list[Any]:
    """Numbers of parsed JSON, at any depth."""
    if isinstance(value, dict):
        return [number for part in value.values() for number in numbers_in(part)]
    if isinstance(value, list):
        return [number for part in value for number in numbers_in(part)]
    return [] if value is None or isinstance(value, str) else [value]


def as_value(entry: Entry) -> dict[str, Any]:
    """A model as a value, and what it refuses."""
    model, drawn = entry.make(), entry.make(scale=np.array([[0.8], [1.1]]))
    kind = type(model)
    first, value = next(iter(model.parameters.items()))
    due = "next" if entry.discrete else "continuous"
    found: dict[str, Any] = {
        "parameters": list(model.parameters.values()),
        "names": list(model.parameters),
        "shares": sorted(n for n, t in model.transforms.items() if type(t).__name__ == "Logit"),
        "unit": model.unit,
        "evolved": list(model.with_parameters({first: 0.5}).parameters.values()),
        "json": sorted(numbers_in(json.loads(model.to_json()))),
        "there and back": kind.from_json(model.to_json()) == model,
        "draws there and back": kind.from_json(drawn.to_json()) == drawn,
        "equal": [
            entry.make() == model,
            entry.make(unit=None) == model,
            model.with_parameters({first: value / 2}) == model,
        ],
        "not json": outcome(lambda: kind.from_json("[]")),
    }
    for name in model.parameters:
        for bad in (0.0, 1.0, -1.0, np.nan, np.inf):
            found[f"{name}={bad}"] = outcome(lambda name=name, bad=bad: bool(model.with_parameters({name: bad})))
    weeks = Tenures([1.0, 2.0], [0, 1], unit="week")
    refused: dict[str, Callable[[], Any]] = {
        "other unit": lambda: model.churn_probability(weeks, 1.0),
        "other unit likelihood": lambda: model.log_likelihood(weeks),
        "other evidence": lambda: model.log_likelihood(RFM(1, 1.0, 2.0, unit="week")),
        "negative time": lambda: model.survival(-1.0),
        "half a period": lambda: bool(model.survival(0.5) < 1),
        "first period": lambda: model.retention_rate(0.0),
        "endless tenure": lambda: model.churn_probability(np.inf, 1.0),
        "negative within": lambda: model.churn_probability(1.0, -1.0),
        "bare rate": lambda: model.discounted_expected_lifetime(0.1, timing=due),
        "due": lambda: model.discounted_expected_lifetime(RATE, timing="soon"),
        "continuous": lambda: bool(model.discounted_expected_lifetime(RATE, timing="continuous") > 0),
        "other period": lambda: model.discounted_expected_lifetime(RATE, timing=due, unit="week"),
        "negative horizon": lambda: model.expected_lifetime(-1.0),
        "negative age": lambda: model.simulate(-1.0, rng=1),
        "left at once": lambda: model.log_likelihood(Tenures([0.0], [1], unit="month")),
        "hazard": lambda: bool(model.hazard(1.0) > 0),
        "hazard at 0": lambda: bool(model.hazard(0.0) > 0),
    }
    return found | {name: outcome(case) for name, case in refused.items()}


def guesses() -> dict[str, Any]:
    """Where searches begin."""
    rows = Tenures([1, 2, 3, 4, 8, 12], [1, 1, 1, 1, 0, 0], weights=[30, 20, 10, 5, 8, 40], unit="month")
    kinds = {
        "geometric": Geometric,
        "sbg": ShiftedBetaGeo,
        "bdw": BetaDiscreteWeibull,
        "g2g": GrassiaIIGeometric,
        "exponential": Exponential,
        "exponential-gamma": ExponentialGamma,
        "weibull": Weibull,
        "weibull-gamma": WeibullGamma,
    }
    found = {name: kind.problem(rows).start.tolist() for name, kind in kinds.items()}
    found["split"] = SplitPopulation.problem(rows, leavers=ShiftedBetaGeo).start.tolist()
    found["leavers"] = [
        outcome(lambda: SplitPopulation(3.0, 0.5)),
        outcome(lambda: SplitPopulation(SplitPopulation(Exponential(0.1), 0.5), 0.5)),
        outcome(lambda: SplitPopulation.fit(rows, leavers=SplitPopulation)),
    ]
    return found


def corner(name: str, which: str) -> Callable[[], Any]:
    return lambda: predictions(RETENTION[name], which)


def named(name: str, what: Callable[[Entry], Any]) -> Callable[[], Any]:
    return lambda: what(RETENTION[name])


CASES: dict[str, Callable[[], Any]] = {"guesses": guesses}
for _name, _entry in RETENTION.items():
    CASES |= {f"{_name}/{_which}": corner(_name, _which) for _which in _entry.sets}
    CASES[f"{_name}/more"] = named(_name, more)
    CASES[f"{_name}/simulated"] = named(_name, simulated)
    CASES[f"{_name}/value"] = named(_name, as_value)
