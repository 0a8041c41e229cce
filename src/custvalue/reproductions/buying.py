"""Customers who buy and silently leave: CDNOW, donations, billboards, and the papers' parameters."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
from scipy.special import gammaln

from custvalue import datasets
from custvalue._typing import Ints
from custvalue.discounting.rate import Rate
from custvalue.evidence.opportunities import Opportunities
from custvalue.evidence.rfm import RFM
from custvalue.inference.fit import Fit
from custvalue.models.buying.beta_geo_beta_binom import BetaGeoBetaBinom
from custvalue.models.buying.beta_geo_nbd import BetaGeoNBD
from custvalue.models.buying.gamma_gompertz_nbd import GammaGompertzNBD
from custvalue.models.buying.modified_beta_geo_cnbd import ModifiedBetaGeoCNBD
from custvalue.models.buying.modified_beta_geo_nbd import ModifiedBetaGeoNBD
from custvalue.models.buying.nbd import NBD
from custvalue.models.buying.pareto_nbd import ParetoNBD
from custvalue.models.buying.periodic_death import PeriodicDeathOpportunity
from custvalue.models.spend.gamma_gamma import GammaGamma
from custvalue.reproductions.ledger import Reproduction, labelled, rows
from custvalue.value.clv import clv

_FHL = "Fader, Hardie & Lee 2005, Marketing Science 24(2)"
_JMR = "Fader, Hardie & Lee 2005, JMR 42(4)"
_BTYD = "BTYD 2.4 (2014)"
_NOTE_4 = "Hardie, note 004"
_NOTE_25 = "Fader & Hardie 2013, note 025"
_FHS = "Fader, Hardie & Shang 2010, Marketing Science 29(6)"
_TUTORIAL = "Fader & Hardie 2001, tutorial"
_PARAMETERS_OF_BTYD = "BTYD's parameters are not fully converged: it prints 1e-5 to 1e-3 more"
_BILLBOARDS = [48, 37, 30, 24, 20, 16, 13, 11, 9, 7, 6, 5, 5, 3, 3, 2, 2, 2, 1, 1, 2, 1, 1, 1]
_CLASSES = 8


def entries() -> Iterator[Reproduction]:
    """The ledger's rows of this area."""
    yield from _fits()
    yield from _bg_nbd()
    yield from _pareto_nbd()
    yield from _holdout()
    yield from _clv()
    yield from _gamma_gamma()
    yield from _donations()
    yield from _others()


@cache
def cdnow(until: str) -> RFM:
    """The CDNOW sample as the papers count it: weeks, purchases of one day as one."""
    log = datasets.cdnow()
    seen = log["date"] <= np.datetime64(until)
    known = {name: column[seen] for name, column in log.items()}
    return RFM.from_transactions(known, observed_until=until, unit="week", amount="amount")


@cache
def _calibration() -> RFM:
    return cdnow("1997-09-30")


@cache
def _bg() -> Fit[BetaGeoNBD]:
    return BetaGeoNBD.fit(_calibration())


@cache
def _pareto() -> Fit[ParetoNBD]:
    return ParetoNBD.fit(_calibration())


