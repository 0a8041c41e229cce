"""Customers who move between states - recency, segments, satisfaction, kinds of relationship - as a Markov chain.

P. E. Pfeifer and R. L. Carraway, "Modeling customer relationships as Markov chains", Journal of Interactive Marketing
14(2), 2000 (as cited; not checked against the paper). The next state depends on the present one alone: whatever else
matters must be made part of the state, as recency is.
"""

from __future__ import annotations

import numpy as np
from attrs import field, frozen

from custvalue._arguments import not_negative, periods, real, require, share, whole_number
from custvalue._columns import read_only, same
from custvalue._typing import Array, ArrayLike, Bools
from custvalue.discounting.rate import Rate
from custvalue.discounting.timing import Timing, as_timing, delay, force_of
from custvalue.errors import ParameterError
from custvalue.numerics.markov_chain import (
    aligned,
    as_stochastic,
    difference,
    discounted_visits,
    recurrent,
    visits,
    worth,
)
from custvalue.units import Unit, as_unit
from custvalue.value.migration.decisions import MigrationDecisions, Policy, as_names, different_names


def _as_transitions(values: ArrayLike) -> Array:
    return read_only(as_stochastic("transitions", values))


def _as_reward(values: ArrayLike) -> Array:
    return real("reward", values)


def _as_cost(values: ArrayLike) -> Array:
    return real("cost", values)


