"""The log-rank test and its weighted kin: whether groups of customers, two or more, leave at equal rates."""

from __future__ import annotations

from typing import Any, ClassVar, Final, Literal, TypeAlias, get_args

import numpy as np
from attrs import field, frozen
from scipy.special import chdtrc

from custvalue import _arguments
from custvalue._columns import same
from custvalue._results import Rows, as_column, listing
from custvalue._typing import Array, ArrayLike, Ints, NDArray
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.logs.columns import Column
from custvalue.evidence.logs.columns import as_column as read_column
from custvalue.evidence.tenures import Tenures
from custvalue.survival._risk_sets import check_tenures, risk_sets

Weighting: TypeAlias = Literal["log-rank", "gehan", "tarone-ware", "peto", "fleming-harrington"]
"""Which times count for more."""

_KNOWN: Final = 1e-10
"""Directions in which the covariance's eigenvalue is a smaller share of the largest are not compared by the data."""


def _as_groups(values: Any) -> tuple[Any, ...]:  # noqa: ANN401 (labels of any kind)
    return tuple(values)


@frozen(repr=False)
class LogRank(Rows):
    """A test that groups leave at equal rates; made by `log_rank`.

    Attributes
    ----------
    statistic : float
        Chi-square.
    degrees_of_freedom : int
        Groups less one; fewer where some groups were never at risk together.
    p_value : float
        Probability of a statistic at least this large if customers of all groups left at equal rates.
    groups : tuple
        The labels, sorted: the order of the arrays.
    observed, expected : array
        Weighted sums over the times at which customers left: those who left in each group, and those expected to at
        equal rates. observed/expected compares the groups.
    covariance : array, shape (groups, groups)
        Of observed - expected.
    weighting : str
        The kind of test.
    """

    _columns: ClassVar = ("groups", "observed", "expected")

    statistic: float = field()
    degrees_of_freedom: int = field()
    p_value: float = field()
    groups: tuple[Any, ...] = field(converter=_as_groups)
    observed: Array = field(converter=as_column, eq=same)
    expected: Array = field(converter=as_column, eq=same)
    covariance: Array = field(converter=as_column, eq=same)
    weighting: str = field(default="log-rank")

    def __repr__(self) -> str:
        head = (
            f"{self.weighting} test: chi-square {self.statistic:.6g}, {self.degrees_of_freedom} degrees of freedom, "
            f"p = {self.p_value:.4g}"
        )
        columns = {"observed": (12, ".6g", self.observed), "expected": (12, ".6g", self.expected)}
        return listing(head, {"group": (12, "", [str(group) for group in self.groups]), **columns})


def log_rank(
    tenures: Tenures,
    groups: ArrayLike,
    *,
    weighting: Weighting = "log-rank",
    p: float = 0.0,
    q: float = 0.0,
    strata: ArrayLike | None = None,
) -> LogRank:
    """Test whether groups of customers leave at equal rates at every duration.

    Parameters
    ----------
    tenures : Tenures
        All customers; weights count customers. At risk, ties and late entry as in `kaplan_meier`.
    groups : array_like, shape (rows,)
        The group of each row: numbers or text, at least two distinct.
    weighting : str
        The weight of a time at which customers leave: ``"log-rank"`` (Mantel 1966) 1, most powerful where hazards are
        proportional; ``"gehan"`` (Gehan 1965, Breslow 1970: the generalized Wilcoxon test) the number
        at risk n; ``"tarone-ware"`` (1977) √n; ``"peto"`` (Peto & Peto 1972) the survival Π (1 - ended/(n + 1)) of all
        groups together; ``"fleming-harrington"`` (1981) S^p (1 - S)^q, S the Kaplan-Meier survival of all groups just
        before: p > 0 for early differences, q > 0 for late ones.
    p, q : float
        Of Fleming-Harrington, at least 0.
    strata : array_like, shape (rows,), optional
        Compare within these classes of customers only, and add the comparisons up.

    Raises
    ------
    DataError
        There are fewer than two groups, labels are missing, nobody left, or no two groups were ever at risk together.
    ParameterError
        `weighting` is none of its choices, or p or q is negative or goes with another weighting.

    Examples
    --------
    >>> tenures = Tenures([3, 5, 6, 8, 9, 9, 12, 12], [1, 1, 1, 1, 1, 0, 1, 0], unit="month")
    >>> log_rank(tenures, ["basic", "basic", "basic", "plus", "basic", "plus", "plus", "plus"])
    log-rank test: chi-square 4.9176, 1 degrees of freedom, p = 0.02658
           group    observed    expected
           basic           4      1.7119
            plus           2      4.2881
    """
    check_tenures(tenures, some_left=True)
    _check_weighting(weighting, p, q)
    names, group = labels("groups", groups, len(tenures))
    if len(names) < 2:
        raise DataError(f"groups must hold at least two labels; got {names[0]!r} in all {len(tenures)} rows.")
    _, stratum = (
        (None, np.zeros(len(tenures), dtype=np.intp)) if strata is None else labels("strata", strata, len(tenures))
    )
    observed, expected = np.zeros(len(names)), np.zeros(len(names))
    covariance = np.zeros((len(names), len(names)))
    for rows in _parts(stratum):
        parts = _compare(tenures[rows], group[rows], len(names), weighting, p, q)
        observed, expected, covariance = observed + parts[0], expected + parts[1], covariance + parts[2]
    statistic, degrees = _chi_square(observed - expected, covariance)
    kind = f"fleming-harrington({p:g}, {q:g})" if weighting == "fleming-harrington" else weighting
    return LogRank(statistic, degrees, float(chdtrc(degrees, statistic)), names, observed, expected, covariance, kind)


