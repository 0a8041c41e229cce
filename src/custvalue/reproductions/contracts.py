"""Customers whose leaving is seen: retention of subscribers, trial of a new product, and remission in a clinic."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from custvalue.discounting.rate import Rate
from custvalue.evidence.tenures import Tenures
from custvalue.models.retention.beta_discrete_weibull import BetaDiscreteWeibull
from custvalue.models.retention.exponential import Exponential
from custvalue.models.retention.exponential_gamma import ExponentialGamma
from custvalue.models.retention.geometric import Geometric
from custvalue.models.retention.shifted_beta_geo import ShiftedBetaGeo
from custvalue.models.retention.split_population import SplitPopulation
from custvalue.reproductions.ledger import Mark, Reproduction, labelled, rows
from custvalue.survival.cox import cox
from custvalue.survival.kaplan_meier import kaplan_meier
from custvalue.survival.log_rank import log_rank
from custvalue.survival.nelson_aalen import nelson_aalen

_JIM = "Fader & Hardie 2007, J. Interactive Marketing 21(1)"
_BDW = "Fader, Hardie, Liu, Davin & Steenburgh 2018, J. Interactive Marketing 43"
_PERILS = "Fader & Hardie 2010, Marketing Science 29(1)"
_KIWI = "Fader & Hardie 2001, tutorial: Kiwi Bubbles"
_FREIREICH = "Freireich et al. 1963, Blood 21: 6-MP and placebo (textbook standard)"
_HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]
_REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]
_COHORTS = [[10000, 8000, 6480, 5307, 4391], [10000, 8000, 6480, 5307], [10000, 8000, 6480], [10000, 8000]]
_TRIERS = [8, 14, 16, 32, 40, 47, 50, 52, 57, 60, 65, 67, 68, 72, 75, 81, 90, 94, 96, 96, 96, 97, 97, 101]
_WEEKS = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
_PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


def entries() -> Iterator[Reproduction]:
    """The ledger's rows of this area."""
    yield from _subscribers()
    yield from _residual_value()
    yield from _trial()
    yield from _remission()


@cache
def _cohort(name: str, years: int) -> Tenures:
    counts = {"high end": _HIGH_END, "regular": _REGULAR}[name]
    return Tenures.from_cohorts(counts[: years + 1], unit="year")


def _subscribers() -> Iterator[Reproduction]:
    """Fits to seven and four years of 1,000 subscribers of two kinds, and projections beyond."""
    printed: dict[str, tuple[str, str, Mark]] = {
        "high end": ("0.668 3.806", "-1611.158", "documented"),
        "regular": ("0.704 1.182", "-1680.265", "memory"),
    }
    for name, (parameters, likelihood, mark) in printed.items():
        fit = ShiftedBetaGeo.fit(_cohort(name, 7))
        texts = labelled(f"sBG {name}, {{}}", "alpha, beta", parameters)
        yield from rows(_JIM, mark, texts, list(fit.model.parameters.values()))
        highest = {f"sBG {name}, log-likelihood": likelihood}
        yield from rows("own maximum, by hand", "reference", highest, fit.log_likelihood)
    for name, left in (("high end", "46.0 43.6 41.4 39.5 37.8"), ("regular", "22.0 20.4 19.1 18.0 17.0")):
        model = ShiftedBetaGeo.fit(_cohort(name, 7)).model
        texts = labelled(f"sBG {name}, % left after year {{}}", range(8, 13), left)
        yield from rows(_JIM, "reference", texts, 100 * model.survival(np.arange(8, 13)))
    start = ShiftedBetaGeo(alpha=1, beta=1)
    mean = (start.log_likelihood(_cohort("high end", 7)) * _cohort("high end", 7).weights).sum() / 1000
    text = {"sBG (1, 1), mean log-likelihood of high end": "-2.1155"}
    yield from rows("by hand", "reference", text, mean)
    weibull = BetaDiscreteWeibull.fit(_cohort("high end", 4)).model
    texts = labelled("BdW high end, {}", "alpha, beta, c", "0.26 1.72 1.58")
    yield from rows(_BDW, "memory", texts, list(weibull.parameters.values()))
    weibull = BetaDiscreteWeibull.fit(_cohort("regular", 4)).model
    texts = labelled("BdW regular, {}", "alpha, beta, c", "0.523 0.894 1.196")
    yield from rows("own maximum, by hand", "reference", texts, list(weibull.parameters.values()))
    curve = ShiftedBetaGeo(alpha=0.668, beta=3.806).retention_rate(np.arange(1, 8))
    texts = labelled("sBG retention rate in year {}", (1, 4, 7), "0.8507 0.9106 0.9362")
    yield from rows(_JIM, "reference", texts, curve[[0, 3, 6]])


