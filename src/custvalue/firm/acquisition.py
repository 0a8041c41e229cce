"""How a firm wins its customers: a population of prospects that grows, of whom a share is won, sooner or later.

McCarthy, D. M., Fader, P. S. & Hardie, B. G. S. (2017). Valuing subscription-based businesses using publicly disclosed
customer data. Journal of Marketing 81(1), 17-35 (its acquisition process; as cited, not checked against the paper).

| assumption | form |
| --- | --- |
| prospects | a pool at launch; in each period the growth of the population adds a pool of its own |
| never-acquirers | of every pool a share 1 - π is never won |
| the others | won by time t since their pool was formed with probability 1 - exp(-λ B(t)), B(t) = t^c |
| covariates | multiply the hazard: the i-th period adds (t_i^c - t_(i-1)^c) exp(β x_i) to B |

The trap: with a young firm, the share who can ever be won and the speed at which they are won explain the same growth.
"""

from __future__ import annotations

from typing import final

import numpy as np
from attrs import field, frozen

from custvalue._arguments import real, require
from custvalue._columns import read_only
from custvalue._typing import Array, ArrayLike, Parameter
from custvalue.errors import ParameterError
from custvalue.models.model import as_parameter, positive, same_parameter, whole
from custvalue.value.base._flows import convolved


def _as_effects(values: ArrayLike) -> Array:
    found = real("effects", values)
    if not found.ndim:
        raise ParameterError(f"effects must be one number per covariate, as [{values!r}]; got one alone")
    return read_only(found.copy())


@final
@frozen
class WeibullAcquisition:
    """Customers won per period, from pools of prospects with a Weibull time to acquisition.

    Prospects who join the population in period m start their own clock at its end, and can be won from period m + 1 on.
    Times are in periods since launch. Parameters are numbers, or draws of shape (draws, 1).

    Parameters
    ----------
    population : float or array
        Prospects at launch.
    rate : float or array
        λ, in periods to the power of -c: the hazard of the first period is about λ.
    shape : float or array
        c: above 1 the longer prospects have waited, the likelier they are to be won; below 1 the less likely.
    share : float or array
        π, those who may ever be won: 0 < π <= 1.
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
    >>> acquisition.expected_adds(3).round(2)
    array([47.58, 43.05, 38.96])
    >>> print(acquisition.expected_adds(500).sum().round(6))
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
        require(share <= 1, "0 < share <= 1 must hold", "1 means that all may be won.", share=share)
        growth = real("growth", self.growth)
        require(
            growth >= 0, "growth must be >= 0", "A population that shrinks has no pools of newcomers.", growth=growth
        )

    def expected_adds(self, periods: int, *, after: int = 0, covariates: ArrayLike | None = None) -> Array:
        """Customers expected to be won in each of the periods after + 1, ..., after + periods since launch.

        Parameters
        ----------
        periods, after : int
            How many periods, and how many of them have gone by since launch.
        covariates : array_like, shape (at least after + periods, k)
            One row per period since launch; needed where there are effects. Of four quarters with one as the base:
            ``np.eye(4)[np.arange(n) % 4][:, 1:]``.

        Returns
        -------
        array, shape (periods,) or (draws, periods)

        Raises
        ------
        ParameterError
            The periods are no whole numbers; covariates are missing, superfluous, too short or of another width;
            or growth per period is too short.

        Examples
        --------
        >>> seasonal = WeibullAcquisition(1000, rate=0.1, shape=1.0, effects=[0.5])
        >>> seasonal.expected_adds(3, covariates=[[0], [0], [1]]).round(2)
        array([ 95.16,  86.11, 124.45])
        """
        end = int(whole("periods", periods)) + int(whole("after", after))
        hazard, faster = np.asarray(self.rate * _steps(self.shape, end)), self._multipliers(end, covariates)
        pools = np.asarray(self.share * self._pools(end))
        if not self.effects.shape[-1]:
            return convolved(pools, _won(hazard))[..., after:]
        found = np.zeros(np.broadcast_shapes(hazard.shape, faster.shape, pools.shape))
        for formed in np.flatnonzero(pools.reshape(-1, end).any(axis=0)):
            found[..., formed:] += pools[..., formed, None] * _won(hazard[..., : end - formed] * faster[..., formed:])
        return found[..., after:]

    def prospects(self, periods: int) -> Array:
        """The population at the end of each period since launch, customers and never-acquirers included."""
        return np.asarray(
            self.population * np.cumprod(1 + self._growth(int(whole("periods", periods))), axis=-1), dtype=np.float64
        )

    def _growth(self, end: int) -> Array:
        growth = np.asarray(self.growth)
        if not growth.ndim or growth.shape[-1] == 1:
            return np.broadcast_to(growth, (*growth.shape[:-1], end))
        if growth.shape[-1] < end:
            raise ParameterError(
                f"growth is for {growth.shape[-1]} periods since launch, and {end} are asked for; give one for "
                "each, or one number for all"
            )
        return growth[..., :end]

    def _pools(self, end: int) -> Array:
        """Prospects whose clock starts at the end of period 0 (launch), 1, ..., end - 1."""
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
                raise ParameterError(
                    f"the hazard depends on {k} covariates: give them, one row per period since launch"
                )
            return np.ones(end)
        rows = real("covariates", covariates)
        if rows.ndim != 2 or rows.shape[1] != k or rows.shape[0] < end:
            raise ParameterError(
                f"covariates must have one column for each of {k} effects and at least one row for each of {end} "
                f"periods since launch; got shape {rows.shape}"
            )
        return np.asarray(np.exp(self.effects @ rows[:end].T), dtype=np.float64)


def _won(hazard: Array) -> Array:
    """Share of a pool won in each period, from what each adds to the cumulative hazard."""
    before = np.zeros(hazard.shape)
    np.cumsum(hazard[..., :-1], axis=-1, out=before[..., 1:])
    return np.asarray(np.exp(-before) * -np.expm1(-hazard))


def _steps(shape: Parameter, end: int) -> Array:
    """t^c - (t-1)^c for t = 1, ..., end."""
    t = np.arange(1.0, end + 1)
    with np.errstate(divide="ignore", over="ignore"):
        return np.asarray(t**shape * -np.expm1(shape * np.log1p(-1 / t)))
