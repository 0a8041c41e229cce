"""A subscription firm's customers as one model: how they are won, how they stay, what they pay, since its launch."""

from __future__ import annotations

from typing import ClassVar, final

import numpy as np
from attrs import field, frozen

from custvalue._arguments import growth_rate, not_negative, positive
from custvalue._typing import Array, ArrayLike, Parameter
from custvalue.errors import ParameterError
from custvalue.firm._model import (
    FirmModel,
    as_acquired,
    check_acquired,
    scaled_to,
)
from custvalue.firm.acquisition import WeibullAcquisition
from custvalue.firm.disclosures import Disclosures
from custvalue.firm.subscriber_projection import Paying, Projection, paying_customers, project_subscribers
from custvalue.models.model import as_parameter, same_parameter
from custvalue.models.retention.family import RetentionModel
from custvalue.units import DAYS, Unit, as_unit
from custvalue.value.base._flows import convolved, whole_number


@final
@frozen(kw_only=True)
class SubscriberModel(FirmModel):
    """Acquisition, retention and revenue per customer of a firm that was launched `elapsed` periods ago.

    Parameters are numbers, or draws of shape (draws, 1).

    Parameters
    ----------
    acquisition : WeibullAcquisition
        Its periods are the model's.
    retention : RetentionModel
        Of customers by age, whose unit, where it knows one, is the period.
    revenue : float or array
        Of a paying customer in the last period (ARPU); NaN where not known.
    revenue_growth : float or array
        Of it, per period.
    paying : {"start", "average", "end"}
        Who pays in a period.
    elapsed : int
        Periods since launch: now is at the end of the last.
    customers : float
        Disclosed now; NaN where not known. The base of a projection is scaled to it.
    acquired : array, optional
        Customers really acquired in each of equal spans since launch, such as quarters of monthly periods; NaN where
        not known. They replace expectations wherever it is about those acquired in the past.
    unit : str
        The unit.

    Examples
    --------
    >>> from custvalue.models.retention.geometric import Geometric
    >>> model = SubscriberModel(
    ...     acquisition=WeibullAcquisition(population=1000, rate=0.1, shape=1.0),
    ...     retention=Geometric(0.2), revenue=5.0, paying="end", elapsed=2, unit="quarter",
    ... )
    >>> adds, lost, ending = model.expected()
    >>> adds.round(1), lost.round(1), ending.round(1)
    (array([95.2, 86.1]), array([ 0., 19.]), array([ 95.2, 162.2]))
    >>> model.project(2).revenue.round(1)
    array([1038.5, 1183.3])
    """

    acquisition: WeibullAcquisition = field()
    retention: RetentionModel = field()
    revenue: Parameter = field(default=np.nan, converter=as_parameter, eq=same_parameter)
    revenue_growth: Parameter = field(default=0.0, converter=as_parameter, eq=same_parameter)
    paying: Paying = field(default="average")
    elapsed: int = field(converter=int)
    customers: float = field(default=np.nan, converter=float)
    acquired: Array | None = field(default=None, converter=as_acquired, eq=same_parameter)
    unit: Unit = field(converter=as_unit)

    _conduct: ClassVar[str] = "retention"

    def __attrs_post_init__(self) -> None:
        whole_number("elapsed", self.elapsed)
        self.retention.known_unit(self.unit)
        check_acquired(self.acquired, self.elapsed)
        growth_rate(self.revenue_growth)
        paying_customers(np.zeros(1), np.zeros(()), self.paying)

    def expected(
        self, periods: int | None = None, *, covariates: ArrayLike | None = None
    ) -> tuple[Array, Array, Array]:
        """Customers acquired in, lost in, and there at the end of, each period since launch, in expectation.

        `periods` since launch, by default those elapsed; `covariates` as for `WeibullAcquisition.expected_adds`.
        """
        count = self.elapsed if periods is None else periods
        return self.followed(self.acquisition.expected_adds(count, covariates=covariates))

    def followed(self, adds: Array) -> tuple[Array, Array, Array]:
        """Of customers acquired in each period since launch: as many, those lost in, and there at the end of, each."""
        ending = convolved(adds, self.retention.survival(np.arange(float(adds.shape[-1]))))
        adds = np.broadcast_to(adds, ending.shape)
        before = np.concatenate([np.zeros((*ending.shape[:-1], 1)), ending[..., :-1]], axis=-1)
        return adds, np.maximum(before + adds - ending, 0.0), ending

    def cohorts(self, adds: Array) -> Array:
        """Expected adds of the periods elapsed, each span scaled to those really acquired in it, where known."""
        return scaled_to(adds, self.acquired)

    def arpu(self, periods: int) -> Array:
        """Revenue of a paying customer in each period since launch."""
        return self._revenue_each(periods)

    def base(self, *, covariates: ArrayLike | None = None) -> Array:
        """Expected customers now by whole periods since acquisition, 0, 1, ...; they sum to those disclosed, if any."""
        adds = self.acquisition.expected_adds(self.elapsed, covariates=covariates)
        found = np.asarray(self.cohorts(adds)[..., ::-1] * self.retention.survival(np.arange(float(self.elapsed))))
        return found if np.isnan(self.customers) else found * (self.customers / found.sum(axis=-1, keepdims=True))

    def project(self, periods: int, *, covariates: ArrayLike | None = None) -> Projection:
        """Project the firm from now on: the base by age, the acquisition process and revenue go on.

        Parameters
        ----------
        periods : int
            How many ahead.
        covariates : array_like, shape (at least elapsed + periods, k)
            One row per period since launch; needed where the acquisition has effects.

        Raises
        ------
        ParameterError
            The revenue is not known, or covariates do not fit.
        """
        count = whole_number("periods", periods)
        if np.isnan(self.revenue).any():
            raise ParameterError(
                "the revenue per customer is not known: disclose revenue, or evolve(model, revenue=...)"
            )
        return project_subscribers(
            self.acquisition.expected_adds(count, after=self.elapsed, covariates=covariates),
            self.retention,
            self.arpu(self.elapsed + count)[..., self.elapsed :],
            paying=self.paying,
            base=self.base(covariates=covariates),
            unit=self.unit,
        )

    def simulate(
        self,
        *,
        rng: np.random.Generator,
        reported: Unit | None = None,
        revenue_noise: float = 0.0,
        covariates: ArrayLike | None = None,
    ) -> Disclosures:
        """Draw the firm's disclosures since launch: adds are Poisson, each cohort is thinned by binomial draws.

        Parameters
        ----------
        rng : numpy.random.Generator
            Source of the draws.
        reported : str, optional
            How long a reported period is, a whole number of the model's; by default one.
        revenue_noise : float
            Standard deviation of the logarithm of each reported period's revenue.
        covariates : array_like, optional
            As for `expected`.

        Raises
        ------
        ParameterError
            The parameters are draws, or the elapsed periods are not whole reported ones.
        """
        unit = self.unit if reported is None else as_unit(reported)
        steps = steps_in(unit, self.unit)
        if any(np.ndim(value) for value in self.parameters.values()) or self.elapsed % steps:
            raise ParameterError(f"simulate needs parameters that are numbers, and whole {unit}s since launch")
        adds = rng.poisson(self.acquisition.expected_adds(self.elapsed, covariates=covariates)).astype(np.float64)
        ending = _thinned(adds, self.retention, rng)
        before = np.concatenate([[0.0], ending[:-1]])
        paid = paying_customers(ending, np.zeros(()), self.paying) * self.arpu(self.elapsed)
        noise = np.exp(not_negative("revenue_noise", revenue_noise) * rng.standard_normal(self.elapsed // steps))
        sums = {"adds": adds, "losses": before + adds - ending, "revenue": paid}
        rows = {name: column.reshape(-1, steps).sum(axis=1) for name, column in sums.items()}
        rows["revenue"] *= noise
        return Disclosures(**rows, ending=ending[steps - 1 :: steps], unit=unit)


def _thinned(adds: Array, retention: RetentionModel, rng: np.random.Generator) -> Array:
    """Customers at the end of each period, each cohort thinned period by period."""
    count = len(adds)
    stays = 1 - retention.churn_probability(np.arange(count), 1.0)
    ending = np.zeros(count)
    for won in range(count):
        left = int(adds[won])
        ending[won] += left
        for age in range(count - 1 - won):
            left = int(rng.binomial(left, stays[age]))
            ending[won + age + 1] += left
    return ending


def steps_in(reported: Unit, unit: Unit) -> int:
    """How many of the model's periods make one reported period.

    Raises
    ------
    ParameterError
        They are no whole number.
    """
    ratio = float(positive("reported", DAYS[reported] / DAYS[unit]))
    if abs(ratio - round(ratio)) > 1e-9 or round(ratio) < 1:
        raise ParameterError(f"a reported {reported} must be a whole number of the model's periods, not of {unit}s")
    return round(ratio)
