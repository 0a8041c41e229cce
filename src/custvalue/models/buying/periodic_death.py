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

from collections.abc import Mapping
from typing import ClassVar, Self, final

import numpy as np
from attrs import evolve, field, frozen
from scipy.special import psi

from custvalue._columns import numbers
from custvalue._typing import Array, ArrayLike, Bools, Parameter
from custvalue.errors import ConvergenceError, ParameterError
from custvalue.evidence.rfm import RFM
from custvalue.inference.maximum_likelihood import Problem, maximize
from custvalue.inference.transform import Log, Transform
from custvalue.models.buying.engines.attrition_integrals import Attrition, Fall, Purchases, log_left
from custvalue.models.buying.engines.beta_binomial_sums import log_stay
from custvalue.models.buying.engines.latent_attrition import LatentAttritionModel, stated
from custvalue.models.buying.family import gamma_start, histories, unit_in_words
from custvalue.models.model import Card, Limits, as_parameter, optional_unit, positive, same_parameter
from custvalue.numerics.summation import between, runs
from custvalue.units import Unit

_FEW = 512.0
"""Up to this many chances are summed one by one, more in runs."""
_FAR = 2.0**60
"""From here on the terms of an endless sum are a power of the index: the next order, 1/index, is below rounding."""
_TABLE = 1 << 16
"""Functions of whole numbers up to this are tabulated: 0.5 MB, which stays in a second-level cache."""
_NOTHING = -750.0
"""Logarithms below this are of what is 0 as a float: the smallest is 2^-1074 = e^-744.4."""


@frozen(eq=False)
class DeathChances:
    """S(u) = B(a, b+j)/B(a, b), j = floor(u/τ) the chances to leave until u: a law of lifetimes.

    What is an integral over lifetimes elsewhere is a sum over chances to leave here: few are summed one by one, many
    in runs, each of which takes 16 points (`numerics.summation`).
    """

    at_once: ClassVar[int] = 800

    a: Parameter
    b: Parameter
    tau: Parameter

    def log_stay(self, start: Array, u: Array) -> Array:
        """log S(start + u)/S(start)."""
        before = self._count(start)
        return log_stay(self.a, self.b + before, self._count(start + u) - before)

    def log_leave(self, start: Array, u: Array) -> Array:
        """Log-probability to leave at the chance at start + u of those who are there at the start."""
        before, j = self._count(start), (start + u) / self.tau
        if _tabulated(self.a, self.b, np.append(j, before)):
            j = np.rint(j).astype(np.intp)
            steps = np.arange(max(j.max(initial=0), before.max(initial=0)) + 1.0) + (self.a + self.b)
            stays = np.concatenate(([0.0], np.cumsum(np.log1p(-self.a / steps))))
            leaves = stays[:-1] + np.log(self.a / steps)
            return np.asarray(leaves[j - 1] - stays[before.astype(np.intp)])
        stayed = log_stay(self.a, self.b + before, j - 1 - before)
        return np.asarray(stayed + np.log(self.a / (self.a + self.b + j - 1)))

    def slopes_stay(self, u: Array) -> list[Array]:
        """Derivatives of log S(u) in a and b; none in τ, which is not searched for by slopes."""
        j = self._count(u)
        both = _psi_rising(self.a + self.b, j)
        return [-both, _psi_rising(self.b, j) - both, np.zeros_like(j)]

    def score_leave(self, start: Array, u: Array) -> tuple[Array, list[Array]]:
        """`log_leave`, and its derivatives in a and b."""
        j = (start + u) / self.tau
        both = _psi_rising(self.a + self.b, j)
        slopes = [1 / self.a - both, _psi_rising(self.b, j - 1) - both, np.zeros_like(both)]
        return self.log_leave(start, u), slopes

    def nodes(self, start: Array, length: Array, _scale: Parameter, _rate: Parameter) -> tuple[Array, Array]:
        """The chances to leave, as times since the start, and how many each stands for."""
        return self._chances(start, self._within(start, length))

    def log_left(self, start: Array, length: Array, scale: Array, rate: Array) -> Array:
        """log ∫_0^length f(start + u)/S(start) (1 + u/scale)^-rate du."""
        return log_left(self, start, length, scale, rate)

    def fine_nodes(self, start: Array, length: Array, count: Purchases) -> tuple[Array, Array]:
        """As `nodes`, in shorter runs."""
        end = np.where(np.isfinite(length) & (length > 0), length, 1.0)
        some = (end == length) & (count.log_at(end) > _NOTHING)  # what rises until the end is largest there
        rise = float(np.max(np.where(some, count.rise(end), 0.0), initial=0.0))
        fineness = count.fineness + rise / 16
        return self._chances(start, self._within(start, length), tail=self.a + count.R, fineness=fineness)

    def staying(self, start: Array, length: Array, fall: Fall) -> Array:
        """∫_0^length fall(u) S(start + u)/S(start) du, S being constant between the chances."""
        level, rises = fall.rate == 0, fall.rate < 0
        diverges = np.isinf(length) & (rises | (level & (self.a <= 1)))
        length = np.where(diverges, 0.0, np.minimum(length, fall.reach))
        within, first = self._within(start, length), self._time(start, np.ones_like(start))
        fineness = 1 + float(np.max(np.where(rises & np.isfinite(length), length / fall.scale, 0.0), initial=0.0)) / 8
        tail = self.a + np.where(level, -1.0, fall.power)
        u, many = self._chances(start, within - 1, tail=tail, fineness=fineness)
        inside = (many * np.exp(self._log_kept(start, u)) * fall.over(u, np.full_like(u, 1.0) * self.tau)).sum(axis=0)
        inside += fall.over(np.zeros_like(first), np.minimum(first, length))
        last = np.where(np.isfinite(within), np.maximum(within, 1.0), 1.0)
        begin = np.minimum(self._time(start, last), length)
        left = np.where(np.isfinite(length), length, begin) - begin
        rest = np.exp(log_stay(self.a, self.b + self._count(start), last)) * fall.over(begin, left)
        inside += np.where((within >= 1) & np.isfinite(within), rest, 0.0)
        return np.where(diverges, np.inf, inside)

    def mean_drop_out(self, u: Array, more: int) -> Array:
        """E[p]: Beta(a, b+j) of those who stayed at j chances until u, Beta(a+1, b+j-1) of those who left at one."""
        j = u / self.tau if more else self._count(u)
        return np.asarray((self.a + more) / (self.a + self.b + j))

    def _count(self, u: Array) -> Array:
        """Chances to leave until u; times within rounding of one are on it."""
        chances = np.asarray(u / self.tau)
        near = np.rint(chances)
        with np.errstate(invalid="ignore"):
            on = np.abs(chances - near) <= 1e-12 * near
        return np.where(on, near, np.floor(chances))

    def _within(self, start: Array, length: Array) -> Array:
        return self._count(start + length) - self._count(start)

    def _time(self, start: Array, m: Array) -> Array:
        """Time from the start to its m-th chance: whole steps of τ apart also where the start is far."""
        first = (self._count(start) + 1) * self.tau - start
        return np.asarray(first + (m - 1) * self.tau)

    def _log_kept(self, start: Array, u: Array) -> Array:
        """log S(start + u)/S(start) at the chance at start + u."""
        before = self._count(start)
        return log_stay(self.a, self.b + before, (start + u) / self.tau - before)

    def _chances(
        self, start: Array, within: Array, *, tail: Parameter = np.inf, fineness: float = 1.0
    ) -> tuple[Array, Array]:
        """Times of the first `within` chances after the start, or of those that stand for them, and their weights."""
        within = np.maximum(within, 0.0)
        if within.max(initial=0.0) <= _FEW:
            m = np.arange(1.0, within.max(initial=0.0) + 1)[:, None]
            return self._time(start, m), (m <= within).astype(np.float64)
        endless = np.isinf(within)
        m, many = _runs(np.where(endless, _FAR, within), fineness)
        if endless.any():
            m = np.concatenate([m, [np.where(endless, _FAR, 1.0)]])
            many = np.concatenate([many, [np.where(endless, _FAR, 0.0) / np.where(endless, tail, 1.0)]])
        return self._time(start, m), many


