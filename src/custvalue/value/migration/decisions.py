"""Optimal decisions: the best action in every state of a customer, by policy iteration.

A Markov decision process: in each state one of several actions is taken, each with its own transitions, rewards and
costs. Policy iteration (R. A. Howard, Dynamic Programming and Markov Processes, 1960) ends after a few rounds at a
policy that no other beats in any state. P. E. Pfeifer and R. L. Carraway, "Modeling customer relationships as Markov
chains", Journal of Interactive Marketing 14(2), 2000, stop mailing to customers in this way.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from attrs import field, frozen

from custvalue._arguments import periods, real, require
from custvalue._columns import read_only, same
from custvalue._typing import Array, ArrayLike, Bools, Ints, NDArray
from custvalue.discounting.rate import Rate
from custvalue.discounting.timing import Timing, as_timing, delay, force_of
from custvalue.errors import ParameterError
from custvalue.numerics.markov_chain import as_stochastic, visits, worth
from custvalue.units import Unit, as_unit


def _as_transitions(values: ArrayLike) -> Array:
    P = as_stochastic("transitions", values)
    if P.ndim < 3:
        raise ParameterError(f"transitions must have the shape (..., actions, states, states); got {P.shape}")
    return read_only(P)


def _as_rewards(values: ArrayLike) -> Array:
    return real("rewards", values)


def _as_costs(values: ArrayLike) -> Array:
    return real("costs", values)


def _as_allowed(values: ArrayLike) -> Bools:
    return np.asarray(values, dtype=bool)


def as_names(values: Iterable[str]) -> tuple[str, ...]:
    """Names as a tuple, as the converter of a field."""
    return tuple(values)


def different_names(what: str, names: tuple[str, ...], count: int) -> tuple[str, ...]:
    """The names, "1", "2", ... where none are given; ParameterError unless they are `count` different ones."""
    names = names or tuple(str(i + 1) for i in range(count))
    if len(names) != count or len(set(names)) != count:
        raise ParameterError(f"{what} must be {count} different names; got {names}")
    return names


@frozen
class Policy:
    """The best action in every state, and what customers are worth with it.

    Attributes
    ----------
    action : array of int, shape (..., states), or (..., periods, states) within a horizon
        Position of the action.
    value : array, shape (..., states)
        Expected present value of a customer who starts in each state.
    actions : tuple of str
        Names of the actions.
    rounds : int
        Of policy iteration, or periods.
    """

    action: Ints = field(eq=same)
    value: Array = field(eq=same)
    actions: tuple[str, ...] = field()
    rounds: int = field()

    @property
    def names(self) -> NDArray[Any]:
        """The action in every state, by name."""
        return np.asarray(self.actions)[self.action]


@frozen(kw_only=True)
class MigrationDecisions:
    """Customers who move between states with probabilities that depend on the action taken.

    Parameters
    ----------
    transitions : array_like, shape (..., actions, states, states)
        For each action, the probabilities of each state (column) after each state (row); rows sum to 1. Leading axes
        are customers or scenarios.
    rewards : array_like, broadcasting to (..., actions, states)
        What a period in each state brings under each action.
    unit : {"year", "quarter", "month", "week", "day"}
        The period of one transition.
    costs : array_like, broadcasting to (..., actions, states)
        What it costs; with a timing of its own.
    allowed : array_like of bool, broadcasting to (..., actions, states), optional
        Which actions can be taken in which states; all by default.
    actions, states : sequence of str, optional
        Names; "1", "2", ... by default.

    Raises
    ------
    ParameterError
        Rows do not sum to 1, shapes or names do not fit, or a state has no allowed action.

    Examples
    --------
    >>> mail = [[0.6, 0.4], [0.1, 0.9]]  # active, lapsed: mailing keeps some, and wins some back
    >>> wait = [[0.4, 0.6], [0.0, 1.0]]
    >>> choices = MigrationDecisions(
    ...     transitions=[mail, wait], rewards=[40, 0], costs=[[4, 4], [0, 0]], actions=["mail", "wait"], unit="year"
    ... )
    >>> best = choices.optimal(rate=Rate.annual(0.20), timing="now")
    >>> print(best.names, best.value.round(2))
    ['mail' 'mail'] [78.86 10.29]
    """

    transitions: Array = field(converter=_as_transitions, eq=same)
    rewards: Array = field(converter=_as_rewards, eq=same)
    unit: Unit = field(converter=as_unit)
    costs: Array = field(default=np.zeros(()), converter=_as_costs, eq=same)
    allowed: Bools = field(default=np.ones((), dtype=bool), converter=_as_allowed, eq=same)
    actions: tuple[str, ...] = field(default=(), converter=as_names)
    states: tuple[str, ...] = field(default=(), converter=as_names)

    def __attrs_post_init__(self) -> None:
        shape = self.transitions.shape[:-1]
        for name in ("rewards", "costs", "allowed"):
            value = getattr(self, name)
            try:
                object.__setattr__(self, name, read_only(np.broadcast_to(value, shape)))
            except ValueError:
                raise ParameterError(f"{name} must broadcast to {shape}; got shape {value.shape}") from None
        for name, count in (("actions", shape[-2]), ("states", shape[-1])):
            object.__setattr__(self, name, different_names(name, getattr(self, name), count))
        if not self.allowed.any(axis=-2).all():
            raise ParameterError("every state must have an allowed action; allow one that does nothing")

    def value(self, action: ArrayLike, *, rate: Rate, timing: Timing, cost_timing: Timing | None = None) -> Array:
        """Expected present value by state, forever, of taking these actions (positions, shape (..., states)).

        Arguments and errors are those of `optimal`.
        """
        chosen, last = np.asarray(action), len(self.actions) - 1
        if chosen.dtype.kind not in "iu" or not ((chosen >= 0) & (chosen <= last)).all():
            raise ParameterError(f"action must be whole numbers from 0 to {last}, one per state; got {action!r}")
        flow, force = self._flow(rate, timing, cost_timing)
        _forever(force)
        return _evaluate(self.transitions, flow, force, chosen.astype(np.intp))

    def optimal(self, *, rate: Rate, timing: Timing, cost_timing: Timing | None = None) -> Policy:
        """The best action in every state, forever, and the values under it, by policy iteration.

        Parameters
        ----------
        rate : Rate
            Of discount, positive; an array of rates broadcasts with the leading axes.
        timing, cost_timing : {"now", "end", "middle", "continuous"}
            When a period's reward and cost are paid; costs like rewards where not given. "continuous" spreads them
            over the period.

        Raises
        ------
        ParameterError
            The rate is a bare number or not positive, or a timing is not one of these.
        """
        flow, force = self._flow(rate, timing, cost_timing)
        _forever(force)
        open_flow = np.where(self.allowed, flow, -np.inf)
        chosen = np.broadcast_to(open_flow.argmax(axis=-2), (*force.shape, len(self.states)))
        value, rounds = _evaluate(self.transitions, flow, force, chosen), 1
        while (better := self._improved(chosen, open_flow, force, value)) is not None:
            value, chosen, rounds = _evaluate(self.transitions, flow, force, better), better, rounds + 1
        return Policy(chosen, value, self.actions, rounds)

    def optimal_within(self, *, rate: Rate, horizon: int, timing: Timing, cost_timing: Timing | None = None) -> Policy:
        """The best action in every state of each of `horizon` periods, by backward induction; any rate.

        `action[..., t, s]` is the position of the action in period t and state s.

        Raises
        ------
        ParameterError
            As for `optimal`; or the horizon is not a whole number.
        """
        n = int(periods("horizon", horizon, whole=True))
        flow, force = self._flow(rate, timing, cost_timing)
        open_flow = np.where(self.allowed, flow, -np.inf)
        value = np.zeros((*force.shape, len(self.states)))
        taken = []
        for _ in range(n):
            ahead = self._ahead(open_flow, force, value)
            taken.append(ahead.argmax(axis=-2))
            value = ahead.max(axis=-2)
        actions = np.stack(taken[::-1], axis=-2) if n else np.zeros((*force.shape, 0, len(self.states)), dtype=np.intp)
        return Policy(actions, value, self.actions, n)

    def _flow(self, rate: Rate, timing: Timing, cost_timing: Timing | None) -> tuple[Array, Array]:
        """Net reward of a period by action and state, and the force with the batch's leading axes."""
        force = force_of(rate, self.unit)
        force = np.broadcast_to(force, np.broadcast_shapes(force.shape, self.transitions.shape[:-3]))
        earned = _in_period(timing, "timing", force) * self.rewards
        spent = _in_period(timing if cost_timing is None else cost_timing, "cost_timing", force) * self.costs
        return earned - spent, force

    def _ahead(self, flow: Array, force: Array, value: Array) -> Array:
        """Value of each action in each state, (..., actions, states), given the values after it."""
        after = (self.transitions * value[..., None, None, :]).sum(axis=-1)
        return np.asarray(flow + np.exp(-force)[..., None, None] * after)

    def _improved(self, chosen: Ints, flow: Array, force: Array, value: Array) -> Ints | None:
        """Actions that are better by more than rounding, which would change a policy without end; None if none are."""
        ahead = self._ahead(flow, force, value)
        now = np.take_along_axis(ahead, chosen[..., None, :], axis=-2)[..., 0, :]
        scale = np.abs(value).max(axis=-1, keepdims=True) + np.abs(now).max(axis=-1, keepdims=True)
        gains = ahead.max(axis=-2) - now > 1e-12 * scale
        return np.where(gains, ahead.argmax(axis=-2), chosen) if gains.any() else None


def _in_period(timing: Timing, name: str, force: Array) -> Array:
    paid = as_timing(timing, name)
    if paid == "next":
        raise ParameterError(
            f"{name} must be 'now', 'end', 'middle' or 'continuous', as what a period brings depends on the "
            "action in it; got 'next'"
        )
    return delay(paid, force)[..., None, None]


def _forever(force: Array) -> None:
    remedy = "Within a horizon, optimal_within takes any rate."
    require(force > 0, "the rate must be positive for decisions forever", remedy, force=force)


def _evaluate(transitions: Array, flow: Array, force: Array, chosen: Ints) -> Array:
    """Value of each state when these actions are taken forever."""
    P = np.broadcast_to(transitions, (*force.shape, *transitions.shape[-3:]))
    position = np.broadcast_to(chosen, (*force.shape, chosen.shape[-1]))[..., None, :]
    taken = np.take_along_axis(P, position[..., None], axis=-3)[..., 0, :, :]
    flows = np.broadcast_to(flow, P.shape[:-1])
    return worth(visits(taken, force), np.take_along_axis(flows, position, axis=-2)[..., 0, :])
