"""Classic RFM scores: quantile groups of recency, frequency and monetary value, and segments named after them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, Literal

import numpy as np
from attrs import field, frozen

from custvalue._arguments import number, whole_number
from custvalue._columns import numbers, read_only, same
from custvalue._results import Rows
from custvalue._typing import Array, ArrayLike, Ints, NDArray
from custvalue.errors import ParameterError
from custvalue.evidence.rfm import RFM

SEGMENTS: Final[Mapping[str, str]] = {
    "champions": "bought lately, often, and spend most",
    "loyal": "buy often and lately",
    "new": "bought lately, for the first time or nearly",
    "at risk": "bought often, but not lately",
    "hibernating": "bought seldom and long ago",
    "others": "in between",
}
"""The segments of `RFMScores.segments`, in this library's words: there is no agreed set."""


def _as_scores(values: ArrayLike) -> Ints:
    return read_only(np.asarray(values, dtype=np.intp))


@frozen
class RFMScores(Rows):
    """RFM scores of customers, from 1 (worst) to the number of groups (best).

    Attributes
    ----------
    recency, frequency, monetary : array of int, shape (n,)
        The best recency is the latest purchase.
    groups : int
        How many groups there are.
    """

    recency: Ints = field(converter=_as_scores, eq=same)
    frequency: Ints = field(converter=_as_scores, eq=same)
    monetary: Ints = field(converter=_as_scores, eq=same)
    groups: int = field()
    _columns: ClassVar = ("recency", "frequency", "monetary", "cell", "segments")

    @property
    def cell(self) -> NDArray[np.str_]:
        """The scores as one text, such as "5-4-5"."""
        r, f, m = (column.astype(np.str_) for column in (self.recency, self.frequency, self.monetary))
        return np.char.add(np.char.add(r, "-"), np.char.add(np.char.add(f, "-"), m))

    @property
    def segments(self) -> NDArray[np.str_]:
        """The segment of each customer, one of `SEGMENTS`, by the scores' places in their range."""
        r, f, m = ((column - 1) / (self.groups - 1) for column in (self.recency, self.frequency, self.monetary))
        rules = {
            "champions": (r >= 0.75) & (f >= 0.75) & (m >= 0.75),
            "loyal": (r >= 0.5) & (f >= 0.5),
            "new": (r >= 0.75) & (f <= 0.25),
            "at risk": (r <= 0.5) & (f >= 0.5),
            "hibernating": (r <= 0.25) & (f <= 0.25),
        }
        return np.select(list(rules.values()), list(rules), default="others")


def rfm_scores(
    rfm: RFM,
    *,
    groups: int = 5,
    cuts: Mapping[str, Sequence[float]] | None = None,
) -> RFMScores:
    """Score customers by recency, frequency and monetary value in groups of about equal size, or by cuts.

    Parameters
    ----------
    rfm : RFM
        With mean spend m where monetary value is to count; without it all share the middle score.
    groups : int
        Of quantiles: 5 is quintiles, the custom of direct marketing (Hughes 1994, as cited).
    cuts : mapping of str to sequence of float, optional
        Cut points instead of quantiles, rising, `groups` - 1 of each of "recency" (time since the last purchase, in
        the data's unit), "frequency" (purchases, the first included) and "monetary" (mean spend).

    Returns
    -------
    RFMScores
        Ties share a score, so groups may differ in size.

    Raises
    ------
    ParameterError
        `groups` is no whole number >= 2, or cuts are not `groups` - 1 rising numbers of a known measure.

    Examples
    --------
    >>> rfm = RFM(x=[4, 0, 1], t_x=[30, 0, 5], T=[32, 40, 6], m=[10, 0, 30], unit="week")
    >>> rfm_scores(rfm, groups=3).cell
    array(['2-3-2', '1-1-1', '3-2-3'], dtype='<U65')
    """
    whole_number("groups", groups, least=2)
    spend = np.zeros(rfm.x.shape) if rfm.m is None else np.asarray(rfm.m)
    measures = {"recency": rfm.t_x - rfm.T, "frequency": rfm.x + 1, "monetary": spend}
    given = {} if cuts is None else dict(cuts)
    unknown = sorted(set(given) - set(measures))
    if unknown:
        raise ParameterError(f"cuts must be of recency, frequency or monetary; got {', '.join(unknown)}")
    scores = {}
    for name, values in measures.items():
        if name not in given:
            scores[name] = quantile_groups(values, groups, weights=rfm.weights)
        elif name == "recency":
            scores[name] = groups + 1 - _cut(name, -values, given[name], groups, side="left")
        else:
            scores[name] = _cut(name, values, given[name], groups, side="right")
    return RFMScores(**scores, groups=groups)


def quantile_groups(values: ArrayLike, groups: int, *, weights: ArrayLike = 1.0) -> Ints:
    """Quantile group of each value, from 1: ties are in one group, that of their mean rank among all customers."""
    column = numbers("values", values).ravel()
    distinct, code = np.unique(column, return_inverse=True)
    count = np.bincount(code, np.broadcast_to(numbers("weights", weights), column.shape), len(distinct))
    middle = np.cumsum(count) - count / 2
    groups_of = np.ceil(middle / max(float(count.sum()), 1e-300) * groups).astype(np.intp)
    return np.asarray(np.maximum(groups_of, 1)[code])


def _cut(name: str, values: Array, cuts: Sequence[float], groups: int, *, side: Literal["left", "right"]) -> Ints:
    points = number(f"cuts of {name}", cuts)
    if points.shape != (groups - 1,) or np.isnan(points).any() or not (np.diff(points) > 0).all():
        raise ParameterError(
            f"cuts of {name} must be {groups - 1} rising numbers for {groups} groups; got {list(cuts)}"
        )
    return np.asarray(np.searchsorted(points, values, side=side) + 1)