def _residual_value() -> Iterator[Reproduction]:
    """Residual value of contracts, and its bias under one retention rate for all."""
    ten = Rate.annual(0.10)
    model = ShiftedBetaGeo.fit(Tenures.from_cohorts(_COHORTS, unit="year")).model
    texts = {"sBG of four cohorts, alpha": "3.80", "sBG of four cohorts, beta": "15.19"}
    yield from rows(_PERILS, "documented", texts, list(model.parameters.values()))
    high_end = ShiftedBetaGeo(alpha=0.66808833, beta=3.80609477)
    worth = high_end.discounted_expected_residual_lifetime(7, ten, timing="now")
    yield from rows(_PERILS, "documented", {"DERL after 7 renewals at 10 %": "7.530"}, worth)
    new = ShiftedBetaGeo(alpha=0.668, beta=3.806).discounted_expected_lifetime(ten, timing="now")
    yield from rows("2F1", "reference", {"DEL of a new customer at 10 %": "5.9225964076"}, new)
    paper = ShiftedBetaGeo(alpha=3.80, beta=15.19)
    active, renewals = np.array([4391, 5307, 6480, 8000, 10000]), np.array([4, 3, 2, 1, 0])
    left = (active * paper.discounted_expected_residual_lifetime(renewals, ten, timing="now")).sum()
    kept = (4391 + 5307 + 6480 + 8000) / (5307 + 6480 + 8000 + 10000)
    constant = Geometric(theta=1 - kept)
    naive = (active * constant.discounted_expected_residual_lifetime(renewals, ten, timing="now")).sum()
    texts = {"discounted years of 34,178 customers": "120496.65", "with one retention rate": "105848.04"}
    yield from rows("set-up of Fader & Hardie 2010, totals by hand", "reference", texts, [left, naive])


def _trial() -> Iterator[Reproduction]:
    """1,499 households who may try a new product, over 24 weeks."""
    survivors = 1499 - np.append(0, _TRIERS)
    panel = Tenures.from_cohorts(survivors, unit="week")
    fit = ExponentialGamma.fit(panel)
    texts = {"exponential-gamma, r": "0.050", "alpha": "7.973", "log-likelihood": "-681.4"}
    yield from rows(_KIWI, "memory", texts, [*fit.model.parameters.values(), fit.log_likelihood])
    never = SplitPopulation.fit(panel, leavers=Exponential)
    computed = [1 - never.model.never_churn, *never.model.leavers.parameters.values(), never.log_likelihood]
    texts = {"exponential with never-triers, share": "0.085", "rate": "0.066", "its log-likelihood": "-680.9"}
    yield from rows(_KIWI, "memory", texts, np.array(computed, dtype=np.float64))


def _remission() -> Iterator[Reproduction]:
    """Survival without a model."""
    treated = Tenures(_WEEKS, [1] * 9 + [0] * 12, unit="week")
    placebo = Tenures(_PLACEBO, 1, unit="week")
    curve = kaplan_meier(treated)
    weeks = (6, 7, 10, 13, 16, 22, 23)
    texts = labelled("Kaplan-Meier, week {}", weeks, "0.857 0.807 0.753 0.690 0.627 0.538 0.448")
    yield from rows(_FREIREICH, "memory", texts, curve.at(weeks))
    hazards = nelson_aalen(treated).at(weeks)
    texts = labelled("Nelson-Aalen, week {}", (6, 16, 23), "0.14285714 0.44258976 0.75211357")
    yield from rows("lifelines", "reference", texts, hazards[[0, 4, 6]])
    both = Tenures(_WEEKS + _PLACEBO, [1] * 9 + [0] * 12 + [1] * 21, unit="week")
    group = [0] * 21 + [1] * 21
    yield from rows(_FREIREICH, "memory", {"log-rank chi-square": "16.79"}, log_rank(both, group).statistic)
    fit = cox(both, {"placebo": group})
    texts = {"Cox coefficient, Efron ties": "1.572", "Cox log-likelihood": "-85.008"}
    yield from rows(_FREIREICH, "memory", texts, [fit.estimates[0], fit.log_likelihood])
    rates = [Exponential.fit(tenures).model.parameters.popitem()[1] for tenures in (treated, placebo)]
    texts = {"exponential rate, 6-MP": "0.025069638", "placebo": "0.115384615"}
    yield from rows("events per week", "reference", texts, np.array(rates, dtype=np.float64))
