"""Links from satisfaction to retention, the loyalty grid, inertia."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from custvalue.errors import ConvergenceError, DataError, ParameterError
from custvalue.inference.fit import Fit
from custvalue.relationships.satisfaction import ConvexLink, LogisticLink, SatisfactionLink, ThresholdLink
from custvalue.relationships.satisfaction_grid import satisfaction_loyalty, satisfied_but_idle

LINKS = {
    "logistic": LogisticLink(worst=0.2, best=0.9),
    "convex": ConvexLink(worst=0.3, best=0.95, power=3.0),
    "threshold": ThresholdLink(below=0.2, within=0.5, above=0.9, lower=0.4, upper=0.8),
}
SCALE = np.linspace(0, 1, 11)


def survey(link: SatisfactionLink, n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    s = rng.choice(SCALE, n)
    return s, (rng.random(n) < link.retention(s)).astype(float)


def likelihood(link: SatisfactionLink, s: np.ndarray, stayed: np.ndarray) -> float:
    p = link.retention(s)
    return float(np.log(np.where(stayed > 0, p, 1 - p)).sum())


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_parameters_are_found_again(link: SatisfactionLink) -> None:
    s, stayed = survey(link, 40_000)
    fit = type(link).fit(s, stayed)
    assert fit.log_likelihood == pytest.approx(likelihood(fit.model, s, stayed), rel=1e-12)
    assert fit.log_likelihood >= likelihood(link, s, stayed)
    for name, value in link.parameters.items():
        error = fit.standard_errors[name]
        assert abs(fit.model.parameters[name] - value) <= max(4.5 * error, 1e-12), name


@pytest.mark.parametrize("link", [LINKS["logistic"], LINKS["convex"]], ids=["logistic", "convex"])
def test_it_is_the_maximum_with_its_curvature(link: SatisfactionLink) -> None:
    s, stayed = survey(link, 3000)
    fit = type(link).fit(s, stayed)
    names = list(fit.model.parameters)
    at = np.array(list(fit.model.parameters.values()))

    def loss(values: np.ndarray) -> float:
        return -likelihood(type(link)(**dict(zip(names, values, strict=True))), s, stayed)

    best = minimize(loss, at, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-10})
    assert -best.fun <= fit.log_likelihood + 1e-6
    h = 1e-4 * at
    basis = np.diag(h)
    hessian = np.array(
        [
            [loss(at + a + b) - loss(at + a - b) - loss(at - a + b) + loss(at - a - b) for b in basis]
            for a in basis
        ]
    ) / (4 * np.outer(h, h))  # fmt: skip
    np.testing.assert_allclose(fit.covariance, np.linalg.inv(hessian), rtol=2e-3)


def test_the_thresholds_are_the_best_of_all() -> None:
    s, stayed = survey(LINKS["threshold"], 400, seed=3)
    fit = ThresholdLink.fit(s, stayed)
    for lower in SCALE[1:]:
        for upper in SCALE[SCALE > lower]:
            parts = [stayed[s < lower], stayed[(s >= lower) & (s < upper)], stayed[s >= upper]]
            if all(0 < part.sum() < len(part) for part in parts):
                link = ThresholdLink(*(float(part.mean()) for part in parts), lower=lower, upper=upper)
                assert likelihood(link, s, stayed) <= fit.log_likelihood + 1e-9
    assert "thresholds" in fit.warnings[0]


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_links_are_values(link: SatisfactionLink) -> None:
    assert eval(repr(link)) == link  # noqa: S307 (our own repr)
    assert type(link).from_json(link.to_json()) == link
    assert hash(link) == hash(type(link).from_json(link.to_json()))
    s, stayed = survey(link, 2000)
    fit = type(link).fit(s, stayed)
    assert Fit.from_json(fit.to_json(), type(link)) == fit
    drawn = fit.draws(500, rng=1).retention(SCALE)
    assert drawn.shape == (500, 11)
    assert ((drawn > 0) & (drawn < 1)).all()
    np.testing.assert_allclose(drawn.mean(axis=0), fit.model.retention(SCALE), atol=0.05)


@given(st.floats(0.01, 0.98), st.floats(0.001, 0.9), st.floats(0.1, 20), st.lists(st.floats(0, 1), min_size=2))
def test_retention_rises_from_worst_to_best(worst: float, more: float, power: float, s: list[float]) -> None:
    best = worst + more * (0.99 - worst)
    for link in (LogisticLink(worst, best), ConvexLink(worst, best, power)):
        assert link.retention([0, 1]) == pytest.approx([worst, best])
        assert (np.diff(link.retention(np.sort(s))) >= -1e-12).all()
    assert (ConvexLink(worst, best, power).retention(s) <= LogisticLink(best, best).retention(s) + 1e-12).all()


def test_customers_are_named_by_satisfaction_and_loyalty() -> None:
    assert satisfaction_loyalty([0.1, 0.2, 0.8, 0.9], [0.1, 0.9, 0.2, 0.8]).tolist() == [
        "defector", "hostage", "mercenary", "apostle"
    ]  # fmt: skip
    assert satisfied_but_idle([0.75, 0.74], [0.4, 0.4]).tolist() == [True, False]
    assert satisfied_but_idle([0.75, 0.75], [0.5, 0.49]).tolist() == [False, True]


def test_what_is_refused() -> None:
    s, stayed = np.array([0.0, 0.5, 1.0, 1.0]), np.array([0.0, 1.0, 0.0, 1.0])
    with pytest.raises(DataError, match="satisfaction must lie between 0 and 1; broken in 1 of 1"):
        LogisticLink(0.2, 0.9).retention(4)
    with pytest.raises(DataError, match="retained must be 0 or 1"):
        LogisticLink.fit(s, stayed * 2)
    with pytest.raises(DataError, match="some customers must have stayed and some left"):
        ConvexLink.fit(s, np.ones(4))
    with pytest.raises(DataError, match="all customers are equally satisfied"):
        LogisticLink.fit([0.5] * 4, stayed)
    with pytest.raises(DataError, match="one value per customer; got 4 and 3"):
        LogisticLink.fit(s, stayed[:3])
    with pytest.raises(ConvergenceError, match="no interior maximum: worst runs to 0"):
        LogisticLink.fit([0.0, 0.0, 1.0, 1.0], [0, 0, 1, 1])
    with pytest.raises(ConvergenceError, match="no two thresholds leave"):
        ThresholdLink.fit(s, stayed)
    with pytest.raises(ParameterError, match="lower < upper <= 1 must hold"):
        ThresholdLink(0.1, 0.2, 0.3, lower=0.6, upper=0.5)
    with pytest.raises(ParameterError, match="worst must lie between 0 and 1"):
        LogisticLink(20, 90)
    with pytest.raises(ParameterError, match="describes a LogisticLink, not a ConvexLink"):
        ConvexLink.from_json(LogisticLink(0.2, 0.9).to_json())


def test_nobody_and_shapes_that_do_not_fit() -> None:
    assert satisfaction_loyalty([], []).shape == (0,)
    with pytest.raises(DataError, match=r"one length; got satisfaction \(2,\), p_alive \(3,\)"):
        satisfied_but_idle([0.1, 0.2], [0.1, 0.2, 0.3])
    with pytest.raises(DataError, match=r"got satisfaction \(2, 1\), p_alive \(2,\)"):
        satisfied_but_idle([[0.1], [0.2]], [0.1, 0.2])


def test_a_weakly_identified_share_is_warned_of_in_log_odds() -> None:
    s = np.repeat([0.0, 0.5, 1.0], 6)
    stayed = np.array([1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1])
    fit = LogisticLink.fit(s, stayed)
    best = fit.model.parameters["best"]
    deviation = fit.standard_errors["best"] / (best * (1 - best))
    assert deviation > 1
    assert any(
        f"best is weakly identified: the standard error of its log-odds is {deviation:.1f};" in said
        for said in fit.warnings
    )