def _fits() -> Iterator[Reproduction]:
    """Parameters and likelihoods of CDNOW's first 39 weeks."""
    bg, pareto = _bg(), _pareto()
    printed = labelled("BG/NBD {}", "r, alpha, a, b, log-likelihood", "0.243 4.414 0.793 2.426 -9582.4")
    yield from rows(_FHL, "documented", printed, [*bg.model.parameters.values(), bg.log_likelihood])
    printed = labelled("Pareto/NBD {}", "r, alpha, s, beta, log-likelihood", "0.553 10.578 0.606 11.669 -9595.0")
    yield from rows(_FHL, "documented", printed, [*pareto.model.parameters.values(), pareto.log_likelihood])
    nbd = NBD.fit(_calibration())
    printed = labelled("NBD {}", "r, alpha, log-likelihood", "0.385 12.072 -9763.7")
    yield from rows(_FHL, "memory", printed, [*nbd.model.parameters.values(), nbd.log_likelihood])
    modified = ModifiedBetaGeoNBD.fit(_calibration())
    printed = labelled("MBG/NBD {}", "r, alpha, a, b", "0.525 6.183 0.891 1.614")
    yield from rows("BTYDplus (2016)", "documented", printed, list(modified.model.parameters.values()))
    seen = np.bincount(_classes(), minlength=_CLASSES)
    for model, name, text in ((bg.model, "BG/NBD", "4.82"), (pareto.model, "Pareto/NBD", "11.99")):
        few = model.purchase_pmf_new(np.arange(_CLASSES - 1)[:, None], _calibration().T).sum(axis=1)
        expected = np.append(few, len(_calibration()) - few.sum())
        chi_square = ((seen - expected) ** 2 / expected).sum()
        yield from rows(_FHL, "memory", {f"{name} chi-square of 0-6, 7+": text}, chi_square)


def _classes() -> Ints:
    return np.minimum(_calibration().x, _CLASSES - 1).astype(np.intp)


def _bg_nbd() -> Iterator[Reproduction]:
    """The spreadsheet of note 004, and BTYD's manual."""
    fitted = _bg().model
    customer = {"BG/NBD, x=2 t_x=30.43 T=38.86: purchases in 39 weeks": "1.226"}
    bought = fitted.expected_purchases(RFM(2, 30.43, 38.86, unit="week"), 39)
    yield from rows(_NOTE_4, "documented", customer, bought)
    texts = labelled("BG/NBD E X(t), t = {}", "1/7, 1, 3, 223/7, 32", "0.0078 0.0532 0.1506 1.0405 1.0437")
    new = fitted.expected_purchases_new(np.array([1 / 7, 1, 3, 223 / 7, 32]))
    yield from rows(_NOTE_4, "documented", texts, new)
    why = "the sheet's figure differs from its own formula, which gives 1.8580"
    last = fitted.expected_purchases_new(78)
    yield from rows(_NOTE_4, "documented", {"BG/NBD E X(t), t = 78": "1.8576"}, last, why)
    rounded = BetaGeoNBD(r=0.243, alpha=4.414, a=0.793, b=2.426)
    texts = {"BG/NBD P(X(2) = 10)": "0.000000107869", "BG/NBD P(X(39) = 0)": "0.5737864"}
    yield from rows(_BTYD, "documented", texts, rounded.purchase_pmf_new([10, 0], [2, 39]))
    printed = "0.0019995214 0.0015170236 0.0011633150 0.0009003148 0.0007023638 0.0005517902 0.0004361913 0.0003467171"
    texts = labelled("BG/NBD P(X(30) = {})", range(11, 19), printed)
    yield from rows(_BTYD, "documented", texts, rounded.purchase_pmf_new(np.arange(11, 19), 30))


def _pareto_nbd() -> Iterator[Reproduction]:
    """BTYD's walkthrough and manual."""
    fitted = _pareto().model
    year = fitted.expected_purchases_new(52)
    yield from rows(_BTYD, "documented", {"Pareto/NBD E X(52)": "1.473434"}, year)
    heavy = RFM(26, 216 / 7, 31.0, unit="week")
    texts = labelled("Pareto/NBD customer 1516: {}", "purchases in 52 weeks, P(alive)", "25.45647 0.997874")
    ahead = [fitted.expected_purchases(heavy, 52), fitted.p_alive(heavy)]
    yield from rows(_BTYD, "documented", texts, ahead, _PARAMETERS_OF_BTYD)
    frequent = "Pareto/NBD t_x=20 T=39: purchases in 52 weeks at x = {}"
    texts = labelled(frequent, "10, 15, 20, 25", "0.7062289 0.1442396 0.02250658 0.00309267")
    paradox = fitted.expected_purchases(RFM([10, 15, 20, 25], 20, 39, unit="week"), 52)
    yield from rows(_BTYD, "documented", texts, paradox, _PARAMETERS_OF_BTYD)
    manual = ParetoNBD(r=0.5533971432566355, alpha=10.580198543474351, s=0.6060624971176619, beta=11.656223670707698)
    silent = manual.p_alive(RFM(0, 0, 39, unit="week"))
    yield from rows(_BTYD, "documented", {"Pareto/NBD x=0 T=39: P(alive)": "0.2941633"}, silent)


