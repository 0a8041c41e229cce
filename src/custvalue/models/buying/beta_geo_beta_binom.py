"""BG/BB: at each of a row of chances customers buy or not while they stay, and before any may leave for good.

Fader, P. S., Hardie, B. G. S. & Shang, J. (2010). Customer-base analysis in a discrete-time noncontractual setting.
Marketing Science 29(6), 1086-1108.

| assumption | form |
| --- | --- |
| purchase at an opportunity, while a customer | with probability p |
| purchase probabilities over customers | p ~ Beta(α, β) |
| leaving | with probability θ before each opportunity |
| drop-out over customers | θ ~ Beta(γ, δ), independent of p |

The trap: the paper's and BTYD's P(alive) is at opportunity n + 1, which is `p_alive(rows, ahead=1)`; here, as in every
model, `p_alive(rows)` is at n, the end of observation.
"""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar, Self, final

import numpy as np
from attrs import field, frozen

from custvalue._arguments import whole
from custvalue._typing import Array, ArrayLike, Ints, NDArray, Parameter
from custvalue.evidence.opportunities import Opportunities
from custvalue.inference.maximum_likelihood import Problem
from custvalue.models.buying.engines import beta_binomial_sums
from custvalue.models.buying.engines.beta_binomial_sums import log_stay, silence, silence_slopes
from custvalue.models.buying.family import TransactionModel, histories, unit_in_words, worth
from custvalue.models.model import Card, Limits, as_parameter, optional_unit, positive, same_parameter
from custvalue.numerics.special import by_count, log_rising, psi_rising
from custvalue.units import Unit

_WHOLE = 1 + 1e-12
"""A horizon of 3 years in quarters is 12 opportunities, also where 3 / 0.25 comes out below 12."""


def log_likelihood(
    x: Array, t_x: Array, n: Array, alpha: Parameter, beta: Parameter, gamma: Parameter, delta: Parameter
) -> Array:
    """Log-likelihood per row (Fader, Hardie & Shang 2010, eq. 5) of one order of purchases.

    log of  B(α+x,β+t_x-x)/B(α,β) B(γ,δ+t_x)/B(γ,δ) times the probability of no purchase after t_x, given what was
    until then, whose sum over the opportunities to leave at follows by recursion.
    """
    silent = np.add(*silence(x, n, t_x, alpha, beta, gamma, delta))
    return np.asarray(_log_until(x, t_x, alpha, beta, gamma, delta) + np.log(silent))


def gradient(
    x: Array, t_x: Array, n: Array, alpha: Parameter, beta: Parameter, gamma: Parameter, delta: Parameter
) -> Array:
    """Derivatives of `log_likelihood` in α, β, γ and δ: shape (4, rows)."""
    return score(x, t_x, n, alpha, beta, gamma, delta)[1]


def score(
    x: Array, t_x: Array, n: Array, alpha: Parameter, beta: Parameter, gamma: Parameter, delta: Parameter
) -> tuple[Array, Array]:
    """`log_likelihood` and `gradient`, from one recursion."""
    silent, *slopes = silence_slopes(x, n, t_x, alpha, beta, gamma, delta)
    bought, passed = (by_count(partial(psi_rising, z), k, z) for z, k in ((alpha, x), (beta, t_x - x)))
    chances, stayed, left = (by_count(partial(psi_rising, z), t_x, z) for z in (alpha + beta, delta, gamma + delta))
    until = (bought - chances, passed - chances, -left, stayed - left)
    gradients = [before + after / silent for before, after in zip(until, slopes, strict=True)]
    value = _log_until(x, t_x, alpha, beta, gamma, delta) + np.log(silent)
    return np.asarray(value), np.stack(np.broadcast_arrays(*gradients))


