"""Regularity from a log: three estimates, their errors, and what they do not depend on."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import gammaln

from custvalue import RFM, datasets
from custvalue.errors import DataError, ParameterError
from custvalue.evidence.interpurchase_times import InterpurchaseTimes
from custvalue.models.buying.regularity import Regularity, estimate_regularity

METHODS = ["mle", "wheat", "cv"]
every_method = pytest.mark.parametrize("method", METHODS)


def spacings(k: float, customers: int, *, window: float | None = None, seed: int = 0) -> InterpurchaseTimes:
    """Gamma times of customers with rates of their own: 2 to 20 of each, or those that end within a window."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(1.0, 1.0, customers)
    times = rng.gamma(k, 1 / (k * rate[:, None]), (customers, 400 if window else 20))
    few = np.arange(20) < rng.integers(2, 20, customers)[:, None]
    kept = np.cumsum(times, axis=1) < window if window else few
    return InterpurchaseTimes(kept.sum(axis=1), times[kept], unit="year")


@every_method
@pytest.mark.parametrize("k", [0.5, 1.0, 3.0, 20.0])
@pytest.mark.parametrize("window", [None, 3.0], ids=["counted", "in a window"])
def test_the_shape_is_found_with_the_error_it_states(method: str, k: float, window: float | None) -> None:
    found = [estimate_regularity(spacings(k, 1500, window=window, seed=seed), method=method) for seed in range(12)]
    z = np.array([(one.k - k) / one.standard_errors["k"] for one in found])
    assert abs(z.mean()) < 4 / np.sqrt(len(z)) + 0.3  # the estimates are a little skew
    assert 0.4 < np.sqrt((z**2).mean()) < 1.8
    low, high = found[0].confidence_intervals(0.9999)["k"]
    assert low < k < high


def test_the_conditional_likelihood_is_at_its_maximum() -> None:
    data = spacings(2.0, 40)
    owner = np.repeat(np.arange(len(data.counts)), data.counts.astype(int))
    total = np.bincount(owner, data.gaps)

    def minus(log_k: float) -> float:
        k = np.exp(log_k)
        shares = (k - 1) * np.log(data.gaps / total[owner])
        return -float((gammaln(data.counts * k) - data.counts * gammaln(k)).sum() + shares.sum())

    best = minimize_scalar(minus, bounds=(-2, 4), method="bounded", options={"xatol": 1e-9})
    found = estimate_regularity(data)
    assert found.k == pytest.approx(np.exp(best.x), rel=1e-6)
    width = 1e-3
    bend = (minus(best.x + width) - 2 * best.fun + minus(best.x - width)) / width**2
    assert found.standard_errors["k"] / found.k == pytest.approx(bend**-0.5, rel=1e-4)


def test_two_methods_by_hand() -> None:
    """M = 1/4 and 3/5: mean square 0.03625, k = (1 - 0.145)/0.29; Σ squares 0.625 + 0.38 = 2 (k + 1)/(nk + 1)."""
    data = InterpurchaseTimes([2, 3], [1.0, 3.0, 3.0, 2.0, 5.0], unit="year")
    assert estimate_regularity(data, method="wheat").k == pytest.approx((1 - 0.145) / 0.29)
    k = estimate_regularity(data, method="cv").k
    assert (k + 1) / (2 * k + 1) + (k + 1) / (3 * k + 1) == pytest.approx(0.625 + 0.38)


@every_method
def test_rates_and_units_do_not_matter(method: str) -> None:
    data = spacings(2.0, 100)
    slower = np.repeat(np.exp(np.linspace(-5, 5, 100)), data.counts.astype(int))
    one, other = (
        estimate_regularity(InterpurchaseTimes(data.counts, data.gaps * by, unit="year"), method=method)
        for by in (1.0, slower)
    )
    assert other.k == pytest.approx(one.k, rel=1e-9)
    assert other.standard_errors["k"] == pytest.approx(one.standard_errors["k"], rel=1e-9)


@every_method
def test_buying_in_step_is_infinitely_regular(method: str) -> None:
    found = estimate_regularity(InterpurchaseTimes([2, 3], [5.0, 5.0, 0.1, 0.1, 0.1], unit="year"), method=method)
    assert found.k == np.inf
    assert np.isnan(found.standard_errors["k"])


def test_cdnow_buys_in_bursts() -> None:
    log = datasets.cdnow()
    found = estimate_regularity(log, customer="customer_id", date="date")
    rfm = RFM.from_transactions(log, log_interpurchase=True, unit="week")
    of_rfm = estimate_regularity(rfm)
    assert of_rfm.k == pytest.approx(found.k, rel=1e-12)
    assert found.customers == (rfm.x > 1).sum()
    assert 0.6 < found.k < 1
    low, high = found.confidence_intervals()["k"]
    assert low * high == pytest.approx(found.k**2)
    assert high < 1


def test_what_cannot_be_estimated() -> None:
    with pytest.raises(DataError, match="at least three purchases; the data have 0, and 1 is needed"):
        estimate_regularity({"customer_id": [1, 1, 2], "date": ["2024-01-01", "2024-01-02", "2024-01-03"]})
    with pytest.raises(DataError, match="the data have 1, and 2 are needed"):
        estimate_regularity(InterpurchaseTimes([2], [1.0, 2.0], unit="year"), method="wheat")
    with pytest.raises(DataError, match="log_interpurchase=True"):
        estimate_regularity(RFM(3, 2, 4, unit="year"))
    with pytest.raises(ParameterError, match="give the log, not an RFM"):
        estimate_regularity(RFM(3, 2, 4, log_interpurchase=-2.0, unit="year"), method="cv")
    with pytest.raises(ParameterError, match="'mle', 'wheat' or 'cv'; got 'mse'"):
        estimate_regularity(InterpurchaseTimes([2], [1.0, 2.0], unit="year"), method="mse")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="level"):
        Regularity.of(2.0, 0.1, 10, "mle").confidence_intervals(95)


def test_spacings_are_checked() -> None:
    with pytest.raises(DataError, match="positive and finite"):
        InterpurchaseTimes([2], [1.0, 0.0], unit="year")
    with pytest.raises(DataError, match="they add up to 2, and there are 3"):
        InterpurchaseTimes([2], [1.0, 2.0, 3.0], unit="year")
    with pytest.raises(DataError, match="2024-01-03"):
        InterpurchaseTimes.from_transactions(
            {"customer_id": [1], "date": ["2024-01-03"]}, observed_until="2024-01-01", unit="week"
        )


@every_method
def test_an_estimate_of_regularity_is_shown_and_stored_as_other_estimates_are(method: str) -> None:
    found = estimate_regularity(spacings(2.0, 200), method=method)
    table = found.table()
    assert table["parameter"].tolist() == ["k"]
    assert table["estimate"] == found.k
    assert (table["low"][0], table["high"][0]) == found.confidence_intervals()["k"]
    low, high = found.confidence_intervals()["k"]
    assert np.sqrt(low * high) == pytest.approx(found.k, rel=1e-12)  # symmetric in log k
    assert Regularity.from_json(found.to_json()) == found
