"""How the hazard of a discrete-time regression moves with the duration: terms of a baseline, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from attrs import field, frozen

from custvalue._typing import Array
from custvalue.errors import ParameterError
from custvalue.survival._step_functions import as_column, same

_MOST = 6
"""Highest degree of a polynomial."""


@frozen
class Baseline:
    """Steps over periods, a polynomial of the period, or its logarithm.

    `ends` are the last periods of the steps; without them the terms are 1 and the powers of the period up to
    `degree`, or, where that is 0 and `log` is set, 1 and the log of the period.
    """

    ends: Array = field(converter=as_column, eq=same)
    degree: int = field(default=0)
    log: bool = field(default=False)
    last: bool = field(default=False)
    """Whether the hazard is unknown after the last step."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the terms."""
        if not len(self.ends):
            powers = ["period", *(f"period^{k}" for k in range(2, self.degree + 1))][: self.degree]
            return ("intercept", *(["log period"] if self.log else powers))
        starts = [1, *(int(end) + 1 for end in self.ends[:-1])]
        return tuple(
            f"period {a}" if a == b else f"periods {a} to {b}"
            for a, b in zip(starts, self.ends.astype(int).tolist(), strict=True)
        )

    @property
    def constant(self) -> Array:
        """The coefficients with which the terms add up to 1 in every period."""
        return np.ones(len(self.ends)) if len(self.ends) else np.eye(1, len(self.names))[0]

    def columns(self, period: Array) -> Array:
        """The terms in each period: shape (terms, periods)."""
        if len(self.ends):
            self._known(period)
            step = np.minimum(np.searchsorted(self.ends, period, side="left"), len(self.ends) - 1)
            return np.asarray(np.eye(len(self.ends))[:, step])
        if self.log:
            return np.array([np.ones(len(period)), np.log(period)])
        return np.array([period**k for k in range(self.degree + 1)])

    def _known(self, period: Array) -> None:
        if self.last and len(period) and period.max() > self.ends[-1]:
            raise ParameterError(
                f"the hazard is known for periods 1 to {self.ends[-1]:g}, one by one; got {period.max():g}. "
                "A baseline that goes on is a polynomial (baseline=1, 2, ...), 'log', or steps such as [1, 2, 3, 6, 12]"
            )


def as_baseline(value: Any, longest: int) -> Baseline:  # noqa: ANN401 (several kinds, checked here)
    """What the user asked for, as `Baseline`; ParameterError if it is none."""
    if isinstance(value, str):
        if value == "period":
            return Baseline(np.arange(1.0, longest + 1), last=True)
        if value == "log":
            return Baseline(np.empty(0), log=True)
    elif isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        if 0 <= value <= _MOST:
            return Baseline(np.empty(0), degree=int(value))
    elif isinstance(value, (Sequence, np.ndarray)) and len(value):
        ends = np.asarray(value, dtype=np.float64)
        if ends.ndim == 1 and ends[0] >= 1 and (np.diff(ends) > 0).all() and (ends == np.floor(ends)).all():
            return Baseline(ends)
    raise ParameterError(
        f"baseline must be 'period', 'log', the degree of a polynomial (0 to {_MOST}), or the last periods of steps, "
        f"ascending whole numbers such as [1, 2, 3, 6, 12]; got {value!r}"
    )
