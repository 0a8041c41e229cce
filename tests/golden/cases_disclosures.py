"""Figures of firms since their launch: what they are expected to disclose, and fits to what they did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from golden import estimated, outcome

from custvalue.firm import disclosures as columns
from custvalue.firm.acquisition import WeibullAcquisition
from custvalue.firm.buyer_fit import fit_buyers
from custvalue.firm.buyer_model import BuyerModel
from custvalue.firm.fit import DisclosureFit
from custvalue.firm.projection import Projection
from custvalue.firm.subscriber_fit import fit_disclosures
from custvalue.firm.subscriber_model import SubscriberModel
from custvalue.models.buying.beta_geo_nbd import BetaGeoNBD
from custvalue.models.buying.pareto_nbd import ParetoNBD
from custvalue.models.retention.exponential_gamma import ExponentialGamma
from custvalue.models.retention.geometric import Geometric
from custvalue.models.retention.shifted_beta_geo import ShiftedBetaGeo

CASES: dict[str, Callable[[], Any]] = {}


def Disclosures(**given: Any) -> columns.Disclosures:
    return columns.Disclosures(**{"unit": "quarter", **given})


def BuyerDisclosures(**given: Any) -> columns.BuyerDisclosures:
    return columns.BuyerDisclosures(unit="quarter", **given)


SEASONS = np.eye(4)[np.arange(40) % 4][:, 1:]
BUYING = ParetoNBD(0.55, 10.6, 0.61, 11.7, unit="week")
PLACE: dict[str, Any] = {"population": 5e6, "growth": 0.002, "paying": "average"}


def case(run: Callable[[], Any]) -> Callable[[], Any]:
    CASES[f"disclosures: {run.__name__.replace('_', ' ')}"] = run
    return run


# --- firms since launch ---


def _projection(p: Projection) -> dict[str, Any]:
    return {
        "period": p.unit,
        "periods": p.horizon,
        "adds": p.acquired,
        "existing revenue": p.existing_revenue,
        "future revenue": p.future_revenue,
        "revenue": p.revenue,
        "lost": p.lost,
        "ending": p.ending,
        "existing": p.existing,
        "orders": p.orders,
        "columns": len(p.table()),
    }


def subscribers(retention: Any = None, elapsed: int = 28, period: Any = "quarter", **changed: Any) -> SubscriberModel:
    won = {"rate": 4e-3, "shape": 1.6, "share": 0.3, "growth": 0.002} | changed.pop("won", {})
    given = {
        "acquisition": WeibullAcquisition(5e6, **won),
        "retention": retention or ExponentialGamma(1.2, 9.0),
        "revenue": 30.0,
        "revenue_growth": 0.004,
        "paying": "average",
        "elapsed": elapsed,
        "unit": period,
    }
    return SubscriberModel(**(given | changed))


def buyers(buying: Any = None, elapsed: int = 20, **changed: Any) -> BuyerModel:
    given = {
        "acquisition": WeibullAcquisition(2e5, 6e-3, 1.6, share=0.3, growth=0.002),
        "buying": buying or ParetoNBD(0.9, 8.0, 0.7, 15.0, unit="week"),
        "revenue": 30.0,
        "revenue_growth": 0.004,
        "elapsed": elapsed,
        "unit": "quarter",
    }
    return BuyerModel(**(given | changed))


def disclosed(model: SubscriberModel, steps: int = 1, covariates: Any = None) -> dict[str, Any]:
    """What the model expects, as if it were disclosed."""
    adds, losses, ending = model.expected(covariates=covariates)
    paid = (np.concatenate([[0.0], ending[:-1]]) + ending) / 2 * model.revenue_each(model.elapsed)
    sums = {"adds": adds, "losses": losses, "revenue": paid}
    rows = {name: column.reshape(-1, steps).sum(axis=1) for name, column in sums.items()}
    return rows | {"ending": ending[steps - 1 :: steps]}


def disclosed_buyers(model: BuyerModel, window: int = 4) -> dict[str, Any]:
    adds, orders, active = model.expected(window)
    return {"adds": adds, "orders": orders, "active": active, "revenue": orders * model.revenue_each(model.elapsed)}


@case
def firms_with_subscribers() -> Any:
    model, seasonal = subscribers(), subscribers(won={"effects": [0.2, -0.1, 0.5]})
    known = subscribers(acquired=np.where(np.arange(28) % 5 == 2, np.nan, 1.1 * model.expected()[0]), customers=2.5e5)
    spans = subscribers(elapsed=12, period="month", acquired=[2e4, 3e4, np.nan, 5e4])
    draws = subscribers(ExponentialGamma([[1.0], [1.5]], 9.0), 8, revenue=[[30.0], [31.0]])
    changed = {"rate": 0.01, "shape": 1.0, "share": 0.5, "r": 2.0, "alpha": 7.0, "revenue": 5.0, "revenue_growth": 0.0}
    return {
        "expected": model.expected(),
        "expected later": model.expected(40)[2],
        "followed": model.followed(np.arange(10.0)),
        "cohorts": [spans.cohorts(spans.acquisition.expected_acquired(12)), known.cohorts(np.ones(28))],
        "arpu": model.revenue_each(34),
        "base": model.base(),
        "base as disclosed": known.base(),
        "base of spans": spans.base(),
        "projected": _projection(model.project(8)),
        "projected as disclosed": _projection(known.project(8)),
        "projected with seasons": _projection(seasonal.project(8, covariates=SEASONS)),
        "projected draws": _projection(draws.project(3)),
        "payers": {p: subscribers(paying=p).project(4).revenue for p in ("start", "average", "end")},
        "parameters": model.parameters,
        "shares": sorted(n for n, t in model.transforms.items() if type(t).__name__ == "Logit"),
        "changed": [
            subscribers().with_parameters(changed).parameters,
            subscribers().with_parameters(changed).expected(4),
        ],
        "revenue not known": outcome(lambda: subscribers(revenue=np.nan).project(3)),
        "units that differ": outcome(lambda: subscribers(Geometric(0.1, unit="month"))),
    }


@case
def firms_with_buyers() -> Any:
    model, bg = buyers(), buyers(BetaGeoNBD(0.5, 6.0, 0.8, 2.4, unit="week"), 10)
    known = buyers(acquired=2 * model.acquisition.expected_acquired(20))
    changed = {"rate": 0.01, "share": 0.5, "alpha": 7.0, "s": 1.0, "revenue": 5.0}
    return {
        "expected": {str(window): model.expected(window) for window in (1, 4, 20)},
        "expected, BG/NBD": bg.expected(2),
        "expected of those known": known.expected(4),
        "arpo": model.revenue_each(24),
        "projected": _projection(model.project(6)),
        "projected of those known": _projection(known.project(6)),
        "projected, BG/NBD": _projection(bg.project(3)),
        "acquired so far": [model.acquired_so_far(), known.acquired_so_far()],
        "parameters": model.parameters,
        "shares": sorted(n for n, t in model.transforms.items() if type(t).__name__ == "Logit"),
        "changed": model.with_parameters(
            changed | {k: v for k, v in model.parameters.items() if k not in changed}
        ).parameters,
        "no unit": outcome(lambda: buyers(ParetoNBD(1.0, 10.0, 1.0, 10.0))),
    }


@case
def firms_simulated() -> Any:
    rng = np.random.default_rng
    plain = subscribers(elapsed=9).simulate(rng=rng(4), revenue_noise=0.01)
    months = subscribers(elapsed=9, period="month").simulate(rng=rng(4), reported="quarter")
    seasons = subscribers(elapsed=6, won={"effects": [0.2, -0.1, 0.5]}).simulate(rng=rng(1), covariates=SEASONS)
    small = buyers(elapsed=6, acquisition=WeibullAcquisition(3000, 0.05, 1.2))
    whose, when = small.simulate_orders(np.array([3, 0, 5, 2, 0, 4]), rng(2))
    return {
        "subscribers": [plain.adds, plain.losses, plain.ending, plain.revenue],
        "by quarter": [months.adds, months.losses, months.ending, months.revenue, months.unit],
        "seasons": [seasons.adds, seasons.losses],
        "buyers": small.simulate(window=3, rng=rng(1), revenue_noise=0.02),
        "orders": [whose, when],
    }


# --- disclosures ---


def _disclosures(d: columns.Disclosures) -> dict[str, Any]:
    columns = {"adds": d.adds, "losses": d.losses, "ending": d.ending, "revenue": d.revenue, "churn": d.churn}
    return columns | {"start": d.start, "begun": d.begun, "before": d.periods_before, "rows": len(d)}


@case
def disclosures() -> Any:
    adds, losses = np.array([100.0, 120, 80, 90]), np.array([0.0, 10, 30, 20])
    ending, labels = np.cumsum(adds - losses), ["2023Q1", "2023Q2", "2023Q3", "2023Q4"]
    full: dict[str, Any] = {"adds": adds, "losses": losses, "ending": ending, "labels": labels, "revenue": [1, 2, 3, 4]}
    gaps = Disclosures(adds=[100, 120, None], losses=[0, None, 30], ending=[100, 200, 310], labels=labels[:3])
    average = Disclosures(
        churn=[0.1, 0.2], churn_of="average", adds=[42, 10], start=100, periods_before=4, unit="month"
    )
    orders: dict[str, Any] = {"adds": [10.0, 12.0], "active": [10.0, 22.0], "orders": [12.0, None], "window": 4}
    bought = BuyerDisclosures(**orders, labels=["a", "b"])
    return {
        "full": _disclosures(Disclosures(**full)),
        "filled in": _disclosures(gaps),
        "from the third on": _disclosures(Disclosures(**full)[2:]),
        "names": list(Disclosures(**full)[2:].labels),
        "start follows": _disclosures(Disclosures(adds=[10, 10], losses=[5, 5], ending=[None, 50], periods_before=8)),
        "start unknown": _disclosures(Disclosures(adds=[10, None], ending=[None, 50], periods_before=8)),
        "churn of the start": _disclosures(Disclosures(churn=[0.0, 0.1, 0.2], ending=[100, 120, 130])),
        "churn of the average": _disclosures(average),
        "rounded": _disclosures(Disclosures(adds=adds, losses=losses, ending=ending + 2, tolerance=7)),
        "buyers": [bought.adds, bought.active, bought.orders, bought.revenue, bought.window, len(bought)],
        "does not add up": outcome(
            lambda: Disclosures(adds=adds, losses=losses, ending=ending + np.array([0, 0, 7, 7]))
        ),
        "nothing": outcome(Disclosures),
        "every second row": outcome(lambda: Disclosures(**full)[::2]),
        "more adds than active": outcome(lambda: BuyerDisclosures(**orders | {"adds": [11.0, 12.0]})),
        "no window": outcome(lambda: BuyerDisclosures(**orders | {"window": 0})),
    }


def _fit(fit: DisclosureFit[Any], ahead: int, **options: Any) -> dict[str, Any]:
    draws = fit.draws(4, rng=1)
    return {
        "names": list(fit.names),
        "parameters": estimated(list(fit.parameters.values())),
        "standard errors": estimated(list(fit.standard_errors.values()), 1e-4, 1e-9),
        "intervals": estimated(np.array(list(fit.confidence_intervals(0.9).values())), 1e-5, 1e-9),
        "covariance": estimated(fit.covariance, 1e-4, 1e-9),
        "revenue ahead": estimated(fit.model.project(ahead, **options).revenue),
        "draws": estimated({name: np.ravel(draws.parameters[name]) for name in fit.names}, 1e-5, 1e-9),
        "drawn revenue": estimated(draws.project(ahead, **options).revenue[:, -1], 1e-5),
        "periods": fit.periods,
        "figures": fit.figures,
        "warnings": len(fit.warnings),
    }


@case
def fits_to_simulated_disclosures() -> Any:
    noisy = subscribers(elapsed=20).simulate(rng=np.random.default_rng(5), revenue_noise=0.01)
    months = subscribers(ExponentialGamma(0.8, 15.0), 24, "month", won={"rate": 1e-3})
    quarters = months.simulate(rng=np.random.default_rng(3), reported="quarter", revenue_noise=0.01)
    seasonal = subscribers(elapsed=24, won={"effects": [0.2, -0.1, 0.5]})
    seen = seasonal.simulate(rng=np.random.default_rng(1), revenue_noise=0.01, covariates=SEASONS)
    known = {"share": 0.3, "revenue_growth": 0.004}
    kinds = {"geometric": Geometric, "beta": ShiftedBetaGeo(1.0, 6.0)}
    with_seasons = fit_disclosures(ExponentialGamma, seen, covariates=SEASONS, **PLACE)
    return {
        "proportional": _fit(fit_disclosures(ExponentialGamma, noisy, **PLACE), 8),
        "equal": _fit(fit_disclosures(ExponentialGamma, noisy, errors="equal", **PLACE), 8),
        "known": _fit(fit_disclosures(ExponentialGamma, noisy, fixed=known, **PLACE), 8),
        "months": _fit(fit_disclosures(ExponentialGamma, quarters, unit="month", fixed={"share": 0.3}, **PLACE), 6),
        "seasons": _fit(with_seasons, 8, covariates=SEASONS),
    } | {name: _fit(fit_disclosures(kind, noisy, **PLACE), 4) for name, kind in kinds.items()}


@case
def fits_to_exact_disclosures() -> Any:
    full = disclosed(subscribers())
    gaps = {name: np.array(column) for name, column in full.items()}
    gaps["adds"][[3, 9]], gaps["losses"][[3, 4, 9, 15]], gaps["ending"][[3, 4, 20]] = np.nan, np.nan, np.nan
    young = subscribers(elapsed=3)
    runs: dict[str, Callable[[], DisclosureFit[Any]]] = {
        "full": lambda: fit_disclosures(ExponentialGamma, Disclosures(**full), **PLACE),
        "gaps": lambda: fit_disclosures(ExponentialGamma, Disclosures(**gaps), **PLACE),
        "later": lambda: fit_disclosures(ExponentialGamma, Disclosures(**full)[10:], **PLACE),
        "no revenue": lambda: fit_disclosures(
            ExponentialGamma, Disclosures(adds=full["adds"], losses=full["losses"]), **PLACE
        ),
        "too few": lambda: fit_disclosures(ExponentialGamma, Disclosures(**disclosed(young)), **PLACE),
        "unknown name": lambda: fit_disclosures(ExponentialGamma, Disclosures(**full), fixed={"churn": 1}, **PLACE),
    }

    def read(run: Callable[[], DisclosureFit[Any]]) -> Any:
        fit = run()
        values = estimated(list(fit.parameters.values()), 1e-5)
        return {"names": list(fit.names), "parameters": values, "figures": fit.figures}

    return {name: outcome(lambda run=run: read(run)) for name, run in runs.items()}


@case
def fits_to_disclosed_buyers() -> Any:
    place = {"population": 2e5, "growth": 0.002}
    model, start = buyers(), ParetoNBD(1.0, 10.0, 1.0, 10.0, unit="week")
    many = buyers(BUYING, acquisition=WeibullAcquisition(1e6, 6e-3, 1.6, share=0.3, growth=0.002))
    noisy = many.simulate(window=4, rng=np.random.default_rng(1), revenue_noise=0.01)
    exact = fit_buyers(start, BuyerDisclosures(**disclosed_buyers(model), window=4), **place)
    known = fit_buyers(start, BuyerDisclosures(**noisy, window=4), fixed={"share": 0.3}, population=1e6, growth=0.002)
    few = BuyerDisclosures(adds=[10.0, 12.0], active=[10.0, 22.0], orders=[12.0, 30.0], window=4)
    return {
        "exact": {"parameters": estimated(list(exact.parameters.values()), 1e-5), "figures": exact.figures},
        "simulated": _fit(known, 6),
        "too few": outcome(lambda: fit_buyers(start, few, **place)),
        "class": outcome(lambda: fit_buyers(ParetoNBD, few, **place)),
    }
