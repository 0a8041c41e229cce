"""YieldCurve: a rate for every time, instead of one for all."""

from __future__ import annotations

import sys
from typing import Final, Literal, Self, TypeAlias, get_args

import numpy as np
from attrs import field, frozen

from custvalue._arguments import common_shape, number, one_of, require
from custvalue._columns import check_rows, numbers, read_only, same
from custvalue._typing import Array, ArrayLike
from custvalue.discounting.rate import Rate, as_rate
from custvalue.errors import DataError

Method: TypeAlias = Literal["linear", "log-linear", "monotone cubic"]
Extrapolation: TypeAlias = Literal["raise", "flat"]

_METHODS: Final[tuple[Method, ...]] = get_args(Method)
_EXTRAPOLATIONS: Final[tuple[Extrapolation, ...]] = get_args(Extrapolation)
_ROUNDING: Final = 1e-12
"""How far beyond the last time, relative to it, a time computed by the caller may lie."""


def _column(name: str, values: ArrayLike) -> Array:
    column = np.array(numbers(name, values), ndmin=1)
    if column.ndim != 1 or not len(column):
        raise DataError(f"{name} must be a column of at least one value, shape (n,); got shape {column.shape}")
    check_rows(np.isfinite(column), f"{name} must be finite", "Leave the rows out.", **{name: column})
    return read_only(column)


def _times(values: ArrayLike) -> Array:
    times = _column("times", values)
    ok = times > np.append(0.0, times[:-1])
    check_rows(ok, "times must be above 0 and rise", "Sort the rows; leave out time 0, where 1 is worth 1.", time=times)
    return times


def _forces(values: ArrayLike) -> Array:
    return _column("forces", values)


def _method(value: str) -> Method:
    return one_of("interpolation", value, _METHODS)


def _extrapolation(value: str) -> Extrapolation:
    return one_of("extrapolate", value, _EXTRAPOLATIONS)


@frozen(kw_only=True, repr=False)
class YieldCurve:
    """A term structure of interest: spot rates at some times, and a rule for the times between.

    Make one with the constructor that says what is known: `from_spot`, `from_forwards` or
    `from_discount_factors`. It goes wherever a `Rate` goes that is the same for all. Curves of par rates, and their
    bootstrapping, are the business of bond analytics libraries, such as QuantLib, whose discount factors it takes.

    Parameters
    ----------
    times : array_like, shape (n,)
        Years from now, above 0 and rising.
    forces : array_like, shape (n,)
        Spot rates as forces of interest per year: 1 in t years is worth exp(-force · t) now.
    interpolation : {"linear", "log-linear", "monotone cubic"}
        "linear" in the force (the continuously compounded spot rate); "log-linear" in the discount factor,
        so that forward rates are constant between the times; "monotone cubic" in the logarithm of the
        discount factor (Fritsch & Carlson 1980, with the slopes of Fritsch & Butland 1984), so that forward
        rates are continuous, and positive where all discount factors fall.
    extrapolate : {"raise", "flat"}
        After the last time (and before time 0): refuse, or keep the last (first) force. Before the first
        time "linear" keeps the first force; the other two go through discount factor 1 at time 0.

    Raises
    ------
    DataError
        Times are not above 0 or do not rise, a value is missing, or the lengths differ.
    ParameterError
        `interpolation` or `extrapolate` is unknown.

    Examples
    --------
    >>> curve = YieldCurve.from_spot([1, 2, 5], Rate.annual([0.03, 0.035, 0.04]), interpolation="linear")
    >>> print(curve.discount([1, 2, 5]).round(6), round(curve.forward(1, 2).effective(), 6))
    [0.970874 0.933511 0.821927] 0.040024
    """

    times: Array = field(converter=_times, eq=same)
    forces: Array = field(converter=_forces, eq=same)
    interpolation: Method = field(converter=_method)
    extrapolate: Extrapolation = field(default="raise", converter=_extrapolation)

    def __attrs_post_init__(self) -> None:
        if self.times.shape != self.forces.shape:
            raise DataError(
                f"a curve must have one force per time; got {len(self.times)} times and {len(self.forces)} forces"
            )

    @classmethod
    def from_spot(
        cls, times: ArrayLike, rates: Rate, *, interpolation: Method, extrapolate: Extrapolation = "raise"
    ) -> Self:
        """From spot (zero-coupon) rates, compounded in any way: `Rate.annual`, `Rate.nominal`, ..."""
        forces = np.asarray(as_rate(rates).continuous_value)
        return cls(times=times, forces=forces, interpolation=interpolation, extrapolate=extrapolate)

    @classmethod
    def from_forwards(
        cls, times: ArrayLike, rates: Rate, *, interpolation: Method, extrapolate: Extrapolation = "raise"
    ) -> Self:
        """From forward rates: the first from now to the first time, each other from one time to the next."""
        ends, forces = _times(times), _forces(as_rate(rates).continuous_value)
        _same_length(ends, forces)
        spot = np.cumsum(forces * np.diff(ends, prepend=0.0)) / ends
        return cls(times=ends, forces=spot, interpolation=interpolation, extrapolate=extrapolate)

    @classmethod
    def from_discount_factors(
        cls, times: ArrayLike, factors: ArrayLike, *, interpolation: Method, extrapolate: Extrapolation = "raise"
    ) -> Self:
        """From what 1 at each time is worth now; factors must be above 0."""
        ends, worth = _times(times), _column("factors", factors)
        _same_length(ends, worth)
        check_rows(worth > 0, "discount factors must be above 0", "Leave the rows out.", time=ends, factor=worth)
        return cls(times=ends, forces=-np.log(worth) / ends, interpolation=interpolation, extrapolate=extrapolate)

    def log_discount(self, t: ArrayLike) -> Array:
        """Return the logarithm of `discount`."""
        t = numbers("t", t)
        if not np.isfinite(t).all():
            raise DataError("times must be finite; leave out what is never paid")
        if self.extrapolate == "raise" and t.size:
            self._check_within(t)
        inside = np.clip(t, 0.0, self.times[-1])
        logs = -_accumulated(self.times, self.forces, self.interpolation, inside)
        return np.asarray(logs - np.where(t > inside, self.forces[-1], self.forces[0]) * (t - inside))

    def discount(self, t: ArrayLike) -> Array:
        """Return what 1 paid in t years is worth now; 1 at t = 0.

        Raises
        ------
        DataError
            A time is not finite, or outside the curve and `extrapolate` is "raise".
        """
        with np.errstate(over="ignore", under="ignore"):
            return np.exp(self.log_discount(t))

    def spot(self, t: ArrayLike) -> Rate:
        """Return the one rate that discounts from time t as the curve does; its limit at t = 0."""
        years = numbers("t", t)
        begin = _first_force(self.times, self.forces, self.interpolation)
        logs, apart = self.log_discount(years), np.where(years == 0, 1.0, years)
        return Rate.continuous(np.where(years == 0, begin, -logs / apart))

    def forward(self, start: ArrayLike, end: ArrayLike) -> Rate:
        """Return the rate from one time to a later one that the curve implies: D(end) = D(start) / growth.

        Raises
        ------
        ParameterError
            `start` is not before `end`.
        """
        first, last = number("start", start), number("end", end)
        common_shape(start=first, end=last)
        require(first < last, "a forward rate needs start < end", "Exchange them.", start=first, end=last)
        return Rate.continuous((self.log_discount(first) - self.log_discount(last)) / (last - first))

    def __repr__(self) -> str:
        with np.printoptions(floatmode="unique", threshold=sys.maxsize):
            return (
                f"YieldCurve(times={self.times!r}, forces={self.forces!r}, "
                f"interpolation={self.interpolation!r}, extrapolate={self.extrapolate!r})"
            )

    def _check_within(self, t: Array) -> None:
        check_rows(
            (t >= 0) & (t <= self.times[-1] * (1 + _ROUNDING)),
            f"times must be within the curve, 0 to {self.times[-1]:.6g} years",
            'Extend the curve, or make it with extrapolate="flat".',
            time=t,
        )


