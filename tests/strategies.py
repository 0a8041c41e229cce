"""What the laws are run over: customers' histories and models, with the limits of their domains inside.

A new model adds one entry to `MODELS` (or `SPEND_MODELS`); every law in tests/models/test_laws.py then runs over it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import frozen
from hypothesis import settings
from hypothesis import strategies as st

from custvalue.evidence.opportunities import Opportunities
from custvalue.evidence.rfm import RFM
from custvalue.inference.fit import Fit
from custvalue.inference.maximum_likelihood import Problem
from custvalue.models.buying.beta_geo_beta_binom import BetaGeoBetaBinom
from custvalue.models.buying.beta_geo_cnbd import BetaGeoCNBD
from custvalue.models.buying.beta_geo_nbd import BetaGeoNBD
from custvalue.models.buying.gamma_gompertz_nbd import GammaGompertzNBD
from custvalue.models.buying.modified_beta_geo_cnbd import ModifiedBetaGeoCNBD
from custvalue.models.buying.modified_beta_geo_nbd import ModifiedBetaGeoNBD
from custvalue.models.buying.nbd import NBD
from custvalue.models.buying.pareto_nbd import ParetoNBD
from custvalue.models.buying.periodic_death import PeriodicDeathOpportunity
from custvalue.models.buying.weibull_gamma_nbd import WeibullGammaNBD
from custvalue.models.spend.gamma_gamma import GammaGamma

few = settings(max_examples=max(1, settings.default.max_examples // 3))
"""For laws whose examples take long."""

CUSTOMERS = 6
"""Rows of the histories drawn."""


def log_uniform(low: float, high: float) -> st.SearchStrategy[float]:
    """Floats between low and high, evenly over the orders of magnitude."""
    return st.floats(np.log(low), np.log(high)).map(lambda z: float(np.clip(np.exp(z), low, high)))


positive = st.one_of(log_uniform(0.1, 10.0), log_uniform(1e-2, 1e4), st.sampled_from([1.0, 1e-2, 1e4]))
"""A parameter without a unit or in units of time: 1e-2 to 1e4."""
near_one = st.sampled_from([1.0, 1 + 1e-9, 1 - 1e-12, 1 + 1e-6])
"""Where closed forms divide by a - 1 or s - 1."""
ages = st.one_of(log_uniform(1.0, 300.0), log_uniform(1e-3, 1e6), st.sampled_from([1e-3, 1e6]))
spans = st.one_of(log_uniform(0.1, 300.0), log_uniform(1e-10, 1e8))
"""Horizons ahead, in the data's unit."""
repeat_counts = st.one_of(
    st.integers(1, 30),
    log_uniform(1.0, 10_000.0).map(int),
    st.sampled_from([1, 10_000]),
)


@st.composite
def history(draw: st.DrawFn) -> tuple[float, float, float]:
    """One customer's (x, t_x, T): no purchase, at any age from 0, or some, the last at any time up to T itself."""
    if draw(st.booleans()):
        return 0.0, 0.0, draw(st.one_of(ages, st.just(0.0)))
    age = draw(ages)
    share = draw(st.one_of(st.just(1.0), st.floats(0.01, 1.0), log_uniform(1e-6, 1.0), st.just(1 - 1e-10)))
    return float(draw(repeat_counts)), age * share, age


@st.composite
def histories(draw: st.DrawFn, unit: str = "week") -> RFM:
    """`CUSTOMERS` histories of any kind."""
    rows = draw(st.lists(history(), min_size=CUSTOMERS, max_size=CUSTOMERS))
    return RFM(*np.array(rows).T, unit=unit)


@st.composite
def chances(draw: st.DrawFn, unit: str = "week", most: int = 1000) -> Opportunities:
    """`CUSTOMERS` histories in discrete time, all and nothing bought and no opportunity yet among them."""
    rows = []
    for _ in range(CUSTOMERS):
        n = draw(st.one_of(st.integers(0, 12), st.integers(0, most)))
        t_x = draw(st.one_of(st.integers(0, n), st.just(n)))
        x = draw(st.one_of(st.integers(1, t_x), st.just(t_x))) if t_x else 0
        rows.append((x, t_x, n))
    return Opportunities(*np.array(rows).T, unit=unit)


@st.composite
def bg_parameters(draw: st.DrawFn) -> dict[str, float]:
    """r, α, a and b, with a = 1 exactly and near, and a + b = 1 or below."""
    r, alpha = draw(positive), draw(positive)
    a = draw(st.one_of(positive, near_one))
    below = st.floats(0.05, 0.95).map(lambda share: share * (1 - a))
    b = draw(st.one_of(positive, below, st.just(1 - a)) if a < 0.9 else positive)
    return {"r": r, "alpha": alpha, "a": a, "b": b}