def labels(name: str, values: Any, size: int) -> tuple[list[Any], Ints]:  # noqa: ANN401 (a column of any library)
    """The distinct labels of rows, sorted, and the number of each row's; DataError where some are missing."""
    if isinstance(values, Tenures):
        raise DataError(
            f"{name} must be labels, one per row of the tenures; got Tenures. Put the customers of all groups into one "
            "Tenures, and give the group of each row, such as table['plan']."
        )
    column = read_column(values, None)
    if len(column) != size:
        raise DataError(f"{name} must have one label per row of the tenures ({size}); got {len(column)}")
    if column.absent.any():
        missing = np.flatnonzero(column.absent)
        raise DataError(
            f"{name} must be present; missing in {len(missing)} of {size} rows, first: row {missing[0]}. "
            "Leave those rows out, or give them a label of their own."
        )
    return _numbered(column)


def _numbered(column: Column) -> tuple[list[Any], Ints]:
    if column.codes is None:
        values, code = np.unique(column.values, return_inverse=True)
        return values.tolist(), code
    names = column.values.tolist()
    try:
        order = sorted(range(len(names)), key=names.__getitem__)
    except TypeError:
        order = sorted(range(len(names)), key=lambda i: str(names[i]))
    place = np.empty(len(names), dtype=np.intp)
    place[order] = np.arange(len(names))
    number, code = np.unique(place[column.codes], return_inverse=True)
    return [names[order[i]] for i in number], code


def _check_weighting(weighting: str, p: float, q: float) -> None:
    _arguments.one_of("weighting", weighting, get_args(Weighting))
    good = p >= 0 and q >= 0 and np.isfinite(p + q)
    _arguments.require(good, "p and q must be finite and >= 0", "They are powers of S and 1 - S.", p=p, q=q)
    if (p or q) and weighting != "fleming-harrington":
        raise ParameterError(f"p and q belong to weighting='fleming-harrington', not to {weighting!r}")


def _parts(stratum: Ints) -> list[NDArray[Any]]:
    """The rows of each stratum."""
    order = np.argsort(stratum, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(stratum[order])) + 1)


def _compare(
    tenures: Tenures, group: Ints, size: int, weighting: str, p: float, q: float
) -> tuple[Array, Array, Array]:
    """Observed and expected of each group, and the covariance of their difference, in one stratum.

    At each time, those of the d who leave out of n that are of one group are hypergeometric.
    """
    sets = risk_sets(tenures)
    at_risk = np.array([sets.at_risk(np.where(group == g, tenures.weights, 0.0)) for g in range(size)])
    ended = np.array([sets.leaving(np.where(group == g, tenures.weights, 0.0)) for g in range(size)])
    d = ended.sum(axis=0)
    n = np.maximum(at_risk.sum(axis=0), d)
    weight = _weights(weighting, n, d, p, q)
    share = at_risk / n
    spread = weight**2 * d * np.where(n > 1, np.maximum(n - d, 0.0) / np.where(n > 1, n - 1, 1.0), 0.0)
    crossed = np.array([[(spread * one * other).sum() for other in share] for one in share])
    covariance = np.diag((spread * share).sum(axis=1)) - crossed
    return (weight * ended).sum(axis=1), (weight * share * d).sum(axis=1), covariance


def _weights(weighting: str, n: Array, d: Array, p: float, q: float) -> Array:
    if weighting == "gehan":
        return n
    if weighting == "tarone-ware":
        return np.sqrt(n)
    if weighting == "peto":
        return np.asarray(np.cumprod(1.0 - d / (n + 1.0)), dtype=np.float64)
    if weighting == "fleming-harrington":
        survival = np.concatenate([[1.0], np.cumprod(1.0 - d / n)[:-1]])
        return np.asarray(survival**p * (1.0 - survival) ** q)
    return np.ones(len(n))


def _chi_square(difference: Array, covariance: Array) -> tuple[float, int]:
    """The quadratic form of the difference in the generalized inverse of its covariance, and the latter's rank."""
    values, vectors = np.linalg.eigh(covariance)
    known = values > _KNOWN * max(values[-1], 0.0)
    if not known.any():
        raise DataError(
            "the groups cannot be compared: at no time at which some customers left and others stayed were two "
            "groups at risk together, or those times have no weight. Observe the groups over the same durations"
        )
    along = vectors[:, known].T @ difference
    return float((along**2 / values[known]).sum()), int(known.sum())
