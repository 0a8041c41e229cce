"""Draws of what a single customer of a Markov chain turns out to be worth."""

from __future__ import annotations

import numpy as np

from custvalue._arguments import generator, whole_number
from custvalue._typing import Array
from custvalue.discounting.rate import Rate
from custvalue.discounting.timing import Timing, force_of
from custvalue.errors import ParameterError
from custvalue.value.migration.chain import DiscountedChain, MigrationModel


def simulate_migration(
    model: MigrationModel,
    *,
    rate: Rate,
    start: str | int,
    size: int,
    rng: np.random.Generator | int,
    timing: Timing,
    horizon: int,
    cost_timing: Timing | None = None,
) -> Array:
    """Draw present values of customers who start in a state, whose mean and variance `MigrationModel` gives.

    Parameters
    ----------
    model : MigrationModel
        One chain, not a batch.
    rate : Rate
        Of discount.
    start : str or int
        The state now, by name or position.
    size : int
        Number of customers.
    rng : numpy.random.Generator or int
        Source of randomness, or its seed.
    timing, cost_timing, horizon
        As for `MigrationModel.value`; the horizon is needed here.

    Returns
    -------
    array, shape (size,)

    Raises
    ------
    ParameterError
        As for `MigrationModel.value`; or the model is a batch, the start is no state, or the rate is an array.

    Examples
    --------
    >>> chain = MigrationModel.from_recency([0.3, 0.2, 0.15, 0.05], margin=40, contact_cost=4, unit="year")
    >>> given = {"rate": Rate.annual(0.20), "timing": "now", "horizon": 50}
    >>> drawn = simulate_migration(chain, start="recency 1", size=10_000, rng=1, **given)
    >>> print(np.quantile(drawn, [0.05, 0.5, 0.95]).round(2))
    [ 27.57  45.85 106.96]
    """
    if model.transitions.ndim != 2 or force_of(rate, model.unit).ndim:
        raise ParameterError("simulation is of one chain at one rate; take one of the batch: MigrationModel(P[i], ...)")
    each = DiscountedChain.of(model, rate, timing, cost_timing)
    here = np.full(whole_number("size", size, least=0), _position(model, start))
    n, draws = whole_number("horizon", horizon, least=0), generator(rng)
    cumulative = np.cumsum(each.P, axis=-1)
    cumulative[:, -1] = 1.0
    total = np.zeros(len(here))
    for t in range(n + 1):
        total += np.exp(-each.force * t) * each.flow(first=t == 0, last=t == n)[here]
        if t < n:
            here = (draws.random(len(here))[:, None] >= cumulative[here]).sum(axis=-1)
    return total


def _position(model: MigrationModel, start: str | int) -> int:
    if start in model.states:
        return model.states.index(str(start))
    if isinstance(start, int) and 0 <= start < len(model.states):
        return start
    raise ParameterError(f"start must be one of {model.states}, or a position from 0; got {start!r}")
