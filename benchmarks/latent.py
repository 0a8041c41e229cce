"""Pareto/NBD beside other ways to its numbers: lifetimes, and SciPy's hypergeometric functions in the papers' forms."""

from __future__ import annotations

import numpy as np
import pandas as pd
from against_lifetimes import ParetoNBDFitter, quiet, same
from harness import Row, Times, alternate, once, summary
from scipy.special import expit, hyp2f1, hyperu
from workload import simulated

import custvalue as cv

CDNOW = cv.ParetoNBD(r=0.553, alpha=10.578, s=0.606, beta=11.669, unit="week")
"""Fader, Hardie & Lee (2005): α is close to β, where 2F1 is cheapest."""
APART = cv.ParetoNBD(r=0.553, alpha=40.0, s=0.606, beta=5.0, unit="week")
RATE = cv.Rate.annual(0.10)
WEEKS = 3 * 365.25 / 7


def predict(n, *, target=None):
    """P(alive), purchases in three years and discounted purchases forever, each and all with a new RFM."""
    data = simulated(n)
    columns = [pd.Series(column) for column in (data.x, data.t_x, data.T)]
    fitter = ParetoNBDFitter()
    fitter.params_ = pd.Series(CDNOW.parameters)
    pairs = {
        "P(alive)": (
            CDNOW.p_alive,
            "lifetimes",
            lambda: fitter.conditional_probability_alive(*columns),
        ),
        "expected purchases, 3 years": (
            lambda rfm: CDNOW.expected_purchases(rfm, WEEKS),
            "lifetimes",
            lambda: fitter.conditional_expected_number_of_purchases_up_to_time(WEEKS, *columns),
        ),
        "discounted purchases forever": (
            lambda rfm: CDNOW.discounted_expected_purchases(rfm, RATE),
            "2F1 and U of SciPy",
            lambda: residual(CDNOW, data),
        ),
    }
    for work, (ours, other, theirs) in pairs.items():
        mine = [once(lambda ours=ours: ours(data.rfm())) for _ in range(4)][1:]
        (a, found), (b, expected) = summary(mine), summary([once(quiet(theirs))])
        yield Row(f"Pareto/NBD: {work}", f"{n:,}", a, other, b, note=same(found, np.asarray(expected)))
    yield together(n, target)


def together(n, target):
    data = simulated(n)

    def run():
        rfm = data.rfm()
        CDNOW.p_alive(rfm)
        CDNOW.expected_purchases(rfm, WEEKS)
        CDNOW.discounted_expected_purchases(rfm, RATE)

    ((times, _),) = alternate(run)
    met = None if target is None else times.cpu <= target
    goal = "" if target is None else f"≤ {target} CPU s"
    return Row("Pareto/NBD: all three predictions", f"{n:,}", times, target=goal, met=met)


def residual(model, data):
    """DERT of Fader, Hardie & Lee (2005, RFM and CLV), eq. 8, with P(alive) of their note (2005), eqs. 36 to 39."""
    r, alpha, s, beta = model.parameters.values()
    force, now = RATE.force("week"), beta + data.T
    ahead = now**s * force ** (s - 1) * hyperu(s, s, force * now) * (r + data.x) / (alpha + data.T)
    return ahead / (1 + odds_of_leaving(model, data.x, data.t_x, data.T))


def odds_of_leaving(model, x, t_x, T):
    """P(gone)/P(alive) by two values of 2F1 for each customer."""
    r, alpha, s, beta = model.parameters.values()
    c, least, most = r + s + x, *sorted((alpha, beta))
    second = s + 1 if alpha >= beta else r + x
    parts = (hyp2f1(c, second, c + 1, (most - least) / (most + u)) * ((alpha + T) / (most + u)) ** (r + x)
             * ((beta + T) / (most + u)) ** s for u in (t_x, T))  # fmt: skip
    first, last = parts
    return s / c * (first - last)


def engine(n):
    """The engine's integral over lifetimes, and the two values of 2F1 that stand for it, per distinct customer."""
    columns = simulated(n).rfm().distinct("x", "t_x", "T").columns
    for model, where in ((CDNOW, "α close to β"), (APART, "α = 8 β")):
        (a, ways), (b, odds) = alternate(
            lambda model=model: model._engine.log_ways(*columns),  # noqa: SLF001 (what is measured)
            quiet(lambda model=model: odds_of_leaving(model, *columns)),
        )
        each = [Times(times.cpu / len(odds), times.wall / len(odds), times.runs) for times in (a, b)]
        yield Row(
            f"integral over lifetimes, {where}", "one customer", each[0], "2F1 of SciPy, twice", each[1],
            "CPU ≥ 1 ×", b.cpu >= a.cpu,
            f"{1e9 * each[0].cpu:.0f} ns beside {1e9 * each[1].cpu:.0f} ns in {len(odds):,} distinct customers; "
            f"P(alive): {same(expit(ways[0] - ways[1]), 1 / (1 + odds))}",
        )  # fmt: skip