def _holdout() -> Iterator[Reproduction]:
    """Purchases in weeks 40 to 78, by how often customers had bought."""
    size = np.bincount(_classes())
    printed = {
        "Pareto/NBD": (_pareto().model, "0.138 0.600 1.196 1.714 2.399 2.907 3.819 6.403"),
        "BG/NBD": (_bg().model, "0.225 0.523 1.044 1.520 2.164 2.654 3.504 6.157"),
    }
    for name, (model, values) in printed.items():
        mean = np.bincount(_classes(), model.expected_purchases(_calibration(), 39)) / size
        texts = labelled(f"{name}, weeks 40-78, x = {{}}", range(_CLASSES), values)
        yield from rows(_BTYD, "documented", texts, mean, "BTYD's parameters are not fully converged")


def _clv() -> Iterator[Reproduction]:
    """RFM and CLV: all 78 weeks, 15 % a year, a margin of 30 %."""
    rfm = cdnow("1998-06-30")
    buying, spend = ParetoNBD.fit(rfm).model, GammaGamma.fit(rfm).model
    texts = labelled("Pareto/NBD, 78 weeks,  {}", "r, alpha, s, beta", "0.5629966 12.559037 0.4081095 10.5148048")
    yield from rows(_BTYD, "documented", texts, list(buying.parameters.values()), _PARAMETERS_OF_BTYD)
    rate = Rate.continuous(np.log(1.15) / 52 * 365.25 / 7)
    worth = clv(buying, spend, rfm, rate=rate, years=None, margin=0.3)[rfm.x == 0].mean()
    yield from rows(_JMR, "memory", {"CLV of those without repeat purchase": "4.40"}, worth)
    weekly = Rate.continuous(0.0027 * 365.25 / 7)
    paper = ParetoNBD(r=0.5629966, alpha=12.559037, s=0.4081095, beta=10.5148048, unit="week")
    left = paper.discounted_expected_purchases(RFM(7, 35, 77.86, unit="week"), weekly)
    yield from rows("Tricomi's U and quadrature", "reference", {"Pareto/NBD DERT at 0.0027": "1.864183328"}, left)


def _gamma_gamma() -> Iterator[Reproduction]:
    """Spend per purchase, of CDNOW's 39 weeks."""
    fit = GammaGamma.fit(_calibration())
    texts = labelled("Gamma-Gamma {}", "p, q, v", "6.25 3.74 15.44")
    yield from rows(_NOTE_25, "documented", texts, list(fit.model.parameters.values()))
    yield from rows("CLVTools", "documented", {"Gamma-Gamma log-likelihood": "-4055.9177"}, fit.log_likelihood)
    x = np.array([2, 1, 0, 7, 2])
    spent = RFM(x, np.where(x > 0, 1.0, 0.0), 2.0, m=[22.35, 11.77, 0, 73.74, 25.55], unit="week")
    customers = "x=2 m=22.35, x=1 m=11.77, x=0, x=7 m=73.74, x=2 m=25.55"
    texts = labelled("Gamma-Gamma, spend of {}", customers, "24.65 18.91 35.17 71.46 27.28")
    why = "the sheet's parameters are of means rounded to cents, and differ in the fourth digit"
    yield from rows(_NOTE_25, "documented", texts, fit.model.expected_spend(spent), why)


