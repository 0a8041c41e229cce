"""A subscription firm since its launch as one model: acquisition, retention, revenue per customer."""

from __future__ import annotations

from typing import Any, ClassVar, final, get_args

import numpy as np
from attrs import Attribute, field, frozen

from custvalue._arguments import generator, not_negative, one_of, whole_number
from custvalue._typing import Array, ArrayLike
from custvalue.errors import ParameterError
from custvalue.firm.disclosures import Disclosures
from custvalue.firm.model import FirmModel
from custvalue.firm.projection import Paying, Projection, paying_customers, project_subscribers
from custvalue.models.model import known_unit
from custvalue.models.retention.family import RetentionModel
from custvalue.units import DAYS, Unit, as_unit
from custvalue.value.base.leaky_bucket import project_customer_base


def _as_paying(value: str) -> Paying:
    return one_of("paying", value, get_args(Paying))


def _in_unit(model: SubscriberModel, _attribute: Attribute[Any], value: RetentionModel) -> None:
    known_unit(value, model.unit)


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
        Growth of this revenue per period.
    paying : {"start", "average", "end"}
        Who pays in a period.
    elapsed : int
        Periods since launch; now is the end of the last.
    customers : float
        Disclosed now; NaN where not known. The base of a projection is scaled to it.
    acquired : array, optional
        Customers observed to be acquired in each of equal spans since launch, such as quarters of monthly periods; NaN
        where not known. They replace expectations of acquisition in the past.
    unit : {"year", "quarter", "month", "week", "day"}
        Length of a period.

    Raises
    ------
    ParameterError
        An argument is outside its domain, the retention model is in another unit, or `acquired` does not fit `elapsed`.

    Examples
    --------
    >>> from custvalue.firm.acquisition import WeibullAcquisition
    >>> from custvalue.models.retention.geometric import Geometric
    >>> model = SubscriberModel(
    ...     acquisition=WeibullAcquisition(population=1000, rate=0.1, shape=1.0),
    ...     retention=Geometric(0.2), revenue=5.0, paying="end", elapsed=2, unit="quarter",
    ... )
    >>> acquired, lost, ending = model.expected()
    >>> acquired.round(1), lost.round(1), ending.round(1)
    (array([95.2, 86.1]), array([ 0., 19.]), array([ 95.2, 162.2]))
    >>> model.project(2).revenue.round(1)
    array([1038.5, 1183.3])
    """

    retention: RetentionModel = field(validator=_in_unit)
    paying: Paying = field(default="average", converter=_as_paying)
    customers: float = field(default=np.nan, converter=float)

    _behavior: ClassVar[str] = "retention"

    def expected(
        self, horizon: int | None = None, *, covariates: ArrayLike | None = None
    ) -> tuple[Array, Array, Array]:
        """Expected customers acquired in, lost in, and there at the end of, each period since launch.

        `horizon` is a number of periods since launch, by default those elapsed; `covariates` as for
        `WeibullAcquisition.expected_acquired`.
        """
        count = self.elapsed if horizon is None else horizon
        return self.followed(self.acquisition.expected_acquired(count, covariates=covariates))

    def followed(self, acquired: Array) -> tuple[Array, Array, Array]:
        """Customers acquired in each period since launch (as given), lost in, and there at the end of, each."""
        customers = project_customer_base(self.retention, acquired, joining="end")
        return customers.acquired, customers.lost, customers.end

    def base(self, *, covariates: ArrayLike | None = None) -> Array:
        """Expected customers now by whole periods since acquisition, 0, 1, ...; scaled to those disclosed, if any."""
        acquired = self.acquired_so_far(covariates=covariates)
        found = np.asarray(acquired[..., ::-1] * self.retention.survival(np.arange(float(self.elapsed))))
        return found if np.isnan(self.customers) else found * (self.customers / found.sum(axis=-1, keepdims=True))

    def project(self, horizon: int, *, covariates: ArrayLike | None = None) -> Projection:
        """Project the firm from now on: the base by age, the acquisition process and revenue go on.

        Parameters
        ----------
        horizon : int
            Number of periods ahead.
        covariates : array_like, shape (at least elapsed + horizon, k)
            One row per period since launch; needed where the acquisition has effects.

        Raises
        ------
        ParameterError
            The revenue is not known, or covariates do not fit.
        """
        count = whole_number("horizon", horizon)
        return project_subscribers(
            self.retention,
            self.acquisition.expected_acquired(count, after=self.elapsed, covariates=covariates),
            revenue=self._revenue_ahead(count),
            paying=self.paying,
            base=self.base(covariates=covariates),
            unit=self.unit,
        )

    def simulate(
        self,
        *,
        rng: np.random.Generator | int,
        reported: Unit | None = None,
        revenue_noise: float = 0.0,
        covariates: ArrayLike | None = None,
    ) -> Disclosures:
        """Simulate the firm's disclosures since launch: Poisson acquisition, cohorts thinned by binomial draws.

        Parameters
        ----------
        rng : numpy.random.Generator or int
            Source of the draws, or a seed.
        reported : str, optional
            Length of a reported period, a whole number of the model's; by default one.
        revenue_noise : float
            Standard deviation of the logarithm of each reported period's revenue.
        covariates : array_like, optional
            As for `expected`.

        Raises
        ------
        ParameterError
            The parameters are draws, or the elapsed periods are not whole reported ones.
        """
        self._check_numbers()
        source, unit = generator(rng), self.unit if reported is None else as_unit(reported)
        steps = steps_in(unit, self.unit)
        if self.elapsed % steps:
            raise ParameterError(f"elapsed must be whole {unit}s to be reported; got {self.elapsed} {self.unit}s")
        expected = self.acquisition.expected_acquired(self.elapsed, covariates=covariates)
        adds = source.poisson(expected).astype(np.float64)
        ending = _thinned(adds, self.retention, source)
        before = np.concatenate([[0.0], ending[:-1]])
        paid = paying_customers(ending, np.zeros(()), self.paying) * self.revenue_each(self.elapsed)
        sums = {"adds": adds, "losses": before + adds - ending, "revenue": paid}
        rows = {name: column.reshape(-1, steps).sum(axis=1) for name, column in sums.items()}
        noise = not_negative("revenue_noise", revenue_noise) * source.standard_normal(self.elapsed // steps)
        rows["revenue"] *= np.exp(noise)
        return Disclosures(**rows, ending=ending[steps - 1 :: steps], unit=unit)


def _thinned(acquired: Array, retention: RetentionModel, rng: np.random.Generator) -> Array:
    """Customers at the end of each period, each cohort thinned period by period."""
    count = len(acquired)
    stays = 1 - retention.churn_probability(np.arange(count), 1.0)
    ending = np.zeros(count)
    for cohort in range(count):
        left = int(acquired[cohort])
        ending[cohort] += left
        for age in range(count - 1 - cohort):
            left = int(rng.binomial(left, stays[age]))
            ending[cohort + age + 1] += left
    return ending


def steps_in(reported: Unit, unit: Unit) -> int:
    """Number of the model's periods in a reported one; ParameterError where it is not whole."""
    ratio = DAYS[reported] / DAYS[unit]
    if abs(ratio - round(ratio)) > 1e-9 or round(ratio) < 1:
        raise ParameterError(f"unit must divide the reported {reported} into whole periods; got {unit!r}")
    return round(ratio)
