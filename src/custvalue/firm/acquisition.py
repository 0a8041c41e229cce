"""Acquisition of customers from a growing population of prospects, of whom a share is ever acquired.

The acquisition process of McCarthy, Fader & Hardie (2017).

| assumption | form |
| --- | --- |
| prospects | a pool at launch; in each period the growth of the population adds a pool of its own |
| never-acquirers | of every pool a share 1 - π is never acquired |
| the others | acquired by time t since their pool was formed with probability 1 - exp(-λ B(t)), B(t) = t^c |
| covariates | multiply the hazard: the i-th period adds (t_i^c - t_(i-1)^c) exp(β x_i) to B |

The trap: of a young firm, the share ever acquired and the speed of acquisition explain the same growth.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import numpy as np
from attrs import evolve, field, frozen

from custvalue._arguments import real, require, whole_number
from custvalue._columns import read_only
from custvalue._typing import Array, ArrayLike, Parameter
from custvalue.errors import ParameterError
from custvalue.inference.transform import Identity, Log, Logit, Transform
from custvalue.models.model import as_parameter, positive, same_parameter
from custvalue.value.base.leaky_bucket import convolved


def _as_effects(values: ArrayLike) -> Array:
    found = real("effects", values)
    if not found.ndim:
        raise ParameterError(f"effects must be one number per covariate, as [{values!r}]; got one alone")
    return read_only(found.copy())


@final
@frozen
class WeibullAcquisition:
    """Customers acquired per period, from pools of prospects with a Weibull time to acquisition.

    The clock of prospects who join the population in period m starts at its end: they can be acquired from period m + 1
    on. Times are in periods since launch. Parameters are numbers, or draws of shape (draws, 1).

    Parameters
    ----------
    population : float or array
        Prospects at launch.
    rate : float or array
        λ, in periods to the power of -c: the hazard of the first period is about λ.
    shape : float or array
        c: above 1 the hazard of acquisition rises with the time since the pool was formed, below 1 it falls.
    share : float or array
        π, the share of prospects who are ever acquired: 0 < π <= 1.
    growth : float or array
        Of the population per period, >= 0; or one for each period since launch, along the last axis.
    effects : array, shape (k,) or (draws, k)
        β: what one unit of each covariate adds to the logarithm of the hazard; none by default.

    Raises
    ------
    ParameterError
        A parameter is outside its domain, or has a last axis that is neither of draws nor, for growth, of periods.

    Examples
    --------
    >>> acquisition = WeibullAcquisition(population=1000, rate=0.1, shape=1.0, share=0.5)
    >>> acquisition.expected_acquired(3).round(2)
    array([47.58, 43.05, 38.96])
    >>> print(acquisition.expected_acquired(500).sum().round(6))
    500.0
    """

    population: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    rate: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    shape: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    share: Parameter = field(default=1.0, converter=as_parameter, validator=positive, eq=same_parameter)
    growth: Parameter = field(default=0.0, converter=as_parameter, eq=same_parameter)
    effects: Array = field(factory=lambda: np.zeros(0), converter=_as_effects, eq=same_parameter)

    def __attrs_post_init__(self) -> None:
        for name in ("population", "rate", "shape", "share"):
            value = np.asarray(getattr(self, name))
            if value.ndim and value.shape[-1] != 1:
                raise ParameterError(f"{name} must be a number, or draws of shape (draws, 1); got shape {value.shape}")
        share = np.asarray(self.share)
        require(share <= 1, "0 < share <= 1 must hold", "1 means that all are acquired in the end.", share=share)
        growth = real("growth", self.growth)
        remedy = "A population that shrinks has no pools of newcomers."
        require(growth >= 0, "growth must be >= 0", remedy, growth=growth)

    @property
    def parameters(self) -> dict[str, Parameter]:
        """The parameters that can be estimated, by name: share, rate, shape, effect_1, ..."""
        k, effects = self.effects.shape[-1], self.effects
        each = {f"effect_{i + 1}": effects[:, [i]] if effects.ndim > 1 else float(effects[i]) for i in range(k)}
        return {"share": self.share, "rate": self.rate, "shape": self.shape} | each

    @property
    def transforms(self) -> dict[str, Transform]:
        """The free scale of each parameter."""
        known: dict[str, Transform] = {"share": Logit(), "rate": Log(), "shape": Log()}
        return {name: known.get(name, Identity()) for name in self.parameters}

    def with_parameters(self, values: Mapping[str, Any]) -> WeibullAcquisition:
        """The same process with other values of some parameters."""
        known = self.parameters | dict(values)
        effects = [np.atleast_1d(known[f"effect_{i + 1}"]) for i in range(self.effects.shape[-1])]
        joined = np.concatenate(np.broadcast_arrays(*effects), axis=-1) if effects else self.effects
        return evolve(self, share=known["share"], rate=known["rate"], shape=known["shape"], effects=joined)

    def expected_acquired(self, horizon: int, *, after: int = 0, covariates: ArrayLike | None = None) -> Array:
        """Expected number of customers acquired in each of the periods after + 1, ..., after + horizon since launch.

        Parameters
        ----------
        horizon, after : int
            Number of periods, and of periods elapsed before them since launch.
        covariates : array_like, shape (at least after + horizon, k)
            One row per period since launch; needed where there are effects. Of four quarters with one as the base:
            ``np.eye(4)[np.arange(n) % 4][:, 1:]``.

        Returns
        -------
        array, shape (horizon,) or (draws, horizon)

        Raises
        ------
        ParameterError
            `horizon` or `after` is no whole number; covariates are missing, superfluous, too short or of another
            width; or growth per period is too short.

        Examples
        --------
        >>> seasonal = WeibullAcquisition(1000, rate=0.1, shape=1.0, effects=[0.5])
        >>> seasonal.expected_acquired(3, covariates=[[0], [0], [1]]).round(2)
        array([ 95.16,  86.11, 124.45])
        """
        end = whole_number("horizon", horizon, least=0) + whole_number("after", after, least=0)
        hazard, faster = np.asarray(self.rate * _steps(self.shape, end)), self._multipliers(end, covariates)
        pools = np.asarray(self.share * self._pools(end))
        if not self.effects.shape[-1]:
            return convolved(pools, _acquired(hazard))[..., after:]
        found = np.zeros(np.broadcast_shapes(hazard.shape, faster.shape, pools.shape))
        for formed in np.flatnonzero(pools.reshape(-1, end).any(axis=0)):
            found[..., formed:] += pools[..., formed, None] * _acquired(
                hazard[..., : end - formed] * faster[..., formed:]
            )
        return found[..., after:]

    def prospects(self, horizon: int) -> Array:
        """The population at the end of each period since launch, customers and never-acquirers included."""
        grown = np.cumprod(1 + self._growth(whole_number("horizon", horizon, least=0)), axis=-1)
        return np.asarray(self.population * grown, dtype=np.float64)

    def _growth(self, end: int) -> Array:
        growth = np.asarray(self.growth)
        if not growth.ndim or growth.shape[-1] == 1:
            return np.broadcast_to(growth, (*growth.shape[:-1], end))
        if growth.shape[-1] < end:
            raise ParameterError(
                f"growth must be one number, or one for each of {end} periods since launch; got {growth.shape[-1]}"
            )
        return growth[..., :end]

    def _pools(self, end: int) -> Array:
        """Prospects whose clock starts at the end of period 0 (launch), 1, ..., end - 1: growth x population before."""
        growth = self._growth(end)
        grown = np.cumprod(1 + growth, axis=-1)
        first = np.ones((*growth.shape[:-1], min(end, 1)))
        before = np.concatenate([first, grown[..., : max(end - 2, 0)]], axis=-1)[..., : max(end - 1, 0)]
        return np.asarray(self.population * np.concatenate([first, before * growth[..., : max(end - 1, 0)]], axis=-1))

    def _multipliers(self, end: int, covariates: ArrayLike | None) -> Array:
        """exp(β x) of each period since launch."""
        k = self.effects.shape[-1]
        if covariates is None:
            if k:
                raise ParameterError(f"covariates must be given, one row per period since launch, for {k} effects")
            return np.ones(end)
        rows = real("covariates", covariates)
        if rows.ndim != 2 or rows.shape[1] != k or rows.shape[0] < end:
            raise ParameterError(
                f"covariates must have one column for each of {k} effects and at least one row for each of {end} "
                f"periods since launch; got shape {rows.shape}"
            )
        return np.asarray(np.exp(self.effects @ rows[:end].T), dtype=np.float64)


def _acquired(hazard: Array) -> Array:
    """Share of a pool acquired in each period, from the increments of the cumulative hazard H: e^-H (1 - e^-h)."""
    before = np.zeros(hazard.shape)
    np.cumsum(hazard[..., :-1], axis=-1, out=before[..., 1:])
    return np.asarray(np.exp(-before) * -np.expm1(-hazard))


def _steps(shape: Parameter, end: int) -> Array:
    """t^c - (t-1)^c for t = 1, ..., end, as t^c (1 - (1 - 1/t)^c): no difference of large numbers."""
    t = np.arange(1.0, end + 1)
    with np.errstate(divide="ignore", over="ignore"):
        return np.asarray(t**shape * -np.expm1(shape * np.log1p(-1 / t)))
