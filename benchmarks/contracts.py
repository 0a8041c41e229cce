"""Contracts, survival and relationships: what ten million tenures, or a million relationships, take."""

from __future__ import annotations

import functools

import numpy as np
from harness import Row, alternate

import custvalue as cv

TENURES = 10_000_000
FITTED = 1_000_000
RATE = cv.Rate.annual(0.10)
MODEL = cv.ShiftedBetaGeo(alpha=0.668, beta=3.806, unit="month")


@functools.cache
def months(n):
    """Tenures in whole months, and who has left."""
    rng = np.random.default_rng(1)
    return MODEL.simulate(rng.integers(1, 61, n), rng=rng)


def retention():
    """Each function on ten million tenures, distinct ones once."""
    tenures = months(TENURES)
    works = {
        "sBG: churn probability": lambda: MODEL.churn_probability(tenures.duration, 1),
        "sBG: discounted residual lifetime": lambda: MODEL.discounted_expected_residual_lifetime(
            tenures.duration, RATE, timing="now"
        ),
        "value of a contract book": lambda: cv.base.contract_value(
            MODEL, tenures, rate=RATE, margin=10.0, timing="now"
        ),
    }
    for work, run in works.items():
        ((times, _),) = alternate(run)
        yield Row(work, f"{TENURES:,}", times, target="<= 2 s", met=times.cpu <= 2.0)
    known = months(FITTED)

    def fit():
        new = cv.Tenures(known.duration, known.ended, unit="month", by_period=True)
        return cv.ShiftedBetaGeo.fit(new)

    ((times, _),) = alternate(fit)
    yield Row("sBG: fit", f"{FITTED:,}", times, target="<= 0.3 s", met=times.cpu <= 0.3)


def survival():
    """Kaplan-Meier of whole months and of exact durations, tenures new each time."""
    known = months(TENURES)
    exact = known.duration - np.random.default_rng(2).random(TENURES)
    for what, duration in (("whole months", known.duration), ("exact durations", exact)):
        ((times, _),) = alternate(lambda d=duration: cv.survival.kaplan_meier(cv.Tenures(d, known.ended, unit="month")))
        yield Row(f"Kaplan-Meier, {what}", f"{TENURES:,}", times, target="<= 2 s", met=times.cpu <= 2.0)


def relationships(n=1_000_000):
    """Cash flows valued, relationships named by quadrant, and grouped by party and quadrant."""
    rng = np.random.default_rng(1)
    table = {
        "id": np.arange(n),
        "start": -rng.exponential(5, n),
        "party": np.array(["customer", "supplier", "media"])[rng.integers(0, 3, n)],
    }
    flows = {"id": np.repeat(np.arange(n), 2), "amount": rng.normal(10, 30, 2 * n), "when": rng.uniform(0, 3, 2 * n)}
    rows = cv.relationships.RelationshipTable.from_table(table, id="id", start="start", party="party", flows=flows)

    def run():
        book = cv.Portfolio.from_relationships(rows, rate=RATE)
        return book.with_label("quadrant", book.quadrants()).by("party", "quadrant")

    ((times, _),) = alternate(run)
    yield Row("relationships valued and classified", f"{n:,}", times, target="<= 2 s", met=times.cpu <= 2.0)


def rows():
    yield from retention()
    yield from survival()
    yield from relationships()
