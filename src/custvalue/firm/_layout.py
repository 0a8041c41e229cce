"""What disclosures say about a model's periods, as linear sums of its adds and losses; and parameters as a vector."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Generic

import numpy as np
from attrs import field, frozen

from custvalue._typing import Array, Ints
from custvalue.errors import DataError
from custvalue.firm._model import M
from custvalue.firm.disclosures import Disclosures
from custvalue.firm.subscriber_model import SubscriberModel
from custvalue.firm.subscriber_projection import paying_customers


@frozen(eq=False)
class Observations:
    """Disclosed figures, y = sums @ (expected adds, adds, losses) + error, and the reported period of each."""

    y: Array = field()
    sums: Array = field()
    level: Array = field()
    period: Ints = field()
    revenue: Array = field()
    revenue_period: Ints = field()
    steps: int = field()
    elapsed: int = field()

    def mean(self, model: SubscriberModel, covariates: Array | None) -> tuple[Array, Array]:
        """Expectation of each figure, and what its variance is in proportion to; draws along the first axis.

        Losses are expected from the customers really acquired where adds are disclosed, so that a good quarter of
        acquisition does not pass for poor retention later on.
        """
        expected = model.acquisition.expected_adds(self.elapsed, covariates=covariates)
        adds, losses, _ = model.followed(model.cohorts(expected))
        flows = np.concatenate(np.broadcast_arrays(expected, adds, losses), axis=-1)
        mean = flows @ self.sums.T
        spread = np.where(self.level > 0, mean, flows @ np.abs(self.sums).T)
        return mean, spread

    def spread(self, model: SubscriberModel, covariates: Array | None) -> None:
        """None: given who was acquired, losses of different periods are hardly correlated."""

    def log_revenue(self, model: SubscriberModel, covariates: Array | None) -> Array:
        """Logarithm of the expected revenue of each reported period that discloses one."""
        expected = model.acquisition.expected_adds(self.elapsed, covariates=covariates)
        _, _, ending = model.followed(model.cohorts(expected))
        paid = paying_customers(ending, np.zeros(()), model.paying) * model.arpu(self.elapsed)
        reported = paid.reshape(*paid.shape[:-1], -1, self.steps).sum(axis=-1)
        return np.asarray(np.log(reported[..., self.revenue_period]), dtype=np.float64)


def observe(disclosures: Disclosures, steps: int) -> Observations:
    """The figures that tell something, none of them twice.

    Adds and losses of every period that has both or one; where one is missing, the net change between customers
    disclosed before and after. Customers before the first period count once, as a level.
    """
    before = disclosures.periods_before
    count, total = len(disclosures), before + len(disclosures)
    rows: list[tuple[float, Array, float, int]] = []
    for kind, column in ((0, disclosures.adds), (2, disclosures.losses)):
        for i in np.flatnonzero(np.isfinite(column)):
            at = before + int(i)
            rows.append((float(column[i]), _span(total, kind, at, at + 1), 0.0, at))
    rows += _levels(disclosures, total)
    if len(rows) < 3:
        raise DataError("the disclosures hold fewer than 3 figures about customers; use more periods")
    paid = np.flatnonzero(np.isfinite(disclosures.revenue) & (disclosures.revenue > 0)) + before
    sums = np.repeat(np.stack([row[1] for row in rows]), steps, axis=1)
    return Observations(
        y=np.array([row[0] for row in rows]),
        sums=sums,
        level=np.array([row[2] for row in rows]),
        period=np.array([row[3] for row in rows]),
        revenue=np.log(disclosures.revenue[paid - before]),
        revenue_period=paid,
        steps=steps,
        elapsed=(before + count) * steps,
    )


def _span(total: int, kind: int, first: int, stop: int) -> Array:
    """Expected adds (0), adds (1) or losses (2) of the periods first, ..., stop - 1, as weights of all three."""
    found = np.zeros((3, total))
    found[kind, first:stop] = 1.0
    return found.ravel()


def _levels(disclosures: Disclosures, total: int) -> list[tuple[float, Array, float, int]]:
    """Customers where first known, and their change over gaps in which adds or losses are missing."""
    before = disclosures.periods_before
    levels = np.concatenate([[disclosures.start], disclosures.ending])
    known = np.flatnonzero(np.isfinite(levels))
    both = np.isfinite(disclosures.adds) & np.isfinite(disclosures.losses)
    found = []
    if len(known) and before + known[0]:
        end = before + int(known[0])
        found.append((float(levels[known[0]]), _span(total, 1, 0, end) - _span(total, 2, 0, end), 1.0, end - 1))
    for i, j in pairwise(known.tolist()):
        if not both[i:j].all():
            net = _span(total, 1, before + i, before + j) - _span(total, 2, before + i, before + j)
            found.append((float(levels[j] - levels[i]), net, 0.0, before + j - 1))
    return found


@frozen(eq=False)
class Layout(Generic[M]):
    """The parameters that are searched, as a vector: logarithms, log-odds of shares, effects as they are."""

    template: M
    names: tuple[str, ...]

    def kind(self, name: str) -> str:
        """How a parameter is searched."""
        if name.startswith("effect_"):
            return "plain"
        if name == "revenue_growth":
            return "growth"
        return "odds" if name in self.template.shares else "log"

    def free(self, values: Sequence[float] | Array) -> Array:
        """Parameters as they are searched."""
        return np.array([_to_free(self.kind(name), value) for name, value in zip(self.names, values, strict=True)])

    def natural(self, theta: Array) -> Array:
        """The parameters themselves, along the last axis."""
        return np.stack([_of_free(self.kind(name), theta[..., i]) for i, name in enumerate(self.names)], axis=-1)

    def model(self, theta: Array) -> M:
        """The model of a vector, or of rows of a matrix as draws."""
        values = self.natural(theta)
        if theta.ndim == 1:
            return self.template.evolved(dict(zip(self.names, values.tolist(), strict=True)))
        return _wide(self.template, len(theta)).evolved({name: values[:, [i]] for i, name in enumerate(self.names)})

    def steepness(self, theta: Array) -> Array:
        """Derivatives of the parameters in what is searched."""
        values = self.natural(theta)
        ones = np.ones(len(values))
        slopes = {"plain": ones, "growth": 1 + values, "log": values, "odds": values * (1 - values)}
        return np.array([slopes[self.kind(name)][i] for i, name in enumerate(self.names)])


def _wide(model: M, draws: int) -> M:
    """The model with effects as draws, so that some of them can change."""
    effects = {n: np.full((draws, 1), v) for n, v in model.parameters.items() if n.startswith("effect_")}
    return model.evolved(effects) if effects else model


def _to_free(kind: str, value: float) -> float:
    if kind == "plain":
        return float(value)
    if kind == "growth":
        return float(np.log1p(value))
    return float(np.log(value / (1 - value)) if kind == "odds" else np.log(value))


def _of_free(kind: str, theta: Array) -> Array:
    if kind == "plain":
        return theta
    if kind == "growth":
        return np.expm1(theta)
    return np.asarray(np.exp(-np.logaddexp(0.0, -theta)) if kind == "odds" else np.exp(theta))