@frozen
class MigrationModel:
    """A Markov chain over customers' states, with what a period in each state brings and costs.

    Parameters
    ----------
    transitions : array_like, shape (..., states, states)
        Row i: the probability of each state one period after state i; rows sum to 1. Leading axes are a batch:
        segments, scenarios, or draws from `TransitionCounts.draws`; those of reward and cost broadcast with them.
        The labels of a dataframe are not taken over: name `states`.
    reward : array_like, shape (..., states) or a number
        What a period in each state brings.
    cost : array_like, shape (..., states) or a number
        What it costs to serve or contact the customer; taken off, with a timing of its own.
    unit : {"year", "quarter", "month", "week", "day"}
        The period of one transition.
    states : sequence of str, optional
        Names; "1", "2", ... by default.

    Raises
    ------
    ParameterError
        The matrix is not square, a probability is outside [0, 1], a row does not sum to 1 (within 1e-9), shapes and
        names do not fit, or the rows of a dataframe are in another order than its columns.

    Examples
    --------
    >>> chain = MigrationModel.from_recency([0.3, 0.2, 0.15, 0.05], margin=40, contact_cost=4, unit="year")
    >>> chain.value(rate=Rate.annual(0.20), timing="now").round(3)
    array([52.32 ,  5.554,  1.251, -1.82 ,  0.   ])
    >>> chain.best_stop(rate=Rate.annual(0.20), timing="now").names
    array(['contact', 'contact', 'contact', 'stop', 'stop'], dtype='<U7')
    """

    transitions: Array = field(converter=_as_transitions, eq=same)
    reward: Array = field(converter=_as_reward, eq=same)
    cost: Array = field(default=np.zeros(()), converter=_as_cost, eq=same)
    unit: Unit = field(converter=as_unit, kw_only=True)
    states: tuple[str, ...] = field(default=(), converter=as_names, kw_only=True)

    def __attrs_post_init__(self) -> None:
        count = self.transitions.shape[-1]
        shape: tuple[int, ...] = self.transitions.shape[:-1]
        for name, value in (("reward", self.reward), ("cost", self.cost)):
            try:
                shape = np.broadcast_shapes(shape, value.shape)
            except ValueError:
                shape = ()
            if shape[-1:] != (count,):
                rule = f"{name} must broadcast to {self.transitions.shape[:-1]}, one per state"
                raise ParameterError(f"{rule}; got shape {value.shape}")
        object.__setattr__(self, "transitions", read_only(np.broadcast_to(self.transitions, (*shape, count))))
        for name in ("reward", "cost"):
            object.__setattr__(self, name, read_only(np.broadcast_to(getattr(self, name), shape)))
        object.__setattr__(self, "states", different_names("states", self.states, count))

    @classmethod
    def from_recency(
        cls, repurchase: ArrayLike, *, margin: ArrayLike, unit: Unit, contact_cost: ArrayLike = 0.0
    ) -> MigrationModel:
        """Customers who buy, pause and come back: state i is i periods since the last purchase, the last one is "gone".

        Dwyer's always-a-share and Pfeifer and Carraway's chain. The margin comes in state 1, when a purchase has just
        been made; contacts cost in all states but the last.

        Parameters
        ----------
        repurchase : array_like, shape (..., k)
            Probability of buying 1, ..., k periods after the last purchase.
        margin, contact_cost : array_like
            Per purchase, and per period contacted; they broadcast with the leading axes.
        unit : {"year", "quarter", "month", "week", "day"}
            The period between chances to buy.

        Raises
        ------
        ParameterError
            A probability is outside [0, 1].
        """
        p = np.atleast_1d(share("repurchase", repurchase))
        k = p.shape[-1]
        if not k:
            raise ParameterError("repurchase must have at least one probability on its last axis")
        P = np.zeros((*p.shape[:-1], k + 1, k + 1))
        P[..., :k, 0] = p
        P[..., np.arange(k), np.arange(1, k + 1)] = 1 - p
        P[..., k, k] = 1.0
        reward = real("margin", margin)[..., None] * (np.arange(k + 1) == 0)
        cost = not_negative("contact_cost", contact_cost)[..., None] * (np.arange(k + 1) < k)
        names = [*(f"recency {i}" for i in range(1, k + 1)), "gone"]
        return cls(P, reward, cost, states=names, unit=unit)

    @property
    def absorbing(self) -> Bools:
        """Which states are never left, shape (..., states)."""
        return np.asarray(np.diagonal(self.transitions, axis1=-2, axis2=-1) == 1)

    def value(
        self,
        *,
        rate: Rate,
        timing: Timing,
        cost_timing: Timing | None = None,
        horizon: int | None = None,
    ) -> Array:
        """Expected present value of a customer by the state they are in now.

        With v = 1/(1 + d), "now" is Σ_{t=0}^{n-1} (v P)^t (reward - cost), forever (I - v P)^-1 (reward - cost).

        Parameters
        ----------
        rate : Rate
            Of discount; an array of rates broadcasts with the leading axes.
        timing : {"now", "next", "end", "middle", "continuous"}
            When the reward of a period in a state is paid: at its beginning, the first one now ("now"), at its end, in
            its middle, or evenly over it; "next" is "now" without the present state: the first reward is that of the
            next state, one period ahead.
        cost_timing : the same, optional
            When costs are paid; like rewards where not given.
        horizon : int, optional
            Number of periods, each with one reward. None (the default) is forever. Pfeifer and Carraway's horizon T,
            counting from 0 to T, is T + 1.

        Returns
        -------
        array, shape (..., states)
            Infinite where the sum is: forever at a rate of 0, when states that bring something are never left.

        Raises
        ------
        ParameterError
            A rate is a bare number, or negative and there is no horizon; a timing is not one of the five; the horizon
            is not whole; or infinite rewards meet infinite costs.

        Notes
        -----
        Forever, the linear system is solved without subtraction (see `expected_visits`), so that values are right to
        the last digits for d → 0 and states that are hardly ever left. Row sums count as 1 exactly: the probability of
        staying is what the others leave. Finite horizons lose about 1e-16 of the value per period.
        """
        return DiscountedChain.of(self, rate, timing, cost_timing).value(float(periods("horizon", horizon, whole=True)))

    def variance(
        self,
        *,
        rate: Rate,
        timing: Timing,
        cost_timing: Timing | None = None,
        horizon: int | None = None,
    ) -> Array:
        """Variance of the present value of a single customer by the state they are in now; exact.

        Rewards and costs are certain in each state; what comes next is not. Forever, (I - v² P)^-1 v² u, where u_i is
        the variance of the value after one step from state i. A horizon takes a step of work per period.

        Arguments are those of `value`.

        Raises
        ------
        ParameterError
            As there; or a value is infinite.

        Examples
        --------
        >>> chain = MigrationModel([[0.8, 0.2], [0.0, 1.0]], [100, 0], unit="year")
        >>> print(np.sqrt(chain.variance(rate=Rate.annual(0.10), timing="now")).round(2))
        [229.05   0.  ]
        """
        return DiscountedChain.of(self, rate, timing, cost_timing).variance(
            float(periods("horizon", horizon, whole=True))
        )

    def expected_visits(self, *, rate: Rate | None = None, horizon: int | None = None) -> Array:
        """Expected number of periods spent in each state (column), from each state (row), the present one counted.

        Undiscounted and forever this is the fundamental matrix (I - Q)^-1 between states that are left for good, and
        infinite for states that are not. With a rate, visits count discounted, (I - v P)^-1.

        Arguments and errors are those of `value`.

        Examples
        --------
        >>> chain = MigrationModel.from_recency([0.3, 0.2, 0.15, 0.05], margin=40, contact_cost=4, unit="year")
        >>> print(chain.expected_visits()[0].round(4))
        [2.2114 1.548  1.2384 1.0526    inf]
        """
        force = force_of(Rate.zero() if rate is None else rate, self.unit)
        return discounted_visits(self.transitions, force, float(periods("horizon", horizon, whole=True)))

    def expected_periods(self) -> Array:
        """Expected periods until an absorbing state - or a set of states that is never left - is reached.

        Shape (..., states); 0 where the customer is in one.
        """
        settled = recurrent(self.transitions)
        each = np.where(settled[..., None, :], 0.0, self.expected_visits())
        return np.asarray(each.sum(axis=-1))

    def absorption(self) -> Array:
        """Probability of ending in each absorbing state (column), from each state (row); 0 in other columns."""
        settled = recurrent(self.transitions)
        inner = np.where(settled[..., None, :], 0.0, visits(self.transitions, np.zeros(())))
        into = np.where(self.absorbing[..., None, :], self.transitions, 0.0)
        start = np.eye(len(self.states)) * self.absorbing[..., None, :]
        return np.asarray(np.where(self.absorbing[..., :, None], start, inner @ into))

    def distribution(self, start: ArrayLike, horizon: int) -> Array:
        """Probability of each state `horizon` periods ahead, given those (or numbers of customers) `start` now.

        Shape (..., states).
        """
        found = np.broadcast_to(real("start", start), self.transitions.shape[:-1])
        for _ in range(whole_number("horizon", horizon, least=0)):
            found = (found[..., None] * self.transitions).sum(axis=-2)
        return found

    def best_stop(self, *, rate: Rate, timing: Timing, cost_timing: Timing | None = None) -> Policy:
        """States in which to stop contacting the customer, and the values under that policy.

        A customer who is not contacted costs nothing from then on, and does not come back: the reward of the present
        state is the last. Where customers return by themselves, or actions differ otherwise, use `MigrationDecisions`.

        Raises
        ------
        ParameterError
            The rate is not positive, or a timing is "next".
        """
        size = len(self.states)
        leading = self.transitions.shape[:-2]
        P = np.zeros((*leading, 2, size + 1, size + 1))
        P[..., 0, :, size] = 1.0
        P[..., 1, :size, :size] = self.transitions
        P[..., 1, size, size] = 1.0
        none = np.zeros((*leading, 1))
        reward = np.concatenate([self.reward, none], axis=-1)[..., None, :]
        cost = np.concatenate([self.cost, none], axis=-1)[..., None, :] * np.array([[0.0], [1.0]])
        choices = MigrationDecisions(
            transitions=P, rewards=reward, costs=cost, actions=("stop", "contact"), unit=self.unit
        )
        best = choices.optimal(rate=rate, timing=timing, cost_timing=cost_timing)
        return Policy(best.action[..., :size], best.value[..., :size], best.actions, best.rounds)