def _runs(last: Array, fineness: float) -> tuple[Array, Array]:
    """Points and weights, nodes first, of sums over 1, ..., last: runs that double at most."""
    begin, end = np.minimum(17.0, last + 1), last + 1
    count = int(np.ceil(np.log2(end.max() / 16) * fineness))
    edges = np.concatenate([np.ones((len(last), 1)), between(begin, end, count)], axis=1)
    edges[:, -1] = end
    points, weights = runs(edges)
    return points.T.copy(), weights.T.copy()


def _tabulated(a: Parameter, b: Parameter, j: Array) -> bool:
    """Whether functions of the number of chances j are best taken from a table over whole numbers."""
    scalar = np.ndim(a) == 0 and np.ndim(b) == 0
    return bool(scalar and j.max(initial=0) <= _TABLE and _whole(j).all())


def _whole(j: Array) -> Bools:
    return np.asarray(np.abs(j - np.rint(j)) < 1e-6)


def _psi_rising(z: Parameter, j: Array) -> Array:
    """ψ(z + j) - ψ(z)."""
    if _tabulated(z, z, j):
        steps = np.arange(j.max(initial=0) + 1.0) + z
        table = np.concatenate(([0.0], np.cumsum(1 / steps)))
        return np.asarray(table[np.rint(j).astype(np.intp)])
    return np.asarray(psi(z + j) - psi(z))


_COARSE, _DENSE, _CLOSE = 24, 1000, 5
"""Values of τ that are fitted between a hundredth and the whole of the longest T, values near the best of them whose
likelihood is looked at, and the best of these, which are fitted."""
_SAMPLE = 5000
"""Distinct rows that the search over τ looks at; the last fits use all."""


