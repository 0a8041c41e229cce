"""Brand switching and scheduled contacts against values in the papers' form and sums written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custvalue.discounting.rate import Rate
from custvalue.errors import ParameterError
from custvalue.reproductions.papers.brand_switching import brand_switching_value, contact_value

P = [[0.7, 0.3], [0.4, 0.6]]
TENTH = Rate.annual(0.10)


def test_rust_lemon_and_zeithaml() -> None:
    """Rust, Lemon & Zeithaml (2004): two brands, two purchases a year for three years (constructed numbers)."""
    value = brand_switching_value(P, rate=TENTH, start=[1, 0], contribution=50, purchases_per_year=2, years=3)
    assert value[0] == pytest.approx(204.15420022703242, rel=1e-14)


def test_venkatesan_and_kumar() -> None:
    """Venkatesan & Kumar (2004): 12 quarterly purchases, four mailings at 3 and a visit at 10 a year (constructed)."""
    value = contact_value(
        [40] * 12, rate=Rate.annual(0.12), purchases_per_year=4, contacts=[[4, 1]] * 3, cost_per_contact=[3, 10]
    )
    assert value == pytest.approx(341.99686385973575, rel=1e-14)


@given(st.integers(1, 5), st.integers(1, 6), st.integers(0, 10), st.integers(0, 1000))
def test_powers_of_the_switching_matrix(brands: int, f: int, years: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    switching, start = rng.dirichlet(np.ones(brands), size=(2, brands)), rng.dirichlet(np.ones(brands), size=2)
    pays = rng.random(brands)
    wanted, here = np.zeros((2, brands)), start
    for t in range(years * f + 1):
        wanted += here * pays * 1.1 ** (-t / f)
        here = np.einsum("ki,kij->kj", here, switching)
    found = brand_switching_value(
        switching, rate=TENTH, start=start, contribution=pays, purchases_per_year=f, years=years
    )
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_forever_and_thirds_of_a_year() -> None:
    forever = brand_switching_value(P, rate=TENTH, start=[0, 1], contribution=1, purchases_per_year=3, years=None)
    long = brand_switching_value(P, rate=TENTH, start=[0, 1], contribution=1, purchases_per_year=3, years=1000)
    np.testing.assert_allclose(forever, long, rtol=1e-12)
    assert forever.sum() == pytest.approx(1 / (1 - 1.1 ** (-1 / 3)), rel=1e-12)
    third = brand_switching_value(P, rate=Rate.zero(), start=[1, 0], contribution=1, purchases_per_year=3, years=1 / 3)
    assert third.sum() == pytest.approx(2, rel=1e-15)


def test_contacts_of_several_customers() -> None:
    values = contact_value(
        [[40, 40], [50, 0]],
        rate=Rate.annual([0.1, 0.2]),
        purchases_per_year=[1, 2],
        contacts=[[[1], [2]], [[0], [3]]],
        cost_per_contact=5,
    )
    first = 40 / 1.1 + 40 / 1.21 - 5 - 10 / 1.1
    second = 50 / 1.2**0.5 - 15 / 1.2
    np.testing.assert_allclose(values, [first, second], rtol=1e-14)


def test_what_is_refused() -> None:
    kind = {"start": [1, 0], "contribution": 1, "purchases_per_year": 1, "years": 3}
    with pytest.raises(
        ParameterError, match=r"each row of transitions must sum to 1; broken in 1 of 2 rows, first: row 1"
    ):
        brand_switching_value([[0.7, 0.3], [0.4, 0.4]], rate=TENTH, **kind)
    with pytest.raises(ParameterError, match="start must sum to 1"):
        brand_switching_value(P, rate=TENTH, **{**kind, "start": [1, 1]})
    with pytest.raises(ParameterError, match=r"one shape; got start \(3,\), switching \(2,\)"):
        brand_switching_value(P, rate=TENTH, **{**kind, "start": [1, 0, 0]})
    with pytest.raises(ParameterError, match="rate must be positive for a value forever"):
        brand_switching_value(P, rate=Rate.zero(), **{**kind, "years": None})
    with pytest.raises(ParameterError, match="purchases_per_year must be one number"):
        brand_switching_value(P, rate=TENTH, **{**kind, "purchases_per_year": [1, 2]})
    with pytest.raises(ParameterError, match="must broadcast to one shape"):
        brand_switching_value(P, rate=TENTH, **{**kind, "contribution": [1, 2, 3]})
    with pytest.raises(ParameterError, match=r"shape \(years, channels\)"):
        contact_value([1], rate=TENTH, purchases_per_year=1, contacts=[1, 2], cost_per_contact=1)
