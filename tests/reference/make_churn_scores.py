"""Write churn_scores.json: measures of scores from scikit-learn, and profits from empulse.

Neither is needed by the library or by its tests. Run in an environment of its own, from the root of the project
(some seconds):

    pip install scikit-learn==1.9.1 empulse==0.13.1
    python tests/reference/make_churn_scores.py
"""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path
from typing import Any

import numpy as np
from empulse.metrics import empb_score, empc_score, lift_score, mpc_score
from sklearn.calibration import calibration_curve
from sklearn.metrics import average_precision_score, roc_auc_score

CAMPAIGNS: list[dict[str, float]] = [
    {},
    {"alpha": 2.0},
    {"beta": 5.0},
    {"clv": 50.0},
    {"incentive_cost": 100.0},
    {"contact_cost": 15.0},
    {"alpha": 10.0, "beta": 7.0, "clv": 300.0, "incentive_cost": 50.0, "contact_cost": 25.0},
    {"alpha": 0.6, "beta": 1.4},
]
"""As keyword arguments of empulse; what is not named has the published default."""


def samples() -> dict[str, tuple[list[int], list[float]]]:
    """Small ones written out, and random ones: continuous, tied, with few churners, without information."""
    rng = np.random.default_rng(2013)
    found = {
        "twenty": (
            [1, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 1, *[0] * 8],
            [q / 100 for q in (95, 90, 85, 80, 70, 65, 60, 55, 50, 45, 40, 35, 30, 25, 20, 15, 12, 10, 8, 5)],
        ),
        "constant": ([1, 0, 0, 1, 0], [0.5] * 5),
        "reversed": ([0, 0, 0, 1, 1], [0.9, 0.8, 0.7, 0.2, 0.1]),
    }
    for name, size, rate, digits in (
        ("continuous", 120, 0.3, 6),
        ("tied", 150, 0.4, 1),
        ("rare", 200, 0.04, 2),
        ("common", 80, 0.9, 2),
    ):
        p = np.clip(rng.beta(2 * rate, 2 * (1 - rate), size), 0.001, 0.999).round(digits).clip(0.001, 0.999)
        y = (rng.uniform(size=size) < 0.7 * p + 0.3 * rate).astype(int)
        found[name] = (y.tolist(), p.tolist())
    return found


def ranking(y: list[int], p: list[float], w: list[float] | None) -> dict[str, float]:
    """Of scikit-learn."""
    return {
        "roc_auc": roc_auc_score(y, p, sample_weight=w),
        "average_precision": average_precision_score(y, p, sample_weight=w),
    }


def curves(y: list[int], p: list[float]) -> list[dict[str, Any]]:
    """Calibration curves of scikit-learn."""
    found = []
    for method in ("uniform", "quantile"):
        for bins in (3, 10):
            observed, predicted = calibration_curve(y, p, n_bins=bins, strategy=method)
            found.append(
                {"method": method, "bins": bins, "observed": observed.tolist(), "predicted": predicted.tolist()}
            )
    return found


def profits(y: list[int], p: list[float], clv: list[float]) -> dict[str, Any]:
    """Of empulse: EMPC and MPC by campaign, EMPB with one CLV per customer."""
    fixed = []
    for campaign in CAMPAIGNS:
        known = {k: v for k, v in campaign.items() if k not in ("alpha", "beta")}
        alpha, beta = campaign.get("alpha", 6.0), campaign.get("beta", 14.0)
        one = {"campaign": campaign, "empc": empc_score(y, p, **campaign)}
        one["empc_fraction"] = empc_score.optimal_rate(y, p, **campaign)
        one["mpc"] = mpc_score(y, p, accept_rate=alpha / (alpha + beta), **known)
        fixed.append({k: v if k == "campaign" else float(v) for k, v in one.items()})
    varying = []
    for share, contact in ((0.05, 15.0), (0.2, 1.0)):
        options = {"clv": np.array(clv), "incentive_fraction": share, "contact_cost": contact}
        varying.append(
            {
                "incentive_fraction": share,
                "contact_cost": contact,
                "empb": float(empb_score(y, p, **options)),
                "fraction": float(empb_score.optimal_rate(y, p, **options)),
            }
        )
    return {"fixed": fixed, "varying": varying}


def case(name: str, y: list[int], p: list[float]) -> dict[str, Any]:
    """One sample with everything that is known of it."""
    rng = np.random.default_rng(len(y))
    weights = rng.integers(0, 5, len(y)).astype(float)
    weights[[y.index(0), y.index(1)]] = 1.5
    w, clv = weights.tolist(), rng.lognormal(5, 1, len(y)).round(2).tolist()
    found = {"name": name, "y": y, "p": p, "weights": w, "clv": clv, "ranking": ranking(y, p, None)}
    found |= {"weighted": ranking(y, p, w), "calibration": curves(y, p), "profit": profits(y, p, clv)}
    if len(set(p)) == len(p):  # empulse cuts ties in the order of the rows
        found["lift"] = {str(f): float(lift_score(y, p, fraction=f)) for f in (0.1, 0.2, 0.5)}
    return found


if __name__ == "__main__":
    versions = {name: importlib.metadata.version(name) for name in ("scikit-learn", "empulse", "numpy", "scipy")}
    cases = ",\n".join(json.dumps(case(name, *sample)) for name, sample in samples().items())
    text = f'{{"versions": {json.dumps(versions)},\n"cases": [\n{cases}\n]}}\n'
    Path(__file__).with_name("churn_scores.json").write_text(text, encoding="utf-8")