@final
@frozen
class BetaGeoBetaBinom(TransactionModel[Opportunities]):
    """BG/BB (Fader, Hardie & Shang 2010): buying or not at each opportunity, leaving before any.

    Parameters
    ----------
    alpha, beta : float or array
        Of the beta distribution of the probability to buy at an opportunity: its mean is alpha/(alpha+beta).
    gamma, delta : float or array
        Of the beta distribution of the probability to leave before an opportunity: its mean is gamma/(gamma+delta).
    unit : {"day", "week", "month", "quarter", "year"}, optional
        The period between opportunities; `fit` fills it in. None: unchecked.

    Notes
    -----
    A time t ahead holds the whole opportunities n + 1, ..., n + t; a fraction of a period holds none. A purchase at
    opportunity n + k is discounted by k periods. A simulated log with dates has periods of equal length: of weeks and
    days, `Opportunities.from_transactions` reads it as drawn; calendar months differ in length.

    Examples
    --------
    The paper's parameters for yearly donations, and its donor with x = 2, t_x = 4, n = 6:

    >>> from custvalue.evidence.opportunities import Opportunities
    >>> model = BetaGeoBetaBinom(alpha=1.204, beta=0.750, gamma=0.657, delta=2.783)
    >>> donor = Opportunities(2, 4, 6, unit="year")
    >>> print(model.p_alive(donor, ahead=1).round(2), model.expected_purchases(donor, 5).round(2))
    0.59 1.06
    """

    alpha: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    beta: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    gamma: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    delta: Parameter = field(converter=as_parameter, validator=positive, eq=same_parameter)
    unit: Unit | None = field(default=None, kw_only=True, converter=optional_unit)

    card: ClassVar[Card] = Card("BG/BB", "bg-bb")
    evidence = Opportunities
    _history: ClassVar[tuple[str, ...]] = ("x", "n", "t_x")  # rows that share x and n stand together
    _limits: ClassVar[Limits] = {
        "alpha": ("hardly anyone buys again", "all customers buy with the same probability, or always"),
        "beta": ("customers buy at every opportunity", "all customers buy with the same probability, or hardly ever"),
        "gamma": ("hardly anyone ever leaves", "all customers leave with the same probability, or at once"),
        "delta": ("customers leave at once or never", "hardly anyone leaves, or all with the same probability"),
    }

    @classmethod
    def problem(cls, rows: Opportunities, /) -> Problem[Self]:
        def scored(parameters: Array, x: Array, n: Array, t_x: Array) -> tuple[Array, Array]:
            return score(x, t_x, n, *parameters)

        each = histories(rows, cls._history)
        x, n, t_x = (float((each.counts * column).sum()) for column in each.columns)
        taken = np.clip(x / max(t_x, 1.0), 0.05, 0.95)
        left = 0.5 * max(n / each.counts.sum(), 1.0)
        start = cls(2 * taken, 2 * (1 - taken), 0.5, left, unit=rows.unit)
        return Problem.of(start, each, scored)

    def log_likelihood(self, rows: Opportunities) -> Array:
        self._unit_of(rows)

        def each(x: Array, n: Array, t_x: Array) -> Array:
            return log_likelihood(x, t_x, n, *self._all)

        return self._each_row(each, rows, self._history)

    def _odds(self, x: Array, n: Array, t_x: Array, /) -> Array:
        alive, gone = silence(x, n, t_x, *self._all)
        with np.errstate(divide="ignore"):  # a way that cannot be, or is less than any float
            return np.log(alive) - np.log(gone)

    def _stay(self, rows: Opportunities, t: Array) -> Array:
        return self._each_row(self._stays, rows, ("n",), _chances(t))

    def _leave(self, rows: Opportunities, t: Array) -> Array:
        def leaves(n: Array, t: Array) -> Array:
            return beta_binomial_sums.leave(self.gamma, self.delta + n, t)

        return self._each_row(leaves, rows, ("n",), _chances(t))

    def _bought(self, rows: Opportunities, t: Array, after: Array) -> Array:
        return self._purchases(rows, 0.0, *_interval(t, after))

    def _discounted(self, rows: Opportunities, force: ArrayLike, horizon: Array) -> Array:
        return self._purchases(rows, force, np.zeros(()), _chances(horizon))

    def _purchases(self, rows: Opportunities, force: ArrayLike, skipped: Array, chances: Array) -> Array:
        """Expected purchases after the opportunities that are skipped, discounted to there, if alive at n."""

        def there(n: Array, force: Array, s: Array, t: Array) -> Array:
            stays = self.delta + n + _finite(s)
            first = stays / (self.gamma + stays) * np.exp(-force)
            return worth(self._stays(n, s), first * beta_binomial_sums.powers(self.gamma, stays + 1, t, force))

        ahead = self._each_row(there, rows, ("n",), force, skipped, chances)
        return (self.alpha + rows.x) / (self.alpha + self.beta + rows.n) * ahead

    def _buys(self, rows: Opportunities, t: Array, after: Array) -> Array:
        def buys(x: Array, n: Array, s: Array, t: Array) -> Array:
            return self._stays(n, s) * beta_binomial_sums.buys(*self._given_alive(x, n, s), t)

        return self._each_row(buys, rows, ("x", "n"), *_interval(t, after))

    def _pmf(self, rows: Opportunities, n: Array, t: Array, after: Array) -> Array:
        def while_customer(x: Array, n: Array, k: Array, s: Array, t: Array) -> Array:
            return self._stays(n, s) * beta_binomial_sums.pmf(k, *self._given_alive(x, n, s), t)

        return self._each_row(while_customer, rows, ("x", "n"), n, *_interval(t, after))

    def in_words(self) -> tuple[tuple[str, str, str], ...]:
        buys, leaves = float(self.alpha / (self.alpha + self.beta)), float(self.gamma / (self.gamma + self.delta))
        time = unit_in_words(self.unit)[0]
        return (
            ("Buying, alpha/(alpha+beta)", f"{buys:.1%}", f"chance in a {time}, while a customer"),
            ("Leaving, gamma/(gamma+delta)", f"{leaves:.1%}", f"chance before a {time}"),
        )

    def posterior_mean_purchase_rate(self, rows: Opportunities) -> Array:
        """E[p | history]: the probability to buy at an opportunity while a customer, of those who have left too."""
        self._unit_of(rows)

        def mean(x: Array, n: Array, t_x: Array) -> Array:
            alpha, *others = self._all
            raised, plain = (np.add(*silence(x, n, t_x, value, *others)) for value in (alpha + 1, alpha))
            return np.asarray((alpha + x) / (alpha + self.beta + t_x) * raised / plain)

        return self._each_row(mean, rows, self._history)

    def posterior_mean_drop_out(self, rows: Opportunities) -> Array:
        """E[θ | history]: the probability to leave before an opportunity, of those who have left too."""
        self._unit_of(rows)

        def mean(x: Array, n: Array, t_x: Array) -> Array:
            alpha, beta, gamma, delta = self._all
            raised, plain = (np.add(*silence(x, n, t_x, alpha, beta, value, delta)) for value in (gamma + 1, gamma))
            return np.asarray(gamma / (gamma + delta + t_x) * raised / plain)

        return self._each_row(mean, rows, self._history)

    def _draw_histories(self, age: Array, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        chances = whole("n", age)
        t_x, buys = self._draw_last(chances, rng)
        x = np.where(t_x > 0, 1 + rng.binomial(np.maximum(t_x - 1, 0).astype(np.int64), buys), 0)
        return {"x": x, "t_x": t_x, "n": chances}

    def _draw_purchases(self, age: Array, rng: np.random.Generator) -> tuple[Ints, Array]:
        last, buys = self._draw_last(whole("n", age), rng)
        whose = np.repeat(np.arange(len(age)), last.astype(np.intp))
        number = np.arange(1.0, len(whose) + 1) - (np.cumsum(last) - last)[whose]
        taken = (number == last[whose]) | (rng.random(len(whose)) < buys[whose])
        return whose[taken], number[taken]

    def _draw_last(self, n: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """The last opportunity taken, and the probability to take one, of one customer for each n."""
        buys = rng.beta(self.alpha, self.beta, n.shape)
        leaves = rng.beta(self.gamma, self.delta, n.shape)
        stayed = np.minimum(n, _failures(leaves, rng))
        return np.maximum(stayed - _failures(buys, rng), 0.0), buys

    @property
    def _all(self) -> tuple[Parameter, Parameter, Parameter, Parameter]:
        return self.alpha, self.beta, self.gamma, self.delta

    def _stays(self, n: Array, t: Array) -> Array:
        """P(still a customer at opportunity n + t | there at n)."""
        return np.asarray(np.exp(log_stay(self.gamma, self.delta + n, t)))

    def _given_alive(self, x: Array, n: Array, s: Array) -> tuple[Parameter, Parameter, Parameter, Parameter]:
        """p ~ Beta(α+x, β+n-x) and θ ~ Beta(γ, δ+n+s), of a customer seen until n and still there at n + s."""
        return self.alpha + x, self.beta + n - x, self.gamma, self.delta + n + _finite(s)


def _chances(t: Array) -> Array:
    """Opportunities in a time t ahead: its whole periods."""
    return np.asarray(np.floor(t * _WHOLE))


def _interval(t: Array, after: Array) -> tuple[Array, Array]:
    """Opportunities before an interval ahead, and in it."""
    skipped, endless = _chances(after), np.isinf(after)
    return skipped, _chances(np.where(endless, 0.0, after) + t) - np.where(endless, 0.0, skipped)


def _finite(skipped: Array) -> Array:
    """Opportunities skipped, where an end to them makes a difference: nobody stays for endless ones."""
    return np.where(np.isinf(skipped), 0.0, skipped)


def _failures(chance: Array, rng: np.random.Generator) -> Array:
    """Draw how many trials fail before the first that succeeds with probability `chance`."""
    risk = -np.log1p(-np.clip(chance, 1e-300, 1 - 1e-16))
    return np.asarray(np.floor(rng.exponential(size=chance.shape) / risk))


def _log_until(x: Array, t_x: Array, alpha: Parameter, beta: Parameter, gamma: Parameter, delta: Parameter) -> Array:
    """Log-probability of the purchases up to t_x and of staying so long."""
    bought, passed = (by_count(partial(log_rising, z), k, z) for z, k in ((alpha, x), (beta, t_x - x)))
    chances, stayed, left = (by_count(partial(log_rising, z), t_x, z) for z in (alpha + beta, delta, gamma + delta))
    return np.asarray(bought + passed - chances + stayed - left)