@final
@frozen
class PeriodicDeathOpportunity(LatentAttritionModel):
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
    >>> model = PeriodicDeathOpportunity(r=0.516, alpha=10.297, a=0.457, b=2.636, tau=3.075)
    >>> print(model.p_alive(RFM(2, 30.43, 38.86, unit="week")).round(4))
    0.8678
    """

    r: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    alpha: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    a: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    b: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    tau: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    unit: Unit | None = field(default=None, kw_only=True, converter=optional_unit)

    card: ClassVar[Card] = Card("PDO", "pdo", boundary={"NBD": "a -> 0"})
    _limits: ClassVar[Limits] = {
        "r": ("hardly anyone buys again", "all customers buy at the same rate"),
        "alpha": ("purchase rates are beyond measure", "all customers buy at the same rate"),
        "a": ("hardly anyone ever leaves: use NBD", "all customers leave with the same probability"),
        "b": ("hardly anyone stays after a second chance to leave", "leaving is the same for all, or never"),
    }

    _transforms: ClassVar[Mapping[str, Transform]] = {"alpha": Log(time=1), "tau": Log(time=1)}
    _held: ClassVar[tuple[str, ...]] = ("tau",)

    @classmethod
    def _guess(cls, r: float, alpha: float, age: float, unit: Unit) -> Self:
        return cls(r=r, alpha=alpha, a=0.7, b=4.0, tau=0.1 * age, unit=unit)

    @classmethod
    def problem(cls, rfm: RFM, /, *, tau: ArrayLike | None = None) -> Problem[PeriodicDeathOpportunity]:
        """The statement of the estimation of r, alpha, a and b, for a tau given or the best of several.

        The likelihood jumps in tau, which is held in the search and has the variance 0; `Fit.warnings` says where it
        was sought.

        Parameters
        ----------
        rfm : RFM
            Histories.
        tau : array_like, optional
            Time between chances to leave, or several to choose from by likelihood. None (the default): search from
            the longest T down to a hundredth of it, coarsely, then densely near the best.

        Raises
        ------
        ParameterError
            A tau is not positive, longer than every T (nobody can have left: use `NBD`), or so short that there are
            more than 5,000 chances (use `ParetoNBD`).
        ConvergenceError
            At the best tau the likelihood has no interior maximum.
        """
        many = len(histories(rfm).counts)
        start, longest = cls._guess(*gamma_start(histories(rfm), least=0.1), rfm.unit), float(rfm.T.max(initial=0.0))
        if tau is not None:
            taus = _checked(numbers("tau", tau).ravel(), longest)
            if len(taus) == 1:
                return stated(rfm, _moved(start, taus[0]), held=("tau",))
            best, low, high = _best(rfm, start, taus), taus.min(), taus.max()
        else:
            some = rfm[:: max(1, many // _SAMPLE)]
            low, high = longest / 100, longest
            coarse = _best(some, start, np.geomspace(low, high, _COARSE))
            best = _best(rfm, coarse, _promising(some, coarse, longest))
        note = (
            f"tau = {best.tau:.6g} is the best of those tried between {low:.4g} and {high:.4g}; the likelihood jumps "
            "in tau, which is held fixed in the standard errors"
        )
        return stated(rfm, best, held=("tau",), notes=(note,))

    @property
    def _engine(self) -> Attrition:
        return Attrition(DeathChances, self.r, self.alpha, (self.a, self.b, self.tau))

    def _leaving_in_words(self) -> tuple[tuple[str, str, str], ...]:
        when = f"chance every {float(self.tau):.4g} {unit_in_words(self.unit)[1]}"
        return (("Leaving, a/(a+b)", f"{float(self.a / (self.a + self.b)):.1%}", when),)

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


def _moved(model: PeriodicDeathOpportunity, tau: float) -> PeriodicDeathOpportunity:
    """The model with another tau and about the same lifetimes."""
    return evolve(model, b=model.b * model.tau / tau, tau=tau)


def _best(rfm: RFM, start: PeriodicDeathOpportunity, taus: Array) -> PeriodicDeathOpportunity:
    """The fit at the tau of the highest likelihood; each search starts where the one before ended."""
    tried: list[tuple[float, PeriodicDeathOpportunity, ConvergenceError | None]] = []
    for tau in np.sort(taus)[::-1]:
        try:
            fit = maximize(stated(rfm, _moved(start, tau), held=("tau",)))
            tried.append((fit.log_likelihood, fit.model, None))
            start = fit.model
        except ConvergenceError as error:
            tried.append((error.fit.log_likelihood, error.fit.model, error))
    _, best, failed = max(tried, key=lambda one: one[0])
    if failed is not None:
        raise failed
    return best


def _promising(rfm: RFM, model: PeriodicDeathOpportunity, longest: float) -> Array:
    """The taus near the model's at which its likelihood is highest: it has many maxima there."""
    step = 100 ** (1 / (_COARSE - 1))
    taus = np.minimum(float(np.asarray(model.tau)) * np.geomspace(1 / step, step, _DENSE), longest)
    heights = [float(_moved(model, tau).log_likelihood(rfm).sum()) for tau in taus]
    return np.append(taus[np.argsort(heights)[-_CLOSE:]], model.tau)
