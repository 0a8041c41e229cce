import numpy as np
import pytest

from custvalue.discounting.rate import Rate
from custvalue.discounting.timing import as_timing, average_discount, delay, first_payment, force_of
from custvalue.errors import ParameterError


def test_a_function_names_the_timings_that_it_takes():
    assert as_timing("end") == "end"
    with pytest.raises(ParameterError, match=r"^timing must be 'now' \(the first payment is made now\), 'next'.*or"):
        as_timing("later")
    with pytest.raises(ParameterError, match=r"^cost_timing must be 'now' \(.*\) or 'next' \(one period from now"):
        as_timing("end", "cost_timing", allowed=("now", "next"))
    with pytest.raises(ParameterError, match=r"got 0\.5"):
        as_timing(0.5)


def test_the_first_payment_is_discounted_for_its_delay():
    force = np.array([0.0, 0.1, -0.05])
    for timing, wait in {"now": 0, "next": 1, "end": 1, "middle": 0.5}.items():
        np.testing.assert_allclose(delay(timing, force), np.exp(-wait * force), rtol=1e-15)
    np.testing.assert_allclose(delay("continuous", force), [1, -np.expm1(-0.1) / 0.1, np.expm1(0.05) / 0.05])
    assert average_discount(np.array(1e-12)) == pytest.approx(1 - 5e-13, rel=1e-15)
    assert [first_payment(timing) for timing in ("now", "middle", "next")] == [0, 0.5, 1]
    with pytest.raises(ParameterError, match="timing must be"):
        first_payment("end")


def test_forces_are_per_unit():
    assert force_of(Rate.monthly(0.01), "month") == pytest.approx(np.log(1.01), rel=1e-15)
    with pytest.raises(ParameterError, match=r"^growth_rate must be a Rate, such as"):
        force_of(0.1, "year", "growth_rate")
    with pytest.raises(ParameterError, match="does not say per what"):
        force_of(0.1, "year")
