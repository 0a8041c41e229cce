"""What the laws of retention are run over: models where leaving is seen, with the limits of their domains inside.

A new model adds one entry to `RETENTION_MODELS`; every law in tests/models/test_retention_laws.py then runs over it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import frozen
from hypothesis import strategies as st
from strategies import log_uniform, near_one, positive

from custvalue.evidence.tenures import Tenures
from custvalue.inference.fit import Fit
from custvalue.inference.transform import Logit, Power
from custvalue.models.retention.beta_discrete_weibull import BetaDiscreteWeibull
from custvalue.models.retention.exponential import Exponential
from custvalue.models.retention.exponential_gamma import ExponentialGamma
from custvalue.models.retention.family import RetentionModel
from custvalue.models.retention.geometric import Geometric
from custvalue.models.retention.grassia_ii_geometric import GrassiaIIGeometric
from custvalue.models.retention.shifted_beta_geo import ShiftedBetaGeo
from custvalue.models.retention.split_population import SplitPopulation
from custvalue.models.retention.weibull import Weibull
from custvalue.models.retention.weibull_gamma import WeibullGamma

shares = st.one_of(st.floats(0.01, 0.99), log_uniform(1e-9, 0.01), st.sampled_from([0.5, 1 - 1e-9]))
shapes = st.one_of(log_uniform(0.3, 3.0), log_uniform(0.1, 10.0), near_one)
"""Duration dependence c, with none exactly and nearly."""
whole_tenures = st.one_of(st.integers(0, 50), log_uniform(1.0, 1e6).map(int)).map(float)
tenures = st.one_of(st.just(0.0), log_uniform(0.1, 50.0), log_uniform(1e-6, 1e6))
whole_spans = st.one_of(st.integers(1, 50), log_uniform(1.0, 1e6).map(int)).map(float)
spans = st.one_of(log_uniform(0.1, 50.0), log_uniform(1e-10, 1e6))


@frozen
class RetentionEntry:
    """What the laws need to know of a retention model."""

    typical: Any
    """Parameters as they are met, in months: for simulation and for sums over all histories."""
    domain: Mapping[str, st.SearchStrategy[float]]
    """The whole domain of each parameter."""
    leavers: type[RetentionModel] | None = None
    """The model of those who leave, of split populations."""

    @property
    def model(self) -> type[Any]:
        """The model's class."""
        return type(self.typical)

    @property
    def discrete(self) -> bool:
        """Whether customers leave at renewals only."""
        return bool(self.typical._by_period)

    @property
    def shares(self) -> frozenset[str]:
        """Parameters between 0 and 1."""
        return frozenset(name for name, t in self.typical.transforms.items() if isinstance(t, Logit))

    @property
    def tenures(self) -> st.SearchStrategy[float]:
        """Tenures from 0 to 1e6."""
        return whole_tenures if self.discrete else tenures

    @property
    def spans(self) -> st.SearchStrategy[float]:
        """Times ahead."""
        return whole_spans if self.discrete else spans

    def models(self) -> st.SearchStrategy[Any]:
        """Models of the whole domain."""
        return st.fixed_dictionaries(dict(self.domain)).map(self.typical.with_parameters)

    def fit(self, rows: Tenures) -> Fit[Any]:
        """The model fitted."""
        return self.model.fit(rows) if self.leavers is None else self.model.fit(rows, leavers=self.leavers)

    def in_unit(self, model: Any, factor: float) -> Any:
        """The same model with time measured in a unit `factor` times smaller."""
        values = model.parameters
        changed = {}
        for name, transform in model.transforms.items():
            power = values[transform.exponent] if isinstance(transform, Power) else 1
            changed[name] = values[name] * factor ** (getattr(transform, "time", 0) * power)
        return model.with_parameters(changed)


_mixed = {"r": positive, "alpha": positive}
RETENTION_MODELS: dict[str, RetentionEntry] = {
    "Geometric": RetentionEntry(Geometric(theta=0.15, unit="month"), {"theta": shares}),
    "sBG": RetentionEntry(ShiftedBetaGeo(0.668, 3.806, unit="month"), {"alpha": positive, "beta": positive}),
    "BdW": RetentionEntry(
        BetaDiscreteWeibull(0.26, 1.72, 1.58, unit="month"), {"alpha": positive, "beta": positive, "c": shapes}
    ),
    "G2G": RetentionEntry(GrassiaIIGeometric(0.67, 3.66, unit="month"), _mixed),
    "exponential": RetentionEntry(Exponential(0.1, unit="month"), {"lam": positive}),
    "EG": RetentionEntry(ExponentialGamma(0.9, 8.0, unit="month"), _mixed),
    "Weibull": RetentionEntry(Weibull(0.05, 1.3, unit="month"), {"lam": positive, "c": shapes}),
    "WG": RetentionEntry(WeibullGamma(0.9, 12.0, 1.4, unit="month"), {**_mixed, "c": shapes}),
    "split sBG": RetentionEntry(
        SplitPopulation(ShiftedBetaGeo(2.0, 5.0, unit="month"), 0.3),
        {"alpha": positive, "beta": positive, "never_churn": shares},
        ShiftedBetaGeo,
    ),
    "split exponential": RetentionEntry(
        SplitPopulation(Exponential(0.1, unit="month"), 0.4), {"lam": positive, "never_churn": shares}, Exponential
    ),
    "split WG": RetentionEntry(
        SplitPopulation(WeibullGamma(2.0, 20.0, 1.4, unit="month"), 0.2),
        {**_mixed, "c": shapes, "never_churn": shares},
        WeibullGamma,
    ),
}
"""Every retention model."""

FITTED = [name for name in RETENTION_MODELS if name != "split WG"]
"""Those that a few thousand customers identify."""


def observed(model: Any, customers: int, seed: int, *, by_period: bool | None = None) -> Tenures:
    """Simulated customers, seen from 6 to 24 months, every fourth from 3 months on."""
    rng = np.random.default_rng(seed)
    age = np.floor(rng.uniform(6, 25, customers))
    entry = np.where(np.arange(customers) % 4 == 0, 3.0, 0.0)
    drawn = model.simulate(age, rng=rng, entry=entry)
    if by_period is None or by_period == drawn.by_period:
        return drawn  # type: ignore[no-any-return]
    return Tenures(np.ceil(drawn.duration), drawn.ended, entry=entry, unit="month", by_period=True)
