"""Fits, predictions and summaries beside lifetimes 0.11.3: the time of both, and whether the numbers agree."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from harness import Row, alternate, once, summary
from workload import cohort, log_file, simulated

import custvalue as cv
from custvalue.models.spend.gamma_gamma import GammaGamma
from custvalue.value.clv import clv

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from lifetimes import (
        BetaGeoBetaBinomFitter,
        BetaGeoFitter,
        GammaGammaFitter,
        ModifiedBetaGeoFitter,
        ParetoNBDFitter,
    )
    from lifetimes.utils import summary_data_from_transaction_data

RATE = cv.Rate.annual(0.10)
YEARS = 3
WEEKS = YEARS * 365.25 / 7
MONTHLY = 1.1 ** (1 / 12) - 1


def quiet(f):
    """The call without lifetimes' FutureWarnings and its overflow warnings."""

    def silent():
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return f()

    return silent


FITTERS = {
    "BG/NBD": (cv.BetaGeoNBD, BetaGeoFitter),
    "MBG/NBD": (cv.ModifiedBetaGeoNBD, ModifiedBetaGeoFitter),
    "Pareto/NBD": (cv.ParetoNBD, ParetoNBDFitter),
}


def fit_buying(n, name="BG/NBD", target=None, *, single=False):
    """A model of buying: a new RFM (and its distinct rows) in every run of custvalue; likelihoods by the same code."""
    data = cohort(n)
    model, fitter = FITTERS[name]
    ours, theirs = (_single if single else alternate)(
        lambda: model.fit(data.rfm()),
        quiet(lambda: fitter().fit(data.x, data.t_x, data.T)),
    )
    found = model(**{key: float(theirs[1].params_[key]) for key in ours[1].model.parameters})
    both = [float(one.log_likelihood(data.rfm()).sum()) for one in (ours[1].model, found)]
    return _fit_row(f"fit {name}", data, ours[0], theirs[0], both, target)


def fit_discrete(n, target=None, *, single=False):
    """BG/BB on n donors who could give in six years, drawn from the parameters of Fader, Hardie & Shang (2010)."""
    donors = cv.BetaGeoBetaBinom(alpha=1.204, beta=0.75, gamma=0.657, delta=2.783, unit="year")
    drawn = donors.simulate(np.full(n, 6.0), rng=np.random.default_rng(n))
    x, t_x, years = (np.array(column) for column in (drawn.x, drawn.t_x, drawn.n))
    ours, theirs = (_single if single else alternate)(
        lambda: cv.BetaGeoBetaBinom.fit(cv.Opportunities(x, t_x, years, unit="year")),
        quiet(lambda: BetaGeoBetaBinomFitter().fit(x, t_x, years)),
    )
    found = cv.BetaGeoBetaBinom(**{key: float(theirs[1].params_[key]) for key in ours[1].model.parameters})
    both = [float(one.log_likelihood(drawn).sum()) for one in (ours[1].model, found)]
    return _fit_row("fit BG/BB", x, ours[0], theirs[0], both, target)


def fit_spend(n, target=None):
    """Gamma-Gamma, on the customers with repeat purchases, as lifetimes wants them; the same evidence for both."""
    data = cohort(n)
    some = (data.x > 0) & (data.m > 0)
    x, m = pd.Series(data.x[some]), pd.Series(data.m[some])
    rfm = data.rfm()[some]
    ours, theirs = alternate(
        lambda: GammaGamma.fit(data.rfm()[some]),
        quiet(lambda: GammaGammaFitter().fit(x, m)),
    )
    found = GammaGamma(**{name: float(theirs[1].params_[name]) for name in ("p", "q", "v")})
    both = [float(model.log_likelihood(rfm).sum()) for model in (ours[1].model, found)]
    return _fit_row("fit Gamma-Gamma", data, ours[0], theirs[0], both, target)


def _fit_row(work, data, ours, theirs, both, target):
    more = both[0] - both[1]
    reached = theirs.cpu / ours.cpu
    return Row(
        work,
        f"{len(data):,}",
        ours,
        "lifetimes",
        theirs,
        "" if target is None else f"CPU ≥ {target} ×, likelihood no lower",
        None if target is None else reached >= target and more >= -1e-13 * abs(both[0]),
        f"log-likelihood {both[0]:.4f} at custvalue's estimate, {more:+.1g} beside lifetimes'",
    )


def _models(n):
    """Both libraries' models with the same parameters, fitted by custvalue."""
    data = simulated(n)
    buying, spend = cv.BetaGeoNBD.fit(data.rfm()).model, GammaGamma.fit(data.rfm()).model
    theirs = BetaGeoFitter(), GammaGammaFitter()
    for fitter, model in zip(theirs, (buying, spend), strict=True):
        fitter.params_ = pd.Series(model.parameters)
    theirs[0].predict = theirs[0].conditional_expected_number_of_purchases_up_to_time  # what its fit would set
    return data, buying, spend, *theirs