def _donations() -> Iterator[Reproduction]:
    """BG/BB: yearly gifts."""
    donors = Opportunities.from_table(datasets.donations(), unit="year")
    fit = BetaGeoBetaBinom.fit(donors)
    texts = labelled("BG/BB {}", "alpha, beta, gamma, delta, log-likelihood", "1.204 0.750 0.657 2.783 -33225.6")
    yield from rows(_FHS, "documented", texts, [*fit.model.parameters.values(), fit.log_likelihood])
    kinds = Opportunities([0, 2, 6], [0, 4, 6], 6, unit="year")
    texts = labelled("BG/BB P(alive in year 7) {}", "x=0, x=2 t_x=4, x=6 t_x=6", "0.11 0.59 0.93")
    yield from rows(_FHS, "documented", texts, fit.model.p_alive(kinds, ahead=1))
    sheet = "Hardie 2011, BG/BB spreadsheet"
    total = (donors.weights * fit.model.expected_purchases(donors, 5)).sum()
    yield from rows(sheet, "documented", {"BG/BB gifts in the next 5 years": "12884.2"}, total)
    texts = {"BG/BB people with no gift in 6 years": "3454.9", "with 6": "1253.1"}
    yield from rows(sheet, "documented", texts, donors.customers * fit.model.purchase_pmf_new([0, 6], 6))
    texts = {"BG/BB E X(10)": "3.179805", "10 years of x=0": "0.1302169", "10 years of x=4 t_x=5": "3.627858"}
    ahead = fit.model.expected_purchases(Opportunities([0, 4], [0, 5], 6, unit="year"), 10)
    computed = [fit.model.expected_purchases_new(10), *ahead]
    yield from rows(_BTYD, "documented", texts, computed, _PARAMETERS_OF_BTYD)
    texts = {"BG/BB 5 years of x=0": "0.07", "BG/BB 5 years of x=6": "3.75"}
    yield from rows(_FHS, "memory", texts, fit.model.expected_purchases(kinds, 5)[[0, 2]])


def _others() -> Iterator[Reproduction]:
    """Billboards, regular buyers, periodic death, Gompertz lifetimes."""
    shown = np.repeat(np.arange(len(_BILLBOARDS)), _BILLBOARDS).astype(np.float64)
    exposures = RFM(shown, np.where(shown > 0, 1.0, 0.0), 1.0, unit="month")
    fit = NBD.fit(exposures)
    counts = fit.log_likelihood - gammaln(shown + 1).sum()
    texts = labelled("NBD of billboards, {}", "r, alpha, log-likelihood", "0.969 0.218 -649.7")
    yield from rows(_TUTORIAL, "memory", texts, [*fit.model.parameters.values(), counts])
    regular = ModifiedBetaGeoCNBD(r=0.85, alpha=1.45, a=0.79, b=2.42, k=3)
    stays = regular.p_alive(RFM(3, 12, 32, unit="week"))
    yield from rows("BTYDplus (2016)", "reference", {"MBG/CNBD-3 P(alive)": "0.02208680726"}, stays)
    periodic = PeriodicDeathOpportunity(
        r=0.5162515184, alpha=10.2966161, a=0.4567398423, b=2.636392664, tau=3.075, unit="week"
    )
    likelihood = {"PDO log-likelihood at tau = 3.075": "-9586.0198"}
    value = periodic.log_likelihood(_calibration()).sum()
    yield from rows("Jerath, Fader & Hardie 2011, Marketing Science 30(5)", "reference", likelihood, value)
    gompertz = GammaGompertzNBD(r=0.553, alpha=10.578, b=0.0002, s=0.603, beta=0.0026, unit="week")
    texts = {"Gamma-Gompertz/NBD log-likelihood": "-9594.98"}
    why = "at the parameters as printed, rounded; the likelihood is flat and runs into Pareto/NBD's, -9594.976"
    value = gompertz.log_likelihood(_calibration()).sum()
    yield from rows("Bemmaor & Glady 2012, Management Science 58(5)", "documented", texts, value, why)
