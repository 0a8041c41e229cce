"""Arguments are checked in one vocabulary; what is wrong is a ParameterError that begins with the argument's name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from custvalue import _arguments as check
from custvalue.errors import ParameterError


@pytest.mark.parametrize(
    ("function", "good", "bad", "rule"),
    [
        (check.number, [1, np.inf, np.nan], ["a"], "x must be numbers"),
        (check.real, [-1.5, 2], [1, np.inf], "x must be finite"),
        (check.share, [0, 1], [0.5, 1.01], "x must lie between 0 and 1"),
        (check.not_negative, [0, 3], [-1], "x must be >= 0"),
        (check.positive, [1e-300], [0.0], "x must be > 0"),
        (check.duration, [0, np.inf], [np.nan], "x must be >= 0"),
        (check.whole, [0, 7], [1.5], "x must be a whole number >= 0"),
    ],
)
def test_columns_come_back_as_float64_or_are_refused(
    function: Callable[..., Any], good: list[Any], bad: list[Any], rule: str
) -> None:
    found = function("x", good)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, good)
    with pytest.raises(ParameterError, match=f"^{rule}"):
        function("x", bad)
    with pytest.raises(ParameterError, match=r"^x must"):
        function("x", [[1, 2], [3]])


def test_a_message_shows_the_one_value_or_the_first_rows() -> None:
    with pytest.raises(ParameterError, match=r"^x must be > 0; got -1\.0\. Check its unit and sign\.$"):
        check.positive("x", -1)
    with pytest.raises(ParameterError, match=r"broken in 2 of 3 rows, first: row 0 \(x=-1\.0\); row 2 \(x=-3\.0\)\."):
        check.positive("x", [-1, 2, -3])
    with pytest.raises(ParameterError, match=r"a must be below b; got a=2\.0, b=1\.0\. Exchange them\."):
        check.require(ok=False, rule="a must be below b", remedy="Exchange them.", a=2, b=1)


def test_open_shares_growth_and_counts_from_one() -> None:
    assert check.share("x", 0.5, inside=True) == 0.5
    with pytest.raises(ParameterError, match=r"^x must lie strictly between 0 and 1; got 1.0"):
        check.share("x", 1, inside=True)
    with pytest.raises(ParameterError, match=r"^growth must be > -1"):
        check.growth_rate(-1)
    with pytest.raises(ParameterError, match=r"^x must be a whole number >= 1"):
        check.whole("x", 0, least=1)


def test_periods_may_be_forever() -> None:
    assert check.periods("horizon", None, whole=True) == np.inf
    assert check.periods("horizon", 2.5, whole=False) == 2.5
    with pytest.raises(ParameterError, match=r"^horizon must be a whole number of periods"):
        check.periods("horizon", 2.5, whole=True)


@pytest.mark.parametrize("bad", [0, 1.0, True, "1", None, np.float64(2)])
def test_one_whole_number_is_an_int(bad: object) -> None:
    assert check.whole_number("k", np.int64(3)) == 3
    with pytest.raises(ParameterError, match=r"^k must be a whole number >= 1; got"):
        check.whole_number("k", bad)


def test_levels_words_and_seeds() -> None:
    assert check.level(0.9) == 0.9
    for bad in (0, 1, 95):
        with pytest.raises(ParameterError, match=r"^level must lie strictly between 0 and 1; got"):
            check.level(bad)
    with pytest.raises(ParameterError, match=r"^level must be one number; got shape \(2,\)"):
        check.level([0.1, 0.9])
    assert check.one_of("by", "b", ("a", "b")) == "b"
    with pytest.raises(ParameterError, match=r"^by must be 'a', 'b' or 'c'; got 1\. Choose\.$"):
        check.one_of("by", 1, ("a", "b", "c"), "Choose.")
    rng = np.random.default_rng(1)
    assert check.generator(rng) is rng
    assert check.generator(1).random() == np.random.default_rng(1).random()
    with pytest.raises(ParameterError, match=r"^rng must be a numpy.random.Generator or a seed"):
        check.generator("seed")  # type: ignore[arg-type]


def test_shapes_fit_or_are_said_in_words() -> None:
    a, b = check.together(a=np.ones((3, 1)), b=np.ones(2))
    assert a.shape == b.shape == (3, 2)
    assert check.common_shape(a=np.ones((2, 1)), b=np.ones((1, 2))) == (2, 2)
    assert check.common_shape(a=np.ones((1, 1)), b=np.ones(1)) == (1, 1)
    with pytest.raises(ParameterError, match=r"broadcast to one shape; got a \(2,\), b \(3,\)\. One number"):
        check.common_shape(a=np.ones(2), b=np.ones(3), c=np.ones(()))
    with pytest.raises(ParameterError, match=r"got a \(2, 1\), b \(2,\)\. Ravel"):
        check.together(a=np.ones((2, 1)), b=np.ones(2))


def test_nothing_is_worth_nothing_even_forever() -> None:
    assert check.times(np.array([0.0, 1.0]), np.array([np.inf, np.inf])).tolist() == [0, np.inf]
