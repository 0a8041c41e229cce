"""Sensitivity of a value to its drivers, by one function: of a closed form, a contract book, or any function.

| value | elasticities | points of retention |
| --- | --- | --- |
| `constant_retention_value`, `margin_multiple` | analytic | of the rate of retention |
| `contract_value` | analytic, "retention" being all rates ahead | of all rates ahead |
| any other function | central differences | of its argument `retention` |
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import numpy as np
from attrs import field, frozen

from custvalue._arguments import real, require, times, together
from custvalue._typing import Array, ArrayLike
from custvalue.discounting.rate import Rate
from custvalue.discounting.timing import Timing
from custvalue.errors import ParameterError
from custvalue.evidence.tenures import Tenures
from custvalue.models.retention.family import Due, RetentionModel
from custvalue.numerics.geometric_series import mean_index, mean_time
from custvalue.units import Unit, per_year
from custvalue.value.base.contract_book import contract_value, force_of_book, gain_of_points
from custvalue.value.formulas.constant_retention import assumptions, constant_retention_value, margin_multiple
from custvalue.value.formulas.shapley import Change, shapley_change

_STEP: Final = 1e-5
"""Relative step of central differences: near the cube root of 2^-53, where the sum of the errors of rounding,
2^-53/step, and of truncation, step², is least."""
_FIRST: Final[dict[Timing, float]] = {"now": 0.0, "next": 1.0, "end": 1.0, "middle": 0.5, "continuous": 0.0}
"""Periods until the first payment."""


@frozen(eq=False)
class Sensitivity:
    """Response of a value to its drivers; made by `sensitivity`.

    Attributes
    ----------
    value : array
        The value as it is: of each customer, segment or row of a book.
    slopes : dict of str to array
        By driver, the derivative of the value in the logarithm of the driver: 100 times what 1 percent more adds.
    """

    value: Array = field()
    slopes: dict[str, Array] = field()
    _function: Callable[..., ArrayLike] = field(alias="function")
    _arguments: Mapping[str, Any] = field(alias="arguments")

    @property
    def elasticities(self) -> dict[str, Array]:
        """By how many percent the value changes where a driver grows by 1 percent: d log(value)/d log(driver).

        That of a rate is in the effective rate per period.

        Raises
        ------
        ParameterError
            A value is 0.
        """
        remedy = "Leave out what is worth nothing, or ask for elasticities of the total."
        require(self.value != 0, "the value must not be 0 to have elasticities", remedy, value=self.value)
        return {name: np.asarray(slope / self.value) for name, slope in self.slopes.items()}

    def of_total(self, groups: Mapping[str, str] | None = None) -> dict[str, float]:
        """Elasticities of the sum of all values, by driver or by group of drivers that grow together.

        Rust, Lemon & Zeithaml's (2004) value, brand and retention equity are such groups: drivers of the perceived
        worth of the offer, of the attitude to the brand, and of the ties to the firm.

        Raises
        ------
        ParameterError
            The total is 0, or `groups` does not name the group of every driver.
        """
        named = {name: name for name in self.slopes} if groups is None else groups
        missing = [name for name in self.slopes if name not in named]
        if missing:
            raise ParameterError(f"groups must name every driver; missing: {', '.join(missing)}")
        total = float(self.value.sum())
        require(total != 0, "the total must not be 0 to have elasticities", "Ask for changes instead.", total=total)
        found = dict.fromkeys((named[name] for name in self.slopes), 0.0)
        for name, slope in self.slopes.items():
            found[named[name]] += float(slope.sum()) / total
        return found

    def of_points(self, points: ArrayLike = 0.01) -> Change:
        """Gain in value where retention is higher by some points: 0.05 is five percentage points.

        Of a contract book all retention rates ahead S(t)/S(t-1) rise, to 1 at most, by one number of points: what may
        be spent, now, on a lasting improvement. The gain is linear neither in points nor in retention: a point is
        worth more where retention is high, as it is for the customers who have stayed longest.

        Raises
        ------
        ParameterError
            The value has no retention; retention + points lies outside [0, 1]; or the gain for a book without a
            horizon is infinite, or takes too many renewals to sum.

        References
        ----------
        F. F. Reichheld and W. E. Sasser, "Zero defections", Harvard Business Review, Sep-Oct 1990 (as cited; not
        checked against the paper), report 25 % to 85 % for five points across industries, of profits that also grow
        with tenure; with a constant margin, timing="next" and a rate of 10 % it is 20 % where retention is 60 %, 41 %
        where it is 90 %, and nowhere above 58 %.
        """
        if self._function is contract_value:
            gain = gain_of_points(points=points, **self._arguments)
            return Change(self.value, self.value + gain, {"retention": gain})
        if "retention" not in self._arguments:
            raise ParameterError("points are of retention, which this value does not have; ask for a change instead")
        before, more = together(
            retention=real("retention", self._arguments["retention"]), points=real("points", points)
        )
        after = before + more
        require(
            (after >= 0) & (after < 1 + 1e-12),  # 0.95 + 0.05 may exceed 1 by a last bit
            "retention + points must lie between 0 and 1",
            "Ask for fewer points.",
            retention=before,
            points=more,
        )
        better = np.asarray(self._function(**{**self._arguments, "retention": np.minimum(after, 1.0)}))
        return Change(self.value, better, {"retention": better - self.value})

    def change(self, **after: Any) -> Change:  # noqa: ANN401 (numbers, rates, models: the function's own arguments)
        """Change in value where these arguments change, and what each adds to it: see `shapley_change`."""
        return shapley_change(self._function, self._arguments, after)


def sensitivity(
    value: Callable[..., ArrayLike],
    *arguments: Any,  # noqa: ANN401 (the function's own)
    drivers: Iterable[str] | None = None,
    **keywords: Any,  # noqa: ANN401
) -> Sensitivity:
    """Sensitivity of the value that a function computes from these arguments, given as the function takes them.

    Parameters
    ----------
    value : callable
        Value of each customer, segment or row. Analytic for `constant_retention_value`, `margin_multiple` and
        `contract_value`; by central differences for any other function.
    *arguments, **keywords
        Those of the function.
    drivers : iterable of str, optional
        Arguments to differentiate in; all numbers and rates by default. Those of the analytic functions are retention,
        rate, and where they have them margin and acquisition_cost.

    Returns
    -------
    Sensitivity
        `elasticities` per value, `of_total` of the sum and by groups of drivers, `of_points` of retention, and a
        `change` of any arguments with what each adds.

    Raises
    ------
    ParameterError
        An argument is wrong, or a value infinite.

    Notes
    -----
    With K the mean number of periods that the discounted payments wait beyond the first, and b what the first waits
    itself (1 for "next" and "end", 1/2 for "middle", 0 for "now" and "continuous"), the elasticity of the constant
    retention value before acquisition cost is K in retention (and 1 more for "next"), -(K + b) d/(1 + d) in the rate d,
    1 in the margin. For "next" and forever these are Gupta and Lehmann's (1 + i)/(1 + i - r), -i/(1 + i - r) and 1. An
    acquisition cost A multiplies them by (V + A)/V and has itself the elasticity -A/V.

    Examples
    --------
    >>> given = {"rate": Rate.annual(0.12), "timing": "next", "unit": "year"}
    >>> found = sensitivity(constant_retention_value, 100, 0.8, **given)
    >>> {name: float(e.round(3)) for name, e in found.elasticities.items()}
    {'retention': 3.5, 'margin': 1.0, 'rate': -0.375, 'acquisition_cost': 0.0}
    >>> print(sensitivity(margin_multiple, [0.6, 0.7, 0.8, 0.9], **given).of_points(0.05).relative.round(3))
    [0.199 0.216 0.259 0.366]
    >>> def worth(margin, retention):
    ...     return margin * retention / (1.12 - retention)
    >>> shops = sensitivity(worth, margin=100.0, retention=np.array([0.8, 0.6]))
    >>> {name: round(e, 6) for name, e in shops.of_total().items()}
    {'margin': 1.0, 'retention': 3.074899}
    """
    signature = inspect.signature(value)
    signature.bind(*arguments, **keywords)  # an argument too many, or given twice, is the TypeError that a call makes
    named = dict(zip(signature.parameters, arguments, strict=False)) | keywords
    if value is constant_retention_value:
        now, slopes = _constant_retention(**named)
    elif value is margin_multiple:
        now, slopes = _constant_retention(margin=1.0, **named)
        slopes = {name: slopes[name] for name in ("retention", "rate")}
    elif value is contract_value:
        now, slopes = _contract_book(**named)
    else:
        chosen = [name for name, each in named.items() if _moves(each)] if drivers is None else list(drivers)
        now = _finite(value(**named))
        slopes = {name: _difference(value, named, name) for name in chosen}
    slopes = {name: np.broadcast_to(slope, now.shape) for name, slope in slopes.items()}
    return Sensitivity(now, slopes, value, named)


def _finite(value: ArrayLike) -> Array:
    found = np.asarray(value, dtype=np.float64)
    require(np.isfinite(found), "the value must be finite", "Give a horizon, or a higher rate.", value=found)
    return found


def _constant_retention(**arguments: Any) -> tuple[Array, dict[str, Array]]:  # noqa: ANN401
    given = assumptions(**arguments)
    now = _finite(given.gross() - given.acquisition_cost)
    ahead = (mean_time if given.timing == "continuous" else mean_index)(given.ratio, given.horizon)
    gross = given.gross()
    slopes = {
        "retention": times(gross, ahead + (given.timing == "next")),
        "margin": gross,
        "rate": times(gross, ahead + _FIRST[given.timing]) * np.expm1(-given.force),
        "acquisition_cost": 0.0 - given.acquisition_cost,  # 0, not -0, of no cost
    }
    return now, slopes


def _contract_book(
    model: RetentionModel,
    tenures: Tenures,
    *,
    rate: Rate,
    margin: ArrayLike,
    timing: Due,
    horizon: ArrayLike | None = None,
) -> tuple[Array, dict[str, Array]]:
    now = _finite(contract_value(model, tenures, rate=rate, margin=margin, timing=timing, horizon=horizon))
    # The elasticity in retention is the mean number of renewals made by the time of each payment, which is its wait in
    # periods where the first is a period away; as in `sensitivity`, -wait d/(1 + d) is that in the rate.
    renewals = model.retention_elasticity(tenures, rate=rate, timing=timing, horizon=horizon, unit=tenures.unit)
    wait = renewals - (1.0 if timing == "now" else 0.0)
    effective = np.expm1(-force_of_book(model, tenures, rate))
    return now, {"retention": times(now, renewals), "margin": now, "rate": times(now, wait) * effective}


def _moves(value: object) -> bool:
    """Whether an argument is a driver: numbers and rates are, names and models are not."""
    return isinstance(value, Rate) or np.asarray(value).dtype.kind in "fiu"


def _difference(value: Callable[..., ArrayLike], arguments: Mapping[str, Any], name: str) -> Array:
    """d value / d log(argument), by central differences."""
    unit: Unit = arguments.get("unit") or "year"
    low, high = (
        np.asarray(value(**{**arguments, name: _scaled(arguments[name], factor, unit)}), dtype=np.float64)
        for factor in (1 - _STEP, 1 + _STEP)
    )
    return np.asarray((high - low) / (2 * _STEP))


def _scaled(value: Any, factor: float, unit: Unit) -> Any:  # noqa: ANN401 (a rate stays one)
    if isinstance(value, Rate):
        return Rate.continuous(np.log1p(np.asarray(value.effective(unit)) * factor) * per_year(unit))
    return np.asarray(value) * factor