def predict(n, *, single=False):
    """P(alive), expected purchases and CLV three years ahead, one by one and together."""
    data, buying, spend, bg, gg = _models(n)
    columns = [pd.Series(column) for column in (data.x, data.t_x, data.T)]
    m = pd.Series(data.m)
    pairs = {
        "P(alive)": (
            lambda: buying.p_alive(data.rfm()),
            lambda: bg.conditional_probability_alive(*columns),
        ),
        "expected purchases, 3 years": (
            lambda: buying.expected_purchases(data.rfm(), WEEKS),
            lambda: bg.conditional_expected_number_of_purchases_up_to_time(WEEKS, *columns),
        ),
        "CLV, 3 years": (
            lambda: clv(buying, spend, data.rfm(), rate=RATE, years=YEARS),
            lambda: gg.customer_lifetime_value(bg, *columns, m, time=36, discount_rate=MONTHLY, freq="W"),
        ),
    }
    checks = (same, same, lambda ours, theirs: _clv_note(data, buying, spend, ours, theirs))
    rows = []
    for (work, (ours, theirs)), check in zip(pairs.items(), checks, strict=True):
        a, b = (_single if single else alternate)(ours, quiet(theirs))
        rows.append(Row(work, f"{n:,}", a[0], "lifetimes", b[0], note=check(a[1], np.asarray(b[1]))))
    return [*rows, together(n)]


def _single(ours, theirs):
    """One run of the slow one, three of custvalue's."""
    ours()
    return summary([once(ours) for _ in range(3)]), summary([once(theirs)])


def together(n, target=None):
    """All three predictions for the same customers, whose distinct rows are found once."""
    data, buying, spend, *_ = _models(n)

    def run():
        rfm = data.rfm()
        return (
            buying.p_alive(rfm),
            buying.expected_purchases(rfm, WEEKS),
            clv(buying, spend, rfm, rate=RATE, years=YEARS),
        )

    ((times, _),) = alternate(run)
    goal = "" if target is None else f"≤ {target} CPU s"
    return Row(
        "all three predictions", f"{n:,}", times, target=goal, met=None if target is None else times.cpu <= target
    )


def same(ours, theirs):
    """How far the numbers are apart, as text."""
    good = np.isfinite(theirs)
    apart = np.abs(ours[good] / theirs[good] - 1).max()
    lost = f"; lifetimes gives no finite number for {np.count_nonzero(~good):,}" if not good.all() else ""
    return f"largest relative difference {apart:.1g}{lost}"


def _clv_note(data, buying, spend, ours, theirs):
    """lifetimes pays at the ends of 36 months of 4.345 weeks; compared in its own convention, then as they are."""
    rfm = data.rfm()[:100_000]
    months = buying.expected_purchases(rfm, 4.345 * np.arange(1, 37)[:, None])
    paid = np.diff(months, axis=0, prepend=0.0) * (1 + MONTHLY) ** -np.arange(1.0, 37)[:, None]
    alike = same(paid.sum(axis=0) * spend.expected_spend(rfm), theirs[: len(rfm)])
    return (
        f"with lifetimes' months of 4.345 weeks paid at their ends, {alike}; custvalue's own 3 years, discounted "
        f"when purchases happen, come to {ours.sum() / np.nansum(theirs):.4f} of lifetimes' total"
    )


def summarize(name):
    """From a pandas log to x, t_x, T and m, by days."""
    frame = cdnow_frame() if name == "CDNOW" else pd.read_parquet(log_file(100_000))
    if not isinstance(frame["date"].dtype, np.dtype):
        frame["date"] = pd.to_datetime(frame["date"])
    ours, theirs = alternate(
        lambda: cv.RFM.from_transactions(frame, amount="amount", unit="week"),
        quiet(
            lambda: summary_data_from_transaction_data(
                frame, "customer_id", "date", monetary_value_col="amount", freq="D", freq_multiplier=7
            )
        ),
    )
    rfm, peer = ours[1], theirs[1].sort_index()
    pairs = ((rfm.x, "frequency"), (rfm.t_x, "recency"), (rfm.T, "T"), (rfm.m, "monetary_value"))
    apart = max(float(np.abs(mine - peer[theirs_name]).max()) for mine, theirs_name in pairs)
    assert np.array_equal(rfm.ids, peer.index)
    return Row(
        f"{name} log to RFM",
        f"{len(frame):,} rows",
        ours[0],
        "lifetimes",
        theirs[0],
        note=f"the same customers, largest difference of any number {apart:.1g}",
    )


def cdnow_frame():
    log = cv.datasets.cdnow_full()
    return pd.DataFrame({name: log[name] for name in ("customer_id", "date", "amount")})