@st.composite
def pareto_parameters(draw: st.DrawFn) -> dict[str, float]:
    """r, α, s and β, with s = 1 exactly and near, and α = β exactly and near."""
    r, alpha, s = draw(positive), draw(positive), draw(st.one_of(positive, near_one))
    beta = draw(st.one_of(positive, st.just(alpha), st.just(alpha * (1 + 1e-9))))
    return {"r": r, "alpha": alpha, "s": s, "beta": beta}


@st.composite
def nbd_parameters(draw: st.DrawFn) -> dict[str, float]:
    """r and α."""
    return {"r": draw(positive), "alpha": draw(positive)}


@st.composite
def gompertz_parameters(draw: st.DrawFn) -> dict[str, float]:
    """r, α, b, s and β, with β = 1, where leaving does not change with age, exactly and near."""
    b, s = draw(log_uniform(1e-4, 0.1)), draw(log_uniform(1e-2, 10.0))  # beyond, T - t_x is not known well enough
    return {**draw(nbd_parameters()), "b": b, "s": s, "beta": draw(st.one_of(positive, near_one))}


@st.composite
def weibull_parameters(draw: st.DrawFn) -> dict[str, float]:
    """r, α, s, β and c, with c = 1, which is Pareto/NBD, exactly and near."""
    c = draw(st.one_of(log_uniform(0.1, 10.0), near_one))
    return {**draw(nbd_parameters()), "s": draw(positive), "beta": draw(positive), "c": c}


@st.composite
def periodic_parameters(draw: st.DrawFn) -> dict[str, float]:
    """r, α, a, b and τ, with a = 1 exactly and near."""
    return {**draw(bg_parameters()), "tau": draw(positive)}


@st.composite
def bb_parameters(draw: st.DrawFn) -> dict[str, float]:
    """α, β, γ and δ of BG/BB, with γ = 1 exactly and near."""
    gamma = draw(st.one_of(positive, near_one))
    return {"alpha": draw(positive), "beta": draw(positive), "gamma": gamma, "delta": draw(positive)}


@frozen
class Entry:
    """What the laws need to know of a transaction model."""

    typical: Any
    """Parameters as they are met, in weeks: for simulation and for sums over all histories."""
    parameters: st.SearchStrategy[dict[str, float]]
    """The whole domain."""
    time: Mapping[str, int]
    """Parameters in units of time (1) or per time (-1)."""
    k: int | None = None
    """Regularity, of models that have it: their times between purchases are Erlang-k."""
    leaves: bool = True
    """Whether customers leave at all."""
    held: tuple[str, ...] = ()
    """Parameters at which the likelihood jumps; fits are given them."""
    discrete: bool = False
    """Whether time is in whole opportunities, and the evidence `Opportunities`."""

    @property
    def model(self) -> type[Any]:
        """The model's class."""
        return type(self.typical)

    @property
    def fixed(self) -> dict[str, int]:
        """What is not estimated."""
        return {} if self.k is None else {"k": self.k}

    def make(self, unit: str | None = None, **values: Any) -> Any:
        """The model with these parameters."""
        return self.model(**values, **self.fixed, unit=unit)

    def fit(self, rfm: RFM) -> Fit[Any]:
        """The model fitted."""
        return self.model.fit(rfm, **self.fixed)  # type: ignore[no-any-return]

    def problem(self, rfm: RFM) -> Problem[Any]:
        """The statement of the model's estimation."""
        return self.model.problem(rfm, **self.fixed)  # type: ignore[no-any-return]

    def models(self, unit: str | None = None) -> st.SearchStrategy[Any]:
        """Models of the whole domain."""
        return self.parameters.map(lambda values: self.make(unit, **values))

    def customers(self) -> st.SearchStrategy[Any]:
        """Histories of the kind that the model takes."""
        return chances() if self.discrete else histories()

    def rows(self, x: Any, t_x: Any, T: Any, unit: str = "week") -> Any:
        """These histories; of a model in discrete time, with times rounded down."""
        if self.discrete:
            return Opportunities(x, np.floor(t_x), np.floor(T), unit=unit)
        return RFM(x, t_x, T, unit=unit)

    def age(self, rows: Any) -> np.ndarray:
        """T, or n."""
        return np.asarray(rows.n if self.discrete else rows.T)

    def older(self, rows: Any, by: Any) -> Any:
        """The same customers after a longer silence; by at most 500 opportunities, where time is discrete."""
        more = np.minimum(np.ceil(by), 500) if self.discrete else by
        return self.rows(rows.x, rows.t_x, self.age(rows) + more)

    def in_unit(self, model: Any, factor: float) -> Any:
        """The same model with time measured in a unit `factor` times smaller."""
        values = model.parameters
        return self.make(**{name: value * factor ** self.time.get(name, 0) for name, value in values.items()})


