"""What all models share: parameters as the object, and the families of predictions.

A family's abstract methods are what a model's file writes; its concrete ones follow from them and are never
overridden.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self

import attrs
import numpy as np

from custvalue._columns import numbers
from custvalue._typing import Array, ArrayLike, Parameter
from custvalue.discounting.rate import Rate, as_rate
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.distinct import Distinct
from custvalue.evidence.opportunities import Opportunities
from custvalue.evidence.rfm import RFM
from custvalue.inference.fit import Fit
from custvalue.units import Unit, as_unit

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    Evidence = TypeVar("Evidence", bound=RFM | Opportunities, default=RFM)
else:
    from typing import TypeVar

    Evidence = TypeVar("Evidence")


class Model(ABC, Generic[Evidence]):
    """A probability model: an immutable set of parameters that predicts at once.

    Parameters are floats or arrays. One axis over customers is a covariate model; a leading axis over draws,
    as shape (draws, 1), is uncertainty: predictions broadcast.
    """

    @property
    def parameters(self) -> dict[str, Parameter]:
        """The parameters by name, in the papers' order; what is given by keyword (the unit, say) is none of them."""
        return {f.name: getattr(self, f.name) for f in attrs.fields(type(self)) if not f.kw_only}  # type: ignore[arg-type]

    @classmethod
    @abstractmethod
    def fit(cls, rows: Evidence, /) -> Fit[Self]:
        """Estimate the parameters by maximum likelihood.

        Raises
        ------
        ConvergenceError
            The likelihood has no interior maximum; the message names the direction and the remedy.
        """

    @abstractmethod
    def log_likelihood(self, rows: Evidence, /) -> Array:
        """Log-likelihood of each row, neither weighted nor summed; combinatorial constants dropped."""

    def to_json(self) -> str:
        """The model as JSON: its class, parameters and unit."""
        values = {name: np.asarray(value).tolist() for name, value in self.parameters.items()}
        given = {f.name: getattr(self, f.name) for f in attrs.fields(type(self)) if f.kw_only}  # type: ignore[arg-type]
        return json.dumps({"model": type(self).__name__, **given, **values})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The model that `to_json` wrote.

        Raises
        ------
        ParameterError
            The text is of another model, or of none.
        """
        try:
            values = json.loads(text)
            name = values.pop("model")
        except (ValueError, KeyError, AttributeError, TypeError):
            raise ParameterError(f"the text is not a model that to_json wrote: {text[:40]!r}") from None
        if name != cls.__name__:
            raise ParameterError(f"the text describes a {name}, not a {cls.__name__}; use {name}.from_json")
        return cls(**{field: value for field, value in values.items() if value is not None})

    def _each_row(self, f: Callable[..., Array], rows: Evidence, names: tuple[str, ...], *more: ArrayLike) -> Array:
        """f(columns named, *more) per row, computed once for rows that are equal in those columns."""
        extra = [numbers("an argument", argument) for argument in more]
        alike = [*self.parameters.values(), *extra]
        if rows.x.ndim != 1 or any(np.ndim(value) and np.shape(value)[-1] != 1 for value in alike):
            return f(*(getattr(rows, name) for name in names), *extra)
        each = rows.distinct(*names)
        return np.take(f(*each.columns, *extra), each.index, axis=-1)


class TransactionModel(Model[Evidence]):
    """When customers buy and when they silently leave: predictions per row.

    The rows are an `RFM`; of models in discrete time `Opportunities`, where n stands for T, and t periods ahead hold
    the opportunities n + 1, n + 2, ... up to n + t. Times are in the data's unit. A model that knows its unit refuses
    data in another. Arguments broadcast with the rows: a horizon of shape (k, 1) gives k rows of predictions.
    """

    unit: Unit | None
    _evidence: ClassVar[type[Any]] = RFM

    @abstractmethod
    def p_alive(self, rows: Evidence, /, ahead: ArrayLike = 0.0) -> Array:
        """P(still a customer at T + ahead | history)."""

    @abstractmethod
    def churn_probability(self, rows: Evidence, /, within: ArrayLike) -> Array:
        """P(left by T + within | history): 1 - p_alive(rows, within), those already gone included.

        Exact where it is small. "Does not buy within t" is ``1 - probability_of_purchase(rows, t)``.
        """

    @abstractmethod
    def expected_purchases(self, rows: Evidence, /, t: ArrayLike) -> Array:
        """E[purchases in (T, T + t] | history]."""

    @abstractmethod
    def probability_of_purchase(self, rows: Evidence, /, t: ArrayLike) -> Array:
        """P(at least one purchase in (T, T + t] | history)."""

    @abstractmethod
    def purchase_pmf(self, rows: Evidence, /, n: ArrayLike, t: ArrayLike) -> Array:
        """P(exactly n purchases in (T, T + t] | history), n a whole number."""

    @abstractmethod
    def _discounted(self, rows: Evidence, /, force: ArrayLike, horizon: ArrayLike) -> Array:
        """E[Σ e^{-δu}] over purchases at T + u, 0 < u <= horizon, δ the force of interest per unit."""

    @abstractmethod
    def simulate(self, T: ArrayLike, /, *, rng: np.random.Generator, unit: Unit | None = None) -> Evidence:
        """Draw one customer of each age in T: repeat purchases x and recency t_x.

        `unit` is the unit of T, needed only where the model does not know its own.
        """

    def discounted_expected_purchases(self, rows: Evidence, rate: Rate, horizon: ArrayLike | None = None) -> Array:
        """Expected purchases in (T, T + horizon], each discounted from its own time to T.

        Parameters
        ----------
        rows : RFM or Opportunities
            Histories.
        rate : Rate
            Converted to the data's unit by itself.
        horizon : array_like, optional
            In the data's unit; None (the default) or inf is forever.

        Returns
        -------
        array
            Infinite where the undiscounted sum is and the rate is zero (or negative, forever).

        Raises
        ------
        ParameterError
            `rate` is a bare number, or the horizon is negative.
        """
        force = as_rate(rate).force(self._unit_of(rows))
        return self._discounted(rows, force, duration("horizon", np.inf if horizon is None else horizon))

    def expected_purchases_new(self, t: ArrayLike) -> Array:
        """E[repeat purchases in (0, t]] of a customer just won, whose first purchase is at time 0."""
        return self.expected_purchases(self._newcomer(), t)

    def purchase_pmf_new(self, n: ArrayLike, t: ArrayLike) -> Array:
        """P(exactly n repeat purchases in (0, t]) of a customer just won."""
        return self.purchase_pmf(self._newcomer(), n, t)

    def discounted_expected_purchases_new(
        self, rate: Rate, horizon: ArrayLike | None = None, *, period: Unit | None = None
    ) -> Array:
        """Discounted expected repeat purchases of a customer just won; the first, at time 0, not counted.

        `period` is the model's unit of time, needed only where the model does not know its own.
        """
        return self.discounted_expected_purchases(self._newcomer(self.known_unit(period)), rate, horizon)

    def known_unit(self, unit: Unit | None) -> Unit:
        """The unit given or the model's own; ParameterError where neither or both and different."""
        known = self.unit if unit is None else as_unit(unit)
        if known is None:
            raise ParameterError(
                f"this {type(self).__name__} does not know its unit of time; say it, such as period='week', "
                "or construct the model with unit='week'"
            )
        if self.unit not in (None, known):
            raise ParameterError(f"the model is in {self.unit}s, not in {known}s")
        return known

    def _newcomer(self, unit: Unit | None = None) -> Evidence:
        return self._evidence(0.0, 0.0, 0.0, unit=unit or self.unit or "year")  # type: ignore[no-any-return]

    def _unit_of(self, rows: Evidence) -> Unit:
        """The data's unit, once it is sure that the model's is the same."""
        if self.unit is not None and rows.unit != self.unit:
            raise DataError(
                f"the model was fitted in {self.unit}s and the data are in {rows.unit}s; "
                f"build the {type(rows).__name__} with unit={self.unit!r}"
            )
        return rows.unit


