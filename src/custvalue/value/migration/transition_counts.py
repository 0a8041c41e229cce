"""Transitions between states counted, and the probabilities estimated from them, with intervals and draws."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Literal

import numpy as np
from attrs import field, frozen

from custvalue._arguments import generator, not_negative, one_of
from custvalue._arguments import level as as_level
from custvalue._columns import check_rows, numbers, read_only, same
from custvalue._typing import Array, ArrayLike, Ints, NDArray
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.logs.columns import Column, as_column
from custvalue.evidence.logs.reading import read_columns
from custvalue.units import Unit, as_unit
from custvalue.value.migration.chain import MigrationModel
from custvalue.value.migration.decisions import different_names


def _as_counts(values: ArrayLike) -> Array:
    counts = not_negative("counts", values)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ParameterError(f"counts must be square: one row and one column per state; got shape {counts.shape}")
    return read_only(counts)


def _as_names(values: Iterable[Hashable]) -> tuple[str, ...]:
    return tuple(map(str, values))


@frozen
class TransitionCounts:
    """Counts of customers who went from each state (row) to each state (column) within one period.

    Parameters
    ----------
    counts : array_like, shape (states, states)
        Weighted counts need not be whole.
    states : sequence of str
        Their names.
    unit : {"year", "quarter", "month", "week", "day"}
        The period of one transition.

    Raises
    ------
    ParameterError
        Counts are negative or not square, or names do not fit.

    Examples
    --------
    >>> seen = TransitionCounts.from_sequences([["new", "loyal", "loyal", "gone"], ["new", "gone"]], unit="month")
    >>> seen.states
    ('gone', 'loyal', 'new')
    >>> print(seen.counts[2], seen.probabilities(absorbing=["gone"])[1])
    [1. 1. 0.] [0.5 0.5 0. ]
    """

    counts: Array = field(converter=_as_counts, eq=same)
    states: tuple[str, ...] = field(converter=_as_names)
    unit: Unit = field(converter=as_unit, kw_only=True)

    def __attrs_post_init__(self) -> None:
        different_names("states", self.states, len(self.counts))

    @classmethod
    def from_sequences(
        cls, sequences: Iterable[Sequence[Hashable]], *, unit: Unit, states: Sequence[Hashable] | None = None
    ) -> TransitionCounts:
        """Count in sequences of states, one per customer, one state per period.

        Parameters
        ----------
        sequences : iterable of sequences
            States by name; a sequence of length 1 has no transition.
        unit : {"year", "quarter", "month", "week", "day"}
            Between neighbors in a sequence.
        states : sequence, optional
            Their order, and states that may not occur. By default those that occur, sorted.

        Raises
        ------
        DataError
            A state is missing (None, NaN) or not among `states`.
        """
        each = [list(sequence) for sequence in sequences]
        who = np.repeat(np.arange(len(each)), [len(one) for one in each])
        flat = np.empty(len(who), dtype=object)
        flat[:] = [state for one in each for state in one]
        column = as_column(flat, None)
        remedy = "End the sequence before it."
        check_rows(~column.absent, "states must be present", remedy, sequence=who.astype(np.float64))
        names, codes = _coded(column)
        within = who[1:] == who[:-1]
        return cls._counted(names, codes[:-1][within], codes[1:][within], states, unit)

    @classmethod
    def from_table(
        cls,
        table: Any,  # noqa: ANN401 (any dataframe)
        *,
        unit: Unit,
        customer: str = "customer_id",
        time: str = "period",
        state: str = "state",
        states: Sequence[Hashable] | None = None,
        gaps: Literal["refuse", "skip"] = "refuse",
    ) -> TransitionCounts:
        """Count in a long table with one row per customer and period, in any order.

        Parameters
        ----------
        table : dataframe or mapping of arrays
            pandas, polars, pyarrow, DuckDB, or arrays by name.
        unit : {"year", "quarter", "month", "week", "day"}
            What the whole numbers count.
        customer, time, state : str
            Names of its columns; periods are whole numbers.
        states : sequence, optional
            As for `from_sequences`.
        gaps : {"refuse", "skip"}
            What to do where a customer's periods are not consecutive: raise, or count no transition there.

        Raises
        ------
        DataError
            A column or value is missing, a period is not whole, a customer has two rows in one period, or there are
            gaps.

        Examples
        --------
        >>> log = {"customer_id": [1, 1, 2, 2], "period": [0, 1, 0, 1], "state": ["a", "b", "a", "a"]}
        >>> TransitionCounts.from_table(log, unit="year").counts
        array([[1., 1.],
               [0., 0.]])
        """
        one_of("gaps", gaps, ("refuse", "skip"))
        if len({customer, time, state}) < 3:
            raise DataError(f"customer, time and state must be three columns; got {customer!r}, {time!r}, {state!r}")
        columns = read_columns(table, [customer, time, state])
        for name, column in zip((customer, time, state), columns, strict=True):
            check_rows(~column.absent, f"{name} must be present", "Leave those rows out.")
        (ids, who), when, (names, codes) = _coded(columns[0]), _whole(time, columns[1]), _coded(columns[2])
        order = np.lexsort((when, who))
        who, when, codes = who[order], when[order], codes[order]
        within, step, shown = who[1:] == who[:-1], when[1:] - when[:-1], {time: when[1:]}
        rule, remedy = "a customer must have one row per period", "Keep one state per period."
        check_rows(~(within & (step == 0)), rule, remedy, ids=ids[who[1:]], **shown)
        rule, remedy = "a customer's periods must be consecutive", "Fill in the state, or leave it out: gaps='skip'."
        check_rows(~(within & (step > 1)) | (gaps == "skip"), rule, remedy, ids=ids[who[1:]], **shown)
        counted = within & (step == 1)
        return cls._counted(names, codes[:-1][counted], codes[1:][counted], states, unit)

    @classmethod
    def _counted(
        cls, names: NDArray[Any], origin: Ints, target: Ints, states: Sequence[Hashable] | None, unit: Unit
    ) -> TransitionCounts:
        """Count steps between codes of `names`, in the order of `states`."""
        order = _sorted(names.tolist()) if states is None else list(states)
        position = {name: i for i, name in enumerate(order)}
        strange = [name for name in names.tolist() if name not in position]
        if strange:
            raise DataError(f"states must name every state in the data; missing: {strange[:3]}. Add them to states.")
        index = np.array([position[name] for name in names.tolist()], dtype=np.intp)
        size = len(order)
        counts = np.bincount(index[origin] * size + index[target], minlength=size * size).reshape(size, size)
        return cls(counts, order, unit=unit)

    def probabilities(self, *, prior: ArrayLike = 0.0, absorbing: Sequence[str] = ()) -> Array:
        """Estimated transition probabilities: (count + prior) / (row total + priors).

        Parameters
        ----------
        prior : array_like
            Added to each count: the parameter of a Dirichlet prior. 0 (the default) is maximum likelihood; 1/2 is
            Jeffreys'; a matrix may say which transitions can happen at all.
        absorbing : sequence of str
            States that are never left, such as "gone": their rows stay whatever was counted.

        Raises
        ------
        DataError
            No transition from a state was observed: its probabilities are not identified.
        ParameterError
            A name is not a state, or a prior negative.
        """
        weights, stays = self._weights(prior, absorbing)
        total = weights.sum(axis=1, keepdims=True)
        return np.where(stays[:, None], np.eye(len(total)), weights / np.where(stays[:, None], 1.0, total))

    def interval(
        self, level: float = 0.95, *, method: Literal["wilson", "dirichlet"] = "wilson", prior: ArrayLike = 0.5
    ) -> tuple[Array, Array]:
        """Lower and upper bounds of each transition probability, one at a time.

        Parameters
        ----------
        level : float
            Of confidence, or of probability.
        method : {"wilson", "dirichlet"}
            "wilson" (E. B. Wilson, 1927): the score interval of a binomial share, of each count in its row.
            "dirichlet": quantiles of the posterior, a beta distribution for each probability, with `prior` added to
            each count; where that is 0, [0, 0] for a transition never observed.
        prior : array_like
            For "dirichlet"; 1/2 is Jeffreys'.

        Returns
        -------
        (low, high)
            Arrays of shape (states, states); 0 to 1 in rows without counts. The intervals are not simultaneous; for
            functions of the whole matrix, such as a value, use `draws`.

        Raises
        ------
        ParameterError
            The level is not between 0 and 1, or there is no such method.
        """
        share = as_level(level)
        if one_of("method", method, ("wilson", "dirichlet")) == "wilson":
            return _wilson(self.counts, share)
        return _dirichlet(self.counts + not_negative("prior", prior), share)

    def draws(
        self,
        n: int,
        *,
        rng: np.random.Generator | int,
        prior: ArrayLike = 0.5,
        absorbing: Sequence[str] = (),
    ) -> Array:
        """Draw n transition matrices from the Dirichlet posterior, shape (n, states, states): a batch for a model.

        Arguments and errors are those of `probabilities`.
        """
        weights, stays = self._weights(prior, absorbing)
        drawn = _gammas(weights, n, generator(rng))
        drawn = np.where(stays[:, None], np.eye(len(stays)), drawn)
        return np.asarray(drawn / drawn.sum(axis=-1, keepdims=True))

    def model(
        self, reward: ArrayLike, cost: ArrayLike = 0.0, *, prior: ArrayLike = 0.0, absorbing: Sequence[str] = ()
    ) -> MigrationModel:
        """The `MigrationModel` with the estimated probabilities.

        Arguments and errors are those of `probabilities`.
        """
        P = self.probabilities(prior=prior, absorbing=absorbing)
        return MigrationModel(P, reward, cost, states=self.states, unit=self.unit)

    def _weights(self, prior: ArrayLike, absorbing: Sequence[str]) -> tuple[Array, NDArray[np.bool_]]:
        """Counts with priors, and which states are declared absorbing."""
        strange = [name for name in absorbing if name not in self.states]
        if strange or isinstance(absorbing, str):
            raise ParameterError(f"absorbing must list states among {self.states}; got {absorbing!r}")
        weights = self.counts + not_negative("prior", prior)
        stays = np.isin(np.asarray(self.states), list(absorbing))
        unknown = np.asarray(self.states)[~stays & (weights.sum(axis=1) == 0)].tolist()
        if unknown:
            raise DataError(
                f"every state must be followed by one in the data; nothing follows {unknown}. Name states that are "
                "never left in absorbing=, or give a prior."
            )
        return weights, stays


def _coded(column: Column) -> tuple[NDArray[Any], Ints]:
    """Distinct values, and the code of each row."""
    if column.codes is not None:
        return column.values, np.asarray(column.codes, dtype=np.intp)
    names, codes = np.unique(column.values, return_inverse=True)
    return names, np.asarray(codes, dtype=np.intp).ravel()


def _whole(name: str, column: Column) -> Array:
    """Numbers of periods; whole ones below 2^53, where floats begin to miss some."""
    found = numbers(name, column.values if column.codes is None else column.values[column.codes])
    remedy = "Number the periods: 0, 1, 2, ... or year x 12 + month."
    ok = (found == np.floor(found)) & (np.abs(found) <= 2.0**53)
    check_rows(ok, f"{name} must be whole numbers below 2^53", remedy, **{name: found})
    return found


def _gammas(weights: Array, n: int, rng: np.random.Generator) -> Array:
    """Gamma variables up to a factor per row; in logs, as log G(w) = log G(w + 1) - E/w: those of small w underflow."""
    size = (n, *weights.shape)
    some = np.where(weights > 0, weights, 1.0)
    logs = np.log(rng.standard_gamma(weights + 1, size=size)) - rng.standard_exponential(size=size) / some
    logs = np.where(weights > 0, logs, -np.inf)
    top = logs.max(axis=-1, keepdims=True)
    return np.asarray(np.exp(logs - np.where(np.isfinite(top), top, 0.0)))


def _sorted(names: list[Any]) -> list[Any]:
    try:
        return sorted(names)
    except TypeError:
        return sorted(names, key=str)


def _wilson(counts: Array, level: float) -> tuple[Array, Array]:
    from scipy.special import ndtri  # noqa: PLC0415 (loads only where it is used)

    z2 = ndtri((1 + level) / 2) ** 2
    total = counts.sum(axis=1, keepdims=True) + np.zeros_like(counts)
    rest = total - counts
    half = np.sqrt(z2 * (counts * rest / np.where(total > 0, total, 1.0) + z2 / 4))
    low = (counts + z2 / 2 - half) / (total + z2)
    high = (counts + z2 / 2 + half) / (total + z2)
    return np.where(counts > 0, np.maximum(low, 0.0), 0.0), np.where(rest > 0, np.minimum(high, 1.0), 1.0)


def _dirichlet(weights: Array, level: float) -> tuple[Array, Array]:
    from scipy.special import betaincinv  # noqa: PLC0415 (loads only where it is used)

    rest = weights.sum(axis=1, keepdims=True) - weights
    some = (weights > 0) & (rest > 0)
    a, b = np.where(some, weights, 1.0), np.where(some, rest, 1.0)
    known = np.where(weights > 0, 1.0, 0.0)
    unknown = (weights == 0) & (rest == 0)
    low = np.where(some, betaincinv(a, b, (1 - level) / 2), np.where(unknown, 0.0, known))
    high = np.where(some, betaincinv(a, b, (1 + level) / 2), np.where(unknown, 1.0, known))
    return low, high