def slower(rfm: RFM, factor: float) -> RFM:
    """The same customers with time measured in a unit `factor` times smaller."""
    spacing = None if rfm.log_interpurchase is None else rfm.log_interpurchase + rfm.x * np.log(factor)
    return RFM(rfm.x, rfm.t_x * factor, rfm.T * factor, log_interpurchase=spacing, unit=rfm.unit)


MODELS: dict[str, Entry] = {
    "BG/NBD": Entry(
        BetaGeoNBD(r=0.243, alpha=4.414, a=0.793, b=2.426, unit="week"),
        bg_parameters(),
        {"alpha": 1},
    ),
    "MBG/NBD": Entry(
        ModifiedBetaGeoNBD(r=0.525, alpha=6.183, a=0.891, b=1.614, unit="week"),
        bg_parameters(),
        {"alpha": 1},
    ),
    "BG/CNBD-2": Entry(
        BetaGeoCNBD(r=0.6, alpha=3.0, a=0.8, b=2.5, k=2, unit="week"),
        bg_parameters(),
        {"alpha": 1},
        k=2,
    ),
    "MBG/CNBD-3": Entry(
        ModifiedBetaGeoCNBD(r=0.85, alpha=1.45, a=0.79, b=2.42, k=3, unit="week"),
        bg_parameters(),
        {"alpha": 1},
        k=3,
    ),
    "Pareto/NBD": Entry(
        ParetoNBD(r=0.553, alpha=10.578, s=0.606, beta=11.669, unit="week"),
        pareto_parameters(),
        {"alpha": 1, "beta": 1},
    ),
    "NBD": Entry(NBD(r=0.385, alpha=12.072, unit="week"), nbd_parameters(), {"alpha": 1}, leaves=False),
    "Gamma-Gompertz/NBD": Entry(
        GammaGompertzNBD(r=0.8, alpha=6.0, b=0.08, s=1.2, beta=6.0, unit="week"),
        gompertz_parameters(),
        {"alpha": 1, "b": -1},
    ),
    "Weibull-gamma/NBD": Entry(
        WeibullGammaNBD(r=0.8, alpha=6.0, s=1.2, beta=30.0, c=2.0, unit="week"),
        weibull_parameters(),
        {"alpha": 1, "beta": 1},
    ),
    "PDO": Entry(
        PeriodicDeathOpportunity(r=0.516, alpha=10.297, a=0.457, b=2.636, tau=3.0, unit="week"),
        periodic_parameters(),
        {"alpha": 1, "tau": 1},
        held=("tau",),
    ),
    "BG/BB": Entry(
        BetaGeoBetaBinom(alpha=1.204, beta=0.750, gamma=0.657, delta=2.783, unit="week"),
        bb_parameters(),
        {},
        discrete=True,
    ),
}
"""Every transaction model, with the parameters of its CDNOW fit where that is published."""


money = log_uniform(1e-8, 1e9)


@st.composite
def gamma_gamma_parameters(draw: st.DrawFn) -> dict[str, float]:
    """p, q and v, with q = 1 exactly, near and below, and money in any currency."""
    return {"p": draw(positive), "q": draw(st.one_of(positive, near_one)), "v": draw(money)}


@frozen
class SpendEntry:
    """What the laws need to know of a spend model."""

    typical: Any
    parameters: st.SearchStrategy[dict[str, float]]
    money: Mapping[str, int]
    """Parameters in units of money (1)."""

    @property
    def model(self) -> type[Any]:
        """The model's class."""
        return type(self.typical)

    def models(self) -> st.SearchStrategy[Any]:
        """Models of the whole domain."""
        return self.parameters.map(lambda values: self.model(**values))


SPEND_MODELS: dict[str, SpendEntry] = {
    "Gamma-Gamma": SpendEntry(GammaGamma(p=6.25, q=3.74, v=15.44), gamma_gamma_parameters(), {"v": 1}),
}
"""Every spend model."""


@st.composite
def spenders(draw: st.DrawFn) -> RFM:
    """Customers with any mean spend over any number of purchases, some of them without."""
    rows = draw(st.lists(history(), min_size=CUSTOMERS, max_size=CUSTOMERS))
    m = draw(st.lists(money, min_size=CUSTOMERS, max_size=CUSTOMERS))
    return RFM(*np.array(rows).T, m=m, unit="week")


FITTED = {name: entry for name, entry in MODELS.items() if not entry.held and not entry.discrete}
"""Transaction models in continuous time that are fitted in all their parameters."""

CONTINUOUS = {name: entry for name, entry in MODELS.items() if not entry.discrete}
"""Transaction models in continuous time, whose evidence is an RFM."""
