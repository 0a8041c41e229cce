"""Where the search for a firm's model begins: from totals of its disclosures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from custvalue._typing import Array, ArrayLike
from custvalue.errors import ParameterError
from custvalue.evidence.tenures import Tenures
from custvalue.firm._layout import Layout, Observations
from custvalue.firm._model import Figures, M
from custvalue.firm.acquisition import WeibullAcquisition
from custvalue.firm.disclosures import Disclosures
from custvalue.firm.subscriber_model import SubscriberModel
from custvalue.firm.subscriber_projection import Paying
from custvalue.models.retention.family import RetentionModel
from custvalue.units import Unit

_REVENUE = ("revenue", "revenue_growth")


def template_of(
    disclosures: Disclosures,
    seen: Observations,
    retention: RetentionModel | type[RetentionModel],
    population: float,
    growth: ArrayLike,
    paying: Paying,
    covariates: Array | None,
    unit: Unit,
) -> SubscriberModel:
    """Where the search begins."""
    won = float(np.nansum(disclosures.adds)) / max(int(np.isfinite(disclosures.adds).sum()), 1)
    lost, held = np.nansum(disclosures.losses), np.nansum(disclosures.begun + disclosures.ending) / 2
    churn = float(np.clip(lost / held if held else 0.1, 1e-4, 0.9)) / seen.steps
    effects = np.zeros(0 if covariates is None else covariates.shape[-1])
    total = max(won * seen.elapsed / seen.steps, float(np.nanmax(disclosures.ending, initial=1e-300)))
    share = min(0.9, 2 * total / population)
    rate = max(-np.log1p(-min(total / (share * population), 0.9)), 1e-300) / seen.elapsed
    return SubscriberModel(
        acquisition=WeibullAcquisition(population, rate, 1.0, share, growth=growth, effects=effects),
        retention=retention if isinstance(retention, RetentionModel) else _guess(retention, churn, unit),
        revenue=1.0,
        paying=paying,
        elapsed=seen.elapsed,
        customers=float(disclosures.ending[-1]),
        acquired=np.concatenate([np.full(disclosures.periods_before, np.nan), disclosures.adds]),
        period=unit,
    )


def _guess(kind: type[RetentionModel], churn: float, unit: Unit) -> RetentionModel:
    """The kind's own guess, from tenures that end at the disclosed rate."""
    ages = np.arange(1.0, 41.0)
    stays = (1 - churn) ** ages
    duration, ended = np.append(ages, 40.0), np.append(np.ones(40, bool), False)
    weights = np.append(stays / (1 - churn) * churn, stays[-1])
    return kind.guess(Tenures(duration, ended, weights=weights, unit=unit, by_period=True))


def best_start(layout: Layout[M], seen: Figures[M], covariates: Array | None) -> Array:
    """The best of several starts: other shapes and shares, with rates that win as many."""
    guess = layout.template
    acquisition, elapsed = guess.acquisition, float(guess.elapsed)
    won = acquisition.share * -np.expm1(-acquisition.rate * elapsed)
    tried = []
    for shape in (0.7, 1.0, 1.5, 2.2):
        for share in np.clip(np.array([1.1, 2.0, 6.0]) * won, 1e-6, 0.95):
            rate = -np.log1p(-min(float(won / share), 0.95)) / elapsed**shape
            values = guess.parameters | {"shape": shape, "share": float(share), "rate": float(rate)}
            tried.append(layout.free([values[name] for name in layout.names]))  # type: ignore[misc]
    points = np.stack(tried)
    mean, spread = seen.mean(layout.model(points), covariates)
    misfit = ((seen.y - mean) ** 2 / np.maximum(spread, 1e-9 * spread.max())).sum(axis=-1)
    return np.asarray(points[np.argmin(misfit)])


def with_known(template: M, known: Mapping[str, float], revenues: int) -> tuple[M, tuple[str, ...], tuple[str, ...]]:
    """The template with what is known, and the names of what is not: of customers, and of revenue."""
    every = tuple(template.parameters)
    strange = [name for name in known if name not in every]
    if strange:
        raise ParameterError(f"known names {strange[0]!r}, which is none of the parameters: {', '.join(every)}")
    free = tuple(name for name in every if name not in known)
    paid = tuple(name for name in free if name in _REVENUE)
    if len(paid) > revenues:
        nothing = {"revenue": np.nan} if "revenue" in paid else {}
        return template.evolved(dict(known) | nothing), tuple(n for n in free if n not in paid), ()
    return template.evolved(dict(known)), tuple(n for n in free if n not in paid), paid
