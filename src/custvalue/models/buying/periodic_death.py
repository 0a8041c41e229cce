"""Periodic death opportunity (PDO): customers buy at random while they stay, and may leave at every multiple of τ.

Jerath, K., Fader, P. S. & Hardie, B. G. S. (2011). New perspectives on customer "death" using a generalization of the
Pareto/NBD model. Marketing Science 30(5), 866-880.

| assumption | form |
| --- | --- |
| purchases while a customer | Poisson at rate λ |
| rates over customers | λ ~ Gamma(shape r, rate α) |
| leaving | with probability p at τ, 2τ, 3τ, ... after the first purchase |
| drop-out over customers | p ~ Beta(a, b), independent of λ |

The trap: the likelihood jumps as τ passes a value at which somebody bought, or was last seen, on a chance to leave.
With daily data it has many maxima in τ, which is why τ is given or searched over a grid, and has no standard error.
With τ beyond every T nobody can have left: NBD. As τ goes to 0 it becomes Pareto/NBD.
"""

from __future__ import annotations

from typing import ClassVar, Self, final

import numpy as np
from attrs import evolve, field, frozen

from custvalue._columns import numbers
from custvalue._typing import Array, ArrayLike, Parameter
from custvalue.errors import ConvergenceError, ParameterError
from custvalue.evidence.rfm import RFM
from custvalue.inference.fit import Fit
from custvalue.models._death_chances import DeathChances
from custvalue.models._parameters import as_parameter, optional_unit, positive, same_parameter
from custvalue.models.buying.engines.attrition_integrals import Attrition
from custvalue.models.buying.engines.latent_attrition import LatentAttritionModel
from custvalue.models.buying.family import histories
from custvalue.models.model import Limits
from custvalue.units import Unit

_COARSE, _DENSE, _CLOSE = 24, 1000, 5
"""Values of τ that are fitted between a hundredth and the whole of the longest T, values near the best of them whose
likelihood is looked at, and the best of these, which are fitted."""
_SAMPLE = 5000
"""Distinct rows that the search over τ looks at; the last fits use all."""