def _same_length(times: Array, values: Array) -> None:
    if times.shape != values.shape:
        raise DataError(f"a curve must have one value per time; got {len(times)} times and {len(values)} values")


def _accumulated(times: Array, forces: Array, method: Method, t: Array) -> Array:
    """-log of the discount factor for 0 <= t <= times[-1]; `forces` are spot rates at `times`."""
    if method == "linear":
        return np.asarray(np.interp(t, times, forces) * t)
    knots, values = np.append(0.0, times), np.append(0.0, forces * times)
    if method == "log-linear":
        return np.asarray(np.interp(t, knots, values))
    return _hermite(knots, values, _slopes(knots, values), t)


def _first_force(times: Array, forces: Array, method: Method) -> float:
    """Return the limit of the spot rate at time 0."""
    if method != "monotone cubic":
        return float(forces[0])
    knots, values = np.append(0.0, times), np.append(0.0, forces * times)
    return float(_slopes(knots, values)[0])


def _slopes(x: Array, y: Array) -> Array:
    """Slopes at the knots with which cubics rise and fall only where the values do.

    Weighted harmonic means of the slopes beside (Fritsch & Butland 1984, SIAM J. Sci. Stat. Comput. 5, 300);
    three-point formulas at the ends, cut so that they keep the direction, as in MATLAB's and SciPy's pchip.
    """
    steps, rises = np.diff(x), np.diff(y) / np.diff(x)
    if len(rises) == 1:
        return np.repeat(rises, 2)
    before, after = 2 * steps[1:] + steps[:-1], steps[1:] + 2 * steps[:-1]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        harmonic = (before + after) / (before / rises[:-1] + after / rises[1:])
    inner = np.where(np.sign(rises[:-1]) * np.sign(rises[1:]) > 0, harmonic, 0.0)
    return np.concatenate(([_end(steps, rises)], inner, [_end(steps[::-1], rises[::-1])]))


def _end(steps: Array, rises: Array) -> float:
    slope = ((2 * steps[0] + steps[1]) * rises[0] - steps[0] * rises[1]) / (steps[0] + steps[1])
    if np.sign(slope) != np.sign(rises[0]):
        return 0.0
    if np.sign(rises[0]) != np.sign(rises[1]) and abs(slope) > 3 * abs(rises[0]):
        return float(3 * rises[0])
    return float(slope)


def _hermite(x: Array, y: Array, slope: Array, t: Array) -> Array:
    """The piecewise cubic with these values and slopes."""
    i = np.clip(np.searchsorted(x, t, side="right") - 1, 0, len(x) - 2)
    step, rise = np.diff(x), np.diff(y) / np.diff(x)
    s = t - x[i]
    quadratic = (3 * rise[i] - 2 * slope[i] - slope[i + 1]) / step[i]
    cubic = (slope[i] + slope[i + 1] - 2 * rise[i]) / step[i] ** 2
    return np.asarray(y[i] + s * (slope[i] + s * (quadratic + s * cubic)))
