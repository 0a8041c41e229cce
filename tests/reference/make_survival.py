"""Write survival.json: what lifelines makes of published and of random tenures.

Run from the root of the project, with lifelines installed (the tests do not need it):

    python tests/reference/make_survival.py

The random tenures have ties, censoring, late entry and weights. lifelines counts a customer of weight w as w customers,
except among ties in its Cox regression, so that there the rows are repeated instead. Its Cox regression stops early by
default; here it goes on until the steps vanish.
"""

from __future__ import annotations

import json
import platform
import warnings
from pathlib import Path
from typing import Any

import lifelines
import numpy as np
import pandas as pd
from lifelines import CoxPHFitter, KaplanMeierFitter, NelsonAalenFitter
from lifelines.statistics import multivariate_logrank_test
from lifelines.utils import concordance_index, median_survival_times, restricted_mean_survival_time

KINDS = {"log-rank": None, "gehan": "wilcoxon", "tarone-ware": "tarone-ware", "peto": "peto"}


def tenures(seed: int, *, ties: bool, late: bool, weighted: bool, size: int = 60) -> dict[str, Any]:
    """Random tenures with two covariates and three groups."""
    rng = np.random.default_rng(seed)
    x = np.array([rng.normal(size=size), rng.integers(0, 2, size)])
    life = rng.weibull(1.3, size) * 12 * np.exp(-(0.5 * x[0] - 0.4 * x[1]) / 1.3)
    seen = rng.uniform(2, 20, size)
    duration, ended = np.minimum(life, seen), life <= seen
    if ties:
        duration = np.ceil(duration)
    entry = np.floor(duration * rng.random(size) * 0.7) * (rng.random(size) < 0.5) if late else np.zeros(size)
    weights = rng.integers(1, 4, size) if weighted else np.ones(size, dtype=int)
    return {
        "duration": duration.tolist(),
        "ended": ended.astype(int).tolist(),
        "entry": entry.tolist(),
        "weights": weights.tolist(),
        "x1": x[0].tolist(),
        "x2": x[1].tolist(),
        "group": rng.integers(0, 3, size).tolist(),
    }


def repeated(data: dict[str, Any]) -> pd.DataFrame:
    """A row per customer."""
    frame = pd.DataFrame(data)
    return frame.loc[frame.index.repeat(frame["weights"])].drop(columns="weights").reset_index(drop=True)


def curves(frame: pd.DataFrame, horizon: float) -> dict[str, Any]:
    """Kaplan-Meier, Greenwood, limits, median, restricted mean; Nelson-Aalen."""
    late = frame["entry"] if frame["entry"].any() else None
    km = KaplanMeierFitter().fit(frame["duration"], frame["ended"], entry=late)
    na = NelsonAalenFitter(nelson_aalen_smoothing=False).fit(frame["duration"], frame["ended"], entry=late)
    left = np.sort(frame["duration"][frame["ended"] == 1].unique())
    limits = km.confidence_interval_.loc[left].to_numpy()
    variance = km._cumulative_sq_.loc[left].to_numpy().ravel()  # (Greenwood's sum has no public name)
    medians = median_survival_times(km.confidence_interval_).to_numpy().ravel()
    survival = km.survival_function_.loc[left].to_numpy().ravel()
    mean, spread = restricted_mean_survival_time(km, t=horizon, return_variance=True)
    return {
        "time": left.tolist(),
        "survival": survival.tolist(),
        "standard_error": (survival * np.sqrt(variance)).tolist(),
        "lower": limits[:, 0].tolist(),
        "upper": limits[:, 1].tolist(),
        "median": [float(km.median_survival_time_), *medians.tolist()],
        "horizon": horizon,
        "restricted_mean": float(mean),
        "variance_of_lifetimes": float(spread),
        "cumulative_hazard": na.cumulative_hazard_.loc[left].to_numpy().ravel().tolist(),
    }


def tests(frame: pd.DataFrame) -> dict[str, Any]:
    """Chi-square of three groups."""
    arguments = frame["duration"], frame["group"], frame["ended"]
    found = {name: multivariate_logrank_test(*arguments, weightings=kind) for name, kind in KINDS.items()}
    found["fleming-harrington"] = multivariate_logrank_test(*arguments, weightings="fleming-harrington", p=1.0, q=0.5)
    return {name: float(result.test_statistic) for name, result in found.items()}


def regression(frame: pd.DataFrame) -> dict[str, Any]:
    """Cox with Efron's ties, and concordance."""
    late = {"entry_col": "entry"} if frame["entry"].any() else {}
    columns = ["duration", "ended", "x1", "x2", *late.values()]
    fit = CoxPHFitter().fit(
        frame[columns], "duration", "ended", **late, fit_options={"precision": 1e-14, "step_size": 1.0}
    )
    order = concordance_index(frame["duration"], -fit.predict_partial_hazard(frame), frame["ended"])
    return {
        "coefficients": fit.params_.tolist(),
        "covariance": fit.variance_matrix_.to_numpy().tolist(),
        "log_likelihood": float(fit.log_likelihood_),
        "likelihood_ratio": float(fit.log_likelihood_ratio_test().test_statistic),
        "concordance": float(order),
        "baseline": fit.baseline_cumulative_hazard_.to_numpy().ravel().tolist(),
        "baseline_time": fit.baseline_cumulative_hazard_.index.tolist(),
        "means": fit._norm_mean.tolist(),  # (the covariates that the baseline is for)
    }


def case(seed: int, **kind: bool) -> dict[str, Any]:
    """One set of tenures and all that is computed from it."""
    data = tenures(seed, **kind)
    frame = repeated(data)
    found: dict[str, Any] = {"seed": seed, **kind, "data": data, "curves": curves(frame, horizon=9.5)}
    if not kind["late"]:
        found["log_rank"] = tests(frame)
    return {**found, "cox": regression(frame)}


def main() -> None:
    """Write the file."""
    kinds = [(ties, late, weighted) for ties in (False, True) for late in (False, True) for weighted in (False, True)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = [case(i, ties=t, late=e, weighted=w) for i, (t, e, w) in enumerate(kinds)]
    versions = {"python": platform.python_version(), "lifelines": lifelines.__version__, "numpy": np.__version__}
    path = Path(__file__).with_name("survival.json")
    path.write_text(json.dumps({"versions": versions, "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
