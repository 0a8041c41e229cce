"""Arguments checked against their domain: what is wrong is a ParameterError that begins with the argument's name.

Data are checked by `_columns`, whose errors are DataErrors. Each check takes anything array-like and returns a float64
array of its shape; `only`, `whole_number`, `level`, `one_of` and `generator` are for arguments that are one value.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import numpy as np

from custvalue import _columns
from custvalue._columns import check_rows, numbers
from custvalue._typing import Array, ArrayLike, Bools
from custvalue.errors import ParameterError

Word = TypeVar("Word", bound=str)


def require(ok: Bools | bool, rule: str, remedy: str, **values: ArrayLike) -> None:
    """Raise ParameterError with the rule, where it is broken, and the remedy, unless `ok` everywhere."""
    if np.all(ok):
        return
    found = {name: np.asarray(value, dtype=np.float64) for name, value in values.items()}
    if np.ndim(ok):
        check_rows(np.asarray(ok), rule, remedy, ParameterError, **found)
    got = [value.ravel()[0].item() for value in found.values()]
    shown = f"{got[0]!r}" if len(got) == 1 else ", ".join(f"{k}={v!r}" for k, v in zip(found, got, strict=True))
    raise ParameterError(f"{rule}; got {shown}. {remedy}")


def number(name: str, values: ArrayLike) -> Array:
    """Real numbers, infinite and missing ones included."""
    return numbers(name, values, ParameterError)


def real(name: str, values: ArrayLike) -> Array:
    """Finite numbers."""
    found = number(name, values)
    require(np.isfinite(found), f"{name} must be finite", "Give a number for each.", **{name: found})
    return found


def share(name: str, values: ArrayLike, *, inside: bool = False) -> Array:
    """Numbers from 0 to 1: probabilities, shares; with `inside` neither 0 nor 1."""
    found = real(name, values)
    ok = (found > 0) & (found < 1) if inside else (found >= 0) & (found <= 1)
    rule = f"{name} must lie {'strictly ' if inside else ''}between 0 and 1"
    require(ok, rule, "Write 80 % as 0.8.", **{name: found})
    return found


def not_negative(name: str, values: ArrayLike) -> Array:
    """Finite numbers >= 0."""
    found = real(name, values)
    remedy = "Correct these values; costs, too, are given as positive numbers."
    require(found >= 0, f"{name} must be >= 0", remedy, **{name: found})
    return found


def positive(name: str, values: ArrayLike) -> Array:
    """Finite numbers > 0."""
    found = real(name, values)
    require(found > 0, f"{name} must be > 0", "Check its unit and sign.", **{name: found})
    return found


def growth_rate(values: ArrayLike, name: str = "growth") -> Array:
    """Numbers above -1: growth, a return, an effective rate per period."""
    found = real(name, values)
    require(found > -1, f"{name} must be > -1", "Write 5 % a period as 0.05.", **{name: found})
    return found


def duration(name: str, values: ArrayLike) -> Array:
    """Times from now, or since a start: >= 0, infinity allowed."""
    found = number(name, values)
    require(found >= 0, f"{name} must be >= 0", "Give a length of time; np.inf is forever.", **{name: found})  # no nan
    return found


def whole(name: str, values: ArrayLike, *, least: int = 0) -> Array:
    """Counts: finite whole numbers, at least `least`."""
    found = number(name, values)
    ok = (found >= least) & (found == np.floor(found)) & np.isfinite(found)
    require(ok, f"{name} must be a whole number >= {least}", "Round it, or check its unit.", **{name: found})
    return found


def periods(name: str, values: ArrayLike | None, *, whole: bool) -> Array:
    """Numbers of periods >= 0, infinity where None; whole ones where payments are."""
    if values is None:
        return np.asarray(np.inf)
    found = number(name, values)
    remedy = "None is forever."
    require(found >= 0, f"{name} must be >= 0", remedy, **{name: found})  # false for nan
    if whole:
        rule = f"{name} must be a whole number of periods, as payments come once a period"
        require(found == np.floor(found), rule, remedy, **{name: found})
    return found


def only(name: str, found: Array) -> float:
    """The number that a checked argument is: `only("cost", positive("cost", cost))`."""
    if found.ndim:
        raise ParameterError(f"{name} must be one number; got shape {found.shape}")
    return float(found)


def whole_number(name: str, value: object, *, least: int = 1) -> int:
    """One whole number, an int of Python or NumPy, at least `least`."""
    if isinstance(value, (bool, np.bool_)) or not (isinstance(value, (int, np.integer)) and value >= least):
        raise ParameterError(f"{name} must be a whole number >= {least}; got {value!r}")
    return int(value)


def level(value: ArrayLike) -> float:
    """The level of an interval, such as 0.95."""
    return only("level", share("level", value, inside=True))


def one_of(name: str, value: object, words: Iterable[Word], remedy: str = "") -> Word:
    """The one of the words that `value` is."""
    known = tuple(words)
    for word in known:
        if isinstance(value, str) and value == word:
            return word
    quoted = [repr(word) for word in known]
    listed = " or ".join(part for part in (", ".join(quoted[:-1]), quoted[-1]) if part)
    raise ParameterError(f"{name} must be {listed}; got {value!r}{'. ' * bool(remedy)}{remedy}")


def generator(rng: np.random.Generator | int | None) -> np.random.Generator:
    """The random numbers of `rng`: a Generator as it is, of a seed, or (None) fresh ones."""
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError):
        raise ParameterError(f"rng must be a numpy.random.Generator or a seed, such as 1; got {rng!r}") from None


def common_shape(**arrays: ArrayLike) -> tuple[int, ...]:
    """The shape that the arguments have together; ParameterError with theirs where they fit in none.

    One number stands for all; shape (n,) is a value per customer; (k, 1) and (k, n) are k scenarios. A column of shape
    (n, 1) beside (n,), n > 1, is refused.
    """
    remedy = "One number stands for all, shape (n,) is a value per customer, (k, 1) or (k, n) one per scenario."
    return _columns.common_shape("the arguments must broadcast to one shape", remedy, ParameterError, **arrays)


def together(**arrays: Array) -> list[Array]:
    """The arguments in the shape that they have together (`common_shape`)."""
    shape = common_shape(**arrays)
    return [np.broadcast_to(array, shape) for array in arrays.values()]


def times(amount: Array, factor: Array) -> Array:
    """amount x factor, where nothing is worth nothing even forever: 0 x inf = 0."""
    nothing = (amount == 0) | (factor == 0)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(np.where(nothing, 0.0, amount * factor))