@frozen(eq=False)
class DiscountedChain:
    """A chain with the rewards and costs of each state, discounted; all of one batch shape (...)."""

    P: Array = field()
    force: Array = field()
    gain: Array = field()
    """Reward of a state, discounted to the beginning of its period."""
    loss: Array = field()
    gain_skips: bool = field()
    """Whether the reward of the present state does not count ("next")."""
    loss_skips: bool = field()

    @classmethod
    def of(cls, model: MigrationModel, rate: Rate, timing: Timing, cost_timing: Timing | None) -> DiscountedChain:
        """Discount rewards and costs to the beginning of their periods, and give all the batch's shape."""
        earned = as_timing(timing)
        spent = earned if cost_timing is None else as_timing(cost_timing, "cost_timing")
        P, force = aligned(model.transitions, force_of(rate, model.unit))
        gain, loss = _at_beginning(earned, force) * model.reward, _at_beginning(spent, force) * model.cost
        return cls(P, force, gain, loss, earned == "next", spent == "next")

    def flow(self, *, first: bool = False, last: bool = False) -> Array:
        """Net reward of each state in the first period, after the last one, or in between."""
        gain = 0.0 if (first and self.gain_skips) or (last and not self.gain_skips) else self.gain
        loss = 0.0 if (first and self.loss_skips) or (last and not self.loss_skips) else self.loss
        return np.asarray(np.zeros_like(self.gain) + gain - loss)

    def value(self, n: float) -> Array:
        """Expected present value by state, of n periods."""
        visited = discounted_visits(self.P, self.force, n)
        if self.gain_skips == self.loss_skips:
            total = worth(visited, self.gain - self.loss)
            return self._later(total) if self.gain_skips else total
        gains, losses = worth(visited, self.gain), worth(visited, self.loss)
        return difference(
            self._later(gains) if self.gain_skips else gains, self._later(losses) if self.loss_skips else losses
        )

    def _later(self, values: Array) -> Array:
        """Values one period ahead, discounted; what cannot follow counts nothing, even where it is infinite."""
        with np.errstate(invalid="ignore"):
            each = np.where(self.P == 0, 0.0, self.P * values[..., None, :])
        return np.asarray(np.exp(-self.force)[..., None] * each.sum(axis=-1))

    def variance(self, n: float) -> Array:
        """Variance of the present value by state, of n periods."""
        if not np.isinf(n):
            return self._variance_within(int(n))
        ahead = worth(discounted_visits(self.P, self.force, n), self.flow())
        require(
            np.isfinite(ahead),
            "values must be finite to have a variance",
            "At a rate of 0, states that are never left must bring nothing: give a rate or a horizon.",
            value=ahead,
        )
        return worth(visits(self.P, 2 * self.force), self._spread(ahead))

    def _variance_within(self, n: int) -> Array:
        """Backwards from the end, one period at a time, until nothing changes any more."""
        spread, ahead = np.zeros_like(self.gain), self.flow(last=True)
        for _ in range(n):
            before = spread, ahead
            spread = self._spread(ahead) + self._later(spread) * np.exp(-self.force)[..., None]
            ahead = self.flow() + self._later(ahead)
            if np.array_equal(before, (spread, ahead)):
                break
        return spread

    def _spread(self, ahead: Array) -> Array:
        """Variance, over the next state, of the value there, discounted: v² Σ_j p_ij (W_j - mean_i)²."""
        mean = (self.P * ahead[..., None, :]).sum(axis=-1, keepdims=True)
        each = self.P * (ahead[..., None, :] - mean) ** 2
        return np.asarray(np.exp(-2 * self.force)[..., None] * each.sum(axis=-1))


def _at_beginning(timing: Timing, force: Array) -> Array:
    return np.ones((*force.shape, 1)) if timing == "next" else delay(timing, force)[..., None]
