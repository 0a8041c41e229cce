"""The discounted flows of a batch, block by block, and their sums."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from attrs import frozen

from custvalue._typing import Array, Ints
from custvalue.discounting._factors import Discounting, discounted_sums, log_factors
from custvalue.discounting._series import Series
from custvalue.discounting.rate import Rate
from custvalue.errors import ParameterError
from custvalue.numerics.ragged import blocks

Shape: TypeAlias = tuple[int, ...]


@frozen(eq=False)
class Block:
    """Some series: their flows one after another, the years to each, the logarithms of the discount factors."""

    rows: slice
    offsets: Ints
    amounts: Array
    years: Array
    log_factors: Array


def valued(rate: Discounting, series: Series, *, single: bool, at: Array | None = None) -> Array:
    """Present values of the series, or their values `at` some years from the day of value."""
    out = np.empty((*scenarios(rate, series, single=single), len(series.offsets) - 1))
    for block in discounted(rate, series, single=single, at=at):
        out[..., block.rows] = discounted_sums(block.amounts, block.log_factors, block.offsets)
    return out[..., 0][()] if single else out


def discounted(rate: Discounting, series: Series, *, single: bool, at: Array | None = None) -> Iterator[Block]:
    """Go through the series in blocks; a `single` series may have a rate per flow."""
    for rows in blocks(series.offsets):
        offsets = series.offsets[rows.start : rows.stop + 1]
        counts = np.diff(offsets)
        own = rate if single else per_flow(rate, rows, counts)
        years = series.years(rows)
        logs = log_factors(own, years)
        if at is not None:
            logs = logs - log_factors(own, np.repeat(np.broadcast_to(at, len(series.offsets) - 1)[rows], counts))
        yield Block(rows, offsets - offsets[0], series.amounts[offsets[0] : offsets[-1]], years, logs)


def scenarios(rate: Discounting, series: Series, *, single: bool) -> Shape:
    """The leading axes of an array of rates, or ParameterError where its last axis does not fit the flows."""
    shape = np.shape(rate.continuous_value) if isinstance(rate, Rate) else ()
    n, each = (len(series.amounts), "flow") if single else (len(series.offsets) - 1, "series")
    if shape and shape[-1] not in {1, n}:
        raise ParameterError(
            f"an array of rates must have one rate per {each}, shape ({n},), or scenarios of shape (k, 1) or "
            f"(k, {n}); got shape {shape}"
        )
    return shape[:-1]


def per_flow(rate: Discounting, rows: slice, counts: Ints) -> Discounting:
    """Rates per series become rates per flow."""
    if not isinstance(rate, Rate) or np.shape(rate.continuous_value)[-1:] in {(), (1,)}:
        return rate
    force = np.asarray(rate.continuous_value)[..., rows]
    return Rate.continuous(np.repeat(force, counts, axis=-1))