class SpendModel(Model):
    """What customers spend per purchase: predictions from an `RFM` with mean spend m."""

    @abstractmethod
    def expected_spend(self, rfm: RFM) -> Array:
        """E[spend per purchase | history] of each row; the population mean where m_count = 0."""

    @abstractmethod
    def expected_spend_new(self) -> Array:
        """E[spend per purchase] of a customer about to be won: the population mean."""

    @abstractmethod
    def simulate(self, m_count: ArrayLike, *, rng: np.random.Generator) -> Array:
        """Draw the mean spend of one customer for each number of purchases; 0 where that is 0."""


def histories(rows: Evidence, names: tuple[str, ...] = ("x", "t_x", "T")) -> Distinct:
    """The distinct rows to fit a model of buying to; DataError where they can tell nothing."""
    if not isinstance(rows, RFM | Opportunities):
        raise DataError(
            f"a model is fitted to an RFM (or Opportunities), not to a {type(rows).__name__}; make one from a log with "
            "RFM.from_transactions, or from a summary with RFM.from_table"
        )
    if not len(rows):
        raise DataError(f"a model needs customers to be fitted to; the {type(rows).__name__} has none")
    if not rows.x.any():
        raise DataError(
            f"no customer has bought again: x = 0 in all {len(rows)} rows, so nothing tells when customers buy; "
            "observe them for longer, or predict with a model whose parameters are known"
        )
    return rows.distinct(*names)


def worth(alive: Array, ahead: Array) -> Array:
    """`ahead`, what a customer alive at T is expected to bring, times the chance of being alive.

    Infinite where `ahead` is: a chance too small for a float is still not 0.
    """
    endless = np.isinf(ahead)
    return np.where(endless, ahead, alive * np.where(endless, 0.0, ahead))


def duration(name: str, value: ArrayLike) -> Array:
    """A span of time ahead: at least 0, inf allowed; ParameterError otherwise."""
    span = numbers(name, value)
    if not np.all(span >= 0):
        raise ParameterError(f"{name} must be >= 0; got {span[~(span >= 0)].ravel()[0]}")
    return span


def whole(name: str, value: ArrayLike) -> Array:
    """A count: whole and at least 0; ParameterError otherwise."""
    count = numbers(name, value)
    good = (count >= 0) & (count == np.floor(count)) & np.isfinite(count)
    if not np.all(good):
        raise ParameterError(f"{name} must be a whole number >= 0; got {count[~good].ravel()[0]}")
    return count


Limits = Mapping[str, tuple[str, str]]