@final
@frozen
class PeriodicDeath(LatentAttritionModel):
    """PDO (Jerath, Fader & Hardie 2011): buying at random, chances to leave every τ since the first purchase.

    Parameters
    ----------
    r, alpha : float or array
        Shape and rate of the gamma distribution of purchase rates: the mean rate is r/alpha per unit of time.
    a, b : float or array
        Of the beta distribution of the probability to leave at a chance: its mean is a/(a+b).
    tau : float or array
        Time from one chance to leave to the next, the first one tau after the first purchase.
    unit : {"day", "week", "month", "quarter", "year"}, optional
        The unit of time of alpha and tau; `fit` fills it in. None: unchecked.

    Examples
    --------
    CDNOW with a chance to leave about every three weeks, and a customer with x = 2, t_x = 30.43, T = 38.86 weeks:

    >>> from custvalue.evidence.rfm import RFM
    >>> model = PeriodicDeath(r=0.516, alpha=10.297, a=0.457, b=2.636, tau=3.075)
    >>> print(model.p_alive(RFM(2, 30.43, 38.86, unit="week")).round(4))
    0.8678
    """

    r: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    alpha: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    a: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    b: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    tau: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    unit: Unit | None = field(default=None, kw_only=True, converter=optional_unit)

    _limits: ClassVar[Limits] = {
        "r": ("hardly anyone buys again", "all customers buy at the same rate"),
        "alpha": ("purchase rates are beyond measure", "all customers buy at the same rate"),
        "a": ("hardly anyone ever leaves: use NBD", "all customers leave with the same probability"),
        "b": ("hardly anyone stays after a second chance to leave", "leaving is the same for all, or never"),
    }

    _in_time: ClassVar[tuple[str, ...]] = ("alpha", "tau")

    @classmethod
    def guess(cls, rfm: RFM) -> Self:
        """A start for the search, from the mean and variance of x; scale-free in time."""
        mean, variance, age = rfm.x.mean(), rfm.x.var(), rfm.T.mean()
        r = np.clip(mean**2 / max(variance - mean, 0.05 * mean + 1e-9), 0.1, 10.0)
        return cls(r=r, alpha=r * age / max(mean, 0.05), a=0.7, b=4.0, tau=0.1 * age, unit=rfm.unit)

    @classmethod
    def fit(cls, rfm: RFM, tau: ArrayLike | None = None) -> Fit[PeriodicDeath]:
        """Estimate r, alpha, a and b by maximum likelihood, for a tau given or the best of several.

        Parameters
        ----------
        rfm : RFM
            Histories.
        tau : array_like, optional
            Time between chances to leave, or several to choose from by likelihood. None (the default): search from
            the longest T down to a hundredth of it, coarsely, then densely near the best.

        Returns
        -------
        Fit
            tau has the variance 0: the data's likelihood jumps in it. `warnings` says where it was searched.

        Raises
        ------
        ParameterError
            A tau is not positive, longer than every T (nobody can have left: use `NBD`), or so short that there are
            more than 5,000 chances (use `ParetoNBD`).
        ConvergenceError
            At the best tau the likelihood has no interior maximum.
        """
        many = len(histories(rfm).counts)
        start, longest = cls.guess(rfm), float(rfm.T.max(initial=0.0))
        if tau is not None:
            taus = _checked(numbers("tau", tau).ravel(), longest)
            return _best(rfm, start, taus) if len(taus) > 1 else _at(rfm, start, taus[0])
        some = rfm[:: max(1, many // _SAMPLE)]
        coarse = _best(some, start, np.geomspace(longest / 100, longest, _COARSE)).model
        best = _best(rfm, coarse, _promising(some, coarse, longest))
        return evolve(best, warnings=(*best.warnings[:-1], _searched(best, longest / 100, longest)))

    @property
    def _engine(self) -> Attrition:
        return Attrition(DeathChances, self.r, self.alpha, (self.a, self.b, self.tau))

    def _draw_lifetimes(self, size: tuple[int, ...], rng: np.random.Generator) -> Array:
        leaves = np.clip(rng.beta(self.a, self.b, size), 1e-300, 1 - 2**-53)
        chances = np.ceil(rng.exponential(size=size) / -np.log1p(-leaves))
        return np.maximum(chances, 1.0) * self.tau


def _checked(taus: Array, longest: float) -> Array:
    """The values of tau, none longer than the longest T or too short to be told from 0."""
    if not len(taus) or not np.all((taus > 0) & (taus <= longest)):
        raise ParameterError(
            f"tau must be positive and at most the longest T, {longest:g}; got {taus}. "
            "With a longer tau nobody has had a chance to leave: use NBD"
        )
    if longest / taus.min() > 5000:
        raise ParameterError(
            f"tau must be at least {longest / 5000:g}, a 5,000th of the longest T; got {taus.min():g}. "
            "With a shorter one customers may leave at any time: use ParetoNBD"
        )
    return taus


def _at(rfm: RFM, start: PeriodicDeath, tau: float) -> Fit[PeriodicDeath]:
    """The fit at one tau, its covariance with a row and column of zeros for tau."""
    try:
        found = PeriodicDeath._search(rfm, _moved(start, tau).parameters, ("tau",))  # noqa: SLF001 (this file's class)
        return _with_tau(found)
    except ConvergenceError as error:
        raise ConvergenceError(str(error), _with_tau(error.fit)) from None


def _with_tau(fit: Fit[PeriodicDeath]) -> Fit[PeriodicDeath]:
    return evolve(fit, covariance=np.pad(fit.covariance, (0, 1)))


def _moved(model: PeriodicDeath, tau: float) -> PeriodicDeath:
    """The model with another tau and about the same lifetimes."""
    return evolve(model, b=model.b * model.tau / tau, tau=tau)


def _best(rfm: RFM, start: PeriodicDeath, taus: Array) -> Fit[PeriodicDeath]:
    """The fit at the tau of the highest likelihood; each search starts where the one before ended."""
    tried: list[tuple[Fit[PeriodicDeath], ConvergenceError | None]] = []
    for tau in np.sort(taus)[::-1]:
        try:
            tried.append((_at(rfm, start, tau), None))
            start = tried[-1][0].model
        except ConvergenceError as error:
            tried.append((error.fit, error))
    best, failed = max(tried, key=lambda one: one[0].log_likelihood)
    if failed is not None:
        raise failed
    return evolve(best, warnings=(*best.warnings, _searched(best, taus.min(), taus.max())))


def _promising(rfm: RFM, model: PeriodicDeath, longest: float) -> Array:
    """The taus near the model's at which its likelihood is highest: it has many maxima there."""
    step = 100 ** (1 / (_COARSE - 1))
    taus = np.minimum(float(np.asarray(model.tau)) * np.geomspace(1 / step, step, _DENSE), longest)
    heights = [float(_moved(model, tau).log_likelihood(rfm).sum()) for tau in taus]
    return np.append(taus[np.argsort(heights)[-_CLOSE:]], model.tau)


def _searched(best: Fit[PeriodicDeath], low: float, high: float) -> str:
    return (
        f"tau = {best.model.tau:.6g} is the best of those tried between {low:.4g} and {high:.4g}; the likelihood jumps "
        "in tau, which is held fixed in the standard errors"
    )
